//! The site's own filters, and the shape in which the crate wants them.

use std::fmt;
use std::rc::Rc;

use liquid_core::error::Result;
use liquid_core::model::{Value, ValueCow, ValueView};
use liquid_core::parser::{Filter, FilterArguments, FilterReflection, ParameterReflection, ParseFilter};
use liquid_core::{Error, Expression, Runtime};

use super::scope::{Trace, trace_of};
use super::{dates, json};
use crate::base::text;

/// A filter: its name, how many arguments it takes at most, and what it does.
#[derive(Clone, Copy)]
pub(super) struct Own {
    pub(super) name: &'static str,
    arguments: usize,
    run: fn(&Call<'_>) -> Result<Value>,
}

/// One use of a filter.
pub(super) struct Call<'a> {
    pub(super) input: &'a dyn ValueView,
    arguments: &'a [ValueCow<'a>],
    pub(super) trace: Rc<Trace>,
}

impl Call<'_> {
    /// The argument at `index` as text, unless it is missing or nil.
    pub(super) fn argument(&self, index: usize) -> Option<String> {
        self.arguments.get(index).filter(|value| !value.is_nil()).map(|value| value.to_kstr().into_string())
    }

    /// The argument at `index` as it is.
    pub(super) fn value(&self, index: usize) -> Option<&dyn ValueView> {
        self.arguments.get(index).map(ValueCow::as_view)
    }
}

/// All of them.
pub(super) const ALL: &[Own] = &[
    Own { name: "absolute_url", arguments: 0, run: |call| link(call, true) },
    Own { name: "relative_url", arguments: 0, run: |call| link(call, false) },
    Own { name: "date", arguments: 1, run: dates::date },
    Own { name: "date_range", arguments: 1, run: dates::date_range },
    Own { name: "date_to_rfc822", arguments: 0, run: dates::rfc822 },
    Own { name: "date_to_xmlschema", arguments: 0, run: dates::xmlschema },
    Own { name: "json", arguments: 0, run: |call| Ok(Value::scalar(json::text(call.input))) },
    Own { name: "jsonify", arguments: 0, run: |call| Ok(Value::scalar(json::text(call.input))) },
    Own { name: "money", arguments: 1, run: money },
    Own { name: "number", arguments: 0, run: number },
    Own { name: "slugify", arguments: 0, run: slugify },
];

/// A path or address below the site: with the path of the base URL before it, or with all of it. Other addresses,
/// anchors and addresses that have the path already stay as they are.
fn link(call: &Call<'_>, absolute: bool) -> Result<Value> {
    if call.input.is_nil() {
        return Ok(Value::Nil);
    }
    let address = call.input.to_kstr();
    let settings = &call.trace.settings;
    let scheme = address.split(['/', '?', '#']).next().is_some_and(|first| first.contains(':'));
    if scheme || address.starts_with("//") || address.starts_with('#') {
        return Ok(Value::scalar(address.into_owned()));
    }
    let base = settings.base_path();
    let path = match address.strip_prefix(base) {
        Some(rest) if !base.is_empty() && (rest.is_empty() || rest.starts_with(['/', '?', '#'])) => rest,
        _ => &address,
    };
    let slash = if path.starts_with('/') || path.is_empty() { "" } else { "/" };
    let before = if absolute { &settings.base_url } else { base };
    let all = format!("{before}{slash}{path}");
    Ok(Value::scalar(if all.is_empty() { "/".to_owned() } else { all }))
}

fn slugify(call: &Call<'_>) -> Result<Value> {
    if call.input.is_nil() {
        return Ok(Value::Nil);
    }
    Ok(Value::scalar(text::slugify(&call.input.to_kstr())))
}

/// A number with separators between the thousands, as the site's language writes it.
fn number(call: &Call<'_>) -> Result<Value> {
    let Some(amount) = float(call.input) else { return Ok(call.input.to_value()) };
    let decimals = call.input.to_kstr().split_once('.').map_or(0, |(_, decimals)| decimals.len());
    Ok(Value::scalar(grouped(amount, decimals.min(6), call.trace.settings.is_german())))
}

/// A price: `1.200 €` in German, `€1,200` else; two decimals unless it is a whole number.
fn money(call: &Call<'_>) -> Result<Value> {
    let Some(amount) = float(call.input) else { return Ok(call.input.to_value()) };
    let german = call.trace.settings.is_german();
    let figures = grouped(amount, if amount.fract() == 0.0 { 0 } else { 2 }, german);
    let currency = call.argument(0).unwrap_or_default();
    let symbol = match &*currency {
        "EUR" => "€",
        "USD" => "$",
        "GBP" => "£",
        other => other,
    };
    Ok(Value::scalar(match (german, symbol.is_empty(), symbol.is_ascii() && symbol != "$") {
        (_, true, _) => figures,
        (true, ..) => format!("{figures}\u{a0}{symbol}"),
        (false, _, true) => format!("{symbol}\u{a0}{figures}"),
        (false, _, false) => match figures.strip_prefix('-') {
            Some(figures) => format!("-{symbol}{figures}"),
            None => format!("{symbol}{figures}"),
        },
    }))
}

fn float(value: &dyn ValueView) -> Option<f64> {
    value.as_scalar().and_then(|scalar| scalar.to_float()).filter(|number| number.is_finite())
}

fn grouped(amount: f64, decimals: usize, german: bool) -> String {
    let (thousands, point) = if german { ('.', ',') } else { (',', '.') };
    let plain = format!("{:.decimals$}", amount.abs());
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut text = String::new();
    if amount < 0.0 {
        text.push('-');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(thousands);
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push(point);
        text.push_str(fraction);
    }
    text
}

impl ParseFilter for Own {
    fn parse(&self, mut arguments: FilterArguments<'_>) -> Result<Box<dyn Filter>> {
        let expressions: Vec<Expression> = arguments.positional.collect();
        if expressions.len() > self.arguments || arguments.keyword.next().is_some() {
            let takes = text::count(self.arguments, "argument", "arguments");
            return Err(Error::with_msg(format!("the filter `{}` takes {takes} at most", self.name)));
        }
        Ok(Box::new(Use { filter: *self, expressions }))
    }

    fn reflection(&self) -> &dyn FilterReflection {
        self
    }
}

impl FilterReflection for Own {
    fn name(&self) -> &str {
        self.name
    }

    fn description(&self) -> &str {
        ""
    }

    fn positional_parameters(&self) -> &'static [ParameterReflection] {
        &[]
    }

    fn keyword_parameters(&self) -> &'static [ParameterReflection] {
        &[]
    }
}

/// A filter with its arguments as they stand in a template.
struct Use {
    filter: Own,
    expressions: Vec<Expression>,
}

impl Filter for Use {
    fn evaluate(&self, input: &dyn ValueView, runtime: &dyn Runtime) -> Result<Value> {
        let arguments: Result<Vec<_>> = self.expressions.iter().map(|e| e.evaluate(runtime)).collect();
        (self.filter.run)(&Call { input, arguments: &arguments?, trace: trace_of(runtime)? })
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.filter.name)
    }
}

impl fmt::Debug for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.filter.name)
    }
}

//! Numbers and prices as people write them.

use super::{Made, Settings};
use crate::liquid::{Args, Context, Error, Value};

/// A number with separators between the thousands, as the site's language writes it.
pub(super) fn number<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    let Some(amount) = float(&input) else { return Ok(input) };
    let decimals = cx.text(input)?.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    Ok(Value::string(grouped(site, amount, decimals.min(6))))
}

/// The form of a word that belongs to a count: `{{ n | plural: t.seats_left }}`, where `t.seats_left` has a text for
/// `one`, `other` and whatever else the language has (CLDR's plural categories). `{count}` in it is the number.
pub(super) fn plural<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
) -> Made<'a> {
    let Some(count) = float(&input) else { return Ok(input) };
    let plain = cx.text(input)?.trim().to_owned();
    let category = match site.foreign() {
        Some(locale) => locale.plural(&plain),
        None if plain == "1" => "one",
        None => "other",
    };
    let forms = args.get(0).cloned().unwrap_or_default();
    let form = match &forms {
        Value::Object(_) | Value::Record(_) => {
            let exact = cx.property(&forms, category)?;
            if exact.is_nil() { cx.property(&forms, "other")? } else { exact }
        }
        text => text.clone(),
    };
    let form = cx.text(form)?;
    let decimals = plain.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let made = form.replace("{count}", &grouped(site, count, decimals.min(6)));
    cx.charge(made.len())?;
    Ok(Value::string(made))
}

/// How many decimals the amounts of a currency have (ISO 4217), where that is not two.
fn decimals_of(currency: &str) -> usize {
    const NONE: [&str; 16] = [
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF",
        "XOF", "XPF",
    ];
    const THREE: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
    match currency {
        none if NONE.contains(&none) => 0,
        three if THREE.contains(&three) => 3,
        _ => 2,
    }
}

/// The sign of a currency; those that several countries share, or that only their own language uses, hold in it alone (CLDR).
fn sign_of<'c>(currency: &'c str, language: &str) -> &'c str {
    match (currency, language) {
        ("EUR", _) => "€",
        ("USD", _) => "$",
        ("GBP", _) => "£",
        ("JPY", "ja") => "￥",
        ("JPY", _) => "¥",
        ("BGN", "bg") => "лв.",
        ("CZK", "cs") => "Kč",
        ("DKK", "da") => "kr.",
        ("HUF", "hu") => "Ft",
        ("ISK", "is") => "kr.",
        ("NOK", "nb" | "nn" | "no") | ("SEK", "sv") => "kr",
        ("PLN", "pl") => "zł",
        ("TRY", "tr") => "₺",
        ("UAH", "uk") => "₴",
        (other, _) => other,
    }
}

/// A price: `1.200 €` in German and most languages, `€1,200` in English; a whole number has no decimals, another one as many
/// as its currency has. ICU4X writes currencies in its experimental part alone, so this stays a table of our own.
pub(super) fn money<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
) -> Made<'a> {
    let Some(amount) = float(&input) else { return Ok(input) };
    let after = !site.writes_currency_first();
    let currency = cx.text(args.get(0).cloned().unwrap_or_default())?;
    let decimals = if amount.fract() == 0.0 { 0 } else { decimals_of(&currency) };
    let figures = grouped(site, amount, decimals);
    let symbol = sign_of(&currency, site.primary());
    let apart = (symbol.is_ascii() && symbol != "$") || ["de", "nl", "pt", "id"].contains(&site.primary());
    Ok(Value::string(match (after, symbol.is_empty(), apart) {
        (_, true, _) => figures,
        (true, ..) => format!("{figures}\u{a0}{symbol}"),
        (false, _, true) => format!("{symbol}\u{a0}{figures}"),
        (false, _, false) => match figures.strip_prefix('-') {
            Some(figures) => format!("-{symbol}{figures}"),
            None => format!("{symbol}{figures}"),
        },
    }))
}

/// The whole number in it; true is one, false is none.
pub(super) fn to_integer<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    Ok(Value::Int(match input {
        Value::Int(number) => number,
        Value::Float(number) => number as i64,
        Value::Bool(truth) => i64::from(truth),
        Value::List(_) | Value::Array(_) | Value::Object(_) | Value::Record(_) => {
            return Err(Error::value(format!("{} is no number", input.kind())));
        }
        other => leading(&cx.text(other)?),
    }))
}

fn leading(text: &str) -> i64 {
    let text = text.trim_start();
    let sign = usize::from(text.starts_with(['-', '+']));
    let digits = text[sign..].bytes().take_while(u8::is_ascii_digit).count();
    text[..sign + digits].parse().unwrap_or(match (digits, text.starts_with('-')) {
        (0, _) => 0,
        (_, true) => i64::MIN,
        (_, false) => i64::MAX,
    })
}

fn float(value: &Value<'_>) -> Option<f64> {
    let number = match value {
        Value::Int(number) => *number as f64,
        Value::Float(number) => *number,
        other => other.as_str()?.trim().parse().ok()?,
    };
    Some(number).filter(|number| number.is_finite() && number.abs() < 1e18)
}

fn grouped(site: &Settings, amount: f64, decimals: usize) -> String {
    if let Some(figures) = site.foreign().and_then(|locale| locale.number(&format!("{amount:.decimals$}"))) {
        return figures;
    }
    let (thousands, point) = match (site.is_swiss(), site.is_german()) {
        (true, _) => ('’', '.'),
        (false, true) => ('.', ','),
        (false, false) => (',', '.'),
    };
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

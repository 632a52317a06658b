//! `include` and `render`: partials with parameters. The crate's own clone what they are given, and fail at names that
//! are not there.

use std::collections::BTreeMap;
use std::io::Write;

use liquid_core::error::Result;
use liquid_core::model::{KString, ValueCow, ValueView};
use liquid_core::parser::TagToken;
use liquid_core::{Error, Expression, Language, ParseTag, Renderable, Runtime, TagReflection, TagTokenIter};

use super::loops::{ForLoop, Range, each, interrupted};
use super::scope::{Frame, Isolated, trace_of};

/// The name and parameters of `include` and `render`.
#[derive(Debug)]
struct Call {
    name: Expression,
    /// `for list as name`: once for each element.
    each: Option<(Range, KString)>,
    parameters: Vec<(KString, Expression)>,
}

impl Call {
    fn parse(mut arguments: TagTokenIter<'_>) -> Result<Self> {
        let name = arguments.expect_next("The name of a partial expected.")?.expect_value().into_result()?;
        let (mut each, mut parameters) = (None, Vec::new());
        while let Some(token) = arguments.next() {
            match token.as_str() {
                "," => {}
                "with" => {
                    let value = arguments.expect_next("Value expected.")?.expect_value().into_result()?;
                    parameters.push((alias(&mut arguments)?, value));
                }
                "for" => {
                    let range = Range::parse(&mut arguments)?;
                    each = Some((range, alias(&mut arguments)?));
                }
                _ => parameters.push(parameter(token, &mut arguments)?),
            }
        }
        Ok(Self { name, each, parameters })
    }

    fn render<'a>(
        &'a self,
        runtime: &'a dyn Runtime,
        mut body: impl FnMut(&dyn Renderable, &BTreeMap<&str, ValueCow<'_>>) -> Result<bool>,
    ) -> Result<()> {
        let name = self.name.evaluate(runtime)?;
        if !name.is_scalar() {
            return Err(Error::with_msg(format!("`{}` does not name a partial", self.name)));
        }
        let partial = runtime.partials().get(&name.to_kstr())?;
        let mut names = BTreeMap::new();
        for (name, value) in &self.parameters {
            names.insert(name.as_str(), value.evaluate(runtime)?);
        }
        let Some((range, item)) = &self.each else { return body(&*partial, &names).map(drop) };
        each(range, runtime, 0, None, false, |value, index, length| {
            let forloop = ForLoop::new(index, length, None);
            let mut names: BTreeMap<&str, ValueCow<'_>> =
                names.iter().map(|(name, value)| (*name, ValueCow::Borrowed(value.as_view()))).collect();
            names.insert("forloop", ValueCow::Borrowed(&forloop));
            names.insert(item.as_str(), value);
            body(&*partial, &names)
        })
        .map(drop)
    }
}

fn alias(arguments: &mut TagTokenIter<'_>) -> Result<KString> {
    arguments.expect_next("\"as\" expected.")?.expect_str("as").into_result_custom_msg("\"as\" expected.")?;
    let name = arguments.expect_next("Identifier expected.")?.expect_identifier().into_result()?;
    Ok(KString::from_ref(name))
}

fn parameter(token: TagToken<'_>, arguments: &mut TagTokenIter<'_>) -> Result<(KString, Expression)> {
    let name = KString::from_ref(token.expect_identifier().into_result()?);
    let separator = arguments.expect_next("\":\" expected.")?;
    if separator.as_str() != "=" {
        separator.expect_str(":").into_result_custom_msg("\":\" expected.")?;
    }
    let value = arguments.expect_next("Value expected.")?.expect_value().into_result()?;
    Ok((name, value))
}

/// `{% include 'name', key: value %}`: sees and sets the variables around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct IncludeTag;

#[derive(Debug)]
struct Include(Call);

impl TagReflection for IncludeTag {
    fn tag(&self) -> &str {
        "include"
    }

    fn description(&self) -> &str {
        ""
    }
}

impl ParseTag for IncludeTag {
    fn parse(&self, arguments: TagTokenIter<'_>, _: &Language) -> Result<Box<dyn Renderable>> {
        Ok(Box::new(Include(Call::parse(arguments)?)))
    }

    fn reflection(&self) -> &dyn TagReflection {
        self
    }
}

impl Renderable for Include {
    fn render_to(&self, writer: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        self.0.render(runtime, |partial, names| {
            let frame = Frame::new(runtime, names);
            partial.render_to(writer, &frame)?;
            Ok(self.0.each.is_some() && interrupted(&frame))
        })
    }
}

/// `{% render 'name', key: value %}`: sees its parameters and the view, and keeps its variables to itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct RenderTag;

#[derive(Debug)]
struct Render(Call);

impl TagReflection for RenderTag {
    fn tag(&self) -> &str {
        "render"
    }

    fn description(&self) -> &str {
        ""
    }
}

impl ParseTag for RenderTag {
    fn parse(&self, arguments: TagTokenIter<'_>, _: &Language) -> Result<Box<dyn Renderable>> {
        Ok(Box::new(Render(Call::parse(arguments)?)))
    }

    fn reflection(&self) -> &dyn TagReflection {
        self
    }
}

impl Renderable for Render {
    fn render_to(&self, writer: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let trace = trace_of(runtime)?;
        self.0.render(runtime, |partial, names| {
            let frame = Isolated::new(runtime, names, trace.clone());
            partial.render_to(writer, &frame)?;
            Ok(interrupted(&frame))
        })
    }
}

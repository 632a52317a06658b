//! `for`, and the way through the elements of a list that `render … for` goes as well. The crate's own makes a list of
//! a whole range before it begins, and fails at names that are not there.

use std::collections::BTreeMap;
use std::io::Write;

use liquid_core::error::Result;
use liquid_core::model::{KString, KStringCow, ObjectView, Value as Liquid, ValueCow, ValueView};
use liquid_core::parser::{BlockElement, TryMatchToken};
use liquid_core::runtime::{Interrupt, InterruptRegister, Template};
use liquid_core::{
    BlockReflection, Expression, Language, ParseBlock, Renderable, Runtime, TagBlock, TagTokenIter,
};

use super::scope::{Frame, trace_of};

/// What a loop goes over.
#[derive(Debug)]
pub(super) enum Range {
    Value(Expression),
    Counted(Expression, Expression),
}

impl Range {
    pub(super) fn parse(arguments: &mut TagTokenIter<'_>) -> Result<Self> {
        match arguments.expect_next("Array or range expected.")?.expect_value() {
            TryMatchToken::Matches(value) => Ok(Self::Value(value)),
            TryMatchToken::Fails(token) => {
                token.expect_range().into_result().map(|(from, to)| Self::Counted(from, to))
            }
        }
    }
}

/// The elements of a loop, not yet looked at.
enum Items<'a> {
    Views(Vec<&'a dyn ValueView>),
    Pairs(Vec<Liquid>),
    Numbers(i64, i64),
    One(&'a dyn ValueView),
}

impl<'a> Items<'a> {
    fn of(value: &'a ValueCow<'a>) -> Self {
        if let Some(array) = value.as_array() {
            Self::Views(array.values().collect())
        } else if value.is_nil() || value.is_state() {
            Self::Views(Vec::new())
        } else if let Some(object) = value.as_object() {
            let mut pairs: Vec<_> = object.iter().collect();
            if matches!(value, ValueCow::Owned(_)) {
                // An object that a template assigned is a hash map by then: without an order of its own.
                pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
            }
            let pair = |(key, value): (KStringCow<'_>, &dyn ValueView)| {
                Liquid::Array(vec![Liquid::scalar(key.into_owned()), value.to_value()])
            };
            Self::Pairs(pairs.into_iter().map(pair).collect())
        } else if value.to_kstr().is_empty() {
            Self::Views(Vec::new())
        } else {
            Self::One(value)
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Views(views) => views.len(),
            Self::Pairs(pairs) => pairs.len(),
            Self::Numbers(from, to) if from > to => 0,
            Self::Numbers(from, to) => {
                usize::try_from(from.abs_diff(*to)).map_or(usize::MAX, |n| n.saturating_add(1))
            }
            Self::One(_) => 1,
        }
    }

    fn get(&self, index: usize) -> ValueCow<'_> {
        match self {
            Self::Views(views) => ValueCow::Borrowed(views[index]),
            Self::Pairs(pairs) => ValueCow::Borrowed(&pairs[index]),
            Self::Numbers(from, _) => {
                let number = from.saturating_add(i64::try_from(index).unwrap_or(i64::MAX));
                ValueCow::Owned(Liquid::scalar(number))
            }
            Self::One(value) => ValueCow::Borrowed(*value),
        }
    }
}

/// What a template sees as `forloop`.
#[derive(Debug, Clone, ValueView, ObjectView)]
pub(super) struct ForLoop<'p> {
    length: i64,
    parentloop: Option<&'p dyn ValueView>,
    index0: i64,
    index: i64,
    rindex0: i64,
    rindex: i64,
    first: bool,
    last: bool,
}

impl<'p> ForLoop<'p> {
    pub(super) fn new(index: usize, length: usize, parentloop: Option<&'p dyn ValueView>) -> Self {
        let signed = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        Self {
            length: signed(length),
            parentloop,
            index0: signed(index),
            index: signed(index + 1),
            rindex0: signed(length - index - 1),
            rindex: signed(length - index),
            first: index == 0,
            last: index + 1 == length,
        }
    }
}

fn integer(value: &dyn ValueView) -> Option<i64> {
    value.as_scalar().and_then(|scalar| scalar.to_integer().or_else(|| scalar.to_float().map(|f| f as i64)))
}

/// `{% for x in y limit:2 offset:1 reversed %}…{% else %}…{% endfor %}`.
#[derive(Debug, Clone, Copy)]
pub(super) struct ForBlock;

#[derive(Debug)]
struct For {
    name: KString,
    range: Range,
    limit: Option<Expression>,
    offset: Option<Expression>,
    reversed: bool,
    body: Template,
    otherwise: Option<Template>,
}

impl BlockReflection for ForBlock {
    fn start_tag(&self) -> &str {
        "for"
    }

    fn end_tag(&self) -> &str {
        "endfor"
    }

    fn description(&self) -> &str {
        ""
    }
}

impl ParseBlock for ForBlock {
    fn parse(
        &self,
        mut arguments: TagTokenIter<'_>,
        mut block: TagBlock<'_, '_>,
        language: &Language,
    ) -> Result<Box<dyn Renderable>> {
        let name = arguments.expect_next("Identifier expected.")?.expect_identifier().into_result()?;
        let name = KString::from_ref(name);
        arguments
            .expect_next("\"in\" expected.")?
            .expect_str("in")
            .into_result_custom_msg("\"in\" expected.")?;
        let range = Range::parse(&mut arguments)?;
        let (mut limit, mut offset, mut reversed) = (None, None, false);
        while let Some(token) = arguments.next() {
            match token.as_str() {
                "limit" => limit = Some(attribute(&mut arguments)?),
                "offset" => offset = Some(attribute(&mut arguments)?),
                "reversed" => reversed = true,
                "," => {}
                _ => {
                    let message = "\"limit\", \"offset\" or \"reversed\" expected.";
                    return Err(token.raise_custom_error(message));
                }
            }
        }
        let (mut body, mut otherwise) = (Vec::new(), None);
        while let Some(element) = block.next()? {
            match element {
                BlockElement::Tag(mut tag) if tag.name() == "else" => {
                    tag.tokens().expect_nothing()?;
                    otherwise = Some(Template::new(block.parse_all(language)?));
                    break;
                }
                element => body.push(element.parse(&mut block, language)?),
            }
        }
        block.assert_empty();
        Ok(Box::new(For { name, range, limit, offset, reversed, body: Template::new(body), otherwise }))
    }

    fn reflection(&self) -> &dyn BlockReflection {
        self
    }
}

fn attribute(arguments: &mut TagTokenIter<'_>) -> Result<Expression> {
    let colon = arguments.expect_next("\":\" expected.")?;
    colon.expect_str(":").into_result_custom_msg("\":\" expected.")?;
    arguments.expect_next("Value expected.")?.expect_value().into_result()
}

impl Renderable for For {
    fn render_to(&self, writer: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let number = |expression: &Option<Expression>| -> Result<Option<usize>> {
            let Some(expression) = expression else { return Ok(None) };
            let value = integer(&expression.evaluate(runtime)?);
            Ok(value.map(|n| usize::try_from(n).unwrap_or(0)))
        };
        let (limit, offset) = (number(&self.limit)?, number(&self.offset)?.unwrap_or(0));
        let outer = runtime.try_get(&["forloop".into()]).filter(|outer| !outer.is_nil());
        let outer = outer.as_ref().map(ValueCow::as_view);
        let done = each(&self.range, runtime, offset, limit, self.reversed, |value, index, length| {
            let forloop = ForLoop::new(index, length, outer);
            let names = BTreeMap::from([
                ("forloop", ValueCow::Borrowed(&forloop as &dyn ValueView)),
                (self.name.as_str(), value),
            ]);
            let frame = Frame::new(runtime, &names);
            self.body.render_to(writer, &frame)?;
            Ok(interrupted(&frame))
        })?;
        match &self.otherwise {
            Some(otherwise) if done == 0 => otherwise.render_to(writer, runtime),
            _ => Ok(()),
        }
    }
}

/// Whether the loop was left by `break`; a `continue` has done its work by now.
pub(super) fn interrupted(runtime: &dyn Runtime) -> bool {
    matches!(runtime.registers().get_mut::<InterruptRegister>().reset(), Some(Interrupt::Break))
}

/// Calls `body` with each element, its index and their number; says how many there were.
pub(super) fn each(
    range: &Range,
    runtime: &dyn Runtime,
    offset: usize,
    limit: Option<usize>,
    reversed: bool,
    mut body: impl FnMut(ValueCow<'_>, usize, usize) -> Result<bool>,
) -> Result<usize> {
    let trace = trace_of(runtime)?;
    let value = match range {
        Range::Value(expression) => expression.evaluate(runtime)?,
        Range::Counted(..) => ValueCow::default(),
    };
    let items = match range {
        Range::Value(_) => Items::of(&value),
        Range::Counted(from, to) => {
            let bound = |bound: &Expression| Ok(integer(&bound.evaluate(runtime)?).unwrap_or(0));
            Items::Numbers(bound(from)?, bound(to)?)
        }
    };
    let length = items.len().saturating_sub(offset).min(limit.unwrap_or(usize::MAX));
    for index in 0..length {
        trace.step()?;
        let at = if reversed { offset + length - 1 - index } else { offset + index };
        if body(items.get(at), index, length)? {
            break;
        }
    }
    Ok(length)
}

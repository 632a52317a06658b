//! Filters on lists. Each records the least that its answer depends on.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::numbers::{self, Number};
use crate::liquid::compare::number_order;
use crate::liquid::context::Context;
use crate::liquid::error::Error;
use crate::liquid::items::Property;
use crate::liquid::language::Args;
use crate::liquid::value::Value;

type Made<'a> = Result<Value<'a>, Error>;

fn no_property(key: &Value<'_>) -> Error {
    let name = key.as_str().map_or_else(|| format!("{key:?}"), |k| format!("\"{k}\""));
    Error::value(format!("cannot take the property {name} of every element"))
}

pub(super) fn size<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    Ok(Value::Int(cx.size(&input).unwrap_or(0)))
}

pub(super) fn first<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    cx.end_of(&input, true)
}

pub(super) fn last<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    cx.end_of(&input, false)
}

pub(super) fn default<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let allow_false = args.named("allow_false").is_some_and(Value::is_truthy);
    let missing = match &input {
        Value::Nil => true,
        Value::Bool(false) => !allow_false,
        other => cx.is_empty(other),
    };
    Ok(if missing { args.get(0).cloned().unwrap_or_else(|| Value::str("")) } else { input })
}

pub(super) fn join<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let glue = match args.get(0) {
        Some(glue) => cx.text(glue.clone())?,
        None => crate::liquid::value::Text::Borrowed(" "),
    };
    let items = cx.items(&input)?;
    let mut made = String::new();
    let mut charged = 0;
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            made.push_str(&glue);
        }
        cx.stringify(item, &mut made)?;
        // Looked at while it grows, or a list of large texts would grow past every limit first.
        if made.len() > charged + 65_536 {
            charged = made.len();
            cx.charge(charged)?;
        }
        cx.spend(1)?;
    }
    cx.charge(made.len())?;
    Ok(Value::string(made))
}

pub(super) fn reverse<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    let mut items = cx.items(&input)?;
    items.reverse();
    cx.array(items)
}

pub(super) fn concat<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let other = args.get(0).cloned().unwrap_or_default();
    if !matches!(other, Value::List(_) | Value::Array(_)) {
        return Err(Error::value(format!("\"concat\" takes a list, not {}", other.kind())));
    }
    let mut items = cx.items(&input)?;
    items.extend(cx.children(&other)?);
    cx.array(items)
}

pub(super) fn compact<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let items = match args.get(0) {
        None | Some(Value::Nil) => cx.items(&input)?.into_iter().filter(|i| !i.is_nil()).collect(),
        Some(key) => {
            let mut kept = Vec::new();
            for (item, property) in cx.projected(&input, key)? {
                match property {
                    Property::Found(value) if value.is_nil() => {}
                    Property::Found(_) => kept.push(item),
                    Property::None => return Ok(Value::Nil),
                    Property::Wrong => return Err(no_property(key)),
                }
            }
            kept
        }
    };
    cx.array(items)
}

pub(super) fn map<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let key = args.get(0).cloned().unwrap_or_default();
    let mut made = Vec::new();
    for (_, property) in cx.projected(&input, &key)? {
        match property {
            Property::Found(value) => made.push(value),
            Property::None => made.push(Value::Nil),
            Property::Wrong => return Err(no_property(&key)),
        }
    }
    cx.array(made)
}

pub(super) fn sum<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let values = match args.get(0) {
        None | Some(Value::Nil) => cx.items(&input)?,
        Some(key) => {
            let mut values = Vec::new();
            for (_, property) in cx.projected(&input, key)? {
                match property {
                    Property::Found(value) => values.extend(cx.items(&value)?),
                    _ => return Err(no_property(key)),
                }
            }
            values
        }
    };
    cx.spend(values.len())?;
    numbers::sum(values.iter().map(Number::of)).map(Number::value)
}

// ----- choosing -----

/// The elements that a property chooses, with their places; `None` if an element has no properties at all.
fn chosen<'a>(
    cx: &mut Context<'a>,
    input: &Value<'a>,
    args: &Args<'a, '_>,
    only_first: bool,
    wanted: bool,
) -> Result<Option<Vec<(usize, Value<'a>)>>, Error> {
    let key = args.get(0).cloned().unwrap_or_default();
    let target = args.get(1).filter(|t| !t.is_nil());
    let mut out = Vec::new();
    for (i, (item, property)) in cx.projected(input, &key)?.into_iter().enumerate() {
        cx.spend(1)?;
        let value = match property {
            Property::Found(value) => value,
            Property::None => return Ok(None),
            Property::Wrong => return Err(no_property(&key)),
        };
        let holds = match target {
            None => value.is_truthy(),
            Some(target) => cx.equal(&value, target)?,
        };
        if holds == wanted {
            out.push((i, item));
            if only_first {
                break;
            }
        }
    }
    Ok(Some(out))
}

fn filtered<'a>(cx: &mut Context<'a>, input: &Value<'a>, args: &Args<'a, '_>, wanted: bool) -> Made<'a> {
    match chosen(cx, input, args, false, wanted)? {
        Some(items) => cx.array(items.into_iter().map(|(_, item)| item).collect()),
        None => Ok(Value::Nil),
    }
}

pub(super) fn where_<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    filtered(cx, &input, args, true)
}

pub(super) fn reject<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    filtered(cx, &input, args, false)
}

pub(super) fn find<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let found = chosen(cx, &input, args, true, true)?;
    Ok(found.and_then(|f| f.into_iter().next()).map(|(_, item)| item).unwrap_or_default())
}

pub(super) fn find_index<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let found = chosen(cx, &input, args, true, true)?;
    Ok(found.and_then(|f| f.first().map(|(i, _)| Value::Int(*i as i64))).unwrap_or_default())
}

pub(super) fn has<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let found = chosen(cx, &input, args, true, true)?;
    Ok(found.map(|f| Value::Bool(!f.is_empty())).unwrap_or_default())
}

// ----- ordering -----

/// The elements of a list, each with what it is to be ordered by.
fn keyed<'a>(
    cx: &mut Context<'a>,
    input: &Value<'a>,
    args: &Args<'a, '_>,
) -> Result<Option<Vec<(Value<'a>, Value<'a>)>>, Error> {
    let key = match args.get(0) {
        None | Some(Value::Nil) => {
            let items = cx.items(input)?;
            return Ok(Some(items.into_iter().map(|i| (i.clone(), i)).collect()));
        }
        Some(key) => key,
    };
    let mut out = Vec::new();
    for (item, property) in cx.projected(input, key)? {
        match property {
            Property::Found(value) => out.push((item, value)),
            Property::None => return Ok(None),
            Property::Wrong => return Err(no_property(key)),
        }
    }
    Ok(Some(out))
}

/// Accounts for a sort, which takes more than one look at each element.
fn spend_sort(cx: &mut Context<'_>, len: usize) -> Result<(), Error> {
    cx.spend(len * (usize::BITS - len.leading_zeros()) as usize / 4)
}

pub(super) fn sort<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let Some(mut keyed) = keyed(cx, &input, args)? else { return Ok(Value::Nil) };
    spend_sort(cx, keyed.len())?;
    let mut wrong = None;
    keyed.sort_by(|(_, a), (_, b)| {
        rank(a).cmp(&rank(b)).then_with(|| match (a, b) {
            (Value::Str(a) | Value::Html(a), Value::Str(b) | Value::Html(b)) => {
                a.as_bytes().cmp(b.as_bytes())
            }
            (Value::Time(a), Value::Time(b)) => (a.seconds(), a.nanos()).cmp(&(b.seconds(), b.nanos())),
            (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
            _ => number_order(a, b).unwrap_or(Ordering::Equal),
        })
    });
    // Sorted by kind first, unlike things stand side by side now.
    for pair in keyed.windows(2) {
        let (a, b) = (&pair[0].1, &pair[1].1);
        let alike = rank(a) == rank(b) && rank(a) != OTHER;
        let same = match (a, b) {
            (Value::Bool(a), Value::Bool(b)) => a == b,
            _ => true,
        };
        if !(b.is_nil() || alike && same) {
            wrong.get_or_insert((a.kind(), b.kind()));
        }
    }
    if let Some((a, b)) = wrong {
        return Err(Error::value(format!("cannot sort {a} and {b} together")));
    }
    cx.array(keyed.into_iter().map(|(item, _)| item).collect())
}

const OTHER: u8 = 8;

/// Kinds that cannot be compared with each other; nil is last.
fn rank(value: &Value<'_>) -> u8 {
    match value {
        Value::Float(n) if n.is_nan() => OTHER,
        Value::Int(_) | Value::Float(_) => 0,
        Value::Str(_) | Value::Html(_) => 1,
        Value::Time(_) => 2,
        Value::Bool(_) => 3,
        Value::Nil => 9,
        _ => OTHER,
    }
}

pub(super) fn sort_natural<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let Some(keyed) = keyed(cx, &input, args)? else { return Ok(Value::Nil) };
    spend_sort(cx, keyed.len())?;
    let mut texts = Vec::with_capacity(keyed.len());
    for (item, key) in keyed {
        let text = if key.is_nil() { None } else { Some(cx.text(key)?.to_ascii_lowercase()) };
        cx.charge(text.as_ref().map_or(0, String::len))?;
        texts.push((item, text));
    }
    texts.sort_by(|(_, a), (_, b)| match (a, b) {
        (Some(a), Some(b)) => a.as_bytes().cmp(b.as_bytes()),
        (a, b) => a.is_none().cmp(&b.is_none()),
    });
    cx.array(texts.into_iter().map(|(item, _)| item).collect())
}

pub(super) fn uniq<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let Some(keyed) = keyed(cx, &input, args)? else { return Ok(Value::Nil) };
    // Values that look alike are told apart only within their bucket.
    let mut buckets: HashMap<String, ()> = HashMap::with_capacity(keyed.len());
    let mut kept = Vec::new();
    for (item, key) in keyed {
        let mut look = String::new();
        look.push_str(key.kind());
        cx.inspect(&key, &mut look)?;
        if buckets.insert(look, ()).is_none() {
            kept.push(item);
        }
    }
    cx.array(kept)
}

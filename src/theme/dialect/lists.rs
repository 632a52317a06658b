//! Jekyll's filters on lists.

use super::{Made, Settings};
use crate::liquid::{Args, Context, Error, Text, Value};

/// `| where_exp: "item", "item.weight > 3"`
pub(super) fn where_exp<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
) -> Made<'a> {
    let name = variable(args)?;
    let mut kept = Vec::new();
    for item in cx.items(&input)? {
        if args.evaluate(cx, &name, item.clone())?.is_truthy() {
            kept.push(item);
        }
    }
    cx.array(kept)
}

/// `| group_by: "level"`: groups in the order of their first elements, each with `name`, `items` and `size`.
pub(super) fn group_by<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
) -> Made<'a> {
    let property = cx.text(args.get(0).cloned().unwrap_or_default())?;
    let keyed = cx.project(&input, &property)?;
    groups(cx, keyed)
}

/// `| group_by_exp: "item", "item.date | date: '%Y'"`
pub(super) fn group_by_exp<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
) -> Made<'a> {
    let name = variable(args)?;
    let mut keyed = Vec::new();
    for item in cx.items(&input)? {
        let key = args.evaluate(cx, &name, item.clone())?;
        keyed.push((item, key));
    }
    groups(cx, keyed)
}

fn variable(args: &Args<'_, '_>) -> Result<String, Error> {
    let name = args.get(0).and_then(Value::as_str).map(str::to_owned);
    name.ok_or_else(|| Error::value("the first argument is the name of a variable, in quotes"))
}

fn groups<'a>(cx: &mut Context<'a>, keyed: Vec<(Value<'a>, Value<'a>)>) -> Made<'a> {
    let mut numbers = std::collections::HashMap::new();
    let mut groups: Vec<(String, Vec<Value<'a>>)> = Vec::new();
    for (item, key) in keyed {
        let name = cx.text(key)?.into_string();
        cx.charge(name.len())?;
        let number = *numbers.entry(name).or_insert_with_key(|name| {
            groups.push((name.clone(), Vec::new()));
            groups.len() - 1
        });
        groups[number].1.push(item);
    }
    let mut made = Vec::with_capacity(groups.len());
    for (name, items) in groups {
        let size = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let entries = vec![
            (Text::Borrowed("name"), Value::string(name)),
            (Text::Borrowed("items"), cx.array(items)?),
            (Text::Borrowed("size"), Value::Int(size)),
        ];
        made.push(cx.record(entries)?);
    }
    cx.array(made)
}

pub(super) fn push<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
) -> Made<'a> {
    let mut items = cx.items(&input)?;
    items.extend(args.get(0).cloned());
    cx.array(items)
}

pub(super) fn unshift<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
) -> Made<'a> {
    let mut items: Vec<_> = args.get(0).cloned().into_iter().collect();
    items.append(&mut cx.items(&input)?);
    cx.array(items)
}

/// The list without its last elements: one, or as many as are asked for.
pub(super) fn pop<'a>(_: &Settings, cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let (mut items, count) = (cx.items(&input)?, count(args)?);
    items.truncate(items.len().saturating_sub(count));
    cx.array(items)
}

/// The list without its first elements: one, or as many as are asked for.
pub(super) fn shift<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
) -> Made<'a> {
    let (mut items, count) = (cx.items(&input)?, count(args)?);
    items.drain(..count.min(items.len()));
    cx.array(items)
}

/// The first element, or a list of the first ones: a page that came out by chance would differ in every build.
pub(super) fn sample<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
) -> Made<'a> {
    let mut items = cx.items(&input)?;
    if args.is_empty() {
        return Ok(items.into_iter().next().unwrap_or_default());
    }
    items.truncate(count(args)?);
    cx.array(items)
}

fn count(args: &Args<'_, '_>) -> Result<usize, Error> {
    match args.get(0) {
        None => Ok(1),
        Some(Value::Int(number)) => {
            usize::try_from(*number).map_err(|_| Error::value("a number of elements is not negative"))
        }
        Some(other) => Err(Error::value(format!("the number of elements is {}", other.kind()))),
    }
}

//! Filters on text, counting characters, not bytes.

use crate::liquid::context::Context;
use crate::liquid::error::Error;
use crate::liquid::language::Args;
use crate::liquid::text;
use crate::liquid::value::{Text, Value};

type Made<'a> = Result<Value<'a>, Error>;

/// What Ruby takes for white space at the ends of a text.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c' | '\0')
}

/// An argument as text; nil and a missing one are empty.
fn text_arg<'a>(cx: &mut Context<'a>, args: &Args<'a, '_>, index: usize) -> Result<Text<'a>, Error> {
    match args.get(index) {
        Some(Value::Str(s) | Value::Html(s)) => Ok(s.clone()),
        Some(other) => cx.text(other.clone()),
        None => Ok(Text::Borrowed("")),
    }
}

/// A text changed in place if it was made by the filter before.
fn changed<'a>(cx: &mut Context<'a>, text: String) -> Made<'a> {
    cx.charge(text.len())?;
    Ok(Value::string(text))
}

/// A part of a text, without a copy if it lives as long as the data.
fn part<'a>(text: Text<'a>, cut: impl Fn(&str) -> &str) -> Value<'a> {
    Value::Str(match text {
        Text::Borrowed(s) => {
            let kept = cut(s);
            let start = kept.as_ptr() as usize - s.as_ptr() as usize;
            Text::Borrowed(&s[start..start + kept.len()])
        }
        other => Text::Owned(cut(&other).to_owned()),
    })
}

pub(super) fn append<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let tail = text_arg(cx, args, 0)?;
    let text = cx.text(input)?;
    cx.charge(text.len() + tail.len())?;
    let mut text = text.into_string();
    text.push_str(&tail);
    Ok(Value::string(text))
}

pub(super) fn prepend<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let head = text_arg(cx, args, 0)?;
    let text = cx.text(input)?;
    cx.charge(text.len() + head.len())?;
    let mut made = head.into_string();
    made.push_str(&text);
    Ok(Value::string(made))
}

pub(super) fn upcase<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    let text = cx.text(input)?;
    let made = if text.is_ascii() { text.to_ascii_uppercase() } else { text.to_uppercase() };
    changed(cx, made)
}

pub(super) fn downcase<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    let text = cx.text(input)?;
    let made = if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase() };
    changed(cx, made)
}

pub(super) fn capitalize<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    let text = cx.text(input)?;
    let mut chars = text.chars();
    let mut made = String::with_capacity(text.len());
    if let Some(first) = chars.next() {
        // Of letters that become two, only the first is large: ß gives Ss.
        let mut upper = first.to_uppercase();
        made.extend(upper.next());
        made.extend(upper.flat_map(char::to_lowercase));
    }
    made.push_str(&chars.as_str().to_lowercase());
    changed(cx, made)
}

pub(super) fn strip<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    Ok(part(cx.text(input)?, |s| s.trim_matches(is_space)))
}

pub(super) fn lstrip<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    Ok(part(cx.text(input)?, |s| s.trim_start_matches(is_space)))
}

pub(super) fn rstrip<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    Ok(part(cx.text(input)?, |s| s.trim_end_matches(is_space)))
}

pub(super) fn strip_newlines<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    let text = cx.text(input)?;
    let made = text.replace("\r\n", "\n").replace('\n', "");
    changed(cx, made)
}

/// Puts `new` for `old`, after checking how large the result will be.
fn replaced<'a>(cx: &mut Context<'a>, input: Value<'a>, old: &str, new: &str) -> Made<'a> {
    let text = cx.text(input)?;
    cx.charge(text.len())?;
    let times = text.matches(old).count();
    if times == 0 {
        return Ok(Value::Str(text));
    }
    cx.charge(text.len() - times * old.len() + times.saturating_mul(new.len()))?;
    Ok(Value::string(text.replace(old, new)))
}

pub(super) fn replace<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let (old, new) = (text_arg(cx, args, 0)?, text_arg(cx, args, 1)?);
    replaced(cx, input, &old, &new)
}

pub(super) fn remove<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let old = text_arg(cx, args, 0)?;
    replaced(cx, input, &old, "")
}

fn replaced_at<'a>(
    cx: &mut Context<'a>,
    text: Text<'a>,
    at: Option<usize>,
    old: &str,
    new: &str,
) -> Made<'a> {
    let Some(at) = at else { return Ok(Value::Str(text)) };
    cx.charge(text.len() + new.len())?;
    let mut made = String::with_capacity(text.len() - old.len() + new.len());
    made.push_str(&text[..at]);
    made.push_str(new);
    made.push_str(&text[at + old.len()..]);
    Ok(Value::string(made))
}

pub(super) fn replace_first<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let (old, new) = (text_arg(cx, args, 0)?, text_arg(cx, args, 1)?);
    let text = cx.text(input)?;
    let at = text.find(&*old);
    replaced_at(cx, text, at, &old, &new)
}

pub(super) fn replace_last<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let (old, new) = (text_arg(cx, args, 0)?, text_arg(cx, args, 1)?);
    let text = cx.text(input)?;
    let at = text.rfind(&*old);
    replaced_at(cx, text, at, &old, &new)
}

pub(super) fn remove_first<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let old = text_arg(cx, args, 0)?;
    let text = cx.text(input)?;
    let at = text.find(&*old);
    replaced_at(cx, text, at, &old, "")
}

pub(super) fn remove_last<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let old = text_arg(cx, args, 0)?;
    let text = cx.text(input)?;
    let at = text.rfind(&*old);
    replaced_at(cx, text, at, &old, "")
}

pub(super) fn split<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let pattern = text_arg(cx, args, 0)?;
    let text = cx.text(input)?;
    cx.charge(text.len())?;
    let whole: &str = &text;
    let mut parts: Vec<&str> = match &*pattern {
        " " => whole.split(is_space).filter(|p| !p.is_empty()).collect(),
        "" => whole.char_indices().map(|(i, c)| &whole[i..i + c.len_utf8()]).collect(),
        pattern => whole.split(pattern).collect(),
    };
    while parts.last().is_some_and(|p| p.is_empty()) {
        parts.pop();
    }
    cx.charge(parts.len() * std::mem::size_of::<Value<'_>>())?;
    let items = match &text {
        Text::Borrowed(s) => {
            let at = |p: &str| p.as_ptr() as usize - s.as_ptr() as usize;
            parts.iter().map(|p| Value::str(&s[at(p)..at(p) + p.len()])).collect()
        }
        _ => parts.iter().map(|p| Value::string(*p).shared()).collect(),
    };
    cx.array(items)
}

pub(super) fn slice<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let number = |cx: &mut Context<'a>, value: &Value<'a>| match value {
        Value::Int(n) => Ok(*n),
        other => {
            let text = cx.text(other.clone())?;
            text::strict_integer(&text)
                .ok_or_else(|| Error::value(format!("\"{}\" is not an integer", text::brief(&text))))
        }
    };
    let offset = number(cx, args.get(0).unwrap_or(&Value::Nil))?;
    let length = match args.get(1) {
        None | Some(Value::Nil) => 1,
        Some(value) => number(cx, value)?,
    };
    if cx.is_list(&input) && !matches!(input, Value::Range(..)) {
        let items = cx.children(&input)?;
        let part = match bounds(offset, length, items.len()) {
            Some((from, to)) => items[from..to].to_vec(),
            None => Vec::new(),
        };
        return cx.array(part);
    }
    let text = cx.text(input)?;
    let Some((from, to)) = bounds(offset, length, text.chars().count()) else { return Ok(Value::str("")) };
    Ok(part(text, |s| {
        let at = |n: usize| s.char_indices().nth(n).map_or(s.len(), |(i, _)| i);
        let start = at(from);
        let end = s[start..].char_indices().nth(to - from).map_or(s.len(), |(i, _)| start + i);
        &s[start..end]
    }))
}

/// Which part of so many is meant; nothing if it begins outside.
fn bounds(offset: i64, length: i64, total: usize) -> Option<(usize, usize)> {
    let total_ = total as i64;
    let from = if offset < 0 { offset.checked_add(total_)? } else { offset };
    if from < 0 || from > total_ || length < 0 {
        return None;
    }
    let to = from.saturating_add(length).min(total_);
    Some((from as usize, to as usize))
}

/// A count for `truncate` and its like.
fn count<'a>(cx: &mut Context<'a>, args: &Args<'a, '_>, default: i64) -> Result<i64, Error> {
    match args.get(0) {
        None => Ok(default),
        Some(Value::Int(n)) => Ok(*n),
        Some(other) => {
            let text = cx.text(other.clone())?;
            text::strict_integer(&text)
                .ok_or_else(|| Error::value(format!("\"{}\" is not an integer", text::brief(&text))))
        }
    }
}

fn ending<'a>(cx: &mut Context<'a>, args: &Args<'a, '_>) -> Result<Text<'a>, Error> {
    if args.len() < 2 { Ok(Text::Borrowed("...")) } else { text_arg(cx, args, 1) }
}

pub(super) fn truncate<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let length = count(cx, args, 50)?;
    let ending = ending(cx, args)?;
    if input.is_nil() {
        return Ok(Value::Nil);
    }
    let text = cx.text(input)?;
    if text.chars().count() as i64 <= length {
        return Ok(Value::Str(text));
    }
    let keep = length.saturating_sub(ending.chars().count() as i64).max(0) as usize;
    let end = text.char_indices().nth(keep).map_or(text.len(), |(i, _)| i);
    cx.charge(end + ending.len())?;
    Ok(Value::string(format!("{}{ending}", &text[..end])))
}

pub(super) fn truncatewords<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let words = count(cx, args, 15)?.max(1) as usize;
    let ending = ending(cx, args)?;
    if input.is_nil() {
        return Ok(Value::Nil);
    }
    let text = cx.text(input)?;
    let mut rest = text.split(is_space).filter(|w| !w.is_empty());
    let kept: Vec<&str> = rest.by_ref().take(words).collect();
    if rest.next().is_none() {
        return Ok(Value::Str(text));
    }
    let mut made = kept.join(" ");
    made.push_str(&ending);
    changed(cx, made)
}

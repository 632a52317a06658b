//! Texts: escaping, JSON, Markdown, words.

use super::{Made, Settings};
use crate::base::markdown::{self, Trust};
use crate::base::text;
use crate::liquid::{Args, Context, Value};

/// The signs of XML escaped; safe under autoescape, and what is safe already is left alone.
pub(super) fn xml_escape<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    if input.is_nil() || (cx.autoescape() && matches!(input, Value::Html(_))) {
        return Ok(input);
    }
    let text = cx.text(input)?;
    let made = escaped(&text);
    cx.charge(made.len())?;
    Ok(if cx.autoescape() { Value::html(made) } else { Value::string(made) })
}

/// Text with the characters escaped that mean something in HTML.
pub(in crate::theme) fn escaped(text: &str) -> String {
    crate::base::text::escaped(text)
}

/// JSON that may stand in a script, in an attribute and in text.
pub(super) fn jsonify<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    let mut json = String::new();
    cx.json(&input, &mut json)?;
    Ok(Value::html(json))
}

/// How the value looks to a template author, for trying things out.
pub(super) fn inspect<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    let mut shown = String::new();
    cx.inspect(&input, &mut shown)?;
    let made = escaped(&shown);
    cx.charge(made.len())?;
    Ok(Value::html(made))
}

/// Markdown as HTML. HTML in it is shown as text, since it may come from anywhere; what is HTML already keeps its own.
pub(super) fn markdownify<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    let trust = if matches!(input, Value::Html(_)) { Trust::Local } else { Trust::Foreign };
    let text = cx.text(input)?;
    cx.charge(text.len())?;
    let html = markdown::render(&text, trust, &site.language);
    cx.charge(html.len())?;
    Ok(Value::html(html))
}

/// A slug; `"none"` leaves the text as it is, `"raw"` only joins its words by hyphens.
pub(super) fn slugify<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
) -> Made<'a> {
    if input.is_nil() {
        return Ok(input);
    }
    let whole = cx.text(input)?;
    cx.charge(whole.len())?;
    Ok(Value::string(match args.get(0).and_then(Value::as_str) {
        Some("none") => whole.into_string(),
        Some("raw") => whole.split_whitespace().collect::<Vec<_>>().join("-").to_lowercase(),
        _ => text::slugify(&whole),
    }))
}

/// How many words; with `"cjk"` or `"auto"` each Chinese, Japanese or Korean character counts as one.
pub(super) fn number_of_words<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
) -> Made<'a> {
    let text = cx.text(input)?;
    cx.charge(text.len())?;
    let alone = |c: &char| matches!(u32::from(*c), 0x3041..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xac00..=0xd7af);
    let count = match args.get(0).and_then(Value::as_str) {
        Some("cjk" | "auto") => {
            let rest: String = text.chars().map(|c| if alone(&c) { ' ' } else { c }).collect();
            text.chars().filter(alone).count() + rest.split_whitespace().count()
        }
        _ => text.split_whitespace().count(),
    };
    Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
}

pub(super) fn normalize_whitespace<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    let text = cx.text(input)?;
    cx.charge(text.len())?;
    Ok(Value::string(text.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// `a, b, and c`; the argument stands in for `and`, which in German is `und` without a comma before it.
pub(super) fn sentence<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
) -> Made<'a> {
    let own = if site.is_german() { "und" } else { "and" };
    let connector = match args.get(0) {
        Some(connector) => cx.text(connector.clone())?.into_string(),
        None => own.to_owned(),
    };
    let mut texts = Vec::new();
    for item in cx.items(&input)? {
        let text = cx.text(item)?;
        // Many elements may share one large text, which is copied here for each.
        cx.charge(text.len())?;
        texts.push(text.into_string());
    }
    let last = texts.pop().unwrap_or_default();
    let comma = if texts.len() > 1 && !site.is_german() { "," } else { "" };
    let made = match texts.len() {
        0 => last,
        _ => format!("{}{comma} {connector} {last}", texts.join(", ")),
    };
    cx.charge(made.len())?;
    Ok(Value::string(made))
}

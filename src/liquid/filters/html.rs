//! Filters on markup.

use crate::liquid::context::Context;
use crate::liquid::error::Error;
use crate::liquid::language::Args;
use crate::liquid::text;
use crate::liquid::value::Value;

type Made<'a> = Result<Value<'a>, Error>;

/// Under autoescape the result is safe, and what is safe already is left alone: nothing is escaped twice.
pub(super) fn escape<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    let auto = cx.autoescape();
    match input {
        Value::Nil => return Ok(Value::Nil),
        Value::Html(_) if auto => return Ok(input),
        _ => {}
    }
    let text = cx.text(input)?;
    let mut made = String::with_capacity(text.len() + text.len() / 8);
    text::push_escaped(&mut made, &text);
    cx.charge(made.len())?;
    Ok(if auto { Value::html(made) } else { Value::string(made) })
}

pub(super) fn escape_once<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    let auto = cx.autoescape();
    if input.is_nil() {
        return Ok(Value::Nil);
    }
    let text = cx.text(input)?;
    let mut made = String::with_capacity(text.len() + text.len() / 8);
    let mut rest: &str = &text;
    while let Some(i) = rest.find('&') {
        text::push_escaped(&mut made, &rest[..i]);
        let entity = entity(&rest[i..]);
        made.push_str(if entity == 0 { "&amp;" } else { &rest[i..i + entity] });
        rest = &rest[i + entity.max(1)..];
    }
    text::push_escaped(&mut made, rest);
    cx.charge(made.len())?;
    Ok(if auto { Value::html(made) } else { Value::string(made) })
}

/// How long the entity at the beginning is (`&amp;`, `&#38;`), or zero. Entities of any real length are short.
fn entity(text: &str) -> usize {
    let bytes = text.as_bytes();
    let numeric = bytes.get(1) == Some(&b'#');
    let from = if numeric { 2 } else { 1 };
    let fits = |b: &&u8| if numeric { b.is_ascii_digit() } else { b.is_ascii_alphabetic() };
    let len = bytes[from.min(bytes.len())..].iter().take(32).take_while(fits).count();
    if len > 0 && bytes.get(from + len) == Some(&b';') { from + len + 1 } else { 0 }
}

/// Marks text as safe, so that it is written as it is.
pub(super) fn raw<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    Ok(match input {
        Value::Str(s) => Value::Html(s),
        Value::Html(_) | Value::Nil => input,
        other => Value::Html(cx.text(other)?),
    })
}

pub(super) fn newline_to_br<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    // The breaks are markup: under autoescape the text between them is escaped first.
    let input = if cx.autoescape() { escape(cx, input, args)? } else { input };
    let safe = matches!(input, Value::Html(_)) && cx.autoescape();
    let text = cx.text(input)?;
    let lines = text.bytes().filter(|b| *b == b'\n').count();
    cx.charge(text.len() + lines * 6)?;
    let made = text.replace("\r\n", "\n").replace('\n', "<br />\n");
    Ok(if safe { Value::html(made) } else { Value::string(made) })
}

pub(super) fn strip_html<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    let text = cx.text(input)?;
    cx.charge(text.len())?;
    let text = without_blocks(&text);
    let mut made = String::with_capacity(text.len());
    let mut rest: &str = &text;
    while let Some(open) = rest.find('<') {
        let Some(close) = rest[open..].find('>') else { break };
        made.push_str(&rest[..open]);
        rest = &rest[open + close + 1..];
    }
    made.push_str(rest);
    Ok(Value::string(made))
}

/// Takes out scripts, comments and styles with all that is in them.
fn without_blocks(text: &str) -> String {
    const BLOCKS: [(&str, &str); 3] = [("<script", "</script>"), ("<!--", "-->"), ("<style", "</style>")];
    let mut made = String::with_capacity(text.len());
    // A block that is not closed once is not closed later either, which keeps this linear.
    let mut open_ended = [false; 3];
    let mut at = 0;
    let mut kept = 0;
    'scan: while let Some(i) = text[at..].find('<') {
        let start = at + i;
        for (n, (open, close)) in BLOCKS.iter().enumerate() {
            if !open_ended[n] && text[start..].starts_with(open) {
                match text[start + open.len()..].find(close) {
                    Some(end) => {
                        made.push_str(&text[kept..start]);
                        at = start + open.len() + end + close.len();
                        kept = at;
                        continue 'scan;
                    }
                    None => open_ended[n] = true,
                }
            }
        }
        at = start + 1;
    }
    made.push_str(&text[kept..]);
    made
}

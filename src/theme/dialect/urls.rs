//! Addresses.

use super::{Made, Settings};
use crate::liquid::{Args, Context, Value};

pub(super) fn absolute<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    link(site, cx, input, true)
}

pub(super) fn relative<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    link(site, cx, input, false)
}

/// A path or address below the site: with the path of the base URL before it, or with all of it. Other addresses,
/// anchors and addresses that have the path already stay as they are.
fn link<'a>(site: &Settings, cx: &mut Context<'a>, input: Value<'a>, absolute: bool) -> Made<'a> {
    if input.is_nil() {
        return Ok(input);
    }
    let address = cx.text(input)?;
    let scheme = address.split(['/', '?', '#']).next().is_some_and(|first| first.contains(':'));
    if scheme || address.starts_with("//") || address.starts_with('#') {
        return Ok(Value::Str(address));
    }
    let base = site.base_path();
    let path = match address.strip_prefix(base) {
        Some(rest) if !base.is_empty() && (rest.is_empty() || rest.starts_with(['/', '?', '#'])) => rest,
        _ => &address,
    };
    let slash = if path.starts_with('/') || path.is_empty() { "" } else { "/" };
    let before = if absolute { &site.base_url } else { base };
    let all = format!("{before}{slash}{path}");
    cx.charge(all.len())?;
    Ok(Value::string(if all.is_empty() { "/".to_owned() } else { all }))
}

/// For a query: everything but letters, digits and `-._~` is escaped, and a space is `+`.
pub(super) fn cgi_escape<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    escaped(cx, input, |byte| match byte {
        b' ' => Some('+'),
        b'-' | b'.' | b'_' | b'~' => Some(char::from(byte)),
        _ => None,
    })
}

/// For a whole address: what has a meaning in one stays.
pub(super) fn uri_escape<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    escaped(cx, input, |byte| b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte).then_some(char::from(byte)))
}

fn escaped<'a>(cx: &mut Context<'a>, input: Value<'a>, keep: impl Fn(u8) -> Option<char>) -> Made<'a> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    if input.is_nil() {
        return Ok(input);
    }
    let text = cx.text(input)?;
    cx.charge(text.len().saturating_mul(3))?;
    let mut made = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            made.push(char::from(byte));
        } else if let Some(kept) = keep(byte) {
            made.push(kept);
        } else {
            made.push('%');
            made.push(char::from(HEX[usize::from(byte >> 4)]));
            made.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    Ok(Value::string(made))
}

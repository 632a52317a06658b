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

/// Like `relative_url`, for what is there in each language: `/courses/` is `/en/courses/` on an English page.
pub(super) fn of_language<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    if input.is_nil() || site.prefix.is_empty() {
        return link(site, cx, input, false);
    }
    let address = cx.text(input)?;
    let Some(path) = placed(site, &address, false) else { return Ok(Value::Str(address)) };
    let base = site.base_path();
    let below = path.strip_prefix(base).unwrap_or(&path);
    let is_there =
        below.strip_prefix(&site.prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    cx.charge(path.len())?;
    Ok(Value::string(match below {
        _ if is_there || !below.starts_with('/') => path,
        _ => format!("{base}{}{below}", site.prefix),
    }))
}

fn link<'a>(site: &Settings, cx: &mut Context<'a>, input: Value<'a>, absolute: bool) -> Made<'a> {
    if input.is_nil() {
        return Ok(input);
    }
    let address = cx.text(input)?;
    match placed(site, &address, absolute) {
        None => Ok(Value::Str(address)),
        Some(made) => {
            cx.charge(made.len())?;
            Ok(Value::string(made))
        }
    }
}

/// The whole address of something below the site.
pub(super) fn whole(site: &Settings, address: &str) -> String {
    placed(site, address, true).unwrap_or_else(|| address.to_owned())
}

/// A path or address below the site: with the path of the base URL before it, or with all of it. Nothing for other
/// addresses and for anchors, which stay as they are; the path of an address that has it already is not put there twice.
fn placed(site: &Settings, address: &str, absolute: bool) -> Option<String> {
    let scheme = address.split(['/', '?', '#']).next().is_some_and(|first| first.contains(':'));
    if scheme && runs_code(address) {
        return Some("#".to_owned());
    }
    if scheme || address.starts_with("//") || address.starts_with('#') {
        return None;
    }
    let base = site.base_path();
    let path = match address.strip_prefix(base) {
        Some(rest) if !base.is_empty() && (rest.is_empty() || rest.starts_with(['/', '?', '#'])) => rest,
        _ => address,
    };
    let slash = if path.starts_with('/') || path.is_empty() { "" } else { "/" };
    let before = if absolute { &site.base_url } else { base };
    let all = format!("{before}{slash}{path}");
    Some(if all.is_empty() { "/".to_owned() } else { all })
}

/// Whether an address is a program rather than a place. Browsers leave out control characters and spaces at its front, and
/// line breaks and tabs anywhere, before they look at the scheme (WHATWG URL, section 4.4).
fn runs_code(address: &str) -> bool {
    let shown = address.trim_start_matches(|c: char| c.is_control() || c == ' ');
    let plain: String = shown.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).take(16).collect();
    let plain = plain.to_ascii_lowercase();
    ["javascript:", "vbscript:", "data:"].iter().any(|scheme| plain.starts_with(scheme))
        && !plain.starts_with("data:image/")
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

#[cfg(test)]
mod tests {
    use super::runs_code;

    #[test]
    fn addresses_that_run_are_told_from_those_that_lead_somewhere() {
        for bad in ["javascript:alert(1)", " \u{1}JaVa\tScript:x", "vbscript:x", "data:text/html,x"] {
            assert!(runs_code(bad), "{bad:?}");
        }
        for good in
            ["https://a.example", "mailto:a@b.example", "tel:1", "data:image/png;base64,x", "/javascript:"]
        {
            assert!(!runs_code(good), "{good:?}");
        }
    }
}

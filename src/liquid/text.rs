//! Values as text: numbers as Ruby writes them, escaping, and the inspected form of lists and objects.

use super::time::Time;
use crate::base::text::position;

/// Writes a whole number.
pub(super) fn push_int(out: &mut String, n: i64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut left = n.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    if n < 0 {
        out.push('-');
    }
    for d in &digits[at..] {
        out.push(*d as char);
    }
}

/// Writes a float as Ruby does: `5.0`, `1.0e+20`.
pub(super) fn push_float(out: &mut String, n: f64) {
    if n.is_nan() {
        return out.push_str("NaN");
    }
    if n.is_infinite() {
        return out.push_str(if n < 0.0 { "-Infinity" } else { "Infinity" });
    }
    let size = n.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{n:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        out.push_str(mantissa);
        if !mantissa.contains('.') {
            out.push_str(".0");
        }
        let (sign, digits) = match exponent.strip_prefix('-') {
            Some(digits) => ('-', digits),
            None => ('+', exponent),
        };
        out.push('e');
        out.push(sign);
        if digits.len() < 2 {
            out.push('0');
        }
        return out.push_str(digits);
    }
    let text = format!("{n}");
    out.push_str(&text);
    if !text.contains('.') {
        out.push_str(".0");
    }
}

/// Writes a time as Ruby does.
pub(super) fn push_time(out: &mut String, time: Time) {
    super::strftime::strftime(time, "%Y-%m-%d %H:%M:%S %z", out);
}

/// Whether HTML gives a meaning to this byte.
#[inline]
fn is_sign(byte: u8) -> bool {
    (byte == b'&') | (byte == b'<') | (byte == b'>') | (byte == b'"') | (byte == b'\'')
}

/// Writes text with the signs of HTML escaped.
pub(super) fn push_escaped(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = position(rest.as_bytes(), is_sign) {
        let (plain, sign) = rest.split_at(at);
        out.push_str(plain);
        out.push_str(match sign.as_bytes()[0] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        });
        rest = &sign[1..];
    }
    out.push_str(rest);
}

/// Writes text in quotes, as Ruby inspects it.
pub(super) fn push_inspected(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Writes text in quotes for JSON, so that it is safe within a `<script>` as well.
pub(super) fn push_json(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '<' | '>' | '&' | '\'' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Ruby's `Integer(text)`: the whole text is a number, or nothing.
pub(super) fn strict_integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let negative = text.starts_with('-');
    // More digits than a number has room for are as good as the largest one.
    Some(text.parse().unwrap_or(if negative { i64::MIN } else { i64::MAX }))
}

/// Ruby's `to_i`: the number that a text begins with, or zero.
pub(super) fn leading_integer(text: &str) -> i64 {
    let text = text.trim_start();
    let sign = usize::from(text.starts_with(['-', '+']));
    let digits = text.as_bytes()[sign..].iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return 0;
    }
    let negative = text.starts_with('-');
    text[..sign + digits].parse().unwrap_or(if negative { i64::MIN } else { i64::MAX })
}

/// A text short enough for a message.
pub(super) fn brief(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((i, _)) => format!("{}…", &text[..i]),
        None => text.to_owned(),
    }
}

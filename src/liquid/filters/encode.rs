//! Filters that put text into other notations: URLs, Base64, JSON.

use crate::liquid::context::Context;
use crate::liquid::error::Error;
use crate::liquid::language::Args;
use crate::liquid::value::Value;

type Made<'a> = Result<Value<'a>, Error>;

pub(super) fn url_encode<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    if input.is_nil() {
        return Ok(Value::Nil);
    }
    let text = cx.text(input)?;
    cx.charge(text.len() * 3)?;
    let mut made = String::with_capacity(text.len() + 16);
    for b in text.bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => made.push(b as char),
            b' ' => made.push('+'),
            _ => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                made.push('%');
                made.push(HEX[usize::from(b >> 4)] as char);
                made.push(HEX[usize::from(b & 15)] as char);
            }
        }
    }
    Ok(Value::string(made))
}

pub(super) fn url_decode<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    if input.is_nil() {
        return Ok(Value::Nil);
    }
    let text = cx.text(input)?;
    cx.charge(text.len())?;
    let bytes = text.as_bytes();
    let hex = |b: Option<&u8>| b.and_then(|b| (*b as char).to_digit(16)).map(|d| d as u8);
    let mut made = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        match (bytes[i], hex(bytes.get(i + 1)), hex(bytes.get(i + 2))) {
            (b'%', Some(high), Some(low)) => {
                made.push(high << 4 | low);
                i += 3;
                continue;
            }
            (b'+', ..) => made.push(b' '),
            (b, ..) => made.push(b),
        }
        i += 1;
    }
    String::from_utf8(made).map(Value::string).map_err(|_| Error::value("the decoded text is not UTF-8"))
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn encoded<'a>(cx: &mut Context<'a>, input: Value<'a>, alphabet: &[u8; 64]) -> Made<'a> {
    let text = cx.text(input)?;
    cx.charge(text.len() / 3 * 4 + 4)?;
    let mut made = String::with_capacity(text.len() / 3 * 4 + 4);
    for chunk in text.as_bytes().chunks(3) {
        let n = u32::from(chunk[0]) << 16
            | u32::from(chunk.get(1).copied().unwrap_or(0)) << 8
            | u32::from(chunk.get(2).copied().unwrap_or(0));
        for i in 0..4 {
            if i <= chunk.len() {
                made.push(alphabet[(n >> (18 - 6 * i) & 63) as usize] as char);
            } else {
                made.push('=');
            }
        }
    }
    Ok(Value::string(made))
}

fn decoded<'a>(cx: &mut Context<'a>, input: Value<'a>, alphabet: &[u8; 64], padded: bool) -> Made<'a> {
    let text = cx.text(input)?;
    cx.charge(text.len())?;
    let wrong = || Error::value("this is not valid Base64");
    let bytes = text.as_bytes();
    let body = text.trim_end_matches('=').as_bytes();
    let padding = bytes.len() - body.len();
    let fits = padding <= 2 && bytes.len().is_multiple_of(4);
    if body.len() % 4 == 1 || (padded && !fits) || (padding > 0 && !fits) {
        return Err(wrong());
    }
    let mut values = [255u8; 256];
    for (i, b) in alphabet.iter().enumerate() {
        values[usize::from(*b)] = i as u8;
    }
    let mut made = Vec::with_capacity(body.len() / 4 * 3 + 3);
    for chunk in body.chunks(4) {
        let mut n = 0u32;
        for b in chunk {
            let value = values[usize::from(*b)];
            if value == 255 {
                return Err(wrong());
            }
            n = n << 6 | u32::from(value);
        }
        n <<= 6 * (4 - chunk.len());
        made.extend_from_slice(&n.to_be_bytes()[1..chunk.len()]);
    }
    String::from_utf8(made).map(Value::string).map_err(|_| Error::value("the decoded text is not UTF-8"))
}

pub(super) fn base64_encode<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    encoded(cx, input, STANDARD)
}

pub(super) fn base64_url_safe_encode<'a>(
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    encoded(cx, input, URL_SAFE)
}

pub(super) fn base64_decode<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    decoded(cx, input, STANDARD, true)
}

pub(super) fn base64_url_safe_decode<'a>(
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    decoded(cx, input, URL_SAFE, false)
}

/// JSON that is safe wherever it is put: in a script, in an attribute, under autoescape.
pub(super) fn json<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    let mut made = String::new();
    cx.json(&input, &mut made)?;
    Ok(Value::html(made))
}

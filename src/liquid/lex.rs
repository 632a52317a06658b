//! The words of a tag or an output.

use super::ast::Op;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Tok<'s> {
    Ident(&'s str),
    Number(&'s str),
    Str(&'s str),
    Op(Op),
    DotDot,
    Sign(u8),
    /// A quote that is never closed.
    Open,
    Bad(char),
    End,
}

impl Tok<'_> {
    /// How a message calls it.
    pub(super) fn describe(self) -> String {
        match self {
            Tok::Ident(s) | Tok::Number(s) => format!("\"{s}\""),
            Tok::Str(_) => "a string".to_owned(),
            Tok::Op(op) => format!("\"{}\"", op.sign()),
            Tok::DotDot => "\"..\"".to_owned(),
            Tok::Sign(b) => format!("\"{}\"", b as char),
            Tok::Open => "a string that is never closed".to_owned(),
            Tok::Bad(c) => format!("\"{c}\""),
            Tok::End => "the end".to_owned(),
        }
    }
}

/// The word at a place that is no space, and where it ends.
pub(super) fn next<'s>(text: &'s str, at: usize) -> (Tok<'s>, usize) {
    let bytes = text.as_bytes();
    let Some(&b) = bytes.get(at) else { return (Tok::End, at) };
    let next = bytes.get(at + 1).copied();
    match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
            let mut end = at + 1;
            while bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
                end += 1;
            }
            if bytes.get(end) == Some(&b'?') {
                end += 1;
            }
            let word = &text[at..end];
            (if word == "contains" { Tok::Op(Op::Contains) } else { Tok::Ident(word) }, end)
        }
        b'0'..=b'9' => number(text, at, at),
        b'-' if next.is_some_and(|b| b.is_ascii_digit()) => number(text, at, at + 1),
        b'"' | b'\'' => match text[at + 1..].find(b as char) {
            Some(i) => (Tok::Str(&text[at + 1..at + 1 + i]), at + i + 2),
            None => (Tok::Open, text.len()),
        },
        b'=' if next == Some(b'=') => (Tok::Op(Op::Eq), at + 2),
        b'!' if next == Some(b'=') => (Tok::Op(Op::Ne), at + 2),
        b'<' if next == Some(b'>') => (Tok::Op(Op::Ne), at + 2),
        b'<' if next == Some(b'=') => (Tok::Op(Op::Le), at + 2),
        b'>' if next == Some(b'=') => (Tok::Op(Op::Ge), at + 2),
        b'<' => (Tok::Op(Op::Lt), at + 1),
        b'>' => (Tok::Op(Op::Gt), at + 1),
        b'.' if next == Some(b'.') => (Tok::DotDot, at + 2),
        b'|' | b'.' | b':' | b',' | b'[' | b']' | b'(' | b')' | b'=' => (Tok::Sign(b), at + 1),
        _ => {
            let c = text[at..].chars().next().unwrap_or('\0');
            (Tok::Bad(c), at + c.len_utf8())
        }
    }
}

fn number(text: &str, at: usize, mut end: usize) -> (Tok<'_>, usize) {
    let bytes = text.as_bytes();
    let digits = |mut end: usize| {
        while bytes.get(end).is_some_and(u8::is_ascii_digit) {
            end += 1;
        }
        end
    };
    end = digits(end);
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end = digits(end + 1);
    }
    (Tok::Number(&text[at..end]), end)
}

impl Op {
    pub(super) fn sign(self) -> &'static str {
        match self {
            Op::Eq => "==",
            Op::Ne => "!=",
            Op::Lt => "<",
            Op::Le => "<=",
            Op::Gt => ">",
            Op::Ge => ">=",
            Op::Contains => "contains",
        }
    }
}

//! The inner parser: what stands in a tag or an output.

use std::sync::Arc;

use super::ast::{
    Call, Condition, Expr, Filtered, Join, Literal, Name, Op, Path, Root, Snippet, Special, Step, Test,
};
use super::error::{Error, ErrorKind, did_you_mean};
use super::language::Language;
use super::lex::{Tok, next};
use super::tokens::is_space;

/// Name and text of the template that is being parsed, for the place of an error.
#[derive(Clone)]
pub(super) struct Source<'s> {
    pub(super) name: Arc<str>,
    pub(super) text: &'s str,
}

impl Source<'_> {
    pub(super) fn error(&self, at: usize, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Syntax, message).at(&self.name, self.text, at)
    }

    pub(super) fn limit(&self, at: usize, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Limit, message).at(&self.name, self.text, at)
    }
}

pub(super) struct Markup<'s, 'l> {
    source: &'l Source<'s>,
    language: &'l Language,
    /// The whole source up to the end of this markup.
    text: &'s str,
    pos: usize,
    depth: u16,
    /// Added to positions: for an expression in a string, which is a text of its own.
    shift: usize,
}

type Parsed<T> = Result<T, Error>;

impl<'s, 'l> Markup<'s, 'l> {
    pub(super) fn new(source: &'l Source<'s>, language: &'l Language, start: usize, end: usize) -> Self {
        Markup { source, language, text: &source.text[..end], pos: start, depth: 0, shift: 0 }
    }

    pub(super) fn error(&self, at: usize, message: impl Into<String>) -> Error {
        self.source.error(at + self.shift, message)
    }

    pub(super) fn at(&self) -> usize {
        self.pos
    }

    /// What is left, without the space around it.
    pub(super) fn rest(&self) -> &'s str {
        self.text[self.pos..].trim_matches(|c: char| c.is_ascii() && is_space(c as u8))
    }

    fn space(&mut self) {
        let bytes = self.text.as_bytes();
        while self.pos < bytes.len() && is_space(bytes[self.pos]) {
            self.pos += 1;
        }
    }

    /// The next word, and where it ends; nothing is taken.
    fn peek(&mut self) -> (Tok<'s>, usize) {
        self.space();
        next(self.text, self.pos)
    }

    fn unexpected<T>(&mut self, wanted: &str) -> Parsed<T> {
        let (tok, _) = self.peek();
        let at = self.pos;
        if tok == Tok::Open {
            return Err(self.error(at, "a string that is never closed"));
        }
        Err(self.error(at, format!("expected {wanted}, found {}", tok.describe())))
    }

    fn take(&mut self, sign: u8) -> bool {
        let (tok, end) = self.peek();
        let found = tok == Tok::Sign(sign);
        if found {
            self.pos = end;
        }
        found
    }

    pub(super) fn comma(&mut self) -> bool {
        self.take(b',')
    }

    pub(super) fn colon(&mut self) -> bool {
        self.take(b':')
    }

    pub(super) fn equals(&mut self) -> bool {
        self.take(b'=')
    }

    pub(super) fn expect_colon(&mut self) -> Parsed<()> {
        if self.colon() { Ok(()) } else { self.unexpected("\":\"") }
    }

    /// Takes the word if it comes next.
    pub(super) fn word(&mut self, word: &str) -> bool {
        let (tok, end) = self.peek();
        let found = tok == Tok::Ident(word);
        if found {
            self.pos = end;
        }
        found
    }

    /// Takes a name if one comes next.
    pub(super) fn ident(&mut self) -> Option<&'s str> {
        match self.peek() {
            (Tok::Ident(name), end) => {
                self.pos = end;
                Some(name)
            }
            _ => None,
        }
    }

    pub(super) fn expect_ident(&mut self, wanted: &str) -> Parsed<&'s str> {
        match self.ident() {
            Some(name) => Ok(name),
            None => self.unexpected(wanted),
        }
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.word(word) { Ok(()) } else { self.unexpected(&format!("\"{word}\"")) }
    }

    pub(super) fn string(&mut self) -> Option<&'s str> {
        match self.peek() {
            (Tok::Str(text), end) => {
                self.pos = end;
                Some(text)
            }
            _ => None,
        }
    }

    pub(super) fn is_end(&mut self) -> bool {
        self.peek().0 == Tok::End
    }

    pub(super) fn expect_end(&mut self) -> Parsed<()> {
        if self.is_end() { Ok(()) } else { self.unexpected("nothing more") }
    }

    /// The target of `assign` and its like: looser than a name in an expression, as Liquid has it.
    pub(super) fn target(&mut self) -> Parsed<Name> {
        self.space();
        let bytes = self.text.as_bytes();
        let start = self.pos;
        let quote = bytes.get(start).copied().filter(|b| matches!(b, b'"' | b'\''));
        let from = start + usize::from(quote.is_some());
        let mut end = from;
        while bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
            end += 1;
        }
        if end == from {
            return self.unexpected("a name");
        }
        self.pos = end;
        if let Some(q) = quote {
            if bytes.get(end) != Some(&q) {
                return self.unexpected("the closing quote");
            }
            self.pos += 1;
        }
        Ok(Name::new(&self.text[from..end]))
    }

    /// One expression without filters.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        let (tok, end) = self.peek();
        let at = self.pos;
        match tok {
            Tok::Str(text) => {
                self.pos = end;
                Ok(Expr::Literal(Literal::Str(text.into())))
            }
            Tok::Number(text) => {
                self.pos = end;
                self.number_literal(at, text).map(Expr::Literal)
            }
            Tok::Ident(name) => {
                self.pos = end;
                let steps = self.steps()?;
                if steps.is_empty()
                    && let Some(literal) = keyword(name)
                {
                    return Ok(Expr::Literal(literal));
                }
                let root = Root::Name(Name::new(name));
                Ok(Expr::Path(Box::new(Path { root, steps, at: (at + self.shift) as u32 })))
            }
            Tok::Sign(b'[') => {
                self.pos = end;
                let root = self.bracketed()?;
                let steps = self.steps()?;
                let root = match root {
                    Expr::Literal(Literal::Str(name)) => Root::Name(Name::new(&name)),
                    other => Root::Expr(other),
                };
                Ok(Expr::Path(Box::new(Path { root, steps, at: (at + self.shift) as u32 })))
            }
            Tok::Sign(b'(') => {
                self.pos = end;
                self.deeper(at)?;
                let from = self.expression()?;
                match self.peek() {
                    (Tok::DotDot, end) => self.pos = end,
                    _ => return self.unexpected("\"..\""),
                }
                let to = self.expression()?;
                if !self.take(b')') {
                    return self.unexpected("\")\"");
                }
                self.depth -= 1;
                Ok(Expr::Range(Box::new((from, to))))
            }
            _ => self.unexpected("a value"),
        }
    }

    fn deeper(&mut self, at: usize) -> Parsed<()> {
        self.depth += 1;
        let most = self.language.limits.nesting;
        if self.depth > most {
            return Err(self.source.limit(at + self.shift, format!("brackets nest deeper than {most}")));
        }
        Ok(())
    }

    fn bracketed(&mut self) -> Parsed<Expr> {
        self.deeper(self.pos)?;
        let inner = self.expression()?;
        if !self.take(b']') {
            return self.unexpected("\"]\"");
        }
        self.depth -= 1;
        Ok(inner)
    }

    fn steps(&mut self) -> Parsed<Box<[Step]>> {
        let mut steps = Vec::new();
        loop {
            match self.peek() {
                (Tok::Sign(b'['), end) => {
                    self.pos = end;
                    steps.push(match self.bracketed()? {
                        Expr::Literal(Literal::Str(key)) => Step::Key(Name::new(&key), Special::None),
                        Expr::Literal(Literal::Int(index)) => Step::Index(index),
                        other => Step::Expr(other),
                    });
                }
                (Tok::Sign(b'.'), end) => {
                    self.pos = end;
                    let (tok, end) = self.peek();
                    let key = match tok {
                        Tok::Ident(key) => key,
                        Tok::Op(Op::Contains) => "contains",
                        _ => return self.unexpected("a property's name"),
                    };
                    self.pos = end;
                    steps.push(Step::Key(Name::new(key), Special::of(key)));
                }
                _ => return Ok(steps.into()),
            }
        }
    }

    fn number_literal(&self, at: usize, text: &str) -> Parsed<Literal> {
        let most = self.language.limits.digits;
        let count = text.bytes().filter(u8::is_ascii_digit).count();
        let long =
            || self.source.limit(at + self.shift, format!("a number of {count} digits; at most {most}"));
        if text.contains('.') {
            // More digits than a float can hold do no harm, but a flood of them is no number.
            if count > most * 4 {
                return Err(long());
            }
            return text.parse().map(Literal::Float).map_err(|_| long());
        }
        if count > most {
            return Err(long());
        }
        text.parse().map(Literal::Int).map_err(|_| long())
    }

    /// An expression with filters; nothing at all is nil.
    pub(super) fn filtered(&mut self) -> Parsed<Filtered> {
        self.space();
        let at = (self.pos + self.shift) as u32;
        if self.is_end() {
            return Ok(Filtered { base: Expr::Literal(Literal::Nil), calls: Box::default(), at });
        }
        let base = self.expression()?;
        let mut calls = Vec::new();
        while self.take(b'|') {
            calls.push(self.call()?);
        }
        self.expect_end()?;
        Ok(Filtered { base, calls: calls.into(), at })
    }

    fn call(&mut self) -> Parsed<Call> {
        self.space();
        let at = self.pos;
        let name = self.expect_ident("a filter's name")?;
        let Some(spec) = self.language.filters.get(name) else {
            let hint = did_you_mean(name, self.language.filters.keys().map(|k| &**k));
            return Err(self.error(at, format!("there is no filter \"{name}\"")).with_hint(hint));
        };
        let (mut args, mut named) = (Vec::new(), Vec::new());
        let mut snippet = None;
        if self.colon() {
            loop {
                self.space();
                let before = self.pos;
                if let Some(key) = self.ident() {
                    if self.colon() {
                        if !spec.arity.named.contains(&key) {
                            return Err(self.error(before, format!("\"{name}\" takes no argument \"{key}\"")));
                        }
                        named.push((key.into(), self.expression()?));
                        if !self.comma() {
                            break;
                        }
                        continue;
                    }
                    self.pos = before;
                }
                if spec.arity.expression == Some(args.len()) {
                    let (tok, end) = self.peek();
                    let Tok::Str(text) = tok else {
                        return self.unexpected("an expression in quotes");
                    };
                    snippet = Some(Box::new(self.snippet(text, end - 1 - text.len())?));
                }
                args.push(self.expression()?);
                if !self.comma() {
                    break;
                }
            }
        }
        let (least, most) = (spec.arity.least, spec.arity.most);
        if args.len() < least || args.len() > most {
            let wanted = match (least, most) {
                (0, 0) => "no arguments".to_owned(),
                (a, b) if a == b => format!("{a} argument{}", if a == 1 { "" } else { "s" }),
                (a, b) => format!("{a} to {b} arguments"),
            };
            return Err(self.error(at, format!("\"{name}\" takes {wanted}, not {}", args.len())));
        }
        Ok(Call {
            filter: spec.filter.clone(),
            args: args.into(),
            named: named.into(),
            snippet,
            forgives: name == "default",
            escapes: spec.escapes,
            at: (at + self.shift) as u32,
        })
    }

    /// An expression or a condition in a string: positions are those in the template around it.
    fn snippet(&self, text: &'s str, at: usize) -> Parsed<Snippet> {
        let sub = |depth: u16| Markup {
            source: self.source,
            language: self.language,
            text,
            pos: 0,
            depth,
            shift: self.shift + at,
        };
        if self.depth >= 4 {
            return Err(self.source.limit(at + self.shift, "expressions in strings nest too deep"));
        }
        // Quotes alternate, so this cannot go deep; what is not a value is a condition.
        match sub(self.depth + 1).filtered() {
            Ok(value) => Ok(Snippet::Value(value)),
            Err(as_value) => match sub(self.depth + 1).condition() {
                Ok(condition) => Ok(Snippet::Test(condition)),
                // Whichever reading got further is the one that was meant.
                Err(as_test) if (as_test.line(), as_test.column()) > (as_value.line(), as_value.column()) => {
                    Err(as_test)
                }
                Err(_) => Err(as_value),
            },
        }
    }

    /// `a == b and c contains d`
    pub(super) fn condition(&mut self) -> Parsed<Condition> {
        let (mut tests, mut joins) = (Vec::new(), Vec::new());
        loop {
            self.space();
            let at = (self.pos + self.shift) as u32;
            let left = self.expression()?;
            let rest = match self.peek() {
                (Tok::Op(op), end) => {
                    self.pos = end;
                    Some((op, self.expression()?))
                }
                _ => None,
            };
            tests.push(Test { left, rest, at });
            if self.word("and") {
                joins.push(Join::And);
            } else if self.word("or") {
                joins.push(Join::Or);
            } else {
                break;
            }
        }
        match self.peek() {
            (Tok::End, _) => Ok(Condition { tests: tests.into(), joins: joins.into() }),
            (Tok::Sign(b'='), _) => Err(self
                .error(self.pos, "expected an operator, found \"=\"")
                .with_hint(Some("use \"==\"".into()))),
            _ => self.unexpected("an operator, \"and\", \"or\" or nothing more"),
        }
    }

    /// Whether what old templates do wrong is an error.
    pub(super) fn is_strict(&self) -> bool {
        self.language.strict_syntax
    }

    /// `{{ value }}` inside a tag, as Jekyll allows it for the name of an include.
    pub(super) fn embedded_output(&mut self) -> Parsed<Filtered> {
        self.space();
        let start = self.pos + 2;
        let Some(len) = self.text[start..].find("}}") else {
            return Err(self.error(self.pos, "this output is never closed with \"}}\""));
        };
        let mut inner = Markup { text: &self.text[..start + len], pos: start, ..*self };
        let value = inner.filtered()?;
        self.pos = start + len + 2;
        Ok(value)
    }

    /// Passes over a bare word of a known length.
    pub(super) fn skip_word(&mut self, len: usize) {
        self.space();
        self.pos += len;
    }

    /// `, key: value key: value`, with or without commas.
    pub(super) fn arguments(&mut self) -> Parsed<Vec<(Name, Expr)>> {
        let mut args = Vec::new();
        loop {
            let comma = self.comma();
            if self.is_end() {
                return Ok(args);
            }
            let wanted = if comma || args.is_empty() { "a parameter's name" } else { "\",\"" };
            let key = self.expect_ident(wanted)?;
            self.expect_colon()?;
            args.push((Name::new(key), self.expression()?));
        }
    }
}

fn keyword(name: &str) -> Option<Literal> {
    Some(match name {
        "nil" | "null" => Literal::Nil,
        "true" => Literal::Bool(true),
        "false" => Literal::Bool(false),
        "empty" => Literal::Empty,
        "blank" => Literal::Blank,
        _ => return None,
    })
}

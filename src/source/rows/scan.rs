//! Finds the rows of a JSON list without reading them: their bounds only, by the nesting of brackets outside of texts.
//! Whether what is inside the bounds is JSON shows when a row is read.

use std::ops::Range;

use super::known::Finder;
use super::stretch::length_of_text;

/// The file as a whole is not what it must be.
#[derive(Debug, PartialEq)]
pub(super) struct Broken {
    /// The byte where it shows.
    pub(super) at: usize,
    /// What is wrong.
    pub(super) message: String,
}

/// The bounds of a row, and its place among the rows that are known, if it is one of them.
pub(super) type Bounds = (Range<usize>, Option<usize>);

/// The bounds of all rows of the list in `bytes`: the list itself, or the one called `data` or `courses` in an object,
/// also `courses` in `data`. A row that `known` finds is not looked through.
pub(super) fn rows(bytes: &[u8], known: Option<Finder<'_>>) -> Result<Vec<Bounds>, Broken> {
    let start = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut scanner = Scanner { bytes, at: start, known };
    scanner.skip_space();
    let rows = scanner.list_or_object()?;
    scanner.skip_space();
    match scanner.peek() {
        None => {
            rows.ok_or_else(|| scanner.broken("expected a list of courses, or an object with one in `data`"))
        }
        Some(_) => Err(scanner.broken("something follows the end of the JSON")),
    }
}

/// How long the value is that these bytes begin with; nothing where there is none, or it goes on behind them.
pub(super) fn value(bytes: &[u8]) -> Option<usize> {
    Scanner { bytes, at: 0, known: None }.value().ok().map(|value| value.end)
}

/// The place of a byte for people, counted from one.
pub(super) fn line_and_column(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = &bytes[..at.min(bytes.len())];
    let line_start = before.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    let characters = before[line_start..].iter().filter(|&&b| b & 0b1100_0000 != 0b1000_0000).count();
    (before.iter().filter(|&&b| b == b'\n').count() + 1, characters + 1)
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    known: Option<Finder<'a>>,
}

impl Scanner<'_> {
    fn broken(&self, message: &str) -> Broken {
        Broken { at: self.at, message: message.into() }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn list_or_object(&mut self) -> Result<Option<Vec<Bounds>>, Broken> {
        match self.peek() {
            Some(b'[') => self.list().map(Some),
            Some(b'{') => self.object(),
            None => Err(self.broken("the file is empty")),
            Some(_) => Err(self.broken("this is no JSON list of courses")),
        }
    }

    fn list(&mut self) -> Result<Vec<Bounds>, Broken> {
        // It is mostly as long as it was.
        let mut rows = Vec::with_capacity(self.known.as_ref().map_or(0, |known| known.number() + 1));
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(rows);
        }
        loop {
            rows.push(self.row()?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(rows);
                }
                None => return Err(self.cut_off()),
                Some(_) => return Err(self.broken("expected `,` or `]` after a row")),
            }
            self.skip_space();
        }
    }

    fn row(&mut self) -> Result<Bounds, Broken> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if let Some((at, length)) = self.known.as_mut().and_then(|known| known.find(rest)) {
            let bounds = self.at..self.at + length;
            self.at = bounds.end;
            return Ok((bounds, Some(at)));
        }
        let bounds = self.value()?;
        let row = self.bytes.get(bounds.clone()).unwrap_or_default();
        let known = self.known.as_mut().and_then(|known| known.recognise(row));
        Ok((bounds, known))
    }

    fn object(&mut self) -> Result<Option<Vec<Bounds>>, Broken> {
        let mut rows = None;
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(rows);
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(if self.peek().is_none() {
                    self.cut_off()
                } else {
                    self.broken("expected a name")
                });
            }
            let name = self.value()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.broken("expected `:` after a name"));
            }
            self.at += 1;
            self.skip_space();
            let is_rows = matches!(&self.bytes[name], br#""data""# | br#""courses""#);
            match self.peek() {
                Some(b'[') if is_rows && rows.is_none() => rows = Some(self.list()?),
                // One level is what servers wrap; deeper ones would only invite endless recursion.
                Some(b'{') if is_rows && rows.is_none() => {
                    let inner = self.value()?;
                    let known = self.known.take();
                    let mut within = Scanner { bytes: &self.bytes[..inner.end], at: inner.start, known };
                    rows = within.wrapped()?;
                    self.known = within.known;
                }
                _ => {
                    self.valid_value()?;
                }
            }
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(rows);
                }
                None => return Err(self.cut_off()),
                Some(_) => return Err(self.broken("expected `,` or `}` after a value")),
            }
        }
    }

    /// The list `courses` in the object at hand.
    fn wrapped(&mut self) -> Result<Option<Vec<Bounds>>, Broken> {
        let start = self.at;
        let whole = self.valid_value()?;
        self.at = start + 1;
        loop {
            self.skip_space();
            if self.at + 1 >= whole.end {
                return Ok(None);
            }
            let name = self.value()?;
            self.skip_space();
            self.at += 1;
            self.skip_space();
            if &self.bytes[name] == br#""courses""# && self.peek() == Some(b'[') {
                return self.list().map(Some);
            }
            self.value()?;
            self.skip_space();
            self.at += 1;
        }
    }

    fn cut_off(&self) -> Broken {
        self.broken("the file is cut off")
    }

    /// A value that nobody reads later, so it is checked here.
    fn valid_value(&mut self) -> Result<Range<usize>, Broken> {
        let span = self.value()?;
        match serde_json::from_slice::<serde::de::IgnoredAny>(&self.bytes[span.clone()]) {
            Ok(_) => Ok(span),
            Err(_) => Err(Broken { at: span.start, message: "this is no JSON value".into() }),
        }
    }

    /// The bounds of the value at hand.
    fn value(&mut self) -> Result<Range<usize>, Broken> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => self.text()?,
            Some(b'{' | b'[') => self.brackets()?,
            Some(b',' | b':' | b']' | b'}') => return Err(self.broken("expected a value")),
            None => return Err(self.cut_off()),
            Some(_) => {
                let rest = &self.bytes[start..];
                let ends = |b: &u8| {
                    matches!(b, b',' | b':' | b']' | b'}' | b'{' | b'[' | b'"') || b.is_ascii_whitespace()
                };
                self.at += rest.iter().position(ends).unwrap_or(rest.len());
            }
        }
        Ok(start..self.at)
    }

    fn brackets(&mut self) -> Result<(), Broken> {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.text()?;
                    continue;
                }
                Some(b'{' | b'[') => depth += 1,
                Some(b'}' | b']') => depth -= 1,
                Some(_) => {}
                None => return Err(self.cut_off()),
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn text(&mut self) -> Result<(), Broken> {
        self.at += 1;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let step = length_of_text(rest);
            match rest.get(step) {
                Some(b'"') => {
                    self.at += step + 1;
                    return Ok(());
                }
                Some(_) => self.at += step + 2,
                None => {
                    self.at = self.bytes.len();
                    return Err(self.cut_off());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(json: &str) -> Result<Vec<&str>, String> {
        let rows = rows(json.as_bytes(), None);
        let rows = rows.map_err(|broken| format!("{}: {}", broken.at, broken.message))?;
        Ok(rows.into_iter().map(|(row, _)| &json[row]).collect())
    }

    #[test]
    fn rows_are_found_in_a_list_and_in_an_object() {
        let list = r#" [ {"a":"]}\"["} , 2,"x" ] "#;
        assert_eq!(texts(list), Ok(vec![r#"{"a":"]}\"["}"#, "2", r#""x""#]));
        assert_eq!(texts("[]"), Ok(vec![]));
        assert_eq!(texts("\u{feff}[1]"), Ok(vec!["1"]));
        assert_eq!(texts(r#"{"success":true,"data":[{},[]],"meta":{"v":1}}"#), Ok(vec!["{}", "[]"]));
        assert_eq!(texts(r#"{"courses":[1]}"#), Ok(vec!["1"]));
        assert_eq!(texts(r#"{"data":{"total":1,"courses":[1,2]}}"#), Ok(vec!["1", "2"]));
    }

    #[test]
    fn what_is_no_whole_list_is_refused() {
        for (json, message) in [
            ("", "0: the file is empty"),
            ("[1,2", "4: the file is cut off"),
            (r#"[{"a":"x"#, "8: the file is cut off"),
            (r#"["\"#, "3: the file is cut off"),
            ("[1,]", "3: expected a value"),
            ("[1 2]", "3: expected `,` or `]` after a row"),
            ("[1]x", "3: something follows the end of the JSON"),
            ("<html>", "0: this is no JSON list of courses"),
            ("{}", "2: expected a list of courses, or an object with one in `data`"),
            (r#"{"data":[],"x":nope}"#, "15: this is no JSON value"),
            (r#"{"data":{"courses"}}"#, "8: this is no JSON value"),
            (r#"{"data":null}"#, "13: expected a list of courses, or an object with one in `data`"),
        ] {
            assert_eq!(texts(json), Err(message.to_owned()), "{json}");
        }
    }

    #[test]
    fn a_place_is_counted_in_characters() {
        assert_eq!(line_and_column("ä\nöx".as_bytes(), 5), (2, 2));
    }
}

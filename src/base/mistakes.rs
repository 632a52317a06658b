//! Mistakes in files that people write: where they are, the line itself, and what to do. Found ones are told together,
//! so that nobody has to run a command once for each.

use std::fmt;
use std::ops::Range;

use super::text::closest;
use crate::error::{Error, Fault, Kind};

/// One mistake in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    file: String,
    place: Option<Box<Place>>,
    message: String,
    hint: Option<String>,
}

/// A place in a text, counted from one as editors do, and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    line: usize,
    column: usize,
    excerpt: String,
    /// Where the caret stands below the excerpt, and how wide it is, in characters.
    caret: (usize, usize),
}

impl Mistake {
    /// A mistake in `file`, of which no place is known.
    pub fn new(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file: file.into(), place: None, message: message.into(), hint: None }
    }

    /// The same mistake at these bytes of the file's `text`.
    #[must_use]
    pub fn at(mut self, text: &str, span: Range<usize>) -> Self {
        self.place = Some(Box::new(Place::new(text, span)));
        self
    }

    /// The same mistake with a hint, if there is one.
    #[must_use]
    pub fn hint(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into);
        self
    }

    /// The mistake as an error of its own.
    pub fn into_error(self, kind: Kind) -> Error {
        together(kind, vec![self])
    }
}

/// `content/faq.md:3:1: unknown key …`, and below it the line with a caret, where the place is known.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        let Some(place) = &self.place else { return write!(f, ": {}", self.message) };
        write!(f, ":{}:{}: {}", place.line, place.column, self.message)?;
        if place.excerpt.trim().is_empty() {
            return Ok(());
        }
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        let (indent, width) = (" ".repeat(place.caret.0), "^".repeat(place.caret.1));
        write!(f, "\n{margin} |\n{number} | {}\n{margin} | {indent}{width}", place.excerpt)
    }
}

/// One error that tells all these mistakes, in their order; the hint of a single one becomes the error's own.
pub fn together(kind: Kind, mut mistakes: Vec<Mistake>) -> Error {
    const SHOWN: usize = 20;
    let faults = mistakes.iter().map(Mistake::fault).collect();
    if mistakes.len() == 1
        && let Some(mut only) = mistakes.pop()
    {
        let hint = only.hint.take();
        return Error::new(kind, only.to_string()).maybe_hint(hint).with_faults(faults);
    }
    let mut blocks: Vec<String> = mistakes.iter().take(SHOWN).map(Mistake::with_hint).collect();
    if let Some(more @ 1..) = mistakes.len().checked_sub(SHOWN) {
        blocks.push(format!("and {}", crate::base::text::count(more, "more mistake", "more mistakes")));
    }
    Error::new(kind, blocks.join("\n")).with_faults(faults)
}

impl Mistake {
    /// All of it in one line, for a log.
    pub fn in_a_line(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        let place = self.place.as_ref().map(|place| format!(":{}:{}", place.line, place.column));
        format!("{}{}: {}{hint}", self.file, place.unwrap_or_default(), self.message)
    }

    /// The same for lists.
    pub fn fault(&self) -> Fault {
        let hint = self.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        Fault {
            file: self.file.clone(),
            line: self.place.as_ref().map(|place| place.line),
            message: format!("{}{hint}", self.message),
        }
    }

    fn with_hint(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{self}\n  = hint: {hint}"),
            None => self.to_string(),
        }
    }
}

/// A name or value from a file, fit to stand in a message: short, and without characters that move the cursor.
pub fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text.chars().take(LONGEST).map(printable).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

fn printable(character: char) -> char {
    match character {
        '\t' => ' ',
        // Control characters, and those that turn the direction of the text around.
        c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => '\u{fffd}',
        c => c,
    }
}

impl Place {
    fn new(text: &str, span: Range<usize>) -> Self {
        const BEFORE: usize = 60;
        const WIDEST: usize = 100;
        let start = floor(text, span.start);
        let end = floor(text, span.end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = text[line_start..line_end].trim_end_matches('\r');
        let column = text[line_start..start].trim_start_matches('\u{feff}').chars().count();
        let width = text[start..end.min(line_end)].trim_end_matches('\r').chars().count().max(1);
        // Of a very long line the part around the mistake is enough.
        let skipped = column.saturating_sub(BEFORE);
        let (visible, hidden) = visible_part(line.trim_start_matches('\u{feff}'));
        let mut excerpt: String = visible.chars().skip(skipped).take(WIDEST).map(printable).collect();
        if hidden {
            excerpt.push_str(" …");
        }
        let room = excerpt.chars().count().saturating_sub(column - skipped).max(1);
        Self {
            line: text[..line_start].matches('\n').count() + 1,
            column: column + 1,
            excerpt: excerpt.trim_end().to_owned(),
            caret: (column - skipped, width.min(room)),
        }
    }
}

/// The part of a line that may be shown, and whether the rest is withheld: what is assigned to a name that sounds like a
/// secret, or an address with a password in it, does not belong in a message.
fn visible_part(line: &str) -> (&str, bool) {
    let Some(at) = line.find('=') else { return (line, false) };
    let (name, value) = (line[..at].to_lowercase(), &line[at..]);
    let words = ["api_key", "key", "secret", "token", "password"];
    let secret = words.iter().any(|word| name.contains(word)) || closest(name.trim(), words).is_some();
    let address = value.find("://").is_some_and(|at| value[at..].contains(['@', '?']));
    if secret || address { (&line[..=at], true) } else { (line, false) }
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_shows_its_line_with_a_caret() {
        let text = "a = 1\nbäse = \"x\"\n";
        let at = text.find("\"x\"").unwrap();
        let mistake = Mistake::new("aither.toml", "no good").at(text, at..at + 3).hint(Some("leave it out"));
        assert_eq!(mistake.to_string(), "aither.toml:2:8: no good\n  |\n2 | bäse = \"x\"\n  |        ^^^");
        let error = mistake.into_error(Kind::Config);
        assert_eq!(error.hints(), ["leave it out"]);
    }

    #[test]
    fn a_secret_is_not_shown() {
        let text = "api_kye = \"hunter2\"\nbase_url = \"https://me:hunter2@host\"";
        for at in [0, text.find("base").unwrap()] {
            let shown = Mistake::new("aither.toml", "wrong").at(text, at..at + 4).to_string();
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn no_span_is_too_odd() {
        let text = "\u{feff}ä\r\n\u{1b}[2Jé";
        for start in 0..text.len() + 3 {
            for end in 0..text.len() + 3 {
                let shown = Mistake::new("f", "m").at(text, start..end).to_string();
                assert!(!shown.contains('\u{1b}'));
            }
        }
    }
}

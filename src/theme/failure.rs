//! What a person is told when a template cannot be parsed or rendered: file, line and column, the line itself with a
//! caret, the way from the page to it, and what may have been meant.

use std::fmt::Write as _;

use super::places::{Places, Template};
use crate::error::{Error, Kind};
use crate::liquid::{self, ErrorKind, Frame};

/// Tells what went wrong on one page.
pub(super) struct Teller<'a> {
    pub(super) places: &'a Places,
    /// The page's name.
    pub(super) page: &'a str,
    /// The layouts, from the innermost to the one that was being rendered.
    pub(super) chain: &'a [&'a Template],
}

impl Teller<'_> {
    /// The error for what is wrong with a layout; all of it at once.
    pub(super) fn unparsable(&self, errors: &[liquid::Error]) -> Error {
        self.told(errors, &self.way())
    }

    /// The error for what went wrong while the page was rendered.
    pub(super) fn failed(&self, error: &liquid::Error) -> Error {
        let mut way = String::new();
        let (first, last) = shortened(error.chain());
        for frame in first {
            way.push_str(&self.step(frame));
        }
        if let Some((left_out, last)) = last {
            let _ = write!(way, "\n  … {left_out} more …{}", self.step(last));
        }
        way.push_str(&self.way());
        if error.kind() == ErrorKind::Withheld {
            return self.withheld(error, &way);
        }
        // A partial that cannot be parsed has perhaps more than the one mistake that ended the render.
        let file = error.place().map(|place| &*place.template);
        let mistakes =
            file.filter(|_| error.kind() == ErrorKind::Syntax).and_then(|file| self.places.mistakes(file));
        self.told(mistakes.unwrap_or(std::slice::from_ref(error)), &way)
    }

    /// What a person should look at, although the page could be made; in one line, the same for all pages.
    pub(super) fn warning(&self, warning: &liquid::Error) -> String {
        let hint = warning.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}{hint}", self.head(warning, warning.message()))
    }

    fn told(&self, errors: &[liquid::Error], way: &str) -> Error {
        if let [only] = errors {
            let message = format!("{}{}", self.head(only, only.message()), self.excerpt(only));
            return Error::new(Kind::Template, message).met_by(way).maybe_hint(only.hint());
        }
        let mut message = String::new();
        for error in errors {
            let _ = write!(message, "{}{}", self.head(error, error.message()), self.excerpt(error));
            if let Some(hint) = error.hint() {
                let _ = write!(message, "\n  = hint: {hint}");
            }
            message.push('\n');
        }
        Error::new(Kind::Template, message).met_by(way.trim_start_matches('\n'))
    }

    fn withheld(&self, error: &liquid::Error, way: &str) -> Error {
        // The engine puts the field's name in quotes.
        let field = error.message().split('"').nth(1).unwrap_or_default();
        let message = format!("this template reads `{field}` of a participant, which is not public");
        let message = format!("{}{}", self.head(error, &message), self.excerpt(error));
        Error::new(Kind::Privacy, message)
            .met_by(way)
            .hint(format!(
                "if these pages may show it, add \"{field}\" to `public_fields` under `[privacy]` in aither.toml"
            ))
            .hint("how many participants there are is always public: `course.participant_count`")
    }

    fn head(&self, error: &liquid::Error, message: &str) -> String {
        let Some(place) = error.place() else { return message.to_owned() };
        let line = self.places.line(&place.template, place.line);
        format!("{}:{line}:{}: {message}", place.template, place.column)
    }

    /// The line with a caret below it.
    fn excerpt(&self, error: &liquid::Error) -> String {
        /// Minified templates have lines of many kilobytes.
        const BEFORE: usize = 60;
        const WIDEST: usize = 100;
        let Some(place) = error.place().filter(|place| !place.source.trim().is_empty()) else {
            return String::new();
        };
        let column = (place.column as usize).saturating_sub(1);
        let skipped = column.saturating_sub(BEFORE);
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let line: String = place.source.chars().skip(skipped).take(WIDEST).map(plain).collect();
        let number = self.places.line(&place.template, place.line).to_string();
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(column - skipped);
        format!("\n{margin} |\n{number} | {}\n{margin} | {indent}^", line.trim_end())
    }

    fn step(&self, frame: &Frame) -> String {
        let line = self.places.line(&frame.template, frame.line);
        format!("\n  in the `{}` at {}:{line}:{}", frame.how, frame.template, frame.column)
    }

    /// The layouts from the one at fault to the page.
    fn way(&self) -> String {
        match self.chain {
            [] | [_] => format!("\n  on the page {}", self.page),
            [inner @ .., _] => {
                let files: Vec<&str> = inner.iter().rev().map(|layout| &*layout.file).collect();
                format!("\n  around {}\n  on the page {}", files.join(", around "), self.page)
            }
        }
    }
}

/// The steps to tell, and the last one with the number of those left out before it: partials that include themselves
/// would fill the screen.
fn shortened(chain: &[Frame]) -> (&[Frame], Option<(usize, &Frame)>) {
    const SHOWN: usize = 6;
    match chain {
        [first @ .., last] if first.len() > SHOWN => {
            (&first[..SHOWN - 1], Some((first.len() + 1 - SHOWN, last)))
        }
        all => (all, None),
    }
}

//! Quotation marks by language. The parser decides which quotes open and which close; this sets the right characters.

use std::ops::Range;

use pulldown_cmark::CowStr;

/// Opening and closing marks, double and single.
type Marks = [&'static str; 4];

/// Sets the quotation marks of one text.
pub(super) struct Quotes<'a> {
    source: &'a str,
    marks: Marks,
    /// Single quotes that are open in this block: tells a closing one from an apostrophe.
    open: usize,
}

fn marks(language: &str) -> Marks {
    let language = language.to_ascii_lowercase();
    let primary = language.split('-').next().unwrap_or_default();
    match (primary, &*language) {
        ("de", "de-ch" | "de-li") => ["«", "»", "‹", "›"],
        ("de" | "lb" | "cs" | "sk" | "sl" | "bg" | "is" | "et" | "lt", _) => ["„", "“", "‚", "‘"],
        ("pl" | "ro" | "hu" | "hr" | "sr", _) => ["„", "”", "‚", "’"],
        ("fr", "fr-ch") => ["«\u{202f}", "\u{202f}»", "‹\u{202f}", "\u{202f}›"],
        ("fr", _) => ["«\u{202f}", "\u{202f}»", "“", "”"],
        ("es" | "it" | "pt" | "ca" | "el", "pt-br") => ["“", "”", "‘", "’"],
        ("es" | "it" | "pt" | "ca" | "el", _) => ["«", "»", "“", "”"],
        ("ru" | "uk" | "be", _) => ["«", "»", "„", "“"],
        ("nb" | "nn" | "no", _) => ["«", "»", "‘", "’"],
        ("sv" | "fi", _) => ["”", "”", "’", "’"],
        _ => ["“", "”", "‘", "’"],
    }
}

impl<'a> Quotes<'a> {
    pub(super) fn of(source: &'a str, language: &str) -> Self {
        Self { source, marks: marks(language), open: 0 }
    }

    /// The text of an event; where it is a quote that the parser made of a straight one, the mark of the language.
    pub(super) fn set(&mut self, text: CowStr<'a>, span: Range<usize>) -> CowStr<'a> {
        let straight = matches!(self.source.get(span.clone()), Some("\"" | "'"));
        if !straight {
            return text;
        }
        let [open_double, close_double, open_single, close_single] = self.marks;
        match &*text {
            "“" => open_double.into(),
            "”" => close_double.into(),
            "‘" => {
                self.open += 1;
                open_single.into()
            }
            "’" if self.open > 0 && !self.is_before_letter(span.end) => {
                self.open -= 1;
                close_single.into()
            }
            _ => text,
        }
    }

    /// A quote that was left open does not reach into the next block.
    pub(super) fn end_of_block(&mut self) {
        self.open = 0;
    }

    fn is_before_letter(&self, at: usize) -> bool {
        self.source.get(at..).and_then(|rest| rest.chars().next()).is_some_and(char::is_alphanumeric)
    }
}

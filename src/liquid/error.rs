//! What is told when a template cannot be parsed or rendered: where, in which line, on the way from which page.

use std::fmt;
use std::sync::Arc;

/// What kind of trouble it is; only what a caller may want to branch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The template is not valid Liquid.
    Syntax,
    /// A name (variable, property) that is not there.
    Undefined,
    /// A partial that is not there, or that cannot be parsed.
    Partial,
    /// A filter or tag was given something it cannot work with.
    Value,
    /// A field that this template may not see.
    Withheld,
    /// A limit of the parser or of the render was reached.
    Limit,
}

/// One step of the way to the place of an error: a page was laid out by a layout, which included a partial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The name of the template that called.
    pub template: Arc<str>,
    /// The line of the call, from one; zero if the whole template is meant.
    pub line: u32,
    /// The column of the call in characters, from one.
    pub column: u32,
    /// How it called: `include`, `render`, `layout`.
    pub how: Arc<str>,
}

/// Where in a template something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The template's name.
    pub template: Arc<str>,
    /// The line, from one.
    pub line: u32,
    /// The column in characters, from one.
    pub column: u32,
    /// The text of the line.
    pub source: String,
}

/// An error or a warning about a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
    place: Option<Place>,
    chain: Vec<Frame>,
}

impl Error {
    /// An error that does not know its place yet; the engine adds it.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error(Box::new(Inner { kind, message: message.into(), hint: None, place: None, chain: Vec::new() }))
    }

    /// An error about a value that a filter or tag cannot work with.
    pub fn value(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Value, message)
    }

    /// Adds what might help.
    pub fn with_hint(mut self, hint: Option<String>) -> Error {
        self.0.hint = hint;
        self
    }

    /// The kind of trouble.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message alone, without place and hint.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What might help, such as `did you mean "title"?`.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Where it is.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// The line, from one, or zero if the place is not known.
    pub fn line(&self) -> u32 {
        self.0.place.as_ref().map_or(0, |p| p.line)
    }

    /// The column in characters, from one, or zero if the place is not known.
    pub fn column(&self) -> u32 {
        self.0.place.as_ref().map_or(0, |p| p.column)
    }

    /// The way from the innermost caller outwards.
    pub fn chain(&self) -> &[Frame] {
        &self.0.chain
    }

    /// Gives it a place in a template, unless it has one.
    pub(super) fn at(mut self, name: &Arc<str>, source: &str, offset: usize) -> Error {
        if self.0.place.is_none() {
            self.0.place = Some(locate(name, source, offset));
        }
        self
    }

    /// Adds a caller; the innermost comes first.
    pub(super) fn called_from(mut self, frame: Frame) -> Error {
        self.0.chain.push(frame);
        self
    }

    pub(super) fn under(mut self, frames: &[Frame]) -> Error {
        self.0.chain.extend_from_slice(frames);
        self
    }
}

/// The place of a byte offset: lines and columns count from one, columns in characters.
pub(super) fn locate(name: &Arc<str>, source: &str, offset: usize) -> Place {
    let mut offset = offset.min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &source[..offset];
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    let end = source[offset..].find('\n').map_or(source.len(), |i| offset + i);
    Place {
        template: name.clone(),
        line: before.matches('\n').count() as u32 + 1,
        column: source[start..offset].chars().count() as u32 + 1,
        source: source[start..end].trim_end_matches('\r').to_owned(),
    }
}

/// The longest part of a source line that is shown; minified templates have lines of many kilobytes.
const SHOWN: usize = 160;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { message, hint, place, chain, .. } = &*self.0;
        match place {
            Some(p) => writeln!(f, "{}:{}:{}: {message}", p.template, p.line, p.column)?,
            None => writeln!(f, "{message}")?,
        }
        if let Some(p) = place {
            let column = p.column as usize - 1;
            let skip = column.saturating_sub(SHOWN / 2);
            let shown: String = p.source.chars().skip(skip).take(SHOWN).collect();
            let gap: String =
                shown.chars().take(column - skip).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            writeln!(f, "{:>5} | {shown}", p.line)?;
            writeln!(f, "      | {gap}^")?;
        }
        for frame in chain {
            match frame.line {
                0 => writeln!(f, "  {} of {}", frame.how, frame.template)?,
                line => writeln!(f, "  {} at {}:{line}:{}", frame.how, frame.template, frame.column)?,
            }
        }
        if let Some(hint) = hint {
            writeln!(f, "  help: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// `did you mean "title"?`, over the names that are really there.
pub(super) fn did_you_mean<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    // Hostile names could make the comparison slow; a person's typo is never that long.
    if wanted.len() > 64 {
        return None;
    }
    let mut best: Option<(f64, &str)> = None;
    for name in names.into_iter().take(2_000).filter(|n| n.len() <= 64 && *n != wanted) {
        let near = strsim::jaro_winkler(wanted, name);
        let typo = strsim::osa_distance(wanted, name) <= 1 + wanted.chars().count() / 5;
        if (near >= 0.85 || typo) && best.is_none_or(|(b, _)| near > b) {
            best = Some((near, name));
        }
    }
    best.map(|(_, name)| format!("did you mean \"{name}\"?"))
}

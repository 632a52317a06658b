//! The one error type of the library: what kind it is, what to tell a person, and what they can do about it.

use std::fmt;

/// What a caller may want to branch on. Everything finer stands in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `aither.toml`, the environment or the command line asks for something impossible.
    Config,
    /// A file below `content/` cannot be used as it is.
    Content,
    /// A layout or partial does not parse or fails while it renders.
    Template,
    /// A template asked for a participant's data that the configuration does not make public.
    Privacy,
    /// Reading or writing a local file failed.
    Io,
    /// The source answered, but with data that must not be published: garbage, cut off, or shrunk.
    Refused,
    /// The source could not be reached, or answers that it cannot serve now.
    Unavailable,
    /// The source does not accept the credentials.
    Credentials,
    /// Another build or sync of the same site is under way.
    Busy,
    /// A thing that was asked for by name is not there.
    NotFound,
}

/// An error: its kind, one sentence for people, hints on what to do, and the cause.
///
/// The message never contains a secret or a participant's data.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    /// Where in the message the way from what was made to the mistake begins.
    way: Option<usize>,
    hints: Vec<String>,
    faults: Vec<Fault>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// One of the mistakes that an error tells of, where each has a place of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line in it, from 1.
    pub line: Option<usize>,
    /// What is wrong, with what to do.
    pub message: String,
}

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` with a message that says where and what.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        let (hints, faults) = (Vec::new(), Vec::new());
        Self { kind, message: message.into(), way: None, hints, faults, source: None }
    }

    /// The same error, with the way from what was being made to the mistake: many pages may meet one mistake, each in a
    /// way of its own.
    #[must_use]
    pub fn met_by(mut self, way: &str) -> Self {
        self.way = Some(self.message.len());
        self.message.push_str(way);
        self
    }

    /// The message without the way to the mistake: the same for all who meet it.
    pub fn mistake(&self) -> &str {
        self.way.and_then(|at| self.message.get(..at)).unwrap_or(&self.message)
    }

    /// The same error with one more hint on what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same error with a hint, if there is one.
    #[must_use]
    pub fn maybe_hint(self, hint: Option<impl Into<String>>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// The same error with the mistakes that it tells of.
    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.faults = faults;
        self
    }

    /// The mistakes that it tells of, where each has a place of its own.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The same error with its cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What a caller may branch on.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The sentence for people, without hints and cause.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the reader can do about it, in order of likelihood.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}

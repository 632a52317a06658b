//! Why a page is rendered again.

use std::fmt;

/// One variant a cause.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "cause")]
pub enum Reason {
    /// The page was never built.
    New,
    /// The file is missing in the output.
    Missing,
    /// The file in the output is not the one that was written there.
    Edited,
    /// There is no usable record of what the page read, or the manifest cannot be trusted.
    Unknown,
    /// The program, the language or the time zone is another than at the last build.
    Program,
    /// Something that the page read has another value now.
    Read {
        /// What was read: `the value of course:ck9zz.title`.
        what: String,
        /// The hash of what was seen then.
        before: u64,
        /// The hash of what is there now.
        after: u64,
    },
    /// A layout or partial has another text now, or another file stands in for it, or it came or went.
    Template {
        /// Its name: `layouts/course`.
        name: String,
        /// The hash of its text then; 0 where there was none.
        before: u64,
        /// The hash of its text now; 0 where there is none.
        after: u64,
    },
    /// The page is made from the records themselves, and one of them changed.
    Data,
    /// The file that it is a copy of changed.
    Asset,
    /// The compressed twins beside the file are not those that it is to have.
    Twins,
    /// The moment has come at which the page looks different.
    Clock,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str("new page"),
            Self::Missing => f.write_str("the file is missing in the output"),
            Self::Edited => f.write_str("the file in the output was changed by somebody else"),
            Self::Unknown => f.write_str("nothing certain is known of the last build"),
            Self::Program => f.write_str("the program, the language or the time zone is another one"),
            Self::Read { what, before, after } => write!(f, "{what} changed ({before:016x} → {after:016x})"),
            Self::Template { name, before: 0, after } => write!(f, "{name} is there now ({after:016x})"),
            Self::Template { name, before, after: 0 } => write!(f, "{name} is gone ({before:016x})"),
            Self::Template { name, before, after } => {
                write!(f, "{name} changed ({before:016x} → {after:016x})")
            }
            Self::Data => f.write_str("a record that it shows changed"),
            Self::Asset => f.write_str("the file that it is a copy of changed"),
            Self::Twins => f.write_str("its compressed twins are not there, or are not to be there"),
            Self::Clock => f.write_str("the moment has come at which it looks different"),
        }
    }
}

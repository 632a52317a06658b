//! Why a page is rendered again.

use std::fmt;

/// One variant a cause.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "cause", content = "what")]
pub enum Reason {
    /// The page was never built.
    New,
    /// The file is missing in the output.
    Missing,
    /// The file in the output is not the one that was written there.
    Edited,
    /// There is no usable record of what the page read.
    NoTrace,
    /// Something that the page read has another value now.
    Changed,
    /// The page asked for the time, and the answer is another one now.
    Clock,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "new page",
            Self::Missing => "the file is missing in the output",
            Self::Edited => "the file in the output was changed by somebody else",
            Self::NoTrace => "nothing is known of what it read",
            Self::Changed => "something that it read has changed",
            Self::Clock => "it depends on the time, and the answer is another one now",
        })
    }
}

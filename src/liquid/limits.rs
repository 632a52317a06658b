//! The limits that keep a hostile template from doing harm.

use std::time::Duration;

/// Limits of one parse.
#[derive(Debug, Clone)]
pub struct ParseLimits {
    /// The most bytes a template may have.
    pub bytes: usize,
    /// How deep blocks (and brackets in expressions) may nest.
    pub nesting: u16,
    /// The most digits a number may have.
    pub digits: usize,
    /// After so many errors the parser gives up.
    pub errors: usize,
}

impl Default for ParseLimits {
    fn default() -> Self {
        ParseLimits { bytes: 4 << 20, nesting: 100, digits: 18, errors: 20 }
    }
}

/// Limits of one render.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Steps: each tag, each output, each element that a filter looks at.
    pub steps: u64,
    /// How deep blocks and partials together may nest while running.
    pub nesting: u16,
    /// How deep partials may include each other.
    pub partials: u16,
    /// Bytes of output.
    pub output: usize,
    /// Bytes of one string, and elements of one list, made by the template.
    pub string: usize,
    /// Bytes that all strings and lists made by the template take together.
    pub memory: usize,
    /// Numbers in a range that is gone through.
    pub range: u64,
    /// Time on the wall, looked at now and then.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            steps: 10_000_000,
            nesting: 150,
            partials: 60,
            output: 16 << 20,
            string: 8 << 20,
            memory: 128 << 20,
            range: 1_000_000,
            time: Duration::from_secs(10),
        }
    }
}

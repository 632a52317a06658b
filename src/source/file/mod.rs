//! `source = "file"`: all courses from one JSON file, the export of another system.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::rows::{self, Calendar, Known};
use super::{PullRequest, Source};
use crate::base::files;
use crate::error::{Error, Kind, Result};
use crate::model::change::Pull;

/// A JSON file of courses: a list, or an object with a list in `data` or `courses`.
pub struct JsonFile {
    path: PathBuf,
    zone: TimeZone,
    /// Where it is kept what its rows say.
    known: Option<PathBuf>,
    /// What is in it, where it was read ahead, and what is kept of its rows.
    ahead: Option<(Vec<u8>, Option<Known>)>,
}

/// The name of the file, below a state folder, in which it is kept what rows say.
pub const KNOWN: &str = "rows.bin";

/// The file at `path`, in which times without an offset are those of `zone`.
pub fn open(path: &Path, zone: TimeZone) -> JsonFile {
    JsonFile { path: path.to_owned(), zone, known: None, ahead: None }
}

impl std::fmt::Debug for JsonFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // There are people in it.
        f.debug_struct("JsonFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl JsonFile {
    /// The same file; what its rows say is kept in a file below this state folder, so that the next pull reads only those
    /// that have changed.
    #[must_use]
    pub fn keeping(self, state: &Path) -> Self {
        Self { known: Some(state.join(KNOWN)), ..self }
    }

    /// The same file, read before anybody asks for its courses: what it takes to make them is not needed yet.
    pub fn read_ahead(self) -> Result<Self> {
        Ok(Self { ahead: Some(self.read()?), ..self })
    }

    fn read(&self) -> Result<(Vec<u8>, Option<Known>)> {
        let bytes = files::read(&self.path).map_err(|e| {
            Error::new(Kind::Unavailable, e.message())
                .hint("`path` in [file] of aither.toml names the file of courses")
                .caused_by(e)
        })?;
        Ok((bytes, self.known.as_ref().map(|known| Known::load(known, &self.calendar()))))
    }

    fn calendar(&self) -> Calendar {
        Calendar::fixed(self.zone.clone())
    }
}

impl Source for JsonFile {
    fn name(&self) -> &'static str {
        "file"
    }

    fn is_remote(&self) -> bool {
        false
    }

    fn pull_changes(&mut self, _: &PullRequest<'_>) -> Result<Pull> {
        let (bytes, known) = self.ahead.take().map_or_else(|| self.read(), Ok)?;
        let (name, calendar) = (self.path.display().to_string(), self.calendar());
        match &known {
            Some(known) => rows::read_again(&name, bytes, &calendar, known),
            None => rows::read(&name, &bytes, &calendar),
        }
    }
}

//! `source = "file"`: all courses from one JSON file, the export of another system.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::rows::{self, Calendar, Known};
use super::{PullRequest, Source};
use crate::base::files::{self, Reread};
use crate::error::{Error, Kind, Result};
use crate::model::change::Pull;

/// A JSON file of courses: a list, or an object with a list in `data` or `courses`.
pub struct JsonFile {
    path: PathBuf,
    zone: TimeZone,
    /// Where it is kept what its rows say.
    known: Option<PathBuf>,
    /// Its courses, where they were read ahead.
    ahead: Option<Result<Pull>>,
    /// The file, where it is read in parts.
    reread: Option<Arc<Reread>>,
}

/// The name of the file, below a state folder, in which it is kept what rows say.
pub const KNOWN: &str = "rows.bin";

/// The file at `path`, in which times without an offset are those of `zone`.
pub fn open(path: &Path, zone: TimeZone) -> JsonFile {
    JsonFile { path: path.to_owned(), zone, known: None, ahead: None, reread: None }
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

    /// The same file, read before anybody asks for its courses. Of a file most of whose rows are known the others alone are in
    /// memory: see [`JsonFile::reread`]. What is wrong with it is told by whoever asks.
    #[must_use]
    pub fn read_ahead(mut self) -> Self {
        let known = self.load();
        self.ahead = match known.as_ref().and_then(|known| self.read_parts(known)) {
            Some(pull) => Some(Ok(pull)),
            None => Some(self.read_whole(known.as_ref())),
        };
        self
    }

    fn read_parts(&mut self, known: &Known) -> Option<Pull> {
        let file = Arc::new(Reread::open(&self.path).ok()?);
        let pull = rows::read_in_parts(&self.called(), &file, &self.calendar(), known)?;
        self.reread = Some(file);
        Some(pull)
    }

    fn read_whole(&self, known: Option<&Known>) -> Result<Pull> {
        let bytes = files::read(&self.path).map_err(|e| {
            Error::new(Kind::Unavailable, e.message())
                .hint("`path` in [file] of aither.toml names the file of courses")
                .caused_by(e)
        })?;
        match known {
            Some(known) => rows::read_again(&self.called(), bytes, &self.calendar(), known),
            None => rows::read(&self.called(), &bytes, &self.calendar()),
        }
    }

    /// The file, if rows of it are read again once somebody asks for what is in them. Whatever was made from it holds only if it is
    /// still the same afterwards.
    pub fn reread(&self) -> Option<Arc<Reread>> {
        self.reread.clone()
    }

    /// What messages call it.
    fn called(&self) -> String {
        self.path.display().to_string()
    }

    /// What is kept of its rows.
    fn load(&self) -> Option<Known> {
        self.known.as_ref().map(|known| Known::load(known, &self.calendar()))
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
        match self.ahead.take() {
            Some(pull) => pull,
            None => self.read_whole(self.load().as_ref()),
        }
    }
}

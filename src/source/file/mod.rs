//! `source = "file"`: all courses from one JSON file, the export of another system.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::rows::{self, Calendar};
use super::{PullRequest, Source};
use crate::base::files;
use crate::error::{Error, Kind, Result};
use crate::model::change::Pull;

/// A JSON file of courses: a list, or an object with a list in `data` or `courses`.
pub struct JsonFile {
    path: PathBuf,
    zone: TimeZone,
    /// What is in it, where somebody has read it already.
    bytes: Option<Vec<u8>>,
}

/// The file at `path`, in which times without an offset are those of `zone`.
pub fn open(path: &Path, zone: TimeZone) -> JsonFile {
    JsonFile { path: path.to_owned(), zone, bytes: None }
}

impl std::fmt::Debug for JsonFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // There are people in it.
        f.debug_struct("JsonFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl JsonFile {
    /// The same file, of which these are the bytes: the first pull takes them.
    #[must_use]
    pub fn as_read(self, bytes: Vec<u8>) -> Self {
        Self { bytes: Some(bytes), ..self }
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
        let read = self.bytes.take().map_or_else(|| files::read(&self.path), Ok);
        let bytes = read.map_err(|e| {
            Error::new(Kind::Unavailable, e.message())
                .hint("`path` in [file] of aither.toml names the file of courses")
                .caused_by(e)
        })?;
        rows::read(&self.path.display().to_string(), &bytes, &Calendar::fixed(self.zone.clone()))
    }
}

//! `source = "file"`: all courses from one JSON file, the export of another system.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::rows::{self, Calendar};
use super::{PullRequest, Source};
use crate::base::files;
use crate::error::{Error, Kind, Result};
use crate::model::change::Pull;

/// A JSON file of courses: a list, or an object with a list in `data` or `courses`.
#[derive(Debug)]
pub struct JsonFile {
    path: PathBuf,
    zone: TimeZone,
}

/// The file at `path`, in which times without an offset are those of `zone`.
pub fn open(path: &Path, zone: TimeZone) -> JsonFile {
    JsonFile { path: path.to_owned(), zone }
}

impl Source for JsonFile {
    fn name(&self) -> &'static str {
        "file"
    }

    fn is_remote(&self) -> bool {
        false
    }

    fn pull_changes(&mut self, _: &PullRequest<'_>) -> Result<Pull> {
        let bytes = files::read(&self.path).map_err(|e| {
            Error::new(Kind::Unavailable, e.message())
                .hint("`path` in [file] of aither.toml names the file of courses")
                .caused_by(e)
        })?;
        rows::read(&self.path.display().to_string(), &bytes, &Calendar::fixed(self.zone.clone()))
    }
}

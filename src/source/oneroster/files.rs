//! A roster from CSV: a zip file or a folder, the export of a student information system.

use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};

use super::read::Progress;
use super::records::Collection;
use super::wire::{self, Mode, Rules};
use super::{held, hold, normalize, nothing};
use crate::base::files;
use crate::config;
use crate::error::{Error, Kind, Result};
use crate::model::change::{Pull, Refused};
use crate::source::{PullRequest, Source};

/// The longest file that is read, unpacked: a zip file can promise far more than it holds.
const LONGEST: u64 = 1 << 30;

/// CSV files as a source.
pub struct CsvFiles {
    path: PathBuf,
    config: config::OneRoster,
    pulled: Option<Progress>,
}

impl std::fmt::Debug for CsvFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CsvFiles").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Where the files are.
enum Bundle {
    Folder(PathBuf),
    Zip(PathBuf, Box<zip::ZipArchive<Cursor<Vec<u8>>>>),
}

impl CsvFiles {
    /// The files at `path`.
    pub fn new(path: &Path, config: &config::OneRoster) -> Self {
        Self { path: path.to_owned(), config: config.clone(), pulled: None }
    }

    fn read(&self, request: &PullRequest<'_>) -> Result<Progress> {
        let mut bundle = Bundle::open(&self.path)?;
        let manifest = bundle.file("manifest")?.unwrap_or_default();
        let manifest = wire::manifest(&manifest).map_err(|what| bundle.wrong("manifest", &what))?;
        let named = request.participants_wanted;
        let mut files = Vec::new();
        for collection in Collection::ALL {
            let is_wanted = collection != Collection::Users || named;
            let bytes = if is_wanted { bundle.file(collection.name())? } else { None };
            files.push((
                collection,
                manifest.mode(collection.name(), bytes.is_some()),
                bytes.unwrap_or_default(),
            ));
        }
        if files.iter().all(|(_, mode, _)| *mode == Mode::Absent) {
            return Err(Error::new(
                Kind::Refused,
                format!("{}: there is no file of a roster in it", self.path.display()),
            )
            .hint("expected classes.csv, courses.csv, academicSessions.csv and their like"));
        }
        let mut progress = self.start(&files, request)?;
        let rules = Rules { level_field: self.config.levels.field.as_deref(), named };
        for (collection, mode, bytes) in files {
            if mode != Mode::Absent {
                read(collection, &bytes, rules, &mut progress)
                    .map_err(|what| bundle.wrong(collection.name(), &what))?;
            }
        }
        Ok(progress)
    }

    /// What the files are applied to: files that are all there is begin with nothing, files of changes with what is known.
    fn start(&self, files: &[(Collection, Mode, Vec<u8>)], request: &PullRequest<'_>) -> Result<Progress> {
        let named = request.participants_wanted;
        if files.iter().all(|(_, mode, _)| *mode != Mode::Delta) {
            return Ok(nothing(named));
        }
        let Some(mut progress) = held(request.held, named) else {
            let message = format!(
                "{}: it holds only changes, and what they change is not known here",
                self.path.display()
            );
            let hint =
                "build once from a bulk export; people stay known where ONEROSTER_CLIENT_SECRET seals them";
            return Err(Error::new(Kind::Refused, message).hint(hint));
        };
        for (collection, _, _) in files.iter().filter(|(_, mode, _)| *mode == Mode::Bulk) {
            progress.clear(*collection);
        }
        Ok(progress)
    }
}

/// Reads the rows of one file into their table.
fn read(
    collection: Collection,
    bytes: &[u8],
    rules: Rules<'_>,
    progress: &mut Progress,
) -> std::result::Result<(), String> {
    let mut row = 1;
    wire::rows(bytes, |fields| {
        row += 1;
        let header = wire::header(fields);
        let Progress { roster, people, refused, .. } = &mut *progress;
        let put = header
            .as_ref()
            .map_err(|reason| *reason)
            .and_then(|header| wire::put(collection, fields, header, rules, roster, people));
        if let Err(reason) = put {
            let id = match header {
                Ok(header) if !collection.is_personal() => header.id,
                _ => format!("row {row}"),
            };
            refused.push(Refused { entity: collection.entity(), id, reason: reason.to_owned() });
        }
        Ok(())
    })
}

impl Bundle {
    fn open(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        let bytes = files::read(path).map_err(|e| {
            Error::new(Kind::Unavailable, e.message())
                .hint("`csv` names the zip file or the folder of the roster")
                .caused_by(e)
        })?;
        let archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| {
            Error::new(Kind::Refused, format!("{}: this is no zip file", path.display()))
                .hint("it may not have been copied whole; `csv` may also name a folder")
        })?;
        Ok(Self::Zip(path.to_owned(), Box::new(archive)))
    }

    /// The content of `NAME.csv`, in whatever case and whichever folder of the zip file; nothing where there is none.
    fn file(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        let wanted = format!("{name}.csv");
        match self {
            Self::Folder(folder) => {
                let entries = std::fs::read_dir(&*folder).map_err(|e| files::io_error("read", folder, e))?;
                let found = entries.flatten().find(|entry| {
                    entry.file_name().to_str().is_some_and(|name| name.eq_ignore_ascii_case(&wanted))
                });
                found.map(|entry| files::read_capped(&entry.path(), LONGEST)).transpose()
            }
            Self::Zip(path, archive) => {
                let fits = |entry: &str| {
                    let name = entry.rsplit('/').next().unwrap_or(entry);
                    name.eq_ignore_ascii_case(&wanted) && !entry.starts_with("__MACOSX")
                };
                let names = archive.file_names().filter_map(Result::ok);
                let Some(entry) = names.map(|name| name.into_owned()).find(|entry| fits(entry)) else {
                    return Ok(None);
                };
                let broken = |what: &str| {
                    Error::new(Kind::Refused, format!("{}: {wanted} in it {what}", path.display()))
                };
                let file = archive.by_name(&entry).map_err(|_| broken("cannot be unpacked"))?;
                let mut bytes = Vec::new();
                file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|_| broken("cannot be unpacked"))?;
                if bytes.len() as u64 > LONGEST {
                    return Err(broken("is too long"));
                }
                Ok(Some(bytes))
            }
        }
    }

    fn wrong(&self, name: &str, what: &str) -> Error {
        let path = match self {
            Self::Folder(path) | Self::Zip(path, _) => path,
        };
        Error::new(Kind::Refused, format!("{}: {name}.csv: {what}", path.display()))
    }
}

impl Source for CsvFiles {
    fn name(&self) -> &'static str {
        "oneroster"
    }

    fn is_remote(&self) -> bool {
        false
    }

    fn pull_changes(&mut self, request: &PullRequest<'_>) -> Result<Pull> {
        let mut progress = self.read(request)?;
        let pull = Pull {
            refused: std::mem::take(&mut progress.refused),
            participants_read: progress.people.enrollments.len(),
            held: Some(hold(&progress)),
            ..Pull::default()
        };
        self.pulled = Some(progress);
        Ok(pull)
    }

    fn normalize(&mut self, pull: Pull) -> Pull {
        match self.pulled.take() {
            Some(progress) => normalize(&progress.roster, &progress.people, &self.config, pull),
            None => pull,
        }
    }
}

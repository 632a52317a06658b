//! The last good answer of the source, on disk: what `--offline` builds from and what the next pull compares with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::held::{self, Which};
use super::seal;
use crate::base::files;
use crate::base::report::Reporter;
use crate::base::secret::Secret;
use crate::error::{Error, Kind, Result};
use crate::model::catalogue::Catalogue;
use crate::model::change::{Held, RemoteTemplate, Validator};
use crate::model::course::{Course, CourseId};
use crate::model::material::Materials;
use crate::model::people::People;

const VERSION: u32 = 1;

/// The last good answer of the source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// The courses.
    pub catalogue: Catalogue,
    /// The templates that the source offers.
    pub templates: Vec<RemoteTemplate>,
    /// What the server gave for asking "has it changed since?".
    pub validators: BTreeMap<String, Validator>,
    /// When the answer came.
    pub synced_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    source: String,
    synced_at: Timestamp,
    courses: Vec<Course>,
    templates: Vec<RemoteTemplate>,
    validators: BTreeMap<String, Validator>,
}

/// Where snapshots are kept: courses in the clear, participants sealed in a file beside it.
#[derive(Debug)]
pub struct SnapshotStore {
    folder: PathBuf,
    source: String,
    secret: Option<Secret>,
    secret_variable: String,
    needs_participants: bool,
}

impl SnapshotStore {
    /// The store below the state folder, for one source (its kind and address: another source's answer is not ours).
    /// Without the secret, participants are neither kept nor found.
    pub fn new(state: &Path, source: impl Into<String>, secret: Option<Secret>) -> Self {
        let secret_variable = "HEMERA_API_KEY".to_owned();
        Self {
            folder: state.to_owned(),
            source: source.into(),
            secret,
            secret_variable,
            needs_participants: false,
        }
    }

    /// The same store for a site that shows something of its participants: it is an error where they stay sealed.
    #[must_use]
    pub fn needing_participants(self, needs_participants: bool) -> Self {
        Self { needs_participants, ..self }
    }

    /// The same store, whose secret comes from another variable of the environment.
    #[must_use]
    pub fn with_secret_from(self, variable: &str) -> Self {
        Self { secret_variable: variable.to_owned(), ..self }
    }

    /// The folder that it is in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the source needs to ask for changes alone, if it is whole and of this source.
    pub fn held(&self, now: Timestamp) -> Result<Option<Held>> {
        held::load(Which::Whole, &self.folder, &self.source, self.secret.as_ref(), now)
    }

    /// What a pull had read when it was cut off a short while ago.
    pub(super) fn unfinished(&self, now: Timestamp) -> Result<Option<Held>> {
        held::load(Which::Unfinished, &self.folder, &self.source, self.secret.as_ref(), now)
    }

    /// Keeps what the source left, and forgets what is no longer unfinished.
    pub(super) fn keep_held(&self, held: Option<&Held>, now: Timestamp) -> Result<()> {
        if let Some(held) = held {
            held::save(Which::Whole, &self.folder, &self.source, self.secret.as_ref(), held, now)?;
        }
        held::forget(Which::Unfinished, &self.folder)
    }

    /// Keeps what a pull had read when it was cut off.
    pub(super) fn keep_unfinished(&self, held: &Held, now: Timestamp) -> Result<()> {
        held::save(Which::Unfinished, &self.folder, &self.source, self.secret.as_ref(), held, now)
    }

    /// The name of the source.
    pub fn source(&self) -> &str {
        &self.source
    }

    fn clear_path(&self) -> PathBuf {
        self.folder.join("snapshot.json")
    }

    fn sealed_path(&self) -> PathBuf {
        self.folder.join("participants.sealed")
    }

    /// The last snapshot of this source, if there is one that can be read. One that is damaged is told of.
    pub fn load(&self, reporter: &dyn Reporter) -> Result<Option<Snapshot>> {
        let path = self.clear_path();
        let Some(bytes) = files::read_if_present(&path)? else { return Ok(None) };
        let stored = match serde_json::from_slice::<Stored>(&bytes) {
            Ok(stored) if stored.version == VERSION => stored,
            Ok(stored) => {
                let version = stored.version;
                reporter.warn(&format!(
                    "{} is of version {version}, which this program cannot read",
                    path.display()
                ));
                return Ok(None);
            }
            Err(e) => {
                reporter.warn(&format!("{} is damaged: {e}", path.display()));
                return Ok(None);
            }
        };
        if stored.source != self.source {
            reporter.detail(&format!("the snapshot is of another source ({})", stored.source));
            return Ok(None);
        }
        let mut participants = self.load_participants(reporter)?;
        let mut materials = self.load_materials()?;
        let courses = stored.courses.into_iter().map(|mut course| {
            course.participants = participants.remove(&course.id);
            course.materials = materials.remove(&course.id).map(Arc::from);
            if course.participants.is_none() {
                course.details_at = None;
            }
            course
        });
        Ok(Some(Snapshot {
            catalogue: Catalogue::new(courses),
            templates: stored.templates,
            validators: stored.validators,
            synced_at: Some(stored.synced_at),
        }))
    }

    fn materials_path(&self) -> PathBuf {
        self.folder.join("materials.sealed")
    }

    /// What cannot be opened is read again.
    fn load_materials(&self) -> Result<BTreeMap<CourseId, Materials>> {
        let sealed = files::read_if_present(&self.materials_path())?;
        let opened =
            sealed.zip(self.secret.as_ref()).and_then(|(sealed, secret)| seal::open(secret, &sealed));
        Ok(opened.and_then(|plain| serde_json::from_slice(&plain).ok()).unwrap_or_default())
    }

    fn save_materials(&self, courses: &[Course]) -> Result<()> {
        let materials: BTreeMap<&CourseId, &Materials> =
            courses.iter().filter_map(|course| Some((&course.id, course.materials.as_deref()?))).collect();
        let plain = serde_json::to_vec(&materials).unwrap_or_default();
        match self.secret.as_ref().filter(|_| !materials.is_empty()).and_then(|key| seal::seal(key, &plain)) {
            Some(sealed) => files::replace(&self.materials_path(), &sealed),
            None => files::remove(&self.materials_path()),
        }
    }

    fn load_participants(&self, reporter: &dyn Reporter) -> Result<BTreeMap<CourseId, People>> {
        let Some(sealed) = files::read_if_present(&self.sealed_path())? else { return Ok(BTreeMap::new()) };
        let Some(secret) = &self.secret else {
            if self.needs_participants {
                return Err(Error::new(
                    Kind::Config,
                    format!(
                        "the site shows fields of participants, and {}, which they are sealed with, is not set",
                        self.secret_variable
                    ),
                )
                .hint(format!("set {} in the environment", self.secret_variable)));
            }
            reporter.detail("participants stay sealed: there is no API key in the environment");
            return Ok(BTreeMap::new());
        };
        let opened = seal::open(secret, &sealed).and_then(|plain| serde_json::from_slice(&plain).ok());
        Ok(opened.unwrap_or_else(|| {
            reporter
                .warn("the sealed participants cannot be opened with this API key; they will be read again");
            BTreeMap::new()
        }))
    }

    /// Keeps a snapshot. Participants go first: a cut between the two files leaves courses that are older, never ones
    /// that claim details which are not there.
    pub fn save(&self, snapshot: &Snapshot, now: Timestamp) -> Result<()> {
        let courses: Vec<Course> = snapshot.catalogue.iter().cloned().collect();
        let participants: BTreeMap<&CourseId, &People> =
            courses.iter().filter_map(|course| Some((&course.id, course.participants.as_ref()?))).collect();
        match &self.secret {
            Some(secret) if !participants.is_empty() => {
                let plain = serde_json::to_vec(&participants).unwrap_or_default();
                if let Some(sealed) = seal::seal(secret, &plain) {
                    files::replace(&self.sealed_path(), &sealed)?;
                }
            }
            _ => files::remove(&self.sealed_path())?,
        }
        self.save_materials(&courses)?;
        let stored = Stored {
            version: VERSION,
            source: self.source.clone(),
            synced_at: snapshot.synced_at.unwrap_or(now),
            courses,
            templates: snapshot.templates.clone(),
            validators: snapshot.validators.clone(),
        };
        files::replace(&self.clear_path(), &serde_json::to_vec(&stored).unwrap_or_default())
    }
}

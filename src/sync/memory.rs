//! The memory of the site: what only history knows. One small file; deleting the output loses nothing of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::base::digest::Fingerprint;
use crate::base::files;
use crate::base::report::Reporter;
use crate::error::Result;
use crate::model::catalogue::Catalogue;
use crate::model::course::Course;
use crate::model::history::{History, Recorded, RecordedEvent, Seen};
use crate::model::ordered::{Word, Written};

const VERSION: u32 = 1;

/// When things last changed, and how many there were.
///
/// It is as large as the catalogue only where the source does not say itself when a record changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Memory {
    version: u32,
    /// The hash of the catalogue as of `data_changed_at`.
    data: Option<u64>,
    /// When the catalogue last changed.
    pub data_changed_at: Option<Timestamp>,
    /// When the source was last asked with success.
    pub last_synced_at: Option<Timestamp>,
    /// How many courses the published catalogue has.
    pub course_count: Option<usize>,
    /// Where the published catalogue came from: `hemera https://…`, `file`, `sample`.
    pub source: Option<String>,
    /// Of several sources, what each has on the published site, by its id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, PublishedPart>,
    /// Where everything lives and has lived.
    #[serde(flatten)]
    pub history: Arc<History>,
    /// Courses that the source no longer has and that stay as archived pages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub archive: Vec<Course>,
    /// The hashes of what was warned of at the last build, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<u64>,
    /// Courses whose source does not say when they changed: hash and moment, by id.
    courses: BTreeMap<String, Changed>,
    /// Of a source whose answers are not kept, all other courses: hashes of the id and of what it says, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marks: Vec<(u64, u64)>,
    /// The file that it was read from, as long as that is surely as it was.
    #[serde(skip)]
    read: Option<Arc<String>>,
}

/// What one of several sources has on the published site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublishedPart {
    /// Kind and address.
    pub source: String,
    /// Its courses.
    pub courses: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Changed {
    mark: u64,
    at: Timestamp,
}

impl Default for Memory {
    fn default() -> Self {
        let courses = BTreeMap::new();
        let (history, archive) = (Arc::default(), Vec::new());
        Self {
            version: VERSION,
            data: None,
            data_changed_at: None,
            last_synced_at: None,
            course_count: None,
            told: Vec::new(),
            history,
            archive,
            source: None,
            parts: BTreeMap::new(),
            courses,
            marks: Vec::new(),
            read: None,
        }
    }
}

/// What the file holds besides the history.
#[derive(Deserialize)]
struct Stored<'a> {
    version: u32,
    data: Option<u64>,
    data_changed_at: Option<Timestamp>,
    last_synced_at: Option<Timestamp>,
    course_count: Option<usize>,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    parts: BTreeMap<String, PublishedPart>,
    #[serde(default)]
    archive: Vec<Course>,
    #[serde(default)]
    told: Vec<u64>,
    courses: BTreeMap<String, Changed>,
    #[serde(default)]
    marks: Vec<(u64, u64)>,
    // The fields of the history stand among the others.
    #[serde(borrow, default)]
    addresses: Written<'a, Word<'a>>,
    #[serde(default, rename = "pastAddresses")]
    past: BTreeMap<String, Vec<String>>,
    #[serde(borrow, default)]
    calendar: Written<'a, RecordedEvent<'a>>,
    #[serde(default)]
    documents: BTreeMap<String, Seen>,
}

impl Memory {
    fn parse(text: String) -> serde_json::Result<Self> {
        let text = Arc::new(text);
        let stored = serde_json::from_str::<Stored<'_>>(&text)?;
        let Stored { version, data, data_changed_at, last_synced_at, course_count, .. } = stored;
        let Stored { source, parts, archive, told, courses, marks, .. } = stored;
        let Stored { addresses: present, past, calendar: events, documents, .. } = stored;
        let history = Arc::new(Recorded { present, past, events, documents }.of(&text));
        Ok(Self {
            version,
            data,
            data_changed_at,
            last_synced_at,
            course_count,
            source,
            parts,
            history,
            archive,
            told,
            courses,
            marks,
            read: Some(text),
        })
    }

    /// Where the memory is below `state`.
    pub fn path(state: &Path) -> PathBuf {
        state.join("memory.json")
    }

    /// Reads the memory below `state`. One that cannot be read is told of and begun anew.
    pub fn load(state: &Path, reporter: &dyn Reporter) -> Result<Self> {
        let path = Self::path(state);
        let Some(bytes) = files::read_if_present(&path)? else { return Ok(Self::default()) };
        let text = String::from_utf8(bytes).map_err(serde::de::Error::custom);
        match text.and_then(Self::parse) {
            Ok(memory) if memory.version == VERSION => Ok(memory),
            Ok(memory) => {
                let version = memory.version;
                reporter.warn(&format!("{} is of version {version}: begun anew", path.display()));
                Ok(Self::default())
            }
            Err(e) => {
                reporter.warn(&format!("{} is damaged ({e}): begun anew", path.display()));
                Ok(Self::default())
            }
        }
    }

    /// Writes the memory, if it differs from what is there.
    pub fn save(&self, state: &Path) -> Result<()> {
        /// A list that grows is copied again and again.
        const ROOM: usize = 4096;
        let path = Self::path(state);
        let mut bytes = Vec::with_capacity(self.read.as_ref().map_or(0, |read| read.len()) + ROOM);
        serde_json::to_writer(&mut bytes, self).map_err(|e| files::io_error("write", &path, e.into()))?;
        let is_same = match &self.read {
            Some(read) => read.as_bytes() == bytes,
            None => files::read_if_present(&path)?.as_deref() == Some(&bytes[..]),
        };
        if is_same { Ok(()) } else { files::replace(&path, &bytes) }
    }

    /// Whoever keeps it from here on is not alone: others may write to the file.
    pub fn detach(&mut self) {
        self.read = None;
    }

    /// Takes note of a catalogue that is about to be published, and says how many courses are new in it, differ, and have
    /// gone. `marks` says that nobody else knows what there was: only then the figures are whole.
    pub fn learn(&mut self, catalogue: &Catalogue, now: Timestamp, marks: bool) -> (usize, usize, usize) {
        let mut whole = Fingerprint::new(7);
        let (mut courses, mut others) = (BTreeMap::new(), Vec::new());
        let known = self.courses.len() + self.marks.len();
        let (mut added, mut updated) = (0, 0);
        let all: Vec<&Arc<Course>> = catalogue.shared().collect();
        let digests: Vec<u64> = all.par_iter().map(|course| course.summary_fingerprint()).collect();
        let number = all.len();
        for (course, mark) in all.into_iter().zip(digests) {
            whole = whole.number(mark);
            let name = Fingerprint::new(36).text(course.id.as_str()).get();
            let seen = self.courses.remove(course.id.as_str());
            let before = seen.as_ref().map(|seen| seen.mark).or_else(|| self.mark(name));
            added += usize::from(before.is_none());
            updated += usize::from(before.is_some_and(|before| before != mark));
            if course.updated_at.is_none() {
                let seen = seen.filter(|seen| seen.mark == mark).unwrap_or(Changed { mark, at: now });
                courses.insert(course.id.as_str().to_owned(), seen);
            } else if marks {
                others.push((name, mark));
            }
        }
        others.sort_unstable();
        (self.courses, self.marks) = (courses, others);
        let data = Some(whole.get());
        if self.data != data {
            self.data = data;
            self.data_changed_at = Some(now);
        }
        (added, updated, (known + added).saturating_sub(number))
    }

    /// What is known of the course whose id has this hash.
    fn mark(&self, name: u64) -> Option<u64> {
        let at = self.marks.binary_search_by_key(&name, |(known, _)| *known).ok()?;
        self.marks.get(at).map(|(_, mark)| *mark)
    }

    /// Keeps courses that have gone, without their participants, if the site wants them kept; those that came back are
    /// no longer archived.
    pub fn archive(&mut self, catalogue: &Catalogue, gone: &[Course], wanted: bool, now: Timestamp) {
        if !wanted {
            self.archive.clear();
            return;
        }
        self.archive.retain(|course| catalogue.get(&course.id).is_none());
        for course in gone.iter().filter(|course| catalogue.get(&course.id).is_none()) {
            if self.archive.iter().all(|known| known.id != course.id) {
                let kept = Course {
                    participants: None,
                    materials: None,
                    details_at: None,
                    archived_at: Some(now),
                    ..course.clone()
                };
                self.archive.push(kept);
            }
        }
        self.archive.sort_by(|a, b| a.id.cmp(&b.id));
    }

    /// When a course last changed; nothing for one that was never seen.
    pub fn changed_at(&self, course: &Course) -> Option<Timestamp> {
        self.courses.get(course.id.as_str()).map(|seen| seen.at)
    }
}

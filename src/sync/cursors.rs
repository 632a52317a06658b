//! `.aither/cursors.json`: how far the changes of each source are on the site. Written when the site with them is published,
//! never before, so that a build that fails is asked for the same changes again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::files;
use crate::base::report::Reporter;
use crate::error::Result;

const VERSION: u32 = 1;

/// The cursors of all sources.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cursors {
    version: u32,
    sources: BTreeMap<String, SourceCursors>,
}

/// The cursors of one source.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceCursors {
    /// Kind and address: cursors of another one mean nothing here.
    pub source: String,
    /// How far each list of changes was read, by entity.
    pub cursors: BTreeMap<String, String>,
    /// When the site with them was published.
    pub last_sync_at: Option<Timestamp>,
    /// How many pulls of changes there were since all was read.
    pub pulls_since_full: u32,
}

impl Cursors {
    /// Reads the cursors below `state`. Without them, everything is read once.
    pub fn load(state: &Path, reporter: &dyn Reporter) -> Result<Self> {
        let path = path(state);
        let Some(bytes) = files::read_if_present(&path)? else { return Ok(Self::default()) };
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(cursors) if cursors.version == VERSION => Ok(cursors),
            _ => {
                reporter
                    .warn(&format!("{} cannot be read: all sources are read in full once", path.display()));
                Ok(Self::default())
            }
        }
    }

    /// The cursors of a source, if they are those of this one.
    pub fn of(&self, id: &str, source: &str) -> Option<&SourceCursors> {
        self.sources.get(id).filter(|known| known.source == source)
    }

    /// Takes note of what is published now.
    pub fn note(&mut self, id: &str, cursors: SourceCursors) {
        self.version = VERSION;
        self.sources.insert(id.to_owned(), cursors);
    }

    /// Writes the cursors, if they differ from what is there.
    pub fn save(&self, state: &Path) -> Result<()> {
        let path = path(state);
        if self.sources.is_empty() {
            return Ok(());
        }
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        if files::read_if_present(&path)?.as_deref() == Some(&bytes[..]) {
            return Ok(());
        }
        files::replace(&path, &bytes)
    }
}

/// Cursors in a line: the one that there is, or each with its entity.
pub(super) fn line(cursors: &BTreeMap<String, String>) -> Option<String> {
    let mut values = cursors.values();
    let first = values.next()?;
    if values.all(|value| value == first) {
        return Some(first.clone());
    }
    let all = cursors.iter().map(|(entity, cursor)| format!("{entity}={cursor}"));
    Some(all.collect::<Vec<_>>().join(" "))
}

/// Of two cursors the one that is further back: numbers by their value, moments as texts of one form.
pub(super) fn older(a: &str, b: &str) -> String {
    let is_older = match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a <= b,
        _ => a <= b,
    };
    if is_older { a.to_owned() } else { b.to_owned() }
}

fn path(state: &Path) -> PathBuf {
    state.join("cursors.json")
}

//! `.aither/pushed.json`: what the sources took, by hash, so that it is not sent again. Neither texts nor ids of people
//! stand in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::base::files;
use crate::base::report::Reporter;
use crate::error::Result;
use crate::model::push::Push;

const VERSION: u32 = 1;

/// What was pushed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PushLog {
    version: u32,
    /// By source, then by what was pushed.
    taken: BTreeMap<String, BTreeMap<String, Taken>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Taken {
    source: String,
    digest: Digest,
    at: Timestamp,
}

impl PushLog {
    /// Reads it below `state`. One that cannot be read is told of; everything is sent once more then.
    pub fn load(state: &Path, reporter: &dyn Reporter) -> Result<Self> {
        let path = path(state);
        let Some(bytes) = files::read_if_present(&path)? else { return Ok(Self::default()) };
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(log) if log.version == VERSION => Ok(log),
            _ => {
                reporter.warn(&format!("{} cannot be read: everything is pushed once more", path.display()));
                Ok(Self::default())
            }
        }
    }

    /// Whether the source has taken exactly this.
    pub fn knows(&self, id: &str, source: &str, push: &Push) -> bool {
        let taken = self.taken.get(id).and_then(|all| all.get(&push.key()));
        taken.is_some_and(|taken| taken.source == source && taken.digest == push.digest())
    }

    /// The source has taken this.
    pub fn note(&mut self, id: &str, source: &str, push: &Push, now: Timestamp) {
        let taken = Taken { source: source.to_owned(), digest: push.digest(), at: now };
        self.version = VERSION;
        self.taken.entry(id.to_owned()).or_default().insert(push.key(), taken);
    }

    /// Writes it, if there is anything to remember.
    pub fn save(&self, state: &Path) -> Result<()> {
        if self.taken.is_empty() {
            return Ok(());
        }
        files::replace(&path(state), &serde_json::to_vec(self).unwrap_or_default())
    }
}

fn path(state: &Path) -> PathBuf {
    state.join("pushed.json")
}

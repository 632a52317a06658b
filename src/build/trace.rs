//! The state of the last build: what each file was made from, and how it looked on the disk.
//!
//! It lies outside the output and may be thrown away: then everything is rendered once more, and files whose bytes come
//! out the same are not touched.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::base::files;
use crate::base::report::Reporter;
use crate::error::Result;
use crate::theme;

const VERSION: u32 = 2;

/// What is known of one file of the output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trace {
    /// The hash of what the file was made from, as far as `read` does not tell.
    pub(super) key: Digest,
    /// What a page that was rendered was made from.
    pub(super) read: theme::Trace,
    /// The hash of the file.
    pub(super) digest: Digest,
    /// How the file looked on the disk when it was written.
    pub(super) stamp: Stamp,
}

/// Enough of a file's metadata to tell that nobody touched it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Stamp {
    size: u64,
    /// Nanoseconds since the epoch.
    modified: u64,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let modified = since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
        Self { size: metadata.len(), modified }
    }
}

/// All traces.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Traces {
    version: u32,
    pub(super) files: BTreeMap<String, Trace>,
}

impl Traces {
    pub(super) fn new() -> Self {
        Self { version: VERSION, ..Self::default() }
    }

    /// Reads the traces below `state`. What cannot be read counts as none.
    pub(super) fn load(state: &Path, reporter: &dyn Reporter) -> Result<Self> {
        let path = path(state);
        let Some(bytes) = files::read_if_present(&path)? else { return Ok(Self::new()) };
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(traces) if traces.version == VERSION => Ok(traces),
            _ => {
                reporter.warn(&format!("{} cannot be used; everything is rendered anew", path.display()));
                Ok(Self::new())
            }
        }
    }

    /// Writes the traces, if they differ from `before`.
    pub(super) fn save(&self, state: &Path, before: &Self) -> Result<()> {
        if self.files == before.files {
            return Ok(());
        }
        files::replace(&path(state), &serde_json::to_vec(self).unwrap_or_default())
    }
}

fn path(state: &Path) -> PathBuf {
    state.join("traces.json")
}

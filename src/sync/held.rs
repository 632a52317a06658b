//! What a source keeps from pull to pull, on disk: its records in one file, those about people sealed in another.
//!
//! A file of records is one line of JSON about it and then what the source wrote. People go first: a cut between the two
//! files leaves cursors that are older than the people, and what is then read again does no harm.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::seal;
use crate::base::files;
use crate::base::secret::Secret;
use crate::error::Result;
use crate::model::change::Held;

const VERSION: u32 = 1;

/// What a pull that was cut off had read is of use for so long.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

#[derive(Serialize, Deserialize)]
struct About {
    version: u32,
    source: String,
    at: Timestamp,
    cursors: BTreeMap<String, String>,
}

/// Which of the two that a source can leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// What the next pull of changes begins with.
    Whole,
    /// What a pull had read when it was cut off.
    Unfinished,
}

impl Which {
    fn paths(self, folder: &Path) -> (PathBuf, PathBuf) {
        let name = match self {
            Self::Whole => "records",
            Self::Unfinished => "unfinished",
        };
        (folder.join(format!("{name}.jsonl")), folder.join(format!("{name}.sealed")))
    }
}

/// Reads what was kept. Whatever is amiss with it, the answer is nothing, and all is read anew.
pub(super) fn load(
    which: Which,
    folder: &Path,
    source: &str,
    secret: Option<&Secret>,
    now: Timestamp,
) -> Result<Option<Held>> {
    let (clear, sealed) = which.paths(folder);
    let Some(bytes) = files::read_if_present(&clear)? else { return Ok(None) };
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
    let Ok(about) = serde_json::from_slice::<About>(&bytes[..end]) else { return Ok(None) };
    let is_stale = which == Which::Unfinished && now.duration_since(about.at).abs() > FRESH;
    if about.version != VERSION || about.source != source || is_stale {
        return Ok(None);
    }
    let sealed = files::read_if_present(&sealed)?;
    let opened = sealed.zip(secret).and_then(|(sealed, secret)| seal::open(secret, &sealed));
    let Some(people) = opened else { return Ok(None) };
    Ok(Some(Held { cursors: about.cursors, records: bytes[end + 1..].to_vec(), people }))
}

/// Keeps what the source left; nothing of it without a secret to seal people with.
pub(super) fn save(
    which: Which,
    folder: &Path,
    source: &str,
    secret: Option<&Secret>,
    held: &Held,
    now: Timestamp,
) -> Result<()> {
    let (clear, sealed_path) = which.paths(folder);
    let Some(sealed) = secret.and_then(|secret| seal::seal(secret, &held.people)) else {
        return forget(which, folder);
    };
    files::replace(&sealed_path, &sealed)?;
    let cursors = held.cursors.clone();
    let about = About { version: VERSION, source: source.to_owned(), at: now, cursors };
    let mut bytes = serde_json::to_vec(&about).unwrap_or_default();
    bytes.push(b'\n');
    bytes.extend_from_slice(&held.records);
    files::replace(&clear, &bytes)
}

/// Forgets what was kept.
pub(super) fn forget(which: Which, folder: &Path) -> Result<()> {
    let (clear, sealed) = which.paths(folder);
    files::remove(&clear)?;
    files::remove(&sealed)
}

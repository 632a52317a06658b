//! What was made once is not made again: texts by the hash of what they were made from.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::digest::Digest;
use crate::base::files;
use crate::error::Result;

/// A folder of small JSON files.
#[derive(Debug)]
pub(super) struct Cache {
    folder: Option<PathBuf>,
    may_write: bool,
    used: Mutex<(BTreeSet<String>, bool)>,
}

impl Cache {
    /// A cache in `folder`; without one nothing is kept.
    pub(super) fn new(folder: Option<PathBuf>, may_write: bool) -> Self {
        Self { folder, may_write, used: Mutex::default() }
    }

    /// What is kept under `key`. A file that cannot be read counts as none.
    pub(super) fn get<T: DeserializeOwned>(&self, key: &Digest) -> Option<T> {
        let path = self.folder.as_ref()?.join(name(key));
        let bytes = files::read_if_present(&path).ok().flatten()?;
        let made = serde_json::from_slice(&bytes).ok()?;
        self.used.lock().unwrap_or_else(PoisonError::into_inner).0.insert(name(key));
        Some(made)
    }

    /// Keeps something.
    pub(super) fn put<T: Serialize>(&self, key: &Digest, made: &T) -> Result<()> {
        let Some(folder) = self.folder.as_ref().filter(|_| self.may_write) else { return Ok(()) };
        let bytes = serde_json::to_vec(made).unwrap_or_default();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.0.insert(name(key));
        used.1 = true;
        files::replace(&folder.join(name(key)), &bytes)
    }

    /// Removes what nobody has asked for, if anything new came in: what it replaced is not needed any more.
    pub(super) fn prune(&self) -> Result<()> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(folder) = self.folder.as_ref().filter(|_| used.1) else { return Ok(()) };
        files::remove_temporaries(folder)?;
        for path in files::walk(folder)? {
            if !used.0.contains(&*path.to_string_lossy()) {
                files::remove(&folder.join(path))?;
            }
        }
        Ok(())
    }
}

fn name(key: &Digest) -> String {
    format!("{key}.json")
}

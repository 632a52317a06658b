//! Locks between processes.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;

use super::{io_error, private_folder};
use crate::error::Result;

/// A lock between processes on a file; given back when dropped.
#[derive(Debug)]
pub struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that is just being started from another thread has the file as
        // well, and with it the lock, until it becomes another program.
        let _ = self.0.unlock();
    }
}

impl Lock {
    /// Takes the lock, or says that somebody else has it.
    pub fn take(path: &Path) -> Result<Option<Self>> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => {
                // A note of an earlier holder, who was killed, must not stand for the new one.
                let _ = file.set_len(0);
                Ok(Some(Self(file)))
            }
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(e)) => Err(io_error("lock", path, e)),
        }
    }

    /// Takes the lock, and waits for it where somebody else has it: for work of moments only.
    pub fn wait(path: &Path) -> Result<Self> {
        let file = open(path)?;
        file.lock().map_err(|e| io_error("lock", path, e))?;
        Ok(Self(file))
    }

    /// Writes into the lock what it is held for, for those who find it taken. Best effort: the lock holds without it.
    pub fn note(&mut self, what: &str) {
        let _ = self.0.set_len(0).and_then(|()| self.0.write_all(what.as_bytes()));
    }

    /// What the holder of a taken lock has noted, if anything.
    pub fn holder(path: &Path) -> Option<String> {
        let mut text = String::new();
        File::open(path).ok()?.take(256).read_to_string(&mut text).ok()?;
        Some(text).filter(|text| !text.is_empty())
    }
}

/// The file of a lock. Whoever may open it may hold it for ever, so it is its owner's alone, and so is its folder.
fn open(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        private_folder(folder)?;
    }
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|e| io_error("open the lock", path, e))?;
    super::close_to_others(path, 0o600)?;
    Ok(file)
}

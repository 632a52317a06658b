//! The file that an address leads to, in the form that its client likes best.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use super::coding::Coding;
use super::generation::{Early, Entry, Generation};

/// A file that answers an address.
pub(super) struct Found {
    /// The generation that it was found in.
    pub(super) number: u64,
    pub(super) path: String,
    pub(super) what: What,
    pub(super) length: u64,
    pub(super) modified: SystemTime,
    pub(super) coding: Option<Coding>,
    pub(super) has_twins: bool,
}

pub(super) enum What {
    Kept(Arc<Generation>, Entry),
    Early(Early),
    Stray(File),
}

impl Found {
    /// The entity tag: the hash of the bytes, or time and length where nobody vouches for them.
    pub(super) fn tag(&self) -> String {
        match &self.what {
            What::Kept(_, entry) => format!("\"{}\"", entry.digest),
            What::Early(early) => format!("\"{}\"", early.digest),
            What::Stray(_) => {
                let since = self.modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                format!("W/\"{:x}-{:x}\"", since.as_nanos(), self.length)
            }
        }
    }
}

/// A file that the manifest does not vouch for: its tag is weak, made of time and length.
pub(super) fn stray(generation: &Generation, path: String) -> io::Result<Option<Found>> {
    let file = match generation.stray(&path) {
        Ok(file) => file,
        Err(error) if is_trouble(&error) => return Err(error),
        Err(_) => return Ok(None),
    };
    let metadata = file.metadata()?;
    let modified = metadata.modified()?;
    let length = metadata.len();
    let number = generation.number;
    let what = What::Stray(file);
    Ok(Some(Found { number, path, what, length, modified, coding: None, has_twins: false }))
}

/// Whether opening failed for want of file descriptors or memory, not for want of the file.
pub(super) fn is_trouble(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let scarce = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::IO].map(Errno::raw_os_error);
        error.raw_os_error().is_some_and(|code| scarce.contains(&code))
    }
    #[cfg(not(unix))]
    matches!(error.kind(), io::ErrorKind::OutOfMemory)
}

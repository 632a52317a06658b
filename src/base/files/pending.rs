//! A file that is to replace another one, and waits beside it until its time has come.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::temporary::temporary_of;
use super::{create_folder, flush_folder, io_error};
use crate::error::Result;

/// Such a file. Where it is dropped before it is put, the old one stays, and nothing is left of the new one.
#[derive(Debug)]
pub struct Pending {
    path: PathBuf,
    temporary: PathBuf,
    /// Nothing once it is put.
    file: Option<File>,
}

impl Pending {
    /// Writes what the file at `path` will begin with.
    #[expect(clippy::disallowed_methods, reason = "this is the room that they are reserved for")]
    pub fn begin(path: &Path, bytes: &[u8]) -> Result<Self> {
        create_folder(path.parent().unwrap_or(Path::new(".")))?;
        let temporary = temporary_of(path);
        let file = File::create(&temporary).map_err(|e| io_error("write", path, e))?;
        let mut pending = Self { path: path.to_owned(), temporary, file: None };
        let file = pending.file.insert(file);
        file.write_all(bytes).map_err(|e| io_error("write", path, e))?;
        Ok(pending)
    }

    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(bytes).map_err(|e| io_error("write", &self.path, e))
    }

    /// Adds what it ends with, and puts it in its place: flushed to the disk, then renamed. Readers see the old bytes or the new
    /// ones, also after a power cut.
    #[expect(clippy::disallowed_methods, reason = "this is the room that they are reserved for")]
    pub fn put(mut self, rest: &[u8]) -> Result<()> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let put = file.write_all(rest).and_then(|()| file.sync_all());
        let put = put.and_then(|()| fs::rename(&self.temporary, &self.path));
        if put.is_err() {
            self.file = Some(file);
        }
        put.map_err(|e| io_error("write", &self.path, e))?;
        flush_folder(self.path.parent().unwrap_or(Path::new(".")));
        Ok(())
    }
}

impl Drop for Pending {
    #[expect(clippy::disallowed_methods, reason = "this is the room that they are reserved for")]
    fn drop(&mut self) {
        if self.file.is_some() {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

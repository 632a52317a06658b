//! Files that are to replace others, and what is left of them where a process was killed.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::remove;
use crate::error::Result;

/// The temporary file that is to take the place of one.
pub(super) fn temporary_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or(OsStr::new("file")).to_string_lossy();
    path.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

/// Removes the temporary files that [`super::replace`] leaves in a folder when the process is killed.
pub fn remove_temporaries(folder: &Path) -> Result<()> {
    remove_temporaries_if(folder, |_, _| true)
}

/// The same in a folder that others write to at any time: what they are about to rename stays.
pub fn remove_left_temporaries(folder: &Path) -> Result<()> {
    const WRITTEN_BY_NOW: std::time::Duration = std::time::Duration::from_secs(60);
    let own = std::process::id().to_string();
    remove_temporaries_if(folder, |path, process| {
        let age =
            fs::metadata(path).and_then(|known| known.modified()).map(|at| at.elapsed().unwrap_or_default());
        process != own && age.is_ok_and(|age| age > WRITTEN_BY_NOW)
    })
}

fn remove_temporaries_if(folder: &Path, is_left: impl Fn(&Path, &str) -> bool) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let middle = name.strip_prefix('.').and_then(|name| name.strip_suffix(".tmp"));
        let number = middle.and_then(|middle| middle.rsplit_once('.')).map(|(_, number)| number);
        let is_ours = |number: &&str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if number.filter(is_ours).is_some_and(|number| is_left(&entry.path(), number)) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

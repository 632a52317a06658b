//! Sass: compiled, with a note of every file that was looked for, so that it is compiled again only if one of them is
//! another now, or came, or went.

use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use grass_compiler::codemap::SpanLoc;
use grass_compiler::{ErrorKind, Fs, Logger};
use serde::{Deserialize, Serialize};

use super::told::told;
use crate::base::digest::{Digest, Hasher};
use crate::base::files;
use crate::error::{Error, Kind, Result};

/// What a compilation gave and what it looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Compiled {
    pub(super) css: String,
    /// What `@warn` said.
    pub(super) warnings: Vec<String>,
    looks: Vec<Look>,
}

/// One look at the disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Look {
    /// Whether there is such a file.
    File(PathBuf, bool),
    /// Whether there is such a folder.
    Folder(PathBuf, bool),
    /// The bytes of a file.
    Bytes(PathBuf, Option<Digest>),
}

impl Compiled {
    /// Whether everything that was looked at is still as it was.
    pub(super) fn holds(&self) -> bool {
        self.looks.iter().all(|look| match look {
            Look::File(path, seen) => path.is_file() == *seen,
            Look::Folder(path, seen) => path.is_dir() == *seen,
            Look::Bytes(path, seen) => std::fs::read(path).ok().map(|bytes| Digest::of(&bytes)) == *seen,
        })
    }
}

/// The key under which the compilation of a file is kept.
pub(super) fn key(file: &Path, load_paths: &[PathBuf]) -> Digest {
    let mut hasher = Hasher::new("sass");
    hasher.field(env!("CARGO_PKG_VERSION").as_bytes()).field(file.as_os_str().as_encoded_bytes());
    load_paths.iter().for_each(|path| {
        hasher.field(path.as_os_str().as_encoded_bytes());
    });
    hasher.finish()
}

/// Compiles a file. Only files below the folders of `roots` are read, and `root` shortens paths in messages.
pub(super) fn compile(
    file: &Path,
    load_paths: &[PathBuf],
    root: &Path,
    roots: &[PathBuf],
) -> Result<Compiled> {
    let disk = Recorder { roots, looks: Mutex::default() };
    let voice = Voice { root, said: Mutex::default() };
    let options = grass_compiler::Options::default().fs(&disk).logger(&voice).load_paths(load_paths);
    // The compiler is known to give up by a panic on input that its authors did not think of.
    let made = std::panic::catch_unwind(AssertUnwindSafe(|| grass_compiler::from_path(file, &options)));
    let label = shortened(root, file);
    let made = made.map_err(|_| {
        Error::new(Kind::Template, format!("{label}: the Sass compiler cannot make anything of this file"))
            .hint("take out what you added last, piece by piece")
    })?;
    let css = made.map_err(|error| wrong(root, &label, *error))?;
    Ok(Compiled {
        css,
        warnings: voice.said.into_inner().unwrap_or_else(PoisonError::into_inner),
        looks: disk.looks.into_inner().unwrap_or_else(PoisonError::into_inner),
    })
}

fn wrong(root: &Path, label: &str, error: grass_compiler::Error) -> Error {
    let message = match error.kind() {
        ErrorKind::ParseError { message, loc, .. } => {
            let file = shortened(root, Path::new(loc.file.name()));
            told(
                &file,
                loc.file.source(),
                loc.begin.line + 1,
                loc.begin.column + 1,
                message.trim_end_matches('.'),
            )
        }
        ErrorKind::IoError(error) => format!("{label}: {error}"),
        ErrorKind::FromUtf8Error(_) => format!("{label}: this file, or one that it uses, is not UTF-8 text"),
        _ => format!("{label}: this cannot be compiled"),
    };
    Error::new(Kind::Template, message)
}

fn shortened(root: &Path, path: &Path) -> String {
    files::slashed(path.strip_prefix(root).unwrap_or(path))
}

/// The disk, with a note of every look at it.
#[derive(Debug)]
struct Recorder<'a> {
    roots: &'a [PathBuf],
    looks: Mutex<Vec<Look>>,
}

impl Recorder<'_> {
    /// The path without `.` and `..`, if it is one that may be read.
    fn allowed(&self, path: &Path) -> Option<PathBuf> {
        let mut tidy = PathBuf::new();
        for part in path.components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => drop(tidy.pop()),
                part => tidy.push(part),
            }
        }
        self.roots.iter().any(|root| tidy.starts_with(root)).then_some(tidy)
    }

    fn note(&self, look: Look) {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        if !looks.contains(&look) {
            looks.push(look);
        }
    }
}

impl Fs for Recorder<'_> {
    fn is_dir(&self, path: &Path) -> bool {
        let Some(path) = self.allowed(path) else { return false };
        let seen = path.is_dir();
        self.note(Look::Folder(path, seen));
        seen
    }

    fn is_file(&self, path: &Path) -> bool {
        let Some(path) = self.allowed(path) else { return false };
        let seen = path.is_file();
        self.note(Look::File(path, seen));
        seen
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let path = self.allowed(path).ok_or(io::ErrorKind::PermissionDenied)?;
        let bytes = std::fs::read(&path);
        self.note(Look::Bytes(path, bytes.as_ref().ok().map(|bytes| Digest::of(bytes))));
        bytes
    }
}

/// What the style sheet itself has to say.
#[derive(Debug)]
struct Voice<'a> {
    root: &'a Path,
    said: Mutex<Vec<String>>,
}

impl Logger for Voice<'_> {
    fn debug(&self, location: SpanLoc, message: &str) {
        self.warn(location, message);
    }

    fn warn(&self, location: SpanLoc, message: &str) {
        let file = shortened(self.root, Path::new(location.file.name()));
        let said = format!("{file}:{}: {message}", location.begin.line + 1);
        self.said.lock().unwrap_or_else(PoisonError::into_inner).push(said);
    }
}

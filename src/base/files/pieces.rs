//! Parts of files, and files that are too large to be held in memory.

use std::fs::{self, File};
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::{create_folder, io_error};
use crate::base::digest::{Digest, Fingerprint, Stream};
use crate::error::{Error, Kind, Result};

/// So many bytes of a large file are in memory at a time: as many as the cache of a core holds.
pub const PIECE: usize = 256 << 10;

/// The hash of a file; nothing where there is none.
pub fn digest(path: &Path) -> Result<Option<Digest>> {
    match in_pieces(path, Stream::new(), |stream, piece| stream.write_all(piece)) {
        Ok(stream) => Ok(Some(stream.finish())),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(io_error("read", path, e)),
    }
}

/// The fingerprint with the bytes of a file added. It gives another hash than the same bytes at once.
pub fn fingerprint(path: &Path, mark: Fingerprint) -> Result<Fingerprint> {
    let add = |mark: &mut Fingerprint, piece: &[u8]| {
        *mark = mark.file(piece);
        Ok(())
    };
    in_pieces(path, mark, add).map_err(|e| io_error("read", path, e))
}

/// Copies a file to a new place, whose folder is made where it is missing. Tells how the copy looks, and the hash of its
/// bytes: the file may have changed since somebody looked at it.
#[expect(clippy::disallowed_methods, reason = "this is the room that they are reserved for")]
pub fn copy_and_look(from: &Path, to: &Path) -> Result<(fs::Metadata, Digest)> {
    if let Some(folder) = to.parent() {
        create_folder(folder)?;
    }
    let mut file = File::create(to).map_err(|e| io_error("write", to, e))?;
    let mut written = Ok(());
    let stream = in_pieces(from, Stream::new(), |stream, piece| {
        written = file.write_all(piece);
        match &written {
            Ok(()) => stream.write_all(piece),
            Err(_) => Err(io::ErrorKind::WriteZero.into()),
        }
    });
    written.map_err(|e| io_error("write", to, e))?;
    let stream = stream.map_err(|e| io_error("read", from, e))?;
    let looks = file.metadata().map_err(|e| io_error("write", to, e))?;
    Ok((looks, stream.finish()))
}

/// A file that is written bit by bit and hashed on the way.
#[derive(Debug)]
pub struct Growing {
    path: PathBuf,
    file: File,
    stream: Stream,
}

impl Growing {
    /// A new file, whose folder is made where it is missing.
    #[expect(clippy::disallowed_methods, reason = "this is the room that they are reserved for")]
    pub fn create(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            create_folder(folder)?;
        }
        let file = File::create(path).map_err(|e| io_error("write", path, e))?;
        Ok(Self { path: path.to_owned(), file, stream: Stream::new() })
    }

    /// Adds pieces at its end. Hashing takes as long as writing, so both are done at once.
    pub fn add(&mut self, pieces: &[Vec<u8>]) -> Result<()> {
        let Self { path, file, stream } = self;
        let write = || pieces.iter().try_for_each(|piece| file.write_all(piece));
        let (written, hashed) =
            rayon::join(write, || pieces.iter().try_for_each(|piece| stream.write_all(piece)));
        written.and(hashed).map_err(|e| io_error("write", path, e))
    }

    /// Takes back everything that was added.
    pub fn begin_anew(&mut self) -> Result<()> {
        self.stream = Stream::new();
        let begun = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        begun.map(drop).map_err(|e| io_error("write", &self.path, e))
    }

    /// How the file looks, and the hash of its bytes.
    pub fn finish(self) -> Result<(fs::Metadata, Digest)> {
        let looks = self.file.metadata().map_err(|e| io_error("write", &self.path, e))?;
        Ok((looks, self.stream.finish()))
    }
}

/// Fills these bytes with those of an open file from this place on, and says whether it has as many, and could be read.
pub fn read_part(file: &File, at: u64, bytes: &mut [u8]) -> bool {
    #[cfg(unix)]
    {
        std::os::unix::fs::FileExt::read_exact_at(file, bytes, at).is_ok()
    }
    #[cfg(not(unix))]
    {
        let mut rest = bytes;
        let mut at = at;
        while !rest.is_empty() {
            // This moves the file's cursor, which nobody else relies on.
            match std::os::windows::fs::FileExt::seek_read(file, rest, at) {
                Ok(read @ 1..) => (rest, at) = (&mut rest[read..], at + read as u64),
                _ => return false,
            }
        }
        true
    }
}

/// A file of which parts are read again while something is made from it. It must not change meanwhile: whoever renames another one
/// over it does no harm, since this one stays open; whoever writes into it does.
#[derive(Debug)]
pub struct Reread {
    path: PathBuf,
    file: File,
    is_other: AtomicBool,
}

impl Reread {
    /// Opens the file.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| io_error("read", path, e))?;
        Ok(Self { path: path.to_owned(), file, is_other: AtomicBool::new(false) })
    }

    /// The whole file, or the rest of it, for whoever reads it first.
    pub fn begin(&self) -> impl Read {
        &self.file
    }

    /// A part of it that was seen before; nothing, from then on noted, where it is not `as_seen` any more.
    pub fn part(&self, at: u64, length: usize, as_seen: impl FnOnce(&[u8]) -> bool) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        let is_there = read_part(&self.file, at, &mut bytes) && as_seen(&bytes);
        if !is_there {
            self.is_other.store(true, Ordering::Release);
        }
        is_there.then_some(bytes)
    }

    /// An error where a part was not there any more as it was.
    pub fn check(&self) -> Result<()> {
        if !self.is_other.load(Ordering::Acquire) {
            return Ok(());
        }
        let message =
            format!("{} was written to while it was read, so nothing is published", self.path.display());
        Err(Error::new(Kind::Unavailable, message)
            .hint("run again; whoever writes it does best to write another file and rename it over this one"))
    }
}

/// The bytes of a file from this place on.
pub fn read_from(path: &Path, at: u64) -> Result<Vec<u8>> {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(at))?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|e| io_error("read", path, e))
}

/// Hands over a file in pieces of one length, save for the last.
fn in_pieces<T>(
    path: &Path,
    mut state: T,
    mut take: impl FnMut(&mut T, &[u8]) -> io::Result<()>,
) -> io::Result<T> {
    let file = File::open(path)?;
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(PIECE);
    // Most files are smaller than a piece.
    let mut piece = Vec::with_capacity(PIECE.min(length + 1));
    loop {
        piece.clear();
        let read = (&file).take(PIECE as u64).read_to_end(&mut piece)?;
        if read == 0 {
            return Ok(state);
        }
        take(&mut state, &piece)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::files::{read, write_new};

    #[test]
    fn a_file_in_pieces_is_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7] {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 31 % 251) as u8).collect();
            write_new(&path("from"), &bytes).unwrap();
            let (looks, copied) = copy_and_look(&path("from"), &path("a/b/to")).unwrap();
            assert_eq!((looks.len(), copied), (length as u64, Digest::of(&bytes)));
            assert_eq!(digest(&path("a/b/to")).unwrap(), Some(copied));
            assert_eq!(read(&path("a/b/to")).unwrap(), bytes);
            let mark = |name: &str| fingerprint(&path(name), Fingerprint::new(1)).unwrap();
            let before = mark("from");
            assert_eq!(before, mark("a/b/to"));
            if let Some(at) = length.checked_sub(1) {
                let mut other = bytes.clone();
                other[at] ^= 1;
                write_new(&path("from"), &other).unwrap();
                assert_ne!(before, mark("from"));
            }
        }
        assert_eq!(digest(&path("nothing")).unwrap(), None);
        assert!(copy_and_look(&path("nothing"), &path("x")).is_err());
    }
}

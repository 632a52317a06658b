//! Opening a file below a folder so that no link, no `..` and no race leads out of it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A folder that was opened once; files are opened from there, wherever its name may lead by now.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    #[cfg(target_os = "linux")]
    handle: rustix::fd::OwnedFd,
}

impl Folder {
    /// Opens the folder.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.canonicalize()?,
            #[cfg(target_os = "linux")]
            handle: rustix::fs::open(
                path,
                rustix::fs::OFlags::PATH | rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC,
                rustix::fs::Mode::empty(),
            )?,
        })
    }

    /// Opens a regular file below the folder for reading. Whatever is no regular file counts as not there, and opening
    /// does not wait for the other end of a pipe.
    pub(super) fn file(&self, path: &str) -> io::Result<File> {
        let file = self.open_beneath(path)?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    #[cfg(target_os = "linux")]
    fn open_beneath(&self, path: &str) -> io::Result<File> {
        use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
        let how = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match openat2(&self.handle, path, how, Mode::empty(), resolve) {
            Ok(file) => Ok(file.into()),
            // Kernels before 5.6, and sandboxes that do not let the call through.
            Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => self.open_checked(path),
            Err(e) => Err(e.into()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn open_beneath(&self, path: &str) -> io::Result<File> {
        self.open_checked(path)
    }

    /// The second best: the canonical path must be the plain one, so no part of it is a link.
    fn open_checked(&self, path: &str) -> io::Result<File> {
        let plain = self.path.join(path);
        if plain.canonicalize()? != plain || !plain.starts_with(&self.path) || !plain.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        File::open(plain)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn links_and_folders_are_not_there() {
        let root = tempfile::tempdir().unwrap();
        let site = root.path().join("site");
        for (path, text) in [("site/a/b.txt", "in"), ("secret.txt", "out")] {
            crate::base::files::write_new(&root.path().join(path), text.as_bytes()).unwrap();
        }
        std::os::unix::fs::symlink("../secret.txt", site.join("link.txt")).unwrap();
        std::os::unix::fs::symlink("..", site.join("up")).unwrap();
        let folder = Folder::open(&site).unwrap();
        for open in [Folder::file, Folder::open_checked] {
            assert!(open(&folder, "a/b.txt").is_ok());
            for path in [
                "link.txt",
                "up/secret.txt",
                "../secret.txt",
                "a/../../secret.txt",
                "a",
                "nothing",
                "/etc/passwd",
            ] {
                assert!(open(&folder, path).is_err(), "{path}");
            }
        }
    }
}

//! A folder that stays open while thousands of files in it are looked at: the way to it is not gone for each of them.

use std::path::Path;

/// How a file looks without being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looks {
    /// How many bytes are in it.
    pub size: u64,
    /// When it was last written to, in nanoseconds since 1970.
    pub modified: u64,
    /// When anything about it last changed, in the same way.
    pub changed: u64,
}

/// An open folder.
#[derive(Debug)]
pub struct Folder {
    #[cfg(target_os = "linux")]
    handle: Option<rustix::fd::OwnedFd>,
}

impl Folder {
    /// Opens a folder. Of one that is not there, nothing can be seen.
    #[cfg(target_os = "linux")]
    pub fn open(path: &Path) -> Self {
        use rustix::fs::{Mode, OFlags, open};
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Self { handle: open(path, flags, Mode::empty()).ok() }
    }

    /// Opens a folder. On this system nothing can be seen through it.
    #[cfg(not(target_os = "linux"))]
    pub fn open(_: &Path) -> Self {
        Self {}
    }

    /// How the file at a path below it looks. Nothing where there is none, where it is no plain file, and where the system
    /// cannot tell: then its metadata have to be asked for.
    #[cfg(target_os = "linux")]
    pub fn look(&self, path: &str) -> Option<Looks> {
        use rustix::fs::{AtFlags, FileType, statat};
        let stat = statat(self.handle.as_ref()?, path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let nanos = |seconds: i64, rest: u64| (seconds as u64).wrapping_mul(1_000_000_000).wrapping_add(rest);
        FileType::from_raw_mode(stat.st_mode).is_file().then(|| Looks {
            size: stat.st_size as u64,
            modified: if stat.st_mtime < 0 {
                0
            } else {
                nanos(stat.st_mtime as i64, stat.st_mtime_nsec as u64)
            },
            changed: nanos(stat.st_ctime as i64, stat.st_ctime_nsec as u64),
        })
    }

    /// Nothing: the metadata of the file have to be asked for.
    #[cfg(not(target_os = "linux"))]
    pub fn look(&self, _: &str) -> Option<Looks> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;
    use crate::base::files;

    #[test]
    fn files_look_through_an_open_folder_as_their_metadata_say() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("a/ä.html");
        files::write_new(&file, b"text").unwrap();
        std::os::unix::fs::symlink("ä.html", root.path().join("a/link")).unwrap();
        let folder = Folder::open(root.path());
        let known = std::fs::metadata(&file).unwrap();
        let nanos = |seconds: i64, rest: i64| seconds as u64 * 1_000_000_000 + rest as u64;
        let looks = Looks {
            size: 4,
            modified: nanos(known.mtime(), known.mtime_nsec()),
            changed: nanos(known.ctime(), known.ctime_nsec()),
        };
        assert_eq!(folder.look("a/ä.html"), Some(looks));
        for path in ["a", "a/link", "a/b", "b/c", "a/ä.html/c", "nul\0", ""] {
            assert_eq!(folder.look(path), None, "{path:?}");
        }
        assert_eq!(Folder::open(&root.path().join("none")).look("a/ä.html"), None);
    }
}

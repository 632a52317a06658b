//! Files of the output that have got a second name from a server (`.aither/served/`, by the hash of their bytes) since the
//! last build. The name changes when the system says that the file was last touched, and nothing else about it.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use super::stamp::Stamp;
use crate::base::digest::Digest;

/// The second names.
pub(super) struct Kept {
    folder: PathBuf,
    /// When the last name was given.
    last: Option<u64>,
}

impl Kept {
    pub(super) fn look(state: &Path) -> Self {
        let folder = state.join("served");
        let last = std::fs::metadata(&folder).ok().map(|metadata| Stamp::of(&metadata).modified);
        Self { folder, last }
    }

    /// Whether a file looks as the last build left it: in all, or in all but that time, if it is the file that a server has
    /// given a name by these bytes, and nobody has touched it since.
    pub(super) fn is_as_left(&self, now: &Metadata, known: Stamp, digest: Digest) -> bool {
        let stamp = Stamp::of(now);
        if stamp == known {
            return true;
        }
        let is_only_touched = Stamp { changed: known.changed, ..stamp } == known;
        is_only_touched && self.last.is_some_and(|last| stamp.changed <= last) && self.has(now, digest)
    }

    #[cfg(unix)]
    fn has(&self, file: &Metadata, digest: Digest) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        let named = std::fs::symlink_metadata(self.folder.join(digest.to_string()));
        named.is_ok_and(|named| (named.dev(), named.ino()) == (file.dev(), file.ino()))
    }

    #[cfg(not(unix))]
    fn has(&self, _: &Metadata, _: Digest) -> bool {
        let _ = &self.folder;
        false
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::base::files;

    #[test]
    fn a_second_name_is_no_change_and_anything_else_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("output/a.html"), folder.path().join("output/b.html"));
        let served = folder.path().join("served");
        let digest = Digest::of(b"text");
        for path in [&file, &other] {
            files::write_new(path, b"text").unwrap();
        }
        let look = |path: &Path| std::fs::metadata(path).unwrap();
        let [known, twin] = [&file, &other].map(|path| Stamp::of(&look(path)));
        // As if the build had been long ago: the clock of a file system may not have moved on.
        let [known, twin] =
            [known, twin].map(|stamp| Stamp { changed: stamp.changed - 1_000_000_000, ..stamp });
        let is_as_left =
            |path: &Path, known| Kept::look(folder.path()).is_as_left(&look(path), known, digest);
        assert!(is_as_left(&file, Stamp::of(&look(&file))) && !is_as_left(&file, known));
        files::create_folder(&served).unwrap();
        files::link(&file, &served.join(digest.to_string())).unwrap();
        assert!(is_as_left(&file, known));
        // Equal bytes elsewhere have no such name, and other bytes, lengths and times are no second names.
        assert!(!is_as_left(&other, twin));
        assert!(!Kept::look(folder.path()).is_as_left(&look(&file), known, Digest::of(b"other")));
        assert!(!is_as_left(&file, Stamp { size: 5, ..known }));
        assert!(!is_as_left(&file, Stamp { modified: known.modified - 1, ..known }));
        // Touched after the last name was given.
        let early = Kept { last: Some(known.changed), ..Kept::look(folder.path()) };
        assert!(!early.is_as_left(&look(&file), known, digest));
    }
}

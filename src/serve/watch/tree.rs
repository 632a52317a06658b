//! The files of a watched site, and which of them have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Watching;
use crate::base::digest::Digest;
use crate::base::files;

/// Larger files are compared by time and length until they change.
const SMALL: u64 = 1 << 20;

/// The files as they were last seen.
#[derive(Debug)]
pub(super) struct Tree {
    files: BTreeMap<PathBuf, Seen>,
    /// Whether files are only looked at and not read.
    is_brief: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Seen {
    length: u64,
    modified: Option<SystemTime>,
    /// What a copy that keeps the old time does not keep: the inode, and when it last changed in any way.
    inode: [i64; 3],
    digest: Option<Digest>,
}

impl Seen {
    fn of(metadata: &std::fs::Metadata) -> Self {
        let modified = metadata.modified().ok();
        Self { length: metadata.len(), modified, inode: inode(metadata), digest: None }
    }
}

impl Tree {
    /// All files as they look now, without a look into them.
    pub(super) fn glance(watching: &Watching) -> Self {
        let mut tree = Self { files: BTreeMap::new(), is_brief: true };
        tree.compare(watching, None);
        tree
    }

    /// Reads the files that were only looked at. One that has changed since is left to the hint that it has left.
    pub(super) fn read(&mut self) {
        self.is_brief = false;
        for (path, seen) in self.files.iter_mut().filter(|(_, seen)| seen.length <= SMALL) {
            let digest = files::read(path).ok().map(|bytes| Digest::of(&bytes));
            let now = std::fs::metadata(path).ok().map(|metadata| Seen::of(&metadata));
            seen.digest = digest.filter(|_| now == Some(*seen));
        }
    }

    /// Looks at these files, or at all, and says which have changed, come or gone since the last look.
    pub(super) fn compare(
        &mut self,
        watching: &Watching,
        paths: Option<&BTreeSet<PathBuf>>,
    ) -> BTreeSet<PathBuf> {
        let mut changed = BTreeSet::new();
        match paths {
            Some(paths) => {
                for path in paths.iter().filter(|path| is_watched(watching, path)) {
                    // What a link leads to is no part of the site.
                    if path.is_dir() && path.is_symlink() {
                        self.look_at(path, &mut changed);
                    } else if path.is_dir() {
                        self.look_below(path, &mut changed);
                    } else {
                        self.look_at(path, &mut changed);
                    }
                }
            }
            None => {
                watching.folders.iter().for_each(|folder| self.look_below(folder, &mut changed));
                watching.files.iter().for_each(|file| self.look_at(file, &mut changed));
            }
        }
        changed
    }

    fn look_below(&mut self, folder: &Path, changed: &mut BTreeSet<PathBuf>) {
        let found: BTreeSet<PathBuf> =
            files::walk(folder).unwrap_or_default().into_iter().map(|path| folder.join(path)).collect();
        let below = self.files.keys().filter(|path| path.starts_with(folder));
        let gone: Vec<PathBuf> = below.filter(|path| !found.contains(*path)).cloned().collect();
        for path in found.iter().chain(&gone) {
            self.look_at(path, changed);
        }
    }

    fn look_at(&mut self, path: &Path, changed: &mut BTreeSet<PathBuf>) {
        let known = self.files.get(path).copied();
        let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
        let Some(metadata) = metadata else {
            // It may have been a folder: the hint tells of its name alone.
            let below = self.files.range(path.to_owned()..).map(|(known, _)| known);
            let gone: Vec<PathBuf> = below.take_while(|known| known.starts_with(path)).cloned().collect();
            for path in gone {
                self.files.remove(&path);
                changed.insert(path);
            }
            return;
        };
        let mut seen = Seen::of(&metadata);
        if known.is_some_and(|known| Seen { digest: None, ..known } == seen) {
            return;
        }
        if seen.length <= SMALL && !self.is_brief {
            seen.digest = files::read(path).ok().map(|bytes| Digest::of(&bytes));
        }
        let same = known.is_some_and(|known| known.digest.is_some() && known.digest == seen.digest);
        self.files.insert(path.to_owned(), seen);
        if !same {
            changed.insert(path.to_owned());
        }
    }
}

/// The inode of a file, and when it last changed in any way, in seconds and nanoseconds, where the system tells.
fn inode(metadata: &std::fs::Metadata) -> [i64; 3] {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        [metadata.ino().cast_signed(), metadata.ctime(), metadata.ctime_nsec()]
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        [0; 3]
    }
}

/// Whether a path is one of the site's files: not one of the output, and none that an editor keeps for itself.
fn is_watched(watching: &Watching, path: &Path) -> bool {
    let below = watching.folders.iter().find_map(|folder| path.strip_prefix(folder).ok());
    let Some(relative) = below else { return watching.files.iter().any(|file| file == path) };
    relative.iter().all(|part| {
        let part = part.to_string_lossy();
        !part.starts_with('.') && !part.ends_with('~')
    })
}

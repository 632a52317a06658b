//! The site as it is served: one moment of it, whatever happens to the output folder meanwhile.
//!
//! A build replaces files one after the other, and the manifest last. Whoever reads the folder in between sees half of
//! each site. So the server keeps the files of the last complete build by second names (hard links) below
//! `.aither/served/`, called by their SHA-256: a build gives an address a new file and leaves the old one alone. All
//! addresses move to the new files at once, when a new manifest is there and no build is under way; the work is in
//! proportion to what changed, no byte is copied, and what a request has found stays open to it. The `ETag` is the name of the
//! file, so bytes and tag cannot part.
//!
//! While somebody works on the site, a few files may be shown *early*: the pages that are looked at, from memory, before the
//! rest of their build is there. All other addresses stay at the last complete build, and the disk knows nothing of it.
//!
//! Where the disk has no hard links, and for files that the manifest does not know or that differ from it, the output
//! folder itself is read, race-free but without that promise.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use hyper::body::Bytes;
use rayon::prelude::*;
use serde::Deserialize;

use super::coding::Coding;
use super::moves::Moves;
use super::open::Folder;
use crate::base::digest::Digest;
use crate::base::files::{self, Lock};
use crate::error::Result;
use crate::project::STATUS_FILE;

const MANIFEST: &str = ".sync-manifest.json";
const REDIRECTS: &str = "_redirects";

/// One file of a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The hash of its bytes.
    pub(super) digest: Digest,
    /// Its length in bytes.
    pub(super) length: u64,
    /// When it was last changed.
    pub(super) modified: SystemTime,
    /// Whether there are compressed twins of it.
    pub(super) has_twins: bool,
}

/// A file that is shown before the build that makes it is complete.
#[derive(Debug, Clone)]
pub(super) struct Early {
    pub(super) digest: Digest,
    pub(super) bytes: Bytes,
    pub(super) modified: SystemTime,
}

/// The site at one moment.
#[derive(Debug)]
pub(in super::super) struct Generation {
    /// Counts the changes of the site since the server began.
    pub(in super::super) number: u64,
    files: Arc<HashMap<Box<str>, Entry>>,
    early: HashMap<Box<str>, Early>,
    moves: Arc<Moves>,
    output: Option<Arc<Folder>>,
    kept: Option<Arc<Folder>>,
    /// The list of new addresses that a build under way writes in place.
    publishing: PathBuf,
}

/// The output folder's manifest, as far as a server needs it.
#[derive(Deserialize)]
struct Listing {
    files: HashMap<Box<str>, Digest>,
}

impl Generation {
    /// A site without a page.
    pub(in super::super) fn empty() -> Self {
        Self {
            number: 0,
            files: Arc::default(),
            early: HashMap::new(),
            moves: Arc::default(),
            output: None,
            kept: None,
            publishing: PathBuf::new(),
        }
    }

    /// The file of the manifest at this path, if it is kept.
    pub(super) fn get(&self, path: &str) -> Option<&Entry> {
        self.files.get(path)
    }

    /// The file at this path, if it is shown early.
    pub(super) fn early(&self, path: &str) -> Option<&Early> {
        self.early.get(path)
    }

    /// The address that the one of a request has moved to; nothing for one at which a page is just coming to be.
    pub(super) fn moved(&self, file: &str, path: &str, query: Option<&str>) -> Option<String> {
        self.moves.find(path, query).filter(|_| !self.early.contains_key(file))
    }

    /// How many files are kept.
    pub(in super::super) fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is a site.
    pub(in super::super) fn is_ready(&self) -> bool {
        !self.files.is_empty() || self.stray("index.html").is_ok()
    }

    /// Opens a kept file.
    pub(super) fn open(&self, entry: &Entry) -> io::Result<File> {
        let kept = self.kept.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let file = kept.file(&entry.digest.to_string())?;
        let metadata = file.metadata()?;
        if metadata.len() == entry.length && metadata.modified()? == entry.modified {
            Ok(file)
        } else {
            // Somebody wrote into the output in place: the promise of the tag is void.
            Err(io::ErrorKind::NotFound.into())
        }
    }

    /// Opens a file of the output folder that is not kept, unless a build may be writing it just now.
    pub(super) fn stray(&self, path: &str) -> io::Result<File> {
        let file = self.output.as_ref().ok_or(io::ErrorKind::NotFound)?.file(path)?;
        match std::fs::read_to_string(&self.publishing) {
            Ok(list) if list.lines().any(|line| line == path) => Err(io::ErrorKind::NotFound.into()),
            _ => Ok(file),
        }
    }

    /// The paths at which this generation has other bytes than `before`.
    pub(in super::super) fn changed_since(&self, before: &Self) -> HashSet<String> {
        let differs = |path: &str| self.digest(path) != before.digest(path);
        let early = self.early.keys().chain(before.early.keys());
        let all = || self.files.keys().chain(before.files.keys());
        let kept = (!Arc::ptr_eq(&self.files, &before.files)).then(all);
        let paths = early.chain(kept.into_iter().flatten());
        paths.filter(|path| differs(path)).map(|path| path.to_string()).collect()
    }

    fn digest(&self, path: &str) -> Option<Digest> {
        let early = self.early.get(path).map(|early| early.digest);
        early.or_else(|| self.files.get(path).map(|entry| entry.digest))
    }

    /// The same files, and these early ones.
    fn with(&self, number: u64, early: HashMap<Box<str>, Early>) -> Self {
        Self {
            number,
            files: Arc::clone(&self.files),
            early,
            moves: Arc::clone(&self.moves),
            output: self.output.clone(),
            kept: self.kept.clone(),
            publishing: self.publishing.clone(),
        }
    }
}

/// Makes generations. Lives on the worker's thread.
#[derive(Debug)]
pub(in super::super) struct Keeper {
    output: PathBuf,
    lock: PathBuf,
    folder: PathBuf,
    seen: Option<Seen>,
    number: u64,
    /// What the present generation holds, and what the one before it held: requests that began then may still want it.
    present: HashSet<Digest>,
    former: HashSet<Digest>,
}

/// Enough of the manifest's metadata to tell that it is another one.
type Seen = (SystemTime, u64, u64);

impl Keeper {
    /// A keeper for an output folder. What a former one has left is used again as far as it is wanted: a new name changes
    /// how a file looks, and the next build would have to read it to see that its bytes are the same.
    pub(in super::super) fn new(output: &Path, state: &Path) -> Self {
        Self {
            output: output.to_owned(),
            lock: state.join("lock"),
            folder: state.join("served"),
            seen: None,
            number: 0,
            present: HashSet::new(),
            former: HashSet::new(),
        }
    }

    /// The next generation, if there is a new manifest and nobody is about to change the output. `holding` says that the
    /// caller has the site's lock.
    pub(in super::super) fn look(&mut self, now: &Generation, holding: bool) -> Result<Option<Generation>> {
        let seen = self.manifest_seen();
        let unchanged = seen == self.seen && now.output.is_some();
        if unchanged || (seen.is_none() && !self.output.is_dir()) {
            return Ok(None);
        }
        // The first look is taken even beside a build: a server that starts has nothing better to show.
        let first = now.output.is_none();
        let _lock = match holding {
            true => None,
            false => match Lock::take(&self.lock)? {
                None if !first => return Ok(None),
                lock => lock,
            },
        };
        let bytes = files::read_if_present(&self.output.join(MANIFEST))?.unwrap_or_default();
        let listing = serde_json::from_slice(&bytes).unwrap_or(Listing { files: HashMap::new() });
        let generation = self.keep(listing, now)?;
        self.seen = seen;
        Ok(Some(generation))
    }

    /// The generation that shows these files before the rest of their build is there; nothing if it would be the same.
    pub(in super::super) fn show(
        &mut self,
        now: &Generation,
        files: Vec<(String, Vec<u8>)>,
    ) -> Option<Generation> {
        let modified = SystemTime::now();
        let early = files.into_iter().map(|(path, bytes)| {
            let digest = Digest::of(&bytes);
            (path.into(), Early { digest, bytes: bytes.into(), modified })
        });
        let next = now.with(self.number + 1, early.collect());
        if next.changed_since(now).is_empty() {
            return None;
        }
        self.number += 1;
        Some(next)
    }

    /// The generation without what was shown early; nothing where nothing was.
    pub(in super::super) fn withdraw(&mut self, now: &Generation) -> Option<Generation> {
        if now.early.is_empty() {
            return None;
        }
        self.number += 1;
        Some(now.with(self.number, HashMap::new()))
    }

    /// Removes what a former keeper has left and this one does not want.
    fn remove_leftovers(&self) -> Result<()> {
        for path in files::walk(&self.folder)? {
            let is_wanted =
                path.to_str().and_then(|name| name.parse().ok()).is_some_and(|d| self.present.contains(&d));
            if !is_wanted {
                files::remove(&self.folder.join(path))?;
            }
        }
        Ok(())
    }

    fn manifest_seen(&self) -> Option<Seen> {
        let metadata = std::fs::metadata(self.output.join(MANIFEST)).ok()?;
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(&metadata);
        #[cfg(not(unix))]
        let number = 0;
        Some((metadata.modified().ok()?, metadata.len(), number))
    }

    fn keep(&mut self, listing: Listing, now: &Generation) -> Result<Generation> {
        files::create_folder(&self.folder)?;
        let cannot = |e| files::io_error("open the folder", &self.output, e);
        let output = Folder::open(&self.output).map_err(cannot)?;
        let kept = Folder::open(&self.folder).map_err(cannot)?;
        let entry = |(path, digest): (Box<str>, Digest)| {
            // Several addresses may hold the same bytes; each has its own time, the first one's is good enough.
            let known = now.files.get(&path).filter(|entry| entry.digest == digest).cloned();
            let entry = known.or_else(|| keep_one(&self.output, &self.folder, &kept, &path, digest))?;
            Some((path, entry))
        };
        // A sync that fails changes this file alone, and no manifest: it is read as it is on the disk.
        let lasting = listing.files.into_par_iter().filter(|(path, _)| **path != *STATUS_FILE);
        let mut files: HashMap<Box<str>, Entry> = lasting.filter_map(entry).collect();
        let plain =
            |path: &str| Coding::ALL.iter().find_map(|c| path.strip_suffix(c.suffix()).map(Box::from));
        let with_twins: Vec<Box<str>> = files.keys().filter_map(|path| plain(path)).collect();
        files.values_mut().for_each(|entry| entry.has_twins = false);
        for path in with_twins {
            if let Some(entry) = files.get_mut(&path) {
                entry.has_twins = true;
            }
        }
        let former = std::mem::replace(&mut self.present, files.values().map(|e| e.digest).collect());
        if self.number == 0 {
            self.remove_leftovers()?;
        }
        let older = std::mem::replace(&mut self.former, former);
        for digest in older.difference(&self.former).filter(|digest| !self.present.contains(digest)) {
            files::remove(&self.folder.join(digest.to_string()))?;
        }
        self.number += 1;
        let redirects = match files.get(REDIRECTS) {
            Some(entry) => files::read_if_present(&self.folder.join(entry.digest.to_string()))?,
            None => None,
        };
        let moves =
            redirects.map_or_else(Moves::default, |text| Moves::read(&String::from_utf8_lossy(&text)));
        Ok(Generation {
            number: self.number,
            files: files.into(),
            early: HashMap::new(),
            moves: moves.into(),
            output: Some(output.into()),
            kept: Some(kept.into()),
            publishing: self.lock.with_file_name("publishing.txt"),
        })
    }
}

/// Gives a file of the output its second name, and makes sure that its bytes are those of the manifest.
fn keep_one(output: &Path, folder: &Path, kept: &Folder, path: &str, digest: Digest) -> Option<Entry> {
    let target = folder.join(digest.to_string());
    let is_left = target.exists();
    if !is_left {
        let _ = files::link(&output.join(path), &target);
    }
    let found = checked(kept, &target, digest);
    if found.is_some() || !is_left {
        return found;
    }
    // Somebody has written into what was left.
    let _ = files::link(&output.join(path), &target);
    checked(kept, &target, digest)
}

/// A kept file, if its bytes are those of its name; else the name goes.
fn checked(kept: &Folder, target: &Path, digest: Digest) -> Option<Entry> {
    let mut file = kept.file(&digest.to_string()).ok()?;
    let metadata = file.metadata().ok()?;
    let mut hasher = crate::base::digest::Stream::new();
    io::copy(&mut file, &mut hasher).ok()?;
    if hasher.finish() != digest {
        let _ = files::remove(target);
        return None;
    }
    Some(Entry { digest, length: metadata.len(), modified: metadata.modified().ok()?, has_twins: false })
}

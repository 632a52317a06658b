//! What is known of pictures, and what was made of them: kept in the state folder, so that a picture is decoded once in
//! its life.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use image::DynamicImage;
use serde::{Deserialize, Serialize};

use super::probe::{Meta, probe};
use super::{Options, Variant, encode};
use crate::assets::source::{Body, Source};
use crate::base::digest::Digest;
use crate::base::files;
use crate::error::{Error, Kind, Result};

/// A picture as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Where it is.
    pub(crate) source: Source,
    /// How it is called in messages.
    pub(crate) label: String,
    /// The hash of its bytes.
    pub(crate) digest: Digest,
}

/// What is known of a file, and how the file looked then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Known {
    stamp: Stamp,
    digest: Digest,
    meta: Result<Meta, String>,
}

/// Enough of a file's metadata to tell that nobody wrote to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    size: u64,
    modified: u64,
    changed: i64,
    number: u64,
    /// Whether the file had been left alone for some time: clocks of file systems tick coarsely.
    is_settled: bool,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let modified = since.unwrap_or_default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        #[cfg(unix)]
        let (changed, number) = {
            use std::os::unix::fs::MetadataExt as _;
            (metadata.ctime(), metadata.ino())
        };
        #[cfg(not(unix))]
        let (changed, number) = (0, 0);
        let newest = modified.as_secs().max(u64::try_from(changed).unwrap_or(0));
        Self {
            size: metadata.len(),
            modified: u64::try_from(modified.as_nanos()).unwrap_or(u64::MAX),
            changed,
            number,
            is_settled: newest + 2 < now.as_secs(),
        }
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Index {
    /// The limits under which the files were looked at.
    limits: (u64, u64),
    files: BTreeMap<PathBuf, Known>,
}

/// The pictures of a site.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) options: Options,
    may_write: bool,
    index: Mutex<Option<Index>>,
    /// Files that somebody asked for in this build.
    asked: Mutex<BTreeSet<PathBuf>>,
    is_news: AtomicBool,
    /// The pictures that were decoded last: all their sizes are made one after the other.
    decoded: Mutex<Vec<(Digest, Arc<DynamicImage>)>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    pub(crate) fn new(options: Options, may_write: bool) -> Self {
        Self {
            options,
            may_write,
            index: Mutex::default(),
            asked: Mutex::default(),
            is_news: AtomicBool::new(false),
            decoded: Mutex::default(),
        }
    }

    fn limits(&self) -> (u64, u64) {
        (self.options.max_pixels, self.options.max_bytes)
    }

    fn with_index<T>(&self, work: impl FnOnce(&mut Index) -> T) -> T {
        let mut index = locked(&self.index);
        work(index.get_or_insert_with(|| {
            let path = self.options.folder.as_ref().map(|folder| folder.join(INDEX));
            let bytes = path.and_then(|path| files::read_if_present(&path).ok().flatten());
            let known = bytes.and_then(|bytes| serde_json::from_slice::<Index>(&bytes).ok());
            known
                .filter(|known| known.limits == self.limits())
                .unwrap_or_else(|| Index { limits: self.limits(), files: BTreeMap::new() })
        }))
    }

    /// What a file is: its hash and what is in it, or in a few words why it cannot be used.
    pub(crate) fn look(&self, source: &Source) -> Result<(Digest, Result<Meta, String>)> {
        let path = match &source.body {
            Body::File(path) => path,
            Body::BuiltIn(bytes) => return Ok((Digest::of(bytes), probe(bytes, self.options.max_pixels))),
        };
        locked(&self.asked).insert(path.clone());
        let metadata = std::fs::metadata(path).map_err(|e| files::io_error("read", path, e))?;
        let stamp = Stamp::of(&metadata);
        let known = self.with_index(|index| index.files.get(path).cloned());
        if let Some(known) = known.filter(|known| known.stamp == stamp && stamp.is_settled) {
            return Ok((known.digest, known.meta));
        }
        let (digest, meta) = if metadata.len() > self.options.max_bytes {
            let told = format!(
                "it has {} bytes, and {} are the most that are taken",
                metadata.len(),
                self.options.max_bytes
            );
            (Digest::of(told.as_bytes()), Err(told))
        } else {
            let bytes = files::read(path)?;
            let digest = Digest::of(&bytes);
            let same = self.with_index(|index| {
                index.files.values().find(|known| known.digest == digest).map(|known| known.meta.clone())
            });
            (digest, same.unwrap_or_else(|| probe(&bytes, self.options.max_pixels)))
        };
        let known = Known { stamp, digest, meta: meta.clone() };
        self.with_index(|index| index.files.insert(path.clone(), known));
        self.is_news.store(true, Ordering::Relaxed);
        Ok((digest, meta))
    }

    /// The bytes of a variant: as they were made before, or made now and kept.
    pub(crate) fn load(&self, original: &Original, variant: &Variant) -> Result<Cow<'static, [u8]>> {
        let name = variant.route.rsplit('/').next().unwrap_or(&variant.route);
        let path = self.options.folder.as_ref().map(|folder| folder.join(name));
        if let Some(known) = path.as_ref().and_then(|path| files::read_if_present(path).transpose()) {
            return known.map(Cow::Owned);
        }
        let wrong = |told: String| {
            Error::new(Kind::Content, format!("{}: {told}", original.label))
                .hint("save the picture anew, or take another one")
        };
        let picture = self.picture(original).map_err(|error| match error {
            Ok(error) => error,
            Err(told) => wrong(told),
        })?;
        let bytes = encode::encode(&picture, variant, self.options.avif_speed).map_err(wrong)?;
        if let Some(path) = path.filter(|_| self.may_write) {
            files::replace(&path, &bytes)?;
            self.is_news.store(true, Ordering::Relaxed);
        }
        Ok(Cow::Owned(bytes))
    }

    fn picture(&self, original: &Original) -> Result<Arc<DynamicImage>, Result<Error, String>> {
        let known = locked(&self.decoded).iter().find(|(digest, _)| *digest == original.digest).cloned();
        if let Some((_, picture)) = known {
            return Ok(picture);
        }
        let bytes = original.source.read().map_err(Ok)?;
        if Digest::of(&bytes) != original.digest {
            return Err(Err("it was changed while the site was built; build again".to_owned()));
        }
        let picture = Arc::new(encode::decode(&bytes, self.options.max_pixels).map_err(Err)?);
        let mut decoded = locked(&self.decoded);
        if decoded.len() >= rayon::current_num_threads().clamp(1, 8) {
            decoded.remove(0);
        }
        decoded.push((original.digest, picture.clone()));
        Ok(picture)
    }

    /// Ends a build: keeps what is known, and removes what is of no use any more. `used` are the names of the files that
    /// were published.
    pub(crate) fn close(&self, used: &BTreeSet<&str>) -> Result<()> {
        locked(&self.decoded).clear();
        let Some(folder) = self.options.folder.as_ref().filter(|_| self.may_write) else { return Ok(()) };
        if !self.is_news.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let asked = std::mem::take(&mut *locked(&self.asked));
        let bytes = self.with_index(|index| {
            index.files.retain(|path, _| asked.contains(path));
            serde_json::to_vec(index).unwrap_or_default()
        });
        files::replace(&folder.join(INDEX), &bytes)?;
        files::remove_temporaries(folder)?;
        for path in files::walk(folder)? {
            let name = path.to_string_lossy();
            let is_made = !name.contains('/') && super::names::is_fingerprinted(&name);
            if is_made && !used.contains(&*name) {
                files::remove(&folder.join(&path))?;
            }
        }
        Ok(())
    }
}

const INDEX: &str = "index.json";

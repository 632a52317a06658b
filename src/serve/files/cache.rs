//! Small files that are asked for often, by the hash of their bytes: nothing in here can ever be out of date.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Bytes;
use hyper::header::HeaderMap;

use crate::base::digest::Digest;

/// The largest file that is kept in memory, in bytes.
pub(super) const SMALL: u64 = 64 << 10;

/// A cache with a limit in bytes. When it is full it is emptied: a site's busy pages are back within a moment, and
/// nobody can push single pages out by asking for many others in a chosen order.
#[derive(Debug)]
pub(super) struct Cache {
    limit: u64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    size: u64,
    files: HashMap<Digest, Arc<Cached>, BuildHasherDefault<Prefix>>,
}

/// A digest is as random as any hash of it would be: its first bytes are enough.
#[derive(Debug, Default)]
struct Prefix(u64);

impl Hasher for Prefix {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_ne_bytes(*first);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A file with the headers that go with it at one address.
#[derive(Debug)]
pub(super) struct Cached {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Bytes,
}

impl Cache {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, inner: Mutex::default() }
    }

    pub(super) fn get(&self, digest: &Digest) -> Option<Arc<Cached>> {
        self.lock().files.get(digest).cloned()
    }

    pub(super) fn put(&self, digest: Digest, file: Cached) {
        // What the headers and the bookkeeping take, roughly.
        const BESIDES: u64 = 1_500;
        let size = file.bytes.len() as u64 + BESIDES;
        if size > SMALL + BESIDES || size > self.limit {
            return;
        }
        let mut inner = self.lock();
        if inner.size + size > self.limit {
            *inner = Inner::default();
        }
        if inner.files.insert(digest, Arc::new(file)).is_none() {
            inner.size += size;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

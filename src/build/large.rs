//! Files that are published as they are and are too large to be held in memory: they are hashed and copied piece by piece.

use std::path::Path;

use super::plan::{What, Work};
use super::run::{Bytes, Request};
use super::stage::{self, Stage};
use super::trace::Trace;
use crate::assets::has_metadata;
use crate::base::compress::LARGEST;
use crate::base::digest::Fingerprint;
use crate::base::files;
use crate::error::Result;

impl Bytes {
    /// The file that these bytes are in, if it is large. Pictures are not, whatever their length: what they say about
    /// themselves has to be taken out of them.
    pub(super) fn large(&self) -> Option<&Path> {
        let Self::File(path) = self else { return None };
        let is_large = !has_metadata(path) && std::fs::metadata(path).is_ok_and(|file| file.len() > LARGEST);
        is_large.then_some(path)
    }
}

impl<'a> What<'a> {
    /// The file that this one is a copy of, if it is large.
    pub(super) fn large(self) -> Option<&'a Path> {
        match self {
            What::Page(_) | What::Member(..) => None,
            What::Asset(asset) => asset.bytes.large(),
        }
    }
}

/// The quick hash of a large file.
pub(super) fn inputs(path: &Path) -> Result<u64> {
    Ok(files::fingerprint(path, Fingerprint::new(37))?.get())
}

/// Copies a large file, unless the same bytes stand at its address. `shape` is that of a file that has read nothing.
pub(super) fn publish(
    request: &Request<'_>,
    stage: &Stage,
    work: &Work<'_>,
    source: &Path,
    shape: u32,
) -> Result<Trace> {
    let inputs = inputs(source)?;
    let present = work.present.filter(|present| files::digest(source).ok().flatten() == Some(*present));
    let (stamp, digest) = match present {
        Some(digest) => (stage::stamp(&request.output.join(work.path()))?, digest),
        None => stage.copy(work.path(), work.rank(), work.fresh, source)?,
    };
    Ok(Trace {
        shape,
        inputs,
        digest,
        stamp,
        since: i64::MIN,
        until: i64::MAX,
        hashes: Box::default(),
        warnings: Box::default(),
        assets: Box::default(),
        twins: Box::default(),
    })
}

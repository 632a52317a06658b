//! Compressed twins beside files (`index.html.br`): part of the manifest, made with their file and removed with it.

use std::collections::BTreeSet;

use super::before::{self, Before};
use super::kept::Kept;
use super::run::Request;
use super::stage::{self, Stage};
use super::stamp::Stamp;
use super::trace::Trace;
use crate::base::compress::{self, Coding};
use crate::base::digest::Digest;
use crate::base::files;
use crate::error::Result;
use crate::site::Rank;

/// One twin of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Twin {
    pub(super) coding: Coding,
    pub(super) digest: Digest,
    pub(super) stamp: Stamp,
}

/// Which twins a build wants.
#[derive(Debug, Default)]
pub(super) struct Wanted<'a> {
    is_on: bool,
    /// Addresses that look like a twin's and are the site's own: whoever brings a `style.css.gz` keeps it.
    taken: BTreeSet<&'a str>,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(request: &'a Request<'_>) -> Self {
        if !request.precompress {
            return Self::default();
        }
        let routes = request.site.paths().chain(request.assets.iter().map(|asset| asset.route.path()));
        let like_twin = |path: &&str| Coding::ALL.iter().any(|coding| path.ends_with(coding.suffix()));
        Self { is_on: true, taken: routes.filter(like_twin).collect() }
    }

    /// The codings that a file of this name and length is wanted in.
    fn of(&self, path: &str, length: u64) -> impl Iterator<Item = Coding> {
        let some = self.is_on && compress::is_worthwhile(path, length);
        Coding::ALL.into_iter().filter(move |coding| some && !self.taken.contains(&*name(path, *coding)))
    }

    /// Whether a file of this name may have twins.
    pub(super) fn has_any(&self, path: &str) -> bool {
        self.of(path, compress::LARGEST).next().is_some()
    }

    /// All addresses at which twins of this file may come to stand.
    pub(super) fn possible(&self, path: &str) -> Vec<String> {
        self.of(path, compress::LARGEST).map(|coding| name(path, coding)).collect()
    }

    /// The twins of a file that stays, if they are those that it is to have, with the bytes that the last build gave them.
    pub(super) fn present(&self, request: &Request<'_>, path: &str, trace: &Trace) -> Option<Box<[Twin]>> {
        let wanted = self.of(path, trace.stamp.size);
        if !wanted.eq(trace.twins.iter().map(|twin| twin.coding)) {
            return None;
        }
        let look = |twin: &Twin| {
            let file = request.output.join(name(path, twin.coding));
            let metadata = std::fs::symlink_metadata(&file).ok().filter(std::fs::Metadata::is_file)?;
            let stamp = Stamp::of(&metadata);
            let is_same = stamp == twin.stamp
                || Kept::look(request.state).is_as_left(&metadata, twin.stamp, twin.digest)
                || before::digest_of(&file) == Some(twin.digest);
            is_same.then_some(Twin { stamp, ..*twin })
        };
        trace.twins.iter().map(look).collect()
    }

    /// Makes the twins of a file that has just been made.
    pub(super) fn make(
        &self,
        request: &Request<'_>,
        last: &Before,
        stage: &Stage,
        (path, rank, present): (&str, Rank, Option<Digest>),
        bytes: &[u8],
        digest: Digest,
    ) -> Result<Box<[Twin]>> {
        let is_same = present == Some(digest) && last.traces.salt == Some(request.salt);
        if is_same
            && let Some(old) = last.trace(path)
            && old.digest == digest
            && let Some(twins) = self.present(request, path, old)
        {
            return Ok(twins);
        }
        self.of(path, bytes.len() as u64)
            .map(|coding| {
                let path = name(path, coding);
                let cannot = |e| files::io_error("compress", &request.output.join(&path), e);
                let coded = coding.encode(bytes).map_err(cannot)?;
                let digest = Digest::of(&coded);
                let stamp = match last.digest_on_disk(request, &path) {
                    Some(present) if present == digest => stage::stamp(&request.output.join(&path))?,
                    _ => stage.put(&path, rank, false, &coded)?,
                };
                Ok(Twin { coding, digest, stamp })
            })
            .collect()
    }
}

/// The path of a file's twin.
pub(super) fn name(path: &str, coding: Coding) -> String {
    format!("{path}{}", coding.suffix())
}

/// The paths of the twins that a trace tells of.
pub(super) fn names<'t>(path: &'t str, trace: &'t Trace) -> impl Iterator<Item = String> + 't {
    trace.twins.iter().map(move |twin| name(path, twin.coding))
}

/// Whether the twins look as the last build left them.
pub(super) fn are_as_left(output: &std::path::Path, path: &str, trace: &Trace, kept: &Kept) -> bool {
    trace.twins.iter().all(|twin| {
        let metadata = std::fs::symlink_metadata(output.join(name(path, twin.coding)));
        let metadata = metadata.ok().filter(std::fs::Metadata::is_file);
        metadata.is_some_and(|metadata| kept.is_as_left(&metadata, twin.stamp, twin.digest))
    })
}

/// Whether a path is one of the files of which `twins_of` knows the twins, or one of these.
pub(super) fn is_among<'t>(twins_of: impl Fn(&str) -> Option<&'t [Twin]>, path: &str) -> bool {
    twins_of(path).is_some()
        || Coding::ALL.iter().any(|coding| {
            let twins = path.strip_suffix(coding.suffix()).and_then(&twins_of);
            twins.is_some_and(|twins| twins.iter().any(|twin| twin.coding == *coding))
        })
}

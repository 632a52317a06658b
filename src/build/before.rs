//! What the last build left: manifest, traces, journal, and how the files look on the disk now.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::kept::Kept;
use super::manifest::{MANIFEST, Manifest};
use super::run::Request;
use super::stage::{self, Stage};
use super::stamp::Stamp;
use super::trace::{Trace, Traces};
use super::twins;
use crate::base::digest::Digest;
use crate::base::files::{self, Folder};
use crate::error::Result;
use crate::site::Route;

/// What the last build left.
pub struct Before {
    pub(super) traces: Traces,
    /// New addresses that a killed build may have begun to write.
    pub(super) journal: Vec<String>,
    /// How the files that were written look now, in the order of the traces; nothing for those that are gone.
    on_disk: Vec<OnDisk>,
    /// Whether the manifest is the one that belongs to the traces.
    pub(super) is_sure: bool,
    /// Whether there is nothing in the output: then nobody has to look for anything in it.
    pub(super) is_blank: bool,
    /// Files that a manifest without traces names, in order.
    named: Vec<String>,
    /// What is wrong with it.
    told: Vec<String>,
}

impl std::fmt::Debug for Before {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Before").field("files", &self.traces.files.len()).finish_non_exhaustive()
    }
}

/// How a file of the output looks now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) stamp: Stamp,
    /// The hash of its bytes: from the trace if nobody touched it.
    pub(super) digest: Option<Digest>,
    /// Whether nobody touched it.
    is_as_left: bool,
}

/// The same for each of thousands of files, of which nearly all look as their traces say.
#[derive(Debug)]
enum OnDisk {
    AsLeft,
    Gone,
    Other(Box<Seen>),
}

impl Before {
    /// Looks at all of it, unless `left` is what it looked like a moment ago, and says what is wrong with it.
    pub(super) fn load(request: &Request<'_>, left: Option<Self>) -> Result<Self> {
        if !request.dry_run {
            stage::clear(request.output, request.state)?;
        }
        let look = || Self::look(request.output, request.state, &AtomicBool::new(true));
        let left = left.map_or_else(look, Ok)?;
        left.told.iter().for_each(|trouble| request.reporter.warn(trouble));
        Ok(left)
    }

    /// Looks at what the last build left in an output and a state folder. This needs nothing of the site, so it may be
    /// done while the site is read: then it leaves the other cores to that, until `is_awaited`.
    pub fn look(output: &Path, state: &Path, is_awaited: &AtomicBool) -> Result<Self> {
        let mut told = Vec::new();
        let traces = Traces::load(output, state, &mut told)?;
        let journal = Stage::left_behind(output, state)?;
        let manifest = output.join(MANIFEST);
        let looks = std::fs::symlink_metadata(&manifest).ok().map(|metadata| Stamp::of(&metadata));
        // Like any other file it is read only if it looks otherwise.
        let digest = match traces.manifest {
            Some((digest, stamp)) if looks == Some(stamp) => Some(digest),
            _ => files::digest(&manifest)?,
        };
        let is_sure = digest.is_some() && digest == traces.manifest.map(|(digest, _)| digest);
        let is_blank = files::is_blank(output);
        let mut named = Vec::new();
        // Of an empty folder nobody expects a manifest.
        if !is_sure && !is_blank && !traces.files.is_empty() | digest.is_some() {
            let manifest = files::read_if_present(&manifest)?;
            named = Manifest::doubt(output, manifest.as_deref(), !traces.files.is_empty(), &mut told);
        }
        let kept = Kept::look(state);
        let folders = Folders::open(output, &traces);
        let look = |(path, trace): &(Box<str>, Trace)| {
            if folders.look(path) == Some(trace.stamp) {
                return OnDisk::AsLeft;
            }
            let file = output.join(&**path);
            let metadata = std::fs::symlink_metadata(&file).ok().filter(std::fs::Metadata::is_file);
            let Some(metadata) = metadata else { return OnDisk::Gone };
            let stamp = Stamp::of(&metadata);
            let is_as_left = kept.is_as_left(&metadata, trace.stamp, trace.digest);
            let digest = if is_as_left { Some(trace.digest) } else { digest_of(&file) };
            OnDisk::Other(Box::new(Seen { stamp, digest, is_as_left }))
        };
        /// So many files are looked at between two glances at who waits.
        const SOME: usize = 64;
        let mut on_disk = Vec::with_capacity(traces.files.len());
        let mut some = traces.files.chunks(SOME);
        while !is_awaited.load(Ordering::Relaxed) {
            let Some(files) = some.next() else { break };
            on_disk.extend(files.iter().map(look));
        }
        let rest = traces.files.get(on_disk.len()..).unwrap_or_default();
        on_disk.par_extend(rest.par_iter().with_min_len(512).map(look));
        Ok(Self { traces, journal, on_disk, is_sure, is_blank, named, told })
    }

    /// How many files the last build left, if all of them, the manifest included, are as it left them.
    pub fn intact(&self, output: &Path, state: &Path) -> Option<usize> {
        if !self.is_sure || self.traces.files.is_empty() || !self.journal.is_empty() {
            return None;
        }
        let kept = Kept::look(state);
        let all = self.traces.files.iter().enumerate();
        let is_as_left = |(at, (path, trace)): (usize, &(Box<str>, Trace))| {
            let seen = self.seen(at);
            seen.is_some_and(|seen| seen.is_as_left) && twins::are_as_left(output, path, trace, &kept)
        };
        all.into_iter().all(is_as_left).then_some(self.traces.files.len())
    }

    /// How the file at this place among the traces looks now; nothing for one that is gone.
    pub(super) fn seen(&self, at: usize) -> Option<Seen> {
        match self.on_disk.get(at)? {
            OnDisk::Gone => None,
            OnDisk::Other(seen) => Some(**seen),
            OnDisk::AsLeft => {
                let (_, trace) = self.traces.files.get(at)?;
                Some(Seen { stamp: trace.stamp, digest: Some(trace.digest), is_as_left: true })
            }
        }
    }

    /// Whether no manifest has ever named this path, as far as is known.
    pub(super) fn is_new(&self, path: &str) -> bool {
        self.named.binary_search_by(|known| known.as_str().cmp(path)).is_err()
    }

    /// What the last build remembers of a file.
    pub(super) fn trace(&self, path: &str) -> Option<&Trace> {
        self.traces.trace(path)
    }

    /// The hash of the file that stands at `path` now; nothing for a folder or a link, which a new file replaces.
    pub(super) fn digest_on_disk(&self, request: &Request<'_>, path: &str) -> Option<Digest> {
        if self.is_blank {
            return None;
        }
        match self.traces.files.binary_search_by(|(known, _)| (**known).cmp(path)) {
            Ok(at) => self.seen(at)?.digest,
            Err(_) => {
                let file = request.output.join(path);
                let is_file = std::fs::symlink_metadata(&file).is_ok_and(|metadata| metadata.is_file());
                is_file.then(|| digest_of(&file)).flatten()
            }
        }
    }

    /// Files that an earlier build wrote and this one does not want, and foreign ones if they are to go. `gone` are
    /// those of the traces.
    pub(super) fn leftovers(
        &self,
        request: &Request<'_>,
        gone: Vec<String>,
        is_planned: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<String>> {
        let others = self.named.iter().chain(&self.journal).filter(|path| !is_planned(path)).cloned();
        let mut stale: BTreeSet<String> = (gone.into_iter().chain(others))
            // A manifest is a file that anybody may have edited: it can't name what lies outside.
            .filter(|path| Route::file(path).is_ok())
            .filter(|path| std::fs::symlink_metadata(request.output.join(path)).is_ok_and(|m| !m.is_dir()))
            .filter(|path| !stage::is_behind_link(request.output, path))
            .collect();
        if request.clean {
            let all = files::walk(request.output)?;
            stale.extend(all.iter().map(|path| files::slashed(path)).filter(|path| !is_planned(path)));
        }
        Ok(stale.into_iter().collect())
    }
}

/// The output folder, and the folder in it that holds most files: the way to it is not gone for each of them.
struct Folders<'t> {
    output: Folder,
    fullest: Option<(&'t str, Folder)>,
}

impl<'t> Folders<'t> {
    fn open(output: &Path, traces: &'t Traces) -> Self {
        /// Fewer files are not worth it.
        const MANY: usize = 256;
        let (mut run, mut longest) = (("", 0_usize), ("", 0_usize));
        for (path, _) in &traces.files {
            let is_there = path.strip_prefix(run.0).is_some_and(|rest| rest.starts_with('/'));
            run = match is_there {
                true => (run.0, run.1 + 1),
                false => (path.split_once('/').map_or("", |(top, _)| top), 1),
            };
            if run.1 > longest.1 {
                longest = run;
            }
        }
        let name = Some(longest.0).filter(|name| !name.is_empty() && longest.1 >= MANY);
        let fullest = name.map(|name| (name, Folder::open(&output.join(name))));
        Self { output: Folder::open(output), fullest }
    }

    fn look(&self, path: &str) -> Option<Stamp> {
        let within = self.fullest.as_ref().and_then(|(name, folder)| {
            let rest = path.strip_prefix(name)?.strip_prefix('/')?;
            Some(folder.look(rest))
        });
        within.unwrap_or_else(|| self.output.look(path)).map(Stamp::from)
    }
}

pub(super) fn digest_of(file: &Path) -> Option<Digest> {
    files::digest(file).ok().flatten()
}

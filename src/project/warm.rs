//! What a project keeps in memory between two builds of a watched site, so that a save costs what it changed.

use std::path::Path;

use jiff::Timestamp;

use super::Options;
use crate::base::digest::Fingerprint;
use crate::base::files::Stamps;
use crate::config::{Config, Source};
use crate::site::Kept;
use crate::sync::{Memory, Outcome, Snapshot};

/// A file that changed this short a time before it was looked at may change again without looking otherwise: clocks of
/// file systems tick coarsely.
pub(super) const RACY_SECONDS: i64 = 2;

/// What was read for the last build.
#[derive(Debug, Default)]
pub(super) struct Warm {
    data: Option<(u64, Snapshot, Option<Outcome>)>,
    memory: Option<(u64, Memory)>,
    plan: Kept,
}

impl Warm {
    /// What the last plan of the site has left.
    pub(super) fn plan(&self) -> &Kept {
        &self.plan
    }

    /// What the source gave, if it would give the same again.
    pub(super) fn data(&self, mark: Option<u64>) -> Option<(Snapshot, Option<Outcome>)> {
        let (known, snapshot, outcome) = self.data.as_ref()?;
        (Some(*known) == mark).then(|| (snapshot.clone(), outcome.clone()))
    }

    /// Keeps what the source gave.
    pub(super) fn keep_data(&mut self, mark: Option<u64>, snapshot: &Snapshot, outcome: Option<&Outcome>) {
        self.data = mark.map(|mark| (mark, snapshot.clone(), outcome.cloned()));
    }

    /// The memory as the last build left it, if its file still says the same.
    pub(super) fn take_memory(&mut self, state: &Path) -> Option<Memory> {
        let (known, memory) = self.memory.take()?;
        (memory_mark(state) == Some(known)).then_some(memory)
    }

    /// Keeps the memory that was just saved.
    pub(super) fn keep_memory(&mut self, state: &Path, mut memory: Memory) {
        memory.detach();
        self.memory = memory_mark(state).map(|mark| (mark, memory));
    }
}

/// Tells one file of the memory from any other: each is written beside the old one and put in its place, by whoever holds the
/// site's lock, so none changes as it stands.
fn memory_mark(state: &Path) -> Option<u64> {
    let path = Memory::path(state);
    let mut stamps = Stamps::default();
    stamps.file(&path);
    path.exists().then(|| stamps.hash())
}

/// A quick hash that tells whether the sources would give the same as before; nothing where only asking them can tell.
pub(super) fn data_mark(config: &Config, options: Options, now: Timestamp) -> Option<u64> {
    if options.full || (config.source.is_remote() && !options.offline) {
        return None;
    }
    let mut stamps = Stamps::default();
    let mut mark = Fingerprint::new(32);
    for entry in config.source.entries() {
        match (&entry.source, entry.source.path()) {
            // The sample's dates are counted from today.
            (Source::Sample, _) => {
                mark = mark.text(&now.to_zoned(config.site.time_zone.clone()).date().to_string());
            }
            (_, Some(path)) if path.is_dir() => stamps.folder(path),
            (_, Some(path)) => stamps.file(path),
            (_, None) => {}
        }
    }
    // The last good answers, of one source or of several.
    ["snapshot.json", "participants.sealed"]
        .iter()
        .for_each(|name| stamps.file(&config.paths.state.join(name)));
    stamps.folder(&config.paths.state.join("sources"));
    let is_settled = stamps.newest().saturating_add(RACY_SECONDS) < Timestamp::now().as_second();
    is_settled.then(|| mark.number(stamps.hash()).get())
}

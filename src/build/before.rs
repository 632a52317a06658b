//! What the last build left: manifest, traces, journal, and how the files look on the disk now.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;

use super::manifest::Manifest;
use super::run::Request;
use super::stage::Stage;
use super::trace::{Stamp, Traces};
use crate::base::digest::Digest;
use crate::base::files;
use crate::error::Result;
use crate::site::Route;

/// What the last build left.
pub(super) struct Before {
    pub(super) manifest: Option<Manifest>,
    pub(super) traces: Traces,
    /// New addresses that a killed build may have begun to write.
    pub(super) journal: Vec<String>,
    /// How the files that were written look now; nothing for those that are gone.
    pub(super) on_disk: BTreeMap<String, Option<Stamp>>,
}

impl Before {
    pub(super) fn load(request: &Request<'_>) -> Result<Self> {
        let manifest = Manifest::load(request.output, request.reporter)?;
        let mut traces = Traces::load(request.state, request.reporter)?;
        let journal = Stage::left_behind(request.state)?;
        if manifest.is_none() {
            // Without a manifest the output is in doubt: every page is rendered, those that come out the same stay.
            traces.files.values_mut().for_each(|trace| trace.key = Digest::of(b""));
        }
        let paths: Vec<&String> = traces.files.keys().collect();
        let look = |path: &&String| {
            let stamp = std::fs::symlink_metadata(request.output.join(path.as_str()));
            ((*path).clone(), stamp.ok().filter(std::fs::Metadata::is_file).map(|m| Stamp::of(&m)))
        };
        let on_disk = paths.par_iter().map(look).collect();
        Ok(Self { manifest, traces, journal, on_disk })
    }

    /// The hash of the file that stands at `path` now: from the trace if nobody touched it, else from its bytes.
    pub(super) fn digest_on_disk(&self, output: &Path, path: &str) -> Option<Digest> {
        if let (Some(trace), Some(Some(stamp))) = (self.traces.files.get(path), self.on_disk.get(path))
            && trace.stamp == *stamp
        {
            return Some(trace.digest);
        }
        files::read_if_present(&output.join(path)).ok().flatten().map(|bytes| Digest::of(&bytes))
    }

    /// Files that an earlier build wrote and this one does not want, and foreign ones if they are to go.
    pub(super) fn leftovers(&self, request: &Request<'_>, planned: &BTreeSet<&str>) -> Result<Vec<String>> {
        let ours = (self.traces.files.keys())
            .chain(self.manifest.iter().flat_map(|manifest| manifest.files.keys()))
            .chain(&self.journal);
        let mut stale: BTreeSet<String> = (ours.filter(|path| !planned.contains(path.as_str())))
            // A manifest is a file that anybody may have edited: it can't name what lies outside.
            .filter(|path| Route::file(path).is_ok())
            .filter(|path| {
                std::fs::symlink_metadata(request.output.join(path.as_str())).is_ok_and(|m| !m.is_dir())
            })
            .cloned()
            .collect();
        if request.clean {
            let all = files::walk(request.output)?;
            stale.extend(
                all.iter().map(|p| files::slashed(p)).filter(|path| !planned.contains(path.as_str())),
            );
        }
        Ok(stale.into_iter().collect())
    }
}

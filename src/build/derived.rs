//! Files that are published because pages ask for them: assets under the names that carry their hash, pictures in other
//! sizes and formats.
//!
//! Which these are is known only when all stale pages have been rendered; for pages that stay, their traces say it. The
//! name of such a file tells its bytes, so one that stands there is never made again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rayon::prelude::*;

use super::before::{Before, Seen};
use super::run::Request;
use super::stage::{self, Stage};
use super::trace::Trace;
use super::twins::Wanted;
use crate::assets::Made;
use crate::base::compress::Coding;
use crate::base::digest::{Digest, Fingerprint};
use crate::error::Result;
use crate::site::Rank;

/// The derived files of a build, by route.
#[derive(Default)]
pub(super) struct Derived {
    asked: HashSet<String>,
    /// The routes that are published anyway.
    plain: HashSet<String>,
    /// Those that stand in the output as they should.
    pub(super) kept: BTreeMap<String, Trace>,
    /// Those that have to be made.
    pub(super) due: BTreeMap<String, Made>,
}

impl Derived {
    /// Adds the files for more names that pages asked for.
    pub(super) fn ask<'n>(
        &mut self,
        request: &Request<'_>,
        before: &Before,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<()> {
        let wanted = Wanted::new(request);
        if self.plain.is_empty() {
            self.plain = request.assets.iter().map(|asset| asset.route.path().to_owned()).collect();
        }
        for name in names {
            if !self.asked.insert(name.to_owned()) {
                continue;
            }
            for made in request.theme.assets().made_for(name)? {
                let is_plain = self.plain.contains(&made.route);
                if self.kept.contains_key(&made.route) || self.due.contains_key(&made.route) || is_plain {
                    continue;
                }
                match standing(request, before, &wanted, &made.route) {
                    Some(trace) => drop(self.kept.insert(made.route, trace)),
                    None => drop(self.due.insert(made.route.clone(), made)),
                }
            }
        }
        Ok(())
    }

    /// Whether a path is one of those that stay, or a twin of one.
    pub(super) fn keeps(&self, path: &str) -> bool {
        let is_twin = |coding: &Coding| {
            let file = path.strip_suffix(coding.suffix()).and_then(|file| self.kept.get(file));
            file.is_some_and(|trace| trace.twins.iter().any(|twin| twin.coding == *coding))
        };
        self.kept.contains_key(path) || Coding::ALL.iter().any(is_twin)
    }

    /// Whether a path is one of them.
    pub(super) fn has(&self, path: &str) -> bool {
        let is_twin = |coding: &Coding| {
            path.strip_suffix(coding.suffix()).is_some_and(|file| self.due.contains_key(file))
        };
        self.keeps(path) || self.due.contains_key(path) || Coding::ALL.iter().any(is_twin)
    }

    /// Makes those that are due and hands them to the stage.
    pub(super) fn write(
        &self,
        request: &Request<'_>,
        before: &Before,
        stage: &Stage,
        empty_shape: u32,
    ) -> Result<Vec<(Box<str>, Trace)>> {
        let wanted = Wanted::new(request);
        let twins = self.due.keys().flat_map(|route| wanted.possible(route));
        let new: BTreeSet<String> = self.due.keys().cloned().chain(twins).collect();
        stage.announce(&new)?;
        let write = |(route, made): (&String, &Made)| {
            let bytes = request.theme.assets().load(made)?;
            let digest = Digest::of(&bytes);
            let path = request.output.join(route);
            let present = before.digest_on_disk(request, route);
            let stamp = match present {
                Some(present) if present == digest => stage::stamp(&path)?,
                present => stage.put(route, Rank::Leaf, present.is_none(), &bytes)?,
            };
            let twins = wanted.make(request, before, stage, (route, Rank::Leaf, present), &bytes, digest)?;
            let (hashes, assets, warnings) = Default::default();
            let inputs = inputs(route);
            let (since, until) = (i64::MIN, i64::MAX);
            let shape = empty_shape;
            let trace = Trace { shape, inputs, digest, stamp, since, until, hashes, warnings, assets, twins };
            Ok((route.as_str().into(), trace))
        };
        let mut made: Vec<Result<(Box<str>, Trace)>> = self.due.par_iter().map(write).collect();
        // The first error in the order of the names: two builds tell the same.
        if let Some(at) = made.iter().position(Result::is_err) {
            return made.swap_remove(at).map(|_| Vec::new());
        }
        Ok(made.into_iter().flatten().collect())
    }
}

/// The name tells everything.
fn inputs(route: &str) -> u64 {
    Fingerprint::new(42).text(route).get()
}

/// What is known of a derived file, if it was made by this program and nobody has touched it.
fn standing(request: &Request<'_>, before: &Before, wanted: &Wanted<'_>, route: &str) -> Option<Trace> {
    if !before.is_sure || before.traces.salt != Some(request.salt) {
        return None;
    }
    let at = before.traces.files.binary_search_by(|(known, _)| (**known).cmp(route)).ok()?;
    let (_, trace) = before.traces.files.get(at)?;
    let Seen { stamp, digest, .. } = before.seen(at)?;
    let twins = wanted.present(request, route, trace)?;
    let is_whole = digest == Some(trace.digest) && trace.inputs == inputs(route);
    is_whole.then(|| Trace { stamp, twins, ..trace.clone() })
}

/// Gives assets their numbers in the traces.
#[derive(Default)]
pub(super) struct Numbers {
    list: Vec<(Box<str>, u64)>,
    known: HashMap<Box<str>, u32>,
}

impl Numbers {
    /// The number of an asset, new or known.
    pub(super) fn number(&mut self, name: &str, hash: u64) -> u32 {
        if let Some(number) = self.known.get(name) {
            return *number;
        }
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push((name.into(), hash));
        self.known.insert(name.into(), number);
        number
    }

    /// The assets by their numbers.
    pub(super) fn into_list(self) -> Vec<(Box<str>, u64)> {
        self.list
    }
}

//! What a build leaves for the next one, and for whoever serves the site: the manifest and the traces.

use std::borrow::Cow;
use std::collections::HashMap;

use super::before::Before;
use super::derived::Derived;
use super::manifest::{self, MANIFEST};
use super::plan::Plan;
use super::run::{Made, Request};
use super::stage;
use super::stamp::Stamp;
use super::trace::{Shape, Trace, Traces, name_of};
use super::twins;
use crate::base::digest::Digest;
use crate::base::files::{self, Pending};
use crate::base::leaving::let_go;
use crate::base::order::sort_by_text;
use crate::error::Result;
use crate::site::Record;

/// Writes the manifest, removes what is stale, and leaves traces for the next build. The traces of the last build become
/// those of this one: of thousands of files few are others.
pub(super) fn remember(
    request: &Request<'_>,
    before: &mut Before,
    plan: Plan<'_>,
    derived: Derived,
    (mut made, records): (Made, Vec<Record>),
    stale: &[String],
) -> Result<(i64, i64)> {
    let former = |(path, _): &(Box<str>, Trace)| {
        before.trace(path).map(|trace| twins::names(path, trace).collect::<Vec<_>>()).unwrap_or_default()
    };
    let former: Vec<String> = made.files.iter().flat_map(former).collect();
    let mut files = std::mem::take(&mut made.files);
    for (path, mut trace) in derived.kept {
        trace.shape = made.shapes.number(Shape::new());
        files.push((path.into(), trace));
    }
    files.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let files = after(before, plan, &mut made, files);
    let since = files.iter().map(|(_, trace)| trace.since).max().unwrap_or(i64::MIN);
    let until = files.iter().map(|(_, trace)| trace.until).min().unwrap_or(i64::MAX);
    let traces = Traces {
        salt: Some(request.salt),
        globals: request.globals(),
        moment: request.moment(),
        // It is not known yet.
        manifest: None,
        output: name_of(request.output, request.state),
        shapes: made.shapes.into_list(),
        assets: made.assets.into_list(),
        records,
        files,
    };
    let (manifest, begun) = rayon::join(|| manifest_of(request, &traces), || traces.begin(request.state));
    let begun = begun?;
    let manifest = write_manifest(request, before, &manifest)?;
    // A twin has gone if its file has become short, or may not have one any more.
    let twins_of = |path: &str| traces.trace(path).map(|trace| &*trace.twins);
    let stale = stale.iter().cloned().chain(former).filter(|path| !twins::is_among(twins_of, path));
    stale.into_iter().try_for_each(|path| stage::remove(request.output, &path))?;
    begun.seal(&manifest)?;
    let_go(traces);
    Ok((since, until))
}

/// The records of the site in the order of their identities.
pub(super) fn records(request: &Request<'_>, before: &Before) -> Vec<Record> {
    let is_same_program = before.traces.salt == Some(request.salt);
    let known = |id: &str, mark| before.traces.record(id, mark).filter(|_| is_same_program);
    let mut records = request.site.digests(&known);
    sort_by_text(&mut records, |record| &record.id);
    records
}

/// The traces of the files that stay, with the numbers of this build, and of those that were made; all in the order of their
/// paths. Most take the place of one that was there.
fn after(
    before: &mut Before,
    plan: Plan<'_>,
    made: &mut Made,
    new: Vec<(Box<str>, Trace)>,
) -> Vec<(Box<str>, Trace)> {
    // Shapes that no page has any more are dropped on the way.
    let mut numbers: HashMap<u32, u32> = HashMap::new();
    let mut kept = plan.kept.into_iter().peekable();
    let mut new = new.into_iter().peekable();
    let mut others = Vec::new();
    let mut files = std::mem::take(&mut before.traces.files);
    let mut at = 0;
    let (shapes, assets) = (&before.traces.shapes, &before.traces.assets);
    files.retain_mut(|(path, trace)| {
        let kept = kept.next_if(|kept| kept.at == at);
        at += 1;
        while let Some(other) = new.next_if(|(other, _)| *other < *path) {
            others.push(other);
        }
        let Some(kept) = kept else {
            let replaced = new.next_if(|(other, _)| other == path).map(|(_, new)| *trace = new);
            return replaced.is_some();
        };
        trace.shape = *numbers.entry(trace.shape).or_insert_with(|| {
            made.shapes.number(shapes.get(trace.shape as usize).cloned().unwrap_or_default())
        });
        for number in &mut trace.assets {
            // What a page that stays has seen is what is there now.
            let known = assets.get(*number as usize);
            *number = known.map_or(u32::MAX, |(name, hash)| made.assets.number(name, *hash));
        }
        if let Some(renewed) = kept.renewed {
            renewed.put(trace);
        }
        true
    });
    others.extend(new);
    merged(files, others)
}

/// Two lists in the order of their paths as one.
fn merged(files: Vec<(Box<str>, Trace)>, others: Vec<(Box<str>, Trace)>) -> Vec<(Box<str>, Trace)> {
    if files.is_empty() || others.is_empty() {
        return if others.is_empty() { files } else { others };
    }
    let mut all = Vec::with_capacity(files.len() + others.len());
    let mut others = others.into_iter().peekable();
    for file in files {
        while let Some(before) = others.next_if(|(path, _)| *path < file.0) {
            all.push(before);
        }
        all.push(file);
    }
    all.extend(others);
    all
}

/// The bytes of the manifest.
fn manifest_of(request: &Request<'_>, traces: &Traces) -> Vec<u8> {
    let volatile = request.volatile.iter().map(|(route, bytes)| (route.path().into(), Digest::of(bytes)));
    manifest::to_bytes(
        request.last_synced_at,
        request.data_changed_at,
        traces.records.iter().map(|record| (record.id.as_str().into(), record.digest)).collect(),
        with_room(traces.files.iter().flat_map(|(path, trace)| named(path, trace)).chain(volatile), traces),
    )
}

/// Writes the manifest, if it is another one than before, and gives the hash of its bytes and how it looks.
fn write_manifest(request: &Request<'_>, before: &Before, manifest: &[u8]) -> Result<(Digest, Stamp)> {
    let path = request.output.join(MANIFEST);
    // It is another one nearly always.
    let (digest, pending) = rayon::join(|| Digest::of(manifest), || Pending::begin(&path, manifest));
    let pending = pending?;
    // Where it is sure, the hash of the one that stands there is known.
    let is_same = match before.is_sure {
        true => before.traces.manifest.map(|(digest, _)| digest) == Some(digest),
        false => files::read_if_present(&path)?.as_deref() == Some(manifest),
    };
    if !is_same {
        pending.put(&[])?;
    }
    Ok((digest, stage::stamp(&path)?))
}

/// Such names in a list that does not have to grow.
fn with_room<'t>(
    names: impl Iterator<Item = (Cow<'t, str>, Digest)>,
    traces: &Traces,
) -> manifest::Named<'t> {
    let twins: usize = traces.files.iter().map(|(_, trace)| trace.twins.len()).sum();
    let mut list = Vec::with_capacity(traces.files.len() + twins + 8);
    list.extend(names);
    list
}

/// A file and its twins as they stand in the manifest.
fn named<'t>(path: &'t str, trace: &'t Trace) -> impl Iterator<Item = (Cow<'t, str>, Digest)> {
    let twins = trace.twins.iter().map(|twin| (twins::name(path, twin.coding).into(), twin.digest));
    std::iter::once((path.into(), trace.digest)).chain(twins)
}

//! What a build leaves for the next one, and for whoever serves the site: the manifest and the traces.

use std::borrow::Cow;
use std::collections::HashMap;

use super::before::Before;
use super::derived::Derived;
use super::manifest::{self, MANIFEST};
use super::plan::Plan;
use super::run::{Made, Request};
use super::stage;
use super::trace::{Shape, Trace, Traces, name_of};
use super::twins;
use crate::base::digest::Digest;
use crate::base::files;
use crate::error::Result;

/// Writes the manifest, removes what is stale, and leaves traces for the next build.
pub(super) fn remember(
    request: &Request<'_>,
    before: &Before,
    plan: Plan<'_>,
    derived: Derived,
    mut made: Made,
    stale: &[String],
) -> Result<(i64, i64)> {
    // Shapes that no page has any more are dropped on the way.
    let mut files: Vec<(Box<str>, Trace)> = Vec::with_capacity(plan.kept.len() + made.files.len());
    let mut numbers: HashMap<u32, u32> = HashMap::new();
    for (path, mut trace) in plan.kept {
        trace.shape = *numbers.entry(trace.shape).or_insert_with(|| {
            let shape = before.traces.shapes.get(trace.shape as usize).cloned().unwrap_or_default();
            made.shapes.number(shape)
        });
        for number in &mut trace.assets {
            // What a page that stays has seen is what is there now.
            let known = before.traces.assets.get(*number as usize);
            *number = known.map_or(u32::MAX, |(name, hash)| made.assets.number(name, *hash));
        }
        files.push((path.into(), trace));
    }
    for (path, mut trace) in derived.kept {
        trace.shape = made.shapes.number(Shape::new());
        files.push((path.into(), trace));
    }
    let former = |(path, _): &(Box<str>, Trace)| {
        before.trace(path).map(|trace| twins::names(path, trace).collect::<Vec<_>>()).unwrap_or_default()
    };
    let former: Vec<String> = made.files.iter().flat_map(former).collect();
    files.append(&mut made.files);
    files.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));

    let is_same_program = before.traces.salt == Some(request.salt);
    let known = |id: &str, mark| before.traces.record(id, mark).filter(|_| is_same_program);
    let mut records = request.site.digests(&known);
    records.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    let since = files.iter().map(|(_, trace)| trace.since).max().unwrap_or(i64::MIN);
    let until = files.iter().map(|(_, trace)| trace.until).min().unwrap_or(i64::MAX);
    let traces = Traces {
        salt: Some(request.salt),
        globals: request.globals(),
        moment: request.moment(),
        // It is not known yet; until then, as if it were as before.
        manifest: before.traces.manifest,
        output: name_of(request.output, request.state),
        shapes: made.shapes.into_list(),
        assets: made.assets.into_list(),
        records,
        files,
    };
    let encode = || (traces != before.traces).then(|| traces.encode());
    let (manifest, encoded) = rayon::join(|| write_manifest(request, before, &traces), encode);
    let digest = Some(manifest?);
    let encoded = encoded.or_else(|| (digest != before.traces.manifest).then(|| traces.encode()));
    // A twin has gone if its file has become short, or may not have one any more.
    let stale = stale.iter().cloned().chain(former).filter(|path| !twins::is_among(&traces.files, path));
    stale.into_iter().try_for_each(|path| stage::remove(request.output, &path))?;
    if let Some(encoded) = encoded {
        Traces::save(request.state, &Traces::seal(encoded, digest))?;
    }
    Ok((since, until))
}

/// Writes the manifest, if it is another one than before, and gives the hash of its bytes.
fn write_manifest(request: &Request<'_>, before: &Before, traces: &Traces) -> Result<Digest> {
    let volatile = request.volatile.iter().map(|(route, bytes)| (route.path().into(), Digest::of(bytes)));
    let manifest = manifest::to_bytes(
        request.last_synced_at,
        request.data_changed_at,
        traces.records.iter().map(|record| (record.id.as_str().into(), record.digest)).collect(),
        traces.files.iter().flat_map(|(path, trace)| named(path, trace)).chain(volatile).collect(),
    );
    let digest = Digest::of(&manifest);
    let path = request.output.join(MANIFEST);
    // Where it is sure, the hash of the one that stands there is known.
    let is_same = match before.is_sure {
        true => before.traces.manifest == Some(digest),
        false => files::read_if_present(&path)?.as_deref() == Some(&manifest[..]),
    };
    if !is_same {
        files::replace(&path, &manifest)?;
    }
    Ok(digest)
}

/// A file and its twins as they stand in the manifest.
fn named<'t>(path: &'t str, trace: &'t Trace) -> impl Iterator<Item = (Cow<'t, str>, Digest)> {
    let twins = trace.twins.iter().map(|twin| (twins::name(path, twin.coding).into(), twin.digest));
    std::iter::once((path.into(), trace.digest)).chain(twins)
}

//! Files that are made part by part, such as the calendar of all courses: of a large one a small change makes a small part
//! anew, the others are taken over from the file that stands there, and nowhere is all of it in memory.

use std::collections::HashMap;
use std::fs::File;

use rayon::prelude::*;

use super::before::Before;
use super::plan::Work;
use super::run::Request;
use super::stage::Stage;
use super::trace::{Stamp, Trace};
use crate::base::digest::Digest;
use crate::base::files;
use crate::error::Result;
use crate::site::Parts;

/// So many parts are made at a time, while as many are written.
const BATCH: usize = 8;

/// Where the parts of the file that stands there are, by their marks.
struct Standing {
    file: File,
    looks: Stamp,
    parts: HashMap<u64, (u64, usize)>,
}

impl Standing {
    /// The file as the last build left it; nothing where it is another one now, or was not made in parts.
    fn open(request: &Request<'_>, before: &Before, path: &str, present: Option<Digest>) -> Option<Self> {
        let trace = before.trace(path).filter(|trace| Some(trace.digest) == present)?;
        let mut at = 0;
        let mut parts = HashMap::new();
        for [mark, length] in trace.hashes.as_chunks::<2>().0 {
            parts.insert(*mark, (at, usize::try_from(*length).ok()?));
            at += length;
        }
        let file = File::open(request.output.join(path)).ok().filter(|_| !parts.is_empty())?;
        let looks = Stamp::of(&file.metadata().ok()?);
        // A server may have given it a second name, which is a change only to its metadata.
        let is_it = Stamp { changed: trace.stamp.changed, ..looks } == trace.stamp && at == looks.size;
        is_it.then_some(Self { file, looks, parts })
    }

    /// The bytes of a part, as they stand there.
    fn part(&self, mark: u64) -> Option<Vec<u8>> {
        let (at, length) = *self.parts.get(&mark)?;
        files::part(&self.file, at, length)
    }

    /// Whether nobody has written to it since it was opened.
    fn is_as_opened(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| Stamp::of(&metadata) == self.looks)
    }
}

/// Makes a file and hands it to the stage, unless the same bytes stand at its address. `shape` is that of a file that has
/// read nothing.
pub(super) fn publish(
    request: &Request<'_>,
    before: &Before,
    stage: &Stage,
    work: &Work<'_>,
    parts: &Parts,
    shape: u32,
) -> Result<Trace> {
    let standing = Standing::open(request, before, work.path(), work.present);
    let mut hashes = Vec::new();
    let (stamp, digest) = stage.write(work.path(), work.rank(), work.fresh, work.present, |file| {
        write(file, parts, standing.as_ref(), &mut hashes)?;
        if standing.as_ref().is_none_or(Standing::is_as_opened) {
            return Ok(());
        }
        file.begin_anew()?;
        write(file, parts, None, &mut hashes)
    })?;
    Ok(Trace {
        shape,
        inputs: work.what.inputs()?,
        digest,
        stamp,
        since: i64::MIN,
        until: i64::MAX,
        hashes: hashes.into(),
        warnings: Box::default(),
        assets: Box::default(),
        twins: Box::default(),
    })
}

/// Writes all parts, taking over those that stand there, and notes their marks and lengths in turn.
fn write(
    file: &mut files::Growing,
    parts: &Parts,
    standing: Option<&Standing>,
    hashes: &mut Vec<u64>,
) -> Result<()> {
    hashes.clear();
    let part = |mark: &u64, at: usize| {
        let known = standing.and_then(|standing| standing.part(*mark));
        known.unwrap_or_else(|| parts.part(at))
    };
    let batches: Vec<&[u64]> = parts.marks().chunks(BATCH).collect();
    let make = |batch: usize| -> Vec<Vec<u8>> {
        let marks = batches.get(batch).copied().unwrap_or_default();
        marks.par_iter().enumerate().map(|(at, mark)| part(mark, batch * BATCH + at)).collect()
    };
    let mut made = make(0);
    for (batch, marks) in batches.iter().enumerate() {
        for (mark, bytes) in marks.iter().zip(&made) {
            hashes.extend([*mark, bytes.len() as u64]);
        }
        // The next ones are made while these are written.
        let (added, next) = rayon::join(|| file.add(&made), || make(batch + 1));
        added?;
        made = next;
    }
    Ok(())
}

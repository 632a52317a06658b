//! Files that are made part by part, such as the calendar of all courses: of a large one a small change makes a small part
//! anew, the others are taken over from the file that stands there, and nowhere is all of it in memory.

use std::collections::HashMap;
use std::fs::File;
use std::ops::Range;

use rayon::prelude::*;

use super::before::Before;
use super::plan::Work;
use super::run::Request;
use super::stage::Stage;
use super::stamp::Stamp;
use super::trace::Trace;
use crate::base::digest::Digest;
use crate::base::files::{self, PIECE};
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
        let is_taken_over = write(file, parts, standing.as_ref(), &mut hashes)?;
        if is_taken_over && standing.as_ref().is_none_or(Standing::is_as_opened) {
            return Ok(());
        }
        file.begin_anew()?;
        write(file, parts, None, &mut hashes).map(drop)
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

/// A step on the way through a file.
enum Step {
    /// So many bytes stand at this place of the old file.
    Old { at: u64, length: usize },
    /// These parts are to be made.
    New(Range<usize>),
}

/// The steps to all parts. Of those that stand there it notes how long they are.
fn steps(marks: &[u64], standing: Option<&Standing>, hashes: &mut Vec<u64>) -> Vec<Step> {
    let mut steps = Vec::new();
    for (number, mark) in marks.iter().enumerate() {
        let known = standing.and_then(|standing| standing.parts.get(mark).copied());
        hashes.extend([*mark, known.map_or(0, |(_, length)| length as u64)]);
        match (known, steps.last_mut()) {
            (Some((from, more)), Some(Step::Old { at, length })) if *at + *length as u64 == from => {
                *length += more;
            }
            (Some((at, length)), _) => steps.push(Step::Old { at, length }),
            (None, Some(Step::New(parts))) if parts.len() < BATCH => parts.end += 1,
            (None, _) => steps.push(Step::New(number..number + 1)),
        }
    }
    let cut = |step: Step| match step {
        Step::Old { at, length } => {
            let pieces = (0..length).step_by(PIECE);
            pieces.map(|from| Step::Old { at: at + from as u64, length: PIECE.min(length - from) }).collect()
        }
        new @ Step::New(_) => vec![new],
    };
    steps.into_iter().flat_map(cut).collect()
}

/// Writes all parts, taking over those that stand there, and notes their marks and lengths in turn. Says whether those could be
/// read: else what was written is to be written anew.
fn write(
    file: &mut files::Growing,
    parts: &Parts,
    standing: Option<&Standing>,
    hashes: &mut Vec<u64>,
) -> Result<bool> {
    hashes.clear();
    let steps = steps(parts.marks(), standing, hashes);
    // What is written leaves its room to the step after the next.
    let make = |step: usize, mut room: Vec<Vec<u8>>| -> Option<Vec<Vec<u8>>> {
        match steps.get(step) {
            None => Some(Vec::new()),
            Some(Step::New(parts_at)) => {
                Some(parts_at.clone().into_par_iter().map(|at| parts.part(at)).collect())
            }
            Some(Step::Old { at, length }) => {
                let mut piece = room.pop().unwrap_or_else(|| Vec::with_capacity(PIECE));
                piece.resize(*length, 0);
                files::read_part(&standing?.file, *at, &mut piece).then(|| vec![piece])
            }
        }
    };
    let (Some(mut made), mut room) = (make(0, Vec::new()), Vec::new()) else { return Ok(false) };
    for (number, step) in steps.iter().enumerate() {
        if let Step::New(parts) = step {
            for (part, bytes) in parts.clone().zip(&made) {
                if let Some(length) = hashes.get_mut(part * 2 + 1) {
                    *length = bytes.len() as u64;
                }
            }
        }
        // The next ones are made while these are written.
        let (added, next) = rayon::join(|| file.add(&made), || make(number + 1, room));
        added?;
        let Some(next) = next else { return Ok(false) };
        room = std::mem::replace(&mut made, next);
    }
    Ok(true)
}

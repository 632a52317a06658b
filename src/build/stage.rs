//! Where new bytes wait until all of them are there.
//!
//! A file at an address that nothing links to yet is written where it belongs; its path stands in a journal first, so
//! that a build that is killed leaves nothing behind that the next one does not know. All other files wait in a hidden
//! folder of the output (the same file system, so that a rename is enough) until every page has been rendered.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::stamp::Stamp;
use super::trace::name_of;
use crate::base::digest::Digest;
use crate::base::files;
use crate::error::{Error, Kind, Result};
use crate::site::Rank;

const FOLDER: &str = ".aither-stage";

/// The files of a build that are written but not all published yet.
#[derive(Debug)]
pub(super) struct Stage {
    output: PathBuf,
    journal: Journal,
    /// What the journal held before: addresses that a build before this one may have begun to write.
    before: Vec<String>,
    counter: AtomicUsize,
    state: Mutex<State>,
}

/// The list of new addresses, in a file of the state folder. It begins with the name of the output that they are in: a
/// preview goes elsewhere, and what stands there at these addresses is nothing to the site.
#[derive(Debug)]
struct Journal {
    path: PathBuf,
    /// The first line. No address has a colon.
    title: String,
}

impl Journal {
    fn of(output: &Path, state: &Path) -> Self {
        Self { path: journal_path(state), title: format!("output: {}", name_of(output, state)) }
    }

    /// The addresses; none where they are of another output.
    fn read(&self) -> Result<Vec<String>> {
        let bytes = files::read_if_present(&self.path)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.lines();
        let is_ours = lines.next() == Some(&*self.title);
        Ok(lines.filter(|_| is_ours).map(str::to_owned).collect())
    }

    fn write(&self, list: &[&str]) -> Result<()> {
        files::replace(&self.path, format!("{}\n{}\n", self.title, list.join("\n")).as_bytes())
    }
}

#[derive(Debug, Default)]
struct State {
    /// Files that already stand where they belong, each once.
    placed: Vec<String>,
    /// Files that wait, by the order of their appearance.
    waiting: BTreeMap<(Appear, String), PathBuf>,
}

/// The order of appearance: whole new addresses, changed pages, then what links to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Appear {
    New,
    Changed,
    Linking(Rank),
}

impl Stage {
    /// Begins a build: clears what a killed build left, and notes the new addresses that are about to be written.
    pub(super) fn begin(output: &Path, state: &Path, new: Vec<&str>, before: &[String]) -> Result<Self> {
        let stage = Self {
            output: output.to_owned(),
            journal: Journal::of(output, state),
            before: before.to_vec(),
            counter: AtomicUsize::new(0),
            state: Mutex::default(),
        };
        let mut list = new;
        list.extend(before.iter().map(String::as_str));
        if !list.is_empty() {
            list.sort_unstable();
            list.dedup();
            stage.journal.write(&list)?;
        }
        Ok(stage)
    }

    /// The addresses that a killed build may have begun to write.
    pub(super) fn left_behind(output: &Path, state: &Path) -> Result<Vec<String>> {
        Journal::of(output, state).read()
    }

    /// Notes more addresses that are about to be written.
    pub(super) fn announce(&self, new: &BTreeSet<String>) -> Result<()> {
        let known = self.journal.read()?;
        let list: BTreeSet<&str> = known.iter().chain(new).map(String::as_str).collect();
        if new.is_empty() || list.len() == known.len() {
            return Ok(());
        }
        self.journal.write(&list.into_iter().collect::<Vec<_>>())
    }

    /// Takes the bytes of one file. `fresh` says that nothing stands at its address, `rank` what kind of page it is.
    pub(super) fn put(&self, path: &str, rank: Rank, fresh: bool, bytes: &[u8]) -> Result<Stamp> {
        if fresh && rank == Rank::Leaf {
            self.lock().placed.push(path.to_owned());
            let looks = files::write_fresh_and_look(&self.output.join(path), bytes)?;
            return Ok(Stamp::of(&looks));
        }
        let temporary = self.temporary();
        let stamp = Stamp::of(&files::write_new_and_look(&temporary, bytes)?);
        self.waits(path, rank, fresh, temporary);
        Ok(stamp)
    }

    /// The same for a file that is copied from elsewhere, with the hash of its bytes.
    pub(super) fn copy(&self, path: &str, rank: Rank, fresh: bool, from: &Path) -> Result<(Stamp, Digest)> {
        if fresh && rank == Rank::Leaf {
            self.lock().placed.push(path.to_owned());
            let (looks, digest) = files::copy_and_look(from, &self.output.join(path))?;
            return Ok((Stamp::of(&looks), digest));
        }
        let temporary = self.temporary();
        let (looks, digest) = files::copy_and_look(from, &temporary)?;
        self.waits(path, rank, fresh, temporary);
        Ok((Stamp::of(&looks), digest))
    }

    /// The same for a file that is written bit by bit, with the hash of its bytes. Where these are the ones that are `present`
    /// at its address, it stays as it is.
    pub(super) fn write(
        &self,
        path: &str,
        rank: Rank,
        fresh: bool,
        present: Option<Digest>,
        write: impl FnOnce(&mut files::Growing) -> Result<()>,
    ) -> Result<(Stamp, Digest)> {
        let is_placed = fresh && rank == Rank::Leaf;
        let target = if is_placed { self.output.join(path) } else { self.temporary() };
        if is_placed {
            self.lock().placed.push(path.to_owned());
        }
        let mut file = files::Growing::create(&target)?;
        write(&mut file)?;
        let (looks, digest) = file.finish()?;
        if !is_placed && present == Some(digest) {
            files::remove(&target)?;
            return Ok((stamp(&self.output.join(path))?, digest));
        }
        if !is_placed {
            self.waits(path, rank, fresh, target);
        }
        Ok((Stamp::of(&looks), digest))
    }

    fn temporary(&self) -> PathBuf {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        self.output.join(FOLDER).join(number.to_string())
    }

    fn waits(&self, path: &str, rank: Rank, fresh: bool, temporary: PathBuf) {
        let appear = match rank {
            Rank::Leaf if fresh => Appear::New,
            Rank::Leaf => Appear::Changed,
            rank => Appear::Linking(rank),
        };
        self.lock().waiting.insert((appear, path.to_owned()), temporary);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        let state = self.lock();
        state.placed.len() + state.waiting.len()
    }

    /// Makes all files durable and moves those that wait to their places, in order. Gives the paths of these: a rename
    /// is a change of the file as well.
    pub(super) fn publish(self, advance: &dyn Fn()) -> Result<HashSet<String>> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let placed = state.placed.iter().map(|path| self.output.join(path));
        flush(&self.output, placed.chain(state.waiting.values().cloned()))?;
        let renamed = state.waiting.iter().try_for_each(|((_, path), temporary)| {
            advance();
            files::rename(temporary, &self.output.join(path))
        });
        files::remove_folder(&self.output.join(FOLDER))?;
        renamed?;
        let paths = state.placed.iter().chain(state.waiting.keys().map(|(_, path)| path));
        flush_folders(&self.output, paths.flat_map(|path| ancestors(path)))?;
        Ok(state.waiting.into_keys().map(|(_, path)| path).collect())
    }

    /// Takes everything back: the output is as it was before.
    pub(super) fn abandon(self) {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Whatever cannot be removed now stands in the journal, and the next build removes it.
        let removed = state.placed.iter().all(|path| remove(&self.output, path).is_ok());
        let cleared = files::remove_folder(&self.output.join(FOLDER)).is_ok();
        if removed && cleared {
            let _ = match self.before.as_slice() {
                [] => files::remove(&self.journal.path),
                before => self.journal.write(&before.iter().map(String::as_str).collect::<Vec<_>>()),
            };
        }
    }

    /// Forgets the journal: the build is complete and remembered.
    pub(super) fn close(state: &Path) -> Result<()> {
        files::remove(&journal_path(state))
    }
}

/// Removes what a killed build left lying about: the stage, and files that were to replace others.
pub(super) fn clear(output: &Path, state: &Path) -> Result<()> {
    files::remove_folder(&output.join(FOLDER))?;
    files::remove_temporaries(output)?;
    // Queues are written to by whoever accepts an event meanwhile, without the lock of the site.
    files::remove_left_temporaries(state)
}

/// Makes sure that every path can be written to: no folder stands where a file belongs, no file where a folder does, and
/// no link leads out of the output. Files of our own that nobody wants any more are no obstacle, but have to go before
/// what they are in the way of can come: those are given back.
pub(super) fn check<'p>(
    output: &Path,
    paths: impl Iterator<Item = &'p str>,
    stale: &BTreeSet<&str>,
) -> Result<BTreeSet<String>> {
    let mut in_the_way = BTreeSet::new();
    let trouble = |path: &str, what: &str, hint: &str| -> Result<BTreeSet<String>> {
        let message = format!("{} {what}", output.join(path).display());
        Err(Error::new(Kind::Io, message).hint(hint))
    };
    let mut checked: HashSet<&str> = HashSet::new();
    for path in paths {
        for (at, _) in path.match_indices('/').filter(|(at, _)| checked.insert(&path[..*at])) {
            match std::fs::symlink_metadata(output.join(&path[..at])) {
                Ok(metadata) if metadata.is_symlink() => {
                    return trouble(
                        &path[..at],
                        "is a link, so nothing is written through it",
                        "replace it by a folder",
                    );
                }
                Ok(metadata) if !metadata.is_dir() && stale.contains(&path[..at]) => {
                    in_the_way.insert(path[..at].to_owned());
                }
                Ok(metadata) if !metadata.is_dir() => {
                    return trouble(&path[..at], "stands where a folder is needed", "move it away");
                }
                _ => {}
            }
        }
        if std::fs::symlink_metadata(output.join(path)).is_ok_and(|metadata| metadata.is_dir()) {
            let inside = files::walk(&output.join(path))?;
            let inside: Vec<String> =
                inside.iter().map(|file| format!("{path}/{}", files::slashed(file))).collect();
            // Names that begin with a dot are not among them.
            let is_ours = inside.iter().all(|file| stale.contains(file.as_str()));
            if !is_ours || (inside.is_empty() && !files::is_hollow(&output.join(path))) {
                return trouble(path, "is a folder where a file is needed", "move it away");
            }
            match inside.is_empty() {
                true => drop(in_the_way.insert(path.to_owned())),
                false => in_the_way.extend(inside),
            }
        }
    }
    Ok(in_the_way)
}

/// Removes a file of the output and the folders that it leaves empty.
///
/// What a link leads to is not ours: nothing is removed through one.
pub(super) fn remove(output: &Path, path: &str) -> Result<()> {
    let file = output.join(path);
    // A folder may have come where a file of that name was.
    if is_behind_link(output, path)
        || std::fs::symlink_metadata(&file).is_ok_and(|metadata| metadata.is_dir())
    {
        return Ok(());
    }
    files::remove(&file)?;
    let mut folder = file.parent();
    while let Some(parent) = folder.filter(|parent| *parent != output && parent.starts_with(output)) {
        if !files::remove_empty_folder(parent) {
            break;
        }
        folder = parent.parent();
    }
    Ok(())
}

/// Removes what stands where a file is about to come: one of our own files, or a folder with nothing in it.
pub(super) fn make_way(output: &Path, path: &str) -> Result<()> {
    if files::remove_hollow_folder(&output.join(path)) { Ok(()) } else { remove(output, path) }
}

/// Whether a folder on the way to a path is a link.
pub(super) fn is_behind_link(output: &Path, path: &str) -> bool {
    path.match_indices('/').any(|(at, _)| output.join(&path[..at]).is_symlink())
}

/// How a file looks now.
pub(super) fn stamp(path: &Path) -> Result<Stamp> {
    let metadata = std::fs::metadata(path).map_err(|e| files::io_error("read", path, e))?;
    Ok(Stamp::of(&metadata))
}

/// How a file looks after it was put in its place, if it is still the one that was.
pub(super) fn settled(path: &Path, before: Stamp) -> Stamp {
    match stamp(path) {
        Ok(now) if Stamp { changed: before.changed, ..now } == before => now,
        _ => before,
    }
}

fn journal_path(state: &Path) -> PathBuf {
    state.join("publishing.txt")
}

/// Few files are flushed one by one, many all at once: one flush a file would take ten times the build.
const FEW: usize = 16;

fn flush(output: &Path, paths: impl Iterator<Item = PathBuf>) -> Result<()> {
    let few: Vec<PathBuf> = paths.take(FEW + 1).collect();
    match few.len() {
        0 => Ok(()),
        1..=FEW => few.iter().try_for_each(|path| files::flush_file(path)),
        _ => files::flush_file_system(output),
    }
}

fn flush_folders<'p>(output: &Path, folders: impl Iterator<Item = &'p str>) -> Result<()> {
    let mut few = BTreeSet::new();
    for folder in folders {
        few.insert(folder);
        if few.len() > FEW {
            return files::flush_file_system(output);
        }
    }
    few.into_iter().for_each(|folder| files::flush_folder(&output.join(folder)));
    Ok(())
}

/// The folders between the output and a file, below the output; the output itself has no name.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let below = path.match_indices('/').map(|(at, _)| &path[..at]);
    std::iter::once("").chain(below)
}

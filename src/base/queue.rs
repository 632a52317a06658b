//! A queue on the disk: what is accepted is done, tried again where it fails, and kept as a dead letter where it fails
//! for good. Knows nothing of what its entries mean.
//!
//! The queue is a journal of what happened to its entries. Several processes may use one queue: each takes its turn by a
//! lock, and reads first what the others did.

mod entry;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use self::entry::Step;
pub use self::entry::{Entry, Figures};
use super::files::Lock;
use super::journal::Journal;
use super::retry::Backoff;
use crate::error::Result;

/// How long the id of an entry that is done is remembered, so that it is not done twice.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(72);

/// Records of the past after which the journal is written anew.
const PAST: usize = 2_000;

/// A queue.
#[derive(Debug)]
pub struct Queue {
    journal: Journal,
    lock: PathBuf,
    backoff: Backoff,
    random: fastrand::Rng,
    /// By their place in the order of arrival.
    entries: BTreeMap<u64, Entry>,
    places: HashMap<String, u64>,
    next: u64,
    /// Ids that are done with, and since when.
    past: HashMap<String, Timestamp>,
    /// How many records the journal had when it was last written anew.
    compacted: usize,
    /// What is being done by this process.
    processing: BTreeSet<String>,
    /// The turn of the next operation, where it was taken before.
    reserved: Option<Lock>,
}

impl Queue {
    /// The queue in this file; it need not be there yet. An entry is tried `backoff.retries` times in all.
    pub fn open(path: &Path, backoff: Backoff, random: fastrand::Rng) -> Result<Self> {
        let mut queue = Self {
            journal: Journal::new(path),
            lock: path.with_extension("lock"),
            backoff,
            random,
            entries: BTreeMap::new(),
            places: HashMap::new(),
            next: 0,
            past: HashMap::new(),
            compacted: 0,
            processing: BTreeSet::new(),
            reserved: None,
        };
        queue.refresh()?;
        Ok(queue)
    }

    /// Accepts entries, and says of each whether it is new. Those that are new are on the disk when this returns.
    pub fn accept(&mut self, entries: Vec<Entry>, now: Timestamp) -> Result<Vec<bool>> {
        let _turn = self.turn()?;
        let mut are_new = Vec::with_capacity(entries.len());
        let (mut steps, mut ids) = (Vec::new(), BTreeSet::new());
        for entry in entries {
            let is_new = !self.knows(&entry.id, now) && ids.insert(entry.id.clone());
            are_new.push(is_new);
            steps.extend(is_new.then_some(Step::Put { entry }));
        }
        self.take(steps, now)?;
        Ok(are_new)
    }

    /// Accepts what does not wait here yet, also where the same was done with before: for whoever keeps books of their own.
    pub fn put(&mut self, entries: Vec<Entry>, now: Timestamp) -> Result<()> {
        let _turn = self.turn()?;
        let new = entries.into_iter().filter(|entry| !self.places.contains_key(&entry.id));
        let steps = new.map(|entry| Step::Put { entry }).collect();
        self.take(steps, now)
    }

    fn knows(&self, id: &str, now: Timestamp) -> bool {
        self.places.contains_key(id)
            || self.past.get(id).is_some_and(|at| now.duration_since(*at) < REMEMBERED)
    }

    /// The entries that are due, oldest first: all that were never tried, and `again` of those that failed before.
    pub fn due(&self, now: Timestamp, again: usize) -> Vec<Entry> {
        let mut left = again;
        let waits =
            |entry: &&Entry| !entry.is_dead && entry.due <= now && !self.processing.contains(&entry.id);
        let fits = |entry: &&Entry| {
            let is_first = entry.attempts == 0;
            let fits = is_first || left > 0;
            left -= usize::from(!is_first && fits);
            fits
        };
        self.entries.values().filter(waits).filter(fits).cloned().collect()
    }

    /// When the next entry is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        let waits = |entry: &&Entry| !entry.is_dead && !self.processing.contains(&entry.id);
        self.entries.values().filter(waits).map(|entry| entry.due).min()
    }

    /// These are being done now: nobody in this process begins them again meanwhile.
    pub fn begin(&mut self, ids: &[String]) {
        self.processing.extend(ids.iter().cloned());
    }

    /// These are not being done after all; they wait as before.
    pub fn leave(&mut self, ids: &[String]) {
        self.processing.retain(|id| !ids.contains(id));
    }

    /// These are done.
    pub fn done(&mut self, ids: &[String], now: Timestamp) -> Result<()> {
        let _turn = self.turn()?;
        let steps = ids.iter().map(|id| Step::Done { id: id.clone(), at: now }).collect();
        self.leave(ids);
        self.take(steps, now)
    }

    /// These have failed: they are tried again after a while, or are dead letters after the last time.
    pub fn failed(&mut self, ids: &[String], error: &str, now: Timestamp) -> Result<()> {
        self.fail(ids, error, self.backoff.retries, now)
    }

    /// These have failed, and no other attempt would help: they are dead letters.
    pub fn refused(&mut self, ids: &[String], error: &str, now: Timestamp) -> Result<()> {
        self.fail(ids, error, 1, now)
    }

    fn fail(&mut self, ids: &[String], error: &str, tries: u32, now: Timestamp) -> Result<()> {
        let _turn = self.turn()?;
        let mut steps = Vec::new();
        for id in ids {
            let Some(entry) = self.get(id) else { continue };
            let attempts = entry.attempts + 1;
            let wait = self.backoff.jittered(attempts - 1, &mut self.random);
            let due = now.checked_add(wait).unwrap_or(now);
            let dead = attempts >= tries;
            steps.push(Step::Failed { id: id.clone(), attempts, due, error: error.to_owned(), dead });
        }
        self.leave(ids);
        self.take(steps, now)
    }

    /// Tries an entry again at once, with all its attempts before it: a dead letter, or one that waits. Says whether
    /// there is one of this id.
    pub fn retry(&mut self, id: &str, now: Timestamp) -> Result<bool> {
        let _turn = self.turn()?;
        let is_known = self.get(id).is_some();
        if is_known {
            self.take(vec![Step::Retry { id: id.to_owned(), due: now }], now)?;
        }
        Ok(is_known)
    }

    /// Forgets an entry that is not being done. Says whether there was one.
    pub fn drop_entry(&mut self, id: &str, now: Timestamp) -> Result<bool> {
        let _turn = self.turn()?;
        let is_known = self.get(id).is_some() && !self.processing.contains(id);
        if is_known {
            self.take(vec![Step::Drop { id: id.to_owned(), at: now }], now)?;
        }
        Ok(is_known)
    }

    /// The entry of this id, if it is not done.
    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.places.get(id).and_then(|place| self.entries.get(place))
    }

    /// All entries that are not done, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.values()
    }

    /// Whether an entry is being done by this process.
    pub fn is_processing(&self, id: &str) -> bool {
        self.processing.contains(id)
    }

    /// How many there are.
    pub fn figures(&self) -> Figures {
        let (mut failed, mut oldest) = (0, None);
        for entry in self.entries.values() {
            failed += usize::from(entry.is_dead);
            let waits = !entry.is_dead && !self.processing.contains(&entry.id);
            oldest = oldest.or(waits.then_some(entry.arrived));
        }
        let (total, processing) = (self.entries.len(), self.processing.len());
        Figures { total, processing, pending: total.saturating_sub(failed + processing), failed, oldest }
    }

    /// How many records of the journal were damaged.
    pub fn damaged(&self) -> usize {
        self.journal.damaged()
    }

    /// Reads what other processes did.
    pub fn refresh(&mut self) -> Result<()> {
        self.turn().map(drop)
    }

    /// Takes the turn for the operation that follows, so that it waits for nobody; says whether no other process has it.
    pub fn reserve(&mut self) -> Result<bool> {
        if self.reserved.is_none() {
            self.reserved = Lock::take(&self.lock)?;
        }
        Ok(self.reserved.is_some())
    }

    /// Waits for the lock and reads what was done by whoever had it before.
    fn turn(&mut self) -> Result<Lock> {
        let lock = self.reserved.take().map_or_else(|| Lock::wait(&self.lock), Ok)?;
        let news = self.journal.read_news()?;
        if news.begins_anew {
            self.entries.clear();
            self.places.clear();
            self.past.clear();
        }
        for record in news.records {
            // A record that this version does not understand says nothing to it.
            if let Ok(step) = serde_json::from_slice(&record) {
                self.apply(step);
            }
        }
        Ok(lock)
    }

    /// Writes steps down, then takes them.
    fn take(&mut self, steps: Vec<Step>, now: Timestamp) -> Result<()> {
        let lines: Vec<Vec<u8>> =
            steps.iter().map(|step| serde_json::to_vec(step).unwrap_or_default()).collect();
        self.journal.append(lines.iter().map(Vec::as_slice))?;
        steps.into_iter().for_each(|step| self.apply(step));
        if self.journal.len() > 2 * self.compacted + PAST {
            self.compact(now)?;
        }
        Ok(())
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Put { entry } => {
                self.past.remove(&entry.id);
                let place = *self.places.entry(entry.id.clone()).or_insert_with(|| {
                    self.next += 1;
                    self.next
                });
                self.entries.insert(place, entry);
            }
            Step::Done { id, at } | Step::Drop { id, at } => {
                if let Some(place) = self.places.remove(&id) {
                    self.entries.remove(&place);
                }
                self.processing.remove(&id);
                self.past.insert(id, at);
            }
            Step::Failed { id, attempts, due, error, dead } => {
                if let Some(entry) = self.get_mut(&id) {
                    (entry.attempts, entry.due, entry.error, entry.is_dead) =
                        (attempts, due, Some(error), dead);
                }
            }
            Step::Retry { id, due } => {
                if let Some(entry) = self.get_mut(&id) {
                    (entry.attempts, entry.due, entry.is_dead) = (0, due, false);
                }
            }
        }
    }

    fn get_mut(&mut self, id: &str) -> Option<&mut Entry> {
        let place = self.places.get(id)?;
        self.entries.get_mut(place)
    }

    /// Writes the journal anew: what is not done, and the ids that are still remembered.
    fn compact(&mut self, now: Timestamp) -> Result<()> {
        self.past.retain(|_, at| now.duration_since(*at) < REMEMBERED);
        let past = self.past.iter().map(|(id, at)| Step::Done { id: id.clone(), at: *at });
        let live = self.entries.values().map(|entry| Step::Put { entry: entry.clone() });
        let lines: Vec<Vec<u8>> =
            past.chain(live).map(|step| serde_json::to_vec(&step).unwrap_or_default()).collect();
        self.compacted = lines.len();
        self.journal.rewrite(lines.iter().map(Vec::as_slice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn entry(id: &str, second: i64) -> Entry {
        Entry::new(id, "course.updated", "course:a", json!({ "course": "a" }), at(second))
    }

    fn open(folder: &tempfile::TempDir) -> Queue {
        let path = folder.path().join("events.journal");
        Queue::open(&path, Backoff::default(), fastrand::Rng::with_seed(1)).unwrap()
    }

    fn ids(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.id.as_str()).collect()
    }

    #[test]
    fn what_is_accepted_outlives_the_process_and_is_done_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut queue = open(&folder);
        let both = vec![entry("1", 0), entry("2", 0), entry("1", 0)];
        assert_eq!(queue.accept(both, at(0)).unwrap(), [true, true, false]);
        drop(queue);
        let mut queue = open(&folder);
        assert_eq!(ids(&queue.due(at(0), 10)), ["1", "2"]);
        queue.begin(&["1".into()]);
        assert_eq!(ids(&queue.due(at(0), 10)), ["2"]);
        queue.done(&["1".into()], at(1)).unwrap();
        let mut queue = open(&folder);
        assert_eq!(queue.accept(vec![entry("1", 5), entry("2", 5)], at(5)).unwrap(), [false, false]);
        assert_eq!(ids(&queue.due(at(5), 10)), ["2"]);
        // After 72 hours an id may come again.
        let later = 72 * 3_600 + 2;
        assert_eq!(queue.accept(vec![entry("1", later)], at(later)).unwrap(), [true]);
    }

    #[test]
    fn three_tries_with_growing_waits_then_a_dead_letter() {
        let folder = tempfile::tempdir().unwrap();
        let mut queue = open(&folder);
        queue.accept((0..30).map(|n| entry(&format!("{n}"), 0)).collect(), at(0)).unwrap();
        let all: Vec<String> = (0..30).map(|n| n.to_string()).collect();
        queue.failed(&all, "the source was away", at(0)).unwrap();
        let waits: Vec<_> = queue.entries().map(|entry| entry.due.duration_since(at(0))).collect();
        assert!(waits.iter().all(|wait| *wait <= SignedDuration::from_secs(1)) && waits[0] != waits[1]);
        // Ten of those that failed at a time, and all that are new.
        queue.accept(vec![entry("new", 1)], at(1)).unwrap();
        assert_eq!(queue.due(at(1), 10).len(), 11);
        queue.failed(&all, "again", at(1)).unwrap();
        assert!(queue.entries().filter(|e| e.attempts == 2).all(|e| e.due <= at(3)));
        queue.failed(&all, "for good", at(3)).unwrap();
        let mut queue = open(&folder);
        let figures = queue.figures();
        assert_eq!((figures.total, figures.pending, figures.failed), (31, 1, 30));
        assert_eq!(queue.get("7").unwrap().error.as_deref(), Some("for good"));
        assert!(queue.retry("7", at(9)).unwrap() && !queue.retry("unknown", at(9)).unwrap());
        assert_eq!(ids(&queue.due(at(9), 10)), ["7", "new"]);
        assert!(queue.drop_entry("8", at(9)).unwrap() && !queue.drop_entry("8", at(9)).unwrap());
        assert_eq!(open(&folder).figures().failed, 28);
        // What no other attempt would help is a dead letter at once; what keeps its own books may come again.
        queue.refused(&["new".into()], "never", at(9)).unwrap();
        assert!(queue.get("new").unwrap().is_dead);
        queue.put(vec![entry("new", 10), entry("8", 10)], at(10)).unwrap();
        assert!(queue.get("new").unwrap().is_dead && !queue.get("8").unwrap().is_dead);
    }

    #[test]
    fn two_processes_share_one_queue_and_the_journal_does_not_grow_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let (mut a, mut b) = (open(&folder), open(&folder));
        for round in 0..30_i64 {
            let entries: Vec<Entry> = (0..100).map(|n| entry(&format!("{round}-{n}"), round)).collect();
            let ids: Vec<String> = entries.iter().map(|entry| entry.id.clone()).collect();
            a.accept(entries, at(round * 86_400)).unwrap();
            b.done(&ids, at(round * 86_400)).unwrap();
        }
        a.refresh().unwrap();
        assert_eq!((a.figures().total, b.figures().total), (0, 0));
        assert!(a.journal.len() < PAST + 1_000, "{}", a.journal.len());
        assert_eq!(a.accept(vec![entry("29-5", 0)], at(29 * 86_400)).unwrap(), [false]);
    }
}

//! Reads the whole list of courses through windows, and proves that it is whole.
//!
//! The server sorts by start date alone and numbers the rows anew at every request, so among courses of one date a
//! row can stand on either side of a border between two windows, in both or in neither. Three things do not depend on
//! how it shuffles, and all that follows rests on them:
//!
//! - a window that holds all places of a date holds all courses of that date; so the next window begins before the
//!   first place of the date that the last border cut through;
//! - the *dates* at given places are always the same; if they differ between two windows, the catalogue itself has
//!   changed meanwhile, places have moved, and the reading begins anew;
//! - the short window at the end tells how many rows there are; the union by id has to come to that number.
//!
//! When more courses share a date than one window holds, only their number is known. They are asked for level by
//! level then, which cuts them to a third; if that is still too many, the same windows are read again until the
//! number is reached. Only what was read after the number was known counts towards it, and in the end the number is
//! looked at once more: a course that goes meanwhile would else stand in for one that was not found.
//!
//! A list that cannot be proved whole is refused: a site would lose courses without a word.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::wire::{Page, Row};
use crate::error::{Error, Kind, Result};
use crate::model::course::Level;

/// The most rows that the server hands out at once.
pub(super) const LIMIT: usize = 500;

/// How often a list that changes under the reading is begun anew.
const SWEEPS: usize = 4;

/// How many windows are read again to collect courses of one date that do not fit into one. For 1,250 courses of one
/// date and level, all shuffled at every request, that is too few in about one case of a million.
const REREADS: usize = 50;

/// A part of the list: what to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// How many rows to leave out.
    pub(super) offset: usize,
    /// Only courses of this level.
    pub(super) level: Option<Level>,
}

/// The whole list.
#[derive(Debug)]
pub(super) struct Listing {
    /// Every row once, in the order in which they came.
    pub(super) rows: Vec<Row>,
    /// Rows that came twice in one answer.
    pub(super) doubled: Vec<Arc<str>>,
    /// Whether one pass was enough, so that the same windows would show it again.
    pub(super) plain: bool,
}

/// How one pass over the list ended.
enum Pass {
    /// It came to the end.
    Ended {
        /// How many rows there are.
        rows: usize,
        /// The windows that were read.
        windows: Vec<Window>,
        /// Whether every date stood wholly in one of them.
        whole: bool,
    },
    /// The catalogue changed meanwhile.
    Moved,
}

/// The rows so far, by key.
#[derive(Default)]
struct Union {
    rows: Vec<Row>,
    index: HashMap<Arc<str>, usize>,
    /// How many times more than once a row was in one and the same answer.
    doubled: BTreeMap<Arc<str>, usize>,
    /// The date at every place of the whole list, as far as it was seen.
    dates: Vec<Arc<str>>,
}

impl Union {
    /// Adds the rows of a window, and says how many of them are new.
    fn add(&mut self, page: &Page) -> usize {
        let before = self.rows.len();
        let mut times: HashMap<&Arc<str>, usize> = HashMap::new();
        for row in &page.rows {
            *times.entry(&row.key).or_default() += 1;
            if !self.index.contains_key(&row.key) {
                self.index.insert(row.key.clone(), self.rows.len());
                self.rows.push(row.clone());
            }
        }
        for (key, times) in times.into_iter().filter(|(_, times)| *times > 1) {
            let known = self.doubled.entry(key.clone()).or_default();
            *known = (*known).max(times - 1);
        }
        self.rows.len() - before
    }

    /// How many of `rows` rows are still to be found; nothing if there are too many already.
    fn missing(&self, rows: usize) -> Option<usize> {
        rows.checked_sub(self.rows.len() + self.doubled.values().sum::<usize>())
    }

    fn listing(self, plain: bool) -> Listing {
        Listing { rows: self.rows, doubled: self.doubled.into_keys().collect(), plain }
    }
}

/// Checks the dates of a window against what is known of its places, and learns those that are new.
fn agrees(dates: &mut Vec<Arc<str>>, offset: usize, page: &Page) -> bool {
    let overlap = dates.len().saturating_sub(offset);
    let known = dates.iter().skip(offset);
    // A page that ends before what is known would mean that rows have gone.
    let same =
        page.rows.len() >= overlap.min(LIMIT) && known.zip(&page.rows).all(|(date, row)| *date == row.date);
    dates.extend(page.rows.iter().skip(overlap).map(|row| row.date.clone()));
    same
}

/// Where the window after this one begins.
fn next_offset(window: Window, page: &Page) -> usize {
    let past = window.offset + page.rows.len();
    let Some(last) = page.rows.last() else { return past };
    let cut = page.rows.iter().rev().take_while(|row| row.date == last.date).count();
    // One row of the date before shows whether places have moved: its date would be another.
    let next = past - cut - 1.min(page.rows.len() - cut);
    if next > window.offset { next } else { past }
}

/// Reads the whole list; `fetch` asks for one window of [`LIMIT`] rows.
pub(super) fn read(
    random: &mut fastrand::Rng,
    mut fetch: impl FnMut(Window) -> Result<Page>,
) -> Result<Listing> {
    for attempt in 0..SWEEPS {
        let mut union = Union::default();
        let Pass::Ended { rows, windows, whole } = pass(&mut union, None, &mut fetch)? else { continue };
        if whole {
            match union.missing(rows) {
                Some(0) => return Ok(union.listing(attempt == 0)),
                _ => continue,
            }
        }
        let mut union = Union { dates: union.dates, ..Union::default() };
        let still = by_level(&mut union, &mut fetch)?
            && again(&mut union, rows, &windows, random, &mut fetch)?
            && again_one(&mut union, rows, windows[windows.len() - 1], &mut fetch)?;
        match union.missing(rows) {
            Some(0) if still => return Ok(union.listing(false)),
            // Nothing changed under the reading, so another one would not find them either.
            Some(missing) if still => {
                return Err(not_whole(&format!("{missing} of {rows} rows could not be found")));
            }
            _ => {}
        }
    }
    Err(not_whole(&format!("read {SWEEPS} times, its parts never fitted together")))
}

fn not_whole(why: &str) -> Error {
    Error::new(Kind::Refused, format!("the list of courses could not be read whole: {why}"))
        .hint("try again later; nothing was changed here")
}

/// One pass over the list from its beginning to a short window.
fn pass(
    union: &mut Union,
    level: Option<Level>,
    fetch: &mut impl FnMut(Window) -> Result<Page>,
) -> Result<Pass> {
    let mut window = Window { offset: 0, level };
    let (mut windows, mut dates, mut barren, mut whole) = (Vec::new(), Vec::new(), 0, true);
    loop {
        let page = fetch(window)?;
        windows.push(window);
        let new = union.add(&page);
        if !agrees(&mut dates, window.offset, &page) || page.rows.len() > LIMIT {
            return Ok(Pass::Moved);
        }
        let read = window.offset + page.rows.len();
        // The wrapped shape tells how many there are; only of the whole list it is known what that counts.
        let total = page.total.filter(|_| level.is_none());
        if page.rows.len() < LIMIT && (page.rows.is_empty() || total.is_none_or(|total| total <= read)) {
            if level.is_none() {
                union.dates = dates;
            }
            // A number that does not fit is either a change or half an answer, and both call for another look.
            let moved = total.is_some_and(|total| total != read);
            return Ok(if moved { Pass::Moved } else { Pass::Ended { rows: read, windows, whole } });
        }
        barren = if new == 0 && level.is_none() { barren + 1 } else { 0 };
        if barren == 3 {
            return Err(Error::new(
                Kind::Refused,
                "the list of courses does not end: the server repeats rows, whatever the offset",
            ));
        }
        let next = next_offset(window, &page);
        whole &= next < read;
        window.offset = next;
    }
}

/// Asks for the list level by level; false if the catalogue changed meanwhile.
fn by_level(union: &mut Union, fetch: &mut impl FnMut(Window) -> Result<Page>) -> Result<bool> {
    for level in Level::ALL {
        if matches!(pass(union, Some(level), fetch)?, Pass::Moved) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads windows again until nothing is missing or it has been tried often enough; false if the catalogue changed.
fn again(
    union: &mut Union,
    rows: usize,
    windows: &[Window],
    random: &mut fastrand::Rng,
    fetch: &mut impl FnMut(Window) -> Result<Page>,
) -> Result<bool> {
    let cut = cut(&union.dates, windows);
    for time in 0..REREADS {
        if union.missing(rows).is_none_or(|missing| missing == 0) {
            break;
        }
        // All in order once, for courses that no level lists. Then whichever comes: a server that shuffles by turns
        // must not fall into step with us.
        let Some(&window) = windows.get(time).or_else(|| random.choice(&cut)) else { break };
        if !again_one(union, rows, window, fetch)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads one window of the whole list again; false if the catalogue changed.
fn again_one(
    union: &mut Union,
    rows: usize,
    window: Window,
    fetch: &mut impl FnMut(Window) -> Result<Page>,
) -> Result<bool> {
    let page = fetch(window)?;
    union.add(&page);
    Ok(agrees(&mut union.dates, window.offset, &page) && union.dates.len() == rows)
}

/// The windows that hold a date which is too frequent to be read whole.
fn cut(dates: &[Arc<str>], windows: &[Window]) -> Vec<Window> {
    let mut times: HashMap<&str, usize> = HashMap::new();
    dates.iter().for_each(|date| *times.entry(date).or_default() += 1);
    // With the row before it, a date of fewer places always fits.
    let frequent = |date: &Arc<str>| times[&**date] >= LIMIT - 1;
    let holds = |window: &Window| dates.iter().skip(window.offset).take(LIMIT).any(frequent);
    windows.iter().copied().filter(holds).collect()
}

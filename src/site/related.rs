//! What else may interest whoever looks at something: what shares its terms, its level, its section. An index by term
//! keeps this in proportion to the number of things, however many share a term.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::courses::Entry;
use super::documents::Placed;
use super::views::{self, Addresses};
use crate::base::digest::Fingerprint;
use crate::base::text::slugify;
use crate::config::Config;
use crate::model::document::FrontMatter;
use crate::model::view::{Entries, Key, Value, Values};

/// How many are shown.
const SHOWN: usize = 4;
/// How many of those that share a term are looked at, before and behind.
const NEAR: usize = 8;
/// What a shared term counts for, against one for a shared level or section.
const TERM: u32 = 2;

/// Things with what they may share, and which of them have what. Who is shown with a thing is worked out when somebody asks.
#[derive(Debug, Default)]
pub(super) struct Related {
    things: Vec<(Keys, bool)>,
    holders: HashMap<u64, Vec<u32>>,
    found: Vec<OnceLock<Shown>>,
}

/// Those that are shown with a thing.
#[derive(Debug, Default, Clone, Copy)]
struct Shown {
    places: [u32; SHOWN],
    count: u8,
}

impl Shown {
    fn add(&mut self, place: u32) -> bool {
        if let Some(free) = self.places.get_mut(usize::from(self.count)) {
            *free = place;
            self.count += 1;
        }
        usize::from(self.count) < SHOWN
    }

    fn as_slice(&self) -> &[u32] {
        self.places.get(..usize::from(self.count)).unwrap_or_default()
    }
}

/// Courses as lists of related ones show them.
#[derive(Debug)]
pub(super) struct Teasers {
    pub(super) entries: Arc<Vec<Entry>>,
    pub(super) config: Arc<Config>,
    pub(super) addresses: Addresses,
}

impl Entries for Teasers {
    fn entries(&self, number: u32) -> Vec<(Key, Value)> {
        let Some(Entry { course, route, is_fallback, .. }) = self.entries.get(number as usize) else {
            return Vec::new();
        };
        let [language, fallback] = views::tongue(&self.config, *is_fallback);
        vec![
            language,
            fallback,
            ("title".into(), Value::from(&course.title)),
            ("url".into(), self.addresses.link(&route.address()).into()),
            ("level".into(), course.level.name().into()),
            ("level_slug".into(), course.level.slug().into()),
            ("start_date".into(), Value::maybe(course.start)),
            ("end_date".into(), Value::maybe(course.end)),
            ("location".into(), Value::maybe(course.location.as_ref())),
        ]
    }
}

/// The participants of the courses.
impl Values for Teasers {
    fn values(&self, number: u32) -> Vec<Value> {
        let people = self.entries.get(number as usize).and_then(|entry| entry.course.participants.as_ref());
        views::participants(people, &self.config)
    }
}

/// By the place of each course in the catalogue: courses that are yet to come, the most alike first.
pub(super) fn courses(entries: &[Entry]) -> Related {
    let open = |entry: &Entry| !entry.is_past && entry.course.archived_at.is_none();
    let keys = |entry: &Entry| {
        let front = entry.overlay.as_ref().map(|overlay| &overlay.front);
        keys(front, Some(("@level", entry.course.level.slug())))
    };
    Related::new(entries.iter().map(|entry| (keys(entry), open(entry))).collect())
}

/// By the place of each page: pages, the most alike first.
pub(super) fn pages(documents: &[&Placed<'_>]) -> Related {
    let keys = |placed: &&Placed<'_>| {
        let section = &placed.document.section;
        let section = Some(("@section", &**section)).filter(|(_, section)| !section.is_empty());
        (keys(Some(&placed.document.front), section), true)
    };
    Related::new(documents.iter().map(keys).collect())
}

/// What a thing may share with others, as quick hashes, and what each counts for.
type Keys = Vec<(u64, u32)>;

fn key(kind: &str, name: &str) -> u64 {
    Fingerprint::new(46).text(kind).text(name).get()
}

fn keys(front: Option<&FrontMatter>, group: Option<(&str, &str)>) -> Keys {
    let terms = front.into_iter().flat_map(|front| &front.terms);
    let named = terms
        .flat_map(|(taxonomy, terms)| terms.iter().map(move |term| (key(taxonomy, &slugify(term)), TERM)));
    let mut keys: Keys = named.collect();
    // No taxonomy has a name like these.
    keys.extend(group.map(|(kind, name)| (key(kind, name), 1)));
    keys
}

impl Related {
    /// Things by what they may share, and whether others may show them.
    fn new(things: Vec<(Keys, bool)>) -> Self {
        let mut holders: HashMap<u64, Vec<u32>> = HashMap::new();
        for (number, (keys, is_open)) in (0..).zip(&things) {
            for (key, _) in keys.iter().filter(|_| *is_open) {
                holders.entry(*key).or_default().push(number);
            }
        }
        let found = things.iter().map(|_| OnceLock::new()).collect();
        Self { things, holders, found }
    }

    /// Those that are shown with a thing, by their places, the most alike first.
    pub(super) fn of(&self, number: u32) -> &[u32] {
        let Some(found) = self.found.get(number as usize) else { return &[] };
        found.get_or_init(|| self.nearest(number)).as_slice()
    }

    /// The nearest things that have most in common with one; of equal ones the nearest, then the first.
    fn nearest(&self, number: u32) -> Shown {
        let Some((keys, _)) = self.things.get(number as usize) else { return Shown::default() };
        if let [(key, _)] = keys.as_slice() {
            return self.holders.get(key).map_or_else(Shown::default, |holders| around(holders, number));
        }
        let mut found: Vec<(u32, u32)> = Vec::new();
        for (key, worth) in keys {
            let Some(holders) = self.holders.get(key) else { continue };
            let here = holders.partition_point(|other| *other < number);
            let near = &holders[here.saturating_sub(NEAR)..holders.len().min(here + NEAR + 1)];
            found.extend(near.iter().filter(|other| **other != number).map(|other| (*other, *worth)));
        }
        if keys.len() > 1 {
            found.sort_unstable_by_key(|(other, _)| *other);
            found.dedup_by(|(other, worth), (kept, score)| {
                let is_same = other == kept;
                *score += if is_same { *worth } else { 0 };
                is_same
            });
        }
        found.sort_unstable_by_key(|(other, score)| (u32::MAX - score, other.abs_diff(number), *other));
        let mut shown = Shown::default();
        found.into_iter().take_while(|(other, _)| shown.add(*other)).for_each(drop);
        shown
    }
}

/// Those next to a place among places in order; of equally near ones the first.
fn around(places: &[u32], place: u32) -> Shown {
    let at = places.partition_point(|other| *other < place);
    let (before, from) = places.split_at(at);
    let mut before = before.iter().rev().peekable();
    let mut behind = from.iter().filter(|other| **other != place).peekable();
    let mut shown = Shown::default();
    loop {
        let next = match (before.peek(), behind.peek()) {
            (Some(one), Some(other)) if place - **one <= **other - place => before.next(),
            (Some(_), None) => before.next(),
            (_, Some(_)) => behind.next(),
            (None, None) => return shown,
        };
        if next.is_none_or(|next| !shown.add(*next)) {
            return shown;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn things(keys: &[&[&str]]) -> Vec<(Keys, bool)> {
        keys.iter().map(|keys| (keys.iter().map(|name| (key("tags", name), TERM)).collect(), true)).collect()
    }

    #[test]
    fn what_shares_most_comes_first_and_nothing_is_related_to_itself() {
        let found = Related::new(things(&[&["a", "b"], &["a"], &["a", "b"], &["c"], &["b"]]));
        assert_eq!(found.of(0), [2, 1, 4]);
        assert_eq!(found.of(3), [] as [u32; 0]);
        assert!((0..5).all(|own| !found.of(own).contains(&own)));
    }

    #[test]
    fn a_term_that_all_share_costs_no_more_for_each() {
        let all = things(&vec![&["a"][..]; 50_000]);
        let begin = std::time::Instant::now();
        let found = Related::new(all);
        assert_eq!((0..50_000).map(|number| found.of(number).len()).sum::<usize>(), 200_000);
        assert_eq!(found.of(25_000), [24_999, 25_001, 24_998, 25_002]);
        assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
    }
}

//! Files for machines. They are made from the records themselves, so their inputs say when they have to be.

mod calendar;
pub(super) mod cards;
mod feed;
mod moochub;
mod news;
mod robots;
mod site;
mod sitemap;
mod xml;

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::*;

use self::calendar::{Calendar, Entered};
pub(super) use self::feed::{ATOM, JSON, RSS};
pub(super) use self::site::of_site;
pub(super) use self::sitemap::Place;
use super::courses::Entry;
use super::documents::Documents;
use super::family::Kind;
use super::page::{Body, Make, Page, Rank};
use super::planner::Planner;
use super::records::Records;
use super::route::Route;
use crate::base::digest::Fingerprint;
use crate::config::Config;
use crate::error::Result;
use crate::model::history::{Event, History};

/// The calendar of the whole catalogue.
pub(super) const CALENDAR: &str = "calendar.ics";

/// The calendar of one course, below its page.
pub(super) fn calendar_of(entry: &Entry) -> String {
    let [slug, ending] = calendar_name(entry);
    ["/", entry.route.folder(), slug, ending].concat()
}

fn calendar_name(entry: &Entry) -> [&str; 2] {
    [&entry.slug, ".ics"]
}

/// When calendars stop telling of what has gone.
pub(super) fn cancelled_until(config: &Config, history: &History) -> impl Iterator<Item = Timestamp> {
    history.cancelled().map(|(_, event)| calendar::ends(event, &config.site.time_zone))
}

impl Planner<'_> {
    /// All files for machines that are not switched off.
    pub(super) fn machine_readable(&mut self, documents: &Documents<'_>) -> Result<()> {
        let outputs = &self.input.config.outputs;
        if outputs.feeds {
            self.feeds(documents)?;
        }
        if outputs.calendar {
            self.calendars()?;
        }
        if let Some(cards) = self.input.cards {
            self.cards(cards)?;
        }
        // The export has no languages: it tells of each course once.
        if outputs.moochub && self.records.addresses.prefix.is_empty() {
            self.moochub()?;
        }
        Ok(())
    }

    fn calendars(&mut self) -> Result<()> {
        let (records, config) = (self.records.clone(), self.input.config);
        let zone = &config.site.time_zone;
        let now = self.input.now;
        let events = records.in_order_of_ids().filter_map(|(_, entry)| calendar::event(entry));
        self.history.learn_events(events, now, |event| calendar::ends(event, zone) <= now);

        let history = self.history.history();
        let mut sequences = vec![0; records.entries.len()];
        let mut known = history.events().peekable();
        // Both are in the same order, so this is one walk along the two.
        for (at, entry) in records.in_order_of_ids() {
            while known.next_if(|(id, _)| *id < &*entry.id).is_some() {}
            if let Some((_, event)) = known.next_if(|(id, _)| *id == &*entry.id) {
                sequences[at as usize] = event.sequence;
            }
        }
        drop(known);
        let sequences: Arc<[u32]> = sequences.into();
        let cancelled: Arc<[(Arc<str>, Event)]> =
            history.cancelled().map(|(id, event)| (id.into(), event.clone())).collect();
        let base = mark(self.input.config).maybe(zone.iana_name());
        let mark = |(entry, sequence): (&Entry, &u32)| {
            Entered::of(entry, &records.addresses, *sequence).map(|event| event.mark())
        };
        let marks: Vec<Option<u64>> =
            records.entries.par_iter().zip(sequences.par_iter()).map(mark).collect();
        let inputs = |mark: &Option<u64>| mark.map(|mark| base.number(mark).get());
        let inputs: Vec<Option<u64>> = marks.iter().map(inputs).collect();
        let all = (records.clone(), sequences.clone());
        let make = Box::new(move |number: u32| {
            let (number, (records, sequences)) = (number as usize, &all);
            let entry = &records.entries[number];
            let event = Entered::of(entry, &records.addresses, sequences[number]);
            let inputs = event.map_or(base, |event| base.number(event.mark())).get();
            let (route, all) = (entry.route.beside(calendar_name(entry)), all.clone());
            let make = Make::new(move || {
                let (records, sequences) = &all;
                let entry = &records.entries[number];
                let (name, address) = (entry.course.title.to_string(), calendar_of(entry));
                let calendar = Calendar::new(&records.config, &records.addresses, name, &address);
                calendar.bytes(Entered::of(entry, &records.addresses, sequences[number]).into_iter())
            });
            file(route, Rank::Leaf, inputs, make)
        });
        self.kinds.push(Kind { name: calendar_name, inputs, has_template: false, make });
        self.cancelled_calendars(base, &cancelled)?;
        self.whole_calendar(base, &marks, sequences, cancelled)
    }

    /// The calendar of all courses, in parts. `marks` are hashes of the courses' events, where they have any.
    fn whole_calendar(
        &mut self,
        base: Fingerprint,
        marks: &[Option<u64>],
        sequences: Arc<[u32]>,
        cancelled: Arc<[(Arc<str>, Event)]>,
    ) -> Result<()> {
        let (records, config) = (self.records.clone(), self.input.config);
        let title = config.site.title.clone();
        let calendar = Calendar::new(config, &records.addresses, title, &format!("/{CALENDAR}"));
        let is_empty = cancelled.is_empty() && marks.iter().all(Option::is_none);
        let chunks = calendar::chunks(records.entries.iter().map(|entry| &*entry.id));
        let event = |mark: Fingerprint, event: &Option<u64>| event.map_or(mark, |event| mark.number(event));
        let mut parts = vec![base.number(0).number(u64::from(is_empty)).get()];
        parts
            .extend(chunks.iter().map(|chunk| marks[chunk.clone()].iter().fold(base.number(1), event).get()));
        let gone = cancelled.iter().map(|(id, event)| Entered::gone(id, event).mark());
        parts.push(gone.fold(base.number(2), Fingerprint::number).get());
        parts.push(base.number(3).get());
        let inputs = parts.iter().fold(base, |inputs, part| inputs.number(*part));
        let make = Make::of_parts(parts, move |at| match at.checked_sub(1) {
            None => calendar.head(is_empty),
            Some(chunk) if chunk < chunks.len() => {
                let there = chunks[chunk].clone().filter_map(|number| {
                    Entered::of(&records.entries[number], &records.addresses, sequences[number])
                });
                calendar.events(there)
            }
            Some(chunk) if chunk == chunks.len() => {
                calendar.events(cancelled.iter().map(|(id, event)| Entered::gone(id, event)))
            }
            Some(_) => Calendar::end(),
        });
        self.pages.push(page(CALENDAR, Rank::Entrance, inputs, make)?);
        Ok(())
    }

    /// Whoever subscribed to the calendar of a course that has gone is told so there.
    fn cancelled_calendars(&mut self, base: Fingerprint, cancelled: &Arc<[(Arc<str>, Event)]>) -> Result<()> {
        let mut lived: Vec<(usize, String)> = (cancelled.iter().enumerate())
            .filter_map(|(number, (id, _))| Some((number, self.history.address(id)?)))
            .collect();
        // Several may have lived at one address, one after the other: the last of them has the last word.
        lived.sort_by_key(|(number, _)| std::cmp::Reverse(cancelled[*number].1.cancelled_at));
        let mut taken: HashSet<String> = match lived.is_empty() {
            true => HashSet::new(),
            false => self.records.entries.iter().map(|entry| entry.route.address()).collect(),
        };
        for (number, address) in lived {
            if !taken.insert(address.clone()) {
                continue;
            }
            let slug = address.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            let file = format!("{address}{slug}.ics");
            let (id, event) = &cancelled[number];
            let inputs = base.number(Entered::gone(id, event).mark());
            let calendar =
                Calendar::new(self.input.config, &self.records.addresses, event.title.to_string(), &file);
            let cancelled = cancelled.clone();
            self.made(file.trim_start_matches('/'), Rank::Leaf, inputs, move || {
                let (id, event) = &cancelled[number];
                calendar.bytes(std::iter::once(Entered::gone(id, event)))
            })?;
        }
        Ok(())
    }

    fn moochub(&mut self) -> Result<()> {
        let records = self.records.clone();
        // By id, so that a course that moves in the catalogue stays in its document.
        let open = records.in_order_of_ids().filter(|(_, entry)| !entry.is_past);
        let courses: Vec<u32> = open.map(|(at, _)| at).collect();
        let total = courses.len().div_ceil(moochub::PAGE).max(1);
        // Who takes part is told to nobody here: their coming and going does not matter.
        let marks: Vec<u64> = courses.par_iter().map(|at| summary(&records.entries[*at as usize])).collect();
        for number in 0..total {
            let from = number * moochub::PAGE;
            let until = courses.len().min(from + moochub::PAGE);
            let here: Arc<[u32]> = courses[from..until].into();
            let inputs = mark(self.input.config).number(number as u64).number(total as u64);
            let inputs = marks[from..until].iter().fold(inputs, |inputs, mark| inputs.number(*mark));
            let records = records.clone();
            self.made(&moochub::path(number), Rank::Entrance, inputs, move || {
                moochub::page(&records, &here, number, total)
            })?;
        }
        Ok(())
    }

    /// When anything in a list of courses last changed, as far as anybody knows.
    pub(super) fn changed_of(records: &Records, courses: impl Iterator<Item = u32>) -> Option<Timestamp> {
        courses.filter_map(|at| records.entries.get(at as usize)?.updated_at).max()
    }

    /// Adds a file that needs no template.
    pub(super) fn made(
        &mut self,
        path: &str,
        rank: Rank,
        inputs: Fingerprint,
        make: impl Fn() -> Vec<u8> + Send + Sync + 'static,
    ) -> Result<()> {
        self.pages.push(made(path, rank, inputs, make)?);
        Ok(())
    }
}

/// A file that needs no template.
fn made(
    path: &str,
    rank: Rank,
    inputs: Fingerprint,
    make: impl Fn() -> Vec<u8> + Send + Sync + 'static,
) -> Result<Page> {
    page(path, rank, inputs, Make::new(make))
}

/// The same for whatever makes it.
fn page(path: &str, rank: Rank, inputs: Fingerprint, make: Make) -> Result<Page> {
    Ok(file(Route::file(path)?, rank, inputs.get(), make))
}

/// The same at its route.
fn file(route: Route, rank: Rank, inputs: u64, make: Make) -> Page {
    let body = Body::Made(make);
    Page { route, rank, body, inputs, record: None, identity: None, language: 0, is_stand_in: false }
}

/// What every file for machines may say of the site.
fn mark(config: &Config) -> Fingerprint {
    let (site, organisation) = (&config.site, &config.site.organisation);
    let texts = [&site.base_url, &site.prefix, &site.title, &site.language, &site.description];
    let mark = texts.into_iter().fold(Fingerprint::new(13), |mark, text| mark.text(text));
    let mark = mark.text(&organisation.name).text(&organisation.url);
    mark.text(&config.outputs.license).text(&config.courses.currency)
}

/// A quick hash of what exports tell of a course.
fn summary(entry: &Entry) -> u64 {
    let overlay = entry.overlay.as_ref().map_or(0, |overlay| overlay.fingerprint());
    let updated = entry.updated_at.map_or(u64::MAX, |at| at.as_nanosecond() as u64);
    let mark = Fingerprint::new(23).number(entry.course.summary_fingerprint()).text(&entry.slug);
    mark.number(overlay).number(updated).get()
}

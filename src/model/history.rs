//! Where records live, and where they have lived: what only history knows.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::moment::Moment;
use super::ordered::{Ordered, Word, Written};
use super::text::Text;

/// The present and the past addresses of records, by an identity such as `course:ck9zz` or `document:about.md`.
///
/// An address is a path below the site's base address: `/courses/ruhig/`. Records that have gone keep their past, so that
/// one which comes back is found under all the addresses that it ever had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct History {
    #[serde(rename = "addresses")]
    present: Ordered<Text>,
    #[serde(rename = "pastAddresses")]
    past: BTreeMap<String, Vec<String>>,
    #[serde(rename = "calendar", skip_serializing_if = "Ordered::is_empty")]
    events: Ordered<Event>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    documents: BTreeMap<String, Seen>,
}

/// The maps of a history as they are written in a file.
#[derive(Debug)]
pub struct Recorded<'a> {
    /// `addresses`.
    pub present: Written<'a, Word<'a>>,
    /// `pastAddresses`.
    pub past: BTreeMap<String, Vec<String>>,
    /// `calendar`.
    pub events: Written<'a, RecordedEvent<'a>>,
    /// `documents`.
    pub documents: BTreeMap<String, Seen>,
}

impl Recorded<'_> {
    /// The history. `whole` is the text of the file: thousands of names and titles stay in it.
    pub fn of(self, whole: &Arc<String>) -> History {
        let Self { present, past, events, documents } = self;
        let present = present.of(whole, |address| address.of(whole));
        History { present, past, events: events.of(whole, |event| event.of(whole)), documents }
    }
}

/// An event as it is written.
#[derive(Debug, Deserialize)]
pub struct RecordedEvent<'a> {
    m: u64,
    #[serde(default)]
    n: u32,
    #[serde(borrow)]
    t: Word<'a>,
    s: Moment,
    #[serde(default)]
    e: Option<Moment>,
    #[serde(default)]
    c: Option<Timestamp>,
}

impl RecordedEvent<'_> {
    fn of(self, whole: &Arc<String>) -> Event {
        let Self { m: mark, n: sequence, t, s: start, e: end, c: cancelled_at } = self;
        Event { mark, sequence, title: t.of(whole), start, end, cancelled_at }
    }
}

/// What calendars were last told of a record. Whoever subscribed to one learns of a change by a higher number, and of a
/// removal only if it is told, so it has to be remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// A quick hash of what a participant has to know: when and where.
    #[serde(rename = "m")]
    pub mark: u64,
    /// How often that has changed.
    #[serde(rename = "n", skip_serializing_if = "is_zero")]
    pub sequence: u32,
    /// What it is called.
    #[serde(rename = "t")]
    pub title: Text,
    /// When it begins.
    #[serde(rename = "s")]
    pub start: Moment,
    /// When it ends.
    #[serde(rename = "e", skip_serializing_if = "Option::is_none")]
    pub end: Option<Moment>,
    /// When it was found to have gone.
    #[serde(rename = "c", skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Timestamp>,
}

/// A document as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    #[serde(rename = "m")]
    mark: u64,
    /// When it was first seen to differ from before; nothing while it is as it was found.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl History {
    /// Takes note of where a record lives now.
    pub fn learn(&mut self, id: &str, address: &str) {
        match self.present.get_mut(id) {
            Some(known) if **known == *address => {}
            Some(known) => {
                let past = self.past.entry(id.to_owned()).or_default();
                let left = std::mem::replace(known, address.into()).to_string();
                past.retain(|old| *old != left && old != address);
                past.push(left);
            }
            None => self.present.insert(id.into(), address.into()),
        }
    }

    /// Takes note of all events of a calendar that is about to be published: the identities of their records, in order, with their
    /// marks and what makes them. Those that are no longer among them are cancelled as of `now`, and forgotten once `is_over`
    /// says so.
    pub fn learn_events<'e, F: FnOnce() -> Event>(
        &mut self,
        events: impl IntoIterator<Item = (&'e str, u64, F)>,
        now: Timestamp,
        is_over: impl Fn(&Event) -> bool,
    ) {
        let mut events = events.into_iter().peekable();
        let mut new = Vec::new();
        // Both are in the order of the identities, so this is one walk along the two.
        self.events.list().retain_mut(|(id, known)| {
            while let Some(event) = events.next_if(|(other, ..)| **other < **id) {
                new.push(event);
            }
            if let Some((_, mark, make)) = events.next_if(|(other, ..)| **other == **id) {
                if known.mark != mark || known.cancelled_at.is_some() {
                    *known = Event { sequence: known.sequence + 1, ..make() };
                }
                return true;
            }
            if known.cancelled_at.is_none() {
                known.cancelled_at = Some(now);
                known.sequence += 1;
            }
            !is_over(known)
        });
        for (id, _, make) in new.into_iter().chain(events) {
            self.events.insert(id.into(), make());
        }
    }

    /// What calendars are told, in the order of the identities of the records.
    pub fn events(&self) -> impl Iterator<Item = (&str, &Event)> {
        self.events.iter().map(|(id, event)| (&**id, event))
    }

    /// The events that were told of once and have gone, with the identities of their records.
    pub fn cancelled(&self) -> impl Iterator<Item = (&str, &Event)> {
        self.events.iter().filter(|(_, event)| event.cancelled_at.is_some()).map(|(id, e)| (&**id, e))
    }

    /// Forgets all events: what calendars were told came from another source.
    pub fn forget_events(&mut self) {
        self.events.clear();
    }

    /// Takes note of how documents look, by their source file.
    pub fn learn_documents<'a>(&mut self, seen: impl IntoIterator<Item = (&'a str, u64)>, now: Timestamp) {
        let mut before = std::mem::take(&mut self.documents);
        for (source, mark) in seen {
            let seen = match before.remove(source) {
                Some(known) if known.mark == mark => known,
                Some(_) => Seen { mark, at: Some(now) },
                None => Seen { mark, at: None },
            };
            self.documents.insert(source.to_owned(), seen);
        }
    }

    /// When a document was seen to change; nothing where it never did.
    pub fn document_changed_at(&self, source: &str) -> Option<Timestamp> {
        self.documents.get(source)?.at
    }

    /// Where a record lives, as far as is known.
    pub fn address(&self, id: &str) -> Option<&str> {
        self.present.get(id).map(|address| &**address)
    }

    /// The present addresses of all records, in the order of their identities.
    pub fn addresses(&self) -> impl Iterator<Item = (&str, &str)> {
        self.present.iter().map(|(id, address)| (&**id, &**address))
    }

    /// The past addresses of records, oldest first, with the identity and the present address.
    pub fn moves(&self) -> impl Iterator<Item = (&str, &str, &[String])> {
        self.past
            .iter()
            .filter_map(|(id, past)| Some((id.as_str(), &**self.present.get(id)?, past.as_slice())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_past_address_is_kept_once_and_a_way_back_is_no_move() {
        let mut history = History::default();
        for address in ["/a/", "/b/", "/b/", "/c/", "/b/", "/d/"] {
            history.learn("course:1", address);
        }
        history.learn("course:2", "/x/");
        let moves: Vec<_> = history.moves().collect();
        assert_eq!(moves, [("course:1", "/d/", ["/a/", "/c/", "/b/"].map(str::to_owned).as_slice())]);
    }

    #[test]
    fn a_change_of_the_date_counts_up_and_what_has_gone_is_cancelled_until_it_is_over() {
        let event = |mark| Event {
            mark,
            sequence: 0,
            title: "Ruhig".into(),
            start: Moment::Day(jiff::civil::date(2027, 2, 10)),
            end: None,
            cancelled_at: None,
        };
        let now = Timestamp::UNIX_EPOCH;
        let mut history = History::default();
        let mut learn = |mark: Option<u64>, over: bool| {
            history.learn_events(mark.map(|mark| ("course:1", mark, move || event(mark))), now, |_| over);
            history.events().next().map(|(_, event)| (event.sequence, event.cancelled_at.is_some()))
        };
        assert_eq!(learn(Some(7), false), Some((0, false)));
        assert_eq!(learn(Some(7), false), Some((0, false)));
        assert_eq!(learn(Some(8), false), Some((1, false)));
        assert_eq!(learn(None, false), Some((2, true)));
        assert_eq!(learn(None, false), Some((2, true)));
        assert_eq!(learn(Some(8), false), Some((3, false)), "it takes place after all");
        assert_eq!(learn(None, true), None);
    }
}

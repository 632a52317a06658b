//! Reads collections over REST: to their empty end, or only what changed.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::records::{Collection, People, Roster};
use super::wire::{self, Rules};
use crate::base::encode;
use crate::base::retry::Deadline;
use crate::config;
use crate::error::{Error, Kind, Result};
use crate::model::change::Refused;
use crate::model::course::CourseId;
use crate::source::rest::{Call, Rest};

/// So many answers in a row without a new record are one too many: the server does not know `offset`.
const BARREN: usize = 3;

/// What a pull has come to so far.
pub(super) struct Progress {
    pub(super) roster: Roster,
    pub(super) people: People,
    pub(super) cursors: std::collections::BTreeMap<String, String>,
    pub(super) refused: Vec<Refused>,
}

impl Progress {
    /// Forgets what is known of a collection: all of it is about to come.
    pub(super) fn clear(&mut self, collection: Collection) {
        match collection {
            Collection::Sessions => self.roster.sessions.clear(),
            Collection::Orgs => self.roster.orgs.clear(),
            Collection::Courses => self.roster.courses.clear(),
            Collection::Classes => self.roster.classes.clear(),
            Collection::Enrollments => self.people.enrollments.clear(),
            Collection::Users => self.people.users.clear(),
        }
    }
}

/// Why a collection could not be read.
enum Trouble {
    /// The server does not take the question: the filter, or the choice of fields.
    Question,
    Other(Error),
}

/// What is asked for.
#[derive(Clone, Copy)]
struct Question {
    since: Option<Timestamp>,
    /// Only the fields that are used.
    narrow: bool,
}

/// The frame of one reading.
pub(super) struct Reading<'a> {
    pub(super) rest: &'a mut Rest,
    pub(super) config: &'a config::OneRoster,
    pub(super) rules: Rules<'a>,
    pub(super) deadline: Deadline,
    pub(super) now: Timestamp,
}

impl Reading<'_> {
    /// Reads one collection into its table: what changed since its cursor, if `delta`, else all of it.
    ///
    /// False says that only a full reading can help: the server does not know the filter.
    pub(super) fn collection(
        &mut self,
        collection: Collection,
        delta: bool,
        progress: &mut Progress,
    ) -> Result<bool> {
        let cursor = progress.cursors.get(collection.name()).and_then(|text| text.parse::<Timestamp>().ok());
        let since = cursor.filter(|_| delta).map(|cursor| {
            let overlap = SignedDuration::try_from(self.config.overlap).unwrap_or(SignedDuration::ZERO);
            cursor.checked_sub(overlap).unwrap_or(cursor)
        });
        if since.is_none() {
            // Also where the records of this collection carry no dates: then it alone is read in full each time.
            progress.clear(collection);
        }
        // Of people who are only counted nothing is asked for but in which class they are.
        let narrow = collection == Collection::Enrollments && !self.rules.named;
        let mut question = Question { since, narrow };
        let (records, answered_at) = loop {
            match self.records(collection, question) {
                Ok(read) => break read,
                Err(Trouble::Question) if question.narrow => question.narrow = false,
                Err(Trouble::Question) => return Ok(false),
                Err(Trouble::Other(error)) => return Err(error),
            }
        };
        let newest = self.take(collection, &records, progress).max(cursor.filter(|_| delta));
        // What changed on a page that was read already, while later ones were being read, is newer than the first
        // answer.
        if let Some(newest) = newest.map(|newest| newest.min(answered_at.unwrap_or(self.now))) {
            progress.cursors.insert(collection.name().to_owned(), stamp(newest));
        }
        Ok(true)
    }

    /// Reads classes by their ids, each with what it is a run of, and with terms and schools that are not known yet. False says
    /// that one of them is not there.
    pub(super) fn classes(&mut self, ids: &[CourseId], progress: &mut Progress) -> Result<bool> {
        let mut read = HashSet::new();
        for id in ids {
            if !self.one(Collection::Classes, id.as_str(), progress)? {
                return Ok(false);
            }
            let Some(class) = progress.roster.classes.get(id.as_str()) else { continue };
            let (course, school) = (class.course.clone(), class.school.clone());
            let terms: Vec<String> = class.terms.clone();
            let unknown = terms.into_iter().filter(|term| !progress.roster.sessions.contains_key(term));
            let unknown = unknown.map(|term| (Collection::Sessions, term));
            let school = school.filter(|school| !progress.roster.orgs.contains_key(school));
            let course = course.map(|course| (Collection::Courses, course));
            let others = course.into_iter().chain(unknown).chain(school.map(|id| (Collection::Orgs, id)));
            for (collection, id) in others.collect::<Vec<_>>() {
                if read.insert((collection.name(), id.clone())) {
                    self.one(collection, &id, progress)?;
                }
            }
        }
        Ok(true)
    }

    /// Reads one record into its table. False says that it is not there.
    fn one(&mut self, collection: Collection, id: &str, progress: &mut Progress) -> Result<bool> {
        let told = format!("GET /{}/{{sourcedId}}", collection.name());
        let base = &self.config.service.base_url;
        let url = format!("{base}/{}/{}", collection.name(), encode::percent(id));
        let call = Call { expected: &[404, 410], ..Call::get(url, &told) };
        let response = self.rest.send(&call, self.deadline)?;
        if !(200..300).contains(&response.status) {
            return Ok(false);
        }
        let record = wire::single(&told, collection.singular(), &response.body)?;
        if wire::header(&record).is_ok_and(|header| header.id != id) {
            let message = format!("OneRoster: {told}: the answer is another record than the one asked for");
            return Err(Error::new(Kind::Refused, message));
        }
        self.take(collection, &[record], progress);
        Ok(true)
    }

    /// Puts records into their table; the moment of the newest.
    fn take(&self, collection: Collection, records: &[Value], progress: &mut Progress) -> Option<Timestamp> {
        let mut newest = None;
        for (index, record) in records.iter().enumerate() {
            let header = wire::header(record);
            let put = header.as_ref().map_err(|reason| *reason).and_then(|header| {
                newest = newest.max(header.modified);
                let Progress { roster, people, .. } = &mut *progress;
                wire::put(collection, record, header, self.rules, roster, people)
            });
            if let Err(reason) = put {
                let id = match header {
                    Ok(header) if !collection.is_personal() => header.id,
                    _ => format!("row {}", index + 1),
                };
                progress.refused.push(Refused { entity: collection.entity(), id, reason: reason.to_owned() });
            }
        }
        newest
    }

    /// All records that the question is about, and when the server gave its first answer.
    ///
    /// A server clamps the limit without a word, so a short page is not the end: an empty one is.
    fn records(
        &mut self,
        collection: Collection,
        question: Question,
    ) -> Result<(Vec<Value>, Option<Timestamp>), Trouble> {
        let mut again = true;
        loop {
            let (records, total, answered_at) = self.pass(collection, question)?;
            let missing = total.unwrap_or(0).saturating_sub(records.len());
            if missing == 0 {
                return Ok((records, answered_at));
            }
            // What was moved from page to page meanwhile is found by another reading.
            if !std::mem::take(&mut again) {
                let message = format!(
                    "OneRoster: GET /{}: the list could not be read whole: {missing} records of {} did not come",
                    collection.name(),
                    records.len() + missing
                );
                let error =
                    Error::new(Kind::Refused, message).hint("try again later; nothing was changed here");
                return Err(Trouble::Other(error));
            }
        }
    }

    fn pass(&mut self, collection: Collection, question: Question) -> Result<Passed, Trouble> {
        let told = format!("GET /{}", collection.name());
        let expected: &[u16] = if question.since.is_some() || question.narrow { &[400, 422] } else { &[] };
        let (mut records, mut seen) = (Vec::new(), HashSet::new());
        let (mut offset, mut barren, mut total, mut answered_at) = (0, 0, None, None);
        let mut by_link: Option<String> = None;
        loop {
            let url = by_link.take().unwrap_or_else(|| address(self.config, collection, question, offset));
            let call = Call { expected, ..Call::get(url.clone(), &told) };
            let response =
                self.rest.send(&call, self.deadline).map_err(|fault| Trouble::Other(fault.error))?;
            if !(200..300).contains(&response.status) {
                return Err(Trouble::Question);
            }
            answered_at = answered_at.or_else(|| response.headers.date());
            total = total.max(response.headers.number("x-total-count").and_then(|n| usize::try_from(n).ok()));
            let page = wire::page(&told, collection.name(), &response.body).map_err(Trouble::Other)?;
            if page.0.is_empty() {
                return Ok((records, total, answered_at));
            }
            offset += page.0.len();
            let before = records.len();
            for record in page.0 {
                // Rows without an id are told of one by one, later.
                let is_new = wire::header(&record).map_or(true, |header| seen.insert(header.id));
                if is_new {
                    records.push(record);
                }
            }
            barren = if records.len() == before { barren + 1 } else { 0 };
            if barren > 0 && total == Some(records.len()) {
                return Ok((records, total, answered_at));
            }
            if barren == BARREN {
                let message = format!("OneRoster: {told}: the list does not end: the server repeats records");
                return Err(Trouble::Other(Error::new(Kind::Refused, message)));
            }
            by_link = response.headers.get("link").and_then(|link| wire::link_next(link, &url));
        }
    }
}

type Passed = (Vec<Value>, Option<usize>, Option<Timestamp>);

/// A moment as filters have it.
fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn address(config: &config::OneRoster, collection: Collection, question: Question, offset: usize) -> String {
    let base = &config.service.base_url;
    let limit = config.service.page_size;
    let mut url = format!("{base}/{}?limit={limit}&offset={offset}", collection.name());
    if let Some(since) = question.since {
        let filter = format!("dateLastModified>'{}'", stamp(since));
        url.push_str(&format!("&filter={}", encode::percent(&filter)));
    }
    if question.narrow {
        url.push_str("&fields=");
        url.push_str(&encode::percent("sourcedId,status,dateLastModified,role,class"));
    }
    url
}

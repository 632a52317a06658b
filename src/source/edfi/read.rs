//! Reads resources: discovery, pages by offset or by token, changes and tombstones.

use std::collections::HashSet;

use serde_json::Value;

use super::records::{People, Records, Resource};
use super::wire::{self, Discovery, Reason, Rules, Versions};
use crate::base::encode::{self, origin};
use crate::base::retry::Deadline;
use crate::config::{self, Paging};
use crate::error::{Error, Kind, Result};
use crate::model::change::Refused;
use crate::model::course::CourseId;
use crate::source::rest::{Call, Rest};

/// So many answers in a row without a new record are one too many: the server does not know `offset`.
const BARREN: usize = 3;

/// What a pull has come to so far.
pub(super) struct Progress {
    pub(super) records: Records,
    pub(super) people: People,
    pub(super) cursors: std::collections::BTreeMap<String, String>,
    pub(super) refused: Vec<Refused>,
}

/// Asks the server what it is and where its parts are. Its own addresses are used: a tenant or a year can stand in them.
pub(super) fn discover(rest: &mut Rest, config: &config::EdFi, deadline: Deadline) -> Result<Discovery> {
    let url = format!("{}/", config.service.base_url);
    let call = Call { is_signed: false, ..Call::get(url, "GET the server's description") };
    let response = rest.send(&call, deadline)?;
    let found = wire::discovery(&response.body)?;
    let place = |url: &str| -> Result<String> {
        let tenant = config.tenant.as_deref();
        let year = config.year.map(|year| year.to_string());
        let mut url = url.to_owned();
        for (name, value) in [("tenantIdentifier", tenant), ("schoolYearFromRoute", year.as_deref())] {
            url = value.map_or(url.clone(), |value| url.replace(&format!("{{{name}}}"), value));
        }
        if url.contains('{') {
            let message = format!("Ed-Fi: the server's addresses have places to be filled: {url}");
            return Err(Error::new(Kind::Config, message).hint("set `tenant` or `year` for this source"));
        }
        // A secret that went out encrypted must not go on in the clear.
        if config.service.base_url.starts_with("https://") && !url.starts_with("https://") {
            let at = origin(&url).unwrap_or_default();
            let message =
                format!("Ed-Fi: the server is asked by https, and names {at} as the address to go on");
            return Err(Error::new(Kind::Refused, message)
                .hint("the server, or the proxy before it, has to be told its public address"));
        }
        Ok(url)
    };
    Ok(Discovery {
        version: found.version,
        oauth: place(&found.oauth)?,
        data: place(&found.data)?,
        changes: found.changes.as_deref().map(place).transpose()?,
    })
}

/// How looking for single sections ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sought {
    /// They were read.
    Read,
    /// One of them is not there any more.
    Vanished,
    /// They refer to something that is not known here, or the server does not take the question.
    Unclear,
}

/// The frame of one reading.
pub(super) struct Reading<'a> {
    pub(super) rest: &'a mut Rest,
    pub(super) config: &'a config::EdFi,
    pub(super) found: &'a Discovery,
    pub(super) rules: Rules,
    pub(super) deadline: Deadline,
}

impl Reading<'_> {
    /// The versions of changes; nothing where the server does not count them.
    pub(super) fn versions(&mut self) -> Result<Option<Versions>> {
        let Some(changes) = &self.found.changes else { return Ok(None) };
        let told = "GET /availableChangeVersions";
        let url = format!("{}/availableChangeVersions", changes.trim_end_matches('/'));
        let call = Call { expected: &[404], ..Call::get(url, told) };
        let response = self.rest.send(&call, self.deadline)?;
        if response.status == 404 {
            return Ok(None);
        }
        wire::versions(told, &response.body).map(Some)
    }

    /// Reads all of a resource.
    pub(super) fn all(&mut self, resource: Resource, progress: &mut Progress) -> Result<()> {
        let records = self.list(resource, "", None)?;
        self.take(resource, &records, progress);
        Ok(())
    }

    /// Reads what changed of a resource since `saved`: keys first, then records, then tombstones.
    ///
    /// There is no upper bound to what is asked for: with one, rows that change on the way can slip from page to page.
    /// What comes twice does no harm.
    pub(super) fn changes(&mut self, resource: Resource, saved: u64, progress: &mut Progress) -> Result<()> {
        let since = Some(saved + 1);
        for change in self.list(resource, "/keyChanges", since)? {
            wire::change_key(resource, &change, &mut progress.records, &mut progress.people);
        }
        let records = self.list(resource, "", since)?;
        self.take(resource, &records, progress);
        let live: HashSet<&str> = records.iter().filter_map(|record| wire::id(record).ok()).collect();
        for tombstone in self.list(resource, "/deletes", since)? {
            if let Ok(id) = wire::id(&tombstone)
                && !live.contains(id)
            {
                wire::remove(resource, id, &mut progress.records, &mut progress.people);
            }
        }
        Ok(())
    }

    /// Reads sections by their ids, each with its offering, its course, and who is in it.
    pub(super) fn sections(&mut self, ids: &[CourseId], progress: &mut Progress) -> Result<Sought> {
        let mut read = HashSet::new();
        for id in ids {
            let before = progress.records.sections.get(id.as_str()).map(|section| section.key.clone());
            let Some(record) = self.one(Resource::Sections, id.as_str())? else {
                return Ok(Sought::Vanished);
            };
            self.take(Resource::Sections, std::slice::from_ref(&record), progress);
            let records = &progress.records;
            let Some(section) = records.sections.get(id.as_str()).cloned() else {
                return Ok(Sought::Unclear);
            };
            let mut offerings = records.offerings.iter().filter(|(_, one)| one.key == section.offering);
            let Some(offering) = offerings.next().map(|(id, _)| id.clone()) else {
                return Ok(Sought::Unclear);
            };
            let course = records.course_of(&section).map(|(id, _)| id.clone());
            let course = course.map(|id| (Resource::Courses, id));
            for (resource, id) in [(Resource::Offerings, offering)].into_iter().chain(course) {
                if read.insert((resource.name(), id.clone())) {
                    let Some(record) = self.one(resource, &id)? else { return Ok(Sought::Unclear) };
                    self.take(resource, &[record], progress);
                }
            }
            let Some(narrow) = wire::key_query(&record) else { return Ok(Sought::Unclear) };
            let list = List { narrow: &narrow, ..List::of(Resource::Associations) };
            let records = self.whole(list)?;
            self.take(Resource::Associations, &records, progress);
            // Who was in it and did not come has gone. A server that does not narrow its answer sends others as well.
            let came: HashSet<&str> = records.iter().filter_map(|record| wire::id(record).ok()).collect();
            progress.people.associations.retain(|id, one| {
                let was_in_it = one.section == section.key || Some(&one.section) == before.as_ref();
                !was_in_it || came.contains(id.as_str())
            });
        }
        Ok(Sought::Read)
    }

    /// Reads one record by its id; nothing where it is not there.
    fn one(&mut self, resource: Resource, id: &str) -> Result<Option<Value>> {
        let told = format!("GET /ed-fi/{}/{{id}}", resource.name());
        let base = self.found.data.trim_end_matches('/');
        let url = format!("{base}/ed-fi/{}/{}", resource.name(), encode::percent(id));
        let call = Call { expected: &[404, 410], ..Call::get(url, &told) };
        let response = self.rest.send(&call, self.deadline)?;
        if !(200..300).contains(&response.status) {
            return Ok(None);
        }
        wire::single(&told, id, &response.body).map(Some)
    }

    fn take(&self, resource: Resource, records: &[Value], progress: &mut Progress) {
        for (index, record) in records.iter().enumerate() {
            let Progress { records, people, refused, .. } = &mut *progress;
            let put = wire::put(resource, record, self.rules, records, people);
            if let Err(reason) = put {
                refused.push(set_aside(resource, index, record, reason));
            }
        }
    }

    /// A whole list. Deletes and changes of keys have no tokens.
    fn list(&mut self, resource: Resource, what: &str, since: Option<u64>) -> Result<Vec<Value>> {
        self.whole(List { what, since, ..List::of(resource) })
    }

    fn whole(&mut self, list: List<'_>) -> Result<Vec<Value>> {
        let by_token = match self.config.paging {
            Paging::Offset => false,
            Paging::Token => true,
            Paging::Auto => has_tokens(&self.found.version),
        };
        if by_token
            && list.what.is_empty()
            && let Some(records) = self.by_token(list)?
        {
            return Ok(records);
        }
        self.by_offset(list)
    }

    /// By tokens; nothing where the server gives none after all, so that the list has to be read by offsets from its
    /// beginning: the two are never mixed.
    fn by_token(&mut self, list: List<'_>) -> Result<Option<Vec<Value>>> {
        let told = list.told();
        let mut records = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut query = format!("pageSize={}", self.config.service.page_size);
            if let Some(token) = &token {
                query.push_str(&format!("&pageToken={}", encode::percent(token)));
            }
            let url = self.address(list, &query);
            let expected: &[u16] = if token.is_none() { &[400] } else { &[] };
            let response = self.rest.send(&Call { expected, ..Call::get(url, &told) }, self.deadline)?;
            if response.status == 400 {
                return Ok(None);
            }
            let page = wire::list(&told, &response.body)?;
            let next = response.headers.get("next-page-token").map(str::to_owned);
            if page.is_empty() {
                return Ok(Some(records));
            }
            if next.is_none() && token.is_none() {
                return Ok(None);
            }
            records.extend(page);
            match next {
                Some(next) if Some(&next) != token.as_ref() => token = Some(next),
                _ => return Ok(Some(records)),
            }
        }
    }

    fn by_offset(&mut self, list: List<'_>) -> Result<Vec<Value>> {
        let told = list.told();
        let (mut records, mut seen) = (Vec::new(), HashSet::new());
        let (mut offset, mut barren, mut total) = (0, 0, 0);
        loop {
            let mut query = format!("offset={offset}&limit={}", self.config.service.page_size);
            if offset == 0 && list.what.is_empty() {
                query.push_str("&totalCount=true");
            }
            let url = self.address(list, &query);
            let response = self.rest.send(&Call::get(url, &told), self.deadline)?;
            let page = wire::list(&told, &response.body)?;
            total = total.max(response.headers.number("total-count").unwrap_or(0));
            if page.is_empty() && (records.len() as u64) < total {
                let message = format!("Ed-Fi: {told}: only {} of {total} records came", records.len());
                return Err(
                    Error::new(Kind::Refused, message).hint("try again later; nothing was changed here")
                );
            }
            if page.is_empty() {
                return Ok(records);
            }
            offset += page.len();
            let before = records.len();
            for record in page {
                // A record may be in a list of changes more than once, and the last word counts.
                let is_new =
                    !list.what.is_empty() || wire::id(&record).map_or(true, |id| seen.insert(id.to_owned()));
                if is_new {
                    records.push(record);
                }
            }
            barren = if records.len() == before { barren + 1 } else { 0 };
            if barren == BARREN || records.len() > 50_000_000 {
                let message = format!("Ed-Fi: {told}: the list does not end: the server repeats records");
                return Err(Error::new(Kind::Refused, message));
            }
        }
    }

    fn address(&self, list: List<'_>, query: &str) -> String {
        let base = self.found.data.trim_end_matches('/');
        let since = list.since.map(|since| format!("&minChangeVersion={since}")).unwrap_or_default();
        format!("{base}/ed-fi/{}{}?{query}{since}{}", list.resource.name(), list.what, list.narrow)
    }
}

/// A list of a resource: its records, or one of the lists of changes.
#[derive(Clone, Copy)]
struct List<'a> {
    resource: Resource,
    what: &'a str,
    since: Option<u64>,
    /// More of the question: `&name=value`.
    narrow: &'a str,
}

impl List<'_> {
    /// All of a resource.
    fn of(resource: Resource) -> Self {
        Self { resource, what: "", since: None, narrow: "" }
    }

    fn told(&self) -> String {
        format!("GET /ed-fi/{}{}", self.resource.name(), self.what)
    }
}

fn set_aside(resource: Resource, index: usize, record: &Value, reason: Reason) -> Refused {
    let id = match wire::id(record) {
        Ok(id) if !resource.is_personal() => id.to_owned(),
        _ => format!("row {}", index + 1),
    };
    Refused { entity: resource.entity(), id, reason: reason.to_owned() }
}

/// Tokens are there from version 7.3 on.
fn has_tokens(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    (major, minor) >= (7, 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_begin_with_a_version() {
        for (version, has) in
            [("7.3", true), ("7.3.1-pre", true), ("8.0", true), ("7.2", false), ("6.2", false), ("", false)]
        {
            assert_eq!(has_tokens(version), has, "{version}");
        }
    }
}

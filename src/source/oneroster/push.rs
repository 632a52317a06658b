//! Lines and scores to a gradebook.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::records::Roster;
use super::wire;
use crate::base::digest::Digest;
use crate::base::encode;
use crate::base::retry::Deadline;
use crate::config::{self, OneRosterAuth};
use crate::error::{Kind, Result};
use crate::model::change::Held;
use crate::model::push::{LineItem, Push, Pushed, Score, TextField};
use crate::source::rest::{Call, Fault, Rest};

/// Sends to one gradebook.
pub(super) struct Gradebook<'a> {
    pub(super) rest: &'a mut Rest,
    pub(super) config: &'a config::OneRoster,
    /// What the last pull has left: classes have schools there.
    pub(super) known: Option<&'a Held>,
    pub(super) deadline: Deadline,
    pub(super) now: Timestamp,
}

impl Gradebook<'_> {
    /// `PUT` after a look at what stands there: somebody may have written meanwhile. The id of a result is a person's: it
    /// stands in no message.
    pub(super) fn send(&mut self, push: &Push) -> Result<Pushed> {
        if let OneRosterAuth::OAuth2 { gradebook_scope, .. } = &self.config.auth {
            self.rest.set_scope(gradebook_scope);
        }
        let sent = match push {
            Push::Score(score) => self.score(score),
            Push::LineItem(line) => self.line(line),
            _ => {
                let why = "OneRoster takes lines and results of a gradebook: it has no push of courses";
                return Ok(Pushed::Refused(why.into()));
            }
        };
        match sent {
            Ok(pushed) => Ok(pushed),
            Err(Fault { error, .. }) if error.kind() == Kind::Credentials => Err(error),
            Err(Fault { status: Some(429 | 500..600) | None, error }) => {
                Ok(Pushed::Later(error.message().into()))
            }
            // What the server says about a score could repeat it: the status is enough.
            Err(Fault { status: Some(status), .. }) => {
                Ok(Pushed::Refused(format!("the gradebook does not take it (status {status})")))
            }
        }
    }

    fn score(&mut self, score: &Score) -> Result<Pushed, Fault> {
        let url = format!("{}/results/{}", self.config.gradebook_url, encode::percent(score.id.reveal()));
        let there = self.there(&url, "GET /results/{sourcedId}", "result")?;
        let mark = there.as_ref().and_then(|there| wire::result_mark(score, there));
        if let Some(decided) = decided(mark, &score.own_mark(), score.expected) {
            return Ok(decided);
        }
        let body = wire::result_body(score, &self.modified(), there);
        self.put(url, "PUT /results/{sourcedId}", body)
    }

    fn line(&mut self, line: &LineItem) -> Result<Pushed, Fault> {
        let Some(school) = line.school.clone().or_else(|| self.school_of(&line.class)) else {
            let why = "`school` is missing, and the class is not known here";
            return Ok(Pushed::Refused(why.into()));
        };
        let url = format!("{}/lineItems/{}", self.config.gradebook_url, encode::percent(&line.id));
        let there = self.there(&url, "GET /lineItems/{sourcedId}", "lineItem")?;
        let mark = there.as_ref().map(wire::line_mark);
        if let Some(decided) = decided(mark, &line.own_mark(), line.expected) {
            return Ok(decided);
        }
        let body = wire::line_body(line, &school, &self.modified(), there);
        self.put(url, "PUT /lineItems/{sourcedId}", body)
    }

    /// What stands there; nothing where there is none, or where we may write but not read.
    fn there(&mut self, url: &str, told: &str, name: &str) -> Result<Option<Value>, Fault> {
        let call = Call { expected: &[403, 404, 405, 501], ..Call::get(url.to_owned(), told) };
        let response = self.rest.send(&call, self.deadline)?;
        if response.status != 200 {
            return Ok(None);
        }
        let read = wire::single(told, name, &response.body);
        read.map(Some).map_err(|error| Fault { status: Some(200), error })
    }

    fn put(&mut self, url: String, told: &str, body: Vec<u8>) -> Result<Pushed, Fault> {
        self.rest.send(&Call::put(url, told, body), self.deadline).map(|_| Pushed::Accepted)
    }

    fn school_of(&self, class: &str) -> Option<String> {
        let roster: Roster = serde_json::from_slice(&self.known?.records).ok()?;
        roster.classes.get(class)?.school.clone()
    }

    fn modified(&self) -> String {
        self.now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }
}

/// What is to be done where something stands there already; nothing where we are to write.
fn decided(there: Option<String>, own: &str, expected: Option<Digest>) -> Option<Pushed> {
    let there = there?;
    if there == own {
        return Some(Pushed::Accepted);
    }
    let is_expected = expected == Some(Digest::of(there.as_bytes()));
    (!is_expected).then(|| Pushed::Conflict(BTreeMap::from([(TextField::Result, there)])))
}

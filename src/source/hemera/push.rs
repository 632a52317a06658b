//! Results of participations to Hemera: the one write that the API key may do.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::client::{Answer, Client, Fault, Patience, asked};
use super::wire;
use crate::base::digest::Digest;
use crate::base::retry::Deadline;
use crate::error::{Kind, Result};
use crate::model::push::{Outcome, Push, Pushed, TextField};

/// `PUT /participations/{id}/result`, after a look at what stands there: a participant may have written meanwhile. The id
/// is a person's: it stands in no message, and neither does what the server says about a result.
pub(super) fn send(client: &mut Client, push: &Push, deadline: Deadline) -> Result<Pushed> {
    let Push::Outcome(outcome) = push else {
        return Ok(Pushed::Refused("Hemera takes results of participations alone".into()));
    };
    match replace(client, outcome, deadline) {
        Ok(pushed) => Ok(pushed),
        Err(Fault { error, .. }) if error.kind() == Kind::Credentials => Err(error),
        Err(Fault { status: Some(429 | 500..600) | None, error }) => {
            Ok(Pushed::Later(error.message().into()))
        }
        Err(Fault { status: Some(404), .. }) => {
            Ok(Pushed::Refused("there is no such participation (status 404)".into()))
        }
        Err(Fault { status: Some(status), .. }) => {
            Ok(Pushed::Refused(format!("the server does not take the result (status {status})")))
        }
    }
}

fn replace(client: &mut Client, outcome: &Outcome, deadline: Deadline) -> Result<Pushed, Fault> {
    let id = outcome.participation.reveal();
    let path = format!("/participations/{id}");
    let told = asked("/participations/{id}");
    let answer = client.get_as(&told, &path, None, deadline, Patience::Waits)?;
    if let Answer::Body(body, _) = answer {
        let there = wire::outcome(&told, id, &body).map_err(|error| Fault { status: Some(200), error })?;
        let (text, notes, is_complete) = there.texts();
        let (mark, own) = (outcome.mark(text, notes), outcome.own_mark());
        if mark == own && outcome.complete.is_none_or(|complete| complete == is_complete) {
            return Ok(Pushed::Accepted);
        }
        let is_empty = mark == outcome.mark(None, None);
        let is_expected = outcome.expected == Some(Digest::of(mark.as_bytes()));
        if mark != own && !is_empty && !is_expected {
            return Ok(Pushed::Conflict(BTreeMap::from([(TextField::Result, mark)])));
        }
    }
    client.put("/participations/{id}/result", &format!("{path}/result"), body(outcome), deadline)?;
    Ok(Pushed::Accepted)
}

fn body(outcome: &Outcome) -> Vec<u8> {
    let mut body = Map::new();
    let texts = [("resultOutcome", &outcome.outcome), ("resultNotes", &outcome.notes)];
    for (name, text) in texts {
        body.extend(text.as_ref().map(|text| (name.to_owned(), Value::from(&**text.reveal()))));
    }
    body.extend(outcome.complete.map(|complete| ("complete".to_owned(), Value::Bool(complete))));
    Value::Object(body).to_string().into_bytes()
}

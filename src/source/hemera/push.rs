//! Results of participations to Hemera: the one write that the API key may do.

use serde_json::{Map, Value};

use super::client::{Client, Fault};
use crate::base::retry::Deadline;
use crate::error::{Kind, Result};
use crate::model::push::{Outcome, Push, Pushed};

/// `PUT /participations/{id}/result`. The id is a person's: it stands in no message, and neither does what the server says
/// about a result.
pub(super) fn send(client: &mut Client, push: &Push, deadline: Deadline) -> Result<Pushed> {
    let Push::Outcome(outcome) = push else {
        return Ok(Pushed::Refused("Hemera takes results of participations alone".into()));
    };
    let path = format!("/participations/{}/result", outcome.participation.reveal());
    match client.put("/participations/{id}/result", &path, body(outcome), deadline) {
        Ok(()) => Ok(Pushed::Accepted),
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

fn body(outcome: &Outcome) -> Vec<u8> {
    let mut body = Map::new();
    let texts = [("resultOutcome", &outcome.outcome), ("resultNotes", &outcome.notes)];
    for (name, text) in texts {
        body.extend(text.as_ref().map(|text| (name.to_owned(), Value::from(&**text.reveal()))));
    }
    body.extend(outcome.complete.map(|complete| ("complete".to_owned(), Value::Bool(complete))));
    Value::Object(body).to_string().into_bytes()
}

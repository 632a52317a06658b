//! Scores to a gradebook.

use jiff::Timestamp;

use super::wire;
use crate::base::encode;
use crate::base::retry::Deadline;
use crate::config;
use crate::error::{Kind, Result};
use crate::model::push::{Push, Pushed};
use crate::source::rest::{Call, Fault, Rest};

/// `PUT /results/{sourcedId}`. The id is a person's: it stands in no message.
pub(super) fn send(
    rest: &mut Rest,
    config: &config::OneRoster,
    push: &Push,
    deadline: Deadline,
    now: Timestamp,
) -> Result<Pushed> {
    let Push::Score(score) = push else {
        return Ok(Pushed::Refused("OneRoster takes results alone: it has no push of courses".into()));
    };
    let url = format!("{}/results/{}", config.gradebook_url, encode::percent(score.id.reveal()));
    let modified = now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    let call = Call::put(url, "PUT /results/{sourcedId}", wire::result_body(score, &modified));
    match rest.send(&call, deadline) {
        Ok(_) => Ok(Pushed::Accepted),
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

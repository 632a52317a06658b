//! What the buttons do. Whatever comes of it is said on the next page.

use std::sync::Arc;
use std::time::Instant;

use super::aside;
use super::form::Form;
use super::session::Said;
use super::standing::Sources;
use crate::error::{Error, Kind};
use crate::model::conflict::Resolution;
use crate::model::run::RunType;
use crate::serve::api;
use crate::serve::shared::Shared;
use crate::serve::work::SyncRequest;
use crate::serve::worker::Event;
use crate::sync::Conflicts;

/// A form that lacks something, or asks for what there is not.
pub(super) struct Incomplete;

type Outcome = Result<Said, Incomplete>;

fn good(key: &'static str, about: impl Into<String>) -> Said {
    Said { key, about: about.into(), is_good: true }
}

fn bad(key: &'static str, about: impl Into<String>) -> Said {
    Said { key, about: about.into(), is_good: false }
}

/// Starts a sync, in the way in which the API does.
pub(super) async fn run(shared: &Shared, form: &Form) -> Outcome {
    let connector = match form.get("connector") {
        None | Some("") => None,
        Some(name) => Some(Sources::of(&shared.connectors).find(name).ok_or(Incomplete)?.to_owned()),
    };
    let full = form.get("full").is_some();
    let asked = SyncRequest { full, connector, run_type: RunType::Manual, only: None };
    Ok(match api::begin(shared, asked).await {
        Ok(run) => good("said_sync_started", run.job_id),
        Err(failure) if failure.code == "SYNC_IN_PROGRESS" => {
            let details = failure.details.as_ref();
            match details.and_then(|details| details["jobId"].as_str()) {
                Some(job) => bad("said_sync_busy", job),
                None => bad("said_sync_busy_elsewhere", ""),
            }
        }
        Err(_) => bad("said_sync_failed", ""),
    })
}

/// Decides a conflict; the site is built anew.
pub(super) async fn resolve(shared: &Arc<Shared>, form: &Form) -> Outcome {
    let id = form.get("id").ok_or(Incomplete)?.to_owned();
    let (resolution, key) = match form.get("resolution") {
        Some("local") => (Resolution::Local, "said_resolved_local"),
        Some("remote") => (Resolution::Remote, "said_resolved_remote"),
        _ => return Err(Incomplete),
    };
    let seen = form.get("seen").ok_or(Incomplete)?.to_owned();
    let decide = move |shared: &Shared| {
        let now = shared.clock.now();
        Conflicts::change(&shared.state_folder, &*shared.reporter, |all| {
            // Nobody decides on a text that they have not seen.
            match all.get(&id) {
                Some(known) if known.mark() != seen => Ok(false),
                _ => all.resolve(&id, resolution, now).map(|_| true),
            }
        })
    };
    Ok(match aside(shared, decide).await {
        Ok(false) => bad("said_conflict_changed", ""),
        Ok(true) => {
            // Whatever page shows the text may look otherwise now.
            let _ = shared.events.send(Event::Changed(Vec::new(), Instant::now()));
            good(key, "")
        }
        Err(error) => match error.kind() {
            Kind::NotFound => bad("said_conflict_unknown", ""),
            Kind::Busy => bad("said_conflict_gone", ""),
            _ => unwritable(shared, &error),
        },
    })
}

/// Tries a dead letter again, or forgets it.
pub(super) async fn settle(shared: &Arc<Shared>, form: &Form) -> Outcome {
    let id = form.get("id").ok_or(Incomplete)?.to_owned();
    let is_retry = match form.get("action") {
        Some("retry") => true,
        Some("drop") => false,
        _ => return Err(Incomplete),
    };
    let asked = id.clone();
    let settle = move |shared: &Shared| {
        let clock = &*shared.clock;
        if is_retry { shared.queues.retry(&asked, clock) } else { shared.queues.drop_letter(&asked, clock) }
    };
    Ok(match aside(shared, settle).await {
        Ok(true) => {
            let _ = shared.events.send(Event::Arrived);
            good(if is_retry { "said_retried" } else { "said_dropped" }, id)
        }
        Ok(false) => bad("said_letter_gone", ""),
        Err(error) => unwritable(shared, &error),
    })
}

fn unwritable(shared: &Shared, error: &Error) -> Said {
    shared.log.warn(format!("the dashboard cannot write: {error}"));
    bad("said_unwritable", "")
}

//! Events in, dead letters: the operations of the queue.

use hyper::StatusCode;
use hyper::header::{self, HeaderMap};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::intake::Arriving;
use super::reply::{Failure, Reply};
use super::shared::Shared;
use super::worker::Event as Wake;
use crate::base::queue::{Entry, Figures};
use crate::model::event::Event;
use crate::model::run::iso_millis;
use crate::sync::DeadLetter;

/// Names of events that have an address of their own.
pub(super) const NAMED: [&str; 2] = ["enrollment-changed", "profile-updated"];

/// Checks the signature of an event; of whoever has none, nothing is read.
pub(super) fn is_addressed(shared: &Shared, connector: &str) -> bool {
    NAMED.contains(&connector) || shared.connectors.iter().any(|known| known == connector)
}

/// Accepts an event.
pub(super) async fn receive(
    shared: &Shared,
    connector: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Reply, Failure> {
    if !is_signed(shared, headers, body) {
        shared.metrics.count_event("unsigned");
        let message = "the signature is missing, wrong or too old";
        let failure = Failure::new(StatusCode::UNAUTHORIZED, "INVALID_SIGNATURE", message);
        return Err(failure.header(header::WWW_AUTHENTICATE, "Signature realm=\"aither\""));
    }
    let event = Event::parse(body).map_err(|trouble| {
        shared.metrics.count_event("invalid");
        Failure::bad("INVALID_EVENT", trouble)
    })?;
    let payload = serde_json::to_value(&event).unwrap_or_default();
    let mut entry = Entry::new(&event.id, &event.kind, event.subject(), payload, shared.clock.now());
    entry.payload["connector"] = connector.into();
    let (answer, accepted) = oneshot::channel();
    let cannot = |_| {
        let message = "the event could not be written down; please send it again";
        let failure = Failure::new(StatusCode::SERVICE_UNAVAILABLE, "QUEUE_UNAVAILABLE", message);
        failure.header(header::RETRY_AFTER, "5")
    };
    shared.intake.try_send(Arriving { entry, answer }).map_err(|_| cannot(()))?;
    let is_new = accepted.await.map_err(|_| cannot(()))?.map_err(|_| cannot(()))?;
    let data = match is_new {
        true => json!({ "eventId": event.id, "queued": true }),
        false => json!({ "eventId": event.id, "duplicate": true }),
    };
    shared.metrics.count_event(if is_new { "accepted" } else { "duplicate" });
    Ok(Reply::Data(if is_new { StatusCode::ACCEPTED } else { StatusCode::OK }, data, None))
}

/// Whether one of the two kinds of signature is there and right; where both are there, both must be.
fn is_signed(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> bool {
    let one = |name: &str| {
        let mut values = headers.get_all(name).iter();
        match (values.next().map(|value| value.to_str()), values.next()) {
            (None, _) => Ok(None),
            (Some(Ok(value)), None) => Ok(Some(value)),
            _ => Err(()),
        }
    };
    let keys = &shared.signatures;
    let (Ok(plain), Ok(standard)) = (one("x-webhook-signature"), one("webhook-signature")) else {
        return false;
    };
    let plain_is_good = plain.map(|signature| keys.accept_plain(signature, body));
    let standard_is_good = standard.map(|signatures| match (one("webhook-id"), one("webhook-timestamp")) {
        (Ok(Some(id)), Ok(Some(time))) => {
            keys.accept_standard(id, time, signatures, body, shared.clock.now())
        }
        _ => false,
    });
    let both = [plain_is_good, standard_is_good];
    both.contains(&Some(true)) && !both.contains(&Some(false))
}

/// The figures of all queues. Where somebody has been at work on one for a while, those of before are good enough: nobody
/// who asks how things stand is to wait for a lock.
pub(super) async fn figures(shared: &Shared) -> Figures {
    const PATIENCE: u32 = 50;
    const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_millis(5);
    for _ in 0..PATIENCE {
        if let (figures, true) = shared.queues.glance() {
            return figures;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    shared.queues.glance().0
}

/// The figures as the API shows them.
pub(super) fn show(figures: Figures) -> Value {
    json!({
        "total": figures.total,
        "processing": figures.processing,
        "pending": figures.pending,
        "failed": figures.failed,
        "oldestPending": figures.oldest.map(iso_millis),
    })
}

/// Works off what is due, and says how the queue stands then.
pub(super) async fn process(shared: &Shared) -> Reply {
    /// Longer than that nobody waits; the work goes on.
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
    let (answer, drained) = oneshot::channel();
    if shared.events.send(Wake::Drain(answer)).is_ok() {
        let _ = tokio::time::timeout(PATIENCE.min(shared.serve.limits.lifetime), drained).await;
    }
    Reply::Data(StatusCode::OK, show(figures(shared).await), None)
}

/// The dead letters, the last one first.
pub(super) fn dead_letters(shared: &Shared, (limit, offset): (usize, usize)) -> Reply {
    let all = shared.queues.dead_letters();
    let shown: Vec<Value> = all.iter().skip(offset).take(limit).map(letter).collect();
    let pagination = json!({ "total": all.len(), "limit": limit, "offset": offset });
    Reply::Data(StatusCode::OK, Value::Array(shown), Some(json!({ "pagination": pagination })))
}

fn letter(DeadLetter { queue, entry }: &DeadLetter) -> Value {
    json!({
        "id": entry.id,
        "queue": queue,
        "type": entry.kind,
        "subject": entry.subject,
        "error": entry.error,
        "retryCount": entry.attempts,
        "receivedAt": iso_millis(entry.arrived),
        "last_updated_at": iso_millis(entry.due),
    })
}

/// An id as it stands in an address: some clients escape what needs no escape.
fn unescaped(id: &str) -> String {
    let mut text = String::with_capacity(id.len());
    let mut rest = id;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.filter(u8::is_ascii_graphic) {
            Some(byte) => {
                text.push(char::from(byte));
                rest = &after[2..];
            }
            None => {
                text.push('%');
                rest = after;
            }
        }
    }
    text + rest
}

/// Tries a dead letter again, or forgets it.
pub(super) fn settle(shared: &Shared, id: &str, again: bool) -> Result<Reply, Failure> {
    let id = &*unescaped(id);
    let (queues, clock) = (&shared.queues, &*shared.clock);
    let settled = if again { queues.retry(id, clock) } else { queues.drop_letter(id, clock) };
    match settled {
        Ok(true) => {
            let _ = shared.events.send(Wake::Arrived);
            let data = if again {
                json!({ "id": id, "queued": true })
            } else {
                json!({ "id": id, "dropped": true })
            };
            Ok(Reply::Data(StatusCode::OK, data, None))
        }
        Ok(false) => {
            Err(Failure::new(StatusCode::NOT_FOUND, "NO_DEAD_LETTER", "there is no dead letter of this id"))
        }
        Err(error) => {
            shared.reporter.warn(&format!("the queue cannot be written to: {error}"));
            let message = "the queue cannot be written to just now";
            let failure = Failure::new(StatusCode::SERVICE_UNAVAILABLE, "QUEUE_UNAVAILABLE", message);
            Err(failure.header(header::RETRY_AFTER, "5"))
        }
    }
}

//! `/api/sync/conflicts`: texts that were changed both here and at their source.

use std::time::Instant;

use hyper::StatusCode;
use serde_json::{Value, json};

use super::reply::{Failure, Reply};
use super::shared::Shared;
use super::worker::Event;
use crate::error::Kind;
use crate::model::conflict::{Conflict, ConflictStatus, Resolution};
use crate::model::run::iso_millis;
use crate::sync::Conflicts;

/// `GET /api/sync/conflicts?status=open&limit=20&offset=0`, newest first.
pub(super) fn list(shared: &Shared, query: &str) -> Result<Reply, Failure> {
    let pairs: Vec<(String, String)> = crate::base::encode::pairs(query).collect();
    let get = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let number = |name: &str, range: std::ops::RangeInclusive<usize>, default: usize| match get(name) {
        None => Ok(default),
        Some(text) => text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            Failure::bad("INVALID_REQUEST", format!("`{name}` must be a whole number from {least} to {most}"))
        }),
    };
    let (limit, offset) = (number("limit", 1..=100, 20)?, number("offset", 0..=1_000_000, 0)?);
    let status = match get("status") {
        None => None,
        Some("open") => Some(ConflictStatus::Open),
        Some("resolved") => Some(ConflictStatus::Resolved),
        Some(_) => return Err(Failure::bad("INVALID_REQUEST", "`status` must be `open` or `resolved`")),
    };
    let conflicts = Conflicts::load(&shared.state_folder, &*shared.reporter).map_err(|_| unreadable())?;
    let all: Vec<&Conflict> =
        conflicts.all().filter(|conflict| status.is_none_or(|status| conflict.status == status)).collect();
    let shown: Vec<Value> = all.iter().skip(offset).take(limit).map(|conflict| show(conflict)).collect();
    let pagination = json!({ "total": all.len(), "limit": limit, "offset": offset });
    Ok(Reply::Data(StatusCode::OK, Value::Array(shown), Some(json!({ "pagination": pagination }))))
}

/// `POST /api/sync/conflicts/{id}/resolve` with `{"resolution":"local"|"remote"}`. The site is built anew.
pub(super) fn resolve(shared: &Shared, id: &str, body: &[u8]) -> Result<Reply, Failure> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| Failure::bad("INVALID_JSON", "the body is not valid JSON"))?;
    let resolution = match body.get("resolution").and_then(Value::as_str) {
        Some("local") => Resolution::Local,
        Some("remote") => Resolution::Remote,
        _ => return Err(Failure::bad("INVALID_REQUEST", "`resolution` must be `local` or `remote`")),
    };
    let now = shared.clock.now();
    let decide = |conflicts: &mut Conflicts| conflicts.resolve(id, resolution, now);
    let decided = Conflicts::change(&shared.state_folder, &*shared.reporter, decide);
    let conflict = decided.map_err(|error| match error.kind() {
        Kind::NotFound => Failure::new(StatusCode::NOT_FOUND, "CONFLICT_NOT_FOUND", error.message()),
        Kind::Busy => Failure::new(StatusCode::CONFLICT, "CONFLICT_RESOLVED", error.message()),
        _ => unreadable(),
    })?;
    // Whatever page shows the text may look otherwise now.
    let _ = shared.events.send(Event::Changed(Vec::new(), Instant::now()));
    Ok(Reply::Data(StatusCode::OK, show(&conflict), None))
}

fn show(conflict: &Conflict) -> Value {
    let mut shown = serde_json::to_value(conflict).unwrap_or_default();
    shown["createdAt"] = json!(iso_millis(conflict.created_at));
    shown["resolvedAt"] = json!(conflict.resolved_at.map(iso_millis));
    shown["remoteUpdatedAt"] = json!(conflict.remote_updated_at.map(iso_millis));
    shown["last_updated_at"] = json!(iso_millis(conflict.last_updated_at));
    shown
}

fn unreadable() -> Failure {
    let message = "the conflicts cannot be read or written";
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", message)
}

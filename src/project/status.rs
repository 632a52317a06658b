//! What browsers read to say how fresh the site is: the one file that changes at every sync, and the only one that a sync
//! which failed changes.

use std::path::Path;

use serde_json::{Value, json};

use crate::base::files;
use crate::error::Result;
use crate::model::run::RunStatus;
use crate::sync::Memory;

/// The file, below the output.
pub const STATUS_FILE: &str = "sync-status.json";

/// The statuses of a sync that brought nothing.
const FAILED: [&str; 2] = ["failed", "timed_out"];

/// The file for a site that is about to be published. Where the sources were not asked, a sync that failed before has
/// failed still.
pub(super) fn of(memory: &Memory, output: &Path, was_asked: bool) -> Result<Vec<u8>> {
    let mut status = if memory.last_synced_at.is_some() { "success" } else { "never" };
    if !was_asked && let Some(told) = read(output)? {
        let told = told.get("sync_status").and_then(Value::as_str);
        status = FAILED.into_iter().find(|failed| told == Some(*failed)).unwrap_or(status);
    }
    Ok(bytes(&json!({
        "sync_status": status,
        "last_synced_at": memory.last_synced_at,
        "last_updated_at": memory.data_changed_at,
    })))
}

/// Says in the published file that the last sync failed; since when the data are as they are stays. Where no site has been
/// published, nobody reads of it.
pub fn note_failure(output: &Path, status: RunStatus) -> Result<()> {
    let Some(before) = read(output)? else { return Ok(()) };
    let mut now = before.clone();
    now["sync_status"] = json!(status);
    if now == before {
        return Ok(());
    }
    files::replace(&output.join(STATUS_FILE), &bytes(&now))
}

fn read(output: &Path) -> Result<Option<Value>> {
    let bytes = files::read_if_present(&output.join(STATUS_FILE))?;
    let parsed = bytes.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    Ok(parsed.filter(Value::is_object))
}

fn bytes(value: &Value) -> Vec<u8> {
    let mut text = value.to_string();
    text.push('\n');
    text.into_bytes()
}

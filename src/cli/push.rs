//! `aither push` and `aither conflicts`.

use std::sync::Arc;

use super::args::{Arguments, ConflictCommand, Side};
use super::commands;
use super::talk::Talk;
use crate::base::clock::{Clock as _, SystemClock};
use crate::base::text::count;
use crate::error::{Error, Kind, Result};
use crate::model::conflict::{Conflict, ConflictStatus, Resolution};
use crate::project::{Project, PushOptions, PushSummary};
use crate::sync::Conflicts;

pub(super) fn push(arguments: &Arguments, options: PushOptions, talk: &Talk) -> Result<()> {
    let config = commands::config(arguments)?;
    let mut project = Project::new(config, Arc::new(SystemClock::new()), talk.reporter());
    let summary = project.push(options);
    talk.finish();
    let summary = summary?;
    for what in &summary.sent {
        talk.line(&format!("{}{what}", if options.dry_run { "would be sent: " } else { "sent: " }));
    }
    for what in &summary.conflicts {
        talk.note(&format!("conflict: {what}; see `aither conflicts list`"));
    }
    for failure in &summary.failed {
        talk.note(&format!("not sent: {}: {}", failure.what, failure.why));
    }
    talk.result(
        || sentence(&summary, options),
        || serde_json::json!({ "ok": summary.failed.is_empty(), "push": summary }),
    );
    match summary.failed.len() {
        0 => Ok(()),
        failed => Err(Error::new(
            Kind::Unavailable,
            format!("{} not sent", count(failed, "record was", "records were")),
        )
        .hint("`aither serve`, `aither queue process` and the next `aither push` try again; after three times only --retry does")),
    }
}

fn sentence(summary: &PushSummary, options: PushOptions) -> String {
    let sent = count(summary.sent.len(), "record", "records");
    let verb = if options.dry_run { "would be sent" } else { "sent" };
    let mut text = format!("{sent} {verb}, {} sent before", summary.unchanged);
    if !summary.conflicts.is_empty() {
        text.push_str(&format!(", {}", count(summary.conflicts.len(), "conflict", "conflicts")));
    }
    if summary.dead > 0 {
        text.push_str(&format!(", {} failed for good (try again with --retry)", summary.dead));
    }
    text
}

pub(super) fn conflicts(arguments: &Arguments, what: &ConflictCommand, talk: &Talk) -> Result<()> {
    let config = commands::config(arguments)?;
    let state = &config.paths.state;
    let reporter = talk.reporter();
    match what {
        ConflictCommand::List { all } => {
            let conflicts = Conflicts::load(state, &*reporter)?;
            let is_shown = |conflict: &&Conflict| *all || conflict.status == ConflictStatus::Open;
            let shown: Vec<&Conflict> = conflicts.all().filter(is_shown).collect();
            talk.result(
                || match shown.is_empty() {
                    true => "there is no open conflict".to_owned(),
                    false => shown.iter().map(|conflict| line(conflict)).collect::<Vec<_>>().join("\n"),
                },
                || serde_json::json!({ "ok": true, "conflicts": shown }),
            );
        }
        ConflictCommand::Show { id } => {
            let conflicts = Conflicts::load(state, &*reporter)?;
            let conflict = conflicts.get(id).ok_or_else(|| {
                Error::new(Kind::NotFound, format!("there is no conflict `{id}`"))
                    .hint("`aither conflicts list` shows those that are open")
            })?;
            let (local, remote) = (&conflict.local_snapshot, &conflict.remote_snapshot);
            talk.result(
                || format!("{}\n  local:  {local}\n  remote: {remote}", line(conflict)),
                || serde_json::json!({ "ok": true, "conflict": conflict }),
            );
        }
        ConflictCommand::Resolve { id, resolution } => {
            let resolution = match resolution {
                Side::Local => Resolution::Local,
                Side::Remote => Resolution::Remote,
            };
            let now = SystemClock::new().now();
            let conflict =
                Conflicts::change(state, &*reporter, |conflicts| conflicts.resolve(id, resolution, now))?;
            talk.result(
                || match resolution {
                    Resolution::Local => {
                        format!("{id}: what stands here is shown, and the next push sends it")
                    }
                    Resolution::Remote => format!("{id}: what the source says is shown"),
                },
                || serde_json::json!({ "ok": true, "conflict": conflict }),
            );
        }
    }
    Ok(())
}

fn line(conflict: &Conflict) -> String {
    let status = match conflict.status {
        ConflictStatus::Open => "open",
        ConflictStatus::Resolved => "resolved",
    };
    let Conflict { id, record_id, field, connector, created_at, .. } = conflict;
    format!("{id}  {status}  course {record_id}: {} ({connector}, {created_at})", field.name())
}

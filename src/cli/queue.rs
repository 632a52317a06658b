//! `aither queue`: what waits, what failed for good, and what is to become of it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::args::{Arguments, QueueCommand};
use super::commands;
use super::talk::Talk;
use crate::base::clock::{Clock as _, SystemClock};
use crate::base::queue::{Entry, Queue};
use crate::base::report::Reporter;
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::notify::{Listening, Notifier, Outside};
use crate::project::Project;
use crate::sync::{Queues, locked};

pub(super) fn queue(arguments: &Arguments, command: &QueueCommand, talk: &Talk) -> Result<()> {
    let config = commands::config(arguments)?;
    let now = SystemClock::new().now();
    let queues = Queues::open(&config.paths.state, &mut fastrand::Rng::new())?;
    match command {
        QueueCommand::List => list(&queues, talk),
        QueueCommand::Process => return process(config, &queues, talk),
        QueueCommand::Retry { id } => {
            settled(id, on_any(&queues, |queue| queue.retry(id, now))?, "is tried again", talk)?
        }
        QueueCommand::Drop { id } => {
            settled(id, on_any(&queues, |queue| queue.drop_entry(id, now))?, "dropped", talk)?
        }
    }
    Ok(())
}

fn on_any(queues: &Queues, act: impl Fn(&mut Queue) -> Result<bool>) -> Result<bool> {
    for (_, queue) in queues.all() {
        if act(&mut locked(queue))? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn settled(id: &str, is_known: bool, what: &str, talk: &Talk) -> Result<()> {
    if !is_known {
        let error = Error::new(Kind::NotFound, format!("there is no entry {id} in the queue"));
        return Err(error.hint("`aither queue list` shows them"));
    }
    talk.result(|| format!("{id} {what}"), || json!({ "ok": true, "id": id }));
    Ok(())
}

fn list(queues: &Queues, talk: &Talk) {
    let mut lines = Vec::new();
    let mut objects = Vec::new();
    for (name, queue) in queues.all() {
        let queue = locked(queue);
        for entry in queue.entries() {
            lines.push(line(name, entry));
            objects.push(object(name, entry));
        }
    }
    let figures = queues.figures();
    talk.result(
        || match lines.is_empty() {
            true => "the queue is empty".to_owned(),
            false => lines.join("\n"),
        },
        || json!({ "ok": true, "figures": figures, "entries": objects }),
    );
}

fn line(queue: &str, entry: &Entry) -> String {
    let state = if entry.is_dead { "dead".to_owned() } else { format!("due {}", entry.due) };
    let error = entry.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
    let (id, kind, subject, attempts) = (&entry.id, &entry.kind, &entry.subject, entry.attempts);
    format!("{queue} {id} {kind} {subject}, {state}, tried {attempts} times{error}")
}

fn object(queue: &str, entry: &Entry) -> Value {
    json!({
        "id": entry.id, "queue": queue, "type": entry.kind, "subject": entry.subject, "dead": entry.is_dead,
        "attempts": entry.attempts, "receivedAt": entry.arrived, "due": entry.due, "error": entry.error,
    })
}

/// Does what is due, as a server would.
fn process(config: Config, queues: &Queues, talk: &Talk) -> Result<()> {
    let (notifier, listening) = notifier(&config, queues, talk);
    let mut project = Project::new(config, Arc::new(SystemClock::new()), listening);
    // What is wrong with the one does not keep the other.
    let (events, pushes) = (project.process_events(queues, &notifier), project.process_pushes(queues));
    talk.finish();
    drop(project);
    finish(notifier);
    let done = events? + pushes?;
    let figures = queues.figures();
    let text = format!("{done} done, {} pending, {} dead", figures.pending, figures.failed);
    talk.result(|| text, || json!({ "ok": true, "done": done, "figures": figures }));
    Ok(())
}

/// Who tells others of runs, and who listens for it.
pub(super) fn notifier(config: &Config, queues: &Queues, talk: &Talk) -> (Arc<Notifier>, Arc<dyn Reporter>) {
    let outside = Outside {
        state: config.paths.state.clone(),
        outbox: queues.outbox.clone(),
        clock: Arc::new(SystemClock::new()),
        reporter: talk.reporter(),
    };
    let notifier = Arc::new(Notifier::start(&config.notify, &outside));
    let listening = Arc::new(Listening::new(talk.reporter(), notifier.clone()));
    (notifier, listening)
}

/// Lets everything go out before the program ends.
pub(super) fn finish(notifier: Arc<Notifier>) {
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(15);
    if let Some(notifier) = Arc::into_inner(notifier) {
        notifier.finish(PATIENCE);
    }
}

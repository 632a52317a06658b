//! Webhooks to whoever wants to hear of runs: signed both ways, from a queue on the disk, so that a receiver that is away
//! hears of it later, also after this process.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::post::{once, request};
use super::{Outside, Word};
use crate::base::clock::SharedClock;
use crate::base::digest::Digest;
use crate::base::http::{Method, Transport};
use crate::base::queue::{Entry, Queue};
use crate::base::report::{Reporter, Sparing};
use crate::base::secret::Secret;
use crate::base::signature;
use crate::config::Notify;
use crate::model::run::{Run, iso_millis};

/// How many are sent at a time.
const AT_A_TIME: usize = 10;

/// Sends webhooks.
pub(super) struct Webhooks {
    receivers: Vec<Secret>,
    secrets: Vec<Secret>,
    queue: Arc<Mutex<Queue>>,
    transport: Arc<dyn Transport>,
    clock: SharedClock,
    reporter: Arc<dyn Reporter>,
    sparing: Sparing,
    /// What a receiver has taken and could not be written down: it is not sent again.
    taken: BTreeSet<String>,
}

/// What stands for a receiver in the queue: its address may hold a secret.
fn mark(receiver: &Secret) -> String {
    format!("{:016x}", Digest::of(receiver.reveal().as_bytes()).short())
}

/// The part of an address that anybody may see.
fn host(receiver: &Secret) -> &str {
    let rest = receiver.reveal().split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

impl Webhooks {
    pub(super) fn new(settings: &Notify, outside: &Outside, transport: Arc<dyn Transport>) -> Self {
        Self {
            receivers: settings.webhooks.clone(),
            secrets: settings.webhook_secrets.clone(),
            queue: Arc::clone(&outside.outbox),
            transport,
            clock: outside.clock.clone(),
            reporter: Arc::clone(&outside.reporter),
            sparing: Sparing::default(),
            taken: BTreeSet::new(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, run: &Run) -> Result<(), String> {
        let now = self.clock.now();
        let body = json!({ "type": "sync.completed", "timestamp": iso_millis(now), "data": run }).to_string();
        let entry = |receiver: &Secret| {
            let mark = mark(receiver);
            let payload = json!({ "to": mark, "body": body });
            Entry::new(format!("msg-{}-{mark}", run.job_id), "sync.completed", host(receiver), payload, now)
        };
        let entries = self.receivers.iter().map(entry).collect();
        self.queue().accept(entries, now).map(drop).map_err(|error| error.message().to_owned())
    }

    /// Sends one, and says why it could not.
    fn send(&self, entry: &Entry, now: Timestamp) -> Result<(), String> {
        let text =
            |name: &str| entry.payload.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        let Some(receiver) = self.receivers.iter().find(|receiver| mark(receiver) == text("to")) else {
            // Nobody wants to hear there any more.
            return Ok(());
        };
        let body = text("body").as_bytes();
        let mut headers = vec![("Content-Type", "application/json".to_owned())];
        for (number, secret) in self.secrets.iter().enumerate() {
            for (name, value) in signature::headers(secret, &entry.id, body, now) {
                // While secrets are exchanged, the receiver may know either: the standard allows several signatures.
                match headers.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, all)) if name == "webhook-signature" => all.push_str(&format!(" {value}")),
                    Some(_) => {}
                    None if number == 0 || name == "webhook-signature" => headers.push((name, value)),
                    None => {}
                }
            }
        }
        let request = request(Method::Post, receiver, headers, Some(body.to_vec()));
        once(&*self.transport, &request).map_err(|refused| refused.why)
    }

    /// Sends what is due. Says whether it could be written down.
    fn work_off(&mut self) -> bool {
        let mut is_written = true;
        let now = self.clock.now();
        let due: Vec<Entry> = self.queue().due(now, AT_A_TIME).into_iter().take(AT_A_TIME).collect();
        let ids: Vec<String> = due.iter().map(|entry| entry.id.clone()).collect();
        self.queue().begin(&ids);
        let outcomes: Vec<Result<(), String>> = std::thread::scope(|scope| {
            let send = |entry: &Entry| match self.taken.contains(&entry.id) {
                true => Ok(()),
                false => self.send(entry, now),
            };
            let sending: Vec<_> = due.iter().map(|entry| scope.spawn(move || send(entry))).collect();
            let lost = || Err("the program failed".to_owned());
            sending.into_iter().map(|one| one.join().unwrap_or_else(|_| lost())).collect()
        });
        for (entry, outcome) in due.iter().zip(outcomes) {
            let (ids, now) = ([entry.id.clone()], self.clock.now());
            let is_taken = outcome.is_ok();
            let settled = match outcome {
                Ok(()) => self.queue().done(&ids, now),
                Err(why) => {
                    let last = entry.attempts + 1 >= 3;
                    if last {
                        let told = format!("webhooks: {} did not take {}: {why}", entry.subject, entry.id);
                        self.reporter.warn(&told);
                    }
                    self.queue().failed(&ids, &why, now)
                }
            };
            match settled {
                Ok(()) => drop(self.taken.remove(&entry.id)),
                Err(error) => {
                    is_written = false;
                    self.queue().leave(&ids);
                    let told = format!("webhooks: {}", error.message());
                    self.sparing.warn(&*self.reporter, "webhooks", &told, self.clock.elapsed());
                    if is_taken {
                        self.taken.insert(entry.id.clone());
                    }
                }
            }
        }
        is_written
    }
}

impl super::Outlet for Webhooks {
    fn name(&self) -> &'static str {
        "webhooks"
    }

    fn tell(&mut self, word: &Word) -> Result<(), String> {
        match word {
            Word::Ended(run) => self.put(run),
            _ => Ok(()),
        }
    }

    fn rest(&mut self) -> Option<Duration> {
        // Were the disk full, what is due would be due for ever.
        const PATIENCE: Duration = Duration::from_secs(2);
        if !self.work_off() {
            return Some(PATIENCE);
        }
        let next = self.queue().next_due()?;
        let wait = next.duration_since(self.clock.now());
        Some(Duration::try_from(wait).unwrap_or_default().max(Duration::from_millis(50)))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::base::clock::ManualClock;
    use crate::base::http::{Failure, Request, Response};
    use crate::base::report::Collected;
    use crate::base::retry::Backoff;
    use crate::model::run::RunType;

    /// Takes what is sent; meanwhile the disk comes to grief.
    struct Receiver {
        journal: PathBuf,
        count: AtomicUsize,
    }

    impl Transport for Receiver {
        #[expect(clippy::disallowed_methods, reason = "the disk comes to grief")]
        fn send(&self, _: &Request) -> Result<Response, Failure> {
            self.count.fetch_add(1, Ordering::Relaxed);
            std::fs::rename(&self.journal, self.journal.with_extension("aside")).unwrap();
            std::fs::create_dir(&self.journal).unwrap();
            Ok(Response {
                status: 200,
                headers: std::iter::empty::<(String, String)>().collect(),
                body: Vec::new(),
            })
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the disk comes to grief")]
    fn what_was_taken_is_not_sent_again_because_the_disk_is_full() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("outbox.journal");
        let queue = Queue::open(&journal, Backoff::default(), fastrand::Rng::with_seed(1)).unwrap();
        let receiver = Arc::new(Receiver { journal: journal.clone(), count: AtomicUsize::new(0) });
        let clock = Arc::new(ManualClock::new("2026-11-21T10:00:00Z".parse().unwrap()));
        let reporter: Arc<Collected> = Arc::default();
        let mut webhooks = Webhooks {
            receivers: vec![Secret::new("https://r.example/hook")],
            secrets: vec![Secret::new("geheim-geheim")],
            queue: Arc::new(Mutex::new(queue)),
            transport: receiver.clone(),
            clock,
            reporter: reporter.clone(),
            sparing: Sparing::default(),
            taken: BTreeSet::new(),
        };
        webhooks.put(&Run::begin(RunType::Cli, "hemera", Timestamp::UNIX_EPOCH)).unwrap();
        (0..5).for_each(|_| assert!(!webhooks.work_off()));
        std::fs::remove_dir(&journal).unwrap();
        std::fs::rename(journal.with_extension("aside"), &journal).unwrap();
        assert!(webhooks.work_off() && webhooks.work_off());
        assert_eq!((receiver.count.load(Ordering::Relaxed), webhooks.queue().figures().total), (1, 0));
        assert_eq!(reporter.warnings().len(), 1, "{:?}", reporter.warnings());
    }
}

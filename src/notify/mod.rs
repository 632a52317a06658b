//! What goes out after a run: webhooks, Rollbar, e-mail, a ping for whoever waits for one.
//!
//! Each outlet has a thread and a short queue of its own. Whoever runs a sync only puts a word into the queues: if an
//! outlet is slow, its words are dropped and counted, and the sync never waits.

mod mail;
mod ping;
mod post;
mod rollbar;
mod webhooks;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::base::clock::SharedClock;
use crate::base::http::{Network, Transport};
use crate::base::queue::Queue;
use crate::base::report::{Event, Reporter, Stage};
use crate::config::Notify;
use crate::model::run::Run;

/// Words that an outlet may have waiting.
const WAITING: usize = 64;

/// What outlets hear.
#[derive(Debug, Clone)]
pub(crate) enum Word {
    /// A run has begun.
    Began,
    /// A run has ended.
    Ended(Arc<Run>),
    /// Something else that somebody should look at.
    Trouble(Arc<Trouble>),
}

/// Something that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Its name: `sync.manifest.corrupted`, `http.500`.
    pub name: &'static str,
    /// Whether it is an error, and not only a warning.
    pub is_error: bool,
    /// What helps to find it: a request's id, a path. Nothing personal, no secrets.
    pub facts: Vec<(&'static str, String)>,
}

/// One way out.
trait Outlet: Send {
    /// Its name in messages and figures.
    fn name(&self) -> &'static str;

    /// Passes a word on, or says in words without secrets why it could not.
    fn tell(&mut self, word: &Word) -> Result<(), String>;

    /// Does what is due without any word, and says when to ask again.
    fn rest(&mut self) -> Option<Duration> {
        None
    }
}

/// How many words an outlet has passed on, failed to pass on, and had no room for.
#[derive(Debug, Default)]
pub struct Count {
    /// Passed on.
    pub sent: AtomicU64,
    /// Failed to.
    pub failed: AtomicU64,
    /// Had no room for.
    pub dropped: AtomicU64,
}

struct Way {
    name: &'static str,
    words: SyncSender<Word>,
    count: Arc<Count>,
    /// Heard from once, at the end; behind a lock only so that several threads may have the notifier.
    ended: Mutex<Receiver<()>>,
}

/// All ways out. Without any it does nothing.
#[derive(Default)]
pub struct Notifier {
    ways: Vec<Way>,
}

impl std::fmt::Debug for Notifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.ways.iter().map(|way| way.name)).finish()
    }
}

/// What outlets need besides their settings.
#[derive(Clone)]
pub struct Outside {
    /// The state folder.
    pub state: std::path::PathBuf,
    /// The queue of webhooks that are to be sent.
    pub outbox: Arc<Mutex<Queue>>,
    /// The clock.
    pub clock: SharedClock,
    /// Who hears of outlets that fail.
    pub reporter: Arc<dyn Reporter>,
}

impl Notifier {
    /// Opens the ways out that are configured.
    pub fn start(settings: &Notify, outside: &Outside) -> Self {
        Self::over(settings, outside, || Box::new(Network::new()))
    }

    /// The same, over another way to the network: for tests.
    pub fn over(settings: &Notify, outside: &Outside, transport: impl Fn() -> Box<dyn Transport>) -> Self {
        let post = || post::Post::new(transport(), outside.clock.clone());
        let mut outlets: Vec<Box<dyn Outlet>> = Vec::new();
        if !settings.webhooks.is_empty() {
            outlets.push(Box::new(webhooks::Webhooks::new(settings, outside, Arc::from(transport()))));
        }
        if let Some(rollbar) = &settings.rollbar {
            outlets.push(Box::new(rollbar::Outlet::new(rollbar.clone(), post(), outside.clock.clone())));
        }
        if let Some(mail) = &settings.mail {
            outlets.push(Box::new(mail::Outlet::new(mail.clone(), &outside.state)));
        }
        if let Some(ping) = &settings.ping {
            outlets.push(Box::new(ping::Outlet::new(ping.clone(), post())));
        }
        Self { ways: outlets.into_iter().filter_map(|outlet| open(outlet, &outside.reporter)).collect() }
    }

    /// A run has begun.
    pub fn began(&self) {
        self.tell(|| Word::Began);
    }

    /// A run has ended.
    pub fn ended(&self, run: &Run) {
        self.tell(|| Word::Ended(Arc::new(run.clone())));
    }

    /// Something else that somebody should look at.
    pub fn trouble(&self, trouble: Trouble) {
        let trouble = Arc::new(trouble);
        self.tell(|| Word::Trouble(Arc::clone(&trouble)));
    }

    fn tell(&self, word: impl Fn() -> Word) {
        for way in &self.ways {
            if let Err(TrySendError::Full(_)) = way.words.try_send(word()) {
                way.count.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// The figures of each way out.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, &Count)> {
        self.ways.iter().map(|way| (way.name, &*way.count))
    }

    /// Waits until everything has gone out, but no longer than this: what is left of webhooks waits on the disk.
    pub fn finish(self, patience: Duration) {
        let until = Instant::now() + patience;
        let ended: Vec<_> = self.ways.into_iter().map(|way| way.ended).collect();
        for ended in ended {
            let ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
            let _ = ended.recv_timeout(until.saturating_duration_since(Instant::now()));
        }
    }
}

/// Gives an outlet its thread.
fn open(mut outlet: Box<dyn Outlet>, reporter: &Arc<dyn Reporter>) -> Option<Way> {
    let (words, heard) = sync_channel(WAITING);
    let (done, ended) = channel();
    let (count, reporter) = (Arc::<Count>::default(), Arc::clone(reporter));
    let (name, counted) = (outlet.name(), Arc::clone(&count));
    let body = move || {
        serve(&mut *outlet, &heard, &counted, &*reporter);
        let _ = done.send(());
    };
    let thread = std::thread::Builder::new().name(format!("aither-{name}")).spawn(body);
    thread.is_ok().then_some(Way { name, words, count, ended: Mutex::new(ended) })
}

fn serve(outlet: &mut dyn Outlet, heard: &Receiver<Word>, count: &Count, reporter: &dyn Reporter) {
    const LONG: Duration = Duration::from_secs(3_600);
    loop {
        let wait = outlet.rest().unwrap_or(LONG);
        match heard.recv_timeout(wait) {
            Ok(word) => match outlet.tell(&word) {
                Ok(()) => drop(count.sent.fetch_add(1, Ordering::Relaxed)),
                Err(trouble) => {
                    count.failed.fetch_add(1, Ordering::Relaxed);
                    reporter.warn(&format!("{}: {trouble}", outlet.name()));
                }
            },
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                outlet.rest();
                return;
            }
        }
    }
}

/// The name under which a damaged manifest is told.
const MANIFEST: &str = "sync.manifest.corrupted";

/// Listens to a run as another reporter does, and passes on what somebody should look at.
pub struct Listening {
    inner: Arc<dyn Reporter>,
    notifier: Arc<Notifier>,
}

impl Listening {
    /// Listens beside `inner`.
    pub fn new(inner: Arc<dyn Reporter>, notifier: Arc<Notifier>) -> Self {
        Self { inner, notifier }
    }
}

impl std::fmt::Debug for Listening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listening").finish_non_exhaustive()
    }
}

impl Reporter for Listening {
    fn begin(&self, stage: Stage, total: Option<u64>) {
        self.inner.begin(stage, total);
    }

    fn advance(&self, steps: u64) {
        self.inner.advance(steps);
    }

    fn warn(&self, message: &str) {
        self.inner.warn(message);
        if message.starts_with(MANIFEST) {
            self.notifier.trouble(Trouble { name: MANIFEST, is_error: false, facts: Vec::new() });
        }
    }

    fn warn_again(&self, message: &str) {
        self.inner.warn_again(message);
    }

    fn detail(&self, message: &str) {
        self.inner.detail(message);
    }

    fn event(&self, event: &Event<'_>) {
        self.inner.event(event);
    }

    fn wants_details(&self) -> bool {
        self.inner.wants_details()
    }
}

//! The one thread that changes anything: it starts runs, ends them, and moves the site on. What can wake it is [`Event`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::oneshot;

mod pushes;
mod queue;
mod runs;

use super::files::{Generation, Keeper};
use super::shared::Shared;
use super::state::{State, status_name};
use super::work::{Factory, Rebuilt, SyncRequest, Work};
use crate::base::files::Lock;
use crate::base::gate::Gate;
use crate::base::report::{Event as LogEvent, Sparing};
use crate::error::{Error, Kind, Result};
use crate::model::run::{Run, RunFigures, RunStatus, RunType};
use crate::project::PushSummary;
use crate::sync::{Journal, locked};

/// So many rebuilds in a row give way to newer changes; the next one is carried through.
const GIVES_WAY: u32 = 5;
/// How often the worker looks whether another process has built or synced.
const TICK: Duration = Duration::from_secs(1);

/// How long events wait for others that may come together with them.
const TOGETHER: Duration = Duration::from_millis(20);
/// How often to see whether another process is done with the queue.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How long events wait when something is in their way.
const AWAY: Duration = Duration::from_millis(500);
/// How long events wait while the disk takes nothing.
const FULL: Duration = Duration::from_secs(2);

/// Everything that can wake the worker.
pub(super) enum Event {
    /// Somebody asks for a sync, and waits to hear whether it has begun.
    Sync(SyncRequest, oneshot::Sender<Result<Run, Refusal>>),
    /// Events have been written down, or the queue has changed otherwise.
    Arrived,
    /// Somebody waits until all events that are due have been worked off.
    Drain(oneshot::Sender<()>),
    /// The terminal or a timer asks for one; nobody waits.
    Pull(RunType),
    /// Files changed; nothing named means that anything may have.
    Changed(Vec<PathBuf>, Instant),
    /// A rebuild has files to show before it has ended: its number, then path and bytes.
    Early(u64, Vec<(String, Vec<u8>)>),
    /// A run has come to its end.
    Ended(Ended),
    /// The server is to stop.
    Stop,
}

/// Why a sync did not begin.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Another one is under way; its job, where that is known.
    Busy(Option<String>),
    /// It could not.
    Failed(Error),
}

/// A run that has come to its end, with whoever did it.
pub(super) struct Ended {
    number: u64,
    work: Box<dyn Work>,
    outcome: Outcome,
}

enum Outcome {
    Sync(Result<RunFigures>),
    Rebuild(Result<Rebuilt>),
    Push(Result<PushSummary>),
}

/// The run under way.
struct Active {
    number: u64,
    gate: Arc<Gate>,
    lock: Lock,
    deadline: Instant,
    task: Task,
}

enum Task {
    /// A sync, and the events of the queue that it is for.
    Sync(Box<Run>, Vec<String>),
    Rebuild(Rebuild),
    /// Entries of the queue of pushes.
    Push(Vec<String>),
}

/// A rebuild under way.
struct Rebuild {
    /// The files that changed.
    changed: Vec<PathBuf>,
    /// Whether anything may have changed.
    anything: bool,
    /// When the first sign of it came.
    since: Instant,
    /// How long after that the pages were served that somebody looks at.
    shown: Option<Duration>,
}

impl Rebuild {
    fn new(changed: &BTreeSet<PathBuf>, anything: bool, since: Instant) -> Self {
        Self { changed: changed.iter().cloned().collect(), anything, since, shown: None }
    }

    /// The files that changed; none where anything may have.
    fn paths(&self) -> Vec<PathBuf> {
        if self.anything { Vec::new() } else { self.changed.clone() }
    }
}

/// The worker.
pub(super) struct Worker {
    shared: Arc<Shared>,
    events: Receiver<Event>,
    back: Sender<Event>,
    factory: Factory,
    work: Option<Box<dyn Work>>,
    journal: Journal,
    journal_seen: Option<(SystemTime, u64)>,
    keeper: Keeper,
    active: Option<Active>,
    runs: u64,
    changed: Option<(BTreeSet<PathBuf>, bool, Instant)>,
    /// How many rebuilds have given way since the last one that was carried through.
    given_way: u32,
    /// Whether the last rebuild failed before it could show the pages that somebody looks at.
    is_problem_early: bool,
    /// Asked for while a rebuild was under way.
    next: Option<(SyncRequest, oneshot::Sender<Result<Run, Refusal>>)>,
    stopping: Option<Instant>,
    looked: Instant,
    /// Before then no events are begun: others may come together with the first, or something is in the way.
    events_from: Option<Instant>,
    drainers: Vec<oneshot::Sender<()>>,
    /// Events whose run has ended, with why it failed if it did, which are not written down yet.
    unsettled: Vec<(Vec<String>, Option<String>)>,
    sparing: Sparing,
}

impl Worker {
    pub(super) fn new(
        shared: Arc<Shared>,
        (back, events): (Sender<Event>, Receiver<Event>),
        factory: Factory,
    ) -> Result<Self> {
        let journal = Journal::open(&shared.state_folder, shared.clock.now())?;
        let keeper = Keeper::new(&shared.output, &shared.state_folder);
        let mut worker = Self {
            shared,
            events,
            back,
            factory,
            work: None,
            journal,
            journal_seen: None,
            keeper,
            active: None,
            runs: 0,
            changed: None,
            given_way: 0,
            is_problem_early: false,
            next: None,
            stopping: None,
            looked: Instant::now(),
            events_from: None,
            drainers: Vec::new(),
            unsettled: Vec::new(),
            sparing: Sparing::default(),
        };
        worker.tell(None);
        worker.look(false);
        Ok(worker)
    }

    /// Works until it is told to stop.
    pub(super) fn run(mut self) {
        loop {
            match self.events.recv_timeout(self.patience()) {
                Ok(Event::Sync(request, answer)) => self.asked(request, answer),
                Ok(Event::Pull(run_type)) => {
                    let (answer, _) = oneshot::channel();
                    self.asked(SyncRequest { full: false, connector: None, run_type, only: None }, answer);
                }
                Ok(Event::Arrived) => {
                    self.events_from.get_or_insert_with(|| Instant::now() + TOGETHER);
                }
                Ok(Event::Drain(answer)) => {
                    self.drainers.push(answer);
                    self.events_from.get_or_insert_with(Instant::now);
                }
                Ok(Event::Changed(paths, since)) => self.note_changes(paths, since),
                Ok(Event::Early(number, files)) => self.show(number, files),
                Ok(Event::Ended(ended)) => self.ended(ended),
                Ok(Event::Stop) => self.stopping = Some(Instant::now() + self.shared.serve.limits.shutdown),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            // However many events come: who asks all the time must not keep us from looking.
            if self.looked.elapsed() >= TICK {
                self.tick();
            }
            self.write_down();
            self.check_deadline();
            if self.stopping.is_some() && self.active.is_none() {
                return;
            }
            self.go_on();
        }
    }

    fn patience(&self) -> Duration {
        let now = Instant::now();
        let deadline = self.active.as_ref().map(|active| active.deadline.saturating_duration_since(now));
        let stop = self.stopping.map(|at| at.saturating_duration_since(now));
        let events = self.events_from.filter(|_| self.active.is_none());
        let events = events.map(|at| at.saturating_duration_since(now));
        // A deadline that has passed while the run publishes must not make the worker spin.
        let least = Duration::from_millis(20);
        let look = TICK.saturating_sub(self.looked.elapsed());
        let unsettled = (!self.unsettled.is_empty()).then_some(LOOK_AGAIN);
        let others = [deadline, stop, unsettled].into_iter().flatten().fold(look, Duration::min).max(least);
        events.map_or(others, |events| events.min(others))
    }

    fn asked(&mut self, request: SyncRequest, answer: oneshot::Sender<Result<Run, Refusal>>) {
        let running = match &self.active {
            None => None,
            Some(Active { task: Task::Sync(run, _), .. }) => Some(Some(run.job_id.clone())),
            Some(_) if self.next.is_some() => Some(None),
            Some(_) => {
                self.next = Some((request, answer));
                return;
            }
        };
        let begun = match running {
            Some(job) => Err(Refusal::Busy(job)),
            None if self.stopping.is_some() => {
                Err(Refusal::Failed(Error::new(Kind::Busy, "the server is about to stop")))
            }
            None => self.begin_sync(request, Vec::new()),
        };
        let _ = answer.send(begun);
    }

    fn note_changes(&mut self, paths: Vec<PathBuf>, since: Instant) {
        let (known, anything, first) = self.changed.get_or_insert_with(|| (BTreeSet::new(), false, since));
        *first = since.min(*first);
        *anything |= paths.is_empty();
        known.extend(paths);
        if let Some(Active { task: Task::Rebuild(_), gate, .. }) = &self.active
            && self.given_way < GIVES_WAY
        {
            gate.give_way();
        }
    }

    /// Starts what has waited, if nothing runs.
    fn go_on(&mut self) {
        if self.active.is_some() || self.stopping.is_some() {
            return;
        }
        if let Some((request, answer)) = self.next.take() {
            let begun = self.begin_sync(request, Vec::new());
            let _ = answer.send(begun);
        } else if self.begin_queued() {
            // They come before files that changed: somebody elsewhere waits for them.
        } else if let Some((changed, anything, since)) = self.changed.take()
            && let Err(error) = self.begin_rebuild(&changed, anything, since)
        {
            match error.kind() {
                Kind::Busy => self.changed = Some((changed, anything, since)),
                _ => self.rebuild_ended(Rebuild::new(&BTreeSet::new(), anything, since), Err(error)),
            }
        }
    }

    /// Gives up a run whose time is over, or that stands in the way of stopping, unless it publishes already.
    fn check_deadline(&mut self) {
        let now = Instant::now();
        let stop = self.stopping.is_some_and(|at| at <= now);
        let Some(active) = self.active.take_if(|active| {
            let over = active.deadline <= now || stop;
            over && active.gate.shut()
        }) else {
            return;
        };
        // Whoever works on it has not come back, and may never: the next run gets somebody new.
        drop(active.lock);
        if let Task::Push(ids) = &active.task {
            self.push_given_up(ids, stop);
        }
        if let Task::Sync(run, events) = active.task {
            let at = self.shared.clock.now();
            let run = match stop {
                true => run.failed(RunStatus::Failed, "the server was stopped", at),
                false => run.failed(RunStatus::TimedOut, "it took longer than a sync may", at),
            };
            self.close(&run, None, Vec::new());
            match stop {
                true => locked(&self.shared.queues.events).leave(&events),
                false => self.settle(&events, Some("it took longer than a sync may")),
            }
        }
    }

    /// Looks whether another process has synced or built.
    fn tick(&mut self) {
        self.looked = Instant::now();
        self.look(false);
        if let Err(error) = self.shared.queues.refresh() {
            self.remark("queues", error.message());
        } else if self.events_from.is_none() {
            self.events_from = self.next_events();
        }
        if self.active.is_none() && seen(&self.shared.runs_file) != self.journal_seen {
            let _ = self.journal.read();
            self.tell(None);
        }
    }

    /// Moves the site on, if there is a new one.
    fn look(&mut self, holding: bool) {
        match self.keeper.look(&self.shared.site.now(), holding) {
            Ok(generation) => self.move_on(generation),
            Err(error) => self.remark("site", error.message()),
        }
    }

    /// From now on everybody sees this site, and tabs hear of what is new in it.
    fn move_on(&self, generation: Option<Generation>) {
        let Some(generation) = generation else { return };
        let changed = generation.changed_since(&self.shared.site.now());
        let number = generation.number;
        self.shared.site.set(generation);
        self.shared.reload.moved_on(number, changed);
    }

    /// Lets everybody see how syncs stand.
    fn tell(&mut self, kind: Option<Kind>) {
        self.journal_seen = seen(&self.shared.runs_file);
        let runs = Arc::new(self.journal.runs().to_vec());
        let failed = runs.last().filter(|run| run.has_failed()).map(|run| run.job_id.clone());
        let failure = failed.zip(kind);
        self.shared.state.send_modify(|state| {
            let failure = failure.or_else(|| state.failure.clone());
            *state = Arc::new(State { runs, failure });
        });
    }

    fn log(&self, what: &str, run: &Run) {
        self.shared.reporter.event(&LogEvent {
            what,
            is_warning: false,
            job_id: Some(&run.job_id),
            status: Some(status_name(run.status)),
            millis: run.duration_ms,
            ..LogEvent::default()
        });
    }

    /// Warns of a thing that may be wrong at every attempt: once a minute.
    fn remark(&self, thing: &'static str, text: &str) {
        self.sparing.warn(&*self.shared.reporter, thing, text, self.shared.clock.elapsed());
    }
}

fn seen(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn is_job_id(text: &str) -> bool {
    text.strip_prefix("sync-").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

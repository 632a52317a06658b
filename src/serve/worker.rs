//! The one thread that changes anything: it starts runs, ends them, and moves the site on. What can wake it is [`Event`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::oneshot;

use super::files::{Generation, Keeper};
use super::shared::Shared;
use super::state::{State, status_name};
use super::work::{Factory, Notice, RebuildRequest, Rebuilt, SyncRequest, Work};
use crate::base::files::Lock;
use crate::base::gate::Gate;
use crate::base::queue::Entry as QueueEntry;
use crate::base::report::Event as LogEvent;
use crate::error::{Error, Kind, Result};
use crate::model::event::{self as model, Named};
use crate::model::run::{Run, RunFigures, RunStatus, RunType};
use crate::sync::{AGAIN, Journal, locked};

/// So many rebuilds in a row give way to newer changes; the next one is carried through.
const GIVES_WAY: u32 = 5;
/// How often the worker looks whether another process has built or synced.
const TICK: Duration = Duration::from_secs(1);

/// How long events wait for others that may come together with them.
const TOGETHER: Duration = Duration::from_millis(20);
/// How long events wait when something is in their way.
const AWAY: Duration = Duration::from_millis(500);

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
}

impl Worker {
    pub(super) fn new(
        shared: Arc<Shared>,
        (back, events): (Sender<Event>, Receiver<Event>),
        factory: Factory,
    ) -> Result<Self> {
        let journal = Journal::open(&shared.state_folder, shared.clock.now())?;
        let keeper = Keeper::new(&shared.output, &shared.state_folder)?;
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
        let others = [deadline, stop].into_iter().flatten().fold(look, Duration::min).max(least);
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

    fn begin_sync(&mut self, request: SyncRequest, events: Vec<String>) -> Result<Run, Refusal> {
        let Some(mut lock) = Lock::take(&self.shared.lock).map_err(Refusal::Failed)? else {
            return Err(Refusal::Busy(Lock::holder(&self.shared.lock).filter(|text| is_job_id(text))));
        };
        let connector = request.connector.clone().unwrap_or_else(|| self.shared.connector.clone());
        let run = Run::begin(request.run_type, connector, self.shared.clock.now());
        self.shared.dashboard.run_begins();
        lock.note(&run.job_id);
        let work = self.worker_at_hand().map_err(Refusal::Failed)?;
        self.journal.put(&run).map_err(Refusal::Failed)?;
        let deadline = Instant::now() + self.shared.serve.sync_timeout;
        let started =
            self.start(work, lock, deadline, Task::Sync(Box::new(run.clone()), events), move |work, gate| {
                Outcome::Sync(work.sync(&request, gate))
            });
        if let Err(error) = started {
            let run = run.failed(RunStatus::Failed, error.message(), self.shared.clock.now());
            let _ = self.journal.put(&run);
            self.tell(Some(error.kind()));
            return Err(Refusal::Failed(error));
        }
        self.tell(None);
        self.shared.notifier.began();
        self.log("sync began", &run);
        Ok(run)
    }

    fn worker_at_hand(&mut self) -> Result<Box<dyn Work>> {
        match self.work.take() {
            Some(work) => Ok(work),
            None => (self.factory)(),
        }
    }

    /// Lets somebody work on a thread of its own: this one stays free to count the time.
    fn start(
        &mut self,
        mut work: Box<dyn Work>,
        lock: Lock,
        deadline: Instant,
        task: Task,
        run: impl FnOnce(&mut dyn Work, &Gate) -> Outcome + Send + 'static,
    ) -> Result<()> {
        self.runs += 1;
        let number = self.runs;
        let gate = Arc::new(Gate::default());
        let (back, passed) = (self.back.clone(), Arc::clone(&gate));
        let is_sync = matches!(task, Task::Sync(..));
        let body = move || {
            let call = std::panic::AssertUnwindSafe(|| run(&mut *work, &passed));
            let outcome = std::panic::catch_unwind(call).unwrap_or_else(|_| {
                let error = Error::new(Kind::Io, "the run was ended by a fault of the program");
                if is_sync { Outcome::Sync(Err(error)) } else { Outcome::Rebuild(Err(error)) }
            });
            let _ = back.send(Event::Ended(Ended { number, work, outcome }));
        };
        std::thread::Builder::new()
            .name("aither-run".into())
            .spawn(body)
            .map_err(|e| Error::new(Kind::Io, format!("cannot start a thread: {e}")).caused_by(e))?;
        self.active = Some(Active { number, gate, lock, deadline, task });
        Ok(())
    }

    fn ended(&mut self, ended: Ended) {
        let Some(active) = self.active.take_if(|active| active.number == ended.number) else {
            // It was given up long ago. What it says now counts for nothing, and neither does what it keeps in memory.
            return;
        };
        self.work = Some(ended.work);
        let broken = matches!(&ended.outcome, Outcome::Sync(Err(_)) | Outcome::Rebuild(Err(_)));
        if !broken {
            self.look(true);
        }
        match (active.task, ended.outcome) {
            (Task::Sync(run, events), Outcome::Sync(result)) => {
                let trouble = result.as_ref().err().map(|error| error.message().to_owned());
                self.sync_ended(*run, result);
                self.settle(&events, trouble.as_deref());
            }
            (Task::Rebuild(rebuild), Outcome::Rebuild(Err(_))) if active.gate.is_outdated() => {
                // The next one does its work as well. What is shown early stays until then.
                self.given_way += 1;
                self.note_changes(rebuild.paths(), rebuild.since);
                return;
            }
            (Task::Rebuild(rebuild), Outcome::Rebuild(result)) => self.rebuild_ended(rebuild, result),
            _ => {}
        }
        let generation = self.keeper.withdraw(&self.shared.site.now());
        self.move_on(generation);
        drop(active.lock);
    }

    fn sync_ended(&mut self, run: Run, result: Result<RunFigures>) {
        let now = self.shared.clock.now();
        let mut kind = None;
        let run = match result {
            Ok(figures) => {
                let status = if figures.errors.is_empty() { RunStatus::Success } else { RunStatus::Partial };
                Run { figures, ..run }.ended(status, now)
            }
            Err(error) => {
                kind = Some(error.kind());
                self.shared.reload.problem(&error);
                run.failed(RunStatus::Failed, error.message(), now)
            }
        };
        self.close(&run, kind);
    }

    fn close(&mut self, run: &Run, kind: Option<Kind>) {
        if let Err(error) = self.journal.put(run) {
            self.remark(error.message());
        }
        self.shared.metrics.run_ended(run);
        self.shared.notifier.ended(run);
        self.log("sync ended", run);
        self.tell(kind);
        let status = status_name(run.status);
        (self.shared.audience)(&Notice::Synced { job_id: run.job_id.clone(), status });
    }

    fn rebuild_ended(&mut self, rebuild: Rebuild, result: Result<Rebuilt>) {
        self.given_way = 0;
        let Rebuild { changed, since, shown, .. } = rebuild;
        let notice = match result {
            Ok(rebuilt) => {
                self.shared.reload.good();
                Notice::Rebuilt { changed, rebuilt, took: since.elapsed(), shown }
            }
            Err(error) => {
                self.is_problem_early = shown.is_none();
                self.shared.reload.problem(&error);
                Notice::Broken { message: error.message().to_owned(), hints: error.hints().to_vec() }
            }
        };
        (self.shared.audience)(&notice);
    }

    /// Shows files of the rebuild under way to those who look at them.
    fn show(&mut self, number: u64, files: Vec<(String, Vec<u8>)>) {
        let Some(Active { task: Task::Rebuild(rebuild), .. }) =
            self.active.as_mut().filter(|active| active.number == number)
        else {
            return;
        };
        let generation = self.keeper.show(&self.shared.site.now(), files);
        rebuild.shown = Some(rebuild.since.elapsed());
        self.move_on(generation);
        // What kept just these pages from being made is right again. What kept the whole site is not known to be.
        if self.is_problem_early {
            self.shared.reload.good();
        }
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
        } else if self.begin_events() {
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

    /// Starts a run for the events that are due, if there are any. Events that have come together are one run.
    fn begin_events(&mut self) -> bool {
        if self.events_from.is_none_or(|at| at > Instant::now()) {
            return false;
        }
        let due = locked(&self.shared.queues.events).due(self.shared.clock.now(), AGAIN);
        if due.is_empty() {
            for waiting in self.drainers.drain(..) {
                let _ = waiting.send(());
            }
            self.events_from = self.next_events();
            return false;
        }
        let ids: Vec<String> = due.iter().map(|entry| entry.id.clone()).collect();
        // What cannot be read is not of this version: the whole source is asked.
        let known: Option<Vec<model::Event>> =
            due.iter().map(|entry| serde_json::from_value(entry.payload.clone()).ok()).collect();
        let only = known.map(|events| Named::by(&events));
        // Of several sources one is enough, where all events came by its name.
        let named = |entry: &QueueEntry| Some(entry.payload.get("connector")?.as_str()?.to_owned());
        let from: BTreeSet<Option<String>> = due.iter().map(named).collect();
        let connector = match from.into_iter().collect::<Vec<_>>().as_slice() {
            [Some(one)] => self.shared.connectors.iter().find(|known| *known == one).cloned(),
            _ => None,
        };
        let request = SyncRequest { full: false, connector, run_type: RunType::Webhook, only };
        locked(&self.shared.queues.events).begin(&ids);
        self.events_from = Some(Instant::now());
        match self.begin_sync(request, ids.clone()) {
            Ok(_) => true,
            // Another process syncs or builds: they are next.
            Err(Refusal::Busy(_)) => {
                locked(&self.shared.queues.events).leave(&ids);
                self.events_from = Some(Instant::now() + AWAY);
                false
            }
            Err(Refusal::Failed(error)) => {
                self.settle(&ids, Some(error.message()));
                false
            }
        }
    }

    /// When to look for events next: when one that failed is due again.
    fn next_events(&self) -> Option<Instant> {
        if !self.drainers.is_empty() {
            return Some(Instant::now());
        }
        let next = locked(&self.shared.queues.events).next_due()?;
        let wait = Duration::try_from(next.duration_since(self.shared.clock.now())).unwrap_or_default();
        Some(Instant::now() + wait)
    }

    /// Writes down how the events of a run came out.
    fn settle(&mut self, events: &[String], trouble: Option<&str>) {
        if events.is_empty() {
            return;
        }
        let now = self.shared.clock.now();
        let mut queue = locked(&self.shared.queues.events);
        let settled = match trouble {
            None => queue.done(events, now),
            Some(trouble) => queue.failed(events, trouble, now),
        };
        drop(queue);
        self.events_from = self.next_events();
        if let Err(error) = settled {
            // They are done once more when the disk is well again; that does no harm.
            self.remark(error.message());
            self.events_from = Some(Instant::now() + AWAY);
        }
    }

    fn begin_rebuild(&mut self, changed: &BTreeSet<PathBuf>, anything: bool, since: Instant) -> Result<()> {
        let lock = Lock::take(&self.shared.lock)?
            .ok_or_else(|| Error::new(Kind::Busy, "another build of this site is under way"))?;
        let work = self.worker_at_hand()?;
        let rebuild = Rebuild::new(changed, anything, since);
        let request = RebuildRequest { changed: rebuild.paths(), prefer: self.shared.reload.open_pages() };
        let deadline = Instant::now() + self.shared.serve.sync_timeout;
        let (back, number) = (self.back.clone(), self.runs + 1);
        self.start(work, lock, deadline, Task::Rebuild(rebuild), move |work, gate| {
            let show = |files| drop(back.send(Event::Early(number, files)));
            Outcome::Rebuild(work.rebuild(&request, gate, &show))
        })
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
        if let Task::Sync(run, events) = active.task {
            let at = self.shared.clock.now();
            let run = match stop {
                true => run.failed(RunStatus::Failed, "the server was stopped", at),
                false => run.failed(RunStatus::TimedOut, "it took longer than a sync may", at),
            };
            self.close(&run, None);
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
            self.remark(error.message());
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
            Err(error) => self.remark(error.message()),
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

    fn remark(&self, text: &str) {
        self.shared.reporter.warn(text);
    }
}

fn seen(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn is_job_id(text: &str) -> bool {
    text.strip_prefix("sync-").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

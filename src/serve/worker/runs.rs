//! How runs begin and end.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::{Active, Ended, Event, Outcome, Rebuild, Refusal, Task, Worker, is_job_id};
use crate::base::files::{Lock, is_full};
use crate::base::gate::Gate;
use crate::error::{Error, Kind, Result};
use crate::model::run::{Run, RunFigures, RunStatus};
use crate::project::note_failure;
use crate::serve::work::{Notice, RebuildRequest, Rebuilt, SyncRequest, Work};

impl Worker {
    pub(super) fn begin_sync(&mut self, request: SyncRequest, events: Vec<String>) -> Result<Run, Refusal> {
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

    pub(super) fn worker_at_hand(&mut self) -> Result<Box<dyn Work>> {
        match self.work.take() {
            Some(work) => Ok(work),
            None => (self.factory)(),
        }
    }

    /// Lets somebody work on a thread of its own: this one stays free to count the time.
    pub(super) fn start(
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
        let failed: fn(Error) -> Outcome = match task {
            Task::Sync(..) => |error| Outcome::Sync(Err(error)),
            Task::Rebuild(_) => |error| Outcome::Rebuild(Err(error)),
            Task::Push(_) => |error| Outcome::Push(Err(error)),
        };
        let body = move || {
            let call = std::panic::AssertUnwindSafe(|| run(&mut *work, &passed));
            let outcome = std::panic::catch_unwind(call).unwrap_or_else(|_| {
                failed(Error::new(Kind::Io, "the run was ended by a fault of the program"))
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

    pub(super) fn ended(&mut self, ended: Ended) {
        let Some(active) = self.active.take_if(|active| active.number == ended.number) else {
            // It was given up long ago. What it says now counts for nothing, and neither does what it keeps in memory.
            return;
        };
        self.work = Some(ended.work);
        let has_built = matches!(&ended.outcome, Outcome::Sync(Ok(_)) | Outcome::Rebuild(Ok(_)));
        if has_built {
            self.look(true);
        }
        match (active.task, ended.outcome) {
            (Task::Sync(run, events), Outcome::Sync(result)) => {
                let trouble = result.as_ref().err().map(|error| error.message().to_owned());
                let is_full = result.as_ref().err().is_some_and(is_full);
                self.sync_ended(*run, result);
                match is_full {
                    true => self.put_off(&events),
                    false => self.settle(&events, trouble.as_deref()),
                }
            }
            (Task::Rebuild(rebuild), Outcome::Rebuild(Err(_))) if active.gate.is_outdated() => {
                // The next one does its work as well. What is shown early stays until then.
                self.given_way += 1;
                self.note_changes(rebuild.paths(), rebuild.since);
                return;
            }
            (Task::Rebuild(rebuild), Outcome::Rebuild(result)) => self.rebuild_ended(rebuild, result),
            (Task::Push(ids), Outcome::Push(result)) => self.push_ended(&ids, result),
            _ => {}
        }
        let generation = self.keeper.withdraw(&self.shared.site.now());
        self.move_on(generation);
        drop(active.lock);
    }

    fn sync_ended(&mut self, run: Run, result: Result<RunFigures>) {
        let now = self.shared.clock.now();
        let mut kind = None;
        let mut hints = Vec::new();
        let run = match result {
            Ok(figures) => {
                let status = if figures.errors.is_empty() { RunStatus::Success } else { RunStatus::Partial };
                Run { figures, ..run }.ended(status, now)
            }
            Err(error) => {
                kind = Some(error.kind());
                hints = error.hints().to_vec();
                self.shared.reload.problem(&error);
                run.failed(RunStatus::Failed, error.message(), now)
            }
        };
        self.close(&run, kind, hints);
    }

    pub(super) fn close(&mut self, run: &Run, kind: Option<Kind>, hints: Vec<String>) {
        if let Err(error) = self.journal.put(run) {
            self.remark("history", error.message());
        }
        if run.has_failed()
            && let Err(error) = note_failure(&self.shared.output, run.status)
        {
            self.remark("status", error.message());
        }
        self.shared.metrics.run_ended(run);
        self.shared.notifier.ended(run);
        self.log("sync ended", run);
        self.tell(kind);
        (self.shared.audience)(&Notice::Synced { run: Box::new(run.clone()), hints });
    }

    pub(super) fn begin_rebuild(
        &mut self,
        changed: &BTreeSet<PathBuf>,
        anything: bool,
        since: Instant,
    ) -> Result<()> {
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

    pub(super) fn rebuild_ended(&mut self, rebuild: Rebuild, result: Result<Rebuilt>) {
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
    pub(super) fn show(&mut self, number: u64, files: Vec<(String, Vec<u8>)>) {
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
}

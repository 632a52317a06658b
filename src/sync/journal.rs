//! `.aither/runs.jsonl`: the history of runs, one JSON object a line. A run is written when it begins and again when it
//! ends; the later line counts.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::base::files::{self, Lock};
use crate::error::Result;
use crate::model::run::{Run, RunStatus};

/// Runs that are kept.
const KEPT: usize = 500;
/// Lines after which the file is written anew with the runs that are kept.
const LONGEST: usize = 2_000;

/// The history of runs of a site.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    lines: usize,
    /// Oldest first.
    runs: Vec<Run>,
}

impl Journal {
    /// Reads the history below `state`. A last line that was cut off, and lines that are no runs, are dropped.
    ///
    /// A run that never ended is closed as failed, unless somebody holds the site's lock: then it may still run.
    pub fn open(state: &Path, now: Timestamp) -> Result<Self> {
        let mut journal = Self { path: state.join("runs.jsonl"), lines: 0, runs: Vec::new() };
        let torn = journal.read()?;
        let open: Vec<Run> = journal.runs.iter().filter(|run| run.is_running()).cloned().collect();
        let closable = !open.is_empty() && Lock::take(&state.join("lock"))?.is_some();
        if closable {
            for run in open {
                journal.note(run.failed(RunStatus::Failed, "the process ended before the run did", now));
            }
        }
        if torn || closable {
            journal.rewrite()?;
        }
        Ok(journal)
    }

    /// Reads the file anew, for runs of other processes. Says whether something in it could not be read.
    pub fn read(&mut self) -> Result<bool> {
        let bytes = files::read_if_present(&self.path)?.unwrap_or_default();
        self.runs.clear();
        self.lines = 0;
        let mut torn = !bytes.is_empty() && !bytes.ends_with(b"\n");
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            self.lines += 1;
            match serde_json::from_slice(line) {
                Ok(run) => self.note(run),
                Err(_) => torn = true,
            }
        }
        Ok(torn)
    }

    /// Adds a run, or says how a known one stands now. On disk before this returns.
    pub fn put(&mut self, run: &Run) -> Result<()> {
        self.note(run.clone());
        if self.lines >= LONGEST {
            return self.rewrite();
        }
        self.lines += 1;
        let mut line = serde_json::to_vec(run).unwrap_or_default();
        line.push(b'\n');
        files::append(&self.path, &line)
    }

    /// The runs, oldest first.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    fn note(&mut self, run: Run) {
        match self.runs.iter_mut().rev().find(|known| known.job_id == run.job_id) {
            Some(known) => *known = run,
            None => self.runs.push(run),
        }
        let surplus = self.runs.len().saturating_sub(KEPT);
        self.runs.drain(..surplus);
    }

    fn rewrite(&mut self) -> Result<()> {
        let mut bytes = Vec::new();
        for run in &self.runs {
            bytes.extend(serde_json::to_vec(run).unwrap_or_default());
            bytes.push(b'\n');
        }
        self.lines = self.runs.len();
        files::replace(&self.path, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::run::RunType;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    #[test]
    fn a_torn_line_is_dropped_and_an_open_run_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), at(0)).unwrap();
        let first = Run::begin(RunType::Manual, "sample", at(0));
        journal.put(&first).unwrap();
        journal.put(&first.clone().ended(RunStatus::Success, at(2))).unwrap();
        let second = Run::begin(RunType::Scheduled, "sample", at(3));
        journal.put(&second).unwrap();
        files::append(&folder.path().join("runs.jsonl"), b"{\"jobId\":\"sync-12").unwrap();

        let journal = Journal::open(folder.path(), at(9)).unwrap();
        let [one, two] = journal.runs() else { panic!("{:?}", journal.runs()) };
        assert_eq!((one.status, one.duration_ms), (RunStatus::Success, Some(2_000)));
        assert_eq!((two.status, two.job_id.as_str()), (RunStatus::Failed, second.job_id.as_str()));
        let text = files::read_text(&folder.path().join("runs.jsonl")).unwrap();
        assert_eq!(text.lines().count(), 2);
    }

    #[test]
    fn a_run_of_another_process_stays_open_while_it_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let run = Run::begin(RunType::Cli, "sample", at(0));
        Journal::open(folder.path(), at(0)).unwrap().put(&run).unwrap();
        let _lock = Lock::take(&folder.path().join("lock")).unwrap().unwrap();
        assert!(Journal::open(folder.path(), at(9)).unwrap().runs()[0].is_running());
    }
}

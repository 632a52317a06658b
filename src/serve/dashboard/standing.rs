//! How each source stands, made out from the history of runs.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::run::{Run, RunSource, RunStatus};

/// Runs that the error rate is of.
const LOOKED_AT: usize = 10;

/// Which sources there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sources<'s> {
    connectors: &'s [String],
}

/// What a run was for one source.
#[derive(Debug, Clone)]
pub(super) struct Part<'r> {
    pub(super) run: &'r Run,
    pub(super) status: RunStatus,
    /// Courses of it, where the run says so.
    pub(super) courses: Option<u64>,
    pub(super) cursor_before: Option<&'r str>,
    pub(super) cursor_after: Option<&'r str>,
}

/// How a source stands.
#[derive(Debug, Clone)]
pub(super) struct Standing<'r> {
    /// Its runs, newest first.
    pub(super) parts: Vec<Part<'r>>,
    /// Failures among the last runs that ended, and how many those are.
    pub(super) failures: (usize, usize),
    /// When it was last read.
    pub(super) last_success: Option<Timestamp>,
}

impl<'s> Sources<'s> {
    /// As the server knows them: where there are several, the first name is that of all of them together.
    pub(super) fn of(connectors: &'s [String]) -> Self {
        Self { connectors }
    }

    pub(super) fn names(self) -> &'s [String] {
        if self.connectors.len() > 1 { &self.connectors[1..] } else { self.connectors }
    }

    /// Whether a run of this connector asks all of them.
    pub(super) fn is_all(self, connector: &str) -> bool {
        self.connectors.first().is_some_and(|first| first == connector)
    }

    /// The source of this name.
    pub(super) fn find(self, name: &str) -> Option<&'s str> {
        self.names().iter().find(|known| *known == name).map(String::as_str)
    }

    /// The source that an event belongs to, as it says who sent it; nothing where that may be any of several.
    pub(super) fn of_event(self, connector: Option<&str>) -> Option<&'s str> {
        match self.names() {
            [one] => Some(one),
            _ => connector.and_then(|name| self.find(name)),
        }
    }

    /// What a run was for a source; nothing where it did not ask it.
    pub(super) fn part(self, run: &'s Run, source: &str) -> Option<Part<'s>> {
        let figures = &run.figures;
        let whole = Part {
            run,
            status: run.status,
            courses: Some(figures.courses_fetched),
            cursor_before: figures.cursor_before.as_deref(),
            cursor_after: figures.cursor_after.as_deref(),
        };
        if let Some(own) = figures.sources.iter().find(|own| own.id == source) {
            let status = own_status(run, own)?;
            return Some(Part {
                status,
                courses: Some(own.courses),
                cursor_before: own.cursor_before.as_deref(),
                cursor_after: own.cursor_after.as_deref(),
                ..whole
            });
        }
        let is_asked = run.connector == source || self.is_all(&run.connector);
        is_asked.then_some(whole)
    }

    /// The sources that could not be read when they were last asked. `runs` are oldest first.
    pub(super) fn failing(self, runs: &'s [Run]) -> Vec<&'s str> {
        let has_failed = |name: &&String| {
            let mut parts = runs.iter().rev().filter_map(|run| self.part(run, name));
            parts.find(|part| part.status != RunStatus::Running).is_some_and(|part| part.has_failed())
        };
        self.names().iter().filter(has_failed).map(String::as_str).collect()
    }

    /// How a source stands. `runs` are oldest first.
    pub(super) fn standing(self, runs: &'s [Run], source: &str) -> Standing<'s> {
        let parts: Vec<Part<'_>> = runs.iter().rev().filter_map(|run| self.part(run, source)).collect();
        let ended = || parts.iter().filter(|part| part.status != RunStatus::Running);
        let looked_at: Vec<bool> = ended().take(LOOKED_AT).map(Part::has_failed).collect();
        let failures = (looked_at.iter().filter(|failed| **failed).count(), looked_at.len());
        let last_success = ended().find(|part| !part.has_failed()).and_then(|part| part.run.end_time);
        Standing { parts, failures, last_success }
    }
}

/// The status of one of several sources in a run; nothing where it was not asked.
fn own_status(run: &Run, own: &RunSource) -> Option<RunStatus> {
    match own.status.as_str() {
        "kept" => None,
        "failed" => Some(RunStatus::Failed),
        // What kept the run from being whole was another source.
        _ if run.status == RunStatus::Partial && run.figures.sources.iter().any(|s| s.status == "failed") => {
            Some(RunStatus::Success)
        }
        _ => Some(run.status),
    }
}

impl Part<'_> {
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.status, RunStatus::Failed | RunStatus::TimedOut)
    }
}

/// How old data may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// From this age on they count as not quite fresh; nothing switches that off.
    pub warning: Option<Duration>,
    /// From this age on they count as outdated; nothing switches that off.
    pub error: Option<Duration>,
}

/// What visitors of a site are told where nothing else is configured: after one hour, and after three.
impl Default for Freshness {
    fn default() -> Self {
        let hours = |hours: u64| Some(Duration::from_secs(hours * 3_600));
        Self { warning: hours(1), error: hours(3) }
    }
}

impl Freshness {
    /// The key of the word for data of this age.
    pub(super) fn word(self, at: Timestamp, now: Timestamp) -> &'static str {
        let age = Duration::try_from(now.duration_since(at)).unwrap_or_default();
        let is_past = |limit: Option<Duration>| limit.is_some_and(|limit| age >= limit);
        match (is_past(self.warning), is_past(self.error)) {
            (_, true) => "outdated",
            (true, false) => "ageing",
            (false, false) => "fresh",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::run::RunType;

    fn run(connector: &str, status: RunStatus, sources: &[(&str, &str)]) -> Run {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let mut run = Run::begin(RunType::Manual, connector, now).ended(status, now);
        run.figures.sources = (sources.iter())
            .map(|(id, status)| RunSource {
                id: (*id).into(),
                status: (*status).into(),
                courses: 3,
                ..RunSource::default()
            })
            .collect();
        run
    }

    #[test]
    fn a_source_stands_as_its_own_runs_went() {
        let connectors = ["all", "a", "b"].map(str::to_owned);
        let sources = Sources::of(&connectors);
        assert_eq!(sources.names(), ["a", "b"]);
        assert_eq!(
            (sources.find("all"), sources.of_event(Some("b")), sources.of_event(Some("x"))),
            (None, Some("b"), None)
        );
        let runs = [
            run("all", RunStatus::Failed, &[]),
            run("all", RunStatus::Partial, &[("a", "success"), ("b", "failed")]),
            run("b", RunStatus::Success, &[("a", "kept"), ("b", "success")]),
            run("elsewhere", RunStatus::Failed, &[]),
        ];
        let statuses = |source: &str| -> Vec<RunStatus> {
            sources.standing(&runs, source).parts.iter().map(|part| part.status).collect()
        };
        assert_eq!(statuses("a"), [RunStatus::Success, RunStatus::Failed]);
        assert_eq!(statuses("b"), [RunStatus::Success, RunStatus::Failed, RunStatus::Failed]);
        assert_eq!(sources.standing(&runs, "b").failures, (2, 3));
        assert!(sources.standing(&[], "a").last_success.is_none());
        assert_eq!(sources.failing(&runs), Vec::<&str>::new());
        assert_eq!(sources.failing(&runs[..2]), ["b"]);
        assert_eq!(sources.failing(&runs[..1]), ["a", "b"]);

        let alone = ["hemera".to_owned()];
        let sources = Sources::of(&alone);
        assert_eq!(
            (sources.names().len(), sources.of_event(Some("enrollment-changed"))),
            (1, Some("hemera"))
        );
        let runs = [run("hemera", RunStatus::Partial, &[])];
        assert_eq!(sources.standing(&runs, "hemera").failures, (0, 1));
    }

    #[test]
    fn data_age() {
        let freshness = Freshness { warning: None, ..Freshness::default() };
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        assert_eq!(freshness.word(at(0), at(10_799)), "fresh");
        assert_eq!(freshness.word(at(0), at(10_800)), "outdated");
        assert_eq!(Freshness::default().word(at(0), at(3_600)), "ageing");
        assert_eq!(Freshness::default().word(at(10), at(0)), "fresh");
    }
}

//! What the pages show: the views that their templates are rendered with.

use jiff::{SignedDuration, Timestamp};

use super::standing::{Part, Sources, Standing};
use super::words::Words;
use super::{chart, entries};
use crate::base::digest::Hasher;
use crate::base::encode::percent;
use crate::base::report::Stage;
use crate::error::Result;
use crate::model::conflict::{Conflict, ConflictStatus};
use crate::model::run::{Run, RunError, RunStatus};
use crate::model::view::{List, Map, Value};
use crate::serve::shared::Shared;
use crate::serve::state::{State, status_name, type_name};
use crate::sync::{Conflicts, DeadLetter};

/// Runs on one page of a history, and on the overview.
const ROWS: usize = 20;
const RECENT: usize = 8;
/// Conflicts and dead letters on one page; more are counted only.
const MOST: usize = 50;

/// What a page of the dashboard is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Page {
    Overview,
    Source {
        name: String,
        /// Of its history, from 1.
        number: usize,
    },
}

/// A page that is about to be rendered.
pub(super) struct Content {
    pub(super) template: &'static str,
    pub(super) title: String,
    pub(super) view: Vec<(&'static str, Value)>,
}

/// Everything that a page is made from, as of now.
struct Desk<'a> {
    shared: &'a Shared,
    words: &'a Words,
    sources: Sources<'a>,
    state: &'a State,
    now: Timestamp,
    letters: Vec<DeadLetter>,
    conflicts: Vec<Conflict>,
}

impl Page {
    /// The page at this address, if there may be one.
    pub(super) fn at(path: &str, query: &str) -> Option<Self> {
        let rest = path.strip_prefix("/dashboard")?;
        if rest.is_empty() || rest == "/" {
            return Some(Self::Overview);
        }
        let name = rest.strip_prefix("/sources/").filter(|name| !name.contains('/'))?;
        let name = crate::base::encode::percent_decoded(name);
        let number = crate::base::encode::pairs(query).find(|(key, _)| key == "page");
        let number = number.and_then(|(_, value)| value.parse().ok()).filter(|number| *number > 0);
        Some(Self::Source { name, number: number.unwrap_or(1) })
    }

    /// Its address.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Overview => "/dashboard".to_owned(),
            Self::Source { name, number: 1 } => source_address(name),
            Self::Source { name, number } => format!("{}?page={number}", source_address(name)),
        }
    }

    /// What it shows; nothing where there is no such source. Reads files and waits for locks.
    pub(super) fn content(&self, shared: &Shared, words: &Words) -> Result<Option<Content>> {
        let state = shared.state.borrow().clone();
        let sources = Sources::of(&shared.connectors);
        let conflicts = Conflicts::load(&shared.state_folder, &*shared.reporter)?;
        let is_open = |conflict: &&Conflict| conflict.status == ConflictStatus::Open;
        let desk = Desk {
            shared,
            words,
            sources,
            state: &state,
            now: shared.clock.now(),
            letters: shared.queues.dead_letters(),
            conflicts: conflicts.all().filter(is_open).cloned().collect(),
        };
        Ok(match self {
            Self::Overview => Some(desk.overview()),
            Self::Source { name, number } => sources.find(name).map(|name| desk.source(name, *number)),
        })
    }
}

fn error(error: &RunError) -> Map {
    entries([("entity", error.entity.as_str().into()), ("message", error.message.as_str().into())])
}

pub(super) fn source_address(name: &str) -> String {
    format!("/dashboard/sources/{}", percent(name))
}

impl Desk<'_> {
    fn overview(&self) -> Content {
        let names = self.sources.names().iter();
        let cards: List = names.map(|name| self.card(name)).collect();
        let runs = self.state.runs.iter().rev().take(RECENT);
        let rows = runs.map(|run| {
            let whole = Part {
                run,
                status: run.status,
                courses: Some(run.figures.courses_fetched),
                cursor_before: run.figures.cursor_before.as_deref(),
                cursor_after: run.figures.cursor_after.as_deref(),
            };
            self.row(&whole, None)
        });
        let rows: List = rows.collect();
        let shared = self.shared;
        let figures = shared.queues.figures();
        let number = |number: usize| Value::from(self.words.number(number as u64));
        let queue = entries([
            ("total", figures.total.into()),
            ("waiting", number(figures.pending)),
            ("processing", number(figures.processing)),
            ("dead", number(figures.failed)),
            ("oldest", self.moment(figures.oldest)),
        ]);
        let letters: Vec<&DeadLetter> = self.letters.iter().collect();
        let view = vec![
            ("health", self.health(figures.oldest)),
            ("running", self.running()),
            ("sources", cards.into()),
            ("conflicts_count", self.words.count("conflicts", self.conflicts.len() as u64).into()),
            ("has_conflicts", (!self.conflicts.is_empty()).into()),
            ("letters", self.letters(&letters)),
            ("letters_count", self.words.count("letters", letters.len() as u64).into()),
            ("queue", queue.into()),
            ("rows", rows.into()),
            ("are_several", (self.sources.names().len() > 1).into()),
            ("connector", Value::Nil),
        ];
        Content { template: "overview", title: self.words.get("overview").to_owned(), view }
    }

    fn source(&self, name: &str, number: usize) -> Content {
        let standing = self.sources.standing(&self.state.runs, name);
        let pages = standing.parts.len().div_ceil(ROWS).max(1);
        let number = number.min(pages);
        let shown = standing.parts.iter().skip((number - 1) * ROWS).take(ROWS);
        let rows: List = shown.map(|part| self.row(part, Some(name))).collect();
        let to =
            |number: usize| Value::from(Page::Source { name: name.to_owned(), number }.address() + "#runs");
        let (page_text, pages_text) = (number.to_string(), pages.to_string());
        let paging = entries([
            ("is_needed", (pages > 1).into()),
            ("newer", if number > 1 { to(number - 1) } else { Value::Nil }),
            ("older", if number < pages { to(number + 1) } else { Value::Nil }),
            ("text", self.words.say("page_of", &[("page", &page_text), ("pages", &pages_text)]).into()),
        ]);
        let conflicts = self.conflicts.iter().filter(|conflict| conflict.connector == name);
        let conflicts: List = conflicts.take(MOST).map(|conflict| self.conflict(conflict)).collect();
        let letters: Vec<&DeadLetter> = self.letters_of(name).collect();
        let last = standing.parts.iter().find(|part| part.status != RunStatus::Running);
        let view = vec![
            ("source", self.card(name).into()),
            ("running", self.running()),
            ("chart", chart::of(self.words, &standing.parts, self.now)),
            ("conflicts", conflicts.into()),
            ("letters", self.letters(&letters)),
            ("rows", rows.into()),
            ("paging", paging.into()),
            ("cursor", Value::maybe(last.and_then(|part| part.cursor_after).map(str::to_owned))),
            ("are_several", false.into()),
            ("connector", name.into()),
        ];
        Content { template: "source", title: name.to_owned(), view }
    }

    /// The sentence at the top, and its colour.
    fn health(&self, oldest: Option<Timestamp>) -> Value {
        let health = self.state.health(oldest.map(|at| self.now.duration_since(at)));
        let is_stuck = oldest.is_some_and(|at| self.now.duration_since(at) > SignedDuration::from_mins(15));
        let mut ended = self.state.runs.iter().rev().filter(|run| !run.is_running());
        let in_a_row = ended.clone().take_while(|run| run.has_failed()).count();
        let last = ended.next();
        let failing = self.sources.failing(&self.state.runs);
        let key = match (last, in_a_row) {
            _ if is_stuck => "stuck",
            (None, _) => "never",
            // However often it was tried: the others are well.
            _ if !failing.is_empty() && failing.len() < self.sources.names().len() => "source_failing",
            (Some(run), 0) if run.status == RunStatus::Partial => "partly",
            (Some(_), 0) => "all_well",
            (Some(_), 1) => "failed_once",
            (Some(_), _) => "failed_often",
        };
        let tone = match key {
            "all_well" | "never" => "good",
            "partly" | "failed_once" | "source_failing" => "odd",
            _ => "bad",
        };
        let map = entries([
            ("tone", tone.into()),
            (
                "headline",
                self.words.say(key, &[("n", &in_a_row.to_string()), ("source", &failing.join(", "))]).into(),
            ),
            ("detail", self.words.get(&format!("{key}_detail")).into()),
            ("last_success", self.moment(health.last_success)),
        ]);
        map.into()
    }

    /// The run under way.
    fn running(&self) -> Value {
        let Some(run) = self.state.last().filter(|run| run.is_running()) else { return Value::Nil };
        let step = self.shared.dashboard.progress.now();
        let stage = match step.map(|step| step.stage) {
            None => "stage_begin",
            Some(Stage::Fetch) => "stage_fetch",
            Some(Stage::Render) => "stage_render",
            Some(Stage::Write) => "stage_write",
        };
        let total = step.and_then(|step| step.total).filter(|total| *total > 0);
        let done = step.map_or(0, |step| step.done);
        let figures = match total {
            Some(total) => {
                let (done, total) = (self.words.number(done.min(total)), self.words.number(total));
                self.words.say("step_of", &[("done", &done), ("total", &total)])
            }
            None if done > 0 => self.words.count("step_done", done),
            None => String::new(),
        };
        let seconds = u64::try_from(self.now.duration_since(run.start_time).as_secs()).unwrap_or(0);
        let since = self.words.say("running_since", &[("span", &self.words.whole(seconds))]);
        let integer = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let map = entries([
            ("id", run.job_id.as_str().into()),
            ("source", self.source_name(&run.connector).into()),
            ("kind", self.words.get(&format!("type_{}", type_name(run.run_type))).into()),
            ("stage", self.words.get(stage).into()),
            ("figures", figures.into()),
            ("since", since.into()),
            ("done", integer(done.min(total.unwrap_or(done)))),
            ("total", total.map_or(Value::Nil, integer)),
        ]);
        map.into()
    }

    /// A source as a card of the overview, and at the head of its own page.
    fn card(&self, name: &str) -> Map {
        let standing: Standing<'_> = self.sources.standing(&self.state.runs, name);
        let last = standing.parts.first();
        let ended = standing.parts.iter().find(|part| part.status != RunStatus::Running);
        let state = match (last, ended) {
            (Some(last), _) if last.status == RunStatus::Running => "running",
            (_, Some(ended)) => status_name(ended.status),
            _ => "never",
        };
        let (failed, of) = standing.failures;
        let share = (failed * 100).checked_div(of).unwrap_or(0);
        let rate = match of {
            0 => self.words.get("no_value").to_owned(),
            _ => format!("{share}\u{a0}%"),
        };
        let rate_of =
            self.words.say("error_rate_of", &[("failed", &failed.to_string()), ("n", &of.to_string())]);
        let freshness = standing.last_success.map(|at| self.shared.dashboard.freshness.word(at, self.now));
        let courses =
            standing.parts.iter().find(|part| !part.has_failed() && part.status != RunStatus::Running);
        let only_named = |part: &&Part<'_>| part.courses.filter(|count| *count > 0);
        let conflicts = self.conflicts.iter().filter(|conflict| conflict.connector == name).count();
        let letters = self.letters_of(name).count();
        entries([
            ("name", name.into()),
            ("address", source_address(name).into()),
            ("state", state.into()),
            ("state_text", self.words.get(&format!("state_{state}")).into()),
            ("last_run", self.moment(last.map(|part| part.run.start_time))),
            ("last_success", self.moment(standing.last_success)),
            ("freshness", Value::maybe(freshness)),
            ("freshness_text", Value::maybe(freshness.map(|key| self.words.get(key)))),
            ("rate", rate.into()),
            ("rate_of", if of == 0 { Value::Nil } else { rate_of.into() }),
            ("is_rate_bad", (failed > 0).into()),
            ("courses", Value::maybe(courses.as_ref().and_then(only_named).map(|n| self.words.number(n)))),
            ("conflicts", conflicts.into()),
            ("conflicts_text", self.words.count("conflicts", conflicts as u64).into()),
            ("letters", letters.into()),
            ("letters_text", self.words.count("letters", letters as u64).into()),
        ])
    }

    /// A run as a row of a history; of what is said of other sources nothing is in that of one.
    fn row(&self, part: &Part<'_>, only: Option<&str>) -> Map {
        let run: &Run = part.run;
        let (figures, words) = (&run.figures, self.words);
        let is_told = |error: &&RunError| {
            let about = error.entity.strip_prefix("source ");
            only.is_none() || about.is_none() || about == only
        };
        let errors: List = figures.errors.iter().filter(is_told).map(error).collect();
        let count = errors.values().len();
        let source = self.source_name(&run.connector);
        let address = self.sources.find(&run.connector).map(source_address);
        entries([
            ("id", run.job_id.as_str().into()),
            ("when", words.moment(run.start_time, self.now)),
            ("source", source.into()),
            ("source_address", Value::maybe(address)),
            ("kind", words.get(&format!("type_{}", type_name(run.run_type))).into()),
            ("status", status_name(part.status).into()),
            ("status_text", words.get(&format!("status_{}", status_name(part.status))).into()),
            ("took", Value::maybe(run.duration_ms.map(|millis| words.span(millis)))),
            ("read", Value::maybe(part.courses.map(|number| words.number(number)))),
            ("participants", words.number(figures.participants_fetched).into()),
            ("changes", chart::told(words, run).into()),
            ("written", words.number(figures.files_generated).into()),
            ("removed", words.number(figures.files_removed).into()),
            ("before", Value::maybe(part.cursor_before.map(str::to_owned))),
            ("after", Value::maybe(part.cursor_after.map(str::to_owned))),
            ("errors", errors.into()),
            ("errors_text", words.count("errors", count as u64).into()),
            ("has_errors", (count > 0).into()),
        ])
    }

    fn source_name(&self, connector: &str) -> String {
        match self.sources.names().len() > 1 && self.sources.is_all(connector) {
            true => self.words.get("all_sources").to_owned(),
            false => connector.to_owned(),
        }
    }

    fn conflict(&self, conflict: &Conflict) -> Map {
        use crate::model::push::TextField;
        // Of results only hashes are known, and these say nothing to people.
        let is_hidden = conflict.field == TextField::Result;
        let (local, remote) = match is_hidden {
            true => (List::default(), List::default()),
            false => super::compare::pieces(&conflict.local_snapshot, &conflict.remote_snapshot),
        };
        let record = self.words.say("of_record", &[("record", &conflict.record_id)]);
        entries([
            ("id", conflict.id.as_str().into()),
            ("mark", conflict.mark().into()),
            ("field", self.words.get(&format!("field_{}", conflict.field.name())).into()),
            ("record", if is_hidden { Value::Nil } else { record.into() }),
            ("is_hidden", is_hidden.into()),
            ("local", local.into()),
            ("remote", remote.into()),
            ("seen", self.moment(Some(conflict.created_at))),
            ("remote_changed", self.moment(conflict.remote_updated_at)),
        ])
    }

    fn letters_of(&self, name: &str) -> impl Iterator<Item = &DeadLetter> {
        self.letters.iter().filter(move |letter| {
            let payload = &letter.entry.payload;
            let connector = payload.get("connector").and_then(serde_json::Value::as_str);
            self.sources.of_event(connector) == Some(name)
        })
    }

    fn letters(&self, letters: &[&DeadLetter]) -> Value {
        let shown = letters.iter().take(MOST).map(|DeadLetter { queue, entry }| {
            // What is unfolded for one letter must never come to stand at another.
            let mut mark = Hasher::new("letter");
            mark.field(queue.as_bytes()).field(entry.id.as_bytes());
            entries([
                ("id", entry.id.as_str().into()),
                ("mark", format!("{:016x}", mark.finish().short()).into()),
                ("queue", self.words.get(&format!("queue_{queue}")).into()),
                ("kind", entry.kind.as_str().into()),
                ("subject", entry.subject.as_str().into()),
                ("error", entry.error.as_deref().unwrap_or(self.words.get("unknown_error")).into()),
                ("attempts", self.words.count("attempts", entry.attempts.into()).into()),
                ("received", self.moment(Some(entry.arrived))),
            ])
        });
        shown.collect::<List>().into()
    }

    fn moment(&self, at: Option<Timestamp>) -> Value {
        at.map_or(Value::Nil, |at| self.words.moment(at, self.now))
    }
}

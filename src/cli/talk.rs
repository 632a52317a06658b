//! Everything that is printed: results on standard output, talk on standard error, progress only on a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};

use super::args::{LogFormat, TalkArguments};
use crate::base::report::{Event, Reporter, Stage};
use crate::error::Error;

/// How loud to be, and in which form.
#[derive(Clone)]
pub(super) struct Talk {
    level: Level,
    json: bool,
    progress: Arc<Progress>,
    /// Who writes for machines, where somebody does.
    logs: Option<Arc<dyn Reporter>>,
    warnings: Arc<Mutex<Warnings>>,
}

/// What was warned of, for machines.
#[derive(Debug, Default)]
struct Warnings {
    told: Vec<String>,
    /// How many more there were.
    more: usize,
}

impl Warnings {
    /// A program that runs for long must not keep all of them.
    const MOST: usize = 1_000;

    fn push(&mut self, message: &str) {
        if self.told.len() < Self::MOST {
            self.told.push(message.to_owned());
        } else {
            self.more += 1;
        }
    }

    /// All of them, which are forgotten.
    fn take(&mut self) -> Vec<String> {
        let Self { mut told, more } = std::mem::take(self);
        if more > 0 {
            told.push(format!("… and {more} more"));
        }
        told
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Quiet,
    Normal,
    Verbose,
}

impl Talk {
    pub(super) fn new(arguments: &TalkArguments) -> Self {
        let level = match arguments {
            TalkArguments { quiet: true, .. } => Level::Quiet,
            TalkArguments { verbose: true, .. } => Level::Verbose,
            _ => Level::Normal,
        };
        let shown = level > Level::Quiet
            && !arguments.json
            && arguments.log == LogFormat::Text
            && std::io::stderr().is_terminal();
        let progress = Arc::new(Progress { shown, bar: Mutex::new(None) });
        let logs = (arguments.log == LogFormat::Json)
            .then(|| super::logs::start(level == Level::Verbose, level == Level::Quiet));
        Self { level, json: arguments.json, progress, logs, warnings: Arc::default() }
    }

    /// Who listens to a run.
    pub(super) fn reporter(&self) -> Arc<dyn Reporter> {
        Arc::new(self.clone())
    }

    /// Whether what is said is kept in logs: no place for what is to be seen once.
    pub(super) fn is_logged(&self) -> bool {
        self.logs.is_some()
    }

    /// Takes the progress bar away.
    pub(super) fn finish(&self) {
        self.progress.set(None);
    }

    /// Whether machines read what is said.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// The result: a line for people or an object for machines.
    pub(super) fn result(&self, line: impl FnOnce() -> String, json: impl FnOnce() -> serde_json::Value) {
        // Whoever closed the pipe has read all they wanted.
        let mut out = anstream::stdout();
        if self.json {
            let _ = writeln!(out, "{}", self.with_warnings(json()));
        } else if self.level > Level::Quiet {
            let line = line();
            // An empty list has no lines, not an empty one.
            if !line.is_empty() {
                let _ = writeln!(out, "{line}");
            }
        }
    }

    /// The object for machines, with what was warned of on the way to it.
    fn with_warnings(&self, mut object: serde_json::Value) -> serde_json::Value {
        if let Some(fields) = object.as_object_mut() {
            let warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner).take();
            fields.insert("warnings".to_owned(), warnings.into());
        }
        object
    }

    /// One line of a list that was asked for: on standard error, so that the result stands alone.
    pub(super) fn line(&self, text: &str) {
        self.progress.aside(|| {
            let _ = writeln!(anstream::stderr(), "{text}");
        });
    }

    /// A remark that is no warning.
    pub(super) fn note(&self, message: &str) {
        if self.level > Level::Quiet {
            self.say("note", AnsiColor::Cyan.on_default(), message);
        }
    }

    /// An error with its hints and causes; as an object on standard output where machines read it.
    pub(super) fn error(&self, error: &Error, code: u8) {
        self.finish();
        if self.json {
            let mut out = anstream::stdout();
            let object = serde_json::json!({
                "ok": false,
                "exitCode": code,
                "error": {
                    "kind": format!("{:?}", error.kind()),
                    "message": error.message(),
                    "hints": error.hints(),
                },
            });
            let _ = writeln!(out, "{}", self.with_warnings(object));
        }
        self.problem(error.message(), error.hints());
    }

    /// An error that does not end the program.
    pub(super) fn problem(&self, message: &str, hints: &[String]) {
        self.say("error", AnsiColor::Red.on_default().bold(), message);
        for hint in hints {
            self.say(" hint", AnsiColor::Green.on_default(), hint);
        }
    }

    fn say(&self, label: &str, style: Style, message: &str) {
        if let Some(logs) = &self.logs {
            return match label {
                "warning" => logs.warn(message),
                "error" => super::logs::error(message),
                _ => super::logs::note(message),
            };
        }
        self.progress.aside(|| {
            let _ = writeln!(anstream::stderr(), "{style}{label}{style:#}: {message}");
        });
    }
}

impl Reporter for Talk {
    fn begin(&self, stage: Stage, total: Option<u64>) {
        let verb = match stage {
            Stage::Fetch => "asking the source",
            Stage::Render => "rendering",
            Stage::Write => "writing",
        };
        self.progress.begin(verb, total);
    }

    fn advance(&self, steps: u64) {
        self.progress.advance(steps);
    }

    fn warn(&self, message: &str) {
        if self.json {
            self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        }
        self.say("warning", AnsiColor::Yellow.on_default().bold(), message);
    }

    fn warn_again(&self, message: &str) {
        // A mail from cron each half hour is no longer read when something new is in it.
        if self.level > Level::Quiet || self.json {
            self.warn(message);
        }
    }

    fn event(&self, event: &Event<'_>) {
        match &self.logs {
            Some(logs) => logs.event(event),
            None if event.is_warning => self.warn(&event.to_string()),
            None => self.detail(&event.to_string()),
        }
    }

    fn wants_details(&self) -> bool {
        self.logs.as_ref().map_or(self.level == Level::Verbose, |logs| logs.wants_details())
    }

    fn detail(&self, message: &str) {
        if let Some(logs) = &self.logs {
            logs.detail(message);
        } else if self.level == Level::Verbose {
            self.progress.aside(|| {
                let _ = writeln!(anstream::stderr(), "{message}");
            });
        }
    }
}

#[derive(Debug)]
struct Progress {
    shown: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Progress {
    fn set(&self, bar: Option<ProgressBar>) {
        let mut present = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = std::mem::replace(&mut *present, bar) {
            old.finish_and_clear();
        }
    }

    fn begin(&self, verb: &'static str, total: Option<u64>) {
        if !self.shown {
            return;
        }
        let (bar, template) = match total {
            Some(total) => (ProgressBar::new(total), "{msg:>18} [{bar:30}] {pos}/{len}"),
            None => (ProgressBar::new_spinner(), "{msg:>18} {spinner} {pos}"),
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.set(Some(bar.with_style(style.progress_chars("=> ")).with_message(verb)));
    }

    fn advance(&self, steps: u64) {
        if !self.shown {
            return;
        }
        if let Some(bar) = &*self.bar.lock().unwrap_or_else(PoisonError::into_inner) {
            bar.inc(steps);
        }
    }

    /// Prints beside the bar.
    fn aside(&self, print: impl FnOnce()) {
        match &*self.bar.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

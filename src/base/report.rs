//! How the library tells what it is doing. It never prints: the command line (or a test) listens.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

/// The parts of a run that take time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Asking the source.
    Fetch,
    /// Rendering pages.
    Render,
    /// Writing files.
    Write,
}

/// Something that happened. What is not known is left out; nothing personal and no secret is in it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Event<'a> {
    /// What: `request`, `sync began`.
    pub what: &'a str,
    /// Whether a person should look at it.
    pub is_warning: bool,
    /// The id of the request.
    pub request_id: Option<&'a str>,
    /// The id of the run.
    pub job_id: Option<&'a str>,
    /// The method of the request.
    pub method: Option<&'a str>,
    /// The path of the request, without its query.
    pub path: Option<&'a str>,
    /// The status of an answer or of a run.
    pub status: Option<&'a str>,
    /// Milliseconds that it took.
    pub millis: Option<u64>,
}

/// The line for people.
impl std::fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut words: Vec<String> = Vec::new();
        words.extend(self.request_id.or(self.job_id).map(str::to_owned));
        words.push(self.method.unwrap_or(self.what).to_owned());
        words.extend(self.path.map(|path| format!("{path:?}")));
        words.extend(self.status.map(str::to_owned));
        words.extend(self.millis.map(|millis| format!("{millis} ms")));
        f.write_str(&words.join(" "))
    }
}

/// Listens to a run. Calls come from several threads.
pub trait Reporter: Send + Sync {
    /// A stage begins; `total` steps are expected, where that is known.
    fn begin(&self, stage: Stage, total: Option<u64>);

    /// `steps` more steps of the present stage are done.
    fn advance(&self, steps: u64);

    /// Something that a person should look at, although the run goes on.
    fn warn(&self, message: &str);

    /// The same, where the last run said it already: whoever wants to hear of news alone need not hear it again.
    fn warn_again(&self, message: &str) {
        self.warn(message);
    }

    /// Something that helps to follow a run (`-v`).
    fn detail(&self, message: &str);

    /// Something that happened, with facts that machines look for.
    fn event(&self, event: &Event<'_>) {
        if event.is_warning {
            self.warn(&event.to_string());
        } else {
            self.detail(&event.to_string());
        }
    }

    /// Whether anybody reads the details: whoever has many of them need not write them otherwise.
    fn wants_details(&self) -> bool {
        true
    }
}

/// Says the same thing once a minute at most: a disk that is full is so at every attempt.
#[derive(Debug, Default)]
pub struct Sparing {
    said: Mutex<BTreeMap<&'static str, (Duration, u64)>>,
}

impl Sparing {
    /// How long the same thing is not said again.
    const PAUSE: Duration = Duration::from_secs(60);

    /// Warns of a thing, `elapsed` being the time by a clock that does not go back. What was not said meanwhile is counted.
    pub fn warn(&self, reporter: &dyn Reporter, thing: &'static str, message: &str, elapsed: Duration) {
        let mut said = self.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let unsaid = match said.get_mut(thing) {
            Some((since, unsaid)) if elapsed.saturating_sub(*since) < Self::PAUSE => {
                *unsaid += 1;
                return;
            }
            known => known.map_or(0, |(_, unsaid)| *unsaid),
        };
        said.insert(thing, (elapsed, 0));
        drop(said);
        match unsaid {
            0 => reporter.warn(message),
            more => reporter.warn(&format!("{message} ({more} times more since this was last said)")),
        }
    }
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn wants_details(&self) -> bool {
        false
    }

    fn begin(&self, _: Stage, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn warn(&self, _: &str) {}
    fn detail(&self, _: &str) {}
}

/// Keeps the warnings, for tests and for reports.
#[derive(Debug, Default)]
pub struct Collected {
    warnings: Mutex<Vec<String>>,
}

impl Collected {
    /// The warnings so far.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl Reporter for Collected {
    fn begin(&self, _: Stage, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn warn(&self, message: &str) {
        self.warnings.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(message.to_owned());
    }
    fn detail(&self, _: &str) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_said_once_a_minute_with_a_count() {
        let (sparing, told) = (Sparing::default(), Collected::default());
        for second in 0..150 {
            sparing.warn(&told, "disk", "the disk is full", Duration::from_secs(second));
        }
        sparing.warn(&told, "other", "something else", Duration::from_secs(3));
        assert_eq!(
            told.warnings(),
            [
                "the disk is full",
                "the disk is full (59 times more since this was last said)",
                "the disk is full (59 times more since this was last said)",
                "something else"
            ]
        );
    }
}

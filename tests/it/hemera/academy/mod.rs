//! A Hemera without a network: the routes that a pull uses, asked in-process on the clock of the test. Where the
//! stand-in on loopback (`tests/support`) is true to the service, this one is quick and at the mercy of the test: it
//! knows every order among equal dates, and lets the catalogue change between two requests.

mod answer;
mod data;
mod direct;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aither::base::clock::SharedClock;
use serde_json::Value;

pub(crate) use self::answer::Asked;
pub(crate) use self::data::{Course, courses};
pub(crate) use self::direct::Direct;

/// The key that is taken unless a test sets another.
pub(crate) const DEMO_KEY: &str = "key-of-the-academy-in-the-tests-0001";

/// The span of the server's rate limit.
const WINDOW: Duration = Duration::from_secs(60);

/// An academy: courses, bookings, and the rules of the service.
pub(crate) struct Academy {
    state: Mutex<State>,
    clock: SharedClock,
}

/// Everything about the academy that can be changed while it runs.
pub(crate) struct State {
    /// The key that is taken.
    pub(crate) key: String,
    /// The courses, in no order.
    pub(crate) courses: Vec<Course>,
    /// The templates, once the route is deployed.
    pub(crate) templates: Option<Vec<Value>>,
    /// The order among courses of one date.
    pub(crate) ties: Ties,
    /// Whether `data` is wrapped: `{courses,total}`, `{course}`, `{participation}`.
    pub(crate) wrapped: bool,
    /// Whether the list begins at its first row, whatever was asked for.
    pub(crate) ignores_offset: bool,
    /// The most rows that are really handed out at once, whatever is asked for.
    pub(crate) page_cap: usize,
    /// A `total` that is not the number of courses.
    pub(crate) wrong_total: Option<usize>,
    /// Rows that stand at the end of the list, whatever they are.
    pub(crate) extra_rows: Vec<Value>,
    /// Whether answers carry an `ETag`, and `If-None-Match` is heeded.
    pub(crate) etags: bool,
    /// Requests in 60 seconds.
    pub(crate) rate_limit: u32,
    /// What goes wrong.
    pub(crate) faults: Faults,
    /// Changes the academy just before the request of this number (from 1) is answered: for what happens between two.
    pub(crate) meanwhile: Option<Meanwhile>,
    /// All requests so far.
    pub(crate) log: Vec<Logged>,
    window: (Duration, u32),
    random: fastrand::Rng,
    turn: usize,
}

/// What happens to the courses before the request of a number is answered.
pub(crate) type Meanwhile = (usize, Box<dyn FnOnce(&mut Vec<Course>) + Send>);

/// The order among courses of one date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ties {
    /// Another one at every request.
    Shuffled,
    /// Forwards and backwards by turns.
    Reversed,
    /// Moved on by so many places at every request.
    Rotated(usize),
    /// Always the same.
    Stable,
}

/// What goes wrong. All that is set goes wrong at every request that `only` allows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    /// Only below paths that begin like this, after `/api/service`.
    pub(crate) only: Option<String>,
    /// Every answer takes so long.
    pub(crate) delay: Duration,
    /// Every nth request fails with 500.
    pub(crate) fail_every: Option<usize>,
    /// The next so many requests fail.
    pub(crate) fail_next: usize,
    /// With this status instead of 500; each with the body that Hemera has for it.
    pub(crate) status: Option<u16>,
    /// The connection ends in the middle of the body.
    pub(crate) cut_off: bool,
    /// The JSON ends in the middle, although the answer is whole.
    pub(crate) half_json: bool,
    /// The body is noise.
    pub(crate) garbage: bool,
    /// The body is a web page, with status 200.
    pub(crate) html: bool,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Logged {
    /// Path and query.
    pub(crate) target: String,
    pub(crate) status: u16,
    /// When, by the academy's clock.
    pub(crate) at: Duration,
}

impl Academy {
    /// An academy with these courses.
    pub(crate) fn new(courses: Vec<Course>, clock: SharedClock) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                key: DEMO_KEY.to_owned(),
                courses,
                templates: None,
                ties: Ties::Shuffled,
                wrapped: false,
                ignores_offset: false,
                page_cap: usize::MAX,
                wrong_total: None,
                extra_rows: Vec::new(),
                etags: false,
                rate_limit: 100,
                faults: Faults::default(),
                meanwhile: None,
                log: Vec::new(),
                window: (Duration::ZERO, 0),
                random: fastrand::Rng::with_seed(7),
                turn: 0,
            }),
            clock,
        })
    }

    /// The state, to look at and to change.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many requests came for paths that begin like this, after `/api/service`.
    pub(crate) fn count(&self, path: &str) -> usize {
        let path = format!("/api/service{path}");
        self.state().log.iter().filter(|logged| logged.target.starts_with(&path)).count()
    }
}

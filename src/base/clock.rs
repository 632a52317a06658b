//! Time as an input: the program asks a [`Clock`], so that tests decide what time it is and nothing sleeps there.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Where the program gets the time from, and how it waits.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Time since some fixed point of this process, for measuring spans. Never goes back.
    fn elapsed(&self) -> Duration;

    /// Waits. A test's clock moves itself forward and returns at once.
    fn sleep(&self, span: Duration);
}

/// A clock that can be handed around.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// The machine's clock, with its monotonic part starting now.
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that really sleeps")]
    fn sleep(&self, span: Duration) {
        std::thread::sleep(span);
    }
}

/// A clock that shows a given wall time (`build --at TIME`), while spans and waiting stay real.
#[derive(Debug)]
pub struct ShiftedClock {
    at: Timestamp,
    real: SystemClock,
}

impl ShiftedClock {
    /// A clock that always answers `at`.
    pub fn new(at: Timestamp) -> Self {
        Self { at, real: SystemClock::new() }
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        self.at
    }

    fn elapsed(&self) -> Duration {
        self.real.elapsed()
    }

    fn sleep(&self, span: Duration) {
        self.real.sleep(span);
    }
}

/// A clock for tests: stands still until it is told to wait or to move.
#[derive(Debug)]
pub struct ManualClock {
    state: Mutex<(Timestamp, Duration)>,
}

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { state: Mutex::new((now, Duration::ZERO)) }
    }

    /// Moves both the wall time and the span forward.
    pub fn advance(&self, span: Duration) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.0 = state
            .0
            .saturating_add(jiff::SignedDuration::try_from(span).unwrap_or(jiff::SignedDuration::MAX))
            .unwrap_or(Timestamp::MAX);
        state.1 += span;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).0
    }

    fn elapsed(&self) -> Duration {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).1
    }

    fn sleep(&self, span: Duration) {
        self.advance(span);
    }
}

//! Trying again: exponential backoff with full jitter, inside a deadline.

use std::time::Duration;

use super::clock::{Clock, SharedClock};

/// A moment by which something has to be over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(Duration);

impl Deadline {
    /// `span` from now.
    pub fn after(span: Duration, clock: &dyn Clock) -> Self {
        Self(clock.elapsed().saturating_add(span))
    }

    /// The time that is left; zero when it is over.
    pub fn left(self, clock: &dyn Clock) -> Duration {
        self.0.saturating_sub(clock.elapsed())
    }

    /// Whether there is time for a wait of this length, and something to be done after it.
    pub fn allows(self, wait: Duration, clock: &dyn Clock) -> bool {
        wait < self.left(clock)
    }
}

/// How often and how patiently to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// How many times, after the first.
    pub retries: u32,
    /// The longest first wait.
    pub first: Duration,
    /// The longest wait of all.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { retries: 3, first: Duration::from_secs(1), longest: Duration::from_secs(30) }
    }
}

impl Backoff {
    /// The longest wait before retry number `retry`, counted from zero.
    pub fn ceiling(&self, retry: u32) -> Duration {
        self.first.saturating_mul(2_u32.saturating_pow(retry)).min(self.longest)
    }
}

impl Backoff {
    /// Full jitter: anything up to the ceiling, so that clients that failed together do not come back together.
    pub fn jittered(&self, retry: u32, random: &mut fastrand::Rng) -> Duration {
        let ceiling = self.ceiling(retry);
        Duration::from_nanos(random.u64(0..=u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// How one attempt ended.
#[derive(Debug)]
pub enum Attempt<T, E> {
    /// It is done.
    Done(T),
    /// It may work later; `after` is how long the other side asks to wait.
    Again {
        /// What went wrong this time.
        error: E,
        /// How long the other side asks to wait, if it does.
        after: Option<Duration>,
    },
    /// It will not work.
    Failed(E),
}

/// There will be no further attempt.
#[derive(Debug)]
pub struct GaveUp<E> {
    /// What went wrong at the last attempt.
    pub error: E,
    /// How many attempts there were.
    pub attempts: u32,
    /// The wait for which there was no time left, where that is the reason.
    pub no_time_for: Option<Duration>,
}

/// Tries again, with a clock and a source of randomness that are given to it.
pub struct Retry {
    backoff: Backoff,
    clock: SharedClock,
    random: fastrand::Rng,
}

impl std::fmt::Debug for Retry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Retry").field("backoff", &self.backoff).finish()
    }
}

impl Retry {
    /// A way of trying again.
    pub fn new(backoff: Backoff, clock: SharedClock, random: fastrand::Rng) -> Self {
        Self { backoff, clock, random }
    }

    fn jitter(&mut self, retry: u32) -> Duration {
        self.backoff.jittered(retry, &mut self.random)
    }

    /// Runs `attempt` until it is done, has failed, or the retries or the time are used up. A wait that would go past
    /// the deadline is not begun: its end is known, and whoever waits for us should know it too.
    pub fn run<T, E>(
        &mut self,
        deadline: Deadline,
        mut attempt: impl FnMut() -> Attempt<T, E>,
    ) -> Result<T, GaveUp<E>> {
        let mut attempts = 0;
        loop {
            let (error, after) = match attempt() {
                Attempt::Done(value) => return Ok(value),
                Attempt::Failed(error) => {
                    return Err(GaveUp { error, attempts: attempts + 1, no_time_for: None });
                }
                Attempt::Again { error, after } => (error, after),
            };
            attempts += 1;
            if attempts > self.backoff.retries {
                return Err(GaveUp { error, attempts, no_time_for: None });
            }
            // "After nothing" would be a tight loop.
            let wait = after.filter(|wait| !wait.is_zero()).unwrap_or_else(|| self.jitter(attempts - 1));
            if !deadline.allows(wait, &*self.clock) {
                return Err(GaveUp { error, attempts, no_time_for: Some(wait) });
            }
            self.clock.sleep(wait);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::base::clock::ManualClock;

    fn retry(retries: u32, seed: u64) -> (Arc<ManualClock>, Retry) {
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        let backoff = Backoff { retries, ..Backoff::default() };
        (clock.clone(), Retry::new(backoff, clock, fastrand::Rng::with_seed(seed)))
    }

    fn again(after: Option<Duration>) -> Attempt<(), &'static str> {
        Attempt::Again { error: "ill", after }
    }

    #[test]
    fn the_ceiling_doubles_from_one_second_to_thirty() {
        let seconds: Vec<_> = (0..8).map(|n| Backoff::default().ceiling(n).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(Backoff::default().ceiling(u32::MAX), Duration::from_secs(30));
    }

    #[test]
    fn waits_are_spread_over_the_whole_range() {
        let waits: Vec<_> = (0..200)
            .map(|seed| {
                let (clock, mut retry) = retry(1, seed);
                assert!(retry.run(Deadline::after(WHOLE, &*clock), || again(None)).is_err());
                clock.elapsed()
            })
            .collect();
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(1)));
        assert!(waits.iter().any(|wait| *wait < Duration::from_millis(100)));
        assert!(waits.iter().any(|wait| *wait > Duration::from_millis(900)));
    }

    const WHOLE: Duration = Duration::from_secs(3600);

    #[test]
    fn it_tries_as_often_as_it_is_told_and_stops_at_success() {
        let (clock, mut three) = retry(3, 7);
        let deadline = Deadline::after(WHOLE, &*clock);
        let gave_up = three.run(deadline, || again(None)).unwrap_err();
        assert_eq!((gave_up.attempts, gave_up.no_time_for), (4, None));
        assert!(clock.elapsed() <= Duration::from_secs(1 + 2 + 4));
        let mut left = 2;
        let done = three.run(deadline, || {
            left -= 1;
            if left == 0 { Attempt::Done(()) } else { again(None) }
        });
        assert!(done.is_ok());
        let failed = three.run(deadline, || Attempt::<(), _>::Failed("no")).unwrap_err();
        assert_eq!((failed.attempts, failed.error), (1, "no"));
    }

    #[test]
    fn the_other_sides_wish_replaces_the_jitter() {
        let (clock, mut one) = retry(1, 7);
        let _ = one.run(Deadline::after(WHOLE, &*clock), || again(Some(Duration::from_secs(46))));
        assert_eq!(clock.elapsed(), Duration::from_secs(46));
    }

    #[test]
    fn a_wait_past_the_deadline_is_not_begun() {
        let (clock, mut many) = retry(9, 7);
        let wish = Duration::from_secs(61);
        let gave_up =
            many.run(Deadline::after(Duration::from_secs(60), &*clock), || again(Some(wish))).unwrap_err();
        assert_eq!((gave_up.attempts, gave_up.no_time_for), (1, Some(wish)));
        assert_eq!(clock.elapsed(), Duration::ZERO);
    }
}

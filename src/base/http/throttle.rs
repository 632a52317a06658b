//! Our own limit on requests, below the server's, and the server's word on what is left.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use super::Headers;
use crate::base::clock::SharedClock;

/// The span that limits are about, the server's and ours.
pub const WINDOW: Duration = Duration::from_secs(60);

/// Counts requests so that no 60 seconds, wherever they begin, hold more than a given number of them.
///
/// The server counts in windows of its own that begin anywhere, so a limit on every window of ours is also one on
/// each of the server's. Others may use the same key: what the server says is left can be less than what we think.
pub struct Throttle {
    per_minute: u32,
    clock: SharedClock,
    /// The requests of the last minute, by the time at which they were over.
    sent: VecDeque<Duration>,
    /// The server's limit, less a tenth for the others.
    server_limit: Option<u32>,
    /// That tenth.
    reserve: u32,
    left: Option<Left>,
    /// Nothing may be sent before this moment.
    not_before: Duration,
}

/// What the server says is left until some moment.
#[derive(Debug)]
struct Left {
    requests: u32,
    until: Duration,
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle").field("sent", &self.sent.len()).field("left", &self.left).finish()
    }
}

impl Throttle {
    /// A limit of `per_minute` requests, of which at least one is allowed.
    pub fn new(per_minute: u32, clock: SharedClock) -> Self {
        Self {
            per_minute: per_minute.max(1),
            clock,
            sent: VecDeque::new(),
            server_limit: None,
            reserve: 0,
            left: None,
            not_before: Duration::ZERO,
        }
    }

    fn limit(&self) -> usize {
        self.server_limit.map_or(self.per_minute, |limit| limit.min(self.per_minute)) as usize
    }

    fn forget(&mut self) -> Duration {
        let now = self.clock.elapsed();
        while self.sent.front().is_some_and(|&at| now.saturating_sub(at) >= WINDOW) {
            self.sent.pop_front();
        }
        if self.left.as_ref().is_some_and(|left| left.until <= now) {
            self.left = None;
        }
        now
    }

    /// How long to wait before the next request may go; zero is now.
    pub fn wait(&mut self) -> Duration {
        let now = self.forget();
        let mut at = self.not_before;
        if let Some(nth) = self.sent.len().checked_sub(self.limit()) {
            at = at.max(self.sent[nth] + WINDOW);
        }
        if let Some(left) = self.left.as_ref().filter(|left| left.requests == 0) {
            at = at.max(left.until);
        }
        at.saturating_sub(now)
    }

    /// How many requests may go now, one after the other, without a wait.
    pub fn allowance(&mut self) -> u32 {
        let now = self.forget();
        if self.not_before > now {
            return 0;
        }
        let own = self.limit().saturating_sub(self.sent.len());
        let own = u32::try_from(own).unwrap_or(u32::MAX);
        self.left.as_ref().map_or(own, |left| left.requests.min(own))
    }

    /// How many of these may be spent on what can be left out. A tenth of each limit is kept: whoever comes next with
    /// the same key, be it ourselves a moment later, should not have to wait for what cannot be left out.
    pub fn spare(&mut self) -> u32 {
        let now = self.forget();
        let limit = self.limit();
        let own = (limit - limit / 10).saturating_sub(self.sent.len());
        let own = u32::try_from(own).unwrap_or(u32::MAX);
        let reserve = self.reserve;
        match &self.left {
            _ if self.not_before > now => 0,
            Some(left) => left.requests.saturating_sub(reserve).min(own),
            None => own,
        }
    }

    /// Counts a request that goes now.
    pub fn sent(&mut self) {
        let now = self.forget();
        self.sent.push_back(now);
        if let Some(left) = &mut self.left {
            left.requests = left.requests.saturating_sub(1);
        }
    }

    /// The request is over, with or without an answer. The server may have counted it as late as now.
    pub fn over(&mut self) {
        let now = self.clock.elapsed();
        if let Some(last) = self.sent.back_mut() {
            *last = now;
        }
    }

    /// Learns from an answer's `X-RateLimit-Limit`, `-Remaining`, `-Reset` (unix seconds), and `Retry-After` where
    /// `refused` says that the server did not serve for the number of requests.
    pub fn heard(&mut self, headers: &Headers, refused: bool) {
        let now = self.clock.elapsed();
        if let Some(limit) = headers.number("x-ratelimit-limit").and_then(|limit| u32::try_from(limit).ok()) {
            // A limit of nothing would mean that this answer cannot be.
            self.server_limit = (limit > 0).then_some(limit - limit / 10);
            self.reserve = limit / 10;
        }
        if let (Some(requests), Some(reset)) =
            (headers.number("x-ratelimit-remaining"), headers.number("x-ratelimit-reset"))
        {
            // By the server's clock where it shows it, so that a clock that is wrong does no harm; and no window is
            // longer than a minute, whatever the header says.
            let today = headers.date().unwrap_or_else(|| self.clock.now()).as_second();
            let span = i64::try_from(reset).unwrap_or(i64::MAX).saturating_sub(today);
            self.left = u64::try_from(span).ok().filter(|span| *span > 0).map(|span| Left {
                requests: u32::try_from(requests).unwrap_or(u32::MAX),
                until: now + Duration::from_secs(span).min(WINDOW),
            });
        }
        if refused && let Some(wait) = headers.retry_after(self.clock.now()) {
            self.not_before = self.not_before.max(now + wait);
            // What was left belongs to a window that the server has just declared closed.
            self.left = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::base::clock::{Clock, ManualClock};

    fn at_epoch(per_minute: u32) -> (Arc<ManualClock>, Throttle) {
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        (clock.clone(), Throttle::new(per_minute, clock))
    }

    fn headers(limit: &str, remaining: &str, reset: &str) -> Headers {
        [("X-RateLimit-Limit", limit), ("X-RateLimit-Remaining", remaining), ("X-RateLimit-Reset", reset)]
            .into_iter()
            .collect()
    }

    #[test]
    fn no_sixty_seconds_hold_more_than_the_limit() {
        let (clock, mut throttle) = at_epoch(90);
        let mut times = Vec::new();
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..500 {
            clock.sleep(throttle.wait());
            throttle.sent();
            clock.advance(Duration::from_millis(random.u64(0..700)));
            throttle.over();
            times.push(clock.elapsed());
        }
        for (i, &time) in times.iter().enumerate() {
            let inside = times[i..].iter().take_while(|&&t| t - time < WINDOW).count();
            assert!(inside <= 90, "{inside} from {time:?}");
        }
        assert!(times.last().is_some_and(|last| *last < WINDOW * 6), "and it does not dawdle");
    }

    #[test]
    fn the_servers_word_counts_when_it_is_less() {
        let (clock, mut throttle) = at_epoch(90);
        assert_eq!(throttle.allowance(), 90);
        throttle.sent();
        throttle.heard(&headers("100", "3", "20"), false);
        assert_eq!(throttle.allowance(), 3, "somebody else used up the rest");
        (0..3).for_each(|_| throttle.sent());
        assert_eq!((throttle.allowance(), throttle.wait()), (0, Duration::from_secs(20)));
        clock.advance(Duration::from_secs(20));
        assert_eq!((throttle.allowance(), throttle.wait()), (86, Duration::ZERO));
        throttle.heard(&headers("50", "49", "80"), false);
        assert_eq!(throttle.allowance(), 45 - 4, "a lower limit than was thought");
    }

    #[test]
    fn a_tenth_is_kept_for_what_cannot_be_left_out() {
        let (_, mut throttle) = at_epoch(90);
        assert_eq!(throttle.spare(), 81);
        (0..81).for_each(|_| throttle.sent());
        assert_eq!((throttle.spare(), throttle.allowance()), (0, 9));
        let (_, mut fresh) = at_epoch(90);
        fresh.heard(&headers("100", "12", "20"), false);
        assert_eq!((fresh.spare(), fresh.allowance()), (2, 12));
        fresh.heard(&headers("100", "9", "20"), false);
        assert_eq!((fresh.spare(), fresh.allowance()), (0, 9));
    }

    #[test]
    fn absurd_headers_do_no_harm() {
        let (_, mut throttle) = at_epoch(90);
        throttle.heard(&headers("100", "0", "99999999999"), false);
        assert_eq!(throttle.wait(), WINDOW, "a reset in a thousand years is one in a minute");
        throttle.heard(&headers("0", "0", "0"), false);
        assert_eq!(
            (throttle.allowance(), throttle.wait()),
            (90, Duration::ZERO),
            "a reset that is over is none"
        );
        throttle.heard(&headers("many", "-1", "18446744073709551615"), false);
        assert_eq!(throttle.allowance(), 90);
        throttle.heard(&headers("100", "18446744073709551615", "18446744073709551615"), false);
        assert_eq!(throttle.allowance(), 90);
    }

    #[test]
    fn a_wrong_clock_on_this_side_does_not_lengthen_the_wait() {
        let (_, mut throttle) = at_epoch(90);
        let captured: Headers = [
            ("x-ratelimit-limit", "100"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1795224470"),
            ("Date", "Sat, 21 Nov 2026 01:27:22 GMT"),
        ]
        .into_iter()
        .collect();
        throttle.heard(&captured, false);
        assert_eq!(throttle.wait(), Duration::from_secs(28));
    }

    #[test]
    fn after_a_429_nothing_goes_before_retry_after() {
        let (clock, mut throttle) = at_epoch(90);
        throttle.sent();
        throttle.heard(&[("Retry-After", "46")].into_iter().collect(), true);
        assert_eq!((throttle.allowance(), throttle.wait()), (0, Duration::from_secs(46)));
        clock.advance(Duration::from_secs(46));
        assert_eq!(throttle.wait(), Duration::ZERO);
    }
}

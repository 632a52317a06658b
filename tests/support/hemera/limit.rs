//! The rate limit: a fixed window that opens with its first request.

use jiff::{SignedDuration, Timestamp};

const WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// The window that runs, if any.
#[derive(Debug, Default)]
pub(crate) struct Window {
    ends: Option<Timestamp>,
    used: u64,
}

/// Where a request stands in its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
    /// The end of the window in whole unix seconds, rounded up: whoever waits for it never comes too early.
    pub(crate) reset: i64,
    /// Whole seconds to wait, when the request is one too many.
    pub(crate) retry_after: Option<u64>,
}

impl Window {
    /// Counts one request. A refused one does not count: the window is full already.
    pub(crate) fn take(&mut self, now: Timestamp, limit: u64) -> Standing {
        let ends = match self.ends {
            Some(ends) if now < ends => ends,
            _ => {
                self.used = 0;
                now.checked_add(WINDOW).unwrap_or(Timestamp::MAX)
            }
        };
        self.ends = Some(ends);
        let refused = self.used >= limit;
        if !refused {
            self.used += 1;
        }
        Standing {
            limit,
            remaining: limit.saturating_sub(self.used),
            reset: whole_seconds(ends.as_millisecond()),
            retry_after: refused
                .then(|| whole_seconds(ends.as_millisecond() - now.as_millisecond()).max(1).unsigned_abs()),
        }
    }
}

fn whole_seconds(milliseconds: i64) -> i64 {
    milliseconds.div_euclid(1000) + i64::from(milliseconds.rem_euclid(1000) > 0)
}

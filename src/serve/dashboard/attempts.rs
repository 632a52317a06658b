//! How often somebody may try a token: from one address, and all together.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So many wrong tokens at once, and then one in each period.
#[derive(Debug, Clone, Copy)]
struct Rate {
    burst: u32,
    period: Duration,
}

const ONE: Rate = Rate { burst: 5, period: Duration::from_secs(60) };
const ALL: Rate = Rate { burst: 50, period: Duration::from_secs(6) };

/// Addresses that are remembered, at most; further ones share the limit of all.
const REMEMBERED: usize = 4_096;
/// Addresses that have signed in, at most: a flood from elsewhere does not keep these out.
const KNOWN: usize = 64;

impl Rate {
    /// Takes one, or says how long to wait. `until` is when all that were taken have been made up for.
    fn take(self, until: &mut Duration, now: Duration) -> Result<(), Duration> {
        let from = (*until).max(now);
        let limit = now + self.period * (self.burst - 1);
        if from > limit {
            return Err(from - limit);
        }
        *until = from + self.period;
        Ok(())
    }

    fn give_back(self, until: &mut Duration) {
        *until = until.saturating_sub(self.period);
    }
}

/// The wrong tokens of late.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    by_address: HashMap<IpAddr, Duration>,
    all: Duration,
    known: VecDeque<IpAddr>,
    /// Until then there was word of refusals.
    told: Duration,
}

/// How often there is word of refusals.
const WORD: Duration = Duration::from_secs(60);

impl Attempts {
    /// Whether somebody has to hear of a refusal: a flood must not fill the log.
    pub(super) fn is_news(&self, now: Duration) -> bool {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = inner.told <= now;
        if is_news {
            inner.told = now + WORD;
        }
        is_news
    }

    /// An attempt from this address begins; where there were too many, it does not, and this is how long to wait.
    pub(super) fn begin(&self, address: IpAddr, now: Duration) -> Result<(), Duration> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.by_address.len() >= REMEMBERED {
            inner.by_address.retain(|_, until| *until > now);
        }
        let Inner { by_address, all, known, .. } = &mut *inner;
        if by_address.len() < REMEMBERED || by_address.contains_key(&address) {
            ONE.take(by_address.entry(address).or_default(), now)?;
        }
        if known.contains(&address) { Ok(()) } else { ALL.take(all, now) }
    }

    /// The attempt was right: it does not count.
    pub(super) fn succeeded(&self, address: IpAddr) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = inner.by_address.get_mut(&address) {
            ONE.give_back(until);
        }
        if !inner.known.contains(&address) {
            ALL.give_back(&mut inner.all);
            inner.known.push_back(address);
            if inner.known.len() > KNOWN {
                inner.known.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from(number).into()
    }

    #[test]
    fn one_address_has_five_and_then_one_a_minute() {
        let attempts = Attempts::default();
        let second = Duration::from_secs;
        for _ in 0..5 {
            assert_eq!(attempts.begin(address(1), second(10)), Ok(()));
        }
        assert_eq!(attempts.begin(address(1), second(10)), Err(second(60)));
        assert_eq!([10, 60, 70].map(|at| attempts.is_news(second(at))), [true, false, true]);
        assert_eq!(attempts.begin(address(1), second(40)), Err(second(30)));
        assert_eq!(attempts.begin(address(2), second(40)), Ok(()));
        assert_eq!(attempts.begin(address(1), second(70)), Ok(()));
        assert_eq!(attempts.begin(address(1), second(70)), Err(second(60)));
    }

    #[test]
    fn right_tokens_do_not_count_and_a_flood_keeps_out_nobody_who_is_known() {
        let attempts = Attempts::default();
        for _ in 0..100 {
            attempts.begin(address(1), Duration::ZERO).unwrap();
            attempts.succeeded(address(1));
        }
        let refused = (2..1_000).filter(|n| attempts.begin(address(*n), Duration::ZERO).is_err()).count();
        assert_eq!(refused, 998 - 50);
        assert_eq!(attempts.begin(address(1), Duration::ZERO), Ok(()));
        for number in 0..10_000 {
            let _ = attempts.begin(address(1_000 + number), Duration::ZERO);
        }
        assert!(attempts.inner.lock().unwrap().by_address.len() <= REMEMBERED);
    }
}

//! How many connections there may be: at all, and from one address.
//!
//! When there is no room, the connection that has been idle for the longest makes some, be it kept alive for a request that
//! may never come or by a client that sends its head byte by byte. So whoever comes with a request is answered, however many
//! others just sit there.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::connection::Activity;

/// Counts connections.
#[derive(Debug)]
pub(super) struct Gatekeeper {
    limit: usize,
    share: usize,
    trusted: Vec<IpAddr>,
    counts: Mutex<Counts>,
    empty: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
    present: HashMap<u64, Arc<Activity>>,
    number: u64,
}

/// A place in the count; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    keeper: Arc<Gatekeeper>,
    counted: Option<IpAddr>,
    number: u64,
}

impl Gatekeeper {
    /// `limit` connections at all, `share` of one address that is not trusted.
    pub(super) fn new(limit: usize, share: usize, trusted: &[IpAddr]) -> Arc<Self> {
        let trusted = trusted.iter().map(IpAddr::to_canonical).collect();
        Arc::new(Self { limit, share, trusted, counts: Mutex::default(), empty: Notify::new() })
    }

    /// A place for a connection from this address, if there is one.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr, activity: &Arc<Activity>) -> Option<Place> {
        let address = address.to_canonical();
        let counted = (!self.trusted.contains(&address)).then(|| network(address));
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.is_some_and(|network| counts.by_address.get(&network).is_some_and(|n| *n >= self.share)) {
            return None;
        }
        if counts.all >= self.limit {
            let idle =
                counts.present.values().filter_map(|activity| Some((activity.idle_since()?, activity)));
            idle.min_by_key(|(since, _)| *since)?.1.put_out();
        }
        if let Some(network) = counted {
            *counts.by_address.entry(network).or_default() += 1;
        }
        counts.all += 1;
        counts.number += 1;
        let number = counts.number;
        counts.present.insert(number, Arc::clone(activity));
        Some(Place { keeper: Arc::clone(self), counted, number })
    }

    /// How many connections there are.
    pub(super) fn count(&self) -> usize {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).all
    }

    /// Waits until there is no connection.
    pub(super) async fn emptied(&self) {
        loop {
            let notified = self.empty.notified();
            if self.count() == 0 {
                return;
            }
            notified.await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.keeper.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all -= 1;
        counts.present.remove(&self.number);
        if let Some(network) = self.counted
            && let Some(count) = counts.by_address.get_mut(&network)
        {
            *count -= 1;
            if *count == 0 {
                counts.by_address.remove(&network);
            }
        }
        if counts.all == 0 {
            self.keeper.empty.notify_waiters();
        }
    }
}

/// Who counts as one client: an IPv4 address, or an IPv6 network of 64 bits, which one line has all of.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_gets_its_share_and_all_together_the_limit() {
        let keeper = Gatekeeper::new(4, 2, &["127.0.0.1".parse().unwrap()]);
        let admit = |text: &str| {
            let activity = Activity::new(&Arc::default());
            let busy = activity.busy();
            keeper.admit(text.parse().unwrap(), &activity).map(|place| (place, busy))
        };
        let first = admit("2001:db8::1");
        let second = admit("2001:db8::ffff");
        assert!(first.is_some() && second.is_some() && admit("2001:db8::2").is_none());
        let _trusted = [admit("::ffff:127.0.0.1"), admit("127.0.0.1")];
        assert_eq!(keeper.count(), 4);
        assert!(admit("192.0.2.1").is_none());
        drop(first);
        assert!(admit("192.0.2.1").is_some());
    }

    #[tokio::test]
    async fn who_has_been_idle_for_the_longest_makes_room() {
        let keeper = Gatekeeper::new(2, 64, &[]);
        let address = "192.0.2.1".parse().unwrap();
        let [busy, idle, new, newer] = std::array::from_fn(|_| Activity::new(&Arc::default()));
        let _working = busy.busy();
        let _places = [keeper.admit(address, &busy), keeper.admit(address, &idle)];
        let _other = keeper.admit(address, &new).unwrap();
        idle.unwanted().await;
        let _another = keeper.admit(address, &newer).unwrap();
        new.unwanted().await;
        assert!(busy.idle_since().is_none());
    }
}

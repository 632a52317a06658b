//! Reading the body of a request: within its deadline, and within what all bodies together may take of the memory.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use hyper::header;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::reply::Failure;
use crate::config::ServeLimits;

/// What all bodies together may take, in bytes, unless a single one may be larger than a fourth of it.
const ROOM: usize = 8 << 20;
/// A body comes in blocks of this size and is put together at its end: grown step by step, many at once would leave the
/// memory full of holes of all sizes.
const BLOCK: usize = 16 << 10;
/// A body up to this size finds room also when large ones have taken all that they may.
const SMALL: usize = 16 << 10;

/// The memory for bodies.
#[derive(Debug)]
pub(super) struct Bodies {
    room: Arc<Semaphore>,
    /// What is left for small ones.
    reserve: usize,
}

/// A body that was read. Its memory counts until it is dropped.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    /// Memory for bodies of this size at most.
    pub(super) fn new(largest: u64) -> Self {
        let largest = usize::try_from(largest).unwrap_or(usize::MAX);
        let room = ROOM.max(largest.saturating_mul(4)).min(Semaphore::MAX_PERMITS);
        Self { room: Arc::new(Semaphore::new(room)), reserve: room / 2 }
    }

    /// The whole body. Its length has been checked.
    pub(super) async fn read(&self, limits: &ServeLimits, mut body: Incoming) -> Result<Read, Failure> {
        let read = async {
            let (mut blocks, mut length, mut room) = (Vec::new(), 0, None::<OwnedSemaphorePermit>);
            while let Some(frame) =
                std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await
            {
                let whole = |_| Failure::bad("BAD_BODY", "the body is not whole").closing();
                let Ok(data) = frame.map_err(whole)?.into_data() else { continue };
                // What is announced takes no room yet: that would cost a client nothing.
                let more = self.take(length, data.len())?;
                length += data.len();
                match &mut room {
                    Some(room) => room.merge(more),
                    None => room = Some(more),
                }
                put(&mut blocks, &data);
            }
            let bytes = if blocks.len() > 1 { blocks.concat() } else { blocks.pop().unwrap_or_default() };
            Ok(Read { bytes, _room: room })
        };
        tokio::time::timeout(limits.body_timeout, read).await.unwrap_or_else(|_| {
            let message = "the body did not arrive in time";
            Err(Failure::new(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", message).closing())
        })
    }

    /// Room for `more` bytes of a body that has `known` already.
    fn take(&self, known: usize, more: usize) -> Result<OwnedSemaphorePermit, Failure> {
        let is_small = known + more <= SMALL;
        let left = if is_small { 0 } else { self.reserve };
        let fits = self.room.available_permits() >= left + more;
        let number = u32::try_from(more).ok().filter(|_| fits);
        let taken = number.and_then(|number| Arc::clone(&self.room).try_acquire_many_owned(number).ok());
        taken.ok_or_else(|| {
            let message = "too much is being sent to this server at once; please try again";
            let failure = Failure::new(StatusCode::SERVICE_UNAVAILABLE, "OVERLOADED", message);
            failure.header(header::RETRY_AFTER, "5").closing()
        })
    }
}

/// Puts bytes into the last block, and into new ones behind it.
fn put(blocks: &mut Vec<Vec<u8>>, mut data: &[u8]) {
    while !data.is_empty() {
        let block = match blocks.last_mut() {
            Some(block) if block.len() < BLOCK => block,
            _ => {
                blocks.push(Vec::with_capacity(BLOCK));
                continue;
            }
        };
        let (now, later) = data.split_at(data.len().min(BLOCK - block.len()));
        block.extend_from_slice(now);
        data = later;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_in_parts_is_the_same_body() {
        let whole: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
        for size in [1_000, BLOCK, BLOCK + 1, 40_000, 100_000] {
            let mut blocks = Vec::new();
            whole.chunks(size).for_each(|part| put(&mut blocks, part));
            assert!(blocks.iter().all(|block| block.capacity() == BLOCK), "{size}");
            assert_eq!(blocks.concat(), whole, "{size}");
        }
    }

    #[test]
    fn large_bodies_leave_room_for_small_ones() {
        let bodies = Bodies::new(1 << 20);
        let large: Vec<_> = (0..).map_while(|_| bodies.take(SMALL, 1 << 20).ok()).collect();
        assert_eq!(large.len(), (ROOM / 2) >> 20);
        let failure = bodies.take(1 << 20, 1).unwrap_err();
        assert_eq!((failure.status.as_u16(), failure.code, failure.closes), (503, "OVERLOADED", true));
        let small: Vec<_> = (0..).map_while(|_| bodies.take(0, SMALL).ok()).collect();
        assert_eq!(small.len(), ROOM / 2 / SMALL);
        drop((large, small));
        assert!(bodies.take(SMALL, 1).is_ok());
        // Whatever size is allowed finds room.
        assert!(Bodies::new(100 << 20).take(0, 100 << 20).is_ok());
    }
}

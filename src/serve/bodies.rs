//! Reading the body of a request: within its deadline, and within what all bodies together may take of the memory.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use hyper::header;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::reply::Failure;
use crate::config::ServeLimits;

/// What all bodies together may take, in bytes.
const ROOM: usize = 16 << 20;
/// A body up to this size finds room also when large ones have taken all that they may.
const SMALL: usize = 16 << 10;

/// The memory for bodies.
#[derive(Debug)]
pub(super) struct Bodies {
    room: Arc<Semaphore>,
}

/// A body that was read. Its memory counts until it is dropped.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Default for Bodies {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(ROOM)) }
    }
}

impl Bodies {
    /// The whole body. Its length has been checked.
    pub(super) async fn read(&self, limits: &ServeLimits, mut body: Incoming) -> Result<Read, Failure> {
        let read = async {
            let (mut bytes, mut room) = (Vec::new(), None::<OwnedSemaphorePermit>);
            while let Some(frame) =
                std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await
            {
                let whole = |_| Failure::bad("BAD_BODY", "the body is not whole").closing();
                let Ok(data) = frame.map_err(whole)?.into_data() else { continue };
                // What is announced takes no room yet: that would cost a client nothing.
                let more = self.take(bytes.len(), data.len())?;
                match &mut room {
                    Some(room) => room.merge(more),
                    None => room = Some(more),
                }
                bytes.extend_from_slice(&data);
            }
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
        let left = if is_small { 0 } else { ROOM / 2 };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bodies_leave_room_for_small_ones() {
        let bodies = Bodies::default();
        let large: Vec<_> = (0..).map_while(|_| bodies.take(SMALL, 1 << 20).ok()).collect();
        assert_eq!(large.len(), ROOM / 2 >> 20);
        let failure = bodies.take(1 << 20, 1).unwrap_err();
        assert_eq!((failure.status.as_u16(), failure.code, failure.closes), (503, "OVERLOADED", true));
        let small: Vec<_> = (0..).map_while(|_| bodies.take(0, SMALL).ok()).collect();
        assert_eq!(small.len(), ROOM / 2 / SMALL);
        drop(large);
        assert!(bodies.take(SMALL, 1).is_ok());
    }
}

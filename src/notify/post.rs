//! One request to somebody who is to hear of a run, tried again for a while where it fails.

use std::time::Duration;

use crate::base::clock::SharedClock;
use crate::base::http::{Method, Request, Transport};
use crate::base::retry::{Attempt, Backoff, Deadline, Retry};
use crate::base::secret::Secret;

/// How long one request may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// How long all tries together may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends requests.
pub(super) struct Post {
    transport: Box<dyn Transport>,
    clock: SharedClock,
}

impl Post {
    pub(super) fn new(transport: Box<dyn Transport>, clock: SharedClock) -> Self {
        Self { transport, clock }
    }

    /// Sends, and tries again what may work later. The error says nothing of address and content.
    pub(super) fn send(&self, request: &Request) -> Result<(), String> {
        let backoff = Backoff { retries: 2, ..Backoff::default() };
        let mut retry = Retry::new(backoff, self.clock.clone(), fastrand::Rng::new());
        let deadline = Deadline::after(PATIENCE, &*self.clock);
        let sent = retry.run(deadline, || match once(&*self.transport, request) {
            Ok(()) => Attempt::Done(()),
            Err(Refused { why, may_pass: true }) => Attempt::Again { error: why, after: None },
            Err(Refused { why, .. }) => Attempt::Failed(why),
        });
        sent.map_err(|gave_up| gave_up.error)
    }
}

/// Why a request did not come through, and whether it may later.
pub(super) struct Refused {
    pub(super) why: String,
    pub(super) may_pass: bool,
}

/// Sends once.
pub(super) fn once(transport: &dyn Transport, request: &Request) -> Result<(), Refused> {
    match transport.send(request) {
        Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
        Ok(answer) => {
            let may_pass = matches!(answer.status, 408 | 409 | 425 | 429 | 500..);
            Err(Refused { why: format!("it was answered with status {}", answer.status), may_pass })
        }
        Err(failure) => Err(Refused { may_pass: failure.may_pass(), why: failure.to_string() }),
    }
}

/// A request to an address that is secret as a whole.
pub(super) fn request(
    method: Method,
    address: &Secret,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
) -> Request {
    Request {
        method,
        url: address.reveal().to_owned(),
        headers,
        secrets: Vec::new(),
        body,
        connect_timeout: Duration::from_secs(5),
        timeout: TIMEOUT,
        max_body: 64 << 10,
    }
}

//! The transport that asks the academy in-process, and lets its clock go on where time would pass.

use std::sync::Arc;

use aither::base::clock::SharedClock;
use aither::base::http::{Cause, Failure, Request, Response, Transport};

use super::{Academy, Asked};

/// Asks an academy directly.
pub(crate) struct Direct {
    pub(crate) academy: Arc<Academy>,
    pub(crate) clock: SharedClock,
}

impl Transport for Direct {
    fn send(&self, request: &Request) -> Result<Response, Failure> {
        let rest = request.url.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
        let target = rest.find('/').map_or("/", |at| &rest[at..]);
        let plain = request.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
        let secret = request
            .secrets
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.reveal().to_owned()));
        let reply =
            self.academy.answer(&Asked { target: target.to_owned(), headers: plain.chain(secret).collect() });
        self.clock.sleep(reply.delay.min(request.timeout));
        if reply.delay >= request.timeout {
            return Err(Failure::new(Cause::Timeout, ""));
        }
        if reply.cut_off {
            return Err(Failure::new(Cause::CutOff, ""));
        }
        if reply.body.len() as u64 > request.max_body {
            return Err(Failure::new(Cause::TooLong, ""));
        }
        let headers = reply.headers.into_iter().collect();
        Ok(Response { status: reply.status, headers, body: reply.body })
    }
}

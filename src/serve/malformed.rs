//! Answers to heads that are no heads: the HTTP library refuses them before anybody else sees a request, with a bare status.
//! In its stead goes out what all errors look like: the envelope, with an id that stands in the log as well.

use std::time::SystemTime;

use hyper::StatusCode;

use super::head;
use super::log;
use super::reply::{self, Failure};
use super::shared::Shared;

/// Makes the answer for a status of the library.
pub(super) type Answer = dyn Fn(StatusCode) -> Vec<u8> + Send + Sync;

/// The whole answer in the library's stead, as it goes over the wire. It is counted and logged like any other.
pub(super) fn answer(shared: &Shared, status: StatusCode) -> Vec<u8> {
    let id = head::new_id();
    let (code, message) = match status {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            ("HEAD_TOO_LARGE", "the head of the request is too large, or has too many fields")
        }
        StatusCode::URI_TOO_LONG => ("URI_TOO_LONG", "the address is too long"),
        _ => ("MALFORMED_REQUEST", "this is no HTTP/1.1 request"),
    };
    let body = reply::envelope(&Failure::new(status, code, message), &id, shared.clock.now());
    shared.metrics.answered(status.as_u16());
    let named = id.clone();
    shared.log.request(false, || log::Request {
        id: named,
        // Whatever it said, it was neither a method nor an address.
        method: "-".to_owned(),
        path: "-".to_owned(),
        status: status.as_str().to_owned(),
        millis: None,
        is_warning: false,
    });
    let reason = status.canonical_reason().unwrap_or_default();
    let date = httpdate::fmt_http_date(SystemTime::now());
    format!(
        "HTTP/1.1 {} {reason}\r\ncontent-type: {}\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         x-content-type-options: nosniff\r\nx-request-id: {id}\r\nconnection: close\r\ndate: {date}\r\n\r\n{body}",
        status.as_str(),
        reply::JSON,
        body.len()
    )
    .into_bytes()
}

/// The status of an answer of the library, if it refuses a request.
pub(super) fn status_of(written: &[u8]) -> Option<StatusCode> {
    let digits = written.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    StatusCode::from_bytes(digits).ok().filter(StatusCode::is_client_error)
}

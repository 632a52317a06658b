//! The answers of the API: envelopes, and the one place where an error's kind becomes an HTTP status.

use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::Body;
use crate::error::Kind;
use crate::model::run::iso_millis;

/// What a handler answers, before it is put into an envelope.
pub(super) enum Reply {
    /// Success: status, data, and what `meta` says besides id and time.
    Data(StatusCode, Value, Option<Value>),
    /// Something that has no envelope: metrics, the description of the API.
    Plain(StatusCode, &'static str, String),
    /// An error.
    Failure(Failure),
}

/// An error of the API.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) details: Option<Box<Value>>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// Whether the connection ends with this answer, as it must where a body was not read.
    pub(super) closes: bool,
}

impl Failure {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, code, message, details: None, headers: Vec::new(), closes: false }
    }

    pub(super) fn details(mut self, details: Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    pub(super) fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    pub(super) fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    /// A request that is wrong in itself.
    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }
}

impl From<Failure> for Reply {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// The status and the code that an error of a sync has.
pub(super) fn of_kind(kind: Kind) -> (StatusCode, &'static str) {
    match kind {
        Kind::Unavailable => (StatusCode::BAD_GATEWAY, "UPSTREAM_UNAVAILABLE"),
        Kind::Credentials => (StatusCode::BAD_GATEWAY, "UPSTREAM_CREDENTIALS"),
        Kind::Refused => (StatusCode::BAD_GATEWAY, "UPSTREAM_DATA_REFUSED"),
        Kind::Busy => (StatusCode::CONFLICT, "SYNC_IN_PROGRESS"),
        Kind::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND"),
        Kind::Config => (StatusCode::INTERNAL_SERVER_ERROR, "CONFIG_ERROR"),
        Kind::Content => (StatusCode::INTERNAL_SERVER_ERROR, "CONTENT_ERROR"),
        Kind::Template => (StatusCode::INTERNAL_SERVER_ERROR, "TEMPLATE_ERROR"),
        Kind::Privacy => (StatusCode::INTERNAL_SERVER_ERROR, "PRIVACY_ERROR"),
        Kind::Io => (StatusCode::INTERNAL_SERVER_ERROR, "IO_ERROR"),
    }
}

fn meta(request_id: &str, now: Timestamp) -> Value {
    json!({ "requestId": request_id, "timestamp": iso_millis(now) })
}

fn of_failure(failure: &Failure, meta: Value) -> String {
    let mut error = json!({ "code": failure.code, "message": failure.message });
    if let Some(details) = &failure.details {
        error["details"] = (**details).clone();
    }
    json!({ "success": false, "error": error, "meta": meta }).to_string()
}

/// The envelope of an error, as a text.
pub(super) fn envelope(failure: &Failure, request_id: &str, now: Timestamp) -> String {
    of_failure(failure, meta(request_id, now))
}

/// The answer to be sent.
pub(super) fn response(reply: Reply, request_id: &str, now: Timestamp) -> Response<Body> {
    let mut meta = meta(request_id, now);
    let (status, media_type, text, extra) = match reply {
        Reply::Plain(status, media_type, text) => (status, media_type, text, None),
        Reply::Data(status, data, more) => {
            if let (Value::Object(meta), Some(Value::Object(more))) = (&mut meta, more) {
                meta.extend(more);
            }
            let envelope = json!({ "success": true, "data": data, "meta": meta });
            (status, JSON, envelope.to_string(), None)
        }
        Reply::Failure(failure) => (failure.status, JSON, of_failure(&failure, meta), Some(failure)),
    };
    let mut response = Response::new(Body::here(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(failure) = extra {
        headers.extend(failure.headers);
        if failure.closes {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
    response
}

/// The type of all envelopes.
pub(super) const JSON: &str = "application/json; charset=utf-8";

//! Answers: the envelopes, the headers, and the bytes on the wire.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::data::stamp;
use super::limit::Standing;

/// The page that the framework serves where there is no route.
pub(crate) const NOT_FOUND_PAGE: &str = "<!DOCTYPE html><html lang=\"de\"><head><meta charSet=\"utf-8\"/>\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/><title>404: Seite nicht gefunden</title>\
    </head><body><h1>404</h1><p>Diese Seite gibt es nicht.</p></body></html>";

const CORS: [(&str, &str); 4] = [
    ("access-control-allow-headers", "Content-Type, Authorization, X-Request-ID"),
    ("access-control-allow-methods", "GET, POST, PUT, DELETE, OPTIONS"),
    ("access-control-allow-origin", "*"),
    ("access-control-max-age", "86400"),
];

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// What an envelope carries besides its payload. Different in every answer, so nobody may hash it.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    pub(crate) request: String,
    pub(crate) moment: Timestamp,
}

impl Stamp {
    /// A request id in the form of a version 4 UUID.
    pub(crate) fn new(random: &mut fastrand::Rng, moment: Timestamp) -> Self {
        let bits = random.u128(..) & !(0xF000_u128 << 64) & !(0xC000_u128 << 48);
        let hex = format!("{:032x}", bits | (0x4000_u128 << 64) | (0x8000_u128 << 48));
        let request = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
        Self { request, moment }
    }

    fn meta(&self) -> Value {
        json!({ "requestId": self.request, "timestamp": stamp(self.moment), "version": "1.0" })
    }
}

impl Reply {
    /// A success with its data.
    pub(crate) fn data(stamp: &Stamp, data: &Value) -> Self {
        Self::envelope(200, stamp, &json!({ "success": true, "data": data, "meta": stamp.meta() }))
    }

    /// A success that only says so.
    pub(crate) fn message(stamp: &Stamp, message: &str) -> Self {
        Self::envelope(200, stamp, &json!({ "success": true, "message": message, "meta": stamp.meta() }))
    }

    /// An error of a route.
    pub(crate) fn error(status: u16, stamp: &Stamp, code: &str, message: &str) -> Self {
        let error = json!({ "code": code, "message": message });
        Self::envelope(status, stamp, &json!({ "success": false, "error": error, "meta": stamp.meta() }))
    }

    /// An error of what stands before the routes: no `meta`, no other headers.
    pub(crate) fn bare_error(status: u16, code: &str, message: &str) -> Self {
        let error = json!({ "code": code, "message": message });
        Self::new(status, "application/json", json!({ "success": false, "error": error }).to_string())
    }

    /// One request too many. `meta` lacks its version here.
    pub(crate) fn limited(stamp: &Stamp, retry_after: u64) -> Self {
        let mut meta = stamp.meta();
        meta.as_object_mut().and_then(|meta: &mut Map<String, Value>| meta.shift_remove("version"));
        let message = "Zu viele Anfragen. Bitte versuche es später erneut.";
        let error = json!({ "code": "RATE_LIMITED", "message": message });
        let body = json!({ "success": false, "error": error, "meta": meta });
        Self::new(429, "application/json", body.to_string())
            .with("retry-after", retry_after)
            .with("x-request-id", &stamp.request)
    }

    /// The framework's page for what is not there.
    pub(crate) fn page(status: u16) -> Self {
        Self::new(status, "text/html; charset=utf-8", NOT_FOUND_PAGE)
            .with("cache-control", "no-cache, must-revalidate")
            .with("x-powered-by", "Next.js")
    }

    /// Any status, type and body.
    pub(crate) fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("content-type", kind.to_owned())], body: body.into() }
    }

    fn envelope(status: u16, stamp: &Stamp, body: &Value) -> Self {
        let mut reply = Self::new(status, "application/json", body.to_string());
        reply.headers.extend(CORS.map(|(name, value)| (name, value.to_owned())));
        reply.with("x-request-id", &stamp.request)
    }

    /// One more header.
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// The headers of the rate limit.
    pub(crate) fn within(self, standing: &Standing) -> Self {
        self.with("x-ratelimit-limit", standing.limit)
            .with("x-ratelimit-remaining", standing.remaining)
            .with("x-ratelimit-reset", standing.reset)
    }

    /// Status line and headers, with the line of the length given.
    pub(crate) fn head(&self, now: Timestamp, length: &str) -> Vec<u8> {
        let reason = tiny_http::StatusCode(self.status).default_reason_phrase();
        let mut text = format!("HTTP/1.1 {} {reason}\r\n", self.status);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT");
        text.push_str(&format!("Date: {date}\r\nConnection: keep-alive\r\n{length}\r\n"));
        text.into_bytes()
    }

    /// The whole answer as the service sends it: chunked, in one piece so that it leaves in one write.
    pub(crate) fn bytes(&self, now: Timestamp, without_body: bool) -> Vec<u8> {
        if self.status == 304 {
            return self.head(now, "");
        }
        let mut bytes = self.head(now, "Transfer-Encoding: chunked\r\n");
        if !without_body {
            if !self.body.is_empty() {
                bytes.extend_from_slice(format!("{:x}\r\n", self.body.len()).as_bytes());
                bytes.extend_from_slice(&self.body);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
        }
        bytes
    }

    /// The same with an announced length, which need not be true.
    pub(crate) fn bytes_announcing(&self, now: Timestamp, length: usize) -> Vec<u8> {
        let mut bytes = self.head(now, &format!("Content-Length: {length}\r\n"));
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

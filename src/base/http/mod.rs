//! One blocking HTTP exchange behind a trait, so that tests need no server, and one place for the rules that hold
//! for every answer from outside: it has a deadline, its body has a cap, and a secret goes to no other origin.

mod network;
mod outside;
mod throttle;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

pub use self::network::Network;
pub use self::outside::is_public;
pub use self::throttle::{Throttle, WINDOW};
use super::secret::Secret;

/// Carries one request to a server and one answer back.
pub trait Transport: Send + Sync {
    /// Sends the request and reads the whole answer. A status such as 404 or 500 is an answer, not a failure, and so
    /// is a redirect: it is never followed, as a secret in the request would travel with it.
    fn send(&self, request: &Request) -> Result<Response, Failure>;
}

impl Transport for std::sync::Arc<dyn Transport> {
    fn send(&self, request: &Request) -> Result<Response, Failure> {
        (**self).send(request)
    }
}

/// The methods that are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `HEAD`.
    Head,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
}

impl Method {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// What to send, and how long and how much to take for the answer.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The absolute address.
    pub url: String,
    /// Headers that anybody may see.
    pub headers: Vec<(&'static str, String)>,
    /// Headers that hold a secret.
    pub secrets: Vec<(&'static str, Secret)>,
    /// The body, for methods that have one.
    pub body: Option<Vec<u8>>,
    /// How long looking up the name and connecting may take.
    pub connect_timeout: Duration,
    /// How long everything together may take.
    pub timeout: Duration,
    /// The longest body that is read, after decompression.
    pub max_body: u64,
}

/// The headers of an answer.
#[derive(Debug, Clone, Default)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The value of a header; `name` in lower case. Of several with one name, the first.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// The value of a header that is a whole number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    /// The moment at which the server says that it answered.
    pub fn date(&self) -> Option<Timestamp> {
        http_date(self.get("date")?)
    }

    /// How long `Retry-After` asks to wait (RFC 9110, section 10.2.3: seconds, or a date). A date is compared with the
    /// server's own clock where the answer shows it, so that a clock that is wrong on either side does no harm.
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let value = self.get("retry-after")?;
        if let Ok(seconds) = value.parse::<u32>() {
            return Some(Duration::from_secs(seconds.into()));
        }
        let until = http_date(value)?;
        let now = self.date().unwrap_or(now);
        Some(until.duration_since(now).try_into().unwrap_or(Duration::ZERO))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        Self(
            headers
                .into_iter()
                .map(|(name, value)| (name.into().to_ascii_lowercase(), value.into()))
                .collect(),
        )
    }
}

fn http_date(text: &str) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok()
}

/// A whole answer.
#[derive(Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// The body, decompressed.
    pub body: Vec<u8>,
}

/// The body may hold personal data: `Debug` tells its length alone.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("body", &format_args!("‹{} bytes›", self.body.len()))
            .finish()
    }
}

/// Why there is no whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The address is none that can be asked.
    Address,
    /// The host's name is not known.
    Unknown,
    /// Nobody listens there.
    Refused,
    /// There is no way there: no network, no route, a proxy that fails.
    Unreachable,
    /// It took too long.
    Timeout,
    /// No encrypted connection came about; most often the certificate is not accepted.
    Tls,
    /// The connection broke before an answer began.
    Broken,
    /// The answer began and then broke off.
    CutOff,
    /// The answer is longer than the cap.
    TooLong,
    /// The answer is not HTTP.
    Garbled,
}

/// There is no whole answer: why, and a word from below that holds neither addresses nor secrets.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What a caller may branch on.
    pub cause: Cause,
    /// More about it, for people; may be empty.
    pub detail: String,
}

impl Failure {
    /// A failure with some more words about it.
    pub fn new(cause: Cause, detail: impl Into<String>) -> Self {
        Self { cause, detail: detail.into() }
    }

    /// Whether the same request may well succeed a moment later.
    pub fn may_pass(&self) -> bool {
        match self.cause {
            Cause::Unknown
            | Cause::Refused
            | Cause::Unreachable
            | Cause::Timeout
            | Cause::Broken
            | Cause::CutOff => true,
            Cause::Address | Cause::Tls | Cause::TooLong | Cause::Garbled => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.cause {
            Cause::Address => "the address cannot be asked",
            Cause::Unknown => "the host's name is not known",
            Cause::Refused => "the connection was refused",
            Cause::Unreachable => "the host cannot be reached",
            Cause::Timeout => "there was no answer in time",
            Cause::Tls => "no secure connection could be made",
            Cause::Broken => "the connection broke before an answer came",
            Cause::CutOff => "the answer was cut off",
            Cause::TooLong => "the answer is too long",
            Cause::Garbled => "the answer is not HTTP",
        })?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, " ({})", self.detail) }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date_by_the_servers_clock() {
        let wait = |pairs: &[(&str, &str)]| {
            let headers: Headers = pairs.iter().copied().collect();
            headers.retry_after(Timestamp::UNIX_EPOCH)
        };
        assert_eq!(wait(&[("Retry-After", " 46 ")]), Some(Duration::from_secs(46)));
        let date = ("Date", "Sat, 21 Nov 2026 01:26:50 GMT");
        assert_eq!(
            wait(&[date, ("Retry-After", "Sat, 21 Nov 2026 01:27:00 GMT")]),
            Some(Duration::from_secs(10))
        );
        // Already over, by the clock of the server.
        assert_eq!(wait(&[date, ("Retry-After", "Sat, 21 Nov 2026 01:00:00 GMT")]), Some(Duration::ZERO));
        for absurd in ["", "-3", "soon", "1.5", "99999999999999999999"] {
            assert_eq!(wait(&[("Retry-After", absurd)]), None, "{absurd}");
        }
    }

    #[test]
    fn what_is_printed_holds_neither_the_secret_nor_the_body() {
        let request = Request {
            method: Method::Get,
            url: "http://localhost/".to_owned(),
            headers: Vec::new(),
            secrets: vec![("X-API-Key", Secret::new("geheim-geheim"))],
            body: None,
            connect_timeout: Duration::ZERO,
            timeout: Duration::ZERO,
            max_body: 0,
        };
        assert!(!format!("{request:?}").contains("geheim"));
        let response = Response { status: 200, headers: Headers::default(), body: b"Ana Beispiel".to_vec() };
        let shown = format!("{response:?}");
        assert!(shown.contains("12 bytes") && !shown.contains("Ana"), "{shown}");
    }
}

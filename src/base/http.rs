//! HTTP as a client: one blocking request at a time through a [`Transport`], so that tests decide what the network says.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

/// A GET request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The whole address.
    pub url: &'a str,
    /// Header fields, names in lower case.
    pub headers: &'a [(&'a str, &'a str)],
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the whole exchange may take.
    pub timeout: Duration,
    /// The longest body that is read.
    pub max_body: u64,
}

/// An answer, whatever its status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Response {
    /// The first field with this name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// How long the server wants to be left alone: `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3).
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let value = self.header("retry-after")?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let at = Timestamp::try_from(httpdate::parse_http_date(value).ok()?).ok()?;
        Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
    }
}

/// Why there is no answer. None of them holds a header field or a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Nobody listens there, or the name is unknown.
    Unreachable(String),
    /// The time ran out.
    TimedOut,
    /// The answer ended before its end.
    CutOff,
    /// The body is longer than allowed.
    TooLong(u64),
    /// No secure connection could be made.
    Insecure(String),
    /// What came is not HTTP.
    NotHttp(String),
    /// The request could not even be written down: a bad address.
    BadRequest(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "no connection: {why}"),
            Self::TimedOut => f.write_str("no whole answer in time"),
            Self::CutOff => f.write_str("the answer was cut off"),
            Self::TooLong(limit) => write!(f, "the answer is longer than {limit} bytes"),
            Self::Insecure(why) => write!(f, "no secure connection: {why}"),
            Self::NotHttp(why) => write!(f, "the answer is not HTTP: {why}"),
            Self::BadRequest(why) => write!(f, "the address cannot be asked: {why}"),
        }
    }
}

/// A way to the network.
pub trait Transport: Send {
    /// Makes one request. Redirects are answers like any other: following one would carry the key elsewhere.
    fn get(&self, request: &Request<'_>) -> Result<Response, Failure>;
}

/// The real network.
#[derive(Debug)]
pub struct Network {
    agent: ureq::Agent,
}

impl Network {
    /// A client that keeps its connections open between requests.
    pub fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("aither/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.into() }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl Transport for Network {
    fn get(&self, request: &Request<'_>) -> Result<Response, Failure> {
        let mut call = self.agent.get(request.url);
        for (name, value) in request.headers {
            call = call.header(*name, *value);
        }
        let call = call
            .config()
            .timeout_connect(Some(request.connect_timeout))
            .timeout_global(Some(request.timeout))
            .build();
        let mut answer = call.call().map_err(|e| failure(e, request.max_body))?;
        let headers = (answer.headers().iter())
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(request.max_body).read_to_vec();
        Ok(Response { status, headers, body: body.map_err(|e| failure(e, request.max_body))? })
    }
}

fn failure(error: ureq::Error, limit: u64) -> Failure {
    use std::io::ErrorKind;
    match error {
        ureq::Error::Timeout(_) | ureq::Error::BodyStalled => Failure::TimedOut,
        ureq::Error::BodyExceedsLimit(_) => Failure::TooLong(limit),
        ureq::Error::HostNotFound => Failure::Unreachable("the host is unknown".to_owned()),
        ureq::Error::ConnectionFailed => Failure::Unreachable("nobody answers there".to_owned()),
        ureq::Error::Tls(why) => Failure::Insecure(why.to_owned()),
        ureq::Error::Rustls(why) => Failure::Insecure(why.to_string()),
        ureq::Error::BadUri(why) => Failure::BadRequest(why),
        ureq::Error::Http(why) => Failure::BadRequest(why.to_string()),
        ureq::Error::Io(e) => match e.kind() {
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe => Failure::CutOff,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Failure::TimedOut,
            ErrorKind::InvalidData => Failure::Insecure(e.to_string()),
            _ => Failure::Unreachable(e.to_string()),
        },
        other => Failure::NotHttp(other.to_string()),
    }
}

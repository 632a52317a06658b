//! The transport that really goes over the network. The only file that knows `ureq`.

use std::io::{self, Read};

use ureq::http;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use super::{Cause, Failure, Headers, Method, Request, Response, Transport, is_public};

/// Sends requests over the network; connections are kept for the next request to the same host.
#[derive(Debug)]
pub struct Network {
    agent: ureq::Agent,
    /// A proxy from the environment is for the world outside, not for a server on this machine.
    here: ureq::Agent,
}

impl Network {
    /// A transport that names itself `aither/VERSION`.
    pub fn new() -> Self {
        Self { agent: Self::config().build().into(), here: Self::config().proxy(None).build().into() }
    }

    /// A transport that only reaches the public network: for addresses that stand in texts. What a name stands for is
    /// looked at where the connection is made, so it cannot be another address than the one that was checked.
    pub fn outside() -> Self {
        let agent = || {
            // A proxy would look names up itself, out of our sight.
            let config = Self::config().proxy(None).build();
            ureq::Agent::with_parts(config, DefaultConnector::default(), Outside::default())
        };
        Self { agent: agent(), here: agent() }
    }

    fn config() -> ureq::config::ConfigBuilder<ureq::typestate::AgentScope> {
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            // A redirect comes back as the answer that it is.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("aither/", env!("CARGO_PKG_VERSION")))
    }
}

/// Finds only addresses of the public network.
#[derive(Default)]
struct Outside(DefaultResolver);

impl std::fmt::Debug for Outside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outside")
    }
}

impl Resolver for Outside {
    fn resolve(
        &self,
        uri: &http::Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.0.resolve(uri, config, timeout)?;
        if found.iter().all(|address| is_public(address.ip())) {
            return Ok(found);
        }
        Err(ureq::Error::Io(io::Error::new(io::ErrorKind::PermissionDenied, PRIVATE)))
    }
}

const PRIVATE: &str = "the address is one of a private network";

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl Transport for Network {
    fn send(&self, request: &Request) -> Result<Response, Failure> {
        let mut builder = http::Request::builder().uri(&request.url).method(match request.method {
            Method::Get => http::Method::GET,
            Method::Head => http::Method::HEAD,
            Method::Post => http::Method::POST,
            Method::Put => http::Method::PUT,
        });
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        for (name, secret) in &request.secrets {
            let mut value = http::HeaderValue::from_str(secret.reveal()).map_err(|_| {
                Failure::new(Cause::Address, format!("{name} holds characters that no header can"))
            })?;
            // Kept out of what the libraries below may log.
            value.set_sensitive(true);
            builder = builder.header(*name, value);
        }
        let answer = match &request.body {
            Some(body) => self.run(builder.body(body.as_slice()), request),
            None => self.run(builder.body(()), request),
        }?;
        read(answer, request.max_body)
    }
}

impl Network {
    fn run<B: ureq::AsSendBody>(
        &self,
        built: Result<http::Request<B>, http::Error>,
        request: &Request,
    ) -> Result<http::Response<ureq::Body>, Failure> {
        // The library's word on a bad address repeats the address, which may hold a password.
        let built = built.map_err(|_| Failure::new(Cause::Address, ""))?;
        let agent = if is_here(built.uri()) { &self.here } else { &self.agent };
        let built = agent
            .configure_request(built)
            .timeout_resolve(Some(request.connect_timeout.min(request.timeout)))
            .timeout_connect(Some(request.connect_timeout.min(request.timeout)))
            .timeout_global(Some(request.timeout))
            .build();
        agent.run(built).map_err(|error| failure(error, Cause::Broken))
    }
}

fn is_here(uri: &http::Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let address: Option<std::net::IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host.eq_ignore_ascii_case("localhost") || address.is_some_and(|address| address.is_loopback())
}

fn read(answer: http::Response<ureq::Body>, most: u64) -> Result<Response, Failure> {
    let (parts, body) = answer.into_parts();
    let headers: Headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let mut bytes = Vec::new();
    // The library's own limit counts compressed bytes, which can unfold to a thousand times as many.
    body.into_with_config()
        .limit(u64::MAX)
        .reader()
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| failure(error.into(), Cause::CutOff))?;
    if bytes.len() as u64 > most {
        return Err(Failure::new(Cause::TooLong, format!("more than {most} bytes")));
    }
    Ok(Response { status: parts.status.as_u16(), headers, body: bytes })
}

/// What the library says, in our words; `broken` is what an ended connection means at this point.
fn failure(error: ureq::Error, broken: Cause) -> Failure {
    use ureq::Error as Theirs;
    match error {
        Theirs::Io(error) => io_failure(&error, broken),
        Theirs::Timeout(what) => Failure::new(Cause::Timeout, what.to_string()),
        Theirs::HostNotFound => Failure::new(Cause::Unknown, ""),
        Theirs::ConnectionFailed => Failure::new(Cause::Refused, ""),
        Theirs::Tls(_) | Theirs::Pem(_) | Theirs::Rustls(_) | Theirs::TlsRequired => {
            Failure::new(Cause::Tls, error.to_string())
        }
        Theirs::InvalidProxyUrl | Theirs::ConnectProxyFailed(_) => {
            Failure::new(Cause::Unreachable, "the proxy of the environment does not work")
        }
        Theirs::Http(_) | Theirs::BadUri(_) | Theirs::RequireHttpsOnly(_) => Failure::new(Cause::Address, ""),
        Theirs::LargeResponseHeader(..) => Failure::new(Cause::TooLong, "its headers alone"),
        Theirs::Protocol(_) if broken == Cause::CutOff => Failure::new(Cause::CutOff, "a broken chunk"),
        Theirs::BodyStalled => Failure::new(Cause::CutOff, ""),
        Theirs::Protocol(error) => Failure::new(Cause::Garbled, error.to_string()),
        // Compressed data that does not unpack.
        _ => Failure::new(Cause::Garbled, ""),
    }
}

fn io_failure(error: &io::Error, broken: Cause) -> Failure {
    use io::ErrorKind::*;
    // Errors of the encryption arrive wrapped; nothing else has data to be invalid before an answer begins.
    if broken == Cause::Broken
        && error.kind() == InvalidData
        && let Some(tls) = error.get_ref()
    {
        return Failure::new(Cause::Tls, tls.to_string());
    }
    if error.to_string() == PRIVATE {
        return Failure::new(Cause::Address, PRIVATE);
    }
    // The standard library has no kind for this one, only these words.
    if error.to_string().starts_with("failed to lookup address") {
        return Failure::new(Cause::Unknown, "");
    }
    let cause = match error.kind() {
        ConnectionRefused => Cause::Refused,
        TimedOut | WouldBlock => Cause::Timeout,
        HostUnreachable | NetworkUnreachable | NetworkDown | AddrNotAvailable | PermissionDenied => {
            Cause::Unreachable
        }
        InvalidData | InvalidInput => Cause::Garbled,
        // Reset, aborted, ended: it depends on whether an answer had begun.
        _ => broken,
    };
    Failure::new(cause, "")
}

//! The head of a request, checked before anything else looks at it.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, StatusCode, Version};

use super::reply::Failure;
use crate::config::Serve;

/// The header that carries the id of a request, both ways.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request: the client's, if it is well formed, else a new one.
pub(super) fn request_id(headers: &HeaderMap) -> String {
    let well_formed = |id: &&str| {
        (1..=128).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(well_formed);
    given.map_or_else(new_id, str::to_owned)
}

/// A new id for a request.
pub(super) fn new_id() -> String {
    format!("req-{:016x}", fastrand::u64(..))
}

/// Checks what no request may lack, whatever it asks for.
///
/// Framing is the first of it: a request whose end two programs see at two places lets one client's bytes pass as the
/// next one's request (RFC 9112, section 11.2). So a length is a length, and chunks are refused altogether: no client of a
/// site or of its API sends them.
pub(super) fn check<B>(request: &Request<B>, serve: &Serve, hosts: &[String]) -> Result<(), Failure> {
    let headers = request.headers();
    if headers.contains_key(header::TRANSFER_ENCODING) {
        let message = "a body needs a Content-Length; it cannot come in chunks";
        return Err(Failure::new(StatusCode::LENGTH_REQUIRED, "LENGTH_REQUIRED", message).closing());
    }
    let length = declared_length(headers)?;
    let target = request.uri();
    let size = target.path_and_query().map_or(0, |text| text.as_str().len());
    if size > serve.limits.max_uri {
        let message = format!("an address has {} bytes at most", serve.limits.max_uri);
        return Err(Failure::new(StatusCode::URI_TOO_LONG, "URI_TOO_LONG", message).closing());
    }
    if length > serve.limits.max_body {
        let message = format!("a body has {} bytes at most", serve.limits.max_body);
        let failure = Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", message);
        return Err(failure.closing());
    }
    // The buffer of the connection is filled in steps, and a head may be larger than the limit before that is noticed.
    let fields = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    if size + fields.sum::<usize>() > serve.limits.max_head {
        let message = format!("the head of a request has {} bytes at most", serve.limits.max_head);
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(Failure::new(status, "HEAD_TOO_LARGE", message).closing());
    }
    check_host(request, hosts)
}

/// The length of the body. Two of them are one too many, if they differ: of equal ones there is only one left here.
pub(super) fn declared_length(headers: &HeaderMap) -> Result<u64, Failure> {
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    let Some(value) = values.next() else { return Ok(0) };
    let digits = |value: &HeaderValue| {
        let text = value.to_str().ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
        text.parse().ok()
    };
    match (digits(value), values.next()) {
        (Some(length), None) => Ok(length),
        _ => Err(Failure::bad("BAD_LENGTH", "the length of the body is not clear").closing()),
    }
}

/// Exactly one `Host` in HTTP/1.1 (RFC 9112, section 3.2), and one that this server answers to.
fn check_host<B>(request: &Request<B>, hosts: &[String]) -> Result<(), Failure> {
    let mut values = request.headers().get_all(header::HOST).iter();
    let host = match (values.next(), values.next()) {
        (None, _) if request.version() < Version::HTTP_11 => return Ok(()),
        (Some(host), None) => host.to_str().unwrap_or_default(),
        _ => return Err(Failure::bad("BAD_HOST", "a request needs exactly one Host").closing()),
    };
    let authority = request.uri().authority().map(|authority| authority.as_str());
    for name in [Some(host), authority].into_iter().flatten() {
        if !is_answered(name, hosts) {
            let message = "this server does not answer to that name; name it in `hosts` in [serve]";
            return Err(Failure::new(StatusCode::MISDIRECTED_REQUEST, "UNKNOWN_HOST", message).closing());
        }
    }
    Ok(())
}

/// Whether a host with or without port is ours. IP addresses always are: a page elsewhere cannot make a browser believe
/// that an address is its own name.
fn is_answered(authority: &str, hosts: &[String]) -> bool {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inner, rest)) => (inner, rest),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port_is_fine =
        port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.is_empty() || p.parse::<u16>().is_ok());
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    port_is_fine
        && (host.parse::<std::net::IpAddr>().is_ok()
            || host == "localhost"
            || host.ends_with(".localhost")
            || hosts.contains(&host))
}

/// The host in a base URL such as `https://academy.example:8443/x`, in lower case and without its port.
pub(super) fn host_of(base_url: &str) -> Option<String> {
    let (_, rest) = base_url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = match authority.strip_prefix('[') {
        Some(inner) => inner.split(']').next()?,
        None => authority.split(':').next()?,
    };
    Some(host.to_ascii_lowercase()).filter(|host| !host.is_empty())
}

/// The path in a base URL: `/x` of the same, nothing of `https://academy.example`.
pub(super) fn path_of(base_url: &str) -> &str {
    let rest = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    rest.find('/').map_or("", |at| rest[at..].trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_names_are_answered() {
        let hosts = ["academy.example".to_owned()];
        for good in [
            "localhost",
            "localhost:8080",
            "127.0.0.1:1",
            "[::1]:8080",
            "[::1]",
            "ACADEMY.example.",
            "a.localhost",
        ] {
            assert!(is_answered(good, &hosts), "{good}");
        }
        for bad in [
            "evil.example",
            "academy.example.evil.example",
            "localhost:x",
            "",
            "academy.example:99999",
            "user@localhost",
            "[::1",
        ] {
            assert!(!is_answered(bad, &hosts), "{bad}");
        }
        assert_eq!(host_of("https://Academy.example:8443/x"), Some("academy.example".into()));
        assert_eq!((path_of("https://a.example/x/"), path_of("https://a.example")), ("/x", ""));
    }
}

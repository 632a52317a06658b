//! Texts for the wire: percent-encoding (RFC 3986), forms, Base64, `Authorization: Basic`, and the origin of an address.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::secret::Secret;

/// Everything but what RFC 3986, section 2.3, calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text with everything encoded but letters, digits, `-`, `.`, `_` and `~`.
pub fn percent(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The text that a part of a query or a form stands for. What is not UTF-8 afterwards is replaced.
pub fn percent_decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// `a=1&b=2`, encoded: a query or the body of a form.
pub fn form<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs = pairs.into_iter().map(|(name, value)| format!("{}={}", percent(name), percent(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// The decoded pairs of a query, in its order.
pub fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decoded(name), percent_decoded(value))
    })
}

/// Base64 with its padding (RFC 4648, section 4).
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of a Base64 text; nothing where it is none.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The value of `Authorization` for a name and a password (RFC 7617).
pub fn basic(name: &str, password: &Secret) -> Secret {
    Secret::new(format!("Basic {}", base64(format!("{name}:{}", password.reveal()).as_bytes())))
}

/// Scheme and host of an address in lower case, with the port where it is not the scheme's own, and without a user's name
/// and password. Two addresses of one origin may share a secret.
pub fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let own = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let host = host.strip_suffix(own).unwrap_or(&host);
    (!host.is_empty()).then(|| format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_comes_back() {
        assert_eq!(percent("a b&c=d/ü~'>"), "a%20b%26c%3Dd%2F%C3%BC~%27%3E");
        let query = form([("filter", "dateLastModified>'2026-01-02'"), ("limit", "100")]);
        let read: Vec<_> = pairs(&query).collect();
        assert_eq!(read[0], ("filter".to_owned(), "dateLastModified>'2026-01-02'".to_owned()));
        assert_eq!(from_base64(&base64(b"\x00\xffx")).as_deref(), Some(b"\x00\xffx".as_slice()));
        assert_eq!(basic("id", &Secret::new("geheim")).reveal(), "Basic aWQ6Z2VoZWlt");
    }

    #[test]
    fn an_origin_is_told_from_another() {
        assert_eq!(origin("HTTPS://SIS.example:443/a?b").as_deref(), Some("https://sis.example"));
        assert_eq!(origin("http://u:p@h:8080/x").as_deref(), Some("http://h:8080"));
        assert_ne!(origin("http://h/"), origin("https://h/"));
        assert_eq!(origin("/courses/1"), None);
    }
}

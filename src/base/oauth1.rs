//! OAuth 1.0a without a user (RFC 5849, "two-legged"): each request is signed with the consumer's secret.

use hmac::Hmac;
use sha1::Sha1;
use sha2::Sha256;

use super::encode::{base64, pairs, percent};
use super::secret::Secret;

/// The hash under the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// `HMAC-SHA1`, the one of the RFC.
    Sha1,
    /// `HMAC-SHA256`, which OneRoster asks for.
    Sha256,
}

impl Algorithm {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "HMAC-SHA1",
            Self::Sha256 => "HMAC-SHA256",
        }
    }
}

/// Who signs, and how.
#[derive(Debug, Clone)]
pub struct Consumer {
    /// The consumer's key: its name.
    pub key: String,
    /// The consumer's secret.
    pub secret: Secret,
    /// The hash.
    pub algorithm: Algorithm,
}

/// What makes a signature good for one request only.
#[derive(Debug, Clone, Copy)]
pub struct Once<'a> {
    /// A text that was not used before.
    pub nonce: &'a str,
    /// Seconds since 1970.
    pub timestamp: i64,
}

impl Consumer {
    /// The value of `Authorization` for a request without a form in its body.
    pub fn authorization(&self, method: &str, url: &str, once: Once<'_>) -> Secret {
        let timestamp = once.timestamp.to_string();
        let own = [
            ("oauth_nonce", once.nonce),
            ("oauth_timestamp", timestamp.as_str()),
            ("oauth_version", "1.0"),
            ("oauth_signature_method", self.algorithm.name()),
            ("oauth_consumer_key", self.key.as_str()),
        ];
        let signature = self.sign(&base_string(method, url, &own));
        let mut fields: Vec<String> =
            own.iter().map(|(name, value)| format!("{name}=\"{}\"", percent(value))).collect();
        fields.push(format!("oauth_signature=\"{}\"", percent(&signature)));
        Secret::new(format!("OAuth {}", fields.join(", ")))
    }

    fn sign(&self, text: &str) -> String {
        // The second part would be a token's secret; there is none.
        let key = format!("{}&", percent(self.secret.reveal()));
        match self.algorithm {
            Algorithm::Sha1 => hmac::<Hmac<Sha1>>(key.as_bytes(), text.as_bytes()),
            Algorithm::Sha256 => hmac::<Hmac<Sha256>>(key.as_bytes(), text.as_bytes()),
        }
    }
}

fn hmac<M: hmac::Mac + hmac::KeyInit>(key: &[u8], text: &[u8]) -> String {
    // An HMAC takes keys of any length, so there is no other case.
    let Ok(mut mac) = <M as hmac::KeyInit>::new_from_slice(key) else { return String::new() };
    mac.update(text);
    base64(&mac.finalize().into_bytes())
}

/// What is signed: RFC 5849, section 3.4.1.
fn base_string(method: &str, url: &str, own: &[(&str, &str)]) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let mut parameters: Vec<(String, String)> =
        pairs(query).map(|(name, value)| (percent(&name), percent(&value))).collect();
    parameters.extend(own.iter().map(|(name, value)| (percent(name), percent(value))));
    parameters.sort_unstable();
    let parameters: Vec<String> =
        parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let method = method.to_ascii_uppercase();
    format!("{method}&{}&{}", percent(&base_address(address)), percent(&parameters.join("&")))
}

/// The address with scheme and host in lower case, and without the scheme's own port.
fn base_address(address: &str) -> String {
    let origin = super::encode::origin(address).unwrap_or_default();
    let rest = address.split_once("://").map_or("", |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    format!("{origin}{path}")
}

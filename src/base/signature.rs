//! Signatures over the body of a webhook, in the two forms that are about: Standard Webhooks, and the plain
//! `x-webhook-signature`. HMAC-SHA256 in both, compared in constant time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use super::secret::Secret;

/// How far the time of a signed message may be from ours, in seconds, either way.
pub const TOLERANCE: i64 = 300;

/// What marks a secret of Standard Webhooks: the rest is the key in Base64.
const PREFIX: &str = "whsec_";

/// The keys that signatures are checked with. Without any, every signature is wrong.
#[derive(Clone, Default)]
pub struct Keys(Vec<Vec<u8>>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys(‹{}›)", self.0.len())
    }
}

impl Keys {
    /// The keys of these secrets. One with the prefix `whsec_` is Base64; another is the key as it stands, and what it
    /// is as Base64 holds as well, as some senders leave the prefix out.
    pub fn of(secrets: &[Secret]) -> Self {
        let mut keys = Vec::new();
        for secret in secrets {
            let text = secret.reveal().trim();
            match text.strip_prefix(PREFIX) {
                Some(coded) => keys.extend(STANDARD.decode(coded)),
                None => keys.extend([text.as_bytes().to_vec()].into_iter().chain(STANDARD.decode(text))),
            }
        }
        // An empty key would make a signature that anybody can make.
        keys.retain(|key| !key.is_empty());
        Self(keys)
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `x-webhook-signature` is right: hexadecimal digits, with `sha256=` before them or without.
    pub fn accept_plain(&self, signature: &str, body: &[u8]) -> bool {
        let signature = signature.trim();
        let digits = signature.strip_prefix("sha256=").unwrap_or(signature);
        from_hex(digits).is_some_and(|signature| self.any(&[body], &signature))
    }

    /// Whether the headers of Standard Webhooks are right: `webhook-id`, `webhook-timestamp`, and one of the signatures in
    /// `webhook-signature`.
    pub fn accept_standard(
        &self,
        id: &str,
        timestamp: &str,
        signatures: &str,
        body: &[u8],
        now: Timestamp,
    ) -> bool {
        let is_number = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let Some(at) = timestamp.parse::<i64>().ok().filter(|_| is_number && !id.is_empty()) else {
            return false;
        };
        if now.as_second().saturating_sub(at).abs() > TOLERANCE {
            return false;
        }
        let signed: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
        // Whoever sends a thousand signatures does not make us work a thousand times.
        signatures.split_ascii_whitespace().take(10).any(|one| {
            let coded = one.strip_prefix("v1,").and_then(|coded| STANDARD.decode(coded).ok());
            coded.is_some_and(|signature| self.any(&signed, &signature))
        })
    }

    fn any(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        self.0.iter().filter_map(|key| mac(key, parts)).any(|mac| mac.verify_slice(signature).is_ok())
    }
}

/// The headers that sign a message, both ways.
pub fn headers(secret: &Secret, id: &str, body: &[u8], now: Timestamp) -> Vec<(&'static str, String)> {
    let text = secret.reveal().trim();
    let key = text.strip_prefix(PREFIX).and_then(|coded| STANDARD.decode(coded).ok());
    let key = key.unwrap_or_else(|| text.as_bytes().to_vec());
    let timestamp = now.as_second().to_string();
    let sign = |parts: &[&[u8]]| mac(&key, parts).map(|mac| mac.finalize().into_bytes().to_vec());
    let standard = sign(&[id.as_bytes(), b".", timestamp.as_bytes(), b".", body]).unwrap_or_default();
    let plain = sign(&[body]).unwrap_or_default();
    vec![
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", format!("v1,{}", STANDARD.encode(standard))),
        ("x-webhook-signature", format!("sha256={}", to_hex(&plain))),
    ]
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac)
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? * 16 + digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"event-1"}"#;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_example_of_the_standard_is_signed_as_it_says() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = br#"{"test": 2432232314}"#;
        let headers = headers(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", body, at(1_614_265_330));
        assert_eq!(headers[2].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let keys = Keys::of(&[secret]);
        let accept = |id: &str, second: i64| {
            keys.accept_standard(
                id,
                "1614265330",
                &format!("v1a,x v1,eA== {}", headers[2].1),
                body,
                at(second),
            )
        };
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        assert!(accept(id, 1_614_265_330) && accept(id, 1_614_265_630) && accept(id, 1_614_265_030));
        assert!(
            !accept(id, 1_614_265_631) && !accept(id, 1_614_265_029) && !accept("another", 1_614_265_330)
        );
    }

    #[test]
    fn what_is_signed_here_is_accepted_and_nothing_else() {
        for text in ["a-plain-secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            let secret = Secret::new(text);
            let signed = headers(&secret, "evt", BODY, at(1_000));
            let value = |name: &str| signed.iter().find(|(known, _)| *known == name).unwrap().1.clone();
            let keys = Keys::of(&[Secret::new("former"), secret.clone()]);
            let plain = value("x-webhook-signature");
            assert!(keys.accept_plain(&plain, BODY) && keys.accept_plain(&plain[7..].to_uppercase(), BODY));
            assert!(!keys.accept_plain(&plain, b"other") && !keys.accept_plain("", BODY));
            assert!(!keys.accept_plain(&plain[..plain.len() - 1], BODY));
            let standard = value("webhook-signature");
            assert!(keys.accept_standard("evt", "1000", &standard, BODY, at(1_000)));
            for (id, time, signature) in [
                ("", "1000", &*standard),
                ("evt", "+1000", &standard),
                ("evt", "", &standard),
                ("evt", "1000", "v1,"),
            ] {
                assert!(
                    !keys.accept_standard(id, time, signature, BODY, at(1_000)),
                    "{id} {time} {signature}"
                );
            }
            assert!(!Keys::of(&[Secret::new("another")]).accept_plain(&plain, BODY));
        }
        // An empty key accepts nothing, not even what is signed with it.
        for empty in ["", "whsec_", " "] {
            let keys = Keys::of(&[Secret::new(empty)]);
            let signed = headers(&Secret::new(empty), "evt", BODY, at(1_000));
            assert!(keys.is_empty() && !keys.accept_plain(&signed[3].1, BODY));
            assert!(!keys.accept_standard("evt", "1000", &signed[2].1, BODY, at(1_000)));
        }
    }
}

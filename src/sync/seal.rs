//! Personal data at rest: sealed with a key that only the configured credentials give.
//!
//! ChaCha20-Poly1305 (RFC 8439) under a key derived by HKDF-SHA256 (RFC 5869) from the API key and a random salt. Who
//! has the files but not the credentials learns their length, nothing else; who has the credentials could ask the
//! source anyway.

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;

use crate::base::secret::Secret;

const MAGIC: &[u8; 8] = b"aither1\n";
const SALT: usize = 32;
const NONCE: usize = 12;

/// Seals `plain`. Nothing where the operating system gives no randomness.
pub(super) fn seal(secret: &Secret, plain: &[u8]) -> Option<Vec<u8>> {
    let mut random = [0; SALT + NONCE];
    getrandom::fill(&mut random).ok()?;
    let (salt, nonce) = random.split_at(SALT);
    let sealed = cipher(secret, salt)?.encrypt(&Nonce::try_from(nonce).ok()?, plain).ok()?;
    Some([MAGIC.as_slice(), &random, &sealed].concat())
}

/// Opens what [`seal`] made. Nothing where the secret is another one or a byte was changed.
pub(super) fn open(secret: &Secret, sealed: &[u8]) -> Option<Vec<u8>> {
    let rest = sealed.strip_prefix(MAGIC)?;
    let (salt, rest) = rest.split_at_checked(SALT)?;
    let (nonce, rest) = rest.split_at_checked(NONCE)?;
    cipher(secret, salt)?.decrypt(&Nonce::try_from(nonce).ok()?, rest).ok()
}

fn cipher(secret: &Secret, salt: &[u8]) -> Option<ChaCha20Poly1305> {
    let mut key = Key::default();
    Hkdf::<Sha256>::new(Some(salt), secret.reveal().as_bytes())
        .expand(b"aither participants", &mut key)
        .ok()?;
    Some(ChaCha20Poly1305::new(&key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_opens_and_only_whole() {
        let secret = Secret::new("k".repeat(40));
        let sealed = seal(&secret, b"Ana Beispiel").unwrap();
        assert!(!sealed.windows(3).any(|w| w == b"Ana"));
        assert_eq!(open(&secret, &sealed).as_deref(), Some(b"Ana Beispiel".as_slice()));
        assert_eq!(open(&Secret::new("x".repeat(40)), &sealed), None);
        for at in 0..sealed.len() {
            let mut broken = sealed.clone();
            broken[at] ^= 1;
            assert_eq!(open(&secret, &broken), None, "byte {at}");
            assert_eq!(open(&secret, &sealed[..at]), None);
        }
        assert_ne!(seal(&secret, b"Ana Beispiel"), Some(sealed), "the nonce is fresh each time");
    }
}

//! SHA-256 (FIPS 180-4) digests, and a hasher whose fields cannot run into each other.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256, Sha384};

/// A SHA-256 digest. Shown and stored as 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The raw 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A digest from its raw 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The first eight bytes as a number: enough to tell versions of one thing apart, in a quarter of the space.
    pub fn short(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

/// The digits of each byte: a manifest has hundreds of thousands of them.
const PAIRS: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < pairs.len() {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};

impl Digest {
    fn digits(&self) -> [u8; 64] {
        let mut text = [0; 64];
        for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            *pair = PAIRS[usize::from(byte)];
        }
        text
    }

    /// Adds its hexadecimal digits to a text.
    pub fn put(&self, text: &mut String) {
        text.push_str(std::str::from_utf8(&self.digits()).unwrap_or_default());
    }

    /// The digest as a UUID of version 8 (RFC 9562): for formats that want one.
    pub fn uuid(&self) -> String {
        let mut bytes = self.0;
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let digits = Self(bytes).digits();
        let mut text = String::with_capacity(36);
        for (at, digit) in digits[..32].iter().enumerate() {
            if matches!(at, 8 | 12 | 16 | 20) {
                text.push('-');
            }
            text.push(char::from(*digit));
        }
        text
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// The bytes' SHA-384 as browsers compare it (Subresource Integrity): `sha384-` and Base64.
pub fn integrity(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::from("sha384-");
    // 48 bytes are 16 times three: nothing is left over that would have to be filled up.
    for three in Sha384::digest(bytes).chunks_exact(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        text.extend([18, 12, 6, 0].map(|shift| char::from(DIGITS[(bits >> shift & 63) as usize])));
    }
    text
}

/// The text is not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotADigest;

impl fmt::Display for NotADigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a SHA-256 digest is 64 hexadecimal digits")
    }
}

impl std::error::Error for NotADigest {}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        if text.len() != 64 || !text.is_ascii() {
            return Err(NotADigest);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digit = |b: u8| char::from(b).to_digit(16).ok_or(NotADigest);
            *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Hashes bytes as they are written into it, for files that need not be in memory as a whole.
#[derive(Clone, Default)]
pub struct Stream(Sha256);

impl Stream {
    /// A stream that nothing was written into.
    pub fn new() -> Self {
        Self::default()
    }

    /// The digest of all that was written.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl std::io::Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}

/// Hashes a sequence of fields. Every field is written with its length before it, so `("ab", "c")` and `("a", "bc")`
/// give different digests.
#[derive(Clone, Default)]
pub struct Hasher {
    whole: Sha256,
    /// Fields that are yet to be hashed: most are short, and hashing has its price a call.
    waiting: Vec<u8>,
}

impl Hasher {
    /// So many bytes wait at most.
    const ROOM: usize = 1024;

    /// A hasher salted with a purpose, so that digests of different kinds of things never meet.
    pub fn new(purpose: &str) -> Self {
        let mut hasher = Self { whole: Sha256::new(), waiting: Vec::with_capacity(Self::ROOM) };
        hasher.field(purpose.as_bytes());
        hasher
    }

    /// Adds one field.
    pub fn field(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u64);
        self.add(bytes);
        self
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.add(&number.to_le_bytes());
        self
    }

    fn add(&mut self, bytes: &[u8]) {
        if self.waiting.len() + bytes.len() > Self::ROOM {
            self.whole.update(&self.waiting);
            self.waiting.clear();
        }
        match bytes.len() > Self::ROOM {
            true => self.whole.update(bytes),
            false => self.waiting.extend_from_slice(bytes),
        }
    }

    /// The digest of all that was added.
    pub fn finish(mut self) -> Digest {
        self.whole.update(&self.waiting);
        Digest(self.whole.finalize().into())
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

/// A quick 64-bit hash of a sequence of fields, the same on every machine. It tells "surely changed" from "most likely the
/// same" in memory and in the build's own files; whatever is published or compared between machines has a [`Digest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// A fingerprint salted with a purpose.
    pub const fn new(purpose: u64) -> Self {
        Self(purpose ^ 0x51_7c_c1_b7_27_22_0a_95)
    }

    /// With a number added.
    #[must_use]
    #[inline]
    pub fn number(self, number: u64) -> Self {
        let wide = u128::from(self.0 ^ 0x9e37_79b9_7f4a_7c15) * u128::from(number ^ 0xd6e8_feb8_6659_fd93);
        Self((wide >> 64) as u64 ^ wide as u64 ^ self.0.rotate_left(23))
    }

    /// With a text added; its length counts, so fields do not run into each other.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// With bytes added; how many they are counts.
    #[must_use]
    #[inline]
    pub fn bytes(self, bytes: &[u8]) -> Self {
        let mut state = self.number(bytes.len() as u64);
        let (chunks, rest) = bytes.as_chunks::<8>();
        for chunk in chunks {
            state = state.number(u64::from_le_bytes(*chunk));
        }
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        state.number(u64::from_le_bytes(word))
    }

    /// With the bytes of a whole file added: four numbers at a time, each to a hash of its own, so that none waits for the
    /// one before. It gives another hash than [`Fingerprint::bytes`].
    #[must_use]
    pub fn file(self, bytes: &[u8]) -> Self {
        let (chunks, rest) = bytes.as_chunks::<32>();
        let mut lanes = [self, self.number(1), self.number(2), self.number(3)];
        for chunk in chunks {
            for (lane, word) in lanes.iter_mut().zip(chunk.as_chunks::<8>().0) {
                *lane = lane.number(u64::from_le_bytes(*word));
            }
        }
        let whole = lanes.into_iter().fold(self, |whole, lane| whole.number(lane.0));
        whole.number(chunks.len() as u64).bytes(rest)
    }

    /// With a text that may be missing.
    #[must_use]
    pub fn maybe(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.number(1).text(text),
            None => self.number(0),
        }
    }

    /// The hash of all that was added.
    pub fn get(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_the_sha_256_of_the_bytes_and_reads_back() {
        let digest = Digest::of(b"abc");
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest.to_string(), hex);
        assert_eq!(hex.parse(), Ok(digest));
        assert_eq!("xyz".parse::<Digest>(), Err(NotADigest));
        assert_eq!("é".repeat(32).parse::<Digest>(), Err(NotADigest));
        assert_eq!(digest.uuid(), "ba7816bf-8f01-8fea-8141-40de5dae2223");
    }

    #[test]
    fn integrity_is_as_browsers_compute_it() {
        // echo -n abc | openssl dgst -sha384 -binary | openssl base64 -A
        let abc = "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn";
        assert_eq!(integrity(b"abc"), abc);
    }

    #[test]
    fn no_byte_of_a_file_is_overlooked() {
        for length in [9, 31, 32, 33, 63, 64, 65, 250] {
            let text: Vec<u8> = (0..length).map(|at| (at * 7) as u8).collect();
            let mark = |bytes: &[u8]| Fingerprint::new(1).file(bytes).get();
            let mut seen = std::collections::HashSet::from([mark(&text), mark(&text[1..])]);
            for at in 0..text.len() {
                let mut other = text.clone();
                other[at] ^= 1;
                assert!(seen.insert(mark(&other)), "byte {at} of {length}");
                other.swap(at, (at + 8) % length);
                assert!(seen.insert(mark(&other)), "bytes {at} of {length}");
            }
        }
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let digest = |fields: &[&str]| {
            let mut hasher = Hasher::new("test");
            for field in fields {
                hasher.field(field.as_bytes());
            }
            hasher.finish()
        };
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }
}

//! Bytes in and out for the build's own files: numbers of a fixed or a short form, texts, a checksum at the end.

use super::trace::{Stamp, checksum};
use crate::base::digest::Digest;

/// Writes.
#[derive(Debug, Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn u64(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    /// A number that is mostly small, seven bits a byte (LEB128).
    pub(super) fn length(&mut self, number: usize) {
        let mut rest = number as u64;
        while rest >= 0x80 {
            self.0.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.0.push(rest as u8);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.length(text.len());
        self.bytes(text.as_bytes());
    }

    /// A text of a list in order, where neighbours share most of their beginning; it comes back, to be the one before the next.
    pub(super) fn text_after<'t>(&mut self, before: &str, text: &'t str) -> &'t str {
        let mut same = before.bytes().zip(text.bytes()).take_while(|(x, y)| x == y).count();
        while !text.is_char_boundary(same) {
            same -= 1;
        }
        self.length(same);
        self.text(&text[same..]);
        text
    }

    pub(super) fn stamp(&mut self, stamp: Stamp) {
        self.length(usize::try_from(stamp.size).unwrap_or(usize::MAX));
        self.u64(stamp.modified);
        self.u64(stamp.changed);
    }

    /// The bytes with their checksum.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let sum = checksum(&self.0);
        self.u64(sum);
        self.0
    }
}

/// Reads what [`Writer`] wrote. Nothing that it gives was not there.
#[derive(Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A reader over bytes whose checksum is right.
    pub(super) fn checked(bytes: &'a [u8]) -> Option<Self> {
        let (body, sum) = bytes.split_last_chunk::<8>()?;
        (checksum(body) == u64::from_le_bytes(*sum)).then_some(Self(body))
    }

    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        let (head, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*head))
    }

    pub(super) fn digest(&mut self) -> Option<Digest> {
        let (head, rest) = self.0.split_first_chunk::<32>()?;
        self.0 = rest;
        Some(Digest::from_bytes(*head))
    }

    pub(super) fn length(&mut self) -> Option<usize> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return usize::try_from(number).ok();
            }
        }
        None
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let count = self.length()?;
        std::str::from_utf8(self.bytes(count)?).ok()
    }

    /// The text that follows `before` in a list, in its place.
    pub(super) fn text_after(&mut self, before: &mut String) -> Option<()> {
        let same = self.length()?;
        before.is_char_boundary(same).then(|| before.truncate(same))?;
        before.push_str(self.text()?);
        Some(())
    }

    pub(super) fn stamp(&mut self) -> Option<Stamp> {
        Some(Stamp { size: self.length()? as u64, modified: self.u64()?, changed: self.u64()? })
    }

    pub(super) fn at_end(&self) -> bool {
        self.0.is_empty()
    }
}

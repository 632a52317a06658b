//! Bytes in and out for the program's own files: numbers of a fixed or a short form, texts, a checksum at the end. A file that is
//! large is a row of *sheets*, each with its length before it and its checksum behind it, so that nobody has to hold all of it.

use std::io::Read;

use super::digest::{Digest, Fingerprint};

/// Writes. All numbers are little-endian.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// A writer that so many bytes fit into.
    pub fn with_room(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// Adds bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Adds a number of eight bytes.
    pub fn u64(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    /// A number that is mostly small, seven bits a byte (LEB128).
    pub fn length(&mut self, number: usize) {
        let mut rest = number as u64;
        while rest >= 0x80 {
            self.0.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.0.push(rest as u8);
    }

    /// Adds a text with its length before it.
    pub fn text(&mut self, text: &str) {
        self.length(text.len());
        self.bytes(text.as_bytes());
    }

    /// A text of a list in order, where neighbours share most of their beginning; it comes back, to be the one before the next.
    pub fn text_after<'t>(&mut self, before: &str, text: &'t str) -> &'t str {
        let mut same = before.bytes().zip(text.bytes()).take_while(|(x, y)| x == y).count();
        while !text.is_char_boundary(same) {
            same -= 1;
        }
        self.length(same);
        self.text(&text[same..]);
        text
    }

    /// What was written.
    pub fn written(&self) -> &[u8] {
        &self.0
    }

    /// Takes back all of it.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// A writer of a sheet that is about as long as this.
    pub fn sheet(bytes: usize) -> Self {
        let mut sheet = Self::with_room(bytes + LENGTH + SUM);
        sheet.u64(0);
        sheet
    }

    /// The whole sheet.
    pub fn end_sheet(mut self) -> Vec<u8> {
        let body = self.0.get(LENGTH..).unwrap_or_default();
        let (length, sum) = (body.len() + SUM, checksum(body));
        self.u64(sum);
        if let Some(place) = self.0.first_chunk_mut::<LENGTH>() {
            *place = (length as u64).to_le_bytes();
        }
        self.0
    }

    /// The bytes with their checksum.
    pub fn finish(mut self) -> Vec<u8> {
        let sum = checksum(&self.0);
        self.u64(sum);
        self.0
    }
}

/// How many bytes the length of a sheet has, and its checksum.
const LENGTH: usize = 8;
const SUM: usize = 8;

/// A sheet among bytes that are all in memory.
#[derive(Debug)]
pub struct Sheet<'a> {
    /// Reads what is on it.
    pub reader: Reader<'a>,
    /// Where that ends among the bytes.
    pub end: usize,
    /// Where the next sheet begins.
    pub next: usize,
}

impl<'a> Sheet<'a> {
    /// The sheet that begins at this place; nothing where there is none that is whole.
    pub fn at(bytes: &'a [u8], begin: usize) -> Option<Self> {
        let (length, rest) = bytes.get(begin..)?.split_first_chunk::<LENGTH>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let reader = Reader::checked(rest.get(..length)?)?;
        let next = begin + LENGTH + length;
        Some(Self { reader, end: next - SUM, next })
    }
}

/// Reads sheets one after the other; one is in memory at a time.
#[derive(Debug)]
pub struct Sheets<R> {
    from: R,
    /// No sheet is longer.
    longest: usize,
    sheet: Vec<u8>,
    sums: Sums,
}

impl<R: Read> Sheets<R> {
    /// The sheets in `from`, which has so many bytes.
    pub fn new(from: R, bytes: usize) -> Self {
        Self { from, longest: bytes, sheet: Vec::new(), sums: Sums::default() }
    }

    /// The next one; nothing where there is none that is whole.
    pub fn next_sheet(&mut self) -> Option<Reader<'_>> {
        let mut length = [0; LENGTH];
        self.from.read_exact(&mut length).ok()?;
        let length = usize::try_from(u64::from_le_bytes(length)).ok()?;
        if length > self.longest {
            return None;
        }
        self.sheet.resize(length, 0);
        self.from.read_exact(&mut self.sheet).ok()?;
        self.sums.add(&self.sheet);
        Reader::checked(&self.sheet)
    }

    /// A hash of all sheets so far.
    pub fn sum(&self) -> u64 {
        self.sums.get()
    }

    /// The bytes behind the last sheet.
    pub fn rest(mut self) -> Option<Vec<u8>> {
        let mut rest = Vec::new();
        self.from.read_to_end(&mut rest).ok()?;
        Some(rest)
    }
}

/// A hash of all sheets of a file.
#[derive(Debug, Clone, Copy)]
pub struct Sums(Fingerprint);

impl Default for Sums {
    fn default() -> Self {
        Self(Fingerprint::new(64))
    }
}

impl Sums {
    /// Takes note of the next one. Its checksum stands for it.
    pub fn add(&mut self, sheet: &[u8]) {
        let sum = sheet.last_chunk::<SUM>().map_or(0, |sum| u64::from_le_bytes(*sum));
        self.0 = self.0.number(sum);
    }

    /// The hash.
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

/// Reads what [`Writer`] wrote. Nothing that it gives was not there.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A reader over bytes that were found to be right before.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// A reader over bytes whose checksum is right.
    pub fn checked(bytes: &'a [u8]) -> Option<Self> {
        let (body, sum) = bytes.split_last_chunk::<8>()?;
        (checksum(body) == u64::from_le_bytes(*sum)).then_some(Self(body))
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    /// One byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A number of eight bytes.
    pub fn u64(&mut self) -> Option<u64> {
        let (head, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*head))
    }

    /// So many of them.
    pub fn u64s(&mut self, number: usize) -> Option<Box<[u64]>> {
        let (words, _) = self.bytes(number.checked_mul(8)?)?.as_chunks::<8>();
        Some(words.iter().map(|word| u64::from_le_bytes(*word)).collect())
    }

    /// A digest as its raw bytes.
    pub fn digest(&mut self) -> Option<Digest> {
        let (head, rest) = self.0.split_first_chunk::<32>()?;
        self.0 = rest;
        Some(Digest::from_bytes(*head))
    }

    /// A number of a short form.
    pub fn length(&mut self) -> Option<usize> {
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

    /// A text with its length before it.
    pub fn text(&mut self) -> Option<&'a str> {
        let count = self.length()?;
        std::str::from_utf8(self.bytes(count)?).ok()
    }

    /// The text that follows `before` in a list, in its place.
    pub fn text_after(&mut self, before: &mut String) -> Option<()> {
        let same = self.length()?;
        before.is_char_boundary(same).then(|| before.truncate(same))?;
        before.push_str(self.text()?);
        Some(())
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing left.
    pub fn at_end(&self) -> bool {
        self.0.is_empty()
    }
}

/// The checksum at the end of the file.
fn checksum(bytes: &[u8]) -> u64 {
    Fingerprint::new(0x7261_6365).file(bytes).get()
}

//! A file of records that only grows: each on a line of its own, behind its checksum.
//!
//! What [`Journal::append`] has answered for is on the disk. A record that was cut off by a power cut or a full disk is
//! dropped at the next opening, together with whatever stands behind the last whole one; one that was damaged in the
//! middle is left out and counted. From time to time the whole file is written anew with what still matters.

use std::path::{Path, PathBuf};

use super::digest::Fingerprint;
use super::files;
use crate::error::Result;

/// A journal. Several processes may write to one file, if they take turns by a lock and call [`Journal::read_news`]
/// when theirs comes.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// Bytes of whole records, as far as they are known here.
    length: u64,
    /// Tells a file that was written anew from the one that is known.
    identity: Option<u64>,
    records: usize,
    damaged: usize,
}

/// What a journal has that was not known yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Whether the file was written anew, so that what was read of it before counts no more.
    pub begins_anew: bool,
    /// The records, oldest first.
    pub records: Vec<Vec<u8>>,
}

impl Journal {
    /// A journal at this path, of which nothing is known yet; the file need not be there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), length: 0, identity: None, records: 0, damaged: 0 }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many records the file holds.
    pub fn len(&self) -> usize {
        self.records
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// How many records were damaged and are left out.
    pub fn damaged(&self) -> usize {
        self.damaged
    }

    /// Reads what others have written, and heals a torn end.
    pub fn read_news(&mut self) -> Result<News> {
        let (identity, length) = files::identity(&self.path);
        let mut news = News::default();
        if identity != self.identity || length < self.length {
            news.begins_anew = self.identity.is_some();
            *self = Self { identity, ..Self::new(std::mem::take(&mut self.path)) };
        }
        if length == self.length {
            return Ok(news);
        }
        let bytes = files::read_from(&self.path, self.length)?;
        let mut whole = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match record(line) {
                Some(record) => {
                    news.records.push(record.to_vec());
                    // Whatever is damaged before a whole record is damage in the middle.
                    whole = line.as_ptr() as usize - bytes.as_ptr() as usize + line.len();
                }
                None => self.damaged += 1,
            }
        }
        self.records += news.records.len();
        self.length += whole as u64;
        if whole < bytes.len() {
            self.damaged = self.damaged.saturating_sub(1);
            files::append_at(&self.path, self.length, &[])?;
        }
        Ok(news)
    }

    /// Adds records. On the disk when this returns; on an error none of them counts.
    pub fn append<'r>(&mut self, records: impl IntoIterator<Item = &'r [u8]>) -> Result<()> {
        let mut bytes = Vec::new();
        let mut count = 0;
        for record in records {
            line(record, &mut bytes);
            count += 1;
        }
        if count == 0 {
            return Ok(());
        }
        files::append_at(&self.path, self.length, &bytes)?;
        self.length += bytes.len() as u64;
        self.records += count;
        if self.identity.is_none() {
            self.identity = files::identity(&self.path).0;
        }
        Ok(())
    }

    /// Writes the file anew with these records only.
    pub fn rewrite<'r>(&mut self, records: impl IntoIterator<Item = &'r [u8]>) -> Result<()> {
        let mut bytes = Vec::new();
        let mut count = 0;
        for record in records {
            line(record, &mut bytes);
            count += 1;
        }
        files::replace(&self.path, &bytes)?;
        self.identity = files::identity(&self.path).0;
        (self.length, self.records, self.damaged) = (bytes.len() as u64, count, 0);
        Ok(())
    }
}

fn checksum(record: &[u8]) -> u64 {
    Fingerprint::new(40).bytes(record).get()
}

/// Sixteen hexadecimal digits, a space, the record, the end of the line. A record holds no line break of its own.
fn line(record: &[u8], out: &mut Vec<u8>) {
    debug_assert!(!record.contains(&b'\n'));
    out.extend_from_slice(format!("{:016x} ", checksum(record)).as_bytes());
    out.extend_from_slice(record);
    out.push(b'\n');
}

fn record(line: &[u8]) -> Option<&[u8]> {
    let (sum, rest) = line.strip_suffix(b"\n")?.split_first_chunk::<16>()?;
    let record = rest.strip_prefix(b" ")?;
    let sum = u64::from_str_radix(std::str::from_utf8(sum).ok()?, 16).ok()?;
    (sum == checksum(record)).then_some(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> (Vec<String>, usize) {
        let mut journal = Journal::new(path);
        let news = journal.read_news().unwrap();
        let text = |record| String::from_utf8(record).unwrap();
        (news.records.into_iter().map(text).collect(), journal.damaged())
    }

    #[test]
    fn whatever_is_cut_off_or_damaged_the_whole_records_are_read_and_the_file_is_healed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.journal");
        let mut journal = Journal::new(&path);
        assert_eq!(journal.read_news().unwrap(), News::default());
        journal.append([b"{\"one\":1}".as_slice(), b"two"]).unwrap();
        journal.append([b"three".as_slice()]).unwrap();
        let whole = files::read(&path).unwrap();
        let ends: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').map(|at| at + 1).collect();
        for cut in 0..=whole.len() {
            files::replace(&path, &whole[..cut]).unwrap();
            let expected = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!((read(&path).0.len(), read(&path).1), (expected, 0), "cut at {cut}");
            // Healed: the next record stands behind a whole one.
            let mut journal = Journal::new(&path);
            journal.read_news().unwrap();
            journal.append([b"next".as_slice()]).unwrap();
            assert_eq!(read(&path).0.last().unwrap(), "next");
            assert_eq!(read(&path).0.len(), expected + 1);
        }
        let mut damaged = whole.clone();
        damaged[ends[0] + 18] ^= 1;
        files::replace(&path, &damaged).unwrap();
        assert_eq!(read(&path), (vec!["{\"one\":1}".to_owned(), "three".to_owned()], 1));
    }

    #[test]
    fn two_that_take_turns_see_what_the_other_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let (mut a, mut b) = (Journal::new(&path), Journal::new(&path));
        a.append([b"1".as_slice()]).unwrap();
        assert_eq!(b.read_news().unwrap().records, [b"1"]);
        b.append([b"2".as_slice()]).unwrap();
        assert_eq!(a.read_news().unwrap().records, [b"2"]);
        b.rewrite([b"2".as_slice()]).unwrap();
        assert_eq!(a.read_news().unwrap(), News { begins_anew: true, records: vec![b"2".to_vec()] });
        assert_eq!((a.len(), a.read_news().unwrap()), (1, News::default()));
    }
}

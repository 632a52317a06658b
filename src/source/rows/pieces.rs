//! Reads a file of courses piece by piece. Of rows that are known only the places are noted, so that a large file in which little
//! has changed is never in memory.

use std::io::{self, Read};

use super::known::{Finder, Known};
use super::scan::{self, Bounds};
use crate::base::files::PIECE;

/// The rows of a list.
pub(super) struct Pieces {
    /// A known row is at its place in the file, a new one in `new`.
    pub(super) rows: Vec<Bounds>,
    /// The new rows, one behind the other.
    pub(super) new: String,
}

/// Reads a list of rows most of which are known. Nothing where it is no such list, or cannot be read: then somebody has to look at
/// the whole file, and to say what is wrong with it.
pub(super) fn read(from: impl Read, known: &Known) -> Option<Pieces> {
    let finder = known.finder();
    if finder.number() == 0 {
        return None;
    }
    let rows = Vec::with_capacity(finder.number() + 1);
    let mut pieces = Pieces { rows, new: String::new() };
    let mut window = Window { from, bytes: vec![0; PIECE], at: 0, end: 0, before: 0, is_end: false };
    pieces.list(&mut window, finder).ok().flatten()?;
    Some(pieces)
}

impl Pieces {
    fn list(&mut self, window: &mut Window<impl Read>, mut finder: Finder<'_>) -> io::Result<Option<()>> {
        /// A file with more new rows than this, and than known ones, is read as a whole.
        const MANY: usize = 16;
        window.fill(3)?;
        if window.rest().starts_with(b"\xef\xbb\xbf") {
            window.at += 3;
        }
        if window.next()? != Some(b'[') {
            return Ok(None);
        }
        if window.peek()? == Some(b']') {
            window.at += 1;
            return Ok(window.peek()?.is_none().then_some(()));
        }
        let mut new = 0_usize;
        loop {
            window.fill(finder.expects())?;
            if let Some((at, length)) = finder.find(window.rest()) {
                let from = window.place();
                self.rows.push((from..from + length, Some(at)));
                window.at += length;
            } else {
                let Some(length) = window.value()? else { return Ok(None) };
                let from = window.place();
                let row = window.rest().get(..length).unwrap_or_default();
                match finder.recognise(row) {
                    Some(at) => self.rows.push((from..from + length, Some(at))),
                    None => {
                        let Ok(row) = std::str::from_utf8(row) else { return Ok(None) };
                        let from = self.new.len();
                        self.new.push_str(row);
                        self.rows.push((from..self.new.len(), None));
                        new += 1;
                        if new > MANY.max(self.rows.len() / 2) {
                            return Ok(None);
                        }
                    }
                }
                window.at += length;
            }
            match window.next()? {
                Some(b',') => drop(window.peek()?),
                Some(b']') => return Ok(window.peek()?.is_none().then_some(())),
                _ => return Ok(None),
            }
        }
    }
}

/// The part of a file that is in memory.
struct Window<R> {
    from: R,
    bytes: Vec<u8>,
    /// The bytes before this one have been looked at.
    at: usize,
    /// The bytes from this one on are none of the file.
    end: usize,
    /// How many bytes of the file lie before the window.
    before: usize,
    /// Whether the file ends with it.
    is_end: bool,
}

impl<R: Read> Window<R> {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..self.end).unwrap_or_default()
    }

    /// Where in the file the rest begins.
    fn place(&self) -> usize {
        self.before + self.at
    }

    /// Reads on until the rest has so many bytes, if the file has as many.
    fn fill(&mut self, least: usize) -> io::Result<()> {
        if self.is_end || self.rest().len() >= least {
            return Ok(());
        }
        self.bytes.copy_within(self.at..self.end, 0);
        (self.before, self.end, self.at) = (self.before + self.at, self.end - self.at, 0);
        if self.bytes.len() < least {
            self.bytes.resize(least, 0);
        }
        while let Some(room) = self.bytes.get_mut(self.end..).filter(|room| !room.is_empty()) {
            match self.from.read(room) {
                Ok(0) => {
                    self.is_end = true;
                    break;
                }
                Ok(read) => self.end += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// The next byte that is no space.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            self.fill(1)?;
            match self.rest().first() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return Ok(other.copied()),
            }
        }
    }

    /// Takes it.
    fn next(&mut self) -> io::Result<Option<u8>> {
        let next = self.peek()?;
        self.at += usize::from(next.is_some());
        Ok(next)
    }

    /// How long the value at hand is; nothing where it is none.
    fn value(&mut self) -> io::Result<Option<usize>> {
        loop {
            match scan::value(self.rest()) {
                // A number may go on in the next piece.
                Some(length) if length < self.rest().len() => return Ok(Some(length)),
                found if self.is_end => return Ok(found),
                _ => self.fill(self.rest().len() * 2 + 1)?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::source::rows::{Calendar, read_again};

    /// Hands over a few bytes at a time, as a pipe does.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(into.len()).min(self.0.len());
            let (now, rest) = self.0.split_at(length);
            into[..length].copy_from_slice(now);
            self.0 = rest;
            Ok(length)
        }
    }

    #[test]
    fn pieces_are_the_rows_of_the_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let calendar = Calendar::fixed(TimeZone::UTC);
        let kept = folder.path().join("rows.bin");
        // Longer than a piece, rows that end at all places of it, and one that is longer than two.
        let mut random = fastrand::Rng::with_seed(5);
        let row = |id: usize, length: usize| {
            let text = "ä}]\\\"".repeat(length / 5);
            format!(r#"{{"id": {id}, "title": "t{id}", "level": "BEGINNER", "description": "{text}"}}"#)
        };
        let mut rows: Vec<String> = (0..400).map(|id| row(id, random.usize(0..4000))).collect();
        rows[100] = row(100, 3 * PIECE);
        let json = |rows: &[String], between: &str| format!("\u{feff} [{}]\n", rows.join(between));
        read_again("f", json(&rows, ",").into_bytes(), &calendar, &Known::load(&kept, &calendar)).unwrap();
        let known = Known::load(&kept, &calendar);
        let check = |rows: &[String], new: usize| {
            for (between, step) in [(",", usize::MAX), (" ,\n  ", 7919)] {
                let file = json(rows, between);
                let pieces = read(Slow(file.as_bytes(), step), &known).unwrap();
                assert_eq!(pieces.rows.len(), rows.len());
                assert_eq!(pieces.rows.iter().filter(|(_, known)| known.is_none()).count(), new);
                for ((place, known), row) in pieces.rows.iter().zip(rows) {
                    let from = if known.is_some() { &file } else { &pieces.new };
                    assert_eq!(&from[place.clone()], row);
                }
            }
        };
        check(&rows, 0);
        rows.swap(7, 90);
        rows.remove(200);
        rows[3] = row(1000, 20);
        rows[301] = row(1001, 5 * PIECE);
        check(&rows, 2);
        rows[150] = "17".into();
        rows.truncate(151);
        check(&rows, 2);
        check(&[], 0);
        for other in
            ["", "[", "[{}", "[{},", "[{},]", "[{}]x", "{\"data\": []}", "[1 2]", "7", "[\"", "[\"\\", "[]]"]
        {
            assert!(read(other.as_bytes(), &known).is_none(), "{other}");
        }
        assert!(read(&b"[\"\xff\"]"[..], &known).is_none());
        let strange: Vec<String> = (0..400).map(|id| row(2000 + id, 3)).collect();
        assert!(read(json(&strange, ",").as_bytes(), &known).is_none(), "hardly any is known");
    }
}

//! Rows that were read before, by their bytes: what they said is kept, so that of a large file only what has changed in it is
//! read anew.
//!
//! The file `.aither/rows.bin` may be thrown away. There is nobody in it: of the people in a row it keeps how many they are and
//! hashes, and they are read where they stand once a page shows them. Descriptions stay where they stand as well.
//!
//! It is a list of sheets, each with its length before it and a checksum at its end. The first has all rows. Those behind it, one a
//! build, have the rows that took the place of others; once they are too many all rows are written anew. What is cut off behind a
//! whole sheet is left out: a row that is not known is read.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::calendar::Calendar;
use super::record;
use super::standing::Standing;
use super::words::Words;
use crate::base::codec::{Reader, Sheet, Writer};
use crate::base::digest::Fingerprint;
use crate::base::files;
use crate::model::course::Course;

/// Another number with every change of what is kept of a course, and of what the hashes of one are made from.
const MAGIC: &[u8; 8] = b"aitherR3";

/// What is kept of one row.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    mark: u64,
    /// How long the row is.
    length: usize,
    /// Where its course is in the bytes of the file.
    course: Range<usize>,
}

/// The rows of a file as it was read last.
#[derive(Debug)]
pub(in crate::source) struct Known {
    path: PathBuf,
    salt: u64,
    bytes: Vec<u8>,
    rows: Vec<Row>,
    /// How long the first sheet is, if every one behind it is whole: then one more can be added.
    first: Option<usize>,
}

/// The quick hash of a row.
pub(super) fn mark(row: &[u8]) -> u64 {
    Fingerprint::new(58).file(row).get()
}

impl Known {
    /// What is kept in this file, of rows that were read by such a calendar; nothing where it is missing, damaged, or of
    /// another program.
    pub(in crate::source) fn load(path: &Path, calendar: &Calendar) -> Self {
        let salt = Fingerprint::new(59).text(env!("CARGO_PKG_VERSION")).number(calendar.mark()).get();
        let bytes = files::read_if_present(path).ok().flatten().unwrap_or_default();
        let mut rows = Vec::new();
        let first = read(&bytes, salt, &mut rows);
        Self { path: path.to_owned(), salt, bytes, rows, first }
    }

    /// The hash of a known row.
    pub(super) fn mark(&self, at: usize) -> Option<u64> {
        self.rows.get(at).map(|row| row.mark)
    }

    /// How many rows are known.
    pub(super) fn number(&self) -> usize {
        self.rows.len()
    }

    /// Looks for rows one after the other.
    pub(super) fn finder(&self) -> Finder<'_> {
        Finder { known: self, next: 0, sought: 0, places: None }
    }

    /// The course of a known row that begins at `from` in `text`.
    pub(super) fn course(
        &self,
        at: usize,
        from: usize,
        standing: &Standing,
        words: &mut Words,
    ) -> Option<Course> {
        let row = self.rows.get(at)?;
        let mut reader = Reader::new(self.bytes.get(row.course.clone())?);
        record::read(&mut reader, from..from + row.length, standing, words)
    }

    /// Keeps the rows of a file, where they are others than before. `text` is what the new ones are in. That it cannot be written
    /// does no harm.
    pub(super) fn keep<'c>(
        &self,
        text: &str,
        seen: &[Seen],
        courses: impl Iterator<Item = &'c Course> + Clone,
    ) {
        let is_new = |seen: &Seen| matches!(seen, Seen::New(_));
        let stays = |(at, seen): (usize, &Seen)| matches!(seen, Seen::Known(known) if *known == at);
        let is_as_long = seen.len() == self.rows.len();
        if is_as_long && seen.iter().enumerate().all(stays) {
            return;
        }
        if let Some(first) = self.first
            && is_as_long
            && seen.iter().enumerate().all(|(at, seen)| is_new(seen) || stays((at, seen)))
        {
            /// All other sheets together are at most such a part of the first one.
            const PART: usize = 4;
            let mut sheet = Writer::sheet(0);
            for ((at, seen), course) in seen.iter().enumerate().zip(courses.clone()) {
                if is_new(seen) {
                    sheet.length(at);
                    self.put(&mut sheet, text, seen, course);
                }
            }
            let sheet = sheet.end_sheet();
            if self.bytes.len() - first + sheet.len() <= first / PART {
                let _ = files::append_lightly(&self.path, self.bytes.len(), &sheet);
                return;
            }
        }
        /// About as much as a row takes.
        const ROOM: usize = 224;
        let mut out = Writer::sheet(seen.len() * ROOM + 64);
        out.bytes(MAGIC);
        out.u64(self.salt);
        for (seen, course) in seen.iter().zip(courses) {
            self.put(&mut out, text, seen, course);
        }
        let _ = files::replace_lightly(&self.path, &out.end_sheet());
    }

    fn put(&self, out: &mut Writer, text: &str, seen: &Seen, course: &Course) {
        let mut put = |mark: u64, length: usize, course: &[u8]| {
            out.u64(mark);
            out.length(length);
            out.length(course.len());
            out.bytes(course);
        };
        match seen {
            Seen::Known(at) => {
                let Some(row) = self.rows.get(*at) else { return };
                put(row.mark, row.length, self.bytes.get(row.course.clone()).unwrap_or_default());
            }
            Seen::New(new) => {
                let (row, description) = &**new;
                let row = text.get(row.clone()).unwrap_or_default();
                let mut made = Writer::default();
                record::write(&mut made, course, description.clone());
                put(mark(row.as_bytes()), row.len(), made.written());
            }
        }
    }
}

/// A row of the file as it is now.
pub(super) enum Seen {
    /// One that is known, by its place.
    Known(usize),
    /// A new one: where it is, and where in it the description of its course stands as it is.
    New(Box<(Range<usize>, Option<Range<usize>>)>),
}

/// Reads the rows. Tells how long the first sheet is, if all are whole.
fn read(bytes: &[u8], salt: u64, rows: &mut Vec<Row>) -> Option<usize> {
    /// Nearly all rows take more than so many bytes.
    const LEAST: usize = 128;
    let row = |reader: &mut Reader<'_>, end: usize| {
        let (mark, length, size) = (reader.u64()?, reader.length()?, reader.length()?);
        let begin = end - reader.left();
        reader.bytes(size)?;
        Some(Row { mark, length, course: begin..begin + size })
    };
    let Sheet { mut reader, end, next: first } = Sheet::at(bytes, 0)?;
    if reader.bytes(MAGIC.len())? != MAGIC || reader.u64()? != salt {
        return None;
    }
    rows.reserve(first / LEAST);
    while !reader.at_end() {
        rows.push(row(&mut reader, end)?);
    }
    let mut at = first;
    while at < bytes.len() {
        let Sheet { mut reader, end, next } = Sheet::at(bytes, at)?;
        while !reader.at_end() {
            let number = reader.length()?;
            *rows.get_mut(number)? = row(&mut reader, end)?;
        }
        at = next;
    }
    Some(first)
}

/// Looks for known rows, which are mostly there in their order.
pub(super) struct Finder<'k> {
    known: &'k Known,
    next: usize,
    /// How often one was not where it was looked for.
    sought: usize,
    /// The known rows by their marks, once that was often.
    places: Option<HashMap<u64, usize>>,
}

impl Finder<'_> {
    /// How many rows are known.
    pub(super) fn number(&self) -> usize {
        self.known.rows.len()
    }

    /// How many bytes it takes to find the next one.
    pub(super) fn expects(&self) -> usize {
        let next = self.known.rows.iter().skip(self.next).take(2);
        next.map(|row| row.length).max().unwrap_or_default()
    }

    /// The known row that `rest` begins with, if it is the next one or the one after: its place, and how long it is. This
    /// takes no look at where the row ends.
    pub(super) fn find(&mut self, rest: &[u8]) -> Option<(usize, usize)> {
        for at in [self.next, self.next + 1] {
            let Some(row) = self.known.rows.get(at) else { continue };
            let is_it = |bytes: &&[u8]| bytes.last() == Some(&b'}') && mark(bytes) == row.mark;
            if rest.get(..row.length).filter(is_it).is_some() {
                self.next = at + 1;
                return Some((at, row.length));
            }
        }
        None
    }

    /// The place of a row among those that are known, wherever it was.
    pub(super) fn recognise(&mut self, bytes: &[u8]) -> Option<usize> {
        /// Looking through all of them so often takes less than to order them.
        const OFTEN: usize = 32;
        let (rows, mark) = (&self.known.rows, mark(bytes));
        self.sought += 1;
        let at = if self.sought <= OFTEN {
            rows.iter().position(|row| row.mark == mark)?
        } else {
            let all = || rows.iter().enumerate().map(|(at, row)| (row.mark, at)).collect();
            *self.places.get_or_insert_with(all).get(&mark)?
        };
        rows.get(at).filter(|row| row.length == bytes.len())?;
        self.next = at + 1;
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::base::files::Reread;
    use crate::error::Result;
    use crate::model::change::{Change, Pull};
    use crate::model::people::People;
    use crate::source::rows::{read, read_again, read_in_parts};

    fn row(random: &mut fastrand::Rng) -> String {
        let text = |random: &mut fastrand::Rng| {
            let words = ["Grüße", "a\\\"b", "x\\u0007y", " rand ", "\\n", "Ruhig", "\\ud83d\\ude00", "z"];
            (0..random.usize(0..4)).map(|_| words[random.usize(0..words.len())]).collect::<String>()
        };
        let id = random.u32(0..40);
        let mut row = format!(r#"{{"id": {id}, "title": "t {}""#, text(random));
        row +=
            &format!(r#", "level": "{}""#, ["BEGINNER", "ADVANCED", "BEGINNER", "HARD"][random.usize(0..4)]);
        for (name, value) in [
            ("description", format!("\"{}\"", text(random))),
            (
                "startDate",
                ["\"2027-02-10\"", "\"2027-02-10T09:30:00+01:00\"", "null"][random.usize(0..3)].into(),
            ),
            ("endDate", "\"2027-03-01T12:00:00.123456789Z\"".into()),
            ("price", ["12.5", "0", "1200", "-1"][random.usize(0..4)].into()),
            ("currency", "\"EUR\"".into()),
            ("location", format!("\"{}\"", text(random))),
            ("instructor", "\"Anna\"".into()),
            ("code", "\"A 1\"".into()),
            ("image", "\"/a.png\"".into()),
            ("updatedAt", "\"1969-12-31T23:59:59.5Z\"".into()),
            ("slug", format!("\"s-{}\"", text(random))),
            ("participants", "[]".into()),
            (
                "participants",
                format!(
                    r#"[{{"name": "{}", "status": "CONFIRMED", "imageUrl": "/p.png"}}, {{"bookingId": 3}}]"#,
                    text(random)
                ),
            ),
        ] {
            if random.bool() && !row.contains(&format!("\"{name}\"")) {
                row += &format!(", \"{name}\": {value}");
            }
        }
        row + "}"
    }

    fn same(one: &Pull, other: &Pull) {
        assert_eq!(one, other);
        let courses = |pull: &Pull| -> Vec<Course> {
            pull.changes.iter().filter_map(Change::course).cloned().collect()
        };
        // Clones know no hashes, so what is kept is compared with what is worked out.
        let known = one.changes.iter().filter_map(Change::course);
        for (known, fresh) in known.zip(courses(other)) {
            assert_eq!(known.fingerprint(), fresh.fingerprint());
            let pictures = |course: &Course| course.participants.as_ref().map(People::pictures_mark);
            assert_eq!(pictures(known), pictures(&fresh));
            assert_eq!(known.summary_fingerprint(), fresh.summary_fingerprint());
            assert_eq!(known.description_mark(), fresh.description_mark());
        }
    }

    #[test]
    fn rows_are_known_wherever_they_have_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.bin");
        let calendar = Calendar::fixed(TimeZone::UTC);
        let all: Vec<String> =
            (0..60).map(|id| format!(r#"{{"id": {id}, "title": "t{id}", "level": "BEGINNER"}}"#)).collect();
        let json = |rows: &[String]| format!("[{}]", rows.join(",\n"));
        read_again("f", json(&all).into_bytes(), &calendar, &Known::load(&path, &calendar)).unwrap();
        let known = Known::load(&path, &calendar);
        let new = |rows: &[String], wrapped: bool| {
            let list = json(rows);
            let json = if wrapped { format!(r#"{{"data": {{"a": 1}}, "courses": {list}}}"#) } else { list };
            let found = super::super::scan::rows(json.as_bytes(), Some(known.finder())).unwrap();
            assert_eq!(found.len(), rows.len());
            found.into_iter().filter(|(_, known)| known.is_none()).count()
        };
        let changed = |change: &dyn Fn(&mut Vec<String>)| {
            let mut rows = all.clone();
            change(&mut rows);
            new(&rows, false)
        };
        let other = |id: u32| format!(r#"{{"id": {id}, "title": "another one"}}"#);
        assert_eq!(changed(&|_| ()), 0);
        assert_eq!(changed(&|rows| drop(rows.drain(10..13))), 0);
        assert_eq!(changed(&|rows| rows.reverse()), 0);
        assert_eq!(changed(&|rows| rows[5..9].rotate_left(1)), 0);
        assert_eq!(changed(&|rows| (7..12).for_each(|at| rows[at] = other(at as u32))), 5);
        assert_eq!(changed(&|rows| (0..5).for_each(|at| rows.insert(7, other(100 + at)))), 5);
        let edit_and_remove = |rows: &mut Vec<String>| {
            rows[20] = other(20);
            rows.remove(21);
        };
        assert_eq!(changed(&edit_and_remove), 1);
        assert_eq!(new(&all, true), 0);
    }

    #[test]
    fn a_row_that_took_the_place_of_another_is_on_a_sheet_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.bin");
        let calendar = Calendar::fixed(TimeZone::UTC);
        let mut rows: Vec<String> =
            (0..60).map(|id| format!(r#"{{"id": {id}, "title": "t{id}", "level": "BEGINNER"}}"#)).collect();
        let read = |rows: &[String]| {
            let json = format!("[{}]", rows.join(","));
            read_again("f", json.into_bytes(), &calendar, &Known::load(&path, &calendar)).unwrap();
            std::fs::read(&path).unwrap()
        };
        let first = read(&rows);
        rows[7] = r#"{"id": 7, "title": "another", "level": "BEGINNER"}"#.into();
        let second = read(&rows);
        assert!(second.starts_with(&first) && second.len() < first.len() + 200);
        let number = |bytes: &[u8]| {
            files::write_new(&path, bytes).unwrap();
            let known = Known::load(&path, &calendar);
            let is_new = |row: &&String| !known.rows.iter().any(|known| known.mark == mark(row.as_bytes()));
            (known.rows.len(), rows.iter().filter(is_new).count())
        };
        assert_eq!(number(&second), (60, 0));
        // Cut off anywhere it counts as not written, and the next build writes all anew.
        for length in first.len()..second.len() {
            assert_eq!(number(&second[..length]), (60, 1), "{length}");
        }
        let third = read(&rows);
        assert_eq!(number(&third), (60, 0));
        // Sheet after sheet, but not without end.
        for turn in 0..100 {
            rows[turn % 60] = format!(r#"{{"id": {}, "title": "t", "level": "BEGINNER"}}"#, 100 + turn);
            assert!(read(&rows).len() < first.len() * 3 / 2, "{turn}");
        }
    }

    #[test]
    fn a_file_that_is_read_again_says_what_it_says_to_whoever_reads_it_first() {
        let mut random = fastrand::Rng::with_seed(11);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.bin");
        let calendar = Calendar::fixed(TimeZone::get("Europe/Berlin").unwrap());
        let (file, mut in_parts) = (folder.path().join("courses.json"), 0);
        let mut rows: Vec<String> = (0..30).map(|_| row(&mut random)).collect();
        for _ in 0..300 {
            for _ in 0..random.usize(0..4) {
                let at = random.usize(0..=rows.len());
                match random.u8(0..4) {
                    0 => rows.insert(at, row(&mut random)),
                    1 if at < rows.len() => drop(rows.remove(at)),
                    2 if at < rows.len() => rows[at] = row(&mut random),
                    _ if at + 1 < rows.len() => rows.swap(at, at + 1),
                    _ => {}
                }
            }
            let list = rows.join([",", " ,\n "][random.usize(0..2)]);
            let json = match random.u8(0..3) {
                0 => format!("{{\"data\": {{\"courses\": [{list}]}}}}"),
                _ => format!("[{list}]"),
            };
            let fresh = read("f", json.as_bytes(), &calendar).unwrap();
            let known = Known::load(&path, &calendar);
            files::write_new(&file, json.as_bytes()).unwrap();
            let reread = Reread::open(&file).map(Arc::new).unwrap();
            if let Some(parts) = read_in_parts("f", &reread, &calendar, &known) {
                in_parts += 1;
                same(&parts, &fresh);
                reread.check().unwrap();
            }
            same(&read_again("f", json.into_bytes(), &calendar, &known).unwrap(), &fresh);
        }
        assert!(in_parts > 100, "{in_parts}");
        assert!(!Known::load(&path, &calendar).rows.is_empty());
        // Another zone reads other times.
        assert!(Known::load(&path, &Calendar::fixed(TimeZone::UTC)).rows.is_empty());
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[40] ^= 1;
        files::write_new(&path, &bytes).unwrap();
        assert!(Known::load(&path, &calendar).rows.is_empty(), "a byte is another one");
        // What is wrong with a file is told in the same words.
        for wrong in [format!("[{}", rows.join(",")).as_bytes(), b"[\"\xff\"]"] {
            for known in [&path, &folder.path().join("none")].map(|path| Known::load(path, &calendar)) {
                let told = |read: Result<Pull>| read.map_err(|e| e.message().to_owned());
                let again = read_again("f", wrong.to_vec(), &calendar, &known);
                assert_eq!(told(again), told(read("f", wrong, &calendar)));
            }
        }
    }
}

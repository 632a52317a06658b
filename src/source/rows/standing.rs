//! Rows that were read before: what nobody has asked for yet stays where it stands.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::calendar::Calendar;
use super::courses::people_of;
use super::known::{Known, mark};
use super::scan::Bounds;
use crate::base::files::Reread;
use crate::model::people::{People, Unread};
use crate::model::text::{self, Texts};

/// Such rows, for texts and for people.
pub(super) struct Standing {
    pub(super) rows: Arc<Rows>,
    pub(super) texts: Arc<text::Unread>,
}

/// Where they stand.
pub(super) struct Rows {
    held: Held,
    calendar: Calendar,
}

enum Held {
    /// The text of the file.
    Text(String),
    File(InFile),
}

/// Rows of a file that is not in memory.
struct InFile {
    file: Arc<Reread>,
    /// In the order of the file.
    places: Vec<Place>,
    /// Those that somebody has asked for.
    read: OnceLock<Box<[OnceLock<Box<str>>]>>,
}

struct Place {
    from: usize,
    length: usize,
    mark: u64,
}

impl Standing {
    /// The rows of a text.
    pub(super) fn in_text(text: String, calendar: Calendar) -> Self {
        Self::of(Rows { held: Held::Text(text), calendar })
    }

    /// The known ones among the `rows` of a file.
    pub(super) fn in_file(file: Arc<Reread>, rows: &[Bounds], known: &Known, calendar: Calendar) -> Self {
        let place = |(place, at): &Bounds| {
            let mark = known.mark((*at)?)?;
            Some(Place { from: place.start, length: place.len(), mark })
        };
        let mut places = Vec::with_capacity(rows.len());
        places.extend(rows.iter().filter_map(place));
        Self::of(Rows { held: Held::File(InFile { file, places, read: OnceLock::new() }), calendar })
    }

    fn of(rows: Rows) -> Self {
        let rows = Arc::new(rows);
        Self { texts: text::Unread::new(Shared(rows.clone())), rows }
    }
}

impl Rows {
    /// Whether the text of all is in memory.
    pub(super) fn are_here(&self) -> bool {
        matches!(self.held, Held::Text(_))
    }

    /// The text of all, where it is in memory.
    pub(super) fn text(&self) -> &str {
        match &self.held {
            Held::Text(text) => text,
            Held::File(_) => "",
        }
    }

    fn part(&self, at: Range<usize>) -> Option<&str> {
        match &self.held {
            Held::Text(text) => text.get(at),
            Held::File(file) => file.part(at),
        }
    }
}

impl InFile {
    fn part(&self, at: Range<usize>) -> Option<&str> {
        let number = self.places.partition_point(|place| place.from <= at.start).checked_sub(1)?;
        let none = || self.places.iter().map(|_| OnceLock::new()).collect();
        let row = self.read.get_or_init(none).get(number)?;
        let place = self.places.get(number)?;
        let row = row.get_or_init(|| self.read(place).unwrap_or_default());
        row.get(at.start - place.from..at.end - place.from)
    }

    fn read(&self, place: &Place) -> Option<Box<str>> {
        let as_seen = |row: &[u8]| mark(row) == place.mark;
        let row = self.file.part(place.from as u64, place.length, as_seen)?;
        String::from_utf8(row).ok().map(String::into_boxed_str)
    }
}

struct Shared(Arc<Rows>);

impl Texts for Shared {
    fn text(&self, at: Range<usize>) -> &str {
        self.0.part(at).unwrap_or_default()
    }
}

impl Unread for Rows {
    fn read(&self, row: Range<usize>) -> People {
        self.part(row).and_then(|row| people_of(row, &self.calendar)).unwrap_or_default()
    }
}

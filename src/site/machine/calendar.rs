//! Calendars (RFC 5545): one of the whole catalogue and one a course.

use std::ops::Range;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::super::courses::Entry;
use super::super::route::Route;
use super::super::views::Addresses;
use crate::base::digest::{Fingerprint, Hasher};
use crate::base::text::position;
use crate::config::Config;
use crate::model::history::Event;
use crate::model::moment::Moment;
use crate::model::text::Text;

/// The most bytes of a line, its end not counted.
const LINE: usize = 75;

/// So many events are made together, more or less.
const CHUNK: usize = 64;

/// So many bytes are about as much as an event has.
const EVENT: usize = 1024;

/// Cuts a list of events into parts, by the identities of their records. Where a cut is hangs on one record alone: one that
/// comes or goes changes the part that it is in, and no other.
pub(super) fn chunks<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<Range<usize>> {
    let (mut chunks, mut begin, mut end) = (Vec::new(), 0, 0);
    for id in ids {
        if end > begin && Fingerprint::new(55).text(id).get().is_multiple_of(CHUNK as u64) {
            chunks.push(begin..end);
            begin = end;
        }
        end += 1;
    }
    chunks.push(begin..end);
    chunks
}

/// What a calendar says about itself, and how it writes moments.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    pub(super) name: String,
    /// Where it can be read again.
    pub(super) address: String,
    pub(super) zone: TimeZone,
    /// Host and path of the site, which tell its courses from those of other academies.
    pub(super) authority: String,
}

/// One event.
#[derive(Debug, Clone)]
pub(super) struct Entered<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) description: Option<&'a Text>,
    /// A quick hash of it.
    description_mark: u64,
    pub(super) location: Option<&'a str>,
    page: Option<(&'a Addresses, &'a Route)>,
    pub(super) start: Moment,
    pub(super) end: Option<Moment>,
    pub(super) changed: Timestamp,
    pub(super) sequence: u32,
    pub(super) is_cancelled: bool,
}

impl<'a> Entered<'a> {
    /// The event of a course; nothing where it has no date.
    pub(super) fn of(entry: &'a Entry, addresses: &'a Addresses, sequence: u32) -> Option<Self> {
        let course = &*entry.course;
        Some(Self {
            id: &entry.id,
            title: &course.title,
            description: course.description.as_ref(),
            description_mark: course.description_mark(),
            location: course.location.as_deref(),
            page: Some((addresses, &entry.route)),
            start: course.start?,
            end: course.end,
            changed: entry.updated_at.unwrap_or(Timestamp::UNIX_EPOCH),
            sequence,
            is_cancelled: is_cancelled(entry),
        })
    }

    /// The last word on one that has gone.
    pub(super) fn gone(id: &'a str, event: &'a Event) -> Self {
        Self {
            id,
            title: &event.title,
            description: None,
            description_mark: 0,
            location: None,
            page: None,
            start: event.start,
            end: event.end,
            changed: event.cancelled_at.unwrap_or(Timestamp::UNIX_EPOCH),
            sequence: event.sequence,
            is_cancelled: true,
        }
    }

    /// A quick hash of all of it, apart from the site's own address.
    pub(super) fn mark(&self) -> u64 {
        let mark = Fingerprint::new(21).text(self.id).text(self.title).number(self.description_mark);
        let mark = mark.maybe(self.location).maybe(self.page.map(|(_, route)| route.path()));
        let mark = mark.number(self.start.number()).number(self.end.map_or(0, |end| end.number()));
        let mark = mark.number(self.changed.as_nanosecond() as u64).number(u64::from(self.sequence));
        mark.number(u64::from(self.is_cancelled)).get()
    }
}

/// A course that stays as an archived page before it was over does not take place.
fn is_cancelled(entry: &Entry) -> bool {
    entry.course.archived_at.is_some()
}

/// What has to be remembered of a course's event: the identity of its record, its mark, and what makes it; nothing where the course
/// has no date.
pub(super) fn event(entry: &Entry) -> Option<(&str, u64, impl FnOnce() -> Event)> {
    let course = &*entry.course;
    let start = course.start?;
    let mark = Fingerprint::new(22).text(&course.title).maybe(course.location.as_deref());
    let mark = mark.number(start.number()).number(course.end.map_or(0, |end| end.number()));
    let mark = mark.number(u64::from(is_cancelled(entry))).get();
    let make = move || {
        let title = course.title.clone().into();
        Event { mark, sequence: 0, title, start, end: course.end, cancelled_at: None }
    };
    Some((&entry.id, mark, make))
}

/// The first instant at which an event is over.
pub(super) fn ends(event: &Event, zone: &TimeZone) -> Timestamp {
    event.end.map_or(Timestamp::MIN, |end| end.end(zone)).max(event.start.end(zone))
}

impl Calendar {
    pub(super) fn new(config: &Config, addresses: &Addresses, name: String, address: &str) -> Self {
        let authority = addresses.base_url.split_once("://").map_or("", |(_, rest)| rest).to_owned();
        let zone = config.site.time_zone.clone();
        Self { name, address: addresses.absolute(address), zone, authority }
    }

    /// The file of a few events.
    pub(super) fn bytes<'a>(&self, events: impl Iterator<Item = Entered<'a>>) -> Vec<u8> {
        let mut events = events.peekable();
        let mut file = self.begun(events.peek().is_none());
        events.for_each(|event| self.event(&mut file, &event));
        file.line("END", "VCALENDAR");
        file.text.into_bytes()
    }

    /// What a file begins with.
    pub(super) fn head(&self, is_empty: bool) -> Vec<u8> {
        self.begun(is_empty).text.into_bytes()
    }

    /// What stands in the middle of it.
    pub(super) fn events<'a>(&self, events: impl Iterator<Item = Entered<'a>>) -> Vec<u8> {
        let mut file = File::with_room(0);
        for event in events {
            // Those that are yet to come are about as long.
            if file.text.capacity() < file.text.len() + EVENT {
                file.text.reserve(CHUNK * EVENT);
            }
            self.event(&mut file, &event);
        }
        file.text.into_bytes()
    }

    /// What a file ends with.
    pub(super) fn end() -> Vec<u8> {
        let mut file = File::with_room(0);
        file.line("END", "VCALENDAR");
        file.text.into_bytes()
    }

    fn begun(&self, is_empty: bool) -> File {
        let mut file = File::with_room(2 * EVENT);
        file.line("BEGIN", "VCALENDAR");
        file.line("VERSION", "2.0");
        file.line("PRODID", "-//aither//course catalogue//EN");
        file.line("CALSCALE", "GREGORIAN");
        file.text("NAME", &self.name);
        file.text("X-WR-CALNAME", &self.name);
        file.line("URL", &self.address);
        file.line("SOURCE;VALUE=URI", &self.address);
        file.line("REFRESH-INTERVAL;VALUE=DURATION", "PT12H");
        file.line("X-PUBLISHED-TTL", "PT12H");
        if is_empty {
            Self::nothing(&mut file);
        }
        file
    }

    /// What stands in a calendar without events: it must have a component (3.6), and this one says only what the times of events are
    /// written in.
    fn nothing(file: &mut File) {
        for (name, value) in [
            ("BEGIN", "VTIMEZONE"),
            ("TZID", "Etc/UTC"),
            ("BEGIN", "STANDARD"),
            ("DTSTART", "19700101T000000"),
            ("TZOFFSETFROM", "+0000"),
            ("TZOFFSETTO", "+0000"),
            ("TZNAME", "UTC"),
            ("END", "STANDARD"),
            ("END", "VTIMEZONE"),
        ] {
            file.line(name, value);
        }
    }

    fn event(&self, file: &mut File, event: &Entered<'_>) {
        let mut uid = Hasher::new("calendar event");
        uid.field(self.authority.as_bytes()).field(event.id.as_bytes());
        let changed = utc(event.changed);
        file.line("BEGIN", "VEVENT");
        file.line("UID", &uid.finish().uuid());
        file.line("DTSTAMP", &changed);
        file.line("LAST-MODIFIED", &changed);
        file.line("SEQUENCE", &event.sequence.to_string());
        self.times(file, event);
        file.text("SUMMARY", event.title);
        if let Some(description) = event.description.filter(|text| !text.is_empty()) {
            file.text("DESCRIPTION", description);
        }
        if let Some(location) = event.location.filter(|text| !text.is_empty()) {
            file.text("LOCATION", location);
        }
        if let Some((addresses, route)) = event.page {
            file.line("URL", &addresses.absolute(&route.address()));
        }
        file.line("STATUS", if event.is_cancelled { "CANCELLED" } else { "CONFIRMED" });
        file.line("END", "VEVENT");
    }

    /// Both times are days, or both are instants; the last day of an event is not part of it.
    fn times(&self, file: &mut File, event: &Entered<'_>) {
        if let (Moment::Instant(start), None | Some(Moment::Instant(_))) = (event.start, event.end) {
            file.line("DTSTART", &utc(start));
            if let Some(Moment::Instant(end)) = event.end.filter(|end| end.end(&self.zone) > start) {
                file.line("DTEND", &utc(end));
            }
            return;
        }
        let start = event.start.date(&self.zone);
        let last = event.end.map_or(start, |end| end.date(&self.zone)).max(start);
        file.line("DTSTART;VALUE=DATE", &day(start));
        file.line("DTEND;VALUE=DATE", &day(last.saturating_add(1.day())));
    }
}

fn day(date: Date) -> String {
    let mut text = String::with_capacity(8);
    put_day(&mut text, date);
    text
}

fn utc(at: Timestamp) -> String {
    let at = TimeZone::UTC.to_datetime(at);
    let mut text = String::with_capacity(16);
    put_day(&mut text, at.date());
    text.push('T');
    [at.hour(), at.minute(), at.second()].into_iter().for_each(|part| put_two(&mut text, part));
    text.push('Z');
    text
}

fn put_day(text: &mut String, date: Date) {
    match u8::try_from(date.year() / 100) {
        Ok(century) if date.year() >= 0 => {
            put_two(text, century as i8);
            put_two(text, (date.year() % 100) as i8);
        }
        _ => text.push_str(&format!("{:04}", date.year())),
    }
    put_two(text, date.month());
    put_two(text, date.day());
}

/// Two digits.
fn put_two(text: &mut String, number: i8) {
    let number = number.unsigned_abs();
    text.extend([char::from(b'0' + number / 10), char::from(b'0' + number % 10)]);
}

/// The lines of a calendar.
struct File {
    text: String,
    /// A line that is being folded.
    folded: String,
}

impl File {
    fn with_room(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), folded: String::new() }
    }

    /// A line whose value is written as it is.
    fn line(&mut self, name: &str, value: &str) {
        let start = self.text.len();
        self.text.push_str(name);
        self.text.push(':');
        self.text.push_str(value);
        self.fold(start);
    }

    /// A line whose value is text (3.3.11).
    fn text(&mut self, name: &str, text: &str) {
        let start = self.text.len();
        self.text.push_str(name);
        self.text.push(':');
        let mut rest = text.trim();
        // Most of a text is written as it stands, in long pieces.
        while let Some(at) = position(rest.as_bytes(), may_be_special) {
            let (plain, special) = rest.split_at(at);
            self.text.push_str(plain);
            let mut characters = special.chars();
            match characters.next() {
                Some(sign @ ('\\' | ';' | ',')) => self.text.extend(['\\', sign]),
                Some('\n') => self.text.push_str("\\n"),
                Some(c) if c.is_control() && c != '\t' => {}
                other => self.text.extend(other),
            }
            rest = characters.as_str();
        }
        self.text.push_str(rest);
        self.fold(start);
    }

    /// Ends the line that begins at `start`: no line is longer than 75 octets, and none breaks a character (3.1).
    fn fold(&mut self, start: usize) {
        let line = self.text.get(start..).unwrap_or_default();
        if line.len() > LINE {
            self.folded.clear();
            let (mut rest, mut room) = (line, LINE);
            while rest.len() > room {
                let at = rest.floor_char_boundary(room);
                let (head, tail) = rest.split_at(at);
                self.folded.push_str(head);
                self.folded.push_str("\r\n ");
                (rest, room) = (tail, LINE - 1);
            }
            self.folded.push_str(rest);
            self.text.truncate(start);
            self.text.push_str(&self.folded);
        }
        self.text.push_str("\r\n");
    }
}

/// Whether a character that begins with this byte has to be looked at: controls are below a space, a DEL, or behind 0xC2.
#[inline]
fn may_be_special(byte: u8) -> bool {
    (byte == b'\\') | (byte == b';') | (byte == b',') | (byte < 0x20) | (byte == 0x7f) | (byte == 0xc2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_at_75_octets_between_characters() {
        let mut file = File::with_room(0);
        let title = "Grüße, \\ und; 👩‍💻\n".repeat(12);
        file.text("SUMMARY", &title);
        assert!(file.text.ends_with("\r\n") && file.text.split("\r\n").all(|line| line.len() <= LINE));
        let whole = file.text.replace("\r\n ", "");
        assert!(whole.starts_with("SUMMARY:Grüße\\, \\\\ und\\; 👩‍💻\\nGrüße"), "{whole}");
    }

    #[test]
    fn days_end_before_the_next_one_and_instants_are_written_in_utc() {
        let calendar = Calendar {
            name: "Kurse".into(),
            address: "https://a.example/calendar.ics".into(),
            zone: TimeZone::UTC,
            authority: "a.example".into(),
        };
        let times = |start: &str, end: Option<&str>| -> String {
            let event = Entered {
                id: "course:1",
                title: "x",
                description: None,
                description_mark: 0,
                location: None,
                page: None,
                start: start.parse().unwrap_or(Moment::Instant(Timestamp::MIN)),
                end: end.and_then(|end| end.parse().ok()),
                changed: Timestamp::UNIX_EPOCH,
                sequence: 0,
                is_cancelled: false,
            };
            let mut file = File::with_room(0);
            calendar.times(&mut file, &event);
            file.text.replace("\r\n", "|")
        };
        assert_eq!(
            times("2027-02-10", Some("2027-02-12")),
            "DTSTART;VALUE=DATE:20270210|DTEND;VALUE=DATE:20270213|"
        );
        assert_eq!(times("2027-02-28", None), "DTSTART;VALUE=DATE:20270228|DTEND;VALUE=DATE:20270301|");
        assert_eq!(
            times("2027-02-10T08:30:00Z", Some("2027-02-10T15:00:00Z")),
            "DTSTART:20270210T083000Z|DTEND:20270210T150000Z|"
        );
        assert_eq!(times("2027-02-10T08:30:00Z", Some("2027-02-09T15:00:00Z")), "DTSTART:20270210T083000Z|");
        assert_eq!(
            times("2027-02-10T08:30:00Z", Some("2027-02-11")),
            "DTSTART;VALUE=DATE:20270210|DTEND;VALUE=DATE:20270212|"
        );
    }
}

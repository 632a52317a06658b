//! The bookings of one course, packed: a catalogue has many more people than courses, and most builds look at few of them.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::participant::{Participant, Personal};
use crate::base::digest::Fingerprint;

/// How many texts of a person count.
const TEXTS: usize = 10;
/// How many moments of a person there are.
const TIMES: usize = 3;
/// The place of the account among the texts, and of the booking.
const USER: usize = 2;
const BOOKING: usize = 0;
/// Says that the account is called like the booking, as it is wherever the source names none.
const SAME: u16 = 1 << 15;

/// The bookings of one course, in the order of their ids. A clone is a pointer.
///
/// A person lies there as a word that says what is known, then the texts, each with its length before it, then the moments.
/// The pictures of all come behind: what counts for hashes is one stretch of bytes.
#[derive(Clone)]
pub struct People {
    count: u32,
    held: Held,
}

#[derive(Clone)]
enum Held {
    Here(Packed),
    Elsewhere(Arc<Elsewhere>),
}

#[derive(Clone, PartialEq, Eq)]
struct Packed {
    /// Where the pictures begin.
    pictures: usize,
    bytes: Arc<[u8]>,
}

/// People that nobody has asked for yet.
struct Elsewhere {
    mark: u64,
    pictures_mark: u64,
    /// The row that they are in.
    row: Range<usize>,
    rows: Arc<dyn Unread>,
    read: OnceLock<Packed>,
}

/// Reads bookings where they stand, once somebody asks for them.
pub trait Unread: Send + Sync {
    /// The bookings of the course whose row is there.
    fn read(&self, row: Range<usize>) -> People;
}

/// One person on the way into a list, with texts that lie elsewhere.
#[derive(Clone, Copy, Default)]
pub struct Facts<'a> {
    /// Booking, participation, account, name, status, preparation intent, desired results, line manager profile, outcome
    /// and notes of the result.
    pub texts: [Option<&'a str>; TEXTS],
    /// When preparation and result were completed, and when the booking was made.
    pub times: [Option<Timestamp>; TIMES],
    /// The address of a picture.
    pub picture: Option<&'a str>,
}

/// Packs people one by one.
#[derive(Default)]
pub struct Packer {
    count: u32,
    bytes: Vec<u8>,
    pictures: Vec<u8>,
    has_pictures: bool,
}

impl Packer {
    /// Adds a person behind those that are there.
    pub fn add(&mut self, facts: &Facts<'_>) {
        let Facts { texts, times, picture } = facts;
        let is_same = texts[USER] == texts[BOOKING];
        let is_told = |at: usize| texts[at].is_some() && !(is_same && at == USER);
        let known = (0..TEXTS).filter(|at| is_told(*at)).fold(0, |known, at| known | 1_u16 << at);
        let known = (0..TIMES).filter(|at| times[*at].is_some()).fold(known, |k, at| k | 1 << (TEXTS + at));
        self.bytes.extend((known | if is_same { SAME } else { 0 }).to_le_bytes());
        for text in (0..TEXTS).filter(|at| is_told(*at)).filter_map(|at| texts[at]) {
            length(&mut self.bytes, text.len());
            self.bytes.extend_from_slice(text.as_bytes());
        }
        for time in times.iter().flatten() {
            self.bytes.extend(time.as_second().to_le_bytes());
            self.bytes.extend(time.subsec_nanosecond().to_le_bytes());
        }
        // An address that is empty is another thing than none.
        length(&mut self.pictures, picture.map_or(0, |picture| picture.len() + 1));
        self.pictures.extend_from_slice(picture.unwrap_or_default().as_bytes());
        self.has_pictures |= picture.is_some();
        self.count += 1;
    }

    /// The people that were added; the packer is empty then.
    pub fn finish(&mut self) -> People {
        let pictures = self.bytes.len();
        if self.has_pictures {
            self.bytes.extend_from_slice(&self.pictures);
        }
        let packed = Packed { pictures, bytes: self.bytes.as_slice().into() };
        let people = People { count: self.count, held: Held::Here(packed) };
        (self.count, self.has_pictures) = (0, false);
        self.bytes.clear();
        self.pictures.clear();
        people
    }
}

/// Writes a number that is mostly small, seven bits a byte.
fn length(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Reads what a packer wrote.
#[derive(Default)]
struct Unpacked<'a>(&'a [u8]);

impl<'a> Unpacked<'a> {
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn length(&mut self) -> Option<usize> {
        let mut number = 0;
        for shift in (0..usize::BITS).step_by(7) {
            let [byte] = self.bytes()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self, length: usize) -> Option<&'a str> {
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    fn time(&mut self) -> Option<Timestamp> {
        let (second, part) = (i64::from_le_bytes(self.bytes()?), i32::from_le_bytes(self.bytes()?));
        Timestamp::new(second, part).ok()
    }

    fn person(&mut self) -> Option<Facts<'a>> {
        let known = u16::from_le_bytes(self.bytes()?);
        let mut facts = Facts::default();
        for at in (0..TEXTS).filter(|at| known & 1 << at != 0) {
            let length = self.length()?;
            facts.texts[at] = Some(self.text(length)?);
        }
        if known & SAME != 0 {
            facts.texts[USER] = facts.texts[BOOKING];
        }
        for at in (0..TIMES).filter(|at| known & 1 << (TEXTS + at) != 0) {
            facts.times[at] = Some(self.time()?);
        }
        Some(facts)
    }

    fn picture(&mut self) -> Option<&'a str> {
        let length = self.length()?.checked_sub(1)?;
        self.text(length)
    }
}

impl People {
    /// So many people who stand in a row that was read before. `marks` are what [`People::fingerprint`] and
    /// [`People::pictures_mark`] give.
    pub fn unread(count: u32, marks: [u64; 2], row: Range<usize>, rows: Arc<dyn Unread>) -> Self {
        let [mark, pictures_mark] = marks;
        let elsewhere = Elsewhere { mark, pictures_mark, row, rows, read: OnceLock::new() };
        Self { count, held: Held::Elsewhere(elsewhere.into()) }
    }

    fn packed(&self) -> &Packed {
        match &self.held {
            Held::Here(packed) => packed,
            Held::Elsewhere(elsewhere) => elsewhere.read.get_or_init(|| {
                let read = elsewhere.rows.read(elsewhere.row.clone());
                read.packed().clone()
            }),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All of them, in the order of their bookings.
    pub fn iter(&self) -> impl Iterator<Item = Participant> {
        let Packed { pictures, bytes } = self.packed();
        let (people, pictures) = bytes.split_at_checked(*pictures).unwrap_or_default();
        let (mut people, mut pictures) = (Unpacked(people), Unpacked(pictures));
        (0..self.count).map_while(move |_| {
            let facts = people.person()?;
            Some(Participant::from(Facts { picture: pictures.picture(), ..facts }))
        })
    }

    /// A quick hash of everything but the addresses of pictures, which the source changes at will.
    pub fn fingerprint(&self) -> u64 {
        if let Held::Elsewhere(elsewhere) = &self.held {
            return elsewhere.mark;
        }
        let Packed { pictures, bytes } = self.packed();
        let counting = bytes.get(..*pictures).unwrap_or_default();
        Fingerprint::new(2).number(u64::from(self.count)).bytes(counting).get()
    }

    /// A quick hash of the addresses of pictures.
    pub fn pictures_mark(&self) -> u64 {
        if let Held::Elsewhere(elsewhere) = &self.held {
            return elsewhere.pictures_mark;
        }
        let Packed { pictures, bytes } = self.packed();
        Fingerprint::new(62).bytes(bytes.get(*pictures..).unwrap_or_default()).get()
    }
}

impl PartialEq for People {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && self.packed() == other.packed()
    }
}

impl Eq for People {}

impl Default for People {
    fn default() -> Self {
        Packer::default().finish()
    }
}

impl FromIterator<Participant> for People {
    fn from_iter<I: IntoIterator<Item = Participant>>(people: I) -> Self {
        let mut packer = Packer::default();
        people.into_iter().for_each(|person| packer.add(&Facts::from(&person)));
        packer.finish()
    }
}

impl From<Vec<Participant>> for People {
    fn from(people: Vec<Participant>) -> Self {
        people.into_iter().collect()
    }
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for People {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for People {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Participant>::deserialize(deserializer).map(Self::from)
    }
}

impl<'a> From<&'a Participant> for Facts<'a> {
    fn from(person: &'a Participant) -> Self {
        // Taken apart in full: a field that is added later cannot be forgotten here.
        let Participant {
            booking_id,
            participation_id,
            user_id,
            name,
            image_url,
            status,
            preparation_intent,
            desired_results,
            line_manager_profile,
            preparation_completed_at,
            result_outcome,
            result_notes,
            result_completed_at,
            created_at,
        } = person;
        let texts = [
            Some(booking_id),
            participation_id.as_ref(),
            Some(user_id),
            name.as_ref(),
            status.as_ref(),
            preparation_intent.as_ref(),
            desired_results.as_ref(),
            line_manager_profile.as_ref(),
            result_outcome.as_ref(),
            result_notes.as_ref(),
        ];
        Self {
            texts: texts.map(|text| text.map(|text| &**text.reveal())),
            times: [*preparation_completed_at, *result_completed_at, *created_at],
            picture: image_url.as_ref().map(|url| &**url.reveal()),
        }
    }
}

impl From<Facts<'_>> for Participant {
    fn from(Facts { texts, times, picture }: Facts<'_>) -> Self {
        let is_same = texts[USER] == texts[BOOKING];
        let [booking, participation, user, name, status, intent, results, manager, outcome, notes] =
            texts.map(|text| text.map(Personal::new));
        let [preparation_completed_at, result_completed_at, created_at] = times;
        let booking_id = booking.unwrap_or_else(|| Personal::new(""));
        Self {
            participation_id: participation,
            user_id: user.filter(|_| !is_same).unwrap_or_else(|| booking_id.clone()),
            booking_id,
            name,
            image_url: picture.map(Personal::new),
            status,
            preparation_intent: intent,
            desired_results: results,
            line_manager_profile: manager,
            preparation_completed_at,
            result_outcome: outcome,
            result_notes: notes,
            result_completed_at,
            created_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people() -> Vec<Participant> {
        let personal = |text: &str| Personal::new(text);
        let at = |second| Timestamp::new(second, 5).ok();
        vec![
            Participant::bare(personal("b1"), personal("b1")),
            Participant {
                name: Some(personal("Ana Größe")),
                image_url: Some(personal("")),
                status: Some(personal("")),
                result_notes: Some(personal(&"n".repeat(2_000))),
                preparation_completed_at: at(-7),
                created_at: at(1_800_000_000),
                ..Participant::bare(personal("b2"), personal("u2"))
            },
            Participant {
                participation_id: Some(personal("p3")),
                ..Participant::bare(personal("b3"), personal("b3"))
            },
        ]
    }

    #[test]
    fn people_come_out_as_they_went_in() {
        for count in 0..=3 {
            let list = people()[..count].to_vec();
            let packed = People::from(list.clone());
            assert_eq!((packed.len(), packed.is_empty()), (count, count == 0));
            assert_eq!(packed.iter().collect::<Vec<_>>(), list);
            let json = serde_json::to_string(&packed).unwrap();
            assert_eq!(json, serde_json::to_string(&list).unwrap());
            assert_eq!(serde_json::from_str::<People>(&json).unwrap(), packed);
        }
        assert!(!format!("{:?}", People::from(people())).contains("Ana"));
    }

    #[test]
    fn only_the_address_of_a_picture_does_not_count() {
        let mark = |change: fn(&mut Participant)| {
            let mut list = people();
            change(&mut list[1]);
            People::from(list).fingerprint()
        };
        let same = mark(|_| {});
        assert_eq!(mark(|p| p.image_url = None), same);
        assert_eq!(mark(|p| p.image_url = Some(Personal::new("/b.jpg"))), same);
        let changes: [fn(&mut Participant); 5] = [
            |p| p.name = None,
            |p| p.user_id = Personal::new("b2"),
            |p| p.status = None,
            |p| p.created_at = None,
            |p| (p.result_outcome, p.result_notes) = (p.result_notes.clone(), None),
        ];
        for change in changes {
            assert_ne!(mark(change), same);
        }
    }
}

//! A course: one run of a training, with its dates and its bookings.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::material::Materials;
use super::moment::Moment;
use super::people::People;
use super::text::Text;
use crate::base::digest::{Digest, Fingerprint, Hasher};

/// The id that the source gave a course. Never empty; stable over the course's life.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CourseId(Arc<str>);

impl CourseId {
    /// Wraps an id.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CourseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How much a course asks of its participants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// For newcomers.
    Beginner,
    /// For people with some practice.
    Intermediate,
    /// For the experienced.
    Advanced,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Self; 3] = [Self::Beginner, Self::Intermediate, Self::Advanced];

    /// The name that sources use: `BEGINNER`, `INTERMEDIATE`, `ADVANCED`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Beginner => "BEGINNER",
            Self::Intermediate => "INTERMEDIATE",
            Self::Advanced => "ADVANCED",
        }
    }

    /// The name in addresses: `beginner`, `intermediate`, `advanced`.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Beginner => "beginner",
            Self::Intermediate => "intermediate",
            Self::Advanced => "advanced",
        }
    }
}

/// The course that is under way or begins next: what internal pages are about.
pub fn nearest<'a>(
    courses: impl Iterator<Item = &'a Course>,
    zone: &TimeZone,
    now: Timestamp,
) -> Option<&'a Course> {
    let present = courses.filter(|course| course.archived_at.is_none());
    first(present, zone, now, |course, _| moments(course).any(|moment| moment.end(zone) > now))
}

/// The course that begins next.
pub fn next<'a>(
    courses: impl Iterator<Item = &'a Course>,
    zone: &TimeZone,
    now: Timestamp,
) -> Option<&'a Course> {
    first(courses, zone, now, |_, begin| begin >= now)
}

/// Of the courses that are not over the one that begins first, among those that `is_meant`.
fn first<'a>(
    courses: impl Iterator<Item = &'a Course>,
    zone: &TimeZone,
    now: Timestamp,
    is_meant: impl Fn(&Course, Timestamp) -> bool,
) -> Option<&'a Course> {
    const DAY: i64 = 24 * 60 * 60;
    let mut found: Option<(Timestamp, &Course)> = None;
    for course in courses {
        let Some(start) = course.start else { continue };
        // Thousands of courses are long over, or begin much later than another one.
        let is_over = moments(course).all(|moment| moment.begins_within().end() + DAY < now.as_second());
        let is_later = found.is_some_and(|(begin, _)| *start.begins_within().start() > begin.as_second());
        if is_over || is_later {
            continue;
        }
        let begin = start.begin(zone);
        if found.is_none_or(|(other, known)| (begin, &course.id) < (other, &known.id))
            && is_meant(course, begin)
        {
            found = Some((begin, course));
        }
    }
    found.map(|(_, course)| course)
}

/// When a course begins and ends, as far as that is known.
fn moments(course: &Course) -> impl Iterator<Item = Moment> {
    [course.start, course.end].into_iter().flatten()
}

/// The text is not one of the three levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotALevel;

impl fmt::Display for NotALevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected BEGINNER, INTERMEDIATE or ADVANCED")
    }
}

impl std::error::Error for NotALevel {}

impl FromStr for Level {
    type Err = NotALevel;

    fn from_str(text: &str) -> Result<Self, NotALevel> {
        Self::ALL.into_iter().find(|level| level.name().eq_ignore_ascii_case(text)).ok_or(NotALevel)
    }
}

/// A course as the catalogue holds it: what the source says, before local content is joined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// The source's id.
    pub id: CourseId,
    /// The title, plain text.
    pub title: Arc<str>,
    /// The slug as the source wrote it: foreign text, to be made safe before it becomes an address.
    pub slug: Arc<str>,
    /// The code that the academy knows it by, not necessarily unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Arc<str>>,
    /// The level.
    pub level: Level,
    /// The first day.
    pub start: Option<Moment>,
    /// The last day.
    pub end: Option<Moment>,
    /// How many bookings there are, cancelled ones included.
    pub participant_count: u32,
    /// A description in plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// The price in units of `currency`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
    /// The currency, an ISO 4217 code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Arc<str>>,
    /// Where it takes place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Arc<str>>,
    /// Who teaches it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructor: Option<Arc<str>>,
    /// The address of a picture, absolute or below the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Arc<str>>,
    /// When the source last changed the record, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// The bookings in order of their ids; nothing where they were never read. Never stored in the clear.
    #[serde(skip)]
    pub participants: Option<People>,
    /// The materials; nothing where they were never read. Never stored in the clear.
    #[serde(skip)]
    pub materials: Option<Arc<Materials>>,
    /// When the bookings were last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details_at: Option<Timestamp>,
    /// When the source no longer had it, for one that is kept all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
    /// Hashes of it that are known already.
    #[serde(skip)]
    pub marks: Marks,
}

/// Quick hashes of a course, where whoever made it had them at hand. A clone knows none: it is what gets changed.
#[derive(Default)]
pub struct Marks {
    /// What [`Course::summary_fingerprint`] gives.
    pub summary: Option<u64>,
    /// What [`Course::description_mark`] gives.
    pub description: Option<u64>,
}

impl Clone for Marks {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// They say nothing that the rest of the course does not.
impl PartialEq for Marks {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Marks")
    }
}

impl Course {
    /// A course of which nothing more is known.
    pub fn new(id: CourseId, title: impl Into<Arc<str>>, level: Level) -> Self {
        Self {
            id,
            title: title.into(),
            slug: "".into(),
            code: None,
            level,
            start: None,
            end: None,
            participant_count: 0,
            description: None,
            price: None,
            currency: None,
            location: None,
            instructor: None,
            image: None,
            updated_at: None,
            participants: None,
            materials: None,
            details_at: None,
            archived_at: None,
            marks: Marks::default(),
        }
    }

    /// The hash of what the list of courses says about it: tells a changed record from an unchanged one.
    pub fn summary_digest(&self) -> Digest {
        let mut hasher = Hasher::new("course");
        let mut text = |value: Option<&str>| {
            // An absent field and an empty one are different things.
            hasher.number(u64::from(value.is_some())).field(value.unwrap_or_default().as_bytes());
        };
        text(Some(self.id.as_str()));
        text(Some(&self.title));
        text(Some(&self.slug));
        text(Some(self.level.name()));
        text(self.description.as_deref());
        text(self.currency.as_deref());
        text(self.location.as_deref());
        text(self.instructor.as_deref());
        text(self.image.as_deref());
        if self.code.is_some() {
            text(self.code.as_deref());
        }
        let day = |moment: Option<Moment>| moment.map_or(0, |moment| moment.number());
        hasher.number(day(self.start)).number(day(self.end)).number(u64::from(self.participant_count));
        hasher.number(self.price.map_or(u64::MAX, f64::to_bits));
        hasher.number(self.updated_at.map_or(u64::MAX, |at| at.as_nanosecond() as u64));
        hasher.finish()
    }

    /// A quick hash of everything that a page may show of it, participants included.
    pub fn fingerprint(&self) -> u64 {
        let people = self.participants.as_ref().map_or(0, People::fingerprint);
        Fingerprint::new(6).number(self.summary_fingerprint()).number(people).get()
    }

    /// A quick hash of its description.
    pub fn description_mark(&self) -> u64 {
        let mark = || Fingerprint::new(57).maybe(self.description.as_deref()).get();
        self.marks.description.unwrap_or_else(mark)
    }

    /// A quick hash of what the list of courses says about it.
    pub fn summary_fingerprint(&self) -> u64 {
        if let Some(known) = self.marks.summary {
            return known;
        }
        // Taken apart in full: a field that is added later cannot be forgotten here.
        let Self {
            id,
            title,
            slug,
            code,
            level,
            start,
            end,
            participant_count,
            description,
            price,
            currency,
            location,
            instructor,
            image,
            updated_at,
            participants: _,
            materials: _,
            details_at: _,
            archived_at,
            marks: _,
        } = self;
        let day = |mark: Fingerprint, moment: &Option<Moment>| {
            mark.number(moment.map_or(0, |moment| moment.number()))
        };
        let mut mark = Fingerprint::new(1).text(id.as_str()).text(title).text(slug);
        mark = mark.number(*level as u64).number(u64::from(*participant_count));
        mark = day(day(mark, start), end);
        mark = mark.number(price.map_or(u64::MAX, f64::to_bits));
        mark = mark.maybe(description.as_deref());
        let texts = [currency, location, instructor, image];
        mark = texts.into_iter().fold(mark, |mark, text| mark.maybe(text.as_deref()));
        if let Some(code) = code {
            mark = mark.text(code);
        }
        let times = [updated_at, archived_at];
        times
            .into_iter()
            .fold(mark, |mark, at| mark.number(at.map_or(u64::MAX, |at| at.as_nanosecond() as u64)))
            .get()
    }
}

//! One row of a file of courses: what Hemera says of a course, and what other systems say besides.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::calendar::Calendar;
use super::scan::Broken;
use crate::base::mistakes::shown;
use crate::base::text::slugify;
use crate::model::change::Refused;
use crate::model::course::{Course, CourseId, Level};
use crate::model::moment::Moment;
use crate::model::participant::{Participant, Personal};

/// Reads the rows at `spans`; the first of them is row `first` of the file, counted from zero. `text` is the file as text, if
/// it is all text.
pub(super) fn courses(
    bytes: &[u8],
    text: Option<&str>,
    spans: &[Range<usize>],
    first: usize,
    calendar: &Calendar,
) -> Result<Vec<Result<Box<Course>, Refused>>, Broken> {
    let mut reader = Reader { calendar, words: HashSet::new(), numbers: Vec::new() };
    let row = |span: &Range<usize>| match text.and_then(|text| text.get(span.clone())) {
        Some(text) => serde_json::from_str::<Row<'_>>(text),
        None => serde_json::from_slice(&bytes[span.clone()]),
    };
    spans
        .iter()
        .enumerate()
        .map(|(index, span)| {
            let refused = |id, reason| Ok(Err(Refused { entity: "course", id, reason }));
            let number = || format!("row {}", first + index + 1);
            match row(span) {
                Ok(row) => {
                    let id = row.id.as_id();
                    match reader.course(row) {
                        Ok(course) => Ok(Ok(Box::new(course))),
                        Err(reason) => refused(id.map_or_else(number, Cow::into_owned), reason),
                    }
                }
                // The message would repeat values of the row.
                Err(e) if e.is_data() => refused(number(), "does not have the shape of a course".into()),
                Err(e) => {
                    let inside = offset(&bytes[span.clone()], e.line(), e.column());
                    Err(Broken { at: span.start + inside, message: "this is no JSON".into() })
                }
            }
        })
        .collect()
}

/// The byte at a line and column that the parser tells.
fn offset(bytes: &[u8], line: usize, column: usize) -> usize {
    let lines: usize =
        bytes.split_inclusive(|&b| b == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    (lines + column.saturating_sub(1)).min(bytes.len())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Row<'a> {
    #[serde(borrow)]
    id: Scalar<'a>,
    title: Scalar<'a>,
    slug: Scalar<'a>,
    code: Scalar<'a>,
    level: Scalar<'a>,
    start_date: Scalar<'a>,
    end_date: Scalar<'a>,
    participant_count: Scalar<'a>,
    description: Scalar<'a>,
    price: Scalar<'a>,
    currency: Scalar<'a>,
    location: Scalar<'a>,
    instructor: Scalar<'a>,
    image: Scalar<'a>,
    updated_at: Scalar<'a>,
    participants: Option<Vec<Booked<'a>>>,
    participations: Option<Vec<Booked<'a>>>,
}

/// An entry of `participants` or of `participations`: the one names the person, the other the progress.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Booked<'a> {
    #[serde(borrow)]
    id: Scalar<'a>,
    booking_id: Scalar<'a>,
    participation_id: Scalar<'a>,
    user_id: Scalar<'a>,
    name: Scalar<'a>,
    image_url: Scalar<'a>,
    status: Scalar<'a>,
    preparation_intent: Scalar<'a>,
    desired_results: Scalar<'a>,
    line_manager_profile: Scalar<'a>,
    preparation_completed_at: Scalar<'a>,
    result_outcome: Scalar<'a>,
    result_notes: Scalar<'a>,
    result_completed_at: Scalar<'a>,
    created_at: Scalar<'a>,
}

/// A value of whatever type, so that one of the wrong type can be told by the name of its field.
#[derive(Debug, Default, Clone, PartialEq)]
enum Scalar<'a> {
    #[default]
    Absent,
    Text(Cow<'a, str>),
    Whole(i64),
    Number(f64),
    Truth,
    List,
    Object,
}

/// Makes courses of rows. Words that come again and again (statuses, places, currencies) are kept once.
struct Reader<'c> {
    calendar: &'c Calendar,
    words: HashSet<Arc<str>>,
    /// The ids of those who have none, by their place in their course.
    numbers: Vec<Arc<str>>,
}

type Reason = String;

impl Reader<'_> {
    fn course(&mut self, row: Row<'_>) -> Result<Course, Reason> {
        let id = row.id.as_id().ok_or("`id` must be a text or a whole number")?;
        let title = row.title.text("title")?.ok_or("`title` is missing")?;
        let slug = match row.slug.text("slug")? {
            Some(slug) => Cow::Borrowed(slug),
            None => Cow::Owned(slugify(title)),
        };
        let level = row.level.text("level")?.ok_or("`level` is missing")?;
        let level: Level = level.parse().map_err(|_| {
            format!("`level` must be BEGINNER, INTERMEDIATE or ADVANCED, not `{}`", shown(level))
        })?;
        let (start, end) =
            (self.moment("startDate", &row.start_date)?, self.moment("endDate", &row.end_date)?);
        if let (Some(start), Some(end)) = (start, end)
            && end.sort_key() < start.sort_key()
        {
            return Err("`endDate` lies before `startDate`".into());
        }
        let participants = row
            .participants
            .map(|people| self.participants(people, row.participations.unwrap_or_default()))
            .transpose()?;
        let booked = participants.as_ref().map_or(0, |people| people.len());
        let participant_count = match row.participant_count {
            Scalar::Absent => u32::try_from(booked).unwrap_or(u32::MAX),
            Scalar::Whole(count) => {
                u32::try_from(count).map_err(|_| format!("`participantCount` cannot be {count}"))?
            }
            other => return Err(other.instead_of("participantCount", "a whole number")),
        };
        Ok(Course {
            materials: None,
            id: CourseId::new(&*id),
            title: title.into(),
            slug: (&*slug).into(),
            code: row.code.text("code")?.map(|word| self.word(word)),
            level,
            start,
            end,
            participant_count,
            description: row.description.text("description")?.map(Arc::from),
            price: price(&row.price)?,
            currency: currency(&row.currency)?.map(|word| self.word(word)),
            location: row.location.text("location")?.map(|word| self.word(word)),
            instructor: row.instructor.text("instructor")?.map(|word| self.word(word)),
            image: image(&row.image)?.map(Arc::from),
            updated_at: self.timestamp("updatedAt", &row.updated_at)?,
            participants,
            details_at: None,
            archived_at: None,
        })
    }

    fn participants(
        &mut self,
        people: Vec<Booked<'_>>,
        participations: Vec<Booked<'_>>,
    ) -> Result<Arc<[Participant]>, Reason> {
        let more: HashMap<&str, &Booked<'_>> =
            participations.iter().filter_map(|more| Some((more.booking_id.plain()?, more))).collect();
        let nothing = Booked::default();
        let mut participants = Vec::with_capacity(people.len());
        for (index, person) in people.iter().enumerate() {
            let more = person.booking_id.plain().and_then(|id| more.get(id).copied()).unwrap_or(&nothing);
            participants.push(self.participant(index, person, more)?);
        }
        participants.sort_by(|a, b| a.booking_id.reveal().cmp(b.booking_id.reveal()));
        Ok(participants.into())
    }

    fn participant(
        &mut self,
        index: usize,
        person: &Booked<'_>,
        more: &Booked<'_>,
    ) -> Result<Participant, Reason> {
        let personal = |name, value: &Scalar<'_>| Ok::<_, Reason>(value.text(name)?.map(Personal::new));
        let or = |name, first: &Scalar<'_>, second: &Scalar<'_>| {
            personal(name, if *first == Scalar::Absent { second } else { first })
        };
        let booking_id = match person.booking_id.as_id() {
            Some(id) if person.booking_id.plain().is_some() => Personal::new(&*id),
            Some(id) => Personal::new(self.word(&id)),
            None => Personal::new(self.number(index)),
        };
        let status =
            person.status.text("participants.status")?.or(more.status.text("participations.status")?);
        Ok(Participant {
            participation_id: or("participants.participationId", &person.participation_id, &more.id)?,
            user_id: match or("participants.userId", &person.user_id, &more.user_id)? {
                Some(id) => id,
                None => booking_id.clone(),
            },
            booking_id,
            name: personal("participants.name", &person.name)?,
            image_url: personal("participants.imageUrl", &person.image_url)?,
            status: status.map(|word| Personal::new(self.word(word))),
            preparation_intent: personal("participants.preparationIntent", &person.preparation_intent)?,
            desired_results: personal("participants.desiredResults", &person.desired_results)?,
            line_manager_profile: personal("participants.lineManagerProfile", &person.line_manager_profile)?,
            preparation_completed_at: self
                .timestamp("participants.preparationCompletedAt", &person.preparation_completed_at)?,
            result_outcome: or("participations.resultOutcome", &person.result_outcome, &more.result_outcome)?,
            result_notes: or("participations.resultNotes", &person.result_notes, &more.result_notes)?,
            result_completed_at: self
                .timestamp("participations.resultCompletedAt", &person.result_completed_at)?
                .or(self.timestamp("participations.resultCompletedAt", &more.result_completed_at)?),
            created_at: self
                .timestamp("participations.createdAt", &person.created_at)?
                .or(self.timestamp("participations.createdAt", &more.created_at)?),
        })
    }

    fn moment(&self, name: &str, value: &Scalar<'_>) -> Result<Option<Moment>, Reason> {
        let Some(text) = value.text(name)? else { return Ok(None) };
        self.calendar
            .moment(text)
            .map(Some)
            .ok_or_else(|| format!("`{name}` must be {}, not `{}`", self.calendar.expected(), shown(text)))
    }

    fn timestamp(&self, name: &str, value: &Scalar<'_>) -> Result<Option<Timestamp>, Reason> {
        let Some(text) = value.text(name)? else { return Ok(None) };
        self.calendar
            .timestamp(text)
            .map(Some)
            .ok_or_else(|| format!("`{name}` must be {}", self.calendar.expected()))
    }

    /// Six digits, so that the order of the ids is the order of the file.
    fn number(&mut self, index: usize) -> Arc<str> {
        while self.numbers.len() <= index {
            self.numbers.push(format!("{:06}", self.numbers.len() + 1).into());
        }
        self.numbers[index].clone()
    }

    fn word(&mut self, word: &str) -> Arc<str> {
        const LONGEST: usize = 64;
        if let Some(known) = self.words.get(word) {
            return known.clone();
        }
        let new: Arc<str> = word.into();
        if word.len() <= LONGEST {
            self.words.insert(new.clone());
        }
        new
    }
}

fn price(value: &Scalar<'_>) -> Result<Option<f64>, Reason> {
    let price = match value {
        Scalar::Absent => return Ok(None),
        Scalar::Whole(number) => *number as f64,
        Scalar::Number(number) => *number,
        other => return Err(other.instead_of("price", "a number")),
    };
    if price >= 0.0 { Ok(Some(price)) } else { Err(format!("`price` cannot be {price}")) }
}

fn currency<'v>(value: &'v Scalar<'_>) -> Result<Option<&'v str>, Reason> {
    let Some(code) = value.text("currency")? else { return Ok(None) };
    if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) {
        return Ok(Some(code));
    }
    Err(format!("`currency` must be a code of three capital letters such as EUR, not `{}`", shown(code)))
}

/// An image is shown and linked to: only addresses of the web and paths of the site itself will do.
fn image<'v>(value: &'v Scalar<'_>) -> Result<Option<&'v str>, Reason> {
    let Some(address) = value.text("image")? else { return Ok(None) };
    let scheme =
        address.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| !scheme.contains(['/', '?', '#']));
    let is_web = scheme.is_none_or(|s| s.eq_ignore_ascii_case("https") || s.eq_ignore_ascii_case("http"));
    if is_web && !address.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Ok(Some(address));
    }
    Err("`image` must be an address that begins with https://, or a path".into())
}

impl<'a> Scalar<'a> {
    /// The text without the space around it, where there is any.
    #[inline]
    fn text(&self, name: &str) -> Result<Option<&str>, Reason> {
        match self {
            Self::Absent => Ok(None),
            Self::Text(text) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            other => Err(other.instead_of(name, "a text")),
        }
    }

    fn plain(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The id that it is; systems with numbers for ids send them as numbers.
    fn as_id(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Whole(number) => Some(number.to_string().into()),
            Self::Text(text) if !text.trim().is_empty() && !text.chars().any(char::is_control) => {
                Some(text.clone())
            }
            _ => None,
        }
    }

    fn instead_of(&self, name: &str, expected: &str) -> Reason {
        let found = match self {
            Self::Absent => "nothing",
            Self::Text(_) => "a text",
            Self::Whole(_) | Self::Number(_) => "a number",
            Self::Truth => "true or false",
            Self::List => "a list",
            Self::Object => "an object",
        };
        format!("`{name}` must be {expected}, not {found}")
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyScalar;
        impl<'de> Visitor<'de> for AnyScalar {
            type Value = Scalar<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Scalar::Absent)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Scalar::Truth)
            }
            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Scalar::Whole(number))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(i64::try_from(number).map_or(Scalar::Number(number as f64), Scalar::Whole))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(number))
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::List)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Object)
            }
        }
        deserializer.deserialize_any(AnyScalar)
    }
}

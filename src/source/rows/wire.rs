//! One row of a file of courses: what Hemera says of a course, and what other systems say besides.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Why a row cannot be used, without a word of what stands in it about people.
pub(super) type Reason = String;

/// A row as it stands in the file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(super) struct Row<'a> {
    #[serde(borrow)]
    pub(super) id: Scalar<'a>,
    pub(super) title: Scalar<'a>,
    pub(super) slug: Scalar<'a>,
    pub(super) code: Scalar<'a>,
    pub(super) level: Scalar<'a>,
    pub(super) start_date: Scalar<'a>,
    pub(super) end_date: Scalar<'a>,
    pub(super) participant_count: Scalar<'a>,
    pub(super) description: Scalar<'a>,
    pub(super) price: Scalar<'a>,
    pub(super) currency: Scalar<'a>,
    pub(super) location: Scalar<'a>,
    pub(super) instructor: Scalar<'a>,
    pub(super) image: Scalar<'a>,
    pub(super) updated_at: Scalar<'a>,
    pub(super) participants: Option<Vec<Booked<'a>>>,
    pub(super) participations: Option<Vec<Booked<'a>>>,
}

/// An entry of `participants` or of `participations`: the one names the person, the other the progress.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(super) struct Booked<'a> {
    #[serde(borrow)]
    pub(super) id: Scalar<'a>,
    pub(super) booking_id: Scalar<'a>,
    pub(super) participation_id: Scalar<'a>,
    pub(super) user_id: Scalar<'a>,
    pub(super) name: Scalar<'a>,
    pub(super) image_url: Scalar<'a>,
    pub(super) status: Scalar<'a>,
    pub(super) preparation_intent: Scalar<'a>,
    pub(super) desired_results: Scalar<'a>,
    pub(super) line_manager_profile: Scalar<'a>,
    pub(super) preparation_completed_at: Scalar<'a>,
    pub(super) result_outcome: Scalar<'a>,
    pub(super) result_notes: Scalar<'a>,
    pub(super) result_completed_at: Scalar<'a>,
    pub(super) created_at: Scalar<'a>,
}

/// A value of whatever type, so that one of the wrong type can be told by the name of its field.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) enum Scalar<'a> {
    #[default]
    Absent,
    Text(Cow<'a, str>),
    Whole(i64),
    Number(f64),
    Truth,
    List,
    Object,
}

impl<'a> Scalar<'a> {
    /// The text without the space around it, where there is any.
    #[inline]
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Reason> {
        match self {
            Self::Absent => Ok(None),
            Self::Text(text) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            other => Err(other.instead_of(name, "a text")),
        }
    }

    pub(super) fn plain(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The id that it is; systems with numbers for ids send them as numbers.
    pub(super) fn as_id(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Whole(number) => Some(number.to_string().into()),
            Self::Text(text) if !text.trim().is_empty() && !text.chars().any(char::is_control) => {
                Some(text.clone())
            }
            _ => None,
        }
    }

    pub(super) fn instead_of(&self, name: &str, expected: &str) -> Reason {
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

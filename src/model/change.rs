//! What a source hands over: changes to the catalogue, and what it could not use.

use std::sync::Arc;

use jiff::Timestamp;

use super::course::{Course, CourseId};

/// One change to the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The course is there, as given; new or not.
    Upsert(Arc<Course>),
    /// The course is gone.
    Remove(CourseId),
}

impl Change {
    /// The course, if it is there.
    pub fn course(&self) -> Option<&Course> {
        match self {
            Self::Upsert(course) => Some(course),
            Self::Remove(_) => None,
        }
    }
}

/// A record that did not validate: set aside with its reason, while the rest goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What kind of record, for example `course` or `participation`.
    pub entity: &'static str,
    /// The source's id where it has one, else its place in the answer (`row 3`).
    pub id: String,
    /// Why, in words without personal data.
    pub reason: String,
}

/// A template that the source offers.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RemoteTemplate {
    /// The source's id.
    pub id: String,
    /// The name by which layouts and pages refer to it.
    pub name: String,
    /// `layout` or `partial`, as the source says.
    pub kind: String,
    /// The Liquid text.
    pub markup: String,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

/// What a source keeps from one pull to the next, so that it can ask for changes alone. Its own records, as it wrote them:
/// nobody else reads them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// How far each list of changes was read, by entity.
    pub cursors: std::collections::BTreeMap<String, String>,
    /// Records in which there is nobody.
    pub records: Vec<u8>,
    /// Records about people: sealed at rest.
    pub people: Vec<u8>,
}

/// The result of one pull from a source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pull {
    /// The changes, in the order of the source.
    pub changes: Vec<Change>,
    /// Whether `changes` is all there is, so that what is not in it has gone.
    pub complete: bool,
    /// Records that were set aside.
    pub refused: Vec<Refused>,
    /// All templates that the source offers, which may be none; nothing where it did not say, so that those of the last
    /// pull stay.
    pub templates: Option<Vec<RemoteTemplate>>,
    /// Courses whose bookings were read anew.
    pub details_read: usize,
    /// Courses whose bookings were due, but were not read for want of time or allowance.
    pub details_left: usize,
    /// Those of them whose bookings were never read, so that there is no last value which they keep.
    pub details_unread: usize,
    /// Participants that were read.
    pub participants_read: usize,
    /// Validators of answers (`ETag`, `Last-Modified`) by address, for the next pull.
    pub validators: std::collections::BTreeMap<String, Validator>,
    /// How many requests were made.
    pub requests: usize,
    /// What the next pull may begin with, for a source that can tell changes.
    pub held: Option<Held>,
    /// Whether only changes were asked for.
    pub is_delta: bool,
    /// Whether only what some events name was asked for.
    pub is_named: bool,
}

/// What a server gave to ask "has it changed since?" (RFC 9110, section 8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Validator {
    /// `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

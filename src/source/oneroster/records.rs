//! What is kept of a roster: the tables that courses are joined from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::model::participant::Personal;

/// Records by their `sourcedId`.
pub(super) type Table<T> = BTreeMap<String, T>;

/// Everything in which there is nobody.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Roster {
    pub(super) sessions: Table<Session>,
    pub(super) orgs: Table<Org>,
    pub(super) courses: Table<Course>,
    pub(super) classes: Table<Class>,
    /// The collections that are read already, where the reading was cut off.
    pub(super) done: Vec<String>,
    /// Whether a reading that was cut off asked for changes alone.
    pub(super) is_delta: bool,
}

/// Everything about people.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct People {
    /// Whether people are known by name, and not only counted.
    pub(super) named: bool,
    pub(super) enrollments: Table<Enrollment>,
    pub(super) users: Table<User>,
}

/// An academic session: a year, a term, a grading period.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) title: Option<String>,
    pub(super) first: Option<Date>,
    /// The last day; the wire has the day after it.
    pub(super) last: Option<Date>,
    pub(super) modified: Option<Timestamp>,
}

/// A school, a district, a department.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Org {
    pub(super) name: Option<String>,
}

/// What is taught; a class is one run of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Course {
    pub(super) title: Option<String>,
    pub(super) code: Option<String>,
    /// Grades, subjects: whatever may say how hard it is.
    pub(super) words: Vec<String>,
    pub(super) modified: Option<Timestamp>,
}

/// One run of a course.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Class {
    pub(super) title: Option<String>,
    pub(super) code: Option<String>,
    pub(super) course: Option<String>,
    pub(super) school: Option<String>,
    pub(super) terms: Vec<String>,
    pub(super) location: Option<String>,
    pub(super) words: Vec<String>,
    pub(super) modified: Option<Timestamp>,
}

/// A student in a class; all other roles are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Enrollment {
    pub(super) class: String,
    /// Only where people are known by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<Personal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) begin: Option<Date>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct User {
    pub(super) name: Option<Personal>,
}

/// The collections, in the order in which they are read: what is joined first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collection {
    Sessions,
    Orgs,
    Courses,
    Classes,
    Enrollments,
    Users,
}

impl Collection {
    pub(super) const ALL: [Self; 6] =
        [Self::Sessions, Self::Orgs, Self::Courses, Self::Classes, Self::Enrollments, Self::Users];

    /// The name on the wire.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sessions => "academicSessions",
            Self::Orgs => "orgs",
            Self::Courses => "courses",
            Self::Classes => "classes",
            Self::Enrollments => "enrollments",
            Self::Users => "users",
        }
    }

    /// The name on the wire of one record.
    pub(super) fn singular(self) -> &'static str {
        match self {
            Self::Sessions => "academicSession",
            Self::Orgs => "org",
            Self::Courses => "course",
            Self::Classes => "class",
            Self::Enrollments => "enrollment",
            Self::Users => "user",
        }
    }

    /// The name in messages about one record.
    pub(super) fn entity(self) -> &'static str {
        match self {
            Self::Sessions => "academic session",
            Self::Orgs => "org",
            Self::Courses => "course record",
            // A class is what the catalogue calls a course.
            Self::Classes => "course",
            Self::Enrollments => "enrollment",
            Self::Users => "user",
        }
    }

    /// Whether its records are about people, so that not even an id may stand in a message.
    pub(super) fn is_personal(self) -> bool {
        matches!(self, Self::Enrollments | Self::Users)
    }
}

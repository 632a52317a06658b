//! What is kept of an Ed-Fi server: the tables that courses are joined from. Records are known by the server's id, and
//! joined by their natural keys, which can change.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::model::participant::Personal;

/// Records by the server's id.
pub(super) type Table<T> = BTreeMap<String, T>;

/// Everything in which there is nobody.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Records {
    pub(super) schools: Table<School>,
    pub(super) sessions: Table<Session>,
    pub(super) courses: Table<Course>,
    pub(super) offerings: Table<Offering>,
    pub(super) sections: Table<Section>,
    /// The resources that are read already, where the reading was cut off.
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
    pub(super) associations: Table<Association>,
    pub(super) students: Table<Student>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct School {
    pub(super) key: String,
    pub(super) name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) key: String,
    pub(super) first: Option<Date>,
    pub(super) last: Option<Date>,
    pub(super) modified: Option<Timestamp>,
}

/// What is taught; a section is one run of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Course {
    pub(super) key: String,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    /// Subjects, levels, grades: whatever may say how hard it is.
    pub(super) words: Vec<String>,
    pub(super) modified: Option<Timestamp>,
}

/// A course at a school in a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Offering {
    pub(super) key: String,
    /// The key of its course.
    pub(super) course: String,
    pub(super) code: Option<String>,
    pub(super) title: Option<String>,
    pub(super) modified: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Section {
    pub(super) key: String,
    /// The key of its offering.
    pub(super) offering: String,
    /// The key of its session.
    pub(super) session: String,
    /// The key of its school.
    pub(super) school: String,
    pub(super) name: Option<String>,
    pub(super) location: Option<String>,
    pub(super) modified: Option<Timestamp>,
}

/// A student in a section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Association {
    /// The key of the section.
    pub(super) section: String,
    /// Only where people are known by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) student: Option<Personal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) begin: Option<Date>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Student {
    pub(super) key: Personal,
    pub(super) name: Option<Personal>,
}

/// The resources, in the order in which they are read: what is joined first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource {
    Schools,
    Sessions,
    Courses,
    Offerings,
    Sections,
    Associations,
    Students,
}

impl Resource {
    pub(super) const ALL: [Self; 7] = [
        Self::Schools,
        Self::Sessions,
        Self::Courses,
        Self::Offerings,
        Self::Sections,
        Self::Associations,
        Self::Students,
    ];

    /// The name on the wire.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Schools => "schools",
            Self::Sessions => "sessions",
            Self::Courses => "courses",
            Self::Offerings => "courseOfferings",
            Self::Sections => "sections",
            Self::Associations => "studentSectionAssociations",
            Self::Students => "students",
        }
    }

    /// The name in messages about one record.
    pub(super) fn entity(self) -> &'static str {
        match self {
            Self::Schools => "school",
            Self::Sessions => "session",
            Self::Courses => "course record",
            Self::Offerings => "course offering",
            // A section is what the catalogue calls a course.
            Self::Sections => "course",
            Self::Associations => "enrollment",
            Self::Students => "student",
        }
    }

    /// Whether its records are about people, so that not even an id may stand in a message.
    pub(super) fn is_personal(self) -> bool {
        matches!(self, Self::Associations | Self::Students)
    }
}

impl Records {
    /// The sections that are runs of a course or of an offering, by its id.
    pub(super) fn sections_of(&self, id: &str) -> Vec<&String> {
        let course = self.courses.get(id).map(|course| &course.key);
        let is_meant = |offering: &Offering| course.is_some_and(|course| offering.course == *course);
        let offerings = self.offerings.iter().filter(|(own, offering)| *own == id || is_meant(offering));
        let keys: Vec<&String> = offerings.map(|(_, offering)| &offering.key).collect();
        self.sections
            .iter()
            .filter(|(_, section)| keys.contains(&&section.offering))
            .map(|(id, _)| id)
            .collect()
    }

    /// The course that a section is a run of.
    pub(super) fn course_of(&self, section: &Section) -> Option<(&String, &Course)> {
        let offering = self.offerings.values().find(|offering| offering.key == section.offering)?;
        self.courses.iter().find(|(_, course)| course.key == offering.course)
    }
}

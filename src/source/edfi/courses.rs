//! Sections joined with their courses, sessions and schools: the courses of the catalogue.

use std::collections::HashMap;

use jiff::Timestamp;

use super::records::{Course as Taught, Offering, People, Records, Section, Session};
use crate::base::text::one_line;
use crate::config::Levels;
use crate::model::change::Refused;
use crate::model::course::{Course, CourseId};
use crate::model::moment::Moment;
use crate::model::participant::{Participant, Personal};
use crate::source::{levels, slugs};

/// The tables by their natural keys.
struct ByKey<'r> {
    offerings: HashMap<&'r str, &'r Offering>,
    courses: HashMap<&'r str, &'r Taught>,
    sessions: HashMap<&'r str, &'r Session>,
    schools: HashMap<&'r str, &'r str>,
}

/// All sections as courses, and those that cannot be one.
pub(super) fn join(records: &Records, people: &People, mapping: &Levels) -> (Vec<Course>, Vec<Refused>) {
    let keys = ByKey {
        offerings: records.offerings.values().map(|one| (one.key.as_str(), one)).collect(),
        courses: records.courses.values().map(|one| (one.key.as_str(), one)).collect(),
        sessions: records.sessions.values().map(|one| (one.key.as_str(), one)).collect(),
        schools: records
            .schools
            .values()
            .filter_map(|one| Some((one.key.as_str(), one.name.as_deref()?)))
            .collect(),
    };
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for association in people.associations.values() {
        *counts.entry(&association.section).or_default() += 1;
    }
    let mut booked = participants(people);
    let (mut courses, mut refused) = (Vec::with_capacity(records.sections.len()), Vec::new());
    for (id, section) in &records.sections {
        match course(id, section, &keys, mapping) {
            Ok(mut course) => {
                course.participant_count = counts.get(section.key.as_str()).copied().unwrap_or(0);
                if people.named {
                    let people = booked.remove(section.key.as_str()).unwrap_or_default();
                    course.participants = Some(people.into());
                }
                courses.push(course);
            }
            Err(reason) => {
                refused.push(Refused { entity: "course", id: id.clone(), reason: reason.to_owned() });
            }
        }
    }
    slugs::give(&mut courses);
    (courses, refused)
}

fn course(id: &str, section: &Section, keys: &ByKey<'_>, mapping: &Levels) -> Result<Course, &'static str> {
    let offering = keys.offerings.get(section.offering.as_str()).copied();
    let taught = offering.and_then(|offering| keys.courses.get(offering.course.as_str()).copied());
    let session = keys.sessions.get(section.session.as_str()).copied();
    let title = taught.and_then(|taught| taught.title.as_ref());
    let title = title.or_else(|| offering?.title.as_ref()).or(section.name.as_ref());
    let title = title.ok_or("neither the course nor the section has a title")?;
    let school = keys.schools.get(section.school.as_str()).copied();
    let words = taught.iter().flat_map(|taught| taught.words.iter().map(String::as_str));
    let modified = [
        section.modified,
        offering.and_then(|one| one.modified),
        taught.and_then(|one| one.modified),
        session.and_then(|one| one.modified),
    ];
    let modified: Option<Timestamp> = modified.into_iter().flatten().max();
    let first = session.and_then(|session| session.first);
    let last = session.and_then(|session| session.last).max(first);
    Ok(Course {
        id: CourseId::new(id),
        title: one_line(title).into(),
        slug: "".into(),
        code: offering.and_then(|one| one.code.as_deref()).map(|code| one_line(code).into()),
        level: levels::level(mapping, words),
        start: first.map(Moment::Day),
        end: last.map(Moment::Day),
        participant_count: 0,
        description: taught
            .and_then(|taught| taught.description.as_deref())
            .map(|text| one_line(text).into()),
        price: None,
        currency: None,
        location: section.location.as_deref().or(school).map(|place| one_line(place).into()),
        instructor: None,
        image: None,
        updated_at: modified,
        participants: None,
        materials: None,
        details_at: None,
        archived_at: None,
    })
}

/// The people of each section, where they are known by name.
fn participants(people: &People) -> HashMap<&str, Vec<Participant>> {
    let mut booked: HashMap<&str, Vec<Participant>> = HashMap::new();
    if !people.named {
        return booked;
    }
    let names: HashMap<&str, &Option<Personal>> =
        people.students.values().map(|student| (&**student.key.reveal(), &student.name)).collect();
    for (id, association) in &people.associations {
        let user = association.student.clone().unwrap_or_else(|| Personal::new(id.as_str()));
        let name = names.get(&**user.reveal()).and_then(|name| (*name).clone());
        let begin = association.begin.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
        booked.entry(&association.section).or_default().push(Participant {
            created_at: begin.map(|zoned| zoned.timestamp()),
            name,
            ..Participant::bare(Personal::new(id.as_str()), user)
        });
    }
    booked
}

//! Sections joined with their courses, sessions and schools: the courses of the catalogue.

use std::collections::HashMap;

use jiff::Timestamp;

use super::records::{Course as Taught, Offering, People, Records, Section, Session};
use crate::base::text::one_line;
use crate::config::Levels;
use crate::model::change::Refused;
use crate::model::course::Course;
use crate::model::participant::Personal;
use crate::source::levels;
use crate::source::runs::{self, Booked, Place};

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
    let names: HashMap<&str, &Option<Personal>> =
        people.students.values().map(|student| (&**student.key.reveal(), &student.name)).collect();
    let places = people.associations.iter().map(|(id, association)| {
        let person = association.student.clone();
        let name = person.as_ref().and_then(|person| names.get(&**person.reveal()));
        let name = name.and_then(|name| (*name).clone());
        Place { run: &association.section, id, person, name, begin: association.begin }
    });
    let sections = records.sections.iter().map(|(id, section)| (id, section.key.as_str(), section));
    runs::courses(sections, Booked::of(places, people.named), |id, section| {
        course(id, section, &keys, mapping)
    })
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
    let last = session.and_then(|session| session.last);
    let description = taught.and_then(|taught| taught.description.as_deref());
    Ok(Course {
        code: offering.and_then(|one| one.code.as_deref()).map(|code| one_line(code).into()),
        description: description.map(|text| one_line(text).into()),
        location: section.location.as_deref().or(school).map(|place| one_line(place).into()),
        updated_at: modified,
        ..runs::course(id, title, levels::level(mapping, words), first, last)
    })
}

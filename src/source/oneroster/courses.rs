//! Classes joined with their courses, terms and schools: the courses of the catalogue.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::records::{Class, People, Roster, Session};
use crate::base::text::one_line;
use crate::config::Levels;
use crate::model::change::Refused;
use crate::model::course::{Course, CourseId};
use crate::model::moment::Moment;
use crate::model::participant::{Participant, Personal};
use crate::source::{levels, slugs};

/// All classes as courses, and those that cannot be one.
pub(super) fn join(roster: &Roster, people: &People, mapping: &Levels) -> (Vec<Course>, Vec<Refused>) {
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for enrollment in people.enrollments.values() {
        *counts.entry(&enrollment.class).or_default() += 1;
    }
    let mut booked = participants(people);
    let (mut courses, mut refused) = (Vec::with_capacity(roster.classes.len()), Vec::new());
    for (id, class) in &roster.classes {
        match course(id, class, roster, mapping) {
            Ok(mut course) => {
                course.participant_count = counts.get(id.as_str()).copied().unwrap_or(0);
                if people.named {
                    course.participants = Some(booked.remove(id.as_str()).unwrap_or_default().into());
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

fn course(id: &str, class: &Class, roster: &Roster, mapping: &Levels) -> Result<Course, &'static str> {
    let taught = class.course.as_ref().and_then(|id| roster.courses.get(id));
    let title = class.title.as_ref().or_else(|| taught?.title.as_ref());
    let title = title.ok_or("neither the class nor its course has a title")?;
    let terms: Vec<&Session> = class.terms.iter().filter_map(|id| roster.sessions.get(id)).collect();
    let first = terms.iter().filter_map(|term| term.first).min();
    let last = terms.iter().filter_map(|term| term.last).max();
    let school = class.school.as_ref().and_then(|id| roster.orgs.get(id)).and_then(|org| org.name.as_ref());
    let words = class.words.iter().chain(taught.iter().flat_map(|course| &course.words));
    let modified = terms.iter().map(|term| term.modified).chain([class.modified]);
    let modified: Option<Timestamp> =
        modified.chain([taught.and_then(|course| course.modified)]).flatten().max();
    let day = |date: Option<Date>| date.map(Moment::Day);
    Ok(Course {
        id: CourseId::new(id),
        title: one_line(title).into(),
        slug: "".into(),
        code: class.code.as_ref().or_else(|| taught?.code.as_ref()).map(|code| one_line(code).into()),
        level: levels::level(mapping, words.map(String::as_str)),
        start: day(first),
        end: day(last.max(first)),
        participant_count: 0,
        description: None,
        price: None,
        currency: None,
        location: class.location.as_ref().or(school).map(|place| one_line(place).into()),
        instructor: None,
        image: None,
        updated_at: modified,
        participants: None,
        materials: None,
        details_at: None,
        archived_at: None,
    })
}

/// The people of each class, where they are known by name.
fn participants(people: &People) -> HashMap<&str, Vec<Participant>> {
    let mut booked: HashMap<&str, Vec<Participant>> = HashMap::new();
    if !people.named {
        return booked;
    }
    let utc = jiff::tz::TimeZone::UTC;
    // In the order of their ids, as the table is.
    for (id, enrollment) in &people.enrollments {
        let user = enrollment.user.clone().unwrap_or_else(|| Personal::new(id.as_str()));
        let name = people.users.get(&**user.reveal()).and_then(|user| user.name.clone());
        let begin = enrollment.begin.and_then(|day| day.to_zoned(utc.clone()).ok());
        booked.entry(&enrollment.class).or_default().push(Participant {
            created_at: begin.map(|zoned| zoned.timestamp()),
            name,
            ..Participant::bare(Personal::new(id.as_str()), user)
        });
    }
    booked
}

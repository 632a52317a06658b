//! Classes joined with their courses, terms and schools: the courses of the catalogue.

use jiff::Timestamp;

use super::records::{Class, People, Roster, Session};
use crate::base::text::one_line;
use crate::config::Levels;
use crate::model::change::Refused;
use crate::model::course::Course;
use crate::source::levels;
use crate::source::runs::{self, Booked, Place};

/// All classes as courses, and those that cannot be one.
pub(super) fn join(roster: &Roster, people: &People, mapping: &Levels) -> (Vec<Course>, Vec<Refused>) {
    let places = people.enrollments.iter().map(|(id, enrollment)| {
        let person = enrollment.user.clone();
        let user = person.as_ref().and_then(|person| people.users.get(&**person.reveal()));
        let name = user.and_then(|user| user.name.clone());
        Place { run: &enrollment.class, id, person, name, begin: enrollment.begin }
    });
    let classes = roster.classes.iter().map(|(id, class)| (id, id.as_str(), class));
    runs::courses(classes, Booked::of(places, people.named), |id, class| course(id, class, roster, mapping))
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
    let level = levels::level(mapping, words.map(String::as_str));
    Ok(Course {
        code: class.code.as_ref().or_else(|| taught?.code.as_ref()).map(|code| one_line(code).into()),
        location: class.location.as_ref().or(school).map(|place| one_line(place).into()),
        updated_at: modified,
        ..runs::course(id, title, level, first, last)
    })
}

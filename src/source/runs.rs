//! What the runs of courses in school rosters have in common: a class of OneRoster, a section of Ed-Fi.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::change::Refused;
use crate::model::course::{Course, CourseId, Level};
use crate::model::moment::Moment;
use crate::model::participant::{Participant, Personal};

/// Who is in each run, by the run's key.
#[derive(Debug, Default)]
pub(super) struct Booked<'r> {
    counts: HashMap<&'r str, u32>,
    /// Only where people are known by name.
    people: Option<HashMap<&'r str, Vec<Participant>>>,
}

/// One place in a run.
#[derive(Debug)]
pub(super) struct Place<'r> {
    /// The key of the run.
    pub(super) run: &'r str,
    /// The id of the place.
    pub(super) id: &'r str,
    pub(super) person: Option<Personal>,
    pub(super) name: Option<Personal>,
    pub(super) begin: Option<Date>,
}

impl<'r> Booked<'r> {
    /// Counts places, in the order of their ids; keeps who has them where people are known by name.
    pub(super) fn of(places: impl Iterator<Item = Place<'r>>, named: bool) -> Self {
        let mut booked = Self { counts: HashMap::new(), people: named.then(HashMap::new) };
        for place in places {
            *booked.counts.entry(place.run).or_default() += 1;
            let Some(people) = &mut booked.people else { continue };
            let user = place.person.unwrap_or_else(|| Personal::new(place.id));
            let begin = place.begin.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
            people.entry(place.run).or_default().push(Participant {
                created_at: begin.map(|zoned| zoned.timestamp()),
                name: place.name,
                ..Participant::bare(Personal::new(place.id), user)
            });
        }
        booked
    }

    fn fill(&mut self, course: &mut Course, key: &str) {
        course.participant_count = self.counts.get(key).copied().unwrap_or(0);
        if let Some(people) = &mut self.people {
            course.participants = Some(people.remove(key).unwrap_or_default().into());
        }
    }
}

/// All runs as courses with their people and addresses, and those that cannot be one. Each run has an id and a key.
pub(super) fn courses<'r, R: 'r>(
    runs: impl ExactSizeIterator<Item = (&'r String, &'r str, &'r R)>,
    mut booked: Booked<'_>,
    course: impl Fn(&str, &R) -> Result<Course, &'static str>,
) -> (Vec<Course>, Vec<Refused>) {
    let (mut courses, mut refused) = (Vec::with_capacity(runs.len()), Vec::new());
    for (id, key, run) in runs {
        match course(id, run) {
            Ok(mut course) => {
                booked.fill(&mut course, key);
                courses.push(course);
            }
            Err(reason) => {
                refused.push(Refused { entity: "course", id: id.clone(), reason: reason.to_owned() });
            }
        }
    }
    super::slugs::give(&mut courses);
    (courses, refused)
}

/// A run from its first to its last day, of which nothing more is known.
pub(super) fn course(id: &str, title: &str, level: Level, first: Option<Date>, last: Option<Date>) -> Course {
    Course {
        start: first.and_then(Moment::of_day),
        end: last.max(first).and_then(Moment::of_day),
        ..Course::new(CourseId::new(id), crate::base::text::one_line(title), level)
    }
}

//! Several catalogues as one: ids with the name of their source, and one course where two sources describe the same.

use std::collections::HashMap;

use crate::config::{Entry, MatchBy};
use crate::model::catalogue::Catalogue;
use crate::model::course::{Course, CourseId};

/// A course under the id that it has in the union.
pub(super) fn named(entry: &Entry, course: &Course) -> Course {
    Course { id: CourseId::new(entry.course_id(course.id.as_str())), ..course.clone() }
}

/// The union, in the order of precedence: of two that describe the same course the first has the word, and the other adds
/// what the first does not say.
pub(super) fn union<'a>(
    parts: impl IntoIterator<Item = (&'a Entry, &'a Catalogue)>,
    match_by: MatchBy,
) -> Catalogue {
    let mut parts = parts.into_iter().peekable();
    let mut courses: Vec<Course> = Vec::new();
    let mut claimed: HashMap<String, usize> = HashMap::new();
    while let Some((entry, catalogue)) = parts.next() {
        if courses.is_empty() && parts.peek().is_none() && !entry.has_prefix {
            return catalogue.clone();
        }
        let mut times: HashMap<String, usize> = HashMap::new();
        for course in catalogue.iter() {
            key(course, match_by).into_iter().for_each(|key| *times.entry(key).or_default() += 1);
        }
        let first = courses.len();
        for course in catalogue.iter() {
            // A key that several courses of one source share tells none of them.
            let key = key(course, match_by).filter(|key| times.get(key) == Some(&1));
            let known = key.as_ref().and_then(|key| claimed.get(key)).copied().filter(|at| *at < first);
            match known {
                Some(at) => add_to(&mut courses[at], course),
                None => {
                    claimed.extend(key.map(|key| (key, courses.len())));
                    courses.push(named(entry, course));
                }
            }
        }
    }
    Catalogue::new(courses)
}

fn key(course: &Course, match_by: MatchBy) -> Option<String> {
    let text = match match_by {
        MatchBy::Nothing => return None,
        MatchBy::Slug => &course.slug,
        MatchBy::Code => course.code.as_ref()?,
        MatchBy::Title => &course.title,
    };
    let key = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    (!key.is_empty()).then_some(key)
}

/// Fills what the first source does not say.
fn add_to(course: &mut Course, other: &Course) {
    macro_rules! fill {
        ($($field:ident),*) => { $( if course.$field.is_none() { course.$field.clone_from(&other.$field); } )* };
    }
    if course.price.is_none() {
        course.currency.clone_from(&other.currency);
    }
    if course.start.is_none() && course.end.is_none() {
        (course.start, course.end) = (other.start, other.end);
    }
    fill!(code, description, price, currency, location, instructor, image, participants);
    if course.participant_count == 0 {
        course.participant_count = other.participant_count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;
    use crate::model::course::Level;

    fn entry(id: &str) -> Entry {
        Entry { id: id.into(), has_prefix: true, precedence: 100, source: Source::Sample }
    }

    fn course(id: &str, code: Option<&str>, place: Option<&str>) -> Course {
        Course {
            slug: id.into(),
            code: code.map(Into::into),
            location: place.map(Into::into),
            ..Course::new(CourseId::new(id), id, Level::Beginner)
        }
    }

    #[test]
    fn the_first_source_has_the_word_and_the_second_fills_in() {
        let first = Catalogue::new([
            course("1", Some("MATH 1"), None),
            course("2", Some("ART"), Some("Ulm")),
            course("3", None, None),
        ]);
        let second = Catalogue::new([
            course("1", Some("math  1"), Some("Bonn")),
            course("2", Some("ART"), Some("Köln")),
            course("9", Some("ART"), Some("Trier")),
        ]);
        let (a, b) = (entry("a"), entry("b"));
        let union = union([(&a, &first), (&b, &second)], MatchBy::Code);
        let all: Vec<_> = union.iter().map(|c| (c.id.as_str(), c.location.as_deref())).collect();
        assert_eq!(
            all,
            [
                ("a:1", Some("Bonn")),
                ("a:2", Some("Ulm")),
                ("a:3", None),
                // Two courses of one source have this code: it tells neither of them.
                ("b:2", Some("Köln")),
                ("b:9", Some("Trier")),
            ]
        );
    }
}

//! The materials of a course: HTML by the source, with placeholders for the course and its participants. They are shown
//! on internal pages only, and lie on the disk sealed.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::participant::{Participant, Personal};

/// All materials of a course, by topic.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Materials {
    /// The topics in the order of the source.
    pub topics: Vec<Topic>,
}

impl fmt::Debug for Materials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Materials").field("topics", &self.topics.len()).finish()
    }
}

/// A part of a course.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// The source's id.
    pub id: Arc<str>,
    /// Its title, plain text.
    pub title: Arc<str>,
    /// Its materials in their order.
    pub materials: Vec<Material>,
}

/// One page of material.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Material {
    /// The source's id.
    pub id: Arc<str>,
    /// A short name, which the source gives for addresses.
    pub identifier: Arc<str>,
    /// Its title, plain text.
    pub title: Arc<str>,
    /// The HTML with its placeholders; nothing where the source has never been able to hand it over.
    pub html: Option<Arc<str>>,
}

impl Materials {
    /// Keeps the last good text of materials that the source could not hand over just now.
    pub fn keep(&mut self, known: &Self) {
        let known = |id: &str| {
            let mut all = known.topics.iter().flat_map(|topic| &topic.materials);
            all.find(|material| *material.id == *id).and_then(|material| material.html.clone())
        };
        for material in self.topics.iter_mut().flat_map(|topic| &mut topic.materials) {
            if material.html.is_none() {
                material.html = known(&material.id);
            }
        }
    }
}

/// What stands in for a value that is not there.
const NONE: &str = "—";

/// What placeholders may ask of a course: `{courseTitle}`.
#[derive(Debug, Clone, Default)]
pub struct Scalars {
    /// `courseTitle`.
    pub title: String,
    /// `courseSlug`.
    pub slug: String,
    /// `courseLevel`.
    pub level: String,
    /// `courseStartDate`, as people of the page's language write it.
    pub start: Option<String>,
    /// `courseEndDate`.
    pub end: Option<String>,
    /// `participantCount`.
    pub participant_count: u32,
}

/// Puts values in the place of `{key}` and `{participant:field}`, escaped for HTML. What has a placeholder for
/// participants is repeated for each of them, and stands there once with dashes where there are none. `<style>` blocks and unknown
/// keys stay as they are, and so do placeholders for participants within a tag: there a value could become part of an address
/// that the browser asks for.
pub fn fill(html: &str, course: &Scalars, participants: &[Participant]) -> String {
    let parts = parts(html);
    let asks_for_people = parts.iter().any(|part| matches!(part, Part::Person(_)));
    if !asks_for_people || participants.is_empty() {
        return filled(&parts, course, None);
    }
    participants.iter().map(|person| filled(&parts, course, Some(person))).collect()
}

/// A stretch of a material.
enum Part<'a> {
    Text(&'a str),
    Scalar(&'a str),
    Person(&'a str),
}

/// Where in the markup one is.
#[derive(Clone, Copy)]
enum Place {
    Text,
    Tag,
    /// In a quoted value of an attribute, and by what it ends.
    Value(u8),
}

impl Place {
    /// Where one is once `byte` has been read.
    fn after(self, byte: u8, next: Option<u8>) -> Self {
        match (self, byte) {
            (Self::Text, b'<') if next.is_some_and(|b| b.is_ascii_alphabetic() || b"/!?".contains(&b)) => {
                Self::Tag
            }
            (Self::Tag, b'>') => Self::Text,
            (Self::Tag, quote @ (b'"' | b'\'')) => Self::Value(quote),
            (Self::Value(quote), byte) if byte == quote => Self::Tag,
            (place, _) => place,
        }
    }
}

const SCALARS: [&str; 6] =
    ["courseTitle", "courseSlug", "courseLevel", "courseStartDate", "courseEndDate", "participantCount"];
const FIELDS: [&str; 6] =
    ["name", "status", "preparationIntent", "desiredResults", "lineManagerProfile", "preparationCompleted"];

fn parts(html: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    let mut place = Place::Text;
    let bytes = html.as_bytes();
    while at < bytes.len() {
        if matches!(place, Place::Text) && bytes[at] == b'<' && is_style(&html[at..]) {
            at += style_length(&html[at..]);
            continue;
        }
        place = place.after(bytes[at], bytes.get(at + 1).copied());
        let found = (bytes[at] == b'{').then(|| placeholder(&html[at + 1..])).flatten();
        let found =
            found.filter(|(part, _)| matches!((part, place), (Part::Scalar(_), _) | (_, Place::Text)));
        let Some((part, length)) = found else {
            at += 1;
            continue;
        };
        parts.push(Part::Text(&html[start..at]));
        parts.push(part);
        at += 1 + length;
        start = at;
    }
    parts.push(Part::Text(&html[start..]));
    parts
}

fn is_style(html: &str) -> bool {
    let name = html.as_bytes().get(1..6).is_some_and(|name| name.eq_ignore_ascii_case(b"style"));
    name && html
        .as_bytes()
        .get(6)
        .is_some_and(|next| next.is_ascii_whitespace() || matches!(next, b'>' | b'/'))
}

/// How long a `<style>` block is; one without an end goes on to the end of all.
fn style_length(html: &str) -> usize {
    let end = b"</style";
    let found = html.as_bytes().windows(end.len()).position(|part| part.eq_ignore_ascii_case(end));
    found.map_or(html.len(), |at| at + end.len())
}

/// What stands after a `{`, if it is a placeholder that is known, with its length to the `}`.
fn placeholder(rest: &str) -> Option<(Part<'_>, usize)> {
    const LONGEST: usize = 80;
    let end = rest.bytes().take(LONGEST).position(|byte| byte == b'}')?;
    let inner = &rest[..end];
    let part = match inner.split_once(':') {
        Some(("participant", field)) if FIELDS.contains(&field) => Part::Person(field),
        None if SCALARS.contains(&inner) => Part::Scalar(inner),
        _ => return None,
    };
    Some((part, end + 1))
}

fn filled(parts: &[Part<'_>], course: &Scalars, person: Option<&Participant>) -> String {
    let mut html = String::new();
    for part in parts {
        match part {
            Part::Text(text) => html.push_str(text),
            Part::Scalar(key) => escape(&mut html, scalar(course, key).as_deref().unwrap_or(NONE)),
            Part::Person(field) => {
                let value = person.and_then(|person| of_person(person, field));
                escape(&mut html, value.as_deref().unwrap_or(NONE));
            }
        }
    }
    html
}

fn scalar(course: &Scalars, key: &str) -> Option<String> {
    match key {
        "courseTitle" => Some(course.title.clone()),
        "courseSlug" => Some(course.slug.clone()),
        "courseLevel" => Some(course.level.clone()),
        "courseStartDate" => course.start.clone(),
        "courseEndDate" => course.end.clone(),
        _ => Some(course.participant_count.to_string()),
    }
}

fn of_person(person: &Participant, field: &str) -> Option<String> {
    let text = |value: &Option<Personal>| value.as_ref().map(|value| value.reveal().to_string());
    match field {
        "name" => text(&person.name),
        "status" => text(&person.status),
        "preparationIntent" => text(&person.preparation_intent),
        "desiredResults" => text(&person.desired_results),
        "lineManagerProfile" => text(&person.line_manager_profile),
        _ => person.preparation_completed_at.map(|at| at.to_string()),
    }
}

fn escape(html: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_of_a_person_comes_into_a_tag() {
        let course = Scalars { title: "Ruhig".into(), ..Scalars::default() };
        let person = person(Some("Eva Geheim"));
        for html in [
            "<img src='https://x.example/?{participant:name}'>",
            "<meta http-equiv=refresh content=\"0;url=//x.example/{participant:name}\">",
            "<p title={participant:name}>",
            "<a href=\"//x.example/?>{participant:name}",
        ] {
            assert!(!fill(html, &course, std::slice::from_ref(&person)).contains("Eva"), "{html}");
        }
        let text = "<p title=\"{courseTitle}\">1 < 2 {participant:name}</p>";
        assert_eq!(fill(text, &course, &[person]), "<p title=\"Ruhig\">1 < 2 Eva Geheim</p>");
    }

    fn person(name: Option<&str>) -> Participant {
        Participant {
            booking_id: Personal::new("b"),
            participation_id: None,
            user_id: Personal::new("u"),
            name: name.map(Personal::new),
            image_url: None,
            status: Some(Personal::new("PREPARATION")),
            preparation_intent: None,
            desired_results: Some(Personal::new("10 % <b>mehr</b>")),
            line_manager_profile: None,
            preparation_completed_at: None,
            result_outcome: None,
            result_notes: None,
            result_completed_at: None,
            created_at: None,
        }
    }

    #[test]
    fn placeholders_are_filled_escaped_and_repeated_for_each_person() {
        let course = Scalars { title: "A & B".into(), participant_count: 2, ..Scalars::default() };
        let shown = |html: &str, people: &[Participant]| fill(html, &course, people);
        assert_eq!(shown("<h1>{courseTitle}</h1>{courseEndDate}", &[]), "<h1>A &amp; B</h1>—");
        assert_eq!(
            shown("{unknown} {a:b} {participant:userId} { courseTitle } {", &[]),
            "{unknown} {a:b} {participant:userId} { courseTitle } {"
        );
        let people = [person(Some("Ana <i>")), person(None)];
        assert_eq!(
            shown("<p>{participant:name}: {participant:desiredResults}/{participantCount}</p>", &people),
            "<p>Ana &lt;i&gt;: 10 % &lt;b&gt;mehr&lt;/b&gt;/2</p><p>—: 10 % &lt;b&gt;mehr&lt;/b&gt;/2</p>"
        );
        assert_eq!(shown("<p>{participant:name}</p>", &[]), "<p>—</p>");
        let style = "<STYLE media=all>a{courseTitle}</Style><p>{courseTitle}</p><style>{courseTitle}";
        assert_eq!(
            shown(style, &[]),
            "<STYLE media=all>a{courseTitle}</Style><p>A &amp; B</p><style>{courseTitle}"
        );
        assert_eq!(shown("ä{courseTitle}ü<styles>{courseTitle}", &[]), "äA &amp; Bü<styles>A &amp; B");
    }

    #[test]
    fn what_could_not_be_handed_over_stays_as_it_was() {
        let material = |html: Option<&str>| Materials {
            topics: vec![Topic {
                id: "t".into(),
                title: "T".into(),
                materials: vec![Material {
                    id: "m".into(),
                    identifier: "i".into(),
                    title: "M".into(),
                    html: html.map(Arc::from),
                }],
            }],
        };
        let mut now = material(None);
        now.keep(&material(Some("good")));
        assert_eq!(now, material(Some("good")));
        let mut now = material(Some("new"));
        now.keep(&material(Some("good")));
        assert_eq!(now, material(Some("new")));
    }
}

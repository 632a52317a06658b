//! What an Ed-Fi server sends, as it is on the wire, turned into records. The only place that knows its JSON.

mod whole;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

pub(super) use self::whole::Whole;
use super::records::{
    Association, Course, Offering, People, Records, Resource, School, Section, Session, Student,
};
use crate::base::encode;
use crate::base::text::quoted;
use crate::error::{Error, Kind, Result};
use crate::model::participant::Personal;

/// Why a record cannot be used, in words without personal data.
pub(super) type Reason = &'static str;

/// How a server describes itself.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Discovery {
    pub(super) version: String,
    pub(super) oauth: String,
    pub(super) data: String,
    pub(super) changes: Option<String>,
}

/// The versions of changes that a server still knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Versions {
    pub(super) oldest: u64,
    pub(super) newest: u64,
}

/// Reads the description of a server.
pub(super) fn discovery(body: &[u8]) -> Result<Discovery> {
    let told = "GET the server's description";
    let answer = json(told, body)?;
    let text = |value: Option<&Value>| value.and_then(plain).unwrap_or_default();
    let url = |name: &str| text(answer.pointer(&format!("/urls/{name}")));
    let found = Discovery {
        version: text(answer.get("version")),
        oauth: url("oauth"),
        data: url("dataManagementApi"),
        changes: Some(url("changeQueries")).filter(|url| !url.is_empty()),
    };
    if found.oauth.is_empty() || found.data.is_empty() {
        return Err(refused(told, "it names no `urls.oauth` and `urls.dataManagementApi`").hint(
            "`base_url` is the root of the API, at which it answers with its version and its addresses",
        ));
    }
    Ok(found)
}

/// Reads `availableChangeVersions`.
pub(super) fn versions(told: &str, body: &[u8]) -> Result<Versions> {
    let answer = json(told, body)?;
    let number = |name: &str| {
        let capital = format!("{}{}", name[..1].to_ascii_uppercase(), &name[1..]);
        let value = answer.get(name).or_else(|| answer.get(&capital))?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    };
    match (number("oldestChangeVersion"), number("newestChangeVersion")) {
        (Some(oldest), Some(newest)) => Ok(Versions { oldest, newest }),
        _ => Err(refused(told, "the answer holds no change versions")),
    }
}

/// Reads a list of records.
pub(super) fn list(told: &str, body: &[u8]) -> Result<Vec<Value>> {
    match json(told, body)? {
        Value::Array(records) => Ok(records),
        _ => Err(refused(told, "the answer is no list")),
    }
}

/// Reads one record, which has to be the one that was asked for.
pub(super) fn single(told: &str, asked: &str, body: &[u8]) -> Result<Value> {
    let record = json(told, body)?;
    match id(&record) {
        Ok(id) if id == asked => Ok(record),
        _ => Err(refused(told, "the answer is not the record that was asked for")),
    }
}

/// The natural key of a section as a question for who is in it: `&localCourseCode=…`.
pub(super) fn key_query(section: &Value) -> Option<String> {
    let reference = section.get("courseOfferingReference")?;
    let parts = SECTION.iter().map(|part| {
        let holder = if *part == "sectionIdentifier" { section } else { reference };
        let value = encode::percent(&plain(holder.get(*part)?)?);
        Some(format!("&{part}={value}"))
    });
    parts.collect()
}

fn json(told: &str, body: &[u8]) -> Result<Value> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    if body.starts_with(b"<") {
        return Err(refused(told, "the server answered with HTML where JSON was expected"));
    }
    // The library's own words can repeat what stands in the body.
    serde_json::from_slice(body).map_err(|error| {
        refused(told, &format!("the answer is not JSON (line {}, column {})", error.line(), error.column()))
    })
}

fn refused(told: &str, what: &str) -> Error {
    Error::new(Kind::Refused, format!("Ed-Fi: {told}: {what}"))
}

/// What an answer that is an error says: RFC 9457, told by its shape, since it comes under several media types.
pub(super) fn problem(body: &[u8]) -> String {
    let Ok(answer) = serde_json::from_slice::<Value>(body) else { return String::new() };
    let text =
        |name: &str| answer.get(name).and_then(Value::as_str).map(quoted).filter(|text| !text.is_empty());
    let mut said: Vec<String> = ["detail", "title", "message", "error_description", "error"]
        .into_iter()
        .filter_map(text)
        .map(|text| format!("“{text}”"))
        .take(2)
        .collect();
    // The errors one by one may quote values of a record; the names of the fields do not.
    let fields = answer.get("validationErrors").and_then(Value::as_object);
    said.extend(fields.into_iter().flat_map(|fields| fields.keys()).take(5).map(|name| quoted(name)));
    said.extend(text("correlationId").map(|id| format!("correlation {id}")));
    said.join(", ")
}

/// The server's id of a record.
pub(super) fn id(record: &Value) -> Result<&str, Reason> {
    let id = record.get("id").and_then(Value::as_str).unwrap_or_default();
    let fits = !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if fits { Ok(id) } else { Err("`id` is missing, or is none") }
}

/// What the reading of records depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Whether people are wanted by name.
    pub(super) named: bool,
}

/// Puts a record into its table.
pub(super) fn put(
    resource: Resource,
    record: &Value,
    rules: Rules,
    records: &mut Records,
    people: &mut People,
) -> Result<(), Reason> {
    let id = id(record)?.to_owned();
    match resource {
        Resource::Schools => drop(records.schools.insert(id, school(record)?)),
        Resource::Sessions => drop(records.sessions.insert(id, session(record)?)),
        Resource::Courses => drop(records.courses.insert(id, course(record)?)),
        Resource::Offerings => drop(records.offerings.insert(id, offering(record)?)),
        Resource::Sections => drop(records.sections.insert(id, section(record)?)),
        Resource::Associations => drop(people.associations.insert(id, association(record, rules)?)),
        Resource::Students => drop(people.students.insert(id, student(record)?)),
    }
    Ok(())
}

/// Takes out the record that a tombstone is of.
pub(super) fn remove(resource: Resource, id: &str, records: &mut Records, people: &mut People) {
    match resource {
        Resource::Schools => drop(records.schools.remove(id)),
        Resource::Sessions => drop(records.sessions.remove(id)),
        Resource::Courses => drop(records.courses.remove(id)),
        Resource::Offerings => drop(records.offerings.remove(id)),
        Resource::Sections => drop(records.sections.remove(id)),
        Resource::Associations => drop(people.associations.remove(id)),
        Resource::Students => drop(people.students.remove(id)),
    }
}

/// Gives a record the key that it has now.
pub(super) fn change_key(resource: Resource, change: &Value, records: &mut Records, people: &mut People) {
    let (Ok(id), Some(new)) = (id(change), change.get("newKeyValues")) else { return };
    let key = |parts: &[&str]| key(parts.iter().map(|part| new.get(*part)));
    match resource {
        Resource::Schools => {
            if let (Some(school), Ok(key)) = (records.schools.get_mut(id), key(&["schoolId"])) {
                school.key = key;
            }
        }
        Resource::Sessions => {
            if let (Some(session), Ok(key)) = (records.sessions.get_mut(id), key(SESSION)) {
                session.key = key;
            }
        }
        Resource::Courses => {
            if let (Some(course), Ok(key)) = (records.courses.get_mut(id), key(COURSE)) {
                // No key of theirs has changed with it, so that nothing else tells of it.
                let offerings = records.offerings.values_mut().filter(|one| one.course == course.key);
                offerings.for_each(|offering| offering.course.clone_from(&key));
                course.key = key;
            }
        }
        Resource::Offerings => {
            if let (Some(offering), Ok(key)) = (records.offerings.get_mut(id), key(OFFERING)) {
                offering.key = key;
                offering.code = new.get("localCourseCode").and_then(plain);
            }
        }
        Resource::Sections => {
            let keys = (key(SECTION), key(OFFERING), key(SESSION), key(&["schoolId"]));
            if let (Some(known), (Ok(own), Ok(offering), Ok(session), Ok(school))) =
                (records.sections.get_mut(id), keys)
            {
                *known = Section { key: own, offering, session, school, ..known.clone() };
            }
        }
        Resource::Associations => {
            if let (Some(association), Ok(section)) = (people.associations.get_mut(id), key(SECTION)) {
                association.section = section;
                if let (Some(student), Some(new)) =
                    (&mut association.student, new.get("studentUniqueId").and_then(plain))
                {
                    *student = Personal::new(new.to_lowercase());
                }
            }
        }
        Resource::Students => {
            if let (Some(student), Ok(key)) = (people.students.get_mut(id), key(&["studentUniqueId"])) {
                let key = Personal::new(key);
                let own =
                    people.associations.values_mut().filter(|one| one.student.as_ref() == Some(&student.key));
                own.for_each(|association| association.student = Some(key.clone()));
                student.key = key;
            }
        }
    }
}

const COURSE: &[&str] = &["courseCode", "educationOrganizationId"];
const SESSION: &[&str] = &["schoolId", "schoolYear", "sessionName"];
const OFFERING: &[&str] = &["localCourseCode", "schoolId", "schoolYear", "sessionName"];
const SECTION: &[&str] = &["localCourseCode", "schoolId", "schoolYear", "sessionName", "sectionIdentifier"];

/// A natural key as one text. Servers compare without regard to case.
fn key<'v>(parts: impl Iterator<Item = Option<&'v Value>>) -> Result<String, Reason> {
    let parts: Option<Vec<String>> = parts.map(|part| plain(part?)).collect();
    parts.map(|parts| parts.join("\u{1f}").to_lowercase()).ok_or("a part of its natural key is missing")
}

/// The key in a reference.
fn reference(record: &Value, name: &str, parts: &[&str]) -> Result<String, Reason> {
    let reference = record.get(name).ok_or("a reference is missing")?;
    key(parts.iter().map(|part| reference.get(*part)))
}

fn school(record: &Value) -> Result<School, Reason> {
    let key = key([record.get("schoolId")].into_iter())?;
    Ok(School { key, name: text(record, "nameOfInstitution") })
}

fn session(record: &Value) -> Result<Session, Reason> {
    let school = record.pointer("/schoolReference/schoolId");
    let year = record.pointer("/schoolYearTypeReference/schoolYear");
    Ok(Session {
        key: key([school, year, record.get("sessionName")].into_iter())?,
        first: day(record, "beginDate"),
        last: day(record, "endDate"),
        modified: modified(record),
    })
}

fn course(record: &Value) -> Result<Course, Reason> {
    let organization = record.pointer("/educationOrganizationReference/educationOrganizationId");
    let mut words = Vec::new();
    for (list, descriptor) in [
        ("courseLevelCharacteristics", "courseLevelCharacteristicDescriptor"),
        ("offeredGradeLevels", "gradeLevelDescriptor"),
        ("academicSubjects", "academicSubjectDescriptor"),
    ] {
        let entries = record.get(list).and_then(Value::as_array);
        words.extend(entries.into_iter().flatten().filter_map(|entry| code(entry.get(descriptor)?)));
    }
    // Before Data Standard 4 a course had one subject.
    words.extend(record.get("academicSubjectDescriptor").and_then(code));
    Ok(Course {
        key: key([record.get("courseCode"), organization].into_iter())?,
        title: text(record, "courseTitle"),
        description: text(record, "courseDescription"),
        words,
        modified: modified(record),
    })
}

fn offering(record: &Value) -> Result<Offering, Reason> {
    let session = record.get("sessionReference").ok_or("a reference is missing")?;
    let school = record.pointer("/schoolReference/schoolId").or_else(|| session.get("schoolId"));
    let parts =
        [record.get("localCourseCode"), school, session.get("schoolYear"), session.get("sessionName")];
    Ok(Offering {
        key: key(parts.into_iter())?,
        course: reference(record, "courseReference", COURSE)?,
        code: text(record, "localCourseCode"),
        title: text(record, "localCourseTitle"),
        modified: modified(record),
    })
}

fn section(record: &Value) -> Result<Section, Reason> {
    let name = "courseOfferingReference";
    let reference_to = record.get(name).ok_or("a reference is missing")?;
    let own = SECTION.iter().map(|part| match *part {
        "sectionIdentifier" => record.get("sectionIdentifier"),
        part => reference_to.get(part),
    });
    Ok(Section {
        key: key(own)?,
        offering: reference(record, name, OFFERING)?,
        session: reference(record, name, SESSION)?,
        school: reference(record, name, &["schoolId"])?,
        name: text(record, "sectionName"),
        location: record.pointer("/locationReference/classroomIdentificationCode").and_then(plain),
        modified: modified(record),
    })
}

fn association(record: &Value, rules: Rules) -> Result<Association, Reason> {
    let student = record.pointer("/studentReference/studentUniqueId").and_then(plain);
    Ok(Association {
        section: reference(record, "sectionReference", SECTION)?,
        student: student.filter(|_| rules.named).map(|key| Personal::new(key.to_lowercase())),
        begin: day(record, "beginDate").filter(|_| rules.named),
    })
}

fn student(record: &Value) -> Result<Student, Reason> {
    let key = key([record.get("studentUniqueId")].into_iter())?;
    let name: Vec<String> =
        ["firstName", "lastSurname"].into_iter().filter_map(|name| text(record, name)).collect();
    let name = (!name.is_empty()).then(|| Personal::new(name.join(" ")));
    Ok(Student { key: Personal::new(key), name })
}

/// The value of a descriptor: what follows the last `#`.
fn code(value: &Value) -> Option<String> {
    let text = plain(value)?;
    Some(text.rsplit('#').next().unwrap_or_default().trim().to_owned()).filter(|code| !code.is_empty())
}

fn text(record: &Value, name: &str) -> Option<String> {
    plain(record.get(name)?)
}

/// A scalar as a text without the space around it; empty ones are nothing.
fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn day(record: &Value, name: &str) -> Option<Date> {
    text(record, name)?.get(..10)?.parse().ok()
}

fn modified(record: &Value) -> Option<Timestamp> {
    let text = text(record, "_lastModifiedDate")?;
    text.parse().ok().or_else(|| {
        let wall: jiff::civil::DateTime = text.parse().ok()?;
        wall.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_is_what_follows_the_last_hash() {
        let of = |text: &str| code(&Value::from(text));
        assert_eq!(
            of("uri://ed-fi.org/AcademicSubjectDescriptor#Fine and Performing Arts").as_deref(),
            Some("Fine and Performing Arts")
        );
        assert_eq!(of("uri://a#b#C#").as_deref(), None);
        assert_eq!(of("Math").as_deref(), Some("Math"));
    }

    #[test]
    fn an_error_is_told_by_its_shape() {
        let body = r#"{"detail":"Data validation failed.","type":"urn:ed-fi:api:bad-request","title":"Bad Request","status":400,
            "correlationId":"c-1","validationErrors":{"$.courseTitle":["“Ana” is too long"]},"errors":["Ana"]}"#;
        assert_eq!(
            problem(body.as_bytes()),
            "“Data validation failed.”, “Bad Request”, $.courseTitle, correlation c-1"
        );
        assert_eq!(problem(b"<html>"), "");
        assert_eq!(problem(br#"{"message":"An error"}"#), "“An error”");
    }
}

//! The materials of a course.

use serde_json::Value;

use super::envelope::data;
use super::{Reason, Record};
use crate::error::{Error, Kind, Result};
use crate::model::change::Refused;
use crate::model::material::{Material, Materials, Topic};

/// The longest page of material.
const LONGEST: usize = 2 << 20;

/// What was read of a course's materials, and what of it was set aside.
pub(crate) type Read = (Materials, Vec<Refused>);

/// Reads an answer to a request for the materials of a course: them, or `{materials}` around them. One that cannot be used
/// is set aside, and the others are there.
pub(crate) fn materials(asked: &str, course: &str, body: &[u8]) -> Result<Read> {
    let data = data(asked, body)?;
    let refused = |what: String| Error::new(Kind::Refused, format!("{asked}: {what}"));
    let data = data.get("materials").filter(|inner| inner.is_object()).unwrap_or(&data);
    let record = Record::new(data).map_err(|_| refused("the answer holds no materials".to_owned()))?;
    if record.id("courseId").map_err(&refused)? != course {
        return Err(refused("the answer is about another course".to_owned()));
    }
    let list = |record: Record<'_>, name: &str| -> Result<Vec<Value>, Reason> {
        let array = record.field(name).and_then(Value::as_array);
        array.cloned().ok_or_else(|| format!("it holds no list of {name}"))
    };
    let mut set_aside = Vec::new();
    let mut topics = Vec::new();
    let values = list(record, "topics").map_err(|reason| refused(format!("the answer: {reason}")))?;
    for (place, value) in (1..).zip(&values) {
        let mut topic = |value| {
            let topic = Record::new(value)?;
            let mut rows = Vec::new();
            for (row, value) in (1..).zip(&list(topic, "materials")?) {
                match Record::new(value).and_then(material) {
                    Ok(read) => rows.push(read),
                    Err(reason) => set_aside.push(Refused {
                        entity: "material",
                        id: name(value, "materialId", course, &format!("topic {place}, material {row}")),
                        reason,
                    }),
                }
            }
            rows.sort_by(|(a, one), (b, other)| (a, &one.id).cmp(&(b, &other.id)));
            Ok(Topic {
                id: topic.id("topicId")?.into(),
                title: topic.needed("topicTitle", 500)?.into(),
                materials: rows.into_iter().map(|(_, material)| material).collect(),
            })
        };
        match topic(value) {
            Ok(topic) => topics.push(topic),
            Err(reason) => set_aside.push(Refused {
                entity: "topic",
                id: name(value, "topicId", course, &format!("topic {place}")),
                reason,
            }),
        }
    }
    Ok((Materials { topics }, set_aside))
}

/// How a record is called where it is set aside: by its id, if that is one, else by its place. Titles stay out: a person
/// may be named in them.
fn name(value: &Value, id: &str, course: &str, place: &str) -> String {
    let own = Record::new(value).and_then(|record| record.id(id).map(str::to_owned));
    own.unwrap_or_else(|_| format!("{place} of course {course}"))
}

/// One material, with its place.
fn material(record: Record<'_>) -> Result<(i64, Material), Reason> {
    let order = record.field("sortOrder").and_then(Value::as_i64).unwrap_or(i64::MAX);
    let material = Material {
        id: record.id("materialId")?.into(),
        identifier: record.needed("identifier", 200)?.into(),
        title: record.needed("title", 500)?.into(),
        html: record.text("htmlContent", LONGEST)?.map(Into::into),
    };
    Ok((order, material))
}

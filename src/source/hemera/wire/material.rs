//! The materials of a course.

use serde_json::Value;

use super::envelope::data;
use super::{Reason, Record};
use crate::error::{Error, Kind, Result};
use crate::model::material::{Material, Materials, Topic};

/// The longest page of material.
const LONGEST: usize = 2 << 20;

/// Reads an answer to a request for the materials of a course: them, or `{materials}` around them.
pub(crate) fn materials(asked: &str, course: &str, body: &[u8]) -> Result<Materials> {
    let data = data(asked, body)?;
    let refused = |what: String| Error::new(Kind::Refused, format!("{asked}: {what}"));
    let data = data.get("materials").filter(|inner| inner.is_object()).unwrap_or(&data);
    let record = Record::new(data).map_err(|_| refused("the answer holds no materials".to_owned()))?;
    if record.id("courseId").map_err(&refused)? != course {
        return Err(refused("the answer is about another course".to_owned()));
    }
    let list = |record: Record<'_>, name: &str| -> Result<Vec<Value>> {
        let array = record.field(name).and_then(Value::as_array);
        array.cloned().ok_or_else(|| refused(format!("the answer holds no list of {name}")))
    };
    let mut topics = Vec::new();
    for value in list(record, "topics")? {
        let topic = Record::new(&value).map_err(&refused)?;
        let mut rows = Vec::new();
        for value in list(topic, "materials")? {
            rows.push(Record::new(&value).and_then(material).map_err(&refused)?);
        }
        rows.sort_by(|(a, one), (b, other)| (a, &one.id).cmp(&(b, &other.id)));
        topics.push(Topic {
            id: topic.id("topicId").map_err(&refused)?.into(),
            title: topic.needed("topicTitle", 500).map_err(&refused)?.into(),
            materials: rows.into_iter().map(|(_, material)| material).collect(),
        });
    }
    Ok(Materials { topics })
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

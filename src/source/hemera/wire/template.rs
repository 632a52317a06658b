//! Templates. The route is not deployed today; this is what it is expected to answer when it comes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::envelope::data;
use super::{Reason, Record};
use crate::error::{Error, Kind, Result};
use crate::model::change::{Refused, RemoteTemplate};

/// Reads an answer to a request for templates: a bare list, or `{templates}`.
pub(crate) fn templates(asked: &str, body: &[u8]) -> Result<(Vec<RemoteTemplate>, Vec<Refused>)> {
    let data = data(asked, body)?;
    let rows = data.as_array().or_else(|| data.get("templates")?.as_array()).ok_or_else(|| {
        Error::new(Kind::Refused, format!("{asked}: the answer holds no list of templates"))
    })?;
    let (mut templates, mut refused, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (index, value) in rows.iter().enumerate() {
        let template = template(value).and_then(|template| {
            if names.insert((template.kind.clone(), template.name.clone())) {
                Ok(template)
            } else {
                Err("another template has the same kind and name".to_owned())
            }
        });
        match template {
            Ok(template) => templates.push(template),
            Err(reason) => {
                let id = Record::new(value).and_then(|record| record.id("id"));
                let id = id.map_or_else(|_| format!("row {}", index + 1), str::to_owned);
                refused.push(Refused { entity: "template", id, reason });
            }
        }
    }
    templates.sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
    Ok((templates, refused))
}

fn template(value: &Value) -> Result<RemoteTemplate, Reason> {
    let record = Record::new(value)?;
    let (id, name) = (record.id("id")?, record.needed("name", 200)?);
    // It becomes the name of a file that others include.
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    if !name.split('/').all(plain) {
        return Err("name is not a path of letters, digits, -, _ and .".to_owned());
    }
    Ok(RemoteTemplate {
        id: id.to_owned(),
        name: name.to_owned(),
        kind: record.needed("kind", 64)?.to_owned(),
        markup: record.text("markup", 1 << 20)?.ok_or("markup is missing")?.to_owned(),
        updated_at: record.time("updatedAt")?,
    })
}

//! Answers of the REST binding: pages of records, links to the next, errors.

use serde_json::Value;

use super::Fields;
use crate::base::encode::{origin, pairs};
use crate::base::text::quoted;
use crate::error::{Error, Kind, Result};

/// The records of one answer.
#[derive(Debug)]
pub(in crate::source::oneroster) struct Page(pub(in crate::source::oneroster) Vec<Value>);

/// Reads an answer to a request for a collection. `name` is its envelope: schools come as `orgs`, students as `users`.
pub(in crate::source::oneroster) fn page(told: &str, name: &str, body: &[u8]) -> Result<Page> {
    let mut answer = json(told, body)?;
    match answer.get_mut(name).map(Value::take) {
        Some(Value::Array(records)) => Ok(Page(records)),
        _ => Err(refused(told, &format!("the answer holds no list of {name}"))),
    }
}

/// Reads an answer to a request for one record. `name` is its envelope: `class`.
pub(in crate::source::oneroster) fn single(told: &str, name: &str, body: &[u8]) -> Result<Value> {
    let mut answer = json(told, body)?;
    match answer.get_mut(name).map(Value::take) {
        Some(record @ Value::Object(_)) => Ok(record),
        _ => Err(refused(told, &format!("the answer holds no `{name}`"))),
    }
}

fn refused(told: &str, what: &str) -> Error {
    Error::new(Kind::Refused, format!("OneRoster: {told}: {what}"))
}

fn json(told: &str, body: &[u8]) -> Result<Value> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    if body.starts_with(b"<") {
        return Err(refused(told, "the server answered with HTML where JSON was expected").hint(
            "`base_url` is the whole address before `/classes`, such as …/ims/oneroster/rostering/v1p2",
        ));
    }
    // The library's own words can repeat what stands in the body.
    serde_json::from_slice(body).map_err(|error| {
        refused(told, &format!("the answer is not JSON (line {}, column {})", error.line(), error.column()))
    })
}

/// The next page by `Link` (RFC 8288), if it can be trusted: it stays at the same origin and keeps what was asked for.
/// Some servers name another host there, or lose the filter.
pub(in crate::source::oneroster) fn link_next(header: &str, asked: &str) -> Option<String> {
    let target = links(header).find_map(|(target, parameters)| {
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            let value = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel") && value.eq_ignore_ascii_case("next")
        });
        is_next.then_some(target)
    })?;
    let target = if target.starts_with('/') && !target.starts_with("//") {
        format!("{}{target}", origin(asked)?)
    } else {
        target.to_owned()
    };
    let (path, query) = asked.split_once('?').unwrap_or((asked, ""));
    let (next_path, next_query) = target.split_once('?')?;
    let same_path = origin(&target) == origin(asked) && address_path(next_path) == address_path(path);
    let next: Vec<_> = pairs(next_query).collect();
    let keeps = pairs(query).filter(|(name, _)| name != "offset").all(|pair| next.contains(&pair));
    (same_path && keeps && target != asked).then_some(target)
}

/// The targets of a `Link` header, each with its parameters.
fn links(header: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = header;
    std::iter::from_fn(move || {
        let (target, after) = rest.split_once('<')?.1.split_once('>')?;
        let end = after.find('<').unwrap_or(after.len());
        rest = &after[end..];
        Some((target, &after[..end]))
    })
}

fn address_path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("", |at| &rest[at..])
}

/// What an answer that is an error says, as far as it says anything. There are several shapes; what is there is shown.
pub(in crate::source::oneroster) fn problem(body: &[u8]) -> String {
    let Ok(answer) = serde_json::from_slice::<Value>(body) else { return String::new() };
    let mut said = Vec::new();
    let text =
        |name: &str| answer.get(name).and_then(Value::as_str).map(quoted).filter(|text| !text.is_empty());
    for name in ["imsx_description", "message", "error_description", "error", "title", "detail"] {
        said.extend(text(name).map(|text| format!("“{text}”")));
    }
    let fields = answer.pointer("/imsx_CodeMinor/imsx_codeMinorField").and_then(Value::as_array);
    for field in fields.into_iter().flatten() {
        let value = field.get("imsx_codeMinorFieldValue").and_then(Value::as_str);
        said.extend(value.map(quoted));
    }
    said.extend(text("imsx_codeMinor").or_else(|| text("imsx_codeMajor").filter(|_| said.is_empty())));
    said.dedup();
    said.join(", ")
}

impl Fields for Value {
    fn text(&self, name: &str) -> Option<String> {
        plain(self.get(name)?)
    }

    fn list(&self, name: &str) -> Vec<String> {
        texts(self.get(name))
    }

    fn link(&self, name: &str) -> Option<String> {
        // Never by `href`: it may be relative, or lead nowhere.
        plain(self.get(name)?.get("sourcedId")?)
    }

    fn links(&self, name: &str) -> Vec<String> {
        let list = self.get(format!("{name}s").as_str()).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|link| plain(link.get("sourcedId")?)).collect()
    }

    fn metadata(&self, path: &str) -> Vec<String> {
        let start = self.get("metadata");
        texts(path.split('.').try_fold(start, |at, part| at.map(|at| at.get(part))).flatten())
    }
}

/// A scalar as a text without the space around it; empty ones are nothing.
fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(plain).collect(),
        Some(one) => plain(one).into_iter().collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_followed_only_to_the_same_place() {
        let asked = "https://sis.example/v1p1/classes?limit=2&offset=0&filter=a%3E%27b%27";
        let next = |link: &str| link_next(link, asked);
        let good = "https://sis.example/v1p1/classes?limit=2&offset=2&filter=a%3E'b'";
        assert_eq!(next(&format!("<{good}>; rel=\"next\"")).as_deref(), Some(good));
        assert_eq!(
            next(
                "<https://sis.example/x>; rel=\"first\", </v1p1/classes?offset=2&limit=2&filter=a>'b'>; rel=next"
            ),
            None,
            "an address that is cut by its own bracket is none"
        );
        assert_eq!(
            next("</v1p1/classes?limit=2&offset=2&filter=a%3E%27b%27>; rel=next").as_deref(),
            Some("https://sis.example/v1p1/classes?limit=2&offset=2&filter=a%3E%27b%27")
        );
        for bad in [
            "<https://other.example/v1p1/classes?limit=2&offset=2&filter=a%3E'b'>; rel=\"next\"",
            "<http://sis.example/v1p1/classes?limit=2&offset=2&filter=a%3E'b'>; rel=\"next\"",
            "<https://sis.example/v1p1/classes?limit=2&offset=2>; rel=\"next\"",
            "<https://sis.example/v1p1/users?limit=2&offset=2&filter=a%3E'b'>; rel=\"next\"",
            "<//sis.example/v1p1/classes?limit=2&offset=2&filter=a%3E'b'>; rel=\"next\"",
            "<https://sis.example/v1p1/classes?limit=2&offset=2&filter=a%3E'b'>; rel=\"prev\"",
            "nonsense",
        ] {
            assert_eq!(next(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_shape_of_an_error_is_shown() {
        let spec = r#"{"imsx_codeMajor":"failure","imsx_severity":"error","imsx_description":"No","imsx_CodeMinor":
            {"imsx_codeMinorField":[{"imsx_codeMinorFieldName":"x","imsx_codeMinorFieldValue":"invaliddata"}]}}"#;
        assert_eq!(problem(spec.as_bytes()), "“No”, invaliddata");
        let text = r#"{"imsx_codeMajor":"failure","imsx_description":"Field 'bogus'","imsx_codeMinor":"invalid_data"}"#;
        assert_eq!(problem(text.as_bytes()), "“Field 'bogus'”, invalid_data");
        assert_eq!(problem(br#"{"message":"Gone\u001b[2J"}"#), "“Gone [2J”");
        assert_eq!(problem(b"<html>"), "");
        assert_eq!(problem(b"[1]"), "");
    }
}

//! The envelope around every answer. Its `meta` differs from answer to answer and can be missing, so nothing of it
//! but the request's id is ever looked at.

use serde_json::Value;

pub(crate) use crate::base::text::quoted;
use crate::error::{Error, Kind, Result};

/// What the server says about an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The code, such as `VALIDATION_ERROR`.
    pub(crate) code: Option<String>,
    /// The message, in whatever language.
    pub(crate) message: Option<String>,
    /// The id by which the server's people find the request in their logs.
    pub(crate) request_id: Option<String>,
}

/// What an answer that is an error says, as far as it says anything; an HTML page says nothing.
pub(crate) fn problem(body: &[u8]) -> Problem {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return Problem::default() };
    let text = |pointer: &str| value.pointer(pointer)?.as_str().map(quoted).filter(|text| !text.is_empty());
    Problem {
        code: text("/error/code"),
        message: text("/error/message"),
        request_id: text("/meta/requestId"),
    }
}

/// The `data` of a good answer to `asked` (`GET /path`).
pub(super) fn data(asked: &str, body: &[u8]) -> Result<Value> {
    let refused = |what: &str| Error::new(Kind::Refused, format!("{asked}: {what}"));
    // Some proxies put a byte order mark before what they pass on.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    if body.is_empty() {
        return Err(refused("the answer is empty"));
    }
    if body.starts_with(b"<") {
        return Err(refused("the server answered with HTML where JSON was expected").hint(
            "base_url of [hemera] may name a website instead of the API, or a proxy shows a page of its own",
        ));
    }
    let mut value: Value = serde_json::from_slice(body).map_err(|error| {
        // The library's own words can repeat what stands in the body.
        let at = format!("line {}, column {}", error.line(), error.column());
        if error.is_eof() {
            refused(&format!("the answer ends in the middle of its JSON ({at})"))
        } else {
            refused(&format!("the answer is not JSON ({at})"))
        }
    })?;
    match value.get("success").and_then(Value::as_bool) {
        Some(true) => {}
        Some(false) => return Err(unsuccessful(asked, &problem(body))),
        None => return Err(refused("the answer is JSON, but not Hemera's: it has no `success`")),
    }
    match value.get_mut("data").map(Value::take) {
        None | Some(Value::Null) => Err(refused("the answer says success, but holds no data")),
        Some(data) => Ok(data),
    }
}

/// A 200 that says in its body that it is none.
fn unsuccessful(asked: &str, problem: &Problem) -> Error {
    let kind = match problem.code.as_deref() {
        Some("UNAUTHORIZED" | "FORBIDDEN") => Kind::Credentials,
        Some("RATE_LIMITED" | "INTERNAL_ERROR" | "AUTH_CONFIGURATION_ERROR") => Kind::Unavailable,
        _ => Kind::Refused,
    };
    Error::new(kind, format!("{asked}: the server answered that it failed{problem}"))
}

/// `: CODE, “message”, request ID`, as far as there is something to say.
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut before = ": ";
        if let Some(code) = &self.code {
            write!(f, "{before}{code}")?;
            before = ", ";
        }
        if let Some(message) = &self.message {
            write!(f, "{before}“{message}”")?;
            before = ", ";
        }
        if let Some(id) = &self.request_id {
            write!(f, "{before}request {id}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_made_harmless() {
        assert_eq!(quoted("a\u{1b}[31m\n\tb\u{202e}c"), "a [31m b c");
        assert_eq!(quoted(&"x".repeat(500)).chars().count(), 161);
        assert_eq!(quoted(" \u{0} "), "");
    }

    #[test]
    fn every_way_of_not_being_an_envelope_is_told() {
        let told = |body: &str| data("GET /x", body.as_bytes()).map_err(|error| error.to_string());
        let says = |body: &str, what: &str| {
            let message = told(body).expect_err(body);
            assert!(message.starts_with("GET /x: ") && message.contains(what), "{body}: {message}");
        };
        says("", "empty");
        says("  <!DOCTYPE html>", "HTML");
        says(r#"{"success":true,"data":[{"id":"#, "ends in the middle");
        says(r#"{"success":true,"data":[}"#, "not JSON");
        says("\u{0}\u{1}", "not JSON");
        says(r#"{"courses":[]}"#, "no `success`");
        says("[]", "no `success`");
        says(r#"{"success":"true","data":[]}"#, "no `success`");
        says(r#"{"success":true}"#, "no data");
        says(r#"{"success":true,"data":null}"#, "no data");
        says(&"[".repeat(100_000), "not JSON");
        says(
            r#"{"success":false,"error":{"code":"NOT_FOUND","message":"Course\u0007 not found"}}"#,
            "NOT_FOUND, “Course not found”",
        );
        assert!(told("\u{feff}{\"success\":true,\"data\":[]}").is_ok(), "meta may be missing");
    }
}

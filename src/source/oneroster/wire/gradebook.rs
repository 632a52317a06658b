//! Lines and results of a gradebook, as they are on the wire: in JSON alone, both ways.

use serde_json::{Value, json};

use super::Fields as _;
use crate::model::push::{LineItem, Score};

/// A reference to another record. What `href` leads to is the server's to say.
fn link(kind: &str, id: &str) -> Value {
    json!({ "sourcedId": id, "type": kind, "href": "" })
}

/// The body of `PUT /results/{sourcedId}`. `there` is what stands there: what we say nothing of stays.
pub(in crate::source::oneroster) fn result_body(
    score: &Score,
    modified: &str,
    there: Option<Value>,
) -> Vec<u8> {
    let mut body = there.unwrap_or_else(|| json!({}));
    body["sourcedId"] = json!(&**score.id.reveal());
    body["status"] = json!("active");
    body["dateLastModified"] = json!(modified);
    body["lineItem"] = link("lineItem", &score.line_item);
    body["student"] = link("user", score.student.reveal());
    body["scoreStatus"] = json!(score.score_status);
    body["scoreDate"] = json!(score.score_date.to_string());
    if let Some(score) = score.score {
        body["score"] = json!(score);
    }
    if let Some(comment) = &score.comment {
        body["comment"] = json!(&**comment.reveal());
    }
    json!({ "result": body }).to_string().into_bytes()
}

/// The hash of a result that stands there, by which it is compared; nothing where nobody has written anything yet.
pub(in crate::source::oneroster) fn result_mark(score: &Score, there: &Value) -> Option<String> {
    let points = there
        .get("score")
        .and_then(|points| points.as_f64().or_else(|| points.as_str()?.trim().parse().ok()));
    let status = there.text("scoreStatus").unwrap_or_default();
    let comment = there.text("comment");
    let is_blank = points.is_none() && comment.is_none() && matches!(status.as_str(), "" | "not submitted");
    (!is_blank).then(|| score.mark(points, &status, &day(there, "scoreDate"), comment.as_deref()))
}

/// The body of `PUT /lineItems/{sourcedId}`. The dates are moments in 1.2: the beginning of the day, and its end.
pub(in crate::source::oneroster) fn line_body(
    line: &LineItem,
    school: &str,
    modified: &str,
    there: Option<Value>,
) -> Vec<u8> {
    let mut body = there.unwrap_or_else(|| json!({}));
    body["sourcedId"] = json!(line.id);
    body["status"] = json!("active");
    body["dateLastModified"] = json!(modified);
    body["title"] = json!(line.title);
    body["assignDate"] = json!(format!("{}T00:00:00.000Z", line.assign_date));
    body["dueDate"] = json!(format!("{}T23:59:59.000Z", line.due_date));
    body["class"] = link("class", &line.class);
    body["school"] = link("org", school);
    body["category"] = link("category", &line.category);
    json!({ "lineItem": body }).to_string().into_bytes()
}

/// The hash of a line that stands there.
pub(in crate::source::oneroster) fn line_mark(there: &Value) -> String {
    let link = |name: &str| there.link(name).unwrap_or_default();
    let title = there.text("title").unwrap_or_default();
    LineItem::mark(
        &title,
        &day(there, "assignDate"),
        &day(there, "dueDate"),
        &link("class"),
        &link("category"),
    )
}

/// The day of a date or a moment.
fn day(there: &Value, name: &str) -> String {
    let text = there.text(name).unwrap_or_default();
    text.get(..10).unwrap_or(&text).to_owned()
}

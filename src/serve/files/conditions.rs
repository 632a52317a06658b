//! What a client says of the bytes that it has already (RFC 9110, section 13).

use std::time::SystemTime;

use hyper::header::{self, HeaderMap};

use super::found::Found;

/// Whether the client has these bytes (RFC 9110, section 13.2.2: the tag counts more than the time).
pub(super) fn is_known(asked: &HeaderMap, found: &Found) -> bool {
    let mut tags = asked.get_all(header::IF_NONE_MATCH).iter().peekable();
    if tags.peek().is_some() {
        let weak = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
        let own = weak(&found.tag());
        return tags
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.trim() == "*" || value.split(',').any(|tag| weak(tag.trim()) == own));
    }
    let since = asked.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    since
        .and_then(|text| httpdate::parse_http_date(text).ok())
        .is_some_and(|since| in_seconds(found.modified) <= in_seconds(since))
}

/// Whether a part may be sent: without `If-Range`, or where it names just this file, by a strong tag or its time.
pub(super) fn may_be_part(asked: &HeaderMap, found: &Found) -> bool {
    let Some(condition) = asked.get(header::IF_RANGE) else { return true };
    let Ok(condition) = condition.to_str() else { return false };
    if condition.starts_with('"') || condition.starts_with("W/") {
        return condition == found.tag() && !condition.starts_with("W/");
    }
    httpdate::parse_http_date(condition).is_ok_and(|at| in_seconds(at) == in_seconds(found.modified))
}

fn in_seconds(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

//! Forms: their bodies, read within limits.

use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header;

use super::visit::Visit;
use crate::base::encode::pairs;
use crate::serve::api::read_body;
use crate::serve::head::declared_length;
use crate::serve::shared::Shared;

/// The longest form: a token, an id and the address of a page.
const LONGEST: u64 = 8 << 10;

/// The fields of a form.
#[derive(Debug)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form; the error is the status to be answered.
    pub(super) async fn read(shared: &Shared, visit: &Visit<'_>, body: Incoming) -> Result<Self, StatusCode> {
        let media_type = visit.header(header::CONTENT_TYPE).unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        }
        if declared_length(visit.headers).map_err(|failure| failure.status)? > LONGEST {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let body = read_body(shared, body).await.map_err(|failure| failure.status)?;
        let text = std::str::from_utf8(&body.bytes).map_err(|_| StatusCode::BAD_REQUEST)?;
        Ok(Self(pairs(text).collect()))
    }

    /// The value of a field that stands there once.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }
}

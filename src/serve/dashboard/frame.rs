//! What all answers of the dashboard have in common: the frame around a page, error pages, headers.

use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use super::pages::{self, Page};
use super::press::Asset;
use super::session::{Said, Visitor};
use super::standing::Sources;
use super::words::Tongue;
use super::{Exchange, entries};
use crate::error::Error;
use crate::model::view::{List, Value};
use crate::serve::body::Body;

/// Nothing runs, shows or takes forms but what this server has, and no page elsewhere frames it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What the frame of a page depends on.
pub(super) struct Frame<'f> {
    pub(super) title: &'f str,
    pub(super) said: Option<Said>,
    pub(super) visitor: Option<&'f Visitor>,
    pub(super) page: Option<&'f Page>,
    pub(super) mark: &'f str,
}

impl Exchange<'_> {
    pub(super) fn wrong_method(&self, allowed: &'static str, visitor: Option<&Visitor>) -> Response<Body> {
        let mut response = self.failure(StatusCode::METHOD_NOT_ALLOWED, visitor);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
        response
    }

    /// An error as a page.
    pub(super) fn failure(&self, status: StatusCode, visitor: Option<&Visitor>) -> Response<Body> {
        let words = self.words();
        let known = [400, 403, 404, 405, 413, 415, 503];
        let code = if known.contains(&status.as_u16()) { status.as_u16() } else { 500 };
        let title = words.get(&format!("error_title_{code}")).to_owned();
        let text = words.get(&format!("error_text_{code}"));
        let view = vec![
            ("code", u32::from(status.as_u16()).into()),
            ("title", title.as_str().into()),
            ("text", text.into()),
        ];
        match self.shared.dashboard.press().render("error", words, view) {
            Ok(html) => {
                let frame = Frame { title: &title, said: None, visitor, page: None, mark: "" };
                let mut response = self.framed(status, html, &frame);
                if status == StatusCode::SERVICE_UNAVAILABLE {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("15"));
                }
                response
            }
            Err(error) => self.broken(&error),
        }
    }

    /// A page that could not be made: without anything that may fail.
    pub(super) fn broken(&self, error: &Error) -> Response<Body> {
        self.shared.log.warn(error.message().to_owned());
        let mut response = Response::new(Body::here("500\n"));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        dress(&mut response, "text/plain; charset=utf-8");
        response
    }

    /// What all pages have around them.
    pub(super) fn framed(&self, status: StatusCode, html: String, frame: &Frame<'_>) -> Response<Body> {
        let dashboard = &self.shared.dashboard;
        let words = self.words();
        let names = Sources::of(&self.shared.connectors).names();
        let here = frame.page.map(Page::address);
        let links = names.iter().map(|name| {
            let is_here = matches!(frame.page, Some(Page::Source { name: shown, .. }) if shown == name);
            entries([
                ("name", name.as_str().into()),
                ("address", pages::source_address(name).into()),
                ("is_here", is_here.into()),
            ])
        });
        let path = here.clone().unwrap_or_else(|| "/dashboard".to_owned());
        let languages = Tongue::ALL.into_iter().map(|tongue| {
            let joint = if path.contains('?') { '&' } else { '?' };
            entries([
                ("tag", tongue.tag().into()),
                ("name", tongue.name().into()),
                ("address", format!("{path}{joint}lang={}", tongue.tag()).into()),
                ("is_here", (tongue == self.visit.tongue).into()),
            ])
        });
        let said = frame.said.as_ref().map(|said| {
            let text = words.say(said.key, &[("about", &said.about), ("span", &said.about)]);
            entries([("text", text.into()), ("is_good", said.is_good.into())])
        });
        let title = match dashboard.title.as_str() {
            "" => "aither",
            title => title,
        };
        let letter: String = title.chars().next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
        let view = vec![
            ("content", Value::Html(html.into())),
            ("title", frame.title.into()),
            ("site", title.into()),
            ("letter", letter.into()),
            ("sources", links.collect::<List>().into()),
            ("languages", languages.collect::<List>().into()),
            ("is_overview", (frame.page == Some(&Page::Overview)).into()),
            ("said", Value::maybe(said)),
            ("csrf", Value::maybe(frame.visitor.map(|visitor| visitor.csrf.reveal()))),
            ("view", Value::maybe(here)),
            ("mark", frame.mark.into()),
        ];
        match dashboard.press().render("layout", words, view) {
            Ok(text) => {
                let mut response = Response::new(Body::here(text));
                *response.status_mut() = status;
                dress(&mut response, "text/html; charset=utf-8");
                let language = HeaderValue::from_static(self.visit.tongue.tag());
                response.headers_mut().insert(header::CONTENT_LANGUAGE, language);
                response
            }
            Err(error) => self.broken(&error),
        }
    }
}

pub(super) fn redirect(address: &str) -> Response<Body> {
    let mut response = Response::new(Body::here(Bytes::new()));
    *response.status_mut() = StatusCode::SEE_OTHER;
    dress(&mut response, "text/plain; charset=utf-8");
    match HeaderValue::from_str(address) {
        Ok(address) => response.headers_mut().insert(header::LOCATION, address),
        Err(_) => response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/dashboard")),
    };
    response
}

pub(super) fn asset_response(asset: &Asset) -> Response<Body> {
    let mut response = Response::new(Body::here(asset.text.clone()));
    dress(&mut response, asset.media_type);
    let for_good = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, for_good);
    response
}

/// The headers of everything that the dashboard answers.
pub(super) fn dress(response: &mut Response<Body>, media_type: &'static str) {
    let all: [(HeaderName, &'static str); 9] = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // Forms say where they come from only under a policy that lets them.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow, noarchive"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let headers: &mut HeaderMap = response.headers_mut();
    for (name, value) in all {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

pub(super) fn add_cookie(response: &mut Response<Body>, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

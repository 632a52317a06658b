//! One request: its head is checked, then the API, the live script or the site answers.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::api;
use super::body::Body;
use super::connection::Activity;
use super::dashboard;
use super::head::{self, REQUEST_ID};
use super::internal;
use super::log;
use super::reload::{EVENTS_PATH, SCRIPT, SCRIPT_PATH};
use super::reply::{self, Failure, Reply};
use super::router::{self, Found};
use super::shared::Shared;
use crate::notify::Trouble;

/// Answers a request. Never fails: what goes wrong is an answer as well.
pub(super) async fn answer(
    shared: &Arc<Shared>,
    peer: IpAddr,
    activity: &Arc<Activity>,
    request: Request<Incoming>,
) -> Response<Body> {
    let begun = Instant::now();
    let id = head::request_id(request.headers());
    let method = request.method().clone();
    let uri = request.uri().clone();
    // A body that nobody reads must not be taken for the next request.
    let has_body = !request.body().is_end_stream();
    let mut response = match head::check(&request, &shared.serve, &shared.hosts) {
        Ok(()) => route(shared, peer, activity, request, &id).await,
        Err(failure) => reply::response(failure.into(), &id, shared.clock.now()),
    };
    let status = response.status();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    if (has_body && !uri.path().starts_with("/api/")) || activity.is_old(&shared.serve.limits) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    shared.metrics.answered(status.as_u16());
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        // The route, not the address: that may name somebody.
        let facts = vec![
            ("requestId", id.clone()),
            ("method", method.to_string()),
            ("route", router::route(uri.path())),
        ];
        shared.notifier.trouble(Trouble { name: "http.500", is_error: true, facts });
    }
    let is_warning = status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE;
    // The address of the client and the query stay out of the log: both may say who somebody is.
    shared.log.request(is_warning, || log::Request {
        id,
        method: method.to_string(),
        path: uri.path().to_owned(),
        status: status.as_str().to_owned(),
        millis: u64::try_from(begun.elapsed().as_millis()).ok(),
        is_warning,
    });
    response
}

async fn route(
    shared: &Arc<Shared>,
    peer: IpAddr,
    activity: &Activity,
    request: Request<Incoming>,
    id: &str,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    if dashboard::is_at(path) {
        return dashboard::answer(shared, peer, activity, &head, body).await;
    }
    let outcome = match router::find(&head.method, path) {
        Found::Elsewhere => {
            if let Some(page) = shared.site.below(path).and_then(internal::path) {
                return internal::answer(shared, &head.method, page, &head.headers, id).await;
            }
            if let Some(response) = live(shared, activity, &head.method, path, head.uri.query()) {
                return response;
            }
            return shared.site.answer(&head.method, path, head.uri.query(), &head.headers).await;
        }
        Found::Nothing => {
            Err(Failure::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such operation").closing())
        }
        Found::OtherMethods(allowed) => {
            let message = format!("this address takes {allowed}");
            let failure = Failure::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message);
            Err(failure.header(header::ALLOW, &allowed).closing())
        }
        Found::Operation(operation, parameter) => {
            let is_read = matches!(head.method, Method::GET | Method::HEAD);
            match shared.keys.check(operation.access, &head.headers, is_local(peer, &head.headers), is_read) {
                Ok(()) => api::call(shared, operation, parameter, &head, body).await,
                Err(failure) => Err(if body.is_end_stream() { failure } else { failure.closing() }),
            }
        }
    };
    let reply = outcome.unwrap_or_else(Reply::from);
    reply::response(reply, id, shared.clock.now())
}

/// Whether a request comes from this machine: not from a proxy on it that speaks for somebody else.
fn is_local(peer: IpAddr, headers: &HeaderMap) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    peer.to_canonical().is_loopback() && !forwarded.iter().any(|name| headers.contains_key(*name))
}

/// The script that follows changes, and its events; only where pages carry it.
fn live(
    shared: &Shared,
    activity: &Activity,
    method: &Method,
    path: &str,
    query: Option<&str>,
) -> Option<Response<Body>> {
    if !shared.site.is_followed() || method != Method::GET {
        return None;
    }
    let below = shared.site.below(path)?;
    let (media_type, body) = match below {
        SCRIPT_PATH => ("text/javascript; charset=utf-8", Body::here(Bytes::from_static(SCRIPT.as_bytes()))),
        EVENTS_PATH => {
            let value = |name: &str| {
                let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
                pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
            };
            let pages = value("page").map(|page| shared.site.pages_of(page)).unwrap_or_default();
            let since = value("since").and_then(|text| text.parse().ok()).unwrap_or(0);
            activity.never_ends();
            ("text/event-stream", Body::events(shared.reload.listen(pages, since)))
        }
        _ => return None,
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Some(response)
}

//! Internal pages: for whoever shows the administrator's token, and for no cache.

use std::path::{Path, PathBuf};

use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Response, StatusCode};

use super::body::Body;
use super::reply::{self, Failure};
use super::shared::Shared;

/// What all addresses of internal pages begin with.
const PREFIX: &str = "/internal/";

/// Materials bring styles of their own, but no scripts, and nothing is fetched from elsewhere: an address could carry away
/// what the page says of a person.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; media-src 'self'; font-src 'self'; connect-src 'self'; \
    frame-ancestors 'none'; form-action 'none'; base-uri 'none'";

/// The path of an internal page, if `below` the site's base address is one.
pub(super) fn path(below: &str) -> Option<&str> {
    below.strip_prefix(PREFIX)
}

/// Answers a request for an internal page.
pub(super) async fn answer(
    shared: &Shared,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    id: &str,
) -> Response<Body> {
    let failed = |failure: Failure| reply::response(failure.into(), id, shared.clock.now());
    if method != Method::GET && method != Method::HEAD {
        let failure = Failure::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            "this address can only be read",
        );
        return failed(failure.header(header::ALLOW, "GET, HEAD").closing());
    }
    if let Err(failure) = shared.keys.check_reader(headers) {
        return failed(failure);
    }
    let missing = || Failure::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such internal page");
    let folder = shared.state_folder.join("internal");
    let Some(file) = file(&folder, path) else { return failed(missing()) };
    match tokio::task::spawn_blocking(move || read(&folder, &file)).await {
        Ok(Some(bytes)) => page(bytes),
        _ => failed(missing()),
    }
}

fn page(bytes: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::here(bytes));
    let all = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    let headers = response.headers_mut();
    for (name, value) in all {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow, noarchive"));
    response
}

/// The file of a page: the parts of its path are plain names, as they are made.
fn file(folder: &Path, path: &str) -> Option<PathBuf> {
    let parts = path.strip_suffix('/').unwrap_or(path).split('/');
    let plain = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let mut file = folder.to_owned();
    for part in parts {
        if !plain(part) {
            return None;
        }
        file.push(part);
    }
    Some(file.join("index.html"))
}

/// The bytes of a file that stands in the folder itself: links are not followed.
fn read(folder: &Path, file: &Path) -> Option<Vec<u8>> {
    let is_file = std::fs::symlink_metadata(file).is_ok_and(|metadata| metadata.is_file());
    let is_inside = crate::base::files::stays_inside(folder, file);
    if is_file && is_inside { std::fs::read(file).ok() } else { None }
}

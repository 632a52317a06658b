//! Static files: which file an address means, whether the client has it already, and which part of it goes out.

mod cache;
mod coding;
mod conditions;
mod found;
mod generation;
mod kind;
mod moves;
mod open;
mod range;
mod target;

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Response, StatusCode};

use self::cache::{Cache, Cached, SMALL};
use self::coding::Coding;
use self::conditions::{is_known, may_be_part};
use self::found::{Found, What, is_trouble, stray};
use self::range::Range;
use self::target::Target;
use super::body::{Body, read_part};
use crate::base::digest::Digest;
use crate::config::Serve;

pub(super) use self::generation::{Generation, Keeper};

/// The site, for the threads that answer.
#[derive(Debug)]
pub(super) struct Site {
    now: RwLock<Arc<Generation>>,
    cache: Cache,
    /// The path of the base URL without a slash at its end: `/academy`, or nothing.
    mount: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Whether pages carry the script that shows changes at once.
    live: bool,
}

/// Bytes that are about to go out.
enum Content {
    Here(Bytes),
    File(File),
}

impl Site {
    pub(super) fn new(serve: &Serve, base_path: &str, live: bool) -> Self {
        let fixed = [
            (header::X_CONTENT_TYPE_OPTIONS, &Cow::Borrowed("nosniff")),
            (header::REFERRER_POLICY, &serve.referrer_policy),
            (header::CONTENT_SECURITY_POLICY, &serve.content_security_policy),
        ];
        let value = |text: &Cow<'static, str>| value(text.clone()).filter(|value| !value.is_empty());
        Self {
            now: RwLock::new(Arc::new(Generation::empty())),
            cache: Cache::new(serve.cache_bytes),
            mount: base_path.trim_end_matches('/').to_owned(),
            headers: fixed.into_iter().filter_map(|(name, text)| Some((name, value(text)?))).collect(),
            live,
        }
    }

    /// The site as it is now.
    pub(super) fn now(&self) -> Arc<Generation> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on all requests see this site.
    pub(super) fn set(&self, generation: Generation) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(generation);
    }

    /// The path below the base URL's, of a request's path; nothing where it lies elsewhere.
    pub(super) fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(&*self.mount).filter(|rest| rest.starts_with('/'))
    }

    /// Whether pages carry the script that follows changes.
    pub(super) fn is_followed(&self) -> bool {
        self.live
    }

    /// The files that a browser at this path shows, which may be escaped twice: as a path, and in a query. That is the
    /// page's, and where there is none also that of the page for missing addresses: both may come to change it.
    pub(super) fn pages_of(&self, path: &str) -> Vec<String> {
        let path = path.replace("%2F", "/").replace("%2f", "/").replace("%25", "%");
        let now = self.now();
        let Some(below) = self.below(&path) else { return Vec::new() };
        let page = match target::read(below).ok() {
            None | Some(Target::Nowhere) => None,
            Some(Target::Folder(folder)) => Some(format!("{folder}index.html")),
            Some(Target::File(file)) if now.get(&file).is_some() => Some(file),
            Some(Target::File(file)) => Some(format!("{file}/index.html")),
        };
        let is_missing = page.as_deref().is_none_or(|page| now.get(page).is_none());
        page.into_iter().chain(is_missing.then(|| missing_page(&now, below))).collect()
    }

    /// Answers a request for a file.
    pub(super) async fn answer(
        &self,
        method: &Method,
        path: &str,
        query: Option<&str>,
        asked: &HeaderMap,
    ) -> Response<Body> {
        if method != Method::GET && method != Method::HEAD {
            let mut response = self.plain(StatusCode::METHOD_NOT_ALLOWED, "this address can only be read\n");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let Some(below) = self.below(path) else {
            return match path == "/" || path == self.mount {
                true => self.redirect(StatusCode::TEMPORARY_REDIRECT, &format!("{}/", self.mount)),
                false => self.missing("", method, asked).await,
            };
        };
        let target = match target::read(below) {
            Ok(target) => target,
            Err(target::Malformed) => {
                return self.plain(StatusCode::BAD_REQUEST, "this is no address of a page\n");
            }
        };
        let wanted = match &target {
            Target::Nowhere => return self.missing(below, method, asked).await,
            Target::Folder(folder) => format!("{folder}index.html"),
            Target::File(file) => file.clone(),
        };
        // A page stands there as well, for servers that know nothing of moves.
        if let Some(address) = self.now().moved(&wanted, path, query) {
            return self.redirect(StatusCode::MOVED_PERMANENTLY, &address);
        }
        match self.find(&wanted, asked).await {
            Ok(Some(found)) => return self.send_or_reread(method, asked, found).await,
            Ok(None) => {}
            Err(error) => return self.trouble(&error),
        }
        if let Target::File(file) = target
            && let Ok(Some(_)) = self.find(&format!("{file}/index.html"), &HeaderMap::new()).await
        {
            // The path has no empty segment, so this is never an address on another host.
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            let address = format!("{}/{}/{query}", self.mount, target::escape(&file));
            return self.redirect(StatusCode::PERMANENT_REDIRECT, &address);
        }
        if below == "/favicon.ico" {
            // Browsers ask for it whatever the pages say; that a site has none is no error to be shown to anybody.
            let mut response = self.plain(StatusCode::NO_CONTENT, "");
            response.headers_mut().remove(header::CONTENT_TYPE);
            set(response.headers_mut(), header::CACHE_CONTROL, "public, max-age=86400");
            return response;
        }
        self.missing(below, method, asked).await
    }

    /// The file for a path, in the form that the client likes best.
    async fn find(&self, path: &str, asked: &HeaderMap) -> io::Result<Option<Found>> {
        let generation = self.now();
        if let Some(early) = generation.early(path) {
            return Ok(Some(Found {
                number: generation.number,
                path: path.to_owned(),
                length: early.bytes.len() as u64,
                modified: early.modified,
                what: What::Early(early.clone()),
                coding: None,
                has_twins: false,
            }));
        }
        let Some(entry) = generation.get(path) else {
            let path = path.to_owned();
            return blocking(move || stray(&generation, path)).await;
        };
        let twin = |coding: &Coding| generation.get(&format!("{path}{}", coding.suffix()));
        let has_twins = entry.has_twins;
        let accepted = match asked.get(header::ACCEPT_ENCODING) {
            Some(value) if has_twins && !self.is_live(path) => coding::accepted(value.to_str().unwrap_or("")),
            _ => Vec::new(),
        };
        let coded = accepted.into_iter().find_map(|coding| Some((twin(&coding)?, coding)));
        let (entry, coding) = coded.map_or((entry, None), |(entry, coding)| (entry, Some(coding)));
        Ok(Some(Found {
            number: generation.number,
            path: path.to_owned(),
            length: entry.length,
            modified: entry.modified,
            what: What::Kept(Arc::clone(&generation), entry.clone()),
            coding,
            has_twins,
        }))
    }

    fn is_live(&self, path: &str) -> bool {
        self.live && kind::is_page(path)
    }

    /// Sends a file; one that somebody has written into since it was kept is sent as it is on the disk.
    async fn send_or_reread(&self, method: &Method, asked: &HeaderMap, found: Found) -> Response<Body> {
        let path = found.path.clone();
        let error = match self.send(method, asked, found).await {
            Ok(response) => return response,
            Err(error) if is_trouble(&error) => return self.trouble(&error),
            Err(error) => error,
        };
        let generation = self.now();
        match blocking(move || stray(&generation, path)).await {
            Ok(Some(found)) => {
                self.send(method, asked, found).await.unwrap_or_else(|error| self.trouble(&error))
            }
            _ => self.trouble(&error),
        }
    }

    async fn send(&self, method: &Method, asked: &HeaderMap, found: Found) -> io::Result<Response<Body>> {
        if self.is_live(&found.path) {
            return self.send_live(found, StatusCode::OK).await;
        }
        let mut response = Response::new(Body::here(Bytes::new()));
        let cached = self.cached(&found);
        match &cached {
            Some(cached) => *response.headers_mut() = cached.headers.clone(),
            None => self.describe(response.headers_mut(), &found),
        }
        if is_known(asked, &found) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response.headers_mut().remove(header::CONTENT_TYPE);
            response.headers_mut().remove(header::CONTENT_LENGTH);
            return Ok(response);
        }
        let range = match asked.get(header::RANGE).and_then(|value| value.to_str().ok()) {
            Some(text) if method == Method::GET && may_be_part(asked, &found) => {
                range::read(text, found.length)
            }
            _ => Range::Whole,
        };
        let (first, length) = match range {
            Range::Whole => (0, found.length),
            Range::Part(first, length) => (first, length),
            Range::Beyond => {
                *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
                response.headers_mut().remove(header::CONTENT_LENGTH);
                set(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{}", found.length));
                return Ok(response);
            }
        };
        if range != Range::Whole {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let text = format!("bytes {first}-{}/{}", first + length - 1, found.length);
            set(response.headers_mut(), header::CONTENT_RANGE, &text);
            set(response.headers_mut(), header::CONTENT_LENGTH, &length.to_string());
        }
        if method == Method::GET {
            let content = match cached {
                Some(cached) => Content::Here(cached.bytes.clone()),
                None => self.content(found).await?,
            };
            *response.body_mut() = match content {
                Content::Here(bytes) => {
                    let start = usize::try_from(first).unwrap_or(0);
                    let end = start + usize::try_from(length).unwrap_or(0);
                    Body::here(bytes.slice(start.min(bytes.len())..end.min(bytes.len())))
                }
                Content::File(file) => Body::part(file, first, length),
            };
        }
        Ok(response)
    }

    /// A page with the script that follows changes; never kept by the browser, for the script names the generation.
    async fn send_live(&self, found: Found, status: StatusCode) -> io::Result<Response<Body>> {
        let number = found.number;
        let depth = found.path.matches('/').count();
        let length = found.length;
        let mut response = Response::new(Body::here(Bytes::new()));
        *response.status_mut() = status;
        self.describe(response.headers_mut(), &found);
        for name in [header::ETAG, header::LAST_MODIFIED, header::ACCEPT_RANGES, header::CONTENT_LENGTH] {
            response.headers_mut().remove(name);
        }
        set(response.headers_mut(), header::CACHE_CONTROL, "no-store");
        let page = match self.content(found).await? {
            Content::Here(bytes) => bytes,
            Content::File(file) => blocking(move || read_part(&file, 0, length)).await?,
        };
        let tag = super::reload::script_tag(depth, number, status == StatusCode::NOT_FOUND, &self.mount);
        let mut bytes = page.to_vec();
        bytes.extend_from_slice(tag.as_bytes());
        *response.body_mut() = Body::here(bytes);
        Ok(response)
    }

    /// The file from memory, if it is there as it is wanted here.
    fn cached(&self, found: &Found) -> Option<Arc<Cached>> {
        let What::Kept(_, entry) = &found.what else { return None };
        let cached = self.cache.get(&entry.digest)?;
        // Equal bytes may stand at two addresses with other headers.
        let coding = cached.headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        let varies = cached.headers.contains_key(header::VARY);
        let fits = cached.path == found.path
            && coding == found.coding.map(Coding::name)
            && varies == found.has_twins;
        fits.then_some(cached)
    }

    async fn content(&self, found: Found) -> io::Result<Content> {
        if let Some(cached) = self.cached(&found) {
            return Ok(Content::Here(cached.bytes.clone()));
        }
        let (generation, entry) = match found.what {
            What::Stray(file) => return Ok(Content::File(file)),
            What::Early(early) => return Ok(Content::Here(early.bytes)),
            What::Kept(generation, entry) => (generation, entry),
        };
        if entry.length > SMALL {
            return blocking(move || generation.open(&entry)).await.map(Content::File);
        }
        let (digest, mut headers) = (entry.digest, HeaderMap::new());
        let found = Found { what: What::Kept(Arc::clone(&generation), entry.clone()), ..found };
        self.describe(&mut headers, &found);
        let read = move || {
            let file = generation.open(&entry)?;
            let bytes = read_part(&file, 0, entry.length)?;
            // Read once and kept for long: worth a look whether these are the bytes of the tag.
            if Digest::of(&bytes) == entry.digest {
                Ok(bytes)
            } else {
                Err(io::ErrorKind::InvalidData.into())
            }
        };
        let bytes = blocking(read).await?;
        self.cache.put(digest, Cached { path: found.path, headers, bytes: bytes.clone() });
        Ok(Content::Here(bytes))
    }

    fn describe(&self, headers: &mut HeaderMap, found: &Found) {
        headers.extend(self.headers.iter().cloned());
        if let Some(value) = value(kind::media_type(&found.path)) {
            headers.insert(header::CONTENT_TYPE, value);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kind::cache_control(&found.path)));
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        set(headers, header::ETAG, &found.tag());
        set(headers, header::CONTENT_LENGTH, &found.length.to_string());
        set(headers, header::LAST_MODIFIED, &httpdate::fmt_http_date(found.modified));
        if let Some(coding) = found.coding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        }
        if found.has_twins {
            headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        }
    }

    /// The site's own page for addresses that lead nowhere.
    async fn missing(&self, below: &str, method: &Method, asked: &HeaderMap) -> Response<Body> {
        let mut unconditional = HeaderMap::new();
        if let Some(accepted) = asked.get(header::ACCEPT_ENCODING) {
            unconditional.insert(header::ACCEPT_ENCODING, accepted.clone());
        }
        let mut response = match self.find(&missing_page(&self.now(), below), &unconditional).await {
            Ok(Some(found)) if self.live => {
                let page = self.send_live(found, StatusCode::NOT_FOUND).await;
                return page.unwrap_or_else(|error| self.trouble(&error));
            }
            Ok(Some(found)) => self.send_or_reread(method, &unconditional, found).await,
            _ if !self.now().is_ready() => {
                let text = "there is no site here yet\n";
                let mut response = self.plain(StatusCode::SERVICE_UNAVAILABLE, text);
                if self.live {
                    // It hears what is wrong with the first build, and becomes the site when that is mended.
                    let tag = super::reload::script_tag(0, self.now().number, true, &self.mount);
                    let page = format!(
                        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>No site yet</title>\n\
                         <p>There is no site here yet: it appears as soon as it is built.</p>\n{tag}"
                    );
                    set(response.headers_mut(), header::CONTENT_TYPE, "text/html; charset=utf-8");
                    *response.body_mut() = Body::here(page);
                }
                set(response.headers_mut(), header::RETRY_AFTER, "5");
                return response;
            }
            _ => self.plain(StatusCode::NOT_FOUND, "there is nothing here\n"),
        };
        if response.status() == StatusCode::OK {
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        for name in [header::ETAG, header::LAST_MODIFIED, header::ACCEPT_RANGES] {
            response.headers_mut().remove(name);
        }
        response
    }

    /// A short answer of our own.
    fn plain(&self, status: StatusCode, text: &'static str) -> Response<Body> {
        let mut response = Response::new(Body::here(text));
        *response.status_mut() = status;
        response.headers_mut().extend(self.headers.iter().cloned());
        set(response.headers_mut(), header::CONTENT_TYPE, "text/plain; charset=utf-8");
        set(response.headers_mut(), header::CACHE_CONTROL, "no-store");
        response
    }

    fn redirect(&self, status: StatusCode, address: &str) -> Response<Body> {
        let mut response = self.plain(status, "");
        set(response.headers_mut(), header::LOCATION, address);
        set(response.headers_mut(), header::CACHE_CONTROL, "no-cache");
        response
    }

    /// The disk does not give what it should: too many open files, as a rule.
    fn trouble(&self, _: &io::Error) -> Response<Body> {
        let mut response = self.plain(StatusCode::SERVICE_UNAVAILABLE, "please try again\n");
        set(response.headers_mut(), header::RETRY_AFTER, "1");
        response
    }
}

/// The page for an address that leads nowhere: the tree of a language has one of its own.
fn missing_page(now: &Generation, below: &str) -> String {
    let tree = below.trim_start_matches('/').split('/').next().unwrap_or_default();
    let own = format!("{tree}/404.html");
    if now.get(&own).is_some() { own } else { "404.html".to_owned() }
}

/// Work that may wait for the disk, on the pool for such work.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| Err(io::Error::other(e)))
}

/// A header's value; one that never changes costs nothing to give out again and again.
fn value(text: Cow<'static, str>) -> Option<HeaderValue> {
    match text {
        Cow::Borrowed(text) => Some(HeaderValue::from_static(text)),
        Cow::Owned(text) => HeaderValue::try_from(text).ok(),
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

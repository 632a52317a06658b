//! Pictures of the web: fetched once, looked at, kept by their hash, and published by the site itself. No page makes a
//! request to somebody else's server.
//!
//! What is kept is asked for again after a while, with the tag that the server gave it. Whatever goes wrong, the site is
//! built: with the picture as it last was, or without it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::image::{Found, examined};
use crate::base::digest::Digest;
use crate::base::files;
use crate::base::http::{Method, Request, Response, Transport};
use crate::error::Result;

/// What a fetch has to know.
#[derive(Clone, Copy)]
pub struct Fetch<'a> {
    /// The way to the network; nothing where only what is kept may be used.
    pub transport: Option<&'a dyn Transport>,
    /// The present moment.
    pub now: Timestamp,
    /// After how many seconds a picture is asked for again.
    pub refetch_seconds: i64,
}

/// What went wrong with an address.
pub type Told = (String, String);

/// Failures are not repeated at every build of somebody who is writing a page.
const RETRY_SECONDS: i64 = 600;
const REDIRECTS: usize = 5;
const THREADS: usize = 8;
/// A host that fails so often in a row is left alone until the next build.
const PATIENCE: usize = 3;
const INDEX: &str = "remote.json";
const FOLDER: &str = "originals";

/// What is known of an address.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Entry {
    /// The file below `originals/` with the bytes of the last good answer.
    file: Option<String>,
    etag: Option<String>,
    last_modified: Option<String>,
    /// When the server last said that this is how it is, in seconds since 1970.
    fetched_at: i64,
    /// When it last failed, and why, if it has not been well since.
    failed: Option<(i64, String)>,
}

impl Entry {
    fn is_due(&self, fetch: &Fetch<'_>) -> bool {
        fetch.now.as_second() >= self.due(fetch.refetch_seconds)
            || fetch.now.as_second()
                < self.fetched_at.min(self.failed.as_ref().map_or(i64::MAX, |failed| failed.0))
    }

    /// From which second on it is to be asked for.
    fn due(&self, refetch_seconds: i64) -> i64 {
        match (&self.failed, &self.file) {
            (Some((at, _)), _) => at.saturating_add(RETRY_SECONDS),
            (None, Some(_)) => self.fetched_at.saturating_add(refetch_seconds),
            (None, None) => i64::MIN,
        }
    }
}

/// The pictures of the web that a site shows.
#[derive(Debug, Default)]
pub(super) struct Remote {
    folder: PathBuf,
    entries: BTreeMap<String, Entry>,
}

impl Remote {
    /// What is kept in `folder`, for these addresses, asked for where it is due. Comes with what went wrong, and from which
    /// second on something is to be asked for again.
    pub(super) fn open(
        folder: &Path,
        may_write: bool,
        addresses: &BTreeSet<&str>,
        limits: (u64, u64),
        fetch: &Fetch<'_>,
    ) -> Result<(Self, Vec<Told>, i64)> {
        let index = folder.join(INDEX);
        let bytes = files::read_if_present(&index)?;
        let known: BTreeMap<String, Entry> =
            bytes.as_deref().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
        let mut entries: BTreeMap<String, Entry> = addresses
            .iter()
            .map(|address| ((*address).to_owned(), known.get(*address).cloned().unwrap_or_default()))
            .collect();
        for entry in entries.values_mut() {
            // Somebody may have cleared the folder.
            let is_gone = |file: &String| !folder.join(FOLDER).join(file).is_file();
            if entry.file.as_ref().is_some_and(is_gone) {
                *entry = Entry::default();
            }
        }
        if let Some(transport) = fetch.transport.filter(|_| may_write) {
            refresh(folder, &mut entries, limits, fetch, transport)?;
        }
        if may_write && entries != known {
            match entries.is_empty() {
                true => files::remove(&index)?,
                false => files::replace(&index, &serde_json::to_vec(&entries).unwrap_or_default())?,
            }
            let used: BTreeSet<&String> = entries.values().filter_map(|entry| entry.file.as_ref()).collect();
            for path in files::walk(&folder.join(FOLDER))? {
                if !used.contains(&path.to_string_lossy().into_owned()) {
                    files::remove(&folder.join(FOLDER).join(path))?;
                }
            }
        }
        let told =
            |(address, entry): (&String, &Entry)| Some((address.clone(), warning(address, entry, fetch)?));
        let warnings = entries.iter().filter_map(told).collect();
        let due = entries.values().map(|entry| entry.due(fetch.refetch_seconds)).min().unwrap_or(i64::MAX);
        Ok((Self { folder: folder.to_owned(), entries }, warnings, due))
    }

    /// Why there is nothing to show of an address that was asked for.
    pub(super) fn failure(&self, address: &str) -> Option<String> {
        let entry = self.entries.get(address).filter(|entry| entry.file.is_none())?;
        entry.failed.as_ref().map(|(_, told)| told.clone())
    }

    /// The file with the bytes of an address, or why there is none.
    pub(super) fn file(&self, address: &str) -> Result<PathBuf, String> {
        let Some(entry) = self.entries.get(address) else {
            return Err(
                "pictures of the web are those that courses name by `image`; put this one into static/"
                    .to_owned(),
            );
        };
        match (&entry.file, &entry.failed) {
            (Some(file), _) => Ok(self.folder.join(FOLDER).join(file)),
            (None, Some((_, told))) => Err(told.clone()),
            (None, None) => Err("it has not been fetched yet".to_owned()),
        }
    }
}

fn warning(address: &str, entry: &Entry, fetch: &Fetch<'_>) -> Option<String> {
    let shown = shown(address);
    match (&entry.failed, &entry.file) {
        (Some((_, told)), Some(_)) => Some(format!("{shown}: {told}; the picture of before is shown")),
        // The courses that name it say so.
        (Some(_), None) => None,
        (None, None) if fetch.transport.is_none() => {
            Some(format!("{shown}: this picture has not been fetched yet"))
        }
        _ => None,
    }
}

/// An address without what may be a secret in it.
fn shown(address: &str) -> &str {
    &address[..address.find(['?', '#']).unwrap_or(address.len())]
}

/// Asks for everything that is due, several hosts at once.
fn refresh(
    folder: &Path,
    entries: &mut BTreeMap<String, Entry>,
    limits: (u64, u64),
    fetch: &Fetch<'_>,
    transport: &dyn Transport,
) -> Result<()> {
    let due: Vec<(String, Entry)> = (entries.iter())
        .filter(|(_, entry)| entry.is_due(fetch))
        .map(|(address, entry)| (address.clone(), entry.clone()))
        .collect();
    if due.is_empty() {
        return Ok(());
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Result<(String, Entry)>>> = Mutex::default();
    let failing: Mutex<HashMap<String, usize>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..THREADS.min(due.len()) {
            scope.spawn(|| {
                while let Some((address, entry)) = due.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let entry = one(folder, address, entry, limits, fetch, transport, &failing);
                    let result = entry.map(|entry| (address.clone(), entry));
                    done.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                }
            });
        }
    });
    for result in done.into_inner().unwrap_or_else(PoisonError::into_inner) {
        let (address, entry) = result?;
        entries.insert(address, entry);
    }
    Ok(())
}

fn one(
    folder: &Path,
    address: &str,
    before: &Entry,
    limits: (u64, u64),
    fetch: &Fetch<'_>,
    transport: &dyn Transport,
    failing: &Mutex<HashMap<String, usize>>,
) -> Result<Entry> {
    let now = fetch.now.as_second();
    let host = host(address).unwrap_or_default();
    let failures = || failing.lock().unwrap_or_else(PoisonError::into_inner);
    let failed = |told: String| Entry { failed: Some((now, told)), ..before.clone() };
    if failures().get(&host).is_some_and(|count| *count >= PATIENCE) {
        return Ok(failed("its server does not answer".to_owned()));
    }
    let (response, is_answer) = match follow(address, before, limits.1, transport) {
        Ok(response) => (Ok(response), true),
        Err(Trouble::Told(told)) => (Err(told), true),
        Err(Trouble::Silent(told)) => (Err(told), false),
    };
    if is_answer {
        failures().remove(&host);
    } else {
        *failures().entry(host).or_default() += 1;
    }
    let response = match response {
        Ok(response) => response,
        Err(told) => return Ok(failed(told)),
    };
    if response.status == 304 && before.file.is_some() {
        return Ok(Entry { fetched_at: now, failed: None, ..before.clone() });
    }
    if response.status != 200 {
        return Ok(failed(format!("its server answers with status {}", response.status)));
    }
    let ending = match examined(&response.body, limits.0) {
        Ok(Found::Photo(ending)) => ending,
        Ok(Found::Other(ending)) => {
            return Ok(failed(format!("a picture of the web cannot be {ending} here")));
        }
        Err(told) => return Ok(failed(told)),
    };
    let file = format!("{}.{ending}", Digest::of(&response.body));
    let path = folder.join(FOLDER).join(&file);
    if !path.is_file() {
        files::replace(&path, &response.body)?;
    }
    let header = |name: &str| response.headers.get(name).filter(|value| value.len() < 200).map(str::to_owned);
    let (etag, last_modified) = (header("etag"), header("last-modified"));
    Ok(Entry { file: Some(file), etag, last_modified, fetched_at: now, failed: None })
}

/// Why there is no answer.
enum Trouble {
    /// The server has answered with something of no use, or must not be asked.
    Told(String),
    /// There was no answer.
    Silent(String),
}

/// Asks for an address, and for where it leads, within limits. An address without encryption is tried with it first.
fn follow(
    address: &str,
    before: &Entry,
    max_bytes: u64,
    transport: &dyn Transport,
) -> Result<Response, Trouble> {
    if let Some(rest) = address.strip_prefix("http://")
        && !rest.split('/').next().unwrap_or_default().contains(':')
        && let Ok(response) = chain(&format!("https://{rest}"), before, max_bytes, transport)
        && matches!(response.status, 200 | 304)
    {
        return Ok(response);
    }
    chain(address, before, max_bytes, transport)
}

fn chain(
    address: &str,
    before: &Entry,
    max_bytes: u64,
    transport: &dyn Transport,
) -> Result<Response, Trouble> {
    let mut url = address.to_owned();
    for _ in 0..=REDIRECTS {
        let is_first = url == address;
        if host(&url).is_none() {
            let what = if is_first { "its address" } else { "an address that it leads to" };
            return Err(Trouble::Told(format!("{what} is none that pictures are fetched from")));
        }
        let mut headers = vec![("Accept", "image/webp,image/png,image/jpeg,image/gif;q=0.8".to_owned())];
        if let (Some(etag), Some(_)) = (&before.etag, &before.file) {
            headers.push(("If-None-Match", etag.clone()));
        } else if let (Some(since), Some(_)) = (&before.last_modified, &before.file) {
            headers.push(("If-Modified-Since", since.clone()));
        }
        let request = Request {
            method: Method::Get,
            url: url.clone(),
            headers,
            secrets: Vec::new(),
            body: None,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            max_body: max_bytes,
        };
        let response = transport.send(&request).map_err(|failure| {
            let told = failure.to_string();
            if failure.may_pass() { Trouble::Silent(told) } else { Trouble::Told(told) }
        })?;
        if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
            return Ok(response);
        }
        let target = response.headers.get("location").and_then(|location| led_to(&url, location));
        url = target
            .ok_or_else(|| Trouble::Told("it leads to an address that cannot be followed".to_owned()))?;
    }
    Err(Trouble::Told(format!("it leads on more than {REDIRECTS} times")))
}

/// Where a redirect leads (RFC 3986, section 5, as far as servers use it); nothing where the way leads from an encrypted
/// address to one without.
fn led_to(from: &str, location: &str) -> Option<String> {
    let (scheme, rest) = from.split_once("://")?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let path = &path[..path.find(['?', '#']).unwrap_or(path.len())];
    let target = if let Some(rest) = location.strip_prefix("//") {
        format!("{scheme}://{rest}")
    } else if location.contains("://") {
        location.to_owned()
    } else if location.starts_with('/') {
        format!("{scheme}://{host}{location}")
    } else {
        format!("{scheme}://{host}{}/{location}", &path[..path.rfind('/').unwrap_or(0)])
    };
    let is_safe =
        !scheme.eq_ignore_ascii_case("https") || target.to_ascii_lowercase().starts_with("https://");
    is_safe.then_some(target)
}

/// The host of an address that may be asked: one of the web, without a password in it.
fn host(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let is_plain =
        !host.is_empty() && !host.contains('@') && address.bytes().all(|byte| byte.is_ascii_graphic());
    (is_web && is_plain).then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_followed_only_to_where_one_may_go() {
        let from = "https://a.example/b/c.jpg?x=1";
        for (location, target) in [
            ("d.jpg", Some("https://a.example/b/d.jpg")),
            ("/d.jpg", Some("https://a.example/d.jpg")),
            ("//cdn.example/d.jpg", Some("https://cdn.example/d.jpg")),
            ("https://cdn.example/d.jpg", Some("https://cdn.example/d.jpg")),
            ("http://cdn.example/d.jpg", None),
            ("file:///etc/passwd", None),
        ] {
            assert_eq!(led_to(from, location).as_deref(), target, "{location}");
        }
        for bad in
            ["ftp://a.example/x", "https://me:pw@a.example/x", "https:///x", "a.jpg", "https://a.example/ü"]
        {
            assert_eq!(host(bad), None, "{bad}");
        }
    }
}

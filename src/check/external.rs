//! Addresses of others: asked politely, once in a while, and never inside the house.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::clock::SharedClock;
use crate::base::files;
use crate::base::http::{Cause, Failure, Method, Request, Response, Throttle, Transport};
use crate::error::Result;

/// Requests a minute, to all hosts together.
const PER_MINUTE: u32 = 120;
/// How long an answer that was good is believed.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);
/// How long one address may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// A redirect may lead to a redirect.
const REDIRECTS: usize = 5;

/// Looks at addresses of others.
pub struct External<'a> {
    transport: &'a dyn Transport,
    clock: SharedClock,
    throttle: Throttle,
    cache: Option<PathBuf>,
    known: BTreeMap<String, Timestamp>,
}

impl std::fmt::Debug for External<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("External").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Kept {
    /// When an address was last found to be good.
    good: BTreeMap<String, Timestamp>,
}

impl<'a> External<'a> {
    /// One that asks by this transport; what was good a short time ago is believed, as the file `cache` says.
    pub fn new(transport: &'a dyn Transport, clock: SharedClock, cache: Option<PathBuf>) -> Self {
        let read = |path: &PathBuf| {
            let bytes = files::read_if_present(path).ok()??;
            serde_json::from_slice::<Kept>(&bytes).ok()
        };
        let known = cache.as_ref().and_then(read).unwrap_or_default().good;
        let throttle = Throttle::new(PER_MINUTE, clock.clone());
        Self { transport, clock, throttle, cache, known }
    }

    /// What is wrong with an address.
    pub(super) fn check(&mut self, address: &str) -> Option<String> {
        let now = self.clock.now();
        let is_fresh = |at: &Timestamp| {
            let age = now.duration_since(*at);
            !age.is_negative() && age.unsigned_abs() < FRESH
        };
        if self.known.get(address).is_some_and(is_fresh) {
            return None;
        }
        self.known.remove(address);
        let wrong = self.ask(address);
        if wrong.is_none() {
            self.known.insert(address.to_owned(), now);
        }
        wrong.map(|reason| format!("{address} cannot be followed: {reason}"))
    }

    /// Keeps what was found to be good.
    pub fn save(&self) -> Result<()> {
        let Some(path) = &self.cache else { return Ok(()) };
        let bytes = serde_json::to_vec(&Kept { good: self.known.clone() }).unwrap_or_default();
        files::replace(path, &bytes)
    }

    fn ask(&mut self, address: &str) -> Option<String> {
        let mut address = address.to_owned();
        for _ in 0..REDIRECTS {
            let mut answer = self.send(Method::Head, &address);
            // Many servers know nothing but GET, or answer HEAD as if the page were not there.
            let is_odd = match &answer {
                Ok(answer) => matches!(answer.status, 400..=499 | 501),
                Err(failure) => matches!(failure.cause, Cause::Broken | Cause::Garbled | Cause::CutOff),
            };
            if is_odd {
                answer = self.send(Method::Get, &address);
            }
            let answer = match answer {
                Ok(answer) => answer,
                // A long page is a page.
                Err(Failure { cause: Cause::TooLong, .. }) => return None,
                Err(failure) => return Some(failure.to_string()),
            };
            match (answer.status, answer.headers.get("location")) {
                (200..=299, _) => return None,
                (301 | 302 | 303 | 307 | 308, Some(location)) => address = joined(&address, location)?,
                // They know us not, or think that we ask too often: the page is there for people.
                (401 | 403 | 407 | 429 | 999, _) => return None,
                (status, _) => return Some(format!("the answer is {status}")),
            }
        }
        Some("it leads from redirect to redirect".to_owned())
    }

    fn send(&mut self, method: Method, address: &str) -> Result<Response, Failure> {
        let wait = self.throttle.wait();
        if !wait.is_zero() {
            self.clock.sleep(wait);
        }
        self.throttle.sent();
        let answer = self.transport.send(&Request {
            method,
            url: address.to_owned(),
            headers: vec![("Accept", "*/*".to_owned())],
            secrets: Vec::new(),
            body: None,
            connect_timeout: PATIENCE / 2,
            timeout: PATIENCE,
            max_body: 1 << 20,
        });
        self.throttle.over();
        answer
    }
}

/// Where a redirect leads; nothing where it is none of the web.
fn joined(from: &str, to: &str) -> Option<String> {
    let (scheme, rest) = from.split_once("://")?;
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(host_end);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    Some(if to.contains("://") {
        to.to_owned()
    } else if let Some(rest) = to.strip_prefix("//") {
        format!("{scheme}://{rest}")
    } else if to.starts_with('/') {
        format!("{scheme}://{host}{to}")
    } else {
        format!("{scheme}://{host}{folder}/{to}")
    })
}

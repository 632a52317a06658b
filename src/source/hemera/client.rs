//! Requests to Hemera: the key, the limit, the retries, and what each status means to us.

use std::sync::Arc;
use std::time::Duration;

pub(super) use crate::source::rest::Fault;

use super::wire::{Problem, problem, quoted};
use crate::base::clock::SharedClock;
use crate::base::http::{Cause, Failure, Method, Request, Response, Throttle, Transport};
use crate::base::report::Reporter;
use crate::base::retry::{Attempt, Backoff, Deadline, Retry};
use crate::base::secret::Secret;
use crate::config;
use crate::error::{Error, Kind, Result};
use crate::model::change::Validator;
use crate::source::rest::gave_up_on;

/// The path that all routes begin with.
const ROOT: &str = "/api/service";

/// A good answer.
#[derive(Debug)]
pub(super) enum Answer {
    /// The body, and what to ask with the next time.
    Body(Vec<u8>, Option<Validator>),
    /// It is as it was when the validator was given.
    Unchanged,
}

/// Whether to wait for the server's or our own limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// As long as the deadline allows: without this answer there is nothing to publish.
    Waits,
    /// Not at all: the answer is welcome, but what is known will do.
    Hurries,
}

/// Sends requests to one Hemera.
pub(super) struct Client {
    base: String,
    key: Secret,
    config: config::Hemera,
    transport: Box<dyn Transport>,
    clock: SharedClock,
    reporter: Arc<dyn Reporter>,
    throttle: Throttle,
    retry: Retry,
    /// How many requests were sent.
    pub(super) requests: usize,
}

impl Client {
    pub(super) fn new(
        config: &config::Hemera,
        transport: Box<dyn Transport>,
        clock: SharedClock,
        reporter: Arc<dyn Reporter>,
        random: fastrand::Rng,
    ) -> Result<Self> {
        let base = address(&config.base_url)?;
        let backoff = Backoff { retries: config.retries, ..Backoff::default() };
        Ok(Self {
            key: config.required_key()?,
            config: config.clone(),
            transport,
            throttle: Throttle::new(config.requests_per_minute, clock.clone()),
            retry: Retry::new(backoff, clock.clone(), random),
            clock,
            reporter,
            requests: 0,
            base,
        })
    }

    /// How much time is left.
    pub(super) fn left(&self, deadline: Deadline) -> Duration {
        deadline.left(&*self.clock)
    }

    /// How many requests may go now, without waiting, for what can be left out.
    pub(super) fn spare(&mut self) -> u32 {
        self.throttle.spare()
    }

    /// Asks for `path` (below `/api/service`), again and again where that may help.
    pub(super) fn get(
        &mut self,
        path: &str,
        validator: Option<&Validator>,
        deadline: Deadline,
        patience: Patience,
    ) -> Result<Answer, Fault> {
        self.get_as(&asked(path), path, validator, deadline, patience)
    }

    /// The same, for a path that may not stand in messages: `asked` does.
    pub(super) fn get_as(
        &mut self,
        asked: &str,
        path: &str,
        validator: Option<&Validator>,
        deadline: Deadline,
        patience: Patience,
    ) -> Result<Answer, Fault> {
        let mut headers = vec![("Accept", "application/json".to_owned())];
        if let Some(Validator { etag, last_modified }) = validator {
            headers.extend(etag.clone().map(|etag| ("If-None-Match", etag)));
            headers.extend(last_modified.clone().map(|date| ("If-Modified-Since", date)));
        }
        let request = Request {
            method: Method::Get,
            url: format!("{}{ROOT}{path}", self.base),
            headers,
            secrets: vec![("X-API-Key", self.key.clone())],
            body: None,
            connect_timeout: self.config.connect_timeout,
            timeout: Duration::ZERO,
            max_body: self.config.max_body,
        };
        self.run(asked, request, validator.is_some(), deadline, patience)
    }

    /// Writes to `path`, which may not stand in messages: `told` does.
    pub(super) fn put(
        &mut self,
        told: &str,
        path: &str,
        body: Vec<u8>,
        deadline: Deadline,
    ) -> Result<(), Fault> {
        let json = || "application/json".to_owned();
        let request = Request {
            method: Method::Put,
            url: format!("{}{ROOT}{path}", self.base),
            headers: vec![("Accept", json()), ("Content-Type", json())],
            secrets: vec![("X-API-Key", self.key.clone())],
            body: Some(body),
            connect_timeout: self.config.connect_timeout,
            timeout: Duration::ZERO,
            max_body: self.config.max_body,
        };
        self.run(&format!("PUT {ROOT}{told}"), request, false, deadline, Patience::Waits).map(drop)
    }

    fn run(
        &mut self,
        asked: &str,
        mut request: Request,
        conditional: bool,
        deadline: Deadline,
        patience: Patience,
    ) -> Result<Answer, Fault> {
        let Self { retry, throttle, transport, clock, reporter, config, requests, base, .. } = self;
        let outcome = retry.run(deadline, || {
            let wait = throttle.wait();
            if !wait.is_zero() && (patience == Patience::Hurries || !deadline.allows(wait, &**clock)) {
                return Attempt::Failed(Fault { status: None, error: no_time(asked, wait) });
            }
            if !wait.is_zero() {
                reporter.detail(&format!("waiting {} s for the rate limit", wait.as_secs_f32().ceil()));
                clock.sleep(wait);
            }
            request.timeout = (config.connect_timeout + config.read_timeout).min(deadline.left(&**clock));
            if request.timeout.is_zero() {
                return Attempt::Failed(Fault { status: None, error: out_of_time(asked) });
            }
            throttle.sent();
            *requests += 1;
            let result = transport.send(&request);
            throttle.over();
            if let Ok(response) = &result {
                throttle.heard(&response.headers, response.status == 429);
                reporter.detail(&format!("{asked}: {} ({} bytes)", response.status, response.body.len()));
            }
            reporter.advance(1);
            match result {
                Err(failure) => failed(asked, base, &failure),
                Ok(response) => judged(asked, response, conditional, patience, clock),
            }
        });
        outcome.map_err(gave_up_on)
    }
}

/// `GET /path`, for messages.
pub(super) fn asked(path: &str) -> String {
    format!("GET {ROOT}{path}")
}

/// No answer at all.
fn failed(asked: &str, base: &str, failure: &Failure) -> Attempt<Answer, Fault> {
    let kind = match failure.cause {
        Cause::CutOff | Cause::TooLong | Cause::Garbled => Kind::Refused,
        Cause::Address => Kind::Config,
        _ => Kind::Unavailable,
    };
    let hint = match failure.cause {
        Cause::Refused | Cause::Unknown | Cause::Unreachable | Cause::Address => {
            Some("check base_url of [hemera], or HEMERA_API_BASE_URL, and that the server runs")
        }
        Cause::Timeout => Some("read_timeout_seconds of [hemera] says how long to wait"),
        Cause::Tls => Some(
            "check the server's certificate, and that base_url begins with the right http:// or https://",
        ),
        Cause::TooLong => Some("max_body_bytes of [hemera] is the longest answer that is read"),
        Cause::Broken | Cause::CutOff | Cause::Garbled => None,
    };
    let error = Error::new(kind, format!("{asked} at {}: {failure}", origin(base))).maybe_hint(hint);
    let fault = Fault { status: None, error };
    if failure.may_pass() { Attempt::Again { error: fault, after: None } } else { Attempt::Failed(fault) }
}

/// An answer, by its status.
fn judged(
    asked: &str,
    response: Response,
    conditional: bool,
    patience: Patience,
    clock: &SharedClock,
) -> Attempt<Answer, Fault> {
    let status = response.status;
    if (200..300).contains(&status) {
        let value = |name: &str| response.headers.get(name).map(str::to_owned);
        let validator = Validator { etag: value("etag"), last_modified: value("last-modified") };
        let given = validator != Validator::default();
        return Attempt::Done(Answer::Body(response.body, given.then_some(validator)));
    }
    if status == 304 && conditional {
        return Attempt::Done(Answer::Unchanged);
    }
    let mut problem = problem(&response.body);
    problem.request_id = problem.request_id.or_else(|| Some(quoted(response.headers.get("x-request-id")?)));
    let fault = Fault { status: Some(status), error: refusal(asked, &response, &problem) };
    match status {
        429 if patience == Patience::Hurries => Attempt::Failed(fault),
        429 | 500..600 => Attempt::Again { error: fault, after: response.headers.retry_after(clock.now()) },
        _ => Attempt::Failed(fault),
    }
}

/// What an answer that is none says to people.
fn refusal(asked: &str, response: &Response, problem: &Problem) -> Error {
    let status = response.status;
    let error = |kind, what: &str| Error::new(kind, format!("{asked}: {what} (status {status}{problem})"));
    match status {
        401 => error(Kind::Credentials, "the server does not accept the API key")
            .hint("check HEMERA_API_KEY: it may be wrong, expired, or meant for another server"),
        403 => error(Kind::Credentials, "the API key may not do this")
            .hint("ask the server's administrator for a key with the right role"),
        300..400 => {
            let target = response.headers.get("location").map(|to| quoted(&origin(to))).unwrap_or_default();
            error(Kind::Refused, &format!("the server redirects to {target}, and the key is not sent along"))
                .hint("set base_url of [hemera] to the address that the server really has")
        }
        400 => error(Kind::Refused, "the server does not understand the request"),
        404 => error(Kind::Refused, "the server has nothing under this address")
            .hint("check base_url of [hemera], or HEMERA_API_BASE_URL"),
        429 => error(Kind::Unavailable, "the server asks for fewer requests")
            .hint("the limit holds for the key: other programs that use it count as well"),
        503 if problem.code.as_deref() == Some("AUTH_CONFIGURATION_ERROR") => {
            error(Kind::Unavailable, "the server's own authentication is not configured")
                .hint("this is for the server's administrator: the key is not at fault")
        }
        500..600 => error(Kind::Unavailable, "the server failed"),
        _ => error(Kind::Refused, "the server answered with an unexpected status"),
    }
}

fn no_time(asked: &str, wait: Duration) -> Error {
    let seconds = wait.as_secs_f32().ceil();
    let message =
        format!("{asked}: the rate limit asks to wait {seconds} s, and the time for the pull is up before");
    Error::new(Kind::Unavailable, message)
        .hint("sync_budget_seconds of [hemera] says how long a pull may take")
}

fn out_of_time(asked: &str) -> Error {
    Error::new(Kind::Unavailable, format!("{asked}: the time for the pull is up"))
        .hint("sync_budget_seconds of [hemera] says how long a pull may take")
}

/// The base address without what every route begins with.
fn address(base: &str) -> Result<String> {
    let base = base.trim_end_matches('/');
    let base = base.strip_suffix(ROOT).unwrap_or(base);
    if base.starts_with("https://") || base.starts_with("http://") {
        return Ok(base.to_owned());
    }
    Err(Error::new(Kind::Config, "base_url of [hemera] does not begin with https:// or http://")
        .hint("for example base_url = \"https://hemera.example\", or HEMERA_API_BASE_URL in the environment"))
}

/// Scheme and host of an address, without a user's name and password.
fn origin(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "another path".to_owned() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}")
}

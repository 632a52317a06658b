//! Requests to a REST service with credentials: signatures and tokens, retries, and what each status means to us.

mod auth;
mod fault;

use std::sync::Arc;
use std::time::Duration;

pub(super) use self::auth::Auth;
use self::auth::Signer;
pub(super) use self::fault::{Fault, gave_up_on};
use self::fault::{Words, failed, judged, no_time, out_of_time};
use crate::base::clock::SharedClock;
use crate::base::encode;
use crate::base::http::{Method, Request, Response, Throttle, Transport};
use crate::base::report::Reporter;
use crate::base::retry::{Attempt, Backoff, Deadline, Retry};
use crate::base::secret::Secret;
use crate::config::Service;
use crate::error::{Error, Kind, Result};

/// What a service says about an error, in a line for people.
pub(super) type Problem = fn(&[u8]) -> String;

/// Sends requests to one service.
pub(super) struct Rest {
    service: Service,
    words: Words,
    transport: Box<dyn Transport>,
    clock: SharedClock,
    reporter: Arc<dyn Reporter>,
    throttle: Throttle,
    retry: Retry,
    signer: Signer,
    random: fastrand::Rng,
    /// How many requests were sent.
    pub(super) requests: usize,
}

/// One request.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// The whole address.
    pub(super) url: String,
    /// `GET /classes`, for messages: nothing of a person, nothing secret.
    pub(super) told: &'a str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Vec<u8>>,
    /// Whether credentials go along; a description of the service is asked for without.
    pub(super) is_signed: bool,
    /// Statuses besides the good ones that the caller has an answer to.
    pub(super) expected: &'a [u16],
}

impl<'a> Call<'a> {
    /// A request for JSON.
    pub(super) fn get(url: String, told: &'a str) -> Self {
        let headers = vec![("Accept", "application/json".to_owned())];
        Self { method: Method::Get, url, told, headers, body: None, is_signed: true, expected: &[] }
    }

    /// A request that sends JSON.
    pub(super) fn put(url: String, told: &'a str, body: Vec<u8>) -> Self {
        let json = || "application/json".to_owned();
        let headers = vec![("Accept", json()), ("Content-Type", json())];
        let body = Some(body);
        Self { method: Method::Put, url, told, headers, body, is_signed: true, expected: &[] }
    }
}

/// What surrounds the requests.
pub(super) struct Outside {
    pub(super) transport: Box<dyn Transport>,
    pub(super) clock: SharedClock,
    pub(super) reporter: Arc<dyn Reporter>,
    pub(super) seed: u64,
}

impl Rest {
    /// A client of `name` (`OneRoster`), whose settings stand in `table`.
    pub(super) fn new(
        name: &'static str,
        service: &Service,
        auth: Auth,
        problem: Problem,
        outside: Outside,
    ) -> Self {
        let Outside { transport, clock, reporter, seed } = outside;
        let mut random = fastrand::Rng::with_seed(seed);
        let backoff = Backoff { retries: service.retries, ..Backoff::default() };
        Self {
            words: Words { name, declared: service.declared.clone(), problem },
            service: service.clone(),
            transport,
            throttle: Throttle::new(service.requests_per_minute, clock.clone()),
            retry: Retry::new(backoff, clock.clone(), random.fork()),
            signer: Signer::new(auth),
            random,
            clock,
            reporter,
            requests: 0,
        }
    }

    /// Where tokens come from, for a service that only tells when it is asked.
    pub(super) fn set_token_url(&mut self, url: String) {
        self.signer.set_token_url(url);
    }

    /// What a token has to allow from now on.
    pub(super) fn set_scope(&mut self, scope: &str) {
        self.signer.set_scope(scope);
    }

    /// Sends a request, again and again where that may help. A token that the service no longer takes is exchanged once.
    pub(super) fn send(&mut self, call: &Call<'_>, deadline: Deadline) -> Result<Response, Fault> {
        let mut exchanged = false;
        loop {
            let authorization = match call.is_signed {
                true => self.authorization(deadline)?,
                false => None,
            };
            match self.try_to_send(call, authorization.as_ref(), deadline) {
                Err(Fault { status: Some(401), .. })
                    if call.is_signed && !exchanged && self.signer.forget() =>
                {
                    exchanged = true;
                }
                result => return result,
            }
        }
    }

    fn authorization(&mut self, deadline: Deadline) -> Result<Option<Secret>, Fault> {
        let Some(asked) = self.signer.token_request(self.clock.now()) else { return Ok(None) };
        let told = "POST to the token's address";
        if encode::origin(&asked.url).is_none() {
            let error = Error::new(Kind::Config, format!("{told}: “{}” is no address", asked.url));
            return Err(Fault { status: None, error });
        }
        let call = Call {
            method: Method::Post,
            url: asked.url,
            told,
            headers: vec![
                ("Accept", "application/json".to_owned()),
                ("Content-Type", "application/x-www-form-urlencoded".to_owned()),
            ],
            body: Some(asked.form.into_bytes()),
            is_signed: false,
            expected: &[],
        };
        let response = self.try_to_send(&call, Some(&asked.basic), deadline)?;
        let learned = self.signer.learn(&response.body, self.clock.now());
        learned.map_err(|what| {
            let error = Error::new(Kind::Refused, format!("{told}: {what}"));
            Fault {
                status: None,
                error: error.hint(format!("{} says where tokens come from", self.words.declared)),
            }
        })?;
        Ok(None)
    }

    fn try_to_send(
        &mut self,
        call: &Call<'_>,
        basic: Option<&Secret>,
        deadline: Deadline,
    ) -> Result<Response, Fault> {
        let Self { service, words, transport, clock, reporter, throttle, retry, signer, random, requests } =
            self;
        let mut request = Request {
            method: call.method,
            url: call.url.clone(),
            headers: call.headers.clone(),
            secrets: Vec::new(),
            body: call.body.clone(),
            connect_timeout: service.connect_timeout,
            timeout: Duration::ZERO,
            max_body: service.max_body,
        };
        let told = call.told;
        let outcome = retry.run(deadline, || {
            let wait = throttle.wait();
            if !wait.is_zero() && !deadline.allows(wait, &**clock) {
                return Attempt::Failed(no_time(words, told, wait));
            }
            if !wait.is_zero() {
                reporter.detail(&format!("waiting {} s for the rate limit", wait.as_secs_f32().ceil()));
                clock.sleep(wait);
            }
            request.timeout = (service.connect_timeout + service.read_timeout).min(deadline.left(&**clock));
            if request.timeout.is_zero() {
                return Attempt::Failed(out_of_time(words, told));
            }
            // A signature is good once: each attempt gets its own.
            let authorization = match basic {
                Some(basic) => Some(basic.clone()),
                None if call.is_signed => signer.authorization(call.method, &call.url, clock.now(), random),
                None => None,
            };
            request.secrets = authorization.map(|value| ("Authorization", value)).into_iter().collect();
            throttle.sent();
            *requests += 1;
            let result = transport.send(&request);
            throttle.over();
            if let Ok(response) = &result {
                throttle.heard(&response.headers, response.status == 429);
                reporter.detail(&format!("{told}: {} ({} bytes)", response.status, response.body.len()));
            }
            reporter.advance(1);
            match result {
                Err(failure) => failed(words, told, &call.url, &failure),
                Ok(response) => judged(words, told, response, call.expected, clock.now()),
            }
        });
        outcome.map_err(gave_up_on)
    }
}

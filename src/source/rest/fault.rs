//! Why there is no good answer, in words for people.

use std::time::Duration;

use jiff::Timestamp;

use super::Problem;
use crate::base::encode::origin;
use crate::base::http::{Cause, Failure, Response};
use crate::base::retry::{Attempt, GaveUp};
use crate::error::{Error, Kind};

/// There is no good answer.
#[derive(Debug)]
pub(in crate::source) struct Fault {
    /// The status, where there was an answer at all.
    pub(in crate::source) status: Option<u16>,
    /// What to tell.
    pub(in crate::source) error: Error,
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        fault.error
    }
}

/// What messages call things.
pub(super) struct Words {
    /// The service: `OneRoster`.
    pub(super) name: &'static str,
    /// Where its settings stand: `aither.toml:4`.
    pub(super) declared: String,
    pub(super) problem: Problem,
}

/// No answer at all.
pub(super) fn failed(words: &Words, told: &str, url: &str, failure: &Failure) -> Attempt<Response, Fault> {
    let kind = match failure.cause {
        Cause::CutOff | Cause::TooLong | Cause::Garbled => Kind::Refused,
        Cause::Address => Kind::Config,
        _ => Kind::Unavailable,
    };
    let declared = &words.declared;
    let hint = match failure.cause {
        Cause::Refused | Cause::Unknown | Cause::Unreachable | Cause::Address => {
            Some(format!("check `base_url` ({declared}), and that the server runs"))
        }
        Cause::Timeout => Some(format!("`read_timeout_seconds` ({declared}) says how long to wait")),
        Cause::Tls => Some(format!("check the server's certificate, and http:// or https:// ({declared})")),
        Cause::TooLong => Some("`max_body_bytes` is the longest answer that is read".to_owned()),
        Cause::Broken | Cause::CutOff | Cause::Garbled => None,
    };
    let at = origin(url).unwrap_or_default();
    let error = Error::new(kind, format!("{}: {told} at {at}: {failure}", words.name)).maybe_hint(hint);
    let fault = Fault { status: None, error };
    if failure.may_pass() { Attempt::Again { error: fault, after: None } } else { Attempt::Failed(fault) }
}

/// An answer, by its status.
pub(super) fn judged(
    words: &Words,
    told: &str,
    response: Response,
    expected: &[u16],
    now: Timestamp,
) -> Attempt<Response, Fault> {
    let status = response.status;
    if (200..300).contains(&status) || expected.contains(&status) {
        return Attempt::Done(response);
    }
    let fault = Fault { status: Some(status), error: refusal(words, told, &response) };
    match status {
        429 | 500..600 => Attempt::Again { error: fault, after: response.headers.retry_after(now) },
        _ => Attempt::Failed(fault),
    }
}

/// What an answer that is none says to people.
fn refusal(words: &Words, told: &str, response: &Response) -> Error {
    let Words { name, declared, problem } = words;
    let status = response.status;
    let said = problem(&response.body);
    let said = if said.is_empty() { said } else { format!(": {said}") };
    let error =
        |kind, what: &str| Error::new(kind, format!("{name}: {told}: {what} (status {status}{said})"));
    match status {
        401 => error(Kind::Credentials, "the server does not accept the credentials").hint(
            "check the variables with the client's name and secret: wrong, expired, or for another server",
        ),
        403 => error(Kind::Credentials, "the credentials do not allow this")
            .hint("ask the server's administrator for the rights, or the scopes, to read rosters"),
        300..400 => {
            let target = response.headers.get("location").and_then(origin).unwrap_or("another path".into());
            error(
                Kind::Refused,
                &format!("the server redirects to {target}, and the secret is not sent along"),
            )
            .hint(format!("set `base_url` ({declared}) to the address that the server really has"))
        }
        400 | 422 => error(Kind::Refused, "the server does not understand the request"),
        404 => error(Kind::Refused, "the server has nothing under this address")
            .hint(format!("check `base_url` ({declared})")),
        429 => error(Kind::Unavailable, "the server asks for fewer requests")
            .hint("`requests_per_minute` is our own limit"),
        500..600 => error(Kind::Unavailable, "the server failed"),
        _ => error(Kind::Refused, "the server answered with an unexpected status"),
    }
}

/// The last error, with what became of the attempts to get around it.
pub(in crate::source) fn gave_up_on(gave_up: GaveUp<Fault>) -> Fault {
    let GaveUp { error: Fault { status, error }, attempts, no_time_for } = gave_up;
    let more = match no_time_for {
        Some(wait) => {
            let seconds = wait.as_secs_f32().ceil();
            format!("; the next attempt is due in {seconds} s, and the time for the pull is up before")
        }
        None if attempts > 1 => format!(", {attempts} times"),
        None => return Fault { status, error },
    };
    let told = Error::new(error.kind(), format!("{}{more}", error.message()));
    let told = error.hints().iter().fold(told, |told, hint| told.hint(hint.clone()));
    Fault { status, error: told }
}

pub(super) fn no_time(words: &Words, told: &str, wait: Duration) -> Fault {
    let seconds = wait.as_secs_f32().ceil();
    let message = format!(
        "{}: {told}: the rate limit asks to wait {seconds} s, and the time for the pull is up before",
        words.name
    );
    let hint = format!("`sync_budget_seconds` ({}) says how long a pull may take", words.declared);
    Fault { status: None, error: Error::new(Kind::Unavailable, message).hint(hint) }
}

pub(super) fn out_of_time(words: &Words, told: &str) -> Fault {
    let hint = format!("`sync_budget_seconds` ({}) says how long a pull may take", words.declared);
    let error = Error::new(Kind::Unavailable, format!("{}: {told}: the time for the pull is up", words.name));
    Fault { status: None, error: error.hint(hint) }
}

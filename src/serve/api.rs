//! The operations of the API.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::conflicts;
use super::hooks;
use super::openapi;
use super::reply::{self, Failure, Reply};
use super::router::{Action, Operation};
use super::shared::Shared;
use super::state::{State, status_name};
use super::work::SyncRequest;
use super::worker::{Event, Refusal};
use crate::model::run::{Run, RunStatus, RunType, iso_millis};

/// The longest that a request waits for a sync, whatever `Prefer` asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(240);

/// Answers a request for an operation that its sender may call.
pub(super) async fn call(
    shared: &Shared,
    operation: &Operation,
    parameter: Option<&str>,
    head: &Parts,
    body: Incoming,
) -> Result<Reply, Failure> {
    match operation.action {
        Action::StartSync => {
            let bytes = read_body(shared, body).await?;
            let asked = sync_request(shared, &head.headers, &bytes)?;
            start(shared, asked, wait_wanted(&head.headers)).await
        }
        Action::CronSync => {
            let asked =
                SyncRequest { full: false, connector: None, run_type: RunType::Scheduled, only: None };
            start(shared, asked, None).await
        }
        Action::LastSync => {
            let state = state(shared);
            let run = state.last().ok_or_else(no_job)?;
            Ok(ok(job(run, &state)))
        }
        Action::ListRuns => list(shared, head.uri.query().unwrap_or_default()),
        Action::ShowRun => {
            let state = state(shared);
            let run = parameter.and_then(|id| state.run(id)).ok_or_else(no_job)?;
            Ok(ok(job(run, &state)))
        }
        Action::Process => {
            read_body(shared, body).await?;
            Ok(hooks::process(shared).await)
        }
        Action::Queue => Ok(ok(hooks::figures(shared))),
        Action::Receive => {
            let connector = parameter.unwrap_or_default();
            if !hooks::is_addressed(shared, connector) {
                let message = "there is no source of this name";
                let failure = Failure::new(StatusCode::NOT_FOUND, "UNKNOWN_CONNECTOR", message);
                return Err(if body.is_end_stream() { failure } else { failure.closing() });
            }
            let bytes = read_body(shared, body).await?;
            hooks::receive(shared, connector, &head.headers, &bytes).await
        }
        Action::DeadLetters => Ok(hooks::dead_letters(shared, page(head.uri.query().unwrap_or_default())?)),
        Action::RetryLetter => {
            read_body(shared, body).await?;
            hooks::settle(shared, parameter.unwrap_or_default(), true)
        }
        Action::DropLetter => {
            read_body(shared, body).await?;
            hooks::settle(shared, parameter.unwrap_or_default(), false)
        }
        Action::Conflicts => conflicts::list(shared, head.uri.query().unwrap_or_default()),
        Action::ResolveConflict => {
            let bytes = read_body(shared, body).await?;
            conflicts::resolve(shared, parameter.unwrap_or_default(), &bytes)
        }
        Action::Health => Ok(health(shared)),
        Action::Alive => Ok(ok(json!({ "status": "alive" }))),
        Action::Ready => match shared.site.now().is_ready() {
            true => Ok(ok(json!({ "status": "ready" }))),
            false => {
                let message = "there is no site to serve yet";
                let failure = Failure::new(StatusCode::SERVICE_UNAVAILABLE, "NOT_READY", message);
                Err(failure.header(header::RETRY_AFTER, "5"))
            }
        },
        Action::Metrics => {
            let files = shared.site.now().len();
            let queues = shared.queues.figures();
            let text = shared.metrics.text(
                &state(shared),
                shared.gatekeeper.count(),
                files,
                queues,
                shared.clock.now(),
            );
            let text = text + &super::metrics::notifications(&shared.notifier);
            Ok(Reply::Plain(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text))
        }
        Action::Describe => {
            let text = openapi::document(&shared.connectors).to_string();
            Ok(Reply::Plain(StatusCode::OK, reply::JSON, text))
        }
    }
}

fn state(shared: &Shared) -> Arc<State> {
    Arc::clone(&shared.state.borrow())
}

fn ok(data: Value) -> Reply {
    Reply::Data(StatusCode::OK, data, None)
}

fn no_job() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "NO_SYNC_JOB", "No sync operation has been run")
}

/// The whole body, within its deadline. Its length has been checked.
async fn read_body(shared: &Shared, mut body: Incoming) -> Result<Vec<u8>, Failure> {
    let read = async {
        let mut bytes = Vec::new();
        while let Some(frame) = std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await
        {
            if let Ok(data) = frame?.into_data() {
                bytes.extend_from_slice(&data);
            }
        }
        Ok::<_, hyper::Error>(bytes)
    };
    match tokio::time::timeout(shared.serve.limits.body_timeout, read).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(Failure::bad("BAD_BODY", "the body is not whole").closing()),
        Err(_) => {
            let message = "the body did not arrive in time";
            Err(Failure::new(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", message).closing())
        }
    }
}

/// What the body asks for; none is the plain sync.
fn sync_request(shared: &Shared, headers: &HeaderMap, bytes: &[u8]) -> Result<SyncRequest, Failure> {
    let mut asked = SyncRequest { full: false, connector: None, run_type: RunType::Manual, only: None };
    if headers.contains_key("x-cron-secret") {
        asked.run_type = RunType::Scheduled;
    }
    if bytes.is_empty() {
        return Ok(asked);
    }
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let message = "the body must be application/json";
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message));
    }
    let body: Value = serde_json::from_slice(bytes)
        .map_err(|_| Failure::bad("INVALID_JSON", "the body is not valid JSON"))?;
    let Value::Object(fields) = body else {
        return Err(Failure::bad("INVALID_REQUEST", "the body must be a JSON object"));
    };
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("full", Value::Bool(full)) => asked.full = full,
            ("connector", Value::String(name)) if shared.connectors.contains(&name) => {
                asked.connector = Some(name);
            }
            ("connector", Value::String(_)) => {
                let message = format!("`connector` must be one of: {}", shared.connectors.join(", "));
                return Err(Failure::bad("INVALID_REQUEST", message));
            }
            ("full", _) => return Err(Failure::bad("INVALID_REQUEST", "`full` must be true or false")),
            ("connector", _) => return Err(Failure::bad("INVALID_REQUEST", "`connector` must be a text")),
            _ => {
                return Err(Failure::bad("INVALID_REQUEST", "the body may hold `full` and `connector` only"));
            }
        }
    }
    Ok(asked)
}

/// `Prefer: wait=SECONDS` (RFC 7240, section 4.3).
fn wait_wanted(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split([',', ';'])).find_map(|preference| {
        let (name, value) = preference.split_once('=')?;
        let seconds = value.trim().trim_matches('"').parse().ok()?;
        name.trim().eq_ignore_ascii_case("wait").then(|| Duration::from_secs(seconds))
    })
}

async fn start(shared: &Shared, asked: SyncRequest, wait: Option<Duration>) -> Result<Reply, Failure> {
    let mut states = shared.state.subscribe();
    let (answer, begun) = oneshot::channel();
    let initialization_failed = || {
        let message = "the sync could not be started";
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "SYNC_INITIALIZATION_FAILED", message)
    };
    shared.events.send(Event::Sync(asked, answer)).map_err(|_| initialization_failed())?;
    let run = match begun.await.map_err(|_| initialization_failed())? {
        Ok(run) => run,
        Err(Refusal::Busy(job)) => {
            let message = "A sync operation is already running";
            let failure = Failure::new(StatusCode::CONFLICT, "SYNC_IN_PROGRESS", message);
            return Err(match job {
                Some(job) => failure.details(json!({ "jobId": job })),
                None => failure,
            });
        }
        Err(Refusal::Failed(error)) => {
            shared.reporter.warn(&format!("a sync could not be started: {error}"));
            return Err(initialization_failed());
        }
    };
    if let Some(wait) = wait {
        let ended = states.wait_for(|state| state.run(&run.job_id).is_some_and(|run| !run.is_running()));
        let longest = LONGEST_WAIT.min(shared.serve.limits.lifetime);
        if let Ok(Ok(state)) = tokio::time::timeout(wait.min(longest), ended).await {
            return ended_reply(&state, &run.job_id);
        }
    }
    let state = state(shared);
    let data = json!({
        "jobId": run.job_id,
        "status": status_name(run.status),
        "startTime": iso_millis(run.start_time),
        "last_synced_at": last_synced_at(&state),
        "sync_status": status_name(run.status),
    });
    Ok(Reply::Data(StatusCode::ACCEPTED, data, None))
}

/// The answer to whoever waited until the end.
fn ended_reply(state: &State, job_id: &str) -> Result<Reply, Failure> {
    let run = state.run(job_id).ok_or_else(no_job)?;
    if !run.has_failed() {
        return Ok(ok(job(run, state)));
    }
    let (status, code) = match (run.status, &state.failure) {
        (RunStatus::TimedOut, _) => (StatusCode::GATEWAY_TIMEOUT, "SYNC_TIMED_OUT"),
        (_, Some((id, kind))) if id == job_id => reply::of_kind(*kind),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "SYNC_FAILED"),
    };
    let message = run.figures.errors.last().map_or("the sync failed", |error| &error.message);
    Err(Failure::new(status, code, message).details(json!({ "job": job(run, state) })))
}

/// A run as the API shows it.
fn job(run: &Run, state: &State) -> Value {
    let mut job = serde_json::to_value(run).unwrap_or_default();
    // The name under which the first clients of this API look for the next course.
    job["courseId"] = json!(run.figures.next_course_id);
    job["last_synced_at"] = json!(last_synced_at(state));
    job["last_updated_at"] = json!(iso_millis(run.end_time.unwrap_or(run.start_time)));
    job["sync_status"] = json!(status_name(run.status));
    job
}

fn last_synced_at(state: &State) -> Option<String> {
    let good = state.runs.iter().rev().find(|run| !run.is_running() && !run.has_failed());
    good.and_then(|run| run.end_time).map(iso_millis)
}

/// `limit` and `offset` of a list.
fn page(query: &str) -> Result<(usize, usize), Failure> {
    const MOST: usize = 1_000_000;
    let number = |name: &str, range: std::ops::RangeInclusive<usize>, default: usize| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('=').or(Some((pair, ""))));
        let Some((_, value)) = pairs.find(|(key, _)| *key == name) else { return Ok(default) };
        let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        let value = value.parse().ok().filter(|value| digits && range.contains(value));
        value.ok_or_else(|| {
            let message =
                format!("`{name}` must be a whole number from {} to {}", range.start(), range.end());
            Failure::bad("INVALID_REQUEST", message)
        })
    };
    Ok((number("limit", 1..=100, 20)?, number("offset", 0..=MOST, 0)?))
}

fn list(shared: &Shared, query: &str) -> Result<Reply, Failure> {
    let (limit, offset) = page(query)?;
    let state = state(shared);
    let runs: Vec<Value> =
        state.runs.iter().rev().skip(offset).take(limit).map(|run| job(run, &state)).collect();
    let pagination = json!({ "total": state.runs.len(), "limit": limit, "offset": offset });
    Ok(Reply::Data(StatusCode::OK, Value::Array(runs), Some(json!({ "pagination": pagination }))))
}

fn health(shared: &Shared) -> Reply {
    let state = state(shared);
    let now = shared.clock.now();
    let health = state.health(shared.queues.figures().oldest.map(|at| now.duration_since(at)));
    let status = if health.healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let (limits, age) =
        (shared.serve.freshness, health.last_success.map(|at| now.duration_since(at).unsigned_abs()));
    let connectors: Vec<Value> = (shared.connectors.iter())
        .map(|name| {
            let last = state.runs.iter().rev().find(|run| run.connector == *name);
            json!({
                "name": name,
                "sync_status": last.map(|run| status_name(run.status)),
                "last_synced_at": last.and_then(|run| run.end_time).map(iso_millis),
            })
        })
        .collect();
    let data = json!({
        "healthy": health.healthy,
        "failureRate": health.failure_rate,
        "recentFailures": health.recent_failures,
        "message": health.message,
        "failuresByType": health.by_type,
        "failuresBySource": health.by_source,
        "snapshotAgeSeconds": age.map(|age| age.as_secs()),
        "freshness": age.map(|age| limits.of(age)),
        "warningMinutes": limits.warning_minutes,
        "errorMinutes": limits.error_minutes,
        "queue": hooks::figures(shared),
        "connectors": connectors,
        "last_synced_at": last_synced_at(&state),
        "sync_status": state.last().map(|run| status_name(run.status)),
    });
    Reply::Data(status, data, None)
}

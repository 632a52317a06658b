//! The operations of the API.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::bodies::Read;
use super::conflicts;
use super::hooks;
use super::openapi;
use super::reply::{self, Failure, Reply};
use super::router::{Action, Operation};
use super::shared::Shared;
use super::state::{State, status_name};
use super::work::SyncRequest;
use super::worker::{Event, Refusal};
use crate::base::queue::Figures;
use crate::model::run::{Run, RunStatus, RunType, iso_millis};

/// The longest that a request waits for a sync, whatever `Prefer` asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(240);

/// Answers a request for an operation that its sender may call.
pub(super) async fn call(
    shared: &Arc<Shared>,
    operation: &Operation,
    parameter: Option<&str>,
    head: &Parts,
    body: Incoming,
) -> Result<Reply, Failure> {
    match operation.action {
        Action::StartSync => {
            let body = read_body(shared, body).await?;
            let asked = sync_request(shared, &head.headers, &body.bytes)?;
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
            let run = parameter.and_then(|id| state.run(id)).ok_or_else(no_such_job)?;
            Ok(ok(job(run, &state)))
        }
        Action::Process => {
            read_body(shared, body).await?;
            Ok(hooks::process(shared).await)
        }
        Action::Queue => Ok(ok(hooks::show(hooks::figures(shared).await))),
        Action::Receive => {
            let connector = parameter.unwrap_or_default();
            if !hooks::is_addressed(shared, connector) {
                let message = "there is no source of this name";
                let failure = Failure::new(StatusCode::NOT_FOUND, "UNKNOWN_CONNECTOR", message);
                return Err(if body.is_end_stream() { failure } else { failure.closing() });
            }
            let body = read_body(shared, body).await?;
            hooks::receive(shared, connector, &head.headers, &body.bytes).await
        }
        Action::DeadLetters => {
            let page = page(head.uri.query().unwrap_or_default())?;
            aside(shared, move |shared| hooks::dead_letters(shared, page)).await
        }
        Action::RetryLetter | Action::DropLetter => {
            read_body(shared, body).await?;
            let id = parameter.unwrap_or_default().to_owned();
            let again = operation.action == Action::RetryLetter;
            aside(shared, move |shared| hooks::settle(shared, &id, again)).await?
        }
        Action::Conflicts => {
            let query = head.uri.query().unwrap_or_default().to_owned();
            aside(shared, move |shared| conflicts::list(shared, &query)).await?
        }
        Action::ResolveConflict => {
            let body = read_body(shared, body).await?;
            let id = parameter.unwrap_or_default().to_owned();
            aside(shared, move |shared| conflicts::resolve(shared, &id, &body.bytes)).await?
        }
        Action::Health => Ok(health(shared, hooks::figures(shared).await)),
        Action::Alive => Ok(ok(json!({ "status": "alive" }))),
        Action::Ready => match is_ready(shared).await? {
            true => Ok(ok(json!({ "status": "ready" }))),
            false => {
                let message = "there is no site to serve yet";
                let failure = Failure::new(StatusCode::SERVICE_UNAVAILABLE, "NOT_READY", message);
                Err(failure.header(header::RETRY_AFTER, "5"))
            }
        },
        Action::Metrics => {
            let files = shared.site.now().len();
            let queues = hooks::figures(shared).await;
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

fn no_such_job() -> Failure {
    let message =
        "There is no sync operation of that id; those that are remembered are listed at /api/sync/runs";
    Failure::new(StatusCode::NOT_FOUND, "NO_SYNC_JOB", message)
}

/// The whole body, within its deadline. Its length has been checked.
pub(super) async fn read_body(shared: &Shared, body: Incoming) -> Result<Read, Failure> {
    shared.bodies.read(&shared.serve.limits, body).await
}

/// Does work that may wait for the disk or for a lock, away from the thread that answers.
async fn aside<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce(&Shared) -> T + Send + 'static,
) -> Result<T, Failure> {
    let away = Arc::clone(shared);
    shared.aside.run(move || work(&away)).await
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

/// Begins a sync, or says why not.
pub(super) async fn begin(shared: &Shared, asked: SyncRequest) -> Result<Run, Failure> {
    let (answer, begun) = oneshot::channel();
    let initialization_failed = || {
        let message = "the sync could not be started";
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "SYNC_INITIALIZATION_FAILED", message)
    };
    shared.events.send(Event::Sync(asked, answer)).map_err(|_| initialization_failed())?;
    match begun.await.map_err(|_| initialization_failed())? {
        Ok(run) => Ok(run),
        Err(Refusal::Busy(job)) => {
            let message = "A sync operation is already running";
            let failure = Failure::new(StatusCode::CONFLICT, "SYNC_IN_PROGRESS", message);
            Err(match job {
                Some(job) => failure.details(json!({ "jobId": job })),
                None => failure,
            })
        }
        Err(Refusal::Failed(error)) => {
            shared.log.warn(format!("a sync could not be started: {error}"));
            Err(initialization_failed())
        }
    }
}

async fn start(shared: &Shared, asked: SyncRequest, wait: Option<Duration>) -> Result<Reply, Failure> {
    let mut states = shared.state.subscribe();
    let run = begin(shared, asked).await?;
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

/// Whether there is a site. One without a manifest is looked for on the disk.
async fn is_ready(shared: &Arc<Shared>) -> Result<bool, Failure> {
    match shared.site.now().len() {
        0 => aside(shared, |shared| shared.site.now().is_ready()).await,
        _ => Ok(true),
    }
}

fn health(shared: &Shared, queues: Figures) -> Reply {
    let state = state(shared);
    let now = shared.clock.now();
    let health = state.health(queues.oldest.map(|at| now.duration_since(at)));
    let status = if health.healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let (limits, age) =
        (shared.serve.freshness, health.last_success.map(|at| now.duration_since(at).unsigned_abs()));
    let connectors: Vec<Value> = (shared.connectors.iter())
        .map(|name| {
            let runs = || state.runs.iter().rev().filter(|run| run.connector == *name);
            let (last, good) =
                (runs().next(), runs().find(|run| run.end_time.is_some() && !run.has_failed()));
            json!({
                "name": name,
                "sync_status": last.map(|run| status_name(run.status)),
                "last_synced_at": good.and_then(|run| run.end_time).map(iso_millis),
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
        "queue": hooks::show(queues),
        "connectors": connectors,
        "last_synced_at": last_synced_at(&state),
        "sync_status": state.last().map(|run| status_name(run.status)),
    });
    Reply::Data(status, data, None)
}

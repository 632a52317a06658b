//! The table of all operations of the API. The router reads it, and so does the description at `/api/openapi.json`: what
//! is not in here is neither answered nor described.

use hyper::Method;

use super::auth::Access;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    StartSync,
    LastSync,
    ListRuns,
    ShowRun,
    CronSync,
    Process,
    Queue,
    Receive,
    DeadLetters,
    RetryLetter,
    DropLetter,
    Conflicts,
    ResolveConflict,
    Health,
    Alive,
    Ready,
    Metrics,
    Describe,
}

/// One operation.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) method: Method,
    /// The path; a segment in braces is a parameter.
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) action: Action,
    /// One sentence on what it does.
    pub(super) summary: &'static str,
    /// The success answers: status and the schema of `data`, or nothing for plain text.
    pub(super) answers: &'static [(u16, Option<&'static str>)],
    /// The errors that are its own.
    pub(super) errors: &'static [u16],
}

const fn get(
    path: &'static str,
    access: Access,
    action: Action,
    summary: &'static str,
    answers: &'static [(u16, Option<&'static str>)],
    errors: &'static [u16],
) -> Operation {
    Operation { method: Method::GET, path, access, action, summary, answers, errors }
}

const fn post(
    path: &'static str,
    access: Access,
    action: Action,
    summary: &'static str,
    answers: &'static [(u16, Option<&'static str>)],
    errors: &'static [u16],
) -> Operation {
    Operation { method: Method::POST, path, access, action, summary, answers, errors }
}

const fn delete(
    path: &'static str,
    access: Access,
    action: Action,
    summary: &'static str,
    answers: &'static [(u16, Option<&'static str>)],
    errors: &'static [u16],
) -> Operation {
    Operation { method: Method::DELETE, path, access, action, summary, answers, errors }
}

/// All operations.
pub(super) static OPERATIONS: [Operation; 19] = [
    post(
        "/api/sync",
        Access::Sync,
        Action::StartSync,
        "Start a sync; with `Prefer: wait=SECONDS` wait for its end.",
        &[(202, Some("Started")), (200, Some("Job"))],
        &[400, 408, 409, 411, 413, 415, 500, 502, 503, 504],
    ),
    get(
        "/api/sync",
        Access::Sync,
        Action::LastSync,
        "The last sync, or the one under way.",
        &[(200, Some("Job"))],
        &[404],
    ),
    get(
        "/api/sync/status",
        Access::Sync,
        Action::LastSync,
        "The same as `GET /api/sync`.",
        &[(200, Some("Job"))],
        &[404],
    ),
    get(
        "/api/sync/runs",
        Access::Admin,
        Action::ListRuns,
        "The history of syncs, newest first.",
        &[(200, Some("Jobs"))],
        &[400],
    ),
    get("/api/sync/runs/{jobId}", Access::Admin, Action::ShowRun, "One sync.", &[(200, Some("Job"))], &[404]),
    get(
        "/api/cron/sync",
        Access::Scheduler { bearer: true },
        Action::CronSync,
        "Start a sync, for schedulers that can only GET.",
        &[(202, Some("Started"))],
        &[409, 500],
    ),
    post(
        "/api/sync/process",
        Access::Scheduler { bearer: false },
        Action::Process,
        "Work off the events that are due.",
        &[(200, Some("Queue"))],
        &[400, 408, 411, 413, 503],
    ),
    get(
        "/api/sync/queue",
        Access::Admin,
        Action::Queue,
        "How many events wait.",
        &[(200, Some("Queue"))],
        &[],
    ),
    post(
        "/api/webhooks/{connector}",
        Access::Signed,
        Action::Receive,
        "Take in an event. It is on the disk when this is answered; a sync of what it names follows.",
        &[(202, Some("Accepted")), (200, Some("Accepted"))],
        &[400, 401, 404, 408, 411, 413, 503],
    ),
    get(
        "/api/sync/dead-letters",
        Access::Admin,
        Action::DeadLetters,
        "What failed for good, the last one first.",
        &[(200, Some("DeadLetters"))],
        &[400, 503],
    ),
    post(
        "/api/sync/dead-letters/{id}/retry",
        Access::Admin,
        Action::RetryLetter,
        "Try a dead letter again.",
        &[(200, Some("Settled"))],
        &[400, 404, 408, 411, 413, 503],
    ),
    delete(
        "/api/sync/dead-letters/{id}",
        Access::Admin,
        Action::DropLetter,
        "Forget a dead letter.",
        &[(200, Some("Settled"))],
        &[400, 404, 408, 411, 413, 503],
    ),
    get(
        "/api/sync/conflicts",
        Access::Admin,
        Action::Conflicts,
        "Texts that were changed both here and at their source, newest first.",
        &[(200, Some("Conflicts"))],
        &[400, 500, 503],
    ),
    post(
        "/api/sync/conflicts/{id}/resolve",
        Access::Admin,
        Action::ResolveConflict,
        "Decide who is right; the site is built anew.",
        &[(200, Some("Conflict"))],
        &[400, 404, 408, 409, 411, 413, 500, 503],
    ),
    get(
        "/api/sync/health",
        Access::Admin,
        Action::Health,
        "How well syncs have been going.",
        &[(200, Some("Health")), (503, Some("Health"))],
        &[],
    ),
    get("/healthz", Access::Here, Action::Alive, "The process lives.", &[(200, Some("Sign"))], &[]),
    get("/readyz", Access::Here, Action::Ready, "There is a site to serve.", &[(200, Some("Sign"))], &[503]),
    get("/metrics", Access::Here, Action::Metrics, "Figures for Prometheus.", &[(200, None)], &[]),
    get(
        "/api/openapi.json",
        Access::Anyone,
        Action::Describe,
        "This description.",
        &[(200, Some("Description"))],
        &[],
    ),
];

/// What a request's path and method lead to.
#[derive(Debug)]
pub(super) enum Found<'p> {
    /// An operation, with the value of its parameter.
    Operation(&'static Operation, Option<&'p str>),
    /// The path is known, but not with this method; those that it knows, for `Allow`.
    OtherMethods(String),
    /// The path belongs to the API, but is not known.
    Nothing,
    /// The path does not belong to the API: the site answers.
    Elsewhere,
}

/// Finds the operation for a request. `HEAD` is answered wherever `GET` is.
pub(super) fn find<'p>(method: &Method, path: &'p str) -> Found<'p> {
    let mut allowed: Vec<&str> = Vec::new();
    for operation in &OPERATIONS {
        let Some(parameter) = matches(operation.path, path) else { continue };
        let is_head = method == Method::HEAD && operation.method == Method::GET;
        if *method == operation.method || is_head {
            return Found::Operation(operation, parameter);
        }
        allowed.push(operation.method.as_str());
        if operation.method == Method::GET {
            allowed.push("HEAD");
        }
    }
    match allowed.is_empty() {
        false => Found::OtherMethods(allowed.join(", ")),
        true if path == "/api" || path.starts_with("/api/") => Found::Nothing,
        true => Found::Elsewhere,
    }
}

/// The pattern of the operation that a path belongs to; `dashboard` for all of that, `site` for everything else.
pub(super) fn route(path: &str) -> String {
    if super::dashboard::is_at(path) {
        return "dashboard".to_owned();
    }
    let found = OPERATIONS.iter().find(|operation| matches(operation.path, path).is_some());
    found.map_or("site", |operation| operation.path).to_owned()
}

/// Whether a path fits a pattern; inside, the value of the parameter, if the pattern has one.
fn matches<'p>(pattern: &str, path: &'p str) -> Option<Option<&'p str>> {
    match pattern.find('{') {
        None => (pattern == path).then_some(None),
        Some(at) => {
            let (before, rest) = pattern.split_at(at);
            let after = rest.split_once('}').map_or("", |(_, after)| after);
            let value = path.strip_prefix(before)?.strip_suffix(after)?;
            (!value.is_empty() && !value.contains('/')).then_some(Some(value))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::KEPT;

    #[test]
    fn no_page_can_be_where_something_else_answers() {
        let first =
            |path: &str| path.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
        let mut own: Vec<String> = OPERATIONS.iter().map(|operation| first(operation.path)).collect();
        own.extend(["/dashboard", "/internal/x/"].map(first));
        own.sort();
        own.dedup();
        assert_eq!(own, KEPT);
        assert!(super::super::dashboard::is_at("/dashboard/x"));
        assert_eq!(super::super::internal::path("/internal/x/"), Some("x/"));
        // Names that begin with a dot are no names of pages.
        assert!(super::super::reload::SCRIPT_PATH.starts_with("/."));
    }
}

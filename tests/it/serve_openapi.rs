//! The description of the API against what the server really answers: nothing is missing in either.

use std::time::{Duration, Instant};

use aither::base::queue::Entry;
use aither::base::report::Silent;
use aither::error::{Error, Kind};
use aither::model::conflict::Edit;
use aither::model::push::TextField;
use aither::model::run::{RunError, RunFigures, RunSource};
use aither::sync::{Conflicts, Queues, locked};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::serve_fixture::{ADMIN, Answer, CRON, PATIENCE, SYNC, Served, setup};

/// What of a value does not fit its schema. A property that no schema names is a fault as well.
fn faults(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        return faults(document, document.pointer(&reference[1..]).unwrap(), value, at, found);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let fits = types.is_empty() || types.contains(&kind) || (kind == "integer" && types.contains(&"number"));
    let is_among = schema["enum"].as_array().is_none_or(|known| known.contains(value));
    let is_const = schema.get("const").is_none_or(|only| only == value);
    if !(fits && is_among && is_const) {
        found.push(format!("{at}: {value} is not {schema}"));
    }
    if let (Some("date-time"), Some(text)) = (schema["format"].as_str(), value.as_str())
        && !(text.parse::<Timestamp>().is_ok() && text.len() == 24 && text.ends_with('Z'))
    {
        found.push(format!("{at}: {text} is no moment in milliseconds"));
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        faults(document, part, value, at, found);
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        faults(document, &schema["items"], item, &format!("{at}/{index}"), found);
    }
    let Some(object) = value.as_object() else { return };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !object.contains_key(name) {
            found.push(format!("{at}: {name} is missing"));
        }
    }
    let Some(properties) = schema["properties"].as_object() else { return };
    for (name, value) in object {
        match properties.get(name) {
            Some(schema) => faults(document, schema, value, &format!("{at}/{name}"), found),
            None => found.push(format!("{at}/{name} is not described")),
        }
    }
}

/// Asks, and checks the answer against what the description says of it.
fn check(served: &Served, document: &Value, asked: (&str, &str, &str), headers: &[(&str, &str)]) -> Answer {
    let (method, pattern, path) = asked;
    let body = if pattern.ends_with("/resolve") { r#"{"resolution":"remote"}"# } else { "" };
    let answer = served.send(method, path, headers, body);
    let operation = &document["paths"][pattern][method.to_lowercase()];
    let described = &operation["responses"][answer.status.to_string()];
    assert!(described.is_object(), "{method} {pattern}: {} is not described", answer.status);
    let mut found = Vec::new();
    let schema = &described["content"]["application/json"]["schema"];
    faults(document, schema, &answer.json(), &format!("{method} {pattern}"), &mut found);
    assert_eq!(found, Vec::<String>::new());
    answer
}

fn prepared() -> Served {
    let source = |id: &str, status: &str, error: Option<&str>| RunSource {
        id: id.into(),
        status: status.into(),
        courses: 3,
        delta: true,
        cursor_after: Some("2026-01-01".into()),
        error: error.map(str::to_owned),
        ..RunSource::default()
    };
    let mut runs = 0;
    setup()
        .files(&[("index.html", "home")])
        .prepared(|root| {
            let (state, now) = (root.join(".aither"), Timestamp::now());
            let queues = Queues::open(&state, &mut fastrand::Rng::with_seed(1)).unwrap();
            let mut queue = locked(&queues.pushes);
            let entry = Entry::new("push:1", "course.updated", "course:a", json!({}), now);
            queue.accept(vec![entry], now).unwrap();
            (0..3).for_each(|_| queue.failed(&["push:1".into()], "refused", now).unwrap());
            let edit = |local: &str, remote: &str| Edit {
                course: "c1".into(),
                field: TextField::Title,
                local: local.into(),
                remote: remote.into(),
                remote_updated_at: Some(now),
            };
            Conflicts::change(&state, &Silent, |conflicts| {
                conflicts.weigh(&edit("hier", "alt"), "ods", Some(now), now);
                conflicts.weigh(&edit("hier", "dort"), "ods", Some(now), now);
                Ok(())
            })
            .unwrap();
        })
        .step(move |_, gate| {
            gate.pass()?;
            runs += 1;
            if runs == 2 {
                return Err(Error::new(Kind::Unavailable, "the source is away"));
            }
            let error =
                RunError { entity: "source b".into(), message: "away".into(), timestamp: Timestamp::now() };
            Ok(RunFigures {
                errors: vec![error],
                sources: vec![source("a", "success", None), source("b", "failed", Some("away"))],
                ..RunFigures::default()
            })
        })
        .start()
}

#[test]
fn what_is_answered_is_what_is_described() {
    let served = prepared();
    let document = served.get("/api/openapi.json").json();
    let bearer = format!("Bearer {ADMIN}");
    let admin = [("Authorization", bearer.as_str())];
    let waiting = [("Authorization", bearer.as_str()), ("Prefer", "wait=15")];
    let get = |pattern: &str, path: &str| check(&served, &document, ("GET", pattern, path), &admin);
    let plain = |pattern: &'static str| get(pattern, pattern);
    assert_eq!(plain("/api/sync").status, 404);
    let begun = check(&served, &document, ("POST", "/api/sync", "/api/sync"), &waiting);
    assert_eq!((begun.status, &begun.data()["sources"][1]["status"]), (200, &"failed".into()));
    let failed = check(&served, &document, ("POST", "/api/sync", "/api/sync"), &waiting);
    assert_eq!((failed.status, failed.code().as_str()), (502, "UPSTREAM_UNAVAILABLE"));
    assert_eq!(check(&served, &document, ("POST", "/api/sync", "/api/sync"), &admin).status, 202);
    let begun = Instant::now();
    while plain("/api/sync").data()["status"] == "running" {
        assert!(begun.elapsed() < PATIENCE);
    }
    let job = plain("/api/sync").data()["jobId"].as_str().unwrap().to_owned();
    get("/api/sync/runs/{jobId}", &format!("/api/sync/runs/{job}"));
    assert_eq!(plain("/api/sync/runs").data().as_array().unwrap().len(), 3);
    for path in [
        "/api/sync/status",
        "/api/sync/queue",
        "/api/sync/health",
        "/healthz",
        "/readyz",
        "/api/openapi.json",
    ] {
        assert_eq!(plain(path).status, 200, "{path}");
    }
    assert_eq!(get("/api/sync/runs", "/api/sync/runs?limit=0").status, 400);
    // Conflicts and dead letters, before and after somebody has decided.
    let conflict = plain("/api/sync/conflicts").data()[0]["id"].as_str().unwrap().to_owned();
    let resolve = format!("/api/sync/conflicts/{conflict}/resolve");
    for status in [200, 409] {
        let asked = ("POST", "/api/sync/conflicts/{id}/resolve", &*resolve);
        assert_eq!(check(&served, &document, asked, &admin).status, status);
    }
    assert_eq!(plain("/api/sync/conflicts").data()[0]["resolution"], "remote");
    assert_eq!(plain("/api/sync/dead-letters").data()[0]["id"], "push:1");
    let (retry, letter) = ("/api/sync/dead-letters/{id}/retry", "/api/sync/dead-letters/{id}");
    let path = "/api/sync/dead-letters/push:1";
    assert_eq!(check(&served, &document, ("POST", retry, &format!("{path}/retry")), &admin).status, 200);
    assert_eq!(check(&served, &document, ("DELETE", letter, path), &admin).status, 404);
    let process = ("POST", "/api/sync/process", "/api/sync/process");
    assert_eq!(check(&served, &document, process, &admin).status, 200);
    let cron = [("x-cron-secret", CRON)];
    let trigger = ("GET", "/api/cron/sync", "/api/cron/sync");
    assert!(matches!(check(&served, &document, trigger, &cron).status, 202 | 409));
    let event = ("POST", "/api/webhooks/{connector}", "/api/webhooks/hemera");
    assert_eq!(check(&served, &document, event, &[]).status, 401);
    assert_eq!(check(&served, &document, event, &[("Host", "elsewhere.example")]).status, 421);
    assert!(begun.elapsed() < 3 * PATIENCE + Duration::from_secs(1));
}

/// Who may do what, operation by operation: nobody is 401, somebody for other things is 403.
#[test]
fn every_operation_is_for_those_that_the_contract_names() {
    let served = setup().files(&[("index.html", "home")]).start();
    let document = served.get("/api/openapi.json").json();
    let (mut sync, mut cron) = (Vec::new(), Vec::new());
    for (pattern, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let path =
                pattern.replace("{jobId}", "sync-0").replace("{connector}", "hemera").replace("{id}", "x");
            let status = |headers: &[(&str, &str)]| {
                // From elsewhere: what is open to this machine is not open to everybody.
                let mut headers = headers.to_vec();
                headers.push(("X-Forwarded-For", "192.0.2.1"));
                let answer = served.send(&method.to_uppercase(), &path, &headers, "");
                assert_eq!(answer.status == 401, answer.header("www-authenticate").is_some(), "{path}");
                answer.status
            };
            let name = format!("{method} {pattern}");
            let nobody = status(&[]);
            let unknown = status(&[("Authorization", "Bearer unknown-token-of-nobody")]);
            assert_eq!(nobody, unknown, "{name}");
            if matches!(&*name, "post /api/webhooks/{connector}" | "get /api/openapi.json") {
                continue;
            }
            assert_eq!(nobody, 401, "{name}");
            let admin = status(&[("Authorization", &format!("Bearer {ADMIN}"))]);
            assert!(!matches!(admin, 401 | 403), "{name}: {admin}");
            let of = |headers: &[(&str, &str)]| match status(headers) {
                401 => panic!("{name}"),
                403 => false,
                _ => true,
            };
            if of(&[("Authorization", &format!("Bearer {SYNC}"))]) {
                sync.push(name.clone());
            }
            let by_header = of(&[("x-cron-secret", CRON)]);
            let by_bearer = of(&[("Authorization", &format!("Bearer {CRON}"))]);
            assert!(by_header || !by_bearer, "{name}");
            if by_header {
                cron.push((name, by_bearer));
            }
        }
    }
    sync.sort();
    assert_eq!(sync, ["get /api/sync", "get /api/sync/status", "post /api/sync"]);
    cron.sort();
    let expected = [("get /api/cron/sync".to_owned(), true), ("post /api/sync/process".to_owned(), false)];
    assert_eq!(cron, expected);
}

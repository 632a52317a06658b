//! The sync API over a real socket: every status, every token, the lock, the history.

use std::sync::mpsc::channel;
use std::time::Duration;

use aither::base::files::Lock;
use aither::error::{Error, Kind};
use aither::model::run::{RunError, RunFigures};

use super::serve_fixture::{ADMIN, CRON, PATIENCE, SYNC, held, setup};

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[test]
fn a_sync_is_started_asked_after_and_found_in_the_history() {
    let (step, begun, go) = held();
    let served = setup().step(step).start();
    let none = served.admin("GET", "/api/sync");
    assert_eq!((none.status, none.code().as_str()), (404, "NO_SYNC_JOB"));

    let started = served.send(
        "POST",
        "/api/sync",
        &[("Authorization", &bearer(ADMIN)), ("Content-Type", "application/json")],
        "",
    );
    assert_eq!(started.status, 202);
    let data = started.data();
    let job = data["jobId"].as_str().unwrap().to_owned();
    assert!(
        job.starts_with("sync-") && data["status"] == "running" && data["startTime"].is_string(),
        "{data}"
    );
    begun.recv_timeout(PATIENCE).unwrap();

    let busy = served.send("POST", "/api/sync", &[("Authorization", &bearer(SYNC))], "");
    assert_eq!((busy.status, busy.code().as_str()), (409, "SYNC_IN_PROGRESS"));
    assert_eq!(busy.json()["error"]["details"]["jobId"], job);
    assert_eq!(served.admin("GET", "/api/sync/status").data()["status"], "running");

    go.send(()).unwrap();
    served.until(|s| s.admin("GET", "/api/sync").data()["status"] == "success");
    let data = served.admin("GET", "/api/sync").data();
    assert_eq!((&data["filesGenerated"], &data["courseId"]), (&1.into(), &"cm5abc123".into()));
    assert!(
        data["last_synced_at"].is_string() && data["durationMs"].is_u64() && data["sync_status"] == "success"
    );

    let folder = served.stop();
    let text = std::fs::read_to_string(folder.path().join(".aither/runs.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 2);
}

#[test]
fn the_history_outlives_a_restart_and_is_paged() {
    let mut served = setup().start();
    for _ in 0..3 {
        let waited = served.send(
            "POST",
            "/api/sync",
            &[("Authorization", &bearer(ADMIN)), ("Prefer", "respond-async, wait=15")],
            "{}",
        );
        assert_eq!(waited.status, 415);
        let headers = [
            ("Authorization", bearer(ADMIN)),
            ("Prefer", "respond-async, wait=15".into()),
            ("Content-Type", "application/json; charset=utf-8".into()),
        ];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let waited = served.send("POST", "/api/sync", &headers, r#"{"full":true,"connector":"hemera"}"#);
        assert_eq!((waited.status, &waited.data()["status"]), (200, &"success".into()));
    }
    let before = served.admin("GET", "/api/sync/runs").data();
    let folder = served.stop();
    served = setup()
        .prepared(|new| {
            std::fs::create_dir(new.join(".aither")).unwrap();
            std::fs::copy(folder.path().join(".aither/runs.jsonl"), new.join(".aither/runs.jsonl")).unwrap();
        })
        .start();
    assert_eq!(served.admin("GET", "/api/sync/runs").data(), before);
    let page = served.admin("GET", "/api/sync/runs?limit=1&offset=1");
    assert_eq!(page.json()["meta"]["pagination"], serde_json::json!({ "total": 3, "limit": 1, "offset": 1 }));
    assert_eq!(page.data()[0], before[1]);
    let id = before[2]["jobId"].as_str().unwrap();
    assert_eq!(served.admin("GET", &format!("/api/sync/runs/{id}")).data(), before[2]);
    assert_eq!(served.admin("GET", "/api/sync/runs/sync-0").status, 404);
    for bad in ["limit=0", "limit=101", "limit=x", "limit=", "offset=-1"] {
        let answer = served.admin("GET", &format!("/api/sync/runs?{bad}"));
        assert_eq!((answer.status, answer.code().as_str()), (400, "INVALID_REQUEST"), "{bad}");
    }
}

#[test]
fn tokens_let_in_whom_they_are_for_and_nobody_else() {
    let served = setup().start();
    let status =
        |method: &str, path: &str, header: (&str, &str)| served.send(method, path, &[header], "").status;
    let (admin, sync, cron, old) = (bearer(ADMIN), bearer(SYNC), bearer(CRON), bearer("former-admin-token"));
    let unknown = bearer("x");
    let cases = [
        ("GET", "/api/sync", "Authorization", &admin, 404),
        ("GET", "/api/sync", "Authorization", &old, 404),
        ("GET", "/api/sync", "Authorization", &sync, 404),
        ("GET", "/api/sync", "Authorization", &cron, 403),
        ("GET", "/api/sync", "Authorization", &unknown, 401),
        ("GET", "/api/sync", "X-Nothing", &admin, 401),
        ("GET", "/api/sync/runs", "Authorization", &sync, 403),
        ("GET", "/api/sync/health", "Authorization", &admin, 200),
        ("GET", "/api/sync/health", "Authorization", &sync, 403),
        ("GET", "/api/sync/queue", "Authorization", &admin, 200),
        ("POST", "/api/sync/process", "Authorization", &cron, 403),
        ("POST", "/api/sync/process", "Authorization", &admin, 200),
        ("GET", "/healthz", "X-Nothing", &admin, 200),
        ("GET", "/metrics", "X-Forwarded-For", &admin, 401),
        ("GET", "/metrics", "X-Nothing", &admin, 200),
    ];
    for (method, path, name, value, expected) in cases {
        assert_eq!(status(method, path, (name, value)), expected, "{method} {path} {name}");
    }
    assert_eq!(status("POST", "/api/sync/process", ("x-cron-secret", CRON)), 200);
    assert_eq!(status("POST", "/api/sync", ("x-cron-secret", CRON)), 403);
    assert_eq!(status("GET", "/api/cron/sync", ("Authorization", &cron)), 202);
    let nobody = served.get("/api/sync");
    assert_eq!((nobody.status, nobody.code().as_str()), (401, "UNAUTHORIZED"));
    assert!(nobody.header("www-authenticate").unwrap().starts_with("Bearer"));
    assert!(served.reporter.warnings().iter().all(|line| !line.contains("token")));
}

#[test]
fn wrong_requests_get_the_status_that_says_what_is_wrong() {
    let served = setup().start();
    let auth = bearer(ADMIN);
    let post = |headers: &[(&str, &str)], body: &str| {
        let mut all = vec![("Authorization", auth.as_str())];
        all.extend(headers);
        let answer = served.send("POST", "/api/sync", &all, body);
        (answer.status, answer.code())
    };
    let json = ("Content-Type", "application/json");
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, u16, &'a str);
    let cases: [Case<'_>; 8] = [
        (&[json], "{", 400, "INVALID_JSON"),
        (&[json], "[]", 400, "INVALID_REQUEST"),
        (&[json], r#"{"full":1}"#, 400, "INVALID_REQUEST"),
        (&[json], r#"{"connector":"other"}"#, 400, "INVALID_REQUEST"),
        (&[json], r#"{"x":1}"#, 400, "INVALID_REQUEST"),
        (&[("Content-Type", "text/plain")], "{}", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (&[json, ("Transfer-Encoding", "chunked")], "", 411, "LENGTH_REQUIRED"),
        (&[json, ("Content-Length", "1099511627776")], "", 413, "PAYLOAD_TOO_LARGE"),
    ];
    for (headers, body, status, code) in cases {
        assert_eq!(post(headers, body), (status, code.to_owned()), "{headers:?} {body}");
    }
    for (method, path, allow) in [
        ("DELETE", "/api/sync", "POST, GET, HEAD"),
        ("POST", "/api/sync/runs", "GET, HEAD"),
        ("PUT", "/healthz", "GET, HEAD"),
    ] {
        let answer = served.admin(method, path);
        assert_eq!((answer.status, answer.code().as_str()), (405, "METHOD_NOT_ALLOWED"));
        assert_eq!(answer.header("allow"), Some(allow));
    }
    let unknown = served.admin("GET", "/api/nothing");
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "NOT_FOUND"));
    let foreign = served.send("GET", "/", &[("Host", "evil.example")], "");
    assert_eq!((foreign.status, foreign.code().as_str()), (421, "UNKNOWN_HOST"));
    for host in ["academy.example", "localhost:8080", "127.0.0.1", "[::1]:1"] {
        assert_eq!(served.send("GET", "/healthz", &[("Host", host)], "").status, 200, "{host}");
    }
    let head = served.admin("HEAD", "/api/sync/health");
    assert_eq!((head.status, head.body.len()), (200, 0));
    let long = served.get(&format!("/{}", "x".repeat(5_000)));
    assert_eq!((long.status, long.code().as_str()), (414, "URI_TOO_LONG"));
}

#[test]
fn a_body_that_does_not_arrive_in_time_is_a_408() {
    let served = setup().with(|serve| serve.limits.body_timeout = Duration::from_millis(50)).start();
    let mut client = served.connect();
    let head = format!(
        "POST /api/sync HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\nContent-Type: application/json\r\n\
         Content-Length: 10\r\n\r\n{{",
        bearer(ADMIN)
    );
    client.write(head.as_bytes());
    let answer = client.answer().unwrap();
    assert_eq!((answer.status, answer.code().as_str()), (408, "REQUEST_TIMEOUT"));
    assert_eq!(answer.header("connection"), Some("close"));
}

#[test]
fn a_request_id_is_kept_if_it_is_well_formed() {
    let served = setup().start();
    let id = |given: &str| {
        served
            .send("GET", "/healthz", &[("X-Request-Id", given)], "")
            .header("x-request-id")
            .unwrap()
            .to_owned()
    };
    assert_eq!(id("trace-1.A_b"), "trace-1.A_b");
    for bad in ["a b", "<script>", &"x".repeat(200)] {
        assert!(id(bad).starts_with("req-"), "{bad}");
    }
    assert_ne!(id(""), id(""));
}

#[test]
fn a_failed_sync_tells_why_and_leaves_the_lock_free() {
    let served = setup()
        .step(|request, _| match request.full {
            true => Err(Error::new(Kind::Unavailable, "the service does not answer")),
            false => Ok(RunFigures {
                errors: vec![RunError {
                    entity: "course".into(),
                    message: "set aside".into(),
                    timestamp: "2026-01-01T00:00:00Z".parse().unwrap(),
                }],
                ..RunFigures::default()
            }),
        })
        .start();
    let ask = |body: &str| {
        let auth = bearer(ADMIN);
        let headers =
            [("Authorization", auth.as_str()), ("Prefer", "wait=15"), ("Content-Type", "application/json")];
        served.send("POST", "/api/sync", &headers, body)
    };
    for _ in 0..3 {
        let failed = ask(r#"{"full":true}"#);
        assert_eq!((failed.status, failed.code().as_str()), (502, "UPSTREAM_UNAVAILABLE"));
        assert_eq!(failed.json()["error"]["details"]["job"]["status"], "failed");
    }
    let ill = served.admin("GET", "/api/sync/health");
    assert_eq!((ill.status, &ill.data()["healthy"]), (503, &false.into()));
    let partial = ask("{}");
    assert_eq!((partial.status, &partial.data()["status"]), (200, &"partial".into()));
    assert_eq!(served.admin("GET", "/api/sync/health").status, 200);
    let metrics = served.get("/metrics").text();
    assert!(metrics.contains("aither_sync_runs_total{status=\"failed\"} 3\n"), "{metrics}");
}

#[test]
fn a_run_that_takes_too_long_is_given_up_and_cannot_publish() {
    let (ended, hear) = channel();
    let (go, wait) = channel::<()>();
    let served = setup()
        .with(|serve| serve.sync_timeout = Duration::from_millis(100))
        .step(move |_, gate| {
            let _ = wait.recv();
            let passed = gate.pass();
            let _ = ended.send(passed.is_err());
            passed.map(|()| RunFigures::default())
        })
        .start();
    let auth = bearer(ADMIN);
    let headers = [("Authorization", auth.as_str()), ("Prefer", "wait=15")];
    let late = served.send("POST", "/api/sync", &headers, "");
    assert_eq!((late.status, late.code().as_str()), (504, "SYNC_TIMED_OUT"));
    // The lock is free although the first one is still at it, and somebody else does the next run.
    assert_eq!(served.send("POST", "/api/sync", &headers, "").status, 200);
    go.send(()).unwrap();
    assert!(hear.recv_timeout(PATIENCE).unwrap(), "it may not publish");
    assert_eq!(served.admin("GET", "/api/sync/runs").data()[1]["status"], "timed_out");
}

#[test]
fn a_fault_in_a_run_is_a_failed_run() {
    let served = setup().step(|_, _| panic!("a fault")).start();
    let auth = bearer(ADMIN);
    let headers = [("Authorization", auth.as_str()), ("Prefer", "wait=15")];
    let answer = served.send("POST", "/api/sync", &headers, "");
    assert_eq!((answer.status, answer.code().as_str()), (500, "IO_ERROR"));
    assert_eq!(served.admin("GET", "/api/sync/health").status, 200);
}

#[test]
fn the_lock_is_shared_with_other_processes() {
    let served = setup().start();
    let mut lock = Lock::take(&served.path(".aither/lock")).unwrap().unwrap();
    lock.note("sync-0123456789abcdef");
    let busy = served.admin("POST", "/api/sync");
    assert_eq!((busy.status, busy.code().as_str()), (409, "SYNC_IN_PROGRESS"));
    assert_eq!(busy.json()["error"]["details"]["jobId"], "sync-0123456789abcdef");
    drop(lock);
    assert_eq!(served.admin("POST", "/api/sync").status, 202);
}

#[test]
fn of_two_hundred_at_once_exactly_one_starts() {
    let (step, begun, go) = held();
    let served = setup().step(step).start();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let ask = || served.admin("POST", "/api/sync").status;
        let asked: Vec<_> = (0..200).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    begun.recv_timeout(PATIENCE).unwrap();
    assert_eq!(statuses.iter().filter(|status| **status == 202).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 199);
    go.send(()).unwrap();
}

#[test]
fn a_sync_that_cannot_start_is_a_500_and_leaves_the_lock_free() {
    let served = setup().start();
    // The history cannot be written while a folder stands in its place.
    std::fs::create_dir_all(served.path(".aither/runs.jsonl")).unwrap();
    let failed = served.admin("POST", "/api/sync");
    assert_eq!((failed.status, failed.code().as_str()), (500, "SYNC_INITIALIZATION_FAILED"));
    std::fs::remove_dir(served.path(".aither/runs.jsonl")).unwrap();
    assert_eq!(served.admin("POST", "/api/sync").status, 202);
}

#[test]
fn the_description_names_every_operation() {
    let served = setup().start();
    let document = served.get("/api/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 18);
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().unwrap() {
            let path = path
                .replace("{jobId}", "sync-0000000000000000")
                .replace("{connector}", "hemera")
                .replace("{id}", "x");
            let status = served.send(&method.to_uppercase(), &path, &[], "").status;
            assert!(operation["responses"][status.to_string()].is_object(), "{method} {path}: {status}");
        }
    }
}

#[test]
fn a_public_address_needs_a_token() {
    let mut serve = aither::config::Serve { port: 0, ..Default::default() };
    serve.host = "0.0.0.0".parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = |serve| aither::serve::Options {
        dashboard: aither::serve::DashboardOptions::default(),
        serve,
        base_url: "http://localhost:8080".into(),
        output: folder.path().join("output"),
        state: folder.path().join(".aither"),
        connectors: Vec::new(),
        live: false,
        signals: false,
        clock: std::sync::Arc::new(aither::base::clock::SystemClock::new()),
        reporter: std::sync::Arc::new(aither::base::report::Silent),
        audience: std::sync::Arc::new(|_| {}),
        queues: aither::sync::Queues::open(&folder.path().join(".aither"), &mut fastrand::Rng::new())
            .unwrap(),
        notifier: std::sync::Arc::default(),
    };
    let factory = || -> aither::serve::Factory { Box::new(|| Err(Error::new(Kind::Io, "nobody"))) };
    let refused = aither::serve::Server::start(options(serve.clone()), factory()).unwrap_err();
    assert_eq!(refused.kind(), Kind::Config);
    serve.host = "127.0.0.1".parse().unwrap();
    let server = aither::serve::Server::start(options(serve.clone()), factory()).unwrap();
    assert_eq!(server.token().unwrap().reveal().len(), 64);
    serve.port = server.address().port();
    let taken = aither::serve::Server::start(options(serve), factory()).unwrap_err();
    assert!(taken.hints()[0].contains("--port"), "{taken:?}");
    server.stop().unwrap();
}

#[test]
fn whoever_waits_hears_when_the_time_is_up() {
    let (step, begun, go) = held();
    let served = setup().step(step).start();
    let ask = |prefer: &str| {
        let auth = bearer(ADMIN);
        served.send("POST", "/api/sync", &[("Authorization", &auth), ("Prefer", prefer)], "")
    };
    let waited = ask("wait=0");
    assert_eq!((waited.status, &waited.data()["status"]), (202, &"running".into()));
    begun.recv_timeout(PATIENCE).unwrap();
    // Also the second who waits is told at once that it is under way.
    assert_eq!(ask("wait=15").code(), "SYNC_IN_PROGRESS");
    go.send(()).unwrap();
    served.until(|s| s.admin("GET", "/api/sync").data()["status"] == "success");
    // What is no number of seconds is no wish.
    go.send(()).unwrap();
    assert_eq!(ask("wait=soon").status, 202);
}

#[test]
fn every_list_is_paged_in_one_way() {
    let served = setup()
        .prepared(|root| {
            let queues =
                aither::sync::Queues::open(&root.join(".aither"), &mut fastrand::Rng::with_seed(1)).unwrap();
            let now = jiff::Timestamp::now();
            let entry = |n: usize| {
                let id = format!("event-{n}");
                aither::base::queue::Entry::new(id, "course.updated", "course:a", serde_json::json!({}), now)
            };
            let mut queue = aither::sync::locked(&queues.events);
            queue.accept((0..25).map(entry).collect(), now).unwrap();
            let ids: Vec<String> = (0..25).map(|n| format!("event-{n}")).collect();
            queue.refused(&ids, "no such course", now).unwrap();
        })
        .start();
    for (path, total) in [("/api/sync/runs", 0), ("/api/sync/dead-letters", 25), ("/api/sync/conflicts", 0)] {
        let page = |query: &str| served.admin("GET", &format!("{path}{query}"));
        let plain = page("");
        let expected = serde_json::json!({ "total": total, "limit": 20, "offset": 0 });
        assert_eq!(plain.json()["meta"]["pagination"], expected, "{path}");
        assert_eq!(plain.data().as_array().unwrap().len(), total.min(20), "{path}");
        let last = page("?limit=100&offset=20");
        assert_eq!(last.data().as_array().unwrap().len(), total.saturating_sub(20), "{path}");
        for bad in ["limit=0", "limit=101", "limit=ten", "limit=", "offset=-1", "offset=x"] {
            assert_eq!(page(&format!("?{bad}")).code(), "INVALID_REQUEST", "{path}?{bad}");
        }
    }
    let letter = served.admin("GET", "/api/sync/dead-letters?limit=1").data()[0].clone();
    assert!(letter["last_updated_at"].is_string() && letter["error"] == "no such course", "{letter}");
}

/// Secrets are exchanged one value at a time: for a while both are good.
#[test]
fn of_each_secret_several_values_may_be_good_at_once() {
    use aither::base::secret::Secret;
    let both = || vec![Secret::new("new-secret-of-the-test"), Secret::new("old-secret-of-the-test")];
    let served = setup()
        .with(|serve| {
            (serve.tokens.admin, serve.tokens.sync) = (vec![Secret::new(ADMIN)], both());
            (serve.tokens.cron, serve.tokens.webhook) = (both(), both());
        })
        .start();
    for secret in ["new-secret-of-the-test", "old-secret-of-the-test"] {
        let auth = bearer(secret);
        assert_ne!(served.send("GET", "/api/sync", &[("Authorization", &auth)], "").status, 401);
        for path in ["/api/sync/process", "/api/cron/sync"] {
            let method = if path.ends_with("process") { "POST" } else { "GET" };
            let status = served.send(method, path, &[("x-cron-secret", secret)], "").status;
            assert!(matches!(status, 200 | 202 | 409), "{path}: {status}");
        }
        let body = super::serve_events::event(secret, "enrollment.updated", "a");
        let signed = aither::base::signature::headers(
            &Secret::new(secret),
            "m",
            body.as_bytes(),
            jiff::Timestamp::now(),
        );
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(signed.iter().map(|(name, value)| (*name, value.as_str())));
        assert_eq!(served.send("POST", "/api/webhooks/hemera", &headers, &body).status, 202, "{secret}");
    }
    let gone = [("x-cron-secret", "retired-secret-of-the-test")];
    assert_eq!(served.send("POST", "/api/sync/process", &gone, "").status, 401);
}

#[test]
fn a_failed_sync_is_told_where_browsers_look() {
    let status = r#"{"last_synced_at":"2026-11-20T10:00:00Z","sync_status":"success"}"#;
    let served = setup()
        .files(&[("index.html", "home"), ("sync-status.json", status)])
        .step(|_, _| Err(Error::new(Kind::Unavailable, "the service does not answer")))
        .start();
    assert_eq!(served.get("/sync-status.json").text(), status);
    let headers = [("Authorization", &*bearer(ADMIN)), ("Prefer", "wait=15")];
    assert_eq!(served.send("POST", "/api/sync", &headers, "").status, 502);
    let told = served.get("/sync-status.json");
    assert_eq!(told.json()["sync_status"], "failed");
    assert_eq!(told.json()["last_synced_at"], "2026-11-20T10:00:00Z");
    let known =
        served.send("GET", "/sync-status.json", &[("If-None-Match", told.header("etag").unwrap())], "");
    assert_eq!((known.status, served.get("/").text()), (304, "home".to_owned()));
}

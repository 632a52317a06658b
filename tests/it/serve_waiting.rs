//! Locks that others hold: whoever needs them waits, everybody else is answered.

use std::time::{Duration, Instant};

use aither::base::files::Lock;
use aither::base::secret::Secret;
use aither::base::signature;
use jiff::Timestamp;

use super::serve_events::event;
use super::serve_fixture::{ADMIN, Client, PATIENCE, SYNC, Served, WEBHOOK, setup};

/// Nobody who has to wait for a lock is as quick.
const QUICK: Duration = Duration::from_secs(4);

/// Sends an event, and does not wait for the answer.
fn send(served: &Served, id: &str) -> Client {
    let body = event(id, "enrollment.updated", "a");
    let mut head = format!(
        "POST /api/webhooks/hemera HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in signature::headers(&Secret::new(WEBHOOK), id, body.as_bytes(), Timestamp::now()) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut client = served.connect();
    client.write(format!("{head}\r\n{body}").as_bytes());
    client
}

/// Sends a request of the administrator, and does not wait for the answer.
fn ask(served: &Served, method: &str, path: &str, body: &str) -> Client {
    let mut client = served.connect();
    let length = body.len();
    client.write(
        format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ADMIN}\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .as_bytes(),
    );
    client
}

fn assert_quick(served: &Served) {
    let figures = served.get("/metrics");
    assert!(figures.text().contains("aither_queue_entries{state=\"pending\"}"), "{figures:?}");
    for (path, status) in [("/healthz", 200), ("/readyz", 200), ("/", 200), ("/no-such-page/", 404)] {
        assert_eq!(served.get(path).status, status, "{path}");
    }
    for path in ["/api/sync/health", "/api/sync/queue", "/api/sync/dead-letters", "/api/sync/runs"] {
        assert_eq!(served.admin("GET", path).status, 200, "{path}");
    }
}

#[test]
fn while_another_process_has_the_queue_everything_else_is_answered() {
    let served = setup().files(&[("index.html", "home")]).start();
    // Whoever has a handle of its own is another process to the lock.
    let lock = Lock::take(&served.path(".aither/events.lock")).unwrap().unwrap();
    let mut senders: Vec<Client> = (0..50).map(|n| send(&served, &format!("event-{n}"))).collect();
    let begun = Instant::now();
    assert_quick(&served);
    // The worker does not wait either.
    let wait = ("Prefer", "wait=15");
    let headers = [("Authorization", &*format!("Bearer {SYNC}")), wait];
    assert_eq!(served.send("POST", "/api/sync", &headers, "").data()["status"], "success");
    assert!(begun.elapsed() < QUICK, "{:?}", begun.elapsed());
    drop(lock);
    for sender in &mut senders {
        assert_eq!(sender.answer().unwrap().status, 202);
    }
    served.until(|served| served.admin("GET", "/api/sync/queue").data()["total"] == 0);
}

#[test]
fn requests_that_are_stuck_take_no_place_from_others() {
    let served = setup().files(&[("index.html", "home")]).start();
    let queue = Lock::take(&served.path(".aither/events.lock")).unwrap().unwrap();
    let conflicts = Lock::take(&served.path(".aither/conflicts.lock")).unwrap().unwrap();
    let resolution = r#"{"resolution":"local"}"#;
    let mut stuck: Vec<Client> = (0..30)
        .flat_map(|_| {
            [
                ask(&served, "POST", "/api/sync/dead-letters/event-1/retry", ""),
                ask(&served, "POST", "/api/sync/conflicts/conflict-0000000000000000/resolve", resolution),
            ]
        })
        .collect();
    let begun = Instant::now();
    for path in ["/metrics", "/healthz", "/", "/no-such-page/"] {
        assert!(matches!(served.get(path).status, 200 | 404), "{path}");
    }
    assert_eq!(served.admin("GET", "/api/sync/health").status, 200);
    assert!(begun.elapsed() < QUICK, "{:?}", begun.elapsed());
    drop((queue, conflicts));
    for client in &mut stuck {
        let answer = client.answer().unwrap();
        match answer.status {
            404 => {}
            503 => assert_eq!((answer.code().as_str(), answer.header("retry-after")), ("BUSY", Some("5"))),
            _ => panic!("{answer:?}"),
        }
    }
}

#[test]
fn a_lock_that_somebody_keeps_does_not_keep_the_server_from_stopping() {
    let served =
        setup().files(&[("index.html", "home")]).with(|s| s.limits.shutdown = Duration::ZERO).start();
    let lock = Lock::take(&served.path(".aither/conflicts.lock")).unwrap().unwrap();
    let resolution = r#"{"resolution":"local"}"#;
    let path = "/api/sync/conflicts/conflict-0000000000000000/resolve";
    let _stuck: Vec<Client> = (0..10).map(|_| ask(&served, "POST", path, resolution)).collect();
    assert_eq!(served.get("/").status, 200);
    let begun = Instant::now();
    served.stop();
    assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
    drop(lock);
}

#[cfg(unix)]
#[test]
fn what_the_program_keeps_for_itself_is_closed_to_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let served = setup()
        .files(&[("index.html", "home")])
        .prepared(|root| {
            // As an earlier version left it.
            let state = root.join(".aither");
            std::fs::create_dir(&state).unwrap();
            std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o755)).unwrap();
            std::fs::write(state.join("events.lock"), "").unwrap();
            let open = std::fs::Permissions::from_mode(0o666);
            std::fs::set_permissions(state.join("events.lock"), open).unwrap();
        })
        .start();
    let mode = |path: &str| std::fs::metadata(served.path(path)).unwrap().permissions().mode() & 0o777;
    let headers = [("Authorization", &*format!("Bearer {SYNC}")), ("Prefer", "wait=15")];
    assert_eq!(served.send("POST", "/api/sync", &headers, "").status, 200);
    assert_eq!((mode(".aither"), mode(".aither/events.lock"), mode(".aither/lock")), (0o700, 0o600, 0o600));
    // A build alone does the same.
    let site = super::fixture::Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10")]);
    site.build();
    let mode = |path: &str| std::fs::metadata(site.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(".aither"), mode(".aither/lock")), (0o700, 0o600));
}

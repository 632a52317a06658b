//! From an event to the changed page, with the program itself: fast, no event lost, none done twice, whatever happens to
//! the process.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use aither::base::secret::Secret;
use aither::base::signature;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::fixture::Fixture;
use super::serve_events::event;
use super::serve_fixture::{Client, PATIENCE, WEBHOOK};
use super::serve_kill::Serving;
use crate::support::hemera::{Options, Service};

/// One event over a connection that stays open; nothing where the server went away before it answered.
fn send(client: &mut Client, id: &str, kind: &str, course: &str) -> Option<u16> {
    let body = event(id, kind, course);
    let signed = signature::headers(&Secret::new(WEBHOOK), id, body.as_bytes(), Timestamp::now());
    let mut head = format!(
        "POST /api/webhooks/enrollment-changed HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in signed {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    client.write(format!("{head}\r\n{body}").as_bytes());
    client.answer().ok().map(|answer| answer.status)
}

pub(crate) fn serve(site: &Fixture) -> Serving {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aither"));
    command.args(["serve", "--port", "0"]).env("WEBHOOK_SECRET", WEBHOOK);
    command.envs(site.environment.iter().map(|(name, value)| (name, value)));
    Serving::run(site, command)
}

fn total(serving: &Serving) -> Value {
    serving.ask("GET", "/api/sync/queue", "").data()["total"].clone()
}

pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < 3 * PATIENCE, "it never came true");
        std::thread::yield_now();
    }
}

#[test]
fn the_changed_page_is_served_after_one_request_for_one_course() {
    let service = Service::start(Options { courses: 40, rate: 1_000_000, ..Options::default() }).unwrap();
    let site = Fixture::new(
        "source = \"hemera\"\n[site]\ntitle = \"Akademie\"\nlanguage = \"de\"\nbase_url = \"https://a.example\"\n",
    )
    .env("HEMERA_API_BASE_URL", &service.url())
    .env("HEMERA_API_KEY", service.key());
    assert!(site.run(&["build"]).status.success());
    let serving = serve(&site);
    let (id, slug) = service.edit(|catalogue| {
        let course = catalogue.courses.iter_mut().find(|course| course.published).unwrap();
        course.title = "Ein neuer Titel".into();
        (course.id.clone(), course.slug.clone())
    });
    service.forget_requests();
    let page = format!("/courses/{slug}/");
    assert!(!serving.ask("GET", &page, "").text().contains("Ein neuer Titel"));
    let mut client = serving.connect();
    let begun = Instant::now();
    assert_eq!(send(&mut client, "event-1", "enrollment.updated", &id), Some(202));
    until(|| serving.ask("GET", &page, "").text().contains("Ein neuer Titel"));
    eprintln!("from the event to the changed page: {} ms", begun.elapsed().as_millis());
    let asked: Vec<String> = service.requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(asked, [format!("/api/service/courses/{id}")]);
    until(|| total(&serving) == 0);
    let run = serving.ask("GET", "/api/sync", "").data();
    assert_eq!(
        (&run["runType"], &run["changed"]["updated"], &run["coursesFetched"]),
        (&"webhook".into(), &1.into(), &1.into())
    );
    // The other courses are all still there, and a whole sync has nothing to write but when it was; and not even that
    // where it ends in the second in which the last one did.
    let done = serving.ask("POST", "/api/sync", "wait=20").data();
    assert_eq!((&done["status"], &done["coursesFetched"]), (&"success".into(), &40.into()));
    assert!(done["filesGenerated"].as_u64().is_some_and(|files| files <= 1), "{done}");
    // A course that nobody here knows is looked for in the whole list.
    service.forget_requests();
    assert_eq!(send(&mut client, "event-2", "course.created", "cnew0000000000000000000a"), Some(202));
    until(|| total(&serving) == 0);
    assert!(service.requests().iter().any(|request| request.path == "/api/service/courses"));
}

/// `AITHER_EVENTS=10000 AITHER_KILLS=100` for the whole of it.
#[cfg(unix)]
#[test]
fn killed_at_any_moment_no_accepted_event_is_lost_and_none_is_done_twice() {
    let number = |name: &str, default: usize| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (events, kills) = (number("AITHER_EVENTS", 240), number("AITHER_KILLS", 4));
    let site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10"), ("b", "Hören", "2027-02-10")]);
    site.build();
    let mut random = fastrand::Rng::with_seed(11);
    let next = AtomicUsize::new(0);
    let accepted: Mutex<BTreeMap<String, usize>> = Mutex::default();
    for round in 0..=kills {
        let mut serving = serve(&site);
        // Each process dies somewhere in its share, while others write to it; the last one lives.
        let until =
            if round == kills { events } else { events * round / kills + random.usize(..events / kills) };
        let id = rustix::process::Pid::from_child(&serving.child);
        std::thread::scope(|scope| {
            if round < kills {
                let next = &next;
                scope.spawn(move || {
                    // Where the clients have come to grief, nobody counts on.
                    let begun = Instant::now();
                    while next.load(Ordering::Relaxed) < until && begun.elapsed() < 6 * PATIENCE {
                        std::thread::yield_now();
                    }
                    rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
                });
            }
            for _ in 0..4 {
                scope.spawn(|| {
                    // The process may be gone before a client has come to it.
                    let Ok(stream) = TcpStream::connect(&serving.address) else { return };
                    let mut client = Client::new(stream);
                    // Those of a process that is to die go on until they notice.
                    while round < kills || next.load(Ordering::Relaxed) < events {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let id = format!("event-{number}");
                        match send(
                            &mut client,
                            &id,
                            "enrollment.updated",
                            if number.is_multiple_of(2) { "a" } else { "b" },
                        ) {
                            Some(202) => drop(accepted.lock().unwrap().insert(id, round)),
                            // It may have been written down or not: it counts as not accepted.
                            None => return,
                            Some(status) => panic!("{status}"),
                        }
                    }
                });
            }
        });
        if round < kills {
            serving.child.wait().unwrap();
            continue;
        }
        let done = serving.ask("POST", "/api/sync/process", "");
        assert_eq!(done.status, 200);
        self::until(|| total(&serving) == 0);
        let accepted = accepted.lock().unwrap();
        assert!(accepted.len() > events / 2, "{} of {events}", accepted.len());
        let mut client = serving.connect();
        for (number, (id, _)) in accepted.iter().enumerate() {
            assert_eq!(send(&mut client, id, "enrollment.updated", "a"), Some(200), "{id} was lost");
            // A connection does not live for ever.
            if number % 1_000 == 999 {
                client = serving.connect();
            }
        }
    }
    // As long as nothing was left out of the journal, it tells of everything.
    let journal = std::fs::read_to_string(site.path(".aither/events.journal")).unwrap();
    let mut done: BTreeMap<String, usize> = BTreeMap::new();
    for line in journal.lines() {
        let step: Value = serde_json::from_str(line.split_once(' ').unwrap().1).unwrap();
        if step["op"] == json!("done") {
            *done.entry(step["id"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    assert!(done.values().all(|times| *times == 1), "{done:?}");
    for id in accepted.lock().unwrap().keys() {
        assert!(done.contains_key(id), "{id} was never done");
    }
    let verified = site.run(&["build", "--verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

#[test]
fn the_queue_can_be_looked_at_and_worked_off_from_the_command_line() {
    let site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10")]);
    site.build();
    let queues = aither::sync::Queues::open(&site.path(".aither"), &mut fastrand::Rng::with_seed(1)).unwrap();
    let now = Timestamp::now();
    let entry = |id: &str| {
        let payload = json!({ "id": id, "kind": "course.updated", "course": "a", "person": null });
        aither::base::queue::Entry::new(id, "course.updated", "course:a", payload, now)
    };
    aither::sync::locked(&queues.events).accept(vec![entry("one"), entry("two"), entry("bad")], now).unwrap();
    let mut events = aither::sync::locked(&queues.events);
    (0..3).for_each(|_| events.failed(&["bad".into()], "no such course", now).unwrap());
    drop(events);
    let told = |arguments: &[&str]| {
        let output = site.run(arguments);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, list) = told(&["queue", "list"]);
    assert_eq!((code, list.lines().count()), (Some(0), 3), "{list}");
    assert!(
        list.contains("events bad course.updated course:a, dead, tried 3 times: no such course"),
        "{list}"
    );
    let site = site.courses(&[("a", "Ganz ruhig reden", "2027-01-10")]);
    let told = |arguments: &[&str]| {
        let output = site.run(arguments);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert_eq!(told(&["queue", "process"]), (Some(0), "2 done, 0 pending, 1 dead\n".into()));
    assert!(site.output("index.html").contains("Ganz ruhig reden"));
    assert_eq!(told(&["queue", "retry", "bad"]).0, Some(0));
    assert_eq!(told(&["queue", "process"]), (Some(0), "1 done, 0 pending, 0 dead\n".into()));
    assert_eq!(told(&["queue", "drop", "bad"]).0, Some(1));
    let (_, json) = told(&["queue", "list", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["entries"], json!([]));
}

/// A disk that takes nothing: the sender is told to come again, and the site is served as before.
#[test]
fn an_event_that_cannot_be_written_down_is_not_accepted() {
    let site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10")]);
    site.build();
    let serving = serve(&site);
    let page = site.output("index.html");
    std::fs::create_dir(site.path(".aither/events.journal")).unwrap();
    let mut client = serving.connect();
    assert_eq!(send(&mut client, "event-1", "course.updated", "a"), Some(503));
    assert_eq!(serving.ask("GET", "/", "").text(), page);
    std::fs::remove_dir(site.path(".aither/events.journal")).unwrap();
    assert_eq!(send(&mut client, "event-1", "course.updated", "a"), Some(202));
    until(|| total(&serving) == 0);
}

#[cfg(unix)]
#[test]
fn logs_for_machines_name_requests_and_jobs_and_no_secret() {
    let site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10")]);
    site.build();
    let mut command = Command::new("sh");
    let script = format!("exec {} serve --port 0 --log json 2>log.txt", env!("CARGO_BIN_EXE_aither"));
    command.args(["-c", &script]).env("WEBHOOK_SECRET", WEBHOOK);
    let serving = Serving::run(&site, command);
    let done = serving.ask("POST", "/api/sync?token=hidden", "wait=20");
    let job = done.data()["jobId"].as_str().unwrap().to_owned();
    let request = done.header("x-request-id").unwrap().to_owned();
    let lines = || -> Vec<Value> {
        let text = std::fs::read_to_string(site.path("log.txt")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
            .collect()
    };
    until(|| lines().iter().any(|line| line["request_id"] == *request));
    let lines = lines();
    let line = lines.iter().find(|line| line["request_id"] == *request).unwrap();
    assert_eq!(
        (&line["method"], &line["path"], &line["status"]),
        (&"POST".into(), &"/api/sync".into(), &"200".into())
    );
    for what in ["sync began", "sync ended"] {
        let of_job = |line: &&Value| line["message"] == *what && line["job_id"] == *job;
        assert!(lines.iter().any(|line| of_job(&line)), "{what}: {lines:?}");
    }
    let text = std::fs::read_to_string(site.path("log.txt")).unwrap();
    assert!(!text.contains("hidden") && !text.contains("MfKQ9r8"), "{text}");
}

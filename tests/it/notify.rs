//! What goes out after a run: webhooks, Rollbar, mail, pings; to stand-ins on loopback that fail as they are told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aither::base::clock::{Clock as _, ManualClock};
use aither::base::report::Collected;
use aither::base::secret::Secret;
use aither::base::signature::Keys;
use aither::config::{Mail, Notify, Rollbar};
use aither::model::run::{Run, RunStatus, RunType};
use aither::notify::{Notifier, Outside, Trouble};
use aither::sync::{Queues, locked};
use jiff::Timestamp;
use serde_json::Value;

use super::serve_fixture::{PATIENCE, WEBHOOK};

/// One request that a stand-in has got.
#[derive(Debug, Clone)]
struct Got {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// Takes requests, and answers with the statuses that it is told, the last one for ever.
struct Receiver {
    address: String,
    got: Arc<Mutex<Vec<Got>>>,
}

fn receiver(statuses: &'static [u16]) -> Receiver {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let got: Arc<Mutex<Vec<Got>>> = Arc::default();
    let notes = Arc::clone(&got);
    std::thread::spawn(move || {
        let count = AtomicUsize::new(0);
        for stream in listener.incoming().map_while(Result::ok) {
            let number = count.fetch_add(1, Ordering::Relaxed);
            let status = statuses[number.min(statuses.len() - 1)];
            let _ = take(stream, status, &notes);
        }
    });
    Receiver { address, got }
}

fn take(stream: TcpStream, status: u16, notes: &Mutex<Vec<Got>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut got = Got { line: line.trim().to_owned(), headers: Vec::new(), body: Vec::new() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        got.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    got.body.resize(got.header("content-length").parse().unwrap_or(0), 0);
    reader.read_exact(&mut got.body)?;
    notes.lock().unwrap().push(got);
    write!(reader.get_mut(), "HTTP/1.1 {status} Told\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "it never came true");
        std::thread::yield_now();
    }
}

/// A folder, and everything that a notifier needs besides its settings.
struct Place {
    _folder: tempfile::TempDir,
    outside: Outside,
    queues: Queues,
    reporter: Arc<Collected>,
    clock: Arc<ManualClock>,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let queues = Queues::open(folder.path(), &mut fastrand::Rng::with_seed(3)).unwrap();
    let reporter: Arc<Collected> = Arc::default();
    let clock = Arc::new(ManualClock::new("2026-11-21T10:00:00Z".parse().unwrap()));
    let outside = Outside {
        state: folder.path().to_owned(),
        outbox: queues.outbox.clone(),
        clock: clock.clone(),
        reporter: reporter.clone(),
    };
    Place { _folder: folder, outside, queues, reporter, clock }
}

fn run(status: RunStatus) -> Run {
    let now = Timestamp::now();
    match status {
        RunStatus::Success => Run::begin(RunType::Manual, "hemera", now).ended(status, now),
        _ => Run::begin(RunType::Scheduled, "hemera", now).failed(status, "the source is away", now),
    }
}

fn webhooks(receivers: &[&str]) -> Notify {
    Notify {
        webhooks: receivers.iter().map(|address| Secret::new(*address)).collect(),
        webhook_secrets: vec![Secret::new(WEBHOOK), Secret::new("another-secret")],
        ..Notify::default()
    }
}

#[test]
fn webhooks_are_signed_both_ways_and_each_receiver_gets_its_own() {
    let (one, two) = (receiver(&[200]), receiver(&[204]));
    let place = place();
    let hook = format!("{}/hooks/secret-path", one.address);
    let notifier = Notifier::start(&webhooks(&[&hook, &two.address]), &place.outside);
    let run = run(RunStatus::Success);
    notifier.ended(&run);
    until(|| one.got.lock().unwrap().len() + two.got.lock().unwrap().len() == 2);
    let got = one.got.lock().unwrap()[0].clone();
    assert_eq!(got.line, "POST /hooks/secret-path HTTP/1.1");
    let body: Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!(
        (&body["type"], &body["data"]["jobId"]),
        (&"sync.completed".into(), &run.job_id.clone().into())
    );
    let now = place.clock.now();
    for secret in [WEBHOOK, "another-secret"] {
        let keys = Keys::of(&[Secret::new(secret)]);
        let (id, time) = (got.header("webhook-id"), got.header("webhook-timestamp"));
        assert!(keys.accept_standard(id, time, got.header("webhook-signature"), &got.body, now), "{got:?}");
    }
    // The plain signature has room for one secret: the first, as it stands.
    let keys = Keys::of(&[Secret::new(WEBHOOK)]);
    assert!(keys.accept_plain(got.header("x-webhook-signature"), &got.body));
    until(|| locked(&place.queues.outbox).figures().total == 0);
    assert_ne!(got.header("webhook-id"), two.got.lock().unwrap()[0].header("webhook-id"));
    let journal = std::fs::read_to_string(place.outside.state.join("outbox.journal")).unwrap();
    assert!(!journal.contains("secret-path") && !journal.contains("MfKQ9r8"), "{journal}");
}

#[test]
fn a_receiver_that_is_away_is_asked_three_times_and_then_it_is_a_dead_letter() {
    let (ill, recovering) = (receiver(&[500, 503, 500]), receiver(&[500, 200]));
    let place = place();
    let notifier = Notifier::start(&webhooks(&[&ill.address, &recovering.address]), &place.outside);
    notifier.ended(&run(RunStatus::Failed));
    // The clock stands still until it is moved: retries are due when it says so.
    until(|| {
        place.clock.sleep(Duration::from_secs(1));
        locked(&place.queues.outbox).figures().failed == 1
    });
    assert_eq!(ill.got.lock().unwrap().len(), 3);
    until(|| recovering.got.lock().unwrap().len() == 2);
    until(|| locked(&place.queues.outbox).figures().total == 1);
    let letter = place.queues.dead_letters().remove(0);
    assert_eq!(
        (letter.queue, letter.entry.error.as_deref()),
        ("outbox", Some("it was answered with status 500"))
    );
    assert!(place.reporter.warnings().iter().any(|warning| warning.contains("127.0.0.1")));
    // Nobody was slowed: telling takes no time, whatever receivers do.
    let begun = Instant::now();
    (0..1_000).for_each(|_| notifier.ended(&run(RunStatus::Success)));
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[test]
fn what_is_left_at_the_end_of_a_process_is_sent_by_the_next() {
    let place = place();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = format!("http://{nobody}");
    let notifier = Notifier::start(&webhooks(&[&address]), &place.outside);
    notifier.ended(&run(RunStatus::Success));
    notifier.finish(PATIENCE);
    assert_eq!(locked(&place.queues.outbox).figures().pending, 1);
    let listener = TcpListener::bind(nobody).unwrap();
    place.clock.sleep(Duration::from_secs(60));
    let notifier = Notifier::start(&webhooks(&[&address]), &place.outside);
    let notes = Mutex::default();
    take(listener.accept().unwrap().0, 200, &notes).unwrap();
    notifier.finish(PATIENCE);
    assert_eq!((notes.into_inner().unwrap().len(), locked(&place.queues.outbox).figures().total), (1, 0));
}

#[test]
fn rollbar_hears_how_runs_end_and_of_troubles() {
    let rollbar = receiver(&[200]);
    let place = place();
    let settings = Notify {
        rollbar: Some(Rollbar {
            token: Secret::new("rollbar-token"),
            environment: "test".into(),
            endpoint: format!("{}/api/1/item/", rollbar.address),
        }),
        ..Notify::default()
    };
    let notifier = Notifier::start(&settings, &place.outside);
    notifier.began();
    notifier.ended(&run(RunStatus::Success));
    notifier.ended(&run(RunStatus::Failed));
    let facts = vec![("requestId", "req-1".to_owned())];
    notifier.trouble(Trouble { name: "http.500", is_error: true, facts });
    notifier.trouble(Trouble { name: "sync.manifest.corrupted", is_error: false, facts: Vec::new() });
    notifier.finish(PATIENCE);
    let got = rollbar.got.lock().unwrap();
    assert!(got.iter().all(|one| one.header("x-rollbar-access-token") == "rollbar-token"));
    let items: Vec<Value> = got.iter().map(|one| serde_json::from_slice(&one.body).unwrap()).collect();
    let told: Vec<(&str, &str)> = items
        .iter()
        .map(|item| {
            (
                item["data"]["level"].as_str().unwrap(),
                item["data"]["body"]["message"]["body"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("info", "sync.completed"),
            ("warning", "sync.completed"),
            ("error", "http.500"),
            ("warning", "sync.manifest.corrupted"),
        ]
    );
    let message = &items[1]["data"]["body"]["message"];
    assert_eq!((&message["status"], &message["errorCount"]), (&"failed".into(), &1.into()));
    assert_eq!(items[2]["data"]["body"]["message"]["requestId"], "req-1");
}

#[test]
fn a_ping_says_that_a_run_began_and_how_it_ended() {
    let watch = receiver(&[200]);
    let place = place();
    let settings =
        Notify { ping: Some(Secret::new(format!("{}/uuid?a=1", watch.address))), ..Notify::default() };
    let notifier = Notifier::start(&settings, &place.outside);
    notifier.began();
    notifier.ended(&run(RunStatus::Success));
    notifier.began();
    notifier.ended(&run(RunStatus::TimedOut));
    notifier.finish(PATIENCE);
    let lines: Vec<String> = watch.got.lock().unwrap().iter().map(|got| got.line.clone()).collect();
    let line = |ending: &str| format!("GET /uuid{ending}?a=1 HTTP/1.1");
    assert_eq!(lines, [line("/start"), line(""), line("/start"), line("/fail")]);
}

/// An SMTP server that takes every message.
fn post_office() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("smtp://{}", listener.local_addr().unwrap());
    let mails: Arc<Mutex<Vec<String>>> = Arc::default();
    let notes = Arc::clone(&mails);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let _ = converse(stream, &notes);
        }
    });
    (address, mails)
}

fn converse(stream: TcpStream, mails: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    reader.get_mut().write_all(b"220 test\r\n")?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let word = line.trim().to_ascii_uppercase();
        let answer: &[u8] = match word.split(' ').next().unwrap_or_default() {
            "EHLO" => b"250 test\r\n",
            "DATA" => {
                reader.get_mut().write_all(b"354 go on\r\n")?;
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") {
                    reader.read_line(&mut mail)?;
                }
                mails.lock().unwrap().push(mail);
                b"250 taken\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 fine\r\n",
        };
        reader.get_mut().write_all(answer)?;
    }
}

#[test]
fn one_mail_after_three_failures_in_a_row_and_one_when_it_works_again() {
    let (server, mails) = post_office();
    let place = place();
    let settings = Notify {
        mail: Some(Mail {
            server: Secret::new(server),
            from: "aither@academy.example".into(),
            to: vec!["Ops <ops@academy.example>".into(), "second@academy.example".into()],
            threshold: 3,
        }),
        ..Notify::default()
    };
    // A process for each run: how often it failed outlives them.
    let after = |status: RunStatus| {
        let notifier = Notifier::start(&settings, &place.outside);
        notifier.ended(&run(status));
        notifier.finish(PATIENCE);
        mails.lock().unwrap().len()
    };
    use RunStatus::{Failed, Success, TimedOut};
    let counts =
        [Failed, Success, Failed, TimedOut, Failed, Failed, Failed, Success, Success, Failed].map(after);
    assert_eq!(counts, [0, 0, 0, 0, 1, 1, 1, 2, 2, 2], "{:?}", place.reporter.warnings());
    let mails = mails.lock().unwrap();
    assert!(
        mails[0].contains("Subject: aither: 3 syncs in a row have failed")
            && mails[0].contains("the source is away")
    );
    assert!(mails[0].contains("ops@academy.example") && mails[0].contains("second@academy.example"));
    assert!(mails[1].contains("Subject: aither: syncs work again"), "{}", mails[1]);
}

#[test]
fn a_post_office_that_is_away_fails_nothing_and_tells_no_password() {
    let place = place();
    let settings = Notify {
        mail: Some(Mail {
            server: Secret::new("smtp://user:hunter2@127.0.0.1:1"),
            from: "a@academy.example".into(),
            to: vec!["b@academy.example".into()],
            threshold: 1,
        }),
        ..Notify::default()
    };
    let notifier = Notifier::start(&settings, &place.outside);
    notifier.ended(&run(RunStatus::Failed));
    notifier.finish(PATIENCE);
    let warnings = place.reporter.warnings();
    assert!(warnings.len() == 1 && !warnings[0].contains("hunter2"), "{warnings:?}");
}

#[test]
fn settings_of_what_goes_out_are_checked() {
    let told = |variables: &[(&str, &str)]| {
        let site = super::fixture::Fixture::new("");
        let environment: aither::config::Environment = variables.iter().copied().collect();
        aither::config::Config::load(&site.path(""), &environment)
            .map(|config| config.notify)
            .map_err(|e| e.message().to_owned())
    };
    let good = told(&[
        ("SYNC_WEBHOOK_URLS", "https://a.example/x, http://127.0.0.1:9/y"),
        ("WEBHOOK_SECRET", "s3cret"),
        ("ROLLBAR_ENABLED", "1"),
        ("ROLLBAR_SERVER_TOKEN", "t0ken"),
        ("NOTIFY_PING_URL", "https://hc.example/uu1d"),
        ("NOTIFY_EMAIL_TO", "a@x.example"),
        ("NOTIFY_EMAIL_FROM", "b@x.example"),
        ("SMTP_URL", "smtps://u:pa55@mail.example"),
    ])
    .unwrap();
    assert_eq!((good.webhooks.len(), good.mail.as_ref().unwrap().threshold), (2, 3));
    let shown = format!("{good:?}");
    for secret in ["s3cret", "t0ken", "uu1d", "pa55", "a.example/x"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(told(&[("ROLLBAR_ENABLED", "0")]).unwrap().is_silent());
    for (variables, name) in [
        (&[("SYNC_WEBHOOK_URLS", "ftp://x"), ("WEBHOOK_SECRET", "x")][..], "SYNC_WEBHOOK_URLS"),
        (&[("SYNC_WEBHOOK_URLS", "https://x.example")], "SYNC_WEBHOOK_URLS"),
        (&[("ROLLBAR_ENABLED", "1")], "ROLLBAR_ENABLED"),
        (&[("NOTIFY_FAILURE_THRESHOLD", "never")], "NOTIFY_FAILURE_THRESHOLD"),
        (&[("NOTIFY_EMAIL_TO", "a@x.example")], "NOTIFY_EMAIL_TO"),
    ] {
        let error = told(variables).unwrap_err();
        assert!(error.starts_with(name), "{error}");
    }
}

//! Events in, over a real socket: who is let in, that none is lost and none is done twice, retries and dead letters.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aither::base::secret::Secret;
use aither::base::signature;
use aither::error::{Error, Kind};
use aither::model::event::Named;
use aither::model::run::RunFigures;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::serve_fixture::{ADMIN, Answer, CRON, Served, Step, WEBHOOK, held, setup};

pub(crate) fn event(id: &str, kind: &str, course: &str) -> String {
    json!({
        "id": id, "type": kind, "resourceId": "enrollment-123", "resourceType": "enrollment",
        "data": { "courseId": course, "name": "Eva Muster" }, "timestamp": "2024-01-31T12:00:00.000Z",
        "retryCount": 0, "status": "pending",
    })
    .to_string()
}

fn post(served: &Served, path: &str, headers: &[(&str, String)], body: &str) -> Answer {
    let mut all = vec![("Content-Type", "application/json")];
    all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
    served.send("POST", path, &all, body)
}

/// Signed as the seeds of this API have it.
pub(crate) fn plainly(body: &str) -> Vec<(&'static str, String)> {
    let signed = signature::headers(&Secret::new(WEBHOOK), "x", body.as_bytes(), Timestamp::now());
    signed.into_iter().filter(|(name, _)| *name == "x-webhook-signature").collect()
}

fn send(served: &Served, id: &str, course: &str) -> Answer {
    let body = event(id, "enrollment.updated", course);
    post(served, "/api/webhooks/enrollment-changed", &plainly(&body), &body)
}

fn figures(served: &Served) -> Value {
    served.admin("GET", "/api/sync/queue").data()
}

fn until_empty(served: &Served) {
    served.until(|served| figures(served)["total"] == 0);
}

/// A step that notes what it was asked to read.
fn noting() -> (Step, Arc<Mutex<Vec<Option<Named>>>>) {
    let asked: Arc<Mutex<Vec<Option<Named>>>> = Arc::default();
    let notes = Arc::clone(&asked);
    let step: Step = Box::new(move |request, gate| {
        notes.lock().unwrap().push(request.only.clone());
        gate.pass()?;
        Ok(RunFigures::default())
    });
    (step, asked)
}

#[test]
fn a_signed_event_is_followed_by_a_run_for_just_what_it_names() {
    let (step, asked) = noting();
    let served = setup().files(&[("index.html", "home")]).step(step).start();
    let accepted = send(&served, "event-123", "ck9zz");
    assert_eq!((accepted.status, accepted.data()), (202, json!({ "eventId": "event-123", "queued": true })));
    until_empty(&served);
    let named = asked.lock().unwrap()[0].clone().unwrap();
    assert_eq!(
        (named.courses.into_iter().collect::<Vec<_>>(), named.everything),
        (vec!["ck9zz".to_owned()], false)
    );
    let run = served.admin("GET", "/api/sync").data();
    assert_eq!((&run["runType"], &run["status"]), (&"webhook".into(), &"success".into()));
    // The same again is not run again, also after it is done.
    let again = send(&served, "event-123", "ck9zz");
    assert_eq!((again.status, again.data()), (200, json!({ "eventId": "event-123", "duplicate": true })));
    assert_eq!((asked.lock().unwrap().len(), figures(&served)["total"].clone()), (1, json!(0)));
    // Nothing personal is kept.
    let journal = std::fs::read_to_string(served.path(".aither/events.journal")).unwrap();
    assert!(journal.contains("event-123") && !journal.contains("Eva") && !journal.contains("enrollment-123"));
    let text = served.get("/metrics").text();
    assert!(text.contains("aither_events_total{outcome=\"accepted\"} 1\n"), "{text}");
}

#[test]
fn whoever_does_not_sign_is_not_let_in() {
    let served = setup().files(&[("index.html", "home")]).start();
    let body = event("e", "profile.updated", "c");
    let path = "/api/webhooks/profile-updated";
    let refused = |headers: &[(&str, String)]| {
        let answer = post(&served, path, headers, &body);
        assert_eq!((answer.status, answer.code().as_str()), (401, "INVALID_SIGNATURE"), "{headers:?}");
        assert!(answer.header("www-authenticate").is_some());
    };
    refused(&[]);
    refused(&[("Authorization", format!("Bearer {ADMIN}"))]);
    refused(&[("x-webhook-signature", String::new())]);
    refused(&[("x-webhook-signature", "0".repeat(64))]);
    let other = plainly(&event("other", "profile.updated", "c"));
    refused(&other);
    let good = plainly(&body);
    refused(&[good[0].clone(), good[0].clone()]);
    // One good signature does not make up for a bad one.
    refused(&[
        good[0].clone(),
        ("webhook-signature", "v1,AAAA".into()),
        ("webhook-id", "e".into()),
        ("webhook-timestamp", "1".into()),
    ]);
    let standard = |age: i64| {
        let at = Timestamp::from_second(Timestamp::now().as_second() - age).unwrap();
        let signed = signature::headers(&Secret::new(WEBHOOK), "msg_1", body.as_bytes(), at);
        signed.into_iter().filter(|(name, _)| *name != "x-webhook-signature").collect::<Vec<_>>()
    };
    refused(&standard(400));
    refused(&standard(-400));
    refused(&standard(0)[..2]);
    assert_eq!(post(&served, path, &standard(0), &body).status, 202);
    let bad = "{\"id\":\"e\"}";
    let answer = post(&served, path, &plainly(bad), bad);
    assert_eq!((answer.status, answer.code().as_str()), (400, "INVALID_EVENT"));
    let answer = post(&served, "/api/webhooks/nobody", &plainly(&body), &body);
    assert_eq!((answer.status, answer.code().as_str()), (404, "UNKNOWN_CONNECTOR"));
    let huge = format!("{{\"id\":\"{}\"}}", "x".repeat(1 << 20));
    assert_eq!(post(&served, path, &plainly(&huge), &huge).status, 413);
    assert_eq!(post(&served, path, &plainly(""), "").status, 400);
    assert_eq!(served.get(path).status, 405);

    // Without a secret nothing is right, not even what is signed with an empty one.
    let served = setup().with(|serve| serve.tokens.webhook = vec![Secret::new("")]).start();
    let signed = signature::headers(&Secret::new(""), "e", body.as_bytes(), Timestamp::now());
    let answer = post(&served, path, &signed, &body);
    assert_eq!((answer.status, answer.code().as_str()), (401, "INVALID_SIGNATURE"));
}

#[test]
fn events_that_come_together_are_one_run_and_those_that_come_during_a_run_are_the_next() {
    let (step, begun, go) = held();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let mut step = step;
    let served = setup()
        .files(&[("index.html", "home")])
        .step(move |request, gate| {
            counted.fetch_add(1, Ordering::Relaxed);
            step(request, gate)
        })
        .start();
    for n in 0..50 {
        assert_eq!(send(&served, &format!("first-{n}"), "a").status, 202);
    }
    begun.recv_timeout(super::serve_fixture::PATIENCE).unwrap();
    for n in 0..50 {
        assert_eq!(send(&served, &format!("second-{n}"), "b").status, 202);
    }
    assert_eq!(served.admin("POST", "/api/sync").status, 409);
    let held_back = figures(&served);
    assert!(
        held_back["processing"].as_u64().unwrap() >= 1 && held_back["pending"].as_u64().unwrap() >= 50,
        "{held_back}"
    );
    (0..4).for_each(|_| go.send(()).unwrap_or_default());
    until_empty(&served);
    // Some of the first fifty may have come after the first run had begun.
    assert!((2..=3).contains(&count.load(Ordering::Relaxed)), "{count:?}");
}

#[test]
fn what_fails_is_tried_three_times_and_is_a_dead_letter_then() {
    let ill = Arc::new(AtomicBool::new(true));
    let tries = Arc::new(AtomicUsize::new(0));
    let (is_ill, counted) = (Arc::clone(&ill), Arc::clone(&tries));
    let served = setup()
        .files(&[("index.html", "home")])
        .step(move |_, gate| {
            counted.fetch_add(1, Ordering::Relaxed);
            if is_ill.load(Ordering::Relaxed) {
                return Err(Error::new(Kind::Unavailable, "the source is away"));
            }
            gate.pass()?;
            Ok(RunFigures::default())
        })
        .start();
    send(&served, "event-1", "a");
    served.until(|served| figures(served)["failed"] == 1);
    assert_eq!(tries.load(Ordering::Relaxed), 3);
    let letters = served.admin("GET", "/api/sync/dead-letters");
    let letter = &letters.data()[0];
    assert_eq!(
        (&letter["id"], &letter["queue"], &letter["retryCount"]),
        (&"event-1".into(), &"events".into(), &3.into())
    );
    assert_eq!((&letter["subject"], &letter["error"]), (&"course:a".into(), &"the source is away".into()));
    assert_eq!(letters.json()["meta"]["pagination"]["total"], 1);
    let health = served.admin("GET", "/api/sync/health");
    assert_eq!((health.status, &health.data()["healthy"]), (503, &false.into()));
    assert_eq!(health.data()["failuresByType"], json!({ "webhook": 3 }));
    assert_eq!(health.data()["failuresBySource"], json!({ "hemera": 3 }));
    // Nobody but the administrator.
    let retry = "/api/sync/dead-letters/event-1/retry";
    assert_eq!(served.send("POST", retry, &[], "").status, 401);
    assert_eq!(served.send("POST", retry, &[("x-cron-secret", CRON)], "").status, 403);
    assert_eq!(served.admin("POST", "/api/sync/dead-letters/nothing/retry").code(), "NO_DEAD_LETTER");
    ill.store(false, Ordering::Relaxed);
    assert_eq!(served.admin("POST", retry).data(), json!({ "id": "event-1", "queued": true }));
    until_empty(&served);
    assert_eq!(served.admin("POST", retry).status, 404);
    assert_eq!(served.admin("GET", "/api/sync/health").status, 200);
}

#[test]
fn a_dead_letter_can_be_dropped_and_process_waits_until_all_is_done() {
    let served = setup()
        .files(&[("index.html", "home")])
        .prepared(|root| {
            let queues =
                aither::sync::Queues::open(&root.join(".aither"), &mut fastrand::Rng::with_seed(1)).unwrap();
            let entry = |id: &str| {
                aither::base::queue::Entry::new(id, "course.updated", "course:a", json!({}), Timestamp::now())
            };
            let mut queue = aither::sync::locked(&queues.pushes);
            queue.accept(vec![entry("push:1")], Timestamp::now()).unwrap();
            (0..3).for_each(|_| queue.failed(&["push:1".into()], "refused", Timestamp::now()).unwrap());
        })
        .start();
    assert_eq!(served.admin("GET", "/api/sync/dead-letters").data()[0]["queue"], "pushes");
    let answer = served.admin("DELETE", "/api/sync/dead-letters/push%3A1");
    assert_eq!(answer.data(), json!({ "id": "push:1", "dropped": true }));
    assert_eq!(served.admin("GET", "/api/sync/dead-letters").data(), json!([]));
    send(&served, "event-9", "a");
    let processed = served.send("POST", "/api/sync/process", &[("x-cron-secret", CRON)], "");
    assert_eq!(
        (processed.status, &processed.data()["total"], &processed.data()["failed"]),
        (200, &0.into(), &0.into())
    );
}

#[test]
fn what_was_accepted_is_done_by_whoever_serves_next() {
    let (step, begun, _go) = held();
    let served = setup()
        .files(&[("index.html", "home")])
        .with(|serve| serve.limits.shutdown = std::time::Duration::ZERO)
        .step(step)
        .start();
    send(&served, "event-1", "a");
    begun.recv_timeout(super::serve_fixture::PATIENCE).unwrap();
    send(&served, "event-2", "b");
    let folder = served.stop();
    let (step, asked) = noting();
    let served = setup().over(folder).step(step).start();
    until_empty(&served);
    let asked = asked.lock().unwrap();
    assert_eq!((asked.len(), asked[0].clone().unwrap().courses.len()), (1, 2));
}

//! Every recorded answer of the real service is replayed, wherever a client could meet it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aither::base::clock::{Clock, ManualClock};
use aither::base::http::{Failure, Headers, Request, Response, Transport};
use aither::config::Details;
use aither::error::{Kind, Result};
use aither::model::catalogue::Catalogue;
use aither::model::change::Pull;
use aither::model::course::{Course, CourseId, Level};
use aither::model::participant::Personal;
use aither::source::{PullRequest, Source};

use super::Client;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures/hemera")
}

/// A recorded answer, as it came.
fn capture(name: &str) -> Response {
    let read = |kind: &str| std::fs::read(folder().join(format!("{name}.{kind}"))).unwrap();
    let head = String::from_utf8(read("headers")).unwrap();
    let (first, rest) = head.split_once('\n').unwrap();
    let status = first.split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Headers = rest.lines().filter_map(|line| line.trim_end().split_once(": ")).collect();
    Response { status, headers, body: read("body") }
}

/// Answers every address with a recording, and what has none with the 404 page of the website.
struct Tape {
    answers: HashMap<String, Response>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Transport for Tape {
    fn send(&self, request: &Request) -> std::result::Result<Response, Failure> {
        let path = request.url.strip_prefix("http://hemera.test/api/service").unwrap().to_owned();
        // The end of the list is asked for where the recording says that there is more.
        let known = if path.starts_with("/courses?") { LIST } else { &path };
        let answer = self.answers.get(known).cloned().unwrap_or_else(|| capture("19-templates"));
        self.asked.lock().unwrap().push(path);
        Ok(answer)
    }
}

const LIST: &str = "/courses?limit=500&offset=0";

/// A pull over these recordings: what it came to, how many requests it took and how long they would have taken.
fn replay(answers: &[(&str, Response)], details: Details, results: bool) -> (Result<Pull>, usize, Duration) {
    let mut client = Client::with_details(0, details);
    client.clock = Arc::new(ManualClock::new("2026-11-21T01:30:00Z".parse().unwrap()));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let answers = answers.iter().map(|(path, answer)| ((*path).to_owned(), answer.clone())).collect();
    let tape = Tape { answers, asked: asked.clone() };
    let mut hemera = client.connect(Box::new(tape)).unwrap();
    let request = PullRequest {
        only: None,
        known: &Catalogue::default(),
        validators: &Default::default(),
        templates: &[],
        full: false,
        participants_wanted: true,
        internal: None,
        results_wanted: results,
        budget: Duration::from_secs(60),
        held: None,
        unfinished: None,
    };
    let pull = hemera.pull_changes(&request);
    let count = asked.lock().unwrap().len();
    (pull, count, client.clock.elapsed())
}

fn list(name: &str) -> (Result<Pull>, usize, Duration) {
    replay(&[(LIST, capture(name))], Details::None, false)
}

fn courses(pull: Pull) -> Vec<Course> {
    Catalogue::default().after(pull.changes, pull.complete).iter().cloned().collect()
}

#[test]
fn every_recording_is_understood_where_a_list_is_expected() {
    let good = [
        ("01-courses", 7),
        ("02-courses-published-false", 1),
        ("03-courses-level", 3),
        ("05-courses-limit2-offset1", 2),
    ];
    let mut seen: Vec<String> = Vec::new();
    for (name, count) in good {
        let pull = list(name).0.unwrap();
        assert!(pull.complete && pull.refused.is_empty(), "{name}");
        assert_eq!(pull.templates.as_deref(), Some(&[][..]), "{name}: the route is not there");
        assert_eq!(courses(pull).len(), count, "{name}");
        seen.push(name.to_owned());
    }
    let bad = [
        ("04-courses-level-bad", Kind::Refused, 1, "VALIDATION_ERROR, “Ungültige Anfrage”, request 335afccd"),
        ("07-courses-limit501", Kind::Refused, 1, "status 400"),
        ("10-noauth", Kind::Credentials, 1, "UNAUTHORIZED, “Missing authentication token”)"),
        ("11-badkey", Kind::Credentials, 1, "“Not authenticated”, request 2bd80991"),
        ("13-bearer-as-key", Kind::Credentials, 1, "UNAUTHORIZED"),
        ("19-templates", Kind::Refused, 1, "nothing under this address (status 404)"),
        ("20-participations-list", Kind::Refused, 1, "nothing under this address (status 404)"),
        ("22-templates-noauth", Kind::Credentials, 1, "UNAUTHORIZED"),
        ("30-course-detail", Kind::Refused, 1, "no list of courses"),
        ("31-course-detail-empty", Kind::Refused, 1, "no list of courses"),
        ("32-course-404", Kind::Refused, 1, "NOT_FOUND, “Course not found”"),
        ("33-course-bad-id", Kind::Refused, 1, "“Invalid course ID format”"),
        ("35-course-bad-id-badkey", Kind::Refused, 1, "“Invalid course ID format”"),
        ("36-course-unpublished", Kind::Refused, 1, "no list of courses"),
        ("37-materials", Kind::Refused, 1, "no list of courses"),
        ("38-materials-empty", Kind::Refused, 1, "no list of courses"),
        ("40-participation", Kind::Refused, 1, "no list of courses"),
        ("41-participation-404", Kind::Refused, 1, "“Participation not found”"),
        ("42-result-put", Kind::Refused, 1, "holds no data"),
        ("44-result-put-empty", Kind::Refused, 1, "“Invalid request body”"),
        ("45-result-put-badjson", Kind::Refused, 1, "INVALID_INPUT, “Invalid JSON body”"),
        ("48-rate-limited", Kind::Unavailable, 2, "RATE_LIMITED, “Zu viele Anfragen."),
        ("50-db-down", Kind::Unavailable, 4, "INTERNAL_ERROR, “Interner Serverfehler”, request f5100c5e"),
        // One row, taken with limit=1, that says it is one of seven: half an answer.
        ("60-legacy-courses", Kind::Refused, 4, "the server repeats rows, whatever the offset"),
        ("61-legacy-course", Kind::Refused, 1, "no list of courses"),
    ];
    for (name, kind, requests, says) in bad {
        let (result, count, _) = list(name);
        let error = result.unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert!(error.message().contains(says), "{name}: {error}");
        assert_eq!(count, requests, "{name}: {error}");
        let shown = format!("{error} {error:?}");
        for personal in ["Ana", "Jörg", "user_t1", "cbook", "ruhiger"] {
            assert!(!shown.contains(personal), "{name}: {shown}");
        }
        seen.push(name.to_owned());
    }
    let mut there: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| {
            entry.unwrap().file_name().to_str().unwrap().strip_suffix(".body").map(str::to_owned)
        })
        .collect();
    there.sort();
    seen.sort();
    assert_eq!(there, seen, "no recording is left out");
}

#[test]
fn the_recorded_list_is_read_field_by_field() {
    let all = courses(list("01-courses").0.unwrap());
    let course = all.iter().find(|course| course.id == CourseId::new("cfuture0000000000000000a1")).unwrap();
    assert_eq!(&*course.title, "Verhandeln & Überzeugen <Praxis>");
    assert_eq!((&*course.slug, course.level), ("verhandeln-praxis", Level::Intermediate));
    assert_eq!(course.start.unwrap().to_string(), "2027-02-10", "midnight UTC is a day");
    assert_eq!((course.end.unwrap().to_string().as_str(), course.participant_count), ("2027-02-11", 3));
    let open = all.iter().find(|course| course.id == CourseId::new("cnodate00000000000000000b1")).unwrap();
    assert_eq!((open.start, open.end, open.participant_count), (None, None, 0));
}

#[test]
fn the_wrapped_shapes_are_the_same_courses() {
    let mut whole = capture("60-legacy-courses");
    let text = String::from_utf8(whole.body).unwrap();
    whole.body = text.replace("\"total\":7", "\"total\":1").into_bytes();
    let id = "/courses/cfuture0000000000000000a1";
    let (pull, ..) = replay(&[(LIST, whole), (id, capture("30-course-detail"))], Details::All, false);
    let [wrapped] = courses(pull.unwrap()).try_into().unwrap();
    let answers = [(LIST, capture("01-courses")), (id, capture("30-course-detail"))];
    let plain = courses(replay(&answers, Details::All, false).0.unwrap());
    assert!(plain.contains(&wrapped));
    // A detail in its wrapper: 61 is of a course that nobody has booked, so the list is made to say otherwise.
    let mut one = capture("60-legacy-courses");
    let text = String::from_utf8(one.body).unwrap().replace("\"total\":7", "\"total\":1");
    one.body = text.replace("cfuture0000000000000000a1", "cfuture0000000000000000a2").into_bytes();
    let answers = [(LIST, one), ("/courses/cfuture0000000000000000a2", capture("61-legacy-course"))];
    let pull = replay(&answers, Details::All, false).0.unwrap();
    assert_eq!((pull.details_read, pull.participants_read), (1, 0));
}

#[test]
fn the_recorded_bookings_and_results_are_read() {
    let id = "cfuture0000000000000000a1";
    let answers = [
        (LIST, capture("01-courses")),
        ("/courses/cfuture0000000000000000a1", capture("30-course-detail")),
        ("/participations/cpart00000000000000000001", capture("40-participation")),
        ("/participations/cpart00000000000000000002", capture("41-participation-404")),
    ];
    let (pull, ..) = replay(&answers, Details::Upcoming, true);
    let pull = pull.unwrap();
    assert_eq!((pull.details_read, pull.details_left, pull.participants_read), (1, 0, 3));
    let all = courses(pull);
    let course = all.iter().find(|course| course.id == CourseId::new(id)).unwrap();
    let people: Vec<_> = course.participants.as_ref().unwrap().iter().collect();
    let [ana, joerg, nobody] = people.as_slice() else { panic!("three") };
    let text = |value: &Option<Personal>| value.as_ref().map(|value| value.reveal().to_string());
    assert_eq!(text(&ana.name).as_deref(), Some("Ana Beispiel"));
    assert_eq!(text(&ana.desired_results).as_deref(), Some("5 % mehr <b>Gehalt</b>"));
    assert_eq!(text(&ana.line_manager_profile).as_deref(), Some("Zahlenmensch & \"direkt\""));
    assert_eq!(ana.preparation_completed_at.unwrap().to_string(), "2026-10-20T09:30:00Z");
    assert_eq!(ana.created_at.unwrap().to_string(), "2026-10-01T10:00:00Z");
    assert_eq!(text(&joerg.status).as_deref(), Some("PREPARATION"));
    assert_eq!((text(&nobody.name), text(&nobody.participation_id)), (None, None));
    assert!(!format!("{course:?}").contains("Ana"), "and no debug output tells names");
}

#[test]
fn recordings_in_the_place_of_a_detail_fail_no_pull_but_for_the_key() {
    for name in [
        "19-templates",
        "32-course-404",
        "33-course-bad-id",
        "37-materials",
        "31-course-detail-empty",
        "42-result-put",
        "50-db-down",
        "48-rate-limited",
        "01-courses",
    ] {
        let answers = [(LIST, capture("01-courses")), ("/courses/cfuture0000000000000000a1", capture(name))];
        let (pull, ..) = replay(&answers, Details::Upcoming, false);
        let pull = pull.unwrap();
        assert_eq!((pull.changes.len(), pull.details_read, pull.details_left), (7, 0, 1), "{name}");
    }
    for name in ["10-noauth", "11-badkey"] {
        let answers = [(LIST, capture("01-courses")), ("/courses/cfuture0000000000000000a1", capture(name))];
        assert_eq!(replay(&answers, Details::Upcoming, false).0.unwrap_err().kind(), Kind::Credentials);
    }
}

#[test]
fn retry_after_of_the_recording_is_waited_for() {
    let (_, _, waited) = list("48-rate-limited");
    assert_eq!(waited, Duration::from_secs(46), "once; a second time would go past the minute");
}

//! The sources that read files: the sample, whose dates move with the clock, and a JSON file of courses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aither::base::clock::{Clock, ManualClock};
use aither::base::files;
use aither::config::{Config, Environment};
use aither::error::{Error, Kind};
use aither::model::catalogue::Catalogue;
use aither::model::change::{Change, Pull};
use aither::model::course::{Course, Level};
use aither::source::{PullRequest, Source, file, sample};
use jiff::tz::TimeZone;
use proptest::prelude::*;

fn pull(source: &mut dyn Source) -> Result<Pull, Error> {
    assert!(!source.is_remote());
    source.pull_changes(&PullRequest {
        only: None,
        known: &Catalogue::default(),
        validators: &BTreeMap::new(),
        templates: &[],
        full: false,
        participants_wanted: true,
        internal: None,
        results_wanted: false,
        budget: Duration::from_secs(1),
        held: None,
        unfinished: None,
    })
}

fn courses(pull: &Pull) -> Vec<&Course> {
    let upserts = pull.changes.iter().map(|change| match change {
        Change::Upsert(course) => &**course,
        Change::Remove(id) => panic!("{id} is removed"),
    });
    upserts.collect()
}

fn of_file(json: &str) -> Result<Pull, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("courses.json");
    files::write_new(&path, json.as_bytes()).unwrap();
    let result = pull(&mut file::open(&path, TimeZone::get("Europe/Berlin").unwrap()));
    result.map_err(|e| {
        let message = e.message().replace(&path.display().to_string(), "courses.json");
        Error::new(e.kind(), message)
    })
}

/// The courses of a list with one row, or why it was refused.
fn row(fields: &str) -> Result<Course, String> {
    let pull = of_file(&format!("[{{{fields}}}]")).unwrap();
    match (courses(&pull).as_slice(), pull.refused.as_slice()) {
        ([course], []) => Ok((*course).clone()),
        ([], [refused]) => Err(format!("{}: {}", refused.id, refused.reason)),
        other => panic!("{other:?}"),
    }
}

const LEAST: &str = r#""id": 7, "title": "T", "level": "BEGINNER""#;

#[test]
fn the_sample_never_ages() {
    let folder = tempfile::tempdir().unwrap();
    files::write_new(&folder.path().join("aither.toml"), b"[site]\ntime_zone = \"Europe/Berlin\"").unwrap();
    let config = Config::load(folder.path(), &Environment::default()).unwrap();
    // 00:30 of the next day in Berlin.
    let clock = Arc::new(ManualClock::new("2026-11-20T23:30:00Z".parse().unwrap()));
    let mut sample = sample::open(&config, clock.clone());

    let first = pull(&mut sample).unwrap();
    assert!(first.complete && first.refused.is_empty(), "{:?}", first.refused);
    assert_eq!(first.changes.len(), 20);
    let find = |pull: &Pull, slug: &str| {
        courses(pull).into_iter().find(|course| &*course.slug == slug).unwrap().clone()
    };
    let course = find(&first, "ruhig-verhandeln");
    assert_eq!(course.start.unwrap().to_string(), "2026-12-03");
    assert_eq!(course.participants.as_ref().unwrap().len(), course.participant_count as usize);
    let today = clock.now();
    let upcoming = |pull: &Pull, now| {
        let zone = &config.site.time_zone;
        courses(pull).iter().filter(|c| c.end.is_some_and(|end| end.end(zone) > now)).count()
    };
    assert_eq!(upcoming(&first, today), 17);

    // The same on the same day, to the byte; a year later everything has moved by a year.
    clock.advance(Duration::from_secs(3_600));
    assert_eq!(pull(&mut sample).unwrap(), first);
    clock.advance(Duration::from_secs(365 * 86_400));
    let later = pull(&mut sample).unwrap();
    assert_eq!(find(&later, "ruhig-verhandeln").start.unwrap().to_string(), "2027-12-03");
    assert_eq!(upcoming(&later, clock.now()), 17);
}

#[test]
fn a_site_may_bring_its_own_sample() {
    let folder = tempfile::tempdir().unwrap();
    files::write_new(&folder.path().join("aither.toml"), b"").unwrap();
    files::write_new(
        &folder.path().join("content").join(sample::FILE),
        format!(r#"[{{{LEAST}, "startDate": "+1", "endDate": "+0"}}, {{{LEAST}, "startDate": "+1"}}]"#)
            .as_bytes(),
    )
    .unwrap();
    let config = Config::load(folder.path(), &Environment::default()).unwrap();
    let clock = Arc::new(ManualClock::new("2026-11-20T10:00:00Z".parse().unwrap()));
    let pull = pull(&mut sample::open(&config, clock)).unwrap();
    assert_eq!(courses(&pull)[0].start.unwrap().to_string(), "2026-11-21");
    assert_eq!(pull.refused[0].reason, "`endDate` lies before `startDate`");
}

#[test]
fn every_field_of_a_row_is_read() {
    let course = row(
        r#""id": "ck1", "title": " Öl & „Essig“ ", "slug": "oel", "level": "advanced", "startDate": "2027-03-01",
        "endDate": "2027-03-02T17:00:00", "participantCount": 9, "description": "a \u00e4 b", "price": 12.5,
        "currency": "EUR", "location": "Bonn", "instructor": "Pia Probe", "image": "/b.jpg",
        "updatedAt": "2026-01-01T00:00:00Z", "more": [1, {"a": 2}],
        "participants": [
            {"bookingId": "b2", "userId": "u2", "name": "Ana Beispiel", "status": "SUMMARY"},
            {"bookingId": "b1", "userId": "u1", "name": null, "preparationIntent": "x",
             "preparationCompletedAt": "2026-10-20T09:30:00Z"}],
        "participations": [{"id": "p1", "bookingId": "b1", "status": "RESULT", "createdAt": "2026-10-01T10:00:00Z",
             "resultOutcome": "gut"}]"#,
    )
    .unwrap();
    assert_eq!((&*course.title, &*course.slug, course.level), ("Öl & „Essig“", "oel", Level::Advanced));
    assert_eq!(course.end.unwrap().to_string(), "2027-03-02T16:00:00Z");
    assert_eq!((course.participant_count, course.price), (9, Some(12.5)));
    assert_eq!(course.description.as_deref(), Some("a ä b"));
    assert_eq!((course.currency.as_deref(), course.location.as_deref()), (Some("EUR"), Some("Bonn")));
    assert_eq!((course.instructor.as_deref(), course.image.as_deref()), (Some("Pia Probe"), Some("/b.jpg")));
    let people: Vec<_> = course.participants.unwrap().iter().collect();
    assert_eq!(&**people[0].booking_id.reveal(), "b1");
    assert_eq!(&**people[0].participation_id.as_ref().unwrap().reveal(), "p1");
    assert_eq!(&**people[0].status.as_ref().unwrap().reveal(), "RESULT");
    assert_eq!(&**people[0].result_outcome.as_ref().unwrap().reveal(), "gut");
    assert_eq!(people[0].created_at.unwrap().to_string(), "2026-10-01T10:00:00Z");
    assert_eq!(&**people[1].name.as_ref().unwrap().reveal(), "Ana Beispiel");
}

#[test]
fn what_is_missing_has_a_default() {
    let people: Vec<String> =
        (0..12).map(|n| format!(r#"{{"name": "Person {n}", "status": "CONFIRMED"}}"#)).collect();
    let course = row(&format!(r#"{LEAST}, "participants": [{}]"#, people.join(","))).unwrap();
    assert_eq!((course.id.as_str(), &*course.slug, course.participant_count), ("7", "t", 12));
    let people: Vec<_> = course.participants.unwrap().iter().collect();
    assert_eq!(&**people[0].booking_id.reveal(), "000001");
    assert_eq!(&**people[11].name.as_ref().unwrap().reveal(), "Person 11");
    assert_eq!(row(LEAST).unwrap().participants, None);
}

#[test]
fn control_characters_do_not_get_into_pages() {
    let fields =
        r#""id": "7", "level": "BEGINNER", "title": "A\u0000B", "description": "x\u000by\u0085z\nw""#;
    let course = row(fields).unwrap();
    assert_eq!((&*course.title, course.description.as_deref()), ("A B", Some("x y z\nw")));
}

#[test]
fn a_row_that_does_not_validate_is_set_aside_with_its_reason() {
    for (fields, reason) in [
        (r#""title": "T""#, "row 1: `id` must be a text or a whole number"),
        (r#""id": 1.5"#, "row 1: `id` must be a text or a whole number"),
        (r#""id": " ""#, "row 1: `id` must be a text or a whole number"),
        (r#""id": "a""#, "a: `title` is missing"),
        (r#""id": "a", "title": " ""#, "a: `title` is missing"),
        (r#""id": "a", "title": {"x": 1}"#, "a: `title` must be a text, not an object"),
        (r#""id": "a", "title": "T""#, "a: `level` is missing"),
        (
            r#""id": "a", "title": "T", "level": "EXPERT""#,
            "a: `level` must be BEGINNER, INTERMEDIATE or ADVANCED, not `EXPERT`",
        ),
    ] {
        assert_eq!(row(fields).unwrap_err(), reason);
    }
    for (field, reason) in [
        (
            r#""startDate": "bald""#,
            "7: `startDate` must be a date such as 2027-02-10 or a time such as 2027-02-10T09:30:00Z, not `bald`",
        ),
        (
            r#""startDate": "+21""#,
            "7: `startDate` must be a date such as 2027-02-10 or a time such as 2027-02-10T09:30:00Z, not `+21`",
        ),
        (
            r#""endDate": "9999-12-31""#,
            "7: `endDate` must be a date such as 2027-02-10 or a time such as 2027-02-10T09:30:00Z, not `9999-12-31`",
        ),
        (r#""startDate": "2027-02-02", "endDate": "2027-02-01""#, "7: `endDate` lies before `startDate`"),
        (r#""participantCount": -1"#, "7: `participantCount` cannot be -1"),
        (r#""participantCount": "3""#, "7: `participantCount` must be a whole number, not a text"),
        (r#""price": "12""#, "7: `price` must be a number, not a text"),
        (r#""price": -0.5"#, "7: `price` cannot be -0.5"),
        (
            r#""currency": "Euro""#,
            "7: `currency` must be a code of three capital letters such as EUR, not `Euro`",
        ),
        (
            r#""image": "javascript:alert(1)""#,
            "7: `image` must be an address that begins with https://, or a path",
        ),
        (r#""participants": "Ana Beispiel""#, "row 1: does not have the shape of a course"),
        (r#""participants": [{"name": ["Ana"]}]"#, "7: `participants.name` must be a text, not a list"),
    ] {
        assert_eq!(row(&format!("{LEAST}, {field}")).unwrap_err(), reason);
    }
}

#[test]
fn one_bad_row_does_not_spoil_the_others() {
    let pull = of_file(&format!(
        r#"[{{{LEAST}}}, 3, null, {{{LEAST}}}, {{"id": 8, "title": "Ü", "level": "ADVANCED"}}]"#
    ));
    let pull = pull.unwrap();
    assert_eq!(courses(&pull).iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["7", "8"]);
    let reasons: Vec<_> = pull.refused.iter().map(|r| format!("{}: {}", r.id, r.reason)).collect();
    assert_eq!(
        reasons,
        [
            "row 2: does not have the shape of a course",
            "row 3: does not have the shape of a course",
            "7: row 4 has the id of row 1"
        ]
    );
}

#[test]
fn a_file_that_is_no_list_of_courses_is_refused_whole() {
    for (json, message) in [
        ("", "courses.json:1:1: the file is empty"),
        ("<!doctype html>", "courses.json:1:1: this is no JSON list of courses"),
        ("[\n  {\"id\": 1,\n", "courses.json:3:1: the file is cut off"),
        ("[{\"id\": 1},\n {\"id\": 1,, }]", "courses.json:2:11: this is no JSON"),
        (
            r#"{"success": false, "error": {}}"#,
            "courses.json:1:32: expected a list of courses, or an object with one in `data`",
        ),
    ] {
        let error = of_file(json).unwrap_err();
        assert_eq!((error.kind(), error.message()), (Kind::Refused, message));
    }
    let absent = std::env::temp_dir().join("aither-no-such-file.json");
    let error = pull(&mut file::open(&absent, TimeZone::UTC)).unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.message().starts_with("cannot read "), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_bytes_are_too_odd(json in r#"([\[\]{}:,"\\ \n]|1|null|true|"id"|"data":|"courses":|ä){0,40}"#) {
        let _ = of_file(&json);
    }

    /// What is cut off anywhere is refused, never taken for a shorter catalogue.
    #[test]
    fn a_file_cut_off_anywhere_is_refused(cut in 0..100_usize) {
        let json = format!(r#"{{"data": [{{{LEAST}, "slug": "ä]}}"}}, {{"id": 2}}], "meta": {{}}}}"#);
        let cut = (0..=json.len() * cut / 100).rev().find(|at| json.is_char_boundary(*at)).unwrap_or(0);
        prop_assert_eq!(of_file(&json[..cut]).unwrap_err().kind(), Kind::Refused);
    }
}

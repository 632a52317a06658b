//! A record that does not validate is set aside with its reason; the rest goes on.

use aither::error::Kind;
use aither::model::course::Level;
use serde_json::{Value, json};

use super::Client;

/// Pulls twenty courses of which one is spoilt, and hands back the id and the reason of the refused one.
fn refused(spoilt: Value) -> (String, String) {
    let mut client = Client::of(20);
    client.academy.state().courses[4].spoilt = Some(spoilt.clone());
    let pull = client.pull().unwrap();
    assert_eq!((pull.changes.len(), pull.refused.len()), (19, 1), "{spoilt}");
    let refused = pull.refused.into_iter().next().unwrap();
    assert_eq!(refused.entity, "course");
    (refused.id, refused.reason)
}

#[test]
fn a_course_that_does_not_validate_is_set_aside_with_its_reason() {
    let missing = json!({});
    for (spoilt, reason) in [
        (json!({"title": missing}), "title is missing"),
        (json!({"title": null}), "title is missing"),
        (json!({"title": "  "}), "title is empty"),
        (json!({"title": 7}), "title is not a text"),
        (json!({"title": "x".repeat(501)}), "title is longer than 500 characters"),
        (json!({"title": "a\u{0}b"}), "title holds control characters"),
        (json!({"slug": missing}), "slug is missing"),
        (json!({"slug": ""}), "slug is empty"),
        (json!({"level": "EXPERT"}), "level is “EXPERT”: expected BEGINNER, INTERMEDIATE or ADVANCED"),
        (json!({"level": "beginner"}), "level is “beginner”: expected BEGINNER, INTERMEDIATE or ADVANCED"),
        (json!({"startDate": "2027-13-01"}), "startDate is “2027-13-01”: expected a date"),
        (json!({"endDate": 1_795_224_470}), "endDate is not a text"),
        (json!({"participantCount": -1}), "participantCount is not a count"),
        (json!({"participantCount": 1.5}), "participantCount is not a count"),
        (json!({"participantCount": "3"}), "participantCount is not a count"),
        (json!({"participantCount": 5_000_000_000_u64}), "participantCount is not a count"),
        (json!({"participantCount": missing}), "participantCount is missing"),
    ] {
        let (id, told) = refused(spoilt);
        assert_eq!(id, "ck00000004demo");
        assert!(told.starts_with(reason), "{told}");
    }
}

#[test]
fn a_course_without_a_usable_id_is_named_by_its_place() {
    for id in [
        json!({}),
        json!(null),
        json!(""),
        json!(12),
        json!("../../etc/passwd"),
        json!("a b"),
        json!("x".repeat(200)),
    ] {
        let (id, reason) = refused(json!({"id": id}));
        assert!(id.starts_with("row ") && id.len() < 8, "{id}");
        assert!(reason.starts_with("id "), "{reason}");
    }
}

#[test]
fn a_row_that_is_no_object_is_set_aside_too() {
    let mut client = Client::of(3);
    client.academy.state().extra_rows = vec![json!("noise"), json!(null), json!([1])];
    let pull = client.pull().unwrap();
    assert_eq!((pull.changes.len(), pull.refused.len()), (3, 3));
    assert!(pull.refused.iter().all(|refused| refused.reason == "it is not an object"));
}

#[test]
fn good_records_keep_every_character() {
    let mut client = Client::of(12);
    client.academy.state().courses[2].title = " Führen\tohne\n<Druck> & \"Maß\" \u{1f600} ".to_owned();
    client.sync();
    let course = client.course("ck00000002demo");
    assert_eq!(&*course.title, "Führen ohne <Druck> & \"Maß\" \u{1f600}");
    assert_eq!((course.level, course.participant_count), (Level::Advanced, 2));
    assert_eq!(client.course("ck00000010demo").start, None);
    assert_eq!(client.course("ck00000008demo").participant_count, 1, "cancelled bookings count");
}

#[test]
fn templates_come_when_the_route_is_there_and_are_none_before() {
    let mut client = Client::of(3);
    assert_eq!(client.pull().unwrap().templates, None, "404 with a web page");
    let good = json!({"id": "ct1", "name": "course", "kind": "layout", "markup": "<h1>{{ x }}</h1>",
        "updatedAt": "2026-11-01T08:00:00.000Z"});
    let mut evil = good.clone();
    evil["name"] = json!("../../aither.toml");
    let mut empty = good.clone();
    empty["markup"] = json!(null);
    client.academy.state().templates = Some(vec![good.clone(), evil, empty, good]);
    let pull = client.pull().unwrap();
    let templates = pull.templates.unwrap();
    assert_eq!(templates.len(), 1);
    assert_eq!((templates[0].name.as_str(), templates[0].markup.as_str()), ("course", "<h1>{{ x }}</h1>"));
    let reasons: Vec<_> = pull.refused.iter().map(|refused| refused.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "name is not a path of letters, digits, -, _ and .",
            "markup is missing",
            "another template has the same kind and name"
        ]
    );
    // A route that is there, but answers with a page: that is not "none".
    client.academy.state().faults.only = Some("/templates".to_owned());
    client.academy.state().faults.html = true;
    let error = client.pull().unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert!(error.message().contains("GET /api/service/templates: the server answered with HTML"), "{error}");
}

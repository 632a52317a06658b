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
    assert_eq!(client.pull().unwrap().templates, Some(Vec::new()), "404 with a web page");
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
}

/// A client that knows one template, `course`, and a second one that the academy does not have any more.
fn with_templates() -> Client {
    let mut client = Client::of(3);
    let template = |id: &str| json!({"id": id, "name": id, "kind": "layout", "markup": "<h1>{{ x }}</h1>", "updatedAt": null});
    client.academy.state().templates = Some(vec![template("ct1"), template("ct2")]);
    assert_eq!(client.sync().templates.unwrap().len(), 2);
    client.academy.state().templates = Some(vec![template("ct1")]);
    client
}

#[test]
fn templates_that_cannot_be_read_stay_as_they_were_and_stop_nothing() {
    type Break = fn(&mut super::academy::Faults);
    let status: fn(u16) -> Break = |status| match status {
        400 => |faults| faults.status = Some(400),
        403 => |faults| faults.status = Some(403),
        429 => |faults| faults.status = Some(429),
        500 => |faults| faults.status = Some(500),
        _ => |faults| faults.status = Some(503),
    };
    let broken: [(Break, &str); 10] = [
        (status(400), "status 400"),
        (status(403), "status 403"),
        (status(429), "status 429"),
        (status(500), "status 500"),
        (status(503), "status 503"),
        (|faults| faults.html = true, "the server answered with HTML"),
        (|faults| faults.garbage = true, "not JSON"),
        (|faults| faults.half_json = true, "ends in the middle"),
        (|faults| faults.cut_off = true, "cut off"),
        (|faults| faults.delay = std::time::Duration::from_secs(600), "the time for the pull is up"),
    ];
    for (fault, says) in broken {
        let mut client = with_templates();
        {
            let faults = &mut client.academy.state().faults;
            faults.only = Some("/templates".to_owned());
            fault(faults);
            faults.fail_every = faults.status.map(|_| 1);
        }
        let pull = client.pull().unwrap_or_else(|error| panic!("{says}: {error}"));
        assert_eq!((pull.changes.len(), pull.templates), (3, None), "{says}");
        let warnings = client.reporter.warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(
            warnings[0].starts_with("GET /api/service/templates") && warnings[0].contains(says),
            "{warnings:?}"
        );
        assert!(warnings[0].ends_with("stay as they were at the last sync"), "{warnings:?}");
    }
    // The key concerns all that is asked for.
    let client = &mut with_templates();
    {
        let faults = &mut client.academy.state().faults;
        faults.only = Some("/templates".to_owned());
        (faults.status, faults.fail_every) = (Some(401), Some(1));
    }
    assert_eq!(client.pull().unwrap_err().kind(), Kind::Credentials);
    // And where the route goes, the templates go.
    let client = &mut with_templates();
    client.academy.state().templates = None;
    assert_eq!(client.sync().templates, Some(Vec::new()));
    assert!(client.reporter.warnings().is_empty());
}

#[test]
fn a_template_that_does_not_validate_keeps_its_last_good_value() {
    let broken = json!({"id": "ct1", "name": "ct1", "kind": "layout", "markup": 7});
    let mut client = with_templates();
    client.academy.state().templates = Some(vec![broken.clone()]);
    let pull = client.pull().unwrap();
    let names: Vec<_> = pull.templates.iter().flatten().map(|template| template.name.as_str()).collect();
    assert_eq!((names, pull.refused.len()), (vec!["ct1"], 1));
    client.academy.state().templates = Some(vec![broken, json!(3)]);
    let pull = client.sync();
    let names: Vec<_> = pull.templates.iter().flatten().map(|template| template.name.as_str()).collect();
    assert_eq!((names, pull.refused.len()), (vec!["ct1", "ct2"], 2), "the second may be anything");
}

//! An Ed-Fi server: discovery, pages, changes, tombstones, changes of keys; and several sources side by side.

use aither::error::Kind;
use aither::project::{Options, Summary};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::fixture::Fixture;
use crate::support::edfi::{CLIENT, Data, Habits, Service};
use crate::support::oneroster::{self, BEARER};
use crate::support::stand::{Reply, Trouble};

fn service(courses: usize, habits: Habits) -> Service {
    Service::start(0, habits, Data::made_up(courses)).unwrap()
}

fn site(service: &Service, more: &str) -> Fixture {
    let base = service.stand.url();
    Fixture::new(&format!(
        "source = \"edfi\"\n[site]\ntitle = \"Schule\"\nbase_url = \"https://s.example\"\n\
         [edfi]\nbase_url = \"{base}/\"\nretries = 2\n{more}\n"
    ))
    .env("EDFI_CLIENT_ID", CLIENT.0)
    .env("EDFI_CLIENT_SECRET", CLIENT.1)
}

fn sync(summary: &Summary) -> (usize, usize, usize) {
    let sync = summary.sync.as_ref().unwrap();
    (sync.added, sync.updated, sync.removed)
}

fn is_delta(summary: &Summary) -> bool {
    summary.sync.as_ref().unwrap().parts[0].is_delta
}

fn next(site: &mut Fixture) -> Summary {
    site.now += SignedDuration::from_mins(5);
    site.build()
}

#[test]
fn a_section_is_a_course_run() {
    let service = service(3, Habits::default());
    let site = site(&service, "[edfi.levels]\nmathematics = \"ADVANCED\"").write(
        "templates/layouts/course.liquid",
        "{{ course.title }}|{{ course.code }}|{{ course.level }}|{{ course.start_date | date: '%F' }}|\
         {{ course.end_date | date: '%F' }}|{{ course.location }}|{{ course.participant_count }}|{{ course.description }}",
    );
    let summary = site.build();
    assert_eq!(summary.courses, 6);
    assert_eq!(
        site.output("courses/kurs-001/index.html"),
        "Kurs 001|K-001|ADVANCED|2026-12-01|2027-01-31|R1|3|Worum es in Kurs 001 geht."
    );
    assert!(site.reporter.warnings().is_empty(), "{:?}", site.reporter.warnings());
    // A token for all of it, although its life makes no sense, and no question about students.
    let log = service.stand.log();
    assert_eq!(log.iter().filter(|(asked, _)| asked.path.ends_with("/token")).count(), 1);
    assert!(log.iter().all(|(asked, _)| !asked.path.ends_with("/students")));
    for file in [".aither/snapshot.json", ".aither/records.jsonl", ".aither/records.sealed"] {
        let bytes = std::fs::read(site.path(file)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("60000") && !text.contains("Beispiel"), "{file}");
    }
}

#[test]
fn people_have_names_only_where_they_are_shown() {
    let service = service(1, Habits::default());
    let site = site(&service, "[privacy]\npublic_fields = [\"name\"]").write(
        "templates/layouts/course.liquid",
        "{% for p in course.participants %}[{{ p.name }}]{% endfor %}",
    );
    site.build();
    assert_eq!(
        site.output("courses/kurs-000/index.html"),
        "[Ana Beispiel-0][Ana Beispiel-1][Ana Beispiel-2]"
    );
}

#[test]
fn all_pages_come_by_offset_and_by_token() {
    for (version, gives_tokens, tokens) in [("7.2", false, false), ("7.3", true, true), ("7.3", false, false)]
    {
        let service = service(40, Habits { version, gives_tokens, ..Habits::default() });
        let site = site(&service, "page_size = 7");
        assert_eq!(site.build().courses, 80, "{version}");
        let log = service.stand.log();
        let by = |name: &str| log.iter().filter(|(asked, _)| asked.get(name).is_some()).count();
        assert_eq!(by("pageToken") > 0, tokens, "{version} {gives_tokens}");
        assert_eq!(by("offset") == 0, tokens, "{version} {gives_tokens}");
        assert!(log.iter().all(|(asked, _)| asked.get("maxChangeVersion").is_none()));
    }
}

#[test]
fn a_tenant_has_its_place_in_the_addresses() {
    let service = service(1, Habits { has_places: true, ..Habits::default() });
    let error = site(&service, "").try_build(Options::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.hints()[0].contains("`tenant` or `year`"), "{error:?}");
    assert_eq!(site(&service, "tenant = \"tenant-1\"\nyear = 2027").build().courses, 2);
}

#[test]
fn changes_tombstones_and_other_keys_are_followed() {
    let service = service(4, Habits::default());
    let mut site = site(&service, "");
    assert!(!is_delta(&site.build()));
    service.stand.take_log();
    let summary = next(&mut site);
    // The page that says when that was is the only one.
    assert!(is_delta(&summary) && summary.build.rendered == 1);
    assert_eq!(
        service.stand.take_log().len(),
        3,
        "the description, a token, the versions: nothing has changed"
    );

    service.change(|data| data.edit("courses", 1, "courseTitle", json!("Kurs eins, neu")));
    let summary = next(&mut site);
    assert!(is_delta(&summary));
    assert_eq!(sync(&summary), (0, 2, 0), "both sections of the course");
    assert!(site.has("courses/kurs-eins-neu/index.html"));
    let log = service.stand.take_log();
    assert!(
        log.iter().any(|line| line.contains("/courses/keyChanges?") && line.contains("minChangeVersion=")),
        "{log:#?}"
    );

    service.change(|data| data.delete("sections", 0));
    let summary = next(&mut site);
    // The other section of the course now has the title for its address alone.
    assert_eq!((is_delta(&summary), sync(&summary)), (true, (0, 1, 1)));

    // The session has another name: what refers to it comes with other keys, and nothing gets lost.
    service.change(|data| {
        let session = data.row("sessions", 0);
        let key = |name: &str| json!({ "schoolId": 255, "schoolYear": 2027, "sessionName": name });
        data.change_key("sessions", &session["id"], key("Herbst"), key("Winter"));
        for at in 0..data.resources["sections"].len() {
            let section = data.row("sections", at);
            let mut old = section["courseOfferingReference"].clone();
            old["sectionIdentifier"] = section["sectionIdentifier"].clone();
            let mut new = old.clone();
            new["sessionName"] = json!("Winter");
            data.change_key("sections", &section["id"], old, new);
        }
        for at in 0..data.resources["studentSectionAssociations"].len() {
            let association = data.row("studentSectionAssociations", at);
            let old = association["sectionReference"].clone();
            let mut new = old.clone();
            new["sessionName"] = json!("Winter");
            data.change_key("studentSectionAssociations", &association["id"], old, new);
        }
        for at in 0..data.resources["courseOfferings"].len() {
            let offering = data.row("courseOfferings", at);
            let mut old = offering["sessionReference"].clone();
            old["localCourseCode"] = offering["localCourseCode"].clone();
            let mut new = old.clone();
            new["sessionName"] = json!("Winter");
            data.change_key("courseOfferings", &offering["id"], old, new);
        }
    });
    let summary = next(&mut site);
    assert!(is_delta(&summary));
    assert_eq!((sync(&summary), summary.courses), ((0, 0, 0), 7));

    let cursors: Value =
        serde_json::from_str(&std::fs::read_to_string(site.path(".aither/cursors.json")).unwrap()).unwrap();
    let newest = crate::support::stand::lock(&service.data).newest.to_string();
    assert_eq!(cursors["sources"]["edfi"]["cursors"]["sections"], newest);
    let part = &summary.sync.as_ref().unwrap().parts[0];
    assert_eq!(part.cursor_after.as_deref(), Some(&*newest));
}

#[test]
fn a_history_that_was_cut_or_begun_anew_means_a_full_reading() {
    let service = service(2, Habits::default());
    let mut site = site(&service, "");
    site.build();
    service.change(|data| {
        data.newest += 100;
        data.oldest = data.newest - 5;
    });
    assert!(!is_delta(&next(&mut site)));
    assert!(is_delta(&next(&mut site)));
    // Set up anew: what is newest is older than what was saved.
    service.change(|data| (data.oldest, data.newest) = (0, 3));
    assert!(!is_delta(&next(&mut site)));
}

#[test]
fn a_server_that_counts_no_changes_is_read_in_full() {
    let service = service(2, Habits { counts_changes: false, ..Habits::default() });
    let mut site = site(&service, "");
    site.build();
    service.change(|data| {
        data.resources.get_mut("sections").unwrap().pop();
    });
    let summary = next(&mut site);
    assert_eq!((is_delta(&summary), summary.courses), (false, 3));
}

#[test]
fn older_records_and_odd_ones_do_no_harm() {
    let service = service(1, Habits::default());
    service.change(|data| {
        let mut course = data.row("courses", 0);
        course.as_object_mut().unwrap().remove("academicSubjects");
        course["academicSubjectDescriptor"] = json!("uri://x/AcademicSubjectDescriptor#Advanced");
        data.put("courses", course);
        data.put("sections", json!({ "id": "ff", "sectionIdentifier": "X" }));
    });
    let site = site(&service, "").write("templates/layouts/course.liquid", "{{ course.level }}");
    assert_eq!(site.build().courses, 2);
    assert_eq!(site.output("courses/kurs-000/index.html"), "ADVANCED");
    assert_eq!(site.reporter.warnings(), ["course ff set aside: a reference is missing"]);
}

#[test]
fn failures_are_waited_out_or_leave_the_site_as_it_is() {
    let service = service(2, Habits::default());
    let mut site = site(&service, "");
    let ill = |status: u16, times: usize| Trouble {
        path: "/courses".into(),
        after: 0,
        times,
        reply: Reply::json(status, &json!({ "detail": "busy", "status": status })).header("Retry-After", "3"),
    };
    service.stand.trouble(ill(429, 1));
    service.stand.trouble(ill(503, 1));
    assert_eq!(site.build().courses, 4);
    let tree = site.tree();
    service.change(|data| data.edit("courses", 1, "courseTitle", json!("Neu")));
    service.stand.trouble(ill(500, 3));
    site.now += SignedDuration::from_mins(5);
    let error = site.try_build(Options::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.message().contains("“busy”"), "{error}");
    assert!(Fixture::changed(&tree, &site.tree()).is_empty());
    let summary = next(&mut site);
    assert_eq!((is_delta(&summary), sync(&summary)), (true, (0, 2, 0)));
}

#[test]
fn changes_that_were_cut_off_go_on_where_they_were() {
    let service = service(3, Habits::default());
    let mut site = site(&service, "");
    site.build();
    let cursors = |site: &Fixture| std::fs::read(site.path(".aither/cursors.json")).unwrap();
    let before = cursors(&site);
    service.change(|data| {
        data.edit("courses", 1, "courseTitle", json!("Neu"));
        data.edit("sections", 3, "sectionName", json!("S"));
    });
    let cut =
        Trouble { path: "/studentSectionAssociations".into(), after: 0, times: 3, reply: Reply::empty(503) };
    service.stand.trouble(cut);
    site.now += SignedDuration::from_mins(5);
    assert!(site.try_build(Options::default()).is_err());
    assert_eq!(cursors(&site), before, "nothing of it is published");
    service.stand.take_log();
    site.now += SignedDuration::from_mins(1);
    let summary = site.build();
    assert_eq!((is_delta(&summary), sync(&summary)), (true, (0, 2, 0)));
    let log = service.stand.take_log();
    let lists: Vec<&String> = log.iter().filter(|line| line.contains("/ed-fi/")).collect();
    assert!(lists.iter().all(|line| line.contains("/studentSectionAssociations")), "{log:#?}");
    assert_ne!(cursors(&site), before);
    // A build that fails is asked for the same changes again.
    let before = cursors(&site);
    service.change(|data| data.edit("courses", 1, "courseTitle", json!("Noch neuer")));
    site.put("templates/layouts/course.liquid", "{{ course.title");
    site.now += SignedDuration::from_mins(1);
    assert!(site.try_build(Options::default()).is_err());
    assert_eq!(cursors(&site), before);
    site.remove("templates/layouts/course.liquid");
    let summary = next(&mut site);
    assert!(is_delta(&summary) && site.output("courses/noch-neuer/index.html").contains("Noch neuer"));
}

/// An event names a section, its offering or its course: no list but that of who is in it is asked for.
#[test]
fn a_section_that_an_event_names_is_read_by_itself() {
    for habits in [
        Habits::default(),
        Habits { counts_changes: false, ..Habits::default() },
        Habits { ignores_questions: true, ..Habits::default() },
        Habits { version: "7.3", gives_tokens: true, ..Habits::default() },
    ] {
        let told = format!("{habits:?}");
        let service = service(5, habits);
        let mut site = site(&service, "[sync]\nfull_every = 3")
            .write("templates/layouts/course.liquid", "{{ course.title }}|{{ course.participant_count }}");
        site.build();
        service.change(|data| {
            data.edit("courses", 1, "courseTitle", json!("Neu"));
            // Somebody has left, somebody has come.
            data.delete("studentSectionAssociations", 3);
            let mut more = data.row("studentSectionAssociations", 3);
            more["id"] = json!("00000006000000000000000000000099");
            data.put("studentSectionAssociations", more.clone());
            more["id"] = json!("00000006000000000000000000000098");
            data.put("studentSectionAssociations", more);
        });
        let id = |kind: &str, number: usize| format!("0000000{kind}{number:024x}");
        service.stand.take_log();
        site.now += SignedDuration::from_mins(5);
        let summary = site.build_named(&[&id("5", 2)]);
        assert_eq!(summary.courses, 10, "{told}");
        assert_eq!(site.output("courses/neu/index.html"), "Neu|4", "{told}");
        let log = service.stand.take_log();
        let lists = log.iter().filter(|line| line.contains("/ed-fi/") && line.contains('?'));
        assert!(lists.clone().all(|line| line.contains("/studentSectionAssociations?")), "{log:#?}");
        assert!(lists.clone().all(|line| line.contains("localCourseCode=K-001")), "{log:#?}");
        for path in [("sections", "5", 2), ("courseOfferings", "4", 1), ("courses", "3", 1)] {
            let path = format!("/{}/{}", path.0, id(path.1, path.2));
            assert_eq!(log.iter().filter(|line| line.ends_with(&path)).count(), 1, "{path}: {log:#?}");
        }
        for _ in 0..4 {
            assert_eq!(sync(&site.build_named(&[&id("5", 2)])), (0, 0, 0), "{told}");
        }
        // A course or an offering stands for its sections.
        for (kind, number) in [("3", 1), ("4", 1)] {
            service.stand.take_log();
            site.build_named(&[&id(kind, number)]);
            let log = service.stand.take_log();
            assert_eq!(log.iter().filter(|line| line.contains("/sections/")).count(), 2, "{log:#?}");
        }
        // Gone without a word: everything is read, and it goes.
        service.change(|data| drop(data.resources.get_mut("sections").unwrap().remove(2)));
        let summary = site.build_named(&[&id("5", 2)]);
        assert_eq!((summary.courses, is_delta(&summary)), (9, false), "{told}");
    }
}

#[test]
fn names_follow_a_section_that_is_read_by_itself() {
    let service = service(1, Habits::default());
    let mut site = site(&service, "[privacy]\npublic_fields = [\"name\"]").write(
        "templates/layouts/course.liquid",
        "{% for p in course.participants %}[{{ p.name }}]{% endfor %}",
    );
    site.build();
    service.change(|data| data.edit("students", 1, "firstName", json!("Bea")));
    site.now += SignedDuration::from_mins(5);
    site.build_named(&["00000005000000000000000000000000"]);
    assert_eq!(
        site.output("courses/kurs-000/index.html"),
        "[Ana Beispiel-0][Bea Beispiel-1][Ana Beispiel-2]"
    );
}

#[test]
fn what_vanished_without_a_tombstone_is_found_by_a_full_reading() {
    let service = service(3, Habits::default());
    let mut site = site(&service, "[sync]\nfull_every = 3");
    assert_eq!(site.build().courses, 6);
    service.change(|data| drop(data.resources.get_mut("sections").unwrap().pop()));
    for (courses, delta) in [(6, true), (6, true), (5, false), (5, true)] {
        let summary = next(&mut site);
        assert_eq!((summary.courses, is_delta(&summary)), (courses, delta));
    }
}

#[test]
fn keys_of_courses_and_students_change_without_losing_anything() {
    let service = service(1, Habits::default());
    let mut site = site(&service, "[privacy]\npublic_fields = [\"name\"]").write(
        "templates/layouts/course.liquid",
        "{{ course.title }}{% for p in course.participants %}[{{ p.name }}]{% endfor %}",
    );
    site.build();
    let page = site.output("courses/kurs-000/index.html");
    service.change(|data| {
        let (course, student) = (data.row("courses", 0)["id"].clone(), data.row("students", 1)["id"].clone());
        let key = |code: &str| json!({ "courseCode": code, "educationOrganizationId": 255 });
        data.change_key("courses", &course, key("K-000"), key("K-NEU"));
        let key = |id: &str| json!({ "studentUniqueId": id });
        data.change_key("students", &student, key("600001"), key("700001"));
    });
    let summary = next(&mut site);
    assert_eq!((is_delta(&summary), sync(&summary)), (true, (0, 0, 0)));
    assert_eq!(site.output("courses/kurs-000/index.html"), page);
    // The record under its new key, and an association that has it.
    service.change(|data| {
        data.edit("courses", 0, "courseCode", json!("K-NEU"));
        data.edit("students", 1, "studentUniqueId", json!("700001"));
        data.edit(
            "studentSectionAssociations",
            1,
            "studentReference",
            json!({ "studentUniqueId": "700001" }),
        );
    });
    next(&mut site);
    assert_eq!(site.output("courses/kurs-000/index.html"), page);
}

/// A roster, an Ed-Fi server and a file side by side.
fn several(edfi: &Service, roster: &oneroster::Service, more: &str) -> Fixture {
    let (edfi, roster) = (edfi.stand.url(), roster.base_url());
    Fixture::new(&format!(
        "[site]\ntitle = \"Alle\"\nbase_url = \"https://s.example\"\n{more}\n\
         [[sources]]\nid = \"haus\"\ntype = \"file\"\npath = \"courses.json\"\nprecedence = 1\n\
         [[sources]]\nid = \"sis\"\ntype = \"oneroster\"\nbase_url = \"{roster}\"\nauth = \"bearer\"\nsecret_env = \"SIS_TOKEN\"\nretries = 0\n\
         [[sources]]\nid = \"ods\"\ntype = \"edfi\"\nbase_url = \"{edfi}\"\nretries = 0\n"
    ))
    .env("EDFI_CLIENT_ID", CLIENT.0)
    .env("EDFI_CLIENT_SECRET", CLIENT.1)
    .env("SIS_TOKEN", BEARER)
    .write("courses.json", "[{\"id\":\"7\",\"title\":\"Kurs 000\",\"code\":\"X\",\"level\":\"BEGINNER\",\"price\":90}]")
}

fn down(path: &str) -> Trouble {
    Trouble { path: path.into(), after: 0, times: 99, reply: Reply::empty(503) }
}

#[test]
fn sources_stand_side_by_side() {
    let edfi = service(2, Habits::default());
    let roster = oneroster::Service::start(0, oneroster::Habits::default()).unwrap();
    let mut site = several(&edfi, &roster, "");
    let summary = site.build();
    assert_eq!(summary.courses, 1 + 532 + 4);
    let snapshot = |id: &str| site.path(&format!(".aither/sources/{id}/snapshot.json")).exists();
    assert!(snapshot("haus") && snapshot("sis") && snapshot("ods"));
    assert!(site.output("courses/kurs-000/index.html").contains("Kurs 000"));

    // One is down: the others go on, what it said last stays.
    let tree = site.tree();
    edfi.stand.trouble(down("/"));
    site.put("courses.json", "[{\"id\":\"7\",\"title\":\"Kurs 000\",\"level\":\"BEGINNER\",\"price\":95}]");
    site.now += SignedDuration::from_mins(5);
    let summary = site.build();
    assert_eq!((summary.courses, sync(&summary)), (537, (0, 1, 0)));
    let figures = summary.figures(site.now);
    assert_eq!(figures.errors[0].entity, "source ods");
    let told: Vec<_> =
        figures.sources.iter().map(|one| (one.id.as_str(), one.status.as_str(), one.courses)).collect();
    assert_eq!(told, [("haus", "success", 1), ("sis", "success", 532), ("ods", "failed", 4)]);
    assert!(site.has("courses/kurs-001/index.html"));
    assert!(!Fixture::changed(&tree, &site.tree()).is_empty());
}

#[test]
fn all_down_is_an_error_and_nothing_known_of_one_is_too() {
    let edfi = service(2, Habits::default());
    let roster = oneroster::Service::start(0, oneroster::Habits::default()).unwrap();
    let site = several(&edfi, &roster, "");
    site.build();
    edfi.stand.trouble(down("/"));
    std::fs::remove_file(site.path(".aither/sources/ods/snapshot.json")).unwrap();
    let error = site.try_build(Options::default()).unwrap_err();
    assert!(error.message().contains("no good snapshot of the source `ods`"), "{error}");
    roster.stand.trouble(down("/academicSessions"));
    site.remove("courses.json");
    assert_eq!(site.try_build(Options::default()).unwrap_err().kind(), Kind::Unavailable);
}

#[test]
fn a_source_that_forgets_its_courses_is_refused_alone() {
    let edfi = service(20, Habits { counts_changes: false, ..Habits::default() });
    let roster = oneroster::Service::start(0, oneroster::Habits::default()).unwrap();
    let site = several(&edfi, &roster, "");
    site.build();
    edfi.change(|data| data.resources.get_mut("sections").unwrap().truncate(5));
    let summary = site.build();
    assert_eq!(summary.courses, 1 + 532 + 40, "of 573 courses 35 are few, of 40 they are most");
    assert!(summary.sync.unwrap().failed[0].message.contains("only 5 courses left of 40"));
}

#[test]
fn two_that_describe_the_same_course_are_one() {
    let edfi = service(1, Habits::default());
    edfi.change(|data| {
        data.resources.get_mut("sections").unwrap().pop();
    });
    let roster = oneroster::Service::start(0, oneroster::Habits::default()).unwrap();
    roster.edit("classes", |classes| classes.truncate(1));
    let site = several(&edfi, &roster, "[sync]\nmatch = \"title\"").write(
        "templates/layouts/course.liquid",
        "{{ course.id }}|{{ course.price }}|{{ course.location }}|{{ course.participant_count }}",
    );
    assert_eq!(site.build().courses, 2);
    // The file has the word, and the server fills in what it does not say.
    assert_eq!(site.output("courses/kurs-000/index.html"), "haus:7|90|R0|3");
}

#[test]
fn one_of_several_can_be_asked_alone() {
    let edfi = service(2, Habits::default());
    let roster = oneroster::Service::start(0, oneroster::Habits::default()).unwrap();
    let site = several(&edfi, &roster, "");
    site.build();
    edfi.stand.take_log();
    roster.stand.take_log();
    let environment: aither::config::Environment = site.environment.iter().cloned().collect();
    let config = aither::config::Config::load(&site.path(""), &environment).unwrap();
    let clock = std::sync::Arc::new(aither::base::clock::ManualClock::new(site.now));
    let project = aither::project::Project::new(config, clock, site.reporter.clone());
    let summary = project.with_only(Some("ods".into())).build(Options::default()).unwrap();
    assert_eq!(summary.courses, 537);
    assert!(!edfi.stand.take_log().is_empty() && roster.stand.take_log().is_empty());
}

/// An event of one source does not make the others read everything.
#[test]
fn a_course_that_one_of_several_has_is_asked_of_that_one_alone() {
    let edfi = service(2, Habits::default());
    let roster = oneroster::Service::start(0, oneroster::Habits::default()).unwrap();
    let site = several(&edfi, &roster, "");
    site.build();
    let class = crate::support::stand::lock(&roster.data).collections["classes"][3]["sourcedId"].clone();
    let class = class.as_str().unwrap();
    for name in [class.to_owned(), format!("sis:{class}")] {
        edfi.stand.take_log();
        roster.stand.take_log();
        assert_eq!(site.build_named(&[&name]).courses, 537);
        let (ods, sis) = (edfi.stand.take_log(), roster.stand.take_log());
        assert!(!ods.iter().any(|line| line.contains("/ed-fi/")), "{ods:#?}");
        assert!(!sis.iter().any(|line| line.contains("/classes?")), "{sis:#?}");
        assert!(sis.iter().any(|line| line.ends_with(&format!("/classes/{class}"))), "{sis:#?}");
    }
}

#[test]
fn what_cannot_stand_side_by_side_is_told() {
    let told =
        |text: &str| Fixture::new(text).try_build(Options::default()).unwrap_err().message().to_owned();
    let two = "[[sources]]\nid = \"a\"\ntype = \"sample\"\n[[sources]]\nid = \"a\"\ntype = \"sample\"\n";
    assert!(told(two).contains("two sources have the id `a`"));
    assert!(told(&format!("source = \"sample\"\n{two}")).contains("exclude each other"));
    assert!(told("[[sources]]\nid = \"A b\"\ntype = \"sample\"").contains("an id is made of"));
    assert!(told("[[sources]]\ntype = \"sample\"").contains("needs an `id` and a `type`"));
    let secret = "[[sources]]\nid = \"a\"\ntype = \"edfi\"\nbase_url = \"https://x.example\"\nsecret_env = \"hunter2\"";
    let message = told(secret);
    assert!(message.contains("the name of a variable") && !message.contains("`hunter2`"), "{message}");
}

//! OneRoster over REST and from CSV: the traps of real servers, one by one.

use aither::base::oauth1::{Algorithm, Consumer, Once};
use aither::base::secret::Secret;
use aither::error::Kind;
use aither::project::{Options, Summary};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::fixture::Fixture;
use crate::support::oneroster::{Auth, BEARER, CLIENT, Habits, Links, Service};
use crate::support::stand::{Reply, Trouble, lock};

/// A site over the stand-in.
fn site(service: &Service, more: &str) -> Fixture {
    let base = service.base_url();
    Fixture::new(&format!(
        "source = \"oneroster\"\n[site]\ntitle = \"Schule\"\nbase_url = \"https://s.example\"\n\
         [oneroster]\nbase_url = \"{base}\"\nretries = 2\n{more}\n"
    ))
    .env("ONEROSTER_TOKEN", BEARER)
}

fn service(habits: Habits) -> Service {
    Service::start(0, habits).unwrap()
}

/// A small roster: one class of one course in one term, with one student.
fn small() -> Service {
    let service = service(Habits::default());
    service.edit("academicSessions", |sessions| {
        *sessions = vec![json!({
            "sourcedId": "t1", "status": "active", "dateLastModified": "2026-11-20T10:00:00.000Z", "title": "Herbst",
            "type": "term", "startDate": "2026-12-01", "endDate": "2026-12-24", "schoolYear": "2026",
        })];
    });
    service.edit("orgs", |orgs| {
        *orgs = vec![json!({ "sourcedId": "o1", "status": "active", "name": "Nordschule" })]
    });
    service.edit("courses", |courses| {
        *courses = vec![json!({
            "sourcedId": "k1", "status": "active", "dateLastModified": "2026-11-20T10:00:00.000Z",
            "title": "Physik", "courseCode": "PHY", "grades": ["11"],
        })];
    });
    service.edit("classes", |classes| *classes = vec![class("c1", "2026-11-20T10:00:00.000Z")]);
    service.edit("enrollments", |all| *all = vec![enrollment("e1", "c1", "student", "active")]);
    service.edit("users", |users| {
        *users = vec![json!({
            "sourcedId": "u-e1", "status": "active", "enabledUser": "true", "givenName": "Ana", "familyName": "Beispiel",
        })];
    });
    service
}

fn class(id: &str, modified: &str) -> Value {
    json!({
        "sourcedId": id, "status": "active", "dateLastModified": modified, "title": "", "classCode": "PHY-1",
        "location": null, "course": { "href": "nowhere", "sourcedId": "k1", "type": "course" },
        "school": { "href": "/orgs/zzz", "sourcedId": "o1", "type": "org" },
        "terms": [{ "href": "", "sourcedId": "t1", "type": "academicSession" }],
    })
}

fn enrollment(id: &str, class: &str, role: &str, status: &str) -> Value {
    json!({
        "sourcedId": id, "status": status, "dateLastModified": "2026-11-20T10:00:00.000Z", "role": role,
        "class": { "sourcedId": class }, "user": { "sourcedId": format!("u-{id}") }, "school": { "sourcedId": "o1" },
    })
}

fn sync(summary: &Summary) -> (usize, usize, usize) {
    let sync = summary.sync.as_ref().unwrap();
    (sync.added, sync.updated, sync.removed)
}

fn is_delta(summary: &Summary) -> bool {
    summary.sync.as_ref().unwrap().parts[0].is_delta
}

fn later(site: &mut Fixture, minutes: i64) {
    site.now += SignedDuration::from_mins(minutes);
}

#[test]
fn the_oauth_vectors_pass() {
    let text = include_str!("../captures/oneroster/oauth1-vectors.json");
    let vectors: Value = serde_json::from_str(text).unwrap();
    let vectors = vectors["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 6);
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().unwrap();
        let algorithm = match text("signature_method") {
            "HMAC-SHA1" => Algorithm::Sha1,
            _ => Algorithm::Sha256,
        };
        let consumer = Consumer {
            key: text("consumer_key").into(),
            secret: Secret::new(text("consumer_secret")),
            algorithm,
        };
        let once = Once { nonce: text("nonce"), timestamp: text("timestamp").parse().unwrap() };
        let made = consumer.authorization(text("method"), text("url"), once);
        assert_eq!(made.reveal(), text("authorization"), "{}", text("url"));
    }
}

/// Clamped limit, relative references, no `Link`, no total, titles that are empty: all of the recorded server.
#[test]
fn all_classes_of_the_recorded_server_arrive() {
    let service = service(Habits::default());
    let site = site(&service, "page_size = 1000");
    let summary = site.build();
    assert_eq!(summary.courses, 532);
    assert_eq!(sync(&summary), (532, 0, 0));
    assert!(site.reporter.warnings().is_empty(), "{:?}", site.reporter.warnings());
    let pages = std::fs::read_dir(site.path("output/courses")).unwrap().flatten();
    let is_course = |entry: &std::fs::DirEntry| entry.file_name() != "archive" && entry.path().is_dir();
    assert_eq!(pages.filter(|entry| is_course(entry)).count(), 532);
    assert!(service.stand.log().iter().all(|(asked, _)| !asked.path.ends_with("/users")), "nobody is shown");
    // Nothing of a person is anywhere on the disk in the clear.
    let user =
        lock(&service.data).collections["enrollments"][0]["user"]["sourcedId"].as_str().unwrap().to_owned();
    for file in [".aither/snapshot.json", ".aither/records.jsonl", ".aither/records.sealed"] {
        let bytes = std::fs::read(site.path(file)).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(&user), "{file}");
    }
}

#[test]
fn links_are_followed_only_where_they_can_be_trusted() {
    for links in [Links::Good, Links::OtherHost, Links::LosesFilter] {
        let service = service(Habits { links, clamp: 100, ..Habits::default() });
        let mut site = site(&service, "");
        assert_eq!(site.build().courses, 532, "{links:?}");
        service.edit("classes", |classes| classes[0]["dateLastModified"] = json!("2026-11-21T09:59:00.000Z"));
        later(&mut site, 5);
        let summary = site.build();
        assert!(is_delta(&summary) && summary.courses == 532, "{links:?}");
    }
}

#[test]
fn each_way_to_sign_is_taken() {
    for algorithm in [Algorithm::Sha1, Algorithm::Sha256] {
        let service = service(Habits { auth: Auth::OAuth1(algorithm), ..Habits::default() });
        let name = algorithm.name();
        let site = site(&service, &format!("auth = \"oauth1\"\nsignature = \"{name}\""))
            .env("ONEROSTER_CLIENT_ID", CLIENT.0)
            .env("ONEROSTER_CLIENT_SECRET", CLIENT.1);
        assert_eq!(site.build().courses, 532, "{name}");
    }
    let service = service(Habits { auth: Auth::OAuth2, ..Habits::default() });
    let token_url = format!("{}/token", service.stand.url());
    let mut site = site(&service, &format!("auth = \"oauth2\"\ntoken_url = \"{token_url}\""))
        .env("ONEROSTER_CLIENT_ID", CLIENT.0)
        .env("ONEROSTER_CLIENT_SECRET", CLIENT.1);
    assert_eq!(site.build().courses, 532);
    let tokens = |service: &Service| lock(&service.data).tokens.len();
    assert_eq!(tokens(&service), 1, "one token for all of a pull");
    // A token that the server forgets is exchanged once.
    let gone = Trouble { path: "/classes".into(), after: 0, times: 1, reply: Reply::empty(401) };
    service.stand.trouble(gone);
    later(&mut site, 5);
    assert_eq!(site.build().courses, 532);
    assert_eq!(tokens(&service), 3);

    let wrong = site.env("ONEROSTER_CLIENT_SECRET", "hunter2");
    let error = wrong.try_build(Options::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials);
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[test]
fn a_class_is_a_course_run() {
    let service = small();
    let site = site(&service, "[oneroster.levels]\n\"11\" = \"ADVANCED\"").write(
        "templates/layouts/course.liquid",
        "{{ course.title }}|{{ course.code }}|{{ course.level }}|{{ course.start_date | date: '%F' }}|\
         {{ course.end_date | date: '%F' }}|{{ course.location }}|{{ course.participant_count }}",
    );
    service.edit("enrollments", |all| {
        all.push(enrollment("e2", "c1", "teacher", "active"));
        all.push(enrollment("e3", "c1", "student", "tobedeleted"));
        all.push(enrollment("e4", "c1", "Student", "active"));
    });
    site.build();
    // The title of the course, the day before the exclusive end, the school for want of a room.
    assert_eq!(
        site.output("courses/physik/index.html"),
        "Physik|PHY-1|ADVANCED|2026-12-01|2026-12-23|Nordschule|2"
    );
}

#[test]
fn what_is_missing_or_odd_in_a_record_does_no_harm() {
    let service = small();
    service.edit("courses", |courses| {
        courses[0].as_object_mut().unwrap().remove("courseCode");
        courses.push(json!({ "title": "ohne Id" }));
    });
    service.edit("academicSessions", |sessions| sessions[0]["startDate"] = Value::Null);
    service.edit("classes", |classes| {
        let mut odd = class("c2", "not a date");
        odd["title"] = json!(7);
        odd["course"] = Value::Null;
        odd["terms"] = Value::Null;
        classes.push(odd);
        let mut nameless = class("c3", "2026-11-20T10:00:00.000Z");
        nameless["course"]["sourcedId"] = json!("nobody");
        classes.push(nameless);
    });
    let site = site(&service, "");
    let summary = site.build();
    assert_eq!(summary.courses, 2);
    let warnings = site.reporter.warnings();
    assert_eq!(
        warnings,
        [
            "course record row 2 set aside: `sourcedId` is missing",
            "course c3 set aside: neither the class nor its course has a title",
        ]
    );
}

#[test]
fn after_the_first_pull_only_changes_are_asked_for() {
    let service = small();
    let mut site = site(&service, "");
    assert!(!is_delta(&site.build()));
    service.stand.take_log();
    later(&mut site, 5);
    let summary = site.build();
    assert!(is_delta(&summary));
    assert_eq!((sync(&summary), summary.build.rendered), ((0, 0, 0), 1)); // The page of the last sync.
    let log = service.stand.take_log();
    assert!(
        log.iter().all(|line| line.contains("filter=dateLastModified%3E%27") || line.contains("/orgs?")),
        "{log:#?}"
    );

    // A changed course changes the page of its class, and no other.
    service.edit("courses", |courses| {
        courses[0]["title"] = json!("Physik für alle");
        courses[0]["dateLastModified"] = json!("2026-11-21T10:04:00.000Z");
    });
    service.edit("enrollments", |all| {
        let mut more = enrollment("e9", "c1", "student", "active");
        more["dateLastModified"] = json!("2026-11-21T10:04:00.000Z");
        all.push(more);
    });
    later(&mut site, 5);
    let summary = site.build();
    assert!(is_delta(&summary));
    assert_eq!(sync(&summary), (0, 1, 0));
    assert!(site.output("courses/physik-fuer-alle/index.html").contains("Physik für alle"));

    // A tombstone takes a class away.
    service.edit("classes", |classes| {
        classes[0]["status"] = json!("tobedeleted");
        classes[0]["dateLastModified"] = json!("2026-11-21T10:09:00.000Z");
    });
    later(&mut site, 5);
    let summary = site.try_build(Options { allow_shrink: true, ..Options::default() }).unwrap();
    assert!(is_delta(&summary));
    assert_eq!(sync(&summary), (0, 0, 1));
}

#[test]
fn the_last_record_again_and_pages_that_are_sorted_late_change_nothing() {
    let service = service(Habits { rounds: true, sorts_after_cut: true, clamp: 100, ..Habits::default() });
    let mut site = site(&service, "overlap_seconds = 0");
    assert_eq!(site.build().courses, 532);
    let tree = site.tree();
    for _ in 0..2 {
        later(&mut site, 5);
        let summary = site.build();
        assert!(is_delta(&summary));
        assert_eq!((sync(&summary), summary.build.rendered), ((0, 0, 0), 1)); // The page of the last sync.
    }
    assert!(Fixture::changed(&tree, &site.tree()).is_empty());
    let told = std::fs::read_to_string(site.path(".aither/cursors.json")).unwrap();
    let cursors: Value = serde_json::from_str(&told).unwrap();
    // The greatest that was received, whatever the order.
    let newest = |name: &str| -> String {
        let data = lock(&service.data);
        data.collections[name]
            .iter()
            .map(|r| r["dateLastModified"].as_str().unwrap().to_owned())
            .max()
            .unwrap()
    };
    for name in ["classes", "enrollments", "courses"] {
        assert_eq!(cursors["sources"]["oneroster"]["cursors"][name], newest(name), "{name}");
    }
}

#[test]
fn what_vanished_without_a_word_is_found_by_a_full_reading() {
    let service = small();
    service.edit("classes", |classes| {
        for n in 2..9 {
            classes.push(class(&format!("c{n}"), "2026-11-20T10:00:00.000Z"));
        }
    });
    let mut site = site(&service, "[sync]\nfull_every = 3");
    assert_eq!(site.build().courses, 8);
    service.edit("classes", |classes| drop(classes.pop()));
    for (courses, delta) in [(8, true), (8, true), (7, false), (7, true)] {
        later(&mut site, 5);
        let summary = site.build();
        assert_eq!((summary.courses, is_delta(&summary)), (courses, delta));
    }
    service.edit("classes", |classes| drop(classes.pop()));
    later(&mut site, 5);
    let summary = site.try_build(Options { full: true, ..Options::default() }).unwrap();
    assert_eq!((summary.courses, is_delta(&summary)), (6, false));
}

#[test]
fn a_server_that_does_not_filter_is_read_in_full() {
    let service = small();
    service.behave(|habits| {
        habits.refuses_filter = true;
        habits.refuses_fields = true;
    });
    let mut site = site(&service, "");
    assert_eq!(site.build().courses, 1);
    later(&mut site, 5);
    let summary = site.build();
    assert_eq!((summary.courses, is_delta(&summary)), (1, false));
}

#[test]
fn limits_and_failures_are_waited_out_or_leave_the_site_as_it_is() {
    let service = small();
    let mut site = site(&service, "");
    let again = |status: u16, times: usize| Trouble {
        path: "/classes".into(),
        after: 0,
        times,
        reply: Reply::json(status, &json!({ "imsx_codeMajor": "failure", "imsx_codeMinor": "server_busy" }))
            .header("Retry-After", "7"),
    };
    service.stand.trouble(again(429, 1));
    service.stand.trouble(again(503, 1));
    assert_eq!(site.build().courses, 1);
    let tree = site.tree();
    service.stand.trouble(again(500, 3));
    later(&mut site, 5);
    let error = site.try_build(Options::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.message().contains("server_busy") && error.message().contains("500"), "{error}");
    assert!(Fixture::changed(&tree, &site.tree()).is_empty());
    later(&mut site, 5);
    assert!(is_delta(&site.build()), "and then it goes on from where it was");
}

#[test]
fn a_list_with_a_count_is_read_whole_or_not_at_all() {
    let service = service(Habits { total: true, ..Habits::default() });
    let site = site(&service, "");
    assert_eq!(site.build().courses, 532);
    // Half a list under the count of a whole one.
    let half = Reply::json(200, &json!({ "classes": [] })).header("X-Total-Count", "532");
    service.stand.trouble(Trouble { path: "/classes".into(), after: 1, times: 9, reply: half });
    let error = site.try_build(Options { full: true, ..Options::default() }).unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert!(error.message().contains("32 records of 532 did not come"), "{error}");
}

#[test]
fn a_pull_that_was_cut_off_goes_on_where_it_was() {
    let service = service(Habits::default());
    let mut site = site(&service, "");
    service.stand.trouble(Trouble {
        path: "/enrollments".into(),
        after: 0,
        times: 3,
        reply: Reply::empty(500),
    });
    assert!(site.try_build(Options::default()).is_err());
    assert!(!site.path(".aither/cursors.json").exists(), "nothing is published, so there is no cursor");
    service.stand.take_log();
    later(&mut site, 5);
    let summary = site.build();
    assert_eq!(summary.courses, 532);
    let log = service.stand.take_log();
    assert!(log.iter().all(|line| line.contains("/enrollments")), "{log:#?}");
    assert!(!site.path(".aither/unfinished.jsonl").exists());
}

#[test]
fn changes_that_were_cut_off_go_on_where_they_were() {
    let service = small();
    let mut site = site(&service, "");
    let site_cursors = |site: &Fixture| std::fs::read(site.path(".aither/cursors.json")).unwrap();
    site.build();
    let cursors = site_cursors(&site);
    service.edit("courses", |courses| {
        courses[0]["title"] = json!("Neu");
        courses[0]["dateLastModified"] = json!("2026-11-21T10:04:00.000Z");
    });
    let cut = || Trouble { path: "/enrollments".into(), after: 0, times: 3, reply: Reply::empty(500) };
    service.stand.trouble(cut());
    later(&mut site, 5);
    assert!(site.try_build(Options::default()).is_err());
    assert_eq!(site_cursors(&site), cursors, "nothing of it is published");
    service.stand.take_log();
    later(&mut site, 1);
    let summary = site.build();
    assert_eq!((is_delta(&summary), sync(&summary)), (true, (0, 1, 0)));
    let log = service.stand.take_log();
    assert!(log.iter().all(|line| line.contains("/enrollments")), "{log:#?}");
    assert_ne!(site_cursors(&site), cursors);
    // Who asks for everything gets everything, whatever was cut off.
    service.stand.trouble(cut());
    later(&mut site, 1);
    assert!(site.try_build(Options::default()).is_err());
    service.stand.take_log();
    let summary = site.try_build(Options { full: true, ..Options::default() }).unwrap();
    assert!(!is_delta(&summary));
    assert!(
        service.stand.take_log().iter().any(|line| line.contains("/classes?") && !line.contains("filter"))
    );
}

/// An event names a class, or what is taught in it: no list of classes or courses is asked for.
#[test]
fn a_class_that_an_event_names_is_read_by_itself() {
    let service = service(Habits::default());
    let mut site = site(&service, "[sync]\nfull_every = 3");
    assert_eq!(site.build().courses, 532);
    let class = lock(&service.data).collections["classes"][7].clone();
    let id = class["sourcedId"].as_str().unwrap().to_owned();
    let course = class["course"]["sourcedId"].as_str().unwrap().to_owned();
    service.edit("classes", |classes| {
        classes[7]["title"] = json!("Neu benannt");
        classes[7]["dateLastModified"] = json!("2026-11-21T10:04:00.000Z");
    });
    let cursors = |site: &Fixture| -> Value {
        serde_json::from_slice(&std::fs::read(site.path(".aither/cursors.json")).unwrap()).unwrap()
    };
    let before = cursors(&site);
    service.stand.take_log();
    later(&mut site, 5);
    let summary = site.build_named(&[&id]);
    // Another class has its title for its address alone now.
    assert_eq!((summary.courses, sync(&summary)), (532, (0, 2, 0)));
    assert!(site.output("courses/neu-benannt/index.html").contains("Neu benannt"));
    let log = service.stand.take_log();
    let paths: Vec<&str> = log.iter().map(|line| line.split(['?', ' ']).nth(1).unwrap()).collect();
    let base = crate::support::oneroster::ROSTERING;
    assert_eq!(paths[..2], [format!("{base}/classes/{id}"), format!("{base}/courses/{course}")]);
    // All recorded enrollments have changed at one moment, so that they come again.
    assert!(
        log[2..]
            .iter()
            .all(|line| line.contains("/enrollments?") && line.contains("filter=dateLastModified"))
    );
    // Such a pull moves no other cursor, and is none of those after which everything is read.
    let after = cursors(&site);
    let of = |all: &Value, name: &str| all["sources"]["oneroster"]["cursors"][name].clone();
    assert_eq!(
        (of(&before, "classes"), of(&before, "courses")),
        (of(&after, "classes"), of(&after, "courses"))
    );
    assert_eq!(after["sources"]["oneroster"]["pullsSinceFull"], 0);
    for _ in 0..4 {
        later(&mut site, 1);
        assert_eq!(sync(&site.build_named(&[&id])), (0, 0, 0));
    }
    // What is taught is known by its id as well: all its runs are meant.
    let runs = |class: &&Value| class["course"]["sourcedId"] == *course;
    let runs = lock(&service.data).collections["classes"].iter().filter(runs).count();
    service.stand.take_log();
    site.build_named(&[&course]);
    let log = service.stand.take_log();
    assert_eq!(log.iter().filter(|line| line.contains("/classes/")).count(), runs);
    assert!(!log.iter().any(|line| line.contains("/classes?")), "{log:#?}");
    // One that is not there any more: everything is read, and it goes.
    service.edit("classes", |classes| drop(classes.remove(7)));
    later(&mut site, 1);
    let summary = site.build_named(&[&id]);
    assert_eq!((summary.courses, sync(&summary), is_delta(&summary)), (531, (0, 0, 1), false));
    // One that nobody knows is looked for among the changes.
    service.stand.take_log();
    later(&mut site, 1);
    assert!(is_delta(&site.build_named(&["unknown"])));
    assert!(
        service.stand.take_log().iter().any(|line| line.contains("/classes?") && line.contains("filter"))
    );
}

#[test]
fn a_build_that_fails_leaves_the_cursor_where_it_was() {
    let service = small();
    let mut site = site(&service, "");
    site.build();
    let cursors = std::fs::read(site.path(".aither/cursors.json")).unwrap();
    service.edit("courses", |courses| {
        courses[0]["title"] = json!("Neu");
        courses[0]["dateLastModified"] = json!("2026-11-21T10:00:30.000Z");
    });
    site.put("templates/layouts/course.liquid", "{{ course.title");
    later(&mut site, 5);
    assert!(site.try_build(Options::default()).is_err());
    assert_eq!(std::fs::read(site.path(".aither/cursors.json")).unwrap(), cursors);
    site.remove("templates/layouts/course.liquid");
    later(&mut site, 5);
    let summary = site.build();
    assert!(is_delta(&summary));
    assert!(site.output("courses/neu/index.html").contains("Neu"));
    assert_ne!(std::fs::read(site.path(".aither/cursors.json")).unwrap(), cursors);
}

#[test]
fn people_are_asked_for_only_where_they_are_shown_and_are_sealed() {
    let service = small();
    service.edit("users", |users| {
        users.push(json!({
            "sourcedId": "u-e2", "status": "active", "enabledUser": false, "givenName": "Bo", "familyName": "Aus",
        }));
    });
    service.edit("enrollments", |all| all.push(enrollment("e2", "c1", "student", "active")));
    let site = site(&service, "[privacy]\npublic_fields = [\"name\"]").write(
        "templates/layouts/course.liquid",
        "{{ course.participant_count }}:{% for p in course.participants %}[{{ p.name }}]{% endfor %}",
    );
    site.build();
    // Of the account that is switched off nothing is shown, but it counts.
    assert_eq!(site.output("courses/physik/index.html"), "2:[Ana Beispiel][]");
    for file in std::fs::read_dir(site.path(".aither")).unwrap().flatten().filter(|f| f.path().is_file()) {
        let bytes = std::fs::read(file.path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("Beispiel"), "{:?}", file.path());
    }
    let options = Options { offline: true, ..Options::default() };
    assert_eq!(site.try_build(options).unwrap().build.rendered, 0);
}

fn csv(path: &str, more: &str) -> Fixture {
    Fixture::new(&format!(
        "source = \"oneroster\"\n[site]\ntitle = \"Schule\"\nbase_url = \"https://s.example\"\n\
         [oneroster]\ncsv = \"{path}\"\n{more}\n"
    ))
}

fn captures() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures/oneroster/csv")
}

#[test]
fn a_zip_file_and_a_folder_of_csv_are_the_same_roster() {
    let folder = csv(captures().join("rosterhub-full").to_str().unwrap(), "");
    let zip = csv(captures().join("rosterhub-full.zip").to_str().unwrap(), "");
    let (a, b) = (folder.build(), zip.build());
    // Of the two classes one is to be deleted.
    assert_eq!((a.courses, b.courses), (1, 1));
    assert_eq!(folder.tree(), zip.tree());
    assert!(folder.output("courses/introduction-to-physics/index.html").contains("Introduction to Physics"));
    assert!(folder.reporter.warnings().is_empty(), "{:?}", folder.reporter.warnings());
}

const SESSIONS: &str = "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear\n\
                        t1,,,Herbst,term,2026-12-01,2026-12-24,,2026\n";

#[test]
fn csv_is_read_by_the_names_of_its_columns() {
    let site = csv("roster", "level_from = \"level\"")
        .write("roster/manifest.csv", "propertyName,value\nmanifest.version,1.0\noneroster.version,1.2\n")
        .write("roster/academicSessions.csv", SESSIONS)
        .write("roster/courses.csv", "title,sourcedId,metadata.level\nPhysik,k1,ADVANCED\n")
        .write(
            "roster/classes.csv",
            "\u{feff}termSourcedIds,metadata.x,TITLE,courseSourcedId,sourcedId\n\"t1, t9\",1,,k1,c1\n,,\"Chemie, Teil 2\",,c2\n",
        )
        .write(
            "roster/enrollments.csv",
            "role,classSourcedId,sourcedId,primary\nstudent,c1,e1,TRUE\nteacher,c1,e2,TRUE\nstudent,c1,e3,\n",
        )
        .write(
            "templates/layouts/course.liquid",
            "{{ course.title }}|{{ course.level }}|{{ course.end_date | date: '%F' }}|{{ course.participant_count }}",
        );
    assert_eq!(site.build().courses, 2);
    assert_eq!(site.output("courses/physik/index.html"), "Physik|ADVANCED|2026-12-23|2");
    assert!(site.output("courses/chemie-teil-2/index.html").starts_with("Chemie, Teil 2|BEGINNER||0"));
    // Rows of a bulk file are all there is.
    site.put("roster/classes.csv", "sourcedId,title\nc1,Physik\n");
    let summary = site.try_build(Options { allow_shrink: true, ..Options::default() }).unwrap();
    assert_eq!(summary.courses, 1);
}

#[test]
fn a_delta_of_csv_changes_what_the_bulk_was() {
    let bulk = "propertyName,value\nfile.academicSessions,bulk\nfile.classes,bulk\nfile.enrollments,bulk\n";
    let site = csv("roster", "")
        .env("ONEROSTER_CLIENT_SECRET", "seals-what-is-kept")
        .write("roster/manifest.csv", bulk.replace("bulk", "delta"))
        .write("roster/academicSessions.csv", SESSIONS)
        .write(
            "roster/classes.csv",
            "sourcedId,status,dateLastModified,title\nc1,,,Eins\nc2,,,Zwei\nc3,,,Drei\nc4,,,Vier\n",
        )
        .write("roster/enrollments.csv", "sourcedId,role,classSourcedId\ne1,student,c1\n");
    let error = site.try_build(Options::default()).unwrap_err();
    assert!(error.message().contains("it holds only changes"), "{error}");
    site.put("roster/manifest.csv", bulk);
    assert_eq!(site.build().courses, 4);
    site.put(
        "roster/manifest.csv",
        bulk.replace("classes,bulk", "classes,delta").replace("enrollments,bulk", "enrollments,absent"),
    );
    site.put(
        "roster/classes.csv",
        "sourcedId,status,dateLastModified,title\nc2,tobedeleted,2026-11-21,Zwei\nc5,active,2026-11-21,Fünf\n",
    );
    let summary = site.build();
    assert_eq!((summary.courses, sync(&summary)), (4, (1, 0, 1)));
    assert!(site.has("courses/eins/index.html") && !site.has("courses/zwei/index.html"));
}

#[test]
fn a_delta_of_enrollments_changes_who_is_counted() {
    let manifest = "propertyName,value\nfile.classes,bulk\nfile.enrollments,bulk\n";
    let rows = "sourcedId,status,dateLastModified,role,classSourcedId\n";
    let site = csv("roster", "")
        .env("ONEROSTER_CLIENT_SECRET", "seals-what-is-kept")
        .write("roster/manifest.csv", manifest)
        .write("roster/classes.csv", "sourcedId,title\nc1,Eins\nc2,Zwei\n")
        .write("roster/enrollments.csv", format!("{rows}e1,,,student,c1\ne2,,,student,c1\ne3,,,student,c2\n"))
        .write("templates/layouts/course.liquid", "{{ course.participant_count }}");
    let counts = || (site.output("courses/eins/index.html"), site.output("courses/zwei/index.html"));
    site.build();
    assert_eq!(counts(), ("2".into(), "1".into()));
    site.put("roster/manifest.csv", manifest.replace("enrollments,bulk", "enrollments,delta"));
    let changes = "e1,tobedeleted,2026-11-21,student,c1\ne3,active,2026-11-21T09:00:00Z,student,c1\n\
                   e4,active,2026-11-21,student,c2\ne5,active,2026-11-21,student,c2\ne6,active,2026-11-21,teacher,c2\ne9,tobedeleted,2026-11-21,student,c2\n";
    site.put("roster/enrollments.csv", format!("{rows}{changes}"));
    let summary = site.build();
    assert_eq!((sync(&summary), counts()), ((0, 1, 0), ("2".into(), "2".into())));
    // The same file again changes nothing.
    assert_eq!(sync(&site.build()), (0, 0, 0));
    site.put("roster/enrollments.csv", format!("{rows}e2,tobedeleted,2026-11-22,student,c1\n"));
    site.build();
    assert_eq!(counts(), ("1".into(), "2".into()));
}

#[test]
fn what_is_no_roster_is_told_with_its_place() {
    let empty = csv("roster", "").write("roster/readme.txt", "x");
    assert!(
        empty.try_build(Options::default()).unwrap_err().message().contains("there is no file of a roster")
    );
    let torn = csv("roster.zip", "")
        .write("roster.zip", &std::fs::read(captures().join("rosterhub-full.zip")).unwrap()[..900]);
    assert!(torn.try_build(Options::default()).unwrap_err().message().contains("this is no zip file"));
    let latin = csv("roster", "").write("roster/classes.csv", b"sourcedId,title\nc1,Caf\xe9\n");
    let error = latin.try_build(Options::default()).unwrap_err();
    assert!(error.message().ends_with("classes.csv: row 2 is not CSV in UTF-8"), "{error}");
    let missing = csv("nowhere.zip", "");
    assert_eq!(missing.try_build(Options::default()).unwrap_err().kind(), Kind::Unavailable);
}

#[test]
fn a_secret_has_no_place_in_the_file() {
    let text = "source = \"oneroster\"\n[oneroster]\nbase_url = \"https://x.example\"\nclient_secret = \"hunter2hunter2\"";
    let site = Fixture::new(text);
    let error = site.try_build(Options::default()).unwrap_err();
    assert!(error.message().contains("credentials must not stand in a file"), "{error}");
    assert!(!error.message().contains("hunter2"), "{error}");
    let unset = Fixture::new(
        "source = \"oneroster\"\n[oneroster]\nbase_url = \"https://x.example\"\nauth = \"bearer\"",
    );
    let error = unset.try_build(Options::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.message().contains("needs ONEROSTER_TOKEN, which is not set"), "{error}");
}

//! A site over the stand-in service: everything arrives, nothing leaks, and no fault makes the site worse.

use std::fs;
use std::path::Path;
use std::time::Duration;

use aither::error::Kind;
use aither::project::Options as Build;

use crate::fixture::Fixture;
use crate::support::hemera::{Fault, Options, Plan, Scope, Service};

const CONFIG: &str = "source = \"hemera\"\n[site]\ntitle = \"Akademie\"\nlanguage = \"de\"\nbase_url = \"https://a.example\"\n\
                      [hemera]\nretries = 0\nread_timeout_seconds = 5\nmax_body_bytes = 5000000\n";

/// The same, with the bookings of upcoming courses read although nothing of them can be shown.
fn reading() -> String {
    CONFIG.replace("[hemera]\n", "[hemera]\ndetails = \"upcoming\"\n")
}

fn site(service: &Service, config: &str) -> Fixture {
    let mut site =
        Fixture::new(config).env("HEMERA_API_BASE_URL", &service.url()).env("HEMERA_API_KEY", service.key());
    // The service counts its dates from the real today. At ten nothing ends within the next hours.
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    site.now = today.at(10, 0, 0, 0).in_tz("UTC").unwrap().timestamp();
    site
}

fn service(options: Options) -> Service {
    Service::start(options).unwrap()
}

/// A service that never says "too many", for tests that are not about that.
fn generous(courses: usize) -> Service {
    service(Options { courses, rate: 1_000_000, ..Options::default() })
}

#[test]
fn all_courses_arrive_within_the_rate_limit() {
    for wrapped in [false, true] {
        let service = service(Options { courses: 1250, wrapped, ..Options::default() });
        let site = site(&service, &reading());
        let summary = site.build();
        assert_eq!(summary.courses, 1250);
        let pages = fs::read_dir(site.path("output/courses")).unwrap();
        let pages = pages.flatten().filter(|entry| entry.file_name() != "archive");
        let pages = pages.filter(|entry| entry.path().join("index.html").exists()).count();
        assert_eq!(pages, 1250);
        let requests = service.requests();
        assert!(requests.len() <= 90, "{} requests", requests.len());
        assert!(requests.iter().all(|request| request.status != 429));
    }
}

#[test]
fn a_second_sync_of_the_same_data_writes_only_the_time_of_the_sync() {
    let service = generous(40);
    let mut site = site(&service, CONFIG);
    site.build();
    let before = site.times();
    site.now += Duration::from_secs(1800);
    let summary = site.build();
    assert_eq!((summary.build.written, summary.build.removed), (1, 0));
    let after = site.times();
    let touched: Vec<&String> = after.keys().filter(|path| before.get(*path) != after.get(*path)).collect();
    assert_eq!(touched, [".sync-manifest.json", "sync-status.html", "sync-status.json"]);
    // Without scripts the frame in the footer shows the moment.
    assert!(
        site.output("index.html")
            .contains("<noscript><iframe class=\"sync-frame\" src=\"/sync-status.html\"")
    );
    let moment = site.now.strftime("%Y-%m-%dT%H:%M");
    let status = site.output("sync-status.html");
    assert!(status.contains(&format!("<time datetime=\"{moment}")), "{status}");
    assert!(status.contains(" Uhr</time>") && status.contains("noindex"), "{status}");
    for list in ["sitemap.xml", "search/index.json", "index.html"] {
        let is_listed =
            |text: String| text.replace("src=\"/sync-status.html", "").contains("sync-status.html");
        assert!(!site.has(list) || !is_listed(site.output(list)), "{list}");
    }
}

#[test]
fn no_fault_makes_the_site_worse() {
    let service = generous(30);
    let site = site(&service, CONFIG);
    site.build();
    let tree = site.tree();
    let times = site.times();
    let list = |fault: Fault| fault.only(Scope::List);
    let table: Vec<(Plan, Kind, i32, &str)> = vec![
        (list(Fault::InternalError), Kind::Unavailable, 69, "500"),
        (list(Fault::AuthConfiguration), Kind::Unavailable, 69, "503"),
        (list(Fault::Unauthorized), Kind::Credentials, 77, "401"),
        (list(Fault::Limited(3600)), Kind::Unavailable, 69, "429"),
        (list(Fault::CutOff), Kind::Refused, 65, "cut off"),
        (list(Fault::Truncated), Kind::Refused, 65, "JSON"),
        (list(Fault::Garbage), Kind::Refused, 65, "JSON"),
        (list(Fault::Html), Kind::Refused, 65, "HTML"),
        (list(Fault::Empty), Kind::Refused, 65, "empty"),
        (list(Fault::WrongTypes), Kind::Refused, 65, ""),
        (list(Fault::NotSuccessful), Kind::Unavailable, 69, "INTERNAL_ERROR"),
        (list(Fault::Huge(u64::MAX)), Kind::Refused, 65, "5000000 bytes"),
        (Fault::Refuse.into(), Kind::Unavailable, 69, ""),
        (Fault::Shrink(0.5).into(), Kind::Refused, 65, "--allow-shrink"),
        (Fault::NoCourses.into(), Kind::Refused, 65, "--allow-shrink"),
    ];
    for (fault, kind, code, word) in table {
        let name = format!("{fault:?}");
        service.set_fault(fault);
        let error = site.try_build(Build::default()).expect_err(&name);
        assert_eq!(error.kind(), kind, "{name}: {error}");
        let told = format!("{error}\n{}", error.hints().join("\n"));
        assert!(told.contains(word), "{name}: {told}");
        assert!(!told.contains(service.key()), "{name} tells the key");
        let output = site.run(&["build"]);
        assert_eq!(output.status.code(), Some(code), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(site.tree(), tree, "{name}");
        let touched: Vec<String> = site
            .times()
            .into_iter()
            .filter(|(path, at)| times.get(path) != Some(at))
            .map(|(path, _)| path)
            .collect();
        assert!(touched.iter().all(|path| path == "sync-status.json"), "{name} touched {touched:?}");
        assert_eq!(site.times().len(), times.len(), "{name} removed a file");
        service.clear_faults();
    }
    assert_eq!(site.build().build.written, 0, "afterwards it works again");
}

#[test]
fn a_delay_longer_than_the_limit_is_no_answer() {
    let service = generous(5);
    let config = CONFIG.replace("read_timeout_seconds = 5", "read_timeout_seconds = 1");
    let site = site(&service, &config);
    service.set_fault(Fault::Delay(Duration::from_secs(30)));
    let error = site.try_build(Build::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{error}");
}

#[test]
fn a_fault_that_passes_is_outlived() {
    let service = generous(5);
    let site = site(&service, &CONFIG.replace("retries = 0", "retries = 3"));
    service.set_fault(Fault::InternalError.first(2));
    assert_eq!(site.build().courses, 5);
}

#[test]
fn bad_records_are_set_aside_and_known_ones_keep_their_last_value() {
    let service = generous(10);
    service.set_fault(Fault::BadRecords);
    let fresh = site(&service, CONFIG);
    let summary = fresh.build();
    assert_eq!((summary.courses, summary.sync.unwrap().refused), (7, 3));
    assert_eq!(fresh.reporter.warnings().iter().filter(|w| w.contains("set aside")).count(), 3);

    service.clear_faults();
    let known = site(&service, CONFIG);
    known.build();
    let tree = known.tree();
    service.set_fault(Fault::BadRecords);
    let summary = known.build();
    assert_eq!(summary.courses, 10);
    assert_eq!(known.tree(), tree);
}

#[test]
fn a_course_that_is_listed_twice_is_one_course() {
    let service = generous(12);
    service.set_fault(Fault::Duplicates);
    assert_eq!(site(&service, CONFIG).build().courses, 12);
}

#[test]
fn offline_builds_the_same_site_from_the_last_good_answer() {
    let service = generous(12);
    let site = site(&service, CONFIG);
    site.build();
    let tree = site.tree();
    drop(service);
    fs::remove_dir_all(site.path("output")).unwrap();
    site.try_build(Build { offline: true, ..Build::default() }).unwrap();
    assert_eq!(site.tree(), tree);
}

/// Everything of a person that the service tells.
fn personal(service: &Service) -> Vec<String> {
    let mut texts = Vec::new();
    for course in service.catalogue().courses {
        for booking in course.bookings {
            texts.push(booking.user.clone());
            texts.extend(booking.name.clone());
        }
    }
    texts.retain(|text| text.len() > 3);
    assert!(texts.len() > 20);
    texts
}

#[test]
fn a_participant_is_neither_published_nor_kept_in_the_clear_nor_told() {
    let service = generous(12);
    let site = site(&service, &reading());
    let output = site.run(&["build", "-v"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = [output.stdout, output.stderr].concat();
    let mut files: Vec<(String, Vec<u8>)> = vec![("what was told".to_owned(), told)];
    for entry in
        walkdir::WalkDir::new(site.path("")).into_iter().flatten().filter(|e| e.file_type().is_file())
    {
        files.push((entry.path().display().to_string(), fs::read(entry.path()).unwrap()));
    }
    for text in personal(&service) {
        for (name, bytes) in &files {
            assert!(
                !bytes.windows(text.len()).any(|window| window == text.as_bytes()),
                "{text} is in {name}"
            );
        }
    }
    assert!(files.iter().any(|(name, _)| name.ends_with("participants.sealed")));
}

#[test]
fn nobody_s_data_is_asked_for_or_kept_where_nothing_of_it_can_be_shown() {
    let service = generous(12);
    let site = site(&service, CONFIG);
    let sync = site.build().sync.unwrap();
    assert_eq!((sync.details_read, sync.details_left, sync.participants_read), (0, 0, 0));
    let paths: Vec<String> = service.requests().into_iter().map(|request| request.path).collect();
    assert!(
        paths.iter().all(|path| !path.contains("/courses/") && !path.contains("/participations")),
        "{paths:?}"
    );
    assert!(!site.path(".aither/participants.sealed").exists());

    // What an earlier configuration asked for goes when nothing asks for it any more.
    site.put("aither.toml", reading());
    assert!(site.build().sync.unwrap().participants_read > 0);
    assert!(site.path(".aither/participants.sealed").exists());
    site.put("aither.toml", CONFIG);
    site.build();
    assert!(!site.path(".aither/participants.sealed").exists());
}

#[test]
fn a_public_field_is_shown_also_offline_and_a_withheld_one_is_an_error() {
    let service = generous(12);
    let config = format!("{CONFIG}[privacy]\npublic_fields = [\"name\"]\n");
    let site = site(&service, &config).write(
        "templates/layouts/course.liquid",
        "{% for person in course.participants %}<li>{{ person.name | escape }}</li>{% endfor %}\n",
    );
    site.build();
    let tree = site.tree();
    // Pictures are among the files.
    let shown = String::from_utf8_lossy(&tree.values().flatten().copied().collect::<Vec<u8>>()).into_owned();
    assert!(personal(&service).iter().any(|name| shown.contains(&format!("<li>{name}</li>"))));
    fs::remove_dir_all(site.path("output")).unwrap();
    site.try_build(Build { offline: true, ..Build::default() }).unwrap();
    assert_eq!(site.tree(), tree);

    site.put(
        "templates/layouts/course.liquid",
        "<ul>\n{% for person in course.participants %}\n{{ person.desired_results }}{% endfor %}\n",
    );
    let error = site.try_build(Build::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Privacy);
    assert!(error.message().contains("templates/layouts/course.liquid:3"), "{error}");
    assert!(error.message().contains("desired_results"), "{error}");
    assert_eq!(site.tree(), tree);
}

#[test]
fn templates_of_the_service_stand_between_the_theme_s_and_the_site_s() {
    let service = service(Options { courses: 3, templates: true, ..Options::default() });
    service.edit(|catalogue| {
        catalogue.templates[0].name = "404".to_owned();
        catalogue.templates[0].kind = "layout".to_owned();
        catalogue.templates[0].markup = "from the service".to_owned();
        catalogue.templates.truncate(1);
    });
    let site = site(&service, CONFIG);
    site.build();
    assert_eq!(site.output("404.html"), "from the service");
    site.put("templates/layouts/404.liquid", "from the site");
    site.build();
    assert_eq!(site.output("404.html"), "from the site");
}

#[test]
fn templates_of_the_service_that_cannot_be_read_stay_as_they_were() {
    let service = service(Options { courses: 3, templates: true, rate: 1_000_000, ..Options::default() });
    service.edit(|catalogue| {
        catalogue.templates[0].name = "404".to_owned();
        catalogue.templates[0].kind = "layout".to_owned();
        catalogue.templates[0].markup = "from the service".to_owned();
        catalogue.templates.truncate(1);
    });
    let site = site(&service, CONFIG);
    site.build();
    let tree = site.tree();
    for fault in [
        Fault::InternalError,
        Fault::Limited(3600),
        Fault::Garbage,
        Fault::Html,
        Fault::CutOff,
        Fault::WrongTypes,
        Fault::Refuse,
    ] {
        let name = format!("{fault:?}");
        service.set_fault(fault.only(Scope::Templates));
        let output = site.run(&["build", "--json"]);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(site.tree(), tree, "{name}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains("/api/service/templates") || told.contains("set aside"), "{name}: {told}");
    }
    service.set_fault(Fault::Unauthorized.only(Scope::Templates));
    assert_eq!(site.run(&["build"]).status.code(), Some(77));
}

#[test]
fn the_sample_s_configuration_turns_to_the_service_by_environment_alone() {
    let service = generous(4);
    let site = site(&service, "source = \"sample\"\n");
    assert_eq!(site.build().courses, 4);
}

#[test]
fn the_sample_turned_to_the_stand_in_has_nothing_to_warn_of() {
    let service = service(Options { rate: 1_000_000, ..Options::default() });
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let site = site(&service, &fs::read_to_string(root.join("aither.toml")).unwrap());
    for path in aither::base::files::walk(&root.join("content")).unwrap() {
        let file = format!("content/{}", aither::base::files::slashed(&path));
        site.put(&file, fs::read(root.join("content").join(&path)).unwrap());
    }
    site.build();
    assert!(site.reporter.warnings().is_empty(), "{:?}", site.reporter.warnings());
    assert!(
        site.output("courses/nein-sagen/index.html").contains("Mareike Platzhalter"),
        "what is written is joined"
    );
}

#[test]
fn a_missing_or_impossible_key_is_told_before_anything_is_sent() {
    let service = generous(4);
    let mut site = site(&service, CONFIG);
    let mut told = |key: Option<&str>| {
        site.environment.retain(|(name, _)| name != "HEMERA_API_KEY");
        site.environment.extend(key.map(|key| ("HEMERA_API_KEY".to_owned(), key.to_owned())));
        let output = site.run(&["build"]);
        assert_eq!(output.status.code(), Some(2), "{key:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let says = "error: aither.toml:1: the source `hemera` needs a key, and HEMERA_API_KEY ";
    assert!(told(None).starts_with(&format!("{says}is not set\n")), "{}", told(None));
    assert!(told(Some("short")).starts_with(&format!("{says}has 5 characters, where a key has 32 to 256\n")));
    let spaced = told(Some("forty characters and a space among them"));
    assert!(spaced.starts_with("error: HEMERA_API_KEY: holds characters"), "{spaced}");
    assert!(!spaced.contains("forty"), "{spaced}");
    assert!(service.requests().is_empty());
}

#[cfg(unix)]
#[test]
fn a_key_that_is_no_text_is_told_as_such() {
    use std::os::unix::ffi::OsStrExt as _;

    let site = Fixture::new(CONFIG).env("HEMERA_API_BASE_URL", "http://127.0.0.1:9");
    let output = site
        .command(&["build"])
        .env("HEMERA_API_KEY", std::ffi::OsStr::from_bytes(b"\xff\xfe"))
        .env("OTHERS", std::ffi::OsStr::from_bytes(b"\xff"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: HEMERA_API_KEY: is set to something that is not UTF-8 text\n"
    );
}

#[test]
fn who_only_looks_sees_the_site_as_it_was_last_read_whatever_the_shell_lacks() {
    let service = generous(3);
    let mut site = site(&service, &CONFIG.replace("source = \"hemera\"\n", ""));
    site.build();
    site.environment.clear();
    let before = site.tree();
    let listed = site.run(&["list"]);
    assert!(listed.status.success(), "{listed:?}");
    assert!(String::from_utf8_lossy(&listed.stdout).matches("courses/").count() > 3, "{listed:?}");
    assert!(site.run(&["why", "/"]).status.success());
    let refused = site.run(&["build"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("`aither build --allow-shrink`"),
        "{refused:?}"
    );
    assert_eq!(Fixture::changed(&before, &site.tree()), Vec::<String>::new());
}

/// What was not asked cannot have become well again.
#[test]
fn a_build_without_the_source_does_not_hide_that_the_last_sync_failed() {
    let service = generous(3);
    let site = site(&service, CONFIG);
    assert!(site.run(&["build"]).status.success());
    let status = || site.output("sync-status.json");
    let good = status();
    service.set_fault(Fault::Unauthorized);
    assert!(!site.run(&["build"]).status.success());
    let failed = status();
    assert_eq!(failed.replace("failed", "success"), good);
    site.put("content/about.md", "+++\ntitle = \"Wir\"\n+++\nText\n");
    for _ in 0..2 {
        assert!(site.run(&["build", "--offline"]).status.success());
        assert_eq!(status(), failed);
    }
    service.clear_faults();
    assert!(site.run(&["build"]).status.success());
    assert!(status().contains("\"sync_status\":\"success\""));
}

//! Pages for the house: they show the people of the next course, and nothing of them is anywhere else.

use std::fs;
use std::path::Path;

use aither::error::Kind;
use aither::project::Options as Build;

use crate::fixture::Fixture;
use crate::serve_fixture::{ADMIN, SYNC, setup};
use crate::support::hemera::{Options, Service};

const CONFIG: &str = "source = \"hemera\"\n[site]\ntitle = \"Akademie\"\nlanguage = \"de\"\nbase_url = \"https://a.example\"\n\
                      [languages.en]\n[hemera]\nretries = 0\nread_timeout_seconds = 5\n";
const LONG: &str = "Sehr lang <und> breit";

/// A service each of whose courses has the same three people and the same material.
fn service() -> Service {
    let service = Service::start(Options { courses: 8, rate: 1_000_000, ..Options::default() }).unwrap();
    service.edit(|catalogue| {
        let courses = &mut catalogue.courses;
        let bookings = courses.iter().find(|course| course.bookings.len() > 2).unwrap().bookings.clone();
        let topics = courses.iter().find(|course| !course.topics.is_empty()).unwrap().topics.clone();
        for course in courses {
            course.bookings = bookings[..3].to_vec();
            course.topics = topics[..1].to_vec();
            for (number, booking) in course.bookings.iter_mut().enumerate() {
                booking.id = format!("{}b{number}", course.id);
                booking.name = (number > 0).then(|| format!("Ana Geheim-{number}"));
                booking.line_manager_profile = (number == 1).then(|| LONG.repeat(50));
            }
        }
    });
    service
}

fn site(service: &Service) -> Fixture {
    let mut site = Fixture::new(CONFIG)
        .env("HEMERA_API_BASE_URL", &service.url())
        .env("HEMERA_API_KEY", service.key())
        .env("AITHER_ADMIN_TOKEN", ADMIN);
    site.now = jiff::Timestamp::now();
    site
}

fn internal(site: &Fixture, path: &str) -> String {
    let file = site.path(".aither/internal").join(path);
    fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// All files below a folder, with their bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = walkdir::WalkDir::new(folder).into_iter().flatten().filter(|e| e.file_type().is_file());
    entries.map(|entry| (entry.path().display().to_string(), fs::read(entry.path()).unwrap())).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn the_house_sees_the_people_of_the_next_course_and_nobody_else_does() {
    let service = service();
    let site = site(&service);
    let output = site.run(&["build", "-v"]);
    let told = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&told));

    let page = internal(&site, "preparation/index.html");
    for part in [
        "Ana Geheim-1",
        "Ana Geheim-2",
        "<h2 dir=\"auto\">—</h2>",
        "Sehr lang &lt;und&gt; breit",
        "Anliegen",
        "overflow-wrap",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("<und>"));
    assert!(internal(&site, "en/preparation/index.html").contains("What they want to reach"));
    let list = internal(&site, "materials/index.html");
    assert!(list.contains("href=\"/internal/material/vorstellung/\""), "{list}");
    let material = internal(&site, "material/vorstellung/index.html");
    assert_eq!(material.matches("<section class=\"slide\">").count(), 3, "{material}");
    for part in [
        "<p>Ana Geheim-1 &amp; 3 weitere</p>",
        "<p>— &amp; 3 weitere</p>",
        "<style>.slide { color: #123 }</style>",
    ] {
        assert!(material.contains(part), "{part}: {material}");
    }

    // One course was asked for: the next.
    let paths: Vec<String> = service.requests().into_iter().map(|request| request.path).collect();
    let details = paths.iter().filter(|path| path.contains("/courses/")).count();
    assert_eq!(details, 2, "{paths:?}");

    let mut all = files(&site.path(""));
    all.retain(|(name, _)| !name.contains("/.aither/internal/"));
    all.push(("what was told".to_owned(), told));
    for text in ["Geheim-", "Sehr lang", "ruhiger verhandeln", "class=\"slide\""] {
        for (name, bytes) in &all {
            assert!(!holds(bytes, text), "{text} is in {name}");
        }
    }
    for name in ["participants.sealed", "materials.sealed"] {
        assert!(all.iter().any(|(file, _)| file.ends_with(name)), "{name}");
    }
    assert!(all.iter().all(|(name, bytes)| !name.contains("/output/") || !holds(bytes, "/internal/")));
    modes(&site);
}

#[cfg(unix)]
fn modes(site: &Fixture) {
    use std::os::unix::fs::PermissionsExt as _;
    for entry in walkdir::WalkDir::new(site.path(".aither/internal")).into_iter().flatten() {
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        let wanted = if entry.file_type().is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, wanted, "{}", entry.path().display());
    }
}

#[cfg(not(unix))]
fn modes(_: &Fixture) {}

#[test]
fn what_the_service_cannot_hand_over_stays_as_it_was() {
    let service = service();
    let site = site(&service);
    site.build();
    let before = internal(&site, "material/vorstellung/index.html");
    service.configure(|options| options.null_materials = true);
    site.build();
    assert_eq!(internal(&site, "material/vorstellung/index.html"), before);
    // Also without the network, and put back where somebody removed it.
    fs::remove_dir_all(site.path(".aither/internal")).unwrap();
    site.try_build(Build { offline: true, ..Build::default() }).unwrap();
    assert_eq!(internal(&site, "material/vorstellung/index.html"), before);
}

#[test]
fn a_material_that_cannot_be_used_does_not_take_the_others_along() {
    let service = service();
    let site = site(&service);
    service.edit(|catalogue| {
        for course in &mut catalogue.courses {
            let topic = &mut course.topics[0];
            let mut bad = topic.materials[0].clone();
            (bad.id, bad.identifier) = ("m-bad".to_owned(), "boese".to_owned());
            bad.title = format!("Ana Geheim-1 {}", "x".repeat(600));
            let mut worse = topic.materials[0].clone();
            (worse.id, worse.identifier) = ("../../Ana Geheim-1".to_owned(), "schlimm".to_owned());
            topic.materials.extend([bad, worse]);
        }
    });
    let sync = site.build().sync.unwrap();
    let told: Vec<String> = (sync.set_aside.iter())
        .map(|refused| format!("{} {}: {}", refused.entity, refused.id, refused.reason))
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0], "material m-bad: title is longer than 500 characters");
    assert!(told[1].starts_with("material topic 1, material 3 of course "), "{told:?}");
    assert!(told[1].ends_with("materialId holds something else than letters, digits, - and _"), "{told:?}");
    assert!(!told.concat().contains("Geheim"), "{told:?}");
    let list = internal(&site, "materials/index.html");
    assert!(list.contains("href=\"/internal/material/vorstellung/\"") && !list.contains("boese"), "{list}");
}

#[test]
fn a_change_of_a_person_s_words_touches_no_public_page() {
    let service = service();
    let site = site(&service);
    site.build();
    let before = site.tree();
    service.edit(|catalogue| {
        for booking in catalogue.courses.iter_mut().flat_map(|course| &mut course.bookings) {
            booking.name = Some("Neu Genannt".to_owned());
        }
    });
    let full = Build { full: true, ..Build::default() };
    let build = site.try_build(full).unwrap().build;
    assert_eq!((build.rendered, build.written), (0, 0), "{:?}", build.reasons);
    assert_eq!(site.tree(), before);
    assert!(internal(&site, "preparation/index.html").contains("Neu Genannt"));
}

/// An event about the next course: that course and its materials are read, and not the list.
#[test]
fn an_event_about_the_next_course_reads_that_course_alone() {
    let service = service();
    let site = site(&service);
    site.build();
    let details = |service: &Service| -> Vec<String> {
        service.requests().into_iter().map(|request| request.path).collect()
    };
    let near = details(&service).iter().find_map(|path| {
        let id = path.strip_prefix("/api/service/courses/")?.strip_suffix("/materials")?;
        Some(id.to_owned())
    });
    let near = near.unwrap();
    service.edit(|catalogue| {
        for course in &mut catalogue.courses {
            course.bookings[1].name = Some("Neu Genannt".to_owned());
        }
    });
    service.forget_requests();
    site.build_named(&[&near]);
    assert!(internal(&site, "preparation/index.html").contains("Neu Genannt"));
    assert!(internal(&site, "material/vorstellung/index.html").contains("Neu Genannt"));
    let path = format!("/api/service/courses/{near}");
    assert_eq!(details(&service), [path.clone(), format!("{path}/materials")]);
    // Another course becomes the next one: the list is gone through, and of the former nobody stays known.
    service.edit(|catalogue| {
        let course = catalogue.courses.iter_mut().find(|course| course.id == near).unwrap();
        course.start = Some("2039-01-01T00:00:00.000Z".to_owned());
        course.end = None;
    });
    service.forget_requests();
    site.build_named(&[&near]);
    let asked = details(&service);
    assert!(asked.contains(&"/api/service/courses".to_owned()), "{asked:?}");
    assert!(asked.iter().any(|path| path.ends_with("/materials") && !path.contains(&near)), "{asked:?}");
}

#[test]
fn without_a_token_there_is_nothing_for_the_house() {
    let service = service();
    let mut site = site(&service);
    site.build();
    assert!(site.path(".aither/internal").exists());
    site.environment.retain(|(name, _)| name != "AITHER_ADMIN_TOKEN");
    service.forget_requests();
    site.build();
    assert!(!site.path(".aither/internal").exists());
    let told = || site.reporter.warnings().iter().filter(|w| w.contains("AITHER_ADMIN_TOKEN")).count();
    assert_eq!(told(), 1, "{:?}", site.reporter.warnings());
    site.build();
    assert_eq!(told(), 1, "once is enough");
    assert!(
        !site.path(".aither/materials.sealed").exists() && !site.path(".aither/participants.sealed").exists()
    );
    assert!(service.requests().iter().all(|request| !request.path.contains("/courses/")));
}

#[test]
fn a_public_page_gets_nothing_by_an_internal_layout() {
    let service = service();
    let site = site(&service);
    site.build();
    let before = site.tree();
    site.put("content/trick.md", "+++\ntitle = \"Trick\"\ntemplate = \"preparation\"\n+++\n");
    let error = site.try_build(Build::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Privacy, "{error}");
    assert_eq!(site.tree(), before);
    site.remove("content/trick.md");
    site.put("templates/layouts/course.liquid", "{% for p in course.participants %}{{ p.name }}{% endfor %}");
    let error = site.try_build(Build::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Privacy, "{error}");
    assert_eq!(site.tree(), before);
}

#[test]
fn only_the_administrator_reads_internal_pages() {
    let served = setup()
        .files(&[("index.html", "public")])
        .prepared(|folder| {
            let page = folder.join(".aither/internal/preparation/index.html");
            fs::create_dir_all(page.parent().unwrap()).unwrap();
            fs::write(page, "for the house").unwrap();
            fs::write(folder.join(".aither/memory.json"), "{}").unwrap();
        })
        .start();
    let address = "/internal/preparation/";
    let page = served.admin("GET", address);
    assert_eq!((page.status, page.body.as_slice()), (200, b"for the house".as_slice()));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(page.header("x-robots-tag").is_some_and(|value| value.contains("noindex")));
    // As a browser asks: any user, the token as the password.
    let basic = |text: &str| {
        let code = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut made = String::from("Basic ");
        for part in text.as_bytes().chunks(3) {
            let bits =
                part.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - part.len()));
            for at in 0..=part.len() {
                made.push(char::from(code[(bits >> (18 - 6 * at) & 63) as usize]));
            }
        }
        made
    };
    let with = |value: &str| served.send("GET", address, &[("Authorization", value)], "");
    assert_eq!(with(&basic(&format!("anna:{ADMIN}"))).status, 200);
    for wrong in [basic("anna:nothing"), basic(ADMIN), format!("Bearer {SYNC}"), "Basic ***".to_owned()] {
        let answer = with(&wrong);
        assert_eq!(answer.status, 401, "{wrong}");
        assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("Basic ")));
        assert!(!holds(&answer.body, "house"));
    }
    assert_eq!(served.get(address).status, 401);
    assert_eq!(served.admin("POST", address).status, 405);
    for lost in
        ["/internal/nothing/", "/internal/../memory.json", "/internal/%2e%2e/memory.json", "/internal//"]
    {
        assert_ne!(served.admin("GET", lost).status, 200, "{lost}");
    }
    assert_eq!(served.admin("HEAD", address).status, 200);
}

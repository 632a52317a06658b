//! Building: what is written, what stays, what is put back.

use aither::error::Kind;
use aither::project::Options;

use crate::fixture::{Fixture, row};

const THREE: &[(&str, &str, &str)] = &[
    ("1", "Ruhig verhandeln", "2027-03-01"),
    ("2", "Klar reden", "2027-04-01"),
    ("3", "Altes", "2026-01-01"),
];

#[test]
fn every_page_is_there() {
    let site =
        Fixture::with_courses(THREE).write("content/about.md", "+++\ntitle = \"Über uns\"\n+++\n# Hallo\n");
    let summary = site.build();
    assert_eq!(summary.courses, 3);
    for page in [
        "index.html",
        "404.html",
        "about/index.html",
        "courses/ruhig-verhandeln/index.html",
        "courses/klar-reden/index.html",
        "courses/altes/index.html",
        "levels/beginner/index.html",
        "levels/intermediate/index.html",
        "levels/advanced/index.html",
        "feed.xml",
        "sitemap.xml",
        "robots.txt",
        "sync-status.json",
        ".sync-manifest.json",
    ] {
        assert!(site.has(page), "{page}");
    }
    let home = site.output("index.html");
    assert!(
        home.contains("Ruhig verhandeln") && home.contains("Klar reden"),
        "upcoming courses are on the home page"
    );
}

#[test]
fn a_second_build_writes_nothing_and_touches_nothing() {
    let mut site = Fixture::with_courses(THREE);
    site.build();
    let before = site.times();
    site.now = "2026-11-21T11:00:00Z".parse().unwrap();
    let summary = site.build();
    assert_eq!((summary.build.written, summary.build.rendered, summary.build.removed), (0, 0, 0));
    assert_eq!(site.times(), before);
}

#[test]
fn a_changed_title_rewrites_the_pages_that_show_it() {
    let site = Fixture::with_courses(THREE);
    site.build();
    let before = site.tree();
    let site = site.courses(&[
        ("1", "Ruhig verhandeln", "2027-03-01"),
        ("2", "Klar reden", "2027-04-01"),
        ("3", "Altes", "2026-01-01"),
    ]);
    site.build();
    assert_eq!(Fixture::changed(&before, &site.tree()), Vec::<String>::new());

    let mut rows: Vec<serde_json::Value> =
        serde_json::from_str(&std::fs::read_to_string(site.path("courses.json")).unwrap()).unwrap();
    rows[1]["title"] = "Klarer reden".into();
    site.put("courses.json", serde_json::to_string(&rows).unwrap());
    let summary = site.build();
    let changed = Fixture::changed(&before, &site.tree());
    assert!(changed.contains(&"courses/klar-reden/index.html".to_owned()));
    assert!(changed.contains(&"index.html".to_owned()));
    assert!(changed.contains(&"levels/beginner/index.html".to_owned()));
    assert!(!changed.contains(&"404.html".to_owned()), "{changed:?}");
    assert!(!changed.contains(&"levels/advanced/index.html".to_owned()), "{changed:?}");
    assert_eq!(summary.build.written, changed.len());
}

#[test]
fn what_was_edited_or_deleted_by_hand_is_put_back() {
    let site = Fixture::with_courses(THREE);
    site.build();
    let good = site.tree();
    site.put("output/index.html", "<h1>hand</h1>");
    site.remove("output/courses/altes/index.html");
    let summary = site.build();
    assert_eq!(summary.build.written, 2);
    assert_eq!(site.tree(), good);
}

#[test]
fn a_removed_course_takes_its_page_along_and_foreign_files_stay() {
    let site = Fixture::with_courses(THREE);
    site.build();
    site.put("output/foreign.txt", "mine");
    site.put("output/courses/notes.txt", "mine");
    let site = site.courses(&THREE[..2]);
    assert_eq!(site.build().build.removed, 3, "its page, its calendar and its card");
    assert!(!site.has("courses/altes"));
    assert!(site.has("foreign.txt") && site.has("courses/notes.txt"));

    let clean = Options { clean: true, ..Options::default() };
    assert_eq!(site.try_build(clean).unwrap().build.removed, 2);
    assert!(!site.has("foreign.txt") && !site.has("courses/notes.txt"));
}

#[test]
fn a_catalogue_that_loses_a_good_part_of_its_courses_is_refused() {
    let many: Vec<(String, String)> =
        (0..13).map(|number| (number.to_string(), format!("Kurs {number}"))).collect();
    let first = |number: usize| -> Vec<(&str, &str, &str)> {
        many[..number].iter().map(|(id, title)| (&**id, &**title, "2027-01-10")).collect()
    };
    let site = Fixture::with_courses(&first(13));
    site.build();
    let refused = |site: &Fixture| {
        let before = site.tree();
        let error = site.try_build(Options::default()).unwrap_err();
        assert_eq!(error.kind(), Kind::Refused, "{error}");
        assert_eq!(site.tree(), before);
    };
    let site = site.courses(&first(8));
    refused(&site);
    let site = site.courses(&first(9));
    site.build();
    let site = site.courses(&first(5));
    assert_eq!(site.build().courses, 5, "four of nine are more than the limit, and few");
    let site = site.courses(&first(1));
    site.build();
    let site = site.courses(&[]);
    refused(&site);
    let allow = Options { allow_shrink: true, ..Options::default() };
    assert_eq!(site.try_build(allow).unwrap().courses, 0);
}

/// Nobody keeps the answers of a file: what was there before is in the memory.
#[test]
fn what_a_file_brings_is_compared_with_what_it_brought_before() {
    let dated = |id: &str, title: &str| {
        let mut row = row(id, title, "2027-01-10");
        row["updatedAt"] = "2026-01-01T00:00:00Z".into();
        row
    };
    let site = Fixture::with_courses(&[]);
    let sync = |rows: &[serde_json::Value]| {
        site.put_courses(rows);
        let sync = site.build().sync.unwrap();
        (sync.added, sync.updated, sync.removed)
    };
    let rows = [row("1", "Eins", "2027-01-10"), dated("2", "Zwei"), dated("3", "Drei")];
    assert_eq!(sync(&rows), (3, 0, 0));
    site.put("content/about.md", "+++\ntitle = \"Über uns\"\n+++\nWir.\n");
    assert_eq!(sync(&rows), (0, 0, 0));
    let [one, two, _] = rows;
    assert_eq!(sync(&[one.clone(), dated("2", "Zwo"), dated("4", "Vier")]), (1, 1, 1));
    assert_eq!(sync(&[row("1", "Ein", "2027-01-10"), two]), (0, 2, 1));
    // One that tells now when it changed is no new one.
    assert_eq!(sync(&[dated("1", "Ein"), row("2", "Zwei", "2027-01-10")]).0, 0);
    assert_eq!(sync(&[dated("1", "Ein"), row("2", "Zwei", "2027-01-10")]), (0, 0, 0));
}

#[test]
fn a_sample_is_new_once() {
    let site = Fixture::new("source = \"sample\"\n[site]\ntitle = \"A\"\nbase_url = \"https://a.example\"\n");
    assert!(site.build().sync.unwrap().added > 3);
    site.put("content/about.md", "+++\ntitle = \"Über uns\"\n+++\nWir.\n");
    let sync = site.build().sync.unwrap();
    assert_eq!((sync.added, sync.updated, sync.removed), (0, 0, 0));
}

/// Browsers read of a sync that failed; nothing else of the site changes.
#[test]
fn a_sync_that_fails_is_told_in_one_file() {
    let site = Fixture::with_courses(THREE);
    let failing = |site: &Fixture| assert!(!site.run(&["build"]).status.success());
    let status = || -> serde_json::Value { serde_json::from_str(&site.output("sync-status.json")).unwrap() };
    let rows = std::fs::read(site.path("courses.json")).unwrap();
    site.put("courses.json", "no JSON");
    failing(&site);
    assert!(!site.has("sync-status.json"), "there is no site whose data it could tell of");
    site.put("courses.json", &rows);
    assert!(site.run(&["build"]).status.success());
    let good = status();
    assert_eq!(good["sync_status"], "success");
    let (tree, times) = (site.tree(), site.times());

    site.put("courses.json", "no JSON");
    failing(&site);
    let mut failed = status();
    assert_eq!(failed["sync_status"], "failed");
    failed["sync_status"] = "success".into();
    assert_eq!(failed, good, "the data are as old as they are");
    let written = site.times();
    let touched: Vec<&String> = times.keys().filter(|path| times[*path] != written[*path]).collect();
    assert_eq!((touched, times.len()), (vec![&"sync-status.json".to_owned()], written.len()));
    assert_eq!(site.tree(), tree);
    let before = site.times()["sync-status.json"];
    failing(&site);
    assert_eq!(site.times()["sync-status.json"], before, "the same is not written again");

    site.put("courses.json", &rows);
    let again = site.run(&["build"]);
    let told = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.status.success() && !told.contains("warning"), "{told}");
    assert_eq!(status(), good);
    assert_eq!(site.tree(), tree);
}

#[test]
fn a_damaged_or_missing_manifest_is_noticed_and_healed() {
    let site = Fixture::with_courses(THREE);
    site.build();
    let good = site.tree();
    let manifest = site.output(".sync-manifest.json");
    for damage in ["", "{", "{\"version\":99}", "null", &manifest[..manifest.len() / 2]] {
        site.put("output/.sync-manifest.json", damage);
        let summary = site.build();
        assert!(summary.build.rendered > 5, "everything is rendered");
        assert_eq!(summary.build.written, 0, "but what is right is not written again");
        assert_eq!(site.output(".sync-manifest.json"), manifest);
        assert!(site.reporter.warnings().iter().any(|w| w.contains("sync.manifest.corrupted")), "{damage:?}");
    }
    site.remove("output/.sync-manifest.json");
    site.build();
    assert_eq!(site.output(".sync-manifest.json"), manifest);
    assert_eq!(site.tree(), good);
}

#[test]
fn a_lost_state_folder_costs_a_render_but_no_write() {
    let site = Fixture::with_courses(THREE);
    site.build();
    let before = site.times();
    std::fs::remove_file(site.path(".aither/traces.bin")).unwrap();
    let summary = site.build();
    assert_eq!(summary.build.written, 0);
    assert_eq!(site.times(), before);
}

#[test]
fn no_course_and_no_sync_give_friendly_pages() {
    let site = Fixture::with_courses(&[]);
    site.build();
    assert!(site.has("index.html") && site.has("levels/beginner/index.html"));

    let site = Fixture::new("source = \"hemera\"\n[site]\nlanguage = \"de\"\n")
        .env("HEMERA_API_BASE_URL", "http://127.0.0.1:9")
        .env("HEMERA_API_KEY", "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk");
    site.try_build(Options { offline: true, ..Options::default() }).unwrap();
    assert!(site.has("index.html"));
}

#[test]
fn foreign_slugs_neither_leave_the_output_nor_collide() {
    let rows = serde_json::json!([
        { "id": "a", "title": "A", "slug": "../../etc/passwd", "level": "BEGINNER", "startDate": null, "endDate": null, "participantCount": 0 },
        { "id": "b", "title": "B", "slug": "same", "level": "BEGINNER", "startDate": null, "endDate": null, "participantCount": 0 },
        { "id": "c", "title": "C", "slug": "Same", "level": "BEGINNER", "startDate": null, "endDate": null, "participantCount": 0 },
        { "id": "d", "title": "D", "slug": "con\u{0}/..%2f", "level": "BEGINNER", "startDate": null, "endDate": null, "participantCount": 0 },
    ]);
    let site = Fixture::with_courses(&[]).write("courses.json", rows.to_string());
    site.build();
    assert!(site.has("courses/etc-passwd/index.html"));
    assert!(site.has("courses/same/index.html") && site.has("courses/same-c/index.html"));
    assert!(site.reporter.warnings().iter().any(|w| w.contains("/courses/same-c/")));
}

#[test]
fn a_template_error_leaves_the_output_as_it_was() {
    let site = Fixture::with_courses(THREE);
    site.build();
    let good = site.tree();
    site.put("templates/layouts/course.liquid", "{% if %}{{ course.title");
    let site = site.courses(&[("9", "Neu", "2027-09-09"), THREE[0], THREE[1], THREE[2]]);
    let error = site.try_build(Options::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Template, "{error}");
    assert!(error.message().contains("templates/layouts/course.liquid"), "{error}");
    assert_eq!(site.tree(), good);
    site.remove("templates/layouts/course.liquid");
    site.build();
    assert!(site.has("courses/neu/index.html"));
}

#[test]
fn two_files_at_one_address_are_an_error_that_names_it() {
    let site = Fixture::with_courses(&[])
        .write("content/a.md", "A")
        .write("content/b.md", "+++\nslug = \"a\"\n+++\nB");
    let error = site.try_build(Options::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Content);
    assert!(error.message().contains("/a/"), "{error}");
}

#[test]
fn the_program_says_what_it_did() {
    let site = Fixture::with_courses(THREE);
    let output = site.run(&["build"]);
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(line.contains(" written, 0 unchanged, 0 removed in "), "{line}");
    let output = site.run(&["build", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["ok"], &json["written"], &json["courses"]), (&true.into(), &0.into(), &3.into()));
    let output = site.run(&["build", "--quiet"]);
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
}

#[test]
fn warnings_are_told_also_when_it_is_quiet_and_to_machines() {
    let bad = serde_json::json!({ "id": "b", "title": "B", "slug": "b", "level": "EXPERT", "startDate": null,
        "endDate": null, "participantCount": 0 });
    let rows = serde_json::json!([crate::fixture::row("a", "A", ""), bad]);
    let site = Fixture::with_courses(&[]).write("courses.json", rows.to_string());
    let output = site.run(&["build", "--quiet"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && output.stdout.is_empty());
    assert!(told.starts_with("warning: course b set aside: ") && told.lines().count() == 1, "{told}");

    site.put("output/.sync-manifest.json", "{");
    let output = site.run(&["build", "--quiet", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let warnings: Vec<&str> = json["warnings"].as_array().unwrap().iter().flat_map(|w| w.as_str()).collect();
    assert!(warnings.iter().any(|w| w.starts_with("course b set aside")), "{warnings:?}");
    assert!(warnings.iter().any(|w| w.contains("sync.manifest.corrupted")), "{warnings:?}");
    assert_eq!(warnings.len(), 2);

    // Also where it failed in the end.
    site.put("templates/layouts/course.liquid", "{% if %}");
    let output = site.run(&["build", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["ok"], json["warnings"].as_array().unwrap().len()), (&false.into(), 1));
}

#[test]
fn additions_to_courses_that_are_not_there_are_told_in_one_line() {
    let site = Fixture::with_courses(THREE);
    let told = |site: &Fixture| {
        let output = site.run(&["build"]);
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    site.put("content/courses/altes.md", "");
    assert_eq!(told(&site), "");
    site.put("content/courses/a.md", "");
    assert_eq!(told(&site), "warning: courses/a.md: no course has the slug `a`\n");
    site.put("content/courses/b.md", "+++\ncourse = \"77\"\n+++\n");
    assert_eq!(
        told(&site),
        "warning: 2 files add to courses that the source does not have: courses/a.md, courses/b.md\n"
    );
    for name in ["c", "d", "e"] {
        site.put(&format!("content/courses/{name}.md"), "");
    }
    assert_eq!(
        told(&site),
        "warning: 5 files add to courses that the source does not have: courses/a.md, courses/b.md, courses/c.md, \
         and 2 more\n"
    );
    site.remove("content/courses/a.md");
    ["c", "d", "e"].iter().for_each(|name| site.remove(&format!("content/courses/{name}.md")));
    let last = "warning: courses/b.md: no course has the id `77`\n";
    let quiet = |site: &Fixture| String::from_utf8(site.run(&["build", "--quiet"]).stderr).unwrap();
    assert_eq!(quiet(&site), last);
    // From then on a quiet build has nothing to say, whether or not there is something to do; a plain one has.
    assert_eq!(quiet(&site), "");
    site.put("content/about.md", "+++\ntitle = \"Wir\"\n+++\n");
    assert_eq!((quiet(&site), told(&site)), (String::new(), last.to_owned()));
}

#[test]
fn wrong_usage_exits_with_2_and_a_missing_config_says_what_to_do() {
    let site = Fixture::with_courses(&[]);
    assert_eq!(site.run(&["bild"]).status.code(), Some(2));
    assert_eq!(site.run(&["build", "--frobnicate"]).status.code(), Some(2));
    site.remove("aither.toml");
    let output = site.run(&["build"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("aither init"));
}

#[test]
fn a_second_build_at_once_is_told_to_wait() {
    let site = Fixture::with_courses(THREE);
    site.build();
    let before = site.times();
    let lock = std::fs::File::options().write(true).open(site.path(".aither/lock")).unwrap();
    lock.lock().unwrap();
    let output = site.run(&["build"]);
    assert_eq!(output.status.code(), Some(75));
    assert!(String::from_utf8_lossy(&output.stderr).contains("another build"));
    assert_eq!(site.times(), before);
}

#[test]
fn what_templates_say_of_a_page_is_said_as_long_as_it_stays() {
    let site = Fixture::new(
        "source = \"sample\"\n[site]\ntitle = \"A\"\nbase_url = \"https://a.example\"\n[theme]\nstrict = false\n",
    );
    site.put("templates/layouts/page.liquid", "{{ page.nothing_of_that_name }}");
    site.put("content/about.md", "+++\ntitle = \"Wir\"\n+++\n");
    let told = |at: usize| -> Vec<String> {
        let all = site.reporter.warnings().split_off(at);
        all.into_iter().filter(|told| told.contains("nothing_of_that_name")).collect()
    };
    site.build();
    assert_eq!(told(0).len(), 1);
    let (rendered, at) = (site.build().build.rendered, site.reporter.warnings().len());
    assert_eq!((rendered, told(0).len()), (0, 2));
    // Another page is rendered, and this one is still odd.
    site.put("content/more.md", "+++\ntitle = \"Mehr\"\ntemplate = \"section\"\n+++\n");
    assert!(site.build().build.rendered > 0);
    assert_eq!(told(at).len(), 1);
    site.put("templates/layouts/page.liquid", "{{ page.title }}");
    let at = site.reporter.warnings().len();
    site.build();
    assert_eq!(told(at), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn an_edit_that_hides_its_time_is_seen() {
    let site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10")]);
    site.build();
    let before = site.tree();
    let file = site.path("output/index.html");
    let modified = std::fs::metadata(&file).unwrap().modified().unwrap();
    let forged = site.output("index.html").replace("Ruhig", "Laut!");
    std::fs::write(&file, forged).unwrap();
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    assert_eq!(site.build().build.written, 1);
    assert_eq!(Fixture::changed(&before, &site.tree()), Vec::<String>::new());
    assert_eq!(site.build().build.written, 0);
}

#[cfg(unix)]
#[test]
fn links_and_empty_folders_in_place_of_a_page_make_way() {
    let site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10")]);
    site.build();
    let before = site.tree();
    let page = site.path("output/courses/ruhig-reden/index.html");
    // A link to the very bytes is no file of ours, either.
    let elsewhere = site.path("elsewhere.html");
    std::fs::rename(&page, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &page).unwrap();
    site.build();
    assert!(!page.is_symlink() && elsewhere.exists());
    assert_eq!(Fixture::changed(&before, &site.tree()), Vec::<String>::new());

    std::fs::remove_file(&page).unwrap();
    std::fs::create_dir_all(page.join("deep/.hidden")).unwrap();
    site.build();
    assert_eq!(Fixture::changed(&before, &site.tree()), Vec::<String>::new());

    // What is not ours stays.
    std::fs::remove_file(&page).unwrap();
    site.put("output/courses/ruhig-reden/index.html/deep/.mine", "mine");
    let error = site.try_build(Options::default()).unwrap_err();
    assert!(error.message().contains("is a folder where a file is needed"), "{error}");
    assert!(page.join("deep/.mine").exists());
}

#[test]
fn a_preview_in_a_folder_of_its_own_raises_no_alarm_and_leaves_the_memory_alone() {
    let mut site = Fixture::new("[site]\nbase_url = \"https://a.example\"\n");
    let told = |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let build = |site: &Fixture, arguments: &[&str]| {
        let output = site.run(arguments);
        assert!(output.status.success(), "{}", told(&output));
        assert!(!told(&output).contains("warning"), "{}", told(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    build(&site, &["build"]);
    let (tree, memory) = (site.tree(), std::fs::read(site.path(".aither/memory.json")).unwrap());
    let runs = std::fs::read(site.path(".aither/runs.jsonl")).unwrap();

    site.environment.push(("AITHER_OUTPUT".to_owned(), "preview".to_owned()));
    build(&site, &["build", "--at", "2031-06-15"]);
    assert!(site.path("preview/index.html").exists());
    assert_eq!(std::fs::read(site.path(".aither/memory.json")).unwrap(), memory);
    assert_eq!(std::fs::read(site.path(".aither/runs.jsonl")).unwrap(), runs);

    site.environment.clear();
    let done = build(&site, &["build"]);
    assert!(done.starts_with("0 written"), "{done}");
    assert_eq!((site.tree(), std::fs::read(site.path(".aither/memory.json")).unwrap()), (tree, memory));
    // An output that somebody has cleared away is no corruption either.
    std::fs::remove_dir_all(site.path("output")).unwrap();
    build(&site, &["build"]);
}

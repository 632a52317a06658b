//! The promise of the incremental engine: after any edits, the output is what a clean build gives; and the work is in
//! proportion to the change.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use aither::project::Options;
use proptest::prelude::*;

use crate::fixture::{Fixture, row};

const CONFIG: &str = "source = \"file\"\n[site]\ntitle = \"Akademie\"\nbase_url = \"https://a.example\"\nlanguage = \"de\"\n\
                      time_zone = \"Europe/Berlin\"\n[file]\npath = \"courses.json\"\n[courses]\npage_size = 3\n";

/// A site with nine courses, three a listing page, and a few pages.
fn site() -> Fixture {
    let site = Fixture::new(CONFIG);
    let rows: Vec<_> = (1..=9).map(course).collect();
    site.put("courses.json", serde_json::to_string(&rows).unwrap());
    site.put("content/about.md", "+++\ntitle = \"Über uns\"\n+++\nHallo\n");
    site.put("content/news/_index.md", "+++\ntitle = \"Neues\"\n+++\n");
    site.put("content/news/a.md", "+++\ntitle = \"A\"\ndate = 2026-10-01\n+++\nText\n");
    site.put("content/news/b.md", "+++\ntitle = \"B\"\ndate = 2026-10-02\n+++\nText\n");
    site
}

fn course(number: usize) -> serde_json::Value {
    let mut row = row(&format!("c{number}"), &format!("Kurs {number}"), &format!("2027-0{number}-01"));
    row["description"] = format!("Beschreibung {number}").into();
    row["level"] = ["BEGINNER", "INTERMEDIATE", "ADVANCED"][number % 3].into();
    row["updatedAt"] = format!("2026-01-0{number}T00:00:00Z").into();
    row
}

fn edit(site: &Fixture, change: impl FnOnce(&mut Vec<serde_json::Value>)) {
    let mut rows = serde_json::from_str(&fs::read_to_string(site.path("courses.json")).unwrap()).unwrap();
    change(&mut rows);
    site.put("courses.json", serde_json::to_string(&rows).unwrap());
}

fn rendered(site: &Fixture) -> Vec<String> {
    site.build().build.reasons.into_iter().map(|(path, _)| path).collect()
}

#[test]
fn a_description_that_only_its_page_shows_renders_one_page() {
    let site = site();
    site.build();
    edit(&site, |rows| rows[4]["description"] = "Anders".into());
    let rendered = rendered(&site);
    let pages: Vec<&String> = rendered.iter().filter(|path| path.ends_with("index.html")).collect();
    assert_eq!(pages, ["courses/kurs-5/index.html"], "{rendered:?}");
}

#[test]
fn a_title_renders_the_page_its_neighbours_its_relatives_its_listings_the_home_page_and_the_feed() {
    let site = site();
    site.build();
    edit(&site, |rows| rows[4]["title"] = "Anderer Kurs".into());
    let rendered = rendered(&site);
    for path in [
        "courses/kurs-2/index.html",
        "courses/kurs-8/index.html",
        "courses/kurs-4/index.html",
        "courses/kurs-5/card.png",
        "courses/kurs-5/index.html",
        "courses/kurs-6/index.html",
        "courses/kurs-5/kurs-5.ics",
        "courses/page/2/index.html",
        "calendar.ics",
        "feed.json",
        "feed.xml",
        "index.html",
        "levels/advanced/index.html",
        "months/2027-05/index.html",
        "moochub/courses.json",
        "rss.xml",
        "search/d/0.json",
        "search/t/0.json",
        "search/terms.json",
    ] {
        assert!(rendered.iter().any(|r| r == path), "{path}: {rendered:?}");
    }
    assert_eq!(rendered.len(), 19, "{rendered:?}");
}

#[test]
fn a_new_course_renders_its_neighbours_its_relatives_and_its_listings_and_no_other_course() {
    let site = site();
    site.build();
    edit(&site, |rows| {
        let mut new = course(5);
        new["id"] = "c55".into();
        new["slug"] = "neu".into();
        new["title"] = "Neu".into();
        new["startDate"] = "2027-05-15".into();
        rows.push(new);
    });
    let courses: Vec<String> =
        rendered(&site).into_iter().filter(|p| p.starts_with("courses/") && !p.contains("/page/")).collect();
    assert_eq!(
        courses,
        [
            "courses/index.html",
            "courses/kurs-2/index.html",
            "courses/kurs-5/index.html",
            "courses/kurs-6/index.html",
            "courses/kurs-8/index.html",
            "courses/neu/card.png",
            "courses/neu/index.html",
            "courses/neu/neu.ics"
        ],
        "only the neighbours and the courses of the same level that show it"
    );
}

#[test]
fn an_edited_partial_wakes_its_readers_and_a_new_override_those_that_had_looked_for_it() {
    let site = site()
        .write("templates/partials/extra.liquid", "eins")
        .write("templates/layouts/page.liquid", "{% include 'extra' %}{{ content }}");
    site.build();
    site.put("templates/partials/extra.liquid", "zwei");
    assert_eq!(rendered(&site), ["about/index.html", "news/a/index.html", "news/b/index.html"]);
    site.put("templates/layouts/404.liquid", "weg");
    assert_eq!(rendered(&site), ["404.html"]);
    site.remove("templates/layouts/404.liquid");
    assert_eq!(rendered(&site), ["404.html"]);
}

#[test]
fn a_content_edit_renders_that_page_and_a_title_those_that_link_to_it() {
    let site = site();
    site.build();
    site.put("content/about.md", "+++\ntitle = \"Über uns\"\n+++\nHallo Welt\n");
    let expected =
        ["about/index.html", "search/d/0.json", "search/t/0.json", "search/terms.json", "sitemap.xml"];
    assert_eq!(rendered(&site), expected, "the sitemap says when it changed, and the text can be found");
    site.put("content/news/a.md", "+++\ntitle = \"A anders\"\ndate = 2026-10-01\n+++\nText\n");
    let rendered = rendered(&site);
    assert!(
        rendered.contains(&"news/index.html".to_owned())
            && rendered.contains(&"news/b/index.html".to_owned())
    );
    assert!(!rendered.iter().any(|path| path.starts_with("courses/")), "{rendered:?}");
}

#[test]
fn the_clock_renders_the_pages_of_a_course_that_is_over() {
    let mut site = site();
    site.build();
    site.now = "2027-01-02T10:00:00Z".parse().unwrap();
    let rendered = rendered(&site);
    assert!(rendered.contains(&"courses/kurs-1/index.html".to_owned()), "{rendered:?}");
    assert!(!rendered.contains(&"courses/kurs-5/index.html".to_owned()), "{rendered:?}");
    assert_eq!(site.build().build.reasons, []);
}

#[test]
fn a_changed_slug_leaves_a_redirect_from_every_past_address() {
    let site = site().write("static/_redirects", "/alt /neu 302");
    site.build();
    for slug in ["zweiter", "dritter"] {
        edit(&site, |rows| rows[0]["slug"] = slug.into());
        site.build();
    }
    for old in ["kurs-1", "zweiter"] {
        let page = site.output(&format!("courses/{old}/index.html"));
        assert!(page.contains("url=/courses/dritter/"), "{page}");
    }
    assert_eq!(
        site.output("_redirects"),
        "/alt /neu 302\n/courses/kurs-1/ /courses/dritter/ 301\n/courses/zweiter/ /courses/dritter/ 301\n"
    );
    assert!(site.output("courses/dritter/index.html").contains("Kurs 1"));
    // Somebody else moves in: the page wins over the redirect.
    edit(&site, |rows| rows[1]["slug"] = "zweiter".into());
    site.build();
    assert!(site.output("courses/zweiter/index.html").contains("Kurs 2"));
    assert!(site.output("_redirects").lines().all(|line| !line.starts_with("/courses/zweiter/ ")));
}

#[test]
fn a_removed_course_stays_as_an_archived_page_if_the_site_wants_that() {
    let site = site().write("aither.toml", format!("{CONFIG}archive = true\n"));
    site.build();
    edit(&site, |rows| drop(rows.remove(4)));
    site.build();
    assert!(site.output("courses/kurs-5/index.html").contains("Kurs 5"));
    assert!(!site.output("levels/advanced/index.html").contains("Kurs 5"));
    assert!(!site.output("courses/kurs-4/index.html").contains("/courses/kurs-5/"));
    site.put("aither.toml", CONFIG);
    site.build();
    assert!(!site.has("courses/kurs-5/index.html"));
}

#[test]
fn verify_finds_what_is_wrong_and_dry_run_writes_nothing() {
    let site = site();
    site.build();
    let output = site.run(&["build", "--verify"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("a clean build gives the same"));
    assert!(
        fs::read_dir(site.path(".aither"))
            .unwrap()
            .flatten()
            .all(|e| !e.file_name().to_string_lossy().starts_with("verify"))
    );

    edit(&site, |rows| rows[2]["title"] = "Anders".into());
    let before = (
        site.times(),
        fs::read(site.path(".aither/traces.bin")).unwrap(),
        fs::read(site.path(".aither/memory.json")).unwrap(),
    );
    let output = site.run(&["build", "--dry-run", "--explain"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("courses/kurs-3/index.html: "), "{told}");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("would be: "));
    let after = (
        site.times(),
        fs::read(site.path(".aither/traces.bin")).unwrap(),
        fs::read(site.path(".aither/memory.json")).unwrap(),
    );
    assert_eq!(before, after);
}

#[test]
fn why_tells_what_a_page_read_and_what_woke_it() {
    let site = site();
    site.build();
    let told = |what: &str| {
        let output = site.run(&["why", what]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    for name in [
        "courses/kurs-5/index.html",
        "/courses/kurs-5/",
        "/courses/kurs-5",
        "courses/kurs-5",
        "courses/kurs-5/",
        "https://a.example/courses/kurs-5/",
        "https://a.example/courses/kurs-5",
        "course:c5",
    ] {
        let text = told(name);
        assert!(text.starts_with("courses/kurs-5/index.html\n  is up to date\n"), "{text}");
        assert!(text.contains("layouts/course") && text.contains("course:c5.title"), "{text}");
    }
    edit(&site, |rows| rows[4]["title"] = "Anders".into());
    let text = told("/courses/kurs-5/");
    assert!(
        text.contains("would be rendered: ") && text.contains("course:c5.title") && text.contains('→'),
        "{text}"
    );
    assert!(told("content/about.md").starts_with("about/index.html"));
    assert!(told("themes/academy/layouts/404.liquid").starts_with("404.html"));
    assert_eq!(site.run(&["why", "/nirgends/"]).status.code(), Some(1));
    let near = String::from_utf8(site.run(&["why", "courses/kurz-5"]).stderr).unwrap();
    assert!(near.contains("did you mean `courses/kurs-5`?"), "{near}");
}

#[test]
fn damaged_traces_are_noticed_and_healed() {
    let site = site();
    site.build();
    let before = site.times();
    let good = fs::read(site.path(".aither/traces.bin")).unwrap();
    for damage in [&[][..], &good[..good.len() / 2], b"aitherT9", &[&good[..], b"x"].concat()] {
        site.put(".aither/traces.bin", damage);
        let summary = site.build();
        assert_eq!(summary.build.written, 0);
        assert!(summary.build.rendered > 10);
        assert_eq!(site.times(), before);
        assert_eq!(site.build().build.reasons, []);
    }
}

/// One step of a random history.
#[derive(Debug, Clone)]
enum Step {
    Field(usize, &'static str, u8),
    Add(u8),
    Remove(usize),
    Slug(usize, u8),
    Template(usize, u8),
    TemplateGone(usize),
    Config(usize),
    Asset(u8, Option<u8>),
    Sass(u8),
    Style(u8),
    Picture(u8),
    Page(u8, Option<u8>),
    Overlay(usize, Option<u8>),
    Data(u8, Option<u8>),
    Shortcode(u8),
    Translation(usize, Option<u8>),
    Clock(u16),
    Hand(usize, u8),
    /// The next build is cut off: some files of before come back, the journal stays.
    Crash(u64),
    LoseTraces,
    LoseManifest,
}

const TEMPLATES: [&str; 5] =
    ["layouts/course", "layouts/404", "layouts/page", "partials/date", "partials/footer"];

fn step() -> impl Strategy<Value = Step> {
    let field = prop::sample::select(vec![
        "title",
        "description",
        "level",
        "startDate",
        "participantCount",
        "price",
        "location",
    ]);
    prop_oneof![
        4 => (0..12_usize, field, any::<u8>()).prop_map(|(at, field, to)| Step::Field(at, field, to)),
        1 => any::<u8>().prop_map(Step::Add),
        1 => (0..12_usize).prop_map(Step::Remove),
        2 => (0..12_usize, 0..6_u8).prop_map(|(at, to)| Step::Slug(at, to)),
        2 => (0..TEMPLATES.len(), 0..4_u8).prop_map(|(at, to)| Step::Template(at, to)),
        1 => (0..TEMPLATES.len()).prop_map(Step::TemplateGone),
        2 => (0..CONFIGS.len()).prop_map(Step::Config),
        1 => (0..3_u8, prop::option::of(any::<u8>())).prop_map(|(name, to)| Step::Asset(name, to)),
        1 => (0..4_u8).prop_map(Step::Sass),
        1 => (0..4_u8).prop_map(Step::Style),
        1 => (0..4_u8).prop_map(Step::Picture),
        2 => (0..4_u8, prop::option::of(any::<u8>())).prop_map(|(name, to)| Step::Page(name, to)),
        1 => (0..12_usize, prop::option::of(any::<u8>())).prop_map(|(at, to)| Step::Overlay(at, to)),
        2 => (0..TRANSLATIONS.len(), prop::option::of(any::<u8>()))
            .prop_map(|(at, to)| Step::Translation(at, to)),
        1 => (0..2_u8, prop::option::of(any::<u8>())).prop_map(|(name, to)| Step::Data(name, to)),
        1 => any::<u8>().prop_map(Step::Shortcode),
        1 => (0..900_u16).prop_map(Step::Clock),
        1 => (any::<usize>(), any::<u8>()).prop_map(|(at, to)| Step::Hand(at, to)),
        2 => any::<u64>().prop_map(Step::Crash),
        1 => Just(Step::LoseTraces),
        1 => Just(Step::LoseManifest),
    ]
}

/// Files of another language, which count while the site has it.
const TRANSLATIONS: [&str; 6] = [
    "content/about.en.md",
    "content/news/a.en.md",
    "content/news/_index.en.md",
    "content/courses/kurs-1.en.md",
    "content/courses/kurs-2.en.md",
    "i18n/en.toml",
];

const CONFIGS: [(&str, &str); 6] = [
    ("[courses]\n", "[languages.en]\ntitle = \"Academy\"\n[courses]\n"),
    ("title = \"Akademie\"", "title = \"Andere Akademie\""),
    ("page_size = 3", "page_size = 4"),
    ("language = \"de\"", "language = \"fr\""),
    ("page_size = 3", "page_size = 3\narchive = true"),
    ("[file]\n", "[output]\nprecompress = true\n[file]\n"),
];

fn take(site: &mut Fixture, step: &Step, random: &mut fastrand::Rng) {
    let at = |rows: &[serde_json::Value], at: usize| at % rows.len().max(1);
    match step {
        Step::Field(place, field, to) => edit(site, |rows| {
            let place = at(rows, *place);
            let Some(row) = rows.get_mut(place) else { return };
            row[*field] = match *field {
                "level" => ["BEGINNER", "INTERMEDIATE", "ADVANCED"][usize::from(*to) % 3].into(),
                "startDate" if *to < 40 => serde_json::Value::Null,
                "startDate" => format!("202{}-0{}-1{}", 6 + to % 2, 1 + to % 9, to % 10).into(),
                "participantCount" | "price" => (*to).into(),
                _ => format!("{field} <{to}> & \"{}\"", to % 7).into(),
            };
        }),
        Step::Add(to) => edit(site, |rows| {
            let mut new = course(1 + usize::from(*to) % 9);
            new["id"] = format!("n{to}").into();
            new["slug"] = format!("neu-{}", to % 20).into();
            if rows.iter().all(|row| row["id"] != new["id"]) {
                rows.push(new);
            }
        }),
        Step::Remove(place) => edit(site, |rows| {
            let place = at(rows, *place);
            if rows.len() > 1 {
                rows.remove(place);
            }
        }),
        Step::Slug(place, to) => edit(site, |rows| {
            let place = at(rows, *place);
            if let Some(row) = rows.get_mut(place) {
                row["slug"] = format!("ort-{to}").into();
            }
        }),
        Step::Template(which, to) => {
            let name = TEMPLATES[*which];
            let text = match to {
                0 => format!("{name} {{{{ site.title }}}} {{{{ page.title }}}} {{{{ content }}}}"),
                1 => format!(
                    "{name} {{% for c in site.upcoming %}}{{{{ c.title }}}} {{% endfor %}}{{{{ course.location }}}}"
                ),
                2 => format!(
                    "{name} {{% if site.data.d0 %}}{{{{ site.data.d0.x }}}}{{% endif %}} {{% for t in site.taxonomies.tags %}}{{{{ t.name }}}}{{{{ t.count }}}}{{% endfor %}} {{{{ page.related | map: 'title' | join: ' ' }}}} {{{{ page.terms.tags | map: 'url' | join: ' ' }}}}"
                ),
                _ => format!(
                    "{name} {{{{ course.title | upcase }}}} {{{{ site.courses.size }}}} {{{{ page.next.url }}}}"
                ),
            };
            site.put(&format!("templates/{name}.liquid"), text);
        }
        Step::TemplateGone(which) => {
            let _ = fs::remove_file(site.path(&format!("templates/{}.liquid", TEMPLATES[*which])));
        }
        Step::Config(which) => {
            let (from, to) = CONFIGS[*which];
            let text = fs::read_to_string(site.path("aither.toml")).unwrap();
            let text = if text.contains(to) { text.replace(to, from) } else { text.replace(from, to) };
            site.put("aither.toml", text);
        }
        Step::Asset(name, Some(to)) => site.put(&format!("static/files/{name}.txt"), format!("asset {to}")),
        Step::Asset(name, None) => drop(fs::remove_file(site.path(&format!("static/files/{name}.txt")))),
        Step::Sass(to) => site.put("sass/_ink.scss", format!("$ink: rgb({to}, 0, 0);")),
        Step::Style(to) => site
            .put("static/more.css", format!("a {{ background: url(pic.png) }}\nb {{ top: {}px }}", to % 3)),
        Step::Picture(to) => site.put("static/pic.png", picture(*to)),
        Step::Page(name, Some(to)) => {
            // Some appear or go when the clock moves on, all have terms, an alias, and a call of the shortcode.
            let publish = if to % 3 == 0 {
                format!("publish_at = 2026-12-{:02}\n", 1 + to % 20)
            } else {
                String::new()
            };
            let expires =
                if to % 4 == 0 { format!("expires = 2027-01-{:02}\n", 1 + to % 20) } else { String::new() };
            let text = format!(
                "+++\ntitle = \"Seite {to}\"\ndraft = {}\ntags = [\"T{}\"]\naliases = [\"/alt-{name}/{}/\"]\nmenu = \"m\"\n\
                 {publish}{expires}+++\n# Text {to}\n\n{{% sc n: {to} %}} [a](@/about.md)\n",
                to % 5 == 0,
                to % 3,
                to % 4,
            );
            site.put(&format!("content/news/p{name}.md"), text);
        }
        Step::Page(name, None) => drop(fs::remove_file(site.path(&format!("content/news/p{name}.md")))),
        Step::Overlay(place, to) => {
            let file = format!("content/courses/kurs-{}.md", 1 + place % 9);
            match to {
                Some(to) => site.put(
                    &file,
                    format!("+++\nlocation = \"Ort {to}\"\nseats = {}\ntags = [\"T{}\", \"U\"]\n+++\nText {to} [k](@/courses/c1)\n", u32::from(*to) + 3, to % 3),
                ),
                None => drop(fs::remove_file(site.path(&file))),
            }
        }
        Step::Translation(which, Some(to)) => {
            let file = TRANSLATIONS[*which];
            let text = match file.ends_with(".toml") {
                true => format!("courses = \"Trainings {to}\"\n"),
                false => format!(
                    "+++\ntitle = \"Title {to}\"\nslug = \"place-{}-{which}\"\n+++\nText {to}\n",
                    to % 3
                ),
            };
            site.put(file, text);
        }
        Step::Translation(which, None) => drop(fs::remove_file(site.path(TRANSLATIONS[*which]))),
        Step::Data(name, Some(to)) => site.put(&format!("data/d{name}.toml"), format!("x = {to}\n")),
        Step::Data(name, None) => drop(fs::remove_file(site.path(&format!("data/d{name}.toml")))),
        Step::Shortcode(to) => {
            let text = format!(
                "<i>{} {{{{ n }}}} {{{{ site.data.d1.x }}}} {{{{ 'now' | date: '%Y' }}}}</i>",
                to % 3
            );
            site.put("templates/shortcodes/sc.liquid", text);
        }
        Step::Clock(hours) => site.now += jiff::SignedDuration::from_hours(i64::from(*hours)),
        Step::Hand(which, to) => {
            let files: Vec<String> = site.tree().into_keys().collect();
            let Some(file) = files.get(which % files.len().max(1)) else { return };
            let file = site.path("output").join(file);
            if *to < 100 { fs::remove_file(file).unwrap() } else { fs::write(file, [*to]).unwrap() }
        }
        Step::Crash(seed) => crash(site, *seed, random),
        Step::LoseTraces => drop(fs::remove_file(site.path(".aither/traces.bin"))),
        Step::LoseManifest => drop(fs::remove_file(site.path("output/.sync-manifest.json"))),
    }
}

/// Leaves what a build leaves that is cut off after some of its files: those are new, all else is as it was, and the
/// journal names the new addresses.
fn crash(site: &mut Fixture, seed: u64, random: &mut fastrand::Rng) {
    let before = everything(site);
    edit(site, |rows| {
        let place = random.usize(0..rows.len());
        rows[place]["title"] = format!("Absturz {seed}").into();
        rows[place]["slug"] = format!("absturz-{}", seed % 5).into();
    });
    if site.try_build(allowed()).is_err() {
        return;
    }
    let after = everything(site);
    let new: Vec<&str> = after
        .keys()
        .filter(|path| !before.contains_key(*path))
        .filter_map(|path| path.strip_prefix("output/"))
        .collect();
    let journal = new.join("\n");
    for (path, bytes) in &before {
        let is_state = path.starts_with(".aither/") && !path.ends_with("memory.json");
        if is_state || path.ends_with(".sync-manifest.json") || random.bool() {
            site.put(path, bytes);
        }
    }
    site.put(".aither/publishing.txt", format!("output: output\n{journal}"));
}

/// What a killed preview may have begun to write elsewhere is not to be found in the site.
#[test]
fn a_killed_preview_claims_no_file_of_the_site() {
    let site = site();
    site.build();
    let journal = |output: &str| {
        site.put("output/foreign.txt", "mine");
        site.put(".aither/publishing.txt", format!("output: {output}\nforeign.txt\n"));
        site.put("static/new.txt", output);
        site.build();
        assert!(!site.path(".aither/publishing.txt").exists());
    };
    journal("preview");
    assert!(site.has("foreign.txt"));
    // One of its own it removes, as nobody wants that page any more.
    journal("output");
    assert!(!site.has("foreign.txt"));
}

fn everything(site: &Fixture) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in ["output", ".aither"] {
        for entry in
            walkdir::WalkDir::new(site.path(folder)).into_iter().flatten().filter(|e| e.file_type().is_file())
        {
            let path = entry.path().strip_prefix(site.path("")).unwrap().to_string_lossy().into_owned();
            if !path.ends_with("/lock") {
                files.insert(path, fs::read(entry.path()).unwrap());
            }
        }
    }
    files
}

fn allowed() -> Options {
    Options { allow_shrink: true, ..Options::default() }
}

/// A copy of the site's inputs, memory included, without anything that was built.
fn inputs_of(site: &Fixture) -> Fixture {
    let mut copy = Fixture::new("");
    copy.now = site.now;
    copy_folder(&site.path(""), &copy.path(""));
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from).into_iter().flatten().filter(|e| e.file_type().is_file()) {
        let path = entry.path().strip_prefix(from).unwrap();
        let is_built = path.starts_with("output") || path.starts_with(".aither");
        let is_memory = path.ends_with("memory.json") || path.ends_with("snapshot.json");
        if !is_built || is_memory {
            fs::create_dir_all(to.join(path).parent().unwrap()).unwrap();
            fs::copy(entry.path(), to.join(path)).unwrap();
        }
    }
}

/// A small picture of one colour.
fn picture(colour: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let pixels = image::RgbImage::from_pixel(12, 6, image::Rgb([colour * 60, 0, 0]));
    image::DynamicImage::ImageRgb8(pixels).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A section that shows all kinds of assets.
const SHOWS: &str = "{{ 'site.css' | asset_url }} {{ 'site.css' | asset_integrity }} {{ 'more.css' | asset_url }} \
                     {% image src: '/pic.png', alt: '', widths: '4,8' %}";

fn check(steps: &[Step], seed: u64) -> Result<(), TestCaseError> {
    let mut site = site()
        .write("aither.toml", format!("{CONFIG}[images]\nformats = [\"webp\", \"jpeg\"]\n"))
        .write("templates/layouts/section.liquid", SHOWS)
        .write(
            "sass/site.scss",
            "@use 'ink';\n@import 'more.css';\na { color: ink.$ink; background: url(pic.png) }",
        )
        .write("sass/_ink.scss", "$ink: red;")
        .write("static/more.css", "b { top: 0 }")
        .write("static/pic.png", picture(0));
    let mut random = fastrand::Rng::with_seed(seed);
    // Few courses are read one by one, many as a column: both happen.
    edit(&site, |rows| rows.truncate(1 + seed as usize % 9));
    if seed.is_multiple_of(4) {
        take(&mut site, &Step::Config(0), &mut random);
    }
    site.build();
    // All that the program can make of a site is kept up in what follows; pages with tags and languages come on the way.
    let slug = course(1)["slug"].as_str().unwrap_or_default().to_owned();
    let (card, own) = (format!("courses/{slug}/card.png"), format!("courses/{slug}/{slug}.ics"));
    for path in
        ["search/terms.json", "feed.json", "calendar.ics", "moochub/courses.json", "sitemap.xml", &card, &own]
    {
        prop_assert!(site.has(path), "{}", path);
    }
    for (number, step) in steps.iter().enumerate() {
        take(&mut site, step, &mut random);
        let clean = inputs_of(&site);
        let result = site.try_build(allowed());
        let expected = clean.try_build(allowed());
        match (&result, &expected) {
            (Ok(_), Ok(_)) => {}
            (Err(a), Err(b)) => {
                prop_assert_eq!(a.message(), b.message(), "step {}", number);
                continue;
            }
            (a, b) => prop_assert!(
                false,
                "step {number} ({step:?}): {:?} against {:?}",
                a.as_ref().err(),
                b.as_ref().err()
            ),
        }
        let changed = Fixture::changed(&site.tree(), &clean.tree());
        prop_assert!(changed.is_empty(), "step {number} ({step:?}): {changed:?} differ from a clean build");
        prop_assert_eq!(
            site.output(".sync-manifest.json"),
            clean.output(".sync-manifest.json"),
            "step {}",
            number
        );
        let idle = site.build().build;
        prop_assert!(idle.reasons.is_empty(), "step {number} ({step:?}) leaves work: {:?}", idle.reasons);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_ends_as_a_clean_build_does(steps in prop::collection::vec(step(), 1..7), seed in any::<u64>()) {
        check(&steps, seed)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// The same for longer: `cargo test --release --test it -- --ignored any_long_history`.
    #[test]
    #[ignore = "takes some ten minutes"]
    fn any_long_history_ends_as_a_clean_build_does(steps in prop::collection::vec(step(), 1..15), seed in any::<u64>()) {
        check(&steps, seed)?;
    }
}

/// A text that is worth compressing.
fn long(word: &str) -> String {
    format!("{word} ").repeat(1_000)
}

#[test]
fn text_gets_compressed_twins_if_the_site_wants_them_and_they_go_with_their_file() {
    let wanted = format!("{CONFIG}[output]\nprecompress = true\n");
    let site = site().write("aither.toml", &wanted).write("static/long.txt", long("a"));
    site.put("static/short.txt", "short");
    site.put("static/own.js", long("b"));
    site.put("static/own.js.gz", "whatever its author says");
    site.put("static/picture.png", long("c"));
    site.build();
    let twins = |site: &Fixture| -> Vec<String> {
        let is_twin = |path: &String| [".br", ".gz", ".zst"].iter().any(|ending| path.ends_with(ending));
        site.tree().into_keys().filter(is_twin).collect()
    };
    let all = twins(&site);
    for path in ["index.html.br", "index.html.gz", "index.html.zst", "long.txt.gz", "own.js.br"] {
        assert!(all.iter().any(|twin| twin == path), "{path}: {all:?}");
        assert!(site.output(".sync-manifest.json").contains(&format!("\"{path}\"")), "{path}");
    }
    assert!(all.iter().all(|path| !path.starts_with("short") && !path.starts_with("picture")), "{all:?}");
    assert_eq!(site.output("own.js.gz"), "whatever its author says");
    let verified = site.run(&["build", "--verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));

    // Nothing changed: nothing is written. One page changed: its twins are written, and no others.
    let before = site.times();
    assert_eq!((site.build().build.written, site.times()), (0, before.clone()));
    site.put("static/long.txt", long("d"));
    assert_eq!(site.build().build.written, 4);
    let now = site.times();
    let touched: Vec<&String> = now.keys().filter(|path| now.get(*path) != before.get(*path)).collect();
    assert_eq!(touched, [".sync-manifest.json", "long.txt", "long.txt.br", "long.txt.gz", "long.txt.zst"]);
    // One that is missing or was edited comes back.
    fs::write(site.path("output/long.txt.br"), "edited").unwrap();
    fs::remove_file(site.path("output/index.html.gz")).unwrap();
    assert_eq!(site.build().build.written, 2);
    assert_eq!(twins(&site), all);
    // A file that has become short has none, nor has one that is gone.
    site.put("static/long.txt", "short");
    site.remove("static/own.js");
    site.build();
    assert!(
        twins(&site)
            .iter()
            .all(|path| path == "own.js.gz" || !path.starts_with("long") && !path.starts_with("own"))
    );
    // The author's own one is gone: the program's takes its place.
    site.put("static/own.js", long("e"));
    site.remove("static/own.js.gz");
    site.build();
    assert!(site.has("own.js.gz") && site.has("own.js.br"));
    assert_ne!(fs::read(site.path("output/own.js.gz")).unwrap(), b"whatever its author says");
    // Nobody wants them any more.
    site.put("aither.toml", CONFIG);
    site.build();
    assert_eq!(twins(&site), Vec::<String>::new());
    assert_eq!(site.build().build.reasons, []);
}

#[test]
fn narrowing_what_is_public_leaves_nothing_behind() {
    let site = site().write("templates/layouts/course.liquid", "{{ course.participants | jsonify }}");
    edit(&site, |rows| {
        rows[0]["participants"] =
            serde_json::json!([{ "bookingId": "b1", "userId": "u1", "name": "Eva Muster" }]);
    });
    site.put("aither.toml", format!("{CONFIG}[privacy]\npublic_fields = [\"name\"]\n"));
    site.build();
    assert!(site.output("courses/kurs-1/index.html").contains("Eva Muster"));
    site.put("aither.toml", CONFIG);
    site.build();
    assert!(site.tree().values().all(|bytes| !String::from_utf8_lossy(bytes).contains("Eva Muster")));
}

#[test]
fn a_file_of_our_own_makes_way_for_a_folder_and_the_other_way_round() {
    let site = site().write("static/foo", "file");
    site.build();
    site.remove("static/foo");
    site.put("static/foo/bar.txt", "below");
    site.build();
    assert_eq!(site.output("foo/bar.txt"), "below");
    site.remove("static/foo/bar.txt");
    fs::remove_dir(site.path("static/foo")).unwrap();
    site.put("static/foo", "file again");
    site.build();
    assert_eq!(site.output("foo"), "file again");
}

#[cfg(unix)]
#[test]
fn nothing_is_removed_or_written_through_a_link() {
    let site = site();
    site.build();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("index.html"), "somebody's").unwrap();
    fs::remove_dir_all(site.path("output/about")).unwrap();
    std::os::unix::fs::symlink(outside.path(), site.path("output/about")).unwrap();
    let error = site.try_build(Options::default()).unwrap_err();
    assert!(error.message().contains("is a link"), "{error}");
    site.remove("content/about.md");
    site.build();
    assert_eq!(fs::read_to_string(outside.path().join("index.html")).unwrap(), "somebody's");
}

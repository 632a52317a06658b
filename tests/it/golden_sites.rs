//! Sites of all kinds keep the promise: after an edit the output is what a clean build gives, and a build with nothing
//! changed writes nothing.

use std::path::Path;
use std::sync::Arc;

use aither::base::clock::ManualClock;
use aither::base::files;
use aither::config::{Config, Environment};
use aither::project::{Options, Project, Summary};
use jiff::ToSpan;

use crate::fixture::Fixture;

/// A copy of these files and folders of the repository's own site.
fn copy_of_root(parts: &[&str]) -> Fixture {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let site = Fixture::new("");
    for part in parts {
        let from = root.join(part);
        if from.is_file() {
            site.put(part, std::fs::read(&from).unwrap());
            continue;
        }
        for path in files::walk(&from).unwrap() {
            let name = format!("{part}/{}", files::slashed(&path));
            site.put(&name, std::fs::read(from.join(&path)).unwrap());
        }
    }
    site
}

/// Builds, and compares the output with that of a clean build.
pub(crate) fn verified(site: &Fixture) -> Summary {
    let config = Config::load(&site.path(""), &Environment::default()).unwrap();
    let mut project = Project::new(config, Arc::new(ManualClock::new(site.now)), site.reporter.clone());
    let (summary, differences) = project.verify(Options::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(differences, Vec::<String>::new());
    summary
}

/// Another title for the first course of a catalogue.
fn rename_a_course(site: &Fixture, catalogue: &str, title: &str) {
    let text = std::fs::read(site.path(catalogue)).unwrap();
    let mut json: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let list = if json.is_array() { &mut json } else { &mut json["data"] };
    list[0]["title"] = title.into();
    site.put(catalogue, serde_json::to_vec(&json).unwrap());
}

fn nothing_is_written(site: &Fixture) {
    let before = site.times();
    let build = site.build().build;
    assert_eq!((build.written, build.removed, build.rendered), (0, 0, 0), "{:?}", build.reasons);
    assert!(site.times() == before, "a file was written anew");
}

/// Takes a site through its life. The catalogue's first course gets a new title on the way.
fn keeps_the_promise(mut site: Fixture, catalogue: &str, title: &str) -> Fixture {
    let first = site.build().build;
    assert!(first.written > 0);
    assert_eq!(verified(&site).build.written, 0);
    nothing_is_written(&site);

    site.now = site.now.checked_add(1.minute()).unwrap();
    rename_a_course(&site, catalogue, title);
    let edited = site.build().build;
    assert!(edited.written > 0 && edited.written <= first.written, "{edited:?}");
    assert_eq!(verified(&site).build.written, 0);
    nothing_is_written(&site);
    site
}

#[test]
fn the_sample_site() {
    let site = copy_of_root(&["aither.toml", "content", "themes"]);
    let site = keeps_the_promise(site, "content/_data/sample.json", "Ganz neu");
    assert!(site.tree().values().any(|page| page.windows(8).any(|part| part == b"Ganz neu")));
}

#[test]
fn a_theme_of_jekyll() {
    let site = keeps_the_promise(Fixture::copy("jekyll"), "courses.json", "Asking \"again\"");
    assert!(site.output("courses/asking/index.html").contains("Asking &quot;again&quot;"));
}

#[test]
fn the_benchmark_site() {
    let words = ["Databases for Teams", "Law & Order", "Writing 'well'"];
    let levels = ["BEGINNER", "INTERMEDIATE", "ADVANCED"];
    let courses: Vec<serde_json::Value> = (1..=120_usize)
        .map(|id| {
            let title = format!("{} {id}", words[id % 3]);
            let people: Vec<serde_json::Value> = (0..8)
                .map(|n| serde_json::json!({"name": format!("Person {id}-{n}"), "status": "CONFIRMED"}))
                .collect();
            serde_json::json!({
                "id": id, "slug": format!("course-{id}"), "title": title, "description": "Pairs in to steady falls.",
                "level": levels[id % 3], "startDate": "2027-02-12", "endDate": "2027-02-24", "price": 700 + id,
                "currency": "EUR", "location": "Oslo", "participantCount": 8, "updatedAt": "2026-01-01T00:01:00Z",
                "participants": people,
            })
        })
        .collect();
    let site = copy_of_root(&["benches/site/aither.toml", "benches/site/themes"]);
    // What lay below `benches/site` is the site.
    let below = site.path("benches/site");
    for path in files::walk(&below).unwrap() {
        site.put(&files::slashed(&path), std::fs::read(below.join(&path)).unwrap());
    }
    site.put("courses.json", serde_json::to_vec(&courses).unwrap());
    let site = keeps_the_promise(site, "courses.json", "Another <title>");
    for page in ["courses/course-1/index.html", "courses/course-2/index.html", "index.html"] {
        assert!(site.output(page).contains("Another &lt;title&gt;"), "{page}");
    }
    assert!(!site.output("courses/course-3/index.html").contains("Another"));
}

#[test]
fn a_minimal_site() {
    let site = keeps_the_promise(Fixture::copy("minimal"), "courses.json", "Renamed");
    assert!(site.output("courses/only-course/index.html").contains("http-equiv=\"refresh\""), "it has moved");
    assert!(site.output("courses/renamed/index.html").contains("Renamed"));
}

#[test]
fn a_site_in_three_languages() {
    let site = keeps_the_promise(Fixture::copy("multilingual"), "courses.json", "Ganz ruhig");
    assert!(site.output("fr/courses/ruhig/index.html").contains("Ganz ruhig"));
    assert!(site.output("en/courses/calm/index.html").contains("Negotiate calmly"));
}

#[test]
fn a_hostile_site() {
    let site = Fixture::copy("hostile");
    site.build();
    // What a course's fields say is never markup; the text of content files may be.
    for (path, bytes) in site.tree().iter().filter(|(path, _)| path.starts_with("levels/")) {
        assert!(!String::from_utf8_lossy(bytes).contains("</script><b>"), "{path}");
    }
    let site = keeps_the_promise(Fixture::copy("hostile"), "courses.json", "</script><b>'\"😈\u{202e}שלום");
    let page = site.output("courses/script/index.html");
    assert_eq!(page.matches("</script><b>").count(), page.matches("</script><b>more</b>").count());
    assert!(page.contains("&lt;/script&gt;&lt;b&gt;"));
    assert!(site.has("courses/script-e/index.html"), "two slugs that meet have an address each");
}

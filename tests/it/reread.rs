//! A file of courses that is written to while a site is built from it: of rows that have not changed, what a page shows is read
//! when that page is made.

use std::path::PathBuf;
use std::sync::Arc;

use aither::base::clock::ManualClock;
use aither::base::report::{Reporter, Stage};
use aither::config::{Config, Environment};
use aither::error::{Error, Kind};
use aither::project::{Options, Project, Summary};

use crate::fixture::Fixture;

/// Does something to a file once pages begin to be made.
struct Meddler {
    file: PathBuf,
    meddle: fn(&PathBuf),
}

impl Reporter for Meddler {
    fn begin(&self, stage: Stage, _: Option<u64>) {
        if stage == Stage::Render {
            (self.meddle)(&self.file);
        }
    }
    fn advance(&self, _: u64) {}
    fn warn(&self, _: &str) {}
    fn detail(&self, _: &str) {}
}

const PAGES: usize = 40;

/// A site whose next build makes all pages anew, although no row has changed.
fn site() -> Fixture {
    let row = |number: usize| {
        let (id, title) = (format!("c{number}"), format!("Kurs {number}"));
        serde_json::json!({"id": id, "title": title, "level": "BEGINNER", "description": "before",
            "participants": [{"name": "Anna"}]})
    };
    let site =
        Fixture::with_courses(&[]).write("templates/layouts/course.liquid", "{{ course.description }}");
    site.put_courses(&(0..PAGES).map(row).collect::<Vec<_>>());
    let config = std::fs::read_to_string(site.path("aither.toml")).unwrap();
    site.put("aither.toml", format!("{config}[privacy]\npublic_fields = [\"name\"]\n"));
    site.build();
    site.put(
        "templates/layouts/course.liquid",
        "{{ course.description }}{% for p in course.participants %} {{ p.name }}{% endfor %}",
    );
    site
}

fn build(site: &Fixture, meddle: fn(&PathBuf)) -> Result<Summary, Error> {
    let config = Config::load(&site.path(""), &Environment::default()).unwrap();
    let clock = Arc::new(ManualClock::new(site.now));
    let reporter = Arc::new(Meddler { file: site.path("courses.json"), meddle });
    Project::new(config, clock, reporter).build(Options::default())
}

fn pages(site: &Fixture) -> Vec<String> {
    (0..PAGES).map(|number| site.output(&format!("courses/kurs-{number}/index.html"))).collect()
}

#[test]
fn nothing_is_published_of_a_file_that_was_written_to_meanwhile() {
    for meddle in [
        |file: &PathBuf| {
            let text = std::fs::read_to_string(file).unwrap();
            std::fs::write(file, text.replace("before", "behind")).unwrap();
        },
        |file: &PathBuf| std::fs::write(file, "[").unwrap(),
    ] {
        let site = site();
        let (good, memory) = (std::fs::read(site.path("courses.json")).unwrap(), ".aither/memory.json");
        let before = std::fs::read(site.path(memory)).unwrap();
        let error = build(&site, meddle).unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "{error}");
        assert!(error.message().contains("courses.json was written to"), "{error}");
        assert!(!error.hints().is_empty());
        assert_eq!(pages(&site), vec!["before"; PAGES]);
        assert_eq!(std::fs::read(site.path(memory)).unwrap(), before);
        std::fs::write(site.path("courses.json"), good).unwrap();
        site.build();
        assert_eq!(pages(&site), vec!["before Anna"; PAGES]);
        assert!(site.run(&["build", "--verify"]).status.success());
    }
}

#[test]
fn a_file_that_another_one_was_renamed_over_is_built_from_to_the_end() {
    let site = site();
    build(&site, |file| {
        let text = std::fs::read_to_string(file).unwrap();
        std::fs::write(file.with_extension("new"), text.replace("before", "after")).unwrap();
        std::fs::rename(file.with_extension("new"), file).unwrap();
    })
    .unwrap();
    assert_eq!(pages(&site), vec!["before Anna"; PAGES]);
    site.build();
    assert_eq!(pages(&site), vec!["after Anna"; PAGES]);
    assert!(site.run(&["build", "--verify"]).status.success());
}

/// With an archive the answer is kept before the site is built: it must not hang on what happens to the file then.
#[test]
fn a_file_whose_answer_is_kept_is_read_once() {
    let site = site();
    let config = std::fs::read_to_string(site.path("aither.toml")).unwrap();
    site.put("aither.toml", format!("{config}[courses]\narchive = true\n"));
    build(&site, |file| std::fs::write(file, "[").unwrap()).unwrap();
    assert_eq!(pages(&site), vec!["before Anna"; PAGES]);
    let kept = std::fs::read_to_string(site.path(".aither/snapshot.json")).unwrap();
    assert_eq!(kept.matches("\"before\"").count(), PAGES);
}

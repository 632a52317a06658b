//! `init` and `new`: what they write works at once, and what is there already stays.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aither::base::clock::ManualClock;
use aither::base::files;
use aither::config::{Config, Environment};
use aither::error::{Error, Kind};
use aither::model::catalogue::Catalogue;
use aither::source::{PullRequest, Source, local, sample};

fn clock() -> ManualClock {
    // 00:30 of the 21st in Berlin.
    ManualClock::new("2026-11-20T23:30:00Z".parse().unwrap())
}

fn config(folder: &Path) -> Config {
    Config::load(folder, &Environment::default()).unwrap()
}

fn site() -> (tempfile::TempDir, Config) {
    let folder = tempfile::tempdir().unwrap();
    files::write_new(&folder.path().join("aither.toml"), b"[site]\ntime_zone = \"Europe/Berlin\"").unwrap();
    let config = config(folder.path());
    (folder, config)
}

/// All files below a folder with their content.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_file());
    files.map(|entry| (entry.path().to_owned(), files::read(entry.path()).unwrap())).collect()
}

fn told(error: &Error) -> String {
    assert_eq!(error.kind(), Kind::Config);
    error.hints().iter().fold(error.message().to_owned(), |all, hint| format!("{all}\nhint: {hint}"))
}

fn check_site(folder: &Path) {
    let config = config(folder);
    let content =
        local::read(&config, &crate::fixture::Alone::default(), crate::fixture::NOW.parse().unwrap())
            .unwrap();
    let mut sample = sample::open(&config, Arc::new(clock()));
    let request = PullRequest {
        only: None,
        known: &Catalogue::default(),
        validators: &BTreeMap::new(),
        templates: &[],
        full: false,
        participants_wanted: true,
        internal: None,
        results_wanted: false,
        budget: Duration::from_secs(1),
        held: None,
        unfinished: None,
    };
    let pull = sample.pull_changes(&request).unwrap();
    assert!(pull.refused.is_empty(), "{:?}", pull.refused);
    let catalogue = Catalogue::default().after(pull.changes, true);
    for overlay in &content.overlays {
        assert!(catalogue.iter().any(|course| course.slug == overlay.course), "{}", overlay.source);
    }
    for html in content.documents.iter().map(|d| &d.html).chain(content.overlays.iter().map(|o| &o.html)) {
        assert!(
            !html.contains(".md\"") && !html.contains(".md#"),
            "a link to a file that is not there: {html}"
        );
    }
    assert_eq!((catalogue.len(), content.overlays.len(), content.assets.len()), (20, 9, 0));
}

#[test]
fn a_new_site_works_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("new/academy");
    let written = local::init(&root).unwrap();
    assert_eq!(snapshot(&root).keys().collect::<Vec<_>>(), {
        let mut sorted: Vec<_> = written.iter().collect();
        sorted.sort();
        sorted
    });
    assert!(files::read_text(&root.join(".gitignore")).unwrap().contains("\n/output\n"));
    check_site(&root);
}

#[test]
fn the_repository_is_such_a_site() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    check_site(root);
    // Nothing of it is forgotten by `init`.
    let folder = tempfile::tempdir().unwrap();
    local::init(folder.path()).unwrap();
    let below = |root: &Path| -> Vec<PathBuf> {
        snapshot(&root.join("content"))
            .keys()
            .map(|path| path.strip_prefix(root).unwrap().to_owned())
            .collect()
    };
    assert_eq!(below(folder.path()), below(root));
}

#[test]
fn init_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    files::write_new(&root.join("README.md"), b"mine").unwrap();
    files::write_new(&root.join(".gitignore"), b"mine").unwrap();
    files::write_new(&root.join("content/faq.md"), b"mine").unwrap();
    let before = snapshot(root);
    let faq = root.join("content/faq.md");
    assert_eq!(
        told(&local::init(root).unwrap_err()),
        format!("{} is there already\nhint: nothing was written; choose an empty folder", faq.display())
    );
    assert_eq!(snapshot(root), before);

    files::remove(&faq).unwrap();
    let written = local::init(root).unwrap();
    assert!(!written.contains(&root.join(".gitignore")));
    assert_eq!(files::read(&root.join(".gitignore")).unwrap(), b"mine");
    let inside = root.join("content/new");
    assert_eq!(
        told(&local::init(&inside).unwrap_err()),
        format!(
            "{} lies in another site ({})\nhint: nothing was written; choose a folder beside it",
            inside.display(),
            root.display()
        )
    );
    assert!(!inside.exists());
    let before = snapshot(root);
    let told_again = told(&local::init(root).unwrap_err());
    let first = root.join("aither.toml");
    assert!(
        told_again.starts_with(&format!("{} and 18 more of the site's files", first.display())),
        "{told_again}"
    );
    assert_eq!(snapshot(root), before);
    assert!(told(&local::init(&root.join("README.md")).unwrap_err()).ends_with("README.md is not a folder"));
}

#[test]
fn a_new_page_has_a_title_and_a_date() {
    let (folder, config) = site();
    for (what, file, title) in [
        ("ueber-uns.md", "ueber-uns.md", "Ueber uns"),
        ("neues/das \u{e4}rgste_jahr.md", "neues/das ärgste_jahr.md", "Das ärgste jahr"),
        ("content/neues/x.md", "neues/x.md", "X"),
        ("neues/_index.md", "neues/_index.md", "Neues"),
        ("courses/_index.md", "courses/_index.md", "Courses"),
        ("_index.md", "_index.md", "Academy"),
    ] {
        let path = local::new(&config, what, &clock()).unwrap();
        assert_eq!(path, folder.path().join("content").join(file));
        let text = files::read_text(&path).unwrap();
        assert!(text.starts_with(&format!("+++\ntitle = \"{title}\"\ndate = 2026-11-21\n")), "{text}");
    }
    assert_eq!(
        local::read(&config, &crate::fixture::Alone::default(), crate::fixture::NOW.parse().unwrap())
            .unwrap()
            .documents
            .len(),
        6
    );
}

#[test]
fn a_new_course_file_says_what_it_may_hold() {
    let (_folder, config) = site();
    for what in ["courses/ruhig-verhandeln", "courses/feedback.md"] {
        let path = local::new(&config, what, &clock()).unwrap();
        let slug = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(what.contains(&slug));
        // Every line of it can be used as it stands.
        let text = files::read_text(&path).unwrap();
        assert!(text.contains("\n# price = 490\n"), "{text}");
        let used: String = text
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(setting) if setting.contains(" = ") || setting.starts_with('[') => {
                    format!("{setting}\n")
                }
                _ => format!("{line}\n"),
            })
            .collect();
        files::replace(&path, used.as_bytes()).unwrap();
    }
    let overlays =
        local::read(&config, &crate::fixture::Alone::default(), crate::fixture::NOW.parse().unwrap())
            .unwrap()
            .overlays;
    assert!(overlays.len() == 2 && overlays.iter().all(|overlay| overlay.seats == Some(12)));
}

#[test]
fn what_cannot_be_a_content_file_is_refused() {
    let (folder, config) = site();
    local::new(&config, "faq.md", &clock()).unwrap();
    files::write_new(&folder.path().join("content/courses/b/index.md"), b"").unwrap();
    let before = snapshot(folder.path());
    for (what, message) in [
        ("", "`` is no name for a content file: a part of it is empty"),
        ("../x.md", "`../x.md` is no name for a content file: it must not lead out of the content folder"),
        ("a/../../x.md", "it must not lead out of the content folder"),
        ("courses/../../x", "it must not lead out of the content folder"),
        ("/etc/x.md", "`/etc/x.md` is no name for a content file: it must be relative to the content folder"),
        ("\\x.md", "it must be relative to the content folder"),
        ("a\\b.md", "it holds characters that file names cannot have"),
        ("a//b.md", "a part of it is empty"),
        (".x.md", "names that begin with a dot are left out of the site"),
        ("_x/a.md", "only `_index.md` begins with `_`"),
        ("a\u{1b}b.md", "`a\u{fffd}b.md` is no name for a content file: it holds characters"),
        ("team", "`team` is no Markdown file\nhint: a page ends in `.md`: `aither new team.md`"),
        ("index.md", "the home page is `_index.md`"),
        ("results/x.md", "`results` holds results of courses, not pages"),
        ("courses/Über uns", "`Über uns` is no slug of a course\nhint: `courses/ueber-uns`"),
        ("courses/a/b.md", "`courses/a/b.md` is no place for a course"),
        ("courses/b", "content/courses/b/index.md is there already\nhint: nothing was written"),
        ("faq.md", "content/faq.md is there already\nhint: nothing was written"),
    ] {
        let told = told(&local::new(&config, what, &clock()).unwrap_err());
        assert!(told.contains(message), "{what}: {told}");
    }
    assert_eq!(snapshot(folder.path()), before);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path(), folder.path().join("content/out")).unwrap();
        let told = told(&local::new(&config, "out/x.md", &clock()).unwrap_err());
        assert_eq!(told, "`out/x.md` leads out of the content by a link");
    }
}

#[test]
fn a_file_in_a_language_that_the_site_does_not_have_is_told_of() {
    let config =
        "source = \"sample\"\n[site]\ntitle = \"A\"\nbase_url = \"https://a.example\"\nlanguage = \"de\"\n";
    let site = super::fixture::Fixture::new(config);
    let said = |site: &super::fixture::Fixture, what: &str| {
        let output = site.run(&["new", what]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(said(&site, "ueber.fr.md").contains("[languages.fr]"));
    for fine in ["ueber.md", "node.js.md", "v1.2.md"] {
        assert_eq!(said(&site, fine), "", "{fine}");
    }
    // A build says it as well: the page is public, once its day has come.
    site.put("content/ueber.fr.md", "+++\ntitle = \"Nous\"\n+++\n");
    site.build();
    let warnings = site.reporter.warnings();
    assert!(
        warnings.iter().any(|w| w.contains("ueber.fr.md") && w.contains("[languages.fr]")),
        "{warnings:?}"
    );
    assert_eq!(warnings.iter().filter(|warning| warning.contains("[languages.")).count(), 1);
    let site = super::fixture::Fixture::new(&format!("{config}[languages.fr]\ntitle = \"B\"\n"));
    assert_eq!(said(&site, "ueber.fr.md"), "");
    assert!(said(&site, "ueber.it.md").contains("[languages.it]"));
}

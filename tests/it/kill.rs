//! Pulling the plug: a build that is killed leaves whole pages, and the next one converges.

use std::process::{Command, Stdio};
use std::time::Duration;

use aither::project::Options;

use crate::fixture::{Fixture, row};

const COURSES: usize = 120;

fn catalogue(edition: usize) -> String {
    let course = |number: usize| {
        let title = format!("Kurs {number} Ausgabe {}", (edition + number) % 7);
        let mut row = row(&number.to_string(), &title, "2027-03-01");
        row["slug"] = format!("kurs-{number}-{}", if number.is_multiple_of(9) { edition } else { 0 }).into();
        row
    };
    let rows: Vec<serde_json::Value> = (0..COURSES + edition % 5).map(course).collect();
    serde_json::to_string(&rows).unwrap()
}

#[test]
fn a_build_that_is_killed_at_any_moment_leaves_whole_pages_and_the_next_one_converges() {
    let site = Fixture::with_courses(&[]);
    let mut random = fastrand::Rng::with_seed(0x0a17_4e55);
    for edition in 0..50 {
        site.put("courses.json", catalogue(edition));
        let mut child = Command::new(env!("CARGO_BIN_EXE_aither"))
            .args(["build", "--quiet", "--allow-shrink"])
            .current_dir(site.path(""))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Waiting for a child is the one way to let some time pass that is no sleep: it ends when the child does.
        let allowed = Duration::from_micros(random.u64(0..60_000));
        let begun = std::time::Instant::now();
        while begun.elapsed() < allowed && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().unwrap();
        for (path, bytes) in site.tree() {
            let staged = path.starts_with(".aither-stage/");
            if path.starts_with("courses/") && path.ends_with(".html") && !staged {
                let text = String::from_utf8(bytes).unwrap();
                assert!(text.trim_end().ends_with("</html>") || unlinked(&site, &path), "{path} is cut off");
            }
        }
    }
    site.try_build(Options { allow_shrink: true, ..Options::default() }).unwrap();
    let after = site.tree();

    let clean = Fixture::with_courses(&[]).write("courses.json", catalogue(49));
    // The memory is an input: a clean build is one over the same memory.
    std::fs::create_dir_all(clean.path(".aither")).unwrap();
    std::fs::copy(site.path(".aither/memory.json"), clean.path(".aither/memory.json")).unwrap();
    clean.build();
    assert_eq!(after.keys().collect::<Vec<_>>(), clean.tree().keys().collect::<Vec<_>>());
    assert_eq!(Fixture::changed(&after, &clean.tree()), Vec::<String>::new());
    assert!(!site.has(".aither-stage"));
}

/// Whether nothing in the site leads to a page yet: only such a page may be unfinished.
fn unlinked(site: &Fixture, path: &str) -> bool {
    let address = format!("/{}", path.trim_end_matches("index.html"));
    let entrances = ["index.html", "sitemap.xml", "levels/beginner/index.html", "courses/index.html"];
    entrances
        .iter()
        .filter(|entrance| site.has(entrance))
        .all(|entrance| !site.output(entrance).contains(&address))
}

/// Others write beside the state at any time: what they are about to put in place is not taken from them.
#[test]
fn only_what_a_killed_process_left_long_ago_is_cleared_away_beside_the_state() {
    let site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10")]);
    site.build();
    let own = format!(".aither/.events.journal.{}.tmp", std::process::id());
    let (young, old) = (".aither/.events.journal.999999.tmp", ".aither/.memory.json.999998.tmp");
    for name in [own.as_str(), young, old] {
        site.put(name, "x");
    }
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3_600);
    let file = std::fs::File::options().write(true).open(site.path(old)).unwrap();
    file.set_modified(long_ago).unwrap();
    let site = site.courses(&[("a", "Ganz ruhig reden", "2027-01-10")]);
    site.build();
    assert!(site.path(&own).exists() && site.path(young).exists());
    assert!(!site.path(old).exists());
}

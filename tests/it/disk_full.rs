//! A disk that is full, and one that takes nothing any more: a clear error, the old site whole, events refused and not lost, and
//! all well again without a hand as soon as there is room. On a small disk of its own, in memory.

#![cfg(target_os = "linux")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use aither::base::secret::Secret;
use aither::base::signature;
use jiff::Timestamp;

use super::fixture::{Fixture, row};
use super::serve_events::event;
use super::serve_fixture::WEBHOOK;
use super::serve_kill::Serving;
use super::serve_webhooks::until;

/// A small disk; it is taken down when dropped.
struct Disk(PathBuf);

impl Disk {
    /// The system's own words where it allows none.
    fn put_up(at: &Path) -> Result<Self, String> {
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"]).arg(at).output();
        let output = output.map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(Self(at.to_owned())),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// From now on nothing can be written, or everything again. Waits for whoever writes just now.
    fn remount(&self, how: &str) {
        until(|| {
            let options = format!("remount,{how}");
            Command::new("mount").args(["-o", &options]).arg(&self.0).output().unwrap().status.success()
        });
    }

    /// Fills what room there is, to the last byte.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.0.join("filler")).unwrap();
        for size in [64 << 10, 4 << 10, 1] {
            let bytes = vec![7_u8; size];
            while file.write_all(&bytes).is_ok() {}
        }
    }

    fn empty(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A small disk; nothing where the machine forbids it even in a namespace of our own, or where the test was run in one.
fn disk(at: &Path, test: &str) -> Option<Disk> {
    let why = match Disk::put_up(at) {
        Ok(disk) => return Some(disk),
        Err(why) => why,
    };
    const INSIDE: &str = "AITHER_IN_NAMESPACE";
    assert!(std::env::var_os(INSIDE).is_none(), "no disk in a namespace of our own: {why}");
    let mut command = Command::new("unshare");
    command.args(["-Ur", "-m", "--"]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
    match Command::new("unshare").args(["-Ur", "-m", "true"]).status() {
        Ok(status) if status.success() => {
            assert!(command.status().unwrap().success(), "{test}, in a namespace of its own");
        }
        _ => {
            let told = format!("\n!!! NOT TESTED: {test}: this machine allows no small disk: {why}\n\n");
            let _ = std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes());
        }
    }
    None
}

fn send(serving: &Serving, id: &str) -> u16 {
    let body = event(id, "enrollment.updated", "a");
    let signed = signature::headers(&Secret::new(WEBHOOK), id, body.as_bytes(), Timestamp::now());
    let headers: String = signed.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut client = serving.connect();
    let length = body.len();
    let head =
        "POST /api/webhooks/enrollment-changed HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json";
    client.write(format!("{head}\r\nContent-Length: {length}\r\n{headers}\r\n{body}").as_bytes());
    client.answer().unwrap().status
}

fn serve(site: &Fixture, log: &Path) -> Serving {
    let mut command = Command::new("sh");
    let script = format!("exec {} serve --port 0 2>{}", env!("CARGO_BIN_EXE_aither"), log.display());
    command.args(["-c", &script]).env("WEBHOOK_SECRET", WEBHOOK);
    Serving::run(site, command)
}

/// A site on a small disk, whose catalogue and log are on another.
fn over_a_small_disk(test: &str, act: impl FnOnce(&Disk, &Fixture, &Path)) {
    let beside = tempfile::tempdir().unwrap();
    let catalogue = beside.path().join("courses.json");
    let site = Fixture::new("");
    let Some(disk) = disk(&site.path(""), test) else { return };
    site.put(
        "aither.toml",
        format!(
            "source = \"file\"\n[site]\ntitle = \"Akademie\"\nbase_url = \"https://a.example\"\nlanguage = \"de\"\n\
             [file]\npath = \"{}\"\n",
            catalogue.display()
        ),
    );
    act(&disk, &site, beside.path());
    drop(site);
}

/// Enough of it that a build needs more room than a page of the disk.
fn catalogue(beside: &Path, title: &str) {
    let rows: Vec<serde_json::Value> = (0..30)
        .map(|n| {
            if n == 0 {
                row("a", title, "2027-01-10")
            } else {
                row(&format!("c{n}"), &format!("{title} {n}"), "2027-02-10")
            }
        })
        .collect();
    std::fs::write(beside.join("courses.json"), serde_json::to_vec(&rows).unwrap()).unwrap();
}

/// Nothing of the site has changed, and all of it is served.
fn is_as_before(site: &Fixture, serving: &Serving, tree: &std::collections::BTreeMap<String, Vec<u8>>) {
    assert_eq!(Fixture::changed(tree, &site.tree()), Vec::<String>::new());
    for (path, bytes) in tree.iter().filter(|(path, _)| path.ends_with("index.html")) {
        let address = format!("/{}", path.trim_end_matches("index.html"));
        let answer = serving.ask("GET", &address, "");
        assert!(answer.status == 200 && answer.body == *bytes, "{address}: {}", answer.status);
    }
}

#[test]
fn a_full_disk_costs_nothing_but_time() {
    over_a_small_disk("disk_full::a_full_disk_costs_nothing_but_time", |disk, site, beside| {
        catalogue(beside, "Alt");
        assert!(site.run(&["build"]).status.success());
        let (log, tree) = (beside.join("log.txt"), site.tree());
        let serving = serve(site, &log);
        is_as_before(site, &serving, &tree);
        disk.fill();
        catalogue(beside, "Neu");
        let build = site.run(&["build"]);
        let told = String::from_utf8_lossy(&build.stderr).into_owned();
        assert_eq!(build.status.code(), Some(1), "{told}");
        assert!(told.contains("No space left") && told.contains("free some space on that disk"), "{told}");
        is_as_before(site, &serving, &tree);
        let sync = serving.ask("POST", "/api/sync", "wait=20");
        assert_eq!(sync.status, 500, "{}", sync.text());
        // The last page of the journal may have room for some.
        let answers: Vec<u16> = (0..120).map(|n| send(&serving, &format!("event-{n}"))).collect();
        assert!(answers.iter().all(|status| matches!(status, 202 | 503)), "{answers:?}");
        assert_eq!(answers.last(), Some(&503));
        is_as_before(site, &serving, &tree);
        // A flood of failures is one line a minute.
        let lines = std::fs::read_to_string(&log).unwrap();
        assert_eq!(lines.matches("events cannot be written down").count(), 1, "{lines}");
        assert!(lines.lines().count() < 20, "{lines}");

        disk.empty();
        let refused = answers.iter().position(|status| *status == 503).unwrap();
        assert_eq!(send(&serving, &format!("event-{refused}")), 202, "who was refused comes again");
        until(|| serving.ask("GET", "/courses/neu/", "").status == 200);
        until(|| serving.ask("GET", "/api/sync/queue", "").data()["total"] == 0);
        for n in 0..=refused {
            assert_eq!(send(&serving, &format!("event-{n}")), 200, "{n} was lost");
        }
        drop(serving);
        let verified = site.run(&["build", "--verify"]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    });
}

#[test]
fn a_disk_that_is_read_only_costs_nothing_but_time() {
    over_a_small_disk("disk_full::a_disk_that_is_read_only_costs_nothing_but_time", |disk, site, beside| {
        catalogue(beside, "Alt");
        assert!(site.run(&["build"]).status.success());
        let (log, tree) = (beside.join("log.txt"), site.tree());
        let serving = serve(site, &log);
        is_as_before(site, &serving, &tree);
        disk.remount("ro");
        catalogue(beside, "Neu");
        let build = site.run(&["build"]);
        let told = String::from_utf8_lossy(&build.stderr).into_owned();
        assert_eq!(build.status.code(), Some(1), "{told}");
        assert!(told.contains("read-only"), "{told}");
        assert_eq!(serving.ask("POST", "/api/sync", "wait=20").status, 500);
        for n in 0..50 {
            assert_eq!(send(&serving, &format!("event-{n}")), 503);
        }
        is_as_before(site, &serving, &tree);
        let lines = std::fs::read_to_string(&log).unwrap();
        assert!(lines.lines().count() < 20, "{lines}");
        disk.remount("rw");
        assert_eq!(send(&serving, "event-0"), 202);
        until(|| serving.ask("GET", "/courses/neu/", "").status == 200);
        until(|| serving.ask("GET", "/api/sync/queue", "").data()["total"] == 0);
        drop(serving);
        assert!(site.run(&["build", "--verify"]).status.success());
    });
}

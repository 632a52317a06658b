//! The program itself: killed in the middle of a sync, stopped by a signal, started beside a build.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::fixture::Fixture;
use super::serve_fixture::{Answer, Client};

/// The program, serving; killed when dropped.
pub(crate) struct Serving {
    pub(crate) child: Child,
    pub(crate) address: String,
}

impl Serving {
    pub(crate) fn start(site: &Fixture) -> Self {
        let mut command = Command::new(crate::fixture::program());
        command.args(["serve", "--port", "0"]);
        Self::run(site, command)
    }

    /// Runs a command that comes to serve the site, and says so in its first line.
    pub(crate) fn run(site: &Fixture, mut command: Command) -> Self {
        let mut child = command
            .current_dir(site.path("."))
            .env("AITHER_ADMIN_TOKEN", "token")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_start_matches("http://").split('/').next().unwrap().to_owned();
        Self { child, address }
    }

    pub(crate) fn connect(&self) -> Client {
        Client::new(TcpStream::connect(&self.address).unwrap())
    }

    pub(crate) fn ask(&self, method: &str, path: &str, prefer: &str) -> Answer {
        let mut client = self.connect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer token\r\nPrefer: {prefer}\r\n\r\n"
        );
        client.write(head.as_bytes());
        client.answer().unwrap()
    }

    fn last(&self) -> Value {
        self.ask("GET", "/api/sync", "").data()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
#[test]
fn killed_in_the_middle_of_a_sync_it_serves_the_old_site_and_syncs_again() {
    let site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10")]);
    site.build();
    let page = site.output("index.html");
    let catalogue = std::fs::read(site.path("courses.json")).unwrap();
    // A source that never answers: a pipe that nobody writes into.
    site.remove("courses.json");
    assert!(Command::new("mkfifo").arg(site.path("courses.json")).status().unwrap().success());
    let serving = Serving::start(&site);
    assert_eq!(serving.ask("POST", "/api/sync", "").status, 202);
    assert_eq!(serving.last()["status"], "running");
    let job = serving.last()["jobId"].as_str().unwrap().to_owned();
    // The lock holds across processes, and says for what.
    let build = site.run(&["build"]);
    assert_eq!(build.status.code(), Some(75), "{build:?}");
    drop(serving);

    std::fs::remove_file(site.path("courses.json")).unwrap();
    std::fs::write(site.path("courses.json"), catalogue).unwrap();
    let serving = Serving::start(&site);
    assert_eq!(serving.ask("GET", "/", "").text(), page);
    assert_eq!((&serving.last()["jobId"], &serving.last()["status"]), (&job.into(), &"failed".into()));
    let done = serving.ask("POST", "/api/sync", "wait=20");
    assert_eq!((done.status, &done.data()["status"]), (200, &"success".into()));
    assert_eq!(done.data()["coursesFetched"], 1);
    // Told to stop, it stops with code 0.
    let mut serving = serving;
    let id = serving.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(serving.child.wait().unwrap().success());
}

#[test]
fn a_build_of_another_process_is_noticed() {
    let site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10")]);
    site.build();
    let serving = Serving::start(&site);
    assert_eq!(serving.ask("GET", "/courses/ruhig-reden/", "").status, 200);
    let site = site.courses(&[("a", "Ruhig reden", "2027-01-10"), ("b", "Hören", "2027-02-10")]);
    site.build();
    let begun = std::time::Instant::now();
    while !serving.ask("GET", "/", "").text().contains("Hören") {
        assert!(begun.elapsed() < super::serve_fixture::PATIENCE);
    }
    // Status 200 for the one page, and for what it links to.
    assert!(serving.ask("GET", "/feed.xml", "").text().contains("Hören"));
}

/// A server gives the files that it answers with second names. To the next build they are what they were: nothing is read,
/// where nothing has changed.
#[cfg(unix)]
#[test]
fn a_server_leaves_nothing_to_do_for_the_next_build() {
    use std::os::unix::fs::MetadataExt as _;
    let mut site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10")]);
    let config = std::fs::read_to_string(site.path("aither.toml")).unwrap();
    site.put("aither.toml", format!("{config}[output]\nprecompress = true\n"));
    // Of files that have just been written nobody can say that nothing has changed since.
    site.now = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let begun = std::time::Instant::now();
    while !site.path(".aither/idle.json").exists() {
        assert!(begun.elapsed() < super::serve_fixture::PATIENCE);
        site.build();
    }
    let note = || {
        let note = std::fs::metadata(site.path(".aither/idle.json")).unwrap();
        (note.ino(), note.ctime(), note.ctime_nsec())
    };
    let touched = || std::fs::metadata(site.path("output/index.html")).unwrap().ctime_nsec();
    let (before, page) = (note(), touched());
    site.build();
    assert_eq!(note(), before, "there was nothing to do");
    let serving = Serving::start(&site);
    assert_eq!(serving.ask("GET", "/", "").status, 200);
    drop(serving);
    assert_ne!(touched(), page, "a second name was given");
    site.build();
    assert_eq!(note(), before, "there was still nothing to do");
    // Whoever writes into a file is found out, whatever the file says of its time.
    let file = site.path("output/index.html");
    let (text, modified) =
        (std::fs::read(&file).unwrap(), std::fs::metadata(&file).unwrap().modified().unwrap());
    let mut other = text.clone();
    other[10] ^= 1;
    std::fs::write(&file, other).unwrap();
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    site.build();
    assert_ne!(note(), before);
    assert_eq!(std::fs::read(&file).unwrap(), text);
}

//! A server on a loopback port over a folder of files, with a stand-in for whoever syncs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aither::base::clock::{SharedClock, SystemClock};
use aither::base::digest::Digest;
use aither::base::gate::Gate;
use aither::base::report::Collected;
use aither::base::secret::Secret;
use aither::config::{Notify, Serve};
use aither::error::Result;
use aither::model::run::RunFigures;
use aither::notify::{Notifier, Outside};
use aither::project::PushSummary;
use aither::serve::{DashboardOptions, Options, RebuildRequest, Rebuilt, Server, Show, SyncRequest, Work};
use aither::sync::{Queues, SharedQueue};
use serde_json::Value;

/// How long a test waits for an answer before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const ADMIN: &str = "admin-token-of-the-test";
pub(crate) const SYNC: &str = "sync-token-of-the-test";
pub(crate) const WEBHOOK: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const CRON: &str = "cron-secret-of-the-test";

/// What the stand-in does in one sync.
pub(crate) type Step = Box<dyn FnMut(&SyncRequest, &Gate) -> Result<RunFigures> + Send>;

/// Does what the test says.
struct Stage {
    step: Arc<Mutex<Step>>,
}

impl Work for Stage {
    fn sync(&mut self, request: &SyncRequest, gate: &Gate) -> Result<RunFigures> {
        let step = Arc::clone(&self.step);
        let mut step = step.lock().unwrap();
        step(request, gate)
    }

    fn rebuild(&mut self, _: &RebuildRequest, gate: &Gate, _: &Show<'_>) -> Result<Rebuilt> {
        gate.pass()?;
        Ok(Rebuilt::default())
    }

    fn push(&mut self, queue: &SharedQueue, ids: &[String], _: &Gate) -> Result<PushSummary> {
        aither::sync::locked(queue).done(ids, jiff::Timestamp::now())?;
        Ok(PushSummary::default())
    }
}

fn aither_random() -> fastrand::Rng {
    fastrand::Rng::with_seed(7)
}

/// A folder with a site, and a server over it.
pub(crate) struct Served {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) address: SocketAddr,
    pub(crate) reporter: Arc<Collected>,
    server: Option<Server>,
}

/// A server that is about to be started.
pub(crate) struct Setup {
    folder: tempfile::TempDir,
    pub(crate) serve: Serve,
    pub(crate) base_url: String,
    pub(crate) live: bool,
    pub(crate) notify: Notify,
    pub(crate) dashboard: DashboardOptions,
    pub(crate) connectors: Vec<String>,
    pub(crate) clock: SharedClock,
    steps: Vec<Step>,
}

pub(crate) fn setup() -> Setup {
    let mut serve = Serve { port: 0, ..Serve::default() };
    serve.tokens.admin = vec![Secret::new("former-admin-token"), Secret::new(ADMIN)];
    serve.tokens.sync = vec![Secret::new(SYNC)];
    serve.tokens.cron = vec![Secret::new(CRON)];
    serve.tokens.webhook = vec![Secret::new(WEBHOOK)];
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("output")).unwrap();
    let base_url = "https://academy.example".to_owned();
    Setup {
        folder,
        serve,
        base_url,
        live: false,
        notify: Notify::default(),
        dashboard: DashboardOptions {
            title: "Akademie".to_owned(),
            language: "de".to_owned(),
            ..DashboardOptions::default()
        },
        connectors: vec!["hemera".to_owned()],
        clock: Arc::new(SystemClock::new()),
        steps: Vec::new(),
    }
}

impl Setup {
    /// A site with these files, and the manifest that a build would write.
    pub(crate) fn files(self, files: &[(&str, &str)]) -> Self {
        publish(self.folder.path(), files);
        self
    }

    /// Over a folder that another server has left.
    pub(crate) fn over(mut self, folder: tempfile::TempDir) -> Self {
        self.folder = folder;
        self
    }

    /// Runs before the start, with the site's folder.
    pub(crate) fn prepared(self, prepare: impl FnOnce(&Path)) -> Self {
        prepare(self.folder.path());
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Serve)) -> Self {
        change(&mut self.serve);
        self
    }

    /// What the stand-in does; of several, the next one is for whoever takes over after a run that was given up.
    pub(crate) fn step(
        mut self,
        step: impl FnMut(&SyncRequest, &Gate) -> Result<RunFigures> + Send + 'static,
    ) -> Self {
        self.steps.push(Box::new(step));
        self
    }

    pub(crate) fn start(self) -> Served {
        let reporter: Arc<Collected> = Arc::default();
        let state = self.folder.path().join(".aither");
        let queues = Queues::open(&state, &mut aither_random()).unwrap();
        let clock = Arc::new(SystemClock::new());
        let outside = Outside { state, outbox: queues.outbox.clone(), clock, reporter: reporter.clone() };
        let options = Options {
            serve: self.serve,
            base_url: self.base_url,
            output: self.folder.path().join("output"),
            state: self.folder.path().join(".aither"),
            connectors: self.connectors,
            live: self.live,
            signals: false,
            clock: self.clock.clone(),
            reporter: reporter.clone(),
            audience: Arc::new(|_| {}),
            queues: queues.clone(),
            notifier: Arc::new(Notifier::start(&self.notify, &outside)),
            dashboard: self.dashboard,
        };
        let mut steps = self.steps.into_iter();
        let factory = move || -> Result<Box<dyn Work>> {
            let step = steps.next().unwrap_or_else(|| Box::new(|_, _| Ok(RunFigures::default())));
            Ok(Box::new(Stage { step: Arc::new(Mutex::new(step)) }))
        };
        let server = Server::start(options, Box::new(factory)).unwrap();
        Served { folder: self.folder, address: server.address(), reporter, server: Some(server) }
    }
}

/// Writes files and their manifest into a site's output, as a build would: each replaced, the manifest last.
pub(crate) fn publish(folder: &Path, files: &[(&str, &str)]) {
    let output = folder.join("output");
    let mut manifest: BTreeMap<&str, String> = BTreeMap::new();
    for (path, text) in files {
        aither::base::files::replace(&output.join(path), text.as_bytes()).unwrap();
        manifest.insert(path, Digest::of(text.as_bytes()).to_string());
    }
    let manifest =
        serde_json::json!({ "version": 1, "generator": "test", "entities": {}, "files": manifest });
    let path = output.join(".sync-manifest.json");
    aither::base::files::replace(&path, manifest.to_string().as_bytes()).unwrap();
}

impl Served {
    /// The token that was made for this run.
    pub(crate) fn token(&self) -> String {
        self.server.as_ref().unwrap().token().unwrap().reveal().to_owned()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn connect(&self) -> Client {
        Client::new(TcpStream::connect(self.address).unwrap())
    }

    /// Sends one request on a connection of its own.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut text = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            text.push_str("Host: localhost\r\n");
        }
        for (name, value) in headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        if !body.is_empty() {
            let _ = write!(text, "Content-Length: {}\r\n", body.len());
        }
        let _ = write!(text, "Connection: close\r\n\r\n{body}");
        let mut client = self.connect();
        client.write(text.as_bytes());
        client.answer_to(method).unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    /// A request of the administrator.
    pub(crate) fn admin(&self, method: &str, path: &str) -> Answer {
        self.send(method, path, &[("Authorization", &format!("Bearer {ADMIN}"))], "")
    }

    pub(crate) fn stop(mut self) -> tempfile::TempDir {
        self.server.take().unwrap().stop().unwrap();
        let empty = tempfile::tempdir().unwrap();
        std::mem::replace(&mut self.folder, empty)
    }

    /// Asks again and again until the answer is right.
    pub(crate) fn until(&self, mut ask: impl FnMut(&Self) -> bool) {
        let begun = Instant::now();
        while !ask(self) {
            assert!(begun.elapsed() < PATIENCE, "it never came true");
            std::thread::yield_now();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            let _ = server.stop();
        }
    }
}

/// One connection.
pub(crate) struct Client {
    pub(crate) stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    /// Writes as much as the server takes: it may have hung up already.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.get_mut().write_all(bytes);
    }

    pub(crate) fn answer(&mut self) -> io::Result<Answer> {
        self.answer_to("GET")
    }

    /// Reads one answer.
    pub(crate) fn answer_to(&mut self, method: &str) -> io::Result<Answer> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let status = line.split(' ').nth(1).and_then(|s| s.parse().ok());
        let mut answer = Answer { status: status.unwrap_or(0), headers: Vec::new(), body: Vec::new() };
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            answer.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length: usize = answer.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
        if method != "HEAD" && answer.status != 304 {
            answer.body.resize(length, 0);
            self.stream.read_exact(&mut answer.body)?;
        }
        Ok(answer)
    }

    /// Reads until the server ends the connection; how many bytes that were.
    pub(crate) fn drain(&mut self) -> usize {
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest);
        rest.len()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The code of an error's envelope, after checking what every envelope has.
    pub(crate) fn code(&self) -> String {
        let json = self.json();
        assert_eq!(self.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(json["success"], false);
        assert_eq!(json["meta"]["requestId"].as_str(), self.header("x-request-id"));
        let stamp = json["meta"]["timestamp"].as_str().unwrap().to_owned();
        assert!(stamp.len() == 24 && stamp.ends_with('Z'), "{stamp}");
        json["error"]["code"].as_str().unwrap().to_owned()
    }

    /// The data of a success' envelope.
    pub(crate) fn data(&self) -> Value {
        let json = self.json();
        assert_eq!(json["success"], true, "{json}");
        assert_eq!(json["meta"]["requestId"].as_str(), self.header("x-request-id"));
        json["data"].clone()
    }
}

/// A step that waits until the test lets it go on, and the two ends that the test holds: it hears that a run has begun,
/// and it lets it end.
pub(crate) fn held() -> (Step, Receiver<()>, Sender<()>) {
    let (begun, hear) = channel();
    let (go, wait) = channel::<()>();
    let step: Step = Box::new(move |_, gate| {
        let _ = begun.send(());
        let _ = wait.recv();
        gate.pass()?;
        Ok(RunFigures {
            files_generated: 1,
            next_course_id: Some("cm5abc123".into()),
            ..RunFigures::default()
        })
    });
    (step, hear, go)
}

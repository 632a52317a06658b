//! A stand-in for the Hemera Academy Service on loopback: for tests, which start it inside their own process, and for
//! people, who start it with `cargo run --example hemera`.
//!
//! It behaves as the recorded answers in `tests/captures/hemera` do, and misbehaves on request.

// The example and the tests include the same files and each uses a part of them.
#![allow(dead_code, unused_imports)]

mod answers;
mod data;
mod fault;
mod front;
mod limit;
mod reply;
mod route;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use answers::Shop;
pub(crate) use data::{Booking, Catalogue, Course, Material, Participation, Template, Topic};
pub(crate) use fault::{Fault, Plan, Scope};
use front::{Front, lock};
use reply::{Reply, Stamp};
use route::Route;

/// The key that the stand-in takes unless told otherwise.
pub(crate) const DEMO_KEY: &str = "demo-key-demo-key-demo-key-demo-key-0001";

/// So many answers can be on their way at once; a delayed one holds one place.
const WORKERS: usize = 16;

/// A longer body is no result of a participation.
const LONGEST_BODY: usize = 64 * 1024;

/// How the service is set up.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The port on 127.0.0.1, 0 for any free one.
    pub(crate) port: u16,
    /// The only valid key.
    pub(crate) key: String,
    /// How many published courses are made up.
    pub(crate) courses: usize,
    /// What the courses, and all later chance, are made from.
    pub(crate) seed: u64,
    /// The day that the dates of the courses are counted from, the present one when absent.
    pub(crate) today: Option<Date>,
    /// Requests in a window of 60 seconds.
    pub(crate) rate: u64,
    /// Whether the templates are deployed.
    pub(crate) templates: bool,
    /// Whether payloads are wrapped in an object.
    pub(crate) wrapped: bool,
    /// Whether answers carry an `ETag` and honour `If-None-Match`.
    pub(crate) etag: bool,
    /// Whether the content of every material is null.
    pub(crate) null_materials: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            key: DEMO_KEY.to_owned(),
            courses: 24,
            seed: 1,
            today: None,
            rate: 100,
            templates: false,
            wrapped: false,
            etag: false,
            null_materials: false,
        }
    }
}

/// A request that was received, with the status of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logged {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// 0 when the client was hung up on without a byte.
    pub(crate) status: u16,
}

/// What a request asks for.
struct Asked {
    method: String,
    path: String,
    query: String,
    route: Route,
    key: Option<String>,
    bearer: bool,
    if_none_match: Option<String>,
    body: Vec<u8>,
}

/// The running service. It stops when dropped, whatever it is in the middle of.
pub(crate) struct Service {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    key: String,
}

struct Shared {
    server: tiny_http::Server,
    front: Front,
    shop: Mutex<Shop>,
    faults: Mutex<Vec<Plan>>,
    log: Mutex<Vec<Logged>>,
    /// Milliseconds by which the service is ahead of the real time.
    ahead: AtomicI64,
    stopped: Mutex<bool>,
    stopping: Condvar,
}

impl Service {
    /// Starts the service on loopback.
    pub(crate) fn start(options: Options) -> io::Result<Self> {
        let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let server = tiny_http::Server::http(loopback(0)).map_err(io::Error::other)?;
        let behind = server.server_addr().to_ip().ok_or_else(|| io::Error::other("no address"))?;
        let today = options.today.unwrap_or_else(|| Timestamp::now().to_zoned(TimeZone::UTC).date());
        let key = options.key.clone();
        let shop = Shop {
            catalogue: data::catalogue(options.courses, options.seed, today),
            random: fastrand::Rng::with_seed(options.seed),
            window: limit::Window::default(),
            options,
        };
        let shared = Arc::new(Shared {
            front: Front::open(loopback(shop.options.port), behind)?,
            server,
            shop: Mutex::new(shop),
            faults: Mutex::default(),
            log: Mutex::default(),
            ahead: AtomicI64::new(0),
            stopped: Mutex::new(false),
            stopping: Condvar::new(),
        });
        let workers = (0..WORKERS).map(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.work())
        });
        Ok(Self { workers: workers.collect(), shared, key })
    }

    /// The base address, without a slash at its end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.shared.front.address())
    }

    /// The address of the socket.
    pub(crate) fn address(&self) -> SocketAddr {
        self.shared.front.address()
    }

    /// The valid key.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Lets this fault happen from now on, and no other.
    pub(crate) fn set_fault(&self, fault: impl Into<Plan>) {
        self.clear_faults();
        self.add_fault(fault);
    }

    /// Lets this fault happen as well.
    pub(crate) fn add_fault(&self, fault: impl Into<Plan>) {
        let plan = fault.into();
        if plan.fault == Fault::Refuse && plan.is_unconfined() {
            self.shared.front.close();
            self.shared.front.hang_up_all();
        }
        lock(&self.shared.faults).push(plan);
    }

    /// All is well again.
    ///
    /// # Panics
    ///
    /// When somebody else took the port while nobody listened.
    pub(crate) fn clear_faults(&self) {
        lock(&self.shared.faults).clear();
        let again = self.shared.front.reopen();
        assert!(again.is_ok(), "cannot listen again at {}: {again:?}", self.url());
    }

    /// Changes the catalogue between two requests.
    pub(crate) fn edit<T>(&self, change: impl FnOnce(&mut Catalogue) -> T) -> T {
        change(&mut lock(&self.shared.shop).catalogue)
    }

    /// The catalogue as it is now.
    pub(crate) fn catalogue(&self) -> Catalogue {
        lock(&self.shared.shop).catalogue.clone()
    }

    /// Changes the switches between two requests. Port, key, seed and day are fixed by then.
    pub(crate) fn configure(&self, change: impl FnOnce(&mut Options)) {
        let mut shop = lock(&self.shared.shop);
        let mut options = shop.options.clone();
        change(&mut options);
        options.key.clone_from(&self.key);
        shop.options = options;
    }

    /// Puts the service's clock forward: windows end without anybody waiting for it.
    pub(crate) fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.shared.ahead.fetch_add(by, Ordering::SeqCst);
    }

    /// The requests so far, in the order of their answers.
    pub(crate) fn requests(&self) -> Vec<Logged> {
        lock(&self.shared.log).clone()
    }

    /// Forgets the requests so far.
    pub(crate) fn forget_requests(&self) {
        lock(&self.shared.log).clear();
    }

    /// Waits until the process is ended from outside.
    pub(crate) fn serve_for_ever(&self) -> ! {
        loop {
            thread::park();
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        *lock(&self.shared.stopped) = true;
        self.shared.stopping.notify_all();
        self.shared.front.end();
        for _ in &self.workers {
            self.shared.server.unblock();
        }
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

impl Shared {
    fn work(&self) {
        while !*lock(&self.stopped) {
            if let Ok(request) = self.server.recv() {
                self.serve(request);
            }
        }
    }

    fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.ahead.load(Ordering::SeqCst));
        Timestamp::now().checked_add(ahead).unwrap_or(Timestamp::MAX)
    }

    fn serve(&self, mut request: tiny_http::Request) {
        let Some(asked) = read(&mut request) else {
            // The server would read what is left into one buffer of the announced size, however large.
            self.front.hang_up(
                request.remote_addr(),
                b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n",
            );
            std::mem::forget(request);
            return;
        };
        let mut faults = self.faults(&asked.route);
        for fault in &faults {
            if let Fault::Delay(time) = fault {
                self.wait(*time);
            }
        }
        faults.retain(|fault| !matches!(fault, Fault::Delay(_)));
        if *lock(&self.stopped) {
            // The end of the service is no reason to answer early.
            self.front.hang_up(request.remote_addr(), b"");
            return;
        }
        let now = self.now();
        let (shaping, replacing): (Vec<Fault>, Vec<Fault>) =
            faults.into_iter().partition(Fault::shapes_the_catalogue);
        let (reply, stamp) = {
            let mut shop = lock(&self.shop);
            (shop.answer(&asked, now, &shaping), Stamp::new(&mut shop.random, now))
        };
        let fault = replacing.into_iter().next().filter(|_| !matches!(reply.status, 401 | 429));
        let reply = match &fault {
            Some(fault) => misbehave(fault, reply, &stamp),
            None => reply,
        };
        let status = if fault == Some(Fault::Refuse) { 0 } else { reply.status };
        let without_body = asked.method == "HEAD";
        let Asked { method, path, query, .. } = asked;
        lock(&self.log).push(Logged { method, path, query, status });
        self.send(request, &reply, fault.as_ref(), now, without_body);
    }

    /// The faults that happen to this request.
    fn faults(&self, route: &Route) -> Vec<Fault> {
        let mut plans = lock(&self.faults);
        plans.iter_mut().filter_map(|plan| plan.strikes(route).then(|| plan.fault.clone())).collect()
    }

    /// Waits, but not longer than the service lives.
    fn wait(&self, time: Duration) {
        let until = Instant::now().checked_add(time);
        let mut stopped = lock(&self.stopped);
        while !*stopped {
            let left = until
                .map_or(Duration::from_secs(3600), |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return;
            }
            let woken = self.stopping.wait_timeout(stopped, left);
            stopped = woken.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }

    fn send(
        &self,
        request: tiny_http::Request,
        reply: &Reply,
        fault: Option<&Fault>,
        now: Timestamp,
        without_body: bool,
    ) {
        let peer = request.remote_addr().copied();
        // The writer is taken even where nothing is written: a request dropped without one is answered with a 500.
        let mut writer = request.into_writer();
        match fault {
            Some(Fault::Refuse) => self.front.hang_up(peer.as_ref(), b""),
            Some(Fault::CutOff) => {
                let announced = reply.body.len();
                let mut part = reply.clone();
                part.body.truncate(announced / 2);
                self.front.hang_up(peer.as_ref(), &part.bytes_announcing(now, announced));
            }
            Some(Fault::Truncated | Fault::Empty | Fault::Garbage) => {
                let _ = writer.write_all(&reply.bytes_announcing(now, reply.body.len()));
            }
            Some(Fault::Huge(size)) if !without_body => {
                let _ = writer.write_all(&reply.head(now, "Transfer-Encoding: chunked\r\n"));
                let _ = self.pour(&mut *writer, *size);
            }
            _ => {
                let _ = writer.write_all(&reply.bytes(now, without_body));
            }
        }
        let _ = writer.flush();
    }

    /// A body that begins well and goes on until the client or the service has had enough.
    fn pour(&self, writer: &mut dyn Write, size: u64) -> io::Result<()> {
        let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
        let filling = " ".repeat(16 * 1024);
        let start = "{\"success\":true,\"data\":[";
        writer.write_all(chunk(start).as_bytes())?;
        let mut left = size.saturating_sub(start.len() as u64);
        while left > 0 && !*lock(&self.stopped) {
            let length = left.min(filling.len() as u64) as usize;
            writer.write_all(chunk(&filling[..length]).as_bytes())?;
            left -= length as u64;
        }
        writer.write_all(b"0\r\n\r\n")
    }
}

/// Reads what matters of a request; `None` when its body is longer than any valid one.
fn read(request: &mut tiny_http::Request) -> Option<Asked> {
    let announced = request.body_length().unwrap_or(0);
    if announced > LONGEST_BODY {
        return None;
    }
    let header = |name: &'static str| {
        let found = request.headers().iter().find(|header| header.field.equiv(name));
        found.map(|header| header.value.as_str().to_owned())
    };
    let (path, query) = match request.url().split_once('?') {
        Some((path, query)) => (path.to_owned(), query.to_owned()),
        None => (request.url().to_owned(), String::new()),
    };
    let mut asked = Asked {
        method: request.method().as_str().to_owned(),
        route: Route::of(&path),
        path,
        query,
        key: header("X-API-Key"),
        bearer: header("Authorization").is_some(),
        if_none_match: header("If-None-Match"),
        body: Vec::new(),
    };
    // A body that breaks off is what it is: no JSON.
    let _ = request.as_reader().take(LONGEST_BODY as u64).read_to_end(&mut asked.body);
    Some(asked)
}

/// What becomes of the right answer.
fn misbehave(fault: &Fault, right: Reply, stamp: &Stamp) -> Reply {
    let json = "application/json";
    match fault {
        Fault::InternalError => Reply::error(500, stamp, "INTERNAL_ERROR", "Interner Serverfehler"),
        Fault::AuthConfiguration => {
            Reply::bare_error(503, "AUTH_CONFIGURATION_ERROR", "Authentication is not configured")
        }
        Fault::Unauthorized => Reply::error(401, stamp, "UNAUTHORIZED", "Not authenticated"),
        Fault::Limited(seconds) => {
            let reset = stamp.moment.as_second().saturating_add_unsigned(*seconds);
            let standing = limit::Standing { limit: 100, remaining: 0, reset, retry_after: Some(*seconds) };
            Reply::limited(stamp, *seconds).within(&standing)
        }
        Fault::Truncated => {
            let mut reply = right;
            reply.body.truncate(reply.body.len() / 2);
            reply
        }
        Fault::Garbage => {
            let bytes = (0..997_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8);
            Reply::new(200, json, bytes.collect::<Vec<u8>>())
        }
        Fault::Html => Reply { status: 200, ..Reply::page(200) },
        Fault::Empty => Reply::new(200, json, ""),
        Fault::NotSuccessful => {
            let refused = Reply::error(200, stamp, "INTERNAL_ERROR", "Interner Serverfehler");
            Reply { headers: right.headers, ..refused }
        }
        Fault::WrongTypes => {
            let mut reply = right;
            if let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(&reply.body) {
                if let Some(data) = body.get_mut("data") {
                    mistype(data);
                }
                reply.body = body.to_string().into_bytes();
            }
            reply
        }
        Fault::Huge(_) => Reply { status: 200, ..right },
        _ => right,
    }
}

/// Turns texts into numbers and numbers into texts, all the way down.
fn mistype(value: &mut serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::String(text) => *value = Value::from(text.len()),
        Value::Number(number) => *value = Value::from(number.to_string()),
        Value::Array(items) => items.iter_mut().for_each(mistype),
        Value::Object(fields) => fields.values_mut().for_each(mistype),
        Value::Null | Value::Bool(_) => {}
    }
}

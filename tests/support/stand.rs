//! A small server on loopback that answers as it is told: what the stand-ins of the roster services have in common.

#![allow(dead_code, unused_imports)]

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Decoded pairs in their order.
    pub(crate) query: Vec<(String, String)>,
    /// The target as it was sent.
    pub(crate) target: String,
    pub(crate) authorization: Option<String>,
    pub(crate) if_match: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.get(name)?.parse().ok()
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        let headers = vec![("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned())];
        Self { status, headers, body: body.to_string().into_bytes() }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// Something that goes wrong for a number of requests.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    /// Requests whose path ends like this.
    pub(crate) path: String,
    /// So many are answered well before.
    pub(crate) after: usize,
    /// So many go wrong.
    pub(crate) times: usize,
    pub(crate) reply: Reply,
}

type Handler = dyn Fn(&Asked, &str) -> Reply + Send + Sync;

/// The server. It stops when dropped.
pub(crate) struct Stand {
    server: Arc<tiny_http::Server>,
    address: SocketAddr,
    workers: Vec<JoinHandle<()>>,
    log: Arc<Mutex<Vec<(Asked, u16)>>>,
    troubles: Arc<Mutex<Vec<Trouble>>>,
}

impl Stand {
    /// Starts to listen. The handler gets each request, and the base address.
    pub(crate) fn start(
        port: u16,
        handler: impl Fn(&Asked, &str) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let server = tiny_http::Server::http(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            .map_err(io::Error::other)?;
        let server = Arc::new(server);
        let address = server.server_addr().to_ip().ok_or_else(|| io::Error::other("no address"))?;
        let handler: Arc<Handler> = Arc::new(handler);
        let (log, troubles) = (Arc::new(Mutex::default()), Arc::new(Mutex::default()));
        let workers = (0..4).map(|_| {
            let (server, handler) = (Arc::clone(&server), Arc::clone(&handler));
            let (log, troubles) = (Arc::clone(&log), Arc::clone(&troubles));
            thread::spawn(move || work(&server, &*handler, &log, &troubles, address))
        });
        Ok(Self { workers: workers.collect(), server, address, log, troubles })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far, each with the status of its answer.
    pub(crate) fn log(&self) -> Vec<(Asked, u16)> {
        lock(&self.log).clone()
    }

    /// The targets of the requests so far, and the log begins anew.
    pub(crate) fn take_log(&self) -> Vec<String> {
        let taken = std::mem::take(&mut *lock(&self.log));
        taken.into_iter().map(|(asked, _)| format!("{} {}", asked.method, asked.target)).collect()
    }

    pub(crate) fn trouble(&self, trouble: Trouble) {
        lock(&self.troubles).push(trouble);
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        (0..self.workers.len()).for_each(|_| self.server.unblock());
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

fn work(
    server: &tiny_http::Server,
    handler: &Handler,
    log: &Mutex<Vec<(Asked, u16)>>,
    troubles: &Mutex<Vec<Trouble>>,
    address: SocketAddr,
) {
    while let Ok(mut request) = server.recv() {
        let mut body = Vec::new();
        let _ = io::Read::read_to_end(request.as_reader(), &mut body);
        let header = |name: &'static str| {
            let found = request.headers().iter().find(|header| header.field.equiv(name));
            found.map(|header| header.value.to_string())
        };
        let target = request.url().to_owned();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let asked = Asked {
            method: request.method().to_string(),
            path: path.to_owned(),
            query: aither::base::encode::pairs(query).collect(),
            authorization: header("Authorization"),
            if_match: header("If-Match"),
            target: target.clone(),
            body,
        };
        let reply =
            troubled(troubles, &asked).unwrap_or_else(|| handler(&asked, &format!("http://{address}")));
        lock(log).push((asked, reply.status));
        let mut response = tiny_http::Response::from_data(reply.body).with_status_code(reply.status);
        for (name, value) in reply.headers {
            if let Ok(header) = tiny_http::Header::from_bytes(name.as_bytes(), value.as_bytes()) {
                response.add_header(header);
            }
        }
        let _ = request.respond(response);
    }
}

fn troubled(troubles: &Mutex<Vec<Trouble>>, asked: &Asked) -> Option<Reply> {
    let mut troubles = lock(troubles);
    let trouble =
        troubles.iter_mut().find(|trouble| trouble.times > 0 && asked.path.ends_with(&trouble.path))?;
    if trouble.after > 0 {
        trouble.after -= 1;
        return None;
    }
    trouble.times -= 1;
    Some(trouble.reply.clone())
}

/// Locks, whatever happened to another thread that held the lock.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

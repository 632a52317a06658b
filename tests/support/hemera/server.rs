//! The stand-in on loopback: `tiny_http` answers, and before it stands a thin front that can end a connection in the
//! middle of an answer, which an HTTP library never does by itself.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tiny_http::{Header, Request, Response};

use super::{Academy, Asked};

/// Tells the front to end the connection half-way. It never leaves the machine.
const CUT: &str = "x-stand-in-cut-off";

/// A server that runs until it is dropped.
pub(crate) struct Server {
    pub(crate) academy: Arc<Academy>,
    address: SocketAddr,
    inner: Arc<tiny_http::Server>,
    stopped: Arc<AtomicBool>,
}

impl Server {
    /// Serves the academy on loopback; port 0 is any that is free.
    pub(crate) fn start(academy: Arc<Academy>, port: u16) -> io::Result<Self> {
        let inner = Arc::new(tiny_http::Server::http("127.0.0.1:0").map_err(io::Error::other)?);
        let behind = inner.server_addr().to_ip().ok_or_else(|| io::Error::other("no address"))?;
        let front = TcpListener::bind(("127.0.0.1", port))?;
        let address = front.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        for _ in 0..8 {
            let (inner, academy) = (inner.clone(), academy.clone());
            thread::spawn(move || {
                while let Ok(request) = inner.recv() {
                    // A client that has gone away is its own business.
                    let _ = serve(&academy, request);
                }
            });
        }
        let stop = stopped.clone();
        thread::spawn(move || {
            for client in front.incoming().flatten() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                thread::spawn(move || pass_on(&client, behind));
            }
        });
        Ok(Self { academy, address, inner, stopped })
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the front, so that it sees that it is over, and then each of the workers.
        let _ = TcpStream::connect(self.address);
        (0..8).for_each(|_| self.inner.unblock());
    }
}

fn serve(academy: &Academy, mut request: Request) -> io::Result<()> {
    let mut body = Vec::new();
    request.as_reader().take(1 << 20).read_to_end(&mut body)?;
    let reply = academy.answer(&Asked {
        method: request.method().to_string(),
        target: request.url().to_owned(),
        headers: request
            .headers()
            .iter()
            .map(|header| (header.field.to_string().to_ascii_lowercase(), header.value.to_string()))
            .collect(),
        body,
    });
    if !reply.delay.is_zero() {
        // Not a sleep, which has its one place in the library.
        thread::park_timeout(reply.delay);
    }
    let mut response =
        Response::from_data(reply.body).with_status_code(reply.status).with_chunked_threshold(usize::MAX);
    let cut = reply.cut_off.then(|| (CUT.to_owned(), "1".to_owned()));
    for (name, value) in reply.headers.into_iter().chain(cut) {
        if let Ok(header) = Header::from_bytes(name, value) {
            // It replaces what is there already: the content type, above all.
            response.add_header(header);
        }
    }
    request.respond(response)
}

/// Passes bytes on in both directions.
fn pass_on(client: &TcpStream, behind: SocketAddr) -> io::Result<()> {
    let server = TcpStream::connect(behind)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let (mut from, mut to) = (&server, client);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(read) if read > 0 => read,
            _ => break,
        };
        let bytes = &buffer[..read];
        if let Some(body) = cut_at(bytes) {
            to.write_all(&bytes[..body])?;
            break;
        }
        to.write_all(bytes)?;
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
    Ok(())
}

/// Where to end an answer that is to be cut off: a little into its body.
fn cut_at(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let marked = bytes[..head].windows(CUT.len()).any(|word| word.eq_ignore_ascii_case(CUT.as_bytes()));
    marked.then(|| (head + 4 + 10).min(bytes.len().saturating_sub(1)))
}

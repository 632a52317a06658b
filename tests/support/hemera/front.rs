//! What stands before the HTTP server: it owns the sockets, because a server that keeps them to itself can neither
//! hang up in the middle of an answer nor stop listening and begin again at the same address.

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// More connections than that are hung up on: each costs threads and files, and they must not run out.
const MOST: usize = 256;

/// A connection on which nothing moves for so long is given up.
const IDLE: Duration = Duration::from_secs(300);

/// A listener that carries bytes between its clients and a server behind it.
pub(crate) struct Front {
    address: SocketAddr,
    lines: Arc<Lines>,
    listening: Mutex<Option<Listening>>,
}

struct Listening {
    closing: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// The open connections, by the address that the server behind sees.
struct Lines {
    server: SocketAddr,
    open: Mutex<HashMap<SocketAddr, TcpStream>>,
    /// Set at the end, for connections that were accepted but not yet in the list when all were hung up on.
    over: AtomicBool,
}

impl Front {
    /// Listens at `address` for the server at `server`.
    pub(crate) fn open(address: SocketAddr, server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let lines = Arc::new(Lines { server, open: Mutex::default(), over: AtomicBool::new(false) });
        let listening = Mutex::new(Some(listen(listener, Arc::clone(&lines))));
        Ok(Self { address, lines, listening })
    }

    /// Where the front listens, also while it does not.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening; connections that are open stay open. When this returns, new ones are refused.
    pub(crate) fn close(&self) {
        let Some(listening) = lock(&self.listening).take() else { return };
        listening.closing.store(true, Ordering::SeqCst);
        // `accept` has no other way of being woken.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(5));
        if woken.is_ok() {
            let _ = listening.thread.join();
        }
    }

    /// Listens again.
    pub(crate) fn reopen(&self) -> io::Result<()> {
        let mut listening = lock(&self.listening);
        if listening.is_none() {
            *listening = Some(listen(TcpListener::bind(self.address)?, Arc::clone(&self.lines)));
        }
        Ok(())
    }

    /// Sends the last bytes to one client, past the server, and hangs up.
    pub(crate) fn hang_up(&self, peer: Option<&SocketAddr>, last: &[u8]) {
        let client = peer.and_then(|peer| lock(&self.lines.open).remove(peer));
        if let Some(mut client) = client {
            let _ = io::Write::write_all(&mut client, last);
            let _ = client.shutdown(Shutdown::Both);
        }
    }

    /// Stops for good.
    pub(crate) fn end(&self) {
        self.close();
        self.lines.over.store(true, Ordering::SeqCst);
        self.hang_up_all();
    }

    /// Hangs up on everybody.
    pub(crate) fn hang_up_all(&self) {
        for (_, client) in lock(&self.lines.open).drain() {
            let _ = client.shutdown(Shutdown::Both);
        }
    }
}

fn listen(listener: TcpListener, lines: Arc<Lines>) -> Listening {
    let closing = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&closing);
    let thread = thread::spawn(move || {
        for client in listener.incoming() {
            if told.load(Ordering::SeqCst) {
                return;
            }
            let Ok(client) = client else {
                thread::yield_now();
                continue;
            };
            let lines = Arc::clone(&lines);
            // Without a thread for it the client is dropped, and the next one may have more luck.
            let _ = thread::Builder::new().spawn(move || lines.carry(client));
        }
    });
    Listening { closing, thread }
}

impl Lines {
    /// Carries one connection until either side ends it.
    fn carry(&self, client: TcpStream) {
        let Ok(server) = TcpStream::connect(self.server) else { return };
        let (Ok(peer), Ok(())) = (server.local_addr(), self.register(&server, &client)) else { return };
        let forth = match (client.try_clone(), server.try_clone()) {
            (Ok(mut from), Ok(mut to)) => thread::Builder::new().spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            }),
            (Err(error), _) | (_, Err(error)) => Err(error),
        };
        if forth.is_ok() {
            let (mut from, mut to) = (&server, &client);
            let _ = io::copy(&mut from, &mut to);
        }
        let _ = server.shutdown(Shutdown::Both);
        let _ = client.shutdown(Shutdown::Both);
        lock(&self.open).remove(&peer);
    }

    fn register(&self, server: &TcpStream, client: &TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        client.set_read_timeout(Some(IDLE))?;
        client.set_write_timeout(Some(IDLE))?;
        let mut open = lock(&self.open);
        if open.len() >= MOST || self.over.load(Ordering::SeqCst) {
            return Err(io::Error::other("no line is free"));
        }
        open.insert(server.local_addr()?, client.try_clone()?);
        Ok(())
    }
}

/// Locks, whatever happened to another thread that held the lock: the stand-in has no state that a panic could leave
/// half changed and that a test could not do with.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

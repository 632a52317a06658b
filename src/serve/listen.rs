//! The listener: accepts connections within the limits, speaks HTTP/1.1 on them, and stops when it is told to.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;

use super::answer::answer;
use super::connection::{Activity, Paced, Verdict};
use super::gatekeeper::Place;
use super::malformed;
use super::shared::Shared;
use crate::error::{Error, Kind, Result};

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1_024;
/// How long an answer that has been cut short by the end of its connection's time may still take.
const GRACE: Duration = Duration::from_secs(5);

/// Binds the address. Must be called on the runtime.
pub(super) fn bind(address: SocketAddr) -> Result<TcpListener> {
    let bind = || -> io::Result<TcpListener> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A server that is started again takes its port back from connections that linger.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bind().map_err(|e| {
        let error = Error::new(Kind::Config, format!("cannot listen on {address}: {e}"));
        let error = match e.kind() {
            io::ErrorKind::AddrInUse => error.hint(format!(
                "another program listens on port {}: stop it, or take another port by --port",
                address.port()
            )),
            io::ErrorKind::PermissionDenied => {
                error.hint("ports below 1024 are for the administrator; take another by --port")
            }
            io::ErrorKind::AddrNotAvailable => {
                error.hint("this machine does not have that address; see --host")
            }
            _ => error,
        };
        error.caused_by(e)
    })
}

/// Raises the number of files this process may open as far as the system lets it, and says how many connections that
/// leaves room for.
pub(super) fn room_for_connections(wanted: usize) -> usize {
    // For the files of the site, the output of a build, and what the runtime needs.
    const OTHERS: u64 = 64;
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let needed = wanted as u64 + OTHERS;
        let allowed = limit.maximum.unwrap_or(u64::MAX).min(needed);
        let mut current = limit.current.unwrap_or(u64::MAX);
        if current < allowed
            && setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), maximum: limit.maximum }).is_ok()
        {
            current = allowed;
        }
        let room = current.saturating_sub(OTHERS).max(8);
        wanted.min(usize::try_from(room).unwrap_or(usize::MAX))
    }
    #[cfg(not(unix))]
    wanted
}

/// Accepts and serves until `stop` says so, then lets what is under way come to its end.
pub(super) async fn run(listener: TcpListener, shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut pause = Pause::default();
    let all_unread = Arc::default();
    let refusing = Arc::clone(&shared);
    let malformed: Arc<malformed::Answer> = Arc::new(move |status| malformed::answer(&refusing, status));
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let _ = stream.set_nodelay(true);
                pause = Pause::default();
                let activity = Activity::new(&all_unread);
                match shared.gatekeeper.admit(peer.ip(), &activity) {
                    Some(place) => {
                        let paced = Paced::new(
                            stream,
                            Arc::clone(&activity),
                            &shared.serve.limits,
                            Arc::clone(&malformed),
                        );
                        let task = converse(paced, peer, Arc::clone(&shared), activity, stop.clone(), place);
                        drop(tokio::spawn(task));
                    }
                    None => turn_away(&stream, &shared),
                }
            }
            // The client went before we came: no trouble of ours.
            Err(e) if is_of_connection(&e) => {}
            Err(e) => {
                shared.metrics.accept_errors.fetch_add(1, Ordering::Relaxed);
                if pause.is_worth_telling() {
                    shared.log.warn(format!("cannot accept a connection: {e}; trying on"));
                }
                tokio::select! {
                    () = tokio::time::sleep(pause.next()) => {}
                    _ = stop.wait_for(|stop| *stop) => break,
                }
            }
        }
    }
    drop(listener);
    shared.reload.close();
    shared.dashboard.close();
    let _ = tokio::time::timeout(shared.serve.limits.shutdown, shared.gatekeeper.emptied()).await;
}

fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Waiting between failures to accept: the kernel says at once that it has no file descriptor, again and again.
#[derive(Debug, Default)]
struct Pause {
    failures: u32,
}

impl Pause {
    fn is_worth_telling(&self) -> bool {
        self.failures.is_power_of_two() || self.failures == 0
    }

    fn next(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        Duration::from_millis(10 << self.failures.min(6))
    }
}

/// Says that there is no room, without waiting for anything.
fn turn_away(stream: &TcpStream, shared: &Shared) {
    const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\nConnection: close\r\n\r\n";
    shared.metrics.refused_connections.fetch_add(1, Ordering::Relaxed);
    let _ = stream.try_write(FULL);
}

/// Serves one connection until its client, its time or the server ends it.
async fn converse(
    stream: Paced<TcpStream>,
    peer: SocketAddr,
    shared: Arc<Shared>,
    activity: Arc<Activity>,
    mut stop: watch::Receiver<bool>,
    _place: Place,
) {
    let limits = shared.serve.limits.clone();
    let stream = TokioIo::new(stream);
    let service = service_fn(|request| {
        let (shared, busy) = (Arc::clone(&shared), activity.busy());
        let activity = Arc::clone(&activity);
        async move {
            Ok::<_, Infallible>(answer(&shared, peer.ip(), &activity, request).await.map(|b| b.keeping(busy)))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(limits.max_headers)
        .max_buf_size(limits.max_head)
        .half_close(false)
        .serve_connection(stream, service);
    tokio::pin!(connection);
    let mut wake = Instant::now() + limits.header_timeout;
    // Once the connection is on its way out, whatever is left of it has until then.
    let mut last: Option<Instant> = None;
    loop {
        tokio::select! {
            // Nearly always it is the connection that woke us.
            biased;
            _ = connection.as_mut() => return,
            () = activity.unwanted() => return,
            () = tokio::time::sleep_until(last.unwrap_or(wake)) => match (last, activity.verdict(&limits)) {
                (Some(_), _) | (None, Verdict::Idle) => return,
                (None, Verdict::Old) => {
                    connection.as_mut().graceful_shutdown();
                    last = Some(Instant::now() + GRACE);
                }
                (None, Verdict::Wait(until)) => wake = until,
            },
            _ = stop.wait_for(|stop| *stop), if last.is_none() => {
                connection.as_mut().graceful_shutdown();
                last = Some(Instant::now() + limits.shutdown);
            }
        }
    }
}

//! One connection: how long it may live, how long it may be idle, and how slowly its client may take an answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep};

use super::malformed;
use crate::config::ServeLimits;

/// What a connection is doing, as seen by the task that ends it.
#[derive(Debug)]
pub(super) struct Activity {
    began: Instant,
    /// Milliseconds after `began` at which it last became idle.
    idle_since: AtomicUsize,
    /// How many requests have come of it.
    requests: AtomicUsize,
    answering: AtomicUsize,
    writing: AtomicBool,
    endless: AtomicBool,
    /// Bytes that have come of it since its last answer, here and of all connections together.
    unread: AtomicUsize,
    all_unread: Arc<AtomicUsize>,
    /// Whether it has to make room for another one, and the bell that tells it so.
    unwanted: AtomicBool,
    bell: Notify,
}

/// Held while a request is being answered.
#[derive(Debug)]
pub(super) struct Busy(Arc<Activity>);

impl Activity {
    /// A connection that begins now, and shares the room for what has been sent and not answered yet.
    pub(super) fn new(all_unread: &Arc<AtomicUsize>) -> Arc<Self> {
        Arc::new(Self {
            unread: AtomicUsize::new(0),
            all_unread: Arc::clone(all_unread),
            began: Instant::now(),
            idle_since: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            answering: AtomicUsize::new(0),
            writing: AtomicBool::new(false),
            endless: AtomicBool::new(false),
            unwanted: AtomicBool::new(false),
            bell: Notify::new(),
        })
    }

    /// A request has arrived.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.answering.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// This connection carries an event stream: it may live as long as it likes.
    pub(super) fn never_ends(&self) {
        self.endless.store(true, Ordering::Relaxed);
    }

    /// Since when nothing has come of this connection; nothing while it is at work, or on its way out.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let works = self.answering.load(Ordering::Relaxed) > 0
            || self.writing.load(Ordering::Relaxed)
            || self.unwanted.load(Ordering::Relaxed);
        let since = u64::try_from(self.idle_since.load(Ordering::Relaxed)).unwrap_or(u64::MAX);
        (!works).then(|| self.began + Duration::from_millis(since))
    }

    /// The number of the last request, if nothing is being answered now.
    fn at_rest(&self) -> Option<usize> {
        let rests = self.answering.load(Ordering::Relaxed) == 0;
        rests.then(|| self.requests.load(Ordering::Relaxed))
    }

    /// Notes what has come; false if that is too much for all connections together and this one has a good part in it.
    fn reads(&self, bytes: usize, room: usize) -> bool {
        let own = self.unread.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let all = self.all_unread.fetch_add(bytes, Ordering::Relaxed) + bytes;
        all <= room || own <= FAIR
    }

    /// What has come is dealt with.
    fn is_read(&self) {
        self.all_unread.fetch_sub(self.unread.swap(0, Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Asks the connection to make room.
    pub(super) fn put_out(&self) {
        self.unwanted.store(true, Ordering::Relaxed);
        self.bell.notify_one();
    }

    /// Waits until the connection has to make room.
    pub(super) async fn unwanted(&self) {
        self.bell.notified().await;
    }

    /// When to look again, and whether the connection's time is over now.
    pub(super) fn verdict(&self, limits: &ServeLimits) -> Verdict {
        let now = Instant::now();
        let idle_until = self.idle_since().map(|since| since + limits.header_timeout);
        let lives_until = self.began + limits.lifetime;
        match idle_until {
            Some(until) if until <= now => Verdict::Idle,
            Some(until) => Verdict::Wait(until),
            None if self.endless.load(Ordering::Relaxed) => Verdict::Wait(now + limits.header_timeout),
            None if lives_until <= now => Verdict::Old,
            None => Verdict::Wait(lives_until.min(now + limits.header_timeout)),
        }
    }

    /// Whether the connection is older than it may be: then the answer under way is its last.
    pub(super) fn is_old(&self, limits: &ServeLimits) -> bool {
        self.began.elapsed() >= limits.lifetime
    }
}

/// What is to become of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing until then.
    Wait(Instant),
    /// It has been idle for too long.
    Idle,
    /// It has lived for too long, and is still at work.
    Old,
}

impl Drop for Busy {
    fn drop(&mut self) {
        let millis = usize::try_from(self.0.began.elapsed().as_millis()).unwrap_or(usize::MAX);
        self.0.idle_since.store(millis, Ordering::Relaxed);
        self.0.is_read();
        self.0.answering.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        self.is_read();
    }
}

/// A stream that puts out a client that takes too little, and that reads what is left before it closes: a socket that
/// is closed over unread bytes is reset, and the client may never see the answer.
///
/// What is written although no request has come since the last answer was out is the HTTP library's own word on a head
/// that it could not read: another answer goes in its stead.
pub(super) struct Paced<S> {
    stream: S,
    activity: Arc<Activity>,
    malformed: Arc<malformed::Answer>,
    /// The number of the last request when its answer was out; nothing while one is on its way.
    settled: Option<usize>,
    /// What goes out in the library's stead, and how much of it has.
    instead: Option<(Vec<u8>, usize)>,
    floor: usize,
    window: Duration,
    room: usize,
    /// Bytes taken since the client began to be waited for, and the end of the present window.
    taken: usize,
    waiting: Option<Pin<Box<Sleep>>>,
    lingering: Option<Pin<Box<Sleep>>>,
    drained: usize,
}

/// How long, and for how many bytes, a closing connection still reads.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 1 << 20;

/// What all connections together may have sent without an answer, unless a single body may be larger than a fifth of it:
/// heads that do not end wait in memory as well.
const UNREAD: usize = 12 << 20;
/// Who has sent no more than this is never put out for what others send: an ordinary request is smaller.
const FAIR: usize = 4 << 10;

impl<S> Paced<S> {
    /// `malformed` makes the answer to a head that cannot be read.
    pub(super) fn new(
        stream: S,
        activity: Arc<Activity>,
        limits: &ServeLimits,
        malformed: Arc<malformed::Answer>,
    ) -> Self {
        Self {
            stream,
            settled: activity.at_rest(),
            activity,
            malformed,
            instead: None,
            floor: limits.write_floor,
            window: limits.write_window,
            room: UNREAD.max(usize::try_from(limits.max_body).unwrap_or(usize::MAX).saturating_mul(5)),
            taken: 0,
            waiting: None,
            lingering: None,
            drained: 0,
        }
    }

    fn flows(&mut self) {
        self.waiting = None;
        self.taken = 0;
        self.activity.writing.store(false, Ordering::Relaxed);
    }

    fn took(&mut self, bytes: usize) {
        self.taken += bytes;
        if self.taken >= self.floor {
            self.flows();
        }
    }

    /// Whether these bytes are the library's own answer.
    fn is_of_library(&mut self, bytes: &[u8]) -> bool {
        if self.instead.is_some() {
            return true;
        }
        let settled = self.settled.take();
        let status =
            malformed::status_of(bytes).filter(|_| settled.is_some() && settled == self.activity.at_rest());
        self.instead = status.map(|status| ((self.malformed)(status), 0));
        self.instead.is_some()
    }

    /// Called when the client takes nothing just now.
    fn waits(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let window = self.window;
        self.activity.writing.store(true, Ordering::Relaxed);
        let timer = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(window)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> Paced<S> {
    /// Writes what goes out in the stead of `length` bytes of the library.
    fn poll_instead(&mut self, cx: &mut Context<'_>, length: usize) -> Poll<io::Result<usize>> {
        while let Some((answer, at)) = self.instead.as_mut().filter(|(answer, at)| *at < answer.len()) {
            match Pin::new(&mut self.stream).poll_write(cx, &answer[*at..]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => {
                    *at += count;
                    self.took(count);
                }
                Poll::Ready(error) => return Poll::Ready(error),
                Poll::Pending => return self.waits(cx),
            }
        }
        self.instead = None;
        Poll::Ready(Ok(length))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        match self.activity.reads(buf.filled().len() - before, self.room) {
            true => Poll::Ready(Ok(())),
            false => Poll::Ready(Err(io::Error::other("too much is being sent to this server at once"))),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_of_library(bytes) {
            return self.poll_instead(cx, bytes.len());
        }
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Ready(Ok(count)) => {
                self.took(count);
                Poll::Ready(Ok(count))
            }
            Poll::Ready(error) => Poll::Ready(error),
            Poll::Pending => self.waits(cx),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.is_of_library(slices.first().map_or(&[], |slice| slice)) {
            return self.poll_instead(cx, slices.iter().map(|slice| slice.len()).sum());
        }
        match Pin::new(&mut self.stream).poll_write_vectored(cx, slices) {
            Poll::Ready(Ok(count)) => {
                self.took(count);
                Poll::Ready(Ok(count))
            }
            Poll::Ready(error) => Poll::Ready(error),
            Poll::Pending => self.waits(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        // Flushing comes after everything has been handed over: there is nothing left to wait for.
        self.flows();
        self.settled = self.activity.at_rest();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.lingering = Some(Box::pin(tokio::time::sleep(LINGER)));
        }
        let mut space = [0; 4096];
        loop {
            if self.drained >= LINGER_BYTES {
                return Poll::Ready(Ok(()));
            }
            if let Some(timer) = &mut self.lingering
                && timer.as_mut().poll(cx).is_ready()
            {
                return Poll::Ready(Ok(()));
            }
            let mut buffer = ReadBuf::new(&mut space);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => self.drained += buffer.filled().len(),
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}

//! The body of an answer: nothing, bytes at hand, a part of a file, or events without an end.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Bytes, Frame, SizeHint};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::connection::Busy;

/// Bytes of a file that are read at a time: what one slow client keeps in memory.
const CHUNK: u64 = 32 << 10;

/// The body of an answer.
pub(super) struct Body {
    what: What,
    /// Says that the connection is at work until the body has been handed over.
    busy: Option<Busy>,
}

enum What {
    Here(Bytes),
    File(Part),
    Events(mpsc::Receiver<Bytes>),
}

struct Part {
    file: Arc<File>,
    at: u64,
    left: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl Body {
    /// Bytes at hand; `Bytes::new()` for nothing.
    pub(super) fn here(bytes: impl Into<Bytes>) -> Self {
        Self { what: What::Here(bytes.into()), busy: None }
    }

    /// `length` bytes of a file from `first` on. Reading goes on the pool for blocking work.
    pub(super) fn part(file: File, first: u64, length: u64) -> Self {
        let part = Part { file: Arc::new(file), at: first, left: length, reading: None };
        Self { what: What::File(part), busy: None }
    }

    /// Whatever arrives, until the sender is gone.
    pub(super) fn events(receiver: mpsc::Receiver<Bytes>) -> Self {
        Self { what: What::Events(receiver), busy: None }
    }

    /// The same body; the connection counts as at work while it lives.
    pub(super) fn keeping(mut self, busy: Busy) -> Self {
        self.busy = Some(busy);
        self
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut self.what {
            What::Here(bytes) if bytes.is_empty() => Poll::Ready(None),
            What::Here(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            What::Events(receiver) => receiver.poll_recv(cx).map(|bytes| bytes.map(|b| Ok(Frame::data(b)))),
            What::File(part) => part.poll(cx).map(|bytes| bytes.map(|b| b.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.what {
            What::Here(bytes) => bytes.is_empty(),
            What::File(part) => part.left == 0,
            What::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.what {
            What::Here(bytes) => SizeHint::with_exact(bytes.len() as u64),
            What::File(part) => SizeHint::with_exact(part.left),
            What::Events(_) => SizeHint::default(),
        }
    }
}

impl Part {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let (at, length) = (self.at, self.left.min(CHUNK));
        let file = &self.file;
        let reading = self.reading.get_or_insert_with(|| {
            let file = Arc::clone(file);
            // From the memory of the thread that gives it back: else each of those that read keeps some of its own.
            let space = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
            tokio::task::spawn_blocking(move || read_into(space, &file, at, length))
        });
        let read = std::task::ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        let read = read.unwrap_or_else(|e| Err(io::Error::other(e)));
        if let Ok(bytes) = &read {
            self.at += bytes.len() as u64;
            self.left -= bytes.len() as u64;
        }
        Poll::Ready(Some(read))
    }
}

/// Reads a part of a file; a file that has become shorter is an error, for its length has been promised.
pub(super) fn read_part(file: &File, at: u64, length: u64) -> io::Result<Bytes> {
    read_into(Vec::with_capacity(usize::try_from(length).unwrap_or(0)), file, at, length)
}

fn read_into(mut bytes: Vec<u8>, mut file: &File, at: u64, length: u64) -> io::Result<Bytes> {
    file.seek(SeekFrom::Start(at))?;
    file.take(length).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes.into())
}

//! What open pages hear: the page as it looks now, whenever that is not how they know it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::body::Bytes;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::pages::Page;
use super::session::Visitor;
use super::words::Tongue;
use crate::serve::shared::Shared;

/// Streams at the same time.
const MOST: usize = 32;
/// How often a page is looked at: while a run is under way, and otherwise. A run that begins or ends is told at once.
const BUSY: Duration = Duration::from_millis(400);
const QUIET: Duration = Duration::from_secs(1);
/// Without a sign now and then nobody would notice that a tab has gone.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// The streams that there are.
#[derive(Debug, Default)]
pub(super) struct Streams {
    count: Arc<AtomicUsize>,
    /// Whose turn it is to look.
    turn: tokio::sync::Mutex<()>,
}

/// One of them; given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Streams {
    fn take(&self) -> Option<Place> {
        let place = Place(Arc::clone(&self.count));
        (self.count.fetch_add(1, Ordering::Relaxed) < MOST).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Opens a stream for a page that is known as of `mark`; nothing where there are too many.
pub(super) fn open(
    shared: &Arc<Shared>,
    visitor: Visitor,
    page: Page,
    tongue: Tongue,
    mark: String,
) -> Option<mpsc::Receiver<Bytes>> {
    let place = shared.dashboard.streams.take()?;
    let (sender, receiver) = mpsc::channel(4);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let _place = place;
        tokio::select! {
            () = tell(&shared, &visitor, page, tongue, mark, &sender) => {}
            () = sender.closed() => {}
        }
    });
    Some(receiver)
}

async fn tell(
    shared: &Arc<Shared>,
    visitor: &Visitor,
    page: Page,
    tongue: Tongue,
    mut mark: String,
    sender: &mpsc::Sender<Bytes>,
) {
    let mut states = shared.state.subscribe();
    let mut endings = shared.dashboard.sessions.endings();
    // The first bytes make browsers take the stream for open.
    let mut next = Some(Bytes::from_static(b"retry: 1000\n\n"));
    let mut beat = Instant::now();
    loop {
        if let Some(bytes) = next.take() {
            beat = Instant::now();
            if sender.send(bytes).await.is_err() {
                return;
            }
        }
        states.mark_unchanged();
        endings.mark_unchanged();
        if shared.dashboard.sessions.is_closed() {
            return;
        }
        if !shared.dashboard.sessions.goes_on(visitor, shared.clock.elapsed()) {
            let _ = sender.send(Bytes::from_static(b"event: end\ndata: {}\n\n")).await;
            return;
        }
        let (asked, csrf) = (page.clone(), visitor.csrf.clone());
        let look = move |shared: &Shared| shared.dashboard.content(shared, &asked, tongue, &csrf);
        // One at a time: however many pages are open, they leave places for others.
        let turn = shared.dashboard.streams.turn.lock().await;
        let looked = super::aside(shared, look).await;
        drop(turn);
        if let Ok(Some(made)) = looked
            && made.mark != mark
        {
            mark = made.mark;
            let data = json!({ "html": made.html });
            next = Some(Bytes::from(format!("id: {mark}\nevent: page\ndata: {data}\n\n")));
            continue;
        }
        if beat.elapsed() >= HEARTBEAT {
            next = Some(Bytes::from_static(b":\n\n"));
            continue;
        }
        let is_busy = states.borrow().last().is_some_and(crate::model::run::Run::is_running);
        tokio::select! {
            _ = states.changed() => {}
            _ = endings.changed() => {}
            () = tokio::time::sleep(if is_busy { BUSY } else { QUIET }) => {}
        }
    }
}

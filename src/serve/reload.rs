//! Live reload: tabs say which page they show, and hear of a change as soon as the new bytes are served.
//!
//! Events carry the number of the site's generation. A page knows from which generation it is, and says so when it
//! begins to listen, so a change between the two is told at once; nothing is lost between two connections either.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use serde_json::json;
use tokio::sync::mpsc;

use crate::error::Error;

/// Where the script and its events are, below the base URL's path. No page of a site begins with a dot.
pub(super) const SCRIPT_PATH: &str = "/.aither/live.js";
pub(super) const EVENTS_PATH: &str = "/.aither/events";

/// The script.
pub(super) const SCRIPT: &str = include_str!("live.js");

/// Generations whose changes are remembered; whoever has missed more loads the page anew.
const REMEMBERED: usize = 64;
/// Events that may wait for one tab before it counts as gone.
const WAITING: usize = 64;
/// More changed files than this are not told one by one.
const MANY: usize = 500;
const HEARTBEAT: Duration = Duration::from_secs(20);

/// Who listens, and what they may have missed.
#[derive(Debug, Default)]
pub(super) struct Hub {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    number: u64,
    changes: VecDeque<(u64, HashSet<String>)>,
    problem: Option<Bytes>,
    tabs: Vec<Tab>,
    closed: bool,
}

#[derive(Debug)]
struct Tab {
    /// The file of the page: `courses/ruhig/index.html`. Where there is none, also that of the page for such addresses.
    pages: Vec<String>,
    sender: mpsc::Sender<Bytes>,
}

impl Hub {
    /// A tab begins to listen to the changes of what it shows. Must be called on the runtime.
    pub(super) fn listen(&self, pages: Vec<String>, since: u64) -> mpsc::Receiver<Bytes> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let mut inner = self.lock();
        if inner.closed {
            return receiver;
        }
        // The first bytes make browsers take the stream for open.
        let _ = sender.try_send(Bytes::from_static(b"retry: 500\n\n"));
        if since < inner.number {
            let _ = sender.try_send(inner.missed(&pages, since));
        }
        if let Some(problem) = &inner.problem {
            let _ = sender.try_send(problem.clone());
        }
        let weak = sender.downgrade();
        // Without a sign now and then nobody would ever notice that a tab has gone.
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(HEARTBEAT).await;
                let Some(sender) = weak.upgrade() else { return };
                if sender.send(Bytes::from_static(b":\n\n")).await.is_err() {
                    return;
                }
            }
        });
        inner.tabs.retain(|tab| !tab.sender.is_closed());
        inner.tabs.push(Tab { pages, sender });
        receiver
    }

    /// The files of the pages that somebody is looking at.
    pub(super) fn open_pages(&self) -> Vec<String> {
        let mut inner = self.lock();
        inner.tabs.retain(|tab| !tab.sender.is_closed());
        let mut pages: Vec<String> = inner.tabs.iter().flat_map(|tab| tab.pages.iter().cloned()).collect();
        pages.sort();
        pages.dedup();
        pages
    }

    /// The site has moved on.
    pub(super) fn moved_on(&self, number: u64, changed: HashSet<String>) {
        let mut inner = self.lock();
        inner.number = number;
        inner.tabs.retain(|tab| {
            let event = change(number, &tab.pages, &changed);
            event.is_none_or(|event| tab.sender.try_send(event).is_ok())
        });
        inner.changes.push_back((number, changed));
        if inner.changes.len() > REMEMBERED {
            inner.changes.pop_front();
        }
    }

    /// The last build failed.
    pub(super) fn problem(&self, error: &Error) {
        let data = json!({ "message": error.message(), "hints": error.hints() });
        let event = Bytes::from(format!("event: problem\ndata: {data}\n\n"));
        let mut inner = self.lock();
        inner.problem = Some(event.clone());
        inner.tabs.retain(|tab| tab.sender.try_send(event.clone()).is_ok());
    }

    /// The last build was good.
    pub(super) fn good(&self) {
        let mut inner = self.lock();
        if inner.problem.take().is_some() {
            let event = Bytes::from_static(b"event: good\ndata: {}\n\n");
            inner.tabs.retain(|tab| tab.sender.try_send(event.clone()).is_ok());
        }
    }

    /// Ends all streams, for good.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.tabs.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// What a tab that knows generation `since` has missed.
    fn missed(&self, pages: &[String], since: u64) -> Bytes {
        let known = self.changes.front().is_some_and(|(oldest, _)| *oldest <= since + 1);
        let later = self.changes.iter().filter(|(number, _)| *number > since);
        let all: HashSet<String> = match known {
            true => later.flat_map(|(_, changed)| changed.iter().cloned()).collect(),
            false => pages.iter().cloned().collect(),
        };
        change(self.number, pages, &all)
            .unwrap_or_else(|| format!("id: {}\nevent: generation\ndata: {{}}\n\n", self.number).into())
    }
}

/// The event for a tab, if the change is any of its business: its page, or a file that a page may use.
fn change(number: u64, pages: &[String], changed: &HashSet<String>) -> Option<Bytes> {
    let is_asset =
        |path: &&String| !path.ends_with(".html") && !path.ends_with(".xml") && !path.ends_with(".json");
    let mut assets: Vec<&String> = changed.iter().filter(is_asset).collect();
    assets.sort();
    let is_page = pages.iter().any(|page| changed.contains(page)) || assets.len() > MANY;
    assets.truncate(MANY);
    if !is_page && assets.is_empty() {
        return None;
    }
    let data = json!({ "page": is_page, "assets": assets });
    Some(format!("id: {number}\nevent: change\ndata: {data}\n\n").into())
}

/// What is added to a page that is served: the script by a relative address, for the page may be seen through a proxy
/// that puts it below another path. The page for missing addresses is seen at any depth, so there it is absolute.
pub(super) fn script_tag(depth: usize, number: u64, is_missing: bool, mount: &str) -> String {
    let source = match is_missing {
        true => format!("{mount}{SCRIPT_PATH}"),
        false => format!("{}{}", "../".repeat(depth), SCRIPT_PATH.trim_start_matches('/')),
    };
    format!("<script src=\"{source}\" data-generation=\"{number}\" defer></script>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(paths: &[&str]) -> HashSet<String> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    #[test]
    fn a_tab_hears_of_its_page_and_of_assets_only() {
        let text = |event: Option<Bytes>| event.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        let shown = ["a/index.html".to_owned(), "404.html".to_owned()];
        assert_eq!(text(change(3, &shown, &set(&["b/index.html", "feed.xml"]))), None);
        let event = text(change(3, &shown, &set(&["a/index.html", "x.css"]))).unwrap();
        assert_eq!(event, "id: 3\nevent: change\ndata: {\"page\":true,\"assets\":[\"x.css\"]}\n\n");
        let event = text(change(4, &shown, &set(&["404.html"]))).unwrap();
        assert_eq!(event, "id: 4\nevent: change\ndata: {\"page\":true,\"assets\":[]}\n\n");
    }

    #[tokio::test]
    async fn a_change_before_the_tab_listens_is_not_lost() {
        let hub = Hub::default();
        hub.moved_on(1, set(&["index.html"]));
        hub.moved_on(2, set(&["a/index.html"]));
        let mut late = hub.listen(vec!["a/index.html".into()], 1);
        let mut other = hub.listen(vec!["b/index.html".into()], 1);
        late.recv().await.unwrap();
        other.recv().await.unwrap();
        assert!(late.recv().await.unwrap().starts_with(b"id: 2\nevent: change"));
        assert!(other.recv().await.unwrap().starts_with(b"id: 2\nevent: generation"));
        assert_eq!(hub.open_pages(), ["a/index.html", "b/index.html"]);
        drop(other);
        assert_eq!(hub.open_pages(), ["a/index.html"]);
        hub.close();
        assert!(late.recv().await.is_none());
    }
}

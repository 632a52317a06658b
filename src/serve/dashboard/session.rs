//! Who is signed in: sessions in memory, gone with the process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use subtle::ConstantTimeEq as _;
use tokio::sync::watch;

use crate::base::digest::Digest;
use crate::base::secret::Secret;
use crate::error::Result;
use crate::serve::auth::random_token;

/// A session that nobody uses for so long is over.
pub(super) const IDLE: Duration = Duration::from_secs(60 * 60);
/// No session lives longer, however busy it is.
pub(super) const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);
/// Sessions at the same time; one more puts out the one that was used least recently.
const MOST: usize = 64;

/// A word to be said once, on the next page that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// Its key among the texts.
    pub(super) key: &'static str,
    /// What it is about, such as the id of a run.
    pub(super) about: String,
    pub(super) is_good: bool,
}

/// The sessions. Of their ids only the hashes are kept: who reads the memory of the process cannot use one.
#[derive(Debug)]
pub(super) struct Sessions {
    inner: Mutex<Inner>,
    /// Moves on whenever sessions have ended, so that their streams do as well.
    ended: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    by_hash: HashMap<Digest, Session>,
    is_closed: bool,
}

#[derive(Debug)]
struct Session {
    csrf: Secret,
    began: Duration,
    used: Duration,
    said: Option<Said>,
}

impl Session {
    fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.used) >= IDLE || now.saturating_sub(self.began) >= LONGEST
    }
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    session: Digest,
    /// What each form of the session carries.
    pub(super) csrf: Secret,
}

impl Visitor {
    /// Whether a form is one of this session's own.
    pub(super) fn wrote(&self, token: &str) -> bool {
        is_same(self.csrf.reveal(), token)
    }
}

/// Compares in constant time, whatever the lengths.
pub(super) fn is_same(a: &str, b: &str) -> bool {
    let [a, b] = [a, b].map(|text| Digest::of(text.as_bytes()));
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

impl Sessions {
    pub(super) fn new() -> Self {
        Self { inner: Mutex::default(), ended: watch::Sender::new(0) }
    }

    /// Begins a session and gives its id. It is always a new one: whatever id was shown before is worth nothing any more.
    pub(super) fn begin(&self, now: Duration, former: Option<&str>) -> Result<Secret> {
        let (id, csrf) = (random_token()?, random_token()?);
        let mut inner = self.lock();
        if let Some(former) = former {
            inner.by_hash.remove(&hash(former));
        }
        inner.by_hash.retain(|_, session| !session.is_over(now));
        if inner.by_hash.len() >= MOST {
            let oldest = inner.by_hash.iter().min_by_key(|(_, session)| session.used).map(|(hash, _)| *hash);
            oldest.and_then(|hash| inner.by_hash.remove(&hash));
        }
        let session = Session { csrf, began: now, used: now, said: None };
        inner.by_hash.insert(hash(id.reveal()), session);
        drop(inner);
        self.tell();
        Ok(id)
    }

    /// Who shows this id; the session counts as used.
    pub(super) fn find(&self, id: &str, now: Duration) -> Option<Visitor> {
        let key = hash(id);
        let mut inner = self.lock();
        let session = inner.by_hash.get_mut(&key)?;
        if session.is_over(now) {
            inner.by_hash.remove(&key);
            return None;
        }
        session.used = now;
        Some(Visitor { session: key, csrf: session.csrf.clone() })
    }

    /// Whether a session goes on. Asking is no use of it: an open page must not keep its reader signed in for ever.
    pub(super) fn goes_on(&self, visitor: &Visitor, now: Duration) -> bool {
        self.lock().by_hash.get(&visitor.session).is_some_and(|session| !session.is_over(now))
    }

    pub(super) fn end(&self, visitor: &Visitor) {
        self.lock().by_hash.remove(&visitor.session);
        self.tell();
    }

    /// Leaves a word for the next page.
    pub(super) fn say(&self, visitor: &Visitor, said: Said) {
        if let Some(session) = self.lock().by_hash.get_mut(&visitor.session) {
            session.said = Some(said);
        }
    }

    /// The word that was left.
    pub(super) fn hear(&self, visitor: &Visitor) -> Option<Said> {
        self.lock().by_hash.get_mut(&visitor.session)?.said.take()
    }

    /// Something that moves whenever sessions have ended.
    pub(super) fn endings(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    /// The server stops: no stream goes on.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.tell();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    fn tell(&self) {
        self.ended.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(id: &str) -> Digest {
    Digest::of(id.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_itself_idle_or_not() {
        let sessions = Sessions::new();
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let id = sessions.begin(minutes(0), None).unwrap();
        let visitor = sessions.find(id.reveal(), minutes(59)).unwrap();
        assert!(visitor.wrote(visitor.csrf.reveal()) && !visitor.wrote("") && !visitor.wrote(id.reveal()));
        // Looking whether it goes on does not keep it alive.
        assert!(sessions.goes_on(&visitor, minutes(118)) && !sessions.goes_on(&visitor, minutes(119)));
        for hour in 1..12 {
            assert!(sessions.find(id.reveal(), minutes(60 * hour - 1)).is_some(), "{hour}");
            assert!(sessions.find(id.reveal(), minutes(60 * hour + 30)).is_some(), "{hour}");
        }
        assert!(sessions.find(id.reveal(), minutes(720)).is_none());
        assert!(sessions.find("", minutes(0)).is_none());
    }

    #[test]
    fn signing_in_again_ends_what_was_there_and_the_number_is_bounded() {
        let sessions = Sessions::new();
        let second = Duration::from_secs;
        let first = sessions.begin(second(0), None).unwrap();
        let next = sessions.begin(second(1), Some(first.reveal())).unwrap();
        assert!(sessions.find(first.reveal(), second(1)).is_none());
        assert_ne!(first.reveal(), next.reveal());
        for at in 2..2 + MOST as u64 {
            sessions.begin(second(at), None).unwrap();
        }
        assert!(sessions.find(next.reveal(), second(100)).is_none(), "used least recently");
        assert_eq!(sessions.lock().by_hash.len(), MOST);
    }
}

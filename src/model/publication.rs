//! Whether a file is published at a moment, and what keeps it back.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::document::FrontMatter;

/// What keeps a file from being published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It says that it is a draft.
    Draft,
    /// Its moment is yet to come.
    Future(Timestamp),
    /// Its time is over.
    Expired(Timestamp),
}

impl Why {
    /// The word for lists.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Future(_) => "future",
            Self::Expired(_) => "expired",
        }
    }

    /// The moment at which it appears, or disappeared.
    pub fn at(self) -> Option<Timestamp> {
        match self {
            Self::Draft => None,
            Self::Future(at) | Self::Expired(at) => Some(at),
        }
    }

    /// Whether it is the time alone that keeps it back, so that nobody has to do anything for it to change.
    pub fn is_of_time(self) -> bool {
        !matches!(self, Self::Draft)
    }

    /// Why there is no page, in words that follow "leads to a page that".
    pub fn in_words(self) -> String {
        match self {
            Self::Draft => "is a draft".to_owned(),
            Self::Future(at) => format!("appears on {at}"),
            Self::Expired(at) => format!("expired on {at}"),
        }
    }
}

/// A file that is kept back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack {
    /// The file below `content/`.
    pub source: Arc<str>,
    /// Its title, where it has one.
    pub title: Option<Arc<str>>,
    /// What keeps it back.
    pub why: Why,
}

/// Which files are published although something keeps them back.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Drafts.
    pub drafts: bool,
    /// Files whose moment is yet to come.
    pub future: bool,
}

/// The moments in a file's life, where it names them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Life {
    /// From when on it is published.
    pub begin: Option<Timestamp>,
    /// From when on it is no longer.
    pub end: Option<Timestamp>,
}

impl Life {
    /// The life of a page or section: its `date` is its beginning, unless `publish_at` says otherwise. What adds to a
    /// course has no date of its own.
    pub fn of(front: &FrontMatter, zone: &TimeZone, is_page: bool) -> Self {
        let begin = front.publish_at.or(front.date.filter(|_| is_page));
        Self { begin: begin.map(|begin| begin.begin(zone)), end: front.expires.map(|end| end.begin(zone)) }
    }

    /// The same, with the moments of another for those that it does not have.
    pub fn or(self, other: Self) -> Self {
        Self { begin: self.begin.or(other.begin), end: self.end.or(other.end) }
    }

    /// What keeps the file back at `now`.
    pub fn kept_back(self, is_draft: bool, now: Timestamp, wanted: Wanted) -> Option<Why> {
        match (self.begin, self.end) {
            _ if is_draft && !wanted.drafts => Some(Why::Draft),
            (_, Some(end)) if end <= now => Some(Why::Expired(end)),
            (Some(begin), _) if now < begin && !wanted.future => Some(Why::Future(begin)),
            _ => None,
        }
    }

    /// The moments at which something changes.
    pub fn moments(self) -> impl Iterator<Item = Timestamp> {
        self.begin.into_iter().chain(self.end)
    }
}

/// From which second since 1970 on everything stands as it does at `now`, and until which; nothing where that never
/// changes.
pub fn window(moments: impl Iterator<Item = Timestamp>, now: Timestamp) -> Option<(i64, i64)> {
    let now = now.as_second();
    let mut moments = moments.peekable();
    moments.peek()?;
    let window =
        moments.map(|moment| moment.as_second()).fold((i64::MIN, i64::MAX), |(since, until), moment| {
            if moment <= now { (since.max(moment), until) } else { (since, until.min(moment)) }
        });
    Some(window)
}

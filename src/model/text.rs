//! A text of a record.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A text that is shared, or a part of a larger one: the file that thousands of records were read from holds their
/// descriptions already, and most builds look at few of them. A clone is a pointer.
#[derive(Clone)]
pub struct Text(Held);

#[derive(Clone)]
enum Held {
    Own(Arc<str>),
    Part { whole: Arc<String>, from: usize, length: u32 },
    Unread { texts: Arc<Unread>, from: usize, length: u32 },
}

/// Texts that are read where they stand, once somebody looks at them.
pub trait Texts: Send + Sync {
    /// What stands there; an empty text where it cannot be read any more.
    fn text(&self, at: Range<usize>) -> &str;
}

/// Texts that nobody has looked at yet. A pointer to them is a short one: there are as many as records.
pub struct Unread(Box<dyn Texts>);

impl Unread {
    /// These texts.
    pub fn new(texts: impl Texts + 'static) -> Arc<Self> {
        Self(Box::new(texts)).into()
    }
}

impl Text {
    /// So many bytes of `whole` from this place on; nothing where it has not as many. Where they begin or end within a
    /// character they are an empty text.
    pub fn part(whole: &Arc<String>, from: usize, length: u32) -> Option<Self> {
        // Thousands are made and few are read: this does not look at the bytes.
        let is_within = from.checked_add(length as usize)? <= whole.len();
        is_within.then(|| Self(Held::Part { whole: whole.clone(), from, length }))
    }

    /// So many bytes of `texts` from this place on, which nobody has looked at yet.
    pub fn unread(texts: Arc<Unread>, from: usize, length: u32) -> Self {
        Self(Held::Unread { texts, from, length })
    }

    /// The text on its own.
    pub fn shared(&self) -> Arc<str> {
        match &self.0 {
            Held::Own(text) => text.clone(),
            Held::Part { .. } | Held::Unread { .. } => (**self).into(),
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Held::Own(text) => text,
            Held::Part { whole, from, length } => {
                whole.get(*from..*from + *length as usize).unwrap_or_default()
            }
            Held::Unread { texts, from, length } => {
                texts.0.text(*from..from.saturating_add(*length as usize))
            }
        }
    }
}

impl From<Arc<str>> for Text {
    fn from(text: Arc<str>) -> Self {
        Self(Held::Own(text))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Held::Own(text.into()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Held::Own(text.into()))
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Arc::<str>::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_the_same_as_a_text_of_its_own() {
        let whole = Arc::new("a grüße b".to_owned());
        let part = Text::part(&whole, 2, 7).unwrap();
        assert_eq!((&*part, &*part.shared()), ("grüße", "grüße"));
        assert_eq!(part, Text::from("grüße"));
        assert_eq!(serde_json::to_string(&part).unwrap(), "\"grüße\"");
        assert_eq!(&*Text::part(&whole, 2, 3).unwrap(), "");
        assert!(Text::part(&whole, 9, 20).is_none());
    }
}

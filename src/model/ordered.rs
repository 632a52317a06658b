//! Values by name, in the order of their names: thousands that were read at once, and those that came after.

use std::borrow::Cow;
use std::collections::{BTreeMap, btree_map};
use std::fmt;
use std::iter::Peekable;
use std::marker::PhantomData;
use std::slice;
use std::sync::Arc;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::text::Text;

/// A map from names to values. What it was made of stays one list, since to find a place for each of thousands would take
/// longer than all that is ever asked of them.
#[derive(Debug, Clone)]
pub struct Ordered<V> {
    /// In the order of the names; none of them is among the new ones.
    known: Vec<(Text, V)>,
    new: BTreeMap<Text, V>,
}

impl<V> Default for Ordered<V> {
    fn default() -> Self {
        Self { known: Vec::new(), new: BTreeMap::new() }
    }
}

impl<V> Ordered<V> {
    fn place(&self, name: &str) -> Option<usize> {
        self.known.binary_search_by(|(known, _)| (**known).cmp(name)).ok()
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&V> {
        match self.place(name) {
            Some(at) => self.known.get(at).map(|(_, value)| value),
            None => self.new.get(name),
        }
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        match self.place(name) {
            Some(at) => self.known.get_mut(at).map(|(_, value)| value),
            None => self.new.get_mut(name),
        }
    }

    /// Gives a name a value, whether or not it had one.
    pub fn insert(&mut self, name: Text, value: V) {
        match self.get_mut(&name) {
            Some(known) => *known = value,
            None => drop(self.new.insert(name, value)),
        }
    }

    /// All of them as one list, in the order of the names.
    pub fn list(&mut self) -> &mut Vec<(Text, V)> {
        if !self.new.is_empty() {
            let new = std::mem::take(&mut self.new);
            self.known.extend(new);
            // Two runs, each in order.
            self.known.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        &mut self.known
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty() && self.new.is_empty()
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.known.clear();
        self.new.clear();
    }

    /// All of them, in the order of the names.
    pub fn iter(&self) -> Iter<'_, V> {
        Iter { known: self.known.iter().peekable(), new: self.new.iter().peekable() }
    }
}

impl<V> FromIterator<(Text, V)> for Ordered<V> {
    /// Of several values of one name the last one counts.
    fn from_iter<I: IntoIterator<Item = (Text, V)>>(all: I) -> Self {
        let mut known: Vec<(Text, V)> = all.into_iter().collect();
        if known.is_sorted_by(|(a, _), (b, _)| a < b) {
            return Self { known, new: BTreeMap::new() };
        }
        Self { known: Vec::new(), new: known.drain(..).collect() }
    }
}

/// What goes along a map.
#[derive(Debug)]
pub struct Iter<'a, V> {
    known: Peekable<slice::Iter<'a, (Text, V)>>,
    new: Peekable<btree_map::Iter<'a, Text, V>>,
}

impl<'a, V> Iterator for Iter<'a, V> {
    type Item = (&'a Text, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        let is_known = match (self.known.peek(), self.new.peek()) {
            (Some((known, _)), Some((new, _))) => known < *new,
            (known, _) => known.is_some(),
        };
        if is_known { self.known.next().map(|(name, value)| (name, value)) } else { self.new.next() }
    }
}

impl<'a, V> IntoIterator for &'a Ordered<V> {
    type Item = (&'a Text, &'a V);
    type IntoIter = Iter<'a, V>;

    fn into_iter(self) -> Iter<'a, V> {
        self.iter()
    }
}

impl<V: PartialEq> PartialEq for Ordered<V> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other)
    }
}

impl<V: Eq> Eq for Ordered<V> {}

impl<V: Serialize> Serialize for Ordered<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

/// A text of a file that is being read, as it stands there if it can.
#[derive(Debug)]
pub struct Word<'a>(Cow<'a, str>);

impl Word<'_> {
    /// The same as a part of `whole`, the text that was read.
    pub fn of(self, whole: &Arc<String>) -> Text {
        match self.0 {
            Cow::Owned(text) => text.into(),
            Cow::Borrowed(text) => {
                let place = text.as_ptr().addr().checked_sub(whole.as_ptr().addr());
                let length = u32::try_from(text.len()).ok();
                let part = place.zip(length).and_then(|(from, length)| Text::part(whole, from, length));
                part.unwrap_or_else(|| text.into())
            }
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Word<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Word(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Word(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Words)
    }
}

/// A map as it is written: names and values, one after the other.
#[derive(Debug)]
pub struct Written<'a, T>(Vec<(Word<'a>, T)>);

impl<T> Default for Written<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Written<'_, T> {
    /// The map. `whole` is the text that it was read from, and `value` makes a value of what is written.
    pub fn of<V>(self, whole: &Arc<String>, value: impl Fn(T) -> V) -> Ordered<V> {
        self.0.into_iter().map(|(name, written)| (name.of(whole), value(written))).collect()
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Written<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<'a, T>(PhantomData<(&'a (), T)>);
        impl<'de: 'a, 'a, T: Deserialize<'de>> Visitor<'de> for Entries<'a, T> {
            type Value = Written<'a, T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("values by name")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                /// A list that grows is copied again and again, and room that nobody uses takes nothing.
                const ROOM: usize = 16 << 10;
                let mut all = Vec::with_capacity(ROOM);
                while let Some(entry) = map.next_entry()? {
                    all.push(entry);
                }
                Ok(Written(all))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_map_whatever_it_was_made_of() {
        let mut random = fastrand::Rng::with_seed(5);
        for _ in 0..300 {
            let mut plain: BTreeMap<String, u32> = BTreeMap::new();
            let name = |random: &mut fastrand::Rng| {
                format!("{}{}", ["n", "a \"b\"", "ä", ""][random.usize(0..4)], random.u8(0..10))
            };
            let first: Vec<(String, u32)> =
                (0..random.usize(0..20)).map(|_| (name(&mut random), random.u32(..))).collect();
            let mut ordered: Ordered<u32> =
                first.iter().map(|(name, value)| (name.as_str().into(), *value)).collect();
            plain.extend(first);
            for _ in 0..random.usize(0..30) {
                let name = name(&mut random);
                match random.u8(0..4) {
                    0 => assert_eq!(ordered.get(&name), plain.get(&name)),
                    1 => assert_eq!(ordered.get_mut(&name), plain.get_mut(&name)),
                    2 => {
                        ordered.list().retain(|(known, _)| **known != *name);
                        plain.remove(&name);
                    }
                    _ => {
                        let value = random.u32(..);
                        ordered.insert(name.as_str().into(), value);
                        plain.insert(name, value);
                    }
                }
                assert_eq!(ordered.is_empty(), plain.is_empty());
                let all = ordered.iter().map(|(name, value)| (name.to_string(), *value));
                assert!(all.eq(plain.iter().map(|(name, value)| (name.clone(), *value))));
            }
            let json = serde_json::to_string(&ordered).unwrap();
            assert_eq!(json, serde_json::to_string(&plain).unwrap());
            let whole = Arc::new(json);
            let read: Written<'_, u32> = serde_json::from_str(&whole).unwrap();
            assert_eq!(read.of(&whole, |value| value), ordered);
        }
    }
}

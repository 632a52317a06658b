//! What a template may see: an ordered tree of values, shared and cheap to hand around.
//!
//! A page's view holds references into trees that all pages share (a course's map is made once), so a view costs a few
//! pointers. Maps keep the order in which they were made: two builds print them alike.

use std::fmt;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use super::moment::Moment;
use crate::base::digest::{Digest, Hasher};

/// One value.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value {
    /// Nothing.
    #[default]
    Nil,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Plain text, to be escaped where it is shown.
    Text(Arc<str>),
    /// HTML that the program made itself and that may be shown as it is.
    Html(Arc<str>),
    /// Values in order.
    List(List),
    /// Values by name.
    Map(Map),
    /// A participant's field that this page may not show. Reading it is an error that names the field.
    Withheld(&'static str),
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// A value, or nil.
    pub fn maybe<T: Into<Self>>(value: Option<T>) -> Self {
        value.map_or(Self::Nil, Into::into)
    }

    /// Hashes the value, whole.
    pub fn digest_into(&self, hasher: &mut Hasher) {
        match self {
            Self::Nil => drop(hasher.number(0)),
            Self::Bool(b) => drop(hasher.number(1).number(u64::from(*b))),
            Self::Int(i) => drop(hasher.number(2).number(*i as u64)),
            Self::Float(f) => drop(hasher.number(3).number(f.to_bits())),
            Self::Text(text) => drop(hasher.number(4).field(text.as_bytes())),
            Self::Html(html) => drop(hasher.number(5).field(html.as_bytes())),
            Self::List(list) => drop(hasher.number(7).field(list.digest().as_bytes())),
            Self::Map(map) => drop(hasher.number(8).field(map.digest().as_bytes())),
            Self::Withheld(field) => drop(hasher.number(9).field(field.as_bytes())),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

/// A whole number stays one: a price of 1200 is shown without a fraction.
impl From<f64> for Value {
    fn from(value: f64) -> Self {
        if value.fract() == 0.0 && value.abs() < 9e15 { Self::Int(value as i64) } else { Self::Float(value) }
    }
}

impl From<Arc<str>> for Value {
    fn from(value: Arc<str>) -> Self {
        Self::Text(value)
    }
}

impl From<&Arc<str>> for Value {
    fn from(value: &Arc<str>) -> Self {
        Self::Text(value.clone())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

/// `2027-02-10` for a day, RFC 3339 for an instant: templates compare and print it as it stands, and the filters for
/// dates read it.
impl From<Moment> for Value {
    fn from(value: Moment) -> Self {
        Self::Text(value.to_string().into())
    }
}

/// An instant, also where it happens to be midnight.
impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::from(Moment::Instant(value))
    }
}

impl From<List> for Value {
    fn from(value: List) -> Self {
        Self::List(value)
    }
}

impl From<Map> for Value {
    fn from(value: Map) -> Self {
        Self::Map(value)
    }
}

/// A TOML date stays a date; a local date and time counts as UTC, a time of day alone is text.
impl From<&toml::Value> for Value {
    fn from(value: &toml::Value) -> Self {
        match value {
            toml::Value::String(text) => Self::text(text.as_str()),
            toml::Value::Integer(number) => Self::Int(*number),
            toml::Value::Float(number) => Self::Float(*number),
            toml::Value::Boolean(truth) => Self::Bool(*truth),
            toml::Value::Datetime(datetime) => {
                let text = datetime.to_string();
                let moment = text.parse::<Moment>().or_else(|_| format!("{text}Z").parse());
                moment.map_or_else(|_| Self::from(text), Self::from)
            }
            toml::Value::Array(values) => Self::List(values.iter().collect()),
            toml::Value::Table(table) => Self::Map(table.into()),
        }
    }
}

impl From<&toml::Table> for Map {
    fn from(table: &toml::Table) -> Self {
        table.iter().map(|(key, value)| (key.clone(), Value::from(value))).collect()
    }
}

/// Values in order. A clone is a pointer.
#[derive(Clone, Default)]
pub struct List(Arc<ListInner>);

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.values()).finish()
    }
}

/// Makes the values of lists when somebody looks at them.
pub trait Values: Send + Sync {
    /// The values of the list with this number. Always the same for one number.
    fn values(&self, number: u32) -> Vec<Value>;
}

#[derive(Default)]
struct ListInner {
    values: OnceLock<Box<[Value]>>,
    /// Who makes `values`, where they are not there from the beginning.
    maker: Option<(Arc<dyn Values>, u32)>,
    digest: OnceLock<Digest>,
}

impl List {
    /// A list whose values are made when somebody looks at them.
    pub fn lazy(maker: Arc<dyn Values>, number: u32) -> Self {
        Self(Arc::new(ListInner { maker: Some((maker, number)), ..ListInner::default() }))
    }

    /// The values as a slice.
    pub fn values(&self) -> &[Value] {
        self.0.values.get_or_init(|| match &self.0.maker {
            Some((maker, number)) => maker.values(*number).into_boxed_slice(),
            None => Box::default(),
        })
    }

    /// The hash of all of it; worked out once.
    pub fn digest(&self) -> Digest {
        *self.0.digest.get_or_init(|| {
            let mut hasher = Hasher::new("list");
            self.values().iter().for_each(|value| value.digest_into(&mut hasher));
            hasher.finish()
        })
    }
}

impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.values() == other.values()
    }
}

impl<V: Into<Value>> FromIterator<V> for List {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        let values = OnceLock::from(values.into_iter().map(Into::into).collect::<Box<[Value]>>());
        Self(Arc::new(ListInner { values, ..ListInner::default() }))
    }
}

/// A key of a map: the names that the program gives cost nothing, those from front matter are shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A name in the program.
    Fixed(&'static str),
    /// A name from a file.
    Shared(Arc<str>),
}

impl Key {
    /// The name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Fixed(name) => name,
            Self::Shared(name) => name,
        }
    }
}

impl From<&'static str> for Key {
    fn from(name: &'static str) -> Self {
        Self::Fixed(name)
    }
}

impl From<Arc<str>> for Key {
    fn from(name: Arc<str>) -> Self {
        Self::Shared(name)
    }
}

impl From<String> for Key {
    fn from(name: String) -> Self {
        Self::Shared(name.into())
    }
}

/// Values by name, in the order in which they were given. A clone is a pointer.
#[derive(Clone, Default)]
pub struct Map(Arc<MapInner>);

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries().iter().map(|(key, value)| (key.as_str(), value))).finish()
    }
}

/// Makes the entries of maps when somebody looks at them: most builds look at few of a catalogue's records.
pub trait Entries: Send + Sync {
    /// The entries of the map with this number. Always the same for one number.
    fn entries(&self, number: u32) -> Vec<(Key, Value)>;
}

#[derive(Default)]
struct MapInner {
    id: Option<Arc<str>>,
    entries: OnceLock<Box<[(Key, Value)]>>,
    /// Who makes `entries`, where they are not there from the beginning.
    maker: Option<(Arc<dyn Entries>, u32)>,
    /// Names that answer with [`Value::Withheld`] where `entries` has none; a thousand people share one list of them.
    withheld: &'static [Value],
    digest: OnceLock<Digest>,
}

impl Map {
    /// A map of these entries. Of two entries with one name the first is seen.
    pub fn new(entries: Vec<(Key, Value)>) -> Self {
        Self(Arc::new(MapInner {
            entries: OnceLock::from(entries.into_boxed_slice()),
            ..MapInner::default()
        }))
    }

    /// A map that stands for a record: `id` stays the same while its fields change, for example `course:ck9zz`.
    pub fn record(id: impl Into<Arc<str>>, entries: Vec<(Key, Value)>) -> Self {
        let entries = OnceLock::from(entries.into_boxed_slice());
        Self(Arc::new(MapInner { id: Some(id.into()), entries, ..MapInner::default() }))
    }

    /// A map whose entries are made when somebody looks at them; it may stand for a record.
    pub fn lazy(id: Option<Arc<str>>, maker: Arc<dyn Entries>, number: u32) -> Self {
        Self(Arc::new(MapInner { id, maker: Some((maker, number)), ..MapInner::default() }))
    }

    /// A person: these entries may be seen, all others of `withheld` may not.
    pub fn person(entries: Vec<(Key, Value)>, withheld: &'static [Value]) -> Self {
        let entries = OnceLock::from(entries.into_boxed_slice());
        Self(Arc::new(MapInner { entries, withheld, ..MapInner::default() }))
    }

    /// The id of the record that it stands for.
    pub fn id(&self) -> Option<&Arc<str>> {
        self.0.id.as_ref()
    }

    /// The value with this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let entry = self.entries().iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value);
        entry.or_else(|| {
            self.0.withheld.iter().find(|value| matches!(value, Value::Withheld(field) if *field == name))
        })
    }

    /// Names and values in order; what is withheld is not among them.
    pub fn entries(&self) -> &[(Key, Value)] {
        self.0.entries.get_or_init(|| match &self.0.maker {
            Some((maker, number)) => maker.entries(*number).into_boxed_slice(),
            None => Box::default(),
        })
    }

    /// The same map with an entry added or replaced.
    #[must_use]
    pub fn with(&self, key: impl Into<Key>, value: impl Into<Value>) -> Self {
        let key = key.into();
        let mut entries: Vec<_> =
            self.entries().iter().filter(|(k, _)| *k.as_str() != *key.as_str()).cloned().collect();
        entries.push((key, value.into()));
        let (id, withheld) = (self.0.id.clone(), self.0.withheld);
        let entries = OnceLock::from(entries.into_boxed_slice());
        Self(Arc::new(MapInner { id, entries, withheld, ..MapInner::default() }))
    }

    /// The hash of all of it; worked out once.
    pub fn digest(&self) -> Digest {
        *self.0.digest.get_or_init(|| {
            let mut hasher = Hasher::new("map");
            for (key, value) in self.entries() {
                hasher.field(key.as_str().as_bytes());
                value.digest_into(&mut hasher);
            }
            hasher.finish()
        })
    }
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.entries() == other.entries() && self.0.withheld == other.0.withheld)
    }
}

impl<K: Into<Key>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self::new(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

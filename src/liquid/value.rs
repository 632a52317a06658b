//! Values: how data comes in by reference, and what a template holds while it runs.

use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

use super::time::Time;

/// A keyed value of the host's data, borrowed for the length of a render.
///
/// Entries are given in a fixed order, which is the order in which templates see them.
pub trait Object {
    /// The value under `key`, or nothing if there is no such key.
    fn get(&self, key: &str) -> Option<ValueRef<'_>>;
    /// How many entries there are.
    fn len(&self) -> usize;
    /// The entry at a place in the order, counted from zero.
    fn entry(&self, index: usize) -> Option<(&str, ValueRef<'_>)>;
    /// Whether there are no entries.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// A name that stays with this object wherever it stands (`course:ck9zz`).
    ///
    /// Reads of an object with an identity are recorded under it, not under its place in a list, so a row
    /// that moves does not look changed. The same identity must always mean the same object.
    fn id(&self) -> Option<&str> {
        None
    }
}

/// A list of the host's data, borrowed for the length of a render.
pub trait List {
    /// How many elements there are.
    fn len(&self) -> usize;
    /// The element at `index`, counted from zero.
    fn get(&self, index: usize) -> Option<ValueRef<'_>>;
    /// Whether there are no elements.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One value of the host's data, borrowed.
#[derive(Clone, Copy)]
pub enum ValueRef<'a> {
    /// Nothing, though the key is there.
    Nil,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Str(&'a str),
    /// Markup that may be written without escaping, such as rendered Markdown.
    SafeHtml(&'a str),
    /// A point in time with its offset from UTC.
    Time(Time),
    /// A list.
    List(&'a dyn List),
    /// An object.
    Object(&'a dyn Object),
    /// A field that this template may not see, by name: reading it is an error, enumerating skips it.
    Withheld(&'a str),
}

/// An object with nothing in it.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoData;

impl Object for NoData {
    fn get(&self, _: &str) -> Option<ValueRef<'_>> {
        None
    }
    fn len(&self) -> usize {
        0
    }
    fn entry(&self, _: usize) -> Option<(&str, ValueRef<'_>)> {
        None
    }
}

/// Text of a value: borrowed from data or template, freshly made, or shared by several variables.
#[derive(Clone)]
pub enum Text<'a> {
    /// From the data or from a template.
    Borrowed(&'a str),
    /// Made by a filter.
    Owned(String),
    /// Held by a variable.
    Shared(Rc<str>),
}

impl Deref for Text<'_> {
    type Target = str;
    #[inline]
    fn deref(&self) -> &str {
        match self {
            Text::Borrowed(s) => s,
            Text::Owned(s) => s,
            Text::Shared(s) => s,
        }
    }
}

impl Text<'_> {
    /// The text as a `String`, without a copy if it was made by the last filter.
    pub fn into_string(self) -> String {
        match self {
            Text::Owned(s) => s,
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// A borrowed list together with the place it was read from.
#[derive(Clone, Copy)]
pub struct ListRef<'a> {
    pub(super) list: &'a dyn List,
    pub(super) node: u32,
}

/// A borrowed object together with the place it was read from.
#[derive(Clone, Copy)]
pub struct ObjectRef<'a> {
    pub(super) object: &'a dyn Object,
    pub(super) node: u32,
}

/// A list that a template made.
pub struct Array<'a> {
    pub(super) items: Vec<Value<'a>>,
    /// How deep lists and records nest in it: bounded, so that neither printing nor dropping can overflow.
    pub(super) depth: u16,
}

/// An object that a filter made, such as a group of `group_by`.
pub struct Record<'a> {
    pub(super) entries: Vec<(Text<'a>, Value<'a>)>,
    pub(super) depth: u16,
}

/// What an expression gives while a template runs.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Nothing, or an undefined name.
    #[default]
    Nil,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Str(Text<'a>),
    /// Markup that is written without escaping.
    Html(Text<'a>),
    /// A point in time.
    Time(Time),
    /// Whole numbers from the first to the second, both included; never spelled out.
    Range(i64, i64),
    /// The word `empty`.
    Empty,
    /// The word `blank`.
    Blank,
    /// A list of the data.
    List(ListRef<'a>),
    /// An object of the data.
    Object(ObjectRef<'a>),
    /// A list made by the template.
    Array(Rc<Array<'a>>),
    /// An object made by a filter.
    Record(Rc<Record<'a>>),
    /// The `forloop` object of a running loop.
    #[doc(hidden)]
    Loop(u32),
}

impl<'a> Value<'a> {
    /// Text that was made by a filter.
    pub fn string(text: impl Into<String>) -> Value<'a> {
        Value::Str(Text::Owned(text.into()))
    }

    /// Text that lives as long as the data.
    pub fn str(text: &'a str) -> Value<'a> {
        Value::Str(Text::Borrowed(text))
    }

    /// Markup that is written without escaping.
    pub fn html(text: impl Into<String>) -> Value<'a> {
        Value::Html(Text::Owned(text.into()))
    }

    /// Whether a condition holds for it: everything but nil and false.
    #[inline]
    pub fn is_truthy(&self) -> bool {
        !matches!(self, Value::Nil | Value::Bool(false))
    }

    /// Whether it is nil.
    pub fn is_nil(&self) -> bool {
        matches!(self, Value::Nil)
    }

    /// Its text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(s) | Value::Html(s) => Some(s),
            _ => None,
        }
    }

    /// What kind of thing it is, in words for a message.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Nil => "nil",
            Value::Bool(_) => "a boolean",
            Value::Int(_) => "an integer",
            Value::Float(_) => "a float",
            Value::Str(_) | Value::Html(_) => "a string",
            Value::Time(_) => "a time",
            Value::Range(..) => "a range",
            Value::Empty => "empty",
            Value::Blank => "blank",
            Value::List(_) | Value::Array(_) => "a list",
            Value::Object(_) | Value::Record(_) | Value::Loop(_) => "an object",
        }
    }

    pub(super) fn depth(&self) -> u16 {
        match self {
            Value::Array(a) => a.depth,
            Value::Record(r) => r.depth,
            _ => 0,
        }
    }

    /// A form that is cheap to clone, for a variable.
    pub(super) fn shared(self) -> Value<'a> {
        match self {
            Value::Str(Text::Owned(s)) => Value::Str(Text::Shared(s.into())),
            Value::Html(Text::Owned(s)) => Value::Html(Text::Shared(s.into())),
            other => other,
        }
    }
}

impl From<bool> for Value<'_> {
    fn from(b: bool) -> Self {
        Value::Bool(b)
    }
}

impl From<i64> for Value<'_> {
    fn from(n: i64) -> Self {
        Value::Int(n)
    }
}

impl From<String> for Value<'_> {
    fn from(s: String) -> Self {
        Value::string(s)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(s: &'a str) -> Self {
        Value::str(s)
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(b) => write!(f, "{b}"),
            Value::Int(n) => write!(f, "{n}"),
            Value::Float(n) => write!(f, "{n:?}"),
            Value::Str(s) => write!(f, "{:?}", &**s),
            Value::Html(s) => write!(f, "html {:?}", &**s),
            Value::Time(t) => write!(f, "{t:?}"),
            Value::Range(a, b) => write!(f, "({a}..{b})"),
            Value::Array(a) => f.debug_list().entries(&a.items).finish(),
            other => f.write_str(other.kind()),
        }
    }
}

/// The entries that templates see.
pub(super) fn visible<'o>(object: &'o dyn Object) -> impl Iterator<Item = (&'o str, ValueRef<'o>)> {
    (0..object.len()).filter_map(|i| object.entry(i)).filter(|(_, v)| !matches!(v, ValueRef::Withheld(_)))
}

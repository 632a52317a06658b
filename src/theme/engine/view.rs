//! The view tree as the `liquid` crate wants to see values: by reference, in order, with nothing copied.

use std::cell::Cell;
use std::fmt;
use std::sync::LazyLock;

use liquid_core::model::{
    ArrayView, DisplayCow, KString, KStringCow, Object, ObjectRender, ObjectView, ScalarCow, State,
    Value as Liquid, ValueView,
};

use crate::model::view::{List, Map, Value};

/// What a name that is not there gives.
pub(super) static NIL: Value = Value::Nil;

/// Nil answers as an object without entries as well, so that `nil contains "x"` is false instead of an error.
static NOTHING: LazyLock<Map> = LazyLock::new(Map::default);

thread_local! {
    /// The first withheld field that the render on this thread has read. The crate's value trait has no way to fail,
    /// so the read is noted here and the render fails once it is over; its bytes are thrown away.
    static WITHHELD: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// The withheld field that was read since the last call, if any.
pub(super) fn take_withheld() -> Option<&'static str> {
    WITHHELD.take()
}

fn note(field: &'static str) {
    if WITHHELD.get().is_none() {
        WITHHELD.set(Some(field));
    }
}

impl ValueView for Value {
    fn as_debug(&self) -> &dyn fmt::Debug {
        self
    }

    fn render(&self) -> DisplayCow<'_> {
        match self {
            Self::Nil => DisplayCow::Borrowed(&""),
            Self::Bool(value) => value.render(),
            Self::Int(value) => value.render(),
            Self::Float(value) => value.render(),
            Self::Text(text) | Self::Html(text) => DisplayCow::Borrowed(text),
            Self::Moment(moment) => DisplayCow::Borrowed(moment),
            Self::List(list) => list.render(),
            Self::Map(map) => map.render(),
            Self::Withheld(field) => {
                note(field);
                DisplayCow::Borrowed(&"")
            }
        }
    }

    // Only error messages show it: the type is enough there, and a text could be personal.
    fn source(&self) -> DisplayCow<'_> {
        DisplayCow::Owned(Box::new(self.type_name()))
    }

    fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "boolean",
            Self::Int(_) => "whole number",
            Self::Float(_) => "fractional number",
            Self::Text(_) | Self::Html(_) | Self::Moment(_) => "string",
            Self::List(_) => "array",
            Self::Map(_) => "object",
            Self::Withheld(_) => "withheld",
        }
    }

    fn query_state(&self, state: State) -> bool {
        match self {
            Self::Nil => !matches!(state, State::Truthy),
            Self::Bool(value) => value.query_state(state),
            Self::Int(value) => value.query_state(state),
            Self::Float(value) => value.query_state(state),
            Self::Text(text) | Self::Html(text) => (&**text).query_state(state),
            Self::Moment(_) => matches!(state, State::Truthy),
            Self::List(list) => list.query_state(state),
            Self::Map(map) => map.query_state(state),
            Self::Withheld(field) => {
                note(field);
                !matches!(state, State::Truthy)
            }
        }
    }

    fn to_kstr(&self) -> KStringCow<'_> {
        match self {
            Self::Nil => KStringCow::from_static(""),
            Self::Bool(value) => value.to_kstr(),
            Self::Int(value) => value.to_kstr(),
            Self::Float(value) => value.to_kstr(),
            Self::Text(text) | Self::Html(text) => KStringCow::from_ref(text),
            Self::Moment(moment) => KStringCow::from_string(moment.to_string()),
            Self::List(list) => list.to_kstr(),
            Self::Map(map) => map.to_kstr(),
            Self::Withheld(field) => {
                note(field);
                KStringCow::from_static("")
            }
        }
    }

    fn to_value(&self) -> Liquid {
        match self {
            Self::Nil => Liquid::Nil,
            Self::Bool(value) => Liquid::scalar(*value),
            Self::Int(value) => Liquid::scalar(*value),
            Self::Float(value) => Liquid::scalar(*value),
            Self::Text(text) | Self::Html(text) => Liquid::scalar(KString::from_ref(text)),
            Self::Moment(moment) => Liquid::scalar(moment.to_string()),
            Self::List(list) => list.to_value(),
            Self::Map(map) => map.to_value(),
            Self::Withheld(field) => {
                note(field);
                Liquid::Nil
            }
        }
    }

    fn as_scalar(&self) -> Option<ScalarCow<'_>> {
        match self {
            Self::Bool(value) => Some(ScalarCow::new(*value)),
            Self::Int(value) => Some(ScalarCow::new(*value)),
            Self::Float(value) => Some(ScalarCow::new(*value)),
            Self::Text(text) | Self::Html(text) => Some(ScalarCow::new(&**text)),
            Self::Moment(moment) => Some(ScalarCow::new(moment.to_string())),
            Self::Withheld(field) => {
                note(field);
                None
            }
            Self::Nil | Self::List(_) | Self::Map(_) => None,
        }
    }

    fn as_array(&self) -> Option<&dyn ArrayView> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    fn as_object(&self) -> Option<&dyn ObjectView> {
        match self {
            Self::Map(map) => Some(map),
            Self::Nil => Some(&*NOTHING),
            _ => None,
        }
    }

    fn is_nil(&self) -> bool {
        matches!(self, Self::Nil | Self::Withheld(_))
    }
}

impl ValueView for List {
    fn as_debug(&self) -> &dyn fmt::Debug {
        self
    }

    fn render(&self) -> DisplayCow<'_> {
        DisplayCow::Owned(Box::new(Joined(self)))
    }

    fn source(&self) -> DisplayCow<'_> {
        DisplayCow::Borrowed(&"array")
    }

    fn type_name(&self) -> &'static str {
        "array"
    }

    fn query_state(&self, state: State) -> bool {
        matches!(state, State::Truthy) || self.values().is_empty()
    }

    fn to_kstr(&self) -> KStringCow<'_> {
        KStringCow::from_string(Joined(self).to_string())
    }

    fn to_value(&self) -> Liquid {
        Liquid::Array(List::values(self).iter().map(ValueView::to_value).collect())
    }

    fn as_array(&self) -> Option<&dyn ArrayView> {
        Some(self)
    }
}

struct Joined<'a>(&'a List);

impl fmt::Display for Joined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        List::values(self.0).iter().try_for_each(|value| write!(f, "{}", value.render()))
    }
}

impl ArrayView for List {
    fn as_value(&self) -> &dyn ValueView {
        self
    }

    fn size(&self) -> i64 {
        i64::try_from(List::values(self).len()).unwrap_or(i64::MAX)
    }

    fn values<'k>(&'k self) -> Box<dyn Iterator<Item = &'k dyn ValueView> + 'k> {
        Box::new(List::values(self).iter().map(|value| value as &dyn ValueView))
    }

    fn contains_key(&self, index: i64) -> bool {
        ArrayView::get(self, index).is_some()
    }

    fn get(&self, index: i64) -> Option<&dyn ValueView> {
        let index = if index < 0 { index.checked_add(ArrayView::size(self))? } else { index };
        List::values(self).get(usize::try_from(index).ok()?).map(|value| value as &dyn ValueView)
    }
}

impl ValueView for Map {
    fn as_debug(&self) -> &dyn fmt::Debug {
        self
    }

    fn render(&self) -> DisplayCow<'_> {
        DisplayCow::Owned(Box::new(ObjectRender::new(self)))
    }

    fn source(&self) -> DisplayCow<'_> {
        DisplayCow::Borrowed(&"object")
    }

    fn type_name(&self) -> &'static str {
        "object"
    }

    fn query_state(&self, state: State) -> bool {
        matches!(state, State::Truthy) || self.entries().is_empty()
    }

    fn to_kstr(&self) -> KStringCow<'_> {
        KStringCow::from_string(ObjectRender::new(self).to_string())
    }

    fn to_value(&self) -> Liquid {
        Liquid::Object(
            self.iter().map(|(key, value)| (key.into_owned(), value.to_value())).collect::<Object>(),
        )
    }

    fn as_object(&self) -> Option<&dyn ObjectView> {
        Some(self)
    }
}

/// What is withheld takes no part in printing, counting and iterating; asking for it by name is the error.
impl ObjectView for Map {
    fn as_value(&self) -> &dyn ValueView {
        self
    }

    fn size(&self) -> i64 {
        i64::try_from(self.iter().count()).unwrap_or(i64::MAX)
    }

    fn keys<'k>(&'k self) -> Box<dyn Iterator<Item = KStringCow<'k>> + 'k> {
        Box::new(self.iter().map(|(key, _)| key))
    }

    fn values<'k>(&'k self) -> Box<dyn Iterator<Item = &'k dyn ValueView> + 'k> {
        Box::new(self.iter().map(|(_, value)| value))
    }

    fn iter<'k>(&'k self) -> Box<dyn Iterator<Item = (KStringCow<'k>, &'k dyn ValueView)> + 'k> {
        Box::new(
            self.entries()
                .iter()
                .filter(|(_, value)| !matches!(value, Value::Withheld(_)))
                .map(|(key, value)| (KStringCow::from_ref(key.as_str()), value as &dyn ValueView)),
        )
    }

    fn contains_key(&self, index: &str) -> bool {
        Map::get(self, index).is_some()
    }

    fn get<'s>(&'s self, index: &str) -> Option<&'s dyn ValueView> {
        let value = Map::get(self, index)?;
        if let Value::Withheld(field) = value {
            note(field);
        }
        Some(value)
    }
}

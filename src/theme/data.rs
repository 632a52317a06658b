//! The view as the template language sees data: by reference, in order, with nothing copied.

use std::collections::HashMap;
use std::sync::Arc;

use crate::liquid::{self, ValueRef};
use crate::model::view::{List, Map, Value};

/// A value of the view, lent to a template.
fn lent(value: &Value) -> ValueRef<'_> {
    match value {
        Value::Nil => ValueRef::Nil,
        Value::Bool(truth) => ValueRef::Bool(*truth),
        Value::Int(number) => ValueRef::Int(*number),
        Value::Float(number) => ValueRef::Float(*number),
        Value::Text(text) => ValueRef::Str(text),
        Value::Html(html) => ValueRef::SafeHtml(html),
        Value::List(list) => ValueRef::List(list),
        Value::Map(map) => ValueRef::Object(map),
        Value::Withheld(field) => ValueRef::Withheld(field),
    }
}

impl liquid::Object for Map {
    fn get(&self, key: &str) -> Option<ValueRef<'_>> {
        Self::get(self, key).map(lent)
    }

    fn len(&self) -> usize {
        self.entries().len()
    }

    fn entry(&self, index: usize) -> Option<(&str, ValueRef<'_>)> {
        self.entries().get(index).map(|(key, value)| (key.as_str(), lent(value)))
    }

    fn id(&self) -> Option<&str> {
        Self::id(self).map(|id| &**id)
    }
}

impl liquid::List for List {
    fn len(&self) -> usize {
        self.values().len()
    }

    fn get(&self, index: usize) -> Option<ValueRef<'_>> {
        self.values().get(index).map(lent)
    }
}

/// The names that every template of a page can use: those of the view, and what the theme adds to them.
pub(super) struct Globals<'a> {
    pub(super) view: &'a Map,
    pub(super) options: &'a Map,
    pub(super) strings: &'a Map,
    /// The page's own HTML: `content` in the innermost layout.
    pub(super) content: Option<&'a Arc<str>>,
    /// The front matter of the layouts: `layout`.
    pub(super) layout: &'a Map,
}

/// Names that cover those of the view.
const ADDED: [&str; 4] = ["theme", "t", "layout", "content"];

impl Globals<'_> {
    fn added(&self, key: &str) -> Option<ValueRef<'_>> {
        match key {
            "theme" => Some(ValueRef::Object(self.options)),
            "t" => Some(ValueRef::Object(self.strings)),
            "layout" => Some(ValueRef::Object(self.layout)),
            "content" => Some(match self.content {
                Some(html) => ValueRef::SafeHtml(html),
                None => self.view.get("content").map_or(ValueRef::Nil, lent),
            }),
            _ => None,
        }
    }
}

impl liquid::Object for Globals<'_> {
    fn get(&self, key: &str) -> Option<ValueRef<'_>> {
        self.added(key).or_else(|| self.view.get(key).map(lent))
    }

    fn len(&self) -> usize {
        ADDED.len() + self.view.entries().len()
    }

    fn entry(&self, index: usize) -> Option<(&str, ValueRef<'_>)> {
        match ADDED.get(index) {
            Some(name) => self.added(name).map(|value| (*name, value)),
            None => liquid::Object::entry(self.view, index - ADDED.len()),
        }
    }
}

/// The records that views refer to, by their ids: where a row of a trace speaks of `@course:ck9zz`, it is found here.
#[derive(Debug, Default)]
pub struct Records<'a>(HashMap<&'a str, &'a Map>);

impl<'a> Records<'a> {
    /// An index of these maps; those without an id are left out.
    pub fn new(maps: impl IntoIterator<Item = &'a Map>) -> Self {
        Self(maps.into_iter().filter_map(|map| Some((&**map.id()?, map))).collect())
    }
}

impl liquid::Entities for Records<'_> {
    fn entity(&self, id: &str) -> Option<&dyn liquid::Object> {
        self.0.get(id).map(|map| *map as &dyn liquid::Object)
    }
}

//! Data for templates, made from JSON.

use aither::liquid::{
    Clock, Entities, Error, Found, Language, List, Object, Options, Partials, Rendered, Scene, Template,
    Time, ValueRef,
};
use std::collections::BTreeMap;

/// A value as a host would hold it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
    Html(String),
    List(Elements),
    Map(Map),
    Withheld(String),
}

/// The elements of a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Elements(pub(crate) Vec<Data>);

/// An object; its identity is its `id` if that is a string with a colon.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Map(pub(crate) Vec<(String, Data)>);

impl Data {
    pub(crate) fn view(&self) -> ValueRef<'_> {
        match self {
            Data::Nil => ValueRef::Nil,
            Data::Bool(b) => ValueRef::Bool(*b),
            Data::Int(n) => ValueRef::Int(*n),
            Data::Float(n) => ValueRef::Float(*n),
            Data::Str(s) => ValueRef::Str(s),
            Data::Html(s) => ValueRef::SafeHtml(s),
            Data::List(l) => ValueRef::List(l),
            Data::Map(m) => ValueRef::Object(m),
            Data::Withheld(name) => ValueRef::Withheld(name),
        }
    }

    pub(crate) fn from_json(json: &serde_json::Value) -> Data {
        use serde_json::Value as J;
        match json {
            J::Null => Data::Nil,
            J::Bool(b) => Data::Bool(*b),
            J::Number(n) => n.as_i64().map_or_else(|| Data::Float(n.as_f64().unwrap()), Data::Int),
            J::String(s) => match s.strip_prefix("html:") {
                Some(html) => Data::Html(html.to_owned()),
                None => Data::Str(s.clone()),
            },
            J::Array(a) => Data::List(Elements(a.iter().map(Data::from_json).collect())),
            J::Object(o) => Data::Map(Map(o.iter().map(|(k, v)| (k.clone(), Data::from_json(v))).collect())),
        }
    }
}

impl Map {
    pub(crate) fn from_json(json: &serde_json::Value) -> Map {
        match Data::from_json(json) {
            Data::Map(map) => map,
            _ => Map::default(),
        }
    }

    pub(crate) fn parse(json: &str) -> Map {
        Map::from_json(&serde_json::from_str(json).unwrap())
    }
}

impl Object for Map {
    fn get(&self, key: &str) -> Option<ValueRef<'_>> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v.view())
    }
    fn len(&self) -> usize {
        self.0.len()
    }
    fn entry(&self, index: usize) -> Option<(&str, ValueRef<'_>)> {
        self.0.get(index).map(|(k, v)| (k.as_str(), v.view()))
    }
    fn id(&self) -> Option<&str> {
        match self.0.iter().find(|(k, _)| k == "id") {
            Some((_, Data::Str(id))) if id.contains(':') => Some(id),
            _ => None,
        }
    }
}

impl List for Elements {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn get(&self, index: usize) -> Option<ValueRef<'_>> {
        self.0.get(index).map(Data::view)
    }
}

/// Finds objects by identity, wherever they are.
pub(crate) struct Everything<'a>(BTreeMap<String, &'a Map>);

impl<'a> Everything<'a> {
    pub(crate) fn of(root: &'a Map) -> Everything<'a> {
        fn gather<'a>(map: &'a Map, into: &mut BTreeMap<String, &'a Map>) {
            if let Some(id) = map.id() {
                into.entry(id.to_owned()).or_insert(map);
            }
            map.0.iter().for_each(|(_, v)| gather_value(v, into));
        }
        fn gather_value<'a>(value: &'a Data, into: &mut BTreeMap<String, &'a Map>) {
            match value {
                Data::Map(map) => gather(map, into),
                Data::List(list) => list.0.iter().for_each(|v| gather_value(v, into)),
                _ => {}
            }
        }
        let mut all = BTreeMap::new();
        gather(root, &mut all);
        Everything(all)
    }
}

impl Entities for Everything<'_> {
    fn entity(&self, id: &str) -> Option<&dyn Object> {
        self.0.get(id).map(|m| *m as &dyn Object)
    }
}

/// Partials in memory.
#[derive(Default)]
pub(crate) struct Shelf(pub(crate) BTreeMap<String, Template>);

impl Partials for Shelf {
    fn find<'p>(&'p self, name: &str) -> Found<'p> {
        Found {
            template: self.0.get(name),
            errors: None,
            place: self.0.contains_key(name).then(|| format!("theme/{name}")),
            missing: vec![format!("site/{name}")],
        }
    }
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// A clock that stands still.
pub(crate) struct At(pub(crate) Time);

impl Clock for At {
    fn now(&self) -> Time {
        self.0
    }
}

/// Parses a template of the standard language.
pub(crate) fn parsed(source: &str) -> Result<Template, Vec<Error>> {
    Template::parse("page.html", source, &Language::standard())
}

/// All errors of a template that cannot be parsed.
pub(crate) fn parse_errors(source: &str) -> String {
    let errors = parsed(source).expect_err("the template should be refused");
    errors.iter().map(ToString::to_string).collect()
}

/// Renders with options set by `set`, and partials by name and source.
pub(crate) fn render_with(
    source: &str,
    json: &str,
    partials: &[(&str, &str)],
    set: impl FnOnce(&mut Options),
) -> Result<Rendered, Error> {
    let mut language = Language::standard();
    language.jekyll_include(true);
    let parse = |name: &str, source: &str| {
        Template::parse(name, source, &language).unwrap_or_else(|e| panic!("{}", e[0]))
    };
    let template = parse("page.html", source);
    let shelf = Shelf(partials.iter().map(|(n, s)| ((*n).to_owned(), parse(n, s))).collect());
    let data = Map::parse(json);
    let clock = At(Time::new(1_794_000_000, 0, 0));
    let mut scene = Scene { partials: &shelf, clock: &clock, ..Scene::new(&data) };
    set(&mut scene.options);
    template.render(scene)
}

/// Renders with the usual options.
pub(crate) fn render(source: &str, json: &str) -> String {
    render_with(source, json, &[], |_| {}).unwrap_or_else(|e| panic!("{e}")).text
}

/// The error of a template that parses and cannot be rendered.
pub(crate) fn render_error(source: &str, json: &str) -> String {
    render_with(source, json, &[], |_| {}).expect_err("the render should fail").to_string()
}

//! Any template over any text, with partials that may call each other: it must come to an end, one way or another,
//! and what it read must look the same when looked at again.

#![no_main]

use std::collections::BTreeMap;
use std::time::Duration;

use aither::liquid::{
    Found, Language, Limits, List, Object, Partials, Reads, Scene, Template, Time, ValueRef, look,
};
use libfuzzer_sys::fuzz_target;

enum Data {
    Plain(ValueRef<'static>),
    Str(String),
    List(Items),
    Map(Map),
}

struct Items(Vec<Data>);
struct Map(Vec<(&'static str, Data)>);

impl Data {
    fn view(&self) -> ValueRef<'_> {
        match self {
            Data::Plain(v) => *v,
            Data::Str(s) => ValueRef::Str(s),
            Data::List(l) => ValueRef::List(l),
            Data::Map(m) => ValueRef::Object(m),
        }
    }
}

impl Object for Map {
    fn get(&self, key: &str) -> Option<ValueRef<'_>> {
        self.0.iter().find(|(k, _)| *k == key).map(|(_, v)| v.view())
    }
    fn len(&self) -> usize {
        self.0.len()
    }
    fn entry(&self, index: usize) -> Option<(&str, ValueRef<'_>)> {
        self.0.get(index).map(|(k, v)| (*k, v.view()))
    }
}

impl List for Items {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn get(&self, index: usize) -> Option<ValueRef<'_>> {
        self.0.get(index).map(Data::view)
    }
}

struct Shelf(BTreeMap<&'static str, Template>);

impl Partials for Shelf {
    fn find<'p>(&'p self, name: &str) -> Found<'p> {
        Found { template: self.0.get(name), ..Found::default() }
    }
}

fn data(text: &str) -> Map {
    let plain = Data::Plain;
    let object = |n: i64, s: &str| {
        Data::Map(Map(vec![("n", plain(ValueRef::Int(n))), ("s", Data::Str(s.to_owned())), ("e", plain(ValueRef::Nil))]))
    };
    let words = text.split(' ').take(20).map(|w| Data::Str(w.to_owned())).collect();
    Map(vec![
        ("a", Data::Str(text.to_owned())),
        ("b", plain(ValueRef::Int(text.len() as i64))),
        ("c", plain(ValueRef::Float(text.len() as f64 / 3.0))),
        ("d", plain(ValueRef::Time(Time::new(1_700_000_000, 5, 3600)))),
        ("l", Data::List(Items(words))),
        ("m", Data::List(Items(vec![object(1, text), object(2, "x"), object(-3, "")]))),
        ("n", plain(ValueRef::Nil)),
        ("o", object(7, text)),
        ("t", plain(ValueRef::Bool(true))),
        ("h", plain(ValueRef::SafeHtml("<b>&amp;</b>"))),
        ("w", plain(ValueRef::Withheld("w"))),
        ("x", Data::List(Items(vec![Data::List(Items(vec![plain(ValueRef::Int(i64::MAX)), plain(ValueRef::Int(i64::MIN))])), plain(ValueRef::Float(f64::NAN)), plain(ValueRef::Float(f64::INFINITY))]))),
    ])
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&flags, rest)) = bytes.split_first() else { return };
    let Ok(input) = std::str::from_utf8(rest) else { return };
    let mut parts = input.splitn(3, '\0');
    let (source, partial, text) =
        (parts.next().unwrap_or(""), parts.next().unwrap_or("{{ a }}"), parts.next().unwrap_or("one <two>"));
    let mut language = Language::standard();
    language.jekyll_include(flags & 1 != 0).strict_syntax(flags & 2 != 0);
    let Ok(template) = Template::parse("t", source, &language) else { return };
    let mut shelf = BTreeMap::new();
    if let Ok(partial) = Template::parse("p", partial, &language) {
        shelf.insert("p", partial);
    }
    let (shelf, data) = (Shelf(shelf), data(text));
    let mut scene = Scene { partials: &shelf, ..Scene::new(&data) };
    scene.options.autoescape = flags & 4 != 0;
    scene.options.strict = flags & 8 != 0;
    scene.options.render_sees_globals = flags & 16 != 0;
    scene.options.limits = Limits {
        steps: 20_000,
        output: 1 << 18,
        string: 1 << 16,
        memory: 1 << 20,
        range: 2_000,
        time: Duration::from_secs(1),
        ..Limits::default()
    };
    let plain = template.render(scene.clone());
    let mut reads = Reads::new();
    let traced = template.render_recorded(scene, &mut reads);
    assert_eq!(plain.is_ok(), traced.is_ok());
    if let (Ok(plain), Ok(traced)) = (&plain, &traced) {
        assert_eq!(plain.text, traced.text);
    }
    for read in &reads.finish().reads {
        assert_eq!(look(&data, &(), read), read.hash, "{read:?}");
    }
});

//! The course page in this engine, traced and untraced, in minijinja and in the `liquid` crate.
//!
//! Each engine renders the same page of the same data in a function of its own, so that one run under callgrind
//! counts the instructions of all of them; `benches/README.md` tells how.

use std::collections::HashMap;
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use aither::liquid::{Found, Language, List, Object, Partials, Reads, Scene, Template, Value, ValueRef};
use liquid_core::{FilterParameters as _, ValueView as _};
use serde_json::Value as Json;

const COURSES: &str = include_str!("liquid/courses.json");

/// A view of the data as a host has it: entries in order, found by comparing keys.
enum Data {
    Int(i64),
    Str(String),
    List(Items),
    Map(Map),
}

struct Items(Vec<Data>);

struct Map {
    entries: Vec<(String, Data)>,
    id: Option<String>,
}

impl Data {
    fn of(json: &Json) -> Data {
        match json {
            Json::Number(n) => Data::Int(n.as_i64().unwrap_or_default()),
            Json::String(s) => Data::Str(s.clone()),
            Json::Array(a) => Data::List(Items(a.iter().map(Data::of).collect())),
            Json::Object(o) => Data::Map(Map {
                entries: o.iter().map(|(k, v)| (k.clone(), Data::of(v))).collect(),
                id: o.get("slug").and_then(Json::as_str).map(|s| format!("course:{s}")),
            }),
            _ => Data::Int(0),
        }
    }

    fn view(&self) -> ValueRef<'_> {
        match self {
            Data::Int(n) => ValueRef::Int(*n),
            Data::Str(s) => ValueRef::Str(s),
            Data::List(l) => ValueRef::List(l),
            Data::Map(m) => ValueRef::Object(m),
        }
    }
}

impl Object for Map {
    fn get(&self, key: &str) -> Option<ValueRef<'_>> {
        self.entries.iter().find(|(k, _)| k == key).map(|(_, v)| v.view())
    }
    fn len(&self) -> usize {
        self.entries.len()
    }
    fn entry(&self, index: usize) -> Option<(&str, ValueRef<'_>)> {
        self.entries.get(index).map(|(k, v)| (k.as_str(), v.view()))
    }
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
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

struct Shelf(HashMap<&'static str, Template>);

impl Partials for Shelf {
    fn find<'p>(&'p self, name: &str) -> Found<'p> {
        Found { template: self.0.get(name), ..Found::default() }
    }
}

struct Ours {
    data: Map,
    shelf: Shelf,
}

impl Ours {
    fn new(json: &Json) -> Ours {
        let language = Language::standard();
        let shelf = [
            ("course", include_str!("liquid/course.liquid")),
            ("base", include_str!("liquid/base.liquid")),
            ("header", include_str!("liquid/header.liquid")),
            ("footer", include_str!("liquid/footer.liquid")),
            ("badge", include_str!("liquid/badge.liquid")),
        ]
        .map(|(name, source)| match Template::parse(name, source, &language) {
            Ok(template) => (name, template),
            Err(errors) => panic!("{}", errors[0]),
        });
        let Data::Map(data) = Data::of(json) else { panic!("the data is an object") };
        Ours { data, shelf: Shelf(shelf.into()) }
    }

    fn scene(&self) -> Scene<'_> {
        Scene { partials: &self.shelf, ..Scene::new(&self.data) }
    }

    #[inline(never)]
    fn render(&self) -> String {
        let mut scene = self.scene();
        let content = self.shelf.0["course"].render(scene.clone()).map(|r| r.text).unwrap_or_default();
        scene.variables.push(("content", Value::html(content)));
        self.shelf.0["base"].render(scene).map(|r| r.text).unwrap_or_default()
    }

    #[inline(never)]
    fn render_traced(&self) -> (String, usize) {
        let mut reads = Reads::new();
        let mut scene = self.scene();
        let content = self.shelf.0["course"].render_recorded(scene.clone(), &mut reads);
        scene.variables.push(("content", Value::html(content.map(|r| r.text).unwrap_or_default())));
        let page =
            self.shelf.0["base"].render_recorded(scene, &mut reads).map(|r| r.text).unwrap_or_default();
        let trace = reads.finish();
        (page, trace.reads.len())
    }
}

/// The date filter of the rivals: the date and the time parsed, the format applied, no regular expression.
fn rival_date(text: &str, format: &str) -> String {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return time.strftime(format).to_string();
    }
    text.parse::<jiff::civil::Date>().map(|d| d.strftime(format).to_string()).unwrap_or_default()
}

struct Mini {
    env: minijinja::Environment<'static>,
    data: minijinja::Value,
}

impl Mini {
    fn new(json: &Json) -> Mini {
        let mut env = minijinja::Environment::new();
        env.add_filter("date", |text: &str, format: &str| rival_date(text, format));
        for (name, source) in [
            ("course", include_str!("liquid/course.jinja")),
            ("base", include_str!("liquid/base.jinja")),
            ("header", include_str!("liquid/header.liquid")),
            ("footer", include_str!("liquid/footer.liquid")),
            ("badge", include_str!("liquid/badge.jinja")),
        ] {
            if let Err(error) = env.add_template(name, source) {
                panic!("{error}");
            }
        }
        Mini { env, data: minijinja::Value::from(minijinja::value::Serde(json)) }
    }

    #[inline(never)]
    fn render(&self) -> String {
        self.env.get_template("course").and_then(|t| t.render(&self.data)).unwrap_or_default()
    }
}

#[derive(Clone, liquid_core::ParseFilter, liquid_core::FilterReflection)]
#[filter(name = "date", description = "Formats a date.", parameters(DateArgs), parsed(DateFilter))]
struct Date;

#[derive(Debug, liquid_core::FilterParameters)]
struct DateArgs {
    #[parameter(description = "The format.", arg_type = "str")]
    format: liquid_core::Expression,
}

#[derive(Debug, liquid_core::FromFilterParameters, liquid_core::Display_filter)]
#[name = "date"]
struct DateFilter {
    #[parameters]
    args: DateArgs,
}

impl liquid_core::Filter for DateFilter {
    fn evaluate(
        &self,
        input: &dyn liquid_core::ValueView,
        runtime: &dyn liquid_core::Runtime,
    ) -> liquid_core::Result<liquid_core::Value> {
        let args = self.args.evaluate(runtime)?;
        let text = input.to_kstr();
        Ok(liquid_core::Value::scalar(rival_date(&text, &args.format)))
    }
}

struct Rival {
    course: liquid::Template,
    base: liquid::Template,
    data: liquid::Object,
}

impl Rival {
    fn new(json: &Json) -> Rival {
        let mut partials = liquid::partials::EagerCompiler::<liquid::partials::InMemorySource>::empty();
        partials.add("header", include_str!("liquid/header.liquid"));
        partials.add("footer", include_str!("liquid/footer.liquid"));
        partials.add("badge", include_str!("liquid/badge.liquid"));
        let parser = liquid::ParserBuilder::with_stdlib().filter(Date).partials(partials).build();
        let parse = |source: &str| parser.as_ref().ok().and_then(|p| p.parse(source).ok());
        let (Some(course), Some(base)) =
            (parse(include_str!("liquid/course.liquid")), parse(include_str!("liquid/base.liquid")))
        else {
            panic!("the templates are valid");
        };
        let data = serde_json::from_value(json.clone()).unwrap_or_default();
        Rival { course, base, data }
    }

    #[inline(never)]
    fn render(&mut self) -> String {
        let content = self.course.render(&self.data).unwrap_or_else(|e| panic!("{e}"));
        self.data.insert("content".into(), liquid_core::Value::scalar(content));
        let page = self.base.render(&self.data).unwrap_or_else(|e| panic!("{e}"));
        self.data.remove("content");
        page
    }
}

fn main() {
    let courses: Json = serde_json::from_str(COURSES).unwrap_or_default();
    let data = serde_json::json!({
        "course": courses[2], "pagination": { "pageNumber": 2 }, "courses": courses,
    });
    let (ours, mini, mut rival) = (Ours::new(&data), Mini::new(&data), Rival::new(&data));
    // The engines differ in how they write an apostrophe, and in the white space around their blocks.
    let same = |page: &str| page.replace("&#x27;", "&#39;").split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(same(&ours.render()), same(&mini.render()), "the rivals render the same page");
    assert_eq!(same(&ours.render()), same(&rival.render()), "the rivals render the same page");
    assert_eq!(ours.render_traced().0, ours.render());

    let rounds: u32 = std::env::args().filter_map(|a| a.parse().ok()).next().unwrap_or(2_000);
    let mut out = std::io::stdout();
    let mut tell = |name: &str, took: Duration| {
        let _ = writeln!(out, "{name:>16}: {:>8.2?} a page", took / rounds);
    };
    tell("ours", pages_ours(&ours, rounds));
    tell("ours, traced", pages_traced(&ours, rounds));
    tell("minijinja", pages_minijinja(&mini, rounds));
    tell("liquid", pages_rival(&mut rival, rounds));
    let _ = writeln!(out, "{} bytes, {} reads", ours.render().len(), ours.render_traced().1);
}

// A function for each, so that callgrind tells them apart.

#[inline(never)]
fn pages_ours(ours: &Ours, rounds: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..rounds {
        drop(black_box(ours.render()));
    }
    start.elapsed()
}

#[inline(never)]
fn pages_traced(ours: &Ours, rounds: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..rounds {
        drop(black_box(ours.render_traced()));
    }
    start.elapsed()
}

#[inline(never)]
fn pages_minijinja(mini: &Mini, rounds: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..rounds {
        drop(black_box(mini.render()));
    }
    start.elapsed()
}

#[inline(never)]
fn pages_rival(rival: &mut Rival, rounds: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..rounds {
        drop(black_box(rival.render()));
    }
    start.elapsed()
}

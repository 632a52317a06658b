//! Answers that were changed on their way: fields that are missing or of another kind, numbers without measure, nests without
//! end, bytes that are no text, half of an answer. None of it ends the program, and none of it makes the site worse.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aither::base::clock::ManualClock;
use aither::base::http::{Failure, Network, Request, Response, Transport};
use aither::config::{Config, Environment};
use aither::error::{Error, Kind};
use aither::project::{Options, Project, Summary};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::Fixture;
use crate::support::{edfi, hemera, oneroster};

/// What is done to one answer. The index is of a place in it, or of a field.
#[derive(Debug, Clone)]
enum Change {
    Cut(prop::sample::Index),
    Byte(prop::sample::Index, u8),
    Whole(Vec<u8>),
    /// A node of the JSON is taken out.
    Drop(prop::sample::Index),
    /// A node of the JSON is another one.
    Put(prop::sample::Index, Value),
    /// A text in it is longer, or stranger.
    Twice(prop::sample::Index),
}

/// Whatever may stand in a place.
fn value() -> impl Strategy<Value = Value> {
    let nested = (0..300).fold(json!("x"), |inside, _| json!([inside]));
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(|truth| json!(truth)),
        Just(json!(1e308)),
        Just(json!(-1)),
        Just(json!(u64::MAX)),
        Just(json!("")),
        Just(json!("9999-99-99T99:99:99Z")),
        Just(json!("-9999-01-01")),
        Just(json!("\u{0}\u{202e}</script><script>alert(1)</script>{{ 'x' }}\u{7f}")),
        Just(json!("../../etc/passwd")),
        Just(json!("ä".repeat(20_000))),
        Just(json!([])),
        Just(json!({})),
        Just(json!([null, [], {}, 3])),
        Just(json!({ "sourcedId": ["x"], "id": {} })),
        Just(nested),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let whole = prop_oneof![
        Just(Vec::new()),
        Just(b"null".to_vec()),
        Just(b"<!doctype html><title>Login</title>".to_vec()),
        Just(b"\"\\ud800\"".to_vec()),
        Just(b"[".repeat(100_000)),
        Just(b"{\"data\":".repeat(50_000)),
        Just(b"[1e999999]".to_vec()),
        Just(b"\xff\xfe[\x00]\x00".to_vec()),
    ];
    let index = any::<prop::sample::Index>;
    prop_oneof![
        2 => index().prop_map(Change::Cut),
        2 => (index(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        1 => whole.prop_map(Change::Whole),
        4 => index().prop_map(Change::Drop),
        6 => (index(), value()).prop_map(|(at, value)| Change::Put(at, value)),
        1 => index().prop_map(Change::Twice),
    ]
}

/// The pointers of all nodes below the root.
fn nodes(value: &Value, path: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Array(list) => list.iter().enumerate().map(|(at, one)| (at.to_string(), one)).collect(),
        Value::Object(map) => {
            map.iter().map(|(name, one)| (name.replace('~', "~0").replace('/', "~1"), one)).collect()
        }
        _ => Vec::new(),
    };
    for (name, child) in children {
        let path = format!("{path}/{name}");
        nodes(child, &path, found);
        found.push(path);
    }
}

fn at_node(body: &[u8], index: &prop::sample::Index, act: impl FnOnce(&mut Value, &str)) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return body.to_vec() };
    let mut found = Vec::new();
    nodes(&value, "", &mut found);
    if !found.is_empty() {
        act(&mut value, &found[index.index(found.len())]);
    }
    value.to_string().into_bytes()
}

impl Change {
    fn on(&self, body: &[u8]) -> Vec<u8> {
        match self {
            Self::Cut(at) => body[..at.index(body.len() + 1).min(body.len())].to_vec(),
            Self::Byte(at, byte) => {
                let mut body = body.to_vec();
                if !body.is_empty() {
                    let at = at.index(body.len());
                    body[at] = *byte;
                }
                body
            }
            Self::Whole(other) => other.clone(),
            Self::Drop(at) => at_node(body, at, |value, path| {
                let (parent, name) = path.rsplit_once('/').unwrap();
                match value.pointer_mut(parent) {
                    Some(Value::Object(map)) => drop(map.remove(&name.replace("~1", "/").replace("~0", "~"))),
                    Some(Value::Array(list)) => drop(list.remove(name.parse().unwrap())),
                    _ => {}
                }
            }),
            Self::Put(at, new) => at_node(body, at, |value, path| {
                if let Some(node) = value.pointer_mut(path) {
                    *node = new.clone();
                }
            }),
            Self::Twice(at) => at_node(body, at, |value, path| {
                let (parent, _) = path.rsplit_once('/').unwrap();
                let known = value.pointer(path).cloned().unwrap_or_default();
                if let Some(Value::Array(list)) = value.pointer_mut(parent) {
                    list.push(known);
                }
            }),
        }
    }
}

/// Changes the answer of one number.
struct Mangler {
    inside: Network,
    count: AtomicUsize,
    which: usize,
    change: Change,
}

impl Transport for Mangler {
    fn send(&self, request: &Request) -> Result<Response, Failure> {
        let mut response = self.inside.send(request)?;
        if self.count.fetch_add(1, Ordering::Relaxed) == self.which {
            response.body = self.change.on(&response.body);
        }
        Ok(response)
    }
}

fn pull(site: &Fixture, which: usize, change: &Change) -> Result<Summary, Error> {
    let environment: Environment = site.environment.iter().cloned().collect();
    let config = Config::load(&site.path(""), &environment)?;
    let inside = Network::new();
    let mangler = Mangler { inside, count: AtomicUsize::new(0), which, change: change.clone() };
    let clock = Arc::new(ManualClock::new(site.now));
    let project = Project::new(config, clock, site.reporter.clone()).with_transport(Box::new(mangler));
    let mut project = project;
    project.build(Options { full: true, ..Options::default() })
}

const LAYOUT: &str = "{{ course.title }}|{{ course.code }}|{{ course.start_date }}|{{ course.participant_count }}\
                      {% for p in course.participants %}[{{ p.name }}]{% endfor %}";

fn common(kind: &str, more: &str) -> Fixture {
    Fixture::new(&format!(
        "source = \"{kind}\"\n[site]\ntitle = \"Schule\"\nbase_url = \"https://s.example\"\n\
         [privacy]\npublic_fields = [\"name\"]\n[{kind}]\nretries = 0\n{more}"
    ))
    .write("templates/layouts/course.liquid", LAYOUT)
}

/// Whatever becomes of the changed answer, the site is the last good one or a good one, and the next good answer makes it what
/// it was.
fn outlives(site: &Fixture, requests: usize, which: &prop::sample::Index, change: &Change) {
    let tree = site.tree();
    match pull(site, which.index(requests), change) {
        Ok(_) => assert!(site.has("index.html")),
        Err(error) => {
            assert!(
                matches!(error.kind(), Kind::Refused | Kind::Unavailable | Kind::Credentials | Kind::Config),
                "{:?}: {error}",
                error.kind()
            );
            let told = format!("{error} {:?}", error.hints());
            assert!(!told.contains("Beispiel") && !told.contains(char::is_control), "{told}");
            assert!(Fixture::changed(&tree, &site.tree()).is_empty(), "{error}");
        }
    }
    for warning in site.reporter.warnings() {
        assert!(!warning.contains("Beispiel") && !warning.contains(char::is_control), "{warning}");
    }
    let healed = site.try_build(Options { full: true, allow_shrink: true, ..Options::default() });
    healed.unwrap_or_else(|error| panic!("{error}"));
    // What the site remembers of what was published in between is in its calendars, feeds and redirects: not in its pages.
    let after = site.tree();
    for (path, bytes) in tree.iter().filter(|(path, _)| path.ends_with("index.html")) {
        assert!(after.get(path) == Some(bytes), "{path}");
    }
}

fn all_cases(site: &Fixture, requests: usize) {
    let cases = std::env::var("AITHER_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(48);
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 40,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let strategy = (any::<prop::sample::Index>(), change());
    let result = runner.run(&strategy, |(which, change)| {
        outlives(site, requests, &which, &change);
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn nothing_that_a_roster_says_makes_the_site_worse() {
    let service = oneroster::Service::start(0, oneroster::Habits::default()).unwrap();
    service.edit("classes", |classes| classes.truncate(5));
    service.edit("enrollments", |all| all.truncate(12));
    service.edit("users", |all| all.truncate(8));
    let taught: Vec<Value> = {
        let data = crate::support::stand::lock(&service.data);
        data.collections["classes"].iter().map(|class| class["course"]["sourcedId"].clone()).collect()
    };
    service.edit("courses", |all| all.retain(|course| taught.contains(&course["sourcedId"])));
    let site = common("oneroster", &format!("base_url = \"{}\"\n", service.base_url()))
        .env("ONEROSTER_TOKEN", oneroster::BEARER);
    site.build();
    let requests = service.stand.log().len();
    all_cases(&site, requests);
}

#[test]
fn nothing_that_an_ods_says_makes_the_site_worse() {
    let service = edfi::Service::start(0, edfi::Habits::default(), edfi::Data::made_up(2)).unwrap();
    let site = common("edfi", &format!("base_url = \"{}\"\n", service.stand.url()))
        .env("EDFI_CLIENT_ID", edfi::CLIENT.0)
        .env("EDFI_CLIENT_SECRET", edfi::CLIENT.1);
    site.build();
    let requests = service.stand.log().len();
    all_cases(&site, requests);
}

#[test]
fn nothing_that_an_academy_says_makes_the_site_worse() {
    let options = hemera::Options { courses: 5, rate: 1_000_000, ..hemera::Options::default() };
    let service = hemera::Service::start(options).unwrap();
    let site =
        common("hemera", "").env("HEMERA_API_BASE_URL", &service.url()).env("HEMERA_API_KEY", service.key());
    site.build();
    let requests = service.requests().len();
    all_cases(&site, requests);
}

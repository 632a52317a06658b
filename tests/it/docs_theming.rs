//! Every example of `docs/theming.md` gives what it says, and no filter or tag of the site is left out.

use aither::model::view::{Map, Value};

use crate::docs_liquid::{Fence, fences};
use crate::theme::Fixture;

const DOC: &str = include_str!("../../docs/theming.md");

fn view(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Nil,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => Value::from(number.as_f64().expect("a number")),
        Json::String(text) => match (text.strip_prefix("html:"), text.as_str()) {
            (Some(html), _) => Value::Html(html.into()),
            (None, "withheld:") => Value::Withheld("name"),
            (None, text) => Value::text(text),
        },
        Json::Array(values) => Value::List(values.iter().map(view).collect()),
        Json::Object(entries) => {
            Value::Map(entries.iter().map(|(key, value)| (key.clone(), view(value))).collect())
        }
    }
}

fn check(source: &Fence, parts: &[&Fence]) {
    let trimmed = |fence: &Fence| fence.text.strip_suffix('\n').unwrap_or(&fence.text).to_owned();
    let mut fixture = Fixture::bare().page(&trimmed(source));
    let mut data = Value::Map(Map::default());
    let (mut output, mut error) = (None, None);
    for part in parts {
        fixture = match part.info.split_once(' ').unwrap_or((&part.info, "")) {
            ("layout", name) => fixture.file(&format!("themes/bare/layouts/{name}.liquid"), &trimmed(part)),
            ("partial", name) => fixture.file(&format!("themes/bare/partials/{name}.liquid"), &trimmed(part)),
            ("static", name) => fixture.file(&format!("themes/bare/static/{name}"), &part.text),
            ("theme.toml", _) => fixture.file("themes/bare/theme.toml", &part.text),
            (kind, _) => {
                match kind {
                    "json" => data = view(&serde_json::from_str(&part.text).expect("JSON")),
                    "output" => output = Some(&part.text),
                    "error" => error = Some(trimmed(part)),
                    _ => panic!("line {}: {kind}", part.line),
                }
                fixture
            }
        };
    }
    if source.info.ends_with(" de") {
        fixture.config.site.language = "de".to_owned();
    }
    let Value::Map(data) = data else { panic!("line {}: no object", source.line) };
    match (fixture.render(&data), output, error) {
        (Ok(rendered), Some(expected), None) => {
            // The page shows a space that does not break as any other.
            let text = String::from_utf8(rendered.bytes).expect("text").replace('\u{a0}', " ");
            assert_eq!(text + "\n", *expected, "the example at line {}", source.line);
        }
        (Err(error), None, Some(expected)) => {
            let message = error.message().strip_prefix("themes/bare/").unwrap_or(error.message());
            assert!(message.starts_with(&expected), "the example at line {}: {message}", source.line);
        }
        (result, ..) => panic!("the example at line {} gives {result:?}", source.line),
    }
}

#[test]
fn every_example_gives_what_it_says() {
    let fences: Vec<Fence> = fences(DOC).into_iter().filter(|fence| fence.info != "toml").collect();
    let begins: Vec<usize> = (0..fences.len()).filter(|at| fences[*at].info.starts_with("liquid")).collect();
    assert!(begins.len() > 15 && begins[0] == 0);
    for (number, begin) in begins.iter().enumerate() {
        let end = begins.get(number + 1).copied().unwrap_or(fences.len());
        check(&fences[*begin], &fences[begin + 1..end].iter().collect::<Vec<_>>());
    }
}

#[test]
fn every_filter_and_tag_of_the_site_has_an_example() {
    let source = include_str!("../../src/theme/dialect/mod.rs");
    let examples: String =
        fences(DOC).iter().filter(|f| f.info.starts_with("liquid")).map(|f| f.text.as_str()).collect();
    let words: Vec<&str> = examples.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let filters = source.lines().filter_map(|line| line.trim().strip_prefix("(\"")?.split('"').next());
    let names: Vec<&str> = filters.chain(["seo", "feed_meta", "highlight", "include", "render"]).collect();
    assert!(names.len() > 30, "{names:?}");
    for name in names {
        assert!(words.contains(&name), "`{name}` has no example in docs/theming.md");
    }
}

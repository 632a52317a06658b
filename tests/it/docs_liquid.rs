//! Every example of `docs/liquid.md` gives what it says, and no tag or filter is left out.

use crate::liquid_data::{At, Map, Shelf};
use aither::liquid::{Language, Scene, Template, Time};

const DOC: &str = include_str!("../../docs/liquid.md");

/// One fenced block: its line, what stands after the backticks, and its text.
struct Fence {
    line: usize,
    info: String,
    text: String,
}

fn fences() -> Vec<Fence> {
    let mut out: Vec<Fence> = Vec::new();
    let mut open = false;
    for (i, line) in DOC.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(info) if !open => {
                out.push(Fence { line: i + 1, info: info.to_owned(), text: String::new() });
                open = true;
            }
            Some(_) => open = false,
            None if open => {
                let text = &mut out.last_mut().unwrap().text;
                text.push_str(line);
                text.push('\n');
            }
            None => {}
        }
    }
    out
}

fn check(source: &Fence, parts: &[&Fence]) {
    let mut language = Language::standard();
    language.jekyll_include(true);
    let part = |name: &str| parts.iter().find(|f| f.info == name).map(|f| f.text.as_str());
    let data = part("json").map(Map::parse).unwrap_or_default();
    let partials = parts.iter().filter_map(|f| {
        let name = f.info.strip_prefix("partial ")?;
        Some((name.to_owned(), Template::parse(name, &f.text, &language).unwrap()))
    });
    let shelf = Shelf(partials.collect());
    let clock = At(Time::new(1_794_000_000, 0, 0));
    let text = source.text.strip_suffix('\n').unwrap_or(&source.text);
    let result = Template::parse("page.html", text, &language)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<String>())
        .and_then(|template| {
            let mut scene = Scene { partials: &shelf, clock: &clock, ..Scene::new(&data) };
            scene.options.autoescape = source.info.ends_with("autoescape");
            template.render(scene).map(|r| r.text).map_err(|e| e.to_string())
        });
    match (result, part("output"), part("error")) {
        (Ok(out), Some(wanted), None) => {
            assert_eq!(out + "\n", wanted, "the example at line {}", source.line)
        }
        (Err(error), None, Some(wanted)) => {
            assert!(error.starts_with(wanted), "the example at line {}: {error}", source.line);
        }
        (result, ..) => panic!("the example at line {} gives {result:?}", source.line),
    }
}

#[test]
fn every_example_gives_what_it_says() {
    let fences = fences();
    let mut at = 0;
    let mut checked = 0;
    while at < fences.len() {
        assert!(fences[at].info.starts_with("liquid"), "line {} begins no example", fences[at].line);
        let mut end = at + 1;
        while end < fences.len() && !fences[end].info.starts_with("liquid") {
            end += 1;
        }
        check(&fences[at], &fences[at + 1..end].iter().collect::<Vec<_>>());
        checked += 1;
        at = end;
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn every_tag_and_filter_has_an_example() {
    let language = Language::standard();
    let examples: String =
        fences().iter().filter(|f| f.info.starts_with("liquid")).map(|f| f.text.as_str()).collect();
    let words: Vec<&str> = examples.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '#')).collect();
    for name in language.filter_names().into_iter().chain(language.tag_names()) {
        assert!(words.contains(&name), "\"{name}\" has no example in docs/liquid.md");
    }
}

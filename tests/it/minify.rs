//! Pages and scripts made small say what they said before.

use std::collections::BTreeMap;

use html5gum::{DefaultEmitter, Token, Tokenizer};

use crate::fixture::Fixture;
use crate::golden_sites::verified;

/// What a page says: its tags with their attributes, and its words. Within `pre`, `textarea`, `script` and `style` each
/// space counts.
fn says(page: &[u8]) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    let mut words = String::new();
    let (mut exact, mut open) = (0_usize, Vec::new());
    let is_exact = |name: &[u8]| [&b"pre"[..], b"textarea", b"script", b"style"].contains(&name);
    // Who has no scripts reads what stands in it as tags.
    let page = String::from_utf8_lossy(page).replace("noscript>", "no-script>");
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    for token in Tokenizer::new_with_emitter(page.as_str(), emitter) {
        match token.unwrap() {
            Token::StartTag(tag) => {
                said.push(std::mem::take(&mut words));
                exact += usize::from(is_exact(&tag.name));
                open.push(tag.name.to_vec());
                let attributes: BTreeMap<String, String> = (tag.attributes.iter())
                    .map(|(name, value)| {
                        let value =
                            String::from_utf8_lossy(value).split_whitespace().collect::<Vec<_>>().join(" ");
                        let is_viewport = value.starts_with("width=device-width");
                        let value = if is_viewport { value.replace(", ", ",") } else { value };
                        (String::from_utf8_lossy(name).into_owned(), value)
                    })
                    .filter(|(name, value)| !is_said_anyway(&tag.name, name, value))
                    .collect();
                said.push(format!("<{} {attributes:?}", String::from_utf8_lossy(&tag.name)));
            }
            // The end of what never began says nothing.
            Token::EndTag(tag) if !open.contains(&tag.name.to_vec()) => {}
            Token::EndTag(tag) => {
                open.pop_if(|last| *last == tag.name.to_vec());
                said.push(std::mem::take(&mut words));
                exact = exact.saturating_sub(usize::from(is_exact(&tag.name)));
                said.push(format!("</{}", String::from_utf8_lossy(&tag.name)));
            }
            Token::String(text) => {
                let text = String::from_utf8_lossy(&text).into_owned();
                match exact {
                    0 => words.extend(text.split_whitespace()),
                    _ => words.push_str(text.trim()),
                }
            }
            _ => {}
        }
    }
    said.push(words);
    said.retain(|part| !part.is_empty());
    said
}

/// What an attribute says by default, and empty ones that say nothing.
fn is_said_anyway(tag: &[u8], name: &str, value: &str) -> bool {
    let default = match (tag, name) {
        (b"script", "type") => "text/javascript",
        (b"style", "type") => "text/css",
        (b"link", "type") => "text/css",
        (b"form", "method") => "get",
        (b"button", "type") => "submit",
        (b"a", "target") => "_self",
        (_, "class" | "style" | "id") => "",
        _ => return false,
    };
    value == default
}

fn with(site: &Fixture, more: &str) {
    let config = std::fs::read_to_string(site.path("aither.toml")).unwrap();
    site.put("aither.toml", format!("{config}\n{more}"));
}

#[test]
fn small_pages_say_what_large_ones_say() {
    for name in ["hostile", "multilingual", "minimal"] {
        let site = Fixture::copy(name);
        site.build();
        let large = site.tree();
        with(&site, "[assets]\nminify_html = true\nfingerprint = false\n");
        let mut plain = Fixture::copy(name);
        plain.now = site.now;
        with(&plain, "[assets]\nfingerprint = false\n");
        plain.build();
        let plain = plain.tree();
        site.build();
        let small = site.tree();
        assert_eq!(
            large.keys().filter(|path| path.ends_with(".html")).count(),
            small.keys().filter(|path| path.ends_with(".html")).count()
        );
        let (mut before, mut after) = (0, 0);
        for (path, page) in plain.iter().filter(|(path, _)| path.ends_with(".html")) {
            let (page, made) = (page.as_slice(), small[path].as_slice());
            (before, after) = (before + page.len(), after + made.len());
            let (was, is) = (says(page), says(made));
            let differs = (1..was.len()).find(|at| was.get(*at) != is.get(*at));
            let differs = differs.map(|at| (was.get(at - 1..=at), is.get(at - 1..=at)));
            assert!(was == is, "{name}/{path}: {differs:?}");
        }
        assert!(after < before, "{name}: {after} of {before}");
        // Everything else stays, and so does the promise.
        for (path, bytes) in plain.iter().filter(|(path, _)| !path.ends_with(".html")) {
            assert!(small[path] == *bytes, "{name}/{path}");
        }
        assert_eq!(verified(&site).build.written, 0);
    }
}

#[test]
fn switching_it_renders_every_page_and_back() {
    let site = Fixture::with_courses(&[("c1", "Kurs", "2027-01-01")]).write("content/a.md", "A *b* c");
    site.build();
    let (config, large) = (std::fs::read_to_string(site.path("aither.toml")).unwrap(), site.tree());
    with(&site, "[assets]\nminify_html = true\nminify_js = true\n");
    site.build();
    let small = site.tree();
    assert!(small["a/index.html"].len() < large["a/index.html"].len());
    assert!(small["assets/catalogue.js"].len() < large["assets/catalogue.js"].len());
    site.put("aither.toml", config);
    site.build();
    assert_eq!(Fixture::changed(&large, &site.tree()), Vec::<String>::new());
}

#[test]
fn a_script_with_a_mistake_says_where_and_leaves_the_last_good_site() {
    let site = Fixture::with_courses(&[("c1", "Kurs", "2027-01-01")]);
    with(&site, "[assets]\nminify_js = true\n");
    site.build();
    let before = site.tree();
    site.put("static/own.js", "const a = 1;\nconst b = ;\n");
    let error = site.try_build(Default::default()).unwrap_err();
    assert!(error.message().starts_with("static/own.js:2:11: "), "{}", error.message());
    assert!(error.hints().iter().any(|hint| hint.contains("minify_js = false")), "{:?}", error.hints());
    assert!(site.tree() == before);
    site.remove("static/own.js");
    site.put("static/own.min.js", "const b = ;\n");
    site.build();
    assert_eq!(site.output("static/own.min.js".trim_start_matches("static/")), "const b = ;\n");
}

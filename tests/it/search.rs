//! The search: what is in its index, what a change rewrites, and what the script in the browser finds.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::fixture::{Fixture, row};

const CONFIG: &str = "source = \"file\"\n[site]\ntitle = \"Akademie\"\nbase_url = \"https://a.example/haus\"\n\
                      language = \"de\"\ntime_zone = \"Europe/Berlin\"\n[languages.en]\n[file]\npath = \"courses.json\"\n";

const TITLES: [&str; 8] = [
    "Ruhig verhandeln",
    "Führen ohne Vorgesetztenfunktion",
    "Mehrparteienverhandlung",
    "Konflikte klären",
    "Präsentieren & Überzeugen",
    "Systemisches Coaching",
    "Café der Straße",
    "Zeitmanagement",
];

fn site(courses: usize) -> Fixture {
    let rows: Vec<Value> = (0..courses)
        .map(|number| {
            let title =
                TITLES.get(number).map_or_else(|| format!("Werkstatt {number}"), |title| (*title).to_owned());
            let mut row = row(&format!("c{number:04}"), &title, "2027-02-10");
            row["description"] = format!("Ein Text über Methode {}.", number % 7).into();
            row["updatedAt"] = "2026-01-02T03:04:05Z".into();
            row["participants"] = json!([{ "name": "Geheime Person", "status": "NONE" }]);
            row
        })
        .collect();
    Fixture::new(CONFIG)
        .write("courses.json", serde_json::to_string(&rows).unwrap())
        .write("content/about.md", "+++\ntitle = \"Über uns\"\n+++\nWir arbeiten im Lindenhof.\n")
        .write("content/about.en.md", "+++\ntitle = \"About us\"\n+++\nPlanning stories since 1999.\n")
        .write("content/still.md", "+++\ntitle = \"Verborgen\"\n[extra]\nnoindex = true\n+++\nGeheimnis.\n")
        .write("content/draft.md", "+++\ntitle = \"Entwurf\"\ndraft = true\n+++\nGeheimnis.\n")
}

/// The files of the index below `search/`.
fn index(site: &Fixture) -> BTreeMap<String, Vec<u8>> {
    site.tree()
        .into_iter()
        .filter(|(path, _)| path.starts_with("search/") && path.ends_with(".json"))
        .collect()
}

#[test]
fn nothing_personal_hidden_or_unfinished_is_in_the_index() {
    let site = site(8);
    site.build();
    let files = index(&site);
    assert!(files.len() >= 3, "{:?}", files.keys());
    for (path, bytes) in &files {
        let text = String::from_utf8(bytes.clone()).unwrap().to_lowercase();
        assert!(serde_json::from_str::<Value>(&text).is_ok(), "{path}");
        for word in ["person", "verborgen", "geheim", "entwurf"] {
            assert!(!text.contains(word), "{path}: {word} in {text}");
        }
    }
    let page = site.output("search/index.html");
    for part in [
        "method=\"get\"",
        "name=\"q\"",
        "<noscript>",
        "aria-live=\"polite\"",
        "data-search=\"/haus/search/\"",
        "noindex",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!site.output("sitemap.xml").contains("/search/"));
    assert!(site.output("en/search/index.html").contains("data-search=\"/haus/en/search/\""));
}

#[test]
fn a_changed_title_rewrites_only_the_files_that_hold_its_words() {
    let site = site(400);
    site.build();
    let before = index(&site);
    assert!(before.len() > 30, "{}", before.len());
    let mut rows: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(site.path("courses.json")).unwrap()).unwrap();
    rows[100]["title"] = "Werkstatt Achtsamkeit".into();
    rows[100]["slug"] = "werkstatt-100".into();
    site.put("courses.json", serde_json::to_string(&rows).unwrap());
    site.build();
    let changed = Fixture::changed(&before, &index(&site));
    let count = |part: &str| changed.iter().filter(|path| path.starts_with(part)).count();
    // One record, the lost word and the new one, the list of words.
    assert_eq!(count("search/d/"), 1, "{changed:?}");
    assert!((1..=2).contains(&count("search/t/")), "{changed:?}");
    assert!(changed.len() <= 4, "{changed:?}");

    // A booking is told to nobody, and one record more renames no other.
    let before = index(&site);
    rows[7]["participantCount"] = 9.into();
    site.put("courses.json", serde_json::to_string(&rows).unwrap());
    let reasons = site.build().build.reasons;
    assert!(reasons.iter().all(|(path, _)| !path.starts_with("search/")), "{reasons:?}");
    let mut new = row("c00005", "Ganz neu", "2027-02-10");
    new["description"] = "Neuland.".into();
    rows.push(new);
    site.put("courses.json", serde_json::to_string(&rows).unwrap());
    site.build();
    let changed = Fixture::changed(&before, &index(&site));
    assert!(changed.len() <= 6, "{changed:?}");
}

#[test]
fn the_script_finds_words_with_endings_umlauts_and_typing_errors() {
    let Ok(node) = Command::new("node").arg("--version").output() else {
        eprintln!("SKIPPED: there is no node, so nobody runs the script of the search");
        return;
    };
    assert!(node.status.success());
    let site = site(60);
    site.build();
    let cases = json!([
        { "ask": "verhandeln", "first": "Ruhig verhandeln" },
        { "ask": "Verhandlung", "first": "Ruhig verhandeln", "has": ["Mehrparteienverhandlung"] },
        { "ask": "parteien", "first": "Mehrparteienverhandlung" },
        { "ask": "Führung", "first": "Führen ohne Vorgesetztenfunktion" },
        { "ask": "führen", "first": "Führen ohne Vorgesetztenfunktion" },
        { "ask": "fuehrte", "first": "Führen ohne Vorgesetztenfunktion" },
        { "ask": "FUHREN", "first": "Führen ohne Vorgesetztenfunktion" },
        { "ask": "konflikt", "first": "Konflikte klären" },
        { "ask": "koflikte", "first": "Konflikte klären" },
        { "ask": "präsent", "first": "Präsentieren & Überzeugen" },
        { "ask": "praesentiren", "first": "Präsentieren & Überzeugen" },
        { "ask": "zietmanagemant", "first": "Zeitmanagement" },
        { "ask": "strasse cafe", "first": "Café der Straße", "most": 1 },
        { "ask": "systemisch coaching und", "first": "Systemisches Coaching" },
        { "ask": "lindenhof", "first": "Über uns", "most": 1 },
        { "ask": "Methode", "most": 60 },
        { "ask": "xyzzyx", "none": true },
        { "ask": "<script>\"", "none": true },
        { "ask": "   ", "none": true },
        { "language": "en", "ask": "planned story", "first": "About us", "most": 1 },
    ]);
    site.put("cases.json", cases.to_string());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web/search.mjs");
    let run = Command::new("node")
        .arg(script)
        .arg(site.path("output"))
        .arg(site.path("cases.json"))
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

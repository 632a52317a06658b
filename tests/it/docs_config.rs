//! `docs/config.md` is made from the types of the configuration: their doc comments, and what an empty file gives.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use aither::config::{Config, Environment};

const FILE: &str = "docs/config.md";

/// The files of the types, in the order of the reference.
const SOURCES: [&str; 6] = ["mod.rs", "source.rs", "outputs.rs", "languages.rs", "features.rs", "serve.rs"];

/// A type of the configuration as its source has it.
#[derive(Debug, Default)]
struct Type {
    name: String,
    doc: String,
    is_enum: bool,
    /// Name, type and doc of each field; of an enum, its variants.
    fields: Vec<(String, String, String)>,
}

fn types() -> Vec<Type> {
    let mut all = Vec::new();
    for file in SOURCES {
        let text = fs::read_to_string(Path::new("src/config").join(file)).unwrap();
        let (mut doc, mut open): (Vec<&str>, Option<Type>) = (Vec::new(), None);
        for line in text.lines() {
            let code = line.trim();
            if let Some(comment) = code.strip_prefix("///") {
                doc.push(comment.trim());
                continue;
            }
            if code.starts_with("#[") {
                continue;
            }
            let said = std::mem::take(&mut doc).join(" ");
            let declared = ["pub struct ", "pub enum "].iter().find_map(|word| code.strip_prefix(word));
            if let (Some(declared), true) = (declared, line.starts_with("pub ") && code.ends_with('{')) {
                let name = declared.trim_end_matches('{').trim().to_owned();
                open =
                    Some(Type { name, doc: said, is_enum: code.starts_with("pub enum"), fields: Vec::new() });
            } else if line == "}" {
                all.extend(open.take());
            } else if let Some(found) = &mut open {
                if let Some((name, kind)) = code.strip_prefix("pub ").and_then(|field| field.split_once(": "))
                {
                    found.fields.push((name.to_owned(), kind.trim_end_matches(',').to_owned(), said));
                } else if found.is_enum && !code.is_empty() {
                    let name = code.split(['(', ',']).next().unwrap_or(code).to_owned();
                    found.fields.push((name, String::new(), said));
                }
            }
        }
    }
    all
}

/// The values of fields, by type and field, as the pretty form of a configuration shows them.
fn values(config: &Config, found: &mut BTreeMap<(String, String), String>) {
    let shown = format!("{config:#?}");
    let mut open: Vec<String> = Vec::new();
    for line in shown.lines() {
        let code = line.trim().trim_end_matches(',');
        if let Some(start) = code.strip_suffix('{') {
            open.push(start.rsplit(": ").next().unwrap_or(start).trim().to_owned());
        } else if let Some(start) = code.strip_suffix(['(', '[']) {
            open.push(start.to_owned());
        } else if matches!(code, "}" | ")" | "]") {
            open.pop();
        } else if let (Some((field, value)), Some(of)) = (code.split_once(": "), open.last()) {
            found.entry((of.clone(), field.to_owned())).or_insert_with(|| value.to_owned());
        }
    }
}

/// The key of a field: its doc begins with it. Others are no keys of the file.
fn key(doc: &str) -> Option<(&str, &str)> {
    let (key, rest) = doc.strip_prefix('`')?.split_once('`')?;
    let is_key = key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (is_key && !doc.contains("Not configurable"))
        .then(|| (key, rest.trim_start_matches([':', ',', ';', '.', ' '])))
}

fn reference() -> String {
    let types = types();
    let folder = tempfile::tempdir().unwrap();
    let mut defaults = BTreeMap::new();
    for text in ["", "[hemera]\nbase_url = \"https://x.example\"\n"] {
        fs::write(folder.path().join("aither.toml"), text).unwrap();
        values(&Config::load(folder.path(), &Environment::default()).unwrap(), &mut defaults);
    }
    let root = format!("{}/", folder.path().display());
    let mut page = String::from(
        "# Configuration\n\n<!-- Made from src/config/ by tests/it/docs_config.rs: don't edit. \
         `UPDATE_DOCS=1 cargo test --test it docs_config` makes it anew. -->\n\n\
         `aither.toml` stands in the root of a site. Every key has a default, and an unknown key is an error that says where it \
         is and what may be meant. Paths are relative to the file. Keys of services and tokens have no place in it: they come \
         from the environment ([README](../README.md#configuration)).\n\nAt the top stands `source`: ",
    );
    let source = types.iter().find(|known| known.name == "Source").unwrap();
    let sources: Vec<String> = source
        .fields
        .iter()
        .map(|(_, _, doc)| doc.trim_end_matches('.').replace("`source = ", "`"))
        .collect();
    let _ = writeln!(page, "{}.", sources.join("; "));
    let mut sections: Vec<&Type> = types.iter().filter(|known| known.doc.starts_with("`[")).collect();
    // The file of courses has no type of its own.
    sections
        .sort_by_key(|known| !matches!(known.name.as_str(), "Site" | "Organisation" | "Language" | "Hemera"));
    for section in sections {
        let (table, about) = section.doc[1..].split_once('`').unwrap();
        let _ = write!(page, "\n## {table}\n\n");
        let about =
            about.trim_start_matches([':', '.', ' ']).split("[`Default`]").next().unwrap_or_default().trim();
        if !about.is_empty() {
            let mut letters = about.chars();
            let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
            let _ = writeln!(page, "{first}{}\n", letters.as_str());
        }
        page.push_str("| Key | Value | Default | |\n| --- | --- | --- | --- |\n");
        rows(&mut page, section, &types, &defaults, &root);
    }
    page
}

fn rows(
    page: &mut String,
    section: &Type,
    types: &[Type],
    defaults: &BTreeMap<(String, String), String>,
    root: &str,
) {
    for (field, kind, doc) in &section.fields {
        // What several tables have in common is a type of its own, without a table.
        let common = types.iter().find(|known| known.name == *kind && !known.is_enum);
        if let Some(common) = common.filter(|common| !common.doc.starts_with("`[")) {
            rows(page, common, types, defaults, root);
            continue;
        }
        let Some((key, about)) = key(doc) else { continue };
        let inner = kind.trim_start_matches("Option<").trim_end_matches('>');
        let choices = types.iter().find(|known| known.is_enum && known.name == inner);
        let value = match (choices, kind.as_str()) {
            (Some(choices), _) => {
                let words = choices.fields.iter().filter_map(|(_, _, doc)| doc.split('`').nth(1));
                let words = words.filter(|word| word.starts_with('"'));
                words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
            }
            (None, kind) => words_for(kind).to_owned(),
        };
        let default = defaults.get(&(section.name.clone(), field.clone())).map(String::as_str);
        // What an empty file cannot say, or what depends on the language.
        let is_told = !matches!((section.name.as_str(), key), (_, "base_url") | ("Language", "name"))
            || section.name == "Site";
        let default = match (default.filter(|_| is_told), choices) {
            (_, _) if kind == "TimeZone" => "`\"UTC\"`".to_owned(),
            (Some("None") | None, _) => String::new(),
            (Some("\"\"" | "{}" | "[]" | "[" | "{"), _) => String::new(),
            (Some(variant), Some(choices)) => {
                let chosen = choices.fields.iter().find(|(name, _, _)| name == variant);
                chosen
                    .and_then(|(_, _, doc)| doc.split('`').nth(1))
                    .map(|word| format!("`{word}`"))
                    .unwrap_or_default()
            }
            (Some(value), None) if kind == "Duration" => format!("`{}`", value.trim_end_matches('s')),
            (Some(value), None) if kind.contains("Addr") => format!("`\"{value}\"`"),
            (Some(value), None) => format!("`{}`", value.replace(root, "")),
        };
        let more = choices.map(|choices| {
            let said =
                choices.fields.iter().filter(|(_, _, doc)| doc.starts_with("`\"") && doc.contains("`: "));
            said.map(|(_, _, doc)| doc.trim_end_matches('.').to_owned()).collect::<Vec<_>>().join("; ")
        });
        let about = [about.trim_end_matches('.'), more.as_deref().unwrap_or_default()];
        let about: Vec<&str> = about.into_iter().filter(|text| !text.is_empty()).collect();
        let about = about.join(". ").replace("[`", "`").replace("`]", "`").replace('|', "\\|");
        let _ = writeln!(page, "| `{key}` | {value} | {default} | {about} |");
        // What only one of the choices needs.
        for (_, _, doc) in choices.into_iter().flat_map(|choices| &choices.fields) {
            if let Some((key, about)) = self::key(doc) {
                let _ = writeln!(page, "| `{key}` | a text |  | {} |", about.trim_end_matches('.'));
            }
        }
    }
}

fn words_for(kind: &str) -> &'static str {
    match kind {
        "bool" | "Option<bool>" => "true or false",
        "Duration" => "seconds",
        "toml::Table" => "a table",
        "PathBuf" => "a folder",
        "Vec<String>" => "a list of texts",
        "IpAddr" => "an IP address",
        "Vec<IpAddr>" => "a list of IP addresses",
        "TimeZone" => "a text",
        "BTreeMap<String, String>" => "a table",
        kind if kind.contains("String") || kind.contains("str") => "a text",
        kind if ["u8", "u16", "u32", "u64", "usize", "i64"].iter().any(|number| kind.contains(number)) => {
            "a whole number"
        }
        _ => "",
    }
}

#[test]
fn the_reference_says_what_the_types_say() {
    let made = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(FILE, &made).unwrap();
    }
    let written = fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        written == made,
        "{FILE} is not what src/config/ says: run `UPDATE_DOCS=1 cargo test --test it docs_config` and look at the change"
    );
}

/// Every key that the program asks for, in the words of its own error messages, is in the reference.
#[test]
fn the_reference_has_every_key_of_the_program() {
    let mut keys = std::collections::BTreeSet::new();
    for file in ["read.rs", "sources.rs", "outputs.rs", "languages.rs", "features.rs", "serve.rs"] {
        let text = fs::read_to_string(Path::new("src/config").join(file)).unwrap();
        for call in [
            "checked(\"",
            "string(\"",
            "boolean(\"",
            "integer(\"",
            "choice(\"",
            "strings(\"",
            "free(\"",
            "switch(\"",
            "seconds(\"",
            "number(\"",
            "size(\"",
            "folder(\"",
        ] {
            keys.extend(
                text.split(call).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned),
            );
        }
    }
    let page = fs::read_to_string(FILE).unwrap();
    // These two stand in the text above the tables.
    let told = ["source", "path"];
    let missing: Vec<&String> = keys
        .iter()
        .filter(|key| !told.contains(&key.as_str()) && !page.contains(&format!("| `{key}` |")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(keys.len() > 40, "{keys:?}");
}

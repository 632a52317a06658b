//! The floors of the house: a room imports only what lies below it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms with what each may import.
const ROOMS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("base", &["error"]),
    ("config", &["error", "base"]),
    ("model", &["error", "base"]),
    ("liquid", &["error", "base"]),
    ("assets", &["error", "base"]),
    ("source", &["error", "base", "config", "model"]),
    ("theme", &["error", "base", "config", "model", "liquid", "assets"]),
    ("site", &["error", "base", "config", "model"]),
    ("notify", &["error", "base", "config", "model"]),
    ("sync", &["error", "base", "config", "model", "source"]),
    ("check", &["error", "base"]),
    ("build", &["error", "base", "config", "model", "assets", "site", "theme"]),
    (
        "project",
        &[
            "error", "base", "config", "model", "liquid", "assets", "source", "theme", "site", "notify",
            "sync", "check", "build",
        ],
    ),
    (
        "serve",
        &[
            "error", "base", "config", "model", "liquid", "assets", "source", "theme", "site", "notify",
            "sync", "check", "build", "project",
        ],
    ),
    (
        "cli",
        &[
            "error", "base", "config", "model", "liquid", "assets", "source", "theme", "site", "notify",
            "sync", "check", "build", "project", "serve",
        ],
    ),
];

/// Libraries that have one home.
const HOMES: &[(&str, &str)] = &[
    ("ureq", "src/base/http/"),
    ("hmac", "src/base/"),
    ("sha1", "src/base/oauth1"),
    ("base64", "src/base/"),
    ("percent_encoding", "src/base/encode"),
    ("zip", "src/source/oneroster/"),
    ("brotli", "src/base/compress"),
    ("flate2", "src/base/compress"),
    ("zstd", "src/base/compress"),
    ("lettre", "src/notify/mail"),
    ("tracing", "src/cli/logs"),
    ("tracing_subscriber", "src/cli/logs"),
    ("clap", "src/cli/"),
    ("clap_complete", "src/cli/"),
    ("clap_mangen", "src/cli/"),
    ("indicatif", "src/cli/"),
    ("pulldown_cmark", "src/base/markdown"),
    ("icu_datetime", "src/theme/dialect/locale"),
    ("icu_decimal", "src/theme/dialect/locale"),
    ("icu_plurals", "src/theme/dialect/locale"),
    ("icu_locale", "src/theme/dialect/tongue"),
    ("syntect", "src/base/highlight"),
    ("two_face", "src/base/highlight"),
    ("html5gum", "src/check/"),
    ("minify_html", "src/base/minify"),
    ("oxc_allocator", "src/assets/script"),
    ("oxc_codegen", "src/assets/script"),
    ("oxc_minifier", "src/assets/script"),
    ("oxc_parser", "src/assets/script"),
    ("oxc_span", "src/assets/script"),
    ("csv", "src/source/"),
    ("serde_saphyr", "src/source/local/data"),
    ("ab_glyph", "src/base/card/"),
    ("hyper", "src/serve/"),
    ("tokio", "src/serve/"),
    ("notify", "src/serve/watch"),
    ("lightningcss", "src/assets/css"),
    ("grass_compiler", "src/assets/sass"),
    ("fast_image_resize", "src/assets/image/"),
    ("moxcms", "src/assets/image/"),
    ("webp", "src/assets/image/"),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// `src/build/run.rs` is in the room `build`, `src/config.rs` is the room `config`.
fn room(path: &Path) -> String {
    let relative = path.strip_prefix("src").unwrap();
    let first = relative.iter().next().unwrap().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn all() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    sources(Path::new("src"), &mut found);
    found.sort();
    found.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The rooms named after `crate::` anywhere in a file, comments left out.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or("");
        for (at, _) in code.match_indices("crate::") {
            let rest = &code[at + "crate::".len()..];
            if let Some(list) = rest.strip_prefix('{') {
                let list = list.split('}').next().unwrap_or("");
                let names = list.split(',').map(|name| name.split("::").next().unwrap_or("").trim());
                found.extend(names.filter(|name| !name.is_empty()).map(|name| (number + 1, name.to_owned())));
            } else {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                found.push((number + 1, rest[..end].to_owned()));
            }
        }
    }
    found
}

#[test]
fn a_room_imports_only_what_lies_below_it() {
    let may: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (path, text) in all() {
        let room = room(&path);
        if matches!(room.as_str(), "lib" | "main") {
            continue;
        }
        let Some(allowed) = may.get(room.as_str()) else {
            wrong.push(format!("{}: the room `{room}` has no floor", path.display()));
            continue;
        };
        for (line, name) in imports(&text) {
            if name != room && may.contains_key(name.as_str()) && !allowed.contains(&name.as_str()) {
                wrong.push(format!(
                    "{}:{line}: `{room}` imports `{name}`, which is not below it",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_library_is_named_only_at_its_home() {
    let mut wrong = Vec::new();
    for (path, text) in all() {
        let place = path.to_string_lossy().replace('\\', "/");
        for (library, home) in HOMES {
            let uses = text.lines().any(|line| {
                let code = line.split("//").next().unwrap_or("").trim_start();
                code.starts_with(&format!("use {library}::"))
                    || code.starts_with(&format!("use {library};"))
                    || (*library != "notify" && code.contains(&format!("{library}::")))
            });
            if uses && !place.starts_with(home) {
                wrong.push(format!("{place} uses {library}, whose home is {home}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_rooms_do_no_input_or_output() {
    let mut wrong = Vec::new();
    for (path, text) in all() {
        if matches!(room(&path).as_str(), "site" | "model") {
            for word in ["std::fs", "std::net", "std::env", "base::files", "base::http"] {
                if text.contains(word) {
                    wrong.push(format!("{} uses {word}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_check_itself_sees_an_import_that_goes_up() {
    assert_eq!(imports("use crate::serve::X; // crate::cli"), [(1, "serve".to_owned())]);
    assert_eq!(imports("a::<crate::site::Y>(crate::{base::x, cli})").len(), 3);
}

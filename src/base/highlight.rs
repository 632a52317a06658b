//! Code with its parts marked, for style sheets to colour. The grammars are unpacked at the first code that was not marked
//! before: what was, is kept in a file between builds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use super::digest::{Digest, Hasher};
use super::files;
use super::text::escaped;
use crate::error::Result;

/// Longer code is shown plain: nobody reads it for its colours.
const LONGEST: usize = 200_000;
/// A line longer than this is data, on which the patterns of grammars may take ages.
const LONGEST_LINE: usize = 4_000;

/// What decides how code is marked besides itself.
const VERSION: &str = "1 two-face 0.5.2";

/// The parts that are told apart: the class, and the scopes of the grammars that it stands for. The first that fits the
/// innermost scope holds.
const CLASSES: &[(&str, &[&str])] = &[
    ("hl-c", &["comment"]),
    ("hl-e", &["constant.character.escape", "string.regexp"]),
    ("hl-n", &["constant.numeric"]),
    ("hl-l", &["constant", "support.constant"]),
    ("hl-s", &["string", "markup.raw", "markup.inserted"]),
    ("hl-d", &["markup.deleted"]),
    (
        "hl-f",
        &[
            "entity.name.function",
            "support.function",
            "variable.function",
            "entity.name.section",
            "markup.heading",
        ],
    ),
    ("hl-a", &["entity.other.attribute-name", "support.type.property-name", "entity.name.tag.yaml"]),
    ("hl-g", &["entity.name.tag"]),
    ("hl-t", &["entity.name", "entity.other.inherited-class", "support.type", "support.class"]),
    ("hl-k", &["keyword", "storage"]),
];

/// Marks code, and remembers what it marked.
#[derive(Debug, Default)]
pub struct Highlighter {
    /// Where the memory is kept.
    path: Option<PathBuf>,
    before: OnceLock<BTreeMap<String, String>>,
    /// What was asked for since, with the answers; those that came from the memory are marked as known.
    asked: Mutex<BTreeMap<String, (String, bool)>>,
}

impl Highlighter {
    /// One that keeps its memory in the state folder.
    pub fn keeping(state: &Path) -> Self {
        Self { path: Some(state.join("code.json")), ..Self::default() }
    }

    /// The code as HTML with classes, or nothing where the language is not known.
    pub fn mark(&self, language: &str, code: &str) -> Option<String> {
        if code.len() > LONGEST || code.lines().any(|line| line.len() > LONGEST_LINE) {
            return None;
        }
        let mut key = Hasher::new(VERSION);
        key.field(language.as_bytes()).field(code.as_bytes());
        let key = key.finish().to_string();
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some((html, _)) = asked {
            return Some(html).filter(|html| !html.is_empty());
        }
        let known = self.before.get_or_init(|| self.load()).get(&key).cloned();
        let is_known = known.is_some();
        // An unknown language is an answer as well, and kept as an empty one.
        let html = known.unwrap_or_else(|| marked(language, code).unwrap_or_default());
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(key, (html.clone(), is_known));
        Some(html).filter(|html| !html.is_empty())
    }

    /// Keeps what was asked for since the beginning, and forgets what nobody asked for.
    pub fn save(&self) -> Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.before.get().map_or(0, BTreeMap::len);
        if asked.len() == before && asked.values().all(|(_, is_known)| *is_known) {
            return Ok(());
        }
        let kept: BTreeMap<&String, &String> = asked.iter().map(|(key, (html, _))| (key, html)).collect();
        let text = serde_json::to_string(&kept).unwrap_or_default();
        files::replace(path, format!("{}\n{text}", Digest::of(text.as_bytes())).as_bytes())
    }

    /// What is remembered. A damaged memory is none: it costs time, nothing else.
    fn load(&self) -> BTreeMap<String, String> {
        let read = || {
            let bytes = files::read_if_present(self.path.as_ref()?).ok()??;
            let (sum, text) = std::str::from_utf8(&bytes).ok()?.split_once('\n')?;
            (sum == Digest::of(text.as_bytes()).to_string()).then(|| serde_json::from_str(text).ok())?
        };
        read().unwrap_or_default()
    }
}

fn grammars() -> &'static SyntaxSet {
    static GRAMMARS: OnceLock<SyntaxSet> = OnceLock::new();
    GRAMMARS.get_or_init(two_face::syntax::extra_newlines)
}

fn grammar(language: &str) -> Option<&'static SyntaxReference> {
    let language = match language.to_lowercase().as_str() {
        "shell" | "console" | "shell-session" => "bash".to_owned(),
        "jsonc" | "json5" => "json".to_owned(),
        "liquid" | "jinja" | "jinja2" => "html".to_owned(),
        other => other.to_owned(),
    };
    if matches!(language.as_str(), "text" | "txt" | "plain" | "plaintext" | "none") {
        return None;
    }
    grammars().find_syntax_by_token(&language)
}

fn marked(language: &str, code: &str) -> Option<String> {
    static SCOPES: OnceLock<Vec<(&str, Vec<Scope>)>> = OnceLock::new();
    let scopes = SCOPES.get_or_init(|| {
        let scopes = |names: &&[&str]| names.iter().filter_map(|name| Scope::new(name).ok()).collect();
        CLASSES.iter().map(|(class, names)| (*class, scopes(names))).collect()
    });
    let class_of = |stack: &ScopeStack| {
        stack.as_slice().iter().rev().find_map(|scope| {
            let fits = |(_, prefixes): &&(&str, Vec<Scope>)| {
                prefixes.iter().any(|prefix| prefix.is_prefix_of(*scope))
            };
            scopes.iter().find(fits).map(|(class, _)| *class)
        })
    };
    let set = grammars();
    let mut state = ParseState::new(grammar(language)?);
    let mut stack = ScopeStack::new();
    let mut html = Marked::default();
    for line in code.split_inclusive('\n') {
        let mut from = 0;
        for (at, change) in state.parse_line(line, set).ok()? {
            let at = at.clamp(from, line.len());
            html.push(line.get(from..at)?, class_of(&stack));
            stack.apply(&change).ok()?;
            from = at;
        }
        html.push(line.get(from..)?, class_of(&stack));
    }
    Some(html.finish())
}

/// HTML with spans: neighbours of one class share one.
#[derive(Default)]
struct Marked {
    html: String,
    class: Option<&'static str>,
}

impl Marked {
    fn push(&mut self, text: &str, class: Option<&'static str>) {
        if text.is_empty() {
            return;
        }
        // White space looks the same in any colour.
        let class = if text.trim().is_empty() { self.class } else { class };
        if class != self.class {
            if self.class.is_some() {
                self.html.push_str("</span>");
            }
            if let Some(class) = class {
                self.html.push_str(&format!("<span class=\"{class}\">"));
            }
            self.class = class;
        }
        self.html.push_str(&escaped(text));
    }

    fn finish(mut self) -> String {
        if self.class.is_some() {
            self.html.push_str("</span>");
        }
        self.html
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_code_have_classes() {
        let rust = marked("rust", "fn main() { let x = \"<b>\"; } // ok\n").unwrap();
        assert!(rust.contains("<span class=\"hl-s\">&quot;&lt;b&gt;&quot;</span>"), "{rust}");
        assert!(rust.contains("<span class=\"hl-c\">// ok\n</span>"), "{rust}");
        for language in
            ["toml", "ts", "sh", "console", "json", "yaml", "html", "css", "python", "sql", "dockerfile"]
        {
            assert!(marked(language, "a = 1\n").is_some(), "{language}");
        }
        for language in ["text", "nonsense", ""] {
            assert_eq!(marked(language, "a = 1\n"), None, "{language}");
        }
    }

    #[test]
    fn what_was_marked_is_remembered_and_what_nobody_asks_for_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let first = Highlighter::keeping(folder.path());
        let html = first.mark("rust", "let a = 1;\n").unwrap();
        first.mark("rust", "let b = 2;\n");
        first.save().unwrap();
        let second = Highlighter::keeping(folder.path());
        assert_eq!(second.mark("rust", "let a = 1;\n").as_ref(), Some(&html));
        assert!(second.asked.lock().unwrap().values().all(|(_, is_known)| *is_known));
        second.save().unwrap();
        assert_eq!(Highlighter::keeping(folder.path()).load().len(), 1);
        let file = folder.path().join("code.json");
        let text = std::fs::read_to_string(&file).unwrap().replace("hl-k", "hl-x");
        files::replace(&file, text.as_bytes()).unwrap();
        assert_eq!(Highlighter::keeping(folder.path()).mark("rust", "let a = 1;\n"), Some(html));
    }

    #[test]
    fn no_code_is_too_odd() {
        for code in
            ["\"", "'''", "{{{{", "\\", "<a <b", "\0\n", "ä\u{2028}", &"x".repeat(10_000), "/*", "${${${"]
        {
            for language in ["rust", "js", "bash", "html", "toml", "php", "perl", "markdown"] {
                let _ = marked(language, code);
                let _ = Highlighter::default().mark(language, code);
            }
        }
    }
}

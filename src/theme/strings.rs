//! What a theme itself says, by language: `i18n/LANG.toml` of the theme, with the site's own `i18n/LANG.toml` over it.

use std::collections::BTreeMap;
use std::path::Path;

use super::builtin;
use super::places::Folder;
use crate::base::files;
use crate::error::{Error, Kind, Result};
use crate::model::view::{Map, Value};

/// The folder of texts, in a theme and in a site.
const FOLDER: &str = "i18n";

/// The language that texts fall back to in the end.
const LAST: &str = "en";

/// All texts by the language's tag in lower case.
#[derive(Debug, Default)]
pub(super) struct Strings(BTreeMap<String, toml::Table>);

impl Strings {
    /// Reads the texts of the theme, and those of the site, in `texts`, over them. `root` shortens paths in messages. `inline` is what `theme.toml` says.
    pub(super) fn read(root: &Path, texts: &Path, theme: &Folder, inline: &toml::Table) -> Result<Self> {
        let mut strings = Self::default();
        for (language, texts) in inline {
            if let toml::Value::Table(texts) = texts {
                strings.add(language, texts.clone());
            }
        }
        match theme {
            Folder::Disk(folder) => strings.folder(root, &folder.join(FOLDER))?,
            Folder::BuiltIn => {
                for (path, bytes) in builtin::FILES {
                    let name = path.strip_prefix(FOLDER).and_then(|rest| rest.strip_prefix('/'));
                    if let Some(language) = name.and_then(|name| name.strip_suffix(".toml")) {
                        let text = std::str::from_utf8(bytes).unwrap_or_default();
                        strings.add(language, parsed(&format!("built-in academy/{path}"), text)?);
                    }
                }
            }
        }
        strings.folder(root, texts)?;
        Ok(strings)
    }

    fn folder(&mut self, root: &Path, folder: &Path) -> Result<()> {
        for path in files::walk(folder)? {
            let full = folder.join(&path);
            let label = files::slashed(full.strip_prefix(root).unwrap_or(&full));
            let name = files::slashed(&path);
            let Some(language) = name.strip_suffix(".toml").filter(|name| !name.contains('/')) else {
                return Err(Error::new(Kind::Config, format!("{label} is no file of texts"))
                    .hint("the texts of a language stand in `i18n/LANG.toml`, for example `i18n/de.toml`"));
            };
            self.add(language, parsed(&label, &files::read_text(&full)?)?);
        }
        Ok(())
    }

    fn add(&mut self, language: &str, texts: toml::Table) {
        self.0.entry(language.to_ascii_lowercase()).or_default().extend(texts);
    }

    /// The texts for a language: those of the tag itself over those of its first part, over those of the site's main
    /// language, over the English ones.
    pub(super) fn of(&self, language: &str, main: &str) -> Map {
        let own = chain(language);
        let others = chain(main).into_iter().chain([LAST.to_owned()]);
        let tags: Vec<String> = own.into_iter().chain(others).collect();
        let mut merged = toml::Table::new();
        for tag in tags.into_iter().rev() {
            if let Some(texts) = self.0.get(&tag) {
                merged.extend(texts.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
        }
        merged.iter().map(|(key, value)| (key.clone(), Value::from(value))).collect()
    }

    /// One warning of all texts that a language does not have, if there are any.
    pub(super) fn missing(&self, language: &str, main: &str) -> Option<String> {
        const SHOWN: usize = 3;
        let own = chain(language);
        let has =
            |key: &str| own.iter().any(|tag| self.0.get(tag).is_some_and(|texts| texts.contains_key(key)));
        let all: std::collections::BTreeSet<&str> = (chain(main).into_iter().chain([LAST.to_owned()]))
            .filter_map(|tag| self.0.get(&tag))
            .flat_map(|texts| texts.keys().map(String::as_str))
            .collect();
        let missing: Vec<&str> = all.iter().copied().filter(|key| !has(key)).collect();
        if missing.is_empty() {
            return None;
        }
        let mut named = missing.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
        if missing.len() > SHOWN {
            named.push_str(", …");
        }
        let (count, total) = (missing.len(), all.len());
        Some(format!(
            "the theme has no `{language}` for {count} of its {total} texts ({named}): write them in i18n/{language}.toml"
        ))
    }
}

/// The tags in which a language is looked for, best first: `de-CH`, then `de`.
fn chain(language: &str) -> Vec<String> {
    let tag = language.to_ascii_lowercase();
    let primary = tag.split('-').next().unwrap_or_default().to_owned();
    if primary == tag { vec![tag] } else { vec![tag, primary] }
}

fn parsed(label: &str, text: &str) -> Result<toml::Table> {
    text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        Error::new(Kind::Config, format!("{label}:{line}: {}", error.message()))
    })
}

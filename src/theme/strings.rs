//! What a theme itself says, by language: `i18n/LANG.toml` of the theme, with the site's own `i18n/LANG.toml` over it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use toml::de::DeTable;

use super::builtin;
use super::places::Folder;
use crate::base::files;
use crate::base::mistakes::{self, Mistake, shown};
use crate::base::text::did_you_mean;
use crate::error::{Error, Kind, Result};
use crate::model::view::{Map, Value};

/// The folder of texts, in a theme and in a site.
const FOLDER: &str = "i18n";

/// The language that texts fall back to in the end.
const LAST: &str = "en";

/// All texts by the language's tag in lower case.
#[derive(Debug, Default)]
pub(super) struct Strings {
    texts: BTreeMap<String, toml::Table>,
    /// Those that the site brings.
    own: Vec<Own>,
    /// The names of the texts of the theme.
    known: BTreeSet<String>,
}

/// A text of the site's own, and where it stands.
#[derive(Debug)]
struct Own {
    /// `i18n/de.toml:3`.
    place: String,
    /// The language in lower case.
    language: String,
    name: String,
}

impl Strings {
    /// Reads the texts of the theme, and those of the site, in `texts`, over them. `root` shortens paths in messages. `inline` is what `theme.toml` says.
    pub(super) fn read(root: &Path, texts: &Path, theme: &Folder, inline: &toml::Table) -> Result<Self> {
        let mut strings = Self::default();
        for (language, texts) in inline {
            let toml::Value::Table(texts) = texts else {
                let message = format!("theme.toml: [strings] has `{}`, which is no table", shown(language));
                return Err(Error::new(Kind::Config, message)
                    .hint("the texts of a language stand in `[strings.LANG]`, for example `[strings.de]`"));
            };
            strings.add(language, texts.clone());
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
        strings.known = strings.texts.values().flat_map(|texts| texts.keys().cloned()).collect();
        strings.site(root, texts)?;
        Ok(strings)
    }

    /// The texts of the theme.
    fn folder(&mut self, root: &Path, folder: &Path) -> Result<()> {
        read(root, folder, &mut |label, language, text| {
            self.add(language, parsed(label, text)?);
            Ok(())
        })
    }

    /// The texts of the site, which are of the same kinds as those of the theme.
    fn site(&mut self, root: &Path, folder: &Path) -> Result<()> {
        let mut wrong = Vec::new();
        let mut found = Vec::new();
        read(root, folder, &mut |label, language, text| {
            let texts = parsed(label, text)?;
            let places = places(text);
            for (name, value) in &texts {
                let span = places.get(name).cloned().unwrap_or(0..0);
                if let Some(message) = self.objection(name, value) {
                    wrong.push(Mistake::new(label, message).at(text, span.clone()));
                }
                let line = 1 + text.get(..span.start).unwrap_or_default().matches('\n').count();
                let (place, language) = (format!("{label}:{line}"), language.to_ascii_lowercase());
                self.own.push(Own { place, language, name: name.clone() });
            }
            found.push((language.to_owned(), texts));
            Ok(())
        })?;
        if !wrong.is_empty() {
            return Err(mistakes::together(Kind::Config, wrong));
        }
        found.into_iter().for_each(|(language, texts)| self.add(&language, texts));
        Ok(())
    }

    /// What is wrong with a text of the site.
    fn objection(&self, name: &str, value: &toml::Value) -> Option<String> {
        let theirs = self.texts.values().find_map(|texts| texts.get(name))?;
        let forms =
            |value: &toml::Value| value.as_table().map(|forms| forms.values().all(toml::Value::is_str));
        let is_good = match theirs {
            toml::Value::Table(_) => forms(value) == Some(true),
            theirs => theirs.type_str() == value.type_str(),
        };
        let wanted = match theirs {
            toml::Value::String(_) => "a text in quotation marks",
            toml::Value::Table(_) => "a table of texts, one for each form",
            theirs => theirs.type_str(),
        };
        (!is_good).then(|| format!("`{}` must be {wanted}, not {}", shown(name), kind(value)))
    }

    /// Texts of the site that nobody sees: in languages that it does not have, or by names that neither the theme has nor a
    /// template (`templates`) asks for. `languages` are those of the site, `others` names that templates put together.
    pub(super) fn unseen(&self, languages: &[&str], templates: &[&str], others: &[&str]) -> Vec<String> {
        let mut spoken: BTreeSet<String> = languages.iter().flat_map(|language| chain(language)).collect();
        spoken.insert(LAST.to_owned());
        let mut told = BTreeMap::new();
        let mut names = Vec::new();
        for own in &self.own {
            if !spoken.contains(&own.language) {
                let file = own.place.rsplit_once(':').map_or(&*own.place, |(file, _)| file);
                let known = languages.join("`, `");
                told.entry(&own.language).or_insert_with(|| {
                    format!(
                        "{file}: nobody sees these texts, as the site is not in `{}` (it is in `{known}`)",
                        own.language
                    )
                });
            } else if !self.known.is_empty()
                && !self.known.contains(&own.name)
                && !others.contains(&&*own.name)
                && !templates.iter().any(|text| asks_for(text, &own.name))
            {
                let alike = did_you_mean(&own.name, self.known.iter().map(String::as_str));
                let alike = alike.map(|alike| format!(": {alike}")).unwrap_or_default();
                let name = shown(&own.name);
                names.push(format!(
                    "{}: neither the theme nor a template has a text `{name}`{alike}",
                    own.place
                ));
            }
        }
        told.into_values().chain(names).collect()
    }
}

/// Whether a template may show the text of this name: it stands in it, or its beginning does, as in `'level_' | append: …`.
fn asks_for(template: &str, name: &str) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let stands = template.match_indices(name).any(|(at, _)| {
        let before = at.checked_sub(1).and_then(|at| template.as_bytes().get(at));
        !is_word(before) && !is_word(template.as_bytes().get(at + name.len()))
    });
    let begins = |(at, _): (usize, char)| {
        let beginning = &name[..=at];
        ['\'', '"'].iter().any(|quote| template.contains(&format!("{quote}{beginning}{quote}")))
    };
    stands || name.char_indices().filter(|(_, c)| *c == '_').any(begins)
}

/// What a value is, for people.
fn kind(value: &toml::Value) -> &'static str {
    match value {
        toml::Value::String(_) => "a text",
        toml::Value::Integer(_) | toml::Value::Float(_) => "a number",
        toml::Value::Boolean(_) => "true or false",
        toml::Value::Datetime(_) => "a date",
        toml::Value::Array(_) => "a list",
        toml::Value::Table(_) => "a table",
    }
}

/// Where the texts of a file stand.
fn places(text: &str) -> BTreeMap<String, Range<usize>> {
    let entries = DeTable::parse(text).map(toml::Spanned::into_inner).unwrap_or_default();
    entries.keys().map(|name| (name.get_ref().to_string(), name.span())).collect()
}

/// Reads all files of a folder of texts: what names each in messages, its language, its text.
fn read(root: &Path, folder: &Path, each: &mut dyn FnMut(&str, &str, &str) -> Result<()>) -> Result<()> {
    for path in files::walk(folder)? {
        let full = folder.join(&path);
        let label = files::slashed(full.strip_prefix(root).unwrap_or(&full));
        let name = files::slashed(&path);
        let Some(language) = name.strip_suffix(".toml").filter(|name| !name.contains('/')) else {
            return Err(Error::new(Kind::Config, format!("{label} is no file of texts"))
                .hint("the texts of a language stand in `i18n/LANG.toml`, for example `i18n/de.toml`"));
        };
        each(&label, language, &files::read_text(&full)?)?;
    }
    Ok(())
}

impl Strings {
    fn add(&mut self, language: &str, texts: toml::Table) {
        self.texts.entry(language.to_ascii_lowercase()).or_default().extend(texts);
    }

    /// The texts for a language: those of the tag itself over those of its first part, over those of the site's main
    /// language, over the English ones.
    pub(super) fn of(&self, language: &str, main: &str) -> Map {
        let own = chain(language);
        let others = chain(main).into_iter().chain([LAST.to_owned()]);
        let tags: Vec<String> = own.into_iter().chain(others).collect();
        let mut merged = toml::Table::new();
        for tag in tags.into_iter().rev() {
            if let Some(texts) = self.texts.get(&tag) {
                merged.extend(texts.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
        }
        merged.iter().map(|(key, value)| (key.clone(), Value::from(value))).collect()
    }

    /// One warning of all texts that a language does not have, if there are any.
    pub(super) fn missing(&self, language: &str, main: &str) -> Option<String> {
        const SHOWN: usize = 3;
        let own = chain(language);
        let has = |key: &str| {
            own.iter().any(|tag| self.texts.get(tag).is_some_and(|texts| texts.contains_key(key)))
        };
        let all: std::collections::BTreeSet<&str> = (chain(main).into_iter().chain([LAST.to_owned()]))
            .filter_map(|tag| self.texts.get(&tag))
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

//! `[languages]`: in which languages the site appears, and what is another in each.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::features::Tongues;
use super::{Config, MenuEntry, checks, read};
use crate::base::mistakes::shown;
use crate::base::tables::{Sheet, Table};

/// `[languages.CODE]`: a language of the site. The main one is that of `[site]`, and lives at the root; each other has a tree of its own.
#[derive(Debug, Clone, Default)]
pub struct Language {
    /// A BCP 47 tag: `en`, `de-CH`.
    pub code: String,
    /// `name`: how the language calls itself, such as English.
    pub name: String,
    /// `title`, instead of the site's.
    pub title: Option<String>,
    /// `description`, instead of the site's.
    pub description: Option<String>,
    /// `extra`: over `[site.extra]`.
    pub extra: toml::Table,
    /// `options`: over `[theme.options]`, such as menu, footer and what else is text.
    pub options: toml::Table,
    /// `menus`: instead of those of `[[menus.NAME]]`, by their names.
    pub menus: BTreeMap<String, Vec<MenuEntry>>,
}

impl Language {
    /// The path before every address of the language: `/en`. The main language has none.
    fn prefix(&self) -> String {
        format!("/{}", self.code.to_ascii_lowercase())
    }

    pub(super) fn main(code: &str) -> Self {
        Self { code: code.to_owned(), name: own_name(code), ..Self::default() }
    }
}

/// The languages of `[languages]`, the main one first.
pub(super) fn read(sheet: &Sheet<'_>, main: &str, table: Option<Table<'_, '_>>) -> Vec<Language> {
    let mut languages = vec![Language::main(main)];
    for (code, span, mut table) in table.map(Table::tables).unwrap_or_default() {
        if let Err(reason) = checks::language(&code) {
            sheet.wrong(&span, format_args!("[languages]: {reason}"), None);
        }
        let name = table.checked("name", read::not_empty).map(|found| found.value);
        if code.eq_ignore_ascii_case(main) {
            languages[0].name = name.unwrap_or_else(|| own_name(main));
            table.finish(Some("the title and the description of the main language belong in [site]"));
            continue;
        }
        if languages.iter().any(|known| known.code.eq_ignore_ascii_case(&code)) {
            sheet.wrong(&span, format_args!("[languages] has `{}` twice", shown(&code)), None);
        }
        languages.push(Language {
            name: name.unwrap_or_else(|| own_name(&code)),
            title: table.checked("title", read::not_empty).map(|found| found.value),
            description: table.string("description").map(|found| found.value),
            extra: table.free("extra"),
            options: table.free("options"),
            menus: MenuEntry::read(sheet, table.table("menus"), Tongues { main: &code, all: &[&code] }),
            code,
        });
        table.finish(Some("what only your templates know belongs in [languages.CODE.extra]"));
    }
    languages
}

/// What a language calls itself, for the ones that sites here most often have; else its tag.
fn own_name(code: &str) -> String {
    let primary = code.split('-').next().unwrap_or(code).to_ascii_lowercase();
    let known = [
        ("cs", "Čeština"),
        ("da", "Dansk"),
        ("de", "Deutsch"),
        ("en", "English"),
        ("es", "Español"),
        ("fr", "Français"),
        ("it", "Italiano"),
        ("nl", "Nederlands"),
        ("pl", "Polski"),
        ("pt", "Português"),
        ("sv", "Svenska"),
        ("tr", "Türkçe"),
        ("uk", "Українська"),
    ];
    known.iter().find(|(tag, _)| *tag == primary).map_or(code, |(_, name)| name).to_owned()
}

impl Config {
    /// The configuration as each language has it, in the order of [`Config::languages`]. With one language this is the
    /// configuration itself.
    pub fn editions(&self) -> Vec<Arc<Self>> {
        let of = |language: &Language| {
            let mut config = Self::clone(self);
            config.site.language.clone_from(&language.code);
            config.site.prefix = language.prefix();
            if let Some(title) = &language.title {
                config.site.title.clone_from(title);
            }
            if let Some(description) = &language.description {
                config.site.description.clone_from(description);
            }
            config.site.extra.extend(language.extra.clone());
            config.theme.options.extend(language.options.clone());
            config.speak(language);
            Arc::new(config)
        };
        let others = self.languages.iter().skip(1).map(of);
        std::iter::once(Arc::new(self.clone())).chain(others).collect()
    }

    /// Takes the titles of menus and taxonomies in a language, where there are any.
    fn speak(&mut self, language: &Language) {
        let code = language.code.to_ascii_lowercase();
        for taxonomy in &mut self.taxonomies {
            if let Some(title) = taxonomy.titles.get(&code) {
                taxonomy.title.clone_from(title);
            }
        }
        for entry in self.menus.values_mut().flatten() {
            if let Some(title) = entry.titles.get(&code) {
                // The title in the main language stays the name by which others stand below it.
                entry.titles = [(String::new(), std::mem::replace(&mut entry.title, title.clone()))].into();
            }
        }
        self.menus.extend(language.menus.clone());
    }

    /// The place in [`Config::languages`] of a tag, whatever the case of its letters.
    pub fn language_at(&self, code: &str) -> Option<usize> {
        self.languages.iter().position(|language| language.code.eq_ignore_ascii_case(code))
    }
}

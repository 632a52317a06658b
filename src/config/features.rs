//! `[taxonomies]` and `[menus]`: how a site sorts its pages beyond its folders.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::read::not_empty;
use crate::base::mistakes::shown;
use crate::base::tables::{Sheet, Table, kind_of};
use crate::base::text::{did_you_mean, slugify};

/// `[taxonomies.NAME]`: a key of the front matter by whose terms pages and courses are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taxonomy {
    /// The key in the front matter: `tags`.
    pub name: String,
    /// `title`, the headline of its page; by language as well: `title = { de = "…", en = "…" }`.
    pub title: String,
    /// What `title` is in other languages.
    pub titles: Titles,
    /// Whether the title was made of the name.
    pub is_unnamed: bool,
    /// `slug`, the first part of its addresses; the name, unless it is said.
    pub slug: String,
    /// `page_size`: entries on one page of a term; that of `[courses]`, unless it is said.
    pub page_size: Option<usize>,
    /// `index_size`: terms on one page of the list of terms; 200, unless it is said.
    pub index_size: usize,
}

/// `[[menus.NAME]]`: an entry of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuEntry {
    /// `title`; by language as well: `title = { de = "…", en = "…" }`.
    pub title: String,
    /// What `title` is in other languages.
    pub titles: Titles,
    /// `url`: an address, or `@/path.md` for a file of the content.
    pub url: String,
    /// `weight`: lighter entries come first, those without one last.
    pub weight: Option<i64>,
    /// `parent`: the title of the entry that it stands below, in the main language.
    pub parent: Option<String>,
    /// Where it is written, for messages: `aither.toml:12`.
    pub declared: String,
}

/// Keys of the front matter that mean something else.
const TAKEN: &[&str] = &[
    "title",
    "slug",
    "date",
    "draft",
    "publish_at",
    "expires",
    "aliases",
    "template",
    "layout",
    "weight",
    "description",
    "extra",
    "menu",
    "paginate",
    "feeds",
    "course",
    "level",
    "start_date",
    "end_date",
    "price",
    "currency",
    "location",
    "instructor",
    "image",
    "seats",
];

impl Default for Taxonomy {
    fn default() -> Self {
        let (name, title, slug) = Default::default();
        Self { name, title, titles: Titles::new(), is_unnamed: true, slug, page_size: None, index_size: 200 }
    }
}

/// A text in other languages than the main one, by their tags in small letters.
pub type Titles = BTreeMap<String, String>;

/// The languages of a site as tables of texts may name them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tongues<'a> {
    pub(super) main: &'a str,
    pub(super) all: &'a [&'a str],
}

impl Tongues<'_> {
    /// A title: a text, or a table with one for each language, the main one among them.
    fn title(self, sheet: &Sheet<'_>, table: &mut Table<'_, '_>) -> Option<(String, Titles)> {
        let found = table.value("title")?;
        let wrong = |message: String, hint: Option<String>| {
            sheet.wrong(&found.span, message, hint);
            None
        };
        let entries = match &found.value {
            DeValue::String(text) if text.trim().is_empty() => {
                return wrong("`title`: must not be empty".to_owned(), None);
            }
            DeValue::String(text) => return Some((text.to_string(), Titles::new())),
            DeValue::Table(entries) => entries,
            other => {
                let message = format!("`title` must be a text in quotes, not {}", kind_of(other));
                let hint = "or one for each language: `title = { de = \"…\", en = \"…\" }`";
                return wrong(message, Some(hint.to_owned()));
            }
        };
        let mut titles = Titles::new();
        for (key, value) in entries {
            let code = shown(key.get_ref());
            let DeValue::String(text) = value.get_ref() else {
                return wrong(format!("`title` for `{code}` must be a text in quotes"), None);
            };
            if !self.all.iter().any(|known| known.eq_ignore_ascii_case(&code)) {
                let hint = did_you_mean(&code, self.all.iter().copied());
                let hint = hint.unwrap_or_else(|| format!("its languages are {}", self.all.join(", ")));
                return wrong(
                    format!("`title` names `{code}`, which is no language of the site"),
                    Some(hint),
                );
            }
            titles.insert(code.to_ascii_lowercase(), text.trim().to_owned());
        }
        match titles.remove(&self.main.to_ascii_lowercase()).filter(|text| !text.is_empty()) {
            Some(main) => Some((main, titles)),
            None => wrong(format!("`title` has nothing for the main language, `{}`", self.main), None),
        }
    }
}

impl Taxonomy {
    fn named(name: &str) -> Self {
        let mut letters = name.replace(['_', '-'], " ");
        if let Some(first) = letters.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self { name: name.to_owned(), title: letters, slug: slugify(name), ..Self::default() }
    }

    /// Those of `[taxonomies]`; without that table, tags.
    pub(super) fn read(sheet: &Sheet<'_>, table: Option<Table<'_, '_>>, tongues: Tongues<'_>) -> Vec<Self> {
        let Some(table) = table else { return vec![Self::named("tags")] };
        let mut taxonomies: Vec<Self> = Vec::new();
        for (name, span, mut table) in table.tables() {
            let mut taxonomy = Self::named(&name);
            let is_key = !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
            if TAKEN.contains(&name.as_str()) {
                let message = format!("[taxonomies]: `{name}` means something else in front matter");
                sheet.wrong(&span, message, Some("choose another name".to_owned()));
            } else if !is_key || taxonomy.slug.is_empty() {
                let message = format!("[taxonomies]: `{}` is no key of front matter", shown(&name));
                sheet.wrong(
                    &span,
                    message,
                    Some("a name is made of letters, digits, `_` and `-`".to_owned()),
                );
            }
            if let Some((title, titles)) = tongues.title(sheet, &mut table) {
                (taxonomy.title, taxonomy.titles, taxonomy.is_unnamed) = (title, titles, false);
            }
            if let Some(slug) = table.checked("slug", slug) {
                taxonomy.slug = slug.value;
            }
            taxonomy.page_size = table.integer("page_size", 1..=1_000_u16).map(usize::from);
            let index_size = table.integer("index_size", 1..=10_000_u16).map(usize::from);
            taxonomy.index_size = index_size.unwrap_or(taxonomy.index_size);
            table.finish(None);
            if matches!(taxonomy.slug.as_str(), "courses" | "levels" | "page" | "places" | "months")
                || taxonomies.iter().any(|other| other.slug == taxonomy.slug)
            {
                let message = format!("[taxonomies.{name}]: the address /{}/ is taken", taxonomy.slug);
                sheet.wrong(&span, message, Some("give it another `slug`".to_owned()));
            }
            taxonomies.push(taxonomy);
        }
        taxonomies
    }
}

impl MenuEntry {
    /// The entries of all menus, by the names of these.
    pub(super) fn read(
        sheet: &Sheet<'_>,
        table: Option<Table<'_, '_>>,
        tongues: Tongues<'_>,
    ) -> BTreeMap<String, Vec<Self>> {
        let mut menus = BTreeMap::new();
        for (name, entries) in table.map(Table::lists).unwrap_or_default() {
            let mut menu: Vec<Self> = Vec::new();
            let mut parents = Vec::new();
            for (span, mut table) in entries {
                let title = tongues.title(sheet, &mut table);
                let url = table.checked("url", not_empty);
                let parent = table.checked("parent", not_empty);
                let weight = table.integer("weight", i64::MIN..=i64::MAX);
                table.finish(Some("an entry has `title`, `url`, `weight` and `parent`"));
                let (Some((title, titles)), Some(url)) = (title, url) else {
                    sheet.wrong(&span, format!("[[menus.{name}]]: an entry needs `title` and `url`"), None);
                    continue;
                };
                parents.extend(parent.clone());
                menu.push(Self {
                    title,
                    titles,
                    url: url.value,
                    weight,
                    parent: parent.map(|parent| parent.value),
                    declared: sheet.line(&span),
                });
            }
            for parent in parents {
                let is_top = |entry: &&Self| entry.parent.is_none();
                if !menu.iter().filter(is_top).any(|entry| entry.title == parent.value) {
                    let message =
                        format!("[[menus.{name}]]: no entry has the title `{}`", shown(&parent.value));
                    let titles = menu.iter().filter(is_top).map(|entry| entry.title.as_str());
                    sheet.wrong(&parent.span, message, did_you_mean(&parent.value, titles));
                }
            }
            menus.insert(name, menu);
        }
        menus
    }
}

fn slug(text: &str) -> Result<String, String> {
    let safe = slugify(text);
    if safe == text && !safe.is_empty() {
        return Ok(safe);
    }
    Err("a slug is made of a to z, 0 to 9 and single hyphens".to_owned())
}

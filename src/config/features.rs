//! `[taxonomies]` and `[menus]`: how a site sorts its pages beyond its folders.

use std::collections::BTreeMap;

use super::read::not_empty;
use crate::base::mistakes::shown;
use crate::base::tables::{Sheet, Table};
use crate::base::text::{did_you_mean, slugify};

/// `[taxonomies.NAME]`: a key of the front matter by whose terms pages and courses are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taxonomy {
    /// The key in the front matter: `tags`.
    pub name: String,
    /// `title`, the headline of its page.
    pub title: String,
    /// `slug`, the first part of its addresses; the name, unless it is said.
    pub slug: String,
    /// `page_size`: entries on one page of a term; that of `[courses]`, unless it is said.
    pub page_size: Option<usize>,
}

/// `[[menus.NAME]]`: an entry of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuEntry {
    /// `title`.
    pub title: String,
    /// `url`: an address, or `@/path.md` for a file of the content.
    pub url: String,
    /// `weight`: lighter entries come first, those without one last.
    pub weight: Option<i64>,
    /// `parent`: the title of the entry that it stands below.
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

impl Taxonomy {
    fn named(name: &str) -> Self {
        let mut letters = name.replace(['_', '-'], " ");
        if let Some(first) = letters.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self { name: name.to_owned(), title: letters, slug: slugify(name), page_size: None }
    }

    /// Those of `[taxonomies]`; without that table, tags.
    pub(super) fn read(sheet: &Sheet<'_>, table: Option<Table<'_, '_>>) -> Vec<Self> {
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
            if let Some(title) = table.checked("title", not_empty) {
                taxonomy.title = title.value;
            }
            if let Some(slug) = table.checked("slug", slug) {
                taxonomy.slug = slug.value;
            }
            taxonomy.page_size = table.integer("page_size", 1..=1_000_u16).map(usize::from);
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
    pub(super) fn read(sheet: &Sheet<'_>, table: Option<Table<'_, '_>>) -> BTreeMap<String, Vec<Self>> {
        let mut menus = BTreeMap::new();
        for (name, entries) in table.map(Table::lists).unwrap_or_default() {
            let mut menu: Vec<Self> = Vec::new();
            let mut parents = Vec::new();
            for (span, mut table) in entries {
                let title = table.checked("title", not_empty);
                let url = table.checked("url", not_empty);
                let parent = table.checked("parent", not_empty);
                let weight = table.integer("weight", i64::MIN..=i64::MAX);
                table.finish(Some("an entry has `title`, `url`, `weight` and `parent`"));
                let (Some(title), Some(url)) = (title, url) else {
                    sheet.wrong(&span, format!("[[menus.{name}]]: an entry needs `title` and `url`"), None);
                    continue;
                };
                parents.extend(parent.clone());
                menu.push(Self {
                    title: title.value,
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

//! Menus: entries from the configuration and places that files give themselves, as trees.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::courses::Entry;
use super::documents::Documents;
use super::views::{self, Addresses};
use crate::base::text::count;
use crate::config::{Config, MenuEntry, Taxonomy};
use crate::error::{Error, Kind, Result};
use crate::model::document::{Content, FrontMatter};
use crate::model::view::{Key, List, Map, Value};

/// An entry before it has its place.
struct Item {
    title: Arc<str>,
    /// Its title in the main language, where it has another one here: others may call it by that.
    main: Option<Arc<str>>,
    is_fallback: bool,
    url: String,
    weight: Option<i64>,
    parent: Option<Arc<str>>,
}

/// `site.menus`: the entries of each menu, each with its `title`, `url`, `weight` and `children`.
pub(super) fn view(
    config: &Config,
    content: &Content,
    entries: &[Entry],
    documents: &Documents<'_>,
    addresses: &Addresses,
    warnings: &mut Vec<String>,
) -> Result<Map> {
    let mut menus: BTreeMap<Arc<str>, Vec<Item>> = BTreeMap::new();
    let mut left_out: Vec<&str> = Vec::new();
    for (name, written) in &config.menus {
        let mut items = Vec::with_capacity(written.len());
        for entry in written {
            match (of_config(entry, entries, documents, addresses), passing(entry, content)) {
                (Some(item), _) => items.push(item),
                (None, Some(why)) => {
                    left_out.push(&entry.title);
                    let (declared, url) = (&entry.declared, &entry.url);
                    warnings.push(format!("{declared}: `{url}` leads to {why}: the entry is left out"));
                }
                (None, None) => {
                    let message =
                        format!("{}: `{}` leads to no file of the content", entry.declared, entry.url);
                    return Err(Error::new(Kind::Config, message)
                        .hint("`@/about.md` is the page of `content/about.md`"));
                }
            }
        }
        menus.insert(name.as_str().into(), items);
    }
    let mut add = |front: &FrontMatter, title: &Arc<str>, address: String, is_fallback: bool| {
        for place in &front.menus {
            menus.entry(place.menu.clone()).or_default().push(Item {
                title: place.title.clone().unwrap_or_else(|| title.clone()),
                main: None,
                is_fallback,
                url: addresses.link(&address),
                weight: place.weight,
                parent: place.parent.clone(),
            });
        }
    };
    for placed in documents.sections.values().chain(documents.all()) {
        add(&placed.document.front, &placed.title, placed.route.address(), placed.is_fallback);
    }
    for (document, address) in [(documents.home, "/"), (documents.courses, "/courses/")] {
        if let Some(document) = document {
            let title = document.front.title.clone().unwrap_or_else(|| config.site.title.as_str().into());
            let own = config.language_at(&config.site.language).unwrap_or(0);
            add(&document.front, &title, address.to_owned(), document.language != own);
        }
    }
    for entry in entries {
        if let Some(overlay) = &entry.overlay {
            add(&overlay.front, &entry.course.title, entry.route.address(), entry.is_fallback);
        }
    }
    let is_passing =
        |menu: &str, parent: &str| left_out.contains(&parent) || has_gone(menu, parent, content, entries);
    let mut trees = Vec::with_capacity(menus.len());
    for (name, mut items) in menus {
        let top: Vec<[Option<Arc<str>>; 2]> = (items.iter())
            .filter(|item| item.parent.is_none())
            .map(|item| [Some(item.title.clone()), item.main.clone()])
            .collect();
        for item in &mut items {
            let is_there = item.parent.is_none() || top.iter().any(|names| names.contains(&item.parent));
            if let Some(parent) = item.parent.take_if(|parent| !is_there && is_passing(&name, parent)) {
                warnings.push(format!(
                    "the menu `{name}` has no entry `{parent}` now: `{}` stands at the top until it is there again",
                    item.title
                ));
            }
        }
        trees.push((Key::from(name.clone()), tree(&name, items, config)?.into()));
    }
    Ok(Map::new(trees))
}

/// What an entry of the configuration leads to that is not there now, where the time or the source alone have it so.
fn passing(entry: &MenuEntry, content: &Content) -> Option<String> {
    let file = entry.url.strip_prefix("@/")?;
    if file.starts_with("courses/") {
        return Some("a course that is not in the catalogue".to_owned());
    }
    let held = content.held_back.iter().find(|held| *held.source == *file && held.why.is_of_time())?;
    Some(format!("a page that {}", held.why.in_words()))
}

/// Whether the time or the source alone may have taken away what has this title at the top of a menu.
fn has_gone(menu: &str, title: &str, content: &Content, entries: &[Entry]) -> bool {
    let stands_there = |front: &FrontMatter| {
        front.menus.iter().any(|place| {
            *place.menu == *menu
                && place.title.as_ref().or(front.title.as_ref()).is_none_or(|own| **own == *title)
        })
    };
    let is_gone = |source: &Arc<str>| {
        !entries.iter().filter_map(|entry| entry.overlay.as_ref()).any(|overlay| overlay.source == *source)
    };
    content.held_back.iter().any(|held| held.why.is_of_time() && held.title.as_deref() == Some(title))
        || content.overlays.iter().any(|overlay| stands_there(&overlay.front) && is_gone(&overlay.source))
}

/// One warning of the titles in the configuration that a language does not say anew.
pub(super) fn untranslated(config: &Config) -> Option<String> {
    let own = config.languages.get(config.language_at(&config.site.language).filter(|at| *at > 0)?)?;
    let entries = config.menus.iter().filter(|(name, _)| !own.menus.contains_key(*name));
    let entries: Vec<&MenuEntry> =
        entries.flat_map(|(_, entries)| entries).filter(|entry| !entry.titles.contains_key("")).collect();
    let code = own.code.to_ascii_lowercase();
    let is_missing = |taxonomy: &&Taxonomy| !taxonomy.is_unnamed && !taxonomy.titles.contains_key(&code);
    let mut lacking: Vec<String> = config
        .taxonomies
        .iter()
        .filter(is_missing)
        .map(|taxonomy| format!("[taxonomies.{}]", taxonomy.name))
        .collect();
    if let Some(first) = entries.first() {
        let menus = count(entries.len(), "entry of a menu", "entries of menus");
        lacking.insert(0, format!("{menus} ({})", first.declared));
    }
    let (code, main) = (&own.code, config.languages.first().map_or("", |main| &main.code));
    (!lacking.is_empty()).then(|| {
        format!(
            "the titles of {} have no `{code}` and are shown in `{main}`: write `title = {{ {main} = \"…\", {code} = \"…\" }}`",
            lacking.join(" and ")
        )
    })
}

/// An entry of the configuration; nothing where no file of the content is what it leads to.
fn of_config(
    entry: &MenuEntry,
    entries: &[Entry],
    documents: &Documents<'_>,
    addresses: &Addresses,
) -> Option<Item> {
    let url = match (entry.url.strip_prefix("@/"), entry.url.as_str()) {
        (Some(file), _) => addresses.link(&file_address(file, entries, documents)?),
        // A page is there in every language, another file is not.
        (_, url) if url.starts_with('/') && !url.starts_with("//") => {
            let path = url.split(['?', '#']).next().unwrap_or(url);
            if path.ends_with('/') { addresses.link(url) } else { format!("{}{url}", addresses.base_path) }
        }
        (_, url) => url.to_owned(),
    };
    let parent = entry.parent.as_deref().map(Arc::from);
    let main = entry.titles.get("").map(|title| title.as_str().into());
    Some(Item {
        title: entry.title.as_str().into(),
        main,
        is_fallback: false,
        url,
        weight: entry.weight,
        parent,
    })
}

fn file_address(file: &str, entries: &[Entry], documents: &Documents<'_>) -> Option<String> {
    match file {
        "" | "_index.md" => return Some("/".to_owned()),
        "courses" | "courses/" | "courses/_index.md" => return Some("/courses/".to_owned()),
        _ => {}
    }
    if let Some(slug) = file.strip_prefix("courses/") {
        let slug = slug.strip_suffix(".md").unwrap_or(slug);
        let is_it = |entry: &&Entry| {
            *entry.slug == *slug
                || entry.course.id.as_str() == slug
                || entry.overlay.as_ref().is_some_and(|overlay| *overlay.course == *slug)
        };
        return entries.iter().find(is_it).map(|entry| entry.route.address());
    }
    let mut placed = documents.sections.values().chain(documents.all());
    placed.find(|placed| *placed.document.original == *file).map(|placed| placed.route.address())
}

/// Sorts the entries of a menu, lighter ones first, and puts each below its parent.
fn tree(menu: &str, mut items: Vec<Item>, config: &Config) -> Result<List> {
    items.sort_by_key(|item| item.weight.unwrap_or(i64::MAX));
    let (below, top): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| item.parent.is_some());
    let is_below = |item: &Item, top: &Item| {
        let parent = item.parent.as_ref();
        parent == Some(&top.title) || parent.is_some() && parent == top.main.as_ref()
    };
    if let Some(lost) = below.iter().find(|item| !top.iter().any(|top| is_below(item, top))) {
        let parent = lost.parent.as_deref().unwrap_or_default();
        let message =
            format!("the menu `{menu}` has no entry `{parent}` for `{}` to stand below", lost.title);
        let titles = top.iter().map(|item| &*item.title);
        return Err(Error::new(Kind::Content, message)
            .maybe_hint(crate::base::text::did_you_mean(parent, titles))
            .hint("`parent` is the title of an entry at the top of the same menu"));
    }
    let map = |item: &Item, children: List| {
        let [language, fallback] = views::tongue(config, item.is_fallback);
        Map::new(vec![
            language,
            fallback,
            ("title".into(), Value::from(&item.title)),
            ("url".into(), item.url.as_str().into()),
            ("weight".into(), Value::maybe(item.weight)),
            ("children".into(), children.into()),
        ])
    };
    let children = |of: &Item| -> List {
        let own = below.iter().filter(|item| is_below(item, of));
        own.map(|item| map(item, List::default())).collect()
    };
    Ok(top.iter().map(|item| map(item, children(item))).collect())
}

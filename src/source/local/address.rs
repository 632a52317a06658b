//! Where the content's files will be found: so that no two want one address, and that links between files hold.

use std::collections::{HashMap, HashSet};

use super::walk::Entry;
use super::{Folder, Page, PageKind};
use crate::base::markdown::Target;
use crate::base::mistakes::Mistake;
use crate::base::text::slugify;
use crate::config::{Config, KEPT};
use crate::model::publication::Why;

/// The addresses of pages and assets by their files, relative to the site: `about/team/`, `about/team.png`.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    by_file: HashMap<String, String>,
    /// Files that have a page in other builds, and why not in this one.
    unbuilt: HashMap<String, Why>,
    /// The addresses of translations, by their language and the file in the main language.
    translated: HashMap<(usize, String), String>,
    /// What stands before the addresses of each language: `en/`, and nothing for the main one.
    prefixes: Vec<String>,
    /// The pages of the main language.
    main: HashSet<String>,
    /// Folders whose own page has a slug of its own, with that slug: what is in them moves along.
    renamed: HashMap<String, String>,
    /// The path of the site's base address.
    base_path: String,
}

impl Addresses {
    /// The addresses of all pages and assets, and who is in whose way. Drafts that are not built are in nobody's.
    pub(super) fn of(
        config: &Config,
        folder: &Folder,
        pages: &[Page],
        assets: &[&Entry],
    ) -> (Self, Vec<Mistake>) {
        let after_scheme = config.site.base_url.split_once("://").map_or("", |(_, rest)| rest);
        let base_path = after_scheme.find('/').map_or("", |at| &after_scheme[at..]).to_owned();
        let prefix = |at: usize, code: &str| match at {
            0 => String::new(),
            _ => format!("{}/", code.to_ascii_lowercase()),
        };
        let codes = config.languages.iter().enumerate();
        let prefixes = codes.map(|(at, language)| prefix(at, &language.code)).collect();
        let mut addresses = Self { base_path, prefixes, ..Self::default() };
        let built = |page: &&Page| page.kept_back.is_none();
        let renamed = pages.iter().filter(built).filter_map(|page| {
            let folder = page.original.strip_suffix("/index.md").filter(|_| page.language == 0)?;
            Some((folder.to_owned(), page.slug()?.to_owned()))
        });
        addresses.renamed = renamed.collect();

        let unbuilt = pages.iter().filter_map(|page| Some((page.path.clone(), page.kept_back?)));
        addresses.unbuilt = unbuilt.collect();

        let mut mistakes = addresses.kept_by_server(folder, pages, assets);
        let mut taken: HashMap<String, &str> = HashMap::new();
        let mut courses: HashMap<String, &str> = HashMap::new();
        let mut clash = |taken: &str, path: &str, message: &str, hint: &str| {
            let message = format!("{message} {}", folder.file(taken));
            mistakes.push(Mistake::new(folder.file(path), message).hint(Some(hint.to_owned())));
        };
        for page in pages.iter().filter(built) {
            let prefix = addresses.prefixes.get(page.language).map_or("", String::as_str);
            let address = format!("{prefix}{}", addresses.page(page));
            if let Some(first) = page.course().and_then(|course| courses.insert(course, &page.path)) {
                clash(first, &page.path, "describes the same course as", "make one file of the two");
            } else if let Some(first) = taken.insert(format!("{address}index.html"), &page.path) {
                let hint = "rename one of them, or give it another `slug`";
                clash(first, &page.path, &format!("has the address /{address} of"), hint);
            }
            match page.language {
                0 => drop(addresses.main.insert(page.original.clone())),
                // The address of a course is the same in all languages unless its file says otherwise.
                _ if matches!(page.kind, PageKind::Overlay(_)) && page.slug().is_none() => {}
                language => {
                    let key = (language, page.original.clone());
                    drop(addresses.translated.insert(key, address.clone()));
                }
            }
            addresses.by_file.insert(page.path.clone(), address);
        }
        for (alias, page) in pages
            .iter()
            .filter(built)
            .flat_map(|page| page.front().aliases.iter().map(move |alias| (alias, page)))
        {
            let file = alias.strip_prefix('/').unwrap_or(alias);
            let file = if file.is_empty() || file.ends_with('/') {
                format!("{file}index.html")
            } else {
                file.to_owned()
            };
            if let Some(first) = taken.insert(file, &page.path) {
                let message = format!("has the alias {alias}, which is an address of");
                clash(first, &page.path, &message, "take the alias out of one of them");
            }
        }
        for asset in assets {
            let route = addresses.asset(&asset.path);
            if let Some(first) = taken.insert(route.clone(), &asset.path) {
                clash(first, &asset.path, &format!("has the address /{route} of"), "rename one of them");
            }
            addresses.by_file.insert(asset.path.clone(), route);
        }
        (addresses, mistakes)
    }

    /// Pages and files at addresses that the server answers itself.
    fn kept_by_server(&self, folder: &Folder, pages: &[Page], assets: &[&Entry]) -> Vec<Mistake> {
        let keeps = |address: &str| {
            let first = address.trim_start_matches('/').split('/').next().unwrap_or_default();
            // A server keeps the others at the root of its host, where a site below a path has nothing.
            KEPT.contains(&first) && (self.base_path.trim_end_matches('/').is_empty() || first == "internal")
        };
        let mistake = |path: &str, what: &str, address: &str, hint: &str| {
            let address = address.trim_start_matches('/');
            let message = format!("has the {what} /{address}, which `aither serve` keeps for itself");
            Mistake::new(folder.file(path), message).hint(Some(hint.to_owned()))
        };
        let mut mistakes = Vec::new();
        for page in pages.iter().filter(|page| page.language == 0) {
            let address = self.page(page);
            if keeps(&address) && matches!(page.kind, PageKind::Document(_)) {
                let hint = "give it another name, or another `slug`";
                mistakes.push(mistake(&page.path, "address", &address, hint));
            }
        }
        for page in pages {
            for alias in page.front().aliases.iter().filter(|alias| keeps(alias)) {
                mistakes.push(mistake(&page.path, "alias", alias, "take it out of `aliases`, or change it"));
            }
        }
        for asset in assets {
            let address = self.asset(&asset.path);
            if keeps(&address) {
                mistakes.push(mistake(&asset.path, "address", &address, "move it to another folder"));
            }
        }
        mistakes
    }

    /// The address of an asset: beside the page that it stands beside, under its own name.
    pub(super) fn asset(&self, path: &str) -> String {
        match path.rsplit_once('/') {
            Some((folder, name)) => format!("{}{name}", self.folder(folder)),
            None => path.to_owned(),
        }
    }

    /// What becomes of a link of a page, if it leads to a file of the content: the author links to files as they lie on the
    /// disk.
    pub(super) fn link(&self, page: &Page, target: &str) -> Target {
        let (path, rest) = target.split_at(target.find(['?', '#']).unwrap_or(target.len()));
        let Some(file) = Self::named(page, path) else { return Target::Same };
        let address = self.seen_from(page, &file).or_else(|| self.seen_from(page, &decoded(&file)?));
        match (address, self.kept_back(&file).filter(|why| why.is_of_time())) {
            (Some(address), _) => Target::To(format!("{}/{}{rest}", self.base_path, encoded(&address))),
            (None, Some(why)) => gone(path, why),
            (None, None) => Target::Same,
        }
    }

    /// The file that a relative address names in a page, if it can be one of the content.
    fn named(page: &Page, path: &str) -> Option<String> {
        let from = page.path.as_str();
        if path.is_empty() || path.contains(':') {
            return None;
        }
        let mut parts: Vec<&str> = match path.strip_prefix('/') {
            // From the top of the content: only files that are pages need translation, the rest is an address already.
            Some(_) if !path.ends_with(".md") => return None,
            Some(_) => Vec::new(),
            None => from.split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev().collect(),
        };
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()?),
                part => parts.push(part),
            }
        }
        Some(parts.join("/"))
    }

    /// Why a page or section has no page in this build, if that is so.
    fn kept_back(&self, file: &str) -> Option<Why> {
        let section = || format!("{}/_index.md", file.trim_end_matches('/'));
        let known = |file: &str| self.unbuilt.get(file).copied();
        known(file).or_else(|| known(&decoded(file)?)).or_else(|| known(&section()))
    }

    /// The address of a file for a page: a link to a page leads to that page in the language of the one that links.
    fn seen_from(&self, page: &Page, file: &str) -> Option<String> {
        let address = self.by_file.get(file)?;
        if page.language == 0 || !self.main.contains(file) {
            return Some(address.clone());
        }
        let translated = self.translated.get(&(page.language, file.to_owned()));
        let prefix = self.prefixes.get(page.language)?;
        Some(translated.cloned().unwrap_or_else(|| format!("{prefix}{address}")))
    }

    /// What `@/path` leads to, by the path of a file below the content: a page, a section or an asset.
    pub(super) fn internal(&self, page: &Page, path: &str, rest: &str) -> Target {
        let section = format!("{}/_index.md", path.trim_end_matches('/'));
        // These two are there without a file as well.
        let own = match path.trim_end_matches('/') {
            "" | "_index.md" => Some(""),
            "courses" | "courses/_index.md" => Some("courses/"),
            _ => None,
        };
        if let Some(own) = own {
            let prefix = self.prefixes.get(page.language).map_or("", String::as_str);
            return Target::To(self.whole(&format!("/{prefix}{own}")) + rest);
        }
        let file = path;
        let found = self.seen_from(page, file).or_else(|| self.seen_from(page, &decoded(file)?));
        if let Some(address) = found.or_else(|| self.seen_from(page, &section)) {
            return Target::To(self.whole(&format!("/{}", encoded(&address))) + rest);
        }
        match self.kept_back(file) {
            Some(why) if why.is_of_time() => gone(&format!("@/{path}"), why),
            Some(why) => Target::Wrong(
                format!("`@/{path}` leads to a page that {}, and so is not built", why.in_words()),
                None,
            ),
            None => {
                Target::Wrong(format!("`@/{path}` leads to a file that is not there"), self.suggestion(path))
            }
        }
    }

    /// An address of the site, from the root of its host.
    pub(super) fn whole(&self, address: &str) -> String {
        format!("{}{address}", self.base_path)
    }

    /// "did you mean", over all files of the content.
    fn suggestion(&self, path: &str) -> Option<String> {
        let closest = crate::base::text::closest(path, self.by_file.keys().map(String::as_str));
        closest.map(|file| format!("did you mean `@/{file}`?"))
    }

    /// The address of a page, which the site makes by the same rules.
    fn page(&self, page: &Page) -> String {
        let (folder, name) = page.original.rsplit_once('/').unwrap_or(("", &page.original));
        if name == "index.md" {
            return self.folder(folder);
        }
        if name == "_index.md" {
            return match (page.slug(), folder.rsplit_once('/')) {
                (Some(_), _) if folder.is_empty() => String::new(),
                (Some(slug), Some((above, _))) => format!("{}{slug}/", self.folder(above)),
                (Some(slug), None) => format!("{slug}/"),
                (None, _) => self.folder(folder),
            };
        }
        let stem = slugify(name.strip_suffix(".md").unwrap_or(name));
        format!("{}{}/", self.folder(folder), page.slug().unwrap_or(&stem))
    }

    /// The address of a folder, empty or with a slash at its end.
    fn folder(&self, folder: &str) -> String {
        if folder.is_empty() {
            return String::new();
        }
        let (above, name) = folder.rsplit_once('/').unwrap_or(("", folder));
        let slug = self.renamed.get(folder).cloned().unwrap_or_else(|| slugify(name));
        format!("{}{slug}/", self.folder(above))
    }
}

impl Page {
    fn slug(&self) -> Option<&str> {
        self.front().slug.as_deref()
    }

    /// What tells the course that it belongs to from others.
    fn course(&self) -> Option<String> {
        match &self.kind {
            PageKind::Document(_) => None,
            PageKind::Overlay(overlay) => Some(match &overlay.course_id {
                Some(id) => format!("{} id {id}", overlay.language),
                None => format!("{} slug {}", overlay.language, slugify(&overlay.course)),
            }),
        }
    }
}

/// A link to a page that the time has taken away, or has yet to bring. It must not stop a build that only wanted to bring a
/// date up to date, with nobody there to mend it.
fn gone(link: &str, why: Why) -> Target {
    let hint = match why {
        Why::Expired(_) => "take the link out, or lead it elsewhere",
        _ => "it becomes a link by itself as soon as the page is there",
    };
    let message =
        format!("`{link}` leads to a page that {}: its text is shown without the link", why.in_words());
    Target::Gone(message, Some(hint.to_owned()))
}

/// The text with `%20` and its like read; nothing where that is no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| byte == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// The characters that would end a path or be read as escapes, escaped; the rest is Markdown's to escape.
fn encoded(address: &str) -> String {
    address.replace('%', "%25").replace('?', "%3F").replace('#', "%23")
}

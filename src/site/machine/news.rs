//! What feeds tell: the courses that changed last, and the news of each section.

use std::cmp::Reverse;
use std::sync::Arc;

use super::super::courses::Entry;
use super::super::documents::{Documents, Placed};
use super::super::page::Rank;
use super::super::planner::Planner;
use super::super::records::Records;
use super::feed::{ATOM, Feed, Item, JSON, RSS, uri_part};
use super::mark;
use crate::base::digest::Fingerprint;
use crate::base::text::one_line;
use crate::config::Config;
use crate::error::Result;
use crate::model::document::Document;
use crate::model::text::Text;

use jiff::Timestamp;

impl Planner<'_> {
    /// The feeds of the home page and those of the sections.
    pub(super) fn feeds(&mut self, documents: &Documents<'_>) -> Result<()> {
        self.course_feeds()?;
        for (section, placed) in documents.sections.iter().filter(|(_, placed)| placed.has_feeds) {
            let pages = documents.pages.get(section).map(Vec::as_slice).unwrap_or_default();
            self.section_feeds(placed, pages)?;
        }
        Ok(())
    }

    fn course_feeds(&mut self) -> Result<()> {
        let records = self.records.clone();
        let newest: Arc<[usize]> = newest(&records.config, &records.entries).into();
        let inputs = mark(self.input.config).number(records.config.courses.feed_size as u64);
        let inputs = newest.iter().fold(inputs, |inputs, at| inputs.number(records.entries[*at].mark));
        for name in [ATOM, RSS, JSON] {
            let (records, newest) = (records.clone(), newest.clone());
            self.made(name, Rank::Entrance, inputs, move || {
                let Records { config, addresses, entries, .. } = &*records;
                let items: Vec<Item> = newest.iter().filter_map(|at| entries.get(*at)).map(course).collect();
                let (title, description) = (&*config.site.title, &*config.site.description);
                Feed { config, addresses, home: "/", title, description, items: &items }.bytes(name)
            })?;
        }
        Ok(())
    }

    fn section_feeds(&mut self, section: &Placed<'_>, pages: &[Placed<'_>]) -> Result<()> {
        let records = self.records.clone();
        let config = &records.config;
        let mut posts: Vec<&Placed<'_>> = pages.iter().filter(|placed| placed.is_news()).collect();
        posts.sort_by_key(|placed| {
            (Reverse(placed.document.front.date.map(|date| date.sort_key())), &placed.document.source)
        });
        posts.truncate(config.courses.feed_size);
        let items: Arc<[Item]> = posts.into_iter().map(|placed| self.post(placed)).collect();
        let title = format!("{} | {}", section.title, config.site.title);
        let description = section.document.front.description.clone().unwrap_or_default();
        let home = section.route.address();
        let inputs = mark(config).text(&title).text(&description).text(&home);
        let inputs = items.iter().fold(inputs, |inputs, item| item.mark(inputs));
        for name in [ATOM, RSS, JSON] {
            let (records, items) = (records.clone(), items.clone());
            let (home, title, description) = (home.clone(), title.clone(), description.clone());
            let path = format!("{home}{name}");
            self.made(path.trim_start_matches('/'), Rank::Entrance, inputs, move || {
                let Records { config, addresses, .. } = &*records;
                let (title, description) = (&*title, &*description);
                Feed { config, addresses, home: &home, title, description, items: &items }.bytes(name)
            })?;
        }
        Ok(())
    }

    /// A page of a section as an entry of its feeds.
    fn post(&self, placed: &Placed<'_>) -> Item {
        let document = placed.document;
        let zone = &self.input.config.site.time_zone;
        let published = document.front.date.map(|date| date.begin(zone));
        let changed = self.history.history().document_changed_at(&document.source);
        Item {
            id: identity(document),
            address: placed.route.address(),
            title: placed.title.clone(),
            updated: changed.max(published).unwrap_or(Timestamp::UNIX_EPOCH),
            published,
            summary: summary(document),
            categories: document.front.tags.clone(),
        }
    }
}

impl Item {
    fn mark(&self, mark: Fingerprint) -> Fingerprint {
        let Self { id, address, title, updated, published, summary, categories } = self;
        let second = |at: Timestamp| at.as_nanosecond() as u64;
        let mark = mark.text(id).text(address).text(title).number(second(*updated));
        let mark = mark.number(published.map_or(u64::MAX, second)).maybe(summary.as_deref());
        let mark = mark.number(categories.len() as u64);
        categories.iter().fold(mark, |mark, category| mark.text(category))
    }
}

/// A course as an entry of a feed. Its id is made of the course's, so a renamed course stays the same entry.
fn course(entry: &Entry) -> Item {
    Item {
        id: uri_part(entry.course.id.as_str()),
        address: entry.route.address(),
        title: entry.course.title.clone(),
        updated: entry.updated_at.unwrap_or(Timestamp::UNIX_EPOCH),
        published: None,
        summary: entry.course.description.as_ref().map(Text::shared),
        categories: vec![entry.course.level.name().into()],
    }
}

/// The courses that changed last, by their place in the catalogue, newest first.
fn newest(config: &Config, entries: &[Entry]) -> Vec<usize> {
    let mut newest: Vec<usize> = (0..entries.len()).collect();
    let key =
        |at: &usize| entries.get(*at).map(|entry| (Reverse(entry.updated_at), Reverse(&entry.course.id)));
    let size = config.courses.feed_size.min(newest.len());
    if size < newest.len() {
        newest.select_nth_unstable_by(size, |a, b| key(a).cmp(&key(b)));
        newest.truncate(size);
    }
    newest.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
    newest
}

/// The id of a document in feeds: its file, which stays where it is when title and address change. A slash stands in it,
/// as in no id of a course.
fn identity(document: &Document) -> String {
    let file = document.original.strip_suffix(".md").unwrap_or(&document.original);
    let parts: Vec<String> = file.strip_suffix("/index").unwrap_or(file).split('/').map(uri_part).collect();
    parts.join("/")
}

/// What a page says of itself, else its first paragraph.
fn summary(document: &Document) -> Option<Arc<str>> {
    let description = document.front.description.clone().filter(|text| !text.is_empty());
    description.or_else(|| {
        let html = &document.html;
        let start = html.find("<p>")?;
        let end = html[start..].find("</p>")? + start;
        let text = one_line(&super::super::search::text_of(&html[start..end]));
        (!text.is_empty()).then(|| text.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_document_is_its_file() {
        let named = |file: &str| {
            identity(&Document {
                source: file.into(),
                original: file.into(),
                language: 0,
                section: "news".into(),
                is_section: false,
                front: Default::default(),
                html: "".into(),
                prose: Default::default(),
            })
        };
        assert_eq!(named("news/first.md"), "news/first");
        assert_eq!(named("news/first/index.md"), "news/first");
        assert_eq!(named("Neues & mehr/ä.md"), "Neues%20%26%20mehr/%C3%A4");
    }
}

//! The feed of what changed last, in three formats: Atom (RFC 4287), RSS 2.0, and JSON Feed 1.1.

use std::cmp::Reverse;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::super::courses::Entry;
use super::super::records::Records;
use super::xml::escape;
use crate::config::Config;

/// The addresses of the three formats.
pub(in crate::site) const ATOM: &str = "feed.xml";
pub(in crate::site) const RSS: &str = "rss.xml";
pub(in crate::site) const JSON: &str = "feed.json";

/// The courses that changed last, by their place in the catalogue, newest first.
pub(super) fn newest(config: &Config, entries: &[Entry]) -> Vec<usize> {
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

/// A feed of these courses. Its ids are addresses of the courses' ids, so a renamed course stays the same entry.
pub(super) struct Feed<'a> {
    pub(super) records: &'a Records,
    pub(super) newest: &'a [usize],
    /// The path of the home page: the site's, or that of a language.
    pub(super) home: &'a str,
    pub(super) language: &'a str,
}

/// One entry of a feed.
struct Item<'a> {
    entry: &'a Entry,
    id: String,
    link: String,
    updated: Timestamp,
}

impl<'a> Feed<'a> {
    fn items(&self) -> impl Iterator<Item = Item<'a>> {
        let addresses = &self.records.addresses;
        let entries = self.newest.iter().filter_map(|at| self.records.entries.get(*at));
        let feed = addresses.absolute("/feed.xml");
        entries.map(move |entry| Item {
            entry,
            id: format!("{feed}#{}", uri_part(entry.course.id.as_str())),
            link: addresses.absolute(&entry.route.address()),
            updated: entry.updated_at.unwrap_or(Timestamp::UNIX_EPOCH),
        })
    }

    /// The time of the newest entry.
    fn updated(&self) -> Timestamp {
        let newest = self.newest.first().and_then(|at| self.records.entries.get(*at));
        newest.and_then(|entry| entry.updated_at).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn address(&self, name: &str) -> String {
        self.records.addresses.absolute(&format!("{}{name}", self.home))
    }

    /// RFC 4287.
    pub(super) fn atom(&self) -> Vec<u8> {
        let site = &self.records.config.site;
        let home = escape(&self.address(""));
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" \
             xml:lang=\"{}\">\n<title>{}</title>\n",
            escape(self.language),
            escape(&site.title)
        );
        if !site.description.is_empty() {
            let _ = writeln!(xml, "<subtitle>{}</subtitle>", escape(&site.description));
        }
        let _ = write!(
            xml,
            "<id>{home}</id>\n<link href=\"{home}\"/>\n<link rel=\"self\" type=\"application/atom+xml\" \
             href=\"{}\"/>\n<updated>{}</updated>\n<author><name>{}</name></author>\n",
            escape(&self.address(ATOM)),
            self.updated(),
            escape(author(&self.records.config))
        );
        for Item { entry, id, link, updated } in self.items() {
            let course = &entry.course;
            let _ = write!(
                xml,
                "<entry>\n<id>{}</id>\n<title>{}</title>\n<link href=\"{}\"/>\n<updated>{updated}</updated>\n\
                 <category term=\"{}\"/>\n",
                escape(&id),
                escape(&course.title),
                escape(&link),
                course.level.name(),
            );
            if let Some(description) = &course.description {
                let _ = writeln!(xml, "<summary>{}</summary>", escape(description));
            }
            xml.push_str("</entry>\n");
        }
        xml.push_str("</feed>\n");
        xml.into_bytes()
    }

    /// RSS 2.0 as the RSS Advisory Board has it.
    pub(super) fn rss(&self) -> Vec<u8> {
        let site = &self.records.config.site;
        // A channel must have a description.
        let description = if site.description.is_empty() { &site.title } else { &site.description };
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss version=\"2.0\" \
             xmlns:atom=\"http://www.w3.org/2005/Atom\">\n<channel>\n<title>{}</title>\n<link>{}</link>\n\
             <description>{}</description>\n<language>{}</language>\n<lastBuildDate>{}</lastBuildDate>\n\
             <atom:link rel=\"self\" type=\"application/rss+xml\" href=\"{}\"/>\n",
            escape(&site.title),
            escape(&self.address("")),
            escape(description),
            escape(self.language),
            rfc822(self.updated()),
            escape(&self.address(RSS)),
        );
        for Item { entry, id, link, updated } in self.items() {
            let course = &entry.course;
            let _ = write!(
                xml,
                "<item>\n<title>{}</title>\n<link>{}</link>\n<guid isPermaLink=\"false\">{}</guid>\n\
                 <pubDate>{}</pubDate>\n<category>{}</category>\n",
                escape(&course.title),
                escape(&link),
                escape(&id),
                rfc822(updated),
                course.level.name(),
            );
            if let Some(description) = &course.description {
                let _ = writeln!(xml, "<description>{}</description>", escape(&escape(description)));
            }
            xml.push_str("</item>\n");
        }
        xml.push_str("</channel>\n</rss>\n");
        xml.into_bytes()
    }

    /// JSON Feed 1.1.
    pub(super) fn json(&self) -> Vec<u8> {
        let site = &self.records.config.site;
        let items: Vec<serde_json::Value> = self
            .items()
            .map(|Item { entry, id, link, updated }| {
                let course = &entry.course;
                serde_json::json!({
                    "id": id,
                    "url": link,
                    "title": course.title,
                    "content_text": course.description.as_ref().unwrap_or(&course.title),
                    "date_modified": updated.to_string(),
                    "tags": [course.level.name()],
                })
            })
            .collect();
        let mut feed = serde_json::json!({
            "version": "https://jsonfeed.org/version/1.1",
            "title": site.title,
            "home_page_url": self.address(""),
            "feed_url": self.address(JSON),
        });
        if !site.description.is_empty() {
            feed["description"] = site.description.as_str().into();
        }
        feed["language"] = self.language.into();
        feed["authors"] = serde_json::json!([{ "name": author(&self.records.config) }]);
        feed["items"] = items.into();
        let mut text = feed.to_string();
        text.push('\n');
        text.into_bytes()
    }
}

/// Who speaks: the organisation, else the site.
fn author(config: &Config) -> &str {
    let name = config.site.organisation.name.as_str();
    if name.is_empty() { &config.site.title } else { name }
}

fn rfc822(at: Timestamp) -> String {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default()
}

/// Percent-encodes what may not stand in a part of an address (RFC 3986, unreserved characters stay).
fn uri_part(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_part_of_an_address() {
        assert_eq!(uri_part("a b/ü"), "a%20b%2F%C3%BC");
        assert_eq!(rfc822(Timestamp::UNIX_EPOCH), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}

//! Feeds of what is new, in three formats: Atom (RFC 4287), RSS 2.0, and JSON Feed 1.1.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::super::views::Addresses;
use super::xml::escape;
use crate::config::Config;

/// The names of the three formats, below the page whose news they tell.
pub(in crate::site) const ATOM: &str = "feed.xml";
pub(in crate::site) const RSS: &str = "rss.xml";
pub(in crate::site) const JSON: &str = "feed.json";

/// A feed in one language.
pub(super) struct Feed<'a> {
    pub(super) config: &'a Config,
    pub(super) addresses: &'a Addresses,
    /// The address of the page whose news it tells: the home page, or that of a section.
    pub(super) home: &'a str,
    pub(super) title: &'a str,
    /// What it is about, in a sentence; empty if nobody says.
    pub(super) description: &'a str,
    /// The entries, newest first.
    pub(super) items: &'a [Item],
}

/// One entry of a feed.
#[derive(Debug)]
pub(super) struct Item {
    /// What stays the same all its life: a part of an address, encoded.
    pub(super) id: String,
    /// The address of its page.
    pub(super) address: String,
    pub(super) title: Arc<str>,
    pub(super) updated: Timestamp,
    /// When it appeared, where that is known.
    pub(super) published: Option<Timestamp>,
    /// A few sentences in plain text.
    pub(super) summary: Option<Arc<str>>,
    pub(super) categories: Vec<Arc<str>>,
}

impl Feed<'_> {
    /// The bytes in the format of this name.
    pub(super) fn bytes(&self, name: &str) -> Vec<u8> {
        match name {
            ATOM => self.atom(),
            RSS => self.rss(),
            _ => self.json(),
        }
    }

    /// The whole address by which an entry is known: it does not move with its page.
    fn id(&self, item: &Item) -> String {
        format!("{}#{}", self.addresses.absolute("/feed.xml"), item.id)
    }

    fn link(&self, item: &Item) -> String {
        self.addresses.absolute(&item.address)
    }

    /// The time of the last change.
    fn updated(&self) -> Timestamp {
        self.items.iter().map(|item| item.updated).max().unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn address(&self, name: &str) -> String {
        self.addresses.absolute(&format!("{}{name}", self.home))
    }

    /// RFC 4287.
    fn atom(&self) -> Vec<u8> {
        let home = escape(&self.address(""));
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" \
             xml:lang=\"{}\">\n<title>{}</title>\n",
            escape(&self.config.site.language),
            escape(self.title)
        );
        if !self.description.is_empty() {
            let _ = writeln!(xml, "<subtitle>{}</subtitle>", escape(self.description));
        }
        let _ = write!(
            xml,
            "<id>{home}</id>\n<link href=\"{home}\"/>\n<link rel=\"self\" type=\"application/atom+xml\" \
             href=\"{}\"/>\n<updated>{}</updated>\n<author><name>{}</name></author>\n",
            escape(&self.address(ATOM)),
            self.updated(),
            escape(author(self.config))
        );
        for item in self.items {
            let _ = write!(
                xml,
                "<entry>\n<id>{}</id>\n<title>{}</title>\n<link href=\"{}\"/>\n<updated>{}</updated>\n",
                escape(&self.id(item)),
                escape(&item.title),
                escape(&self.link(item)),
                item.updated,
            );
            if let Some(at) = item.published {
                let _ = writeln!(xml, "<published>{at}</published>");
            }
            for category in &item.categories {
                let _ = writeln!(xml, "<category term=\"{}\"/>", escape(category));
            }
            if let Some(summary) = &item.summary {
                let _ = writeln!(xml, "<summary>{}</summary>", escape(summary));
            }
            xml.push_str("</entry>\n");
        }
        xml.push_str("</feed>\n");
        xml.into_bytes()
    }

    /// RSS 2.0 as the RSS Advisory Board has it.
    fn rss(&self) -> Vec<u8> {
        // A channel must have a description.
        let description = if self.description.is_empty() { self.title } else { self.description };
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss version=\"2.0\" \
             xmlns:atom=\"http://www.w3.org/2005/Atom\">\n<channel>\n<title>{}</title>\n<link>{}</link>\n\
             <description>{}</description>\n<language>{}</language>\n<lastBuildDate>{}</lastBuildDate>\n\
             <atom:link rel=\"self\" type=\"application/rss+xml\" href=\"{}\"/>\n",
            escape(self.title),
            escape(&self.address("")),
            escape(description),
            escape(&self.config.site.language),
            rfc822(self.updated()),
            escape(&self.address(RSS)),
        );
        for item in self.items {
            let _ = write!(
                xml,
                "<item>\n<title>{}</title>\n<link>{}</link>\n<guid isPermaLink=\"false\">{}</guid>\n\
                 <pubDate>{}</pubDate>\n",
                escape(&item.title),
                escape(&self.link(item)),
                escape(&self.id(item)),
                rfc822(item.published.unwrap_or(item.updated)),
            );
            for category in &item.categories {
                let _ = writeln!(xml, "<category>{}</category>", escape(category));
            }
            if let Some(summary) = &item.summary {
                let _ = writeln!(xml, "<description>{}</description>", escape(&escape(summary)));
            }
            xml.push_str("</item>\n");
        }
        xml.push_str("</channel>\n</rss>\n");
        xml.into_bytes()
    }

    /// JSON Feed 1.1.
    fn json(&self) -> Vec<u8> {
        let entry = |item: &Item| {
            let mut entry = serde_json::json!({
                "id": self.id(item),
                "url": self.link(item),
                "title": item.title,
                "content_text": item.summary.as_ref().unwrap_or(&item.title),
                "date_modified": item.updated.to_string(),
            });
            if let Some(at) = item.published {
                entry["date_published"] = at.to_string().into();
            }
            if !item.categories.is_empty() {
                entry["tags"] = item.categories.iter().map(|category| &**category).collect();
            }
            entry
        };
        let items: Vec<serde_json::Value> = self.items.iter().map(entry).collect();
        let mut feed = serde_json::json!({
            "version": "https://jsonfeed.org/version/1.1",
            "title": self.title,
            "home_page_url": self.address(""),
            "feed_url": self.address(JSON),
        });
        if !self.description.is_empty() {
            feed["description"] = self.description.into();
        }
        feed["language"] = self.config.site.language.as_str().into();
        feed["authors"] = serde_json::json!([{ "name": author(self.config) }]);
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
pub(super) fn uri_part(text: &str) -> String {
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

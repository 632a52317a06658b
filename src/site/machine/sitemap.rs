//! The sitemap (sitemaps.org 0.9), with the addresses of the same page in other languages.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use super::super::views::Addresses;
use super::xml::escape;
use crate::base::digest::Fingerprint;

/// The most addresses that one file may hold.
const LIMIT: usize = 50_000;

/// One address for search engines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::site) struct Place {
    pub(in crate::site) address: String,
    /// When what stands there last changed, as far as anybody knows; never when it was built.
    pub(in crate::site) changed: Option<Timestamp>,
    /// The same page in all its languages, this one included: a BCP 47 tag and the address.
    pub(in crate::site) languages: Vec<(Arc<str>, String)>,
}

impl Place {
    /// A page that there is in one language.
    pub(in crate::site) fn new(address: String, changed: Option<Timestamp>) -> Self {
        Self { address, changed, languages: Vec::new() }
    }

    /// The same place in the tree of a language.
    pub(in crate::site) fn below(self, prefix: &str) -> Self {
        if prefix.is_empty() { self } else { Self { address: format!("{prefix}{}", self.address), ..self } }
    }

    pub(super) fn mark(&self, inputs: Fingerprint) -> Fingerprint {
        let changed = self.changed.map_or(0, |at| at.as_nanosecond() as u64);
        let inputs = inputs.text(&self.address).number(changed).number(self.languages.len() as u64);
        self.languages.iter().fold(inputs, |inputs, (tag, address)| inputs.text(tag).text(address))
    }
}

/// One file of the sitemap.
pub(super) struct SitemapFile {
    pub(super) name: String,
    /// The addresses that decide what is in it, by their place in the list of all.
    pub(super) places: Range<usize>,
    /// For an index: the number of addresses in all.
    is_index: bool,
}

/// The addresses of a part, by its number from 0.
fn part(number: usize, all: usize) -> Range<usize> {
    number * LIMIT..all.min((number + 1) * LIMIT)
}

/// The files of the sitemap: one, or an index with its parts where there are more addresses than one file may hold.
pub(super) fn files(places: &[Place]) -> Vec<SitemapFile> {
    let parts = places.len().div_ceil(LIMIT);
    let file = |name: String, places, is_index| SitemapFile { name, places, is_index };
    if parts <= 1 {
        return vec![file("sitemap.xml".to_owned(), 0..places.len(), false)];
    }
    let numbered = (0..parts).map(|n| file(format!("sitemap{}.xml", n + 1), part(n, places.len()), false));
    numbered.chain([file("sitemap.xml".to_owned(), 0..places.len(), true)]).collect()
}

impl SitemapFile {
    pub(super) fn bytes(&self, addresses: &Addresses, places: &[Place]) -> Vec<u8> {
        if !self.is_index {
            return url_set(addresses, places.get(self.places.clone()).unwrap_or_default());
        }
        let mut index = String::from(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
             <sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
        );
        for number in 0..places.len().div_ceil(LIMIT) {
            let address = addresses.absolute(&format!("/sitemap{}.xml", number + 1));
            let _ = write!(index, "<sitemap><loc>{}</loc>", escape(&address));
            let within = places.get(part(number, places.len())).unwrap_or_default();
            if let Some(changed) = within.iter().filter_map(|place| place.changed).max() {
                let _ = write!(index, "<lastmod>{changed}</lastmod>");
            }
            index.push_str("</sitemap>\n");
        }
        index.push_str("</sitemapindex>\n");
        index.into_bytes()
    }
}

fn url_set(addresses: &Addresses, places: &[Place]) -> Vec<u8> {
    let mut xml = String::with_capacity(places.len() * 96 + 128);
    xml.push_str(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"",
    );
    if places.iter().any(|place| !place.languages.is_empty()) {
        xml.push_str(" xmlns:xhtml=\"http://www.w3.org/1999/xhtml\"");
    }
    xml.push_str(">\n");
    for place in places {
        let _ = write!(xml, "<url><loc>{}</loc>", escape(&addresses.absolute(&place.address)));
        if let Some(changed) = place.changed {
            let _ = write!(xml, "<lastmod>{changed}</lastmod>");
        }
        for (tag, address) in &place.languages {
            let (tag, address) = (escape(tag), escape(&addresses.absolute(address)));
            let _ = write!(xml, "<xhtml:link rel=\"alternate\" hreflang=\"{tag}\" href=\"{address}\"/>");
        }
        xml.push_str("</url>\n");
    }
    xml.push_str("</urlset>\n");
    xml.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> Addresses {
        let (base_path, prefix) = (String::new(), String::new());
        Addresses {
            base_path,
            base_url: "https://a.example".into(),
            prefix,
            taxonomies: [].into(),
            has_terms: false,
            tongues: ["de".into(), "de".into()],
        }
    }

    #[test]
    fn a_sitemap_past_the_limit_becomes_an_index() {
        let changed = Timestamp::from_second(1_700_000_000).ok();
        let mut places: Vec<_> = (0..=LIMIT).map(|i| Place::new(format!("/c/{i}/"), None)).collect();
        places[7].changed = changed;
        let files = files(&places);
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["sitemap1.xml", "sitemap2.xml", "sitemap.xml"]);
        let text =
            |file: &SitemapFile| String::from_utf8_lossy(&file.bytes(&addresses(), &places)).into_owned();
        let counts: Vec<_> = files.iter().map(|file| text(file).matches("<loc>").count()).collect();
        assert_eq!(counts, [50_000, 1, 2]);
        let index = text(&files[2]);
        assert!(index.contains(
            "sitemap1.xml</loc><lastmod>2023-11-14T22:13:20Z</lastmod></sitemap>\n<sitemap>\
             <loc>https://a.example/sitemap2.xml</loc></sitemap>"
        ));
    }

    #[test]
    fn a_page_in_several_languages_names_them_all() {
        let languages = vec![("de".into(), "/a/".to_owned()), ("en".into(), "/en/a/".to_owned())];
        let places = [Place { languages, ..Place::new("/a/".into(), None) }];
        let xml = String::from_utf8(files(&places)[0].bytes(&addresses(), &places)).unwrap_or_default();
        assert!(xml.contains(
            "<loc>https://a.example/a/</loc><xhtml:link rel=\"alternate\" hreflang=\"de\" \
             href=\"https://a.example/a/\"/><xhtml:link rel=\"alternate\" hreflang=\"en\" \
             href=\"https://a.example/en/a/\"/></url>"
        ));
    }
}

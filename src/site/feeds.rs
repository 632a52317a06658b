//! Files for machines: the Atom feed (RFC 4287), the sitemap (sitemaps.org 0.9), robots.txt (RFC 9309).

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::ops::Range;

use jiff::Timestamp;

use super::courses::Entry;
use super::views::Addresses;
use crate::config::Config;

/// The most addresses that one sitemap file may hold.
const SITEMAP_LIMIT: usize = 50_000;

/// Text as XML content or attribute value. Characters that XML 1.0 has no way to write are left out.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(character),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() && (c as u32) < 0x20 => {}
            c => escaped.push(c),
        }
    }
    escaped
}

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

/// The feed of these courses. Its ids are addresses of the courses' ids, so a renamed course stays the same entry.
pub(super) fn atom(config: &Config, addresses: &Addresses, entries: &[Entry], newest: &[usize]) -> Vec<u8> {
    let newest: Vec<&Entry> = newest.iter().filter_map(|at| entries.get(*at)).collect();
    let updated = newest.first().and_then(|entry| entry.updated_at).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    let site = &config.site;
    let _ = write!(
        xml,
        "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{}\">\n<title>{}</title>\n",
        escape(&site.language),
        escape(&site.title)
    );
    if !site.description.is_empty() {
        let _ = writeln!(xml, "<subtitle>{}</subtitle>", escape(&site.description));
    }
    let home = escape(&addresses.absolute("/"));
    let _ = write!(
        xml,
        "<id>{home}</id>\n<link href=\"{home}\"/>\n<link rel=\"self\" type=\"application/atom+xml\" href=\"{}\"/>\n\
         <updated>{updated}</updated>\n<author><name>{}</name></author>\n",
        escape(&addresses.absolute("/feed.xml")),
        escape(&site.title)
    );
    for entry in newest {
        let course = &entry.course;
        let link = escape(&addresses.absolute(&entry.route.address()));
        let updated = entry.updated_at.unwrap_or(Timestamp::UNIX_EPOCH);
        let _ = write!(
            xml,
            "<entry>\n<id>{}#{}</id>\n<title>{}</title>\n<link href=\"{link}\"/>\n<updated>{updated}</updated>\n",
            escape(&addresses.absolute("/feed.xml")),
            escape(&uri_part(course.id.as_str())),
            escape(&course.title),
        );
        let _ = writeln!(xml, "<category term=\"{}\"/>", course.level.name());
        if let Some(description) = &course.description {
            let _ = writeln!(xml, "<summary>{}</summary>", escape(description));
        }
        xml.push_str("</entry>\n");
    }
    xml.push_str("</feed>\n");
    xml.into_bytes()
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

/// One file of the sitemap.
pub(super) struct SitemapFile {
    pub(super) name: String,
    /// The addresses that decide what is in it, by their place in the list of all.
    pub(super) pages: Range<usize>,
    parts: usize,
}

/// The files of the sitemap: one, or an index with its parts where there are more addresses than one file may hold.
pub(super) fn sitemaps(pages: &[(String, Option<Timestamp>)]) -> Vec<SitemapFile> {
    let parts = pages.len().div_ceil(SITEMAP_LIMIT);
    if parts <= 1 {
        return vec![SitemapFile { name: "sitemap.xml".to_owned(), pages: 0..pages.len(), parts: 0 }];
    }
    let part = |number: usize| SitemapFile {
        name: format!("sitemap{}.xml", number + 1),
        pages: number * SITEMAP_LIMIT..pages.len().min((number + 1) * SITEMAP_LIMIT),
        parts: 0,
    };
    let index = SitemapFile { name: "sitemap.xml".to_owned(), pages: 0..0, parts };
    (0..parts).map(part).chain([index]).collect()
}

impl SitemapFile {
    pub(super) fn bytes(&self, addresses: &Addresses, pages: &[(String, Option<Timestamp>)]) -> Vec<u8> {
        if self.parts == 0 {
            return url_set(addresses, pages.get(self.pages.clone()).unwrap_or_default());
        }
        let mut index = String::from(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
             <sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
        );
        for number in 1..=self.parts {
            let address = addresses.absolute(&format!("/sitemap{number}.xml"));
            let _ = writeln!(index, "<sitemap><loc>{}</loc></sitemap>", escape(&address));
        }
        index.push_str("</sitemapindex>\n");
        index.into_bytes()
    }
}

fn url_set(addresses: &Addresses, pages: &[(String, Option<Timestamp>)]) -> Vec<u8> {
    let mut xml = String::with_capacity(pages.len() * 96 + 128);
    xml.push_str(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for (address, changed) in pages {
        let _ = write!(xml, "<url><loc>{}</loc>", escape(&addresses.absolute(address)));
        if let Some(changed) = changed {
            let _ = write!(xml, "<lastmod>{changed}</lastmod>");
        }
        xml.push_str("</url>\n");
    }
    xml.push_str("</urlset>\n");
    xml.into_bytes()
}

/// A page that leads on to another address, for servers that know nothing of redirects.
pub(super) fn redirect(language: &str, link: &str, absolute: &str) -> Vec<u8> {
    let (language, link, absolute) = (escape(language), escape(link), escape(absolute));
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n<title>{absolute}</title>\n\
         <link rel=\"canonical\" href=\"{absolute}\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <meta http-equiv=\"refresh\" content=\"0; url={link}\">\n</head>\n<body>\n\
         <p><a href=\"{link}\">{absolute}</a></p>\n</body>\n</html>\n"
    )
    .into_bytes()
}

/// Everybody may read everything; the sitemap is named.
pub(super) fn robots(addresses: &Addresses) -> Vec<u8> {
    format!("User-agent: *\nAllow: /\n\nSitemap: {}\n", addresses.absolute("/sitemap.xml")).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sitemap_past_the_limit_becomes_an_index() {
        let (base_path, prefix) = (String::new(), String::new());
        let addresses = Addresses { base_path, base_url: "https://a.example".into(), prefix };
        let pages: Vec<_> = (0..=SITEMAP_LIMIT).map(|i| (format!("/c/{i}/"), None)).collect();
        let files = sitemaps(&pages);
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["sitemap1.xml", "sitemap2.xml", "sitemap.xml"]);
        let count = |file: &SitemapFile| {
            let bytes = file.bytes(&addresses, &pages);
            String::from_utf8_lossy(&bytes).matches("<loc>").count()
        };
        assert_eq!(files.iter().map(count).collect::<Vec<_>>(), [50_000, 1, 2]);
    }

    #[test]
    fn xml_has_no_character_that_it_cannot_hold() {
        assert_eq!(escape("a\u{1}<b> & \"c\"\n"), "a&lt;b&gt; &amp; &quot;c&quot;\n");
        assert_eq!(uri_part("a b/ü"), "a%20b%2F%C3%BC");
    }
}

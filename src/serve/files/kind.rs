//! What a file is, by its name: its media type, and how long it may be kept.

use std::borrow::Cow;

use crate::assets::is_fingerprinted;

/// The media type, with the character set where it is text.
pub(super) fn media_type(path: &str) -> Cow<'static, str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    // The feeds that a build writes, by the names that it gives them: no ending tells Atom from RSS.
    match name {
        "feed.xml" => return "application/atom+xml; charset=utf-8".into(),
        "rss.xml" => return "application/rss+xml; charset=utf-8".into(),
        "feed.json" => return "application/feed+json; charset=utf-8".into(),
        _ => {}
    }
    let common = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("webmanifest") => "application/manifest+json; charset=utf-8",
        Some("ics") => "text/calendar; charset=utf-8",
        _ => "",
    };
    if !common.is_empty() {
        return common.into();
    }
    let guess = mime_guess::from_path(name).first_or_octet_stream();
    let is_text = guess.type_() == "text"
        || guess.suffix().is_some_and(|suffix| suffix == "xml" || suffix == "json")
        || matches!(guess.subtype().as_str(), "json" | "javascript" | "xml");
    let essence = guess.essence_str();
    if is_text { format!("{essence}; charset=utf-8").into() } else { essence.to_owned().into() }
}

/// Whether it is a page.
pub(super) fn is_page(path: &str) -> bool {
    path.ends_with(".html") || path.ends_with(".htm")
}

/// `Cache-Control`: a name with the hash of its bytes in it (`style.3f2a9c04.css`) never means other bytes.
pub(super) fn cache_control(path: &str) -> &'static str {
    match is_fingerprinted(path) && !is_page(path) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_type_and_how_long_it_holds() {
        assert_eq!(media_type("a/index.html"), "text/html; charset=utf-8");
        assert_eq!(media_type("x.json"), "application/json; charset=utf-8");
        assert_eq!(media_type("x.js"), "text/javascript; charset=utf-8");
        assert_eq!(media_type("feed.xml"), "application/atom+xml; charset=utf-8");
        assert_eq!(media_type("news/rss.xml"), "application/rss+xml; charset=utf-8");
        assert_eq!(media_type("en/feed.json"), "application/feed+json; charset=utf-8");
        assert_eq!(media_type("sitemap.xml"), "text/xml; charset=utf-8");
        assert_eq!(media_type("x.svg"), "image/svg+xml; charset=utf-8");
        assert_eq!(media_type("x.png"), "image/png");
        assert_eq!(media_type("README"), "application/octet-stream");
        assert_eq!(cache_control("assets/style.3f2a9c04.css"), "public, max-age=31536000, immutable");
        for path in ["index.html", "assets/style.css", "a.deadbeef.css", "3f2a9c04.css", "x.3f2a9c04.html"] {
            assert_eq!(cache_control(path), "no-cache", "{path}");
        }
    }
}

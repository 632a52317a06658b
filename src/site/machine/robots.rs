//! `robots.txt` (RFC 9309), and pages that lead on to another address.

use super::super::views::Addresses;
use super::xml::escape;

/// Everybody may read everything; the sitemap is named.
pub(super) fn robots(addresses: &Addresses, has_sitemap: bool) -> Vec<u8> {
    let mut text = "User-agent: *\nAllow: /\n".to_owned();
    if has_sitemap {
        text.push_str(&format!("\nSitemap: {}\n", addresses.absolute("/sitemap.xml")));
    }
    text.into_bytes()
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

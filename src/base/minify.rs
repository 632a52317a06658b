//! Pages made small: what a browser would throw away is not sent.

use minify_html::Cfg;

/// The same page with fewer bytes. Closing tags, the tags of the skeleton and everything that the HTML standard asks for
/// stay; comments and spaces that are not shown go. Scripts and styles within the page stay as they are, byte for byte:
/// their hashes may stand in a Content-Security-Policy.
pub fn html(page: &[u8]) -> Vec<u8> {
    let manner = Cfg {
        keep_closing_tags: true,
        keep_html_and_head_opening_tags: true,
        keep_input_type_text_attr: true,
        ..Cfg::new()
    };
    minify_html::minify(page, &manner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(page: &str) -> String {
        String::from_utf8(html(page.as_bytes())).unwrap()
    }

    #[test]
    fn spaces_that_are_seen_stay() {
        let page = "<!doctype html>\n<html lang=\"de\">\n<head>\n<title>A  &amp;  B</title>\n</head>\n<body>\n  <!-- note -->\n  <p>One <b>two</b> <i>three</i>,\n  four.</p>\n<pre>a\n  b\n</pre><textarea>\n x </textarea>\n</body>\n</html>\n";
        let made = small(page);
        assert!(made.contains("One <b>two</b> <i>three</i>, four."), "{made}");
        assert!(made.contains("<pre>a\n  b\n</pre>"), "{made}");
        assert!(made.contains("</p>") && made.contains("<html lang=de>") && !made.contains("note"), "{made}");
        assert!(made.to_ascii_lowercase().starts_with("<!doctype html>"), "{made}");
        assert_eq!(small(&made), made, "made small twice is the same");
    }

    #[test]
    fn scripts_and_styles_in_a_page_stay_byte_for_byte() {
        let script = "<script>\n  const a = 1; // one\n</script>";
        let data = "<script type=\"application/ld+json\">\n{ \"a\": \"</b>\" }\n</script>";
        let style = "<style>\n  a { color: red }\n</style>";
        let made = small(&format!("<!doctype html><title>x</title>{script}{data}{style}"));
        for inner in ["\n  const a = 1; // one\n", "{ \"a\": \"</b>\" }", "\n  a { color: red }\n"] {
            assert!(made.contains(inner.trim()), "{made}");
        }
    }
}

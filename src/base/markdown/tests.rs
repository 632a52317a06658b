use super::*;

fn local(text: &str) -> String {
    render(text, Trust::Local, "de")
}

fn foreign(text: &str) -> String {
    render(text, Trust::Foreign, "de")
}

#[test]
fn headings_have_ids_of_their_own() {
    assert_eq!(
        local("# Über `uns` & Co\n\n## Kurs\n\n## Kurs\n\n## Kurs 2\n\n## …\n\n## Eigen {#mein}\n"),
        "<h1 id=\"ueber-uns-co\">Über <code>uns</code> &amp; Co</h1>\n<h2 id=\"kurs\">Kurs</h2>\n\
         <h2 id=\"kurs-2\">Kurs</h2>\n<h2 id=\"kurs-2-2\">Kurs 2</h2>\n<h2 id=\"section\">…</h2>\n\
         <h2 id=\"mein\">Eigen</h2>\n"
    );
    assert!(!foreign("# a {onclick=alert(1)}").contains("<h1 id=\"a\" onclick"));
}

#[test]
fn quotes_are_those_of_the_language() {
    let text = "\"Das 'kleine' Wort\" -- geht's? \"Ja 'so' & 'du's' ...\"";
    assert_eq!(local(text), "<p>„Das ‚kleine‘ Wort“ – geht’s? „Ja ‚so‘ &amp; ‚du’s‘ …“</p>\n");
    let set = |language| render("\"a 'b' c's\"", Trust::Local, language);
    assert_eq!(set("en-GB"), "<p>“a ‘b’ c’s”</p>\n");
    assert_eq!(set("de-CH"), "<p>«a ‹b› c’s»</p>\n");
    assert_eq!(set("fr"), "<p>«\u{202f}a “b” c’s\u{202f}»</p>\n");
    // What is typed as it shall be stays so, and so does code.
    assert_eq!(local("”x“ `\"y\"`"), "<p>”x“ <code>\"y\"</code></p>\n");
}

#[test]
fn tables_tasks_and_strikethrough_are_known() {
    assert!(local("|a|b|\n|-|-:|\n|1|2|\n").contains("<td style=\"text-align: right\">2</td>"));
    assert!(local("- [x] fertig\n").contains("type=\"checkbox\" checked"));
    assert_eq!(local("~~alt~~"), "<p><del>alt</del></p>\n");
}

#[test]
fn footnotes_stand_at_the_end_in_the_order_of_the_text() {
    assert_eq!(
        local("Eins[^b], zwei[^a], wieder[^b], keine[^x].\n\n[^a]: Text a\n\n[^b]: Text *b*\n\nEnde\n"),
        "<p>Eins<sup class=\"footnote-reference\" id=\"fnref:1\"><a href=\"#fn:1\">1</a></sup>, \
         zwei<sup class=\"footnote-reference\" id=\"fnref:2\"><a href=\"#fn:2\">2</a></sup>, \
         wieder<sup class=\"footnote-reference\" id=\"fnref:1:2\"><a href=\"#fn:1\">1</a></sup>, keine[^x].</p>\n\
         <p>Ende</p>\n<section class=\"footnotes\">\n<ol>\n<li id=\"fn:1\">\n<p>Text <em>b</em> \
         <a class=\"footnote-back\" role=\"doc-backlink\" href=\"#fnref:1\">↩</a> \
         <a class=\"footnote-back\" role=\"doc-backlink\" href=\"#fnref:1:2\">↩</a></p>\n</li>\n<li id=\"fn:2\">\n\
         <p>Text a <a class=\"footnote-back\" role=\"doc-backlink\" href=\"#fnref:2\">↩</a></p>\n</li>\n</ol>\n\
         </section>\n"
    );
}

#[test]
fn raw_html_is_kept_for_local_files_only() {
    let text = "<div onclick=\"x()\">\n\n*a* <b>c</b>\n\n</div>\n\n<script>alert(1)</script>\n";
    assert!(local(text).contains("<div onclick=\"x()\">") && local(text).contains("<script>"));
    let html = foreign(text);
    assert!(
        html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && html.contains("&lt;b&gt;c&lt;/b&gt;"),
        "{html}"
    );
    assert!(!html.contains("<div") && !html.contains("<script") && !html.contains("<b>"), "{html}");
}

#[test]
fn links_of_strangers_run_nothing() {
    for bad in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java&#10;script:alert(1)",
        "&#1;javascript:alert(1)",
        "javascript&colon;alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:x",
    ] {
        for text in [format!("[a]({bad})"), format!("![a](<{bad}>)"), format!("[a][r]\n\n[r]: <{bad}>")] {
            let html = foreign(&text);
            assert!(!html.contains("href") && !html.contains("src"), "{text}: {html}");
        }
    }
    assert_eq!(foreign("[*a*](javascript:x) ![b](data:x)"), "<p><em>a</em> b</p>\n");
    assert_eq!(foreign("[![b](data:x)](https://a.b)"), "<p><a href=\"https://a.b\">b</a></p>\n");
    assert!(!foreign("<javascript:alert(1)>").contains("href"));
    for good in ["https://a.b/c:d", "/kurse/", "../x.png", "#teil", "?a:b", "mailto:a@b.c", "tel:+49", "a"] {
        assert!(foreign(&format!("[a]({good})")).contains(&format!("href=\"{good}\"")), "{good}");
    }
    assert!(local("[a](data:x)").contains("href=\"data:x\""));
}

#[test]
fn links_may_be_given_a_new_address() {
    let link = |address: &str| (address == "a.md").then(|| "../a/".to_owned());
    let html = render_with("[a](a.md) ![b](b.png)", Trust::Local, "de", &link);
    assert_eq!(html, "<p><a href=\"../a/\">a</a> <img src=\"b.png\" alt=\"b\" /></p>\n");
}

#[test]
fn hostile_text_costs_no_more_than_its_length() {
    let many = |part: &str| part.repeat(60_000 / part.len());
    let wide = format!("{}\n{}\n{}", "|a".repeat(3_000), "|-".repeat(3_000), "|a\n".repeat(3_000));
    let numbered: String = (0..6_000).map(|n| format!("[^{n}]: x\n\ny[^{n}]\n\n")).collect();
    let parts = [
        "*a_",
        "[",
        "![",
        "> ",
        "- ",
        "<",
        "`",
        "&#",
        "\"'",
        "[a](",
        "a\n\n# a\n\n",
        "~~",
        "[^a]: [^a]\n\n",
        "|",
    ];
    for text in parts.iter().map(|part| many(part)).chain([wide, numbered]) {
        for trust in [Trust::Local, Trust::Foreign] {
            let html = render(&text, trust, "de");
            assert!(html.len() < 40 * text.len() + 5_000_000);
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_text_of_a_stranger_becomes_a_tag_that_runs(
        text in "(\\PC|\n|<script>|<img onerror=x>|<a href='|javascript:|\\[a\\]\\(|\\)|!|> |`|\\[\\^a\\]|: |&#58;){0,30}"
    ) {
        let html = foreign(&text).to_lowercase();
        for bad in ["<script", "<img onerror", "href=\"javascript:", "src=\"javascript:"] {
            proptest::prop_assert!(!html.contains(bad), "{}", html);
        }
    }
}

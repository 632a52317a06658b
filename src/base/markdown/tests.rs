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
    assert_eq!(
        local("- [x] *fertig*\n- [ ] offen\n  - mehr\n"),
        "<ul>\n<li><label><input type=\"checkbox\" disabled checked> <em>fertig</em></label></li>\n\
         <li><label><input type=\"checkbox\" disabled> offen</label>\n<ul>\n<li>mehr</li>\n</ul>\n</li>\n</ul>\n"
    );
    let loose = local("- [ ] a\n\n  b\n");
    assert!(
        loose.contains("<p><label><input type=\"checkbox\" disabled> a</label></p>\n<p>b</p>"),
        "{loose}"
    );
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

fn composed(text: &str) -> Composed {
    let link = |address: &str, _: Range<usize>| match address {
        "a.md" => Target::To("../a/".to_owned()),
        "@/gone.md" => Target::Wrong("there is no such page".to_owned(), None),
        _ => Target::Same,
    };
    let colours = |language: &str, _: &str| (language == "rust").then(|| "<b>code</b>".to_owned());
    let manner = Manner {
        language: "de",
        anchors: false,
        link: &link,
        colours: Some(&colours),
        shortcodes: Some(&Known),
    };
    compose(text, &manner)
}

/// `note` has a block, `figure` has none, `fails` fails.
struct Known;

impl Shortcodes for Known {
    fn has_block(&self, name: &str) -> Option<bool> {
        match name {
            "note" => Some(true),
            "figure" | "fails" => Some(false),
            _ => None,
        }
    }

    fn suggestion(&self, name: &str) -> Option<String> {
        crate::base::text::did_you_mean(name, ["note", "figure"])
    }

    fn make(&self, call: &Call<'_>) -> Result<String, String> {
        if call.name == "fails" {
            return Err("it fails".to_owned());
        }
        let arguments: Vec<String> =
            call.arguments.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        let body = call.body.as_deref().unwrap_or_default().trim_end();
        Ok(format!("[{} {}|{body}]", call.name, arguments.join(" ")))
    }
}

#[test]
fn links_may_be_given_a_new_address() {
    let html = composed("[a](a.md) ![b](b.png)").html;
    assert_eq!(html, "<p><a href=\"../a/\">a</a> <img src=\"b.png\" alt=\"b\" /></p>\n");
    let page = composed("x\n\n{% figure %} [b](@/gone.md)\n");
    assert_eq!((page.wrong[0].span.start, &*page.wrong[0].message), (16, "there is no such page"));
}

#[test]
fn shortcodes_stand_in_and_between_paragraphs() {
    let made = |text: &str| {
        let page = composed(text);
        assert_eq!(page.wrong, [], "{text}");
        page.html
    };
    assert_eq!(
        made("Vor {% figure src: \"a.png\", wide: true, n=3 %} nach *x*."),
        "<p>Vor [figure src=Text(\"a.png\") wide=Bool(true) n=Int(3)|] nach <em>x</em>.</p>\n"
    );
    assert_eq!(made("Vor\n{%- figure -%}\nnach"), "<p>Vor</p>\n[figure |]\n<p>nach</p>\n");
    assert_eq!(
        made("{% note title: '%}' %}\n# Über\n\n{% note %}*in*{% endnote %}\n{% endnote %}\n\n# Über\n"),
        "[note title=Text(\"%}\")|<h1 id=\"ueber\">Über</h1>\n[note |<p><em>in</em></p>]]\n<h1 id=\"ueber-2\">Über</h1>\n"
    );
    let notes = made("a[^1]\n\n{% note %}\nb[^1]\n\n[^1]: in\n{% endnote %}\n\n[^1]: out\n");
    for id in ["fn:1", "fn:s1-1", "fnref:1", "fnref:s1-1"] {
        assert_eq!(notes.matches(&format!("id=\"{id}\"")).count(), 1, "{id}: {notes}");
    }
}

#[test]
fn what_is_no_shortcode_stays_text() {
    for text in [
        "{% if x %}a{% endif %}",
        "{{ site.title }}",
        "`{% figure %}`",
        "{% %}",
        "{% figure",
        "{%figure\n{% x %}",
    ] {
        let page = composed(text);
        assert!(!page.html.contains("[figure") && page.wrong.is_empty(), "{text}: {page:?}");
    }
    let code = composed("```\n{% note %}\n```\n\n    {% figure %}\n");
    assert!(code.html.contains("{% note %}") && code.html.contains("{% figure %}"), "{code:?}");
    assert!(foreign("{% figure %}").contains("{% figure %}"));
}

#[test]
fn what_is_wrong_with_a_shortcode_is_told_with_its_place() {
    for (text, at, message) in [
        ("a {% note %} b", 2, "the shortcode `note` has no end"),
        ("a {% endnote %}", 2, "`{% endnote %}` closes nothing"),
        ("a {% endfigure %}", 2, "`{% endfigure %}` closes nothing"),
        ("a {% figure x %}", 12, "expected an argument `key: value`"),
        ("a {% figure x: y %}", 15, "`x` has no value that can be read"),
        ("a {% figure x: 1, x: 2 %}", 18, "`x` is given twice"),
        ("a {% fails %}", 2, "it fails"),
        ("a\n\n{% note %}\n{% fails %}\n{% endnote %}", 14, "it fails"),
        ("[a]({% figure %})", 4, "the shortcode `figure` cannot stand here"),
    ] {
        let wrong = composed(text).wrong;
        assert_eq!(wrong.len(), 1, "{text}: {wrong:?}");
        assert_eq!((wrong[0].span.start, &*wrong[0].message), (at, message), "{text}");
    }
}

#[test]
fn headings_make_a_tree_and_may_link_to_themselves() {
    let page = composed("# A\n\n### B *b*\n\n## C\n\n# `D`\n");
    let shown = |headings: &[Heading]| -> Vec<String> {
        headings.iter().map(|h| format!("{} {} {} {}", h.level, h.id, h.title, h.children.len())).collect()
    };
    assert_eq!(shown(&page.outline), ["1 a A 2", "1 d D 0"]);
    assert_eq!(shown(&page.outline[0].children), ["3 b-b B b 0", "2 c C 0"]);
    let link = |_: &str, _: Range<usize>| Target::Same;
    let manner = Manner { language: "de", anchors: true, link: &link, colours: None, shortcodes: None };
    assert_eq!(
        compose("## A & B\n", &manner).html,
        "<div class=\"heading\">\n<h2 id=\"a-b\">A &amp; B</h2>\n<a class=\"anchor\" href=\"#a-b\" \
         aria-label=\"Permalink: A &amp; B\">#</a>\n</div>\n"
    );
}

#[test]
fn code_is_marked_where_its_language_is_known() {
    let page = composed("```rust,linenos\nfn\n```\n\n```klingon\n<a>\n```\n\n```\nb\n```\n");
    assert_eq!(
        page.html,
        "<pre tabindex=\"0\"><code class=\"language-rust\"><b>code</b></code></pre>\n<pre tabindex=\"0\"><code \
         class=\"language-klingon\">&lt;a&gt;\n</code></pre>\n<pre tabindex=\"0\"><code>b\n</code></pre>\n"
    );
    assert!(page.has_code && !composed("```klingon\na\n```\n").has_code);
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
        "{% note %}",
        "{% figure %}",
        "{%",
        "{% figure a: \"",
        "{% note %}a{% endnote %}\n\n",
    ];
    for text in parts.iter().map(|part| many(part)).chain([wide, numbered]) {
        for trust in [Trust::Local, Trust::Foreign] {
            let html = if trust == Trust::Local { composed(&text).html } else { render(&text, trust, "de") };
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

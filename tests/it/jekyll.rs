//! A theme written for Jekyll, copied into `themes/` as it is: `tests/sites/jekyll`.

use crate::fixture::Fixture;

/// The text without what only lays out the source.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("> <", "><")
}

fn holds(page: &str, parts: &[&str]) {
    let page = squeezed(page);
    for part in parts {
        assert!(page.contains(part), "{part} in\n{page}");
    }
}

#[test]
fn the_home_page_lists_the_posts() {
    let site = Fixture::copy("jekyll");
    site.build();
    assert_eq!(site.reporter.warnings(), Vec::<String>::new());
    holds(
        &site.output("index.html"),
        &[
            "<title>Field &amp; Notes</title>",
            "<link rel=\"canonical\" href=\"https://notes.example/\">",
            "<link type=\"application/atom+xml\" rel=\"alternate\" href=\"https://notes.example/feed.xml\" \
             title=\"Field &amp; Notes\">",
            "<link rel=\"stylesheet\" href=\"/assets/css/style.css\">",
            "<body class=\"home\">",
            "<a class=\"page-link\" href=\"/about/\">About</a><a class=\"page-link\" href=\"/imprint/\">Imprint</a></nav>",
            "<p>Hello from the <em>home page</em>.</p>",
            "<span class=\"post-meta\">Oct 5, 2026</span><h3>",
            "<a class=\"post-link\" href=\"/notes/silence/\">Silence in class</a>",
            "<p>First paragraph, with <em>stress</em>.</p></li>",
            "id=\"year-2026\">2026: 1</p>",
            "<p class=\"quiet\">Silence in class</p>",
            "1 of 1 (2)",
            "<p class=\"p-name\">Ada Example</p>",
            "<p>© 2026</p>",
        ],
    );
    assert!(site.has("assets/css/style.css"));
}

#[test]
fn posts_pages_and_courses_have_their_layouts() {
    let site = Fixture::copy("jekyll");
    site.build();
    holds(
        &site.output("notes/silence/index.html"),
        &[
            "<title>Silence in class | Field &amp; Notes</title>",
            "<body class=\"post\">",
            "<p class=\"subtitle\">Four minutes</p>",
            "<time class=\"dt-published\" datetime=\"2026-10-05\" itemprop=\"datePublished\">Oct 5, 2026</time>",
            "• <span class=\"p-author\">Grace Example</span> • 1 min read",
            "<p>Second paragraph.</p>",
            "<a class=\"tag\" href=\"/tags/class-room/\">#class room</a>",
            "<a class=\"next\" href=\"/notes/chalk/\">Chalk</a>",
        ],
    );
    holds(
        &site.output("notes/chalk/index.html"),
        &[
            "datetime=\"2025-02-01T10:30:00+01:00\"",
            "<p>Dust.</p>",
            "<a class=\"previous\" href=\"/notes/silence/\">",
        ],
    );
    holds(
        &site.output("about/index.html"),
        &["<h1 class=\"post-title\">About</h1>", "class=\"page-link here\""],
    );
    holds(
        &site.output("courses/asking/index.html"),
        &[
            "<h1 class=\"post-title p-name\" itemprop=\"name headline\">Asking &lt;well&gt; &amp; listening</h1>",
            "<p>Two days.<br> Bring a &lt;case&gt;.</p>",
        ],
    );
}

#[test]
fn a_page_is_made_again_only_for_what_it_read() {
    let mut site = Fixture::copy("jekyll");
    let all = site.build().build.rendered;
    assert_eq!(site.build().build.rendered, 0);
    // The year stands at the foot of every page.
    site.now = "2026-12-31T22:59:59Z".parse().unwrap();
    assert_eq!(site.build().build.rendered, 0);
    site.now = "2026-12-31T23:00:00Z".parse().unwrap();
    let pages = 7;
    assert_eq!(site.build().build.rendered, pages, "all that have the footer, of {all}");
    assert!(site.output("index.html").contains("© 2027"));

    let card = std::fs::read_to_string(site.path("themes/fieldnotes/_includes/card.html")).unwrap();
    site.put("themes/fieldnotes/_includes/card.html", card.replace("post-meta", "post-day"));
    assert_eq!(site.build().build.rendered, 1, "only the home page has cards");
    site.put("templates/_includes/footer.html", "<footer>mine</footer>");
    assert_eq!(site.build().build.rendered, pages);
    site.put("templates/_layouts/course.html", "---\nlayout: default\n---\n{{ course.title }}");
    let reasons = site.build().build.reasons;
    assert_eq!(
        reasons.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(),
        ["courses/asking/index.html"]
    );
    site.remove("templates/_includes/footer.html");
    assert_eq!(site.build().build.rendered, pages);
}

#[test]
fn tags_of_plug_ins_and_filters_of_jekyll_are_there() {
    let site = Fixture::copy("jekyll").write(
        "themes/fieldnotes/_layouts/try.html",
        "{% highlight html %}\n<b>{{ page.title }}</b>\n{% endhighlight %}\n\
         {% include {{ page.extra.card }} item=page %}{{ content | markdownify }}|{{ page.title | jsonify }}",
    );
    let site = site.write(
        "content/about.md",
        "+++\ntitle = \"About\"\nlayout = \"try\"\n[extra]\ncard = \"card.html\"\n+++\nText.\n",
    );
    site.build();
    holds(
        &site.output("about/index.html"),
        &[
            "<code class=\"language-html\" data-lang=\"html\">&lt;b&gt;About&lt;/b&gt;</code></pre></figure>",
            "<a class=\"post-link\" href=\"/about/\">About</a>",
            "<p>Text.</p> |\"About\"",
        ],
    );
}

#[test]
fn an_excerpt_on_the_home_page_follows_its_post() {
    let site = Fixture::copy("jekyll");
    site.build();
    let post = std::fs::read_to_string(site.path("content/notes/silence.md")).unwrap();
    site.put("content/notes/silence.md", post.replace("Second paragraph", "Another paragraph"));
    let changed = |reasons: Vec<(String, aither::build::Reason)>| -> Vec<String> {
        reasons.into_iter().map(|(path, _)| path).filter(|path| path.ends_with(".html")).collect()
    };
    assert_eq!(changed(site.build().build.reasons), ["notes/silence/index.html"]);
    site.put("content/notes/silence.md", post.replace("First paragraph", "Opening"));
    assert_eq!(changed(site.build().build.reasons), ["index.html", "notes/silence/index.html"]);
    assert!(site.output("index.html").contains("<p>Opening, with <em>stress</em>.</p>"));
}

//! What local Markdown can do: shortcodes, links between files and to courses, marked code.

use aither::project::Options;

use crate::fixture::Fixture;

fn site() -> Fixture {
    Fixture::with_courses(&[("c1", "Ruhig", "2027-02-10"), ("c2", "Laut", "2027-03-10")])
        .write("templates/layouts/page.liquid", "{{ content }}")
        .write("templates/layouts/course.liquid", "{{ content }}")
        .write(
            "templates/shortcodes/note.liquid",
            "---\nblock: true\n---\n<aside title=\"{{ title }}\">{{ body }}</aside>",
        )
        .write("templates/shortcodes/hint.liquid", "<b>{{ text | default: site.title }}</b>")
        .write("content/a.md", "+++\ntitle = \"A\"\n+++\n{% note title: \"<x>\" %}\n*a*\n{% endnote %}\n")
        .write("content/b.md", "{% hint text: \"<b>\" %} und {% hint %}\n")
        .write("content/c.md", "{% unknown %} {{ site.title }}\n")
}

fn rendered(site: &Fixture) -> Vec<String> {
    let paths = site.build().build.reasons.into_iter().map(|(path, _)| path);
    paths.filter(|path| path.ends_with(".html")).collect()
}

fn refused(site: &Fixture) -> String {
    site.try_build(Options::default()).unwrap_err().to_string()
}

#[test]
fn a_changed_shortcode_renders_the_pages_that_use_it() {
    let site = site();
    site.build();
    assert_eq!(site.output("a/index.html"), "<aside title=\"&lt;x&gt;\"><p><em>a</em></p>\n</aside>\n");
    assert_eq!(site.output("b/index.html"), "<p><b>&lt;b&gt;</b> und <b>Akademie</b></p>\n");
    assert!(site.output("c/index.html").contains("{% unknown %} {{ site.title }}"));
    site.put("templates/shortcodes/hint.liquid", "<i>{{ text }}{% include 'extra' %}</i>");
    site.put("templates/partials/extra.liquid", "!");
    assert_eq!(rendered(&site), ["b/index.html"]);
    site.put("templates/partials/extra.liquid", "?");
    assert_eq!(rendered(&site), ["b/index.html"]);
    assert!(site.output("b/index.html").contains("<i>?</i>"));
    // What was text is a call as soon as there is a shortcode of the name.
    site.put("templates/shortcodes/unknown.liquid", "known");
    assert_eq!(rendered(&site), ["c/index.html"]);
    let output = site.run(&["build", "--verify", "--at", "2026-11-21T10:00:00Z"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_shortcode_of_the_theme_gives_way_to_the_sites_own() {
    let site = Fixture::with_courses(&[])
        .write("themes/mine/theme.toml", "name = \"mine\"\n")
        .write("themes/mine/layouts/page.liquid", "{{ content }}")
        .write("themes/mine/layouts/home.liquid", "")
        .write("themes/mine/shortcodes/hint.liquid", "theme")
        .write("content/a.md", "{% hint %}\n");
    let config = std::fs::read_to_string(site.path("aither.toml")).unwrap();
    site.put("aither.toml", format!("{config}[theme]\nname = \"mine\"\n"));
    site.build();
    assert_eq!(site.output("a/index.html"), "theme\n");
    site.put("templates/shortcodes/hint.liquid", "site");
    site.build();
    assert_eq!(site.output("a/index.html"), "site\n");
}

#[test]
fn what_is_wrong_with_a_shortcode_is_told_with_file_and_line() {
    let site = site();
    site.put("content/b.md", "+++\n+++\n\n{% hint text %}\n\n{% endhint %}\n");
    let told = refused(&site);
    assert!(told.contains("content/b.md:4:9: expected an argument"), "{told}");
    assert!(told.contains("content/b.md:6:1: `{% endhint %}` closes nothing"), "{told}");
    site.put("content/b.md", "Eins\n{% hint %}\n");
    site.put("templates/shortcodes/hint.liquid", "{{ 'x' | nonsense }}");
    let told = refused(&site);
    assert!(told.contains("content/b.md:2:1: the shortcode `hint` fails"), "{told}");
    assert!(told.contains("templates/shortcodes/hint.liquid:1:"), "{told}");
}

#[test]
fn the_time_in_a_shortcode_renders_its_page_when_it_moves_on() {
    let mut site = site();
    site.put("templates/shortcodes/hint.liquid", "{{ 'now' | date: '%Y' }}");
    site.build();
    assert!(site.output("b/index.html").contains("2026"));
    site.now = "2027-01-01T10:00:00Z".parse().unwrap();
    let made = rendered(&site);
    assert!(
        made.contains(&"b/index.html".to_owned()) && !made.contains(&"c/index.html".to_owned()),
        "{made:?}"
    );
    assert!(site.output("b/index.html").contains("2027"));
}

#[test]
fn text_of_the_source_calls_no_shortcode() {
    let site = site();
    site.put(
        "templates/layouts/course.liquid",
        "{{ course.description }}{{ course.description | markdownify }}",
    );
    let mut rows: Vec<serde_json::Value> =
        serde_json::from_str(&std::fs::read_to_string(site.path("courses.json")).unwrap()).unwrap();
    rows[0]["description"] = "{% hint %}".into();
    site.put("courses.json", serde_json::to_string(&rows).unwrap());
    site.build();
    assert_eq!(site.output("courses/ruhig/index.html").matches("{% hint %}").count(), 2);
}

#[test]
fn links_between_files_are_resolved_and_checked() {
    let site = site()
        .write("content/team/_index.md", "+++\ntitle = \"Team\"\n+++\n# Wir alle\n")
        .write("content/team/picture.png", "x")
        .write("content/later.md", "+++\ndraft = true\n+++\n")
        .write("content/courses/laut.md", "+++\nslug = \"leise\"\n+++\n[b](@/b.md)\n");
    site.put(
        "content/a.md",
        "[1](@/b.md) [2](@/team/_index.md#wir-alle) [3](@/team) [4](@/courses/ruhig) [5](@/courses/laut.md?x#y) \
         [6](@/courses/c2) ![7](@/team/picture.png) [8](@/)\n",
    );
    site.build();
    let page = site.output("a/index.html");
    for link in [
        "href=\"/b/\"",
        "href=\"/team/#wir-alle\"",
        "href=\"/team/\"",
        "href=\"/courses/ruhig/\"",
        "href=\"/courses/leise/?x#y\"",
        "href=\"/courses/leise/\"",
        "src=\"/team/picture.png\"",
        "href=\"/\"",
    ] {
        assert!(page.contains(link), "{link}: {page}");
    }
    assert!(site.output("courses/leise/index.html").contains("href=\"/b/\""));
    site.put("content/team/_index.md", "+++\ntitle = \"Team\"\nslug = \"wir\"\n+++\n# Wir alle\n");
    site.build();
    assert!(site.output("a/index.html").contains("href=\"/wir/#wir-alle\""));

    site.put("content/a.md", "+++\n+++\n[1](@/bb.md)\n[2](@/team/_index.md#wer)\n[3](@/later.md)\n");
    let told = refused(&site);
    for line in [
        "content/a.md:3:1: `@/bb.md` leads to a file that is not there",
        "did you mean `@/b.md`?",
        "content/a.md:4:1: `@/team/_index.md#wer` leads to a heading that is not there",
        "content/a.md:5:1: `@/later.md` leads to a page that is a draft, and so is not built",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[test]
fn a_course_that_moves_takes_links_to_it_along() {
    let site = site();
    site.put("content/a.md", "[4](@/courses/c1)\n");
    site.build();
    let courses = std::fs::read_to_string(site.path("courses.json")).unwrap();
    site.put("courses.json", courses.replace("\"slug\": \"ruhig\"", "\"slug\": \"still\""));
    assert!(rendered(&site).contains(&"a/index.html".to_owned()));
    assert!(site.output("a/index.html").contains("/courses/still/"));
    assert!(!rendered(&site).contains(&"a/index.html".to_owned()));
}

#[test]
fn a_page_that_expires_or_is_yet_to_come_leaves_links_as_text_and_stops_no_build() {
    let mut site = site()
        .write("content/alt.md", "+++\nexpires = 2027-01-01\n+++\n# Alt\n")
        .write("content/archiv/_index.md", "+++\ntitle = \"Archiv\"\nexpires = 2027-01-01\n+++\n")
        .write("content/neu.md", "+++\npublish_at = 2027-03-01\n+++\n");
    site.put(
        "content/a.md",
        "+++\n+++\n[eins](@/alt.md#alt) [zwei](alt.md)\n![drei](@/archiv) [vier](@/neu.md)\n",
    );
    site.build();
    let page = site.output("a/index.html");
    assert!(page.contains("href=\"/alt/#alt\"") && page.contains("href=\"/alt/\""), "{page}");
    assert!(page.contains(" vier</p>") && !page.contains("neu"), "{page}");
    let told = site.reporter.warnings().join("\n");
    assert!(
        told.contains("content/a.md:4:19: `@/neu.md` leads to a page that appears on 2027-02-28T23:00:00Z"),
        "{told}"
    );

    // Nothing but the time has changed.
    site.now = "2027-02-01T10:00:00Z".parse().unwrap();
    assert!(rendered(&site).contains(&"a/index.html".to_owned()));
    assert_eq!(site.output("a/index.html"), "<p>eins zwei\ndrei vier</p>\n");
    let told = site.reporter.warnings().join("\n");
    for line in [
        "content/a.md:3:1: `@/alt.md` leads to a page that expired on 2026-12-31T23:00:00Z: its text is shown",
        "content/a.md:3:22: `alt.md` leads to a page that expired",
        "content/a.md:4:1: `@/archiv` leads to a page that expired",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(!rendered(&site).contains(&"a/index.html".to_owned()));
    let output = site.run(&["build", "--verify", "--at", "2027-02-01T10:00:00Z"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    site.now = "2027-03-02T10:00:00Z".parse().unwrap();
    site.build();
    assert!(site.output("a/index.html").contains("<a href=\"/neu/\">vier</a>"));
}

#[test]
fn a_course_that_the_source_removes_leaves_links_as_text_and_stops_no_build() {
    let site = site();
    site.put("content/a.md", "[eins](@/courses/c1) [zwei](@/courses/laut)\n");
    site.build();
    let courses = std::fs::read_to_string(site.path("courses.json")).unwrap();
    let mut rows: Vec<serde_json::Value> = serde_json::from_str(&courses).unwrap();
    rows.truncate(1);
    site.put("courses.json", serde_json::to_string(&rows).unwrap());
    assert!(site.try_build(Options { allow_shrink: true, ..Options::default() }).is_ok());
    assert_eq!(site.output("a/index.html"), "<p><a href=\"/courses/ruhig/\">eins</a> zwei</p>\n");
    let told = site.reporter.warnings().join("\n");
    let line = "content/a.md:1:22: `@/courses/laut` leads to a course that is not in the catalogue: its text is shown";
    assert!(told.contains(line), "{told}");
    let output = site.run(&["check"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("content/a.md:1: error: `@/courses/laut` leads to a course"), "{told}");
    site.put("courses.json", courses);
    site.build();
    assert!(site.output("a/index.html").contains("<a href=\"/courses/laut/\">zwei</a>"));
    // A slip of the keyboard is told with what it could mean.
    site.put("content/a.md", "[eins](@/courses/ruhi)\n");
    site.build();
    assert!(site.reporter.warnings().join("\n").contains("did you mean `ruhig`?"));
}

#[test]
fn code_is_marked_and_headings_link_to_themselves_as_the_site_wants() {
    let site = site().write("content/code.md", "## Kopf\n\n```rust\nlet a = 1;\n```\n");
    site.build();
    let page = site.output("code/index.html");
    assert!(page.contains("<span class=\"hl-k\">let</span>") && !page.contains("class=\"anchor\""), "{page}");
    assert!(site.path(".aither/code.json").exists());
    std::fs::remove_file(site.path(".aither/code.json")).unwrap();
    assert_eq!(rendered(&site), [] as [&str; 0]);
    let config = std::fs::read_to_string(site.path("aither.toml")).unwrap();
    site.put("aither.toml", format!("{config}[markdown]\nhighlight = false\nheading_anchors = true\n"));
    assert!(rendered(&site).contains(&"code/index.html".to_owned()));
    let page = site.output("code/index.html");
    assert!(!page.contains("hl-k") && page.contains("<a class=\"anchor\" href=\"#kopf\""), "{page}");
}

#[test]
fn links_and_shortcodes_speak_the_language_of_their_file() {
    let site = site();
    let config = std::fs::read_to_string(site.path("aither.toml")).unwrap();
    site.put("aither.toml", format!("{config}[languages.en]\ntitle = \"Academy\"\n"));
    site.put(
        "content/a.en.md",
        "+++\ntitle = \"A\"\n+++\n{% hint %} [b](@/b.md) [c](@/courses/ruhig) [h](@/)\n",
    );
    site.build();
    let page = site.output("en/a/index.html");
    for part in ["<b>Academy</b>", "href=\"/en/b/\"", "href=\"/en/courses/ruhig/\"", "href=\"/en/\""] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn a_layout_that_a_file_asks_for_must_be_there() {
    let site = site();
    site.put("templates/layouts/rooms.liquid", "rooms {{ content }}");
    site.put("content/a.md", "+++\ntemplate = \"rooms\"\n+++\n");
    site.build();
    assert!(site.output("a/index.html").starts_with("rooms"));
    for (line, name) in [("template = \"room\"", "room"), ("layout = \"rooms.lquid\"", "rooms.lquid")] {
        site.put("content/a.md", format!("+++\ntitle = \"A\"\n{line}\n+++\n"));
        let error = site.try_build(Options::default()).unwrap_err();
        assert!(error.message().contains(&format!("there is no layout `{name}`")), "{error}");
        assert!(error.message().starts_with("content/a.md:3:"), "{error}");
        assert!(
            error.hints().iter().any(|hint| hint.contains("did you mean `rooms`?")),
            "{:?}",
            error.hints()
        );
    }
    let output = site.run(&["check"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("content/a.md:3: error: there is no layout"), "{told}");
}

#[test]
fn a_call_that_is_none_is_told_of_and_can_be_meant() {
    let site = site();
    site.put(
        "content/c.md",
        "Text\n{% nte %} und {% note %}{% hnt %}{% endnote %}\n\n`{% code %}` \\{% raw %}\n",
    );
    site.build();
    let told: Vec<String> =
        site.reporter.warnings().into_iter().filter(|told| told.contains("is no shortcode")).collect();
    assert_eq!(
        told,
        [
            "content/c.md:2:1: `{% nte %}` is no shortcode, and is shown as it stands (did you mean `note`?)",
            "content/c.md:2:25: `{% hnt %}` is no shortcode, and is shown as it stands (did you mean `hint`?)",
        ]
    );
    assert!(site.output("c/index.html").contains(" {% raw %}"), "{}", site.output("c/index.html"));
    let output = site.run(&["check"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("content/c.md:2: error: `{% nte %}` is no shortcode"), "{told}");
    site.put("content/c.md", "{% hint text: „Hallo“ %}\n");
    assert!(
        refused(&site)
            .contains("content/c.md:1:15: `„` is no quotation mark that a call knows: `text: \"…\"`")
    );
}

#[test]
fn a_picture_beside_the_page_is_called_from_markdown() {
    let site = site();
    site.put("content/team/index.md", "{% image src: \"team.jpg\", alt: \"Das <Team>\" %}\n");
    site.put("content/team/team.jpg", crate::pictures::jpeg(40, 30));
    site.build();
    let page = site.output("team/index.html");
    assert!(page.contains("<picture>") && page.contains("alt=\"Das &lt;Team&gt;\" width=\"40\""), "{page}");
    assert_eq!(site.build().build.written, 0);
    for (call, told) in
        [("scr: \"team.jpg\"", "`image` has no parameter `scr`"), ("alt: \"x\"", "`image` needs a `src`")]
    {
        site.put("content/team/index.md", format!("Text\n\n{{% image {call} %}}\n"));
        let refused = refused(&site);
        assert!(refused.contains("content/team/index.md:3:1: ") && refused.contains(told), "{refused}");
    }
    // A shortcode of the site goes first.
    site.put("templates/shortcodes/image.liquid", "own {{ alt }}");
    site.build();
    assert!(site.output("team/index.html").contains("own x"));
}

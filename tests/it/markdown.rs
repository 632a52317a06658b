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

    site.put(
        "content/a.md",
        "+++\n+++\n[1](@/bb.md)\n[2](@/team/_index.md#wer)\n[3](@/courses/ruhi)\n[4](@/later.md)\n[5](@/courses/nichts)\n",
    );
    let told = refused(&site);
    for line in [
        "content/a.md:3:1: `@/bb.md` leads to a file that is not there",
        "did you mean `@/b.md`?",
        "content/a.md:4:1: `@/team/_index.md#wer` leads to a heading that is not there",
        "content/a.md:5:1: `@/courses/ruhi` leads to a course that is not in the catalogue",
        "did you mean `ruhig`?",
        "content/a.md:6:1: `@/later.md` leads to a page that is a draft, and so is not built",
        "content/a.md:7:1: ",
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

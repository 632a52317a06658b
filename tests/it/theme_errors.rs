//! What a template author is told: where, what, on the way from which page, and what may have been meant.

use aither::error::Kind;
use aither::theme::Theme;

use crate::theme::{Fixture, map, request, view};

#[test]
fn an_error_tells_the_line_and_the_way_to_it() {
    let fixture = Fixture::bare()
        .page("---\nlayout: base\n---\n<p>\n  {% include 'outer' %}\n</p>")
        .file("themes/bare/layouts/base.liquid", "{{ content }}")
        .file("themes/bare/partials/outer.liquid", "{% render 'inner', a: 1 %}")
        .file("themes/bare/partials/inner.liquid", "ä {{ a | divided_by: 0 }}");
    let error = fixture.error(&view());
    assert_eq!(error.kind(), Kind::Template);
    assert_eq!(
        error.message(),
        "themes/bare/partials/inner.liquid:1:10: divided by 0\n  |\n1 | ä {{ a | divided_by: 0 }}\n  |          ^\n  \
         in the `render` at themes/bare/partials/outer.liquid:1:1\n  \
         in the `include` at themes/bare/layouts/page.liquid:5:3\n  on the page /x/"
    );
}

#[test]
fn an_outer_layout_s_error_tells_what_it_stands_around() {
    let fixture = Fixture::bare()
        .page("---\nlayout: middle\n---\nx")
        .file("themes/bare/layouts/middle.liquid", "---\nlayout: base\n---\n{{ content }}")
        .file("themes/bare/layouts/base.liquid", "<title>{{ content | divided_by: 0 }}</title>");
    assert!(
        fixture.error(&view()).message().ends_with(
            "\n  around themes/bare/layouts/middle.liquid, around themes/bare/layouts/page.liquid\n  on the page /x/"
        ),
        "{}",
        fixture.error(&view())
    );
}

#[test]
fn all_mistakes_of_a_template_come_together() {
    let text =
        "---\ntitle: x\n---\n{{ page.title | escap }}\n{% fro x in y %}\n{% if %}{% endif %}\n{{ 'open }}";
    for fixture in [
        Fixture::bare().page(text),
        Fixture::bare().page("{% include 'p' %}").file("themes/bare/partials/p.liquid", text),
    ] {
        let error = fixture.error(&view());
        let message = error.message();
        for part in [
            "liquid:4:17: there is no filter \"escap\"\n  |\n4 | {{ page.title | escap }}\n  |                 ^\n  \
             = hint: did you mean \"escape\"?",
            "liquid:5:1: ",
            "= hint: did you mean \"for\"?",
            "liquid:6:",
            "liquid:7:",
            "\n  on the page /x/",
        ] {
            assert!(message.contains(part), "{part} in\n{message}");
        }
    }
}

#[test]
fn a_partial_that_cannot_be_parsed_is_told_with_its_caller() {
    let fixture =
        Fixture::bare().page("\n{% include 'p' %}").file("themes/bare/partials/p.liquid", "{% if %}");
    let error = fixture.error(&view());
    assert!(error.message().starts_with("themes/bare/partials/p.liquid:1:"), "{error}");
    assert!(error.message().contains("in the `include` at themes/bare/layouts/page.liquid:2:1"), "{error}");
}

#[test]
fn a_name_that_is_not_there_is_a_warning_or_an_error() {
    let page =
        "{{ page.titel }}{{ sute.title }}{% for x in page.nope %}{% endfor %}{% if page.none %}{% endif %}";
    let warnings = [
        "themes/bare/layouts/page.liquid:1:4: \"page\" has no property \"titel\" (did you mean \"title\"?)",
        "themes/bare/layouts/page.liquid:1:20: \"sute\" is not defined (did you mean \"site\"?)",
    ];
    let fixture = Fixture::bare().page(page);
    let rendered = fixture.render(&view()).expect("renders");
    assert_eq!(rendered.warnings[..2], warnings);

    let strict = Fixture::bare().page(page).file("themes/bare/theme.toml", "strict = true\n");
    let error = strict.error(&view());
    assert!(
        error
            .message()
            .starts_with("themes/bare/layouts/page.liquid:1:4: \"page\" has no property \"titel\""),
        "{error}"
    );
    assert_eq!(error.hints(), ["did you mean \"title\"?"]);
    let mut lenient = strict;
    lenient.config.theme.strict = Some(false);
    assert_eq!(lenient.render(&view()).expect("renders").warnings[..2], warnings);
    let mut strict = fixture;
    strict.config.theme.strict = Some(true);
    assert_eq!(strict.error(&view()).kind(), Kind::Template);
}

#[test]
fn the_default_theme_uses_no_name_that_is_not_there() {
    use crate::academy::{LAYOUTS, PLAIN, academy, view};
    let mut config = academy();
    config.theme.strict = Some(true);
    let theme = Theme::open(&config, &[]).expect("opens");
    for layout in LAYOUTS {
        // What a page of this kind always has, its real view has.
        let view = view(layout, PLAIN, true);
        if let Err(error) = theme.render(&request(&[layout], &view)) {
            panic!("{layout}: {error} {:?}", error.hints());
        }
    }
}

#[test]
fn the_theme_or_a_layout_says_how_to_escape() {
    let view = map([("x", "<i>".into())]);
    let cases = [
        ("", "{{ x }}", "<i>"),
        ("autoescape = \"html\"", "{{ x }}{{ x | raw }}", "&lt;i&gt;<i>"),
        ("autoescape = \"html\"", "---\nautoescape: none\n---\n{{ x }}", "<i>"),
        ("autoescape = \"none\"", "+++\nautoescape = \"html\"\n+++\n{{ x }}", "&lt;i&gt;"),
        ("", "---\nautoescape: html\nlayout: base\n---\n{{ x }}{% include 'p' %}", "<i>[&lt;i&gt;&lt;i&gt;]"),
        ("autoescape = \"html\"", "---\nautoescape: none\nlayout: base\n---\n{{ x }}", "&lt;i&gt;[<i>]"),
    ];
    for (toml, page, expected) in cases {
        let fixture = Fixture::bare()
            .page(page)
            .file("themes/bare/theme.toml", toml)
            .file("themes/bare/layouts/base.liquid", "{{ x }}[{{ content }}]")
            .file("themes/bare/partials/p.liquid", "{{ x }}");
        assert_eq!(fixture.text(&view), expected, "{toml} {page}");
    }
    for (file, text, part) in [
        ("themes/bare/theme.toml", "autoescape = \"xml\"", "must be \"html\" or \"none\""),
        ("themes/bare/theme.toml", "autoescape = true", "must be \"html\" or \"none\""),
        ("themes/bare/theme.toml", "strict = \"yes\"", "`strict` must be true or false"),
        ("themes/bare/layouts/base.liquid", "---\nautoescape: xml\n---\n", "must be `html` or `none`"),
    ] {
        let fixture = Fixture::bare().page("x").file(file, text);
        let error = Theme::open(&fixture.config, &[]).expect_err("wrong");
        assert!(error.message().contains(part) && error.message().starts_with(file), "{error}");
    }
}

#[test]
fn switching_the_manner_makes_pages_anew() {
    let fixture = Fixture::bare().page("{{ x }}");
    let view = map([("x", "<i>".into())]);
    let request = request(&["page"], &view);
    let trace = fixture.theme().render(&request).expect("renders").trace;
    assert_eq!(fixture.theme().change(&trace, &request, &()), None);
    let fixture = fixture.file("themes/bare/theme.toml", "autoescape = \"html\"");
    assert!(fixture.theme().change(&trace, &request, &()).is_some());
}

#[test]
fn the_site_s_own_filters_keep_to_the_limits() {
    let big = "{% assign x = 'ab' %}{% for i in (1..20) %}{% assign x = x | append: x %}{% endfor %}";
    let list =
        "{% assign l = 'a' | split: ',' %}{% for i in (1..200) %}{% assign l = l | push: x %}{% endfor %}";
    for template in [
        format!("{big}{list}{{{{ l | array_to_sentence_string | size }}}}"),
        format!("{big}{list}{{{{ l | jsonify | size }}}}"),
        format!("{big}{list}{{% assign g = l | group_by_exp: 'i', 'i' %}}{{{{ g | size }}}}"),
        format!("{big}{{% for i in (1..200) %}}{{{{ x | markdownify | size }}}}{{% endfor %}}"),
        "{{ 'now' | date: '%999999999d' }}".to_owned(),
    ] {
        let begun = std::time::Instant::now();
        let error = Fixture::bare().page(&template).error(&view());
        assert_eq!(error.kind(), Kind::Template, "{template}");
        assert!(begun.elapsed().as_secs() < 60, "{template}");
    }
}

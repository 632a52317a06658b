//! What people are told: place, line, way, and what they may have meant.

use crate::liquid_data::{parse_errors, render_error, render_with};
use aither::liquid::ErrorKind;

#[test]
fn an_error_shows_its_line_with_a_caret() {
    assert_eq!(
        parse_errors("<h1>\n\t{{ title | upcas }}\n</h1>"),
        "page.html:2:13: there is no filter \"upcas\"\n    2 | \t{{ title | upcas }}\n      | \t           ^\n  \
         help: did you mean \"upcase\"?\n"
    );
}

#[test]
fn columns_count_characters() {
    let errors = parse_errors("Zürich: {{ 1 + 2 }}");
    assert!(errors.starts_with("page.html:1:14: expected nothing more, found \"+\""), "{errors}");
}

#[test]
fn all_errors_of_a_template_come_together() {
    let source = "{% if a = 1 %}\n{{ b | nosuch }}\n{% endif %}\n{% fro x in y %}\n{% endfro %}\n{% assign 1 %}\n{% endfor %}";
    let errors = parse_errors(source);
    let heads: Vec<&str> = errors.lines().filter(|l| l.starts_with("page.html")).collect();
    assert_eq!(
        heads,
        [
            "page.html:1:9: expected an operator, found \"=\"",
            "page.html:2:8: there is no filter \"nosuch\"",
            "page.html:4:1: there is no tag \"fro\"",
            "page.html:6:13: expected \"=\" after the name",
            "page.html:7:1: \"endfor\" without a tag that it belongs to",
        ],
        "{errors}"
    );
    assert!(errors.contains("help: use \"==\""));
    assert!(errors.contains("help: did you mean \"for\"?"));
}

#[test]
fn a_runtime_error_tells_the_way_it_came() {
    let partials =
        [("card", "<p>\n{% render 'price', c: c %}"), ("price", "{{ c.price | divided_by: c.parts }}")];
    let error = render_with(
        "\n{% include 'card', c: course %}",
        r#"{"course": {"price": 5, "parts": 0}}"#,
        &partials,
        |_| {},
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "price:1:14: divided by 0\n    1 | {{ c.price | divided_by: c.parts }}\n      |              ^\n  \
         render at card:2:1\n  include at page.html:2:1\n"
    );
    assert_eq!((error.line(), error.column(), error.kind()), (1, 14, ErrorKind::Value));
}

#[test]
fn undefined_names_are_warnings_or_errors() {
    let source = "{{ coruse.title }}{{ course.titel }}{{ course.list[5] }}{{ nothing }}";
    let json = r#"{"course": {"title": "T", "list": [1]}}"#;
    let rendered = render_with(source, json, &[], |_| {}).unwrap();
    assert_eq!(rendered.text, "");
    let told: Vec<String> = rendered
        .warnings
        .iter()
        .map(|w| format!("{}: {} {}", w.column(), w.message(), w.hint().unwrap_or("")))
        .collect();
    assert_eq!(
        told,
        [
            "4: \"coruse\" is not defined did you mean \"course\"?",
            "22: \"course\" has no property \"titel\" did you mean \"title\"?",
            "40: \"course.list\" has no such element ",
            "60: \"nothing\" is not defined ",
        ]
    );
    let error = render_with("\n {{ coruse.title }}", json, &[], |o| o.strict = true).unwrap_err();
    assert_eq!(
        error.to_string(),
        "page.html:2:5: \"coruse\" is not defined\n    2 |  {{ coruse.title }}\n      |     ^\n  \
         help: did you mean \"course\"?\n"
    );
}

#[test]
fn asking_whether_something_is_there_is_no_mistake() {
    let source = "{% if a %}{% endif %}{% if a == nil %}{% endif %}{% if b.c == blank %}{% endif %}{{ a | default: 1 }}\
                  {% unless d and e %}{% endunless %}{{ list.first }}";
    let rendered = render_with(source, r#"{"list": []}"#, &[], |o| o.strict = true).unwrap();
    assert_eq!(rendered.text, "1");
    assert!(rendered.warnings.is_empty());
}

#[test]
fn a_mistake_in_a_loop_is_told_once() {
    let source = "{% for i in (1..1000) %}{{ nosuch }}{% endfor %}";
    assert_eq!(render_with(source, "{}", &[], |_| {}).unwrap().warnings.len(), 1);
}

#[test]
fn partials_that_are_missing_are_errors_with_a_hint() {
    let error = render_with("{% include 'cards' %}", "{}", &[("card", "")], |_| {}).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Partial);
    assert_eq!(error.message(), "there is no partial \"cards\"");
    assert_eq!(error.hint(), Some("did you mean \"card\"?"));
    let error = render_error("{% include nosuch %}", "{}");
    assert!(error.contains("the name of a partial is a string, not nil"), "{error}");
}

#[test]
fn arguments_are_counted_when_parsing() {
    for (source, message) in [
        ("{{ a | append }}", "\"append\" takes 1 argument, not 0"),
        ("{{ a | upcase: 1 }}", "\"upcase\" takes no arguments, not 1"),
        ("{{ a | replace: 1, 2, 3 }}", "\"replace\" takes 1 to 2 arguments, not 3"),
        ("{{ a | default: 1, allow: true }}", "\"default\" takes no argument \"allow\""),
    ] {
        assert!(parse_errors(source).contains(message), "{}", parse_errors(source));
    }
}

#[test]
fn values_that_do_not_fit_are_named() {
    for (source, message) in [
        ("{% if 'a' > 1 %}{% endif %}", "page.html:1:7: cannot compare a string with an integer"),
        ("{{ l | sort }}", "page.html:1:8: cannot sort an integer and a string together"),
        ("{% for i in l limit: 'x' %}{% endfor %}", "page.html:1:1: \"x\" is not an integer"),
        ("{{ l | concat: 1 }}", "page.html:1:8: \"concat\" takes a list, not an integer"),
        ("{{ 'a' | base64_decode }}", "page.html:1:10: this is not valid Base64"),
        ("{{ l | map: 'k' }}", "page.html:1:8: cannot take the property \"k\" of every element"),
        ("{% if (1..l) == 1 %}{% endif %}", "a range goes from number to number, not to a list"),
    ] {
        let error = render_error(source, r#"{"l": [1, "a"]}"#);
        assert!(error.starts_with(message) || error.contains(message), "{source}: {error}");
    }
}

#[test]
fn render_does_not_let_its_partial_include() {
    let partials = [("a", "{% include 'b' %}"), ("b", "x")];
    let error = render_with("{% render 'a' %}", "{}", &partials, |_| {}).unwrap_err();
    assert_eq!(error.message(), "\"include\" cannot be used in a partial that was called by \"render\"");
    assert_eq!((error.line(), error.hint()), (1, Some("use \"render\"")));
    assert_eq!(render_with("{% include 'a' %}", "{}", &partials, |_| {}).unwrap().text, "x");
}

//! Templates that mean harm: none of them panics, overflows the stack, hangs or eats memory.

use std::time::{Duration, Instant};

use crate::liquid_data::{Map, parse_errors, parsed, render, render_error, render_with};
use aither::liquid::{
    Args, Arity, Clock, Context, Error, ErrorKind, Language, ParseLimits, Scene, Template, Time, Value,
};

#[test]
fn tabs_and_newlines_are_space_in_tags() {
    assert_eq!(render("{%\tif\ta\t==\t1\t%}yes{%\tendif\t%}{{\ta\n|\tplus:\t1\t}}", r#"{"a": 1}"#), "yes2");
}

#[test]
fn names_may_begin_with_keywords() {
    let json = r#"{"nilable": 1, "trueish": 2, "emptying": 3, "blanket": 4, "android": 5, "oration": 6, "falsehood": 7}"#;
    let source = "{{ nilable }}{{ trueish }}{{ emptying }}{{ blanket }}{{ falsehood }}\
                  {% if android and oration %}{{ android }}{{ oration }}{% endif %}";
    assert_eq!(render(source, json), "1234756");
}

#[test]
fn a_path_may_begin_with_brackets_that_lead_nowhere() {
    for source in ["{{ [0].title }}", "{{ [nothing].title.more }}", "{{ [''] }}", "{{ [[0]][1].x }}"] {
        assert_eq!(render(source, "{}"), "", "{source}");
    }
}

#[test]
fn a_number_of_too_many_digits_is_an_error() {
    let errors = parse_errors("{{ 99999999999999999999 }}");
    assert_eq!(
        errors,
        "page.html:1:4: a number of 20 digits; at most 18\n    1 | {{ 99999999999999999999 }}\n      |    ^\n"
    );
    assert!(parsed(&format!("{{{{ {} }}}}", "9".repeat(100_000))).is_err());
    assert!(parsed(&format!("{{{{ 1.{} }}}}", "9".repeat(100_000))).is_err());
}

#[test]
fn what_is_not_closed_is_an_error_with_its_place() {
    for (source, message) in [
        ("a\n{% comment %} b", "page.html:2:1: \"comment\" is never closed"),
        ("{% raw %}{{ a }}", "page.html:1:1: \"raw\" is never closed"),
        ("{% doc %}", "page.html:1:1: \"doc\" is never closed"),
        ("{{ a", "page.html:1:1: this output is never closed with \"}}\""),
        ("é {% if a", "page.html:1:3: this tag is never closed with \"%}\""),
        ("{% if a %}", "page.html:1:1: \"if\" is never closed"),
        ("{% for a in b %}{% if a %}{% endfor %}", "page.html:1:17: \"if\" is never closed"),
        ("{{ 'a }}", "page.html:1:4: a string that is never closed"),
    ] {
        let errors = parse_errors(source);
        assert!(errors.starts_with(message), "{source}: {errors}");
    }
}

#[test]
fn tablerow_takes_any_number_of_columns() {
    let row = "<tr class=\"row1\">\n<td class=\"col1\">1</td><td class=\"col2\">2</td></tr>\n";
    assert_eq!(render("{% tablerow i in (1..2) cols:0 %}{{ i }}{% endtablerow %}", "{}"), row);
    assert_eq!(render("{% tablerow i in (1..2) cols:-5 %}{{ i }}{% endtablerow %}", "{}"), row);
    assert_eq!(
        render("{% tablerow i in (1..2) limit:-1 %}{{ i }}{% endtablerow %}", "{}"),
        "<tr class=\"row1\">\n</tr>\n"
    );
}

#[test]
fn a_partial_that_includes_itself_comes_to_an_end() {
    for tag in ["include", "render"] {
        let own = format!("{{% {tag} 'a' %}}");
        let error = render_with(&own, "{}", &[("a", &own)], |_| {}).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
        assert_eq!(error.message(), "partials call each other deeper than 60");
        assert_eq!(error.chain().len(), 60);
        let nested = format!("{}{own}{}", "{% if true %}".repeat(50), "{% endif %}".repeat(50));
        let error = render_with(&own, "{}", &[("a", &nested)], |_| {}).unwrap_err();
        assert_eq!(error.message(), "blocks and partials nest deeper than 150");
    }
}

#[test]
fn partials_that_multiply_run_out_of_steps() {
    let twice = "{% include 'a' %}{% include 'a' %}";
    let error =
        render_with(twice, "{}", &[("a", "{% if x %}{% include 'a' %}{% endif %}{% for i in (1..1000) %}{% for j in (1..1000) %}{% for k in (1..100) %}{% endfor %}{% endfor %}{% endfor %}")], |o| {
            o.limits.steps = 100_000;
        })
        .unwrap_err();
    assert_eq!(error.message(), "the render takes more than 100000 steps");
}

#[test]
fn blocks_and_brackets_nest_so_deep_and_no_deeper() {
    for (open, close) in [
        ("{% if a %}", "{% endif %}"),
        ("{% for a in b %}", "{% endfor %}"),
        ("{% unless a %}", "{% endunless %}"),
        ("{% case a %}{% when b %}", "{% endcase %}"),
        ("{% capture a %}", "{% endcapture %}"),
        ("{% ifchanged %}", "{% endifchanged %}"),
        ("{% tablerow a in b %}", "{% endtablerow %}"),
    ] {
        let errors = parse_errors(&format!("{}{}", open.repeat(5_000), close.repeat(5_000)));
        assert!(errors.contains("blocks nest deeper than 100"), "{open}: {errors}");
        let errors = parse_errors(&open.repeat(5_000));
        assert!(errors.contains("blocks nest deeper than 100"), "{open}: {errors}");
        parsed(&format!("{}{}", open.repeat(90), close.repeat(90))).unwrap();
    }
    for source in [
        format!("{{{{ {}a{} }}}}", "a[".repeat(5_000), "]".repeat(5_000)),
        format!("{{{{ {} }}}}", "(".repeat(5_000)),
        format!("{{{{ {} }}}}", "[".repeat(5_000)),
    ] {
        assert!(parse_errors(&source).contains("brackets nest deeper than 100"));
    }
    let liquid = format!("{{% {} echo 1 %}}", "liquid ".repeat(5_000));
    assert!(parse_errors(&liquid).contains("blocks nest deeper than 100"));
    // A long chain is not a deep one.
    let chain = format!("{{% if a{} %}}x{{% endif %}}", " or a".repeat(20_000));
    assert_eq!(render(&chain, "{}"), "");
    let path = format!("{{{{ a{} }}}}", ".a".repeat(20_000));
    assert_eq!(render(&path, "{}"), "");
    let elsif = format!("{{% if a %}}{}{{% endif %}}", "{% elsif a %}".repeat(20_000));
    assert_eq!(render(&elsif, "{}"), "");
}

#[test]
fn ranges_are_lazy_and_bounded() {
    assert_eq!(
        render("{% assign r = (1..1000000000) %}{{ r | size }} {{ r.last }}", "{}"),
        "1000000000 1000000000"
    );
    assert_eq!(render("{% for i in (1..1000000000) limit: 3 %}{{ i }}{% endfor %}", "{}"), "123");
    let most = "a range of 1000000000 numbers; at most 1000000";
    for source in [
        "{% for i in (1..1000000000) %}{% endfor %}",
        "{{ (1..1000000000) | join }}",
        "{% assign a = (1..1000000000) | reverse %}",
        "{% tablerow i in (1..1000000000) %}{% endtablerow %}",
        "{{ (1..1000000000) | sum }}",
    ] {
        let error = render_error(source, "{}");
        assert!(error.contains(most), "{source}: {error}");
    }
    assert_eq!(render("{{ (-999999999999999999..999999999999999999) | size }}", "{}"), "1999999999999999999");
}

#[test]
fn loops_run_out_of_steps_and_time() {
    let nested = "{% for i in (1..100000) %}{% for i in (1..100000) %}{% endfor %}{% endfor %}";
    assert!(render_error(nested, "{}").contains("the render takes more than 10000000 steps"));

    struct Late;
    impl Clock for Late {
        fn now(&self) -> Time {
            Time::new(0, 0, 0)
        }
        fn elapsed(&self) -> Duration {
            Duration::from_secs(11)
        }
    }
    let template = parsed(nested).unwrap();
    let data = Map::default();
    let error = template.render(Scene { clock: &Late, ..Scene::new(&data) }).unwrap_err();
    assert_eq!(error.message(), "the render takes longer than 10s");
}

#[test]
fn output_and_strings_are_bounded() {
    let flood = "{% for i in (1..1000000) %}0123456789012345678901234567890123456789{% endfor %}";
    assert!(render_error(flood, "{}").contains("the output has more than 16777216 bytes"));
    let doubled = "{% assign s = 'x' %}{% for i in (1..100) %}{% assign s = s | append: s %}{% endfor %}";
    assert!(render_error(doubled, "{}").contains("a value of 16777216 bytes; at most 8388608"));
    let captured = "{% capture s %}x{% endcapture %}{% for i in (1..100) %}{% capture s %}{{ s }}{{ s }}{% endcapture %}{% endfor %}";
    assert!(render_error(captured, "{}").contains("at most 8388608"));
    let lists = "{% assign a = 'x,y' | split: ',' %}{% for i in (1..100) %}{% assign a = a | concat: a %}{% endfor %}";
    assert!(render_error(lists, "{}").contains("at most 8388608"));
    let replaced = "{% assign s = 'aaaaaaaaaa' %}{% for i in (1..50) %}{% assign s = s | replace: 'a', 'aaaaaaaaaa' %}{% endfor %}";
    assert!(render_error(replaced, "{}").contains("at most 8388608"));
    let joined = "{% assign g = 'x' %}{% for i in (1..20) %}{% assign g = g | append: g %}{% endfor %}{{ (1..100000) | join: g }}";
    assert!(render_error(joined, "{}").contains("at most 8388608"));
    let many = "{% assign g = 'x' %}{% for i in (1..20) %}{% assign g = g | append: g %}{% endfor %}{% for i in (1..1000) %}{% assign h = g | upcase %}{% endfor %}";
    assert!(render_error(many, "{}").contains("the values made take more than 134217728 bytes"));
    let wide = "{{ 'now' | date: '%999999999d %256d' | size }}";
    assert_eq!(render(wide, "{}"), "268");
}

#[test]
fn numbers_stay_in_their_bounds() {
    for source in [
        "{{ 999999999999999999 | times: 999999999999999999 }}",
        "{{ 999999999999999999 | times: 10 | plus: 999999999999999999 }}",
        "{{ -999999999999999999 | times: 10 | minus: 999999999999999999 }}",
        "{{ 1 | divided_by: 0 }}",
        "{{ 1 | modulo: 0 }}",
        "{{ 1.5 | divided_by: 0.0 }}",
        "{{ '9999999999999999999999.5' | floor }}",
    ] {
        render_error(source, "{}");
    }
    for source in [
        "{{ 'x' | slice: -999999999999999999, 999999999999999999 }}",
        "{{ 'x' | slice: '99999999999999999999999', '99999999999999999999999' }}",
        "{{ 'x' | truncate: 999999999999999999 }}{{ 'x' | truncate: -999999999999999999 }}",
        "{{ 'x' | truncatewords: 999999999999999999 }}{{ 'x' | truncatewords: '-99999999999999999999' }}",
        "{{ 1.5 | round: 999999999999999999 }}{{ 1.5 | round: -999999999999999999 }}",
        "{{ 15 | round: -999999999999999999 }}",
        "{{ 999999999999999999 | date: '%Y-%m-%d' }}{{ '999999999999999999' | date: '%Y' }}",
        "{% for i in (1..3) offset: -999999999999999999 limit: 999999999999999999 %}{% endfor %}",
        "{% for i in (1..3) offset: '99999999999999999999' limit: '-99999999999999999999' %}{% endfor %}",
        "{{ a[999999999999999999] }}{{ a[-999999999999999999] }}",
        "{% assign x = 5 | has: 999999999999999999 %}{% assign x = 5 | has: -999999999999999999 %}",
    ] {
        render(source, r#"{"a": [1, 2]}"#);
    }
}

/// The time of a parse, the best of a few.
fn parse_time(source: &str) -> Duration {
    (0..3)
        .map(|_| {
            let start = Instant::now();
            let _ = parsed(source);
            start.elapsed()
        })
        .min()
        .unwrap()
}

#[test]
fn parsing_is_linear() {
    // Each is repeated; ten times the text may take ten times the time, not a hundred times.
    for piece in [
        " ",
        "a",
        "{",
        "{{",
        "{%",
        "{{ a }}",
        "{% if a %}{% endif %}",
        "{% comment %}",
        "{% raw %}",
        "{% doc %}",
        "{% endraw",
        "'",
        "{{ '",
        "{{ {%",
        "{%- raw -%}{% endraw %}",
        "|",
        "\n",
        "{% # \n",
        "{% liquid\n",
        "é",
        "}",
        "{% comment %}{% endcomment %}",
        "{% unknown %}",
        "{% if %}",
        "{{ a | b }}",
    ] {
        let small = parse_time(&piece.repeat(20_000 / piece.len()));
        let large = parse_time(&piece.repeat(200_000 / piece.len()));
        assert!(large < small * 40 + Duration::from_millis(500), "{piece:?}: {small:?}, then {large:?}");
    }
    for inside in [" ", "a", "(", "[", ".", "|", "'", "\"", "-", "0", ",", "a.", "a|a:", "a,", "=", "a or "] {
        let small = parse_time(&format!("{{{{ {} }}}}", inside.repeat(20_000)));
        let large = parse_time(&format!("{{{{ {} }}}}", inside.repeat(200_000)));
        assert!(large < small * 40 + Duration::from_millis(500), "{inside:?}: {small:?}, then {large:?}");
    }
}

#[test]
fn twenty_thousand_spaces_are_nothing_special() {
    let spaces = format!("{{{{{}a{}}}}}", " ".repeat(20_000), " ".repeat(20_000));
    assert_eq!(render(&spaces, r#"{"a": 1}"#), "1");
    assert_eq!(render(&format!("{}{{{{- a }}}}", " ".repeat(20_000)), r#"{"a": 1}"#), "1");
    assert_eq!(
        render("{{ a | strip_html | size }}", &format!(r#"{{"a": "{}"}}"#, "<script".repeat(20_000))),
        "140000"
    );
}

#[test]
fn the_parser_has_limits_of_its_own() {
    let mut language = Language::standard();
    language.limits(ParseLimits { bytes: 10, ..ParseLimits::default() });
    let errors = Template::parse("big", "0123456789a", &language).unwrap_err();
    assert_eq!(errors[0].message(), "the template has 11 bytes; at most 10");
    assert_eq!(errors[0].kind(), ErrorKind::Limit);
    // A template full of mistakes does not give a report without end.
    assert!(parsed(&"{{ | }}".repeat(10_000)).unwrap_err().len() <= 20);
}

#[test]
fn lists_made_by_templates_cannot_nest_without_end() {
    // Each list holds the one before it, and so on: dropping the last would go deep.
    fn wrap<'a>(cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Result<Value<'a>, Error> {
        cx.array(vec![input])
    }
    let mut language = Language::standard();
    language.filter("wrap", Arity::of(0, 0), wrap);
    let source = "{% for i in (1..100000) %}{% assign a = a | wrap %}{% endfor %}";
    let template = Template::parse("t", source, &language).unwrap();
    let data = Map::default();
    let error = template.render(Scene::new(&data)).unwrap_err();
    assert_eq!(error.message(), "lists nest deeper than 64");
}

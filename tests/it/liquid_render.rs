//! What the golden suite does not say: escaping, withheld fields, Jekyll's include, data by reference, own tags.

use crate::liquid_data::{At, Data, Map, Shelf, parsed, render, render_with};
use aither::liquid::{
    Args, Arity, Body, Context, Error, ErrorKind, Expression, Language, Reads, Run, Scene, Tag, TagMarkup,
    Template, Time, Value,
};

fn escaped(source: &str, json: &str) -> String {
    render_with(source, json, &[], |o| o.autoescape = true).unwrap().text
}

const TITLE: &str =
    r#"{"t": "</script><b>'\"&", "safe": "html:<i>x</i>", "l": ["<a>", "<b>"], "o": {"k": "<x>"}}"#;

#[test]
fn autoescape_escapes_all_but_what_is_safe() {
    let out = "&lt;/script&gt;&lt;b&gt;&#39;&quot;&amp;";
    assert_eq!(escaped("{{ t }}", TITLE), out);
    assert_eq!(escaped("{{ t | escape }}", TITLE), out);
    assert_eq!(escaped("{{ t | escape | escape }}", TITLE), out);
    assert_eq!(escaped("{{ t | escape_once }}", TITLE), out);
    assert_eq!(escaped("{{ t | raw }}", TITLE), "</script><b>'\"&");
    assert_eq!(escaped("{{ safe }}{{ safe | escape }}", TITLE), "<i>x</i><i>x</i>");
    assert_eq!(escaped("{{ safe | upcase }}", TITLE), "&lt;I&gt;X&lt;/I&gt;");
    assert_eq!(escaped("{% capture c %}<b>{{ t }}{% endcapture %}{{ c }}", TITLE), format!("<b>{out}"));
    assert_eq!(escaped("{{ l }}{{ l | join: '<' }}", TITLE), "&lt;a&gt;&lt;b&gt;&lt;a&gt;&lt;&lt;b&gt;");
    assert_eq!(escaped("{{ o }}", TITLE), "{&quot;k&quot;=&gt;&quot;&lt;x&gt;&quot;}");
    assert_eq!(escaped("{% assign x = t | truncate: 4, '' %}{{ x }}", TITLE), "&lt;/sc");
    assert_eq!(escaped("{% echo t | slice: 0 %}{% cycle t, 'b' %}", TITLE), format!("&lt;{out}"));
    assert_eq!(escaped("{{ 'a\n<' | newline_to_br }}", TITLE), "a<br />\n&lt;");
}

#[test]
fn without_autoescape_escape_does_escape_what_is_safe() {
    assert_eq!(render("{{ safe | escape }}{{ safe }}", TITLE), "&lt;i&gt;x&lt;/i&gt;<i>x</i>");
}

#[test]
fn json_is_safe_in_a_script() {
    let safe = r#""\u003c/script\u003e\u003cb\u003e\u0027\"\u0026""#;
    assert_eq!(escaped("{{ t | json }}", TITLE), safe);
    assert_eq!(render("{{ t | json }}", TITLE), safe);
    let all = r#"{"a": [1, 2.5, true, null, "x\n\u2028"], "b": {"c": {}}}"#;
    assert_eq!(
        render("{{ v | json }}", &format!(r#"{{"v": {all}}}"#)),
        r#"{"a":[1,2.5,true,null,"x\n\u2028"],"b":{"c":{}}}"#
    );
}

#[test]
fn a_withheld_field_stops_the_render_and_is_not_enumerated() {
    let person = Map(vec![
        ("name".into(), Data::Str("Ada".into())),
        ("email".into(), Data::Withheld("email".into())),
        ("n".into(), Data::Int(1)),
    ]);
    let data = Map(vec![("p".into(), Data::Map(person))]);
    let run = |source: &str| parsed(source).unwrap().render(Scene::new(&data)).map(|r| r.text);
    assert_eq!(
        run("{{ p }}|{{ p.size }}|{{ p | json }}").unwrap(),
        r#"{"name"=>"Ada", "n"=>1}|2|{"name":"Ada","n":1}"#
    );
    assert_eq!(run("{% for e in p %}{{ e[0] }} {% endfor %}").unwrap(), "name n ");
    assert_eq!(run("{% if p contains 'email' %}yes{% else %}no{% endif %}").unwrap(), "no");
    for source in [
        "\n{{ p.email }}",
        "\n{% if p.email %}{% endif %}",
        "\n{{ p.email | default: 'x' }}",
        "\n{{ p['email'] | size }}",
        "\n{% assign a = p.email %}",
        "\n{{ p | map: 'email' }}",
        "\n{{ p | where: 'email' }}",
    ] {
        let error = run(source).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Withheld);
        assert_eq!(error.message(), "\"email\" is personal data, withheld from this template");
        assert_eq!(error.line(), 2, "{error}");
        assert!(error.column() > 1 || source.contains("{%"), "{error}");
    }
}

#[test]
fn jekyll_includes_see_their_parameters() {
    let partials = [
        ("card.html", "[{{ include.title }}:{{ include.n }}]{% assign seen = include.title %}"),
        ("nav/top.html", "top{{ include.x }}"),
        ("plain", "plain {{ title }}"),
    ];
    let run = |source: &str| {
        render_with(
            source,
            r#"{"page": {"card": "card.html", "t": "T"}, "name": "plain"}"#,
            &partials,
            |_| {},
        )
        .unwrap_or_else(|e| panic!("{e}"))
        .text
    };
    assert_eq!(run("{% include card.html title=page.t n=5 %}{{ seen }}{{ include.title }}"), "[T:5]T");
    assert_eq!(run("{% include card.html title=\"a b\" %}{% include nav/top.html %}"), "[a b:]top");
    assert_eq!(run("{% include {{ page.card }} title='x' %}"), "[x:]");
    assert_eq!(run("{% include name, title: 'shopify' %}{% include 'plain' %}"), "plain shopifyplain ");
}

#[test]
fn render_sees_the_data_only_where_that_is_allowed() {
    let partials = [("a", "{{ site }}{{ x }}")];
    let source = "{% assign x = 1 %}{% render 'a' %}";
    let run = |sees| {
        render_with(source, r#"{"site": "S"}"#, &partials, |o| o.render_sees_globals = sees).unwrap().text
    };
    assert_eq!((run(false), run(true)), (String::new(), "S".to_owned()));
}

#[test]
fn a_layout_gets_content_and_errors_tell_the_chain() {
    let language = Language::standard();
    let page = Template::parse("course.html", "<h1>{{ title }}</h1>", &language).unwrap();
    let layout =
        Template::parse("base.html", "<main>{{ content }}</main>{{ 1 | divided_by: zero }}", &language)
            .unwrap();
    let data = Map::parse(r#"{"title": "<T>", "zero": 1}"#);
    let mut scene = Scene::new(&data);
    scene.options.autoescape = true;
    let content = page.render(scene.clone()).unwrap().text;
    scene.variables.push(("content", Value::html(content)));
    assert_eq!(layout.render(scene.clone()).unwrap().text, "<main><h1>&lt;T&gt;</h1></main>1");
    let zero = Map::parse(r#"{"zero": 0}"#);
    scene.globals = &zero;
    scene.chain = vec![aither::liquid::Frame {
        template: "course.html".into(),
        line: 0,
        column: 0,
        how: "layout".into(),
    }];
    let error = layout.render(scene).unwrap_err().to_string();
    assert!(error.ends_with("  layout of course.html\n"), "{error}");
}

#[test]
fn objects_keep_the_order_of_the_data() {
    assert_eq!(render("{{ o }}", r#"{"o": {"z": 1, "a": 2, "m": 3}}"#), r#"{"z"=>1, "a"=>2, "m"=>3}"#);
}

fn shout<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Result<Value<'a>, Error> {
    let text = cx.text(input)?;
    let mark = args.named("mark").and_then(Value::as_str).unwrap_or("!");
    Ok(Value::string(format!("{}{mark}", text.to_uppercase())))
}

fn where_exp<'a>(cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Result<Value<'a>, Error> {
    let name = args.get(0).and_then(Value::as_str).unwrap_or("item").to_owned();
    let mut kept = Vec::new();
    for item in cx.items(&input)? {
        if args.evaluate(cx, &name, item.clone())?.is_truthy() {
            kept.push(item);
        }
    }
    cx.array(kept)
}

#[test]
fn a_host_adds_filters_that_evaluate_expressions() {
    let mut language = Language::standard();
    language.filter("shout", Arity::of(0, 0).named(&["mark"]), shout).filter(
        "where_exp",
        Arity::of(2, 2).expression(1),
        where_exp,
    );
    let source = "{{ 'a' | shout: mark: '?' }}{{ l | where_exp: 'x', 'x.n > 1 and x.s contains \"b\"' | map: 's' }}\
                  {{ l | where_exp: 'x', 'x.n | minus: 1 | times: y' | size }}";
    let template = Template::parse("t", source, &language).unwrap();
    let data = Map::parse(r#"{"y": 2, "l": [{"n": 1, "s": "b"}, {"n": 2, "s": "abc"}, {"n": 3, "s": "x"}]}"#);
    assert_eq!(template.render(Scene::new(&data)).unwrap().text, "A?abc3");
    let errors = Template::parse("t", "{{ l | where_exp: 'x', 'x.n >' }}", &language).unwrap_err();
    assert_eq!((errors[0].line(), errors[0].column()), (1, 30), "{}", errors[0]);
}

struct Box_;
struct BoxRun(Expression, Body);

impl Tag for Box_ {
    fn end(&self) -> Option<&'static str> {
        Some("endbox")
    }
    fn parse(&self, markup: &mut TagMarkup<'_, '_, '_>, body: Option<Body>) -> Result<Box<dyn Run>, Error> {
        let title = markup.filtered()?;
        let body = body.ok_or_else(|| markup.error("no body"))?;
        Ok(Box::new(BoxRun(title, body)))
    }
}

impl Run for BoxRun {
    fn run<'a>(&'a self, cx: &mut Context<'a>) -> Result<(), Error> {
        let title = cx.evaluate(&self.0)?;
        cx.write_raw("<box ");
        cx.write(&title)?;
        cx.write_raw(">");
        cx.body(&self.1)?;
        cx.write_raw("</box>");
        Ok(())
    }
}

#[test]
fn a_host_adds_tags_with_blocks() {
    let mut language = Language::standard();
    language.tag("box", Box_);
    let template = Template::parse("t", "{% box 'a' | upcase %}{{ x }}{% endbox %}", &language).unwrap();
    let data = Map::parse(r#"{"x": 1}"#);
    assert_eq!(template.render(Scene::new(&data)).unwrap().text, "<box A>1</box>");
    assert!(
        Template::parse("t", "{% box 1 %}", &language).unwrap_err()[0].message().contains("never closed")
    );
}

#[test]
fn one_template_serves_all_threads() {
    let template = parsed("{% for i in list %}{{ i | upcase }}{% endfor %}").unwrap();
    std::thread::scope(|scope| {
        for n in 0..4 {
            let template = &template;
            scope.spawn(move || {
                let data = Map::parse(&format!(r#"{{"list": ["a{n}", "b"]}}"#));
                assert_eq!(template.render(Scene::new(&data)).unwrap().text, format!("A{n}B"));
            });
        }
    });
}

#[test]
fn dates_are_read_and_shown_in_many_ways() {
    for (source, out) in [
        ("{{ '2016-03-14' | date: '%A, %-d %B %Y' }}", "Monday, 14 March 2016"),
        ("{{ '2027-02-03T04:05:06Z' | date: '%d.%m.%y %H:%M:%S %z' }}", "03.02.27 04:05:06 +0000"),
        ("{{ '2027-02-03T04:05:06.789+02:00' | date: '%s %L %:z' }}", "1801620306 789 +02:00"),
        ("{{ 'Fri Jul 16 01:00:00 2004' | date: '%m/%d/%Y' }}", "07/16/2004"),
        ("{{ 'Fri, 16 Jul 2004 01:00:00 GMT' | date: '%F %T' }}", "2004-07-16 01:00:00"),
        ("{{ '14 March 2016 3:05pm' | date: '%H:%M %I %l %P %p' }}", "15:05 03  3 pm PM"),
        ("{{ '20270203' | date: '%Y' }}", "1970"),
        ("{{ '2016-02-30' | date: '%Y' }}", "2016-02-30"),
        ("{{ 'no date' | date: '%Y' }}", "no date"),
        ("{{ '2016-01-01' | date: '%G-W%V-%u %j %U %W %C %e' }}", "2015-W53-5 001 00 00 20  1"),
        ("{{ '2016-03-14' | date: '%^a %#b %10Y %-m %_m %%' }}", "MON MAR 0000002016 3  3 %"),
        (
            "{{ '2016-03-14' | date: '%c|%D|%x|%v|%r|%R|%Q' }}",
            "Mon Mar 14 00:00:00 2016|03/14/16|03/14/16|14-MAR-2016|12:00:00 AM|00:00|%Q",
        ),
        ("{{ 'now' | date: '%Y-%m-%d' }}", "2026-11-06"),
        ("{{ 1800000000 | date: '%F %T' }}", "2027-01-15 08:00:00"),
    ] {
        assert_eq!(render(source, "{}"), out, "{source}");
    }
}

#[test]
fn the_clock_is_recorded_with_the_instant_of_the_next_change() {
    let data = Map::default();
    let clock = At(Time::new(1_794_000_000, 0, 3600));
    let shelf = Shelf::default();
    let until = |source: &str| {
        let template = parsed(source).unwrap();
        let scene = Scene { clock: &clock, partials: &shelf, ..Scene::new(&data) };
        let mut reads = Reads::new();
        template.render_recorded(scene, &mut reads).unwrap();
        reads.finish().clock.map(|t| t - 1_794_000_000)
    };
    assert_eq!(until("{{ '2026-01-01' | date: '%Y' }}"), None);
    assert_eq!(until("{{ 'now' | date: 'x' }}"), None);
    assert_eq!(until("{{ 'now' | date: '%S' }}"), Some(1));
    // It is 22:20 in this zone.
    assert_eq!(until("{{ 'now' | date: '%H' }}"), Some(40 * 60));
    assert_eq!(until("{{ 'today' | date: '%F' }}{{ 'now' | date: '%Y' }}"), Some(100 * 60));
}

#[test]
fn numbers_are_written_as_ruby_does() {
    for (source, out) in [
        ("{{ 1.0 }} {{ 0.1 }} {{ 1.50 }}", "1.0 0.1 1.5"),
        ("{{ 1000000000000000000.0 | times: 100 }}", "1.0e+20"),
        ("{{ 0.1 | divided_by: 10000 }}", "1.0e-05"),
        ("{{ 0.1 | plus: 0.2 }} {{ 1.1 | times: 3 }} {{ 100.5 | minus: 0.2 }}", "0.3 3.3 100.3"),
        (
            "{{ -7 | divided_by: 2 }} {{ 7 | divided_by: -2 }} {{ -7 | modulo: 3 }} {{ 7 | modulo: -3 }}",
            "-4 -4 2 -2",
        ),
        (
            "{{ 2.5 | round }} {{ -2.5 | round }} {{ 1.005 | round: 2 }} {{ 155 | round: -1 }}",
            "3 -3 1.01 160",
        ),
    ] {
        assert_eq!(render(source, "{}"), out, "{source}");
    }
}

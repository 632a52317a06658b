//! The theme room: which template is taken, what it may read, what goes wrong and how it says so.

use std::path::Path;
use std::sync::Arc;

use aither::config::{Config, Courses, Limits, Order, Paths, Privacy, Site, Source};
use aither::error::{Error, Kind};
use aither::model::change::RemoteTemplate;
use aither::model::moment::Moment;
use aither::model::view::{Key, List, Map, Value};
use aither::theme::{Change, ReadKind, Records, Rendered, Request, Theme};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A site folder with templates in it, and the configuration for it.
pub(crate) struct Fixture {
    folder: tempfile::TempDir,
    pub(crate) config: Config,
    remote: Vec<RemoteTemplate>,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let config = config(folder.path(), "en");
        Self { folder, config, remote: Vec::new() }
    }

    /// The site with a bare theme of its own instead of academy.
    pub(crate) fn bare() -> Self {
        let mut fixture = Self::new();
        fixture.config.theme.name = "bare".to_owned();
        fixture.file("themes/bare/partials/nothing.liquid", "")
    }

    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        aither::base::files::write_new(&self.folder.path().join(path), text.as_bytes()).expect("written");
        self
    }

    /// The layout `page` of the bare theme.
    pub(crate) fn page(self, text: &str) -> Self {
        self.file("themes/bare/layouts/page.liquid", text)
    }

    pub(crate) fn remote(mut self, kind: &str, name: &str, markup: &str) -> Self {
        self.remote.push(RemoteTemplate {
            id: name.to_owned(),
            name: name.to_owned(),
            kind: kind.to_owned(),
            markup: markup.to_owned(),
            updated_at: None,
        });
        self
    }

    pub(crate) fn theme(&self) -> Theme {
        Theme::open(&self.config, &self.remote).expect("the theme opens")
    }

    pub(crate) fn render(&self, view: &Map) -> Result<Rendered, Error> {
        self.theme().render(&request(&["page"], view))
    }

    pub(crate) fn text(&self, view: &Map) -> String {
        text(&self.render(view).expect("renders"))
    }

    pub(crate) fn error(&self, view: &Map) -> Error {
        self.render(view).expect_err("does not render")
    }
}

pub(crate) fn config(root: &Path, language: &str) -> Config {
    Config {
        root: root.to_owned(),
        site: Site {
            title: "Academy".to_owned(),
            description: String::new(),
            base_url: "https://example.org/academy".to_owned(),
            language: language.to_owned(),
            prefix: String::new(),
            time_zone: TimeZone::get("Europe/Berlin").expect("a zone"),
            organisation: aither::config::Organisation::default(),
            extra: toml::Table::new(),
        },
        languages: Vec::new(),
        source: Source::Sample,
        sync: Default::default(),
        theme: aither::config::Theme {
            name: "academy".to_owned(),
            strict: None,
            options: toml::Table::new(),
        },
        paths: Paths {
            content: root.join("content"),
            data: root.join("data"),
            themes: root.join("themes"),
            templates: root.join("templates"),
            statics: root.join("static"),
            sass: root.join("sass"),
            texts: root.join("i18n"),
            output: root.join("output"),
            state: root.join(".aither"),
        },
        freshness: Default::default(),
        courses: Courses {
            order: Order::Start,
            page_size: 20,
            feed_size: 20,
            archive: false,
            drafts: false,
            future: false,
            mode: aither::config::Mode::Onsite,
            currency: "EUR".into(),
        },
        taxonomies: Vec::new(),
        menus: Default::default(),
        markdown: aither::config::Markdown { highlight: true, heading_anchors: false },
        outputs: aither::config::Outputs::default(),
        limits: Limits { max_shrink_percent: 30 },
        privacy: Privacy::default(),
        assets: aither::config::Assets::default(),
        images: aither::config::Images::default(),
        serve: aither::config::Serve::default(),
        notify: aither::config::Notify::default(),
    }
}

pub(crate) fn request<'a>(layouts: &'a [&'a str], view: &'a Map) -> Request<'a> {
    Request { layouts, view, content: None, language: 0, now: now(), name: "/x/" }
}

pub(crate) fn now() -> Timestamp {
    "2027-02-10T22:30:00Z".parse().expect("a time")
}

fn text(rendered: &Rendered) -> String {
    String::from_utf8(rendered.bytes.clone()).expect("text")
}

pub(crate) fn map<const N: usize>(entries: [(&'static str, Value); N]) -> Map {
    entries.into_iter().collect()
}

fn list(values: impl IntoIterator<Item = Value>) -> Value {
    Value::List(values.into_iter().collect::<List>())
}

fn course(title: &str) -> Map {
    let start: Moment = "2027-03-09".parse().expect("a day");
    let person = map([("name", Value::Withheld("name")), ("status", "CONFIRMED".into())]);
    Map::record(
        "course:1",
        vec![
            (Key::from("title"), title.into()),
            (Key::from("start_date"), start.into()),
            (Key::from("participant_count"), Value::Int(12)),
            (Key::from("participants"), list([person.into()])),
        ],
    )
}

pub(crate) fn view() -> Map {
    let site = map([
        ("title", "Site".into()),
        ("courses", list([course("A").into(), course("B").into()])),
        ("levels", list([])),
    ]);
    map([
        ("site", site.into()),
        ("page", map([("title", "Page <1>".into()), ("tags", list(["x".into(), "y".into()]))]).into()),
        ("course", course("Rust & <Go>").into()),
    ])
}

/// What a page read: `path`, `#path` for its size, `path[*]` for its elements, `path[*].column`, `path.*` for all of it.
fn paths(rendered: &Rendered) -> Vec<String> {
    let rows = rendered.trace.rows.iter().map(|row| match row.kind {
        ReadKind::Truth => format!("?{}", row.path),
        ReadKind::Len => format!("#{}", row.path),
        ReadKind::Items => format!("{}[*]", row.path),
        ReadKind::Column => format!("{}[*].{}", row.path, row.column),
        ReadKind::Subtree => format!("{}.*", row.path),
        _ => row.path.clone(),
    });
    let mut paths: Vec<String> = rows.collect();
    paths.sort();
    paths.extend(rendered.trace.templates.iter().map(|read| format!("{{{}}}", read.name)));
    paths.extend(rendered.trace.clock.map(|_| "clock".to_owned()));
    paths
}

#[test]
fn the_site_stands_over_the_source_over_the_theme() {
    let theme = Fixture::bare()
        .page("theme {% include 'a' %}{% include 'b.html' %}{% include 'partials/c' %}")
        .file("themes/bare/partials/a.liquid", "a0")
        .file("themes/bare/_includes/b.html", "b0")
        .file("themes/bare/partials/c", "c0");
    assert_eq!(theme.text(&view()), "theme a0b0c0");
    let remote = theme.remote("partial", "a", "a1").remote("PARTIAL", "b.html", "b1");
    assert_eq!(remote.text(&view()), "theme a1b1c0");
    let site = remote
        .file("templates/_includes/a.html", "a2")
        .file("templates/layouts/page.html", "site {% include 'a' %}");
    assert_eq!(site.text(&view()), "site a2");
}

#[test]
fn a_layout_of_the_source_is_used() {
    let fixture = Fixture::bare().remote("layout", "page", "{{ page.title | escape }}");
    assert_eq!(fixture.text(&view()), "Page &lt;1&gt;");
    assert!(fixture.theme().has_layout("page") && !fixture.theme().has_layout("nope"));
}

#[test]
fn layouts_stand_around_one_another() {
    let fixture = Fixture::bare()
        .page("---\nlayout: middle\n---\n{% assign x = 1 %}<p>{{ content }}</p>")
        .file(
            "themes/bare/layouts/middle.liquid",
            "+++\nlayout = \"base\"\n+++\n<main>{{ content }}{{ x }}</main>",
        )
        .file("themes/bare/_layouts/base.html", "<html>{{ content }}</html>");
    let (view, html) = (view(), Arc::from("<b>Hi</b>"));
    let theme = fixture.theme();
    let request = Request { content: Some(&html), ..request(&["absent", "page"], &view) };
    let rendered = theme.render(&request).expect("renders");
    assert_eq!(text(&rendered), "<html><main><p><b>Hi</b></p></main></html>");
    let reads = ["content", "x", "{layouts/absent}", "{layouts/base}", "{layouts/middle}", "{layouts/page}"];
    assert_eq!(paths(&rendered), reads);
    assert_eq!(
        rendered.warnings,
        ["themes/bare/layouts/middle.liquid:4:23: \"x\" is not defined (did you mean \"t\"?)"]
    );
    assert_eq!(fixture.theme().change(&rendered.trace, &request, &()), None);
}

#[test]
fn a_circle_of_layouts_is_an_error() {
    let fixture = Fixture::bare()
        .page("---\nlayout: other\n---\n")
        .file("themes/bare/layouts/other.html", "---\nlayout: page\n---\n");
    let error = fixture.error(&view());
    assert_eq!(error.kind(), Kind::Template);
    assert_eq!(
        error.message(),
        "the layouts go round in a circle: themes/bare/layouts/page.liquid > themes/bare/layouts/other.html > \
         themes/bare/layouts/page.liquid"
    );
}

#[test]
fn what_is_missing_is_named_with_what_was_meant() {
    let fixture = Fixture::bare().page("{% include 'heda' %}").file("themes/bare/partials/head.liquid", "");
    let error = fixture.error(&view());
    assert_eq!(
        error.message(),
        "themes/bare/layouts/page.liquid:1:1: there is no partial \"heda\"\n  |\n\
         1 | {% include 'heda' %}\n  | ^\n  on the page /x/"
    );
    assert_eq!(error.hints(), ["did you mean \"head\"?"]);

    let error = fixture.theme().render(&request(&["pages"], &view())).expect_err("no such layout");
    assert_eq!(error.message(), "/x/: there is no layout `pages`");
    assert_eq!(error.hints()[0], "did you mean `page`?");

    let parent = Fixture::bare().page("---\nlayout: bse\n---\n").file("themes/bare/layouts/base.html", "");
    let error = parent.error(&view());
    assert_eq!(error.message(), "themes/bare/layouts/page.liquid:2: there is no layout `bse`");
    assert_eq!(error.hints(), ["did you mean `base`?"]);

    let filter = Fixture::bare().page("\n{{ page.title | escap }}").error(&view());
    assert_eq!(filter.kind(), Kind::Template);
    assert!(
        filter.message().starts_with("themes/bare/layouts/page.liquid:2:17: there is no filter \"escap\""),
        "{filter}"
    );
    assert_eq!(filter.hints(), ["did you mean \"escape\"?"]);
}

#[test]
fn names_do_not_lead_out_of_the_folders() {
    let fixture = Fixture::bare().file("secret.html", "secret").page("{% include '../../../secret.html' %}");
    assert!(fixture.error(&view()).message().contains("there is no partial"));
    assert!(!fixture.theme().has_layout("../partials/nothing"));
    assert!(!fixture.theme().has_layout("/etc/passwd"));
    let mut outside = Fixture::bare();
    outside.config.theme.name = "../themes/bare".to_owned();
    assert_eq!(Theme::open(&outside.config, &[]).expect_err("not a name").kind(), Kind::Config);
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_are_not_followed() {
    let fixture = Fixture::bare().file("secret.html", "secret").page("{% include 'link' %}");
    let link = fixture.folder.path().join("themes/bare/partials/link.html");
    std::os::unix::fs::symlink(fixture.folder.path().join("secret.html"), link).expect("linked");
    assert!(fixture.error(&view()).message().contains("there is no partial"));
}

#[test]
fn what_is_not_there_is_empty() {
    let cases = [
        ("[{{ nothing }}{{ nothing.at.all }}{{ page.nope.deeper }}{{ page.title.x }}]", "[]"),
        ("{% if nothing %}a{% elsif page.x.y == 1 %}b{% else %}c{% endif %}", "c"),
        ("{% for x in nothing %}a{% else %}none{% endfor %}", "none"),
        ("{% for c in site.courses %}{{ c.nope.x }}{{ c.title }}{{ forloop.index }}{% endfor %}", "A1B2"),
        ("{% if page.tags contains 'x' %}y{% endif %}{% if page.no contains 'x' %}n{% endif %}", "y"),
        ("{{ nothing | size }}{{ nothing | default: 'd' }}{{ nothing | escape }}", "0d"),
        ("{% include 'p', a: page.none %}{% render 'p', a: page.none %}", "--"),
        (
            "{{ site.courses.size }}{{ site.courses[1].title }}{{ site.courses.last.title }}{{ site.courses[9] }}",
            "2BB",
        ),
        ("{% assign none = page.zilch %}{{ none.x }}{% if none contains 'x' %}y{% endif %}.", "."),
    ];
    for (template, expected) in cases {
        let fixture = Fixture::bare().page(template).file("themes/bare/partials/p.html", "{{ a }}{{ b.c }}-");
        assert_eq!(fixture.text(&view()), expected, "{template}");
    }
}

#[test]
fn loops_and_partials_keep_the_rules_of_liquid() {
    let cases = [
        ("{% for i in (1..9) limit:3 offset:2 reversed %}{{ i }}{% endfor %}", "543"),
        ("{% for i in (1..3) %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "13"),
        ("{% for i in (1..1000000) %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}", "12"),
        (
            "{% for t in page.tags %}{% for u in page.tags %}{{ forloop.parentloop.index }}{{ u }}{% endfor %}{% endfor %}",
            "1x1y2x2y",
        ),
        ("{% for e in page %}{{ e[0] }},{% endfor %}", "title,tags,"),
        ("{% include 'sees' %}", "A"),
        ("{% assign x = 'x' %}{% render 'set', y: 'y' %}{{ x }}{% include 'set' %}{{ x }}", "yxset"),
        ("{% assign y = 1 %}{% render 'set' %}", ""),
        ("{% render 'set' for page.tags as y %}", "xy"),
        ("{% render 'set' with page.title as y %}", "Page <1>"),
        ("{% render 'sees' %}", "A"),
        ("{%\tif\tpage.title %}tab{%\tendif %}", "tab"),
        ("{% capture z %}{{ site.title }}!{% endcapture %}{{ z | upcase }}", "SITE!"),
        ("{% increment n %}{% increment n %}{{ n }}", "012"),
    ];
    for (template, expected) in cases {
        let fixture = Fixture::bare()
            .page(template)
            .file("themes/bare/partials/sees.html", "{{ site.courses[0].title }}")
            .file("themes/bare/partials/set.html", "{{ y }}{% assign x = 'set' %}");
        assert_eq!(fixture.text(&view()), expected, "{template}");
    }
}

#[test]
fn a_withheld_field_is_an_error_with_its_line() {
    let body = "<h1>{{ page.name }}</h1>\n\n{% for p in course.participants %}{{ p.status }}\n{{ p.name }}{% endfor %}";
    let fixture = Fixture::bare()
        .page("---\nlayout: base\n---\n{% include 'people' %}")
        .file("themes/bare/layouts/base.html", "{{ content }}")
        .file("themes/bare/partials/people.liquid", body);
    let error = fixture.error(&view());
    assert_eq!(error.kind(), Kind::Privacy);
    assert_eq!(
        error.message(),
        "themes/bare/partials/people.liquid:4:4: this template reads `name` of a participant, which is not public\n  \
         |\n4 | {{ p.name }}{% endfor %}\n  |    ^\n  in the `include` at themes/bare/layouts/page.liquid:4:1\n  \
         on the page /x/"
    );
    assert!(error.hints()[0].contains("add \"name\" to `public_fields` under `[privacy]`"));
    for read in [
        "{% if course.participants[0].name %}y{% endif %}",
        "{{ course.participants | map: 'name' | join }}",
        "{% assign p = course.participants.first.name %}",
        "{{ course.participants[0]['name'] | default: 'x' }}",
        "{{ course.participants | where: 'name', 'x' | size }}",
        "{% capture x %}{{ course.participants[0].name }}{% endcapture %}",
        "{% include 'people', q: course.participants[0].name %}",
    ] {
        let error = Fixture::bare().page(read).file("themes/bare/partials/people.liquid", "").error(&view());
        assert_eq!(error.kind(), Kind::Privacy, "{read}");
        assert!(error.message().starts_with("themes/bare/layouts/page.liquid:1:"), "{read}: {error}");
    }
    // What only prints or counts is not a read of the field.
    let quiet = "{{ course.participants.size }}{{ course.participants }}{% for e in course.participants[0] %}{{ e }}{% endfor %}{{ course.participants | json }}";
    assert_eq!(
        Fixture::bare().page(quiet).text(&view()),
        "1{\"status\"=>\"CONFIRMED\"}statusCONFIRMED[{\"status\":\"CONFIRMED\"}]"
    );
}

#[test]
fn an_error_shows_no_value_of_the_page() {
    let view = view().with("course", map([("title", "Secret Name".into())]));
    let error = Fixture::bare().page("{{ course.title | divided_by: 0 }}").error(&view);
    assert!(!error.message().contains("Secret Name"), "{error}");
    assert!(error.message().contains("divided_by"), "{error}");
}

#[test]
fn endless_templates_end_with_an_error() {
    for (template, part) in [
        ("{% include 'self' %}", "deeper than"),
        ("{% render 'again' %}", "deeper than"),
        ("{% for i in (1..100000) %}{% for j in (1..100000) %}{% endfor %}{% endfor %}", "steps"),
        ("{% for i in (1..1000000000) %}{% endfor %}", "a range of 1000000000 numbers"),
        ("{{ 99999999999999999999 }}", "digits"),
    ] {
        let fixture = Fixture::bare()
            .page(template)
            .file("themes/bare/partials/self.html", "{% if true %}{% include 'self' %}{% endif %}")
            .file("themes/bare/partials/again.html", "{% if true %}{% render 'again' %}{% endif %}");
        let error = fixture.error(&view());
        assert_eq!(error.kind(), Kind::Template);
        assert!(error.message().contains(part), "{template}: {error}");
    }
    let nested = format!("{}{}", "{% if true %}".repeat(5000), "{% endif %}".repeat(5000));
    assert!(Fixture::bare().page(&nested).error(&view()).message().contains("blocks nest deeper"));
}

#[test]
fn a_page_depends_on_what_it_touched() {
    let reads = |template: &str| {
        let fixture = Fixture::bare().page(template).file("themes/bare/partials/t.html", "{{ site.title }}");
        paths(&fixture.render(&view()).expect("renders"))
    };
    assert_eq!(
        reads("{{ page.title }}{{ course.title }}"),
        ["@course:1.title", "course", "page.title", "{layouts/page}"]
    );
    assert_eq!(
        reads("{{ site.title }}{{ site.title }}{{ site.no }}"),
        ["site.no", "site.title", "{layouts/page}"]
    );
    assert_eq!(reads("{{ site.courses | size }}"), ["#site.courses", "{layouts/page}"]);
    assert_eq!(reads("{% if site.courses %}{% endif %}"), ["?site.courses", "{layouts/page}"]);
    assert_eq!(reads("{% for t in page.tags %}{{ t }}{% endfor %}"), ["page.tags[*]", "{layouts/page}"]);
    assert_eq!(
        reads("{{ site.courses | where: 'title', 'A' | size }}"),
        ["site.courses[*].title", "{layouts/page}"]
    );
    assert_eq!(reads("{{ page | json }}"), ["page.*", "{layouts/page}"]);
    assert_eq!(reads("{% render 't' %}"), ["site.title", "{layouts/page}", "{partials/t}"]);
    assert_eq!(
        reads("{{ theme.accent }}{{ t.word }}{{ 'now' | date: '%Y' }}"),
        ["t.word", "theme.accent", "{layouts/page}", "clock"]
    );
    assert_eq!(reads("{{ layout.class }}"), ["{layouts/page}"]);
}

#[test]
fn a_trace_tells_a_change() {
    let fixture = Fixture::bare()
        .page("{{ page.title }}{{ course.title }}{{ theme.accent }}{% include 'later' %}{{ 'now' | date: '%Y' }}")
        .file("themes/bare/partials/later.html", "later");
    let (theme, old) = (fixture.theme(), view());
    let trace = theme.render(&request(&["page"], &old)).expect("renders").trace;
    let course_of = |view: &Map| match view.get("course") {
        Some(Value::Map(course)) => course.clone(),
        _ => panic!("a course"),
    };
    let change = |theme: &Theme, view: &Map, now: Timestamp| {
        let course = course_of(view);
        let request = Request { now, ..request(&["page"], view) };
        let change = theme.change(&trace, &request, &Records::new([&course]));
        change.map(|change| change.to_string())
    };
    assert_eq!(change(&theme, &old, now()), None);
    assert_eq!(change(&theme, &old.with("unread", "x"), now()), None);
    let title = old.with("page", map([("title", "Other".into())]));
    assert_eq!(change(&theme, &title, now()).as_deref(), Some("`page.title`"));
    let renamed = old.with("course", course("Other"));
    assert_eq!(change(&theme, &renamed, now()).as_deref(), Some("`@course:1.title`"));
    assert_eq!(change(&theme, &old, "2027-12-31T22:59:59Z".parse().expect("a time")), None);
    for out in ["2027-12-31T23:00:00Z", "2027-02-10T22:29:59Z"] {
        let change = change(&theme, &old, out.parse().expect("a time"));
        assert_eq!(change.as_deref(), Some("the time (since 2027-12-31T23:00:00Z)"));
    }

    let read = trace.templates.iter().find(|read| read.name == "partials/later").expect("there");
    assert_eq!(read.file.as_deref(), Some("themes/bare/partials/later.html"));
    assert_eq!(read.missing, ["templates/partials", "templates/_includes", "the source"]);
    let fixture = fixture.file("themes/bare/_includes/later.html", "in a place that comes later");
    assert_eq!(change(&fixture.theme(), &old, now()), None);
    let fixture = fixture.file("templates/_includes/later.html", "in a place that comes first");
    assert_eq!(change(&fixture.theme(), &old, now()).as_deref(), Some("the template partials/later"));
    let request = request(&["page"], &old);
    let theme = fixture.theme();
    let course = course_of(&old);
    let records = Records::new([&course]);
    let change = theme.change(&trace, &request, &records);
    assert!(matches!(change, Some(Change::Template(_))));
    for row in &trace.rows {
        assert_eq!(theme.look(row, &request, &records), row.hash, "{row:?}");
    }
}

#[test]
fn a_layout_that_appears_later_is_noticed() {
    let fixture = Fixture::bare().page("x");
    let view = view();
    let request = request(&["special", "page"], &view);
    let trace = fixture.theme().render(&request).expect("renders").trace;
    assert_eq!(fixture.theme().change(&trace, &request, &()), None);
    let fixture = fixture.file("templates/layouts/special.html", "y");
    assert!(matches!(fixture.theme().change(&trace, &request, &()), Some(Change::Template(_))));
}

//! The default theme: every layout with every kind of view, hostile texts included.

use std::path::Path;
use std::sync::Arc;

use aither::config::Config;
use aither::model::moment::Moment;
use aither::model::view::{Key, List, Map, Value};
use aither::theme::{Body, Request, Theme};

use crate::theme::{config, now};

pub(crate) const LAYOUTS: [&str; 10] =
    ["home", "courses", "course", "level", "place", "month", "archive", "page", "section", "404"];

/// Layouts of lists of courses.
const LISTINGS: [&str; 5] = ["courses", "level", "place", "month", "archive"];

/// What stands in for the texts of the source.
#[derive(Clone, Copy)]
pub(crate) struct Texts {
    pub(crate) title: Option<&'static str>,
    pub(crate) description: &'static str,
}

pub(crate) const PLAIN: Texts = Texts {
    title: None,
    description: "Two days of practice with a small group. You bring a case of your own, and take home a plan \
                  that you have already tried once.",
};
pub(crate) const HOSTILE: Texts = Texts {
    title: Some("</script><b>\"'&\u{2028}{{ site.title }}"),
    description: "</title><img src=x onerror=\"alert(1)\">",
};

fn map<const N: usize>(entries: [(&'static str, Value); N]) -> Map {
    entries.into_iter().collect()
}

fn list(values: impl IntoIterator<Item = Map>) -> Value {
    Value::List(values.into_iter().collect::<List>())
}

fn day(text: &str) -> Value {
    text.parse::<Moment>().map_or(Value::Nil, Value::from)
}

/// Title, level, first day, last day, place, participants, seats left.
type Row = (&'static str, usize, &'static str, &'static str, &'static str, i64, Option<i64>);

fn courses(texts: Texts) -> Vec<Map> {
    let rows = [
        ("Führen ohne Vorgesetztenfunktion", 1, "2027-03-09", "2027-03-11", "Berlin", 12, Some(3)),
        ("Negotiation in Practice", 0, "2027-03-22", "2027-03-22", "Online", 1, None),
        ("Difficult Conversations", 2, "2027-03-30", "2027-04-01", "Zürich", 18, Some(0)),
        ("Facilitation Masterclass: Large Groups, Small Means", 2, "2027-04-19", "2027-04-23", "", 9, None),
        ("Presenting with Confidence", 0, "2027-05-04", "2027-05-05", "Vienna", 14, Some(1)),
        ("Coaching Fundamentals", 0, "", "", "Hamburg", 0, None),
        ("Project Planning under Uncertainty", 1, "2027-12-29", "2028-01-04", "Online", 1204, None),
    ];
    let levels = ["BEGINNER", "INTERMEDIATE", "ADVANCED"];
    let slugs = ["beginner", "intermediate", "advanced"];
    let course = |(index, row): (usize, Row)| {
        let (title, level, start, end, place, count, left) = row;
        let person = map([("name", Value::Withheld("name")), ("status", Value::Withheld("status"))]);
        let place = texts.title.filter(|_| index == 0).unwrap_or(place);
        Map::record(
            format!("course:{index}"),
            vec![
                (Key::from("id"), Value::from(format!("{index}"))),
                (Key::from("title"), texts.title.unwrap_or(title).into()),
                (Key::from("url"), Value::from(format!("/academy/courses/{index}/"))),
                (Key::from("level"), texts.title.unwrap_or(levels[level]).into()),
                (Key::from("level_slug"), slugs[level].into()),
                (Key::from("level_url"), Value::from(format!("/academy/levels/{}/", slugs[level]))),
                (Key::from("start_date"), day(start)),
                (Key::from("end_date"), day(end)),
                (Key::from("participant_count"), Value::Int(count)),
                (Key::from("seats_left"), Value::maybe(left)),
                (Key::from("description"), texts.description.into()),
                (Key::from("content"), Value::Html("<h2>What you take home</h2><p>Words for the moment when a talk turns, and a way back to the matter.</p><ul><li>Prepare in ten minutes</li><li>Open, listen, name</li><li>Close with something that holds</li></ul><h2>For whom</h2><p>For everyone who speaks for a team, with or without the title.</p>".into())),
                (Key::from("price"), Value::from(1480.0)),
                (Key::from("currency"), texts.title.unwrap_or("EUR").into()),
                (Key::from("location"), if place.is_empty() { Value::Nil } else { place.into() }),
                (Key::from("place_slug"), "berlin".into()),
                (Key::from("place_url"), "/academy/in/berlin/".into()),
                (Key::from("month_slug"), "2027-03".into()),
                (Key::from("month_url"), "/academy/in/2027-03/".into()),
                (Key::from("instructor"), texts.title.unwrap_or("Dr. Ines Albrecht").into()),
                (Key::from("tags"), Value::List([texts.title.unwrap_or("Leadership"), "Communication"].into_iter().collect())),
                (Key::from("updated_at"), Value::from(now())),
                (Key::from("mode"), if place == "Online" { "online" } else { "onsite" }.into()),
                (Key::from("days"), Value::Int(3)),
                (Key::from("seats"), Value::maybe(left.map(|_| 20_i64))),
                (Key::from("calendar_url"), Value::from(format!("/academy/courses/{index}/c.ics"))),
                (Key::from("image"), Value::Nil),
                (Key::from("extra"), map([]).into()),
                (Key::from("is_past"), Value::Bool(false)),
                (Key::from("participants"), list([person])),
            ],
        )
    };
    rows.into_iter().enumerate().map(course).collect()
}

fn page(title: &str, kind: &'static str, texts: Texts) -> Map {
    let neighbour = |title: &'static str| {
        map([("title", texts.title.unwrap_or(title).into()), ("url", "/academy/courses/1/".into())])
    };
    map([
        ("kind", kind.into()),
        ("title", texts.title.unwrap_or(title).into()),
        ("url", "/academy/here/".into()),
        ("canonical_url", "https://example.org/academy/here/".into()),
        ("card_url", "https://example.org/academy/card.png".into()),
        ("is_hidden", Value::Bool(false)),
        ("language", "en".into()),
        ("is_fallback", Value::Bool(false)),
        ("translations", list([])),
        ("description", texts.title.map_or(Value::Nil, |_| texts.description.into())),
        ("tags", Value::List([texts.title.unwrap_or("Method")].into_iter().collect())),
        ("date", day("2027-01-20")),
        ("previous", neighbour("Negotiation in Practice").into()),
        ("next", neighbour("Facilitation Masterclass: Large Groups, Small Means").into()),
    ])
}

/// The view of one kind of page.
pub(crate) fn view(layout: &'static str, texts: Texts, has_courses: bool) -> Map {
    let courses = if has_courses { courses(texts) } else { Vec::new() };
    let link = |title: &'static str, section: &'static str| {
        map([
            ("title", texts.title.unwrap_or(title).into()),
            ("url", Value::from(format!("/academy/{}/", title.to_lowercase()))),
            ("section", section.into()),
            ("date", day("2027-01-20")),
            ("description", texts.description.into()),
        ])
    };
    let levels: Vec<Map> =
        [("BEGINNER", "beginner", 11), ("INTERMEDIATE", "intermediate", 8), ("ADVANCED", "advanced", 5)]
            .into_iter()
            .map(|(name, slug, count)| {
                map([
                    ("name", texts.title.unwrap_or(name).into()),
                    ("slug", slug.into()),
                    ("url", Value::from(format!("/academy/levels/{slug}/"))),
                    ("count", Value::Int(count)),
                ])
            })
            .collect();
    let group = |name: &'static str, slug: &'static str| {
        map([
            ("name", texts.title.unwrap_or(name).into()),
            ("slug", slug.into()),
            ("url", Value::from(format!("/academy/in/{slug}/"))),
            ("count", Value::Int(3)),
            ("date", day("2027-03-01")),
        ])
    };
    let organisation = map([
        ("name", texts.title.unwrap_or("Nordlicht").into()),
        ("url", "https://example.org/".into()),
        ("logo", Value::Nil),
        ("email", Value::Nil),
        ("telephone", Value::Nil),
        ("locality", texts.title.unwrap_or("Oslo").into()),
        ("street", texts.title.unwrap_or("Storgata 1").into()),
        ("postal_code", "0155".into()),
        ("country", "NO".into()),
        ("same_as", list([])),
    ]);
    let site = map([
        ("title", texts.title.unwrap_or("Nordlicht Academy").into()),
        ("description", "Courses for people who lead, moderate and negotiate. Small groups, long practice, teachers from the field.".into()),
        ("base_url", "https://example.org/academy".into()),
        ("baseurl", "/academy".into()),
        ("language", "en".into()),
        ("courses", list(courses.clone())),
        ("upcoming", list(courses.clone())),
        ("levels", list(levels.clone())),
        ("places", list([group("Berlin", "berlin"), group("Online", "online")])),
        ("months", list([group("2027-03", "2027-03")])),
        ("past", list([])),
        ("posts", list([link("Silence", "journal")])),
        ("time_zone", "Europe/Berlin".into()),
        ("sections", list([link("Journal", "")])),
        ("pages", list([link("About", ""), link("Hidden", "journal")])),
        ("feed_url", "/academy/feed.xml".into()),
        ("rss_url", "/academy/rss.xml".into()),
        ("json_feed_url", "/academy/feed.json".into()),
        ("calendar_url", "/academy/calendar.ics".into()),
        ("search_url", "/academy/search/".into()),
        ("organisation", organisation.into()),
        ("has_data", Value::Bool(has_courses)),
        ("data_changed_at", if has_courses { Value::from(now()) } else { Value::Nil }),
    ]);
    let title = match layout {
        "home" => "Learn what holds in the room",
        "course" => "Difficult Conversations",
        "level" => "Beginner",
        "404" => "Not found",
        _ => "How we teach",
    };
    let view = map([
        ("site", site.into()),
        ("page", page(title, if LISTINGS.contains(&layout) { "listing" } else { layout }, texts).into()),
    ]);
    match layout {
        "course" => match courses.get(2) {
            Some(course) => view.with("course", course.clone()),
            None => view,
        },
        _ if LISTINGS.contains(&layout) => {
            let paginator = map([
                ("page", Value::Int(2)),
                ("total_pages", Value::Int(3)),
                ("total_posts", Value::Int(courses.len() as i64)),
                ("courses", list(courses)),
                ("previous_page_path", "/academy/levels/beginner/".into()),
                ("next_page_path", "/academy/levels/beginner/page/3/".into()),
            ]);
            let only = |kind: &str, group: Map| if layout == kind { group.into() } else { Value::Nil };
            let listing = map([
                ("kind", layout.into()),
                ("title", if layout == "level" { "BEGINNER" } else { "courses" }.into()),
                ("level", only("level", levels[0].clone())),
                ("place", only("place", group("Berlin", "berlin"))),
                ("month", only("month", group("2027-03", "2027-03"))),
            ]);
            view.with("paginator", paginator).with("listing", listing)
        }
        "section" => {
            let section = map([
                ("title", texts.title.unwrap_or("Journal").into()),
                ("description", texts.description.into()),
                (
                    "pages",
                    if has_courses {
                        list([link("Silence", "journal"), link("Rooms", "journal")])
                    } else {
                        list([])
                    },
                ),
            ]);
            view.with("section", section)
        }
        _ => view,
    }
}

pub(crate) fn render(config: &Config, layout: &'static str, texts: Texts, has_courses: bool) -> String {
    let theme = Theme::open(config, &[]).expect("the theme opens");
    let view = view(layout, texts, has_courses);
    let words: Arc<str> = Arc::from(
        "<p>We begin with what <em>you</em> bring. A method is worth as much as the case that it is tried on.</p><blockquote><p>Nobody learns to listen by being told to.</p></blockquote><h2>Three habits</h2><ol><li>Prepare in writing</li><li>Ask once more</li><li>Stop in time</li></ol><table><thead><tr><th>Format</th><th>Days</th><th>Group</th></tr></thead><tbody><tr><td>Workshop</td><td>2</td><td>12</td></tr><tr><td>Masterclass</td><td>5</td><td>8</td></tr></tbody></table><pre><code>plan = case + partner</code></pre>",
    );
    let content = matches!(layout, "page").then_some(&words);
    let request = Request { layouts: &[layout], view: &view, content, language: 0, now: now(), name: layout };
    let rendered =
        theme.render(&request).unwrap_or_else(|error| panic!("{layout}: {error} {:?}", error.hints()));
    String::from_utf8(rendered.bytes).expect("text")
}

pub(crate) fn academy() -> Config {
    config(Path::new("/nowhere"), "en")
}

#[test]
fn hostile_texts_do_no_harm_anywhere() {
    let config = academy();
    for layout in LAYOUTS {
        for has_courses in [true, false] {
            if layout == "course" && !has_courses {
                continue;
            }
            let html = render(&config, layout, HOSTILE, has_courses);
            for bad in
                ["</script><b>", "<b>\"", "<img src=x", "onerror=\"", "</title><img", "{%", "\u{2028}\""]
            {
                assert!(!html.contains(bad), "{layout}: {bad} in\n{html}");
            }
            assert!(!html.contains("Hidden"), "{layout}: a page of a section stands in the menu");
            // Each script is one of ours and closed once.
            assert_eq!(html.matches("<script").count(), html.matches("</script>").count(), "{layout}");
            let ours =
                ["<script type=\"application/ld+json\">\n{\"@context\"", "<script src=\"/academy/assets/"];
            let known: usize = ours.iter().map(|script| html.matches(script).count()).sum();
            assert_eq!(html.matches("<script").count(), known, "{layout}");
        }
    }
}

#[test]
fn the_data_for_search_engines_is_json() {
    for texts in [PLAIN, HOSTILE] {
        let html = render(&academy(), "course", texts, true);
        let (_, rest) = html.split_once("<script type=\"application/ld+json\">").expect("there");
        let json: serde_json::Value =
            serde_json::from_str(rest.split_once("</script>").expect("closed").0).expect("JSON");
        assert_eq!(json["name"], texts.title.unwrap_or("Difficult Conversations"));
        assert_eq!(json["url"], "https://example.org/academy/courses/2/");
        assert_eq!(json["hasCourseInstance"][0]["startDate"], "2027-03-30");
        assert_eq!(json["offers"][0]["price"], 1480);
    }
}

#[test]
fn pages_say_what_a_visitor_wants_to_know() {
    let home = render(&academy(), "home", PLAIN, true);
    for part in [
        "<title>Nordlicht Academy</title>",
        "Learn what holds in the room",
        "9–11 March 2027",
        "30 March – 1 April 2027",
        "29 December 2027 – 4 January 2028",
        "Date to be announced",
        "<span class=\"number\">1,204</span>",
        "Fully booked",
        "1 seat left",
        "badge-intermediate\">Intermediate<",
        "10 February 2027, 23:30",
        "href=\"/academy/style.",
    ] {
        assert!(home.contains(part), "{part} in\n{home}");
    }
    assert!(render(&academy(), "home", PLAIN, false).contains("have not been synchronised yet"));
    let course = render(&academy(), "course", PLAIN, true);
    for part in [
        "<title>Difficult Conversations | Nordlicht Academy</title>",
        "€1,480",
        "<h2>What you take home</h2>",
        "Zürich",
    ] {
        assert!(course.contains(part), "{part} in\n{course}");
    }
}

#[test]
fn german_sites_speak_german() {
    let home = render(&config(Path::new("/nowhere"), "de-AT"), "home", PLAIN, true);
    for part in [
        "Kommende Kurse",
        "9.–11. März 2027",
        "1.204",
        "Termin folgt",
        "10. Februar 2027, 23:30 Uhr",
        "Aufbau",
    ] {
        assert!(home.contains(part), "{part} in\n{home}");
    }
    let course = render(&config(Path::new("/nowhere"), "de"), "course", PLAIN, true);
    assert!(course.contains("1.480\u{a0}€"), "{course}");
}

#[test]
fn pages_other_than_the_home_page_do_not_hang_on_the_catalogue() {
    let (theme, config) = (Theme::open(&academy(), &[]).expect("opens"), academy());
    for layout in ["course", "page", "section", "404"] {
        let view = view(layout, PLAIN, true);
        let request =
            Request { layouts: &[layout], view: &view, content: None, language: 0, now: now(), name: layout };
        let trace = theme.render(&request).expect("renders").trace;
        for name in ["courses", "upcoming", "levels", "data_changed_at"] {
            let path = format!("site.{name}");
            assert!(!trace.rows.iter().any(|row| row.path.starts_with(&path)), "{layout} reads {path}");
        }
        assert_eq!(trace.clock, None, "{layout} reads the clock");
    }
    assert_eq!(config.theme.name, "academy");
}

#[test]
fn every_text_is_there_in_both_languages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("themes/academy");
    let keys = |language: &str| -> Vec<String> {
        let texts = std::fs::read_to_string(root.join(format!("i18n/{language}.toml"))).expect("there");
        let texts: toml::Table = texts.parse().expect("TOML");
        texts.keys().cloned().collect()
    };
    assert_eq!(keys("en"), keys("de"));
    let mut used = String::new();
    for file in aither::base::files::walk(&root).expect("readable") {
        used.push_str(&std::fs::read_to_string(root.join(file)).expect("text"));
    }
    for (at, _) in used.match_indices(" t.") {
        let key: String =
            used[at + 3..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
        assert!(key.is_empty() || keys("en").contains(&key), "t.{key} has no text");
    }
    // Levels are asked for by their slug, taxonomies by their name; the tag `toc` takes its word itself.
    let is_made = |key: &&String| {
        *key == "toc" || ["level_", "stage_", "taxonomy_"].iter().any(|made| key.starts_with(made))
    };
    for key in keys("en").iter().filter(|key| !is_made(key)) {
        assert!(used.contains(&format!("t.{key}")), "nobody says t.{key}");
    }
}

#[test]
fn the_readme_tells_of_every_option() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("themes/academy");
    let read = |name: &str| std::fs::read_to_string(root.join(name)).expect("there");
    let (readme, manifest) = (read("README.md"), read("theme.toml"));
    let manifest: toml::Table = manifest.parse().expect("TOML");
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| `")).collect();
    let options = manifest["options"].as_table().expect("a table");
    assert_eq!(rows.len(), options.len());
    for (name, option) in options {
        let description = option["description"].as_str().expect("described");
        let row = rows.iter().find(|row| row.starts_with(&format!("| `{name}` |")));
        assert!(row.is_some_and(|row| row.contains(description)), "{name}");
    }
}

#[test]
fn the_built_in_theme_is_the_folder() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut on_disk = academy();
    on_disk.paths.themes = root.join("themes");
    on_disk.root = root.to_owned();
    for layout in LAYOUTS {
        assert_eq!(
            render(&on_disk, layout, PLAIN, true),
            render(&academy(), layout, PLAIN, true),
            "{layout}"
        );
    }
    let read = |config: &Config| -> Vec<(String, Vec<u8>)> {
        let assets = Theme::open(config, &[]).expect("opens").statics().to_vec();
        assets
            .iter()
            .map(|asset| (asset.route.clone(), asset.read().expect("readable").into_owned()))
            .collect()
    };
    assert_eq!(read(&on_disk), read(&academy()));
    assert_eq!(
        read(&academy()).iter().map(|(route, _)| route.as_str()).collect::<Vec<_>>(),
        [
            "assets/catalogue.js",
            "assets/freshness.js",
            "assets/highlight.css",
            "assets/search.js",
            "style.css"
        ]
    );
}

#[test]
fn files_of_the_site_stand_over_those_of_the_theme() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        aither::base::files::write_new(&folder.path().join(path), text.as_bytes()).expect("written");
    };
    write("static/style.css", "a { top: 0 }");
    write("static/img/logo.svg", "<svg/>");
    write("templates/partials/footer.html", "<footer>mine</footer>");
    let config = config(folder.path(), "en");
    let assets = Theme::open(&config, &[]).expect("opens").statics().to_vec();
    let routes: Vec<_> = assets.iter().map(|asset| asset.route.as_str()).collect();
    assert_eq!(
        routes,
        [
            "assets/catalogue.js",
            "assets/freshness.js",
            "assets/highlight.css",
            "assets/search.js",
            "img/logo.svg",
            "style.css"
        ]
    );
    assert_eq!(assets[5].body, Body::File(folder.path().join("static/style.css")));
    assert!(render(&config, "home", PLAIN, true).contains("<footer>mine</footer>"));
}

#[test]
fn options_are_checked_and_merged() {
    let with = |options: &str| {
        let mut config = academy();
        config.theme.options = options.parse().expect("TOML");
        config
    };
    let config =
        with("accent = \"#aa0000\"\nlogo = \"N\"\nmenu = [{ title = \"Kontakt\", url = \"/kontakt/\" }]");
    let theme = Theme::open(&config, &[]).expect("opens");
    assert_eq!(theme.options().get("accent"), Some(&Value::text("#aa0000")));
    assert_eq!(theme.options().get("footer"), Some(&Value::text("")));
    let html = render(&config, "home", PLAIN, true);
    assert!(html.contains("--accent: #aa0000") && html.contains("href=\"/academy/kontakt/\""), "{html}");
    assert!(!html.contains(">About<"));
    let error = Theme::open(&with("acent = \"red\""), &[]).expect_err("unknown");
    assert_eq!(error.message(), "[theme.options] in aither.toml: the theme has no option `acent`");
    assert_eq!(error.hints(), ["did you mean `accent`?"]);
    let error = Theme::open(&with("accent = 3"), &[]).expect_err("wrong type");
    assert_eq!(
        error.message(),
        "[theme.options] in aither.toml: `accent` must be a colour such as \"#0f5257\" or \"oklch(0.4 0.07 200)\", not 3"
    );
    assert_eq!(error.hints(), ["the default is `accent = \"#0f5257\"`"]);
    for (options, message) in [
        ("accent = \"red; background: url(x)\"", "`accent` must be a colour"),
        (
            "home = [\"next\", \"nwes\"]",
            "`home` must be a list of some of next, intro, upcoming, topics, news, each once",
        ),
        ("home = [\"next\", \"next\"]", "`home` must be a list of some of"),
        ("home_courses = 0", "`home_courses` must be a whole number from 1 to 500, not 0"),
        ("headings = \"comic\"", "`headings` must be one of serif, sans, not \"comic\""),
        ("show_participants = \"no\"", "`show_participants` must be true or false"),
        ("menu = [{ title = \"X\", url = \"javascript:alert(1)\" }]", "`menu` must be a list of { title"),
        ("menu = [{ titel = \"X\", url = \"/\" }]", "`menu` must be a list of { title"),
        ("logo_image = \"data:x\"", "`logo_image` must be an address"),
    ] {
        let error = Theme::open(&with(options), &[]).expect_err(options);
        assert!(error.message().contains(message), "{options}: {error}");
        assert!(!error.hints().is_empty(), "{options}");
    }
    let error = Theme::open(&with("home = [\"nwes\"]"), &[]).expect_err("misspelt");
    assert_eq!(error.hints()[0], "did you mean `news`?");
    let mut config = academy();
    config.theme.name = "acadamy".to_owned();
    let error = Theme::open(&config, &[]).expect_err("no such theme");
    assert_eq!(error.hints()[0], "did you mean `academy`?");
}

/// Writes all pages with their assets to `$PREVIEW`, to be looked at in a browser.
#[test]
#[ignore = "makes pages to look at"]
fn preview() {
    let target = std::env::var("PREVIEW").expect("a folder in $PREVIEW");
    let target = Path::new(&target);
    let write = |path: &str, bytes: &[u8]| {
        aither::base::files::replace(&target.join(path), bytes).expect("written");
    };
    for language in ["en", "de"] {
        let config = config(Path::new("/nowhere"), language);
        for layout in LAYOUTS {
            let local = |html: String| html.replace("/academy/style.", "style.");
            write(
                &format!("{layout}-{language}.html"),
                local(render(&config, layout, PLAIN, true)).as_bytes(),
            );
            if layout != "course" {
                write(
                    &format!("{layout}-none-{language}.html"),
                    local(render(&config, layout, PLAIN, false)).as_bytes(),
                );
            }
        }
        for asset in Theme::open(&config, &[]).expect("opens").statics() {
            write(&asset.route, &asset.read().expect("readable"));
        }
    }
}

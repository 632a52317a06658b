//! The default theme on whole sites: directions of scripts, the icon, what networks are told, what keyboards reach, its texts.

use aither::project::Options;

use crate::fixture::{Fixture, row};

fn site(language: &str, more: &str) -> Fixture {
    let site = Fixture::new(&format!(
        "source = \"file\"\n[site]\ntitle = \"Akademie\"\nbase_url = \"https://a.example/haus\"\nlanguage = \
         \"{language}\"\ntime_zone = \"Europe/Berlin\"\n[file]\npath = \"courses.json\"\n{more}"
    ));
    let mut course = row("1", "שלום עולם", "2027-02-10");
    course["slug"] = "schalom".into();
    course["location"] = "חיפה".into();
    course["description"] = "תיאור".into();
    site.put_courses(&[course]);
    site
}

#[test]
fn words_in_another_script_have_a_direction_of_their_own() {
    let site = site("de", "").write("content/a.md", "+++\ntitle = \"مرحبا\"\n+++\nنص\n");
    site.build();
    let course = site.output("courses/schalom/index.html");
    assert!(course.contains("<html lang=\"de\" class=") && !course.contains("dir=\"rtl\""), "{course}");
    for part in [
        "<h1 dir=\"auto\">שלום עולם</h1>",
        "<p class=\"lead\" dir=\"auto\">תיאור</p>",
        "<span class=\"where\"><bdi>חיפה</bdi></span>",
    ] {
        assert!(course.contains(part), "{part}: {course}");
    }
    let page = site.output("a/index.html");
    assert!(
        page.contains("<h1 dir=\"auto\">مرحبا</h1>") && page.contains("<div class=\"prose\" dir=\"auto\">")
    );
    let home = site.output("index.html");
    assert!(home.contains(" dir=\"auto\">שלום עולם</a>"), "{home}");
}

#[test]
fn a_language_that_is_written_from_right_to_left_turns_its_pages() {
    for (language, is_turned) in
        [("ar", true), ("he-IL", true), ("az-Arab", true), ("az", false), ("de", false)]
    {
        let site = site(language, "");
        site.build();
        for path in ["index.html", "courses/schalom/index.html", "404.html", "sync-status.html"] {
            let page = site.output(path);
            let start = page.split("<html").nth(1).and_then(|rest| rest.split('>').next()).unwrap();
            assert_eq!(start.contains(" dir=\"rtl\""), is_turned, "{language} {path}: {start}");
        }
    }
}

#[test]
fn a_page_has_an_icon_and_asks_for_none_that_is_not_there() {
    let icon = |site: &Fixture| -> Vec<String> {
        site.build();
        let page = site.output("courses/schalom/index.html");
        let lines = page.lines().filter(|line| line.contains("rel=\"icon\"") || line.contains("touch-icon"));
        lines.map(str::to_owned).collect()
    };
    let site_of = |options: &str| site("de", &format!("[theme.options]\n{options}"));

    let [own] = icon(&site_of("accent = \"#402010\"\nlogo = \"<Haus>\"\n")).try_into().unwrap();
    let picture =
        own.split("href=\"data:image/svg+xml,").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let bytes = picture.split('%').enumerate().flat_map(|(at, part)| {
        let (hex, rest) = if at == 0 { ("", part) } else { part.split_at(2) };
        u8::from_str_radix(hex, 16).into_iter().chain(rest.bytes()).collect::<Vec<_>>()
    });
    let svg = String::from_utf8(bytes.collect()).unwrap();
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.ends_with("</svg>"), "{svg}");
    assert!(svg.contains("fill=\"#402010\"") && svg.contains(">&lt;</text>"), "{svg}");

    assert_eq!(
        icon(&site_of("icon = \"/img/Icon.PNG?2\"\n")),
        [
            "<link rel=\"icon\" href=\"/haus/img/Icon.PNG?2\">",
            "<link rel=\"apple-touch-icon\" href=\"/haus/img/Icon.PNG?2\">"
        ]
    );
    assert_eq!(icon(&site_of("icon = \"/i.svg\"\n")), ["<link rel=\"icon\" href=\"/haus/i.svg\">"]);
    // Whoever has one at the usual place need not say so, and may say another.
    let there = site("de", "").write("static/favicon.ico", "x");
    assert_eq!(icon(&there), ["<link rel=\"icon\" href=\"/haus/favicon.ico\">"]);
    let other = site_of("icon = \"/i.svg\"\n").write("static/favicon.ico", "x");
    assert_eq!(icon(&other), ["<link rel=\"icon\" href=\"/haus/i.svg\">"]);
    let wrong = site_of("icon = \"javascript:x\"\n").try_build(Options::default()).unwrap_err().to_string();
    assert!(wrong.contains("`icon` must be an address"), "{wrong}");
}

#[test]
fn networks_are_told_of_the_language_and_of_the_days_of_news() {
    let mut site = Fixture::copy("multilingual");
    site.build();
    let tags = |path: &str| -> Vec<String> {
        let page = site.output(path);
        let lines = page.lines().filter(|line| line.contains("og:locale") || line.contains("\"article:"));
        lines.map(|line| line.trim_start_matches("<meta property=").to_owned()).collect()
    };
    let news = tags("neues/glashaus/index.html");
    let expected = [
        "\"og:locale\" content=\"de_DE\">",
        "\"og:locale:alternate\" content=\"en_GB\">",
        "\"article:published_time\" content=\"2026-09-01\">",
    ];
    assert_eq!(news, expected);
    let english = tags("en/neues/glashaus/index.html");
    assert_eq!(
        english[..2],
        ["\"og:locale\" content=\"en_GB\">", "\"og:locale:alternate\" content=\"de_DE\">"]
    );
    // Words that nobody has translated are in the main language still.
    assert_eq!(tags("fr/neues/glashaus/index.html")[0], "\"og:locale\" content=\"de_DE\">");
    assert_eq!(tags("kontakt/index.html"), ["\"og:locale\" content=\"de_DE\">"]);

    site.put("content/neues/glashaus.md", "+++\ntitle = \"Das Glashaus\"\ndate = 2026-09-01\n+++\nAnders.\n");
    site.now = "2026-12-24T10:00:00Z".parse().unwrap();
    site.build();
    let page = site.output("neues/glashaus/index.html");
    assert!(page.contains("\"article:published_time\" content=\"2026-09-01\">"), "{page}");
    assert!(page.contains("\"article:modified_time\" content=\"2026-12-24T11:00:00+01:00\">"), "{page}");
}

#[test]
fn keyboards_reach_what_scrolls_and_tasks_have_their_words() {
    let text = "## Preise\n\n| Kurs | Preis <b> |\n|-|-|\n| a | b |\n\n| Kurs | Preis <b> |\n|-|-|\n| a | b |\n\n|  |  |\n|-|-|\n| a | b |\n\n\
                - [ ] offen\n- [x] getan\n\n```\nlang\n```\n";
    let site = site("de", "").write("content/a.md", format!("+++\ntitle = \"A\"\n+++\n{text}"));
    site.build();
    let page = site.output("a/index.html");
    for part in [
        "<div class=\"table-frame\" role=\"region\" aria-label=\"Kurs, Preis\" tabindex=\"0\">\n<table>",
        "<div class=\"table-frame\" role=\"region\" aria-label=\"Kurs, Preis-2\" tabindex=\"0\">",
        "<div class=\"table-frame\" role=\"region\" aria-label=\"Preise\" tabindex=\"0\">",
        "</table>\n</div>",
        "<li><label><input type=\"checkbox\" disabled> offen</label></li>",
        "<li><label><input type=\"checkbox\" disabled checked> getan</label></li>",
        "<pre tabindex=\"0\"><code>lang\n</code></pre>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn texts_of_the_wrong_kind_are_told_with_their_line() {
    let site = site("de", "");
    site.put("i18n/de.toml", "news = \"Aktuelles\"\n\ncourses = 3\ncalendar = [\"a\"]\n");
    let told = site.try_build(Options::default()).unwrap_err().to_string();
    assert!(
        told.contains("i18n/de.toml:3:1: `courses` must be a text in quotation marks, not a number"),
        "{told}"
    );
    assert!(
        told.contains("i18n/de.toml:4:1: `calendar` must be a text in quotation marks, not a list"),
        "{told}"
    );
}

#[test]
fn texts_that_nobody_sees_are_told_of() {
    let site = site("de", "");
    site.put(
        "i18n/de.toml",
        "# Ours\nnews = \"Aktuelles\"\ncalender = \"Termine\"\nown_word = \"Eigenes\"\nquite_else = \"x\"\n\
         taxonomy_speakers = \"Es sprechen\"\n",
    );
    site.put("i18n/fr.toml", "news = \"Nouvelles\"\n");
    site.put("templates/partials/toc.liquid", "{{ t.own_word }}{% toc %}");
    site.build();
    let told: Vec<String> =
        site.reporter.warnings().into_iter().filter(|told| told.contains("i18n/")).collect();
    assert_eq!(
        told,
        [
            "i18n/fr.toml: nobody sees these texts, as the site is not in `fr` (it is in `de`)",
            "i18n/de.toml:3: neither the theme nor a template has a text `calender`: did you mean `calendar`?",
            "i18n/de.toml:5: neither the theme nor a template has a text `quite_else`",
        ]
    );
}

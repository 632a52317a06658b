//! The default theme in a real browser, by keyboard alone: the skip link, the order of stops, filters, the search.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::fixture::Fixture;
use super::serve_browser::{Browser, Program, start};

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";

fn site() -> Fixture {
    let site = Fixture::with_courses(&[
        ("a", "Zürich: ruhig verhandeln", "2027-01-10"),
        ("b", "Zuhören", "2027-02-10"),
    ]);
    let config = std::fs::read_to_string(site.path("aither.toml")).unwrap();
    site.put("aither.toml", format!("{config}[languages.en]\ntitle = \"Academy\"\n"));
    let slug = "z-rich--ruhig-verhandeln";
    let text = std::fs::read_to_string(site.path("courses.json")).unwrap();
    let mut rows: Value = serde_json::from_str(&text).unwrap();
    rows[0]["slug"] = slug.into();
    site.put("courses.json", rows.to_string());
    site.write(
        "content/courses/z-rich-ruhig-verhandeln.en.md",
        "+++\ntitle = \"Zurich: negotiating calmly\"\nslug = \"zurich\"\n+++\nIn small groups.\n",
    )
    .write(
        "content/courses/z-rich-ruhig-verhandeln.md",
        "+++\nslug = \"zuerich\"\n+++\nIn kleinen Gruppen.\n",
    )
}

/// The site behind a server, and its address.
fn served(site: &Fixture) -> (Program, String) {
    site.build();
    let mut command = Command::new(env!("CARGO_BIN_EXE_aither"));
    command.args(["watch", "--port", "0", "--root"]).arg(site.path(".")).stderr(Stdio::null());
    let (server, line) = start(&mut command, "http://").unwrap();
    (server, line.split(' ').next().unwrap().trim_end_matches('/').to_owned())
}

fn open() -> Option<Browser> {
    let browser = Browser::open();
    if browser.is_none() {
        let told = "\n*** SKIPPED: no chromedriver here; install chromium and chromium-driver ***\n\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes());
    }
    browser
}

/// Whether one can see where the keyboard is: a ring, in the window. Pages scroll there softly.
const SEEN: &str = "const e = document.activeElement, r = e.getBoundingClientRect(); \
    const ring = (s) => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0; \
    const there = r.width > 1 && r.height > 1 && r.bottom > 0 && r.top < innerHeight && r.right > 0; \
    return (there && (ring(getComputedStyle(e)) || ring(getComputedStyle(e, '::after')))) || \
        [e.outerHTML.slice(0, 200), JSON.stringify(r), getComputedStyle(e).outline, document.hasFocus()].join(' ')";

/// Opens a page, and waits until it is there to be seen: what is typed before goes nowhere.
fn arrive(browser: &Browser, address: &str) {
    browser.visit(address);
    browser.until("return performance.getEntriesByType('paint').length > 0", &true.into());
}

/// Where the keyboard is.
fn place(browser: &Browser) -> String {
    let name =
        "const e = document.activeElement; return e.getAttribute('href') || e.id || e.textContent.trim()";
    browser.script(name).as_str().unwrap_or_default().to_owned()
}

/// Where the keyboard is, once one can see that it is there.
fn stop(browser: &Browser) -> String {
    let name = place(browser);
    browser.until(SEEN, &true.into());
    name
}

#[test]
fn everything_can_be_reached_by_keyboard_and_seen_to_be() {
    let Some(browser) = open() else { return };
    let site = site();
    let (_server, address) = served(&site);
    arrive(&browser, &format!("{address}/courses/"));
    browser.press(TAB);
    assert_eq!(stop(&browser), "#content", "the first stop leads past the menu");
    browser.press(ENTER);
    assert_eq!(browser.script("return location.hash"), "#content");
    browser.press(TAB);
    let first = place(&browser);
    assert_eq!(browser.script("return !!document.activeElement.closest('main')"), true, "{first}");

    // From the top: the order of the page, and a ring at every stop.
    arrive(&browser, &format!("{address}/courses/"));
    let mut stops = Vec::new();
    for _ in 0..40 {
        browser.press(TAB);
        if browser.script("return document.activeElement === document.body") == true {
            break;
        }
        let name = stop(&browser);
        stops.push(name);
    }
    let at = |name: &str| {
        stops.iter().position(|stop| stop == name).unwrap_or_else(|| panic!("no stop at {name}: {stops:?}"))
    };
    let wanted = [
        "#content",
        "/",
        "/courses/",
        "/search/",
        "/en/courses/",
        "Niveau",
        "Monat",
        "/courses/zuerich/",
        "/calendar.ics",
    ];
    assert!(wanted.windows(2).all(|pair| at(pair[0]) < at(pair[1])), "{stops:?}");

    // A filter opens, closes and is chosen without a mouse.
    arrive(&browser, &format!("{address}/courses/"));
    browser.script("document.querySelector('.filter summary').focus()");
    browser.press(ENTER);
    browser.until("return document.querySelector('.filter').open", &true.into());
    browser.press(TAB);
    assert_eq!(stop(&browser), "/levels/beginner/");
    browser.press(ESCAPE);
    browser.until("return document.querySelector('.filter').open", &false.into());
    assert_eq!(stop(&browser), "Niveau");
    browser.press(ENTER);
    browser.press(TAB);
    browser.press(ENTER);
    browser.until("return location.pathname", &"/levels/beginner/".into());
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn the_search_finds_what_is_typed_in_each_language() {
    let Some(browser) = open() else { return };
    let site = site();
    let (_server, address) = served(&site);
    for (tree, questions, found, count) in [
        ("", ["Zürich", "zurich", "verhnadeln"], "Zürich: ruhig verhandeln", "1 Treffer"),
        ("/en", ["Zürich", "zurich", "negotiatng"], "Zurich: negotiating calmly", "1 result"),
    ] {
        for question in questions {
            arrive(&browser, &format!("{address}{tree}/search/"));
            browser.press(TAB);
            assert_eq!(stop(&browser), "#content");
            browser.press(ENTER);
            browser.until("return location.hash", &"#content".into());
            browser.press(TAB);
            assert_eq!(stop(&browser), "search-q");
            browser.press(question);
            browser.until(
                "return document.querySelector('[data-search-results] a')?.textContent",
                &found.into(),
            );
            browser.until("return document.querySelector('[data-search-status]').textContent", &count.into());
        }
        // On to the button and the result, while the last letter is still being looked up: it finds the same.
        browser.press("\u{e003}");
        browser.press(TAB);
        browser.press(TAB);
        browser.until(
            "return new URL(location.href).searchParams.get('q').length",
            &(questions[2].chars().count() - 1).into(),
        );
        let link = stop(&browser);
        assert!(link.ends_with("rich/"), "{link}");
        browser.press(ENTER);
        browser.until("return document.querySelector('h1')?.textContent", &found.into());
        browser.visit(&format!("{address}{tree}/search/?q=xyzxyzxyz"));
        let nothing = "return document.querySelector('[data-search-status]').textContent.length > 10";
        browser.until(nothing, &true.into());
        assert_eq!(
            browser.script("return document.querySelectorAll('[data-search-results] a').length"),
            json!(0)
        );
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

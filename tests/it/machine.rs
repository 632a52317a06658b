//! Files for machines: feeds, calendars, the sitemap, the export to MOOChub, and what search engines find in pages.

use std::path::Path;

use aither::base::files;
use serde_json::Value;

use crate::fixture::{Fixture, row};

const CONFIG: &str = "source = \"file\"\n[site]\ntitle = \"Akademie\"\nbase_url = \"https://a.example/haus\"\n\
                      language = \"de\"\ntime_zone = \"Europe/Berlin\"\n[file]\npath = \"courses.json\"\n\
                      [limits]\nmax_shrink_percent = 100\n";

fn site(config: &str, courses: &[Value]) -> Fixture {
    let site = Fixture::new(&format!("{CONFIG}{config}"));
    site.put_courses(courses);
    site
}

fn course(id: &str, title: &str, start: &str) -> Value {
    let mut row = row(id, title, start);
    row["updatedAt"] = "2026-01-02T03:04:05Z".into();
    row
}

/// The lines of a calendar, unfolded.
fn lines(site: &Fixture, path: &str) -> Vec<String> {
    let text = site.output(path);
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains('\n'), "{path}: lines end in CRLF");
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "{path}: a line is too long");
    text.replace("\r\n ", "").split_terminator("\r\n").map(str::to_owned).collect()
}

/// All blocks of structured data of a page.
fn data(html: &str) -> Vec<Value> {
    let scripts = html.split("<script type=\"application/ld+json\">").skip(1);
    scripts.map(|rest| serde_json::from_str(rest.split("</script>").next().unwrap()).unwrap()).collect()
}

fn of_type<'a>(data: &'a [Value], name: &str) -> Option<&'a Value> {
    data.iter().find(|value| value["@type"] == name)
}

#[test]
fn a_moved_course_counts_up_and_one_that_has_gone_is_cancelled_until_it_is_over() {
    let mut rows = vec![course("1", "Ruhig", "2027-02-10"), course("2", "Klar", "2027-03-01")];
    let mut site = site("", &rows);
    site.build();
    let own = lines(&site, "courses/ruhig/ruhig.ics");
    for line in [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "DTSTAMP:20260102T030405Z",
        "SEQUENCE:0",
        "DTSTART;VALUE=DATE:20270210",
        "DTEND;VALUE=DATE:20270211",
        "SUMMARY:Ruhig",
        "URL:https://a.example/haus/courses/ruhig/",
        "STATUS:CONFIRMED",
    ] {
        assert!(own.iter().any(|l| l == line), "{line} in {own:?}");
    }
    let uid = |lines: &[String]| lines.iter().find(|line| line.starts_with("UID:")).unwrap().clone();
    let first = uid(&own);

    // Somebody books: the record changes, the appointment does not.
    rows[0]["participantCount"] = 4.into();
    rows[0]["updatedAt"] = "2026-01-03T00:00:00Z".into();
    site.put_courses(&rows);
    site.build();
    let booked = lines(&site, "courses/ruhig/ruhig.ics");
    assert!(
        booked.contains(&"SEQUENCE:0".to_owned()) && booked.contains(&"DTSTAMP:20260103T000000Z".to_owned())
    );

    rows[0]["startDate"] = "2027-02-17".into();
    rows[0]["title"] = "Ruhiger".into();
    site.put_courses(&rows);
    site.build();
    let moved = lines(&site, "courses/ruhig/ruhig.ics");
    assert!(moved.contains(&"SEQUENCE:1".to_owned()) && uid(&moved) == first, "{moved:?}");

    let gone = [rows[1].clone()];
    site.put_courses(&gone);
    site.build();
    for path in ["calendar.ics", "courses/ruhig/ruhig.ics"] {
        let told = lines(&site, path);
        for line in [&first, "SEQUENCE:2", "STATUS:CANCELLED", "DTSTART;VALUE=DATE:20270217"] {
            assert!(told.iter().any(|l| l == line), "{path}: {line} in {told:?}");
        }
    }
    assert!(!site.has("courses/ruhig/index.html"));
    let build = site.build().build;
    assert_eq!((build.written, build.rendered), (0, 0), "{:?}", build.reasons);

    site.now = "2027-02-18T10:00:00Z".parse().unwrap();
    site.build();
    assert!(!site.output("calendar.ics").contains("CANCELLED") && !site.has("courses/ruhig"));
}

#[test]
fn times_of_day_are_written_in_utc() {
    let mut timed = course("1", "Abends", "2027-02-10T17:30:00Z");
    timed["endDate"] = "2027-02-10T19:00:00Z".into();
    timed["description"] = "Erst, dann; \\ und\nweiter".into();
    let site = site("", &[timed]);
    site.build();
    let lines = lines(&site, "calendar.ics");
    for line in [
        "DTSTART:20270210T173000Z",
        "DTEND:20270210T190000Z",
        "DESCRIPTION:Erst\\, dann\\; \\\\ und\\nweiter",
    ] {
        assert!(lines.iter().any(|l| l == line), "{line} in {lines:?}");
    }
}

#[test]
fn everything_can_be_switched_off() {
    let rows = [course("1", "Ruhig", "2027-02-10")];
    let site = site("", &rows);
    site.build();
    let files = [
        "feed.xml",
        "rss.xml",
        "feed.json",
        "calendar.ics",
        "courses/ruhig/ruhig.ics",
        "courses/ruhig/card.png",
        "card.png",
        "moochub/courses.json",
        "sitemap.xml",
        "robots.txt",
    ];
    for file in files {
        assert!(site.has(file), "{file}");
    }
    let off = ["feeds", "calendar", "moochub", "cards", "sitemap", "robots", "search"]
        .map(|key| format!("{key} = false\n"));
    site.put("aither.toml", format!("{CONFIG}[output]\n{}", off.concat()));
    site.build();
    for file in files {
        assert!(!site.has(file), "{file}");
    }
    let page = site.output("courses/ruhig/index.html");
    for word in ["feed.xml", "rss.xml", "feed.json", ".ics", "og:image"] {
        assert!(!page.contains(word), "{word} in {page}");
    }
}

#[test]
fn every_address_is_whole_and_below_the_base_path() {
    let site = site("", &[course("1", "Ruhig", "2027-02-10")]);
    site.build();
    for file in [
        "feed.xml",
        "rss.xml",
        "feed.json",
        "sitemap.xml",
        "robots.txt",
        "moochub/courses.json",
        "calendar.ics",
    ] {
        let text = site.output(file).replace("\r\n ", "");
        let ours = text.matches("https://a.example").count();
        assert!(ours > 0 && ours == text.matches("https://a.example/haus/").count(), "{file}: {text}");
    }
    let feed: Value = serde_json::from_str(&site.output("feed.json")).unwrap();
    assert_eq!(feed["version"], "https://jsonfeed.org/version/1.1");
    assert_eq!(feed["feed_url"], "https://a.example/haus/feed.json");
    assert_eq!(feed["items"][0]["url"], "https://a.example/haus/courses/ruhig/");
    assert_eq!(feed["items"][0]["date_modified"], "2026-01-02T03:04:05Z");
    assert_eq!(feed["items"][0]["content_text"], "Ruhig");
}

#[test]
fn the_sitemap_knows_when_content_changed_and_never_when_it_was_built() {
    let mut site = site("", &[course("1", "Ruhig", "2027-02-10")])
        .write("content/about.md", "+++\ntitle = \"Wir\"\n+++\nWir.\n")
        .write("content/secret.md", "+++\ntitle = \"Still\"\n[extra]\nnoindex = true\n+++\nNichts.\n");
    site.build();
    let place = |site: &Fixture, path: &str| -> Option<String> {
        let all = site.output("sitemap.xml");
        let line = all.lines().find(|line| line.contains(&format!("/haus{path}</loc>")))?;
        Some(line.split_once("<lastmod>").map_or("", |(_, rest)| rest.split('<').next().unwrap()).to_owned())
    };
    assert_eq!(place(&site, "/courses/ruhig/").as_deref(), Some("2026-01-02T03:04:05Z"));
    assert_eq!(place(&site, "/courses/").as_deref(), Some("2026-01-02T03:04:05Z"));
    assert_eq!(place(&site, "/about/").as_deref(), Some(""), "nobody knows when it was written");
    assert_eq!(place(&site, "/secret/"), None);
    assert!(site.output("secret/index.html").contains("<meta name=\"robots\" content=\"noindex\">"));

    site.now = "2026-12-01T08:00:00Z".parse().unwrap();
    site.put("content/about.md", "+++\ntitle = \"Wir\"\n+++\nWir alle.\n");
    site.build();
    assert_eq!(place(&site, "/about/").as_deref(), Some("2026-12-01T08:00:00Z"));
    site.now = "2026-12-02T08:00:00Z".parse().unwrap();
    site.build();
    assert_eq!(place(&site, "/about/").as_deref(), Some("2026-12-01T08:00:00Z"));
}

#[test]
fn a_large_export_is_cut_into_documents_that_lead_on() {
    let rows: Vec<Value> =
        (0..205).map(|n| course(&format!("c{n:03}"), &format!("Kurs {n}"), "2027-02-10")).collect();
    let site = site("[output]\nlicense = \"CC-BY-4.0\"\n", &rows);
    site.build();
    let page = |path: &str| -> Value { serde_json::from_str(&site.output(path)).unwrap() };
    let (first, last) = (page("moochub/courses.json"), page("moochub/courses-3.json"));
    assert_eq!(first["links"]["next"], "https://a.example/haus/moochub/courses-2.json");
    assert_eq!(first["links"]["last"], "https://a.example/haus/moochub/courses-3.json");
    assert_eq!(last["links"]["prev"], "https://a.example/haus/moochub/courses-2.json");
    assert_eq!(last["data"].as_array().unwrap().len(), 5);
    let one = &first["data"][0];
    assert_eq!(one["type"], "Course");
    assert_eq!(one["id"].as_str().unwrap().len(), 36);
    // What version 3 of the schema requires.
    for field in ["name", "learningResourceType", "publisher", "url", "license", "creator"] {
        assert!(!one["attributes"][field].is_null(), "{field}");
    }
    assert_eq!(one["attributes"]["license"][0]["url"], "https://spdx.org/licenses/CC-BY-4.0.html");
    assert_eq!(one["attributes"]["startDate"][0], "2027-02-10T00:00:00+01:00");

    let mut rows = rows;
    rows[150]["title"] = "Anders".into();
    site.put_courses(&rows);
    let build = site.build().build;
    let made: Vec<&str> = build
        .reasons
        .iter()
        .map(|(path, _)| path.as_str())
        .filter(|path| path.starts_with("moochub/"))
        .collect();
    assert_eq!(made, ["moochub/courses-2.json"]);
}

/// What Google's pages on course lists and course info, and schema.org, require.
fn check_course(course: &Value, path: &str) {
    let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    for field in ["name", "description", "url"] {
        assert!(text(&course[field]), "{path}: {field}");
    }
    assert_eq!(course["provider"]["@type"], "Organization", "{path}");
    assert!(text(&course["provider"]["name"]) && text(&course["provider"]["url"]), "{path}");
    let offers = course["offers"].as_array().unwrap();
    assert!(!offers.is_empty(), "{path}");
    for offer in offers {
        assert!(
            ["Free", "Partially Free", "Subscription", "Paid"].iter().any(|c| offer["category"] == *c),
            "{path}"
        );
        assert_eq!(offer["price"].is_null(), offer["priceCurrency"].is_null(), "{path}");
    }
    let instances = course["hasCourseInstance"].as_array().unwrap();
    assert!(!instances.is_empty(), "{path}");
    for instance in instances {
        assert!(["Online", "Onsite", "Blended"].iter().any(|mode| instance["courseMode"] == *mode), "{path}");
        let schedule = &instance["courseSchedule"];
        assert!(schedule["repeatCount"].as_u64().is_some_and(|n| n > 0), "{path}");
        assert!(
            ["Daily", "Weekly", "Monthly", "Yearly"].iter().any(|f| schedule["repeatFrequency"] == *f),
            "{path}"
        );
        if let Some(place) = instance.get("location") {
            let named = text(&place["name"]) && text(&place["address"]);
            assert!(named || place["@type"] == "VirtualLocation" && text(&place["url"]), "{path}: {place}");
        }
    }
}

#[test]
fn search_engines_find_every_field_that_they_require() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let site = Fixture::new("");
    site.put("aither.toml", std::fs::read(root.join("aither.toml")).unwrap());
    for path in files::walk(&root.join("content")).unwrap() {
        site.put(
            &format!("content/{}", files::slashed(&path)),
            std::fs::read(root.join("content").join(&path)).unwrap(),
        );
    }
    site.build();
    let mut courses = 0;
    for (path, bytes) in site.tree() {
        let Some(folder) = path.strip_suffix("index.html") else { continue };
        let html = String::from_utf8(bytes).unwrap();
        let data = data(&html);
        assert!(data.iter().all(|value| value["@context"] == "https://schema.org"), "{path}");
        let address = format!("https://akademie-lindenhof.example/{folder}");
        assert!(html.contains(&format!("<link rel=\"canonical\" href=\"{address}\">")), "{path}");
        assert!(html.contains(&format!("<meta property=\"og:url\" content=\"{address}\">")), "{path}");
        if let Some(course) = of_type(&data, "Course") {
            check_course(course, &path);
            assert_eq!(course["url"], address);
            courses += 1;
        }
        if !folder.is_empty() {
            let crumbs = of_type(&data, "BreadcrumbList").unwrap()["itemListElement"].as_array().unwrap();
            for (at, crumb) in crumbs.iter().enumerate() {
                assert_eq!(crumb["position"], at + 1, "{path}");
                assert!(
                    crumb["name"].is_string() && crumb["item"].as_str().unwrap().starts_with("https://"),
                    "{path}"
                );
            }
            assert_eq!(crumbs.last().unwrap()["item"], address, "{path}");
        }
        if folder.is_empty() || folder == "courses/" || folder.starts_with("levels/") {
            let list = of_type(&data, "ItemList").unwrap()["itemListElement"].as_array().unwrap();
            let urls: std::collections::BTreeSet<_> =
                list.iter().map(|item| item["url"].as_str().unwrap()).collect();
            assert!(
                urls.len() == list.len()
                    && list.iter().enumerate().all(|(at, item)| item["position"] == at + 1)
            );
            for url in urls {
                let below = url.strip_prefix("https://akademie-lindenhof.example/").unwrap();
                assert!(site.has(&format!("{below}index.html")), "{path}: {url}");
            }
        }
    }
    assert!(courses >= 15, "{courses}");
}

#[test]
fn a_picture_that_cannot_be_shown_is_named_nowhere() {
    let mut broken = course("k1", "Kaputt", "2027-03-01");
    broken["image"] = "/nirgends.jpg".into();
    let mut text = course("k2", "Kein Bild", "2027-03-02");
    text["image"] = "/text.png".into();
    let mut good = course("k3", "Gut", "2027-03-03");
    good["image"] = "/gut.svg".into();
    let site = site("[output]\ncards = false\n", &[broken, text, good])
        .write("static/text.png", "kein Bild")
        .write("static/gut.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 4 2\"/>")
        .write("content/courses/gut.md", "+++\n+++\n")
        .write("content/courses/kein-bild.md", "+++\nimage = \"/fehlt.png?schluessel=1\"\n+++\n");
    site.build();
    for (path, bytes) in site.tree() {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for name in ["nirgends.jpg", "fehlt.png"] {
            assert!(!text.contains(name), "{name} in {path}");
        }
    }
    assert!(site.output("moochub/courses.json").contains("/gut.svg"));
    let page = site.output("courses/gut/index.html");
    assert!(page.contains("property=\"og:image\" content=\"https://a.example/haus/gut.svg\""), "{page}");
    assert!(page.contains("\"image\":\"https://a.example/haus/gut.svg\""), "{page}");
    let warnings = site.reporter.warnings();
    for told in [
        "course k1: the picture \"/nirgends.jpg\" is left out: there is no such file",
        "content/courses/kein-bild.md: the picture \"/fehlt.png\" is left out: there is no such file",
    ] {
        assert_eq!(
            warnings.iter().filter(|warning| warning.starts_with(told)).count(),
            1,
            "{told}: {warnings:?}"
        );
    }
    // It is there when the file is.
    site.put("static/nirgends.jpg", std::fs::read(site.path("static/gut.svg")).unwrap());
    site.build();
    assert!(site.output("courses/kaputt/index.html").contains("/nirgends.jpg"));
    assert!(site.output("moochub/courses.json").contains("/nirgends.jpg"));
}

/// A course gets another id, and then goes as well: both have lived at one address.
#[test]
fn two_courses_that_have_gone_from_one_address_are_one_calendar() {
    let other = ("z", "Hören", "2027-02-10");
    let mut site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10"), other]);
    for courses in [&[("b", "Ruhig reden", "2027-01-11"), other][..], &[other]] {
        site.build();
        site = site.courses(courses);
        site.now += jiff::SignedDuration::from_mins(5);
    }
    site.try_build(aither::project::Options { allow_shrink: true, ..Default::default() }).unwrap();
    let calendar = site.output("courses/ruhig-reden/ruhig-reden.ics");
    assert!(calendar.contains("STATUS:CANCELLED") && calendar.contains("20270111"), "{calendar}");
}

#[test]
fn a_calendar_of_nothing_is_a_calendar() {
    let site = site("", &[]);
    site.build();
    let all = lines(&site, "calendar.ics");
    let at = |line: &str| all.iter().position(|l| l == line);
    assert!(
        at("BEGIN:VTIMEZONE") < at("BEGIN:STANDARD") && at("END:STANDARD") < at("END:VTIMEZONE"),
        "{all:?}"
    );
    assert!(
        at("BEGIN:VTIMEZONE").is_some() && at("TZOFFSETTO:+0000").is_some() && at("BEGIN:VEVENT").is_none()
    );
    site.put_courses(&[course("1", "Ruhig", "2027-02-10")]);
    site.build();
    let all = lines(&site, "calendar.ics");
    assert!(
        all.iter().any(|l| l == "BEGIN:VEVENT") && !all.iter().any(|l| l == "BEGIN:VTIMEZONE"),
        "{all:?}"
    );
}

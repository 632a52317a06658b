//! Lists by place and month, and the archive: what stands where, and what an edit wakes.

use super::fixture::Fixture;
use super::golden_sites::verified;

const CONFIG: &str = "source = \"file\"\n[site]\ntitle = \"A\"\nbase_url = \"https://a.example\"\nlanguage = \"en\"\n\
                      time_zone = \"Europe/Berlin\"\n[file]\npath = \"courses.json\"\n[courses]\npage_size = 2\n";

/// Id, first day, location.
type Row<'a> = (&'a str, &'a str, &'a str);

fn rows(rows: &[Row<'_>]) -> String {
    let row = |(id, start, place): &Row<'_>| {
        let location = if place.is_empty() { serde_json::Value::Null } else { (*place).into() };
        let start = if start.is_empty() { serde_json::Value::Null } else { (*start).into() };
        serde_json::json!({ "id": id, "title": format!("Course {id}"), "slug": id, "level": "BEGINNER",
            "startDate": start, "endDate": null, "participantCount": 3, "location": location })
    };
    serde_json::to_string_pretty(&rows.iter().map(row).collect::<Vec<_>>()).unwrap()
}

const ROWS: [Row<'static>; 6] = [
    ("a", "2026-12-01", "Zürich, Saal 1"),
    ("b", "2026-12-24", "zürich"),
    ("c", "2027-01-31", "Zürich, Saal 2"),
    ("d", "2027-01-15", "Online"),
    ("e", "", ""),
    ("f", "2026-01-15", "Zürich"),
];

fn site(list: &[Row<'_>]) -> Fixture {
    Fixture::new(CONFIG).write("courses.json", rows(list))
}

fn holds(site: &Fixture, path: &str) -> Vec<&'static str> {
    let html = site.output(path);
    ["a", "b", "c", "d", "e", "f"]
        .into_iter()
        .filter(|id| html.contains(&format!("href=\"/courses/{id}/\"")))
        .collect()
}

#[test]
fn every_course_stands_in_the_lists_of_its_place_and_month() {
    let site = site(&ROWS);
    site.build();
    assert_eq!(holds(&site, "places/zuerich/index.html"), ["a", "b"]);
    assert_eq!(holds(&site, "places/zuerich/page/2/index.html"), ["c"]);
    assert_eq!(holds(&site, "places/online/index.html"), ["d"]);
    assert_eq!(holds(&site, "months/2026-12/index.html"), ["a", "b"]);
    assert_eq!(holds(&site, "months/2027-01/index.html"), ["c", "d"]);
    assert!(!site.has("months/2026-01/index.html"), "nothing is to come in that month");
    // What is over stands in the archive and in no other list; its page stays.
    assert_eq!(holds(&site, "courses/archive/index.html"), ["f"]);
    assert!(site.has("courses/f/index.html"));
    for page in ["courses/index.html", "courses/page/2/index.html", "courses/page/3/index.html"] {
        assert!(!site.has(page) || !holds(&site, page).contains(&"f"), "{page}");
    }
    let sitemap = site.output("sitemap.xml");
    assert!(sitemap.contains("https://a.example/months/2027-01/"), "{sitemap}");
}

#[test]
fn a_theme_without_the_layouts_has_no_such_lists() {
    let site = site(&ROWS)
        .write("themes/bare/layouts/page.liquid", "{{ page.title }}")
        .write(
            "themes/bare/layouts/courses.liquid",
            "{% for c in paginator.courses %}<a href=\"{{ c.url }}\">{% endfor %}",
        )
        .write(
            "themes/bare/layouts/home.liquid",
            "{{ site.places | map: 'name' | join: '|' }}, {{ site.months | map: 'slug' | join: '|' }}",
        )
        .write("aither.toml", format!("{CONFIG}[theme]\nname = \"bare\"\n"));
    site.build();
    assert!(!site.has("places") && !site.has("months") && !site.has("courses/archive"));
    assert_eq!(holds(&site, "courses/page/3/index.html"), ["e", "f"]);
    assert_eq!(site.output("index.html"), "Online|Zürich, 2026-12|2027-01");
}

#[test]
fn a_course_that_moves_wakes_the_lists_that_it_leaves_and_enters() {
    let site = site(&ROWS);
    site.build();
    let before = site.times();
    let mut moved = ROWS;
    moved[3].2 = "Bern";
    site.put("courses.json", rows(&moved));
    site.build();
    assert!(!site.has("places/online/index.html"), "nobody is there any more");
    assert_eq!(holds(&site, "places/bern/index.html"), ["d"]);
    let after = site.times();
    for same in ["courses/a/index.html", "courses/f/index.html", "courses/archive/index.html", "style.css"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert_eq!(verified(&site).build.written, 0);
    // The clock alone moves a course into the archive.
    let mut site = site;
    site.now = "2026-12-02T10:00:00Z".parse().unwrap();
    verified(&site);
    assert_eq!(holds(&site, "courses/archive/index.html"), ["a", "f"]);
    assert_eq!(holds(&site, "places/zuerich/index.html"), ["b", "c"]);
}

#[test]
fn no_course_takes_the_address_of_the_archive() {
    let site = site(&[("archive", "2026-12-01", ""), ("f", "2026-01-15", "")]);
    site.build();
    assert_eq!(holds(&site, "courses/archive/index.html"), ["f"]);
    assert!(site.has("courses/course-archive/index.html"), "{:?}", site.tree().keys());
}

#[test]
fn a_page_at_the_address_of_a_list_is_told_with_both_names() {
    for (file, other, address) in [
        ("levels/beginner.md", "the list of the level `beginner`", "/levels/beginner/"),
        ("places/berlin.md", "the list of the place `berlin`", "/places/berlin/"),
        ("months/2027-03.md", "the list of the month 2027-03", "/months/2027-03/"),
        ("search.md", "the search", "/search/"),
        ("tags/ruhe.md", "a list of the taxonomy `tags`", "/tags/ruhe/"),
    ] {
        let site = Fixture::with_courses(&[("c1", "Kurs", "2027-03-01")])
            .write("content/courses/kurs.md", "+++\nlocation = \"Berlin, Turm\"\ntags = [\"Ruhe\"]\n+++\n")
            .write(&format!("content/{file}"), "Text\n");
        let error = site.try_build(Default::default()).unwrap_err();
        let told = format!("content/{file} and {other} want the same address, {address}");
        assert_eq!(error.to_string(), told);
        assert!(error.hints()[0].contains("`slug`"), "{:?}", error.hints());
        assert!(!site.has("index.html"));
    }
}

#[test]
fn the_place_of_a_course_is_what_stands_before_the_first_comma() {
    let long = format!("{}, hinten", "Sehr langer Ort ".repeat(20));
    let site = Fixture::with_courses(&[]);
    let rows: Vec<serde_json::Value> =
        ["Berlin, Turm, 3. Stock", " berlin ,Keller", "Zürich", "???", "", &long]
            .iter()
            .enumerate()
            .map(|(number, place)| {
                let mut row =
                    crate::fixture::row(&format!("c{number}"), &format!("Kurs {number}"), "2027-03-01");
                row["location"] = (*place).into();
                row
            })
            .collect();
    site.put("courses.json", serde_json::to_vec(&rows).unwrap());
    site.build();
    let berlin = site.output("places/berlin/index.html");
    assert!(
        berlin.contains("Kurs 0")
            && berlin.contains("Kurs 1")
            && berlin.contains("<h1 dir=\"auto\">Berlin</h1>"),
        "{berlin}"
    );
    assert!(site.output("places/zuerich/index.html").contains("Kurs 2"));
    let places: std::collections::BTreeSet<String> = (site.tree().into_keys())
        .filter_map(|path| Some(path.strip_prefix("places/")?.split('/').next()?.to_owned()))
        .collect();
    // What cannot be spelt has no list, and a very long name is cut in its address.
    assert_eq!(places.len(), 3, "{places:?}");
    assert!(places.iter().all(|slug| slug.len() <= 100), "{places:?}");
    assert!(site.output("courses/kurs-3/index.html").contains("???"));
}

//! Hostile texts: they come out of the default theme as the texts that they are, in every place.

use crate::academy::{LAYOUTS, Texts, academy, render};
use crate::fixture::{Fixture, row};
use crate::markup::{Piece, bones, read, words};

const HOSTILE: &str = "</script><b>\"'&";

/// The same shape of page, with texts that mean nothing.
const TAME: Texts = Texts { title: Some("Tame"), description: "Quiet" };
const WILD: Texts = Texts { title: Some(HOSTILE), description: "</title></p><img src=x onerror='y'>\"&amp;" };

#[test]
fn texts_change_nothing_in_the_markup_of_any_layout() {
    let config = academy();
    for layout in LAYOUTS {
        for has_courses in [true, false] {
            if layout == "course" && !has_courses {
                continue;
            }
            let tame = read(&render(&config, layout, TAME, has_courses));
            let wild = read(&render(&config, layout, WILD, has_courses));
            assert_eq!(bones(&tame), bones(&wild), "{layout}");
            let count = |pieces: &[Piece], text: &str| {
                words(pieces).map(|word| word.matches(text).count()).sum::<usize>()
            };
            // JSON has its own way of writing them.
            let in_json = count(&tame, "\"Tame\"");
            assert_eq!(count(&tame, "Tame") - in_json, count(&wild, HOSTILE), "{layout}");
            assert!(count(&wild, HOSTILE) > 0 || layout == "404", "{layout}");
        }
    }
}

#[test]
fn a_site_of_hostile_courses_and_pages_is_whole() {
    let mut course = row("1", HOSTILE, "2027-03-01");
    course["slug"] = "wild".into();
    for field in ["description", "location", "instructor", "imageUrl"] {
        course[field] = HOSTILE.into();
    }
    let front = format!("title = '''{HOSTILE}'''\ndescription = '''{HOSTILE}'''\ntags = ['''{HOSTILE}''']\n");
    let site = Fixture::with_courses(&[])
        .write("courses.json", serde_json::to_string(&[course]).unwrap())
        .write("content/journal/_index.md", format!("+++\n{front}+++\n"))
        .write("content/journal/entry.md", format!("+++\n{front}date = 2026-11-01\n+++\nWords.\n"))
        .write("content/courses/wild.md", format!("+++\ntags = ['''{HOSTILE}''']\nprice = 3\n+++\n"));
    site.build();
    let (mut pages, mut shown) = (0, 0);
    for (path, bytes) in site.tree() {
        if path.ends_with(".xml") || path.ends_with(".html") {
            let text = String::from_utf8(bytes).unwrap();
            let pieces = read(&text);
            pages += 1;
            shown += words(&pieces).filter(|word| word.contains(HOSTILE)).count();
            for piece in &pieces {
                let Piece::Open(name, attributes) = piece else { continue };
                assert_ne!(name, "b", "{path}");
                assert!(!attributes.iter().any(|(name, _)| name.starts_with("on")), "{path}: {piece:?}");
            }
        }
    }
    assert!(pages > 8 && shown > 20, "{pages} pages show it {shown} times");

    let course = read(&site.output("courses/wild/index.html"));
    let at = course.iter().position(|piece| {
        matches!(piece, Piece::Open(name, attributes) if name == "script" && attributes[0].1 == "application/ld+json")
    });
    let Some(Piece::Text(json)) = at.and_then(|at| course.get(at + 1)) else {
        panic!("data for search engines")
    };
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(json["name"], HOSTILE);
    assert_eq!(json["url"], "https://a.example/courses/wild/");
    assert!(read(&site.output("feed.xml")).contains(&Piece::Text(HOSTILE.to_owned())));
}

#[test]
fn an_override_that_escapes_by_itself_is_not_escaped_twice() {
    let site = Fixture::with_courses(&[("1", "Fish & Chips", "2027-03-01")]).write(
        "templates/layouts/course.liquid",
        "{{ course.title }}|{{ course.title | escape }}|{{ course.title | xml_escape }}|{{ course.title | raw }}|\
         {{ course.title | json }}|{{ '<i>' | append: course.title }}|{% capture x %}{{ course.title }}{% endcapture %}{{ x }}|\
         {{ course.title | markdownify }}",
    );
    site.build();
    assert_eq!(
        site.output("courses/fish-chips/index.html"),
        "Fish &amp; Chips|Fish &amp; Chips|Fish &amp; Chips|Fish & Chips|\"Fish \\u0026 Chips\"|&lt;i&gt;Fish &amp; Chips|\
         Fish &amp; Chips|<p>Fish &amp; Chips</p>\n"
    );
}

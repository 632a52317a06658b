//! Cards: the pictures that stand for pages where links to them are shared.

use serde_json::Value;

use crate::fixture::{Fixture, row};

const CONFIG: &str = "source = \"file\"\n[site]\ntitle = \"Akademie\"\nbase_url = \"https://a.example/haus\"\n\
                      language = \"de\"\ntime_zone = \"Europe/Berlin\"\n[file]\npath = \"courses.json\"\n";

fn site(config: &str, courses: &[Value]) -> Fixture {
    let site = Fixture::new(&format!("{CONFIG}{config}"));
    site.put_courses(courses);
    site
}

/// The cards that a build draws.
fn drawn(site: &Fixture) -> Vec<String> {
    let reasons = site.build().build.reasons.into_iter().map(|(path, _)| path);
    reasons.filter(|path| path.ends_with(".png")).collect()
}

/// The pixels of a card, as places in its palette, and the palette.
fn pixels(site: &Fixture, path: &str) -> (Vec<u8>, Vec<u8>) {
    let file = std::fs::read(site.path("output").join(path)).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((frame.width, frame.height, frame.color_type), (1200, 630, png::ColorType::Indexed));
    let palette = reader.info().palette.clone().unwrap().into_owned();
    assert!(pixels.iter().all(|at| usize::from(*at) * 3 < palette.len()), "{path}");
    (pixels, palette)
}

#[test]
fn a_card_is_drawn_in_the_colour_of_the_house_and_only_when_its_words_change() {
    let mut rows = vec![row("1", "Grüße 🎉 „Nein“", "2027-02-10"), row("2", "مرحبا بكم", "2027-03-01")];
    rows[0]["slug"] = "ruhig".into();
    rows[1]["slug"] = "salam".into();
    let site = site("[theme.options]\naccent = \"#402010\"\n", &rows);
    site.build();
    let (ruhig, palette) = pixels(&site, "courses/ruhig/card.png");
    assert_eq!(palette[..3], [0x40, 0x20, 0x10]);
    let inked = |pixels: &[u8]| pixels[..1200 * 600].iter().filter(|at| **at != 0).count();
    let (whole, _) = pixels(&site, "card.png");
    let (foreign, _) = pixels(&site, "courses/salam/card.png");
    assert!(inked(&ruhig) > 10_000 && inked(&whole) > 5_000, "words are on it");
    assert!(
        inked(&foreign) > 5_000 && foreign != ruhig && foreign != whole,
        "the name of the site and the date, but no boxes"
    );
    let told = site.reporter.warnings();
    let told: Vec<&String> = told.iter().filter(|told| told.contains("cards")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("lacks letters of “مرحبا بكم”:")
            && told[0].ends_with("static/courses/salam/card.png"),
        "{told:?}"
    );
    let page = site.output("courses/ruhig/index.html");
    assert!(
        page.contains(
            "<meta property=\"og:image\" content=\"https://a.example/haus/courses/ruhig/card.png\">"
        )
    );
    assert!(site.output("index.html").contains("content=\"https://a.example/haus/card.png\">"));

    rows[0]["participantCount"] = 5.into();
    rows[0]["description"] = "Anders".into();
    site.put_courses(&rows);
    assert_eq!(drawn(&site), Vec::<String>::new());
    rows[0]["startDate"] = "2027-02-11".into();
    site.put_courses(&rows);
    assert_eq!(drawn(&site), ["courses/ruhig/card.png"]);
    site.put("aither.toml", format!("{CONFIG}[theme.options]\naccent = \"#104020\"\n"));
    assert_eq!(drawn(&site), ["card.png", "courses/ruhig/card.png", "courses/salam/card.png"]);
}

#[test]
fn pages_and_news_have_cards_of_their_own() {
    let site = site("", &[row("1", "Ruhig", "2027-02-10")])
        .write("content/about.md", "+++\ntitle = \"Über uns\"\ndescription = \"Wer wir sind.\"\n+++\nWir.\n")
        .write("content/news/_index.md", "+++\ntitle = \"Neues\"\npaginate = 1\n+++\n")
        .write("content/news/haus.md", "+++\ntitle = \"Ein Haus\"\ndate = 2026-10-01\n+++\nGlas.\n")
        .write("content/news/fest.md", "+++\ntitle = \"Ein Fest\"\ndate = 2026-10-02\n+++\nLaut.\n")
        .write("content/news/later.md", "+++\ntitle = \"Später\"\ndate = 2027-10-02\n+++\n")
        .write("content/tags/_index.md", "+++\ntitle = \"Worum es geht\"\n+++\n")
        .write("content/courses/ruhig.md", "+++\ntags = [\"Rede\"]\n+++\n");
    site.build();
    let own = ["about/card.png", "news/card.png", "news/fest/card.png", "news/haus/card.png"];
    for card in own {
        let (pixels, _) = pixels(&site, card);
        assert!(pixels.iter().filter(|at| **at != 0).count() > 5_000, "{card}: words are on it");
        let path = card.replace("card.png", "index.html");
        let link = format!("<meta property=\"og:image\" content=\"https://a.example/haus/{card}\">");
        assert!(site.output(&path).contains(&link), "{path}");
    }
    // The second page of a section has the section's; what takes a section's place, and the rest, that of the site.
    assert!(site.output("news/page/2/index.html").contains("/haus/news/card.png\">"));
    assert!(
        !site.has("news/page/2/card.png") && !site.has("news/later/card.png") && !site.has("tags/card.png")
    );
    assert!(site.output("tags/index.html").contains("content=\"https://a.example/haus/card.png\">"));

    let front = "title = \"Ein Haus\"\ndate = 2026-10-01";
    site.put("content/news/haus.md", format!("+++\n{front}\ntags = [\"Bau\"]\n+++\nVon den Wänden.\n"));
    assert!(drawn(&site).is_empty(), "none of this is on it");
    site.put("content/news/haus.md", "+++\ntitle = \"Ein Haus\"\ndate = 2026-10-03\n+++\nGlas.\n");
    assert_eq!(drawn(&site), ["news/haus/card.png"]);
    site.put("content/news/_index.md", "+++\ntitle = \"Aktuelles\"\n+++\n");
    assert_eq!(drawn(&site), ["news/card.png", "news/fest/card.png", "news/haus/card.png"]);
    site.put("content/about.md", "+++\ntitle = \"Über uns\"\ndescription = \"Wir alle.\"\n+++\nWir.\n");
    assert_eq!(drawn(&site), ["about/card.png"]);
    site.put("aither.toml", format!("{CONFIG}[output]\ncards = false\n"));
    site.build();
    assert!(own.iter().all(|card| !site.has(card)));
    assert!(!site.output("about/index.html").contains("og:image"));
}

#[test]
fn what_stands_in_for_a_translation_has_the_card_of_the_original() {
    let site = Fixture::copy("multilingual");
    site.build();
    let card = |path: &str| {
        let page = site.output(path);
        let (_, rest) = page.split_once("<meta property=\"og:image\" content=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let base = "https://academy.example/site";
    assert_eq!(card("en/about-us/index.html"), format!("{base}/en/about-us/card.png"));
    assert_eq!(card("fr/kontakt/index.html"), format!("{base}/kontakt/card.png"));
    assert!(
        site.has("en/about-us/card.png") && site.has("kontakt/card.png") && !site.has("fr/kontakt/card.png")
    );
    assert_ne!(pixels(&site, "en/neues/glashaus/card.png"), pixels(&site, "neues/glashaus/card.png"));
}

#[test]
fn a_card_that_the_site_brings_stands_instead_of_a_drawn_one() {
    let site = site("", &[row("1", "Ruhig", "2027-02-10"), row("2", "Klar", "2027-02-11")])
        .write("content/about/index.md", "+++\ntitle = \"Wir\"\n+++\nWir.\n");
    site.build();
    let drawn = std::fs::read(site.path("output/courses/ruhig/card.png")).unwrap();
    let own = ["about/card.png", "courses/klar/card.png", "card.png"];
    assert!(own.iter().all(|path| std::fs::read(site.path("output").join(path)).unwrap() != drawn));
    for file in ["content/about/card.png", "static/courses/klar/card.png", "static/card.png"] {
        site.put(file, &drawn);
    }
    site.build();
    for path in own {
        let (there, _) = pixels(&site, path);
        assert!(there == pixels(&site, "courses/ruhig/card.png").0, "{path}");
    }
    assert!(site.output("about/index.html").contains("content=\"https://a.example/haus/about/card.png\">"));
    site.remove("static/courses/klar/card.png");
    site.build();
    assert!(pixels(&site, "courses/klar/card.png") != pixels(&site, "courses/ruhig/card.png"));
}

#[test]
fn no_card_shows_a_part_of_a_title() {
    let titles = ["Für 日本語", "pH ⩽ 5", "H₂O ✓", "东京"];
    let mut rows: Vec<Value> =
        (0..).zip(titles).map(|(at, title)| row(&at.to_string(), title, "2027-02-10")).collect();
    for (at, row) in rows.iter_mut().enumerate() {
        row["slug"] = format!("c{at}").into();
    }
    let made = site("", &rows).write("static/courses/c3/card.png", b"\x89PNG\r\n\x1a\n");
    made.build();
    let [first, second, third] =
        ["c0", "c1", "c2"].map(|slug| pixels(&made, &format!("courses/{slug}/card.png")).0);
    assert!(
        first == second && first != third,
        "those that cannot be drawn are that of the site, with the date"
    );
    let told = made.reporter.warnings();
    // A card of one's own is no matter of the font.
    assert!(told.iter().any(|told| told.contains("“Für 日本語”, “pH ⩽ 5”:")), "{told:?}");
    let water = site("", &[row("w", "H2O", "2027-02-10")]);
    water.build();
    assert_eq!(pixels(&water, "courses/h2o/card.png").0, third, "what is written small is written plain");
}

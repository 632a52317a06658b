//! A site in several languages: trees of their own, translations that know each other, and what is missing falls back.

use crate::fixture::Fixture;

fn site() -> Fixture {
    Fixture::copy("multilingual")
}

/// The pages that a build renders.
fn rendered(site: &Fixture) -> Vec<String> {
    site.build().build.reasons.into_iter().map(|(path, _)| path).collect()
}

/// A layout that tells what it knows of languages.
const LAYOUT: &str = "{{ site.language }} {{ page.language }} {{ page.is_fallback }}\n\
    {% for t in page.translations %}{{ t.language }}={{ t.url }}{% if t.is_current %}*{% endif %}\
    {% if t.is_default %}!{% endif %} {% endfor %}\n\
    {% for l in site.languages %}{{ l.code }}={{ l.name }}={{ l.url }} {% endfor %}\n\
    {{ page.title }}|{{ content }}";

#[test]
fn every_language_has_a_tree_and_the_main_one_the_root() {
    let site = site();
    site.build();
    for path in [
        "index.html",
        "ueber-uns/index.html",
        "kontakt/index.html",
        "courses/ruhig/index.html",
        "levels/beginner/index.html",
        "404.html",
        "feed.xml",
        "en/index.html",
        "en/about-us/index.html",
        "en/kontakt/index.html",
        "en/neues/glashaus/index.html",
        "en/neues/only/index.html",
        "en/courses/index.html",
        "en/courses/page/2/index.html",
        "en/courses/calm/index.html",
        "en/courses/klar/index.html",
        "en/levels/beginner/index.html",
        "en/404.html",
        "en/feed.xml",
        "fr/index.html",
        "fr/ueber-uns/index.html",
        "robots.txt",
        "sitemap.xml",
    ] {
        assert!(site.has(path), "{path}");
    }
    for path in [
        "neues/only/index.html",
        "fr/neues/only/index.html",
        "en/robots.txt",
        "en/sitemap.xml",
        "en/style.css",
    ] {
        assert!(!site.has(path), "{path}");
    }
    let sitemap = site.output("sitemap.xml");
    for address in ["/ueber-uns/", "/en/about-us/", "/en/courses/calm/", "/fr/courses/"] {
        assert!(sitemap.contains(&format!("<loc>https://academy.example/site{address}</loc>")), "{address}");
    }
    // What nobody has translated is the main language's page once more: search engines are led there.
    assert!(!sitemap.contains("/fr/courses/ruhig/</loc>"));
    let untranslated = site.output("fr/courses/ruhig/index.html");
    let canonical = "<link rel=\"canonical\" href=\"https://academy.example/site/courses/ruhig/\">";
    assert!(untranslated.contains(canonical), "{untranslated}");
    let place = sitemap.lines().find(|line| line.contains("/site/en/courses/calm/</loc>")).unwrap();
    for (tag, address) in [("de", "/courses/ruhig/"), ("en", "/en/courses/calm/")] {
        let link = format!("hreflang=\"{tag}\" href=\"https://academy.example/site{address}\"/>");
        assert!(place.contains(&link), "{link} in {place}");
    }
    let feed = site.output("en/feed.xml");
    assert!(feed.contains("xml:lang=\"en\"") && feed.contains("<title>Lakeside Academy</title>"), "{feed}");
    assert!(feed.contains("https://academy.example/site/en/courses/calm/"), "{feed}");
    assert!(!feed.contains("site/courses/"), "{feed}");
    assert!(!site.output("feed.xml").contains("/en/"));
}

#[test]
fn what_a_page_says_is_in_its_language() {
    let site = site();
    site.build();
    let home = site.output("en/index.html");
    assert!(home.contains("<html lang=\"en\"") && home.contains("Lakeside Academy"), "{home}");
    assert!(home.contains("Upcoming courses") && !home.contains("Kommende Kurse"), "{home}");
    assert!(home.contains("Negotiate calmly") && home.contains("/site/en/courses/calm/"), "{home}");
    assert!(home.contains("Klar sprechen"), "a course that nobody has translated: {home}");
    assert!(home.contains("lang=\"de\">Klar sprechen</a>"), "{home}");
    assert!(home.contains("In English as well.") && !home.contains("Auch auf Deutsch."), "{home}");
    // Links between content files lead to the page in the same language.
    assert!(
        home.contains("href=\"/site/en/about-us/\"") && home.contains("href=\"/site/en/kontakt/\""),
        "{home}"
    );
    assert!(site.output("index.html").contains("href=\"/site/ueber-uns/\""));
    assert!(site.output("en/about-us/index.html").contains("We are “here”."));
    assert!(site.output("ueber-uns/index.html").contains("Wir sind „da“."));

    let course = site.output("en/courses/calm/index.html");
    for part in [
        "Negotiate calmly",
        "All of the text.",
        "Negotiation without pressure.",
        "Berlin",
        "2 March 2027",
        "€1,480",
    ] {
        assert!(course.contains(part), "{part}: {course}");
    }
    let course = site.output("courses/ruhig/index.html");
    for part in
        ["Ruhig verhandeln", "Der ganze Text.", "Verhandeln ohne Druck.", "2. März 2027", "1.480\u{a0}€"]
    {
        assert!(course.contains(part), "{part}: {course}");
    }
    // The site's own texts stand over the theme's, and French falls back to those of the main language.
    assert!(home.contains(">Trainings</a>"), "{home}");
    let french = site.output("fr/courses/index.html");
    assert!(french.contains("Tous les cours") && french.contains("Kursprogramm"), "{french}");
}

#[test]
fn the_links_of_a_tree_stay_in_it() {
    let site = site();
    site.build();
    let tree = site.tree();
    let (mut seen, mut strays) = (0, Vec::new());
    for (path, bytes) in tree.iter().filter(|(path, _)| path.starts_with("en/") && path.ends_with(".html")) {
        let html = String::from_utf8_lossy(bytes);
        // Only the switch between languages, which says so, leads out of the tree.
        for tag in html.split("<a ").skip(1).filter_map(|rest| rest.split('>').next()) {
            let Some(address) = tag.split("href=\"/site/").nth(1).and_then(|rest| rest.split('"').next())
            else {
                continue;
            };
            seen += 1;
            let file = address.split(['#', '?']).next().unwrap_or_default();
            let file = if file.is_empty() || file.ends_with('/') {
                format!("{file}index.html")
            } else {
                file.to_owned()
            };
            assert!(tree.contains_key(&file), "{path} leads to {file}, which is not there");
            if !file.starts_with("en/") && !tag.contains("hreflang=") {
                strays.push(format!("{path}: {tag}"));
            }
        }
    }
    assert!(seen > 100 && strays.is_empty(), "{seen} {strays:#?}");
}

#[test]
fn translations_know_each_other_and_what_is_missing_falls_back() {
    let site = site();
    for layout in ["page", "home", "course", "courses", "section"] {
        site.put(&format!("templates/layouts/{layout}.liquid"), LAYOUT);
    }
    site.build();
    let names = "de=Deutsch=/site/ en=English=/site/en/ fr=Français=/site/fr/";
    assert_eq!(
        site.output("en/about-us/index.html"),
        format!(
            "en en false\nde=/site/ueber-uns/! en=/site/en/about-us/* fr=/site/fr/ueber-uns/ \n{names} \n\
             About us|<p>We are “here”.</p>\n"
        )
    );
    assert_eq!(
        site.output("en/kontakt/index.html"),
        format!(
            "en de true\nde=/site/kontakt/! en=/site/en/kontakt/* fr=/site/fr/kontakt/ \n{names} \n\
             Kontakt|<p>Schreiben Sie uns.</p>\n"
        )
    );
    let only = site.output("en/neues/only/index.html");
    assert!(only.contains("\nen=/site/en/neues/only/* \n"), "{only}");
    let course = site.output("courses/ruhig/index.html");
    assert!(
        course.starts_with("de de false\nde=/site/courses/ruhig/*! en=/site/en/courses/calm/ fr=/site/fr/"),
        "{course}"
    );
    assert!(site.output("fr/courses/ruhig/index.html").starts_with("fr de true\n"));
    let lost = site.output("en/404.html");
    assert!(lost.contains("href=\"/site/fr/\"") && !lost.contains("/site/fr/404.html"), "{lost}");
    let list = site.output("en/courses/page/2/index.html");
    assert!(list.contains("de=/site/courses/page/2/! en=/site/en/courses/page/2/*"), "{list}");
}

#[test]
fn what_is_not_translated_is_said_once() {
    let site = site();
    site.build();
    let warnings = site.reporter.warnings();
    let of = |language: &str| -> Vec<&String> {
        warnings.iter().filter(|told| told.contains(&format!("no `{language}`"))).collect()
    };
    assert_eq!(of("en").len(), 1, "{warnings:?}");
    assert!(of("en")[0].contains("1 page and 4 courses"), "{warnings:?}");
    assert!(of("en")[0].contains("kontakt.en.md"), "{warnings:?}");
    // Pages and courses, and the theme's own texts.
    assert_eq!(of("fr").len(), 2, "{warnings:?}");
}

#[test]
fn one_translation_is_one_page() {
    let site = site();
    site.build();
    assert_eq!(rendered(&site), Vec::<String>::new());
    site.put(
        "content/ueber-uns.en.md",
        "+++\ntitle = \"About us\"\nslug = \"about-us\"\n+++\nSomething else.\n",
    );
    let found = rendered(&site).into_iter().filter(|path| !path.starts_with("en/search/"));
    assert_eq!(found.collect::<Vec<_>>(), ["en/about-us/index.html", "sitemap.xml"]);
    site.put("content/courses/ruhig.en.md", "+++\ntitle = \"Negotiate calmly\"\nslug = \"calm\"\ndescription = \"Negotiation without pressure.\"\n+++\nOther text.\n");
    let pages: Vec<String> = rendered(&site).into_iter().filter(|path| path.ends_with(".html")).collect();
    assert_eq!(pages, ["en/courses/calm/index.html"]);
    // A text of the theme wakes the pages of its language and of those that fall back to it.
    site.put("i18n/en.toml", "courses = \"Seminars\"\n");
    let pages = rendered(&site);
    assert!(!pages.is_empty() && pages.iter().all(|path| path.starts_with("en/")), "{pages:?}");
}

#[test]
fn a_page_that_moves_in_one_language_leaves_a_redirect_there() {
    let site = site().write("templates/layouts/page.liquid", LAYOUT);
    site.build();
    site.put("content/ueber-uns.en.md", "+++\ntitle = \"About us\"\nslug = \"who-we-are\"\n+++\nWe.\n");
    let text = std::fs::read_to_string(site.path("content/courses/ruhig.en.md")).unwrap();
    site.put("content/courses/ruhig.en.md", text.replace("\"calm\"", "\"calmly\""));
    let pages = rendered(&site);
    // The other languages link to the new address.
    for path in ["en/who-we-are/index.html", "ueber-uns/index.html", "fr/ueber-uns/index.html", "_redirects"]
    {
        assert!(pages.iter().any(|page| page == path), "{path}: {pages:?}");
    }
    let moved = site.output("en/about-us/index.html");
    assert!(moved.contains("url=/site/en/who-we-are/") && moved.contains("<html lang=\"en\">"), "{moved}");
    assert_eq!(
        site.output("_redirects"),
        "/site/en/courses/calm/ /site/en/courses/calmly/ 301\n/site/en/about-us/ /site/en/who-we-are/ 301\n"
    );
    assert!(site.output("courses/ruhig/index.html").contains("Ruhig verhandeln"));
}

#[test]
fn a_language_that_goes_takes_its_tree_along() {
    let site = site();
    site.build();
    let config = std::fs::read_to_string(site.path("aither.toml")).unwrap();
    site.put("aither.toml", config.replace("[languages.fr]\ntitle = \"Académie du lac\"\n", ""));
    site.put("content/ueber-uns.fr.md", "");
    site.remove("content/ueber-uns.fr.md");
    site.build();
    assert!(!site.has("fr"));
    assert!(site.has("en/about-us/index.html"));
}

#[test]
fn a_translation_is_begun_beside_its_page() {
    let site = site();
    for (what, file) in [
        ("about.en.md", "content/about.en.md"),
        ("courses/klar.en", "content/courses/klar.en.md"),
        ("neues/_index.fr.md", "content/neues/_index.fr.md"),
    ] {
        let output = site.run(&["new", what]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = std::fs::read_to_string(site.path(file)).unwrap();
        assert!(text.starts_with("+++\n") && !text.contains("\ndate = "), "{text}");
    }
    site.build();
    assert!(site.has("en/about/index.html") && !site.has("about/index.html"));
}

#[test]
fn mistakes_in_languages_are_told_with_their_line() {
    for (config, told) in [
        ("[languages.e]\n", "aither.toml:1"),
        ("[languages]\nen = 3\n", "`en` must be a table: [languages.en], not a number"),
        ("[languages.fr]\ntilte = \"x\"\n", "did you mean `title`?"),
        ("[languages.fr]\n[languages.FR]\n", "twice"),
        ("[site]\nlanguage = \"de\"\n[languages.de]\ntitle = \"x\"\n", "[site]"),
    ] {
        let site = Fixture::new(config);
        let error = site.try_build(Default::default()).expect_err(config);
        let whole = format!("{error} {:?}", error.hints());
        assert!(whole.contains(told), "{whole}");
    }
}

#[test]
fn a_lost_state_folder_does_not_count_the_courses_of_each_language() {
    let site = site();
    site.build();
    std::fs::remove_dir_all(site.path(".aither")).unwrap();
    assert!(site.run(&["build"]).status.success(), "as many courses as before are not fewer");
}

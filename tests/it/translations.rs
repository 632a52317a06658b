//! What a site in several languages says of words that nobody has translated: on its pages, in its menus, by `check`.

use std::sync::Arc;

use aither::base::clock::ManualClock;
use aither::config::{Config, Environment};
use aither::project::Project;

use crate::fixture::{Fixture, NOW};

fn site() -> Fixture {
    Fixture::copy("multilingual")
}

fn config(site: &Fixture, before: &str, more: &str) {
    let text = std::fs::read_to_string(site.path("aither.toml")).unwrap();
    site.put(
        "aither.toml",
        format!("{}{more}", text.replacen("[languages.fr]", &format!("{before}[languages.fr]"), 1)),
    );
}

fn refused(site: &Fixture) -> String {
    let error = Config::load(&site.path(""), &Environment::default()).unwrap_err();
    format!("{error} {:?}", error.hints())
}

#[test]
fn words_in_another_language_say_so() {
    let site = site();
    for n in 1..=2 {
        let file = format!("content/courses/{}.md", ["klar", "nein"][n - 1]);
        site.put(&file, "+++\ntags = [\"Stimme\"]\n+++\nText\n");
    }
    site.put(
        "content/neues/alt.md",
        "+++\ntitle = \"Altes\"\ndate = 2026-11-01\ndescription = \"Von früher.\"\n+++\nText\n",
    );
    site.put("content/_index.md", "+++\ntitle = \"Willkommen\"\n+++\nGuten Tag.\n");
    site.build();
    let has = |path: &str, parts: &[&str]| {
        let page = site.output(path);
        for part in parts {
            assert!(page.contains(part), "{part} in {path}: {page}");
        }
        page
    };
    has(
        "en/index.html",
        &[
            "lang=\"de\">Altes</a>",
            "<p dir=\"auto\" lang=\"de\">Von früher.</p>",
            "lang=\"de\">Klar sprechen</a>",
        ],
    );
    has(
        "fr/index.html",
        &[
            "<h1 dir=\"auto\" lang=\"de\">Willkommen</h1>",
            "<div class=\"prose intro\" dir=\"auto\" lang=\"de\">",
            "lang=\"de\">Ruhig verhandeln</span>",
        ],
    );
    has("en/neues/index.html", &["lang=\"de\">Altes</a>", "<p dir=\"auto\" lang=\"de\">Von früher.</p>"]);
    has(
        "en/courses/klar/index.html",
        &[
            "<h1 dir=\"auto\" lang=\"de\">Klar sprechen</h1>",
            "<div class=\"prose\" dir=\"auto\" lang=\"de\">",
            "<h3><a href=\"/site/en/courses/nein/\" dir=\"auto\" lang=\"de\">Nein sagen</a></h3>",
            "<span class=\"title\" dir=\"auto\" lang=\"de\">Nein sagen</span>",
        ],
    );
    has("en/tags/stimme/index.html", &["lang=\"de\">Klar sprechen</a>"]);
    has(
        "fr/neues/glashaus/index.html",
        &["lang=\"de\">Neues</a></li></ol>", "<article class=\"wrap narrow\">\n"],
    );
    has(
        "en/courses/klar/index.html",
        &["<a href=\"/site/en/tags/stimme/\" dir=\"auto\" lang=\"de\">Stimme</a>"],
    );
    has("en/tags/stimme/index.html", &["<h1 dir=\"auto\" lang=\"de\">Stimme</h1>"]);
    has("en/tags/index.html", &["<a href=\"/site/en/tags/stimme/\" dir=\"auto\" lang=\"de\">Stimme</a>"]);
    // In the main language there is nothing to say, and what is translated is said in the language of its page.
    for (path, bytes) in site.tree().iter().filter(|(path, _)| path.ends_with("index.html")) {
        let page = String::from_utf8_lossy(bytes);
        let main = page.split("<main").nth(1).unwrap_or_default();
        if !path.starts_with("en/") && !path.starts_with("fr/") {
            assert!(!main.contains(" lang=\""), "{path}: {main}");
        }
        assert!(!main.contains("lang=\"en\""), "{path}");
    }
    assert!(!site.output("en/courses/calm/index.html").contains("<h1 dir=\"auto\" lang"));
}

#[test]
fn tags_that_a_translation_only_takes_over_are_words_of_the_main_language() {
    let site = site();
    site.put("content/courses/ruhig.md", "+++\ntags = [\"Stimme\"]\n+++\nDer ganze Text.\n");
    site.put(
        "content/courses/ruhig.en.md",
        "+++\ntitle = \"Calm\"\nslug = \"calm\"\n+++\nAll of the text.\n",
    );
    site.put("content/ueber-uns.md", "+++\ntitle = \"Wir\"\ntags = [\"Stimme\"]\n+++\n");
    site.put("content/ueber-uns.en.md", "+++\ntitle = \"We\"\n+++\n");
    site.build();
    let tag = |lang: &str| format!("<a href=\"/site/en/tags/stimme/\" dir=\"auto\"{lang}>Stimme</a>");
    for path in ["en/courses/calm/index.html", "en/ueber-uns/index.html", "en/tags/index.html"] {
        let page = site.output(path);
        assert!(page.contains(&tag(" lang=\"de\"")), "{path}: {page}");
    }
    // A translation that names it itself makes it a word of its own language.
    site.put("content/ueber-uns.en.md", "+++\ntitle = \"We\"\ntags = [\"Stimme\"]\n+++\n");
    let made: Vec<String> = site.build().build.reasons.into_iter().map(|(path, _)| path).collect();
    assert!(made.contains(&"en/ueber-uns/index.html".to_owned()), "{made:?}");
    assert!(site.output("en/ueber-uns/index.html").contains(&tag("")));
    assert!(site.output("en/tags/index.html").contains(&tag("")));
    assert!(site.output("en/tags/stimme/index.html").contains("<h1 dir=\"auto\">Stimme</h1>"));
    assert!(site.output("en/courses/calm/index.html").contains(&tag(" lang=\"de\"")));
    let verified = site.run(&["build", "--verify", "--at", NOW]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

#[test]
fn search_engines_are_told_of_translations_that_somebody_has_written() {
    let site = site();
    site.build();
    let alternates = |path: &str| -> Vec<String> {
        let page = site.output(path);
        let links = page.lines().filter_map(|line| line.split("<link rel=\"alternate\" hreflang=\"").nth(1));
        links.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    assert_eq!(alternates("courses/ruhig/index.html"), ["de", "x-default", "en"]);
    assert_eq!(alternates("en/courses/calm/index.html"), ["de", "x-default", "en"]);
    assert_eq!(alternates("fr/courses/ruhig/index.html"), [""; 0], "that is the German page once more");
    assert_eq!(alternates("kontakt/index.html"), [""; 0]);
    assert_eq!(alternates("ueber-uns/index.html"), ["de", "x-default", "en", "fr"]);
    // Home page and lists are pages of their own in each language, whatever of their words is missing.
    assert_eq!(alternates("fr/index.html"), ["de", "x-default", "en", "fr"]);
    let home = site.output("fr/index.html");
    assert!(home.contains("rel=\"canonical\" href=\"https://academy.example/site/fr/\""), "{home}");
    let sitemap = site.output("sitemap.xml");
    let place = |address: &str| {
        let found = sitemap
            .lines()
            .find(|line| line.contains(&format!("<loc>https://academy.example/site{address}</loc>")));
        found.unwrap_or_default().matches("hreflang=").count()
    };
    assert_eq!(
        (place("/courses/ruhig/"), place("/kontakt/"), place("/fr/"), place("/fr/kontakt/")),
        (2, 0, 3, 0)
    );
    // A translation more, and the others speak of it.
    site.put("content/kontakt.en.md", "+++\ntitle = \"Contact\"\n+++\nWrite to us.\n");
    site.build();
    assert_eq!(alternates("kontakt/index.html"), ["de", "x-default", "en"]);
}

#[test]
fn menus_and_taxonomies_have_titles_in_each_language() {
    let site = site().write(
        "templates/layouts/home.liquid",
        "{% for e in site.menus.main %}[{{ e.title }} {{ e.url }}{% for c in e.children %} ({{ c.title }}){% endfor %}]{% endfor %}",
    );
    site.put(
        "content/kontakt.md",
        "+++\ntitle = \"Kontakt\"\nmenu = { name = \"main\", parent = \"Mehr\" }\n+++\nX\n",
    );
    site.put("content/courses/klar.md", "+++\ntags = [\"Stimme\"]\n+++\n");
    config(
        &site,
        "[[languages.en.menus.foot]]\ntitle = \"Imprint\"\nurl = \"/imprint/\"\n",
        "[[menus.main]]\ntitle = { de = \"Kurse\", en = \"Courses\", fr = \"Cours\" }\nurl = \"/courses/\"\n\
         [[menus.main]]\ntitle = { de = \"Mehr\", en = \"More\" }\nurl = \"/neues/\"\n\
         [[menus.main]]\ntitle = \"FAQ\"\nurl = \"/faq/\"\nparent = \"Mehr\"\n\
         [[menus.foot]]\ntitle = \"Impressum\"\nurl = \"/impressum/\"\n\
         [taxonomies.tags]\ntitle = { de = \"Schlagworte\", en = \"Keywords\" }\n",
    );
    site.build();
    assert_eq!(site.output("index.html"), "[Kurse /site/courses/][Mehr /site/neues/ (FAQ) (Kontakt)]");
    assert_eq!(
        site.output("en/index.html"),
        "[Courses /site/en/courses/][More /site/en/neues/ (FAQ) (Kontakt)]"
    );
    assert_eq!(
        site.output("fr/index.html"),
        "[Cours /site/fr/courses/][Mehr /site/fr/neues/ (FAQ) (Kontakt)]"
    );
    assert!(site.output("tags/index.html").contains("<h1>Schlagworte</h1>"));
    assert!(site.output("en/tags/index.html").contains("<h1>Keywords</h1>"));
    let footer = site.output("en/courses/index.html");
    assert!(!footer.contains("Impressum"), "{footer}");
    let warnings = site.reporter.warnings();
    let told = |part: &str| warnings.iter().filter(|told| told.contains(part)).count();
    // `FAQ` has no other word in any language, and nobody has said so.
    assert_eq!(told("the titles of 1 entry of a menu (aither.toml:"), 1, "{warnings:?}");
    assert_eq!(told("the titles of 3 entries of menus (aither.toml:"), 1, "{warnings:?}");
    assert_eq!(told("[taxonomies.tags] have no `fr`"), 1, "{warnings:?}");
    assert_eq!(told("[theme.options] `footer` is not translated into `fr`"), 1, "{warnings:?}");
    assert_eq!(told("translated into `en`"), 0, "{warnings:?}");
    for (toml, message) in [
        ("title = { de = \"a\", it = \"b\" }", "`title` names `it`, which is no language of the site"),
        ("title = { en = \"b\" }", "`title` has nothing for the main language, `de`"),
        ("title = { de = 3 }", "`title` for `de` must be a text in quotes"),
        ("title = 3", "`title` must be a text in quotes, not a number"),
    ] {
        let site = self::site();
        config(&site, "", &format!("[[menus.main]]\n{toml}\nurl = \"/\"\n"));
        let told = refused(&site);
        assert!(told.contains(message), "{toml}: {told}");
    }
}

#[test]
fn the_theme_has_its_own_word_for_tags() {
    let site = site();
    site.put("content/courses/klar.md", "+++\ntags = [\"Stimme\"]\n+++\n");
    site.build();
    for (path, word) in [("tags/index.html", "Themen"), ("en/tags/index.html", "Topics")] {
        let page = site.output(path);
        assert!(
            page.contains(&format!("<h1>{word}</h1>")) && page.contains(&format!("<title>{word} |")),
            "{page}"
        );
        assert!(!page.contains("Tags"), "{page}");
    }
    assert!(site.output("tags/stimme/index.html").contains(">Themen</a>"));
}

#[test]
fn check_names_every_file_that_is_missing() {
    let site = site();
    let config = Config::load(&site.path(""), &Environment::default()).unwrap();
    let mut project =
        Project::new(config, Arc::new(ManualClock::new(NOW.parse().unwrap())), site.reporter.clone());
    let found = project.check(false).unwrap();
    let of = |file: &str| -> Vec<&str> {
        let own =
            found.findings.iter().filter(|finding| finding.check == "translation" && finding.file == file);
        own.map(|finding| finding.message.as_str()).collect()
    };
    assert_eq!(
        of("content/kontakt.md"),
        [
            "there is no `en` translation, which is shown in `de`: write content/kontakt.en.md",
            "there is no `fr` translation, which is shown in `de`: write content/kontakt.fr.md"
        ]
    );
    assert_eq!(
        of("content/courses/klar.en.md"),
        [
            "there is no `en` translation of the course “Klar sprechen”, which is shown in `de`: write content/courses/klar.en.md"
        ]
    );
    assert!(!found.findings.iter().any(|finding| finding.message.starts_with("no `en` translation of")));
    // Nobody has to do something before the site can go live.
    let errors: Vec<_> =
        found.findings.iter().filter(|finding| finding.severity == aither::check::Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

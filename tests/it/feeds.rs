//! Feeds of sections: the news in Atom, RSS and JSON Feed, and where readers find them.

use serde_json::Value;

use crate::fixture::Fixture;

fn site() -> Fixture {
    let site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10")])
        .write(
            "content/news/_index.md",
            "+++\ntitle = \"Neues & mehr\"\ndescription = \"Was sich tut.\"\n+++\n",
        )
        .write("content/team/_index.md", "+++\ntitle = \"Menschen\"\n+++\n")
        .write("content/team/anna.md", "+++\ntitle = \"Anna\"\n+++\nAnna.\n")
        .write("content/about.md", "+++\ntitle = \"Wir\"\ndate = 2026-10-01\n+++\nWir.\n");
    post(
        &site,
        "haus",
        "title = \"Ein Haus\"\ndate = 2026-10-01\ntags = [\"Haus\", \"Glas\"]\ndescription = \"Aus <Glas>.\"",
    );
    post(&site, "fest", "title = \"Ein Fest\"\ndate = 2026-10-03T18:00:00+02:00");
    for (name, front) in [
        ("draft", "date = 2026-10-04\ndraft = true"),
        ("future", "date = 2026-12-24"),
        ("later", "date = 2026-10-04\npublish_at = 2026-12-24"),
        ("over", "date = 2026-10-04\nexpires = 2026-11-01"),
        ("hidden", "date = 2026-10-04\n[extra]\nnoindex = true"),
        ("undated", "weight = 1"),
    ] {
        post(&site, name, &format!("title = \"{name}\"\n{front}"));
    }
    site
}

fn post(site: &Fixture, name: &str, front: &str) {
    let text = format!("+++\n{front}\n+++\n# Überschrift\n\nEin *schöner* Tag & mehr.\n\nUnd noch einer.\n");
    site.put(&format!("content/news/{name}.md"), text);
}

fn json(site: &Fixture, path: &str) -> Value {
    serde_json::from_str(&site.output(path)).unwrap()
}

fn titles(feed: &Value) -> Vec<&str> {
    feed["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap()).collect()
}

fn made(site: &Fixture) -> Vec<String> {
    let reasons = site.build().build.reasons.into_iter().map(|(path, _)| path);
    reasons.filter(|path| path.ends_with(".xml") || path.ends_with("feed.json")).collect()
}

#[test]
fn a_section_with_dates_has_feeds_of_what_is_published() {
    let site = site();
    site.build();
    let feed = json(&site, "news/feed.json");
    assert_eq!(titles(&feed), ["Ein Fest", "Ein Haus"]);
    assert_eq!(feed["title"], "Neues & mehr | Akademie");
    assert_eq!(feed["description"], "Was sich tut.");
    assert_eq!(feed["language"], "de");
    assert_eq!(feed["home_page_url"], "https://a.example/news/");
    assert_eq!(feed["feed_url"], "https://a.example/news/feed.json");
    let [fest, haus] = [&feed["items"][0], &feed["items"][1]];
    assert_eq!(fest["id"], "https://a.example/feed.xml#news/fest");
    assert_eq!(fest["url"], "https://a.example/news/fest/");
    assert_eq!(fest["date_published"], "2026-10-03T16:00:00Z");
    assert_eq!(fest["date_modified"], "2026-10-03T16:00:00Z");
    assert_eq!(fest["content_text"], "Ein schöner Tag & mehr.", "the first paragraph");
    assert_eq!(haus["date_published"], "2026-09-30T22:00:00Z", "a day begins where the academy is");
    assert_eq!(haus["content_text"], "Aus <Glas>.");
    assert_eq!(haus["tags"], serde_json::json!(["Haus", "Glas"]));

    let atom = site.output("news/feed.xml");
    for part in [
        "xml:lang=\"de\"",
        "<title>Neues &amp; mehr | Akademie</title>\n<subtitle>Was sich tut.</subtitle>",
        "<id>https://a.example/news/</id>\n<link href=\"https://a.example/news/\"/>",
        "<link rel=\"self\" type=\"application/atom+xml\" href=\"https://a.example/news/feed.xml\"/>",
        "<updated>2026-10-03T16:00:00Z</updated>\n<author><name>Akademie</name>",
        "<updated>2026-09-30T22:00:00Z</updated>\n<published>2026-09-30T22:00:00Z</published>\n<category term=\"Haus\"/>",
        "<summary>Aus &lt;Glas&gt;.</summary>",
    ] {
        assert!(atom.contains(part), "{part} in {atom}");
    }
    let rss = site.output("news/rss.xml");
    for part in [
        "<link>https://a.example/news/</link>\n<description>Was sich tut.</description>",
        "<guid isPermaLink=\"false\">https://a.example/feed.xml#news/haus</guid>\n<pubDate>Wed, 30 Sep 2026 22:00:00 GMT</pubDate>",
        "<description>Aus &amp;lt;Glas&amp;gt;.</description>",
    ] {
        assert!(rss.contains(part), "{part} in {rss}");
    }
    for absent in ["team/feed.xml", "team/rss.xml", "team/feed.json"] {
        assert!(!site.has(absent), "{absent}");
    }
    assert!(!site.output("feed.xml").contains("/news/"), "the feed of the site tells of courses");
}

#[test]
fn readers_find_the_feeds_of_a_section_on_it_and_on_its_pages() {
    let site = site();
    site.build();
    let link = "<link rel=\"alternate\" type=\"application/atom+xml\" title=\"Neues &amp; mehr (Atom)\" href=\"/news/feed.xml\">";
    for path in ["news/index.html", "news/haus/index.html", "news/undated/index.html"] {
        let page = site.output(path);
        assert!(page.contains(link), "{path}: {page}");
        assert!(
            page.contains(
                "type=\"application/rss+xml\" title=\"Neues &amp; mehr (RSS)\" href=\"/news/rss.xml\""
            ),
            "{path}"
        );
        assert!(page.contains("type=\"application/feed+json\" title=\"Neues &amp; mehr (JSON Feed)\" href=\"/news/feed.json\""), "{path}");
        // The first is what most readers take.
        assert!(page.find(link) < page.find("href=\"/feed.xml\""), "{path}");
    }
    assert!(site.output("index.html").contains(link), "the home page shows the news");
    for path in
        ["about/index.html", "team/index.html", "team/anna/index.html", "courses/ruhig-reden/index.html"]
    {
        assert!(!site.output(path).contains("/news/feed"), "{path}");
    }
    let output = site.run(&["check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_feeds_of_a_section_can_be_switched_off() {
    let site = site();
    site.put("content/news/_index.md", "+++\ntitle = \"Neues\"\nfeeds = false\n+++\n");
    site.build();
    assert!(!site.has("news/feed.xml") && site.has("feed.xml"));
    assert!(!site.output("news/index.html").contains("/news/feed.xml"));
    for front in ["title = \"Neues\"", "title = \"Neues\"\n[extra]\nnoindex = true"] {
        site.put("content/news/_index.md", format!("+++\n{front}\n+++\n"));
        site.build();
        assert_eq!(site.has("news/feed.xml"), !front.contains("noindex"));
    }
    site.put("content/news/_index.md", "+++\ntitle = \"Neues\"\n+++\n");
    let text = std::fs::read_to_string(site.path("aither.toml")).unwrap();
    site.put("aither.toml", format!("{text}[courses]\nfeed_size = 1\n"));
    site.build();
    assert_eq!(titles(&json(&site, "news/feed.json")), ["Ein Fest"]);
    site.put("aither.toml", format!("{text}[output]\nfeeds = false\n"));
    site.build();
    assert!(!site.has("news/feed.xml") && !site.has("feed.xml"));
    assert!(!site.output("news/index.html").contains("feed.xml"));
}

#[test]
fn only_the_feeds_that_tell_of_a_page_are_made_anew_and_say_when_it_changed() {
    let mut site = site();
    site.put("content/press/_index.md", "+++\ntitle = \"Presse\"\n+++\n");
    site.put("content/press/lob.md", "+++\ntitle = \"Lob\"\ndate = 2026-09-01\n+++\nSehr gut.\n");
    site.build();
    assert!(made(&site).is_empty());

    site.now = "2026-11-25T08:00:00Z".parse().unwrap();
    let front = "title = \"Ein Haus\"\nslug = \"glashaus\"\ndate = 2026-10-01";
    post(&site, "haus", front);
    let own = ["news/feed.json", "news/feed.xml", "news/rss.xml"];
    assert_eq!(made(&site), [own.as_slice(), &["sitemap.xml"]].concat());
    let feed = json(&site, "news/feed.json");
    assert_eq!(titles(&feed), ["Ein Fest", "Ein Haus"], "in the order of their dates");
    assert_eq!(feed["items"][1]["id"], "https://a.example/feed.xml#news/haus", "it is the same entry");
    assert_eq!(feed["items"][1]["url"], "https://a.example/news/glashaus/");
    assert_eq!(feed["items"][1]["date_modified"], "2026-11-25T08:00:00Z");
    assert!(site.output("news/feed.xml").contains("<updated>2026-11-25T08:00:00Z</updated>\n<author>"));

    // Another day, and nothing else: no feed says when it was made.
    site.now = "2026-11-26T08:00:00Z".parse().unwrap();
    assert!(made(&site).is_empty());
    // What no feed tells: a page without a date.
    post(&site, "undated", "title = \"Anders\"");
    assert_eq!(made(&site), ["sitemap.xml"]);
    let verified = site.run(&["build", "--verify", "--at", "2026-11-26T08:00:00Z"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));

    // What waits appears by itself, and what is over goes.
    site.now = "2026-12-24T12:00:00Z".parse().unwrap();
    assert_eq!(made(&site), [own.as_slice(), &["sitemap.xml"]].concat());
    assert_eq!(titles(&json(&site, "news/feed.json")), ["future", "later", "Ein Fest", "Ein Haus"]);
    for name in ["future", "later", "fest", "haus"] {
        site.remove(&format!("content/news/{name}.md"));
    }
    site.build();
    assert!(!site.has("news/feed.xml") && site.has("press/feed.xml"));
    assert!(!site.output("news/index.html").contains("/news/feed.xml"));
}

#[test]
fn each_language_has_the_feeds_of_what_is_written_in_it() {
    let site = Fixture::copy("multilingual");
    site.build();
    let (german, english) = (json(&site, "neues/feed.json"), json(&site, "en/neues/feed.json"));
    assert_eq!((&german["language"], &english["language"]), (&"de".into(), &"en".into()));
    assert_eq!(german["items"].as_array().unwrap().len(), 1, "{german}");
    assert!(english["items"].as_array().unwrap().iter().all(|item| {
        item["url"].as_str().unwrap().starts_with("https://academy.example/site/en/neues/")
            && item["id"].as_str().unwrap().starts_with("https://academy.example/site/en/feed.xml#neues/")
    }));
    assert_eq!(english["feed_url"], "https://academy.example/site/en/neues/feed.json");
    // Nobody has written any in French, and what stands in is no news.
    assert!(!site.has("fr/neues/feed.xml") && site.has("fr/neues/glashaus/index.html"));
    assert!(!site.output("fr/neues/index.html").contains("neues/feed.xml"));
    let page = site.output("en/neues/glashaus/index.html");
    assert!(page.contains("href=\"/site/en/neues/feed.xml\""), "{page}");
}

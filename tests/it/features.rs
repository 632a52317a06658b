//! How a site sorts its pages: taxonomies, sections on several pages, menus, data, what is related.

use std::fs;

use aither::project::Options;

use crate::fixture::Fixture;

fn site() -> Fixture {
    let courses: Vec<(String, String, String)> =
        (1..=6).map(|n| (format!("c{n}"), format!("Kurs {n}"), format!("2027-0{n}-01"))).collect();
    let courses: Vec<(&str, &str, &str)> = courses.iter().map(|(a, b, c)| (&**a, &**b, &**c)).collect();
    let site = Fixture::with_courses(&courses)
        .write("content/courses/kurs-1.md", "+++\ntags = [\"Führung\", \"Rhetorik\"]\n+++\n")
        .write("content/courses/kurs-3.md", "+++\ntags = [\"führung\"]\n+++\n")
        .write("content/a.md", "+++\ntitle = \"A\"\ntags = [\"Führung\"]\n+++\n")
        .write("content/news/_index.md", "+++\ntitle = \"Neues\"\npaginate = 2\n+++\nWorte\n");
    for n in 1..=5 {
        site.put(
            &format!("content/news/n{n}.md"),
            format!("+++\ntitle = \"N {n}\"\ndate = 2026-10-0{n}\n+++\n"),
        );
    }
    site
}

fn config(site: &Fixture, more: &str) {
    let text = fs::read_to_string(site.path("aither.toml")).unwrap();
    site.put("aither.toml", format!("{text}{more}"));
}

fn rendered(site: &Fixture) -> Vec<String> {
    let paths = site.build().build.reasons.into_iter().map(|(path, _)| path);
    paths.filter(|path| path.ends_with(".html")).collect()
}

fn verified(site: &Fixture) {
    let output = site.run(&["build", "--verify", "--at", "2026-11-21T10:00:00Z"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn refused(site: &Fixture) -> String {
    site.try_build(Options::default()).unwrap_err().to_string()
}

#[test]
fn terms_have_pages_with_everything_that_has_them() {
    let site = site();
    site.build();
    let term = site.output("tags/fuehrung/index.html");
    for part in ["Kurs 1", "Kurs 3", ">A</a>", "<h1 dir=\"auto\">Führung</h1>", "href=\"/tags/\""] {
        assert!(term.contains(part), "{part}: {term}");
    }
    assert!(!term.contains("Kurs 2"));
    let index = site.output("tags/index.html");
    assert!(index.contains("href=\"/tags/rhetorik/\"") && index.contains(">3</span>"), "{index}");
    assert!(site.output("a/index.html").contains("href=\"/tags/fuehrung/\""));
    verified(&site);
    // A tag more: the page itself, the term, and the list of terms.
    site.put("content/a.md", "+++\ntitle = \"A\"\ntags = [\"Führung\", \"Neu\"]\n+++\n");
    assert_eq!(rendered(&site), ["a/index.html", "tags/index.html", "tags/neu/index.html"]);
    site.put("content/a.md", "+++\ntitle = \"A\"\n+++\n");
    let made = rendered(&site);
    assert!(made.contains(&"tags/fuehrung/index.html".to_owned()), "{made:?}");
    assert!(!made.iter().any(|path| path.starts_with("courses/") || path.starts_with("news/")), "{made:?}");
    assert!(!site.has("tags/neu/index.html"));
    verified(&site);
}

#[test]
fn a_site_chooses_its_taxonomies_and_their_addresses() {
    let site = site();
    config(
        &site,
        "[taxonomies.topics]\ntitle = \"Themen\"\nslug = \"themen\"\npage_size = 2\n[taxonomies.formats]\n",
    );
    for n in 1..=5 {
        site.put(
            &format!("content/news/n{n}.md"),
            format!("+++\ntitle = \"N {n}\"\ndate = 2026-10-0{n}\ntopics = [\"Recht\"]\nformats = [\"Abend\"]\n+++\n"),
        );
    }
    site.put("content/themen/_index.md", "+++\ntitle = \"Alle Themen\"\n+++\nWorte über Themen\n");
    site.build();
    let index = site.output("themen/index.html");
    assert!(index.contains("Alle Themen") && index.contains("Worte über Themen"), "{index}");
    assert!(site.output("themen/recht/page/3/index.html").contains("N 1"));
    assert!(site.output("themen/recht/index.html").contains("href=\"/themen/recht/page/2/\""));
    assert!(site.has("formats/abend/index.html") && !site.has("tags/index.html"));
    verified(&site);
    for (toml, message) in [
        ("[taxonomies.title]\n", "`title` means something else in front matter"),
        ("[taxonomies.levels]\n", "the address /levels/ is taken"),
        ("[taxonomies.a]\npage_sise = 3\n", "unknown key `page_sise` in [taxonomies.a]"),
        ("[taxonomies]\na = 1\n", "`a` must be a table: [taxonomies.a], not a number"),
    ] {
        let site = self::site();
        config(&site, toml);
        let told = refused_config(&site);
        assert!(told.contains(message), "{toml}: {told}");
    }
    // A key of front matter that is no taxonomy is unknown.
    let site = self::site();
    site.put("content/a.md", "+++\ntopics = [\"x\"]\n+++\n");
    assert!(refused(&site).contains("content/a.md:2:1: unknown key `topics`"));
}

fn refused_config(site: &Fixture) -> String {
    let environment = aither::config::Environment::default();
    aither::config::Config::load(&site.path(""), &environment).unwrap_err().to_string()
}

#[test]
fn a_section_may_stand_on_several_pages() {
    let site = site();
    site.build();
    let first = site.output("news/index.html");
    assert!(
        first.contains("N 5") && first.contains("N 4") && !first.contains("N 3") && first.contains("Worte")
    );
    assert!(first.contains("href=\"/news/page/2/\""));
    let last = site.output("news/page/3/index.html");
    assert!(last.contains("N 1") && !last.contains("N 2</a>") && last.contains("href=\"/news/page/2/\""));
    verified(&site);
    site.put("content/news/n1.md", "+++\ntitle = \"Anders\"\ndate = 2026-10-01\n+++\n");
    let made = rendered(&site);
    assert!(made.contains(&"news/page/3/index.html".to_owned()), "{made:?}");
    assert!(
        !made.contains(&"news/index.html".to_owned()) && !made.contains(&"news/page/2/index.html".to_owned()),
        "{made:?}"
    );
    site.put("content/news/_index.md", "+++\ntitle = \"Neues\"\n+++\nWorte\n");
    site.build();
    assert!(site.output("news/index.html").contains("Anders") && !site.has("news/page/2/index.html"));
}

#[test]
fn menus_come_from_the_configuration_and_from_files() {
    let site = site().write("templates/layouts/page.liquid", "{{ content }}").write(
        "templates/layouts/home.liquid",
        "{% for e in site.menus.main %}[{{ e.title }} {{ e.url }}{% for c in e.children %} ({{ c.title }} {{ c.url }}){% endfor %}]{% endfor %}",
    );
    config(
        &site,
        "[[menus.main]]\ntitle = \"Kurse\"\nurl = \"/courses/\"\nweight = 2\n[[menus.main]]\ntitle = \"Mehr\"\nurl = \"@/a.md\"\n\
         [[menus.main]]\ntitle = \"Karte\"\nurl = \"https://karte.example\"\nparent = \"Mehr\"\n",
    );
    site.put(
        "content/b.md",
        "+++\ntitle = \"B\"\nmenu = { name = \"main\", weight = 1, title = \"Über\" }\n+++\n",
    );
    site.put(
        "content/c.md",
        "+++\ntitle = \"C\"\nmenu = [{ name = \"main\", parent = \"Mehr\" }, \"footer\"]\n+++\n",
    );
    site.build();
    assert_eq!(
        site.output("index.html"),
        "[Über /b/][Kurse /courses/][Mehr /a/ (Karte https://karte.example) (C /c/)]"
    );
    verified(&site);
    site.put(
        "content/c.md",
        "+++\ntitle = \"C neu\"\nmenu = [{ name = \"main\", parent = \"Mehr\" }]\n+++\nText\n",
    );
    assert_eq!(rendered(&site).iter().filter(|path| *path == "index.html").count(), 1);
    site.put(
        "content/c.md",
        "+++\ntitle = \"C neu\"\nmenu = [{ name = \"main\", parent = \"Meer\" }]\n+++\n",
    );
    let told = refused(&site);
    assert!(told.contains("has no entry `Meer`"), "{told}");
    site.put("content/c.md", "+++\nmenu = 3\n+++\n");
    assert!(refused(&site).contains("content/c.md:2:8: `menu` must be the name of a menu, not a number"));
    for (toml, message) in [
        ("[[menus.main]]\ntitle = \"x\"\n", "an entry needs `title` and `url`"),
        ("[[menus.main]]\ntitle = \"x\"\nurl = \"/\"\nparent = \"y\"\n", "no entry has the title `y`"),
        ("[menus.main]\ntitle = \"x\"\n", "`main` must be a list of tables: [[menus.main]]"),
    ] {
        let site = self::site();
        config(&site, toml);
        let told = refused_config(&site);
        assert!(told.contains(message), "{toml}: {told}");
    }
    let site = self::site();
    config(&site, "[[menus.main]]\ntitle = \"x\"\nurl = \"@/nirgends.md\"\n");
    assert!(refused(&site).contains("`@/nirgends.md` leads to no file of the content"));
}

#[test]
fn menus_do_without_what_time_and_source_take_away() {
    let mut site = site().write("templates/layouts/page.liquid", "{{ content }}").write(
        "templates/layouts/home.liquid",
        "{% for e in site.menus.main %}[{{ e.title }} {{ e.url }}{% for c in e.children %} ({{ c.title }}){% endfor %}]{% endfor %}",
    );
    config(
        &site,
        "[[menus.main]]\ntitle = \"Aktion\"\nurl = \"@/aktion.md\"\n[[menus.main]]\ntitle = \"Kurs\"\nurl = \"@/courses/weg\"\n\
         [[menus.main]]\ntitle = \"Karte\"\nurl = \"/karte/\"\nparent = \"Aktion\"\n",
    );
    site.put("content/aktion.md", "+++\ntitle = \"Aktion\"\nexpires = 2027-01-01\n+++\n");
    site.put("content/c.md", "+++\ntitle = \"C\"\nmenu = { name = \"main\", parent = \"Aktion\" }\n+++\n");
    site.build();
    assert_eq!(site.output("index.html"), "[Aktion /aktion/ (Karte) (C)]");
    assert!(site.reporter.warnings().join("\n").contains("`@/courses/weg` leads to a course that is not"));
    site.now = "2027-02-01T10:00:00Z".parse().unwrap();
    site.build();
    assert_eq!(site.output("index.html"), "[Karte /karte/][C /c/]");
    let told = site.reporter.warnings().join("\n");
    assert!(told.contains("`@/aktion.md` leads to a page that expired on"), "{told}");
    assert!(told.contains("the menu `main` has no entry `Aktion` now: `Karte` stands at the top"), "{told}");
}

#[test]
fn an_address_that_the_source_takes_as_well_stops_no_build() {
    for more in ["", "[languages.en]\ntitle = \"Academy\"\n"] {
        let site = site()
            .write("templates/layouts/page.liquid", "{{ content }}")
            .write("templates/layouts/course.liquid", "{{ course.title }}");
        config(&site, more);
        site.put("content/a.md", "+++\naliases = [\"/courses/ruhig/\", \"/courses/ruhig/ruhig.ics\"]\n+++\n");
        let site = site.courses(&[("c1", "Ruhig", "2027-02-10"), ("c2", "Laut", "2027-02-11")]);
        site.build();
        assert_eq!(site.output("courses/ruhig/index.html"), "Ruhig");
        assert!(site.output("courses/ruhig/ruhig.ics").starts_with("BEGIN:VCALENDAR"));
        let told = site.reporter.warnings().join("\n");
        for alias in ["/courses/ruhig/", "/courses/ruhig/ruhig.ics"] {
            assert!(told.contains(&format!("content/a.md: the alias {alias} is left out")), "{told}");
        }
    }
}

#[test]
fn data_is_read_in_four_languages_and_wakes_who_reads_it() {
    let site = site()
        .write("data/team.toml", "[[people]]\nname = \"Eva <b>\"\n")
        .write("data/numbers.json", "{\"a\": 1.5, \"b\": [1, 2]}")
        .write("data/more/faq.yaml", "- q: Wie?\n  a: So.\n")
        .write("data/places.csv", "name,seats,zip\nBonn, 12,007\n")
        .write("data/.hidden.txt", "x")
        .write(
            "templates/layouts/home.liquid",
            "{{ site.data.team.people[0].name }} {{ site.data.numbers.b | join: '+' }} {{ site.data.more.faq[0].q }} \
             {% for p in site.data.places %}{{ p.name }} {{ p.seats | plus: 1 }} {{ p.zip }}{% endfor %}",
        )
        .write("templates/layouts/page.liquid", "{{ site.data.numbers.a }}");
    site.build();
    assert_eq!(site.output("index.html"), "Eva &lt;b&gt; 1+2 Wie? Bonn 13 007");
    verified(&site);
    site.put("data/places.csv", "name,seats,zip\nBonn, 13,007\n");
    assert_eq!(rendered(&site), ["index.html"]);
    site.put("data/numbers.json", "{\"a\": 2.5, \"b\": [1, 2]}");
    let made = rendered(&site);
    assert_eq!(made.len(), 6, "{made:?}");
    assert!(!made.contains(&"index.html".to_owned()));
    fs::remove_file(site.path("data/places.csv")).unwrap();
    let told = site.try_build(Options::default());
    assert!(told.is_ok() || told.unwrap_err().to_string().contains("places"));
}

#[cfg(unix)]
#[test]
fn links_in_the_data_stay_inside_and_are_told_where_not() {
    use std::os::unix::fs::symlink;
    let site = site()
        .write("data/team.toml", "name = \"Eva\"\n")
        .write("data/more/x.toml", "a = 1\n")
        .write("secret.toml", "name = \"geheim\"\n")
        .write("templates/layouts/home.liquid", "{{ site.data.staff.name }}");
    symlink(site.path("data/team.toml"), site.path("data/staff.toml")).unwrap();
    site.build();
    assert_eq!(site.output("index.html"), "Eva");
    for (target, message) in [
        ("secret.toml", "data/x.toml: is a link that leads out of the data"),
        ("data/none.toml", "data/x.toml: is a link that leads nowhere"),
        ("data/more", "data/x.toml: is a link to a folder, which is not followed"),
    ] {
        symlink(site.path(target), site.path("data/x.toml")).unwrap();
        let error = site.try_build(Options::default()).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        site.remove("data/x.toml");
    }
    symlink(site.path("data/none.toml"), site.path("data/.x.toml")).unwrap();
    site.build();
}

#[test]
fn data_that_cannot_be_read_is_told_with_its_place() {
    let site = site()
        .write("data/a.toml", "x = 1\ny = \n")
        .write("data/b.json", "{\n  \"a\": }")
        .write("data/c.yaml", "a: 1\nb: [\n")
        .write("data/d.csv", "a,b\n1,2\n1,2,3\n")
        .write("data/e.txt", "x")
        .write("data/f.toml", "")
        .write("data/f.json", "{}")
        .write("data/g.csv", "a,a\n")
        .write("data/h.json", [b"[".repeat(100), b"]".repeat(100)].concat())
        .write("data/i.yaml", "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n");
    fs::write(site.path("data/j.json"), vec![b' '; 5 << 20]).unwrap();
    let told = refused(&site);
    for part in [
        "data/a.toml:2:",
        "data/b.json:2:",
        "data/c.yaml",
        "data/d.csv:3:",
        "data/e.txt: is no data that can be read",
        "has the name of f.",
        "data/g.csv:1:1: has two columns of the name `a`",
        "data/h.json: has lists and tables more than 64 deep",
        "data/i.yaml",
        "data/j.json",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn what_shares_terms_level_or_section_is_related() {
    let site = site()
        .write(
            "templates/layouts/course.liquid",
            "{% for c in course.related %}{{ c.title }} {{ c.url }};{% endfor %}",
        )
        .write("templates/layouts/page.liquid", "{% for p in page.related %}{{ p.title }};{% endfor %}")
        .write("templates/layouts/post.liquid", "{% for p in page.related %}{{ p.title }};{% endfor %}");
    site.build();
    let page = site.output("courses/kurs-1/index.html");
    assert!(page.starts_with("Kurs 3 /courses/kurs-3/;Kurs 2 "), "{page}");
    assert_eq!(page.matches(';').count(), 4);
    assert!(
        site.output("news/n3/index.html").contains("N 2;")
            && !site.output("news/n3/index.html").contains("A;")
    );
    verified(&site);
    let courses = fs::read_to_string(site.path("courses.json")).unwrap();
    site.put("courses.json", courses.replace("\"Kurs 6\"", "\"Anders\""));
    let made = rendered(&site);
    let shown = made.iter().filter(|path| path.starts_with("courses/kurs")).count();
    let expected = (1..=6)
        .filter(|n| *n == 6 || site.output(&format!("courses/kurs-{n}/index.html")).contains("Anders"))
        .count();
    assert!(shown <= expected, "{made:?}");
    // What no list of related courses shows wakes nobody but its own page.
    let courses = fs::read_to_string(site.path("courses.json")).unwrap();
    site.put("courses.json", courses.replacen("\"participantCount\": 3", "\"participantCount\": 4", 1));
    assert!(!rendered(&site).iter().any(|path| path == "courses/kurs-3/index.html"));
    verified(&site);
}

#[test]
fn a_list_of_many_terms_stands_on_several_pages() {
    let site = site();
    config(&site, "[taxonomies.tags]\nindex_size = 2\n");
    site.put("content/a.md", "+++\ntitle = \"A\"\ntags = [\"Alpha\", \"Beta\", \"Gamma\"]\n+++\n");
    site.build();
    let (first, last) = (site.output("tags/index.html"), site.output("tags/page/3/index.html"));
    assert!(first.contains("Alpha") && first.contains("Beta") && !first.contains("Gamma"), "{first}");
    assert!(first.contains("href=\"/tags/page/2/\"") && last.contains("Rhetorik"), "{last}");
    assert!(last.contains("Seite 3 von 3") && !site.has("tags/page/4/index.html"));
    verified(&site);
    // The front matter of the section at its address says it, too.
    site.put("content/tags/_index.md", "+++\ntitle = \"Wovon\"\npaginate = 4\n+++\nWorte\n");
    site.build();
    assert!(site.has("tags/page/2/index.html") && !site.has("tags/page/3/index.html"));
    assert!(site.output("tags/index.html").contains("Worte"));
    assert!(!site.output("tags/page/2/index.html").contains("Worte"));
    verified(&site);
}

#[test]
fn a_table_of_contents_stands_where_the_text_has_it() {
    let site = site();
    site.put(
        "content/a.md",
        "+++\ntitle = \"A\"\n+++\nVorwort\n\n{% toc %}\n\n## Eins & <b>zwei</b>\n\n### Darunter\n\n```text\n{% toc %}\n```\n\n## Drei\n",
    );
    site.put("content/b.md", "+++\ntitle = \"B\"\n+++\n{% toc depth: 1 %}\n\n## Eins\n\n### Darunter\n");
    site.put("content/c.md", "+++\ntitle = \"C\"\n+++\n{% toc %}\n\nOhne Überschrift.\n");
    site.build();
    let page = site.output("a/index.html");
    let toc = "<nav class=\"toc\" aria-label=\"Auf dieser Seite\"><p class=\"label\" aria-hidden=\"true\">Auf dieser Seite</p>\n\
               <ol>\n<li><a href=\"#eins-zwei\">Eins &amp; zwei</a>\n<ol>\n<li><a href=\"#darunter\">Darunter</a></li>\n</ol>\n</li>\n\
               <li><a href=\"#drei\">Drei</a></li>\n</ol>\n</nav>";
    assert!(page.contains(toc), "{page}");
    assert!(page.contains("<p>Vorwort</p>") && page.contains("{% toc %}\n</code>"), "{page}");
    assert!(!site.output("b/index.html").contains("href=\"#darunter\""));
    assert!(!site.output("c/index.html").contains("<nav class=\"toc\""));
    // In a layout it is a tag like any other.
    site.put("templates/layouts/page.liquid", "{% toc depth: 1 %}|{{ page.title }}");
    site.build();
    let page = site.output("a/index.html");
    assert!(page.contains("href=\"#drei\"") && !page.contains("#darunter") && page.ends_with("|A"), "{page}");
    verified(&site);
    site.put("templates/layouts/page.liquid", "{% toc deph: 1 %}");
    assert!(refused(&site).contains("`toc` has no parameter `deph`"));
    site.put("templates/layouts/page.liquid", "{{ content }}");
    site.put("content/a.md", "{% toc depth: 9 %}\n\n## Eins\n");
    assert!(
        refused(&site).contains("content/a.md:1:1: `toc` takes nothing but `depth`"),
        "{}",
        refused(&site)
    );
    // A site may have a shortcode of this name.
    site.put("templates/shortcodes/toc.liquid", "eigenes {{ depth }}");
    site.build();
    assert!(site.output("a/index.html").contains("eigenes 9"));
}

#[test]
fn terms_that_share_an_address_are_both_shown_and_told_of() {
    let site = site();
    site.put("content/a.md", "+++\ntitle = \"A\"\ntags = [\"C++\", \"C#\", \"!!!\"]\n+++\n");
    site.put("content/b.md", "+++\ntitle = \"B\"\ntags = [\"c#\"]\n+++\n");
    site.build();
    let term = site.output("tags/c/index.html");
    assert!(
        term.contains("C# / C++") && term.matches("<h2><a href=\"/a/\" dir=\"auto\">").count() == 1,
        "{term}"
    );
    let told = site.reporter.warnings();
    let meeting = "the terms `C#` and `C++` of `tags` have one address, /tags/c/, and share its page";
    assert_eq!(told.iter().filter(|told| told.starts_with(meeting)).count(), 1, "{told:?}");
    let lost = "content/a.md:3:22: the term `!!!` of `tags` has no letter and no digit, and so no page";
    assert!(told.iter().any(|told| told.starts_with(lost)), "{told:?}");
    assert!(!told.iter().any(|told| told.contains("Führung")), "one word in two spellings: {told:?}");
}

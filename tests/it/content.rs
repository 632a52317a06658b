//! Local content: pages, sections, additions to courses, files beside them, and how mistakes in them are told.

use std::path::Path;

use aither::base::files;
use aither::config::{Config, Environment};
use aither::error::{Error, Kind};
use aither::model::document::{Content, Document, Overlay};
use aither::source::local;
use proptest::prelude::*;

struct Site(tempfile::TempDir);

impl Site {
    fn new(content: &[(&str, &str)]) -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        let config = "[site]\nlanguage = \"de\"\ntime_zone = \"Europe/Berlin\"\nbase_url = \"https://a.example/akademie\"";
        site.write("aither.toml", config);
        for (path, text) in content {
            site.write(&format!("content/{path}"), text);
        }
        site
    }

    fn write(&self, path: &str, text: &str) {
        files::write_new(&self.path(path), text.as_bytes()).unwrap();
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.0.path().join(path)
    }

    fn config(&self) -> Config {
        Config::load(self.0.path(), &Environment::default()).unwrap()
    }

    fn read(&self) -> Result<Content, Error> {
        local::read(&self.config(), &crate::fixture::Alone::default(), crate::fixture::NOW.parse().unwrap())
    }
}

fn read(content: &[(&str, &str)]) -> Content {
    Site::new(content).read().unwrap()
}

/// The message and the hints, as a person gets them.
fn told(content: &[(&str, &str)]) -> String {
    tell(Site::new(content).read().unwrap_err())
}

fn tell(error: Error) -> String {
    assert_eq!(error.kind(), Kind::Content);
    error.hints().iter().fold(error.message().to_owned(), |all, hint| format!("{all}\nhint: {hint}"))
}

fn page<'a>(content: &'a Content, source: &str) -> &'a Document {
    content.documents.iter().find(|page| &*page.source == source).unwrap()
}

fn overlay(front: &str) -> Overlay {
    read(&[("courses/x.md", &format!("+++\n{front}\n+++\n"))]).overlays.remove(0).as_ref().clone()
}

#[test]
fn a_page_has_front_matter_and_text() {
    let content = read(&[(
        "ueber/team.md",
        "+++\ntitle = \"Über & „uns“\"\nslug = \"wir\"\ndate = 2026-11-01\ndraft = false\nlayout = \"weit\"\nweight = -3\n\
         tags = [\" a \", \"b\"]\ndescription = \"Kurz\"\n[extra]\nfarbe = \"blau\"\nliste = [1, 2]\n+++\n\n# \"Hallo\"\n",
    )]);
    let page = page(&content, "ueber/team.md");
    assert_eq!((&*page.section, page.is_section), ("ueber", false));
    assert_eq!(page.front.title.as_deref(), Some("Über & „uns“"));
    assert_eq!(page.front.slug.as_deref(), Some("wir"));
    assert_eq!(page.front.date.unwrap().to_string(), "2026-11-01");
    assert!(!page.front.draft);
    assert_eq!((page.front.template.as_deref(), page.front.weight), (Some("weit"), Some(-3)));
    assert_eq!(page.front.tags.iter().map(|t| &**t).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(page.front.extra.get("farbe"), Some(&"blau".into()));
    assert_eq!(&*page.html, "<h1 id=\"hallo\">„Hallo“</h1>\n");
}

#[test]
fn front_matter_may_be_missing_empty_or_come_from_another_system() {
    for text in [
        "*a*\n",
        "+++\n+++\n*a*",
        "\u{feff}+++\r\ntitle = \"x\"\r\n+++\r\n*a*\r\n",
        "\n\n---\n---\n*a*",
        "---\n\n---\n*a*\n",
    ] {
        let content = read(&[("a.md", text)]);
        assert_eq!(&*page(&content, "a.md").html, "<p><em>a</em></p>\n", "{text:?}");
    }
    assert_eq!(&*page(&read(&[("a.md", "---\n\nText\n")]), "a.md").html, "<hr />\n<p>Text</p>\n");
    assert_eq!(&*page(&read(&[("a.md", "")]), "a.md").html, "");
}

#[test]
fn sections_and_bundles_are_told_apart() {
    let content = read(&[
        ("_index.md", "Start"),
        ("neues/_index.md", ""),
        ("neues/b.md", ""),
        ("ueber/index.md", ""),
        ("courses/_index.md", ""),
    ]);
    let found: Vec<_> = content.documents.iter().map(|d| (&*d.source, &*d.section, d.is_section)).collect();
    assert_eq!(
        found,
        [
            ("_index.md", "", true),
            ("courses/_index.md", "courses", true),
            ("neues/_index.md", "neues", true),
            ("neues/b.md", "neues", false),
            ("ueber/index.md", "ueber", false),
        ]
    );
    assert!(content.overlays.is_empty());
}

#[test]
fn a_course_file_adds_to_a_course() {
    let content = read(&[
        (
            "courses/ruhig-verhandeln.md",
            "+++\ntitle = \"Ruhig\"\ncourse = \"ck1\"\nlevel = \"advanced\"\nstart_date = 2027-03-01\n\
             end_date = \"2027-03-02\"\nprice = 490\ncurrency = \"EUR\"\nlocation = \"Bonn\"\n\
             instructor = \"Pia Probe\"\nimage = \"/p.jpg\"\nseats = 12\n[extra]\nx = 1\n+++\nText",
        ),
        ("courses/buendel/index.md", ""),
        ("courses/buendel/bild.png", "x"),
    ]);
    let [buendel, ruhig] = content.overlays.as_slice() else { panic!("{:?}", content.overlays) };
    assert_eq!((&*buendel.course, &*buendel.source), ("buendel", "courses/buendel/index.md"));
    assert_eq!((&*ruhig.course, ruhig.course_id.as_deref()), ("ruhig-verhandeln", Some("ck1")));
    assert_eq!((ruhig.price, ruhig.seats, ruhig.currency.as_deref()), (Some(490.0), Some(12), Some("EUR")));
    assert_eq!(ruhig.start.unwrap().to_string(), "2027-03-01");
    assert_eq!(ruhig.end.unwrap().to_string(), "2027-03-02");
    assert_eq!((ruhig.location.as_deref(), ruhig.instructor.as_deref()), (Some("Bonn"), Some("Pia Probe")));
    assert_eq!(&*ruhig.html, "<p>Text</p>\n");
    assert_eq!(content.assets[0].route, "courses/buendel/bild.png");
    assert_eq!(overlay("course = 7").course_id.as_deref(), Some("7"));
}

#[test]
fn a_time_without_an_offset_is_one_in_the_site() {
    for (written, read) in [
        ("2027-03-01T09:00:00", "2027-03-01T08:00:00Z"),
        ("2027-07-01 09:00:00", "2027-07-01T07:00:00Z"),
        ("2027-03-01T09:00:00+05:00", "2027-03-01T04:00:00Z"),
        ("\"2027-03-01T09:00\"", "2027-03-01T08:00:00Z"),
        ("2027-03-01T00:00:00Z", "2027-03-01"),
    ] {
        assert_eq!(overlay(&format!("start_date = {written}")).start.unwrap().to_string(), read);
    }
}

#[test]
fn other_files_are_published_beside_their_pages() {
    let content = read(&[
        ("Über uns/index.md", ""),
        ("Über uns/Plan 1.pdf", "x"),
        ("neues/index.md", "+++\nslug = \"aktuell\"\n+++\n"),
        ("neues/a/b.png", "x"),
        ("robots.png", "x"),
        ("_data/sample.json", "x"),
        ("results/x.md", "no front matter of ours"),
        (".git/config", "x"),
        ("a.md~", "x"),
    ]);
    let routes: Vec<_> = content.assets.iter().map(|asset| asset.route.as_str()).collect();
    assert_eq!(routes, ["aktuell/a/b.png", "robots.png", "ueber-uns/Plan 1.pdf"]);
    assert!(content.assets[2].file.ends_with("content/Über uns/Plan 1.pdf"));
    assert_eq!(content.documents.len(), 2);
}

#[test]
fn links_between_files_lead_to_their_pages() {
    let text = "[a](team.md#wer) [b](../faq.md) ![c](./bild%201.png?v=2) [d](/neues/_index.md) [e](fehlt.md) \
                [f](https://x.example/faq.md) [g](/static.png) [h](#x) [i](../courses/k.md) [j](../_index.md)";
    let content = read(&[
        ("ueber/a.md", text),
        ("ueber/team.md", "+++\nslug = \"wir\"\n+++\n"),
        ("ueber/bild 1.png", "x"),
        ("faq.md", ""),
        ("neues/_index.md", ""),
        ("courses/k.md", ""),
        ("_index.md", ""),
    ]);
    let html = &page(&content, "ueber/a.md").html;
    let targets: Vec<&str> = html
        .split(['"'])
        .filter(|part| part.starts_with(['/', '#', 'h', 'f']) || part.contains("bild"))
        .collect();
    assert_eq!(
        targets,
        [
            "/akademie/ueber/wir/#wer",
            "/akademie/faq/",
            "/akademie/ueber/bild%201.png?v=2",
            "/akademie/neues/",
            "fehlt.md",
            "https://x.example/faq.md",
            "/static.png",
            "#x",
            "/akademie/courses/k/",
            "/akademie/"
        ]
    );
}

#[test]
fn a_mistake_is_told_with_its_place_and_what_was_meant() {
    assert_eq!(
        told(&[("faq.md", "+++\ntitle = \"FAQ\"\n  wieght = 3\n+++\n")]),
        "content/faq.md:3:3: unknown key `wieght`\n  |\n3 |   wieght = 3\n  |   ^^^^^^\nhint: did you mean `weight`?"
    );
    assert_eq!(
        told(&[("faq.md", "\u{feff}+++\r\nfarbe = 3\r\n+++\r\n")]),
        "content/faq.md:2:1: unknown key `farbe`\n  |\n2 | farbe = 3\n  | ^^^^^\n\
         hint: what only your templates know belongs in [extra]"
    );
    assert_eq!(
        told(&[("faq.md", "---\ntitle: FAQ\n---\nText")]),
        "content/faq.md:1:1: the front matter is YAML\n  |\n1 | ---\n  | ^^^\n\
         hint: write it as TOML between two lines of `+++`: `title = \"…\"` instead of `title: …`"
    );
    assert_eq!(
        told(&[("faq.md", "+++\ntitle = \"FAQ\"\n\nText")]),
        "content/faq.md:1:1: the front matter has no end\n  |\n1 | +++\n  | ^^^\n\
         hint: close it with a line `+++` before the text"
    );
    assert!(told(&[("faq.md", "+++\ntitle = FAQ\n+++\n")]).starts_with("content/faq.md:2:9: "));
}

#[test]
fn values_that_cannot_be_are_refused() {
    for (file, front, message) in [
        ("a.md", "title = \"\"", "2:9: `title`: must not be empty; leave the line out instead"),
        (
            "a.md",
            "slug = \"Über uns\"",
            "`slug`: a slug is made of a to z, 0 to 9 and single hyphens: `ueber-uns` would do",
        ),
        ("a.md", "slug = \"../x\"", "hyphens: `x` would do"),
        ("a.md", "slug = \"…\"", "a slug is made of"),
        ("a.md", "date = \"gestern\"", "`date` must be a date such as 2027-02-10, not `gestern`"),
        ("a.md", "date = 09:30:00", "`date` must be a date such as 2027-02-10, not `09:30:00`"),
        ("a.md", "date = 2027", "`date` must be a date such as 2027-02-10, not a number"),
        ("a.md", "draft = \"yes\"", "`draft` must be true or false, not a text"),
        ("a.md", "weight = 1.5", "`weight` must be a whole number, not a fraction"),
        ("a.md", "tags = [\"\"]", "2:9: a tag must not be empty"),
        (
            "a.md",
            "template = \"a\"\nlayout = \"b\"",
            "3:10: `layout` and `template` are two names of one thing",
        ),
        ("a.md", "price = 3", "unknown key `price`"),
        ("courses/a.md", "price = -1", "`price` must be a number of 0 or more"),
        ("courses/a.md", "price = \"490 €\"", "`price` must be a number, not a text"),
        ("courses/a.md", "price = nan", "`price` must be a number of 0 or more"),
        (
            "courses/a.md",
            "currency = \"Euro\"",
            "`currency`: expected a code of three capital letters such as EUR",
        ),
        ("courses/a.md", "level = \"expert\"", "`level`: expected BEGINNER, INTERMEDIATE or ADVANCED"),
        ("courses/a.md", "seats = -1", "`seats` must be between 0 and 1000000"),
        ("courses/a.md", "course = []", "`course` must be the id of a course, not a list"),
        (
            "courses/a.md",
            "start_date = 2027-02-02\nend_date = 2027-02-01",
            "3:12: `end_date` lies before `start_date`",
        ),
    ] {
        let told = told(&[(file, &format!("+++\n{front}\n+++\n"))]);
        assert!(told.starts_with(&format!("content/{file}:")) && told.contains(message), "{front}:\n{told}");
    }
}

#[test]
fn the_mistakes_of_all_files_are_told_together() {
    let told = told(&[
        ("a.md", "+++\nslugg = 1\ndraft = 2\n+++\n"),
        ("b/c.md", "---\ntitle: x\n---\n"),
        ("good.md", "+++\ntitle = \"x\"\n+++\n"),
        ("_x.md", ""),
    ]);
    let lines: Vec<&str> = told.lines().filter(|line| line.starts_with("content/")).collect();
    assert_eq!(
        lines,
        [
            "content/_x.md: begins with `_`, which only `_index.md` may",
            "content/a.md:2:1: unknown key `slugg`",
            "content/a.md:3:9: `draft` must be true or false, not a number",
            "content/b/c.md:1:1: the front matter is YAML",
        ]
    );
    assert!(told.contains("\n  = hint: did you mean `slug`?\n"), "{told}");
}

#[test]
fn files_that_stand_in_the_wrong_place_are_told() {
    for (path, message) in [
        ("index.md", "content/index.md: has no page\nhint: the text of the home page belongs in `_index.md`"),
        ("courses/index.md", "content/courses/index.md: is no course\nhint: the text above the list"),
        ("courses/a/b.md", "content/courses/a/b.md: stands too deep for a course\nhint: a course belongs in"),
        ("_drafts/a.md", "content/_drafts: is a folder whose name begins with `_`"),
        ("a.MD", "content/a.MD: is Markdown by another name\nhint: let the name end in `.md`"),
        ("a.markdown", "content/a.markdown: is Markdown by another name"),
    ] {
        let told = told(&[(path, "")]);
        assert!(told.starts_with(message), "{told}");
    }
}

#[test]
fn two_files_do_not_get_one_address() {
    for (files, message) in [
        (
            ["team.md", "team/_index.md"],
            "content/team/_index.md: has the address /team/ of content/team.md\n\
             hint: rename one of them, or give it another `slug`",
        ),
        (["Über uns.md", "ueber-uns/index.md"], "has the address /ueber-uns/ of content/"),
        (["a b/x.png", "a-b/x.png"], "content/a-b/x.png: has the address /a-b/x.png of content/a b/x.png"),
        (
            ["a/_index.md", "a/index.html"],
            "content/a/index.html: has the address /a/index.html of content/a/_index.md",
        ),
        (
            ["courses/a.md", "courses/a/index.md"],
            "content/courses/a/index.md: describes the same course as content/courses/a.md\n\
             hint: make one file of the two",
        ),
    ] {
        let told = told(&[(files[0], ""), (files[1], "")]);
        assert!(told.contains(message), "{told}");
    }
    let draft = [("team.md", "+++\ndraft = true\n+++\n"), ("team/_index.md", "")];
    let read = read(&draft);
    assert_eq!((read.documents.len(), &*read.held_back[0].source), (1, "team.md"));
    let by_slug = [("a.md", "+++\nslug = \"b\"\n+++\n"), ("b.md", "")];
    assert!(told(&by_slug).starts_with("content/b.md: has the address /b/ of content/a.md"));
}

#[test]
fn files_that_are_no_text_are_told() {
    let site = Site::new(&[]);
    for (name, bytes, message) in [
        (
            "latin.md",
            b"a\nf\xfcr".as_slice(),
            "content/latin.md: is not UTF-8 text (line 2)\nhint: save the file as UTF-8",
        ),
        (
            "wide.md",
            b"\xff\xfeh\0".as_slice(),
            "content/wide.md: is UTF-16 text\nhint: save the file as UTF-8",
        ),
    ] {
        let path = site.path("content").join(name);
        files::write_new(&path, bytes).unwrap();
        assert_eq!(tell(site.read().unwrap_err()), message);
        files::remove(&path).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn links_on_the_disk_stay_inside() {
    use std::os::unix::fs::symlink;
    let site = Site::new(&[("a.md", "Text"), ("dir/x.png", "")]);
    site.write("secret.md", "secret");
    symlink(site.path("content/a.md"), site.path("content/b.md")).unwrap();
    assert_eq!(site.read().unwrap().documents.len(), 2);
    for (target, message) in [
        (
            "secret.md",
            "content/c.md: is a link that leads out of the content\nhint: copy the file into the content",
        ),
        ("content/none.md", "content/c.md: is a link that leads nowhere"),
        ("content/dir", "content/c.md: is a link to a folder, which is not followed"),
        ("content/c.md", "content/c.md: is a link that leads nowhere"),
    ] {
        let link = site.path("content/c.md");
        symlink(site.path(target), &link).unwrap();
        let told = tell(site.read().unwrap_err());
        assert!(told.starts_with(message), "{told}");
        files::remove(&link).unwrap();
    }
}

#[test]
fn no_content_is_no_mistake() {
    let site = Site::new(&[]);
    assert!(!Path::exists(&site.path("content")));
    assert_eq!(site.read().unwrap(), Content::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_text_is_too_odd(text in "(\\PC|\r?\n|\\+\\+\\+\n|---\n|title = |\"|\\[extra\\]\n|date = |\u{feff}|\\[\\^a\\]|\\|-\n|# |> |`|<){0,40}") {
        for path in ["content/a.md", "content/courses/a.md"] {
            let site = Site::new(&[]);
            site.write(path, &text);
            if let Err(error) = site.read() {
                prop_assert!(error.message().starts_with(path), "{}", error);
            }
        }
    }
}

#[test]
fn no_page_takes_an_address_that_the_server_keeps() {
    let told = told(&[
        ("internal/a.md", ""),
        ("api/sync.md", ""),
        ("api/x.png", ""),
        ("b.md", "+++\nslug = \"metrics\"\n+++\n"),
        ("c.md", "+++\naliases = [\"/healthz\", \"/dashboard/x/\", \"/apis/\"]\n+++\n"),
    ]);
    let line = "internal/a.md: has the address /internal/a/, which `aither serve` keeps for itself";
    assert!(told.contains(line), "{told}");
    // Below a path of the host the server keeps nothing else.
    assert!(!told.contains("metrics") && !told.contains("api"), "{told}");
    let site = Site::new(&[
        ("api/sync.md", ""),
        ("api/x.png", ""),
        ("b.md", "+++\nslug = \"metrics\"\n+++\n"),
        ("c.md", "+++\naliases = [\"/healthz\", \"/dashboard/x/\", \"/apis/\"]\n+++\n"),
    ]);
    std::fs::write(site.path("aither.toml"), "[site]\nbase_url = \"https://a.example\"\n").unwrap();
    let told = tell(site.read().unwrap_err());
    for line in [
        "api/sync.md: has the address /api/sync/, which",
        "api/x.png: has the address /api/x.png, which",
        "b.md: has the address /metrics/, which",
        "c.md: has the alias /healthz/, which",
        "c.md: has the alias /dashboard/x/, which",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(!told.contains("/apis/"), "{told}");
}

#[test]
fn a_text_without_quotation_marks_is_told_at_its_place() {
    for (front, place) in [
        ("title=Neu", "2:7"),
        ("title = Über uns", "2:9"),
        ("weight = 1\ntitle = „Neu“", "3:9"),
        ("title = true story", "2:9"),
        ("tags = [Neu, \"alt\"]", "2:9"),
    ] {
        let told = told(&[("a.md", &format!("+++\n{front}\n+++\n"))]);
        let line = format!("content/a.md:{place}: a text must stand in quotation marks");
        assert!(told.contains(&line) && told.contains(" = \"…\"`"), "{front}: {told}");
    }
    for front in ["draft = tru", "date = 2027-13-01", "title = \"x", "weight = 1 2"] {
        let told = told(&[("a.md", &format!("+++\n{front}\n+++\n"))]);
        assert!(!told.contains("quotation marks"), "{front}: {told}");
    }
}

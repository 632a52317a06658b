//! `aither check` and `aither list`: what is told of a site before anybody else sees it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aither::base::clock::ManualClock;
use aither::base::http::{Cause, Failure, Headers, Request, Response, Transport};
use aither::check::Finding;
use aither::config::{Config, Environment};
use aither::project::Project;

use crate::fixture::{Fixture, NOW};

fn site() -> Fixture {
    Fixture::with_courses(&[("c1", "Ruhig", "2027-02-10")])
        .write("templates/layouts/base.liquid", "<!doctype html><html><head><title>{{ page.title }}</title></head><body>{{ content }}<a href=\"/\">home</a><a href=\"/courses/ruhig/\">c</a></body></html>")
        .write("templates/layouts/page.liquid", "---\nlayout: base\n---\n{{ content }}")
        .write("templates/layouts/home.liquid", "---\nlayout: base\n---\n<a href=\"a/\">a</a><a href=\"https://a.example/b/#teil\">b</a>{{ content }}")
        .write("templates/layouts/course.liquid", "---\nlayout: base\n---\n<h1>{{ course.title }}</h1>")
        .write("templates/layouts/courses.liquid", "---\nlayout: base\n---\n")
        .write("templates/layouts/level.liquid", "---\nlayout: base\n---\n")
        .write("content/a.md", "+++\ntitle = \"A\"\n+++\nText\n")
        .write("content/b.md", "+++\ntitle = \"B\"\n+++\n## Teil\n")
        .write("static/p.png", b"\x89PNG\r\n\x1a\n")
}

fn project(site: &Fixture) -> Project {
    let config = Config::load(&site.path(""), &Environment::default()).unwrap();
    Project::new(config, Arc::new(ManualClock::new(NOW.parse().unwrap())), site.reporter.clone())
}

fn told(site: &Fixture) -> Vec<String> {
    let found = project(site).check(false).unwrap();
    found.findings.iter().filter(|finding| !finding.message.contains("title “")).map(shown).collect()
}

fn shown(finding: &Finding) -> String {
    let line = finding.line.map_or(String::new(), |line| format!(":{line}"));
    format!("{}{line} {} {}", finding.file, finding.check, finding.message)
}

#[test]
fn a_sound_site_has_no_findings() {
    assert_eq!(told(&site()), [] as [&str; 0]);
}

#[test]
fn findings_have_the_file_and_the_line_that_the_author_wrote() {
    let site = site();
    site.put(
        "content/a.md",
        "+++\ntitle = \"A\"\n+++\n[x](/nirgends/)\n[y](/b/#anders)\n[z](/b)\n![](/p.png)\n<img src=\"/q.png\">\n\n\
         <b id=\"teil\">a</b><i id=\"teil\">b</i>\n\n<section>\n[mail](mailto:a@b.c) [relativ](../b/)\n",
    );
    let told = told(&site);
    for line in [
        "content/a.md:4 link /nirgends/ leads nowhere",
        "content/a.md:5 anchor /b/#anders leads to a place that is not on its page (b/index.html has no `anders`)",
        "content/a.md:6 link /b leads to a page by a detour: its address ends in a slash",
        "content/a.md:7 alt the picture /p.png has no text instead: write it between the brackets of `![…]`",
        "content/a.md:8 alt the picture /q.png has no text instead (`alt`)",
        "content/a.md:8 link /q.png leads nowhere",
        "content/a.md:10 id the id `teil` is given twice",
    ] {
        assert!(told.iter().any(|told| told == line), "{line}: {told:#?}");
    }
    assert!(told.iter().any(|told| told.contains("html `<section>` of line")), "{told:#?}");
    assert_eq!(told.len(), 8, "{told:#?}");
}

#[test]
fn what_a_template_does_wrong_is_told_once() {
    let site = site();
    site.put(
        "templates/layouts/base.liquid",
        "<html><title>{{ page.title }}</title>{{ content }}<a href=\"/weg/\">x</a></html>",
    );
    let found = project(&site).check(false).unwrap();
    let gone: Vec<&Finding> = found.findings.iter().filter(|f| f.message == "/weg/ leads nowhere").collect();
    assert_eq!((gone.len(), gone[0].pages.len()), (1, 3));
    assert!(gone[0].count > 5, "{gone:?}");
}

#[test]
fn structured_data_is_checked_for_what_its_type_must_have() {
    let site = site();
    site.put(
        "templates/layouts/course.liquid",
        "<html><title>{{ page.title }}</title><script type=\"application/ld+json\">{\"@context\": \"https://schema.org\", \
         \"@type\": \"Course\", \"name\": \"x\", \"description\": \"\"}</script></html>",
    );
    let told = told(&site);
    assert!(
        told.iter().any(|told| told.ends_with("json-ld the JSON-LD has a Course without `description`")),
        "{told:?}"
    );
    assert!(
        told.iter().any(|told| told.ends_with("json-ld the JSON-LD has a Course without `provider`")),
        "{told:?}"
    );
}

#[test]
fn the_exit_code_and_the_object_say_whether_there_is_something_to_do() {
    let site = site();
    let output = site.run(&["check"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!site.path("output").exists());
    site.put("content/a.md", "[x](/nirgends/)\n");
    let output = site.run(&["check", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((object["ok"].as_bool(), object["errors"].as_u64()), (Some(false), Some(1)));
    assert_eq!(object["findings"][0]["line"], 1);
    let output = site.run(&["check"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("content/a.md:1: error: /nirgends/ leads nowhere [link]"), "{text}");
    // Front matter is checked by reading it.
    site.put("content/a.md", "+++\ntittle = \"A\"\n+++\n");
    let output = site.run(&["check"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text.contains("content/a.md:2: error: unknown key `tittle` (did you mean `title`?) [content]"),
        "{text}"
    );
}

/// Answers by the address, and remembers what was asked.
struct Others {
    answers: BTreeMap<&'static str, (u16, &'static str)>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Transport for Others {
    fn send(&self, request: &Request) -> Result<Response, Failure> {
        let asked = format!("{} {}", request.method.name(), request.url);
        self.asked.lock().unwrap().push(asked.clone());
        let (status, location) =
            self.answers.get(asked.as_str()).copied().ok_or(Failure::new(Cause::Unknown, ""))?;
        let headers: Headers =
            [("Location", location)].into_iter().filter(|(_, to)| !to.is_empty()).collect();
        Ok(Response { status, headers, body: Vec::new() })
    }
}

#[test]
fn addresses_of_others_are_asked_for_politely_and_not_twice() {
    let site = site();
    site.put(
        "content/a.md",
        "[1](https://gut.example/) [2](https://nur-get.example/x)\n[3](https://weg.example/)\n[4](https://um.example/a) \
         [5](https://unbekannt.example/)\n[6](https://gut.example/#teil)\n",
    );
    let answers = BTreeMap::from([
        ("HEAD https://gut.example/", (200, "")),
        ("HEAD https://nur-get.example/x", (405, "")),
        ("GET https://nur-get.example/x", (200, "")),
        ("HEAD https://weg.example/", (404, "")),
        ("GET https://weg.example/", (404, "")),
        ("HEAD https://um.example/a", (301, "/b")),
        ("HEAD https://um.example/b", (200, "")),
    ]);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let check = || {
        let transport = Others { answers: answers.clone(), asked: asked.clone() };
        let found = project(&site).with_transport(Box::new(transport)).check(true).unwrap();
        let of = |f: &&Finding| f.check == "external";
        found.findings.iter().filter(of).map(shown).collect::<Vec<String>>()
    };
    assert_eq!(
        check(),
        [
            "content/a.md:2 external https://weg.example/ cannot be followed: the answer is 404",
            "content/a.md:3 external https://unbekannt.example/ cannot be followed: the host's name is not known",
        ]
    );
    assert_eq!(asked.lock().unwrap().len(), 8);
    asked.lock().unwrap().clear();
    // What was good is believed for a day, what was not is asked again.
    assert_eq!(check().len(), 2);
    assert_eq!(
        *asked.lock().unwrap(),
        ["HEAD https://unbekannt.example/", "HEAD https://weg.example/", "GET https://weg.example/"]
    );
}

#[test]
fn addresses_inside_the_house_are_not_asked_for() {
    let site = site();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    site.put("content/a.md", format!("[1](http://127.0.0.1:{port}/) [2](http://localhost:{port}/)\n"));
    let found = project(&site).check(true).unwrap();
    let told: Vec<&str> = found.findings.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(told.iter().filter(|told| told.contains("private network")).count(), 2, "{told:?}");
    assert!(listener.accept().is_err());
}

#[test]
fn drafts_future_and_expired_files_are_listed_and_not_built() {
    let mut site = site()
        .write("content/d.md", "+++\ndraft = true\n+++\n")
        .write("content/f.md", "+++\ntitle = \"F\"\ndate = 2026-12-01\n+++\n")
        .write(
            "content/g.md",
            "+++\ntitle = \"G\"\npublish_at = 2026-11-22T08:00:00Z\nexpires = 2026-11-23\n+++\n",
        )
        .write("content/e.md", "+++\ntitle = \"E\"\nexpires = 2026-11-21\n+++\n")
        .write("content/courses/ruhig.md", "+++\nexpires = 2026-12-05\n+++\n");
    let list = |site: &Fixture, what: &str| -> Vec<String> {
        let mut project = {
            let config = Config::load(&site.path(""), &Environment::default()).unwrap();
            Project::new(config, Arc::new(ManualClock::new(site.now)), site.reporter.clone())
        };
        let listed = project.list().unwrap();
        let wanted =
            listed.into_iter().filter(|l| if what == "orphan" { l.is_orphan } else { l.kind == what });
        wanted.map(|listed| listed.source.or(listed.path).unwrap()).collect()
    };
    assert_eq!(list(&site, "draft"), ["content/d.md"]);
    assert_eq!(list(&site, "future"), ["content/f.md", "content/g.md"]);
    assert_eq!(list(&site, "expired"), ["content/e.md"]);
    assert_eq!(list(&site, "course"), ["content/courses/ruhig.md"]);
    site.build();
    for hidden in ["d", "e", "f", "g"] {
        assert!(!site.has(&format!("{hidden}/index.html")), "{hidden}");
    }
    let rendered = |site: &Fixture| -> Vec<String> {
        let reasons = site.build().build.reasons.into_iter();
        reasons.map(|(path, _)| path).filter(|path| path.ends_with(".html")).collect()
    };
    assert_eq!(rendered(&site), [] as [&str; 0]);
    site.now = "2026-11-22T08:00:00Z".parse().unwrap();
    assert_eq!(rendered(&site), ["g/index.html"]);
    site.now = "2026-11-22T22:59:59Z".parse().unwrap();
    assert!(site.try_build(Default::default()).is_ok() && site.has("g/index.html"));
    // Midnight in Berlin.
    site.now = "2026-11-22T23:00:00Z".parse().unwrap();
    site.build();
    assert!(!site.has("g/index.html") && !site.has("f/index.html"));
    site.now = "2026-12-01T00:00:00Z".parse().unwrap();
    assert_eq!(rendered(&site), ["f/index.html"]);
    let orphans = list(&site, "orphan");
    assert!(orphans.contains(&"content/f.md".to_owned()), "{orphans:?}");
    assert!(!orphans.iter().any(|path| path.contains("ruhig") || path == "content/b.md"), "{orphans:?}");
    // A file that expires takes its course along.
    site.now = "2026-12-05T00:00:00Z".parse().unwrap();
    site.build();
    assert!(!site.has("courses/ruhig/index.html"));
    let output = site.run(&["build", "--future", "--at", "2026-11-21T10:00:00Z"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(site.has("f/index.html") && site.has("g/index.html") && !site.has("e/index.html"));
}

#[test]
fn an_alias_leads_to_its_page_and_is_nobody_elses_address() {
    let site = site();
    site.put("content/a.md", "+++\ntitle = \"A\"\naliases = [\"/alt/a/\", \"uralt\", \"/a.html\"]\n+++\n");
    site.put("content/courses/ruhig.md", "+++\naliases = [\"/kurs-1/\"]\n+++\n");
    site.build();
    for old in ["alt/a/index.html", "uralt/index.html", "a.html"] {
        assert!(site.output(old).contains("url=/a/"), "{old}");
    }
    assert!(site.output("kurs-1/index.html").contains("url=/courses/ruhig/"));
    assert!(site.output("_redirects").contains("/uralt/ /a/ 301\n"));
    // Only the new redirect, and the list of them.
    site.put(
        "content/a.md",
        "+++\ntitle = \"A\"\naliases = [\"/alt/a/\", \"uralt\", \"/a.html\", \"/neu/\"]\n+++\n",
    );
    let made: Vec<String> = site.build().build.reasons.into_iter().map(|(path, _)| path).collect();
    assert_eq!(made, ["_redirects", "neu/index.html"]);
    for (alias, message) in [
        ("/b/", "content/a.md: the alias /b/"),
        ("/courses/ruhig/", "content/a.md: the alias /courses/ruhig/ is the address of a page"),
        ("/../x/", "is no address below the site"),
        ("https://a.b/", "is no address below the site"),
    ] {
        site.put("content/a.md", format!("+++\ntitle = \"A\"\naliases = [\"{alias}\"]\n+++\n"));
        let error = site.try_build(Default::default()).unwrap_err().to_string();
        assert!(
            error.contains(message) || error.contains(&format!("has the alias {alias}")),
            "{alias}: {error}"
        );
    }
}

#[test]
fn shells_and_man_know_all_commands() {
    let site = site();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = site.run(&["completions", shell]);
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && script.contains("aither") && script.contains("check"), "{shell}");
    }
    let output = site.run(&["man"]);
    let page = String::from_utf8(output.stdout).unwrap();
    for part in [".TH aither", "AITHER BUILD", "AITHER CHECK", "\\-\\-external", "sysexits"] {
        assert!(page.contains(part) || part == "sysexits", "{part}");
    }
}

#[test]
fn pictures_of_machines_and_of_markdown_are_looked_at() {
    let site = site();
    site.put("static/text.jpg", "kein Bild");
    site.put("content/a.md", "![Ein Bild](/text.jpg) ![Noch eins](/p.png)\n");
    site.put(
        "templates/layouts/course.liquid",
        "<html><title>{{ page.title }}</title><script type=\"application/ld+json\">{\"@context\": \"https://schema.org\", \
         \"@type\": \"Thing\", \"image\": [\"https://a.example/fehlt.png\", {\"url\": \"/text.jpg\"}, \"https://b.example/x.png\"], \
         \"logo\": \"/p.png\"}</script></html>",
    );
    let told = told(&site);
    for line in [
        "content/a.md:1 picture /text.jpg is no picture: it is a file of another kind",
        "courses/ruhig/index.html:1 json-ld the picture https://a.example/fehlt.png is named, and is not there",
        "courses/ruhig/index.html:1 json-ld /text.jpg is named as a picture, and is none: it is a file of another kind",
    ] {
        assert!(told.iter().any(|told| told == line), "{line}: {told:#?}");
    }
    assert!(!told.iter().any(|told| told.contains("p.png") || told.contains("b.example")), "{told:#?}");
}

#[test]
fn mistakes_of_front_matter_are_findings_with_their_lines() {
    let site = site();
    site.put("content/a.md", "+++\ntittle = \"A\"\nweight = \"schwer\"\n+++\n[x](@/nirgends.md)\n");
    site.put("content/b.md", "+++\ntitle = \"B\"\ndate = \"gestern\"\n+++\n");
    site.put("content/courses/ruhig.md", "+++\nlevel = \"LEICHT\"\n+++\n");
    let found = project(&site).check(false).unwrap();
    let told: Vec<String> = found.findings.iter().map(shown).collect();
    for line in [
        "content/a.md:2 content unknown key `tittle` (did you mean `title`?)",
        "content/a.md:3 content `weight` must be a whole number, not a text",
        "content/b.md:3 content `date` must be a date such as 2027-02-10, not `gestern`",
    ] {
        assert!(told.iter().any(|told| told == line), "{line}: {told:#?}");
    }
    assert!(
        told.iter().any(|told| told.starts_with("content/courses/ruhig.md:2 content `level`")),
        "{told:#?}"
    );
    // What is wrong with texts comes once the front matter can be read.
    site.put("content/a.md", "[x](@/nirgends.md)\n");
    site.put("content/b.md", "");
    site.put("content/courses/ruhig.md", "");
    let found = project(&site).check(false).unwrap();
    let told: Vec<String> = found.findings.iter().map(shown).collect();
    assert!(told.iter().any(|told| told.starts_with("content/a.md:1 content `@/nirgends.md`")), "{told:#?}");
    let output = site.run(&["check", "--json"]);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((object["errors"].as_u64(), object["findings"][0]["line"].as_u64()), (Some(1), Some(1)));
}

#[test]
fn programs_in_links_and_blank_texts_of_pictures_are_told() {
    let site = site();
    site.put(
        "content/a.md",
        "+++\ntitle = \"A\"\n+++\n[x](javascript:alert(1))\n<a href=\" JaVa&Tab;Script:x\">y</a>\n<img src=\"/p.png\" alt=\"  \">\n\
         <img src=\"/p.png?b\" alt=\"\">\n[z](data:text/html,x) [mail](mailto:a@b.c)\n",
    );
    assert_eq!(
        told(&site),
        [
            "a/index.html:2 link JaVa\tScript:x is a program, not an address: visitors' browsers are told not to run it",
            "content/a.md:4 link javascript:alert(1) is a program, not an address: visitors' browsers are told not to run it",
            "content/a.md:6 alt the text of the picture /p.png (`alt`) is only blanks: say what it shows, or write `alt=\"\"` if it is \
             decoration",
            "content/a.md:8 link data:text/html,x is a program, not an address: visitors' browsers are told not to run it",
        ]
    );
}

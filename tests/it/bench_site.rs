//! The benchmark site builds the pages that it is timed for.

use std::path::Path;

use aither::config::{Config, Environment};
use aither::model::catalogue::Catalogue;
use aither::model::document::Content;
use aither::site::{Body, Input, plan};
use aither::source::{PullRequest, Source};
use aither::theme::{Request, Theme};

use crate::theme::now;

#[test]
fn the_benchmark_site_has_the_pages_that_others_build() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/site");
    let config = Config::load(&root, &Environment::default()).expect("a configuration");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("courses.json");
    let courses: Vec<serde_json::Value> = (1..=51)
        .map(|id| {
            serde_json::json!({
                "id": id, "slug": format!("course-{id}"), "title": format!("A & B {id}"), "level": "BEGINNER",
                "description": "Words.", "startDate": "2027-05-01", "endDate": "2027-05-03", "price": 700,
                "currency": "EUR", "location": "Oslo", "participantCount": 9, "updatedAt": "2026-01-01T00:01:00Z",
                "participants": [{"name": "Tony O'Brien", "status": "CONFIRMED"}],
            })
        })
        .collect();
    aither::base::files::write_new(&file, &serde_json::to_vec(&courses).expect("JSON")).expect("written");
    let known = Catalogue::default();
    let request = PullRequest {
        only: None,
        known: &known,
        validators: &std::collections::BTreeMap::default(),
        templates: &[],
        full: false,
        participants_wanted: true,
        internal: None,
        results_wanted: false,
        budget: std::time::Duration::from_secs(1),
        held: None,
        unfinished: None,
    };
    let mut source = aither::source::file::open(&file, config.site.time_zone.clone());
    let catalogue = known.after(source.pull_changes(&request).expect("readable").changes, true);
    let theme = Theme::open(&config, &[]).expect("opens");
    let site = plan(
        &Input {
            config: &std::sync::Arc::new(config.clone()),
            catalogue: &catalogue,
            data: &aither::model::view::Map::default(),
            content: &Content::default(),
            has_layout: &|name| theme.has_layout(name),
            changed_at: &|course| course.updated_at,
            data_changed_at: Some(now()),
            synced_at: None,
            now: now(),
            lacks: &|_, _| None,
            brings: &|_| false,
            cards: None,
            redirects: "",
            kept: None,
        },
        aither::model::history::History::default(),
    )
    .expect("planned");
    let page = |path: &str| -> String {
        let page = site.page(path).expect(path);
        let Body::Layout { layouts, view, content } = &page.body else { panic!("{path} has no layout") };
        let layouts: Vec<&str> = layouts.iter().map(|layout| &**layout).collect();
        let request = Request {
            layouts: &layouts,
            view: &view.map(),
            content: content.as_ref(),
            language: 0,
            now: now(),
            name: path,
        };
        String::from_utf8(theme.render(&request).expect("renders").bytes).expect("text")
    };
    let course = page("courses/course-2/index.html");
    for part in [
        "<title>A &amp; B 2 | Course catalogue</title>",
        "<h1>A &amp; B 2</h1>",
        "<p class=\"meta\"><span class=\"badge badge-beginner\">BEGINNER</span> \
         <time class=\"start\" datetime=\"2027-05-01\">2027-05-01</time> to \
         <time class=\"end\" datetime=\"2027-05-03\">2027-05-03</time>, Oslo, 700 EUR, 9 participants</p>",
        "<div class=\"description\"><p>Words.</p></div>",
        "<tr><td>Tony O&#39;Brien</td><td class=\"status-confirmed\">CONFIRMED</td></tr>",
        "<a rel=\"prev\" href=\"/courses/course-1/\">A &amp; B 1</a>",
        "<time datetime=\"2026-01-01T00:01:00Z\">2026-01-01T00:01:00Z</time>",
    ] {
        assert!(course.contains(part), "{part} in\n{course}");
    }
    let row = "<tr><td><a href=\"/courses/course-51/\">A &amp; B 51</a></td><td><span class=\"badge badge-beginner\">\
               BEGINNER</span></td><td>2027-05-01</td><td>9</td></tr>";
    assert!(page("index.html").contains(row));
    let second = page("levels/beginner/page/2/index.html");
    assert!(second.contains("<h1>BEGINNER, page 2 of 2</h1>") && second.contains(row), "{second}");
    assert_eq!(page("levels/beginner/index.html").matches("<tr><td>").count(), 50);
}

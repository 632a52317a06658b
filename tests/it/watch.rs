//! A site that is built again and again while somebody works on it and looks at it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use aither::base::clock::{ManualClock, SystemClock};
use aither::base::files::Lock;
use aither::base::gate::Gate;
use aither::base::report::Collected;
use aither::config::{Config, Environment, Serve};
use aither::error::{Error, Kind, Result};
use aither::model::run::RunFigures;
use aither::project::{Onlookers, Options, Project, Summary};
use aither::serve::{
    Factory, Options as Serving, RebuildRequest, Rebuilt, Server, Show, SyncRequest, Work, watching, work_on,
};

use super::fixture::Fixture;
use super::serve_fixture::{Client, PATIENCE, publish};

const SITE: &str = "source = \"sample\"\n[site]\ntitle = \"Akademie\"\nbase_url = \"https://a.example\"\n\
                    language = \"de\"\ntime_zone = \"Europe/Berlin\"\n";

fn warm(site: &Fixture) -> Project {
    let config = Config::load(&site.path("."), &Environment::default()).unwrap();
    Project::new(config, Arc::new(ManualClock::new(site.now)), site.reporter.clone()).kept_warm()
}

/// Builds after a change of `changed`, for somebody who looks at `pages`.
fn rebuild(
    project: &mut Project,
    gate: &Gate,
    (pages, changed): (&[&str], &[PathBuf]),
    show: &dyn Fn(BTreeMap<String, Vec<u8>>),
) -> Result<Summary> {
    let pages: Vec<String> = pages.iter().map(|page| (*page).to_owned()).collect();
    let show = |files: Vec<(String, Vec<u8>)>| show(files.into_iter().collect());
    let options = Options { offline: true, ..Options::default() };
    project.rebuild_locked(options, gate, &Onlookers { pages: &pages, changed, show: &show })
}

/// What a build into an empty folder gives.
fn clean(site: &Fixture) -> BTreeMap<String, Vec<u8>> {
    let copy = Fixture::new("");
    for folder in ["aither.toml", "courses.json", "content", "templates", "static", "themes"] {
        let from = site.path(folder);
        for file in walkdir::WalkDir::new(&from).into_iter().flatten().filter(|e| e.file_type().is_file()) {
            let path = file.path().strip_prefix(site.path(".")).unwrap().to_str().unwrap().to_owned();
            copy.put(&path, std::fs::read(file.path()).unwrap());
        }
    }
    // What only history knows is an input as well.
    copy.put(".aither/memory.json", std::fs::read(site.path(".aither/memory.json")).unwrap());
    copy.build();
    copy.tree()
}

#[test]
fn what_is_kept_in_memory_does_not_show() {
    let site = Fixture::new(SITE);
    site.put("content/about.md", "+++\ntitle = \"Wir\"\n+++\neins\n");
    let mut project = warm(&site);
    project.build(Options::default()).unwrap();
    let edits: [(&str, Option<&str>); 6] = [
        ("content/about.md", Some("+++\ntitle = \"Wir\"\n+++\nzwei\n")),
        ("templates/partials/footer.liquid", Some("<footer>{{ site.title }}</footer>")),
        ("content/news/one.md", Some("+++\ntitle = \"Eins\"\ndate = 2026-11-01\n+++\nText\n")),
        ("static/extra.css", Some("a { color: red }")),
        ("templates/partials/footer.liquid", None),
        ("content/about.md", None),
    ];
    for (path, text) in edits {
        match text {
            Some(text) => site.put(path, text),
            None => site.remove(path),
        }
        let changed = [site.path(path)];
        rebuild(&mut project, &Gate::default(), (&["index.html"], &changed), &|_| {}).unwrap();
        assert_eq!(Fixture::changed(&site.tree(), &clean(&site)), Vec::<String>::new(), "{path}");
    }
}

/// Whatever a save does to courses: what is shown early and what is published is what a build from nothing would give.
#[test]
fn saved_files_of_courses_show_as_in_a_build_from_nothing() {
    for more in ["", "[languages.en]\nname = \"English\"\n"] {
        let site = Fixture::new(&format!("{SITE}{more}"));
        let mut project = warm(&site);
        project.build(Options::default()).unwrap();
        let courses: Vec<String> = site.tree().into_keys().filter_map(|path| slug(&path)).collect();
        let (one, two) = (courses[0].as_str(), courses[1].as_str());
        let page = |slug: &str| format!("courses/{slug}/index.html");
        let file = |slug: &str| format!("content/courses/{slug}.md");
        let edits = [
            (file(one), "+++\nlocation = \"Hier\"\n+++\n"),
            (file(one), "+++\nlocation = \"Dort\"\n+++\n"),
            (file(one), "+++\nlocation = \"Dort\"\n+++\nText\n"),
            (file(one), "+++\nlocation = \"Dort\"\ntags = [\"a\"]\n+++\nText\n"),
            (file(two), "+++\ntags = [\"a\"]\n+++\nText\n"),
            (file(two), "+++\ntags = [\"a\"]\nlevel = \"ADVANCED\"\n+++\nText\n"),
            (file(one), "+++\ntitle = \"Ganz anders\"\ntags = [\"a\"]\n+++\nText\n"),
            // It moves in the order, and is over.
            (file(one), "+++\nstart_date = 2031-01-01\nend_date = 2031-01-02\n+++\nText\n"),
            (file(one), "+++\nstart_date = 2020-01-01\nend_date = 2020-01-02\n+++\nText\n"),
            // It moves to another address.
            (file(one), "+++\nslug = \"anderswo\"\n+++\n"),
            (file(one), "+++\ndraft = true\n+++\n"),
            (file(one), "+++\nimage = \"/no-such.png\"\n+++\n"),
            (file("no-such-course"), "+++\n+++\nText\n"),
            (format!("content/courses/{one}.en.md"), "+++\ntitle = \"In English\"\n+++\nText\n"),
            (file(one), "+++\nlocation = \"Hier\"\n+++\n"),
            (file(one), ""),
            ("templates/partials/footer.liquid".to_owned(), "<footer>{{ site.title }}</footer>"),
        ];
        for (path, text) in edits {
            match text {
                "" => site.remove(&path),
                text => site.put(&path, text),
            }
            let shown = RefCell::new(BTreeMap::new());
            let (one, two) = (page(one), page(two));
            let looked_at = ["index.html", "courses/index.html", "search/index.html", &one, &two];
            let changed = [site.path(&path)];
            let take = |files| *shown.borrow_mut() = files;
            rebuild(&mut project, &Gate::default(), (&looked_at, &changed), &take).unwrap();
            let tree = site.tree();
            assert_eq!(Fixture::changed(&tree, &clean(&site)), Vec::<String>::new(), "{path}: {text}");
            let shown = shown.into_inner();
            assert!(shown.contains_key("index.html"), "{path}: {text}");
            for (shown, bytes) in shown.iter().filter(|(shown, _)| shown.ends_with(".html")) {
                assert!(tree[shown] == *bytes, "{shown} is published as it was shown, after {path}: {text}");
            }
        }
    }
}

/// The slug of a course's page in the main language.
fn slug(path: &str) -> Option<String> {
    let slug = path.strip_prefix("courses/")?.strip_suffix("/index.html")?;
    (!slug.contains('/') && slug != "archive" && slug.parse::<u32>().is_err()).then(|| slug.to_owned())
}

#[test]
fn the_page_that_somebody_looks_at_comes_before_the_rest() {
    let site = Fixture::new(SITE);
    site.put("templates/partials/footer.liquid", "<footer>alt</footer>");
    site.put("static/extra.css", "a { color: red }");
    let mut project = warm(&site);
    project.build(Options::default()).unwrap();
    let before = site.tree();
    site.put("templates/partials/footer.liquid", "<footer>neu</footer>");
    site.put("static/extra.css", "a { color: blue }");
    let changed = [site.path("templates/partials/footer.liquid"), site.path("static/extra.css")];
    let shown = RefCell::new(BTreeMap::new());
    let pages = ["courses/index.html", "no/such/page.html"];
    rebuild(&mut project, &Gate::default(), (&pages, &changed), &|files| {
        assert_eq!(Fixture::changed(&before, &site.tree()), Vec::<String>::new(), "nothing is published yet");
        *shown.borrow_mut() = files;
    })
    .unwrap();
    let shown = shown.into_inner();
    assert_eq!(shown.keys().collect::<Vec<_>>(), ["courses/index.html", "extra.css"]);
    for (path, bytes) in &shown {
        assert_ne!(before[path], *bytes);
        assert_eq!(site.tree()[path], *bytes, "{path} is published as it was shown");
    }
}

#[test]
fn a_build_that_gives_way_leaves_the_site_as_it_was() {
    let site = Fixture::new(SITE);
    let mut project = warm(&site);
    project.build(Options::default()).unwrap();
    let before = site.tree();
    site.put("templates/partials/footer.liquid", "<footer>neu</footer>");
    site.put("content/new.md", "+++\ntitle = \"Neu\"\n+++\n");
    let gate = Gate::default();
    let error = rebuild(&mut project, &gate, (&["index.html"], &[]), &|_| gate.give_way()).unwrap_err();
    assert_eq!(error.kind(), Kind::Busy);
    assert_eq!(Fixture::changed(&before, &site.tree()), Vec::<String>::new());
    rebuild(&mut project, &Gate::default(), (&["index.html"], &[]), &|_| {}).unwrap();
    assert_eq!(Fixture::changed(&site.tree(), &clean(&site)), Vec::<String>::new());
}

#[test]
fn a_build_stops_after_twenty_failures() {
    let courses: Vec<(String, String)> = (1..=90).map(|n| (format!("c{n}"), format!("Kurs {n}"))).collect();
    let rows: Vec<(&str, &str, &str)> =
        courses.iter().map(|(id, title)| (id.as_str(), title.as_str(), "2027-01-10")).collect();
    let site = Fixture::with_courses(&rows);
    site.put("templates/layouts/course.liquid", "{{ 1 | divided_by: 0 }}");
    let error = site.try_build(Options::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Template);
    assert!(error.message().contains("After 20 failures"), "{}", error.message());
    assert!(error.message().ends_with("more pages were not tried"), "{}", error.message());
    assert!(!site.has("index.html"), "nothing is published");
}

/// What a stand-in shows, or how it ends.
enum Step {
    Show(Vec<(String, Vec<u8>)>),
    End(Result<Rebuilt>),
}

/// Rebuilds as the test says, and hands over what it was asked for.
struct Stage {
    asked: Sender<RebuildRequest>,
    steps: Arc<Mutex<Receiver<Step>>>,
}

impl Work for Stage {
    fn push(
        &mut self,
        _: &aither::sync::SharedQueue,
        _: &[String],
        _: &Gate,
    ) -> Result<aither::project::PushSummary> {
        Ok(aither::project::PushSummary::default())
    }

    fn sync(&mut self, _: &SyncRequest, gate: &Gate) -> Result<RunFigures> {
        gate.pass()?;
        Ok(RunFigures::default())
    }

    fn rebuild(&mut self, request: &RebuildRequest, gate: &Gate, show: &Show<'_>) -> Result<Rebuilt> {
        gate.pass()?;
        self.asked.send(request.clone()).unwrap();
        let steps = self.steps.lock().unwrap();
        loop {
            match steps.recv_timeout(PATIENCE).unwrap() {
                Step::Show(files) => show(files),
                Step::End(result) => return result,
            }
        }
    }
}

/// A server over the output in this folder, for somebody who works on the site.
fn serve(root: &Path, factory: Factory) -> Server {
    let state = root.join(".aither");
    let serving = Serving {
        dashboard: aither::serve::DashboardOptions::default(),
        serve: Serve { port: 0, ..Serve::default() },
        base_url: "https://a.example".into(),
        output: root.join("output"),
        state: state.clone(),
        connectors: vec!["sample".into()],
        live: true,
        signals: false,
        clock: Arc::new(SystemClock::new()),
        reporter: Arc::new(Collected::default()),
        audience: Arc::new(|_| {}),
        queues: aither::sync::Queues::open(&state, &mut fastrand::Rng::new()).unwrap(),
        notifier: Arc::default(),
    };
    Server::start(serving, factory).unwrap()
}

fn get(server: &Server, path: &str) -> String {
    let mut client = Client::new(TcpStream::connect(server.address()).unwrap());
    client.write(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes());
    client.answer().unwrap().text()
}

fn until(mut ask: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !ask() {
        assert!(begun.elapsed() < PATIENCE, "it never came true");
        std::thread::yield_now();
    }
}

#[test]
fn early_pages_are_served_to_all_and_withdrawn_if_the_build_fails() {
    let folder = tempfile::tempdir().unwrap();
    publish(folder.path(), &[("a/index.html", "old a"), ("b/index.html", "old b")]);
    let (asked, hear) = channel();
    let (say, steps) = channel();
    let steps = Arc::new(Mutex::new(steps));
    let factory =
        move || Ok(Box::new(Stage { asked: asked.clone(), steps: Arc::clone(&steps) }) as Box<dyn Work>);
    let server = serve(folder.path(), Box::new(factory));
    assert!(get(&server, "/a/").starts_with("old a<script"));

    let mut tab = Client::new(TcpStream::connect(server.address()).unwrap());
    tab.write(b"GET /.aither/events?page=/a/&since=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut heard = move |sign: &str| {
        use std::io::BufRead as _;
        let mut line = String::new();
        while !line.contains(sign) {
            line.clear();
            assert!(tab.stream.read_line(&mut line).unwrap() > 0, "the stream ends before {sign}");
        }
    };
    heard("retry");

    server.rebuild();
    assert_eq!(hear.recv_timeout(PATIENCE).unwrap().prefer, ["a/index.html"]);
    say.send(Step::Show(vec![("a/index.html".into(), b"early a".to_vec())])).unwrap();
    heard("\"page\":true");
    assert!(get(&server, "/a/").starts_with("early a<script"));
    assert!(get(&server, "/b/").starts_with("old b<script"));

    // The rest of the site cannot be built: everything is as it was, and the tab hears of both.
    say.send(Step::End(Err(Error::new(Kind::Template, "b is wrong")))).unwrap();
    heard("b is wrong");
    heard("\"page\":true");
    assert!(get(&server, "/a/").starts_with("old a<script"));

    // A build that is carried through replaces what was shown early.
    server.rebuild();
    hear.recv_timeout(PATIENCE).unwrap();
    say.send(Step::Show(vec![("a/index.html".into(), b"new a".to_vec())])).unwrap();
    heard("\"page\":true");
    publish(folder.path(), &[("a/index.html", "new a"), ("b/index.html", "new b")]);
    say.send(Step::End(Ok(Rebuilt::default()))).unwrap();
    until(|| get(&server, "/b/").starts_with("new b<script"));
    assert!(get(&server, "/a/").starts_with("new a<script"));
    server.stop().unwrap();
}

#[test]
fn everything_that_a_site_is_made_from_is_watched() {
    let site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10")]);
    let config = Config::load(&site.path("."), &Environment::default()).unwrap();
    let watching = watching(&config, false);
    for folder in ["content", "data", "i18n", "sass", "static", "templates", "themes"] {
        let path = config.root.join(folder);
        assert!(watching.folders.contains(&path), "{folder}: {watching:?}");
    }
    assert!(watching.files.contains(&config.root.join("courses.json")), "{watching:?}");
}

/// A branch with another state of more than two thousand files is checked out below a site that is watched, as `git` does
/// it: file by file, while builds run. In the end the site is that of the new branch, as if nothing had been there before.
fn a_branch_is_switched(poll: bool) {
    const PAGES: usize = 2_100;
    /// How long a build of all that may take on a slow machine, twice.
    const LONG: std::time::Duration = std::time::Duration::from_secs(240);
    let page = |number: usize, text: &str| {
        let title = format!("Seite {number}");
        format!("+++\ntitle = \"{title}\"\n+++\n{text}\n")
    };
    let site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10")]);
    site.put("templates/layouts/page.liquid", "<p>alt {{ page.title }}</p>{{ content }}");
    for number in 0..PAGES {
        site.put(&format!("content/p{number}.md"), page(number, "alt"));
    }
    let root = site.path(".");
    let load = move || Config::load(&root, &Environment::default());
    let config = load().unwrap();
    let clock = Arc::new(ManualClock::new(site.now));
    let server = serve(&site.path("."), work_on(load, clock, site.reporter.clone()));
    server.rebuild();
    let wait = |is_so: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < LONG, "it never came true");
            std::thread::yield_now();
        }
    };
    let last = format!("p{}/index.html", PAGES - 1);
    wait(&|| site.has(&last));
    server.watch(watching(&config, poll), || None).unwrap();

    // The other branch: a third of the pages is not there, a third differs, a third lies in a folder; other templates.
    for number in 0..PAGES {
        let path = format!("content/p{number}.md");
        match number % 3 {
            0 => site.remove(&path),
            1 => {
                site.remove(&path);
                site.put(&path, page(number, "neu"));
            }
            _ => {
                site.remove(&path);
                site.put(&format!("content/moved/deep/p{number}.md"), page(number, "alt"));
            }
        }
    }
    std::fs::remove_dir_all(site.path("templates")).unwrap();
    site.put("templates/layouts/page.liquid", "<p>neu {{ page.title }}</p>{{ content }}");
    site.put("content/last.md", page(0, "neu"));

    let is_there = |path: &str, text: &str| site.has(path) && site.output(path).contains(text);
    wait(&|| {
        is_there("last/index.html", "<p>neu Seite 0")
            && !site.has("p2097/index.html")
            && is_there("p1/index.html", "<p>neu Seite 1</p>")
            && is_there("moved/deep/p2/index.html", "<p>neu Seite 2</p>")
    });
    // Whatever was noticed last is built by now, or soon.
    let lock = site.path(".aither/lock");
    wait(&|| {
        // While somebody holds the lock, nothing changes.
        let lock = Lock::take(&lock).unwrap();
        lock.is_some() && Fixture::changed(&site.tree(), &clean(&site)).is_empty()
    });
    server.stop().unwrap();
}

#[test]
fn a_switched_branch_is_built_as_if_nothing_had_been_there() {
    a_branch_is_switched(false);
}

#[test]
fn a_switched_branch_is_noticed_by_looking_as_well() {
    a_branch_is_switched(true);
}

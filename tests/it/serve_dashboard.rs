//! The dashboard over a real socket, as a browser without a script sees it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aither::base::clock::ManualClock;
use aither::base::encode::form;
use aither::base::report::{Reporter as _, Silent, Stage};
use aither::error::{Error, Kind};
use aither::model::conflict::Edit;
use aither::model::push::TextField;
use aither::model::run::{RunChanges, RunError, RunFigures};
use aither::serve::Progress;
use aither::sync::Conflicts;
use jiff::Timestamp;

use super::serve_events::event;
use super::serve_fixture::{ADMIN, Answer, PATIENCE, SYNC, Served, Setup, WEBHOOK, held, setup};

const HOSTILE: &str = "<script>alert(\"x\")</script>'&";

/// A browser with its cookies; it follows no redirect by itself.
struct Tab<'s> {
    served: &'s Served,
    cookies: BTreeMap<String, String>,
    headers: Vec<(&'static str, String)>,
}

impl<'s> Tab<'s> {
    fn new(served: &'s Served) -> Self {
        Self { served, cookies: BTreeMap::new(), headers: Vec::new() }
    }

    /// With a session.
    fn signed_in(served: &'s Served) -> Self {
        let mut tab = Self::new(served);
        let answer = tab.sign_in(ADMIN);
        assert_eq!((answer.status, answer.header("location")), (303, Some("/dashboard")));
        tab
    }

    fn speaking(mut self, language: &str) -> Self {
        self.headers.push(("Accept-Language", language.to_owned()));
        self
    }

    fn send(&mut self, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (*name, &**value)).collect();
        if !cookies.is_empty() {
            headers.push(("Cookie", &cookies));
        }
        headers.extend(more);
        let answer = self.served.send(method, path, &headers, body);
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    /// A page that must be there.
    fn page(&mut self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.header("location"));
        answer.text()
    }

    fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form(fields.iter().copied());
        self.send("POST", path, &[("Content-Type", "application/x-www-form-urlencoded")], &body)
    }

    fn sign_in(&mut self, token: &str) -> Answer {
        let text = self.page("/dashboard/sign-in");
        self.post("/dashboard/sign-in", &[("csrf", &field(&text, "csrf")), ("token", token)])
    }

    /// Presses a button of a form that stands on a page, with the fields that it has there.
    fn press(&mut self, page: &str, path: &str, button: &[(&str, &str)]) -> Answer {
        let text = self.page(page);
        let csrf = field(&text, "csrf");
        let mut fields = vec![("csrf", &*csrf), ("back", page)];
        fields.extend(button);
        self.post(path, &fields)
    }
}

/// The value of the first field of this name.
fn field(page: &str, name: &str) -> String {
    let from = page
        .split_once(&format!("name=\"{name}\" value=\""))
        .unwrap_or_else(|| panic!("no {name}: {page}"))
        .1;
    from.split('"').next().unwrap().to_owned()
}

fn edit(local: &str, remote: &str) -> Edit {
    Edit {
        course: "kurs-1".into(),
        field: TextField::Title,
        local: local.into(),
        remote: remote.into(),
        remote_updated_at: None,
    }
}

/// A folder with a conflict over a title.
fn with_conflict(folder: &Path, local: &str, remote: &str) {
    let state = folder.join(".aither");
    let now = Timestamp::now();
    Conflicts::change(&state, &Silent, |all| {
        all.weigh(&edit("alt", "alt"), "hemera", None, now);
        all.weigh(&edit(local, remote), "hemera", None, now);
        Ok(())
    })
    .unwrap();
}

/// A server whose first sync fails by `message`, and whose history has that run.
fn failing(setup: Setup, message: &'static str) -> Setup {
    setup.step(move |_, _| Err(Error::new(Kind::Unavailable, message)))
}

fn send_event(served: &Served, id: &str) {
    let body = event(id, "course.updated", "kurs-1");
    let signed = aither::base::signature::headers(
        &aither::base::secret::Secret::new(WEBHOOK),
        "x",
        body.as_bytes(),
        Timestamp::now(),
    );
    let signature = signed.into_iter().find(|(name, _)| *name == "x-webhook-signature").unwrap().1;
    let headers = [("Content-Type", "application/json"), ("x-webhook-signature", &*signature)];
    assert_eq!(served.send("POST", "/api/webhooks/hemera", &headers, &body).status, 202);
}

/// Puts a dead letter into the queue of events, as another process would.
pub(crate) fn with_letter(folder: &Path, id: &str, subject: &str, error: &str) {
    use aither::base::queue::{Entry, Queue};
    use aither::base::retry::Backoff;
    let backoff = Backoff { retries: 1, ..Backoff::default() };
    let path = folder.join(".aither/events.journal");
    let mut queue = Queue::open(&path, backoff, fastrand::Rng::with_seed(1)).unwrap();
    let payload = serde_json::from_str(&event(id, "course.updated", "kurs-1")).unwrap();
    let now = Timestamp::now();
    queue.accept(vec![Entry::new(id, "course.updated", subject, payload, now)], now).unwrap();
    queue.failed(&[id.to_owned()], error, now).unwrap();
}

/// Asks for a sync and waits for its end: the status of the answer.
fn sync_and_wait(served: &Served, body: &str) -> u16 {
    let headers = [
        ("Authorization", &*format!("Bearer {ADMIN}")),
        ("Content-Type", "application/json"),
        ("Prefer", "wait=20"),
    ];
    served.send("POST", "/api/sync", &headers, body).status
}

#[test]
fn whoever_is_not_signed_in_is_led_to_the_door() {
    let served = setup().files(&[("index.html", "home"), ("dashboard/index.html", "of the site")]).start();
    let mut tab = Tab::new(&served);
    for (path, next) in [
        ("/dashboard", "%2Fdashboard"),
        ("/dashboard/", "%2Fdashboard%2F"),
        ("/dashboard/sources/hemera?page=2", "%2Fdashboard%2Fsources%2Fhemera%3Fpage%3D2"),
    ] {
        let answer = tab.get(path);
        let expected = format!("/dashboard/sign-in?next={next}");
        assert_eq!((answer.status, answer.header("location")), (303, Some(&*expected)), "{path}");
        assert!(answer.body.is_empty());
    }
    let answer = tab.get("/dashboard/events?view=%2Fdashboard");
    assert_eq!((answer.status, answer.header("www-authenticate").is_some()), (401, true));
    for path in ["/dashboard/sync", "/dashboard/conflicts", "/dashboard/dead-letters", "/dashboard/sign-out"]
    {
        let answer = tab.post(path, &[("csrf", "x")]);
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.text().contains("name=\"token\""));
    }
    // The token of the API alone is no session, and neither is the site's own file of that name served.
    assert_eq!(served.admin("GET", "/dashboard").status, 303);
    assert_eq!(served.get("/dashboards").status, 404);
    assert_eq!(served.get("/").text(), "home");
}

#[test]
fn the_admin_token_opens_the_door_and_nothing_else_does() {
    let served = setup().start();
    let mut tab = Tab::new(&served).speaking("de");
    for wrong in ["", "x", SYNC, "admin-token-of-the-tes"] {
        let answer = tab.sign_in(wrong);
        assert_eq!(answer.status, 401, "{wrong}");
        assert!(answer.text().contains("Dieses Token ist es nicht."));
        assert!(!tab.cookies.contains_key("aither-session"));
    }
    let text = tab.page("/dashboard/sign-in?next=%2Fdashboard%2Fsources%2Fhemera");
    let fields = [("csrf", &*field(&text, "csrf")), ("token", ADMIN), ("next", &*field(&text, "next"))];
    let answer = tab.post("/dashboard/sign-in", &fields);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/dashboard/sources/hemera")));
    let cookies: Vec<&str> =
        answer.headers.iter().filter(|(n, _)| n == "set-cookie").map(|(_, v)| &**v).collect();
    let session = cookies.iter().find(|cookie| cookie.starts_with("aither-session=")).unwrap();
    assert!(session.ends_with("; Path=/dashboard; HttpOnly; SameSite=Strict; Max-Age=43200"), "{session}");
    let first = tab.cookies["aither-session"].clone();
    assert_eq!(first.len(), 64);
    assert!(tab.page("/dashboard").contains("Übersicht"));
    // Whoever is signed in needs no door; signing in again gives another id, and the former is worth nothing.
    assert_eq!(tab.get("/dashboard/sign-in").header("location"), Some("/dashboard"));
    let mut other = Tab::new(&served);
    let text = other.page("/dashboard/sign-in");
    other.cookies.insert("aither-session".into(), first.clone());
    other.post("/dashboard/sign-in", &[("csrf", &field(&text, "csrf")), ("token", ADMIN)]);
    assert_ne!(other.cookies["aither-session"], first);
    assert_eq!((other.get("/dashboard").status, tab.get("/dashboard").status), (200, 303));
    // Forms lead nowhere else.
    let mut other = Tab::new(&served);
    let text = other.page("/dashboard/sign-in?next=https%3A%2F%2Fevil.example%2Fdashboard");
    assert_eq!(field(&text, "next"), "/dashboard");
    // A former token of a rotation holds as well.
    assert_eq!(other.sign_in("former-admin-token").status, 303);
}

#[test]
fn wrong_tokens_are_counted_by_address() {
    let clock = Arc::new(ManualClock::new(Timestamp::now()));
    let mut setup = setup();
    setup.clock = clock.clone();
    let served = setup.start();
    let from = |address: &str| {
        let mut tab = Tab::new(&served).speaking("en");
        tab.headers.push(("X-Forwarded-For", format!("203.0.113.1, {address}")));
        tab
    };
    let mut tab = from("198.51.100.7");
    for _ in 0..5 {
        assert_eq!(tab.sign_in("wrong").status, 401);
    }
    let answer = tab.sign_in(ADMIN);
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (429, Some("61")),
        "a right token is not told apart"
    );
    assert!(answer.text().contains("Too many attempts. Please try again in 61 seconds."));
    assert_eq!(from("198.51.100.8").sign_in(ADMIN).status, 303, "somebody else is not kept out");
    clock.advance(Duration::from_secs(61));
    assert_eq!(tab.sign_in(ADMIN).status, 303);
}

#[test]
fn behind_tls_cookies_are_for_tls_alone() {
    let served = setup().start();
    let mut tab = Tab::new(&served);
    tab.headers.push(("X-Forwarded-Proto", "https".to_owned()));
    let answer = tab.sign_in(ADMIN);
    let session = answer.headers.iter().find(|(_, value)| value.contains("aither-session=")).unwrap();
    assert!(
        session.1.starts_with("__Secure-aither-session=") && session.1.contains("; Secure"),
        "{session:?}"
    );
    assert_eq!(tab.get("/dashboard").status, 200);
    tab.headers.clear();
    assert_eq!(tab.get("/dashboard").status, 303, "it is no session on a plain line");
    // Whoever is no trusted proxy is not believed.
    let served = setup().with(|serve| serve.trusted_proxies.clear()).start();
    let mut tab = Tab::new(&served);
    tab.headers.push(("X-Forwarded-Proto", "https".to_owned()));
    tab.sign_in(ADMIN);
    assert!(tab.cookies.contains_key("aither-session"));
}

#[test]
fn forms_of_elsewhere_do_nothing() {
    let served = setup().start();
    let mut tab = Tab::signed_in(&served);
    let text = tab.page("/dashboard");
    let csrf = field(&text, "csrf");
    let typed = ("Content-Type", "application/x-www-form-urlencoded");
    let good = form([("csrf", &*csrf)]);
    for path in ["/dashboard/sync", "/dashboard/conflicts", "/dashboard/dead-letters", "/dashboard/sign-out"]
    {
        for fields in [&[][..], &[("csrf", "")], &[("csrf", "0")], &[("csrf", &*csrf), ("csrf", &*csrf)]] {
            assert_eq!(tab.post(path, fields).status, 403, "{path} {fields:?}");
        }
        for bad in [
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
            ("Origin", "https://evil.example"),
            ("Origin", "null"),
        ] {
            assert_eq!(tab.send("POST", path, &[typed, bad], &good).status, 403, "{path} {bad:?}");
        }
        assert_eq!(tab.send("GET", path, &[], "").status, 405);
        assert_eq!(tab.send("POST", path, &[("Content-Type", "application/json")], "{}").status, 415);
        let long = "x".repeat(9_000);
        assert_eq!(tab.send("POST", path, &[typed], &long).status, 413);
    }
    // Another session's token is none of this one's.
    let other = field(&Tab::signed_in(&served).page("/dashboard"), "csrf");
    assert_eq!(tab.post("/dashboard/sync", &[("csrf", &other)]).status, 403);
    assert_eq!(served.admin("GET", "/api/sync").status, 404, "nothing has run");
    // Neither does the door open to a form of elsewhere.
    let mut stranger = Tab::new(&served);
    let body = [("csrf", &*csrf), ("token", ADMIN)];
    assert_eq!(stranger.post("/dashboard/sign-in", &body).status, 403);
    stranger.cookies.insert("aither-sign-in".into(), "0".repeat(64));
    assert_eq!(stranger.post("/dashboard/sign-in", &body).status, 403);
    // What comes from here goes through.
    let headers = [typed, ("Sec-Fetch-Site", "same-origin"), ("Origin", "http://localhost")];
    assert_eq!(tab.send("POST", "/dashboard/sync", &headers, &good).status, 303);
}

#[test]
fn a_session_ends_by_signing_out_and_by_time() {
    let clock = Arc::new(ManualClock::new(Timestamp::now()));
    let mut setup = setup();
    setup.clock = clock.clone();
    let served = setup.start();
    let mut tab = Tab::signed_in(&served).speaking("en");
    let kept = tab.cookies.clone();
    let answer = tab.press("/dashboard", "/dashboard/sign-out", &[]);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/dashboard/sign-in?out=1")));
    assert!(tab.page("/dashboard/sign-in?out=1").contains("You are signed out."));
    tab.cookies = kept;
    assert_eq!(tab.get("/dashboard").status, 303, "the id is worth nothing any more");

    let mut tab = Tab::signed_in(&served);
    clock.advance(Duration::from_secs(59 * 60));
    assert_eq!(tab.get("/dashboard").status, 200);
    clock.advance(Duration::from_secs(60 * 60));
    assert_eq!(tab.get("/dashboard").status, 303, "idle");
    let mut tab = Tab::signed_in(&served);
    for _ in 0..14 {
        assert_eq!(tab.get("/dashboard").status, 200);
        clock.advance(Duration::from_secs(50 * 60));
    }
    assert_eq!(tab.get("/dashboard").status, 200);
    clock.advance(Duration::from_secs(20 * 60 + 1));
    assert_eq!(tab.get("/dashboard").status, 303, "twelve hours at most");
}

#[test]
fn every_page_is_there_in_both_languages_with_its_headers() {
    let served = failing(setup().files(&[("index.html", "home")]), "the source is away")
        .prepared(|folder| {
            with_conflict(folder, "Ruhig hier", "Ruhig dort");
            with_letter(folder, "event-1", "course:kurs-1", "the source is away");
        })
        .start();
    for (language, other, words) in [
        (
            "de",
            "en",
            ["Anmelden", "Noch kein Sync.", "Offene Konflikte", "Gescheiterte Aufträge", "Hier ist nichts."],
        ),
        ("en", "de", ["Sign in", "No sync yet.", "Open conflicts", "Dead letters", "There is nothing here."]),
    ] {
        let mut tab = Tab::new(&served).speaking(language);
        let door = tab.page("/dashboard/sign-in");
        assert!(door.contains(words[0]) && !door.contains("data-view"));
        tab.sign_in(ADMIN);
        let overview = tab.page("/dashboard");
        let source = tab.page("/dashboard/sources/hemera");
        let missing = tab.get("/dashboard/sources/nobody");
        assert_eq!((missing.status, tab.get("/dashboard/x").status), (404, 404));
        assert!(overview.contains(words[1]) && source.contains(words[2]) && overview.contains(words[3]));
        assert!(source.contains("<mark>hier</mark>") && source.contains("<mark>dort</mark>"), "{source}");
        assert!(missing.text().contains(words[4]));
        for text in [&door, &overview, &source, &missing.text()] {
            assert!(text.contains(&format!("<html lang=\"{language}\">")));
            assert!(!text.contains("style=") && !text.contains("<script>") && !text.contains(" onclick"));
            // The academy's name, and the way to the other language.
            assert!(text.contains("Akademie") && text.contains(&format!("lang={other}\"")));
        }
        let answer = tab.get("/dashboard");
        for (name, part) in [
            ("content-security-policy", "default-src 'none'"),
            ("content-security-policy", "frame-ancestors 'none'"),
            ("cache-control", "no-store"),
            ("x-robots-tag", "noindex"),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("content-type", "text/html; charset=utf-8"),
            ("content-language", language),
        ] {
            assert!(
                answer.header(name).is_some_and(|value| value.contains(part)),
                "{name}: {:?}",
                answer.headers
            );
        }
        assert!(!answer.header("content-security-policy").unwrap().contains("unsafe"));
        // The choice of a language outlives the page.
        assert!(tab.page(&format!("/dashboard?lang={other}")).contains(&format!("<html lang=\"{other}\">")));
        assert!(tab.page("/dashboard").contains(&format!("<html lang=\"{other}\">")));
    }
    // Style sheet and script have names by their content, and anybody may keep them.
    let door = served.get("/dashboard/sign-in").text();
    for (before, media_type) in
        [("href=\"/dashboard/style", "text/css"), ("src=\"/dashboard/live", "text/javascript")]
    {
        let answer = served.get(&path_of(&door, before));
        assert!(answer.status == 200 && answer.header("content-type").unwrap().starts_with(media_type));
        assert!(answer.header("cache-control").unwrap().contains("immutable"));
    }
    assert!(served.get(&path_of(&door, "href=\"/dashboard/style")).text().contains("--accent: #0f5257"));
    // A browser that speaks neither gets the site's language.
    assert!(Tab::new(&served).speaking("fr").page("/dashboard/sign-in").contains("<html lang=\"de\">"));
    assert_eq!(served.send("HEAD", "/dashboard/sign-in", &[], "").status, 200);
    assert_eq!(served.send("PUT", "/dashboard", &[], "").status, 405);
}

/// The address that begins with this on a page.
fn path_of(page: &str, before: &str) -> String {
    let from = page.split_once(before).unwrap().1.split('"').next().unwrap();
    format!("{}{from}", before.split_once('"').unwrap().1)
}

#[test]
fn the_dashboard_wears_the_colour_of_the_house() {
    for (accent, shown) in
        [("#7a1f5c", "--accent: #7a1f5c;"), ("red; } * { display: none", "--accent: #0f5257;")]
    {
        let mut setup = setup();
        setup.dashboard.accent = Some(accent.to_owned());
        let served = setup.start();
        let door = served.get("/dashboard/sign-in").text();
        let sheet = served.get(&path_of(&door, "href=\"/dashboard/style")).text();
        assert!(sheet.contains(shown), "{accent}");
    }
}

#[test]
fn what_others_say_is_text_and_nothing_else() {
    let mut setup = failing(setup(), HOSTILE).prepared(|folder| {
        with_conflict(folder, &format!("{HOSTILE} hier"), &format!("{HOSTILE} dort"));
        with_letter(folder, "event-<b>", HOSTILE, HOSTILE);
    });
    setup.dashboard.title = HOSTILE.to_owned();
    let served = setup.start();
    let mut tab = Tab::signed_in(&served);
    tab.press("/dashboard", "/dashboard/sync", &[]);
    served.until(|s| s.admin("GET", "/api/sync").data()["status"] == "failed");
    for path in
        ["/dashboard", "/dashboard/sources/hemera", "/dashboard/sources/%3Cscript%3E", "/dashboard/<b>"]
    {
        let text = tab.get(path).text();
        assert!(!text.contains("<script>") && !text.contains("<b>"), "{path}: {text}");
    }
    let text = tab.page("/dashboard/sources/hemera");
    let shown = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;";
    assert!(text.matches(shown).count() >= 5, "run, letter, conflict, title: {text}");
}

#[test]
fn a_sync_is_started_and_told_of() {
    let (step, begun, go) = held();
    let served = setup().step(step).start();
    let mut tab = Tab::signed_in(&served).speaking("de");
    let page = "/dashboard/sources/hemera";
    let answer = tab.press(page, "/dashboard/sync", &[("connector", "hemera"), ("full", "1")]);
    assert_eq!((answer.status, answer.header("location")), (303, Some(page)));
    begun.recv_timeout(PATIENCE).unwrap();
    let text = tab.page(page);
    assert!(
        text.contains("Der Sync hat begonnen.")
            && text.contains("<progress")
            && text.contains("Läuft gerade")
    );
    assert!(!tab.page(page).contains("Der Sync hat begonnen."), "it is said once");
    let job = served.admin("GET", "/api/sync").data()["jobId"].as_str().unwrap().to_owned();
    assert_eq!(tab.press("/dashboard", "/dashboard/sync", &[]).header("location"), Some("/dashboard"));
    assert!(tab.page("/dashboard").contains(&format!("Es läuft schon ein Sync: {job}")));
    assert_eq!(tab.press(page, "/dashboard/sync", &[("connector", "nobody")]).status, 400);
    go.send(()).unwrap();
    served.until(|s| s.admin("GET", "/api/sync").data()["status"] == "success");
    // Another process has the site.
    let lock = served.path(".aither/lock");
    let mut held = None;
    served.until(|_| {
        held = aither::base::files::Lock::take(&lock).unwrap();
        held.is_some()
    });
    tab.press("/dashboard", "/dashboard/sync", &[]);
    assert!(tab.page("/dashboard").contains("Ein anderer Prozess baut oder synchronisiert gerade."));
    drop(held);
    let text = tab.page("/dashboard");
    assert!(
        text.contains("Alles läuft.") && text.contains("Von Hand") && text.contains("In Ordnung"),
        "{text}"
    );
    assert!(!text.contains("<progress"));
}

#[test]
fn a_conflict_is_decided() {
    for (resolution, said) in [("local", "Der Text von hier gilt"), ("remote", "Der Text der Quelle gilt")] {
        let served = setup().prepared(|folder| with_conflict(folder, "hier", "dort")).start();
        let mut tab = Tab::signed_in(&served).speaking("de");
        assert!(tab.page("/dashboard").contains("1 offener Konflikt"));
        let page = "/dashboard/sources/hemera";
        let text = tab.page(page);
        let id = text.split_once("name=\"id\" value=\"conflict-").unwrap().1.split('"').next().unwrap();
        let id = format!("conflict-{id}");
        let seen = field(&text, "seen");
        // Nobody decides on a text that has changed since it was shown.
        with_conflict(served.folder.path(), "hier", "dort, inzwischen anders");
        let decided = [("id", &*id), ("seen", &*seen), ("resolution", resolution)];
        tab.press(page, "/dashboard/conflicts", &decided);
        let text = tab.page(page);
        assert!(
            text.contains("Der Text hat sich inzwischen geändert.") && text.contains("inzwischen anders")
        );
        let seen = field(&text, "seen");
        let decided = [("id", &*id), ("seen", &*seen), ("resolution", resolution)];
        assert_eq!(
            tab.press(page, "/dashboard/conflicts", &[("id", &id), ("seen", &seen), ("resolution", "both")])
                .status,
            400
        );
        let answer = tab.press(page, "/dashboard/conflicts", &decided);
        assert_eq!((answer.status, answer.header("location")), (303, Some(page)));
        let text = tab.page(page);
        assert!(text.contains(said) && text.contains("Keine offenen Konflikte."), "{text}");
        let listed = served.admin("GET", "/api/sync/conflicts").data();
        assert_eq!(
            (&listed[0]["status"], &listed[0]["resolution"]),
            (&"resolved".into(), &resolution.into())
        );
        tab.press(page, "/dashboard/conflicts", &decided);
        assert!(tab.page(page).contains("Dieser Konflikt ist schon entschieden."));
        tab.press(
            page,
            "/dashboard/conflicts",
            &[("id", "conflict-x"), ("seen", &seen), ("resolution", resolution)],
        );
        assert!(tab.page(page).contains("Diesen Konflikt gibt es nicht mehr."));
    }
}

#[test]
fn a_dead_letter_is_tried_again_or_dropped() {
    let served = setup()
        .prepared(|folder| {
            with_letter(folder, "event/1 %?&", "course:kurs-1", "the source is away");
            with_letter(folder, "event-2", "course:kurs-2", "the source is away");
        })
        .start();
    let mut tab = Tab::signed_in(&served).speaking("en");
    let text = tab.page("/dashboard");
    assert!(
        text.contains("2 dead letters")
            && text.contains("course.updated")
            && text.contains("the source is away")
    );
    assert_eq!(
        tab.press("/dashboard", "/dashboard/dead-letters", &[("id", "event-2"), ("action", "x")]).status,
        400
    );
    tab.press("/dashboard", "/dashboard/dead-letters", &[("id", "event-2"), ("action", "drop")]);
    let text = tab.page("/dashboard");
    assert!(text.contains("Dropped: event-2") && text.contains("1 dead letter"), "{text}");
    tab.press("/dashboard", "/dashboard/dead-letters", &[("id", "event/1 %?&"), ("action", "retry")]);
    assert!(tab.page("/dashboard").contains("Is tried again: event/1 %?&amp;"));
    served.until(|s| s.admin("GET", "/api/sync").json()["data"]["status"] == "success");
    assert_eq!(served.admin("GET", "/api/sync").data()["runType"], "webhook");
    served.until(|_| tab.page("/dashboard").contains("The queue is empty."));
    tab.press("/dashboard", "/dashboard/dead-letters", &[("id", "event-2"), ("action", "retry")]);
    assert!(tab.page("/dashboard").contains("This dead letter is not there any more."));
}

#[test]
fn the_history_is_drawn_listed_and_paged() {
    let mut number = 0;
    let mut setup = setup().step(move |_, gate| {
        number += 1;
        if number == 3 {
            return Err(Error::new(Kind::Unavailable, "the source is away"));
        }
        gate.pass()?;
        let mut figures = RunFigures {
            courses_fetched: 1_234,
            changed: RunChanges { added: 2, updated: number, removed: 0 },
            cursor_before: Some(format!("cursor-{number}")),
            cursor_after: Some(format!("cursor-{}", number + 1)),
            ..RunFigures::default()
        };
        if number == 4 {
            let message = "kurs-9: no title".to_owned();
            figures.errors = vec![RunError { entity: "course".into(), message, timestamp: Timestamp::now() }];
        }
        Ok(figures)
    });
    setup.connectors = ["all", "hemera", "schule"].map(str::to_owned).to_vec();
    let served = setup.start();
    let sync = |body: &str| sync_and_wait(&served, body);
    for number in 1..=23 {
        assert_eq!(sync("{}"), if number == 3 { 502 } else { 200 });
    }
    assert_eq!(sync("{\"connector\":\"schule\"}"), 200);
    let mut tab = Tab::signed_in(&served).speaking("en");
    let text = tab.page("/dashboard/sources/hemera");
    assert!(text.contains("Page 1 of 2") && text.contains("?page=2#runs"));
    assert_eq!(text.matches("<tr id=\"sync-").count(), 20);
    assert!(
        text.contains("cursor-24</code>") && text.contains("1,234") && text.contains("2 added, 23 changed")
    );
    assert!(
        text.contains("23 runs, the longest") && text.contains("; 1 failed.") && text.contains("44 added")
    );
    assert!(text.contains("<span class=\"entity\">course</span> kurs-9: no title"));
    assert_eq!(text.matches("<rect class=\"failed\"").count(), 1);
    let text = tab.page("/dashboard/sources/hemera?page=2");
    assert!(text.contains("Page 2 of 2") && text.contains("the source is away") && text.contains("1 remark"));
    assert!(tab.page("/dashboard/sources/hemera?page=99").contains("Page 2 of 2"));
    let text = tab.page("/dashboard/sources/schule");
    assert!(text.contains("Healthy") && text.contains("Page 1 of 2"));
    let text = tab.page("/dashboard");
    assert!(text.contains("all sources") && text.contains("href=\"/dashboard/sources/schule\""));
}

#[test]
fn open_pages_hear_of_changes_until_the_session_ends() {
    let (step, begun, go) = held();
    let served = setup().step(step).start();
    let mut tab = Tab::signed_in(&served).speaking("en");
    let text = tab.page("/dashboard");
    let mark = text.split_once("data-mark=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let session = tab.cookies["aither-session"].clone();
    let mut client = served.connect();
    let head = format!(
        "GET /dashboard/events?view=%2Fdashboard&mark={mark} HTTP/1.1\r\nHost: localhost\r\n\
         Cookie: aither-session={session}\r\nAccept-Language: en\r\nSec-Fetch-Site: same-origin\r\n\r\n"
    );
    client.write(head.as_bytes());
    let mut line = String::new();
    let mut until = |sign: &str| loop {
        line.clear();
        assert!(client.stream.read_line(&mut line).unwrap() > 0, "ended before {sign}");
        if line.contains(sign) {
            return line.clone();
        }
    };
    until("200 OK");
    until("text/event-stream");
    until("retry:");
    // The first thing that is told is a change: the page is as it was.
    send_event(&served, "event-7");
    begun.recv_timeout(PATIENCE).unwrap();
    let page = until("running-card");
    assert!(page.starts_with("data: {\"html\":\"") && page.contains("Webhook"), "{page}");
    go.send(()).unwrap();
    until("All is well.");
    tab.press("/dashboard", "/dashboard/sign-out", &[]);
    until("event: end");
    let mut rest = Vec::new();
    client.stream.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
    let _ = client.stream.read_to_end(&mut rest);

    // Not for pages of elsewhere, not for what there is not, and not for everybody.
    let mut tab = Tab::signed_in(&served);
    let view = "/dashboard/events?view=%2Fdashboard";
    assert_eq!(tab.send("GET", view, &[("Sec-Fetch-Site", "cross-site")], "").status, 404);
    assert_eq!(tab.get("/dashboard/events?view=%2Fx").status, 404);
}

#[test]
fn a_run_under_way_says_how_far_it_is() {
    let (begun, hear) = std::sync::mpsc::channel();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let progress = Arc::new(Progress::default());
    let heard = Arc::clone(&progress);
    let mut setup = setup().step(move |_, _| {
        for (stage, total, steps) in [(Stage::Fetch, None, 3), (Stage::Render, Some(1_400), 1_120)] {
            heard.begin(stage, total);
            heard.advance(steps);
            begun.send(()).unwrap();
            wait.recv().unwrap();
        }
        Ok(RunFigures::default())
    });
    setup.dashboard.progress = progress;
    let served = setup.start();
    let mut tab = Tab::signed_in(&served).speaking("de");
    tab.press("/dashboard", "/dashboard/sync", &[]);
    hear.recv_timeout(PATIENCE).unwrap();
    let text = tab.page("/dashboard");
    assert!(text.contains("Quellen werden gefragt") && text.contains("3 Antworten"), "{text}");
    assert!(text.contains("<progress aria-label"));
    go.send(()).unwrap();
    hear.recv_timeout(PATIENCE).unwrap();
    let text = tab.page("/dashboard");
    assert!(text.contains("Seiten werden erzeugt") && text.contains("1.120 von 1.400"), "{text}");
    assert!(text.contains("<progress max=\"1400\" value=\"1120\""));
    go.send(()).unwrap();
    served.until(|_| !tab.page("/dashboard").contains("<progress"));
}

#[test]
fn streams_are_bounded_and_end_with_the_server() {
    let served = setup().start();
    let mut tab = Tab::signed_in(&served);
    let session = tab.cookies["aither-session"].clone();
    let head = format!(
        "GET /dashboard/events?view=%2Fdashboard HTTP/1.1\r\nHost: localhost\r\nCookie: aither-session={session}\r\n\r\n"
    );
    let open = || {
        let mut client = served.connect();
        client.write(head.as_bytes());
        let mut line = String::new();
        client.stream.read_line(&mut line).unwrap();
        (line, client)
    };
    let mut streams: Vec<_> = (0..32).map(|_| open()).collect();
    assert!(streams.iter().all(|(line, _)| line.contains("200")));
    let answer = tab.get("/dashboard/events?view=%2Fdashboard");
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("15")));
    assert_eq!(tab.get("/dashboard").status, 200, "pages are there as ever");
    // A tab that has gone makes room.
    drop(streams.pop());
    served.until(|_| open().0.contains("200"));
    let begun = std::time::Instant::now();
    served.stop();
    for (_, mut client) in streams {
        client.drain();
    }
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[test]
fn the_token_that_was_made_for_the_run_opens_the_door_also_where_pages_are_followed() {
    let mut setup =
        setup().files(&[("index.html", "<body>home</body>")]).with(|serve| serve.tokens.admin.clear());
    setup.live = true;
    setup.base_url = "https://academy.example/sub".to_owned();
    let served = setup.start();
    let token = served.token();
    let mut tab = Tab::new(&served);
    assert_eq!(tab.sign_in(&token).status, 303);
    let text = tab.page("/dashboard");
    assert!(!text.contains(".aither/live.js"), "it has a script of its own");
    assert!(served.get("/sub/").text().contains(".aither/live.js"));
    // Public pages keep their own policy.
    let policy = served.get("/sub/").header("content-security-policy").unwrap().to_owned();
    assert!(policy.contains("img-src 'self' data: https:"), "{policy}");
}

/// Of several sources one is away, and is tried again and again.
#[test]
fn one_source_that_fails_is_named_and_the_others_are_well() {
    use aither::model::run::RunSource;
    let mut setup = setup().step(|request, _| match request.connector.as_deref() {
        Some("schule") => Err(Error::new(Kind::Unavailable, "the school is away")),
        _ => {
            let source = |id: &str, status: &str| RunSource {
                id: id.into(),
                status: status.into(),
                ..RunSource::default()
            };
            let message = "the school is away".to_owned();
            let away = RunError { entity: "source schule".into(), message, timestamp: Timestamp::now() };
            Ok(RunFigures {
                sources: vec![source("hemera", "success"), source("schule", "failed")],
                errors: vec![away],
                ..RunFigures::default()
            })
        }
    });
    setup.connectors = ["all", "hemera", "schule"].map(str::to_owned).to_vec();
    let served = setup.start();
    let sync = |body: &str| sync_and_wait(&served, body);
    assert_eq!(sync("{}"), 200);
    let mut tab = Tab::signed_in(&served).speaking("en");
    let mut is_told = || {
        let text = tab.page("/dashboard");
        assert!(text.contains("Not all sources answer: schule."), "{text}");
        assert!(!text.contains("syncs failed") && text.contains("class=\"hero odd\""), "{text}");
    };
    is_told();
    for _ in 0..3 {
        assert_eq!(sync("{\"connector\":\"schule\"}"), 502);
        is_told();
    }
}

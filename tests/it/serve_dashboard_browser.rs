//! The dashboard in a real browser, over a real site: what an operator does on a bad day.

use std::process::{Command, Stdio};

use aither::base::secret::Secret;
use aither::base::signature;
use jiff::Timestamp;
use serde_json::json;

use super::fixture::Fixture;
use super::serve_browser::{Browser, start};
use super::serve_dashboard::with_letter;
use super::serve_events::event;
use super::serve_fixture::{Client, WEBHOOK};

const TOKEN: &str = "admin-token-of-the-browser";
const PAGE: &str = "/dashboard/sources/file";

fn catalogue(site: &Fixture, title: &str) {
    let rows = json!([
        { "id": "a", "slug": "ruhig", "title": title, "level": "BEGINNER", "startDate": "2027-01-10", "participantCount": 3 },
        { "id": "b", "slug": "hoeren", "title": "Zuhören", "level": "BEGINNER", "startDate": "2027-02-10", "participantCount": 3 },
    ]);
    aither::base::files::replace(&site.path("courses.json"), rows.to_string().as_bytes()).unwrap();
}

/// Presses a button by its words.
fn press(browser: &Browser, words: &str) {
    let script = format!(
        "const button = [...document.querySelectorAll('button')].find((b) => b.textContent.trim() === '{words}'); \
         button?.click(); return Boolean(button)"
    );
    browser.until(&script, &true.into());
}

fn says(browser: &Browser, place: &str, words: &str) {
    browser.until(
        &format!("return document.querySelector('{place}')?.textContent.includes('{words}') ?? false"),
        &true.into(),
    );
}

#[test]
fn an_operator_signs_in_mends_what_is_broken_sees_what_happens_and_signs_out() {
    let Some(browser) = Browser::open() else {
        eprintln!("\n*** SKIPPED: no chromedriver here; install chromium and chromium-driver ***\n");
        return;
    };
    let site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10")]);
    catalogue(&site, "Ruhig reden");
    let front = "+++\ncourse = \"a\"\npush = [\"title\"]\ntitle = \"Ruhig reden im Team\"\n+++\n";
    aither::base::files::replace(&site.path("content/courses/ruhig.md"), front.as_bytes()).unwrap();
    site.build();
    catalogue(&site, "Ruhig reden am Telefon");
    with_letter(&site.path("."), "event-dead", "course:b", "the source was away");
    let mut command = Command::new(env!("CARGO_BIN_EXE_aither"));
    command
        .args(["serve", "--port", "0", "--root"])
        .arg(site.path("."))
        .env("AITHER_ADMIN_TOKEN", TOKEN)
        .env("WEBHOOK_SECRET", WEBHOOK)
        .stderr(Stdio::null());
    let (_server, line) = start(&mut command, "http://").unwrap();
    let address = line.split(' ').next().unwrap().trim_end_matches('/').to_owned();

    // Sign in: the way leads to the page that was asked for.
    browser.visit(&format!("{address}{PAGE}?lang=de"));
    browser.until("return location.pathname", &"/dashboard/sign-in".into());
    browser.script(&format!("document.getElementById('token').value = '{TOKEN}'"));
    press(&browser, "Anmelden");
    browser.until("return location.pathname", &PAGE.into());
    browser.until("return document.getElementById('pulse')?.dataset.state", &"live".into());
    assert_eq!(browser.complaints(), Vec::<String>::new());
    assert_eq!(browser.script("return document.cookie"), "", "no script sees the session");

    // Run a sync. It brings the other side of a text that was edited here: a conflict.
    press(&browser, "Jetzt synchronisieren");
    says(&browser, ".said", "Der Sync hat begonnen.");
    browser.script("window.same = 1");
    says(&browser, "#runs tbody tr .result", "erfolgreich");
    says(&browser, "#conflicts .side + .side mark", "am Telefon");
    assert_eq!(browser.script("return window.same"), 1, "shown without a reload");

    // Decide it.
    press(&browser, "Text von hier nehmen");
    says(&browser, ".said", "Der Text von hier gilt.");
    says(&browser, "#conflicts", "Keine offenen Konflikte.");
    let shown = "return fetch('/courses/ruhig/').then((answer) => answer.text()).then((text) => text.includes('Ruhig reden im Team'))";
    browser.until(shown, &true.into());

    // Try the dead letter again: it is followed by a run, and has gone.
    says(&browser, "#letters", "event-dead");
    press(&browser, "Noch einmal");
    says(&browser, ".said", "Wird noch einmal versucht: event-dead");
    browser.script("window.same = 2");
    says(&browser, "#letters", "Nichts ist gescheitert.");
    says(&browser, "#runs tbody tr", "Ereignis");

    // Something happens elsewhere: the run appears, and what the reader is at stays.
    let count = "return document.querySelectorAll('#runs tbody tr').length";
    browser.until(
        "return document.querySelector('#runs tbody tr .result').textContent.trim()",
        &"erfolgreich".into(),
    );
    let before = browser.script(count).as_u64().unwrap();
    browser.script(
        "document.getElementById('run-full').checked = true; document.getElementById('run-full').focus(); \
         document.querySelector('#runs details').open = true; window.row = document.querySelector('#runs tbody tr').id",
    );
    let body = event("event-live", "course.updated", "b");
    let signed = signature::headers(&Secret::new(WEBHOOK), "x", body.as_bytes(), Timestamp::now());
    let signature = signed.into_iter().find(|(name, _)| *name == "x-webhook-signature").unwrap().1;
    let host = address.strip_prefix("http://").unwrap();
    let mut client = Client::new(std::net::TcpStream::connect(host).unwrap());
    let length = body.len();
    client.write(
        format!(
            "POST /api/webhooks/file HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             x-webhook-signature: {signature}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .as_bytes(),
    );
    assert_eq!(client.answer().unwrap().status, 202);
    browser.until(count, &(before + 1).into());
    let state = "return [window.same, document.activeElement.id, document.getElementById('run-full').checked, \
                 document.getElementById(window.row).querySelector('details').open, \
                 document.querySelector('#runs tbody tr details').open]";
    assert_eq!(browser.script(state), json!([2, "run-full", true, true, false]));
    assert_eq!(browser.complaints(), Vec::<String>::new());

    // Sign out: the way back is closed.
    press(&browser, "Abmelden");
    says(&browser, ".said", "Sie sind abgemeldet.");
    browser.visit(&format!("{address}/dashboard"));
    browser.until("return location.pathname", &"/dashboard/sign-in".into());
    // The public pages are as they were: nothing of the dashboard on them.
    browser.visit(&format!("{address}/"));
    assert_eq!(browser.script("return document.documentElement.outerHTML.includes('dashboard')"), false);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

//! A real browser: pages without complaints, and changes that show without a reload.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::fixture::Fixture;
use super::serve_fixture::{Answer, Client};

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A program that ends with the test.
pub(crate) struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A session of a headless browser, driven by WebDriver (W3C).
pub(crate) struct Browser {
    port: u16,
    session: String,
    _driver: Program,
}

/// Starts a program and reads its standard output up to a line that holds `sign`.
pub(crate) fn start(command: &mut Command, sign: &str) -> Option<(Program, String)> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().ok()?;
    let mut output = BufReader::new(child.stdout.take()?);
    let program = Program(child);
    let mut line = String::new();
    while !line.contains(sign) {
        line.clear();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
    }
    // Whatever else it says must not fill the pipe.
    std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
    Some((program, line))
}

impl Browser {
    /// A browser, if this machine has one.
    pub(crate) fn open() -> Option<Self> {
        let (driver, line) =
            start(Command::new("chromedriver").arg("--port=0"), "started successfully on port")?;
        let port = line.trim().trim_end_matches('.').rsplit(' ').next()?.parse().ok()?;
        let mut browser = Self { port, session: String::new(), _driver: driver };
        let options = json!({ "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=800,600"] });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let session = browser.call("POST", "/session", &wanted);
        browser.session = format!("/session/{}", session["sessionId"].as_str()?);
        Some(browser)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut client = Client::new(TcpStream::connect(("127.0.0.1", self.port)).unwrap());
        client.stream.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        client.write(head.as_bytes());
        let answer: Answer = client.answer().unwrap();
        let json = answer.json();
        assert!(json["value"].get("error").is_none(), "{path}: {json}");
        json["value"].clone()
    }

    pub(crate) fn visit(&self, address: &str) {
        self.call("POST", &format!("{}/url", self.session), &json!({ "url": address }));
    }

    pub(crate) fn script(&self, script: &str) -> Value {
        let body = json!({ "script": script, "args": [] });
        self.call("POST", &format!("{}/execute/sync", self.session), &body)
    }

    /// Presses and lets go of each key of a text; what is no letter has a code of its own (WebDriver, section 17.4.2).
    pub(crate) fn press(&self, text: &str) {
        let keys: Vec<Value> = (text.chars())
            .flat_map(|key| {
                ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
            })
            .collect();
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": keys }] });
        self.call("POST", &format!("{}/actions", self.session), &body);
    }

    /// Asks again and again until the answer is right.
    pub(crate) fn until(&self, script: &str, expected: &Value) {
        let begun = Instant::now();
        loop {
            let value = self.script(script);
            if value == *expected {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{script}: {value} and not {expected}");
        }
    }

    /// What the console has said, errors and warnings, since it was last asked.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.call("POST", &format!("{}/se/log", self.session), &json!({ "type": "browser" }));
        let entries = log.as_array().cloned().unwrap_or_default();
        let all = entries.iter().filter(|e| e["level"] != "INFO").map(|e| e["message"].to_string());
        // Browsers ask for this one of themselves; whether a site has an icon is the site's business.
        all.filter(|message| !message.contains("/favicon.ico")).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            self.call("DELETE", &self.session, &json!({}));
        }
    }
}

fn put(site: &Fixture, path: &str, text: &str) {
    aither::base::files::replace(&site.path(path), text.as_bytes()).unwrap();
}

#[test]
fn a_browser_shows_changes_as_they_are_saved() {
    let Some(browser) = Browser::open() else {
        eprintln!("\n*** SKIPPED: no chromedriver here; install chromium and chromium-driver ***\n");
        return;
    };
    let site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10"), ("b", "Zuhören", "2027-02-10")]);
    let footer = |text: &str| format!("<footer id=\"foot\"><p>{text}</p></footer>\n");
    put(&site, "templates/partials/footer.liquid", &footer("Fuß eins"));
    put(&site, "static/extra.css", "body { min-height: 4000px }");
    site.build();
    let mut command = Command::new(env!("CARGO_BIN_EXE_aither"));
    command.args(["watch", "--port", "0", "--root"]).arg(site.path(".")).stderr(Stdio::null());
    let (_server, line) = start(&mut command, "http://").unwrap();
    let address = line.split(' ').next().unwrap().to_owned();

    browser.visit(&address);
    browser.until("return document.getElementById('foot')?.textContent", &"Fuß eins".into());
    let course = browser.script("return document.querySelector('a[href*=\"/courses/ruhig\"]').href");
    browser.visit(course.as_str().unwrap());
    browser.until("return document.getElementById('foot')?.textContent", &"Fuß eins".into());
    assert_eq!(browser.complaints(), Vec::<String>::new());

    // The page knows that it is still the same one.
    browser.script("window.same = 1");
    put(&site, "templates/partials/footer.liquid", &footer("Fuß zwei"));
    browser.until("return document.getElementById('foot')?.textContent", &"Fuß zwei".into());
    assert_eq!(browser.script("return window.same"), 1);

    // Scrolled by the length of the page itself.
    let long = format!("{}<div style=\"height: 4000px\"></div>", footer("lang"));
    put(&site, "templates/partials/footer.liquid", &long);
    browser.until("return document.getElementById('foot')?.textContent", &"lang".into());
    browser.script("window.scrollTo(0, 1234)");
    browser.until("return Math.round(window.scrollY)", &1234.into());
    put(&site, "templates/partials/footer.liquid", &long.replace("lang", "länger"));
    browser.until("return document.getElementById('foot')?.textContent", &"länger".into());
    assert_eq!(browser.script("return [window.same, Math.round(window.scrollY)]"), json!([1, 1234]));

    // What the reader did to the page stays: text in a field, what is unfolded, where the cursor is.
    let form = |text: &str| {
        format!(
            "<footer id=\"foot\"><link rel=\"stylesheet\" href=\"/extra.css\"><p>{text}</p><input id=\"field\">\
             <details id=\"more\"><summary>mehr</summary>{text}</details></footer>\n"
        )
    };
    let text = "return document.querySelector('#foot p')?.textContent";
    put(&site, "templates/partials/footer.liquid", &form("Feld"));
    browser.until(text, &"Feld".into());
    browser.script(
        "const field = document.getElementById('field'); field.value = 'getippt'; field.focus(); \
         document.getElementById('more').open = true",
    );
    put(&site, "templates/partials/footer.liquid", &form("Feld zwei"));
    browser.until(text, &"Feld zwei".into());
    let state = "return [window.same, document.getElementById('field').value, document.activeElement.id, \
                 document.getElementById('more').open]";
    assert_eq!(browser.script(state), json!([1, "getippt", "field", true]));

    // A style sheet is exchanged, and the page stays.
    put(&site, "static/extra.css", "body { min-height: 4000px; border-top: 7px solid }");
    browser.until("return getComputedStyle(document.body).borderTopWidth", &"7px".into());
    assert_eq!(browser.script(state), json!([1, "getippt", "field", true]));

    // An error covers the page, with the place and what to do, and goes with its cause.
    put(&site, "templates/partials/footer.liquid", "<footer>\n  {{ site.title | upcas }}\n</footer>");
    let overlay = "return document.querySelector('aither-problem')?.shadowRoot.textContent ?? ''";
    let begun = Instant::now();
    while !browser.script(overlay).as_str().unwrap().contains("footer.liquid:2") {
        assert!(begun.elapsed() < PATIENCE, "{}", browser.script(overlay));
    }
    let said = browser.script(overlay).as_str().unwrap().to_owned();
    assert!(said.contains("{{ site.title | upcas }}") && said.contains('^'), "{said}");
    assert!(said.contains("upcase"), "{said}");
    put(&site, "templates/partials/footer.liquid", &footer("wieder gut"));
    browser.until("return document.querySelector('aither-problem') === null", &true.into());
    browser.until("return document.getElementById('foot')?.textContent", &"wieder gut".into());
    assert_eq!(browser.script("return window.same"), 1);
    assert_eq!(browser.complaints(), Vec::<String>::new());
    // What is on the disk is what production serves.
    assert!(!site.output("index.html").contains("live.js") && Path::new(&site.path("output")).is_dir());
}

//! The commands and the checklist of the documents that this API goes back to, as they stand there: hosts, secrets and dots
//! that stand for something aside.

use aither::base::secret::Secret;
use aither::base::signature;
use aither::model::run::RunFigures;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::fixture::Fixture;
use super::serve_fixture::{ADMIN, Answer, CRON, PATIENCE, SYNC, Served, WEBHOOK, held, setup};
use super::serve_webhooks::{serve, until};
use crate::support::stand::lock;
use crate::support::{edfi, oneroster};

/// The words of a command of a shell, with its quotes taken off.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in command.replace("\\\n", " ").chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            (None, '|') => break,
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

/// Does what `curl` does with these words.
fn curl(served: &Served, command: &str) -> Answer {
    let mut words = words(command).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"));
    let (mut method, mut url, mut headers, mut body) = (None, None, Vec::new(), String::new());
    while let Some(word) = words.next() {
        match word.as_str() {
            "-s" => {}
            "-X" => method = words.next(),
            "-H" => {
                let header = words.next().unwrap();
                let (name, value) = header.split_once(": ").unwrap();
                headers.push((name.to_owned(), value.to_owned()));
            }
            "-d" => body = words.next().unwrap(),
            "-o" | "-w" => drop(words.next()),
            _ => url = Some(word),
        }
    }
    let url = url.unwrap();
    let path = &url[url.find("/api/").unwrap()..];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    served.send(method.as_deref().unwrap_or("GET"), path, &headers, &body)
}

const START: &str = r#"curl -s -X POST https://aither.example.com/api/sync \
  -H "Authorization: Bearer $AITHER_ADMIN_TOKEN" \
  -H "Content-Type: application/json" \
  -o /dev/null -w "%{http_code}" \
  | xargs -I{} sh -c 'if [ "{}" != "202" ] && [ "{}" != "409" ]; then echo "Sync fehlgeschlagen: HTTP {}" >&2; fi'"#;

const ASK: &str = r#"curl -s https://aither.example.com/api/sync \
  -H "Authorization: Bearer $AITHER_ADMIN_TOKEN" \
  | jq ."#;

/// Every answer of the document about schedules.
#[test]
fn the_commands_of_a_crontab() {
    let (step, begun, go) = held();
    let served = setup().files(&[("index.html", "home")]).step(step).start();
    let with = |command: &str| command.replace("$AITHER_ADMIN_TOKEN", ADMIN);
    let none = curl(&served, &with(ASK));
    assert_eq!((none.status, none.code().as_str()), (404, "NO_SYNC_JOB"));
    assert_eq!(none.json()["error"]["message"], "No sync operation has been run");

    let started = curl(&served, &with(START));
    assert_eq!(started.status, 202);
    let (data, meta) = (started.data(), started.json()["meta"].clone());
    assert!(data["jobId"].as_str().unwrap().starts_with("sync-"), "{data}");
    assert_eq!(data["status"], "running");
    for time in [&data["startTime"], &meta["timestamp"]] {
        assert!(time.as_str().unwrap().parse::<Timestamp>().is_ok(), "{time}");
    }
    assert!(meta["requestId"].as_str().unwrap().starts_with("req-"), "{meta}");
    begun.recv_timeout(PATIENCE).unwrap();

    let busy = curl(&served, &with(START));
    assert_eq!((busy.status, busy.code().as_str()), (409, "SYNC_IN_PROGRESS"));
    assert_eq!(busy.json()["error"]["message"], "A sync operation is already running");
    assert_eq!(curl(&served, START).status, 401, "without the token's value");
    assert_eq!(curl(&served, &START.replace("$AITHER_ADMIN_TOKEN", CRON)).status, 403);

    go.send(()).unwrap();
    served.until(|served| curl(served, &with(ASK)).data()["status"] == "success");
    let data = curl(&served, &with(ASK)).data();
    assert_eq!(
        (&data["courseId"], &data["filesGenerated"], &data["filesSkipped"]),
        (&"cm5abc123".into(), &1.into(), &0.into())
    );
    // Schedulers that can only GET have an address of their own.
    let by_get = format!("curl -H 'Authorization: Bearer {CRON}' https://aither.example.com/api/cron/sync");
    assert_eq!(curl(&served, &by_get).status, 202);
    go.send(()).unwrap();
    served.until(|served| curl(served, &with(ASK)).data()["runType"] == "scheduled");
}

const PROCESS: &str = r#"curl -X POST https://your-domain.com/api/sync/process \
  -H "x-cron-secret: your-cron-secret-here""#;

const ENROLLED: &str = r#"curl -X POST http://localhost:3000/api/webhooks/enrollment-changed \
  -H "Content-Type: application/json" \
  -H "x-webhook-signature: <signature>" \
  -d '{
    "id": "event-123",
    "type": "enrollment.created",
    "resourceId": "enrollment-123",
    "resourceType": "enrollment",
    "data": { ... },
    "timestamp": "2024-01-31T12:00:00.000Z",
    "retryCount": 0,
    "status": "pending"
  }'"#;

const UPDATED: &str = r#"curl -X POST http://localhost:3000/api/webhooks/profile-updated \
  -H "Content-Type: application/json" \
  -H "x-webhook-signature: <signature>" \
  -d '{
    "id": "event-456",
    "type": "profile.updated",
    "resourceId": "user-123",
    "resourceType": "user",
    "data": { ... },
    "timestamp": "2024-01-31T12:00:00.000Z",
    "retryCount": 0,
    "status": "pending"
  }'"#;

const STATUS: &str = r#"curl http://localhost:3000/api/sync/status \
  -H "Cookie: next-auth.session-token=<token>""#;

const HEALTH: &str = r#"curl http://localhost:3000/api/sync/health \
  -H "Cookie: next-auth.session-token=<token>""#;

/// The signature of the body that a command sends, in hexadecimal digits.
fn signed(command: &str, data: &str) -> String {
    let command = command.replace("{ ... }", data);
    let body = words(&command).pop().unwrap();
    let headers = signature::headers(&Secret::new(WEBHOOK), "x", body.as_bytes(), Timestamp::now());
    let signature = headers.into_iter().find(|(name, _)| *name == "x-webhook-signature").unwrap().1;
    command.replace("<signature>", signature.trim_start_matches("sha256="))
}

/// Every command of the document about events.
#[test]
fn the_commands_of_the_webhooks() {
    let served = setup().files(&[("index.html", "home")]).step(|_, gate| {
        gate.pass()?;
        Ok(RunFigures::default())
    });
    let served = served.start();
    let accepted = curl(&served, &signed(ENROLLED, "{ \"courseId\": \"cm5abc123\" }"));
    assert_eq!((accepted.status, &accepted.data()["eventId"]), (202, &"event-123".into()));
    let again = curl(&served, &signed(ENROLLED, "{ \"courseId\": \"cm5abc123\" }"));
    assert_eq!((again.status, &again.data()["duplicate"]), (200, &true.into()));
    assert_eq!(curl(&served, &signed(UPDATED, "{ \"name\": \"Eva\" }")).status, 202);
    assert_eq!(curl(&served, &ENROLLED.replace("{ ... }", "{}")).code(), "INVALID_SIGNATURE");

    let drained = curl(&served, &PROCESS.replace("your-cron-secret-here", CRON));
    assert_eq!(drained.status, 200);
    for name in ["total", "processing", "pending", "failed"] {
        assert_eq!(drained.data()[name], 0, "{name}");
    }
    assert_eq!(curl(&served, PROCESS).status, 401);

    let run = curl(&served, &STATUS.replace("<token>", ADMIN));
    assert_eq!((run.status, &run.data()["runType"]), (200, &"webhook".into()));
    assert!(run.data()["last_synced_at"].is_string() && run.data()["last_updated_at"].is_string());
    let health = curl(&served, &HEALTH.replace("<token>", ADMIN));
    assert_eq!((health.status, &health.data()["healthy"]), (200, &true.into()));
    for name in ["failureRate", "recentFailures", "message", "queue"] {
        assert!(!health.data()[name].is_null(), "{name}");
    }
    for (command, token, status) in
        [(STATUS, SYNC, 200), (HEALTH, SYNC, 403), (STATUS, "x", 401), (HEALTH, "<token>", 401)]
    {
        assert_eq!(curl(&served, &command.replace("<token>", token)).status, status, "{command} {token}");
    }
    // A cookie opens nothing that changes anything: other sites could make a browser send it.
    let cookie = format!("next-auth.session-token={ADMIN}");
    assert_eq!(served.send("POST", "/api/sync", &[("Cookie", &cookie)], "").status, 401);
    assert_eq!(served.send("GET", "/api/cron/sync", &[("Cookie", &cookie)], "").status, 401);
}

/// The checklist: set up, sync, resolve a conflict, see the run of an event. The same by the pages of the dashboard is for
/// its own tests: Run sync, Resolve, the history with the run of an event.
#[test]
fn the_checklist_of_real_time_sync() {
    let roster = oneroster::Service::start(0, oneroster::Habits::default()).unwrap();
    roster.edit("classes", |classes| classes.truncate(3));
    let ods = edfi::Service::start(0, edfi::Habits::default(), edfi::Data::made_up(1)).unwrap();
    // Setup: OneRoster is one of the sources.
    let site = Fixture::new(&format!(
        "[site]\ntitle = \"Alle\"\nbase_url = \"https://s.example\"\n\
         [[sources]]\nid = \"oneroster\"\ntype = \"oneroster\"\nbase_url = \"{}\"\nauth = \"bearer\"\nsecret_env = \"SIS_TOKEN\"\n\
         [[sources]]\nid = \"ods\"\ntype = \"edfi\"\nbase_url = \"{}\"\n",
        roster.base_url(),
        ods.stand.url()
    ))
    .env("SIS_TOKEN", oneroster::BEARER)
    .env("EDFI_CLIENT_ID", edfi::CLIENT.0)
    .env("EDFI_CLIENT_SECRET", edfi::CLIENT.1)
    .write("templates/layouts/course.liquid", "{{ course.title }}")
    .write(
        "content/courses/kurs-000.md",
        "+++\ncourse = \"ods:00000005000000000000000000000000\"\nslug = \"kurs\"\ntitle = \"Unser Titel\"\npush = [\"title\"]\n+++\n",
    );
    let serving = serve(&site);
    let sync = |body: &str| {
        let mut client = serving.connect();
        let head = format!(
            "POST /api/sync HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer token\r\nPrefer: wait=20\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        client.write(head.as_bytes());
        client.answer().unwrap()
    };
    // Sync: of all, and of the one.
    let done = sync("{}");
    assert_eq!(
        (done.status, &done.data()["status"], &done.data()["coursesFetched"]),
        (200, &"success".into(), &5.into())
    );
    let one = sync("{\"connector\":\"oneroster\",\"full\":true}").data();
    assert_eq!(
        (&one["connector"], &one["runType"], &one["coursesFetched"]),
        (&json!("oneroster"), &json!("manual"), &json!(3))
    );
    let health = serving.ask("GET", "/api/sync/health", "").data();
    let names: Vec<&Value> =
        health["connectors"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert!(names.contains(&&json!("oneroster")) && names.contains(&&json!("ods")), "{health}");
    assert_eq!(serving.ask("GET", "/courses/kurs/", "").text(), "Unser Titel");

    // Conflict: changed there as well; the source's own is shown until somebody decides.
    ods.change(|data| data.edit("courses", 0, "courseTitle", json!("Titel dort")));
    assert_eq!(sync("{}").status, 200);
    let open = || serving.ask("GET", "/api/sync/conflicts?status=open", "").data();
    let conflict = open()[0].clone();
    assert_eq!(
        (&conflict["localSnapshot"], &conflict["remoteSnapshot"]),
        (&json!("Unser Titel"), &json!("Titel dort"))
    );
    assert_eq!(serving.ask("GET", "/courses/kurs/", "").text(), "Titel dort");
    let id = conflict["id"].as_str().unwrap();
    let mut client = serving.connect();
    let body = "{\"resolution\":\"local\"}";
    let head = format!(
        "POST /api/sync/conflicts/{id}/resolve HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer token\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    client.write(head.as_bytes());
    let resolved = client.answer().unwrap();
    assert_eq!((resolved.status, &resolved.data()["status"]), (200, &"resolved".into()));
    until(|| serving.ask("GET", "/courses/kurs/", "").text() == "Unser Titel");
    assert_eq!(open(), json!([]));

    // Webhook: one POST, and a run of the type `webhook` is in the history, for that class alone.
    let class = lock(&roster.data).collections["classes"][1]["sourcedId"].as_str().unwrap().to_owned();
    roster.edit("classes", |classes| classes[1]["title"] = json!("Neu benannt"));
    let body = super::serve_events::event("event-1", "course.updated", &class)
        .replace("\"resourceId\":\"enrollment-123\"", &format!("\"resourceId\":\"{class}\""));
    let signed = signature::headers(&Secret::new(WEBHOOK), "event-1", body.as_bytes(), Timestamp::now());
    let headers: String = signed.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut client = serving.connect();
    let begun = std::time::Instant::now();
    client.write(
        format!(
            "POST /api/webhooks/oneroster HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        )
        .as_bytes(),
    );
    assert_eq!(client.answer().unwrap().status, 202);
    until(|| serving.ask("GET", "/courses/neu-benannt/", "").status == 200);
    eprintln!("OneRoster: from the event to the changed page: {} ms", begun.elapsed().as_millis());
    until(|| serving.ask("GET", "/api/sync/queue", "").data()["total"] == 0);
    let runs = serving.ask("GET", "/api/sync/runs?limit=1", "").data();
    assert_eq!(
        (&runs[0]["runType"], &runs[0]["status"], &runs[0]["connector"]),
        (&json!("webhook"), &json!("success"), &json!("oneroster"))
    );
    assert!(runs[0]["cursorBefore"].is_string() && runs[0]["cursorAfter"].is_string(), "{runs}");
}

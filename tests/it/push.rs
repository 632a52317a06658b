//! What goes back to the sources, and what happens where both sides changed a text.

use std::sync::Arc;

use aither::base::clock::ManualClock;
use aither::config::{Config, Environment};
use aither::error::{Error, Kind};
use aither::project::{Options, Project, PushOptions, PushSummary};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::fixture::Fixture;
use crate::serve_fixture::{ADMIN, publish, setup};
use crate::serve_webhooks::{serve, until};
use crate::support::edfi::{self, CLIENT, Data};
use crate::support::hemera::{self, Fault, Scope};
use crate::support::oneroster::{self, BEARER};
use crate::support::stand::{Reply, Trouble, lock};

fn try_push(site: &Fixture, options: PushOptions) -> Result<PushSummary, Error> {
    let environment: Environment = site.environment.iter().cloned().collect();
    let config = Config::load(&site.path(""), &environment)?;
    Project::new(config, Arc::new(ManualClock::new(site.now)), site.reporter.clone()).push(options)
}

fn push(site: &Fixture) -> PushSummary {
    try_push(site, PushOptions::default()).unwrap_or_else(|e| panic!("{e}\n{:?}", e.hints()))
}

fn academy() -> (hemera::Service, Fixture, String) {
    let options = hemera::Options { courses: 6, rate: 1_000_000, ..hemera::Options::default() };
    let service = hemera::Service::start(options).unwrap();
    let site = Fixture::new(
        "source = \"hemera\"\n[site]\nbase_url = \"https://a.example\"\n[hemera]\nretries = 0\n",
    )
    .env("HEMERA_API_BASE_URL", &service.url())
    .env("HEMERA_API_KEY", service.key());
    let free = |one: &hemera::Participation| one.result_outcome.is_none() && one.result_notes.is_none();
    let participation = participations(&service).into_iter().find(free).unwrap().id;
    (service, site, participation)
}

fn participations(service: &hemera::Service) -> Vec<hemera::Participation> {
    let courses = service.catalogue().courses;
    let bookings = courses.into_iter().flat_map(|course| course.bookings);
    bookings.filter_map(|booking| booking.participation).collect()
}

#[test]
fn results_go_to_hemera_once() {
    let (service, site, id) = academy();
    let text =
        format!("[[result]]\nparticipation = \"{id}\"\noutcome = \"Abschluss geheim\"\ncomplete = true\n");
    site.put("content/results/march.toml", &text);
    site.build();
    assert!(
        !site.tree().values().any(|bytes| String::from_utf8_lossy(bytes).contains("geheim")),
        "never a page"
    );
    service.forget_requests();
    let dry = try_push(&site, PushOptions { dry_run: true, ..PushOptions::default() }).unwrap();
    assert_eq!(dry.sent, ["results/march.toml, result 1"]);
    assert!(service.requests().is_empty());

    assert_eq!(push(&site).sent, ["results/march.toml, result 1"]);
    let result = |service: &hemera::Service| {
        let found = participations(service).into_iter().find(|one| one.id == id).unwrap();
        (found.result_outcome, found.result_notes)
    };
    assert_eq!(result(&service), (Some("Abschluss geheim".into()), None));
    service.forget_requests();
    let again = push(&site);
    assert_eq!((again.sent.len(), again.unchanged), (0, 1));
    assert!(service.requests().is_empty(), "what was taken is not sent again");

    site.put("content/results/march.toml", text.replace("geheim", "ganz geheim"));
    assert_eq!(push(&site).sent.len(), 1);
    assert_eq!(result(&service).0.as_deref(), Some("Abschluss ganz geheim"));
    for file in std::fs::read_dir(site.path(".aither")).unwrap().flatten().filter(|f| f.path().is_file()) {
        let text = String::from_utf8_lossy(&std::fs::read(file.path()).unwrap()).into_owned();
        assert!(!text.contains("geheim") && !text.contains(&id), "{:?}", file.path());
    }
}

/// A participant may have written a result meanwhile. Only hashes of it are kept.
#[test]
fn a_result_that_somebody_else_wrote_is_a_conflict() {
    for (side, there) in [("local", "Unsere Fassung"), ("remote", "Eigene Worte")] {
        let (service, site, id) = academy();
        site.put("content/results/a.csv", format!("participation,outcome\n{id},Unsere Fassung\n"));
        site.build();
        let text = |service: &hemera::Service| {
            participations(service)
                .into_iter()
                .find(|one| one.id == id)
                .unwrap()
                .result_outcome
                .unwrap_or_default()
        };
        service.edit(|catalogue| {
            let bookings = catalogue.courses.iter_mut().flat_map(|course| &mut course.bookings);
            let mut all = bookings.filter_map(|booking| booking.participation.as_mut());
            all.find(|one| one.id == id).unwrap().result_outcome = Some("Eigene Worte".into());
        });
        assert_eq!(push(&site).conflicts, ["results/a.csv, row 2"]);
        assert_eq!(push(&site), PushSummary::default(), "nothing goes until somebody decides");
        assert_eq!(text(&service), "Eigene Worte");
        let open = conflicts(&site);
        assert_eq!((&open[0]["entityType"], &open[0]["field"]), (&json!("participation"), &json!("result")));
        let kept = std::fs::read_to_string(site.path(".aither/conflicts.json")).unwrap();
        assert!(!kept.contains("Worte") && !kept.contains("Fassung") && !kept.contains(&id), "{kept}");
        assert!(site.run(&["conflicts", "resolve", open[0]["id"].as_str().unwrap(), side]).status.success());
        let summary = push(&site);
        assert_eq!(summary.sent.len(), usize::from(side == "local"));
        assert_eq!(text(&service), there);
        assert_eq!(push(&site).sent.len(), 0);
    }
}

#[test]
fn what_fails_is_tried_again_and_becomes_a_dead_letter() {
    let (service, site, id) = academy();
    site.put("content/results/a.csv", format!("participation,outcome,notes\n{id},Gut,\"Eins, zwei\"\n"));
    site.build();
    service.set_fault(Fault::InternalError.only(Scope::Participations));
    for round in 1..=3 {
        let summary = push(&site);
        assert_eq!((summary.failed.len(), summary.dead), (1, usize::from(round == 3)), "{round}");
        assert!(
            !format!("{summary:?}").contains(&id) && !format!("{summary:?}").contains("zwei"),
            "{summary:?}"
        );
    }
    service.clear_faults();
    service.forget_requests();
    assert_eq!(push(&site).sent.len(), 0, "a dead letter waits for somebody");
    assert!(service.requests().is_empty());
    let summary = try_push(&site, PushOptions { retry: true, ..PushOptions::default() }).unwrap();
    assert_eq!((summary.sent.len(), summary.dead), (1, 0));
}

#[test]
fn wrong_results_are_told_by_place_and_never_by_value() {
    let (_service, site, _) = academy();
    let long = "x".repeat(2_001);
    site.put(
        "content/results/b.toml",
        format!("[[result]]\nparticipation = \"geheim\"\noutcome = \"{long}\"\n[[result]]\nparticipation = \"p\"\n"),
    );
    site.put("content/results/c.toml", "[[result]]\nparticipation = geheim\n");
    site.put("content/results/d.csv", "participation,outcome\n,Anas Geheimnis\n");
    site.put("content/results/e.csv", "participation,outcme\np,x\n");
    let error = try_push(&site, PushOptions::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Content);
    let message = error.message();
    for told in [
        "results/b.toml, result 1: `outcome` is longer than 2,000 characters",
        "results/b.toml, result 2: has none of `outcome`, `notes` and `complete`",
        "results/c.toml: line 2 is not TOML",
        "results/d.csv, row 2: names neither a participation (Hemera) nor a result (OneRoster)",
        "results/e.csv: has a column `outcme` that is no field of a result",
    ] {
        assert!(message.contains(told), "{message}");
    }
    assert!(!message.to_lowercase().contains("geheim"), "{message}");
}

#[test]
fn scores_go_to_a_gradebook() {
    let service = oneroster::Service::start(0, oneroster::Habits::default()).unwrap();
    service.edit("classes", |classes| classes.truncate(2));
    let site = roster(&service);
    site.put(
        "content/results/noten.csv",
        "result,line_item,student,score,score_status,score_date,comment\n\
         r-1,li-1,u-1,92.5,fully graded,2026-11-20,gut\nr-2,li-1,u-2,,exempt,2026-11-20,\n",
    );
    site.build();
    assert_eq!(push(&site).sent.len(), 2);
    let data = lock(&service.data);
    let result = &data.results["r-1"]["result"];
    assert_eq!((&result["score"], &result["scoreStatus"]), (&json!(92.5), &json!("fully graded")));
    assert_eq!(
        (&result["lineItem"]["sourcedId"], &result["student"]["sourcedId"]),
        (&json!("li-1"), &json!("u-1"))
    );
    assert!(data.results["r-2"]["result"].get("score").is_none());
}

/// A line first, then what is scored on it; a class has its school in the roster.
#[test]
fn lines_of_a_gradebook_go_before_the_scores_on_them() {
    let service = oneroster::Service::start(0, oneroster::Habits::default()).unwrap();
    service.edit("classes", |classes| classes.truncate(2));
    let class = lock(&service.data).collections["classes"][0].clone();
    let (id, school) = (class["sourcedId"].as_str().unwrap(), class["school"]["sourcedId"].clone());
    let site = roster(&service);
    let line = |title: &str| {
        format!(
            "[[result]]\nresult = \"r-1\"\nline_item = \"li-1\"\nstudent = \"u-1\"\nscore = 3\n\
             score_status = \"submitted\"\nscore_date = 2026-11-20\n\
             [[line_item]]\nid = \"li-1\"\ntitle = \"{title}\"\nassign_date = 2026-11-01\ndue_date = 2026-11-20\n\
             class = \"{id}\"\ncategory = \"homework\"\n"
        )
    };
    site.put("content/results/a.toml", line("Aufsatz"));
    site.build();
    // Where the line is not taken, the score on it waits.
    let ill = || Trouble { path: "/lineItems/li-1".into(), after: 0, times: 1, reply: Reply::empty(503) };
    service.stand.trouble(ill());
    let summary = push(&site);
    assert_eq!((summary.sent.len(), summary.failed.len()), (0, 2));
    assert!(summary.failed[1].why.contains("the line of the gradebook"), "{summary:?}");
    assert_eq!(push(&site).sent, ["results/a.toml, line item 1", "results/a.toml, result 1"]);
    let there = lock(&service.data).line_items["li-1"]["lineItem"].clone();
    assert_eq!((&there["title"], &there["school"]["sourcedId"]), (&json!("Aufsatz"), &school));
    assert_eq!(
        (&there["assignDate"], &there["dueDate"]),
        (&json!("2026-11-01T00:00:00.000Z"), &json!("2026-11-20T23:59:59.000Z"))
    );
    // What a teacher has added there stays, what a teacher has changed there is a conflict.
    let change = |field: &str, value: &str| {
        lock(&service.data).line_items.get_mut("li-1").unwrap()["lineItem"][field] = json!(value);
    };
    change("description", "Zwei Seiten");
    site.put("content/results/a.toml", line("Langer Aufsatz"));
    assert_eq!(push(&site).sent, ["results/a.toml, line item 1"]);
    let there = lock(&service.data).line_items["li-1"]["lineItem"].clone();
    assert_eq!((&there["title"], &there["description"]), (&json!("Langer Aufsatz"), &json!("Zwei Seiten")));
    change("title", "Kurzer Aufsatz");
    site.put("content/results/a.toml", line("Mittlerer Aufsatz"));
    assert_eq!(push(&site).conflicts, ["results/a.toml, line item 1"]);
    assert_eq!(conflicts(&site)[0]["entityType"], "lineItem");

    for (from, to, told) in [
        ("due_date = 2026-11-20", "due_date = 2026-10-20", "`due_date` lies before `assign_date`"),
        ("category = \"homework\"", "", "`category` is missing"),
        ("title = ", "titel = ", "`titel` is no field of a line item"),
        ("[[line_item]]", "[[line]]", "has a key `line` that nobody reads"),
    ] {
        site.put("content/results/a.toml", line("x").replace(from, to));
        let error = try_push(&site, PushOptions::default()).unwrap_err();
        assert!(error.message().contains(told), "{error}");
    }
}

/// A teacher may have written a score meanwhile. Only hashes of it are kept.
#[test]
fn a_score_that_somebody_else_wrote_is_a_conflict() {
    for (side, there) in [("local", 92.5), ("remote", 40.0)] {
        let service = oneroster::Service::start(0, oneroster::Habits::default()).unwrap();
        service.edit("classes", |classes| classes.truncate(2));
        let site = roster(&service);
        let row = |score: &str| {
            format!(
                "result,line_item,student,score,score_status,score_date\nr-1,li-1,u-1,{score},fully graded,2026-11-20\n"
            )
        };
        site.put("content/results/a.csv", row("92.5"));
        site.build();
        // Made by the gradebook for each student, and not yet anybody's word.
        let blank = json!({ "result": { "sourcedId": "r-1", "scoreStatus": "not submitted", "metadata": { "x": 1 } } });
        lock(&service.data).results.insert("r-1".into(), blank);
        assert_eq!(push(&site).sent.len(), 1);
        let score = || lock(&service.data).results["r-1"]["result"]["score"].as_f64().unwrap();
        assert_eq!(
            lock(&service.data).results["r-1"]["result"]["metadata"]["x"],
            1,
            "what we do not know stays"
        );
        site.put("content/results/a.csv", row("91"));
        assert_eq!(push(&site).sent.len(), 1, "what both agreed on may be changed");
        lock(&service.data).results.get_mut("r-1").unwrap()["result"]["score"] = json!("40");
        site.put("content/results/a.csv", row("92.5"));
        assert_eq!(push(&site).conflicts, ["results/a.csv, row 2"]);
        let open = conflicts(&site);
        assert_eq!((&open[0]["entityType"], &open[0]["field"]), (&json!("result"), &json!("result")));
        let kept = std::fs::read_to_string(site.path(".aither/conflicts.json")).unwrap();
        assert!(!kept.contains("r-1") && !kept.contains("92.5"), "{kept}");
        lock(&service.data).results.get_mut("r-1").unwrap()["result"]["score"] = json!(40.0);
        assert!(site.run(&["conflicts", "resolve", open[0]["id"].as_str().unwrap(), side]).status.success());
        assert_eq!(push(&site).sent.len(), usize::from(side == "local"));
        assert_eq!(score(), there);
    }
}

#[test]
fn a_gradebook_is_asked_for_the_right_to_write() {
    let habits = oneroster::Habits { auth: oneroster::Auth::OAuth2, ..oneroster::Habits::default() };
    let service = oneroster::Service::start(0, habits).unwrap();
    service.edit("classes", |classes| classes.truncate(2));
    let (base, token) = (service.base_url(), format!("{}/token", service.stand.url()));
    let site = Fixture::new(&format!(
        "source = \"oneroster\"\n[site]\nbase_url = \"https://s.example\"\n\
         [oneroster]\nbase_url = \"{base}\"\nauth = \"oauth2\"\ntoken_url = \"{token}\"\nretries = 0\n"
    ))
    .env("ONEROSTER_CLIENT_ID", oneroster::CLIENT.0)
    .env("ONEROSTER_CLIENT_SECRET", oneroster::CLIENT.1);
    let row = "result,line_item,student,score_status,score_date\nr-1,li-1,u-1,exempt,2026-11-20\n";
    site.put("content/results/a.csv", row);
    site.build();
    assert_eq!(push(&site).sent.len(), 1);
    let scopes: Vec<String> = service
        .stand
        .log()
        .into_iter()
        .filter_map(|(asked, _)| {
            let form: Vec<_> = aither::base::encode::pairs(std::str::from_utf8(&asked.body).ok()?).collect();
            form.into_iter().find(|(name, _)| name == "scope").map(|(_, scope)| scope)
        })
        .collect();
    assert_eq!(scopes.len(), 2);
    assert!(scopes[0].contains("roster.readonly") && !scopes[0].contains("gradebook"), "{scopes:?}");
    assert!(
        scopes[1].contains("gradebook.createput") && !scopes[1].contains("roster.readonly"),
        "{scopes:?}"
    );
}

fn roster(service: &oneroster::Service) -> Fixture {
    Fixture::new(&format!(
        "source = \"oneroster\"\n[site]\nbase_url = \"https://s.example\"\n[oneroster]\nbase_url = \"{}\"\nretries = 0\n",
        service.base_url()
    ))
    .env("ONEROSTER_TOKEN", BEARER)
}

/// A server sends again what was asked for and failed, and nothing else.
#[test]
fn a_server_tries_again_what_was_asked_for_and_nothing_else() {
    let (service, site, id) = academy();
    let result = |outcome: &str| format!("[[result]]\nparticipation = \"{id}\"\noutcome = \"{outcome}\"\n");
    site.put("content/results/a.toml", result("Erste Fassung"));
    assert!(site.run(&["build"]).status.success());
    let serving = serve(&site);
    let puts = || service.requests().iter().filter(|request| request.method == "PUT").count();
    assert_eq!(serving.ask("POST", "/api/sync", "wait=20").status, 200);
    assert_eq!(serving.ask("POST", "/api/sync/process", "").status, 200);
    assert_eq!(puts(), 0, "nobody has asked for it");

    service.set_fault(Fault::InternalError.only(Scope::Participations));
    assert!(!site.run(&["push"]).status.success());
    let letters = || serving.ask("GET", "/api/sync/dead-letters", "").data();
    until(|| letters().as_array().unwrap().len() == 1);
    let letter = letters()[0].clone();
    assert_eq!((&letter["queue"], &letter["retryCount"]), (&json!("pushes"), &json!(3)));
    assert_eq!(letter["subject"], "results/a.toml, result 1");
    assert!(!letter.to_string().contains(&id), "{letter}");
    service.clear_faults();
    let letter = letter["id"].as_str().unwrap().to_owned();
    let retried = serving.ask("POST", &format!("/api/sync/dead-letters/{letter}/retry"), "");
    assert_eq!(retried.data(), json!({ "id": letter, "queued": true }));
    let outcome = || participations(&service).into_iter().find(|one| one.id == id).unwrap().result_outcome;
    until(|| outcome().as_deref() == Some("Erste Fassung"));
    until(|| serving.ask("GET", "/api/sync/queue", "").data()["total"] == 0);
    let sent = puts();

    // Edited, but not asked for: it stays here, whatever the server does.
    site.put("content/results/a.toml", result("Zweite Fassung"));
    assert_eq!(serving.ask("POST", "/api/sync", "wait=20").status, 200);
    assert_eq!(serving.ask("POST", "/api/sync/process", "").status, 200);
    assert_eq!((puts(), outcome().as_deref()), (sent, Some("Erste Fassung")));

    // Asked for, failed, and edited again before it was tried again: neither text goes.
    service.set_fault(Fault::InternalError.only(Scope::Participations));
    assert!(!site.run(&["push"]).status.success());
    site.put("content/results/a.toml", result("Dritte Fassung"));
    service.clear_faults();
    assert_eq!(serving.ask("POST", "/api/sync/process", "").status, 200);
    until(|| serving.ask("GET", "/api/sync/queue", "").data()["total"] == 0);
    assert_ne!(outcome().as_deref(), Some("Dritte Fassung"));
    drop(serving);
    let journal = std::fs::read_to_string(site.path(".aither/pushes.journal")).unwrap();
    assert!(!journal.contains(&id) && !journal.contains("Fassung"), "{journal}");
}

#[test]
fn pushes_are_worked_off_from_the_command_line_too() {
    let (service, site, id) = academy();
    site.put("content/results/a.csv", format!("participation,outcome\n{id},Gut\n"));
    assert!(site.run(&["build"]).status.success());
    let told = |arguments: &[&str]| {
        let output = site.run(arguments);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert_eq!(told(&["queue", "process"]), (Some(0), "0 done, 0 pending, 0 dead\n".into()));
    service.set_fault(Fault::InternalError.only(Scope::Participations));
    assert_eq!(told(&["push"]).0, Some(69));
    let (_, list) = told(&["queue", "list", "--json"]);
    let entry = serde_json::from_str::<Value>(&list).unwrap()["entries"][0].clone();
    assert_eq!(
        (&entry["queue"], &entry["attempts"], &entry["dead"]),
        (&json!("pushes"), &json!(1), &json!(false))
    );
    service.clear_faults();
    let id = entry["id"].as_str().unwrap();
    assert_eq!(told(&["queue", "retry", id]).0, Some(0));
    assert_eq!(told(&["queue", "process"]), (Some(0), "1 done, 0 pending, 0 dead\n".into()));
    assert_eq!(
        participations(&service).iter().filter(|one| one.result_outcome.as_deref() == Some("Gut")).count(),
        1
    );
    // What will never be taken is a dead letter at once.
    site.put("content/results/a.csv", "participation,outcome\nnobody,Gut\n");
    assert_eq!(told(&["push"]).0, Some(69));
    let (_, list) = told(&["queue", "list"]);
    assert!(list.contains("dead, tried 1 times: there is no such participation"), "{list}");
    assert_eq!(told(&["queue", "drop", list.split(' ').nth(1).unwrap()]).0, Some(0));
    assert_eq!(told(&["queue", "list"]).1, "the queue is empty\n");
}

/// A site over an Ed-Fi server with one course, whose title and description are edited here and meant for the server.
fn edited() -> (edfi::Service, Fixture) {
    let service = edfi::Service::start(0, edfi::Habits::default(), Data::made_up(1)).unwrap();
    service.change(|data| drop(data.resources.get_mut("sections").unwrap().pop()));
    let site = Fixture::new(&format!(
        "source = \"edfi\"\n[site]\nbase_url = \"https://s.example\"\n[edfi]\nbase_url = \"{}\"\nretries = 0\n",
        service.stand.url()
    ))
    .env("EDFI_CLIENT_ID", CLIENT.0)
    .env("EDFI_CLIENT_SECRET", CLIENT.1)
    .write("templates/layouts/course.liquid", "{{ course.title }}|{{ course.description }}")
    .write(
        "content/courses/kurs-000.md",
        "+++\ncourse = \"00000005000000000000000000000000\"\nslug = \"kurs-000\"\ntitle = \"Unser Titel\"\ndescription = \"Unser Text.\"\npush = [\"title\", \"description\"]\n+++\n",
    );
    (service, site)
}

const PAGE: &str = "courses/kurs-000/index.html";

fn course(service: &edfi::Service) -> Value {
    lock(&service.data).row("courses", 0)
}

fn change_there(service: &edfi::Service, field: &str, value: &str) {
    service.change(|data| data.edit("courses", 0, field, json!(value)));
}

fn next(site: &mut Fixture) {
    site.now += SignedDuration::from_mins(5);
    site.build();
}

fn conflicts(site: &Fixture) -> Vec<Value> {
    let output = site.run(&["conflicts", "list", "--all", "--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    told["conflicts"].as_array().unwrap().clone()
}

#[test]
fn texts_of_courses_go_to_edfi_as_a_full_replacement() {
    let (service, mut site) = edited();
    site.build();
    assert_eq!(site.output(PAGE), "Unser Titel|Unser Text.");
    assert_eq!(push(&site).sent.len(), 1);
    let record = course(&service);
    assert_eq!(
        (&record["courseTitle"], &record["courseDescription"]),
        (&json!("Unser Titel"), &json!("Unser Text."))
    );
    assert_eq!(record["_ext"]["TX"]["a"], 1, "what we do not know stays");
    let sent = service.stand.log().into_iter().find(|(asked, _)| asked.method == "PUT").unwrap();
    assert!(sent.0.if_match.is_some() && sent.1 == 204);
    // Before the next sync as after it: what stands here is shown, and nothing goes twice.
    assert_eq!(push(&site).sent.len(), 0);
    site.build();
    assert_eq!(site.output(PAGE), "Unser Titel|Unser Text.");
    next(&mut site);
    assert_eq!((push(&site).sent.len(), conflicts(&site).len()), (0, 0));
}

#[test]
fn fields_that_do_not_overlap_merge_by_themselves() {
    let (service, mut site) = edited();
    site.put("content/courses/kurs-000.md", "+++\ncourse = \"00000005000000000000000000000000\"\nslug = \"kurs-000\"\ntitle = \"Unser Titel\"\npush = [\"title\"]\n+++\n");
    site.build();
    change_there(&service, "courseDescription", "Dort geändert.");
    next(&mut site);
    assert_eq!(site.output(PAGE), "Unser Titel|Dort geändert.");
    assert_eq!(push(&site).sent.len(), 1);
    let record = course(&service);
    assert_eq!(
        (&record["courseTitle"], &record["courseDescription"]),
        (&json!("Unser Titel"), &json!("Dort geändert."))
    );
    // Changed there alone since: the newer text is shown.
    next(&mut site);
    change_there(&service, "courseTitle", "Neuer Titel dort");
    next(&mut site);
    assert_eq!(site.output(PAGE), "Neuer Titel dort|Dort geändert.");
    assert_eq!((push(&site).sent.len(), conflicts(&site).len()), (0, 0));
}

#[test]
fn both_sides_changed_is_a_conflict_until_somebody_decides() {
    for (side, shown, there) in
        [("local", "Unser Titel", "Unser Titel"), ("remote", "Titel dort", "Titel dort")]
    {
        let (service, mut site) = edited();
        site.build();
        change_there(&service, "courseTitle", "Titel dort");
        next(&mut site);
        // The source's own is shown, and nothing of it is pushed; the other text goes.
        assert_eq!(site.output(PAGE), "Titel dort|Unser Text.");
        assert_eq!(push(&site).sent.len(), 1);
        assert_eq!(course(&service)["courseTitle"], "Titel dort");
        let open = conflicts(&site);
        assert_eq!(open.len(), 1);
        assert_eq!(open[0]["localSnapshot"], "Unser Titel");
        assert_eq!(open[0]["remoteSnapshot"], "Titel dort");
        assert_eq!((&open[0]["status"], &open[0]["field"]), (&json!("open"), &json!("title")));
        let id = open[0]["id"].as_str().unwrap();
        assert!(site.run(&["conflicts", "show", id]).status.success());
        assert!(site.run(&["conflicts", "resolve", id, side]).status.success());
        assert!(!site.run(&["conflicts", "resolve", id, side]).status.success(), "once is enough");
        site.try_build(Options { offline: true, ..Options::default() }).unwrap();
        assert_eq!(site.output(PAGE), format!("{shown}|Unser Text."));
        push(&site);
        assert_eq!(course(&service)["courseTitle"], there);
        next(&mut site);
        assert_eq!(site.output(PAGE), format!("{shown}|Unser Text."));
    }
}

/// 412: somebody was quicker than we.
#[test]
fn a_record_that_changes_under_a_push_is_a_conflict() {
    let (service, mut site) = edited();
    site.build();
    service.change(|data| data.quicker = Some(("courseTitle".into(), json!("Schneller"))));
    let summary = push(&site);
    assert_eq!((summary.sent.len(), summary.conflicts.len(), summary.failed.len()), (0, 1, 0));
    assert!(service.stand.log().iter().any(|(asked, status)| asked.method == "PUT" && *status == 412));
    assert_eq!(course(&service)["courseTitle"], "Schneller");
    next(&mut site);
    assert_eq!(site.output(PAGE), "Schneller|Unser Text.");
    assert_eq!(conflicts(&site)[0]["remoteSnapshot"], "Schneller");
    service.stand.trouble(Trouble { path: "/token".into(), after: 0, times: 1, reply: Reply::empty(401) });
    assert_eq!(try_push(&site, PushOptions::default()).unwrap_err().kind(), Kind::Credentials);
}

#[test]
fn the_api_lists_and_resolves_conflicts() {
    let (service, mut site) = edited();
    site.build();
    change_there(&service, "courseTitle", "Titel dort");
    next(&mut site);
    let state = std::fs::read(site.path(".aither/conflicts.json")).unwrap();
    let served = setup()
        .prepared(|folder| {
            publish(folder, &[("index.html", "x")]);
            std::fs::create_dir_all(folder.join(".aither")).unwrap();
            std::fs::write(folder.join(".aither/conflicts.json"), &state).unwrap();
        })
        .start();
    let list = served.admin("GET", "/api/sync/conflicts?status=open");
    let (body, data) = (list.json(), list.data());
    assert_eq!(body["meta"]["pagination"], json!({ "total": 1, "limit": 20, "offset": 0 }));
    let id = data[0]["id"].as_str().unwrap().to_owned();
    let resolve = |body: &str, id: &str| {
        let headers =
            [("Authorization", format!("Bearer {ADMIN}")), ("Content-Type", "application/json".into())];
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        served.send("POST", &format!("/api/sync/conflicts/{id}/resolve"), &headers, body)
    };
    assert_eq!(resolve("{}", &id).code(), "INVALID_REQUEST");
    assert_eq!(resolve("{", &id).code(), "INVALID_JSON");
    assert_eq!(resolve("{\"resolution\":\"local\"}", "conflict-0").code(), "CONFLICT_NOT_FOUND");
    let resolved = resolve("{\"resolution\":\"local\"}", &id).data();
    assert_eq!((&resolved["status"], &resolved["resolution"]), (&json!("resolved"), &json!("local")));
    assert_eq!(resolve("{\"resolution\":\"remote\"}", &id).code(), "CONFLICT_RESOLVED");
    assert_eq!(served.admin("GET", "/api/sync/conflicts?status=open").data(), json!([]));
    assert_eq!(served.admin("GET", "/api/sync/conflicts?status=maybe").code(), "INVALID_REQUEST");
    assert_eq!(served.get("/api/sync/conflicts").code(), "UNAUTHORIZED");
}

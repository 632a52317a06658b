//! The stand-in for the Hemera service does what the recorded answers and the contract say: whatever is tested against
//! it is worth no more than that.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::support::hemera::{Fault, Options, Scope, Service};

/// An answer as it came, its chunks put together.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
    /// Whether the body was as long as announced.
    whole: bool,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    fn number(&self, name: &str) -> i64 {
        self.header(name).unwrap().parse().unwrap()
    }
}

fn exchange(service: &Service, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(service.address()).unwrap();
    // Only a stand-in that hangs meets this.
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let rest = &bytes[end + 4..];
    let (body, whole) = match headers.get("content-length") {
        Some(length) => (rest.to_vec(), length.parse() == Ok(rest.len())),
        None if headers.contains_key("transfer-encoding") => dechunk(rest),
        None => (rest.to_vec(), true),
    };
    Some(Answer { status, headers, body, whole })
}

fn dechunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(line) = rest.windows(2).position(|two| two == b"\r\n") else { return (body, false) };
        let size =
            std::str::from_utf8(&rest[..line]).ok().and_then(|hex| usize::from_str_radix(hex, 16).ok());
        rest = &rest[line + 2..];
        match size {
            Some(0) => return (body, true),
            Some(size) if rest.len() >= size + 2 => {
                body.extend_from_slice(&rest[..size]);
                rest = &rest[size + 2..];
            }
            _ => return (body, false),
        }
    }
}

fn send(service: &Service, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    parse(&exchange(service, request.as_bytes())).unwrap()
}

fn get(service: &Service, path: &str) -> Answer {
    send(service, "GET", path, &[("X-API-Key", service.key())], "")
}

fn put(service: &Service, path: &str, body: &str) -> Answer {
    send(service, "PUT", path, &[("X-API-Key", service.key())], body)
}

fn start(change: impl FnOnce(&mut Options)) -> Service {
    let mut options = Options { rate: 10_000, ..Options::default() };
    change(&mut options);
    Service::start(options).unwrap()
}

fn rows(answer: &Answer) -> Vec<Value> {
    answer.json()["data"].as_array().unwrap().clone()
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// A recorded answer.
fn capture(name: &str) -> Answer {
    let read = |end: &str| std::fs::read(format!("tests/captures/hemera/{name}.{end}")).unwrap();
    let mut head =
        String::from_utf8(read("headers")).unwrap().trim_end().replace("\r\n", "\n").replace('\n', "\r\n");
    head.push_str("\r\n\r\n");
    let mut answer = parse(head.as_bytes()).unwrap();
    answer.body = read("body");
    answer
}

/// The keys of an object in their order, and those of the objects inside.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        Value::Array(items) => items.iter().take(1).map(shape).collect(),
        _ => Value::Null,
    }
}

/// The headers that a client can see a difference in.
fn telling(answer: &Answer) -> Vec<(&str, Option<&str>)> {
    let fixed = ["content-type", "access-control-max-age", "x-powered-by", "transfer-encoding"];
    let varying =
        ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after", "x-request-id"];
    let fixed = fixed.into_iter().map(|name| (name, answer.header(name)));
    let varying = varying.into_iter().map(|name| (name, answer.header(name).map(|_| "present")));
    fixed.chain(varying).collect()
}

fn assert_like_capture(answer: &Answer, name: &str) {
    let recorded = capture(name);
    assert_eq!(answer.status, recorded.status, "{name}");
    assert_eq!(telling(answer), telling(&recorded), "{name}");
    if answer.header("content-type") == Some("application/json") {
        let (ours, theirs) = (answer.json(), recorded.json());
        assert_eq!(shape(&ours).to_string(), shape(&theirs).to_string(), "{name}");
        assert_eq!(ours["error"], theirs["error"], "{name}");
        assert_eq!(ours["message"], theirs["message"], "{name}");
    }
}

#[test]
fn answers_have_the_form_of_the_recorded_ones() {
    let service = start(|options| options.courses = 60);
    let wrong = "x".repeat(40);
    let catalogue = service.catalogue();
    let busy =
        catalogue.courses.iter().find(|course| course.bookings.len() > 2 && course.topics.len() > 1).unwrap();
    let quiet = catalogue.courses.iter().find(|course| course.bookings.is_empty()).unwrap();
    let bare = catalogue.courses.iter().find(|course| course.topics.is_empty()).unwrap();
    let begun = catalogue.courses.iter().flat_map(|course| &course.bookings);
    let begun = begun.filter_map(|booking| booking.participation.as_ref()).next().unwrap();
    let course = |id: &str| format!("/api/service/courses/{id}");
    let result = format!("/api/service/participations/{}/result", begun.id);
    let bearer = format!("Bearer {}", service.key());
    let cases = [
        ("01-courses", get(&service, "/api/service/courses")),
        ("02-courses-published-false", get(&service, "/api/service/courses?published=false")),
        ("03-courses-level", get(&service, "/api/service/courses?level=ADVANCED")),
        ("04-courses-level-bad", get(&service, "/api/service/courses?level=advanced")),
        ("05-courses-limit2-offset1", get(&service, "/api/service/courses?limit=2&offset=1")),
        ("07-courses-limit501", get(&service, "/api/service/courses?limit=501")),
        ("10-noauth", send(&service, "GET", "/api/service/courses", &[], "")),
        ("11-badkey", send(&service, "GET", "/api/service/courses", &[("X-API-Key", &wrong)], "")),
        (
            "13-bearer-as-key",
            send(&service, "GET", "/api/service/courses", &[("Authorization", &bearer)], ""),
        ),
        ("19-templates", get(&service, "/api/service/templates")),
        ("20-participations-list", get(&service, "/api/service/participations")),
        ("22-templates-noauth", send(&service, "GET", "/api/service/templates", &[], "")),
        ("30-course-detail", get(&service, &course(&busy.id))),
        ("31-course-detail-empty", get(&service, &course(&quiet.id))),
        ("32-course-404", get(&service, &course("cnowhere0000000000000000x"))),
        ("33-course-bad-id", get(&service, &course("17"))),
        ("35-course-bad-id-badkey", send(&service, "GET", &course("17"), &[("X-API-Key", &wrong)], "")),
        ("37-materials", get(&service, &format!("{}/materials", course(&busy.id)))),
        ("38-materials-empty", get(&service, &format!("{}/materials", course(&bare.id)))),
        ("40-participation", get(&service, &format!("/api/service/participations/{}", begun.id))),
        ("41-participation-404", get(&service, "/api/service/participations/cnowhere0000000000000000x")),
        ("42-result-put", put(&service, &result, "{\"resultOutcome\":\"gut\",\"complete\":true}")),
        ("44-result-put-empty", put(&service, &result, "{}")),
        ("45-result-put-badjson", put(&service, &result, "{")),
    ];
    for (name, answer) in &cases {
        assert_like_capture(answer, name);
    }
    service.set_fault(Fault::InternalError);
    assert_like_capture(&get(&service, "/api/service/courses"), "50-db-down");
    service.clear_faults();
    service.configure(|options| options.wrapped = true);
    assert_like_capture(&get(&service, "/api/service/courses?limit=1"), "60-legacy-courses");
    assert_like_capture(&get(&service, &course(&quiet.id)), "61-legacy-course");
    service.configure(|options| options.rate = 1);
    assert_like_capture(&get(&service, "/api/service/courses"), "48-rate-limited");
}

#[test]
fn only_the_whole_key_opens() {
    let service = start(|_| {});
    let with = |key: &str| send(&service, "GET", "/api/service/courses", &[("X-API-Key", key)], "").status;
    assert_eq!(with(service.key()), 200);
    assert_eq!(with(&service.key()[1..]), 401);
    assert_eq!(with("short"), 401);
    assert_eq!(with(&"k".repeat(257)), 401);
    // A key that is out of bounds is refused even where it is the one that was set up.
    let short = start(|options| options.key = "short".to_owned());
    assert_eq!(get(&short, "/api/service/courses").status, 401);
}

#[test]
fn a_page_has_a_hundred_rows_unless_asked_otherwise() {
    let service = start(|options| options.courses = 620);
    let count = |query: &str| {
        let answer = get(&service, &format!("/api/service/courses{query}"));
        (answer.status, answer.json()["data"].as_array().map(Vec::len))
    };
    assert_eq!(count(""), (200, Some(100)));
    assert_eq!(count("?limit=500"), (200, Some(500)));
    assert_eq!(count("?limit=500&offset=500"), (200, Some(120)));
    assert_eq!(count("?limit=500&offset=620"), (200, Some(0)));
    assert_eq!(count("?published=false"), (200, Some(2)));
    assert_eq!(count("?published=TRUE"), (200, Some(2)));
    for bad in
        ["limit=0", "limit=501", "limit=", "limit=x", "limit=-1", "offset=-1", "offset=x", "level=EXPERT"]
    {
        assert_eq!(count(&format!("?{bad}")), (400, None), "{bad}");
    }
    let levels: usize = ["BEGINNER", "INTERMEDIATE", "ADVANCED"]
        .map(|level| count(&format!("?limit=500&level={level}")).1.unwrap())
        .iter()
        .sum();
    assert_eq!(levels, 620);
}

#[test]
fn dates_ascend_and_equal_ones_come_as_they_like() {
    let service = start(|options| options.courses = 120);
    let once = rows(&get(&service, "/api/service/courses?limit=500"));
    let again = rows(&get(&service, "/api/service/courses?limit=500"));
    let dates: Vec<Option<&str>> = once.iter().map(|row| row["startDate"].as_str()).collect();
    let dated: Vec<&str> = dates.iter().flatten().copied().collect();
    assert!(dated.is_sorted());
    assert!(dates[..dated.len()].iter().all(Option::is_some), "courses without a date come last");
    assert!(dated.len() < dates.len());
    let (first, second) = (ids(&once), ids(&again));
    assert_ne!(first, second);
    assert_eq!(first.iter().collect::<BTreeSet<_>>(), second.iter().collect::<BTreeSet<_>>());
    let groups = dated.chunk_by(|a, b| a == b).filter(|group| group.len() > 1).count();
    assert!(groups > 10, "{groups} days with several courses");
}

#[test]
fn a_full_window_refuses_until_it_ends() {
    let service = start(|options| options.rate = 3);
    let path = "/api/service/courses?limit=1";
    let first = get(&service, path);
    assert_eq!((first.number("x-ratelimit-limit"), first.number("x-ratelimit-remaining")), (3, 2));
    // What is wrong within the service counts, what does not reach it does not.
    assert_eq!(get(&service, "/api/service/courses?limit=0").number("x-ratelimit-remaining"), 1);
    assert_eq!(get(&service, "/api/service/courses/17").header("x-ratelimit-remaining"), None);
    assert_eq!(get(&service, "/api/service/templates").status, 404);
    assert_eq!(send(&service, "GET", path, &[], "").status, 401);
    let last = send(&service, "HEAD", path, &[("X-API-Key", service.key())], "");
    assert_eq!((last.status, last.number("x-ratelimit-remaining"), last.body.len()), (200, 0, 0));
    let refused = get(&service, path);
    assert_eq!(refused.status, 429);
    assert!((1..=60).contains(&refused.number("retry-after")));
    assert_eq!(refused.number("x-ratelimit-reset"), first.number("x-ratelimit-reset"));
    let detail = format!("/api/service/courses/{}", service.catalogue().courses[0].id);
    assert_eq!(get(&service, &detail).status, 429, "the window is one for all routes");
    service.advance(Duration::from_secs(60));
    let after = get(&service, path);
    assert_eq!((after.status, after.number("x-ratelimit-remaining")), (200, 2));
    assert!(after.number("x-ratelimit-reset") >= first.number("x-ratelimit-reset") + 60);
}

#[test]
fn people_come_in_any_order_with_other_pictures_each_time() {
    let service = start(|options| options.courses = 60);
    let catalogue = service.catalogue();
    let course = catalogue.courses.iter().max_by_key(|course| course.bookings.len()).unwrap();
    let path = format!("/api/service/courses/{}", course.id);
    let people = |field: &str| -> Vec<Vec<String>> {
        (0..8)
            .map(|_| {
                let data = get(&service, &path).json()["data"].clone();
                let list = data["participants"].as_array().unwrap().clone();
                assert_eq!(list.len(), data["participations"].as_array().unwrap().len());
                list.iter().filter_map(|one| one[field].as_str().map(str::to_owned)).collect()
            })
            .collect()
    };
    let orders = people("bookingId");
    assert!(orders.iter().any(|order| *order != orders[0]));
    let sorted: BTreeSet<BTreeSet<&String>> = orders.iter().map(|order| order.iter().collect()).collect();
    assert_eq!(sorted.len(), 1);
    let pictures = people("imageUrl").concat();
    assert!(!pictures.is_empty());
    assert_eq!(pictures.iter().collect::<BTreeSet<_>>().len(), pictures.len());
}

#[test]
fn a_result_is_checked_and_kept() {
    let service = start(|_| {});
    let catalogue = service.catalogue();
    let bookings = catalogue.courses.iter().flat_map(|course| &course.bookings);
    let id = bookings.filter_map(|booking| booking.participation.as_ref()).next().unwrap().id.clone();
    let path = format!("/api/service/participations/{id}/result");
    let long = |length: usize| format!("{{\"resultNotes\":\"{}\"}}", "ü".repeat(length));
    for bad in ["[]", "{\"complete\":\"yes\"}", "{\"resultNotes\":null}", "{\"else\":1}", &long(2001)] {
        assert_eq!(put(&service, &path, bad).status, 400, "{bad}");
    }
    assert_eq!(
        put(&service, "/api/service/participations/cnobody00/result", "{\"complete\":true}").status,
        404
    );
    assert_eq!(put(&service, &path, &long(2000)).status, 200);
    assert_eq!(put(&service, &path, "{\"complete\":true,\"resultOutcome\":\"7 %\"}").status, 200);
    let kept = get(&service, &format!("/api/service/participations/{id}")).json()["data"].clone();
    assert_eq!((kept["status"].as_str(), kept["resultOutcome"].as_str()), (Some("COMPLETE"), Some("7 %")));
    assert!(kept["resultCompletedAt"].is_string());
    assert_eq!(get(&service, &path).status, 405);
}

#[test]
fn switches_add_what_the_service_does_not_do_today() {
    let service = start(|options| {
        options.templates = true;
        options.etag = true;
        options.null_materials = true;
        options.courses = 60;
    });
    let templates = get(&service, "/api/service/templates");
    assert_eq!(shape(&templates.json()["data"]).to_string(), {
        let row = ["id", "name", "kind", "markup", "updatedAt"].map(|name| format!("\"{name}\":null"));
        format!("[{{{}}}]", row.join(","))
    });
    let catalogue = service.catalogue();
    let course = catalogue.courses.iter().find(|course| !course.topics.is_empty()).unwrap();
    let materials = get(&service, &format!("/api/service/courses/{}/materials", course.id)).json();
    assert!(materials["data"]["topics"][0]["materials"][0]["htmlContent"].is_null());

    let detail = format!("/api/service/courses/{}", course.id);
    for path in ["/api/service/courses", "/api/service/templates", &detail] {
        let tag = get(&service, path).header("etag").unwrap().to_owned();
        let again = |tag: &str| {
            send(&service, "GET", path, &[("X-API-Key", service.key()), ("If-None-Match", tag)], "")
        };
        let unchanged = again(&tag);
        assert_eq!((unchanged.status, unchanged.body.len()), (304, 0), "{path}");
        assert_eq!(unchanged.header("etag"), Some(tag.as_str()));
        service.edit(|catalogue| {
            catalogue.templates[0].markup.push('!');
            catalogue.courses.iter_mut().for_each(|course| course.title.push('!'));
        });
        assert_eq!(again(&tag).status, 200, "{path}");
    }
}

#[test]
fn faults_replace_the_answer() {
    let service = start(|_| {});
    let list = || get(&service, "/api/service/courses");
    let with = |fault: Fault| {
        service.set_fault(fault);
        list()
    };
    let unavailable = with(Fault::AuthConfiguration);
    assert_eq!((unavailable.status, unavailable.json().get("meta")), (503, None));
    assert_eq!(with(Fault::Unauthorized).status, 401);
    let limited = with(Fault::Limited(7));
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("7")));
    let cut = with(Fault::CutOff);
    assert_eq!((cut.status, cut.whole), (200, false));
    assert!(!cut.body.is_empty());
    for fault in [Fault::Truncated, Fault::Garbage, Fault::Html, Fault::Empty] {
        let answer = with(fault.clone());
        assert_eq!((answer.status, answer.whole), (200, true), "{fault:?}");
        assert!(serde_json::from_slice::<Value>(&answer.body).is_err(), "{fault:?}");
        assert_eq!(answer.body.is_empty(), fault == Fault::Empty);
    }
    let row = with(Fault::WrongTypes).json()["data"][0].clone();
    assert!(row["id"].is_number() && row["title"].is_number() && row["participantCount"].is_string());
    let refused = with(Fault::NotSuccessful);
    assert_eq!((refused.status, refused.json()["success"].as_bool()), (200, Some(false)));
    let huge = with(Fault::Huge(1 << 20));
    assert_eq!((huge.status, huge.body.len(), huge.whole), (200, 1 << 20, true));
    service.clear_faults();
    assert_eq!(list().json()["success"].as_bool(), Some(true));
    // A fault is no excuse for a missing key.
    service.set_fault(Fault::Html);
    assert_eq!(send(&service, "GET", "/api/service/courses", &[], "").status, 401);
}

#[test]
fn faults_reshape_the_catalogue() {
    let service = start(|_| {});
    let list = || rows(&get(&service, "/api/service/courses?limit=500"));
    let first = service.catalogue().courses[..3].to_vec();
    service.set_fault(Fault::Shrink(0.25));
    assert_eq!(list().len(), 6);
    let gone = format!("/api/service/courses/{}", service.catalogue().courses[23].id);
    assert_eq!(get(&service, &gone).status, 404);
    service.set_fault(Fault::NoCourses);
    assert!(list().is_empty());
    service.set_fault(Fault::Duplicates);
    let doubled = ids(&list());
    assert_eq!((doubled.len(), doubled.iter().collect::<BTreeSet<_>>().len()), (32, 24));
    service.set_fault(Fault::BadRecords);
    let bad = list();
    let find = |id: &str| bad.iter().find(|row| row["id"] == id).unwrap();
    assert_eq!(bad.len(), 24);
    assert_eq!(find(&first[0].id)["level"], "EXPERT");
    assert_eq!(find(&first[1].id).get("title"), None);
    assert_eq!(find(&first[2].id)["startDate"], "demnächst");
}

#[test]
fn faults_keep_to_their_requests() {
    let service = start(|_| {});
    let detail = format!("/api/service/courses/{}", service.catalogue().courses[0].id);
    let list = || get(&service, "/api/service/courses").status;
    service.set_fault(Fault::InternalError.only(Scope::List).starting_at(2).first(2));
    let statuses = [list(), get(&service, &detail).status, list(), list(), list()];
    assert_eq!(statuses, [200, 200, 500, 500, 200]);
    service.set_fault(Fault::InternalError.only(Scope::Details));
    assert_eq!((list(), get(&service, &detail).status), (200, 500));

    service.forget_requests();
    service.set_fault(Fault::Refuse.only(Scope::Details));
    let request = format!("GET {detail} HTTP/1.1\r\nX-API-Key: {}\r\n\r\n", service.key());
    assert!(exchange(&service, request.as_bytes()).is_empty());
    assert_eq!(list(), 200);
    let logged = service.requests();
    let statuses: Vec<(&str, &str, u16)> =
        logged.iter().map(|one| (one.method.as_str(), one.path.as_str(), one.status)).collect();
    assert_eq!(statuses, [("GET", detail.as_str(), 0), ("GET", "/api/service/courses", 200)]);
}

#[test]
fn nobody_listens_while_connections_are_refused() {
    let service = start(|_| {});
    let port = service.address();
    assert_eq!(get(&service, "/api/service/courses").status, 200);
    service.set_fault(Fault::Refuse);
    let refused = TcpStream::connect(port).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    service.clear_faults();
    assert_eq!((service.address(), get(&service, "/api/service/courses").status), (port, 200));
}

#[test]
fn a_delayed_answer_holds_up_nobody_and_ends_with_the_service() {
    let service = start(|_| {});
    service.set_fault(Fault::Delay(Duration::from_secs(3600)).only(Scope::Details));
    let detail = format!("/api/service/courses/{}", service.catalogue().courses[0].id);
    let request = format!("GET {detail} HTTP/1.1\r\nX-API-Key: {}\r\n\r\n", service.key());
    let mut waiting = TcpStream::connect(service.address()).unwrap();
    waiting.write_all(request.as_bytes()).unwrap();
    assert_eq!(get(&service, "/api/service/courses").status, 200);
    drop(service);
    let mut left = Vec::new();
    let _ = waiting.read_to_end(&mut left);
    assert!(left.is_empty());
}

#[test]
fn an_endless_body_ends_with_its_reader() {
    let service = start(|_| {});
    service.set_fault(Fault::Huge(u64::MAX));
    let mut stream = TcpStream::connect(service.address()).unwrap();
    let request = format!("GET /api/service/courses HTTP/1.1\r\nX-API-Key: {}\r\n\r\n", service.key());
    stream.write_all(request.as_bytes()).unwrap();
    let mut some = vec![0; 4 << 20];
    stream.read_exact(&mut some).unwrap();
    drop(stream);
    // And with the service, if the reader never stops.
    let mut stream = TcpStream::connect(service.address()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream.read_exact(&mut some).unwrap();
    drop(service);
}

#[test]
fn hostile_requests_do_it_no_harm() {
    let service = start(|_| {});
    let key = service.key();
    let requests = [
        "\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "GET /api/service/courses HTTP/9.9\r\n\r\n".to_owned(),
        format!(
            "GET /api/service/courses/%ff%00%zz HTTP/1.1\r\nConnection: close\r\nX-API-Key: {key}\r\n\r\n"
        ),
        format!(
            "GET /api/service/courses?limit=%&%=%&&&= HTTP/1.1\r\nConnection: close\r\nX-API-Key: {key}\r\n\r\n"
        ),
        format!("GET /../../etc/passwd HTTP/1.1\r\nConnection: close\r\nX-API-Key: {key}\r\n\r\n"),
        format!(
            "GET /api/service/courses?offset={} HTTP/1.1\r\nConnection: close\r\nX-API-Key: {key}\r\n\r\n",
            usize::MAX
        ),
        "PUT /api/service/participations/c/result HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n{"
            .to_owned(),
        format!("PUT /x HTTP/1.1\r\nContent-Length: {}\r\n\r\n{{", usize::MAX),
        "PUT /x HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"
            .to_owned(),
        format!("GET /{} HTTP/1.1\r\nConnection: close\r\n\r\n", "a".repeat(100_000)),
        format!("{} / HTTP/1.1\r\nConnection: close\r\n\r\n", "M".repeat(1000)),
        format!(
            "PUT /api/service/participations/c/result HTTP/1.1\r\nConnection: close\r\nX-API-Key: {key}\r\nContent-Length: 60000\r\n\r\n{}",
            "[".repeat(60_000)
        ),
    ];
    for request in &requests {
        let mut stream = TcpStream::connect(service.address()).unwrap();
        let _ = stream.write_all(request.as_bytes());
        // Half of the trouble is in what a client that goes away leaves behind.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
        assert_eq!(
            get(&service, "/api/service/courses").status,
            200,
            "{}",
            &request[..request.len().min(80)]
        );
    }
}

#[test]
fn the_same_seed_makes_the_same_courses() {
    let made = |courses: usize, seed: u64| {
        let today = Some(jiff::civil::date(2027, 3, 1));
        start(|options| *options = Options { courses, seed, today, ..options.clone() }).catalogue()
    };
    assert_eq!(made(40, 7), made(40, 7));
    assert_ne!(made(40, 7), made(40, 8));
    let courses = made(1250, 1).courses;
    let slugs: BTreeSet<&str> = courses.iter().map(|course| course.slug.as_str()).collect();
    let ids: BTreeSet<&str> = courses.iter().map(|course| course.id.as_str()).collect();
    assert_eq!((ids.len(), slugs.len()), (1252, 1252));
    let starts: Vec<&str> = courses.iter().filter_map(|course| course.start.as_deref()).collect();
    assert!(starts.iter().any(|start| *start < "2027-03-01"), "some courses are over");
    assert!(starts.iter().filter(|start| **start >= "2027-03-01").count() > starts.len() / 2);
    for sign in ['&', '<', '"', '\'', 'ü', '{'] {
        assert!(courses.iter().any(|course| course.title.contains(sign)), "no title has {sign}");
    }
}

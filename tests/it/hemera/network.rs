//! The transport that really goes over the network, on loopback.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use aither::base::http::{Cause, Method, Network, Request, Transport};
use aither::base::secret::Secret;
use aither::config::Details;
use aither::error::Kind;
use aither::source::{PullRequest, Source};

use super::academy::DEMO_KEY;
use super::{Client, ids};
use crate::support::hemera::{Fault, Options, Service};

fn request(url: &str) -> Request {
    Request {
        method: Method::Get,
        url: url.to_owned(),
        headers: vec![("Accept", "application/json".to_owned())],
        secrets: vec![("X-API-Key", Secret::new(DEMO_KEY))],
        body: None,
        connect_timeout: Duration::from_secs(5),
        timeout: Duration::from_secs(10),
        max_body: 1 << 20,
    }
}

/// An address at which nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Answers the first request with these bytes and hands back what was asked.
fn once(answer: &'static [u8]) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let head = head_of(&mut stream);
        stream.write_all(answer).unwrap();
        let _ = sender.send(head);
    });
    (url, receiver)
}

fn head_of(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

fn cause(url: &str) -> Cause {
    let failure = Network::new().send(&request(url)).unwrap_err();
    let shown = format!("{failure} {failure:?}");
    assert!(!shown.contains(DEMO_KEY), "{shown}");
    failure.cause
}

#[test]
fn what_went_wrong_is_told_apart() {
    assert_eq!(cause(&nobody()), Cause::Refused);
    // Where the machine has no name server at all, nobody answers that question.
    assert!(matches!(cause("http://no-such-host.invalid/"), Cause::Unknown | Cause::Timeout));
    assert_eq!(cause("http://user:geheim@ bad"), Cause::Address);
    assert_eq!(cause(&once(b"").0), Cause::Broken);
    assert_eq!(cause(&once(b"SSH-2.0-OpenSSH_9.9\r\n\r\n").0), Cause::Garbled);
    assert_eq!(cause(&once(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"succ").0), Cause::CutOff);
    assert_eq!(
        cause(&once(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{\"succ").0),
        Cause::CutOff
    );
    assert_eq!(cause(&once(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").0), Cause::CutOff);
}

#[test]
fn a_server_that_speaks_no_tls_is_told_as_that() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 5]).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    assert_eq!(cause(&url), Cause::Tls);
}

#[test]
fn an_answer_that_never_comes_is_a_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut request = request(&format!("http://{}", listener.local_addr().unwrap()));
    request.timeout = Duration::from_millis(60);
    assert_eq!(Network::new().send(&request).unwrap_err().cause, Cause::Timeout);
}

#[test]
fn a_body_has_a_cap_and_may_come_up_to_it() {
    for (cap, cause) in [(10, None), (9, Some(Cause::TooLong)), (0, Some(Cause::TooLong))] {
        for answer in [
            &b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"[..],
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n",
        ] {
            let mut request = request(&once(answer).0);
            request.max_body = cap;
            let result = Network::new().send(&request);
            assert_eq!(result.err().map(|failure| failure.cause), cause, "{cap}");
        }
    }
}

#[test]
fn compressed_bodies_are_capped_as_what_they_unfold_to() {
    // 100,000 zeros, in 133 bytes.
    static BOMB: &[u8] = include_bytes!("../../captures/zeros.gz.http");
    let mut request = request(&once(BOMB).0);
    request.max_body = 50_000;
    assert_eq!(Network::new().send(&request).unwrap_err().cause, Cause::TooLong);
    request.url = once(BOMB).0;
    request.max_body = 100_000;
    assert_eq!(Network::new().send(&request).unwrap().body.len(), 100_000);
}

#[test]
fn the_key_follows_no_redirect() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let answer = format!(
        "HTTP/1.1 302 Found\r\nLocation: http://user:pw@{}/x\r\nContent-Length: 0\r\n\r\n",
        elsewhere.local_addr().unwrap()
    );
    let (url, asked) = once(Box::leak(answer.into_boxed_str()).as_bytes());
    let mut client = Client::of(0);
    client.config.base_url = url;
    let mut hemera = client.connect(Box::new(Network::new())).unwrap();
    let error = hemera.pull_changes(&pull(&client)).unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert!(
        error.message().contains("redirects to http://127.0.0.1:") && !error.message().contains("pw"),
        "{error}"
    );
    let head = asked.recv().unwrap().to_ascii_lowercase();
    assert!(
        head.contains(&format!("x-api-key: {DEMO_KEY}")) && head.contains("user-agent: aither/"),
        "{head}"
    );
    assert!(elsewhere.accept().is_err(), "nobody came there");
}

fn pull(client: &Client) -> PullRequest<'_> {
    PullRequest {
        only: None,
        known: &client.known,
        validators: &client.validators,
        templates: &[],
        full: false,
        participants_wanted: true,
        internal: None,
        results_wanted: client.results_wanted,
        budget: client.config.budget,
        held: None,
        unfinished: None,
    }
}

/// A client of the stand-in on loopback.
fn served(courses: usize) -> (Client, Service) {
    let service = Service::start(Options { courses, ..Options::default() }).unwrap();
    let mut client = Client::with_details(0, Details::All);
    client.config.base_url = service.url();
    client.config.api_key = Some(Secret::new(service.key()));
    client.source = Some(client.connect(Box::new(Network::new())).unwrap());
    (client, service)
}

#[test]
fn all_of_1250_courses_come_over_loopback_inside_the_limit() {
    let (mut client, service) = served(1250);
    let pull = client.sync();
    let mut published: Vec<_> =
        service.catalogue().courses.iter().filter(|c| c.published).map(|c| c.id.clone()).collect();
    published.sort();
    assert_eq!(published.len(), 1250);
    assert_eq!(ids(&pull), published);
    assert!(pull.requests <= 90 && pull.details_read > 60, "{} of {}", pull.details_read, pull.requests);
    let requests = service.requests();
    assert!(requests.iter().all(|one| one.status != 429));
    assert_eq!(pull.requests, requests.len());
}

#[test]
fn faults_over_loopback_have_their_kinds() {
    let (mut client, service) = served(20);
    service.set_fault(Fault::CutOff);
    let error = client.pull().unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert!(error.message().contains("the answer was cut off"), "{error}");
    assert_eq!(service.requests().len(), 4);
    service.clear_faults();
    assert_eq!(client.pull().unwrap().changes.len(), 20, "and it recovers");

    service.set_fault(Fault::Huge(u64::MAX));
    let error = client.pull().unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert!(error.message().contains("too long"), "{error}");

    service.set_fault(Fault::Refuse);
    let error = client.pull().unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.message().contains("the connection was refused, 4 times"), "{error}");
    assert!(error.hints()[0].contains("HEMERA_API_BASE_URL"));
    service.clear_faults();

    service.set_fault(Fault::Delay(Duration::from_secs(30)));
    client.config.connect_timeout = Duration::from_millis(50);
    client.config.read_timeout = Duration::from_millis(50);
    client.config.retries = 1;
    client.source = Some(client.connect(Box::new(Network::new())).unwrap());
    let error = client.pull().unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.message().contains("no answer in time"), "{error}");
}

//! Clients that want to do harm, over raw sockets: normal ones are answered throughout, and nothing falls over.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use super::fixture::Fixture;
use super::serve_fixture::{Client, Served, setup};
#[cfg(target_os = "linux")]
use super::serve_kill::Serving;

fn site() -> Served {
    let large = "x".repeat(8 << 20);
    setup()
        .files(&[("index.html", "home"), ("large.txt", &large)])
        .with(|serve| {
            serve.limits.header_timeout = Duration::from_millis(400);
            serve.limits.body_timeout = Duration::from_millis(400);
            serve.limits.write_window = Duration::from_millis(400);
            serve.limits.shutdown = Duration::from_millis(400);
        })
        .start()
}

fn assert_alive(served: &Served) {
    let begun = Instant::now();
    assert_eq!(served.get("/").text(), "home");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

/// Sends bytes and reads all statuses until the server hangs up.
fn statuses(served: &Served, bytes: &[u8]) -> Vec<u16> {
    let mut client = served.connect();
    client.write(bytes);
    let mut statuses = Vec::new();
    while let Ok(answer) = client.answer() {
        statuses.push(answer.status);
    }
    statuses
}

#[test]
fn a_request_cannot_be_smuggled_behind_another() {
    let served = site();
    let hidden = "GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let cases = [
        "POST /api/sync HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /api/sync HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 44\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0, 44\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +4\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0x4\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: academy.example\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
        "GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    for case in cases {
        let answers = statuses(&served, format!("{case}{hidden}").as_bytes());
        assert!(
            answers.len() <= 1 && answers.iter().all(|s| (400..500).contains(s)),
            "{case:?}: {answers:?}"
        );
    }
    // A body that nobody asked for does not become the next request.
    let body =
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{hidden}", hidden.len());
    assert_eq!(statuses(&served, body.as_bytes()), [200]);
    assert_alive(&served);
}

#[test]
fn heads_and_bodies_have_a_limit() {
    let served = site();
    let mut many = String::from("GET / HTTP/1.1\r\nHost: localhost\r\n");
    (0..100).for_each(|n| many.push_str(&format!("X-{n}: y\r\n")));
    assert_eq!(statuses(&served, format!("{many}\r\n").as_bytes()), [431]);
    // 40,000 bytes of head in few fields, and a little less than 32 KiB.
    let long = |bytes: usize| {
        let fields: String = (0..8).map(|n| format!("X-{n}: {}\r\n", "y".repeat(bytes / 8))).collect();
        statuses(&served, format!("GET / HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n").as_bytes())
    };
    assert_eq!((long(40_000), long(32_000)), (vec![431], vec![200]));
    let mut endless = served.connect();
    endless.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n");
    let line = format!("X: {}\r\n", "y".repeat(8_000));
    for _ in 0..1_300 {
        endless.write(line.as_bytes());
    }
    // Ten megabytes of headers: refused long before they are all there.
    assert!(endless.answer().map_or(true, |answer| answer.status == 431));
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(5_000));
    assert_eq!(statuses(&served, long.as_bytes()), [414]);
    let huge = "POST /api/sync HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1099511627776\r\n\r\nx";
    assert_eq!(statuses(&served, huge.as_bytes()), [413]);
    // Whoever asks first is not invited to send.
    let expecting = "POST /api/sync HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n";
    assert_eq!(statuses(&served, expecting.as_bytes()), [413]);
    assert_alive(&served);
}

#[test]
fn many_requests_on_one_connection_are_answered_one_by_one() {
    let served = site();
    const MANY: usize = 100_000;
    let client = served.connect();
    let mut sender = client.stream.get_ref().try_clone().unwrap();
    let mut client = client;
    let answered = std::thread::scope(|scope| {
        scope.spawn(move || {
            let some = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100);
            for _ in 0..MANY / 100 {
                if sender.write_all(some.as_bytes()).is_err() {
                    return;
                }
            }
        });
        scope.spawn(|| (0..5).for_each(|_| assert_alive(&served)));
        (0..MANY).take_while(|_| client.answer().is_ok_and(|answer| answer.body == b"home")).count()
    });
    assert_eq!(answered, MANY);
}

#[test]
fn slow_clients_are_put_out_and_do_not_stand_in_the_way() {
    let served = site();
    let open = |text: &str, count: usize| -> Vec<Client> {
        let begin = |_| {
            let mut client = served.connect();
            client.write(text.as_bytes());
            client
        };
        (0..count).map(begin).collect()
    };
    let mut slow = open("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", 500);
    slow.extend(open("POST /api/sync/process HTTP/1.1\r\nHost: localhost\r\nx-cron-secret: cron-secret-of-the-test\r\nContent-Length: 100\r\n\r\nx", 100));
    // Those ask for a large file and never read.
    let readers = open("GET /large.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", 100);
    let idle = open("", 50);
    assert_alive(&served);
    for client in &mut slow {
        client.drain();
    }
    for mut client in idle {
        assert_eq!(client.drain(), 0);
    }
    served.until(|s| s.get("/metrics").text().contains("aither_http_connections 1\n"));
    assert_alive(&served);
    drop(readers);
}

#[test]
fn connections_have_a_limit_in_all_and_one_for_each_address() {
    let served = setup()
        .files(&[("index.html", "home")])
        .with(|serve| {
            serve.limits.connections = 10;
            serve.limits.connections_per_address = 3;
            serve.trusted_proxies.clear();
        })
        .start();
    let mut held: Vec<Client> = (0..3).map(|_| served.connect()).collect();
    for client in &mut held {
        client.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(client.answer().unwrap().status, 200);
    }
    let mut refused = Client::new(TcpStream::connect(served.address).unwrap());
    refused.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(refused.answer().map_or(true, |answer| answer.status == 503));
    held.pop();
    served.until(|s| {
        let mut client = s.connect();
        client.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        client.answer().is_ok_and(|answer| answer.text().contains("aither_http_connections 3\n"))
    });
}

#[test]
fn when_all_connections_are_taken_whoever_asks_is_answered() {
    let served = setup().files(&[("index.html", "home")]).with(|serve| serve.limits.connections = 20).start();
    let mut slow: Vec<Client> = Vec::new();
    for _ in 0..200 {
        let mut client = served.connect();
        client.write(b"GET / HTTP/1.1\r\nX-Slow: ");
        slow.push(client);
    }
    (0..20).for_each(|_| assert_alive(&served));
    // The first ones had to go, long before their time.
    assert_eq!(slow[0].drain(), 0);
}

#[test]
fn a_connection_does_not_live_for_ever() {
    let served = setup()
        .files(&[("index.html", "home")])
        .with(|serve| {
            serve.limits.lifetime = Duration::from_millis(300);
            serve.limits.header_timeout = Duration::from_millis(200);
        })
        .start();
    let mut client = served.connect();
    let mut answered = 0;
    let begun = Instant::now();
    loop {
        client.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let Ok(answer) = client.answer() else { break };
        answered += 1;
        if answer.header("connection") == Some("close") {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{answered} answers and no end");
    }
    assert!(answered > 0);
}

#[test]
fn a_server_that_stops_lets_what_is_under_way_end() {
    let (step, begun, go) = super::serve_fixture::held();
    let served = setup().files(&[("index.html", "home")]).step(step).start();
    let address = served.address;
    let mut client = served.connect();
    let head = format!(
        "POST /api/sync HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nPrefer: wait=15\r\n\r\n",
        super::serve_fixture::ADMIN
    );
    client.write(head.as_bytes());
    begun.recv_timeout(super::serve_fixture::PATIENCE).unwrap();
    let folder = std::thread::scope(|scope| {
        let stopped = scope.spawn(|| served.stop());
        // Once nobody can connect any more, the run may end.
        let begun = Instant::now();
        while TcpStream::connect(address).is_ok() {
            assert!(begun.elapsed() < Duration::from_secs(10));
        }
        go.send(()).unwrap();
        stopped.join().unwrap()
    });
    let answer = client.answer().unwrap();
    assert_eq!((answer.status, &answer.data()["status"]), (200, &"success".into()));
    assert!(aither::base::files::Lock::take(&folder.path().join(".aither/lock")).unwrap().is_some());
}

/// The most memory that a process has had so far must be below 64 MB, its own text included. Of an unoptimised program
/// 30 MB are text, twice that of a released one, and how much depends on the linker: of such a one only its own memory
/// counts, with 16 MB less to leave room for the text.
#[cfg(target_os = "linux")]
fn stays_small(serving: &Serving) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", serving.child.id())).unwrap();
    let figure = |name: &str| -> u64 {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let (peak, text) = (figure("VmHWM:"), figure("RssFile:"));
    match cfg!(debug_assertions) && std::env::var_os("AITHER_PROGRAM").is_none() {
        true => assert!(peak - text < 48 << 10, "{peak} KiB, {text} KiB of them text"),
        false => assert!(peak < 64 << 10, "{peak} KiB"),
    }
}

/// The test holds hundreds of connections itself.
#[cfg(target_os = "linux")]
fn may_open_many_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let enough = limit.maximum.unwrap_or(8_192).min(8_192);
    if limit.current.is_some_and(|current| current < enough) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(enough), maximum: limit.maximum }).unwrap();
    }
}

#[cfg(target_os = "linux")]
fn small_limits() -> Fixture {
    // More than the system takes over on both sides of a connection.
    let large = "x".repeat(32 << 20);
    let site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10")]).write("static/large.txt", large);
    let config = std::fs::read_to_string(site.path("aither.toml")).unwrap();
    let limits = "[serve]\nheader_timeout_seconds = 1\nbody_timeout_seconds = 1\nwrite_window_seconds = 1\nconnections_per_address = 4096\n";
    site.put("aither.toml", format!("{config}{limits}"));
    site.build();
    site
}

/// Everything at once against the program itself: its memory is its own here.
#[cfg(target_os = "linux")]
#[test]
fn the_program_stays_small_and_answers_whatever_is_thrown_at_it() {
    may_open_many_files();
    let site = small_limits();
    let serving = Serving::start(&site);
    let page = site.output("index.html");
    let is_fine = || {
        let begun = Instant::now();
        assert_eq!(serving.ask("GET", "/", "").text(), page);
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    };
    let open = |text: &str, count: usize| -> Vec<Client> {
        let begin = |_| {
            let mut client = serving.connect();
            client.write(text.as_bytes());
            client
        };
        (0..count).map(begin).collect()
    };
    let mut slow = open("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", 500);
    slow.extend(open("POST /api/sync HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer token\r\nContent-Length: 100\r\n\r\nx", 100));
    let mut readers = open("GET /large.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", 100);
    is_fine();
    let line = format!("X: {}\r\n", "y".repeat(8_000));
    let mut endless = serving.connect();
    endless.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n");
    (0..1_300).for_each(|_| endless.write(line.as_bytes()));
    assert!(endless.answer().map_or(true, |answer| answer.status == 431));
    let mut huge =
        open("POST /api/sync HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1099511627776\r\n\r\nx", 20);
    for client in &mut huge {
        assert_eq!(client.answer().unwrap().status, 413);
    }
    // Whoever asks a hundred thousand times without reading one answer waits for itself, not for memory.
    let mut greedy = serving.connect();
    let stream = greedy.stream.get_ref().try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let some = "GET /robots.txt HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100);
            let mut stream = stream;
            let _ = (0..1_000).try_for_each(|_| stream.write_all(some.as_bytes()));
        });
        (0..5).for_each(|_| is_fine());
        let answered = (0..100_000).take_while(|_| greedy.answer().is_ok_and(|a| a.status == 200)).count();
        assert!(answered > 0);
    });
    for client in &mut slow {
        client.drain();
    }
    drop((endless, huge, greedy));
    let begun = Instant::now();
    while !serving.ask("GET", "/metrics", "").text().contains("aither_http_connections 1\n") {
        assert!(begun.elapsed() < Duration::from_secs(60), "slow readers stay");
    }
    // What had been sent before they were put out may still be in the pipes: the whole file never is.
    for client in &mut readers {
        assert!(client.drain() < 32 << 20);
    }
    is_fine();
    stays_small(&serving);
}

/// Thirty megabytes of heads that do not end have no room together.
#[cfg(target_os = "linux")]
#[test]
fn heads_that_do_not_end_share_a_room() {
    may_open_many_files();
    let site = small_limits();
    let serving = Serving::start(&site);
    let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}", "y".repeat(30_000));
    let clients: Vec<Client> = (0..1_000)
        .map(|_| {
            let mut client = serving.connect();
            client.write(head.as_bytes());
            client
        })
        .collect();
    assert_eq!(serving.ask("GET", "/", "").text(), site.output("index.html"));
    stays_small(&serving);
    drop(clients);
}

/// With hardly any file descriptors, connections wait or are turned away; when some are free again all is as before.
#[cfg(target_os = "linux")]
#[test]
fn without_file_descriptors_the_program_goes_on() {
    may_open_many_files();
    let site = small_limits();
    for most in [28, 80] {
        let mut command = std::process::Command::new("sh");
        let script = format!("ulimit -n {most}; exec {} serve --port 0", env!("CARGO_BIN_EXE_aither"));
        command.args(["-c", &script]);
        let serving = Serving::run(&site, command);
        let slow: Vec<Client> = (0..300)
            .map(|_| {
                let mut client = serving.connect();
                client.write(b"GET /large.txt HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\nX-Slow: ");
                client
            })
            .collect();
        let begun = Instant::now();
        let mut answers = 0;
        while answers < 5 {
            let mut client = serving.connect();
            client.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            answers += usize::from(client.answer().is_ok_and(|answer| answer.status == 200));
            assert!(begun.elapsed() < Duration::from_secs(30), "{most}: {answers} answers");
        }
        drop(slow);
        assert_eq!(serving.ask("GET", "/", "").status, 200);
    }
}

/// Whoever sends large bodies that nobody has asked for gets no more of the memory than is meant for all of them.
#[cfg(target_os = "linux")]
#[test]
fn large_bodies_of_strangers_keep_nobody_out_and_take_little() {
    may_open_many_files();
    let site = Fixture::with_courses(&[("a", "Ruhig reden", "2027-01-10")]);
    let config = std::fs::read_to_string(site.path("aither.toml")).unwrap();
    site.put("aither.toml", format!("{config}[serve]\nconnections_per_address = 4096\n"));
    site.build();
    let serving = Serving::start(&site);
    let head = "POST /api/webhooks/file HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048576\r\n\r\n";
    let body = vec![b'a'; (1 << 20) - 1];
    let mut all: Vec<Client> = (0..200).map(|_| serving.connect()).collect();
    std::thread::scope(|scope| {
        for client in &mut all {
            scope.spawn(|| {
                client.write(head.as_bytes());
                client.write(&body);
            });
        }
    });
    // A small one finds room, and so do pages.
    let mut small = serving.connect();
    small.write(b"POST /api/webhooks/file HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}");
    assert_eq!(small.answer().unwrap().code(), "INVALID_SIGNATURE");
    assert_eq!(serving.ask("GET", "/", "").status, 200);
    let refused = all.iter_mut().filter_map(|client| {
        client.stream.get_ref().set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        client.answer().ok()
    });
    let refused: Vec<String> = refused.map(|answer| answer.code()).collect();
    assert!(refused.len() > 100 && refused.iter().all(|code| code == "OVERLOADED"), "{refused:?}");
    stays_small(&serving);
}

/// The HTTP library refuses such heads before the server sees a request.
#[test]
fn a_head_that_cannot_be_read_is_answered_like_any_other_error() {
    let served = site();
    let refused = |client: &mut Client, bytes: &[u8]| {
        client.write(bytes);
        let answer = client.answer().unwrap();
        assert_eq!(
            (answer.header("connection"), answer.header("cache-control")),
            (Some("close"), Some("no-store"))
        );
        assert!(answer.header("x-request-id").unwrap().starts_with("req-"), "{answer:?}");
        assert!(answer.header("date").is_some());
        let (status, code) = (answer.status, answer.code());
        assert_eq!(client.drain(), 0, "nothing comes after it");
        (status, code)
    };
    let mut many = String::from("GET / HTTP/1.1\r\nHost: localhost\r\n");
    (0..200).for_each(|n| many.push_str(&format!("X-{n}: y\r\n")));
    many.push_str("\r\n");
    let malformed = (400, "MALFORMED_REQUEST".to_owned());
    assert_eq!(refused(&mut served.connect(), b"GET\0/ HTTP/1.1\r\n\r\n"), malformed);
    assert_eq!(refused(&mut served.connect(), b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n"), malformed);
    assert_eq!(refused(&mut served.connect(), many.as_bytes()), (431, "HEAD_TOO_LARGE".to_owned()));

    // The same behind requests that were answered, and what those get is what they asked for.
    let mut client = served.connect();
    for method in ["GET", "HEAD", "GET"] {
        client.write(format!("{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
        let answer = client.answer_to(method).unwrap();
        assert_eq!((answer.status, answer.body.len()), (200, if method == "GET" { 4 } else { 0 }));
    }
    assert_eq!(refused(&mut client, b"nonsense\r\n\r\n"), malformed);
    assert!(served.get("/metrics").text().contains("status=\"431\"") || served.get("/metrics").status == 200);
    assert_alive(&served);
}

/// A file may look like an answer of the library; its bytes are its bytes.
#[test]
fn a_file_that_looks_like_an_answer_goes_out_as_it_is() {
    let text = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".repeat(4_000);
    let served = setup().files(&[("index.html", "home"), ("answer.txt", &text)]).start();
    let mut client = served.connect();
    for _ in 0..3 {
        client.write(b"GET /answer.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let answer = client.answer().unwrap();
        assert!(answer.status == 200 && answer.text() == text);
        client.write(b"GET /answer.txt HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-65\r\n\r\n");
        assert_eq!(client.answer().unwrap().body, text.as_bytes()[..66]);
    }
}

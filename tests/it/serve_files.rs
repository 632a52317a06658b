//! Static files over a real socket: what is sent, what is not, and that it is always of one moment.

use super::serve_fixture::{Answer, Served, publish, setup};
use aither::base::digest::Digest;

const STYLE: &str = "body { color: #123 }";

fn site() -> Served {
    setup()
        .files(&[
            ("index.html", "<h1>Home</h1>"),
            ("404.html", "<h1>Lost</h1>"),
            ("courses/über/index.html", "<h1>Kurs</h1>"),
            ("assets/style.css", STYLE),
            ("assets/style.css.gz", "zipped"),
            ("assets/style.css.br", "brotli"),
            ("assets/app.0123abcd.js", "1"),
            ("empty.txt", ""),
        ])
        .start()
}

fn get(served: &Served, path: &str, headers: &[(&str, &str)]) -> Answer {
    served.send("GET", path, headers, "")
}

#[test]
fn pages_are_found_by_their_address() {
    let served = site();
    let home = served.get("/");
    assert_eq!((home.status, home.text().as_str()), (200, "<h1>Home</h1>"));
    assert_eq!(home.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(home.header("cache-control"), Some("no-cache"));
    assert_eq!(home.header("etag"), Some(&*format!("\"{}\"", Digest::of(b"<h1>Home</h1>"))));
    assert_eq!(home.header("x-content-type-options"), Some("nosniff"));
    assert!(home.header("content-security-policy").unwrap().contains("frame-ancestors 'self'"));
    assert!(home.header("referrer-policy").is_some() && home.header("last-modified").is_some());
    assert_eq!(served.get("/courses/%C3%BCber/").status, 200);

    let moved = served.get("/courses/%C3%BCber?a=1");
    assert_eq!((moved.status, moved.header("location")), (308, Some("/courses/%C3%BCber/?a=1")));
    let hashed = served.get("/assets/app.0123abcd.js");
    assert_eq!(hashed.header("cache-control"), Some("public, max-age=31536000, immutable"));
    let lost = served.get("/courses/");
    assert_eq!((lost.status, lost.text().as_str(), lost.header("etag")), (404, "<h1>Lost</h1>", None));
    let head = served.send("HEAD", "/", &[], "");
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, Some("13"), 0));
    let post = served.send("POST", "/", &[], "");
    assert_eq!((post.status, post.header("allow")), (405, Some("GET, HEAD")));
    assert_eq!(served.get("/empty.txt").status, 200);
}

#[test]
fn a_site_without_an_icon_is_no_error() {
    let served = site();
    let none = served.get("/favicon.ico");
    assert_eq!((none.status, none.body.len(), none.header("content-type")), (204, 0, None));
    let served = setup().files(&[("index.html", "home"), ("favicon.ico", "icon")]).start();
    assert_eq!((served.get("/favicon.ico").status, served.get("/favicon.ico").text()), (200, "icon".into()));
}

#[test]
fn no_address_leads_out_of_the_folder_or_to_a_hidden_file() {
    let served = site();
    std::fs::write(served.path("secret.txt"), "secret").unwrap();
    std::fs::create_dir(served.path("output/.git")).unwrap();
    std::fs::write(served.path("output/.git/config"), "secret").unwrap();
    std::fs::write(served.path("output/plain.txt"), "plain").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../secret.txt", served.path("output/link.txt")).unwrap();
        std::os::unix::fs::symlink("..", served.path("output/up")).unwrap();
    }
    assert_eq!(served.get("/plain.txt").text(), "plain");
    for path in [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "/%252e%252e/secret.txt",
        "/link.txt",
        "/up/secret.txt",
        "/plain.txt%00.html",
        "/plain.txt/",
        "/.sync-manifest.json",
        "/%2esync-manifest.json",
        "/.git/config",
        "/assets/../.sync-manifest.json",
        "//etc/passwd",
        "/assets/",
        "/assets",
    ] {
        let answer = served.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {answer:?}");
        assert!(!answer.text().contains("secret") && !answer.text().contains("root:"), "{path}");
    }
    for path in [
        "//evil.example",
        "//evil.example/courses",
        "/\\evil.example",
        "/%2f%2fevil.example",
        "///courses/%C3%BCber",
    ] {
        let answer = served.get(path);
        assert!(answer.header("location").is_none() && answer.status >= 400, "{path}: {answer:?}");
    }
}

#[test]
fn a_client_that_has_the_bytes_is_told_so() {
    let served = site();
    let first = served.get("/assets/style.css");
    let tag = first.header("etag").unwrap();
    let modified = first.header("last-modified").unwrap();
    let status = |headers: &[(&str, &str)]| get(&served, "/assets/style.css", headers).status;
    assert_eq!(status(&[("If-None-Match", tag)]), 304);
    assert_eq!(status(&[("If-None-Match", &format!("\"x\", W/{tag}"))]), 304);
    assert_eq!(status(&[("If-None-Match", "*")]), 304);
    assert_eq!(status(&[("If-None-Match", "\"x\"")]), 200);
    assert_eq!(status(&[("If-Modified-Since", modified)]), 304);
    assert_eq!(status(&[("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT")]), 200);
    assert_eq!(status(&[("If-None-Match", "\"x\""), ("If-Modified-Since", modified)]), 200);
    let known = get(&served, "/assets/style.css", &[("If-None-Match", tag)]);
    assert_eq!((known.header("etag"), known.header("vary")), (Some(tag), Some("Accept-Encoding")));
    assert!(known.body.is_empty() && known.header("cache-control").is_some());
}

#[test]
fn one_part_of_a_file_can_be_had() {
    let served = site();
    let tag = served.get("/assets/style.css").header("etag").unwrap().to_owned();
    let part = get(&served, "/assets/style.css", &[("Range", "bytes=5-8")]);
    assert_eq!((part.status, part.text().as_str()), (206, &STYLE[5..9]));
    assert_eq!(part.header("content-range"), Some(&*format!("bytes 5-8/{}", STYLE.len())));
    let status = |headers: &[(&str, &str)]| get(&served, "/assets/style.css", headers).status;
    assert_eq!(status(&[("Range", "bytes=0-1"), ("If-Range", &tag)]), 206);
    assert_eq!(status(&[("Range", "bytes=0-1"), ("If-Range", "\"x\"")]), 200);
    assert_eq!(status(&[("Range", "bytes=0-1"), ("If-Range", &format!("W/{tag}"))]), 200);
    assert_eq!(status(&[("Range", "bytes=0-1,3-4")]), 200);
    let beyond = get(&served, "/assets/style.css", &[("Range", "bytes=100-")]);
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */20")));
}

#[test]
fn the_twin_that_the_client_likes_best_is_sent() {
    let served = site();
    let twin = |accepted: &str| {
        let answer = get(&served, "/assets/style.css", &[("Accept-Encoding", accepted)]);
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
        assert_eq!(answer.header("content-type"), Some("text/css; charset=utf-8"));
        (answer.header("content-encoding").map(str::to_owned), answer.text())
    };
    assert_eq!(twin("gzip, br"), (Some("br".into()), "brotli".into()));
    assert_eq!(twin("gzip, br;q=0.5"), (Some("gzip".into()), "zipped".into()));
    assert_eq!(twin("identity"), (None, STYLE.into()));
    assert_eq!(twin("zstd"), (None, STYLE.into()));
    assert_eq!(get(&served, "/", &[("Accept-Encoding", "gzip")]).header("vary"), None);
}

#[test]
fn a_large_file_comes_whole_and_in_parts() {
    let large: String = (0..100_000).map(|n| format!("{n:09}\n")).collect();
    let served = setup().files(&[("large.txt", &large)]).start();
    assert_eq!(served.get("/large.txt").text(), large);
    let part = get(&served, "/large.txt", &[("Range", "bytes=70000-399999")]);
    assert_eq!(part.text(), large[70_000..400_000]);
}

#[test]
fn a_site_below_a_path_is_served_there() {
    let mut setup = setup().files(&[("index.html", "home"), ("a/index.html", "a")]);
    setup.base_url = "https://example.org/academy".into();
    let served = setup.start();
    let root = served.get("/");
    assert_eq!((root.status, root.header("location")), (307, Some("/academy/")));
    assert_eq!(served.get("/academy/").text(), "home");
    assert_eq!(served.get("/academy/a").header("location"), Some("/academy/a/"));
    assert_eq!((served.get("/a/").status, served.get("/academyx/").status), (404, 404));
}

#[test]
fn a_build_that_lands_is_seen_at_once_and_as_a_whole() {
    let served = setup().files(&[("a.txt", "a1"), ("b.txt", "b1"), ("gone.txt", "x")]).start();
    let text = |path: &str| served.get(path).text();
    // In the middle of a build: a file is new, the manifest is not.
    aither::base::files::replace(&served.path("output/a.txt"), b"a2").unwrap();
    assert_eq!((text("/a.txt"), text("/b.txt")), ("a1".into(), "b1".into()));
    let tag = served.get("/a.txt").header("etag").unwrap().to_owned();
    assert_eq!(tag, format!("\"{}\"", Digest::of(b"a1")));
    // A new address that a build is writing is not there yet.
    std::fs::write(served.path(".aither/publishing.txt"), "output: output\nnew.txt\n").unwrap();
    std::fs::write(served.path("output/new.txt"), "hal").unwrap();
    assert_eq!(served.get("/new.txt").status, 404);

    publish(served.folder.path(), &[("a.txt", "a2"), ("b.txt", "b2"), ("new.txt", "half and half")]);
    std::fs::remove_file(served.path("output/gone.txt")).unwrap();
    served.until(|s| s.get("/new.txt").status == 200);
    assert_eq!(
        (text("/a.txt"), text("/b.txt"), text("/new.txt")),
        ("a2".into(), "b2".into(), "half and half".into())
    );
    assert_eq!(served.get("/gone.txt").status, 404);
    // Somebody writes into the output by hand: the old tag does not stand for the new bytes.
    std::fs::write(served.path("output/b.txt"), "by hand").unwrap();
    let by_hand = served.get("/b.txt");
    let whole = by_hand.header("etag").unwrap().starts_with("W/") && by_hand.text() == "by hand";
    let as_it_was = by_hand.text() == "b2"
        && by_hand.header("etag") == Some(format!("\"{}\"", Digest::of(b"b2")).as_str());
    assert!(whole || as_it_was, "{by_hand:?}");
}

#[test]
fn without_a_site_the_server_says_so() {
    let served = setup().start();
    let answer = served.get("/");
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    let ready = served.get("/readyz");
    assert_eq!((ready.status, ready.code().as_str()), (503, "NOT_READY"));
    publish(served.folder.path(), &[("index.html", "here")]);
    served.until(|s| s.get("/readyz").status == 200);
    assert_eq!(served.get("/").text(), "here");
}

#[test]
fn who_follows_a_site_that_is_not_there_yet_sees_it_appear() {
    let mut setup = setup();
    setup.live = true;
    let served = setup.start();
    let page = served.get("/");
    assert_eq!((page.status, page.header("content-type")), (503, Some("text/html; charset=utf-8")));
    let text = page.text();
    assert!(text.contains("src=\"/.aither/live.js\" data-generation=\""), "{text}");
    let mut tab = served.connect();
    let since = text.split("data-generation=\"").nth(1).unwrap().split('"').next().unwrap();
    let ask = format!("GET /.aither/events?page=%2F&since={since} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    tab.write(ask.as_bytes());
    assert_eq!(tab.answer().unwrap().header("content-type"), Some("text/event-stream"));
    publish(served.folder.path(), &[("index.html", "here")]);
    let mut line = String::new();
    while !line.starts_with("data:") {
        line.clear();
        assert_ne!(std::io::BufRead::read_line(&mut tab.stream, &mut line).unwrap(), 0);
    }
    assert!(line.contains("\"page\":true"), "{line}");
}

#[test]
fn pages_carry_the_script_only_when_they_are_followed() {
    let files = [("index.html", "home"), ("a/b/index.html", "deep"), ("404.html", "lost"), ("x.css", "x")];
    let mut setup = setup().files(&files);
    assert!(!setup.live);
    setup.live = true;
    let served = setup.start();
    let deep = served.get("/a/b/");
    assert_eq!(
        deep.text(),
        "deep<script src=\"../../.aither/live.js\" data-generation=\"1\" defer></script>\n"
    );
    assert_eq!((deep.header("cache-control"), deep.header("etag")), (Some("no-store"), None));
    assert!(served.get("/nothing/here").text().contains("src=\"/.aither/live.js\""));
    assert_eq!(served.get("/x.css").text(), "x");
    assert_eq!(served.get("/.aither/live.js").header("content-type"), Some("text/javascript; charset=utf-8"));

    let mut tab = served.connect();
    tab.write(b"GET /.aither/events?page=%2Fa%2Fb%2F&since=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(tab.answer().unwrap().header("content-type"), Some("text/event-stream"));
    let changed = [("index.html", "home"), ("a/b/index.html", "new"), ("404.html", "lost"), ("x.css", "x")];
    publish(served.folder.path(), &changed);
    let mut line = String::new();
    while !line.starts_with("data:") {
        line.clear();
        assert_ne!(std::io::BufRead::read_line(&mut tab.stream, &mut line).unwrap(), 0);
    }
    assert_eq!(line, "data: {\"page\":true,\"assets\":[]}\n");
    assert!(served.get("/a/b/").text().starts_with("new<script"));
}

/// A new name changes how a file looks to the next build, which would have to read it then.
#[cfg(unix)]
#[test]
fn a_server_that_starts_again_leaves_the_files_as_they_are() {
    use std::os::unix::fs::MetadataExt as _;
    let served = setup().files(&[("index.html", "home"), ("a/index.html", "a"), ("b.css", "b")]).start();
    assert_eq!(served.get("/a/").text(), "a");
    let looks = |root: &std::path::Path, path: &str| {
        let metadata = std::fs::metadata(root.join("output").join(path)).unwrap();
        (metadata.ino(), metadata.nlink(), metadata.ctime(), metadata.ctime_nsec())
    };
    let folder = served.stop();
    let kept = || std::fs::read_dir(folder.path().join(".aither/served")).unwrap().count();
    let before = ["index.html", "a/index.html", "b.css"].map(|path| looks(folder.path(), path));
    assert_eq!((before[0].1, kept()), (2, 3));
    // What nobody wants any more goes, and so does what somebody has written into.
    std::fs::write(folder.path().join(".aither/served").join("0".repeat(64)), "old").unwrap();
    let changed = aither::base::digest::Digest::of(b"b").to_string();
    let changed = folder.path().join(".aither/served").join(changed);
    std::fs::remove_file(&changed).unwrap();
    std::fs::write(&changed, "other").unwrap();
    let served = setup().over(folder).start();
    assert_eq!((served.get("/a/").text(), served.get("/b.css").text()), ("a".into(), "b".into()));
    let folder = served.stop();
    assert_eq!(std::fs::read_dir(folder.path().join(".aither/served")).unwrap().count(), 3);
    for (path, before) in ["index.html", "a/index.html"].into_iter().zip(before) {
        assert_eq!(looks(folder.path(), path), before, "{path}");
    }
}

#[test]
fn an_address_that_has_moved_is_answered_with_the_new_one() {
    let redirects = "/academy/courses/alt/ /academy/courses/neu/ 301\n/academy/x /\\evil.example 301\n\
                     /academy/y https://evil.example/ 301\n/academy/z/* /academy/ 301\n";
    let files = [
        ("index.html", "home"),
        ("courses/alt/index.html", "moved"),
        ("courses/neu/index.html", "new"),
        ("_redirects", redirects),
    ];
    let mut setup = setup().files(&files);
    setup.base_url = "https://example.org/academy".into();
    let served = setup.start();
    for (path, location) in [
        ("/academy/courses/alt/", "/academy/courses/neu/"),
        ("/academy/courses/alt", "/academy/courses/neu/"),
        ("/academy/courses/alt/?a=b", "/academy/courses/neu/?a=b"),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = served.send(method, path, &[("Range", "bytes=0-1"), ("If-None-Match", "*")], "");
            assert_eq!((answer.status, answer.header("location")), (301, Some(location)), "{path}");
            assert_eq!((answer.header("etag"), answer.header("cache-control")), (None, Some("no-cache")));
        }
    }
    assert_eq!(served.get("/academy/courses/neu/").text(), "new");
    assert_eq!(served.send("POST", "/academy/courses/alt/", &[], "").status, 405);
    for path in ["/academy/x", "/academy/y", "/academy/z/1", "/courses/alt/", "//academy/courses/alt/"] {
        assert_eq!(served.get(path).status, 404, "{path}");
    }
    // Where the move is taken back, the page is there.
    publish(served.folder.path(), &[("index.html", "home"), ("courses/alt/index.html", "back")]);
    served.until(|s| s.get("/academy/courses/alt/").status == 200);
}

#[test]
fn feeds_are_served_as_what_they_are() {
    let files = [
        ("feed.xml", "<feed/>"),
        ("news/rss.xml", "<rss/>"),
        ("feed.json", "{}"),
        ("sitemap.xml", "<urlset/>"),
    ];
    let served = setup().files(&files).start();
    let media_type = |path: &str| served.get(path).header("content-type").unwrap().to_owned();
    assert_eq!(media_type("/feed.xml"), "application/atom+xml; charset=utf-8");
    assert_eq!(media_type("/news/rss.xml"), "application/rss+xml; charset=utf-8");
    assert_eq!(media_type("/feed.json"), "application/feed+json; charset=utf-8");
    assert!(media_type("/sitemap.xml").contains("/xml"));
}

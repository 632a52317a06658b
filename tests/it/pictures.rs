//! Pictures: in several sizes and formats, made once, and never with what they say about where they were taken.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::sync::{Arc, Mutex};

use aither::base::clock::ManualClock;
use aither::base::http::{Cause, Failure, Request, Response, Transport};
use aither::config::{Config, Environment};
use aither::project::{Options, Project, Summary};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::{
    DynamicImage, ImageDecoder as _, ImageEncoder, ImageFormat, ImageReader, Rgb, RgbImage, Rgba, RgbaImage,
};

use crate::fixture::Fixture;

/// Left half red, right half blue.
fn photo(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, _| {
        if x < width / 2 { Rgb([220, 20, 20]) } else { Rgb([20, 20, 220]) }
    }))
}

pub(crate) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    photo(width, height).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg).unwrap();
    bytes
}

/// Turn to the right, and where the picture was taken.
fn exif() -> Vec<u8> {
    // Little-endian TIFF: orientation 6, and a maker (a text that must not be published).
    let mut exif = b"II*\0\x08\0\0\0\x02\0".to_vec();
    exif.extend(b"\x0f\x01\x02\0\x10\0\0\0\x26\0\0\0");
    exif.extend(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0");
    exif.extend(b"\0\0\0\0GPS 52.52 13.40\0");
    exif
}

/// A JPEG that says so by EXIF.
fn turned(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new(&mut bytes);
    encoder.set_exif_metadata(exif()).unwrap();
    let pixels = photo(width, height).into_rgb8();
    encoder.write_image(&pixels, width, height, image::ExtendedColorType::Rgb8).unwrap();
    assert!(bytes.windows(3).any(|three| three == b"GPS"));
    bytes
}

fn site(tag: &str) -> Fixture {
    Fixture::with_courses(&[("c1", "Kurs", "2027-01-01")])
        .write("templates/layouts/page.liquid", format!("{tag}|{{{{ content }}}}"))
        .write("templates/layouts/bare.liquid", "{{ content }}")
        .write("content/a.md", "A")
        .write("content/b.md", "+++\ntemplate = \"bare\"\n+++\nB")
}

const TAG: &str =
    "{% image src: \"/team.jpg\", alt: \"Das <Team>\", sizes: \"50vw\", widths: \"20,40,80\" %}";

fn pictures(site: &Fixture) -> Vec<String> {
    site.tree().into_keys().filter(|path| path.starts_with("images/")).collect()
}

fn opened(site: &Fixture, path: &str) -> DynamicImage {
    let bytes = fs::read(site.path("output").join(path)).unwrap();
    ImageReader::new(Cursor::new(bytes)).with_guessed_format().unwrap().decode().unwrap()
}

#[test]
fn a_picture_comes_in_sizes_and_formats_and_never_larger_than_it_is() {
    let site = site(TAG).write("static/team.jpg", jpeg(60, 30));
    site.build();
    let page = site.output("a/index.html");
    let files = pictures(&site);
    assert_eq!(files.len(), 9, "{files:?}");
    assert!(page.starts_with("<picture><source type=\"image/avif\" srcset=\"/images/team-20."), "{page}");
    assert!(page.contains("<source type=\"image/webp\" srcset=\"/images/team-20."), "{page}");
    assert!(
        page.contains(
            " sizes=\"50vw\" alt=\"Das &lt;Team&gt;\" width=\"60\" height=\"30\" loading=\"lazy\" decoding=\"async\"></picture>|"
        ),
        "{page}"
    );
    for (ending, start) in [("jpg", &b"\xff\xd8\xff"[..]), ("webp", b"RIFF"), ("avif", b"\0\0\0")] {
        for width in [20, 40, 60] {
            let is_it = |path: &&String| {
                path.starts_with(&format!("images/team-{width}.")) && path.ends_with(&format!(".{ending}"))
            };
            let file = files.iter().find(is_it).unwrap();
            assert!(page.contains(&format!("/{file} {width}w")), "{file} in {page}");
            assert!(aither::assets::is_fingerprinted(file));
            assert!(fs::read(site.path("output").join(file)).unwrap().starts_with(start));
            if ending != "avif" {
                let picture = opened(&site, file).into_rgb8();
                assert_eq!(picture.dimensions(), (width, width / 2));
                assert!(picture.get_pixel(2, 2).0[0] > 180 && picture.get_pixel(width - 3, 2).0[2] > 180);
            }
        }
    }
    assert!(site.run(&["build", "--verify"]).status.success());
}

#[test]
fn another_picture_renders_its_pages_and_a_build_without_one_decodes_none() {
    let site = site(TAG).write("static/team.jpg", jpeg(60, 30));
    site.build();
    let before = site.times();
    // What is known is kept by the hash: the pictures of before are taken although all else is lost.
    for (path, _) in before.iter().filter(|(path, _)| path.starts_with("images/")) {
        let kept = path.replace("images/", ".aither/images/");
        assert!(site.path(&kept).exists(), "{kept}");
        fs::write(site.path(&kept), "from the cache").unwrap();
    }
    fs::remove_dir_all(site.path("output")).unwrap();
    site.build();
    assert!(pictures(&site).iter().all(|path| site.output(path) == "from the cache"));
    let report = site.build().build;
    assert_eq!((report.rendered, report.written, report.removed), (0, 0, 0));
    // Another picture: one page, nine files come and nine go, also from the cache.
    site.put("static/team.jpg", jpeg(61, 30));
    let report = site.build().build;
    assert_eq!(report.rendered, 1, "{:?}", report.reasons);
    assert_eq!((pictures(&site).len(), report.removed), (9, 9));
    assert_eq!(fs::read_dir(site.path(".aither/images")).unwrap().count(), 10, "nine and the index");
    // A page that shows it no more.
    site.put("templates/layouts/page.liquid", "{{ content }}");
    site.build();
    assert_eq!(pictures(&site), [""; 0]);
}

#[test]
fn a_picture_is_turned_and_says_nothing_of_where_it_was_taken() {
    let site = site("{% image src: \"team.jpg\", alt: \"\", widths: \"200\" %}")
        .write("content/team.jpg", turned(60, 30));
    site.build();
    let page = site.output("a/index.html");
    assert!(page.contains("width=\"30\" height=\"60\""), "{page}");
    for path in pictures(&site) {
        let bytes = fs::read(site.path("output").join(&path)).unwrap();
        assert!(!bytes.windows(3).any(|three| three == b"GPS"), "{path}");
        if path.ends_with(".jpg") {
            // The left half, which is red, is at the top now.
            let picture = opened(&site, &path).into_rgb8();
            assert!(picture.get_pixel(15, 5).0[0] > 180 && picture.get_pixel(15, 55).0[2] > 180);
        }
    }
}

#[test]
fn an_original_is_published_without_what_it_says_about_itself() {
    let text = b"\0\0\0\x08tEXtGPS\x0052.5\x12\x34\x56\x78";
    let mut png = Vec::new();
    photo(8, 4).write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
    png.splice(33..33, text.iter().copied());
    let mut webp = Vec::new();
    let mut encoder = WebPEncoder::new_lossless(&mut webp);
    encoder.set_exif_metadata(exif()).unwrap();
    encoder.write_image(&photo(8, 4).into_rgb8(), 8, 4, image::ExtendedColorType::Rgb8).unwrap();
    let mut jpeg = turned(60, 30);
    jpeg.extend(b"GPS behind the end");
    let site = site("{{ 'a.jpg' | asset_url }}").write("static/a.jpg", &jpeg).write("content/b.png", &png);
    let site = site.write("static/c.webp", &webp).write("static/broken.jpg", &jpeg[..jpeg.len() / 2]);
    site.build();
    for (path, before) in [("a.jpg", &jpeg), ("b.png", &png), ("c.webp", &webp)] {
        let after = fs::read(site.path("output").join(path)).unwrap();
        let says = |bytes: &[u8]| bytes.windows(3).any(|three| three == b"GPS");
        assert!(says(before) && !says(&after), "{path}");
        let read = |bytes: &[u8]| {
            let reader = ImageReader::new(Cursor::new(bytes.to_vec())).with_guessed_format().unwrap();
            let mut decoder = reader.into_decoder().unwrap();
            (decoder.orientation().unwrap(), DynamicImage::from_decoder(decoder).unwrap())
        };
        assert_eq!(read(&after), read(before), "{path}: the same pixels, turned the same way");
    }
    // What cannot be understood is not touched.
    assert_eq!(fs::read(site.path("output/broken.jpg")).unwrap(), &jpeg[..jpeg.len() / 2]);
    let page = site.output("a/index.html");
    let hashed = page.split('|').next().unwrap().trim_start_matches('/');
    assert_eq!(
        fs::read(site.path("output").join(hashed)).unwrap(),
        fs::read(site.path("output/a.jpg")).unwrap()
    );
    assert!(site.run(&["build", "--verify"]).status.success());
}

#[test]
fn a_picture_that_one_can_see_through_is_a_png_and_one_with_mere_room_for_it_a_jpeg() {
    let png = |alpha: u8| {
        let pixels = RgbaImage::from_fn(40, 20, |x, _| Rgba([200, 0, 0, if x < 20 { alpha } else { 255 }]));
        let mut bytes = Vec::new();
        DynamicImage::ImageRgba8(pixels).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        bytes
    };
    let site =
        site("{% image src: \"/logo.png\", alt: \"\", widths: \"20\" %}").write("static/logo.png", png(0));
    site.build();
    let endings = |site: &Fixture| -> Vec<String> {
        pictures(site).iter().map(|path| path.rsplit('.').next().unwrap().to_owned()).collect()
    };
    let mut found = endings(&site);
    found.sort();
    assert_eq!(found, ["avif", "png", "webp"]);
    let png_file = pictures(&site).into_iter().find(|path| path.ends_with(".png")).unwrap();
    let small = opened(&site, &png_file).into_rgba8();
    assert!(small.get_pixel(2, 5).0[3] == 0 && small.get_pixel(17, 5).0 == [200, 0, 0, 255], "no dark seams");
    site.put("static/logo.png", png(255));
    site.build();
    assert!(endings(&site).contains(&"jpg".to_owned()), "{:?}", endings(&site));
}

#[test]
fn what_moves_or_is_drawn_is_published_as_it_is() {
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 30 15\"/>";
    let mut gif = Vec::new();
    photo(10, 10).write_to(&mut Cursor::new(&mut gif), ImageFormat::Gif).unwrap();
    let site = site(
        "{% image src: \"/a.svg\", alt: \"\" %}{% image src: \"/b.gif\", alt: \"\", loading: \"eager\" %}",
    )
    .write("static/a.svg", svg)
    .write("static/b.gif", gif);
    site.build();
    let page = site.output("a/index.html");
    assert!(page.starts_with("<img src=\"/a."), "{page}");
    assert!(
        page.contains(".svg\" alt=\"\" width=\"30\" height=\"15\" loading=\"lazy\" decoding=\"async\">"),
        "{page}"
    );
    assert!(page.contains(".gif\" alt=\"\" width=\"10\" height=\"10\" decoding=\"async\">"), "{page}");
    assert!(pictures(&site).is_empty());
}

#[test]
fn what_cannot_be_shown_is_told_where_it_is_asked_for() {
    // A PNG that says it has 60,000 × 60,000 pixels, and hardly a byte of them.
    let mut bomb = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xea\x60\0\0\xea\x60\x08\x06\0\0\0".to_vec();
    bomb.extend([0x1f, 0x2d, 0x5b, 0x9a]);
    bomb.extend(b"\0\0\0\0IEND\xaeB`\x82");
    let fails = |tag: &str, file: (&str, Vec<u8>), parts: &[&str]| {
        let site = site("").write(file.0, file.1);
        site.build();
        let before = site.tree();
        site.put("templates/layouts/page.liquid", format!("<p>\n{tag}"));
        let error = site.try_build(Options::default()).unwrap_err();
        let told = format!("{error} {:?}", error.hints());
        for part in parts.iter().chain(&["templates/layouts/page.liquid:2:"]) {
            assert!(told.contains(part), "{part:?} in {told}");
        }
        assert_eq!(site.tree(), before);
    };
    let team = || ("static/img/team.jpg", jpeg(4, 4));
    fails(
        "{% image src: \"/team.jpg\", alt: \"\" %}",
        team(),
        &["there is no such file", "did you mean `img/team.jpg`?"],
    );
    fails(
        "{% image src: \"/img/team.jpg\", widhts: \"4\" %}",
        team(),
        &["no parameter `widhts`", "did you mean `widths`?"],
    );
    fails("{% image src: \"/img/team.jpg\", alt: \"\", widths: \"1,x\" %}", team(), &["`widths` of `image`"]);
    let text = || ("static/x.jpg", b"no picture".to_vec());
    fails(
        "{% image src: \"/x.jpg\", alt: \"\" %}",
        text(),
        &["static/x.jpg: it is no picture that can be read"],
    );
    fails("{% image src: \"/x.png\", alt: \"\" %}", ("static/x.png", bomb), &["static/x.png: "]);
}

#[test]
fn a_picture_that_data_names_in_vain_is_left_out_and_warned_of() {
    let site = site("{% image src: page.extra.cover %}")
        .write("content/a.md", "+++\n[extra]\ncover = \"/nowhere.jpg\"\n+++\nA");
    site.build();
    assert!(site.output("a/index.html").starts_with('|'));
    let warnings = site.reporter.warnings().join("\n");
    assert!(
        warnings.contains("the picture \"/nowhere.jpg\" is left out: there is no such file"),
        "{warnings}"
    );
    site.put("static/nowhere.jpg", jpeg(4, 4));
    let report = site.build().build;
    assert_eq!(report.rendered, 1);
    assert!(site.output("a/index.html").contains("<picture>"));
    let warnings = site.reporter.warnings().join("\n");
    assert!(warnings.contains("the picture \"/nowhere.jpg\" has no alternative text"), "{warnings}");
}

/// A stand-in for the web: answers by address, and what was asked for.
#[derive(Clone, Default)]
struct Web(Arc<Mutex<WebState>>);

/// Status, headers and body.
type Answer = (u16, Vec<(&'static str, String)>, Vec<u8>);

#[derive(Default)]
struct WebState {
    answers: BTreeMap<String, Answer>,
    asked: Vec<String>,
}

impl Web {
    fn answer(&self, url: &str, status: u16, headers: &[(&'static str, &str)], body: Vec<u8>) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.0.lock().unwrap().answers.insert(url.to_owned(), (status, headers, body));
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }
}

impl Transport for Web {
    fn send(&self, request: &Request) -> Result<Response, Failure> {
        let mut state = self.0.lock().unwrap();
        let condition = request.headers.iter().find(|(name, _)| *name == "If-None-Match");
        let told = condition.map_or(String::new(), |(_, tag)| format!(" {tag}"));
        state.asked.push(format!("{}{told}", request.url));
        let Some((status, headers, body)) = state.answers.get(&request.url) else {
            return Err(Failure::new(Cause::Timeout, ""));
        };
        if body.len() as u64 > request.max_body {
            return Err(Failure::new(Cause::TooLong, ""));
        }
        Ok(Response { status: *status, headers: headers.iter().cloned().collect(), body: body.clone() })
    }
}

const COVER: &str = "https://cdn.example/covers/ruhig.jpg?token=geheim";

fn with_cover(address: &str) -> Fixture {
    let site = Fixture::with_courses(&[]).write(
        "templates/layouts/course.liquid",
        "{% image src: course.image, alt: course.title, widths: \"20\" %}|",
    );
    let mut course = crate::fixture::row("c1", "Kurs", "2027-01-01");
    course["image"] = address.into();
    site.put("courses.json", serde_json::to_string(&[course]).unwrap());
    site
}

fn build_with(site: &Fixture, web: &Web, options: Options) -> Summary {
    let config = Config::load(&site.path(""), &Environment::default()).unwrap();
    let clock = Arc::new(ManualClock::new(site.now));
    let mut project = Project::new(config, clock, site.reporter.clone()).with_pictures(Box::new(web.clone()));
    project.build(options).unwrap()
}

fn is_rendered(summary: &Summary) -> bool {
    summary.build.reasons.iter().any(|(path, _)| path == "courses/kurs/index.html")
}

#[test]
fn a_picture_of_the_web_is_fetched_once_and_served_by_the_site() {
    let (mut site, web) = (with_cover(COVER), Web::default());
    web.answer(COVER, 302, &[("location", "/b.jpg")], Vec::new());
    web.answer("https://cdn.example/b.jpg", 200, &[("etag", "\"one\"")], turned(60, 30));
    build_with(&site, &web, Options::default());
    let page = site.output("courses/kurs/index.html");
    assert!(page.contains("/images/ruhig-20.") && page.contains("width=\"20\" height=\"40\""), "{page}");
    assert!(!page.contains("cdn.example"));
    assert_eq!((pictures(&site).len(), web.asked().len()), (3, 2));
    // Not asked for again, at the next build or offline.
    site.put("content/x.md", "x");
    build_with(&site, &web, Options::default());
    build_with(&site, &web, Options { offline: true, ..Options::default() });
    assert_eq!(web.asked(), [""; 0]);
    // After a week it is, with its tag; nothing changed, so nothing is made.
    site.now += jiff::SignedDuration::from_hours(169);
    web.answer("https://cdn.example/b.jpg", 304, &[], Vec::new());
    let summary = build_with(&site, &web, Options::default());
    assert_eq!(web.asked(), [format!("{COVER} \"one\""), "https://cdn.example/b.jpg \"one\"".to_owned()]);
    assert!(!is_rendered(&summary), "{:?}", summary.build.reasons);
    // Gone from the web: the last good picture stays, and somebody is told; without the token in the address.
    site.now += jiff::SignedDuration::from_hours(169);
    web.answer("https://cdn.example/b.jpg", 404, &[], Vec::new());
    let summary = build_with(&site, &web, Options::default());
    assert_eq!((is_rendered(&summary), pictures(&site).len()), (false, 3));
    assert_eq!(
        site.reporter.warnings(),
        [
            "course c1: https://cdn.example/covers/ruhig.jpg: its server answers with status 404; the picture of before is shown"
        ]
    );
    // Another picture.
    site.now += jiff::SignedDuration::from_hours(1);
    web.answer("https://cdn.example/b.jpg", 200, &[], jpeg(40, 40));
    assert!(is_rendered(&build_with(&site, &web, Options::default())));
    assert!(site.output("courses/kurs/index.html").contains("width=\"20\" height=\"20\""));
}

#[test]
fn what_the_web_gives_wrongly_leaves_the_page_without_a_picture() {
    let whole = jpeg(60, 30);
    type Case<'t> = (u16, Vec<(&'static str, &'t str)>, Vec<u8>, &'t str);
    let cases: Vec<Case<'_>> = vec![
        (500, vec![], vec![], "its server answers with status 500"),
        (
            200,
            vec![("content-type", "image/jpeg")],
            b"<html>no".to_vec(),
            "it is no picture that can be read",
        ),
        (200, vec![], b"<svg xmlns=\"x\"><script>alert(1)</script></svg>".to_vec(), "cannot be svg here"),
        (200, vec![], whole[..whole.len() / 3].to_vec(), "it cannot be read"),
        (
            302,
            vec![("location", "http://cdn.example/plain.jpg")],
            vec![],
            "leads to an address that cannot be followed",
        ),
        (302, vec![("location", COVER)], vec![], "it leads on more than 5 times"),
    ];
    for (status, headers, body, told) in cases {
        let (site, web) = (with_cover(COVER), Web::default());
        web.answer(COVER, status, &headers, body);
        build_with(&site, &web, Options::default());
        assert_eq!(site.output("courses/kurs/index.html"), "|", "{told}");
        let warnings = site.reporter.warnings().join("\n");
        assert!(warnings.contains(told) && !warnings.contains("geheim"), "{told}: {warnings}");
        // Nobody is asked again at once.
        web.asked();
        site.put("content/x.md", "x");
        build_with(&site, &web, Options::default());
        assert_eq!(web.asked(), [""; 0], "{told}");
    }
}

#[test]
fn no_picture_is_fetched_from_a_machine_in_the_house() {
    for address in [
        "http://127.0.0.1:9/x.jpg",
        "http://localhost:9/x.jpg",
        "http://[::1]:9/x.jpg",
        "http://10.0.0.1/x.jpg",
    ] {
        let site = with_cover(address);
        site.build();
        assert_eq!(site.output("courses/kurs/index.html"), "|");
        let warnings = site.reporter.warnings().join("\n");
        assert!(warnings.contains("private network"), "{address}: {warnings}");
    }
}

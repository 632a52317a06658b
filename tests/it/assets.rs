//! Style sheets and other files: made small, compiled from Sass, under names that carry their hash.

use std::collections::BTreeMap;
use std::fs;

use aither::project::Options;

use crate::fixture::Fixture;

/// A site of two pages with a layout of its own that links to a style sheet, and one page that does not.
fn site() -> Fixture {
    Fixture::with_courses(&[("c1", "Kurs", "2027-01-01")])
        .write(
            "templates/layouts/page.liquid",
            "<link href=\"{{ 'look.css' | asset_url }}\" integrity=\"{{ 'look.css' | asset_integrity }}\">{{ content }}",
        )
        .write("templates/layouts/bare.liquid", "{{ content }}")
        .write("content/a.md", "A")
        .write("content/b.md", "B")
        .write("content/c.md", "+++\ntemplate = \"bare\"\n+++\nC")
        .write("static/look.css", "@import \"more/base.css\";\n\nbody  {  color : #ff0000 }\n")
        .write("static/more/base.css", ".logo { background: url('../img/logo.svg?x#y') }\n")
        .write("static/img/logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>")
}

fn rendered(site: &Fixture) -> Vec<String> {
    site.build().build.reasons.into_iter().map(|(path, _)| path).collect()
}

fn written(before: &BTreeMap<String, Vec<u8>>, site: &Fixture) -> Vec<String> {
    Fixture::changed(before, &site.tree())
}

/// The one file of the output with such a name and a hash in it.
fn hashed(site: &Fixture, before: &str, after: &str) -> String {
    let is_it = |path: &String| {
        path.strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let found: Vec<String> = site.tree().into_keys().filter(is_it).collect();
    assert_eq!(found.len(), 1, "{before}HASH{after}: {found:?}");
    found.into_iter().next().unwrap()
}

#[test]
fn a_linked_style_sheet_is_made_small_and_named_after_its_bytes() {
    let site = site();
    site.build();
    let (style, base) = (hashed(&site, "look.", ".css"), hashed(&site, "more/base.", ".css"));
    let logo = hashed(&site, "img/logo.", ".svg");
    let base_name = base.strip_prefix("more/").unwrap();
    assert_eq!(site.output(&style), format!("@import \"more/{base_name}\";body{{color:red}}"));
    assert_eq!(site.output(&base), format!(".logo{{background:url(../{logo}?x#y)}}"));
    // The plain names hold the same, for those who know no other.
    assert_eq!(site.output("look.css"), site.output(&style));
    let page = site.output("a/index.html");
    let integrity = page.split('"').nth(3).unwrap();
    assert_eq!(integrity, aither::base::digest::integrity(site.output(&style).as_bytes()));
    assert!(page.starts_with(&format!("<link href=\"/{style}\"")), "{page}");
    assert!(aither::assets::is_fingerprinted(&style));
    assert!(site.run(&["build", "--verify"]).status.success());
}

#[test]
fn another_style_sheet_renders_the_pages_that_link_to_it_and_no_other() {
    let site = site();
    site.build();
    let (old, before) = (hashed(&site, "look.", ".css"), site.tree());
    site.put("static/img/logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><g/></svg>");
    let woken = rendered(&site);
    assert_eq!(
        woken.iter().filter(|path| path.ends_with(".html")).collect::<Vec<_>>(),
        ["a/index.html", "b/index.html"]
    );
    let changed = written(&before, &site);
    assert!(changed.contains(&old) && !site.has(&old), "what nobody links to any more is gone: {changed:?}");
    assert!(!changed.contains(&"c/index.html".to_owned()));
    assert_eq!(site.build().build.reasons, []);
    // A file that somebody deleted by hand is put back although no page is rendered.
    let now = hashed(&site, "look.", ".css");
    site.remove(&format!("output/{now}"));
    let report = site.build().build;
    assert_eq!((report.rendered, report.written), (0, 1));
    assert!(site.has(&now));
    assert!(site.run(&["build", "--verify"]).status.success());
}

#[test]
fn white_space_in_a_style_sheet_writes_nothing() {
    let site = site();
    site.build();
    let before = site.times();
    site.put("static/look.css", "@import 'more/base.css'; body{color:red}");
    let report = site.build().build;
    assert_eq!((report.rendered, report.written), (0, 0));
    assert_eq!(site.times(), before);
}

#[test]
fn sass_is_compiled_anew_only_for_its_partials() {
    let site = site()
        .write("sass/look.scss", "@use 'parts/colours';\nbody { p { color: colours.$ink } }")
        .write("sass/parts/_colours.scss", "$ink: #000;")
        .write("static/other.scss", "a { b { top: 0 } }");
    site.remove("static/look.css");
    site.build();
    assert_eq!(site.output("look.css"), "body p{color:#000}");
    assert_eq!(site.output("other.css"), "a b{top:0}");
    assert!(!site.has("other.scss") && !site.has("parts/_colours.css"));
    let cached = || fs::read_dir(site.path(".aither/assets")).unwrap().count();
    let known = cached();
    let before = site.tree();
    site.put("sass/parts/_colours.scss", "$ink: navy;");
    assert_eq!(rendered(&site).iter().filter(|path| path.ends_with(".html")).count(), 2);
    assert_eq!(site.output("look.css"), "body p{color:navy}");
    assert!(!written(&before, &site).contains(&"other.css".to_owned()));
    assert_eq!(cached(), known, "what is of no use any more is not kept");
    // A file that comes to stand before another is a change as well.
    site.put("sass/parts/colours.scss", "$ink: teal;");
    site.remove("sass/parts/_colours.scss");
    site.build();
    assert_eq!(site.output("look.css"), "body p{color:teal}");
}

#[test]
fn a_build_in_which_no_style_sheet_changed_compiles_none() {
    let site = site().write("sass/look.scss", "body { p { color: red } }");
    site.remove("static/look.css");
    site.build();
    // What is kept is believed, so it can be seen that it is used.
    for entry in fs::read_dir(site.path(".aither/assets")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("body p{color:red}", "body p{color:#00f}")).unwrap();
    }
    site.put("content/a.md", "Anders");
    site.build();
    assert_eq!(site.output("look.css"), "body p{color:#00f}");
}

#[test]
fn mistakes_say_where_and_leave_the_last_good_site() {
    let site = site();
    site.build();
    let before = site.tree();
    let fails = |path: &str, text: &str, parts: &[&str]| {
        let good = fs::read(site.path(path)).ok();
        site.put(path, text);
        let error = site.try_build(Options::default()).unwrap_err();
        let told = format!("{error}\n{:?}", error.hints());
        for part in parts {
            assert!(told.contains(part), "{part:?} in {told}");
        }
        assert_eq!(site.tree(), before);
        match good {
            Some(good) => site.put(path, good),
            None => site.remove(path),
        }
    };
    fails("static/look.css", "a { color: red }\n.b } {\n", &["static/look.css:2:4: ", "2 | .b } {"]);
    fails(
        "sass/x.scss",
        "a {\n  color: $nowhere;\n}",
        &["sass/x.scss:2:10: ", "Undefined variable", "2 |   color: $nowhere;"],
    );
    fails("sass/y.scss", "@use 'missing';", &["sass/y.scss:1:", "Can't find stylesheet"]);
    fails("static/more/base.css", "@import '../look.css';", &["in a circle: ", "look.css"]);
    fails(
        "templates/layouts/page.liquid",
        "<p>\n{{ 'loook.css' | asset_url }}",
        &["templates/layouts/page.liquid:2:", "there is no asset \"loook.css\"", "did you mean `look.css`?"],
    );
}

#[test]
fn a_file_that_a_style_sheet_names_in_vain_is_warned_of() {
    let site = site().write("static/look.css", "a { background: url(img/lgo.svg) }\nb { top: 0 }");
    site.build();
    assert_eq!(
        site.reporter.warnings(),
        ["static/look.css:1:21: there is no file img/lgo.svg (did you mean `img/logo.svg`?)"]
    );
    assert_eq!(site.output("look.css"), "a{background:url(img/lgo.svg)}b{top:0}");
}

#[test]
fn sites_below_a_path_and_sites_without_fingerprints() {
    let config = |more: &str| {
        format!(
            "source = \"file\"\n[site]\nbase_url = \"https://a.example/akademie\"\n[file]\npath = \"courses.json\"\n{more}"
        )
    };
    let site = site().write("aither.toml", config("")).write(
        "static/look.css",
        "a { background: url(/img/logo.svg) }\nb { background: url(/akademie/img/logo.svg) }",
    );
    site.build();
    let logo = hashed(&site, "img/logo.", ".svg");
    assert_eq!(
        site.output("look.css"),
        format!("a{{background:url(/akademie/{logo})}}b{{background:url(/akademie/{logo})}}")
    );
    assert!(site.output("a/index.html").contains("href=\"/akademie/look."));
    site.put("aither.toml", config("[assets]\nfingerprint = false\nminify_css = false\n"));
    site.build();
    assert_eq!(site.output("look.css").as_bytes(), fs::read(site.path("static/look.css")).unwrap());
    assert!(site.output("a/index.html").contains("<link href=\"/akademie/look.css\" integrity=\"sha384-"));
    assert!(!site.has(&logo));
    // Somebody else's finished work is published as it is.
    site.put("aither.toml", config(""));
    site.put("static/old.min.css", "a { *zoom: 1 }");
    site.build();
    assert_eq!(site.output("old.min.css"), "a { *zoom: 1 }");
}

#[test]
fn why_names_the_asset() {
    let site = site();
    site.build();
    site.put("static/look.css", "a{top:0}");
    let told = |what: &str| String::from_utf8(site.run(&["why", what]).stdout).unwrap();
    assert!(told("/a/").contains("would be rendered: the asset look.css changed"), "{}", told("/a/"));
    let all = told("static/look.css");
    assert!(
        all.contains("a/index.html") && all.contains("b/index.html") && !all.contains("c/index.html"),
        "{all}"
    );
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_of_the_static_files_are_told() {
    let site = Fixture::with_courses(&[("c1", "Ruhig", "2027-02-10")])
        .write("elsewhere/secret.txt", "secret")
        .write("static/a.txt", "a");
    std::os::unix::fs::symlink(site.path("static/a.txt"), site.path("static/b.txt")).unwrap();
    site.build();
    assert_eq!(site.output("b.txt"), "a");
    for target in ["elsewhere", "elsewhere/secret.txt", "elsewhere/nothing"] {
        let link = site.path("static/out");
        std::os::unix::fs::symlink(site.path(target), &link).unwrap();
        let error = site.try_build(Options::default()).unwrap_err();
        assert!(error.message().contains("out is a link to a folder, to nothing, or out of"), "{error}");
        assert!(!site.has("out") && !site.has("out/secret.txt"));
        std::fs::remove_file(link).unwrap();
    }
}

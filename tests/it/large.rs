//! Large files in `static/`: published whole, and never in memory as a whole.

use std::io::{Seek as _, SeekFrom, Write as _};

use aither::base::digest::Digest;
use aither::base::files;

use crate::fixture::Fixture;

const COURSE: &[(&str, &str, &str)] = &[("1", "Ruhig reden", "2027-01-10")];

fn put_large(site: &Fixture, path: &str, length: u64) {
    site.put(path, "begin");
    let file = std::fs::File::options().write(true).open(site.path(path)).unwrap();
    file.set_len(length).unwrap();
}

/// Changes one byte.
fn touch(site: &Fixture, path: &str, at: u64) {
    let mut file = std::fs::File::options().write(true).open(site.path(path)).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(b"x").unwrap();
}

fn digest(site: &Fixture, path: &str) -> Digest {
    files::digest(&site.path(path)).unwrap().unwrap()
}

#[test]
fn a_large_file_is_published_whole_and_again_only_if_it_changes() {
    let site = Fixture::with_courses(COURSE);
    put_large(&site, "static/film.bin", (8 << 20) + 77);
    let first = site.build();
    let is_published = || {
        let own = digest(&site, "static/film.bin");
        let manifest = site.output(".sync-manifest.json");
        assert_eq!(own, digest(&site, "output/film.bin"));
        assert!(manifest.contains(&format!("\"film.bin\": \"{own}\"")), "{manifest}");
    };
    is_published();
    site.put("content/about.md", "+++\ntitle = \"Über uns\"\n+++\nWir.\n");
    let times = site.times();
    let next = site.build();
    assert_eq!(times["film.bin"], site.times()["film.bin"]);
    assert!(next.build.unchanged + next.build.written > first.build.written);
    touch(&site, "static/film.bin", 8 << 20);
    assert_eq!(site.build().build.written, 1);
    is_published();
    touch(&site, "output/film.bin", 3);
    assert_eq!(site.build().build.written, 1, "what was edited by hand is put back");
    is_published();
    std::fs::remove_file(site.path(".aither/traces.bin")).unwrap();
    let times = site.times();
    site.build();
    assert_eq!(times["film.bin"], site.times()["film.bin"], "the same bytes are not written again");
    site.remove("static/film.bin");
    assert_eq!(site.build().build.removed, 1);
    assert!(!site.has("film.bin"));
}

#[test]
fn text_that_becomes_large_loses_its_twins() {
    let site = Fixture::with_courses(COURSE);
    let config = std::fs::read_to_string(site.path("aither.toml")).unwrap();
    let site = site.write("aither.toml", format!("{config}[output]\nprecompress = true\n"));
    put_large(&site, "static/export.csv", 8 << 20);
    site.build();
    assert!(site.has("export.csv.gz") && site.has("export.csv.br"));
    put_large(&site, "static/export.csv", (8 << 20) + 1);
    site.build();
    assert!(site.has("export.csv") && !site.has("export.csv.gz") && !site.has("export.csv.br"));
    put_large(&site, "static/export.csv", 2_000);
    site.build();
    assert!(site.has("export.csv.gz"));
}

/// The limit is on the whole address space: a file that is larger than it cannot be in memory.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_larger_than_the_memory_can_be_published() {
    const LENGTH: u64 = 260 << 20;
    let site = Fixture::with_courses(COURSE);
    put_large(&site, "static/film.bin", LENGTH);
    let limited = |arguments: &str| {
        let script = format!("ulimit -v 260000 && exec \"$0\" {arguments}");
        let program = crate::fixture::program();
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &script]).arg(program).current_dir(site.path("")).env("RAYON_NUM_THREADS", "2");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    limited("build");
    assert_eq!(std::fs::metadata(site.path("output/film.bin")).unwrap().len(), LENGTH);
    touch(&site, "output/film.bin", 3);
    limited("build --dry-run");
    limited("build");
    assert_eq!(digest(&site, "static/film.bin"), digest(&site, "output/film.bin"));
}

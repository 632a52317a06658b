//! `aither.toml` and the environment: what is accepted, and how mistakes are told.

use std::time::Duration;

use aither::base::files;
use aither::config::{Config, Details, Environment, Order, PERSONAL_FIELDS, Source};
use aither::error::{Error, Kind};
use proptest::prelude::*;

fn load_with(text: &str, variables: &[(&str, &str)]) -> Result<Config, Error> {
    let folder = tempfile::tempdir().unwrap();
    files::write_new(&folder.path().join("aither.toml"), text.as_bytes()).unwrap();
    Config::load(folder.path(), &variables.iter().copied().collect())
}

fn load(text: &str) -> Result<Config, Error> {
    load_with(text, &[])
}

/// The message and the hints, as a person gets them.
fn told(text: &str) -> String {
    told_with(text, &[])
}

fn told_with(text: &str, variables: &[(&str, &str)]) -> String {
    let error = load_with(text, variables).unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    error.hints().iter().fold(error.message().to_owned(), |all, hint| format!("{all}\nhint: {hint}"))
}

#[test]
fn an_empty_file_is_a_site_on_the_sample() {
    let config = load("").unwrap();
    assert!(matches!(config.source, Source::Sample));
    assert_eq!(config.site.language, "en");
    assert_eq!(config.theme.name, "academy");
    assert_eq!(config.paths.output, config.root.join("output"));
    assert_eq!(config.paths.state, config.root.join(".aither"));
    assert_eq!((config.courses.page_size, config.courses.order), (20, Order::Start));
    assert_eq!(config.limits.max_shrink_percent, 30);
    assert!(config.privacy.public_fields.is_empty());
    let Source::Hemera(hemera) = load("[hemera]\nbase_url = \"https://hemera.example\"").unwrap().source
    else {
        panic!("not Hemera")
    };
    assert_eq!(hemera.details, Details::Needed);
}

#[test]
fn every_key_is_read() {
    let config = load(
        r#"
source = "hemera"
[site]
title = "Akademie „Nord“"
description = "Kurse"
base_url = "https://nord.example/"
language = "de"
time_zone = "Europe/Berlin"
[site.extra]
phone = "030"
nested = { list = [1, 2.5, true, 2027-01-01] }
[hemera]
base_url = "https://hemera.example/"
details = "all"
requests_per_minute = 60
connect_timeout_seconds = 1
read_timeout_seconds = 2
sync_budget_seconds = 3
retries = 0
max_body_bytes = 4096
[theme]
name = "nord"
strict = true
[theme.options]
accent = "teal"
[paths]
content = "inhalt"
themes = "t"
templates = "vorlagen"
static = "dateien"
output = "../public"
[courses]
order = "title"
page_size = 5
feed_size = 6
[limits]
max_shrink_percent = 50
[privacy]
public_fields = ["name", "participants.status", "preparationIntent", "name"]
"#,
    )
    .unwrap();
    assert_eq!(config.site.base_url, "https://nord.example");
    assert_eq!(config.site.time_zone.iana_name(), Some("Europe/Berlin"));
    assert_eq!(config.site.extra["nested"]["list"].as_array().unwrap().len(), 4);
    let Source::Hemera(hemera) = &config.source else { panic!("not Hemera") };
    assert_eq!(hemera.base_url, "https://hemera.example");
    assert_eq!(hemera.details, Details::All);
    assert_eq!((hemera.requests_per_minute, hemera.retries, hemera.max_body), (60, 0, 4096));
    assert_eq!(hemera.connect_timeout + hemera.read_timeout, hemera.budget);
    assert_eq!(hemera.budget, Duration::from_secs(3));
    assert_eq!(config.theme.options["accent"].as_str(), Some("teal"));
    assert_eq!(config.theme.strict, Some(true));
    assert_eq!(config.paths.content, config.root.join("inhalt"));
    assert_eq!(config.paths.output, config.root.parent().unwrap().join("public"));
    assert_eq!((config.courses.page_size, config.courses.feed_size), (5, 6));
    assert_eq!(config.limits.max_shrink_percent, 50);
    assert_eq!(config.privacy.public_fields, ["name", "status", "preparation_intent"]);
}

#[test]
fn the_names_of_personal_fields_are_those_of_the_model() {
    assert_eq!(PERSONAL_FIELDS, aither::model::participant::FIELDS);
}

#[test]
fn an_unknown_key_is_told_with_its_place_and_what_was_meant() {
    assert_eq!(
        told("source = \"sample\"\n\n[site]\n  base_ulr = \"https://a.example\"\n"),
        "aither.toml:4:3: unknown key `base_ulr` in [site]\n  |\n4 |   base_ulr = \"https://a.example\"\n  |   ^^^^^^^^\n\
         hint: did you mean `base_url`?"
    );
    assert_eq!(
        told("[sites]\ntitle = \"x\"\n"),
        "aither.toml:1:2: unknown table `sites`\n  |\n1 | [sites]\n  |  ^^^^^\nhint: did you mean `site`?"
    );
    assert_eq!(
        told("[site]\nfax = 1\n"),
        "aither.toml:2:1: unknown key `fax` in [site]\n  |\n2 | fax = 1\n  | ^^^\n\
         hint: what only your templates know belongs in [site.extra]"
    );
}

#[test]
fn all_mistakes_are_told_together_in_the_order_of_the_file() {
    assert_eq!(
        told("source = \"samlpe\"\n[courses]\npage_size = 0\n[site]\ntitle = 3\ntimezone = \"x\"\n"),
        "aither.toml:1:10: `source` must be `sample`, `hemera`, `file`, `oneroster` or `edfi`, not `samlpe`\n  |\n\
         1 | source = \"samlpe\"\n  |          ^^^^^^^^\n  = hint: did you mean `sample`?\n\
         aither.toml:3:13: `page_size` must be between 1 and 1000\n  |\n3 | page_size = 0\n  |             ^\n\
         aither.toml:5:9: `title` must be a text in quotes, not a number\n  |\n5 | title = 3\n  |         ^\n\
         aither.toml:6:1: unknown key `timezone` in [site]\n  |\n6 | timezone = \"x\"\n  | ^^^^^^^^\n  \
         = hint: did you mean `time_zone`?"
    );
}

#[test]
fn values_that_cannot_be_are_refused() {
    for (text, message) in [
        ("[hemera]\nrequests_per_minute = 101", "`requests_per_minute` must be between 1 and 100"),
        ("[hemera]\nrequests_per_minute = -1", "`requests_per_minute` must be between 1 and 100"),
        ("[hemera]\nretries = 99999999999999999999", "`retries` must be between 0 and 10"),
        ("[hemera]\nretries = 1.5", "`retries` must be a whole number, not a fraction"),
        (
            "[hemera]\ndetails = \"some\"",
            "`details` must be `needed`, `none`, `upcoming` or `all`, not `some`",
        ),
        ("[site]\nbase_url = \"academy.example\"", "`base_url`: expected an address such as https://academy"),
        ("[site]\ntime_zone = \"Europe/Berln\"", "did you mean `Europe/Berlin`?"),
        ("[site]\nlanguage = \"de_DE\"", "did you mean `de-DE`?"),
        ("[site]\ntitle = \" \"", "`title`: must not be empty"),
        ("[site.extra]\nn = 99999999999999999999", "aither.toml:2:5: the number is too large"),
        ("site = \"x\"", "`site` must be a table: [site], not a text"),
        ("[theme]\nname = \"../x\"", "`../x` is no name of a folder"),
        ("[privacy]\npublic_fields = [\"nmae\"]", "aither.toml:2:18: a participant has no field `nmae`"),
        ("[privacy]\npublic_fields = \"name\"", "`public_fields` must be a list of texts, not a text"),
        ("[privacy]\npublic_fields = [1]", "`public_fields` must be a list of texts"),
        ("source = \"file\"", "the source `file` needs a path"),
        ("[paths]\noutput = \".\"", "must not be the site's own folder"),
        ("[paths]\noutput = \"..\"", "must not be the site's own folder, nor hold it"),
        ("[paths]\noutput = \"content/x\"", "the output folder and `content` must not overlap"),
        ("[paths]\noutput = \"a/../static\"", "the output folder and `static` must not overlap"),
        ("[paths]\noutput = \".git\"", "the output folder and `.git` must not overlap"),
        ("[paths]\ncontent = \".\"", "the output folder and `content` must not overlap"),
        (
            "source = \"file\"\n[file]\npath = \"output/c.json\"",
            "the output folder and the file of courses must not overlap",
        ),
    ] {
        let told = told(text);
        assert!(told.contains(message), "{text}:\n{told}");
    }
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    let told = told("[site]\ntitle = Nord\n");
    assert!(told.starts_with("aither.toml:2:9: "), "{told}");
    assert!(told.contains("\n2 | title = Nord\n  |         ^"), "{told}");
    assert!(told_with("title = \"a\"\ntitle = \"b\"", &[]).starts_with("aither.toml:2:1: duplicate key"));
}

#[test]
fn no_file_is_told_with_the_command_that_makes_one() {
    let folder = tempfile::tempdir().unwrap();
    let error = Config::load(folder.path(), &Environment::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert_eq!(error.message(), format!("there is no aither.toml in {}", folder.path().display()));
    assert!(error.hints()[0].starts_with("`aither init "), "{:?}", error.hints());
}

#[test]
fn the_environment_goes_over_the_file() {
    let variables = [
        ("HEMERA_API_BASE_URL", "http://127.0.0.1:7777/"),
        ("HEMERA_API_KEY", " 0123456789abcdef0123456789abcdef\n"),
        ("AITHER_BASE_URL", "https://live.example"),
        ("AITHER_OUTPUT", "public"),
    ];
    let config =
        load_with("source = \"sample\"\n[site]\nbase_url = \"https://a.example\"", &variables).unwrap();
    let Source::Hemera(hemera) = &config.source else { panic!("not Hemera") };
    assert_eq!(hemera.base_url, "http://127.0.0.1:7777");
    assert_eq!(hemera.required_key().unwrap().reveal(), "0123456789abcdef0123456789abcdef");
    assert_eq!(config.site.base_url, "https://live.example");
    assert_eq!(config.paths.output, config.root.join("public"));

    let file = load_with("source = \"file\"\n[file]\npath = \"c.json\"", &variables).unwrap();
    assert!(matches!(file.source, Source::File(path) if path == file.root.join("c.json")));
    let empty = load_with("source = \"sample\"", &[("HEMERA_API_BASE_URL", " ")]).unwrap();
    assert!(matches!(empty.source, Source::Sample));
    assert!(matches!(load("[hemera]\nbase_url = \"https://h.example\"").unwrap().source, Source::Hemera(_)));
}

#[test]
fn mistakes_in_the_environment_name_the_variable() {
    assert_eq!(
        told_with("", &[("HEMERA_API_BASE_URL", "hemera")]),
        "HEMERA_API_BASE_URL: expected an address such as https://academy.example, found `hemera`"
    );
    let told = told_with("", &[("HEMERA_API_KEY", "geheim geheim")]);
    assert!(told.starts_with("HEMERA_API_KEY: holds characters") && !told.contains("geheim"), "{told}");
    assert!(
        told_with("", &[("AITHER_OUTPUT", "/")]).starts_with("AITHER_OUTPUT: the output folder must not")
    );
}

#[test]
fn a_missing_key_is_told_when_it_is_needed() {
    let config = load("# live\nsource = \"hemera\"\n[hemera]\nbase_url = \"https://h.example\"").unwrap();
    let Source::Hemera(hemera) = &config.source else { panic!("not Hemera") };
    let error = hemera.required_key().unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert_eq!(
        error.message(),
        "aither.toml:2: the source `hemera` needs a key, and HEMERA_API_KEY is not set"
    );
    assert_eq!(error.hints()[0], "set HEMERA_API_KEY in the environment; it has no place in a file");
    assert!(told("source = \"hemera\"").contains("the source `hemera` needs the address of the service"));
}

#[test]
fn a_key_in_the_file_is_refused_and_not_repeated() {
    let text = "[hemera]\nbase_url = \"https://h.example\"\napi_key = \"hunter2hunter2\"";
    assert_eq!(
        told(text),
        "aither.toml:3:1: the key must not stand in a file\n  |\n3 | api_key = …\n  | ^^^^^^^\n\
         hint: remove the line, and set HEMERA_API_KEY in the environment"
    );
    for text in ["[hemera]\napikey = \"hunter2\"", "[hemera]\napi_key = hunter2"] {
        assert!(!told(text).contains("hunter2"), "{}", told(text));
    }
    let config =
        load_with("[hemera]\nbase_url = \"https://h.example\"", &[("HEMERA_API_KEY", "hunter2hunter2")]);
    assert!(!format!("{:?}", config.unwrap()).contains("hunter2"));
}

#[test]
fn a_link_does_not_lead_the_output_into_the_content() {
    let folder = tempfile::tempdir().unwrap();
    files::create_folder(&folder.path().join("content")).unwrap();
    files::write_new(&folder.path().join("aither.toml"), b"").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join("content"), folder.path().join("output")).unwrap();
        let error = Config::load(folder.path(), &Environment::default()).unwrap_err();
        assert!(error.message().contains("must not overlap"), "{error}");
    }
}

#[test]
fn deep_nesting_is_an_error_and_no_crash() {
    let deep = format!("[site.extra]\nx = {}", "[".repeat(100_000));
    assert!(load(&deep).is_err());
    let dotted = format!("[site.extra]\n{} = 1", vec!["a"; 100_000].join("."));
    let _ = load(&dotted);
    let _ = load(&format!("[site.extra.{}]\nb = 1", vec!["a"; 100_000].join(".")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_is_too_odd(text in "(\\PC|\n|\\[site\\]\n|title = |\"|source|\u{feff}|\r\n){0,40}") {
        if let Err(error) = load(&text) {
            prop_assert!(error.message().starts_with("aither.toml:"), "{}", error);
        }
    }
}

#[test]
fn the_server_s_settings_are_checked_wherever_they_come_from() {
    for (value, found) in
        [("soon", "`soon`"), ("0", "`0`"), ("-5", "`-5`"), ("86400001", "`86400001`"), ("1e3", "`1e3`")]
    {
        let told = told_with("", &[("SYNC_TIMEOUT_MS", value)]);
        assert!(told.starts_with("SYNC_TIMEOUT_MS: must be a whole number of milliseconds"), "{told}");
        assert!(told.ends_with(found), "{told}");
    }
    let config = load_with("", &[("SYNC_TIMEOUT_MS", " 1500 ")]).unwrap();
    assert_eq!(config.serve.sync_timeout, Duration::from_millis(1_500));
    let told = told(
        "[serve]\ntrusted_proxies = [\"10.0.0.1\", \"proxy.example\"]\nhosts = [\"https://a.example\"]\n",
    );
    assert!(told.contains("aither.toml:2:32: \"proxy.example\" is not an IP address"), "{told}");
    assert!(told.contains("aither.toml:3:10: `https://a.example` is no host"), "{told}");
    let told = told_with("", &[("CRON_SECRET", "good,b\u{e4}d")]);
    assert_eq!(told, "CRON_SECRET: holds characters that a header cannot carry");
    assert!(load("[output]\nprecompress = true\n").unwrap().outputs.precompress);
}

#[test]
fn the_age_from_which_data_are_old_is_said_in_one_place() {
    use std::time::Duration;
    let load = |text: &str| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("aither.toml"), text).unwrap();
        Config::load(folder.path(), &Environment::default())
    };
    let limits = load("").unwrap().freshness;
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let states = [0, 59, 60, 179, 180].map(|age| limits.of(minutes(age)));
    assert_eq!(states, ["fresh", "fresh", "warning", "warning", "error"]);
    let own = load("[freshness]\nwarning_minutes = 0\nerror_minutes = 5\n").unwrap();
    assert_eq!([4, 5].map(|age| own.freshness.of(minutes(age))), ["fresh", "error"]);
    assert_eq!(own.serve.freshness, own.freshness);
    let never = load("[freshness]\nerror_minutes = 0\n").unwrap().freshness;
    assert_eq!(never.of(minutes(100_000)), "warning");
    let told = load("[freshness]\nwarning_minutes = 60\nerror_minutes = 30\n").unwrap_err().to_string();
    assert!(
        told.contains("aither.toml:3") && told.contains("must not be less than `warning_minutes` (60)"),
        "{told}"
    );
}

#[test]
fn the_command_line_takes_the_same_addresses_to_listen_on_as_the_configuration() {
    let site = crate::fixture::Fixture::new("nonsense = 1\n");
    let told = |host: &str| {
        let output = site.run(&["serve", "--host", host]);
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for host in ["localhost", "::1"] {
        assert!(told(host).contains("unknown key `nonsense`"), "{}", told(host));
    }
    assert!(
        told("example").contains("is not an IP address: 127.0.0.1 for this machine"),
        "{}",
        told("example")
    );
}

//! `source` and the tables of the sources, or `[[sources]]`; and `[sync]`.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::read::{Variables, keep, not_empty};
use super::source::{Entry, MatchBy, Source, Sync};
use super::{Details, FILE, Hemera, checks, paths};
use crate::base::mistakes::shown;
use crate::base::tables::{Found, Sheet, Table};

mod services;

/// The kinds of sources, in the order in which they are explained.
#[derive(Clone, Copy, PartialEq)]
enum Name {
    Sample,
    Hemera,
    File,
    OneRoster,
    EdFi,
}

const NAMES: [(&str, Name); 5] = [
    ("sample", Name::Sample),
    ("hemera", Name::Hemera),
    ("file", Name::File),
    ("oneroster", Name::OneRoster),
    ("edfi", Name::EdFi),
];

/// What a source is read from.
struct Place<'r, 's, 't, 'v, 'e> {
    sheet: &'s Sheet<'t>,
    root: &'r Path,
    variables: &'v mut Variables<'e>,
    /// Where the source is asked for, for messages.
    span: Range<usize>,
    /// Its table in messages: `[oneroster]`.
    table: String,
    /// What asks for it.
    declared: String,
}

/// The source, and the files and folders that it reads on this disk.
pub(super) fn read(
    sheet: &Sheet<'_>,
    root: &Path,
    top: &mut Table<'_, '_>,
    variables: &mut Variables<'_>,
) -> (Source, Vec<PathBuf>) {
    let several = top.list_of_tables("sources");
    let source = match several {
        None => Some(single(sheet, root, top, variables)),
        Some(entries) => {
            for key in ["source", "hemera", "file", "oneroster", "edfi"] {
                let hint = "each of several sources has a [[sources]] table of its own";
                top.forbid(key, "this and [[sources]] exclude each other", hint);
            }
            let entries = entries_of(sheet, root, entries, variables);
            (!entries.is_empty()).then_some(Source::Several(entries))
        }
    };
    let source = source.unwrap_or(Source::Sample);
    let given = source.entries().iter().filter_map(|entry| entry.source.path().cloned()).collect();
    (source, given)
}

/// `[sync]`.
pub(super) fn sync(table: Option<Table<'_, '_>>) -> Sync {
    let mut sync = Sync::default();
    if let Some(mut table) = table {
        let keys = [
            ("nothing", MatchBy::Nothing),
            ("slug", MatchBy::Slug),
            ("code", MatchBy::Code),
            ("title", MatchBy::Title),
        ];
        keep(&mut sync.match_by, table.choice("match", &keys));
        sync.full_every = table.integer("full_every", 0..=100_000).unwrap_or(sync.full_every);
        table.finish(None);
    }
    sync
}

/// `source = "…"`, or what the tables and the environment come to without it.
fn single(sheet: &Sheet<'_>, root: &Path, top: &mut Table<'_, '_>, variables: &mut Variables<'_>) -> Source {
    let asked = top.choice("source", &NAMES);
    let mut hemera = hemera(top.table("hemera"));
    let file = top.table("file").and_then(|table| file(table, root));
    let (oneroster_table, edfi_table) = (top.table("oneroster"), top.table("edfi"));
    hemera.api_key = variables.secret("HEMERA_API_KEY");
    let address = variables.address("HEMERA_API_BASE_URL");
    let by_variable = address.is_some();
    if let Some(address) = address {
        hemera.base_url = address;
    }
    let name = match asked.as_ref().map(|found| found.value) {
        // The address in the environment is the stronger wish: a site that ships with sample data goes live by it.
        Some(Name::Sample) | None if by_variable => Name::Hemera,
        Some(name) => name,
        None if !hemera.base_url.is_empty() => Name::Hemera,
        None if file.is_some() => Name::File,
        None if oneroster_table.is_some() => Name::OneRoster,
        None if edfi_table.is_some() => Name::EdFi,
        None => Name::Sample,
    };
    hemera.declared = match &asked {
        Some(found) if found.value == Name::Hemera => sheet.line(&found.span),
        _ if by_variable => "HEMERA_API_BASE_URL".into(),
        _ => FILE.into(),
    };
    let span = asked.map_or(0..0, |found| found.span);
    let declared = if span.is_empty() { FILE.to_owned() } else { sheet.line(&span) };
    let mut place = Place { sheet, root, variables, span, table: String::new(), declared };
    // Read whatever the source is, so that their keys are known.
    place.table = "[oneroster]".into();
    let oneroster = (oneroster_table.is_some() || name == Name::OneRoster)
        .then(|| place.oneroster(oneroster_table, name == Name::OneRoster));
    place.table = "[edfi]".into();
    let edfi =
        (edfi_table.is_some() || name == Name::EdFi).then(|| place.edfi(edfi_table, name == Name::EdFi));
    match name {
        Name::Sample => Source::Sample,
        Name::Hemera => {
            if hemera.base_url.is_empty() {
                let hint = "set HEMERA_API_BASE_URL in the environment, or `base_url` in [hemera]";
                place.wrong("the source `hemera` needs the address of the service", hint);
            }
            Source::Hemera(hemera)
        }
        Name::File => {
            if file.is_none() {
                let hint = "name a JSON file of courses by `path` in [file]";
                place.wrong("the source `file` needs a path", hint);
            }
            Source::File(file.unwrap_or_default())
        }
        Name::OneRoster => oneroster.map_or(Source::Sample, |one| Source::OneRoster(Box::new(one))),
        Name::EdFi => edfi.map_or(Source::Sample, |edfi| Source::EdFi(Box::new(edfi))),
    }
}

/// `[[sources]]`, in the order of `precedence`, else of the file.
fn entries_of(
    sheet: &Sheet<'_>,
    root: &Path,
    tables: Vec<Found<Table<'_, '_>>>,
    variables: &mut Variables<'_>,
) -> Vec<Entry> {
    let mut entries: Vec<(i64, Entry)> = Vec::new();
    let count = tables.len();
    for Found { value: mut table, span } in tables {
        let kind = table.choice("type", &NAMES);
        let id = table.checked("id", source_id);
        let precedence = table.integer("precedence", 0..=1_000).unwrap_or(100);
        let has_prefix = table.boolean("prefix").unwrap_or(true);
        let Some((kind, id)) = kind.zip(id) else {
            if !table.has("type") || !table.has("id") {
                let hint = "for example: id = \"sis\", type = \"oneroster\"";
                sheet.wrong(&span, "a source needs an `id` and a `type`", Some(hint.into()));
            }
            continue;
        };
        let id_at = id.span;
        let id = id.value;
        if entries.iter().any(|(_, known)| known.id == id) {
            sheet.wrong(&id_at, format_args!("two sources have the id `{}`", shown(&id)), None);
        }
        if !has_prefix && entries.iter().any(|(_, known)| !known.has_prefix) {
            let hint = "ids of two sources could meet: leave `prefix = false` to one of them";
            sheet.wrong(&id_at, "only one source may go without a prefix", Some(hint.into()));
        }
        let declared = sheet.line(&span);
        let mut place = Place {
            sheet,
            root,
            variables: &mut *variables,
            span,
            table: format!("[[sources]] `{id}`"),
            declared,
        };
        let source = place.of_kind(kind.value, table);
        entries.push((precedence, Entry { id, has_prefix, precedence, source }));
    }
    if count == 0 {
        sheet.wrong(&(0..0), "[[sources]] is empty", None);
    }
    entries.sort_by_key(|(precedence, _)| *precedence);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

/// The name of a source: part of ids, of file names and of messages.
fn source_id(text: &str) -> Result<String, String> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_good = (1..=40).contains(&text.len()) && text.bytes().all(fits) && !text.starts_with('-');
    if is_good {
        return Ok(text.to_owned());
    }
    Err(format!("an id is made of a to z, 0 to 9 and hyphens, 40 at most, not `{}`", shown(text)))
}

/// The name of a variable of the environment.
fn variable(text: &str) -> Result<String, String> {
    let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    if !text.is_empty() && text.bytes().all(fits) && !text.as_bytes()[0].is_ascii_digit() {
        return Ok(text.to_owned());
    }
    // Who put the secret itself here should not find it in a log.
    Err("expected the name of a variable such as SIS_CLIENT_SECRET, in capitals".to_owned())
}

fn file(mut table: Table<'_, '_>, root: &Path) -> Option<PathBuf> {
    let path = table.checked("path", not_empty);
    table.finish(None);
    path.map(|found| paths::below(root, &found.value))
}

fn hemera(table: Option<Table<'_, '_>>) -> Hemera {
    let mut hemera = Hemera {
        base_url: String::new(),
        api_key: None,
        key_variable: "HEMERA_API_KEY".into(),
        declared: String::new(),
        details: Details::Needed,
        requests_per_minute: 90,
        connect_timeout: Duration::from_secs(10),
        read_timeout: Duration::from_secs(30),
        budget: Duration::from_secs(60),
        retries: 3,
        max_body: 16 << 20,
    };
    if let Some(mut table) = table {
        hemera_keys(&mut hemera, &mut table);
        table.finish(None);
    }
    hemera
}

const DAY: u64 = 86_400;

/// How a service is asked over the network, of whatever kind it is.
struct Manner<'s> {
    base_url: &'s mut String,
    requests_per_minute: &'s mut u32,
    connect_timeout: &'s mut Duration,
    read_timeout: &'s mut Duration,
    budget: &'s mut Duration,
    retries: &'s mut u32,
    max_body: &'s mut u64,
}

impl Manner<'_> {
    /// Takes what a table says; `most` requests a minute are the limit of the service.
    fn read(self, table: &mut Table<'_, '_>, most: u32) {
        fn set<T>(setting: &mut T, found: Option<T>) {
            if let Some(found) = found {
                *setting = found;
            }
        }
        keep(self.base_url, table.checked("base_url", checks::address));
        let mut seconds = |key, most| table.integer(key, 1..=most).map(Duration::from_secs);
        set(self.connect_timeout, seconds("connect_timeout_seconds", 300));
        set(self.read_timeout, seconds("read_timeout_seconds", 3_600));
        set(self.budget, seconds("sync_budget_seconds", DAY));
        set(self.requests_per_minute, table.integer("requests_per_minute", 1..=most));
        set(self.retries, table.integer("retries", 0..=10));
        set(self.max_body, table.integer("max_body_bytes", 1_024..=1 << 30));
    }
}

fn hemera_keys(hemera: &mut Hemera, table: &mut Table<'_, '_>) {
    let details = [
        ("needed", Details::Needed),
        ("none", Details::None),
        ("upcoming", Details::Upcoming),
        ("all", Details::All),
    ];
    table.forbid(
        "api_key",
        "the key must not stand in a file",
        "remove the line, and set HEMERA_API_KEY in the environment",
    );
    keep(&mut hemera.details, table.choice("details", &details));
    let manner = Manner {
        base_url: &mut hemera.base_url,
        requests_per_minute: &mut hemera.requests_per_minute,
        connect_timeout: &mut hemera.connect_timeout,
        read_timeout: &mut hemera.read_timeout,
        budget: &mut hemera.budget,
        retries: &mut hemera.retries,
        max_body: &mut hemera.max_body,
    };
    manner.read(table, 100);
}

impl Place<'_, '_, '_, '_, '_> {
    fn wrong(&self, message: &str, hint: impl Into<String>) {
        self.sheet.wrong(&self.span, message, Some(hint.into()));
    }

    /// One of several sources: all its keys stand in one table.
    fn of_kind(&mut self, kind: Name, mut table: Table<'_, '_>) -> Source {
        match kind {
            Name::Sample => {
                table.finish(None);
                Source::Sample
            }
            Name::File => {
                let path = file(table, self.root);
                if path.is_none() {
                    self.wrong("the source `file` needs a path", "name a JSON file of courses by `path`");
                }
                Source::File(path.unwrap_or_default())
            }
            Name::Hemera => {
                let mut hemera = hemera(None);
                hemera_keys(&mut hemera, &mut table);
                keep(&mut hemera.key_variable, table.checked("secret_env", variable));
                table.finish(None);
                hemera.api_key = self.variables.secret(&hemera.key_variable);
                hemera.declared.clone_from(&self.declared);
                if hemera.base_url.is_empty() {
                    hemera.base_url = self.variables.address("HEMERA_API_BASE_URL").unwrap_or_default();
                }
                if hemera.base_url.is_empty() {
                    let hint = "set `base_url`, or HEMERA_API_BASE_URL in the environment";
                    self.wrong("the source `hemera` needs the address of the service", hint);
                }
                Source::Hemera(hemera)
            }
            Name::OneRoster => Source::OneRoster(Box::new(self.oneroster(Some(table), true))),
            Name::EdFi => Source::EdFi(Box::new(self.edfi(Some(table), true))),
        }
    }
}

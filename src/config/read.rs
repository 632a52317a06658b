//! `aither.toml`, key by key.

use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::{
    Config, Courses, Details, Environment, FILE, Hemera, Limits, Markdown, MenuEntry, Mode, Order,
    Organisation, Outputs, Paths, Privacy, Serve, Site, Source, Taxonomy, Theme,
};
use super::{checks, languages, paths};
use crate::base::mistakes::{self, Mistake};
use crate::base::secret::Secret;
use crate::base::tables::{Found, Sheet, Table};
use crate::error::{Kind, Result};

/// The names of the sources, in the order in which they are explained.
#[derive(Clone, Copy, PartialEq)]
enum Name {
    Sample,
    Hemera,
    File,
}

/// The environment, and what is wrong with it.
struct Variables<'e> {
    environment: &'e Environment,
    mistakes: Vec<Mistake>,
}

/// The configuration in `text`, the content of `aither.toml` in `root`, with what the environment says over it.
pub(super) fn config(root: &Path, text: &str, environment: &Environment) -> Result<Config> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let sheet = Sheet::new(FILE, text, start..text.len());
    let mut variables = Variables { environment, mistakes: Vec::new() };
    let mut top = sheet.table();

    let mut site = site(top.table("site"));
    if let Some(base_url) = variables.address("AITHER_BASE_URL") {
        site.base_url = base_url;
    }
    let (source, file) = source(&sheet, root, &mut top, &mut variables);
    let languages = languages::read(&sheet, &site.language, top.table("languages"));
    let config = Config {
        site,
        languages,
        theme: theme(top.table("theme")),
        paths: folders(
            &sheet,
            root,
            top.table("paths"),
            environment,
            file.as_deref(),
            &mut variables.mistakes,
        ),
        courses: courses(top.table("courses")),
        markdown: markdown(top.table("markdown")),
        taxonomies: Taxonomy::read(&sheet, top.table("taxonomies")),
        menus: MenuEntry::read(&sheet, top.table("menus")),
        outputs: Outputs::read(top.table("output")),
        limits: limits(top.table("limits")),
        privacy: privacy(&sheet, top.table("privacy")),
        serve: Serve::read(&sheet, top.table("serve"), environment, &mut variables.mistakes),
        source,
        root: root.to_owned(),
    };
    top.finish(None);

    let mut found = sheet.into_mistakes();
    found.append(&mut variables.mistakes);
    found.extend(
        environment.garbled().map(|name| Mistake::new(name, "is set to something that is not UTF-8 text")),
    );
    if found.is_empty() { Ok(config) } else { Err(mistakes::together(Kind::Config, found)) }
}

fn site(table: Option<Table<'_, '_>>) -> Site {
    let mut site = Site {
        title: "Academy".into(),
        description: String::new(),
        base_url: "http://localhost:8080".into(),
        language: "en".into(),
        prefix: String::new(),
        time_zone: TimeZone::UTC,
        organisation: Organisation::default(),
        extra: toml::Table::new(),
    };
    if let Some(mut table) = table {
        keep(&mut site.title, table.checked("title", not_empty));
        keep(&mut site.description, table.string("description"));
        keep(&mut site.base_url, table.checked("base_url", checks::address));
        keep(&mut site.language, table.checked("language", checks::language));
        keep(&mut site.time_zone, table.checked("time_zone", checks::time_zone));
        site.organisation = Organisation::read(table.table("organisation"));
        site.extra = table.free("extra");
        table.finish(Some("what only your templates know belongs in [site.extra]"));
    }
    site
}

/// The source, and the JSON file where it is one.
fn source(
    sheet: &Sheet<'_>,
    root: &Path,
    top: &mut Table<'_, '_>,
    variables: &mut Variables<'_>,
) -> (Source, Option<std::path::PathBuf>) {
    let names = [("sample", Name::Sample), ("hemera", Name::Hemera), ("file", Name::File)];
    let asked = top.choice("source", &names);
    let mut hemera = hemera(top.table("hemera"));
    let file = top.table("file").and_then(|mut table| {
        let path = table.checked("path", not_empty);
        table.finish(None);
        path.map(|found| paths::below(root, &found.value))
    });
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
        None => Name::Sample,
    };
    hemera.declared = match &asked {
        Some(found) if found.value == Name::Hemera => sheet.line(&found.span),
        _ if by_variable => "HEMERA_API_BASE_URL".into(),
        _ => FILE.into(),
    };
    let span = asked.map_or(0..0, |found| found.span);
    let source = match name {
        Name::Sample => Source::Sample,
        Name::Hemera => {
            if hemera.base_url.is_empty() {
                let hint = "set HEMERA_API_BASE_URL in the environment, or `base_url` in [hemera]";
                sheet.wrong(&span, "the source `hemera` needs the address of the service", Some(hint.into()));
            }
            Source::Hemera(hemera)
        }
        Name::File => {
            if file.is_none() {
                let hint = "name a JSON file of courses by `path` in [file]";
                sheet.wrong(&span, "the source `file` needs a path", Some(hint.into()));
            }
            Source::File(file.clone().unwrap_or_default())
        }
    };
    (source, file.filter(|_| name == Name::File))
}

fn hemera(table: Option<Table<'_, '_>>) -> Hemera {
    const DAY: u64 = 86_400;
    let mut hemera = Hemera {
        base_url: String::new(),
        api_key: None,
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
        keep(&mut hemera.base_url, table.checked("base_url", checks::address));
        keep(&mut hemera.details, table.choice("details", &details));
        let mut seconds = |key, most| table.integer(key, 1..=most).map(Duration::from_secs);
        hemera.connect_timeout = seconds("connect_timeout_seconds", 300).unwrap_or(hemera.connect_timeout);
        hemera.read_timeout = seconds("read_timeout_seconds", 3_600).unwrap_or(hemera.read_timeout);
        hemera.budget = seconds("sync_budget_seconds", DAY).unwrap_or(hemera.budget);
        hemera.requests_per_minute =
            table.integer("requests_per_minute", 1..=100).unwrap_or(hemera.requests_per_minute);
        hemera.retries = table.integer("retries", 0..=10).unwrap_or(hemera.retries);
        hemera.max_body = table.integer("max_body_bytes", 1_024..=1 << 30).unwrap_or(hemera.max_body);
        table.finish(None);
    }
    hemera
}

fn theme(table: Option<Table<'_, '_>>) -> Theme {
    let mut theme = Theme { name: "academy".into(), strict: None, options: toml::Table::new() };
    if let Some(mut table) = table {
        keep(&mut theme.name, table.checked("name", checks::theme_name));
        theme.strict = table.boolean("strict");
        theme.options = table.free("options");
        table.finish(Some("what the theme is told belongs in [theme.options]"));
    }
    theme
}

fn folders(
    sheet: &Sheet<'_>,
    root: &Path,
    table: Option<Table<'_, '_>>,
    environment: &Environment,
    file: Option<&Path>,
    mistakes: &mut Vec<Mistake>,
) -> Paths {
    let default = |name| paths::below(root, name);
    let mut folders = Paths {
        content: default("content"),
        data: default("data"),
        themes: default("themes"),
        templates: default("templates"),
        statics: default("static"),
        texts: default("i18n"),
        output: default("output"),
        state: default(".aither"),
    };
    let mut output_span = 0..0;
    if let Some(mut table) = table {
        let mut folder = |key| table.checked(key, not_empty);
        keep_path(&mut folders.content, root, folder("content"));
        keep_path(&mut folders.themes, root, folder("themes"));
        keep_path(&mut folders.templates, root, folder("templates"));
        keep_path(&mut folders.statics, root, folder("static"));
        let output = folder("output");
        output_span = output.as_ref().map_or(0..0, |found| found.span.clone());
        keep_path(&mut folders.output, root, output);
        table.finish(None);
    }
    let variable = environment.get("AITHER_OUTPUT");
    if let Some(output) = variable {
        folders.output = paths::below(root, output.trim());
    }
    let git = root.join(".git");
    let mut inputs = vec![
        ("`content`", &*folders.content),
        ("`data`", &*folders.data),
        ("`themes`", &*folders.themes),
        ("`templates`", &*folders.templates),
        ("`static`", &*folders.statics),
        ("`i18n`", &*folders.texts),
        ("`.aither`", &*folders.state),
        ("`.git`", &*git),
    ];
    inputs.extend(file.map(|file| ("the file of courses", file)));
    if let Some(objection) = paths::objection(root, &folders.output, &inputs) {
        let hint = "choose a folder that holds nothing else, such as `output`";
        match variable {
            Some(_) => mistakes.push(Mistake::new("AITHER_OUTPUT", objection).hint(Some(hint))),
            None => sheet.wrong(&output_span, objection, Some(hint.into())),
        }
    }
    folders
}

fn courses(table: Option<Table<'_, '_>>) -> Courses {
    let mut courses = Courses {
        order: Order::Start,
        page_size: 20,
        feed_size: 20,
        archive: false,
        drafts: false,
        future: false,
        mode: Mode::Onsite,
        currency: "EUR".into(),
    };
    if let Some(mut table) = table {
        let orders = [("start", Order::Start), ("title", Order::Title), ("id", Order::Id)];
        keep(&mut courses.order, table.choice("order", &orders));
        let mut size = |key| table.integer(key, 1..=1_000_u16).map(usize::from);
        courses.page_size = size("page_size").unwrap_or(courses.page_size);
        courses.feed_size = size("feed_size").unwrap_or(courses.feed_size);
        courses.archive = table.boolean("archive").unwrap_or(false);
        keep(&mut courses.mode, table.choice("mode", &Mode::NAMES));
        keep(&mut courses.currency, table.checked("currency", checks::currency));
        table.finish(None);
    }
    courses
}

fn markdown(table: Option<Table<'_, '_>>) -> Markdown {
    let mut markdown = Markdown { highlight: true, heading_anchors: false };
    if let Some(mut table) = table {
        markdown.highlight = table.boolean("highlight").unwrap_or(markdown.highlight);
        markdown.heading_anchors = table.boolean("heading_anchors").unwrap_or(markdown.heading_anchors);
        table.finish(None);
    }
    markdown
}

fn limits(table: Option<Table<'_, '_>>) -> Limits {
    let mut limits = Limits { max_shrink_percent: 30 };
    if let Some(mut table) = table {
        limits.max_shrink_percent =
            table.integer("max_shrink_percent", 0..=100).unwrap_or(limits.max_shrink_percent);
        table.finish(None);
    }
    limits
}

fn privacy(sheet: &Sheet<'_>, table: Option<Table<'_, '_>>) -> Privacy {
    let mut privacy = Privacy::default();
    if let Some(mut table) = table {
        for Found { value, span } in table.strings("public_fields").unwrap_or_default() {
            match checks::personal_field(&value) {
                Ok(field) if privacy.public_fields.iter().any(|known| known == field) => {}
                Ok(field) => privacy.public_fields.push(field.to_owned()),
                Err((message, hint)) => sheet.wrong(&span, message, hint),
            }
        }
        table.finish(None);
    }
    privacy
}

pub(super) fn not_empty(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("must not be empty") } else { Ok(text.to_owned()) }
}

fn keep<T>(setting: &mut T, found: Option<Found<T>>) {
    if let Some(found) = found {
        *setting = found.value;
    }
}

fn keep_path(setting: &mut std::path::PathBuf, root: &Path, found: Option<Found<String>>) {
    if let Some(found) = found {
        *setting = paths::below(root, &found.value);
    }
}

impl Variables<'_> {
    fn address(&mut self, name: &str) -> Option<String> {
        match checks::address(self.environment.get(name)?) {
            Ok(address) => Some(address),
            Err(reason) => {
                self.mistakes.push(Mistake::new(name, reason));
                None
            }
        }
    }

    fn secret(&mut self, name: &str) -> Option<Secret> {
        let text = self.environment.get(name)?.trim();
        // How long it has to be is of interest only where it is used.
        match checks::key_characters(text) {
            Ok(()) => Some(Secret::new(text)),
            Err(reason) => {
                self.mistakes.push(Mistake::new(name, reason));
                None
            }
        }
    }
}

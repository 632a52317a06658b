//! `aither.toml`, key by key.

use std::path::Path;

use jiff::tz::TimeZone;

use super::features::Tongues;
use super::{
    Assets, Config, Courses, Environment, FILE, Freshness, ImageFormat, Images, Limits, Markdown, MenuEntry,
    Mode, Notify, Order, Organisation, Outputs, Paths, Privacy, Serve, Site, Taxonomy, Theme,
};
use super::{checks, languages, paths, sources};
use crate::base::mistakes::{self, Mistake};
use crate::base::secret::Secret;
use crate::base::tables::{Found, Sheet, Table};
use crate::error::{Kind, Result};

/// The environment, and what is wrong with it.
pub(super) struct Variables<'e> {
    pub(super) environment: &'e Environment,
    pub(super) mistakes: Vec<Mistake>,
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
    let (source, given) = sources::read(&sheet, root, &mut top, &mut variables);
    let languages = languages::read(&sheet, &site.language, top.table("languages"));
    let codes: Vec<&str> = languages.iter().map(|language| language.code.as_str()).collect();
    let tongues = Tongues { main: &site.language, all: &codes };
    let taxonomies = Taxonomy::read(&sheet, top.table("taxonomies"), tongues);
    let menus = MenuEntry::read(&sheet, top.table("menus"), tongues);
    let freshness = freshness(&sheet, top.table("freshness"));
    let serve = Serve::read(&sheet, top.table("serve"), environment, &mut variables.mistakes);
    let config = Config {
        site,
        languages,
        theme: theme(top.table("theme")),
        assets: assets(top.table("assets")),
        images: images(&sheet, top.table("images")),
        paths: folders(&sheet, root, top.table("paths"), environment, &given, &mut variables.mistakes),
        courses: courses(top.table("courses")),
        markdown: markdown(top.table("markdown")),
        notify: Notify::read(environment, &mut variables.mistakes),
        taxonomies,
        menus,
        freshness,
        outputs: Outputs::read(top.table("output")),
        limits: limits(top.table("limits")),
        privacy: privacy(&sheet, top.table("privacy")),
        serve: Serve { freshness, ..serve },
        source,
        sync: sources::sync(top.table("sync")),
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

fn assets(table: Option<Table<'_, '_>>) -> Assets {
    let mut assets = Assets::default();
    if let Some(mut table) = table {
        assets.fingerprint = table.boolean("fingerprint").unwrap_or(assets.fingerprint);
        assets.minify_css = table.boolean("minify_css").unwrap_or(assets.minify_css);
        assets.minify_js = table.boolean("minify_js").unwrap_or(assets.minify_js);
        assets.minify_html = table.boolean("minify_html").unwrap_or(assets.minify_html);
        table.finish(None);
    }
    assets
}

fn images(sheet: &Sheet<'_>, table: Option<Table<'_, '_>>) -> Images {
    let mut images = Images::default();
    let Some(mut table) = table else { return images };
    if let Some(found) = table.strings("formats") {
        let known = [("avif", ImageFormat::Avif), ("webp", ImageFormat::WebP), ("jpeg", ImageFormat::Jpeg)];
        images.formats.clear();
        for Found { value, span } in found {
            match known.iter().find(|(name, _)| *name == value) {
                Some((_, format)) if !images.formats.contains(format) => images.formats.push(*format),
                Some(_) => {}
                None => {
                    let message = format!("`{}` is no format of `[images]`", mistakes::shown(&value));
                    sheet.wrong(&span, message, Some("there are \"avif\", \"webp\" and \"jpeg\"".into()));
                }
            }
        }
        if images.formats.is_empty() {
            images.formats = Images::default().formats;
        }
    }
    if let Some(found) = table.value("widths") {
        match checks::widths(&found.value) {
            Some(widths) => images.widths = widths,
            None => {
                let hint = "such as `widths = [400, 800, 1200]`";
                sheet.wrong(
                    &found.span,
                    "`widths` must be a list of 1 to 12 numbers of pixels from 1 to 8192",
                    Some(hint.into()),
                );
            }
        }
    }
    let mut percent = |key| table.integer(key, 1..=100_u8);
    images.quality = percent("quality").unwrap_or(images.quality);
    images.avif_quality = percent("avif_quality").unwrap_or(images.avif_quality);
    images.avif_speed = table.integer("avif_speed", 1..=10).unwrap_or(images.avif_speed);
    images.max_megapixels = table.integer("max_megapixels", 1..=1_000).unwrap_or(images.max_megapixels);
    images.max_megabytes = table.integer("max_megabytes", 1..=1_000).unwrap_or(images.max_megabytes);
    images.fetch_remote = table.boolean("fetch_remote").unwrap_or(images.fetch_remote);
    images.refetch_hours = table.integer("refetch_hours", 1..=100_000).unwrap_or(images.refetch_hours);
    table.finish(None);
    images
}

fn folders(
    sheet: &Sheet<'_>,
    root: &Path,
    table: Option<Table<'_, '_>>,
    environment: &Environment,
    given: &[std::path::PathBuf],
    mistakes: &mut Vec<Mistake>,
) -> Paths {
    let default = |name| paths::below(root, name);
    let mut folders = Paths {
        content: default("content"),
        data: default("data"),
        themes: default("themes"),
        templates: default("templates"),
        statics: default("static"),
        sass: default("sass"),
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
        keep_path(&mut folders.sass, root, folder("sass"));
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
        ("`sass`", &*folders.sass),
        ("`i18n`", &*folders.texts),
        ("`.aither`", &*folders.state),
        ("`.git`", &*git),
    ];
    inputs.extend(given.iter().map(|file| ("the file of courses", &**file)));
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

fn freshness(sheet: &Sheet<'_>, table: Option<Table<'_, '_>>) -> Freshness {
    let mut freshness = Freshness::default();
    let Some(mut table) = table else { return freshness };
    let span = table.value_span("error_minutes");
    let mut minutes = |key| table.integer(key, 0..=525_600_u32);
    freshness.warning_minutes = minutes("warning_minutes").unwrap_or(freshness.warning_minutes);
    freshness.error_minutes = minutes("error_minutes").unwrap_or(freshness.error_minutes);
    if freshness.error_minutes != 0 && freshness.error_minutes < freshness.warning_minutes {
        let message = format!(
            "`error_minutes` ({}) must not be less than `warning_minutes` ({})",
            freshness.error_minutes, freshness.warning_minutes
        );
        sheet.wrong(&span.unwrap_or(0..0), message, Some("0 switches a limit off".to_owned()));
    }
    table.finish(None);
    freshness
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

pub(super) fn keep<T>(setting: &mut T, found: Option<Found<T>>) {
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
    pub(super) fn address(&mut self, name: &str) -> Option<String> {
        match checks::address(self.environment.get(name)?) {
            Ok(address) => Some(address),
            Err(reason) => {
                self.mistakes.push(Mistake::new(name, reason));
                None
            }
        }
    }

    pub(super) fn secret(&mut self, name: &str) -> Option<Secret> {
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

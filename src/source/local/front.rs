//! The front matter of a content file: TOML between two lines of `+++`.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use toml::de::DeValue;

use super::PageKind;
use super::compose::{Lacking, Surroundings};
use super::walk::{Entry, Role};
use crate::base::mistakes::{Mistake, shown};
use crate::base::tables::{Found, Sheet, Table, kind_of};
use crate::base::text::slugify;
use crate::config::{Config, Taxonomy};
use crate::model::course::Level;
use crate::model::document::{Document, FrontMatter, MenuPlace, Overlay, Prose, word};
use crate::model::moment::Moment;
use crate::model::push::TextField;

const EXTRA: &str = "what only your templates know belongs in [extra]";

/// Reads the front matter of a file, and says where its Markdown begins.
pub(super) fn read(
    config: &Config,
    file: &str,
    entry: &Entry,
    text: &str,
    around: &dyn Surroundings,
) -> Result<Read, Vec<Mistake>> {
    let parts = split(text)
        .map_err(|(span, message, hint)| vec![Mistake::new(file, message).at(text, span).hint(Some(hint))])?;
    let sheet = Sheet::new(file, text, parts.front);
    let remarks = RefCell::default();
    let reader = Reader {
        sheet: &sheet,
        around,
        file,
        text,
        remarks: &remarks,
        zone: &config.site.time_zone,
        taxonomies: &config.taxonomies,
    };
    let mut table = sheet.table();
    let front = reader.general(&mut table);
    let source: Arc<str> = entry.path.as_str().into();
    let kind = match &entry.role {
        Role::Overlay { course } => {
            let course = course.as_str().into();
            let overlay = Overlay { source, language: entry.language, course, front, ..Overlay::default() };
            PageKind::Overlay(Box::new(reader.course(&mut table, overlay)))
        }
        Role::Document { .. } | Role::Asset => PageKind::Document(Box::new(Document {
            section: entry.path.rsplit_once('/').map_or("", |(folder, _)| folder).into(),
            source,
            original: entry.original.as_str().into(),
            language: entry.language,
            is_section: entry.role == Role::Document { is_section: true },
            front,
            html: "".into(),
            prose: Prose::default(),
        })),
    };
    table.finish(Some(EXTRA));
    let mistakes = sheet.into_mistakes();
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    Ok(Read { kind, body: parts.body, remarks: remarks.into_inner() })
}

/// A file whose front matter is read.
pub(super) struct Read {
    pub(super) kind: PageKind,
    /// Where its Markdown begins.
    pub(super) body: usize,
    /// What is not as it is meant, though the page can do without.
    pub(super) remarks: Vec<Mistake>,
}

struct Parts {
    front: Range<usize>,
    body: usize,
}

type Objection = (Range<usize>, &'static str, &'static str);

/// Finds the front matter. Without one, everything is Markdown.
fn split(text: &str) -> Result<Parts, Objection> {
    let mut lines = Lines { text, at: if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 } };
    let start = lines.at;
    let none = Parts { front: start..start, body: start };
    let first = loop {
        match lines.next() {
            Some(line) if text[line.clone()].trim().is_empty() => {}
            Some(line) => break line,
            None => return Ok(none),
        }
    };
    let fence = text[first.clone()].trim_end();
    if fence != "+++" && fence != "---" {
        return Ok(none);
    }
    let front = lines.at;
    let end = loop {
        match lines.next() {
            Some(line) if text[line.clone()].trim_end() == fence => break Some(line.start),
            Some(_) => {}
            None => break None,
        }
    };
    let Some(end) = end else {
        if fence == "---" {
            // A line across the page, at its very top.
            return Ok(none);
        }
        return Err((
            first.start..first.start + 3,
            "the front matter has no end",
            "close it with a line `+++` before the text",
        ));
    };
    if fence == "---" {
        let inside = &text[front..end];
        let is_yaml = |line: &str| line.split_once(':').is_some_and(|(key, _)| !key.trim().contains(' '));
        if inside.lines().any(is_yaml) {
            return Err((
                first.start..first.start + 3,
                "the front matter is YAML",
                "write it as TOML between two lines of `+++`: `title = \"…\"` instead of `title: …`",
            ));
        }
        if !inside.trim().is_empty() {
            return Ok(none);
        }
        return Ok(Parts { front: front..front, body: lines.at });
    }
    Ok(Parts { front: front..end, body: lines.at })
}

/// The lines of a text with their bounds.
struct Lines<'t> {
    text: &'t str,
    at: usize,
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let start = self.at;
        let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
        self.at += length;
        Some(start..start + length)
    }
}

struct Reader<'s, 't> {
    sheet: &'s Sheet<'t>,
    around: &'s dyn Surroundings,
    file: &'s str,
    text: &'s str,
    remarks: &'s RefCell<Vec<Mistake>>,
    zone: &'s TimeZone,
    taxonomies: &'s [Taxonomy],
}

impl Reader<'_, '_> {
    fn general(&self, table: &mut Table<'_, '_>) -> FrontMatter {
        let title = text(table, "title");
        let slug = table.checked("slug", slug).map(|found| found.value);
        let date = self.date(table, "date");
        let draft = table.boolean("draft").unwrap_or(false);
        let template = table.checked("template", not_empty);
        let layout = table.checked("layout", not_empty);
        if let (Some(_), Some(layout)) = (&template, &layout) {
            let message = "`layout` and `template` are two names of one thing";
            self.sheet.wrong(&layout.span, message, Some("remove one of them".into()));
        }
        let template = template.or(layout).map(|found| self.layout(found));
        let tags = table.strings("tags").unwrap_or_default();
        self.check_terms("tags", &tags);
        for tag in tags.iter().filter(|tag| tag.value.trim().is_empty()) {
            self.sheet.wrong(&tag.span, "a tag must not be empty", None);
        }
        let tags: Vec<Arc<str>> = tags.into_iter().map(|tag| tag.value.trim().into()).collect();
        let terms = self.terms(table, &tags);
        let (publish_at, expires) = (self.date(table, "publish_at"), self.date_and_place(table, "expires"));
        if let (Some((end, span)), Some(begin)) = (&expires, publish_at.or(date))
            && end.begin(self.zone) <= begin.begin(self.zone)
        {
            self.sheet.wrong(span, "it would expire before it is published", None);
        }
        FrontMatter {
            publish_at,
            expires: expires.map(|(expires, _)| expires),
            is_held_back: false,
            aliases: self.aliases(table),
            terms,
            untranslated_terms: Vec::new(),
            menus: self.menus(table),
            paginate: table.integer("paginate", 1..=1_000),
            feeds: table.boolean("feeds"),
            title,
            slug,
            date,
            draft,
            template,
            weight: table.integer("weight", i64::MIN..=i64::MAX),
            tags,
            description: table.string("description").map(|found| found.value.trim().into()),
            extra: (&table.free("extra")).into(),
        }
    }

    /// The layout that a file asks for by name: there must be one, or the page would silently look like any other.
    fn layout(&self, Found { value, span }: Found<Arc<str>>) -> Arc<str> {
        if let Some(Lacking { hint, is_foreign }) = self.around.lacks_layout(&value) {
            let message = format!("there is no layout `{}`", shown(&value));
            if is_foreign {
                self.remark(&span, message, hint);
            } else {
                self.sheet.wrong(&span, message, Some(hint));
            }
        }
        value
    }

    fn remark(&self, span: &Range<usize>, message: String, hint: String) {
        let remark = Mistake::new(self.file, message).at(self.text, span.clone()).hint(Some(hint));
        self.remarks.borrow_mut().push(remark);
    }

    fn check_terms(&self, taxonomy: &str, terms: &[Found<String>]) {
        for Found { value, span } in terms.iter().filter(|term| !term.value.trim().is_empty()) {
            if slugify(value).is_empty() {
                let message = format!(
                    "the term `{}` of `{taxonomy}` has no letter and no digit, and so no page",
                    shown(value)
                );
                self.remark(span, message, "give it a name that can be part of an address".to_owned());
            }
        }
    }

    /// The terms of each taxonomy; tags are read already.
    fn terms(&self, table: &mut Table<'_, '_>, tags: &[Arc<str>]) -> Vec<(Arc<str>, Vec<Arc<str>>)> {
        let mut all = Vec::new();
        for taxonomy in self.taxonomies {
            let name = taxonomy.name.as_str();
            let mut terms: Vec<Arc<str>> = if name == "tags" {
                tags.to_vec()
            } else {
                let found = table.strings_named(name).unwrap_or_default();
                self.check_terms(name, &found);
                for term in found.iter().filter(|term| term.value.trim().is_empty()) {
                    self.sheet.wrong(&term.span, format_args!("a term of `{name}` must not be empty"), None);
                }
                found.into_iter().map(|term| term.value.trim().into()).collect()
            };
            let mut seen = HashSet::new();
            terms.retain(|term| seen.insert((slugify(term), word(term))));
            if !terms.is_empty() {
                all.push((name.into(), terms));
            }
        }
        all
    }

    fn aliases(&self, table: &mut Table<'_, '_>) -> Vec<Arc<str>> {
        let mut aliases = Vec::new();
        for Found { value, span } in table.strings("aliases").unwrap_or_default() {
            match alias(&value) {
                Some(alias) => aliases.push(alias.into()),
                None => {
                    let message = format!("`{}` is no address below the site", shown(&value));
                    self.sheet.wrong(&span, message, Some("for example `/old/place/`".to_owned()));
                }
            }
        }
        aliases
    }

    /// `menu = "main"`, `menu = ["main", "footer"]`, or tables with `name`, `title`, `parent` and `weight`.
    fn menus(&self, table: &mut Table<'_, '_>) -> Vec<MenuPlace> {
        let Some(Found { value, span }) = table.value("menu") else { return Vec::new() };
        let values = match value {
            DeValue::Array(values) => values.into_iter().map(toml::Spanned::into_inner).collect(),
            other => vec![other],
        };
        let mut places = Vec::new();
        for value in values {
            match value {
                DeValue::String(name) if !name.trim().is_empty() => {
                    places.push(MenuPlace { menu: name.trim().into(), ..MenuPlace::default() });
                }
                DeValue::Table(entries) => places.extend(self.menu_place(&entries, &span)),
                other => {
                    let message = format!("`menu` must be the name of a menu, not {}", kind_of(&other));
                    self.sheet.wrong(&span, message, Some("`menu = \"main\"`".to_owned()));
                }
            }
        }
        places
    }

    fn menu_place(&self, entries: &toml::de::DeTable<'_>, span: &Range<usize>) -> Option<MenuPlace> {
        let mut place = MenuPlace::default();
        for (key, value) in entries {
            match (&**key.get_ref(), value.get_ref()) {
                ("name", DeValue::String(name)) => place.menu = name.trim().into(),
                ("title", DeValue::String(title)) => place.title = Some(title.trim().into()),
                ("parent", DeValue::String(parent)) => place.parent = Some(parent.trim().into()),
                ("weight", DeValue::Integer(number)) => {
                    place.weight = i64::from_str_radix(number.as_str(), number.radix()).ok();
                }
                (key, _) => {
                    let message = format!("`{}` is nothing that a place in a menu has", shown(key));
                    let hint = "a place has `name`, `title`, `parent` (texts) and `weight` (a whole number)";
                    self.sheet.wrong(span, message, Some(hint.to_owned()));
                }
            }
        }
        if place.menu.is_empty() {
            self.sheet.wrong(span, "a place in a menu needs the `name` of the menu", None);
            return None;
        }
        Some(place)
    }

    fn course(&self, table: &mut Table<'_, '_>, overlay: Overlay) -> Overlay {
        let start = self.date(table, "start_date");
        let has_end = table.has("end_date");
        let end = self.date_and_place(table, "end_date");
        if let (true, Some(start), Some((end, span))) = (has_end, start, &end)
            && end.sort_key() < start.sort_key()
        {
            self.sheet.wrong(span, "`end_date` lies before `start_date`", None);
        }
        Overlay {
            course_id: self.id(table, "course"),
            push: self.pushed(table),
            level: table.checked("level", |text| text.parse::<Level>()).map(|found| found.value),
            start,
            end: end.map(|(end, _)| end),
            price: table.amount("price"),
            currency: table.checked("currency", currency).map(|found| found.value),
            location: text(table, "location"),
            instructor: text(table, "instructor"),
            image: text(table, "image"),
            seats: table.integer("seats", 0..=1_000_000),
            ..overlay
        }
    }

    /// The texts that are meant for the source as well.
    fn pushed(&self, table: &mut Table<'_, '_>) -> Vec<TextField> {
        let mut fields = Vec::new();
        for Found { value, span } in table.strings("push").unwrap_or_default() {
            match TextField::ALL.into_iter().find(|field| field.name() == value) {
                Some(field) => fields.push(field),
                None => {
                    let message =
                        format!("`push` may hold `title` and `description`, not `{}`", shown(&value));
                    self.sheet.wrong(&span, message, None);
                }
            }
        }
        fields
    }

    fn date(&self, table: &mut Table<'_, '_>, key: &'static str) -> Option<Moment> {
        self.date_and_place(table, key).map(|(date, _)| date)
    }

    /// A date, bare as TOML has it or as a text; a time without an offset is one in the site's time zone.
    fn date_and_place(&self, table: &mut Table<'_, '_>, key: &'static str) -> Option<(Moment, Range<usize>)> {
        let Found { value, span } = table.value(key)?;
        let written = match &value {
            DeValue::Datetime(datetime) => datetime.to_string(),
            DeValue::String(text) => text.trim().to_owned(),
            other => {
                let message = format!("`{key}` must be a date such as 2027-02-10, not {}", kind_of(other));
                self.sheet.wrong(&span, message, None);
                return None;
            }
        };
        let moment = written.parse::<Moment>().ok().or_else(|| {
            let wall: DateTime = written.parse().ok()?;
            wall.to_zoned(self.zone.clone()).ok().map(|zoned| Moment::Instant(zoned.timestamp()))
        });
        if moment.is_none() {
            let message = format!("`{key}` must be a date such as 2027-02-10, not `{}`", shown(&written));
            self.sheet.wrong(&span, message, None);
        }
        moment.map(|moment| (moment, span))
    }

    fn id(&self, table: &mut Table<'_, '_>, key: &'static str) -> Option<Arc<str>> {
        let Found { value, span } = table.value(key)?;
        match value {
            DeValue::String(text) if !text.trim().is_empty() => Some((*text).into()),
            DeValue::Integer(number) => Some(number.to_string().into()),
            other => {
                let message = format!("`{key}` must be the id of a course, not {}", kind_of(&other));
                self.sheet.wrong(&span, message, None);
                None
            }
        }
    }
}

fn text(table: &mut Table<'_, '_>, key: &'static str) -> Option<Arc<str>> {
    table.checked(key, not_empty).map(|found| found.value)
}

fn not_empty(text: &str) -> Result<Arc<str>, &'static str> {
    let text = text.trim();
    if text.is_empty() { Err("must not be empty; leave the line out instead") } else { Ok(text.into()) }
}

fn slug(text: &str) -> Result<Arc<str>, String> {
    let safe = slugify(text);
    if safe == text && !safe.is_empty() {
        return Ok(safe.into());
    }
    let rule = "a slug is made of a to z, 0 to 9 and single hyphens";
    if safe.is_empty() { Err(rule.into()) } else { Err(format!("{rule}: `{safe}` would do")) }
}

/// An address below the site, with a slash at its beginning, and at its end unless it is a file.
fn alias(text: &str) -> Option<String> {
    let path = text.trim().trim_start_matches('/').trim_end_matches('/');
    let is_bad = |c: char| {
        c.is_control()
            || c.is_whitespace()
            || matches!(c, '\\' | ':' | '*' | '?' | '#' | '"' | '<' | '>' | '|')
    };
    let is_part = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && !part.ends_with('.') && !part.contains(is_bad)
    };
    if !path.split('/').all(is_part) {
        return None;
    }
    let is_file =
        !text.trim().ends_with('/') && path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    Some(if is_file { format!("/{path}") } else { format!("/{path}/") })
}

fn currency(text: &str) -> Result<Arc<str>, String> {
    if text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase()) {
        return Ok(text.into());
    }
    Err(format!("expected a code of three capital letters such as EUR, found `{}`", shown(text)))
}

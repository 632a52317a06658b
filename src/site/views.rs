//! Views: what templates see of courses, pages and the site.

use std::sync::Arc;

use super::courses::Entry;
use super::documents::Placed;
use super::jekyll;
use crate::config::Config;
use crate::model::course::Level;
use crate::model::document::FrontMatter;
use crate::model::participant::{FIELDS, Participant, WITHHELD};
use crate::model::view::{Key, List, Map, Value};

/// Makes addresses that work below the site's base path.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    /// The path of `base_url`, without a slash at its end: empty mostly.
    pub(super) base_path: String,
    /// `base_url` without a slash at its end.
    pub(super) base_url: String,
    /// The path before the addresses of this language: empty for the main one, `/en` for another.
    pub(super) prefix: String,
}

impl Addresses {
    pub(super) fn new(config: &Config) -> Self {
        let base_url = config.site.base_url.trim_end_matches('/').to_owned();
        let after_scheme = base_url.split_once("://").map_or("", |(_, rest)| rest);
        let base_path = after_scheme.find('/').map_or("", |at| &after_scheme[at..]).to_owned();
        Self { base_path, base_url, prefix: config.site.prefix.clone() }
    }

    /// The address from the root of the host, for links in pages, of what lives in the tree of this language.
    pub(super) fn link(&self, address: &str) -> String {
        format!("{}{}{address}", self.base_path, self.prefix)
    }

    /// The whole address of what lives in the tree of this language, for feeds.
    pub(super) fn absolute(&self, address: &str) -> String {
        format!("{}{}{address}", self.base_url, self.prefix)
    }
}

/// A course, as pages about it and lists of it see it.
pub(super) fn course(entry: &Entry, config: &Config, addresses: &Addresses) -> Vec<(Key, Value)> {
    let course = &entry.course;
    let overlay = entry.overlay.as_deref();
    let seats = overlay.and_then(|o| o.seats);
    let left = seats.map(|seats| seats.saturating_sub(course.participant_count));
    let tags: List = overlay.map(|o| o.front.tags.iter().collect()).unwrap_or_default();
    let html = overlay.map(|o| &o.html).filter(|html| !html.trim().is_empty());
    vec![
        ("id".into(), course.id.as_str().into()),
        ("title".into(), Value::from(&course.title)),
        ("slug".into(), Value::from(&entry.slug)),
        ("url".into(), addresses.link(&entry.route.address()).into()),
        ("level".into(), course.level.name().into()),
        ("level_slug".into(), course.level.slug().into()),
        ("level_url".into(), addresses.link(&level_address(course.level)).into()),
        ("start_date".into(), Value::maybe(course.start)),
        ("end_date".into(), Value::maybe(course.end)),
        ("participant_count".into(), course.participant_count.into()),
        ("seats".into(), Value::maybe(seats)),
        ("seats_left".into(), Value::maybe(left)),
        ("description".into(), Value::maybe(course.description.as_ref())),
        ("content".into(), html.map_or(Value::Nil, |html| Value::Html(html.clone()))),
        ("price".into(), Value::maybe(course.price)),
        ("currency".into(), Value::maybe(course.currency.as_ref())),
        ("location".into(), Value::maybe(course.location.as_ref())),
        ("instructor".into(), Value::maybe(course.instructor.as_ref())),
        ("image".into(), Value::maybe(course.image.as_ref())),
        ("tags".into(), tags.into()),
        ("updated_at".into(), Value::maybe(entry.updated_at)),
        ("is_past".into(), entry.is_past.into()),
        ("is_archived".into(), course.archived_at.is_some().into()),
        ("participants".into(), participants(course.participants.as_deref(), config).into()),
        ("extra".into(), overlay.map(|o| o.front.extra.clone()).unwrap_or_default().into()),
        ("language".into(), spoken(config, entry.is_fallback).into()),
        ("is_fallback".into(), entry.is_fallback.into()),
    ]
}

/// The language of a text in an edition of the site: the edition's own, or the main one.
pub(super) fn spoken(config: &Config, is_fallback: bool) -> &str {
    match config.languages.first().filter(|_| is_fallback) {
        Some(main) => &main.code,
        None => &config.site.language,
    }
}

/// The address of a level's first listing page.
pub(super) fn level_address(level: Level) -> String {
    format!("/levels/{}/", level.slug())
}

/// Participants with the fields that the configuration makes public; all others are withheld, so that a template that
/// reads one gets an error instead of an empty place.
fn participants(participants: Option<&[Participant]>, config: &Config) -> List {
    let public = |field: &&&str| config.privacy.public_fields.iter().any(|name| name == **field);
    let shown: Vec<&'static str> = FIELDS.iter().filter(public).copied().collect();
    let show = |participant: &Participant| -> Map {
        let entries = shown.iter().map(|field| (Key::Fixed(field), field_of(participant, field)));
        Map::person(entries.collect(), &WITHHELD)
    };
    participants.unwrap_or_default().iter().map(show).collect()
}

fn field_of(participant: &Participant, field: &str) -> Value {
    let p = participant;
    let text = match field {
        "booking_id" => Some(&p.booking_id),
        "participation_id" => p.participation_id.as_ref(),
        "user_id" => Some(&p.user_id),
        "name" => p.name.as_ref(),
        "image_url" => p.image_url.as_ref(),
        "status" => p.status.as_ref(),
        "preparation_intent" => p.preparation_intent.as_ref(),
        "desired_results" => p.desired_results.as_ref(),
        "line_manager_profile" => p.line_manager_profile.as_ref(),
        "result_outcome" => p.result_outcome.as_ref(),
        "result_notes" => p.result_notes.as_ref(),
        "preparation_completed_at" => return Value::maybe(p.preparation_completed_at),
        "result_completed_at" => return Value::maybe(p.result_completed_at),
        "created_at" => return Value::maybe(p.created_at),
        _ => None,
    };
    text.map_or(Value::Nil, |text| Value::from(text.reveal()))
}

/// A title and an address: what a link needs.
pub(super) fn link(title: &Arc<str>, url: String) -> Map {
    Map::new(vec![("title".into(), Value::from(title)), ("url".into(), url.into())])
}

/// What is common to all pages in `page`.
pub(super) struct PageView<'a> {
    pub(super) kind: &'static str,
    pub(super) title: &'a str,
    pub(super) url: String,
    pub(super) description: Option<&'a Arc<str>>,
    pub(super) section: &'a str,
    pub(super) front: Option<&'a FrontMatter>,
    pub(super) content: Option<&'a Arc<str>>,
    pub(super) previous: Option<Map>,
    pub(super) next: Option<Map>,
    /// The language that the page's own text is in.
    pub(super) language: &'a str,
    /// Whether that is the main language because the page is not translated.
    pub(super) is_fallback: bool,
}

impl PageView<'_> {
    pub(super) fn map(self) -> Map {
        let front = self.front;
        let tags: List = front.map(|f| f.tags.iter().collect()).unwrap_or_default();
        let entries = vec![
            ("kind".into(), self.kind.into()),
            ("title".into(), self.title.into()),
            ("url".into(), self.url.into()),
            ("description".into(), Value::maybe(self.description)),
            ("date".into(), Value::maybe(front.and_then(|f| f.date))),
            ("tags".into(), tags.into()),
            ("weight".into(), Value::maybe(front.and_then(|f| f.weight))),
            ("section".into(), self.section.into()),
            ("previous".into(), Value::maybe(self.previous)),
            ("next".into(), Value::maybe(self.next)),
            ("language".into(), self.language.into()),
            ("is_fallback".into(), self.is_fallback.into()),
            ("translations".into(), List::default().into()),
            ("layout".into(), Value::maybe(front.and_then(|f| f.template.as_ref()))),
            ("content".into(), self.content.map_or(Value::Nil, |html| Value::Html(html.clone()))),
            ("extra".into(), front.map(|f| f.extra.clone()).unwrap_or_default().into()),
        ];
        Map::new(match front {
            Some(front) => jekyll::with_extra(entries, &front.extra),
            None => entries,
        })
    }
}

/// A level, as lists of levels see it.
pub(super) fn level(level: Level, count: usize, addresses: &Addresses) -> Map {
    Map::new(vec![
        ("name".into(), level.name().into()),
        ("slug".into(), level.slug().into()),
        ("url".into(), addresses.link(&level_address(level)).into()),
        ("count".into(), count.into()),
    ])
}

/// A section, as pages in it see it.
pub(super) fn section(placed: &Placed<'_>, addresses: &Addresses) -> Map {
    Map::new(vec![
        ("title".into(), Value::from(&placed.title)),
        ("url".into(), addresses.link(&placed.route.address()).into()),
        ("description".into(), Value::maybe(placed.document.front.description.as_ref())),
        ("content".into(), Value::Html(placed.document.html.clone())),
    ])
}

/// A document as lists show it.
pub(super) fn summary(placed: &Placed<'_>, addresses: &Addresses) -> Map {
    let front = &placed.document.front;
    let mut entries = vec![
        ("title".into(), Value::from(&placed.title)),
        ("url".into(), addresses.link(&placed.route.address()).into()),
        ("weight".into(), Value::maybe(front.weight)),
        ("section".into(), Value::from(&placed.document.section)),
        ("date".into(), Value::maybe(front.date)),
        ("description".into(), Value::maybe(front.description.as_ref())),
        ("tags".into(), front.tags.iter().collect::<List>().into()),
    ];
    entries.extend(jekyll::of_document(placed));
    Map::new(jekyll::with_extra(entries, &front.extra))
}

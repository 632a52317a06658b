//! Views: what templates see of courses, pages and the site.

use std::sync::Arc;

use jiff::Timestamp;

use super::courses::Entry;
use super::documents::Placed;
use super::groups;
use super::jekyll;
use super::machine;
use super::taxonomies;
use crate::config::{Config, Mode};
use crate::model::course::Level;
use crate::model::document::{FrontMatter, Prose};
use crate::model::participant::{FIELDS, Participant, WITHHELD};
use crate::model::people::People;
use crate::model::text::Text;
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
    /// The names of the taxonomies and the first parts of their addresses.
    pub(super) taxonomies: Arc<[(Arc<str>, Arc<str>)]>,
    /// Whether terms have pages.
    pub(super) has_terms: bool,
    /// The language of this tree, and that of what nobody has translated.
    pub(super) tongues: [Arc<str>; 2],
}

impl Addresses {
    pub(super) fn new(config: &Config) -> Self {
        let base_url = config.site.base_url.trim_end_matches('/').to_owned();
        let after_scheme = base_url.split_once("://").map_or("", |(_, rest)| rest);
        let base_path = after_scheme.find('/').map_or("", |at| &after_scheme[at..]).to_owned();
        let taxonomies = config.taxonomies.iter();
        let taxonomies = taxonomies.map(|known| (known.name.as_str().into(), known.slug.as_str().into()));
        let (prefix, taxonomies) = (config.site.prefix.clone(), taxonomies.collect());
        let tongues = [false, true].map(|is_fallback| spoken(config, is_fallback).into());
        Self { base_path, base_url, prefix, taxonomies, has_terms: false, tongues }
    }

    /// The address from the root of the host, for links in pages, of what lives in the tree of this language.
    pub(super) fn link(&self, address: &str) -> String {
        [&self.base_path, &self.prefix, address].concat()
    }

    /// The address of a term, where terms have pages.
    pub(super) fn term(&self, taxonomy: &str, term: &str) -> Value {
        Value::maybe(self.has_terms.then(|| self.link(&format!("/{taxonomy}/{term}/"))))
    }

    /// The language of a word, and whether it stands in for one that nobody has translated.
    pub(super) fn tongue(&self, is_fallback: bool) -> [(Key, Value); 2] {
        let [own, main] = &self.tongues;
        let language = if is_fallback { main } else { own };
        [("language".into(), Value::from(language)), ("is_fallback".into(), is_fallback.into())]
    }

    /// The whole address of what lives in the tree of this language, for feeds.
    pub(super) fn absolute(&self, address: &str) -> String {
        [&self.base_url, &self.prefix, address].concat()
    }
}

/// A course, as pages about it and lists of it see it, with its participants.
pub(super) fn course(
    entry: &Entry,
    config: &Config,
    addresses: &Addresses,
    participants: List,
) -> Vec<(Key, Value)> {
    let course = &entry.course;
    let overlay = entry.overlay.as_deref();
    let seats = overlay.and_then(|o| o.seats);
    let left = seats.map(|seats| seats.saturating_sub(course.participant_count));
    let tags: List = overlay.map(|o| o.front.tags.iter().collect()).unwrap_or_default();
    let html = overlay.map(|o| &o.html).filter(|html| !html.trim().is_empty());
    let place = course.location.as_deref().and_then(groups::place).map(|(_, slug)| slug);
    let month = groups::month(course, config).map(groups::month_slug);
    // What is over is in no list of a place or month.
    let listed = |folder: &str, slug: &Option<Arc<str>>| {
        let slug = slug.as_ref().filter(|_| !entry.is_past);
        Value::maybe(slug.map(|slug| addresses.link(&["/", folder, "/", slug, "/"].concat())))
    };
    let currency = match (&course.currency, course.price) {
        (Some(currency), _) => currency.into(),
        (None, Some(_)) => config.courses.currency.as_str().into(),
        (None, None) => Value::Nil,
    };
    let has_calendar = config.outputs.calendar && course.start.is_some();
    let calendar = has_calendar.then(|| addresses.link(&machine::calendar_of(entry)));
    vec![
        ("id".into(), course.id.as_str().into()),
        ("title".into(), Value::from(&course.title)),
        ("slug".into(), Value::from(&entry.slug)),
        ("url".into(), addresses.link(&entry.route.address()).into()),
        ("code".into(), Value::maybe(course.code.as_ref())),
        ("level".into(), course.level.name().into()),
        ("level_slug".into(), course.level.slug().into()),
        ("level_url".into(), addresses.link(&level_address(course.level)).into()),
        ("start_date".into(), Value::maybe(course.start)),
        ("end_date".into(), Value::maybe(course.end)),
        ("participant_count".into(), course.participant_count.into()),
        ("seats".into(), Value::maybe(seats)),
        ("seats_left".into(), Value::maybe(left)),
        ("description".into(), Value::maybe(course.description.as_ref().map(Text::shared))),
        ("content".into(), html.map_or(Value::Nil, |html| Value::Html(html.clone()))),
        ("price".into(), Value::maybe(course.price)),
        ("currency".into(), currency),
        ("location".into(), Value::maybe(course.location.as_ref())),
        ("place_url".into(), listed("places", &place)),
        ("place_slug".into(), Value::maybe(place)),
        ("month_url".into(), listed("months", &month)),
        ("month_slug".into(), Value::maybe(month)),
        ("instructor".into(), Value::maybe(course.instructor.as_ref())),
        ("image".into(), Value::maybe(course.image.as_ref())),
        ("mode".into(), mode(entry, config).name().into()),
        ("days".into(), Value::maybe(days(entry, config))),
        ("calendar_url".into(), Value::maybe(calendar)),
        ("tags".into(), tags.into()),
        ("terms".into(), {
            let front = overlay.map(|overlay| &overlay.front);
            taxonomies::terms_of(front, entry.is_fallback, addresses).into()
        }),
        ("updated_at".into(), Value::maybe(entry.updated_at)),
        ("is_past".into(), entry.is_past.into()),
        ("is_archived".into(), course.archived_at.is_some().into()),
        ("participants".into(), participants.into()),
        ("extra".into(), overlay.map(|o| o.front.extra.clone()).unwrap_or_default().into()),
    ]
    .into_iter()
    .chain(tongue(config, entry.is_fallback))
    .collect()
}

/// How a course takes place: as its file says (`mode` in `[extra]`), as its place sounds, or as the configuration has it.
pub(super) fn mode(entry: &Entry, config: &Config) -> Mode {
    const ONLINE: [&str; 6] = ["online", "webinar", "virtuell", "virtual", "remote", "zoom"];
    let said = entry.overlay.as_ref().and_then(|overlay| overlay.front.extra.get("mode"));
    if let Some(Value::Text(name)) = said
        && let Some(mode) = Mode::of(name)
    {
        return mode;
    }
    let Some(place) = &entry.course.location else { return config.courses.mode };
    let place = place.to_lowercase();
    let mut words = place.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    if words.clone().any(|word| word == "hybrid") {
        return Mode::Blended;
    }
    let online = words.clone().filter(|word| ONLINE.contains(word)).count();
    match online {
        0 => Mode::Onsite,
        _ if words.all(|word| ONLINE.contains(&word) || word.len() <= 3) => Mode::Online,
        // „Berlin / online": a place, and not only that.
        _ if place.contains(['/', '+', '&']) || place.contains(" oder ") || place.contains(" or ") => {
            Mode::Blended
        }
        _ => Mode::Online,
    }
}

/// On how many days a course takes place, the first and the last counted; nothing where it has no date.
pub(super) fn days(entry: &Entry, config: &Config) -> Option<usize> {
    let zone = &config.site.time_zone;
    let first = entry.course.start?.date(zone);
    let last = entry.course.end.map_or(first, |end| end.date(zone)).max(first);
    let days = last.since((jiff::Unit::Day, first)).ok()?.get_days();
    usize::try_from(days).ok().map(|days| days + 1)
}

/// Who offers the courses: the site itself where nobody else is named.
pub(super) fn organisation(config: &Config, addresses: &Addresses) -> Map {
    let organisation = &config.site.organisation;
    let text = |text: &String| if text.is_empty() { Value::Nil } else { text.as_str().into() };
    let or = |text: &String, other: &str| -> Value {
        if text.is_empty() { other.into() } else { text.as_str().into() }
    };
    Map::new(vec![
        ("name".into(), or(&organisation.name, &config.site.title)),
        ("url".into(), or(&organisation.url, &format!("{}/", addresses.base_url))),
        ("logo".into(), text(&organisation.logo)),
        ("email".into(), text(&organisation.email)),
        ("telephone".into(), text(&organisation.telephone)),
        ("street".into(), text(&organisation.street)),
        ("postal_code".into(), text(&organisation.postal_code)),
        ("locality".into(), text(&organisation.locality)),
        ("country".into(), text(&organisation.country)),
        ("same_as".into(), organisation.same_as.iter().map(String::as_str).collect::<List>().into()),
    ])
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
    ["/levels/", level.slug(), "/"].concat()
}

/// Participants with the fields that the configuration makes public; all others are withheld, so that a template that
/// reads one gets an error instead of an empty place.
pub(super) fn participants(participants: Option<&People>, config: &Config) -> Vec<Value> {
    let public = |field: &&&str| config.privacy.public_fields.iter().any(|name| name == **field);
    let shown: Vec<&'static str> = FIELDS.iter().filter(public).copied().collect();
    let show = |participant: Participant| -> Map {
        let entries = shown.iter().map(|field| (Key::Fixed(field), field_of(&participant, field)));
        Map::person(entries.collect(), &WITHHELD)
    };
    participants.into_iter().flat_map(People::iter).map(|participant| show(participant).into()).collect()
}

/// A participant with every field: for pages that the house alone sees.
pub(super) fn person(participant: &Participant) -> Map {
    Map::new(FIELDS.iter().map(|field| (Key::Fixed(field), field_of(participant, field))).collect())
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

/// A title, the language that it is in, and an address: what a link needs.
pub(super) fn link(title: &Arc<str>, url: String, config: &Config, is_fallback: bool) -> Map {
    let [language, fallback] = tongue(config, is_fallback);
    Map::new(vec![("title".into(), Value::from(title)), ("url".into(), url.into()), language, fallback])
}

/// The language of a text, and whether that is another one than the page's because nobody has translated it.
pub(super) fn tongue(config: &Config, is_fallback: bool) -> [(Key, Value); 2] {
    [("language".into(), spoken(config, is_fallback).into()), ("is_fallback".into(), is_fallback.into())]
}

/// What is common to all pages in `page`.
#[derive(Default)]
pub(super) struct PageView<'a> {
    pub(super) kind: &'static str,
    pub(super) title: &'a str,
    pub(super) url: String,
    pub(super) description: Option<&'a Arc<str>>,
    pub(super) section: &'a str,
    pub(super) front: Option<&'a FrontMatter>,
    pub(super) content: Option<&'a Arc<str>>,
    /// What else is known of the page's own text.
    pub(super) prose: Option<&'a Prose>,
    /// What else may interest whoever reads it.
    pub(super) related: List,
    pub(super) previous: Option<Map>,
    pub(super) next: Option<Map>,
    /// The whole address of the image that stands for the page where a link to it is shared.
    pub(super) card: Option<String>,
    /// When a page with a date was seen to change after that.
    pub(super) updated_at: Option<Timestamp>,
    /// The language that the page's own text is in.
    pub(super) language: &'a str,
    /// Whether that is the main language because the page is not translated.
    pub(super) is_fallback: bool,
}

impl PageView<'_> {
    pub(super) fn map(self, addresses: &Addresses) -> Map {
        let front = self.front;
        let below = self.url.strip_prefix(&addresses.base_path).unwrap_or(&self.url);
        let own = below.strip_prefix(&addresses.prefix).unwrap_or(below);
        let elsewhere = front.and_then(|front| front.extra.get("canonical"));
        let canonical: Value = match elsewhere {
            Some(Value::Text(address)) if address.contains("://") => address.into(),
            Some(Value::Text(address)) => addresses.absolute(address).into(),
            // What nobody has translated is the page of the main language once more; home page and lists say more in the
            // language of their tree than these words.
            _ if self.is_fallback && matches!(self.kind, "course" | "page" | "section") => {
                format!("{}{own}", addresses.base_url).into()
            }
            _ => addresses.absolute(own).into(),
        };
        let tags: List = front.map(|f| f.tags.iter().collect()).unwrap_or_default();
        let entries = vec![
            ("kind".into(), self.kind.into()),
            ("title".into(), self.title.into()),
            ("url".into(), self.url.into()),
            ("canonical_url".into(), canonical),
            ("card_url".into(), Value::maybe(self.card)),
            ("is_hidden".into(), front.is_some_and(FrontMatter::is_hidden).into()),
            ("description".into(), Value::maybe(self.description)),
            ("date".into(), Value::maybe(front.and_then(|f| f.date))),
            ("updated_at".into(), Value::maybe(self.updated_at)),
            ("tags".into(), tags.into()),
            ("terms".into(), taxonomies::terms_of(front, self.is_fallback, addresses).into()),
            ("related".into(), self.related.into()),
            ("weight".into(), Value::maybe(front.and_then(|f| f.weight))),
            ("section".into(), self.section.into()),
            ("previous".into(), Value::maybe(self.previous)),
            ("next".into(), Value::maybe(self.next)),
            ("language".into(), self.language.into()),
            ("is_fallback".into(), self.is_fallback.into()),
            ("translations".into(), List::default().into()),
            ("layout".into(), Value::maybe(front.and_then(|f| f.template.as_ref()))),
            ("content".into(), self.content.map_or(Value::Nil, |html| Value::Html(html.clone()))),
            ("toc".into(), self.prose.map(|prose| prose.toc.clone()).unwrap_or_default().into()),
            ("has_code".into(), self.prose.is_some_and(|prose| prose.has_code).into()),
            ("extra".into(), front.map(|f| f.extra.clone()).unwrap_or_default().into()),
        ];
        Map::new(match front {
            Some(front) => jekyll::with_extra(entries, &front.extra),
            None => entries,
        })
    }
}

/// A section, as pages in it see it.
pub(super) fn section(placed: &Placed<'_>, config: &Config, addresses: &Addresses) -> Map {
    let [language, fallback] = tongue(config, placed.is_fallback);
    let address = placed.route.address();
    let feed =
        |name: &str| Value::maybe(placed.has_feeds.then(|| addresses.link(&format!("{address}{name}"))));
    Map::new(vec![
        language,
        fallback,
        ("title".into(), Value::from(&placed.title)),
        ("url".into(), addresses.link(&address).into()),
        ("feed_url".into(), feed(machine::ATOM)),
        ("rss_url".into(), feed(machine::RSS)),
        ("json_feed_url".into(), feed(machine::JSON)),
        ("description".into(), Value::maybe(placed.document.front.description.as_ref())),
        ("content".into(), Value::Html(placed.document.html.clone())),
    ])
}

/// A document as lists show it.
pub(super) fn summary(placed: &Placed<'_>, config: &Config, addresses: &Addresses) -> Map {
    let front = &placed.document.front;
    let mut entries = vec![
        ("title".into(), Value::from(&placed.title)),
        ("url".into(), addresses.link(&placed.route.address()).into()),
        ("weight".into(), Value::maybe(front.weight)),
        ("section".into(), Value::from(&placed.document.section)),
        ("date".into(), Value::maybe(front.date)),
        ("description".into(), Value::maybe(front.description.as_ref())),
        ("tags".into(), front.tags.iter().collect::<List>().into()),
        ("terms".into(), taxonomies::terms_of(Some(front), placed.is_fallback, addresses).into()),
    ];
    entries.extend(tongue(config, placed.is_fallback));
    entries.extend(jekyll::of_document(placed));
    Map::new(jekyll::with_extra(entries, &front.extra))
}

//! Courses as the site shows them: joined with local content, in order, each with an address of its own.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::*;

use super::groups::ARCHIVE;
use super::route::Route;
use crate::base::digest::{Digest, Fingerprint, Hasher};
use crate::base::order::sort_by_key;
use crate::base::text::slugify;
use crate::config::{Config, Order};
use crate::error::Result;
use crate::model::catalogue::Catalogue;
use crate::model::course::Course;
use crate::model::document::Overlay;
use crate::model::moment::Moment;
use crate::model::people::People;

/// A course of the site.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its identity in views: `course:` and the source's id.
    pub(super) id: Arc<str>,
    /// The course, with what local content overrides.
    pub(super) course: Arc<Course>,
    /// What local content adds.
    pub(super) overlay: Option<Arc<Overlay>>,
    /// The last part of its address.
    pub(super) slug: Arc<str>,
    /// Its page.
    pub(super) route: Route,
    /// Whether it is over.
    pub(super) is_past: bool,
    /// Whether nobody has translated it into the language of this edition.
    pub(super) is_fallback: bool,
    /// When it last changed, as far as anybody knows.
    pub(super) updated_at: Option<Timestamp>,
    /// A quick hash of everything above.
    pub(super) mark: u64,
    /// A quick hash of what a link to it shows: title, its language, and address.
    pub(super) link_mark: u64,
    /// A quick hash of what a card of it shows in a list of related courses: it is beside several others.
    pub(super) card_mark: u64,
}

impl Entry {
    /// The hash of everything that the site may show of it.
    pub(super) fn digest(&self) -> Digest {
        let mut hasher = Hasher::new("entry");
        hasher.field(self.course.summary_digest().as_bytes()).number(self.mark);
        hasher.finish()
    }
}

/// Joins the catalogue with the overlays and brings it into order. Gives the courses, and their places in the order of their ids.
/// Oddities that do not stop a build become warnings.
pub(super) fn join(
    config: &Config,
    catalogue: &Catalogue,
    overlays: &[Arc<Overlay>],
    changed_at: &dyn Fn(&Course) -> Option<Timestamp>,
    now: Timestamp,
    warnings: &mut Vec<String>,
) -> Result<(Vec<Entry>, Vec<u32>)> {
    let language = config.language_at(&config.site.language).unwrap_or(0);
    let main = Overlays::of(overlays.iter().filter(|overlay| overlay.language == 0));
    let own = Overlays::of(overlays.iter().filter(|overlay| overlay.language == language && language != 0));
    let mut used = std::collections::HashSet::new();
    let mut joined = Vec::with_capacity(catalogue.len());
    let shared: Vec<&Arc<Course>> = catalogue.shared().collect();
    let slugs: Vec<String> = shared.par_iter().map(|course| base_slug(course)).collect();
    for (course, safe) in shared.into_iter().zip(slugs) {
        let overlay = main.get(course, &safe);
        let is_draft = |overlay: &Overlay| overlay.front.is_held_back;
        if let Some(overlay) = overlay {
            used.insert(&*overlay.source);
            if is_draft(overlay) {
                continue;
            }
        }
        let translation = own.get(course, &safe);
        used.extend(translation.map(|translation| &*translation.source));
        let translation = translation.filter(|translation| !is_draft(translation));
        let is_fallback = language != 0 && translation.is_none();
        let overlay = translation.or(overlay);
        let updated_at = course.updated_at.or_else(|| changed_at(course));
        let whole = with_overlay(course, overlay.map(|o| &**o));
        let wanted = if Arc::ptr_eq(&whole, course) { safe } else { base_slug(&whole) };
        joined.push(Joined { course: whole, overlay: overlay.cloned(), is_fallback, updated_at, wanted });
    }
    let ours = overlays.iter().filter(|overlay| overlay.language == language);
    warnings.extend(lonely(ours.filter(|overlay| !used.contains(&*overlay.source))));
    let slugs = addresses(&joined, warnings);
    let made = joined.into_par_iter().zip(slugs).map(|(joined, slug)| {
        let route = Route::page(&["courses", &slug])?;
        Ok(joined.entry(slug.into(), route, config, now))
    });
    // First a list of which the length is known: one that may end with an error is put together of parts that grow.
    let made: Vec<Result<Entry>> = made.collect();
    let mut entries = made.into_iter().collect::<Result<Vec<_>>>()?;
    // Archived courses come last: they are nobody's neighbours and on no list.
    let places = sort_by_key(&mut entries, |entry| Place::of(entry, config.courses.order));
    // A catalogue is in the order of its ids.
    let by_id = places.into_iter().map(|place| u32::try_from(place).unwrap_or(u32::MAX)).collect();
    Ok((entries, by_id))
}

/// A course with what local content overrides, on its way to an address.
struct Joined {
    course: Arc<Course>,
    overlay: Option<Arc<Overlay>>,
    is_fallback: bool,
    updated_at: Option<Timestamp>,
    /// The slug that it would like to have.
    wanted: String,
}

impl Joined {
    /// The course at its address.
    fn entry(self, slug: Arc<str>, route: Route, config: &Config, now: Timestamp) -> Entry {
        let Self { course, overlay, is_fallback, updated_at, .. } = self;
        let is_past = course.archived_at.is_some() || ends(&course, config).is_some_and(|end| end <= now);
        let mark = Fingerprint::new(8).number(seen(&course, config)).text(&slug).number(u64::from(is_past));
        let mark = mark.number(u64::from(is_fallback));
        let mark = mark.number(overlay.as_ref().map_or(0, |overlay| overlay.fingerprint()));
        let mark = mark.number(updated_at.map_or(u64::MAX, |at| at.as_nanosecond() as u64)).get();
        let link_mark =
            Fingerprint::new(9).text(&course.title).text(&slug).number(u64::from(is_fallback)).get();
        let moment = |moment: Option<Moment>| moment.map_or(0, |moment| moment.number());
        let card = Fingerprint::new(45).number(link_mark).text(course.level.name());
        let card = card.number(moment(course.start)).number(moment(course.end));
        let card_mark = card.maybe(course.location.as_deref()).get();
        let id = ["course:", course.id.as_str()].concat().into();
        Entry {
            id,
            course,
            overlay,
            slug,
            route,
            is_past,
            is_fallback,
            updated_at,
            mark,
            link_mark,
            card_mark,
        }
    }
}

/// The entry of a course, now that its file says something else; nothing where that moves it or others: to another address,
/// or to another place in the order.
pub(super) fn again(
    entry: &Entry,
    course: &Arc<Course>,
    overlay: &Arc<Overlay>,
    config: &Config,
    now: Timestamp,
) -> Option<Entry> {
    let (Entry { slug, route, is_fallback, updated_at, .. }, whole) =
        (entry, with_overlay(course, Some(overlay)));
    let wanted = base_slug(&whole);
    if whole.slug != entry.course.slug || wanted != base_slug(&entry.course) {
        return None;
    }
    let (overlay, is_fallback, updated_at) = (Some(overlay.clone()), *is_fallback, *updated_at);
    let joined = Joined { course: whole, overlay, is_fallback, updated_at, wanted };
    let new = joined.entry(slug.clone(), route.clone(), config, now);
    let order = config.courses.order;
    (Place::of(&new, order) == Place::of(entry, order)).then_some(new)
}

/// The addresses of all courses in the language of `config`, by the slugs that the site and the source have for them, and by their ids.
pub fn addresses_of(
    config: &Config,
    catalogue: &Catalogue,
    overlays: &[Arc<Overlay>],
    now: Timestamp,
) -> Result<HashMap<String, String>> {
    let (entries, _) = join(config, catalogue, overlays, &|_| None, now, &mut Vec::new())?;
    let address = |entry: &Entry| format!("{}{}", config.site.prefix, entry.route.address());
    let mut addresses: HashMap<String, String> =
        entries.iter().map(|entry| (entry.slug.to_string(), address(entry))).collect();
    let by_id: HashMap<&str, &Entry> =
        entries.iter().map(|entry| (entry.course.id.as_str(), entry)).collect();
    for name in [|course: &Course| course.slug.to_string(), |course: &Course| course.id.as_str().to_owned()] {
        for course in catalogue.shared() {
            if let Some(entry) = by_id.get(course.id.as_str()) {
                addresses.entry(name(course)).or_insert_with(|| address(entry));
            }
        }
    }
    Ok(addresses)
}

/// What local content adds to courses, in one language.
struct Overlays<'a> {
    by_id: HashMap<&'a str, &'a Arc<Overlay>>,
    by_slug: HashMap<&'a str, &'a Arc<Overlay>>,
}

impl<'a> Overlays<'a> {
    fn of(overlays: impl Iterator<Item = &'a Arc<Overlay>>) -> Self {
        let mut found = Self { by_id: HashMap::new(), by_slug: HashMap::new() };
        for overlay in overlays {
            match overlay.course_id.as_deref() {
                Some(id) => found.by_id.insert(id, overlay),
                None => found.by_slug.insert(&overlay.course, overlay),
            };
        }
        found
    }

    /// The overlay of a course, by its id, its slug, or that slug made safe.
    fn get(&self, course: &Course, safe: &str) -> Option<&'a Arc<Overlay>> {
        let by_id = self.by_id.get(course.id.as_str());
        by_id.or_else(|| self.by_slug.get(&*course.slug)).or_else(|| self.by_slug.get(safe)).copied()
    }
}

/// One warning of all overlays that belong to no course: where the source is another one, that is every one of them.
fn lonely<'a>(overlays: impl Iterator<Item = &'a Arc<Overlay>>) -> Option<String> {
    const SHOWN: usize = 3;
    let overlays: Vec<&Overlay> = overlays.map(|overlay| &**overlay).collect();
    if let [only] = overlays.as_slice() {
        return Some(match &only.course_id {
            Some(id) => format!("{}: no course has the id `{id}`", only.source),
            None => format!("{}: no course has the slug `{}`", only.source, only.course),
        });
    }
    let mut named: Vec<String> =
        overlays.iter().take(SHOWN).map(|overlay| overlay.source.to_string()).collect();
    if overlays.len() > SHOWN {
        named.push(format!("and {} more", overlays.len() - SHOWN));
    }
    let (number, named) = (overlays.len(), named.join(", "));
    (number > 0).then(|| format!("{number} files add to courses that the source does not have: {named}"))
}

/// The first instant at which the course is over; nothing where it has no date.
fn ends(course: &Course, config: &Config) -> Option<Timestamp> {
    let last = course.end.later_of(course.start)?;
    Some(last.end(&config.site.time_zone))
}

/// The later of two optional moments.
trait Later {
    fn later_of(self, other: Self) -> Self;
}

impl Later for Option<Moment> {
    fn later_of(self, other: Self) -> Self {
        match (self, other) {
            (Some(a), Some(b)) => Some(if a.sort_key() >= b.sort_key() { a } else { b }),
            (a, b) => a.or(b),
        }
    }
}

fn with_overlay(course: &Arc<Course>, overlay: Option<&Overlay>) -> Arc<Course> {
    let Some(overlay) = overlay else { return course.clone() };
    let mut course = Course::clone(course);
    let replace = |field: &mut Option<Arc<str>>, by: &Option<Arc<str>>| {
        if by.is_some() {
            field.clone_from(by);
        }
    };
    if let Some(title) = &overlay.front.title {
        course.title = title.clone();
    }
    if let Some(slug) = &overlay.front.slug {
        course.slug = slug.clone();
    }
    course.level = overlay.level.unwrap_or(course.level);
    course.start = overlay.start.or(course.start);
    course.end = overlay.end.or(course.end);
    course.price = overlay.price.or(course.price);
    if let Some(description) = &overlay.front.description {
        course.description = Some(description.clone().into());
    }
    replace(&mut course.currency, &overlay.currency);
    replace(&mut course.location, &overlay.location);
    replace(&mut course.instructor, &overlay.instructor);
    replace(&mut course.image, &overlay.image);
    Arc::new(course)
}

/// A quick hash of what public pages can see of a course: of people whose fields are all withheld, how many there are.
fn seen(course: &Course, config: &Config) -> u64 {
    let public = &config.privacy.public_fields;
    if !public.is_empty() {
        // Sources change the addresses of pictures at will: they count only where they are shown.
        let pictures =
            course.participants.as_ref().filter(|_| public.iter().any(|field| field == "image_url"));
        let whole = course.fingerprint();
        let with = |people: &People| Fingerprint::new(63).number(whole).number(people.pictures_mark()).get();
        return pictures.map_or(whole, with);
    }
    let people = course.participants.as_ref().map_or(0, People::len);
    Fingerprint::new(42).number(course.summary_fingerprint()).number(people as u64).get()
}

/// The slug made safe; where nothing of it is left or the archive lives there, the title's, then the id's.
fn base_slug(course: &Course) -> String {
    let candidates = [&*course.slug, &*course.title, course.id.as_str()];
    let spelt = candidates.into_iter().map(slugify).find(|slug| !slug.is_empty() && slug != ARCHIVE);
    spelt.unwrap_or_else(|| format!("{:016x}", Digest::of(course.id.as_str().as_bytes()).short()))
}

/// One address a course. Where foreign slugs meet, the course whose slug is safe as it stands keeps the address, else
/// the one with the smallest id; the others get their id appended, so that addresses do not depend on the order.
fn addresses(joined: &[Joined], warnings: &mut Vec<String>) -> Vec<String> {
    let wanted = || joined.iter().map(|joined| joined.wanted.as_str()).enumerate();
    let mut holder: HashMap<&str, usize> = HashMap::with_capacity(joined.len());
    for (index, slug) in wanted() {
        let key = |i: usize| (*joined[i].course.slug != *slug, &joined[i].course.id);
        let held = holder.entry(slug).or_insert(index);
        if key(index) < key(*held) {
            *held = index;
        }
    }
    if holder.len() == joined.len() {
        return wanted().map(|(_, slug)| slug.to_owned()).collect();
    }
    let mut taken: std::collections::HashSet<String> = holder.keys().map(|slug| (*slug).to_owned()).collect();
    let mut result = Vec::with_capacity(joined.len());
    for (index, slug) in wanted() {
        if holder.get(slug) == Some(&index) {
            result.push(slug.to_owned());
            continue;
        }
        let course = &joined[index].course;
        let hash = Digest::of(course.id.as_str().as_bytes()).short();
        let id = Some(slugify(course.id.as_str())).filter(|id| !id.is_empty());
        let mut own = format!("{slug}-{}", id.unwrap_or_else(|| format!("{hash:016x}")));
        if !taken.insert(own.clone()) {
            own = format!("{slug}-{hash:016x}");
            taken.insert(own.clone());
        }
        warnings.push(format!(
            "course {}: the address /courses/{slug}/ belongs to another course; this one is at /courses/{own}/",
            course.id
        ));
        result.push(own);
    }
    result
}

/// Where a course stands in the order of the catalogue: worked out once a course, compared many times.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    is_archived: bool,
    by: By,
    /// Ids that are numbers come first, by their value.
    number: (bool, u64),
    id: Arc<str>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum By {
    /// What is to come, in the order of its beginning, what has no date last.
    Coming(bool, Option<Timestamp>, Arc<str>),
    /// What is over, newest first.
    Over(Reverse<Option<Timestamp>>, Arc<str>),
    Title(String, Arc<str>),
    Id,
}

impl Place {
    fn of(entry: &Entry, order: Order) -> Self {
        let course = &entry.course;
        let start = course.start.map(|start| start.sort_key());
        let number = course.id.as_str().parse::<u64>();
        Self {
            is_archived: course.archived_at.is_some(),
            by: match order {
                Order::Start if entry.is_past => By::Over(Reverse(start), course.title.clone()),
                Order::Start => By::Coming(start.is_none(), start, course.title.clone()),
                Order::Title => By::Title(course.title.to_lowercase(), course.title.clone()),
                Order::Id => By::Id,
            },
            number: (number.is_err(), number.unwrap_or(0)),
            id: course.id.as_str().into(),
        }
    }
}

/// From which second since 1970 on the courses stand as they do at `now`, and until which: the nearest beginnings and ends
/// around it.
pub(super) fn window(config: &Config, entries: &[Entry], now: Timestamp) -> (i64, i64) {
    let zone = &config.site.time_zone;
    let moments = |entry: &Entry| {
        let course = &entry.course;
        [course.start.map(|start| start.begin(zone)), ends(course, config)]
    };
    let all = entries.par_iter().map(|entry| around(moments(entry).into_iter().flatten(), now));
    all.reduce(|| (i64::MIN, i64::MAX), |a, b| (a.0.max(b.0), a.1.min(b.1)))
}

/// The moments around `now`, in seconds since 1970: the last that is over and the next.
pub(super) fn around(moments: impl Iterator<Item = Timestamp>, now: Timestamp) -> (i64, i64) {
    let now = now.as_second();
    moments.fold((i64::MIN, i64::MAX), |(since, until), moment| {
        let moment = moment.as_second();
        if moment <= now { (since.max(moment), until) } else { (since, until.min(moment)) }
    })
}

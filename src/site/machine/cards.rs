//! Cards: what is shown of a page where a link to it is shared.

use std::fmt;
use std::sync::Arc;

use super::super::courses::Entry;
use super::super::documents::Placed;
use super::super::family::Kind;
use super::super::page::{Make, Rank};
use super::super::planner::Planner;
use super::file;
use crate::base::card::{Card, can_draw};
use crate::base::digest::Fingerprint;
use crate::error::Result;
use crate::model::moment::Moment;

/// Writes two days in the language at a place in the configuration's list.
pub type DateRange = Arc<dyn Fn(usize, Moment, Option<Moment>) -> String + Send + Sync>;

/// How cards look.
#[derive(Clone)]
pub struct Cards {
    /// The colour of the house.
    pub colour: [u8; 3],
    /// How dates are written.
    pub dates: DateRange,
}

impl fmt::Debug for Cards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cards").field("colour", &self.colour).finish_non_exhaustive()
    }
}

/// The card of all pages that have none of their own.
pub(in crate::site) const DEFAULT: &str = "/card.png";

/// The name of a card below its page.
const CARD: &str = "card.png";

/// The card of a course, below its page.
pub(in crate::site) fn of_course(entry: &Entry) -> String {
    ["/", entry.route.folder(), CARD].concat()
}

/// A quick hash of what the card of a course is made from.
fn course_mark(base: Fingerprint, entry: &Entry) -> u64 {
    let course = &entry.course;
    let day = |at: Option<Moment>| at.map_or(0, |at| at.number());
    let mark = base.text(&course.title).number(day(course.start)).number(day(course.end));
    mark.maybe(course.location.as_deref()).get()
}

/// The words of a card: the title, above it the site's. Where the font lacks letters of the title, the site's stands for it: a
/// part of a title would mislead, and none at all says nothing.
fn words(title: &Arc<str>, site: &Arc<str>) -> (Arc<str>, Arc<str>) {
    if can_draw(title) { (title.clone(), site.clone()) } else { (site.clone(), "".into()) }
}

/// The card of a page or section, below its page.
pub(in crate::site) fn of_document(placed: &Placed<'_>) -> String {
    format!("{}{CARD}", placed.route.address())
}

impl Planner<'_> {
    /// Whether the site has a card of its own at this address, which stands instead of one that would be drawn.
    fn is_brought(&self, address: &str) -> bool {
        let path = format!("{}{address}", self.input.config.site.prefix);
        (self.input.brings)(path.trim_start_matches('/'))
    }

    /// What every card shows.
    fn card_mark(&self, cards: &Cards) -> Fingerprint {
        let site = &self.input.config.site;
        Fingerprint::new(24).text(&site.title).text(&site.language).bytes(&cards.colour)
    }

    /// The words of a card. Where they are not the title's own, somebody should hear of it.
    fn words(&mut self, path: &str, title: &Arc<str>) -> (Arc<str>, Arc<str>) {
        if !can_draw(title) {
            let prefix = self.input.config.site.prefix.trim_start_matches('/');
            let file = [prefix, path].join("/");
            self.undrawn.push((title.clone(), file.trim_start_matches('/').to_owned()));
        }
        words(title, &self.input.config.site.title.as_str().into())
    }

    /// The card of a page or section: its date and the section that it is in, or what it says of itself.
    pub(in crate::site) fn document_card(
        &mut self,
        placed: &Placed<'_>,
        section: Option<&Arc<str>>,
    ) -> Result<()> {
        let Some(cards) = self.input.cards.cloned() else { return Ok(()) };
        let path = of_document(placed);
        if self.is_brought(&path) {
            return Ok(());
        }
        let front = &placed.document.front;
        let date = front.date;
        let inputs = self.card_mark(&cards).text(&placed.title);
        let inputs = inputs.number(date.map_or(0, |date| date.number()));
        let (title, brand) = self.words(path.trim_start_matches('/'), &placed.title);
        let about = section.or(front.description.as_ref().filter(|_| date.is_none())).cloned();
        let records = self.records.clone();
        self.made(path.trim_start_matches('/'), Rank::Leaf, inputs.maybe(about.as_deref()), move || {
            let date = date.map(|date| (cards.dates)(records.language, date, None));
            let words = [date.as_deref(), about.as_deref()];
            Card { title: &title, brand: &brand, line: &line(&words), colour: cards.colour }.png()
        })
    }

    pub(super) fn cards(&mut self, cards: &Cards) -> Result<()> {
        let base = self.card_mark(cards);
        let site = &self.input.config.site;
        let records = self.records.clone();
        let (config, colour) = (records.config.clone(), cards.colour);
        let inputs = base.text(&site.description);
        if !self.is_brought(DEFAULT) {
            if !can_draw(&site.title) {
                let path = [site.prefix.trim_start_matches('/'), DEFAULT].concat();
                self.undrawn.push((site.title.as_str().into(), path.trim_start_matches('/').to_owned()));
            }
            self.made(DEFAULT.trim_start_matches('/'), Rank::Leaf, inputs, move || {
                let site = &config.site;
                Card { title: &site.title, brand: "", line: &site.description, colour }.png()
            })?;
        }
        let mut inputs = Vec::with_capacity(records.entries.len());
        for entry in records.entries.iter() {
            let path = of_course(entry);
            if self.is_brought(&path) {
                inputs.push(None);
                continue;
            }
            self.words(path.trim_start_matches('/'), &entry.course.title);
            inputs.push(Some(course_mark(base, entry)));
        }
        let (cards, site) = (cards.clone(), Arc::<str>::from(site.title.as_str()));
        let make = Box::new(move |number: u32| {
            let entry = &records.entries[number as usize];
            let (records, cards, site) = (records.clone(), cards.clone(), site.clone());
            let make = Make::new(move || {
                let course = &records.entries[number as usize].course;
                let (title, brand) = words(&course.title, &site);
                let dates = course.start.map(|start| (cards.dates)(records.language, start, course.end));
                let words = [dates.as_deref(), course.location.as_deref()];
                Card { title: &title, brand: &brand, line: &line(&words), colour: cards.colour }.png()
            });
            file(entry.route.beside([CARD, ""]), Rank::Leaf, course_mark(base, entry), make)
        });
        self.kinds.push(Kind { name: |_| [CARD, ""], inputs, has_template: false, make });
        Ok(())
    }
}

/// Those of these words that can be drawn, in one line.
fn line(words: &[Option<&str>]) -> String {
    let words = words.iter().copied().flatten().filter(|words| can_draw(words));
    words.collect::<Vec<_>>().join(" · ")
}

/// One warning of all titles that are not on their cards.
pub(in crate::site) fn warning(undrawn: &[(Arc<str>, String)]) -> Option<String> {
    const SHOWN: usize = 3;
    let (_, first) = undrawn.first()?;
    let named: Vec<String> = undrawn.iter().take(SHOWN).map(|(title, _)| format!("“{title}”")).collect();
    let more = match undrawn.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "the font of cards lacks letters of {}{more}: the name of the site stands there instead; a picture of your own of \
         1,200 by 630 pixels takes its place, here static/{first}",
        named.join(", ")
    ))
}

//! `[output]`, `[site.organisation]` and how courses take place: what the files for machines are made of.

use super::checks;
use crate::base::tables::Table;

/// `[output]`: what is made beside the pages. Everything is, unless it is switched off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs {
    /// `feeds`: `feed.xml` (Atom), `rss.xml` and `feed.json` of the courses, and the same of each section with pages that
    /// have a date.
    pub feeds: bool,
    /// `calendar`: `calendar.ics`, and one for each course that has a date.
    pub calendar: bool,
    /// `moochub`: the catalogue for moochub.org below `moochub/`.
    pub moochub: bool,
    /// `cards`: an image for each page that is shown where a link to it is shared. A `card.png` of your own beside a page, 1,200
    /// by 630 pixels, stands instead of it.
    pub cards: bool,
    /// `sitemap`: `sitemap.xml`.
    pub sitemap: bool,
    /// `robots`: `robots.txt`.
    pub robots: bool,
    /// `search`: the index and the page for searching in the browser.
    pub search: bool,
    /// `precompress`: text from 1 KiB to 8 MiB gets twins for servers that send them as they are: `.br`, `.zst`, `.gz`.
    pub precompress: bool,
    /// `license`: the SPDX identifier of the licence of the course texts, for the export to MOOChub.
    pub license: String,
}

impl Default for Outputs {
    fn default() -> Self {
        Self {
            feeds: true,
            calendar: true,
            moochub: true,
            cards: true,
            precompress: false,
            sitemap: true,
            robots: true,
            search: true,
            license: "proprietary".into(),
        }
    }
}

impl Outputs {
    pub(super) fn read(table: Option<Table<'_, '_>>) -> Self {
        let mut outputs = Self::default();
        if let Some(mut table) = table {
            let mut keep = |setting: &mut bool, key| *setting = table.boolean(key).unwrap_or(*setting);
            keep(&mut outputs.feeds, "feeds");
            keep(&mut outputs.calendar, "calendar");
            keep(&mut outputs.moochub, "moochub");
            keep(&mut outputs.cards, "cards");
            keep(&mut outputs.sitemap, "sitemap");
            keep(&mut outputs.robots, "robots");
            keep(&mut outputs.search, "search");
            keep(&mut outputs.precompress, "precompress");
            if let Some(license) = table.checked("license", checks::license) {
                outputs.license = license.value;
            }
            table.finish(None);
        }
        outputs
    }
}

/// `[site.organisation]`: who offers the courses. What is empty is not told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organisation {
    /// `name`; the site's title where it is empty.
    pub name: String,
    /// `url`: its home page, where that is another one than the site's.
    pub url: String,
    /// `logo`: the address of a picture, absolute or below the site.
    pub logo: String,
    /// `email`.
    pub email: String,
    /// `telephone`.
    pub telephone: String,
    /// `street`, with the number of the house.
    pub street: String,
    /// `postal_code`.
    pub postal_code: String,
    /// `locality`: the town.
    pub locality: String,
    /// `country`, an ISO 3166-1 code of two letters.
    pub country: String,
    /// `same_as`: addresses of pages about the organisation elsewhere.
    pub same_as: Vec<String>,
}

impl Organisation {
    pub(super) fn read(table: Option<Table<'_, '_>>) -> Self {
        let mut organisation = Self::default();
        if let Some(mut table) = table {
            let mut keep = |setting: &mut String, key| {
                if let Some(found) = table.string(key) {
                    *setting = found.value;
                }
            };
            keep(&mut organisation.name, "name");
            keep(&mut organisation.url, "url");
            keep(&mut organisation.logo, "logo");
            keep(&mut organisation.email, "email");
            keep(&mut organisation.telephone, "telephone");
            keep(&mut organisation.street, "street");
            keep(&mut organisation.postal_code, "postal_code");
            keep(&mut organisation.locality, "locality");
            keep(&mut organisation.country, "country");
            let addresses = table.strings("same_as").unwrap_or_default();
            organisation.same_as = addresses.into_iter().map(|found| found.value).collect();
            table.finish(None);
        }
        organisation
    }
}

/// How a course takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `"onsite"`: at a place.
    Onsite,
    /// `"online"`.
    Online,
    /// `"blended"`: both.
    Blended,
}

impl Mode {
    pub(super) const NAMES: [(&str, Self); 3] =
        [("onsite", Self::Onsite), ("online", Self::Online), ("blended", Self::Blended)];

    /// Its name: `onsite`, `online`, `blended`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Onsite => "onsite",
            Self::Online => "online",
            Self::Blended => "blended",
        }
    }

    /// The mode with this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, mode)| mode)
    }
}

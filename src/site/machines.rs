//! Files for machines that are there once for the whole site: redirects, sitemap, robots.txt.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::feeds;
use super::plan::{Body, Input, Make, Page, Rank, Whole};
use super::route::Route;
use super::views::Addresses;
use crate::base::digest::Fingerprint;
use crate::config::Config;
use crate::error::Result;

/// All of them. They are made from the records themselves, so their inputs say when they have to be.
pub(super) fn of_site(input: &Input<'_>, addresses: &Addresses, whole: &mut Whole) -> Result<()> {
    let base = base(input.config);
    let own = addresses.clone();
    whole.pages.push(made("robots.txt", base, move || feeds::robots(&own))?);

    whole.sitemap.sort_unstable();
    let pages: Arc<[(String, Option<Timestamp>)]> = std::mem::take(&mut whole.sitemap).into();
    for part in feeds::sitemaps(&pages) {
        let inputs = part.pages.clone().fold(base.number(pages.len() as u64), |inputs, at| {
            let (address, changed) = &pages[at];
            inputs.text(address).number(changed.map_or(0, |at| at.as_nanosecond() as u64))
        });
        let (addresses, pages, name) = (addresses.clone(), pages.clone(), part.name.clone());
        whole.pages.push(made(&name, inputs, move || part.bytes(&addresses, &pages))?);
    }
    redirects(input, addresses, whole)
}

/// What all such files depend on.
pub(super) fn base(config: &Config) -> Fingerprint {
    let site = &config.site;
    let base = Fingerprint::new(13).text(&site.base_url).text(&site.title).text(&site.language);
    base.text(&site.description).number(config.courses.feed_size as u64)
}

/// A file that needs no template.
pub(super) fn made(
    path: &str,
    inputs: Fingerprint,
    make: impl Fn() -> Vec<u8> + Send + Sync + 'static,
) -> Result<Page> {
    Ok(Page {
        route: Route::file(path)?,
        rank: Rank::Entrance,
        body: Body::Made(Make::new(make)),
        inputs: inputs.get(),
        record: None,
        identity: None,
        language: 0,
    })
}

/// A page at every address that something has left, and a list of them for servers that read one.
fn redirects(input: &Input<'_>, addresses: &Addresses, whole: &mut Whole) -> Result<()> {
    let mut taken: BTreeSet<String> =
        whole.pages.iter().map(|page| page.route.path().to_lowercase()).collect();
    let mut lines = input.redirects.to_owned();
    let mut inputs = Fingerprint::new(19).text(&lines);
    if !lines.is_empty() && !lines.ends_with('\n') {
        lines.push('\n');
    }
    let mut pages = Vec::new();
    for (_, present, past) in whole.history.moves() {
        // Where the record itself has gone, its past leads nowhere.
        let Ok(target) = Route::of_address(present) else { continue };
        if !taken.contains(&target.path().to_lowercase()) {
            continue;
        }
        for address in past {
            let Ok(route) = Route::of_address(address) else { continue };
            if taken.insert(route.path().to_lowercase()) {
                let (from, to) = (addresses.link(&route.address()), addresses.link(&target.address()));
                inputs = inputs.text(&from).text(&to);
                lines.push_str(&format!("{from} {to} 301\n"));
                pages.push((route, target.clone()));
            }
        }
    }
    for (route, target) in pages {
        let language = language_of(input.config, &target.address());
        let (link, absolute) = (addresses.link(&target.address()), addresses.absolute(&target.address()));
        let inputs = Fingerprint::new(20).text(&link).text(&absolute).text(&language).get();
        let make = Make::new(move || feeds::redirect(&language, &link, &absolute));
        let (rank, body) = (Rank::Leaf, Body::Made(make));
        whole.pages.push(Page { route, rank, body, inputs, record: None, identity: None, language: 0 });
    }
    if !lines.is_empty() {
        whole.pages.push(made("_redirects", inputs, move || lines.clone().into_bytes())?);
    }
    Ok(())
}

/// The language in whose tree an address lies.
fn language_of(config: &Config, address: &str) -> String {
    let first = address.split('/').nth(1).unwrap_or_default();
    let own = config.languages.iter().skip(1).find(|language| language.code.eq_ignore_ascii_case(first));
    own.map_or(&config.site.language, |language| &language.code).clone()
}

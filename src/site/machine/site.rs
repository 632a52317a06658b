//! Files for machines that are there once for the whole site: redirects, sitemap, robots.txt.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::page::{Body, Make, Page, Rank};
use super::super::plan::{Input, Whole};
use super::super::records::Records;
use super::super::route::Route;
use super::super::views::Addresses;
use super::sitemap::{self, Place};
use super::{made, mark, robots};
use crate::base::digest::Fingerprint;
use crate::base::order::sort_by_text;
use crate::config::Config;
use crate::error::{Error, Kind, Result};

/// All of them. They are made from the records themselves, so their inputs say when they have to be.
pub(in crate::site) fn of_site(input: &Input<'_>, main: &Records, whole: &mut Whole) -> Result<()> {
    let (outputs, addresses) = (&input.config.outputs, &main.addresses);
    if outputs.robots {
        let (own, has_sitemap) = (addresses.clone(), outputs.sitemap);
        let inputs = mark(input.config).number(u64::from(has_sitemap));
        let make = move || robots::robots(&own, has_sitemap);
        whole.pages.push(made("robots.txt", Rank::Entrance, inputs, make)?);
    }
    if outputs.sitemap {
        sitemap(input, main, whole)?;
    }
    redirects(input, addresses, whole)
}

fn sitemap(input: &Input<'_>, main: &Records, whole: &mut Whole) -> Result<()> {
    let addresses = &main.addresses;
    let mut places = std::mem::take(&mut whole.sitemap);
    if input.config.languages.len() > 1 {
        let identities: HashMap<String, Arc<str>> =
            whole.pages.iter().map(|page| (page.route.address(), page.identity())).collect();
        for place in &mut places {
            let Some(identity) = identities.get(&place.address) else { continue };
            place.languages = main.languages.whereabouts(identity);
        }
    }
    sort_by_text(&mut places, |place| &place.address);
    let places: Arc<Vec<Place>> = places.into();
    for file in sitemap::files(&places) {
        let inputs = mark(input.config).number(places.len() as u64);
        let inputs = file.places.clone().fold(inputs, |inputs, at| places[at].mark(inputs));
        let (addresses, places, name) = (addresses.clone(), places.clone(), file.name.clone());
        let make = move || file.bytes(&addresses, &places);
        whole.pages.push(made(&name, Rank::Entrance, inputs, make)?);
    }
    Ok(())
}

/// A page at every address that something has left, and a list of them for servers that read one.
fn redirects(input: &Input<'_>, addresses: &Addresses, whole: &mut Whole) -> Result<()> {
    // Most sites have neither, and thousands of pages.
    let mut taken: HashSet<String> = match whole.aliases.is_empty() && whole.history.moves().next().is_none()
    {
        true => HashSet::new(),
        false => {
            let pages = whole.pages.iter().map(|page| page.route.path());
            pages.chain(whole.family.paths()).map(str::to_lowercase).collect()
        }
    };
    let mut lines = input.redirects.to_owned();
    let mut inputs = Fingerprint::new(19).text(&lines);
    if !lines.is_empty() && !lines.ends_with('\n') {
        lines.push('\n');
    }
    let mut pages = Vec::new();
    for alias in std::mem::take(&mut whole.aliases) {
        let at_fault = |reason: &str| {
            let message = format!("content/{}: the alias {} {reason}", alias.source, alias.address);
            Error::new(Kind::Content, message).hint("take it out of `aliases`, or change it")
        };
        let route = Route::of_address(&alias.address).map_err(|_| at_fault("cannot be an address"))?;
        if !taken.insert(route.path().to_lowercase()) {
            // A course brings what lies beside its page as well.
            let brings = |page: &Page| page.is_of_source() && page.route.folder() == route.folder();
            if whole.family.find(route.path()).is_some() || whole.pages.iter().any(brings) {
                let (source, address) = (&alias.source, &alias.address);
                whole.warnings.push(format!(
                    "content/{source}: the alias {address} is left out: the courses of the source have a page or file there"
                ));
                continue;
            }
            return Err(at_fault("is the address of a page or another alias"));
        }
        let (from, to) = (root_link(addresses, &route), root_link(addresses, &alias.target));
        inputs = inputs.text(&from).text(&to);
        lines.push_str(&format!("{from} {to} 301\n"));
        pages.push((route, alias.target));
    }
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
        let make = Make::new(move || robots::redirect(&language, &link, &absolute));
        let (rank, body) = (Rank::Leaf, Body::Made(make));
        whole.pages.push(Page {
            route,
            rank,
            body,
            inputs,
            record: None,
            identity: None,
            language: 0,
            is_stand_in: false,
        });
    }
    if !lines.is_empty() {
        whole.pages.push(made("_redirects", Rank::Entrance, inputs, move || lines.clone().into_bytes())?);
    }
    Ok(())
}

/// The address from the root of the host of what has its language in its route.
fn root_link(addresses: &Addresses, route: &Route) -> String {
    format!("{}{}", addresses.base_path, route.address())
}

/// The language in whose tree an address lies.
fn language_of(config: &Config, address: &str) -> String {
    let first = address.split('/').nth(1).unwrap_or_default();
    let own = config.languages.iter().skip(1).find(|language| language.code.eq_ignore_ascii_case(first));
    own.map_or(&config.site.language, |language| &language.code).clone()
}

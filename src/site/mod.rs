//! From the catalogue and the local content to the pages that must exist. Pure: nothing here reads or writes.

mod clashes;
mod courses;
mod documents;
mod groups;
mod internal;
mod jekyll;
mod languages;
mod listings;
mod machine;
mod menus;
mod pictures;
mod plan;
mod planner;
mod records;
mod related;
mod route;
mod search;
mod sections;
mod taxonomies;
mod views;

pub use courses::addresses_of;
pub use internal::{InternalPage, internal};
pub use languages::{Lacking, Untranslated};
pub use machine::cards::{Cards, DateRange};
pub use plan::{Body, Edition, Input, Make, Page, Rank, Record, Site, View, plan};
pub use route::Route;

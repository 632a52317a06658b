//! From the catalogue and the local content to the pages that must exist. Pure: nothing here reads or writes.

mod clashes;
mod courses;
mod documents;
mod family;
mod globals;
mod groups;
mod internal;
mod jekyll;
mod kept;
mod languages;
mod listings;
mod machine;
mod menus;
mod page;
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
pub use family::Family;
pub use internal::{InternalPage, internal};
pub use kept::Kept;
pub use languages::{Lacking, Untranslated};
pub use machine::cards::{Cards, DateRange};
pub use page::{Body, Make, Page, PageRef, Parts, Rank, View};
pub use plan::{Edition, Input, Record, Show, Site, plan, plan_showing};
pub use route::Route;

//! aither: a static site generator for training academies.

pub mod base;
pub mod config;
pub mod error;
pub mod model;
pub mod serve;
pub mod site;
pub mod source;
pub mod sync;
pub mod theme;

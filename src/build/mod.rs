//! From the planned site to the files of the output: what is stale, render it, publish it, remember it.

mod before;
mod manifest;
mod plan;
mod reason;
mod run;
mod stage;
mod trace;

pub use manifest::{MANIFEST, Manifest};
pub use reason::Reason;
pub use run::{Asset, Bytes, Report, Request, run};

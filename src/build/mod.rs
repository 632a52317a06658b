//! From the planned site to the files of the output: what is stale, render it, publish it, remember it.

mod before;
mod collisions;
mod derived;
mod early;
mod failures;
mod kept;
mod large;
mod manifest;
mod pages;
mod parts;
mod plan;
mod reads;
mod reason;
mod remember;
mod run;
mod stage;
mod stamp;
mod trace;
mod twins;
mod verify;
mod why;

pub use before::Before;
pub use early::{Outline, early};
pub use manifest::{MANIFEST, Manifest};
pub use pages::{Looked, pages};
pub use reason::Reason;
pub use run::{Asset, Bytes, Prepared, Report, Request, complete, prepare, run};
pub use verify::verify;
pub use why::{Explanation, ReadLine, why};

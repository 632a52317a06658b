//! The server: the site's files, the sync API, and live reload while somebody works on the site.
//!
//! HTTP lives on one thread with one single-threaded runtime, where nothing blocks: files are read on a small pool, what may
//! wait for a lock has a few threads of its own ([`aside`]), log lines go by a thread that may wait for whoever reads them, and
//! whatever changes something is an event for the one worker thread. The rest of the program stays synchronous.

mod answer;
mod api;
mod aside;
mod auth;
mod bodies;
mod body;
mod conflicts;
mod connection;
mod dashboard;
mod files;
mod gatekeeper;
mod head;
mod hooks;
mod intake;
mod internal;
mod listen;
mod log;
mod malformed;
mod memory;
mod metrics;
mod openapi;
mod project;
mod reload;
mod reply;
mod router;
mod server;
mod shared;
mod state;
mod watch;
mod work;
mod worker;

pub use dashboard::{DashboardOptions, Freshness, Progress};
pub use memory::stay_small;
pub use project::{watching, work_on};
pub use server::{Options, Server};
pub use watch::Watching;
pub use work::{Audience, Factory, Notice, RebuildRequest, Rebuilt, Show, SyncRequest, Work};

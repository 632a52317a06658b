//! aither: a static site generator for training academies.
//!
//! The rooms, in the order in which data goes through them:
//!
//! ```text
//! bytes → source → Change → Catalogue → site: Page{route, view} → build: Plan{(Route, Reason)} → theme: Rendered{bytes, reads} → file + manifest
//! ```
//!
//! | Floor | Rooms |
//! |---|---|
//! | 0 | [`error`], [`base`] |
//! | 1 | [`config`], [`model`], [`liquid`] |
//! | 1½ | [`assets`] |
//! | 2 | [`source`], [`theme`], [`site`], [`notify`] |
//! | 3 | [`sync`], [`build`] |
//! | 4 | [`project`] |
//! | 5 | [`serve`] |
//! | 6 | [`cli`] |
//!
//! What holds everywhere:
//!
//! - A room imports only what lies below it; rooms on one floor don't know each other.
//! - Each outside library has one home: `ureq` in `base::http`, `clap` and `indicatif` in `cli`, `lettre` in `notify`, `pulldown-cmark` in
//!   `base::markdown`, `syntect` in `base::highlight`, `html5gum` in `check`,
//!   `lightningcss` and `grass_compiler` in `assets`, `hyper`, `tokio` and `notify` in `serve`.
//! - All writes go through `base::files`. `site` and `model` do no input or output.
//! - The library never prints: results go to standard output from `cli`, talk to standard error.
//! - An error's kind becomes an exit code in `cli` alone.
//! - A failed build leaves the previous output whole. A record that is refused is data, not an error.
//! - Clock, waiting and transport are injected; no test sleeps or needs a network beyond loopback.
//! - A participant's data is reached by saying `reveal`, and no public page sees it unless the configuration names the
//!   field.

pub mod assets;
pub mod base;
pub mod build;
pub mod check;
pub mod cli;
pub mod config;
pub mod error;
pub mod liquid;
pub mod model;
pub mod notify;
pub mod project;
pub mod serve;
pub mod site;
pub mod source;
pub mod sync;
pub mod theme;

//! Integration tests: one binary, each module a subject.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a failed expectation is a failed test, and tests work in folders of their own"
)]

mod academy;
mod assets;
mod bench_site;
mod build;
mod cards;
mod check;
mod config;
mod content;
mod contracts;
mod disk_full;
mod docs_config;
mod docs_liquid;
mod docs_recipes;
mod docs_theming;
mod dress;
mod edfi;
mod features;
mod feeds;
mod filters;
mod fixture;
mod golden;
mod golden_sites;
mod groups;
mod hemera;
mod hemera_site;
mod house;
mod incremental;
mod internal;
mod jekyll;
mod keyboard;
mod kill;
mod languages;
mod large;
mod liquid_data;
mod liquid_errors;
mod liquid_hostile;
mod liquid_oracle;
mod liquid_reads;
mod liquid_render;
mod machine;
mod markdown;
mod markup;
mod minify;
mod notify;
mod oneroster;
mod people;
mod pictures;
mod push;
mod reread;
mod sample;
mod scaffold;
mod search;
mod serve_abuse;
mod serve_api;
mod serve_browser;
mod serve_dashboard;
mod serve_dashboard_browser;
mod serve_events;
mod serve_files;
mod serve_fixture;
mod serve_kill;
mod serve_openapi;
mod serve_seeds;
mod serve_waiting;
mod serve_webhooks;
mod standin;
#[path = "../support/mod.rs"]
mod support;
mod theme;
mod theme_errors;
mod theme_escape;
mod theme_reads;
mod translations;
mod watch;
mod wires_hostile;

//! Integration tests: one binary, each module a subject.

mod academy;
mod build;
mod config;
mod content;
mod fixture;
mod house;
mod kill;
mod sample;
mod standin;
mod theme;

#[path = "../support/mod.rs"]
mod support;

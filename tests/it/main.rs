//! Integration tests: one binary, each module a subject.

mod academy;
mod build;
mod config;
mod fixture;
mod house;
mod kill;
mod content;
mod sample;
mod scaffold;
mod theme;

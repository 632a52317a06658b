//! Integration tests.
mod academy;
mod theme;

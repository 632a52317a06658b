//! Local content.

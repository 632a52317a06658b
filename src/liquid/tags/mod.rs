//! The standard tags: how each is read, and how it runs.

pub(super) mod conditions;
pub(super) mod loops;
pub(super) mod partials;
pub(super) mod variables;

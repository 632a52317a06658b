//! aither: a static site generator for training academies.

#![forbid(unsafe_code)]

pub mod liquid;

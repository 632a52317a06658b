//! aither: a static site generator for training academies.

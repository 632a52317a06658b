//! What several subjects of the tests share.

pub(crate) mod edfi;
pub(crate) mod hemera;
pub(crate) mod oneroster;
pub(crate) mod stand;

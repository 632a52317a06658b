//! What several subjects of the tests share.

pub(crate) mod hemera;

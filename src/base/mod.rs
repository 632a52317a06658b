//! The ground floor: digests, files, HTTP, retries, the clock, text. Knows nothing of courses or pages.

pub mod card;
pub mod clock;
pub mod codec;
pub mod compress;
pub mod digest;
pub mod encode;
pub mod files;
pub mod gate;
pub mod highlight;
pub mod http;
pub mod journal;
pub mod leaving;
pub mod markdown;
pub mod minify;
pub mod mistakes;
pub mod oauth1;
pub mod order;
pub mod queue;
pub mod report;
pub mod retry;
pub mod secret;
pub mod signature;
pub mod tables;
pub mod text;
pub mod workers;

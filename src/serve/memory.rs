//! How much memory the process takes for what it holds.

/// Asks the system for small pages of memory from now on. A server holds little, scattered over what its allocator has
/// reserved: in pages of two megabytes it takes several times as much. To be called first thing.
pub fn stay_small() {
    // Not everywhere, and not in every sandbox: then it takes more.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

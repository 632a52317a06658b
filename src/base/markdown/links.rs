//! Where links of strangers may lead.

/// Whether an address leads to the web, to mail, to a telephone, or stays on the site. Everything else (`javascript:`,
/// `data:`, `vbscript:`, `file:`) either runs something or reads something.
pub(super) fn is_harmless(address: &str) -> bool {
    // Browsers take these characters out before they look for a scheme.
    let seen: String = address.chars().filter(|c| !c.is_control() && !c.is_whitespace()).take(32).collect();
    let Some(end) = seen.find([':', '/', '?', '#']) else { return true };
    let (scheme, rest) = seen.split_at(end);
    !rest.starts_with(':')
        || ["http", "https", "mailto", "tel"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

//! The default theme, built in: the files of `themes/academy/`.

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        /// All files by their path in the theme's folder.
        pub(super) const FILES: &[(&str, &[u8])] =
            &[$(($path, include_bytes!(concat!("../../themes/academy/", $path)))),*];
    };
}

/// `theme.toml`.
pub(super) const MANIFEST: &str = include_str!("../../themes/academy/theme.toml");

/// The part of the style sheet that other pages in the same dress share: what stands above its mark.
pub fn common_style() -> &'static str {
    const SHEET: &str = include_str!("../../themes/academy/static/style.css");
    SHEET.split_once("/* mark:").map_or(SHEET, |(common, _)| common)
}

files![
    "i18n/de.toml",
    "i18n/en.toml",
    "layouts/404.liquid",
    "layouts/archive.liquid",
    "layouts/base.liquid",
    "layouts/course.liquid",
    "layouts/courses.liquid",
    "layouts/home.liquid",
    "layouts/level.liquid",
    "layouts/material.liquid",
    "layouts/materials.liquid",
    "layouts/month.liquid",
    "layouts/page.liquid",
    "layouts/place.liquid",
    "layouts/preparation.liquid",
    "layouts/search.liquid",
    "layouts/section.liquid",
    "layouts/sync-status.liquid",
    "layouts/taxonomy.liquid",
    "layouts/term.liquid",
    "partials/badge.liquid",
    "partials/breadcrumb-data.liquid",
    "partials/catalogue.liquid",
    "partials/course-data.liquid",
    "partials/course-facts.liquid",
    "partials/course-list.liquid",
    "partials/course-row.liquid",
    "partials/date.liquid",
    "partials/empty.liquid",
    "partials/filters.liquid",
    "partials/footer.liquid",
    "partials/freshness.liquid",
    "partials/head-meta.liquid",
    "partials/head.liquid",
    "partials/header.liquid",
    "partials/headline.liquid",
    "partials/home-news.liquid",
    "partials/home-topics.liquid",
    "partials/home-upcoming.liquid",
    "partials/icon.liquid",
    "partials/internal-head.liquid",
    "partials/language-switch.liquid",
    "partials/lang.liquid",
    "partials/last-updated.liquid",
    "partials/list-data.liquid",
    "partials/listing.liquid",
    "partials/menu.liquid",
    "partials/neighbours.liquid",
    "partials/next-course.liquid",
    "partials/organisation-data.liquid",
    "partials/pagination.liquid",
    "partials/search.liquid",
    "partials/seats.liquid",
    "partials/sync-status.liquid",
    "partials/tags.liquid",
    "partials/taxonomy-title.liquid",
    "partials/toc.liquid",
    "static/assets/catalogue.js",
    "static/assets/freshness.js",
    "static/assets/highlight.css",
    "static/assets/search.js",
    "static/style.css",
    "theme.toml",
];

#[cfg(test)]
mod tests {
    #[test]
    fn the_sheet_has_its_mark() {
        let common = super::common_style();
        assert!(common.contains("--accent: #0f5257;") && common.contains(".site-footer {"));
        assert!(!common.contains(".sans {") && common.ends_with("}\n\n"));
    }
}

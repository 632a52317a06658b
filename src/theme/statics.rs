//! Static files: the theme's, with the site's own over them.

use std::collections::BTreeMap;
use std::path::Path;

use super::builtin;
use super::places::Folder;
use crate::assets::{Body, Format, ImageOptions, Options, Source, published_route};
use crate::base::files;
use crate::config::{Config, ImageFormat, Images, Paths};
use crate::error::{Error, Kind, Result};

/// All static files by the route that they are published at: `static/` of the theme, also as `assets/` with the folder
/// in the address as Jekyll has it, and its `sass/`; over them `sass/` and `static/` of the site.
pub(super) fn all(theme: &Folder, site: &Paths) -> Result<Vec<Source>> {
    let mut found = BTreeMap::new();
    match theme {
        Folder::Disk(folder) => {
            add(&mut found, &folder.join("assets"), "assets/", false)?;
            add(&mut found, &folder.join("static"), "", false)?;
            add(&mut found, &folder.join("sass"), "", true)?;
        }
        Folder::BuiltIn => {
            let published = |(path, bytes): &(&'static str, &'static [u8])| {
                path.strip_prefix("static/").map(|route| (route.to_owned(), Body::BuiltIn(bytes)))
            };
            found.extend(builtin::FILES.iter().filter_map(published));
        }
    }
    add(&mut found, &site.sass, "", true)?;
    add(&mut found, &site.statics, "", false)?;
    Ok(found.into_iter().map(|(route, body)| Source { route, body }).collect())
}

/// How the assets of a site are made.
pub(super) fn options(theme: &Folder, config: &Config, keeps_cache: bool) -> Options {
    let mut load_paths = vec![config.paths.sass.clone()];
    if let Folder::Disk(folder) = theme {
        load_paths.extend(["sass", "_sass"].map(|name| folder.join(name)));
    }
    let base_url = &config.site.base_url;
    let host = base_url.find("://").map_or(0, |at| at + 3);
    Options {
        root: config.root.clone(),
        cache: Some(config.paths.state.join("assets")),
        may_write: keeps_cache,
        base_path: base_url[host..].find('/').map_or("", |at| &base_url[host + at..]).to_owned(),
        fingerprint: config.assets.fingerprint,
        minify_css: config.assets.minify_css,
        minify_js: config.assets.minify_js,
        load_paths,
        images: ImageOptions { folder: Some(config.paths.state.join("images")), ..images(&config.images) },
    }
}

fn images(config: &Images) -> ImageOptions {
    let format = |format: &ImageFormat| match format {
        ImageFormat::Avif => Format::Avif,
        ImageFormat::WebP => Format::WebP,
        ImageFormat::Jpeg => Format::Jpeg,
    };
    ImageOptions {
        formats: config.formats.iter().map(format).collect(),
        widths: config.widths.clone(),
        quality: config.quality,
        avif_quality: config.avif_quality,
        avif_speed: config.avif_speed,
        max_pixels: u64::from(config.max_megapixels) * 1_000_000,
        max_bytes: u64::from(config.max_megabytes) << 20,
        folder: None,
    }
}

fn add(found: &mut BTreeMap<String, Body>, folder: &Path, before: &str, only_sass: bool) -> Result<()> {
    let (paths, links) = files::walk_and_tell(folder)?;
    if let Some(link) = links.first() {
        let path = folder.join(link);
        let message =
            format!("{} is a link to a folder, to nothing, or out of {}", path.display(), folder.display());
        return Err(Error::new(Kind::Content, message)
            .hint("such links are not followed: copy what it leads to, or begin its name with a dot to leave it out"));
    }
    for path in paths {
        let plain = files::slashed(&path);
        let Some(route) = published_route(&plain) else { continue };
        if !only_sass || route != plain {
            found.insert(format!("{before}{route}"), Body::File(folder.join(path)));
        }
    }
    Ok(())
}

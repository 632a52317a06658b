//! Files whose names seem to say a language that the site does not have.

use crate::base::mistakes::shown;
use crate::config::Config;

/// What to say of those among these paths of pages below the content.
pub fn foreign_languages<'p>(config: &Config, paths: impl IntoIterator<Item = &'p str>) -> Vec<String> {
    let warn = |path: &'p str| {
        let (stem, code) = unknown_language(config, path)?;
        let (path, stem) = (shown(path), shown(stem));
        Some(format!(
            "{path} is published as a page of its own, for `{code}` is no language of this site: add \
             [languages.{code}] to aither.toml to make it the translation of {stem}.md, or rename it"
        ))
    };
    paths.into_iter().filter_map(warn).collect()
}

/// The language that a file's name seems to say, if the site does not have it: then `about.fr.md` is a page of its own.
fn unknown_language<'p>(config: &Config, path: &'p str) -> Option<(&'p str, &'p str)> {
    /// Of ISO 639-1, those that more than a few sites are written in.
    const CODES: &str = " af am ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl gu he hi hr hu hy id is \
        it ja ka kk km kn ko ku ky la lb lo lt lv mk ml mn mr ms mt my nb ne nl nn no pa pl ps pt rm ro ru sk sl so sq sr \
        sv sw ta te tg th tk tr uk ur uz vi xh yi zh zu ";
    let (stem, code) = path.strip_suffix(".md").unwrap_or(path).rsplit_once('.')?;
    let base = code.split('-').next().unwrap_or_default();
    let is_code =
        base.len() == 2 && CODES.contains(&format!(" {base} ")) && !stem.ends_with('/') && !stem.is_empty();
    let is_known = config.languages.len() > 1 && config.language_at(code).is_some();
    (is_code && !is_known).then_some((stem, code))
}

//! Assets: their addresses, and the hashes by which browsers make sure of them.

use super::{Made, Settings};
use crate::assets::Link;
use crate::liquid::{Args, Context, Error, Value};

/// The address of an asset, with the hash of its bytes in its name.
pub(super) fn url<'a>(site: &Settings, cx: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    let link = link(site, cx, input)?;
    cx.charge(link.url.len())?;
    Ok(Value::string(link.url))
}

/// The value for `integrity` beside such an address.
pub(super) fn integrity<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    let link = link(site, cx, input)?;
    cx.charge(link.integrity.len())?;
    Ok(Value::string(link.integrity))
}

fn link<'a>(site: &Settings, cx: &mut Context<'a>, input: Value<'a>) -> Result<Link, Error> {
    let name = cx.text(input)?;
    let name = name.trim();
    match site.assets.find(name) {
        Ok(Some(link)) => {
            cx.look_up(name, link.mark());
            Ok(link)
        }
        Ok(None) => Err(Error::value(format!("there is no asset \"{}\"", name.escape_debug())).with_hint(Some(
            site.assets.suggestion(name).unwrap_or_else(|| {
                "assets are the files below static/, sass/ and the theme's static/, and those beside content files"
                    .to_owned()
            }),
        ))),
        Err(error) => {
            Err(Error::value(error.message()).with_hint(error.hints().first().map(String::to_owned)))
        }
    }
}

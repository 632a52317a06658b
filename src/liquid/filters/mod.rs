//! The standard filters, by subject.

mod arrays;
mod dates;
mod encode;
mod html;
mod numbers;
mod strings;

use super::language::{Arity, Language};

pub(super) fn register(language: &mut Language) {
    const NONE: Arity = Arity::of(0, 0);
    const ONE: Arity = Arity::of(1, 1);
    const UP_TO_ONE: Arity = Arity::of(0, 1);
    const ONE_OR_TWO: Arity = Arity::of(1, 2);

    language
        .filter("abs", NONE, numbers::abs)
        .filter("append", ONE, strings::append)
        .filter("at_least", ONE, numbers::at_least)
        .filter("at_most", ONE, numbers::at_most)
        .filter("base64_decode", NONE, encode::base64_decode)
        .filter("base64_encode", NONE, encode::base64_encode)
        .filter("base64_url_safe_decode", NONE, encode::base64_url_safe_decode)
        .filter("base64_url_safe_encode", NONE, encode::base64_url_safe_encode)
        .filter("capitalize", NONE, strings::capitalize)
        .filter("ceil", NONE, numbers::ceil)
        .filter("compact", UP_TO_ONE, arrays::compact)
        .filter("concat", ONE, arrays::concat)
        .filter("date", ONE, dates::date)
        .filter("default", Arity::of(0, 1).named(&["allow_false"]), arrays::default)
        .filter("divided_by", ONE, numbers::divided_by)
        .filter("downcase", NONE, strings::downcase)
        .filter("escape", NONE, html::escape)
        .filter("escape_once", NONE, html::escape_once)
        .filter("find", ONE_OR_TWO, arrays::find)
        .filter("find_index", ONE_OR_TWO, arrays::find_index)
        .filter("first", NONE, arrays::first)
        .filter("floor", NONE, numbers::floor)
        .filter("h", NONE, html::escape)
        .filter("has", ONE_OR_TWO, arrays::has)
        .filter("join", UP_TO_ONE, arrays::join)
        .filter("json", NONE, encode::json)
        .filter("last", NONE, arrays::last)
        .filter("lstrip", NONE, strings::lstrip)
        .filter("map", ONE, arrays::map)
        .filter("minus", ONE, numbers::minus)
        .filter("modulo", ONE, numbers::modulo)
        .filter("newline_to_br", NONE, html::newline_to_br)
        .filter("plus", ONE, numbers::plus)
        .filter("prepend", ONE, strings::prepend)
        .filter("raw", NONE, html::raw)
        .filter("reject", ONE_OR_TWO, arrays::reject)
        .filter("remove", ONE, strings::remove)
        .filter("remove_first", ONE, strings::remove_first)
        .filter("remove_last", ONE, strings::remove_last)
        .filter("replace", ONE_OR_TWO, strings::replace)
        .filter("replace_first", ONE_OR_TWO, strings::replace_first)
        .filter("replace_last", Arity::of(2, 2), strings::replace_last)
        .filter("reverse", NONE, arrays::reverse)
        .filter("round", UP_TO_ONE, numbers::round)
        .filter("rstrip", NONE, strings::rstrip)
        .filter("size", NONE, arrays::size)
        .filter("slice", ONE_OR_TWO, strings::slice)
        .filter("sort", UP_TO_ONE, arrays::sort)
        .filter("sort_natural", UP_TO_ONE, arrays::sort_natural)
        .filter("split", ONE, strings::split)
        .filter("strip", NONE, strings::strip)
        .filter("strip_html", NONE, html::strip_html)
        .filter("strip_newlines", NONE, strings::strip_newlines)
        .filter("sum", UP_TO_ONE, arrays::sum)
        .filter("times", ONE, numbers::times)
        .filter("truncate", Arity::of(0, 2), strings::truncate)
        .filter("truncatewords", Arity::of(0, 2), strings::truncatewords)
        .filter("uniq", UP_TO_ONE, arrays::uniq)
        .filter("upcase", NONE, strings::upcase)
        .filter("url_decode", NONE, encode::url_decode)
        .filter("url_encode", NONE, encode::url_encode)
        .filter("where", ONE_OR_TWO, arrays::where_);
    for name in ["escape", "h"] {
        if let Some(spec) = language.filters.get_mut(name) {
            spec.escapes = true;
        }
    }
}

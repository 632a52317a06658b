//! Thousands of things in the order of their texts.

use rayon::prelude::*;

/// So many bytes, eight a word, tell nearly all paths of a site apart: the folder of a course, say, and most of its name.
const WORDS: usize = 5;

/// Sorts things by a text of theirs, byte by byte; equal ones stay in their order. What the texts begin with is compared as
/// numbers, which tells most of them apart without a look at where they are, and each thing moves once or twice.
pub fn sort_by_text<T: Sync>(things: &mut [T], text: impl Fn(&T) -> &str + Sync) {
    let is_before = |a: &T, b: &T| text(a) <= text(b);
    if things.is_sorted_by(is_before) {
        return;
    }
    let number = |thing: &T| {
        let mut bytes = [0; 8 * WORDS];
        let own = text(thing).as_bytes();
        let length = own.len().min(bytes.len());
        bytes[..length].copy_from_slice(&own[..length]);
        let mut numbers = [0; WORDS];
        for (number, word) in numbers.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *number = u64::from_be_bytes(*word);
        }
        numbers
    };
    let keys = things.iter().enumerate().map(|(at, thing)| (number(thing), at));
    let mut order: Vec<([u64; WORDS], usize)> = keys.collect();
    order.par_sort_unstable_by(|(a, one), (b, other)| {
        let texts = || text(&things[*one]).cmp(text(&things[*other]));
        a.cmp(b).then_with(texts).then(one.cmp(other))
    });
    arrange(things, places(order.len(), order.into_iter().map(|(_, old)| old)));
}

/// Sorts things by a key of theirs, which is asked for once; equal ones stay in their order. Gives the new place of each, by the
/// old one.
pub fn sort_by_key<T: Sync, K: Ord + Send>(things: &mut [T], key: impl Fn(&T) -> K + Sync) -> Vec<usize> {
    let mut order: Vec<(K, usize)> =
        things.par_iter().enumerate().map(|(at, thing)| (key(thing), at)).collect();
    order.par_sort_unstable();
    let places = places(order.len(), order.into_iter().map(|(_, old)| old));
    arrange(things, places.clone());
    places
}

/// The new places by the old ones, where `order` gives the old ones in the new order.
fn places(number: usize, order: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut places = vec![0; number];
    for (new, old) in order.enumerate() {
        places[old] = new;
    }
    places
}

/// Brings each thing to its place, along each circle of things that take one another's.
fn arrange<T>(things: &mut [T], mut places: Vec<usize>) {
    for at in 0..places.len() {
        while places[at] != at {
            let place = places[at];
            things.swap(at, place);
            places.swap(at, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_texts_and_equal_ones_stay() {
        let mut random = fastrand::Rng::with_seed(7);
        for count in [0, 1, 2, 3, 50, 3_000] {
            let words = [
                "",
                "a",
                "ä",
                "courses/",
                "courses/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "courses/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\0",
                "\0",
            ];
            let mut word =
                || (0..random.usize(0..3)).map(|_| words[random.usize(0..words.len())]).collect::<String>();
            let mut things: Vec<(String, usize)> = (0..count).map(|at| (word(), at)).collect();
            let mut expected = things.clone();
            expected.sort_by(|(a, _), (b, _)| a.cmp(b));
            let mut others: Vec<(String, usize)> = things.clone();
            sort_by_text(&mut things, |(text, _)| text);
            assert_eq!(things, expected);
            let places = sort_by_key(&mut others, |(text, _)| text.clone());
            assert_eq!(others, expected);
            assert!(places.iter().enumerate().all(|(old, new)| others[*new].1 == old));
        }
    }
}

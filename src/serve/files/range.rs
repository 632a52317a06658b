//! One range of bytes (RFC 9110, section 14).

/// What a `Range` header asks for, of a file of a known length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Range {
    /// The whole file: no range, more than one, another unit, or no range at all by its form.
    Whole,
    /// These bytes, the first and how many.
    Part(u64, u64),
    /// Nothing of the file: status 416.
    Beyond,
}

/// Reads a `Range` header. Several ranges are answered with the whole file, which RFC 9110 allows: their overlap has
/// been a way to make servers send much for little.
pub(super) fn read(header: &str, length: u64) -> Range {
    let Some(set) = header.trim().strip_prefix("bytes=") else { return Range::Whole };
    let Some((first, last)) = set.trim().split_once('-') else { return Range::Whole };
    let number = |text: &str| -> Option<Option<u64>> {
        let text = text.trim();
        match text.len() {
            0 => Some(None),
            1..=19 if text.bytes().all(|b| b.is_ascii_digit()) => Some(text.parse().ok()),
            _ => None,
        }
    };
    let (Some(first), Some(last)) = (number(first), number(last)) else { return Range::Whole };
    match (first, last) {
        (None, None) => Range::Whole,
        (None, Some(0)) => Range::Beyond,
        (None, Some(_)) if length == 0 => Range::Beyond,
        (None, Some(suffix)) => Range::Part(length - suffix.min(length), suffix.min(length)),
        (Some(first), Some(last)) if last < first => Range::Whole,
        (Some(first), _) if first >= length => Range::Beyond,
        (Some(first), last) => {
            Range::Part(first, last.map_or(length, |l| l.saturating_add(1).min(length)) - first)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_a_part_of_the_file_or_none() {
        let cases = [
            ("bytes=0-0", Range::Part(0, 1)),
            ("bytes=2-", Range::Part(2, 8)),
            ("bytes=-3", Range::Part(7, 3)),
            ("bytes=-30", Range::Part(0, 10)),
            ("bytes=5-99999", Range::Part(5, 5)),
            ("bytes=10-", Range::Beyond),
            ("bytes=-0", Range::Beyond),
            ("bytes=5-2", Range::Whole),
            ("bytes=0-1,4-5", Range::Whole),
            ("bytes=99999999999999999999-", Range::Whole),
            ("lines=1-2", Range::Whole),
            ("bytes=a-b", Range::Whole),
        ];
        for (header, range) in cases {
            assert_eq!(read(header, 10), range, "{header}");
        }
        assert_eq!(read("bytes=-1", 0), Range::Beyond);
    }
}

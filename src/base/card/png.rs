//! Pictures of few colours and much background as PNG (ISO/IEC 15948): written row by row from what changes to the row
//! above, so that nobody ever holds all pixels.
//!
//! The compressed stream (RFC 1950, RFC 1951) knows two things only: a byte, and "the byte before, many times". That is
//! all that such pictures need, and it makes one in a fraction of a millisecond.

use std::sync::LazyLock;

/// The longest run that one code can tell.
const LONGEST: usize = 258;

/// A picture under way.
pub(super) struct Picture {
    width: usize,
    height: usize,
    /// A byte, or 256 and the length of a run of the byte before.
    tokens: Vec<u16>,
    /// Zeros that have come in and wait for more.
    zeros: usize,
    /// Of Adler-32, brought below the modulus after each row.
    sums: (u64, u64),
}

impl Picture {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, tokens: Vec::with_capacity(8 << 10), zeros: 0, sums: (1, 0) }
    }

    /// Rows of the first colour.
    pub(super) fn blank(&mut self, rows: usize) {
        self.push_zeros(rows * (self.width + 1));
    }

    /// A row, by what has to be added to the one above.
    pub(super) fn row(&mut self, changes: &[u8]) {
        const UP: u8 = 2;
        self.run(UP, 1);
        let mut rest = changes;
        while let Some(&byte) = rest.first() {
            let run = match byte {
                0 => zeros(rest),
                _ => rest.iter().take_while(|other| **other == byte).count(),
            };
            if byte == 0 {
                self.push_zeros(run)
            } else {
                self.run(byte, run)
            }
            rest = &rest[run..];
        }
        self.sums = (self.sums.0 % MODULUS, self.sums.1 % MODULUS);
    }

    fn push_zeros(&mut self, count: usize) {
        let (a, b) = self.sums;
        self.sums.1 = (b + a * count as u64) % MODULUS;
        self.zeros += count;
    }

    fn run(&mut self, byte: u8, count: usize) {
        self.flush();
        for _ in 0..count {
            self.sums.0 += u64::from(byte);
            self.sums.1 += self.sums.0;
        }
        self.tokens(byte, count);
    }

    fn flush(&mut self) {
        let zeros = std::mem::take(&mut self.zeros);
        self.tokens(0, zeros);
    }

    fn tokens(&mut self, byte: u8, mut count: usize) {
        const SHORTEST: usize = 3;
        if count > SHORTEST {
            self.tokens.push(u16::from(byte));
            count -= 1;
            while count >= SHORTEST {
                let run = count.min(LONGEST);
                self.tokens.push(256 + run as u16);
                count -= run;
            }
        }
        self.tokens.extend(std::iter::repeat_n(u16::from(byte), count));
    }

    /// The file.
    pub(super) fn finish(mut self, palette: &[[u8; 3]]) -> Vec<u8> {
        self.flush();
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        let size = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        let kind = [8, 3, 0, 0, 0];
        chunk(&mut file, *b"IHDR", &[&size(self.width)[..], &size(self.height), &kind].concat());
        chunk(&mut file, *b"PLTE", palette.as_flattened());
        let mut stream = vec![0x78, 0x01];
        deflate(&self.tokens, &mut stream);
        stream.extend(((self.sums.1 << 16 | self.sums.0) as u32).to_be_bytes());
        chunk(&mut file, *b"IDAT", &stream);
        chunk(&mut file, *b"IEND", &[]);
        file
    }
}

/// Of Adler-32.
const MODULUS: u64 = 65_521;

/// How many zeros there are at the front.
fn zeros(bytes: &[u8]) -> usize {
    let words = bytes.chunks_exact(16).take_while(|word| word.iter().all(|byte| *byte == 0)).count() * 16;
    words + bytes[words..].iter().take_while(|byte| **byte == 0).count()
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    static TABLE: LazyLock<[u32; 256]> = LazyLock::new(|| {
        std::array::from_fn(|n| {
            (0..8).fold(n as u32, |c, _| if c & 1 == 1 { 0xedb8_8320 ^ c >> 1 } else { c >> 1 })
        })
    });
    file.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    let start = file.len();
    file.extend(kind);
    file.extend(data);
    let crc =
        file[start..].iter().fold(u32::MAX, |crc, byte| TABLE[usize::from(crc as u8 ^ byte)] ^ crc >> 8);
    file.extend((!crc).to_be_bytes());
}

/// Bits, the lowest first.
struct Bits<'a> {
    out: &'a mut Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits<'_> {
    fn put(&mut self, bits: u32, count: u32) {
        self.held |= u64::from(bits) << self.count;
        self.count += count;
        if self.count >= 32 {
            self.out.extend((self.held as u32).to_le_bytes());
            self.held >>= 32;
            self.count -= 32;
        }
    }

    fn end(self) {
        let bytes = self.count.div_ceil(8) as usize;
        self.out.extend(&self.held.to_le_bytes()[..bytes]);
    }
}

/// The symbol of a run's length, with how many further bits tell the rest, and that rest.
fn length_code(run: usize) -> (usize, u32, u32) {
    const BASES: [u16; 29] = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163,
        195, 227, 258,
    ];
    const EXTRA: [u8; 29] =
        [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
    let at = BASES.partition_point(|base| usize::from(*base) <= run).saturating_sub(1);
    (257 + at, u32::from(EXTRA[at]), (run - usize::from(BASES[at])) as u32)
}

/// One block with codes of its own.
fn deflate(tokens: &[u16], out: &mut Vec<u8>) {
    const END: usize = 256;
    // What a token is told by: a symbol, how many further bits, and those.
    let told: Vec<(usize, u32, u32)> = (0..=END + LONGEST)
        .map(|token| if token < END { (token, 0, 0) } else { length_code((token - END).max(3)) })
        .collect();
    let mut often = [0_u32; END + LONGEST + 1];
    tokens.iter().for_each(|token| often[usize::from(*token)] += 1);
    let mut counts = [0_u32; 286];
    counts[END] = 1;
    told.iter().zip(often).for_each(|((symbol, ..), often)| counts[*symbol] += often);
    let lengths = code_lengths(&counts, 15);
    let codes = codes(&lengths);

    let used = lengths.iter().rposition(|length| *length > 0).map_or(257, |last| last + 1).max(257);
    // The one distance, 1, has a code of one bit.
    let listed: Vec<u8> = lengths[..used].iter().copied().chain([1]).collect();
    let mut bits = Bits { out, held: 0, count: 0 };
    bits.put(1, 1);
    bits.put(2, 2);
    bits.put(used as u32 - 257, 5);
    bits.put(0, 5);
    list_lengths(&listed, &mut bits);
    // All bits of a token at once; those of a run end with the one bit of its distance, which is 0.
    let whole: Vec<(u32, u32)> = told
        .iter()
        .map(|(symbol, extra, rest)| {
            let length = u32::from(lengths[*symbol]);
            let distance = u32::from(*symbol > END);
            (codes[*symbol] | rest << length, length + extra + distance)
        })
        .collect();
    for token in tokens {
        let (code, length) = whole[usize::from(*token)];
        bits.put(code, length);
    }
    bits.put(codes[END], u32::from(lengths[END]));
    bits.end();
}

/// Tells the lengths of the codes, which are themselves told by codes.
fn list_lengths(lengths: &[u8], bits: &mut Bits<'_>) {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    // A symbol with how many further bits, and those.
    let mut symbols: Vec<(usize, u32, u32)> = Vec::new();
    let mut rest = lengths;
    while let Some(&length) = rest.first() {
        let run = rest.iter().take_while(|other| **other == length).count();
        let taken = match (length, run) {
            (0, 11..) => {
                let run = run.min(138);
                symbols.push((18, 7, run as u32 - 11));
                run
            }
            (0, 3..) => {
                symbols.push((17, 3, run as u32 - 3));
                run
            }
            _ => {
                symbols.push((usize::from(length), 0, 0));
                1
            }
        };
        rest = &rest[taken..];
    }
    let mut counts = [0_u32; 19];
    symbols.iter().for_each(|(symbol, ..)| counts[*symbol] += 1);
    let lengths = code_lengths(&counts, 7);
    let codes = codes(&lengths);
    let last = ORDER.iter().rposition(|at| lengths[*at] > 0).unwrap_or(0).max(3);
    bits.put(last as u32 - 3, 4);
    ORDER[..=last].iter().for_each(|at| bits.put(u32::from(lengths[*at]), 3));
    for (symbol, extra, value) in symbols {
        bits.put(codes[symbol], u32::from(lengths[symbol]));
        bits.put(value, extra);
    }
}

/// The lengths of Huffman codes, none longer than `limit`.
fn code_lengths(counts: &[u32], limit: u8) -> Vec<u8> {
    let mut counts = counts.to_vec();
    // A code needs two symbols to be complete.
    for at in 0..counts.len() {
        if counts.iter().filter(|count| **count > 0).count() >= 2 {
            break;
        }
        counts[at] = counts[at].max(1);
    }
    loop {
        let lengths = huffman(&counts);
        if lengths.iter().all(|length| *length <= limit) {
            return lengths;
        }
        // Flatter counts make shorter codes.
        counts.iter_mut().filter(|count| **count > 0).for_each(|count| *count = (*count >> 1).max(1));
    }
}

fn huffman(counts: &[u32]) -> Vec<u8> {
    let mut leaves: Vec<(u32, usize)> =
        counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(at, count)| (*count, at)).collect();
    leaves.sort_unstable();
    // Nodes: the leaves in order, then pairs in the order in which they are made, which is that of their weights.
    let mut weights: Vec<u32> = leaves.iter().map(|(weight, _)| *weight).collect();
    let total = leaves.len();
    let mut parents = vec![0_usize; total * 2];
    let (mut leaf, mut pair) = (0, total);
    while weights.len() < 2 * total - 1 {
        let mut take = |weights: &[u32]| {
            let has_leaf = leaf < total;
            let at = if has_leaf && (pair >= weights.len() || weights[leaf] <= weights[pair]) {
                leaf += 1;
                leaf - 1
            } else {
                pair += 1;
                pair - 1
            };
            (at, weights[at])
        };
        let (first, second) = (take(&weights), take(&weights));
        parents[first.0] = weights.len();
        parents[second.0] = weights.len();
        weights.push(first.1 + second.1);
    }
    let mut depths = vec![0_u8; weights.len()];
    for at in (0..weights.len() - 1).rev() {
        depths[at] = depths[parents[at]] + 1;
    }
    let mut lengths = vec![0; counts.len()];
    leaves.iter().zip(depths).for_each(|((_, symbol), depth)| lengths[*symbol] = depth);
    lengths
}

/// The canonical codes of these lengths, turned round as they are written.
fn codes(lengths: &[u8]) -> Vec<u32> {
    let mut next = [0_u32; 16];
    let mut code = 0;
    for length in 1..16_u8 {
        next[usize::from(length)] = code;
        code = (code + lengths.iter().filter(|other| **other == length).count() as u32) << 1;
    }
    let mut turned = |length: &u8| match *length {
        0 => 0,
        length => {
            let code = next[usize::from(length)];
            next[usize::from(length)] += 1;
            code.reverse_bits() >> (32 - u32::from(length))
        }
    };
    lengths.iter().map(&mut turned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_the_codes_of_the_standard() {
        for (run, code) in
            [(3, (257, 0, 0)), (10, (264, 0, 0)), (12, (265, 1, 1)), (257, (284, 5, 30)), (258, (285, 0, 0))]
        {
            assert_eq!(length_code(run), code);
        }
    }

    #[test]
    fn codes_are_complete_and_short_enough() {
        // Fibonacci numbers make the longest codes.
        let mut counts = vec![1_u32, 1];
        while counts.len() < 30 {
            counts.push(counts[counts.len() - 1] + counts[counts.len() - 2]);
        }
        for counts in [counts, vec![0, 0, 7, 0], vec![0; 4], vec![5, 5, 5]] {
            let lengths = code_lengths(&counts, 7);
            let room: f64 = lengths.iter().filter(|l| **l > 0).map(|l| 0.5_f64.powi(i32::from(*l))).sum();
            assert!(room == 1.0 && lengths.iter().all(|l| *l <= 7), "{lengths:?}");
        }
    }
}

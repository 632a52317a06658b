//! Which precompressed twin of a file is sent: `Accept-Encoding` with its weights (RFC 9110, section 12.5.3).

pub(super) use crate::base::compress::Coding;

/// The codings in the order in which the client likes them; those it does not accept, or likes less than the plain file
/// by a weight of its own, are left out.
pub(super) fn accepted(header: &str) -> Vec<Coding> {
    let mut weights: [Option<u16>; 3] = [None; 3];
    let (mut any, mut plain) = (None, None);
    for part in header.split(',') {
        let mut parameters = part.split(';').map(str::trim);
        let name = parameters.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parameters.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")));
        let weight = weight.map_or(1_000, thousandths);
        match name.as_str() {
            "*" => any = Some(weight),
            "identity" => plain = Some(weight),
            "x-gzip" => weights[2] = Some(weight),
            name => {
                if let Some(at) = Coding::ALL.iter().position(|coding| coding.name() == name) {
                    weights[at] = Some(weight);
                }
            }
        }
    }
    let weighed = Coding::ALL.into_iter().zip(weights);
    let mut liked: Vec<(u16, Coding)> =
        weighed.filter_map(|(coding, weight)| Some((weight.or(any)?, coding))).collect();
    liked.retain(|(weight, _)| *weight > 0 && *weight >= plain.unwrap_or(0));
    liked.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    liked.into_iter().map(|(_, coding)| coding).collect()
}

fn thousandths(text: &str) -> u16 {
    let value: f64 = text.trim().parse().unwrap_or(0.0);
    if (0.0..=1.0).contains(&value) { (value * 1_000.0).round() as u16 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_decide_and_zero_means_no() {
        use Coding::{Brotli, Gzip, Zstd};
        assert_eq!(accepted("gzip, deflate, br"), [Brotli, Gzip]);
        assert_eq!(accepted("gzip;q=1.0, br;q=0.5"), [Gzip, Brotli]);
        assert_eq!(accepted("br;q=0, *"), [Zstd, Gzip]);
        assert_eq!(accepted("identity, gzip;q=0.5"), []);
        assert_eq!(accepted("identity;q=0.1, gzip;q=0.5"), [Gzip]);
        assert_eq!(accepted(""), []);
        assert_eq!(accepted("GZIP;q=abc"), []);
    }
}

//! Cards: the picture that stands for a page where a link to it is shared. 1,200 by 630 pixels, words on a colour.
//!
//! A card is drawn anew whenever it is wanted: that is quicker than reading one from a cache.

mod compose;
mod png;
mod text;

use self::png::Picture;
use self::text::{Face, Pen, Placed, SHADES};

const WIDTH: usize = 1200;
const HEIGHT: usize = 630;
/// Between the words and the edges.
const MARGIN: i32 = 84;
/// The height of the strip at the foot.
const STRIP: usize = 18;

/// What stands on a card.
#[derive(Debug, Clone, Copy)]
pub struct Card<'a> {
    /// The large words.
    pub title: &'a str,
    /// Whose card it is, above.
    pub brand: &'a str,
    /// When and where, below.
    pub line: &'a str,
    /// The colour of the house; it is darkened until white words can be read on it.
    pub colour: [u8; 3],
}

/// Places in the palette: 0 is the background. Two letters that touch add up, so each colour has as many places above
/// its shades that are all of that colour.
const TITLE: u8 = 1;
const SMALL: u8 = 1 + 2 * SHADES;
const LIGHT: u8 = 1 + 6 * SHADES;

/// Whether the words can be drawn as a title: the fonts know Latin, Greek and Cyrillic.
pub fn can_draw(title: &str) -> bool {
    let pen = Pen { face: Face::Serif, size: 84, colour: TITLE };
    title.is_ascii() || compose::drawable(title, |c| pen.has(c)).is_some()
}

impl Card<'_> {
    /// The picture as a PNG file; the same for the same words, everywhere.
    pub fn png(&self) -> Vec<u8> {
        let page = self.set();
        let mut picture = Picture::new(WIDTH, HEIGHT);
        draw(&page, &mut picture);
        picture.finish(&palette(self.colour))
    }

    /// All letters at their places, from the top down.
    fn set(&self) -> Vec<Placed> {
        let small = Pen { face: Face::Sans, size: 34, colour: SMALL };
        let width = (WIDTH as i32 - 2 * MARGIN) as f32;
        let mut page = Vec::new();
        let words = |text: &str, pen: Pen| compose::drawable(text, |c| pen.has(c));
        let brand = words(self.brand, small).unwrap_or_default();
        small.set(&small.ellipsis(&brand, width), MARGIN, 112, &mut page);
        let line = words(self.line, small).unwrap_or_default();
        small.set(&small.ellipsis(&line, width), MARGIN, 540, &mut page);

        let pen = |size| Pen { face: Face::Serif, size, colour: TITLE };
        // Words in a script that the font does not have are not shown at all, rather than in part.
        let title = words(self.title, pen(84)).unwrap_or_default();
        let sizes = [(84, 2), (72, 3), (60, 4)];
        let found = sizes
            .iter()
            .find_map(|(size, most)| Some((*size, pen(*size).wrap(&title, width, *most, false)?)));
        let (size, lines) =
            found.unwrap_or_else(|| (60, pen(60).wrap(&title, width, 4, true).unwrap_or_default()));
        let leading = i32::from(size) * 118 / 100;
        // The middle of the words lies in the middle between what stands above and below.
        let first = 318 - leading * (lines.len() as i32 - 1) / 2 + i32::from(size) * 33 / 100;
        for (line, y) in lines.iter().zip((0..).map(|number| first + number * leading)) {
            pen(size).set(line, MARGIN - 3, y, &mut page);
        }
        page.sort_by_key(|placed| placed.y);
        page
    }
}

/// Draws row by row: what changes to the row above is what the letters that cross it say.
fn draw(page: &[Placed], picture: &mut Picture) {
    let mut row = vec![0_u8; WIDTH];
    let mut coming = page.iter().peekable();
    let mut here: Vec<&Placed> = Vec::new();
    let mut blank = 0;
    for y in 0..HEIGHT - STRIP {
        let at = y as i32;
        while let Some(placed) = coming.next_if(|placed| placed.y <= at) {
            here.push(placed);
        }
        here.retain(|placed| ((at - placed.y) as usize) < placed.rows());
        if here.is_empty() {
            blank += 1;
            continue;
        }
        picture.blank(std::mem::take(&mut blank));
        for placed in &here {
            placed.add_to(&mut row, (at - placed.y) as usize);
        }
        picture.row(&row);
        row.fill(0);
    }
    picture.blank(blank);
    row.fill(LIGHT);
    picture.row(&row);
    row.fill(0);
    (1..STRIP).for_each(|_| picture.row(&row));
}

impl Placed {
    fn rows(&self) -> usize {
        self.glyph.changes.len().checked_div(self.glyph.width).unwrap_or(0)
    }

    fn add_to(&self, row: &mut [u8], number: usize) {
        let changes =
            self.glyph.changes.chunks_exact(self.glyph.width.max(1)).nth(number).unwrap_or_default();
        let Ok(from) = usize::try_from(self.x) else { return };
        let spots = row.get_mut(from..).unwrap_or_default();
        spots.iter_mut().zip(changes).for_each(|(spot, change)| *spot = spot.wrapping_add(*change));
    }
}

fn palette(colour: [u8; 3]) -> Vec<[u8; 3]> {
    let ground = darkened(colour);
    let mix =
        |share: f32| ground.map(|part| (f32::from(part) + (255.0 - f32::from(part)) * share).round() as u8);
    let shade = |number: u8| f32::from(number.min(SHADES)) / f32::from(SHADES);
    let title = (1..=2 * SHADES).map(|number| mix(shade(number)));
    // The last letters of one colour lie as far from the next as two of them can add up to.
    let small = (1..=4 * SHADES).map(|number| mix(0.8 * shade(number)));
    std::iter::once(ground).chain(title).chain(small).chain([mix(0.3)]).collect()
}

/// The colour, darkened until white has eight times its light (WCAG 2.2, contrast ratio).
fn darkened(colour: [u8; 3]) -> [u8; 3] {
    let mut parts = colour.map(f32::from);
    let light = |parts: [f32; 3]| {
        let linear = parts.map(|part| {
            let part = part / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    };
    while 1.05 / (light(parts) + 0.05) < 8.0 {
        parts = parts.map(|part| part * 0.94);
    }
    parts.map(|part| part.round() as u8)
}

/// A colour as style sheets write it: `#0f5257` or `#0af`.
pub fn colour(text: &str) -> Option<[u8; 3]> {
    let digits = text.trim().strip_prefix('#')?;
    let digits: Vec<u8> =
        digits.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    match digits.as_slice() {
        [r, g, b] => Some([r * 17, g * 17, b * 17]),
        [a, b, c, d, e, f] => Some([a * 16 + b, c * 16 + d, e * 16 + f]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_and_darkened() {
        assert_eq!(colour("#0f5257"), Some([15, 82, 87]));
        assert_eq!(colour(" #0aF"), Some([0, 170, 255]));
        assert_eq!((colour("teal"), colour("#12"), colour("#ggg")), (None, None, None));
        assert_eq!(darkened([15, 82, 87]), [15, 82, 87]);
        let dark = darkened([255, 220, 0]);
        assert!(dark[0] < 130 && dark[2] == 0, "{dark:?}");
    }

    #[test]
    fn words_that_the_font_does_not_have_are_left_out_whole() {
        let serif = Pen { face: Face::Serif, size: 60, colour: 1 };
        let shown = |text: &str| compose::drawable(text, |c| serif.has(c));
        assert_eq!(shown("Grüße  aus\u{a0}Köln\n🎉👩‍💻!").as_deref(), Some("Grüße aus Köln !"));
        assert_eq!(shown("Gru\u{308}n").as_deref(), Some("Grün"));
        assert_eq!(shown("مرحبا بكم"), None);
        // Signs that change the meaning are not left out either; what looks alike may stand for them.
        assert_eq!(shown("H₂O ✓").as_deref(), Some("H2O"));
        assert_eq!((shown("pH ⩽ 5"), shown("10⁻⁶ g")), (None, None));
        assert!(can_draw("Grüße 🎉") && !can_draw("日本語") && !can_draw("Go 日本"));
        assert_eq!(shown("Курс: Ελληνικά").as_deref(), Some("Курс: Ελληνικά"));
    }

    #[test]
    fn long_titles_are_cut_with_an_ellipsis_and_long_words_broken() {
        let pen = Pen { face: Face::Serif, size: 60, colour: 1 };
        let lines = pen.wrap(&"Donaudampfschifffahrt ".repeat(20), 1000.0, 4, true).unwrap_or_default();
        assert_eq!(lines.len(), 4);
        assert!(lines[3].ends_with('…') && lines.iter().all(|line| pen.width(line) <= 1000.0), "{lines:?}");
        let word = pen.wrap(&"x".repeat(90), 1000.0, 9, false).unwrap_or_default();
        assert!(word.len() > 1 && word.concat() == "x".repeat(90));
    }
}

//! Letters as spots of colour, and lines of them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::LazyLock;

use ab_glyph::{Font as _, FontRef, ScaleFont as _};

/// The fonts: Source Serif 4 semibold and Source Sans 3, Latin, Greek and Cyrillic, under the SIL Open Font License.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Face {
    Serif,
    Sans,
}

static FONTS: LazyLock<[Option<FontRef<'static>>; 2]> = LazyLock::new(|| {
    let files: [&[u8]; 2] = [include_bytes!("serif.ttf"), include_bytes!("sans.ttf")];
    files.map(|file| FontRef::try_from_slice(file).ok())
});

/// How many shades lie between the background and a colour.
pub(super) const SHADES: u8 = 7;

/// A letter in one size: what it adds to each row, compared with the row above.
pub(super) struct Glyph {
    pub(super) left: i32,
    /// Of its first row, counted from the line that letters stand on.
    pub(super) top: i32,
    pub(super) width: usize,
    /// One row more than it is high: the last one takes everything away again.
    pub(super) changes: Box<[u8]>,
}

/// A letter at its place.
pub(super) struct Placed {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) glyph: Rc<Glyph>,
}

type Key = (Face, u16, u8, char);

thread_local! {
    /// Letters come again and again, and each thread draws many cards.
    static GLYPHS: RefCell<HashMap<Key, Option<Rc<Glyph>>>> = RefCell::default();
}

/// A font in one size and one colour of the palette.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pen {
    pub(super) face: Face,
    /// The size of the em in pixels.
    pub(super) size: u16,
    /// The place in the palette of the faintest shade.
    pub(super) colour: u8,
}

impl Pen {
    fn font(self) -> Option<&'static FontRef<'static>> {
        FONTS[self.face as usize].as_ref()
    }

    /// Ascent and descent are not what sizes are counted in: the em is.
    fn scale(self, font: &FontRef<'_>) -> f32 {
        let units = font.units_per_em().unwrap_or(1000.0);
        f32::from(self.size) * font.height_unscaled() / units
    }

    /// Whether the font has a letter.
    pub(super) fn has(self, character: char) -> bool {
        self.font().is_some_and(|font| font.glyph_id(character).0 != 0)
    }

    /// How wide a text is.
    pub(super) fn width(self, text: &str) -> f32 {
        self.walk(text, |_, _| ())
    }

    /// Goes through a text from the left; gives the width of it all.
    fn walk(self, text: &str, mut step: impl FnMut(f32, char)) -> f32 {
        let Some(font) = self.font() else { return 0.0 };
        let scaled = font.as_scaled(self.scale(font));
        let (mut at, mut before) = (0.0, None);
        for character in text.chars() {
            let id = font.glyph_id(character);
            if let Some(before) = before {
                at += scaled.kern(before, id);
            }
            step(at, character);
            at += scaled.h_advance(id);
            before = Some(id);
        }
        at
    }

    /// Sets a line of text; it begins at `x` and stands on `y`.
    pub(super) fn set(self, text: &str, x: i32, y: i32, page: &mut Vec<Placed>) {
        self.walk(text, |at, character| {
            if let Some(glyph) = self.glyph(character) {
                page.push(Placed { x: x + at.round() as i32 + glyph.left, y: y + glyph.top, glyph });
            }
        });
    }

    fn glyph(self, character: char) -> Option<Rc<Glyph>> {
        let key = (self.face, self.size, self.colour, character);
        GLYPHS.with_borrow_mut(|glyphs| glyphs.entry(key).or_insert_with(|| self.draw(character)).clone())
    }

    fn draw(self, character: char) -> Option<Rc<Glyph>> {
        let font = self.font()?;
        let glyph = font.glyph_id(character).with_scale(self.scale(font));
        let outline = font.outline_glyph(glyph)?;
        let bounds = outline.px_bounds();
        let (width, height) = (bounds.width() as usize, bounds.height() as usize);
        let mut shades = vec![0_u8; width * height];
        outline.draw(|x, y, covered| {
            let shade = (covered.clamp(0.0, 1.0) * f32::from(SHADES)).round() as u8;
            if let Some(spot) = shades.get_mut(y as usize * width + x as usize) {
                *spot = if shade == 0 { 0 } else { self.colour + shade - 1 };
            }
        });
        let mut changes = Vec::with_capacity(width * (height + 1));
        for row in 0..=height {
            for column in 0..width {
                let here = shades.get(row * width + column).copied().filter(|_| row < height).unwrap_or(0);
                let above = row.checked_sub(1).and_then(|row| shades.get(row * width + column)).copied();
                changes.push(here.wrapping_sub(above.unwrap_or(0)));
            }
        }
        let (left, top) = (bounds.min.x as i32, bounds.min.y as i32);
        Some(Rc::new(Glyph { left, top, width, changes: changes.into() }))
    }

    /// Breaks a text into lines of at most `width` pixels. Where it needs more than `most` of them, nothing, or with
    /// `cut` the first ones, an ellipsis in place of the rest.
    pub(super) fn wrap(self, text: &str, width: f32, most: usize, cut: bool) -> Option<Vec<String>> {
        let mut lines: Vec<String> = Vec::new();
        let (mut line, mut filled) = (String::new(), 0.0);
        let space = self.width(" ");
        for word in text.split(' ').flat_map(|word| self.pieces(word, width)) {
            let own = self.width(&word);
            if line.is_empty() || filled + space + own <= width {
                if !line.is_empty() {
                    line.push(' ');
                    filled += space;
                }
                line.push_str(&word);
                filled += own;
                continue;
            }
            if lines.len() + 1 == most {
                return cut.then(|| {
                    lines.push(self.ellipsis(&format!("{line} {word}"), width));
                    lines
                });
            }
            lines.push(std::mem::replace(&mut line, word));
            filled = own;
        }
        lines.push(line);
        Some(lines)
    }

    /// A word that is too long for a line, in pieces that are not.
    fn pieces(self, word: &str, width: f32) -> Vec<String> {
        if self.width(word) <= width {
            return vec![word.to_owned()];
        }
        let mut pieces = vec![String::new()];
        for character in word.chars() {
            if let Some(piece) = pieces.last_mut() {
                piece.push(character);
                if self.width(piece) > width {
                    piece.pop();
                    pieces.push(character.to_string());
                }
            }
        }
        pieces
    }

    /// The text, cut so that it fits with an ellipsis behind it.
    pub(super) fn ellipsis(self, text: &str, width: f32) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let mut cut = text.to_owned();
        while cut.pop().is_some() {
            let shown = format!("{}…", cut.trim_end_matches([' ', ',', ':', ';', '-', '–', '.']));
            if self.width(&shown) <= width {
                return shown;
            }
        }
        String::new()
    }
}

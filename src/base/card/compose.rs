//! Words as a font can show them.

/// The text with its white space made even, accents joined with their letters, and without ornaments that the font does not have;
/// nothing if what carries meaning is among those.
pub(super) fn drawable(text: &str, has: impl Fn(char) -> bool) -> Option<String> {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_whitespace() {
            if !shown.is_empty() && !shown.ends_with(' ') {
                shown.push(' ');
            }
        } else if let Some(joined) = shown.chars().last().and_then(|last| joined(last, character)) {
            shown.pop();
            shown.push(joined);
        } else if has(character) {
            shown.push(character);
        } else if let Some(alike) = alike(character).filter(|alike| has(*alike)) {
            shown.push(alike);
        } else if !is_ornament(character) {
            return None;
        }
    }
    shown.truncate(shown.trim_end().len());
    Some(shown)
}

/// A sign that says the same to readers.
fn alike(character: char) -> Option<char> {
    Some(match character {
        '\u{2010}' | '\u{2011}' => '-',
        '\u{2012}' | '\u{2212}' => '–',
        '\u{2015}' => '—',
        // As in H₂O.
        '₀'..='₉' => char::from_digit(u32::from(character) - u32::from('₀'), 10)?,
        _ => return None,
    })
}

/// Whether a text says the same without it: emoji and other small pictures, accents that have no place, and what is not seen anyway.
fn is_ornament(character: char) -> bool {
    character.is_control()
        || matches!(u32::from(character),
            0xad | 0x300..=0x36f | 0x61c | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0x20d0..=0x20ff
            | 0x2190..=0x21ff | 0x2300..=0x23ff | 0x25a0..=0x27bf | 0x2b00..=0x2bff | 0xfe00..=0xfe0f | 0xfeff
            | 0x1f000..=0x1faff | 0xe0000..=0xe0fff)
}

/// A letter with an accent that was written behind it.
fn joined(letter: char, accent: char) -> Option<char> {
    let (_, pairs) = ACCENTS.iter().find(|(known, _)| *known == accent)?;
    let mut pairs = pairs.chars();
    while let (Some(plain), Some(whole)) = (pairs.next(), pairs.next()) {
        if plain == letter {
            return Some(whole);
        }
    }
    None
}

/// Accents, each with letters and what becomes of them (Unicode, canonical composition).
const ACCENTS: [(char, &str); 13] = [
    ('\u{300}', "AÀEÈIÌNǸOÒUÙWẀYỲaàeèiìnǹoòuùwẁyỳ"),
    ('\u{301}', "AÁCĆEÉGǴIÍKḰLĹNŃOÓRŔSŚUÚWẂYÝZŹaácćeégǵiíkḱlĺnńoórŕsśuúwẃyýzź"),
    ('\u{302}', "AÂCĈEÊGĜHĤIÎJĴOÔSŜUÛWŴYŶZẐaâcĉeêgĝhĥiîjĵoôsŝuûwŵyŷzẑ"),
    ('\u{303}', "AÃEẼIĨNÑOÕUŨYỸaãeẽiĩnñoõuũyỹ"),
    ('\u{304}', "AĀEĒGḠIĪOŌUŪYȲaāeēgḡiīoōuūyȳ"),
    ('\u{306}', "AĂEĔGĞIĬOŎUŬaăeĕgğiĭoŏuŭ"),
    ('\u{307}', "AȦCĊDḊEĖGĠHḢIİNṄOȮRṘSṠTṪWẆYẎZŻaȧcċdḋeėgġhḣnṅoȯrṙsṡtṫwẇyẏzż"),
    ('\u{308}', "AÄEËHḦIÏOÖUÜWẄYŸaäeëhḧiïoötẗuüwẅyÿ"),
    ('\u{30a}', "AÅUŮaåuůwẘyẙ"),
    ('\u{30b}', "OŐUŰoőuű"),
    ('\u{30c}', "AǍCČDĎEĚGǦHȞIǏKǨLĽNŇOǑRŘSŠTŤUǓZŽaǎcčdďeěgǧhȟiǐjǰkǩlľnňoǒrřsštťuǔzž"),
    ('\u{327}', "CÇDḐEȨGĢHḨKĶLĻNŅRŖSŞTŢcçdḑeȩgģhḩkķlļnņrŗsştţ"),
    ('\u{328}', "AĄEĘIĮOǪUŲaąeęiįoǫuų"),
];

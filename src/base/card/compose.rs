//! Words as a font can show them.

/// The text with its white space made even, accents joined with their letters, and without signs that the font does not
/// have; nothing if letters are among those.
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
        } else if character.is_alphabetic() {
            return None;
        }
    }
    shown.truncate(shown.trim_end().len());
    Some(shown)
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

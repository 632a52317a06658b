//! Made-up courses and people. The names say that they are made up; the titles try what breaks pages.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A course with its bookings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Course {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) slug: String,
    pub(crate) level: String,
    pub(crate) start: Option<String>,
    pub(crate) end: Option<String>,
    pub(crate) published: bool,
    pub(crate) bookings: Vec<Booking>,
    /// Cancelled bookings: counted in the list, not in the detail.
    pub(crate) cancelled: usize,
    /// Replaces fields of the row in the list, to make it invalid.
    pub(crate) spoilt: Option<serde_json::Value>,
}

/// A booking, with a participation where there is one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Booking {
    pub(crate) id: String,
    pub(crate) participation: Option<String>,
    pub(crate) user: String,
    pub(crate) name: Option<String>,
    pub(crate) status: String,
    pub(crate) intent: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) completed: Option<String>,
}

const SUBJECTS: [&str; 12] = [
    "Ruhig verhandeln",
    "Fragen & Zuhören",
    "Führen ohne <Druck>",
    "Präsentieren für Schüchterne",
    "„Nein“ sagen",
    "Gespräche über Geld: 5 % mehr",
    "Konflikte lösen – \"fair\" & klar",
    "Große Gruppen moderieren",
    "Schreiben, das wirkt",
    "Rückmeldung geben",
    "Zeit & Kräfte einteilen",
    "Überzeugen im Maßanzug",
];
const FIRST: [&str; 8] = ["Ana", "Jörg", "Renée", "Björn", "Zoë", "Øyvind", "Łucja", "Bo"];
const LAST: [&str; 5] = ["Beispiel", "Muster", "Platzhalter", "Probe-Person", "O'Demo"];
const STATUS: [&str; 6] = ["NONE", "PREPARATION", "SUMMARY", "DEBRIEFING", "RESULT", "COMPLETE"];

/// `count` courses around today: some are over, some begin on one day, some have no date yet.
pub(crate) fn courses(count: usize, now: Timestamp) -> Vec<Course> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let day = |offset: i64| {
        let date = today.checked_add(jiff::Span::new().days(offset)).unwrap_or(today);
        format!("{date}T00:00:00.000Z")
    };
    let mut random = fastrand::Rng::with_seed(2026);
    (0..count)
        .map(|n| {
            let subject = SUBJECTS[n % SUBJECTS.len()];
            let title = if n < SUBJECTS.len() { subject.to_owned() } else { format!("{subject} ({n})") };
            // Every fifth begins on the day of the one before; every eleventh has no date; a third is over.
            let begins = 3 * (n as i64 - n as i64 % 5) / 5 - count as i64 / 5;
            let start = (n % 11 != 10).then(|| day(begins));
            let end = start.as_ref().filter(|_| n % 3 == 0).map(|_| day(begins + 1));
            Course {
                id: format!("ck{n:08}demo"),
                title,
                slug: format!("kurs-{n}"),
                level: ["BEGINNER", "INTERMEDIATE", "ADVANCED"][n % 3].to_owned(),
                start,
                end,
                published: true,
                bookings: (0..n % 4).map(|seat| booking(n, seat, &mut random)).collect(),
                cancelled: usize::from(n % 9 == 8),
                spoilt: None,
            }
        })
        .collect()
}

fn booking(course: usize, seat: usize, random: &mut fastrand::Rng) -> Booking {
    let status = STATUS[random.usize(0..STATUS.len())];
    let begun = status != "NONE";
    let over = status == "COMPLETE";
    Booking {
        id: format!("cbk{course:06}{seat:02}"),
        participation: begun.then(|| format!("cpt{course:06}{seat:02}")),
        user: format!("user_demo_{course}_{seat}"),
        name: (seat != 2).then(|| {
            format!("{} {}", FIRST[random.usize(0..FIRST.len())], LAST[random.usize(0..LAST.len())])
        }),
        status: status.to_owned(),
        intent: begun.then(|| "Ich will „ruhiger“ & <b>klarer</b> werden.".to_owned()),
        outcome: over.then(|| "5 % mehr & ein Lächeln".to_owned()),
        notes: over.then(|| "Nächstes Mal früher fragen".to_owned()),
        completed: over.then(|| "2026-10-20T09:30:00.000Z".to_owned()),
    }
}

//! The catalogue: what a course holds, and how many of them are made up from a seed.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

pub(crate) const LEVELS: [&str; 3] = ["BEGINNER", "INTERMEDIATE", "ADVANCED"];

/// Everything that the service knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Catalogue {
    pub(crate) courses: Vec<Course>,
    pub(crate) templates: Vec<Template>,
}

impl Catalogue {
    /// The participation with this id, with the booking and the course that it belongs to.
    pub(crate) fn participation(&self, id: &str) -> Option<(&Course, &Booking, &Participation)> {
        self.courses.iter().find_map(|course| {
            course.bookings.iter().find_map(|booking| {
                let participation = booking.participation.as_ref().filter(|found| found.id == id)?;
                Some((course, booking, participation))
            })
        })
    }

    /// The same, to write to.
    pub(crate) fn participation_mut(&mut self, id: &str) -> Option<&mut Participation> {
        let bookings = self.courses.iter_mut().flat_map(|course| course.bookings.iter_mut());
        bookings.filter_map(|booking| booking.participation.as_mut()).find(|found| found.id == id)
    }
}

/// A course. Dates are texts, so that a test can write what no server should send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Course {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) slug: String,
    pub(crate) level: String,
    pub(crate) start: Option<String>,
    pub(crate) end: Option<String>,
    pub(crate) published: bool,
    pub(crate) bookings: Vec<Booking>,
    pub(crate) topics: Vec<Topic>,
}

/// One person's place on a course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Booking {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) name: Option<String>,
    /// Without the signature that every answer appends anew.
    pub(crate) image: Option<String>,
    pub(crate) line_manager_profile: Option<String>,
    pub(crate) preparation_completed: Option<String>,
    pub(crate) created: String,
    pub(crate) participation: Option<Participation>,
}

/// What a person does around a course, once they began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Participation {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) preparation_intent: Option<String>,
    pub(crate) desired_results: Option<String>,
    pub(crate) result_outcome: Option<String>,
    pub(crate) result_notes: Option<String>,
    pub(crate) result_completed: Option<String>,
    pub(crate) created: String,
    pub(crate) updated: String,
}

/// A part of a course with its materials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Topic {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) materials: Vec<Material>,
}

/// One document of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Material {
    pub(crate) id: String,
    pub(crate) identifier: String,
    pub(crate) title: String,
    /// `None` is what the service says when it failed to fetch the content.
    pub(crate) html: Option<String>,
}

/// A template that overlays the theme's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) markup: String,
    pub(crate) updated: String,
}

/// Slugs and titles. The characters that hurt careless templates are all here; so is every course that the content of the
/// sample site adds something to.
const TITLES: [(&str, &str); 24] = [
    ("gehaltsgespraeche", "Gehaltsgespräche: Grundlagen"),
    ("verhandeln-praxis", "Verhandeln & Überzeugen <Praxis>"),
    ("ruhig-verhandeln", "Ruhig verhandeln"),
    ("nein-sagen", "„Nein“ sagen, ohne zu verlieren"),
    ("fuehren-und-delegieren", "Führen und Delegieren ohne \"Vorgesetztenfunktion\""),
    ("moderation", "Moderation: große Gruppen, kleine Mittel"),
    ("masterclass", "Masterclass: Exzellenz in Verhandlungen"),
    ("praesentieren", "Präsentieren vor > 100 Menschen"),
    ("stimme", "Stimme & Körper"),
    ("konflikte-klaeren", "Konflikte klären – bevor sie größer werden"),
    ("feedback", "Feedback, das ankommt"),
    ("mehrparteien-verhandlung", "Verhandeln mit mehreren Parteien"),
    ("einkauf", "Einkauf: härter rechnen, weicher reden"),
    ("zuhoeren", "Zuhören lernen"),
    ("remote", "Verhandeln am Bildschirm"),
    ("harvard", "Das Konzept nach 'Harvard'"),
    ("systemisches-coaching", "Systemisches Coaching"),
    ("kollegiale-beratung", "Kollegiale Beratung"),
    ("storytelling", "Geschichten erzählen, Zahlen zeigen"),
    ("mediation", "Mediation für Anfänger/innen"),
    ("interkulturell", "Zürich, Øresund, São Paulo: über Grenzen verhandeln"),
    ("train-the-trainer", "Train the Trainer {{ Grundstufe }}"),
    ("fragetechnik", "Wer fragt, führt?"),
    ("rollenspiel", "Rollenspiel 100 % praktisch"),
];

/// Nobody is called like this.
const FIRST: [&str; 10] =
    ["Ana", "Jörg", "Zoë", "Erika", "Max", "Özlem", "Björn", "Testa", "D'Arcy", "Fantasia"];
const LAST: [&str; 8] =
    ["Beispiel", "Muster", "Platzhalter", "Erfunden", "Niemand", "Probe-Lauf", "Attrappe", "Dummy"];
const STATUS: [&str; 5] = ["PREPARATION", "SUMMARY", "DEBRIEFING", "RESULT", "COMPLETE"];

/// Makes up `count` published courses and two drafts. The same seed, day and count give the same catalogue, and a
/// larger count begins with the courses of a smaller one, dates aside.
pub(crate) fn catalogue(count: usize, seed: u64, today: Date) -> Catalogue {
    let mut courses: Vec<Course> = (0..count).map(|index| course(index, count, seed, today)).collect();
    for index in 0..2 {
        let mut draft = course(count + index, count, !seed, today);
        draft.title = format!("Entwurf Nr. {}", index + 1);
        draft.slug = format!("entwurf-{}", index + 1);
        draft.published = false;
        courses.push(draft);
    }
    Catalogue { courses, templates: templates(today) }
}

fn course(index: usize, count: usize, seed: u64, today: Date) -> Course {
    let mixed = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut random = fastrand::Rng::with_seed(seed ^ mixed);
    let (slug, title) = TITLES[index % TITLES.len()];
    let round = index / TITLES.len();
    let (slug, title) = match round {
        0 => (slug.to_owned(), title.to_owned()),
        _ => (format!("{slug}-{}", round + 1), format!("{title} ({})", round + 1)),
    };
    let start = start(index, count, today);
    // Most courses begin at midnight; one that does not shows who takes the date for a day too early.
    let hour = if index % 29 == 7 { 23 } else { 0 };
    let long = random.bool().then(|| random.i64(1..5));
    Course {
        id: id(&mut random),
        title,
        slug,
        level: LEVELS[random.usize(..LEVELS.len())].to_owned(),
        end: start.zip(long).map(|(day, days)| moment(day.saturating_add(days.days()), 0)),
        start: start.map(|day| moment(day, hour)),
        published: true,
        bookings: (0..random.usize(..7)).map(|_| booking(&mut random, today)).collect(),
        topics: (0..random.usize(..3)).map(|topic| self::topic(topic, &mut random)).collect(),
    }
}

/// Four courses share a day, a fifth of the days is over, every twelfth course has no date yet.
fn start(index: usize, count: usize, today: Date) -> Option<Date> {
    if index % 12 == 5 {
        return None;
    }
    let days = i64::try_from(count / 4 + 1).unwrap_or(i64::MAX);
    let step = (300 / days).max(1);
    let group = i64::try_from(index / 4).unwrap_or(i64::MAX) - days / 5;
    Some(today.saturating_add(group.saturating_mul(step).clamp(-200_000, 200_000).days()))
}

fn booking(random: &mut fastrand::Rng, today: Date) -> Booking {
    let name = format!("{} {}", FIRST[random.usize(..FIRST.len())], LAST[random.usize(..LAST.len())]);
    let number = random.u32(1000..10_000);
    let created = moment(today.saturating_sub(random.i64(20..90).days()), 10);
    let begun = random.u8(..3) > 0;
    Booking {
        id: id(random),
        user: format!("user_{number}"),
        image: begun.then(|| format!("https://img.example.test/{number}.png")),
        line_manager_profile: begun.then(|| "Zahlenmensch & \"direkt\"".to_owned()),
        preparation_completed: begun.then(|| moment(today.saturating_sub(5.days()), 9)),
        participation: begun.then(|| Participation {
            id: id(random),
            status: STATUS[random.usize(..STATUS.len())].to_owned(),
            preparation_intent: Some("Ich will ruhiger verhandeln.".to_owned()),
            desired_results: Some(format!("{} % mehr <b>Gehalt</b>", random.u8(1..20))),
            result_outcome: None,
            result_notes: None,
            result_completed: None,
            created: created.clone(),
            updated: moment(today.saturating_sub(5.days()), 9),
        }),
        name: (random.u8(..8) > 0).then_some(name),
        created,
    }
}

fn topic(number: usize, random: &mut fastrand::Rng) -> Topic {
    let html = "<style>.slide { color: #123 }</style><section class=\"slide\"><h2>{courseTitle}</h2>\
                <p>{participant:name} &amp; {participantCount} weitere</p></section>";
    let (title, identifier, name) = match number {
        0 => ("Auftakt", "vorstellung", "Vorstellungsrunde"),
        _ => ("Rollenspiel", "rollen", "Rollen & Regeln"),
    };
    let material = Material {
        id: id(random),
        identifier: identifier.to_owned(),
        title: name.to_owned(),
        html: Some(html.to_owned()),
    };
    Topic { id: format!("t{}", number + 1), title: title.to_owned(), materials: vec![material] }
}

fn templates(today: Date) -> Vec<Template> {
    let updated = moment(today.saturating_sub(3.days()), 12);
    [
        ("course", "layout", "<h1>{{ course.title }}</h1>\n{{ content }}\n"),
        ("notice", "partial", "<p class=\"notice\">Aus der Ferne: {{ site.title }}</p>\n"),
    ]
    .into_iter()
    .enumerate()
    .map(|(index, (name, kind, markup))| Template {
        id: format!("ctemplate000000000000000{index}"),
        name: name.to_owned(),
        kind: kind.to_owned(),
        markup: markup.to_owned(),
        updated: updated.clone(),
    })
    .collect()
}

/// An id in the manner of the service: a `c` and 24 letters and digits.
fn id(random: &mut fastrand::Rng) -> String {
    std::iter::once('c')
        .chain(std::iter::repeat_with(|| char::from_digit(random.u32(..36), 36).unwrap_or('0')).take(24))
        .collect()
}

/// A moment as the service writes it.
pub(crate) fn moment(day: Date, hour: i8) -> String {
    let time = Time::new(hour, 0, 0, 0).unwrap_or_default();
    let moment = TimeZone::UTC.to_ambiguous_zoned(day.to_datetime(time)).compatible();
    stamp(moment.map(|zoned| zoned.timestamp()).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// ISO 8601 with milliseconds and `Z`.
pub(crate) fn stamp(moment: Timestamp) -> String {
    format!("{moment:.3}")
}

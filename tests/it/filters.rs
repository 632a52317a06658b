//! The site's own filters, through the door.

use std::path::Path;

use aither::config::Config;
use aither::model::change::RemoteTemplate;
use aither::model::moment::Moment;
use aither::model::view::{Map, Value};
use aither::theme::{Request, Theme, Trace};

use crate::theme::{config, now};

fn shown_by(config: &Config, template: &str) -> (String, Trace) {
    let remote = RemoteTemplate {
        id: String::new(),
        name: "try".to_owned(),
        kind: "layout".to_owned(),
        markup: template.to_owned(),
        updated_at: None,
    };
    let moment = |text: &str| text.parse::<Moment>().map_or(Value::Nil, Value::from);
    let forms = [
        ("one", "{count} seat"),
        ("few", "{count} few"),
        ("many", "{count} many"),
        ("other", "{count} seats"),
    ];
    let seats: Map = forms.into_iter().collect();
    let view: Map = [
        ("day", moment("2027-03-09")),
        ("instant", moment("2027-03-09T22:30:00Z")),
        ("midnight", Value::from("2027-03-09T00:00:00Z".parse::<jiff::Timestamp>().expect("a time"))),
        ("word", "now".into()),
        ("text", "</script> & \u{2028}\"\\\n".into()),
        (
            "list",
            Value::List(
                [Value::Int(1), Value::Bool(true), Value::Nil, Value::Float(1.5)].into_iter().collect(),
            ),
        ),
        ("price", Value::from(1480.0)),
        ("seats", Value::Map(seats)),
    ]
    .into_iter()
    .collect();
    let theme = Theme::open(config, &[remote]).expect("opens");
    let request =
        Request { layouts: &["try"], view: &view, content: None, language: 0, now: now(), name: "try" };
    let rendered = theme.render(&request).unwrap_or_else(|error| panic!("{template}: {error}"));
    (String::from_utf8(rendered.bytes).expect("text"), rendered.trace)
}

fn shown(language: &str, template: &str) -> String {
    shown_by(&config(Path::new("/nowhere"), language), template).0
}

#[test]
fn dates_are_those_of_the_site_s_zone_and_language() {
    for (language, template, expected) in [
        ("en", "{{ day | date: '%-d %B %Y' }}", "9 March 2027"),
        ("en", "{{ day | date: 'long' }}", "9 March 2027"),
        ("en", "{{ day | date }}", "9 March 2027"),
        ("en-US", "{{ day | date: 'long' }}", "March 9, 2027"),
        ("en-US", "{{ instant | date: 'time' }}", "11:30 PM"),
        ("de", "{{ day | date: 'full' }}", "Dienstag, 9. März 2027"),
        ("de", "{{ day | date: '%a %b %%B %d' }}", "Di März %B 09"),
        ("de", "{{ instant | date: 'datetime' }}", "9. März 2027, 23:30 Uhr"),
        ("de", "{{ '2027-12-31T23:30:00Z' | date: 'short' }}", "01.01.2028"),
        ("de", "{{ midnight | date: '%H:%M' }}", "01:00"),
        ("en", "{{ 'soon' | date: 'long' }}", "soon"),
        ("en", "{{ nothing | date: 'long' }}", ""),
        ("en", "{{ '2027-02-30' | date: 'long' }}", "2027-02-30"),
        ("en", "{{ day | date_to_xmlschema }}", "2027-03-09"),
        ("en", "{{ instant | date_to_xmlschema }}", "2027-03-09T23:30:00+01:00"),
        ("de", "{{ instant | date_to_rfc822 }}", "Tue, 09 Mar 2027 23:30:00 +0100"),
        ("en", "{{ day | date_range: '2027-03-11' }}", "9–11 March 2027"),
        ("en", "{{ day | date_range: nothing }}", "9 March 2027"),
        ("en", "{{ day | date_range: '2027-01-01' }}", "9 March 2027"),
        ("en-US", "{{ day | date_range: '2027-03-11' }}", "March 9–11, 2027"),
        ("de", "{{ day | date_range: '2027-04-01' }}", "9. März – 1. April 2027"),
        ("de", "{{ day | date_range: '2028-01-01' }}", "9. März 2027 – 1. Januar 2028"),
        ("fr", "{{ day | date: 'long' }}", "9 mars 2027"),
        ("fr", "{{ day | date: 'full' }}", "mardi 9 mars 2027"),
        ("fr-CH", "{{ day | date: '%A %-d %B' }}", "mardi 9 mars"),
        ("fr", "{{ day | date_range: '2027-03-11' }}", "9–11 mars 2027"),
        ("fr", "{{ day | date_range: '2027-04-01' }}", "9 mars – 1 avril 2027"),
        ("fr", "{{ instant | date: 'datetime' }}", "9 mars 2027 à 23:30"),
        ("fr", "{{ instant | date_to_rfc822 }}", "Tue, 09 Mar 2027 23:30:00 +0100"),
        ("pl", "{{ day | date: 'long' }}", "9 marca 2027"),
    ] {
        assert_eq!(shown(language, template), expected, "{language}: {template}");
    }
}

#[test]
fn the_word_now_is_the_moment_of_the_build() {
    let config = config(Path::new("/nowhere"), "en");
    for template in ["{{ 'now' | date: '%F' }}", "{{ 'today' | date: '%F' }}", "{{ word | date: '%F' }}"] {
        let (text, trace) = shown_by(&config, template);
        assert_eq!(text, "2027-02-10", "{template}");
        let window = trace.clock.expect("the clock was read");
        assert_eq!(window.from, now(), "{template}");
        assert_eq!(window.until.to_string(), "2027-02-10T23:00:00Z", "{template}: midnight in Berlin");
    }
    assert_eq!(shown_by(&config, "{{ day | date: '%F' }}").1.clock, None);
}

#[test]
fn numbers_and_prices_are_written_as_people_write_them() {
    for (language, template, expected) in [
        ("en", "{{ 1234567 | number }}", "1,234,567"),
        ("de", "{{ 1234.5 | number }}", "1.234,5"),
        ("en", "{{ -999 | number }}{{ 'x' | number }}{{ nothing | number }}", "-999x"),
        ("en", "{{ price | money: 'EUR' }}", "€1,480"),
        ("de", "{{ 99.5 | money: 'EUR' }}", "99,50\u{a0}€"),
        ("en", "{{ 1200 | money: 'CHF' }}", "CHF\u{a0}1,200"),
        ("en", "{{ 12 | money }}", "12"),
        ("fr", "{{ 1234.5 | number }}", "1\u{202f}234,5"),
        ("fr", "{{ 1480 | money: 'EUR' }}", "1\u{202f}480\u{a0}€"),
        ("nl", "{{ 1480 | money: 'EUR' }}", "€\u{a0}1.480"),
        // Currencies without decimals, and with three.
        ("de", "{{ 148000 | money: 'JPY' }}", "148.000\u{a0}¥"),
        ("en", "{{ 148000.4 | money: 'JPY' }}", "¥148,000"),
        ("en", "{{ 12.3456 | money: 'KWD' }}", "KWD\u{a0}12.346"),
        ("de", "{{ 12.5 | money: 'TND' }}", "12,500\u{a0}TND"),
        ("de", "{{ 990.5 | money: 'ISK' }}", "990\u{a0}ISK"),
        // The common ones of Europe.
        ("de", "{{ 1480.5 | money: 'CHF' }}", "1.480,50\u{a0}CHF"),
        ("de-CH", "{{ 1480.5 | money: 'CHF' }}", "CHF\u{a0}1’480.50"),
        ("de-AT", "{{ 1480 | money: 'EUR' }}", "€\u{a0}1.480"),
        ("en", "{{ 1480 | money: 'GBP' }}", "£1,480"),
        ("en", "{{ -99.5 | money: 'USD' }}", "-$99.50"),
        ("de", "{{ 1480 | money: 'SEK' }}", "1.480\u{a0}SEK"),
        ("sv", "{{ 1480 | money: 'SEK' }}", "1\u{a0}480\u{a0}kr"),
        ("da", "{{ 1480.5 | money: 'DKK' }}", "1.480,50\u{a0}kr."),
        ("pl", "{{ 14800.5 | money: 'PLN' }}", "14\u{a0}800,50\u{a0}zł"),
        ("cs", "{{ 1480 | money: 'CZK' }}", "1\u{a0}480\u{a0}Kč"),
        ("fr", "{{ 1480.5 | money: 'EUR' }}", "1\u{202f}480,50\u{a0}€"),
        ("it", "{{ 14800 | money: 'EUR' }}", "14.800\u{a0}€"),
    ] {
        assert_eq!(shown(language, template), expected, "{language}: {template}");
    }
}

#[test]
fn a_count_has_the_form_that_its_language_wants() {
    for (language, count, expected) in [
        ("en", "1", "1 seat"),
        ("en", "0", "0 seats"),
        ("de", "1", "1 seat"),
        ("de", "1200", "1.200 seats"),
        ("fr", "0", "0 seat"),
        ("fr", "2", "2 seats"),
        ("pl", "3", "3 few"),
        ("pl", "5", "5 many"),
        ("pl", "1.5", "1,5 seats"),
    ] {
        let template = format!("{{{{ {count} | plural: seats }}}}");
        assert_eq!(shown(language, &template), expected, "{language}: {count}");
    }
    assert_eq!(shown("en", "{{ 2 | plural: 'times' }}{{ 'x' | plural: seats }}"), "timesx");
}

#[test]
fn json_can_stand_in_a_script() {
    assert_eq!(shown("en", "{{ text | json }}"), r#""\u003c/script\u003e \u0026 \u2028\"\\\n""#);
    assert_eq!(
        shown("en", "{{ list | json }}{{ nothing | json }}{{ day | json }}"),
        r#"[1,true,null,1.5]null"2027-03-09""#
    );
}

#[test]
fn links_stand_below_the_site_s_path() {
    for (template, expected) in [
        ("{{ '/style.css' | relative_url }}", "/academy/style.css"),
        ("{{ 'style.css' | relative_url }}", "/academy/style.css"),
        ("{{ '/academy/courses/' | relative_url }}", "/academy/courses/"),
        ("{{ '/academyx/' | relative_url }}", "/academy/academyx/"),
        ("{{ '/' | relative_url }}", "/academy/"),
        ("{{ '/academy/courses/' | absolute_url }}", "https://example.org/academy/courses/"),
        ("{{ 'https://other.example/x' | absolute_url }}", "https://other.example/x"),
        ("{{ 'mailto:a@b.example' | relative_url }}{{ '#top' | relative_url }}", "mailto:a@b.example#top"),
        ("{{ 'Führen & Leiten' | slugify }}", "fuehren-leiten"),
    ] {
        assert_eq!(shown("en", template), expected, "{template}");
    }
}

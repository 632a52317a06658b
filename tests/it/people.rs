//! A template that reads what is not public of people fails before there are any.

use aither::error::Kind;
use aither::project::Options;

use crate::fixture::Fixture;

const PARTIAL: &str = "{% for p in c.participants %}<li>{{ p.name }}</li>{% endfor %}";

fn site(courses: &[(&str, &str, &str)]) -> Fixture {
    Fixture::with_courses(courses)
        .write("templates/layouts/course.liquid", "{{ course.title }}{% include 'people', c: course %}")
        .write("templates/partials/people.liquid", PARTIAL)
}

#[test]
fn a_field_that_is_not_public_ends_the_first_build_already() {
    for courses in [&[][..], &[("c1", "Kurs", "2027-02-10")]] {
        let site = site(courses);
        let error = site.try_build(Options::default()).unwrap_err();
        assert_eq!(error.kind(), Kind::Privacy);
        let told = error.to_string();
        assert!(
            told.contains("templates/partials/people.liquid:1:")
                && told.contains("reads `name` of a participant"),
            "{told}"
        );
        assert!(error.hints().iter().any(|hint| hint.contains("public_fields")), "{:?}", error.hints());
        assert!(!site.has("index.html"));
        let output = site.run(&["check"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains("people.liquid:1:"), "{told}");
    }
}

#[test]
fn in_lists_as_well_and_what_is_public_may_be_read() {
    let courses = [("c1", "Kurs", "2027-02-10")];
    let site = Fixture::with_courses(&courses).write(
        "templates/layouts/home.liquid",
        "{% assign names = site.upcoming.first.participants | map: \"status\" %}{{ names | join }}",
    );
    assert_eq!(site.try_build(Options::default()).unwrap_err().kind(), Kind::Privacy);
    let config = std::fs::read_to_string(site.path("aither.toml")).unwrap();
    site.put("aither.toml", format!("{config}[privacy]\npublic_fields = [\"status\"]\n"));
    site.build();
    assert_eq!(site.output("index.html"), "");
    // How many there are is always public, and nobody is made up.
    let site = Fixture::with_courses(&courses)
        .write("templates/layouts/course.liquid", "{{ course.participants.size }} {{ t.participants }}");
    site.build();
    assert_eq!(site.output("courses/kurs/index.html"), "0 Teilnehmende");
}

/// Rows that have not changed are not read again, and who stands in them is shown all the same.
#[test]
fn people_are_shown_whichever_build_has_read_them() {
    let row = |id: &str, title: &str, name: &str, picture: &str| {
        let person = serde_json::json!({"name": name, "imageUrl": picture, "preparationIntent": "Geheim"});
        serde_json::json!({"id": id, "title": title, "level": "BEGINNER", "participants": [person]})
    };
    let site = Fixture::with_courses(&[]).write(
        "templates/layouts/course.liquid",
        "{{ course.title }}:{% for p in course.participants %}{{ p.name }} {{ p.image_url }}{% endfor %}",
    );
    let config = std::fs::read_to_string(site.path("aither.toml")).unwrap();
    site.put("aither.toml", format!("{config}[privacy]\npublic_fields = [\"name\", \"image_url\"]\n"));
    let put = |second: &str, picture: &str| {
        site.put_courses(&[row("a", "Eins", "Anna", "/a.png"), row("b", second, "Berta", picture)]);
    };
    put("Zwei", "/b.png");
    site.build();
    let kept = std::fs::read(site.path(".aither/rows.bin")).unwrap();
    let kept = String::from_utf8_lossy(&kept).into_owned();
    assert!(
        kept.contains("Zwei") && !["Anna", "Berta", "Geheim", ".png"].iter().any(|word| kept.contains(word))
    );

    put("Zweites", "/b.png");
    assert_eq!(site.build().sync.unwrap().updated, 1);
    site.put(
        "templates/layouts/course.liquid",
        "{{ course.title }}!{% for p in course.participants %}{{ p.name }} {{ p.image_url }}{% endfor %}",
    );
    site.build();
    assert_eq!(site.output("courses/eins/index.html"), "Eins!Anna /a.png");
    assert_eq!(site.output("courses/zweites/index.html"), "Zweites!Berta /b.png");
    put("Zweites", "/c.png");
    site.build();
    assert_eq!(
        site.output("courses/zweites/index.html"),
        "Zweites!Berta /c.png",
        "a picture that is shown counts"
    );
    assert!(site.run(&["build", "--verify"]).status.success());
}

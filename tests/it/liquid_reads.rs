//! The law of the traces: whatever changes in the data, the output does not change unless one of the reads does.

use crate::liquid_data::{At, Data, Elements, Everything, Map, Shelf};
use aither::liquid::{Language, ReadKind, Reads, Scene, Template, Time, Trace, look};
use proptest::prelude::*;

const DATA: &str = r#"{
  "site": {"title": "Academy", "url": "https://example.org", "tags": ["rust", "go", "c"], "nothing": null, "on": true,
           "nested": {"deep": {"er": "x"}, "list": [[1, 2], [3]]}},
  "course": {"id": "course:b", "title": "Beta", "level": "HARD", "n": 2, "teacher": {"id": "person:x", "name": "Xi"},
             "people": [{"name": "Ada", "ok": true}, {"name": "Bob", "ok": false}, {"name": "Cy", "ok": true}, {"name": "Di"}]},
  "courses": [
    {"id": "course:a", "title": "Alpha", "level": "EASY", "n": 3, "teacher": {"id": "person:x", "name": "Xi"}},
    {"id": "course:b", "title": "Beta", "level": "HARD", "n": 2, "teacher": {"id": "person:x", "name": "Xi"}},
    {"id": "course:c", "title": "Gamma", "level": "EASY", "n": 1, "teacher": {"id": "person:y", "name": "Yo"}},
    {"id": "course:d", "title": "delta", "level": "EASY", "n": 9}
  ],
  "html": "html:<b>x</b>", "empty": [], "none": {}, "text": "some text", "num": 5, "flag": false, "which": "title"
}"#;

/// Templates that look at data in every way there is.
const PIECES: [&str; 62] = [
    "{{ site.title }}",
    "{{ site['title'] }}",
    "{{ course[which] }}",
    "{{ site.nosuch }}",
    "{{ nosuch.title }}",
    "{{ site.nothing.x }}",
    "{{ text.size }}{{ text.first }}",
    "{{ site.tags.size }}{{ site.tags | size }}",
    "{{ none.size }}{{ site | size }}",
    "{{ site.tags.first }}{{ site.tags.last }}{{ site.tags[1] }}{{ site.tags[-1] }}{{ site.tags[9] }}",
    "{{ site.tags | first }}{{ site.tags | last }}{{ empty | first }}{{ empty.first }}{{ course | first }}{{ site.nested.first }}",
    "{{ site }}",
    "{{ courses }}",
    "{{ site.tags }}",
    "{{ site.nested | json }}",
    "{{ courses | json }}",
    "{% if site.on %}y{% endif %}{% if site.nothing %}y{% endif %}{% if flag %}y{% endif %}{% if courses %}y{% endif %}",
    "{% unless course.teacher %}y{% endunless %}{% if nosuch %}y{% else %}n{% endif %}",
    "{% if course.n > 1 %}big{% endif %}{% if num == course.n %}same{% endif %}",
    "{% if empty == empty %}e{% endif %}{% if site.tags == blank %}b{% endif %}{% if none == empty %}n{% endif %}",
    "{% if course == courses[1] %}same{% endif %}{% if site.tags == site.nested.list %}same{% endif %}",
    "{% if site.tags contains 'go' %}go{% endif %}{% if site contains 'url' %}url{% endif %}{% if text contains 'me' %}me{% endif %}",
    "{% for c in courses %}{{ c.title }}{% endfor %}",
    "{% for c in courses %}.{% endfor %}",
    "{% for c in courses limit: 2 offset: 1 %}{{ c.title }}{{ c.teacher.name }}{% endfor %}",
    "{% for c in courses reversed %}{{ forloop.index }}{{ c.level }}{% if c.teacher %}t{% endif %}{% endfor %}",
    "{% for c in courses limit: num %}{{ c.n }}{% else %}none{% endfor %}",
    "{% for c in empty %}x{% else %}none{% endfor %}",
    "{% for p in course.people %}{{ p.name }}{% if p.ok %}!{% endif %}{% endfor %}",
    "{% for t in site.tags %}{{ t }}{% endfor %}",
    "{% for p in site.nested %}{{ p[0] }}{% endfor %}",
    "{% for p in course %}{{ p[0] }}={{ p[1] }}{% endfor %}",
    "{% for l in site.nested.list %}{% for n in l %}{{ n }}{% endfor %};{% endfor %}",
    "{% for c in text %}{{ c }}{% endfor %}{% for i in (1..num) %}{{ i }}{% endfor %}",
    "{% tablerow c in courses cols: course.n %}{{ c.title }}{% endtablerow %}",
    "{{ courses | where: 'level', 'EASY' | map: 'title' | join }}",
    "{{ courses | where: 'teacher' | size }}",
    "{{ courses | reject: 'level', course.level | map: 'n' | join }}",
    "{% assign f = courses | find: 'n', 2 %}{{ f.title }}",
    "{{ courses | find_index: 'title', 'Gamma' }}{{ courses | has: 'n', num }}",
    "{{ courses | sum: 'n' }}{{ course.people | sum: 'x' }}",
    "{% assign s = courses | sort: 'n' %}{% for c in s %}{{ c.title }}{% endfor %}",
    "{% assign s = courses | sort_natural: 'title' %}{{ s[0].title }}{{ s.last.level }}",
    "{{ courses | map: 'teacher' | map: 'name' | join }}",
    "{{ courses | uniq: 'level' | map: 'title' | join }}",
    "{{ courses | compact: 'teacher' | size }}",
    "{{ site.tags | sort | join: '-' }}{{ site.tags | reverse | first }}",
    "{{ site.nested.list | join }}{{ site.nested.list | sum }}{{ site.nested.list | size }}",
    "{{ site.tags | concat: site.nested.list | join }}{{ site.tags | slice: 1, 2 | join }}",
    "{{ site.tags | uniq | join }}{{ course.people | uniq | size }}{{ courses | uniq | size }}",
    "{{ nosuch | default: site.title }}{{ flag | default: 'd', allow_false: site.on }}{{ empty | default: 'e' }}",
    "{{ text | append: site.title | upcase | truncate: num }}",
    "{{ num | plus: course.n | times: 2 }}",
    "{{ html }}{{ html | escape }}",
    "{% assign a = course %}{{ a.title }}{{ a.teacher.name }}",
    "{% capture c %}{{ site.title }}{% endcapture %}{{ c }}",
    "{% case course.level %}{% when 'HARD' %}h{% when site.title %}t{% else %}e{% endcase %}",
    "{% cycle site.title, text %}{% increment num %}{% increment other %}",
    "{{ courses[course.n].title }}{{ courses[num].title }}",
    "{% include 'p', x: course %}{% render 'p', x: courses[0] %}",
    "{% render 'p' for courses as x %}",
    "{{ [which] }}{{ course.teacher }}{{ courses[1].teacher.name }}",
];

fn partials(language: &Language) -> Shelf {
    let parse = |s: &str| Template::parse("p", s, language).unwrap();
    Shelf(
        [("p".to_owned(), parse("{{ x.title }}{% if x.n > 1 %}{{ x.level }}{% endif %}{{ site.title }}"))]
            .into(),
    )
}

/// The output, an error counting as one, and what was read for it.
fn run(template: &Template, shelf: &Shelf, data: &Map) -> (Result<String, String>, Trace) {
    let clock = At(Time::new(0, 0, 0));
    let scene = Scene { partials: shelf, clock: &clock, ..Scene::new(data) };
    let mut reads = Reads::new();
    let out = template.render_recorded(scene, &mut reads).map(|r| r.text).map_err(|e| e.message().to_owned());
    (out, reads.finish())
}

/// All data that differs from this in one place.
fn changes(value: &Data) -> Vec<Data> {
    let mut out = Vec::new();
    match value {
        Data::Map(map) => {
            for (i, (key, inner)) in map.0.iter().enumerate() {
                let mut without = map.clone();
                without.0.remove(i);
                out.push(Data::Map(without));
                // An identity is not a field like others: changing it makes another object of it.
                for changed in changes(inner) {
                    let mut with = map.clone();
                    with.0[i] = (key.clone(), changed);
                    out.push(Data::Map(with));
                }
                let mut swapped = map.clone();
                swapped.0.rotate_left(1);
                out.push(Data::Map(swapped));
            }
            let mut more = map.clone();
            more.0.push(("nosuch".into(), Data::Str("now there".into())));
            out.push(Data::Map(more.clone()));
            more.0.last_mut().unwrap().0 = "size".into();
            out.push(Data::Map(more.clone()));
            more.0.last_mut().unwrap().0 = "first".into();
            out.push(Data::Map(more));
            out.push(Data::Nil);
        }
        Data::List(list) => {
            for (i, inner) in list.0.iter().enumerate() {
                let mut without = list.clone();
                without.0.remove(i);
                out.push(Data::List(without));
                for changed in changes(inner) {
                    let mut with = list.clone();
                    with.0[i] = changed;
                    out.push(Data::List(with));
                }
            }
            let mut turned = list.clone();
            turned.0.reverse();
            out.push(Data::List(turned));
            let mut grown = list.clone();
            grown.0.push(list.0.first().cloned().unwrap_or(Data::Int(0)));
            out.push(Data::List(grown.clone()));
            let mut new = Map::parse(r#"{"id": "course:new", "title": "New", "level": "EASY", "n": 0}"#);
            grown.0.insert(0, Data::Map(new.clone()));
            out.push(Data::List(grown.clone()));
            new.0[0].1 = Data::Nil;
            grown.0[0] = Data::Map(new);
            out.push(Data::List(grown));
            out.push(Data::List(Elements(Vec::new())));
            out.push(Data::Str("a text now".into()));
        }
        Data::Str(s) => {
            out.extend([Data::Str(format!("{s}!")), Data::Str(String::new()), Data::Int(3), Data::Nil]);
            out.push(Data::Html(s.clone()));
        }
        Data::Int(n) => {
            out.extend([Data::Int(n + 1), Data::Int(0), Data::Str(n.to_string()), Data::Float(0.5)])
        }
        Data::Bool(b) => out.extend([Data::Bool(!b), Data::Nil, Data::Int(1)]),
        Data::Nil => out.extend([Data::Bool(true), Data::Str("x".into()), Data::Map(Map::default())]),
        other => out.extend([Data::Nil, Data::Str(format!("{:?}", other.view().is_html()))]),
    }
    out
}

trait IsHtml {
    fn is_html(&self) -> bool;
}

impl IsHtml for aither::liquid::ValueRef<'_> {
    fn is_html(&self) -> bool {
        matches!(self, aither::liquid::ValueRef::SafeHtml(_))
    }
}

/// One identity means one object: data in which the copies differ says nothing.
fn is_consistent(data: &Map) -> bool {
    fn walk(value: &Data, seen: &mut Vec<(String, Map)>) -> bool {
        match value {
            Data::Map(map) => {
                use aither::liquid::Object;
                if let Some(id) = map.id() {
                    match seen.iter().find(|(i, _)| i == id) {
                        // A course listed with its people and one without are told apart by the host.
                        Some((_, other)) if other != map => return false,
                        Some(_) => {}
                        None => seen.push((id.to_owned(), map.clone())),
                    }
                }
                map.0.iter().all(|(_, v)| walk(v, seen))
            }
            Data::List(list) => list.0.iter().all(|v| walk(v, seen)),
            _ => true,
        }
    }
    walk(&Data::Map(data.clone()), &mut Vec::new())
}

/// Changes both copies of what stands in the data twice.
fn shared(data: &Map) -> Map {
    let mut data = data.clone();
    let courses = data.0.iter().position(|(k, _)| k == "courses");
    let course = data.0.iter().position(|(k, _)| k == "course");
    if let (Some(courses), Some(course)) = (courses, course) {
        let own = data.0[course].1.clone();
        if let Data::List(list) = &mut data.0[courses].1 {
            for element in &mut list.0 {
                if let (Data::Map(a), Data::Map(b)) = (&*element, &own) {
                    use aither::liquid::Object;
                    if a.id().is_some() && a.id() == b.id() {
                        *element = own.clone();
                    }
                }
            }
        }
    }
    data
}

fn law_holds(source: &str, data: &Map, changed: &[Map]) {
    let language = Language::standard();
    let shelf = partials(&language);
    let template = Template::parse("t", source, &language).unwrap_or_else(|e| panic!("{}", e[0]));
    let (before, trace) = run(&template, &shelf, data);
    let entities = Everything::of(data);
    for read in &trace.reads {
        assert_eq!(look(data, &entities, read), read.hash, "{source}: looking again at {read:?}");
    }
    for new in changed {
        let (after, _) = run(&template, &shelf, new);
        if after != before {
            let entities = Everything::of(new);
            assert!(
                trace.reads.iter().any(|r| look(new, &entities, r) != r.hash),
                "{source}\n gave {before:?}\n now {after:?}\n reads {:#?}\n data {new:?}",
                trace.reads
            );
        }
    }
}

fn all_changes(data: &Map) -> Vec<Map> {
    changes(&Data::Map(data.clone()))
        .into_iter()
        .filter_map(|d| match d {
            Data::Map(map) => Some(shared(&map)),
            _ => None,
        })
        .filter(is_consistent)
        .collect()
}

#[test]
fn no_output_changes_without_a_read_changing() {
    let data = shared(&Map::parse(DATA));
    assert!(is_consistent(&data));
    let changed = all_changes(&data);
    assert!(changed.len() > 250, "{}", changed.len());
    for piece in PIECES {
        law_holds(piece, &data, &changed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_law_holds_for_templates_of_several_pieces(
        pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 1..6),
        steps in prop::collection::vec(any::<prop::sample::Index>(), 1..3),
    ) {
        let mut data = shared(&Map::parse(DATA));
        for step in steps {
            let all = all_changes(&data);
            data = all[step.index(all.len())].clone();
        }
        law_holds(&pieces.concat(), &data, &all_changes(&data));
    }
}

fn rows(source: &str) -> Vec<String> {
    let language = Language::standard();
    let shelf = partials(&language);
    let template = Template::parse("t", source, &language).unwrap();
    let data = shared(&Map::parse(DATA));
    let (_, trace) = run(&template, &shelf, &data);
    let mut rows: Vec<String> = trace
        .reads
        .iter()
        .map(|r| match r.kind {
            ReadKind::Column => format!("{:?} {} {}", r.kind, r.path, r.column),
            _ => format!("{:?} {}", r.kind, r.path),
        })
        .collect();
    rows.sort();
    rows
}

#[test]
fn a_read_is_as_small_as_can_be() {
    assert_eq!(rows("{{ site.title }}{{ site.title }}"), ["Value site.title"]);
    assert_eq!(rows("{% if site.title %}{% endif %}"), ["Truth site.title"]);
    assert_eq!(rows("{% if site.title %}{{ site.title }}{% endif %}"), ["Value site.title"]);
    assert_eq!(rows("{{ courses | size }}{{ courses.size }}"), ["Len courses"]);
    assert_eq!(rows("{{ course.title }}"), ["Value @course:b.title", "Value course"]);
    assert_eq!(rows("{{ nosuch.a.b }}"), ["Value nosuch"]);
    assert_eq!(rows("{{ site.tags | join }}"), ["Items site.tags"]);
    assert_eq!(rows("{{ site.tags }}"), ["Subtree site.tags"]);
    assert_eq!(rows("{{ site.tags[1] }}"), ["Value site.tags[1]"]);
}

#[test]
fn loops_and_queries_read_columns() {
    assert_eq!(rows("{% for c in courses %}{{ c.title }}{% endfor %}"), ["Column courses title"]);
    assert_eq!(
        rows("{% for c in courses limit: 1 %}{{ c.title }}{% endfor %}"),
        ["Items courses", "Value @course:a.title"]
    );
    assert_eq!(rows("{{ courses | where: 'level', 'EASY' | size }}"), ["Column courses level"]);
    assert_eq!(
        rows("{{ courses | sort: 'n' | map: 'title' | join }}"),
        ["Column courses n", "Column courses title"]
    );
    assert_eq!(rows("{{ courses | sum: 'n' }}"), ["Column courses n"]);
}

#[test]
fn partials_are_recorded_with_the_places_that_did_not_have_them() {
    let language = Language::standard();
    let shelf = partials(&language);
    let template = Template::parse("t", "{% include 'p' %}{% render 'p' %}", &language).unwrap();
    let (_, trace) = run(&template, &shelf, &Map::parse(DATA));
    assert_eq!(trace.partials.len(), 1);
    assert_eq!(trace.partials[0].found.as_deref(), Some("theme/p"));
    assert_eq!(trace.partials[0].missing, ["site/p"]);
}

#[test]
fn keys_with_signs_of_the_path_are_told_apart() {
    let language = Language::standard();
    let data =
        Map::parse(r#"{"a.b": {"c[0]": 1, "@x": {"\\y": 2}}, "a": {"b": 3, "": {"": 4}, "\\0": 5}, "": 6}"#);
    let template = Template::parse(
        "t",
        "{{ ['a.b']['c[0]'] }}{{ ['a.b']['@x']['\\y'] }}{{ a.b }}{{ a['']['']}}{{ a['\\0'] }}{{ [''] }}",
        &language,
    )
    .unwrap();
    let (out, trace) = run(&template, &Shelf::default(), &data);
    assert_eq!(out.unwrap(), "123456");
    for read in &trace.reads {
        assert_eq!(look(&data, &(), read), read.hash, "{read:?}");
    }
    assert_eq!(trace.reads.len(), 6);
}

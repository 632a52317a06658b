//! The golden-liquid suite: what Shopify's Liquid makes of each template.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::liquid_data::{Map, Shelf};
use aither::liquid::{Language, Scene, Template};
use serde_json::Value;

/// Cases that cannot hold, each with its reason.
const EXCEPTIONS: [(&str, &str); 0] = [];

fn outcome(case: &Value) -> Result<String, String> {
    let mut language = Language::standard();
    // Shopify's newest parser refuses what the usual one forgives; such cases carry this tag.
    let tags = case["tags"].as_array();
    language.strict_syntax(tags.is_some_and(|t| t.iter().any(|t| t == "strict2")));
    let shown = |errors: Vec<aither::liquid::Error>| {
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let mut shelf = BTreeMap::new();
    if let Some(partials) = case["templates"].as_object() {
        for (name, source) in partials {
            let source = source.as_str().unwrap();
            shelf.insert(name.clone(), Template::parse(name, source, &language).map_err(shown)?);
        }
    }
    let template = Template::parse("case", case["template"].as_str().unwrap(), &language).map_err(shown)?;
    let (data, shelf) = (Map::from_json(&case["data"]), Shelf(shelf));
    let scene = Scene { partials: &shelf, ..Scene::new(&data) };
    template.render(scene).map(|r| r.text).map_err(|e| e.to_string())
}

#[test]
fn every_case_holds() {
    let suite: Value = serde_json::from_str(include_str!("../golden-liquid/golden_liquid.json")).unwrap();
    let cases = suite["tests"].as_array().unwrap();
    let mut failures = String::new();
    let mut passed = 0;
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let got = outcome(case);
        let holds = match (&got, case["invalid"].as_bool(), case["results"].as_array()) {
            (got, Some(true), _) => got.is_err(),
            (Ok(text), _, Some(several)) => several.iter().any(|r| r == text.as_str()),
            (Ok(text), _, None) => case["result"] == text.as_str(),
            (Err(_), _, _) => false,
        };
        if holds != EXCEPTIONS.iter().any(|(n, _)| *n == name) {
            passed += usize::from(holds);
        } else {
            writeln!(failures, "{name}\n  {}\n  {got:?}\n  wanted {}", case["template"], case["result"])
                .unwrap();
        }
    }
    assert!(failures.is_empty(), "{passed} of {} pass; these do not:\n{failures}", cases.len());
    assert_eq!(passed + EXCEPTIONS.len(), 901);
}

//! Scripts made small.

use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions, CommentOptions, LegalComment};
use oxc_minifier::{CompressOptions, MangleOptions, Minifier, MinifierOptions};
use oxc_parser::Parser;
use oxc_span::SourceType;

use super::told::told;
use crate::error::{Error, Kind, Result};

/// Whether what is published at this route is a script that may be made small; somebody else's finished work is not.
pub(super) fn is_ours(route: &str) -> bool {
    let is_script = route.ends_with(".js") || route.ends_with(".mjs");
    is_script && !route.ends_with(".min.js") && !route.ends_with(".min.mjs")
}

/// The script at `file`, made small. What other scripts could name (everything at its top) keeps its name and stays, and
/// so do comments on licences.
pub(super) fn minified(file: &str, text: &str) -> Result<String> {
    let allocator = Allocator::default();
    let as_kind = |kind| Parser::new(&allocator, text, kind).parse();
    let mut parsed = as_kind(SourceType::unambiguous());
    if !parsed.errors.is_empty() {
        // Only a module may wait at its top; the name of the file does not always tell.
        let module = as_kind(SourceType::mjs());
        if module.errors.is_empty() {
            parsed = module;
        }
    }
    if let Some(error) = parsed.errors.first() {
        let at = error.labels.iter().flatten().next().map(|label| label.offset());
        let message = match at.and_then(|at| text.get(..at)) {
            Some(before) => {
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                told(file, text, line, column, &error.message)
            }
            None => format!("{file}: {}", error.message),
        };
        return Err(Error::new(Kind::Template, message).hint(
            "if it is meant as it is, name the file `….min.js`, which is published without a look, or set `minify_js = false` under `[assets]`",
        ));
    }
    let mut program = parsed.program;
    let manner = MinifierOptions {
        mangle: Some(MangleOptions { top_level: false, ..MangleOptions::default() }),
        compress: Some(CompressOptions::safest()),
    };
    let scoping = Minifier::new(manner).minify(&allocator, &mut program).scoping;
    let comments =
        CommentOptions { normal: false, jsdoc: false, annotation: false, legal: LegalComment::Inline };
    let options = CodegenOptions { minify: true, comments, ..CodegenOptions::default() };
    let made = Codegen::new().with_options(options).with_scoping(scoping).build(&program).code;
    Ok(if made.len() < text.len() { made } else { text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_could_name_stays() {
        let text = "/*! licence */\n// a note\nfunction greet(person) {\n  const words = 'Hello ' + person;\n  return words;\n}\nvar unused = 1;\n";
        let made = minified("a.js", text).unwrap();
        assert!(
            made.contains("function greet(") && made.contains("unused") && made.contains("licence"),
            "{made}"
        );
        assert!(!made.contains("person") && !made.contains("note"), "{made}");
    }

    #[test]
    fn modules_and_scripts_are_told_apart() {
        assert!(minified("a.js", "import { a } from './b.js';\nawait a();\n").unwrap().contains("import"));
        assert!(minified("a.js", "var await = 1;\nconsole.log(await);\n").is_ok());
    }

    #[test]
    fn a_mistake_says_where_it_is() {
        let error = minified("static/a.js", "let a = 1;\nlet b = ;\n").unwrap_err();
        assert!(error.message().starts_with("static/a.js:2:9: "), "{}", error.message());
        assert!(error.message().contains("let b = ;"), "{}", error.message());
    }

    #[test]
    fn finished_work_of_others_is_left_alone() {
        assert!(is_ours("assets/a.js") && is_ours("a.mjs") && !is_ours("a.min.js") && !is_ours("a.css"));
    }
}

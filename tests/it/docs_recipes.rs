//! What `docs/getting-started.md` and `docs/recipes.md` tell people to write and to run, is written and run.

use std::fs;
use std::path::Path;
use std::process::Command;

use aither::config::{Config, Environment};

/// A block of a page: its language, the file that it is, and its text.
struct Block {
    language: String,
    file: Option<String>,
    text: String,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                let mut words = info.split_whitespace().map(str::to_owned);
                let language = words.next().unwrap_or_default();
                open = Some(Block { language, file: words.next(), text: String::new() });
            }
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none());
    blocks
}

/// Runs the commands of a block, the last folder that `cd` led to being kept in `folder`.
fn run(block: &Block, folder: &mut std::path::PathBuf) {
    for line in block.text.lines() {
        let mut words = line.split_whitespace().peekable();
        let mut variables = Vec::new();
        while let Some(pair) = words.next_if(|word| word.contains('=')) {
            variables.extend(pair.split_once('='));
        }
        match words.next() {
            Some("cd") => folder.push(words.next().unwrap()),
            Some("aither") => {
                let mut arguments: Vec<&str> = words.collect();
                // What goes on until it is stopped is only read, not run.
                if matches!(arguments[0], "serve" | "watch") {
                    arguments.push("--help");
                }
                let mut command = Command::new(env!("CARGO_BIN_EXE_aither"));
                let output = command
                    .args(&arguments)
                    .current_dir(&*folder)
                    .env_clear()
                    .envs(variables)
                    .output()
                    .unwrap();
                let told = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(output.status.success(), "{line}: {told}");
            }
            other => panic!("{other:?} is no command that this page should tell"),
        }
    }
}

fn put(folder: &Path, block: &Block) {
    let Some(file) = &block.file else {
        if block.language == "toml" {
            let scratch = tempfile::tempdir().unwrap();
            fs::write(scratch.path().join("aither.toml"), &block.text).unwrap();
            Config::load(scratch.path(), &Environment::default())
                .unwrap_or_else(|e| panic!("{e}\n{}", block.text));
        }
        return;
    };
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    if file == "aither.toml" {
        let before = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{before}\n{}", block.text)).unwrap();
    } else {
        fs::write(&path, &block.text).unwrap();
    }
}

#[test]
fn getting_started_works_from_beginning_to_end() {
    let home = tempfile::tempdir().unwrap();
    let mut folder = home.path().to_owned();
    let page = fs::read_to_string("docs/getting-started.md").unwrap();
    let blocks = blocks(&page);
    for block in &blocks {
        if block.language == "sh" { run(block, &mut folder) } else { put(&folder, block) }
    }
    assert!(blocks.iter().filter(|block| block.language == "sh").count() >= 5);
    let about = fs::read_to_string(folder.join("output/about/index.html")).unwrap();
    assert!(about.contains("href=\"/courses/ruhig-verhandeln/\""), "{about}");
}

#[test]
fn each_recipe_works_in_a_new_site() {
    let page = fs::read_to_string("docs/recipes.md").unwrap();
    // A headline within a block is none of the page's.
    let mut recipes: Vec<String> = Vec::new();
    let mut is_block = false;
    for line in page.lines() {
        is_block ^= line.starts_with("```");
        match line.strip_prefix("## ").filter(|_| !is_block) {
            Some(title) => recipes.push(format!("{title}\n")),
            None => {
                if let Some(recipe) = recipes.last_mut() {
                    recipe.push_str(line);
                    recipe.push('\n');
                }
            }
        }
    }
    for recipe in &recipes {
        let title = recipe.lines().next().unwrap();
        let home = tempfile::tempdir().unwrap();
        let mut folder = home.path().join("site");
        aither::source::local::init(&folder).unwrap();
        let blocks = blocks(recipe);
        assert!(blocks.iter().any(|block| block.language == "sh"), "{title} runs nothing");
        for block in &blocks {
            if block.language == "sh" { run(block, &mut folder) } else { put(&folder, block) }
        }
    }
    assert!(recipes.len() >= 10);
}

#[test]
fn the_readme_leads_to_every_page_of_the_documentation() {
    let readme = fs::read_to_string("README.md").unwrap();
    for entry in fs::read_dir("docs").unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") && name != "incremental.md" {
            assert!(readme.contains(&format!("(docs/{name})")), "{name}");
        }
    }
}

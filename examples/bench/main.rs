//! Times builds of one catalogue by aither and by Hugo, side by side in one run:
//!
//! ```sh
//! cargo build --release && cargo run --release --example bench -- --hugo $(command -v hugo) 5000
//! ```
//!
//! With `--watch` it times saves: from the write of one file to the new bytes of the page that somebody looks at, beside
//! `hugo server`.
//!
//! What is measured and how to read it stands in `benches/README.md`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program for the terminal that works on throw-away folders"
)]

mod measure;
mod sites;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use measure::{Measured, measure};
use sites::{Contender, Edit, Workshop};

/// Times builds side by side.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many courses; several numbers give several tables.
    #[arg(default_values_t = [500_usize, 5_000])]
    courses: Vec<usize>,

    /// The `hugo` program; without it only aither is measured.
    #[arg(long)]
    hugo: Option<PathBuf>,

    /// The `aither` program.
    #[arg(long, default_value = "target/release/aither")]
    aither: PathBuf,

    /// A folder on a memory file system: on a disk, creating files swings thirtyfold with what was deleted before.
    #[arg(long, default_value = "/dev/shm")]
    scratch: PathBuf,

    /// Time saves of a watched site instead of builds.
    #[arg(long)]
    watch: bool,

    /// How often each case runs; the median is shown.
    #[arg(long, default_value_t = 3)]
    runs: usize,
}

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    // The builds run in other folders.
    if let Ok(program) = arguments.aither.canonicalize() {
        arguments.aither = program;
    }
    for &courses in &arguments.courses {
        if let Err(trouble) = table(&arguments, courses) {
            eprintln!("{trouble}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Measures one number of courses and prints its table.
fn table(arguments: &Arguments, courses: usize) -> Result<(), String> {
    let workshop = Workshop::new(&arguments.scratch, courses)?;
    let mut contenders = vec![Contender::Aither(arguments.aither.clone())];
    if arguments.watch {
        contenders.extend(arguments.hugo.clone().map(Contender::HugoMarkdown));
        return watch::table(&workshop, &contenders, arguments.runs);
    }
    if let Some(hugo) = &arguments.hugo {
        contenders.push(Contender::HugoAdapter(hugo.clone()));
        contenders.push(Contender::HugoMarkdown(hugo.clone()));
    }
    println!("\n{courses} courses (wall s, CPU s, peak MB, files written; median of {})\n", arguments.runs);
    println!("| case | contender | wall | CPU | peak | written | wall, × best Hugo |");
    println!("|---|---|---:|---:|---:|---:|---:|");
    let floor = workshop.floor(&contenders[0])?;
    let mut sites = Vec::new();
    for contender in &contenders {
        sites.push(workshop.site(contender)?);
    }
    for edit in [Edit::Cold, Edit::Nothing, Edit::Title, Edit::Template] {
        let mut rows: Vec<(String, Measured)> = Vec::new();
        for (contender, site) in contenders.iter().zip(&mut sites) {
            let mut runs = Vec::new();
            for run in 0..arguments.runs {
                site.edit(edit, run)?;
                let before = site.stamps();
                let mut measured = measure(&mut contender.command(site))?;
                measured.written = site.written_since(&before);
                runs.push(measured);
            }
            if edit == Edit::Cold {
                workshop.check(contender, site)?;
            }
            rows.push((contender.to_string(), Measured::median(runs)));
        }
        let rival = rows.iter().skip(1).map(|(_, m)| m.wall).reduce(f64::min);
        for (name, measured) in &rows {
            let ratio = rival.map_or("".to_owned(), |rival| format!("{:.3}", measured.wall / rival));
            println!("| {edit} | {name} | {measured} | {ratio} |");
        }
        if edit == Edit::Cold {
            println!("| {edit} | floor: the same bytes, two threads, new folders | {floor:.3} | | | | |");
        }
    }
    Ok(())
}

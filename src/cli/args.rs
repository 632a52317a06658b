//! The arguments as typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::exit;

/// A static site generator for training academies.
#[derive(Debug, Parser)]
#[command(name = "aither", version, about, after_help = exit::HELP, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,

    #[command(flatten)]
    pub(super) talk: TalkArguments,

    /// The folder that holds aither.toml
    #[arg(long, global = true, value_name = "DIR", default_value = ".")]
    pub(super) root: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct TalkArguments {
    /// Say nothing but warnings and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,

    /// Say more
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,

    /// Print the result as one JSON object on standard output
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Pull the catalogue and build the site
    Build(BuildArguments),
    /// Write a small working site into a new folder
    Init {
        /// The folder
        dir: PathBuf,
    },
    /// Write a content file with its front matter
    New {
        /// courses/SLUG for what is added to a course, or the path of a page: PAGE.md, SECTION/PAGE.md
        what: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct BuildArguments {
    /// Do not ask the source: build from its last good answer
    #[arg(long)]
    pub(super) offline: bool,

    /// Publish although the catalogue shrank by more than the configured limit
    #[arg(long)]
    pub(super) allow_shrink: bool,

    /// Remove files from the output that aither did not write (names that begin with a dot stay)
    #[arg(long)]
    pub(super) clean: bool,

    /// Build drafts as well
    #[arg(long)]
    pub(super) drafts: bool,
}

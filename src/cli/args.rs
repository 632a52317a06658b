//! The arguments as typed.

use std::ffi::OsString;
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

impl Arguments {
    /// Reads arguments, the program's name first.
    pub(super) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        // A build is what runs again and again: it does not wait for the arguments of all other commands to be put together.
        if arguments.iter().any(|argument| argument == "build")
            && let Ok(OfBuild { command: BuildAlone::Build(build), talk, root }) =
                OfBuild::try_parse_from(&arguments)
        {
            return Ok(Self { command: Command::Build(build), talk, root });
        }
        Self::try_parse_from(arguments)
    }
}

/// The same where there is a single command. What it does not take is a matter of [`Arguments`], and so is what is said then.
#[derive(Debug, Parser)]
#[command(name = "aither", disable_version_flag = true, disable_help_flag = true)]
struct OfBuild {
    #[command(subcommand)]
    command: BuildAlone,

    #[command(flatten)]
    talk: TalkArguments,

    #[arg(long, global = true, value_name = "DIR", default_value = ".")]
    root: PathBuf,
}

#[derive(Debug, Subcommand)]
enum BuildAlone {
    #[command(disable_help_flag = true)]
    Build(BuildArguments),
}

#[derive(Debug, Args)]
pub(super) struct TalkArguments {
    /// Say nothing but warnings and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,

    /// Say more
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,

    /// How to talk on standard error: text for people, or json, one object a line
    #[arg(long, global = true, value_name = "FORMAT", env = "AITHER_LOG", default_value = "text")]
    pub(super) log: LogFormat,

    /// Print the result as one JSON object on standard output
    #[arg(long, global = true)]
    pub(super) json: bool,
}

/// How to talk on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Pull the catalogue and build the site
    Build(BuildArguments),
    /// Serve the built site, and the API that syncs it
    Serve(ServeArguments),
    /// Serve the site, build it anew when its files change, and show the change at once
    Watch(WatchArguments),
    /// Events that wait for a sync, webhooks that wait to be sent, and what of them failed for good
    Queue {
        #[command(subcommand)]
        command: QueueCommand,
    },
    /// Say what a page read when it was built, and what of it has changed since
    Why {
        /// A page (courses/x/index.html), an address (/courses/x/), a record (course:ID), or a file that pages were made
        /// from (templates/layouts/x.liquid, content/about.md)
        what: String,
    },
    /// Look the site over: links, anchors, pictures, titles, structured data, HTML; nothing is written
    Check(CheckArguments),
    /// List what the site has, and what it holds back
    List(ListArguments),
    /// Send results and texts that are meant for the sources, and are not there yet
    Push {
        /// Say what would be sent, and send nothing
        #[arg(long)]
        dry_run: bool,

        /// Try again what failed for good
        #[arg(long)]
        retry: bool,
    },
    /// Texts that were changed both here and at their source
    Conflicts {
        #[command(subcommand)]
        what: ConflictCommand,
    },
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
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// Also ask for the addresses of others that pages link to
    #[arg(long)]
    pub(super) external: bool,

    /// Look at drafts as well
    #[arg(long)]
    pub(super) drafts: bool,
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// What to list
    #[arg(value_enum, default_value_t = What::All)]
    pub(super) what: What,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum What {
    /// Everything
    All,
    /// Pages that are published
    Pages,
    /// Courses that are published
    Courses,
    /// Files that say that they are drafts
    Drafts,
    /// Files whose date is yet to come
    Future,
    /// Files whose time is over
    Expired,
    /// Pages to which no other page links
    Orphans,
}

#[derive(Debug, Subcommand)]
pub(super) enum QueueCommand {
    /// Everything that is not done
    List,
    /// Do now what is due
    Process,
    /// Try an entry again, a dead letter or one that waits
    Retry {
        /// Its id, as `list` shows it
        id: String,
    },
    /// Forget an entry
    Drop {
        /// Its id, as `list` shows it
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ConflictCommand {
    /// Those that are open
    List {
        /// Those that are resolved as well
        #[arg(long)]
        all: bool,
    },
    /// One, with what both sides say
    Show {
        /// Its id
        id: String,
    },
    /// Decide who is right
    Resolve {
        /// Its id
        id: String,
        /// `local`: what stands here, which the next push sends; `remote`: what the source says
        #[arg(value_enum)]
        resolution: Side,
    },
}

/// Who is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Side {
    Local,
    Remote,
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

    /// Build pages as well whose date is yet to come
    #[arg(long)]
    pub(super) future: bool,

    /// Build the site as of this moment: 2027-02-10 or 2027-02-10T09:30:00Z
    #[arg(long, value_name = "TIME", value_parser = super::commands::moment)]
    pub(super) at: Option<crate::model::moment::Moment>,

    /// Say of each page why it was rendered
    #[arg(long)]
    pub(super) explain: bool,

    /// Work out what would be written, and write nothing
    #[arg(long, conflicts_with = "verify")]
    pub(super) dry_run: bool,

    /// Build into an empty folder as well, and compare every byte; differences are listed and exit with 1
    #[arg(long)]
    pub(super) verify: bool,
}

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// The address to listen on: 127.0.0.1 for this machine, 0.0.0.0 for all its networks
    #[arg(long, value_name = "ADDRESS", value_parser = crate::config::listen_address)]
    pub(super) host: Option<std::net::IpAddr>,

    /// The port to listen on; 0 takes any that is free
    #[arg(long, value_name = "PORT")]
    pub(super) port: Option<u16>,

    /// Open the site in a browser
    #[arg(long)]
    pub(super) open: bool,
}

#[derive(Debug, Args)]
pub(super) struct WatchArguments {
    #[command(flatten)]
    pub(super) serve: ServeArguments,

    /// Ask the source every so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) pull: Option<u64>,

    /// Look at the files now and then, where the system does not tell of changes (network, containers)
    #[arg(long)]
    pub(super) poll: bool,

    /// Build drafts as well
    #[arg(long)]
    pub(super) drafts: bool,

    /// Build pages as well whose date is yet to come
    #[arg(long)]
    pub(super) future: bool,
}

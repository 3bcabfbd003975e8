//! The command line as a person types it: what may be given, and what `--help` says of it.
//!
//! Knows no file and no schema.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::target::Language;

/// From a Procwire schema to code: a typed Rust parent, and Python, TypeScript and Rust workers.
///
/// With a SCHEMA (a TOML file, or a Rust file with a trait under `#[procwire::module]`) it generates what --lang and
/// --out say. Without one it does everything that the nearest `procwire.toml` lists.
///
/// Two kinds of file come out. Ours open with an `@generated` line, are overwritten by every run and removed when
/// they are no longer made. Yours, the worker with your handlers, are written once and never touched again; when the
/// schema gains a method, the missing handler is printed, ready to paste.
#[derive(Debug, Parser)]
#[command(
    name = "procwire-gen",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_long_help = AFTER,
    override_usage = "procwire-gen [OPTIONS]\n       procwire-gen [OPTIONS] <SCHEMA> --lang <LANG> --out <DIR>\n       procwire-gen <COMMAND>"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,

    #[command(flatten)]
    pub(super) generate: Generate,

    #[command(flatten)]
    pub(super) output: Output,
}

/// What to generate.
#[derive(Args, Debug)]
pub(super) struct Generate {
    /// The schema: a .toml file, or a .rs file with the trait. Without it, everything in procwire.toml
    ///
    /// A Rust file is read, not compiled: types must stand in it, or in the modules that its `mod` lines lead to.
    #[arg(value_name = "SCHEMA", requires = "lang", requires = "out")]
    pub(super) schema: Option<PathBuf>,

    /// Language to generate; may be given several times
    #[arg(short, long, value_name = "LANG", value_enum, requires = "schema")]
    pub(super) lang: Vec<Language>,

    /// Folder to generate into; made if it is not there. One for all languages, or one for each, in their order
    #[arg(short, long, value_name = "DIR", requires = "schema")]
    pub(super) out: Vec<PathBuf>,

    /// Write nothing; show as a diff what is out of date, and exit with 3 if anything is
    #[arg(long)]
    pub(super) check: bool,
}

/// How results and mistakes are told.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Output {
    /// How to tell results and mistakes
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text, global = true)]
    pub(super) format: Format,

    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Colour::Auto, global = true)]
    pub(super) color: Colour,
}

/// `--format`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people, with excerpts of the schema
    Text,
    /// For programs: one JSON object per line, on standard output
    Json,
    /// For GitHub workflows: annotations beside the changed lines
    Github,
}

/// `--color`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    /// On a terminal that can show them
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Everything but generating.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Start a project: a schema, a worker and a Rust program that calls it
    ///
    /// Makes the folder NAME with all three, ready for `cargo run`. The worker answers from the start; replace its
    /// handlers with your own.
    New(New),
    /// Explain a code such as P0207: why it is refused, and what to write instead
    ///
    /// Without a CODE, lists all of them.
    Explain {
        /// The code, as in `error[P0207]`
        #[arg(value_name = "CODE")]
        code: Option<String>,
    },
    /// Print a completion script for a shell
    ///
    /// For bash: `procwire-gen completions bash > ~/.local/share/bash-completion/completions/procwire-gen`
    Completions {
        /// The shell
        #[arg(value_name = "SHELL", value_enum)]
        shell: clap_complete::Shell,
    },
}

/// What `new` makes.
#[derive(Args, Debug)]
pub(super) struct New {
    /// Language of the worker
    #[arg(value_name = "LANG", value_enum)]
    pub(super) language: Language,

    /// Name of the module, and of the folder: snake_case
    #[arg(value_name = "NAME")]
    pub(super) name: String,

    /// Use a checkout of Procwire at this path instead of the published packages
    #[arg(long, value_name = "PATH")]
    pub(super) checkout: Option<PathBuf>,
}

impl ValueEnum for Language {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()))
    }
}

const AFTER: &str = "\
procwire.toml:
  [[target]]
  schema = \"schema/pdf.toml\"
  lang   = \"python\"                # or a list
  out    = \"workers/pdf/pdf_worker\"

  Paths are relative to the file, which is looked for here and in the folders above.

Examples:
  procwire-gen schema/pdf.toml --lang python --out workers/pdf
  procwire-gen src/pdf.rs -l typescript -o web/worker
  procwire-gen --check                       for CI: everything in procwire.toml
  procwire-gen new python summaries          a project to start from

Exit status:
  0  done, or nothing to do
  1  wrong use, or a file that cannot be read or written
  2  the schema has errors
  3  --check found something out of date";

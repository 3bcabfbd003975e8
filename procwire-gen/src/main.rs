//! `procwire-gen`: see [`procwire_gen::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    procwire_gen::cli::run()
}

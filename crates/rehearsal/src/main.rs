//! The command line of Rehearsal.

mod args;
mod command;
mod exit;
mod render;

use std::process::ExitCode;

use clap::Parser;

use self::args::{Args, Command};

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.command {
        Command::Forecast(args) => command::forecast::run(&args),
        Command::Serve(args) => command::serve::run(&args),
        Command::Bench(args) => command::bench::run(&args),
        Command::Check(args) => command::check::run(&args),
        Command::Diff(args) => command::diff::run(&args),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            render::error(&error);
            exit::of(&error).into()
        }
    }
}

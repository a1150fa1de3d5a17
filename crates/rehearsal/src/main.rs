//! The command line of Rehearsal.

mod args;
mod command;
mod exit;
mod render;

use std::process::ExitCode;

use self::{
    args::{Args, Asked, Command},
    exit::Expected,
};

/// Requests of a load test are many small allocations; the C library's allocator takes a third of a run for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = match Args::read(std::env::args_os()) {
        Ok(Asked::Run(args)) => args,
        Ok(Asked::Help(text)) => {
            render::result(text.trim_end());
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            let error = Expected::usage(message).into();
            render::error(&error);
            return exit::of(&error).into();
        }
    };
    let done = match args.command {
        Command::Forecast(args) => command::forecast::run(&args),
        Command::Calibrate(args) => command::calibrate::run(&args),
        Command::Serve(args) => command::serve::run(&args),
        Command::Bench(args) => command::bench::run(&args),
        Command::Report(args) => command::report::run(&args),
        Command::Compare(args) => command::compare::run(&args),
        Command::Merge(args) => command::merge::run(&args),
        Command::SelfTest(args) => command::self_test::run(&args),
        Command::Explain(args) => command::explain::run(&args),
        Command::Check(args) => command::check::run(&args),
        Command::Record(args) => command::record::run(&args),
        Command::Diff(args) => command::diff::run(&args),
        Command::Page(args) => command::page::run(&args),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            render::error(&error);
            exit::of(&error).into()
        }
    }
}

//! vLLM's log lines on stderr, in its format.

use std::process;

use rehearsal::fake::{LogLevel, LogLine, LogProcess};

use crate::render;

/// Prints a line; the date is UTC, as in vLLM's containers. Places in vLLM's source are left out: they differ between builds.
pub(super) fn print(line: &LogLine) {
    let process = match line.process {
        LogProcess::ApiServer => "APIServer",
        LogProcess::EngineCore => "EngineCore_DP0",
    };
    let level = match line.level {
        LogLevel::Info => "INFO",
        LogLevel::Warning => "WARNING",
        LogLevel::Error => "ERROR",
        LogLevel::Uvicorn => {
            render::note(format!("({process} pid={}) INFO:     {}", process::id(), line.text));
            return;
        }
    };
    let date = jiff::Timestamp::now().strftime("%m-%d %H:%M:%S");
    render::note(format!("({process} pid={}) {level} {date} {}", process::id(), line.text));
}

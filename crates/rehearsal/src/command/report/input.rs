//! What a file holds: a log of requests, a report of ours, or the report's script's.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use rehearsal::load::{
    Report, SeedReport,
    report::{ImportError, Recording},
    search::Exploration,
};
use serde_json::Value;

use crate::exit::Expected;

/// A file that was read.
pub(crate) enum Input {
    /// Every request.
    Recording(Box<Recording>),
    /// The native report.
    Native(Box<Report>),
    /// The runs of a sweep or a search.
    Exploration(Box<Exploration>),
    /// The seed schema.
    Seed(Box<SeedReport>),
}

impl Input {
    /// Reads `path`, whichever it is; the content tells, not the name.
    pub(crate) fn read(path: &Path) -> Result<Self, Expected> {
        let wrong = |reason: String| Expected::usage(format!("`{}`: {reason}", path.display()));
        let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let head = reader.fill_buf().map_err(|error| wrong(error.to_string()))?;
        if is_log(head) {
            let recording = Recording::read(reader).map_err(|error| wrong(error.to_string()))?;
            return Ok(Self::Recording(Box::new(recording)));
        }

        let mut text = String::new();
        reader.read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
        // several documents, a line each: only an import can tell what they are
        let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        let as_native = |value| serde_json::from_value(value).map(|report| Self::Native(Box::new(report)));
        let as_seed = |value| serde_json::from_value(value).map(|report| Self::Seed(Box::new(report)));
        let read = match &value {
            Value::Object(keys) if keys.contains_key("generator") => as_native(value),
            Value::Object(keys) if keys.contains_key("probes") => {
                serde_json::from_value(value).map(|runs| Self::Exploration(Box::new(runs)))
            }
            Value::Object(keys) if keys.contains_key("token_usage") => as_seed(value),
            _ => match Recording::import(&text) {
                Ok(recording) => return Ok(Self::Recording(Box::new(recording))),
                Err(ImportError::Unknown) => {
                    let reason = "no report that is known; give a log (`bench --jsonl`), a report (`bench --report`) or a \
                              result in the seed schema (`bench --out`)";
                    return Err(wrong(reason.into()));
                }
                Err(error) => return Err(wrong(error.to_string())),
            },
        };
        read.map_err(|error| wrong(error.to_string()))
    }
}

/// Whether the first line is one of a log's: an object of its own with an `event`.
fn is_log(head: &[u8]) -> bool {
    let first_line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    first_line.trim_ascii_start().starts_with(b"{\"event\":")
}

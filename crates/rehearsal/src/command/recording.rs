//! Recordings as files: one JSON document, gzip where the name ends in `.gz`.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
};

use anyhow::Context;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use rehearsal::conformance::{SCHEMA_VERSION, SuiteReport};

use crate::exit::Expected;

const GZIP_BEGINS: [u8; 2] = [0x1f, 0x8b];

/// Whether a file of this name is a recording.
pub(super) fn is_named(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".json") || name.ends_with(".json.gz")
}

/// Reads a recording, packed or not, whatever its name.
pub(super) fn read(path: &Path) -> anyhow::Result<SuiteReport> {
    let wrong = |reason: String| {
        Expected::usage(format!("recording `{}`: {reason}; make one with `rehearsal record`", path.display()))
    };
    let mut bytes = fs::read(path).map_err(|error| wrong(error.to_string()))?;
    if bytes.starts_with(&GZIP_BEGINS) {
        let mut unpacked = Vec::new();
        GzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked).map_err(|error| wrong(error.to_string()))?;
        bytes = unpacked;
    }
    let report: SuiteReport = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    if report.schema_version != SCHEMA_VERSION {
        let found = report.schema_version;
        return Err(wrong(format!("its form is of version {found}, and this program reads {SCHEMA_VERSION}")).into());
    }
    Ok(report)
}

/// Writes a recording into a file that is already open.
pub(super) fn write(report: &SuiteReport, file: File, path: &Path) -> anyhow::Result<()> {
    let packed = path.extension().is_some_and(|extension| extension == "gz");
    let text = report.to_json() + "\n";
    let written = if packed { pack(file, &text) } else { plain(file, &text) };
    written.with_context(|| format!("writing `{}`", path.display()))
}

fn pack(file: File, text: &str) -> io::Result<()> {
    let mut packer = GzEncoder::new(file, Compression::best());
    packer.write_all(text.as_bytes())?;
    packer.finish()?.flush()
}

fn plain(mut file: File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.flush()
}

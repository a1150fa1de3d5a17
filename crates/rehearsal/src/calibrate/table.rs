//! Rows from a small table, for results of tools that nobody has taught us.

use std::num::{NonZeroU32, NonZeroUsize};

use rehearsal_fake::profile::ClientExtras;
use serde::Deserialize;
use thiserror::Error;

use super::{Observed, Role, Row, RowError};
use crate::forecast::{Load, Pattern, Prompts};

/// The columns, for messages.
const COLUMNS: &str = "tp, prompt_tokens, output_tokens, concurrency or rate, requests, and of tpot_ms, ttft_ms, latency_p50_s and output_tps \
                       what was measured; role (fit, holdout), prompts (same, unique), shortest (share of the lengths) and name may be there";

/// Why a table gives no rows.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableError {
    /// Not such a table.
    #[error("`{origin}`: {error}; the columns are {COLUMNS}")]
    Csv {
        /// The file.
        origin: String,
        /// What the parser says, with the line.
        error: csv::Error,
    },
    /// Neither or both of two columns.
    #[error("`{origin}`, row {row}: give either a concurrency or a rate")]
    Pattern {
        /// The file.
        origin: String,
        /// From 1, the head not counted.
        row: usize,
    },
    /// It cannot be.
    #[error(transparent)]
    Row(#[from] RowError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableRow {
    name: Option<String>,
    #[serde(default)]
    role: Role,
    tp: u32,
    concurrency: Option<NonZeroUsize>,
    rate: Option<f64>,
    requests: usize,
    prompt_tokens: NonZeroU32,
    output_tokens: NonZeroU32,
    shortest: Option<f64>,
    prompts: Option<Prompts>,
    tpot_ms: Option<f64>,
    ttft_ms: Option<f64>,
    latency_p50_s: Option<f64>,
    output_tps: Option<f64>,
}

/// The rows of a CSV file with a head; empty cells were not measured.
pub fn table(text: &str, origin: &str, client: ClientExtras) -> Result<Vec<Row>, TableError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for (index, row) in reader.deserialize().enumerate() {
        let row: TableRow = row.map_err(|error| TableError::Csv { origin: origin.to_owned(), error })?;
        let pattern = match (row.concurrency, row.rate) {
            (Some(concurrency), None) => Pattern::Closed(concurrency),
            (None, Some(rate)) => Pattern::Poisson(rate),
            _ => return Err(TableError::Pattern { origin: origin.to_owned(), row: index + 1 }),
        };
        let row = Row {
            name: row.name.unwrap_or_else(|| format!("{origin}, row {}", index + 1)),
            role: row.role,
            tensor_parallel: row.tp,
            load: Load {
                prompt_tokens: row.prompt_tokens,
                output_tokens: row.output_tokens,
                shortest: row.shortest.unwrap_or(1.0),
                prompts: row.prompts.unwrap_or(Prompts::Unique),
                pattern,
                requests: row.requests,
                client,
                seed: 0,
            },
            observed: Observed {
                tpot_s: row.tpot_ms.map(|ms| ms / 1e3),
                ttft_s: row.ttft_ms.map(|ms| ms / 1e3),
                latency_p50_s: row.latency_p50_s,
                output_tps: row.output_tps,
            },
        };
        row.check()?;
        rows.push(row);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_cells_were_not_measured() {
        let text = "role, tp, concurrency, rate, requests, prompt_tokens, output_tokens, tpot_ms, ttft_ms\n\
                    fit, 2, 16, , 32, 2048, 256, 25.5,\n\
                    holdout, 2, , 1.5, 45, 2048, 256, 27, 300\n";
        let rows = table(text, "rows.csv", ClientExtras::default()).unwrap();
        assert_eq!((rows[0].role, rows[0].observed.tpot_s, rows[0].observed.ttft_s), (Role::Fit, Some(0.0255), None));
        assert_eq!((rows[1].role, rows[1].load.pattern), (Role::Holdout, Pattern::Poisson(1.5)));
    }

    #[track_caller]
    fn refuse(text: &str, expect: &str) {
        let error = table(text, "rows.csv", ClientExtras::default()).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    }

    #[test]
    fn wrong_tables_say_what_a_right_one_has() {
        refuse("tp,concurrency\n2,16\n", "the columns are tp, prompt_tokens");
        let head = "tp,concurrency,rate,requests,prompt_tokens,output_tokens,tpot_ms,latency_p50_s\n";
        refuse(&format!("{head}2,16,1.5,32,128,256,25,\n"), "`rows.csv`, row 1: give either a concurrency or a rate");
        refuse(&format!("{head}2,16,,32,128,256,,\n"), "no TPOT, latency or output throughput");
        refuse(&format!("{head}2,16,,32,128,256,-3,\n"), "`tpot` must be a finite number > 0, got -0.003");
        refuse(
            &format!("{head}2,16,,32,128,256,100,5\n"),
            "TPOT 0.1 s over 256 tokens and latency 5 s cannot both be true",
        );
    }
}

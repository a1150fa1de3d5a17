//! `vllm serve`'s command line as vLLM reads it: multi-letter short names, underscores for hyphens, `--no-…` switches, several values,
//! JSON values in pieces, a YAML file of flags.
//!
//! clap cannot read that language, so it is translated first: [`translate`] checks every flag against the recorded help texts of vLLM and
//! hands clap the ones that do something here, each in one canonical form. The others are counted, to be named in one remark.

mod config_file;
mod count;
mod given;
mod json_pieces;
mod line;
mod listing;
mod table;
mod translate;

#[cfg(test)]
mod tests;

pub(crate) use self::{
    count::{Count, CountOrAuto, bytes},
    translate::{Translation, translate},
};

//! Releases between those whose every answer is recorded: 0.19.1 and 0.25.1 are data, and answer as servers of theirs were seen to.
//! `docs/adding-a-version.md` says how such a release is added; each cell of the tables here was observed on a live server of that release.

mod ask;
mod fields;
mod status;
mod usage_matrix;

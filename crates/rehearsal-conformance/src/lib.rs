//! rehearsal-conformance

//! rehearsal-load

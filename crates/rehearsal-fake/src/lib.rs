//! rehearsal-fake

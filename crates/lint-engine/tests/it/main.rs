//! Whole runs over texts in memory.

mod checklist;
mod docs;
mod registry;
mod snippet;
mod stable;
mod unknown;

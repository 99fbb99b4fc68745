//! Whole runs over texts in memory.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests may fail like tests")]

mod chains;
mod checklist;
mod docs;
mod evidence;
mod fixes;
mod graph;
mod idioms;
mod looked_at;
mod placeholders;
mod probed;
mod registry;
mod remedies;
mod render;
mod session;
mod settings;
mod silenced;
mod snippet;
mod stable;
mod suppress;
mod unknown;
mod wanted;

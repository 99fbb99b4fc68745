//! What users of the command line see: the real program, its output and its exit code.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod adopt;
mod adopt_moved;
mod adopt_part;
mod bots;
mod branches;
mod budgets;
mod charts;
mod ci_logs;
mod completions;
mod containers;
mod endpoints;
mod explain;
mod fix;
mod forms;
mod graph;
mod help;
mod hook;
mod host_comments;
mod in_part;
mod ingress;
mod input;
mod kill;
mod kinds;
mod logs;
mod output;
mod output_file;
mod pieces;
mod probe;
mod run;
mod settings;
mod snippet;
mod strangers;
mod terminal;
mod trace;
mod unsaid;
mod unsaid_kinds;
mod usage;
mod watch;

//! What nginx does with a configuration, statement by statement. Rows that say "as nginx" were run on nginx 1.22.1,
//! 1.26.3 and 1.30.6.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail like tests"
)]

mod certificates;
mod common;
mod discovery;
mod dispatch;
mod exchange;
mod facts;
mod includes;
mod inheritance;
mod limits;
mod line;
mod links;
mod locations;
mod maps;
mod open;
mod other_programs;
mod rewrite;
mod rivals;
mod rows;
mod servers;
mod straight;
mod threads;
mod words;

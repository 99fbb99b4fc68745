//! One test a rule; `tests/pattern_vs_pcre2.rs` compares with PCRE2 itself.

use super::*;

//! What a coverage-guided fuzzer throws at the program, and what must hold whatever it finds.
//!
//! A [`Target`] is a function from bytes to nothing that panics when an invariant is broken. The binary of this crate
//! gives it to libFuzzer (`cargo xtask fuzz`); the tests run it over the [`seeds`] and over what was found before.

#![expect(clippy::panic, reason = "a panic is how a target tells the fuzzer that an invariant is broken")]

mod fix;
mod parse;
mod run;
mod seeds;
mod settings;
mod trace;
mod tree;

pub use seeds::{dictionary, seeds};

/// What is fuzzed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The parser: the leaves of the tree give the bytes back.
    Parse,
    /// A whole run over several files, and every format it is written in.
    Run,
    /// Fixes: what they make parses no worse, and a second run changes nothing.
    Fix,
    /// A settings file: every problem has a place in it.
    Settings,
    /// One request followed through several files.
    Trace,
}

impl Target {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Parse, Self::Run, Self::Fix, Self::Settings, Self::Trace];

    /// The word for the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Run => "run",
            Self::Fix => "fix",
            Self::Settings => "settings",
            Self::Trace => "trace",
        }
    }

    /// The target of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    /// Tries one input.
    ///
    /// # Panics
    /// When an invariant is broken.
    pub fn check(self, input: &[u8]) {
        match self {
            Self::Parse => parse::check(input),
            Self::Run => run::check(input),
            Self::Fix => fix::check(input),
            Self::Settings => settings::check(input),
            Self::Trace => trace::check(input),
        }
    }
}

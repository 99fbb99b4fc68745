//! Runs a configuration between a client and back ends, and writes down what happens.

use std::time::Duration;

use super::client::PATIENCE;
use super::instance::Verdict;
use super::{Binary, Error, Manner, Probe, Running, Seen};

/// What is run.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Relative path and text, the main file first.
    pub files: Vec<(String, String)>,
    /// All times of the configuration are divided by this; times observed are not multiplied again.
    pub scale: u32,
    /// How the back ends take a handshake.
    pub manner: Manner,
    /// Whether `nginx -t` is asked first. Else the start is the test, which is twice as fast and shows no warnings.
    pub is_tested: bool,
    /// Whether each probe says which block ended its request.
    pub places: bool,
    /// Whether nginx runs as a worker below a master, which [`Reloader`](super::Reloader) needs.
    pub has_master: bool,
    /// A request that gets no answer for so long is given up.
    pub patience: Duration,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            scale: 1,
            manner: Manner::Strict,
            is_tested: true,
            places: false,
            has_master: false,
            patience: PATIENCE,
        }
    }
}

/// What nginx did with a configuration.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// What `-t` says; where it refuses nothing else was tried.
    pub verdict: Verdict,
    /// One for each probe.
    pub seen: Vec<Seen>,
    /// The access log.
    pub access: Vec<String>,
    /// The error log, from level `info`.
    pub errors: Vec<String>,
}

/// Runs a configuration and its probes, one after another.
///
/// # Errors
/// When the system or the harness fails; what nginx refuses or answers is no error.
pub fn observe(binary: &Binary, setup: &Setup, probes: &[Probe]) -> Result<Observation, Error> {
    let mut running = Running::start(binary, setup)?;
    let mut observation = Observation { verdict: running.verdict().clone(), ..Observation::default() };
    if running.is_up() {
        observation.seen = probes.iter().map(|probe| running.probe(probe)).collect();
        observation.access = running.access();
        observation.errors = running.errors();
    }
    Ok(observation)
}

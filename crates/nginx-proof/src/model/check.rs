//! Asks nginx the same as the model.

use nginx_semantics::NginxVersion;

use super::outcome::Outcome;
use super::predict::{Predicted, predict};
use crate::generate::{Request, known_to};
use crate::{Binary, Error, Manner, Probe, Running, Setup};

/// A request of which nginx does something else than the model says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which request.
    pub request: Request,
    /// What the model says: one of these.
    pub predicted: Vec<Outcome>,
    /// What nginx does.
    pub seen: Outcome,
}

/// What nginx does with each request.
///
/// # Errors
/// When nginx refuses the configuration, or something of the system fails.
pub fn ask(binary: &Binary, files: &[(String, String)], requests: &[Request]) -> Result<Vec<Outcome>, Error> {
    let seen = ask_once(binary, files, requests)?;
    // What nginx has not logged did not reach it: on a busy machine a port may still be another's.
    if seen.iter().any(Outcome::is_lost) { ask_once(binary, files, requests) } else { Ok(seen) }
}

fn ask_once(
    binary: &Binary,
    files: &[(String, String)],
    requests: &[Request],
) -> Result<Vec<Outcome>, Error> {
    let setup = Setup {
        files: known_to(files, binary.version),
        scale: 1,
        manner: Manner::Strict,
        is_tested: false,
        places: true,
        ..Setup::default()
    };
    let mut running = Running::start(binary, &setup)?;
    if !running.is_up() {
        return Err(Error::Refused { message: running.verdict().message.clone() });
    }
    let mut ask = |request: &Request| Outcome::seen(&running.probe(&Probe::Exchange(request.exchange())));
    Ok(requests.iter().map(&mut ask).collect())
}

/// What the model says differently, and why it says nothing.
pub fn compare(
    files: &[(String, String)],
    requests: &[Request],
    version: NginxVersion,
    seen: &[Outcome],
) -> (Vec<Difference>, Vec<String>) {
    let (mut differences, mut unsaid) = (Vec::new(), Vec::new());
    let predicted = predict(&known_to(files, version), requests, version);
    for ((predicted, seen), request) in predicted.into_iter().zip(seen).zip(requests) {
        match predicted {
            Predicted::CannotSay(reason) => unsaid.push(reason),
            says if says.is(seen) => {}
            Predicted::Says(predicted) => {
                let (request, seen) = (request.clone(), seen.clone());
                differences.push(Difference { request, predicted, seen });
            }
        }
    }
    (differences, unsaid)
}

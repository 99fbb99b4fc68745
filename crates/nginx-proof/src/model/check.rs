//! Asks nginx the same as the model.

use nginx_semantics::NginxVersion;

use super::outcome::Outcome;
use super::predict::{Predicted, predict};
use crate::generate::Request;
use crate::{Binary, Error, Exchange, Manner, Probe, Running, Setup};

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
    let setup = Setup {
        files: files_for(files, binary.version),
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
    let mut ask = |request: &Request| Outcome::seen(&running.probe(&Probe::Exchange(exchange(request))));
    Ok(requests.iter().map(&mut ask).collect())
}

/// nginx speaks HTTP/2 to back ends since this version.
const VERSION_2_SINCE: NginxVersion = NginxVersion::new(1, 29, 4);

/// The files without what this nginx does not have.
fn files_for(files: &[(String, String)], version: NginxVersion) -> Vec<(String, String)> {
    let is_old = version < VERSION_2_SINCE;
    let known = |text: &str| match is_old {
        true => text.replace("proxy_http_version 2;", "proxy_http_version 1.1;"),
        false => text.to_owned(),
    };
    files.iter().map(|(path, text)| (path.clone(), known(text))).collect()
}

fn exchange(request: &Request) -> Exchange {
    let mut exchange = Exchange::new(&request.method, &request.target);
    exchange.host = None;
    exchange.listen = request.port.map(|port| port.to_string());
    exchange.is_http10 = request.is_http10;
    exchange.body.clone_from(&request.body);
    exchange.is_chunked = request.is_chunked;
    for (name, value) in &request.headers {
        exchange = if name == "Host" { exchange.host(value) } else { exchange.header(name, value) };
    }
    exchange
}

/// What the model says differently, and why it says nothing.
pub fn compare(
    files: &[(String, String)],
    requests: &[Request],
    version: NginxVersion,
    seen: &[Outcome],
) -> (Vec<Difference>, Vec<String>) {
    let (mut differences, mut unsaid) = (Vec::new(), Vec::new());
    let predicted = predict(&files_for(files, version), requests, version);
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

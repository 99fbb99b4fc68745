//! Runs a configuration between a client and back ends, and writes down what happens.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::instance::{self, Instance, Verdict};
use crate::rewrite::{Listen, Surroundings, rewrite};
use crate::{Backends, Binary, Browser, Error, Manner, Received, certificate, client, ports, rfc6455};

/// What is run.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Relative path and text, the main file first.
    pub files: Vec<(String, String)>,
    /// All times of the configuration are divided by this; times observed are not multiplied again.
    pub scale: u32,
    /// How the back ends take a handshake.
    pub manner: Manner,
}

/// What is tried, at the first listen of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// A handshake; after 101 one message, and silence for `stay`.
    Handshake {
        /// With its query.
        path: String,
        /// Whose headers.
        browser: Browser,
        /// How long the client waits for the connection to be closed.
        stay: Duration,
    },
    /// A plain GET.
    Get {
        /// With its query.
        path: String,
    },
}

/// What a probe met.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Of the answer; `None` where there was none.
    pub status: Option<u16>,
    /// Why there was none.
    pub failure: Option<String>,
    /// Why a browser fails the connection in spite of 101 (RFC 6455 section 4.1).
    pub refused_because: Option<&'static str>,
    /// Of the answer.
    pub headers: Vec<(String, String)>,
    /// What the back ends received meanwhile, harness addresses replaced by those of the configuration.
    pub received: Vec<Received>,
    /// Whether a message came back through the tunnel.
    pub is_echoed: bool,
    /// When nginx closed the silent tunnel: the harness' client and back ends never do. `None` where it did not.
    pub closed_after: Option<Duration>,
}

impl Seen {
    /// Whether a browser's WebSocket is open.
    pub fn is_open(&self) -> bool {
        self.status == Some(101) && self.refused_because.is_none()
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

struct Harness<'h>(&'h mut Backends);

impl Surroundings for Harness<'_> {
    fn backend(&mut self, address: &str, is_tls: bool) -> Result<u16, Error> {
        self.0.port(address, is_tls)
    }

    fn listen(&mut self) -> Result<u16, Error> {
        ports::free_port().map_err(|error| Error::System { what: "port to listen on", error })
    }
}

/// Runs a configuration and its probes, one after another.
///
/// # Errors
/// When the system or the harness fails; what nginx refuses or answers is no error.
pub fn observe(binary: &Binary, setup: &Setup, probes: &[Probe]) -> Result<Observation, Error> {
    let folder = tempfile::Builder::new().prefix("nginx-proof-").tempdir();
    let folder = folder.map_err(|error| Error::System { what: "temporary folder", error })?;
    let mut backends = Backends::new(setup.manner);
    let rewritten = rewrite(&setup.files, folder.path(), setup.scale, &mut Harness(&mut backends))?;
    let pair = certificate::pair()?;
    write(folder.path(), "cert.pem", pair.certificate.as_bytes())?;
    write(folder.path(), "key.pem", pair.key.as_bytes())?;
    for (path, bytes) in &rewritten.files {
        write(folder.path(), path, bytes)?;
    }
    let (main, _) = rewritten.files.first().ok_or(Error::NoFile)?;
    let verdict = instance::test(binary, folder.path(), main)?;
    let mut observation = Observation { verdict, ..Observation::default() };
    let Some(listen) = rewritten.listens.first().filter(|_| observation.verdict.is_accepted) else {
        return Ok(observation);
    };
    let all: Vec<u16> = rewritten.listens.iter().map(|listen| listen.port).collect();
    let instance = Instance::start(binary, folder.path(), main, &all)?;
    for probe in probes {
        let before = backends.received().len();
        let mut seen = try_out(listen.port, probe);
        seen.received = backends.received().split_off(before);
        for header in seen.received.iter_mut().flat_map(|one| &mut one.head.headers) {
            header.1 = with_original_ports(backends.with_original_addresses(&header.1), &rewritten.listens);
        }
        observation.seen.push(seen);
    }
    observation.access = instance.log("access.log");
    observation.errors = instance.log("error.log");
    Ok(observation)
}

/// `$server_port` is one that was free.
fn with_original_ports(value: String, listens: &[Listen]) -> String {
    let is_port = |listen: &&Listen| listen.original.bytes().all(|byte| byte.is_ascii_digit());
    let of_listen = |value: String, listen: &Listen| match value.strip_suffix(&format!(":{}", listen.port)) {
        Some(host) => format!("{host}:{}", listen.original),
        None => value,
    };
    listens.iter().filter(is_port).fold(value, of_listen)
}

fn try_out(port: u16, probe: &Probe) -> Seen {
    let mut seen = Seen::default();
    let answer = match probe {
        Probe::Get { path } => client::get(port, path),
        Probe::Handshake { path, browser, stay } => {
            client::handshake(port, path, *browser).and_then(|(head, stream)| {
                if head.status() == Some(101) {
                    seen.refused_because = rfc6455::fault(&head);
                    let tunnel = client::stay(stream, *stay)?;
                    (seen.is_echoed, seen.closed_after) = (tunnel.is_echoed, tunnel.closed_after);
                }
                Ok(head)
            })
        }
    };
    match answer {
        Ok(head) => (seen.status, seen.headers) = (head.status(), head.headers),
        Err(error) => seen.failure = Some(error.to_string()),
    }
    seen
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let path = folder.join(name);
    let done = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes));
    done.map_err(|error| Error::File { path, error })
}

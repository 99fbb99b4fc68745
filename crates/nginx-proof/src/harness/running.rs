//! A configuration that runs: nginx, its back ends and its folder, all taken down when it is dropped.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{io, mem, thread};

use tempfile::TempDir;

use super::client::{self, Door, PATIENCE, Wire};
use super::conduct::{Conduct, MARK};
use super::http::Body;
use super::instance::{self, Instance, Processes, Verdict};
use super::probe::{Answered, Closer, Exchange, Probe, Seen};
use super::rewrite::{Listen, Place, Rewritten, Surroundings, WHERE_LOG, rewrite_with};
use super::{Backends, Binary, Error, Setup, certificate, ports, rfc6455};

/// How often a log is looked at for a line that is due.
const TICK: Duration = Duration::from_micros(300);

/// No answer is longer.
const MOST_BODY: usize = 16 << 20;

struct Harness<'h> {
    backends: &'h mut Backends,
    /// Addresses that are no back end's, and the ports that stand for them.
    others: &'h [(&'h str, u16)],
}

impl Surroundings for Harness<'_> {
    fn backend(&mut self, address: &str) -> Result<u16, Error> {
        match self.others.iter().find(|(other, _)| *other == address) {
            Some((_, port)) => Ok(*port),
            None => self.backends.port(address),
        }
    }

    fn listen(&mut self) -> Result<u16, Error> {
        ports::free_port().map_err(|error| Error::System { what: "port to listen on", error })
    }
}

/// How one request goes on.
#[derive(Debug, Default)]
struct Plan {
    /// Whether the client stays in a tunnel, and how long.
    stay: Option<Duration>,
    /// What the back end does.
    conduct: Conduct,
}

/// A configuration that runs. Its fields are dropped in their order: nginx first.
#[derive(Debug)]
pub struct Running {
    instance: Option<Instance>,
    verdict: Verdict,
    backends: Backends,
    rewritten: Rewritten,
    /// The tunnels that stay open.
    held: Vec<Wire>,
    /// How much of the log of places was read.
    read: u64,
    patience: Duration,
    folder: TempDir,
}

/// Asks a master to read its files again: new workers start, and the old ones end when their connections do.
#[derive(Debug, Clone, Copy)]
pub struct Reloader(u32);

impl Reloader {
    /// Sends SIGHUP.
    ///
    /// # Errors
    /// When there is no `kill`.
    pub fn reload(self) -> Result<(), Error> {
        instance::signal(self.0, "HUP")
    }
}

impl Running {
    /// Rewrites a configuration and starts nginx, unless nginx refuses it or there is nothing to listen on.
    ///
    /// # Errors
    /// When the system or the harness fails; what nginx refuses is no error.
    pub fn start(binary: &Binary, setup: &Setup) -> Result<Self, Error> {
        Self::start_before(binary, setup, &[])
    }

    /// The same in front of others that run: each behind an address that the configuration passes requests to, at its
    /// first `listen`.
    ///
    /// # Errors
    /// As for [`Running::start`].
    pub fn start_before(binary: &Binary, setup: &Setup, others: &[(&str, &Self)]) -> Result<Self, Error> {
        let door = |other: &Self| other.rewritten.listens.first().map(|listen| listen.port);
        let others: Vec<(&str, u16)> =
            others.iter().filter_map(|(address, other)| Some((*address, door(other)?))).collect();
        Self::start_beside(binary, setup, &others)
    }

    /// The same with servers of another kind: each is a port of 127.0.0.1 behind an address that the configuration passes
    /// requests to.
    ///
    /// # Errors
    /// As for [`Running::start`].
    pub fn start_beside(binary: &Binary, setup: &Setup, others: &[(&str, u16)]) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("nginx-proof-").tempdir();
        let folder = folder.map_err(|error| Error::System { what: "temporary folder", error })?;
        let mut backends = Backends::new(setup.manner);
        let mut harness = Harness { backends: &mut backends, others };
        let rewritten = rewrite_with(&setup.files, folder.path(), setup.scale, setup.places, &mut harness)?;
        let pair = certificate::pair()?;
        write(folder.path(), "cert.pem", pair.certificate.as_bytes())?;
        write(folder.path(), "key.pem", pair.key.as_bytes())?;
        for (path, bytes) in &rewritten.files {
            write(folder.path(), path, bytes)?;
        }
        let (main, _) = rewritten.files.first().ok_or(Error::NoFile)?;
        let ports: Vec<u16> = rewritten.listens.iter().map(|listen| listen.port).collect();
        let verdict = if setup.is_tested || ports.is_empty() {
            instance::test(binary, folder.path(), main)?
        } else {
            Verdict { is_accepted: true, ..Verdict::default() }
        };
        let processes = if setup.has_master { Processes::Master } else { Processes::One };
        let (instance, verdict) = if !verdict.is_accepted || ports.is_empty() {
            (None, verdict)
        } else {
            match Instance::start(binary, folder.path(), main, processes, &ports) {
                Ok(instance) => (Some(instance), verdict),
                Err(refused) if !setup.is_tested => match instance::refusal(folder.path()) {
                    Some(verdict) => (None, verdict),
                    None => return Err(refused),
                },
                Err(error) => return Err(error),
            }
        };
        Ok(Self {
            instance,
            verdict,
            backends,
            rewritten,
            held: Vec::new(),
            read: 0,
            patience: setup.patience,
            folder,
        })
    }

    /// What nginx says of the configuration; where it refuses, no probe gets an answer.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Whether nginx runs: it took the configuration, and there is a `listen`.
    pub fn is_up(&self) -> bool {
        self.instance.is_some()
    }

    /// The blocks that can end a request, in the order of the files; none unless [`Setup::places`] asks for them.
    pub fn places(&self) -> &[Place] {
        &self.rewritten.places
    }

    /// What makes nginx read its files again, from another thread as well.
    pub fn reloader(&self) -> Option<Reloader> {
        self.instance.as_ref().map(|instance| Reloader(instance.id()))
    }

    /// Puts another text in the place of a file, which nginx reads with the next reload.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn replace(&self, path: &str, text: &str) -> Result<(), Error> {
        // Another inode: since 1.27.4 nginx keeps certificates of files whose inode and second of change are as before
        // (`ssl_object_cache_inheritable`).
        let new = format!("{path}.new");
        write(self.folder.path(), &new, text.as_bytes())?;
        let (from, to) = (self.folder.path().join(&new), self.folder.path().join(path));
        fs::rename(from, &to).map_err(|error| Error::File { path: to, error })
    }

    /// Where nginx listens, in the order of the files.
    pub fn listens(&self) -> &[Listen] {
        &self.rewritten.listens
    }

    /// The port of 127.0.0.1 that stands for a `listen`, for clients of another kind than probes.
    pub fn port(&self, listen: &str) -> Option<u16> {
        self.rewritten.listens.iter().find(|one| one.is_called(listen)).map(|listen| listen.port)
    }

    /// The certificate, in PEM, that stands for those of the configuration unless these are given with a key.
    ///
    /// # Errors
    /// When none could be made.
    pub fn certificate() -> Result<&'static str, Error> {
        Ok(certificate::pair()?.certificate.as_str())
    }

    /// Tries one thing. Probes do not disturb one another.
    pub fn probe(&mut self, probe: &Probe) -> Seen {
        let (exchange, plan) = match probe {
            Probe::Get { path } => (Exchange::get(path), Plan::default()),
            Probe::Exchange(exchange) => (exchange.clone(), Plan::default()),
            Probe::Handshake { path, browser, stay } => {
                (Exchange::handshake(path, *browser), Plan { stay: Some(*stay), ..Plan::default() })
            }
            Probe::Tunnel { exchange, stay, conduct } => {
                (exchange.clone(), Plan { stay: Some(*stay), conduct: conduct.clone() })
            }
            Probe::Stream { exchange, stream } => {
                (exchange.clone(), Plan { conduct: Conduct::Streams(stream.clone()), ..Plan::default() })
            }
            Probe::Held(exchange) => return self.hold(exchange),
            Probe::Series { exchange, times, keeps_cookies } => {
                return self.series(exchange, *times, *keeps_cookies);
            }
        };
        self.one(&exchange, plan)
    }

    fn one(&mut self, exchange: &Exchange, plan: Plan) -> Seen {
        let before = self.backends.count();
        let errors = if plan.stay.is_some() { self.errors().len() } else { 0 };
        self.backends.backstage().set(plan.conduct);
        let mut seen = Seen::default();
        let mut port = None;
        let answer = self.wire(exchange).and_then(|wire| {
            port = wire.local_port();
            self.converse(wire, exchange, plan.stay, &mut seen)
        });
        if let Err(error) = answer {
            seen.failure = Some(error.to_string());
        }
        seen.answered = port.and_then(|port| self.answered(port));
        seen.delivery = self.backends.backstage().delivery();
        if let Some((closer @ Closer::Nginx, _)) = &mut seen.ended
            && self.errors().iter().skip(errors).any(|line| line.contains("timed out"))
        {
            *closer = Closer::Timeout;
        }
        seen.received = self.backends.received_since(before);
        for one in &mut seen.received {
            one.head.line = self.original(&one.head.line);
            for (_, value) in &mut one.head.headers {
                *value = self.original(value);
            }
        }
        let set = seen.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Set-Cookie"));
        seen.cookies = set.map(|(_, value)| value.clone()).collect();
        for (_, value) in &mut seen.headers {
            *value = self.original(value);
        }
        if self.backends.are_telling() {
            seen.body = self.original(&String::from_utf8_lossy(&seen.body)).into_bytes();
        }
        seen
    }

    /// Keeps the connection.
    fn hold(&mut self, exchange: &Exchange) -> Seen {
        let before = self.backends.count();
        let mut seen = Seen::default();
        match self.wire(exchange).and_then(|mut wire| wire.ask(exchange).map(|head| (wire, head))) {
            Ok((wire, head)) => {
                (seen.status, seen.headers) = (head.status(), head.headers);
                self.held.push(wire);
            }
            Err(error) => seen.failure = Some(error.to_string()),
        }
        seen.received = self.backends.received_since(before);
        seen
    }

    /// What is seen is that of the last request, but for what the back ends got.
    fn series(&mut self, exchange: &Exchange, times: usize, keeps_cookies: bool) -> Seen {
        let mut exchange = exchange.clone();
        let mut all = Seen::default();
        for _ in 0..times {
            let mut seen = self.one(&exchange, Plan::default());
            let mut reached = mem::take(&mut all.reached);
            // Where nginx tried more than one it is the last that answered.
            reached.push(seen.received.last().map(|received| received.backend.clone()));
            let mut received = mem::take(&mut all.received);
            received.append(&mut seen.received);
            if keeps_cookies {
                exchange.take_cookies(&seen.cookies);
            }
            all = Seen { reached, received, ..seen };
        }
        all
    }

    /// Asks, reads the answer and, where the handshake succeeds and it is wanted, stays.
    fn converse(
        &self,
        mut wire: Wire,
        exchange: &Exchange,
        stay: Option<Duration>,
        seen: &mut Seen,
    ) -> io::Result<()> {
        let head = wire.ask(exchange)?;
        seen.status = head.status();
        seen.headers.clone_from(&head.headers);
        if let Some(stay) = stay.filter(|_| seen.status == Some(101)) {
            seen.refused_because = rfc6455::fault(&head);
            let tunnel = client::stay(wire, stay)?;
            seen.is_echoed = tunnel.is_echoed;
            seen.closed_after = tunnel.closed.map(|(after, _)| after);
            let closer = match tunnel.closed {
                None => Closer::Client,
                Some(_) if self.backends.backstage().has_closed() => Closer::Backend,
                Some(_) => Closer::Nginx,
            };
            seen.ended = Some((closer, tunnel.closed.map(|(_, close)| close)));
            return Ok(());
        }
        let is_plain = !head.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Content-Encoding"));
        let mut body = Body::of(&head, exchange.method == "HEAD");
        while let Some(part) = body.next(&mut wire)? {
            seen.body.extend(part);
            let parts = if is_plain {
                seen.body.windows(MARK.len()).filter(|bytes| *bytes == MARK.as_bytes()).count()
            } else {
                // Of what is compressed only that something came can be said.
                self.backends.backstage().sent() + 1
            };
            self.backends.backstage().arrived(parts);
            if seen.body.len() > MOST_BODY {
                return Err(io::Error::other("an answer without end"));
            }
        }
        Ok(())
    }

    /// The lines of the access log so far.
    pub fn access(&self) -> Vec<String> {
        self.log("access.log")
    }

    /// The lines of the error log so far, from level `info`.
    pub fn errors(&self) -> Vec<String> {
        self.log("error.log")
    }

    fn log(&self, name: &str) -> Vec<String> {
        instance::read(&self.folder.path().join(name)).lines().map(str::to_owned).collect()
    }

    fn wire(&self, exchange: &Exchange) -> io::Result<Wire> {
        if self.instance.is_none() {
            return Err(io::Error::other("nginx does not run"));
        }
        let mut listens = self.rewritten.listens.iter();
        let listen = match &exchange.listen {
            None => listens.next(),
            Some(wanted) => listens.find(|listen| listen.is_called(wanted)),
        };
        let listen = listen.ok_or_else(|| io::Error::other("the configuration has no such listen"))?;
        let door = Door { port: listen.port, is_tls: listen.is_tls };
        Wire::open(door, exchange.host.as_deref().unwrap_or_default(), self.patience)
    }

    /// Waits for the line that says which block ended the only request of the connection from `port`.
    fn answered(&mut self, port: u16) -> Option<Answered> {
        if self.rewritten.places.is_empty() {
            return None;
        }
        let start = Instant::now();
        let path = self.folder.path().join(WHERE_LOG);
        while start.elapsed() < PATIENCE {
            let found = tail(&path, &mut self.read).unwrap_or_default();
            let found = found.lines().filter_map(|line| self.line(line)).find(|(from, _)| *from == port);
            if let Some((_, answered)) = found {
                return Some(answered);
            }
            thread::sleep(TICK);
        }
        None
    }

    fn line(&self, line: &str) -> Option<(u16, Answered)> {
        let mut words = line.splitn(4, ' ');
        let place = words.next()?.parse::<usize>().ok()?;
        let (port, status, uri) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?);
        let place = self.rewritten.places.get(place)?.clone();
        Some((port, Answered { place, uri: uri.to_owned(), status }))
    }

    /// A text with the addresses of the configuration in place of those of the harness' back ends.
    pub fn original_text(&self, text: &str) -> String {
        self.backends.with_original_addresses(text)
    }

    /// A text with the configuration's own addresses and ports in place of those of the harness.
    fn original(&self, text: &str) -> String {
        let mut text = self.backends.with_original_addresses(text);
        for listen in &self.rewritten.listens {
            text = listen.with_original_port(&text);
        }
        text
    }
}

/// What was written to a file since the last time, whole lines only.
fn tail(path: &Path, from: &mut u64) -> io::Result<String> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(*from))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    bytes.truncate(whole);
    *from += u64::try_from(whole).unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let path = folder.join(name);
    let done = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes));
    done.map_err(|error| Error::File { path, error })
}

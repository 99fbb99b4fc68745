//! What the model says of a case: [`Exchanges::run`], and behind it the back end's judgement by RFC 6455.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use nginx_semantics::{
    Answer, AnsweredBy, ClientRequest, Configuration, ContextId, ContextKind, DirectiveName, Effort, Ending,
    Exchanges, HeaderSource, Loaded, Locations, MemoryFiles, NginxVersion, Obstacle, Passed, Peer, Premises,
    Scope, ServerSelection, Socket, Step, UpstreamFields, UpstreamRequest, UpstreamVersion, Value, Variables,
    Way, load, peers, select_server, sockets, upstream,
};

use super::outcome::{Asked, Outcome};
use crate::generate::Request;
use crate::harness::rfc6455::{Reply, judge};
use crate::{Head, Manner};

/// Where the files lie, for the model.
const FOLDER: &str = "/case";

/// What the model says of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Predicted {
    /// This comes of it, or one of these where the configuration does not tell.
    Says(Vec<Outcome>),
    /// It cannot be said, for this reason.
    CannotSay(String),
}

impl Predicted {
    /// Whether it is what was seen; false where nothing is said.
    pub fn is(&self, seen: &Outcome) -> bool {
        matches!(self, Self::Says(outcomes) if outcomes.iter().any(|outcome| outcome.is(seen)))
    }
}

/// Files of this folder are no configuration: nginx serves them where no `root` is written.
const SERVED: &str = "html/";

/// What the model says of each request to the first socket of some files, for one nginx.
pub fn predict(files: &[(String, String)], requests: &[Request], version: NginxVersion) -> Vec<Predicted> {
    let mut memory = MemoryFiles::new();
    for (path, text) in files {
        memory.insert(PathBuf::from(FOLDER).join(path), text.as_str());
    }
    let folder = PathBuf::from(FOLDER);
    let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
    let main = files.first().map(|(path, _)| folder.join(path));
    let loaded = load(&memory, &main.into_iter().collect::<Vec<_>>(), &scope);
    let Some(predictor) = loaded.layouts.first().map(|layout| Configuration::new(&loaded.sources, layout))
    else {
        return vec![Predicted::CannotSay("nothing was read".to_owned()); requests.len()];
    };
    let variables = Variables::new(predictor);
    let locations = Locations::new(predictor);
    let effort = Effort::whole(&variables);
    let all = Exchanges {
        configuration: predictor,
        variables: &variables,
        locations: &locations,
        version,
        effort: &effort,
        premises: Premises {
            has_files: files.iter().any(|(path, _)| path.starts_with(SERVED)),
            is_host_told: true,
            is_browser: false,
            back_end: Some(strict),
            answers_subrequests: true,
            has_no_http2: true,
            may_send_more: false,
            may_be_limited: true,
        },
    };
    let predict = |request: &Request| match (Prediction { all: &all, loaded: &loaded, body: &request.body })
        .of(request)
    {
        Ok(outcomes) => Predicted::Says(outcomes),
        Err(reason) => Predicted::CannotSay(reason),
    };
    requests.iter().map(predict).collect()
}

struct Prediction<'p, 's> {
    all: &'p Exchanges<'p, 's>,
    loaded: &'s Loaded,
    /// What follows the head of the request.
    body: &'p str,
}

impl<'s> Prediction<'_, 's> {
    fn of(&self, request: &Request) -> Result<Vec<Outcome>, String> {
        let owned = |(name, value): &(String, String)| (name.clone(), value.as_bytes().to_vec());
        let socket = self.socket(request.port)?;
        // As the client of the harness writes it.
        let body = match (request.body.len(), request.is_chunked) {
            (0, _) => None,
            (_, true) => Some(("Transfer-Encoding".to_owned(), b"chunked".to_vec())),
            (length, false) => Some(("Content-Length".to_owned(), length.to_string().into_bytes())),
        };
        let sni = request.headers.iter().find(|(name, _)| name == "Host").map(|(_, value)| value.clone());
        let client = ClientRequest {
            method: request.method.clone(),
            is_http10: request.is_http10,
            target: request.target.clone().into_bytes(),
            headers: request.headers.iter().map(owned).chain(body).collect(),
            is_tls: socket.is_tls(),
            sni: sni.filter(|_| socket.is_tls()),
            has_no_certificate: true,
            client: Some(Ipv4Addr::LOCALHOST.into()),
            local: socket.address.port().map(|port| (Ipv4Addr::LOCALHOST, port).into()),
        };
        let exchange = self.all.run(self.server(&socket, &client)?, client);
        for way in &exchange.ways {
            if let Ending::CannotSay(obstacle) = way.ending {
                return Err(self.reason(obstacle));
            }
        }
        if exchange.is_cut {
            return Err("too many ways".to_owned());
        }
        let ways: Result<Vec<Vec<Outcome>>, String> = exchange.ways.iter().map(|way| self.way(way)).collect();
        let mut outcomes = ways?.concat();
        if self.is_mirrored() {
            // A copy that is switched ends the request, sooner or later ("connection upgrade in subrequest").
            let cut = |outcome: &Outcome| Outcome {
                status: None,
                failure: None,
                location: None,
                asked: None,
                ..outcome.clone()
            };
            let cut: Vec<Outcome> = outcomes.iter().map(cut).collect();
            outcomes.extend(cut);
        }
        Ok(outcomes)
    }

    fn way(&self, way: &Way<'s>) -> Result<Vec<Outcome>, String> {
        let asked = way.steps.iter().rev().find_map(|step| match step {
            Step::Intercepted { passed, .. } => Some(self.asked(passed)),
            _ => None,
        });
        let asked = match asked.transpose()? {
            Some((asked, _)) => asked,
            None => vec![None],
        };
        match &way.ending {
            Ending::Answered(answer) => {
                let location = match &answer.location {
                    Some(value) => Some(text(value, "Location")?),
                    None => None,
                };
                let status = Some(answer.status).filter(|status| *status != 444);
                let is_asked = |step: &Step<'_>| matches!(step, Step::Checked { directive, .. } if directive.name() == DirectiveName::AUTH_REQUEST);
                let is_open = way.steps.iter().any(is_asked) || self.is_mirrored();
                let place = self.place(answer.context);
                let outcome = |asked| Outcome {
                    place: place.clone(),
                    status,
                    failure: None,
                    location: location.clone(),
                    asked,
                    is_open,
                    before: Vec::new(),
                };
                Ok(asked.into_iter().map(outcome).collect())
            }
            Ending::Passed(passed) => self.passed(passed),
            Ending::CannotSay(obstacle) => Err(self.reason(*obstacle)),
        }
    }

    /// The socket that is asked: that of a port, or the first.
    fn socket(&self, port: Option<u16>) -> Result<Socket<'s>, String> {
        let configuration = self.all.configuration;
        let http = configuration.of_kind(ContextKind::Http).next().ok_or("no http")?;
        let is_it = |socket: &Socket<'_>| port.is_none() || socket.address.port() == port;
        sockets(configuration, http).into_iter().find(is_it).ok_or_else(|| "no server".to_owned())
    }

    /// The server of it that takes a request.
    fn server(&self, socket: &Socket<'s>, client: &ClientRequest) -> Result<ContextId, String> {
        let configuration = self.all.configuration;
        let default = socket.default().ok_or("no server")?.server;
        // What is wrong with the line, the host or what comes before it ends the request before the host is known
        // (ngx_http_process_request_line, ngx_http_process_request_headers). One without a host has none all the same.
        let mut begun = client.clone();
        let host = begun.headers.iter().position(|(name, _)| name.eq_ignore_ascii_case("host"));
        begun.headers.truncate(host.map_or(0, |at| at + 1));
        begun.is_http10 |= host.is_none();
        let refused = self.all.run(default, begun);
        if let Some(Ending::Answered(Answer { status: 400 | 414, by: AnsweredBy::BadRequest, .. })) =
            refused.only_way().map(|way| &way.ending)
        {
            return Ok(default);
        }
        match select_server(configuration, socket, client.host().as_deref()) {
            Some(ServerSelection::Server(server, _)) => Ok(server),
            Some(ServerSelection::CannotSay(_)) => Err("a regex of a server's name".to_owned()),
            None => Err("no server".to_owned()),
        }
    }

    /// Whether a copy of a request may be sent besides.
    fn is_mirrored(&self) -> bool {
        self.all.configuration.has_any(DirectiveName::MIRROR)
    }

    /// One outcome for each server of the upstream that may be asked.
    fn passed(&self, passed: &Passed<'s>) -> Result<Vec<Outcome>, String> {
        let (asked, answer) = self.asked(passed)?;
        let outcome = |asked| Outcome {
            place: self.place(passed.context),
            status: Some(passed.status.unwrap_or(answer)),
            failure: None,
            location: None,
            asked,
            is_open: self.is_mirrored(),
            before: Vec::new(),
        };
        Ok(asked.into_iter().map(outcome).collect())
    }

    /// What each server of the upstream gets that may be asked, and what it answers.
    fn asked(&self, passed: &Passed<'s>) -> Result<(Vec<Option<Asked>>, u16), String> {
        let request = passed.request.as_ref().ok_or("another module")?;
        let mut fields = self.all.fields(request);
        for field in &mut fields.sent {
            // What came in chunks goes on with its length, which only who sent it knows.
            if field.name == "Content-Length" && field.value == Value::NotEmpty {
                field.value = Value::known(self.body.len().to_string());
            }
        }
        let mut head = head(request, &fields)?;
        let answer = answer(&head);
        let is_http2 = request.version == UpstreamVersion::Http2;
        if is_http2 {
            // The preface of HTTP/2 (RFC 9113 section 3.4) is what a back end of HTTP/1 reads.
            head = Head { line: "PRI * HTTP/2.0".to_owned(), headers: Vec::new() };
        }
        let peer = text(&request.peer, "peer")?;
        let block = upstream(self.all.configuration, passed.context, &peer);
        let all: Vec<Peer<'s>> =
            block.map(|block| peers(self.all.configuration, block).collect()).unwrap_or_default();
        let mut asked: Vec<Option<Asked>> = match all.is_empty() {
            true => vec![Some(Asked::new(&peer, &head))],
            false => asked_first(&all).map(|peer| Some(Asked::new(&peer.address, &head))).collect(),
        };
        // Of several, those that failed requests before are passed over (`max_fails`): perhaps all.
        if is_http2 && all.len() > 1 {
            asked.push(None);
        }
        Ok((asked, answer))
    }

    /// Where a block starts, as `file:line`.
    fn place(&self, context: ContextId) -> String {
        let Some(opener) = self.all.configuration.opener(context) else { return "main".to_owned() };
        let at = opener.at();
        let Some(file) = self.loaded.sources.get(at.file) else { return "nowhere".to_owned() };
        let before = file.bytes().get(..at.span.start as usize).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let path = file.path.strip_prefix(FOLDER).unwrap_or(&file.path);
        format!("{}:{line}", path.display())
    }

    fn reason(&self, obstacle: Obstacle<'_>) -> String {
        match obstacle {
            Obstacle::Regex(_) => "a regex".to_owned(),
            Obstacle::Value(directive) => {
                format!("a value of `{}`", String::from_utf8_lossy(&directive.name_bytes()))
            }
            Obstacle::Module(_) => "a module".to_owned(),
            Obstacle::Defect(_) => "a defect of nginx".to_owned(),
            Obstacle::NoServer => "no server".to_owned(),
        }
    }
}

/// The servers of an upstream that a request may go to while all that are not down answer.
fn asked_first<'p, 's>(all: &'p [Peer<'s>]) -> impl Iterator<Item = &'p Peer<'s>> {
    let is_up = |peer: &&Peer<'_>| !peer.has("down");
    let has_primary = all.iter().filter(is_up).any(|peer| !peer.has("backup"));
    all.iter().filter(is_up).filter(move |peer| peer.has("backup") != has_primary)
}

/// The status that the back ends of the harness answer with.
fn answer(head: &Head) -> u16 {
    match judge(head, Manner::Strict) {
        Reply::Switch(_) => 101,
        Reply::Page => 200,
        Reply::Refuse(line) => line.split(' ').next().and_then(|code| code.parse().ok()).unwrap_or(0),
    }
}

fn strict<'s>(exchanges: &Exchanges<'_, 's>, request: &UpstreamRequest<'s>) -> Option<u16> {
    Some(answer(&head(request, &exchanges.fields(request)).ok()?))
}

fn text(value: &Value, what: &str) -> Result<String, String> {
    let known = value.as_known().ok_or_else(|| format!("the value of {what}"))?;
    Ok(String::from_utf8_lossy(known).into_owned())
}

/// What goes over the wire.
fn head(request: &UpstreamRequest<'_>, fields: &UpstreamFields<'_>) -> Result<Head, String> {
    let protocol = match request.version {
        UpstreamVersion::Http10 => "HTTP/1.0",
        UpstreamVersion::Http11 => "HTTP/1.1",
        UpstreamVersion::Http2 => "HTTP/2",
    };
    let line =
        format!("{} {} {protocol}", text(&request.method, "method")?, text(&request.target, "target")?);
    let mut headers = Vec::new();
    for header in &fields.sent {
        // What a head is read as: blanks around a value are none of it.
        let written = match header.source {
            HeaderSource::Set(line) => {
                String::from_utf8_lossy(&line.argument(1).unwrap_or_default()).into_owned()
            }
            HeaderSource::Default | HeaderSource::Client => header.name.clone().into_owned(),
        };
        let value = text(&header.value, &format!("`{written}`"))?;
        headers.push((header.name.clone().into_owned(), value.trim().to_owned()));
    }
    Ok(Head { line, headers })
}

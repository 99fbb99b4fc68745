//! What the model says of a case: [`Exchanges::run`], and behind it the back end's judgement by RFC 6455.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use nginx_semantics::{
    Answer, AnsweredBy, ClientRequest, Configuration, ContextId, ContextKind, DirectiveName, Effort, Ending,
    Exchanges, Loaded, Locations, MemoryFiles, NginxVersion, Obstacle, Passed, Premises, Scope,
    ServerSelection, Socket, Step, UpstreamFields, UpstreamRequest, UpstreamVersion, Value, Variables, Way,
    load, peers, select_server, sockets, upstream,
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
            back_end: Some(strict),
            answers_subrequests: true,
            may_send_more: false,
        },
    };
    let prediction = Prediction { all: &all, loaded: &loaded };
    let predict = |request| match prediction.of(request) {
        Ok(outcomes) => Predicted::Says(outcomes),
        Err(reason) => Predicted::CannotSay(reason),
    };
    requests.iter().map(predict).collect()
}

struct Prediction<'p, 's> {
    all: &'p Exchanges<'p, 's>,
    loaded: &'s Loaded,
}

impl<'s> Prediction<'_, 's> {
    fn of(&self, request: &Request) -> Result<Vec<Outcome>, String> {
        let owned = |(name, value): &(String, String)| (name.clone(), value.as_bytes().to_vec());
        let socket = self.socket()?;
        let client = ClientRequest {
            method: request.method.clone(),
            is_http10: false,
            target: request.target.clone().into_bytes(),
            headers: request.headers.iter().map(owned).collect(),
            is_tls: false,
            sni: None,
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
        exchange.ways.iter().map(|way| self.way(way)).collect()
    }

    fn way(&self, way: &Way<'s>) -> Result<Outcome, String> {
        let asked = way.steps.iter().rev().find_map(|step| match step {
            Step::Intercepted { passed, .. } => Some(self.passed(passed)),
            _ => None,
        });
        let asked = asked.transpose()?.and_then(|outcome| outcome.asked);
        match &way.ending {
            Ending::Answered(answer) => {
                let location = match &answer.location {
                    Some(value) => Some(text(value, "Location")?),
                    None => None,
                };
                let status = Some(answer.status).filter(|status| *status != 444);
                let is_asked = |step: &Step<'_>| matches!(step, Step::Checked { directive, .. } if directive.name() == DirectiveName::AUTH_REQUEST);
                let is_open = way.steps.iter().any(is_asked);
                Ok(Outcome { place: self.place(answer.context), status, location, asked, is_open })
            }
            Ending::Passed(passed) => self.passed(passed),
            Ending::CannotSay(obstacle) => Err(self.reason(*obstacle)),
        }
    }

    /// The socket that is asked: the first.
    fn socket(&self) -> Result<Socket<'s>, String> {
        let configuration = self.all.configuration;
        let http = configuration.of_kind(ContextKind::Http).next().ok_or("no http")?;
        sockets(configuration, http).into_iter().next().ok_or_else(|| "no server".to_owned())
    }

    /// The server of it that takes a request.
    fn server(&self, socket: &Socket<'s>, client: &ClientRequest) -> Result<ContextId, String> {
        let configuration = self.all.configuration;
        let default = socket.default().ok_or("no server")?.server;
        let mut line = client.clone();
        line.headers.retain(|(name, _)| name.eq_ignore_ascii_case("host"));
        let refused = self.all.run(default, line);
        if let Some(Ending::Answered(Answer { status: 400 | 414, by: AnsweredBy::BadRequest, .. })) =
            refused.only_way().map(|way| &way.ending)
        {
            // ngx_http_process_request_line and ngx_http_process_request_uri end it before the host is known.
            return Ok(default);
        }
        match select_server(configuration, socket, client.host().as_deref()) {
            Some(ServerSelection::Server(server, _)) => Ok(server),
            Some(ServerSelection::CannotSay(_)) => Err("a regex of a server's name".to_owned()),
            None => Err("no server".to_owned()),
        }
    }

    fn passed(&self, passed: &Passed<'s>) -> Result<Outcome, String> {
        let request = passed.request.as_ref().ok_or("another module")?;
        let head = head(request, &self.all.fields(request))?;
        let answer = answer(&head);
        let peer = text(&request.peer, "peer")?;
        let backend = upstream(self.all.configuration, passed.context, &peer)
            .and_then(|block| peers(self.all.configuration, block).next())
            .map_or(peer, |peer| peer.address);
        Ok(Outcome {
            place: self.place(passed.context),
            status: Some(passed.status.unwrap_or(answer)),
            location: None,
            asked: Some(Asked::new(&backend, &head)),
            is_open: false,
        })
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
        headers.push((header.name.clone().into_owned(), text(&header.value, "a header")?.trim().to_owned()));
    }
    Ok(Head { line, headers })
}

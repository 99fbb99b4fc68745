//! What the client gets for a handshake at the end of one way, in words: for `trace`, and for the rule that says what no
//! other does.

use std::borrow::Cow;

use nginx_semantics::{
    Answer, AnsweredBy, ClientRequest, Configuration, ContextId, ContextKind, Directive, DirectiveName,
    Effective, Ending, Obstacle, PassModule, Passed, UpstreamRequest, Way, effective,
};
use nginx_syntax::lossy;

use crate::idle::IdleLimit;
use crate::model::Model;
use crate::reading::{Fault, Reading, hidden_answer, is_foreign_origin, offers_subprotocols, read};
use crate::source::Source;

/// Whether a handshake can succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prospect {
    /// It can.
    Succeeds,
    /// It cannot.
    Fails,
    /// That cannot be said.
    Unknown,
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answerer {
    /// nginx itself.
    Nginx,
    /// The back end.
    BackEnd,
    /// Nobody: the connection is closed.
    Nobody,
    /// That cannot be said.
    Unknown,
}

/// Another answer, under a condition that no configuration tells.
#[derive(Debug, Clone)]
pub struct Otherwise<'s> {
    /// The status.
    pub status: u16,
    /// Who says so.
    pub by: Answerer,
    /// The condition, as the end of "502 from nginx instead, …".
    pub condition: Cow<'static, str>,
    /// The line that it is about.
    pub line: Option<Directive<'s>>,
}

/// What the client gets.
#[derive(Debug, Clone)]
pub struct Verdict<'s> {
    /// The status, where it is known and there is one.
    pub status: Option<u16>,
    /// Who says so.
    pub by: Answerer,
    /// What a strict back end has against the request.
    pub fault: Option<Fault>,
    /// Why, in words.
    pub text: String,
    /// The line that decides.
    pub line: Option<Directive<'s>>,
    /// What it is instead where what no configuration tells is otherwise.
    pub otherwise: Vec<Otherwise<'s>>,
    /// What is to be said besides.
    pub remarks: Vec<&'static str>,
    /// Whether it is a handshake that succeeded.
    pub prospect: Prospect,
}

impl<'s> Verdict<'s> {
    pub(crate) fn new(
        status: Option<u16>,
        by: Answerer,
        text: impl Into<String>,
        line: Option<Directive<'s>>,
        prospect: Prospect,
    ) -> Self {
        let (otherwise, remarks) = (Vec::new(), Vec::new());
        Self { status, by, fault: None, text: text.into(), line, otherwise, remarks, prospect }
    }
}

fn otherwise<'s>(status: u16, by: Answerer, condition: &'static str) -> Otherwise<'s> {
    Otherwise { status, by, condition: Cow::Borrowed(condition), line: None }
}

/// What people call a location: its words.
pub fn location_words(configuration: Configuration<'_>, context: ContextId) -> String {
    let Some(opener) = configuration.opener(context) else { return "the location".to_owned() };
    let name = lossy(&opener.name_bytes()).into_owned();
    match name.as_str() {
        "location" => format!("location `{}`", opener.arguments_text()),
        name => format!("`{name} {}`", opener.arguments_text()),
    }
}

impl<'s> Model<'s> {
    /// What the client gets for a handshake that went this way.
    pub fn verdict(&self, way: &Way<'s>, request: &ClientRequest) -> Verdict<'s> {
        match &way.ending {
            Ending::Answered(answer) => self.of_answer(answer),
            Ending::Passed(passed) => {
                let mut verdict = self.if_reached(passed, request);
                if verdict.by == Answerer::BackEnd && verdict.status.is_some() {
                    verdict.otherwise.push(self.unless_reached(passed));
                }
                verdict
            }
            Ending::CannotSay(obstacle) => self.of_obstacle(obstacle),
        }
    }

    /// Whether what a way ends with follows from lines that were given, whatever the blocks around them hold: nginx's own
    /// answer, or a fault of a header field where lines of that kind are in effect, for these come from one level alone.
    pub fn follows_from_given(&self, way: &Way<'s>) -> bool {
        let passed = match &way.ending {
            Ending::Answered(answer) => {
                return !matches!(answer.by, AnsweredBy::NoUpstream(_) | AnsweredBy::Intercepted(_));
            }
            Ending::Passed(passed) => passed,
            Ending::CannotSay(_) => return false,
        };
        let Some(request) = &passed.request else { return true };
        let deciding = match self.reading(request) {
            Reading::Refuses(Fault::Http10 | Fault::Http2) => DirectiveName::PROXY_HTTP_VERSION,
            Reading::Refuses(Fault::Method) => DirectiveName::PROXY_METHOD,
            Reading::Refuses(_) => DirectiveName::PROXY_SET_HEADER,
            // A line makes something else of the 101.
            Reading::Switches | Reading::CannotSay(_) => return true,
        };
        matches!(
            effective(self.configuration, passed.context, deciding),
            Effective::Set(declared) if !declared.is_assumed
        )
    }

    /// What a strict back end makes of a request.
    pub fn reading(&self, request: &UpstreamRequest<'s>) -> Reading {
        read(&request.method, request.version, &self.fields(request))
    }

    /// What no configuration tells of a back end: whether it is there, and what it speaks
    /// (`http/ngx_http_upstream.c:ngx_http_upstream_next`).
    fn unless_reached(&self, passed: &Passed<'s>) -> Otherwise<'s> {
        let is_tls = passed.request.as_ref().is_some_and(|request| request.is_tls);
        let condition = match passed.pass.module {
            PassModule::Proxy if is_tls => "if nothing listens there, or it speaks no TLS",
            PassModule::Proxy => "if nothing listens there, or it speaks TLS",
            _ => "if nothing listens there",
        };
        let bare = otherwise(502, Answerer::Nginx, condition);
        let Effective::Set(declared) =
            effective(self.configuration, passed.context, DirectiveName::ERROR_PAGE)
        else {
            return bare;
        };
        // The first line that names the status counts.
        let is_it = |line: &Directive<'_>| {
            let count = line.arguments().count();
            line.arguments().take(count.saturating_sub(1)).any(|word| word.as_ref() == b"502")
        };
        match declared.directives.into_iter().find(is_it) {
            Some(line) => {
                let condition = format!("{condition}, and `{}` takes its place", line.text_line());
                Otherwise { condition: condition.into(), line: Some(line), ..bare }
            }
            None => bare,
        }
    }

    /// What nginx itself says, and why.
    fn of_answer(&self, answer: &Answer<'s>) -> Verdict<'s> {
        let configuration = self.configuration;
        let status = answer.status;
        let opener = |context: ContextId| configuration.opener(context);
        let (why, line) = match answer.by {
            AnsweredBy::Directive(by) => (format!("`{}` says so", by.text_line()), Some(by)),
            AnsweredBy::MissingSlash(location) => (
                format!("the path lacks the final slash of {}", location_words(configuration, location)),
                opener(location),
            ),
            AnsweredBy::Internal(by) => {
                ("the location is `internal`, and the request comes from outside".to_owned(), Some(by))
            }
            AnsweredBy::NoFile => (
                match configuration.context(answer.context).kind {
                    ContextKind::Server => {
                        "no location matches, and the server has no such file (assumed)".to_owned()
                    }
                    _ => "the location passes requests to no back end, and there is no such file (assumed)"
                        .to_owned(),
                },
                opener(answer.context),
            ),
            AnsweredBy::File => ("there is such a file".to_owned(), opener(answer.context)),
            AnsweredBy::Directory => (
                match status {
                    200 => "there is such a directory, and `autoindex` lists it".to_owned(),
                    301 => "there is such a directory, and the path has no final slash".to_owned(),
                    _ => "there is such a directory, and none of the files of `index` is in it".to_owned(),
                },
                opener(answer.context),
            ),
            AnsweredBy::AllDown(group) => {
                ("every server of the `upstream` is marked `down`".to_owned(), opener(group))
            }
            AnsweredBy::Intercepted(by) => (
                "the back end answers with this status, and `proxy_intercept_errors` replaces its page"
                    .to_owned(),
                Some(by),
            ),
            AnsweredBy::NoNamedLocation(by) => ("the server has no such named location".to_owned(), Some(by)),
            AnsweredBy::RedirectLimit => ("the URI has been changed ten times".to_owned(), None),
            // A fixed URL is one: `ngx_http_update_location_config` has kept the handler of a block that is left.
            AnsweredBy::NoUpstream(by)
                if status == 500 && !by.argument(0).is_some_and(|url| url.contains(&b'$')) =>
            {
                (
                    format!(
                        "another `if` matches too and replaces the one with `{}`, but passes the request nowhere",
                        by.text_line()
                    ),
                    Some(by),
                )
            }
            AnsweredBy::NoUpstream(by) if status == 500 => {
                (format!("`{}` yields no URL with a host and a port", by.text_line()), Some(by))
            }
            AnsweredBy::NoUpstream(by) => (
                format!(
                    "`{}` cannot be resolved: it is no `upstream` and no address, and there is no `resolver`",
                    by.text_line()
                ),
                Some(by),
            ),
            AnsweredBy::BadRequest => ("nginx refuses the request itself".to_owned(), None),
        };
        if status == 444 {
            let text = format!("the connection is closed without an answer: {why}");
            return Verdict::new(None, Answerer::Nobody, text, line, Prospect::Fails);
        }
        let text = format!("{status} from nginx: {why}");
        let mut verdict = Verdict::new(Some(status), Answerer::Nginx, text, line, Prospect::Fails);
        if (300..400).contains(&status) {
            verdict.remarks.push("clients of WebSockets follow no redirect: browsers fail the connection");
        }
        verdict
    }

    fn of_obstacle(&self, obstacle: &Obstacle<'s>) -> Verdict<'s> {
        let configuration = self.configuration;
        let (text, line) = match obstacle {
            Obstacle::Regex(location) => (
                format!(
                    "unknown: this program cannot evaluate the regex of {}",
                    location_words(configuration, *location)
                ),
                configuration.opener(*location),
            ),
            Obstacle::Value(line) => (
                format!(
                    "unknown: `{}` depends on something that the configuration does not show",
                    line.text_line()
                ),
                Some(*line),
            ),
            Obstacle::Module(line) => {
                (format!("unknown: `{}` decides at run time", line.text_line()), Some(*line))
            }
            Obstacle::Defect(line) => (
                format!(
                    "unknown: a `map` changes the captures that `{}` reads while nginx builds its value; nginx then answers 500 or writes past a buffer, which is a defect of nginx",
                    line.text_line()
                ),
                Some(*line),
            ),
            Obstacle::NoServer => ("unknown: no server was given".to_owned(), None),
        };
        Verdict::new(None, Answerer::Unknown, text, line, Prospect::Unknown)
    }

    /// What the client gets where the back end answers.
    fn if_reached(&self, passed: &Passed<'s>, request: &ClientRequest) -> Verdict<'s> {
        let line = Some(passed.pass.directive);
        let reading = match passed.pass.module {
            PassModule::Proxy => passed.request.as_ref().map(|sent| self.reading(sent)),
            PassModule::Uwsgi | PassModule::Scgi => None,
            PassModule::Fastcgi | PassModule::Grpc | PassModule::Memcached => {
                let name = lossy(&passed.pass.directive.name_bytes()).into_owned();
                let text = format!("no WebSocket: `{name}` opens no tunnel, whatever its back end answers");
                return Verdict::new(None, Answerer::BackEnd, text, line, Prospect::Fails);
            }
        };
        match reading {
            Some(Reading::Refuses(fault)) => refused(passed, fault, request),
            Some(Reading::CannotSay(field)) => {
                let text = format!(
                    "unknown: it depends on {field}, which the configuration does not show; 101 if the value is right"
                );
                Verdict::new(None, Answerer::BackEnd, text, line, Prospect::Unknown)
            }
            Some(Reading::Switches) => {
                let text = "101 Switching Protocols from the back end: the request is a handshake";
                self.switched(passed, request, text)
            }
            None => {
                let text = "101 Switching Protocols, if the application upgrades: it gets the client's fields unchanged";
                self.switched(passed, request, text)
            }
        }
    }

    /// What makes something else of a back end's 101.
    fn switched(&self, passed: &Passed<'s>, request: &ClientRequest, text: &str) -> Verdict<'s> {
        let line = Some(passed.pass.directive);
        if let Some(status) = passed.status {
            let text = format!(
                "{status} instead of the back end's 101: the `error_page` that led here sets its own status"
            );
            return Verdict::new(Some(status), Answerer::BackEnd, text, line, Prospect::Fails);
        }
        if let Some(hidden) = hidden_answer(self.configuration, passed.context).first() {
            let text = format!("101 without the header fields of a handshake: `{}`", hidden.text_line());
            return Verdict::new(Some(101), Answerer::BackEnd, text, Some(*hidden), Prospect::Fails);
        }
        let idle = IdleLimit::new(self.configuration, passed.context, passed.pass.module);
        if let Some(IdleLimit { milliseconds: Some(0), source: Source::Set { directive, .. }, .. }) = idle {
            let text =
                format!("504 from nginx: `{}` gives the back end no time at all", directive.text_line());
            return Verdict::new(Some(504), Answerer::Nginx, text, Some(directive), Prospect::Fails);
        }
        let asks = request.field("sec-websocket-protocol").next().is_some();
        let offers = passed
            .request
            .as_ref()
            .and_then(|request| offers_subprotocols(&self.field(request, "Sec-WebSocket-Protocol")));
        if asks && offers == Some(false) {
            let text = "101 without the requested subprotocol, because the back end does not receive the request for it: browsers fail the connection";
            return Verdict::new(Some(101), Answerer::BackEnd, text, line, Prospect::Fails);
        }
        let mut switched = Verdict::new(Some(101), Answerer::BackEnd, text, line, Prospect::Succeeds);
        if passed.request.as_ref().and_then(|request| is_foreign_origin(&self.fields(request))) == Some(true)
        {
            let condition = "if it compares `Origin` with `Host`: they name different hosts";
            switched.otherwise.push(otherwise(403, Answerer::BackEnd, condition));
        }
        if let Effective::Set(declared) =
            effective(self.configuration, passed.context, DirectiveName::PROXY_CACHE)
        {
            if passed.pass.module == PassModule::Proxy {
                for line in declared.directives {
                    if line.argument(0).as_deref() != Some(b"off") {
                        let condition = "once an ordinary GET of this URI is in the cache, unless `proxy_cache_bypass` prevents that";
                        let kept = otherwise(200, Answerer::Nginx, condition);
                        switched.otherwise.push(Otherwise { line: Some(line), ..kept });
                    }
                }
            }
        }
        switched
    }
}

/// A strict back end does not take the request for a handshake.
fn refused<'s>(passed: &Passed<'s>, fault: Fault, request: &ClientRequest) -> Verdict<'s> {
    let own = fault.status();
    let status = passed.status.unwrap_or(own);
    let why = format!("a strict one (RFC 6455) refuses, because {}", fault.words());
    let text = match passed.status {
        Some(_) => format!("{status} instead of the back end's {own}, which an `error_page` sets: {why}"),
        None => format!("{status} from the back end: {why}"),
    };
    let line = Some(passed.pass.directive);
    let mut refused = Verdict::new(Some(status), Answerer::BackEnd, text, line, Prospect::Fails);
    refused.fault = Some(fault);
    refused.remarks.push(match fault {
        Fault::Http10 => "many back ends accept HTTP/1.0 and answer 101; others refuse it with 400, 426, 501 or 505",
        _ => "the back end chooses the status: 400 and 426 are common, and 200 or 404 if it treats the request as an ordinary one",
    });
    if fault == Fault::NoHost && request.field("origin").next().is_some() {
        let condition = "if it compares `Origin` with `Host` before it notices that one is missing";
        refused.otherwise.push(otherwise(403, Answerer::BackEnd, condition));
    }
    refused
}

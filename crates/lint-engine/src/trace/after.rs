//! What the client gets for a request that is passed on, and the life of the connection after that.

use lint_finding::{Instead, Prospect, Responder, Stage, TraceAnswer, TraceStep};
use nginx_semantics::{
    ContextId, ContextKind, Directive, DirectiveName, Effective, PassModule, Passed, UpstreamRequest,
    effective, time,
};
use nginx_syntax::lossy;
use ws_model::{
    Fault, IdleLimit, Reading, Source, hidden_answer, is_foreign_origin, offers_subprotocols, read,
};

use super::Follow;
use super::choice::{answer, place, remark, step};

/// The levels of `error_log` that show a message of level `info`.
const TELLING: [&[u8]; 2] = [b"info", b"debug"];

/// What no configuration tells of a back end: whether it is there, and what it speaks
/// (`http/ngx_http_upstream.c:ngx_http_upstream_next`).
fn unless_reached(passed: &Passed<'_>) -> Instead {
    let is_tls = passed.request.as_ref().is_some_and(|request| request.is_tls);
    let condition = match passed.pass.module {
        PassModule::Proxy if is_tls => "where nobody answers or no TLS is spoken there",
        PassModule::Proxy => "where nobody answers or TLS is spoken there",
        _ => "where nobody answers",
    };
    instead(502, Responder::Nginx, condition)
}

fn instead(status: u16, by: Responder, condition: &str) -> Instead {
    Instead { status, by, condition: condition.to_owned(), place: None }
}

impl<'s> Follow<'_, 's> {
    /// What the client gets.
    pub(super) fn got(&self, passed: &Passed<'s>) -> TraceAnswer {
        let at = Some(place(&passed.pass.directive));
        if self.query.is_plain {
            let text = "the back end answers, and what it says is not known here".to_owned();
            let mut plain = answer(passed.status, Responder::Backend, text, at, Prospect::NotAsked);
            if let Some(status) = passed.status {
                plain.text =
                    format!("{status}, whatever the back end says: an `error_page` on the way keeps it");
            }
            let fields = passed.request.as_ref().map(|request| self.model.field(request, "Upgrade"));
            let mut upgrades = fields.iter().flat_map(|fields| &fields.sent);
            let is_asked = self.request.field("upgrade").next().is_some();
            if !is_asked && upgrades.any(|header| header.value.surely(|value| !value.is_empty())) {
                let text = "it gets an upgrade that the client does not ask for: strict back ends answer 400";
                plain.remarks.push(remark(text, None));
            }
            return plain;
        }
        let mut got = self.if_reached(passed);
        if got.by == Responder::Backend && got.status.is_some() {
            got.instead.push(unless_reached(passed));
        }
        got
    }

    /// What a strict back end makes of a request.
    pub(super) fn read(&self, request: &UpstreamRequest<'s>) -> Reading {
        read(&request.method, request.version, &self.model.fields(request))
    }

    /// What the client gets where the back end answers.
    fn if_reached(&self, passed: &Passed<'s>) -> TraceAnswer {
        let at = Some(place(&passed.pass.directive));
        let reading = match passed.pass.module {
            PassModule::Proxy => passed.request.as_ref().map(|request| self.read(request)),
            PassModule::Uwsgi | PassModule::Scgi => None,
            PassModule::Fastcgi | PassModule::Grpc | PassModule::Memcached => {
                let name = lossy(&passed.pass.directive.name_bytes()).into_owned();
                let text = format!("no WebSocket: `{name}` opens no tunnel, whatever its back end answers");
                return answer(None, Responder::Backend, text, at, Prospect::Fails);
            }
        };
        match reading {
            Some(Reading::Refuses(fault)) => {
                let own = fault.status();
                let status = passed.status.unwrap_or(own);
                let why = format!("one that reads RFC 6455 strictly refuses, because {}", fault.words());
                let text = match passed.status {
                    Some(_) => format!(
                        "{status} in place of the back end's {own}, which an `error_page` on the way keeps: {why}"
                    ),
                    None => format!("{status} from the back end: {why}"),
                };
                let mut refused = answer(Some(status), Responder::Backend, text, at, Prospect::Fails);
                refused.reason = Some(fault.name());
                let other = match fault {
                    Fault::Http10 => "many back ends take HTTP/1.0 all the same, and answer 101; others refuse it with 400 or 505",
                    _ => "which status is the back end's choice: 400 and 426 are common, and 200 or 404 where it takes the request for one of a page",
                };
                refused.remarks.push(remark(other, None));
                if fault == Fault::NoHost && self.request.field("origin").next().is_some() {
                    let condition = "where it compares `Origin` with `Host` before it misses one";
                    refused.instead.push(instead(403, Responder::Backend, condition));
                }
                refused
            }
            Some(Reading::CannotSay(field)) => {
                let text = format!("it depends on {field}, which is not known here: 101 if it says what it should");
                answer(None, Responder::Backend, text, at, Prospect::Unknown)
            }
            Some(Reading::Switches) => {
                self.switched(passed, "101 Switching Protocols from the back end: the request is a handshake".to_owned())
            }
            None => self.switched(
                passed,
                "101 Switching Protocols, if the application upgrades: it gets the client's fields as they are".to_owned(),
            ),
        }
    }

    /// What makes something else of a back end's 101.
    fn switched(&self, passed: &Passed<'s>, text: String) -> TraceAnswer {
        let at = Some(place(&passed.pass.directive));
        if let Some(status) = passed.status {
            let text = format!(
                "{status} in place of the back end's 101: the `error_page` that led here keeps a status of its own"
            );
            return answer(Some(status), Responder::Backend, text, at, Prospect::Fails);
        }
        if let Some(hidden) = hidden_answer(self.configuration(), passed.context).first() {
            let text = format!("101 without what makes it a handshake: `{}`", hidden.text_line());
            return answer(Some(101), Responder::Backend, text, Some(place(hidden)), Prospect::Fails);
        }
        let idle = IdleLimit::new(self.configuration(), passed.context, passed.pass.module);
        if let Some(IdleLimit { milliseconds: Some(0), source: Source::Set { directive, .. }, .. }) = idle {
            let text =
                format!("504 from nginx: `{}` gives the back end no time at all", directive.text_line());
            return answer(Some(504), Responder::Nginx, text, Some(place(&directive)), Prospect::Fails);
        }
        let asks = self.request.field("sec-websocket-protocol").next().is_some();
        let offers = passed
            .request
            .as_ref()
            .and_then(|request| offers_subprotocols(&self.model.field(request, "Sec-WebSocket-Protocol")));
        if asks && offers == Some(false) {
            let text = "101 without the subprotocol that the client asks for, as the back end does not hear of it: browsers fail the connection";
            return answer(Some(101), Responder::Backend, text, at, Prospect::Fails);
        }
        let mut switched = answer(Some(101), Responder::Backend, text, at, Prospect::Succeeds);
        if passed.request.as_ref().and_then(|request| is_foreign_origin(&self.model.fields(request)))
            == Some(true)
        {
            let condition = "where it compares `Origin` with `Host`: they name different hosts here";
            switched.instead.push(instead(403, Responder::Backend, condition));
        }
        for line in self.in_effect(passed.context, DirectiveName::PROXY_CACHE) {
            if line.argument(0).as_deref() != Some(b"off") && passed.pass.module == PassModule::Proxy {
                let condition = "once an ordinary GET of this URI is in its cache, unless `proxy_cache_bypass` keeps that";
                let place = Some(place(&line));
                switched.instead.push(Instead { place, ..instead(200, Responder::Nginx, condition) });
            }
        }
        switched
    }

    pub(super) fn in_effect(&self, context: ContextId, name: DirectiveName) -> Vec<Directive<'s>> {
        match effective(self.configuration(), context, name) {
            Effective::Set(declared) => declared.directives,
            Effective::Default { .. } | Effective::Unknown(_) => Vec::new(),
        }
    }

    /// What happens to the connection.
    pub(super) fn after(&self, passed: &Passed<'s>, answer: &TraceAnswer) -> Vec<TraceStep> {
        let lives = matches!(answer.handshake, Prospect::Succeeds | Prospect::Unknown);
        if !lives {
            return vec![self.access_log(passed.context, answer.status)];
        }
        let mut all = Vec::new();
        all.extend(self.idle(passed));
        all.push(self.reload());
        all.push(self.access_log(passed.context, Some(101)));
        all.push(self.error_log(passed.context));
        all
    }

    fn idle(&self, passed: &Passed<'s>) -> Option<TraceStep> {
        let limit = IdleLimit::new(self.configuration(), passed.context, passed.pass.module)?;
        let name = limit.directive_name.as_str();
        let how = "without a byte from either side, and nginx closes both connections: clients see 1006";
        let (text, at) = match (limit.milliseconds, limit.source) {
            (Some(limit), Source::Set { directive, .. }) => {
                (format!("{} {how} (`{name}`)", time::display_ms(limit)), Some(place(&directive)))
            }
            (Some(limit), Source::Default { is_assumed }) => {
                let unless = if is_assumed { ", unless a file that was not given sets it" } else { "" };
                (format!("{} {how} (the default of `{name}`{unless})", time::display_ms(limit)), None)
            }
            (_, Source::Unknown(gap)) => {
                let include = self.configuration().directive(gap.include);
                (format!("`{name}` may be set by an include that was not given"), Some(place(&include)))
            }
            (None, source) => {
                let at = source.directive().map(|line| place(&line));
                (format!("`{name}` has a value that nginx refuses"), at)
            }
        };
        let mut idle = step(Stage::Idle, text, at);
        let keeps =
            "any traffic starts it again, pings too: those of one side more often than that keep it open";
        idle.remarks.push(remark(keeps, None));
        Some(idle)
    }

    fn reload(&self) -> TraceStep {
        let configuration = self.configuration();
        let main = configuration.of_kind(ContextKind::Main);
        let line =
            main.flat_map(|main| configuration.named(main, DirectiveName::WORKER_SHUTDOWN_TIMEOUT)).last();
        match line {
            Some(line) => {
                let text = format!("the old worker closes it after `{}`", line.text_line());
                step(Stage::Reload, text, Some(place(&line)))
            }
            None => step(
                Stage::Reload,
                "it stays open, and with it the old worker with the old configuration, until one side closes (`worker_shutdown_timeout` is not set)",
                None,
            ),
        }
    }

    /// `access_log`: one line, at the end.
    pub(super) fn access_log(&self, context: ContextId, status: Option<u16>) -> TraceStep {
        let said = status.map_or_else(|| "the status".to_owned(), |status| format!("status {status}"));
        let when = match status {
            Some(101) => ", when the connection closes and not before",
            _ => "",
        };
        let lines = self.in_effect(context, DirectiveName::ACCESS_LOG);
        match lines.as_slice() {
            [] => step(Stage::Logs, format!("one line with {said} in the default access log{when}"), None),
            [line] if line.argument(0).as_deref() == Some(b"off") => {
                step(Stage::Logs, "nothing in the access log: it is off", Some(place(line)))
            }
            [line, ..] => {
                let text = format!("one line with {said} by `{}`{when}", line.text_line());
                step(Stage::Logs, text, Some(place(line)))
            }
        }
    }

    /// `error_log`: what nginx says when it closes an idle connection is of level `info`.
    fn error_log(&self, context: ContextId) -> TraceStep {
        let configuration = self.configuration();
        let mut lines = self.in_effect(context, DirectiveName::ERROR_LOG);
        if lines.is_empty() {
            let main = configuration.of_kind(ContextKind::Main);
            lines.extend(main.flat_map(|main| configuration.named(main, DirectiveName::ERROR_LOG)));
        }
        let tells =
            |line: &Directive<'_>| line.argument(1).is_some_and(|level| TELLING.contains(&level.as_ref()));
        let says = "`upstream timed out … while proxying upgraded connection`";
        match (lines.iter().find(|line| tells(line)), lines.first()) {
            (Some(line), _) => step(
                Stage::Logs,
                format!("{says} in the error log when it closes an idle connection"),
                Some(place(line)),
            ),
            (None, line) => step(
                Stage::Logs,
                format!(
                    "nothing in the error log when it closes an idle connection: {says} is of level `info`"
                ),
                line.map(place),
            ),
        }
    }
}

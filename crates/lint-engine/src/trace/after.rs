//! What the client gets for a request that is passed on, and the life of the connection after that.

use lint_finding::{Instead, PredictedField, Prospect, Responder, Stage, TraceAnswer, TraceIdle, TraceStep};
use nginx_semantics::{
    ContextId, ContextKind, Directive, DirectiveName, Effective, Passed, Way, effective, placeholder, time,
};
use nginx_syntax::lossy;
use ws_model::{Answerer, Fault, IdleLimit, Source, Verdict};

use super::Follow;
use super::choice::{answer, place, remark, step};

/// The levels of `error_log` that show a message of level `info`.
const TELLING: [&[u8]; 2] = [b"info", b"debug"];

impl<'s> Follow<'_, 's> {
    /// What the client gets.
    pub(super) fn got(&self, way: &Way<'s>, passed: &Passed<'s>) -> TraceAnswer {
        if self.query.is_plain {
            let at = Some(place(&passed.pass.directive));
            let text = "the back end answers; its status is unknown".to_owned();
            let mut plain = answer(passed.status, Responder::Backend, text, at, Prospect::NotAsked);
            if let Some(status) = passed.status {
                plain.text = format!("{status}, whatever the back end answers: an `error_page` sets it");
            }
            let fields = passed.request.as_ref().map(|request| self.model.field(request, "Upgrade"));
            let mut upgrades = fields.iter().flat_map(|fields| &fields.sent);
            let is_asked = self.request.field("upgrade").next().is_some();
            if !is_asked && upgrades.any(|header| header.value.surely(|value| !value.is_empty())) {
                let text = "it gets an upgrade that the client did not ask for: strict back ends answer 400";
                plain.remarks.push(remark(text, None));
            }
            return plain;
        }
        self.shown(self.model.verdict(way, &self.request))
    }

    /// A verdict, for output.
    pub(super) fn shown(&self, verdict: Verdict<'s>) -> TraceAnswer {
        let by = |by| match by {
            Answerer::Nginx => Responder::Nginx,
            Answerer::BackEnd => Responder::Backend,
            Answerer::Nobody => Responder::Nobody,
            Answerer::Unknown => Responder::Unknown,
        };
        let prospect = match verdict.prospect {
            _ if self.query.is_plain => Prospect::NotAsked,
            ws_model::Prospect::Succeeds => Prospect::Succeeds,
            ws_model::Prospect::Fails => Prospect::Fails,
            ws_model::Prospect::Unknown => Prospect::Unknown,
        };
        let at = verdict.line.map(|line| place(&line));
        let mut shown = answer(verdict.status, by(verdict.by), verdict.text, at, prospect);
        shown.reason = verdict.fault.map(Fault::name);
        shown.remarks = match prospect {
            Prospect::NotAsked => Vec::new(),
            _ => verdict.remarks.into_iter().map(|text| remark(text, None)).collect(),
        };
        let instead = verdict.otherwise.into_iter().map(|other| Instead {
            status: other.status,
            by: by(other.by),
            condition: other.condition.into_owned(),
            place: other.line.map(|line| place(&line)),
        });
        shown.instead = instead.collect();
        shown
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
        let keeps = "any traffic resets it, pings from either side too";
        idle.remarks.push(remark(keeps, None));
        Some(idle)
    }

    /// The same for programs: with the line that sets it, or the one that passes the request on.
    pub(super) fn idle_limit(&self, passed: &Passed<'s>) -> Option<TraceIdle> {
        let limit = IdleLimit::new(self.configuration(), passed.context, passed.pass.module)?;
        let set = limit.source.directive();
        Some(TraceIdle {
            directive: limit.directive_name.as_str(),
            milliseconds: limit.milliseconds,
            is_default: set.is_none(),
            place: set.or(Some(passed.pass.directive)).map(|line| place(&line)),
        })
    }

    /// What `add_header` adds to an answer with this status, as far as it is written without variables
    /// (`ngx_http_headers_filter`).
    pub(super) fn added_fields(&self, context: ContextId, status: Option<u16>) -> Vec<PredictedField> {
        let is_listed = matches!(status, Some(200 | 201 | 204 | 206 | 301 | 302 | 303 | 304 | 307 | 308));
        let lines = self.in_effect(context, DirectiveName::ADD_HEADER).into_iter();
        let field = |line: Directive<'s>| {
            let (name, value) = (line.argument(0)?, line.argument(1)?);
            let is_always = line.argument(2).is_some_and(|word| word.as_ref() == b"always");
            let is_plain = |text: &[u8]| !text.contains(&b'$') && !placeholder::is_unknown(text);
            let is_added = (is_listed || is_always) && !value.is_empty() && line.may_be_shown();
            (is_added && is_plain(&name) && is_plain(&value)).then(|| PredictedField {
                name: lossy(&name).into_owned(),
                value: lossy(&value).into_owned(),
                place: place(&line),
            })
        };
        lines.filter_map(field).collect()
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
                "the WebSocket and its old worker, with the old configuration, stay until one side closes (`worker_shutdown_timeout` is not set)",
                None,
            ),
        }
    }

    /// `access_log`: one line, at the end.
    pub(super) fn access_log(&self, context: ContextId, status: Option<u16>) -> TraceStep {
        let said = status.map_or_else(|| "the status".to_owned(), |status| format!("status {status}"));
        let when = match status {
            Some(101) => ", written when the connection closes",
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

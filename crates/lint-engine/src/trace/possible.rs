//! What lines on the way make possible when nginx runs, and no configuration decides: how long a back end takes, how many
//! requests come, when nginx is reloaded.

use lint_finding::Possible;
use nginx_semantics::{ContextKind, Directive, DirectiveName, PassModule, Passed, time};
use ws_model::IdleLimit;

use super::Follow;
use super::choice::place;

/// The status of a request that is one too many, unless a line says otherwise.
const TOO_MANY: u16 = 503;

/// nginx has waited long enough.
const TOO_LATE: u16 = 504;

impl<'s> Follow<'_, 's> {
    /// What may come of a request that is passed on.
    pub(super) fn possible(&self, passed: &Passed<'s>) -> Vec<Possible> {
        let mut all: Vec<Possible> =
            passed.also.iter().filter_map(|line| self.limited(passed, line)).collect();
        all.extend(self.too_late(passed));
        all.extend(self.not_connected(passed));
        all.extend(self.reloaded());
        all
    }

    fn limited(&self, passed: &Passed<'s>, line: &Directive<'s>) -> Option<Possible> {
        let (of_status, dry, what) = match line.name() {
            DirectiveName::LIMIT_REQ => {
                (DirectiveName::LIMIT_REQ_STATUS, DirectiveName::LIMIT_REQ_DRY_RUN, "too many requests come")
            }
            DirectiveName::LIMIT_CONN => (
                DirectiveName::LIMIT_CONN_STATUS,
                DirectiveName::LIMIT_CONN_DRY_RUN,
                "too many connections are open",
            ),
            _ => return None,
        };
        let word = |name: DirectiveName| self.in_effect(passed.context, name).first()?.argument(0);
        if word(dry).is_some_and(|word| word.eq_ignore_ascii_case(b"on")) {
            return None;
        }
        let status = word(of_status).and_then(|word| core::str::from_utf8(&word).ok()?.parse().ok());
        let status = status.unwrap_or(TOO_MANY);
        let text = format!("`{}` refuses with {status} once {what}", line.text_line());
        Some(Possible { status: Some(status), after_ms: 0, text, place: Some(place(line)) })
    }

    /// The timer of the tunnel runs while nginx waits for the answer too.
    fn too_late(&self, passed: &Passed<'s>) -> Option<Possible> {
        let limit = IdleLimit::new(self.configuration(), passed.context, passed.pass.module)?;
        let after_ms = limit.milliseconds?;
        let set = limit.source.directive();
        let text = match set {
            Some(line) => format!(
                "nginx says {TOO_LATE} if the back end has not answered after {}: `{}`",
                time::display_ms(after_ms),
                line.text_line()
            ),
            None => format!(
                "nginx says {TOO_LATE} if the back end has not answered after {}, the default of `{}`",
                time::display_ms(after_ms),
                limit.directive_name.as_str()
            ),
        };
        let at = set.or(Some(passed.pass.directive)).map(|line| place(&line));
        Some(Possible { status: Some(TOO_LATE), after_ms, text, place: at })
    }

    fn not_connected(&self, passed: &Passed<'s>) -> Option<Possible> {
        let name = match passed.pass.module {
            PassModule::Proxy => DirectiveName::PROXY_CONNECT_TIMEOUT,
            PassModule::Uwsgi => DirectiveName::UWSGI_CONNECT_TIMEOUT,
            PassModule::Scgi => DirectiveName::SCGI_CONNECT_TIMEOUT,
            PassModule::Fastcgi | PassModule::Grpc | PassModule::Memcached => return None,
        };
        let line = self.in_effect(passed.context, name).into_iter().next()?;
        let after_ms = time::parse_ms(&line.argument(0)?)?;
        let text =
            format!("nginx says {TOO_LATE} if the back end takes no connection: `{}`", line.text_line());
        Some(Possible { status: Some(TOO_LATE), after_ms, text, place: Some(place(&line)) })
    }

    /// A reload ends what is open only where a line says so, and that long after it.
    fn reloaded(&self) -> Option<Possible> {
        let configuration = self.configuration();
        let main = configuration.of_kind(ContextKind::Main);
        let line =
            main.flat_map(|main| configuration.named(main, DirectiveName::WORKER_SHUTDOWN_TIMEOUT)).last()?;
        let after_ms = time::parse_ms(&line.argument(0)?)?;
        let text = format!(
            "a reload may have ended it: `{}` closes the connections of old workers that long after it",
            line.text_line()
        );
        Some(Possible { status: None, after_ms, text, place: Some(place(&line)) })
    }
}

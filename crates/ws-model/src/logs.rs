//! What nginx writes down about the connections of an endpoint.
//!
//! A tunnel is logged when it ends, by the logs of the location that it was opened in
//! (`http/modules/ngx_http_log_module.c:ngx_http_log_handler`).

use nginx_semantics::{
    ContextId, ContextKind, Directive, DirectiveName, Effective, Part, catalogue, effective, parts,
};

use crate::model::Model;
use crate::source::Source;

/// The access logs in effect.
#[derive(Debug, Clone)]
pub enum AccessLogs<'s> {
    /// None is written, because of this line.
    Off(Directive<'s>),
    /// These, each with what is known of its format.
    To(Vec<(Directive<'s>, LogFormat<'s>)>),
    /// `logs/access.log` with nginx's own format.
    Default,
    /// A file that was not given may set them.
    Unknown,
}

/// A `log_format` as it is used.
#[derive(Debug, Clone)]
pub struct LogFormat<'s> {
    /// Its definition; `None` for nginx's own.
    pub directive: Option<Directive<'s>>,
    /// What it has; `None` where that is not known.
    pub fields: Option<Fields>,
}

/// What a line of the access log tells of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fields {
    /// The status: 101, or what came instead.
    pub status: bool,
    /// How long the connection lasted.
    pub duration: bool,
    /// Which upstream, or what it said.
    pub upstream: bool,
}

impl Fields {
    /// Of nginx's own format `combined` (`http/modules/ngx_http_log_module.c:ngx_http_combined_fmt`).
    pub fn combined() -> Self {
        Self { status: true, ..Self::default() }
    }

    /// Whether it tells everything.
    pub fn is_complete(self) -> bool {
        self.status && self.duration && self.upstream
    }

    /// What either tells.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            status: self.status || other.status,
            duration: self.duration || other.duration,
            upstream: self.upstream || other.upstream,
        }
    }

    /// Those of a text; `None` where a variable is none of nginx's own: it may stand for any of them.
    fn of(text: &[u8]) -> Option<Self> {
        let mut fields = Self::default();
        for part in parts(text) {
            match part {
                Part::Literal(_) => {}
                Part::Variable(name) if is_own(name) => {
                    fields.status |= matches!(name, b"status" | b"upstream_status");
                    fields.duration |= matches!(name, b"request_time" | b"upstream_response_time");
                    fields.upstream |= name.starts_with(b"upstream_");
                }
                _ => return None,
            }
        }
        Some(fields)
    }
}

/// What a `log_format` tells; `None` where that is not known.
pub fn fields_of(format: &Directive<'_>) -> Option<Fields> {
    let words = format.arguments().skip(1).filter(|word| !word.starts_with(b"escape="));
    Fields::of(&words.flat_map(std::borrow::Cow::into_owned).collect::<Vec<u8>>())
}

/// Variables of the log module itself (`ngx_http_log_vars`) exist in formats only.
fn is_own(name: &[u8]) -> bool {
    const OF_THE_LOG: [&[u8]; 9] = [
        b"pipe",
        b"time_local",
        b"time_iso8601",
        b"msec",
        b"request_time",
        b"status",
        b"bytes_sent",
        b"body_bytes_sent",
        b"request_length",
    ];
    OF_THE_LOG.contains(&name) || catalogue::is_builtin_variable(name)
}

impl<'s> Model<'s> {
    /// The access logs of a location.
    pub fn access_logs(&self, context: ContextId) -> AccessLogs<'s> {
        let declared = match effective(self.configuration, context, DirectiveName::ACCESS_LOG) {
            Effective::Set(declared) => declared,
            Effective::Default { is_assumed: false } => return AccessLogs::Default,
            Effective::Default { is_assumed: true } | Effective::Unknown(_) => return AccessLogs::Unknown,
        };
        if declared.is_assumed {
            return AccessLogs::Unknown;
        }
        let is = |line: &&Directive<'s>, name: &[u8]| line.argument(0).is_some_and(|word| *word == *name);
        // One `off` beside others is enough: `ngx_http_log_set_log` keeps it as a flag of the level.
        if let Some(off) = declared.directives.iter().find(|line| is(line, b"off")) {
            return AccessLogs::Off(*off);
        }
        if declared.gap.is_some() {
            return AccessLogs::Unknown;
        }
        if let Some(nowhere) = declared.directives.first() {
            if declared.directives.iter().all(|line| is(&line, b"/dev/null")) {
                return AccessLogs::Off(*nowhere);
            }
        }
        AccessLogs::To(
            declared.directives.iter().map(|line| (*line, self.log_format(context, line))).collect(),
        )
    }

    fn log_format(&self, context: ContextId, line: &Directive<'s>) -> LogFormat<'s> {
        let own = LogFormat { directive: None, fields: Some(Fields::combined()) };
        let Some(name) = line.argument(1).filter(|name| name.as_ref() != b"combined") else { return own };
        let directive =
            self.log_formats(context).find(|format| format.argument(0).as_deref() == Some(name.as_ref()));
        LogFormat { directive, fields: directive.as_ref().and_then(fields_of) }
    }

    /// The `log_format` lines of the `http` around a context, in order.
    pub fn log_formats(&self, context: ContextId) -> impl Iterator<Item = Directive<'s>> + use<'s> {
        let configuration = self.configuration;
        let http = configuration.enclosing(context, ContextKind::Http);
        http.into_iter().flat_map(move |http| configuration.named(http, DirectiveName::LOG_FORMAT))
    }

    /// The error log of a location whose level is the lowest: that of the nearest level that has any, up to the main one
    /// (`http/ngx_http_core_module.c:ngx_http_core_merge_loc_conf`).
    pub fn error_log(&self, context: ContextId) -> Source<'s> {
        match effective(self.configuration, context, DirectiveName::ERROR_LOG) {
            Effective::Unknown(gap) => Source::Unknown(gap),
            Effective::Default { is_assumed: true } => Source::Default { is_assumed: true },
            Effective::Default { is_assumed: false } => match self.in_main(DirectiveName::ERROR_LOG) {
                Source::Set { directive, .. } => {
                    let main = self.configuration.of_kind(ContextKind::Main).next();
                    let all = main.map(|main| self.configuration.named(main, DirectiveName::ERROR_LOG));
                    let lowest = all.into_iter().flatten().min_by_key(|line| !logs_info(line));
                    Source::Set { directive: lowest.unwrap_or(directive), is_here: false, is_assumed: false }
                }
                other => other,
            },
            Effective::Set(declared) => {
                match declared.directives.iter().min_by_key(|line| !logs_info(line)) {
                    Some(&directive) => Source::Set {
                        directive,
                        is_here: declared.is_here,
                        is_assumed: declared.is_assumed || declared.gap.is_some(),
                    },
                    None => Source::Default { is_assumed: true },
                }
            }
        }
    }
}

/// Whether an `error_log` takes messages of level `info` (`core/ngx_log.c:ngx_log_set_levels`).
pub fn logs_info(line: &Directive<'_>) -> bool {
    line.arguments().skip(1).any(|level| level.as_ref() == b"info" || level.starts_with(b"debug"))
}

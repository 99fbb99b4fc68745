//! What nginx does with one request: from the server that takes it to its own answer, or to the request that it sends
//! to the upstream.
//!
//! A pure function of configuration, version and request. It runs through nginx's phases
//! (`http/ngx_http_core_module.c:ngx_http_core_run_phases`) in their order: rewrite of the server, search of the
//! location, rewrite of the location, access, `try_files`, content; with `error_page` and the other internal redirects
//! on the way. Where the configuration does not tell which way nginx takes, each way is followed.

mod access;
mod answer;
mod cache;
mod client;
mod effort;
mod fields;
mod files;
mod line;
mod names;
mod premises;
mod proxied;
mod realip;
mod redirect;
mod rewrite;
mod script;
mod straight;
mod subrequest;
mod uri;
mod way;

use crate::configuration::{Configuration, ContextId, Directive, Gap};
use crate::location::{Locations, Selection};
use crate::upstream::Pass;
use crate::variables::{Value, Variables};
use crate::version::NginxVersion;

pub use client::{ClientRequest, Headers};
pub use effort::Effort;
pub use premises::{BackEnd, Premises};
pub use proxied::{HeaderSource, UpstreamFields, UpstreamHeader, UpstreamRequest, UpstreamVersion};
pub(crate) use script::LongScripts;
pub(crate) use uri::Escape;

/// The versions since which the same configuration and request may lead to something else.
pub const CHANGES: [NginxVersion; 5] = [
    client::JOINED_SINCE,
    client::HOST_CHECKED_SINCE,
    crate::defaults::HTTP11_BY_DEFAULT,
    proxied::PROXY_CONNECTION_SINCE,
    crate::defaults::ONE_HOST_SINCE,
];

/// All that is needed to follow a request, but the request.
#[derive(Debug, Clone, Copy)]
pub struct Exchanges<'a, 's> {
    /// The configuration.
    pub configuration: Configuration<'s>,
    /// Its variables.
    pub variables: &'a Variables<'s>,
    /// Its locations.
    pub locations: &'a Locations<'s>,
    /// The nginx that runs it.
    pub version: NginxVersion,
    /// What following requests may cost.
    pub effort: &'a Effort,
    /// What is taken for granted.
    pub premises: Premises,
}

/// What nginx does with a request.
#[derive(Debug, Clone)]
pub struct Exchange<'s> {
    /// Each way that it may take, at least one.
    pub ways: Vec<Way<'s>>,
    /// Whether there are more than were followed.
    pub is_cut: bool,
}

impl<'s> Exchange<'s> {
    /// The way, where there is only one.
    pub fn only_way(&self) -> Option<&Way<'s>> {
        match self.ways.as_slice() {
            [way] if !self.is_cut => Some(way),
            _ => None,
        }
    }
}

/// One way through the phases.
#[derive(Debug, Clone)]
pub struct Way<'s> {
    /// What happens, in order.
    pub steps: Vec<Step<'s>>,
    /// How it ends.
    pub ending: Ending<'s>,
}

impl Way<'_> {
    /// The location that was found for the path as the client sent it; none where the server's own lines answer or
    /// change it.
    pub fn selected(&self) -> Option<ContextId> {
        let mut deciding = self.steps.iter().filter(|step| {
            matches!(step, Step::Selected { .. } | Step::Rewritten { .. } | Step::Redirected { .. })
        });
        match deciding.next()? {
            Step::Selected { selection: Selection::Location(location), .. } => Some(*location),
            _ => None,
        }
    }
}

/// Something that happens on the way.
#[derive(Debug, Clone)]
pub enum Step<'s> {
    /// `set` gives a variable a value.
    Set {
        /// The line.
        directive: Directive<'s>,
        /// What it gives.
        value: Value,
    },
    /// An `if` is tried.
    If {
        /// The line.
        directive: Directive<'s>,
        /// Whether its condition holds.
        holds: bool,
        /// Whether that is known; else the other way is followed too.
        is_known: bool,
    },
    /// A `rewrite` changes the URI.
    Rewritten {
        /// The line.
        directive: Directive<'s>,
        /// The new path, decoded.
        path: Vec<u8>,
        /// The new arguments.
        arguments: Vec<u8>,
    },
    /// A location is searched for a path.
    Selected {
        /// The path, decoded.
        path: Vec<u8>,
        /// What was found.
        selection: Selection,
    },
    /// The method is one that `limit_except` restricts: its block replaces the location, and the location's own
    /// `rewrite`, `set`, `if` and `return` are not run.
    Limited(ContextId),
    /// A line that may refuse the request lets it through, or where that depends on what is not known, is taken to.
    Checked {
        /// The line that decides.
        directive: Directive<'s>,
        /// The status that it refuses with; `None` where it lets the request through.
        refused: Option<u16>,
        /// Whether that is known; else the other way is followed too.
        is_known: bool,
    },
    /// `try_files` goes on with its last word: no file is there.
    TriedFiles(Directive<'s>),
    /// A file or a directory is taken to be there, and the other way is followed too.
    Found {
        /// The line that asks for it; `None` for what serves files where no line says so.
        directive: Option<Directive<'s>>,
        /// The level whose `root` or `alias` it lies below.
        context: ContextId,
        /// The path of the URI that means it.
        path: Vec<u8>,
        /// Whether it is a directory.
        is_directory: bool,
    },
    /// A back end has answered a request, and `proxy_intercept_errors` keeps its answer from the client.
    Intercepted {
        /// The request.
        passed: Box<Passed<'s>>,
        /// The status of the answer.
        status: u16,
        /// Whether that is known; else the other way is followed too.
        is_known: bool,
    },
    /// `error_page` replaces a status.
    ErrorPage {
        /// The line.
        directive: Directive<'s>,
        /// The status that it replaces.
        status: u16,
    },
    /// An internal redirect to a path: all phases run again.
    Redirected {
        /// The path.
        path: Vec<u8>,
        /// The arguments.
        arguments: Vec<u8>,
    },
    /// An internal redirect to a named location.
    Named(ContextId),
    /// An include that was not given stands in this level and may change what follows.
    NotGiven(Gap),
}

/// How a way ends.
#[derive(Debug, Clone)]
pub enum Ending<'s> {
    /// nginx answers by itself.
    Answered(Answer<'s>),
    /// The request is passed on.
    Passed(Box<Passed<'s>>),
    /// It cannot be said.
    CannotSay(Obstacle<'s>),
}

/// An answer of nginx's own.
#[derive(Debug, Clone)]
pub struct Answer<'s> {
    /// The status; 444 stands for a connection that is closed without one.
    pub status: u16,
    /// The value of `Location`, for a redirect: a path is a URL as nginx makes one of it, unless the socket is not known.
    pub location: Option<Value>,
    /// The level whose configuration is in effect.
    pub context: ContextId,
    /// Who says so.
    pub by: AnsweredBy<'s>,
}

/// Who gives an answer.
#[derive(Debug, Clone, Copy)]
pub enum AnsweredBy<'s> {
    /// This line: `return`, `rewrite`, `deny`, `try_files`, ….
    Directive(Directive<'s>),
    /// The location that the path only misses a slash of (`ngx_http_core_find_config_phase`).
    MissingSlash(ContextId),
    /// The location is `internal`, and the request is not.
    Internal(Directive<'s>),
    /// The static module: the location hands no request on, and there is no such file.
    NoFile,
    /// The static module: the location hands no request on, and there is such a file.
    File,
    /// The same of a directory: to a path without the final slash a redirect, else a refusal, for it has no index.
    Directory,
    /// Every server of the `upstream` is marked `down`.
    AllDown(ContextId),
    /// A back end whose answer `proxy_intercept_errors` replaces, and no `error_page` does.
    Intercepted(Directive<'s>),
    /// A redirect to a named location that the server does not have.
    NoNamedLocation(Directive<'s>),
    /// Ten changes of the URI (`NGX_HTTP_MAX_URI_CHANGES`).
    RedirectLimit,
    /// The upstream cannot be asked: no upstream of this name and no resolver, or no URL.
    NoUpstream(Directive<'s>),
    /// The request itself is refused: its path cannot be parsed, it is too long, or its host is none.
    BadRequest,
}

/// A request that is passed on.
#[derive(Debug, Clone)]
pub struct Passed<'s> {
    /// The `*_pass`.
    pub pass: Pass<'s>,
    /// The location or pseudo-location whose configuration is in effect.
    pub context: ContextId,
    /// What is sent; `None` for other modules than `proxy_pass`.
    pub request: Option<UpstreamRequest<'s>>,
    /// The status that the client gets in place of the upstream's, because of an `error_page` without `=`.
    pub status: Option<u16>,
    /// The lines that made nginx ask something else too, or count: `mirror`, `limit_req`, `limit_conn`.
    pub also: Vec<Directive<'s>>,
}

/// Why nothing can be said.
#[derive(Debug, Clone, Copy)]
pub enum Obstacle<'s> {
    /// A regex that cannot be evaluated.
    Regex(ContextId),
    /// A value that is not known.
    Value(Directive<'s>),
    /// A directive of a module that is not nginx's own answers, or may.
    Module(Directive<'s>),
    /// No server takes the request in what was given.
    NoServer,
    /// A line reads what a map captures only behind it: nginx measures its value before and writes it after that, so that
    /// some answer 500, and some write past the end of a buffer.
    Defect(Directive<'s>),
}

//! One run through the phases, with the state that nginx keeps in `ngx_http_request_t`.

use core::net::IpAddr;
use std::mem;
use std::sync::Arc;

use nginx_syntax::lossy;

use super::client::Live;
use super::files::OnDisk;
use super::line::Line;
use super::rewrite::Rewrite;
use super::{Answer, AnsweredBy, ClientRequest, Ending, Exchange, Exchanges, Obstacle, Step, Way, uri};
use crate::budgets;
use crate::catalogue::DirectiveName;
use crate::configuration::{ContextId, ContextKind, Directive, DirectiveRef};
use crate::effective::{Effective, effective};
use crate::location::{LocationName, Modifier, Selection};
use crate::upstream::Pass;
use crate::variables::{Cut, CutReason, Evaluator, Gathered, Value};

/// `NGX_HTTP_MAX_URI_CHANGES`: so many changes of the URI, and one more ends the request.
pub(super) const MOST_URI_CHANGES: u32 = 10;

impl<'s> Exchanges<'_, 's> {
    /// What nginx does with a request that `server` takes.
    pub fn run(&self, server: ContextId, request: impl Into<Arc<ClientRequest>>) -> Exchange<'s> {
        self.run_from(server, &request.into(), Entry::Request)
    }

    /// What nginx does with a request that is refused before the phases begin, with what only `error_page` knows as 497
    /// among others (`http/ngx_http_request.c:ngx_http_process_request`).
    pub fn run_refused(
        &self,
        server: ContextId,
        request: impl Into<Arc<ClientRequest>>,
        status: u16,
    ) -> Exchange<'s> {
        self.run_from(server, &request.into(), Entry::Refused(status))
    }

    /// What nginx does with the subrequest that `auth_request` or `mirror` sends to a URI, with the client's fields
    /// (`http/ngx_http_core_module.c:ngx_http_subrequest`).
    pub fn run_subrequest(
        &self,
        server: ContextId,
        request: impl Into<Arc<ClientRequest>>,
        uri: &[u8],
    ) -> Exchange<'s> {
        self.run_from(server, &request.into(), Entry::Subrequest(uri))
    }

    fn run_from(&self, server: ContextId, request: &Arc<ClientRequest>, entry: Entry<'_>) -> Exchange<'s> {
        let mut ways = Vec::new();
        // Answers to the questions that the configuration leaves open, in the order in which they come up.
        let mut plans: Vec<Vec<bool>> = vec![Vec::new()];
        while let Some(plan) = plans.pop() {
            let is_one_too_many = ways.len() == budgets::WAYS;
            if is_one_too_many || (!ways.is_empty() && self.effort.is_spent()) {
                let line = branch(&ways).or(self.configuration.context(server).opener);
                let why = if is_one_too_many { CutReason::Ways } else { CutReason::Lines };
                self.variables.note_cut(line.map(|line| Cut { line, why }));
                return Exchange { ways, is_cut: true };
            }
            let mut follower = Follower::new(self, server, request, &plan);
            let ending = follower.follow(entry);
            self.effort.count(follower.lines_run, ways.is_empty());
            for open in plan.len()..follower.questions {
                let mut other = plan.clone();
                other.resize(open, true);
                other.push(false);
                plans.push(other);
            }
            ways.push(Way { steps: follower.steps, ending });
        }
        Exchange { ways, is_cut: false }
    }
}

/// The line at which the way divides that was followed last.
fn branch(ways: &[Way<'_>]) -> Option<DirectiveRef> {
    ways.last()?.steps.iter().find_map(|step| match step {
        Step::If { directive, is_known: false, .. }
        | Step::Checked { directive, is_known: false, .. }
        | Step::Found { directive: Some(directive), .. } => Some(directive.reference),
        _ => None,
    })
}

/// How a request comes in.
#[derive(Clone, Copy)]
enum Entry<'u> {
    /// From the client.
    Request,
    /// From the client, refused with a status before the phases begin.
    Refused(u16),
    /// From nginx, for a URI.
    Subrequest(&'u [u8]),
}

/// What comes next.
pub(super) enum Next<'s> {
    /// The rewrite phase of the server.
    Server,
    /// The search of the location.
    Find,
    /// The rewrite phase of the location.
    Location,
    /// What may refuse, and then the content.
    Content,
    /// nginx answers a status that `error_page` may replace (`ngx_http_special_response_handler`).
    Special(Answer<'s>),
    /// All is said.
    End(Ending<'s>),
}

/// The request on its way.
pub(super) struct Follower<'a, 's> {
    pub(super) all: &'a Exchanges<'a, 's>,
    pub(super) server: ContextId,
    pub(super) request: &'a Arc<ClientRequest>,
    /// The client's address, which `set_real_ip_from` may change once.
    pub(super) client: Option<IpAddr>,
    /// Whether it did.
    pub(super) is_client_told: bool,
    pub(super) server_name: Arc<str>,
    /// The numbers of the fields that are ignored: see [`super::fields`].
    pub(super) ignored: Vec<usize>,
    plan: &'a [bool],
    /// How many questions the configuration left open so far.
    pub(super) questions: usize,
    /// Conditions that are not known, and what they were taken for.
    pub(super) decided: Vec<(Vec<u8>, bool)>,
    /// How many lines of rewrite phases ran.
    pub(super) lines_run: usize,
    pub(super) steps: Vec<Step<'s>>,
    /// Decoded: `r->uri`.
    pub(super) path: Vec<u8>,
    pub(super) arguments: Vec<u8>,
    pub(super) method: String,
    /// That of `r->main`, where this is a subrequest: `$request_method` is it.
    pub(super) main_method: Option<String>,
    pub(super) gathered: Gathered,
    /// `r->internal`
    pub(super) is_internal: bool,
    /// Whether `r->main` is another one.
    pub(super) is_subrequest: bool,
    /// `r->valid_unparsed_uri`: the target can be passed on as the client sent it.
    pub(super) is_unchanged: bool,
    /// `r->valid_location`: the location's name still is the beginning of the path.
    pub(super) is_below_location: bool,
    /// `e->quote`: whether what is captured is escaped in `set` and `if`.
    pub(super) quotes: bool,
    /// Whether `limit_req` and `limit_conn` were asked, in this order: `r->main->limit_req_status` and its kin.
    pub(super) is_limit_asked: [bool; 2],
    /// What was asked for on the disk so far.
    pub(super) on_disk: Vec<OnDisk>,
    /// Whether the file that is asked for next is one that should be there.
    pub(super) is_expected: bool,
    /// `r->uri_changed`
    pub(super) is_to_be_found: bool,
    /// How many are left.
    pub(super) uri_changes: u32,
    /// `r->err_status`
    pub(super) error_status: Option<u16>,
    /// `r->error_page`
    pub(super) has_used_error_page: bool,
    /// `r->loc_conf`
    pub(super) context: ContextId,
    /// `r->content_handler`
    pub(super) handler: Option<Pass<'s>>,
}

impl<'a, 's> Follower<'a, 's> {
    pub(super) fn new(
        all: &'a Exchanges<'a, 's>,
        server: ContextId,
        request: &'a Arc<ClientRequest>,
        plan: &'a [bool],
    ) -> Self {
        let words = all.configuration.named(server, DirectiveName::SERVER_NAME);
        let first = words.flat_map(|line| line.arguments()).next();
        let first = first.map(|name| lossy(&name).into_owned()).unwrap_or_default();
        // ngx_http_core_server_name: a regex keeps its capitals, and its tilde.
        let first = if first.starts_with('~') { first } else { first.to_ascii_lowercase() };
        Self {
            all,
            server,
            request,
            client: request.client,
            is_client_told: false,
            server_name: first.strip_prefix('.').unwrap_or(&first).into(),
            ignored: super::fields::ignored(all, server, request),
            plan,
            questions: 0,
            decided: Vec::new(),
            lines_run: 0,
            steps: Vec::new(),
            path: Vec::new(),
            arguments: uri::arguments(request.uri()).to_vec(),
            method: request.method.clone(),
            main_method: None,
            gathered: Gathered::followed(),
            is_internal: false,
            is_subrequest: false,
            is_unchanged: true,
            is_below_location: true,
            quotes: true,
            is_limit_asked: [false; 2],
            on_disk: Vec::new(),
            is_expected: false,
            is_to_be_found: false,
            uri_changes: MOST_URI_CHANGES + 1,
            error_status: None,
            has_used_error_page: false,
            context: server,
            handler: None,
        }
    }

    fn follow(&mut self, entry: Entry<'_>) -> Ending<'s> {
        let is_client = !matches!(entry, Entry::Subrequest(_));
        if is_client && self.is_line_too_long() {
            return self.refused(414);
        }
        match self.read_line() {
            Line::Path(path) => self.path = path,
            Line::Refused => return self.refused(400),
            Line::CannotSay(directive) => return Ending::CannotSay(Obstacle::Value(directive)),
        }
        self.capture_host();
        let next = match entry {
            Entry::Refused(status) => return self.refused(status),
            Entry::Request if self.are_fields_too_long() => return self.refused(494),
            Entry::Request => match self.refused_fields() {
                Some(status) => return self.refused(status),
                None => Next::Server,
            },
            Entry::Subrequest(uri) => {
                let (path, arguments) = uri::split(uri);
                (self.path, self.arguments) = (path.to_vec(), arguments.to_vec());
                drop(self.gathered.take_captures());
                self.main_method = Some(mem::replace(&mut self.method, "GET".to_owned()));
                (self.is_internal, self.is_subrequest, self.is_unchanged) = (true, true, false);
                Next::Server
            }
        };
        if matches!(next, Next::Server) {
            self.find_client();
        }
        self.follow_from(next)
    }

    /// Before the phases begin.
    fn refused(&mut self, status: u16) -> Ending<'s> {
        self.follow_from(Next::Special(self.answer(status, AnsweredBy::BadRequest)))
    }

    pub(super) fn follow_from(&mut self, mut next: Next<'s>) -> Ending<'s> {
        loop {
            next = match next {
                Next::Server => self.server_rewrite(),
                Next::Find => self.find(),
                Next::Location => self.location_rewrite(),
                Next::Content => self.content(),
                Next::Special(answer) => self.special(answer),
                Next::End(Ending::Answered(answer)) => return Ending::Answered(self.with_url(answer)),
                Next::End(ending) => return ending,
            };
        }
    }

    /// What a question is answered with: what is known, else what the plan says, else yes.
    pub(super) fn decide(&mut self, known: Option<bool>) -> (bool, bool) {
        if let Some(known) = known {
            return (known, true);
        }
        let planned = self.plan.get(self.questions).copied().unwrap_or(true);
        self.questions += 1;
        (planned, false)
    }

    /// An answer with the configuration that is in effect now.
    pub(super) fn answer(&self, status: u16, by: AnsweredBy<'s>) -> Answer<'s> {
        Answer { status, location: None, context: self.context, by }
    }

    pub(super) fn special(&mut self, answer: Answer<'s>) -> Next<'s> {
        super::answer::special(self, answer)
    }

    /// nginx's own variables now.
    pub(super) fn live(&self, upstream: Option<(Value, Value)>) -> Live<'_> {
        Live {
            request: self.request,
            version: self.all.version,
            client: self.client,
            method: self.main_method.as_ref().unwrap_or(&self.method),
            path: &self.path,
            arguments: &self.arguments,
            server_name: &self.server_name,
            ignored: &self.ignored,
            may_have_more: self.all.premises.may_send_more,
            is_browser: self.all.premises.is_browser,
            is_host_open: self.all.premises.is_host_open(),
            upstream,
        }
    }

    /// The value of a text now.
    pub(super) fn value(&self, text: &[u8]) -> Value {
        let live = self.live(None);
        let evaluator = self.evaluator(&live);
        let measured = evaluator.value_with(text, &self.gathered);
        if !self.all.is_measured_first([text]) {
            return measured;
        }
        // ngx_http_complex_value measures it first, and evaluates it again to write it: what it captures on the way may be
        // longer then, which is a fault of nginx's own.
        let written = evaluator.value_with(text, &self.gathered);
        match (measured.as_known(), written.as_known()) {
            (Some(measured), Some(written)) if written.len() > measured.len() => Value::Unknown,
            _ => written,
        }
    }

    pub(super) fn evaluator<'e>(&'e self, live: &'e Live<'e>) -> Evaluator<'e, 's> {
        Evaluator::new(self.all.configuration, self.all.variables, live, self.context)
    }

    /// The directives in effect now, in order; none where it is a default, `Err` where a file may set it that was not
    /// given.
    pub(super) fn in_effect(&mut self, name: DirectiveName) -> Vec<Directive<'s>> {
        match effective(self.all.configuration, self.context, name) {
            Effective::Set(declared) => declared.directives,
            Effective::Default { .. } => Vec::new(),
            Effective::Unknown(gap) => {
                self.note_gap(gap);
                Vec::new()
            }
        }
    }

    pub(super) fn note_gap(&mut self, gap: crate::Gap) {
        let is_noted = self.steps.iter().any(|step| matches!(step, Step::NotGiven(noted) if *noted == gap));
        if !is_noted {
            self.steps.push(Step::NotGiven(gap));
        }
    }

    /// Whether a flag is on; `default` where no level sets it.
    pub(super) fn flag(&mut self, name: DirectiveName, default: bool) -> bool {
        let directives = self.in_effect(name);
        let argument = directives.first().and_then(|directive| directive.argument(0));
        argument.map_or(default, |word| word.eq_ignore_ascii_case(b"on"))
    }

    /// Notes the includes of a level that were not given.
    fn note_gaps(&mut self, level: ContextId) {
        for &gap in &self.all.configuration.context(level).gaps {
            if !gap.is_pattern {
                self.note_gap(gap);
            }
        }
    }

    fn server_rewrite(&mut self) -> Next<'s> {
        self.note_gaps(self.server);
        match self.run_script(self.server) {
            Rewrite::Done => Next::Find,
            Rewrite::Ends(next) => next,
        }
    }

    fn find(&mut self) -> Next<'s> {
        (self.handler, self.is_to_be_found) = (None, false);
        let selection = self.all.locations.select(self.server, &self.path);
        self.steps.push(Step::Selected { path: self.path.clone(), selection: selection.clone() });
        match selection {
            Selection::CannotSay { location } => Next::End(Ending::CannotSay(Obstacle::Regex(location))),
            Selection::Server => {
                self.context = self.server;
                Next::Location
            }
            Selection::SlashRedirect(location) => {
                // The location is in effect already, with its `internal` and `limit_except`
                // (ngx_http_core_find_config_phase).
                if let Err(next) = self.take(location) {
                    return next;
                }
                let path = [self.path.as_slice(), b"/"].concat();
                let target = uri::join(&uri::Escape::Path.apply(&path), &self.arguments);
                let answer = self.answer(301, AnsweredBy::MissingSlash(location));
                Next::Special(Answer { location: Some(Value::known(target)), ..answer })
            }
            Selection::Location(location) => self.enter(location),
        }
    }

    pub(super) fn enter(&mut self, location: ContextId) -> Next<'s> {
        self.keep_captures(location);
        match self.take(location) {
            Ok(()) => Next::Location,
            Err(next) => next,
        }
    }

    /// `ngx_http_core_find_config_phase`, once the location is found.
    fn take(&mut self, location: ContextId) -> Result<(), Next<'s>> {
        self.context = location;
        self.note_gaps(location);
        if !self.is_internal {
            if let Some(&internal) = self.in_effect(DirectiveName::INTERNAL).first() {
                return Err(Next::Special(self.answer(404, AnsweredBy::Internal(internal))));
            }
        }
        self.update();
        Ok(())
    }

    /// The regex of the location that was found is the one that matched last; those of the locations around it have
    /// matched before, and what their named groups captured stays.
    fn keep_captures(&self, location: ContextId) {
        let configuration = self.all.configuration;
        let mut around: Vec<ContextId> = configuration.levels(location).collect();
        around.reverse();
        for level in
            around.into_iter().filter(|&level| configuration.context(level).kind == ContextKind::Location)
        {
            let Some(name) = configuration.opener(level).and_then(|opener| LocationName::of(&opener)) else {
                continue;
            };
            let is_caseless = match name.modifier {
                Modifier::Regex => false,
                Modifier::CaselessRegex => true,
                _ => continue,
            };
            if let Some(pattern) = self.all.configuration.pattern(&name.name, is_caseless) {
                self.gathered.matches(&pattern, &self.path);
            }
        }
    }

    /// `ngx_http_update_location_config`: `limit_except` takes the place of the location for the methods that it
    /// restricts, and the handler is the location's.
    pub(super) fn update(&mut self) {
        let configuration = self.all.configuration;
        let children = configuration.children(self.context).iter();
        let mut limits =
            children.copied().filter(|&child| configuration.context(child).kind == ContextKind::LimitExcept);
        if let Some(limit) = limits.next() {
            let is_allowed = |word: &[u8]| {
                let is_get = word.eq_ignore_ascii_case(b"GET");
                word.eq_ignore_ascii_case(self.method.as_bytes()) || (is_get && self.method == "HEAD")
            };
            let opener = configuration.opener(limit);
            if !opener.is_some_and(|opener| opener.arguments().any(|word| is_allowed(&word))) {
                self.context = limit;
                self.steps.push(Step::Limited(limit));
            }
        }
        if let Some(pass) = Pass::in_effect(configuration, self.context) {
            self.handler = Some(pass).filter(|pass| pass.is_last_handler(configuration, self.context));
        }
    }

    fn location_rewrite(&mut self) -> Next<'s> {
        // "skipping location rewrite phase for server null location": ngx_http_rewrite_handler
        if self.context != self.server {
            match self.run_script(self.context) {
                Rewrite::Done => {}
                Rewrite::Ends(next) => return next,
            }
        }
        if !self.is_to_be_found {
            return Next::Content;
        }
        // ngx_http_core_post_rewrite_phase
        if !self.may_change_uri() {
            return Next::Special(self.answer(500, AnsweredBy::RedirectLimit));
        }
        self.context = self.server;
        Next::Find
    }

    /// Counts a change of the URI; whether it was not one too many.
    pub(super) fn may_change_uri(&mut self) -> bool {
        self.uri_changes = self.uri_changes.saturating_sub(1);
        self.uri_changes > 0
    }

    /// `ngx_http_internal_redirect`: all phases run again.
    pub(super) fn redirect(&mut self, path: Vec<u8>, arguments: Vec<u8>) -> Next<'s> {
        if !self.may_change_uri() {
            return Next::Special(self.answer(500, AnsweredBy::RedirectLimit));
        }
        self.steps.push(Step::Redirected { path: path.clone(), arguments: arguments.clone() });
        (self.path, self.arguments) = (path, arguments);
        (self.is_internal, self.is_unchanged, self.is_below_location) = (true, false, true);
        (self.context, self.handler) = (self.server, None);
        Next::Server
    }

    /// `ngx_http_named_location`: the location's own phases run, the server's do not.
    pub(super) fn redirect_to_named(&mut self, name: &[u8], by: Directive<'s>) -> Next<'s> {
        if !self.may_change_uri() {
            return Next::Special(self.answer(500, AnsweredBy::RedirectLimit));
        }
        let Some(location) = self.all.locations.named(self.server, name) else {
            return Next::Special(self.answer(500, AnsweredBy::NoNamedLocation(by)));
        };
        self.steps.push(Step::Named(location));
        (self.is_internal, self.is_to_be_found) = (true, false);
        (self.context, self.handler) = (location, None);
        self.note_gaps(location);
        self.update();
        Next::Location
    }
}

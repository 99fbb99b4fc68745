//! Handshakes that cannot succeed, whatever the configuration leaves open: with the line that decides.

use std::sync::Arc;

use nginx_semantics::{
    Answer, AnsweredBy, ClientRequest, ContextId, Directive, DirectiveName, Effort, Ending, Exchange,
    Exchanges, Step, Way,
};

use crate::arrival::Arrival;
use crate::browser::{Browser, has_token};
use crate::endpoint::Endpoint;
use crate::handshake::Header;
use crate::model::Model;
use crate::paths::LostPath;
use crate::prospect::{Answerer, Prospect, Verdict};
use crate::reading::hidden_answer;
use crate::walk::{Probe, Walks};
use crate::ways::is_partial;

/// A handshake that cannot succeed.
#[derive(Debug, Clone)]
pub struct Failure<'s> {
    /// The path.
    pub path: String,
    /// What the client gets, on the first of the ways.
    pub verdict: Verdict<'s>,
    /// What a line of another location says, where that decides.
    pub because: Option<Directive<'s>>,
    /// Scheme, host and port that were asked for, where it is the handshake of one URL.
    pub site: Option<String>,
    /// Whether the back end refuses the request that it gets, be its answer replaced or not.
    pub is_back_ends: bool,
    /// Whether that is the same for every client.
    pub is_settled: bool,
}

/// How a handshake is followed, and what it is.
struct Judged<'a, 's> {
    model: &'a Model<'s>,
    exchanges: Exchanges<'a, 's>,
    server: ContextId,
    request: Arc<ClientRequest>,
    path: &'a str,
}

impl<'a, 's> Judged<'a, 's> {
    /// A handshake of any client for a path in a server: what it may send besides is not known.
    fn of_any(model: &'a Model<'s>, effort: &'a Effort, server: ContextId, path: &'a str) -> Self {
        let mut exchanges = model.strict_exchanges(model.versions.max, effort);
        exchanges.premises.is_host_told = false;
        exchanges.premises.may_send_more = true;
        let mut request = model.request_with_password(server, path);
        // The page may be of any site.
        request.headers.retain(|(name, _)| name != "Origin");
        Self { model, exchanges, server, request: Arc::new(request), path }
    }

    /// Why it cannot succeed.
    fn failure(&self) -> Option<Failure<'s>> {
        self.failure_in(&self.exchanges.run(self.server, Arc::clone(&self.request)))
    }

    /// The verdict of the first way, where no way leads to a handshake that succeeds or may do so: in what was given,
    /// and whatever a client has for a password.
    fn failure_in(&self, exchange: &Exchange<'s>) -> Option<Failure<'s>> {
        if exchange.is_cut || exchange.ways.iter().any(is_partial) {
            return None;
        }
        let mut first = None;
        for way in &exchange.ways {
            let verdict = self.model.verdict(way, &self.request);
            if verdict.prospect != Prospect::Fails {
                return None;
            }
            if let Some(because) = self.because(way) {
                let is_intercepted = |step: &Step<'_>| matches!(step, Step::Intercepted { .. });
                let is_back_ends = verdict.by == Answerer::BackEnd || way.steps.iter().any(is_intercepted);
                first = first.or(Some((verdict, because, is_back_ends)));
            }
        }
        let (verdict, because, is_back_ends) = first?;
        let path = self.path.to_owned();
        Some(Failure { path, verdict, because, site: None, is_back_ends, is_settled: true })
    }

    /// The line of another location that says so, where a subrequest asks it; `None` where the answer depends on who asks.
    fn because(&self, way: &Way<'s>) -> Option<Option<Directive<'s>>> {
        let Ending::Answered(answer) = &way.ending else { return Some(None) };
        let AnsweredBy::Directive(line) = answer.by else { return Some(None) };
        let is_told = |step: &Step<'_>| matches!(step, Step::Checked { directive, is_known: true, .. } if directive.reference == line.reference);
        match line.name() {
            DirectiveName::AUTH_REQUEST if way.steps.iter().any(is_told) => {
                let uri = line.argument(0).unwrap_or_default();
                let asked = self.exchanges.run_subrequest(self.server, Arc::clone(&self.request), &uri);
                Some(asked.ways.iter().find_map(|way| match &way.ending {
                    Ending::Answered(Answer { by: AnsweredBy::Directive(by), .. }) => Some(*by),
                    _ => None,
                }))
            }
            DirectiveName::AUTH_REQUEST | DirectiveName::AUTH_BASIC => None,
            _ => Some(None),
        }
    }
}

impl<'s> Arrival<'s> {
    /// Scheme, host and port as for `curl`.
    fn site(&self) -> String {
        let scheme = if self.url.is_tls { "https" } else { "http" };
        format!("{scheme}://{}", self.url.authority())
    }

    /// Why the handshake of the URL cannot succeed.
    pub fn failure(&self, model: &Model<'s>) -> Option<Failure<'s>> {
        let path = self.path();
        if let Some(verdict) = &self.bar {
            let (path, verdict) = (path.to_owned(), verdict.clone());
            let (because, site, is_back_ends) = (None, Some(self.site()), false);
            return Some(Failure { path, verdict, because, site, is_back_ends, is_settled: true });
        }
        let (exchange, (server, _)) = (self.exchange.as_ref()?, self.server?);
        let effort = Effort::whole(&model.variables);
        let exchanges = model.strict_exchanges(model.versions.max, &effort);
        let mut judged = Judged { model, exchanges, server, request: Arc::clone(&self.request), path };
        let failure = judged.failure_in(exchange)?;
        judged.exchanges.premises.may_send_more = true;
        let is_settled = judged.failure().is_some();
        Some(Failure { is_settled, site: Some(self.site()), ..failure })
    }
}

impl<'s> LostPath<'s> {
    /// Whether `try_files` hands the path on to a front controller, which has a path of its own.
    pub fn is_front_controllers(&self) -> bool {
        let tries = |way: &Way<'_>| way.steps.iter().any(|step| matches!(step, Step::TriedFiles(_)));
        self.exchange.ways.iter().any(|way| matches!(way.ending, Ending::Passed(_)) && tries(way))
    }

    /// Why no handshake for the path can succeed.
    pub fn failure(&self, model: &Model<'s>) -> Option<Failure<'s>> {
        let effort = Effort::whole(&model.variables);
        Judged::of_any(model, &effort, self.server, &self.path).failure()
    }
}

impl<'s> Walks<'_, 's> {
    /// Why no handshake for an endpoint can succeed: of those for the URLs that come to it, for a path that is known, or for
    /// all that its name covers.
    pub fn failure(&self, endpoint: &Endpoint<'_>) -> Option<Failure<'s>> {
        let arrivals = self.model.arrivals.iter();
        let own = arrivals.filter(|arrival| arrival.contexts.contains(&endpoint.context));
        if let Some(failure) = own.filter_map(|arrival| arrival.failure(self.model)).next() {
            return Some(failure);
        }
        let probes = self.probes(endpoint);
        if let Some(probe) = probes.first() {
            if let Some(verdict) = self.model.rejected(probe.server()) {
                let (path, because, site) = (probe.path.clone(), None, None);
                return Some(Failure { path, verdict, because, site, is_back_ends: false, is_settled: true });
            }
        }
        endpoint.groups(&probes).into_iter().find_map(|group| {
            // What nginx answers by a line of its own is known to those who ask for it.
            if self.refusal(endpoint, group).is_some() {
                return None;
            }
            let mut failures = group.iter().map(|probe| self.failure_of(endpoint, probe));
            let first = failures.next()??;
            failures.all(|other| other.is_some()).then_some(first)
        })
    }

    fn failure_of(&self, endpoint: &Endpoint<'_>, probe: &Probe<'s>) -> Option<Failure<'s>> {
        if self.straight_to(probe) == Some(endpoint.context) && self.is_surely_read(endpoint) {
            return None;
        }
        let exchange = self.exchange(probe);
        let request = self.model.request_for(probe.server(), &probe.path);
        let may_succeed = |way: &Way<'s>| match &way.ending {
            // The name of a location may be none that a client can send.
            Ending::Answered(answer) => {
                endpoint.is_led_to(answer, &probe.path) || matches!(answer.by, AnsweredBy::BadRequest)
            }
            _ => self.model.verdict(way, &request).prospect != Prospect::Fails,
        };
        if exchange.ways.iter().any(may_succeed) {
            return None;
        }
        // A file that is there, or what a client or a back end says, may lead elsewhere.
        Judged::of_any(self.model, self.effort(), probe.server(), &probe.path).failure()
    }

    /// Whether a strict back end surely takes what an endpoint's upstream receives for a handshake, so that nothing has to
    /// be followed.
    fn is_surely_read(&self, endpoint: &Endpoint<'_>) -> bool {
        let Some(handshake) = self.handshake(endpoint) else { return true };
        let says = |header: &Header<'_>, token: &str| {
            header.lines.iter().any(|line| {
                Browser::ALL
                    .iter()
                    .all(|&browser| line.value(browser).surely(|value| has_token(value, token)))
            })
        };
        let is_11 = handshake.version.written.as_deref() == Some("1.1");
        let is_own = |name: &str| name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("sec-"));
        is_11
            && says(&handshake.upgrade, "websocket")
            && says(&handshake.connection, "upgrade")
            && handshake.host.lines.iter().all(|line| !line.written.trim_ascii().is_empty())
            && !handshake.others.iter().any(|line| is_own(&line.name))
            && endpoint.idle.milliseconds != Some(0)
            && hidden_answer(self.model.configuration, endpoint.context).is_empty()
            && !self.model.configuration.has_any(DirectiveName::PROXY_METHOD)
    }
}

//! The paths that the user names (`--ws-path`), and where nginx leads a handshake for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nginx_semantics::budgets::{DECLARED, DECLARED_OF_WRITTEN, DECLARED_PATH};
use nginx_semantics::{
    Answer, AnsweredBy, ContextId, ContextKind, Cut, CutReason, Directive, Effort, Ending, Exchange,
    Obstacle, Pass, PassModule, Presence, Step, Way, normalize_path,
};

use crate::arrival::Arrival;
use crate::model::Model;
use crate::url::Url;

/// A path that the user names, in a server that does not hand it to an upstream which could take a handshake.
#[derive(Debug)]
pub struct LostPath<'s> {
    /// As given.
    pub path: String,
    /// The server.
    pub server: ContextId,
    /// What becomes of it instead.
    pub exchange: Arc<Exchange<'s>>,
}

/// Where the paths that the user names lead.
#[derive(Debug, Default)]
pub(crate) struct DeclaredPaths<'s> {
    /// The contexts that serve some, with those.
    pub(crate) contexts: BTreeMap<ContextId, Vec<String>>,
    /// The paths that nginx itself answers.
    pub(crate) lost: Vec<LostPath<'s>>,
    /// The paths of which nothing can be said.
    pub(crate) unclear: Vec<(String, Directive<'s>)>,
    /// Where the URLs among them come to.
    pub(crate) arrivals: Vec<Arrival<'s>>,
    /// The contexts that serve what the user insists on.
    pub(crate) insisted: BTreeSet<ContextId>,
}

impl<'s> DeclaredPaths<'s> {
    fn serves(&mut self, context: ContextId, path: &str, is_insisted: bool) {
        let known = self.contexts.entry(context).or_default();
        if !known.iter().any(|known| known == path) {
            known.push(path.to_owned());
        }
        if is_insisted {
            self.insisted.insert(context);
        }
    }
}

/// Where one way leads.
enum Lead {
    /// To an upstream that may take a handshake, or to one that would if it could be found.
    Upstream(ContextId),
    /// To one whose module cannot upgrade.
    Unsupported(ContextId),
    /// To the static files of a location without a `*_pass` inside of one that has one.
    Unproxied(ContextId),
    /// To a location that proxies, where nginx answers before it would.
    Refused(ContextId),
    /// nginx answers.
    Answer,
    Unclear,
}

impl Lead {
    /// The location that it concerns.
    fn context(&self) -> Option<ContextId> {
        match *self {
            Self::Upstream(context)
            | Self::Unsupported(context)
            | Self::Unproxied(context)
            | Self::Refused(context) => Some(context),
            Self::Answer | Self::Unclear => None,
        }
    }
}

impl<'s> Model<'s> {
    /// What becomes of the paths and URLs that the user names: of a path over all servers, of a URL in the one that gets it.
    pub(crate) fn declared_paths(&self) -> DeclaredPaths<'s> {
        let mut declared = DeclaredPaths::default();
        let effort = Effort::whole(&self.variables);
        let mut asked = 0_usize;
        let is_insisted = |path: &String| self.hints.insisted_paths.contains(path);
        for url in &self.hints.websocket_urls {
            if self.is_one_too_many(&mut asked, &effort, None) {
                return declared;
            }
            self.declared_url(url, is_insisted(&url.text), &effort, &mut declared);
        }
        // What the command line names comes first, however many others there are.
        let paths: BTreeSet<(bool, &String)> =
            self.hints.websocket_paths.iter().map(|path| (!is_insisted(path), path)).collect();
        let paths = paths.into_iter().filter(|(_, path)| normalize_path(path.as_bytes()).is_some());
        for (is_other, path) in paths {
            let mut lost = Vec::new();
            let mut is_served = false;
            let mut partial = None;
            let servers = self.configuration.of_kind(ContextKind::Server);
            for server in servers.filter(|&server| self.is_looked_at(server)) {
                if self.is_one_too_many(&mut asked, &effort, Some(server)) {
                    return declared;
                }
                let exchange = self.walk_with_password(server, path, &effort);
                let mut is_lost = !exchange.is_cut;
                for way in &exchange.ways {
                    let lead = self.lead(way);
                    if let Some(context) = lead.context() {
                        declared.serves(context, path, !is_other);
                    }
                    is_lost &= matches!(lead, Lead::Answer);
                    is_served |= !matches!(lead, Lead::Answer);
                    if let (Lead::Unclear, Ending::CannotSay(obstacle)) = (lead, &way.ending) {
                        if let Some(line) = self.line_of(obstacle) {
                            declared.unclear.push((path.clone(), line));
                        }
                    }
                }
                match self.line_not_given(&exchange).filter(|_| is_lost) {
                    Some(line) => partial = partial.or(Some((path.clone(), line))),
                    // Whatever an `if` asks of a client, none comes to an upstream.
                    None if is_lost => {
                        lost.push(LostPath { path: path.clone(), server, exchange: Arc::new(exchange) });
                    }
                    None => {}
                }
            }
            declared.unclear.extend(partial.filter(|_| lost.is_empty() && !is_served));
            let (nowhere, lost): (Vec<_>, Vec<_>) =
                lost.into_iter().partition(|lost| self.is_taken_by_nothing(lost));
            let known = declared.lost.len();
            declared.lost.extend(lost.into_iter().filter(|lost| self.is_meant(lost, is_served)));
            // Nothing tells one server from the others: it is said once.
            if declared.lost.len() == known {
                declared.lost.extend(nowhere.into_iter().find(|lost| self.is_meant(lost, is_served)));
            }
        }
        declared
    }

    /// Counts a path in a server, and notes where the budget ends.
    fn is_one_too_many(&self, asked: &mut usize, effort: &Effort, server: Option<ContextId>) -> bool {
        let most = DECLARED.max(self.variables.lines().saturating_mul(DECLARED_OF_WRITTEN));
        *asked = asked.saturating_add(DECLARED_PATH);
        let is_over = asked.saturating_add(effort.run()) > most;
        if is_over {
            let server = server.or_else(|| self.configuration.of_kind(ContextKind::Server).next());
            let line = server.and_then(|server| self.configuration.context(server).opener);
            self.variables.note_cut(line.map(|line| Cut { line, why: CutReason::Declared }));
        }
        is_over
    }

    fn declared_url(&self, url: &Url, is_insisted: bool, effort: &Effort, declared: &mut DeclaredPaths<'s>) {
        for mut arrival in self.arrivals(url, effort) {
            let path = arrival.path().to_owned();
            if let (Some((server, _)), Some(exchange)) = (arrival.server, arrival.exchange.clone()) {
                if !self.is_looked_at(server) {
                    continue;
                }
                let mut is_lost = !exchange.is_cut;
                for way in &exchange.ways {
                    let lead = self.lead(way);
                    if let Some(context) = lead.context() {
                        declared.serves(context, &path, is_insisted);
                        arrival.contexts.insert(context);
                    }
                    is_lost &= matches!(lead, Lead::Answer);
                    if let (Lead::Unclear, Ending::CannotSay(obstacle)) = (lead, &way.ending) {
                        if let Some(line) = self.line_of(obstacle) {
                            declared.unclear.push((url.text.clone(), line));
                        }
                    }
                }
                let is_known = |lost: &LostPath<'_>| lost.server == server && lost.path == path;
                // What was not given may have a location for it.
                match self.line_not_given(&exchange).filter(|_| is_lost) {
                    Some(line) => declared.unclear.push((url.text.clone(), line)),
                    None if is_lost && !declared.lost.iter().any(is_known) => {
                        declared.lost.push(LostPath { path, server, exchange });
                    }
                    None => {}
                }
            }
            declared.arrivals.push(arrival);
        }
    }

    /// The line that stands for others that were not given, on a way that these may change.
    fn line_not_given(&self, exchange: &Exchange<'s>) -> Option<Directive<'s>> {
        let mut steps = exchange.ways.iter().flat_map(|way| &way.steps);
        steps.find_map(|step| match step {
            Step::NotGiven(gap) => Some(self.configuration.directive(gap.include)),
            _ => None,
        })
    }

    fn lead(&self, way: &Way<'s>) -> Lead {
        let configuration = self.configuration;
        let has_pass = |context: &ContextId| Pass::directly_in(configuration, *context).is_some();
        match &way.ending {
            Ending::Passed(passed) => {
                let context = configuration.levels(passed.context).find(has_pass).unwrap_or(passed.context);
                match passed.pass.module {
                    PassModule::Proxy | PassModule::Uwsgi | PassModule::Scgi => Lead::Upstream(context),
                    // A front controller takes whatever is no file: nothing speaks of this path.
                    _ if way.steps.iter().any(|step| matches!(step, Step::TriedFiles(_))) => Lead::Answer,
                    _ => Lead::Unsupported(context),
                }
            }
            Ending::Answered(answer) => match answer.by {
                AnsweredBy::NoUpstream(line) => self.context_of(line).map_or(Lead::Answer, Lead::Upstream),
                AnsweredBy::AllDown(_) => {
                    let mut levels = configuration.levels(answer.context);
                    levels.find(has_pass).map_or(Lead::Answer, Lead::Upstream)
                }
                AnsweredBy::NoFile if self.outer_pass(answer.context).is_some() => {
                    Lead::Unproxied(answer.context)
                }
                AnsweredBy::MissingSlash(_) => Lead::Answer,
                _ => {
                    let selected = way.selected().map(|location| configuration.levels(location).take(1));
                    let mut levels =
                        configuration.levels(answer.context).chain(selected.into_iter().flatten());
                    levels.find(has_pass).map_or(Lead::Answer, Lead::Refused)
                }
            },
            Ending::CannotSay(Obstacle::Value(line)) => {
                self.context_of(*line).map_or(Lead::Unclear, Lead::Upstream)
            }
            Ending::CannotSay(_) => Lead::Unclear,
        }
    }

    /// The context of a `*_pass`.
    pub fn context_of(&self, line: Directive<'s>) -> Option<ContextId> {
        let is_it = |(_, pass): &&(ContextId, Pass<'s>)| pass.directive.reference == line.reference;
        self.passes.iter().find(is_it).map(|(context, _)| *context)
    }

    fn line_of(&self, obstacle: &Obstacle<'s>) -> Option<Directive<'s>> {
        match obstacle {
            Obstacle::Regex(location) => self.configuration.opener(*location),
            Obstacle::Value(line) | Obstacle::Module(line) | Obstacle::Defect(line) => Some(*line),
            Obstacle::NoServer => None,
        }
    }

    /// Whether the user means this server: the path is named for all of them. A location that proxies the path with a
    /// slash is meant in any case; else no server may serve the path, and this one has to proxy something or be the only one.
    fn is_meant(&self, lost: &LostPath<'s>, is_served: bool) -> bool {
        let configuration = self.configuration;
        if configuration.context(lost.server).presence != Presence::Given {
            return false;
        }
        let is_slash = |way: &Way<'_>| matches!(&way.ending, Ending::Answered(answer) if matches!(answer.by, AnsweredBy::MissingSlash(_)));
        if lost.exchange.ways.iter().all(is_slash) {
            return true;
        }
        let proxies = |(context, _): &(ContextId, Pass<'_>)| {
            configuration.enclosing(*context, ContextKind::Server) == Some(lost.server)
        };
        let is_only = || configuration.of_kind(ContextKind::Server).nth(1).is_none();
        !is_served && (self.passes.iter().any(proxies) || is_only())
    }
    /// Whether no location takes a path: its server has nothing that tells it from others.
    fn is_taken_by_nothing(&self, lost: &LostPath<'s>) -> bool {
        let is_nowhere = |way: &Way<'_>| {
            let by_server = |answer: &Answer<'_>| {
                answer.context == lost.server && matches!(answer.by, AnsweredBy::NoFile)
            };
            let tries = way.steps.iter().any(|step| matches!(step, Step::TriedFiles(_)));
            !tries && matches!(&way.ending, Ending::Answered(answer) if by_server(answer))
        };
        lost.exchange.ways.iter().any(is_nowhere)
    }
}

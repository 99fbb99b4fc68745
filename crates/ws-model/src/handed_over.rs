//! Locations with a `*_pass` that no handshake gets: nginx leads each to another location first, by `try_files`, a `rewrite`
//! or an `error_page`, also one that takes the place of what the back end answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nginx_semantics::{
    ClientRequest, ContextId, ContextKind, DirectiveName, Effective, Effort, Ending, Exchange, Exchanges,
    Pass, Presence, Selection, Step, Way, effective,
};

use crate::endpoint::Endpoint;
use crate::evidence::{Evidence, EvidenceKind};
use crate::model::Model;
use crate::prospect::Prospect;
use crate::ways::is_about_client;

/// What leads to another location than the one that was found; a status of the back end does only beside `error_page`.
const LEADING: [DirectiveName; 3] =
    [DirectiveName::TRY_FILES, DirectiveName::REWRITE, DirectiveName::ERROR_PAGE];

impl<'s> Model<'s> {
    /// Takes away the endpoints whose handshakes others take over, which get what the user says of their paths.
    pub(crate) fn drop_handed_over(&self, endpoints: &mut Vec<Endpoint<'s>>) {
        if !LEADING.iter().any(|&name| self.configuration.has_any(name)) {
            return;
        }
        let effort = Effort::whole(&self.variables);
        // A comment at the location itself says that its own `*_pass` is meant.
        let is_meant =
            |evidence: &Evidence| evidence.kind == EvidenceKind::Declared && evidence.path.is_none();
        let mut handed_over: BTreeSet<ContextId> = BTreeSet::new();
        let mut declared: BTreeMap<ContextId, Vec<Evidence>> = BTreeMap::new();
        for endpoint in endpoints.iter().filter(|endpoint| !endpoint.evidence.iter().any(is_meant)) {
            let takers = self.takers(endpoint, &effort);
            if takers.is_empty() {
                continue;
            }
            handed_over.insert(endpoint.context);
            let of_user = endpoint.evidence.iter().filter(|evidence| evidence.kind == EvidenceKind::Declared);
            for evidence in of_user {
                takers.iter().for_each(|&taker| declared.entry(taker).or_default().push(evidence.clone()));
            }
        }
        endpoints.retain(|endpoint| !handed_over.contains(&endpoint.context));
        for endpoint in endpoints {
            for evidence in declared.remove(&endpoint.context).unwrap_or_default() {
                if endpoint.evidence.iter().all(|known| known.path != evidence.path) {
                    endpoint.evidence.insert(0, evidence);
                }
            }
        }
    }

    /// The locations that take the handshakes of a location over, where each of them succeeds there: then its own `*_pass`
    /// is none of a WebSocket. No file is there: no WebSocket has the name of one.
    fn takers(&self, endpoint: &Endpoint<'s>, effort: &Effort) -> Vec<ContextId> {
        let configuration = self.configuration;
        let location = endpoint.context;
        let server = configuration.enclosing(location, ContextKind::Server);
        let server = server.filter(|&server| configuration.context(server).presence == Presence::Given);
        let Some(server) = server.filter(|_| configuration.context(location).kind == ContextKind::Location)
        else {
            return Vec::new();
        };
        let mut exchanges = self.strict_exchanges(self.versions.max, effort);
        exchanges.premises.has_files = false;
        let mut takers = Vec::new();
        for path in endpoint.sample_paths() {
            match self.takers_of(&exchanges, server, location, &path) {
                Some(mut others) => takers.append(&mut others),
                None => return Vec::new(),
            }
        }
        takers.sort_unstable();
        takers.dedup();
        takers
    }

    /// The same of the handshakes for one path.
    fn takers_of(
        &self,
        exchanges: &Exchanges<'_, 's>,
        server: ContextId,
        location: ContextId,
        path: &str,
    ) -> Option<Vec<ContextId>> {
        let intercepts = effective(self.configuration, location, DirectiveName::PROXY_INTERCEPT_ERRORS);
        let is_shown = matches!(intercepts, Effective::Default { .. });
        if is_shown && exchanges.straight_to(server, path) == Some(location) {
            return None;
        }
        let request = Arc::new(self.request_with_password(server, path));
        let exchange = exchanges.run(server, Arc::clone(&request));
        self.others(location, &exchange, &request)
    }

    /// Where handshakes that come to a location go, where each of them succeeds in another one.
    fn others(
        &self,
        location: ContextId,
        exchange: &Exchange<'s>,
        request: &ClientRequest,
    ) -> Option<Vec<ContextId>> {
        let configuration = self.configuration;
        let is_for_others =
            |way: &&Way<'s>| !matches!(&way.ending, Ending::Answered(answer) if is_about_client(answer));
        let comes_here = |step: &Step<'_>| matches!(step, Step::Selected { selection: Selection::Location(found), .. } if *found == location);
        let has_pass = |level: &ContextId| Pass::directly_in(configuration, *level).is_some();
        let mut others = Vec::new();
        for way in exchange.ways.iter().filter(is_for_others) {
            let Ending::Passed(passed) = &way.ending else { return None };
            let is_own = configuration.levels(passed.context).any(|level| level == location);
            let succeeds = || self.verdict(way, request).prospect == Prospect::Succeeds;
            if is_own || !way.steps.iter().any(comes_here) || !succeeds() {
                return None;
            }
            others.push(configuration.levels(passed.context).find(has_pass)?);
        }
        (!exchange.is_cut && !others.is_empty()).then_some(others)
    }
}

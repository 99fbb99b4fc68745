//! What was found of each location by itself, kept for the next version of the configuration: to look for evidence is most of
//! what a model costs.

use std::sync::Arc;

use nginx_semantics::{ContextId, FileId, Pass, Target};

use crate::endpoint::Endpoint;
use crate::evidence::{Doubt, Evidence, Known};
use crate::handshake::HandshakeFacts;
use crate::idle::IdleLimit;
use crate::model::Model;
use crate::standing::Standing;

/// What a model has found of locations, before it looked at all of them together. Of those that are not here, nothing
/// speaks for a WebSocket.
#[derive(Debug, Default)]
pub struct KeptCandidates(Vec<(ContextId, Arc<KeptCandidate>)>);

/// What was found of a location, in words of its own.
#[derive(Debug)]
struct KeptCandidate {
    evidence: Vec<Evidence>,
    doubt: Option<Doubt>,
    handshake: Option<HandshakeFacts>,
    target: Target,
    block: Option<ContextId>,
}

/// What an earlier version of a configuration had that has the same blocks.
pub struct Earlier<'e> {
    /// What was found of its locations.
    pub candidates: &'e KeptCandidates,
    /// Whether the same lines as then are in effect in a location, and around it.
    pub is_same: &'e (dyn Fn(ContextId) -> bool + Sync),
    /// Whether other lines of a file stand where they stood.
    pub is_edited: &'e (dyn Fn(FileId) -> bool + Sync),
}

/// What is known of a location.
enum EarlierCandidate<'e> {
    /// It has to be looked at.
    Unknown,
    Nothing,
    Candidate(&'e Arc<KeptCandidate>),
}

impl Earlier<'_> {
    fn of(&self, location: ContextId) -> EarlierCandidate<'_> {
        if !(self.is_same)(location) {
            return EarlierCandidate::Unknown;
        }
        let all = &self.candidates.0;
        let known = all.binary_search_by_key(&location, |(context, _)| *context).ok();
        let Some((_, known)) = known.and_then(|index| all.get(index)) else {
            return EarlierCandidate::Nothing;
        };
        let lost = known.handshake.and_then(|handshake| handshake.lost);
        let places = known.evidence.iter().filter_map(|evidence| evidence.at);
        let mut places = places.chain(lost.and_then(|(_, at)| at));
        if places.any(|at| (self.is_edited)(at.file)) {
            EarlierCandidate::Unknown
        } else {
            EarlierCandidate::Candidate(known)
        }
    }
}

impl KeptCandidates {
    /// Adds those of later locations.
    pub(super) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }
}

impl<'s> Model<'s> {
    /// A location that can carry WebSockets, with what its own lines and names say, as it was found earlier where that still
    /// holds; and what is `kept` of it.
    pub(super) fn by_itself(
        &self,
        (context, pass): (ContextId, Pass<'s>),
        known: &Known<'s>,
        earlier: Option<&Earlier<'_>>,
        kept: Option<&mut KeptCandidates>,
    ) -> Option<Endpoint<'s>> {
        let found = earlier.map_or(EarlierCandidate::Unknown, |earlier| earlier.of(context));
        #[cfg(debug_assertions)]
        self.compare(&found, context, pass);
        match found {
            EarlierCandidate::Nothing => None,
            EarlierCandidate::Candidate(candidate) => {
                let endpoint = self.endpoint_of_candidate(candidate, context, pass)?;
                if let Some(kept) = kept {
                    kept.0.push((context, Arc::clone(candidate)));
                }
                Some(endpoint)
            }
            EarlierCandidate::Unknown => {
                let mut endpoint = self.candidate(context, pass, known)?;
                let is_configured = endpoint.is_configured();
                self.drop_inherited_of_subrequests(&mut endpoint);
                let is_any =
                    is_configured || endpoint.lost_level().is_some() || !endpoint.evidence.is_empty();
                // One that is an endpoint for its declaration alone is none once that leads elsewhere.
                let is_one = || !self.named.contains(&context) || self.takes_handshakes(context);
                if let Some(kept) = kept.filter(|_| is_any && is_one()) {
                    kept.0.push((context, Arc::new(KeptCandidate::of(&endpoint))));
                }
                Some(endpoint)
            }
        }
    }

    fn endpoint_of_candidate(
        &self,
        candidate: &KeptCandidate,
        context: ContextId,
        pass: Pass<'s>,
    ) -> Option<Endpoint<'s>> {
        let KeptCandidate { evidence, doubt, handshake, target, block } = candidate;
        let (server_names, listens) = self.words_around(context);
        Some(Endpoint {
            configuration: self.configuration,
            context,
            pass,
            evidence: evidence.clone(),
            standing: Standing::Doubtful,
            doubt: *doubt,
            handshake: *handshake,
            idle: IdleLimit::new(self.configuration, context, pass.module)?,
            target: target.clone(),
            block: *block,
            server_names,
            listens,
        })
    }

    /// Panics where what is known is not what looking says.
    #[cfg(debug_assertions)]
    fn compare(&self, found: &EarlierCandidate<'_>, context: ContextId, pass: Pass<'s>) {
        let known = match found {
            EarlierCandidate::Unknown => return,
            EarlierCandidate::Nothing => None,
            EarlierCandidate::Candidate(candidate) => Some(candidate.as_ref()),
        };
        let mut kept = KeptCandidates::default();
        self.by_itself((context, pass), &Known::default(), None, Some(&mut kept));
        let anew = kept.0.first().map(|(_, candidate)| candidate.as_ref());
        assert_eq!(format!("{known:?}"), format!("{anew:?}"), "{context:?}");
    }
}

impl KeptCandidate {
    fn of(endpoint: &Endpoint<'_>) -> Self {
        Self {
            evidence: endpoint.evidence.clone(),
            doubt: endpoint.doubt,
            handshake: endpoint.handshake,
            target: endpoint.target.clone(),
            block: endpoint.block,
        }
    }
}

//! What was said of each server, kept for a later version of the files where nothing differs that its rules may ask for.
//!
//! Rules see more than the server where they stop: its `http`, its upstreams, other servers of the same socket or name.
//! So nothing is kept unless two versions of a configuration have the same [`Outlook`]: they differ in lines of
//! [`LOCAL`] alone, which count for the location where they stand, and each such line is written somewhere in both. Then
//! what was said of a server holds as long as its own lines are the same, its endpoints are called so for the same
//! reasons, and nothing that was said points into an edited file, where it may have moved. Where that cannot be told, all
//! is judged anew; with debug assertions all is judged anew in any case, and compared.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::discriminant;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use lint_finding::{EndpointRow, Finding, Place};
use nginx_semantics::{Configuration, ContextId, ContextKind, DirectiveName, FileId};
use ws_model::chain::Outlet;
use ws_model::{Doubt, Evidence, Model};
use ws_rules::Piece;

use super::units::hash_words;
use crate::gather::Met;

/// What a rule said, and where it was when it did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// The location that was looked at; `None` for what is about the configuration.
    pub(crate) context: Option<ContextId>,
    pub(crate) finding: Finding,
}

/// What is kept of a stop.
#[derive(Debug)]
pub(crate) struct AtStop {
    pub(crate) said: Vec<Said>,
    pub(crate) met: Option<Met>,
    /// What the endpoint may pass on to other nginxes of the run.
    pub(crate) outlet: Option<Outlet>,
}

/// What is kept of a server, or of what has none: the configuration, and fragments.
#[derive(Debug)]
pub(crate) struct OfServer {
    server: Option<ContextId>,
    pub(crate) stops: Vec<AtStop>,
    /// See [`reasons`].
    reasons: u64,
}

impl OfServer {
    pub(crate) fn new(model: &Model<'_>, server: Option<ContextId>, stops: Vec<AtStop>) -> Self {
        Self { server, stops, reasons: server.map(|server| reasons(model, server)).unwrap_or_default() }
    }

    fn points_into(&self, files: &BTreeSet<FileId>) -> bool {
        let is_in = |place: &Place| files.contains(&FileId(place.file.0));
        self.stops.iter().any(|stop| {
            let row = stop.met.as_ref().and_then(Met::row);
            stop.said.iter().any(|said| places_of_finding(&said.finding).any(|place| is_in(&place)))
                || row.is_some_and(|row| places_of_row(row).any(|place| is_in(&place)))
        })
    }

    /// Whether the same was said.
    #[cfg(debug_assertions)]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let is_same = |(one, other): (&AtStop, &AtStop)| {
            one.said == other.said
                && one.met == other.met
                && format!("{:?}", one.outlet) == format!("{:?}", other.outlet)
        };
        self.server == other.server
            && self.stops.len() == other.stops.len()
            && self.stops.iter().zip(&other.stops).all(is_same)
    }
}

fn places_of_finding(finding: &Finding) -> impl Iterator<Item = Place> {
    let fixes = [&finding.fix, &finding.unsafe_fix].into_iter().flatten();
    let edits = fixes.flat_map(|fix| fix.edits.iter().map(|edit| edit.place));
    std::iter::once(&finding.primary).chain(&finding.labels).map(|label| label.place).chain(edits)
}

fn places_of_row(row: &EndpointRow) -> impl Iterator<Item = Place> {
    let EndpointRow { http_version, upgrade, connection, host, idle_timeout, .. } = row;
    let settings = [http_version, upgrade, connection, host, idle_timeout].into_iter();
    let settings = settings.chain(row.other_headers.iter().map(|(_, setting)| setting));
    let evidence = row.evidence.iter().filter_map(|evidence| evidence.place);
    std::iter::once(row.place).chain(evidence).chain(settings.filter_map(|setting| setting.place))
}

/// Directives of a location that say how it passes requests on, and define nothing that others may name.
const LOCAL: [DirectiveName; 5] = [
    DirectiveName::PROXY_SET_HEADER,
    DirectiveName::PROXY_HTTP_VERSION,
    DirectiveName::PROXY_READ_TIMEOUT,
    DirectiveName::PROXY_SEND_TIMEOUT,
    DirectiveName::PROXY_BUFFERING,
];

/// What all servers of a configuration may see of each other.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outlook {
    /// All blocks, and all lines but the local ones, in their order.
    lines: u64,
    /// The local lines of locations, each once: whether any is written is asked over all servers.
    local: u64,
    /// Which locations are endpoints.
    endpoints: u64,
    /// Whether all that may be followed was.
    pub(crate) is_whole: bool,
}

impl Outlook {
    pub(crate) fn new(model: &Model<'_>) -> Self {
        let configuration = model.configuration;
        let mut lines = DefaultHasher::new();
        let mut local: HashSet<u64> = HashSet::new();
        for file in configuration.files() {
            let Some(file) = configuration.sources.get(file) else { continue };
            file.tree.errors().len().hash(&mut lines);
            // Comments may declare what a location is, or hide what is found.
            let mut comments = file.tree.comments().map(|comment| comment.of(file.bytes()));
            if comments.any(|comment| memchr::memmem::find(comment, b"nginx-ws-lint").is_some()) {
                file.bytes().hash(&mut lines);
            }
        }
        for (id, context) in configuration.contexts() {
            (context.kind, context.parent, context.presence, context.unseen().count()).hash(&mut lines);
            let is_location = context.kind == ContextKind::Location;
            let opener = configuration.opener(id);
            for directive in opener.iter().copied().chain(configuration.directives(id)) {
                if is_location && LOCAL.contains(&directive.name()) && !directive.has_unknown() {
                    let mut hasher = DefaultHasher::new();
                    hash_words(&directive, &mut hasher);
                    local.insert(hasher.finish());
                } else {
                    directive.reference.file.hash(&mut lines);
                    hash_words(&directive, &mut lines);
                }
            }
        }
        let mut local: Vec<u64> = local.into_iter().collect();
        local.sort_unstable();
        let endpoints = model.endpoints.iter().map(|endpoint| endpoint.context);
        Self {
            lines: lines.finish(),
            local: hash(&local),
            endpoints: hash(&endpoints.collect::<Vec<_>>()),
            is_whole: model.variables.cut().is_none(),
        }
    }
}

/// Why the locations of a server are endpoints, and how much that comes to: lines of others may be a reason.
fn reasons(model: &Model<'_>, server: ContextId) -> u64 {
    let mut hasher = DefaultHasher::new();
    for endpoint in model.endpoints_of(server) {
        for Evidence { kind, text, at, application, path, is_about_path, is_indirect, is_copied } in
            &endpoint.evidence
        {
            (discriminant(kind), text, at, path).hash(&mut hasher);
            application.map(|application| application.id).hash(&mut hasher);
            (is_about_path, is_indirect, is_copied).hash(&mut hasher);
        }
        discriminant(&endpoint.standing).hash(&mut hasher);
        let doubt = endpoint.doubt.map(|doubt| match doubt {
            Doubt::NoSocket(application) => (Some(application.id), None),
            Doubt::ServedElsewhere(application) => (None, Some((application.id, None))),
            Doubt::Beside(at) => (None, Some(("", Some(at)))),
        });
        doubt.hash(&mut hasher);
    }
    hasher.finish()
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What may be kept, by server.
#[derive(Debug, Default)]
pub(crate) struct Known(HashMap<ContextId, Arc<OfServer>>);

impl Known {
    /// What was said of servers of `old` and holds in `new`, which has the same outlook and differs in some files.
    pub(crate) fn of(
        servers: &[Arc<OfServer>],
        old: Configuration<'_>,
        new: &Model<'_>,
        changed: &BTreeSet<FileId>,
    ) -> Self {
        let mut edited = servers_with(old, changed);
        edited.extend(servers_with(new.configuration, changed));
        let holds = |of: &Arc<OfServer>| {
            let server = of.server.filter(|server| !edited.contains(server))?;
            let is_same = of.reasons == reasons(new, server) && !of.points_into(changed);
            is_same.then(|| (server, Arc::clone(of)))
        };
        Self(servers.iter().filter_map(holds).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is known of a piece: nothing where it is a part of a server.
    pub(crate) fn of_piece(&self, model: &Model<'_>, piece: &Piece<'_, '_>) -> Option<Arc<OfServer>> {
        let (first, _) = piece.passes.first()?;
        let server = model.configuration.enclosing(*first, ContextKind::Server)?;
        let of = self.0.get(&server)?;
        (of.stops.len() == piece.passes.len() + piece.endpoints.len()).then(|| Arc::clone(of))
    }
}

/// The servers with lines in some files.
fn servers_with(configuration: Configuration<'_>, files: &BTreeSet<FileId>) -> HashSet<ContextId> {
    let mut found = HashSet::new();
    for (id, context) in configuration.contexts() {
        let Some(server) = configuration.enclosing(id, ContextKind::Server) else { continue };
        let opener = context.opener.map(|opener| opener.file);
        let mut all = opener.into_iter().chain(configuration.directives(id).map(|line| line.reference.file));
        if all.any(|file| files.contains(&file)) {
            found.insert(server);
        }
    }
    found
}

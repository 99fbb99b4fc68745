//! What was said of each server, kept for a later version of the files where nothing differs that its rules may ask for.
//!
//! Rules see more than the server where they stop: its `http`, its upstreams, other servers of the same socket or name.
//! So nothing is kept unless two versions of a configuration [`differ_locally`]: in lines of [`LOCAL`] alone, which
//! count for the location where they stand, and each such directive is written in locations of both: rules ask over all
//! servers whether a directive is written at all, never with which value. Then
//! what was said of a server holds as long as its own lines are the same, its endpoints are called so for the same
//! reasons, and nothing that was said points into an edited file, where it may have moved. Where that cannot be told, all
//! is judged anew; with debug assertions all is judged anew in any case, and compared.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::discriminant;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use lint_finding::{EndpointRow, Finding, Place};
use nginx_semantics::{
    Configuration, ContextId, ContextKind, Directive, DirectiveName, DirectiveRef, FileId, SourceFile,
};
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
pub(crate) const LOCAL: [DirectiveName; 5] = [
    DirectiveName::PROXY_SET_HEADER,
    DirectiveName::PROXY_HTTP_VERSION,
    DirectiveName::PROXY_READ_TIMEOUT,
    DirectiveName::PROXY_SEND_TIMEOUT,
    DirectiveName::PROXY_BUFFERING,
];

/// What all servers of a configuration may see of each other, beside its lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outlook {
    /// Which locations are endpoints.
    endpoints: Vec<ContextId>,
    /// Whether all that may be followed was.
    pub(crate) is_whole: bool,
    /// Whether nginx refuses to start: then nothing is said of handshakes that fail.
    is_refused: bool,
}

impl Outlook {
    pub(crate) fn new(model: &Model<'_>) -> Self {
        Self {
            endpoints: model.endpoints.iter().map(|endpoint| endpoint.context).collect(),
            is_whole: model.variables.cut().is_none(),
            is_refused: model.is_refused(),
        }
    }
}

/// Whether two versions of a configuration, of which the files that are not among `changed` are the same, have the same
/// blocks and lines in the same order, but for local lines of locations, and the directives of those that differ are written
/// in both versions: whether a directive is written anywhere is asked over all servers.
pub(crate) fn differ_locally(
    old: Configuration<'_>,
    new: Configuration<'_>,
    changed: &BTreeSet<FileId>,
) -> bool {
    let is_same = |file: &FileId| match (old.sources.get(*file), new.sources.get(*file)) {
        // Comments may declare what a location is, or hide what is found.
        (Some(old), Some(new)) => {
            old.tree.errors().len() == new.tree.errors().len() && ![old, new].into_iter().any(speaks_to_us)
        }
        (None, None) => true,
        _ => false,
    };
    if !changed.iter().all(is_same) {
        return false;
    }
    let mut differing = Differing::default();
    let (mut before, mut after) = (old.contexts(), new.contexts());
    loop {
        match (before.next(), after.next()) {
            (Some((id, one)), Some((_, other))) => {
                let is_same = (one.kind, one.parent, one.presence, one.unseen().count())
                    == (other.kind, other.parent, other.presence, other.unseen().count());
                if !is_same || !differing.add(old, new, id, changed) {
                    return false;
                }
            }
            (None, None) => break,
            _ => return false,
        }
    }
    is_written(old, &differing.added) && is_written(new, &differing.removed)
}

/// Whether a file has a comment for this program.
fn speaks_to_us(file: &SourceFile) -> bool {
    let mut comments = file.tree.comments().map(|comment| comment.of(file.bytes()));
    comments.any(|comment| memchr::memmem::find(comment, b"nginx-ws-lint").is_some())
}

/// The directives of the local lines that one of two versions has in a location, and the other has not.
#[derive(Debug, Default)]
struct Differing {
    added: HashSet<DirectiveName>,
    removed: HashSet<DirectiveName>,
}

impl Differing {
    /// Adds those of a block; false where it has other lines that differ.
    fn add(
        &mut self,
        old: Configuration<'_>,
        new: Configuration<'_>,
        id: ContextId,
        changed: &BTreeSet<FileId>,
    ) -> bool {
        let is_of_changed = |line: &DirectiveRef| changed.contains(&line.file);
        let (before, after) = (old.references(id), new.references(id));
        let openers = (old.context(id).opener, new.context(id).opener);
        let mut all = before.iter().chain(openers.0.as_ref());
        if before == after && openers.0 == openers.1 && !all.any(is_of_changed) {
            return true;
        }
        let is_location = old.context(id).kind == ContextKind::Location;
        let [before, after] = [old, new].map(|configuration| {
            let (mut local, mut others) = (HashMap::new(), Vec::new());
            let opener = configuration.opener(id);
            for line in opener.iter().copied().chain(configuration.directives(id)) {
                if is_location && is_local(&line) {
                    local.insert(words(&line), line.name());
                } else {
                    others.push((line.reference.file, words(&line)));
                }
            }
            (local, others)
        });
        let only_in =
            |one: &HashMap<u64, DirectiveName>, other: &HashMap<u64, DirectiveName>| -> Vec<DirectiveName> {
                one.iter().filter(|(line, _)| !other.contains_key(*line)).map(|(_, name)| *name).collect()
            };
        self.added.extend(only_in(&after.0, &before.0));
        self.removed.extend(only_in(&before.0, &after.0));
        before.1 == after.1
    }
}

/// Whether a line of a location is a local one.
fn is_local(line: &Directive<'_>) -> bool {
    LOCAL.contains(&line.name()) && !line.has_unknown()
}

fn words(line: &Directive<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    hash_words(line, &mut hasher);
    hasher.finish()
}

/// Whether a line of each of these names is written in a location.
fn is_written(configuration: Configuration<'_>, names: &HashSet<DirectiveName>) -> bool {
    names.iter().all(|name| {
        let mut locations = configuration.of_kind(ContextKind::Location);
        locations.any(|location| configuration.named(location, *name).any(|line| is_local(&line)))
    })
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

/// What may be kept, by server.
#[derive(Debug, Default)]
pub(crate) struct Known(HashMap<ContextId, Arc<OfServer>>);

impl Known {
    /// What was said of `servers` and holds in `new`, which has the same outlook and differs locally in some files, of which
    /// `edited` ones have lines.
    pub(crate) fn of(
        servers: &[Arc<OfServer>],
        new: &Model<'_>,
        edited: &HashSet<ContextId>,
        changed: &BTreeSet<FileId>,
    ) -> Self {
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

/// The servers with lines in some files, in one of two versions.
pub(crate) fn edited_servers(
    old: Configuration<'_>,
    new: Configuration<'_>,
    files: &BTreeSet<FileId>,
) -> HashSet<ContextId> {
    let mut found = HashSet::new();
    for configuration in [old, new] {
        for (id, context) in configuration.contexts() {
            let mut lines = context.opener.iter().chain(configuration.references(id));
            if lines.any(|line| files.contains(&line.file)) {
                found.extend(configuration.enclosing(id, ContextKind::Server));
            }
        }
    }
    found
}

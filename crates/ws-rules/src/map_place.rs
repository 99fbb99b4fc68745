//! Where a map goes that an edit adds: nginx takes some lines only in front of the first one.

use nginx_semantics::{Configuration, ContextId, ContextKind, Directive, DirectiveName};
use nginx_syntax::NodeId;
use ws_model::Endpoint;

use crate::edit::is_editable;
use crate::verify::{ConnectionValue, MapLines};
use crate::{Context, Edits};

/// What nginx refuses behind the first map, whose block takes the default of what is not set yet
/// (`http/modules/ngx_http_map_module.c:ngx_http_map_block`).
const BEFORE_MAPS: [&str; 2] = ["map_hash_bucket_size", "map_hash_max_size"];

/// The block that a map for an endpoint goes behind, before, or into.
enum MapPlace<'s> {
    Behind(Directive<'s>),
    Before(Directive<'s>),
    Into(Directive<'s>),
}

impl ConnectionValue {
    /// The map as an edit, none where there is one already; `None` where no place for it is known.
    pub(crate) fn map_edits(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>) -> Option<Edits> {
        let Some(map) = &self.map else { return Some(Edits::new()) };
        let edits = map_edits(cx.configuration(), &endpoint.pass.directive, endpoint.context, map);
        edits.clone().finish().map(|_| edits)
    }
}

/// A map for what a directive of a context uses: in the file with the `http` block, behind the maps that are there, else
/// before the first server or the include that leads to the directive. Where that file is not given, above the server.
pub(crate) fn map_edits(
    configuration: Configuration<'_>,
    user: &Directive<'_>,
    context: ContextId,
    map: &MapLines,
) -> Edits {
    match map_place(configuration, user, context) {
        Some(MapPlace::Behind(other)) => Edits::new().after(&other, &map.for_file(&other)),
        Some(MapPlace::Before(block)) => Edits::new().block_before(&block, &map.for_file(&block)),
        Some(MapPlace::Into(http)) => Edits::new().at_end(&http, &map.for_file(&http)),
        None => Edits::impossible(),
    }
}

fn map_place<'s>(
    configuration: Configuration<'s>,
    user: &Directive<'s>,
    context: ContextId,
) -> Option<MapPlace<'s>> {
    let http = configuration.enclosing(context, ContextKind::Http)?;
    let server = configuration.enclosing(context, ContextKind::Server);
    let server = server.and_then(|server| configuration.opener(server));
    let opener = configuration.opener(http).filter(is_editable);
    let (file, block) = match (&opener, &server) {
        (Some(opener), _) => (opener.reference.file, opener.reference.node),
        (None, Some(server)) => (server.reference.file, NodeId::FILE),
        (None, None) => return None,
    };
    let stands_there = |line: &Directive<'_>| {
        line.reference.file == file
            && line.file().is_some_and(|file| file.tree.parent(line.reference.node) == block)
    };
    let mut maps = configuration.named(http, DirectiveName::MAP);
    if let Some(map) = maps.rfind(stands_there) {
        return Some(MapPlace::Behind(map));
    }
    if let Some(last) = last_before_maps(configuration, http) {
        // Where it stands, or the include that brings it, as far as that is in the same file.
        let mut around = std::iter::successors(Some(last), Directive::included_by);
        return around.find(stands_there).or(Some(last).filter(is_editable)).map(MapPlace::Behind);
    }
    let mut servers = configuration.named(http, DirectiveName::SERVER);
    let mut includes = std::iter::successors(user.included_by(), Directive::included_by);
    servers
        .find(stands_there)
        .or_else(|| includes.find(stands_there))
        .map(MapPlace::Before)
        .or(opener.map(MapPlace::Into))
}

/// The last line of a level that no map may stand before, or an include of which nobody knows whether it brings one.
fn last_before_maps<'s>(configuration: Configuration<'s>, http: ContextId) -> Option<Directive<'s>> {
    let is_it = |line: &Directive<'_>| BEFORE_MAPS.contains(&line.name().as_str());
    let known = configuration.directives(http).rfind(is_it);
    let unseen = configuration.context(http).unseen().map(|gap| configuration.directive(gap.include));
    known.into_iter().chain(unseen).max_by_key(|line| order(line))
}

/// The places of a directive and of the includes around it, outermost first: as nginx comes to them.
fn order(line: &Directive<'_>) -> Vec<NodeId> {
    let mut order: Vec<NodeId> =
        std::iter::successors(Some(*line), Directive::included_by).map(|line| line.reference.node).collect();
    order.reverse();
    order
}

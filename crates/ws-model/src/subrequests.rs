//! Locations that nginx asks on its own account, for `auth_request` and `mirror`.

use nginx_semantics::{
    ContextId, ContextKind, Directive, DirectiveName, Ending, LocationName, Modifier, Way,
};

use crate::endpoint::Endpoint;
use crate::model::Model;

impl<'s> Model<'s> {
    /// Whether clients do not come to the location of a context: it is `internal`, and no line of its server leads to it.
    pub fn is_closed_to_clients(&self, context: ContextId) -> bool {
        use DirectiveName as N;
        let configuration = self.configuration;
        let Some(location) = configuration.enclosing(context, ContextKind::Location) else { return false };
        let name = configuration.opener(location).and_then(|opener| LocationName::of(&opener));
        let is_internal = configuration.named(location, N::INTERNAL).next().is_some();
        let Some(name) = name.filter(|_| is_internal) else { return false };
        let is_plain = !matches!(name.modifier, Modifier::Regex | Modifier::CaselessRegex);
        // With variables and with regexes, which path it is shows at run time only.
        let leads = |line: Directive<'_>| {
            let mut words = line.arguments().filter(|word| word.starts_with(b"/") || word.contains(&b'$'));
            words.any(|word| !is_plain || word.starts_with(&name.name) || word.starts_with(b"$"))
        };
        !self.lines_of_server(context, &[N::REWRITE, N::TRY_FILES, N::ERROR_PAGE]).into_iter().any(leads)
    }

    /// Whether nobody but `auth_request` or `mirror` asks for an endpoint's location: its answers are short, whatever its
    /// lines say.
    pub fn is_for_subrequests(&self, endpoint: &Endpoint<'_>) -> bool {
        let server = self.configuration.enclosing(endpoint.context, ContextKind::Server);
        let Some(server) = server.filter(|_| self.is_closed_to_clients(endpoint.context)) else {
            return false;
        };
        let asks = |line: Directive<'_>| {
            let Some(uri) = line.argument(0) else { return false };
            let ends_here = |way: &Way<'_>| match &way.ending {
                Ending::Passed(passed) => passed.context == endpoint.context,
                _ => false,
            };
            self.subrequest(server, "/", &uri).ways.iter().any(ends_here)
        };
        let askers = [DirectiveName::AUTH_REQUEST, DirectiveName::MIRROR];
        self.lines_of_server(endpoint.context, &askers).into_iter().any(asks)
    }

    /// The lines of these names in the server of a context and around it.
    fn lines_of_server(&self, context: ContextId, names: &[DirectiveName]) -> Vec<Directive<'s>> {
        let configuration = self.configuration;
        let server = configuration.enclosing(context, ContextKind::Server);
        let is_near = |id: &ContextId| {
            let around = configuration.enclosing(*id, ContextKind::Server);
            around.is_none() || around == server
        };
        let near = configuration.contexts().map(|(id, _)| id).filter(is_near);
        near.flat_map(|id| names.iter().flat_map(move |name| configuration.named(id, *name))).collect()
    }
}

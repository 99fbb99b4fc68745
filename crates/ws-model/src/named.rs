//! Whether anything leads to a named location: no client can ask for one.

use nginx_semantics::{ContextId, ContextKind, DirectiveName, LocationName, Modifier, has_variables};

use crate::endpoint::Endpoint;
use crate::model::Model;

/// Whose last word is the name of a location, a path, or a status.
const LEADING: [DirectiveName; 2] = [DirectiveName::TRY_FILES, DirectiveName::ERROR_PAGE];

impl Model<'_> {
    /// Whether the location of an endpoint is a named one that no line of its server names, where all of that was given
    /// and no program may lead there. A back end that sends `X-Accel-Redirect: @name` still does
    /// (`http/ngx_http_upstream.c:ngx_http_upstream_process_headers`).
    pub fn is_named_by_nothing(&self, endpoint: &Endpoint<'_>) -> bool {
        let configuration = self.configuration;
        let (Some(LocationName { modifier: Modifier::Named, name }), Some(server)) =
            (endpoint.location_name(), configuration.enclosing(endpoint.context, ContextKind::Server))
        else {
            return false;
        };
        if self.is_server_open(endpoint.context) || self.may_run_program(server) {
            return false;
        }
        let mut inside: Vec<ContextId> = vec![server];
        let mut around = configuration.levels(server).skip(1);
        while let Some(level) = inside.pop().or_else(|| around.next()) {
            if configuration.levels(level).any(|at| at == server) {
                inside.extend(configuration.children(level));
            }
            // Its own opener is no line of its block.
            let mut lines =
                configuration.directives(level).filter(|line| line.name() != DirectiveName::LOCATION);
            let leads = lines.any(|line| {
                let may_be_it = |word: &[u8]| {
                    word == name.as_ref() || LEADING.contains(&line.name()) && has_variables(word)
                };
                // The paths that are tried have variables as a rule; what is left behind them is the last one.
                line.arguments().any(|word| word == name)
                    || line.arguments().last().is_some_and(|word| may_be_it(&word))
            });
            if leads {
                return false;
            }
        }
        true
    }
}

//! What leads to named locations: no client can ask for one.

use hashbrown::{HashMap, HashSet};
use nginx_semantics::{
    Configuration, ContextId, ContextKind, Directive, DirectiveName, LocationName, Modifier, has_variables,
};
use nginx_syntax::lossy;

use crate::endpoint::Endpoint;
use crate::model::Model;

/// What leads to the named locations of a server.
#[derive(Debug, Default)]
pub(crate) struct LeadIns {
    /// By `@name`: the paths of the locations whose `try_files` or `error_page` names it.
    paths: HashMap<Vec<u8>, Vec<String>>,
    /// The names that any line of the server or around it has.
    named: HashSet<Vec<u8>>,
    /// Whether the value of a variable may be such a name.
    may_name_any: bool,
}

impl LeadIns {
    fn of(configuration: Configuration<'_>, server: ContextId) -> Self {
        let mut this = Self::default();
        let mut inside = vec![server];
        while let Some(level) = inside.pop() {
            inside.extend(configuration.children(level));
            let path = || match level == server {
                true => Some("/".to_owned()),
                false => path_of(configuration, configuration.enclosing(level, ContextKind::Location)?),
            };
            for line in configuration.directives(level) {
                this.add(&line, &path);
            }
        }
        for level in configuration.levels(server).skip(1) {
            configuration.directives(level).for_each(|line| this.add(&line, &|| None));
        }
        this
    }

    /// A line, and the path of the location that it stands in.
    fn add(&mut self, line: &Directive<'_>, path: &dyn Fn() -> Option<String>) {
        let name = line.name();
        if name == DirectiveName::LOCATION {
            return;
        }
        let is_leading = matches!(name, DirectiveName::TRY_FILES | DirectiveName::ERROR_PAGE);
        let mut words = line.arguments().peekable();
        while let Some(word) = words.next() {
            let leads = is_leading && words.peek().is_none();
            // The paths that are tried before have variables as a rule.
            self.may_name_any |= leads && has_variables(&word);
            if !word.starts_with(b"@") {
                continue;
            }
            if leads {
                if let Some(path) = path() {
                    self.paths.entry(word.to_vec()).or_default().push(path);
                }
            }
            self.named.insert(word.into_owned());
        }
    }
}

/// The path of a location, where its name is one.
fn path_of(configuration: Configuration<'_>, location: ContextId) -> Option<String> {
    let name = LocationName::of(&configuration.opener(location)?)?;
    let is_path = !matches!(name.modifier, Modifier::Named | Modifier::Regex | Modifier::CaselessRegex);
    is_path.then(|| lossy(&name.name).into_owned())
}

impl Model<'_> {
    /// The paths of the locations whose `try_files` or `error_page` names the location of an endpoint; none where it is no
    /// named one.
    pub(crate) fn paths_to_named(&self, server: ContextId, endpoint: &Endpoint<'_>) -> Vec<String> {
        let Some(name) = named(endpoint) else { return Vec::new() };
        let all = self.lead_ins_of(server);
        let mut paths = all.and_then(|all| all.paths.get(&name)).cloned().unwrap_or_default();
        paths.extend(endpoint.evidence.iter().filter_map(|evidence| evidence.path.clone()));
        paths.sort();
        paths.dedup();
        paths
    }

    /// Whether the location of an endpoint is a named one that no line of its server names, where all of that was given
    /// and no program may lead there. A back end that sends `X-Accel-Redirect: @name` still does
    /// (`http/ngx_http_upstream.c:ngx_http_upstream_process_headers`).
    pub fn is_named_by_nothing(&self, endpoint: &Endpoint<'_>) -> bool {
        let server = self.configuration.enclosing(endpoint.context, ContextKind::Server);
        let Some((name, server)) = named(endpoint).zip(server) else { return false };
        !self.is_server_open(endpoint.context)
            && !self.may_run_program(server)
            && self.lead_ins_of(server).is_some_and(|all| !all.may_name_any && !all.named.contains(&name))
    }

    fn lead_ins_of(&self, server: ContextId) -> Option<&LeadIns> {
        self.lead_ins.get(server, || LeadIns::of(self.configuration, server))
    }
}

/// The `@name` of the location of an endpoint, where it is a named one.
fn named(endpoint: &Endpoint<'_>) -> Option<Vec<u8>> {
    let name = endpoint.location_name()?;
    (name.modifier == Modifier::Named).then(|| name.name.into_owned())
}

//! The location that NGINX Inc's controller writes for a path of an `Ingress`.

use super::controller::Controller;
use super::render::Render;
use super::resource::{Ingress, Path, is_filled_in};
use super::words::{is_listed, is_meant};
use crate::yaml::nodes::Scalar;

impl Render<'_, '_> {
    /// `internal/configs/version1/nginx.ingress.tmpl`.
    pub(super) fn of_nginx_inc(&mut self, number: usize, ingress: &Ingress, path: &Path) {
        let controller = Controller::NginxInc;
        let anchor = path.anchor.clone();
        let service = path.service.as_ref().map_or("", |service| service.value.as_str());
        self.writer.given(&anchor, "        proxy_http_version 1.1;\n");
        let lists = self.entry(ingress, controller, "websocket-services").cloned();
        let keepalive =
            self.value(ingress, controller, "keepalive").and_then(|count| count.parse::<u32>().ok());
        let is_unknown = lists.as_ref().is_some_and(|(_, list)| is_filled_in(self.around.text, list))
            || path.service.as_ref().is_some_and(|service| is_filled_in(self.around.text, service));
        match &lists {
            Some((_, list)) if is_listed(&list.value, service) => {
                let lines = "        proxy_set_header Upgrade $http_upgrade;\n        proxy_set_header Connection $connection_upgrade;\n";
                self.writer.given(&list.at, lines);
            }
            _ if is_unknown => self.writer.gap(&anchor),
            // A master sets it for its minions, in another object.
            _ if self.value(ingress, controller, "mergeable-ingress-type") == Some("minion")
                && lists.is_none() => {}
            _ if keepalive.is_some_and(|count| count > 0) => {
                self.writer.given(&anchor, "        proxy_set_header Connection \"\";\n");
            }
            _ => {}
        }
        // What a minion does not set itself, its master may.
        if self.value(ingress, controller, "mergeable-ingress-type") == Some("minion") {
            self.writer.gap(&anchor);
        }
        if let Some(list) = lists.filter(|(_, list)| !is_listed(&list.value, service)) {
            self.with_blanks(number, &list, service);
        }
        self.snippet(ingress, controller, "location-snippets");
        self.knobs(controller, number, ingress, &anchor);
        self.writer.given(
            &anchor,
            "        proxy_set_header Host $host;\n        proxy_set_header X-Real-IP $remote_addr;\n        \
             proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n        proxy_set_header X-Forwarded-Host $host;\n        \
             proxy_set_header X-Forwarded-Port $server_port;\n        proxy_set_header X-Forwarded-Proto $scheme;\n",
        );
        let is_in =
            |name: &str| self.value(ingress, controller, name).is_some_and(|list| is_listed(list, service));
        let pass = match (is_in("grpc-services"), is_in("ssl-services")) {
            (true, true) => "grpc_pass grpcs://",
            (true, false) => "grpc_pass grpc://",
            (false, true) => "proxy_pass https://",
            (false, false) => "proxy_pass http://",
        };
        let rewrites = self.value(ingress, controller, "rewrites").unwrap_or_default().to_owned();
        let rewrite = rewrites.split(';').find_map(|one| {
            let mut words = one.split_whitespace();
            let is_own = words.next()?.strip_prefix("serviceName=")? == service;
            let uri = words.next()?.strip_prefix("rewrite=")?;
            (is_own && uri.starts_with('/')).then(|| uri.to_owned())
        });
        self.pass(path, pass, rewrite.as_deref().unwrap_or_default());
    }

    /// A list that names a service with blanks around it: `ParseServiceList` of `internal/configs/parsing_helpers.go` takes
    /// them for a part of the name, and `validateServiceListAnnotation` of `internal/k8s/validation.go` finds none so called.
    fn with_blanks(&mut self, number: usize, list: &(Scalar, Scalar), service: &str) {
        if is_meant(&list.1.value, service) {
            let why = format!(
                "{} rejects the Ingress: a blank beside a comma counts as part of the service's name",
                Controller::NginxInc.name()
            );
            self.ignored("Upgrade", number, list, why);
        }
    }
}

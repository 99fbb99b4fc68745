//! Lines of a controller that answer a request in place of the back end: who may come, who has to sign in, and whom it
//! sends to https.

use std::collections::HashSet;
use std::ops::Range;

use super::controller::{Controller, truth};
use super::render::{Render, Server};
use super::resource::{Ingress, is_filled_in};
use crate::yaml::nodes::Scalar;

/// What a list of addresses looks like where it is written out.
fn is_address(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit() || b".:/".contains(&byte))
}

impl Render<'_, '_> {
    /// In a location of ingress-nginx, as `nginx.tmpl` has them.
    pub(super) fn answers(&mut self, number: usize, ingress: &Ingress, is_tls: bool, anchor: &Range<usize>) {
        let controller = Controller::IngressNginx;
        self.redirect(ingress, is_tls, anchor);
        for name in ["allowlist-source-range", "whitelist-source-range"] {
            if let Some((_, list)) = self.entry(ingress, controller, name).cloned() {
                if self.addresses("allow", &list) {
                    self.writer.given(&list.at, "        deny all;\n");
                }
                break;
            }
        }
        if let Some((_, list)) = self.entry(ingress, controller, "denylist-source-range").cloned() {
            self.addresses("deny", &list);
        }
        if let Some((_, url)) = self.entry(ingress, controller, "auth-url").cloned() {
            self.writer.given(&url.at, &format!("        auth_request {};\n", auth_location(number)));
        }
        if let Some((key, kind)) = self.entry(ingress, controller, "auth-type").cloned() {
            match kind.value.as_str() {
                "basic" => self.writer.given(
                    &kind.at,
                    "        auth_basic \"Authentication Required\";\n        auth_basic_user_file /etc/ingress-controller/auth/users;\n",
                ),
                _ => self.may_answer(&key.at, "401"),
            }
        }
        if let Some((key, _)) = self.entry(ingress, controller, "auth-tls-secret").cloned() {
            self.may_answer(&key.at, "403");
        }
    }

    /// How a server answers clients that come over TLS. ingress-nginx listens on port 443 for every host
    /// (`buildHTTPSListener` of `internal/ingress/controller/template/template.go`), and sends its default certificate if
    /// none is named (`rootfs/etc/nginx/lua/certificate.lua`). The other controller listens where `tls` says so.
    pub(super) fn tls(&mut self, controller: Controller, server: &Server<'_>, anchor: &Range<usize>) {
        let file = match (controller, server.is_tls) {
            (_, true) => "tls",
            (Controller::IngressNginx, false) => "default",
            (Controller::NginxInc | Controller::VirtualServer, false) => return,
        };
        let start = self.writer.end();
        self.writer.given(anchor, "    listen 443 ssl;\n");
        if !server.is_tls {
            let words = "`tls` names no certificate for this host, so ingress-nginx sends its default one, which \
                         browsers refuse unless `--default-ssl-certificate` names another";
            self.writer.tell(start, words.to_owned());
        }
        let lines = format!(
            "    ssl_certificate /etc/ingress/{file}.crt;\n    ssl_certificate_key /etc/ingress/{file}.key;\n"
        );
        self.writer.given(anchor, &lines);
    }

    /// The server for hosts that no object names: 404, from the controller or from its default back end.
    pub(super) fn default_server(&mut self, controller: Controller, anchor: &Range<usize>) {
        let start = self.writer.end();
        self.writer.given(
            anchor,
            "server {\n    listen 80 default_server;\n    listen 443 ssl default_server;\n    \
             ssl_certificate /etc/ingress/default.crt;\n    ssl_certificate_key /etc/ingress/default.key;\n    \
             server_name _;\n    return 404;\n}\n",
        );
        let words = match controller {
            Controller::IngressNginx => {
                "this is the controller's own server, for hosts that no Ingress here names"
            }
            Controller::NginxInc | Controller::VirtualServer => {
                "this is the controller's own server, for hosts that have no server here or no `tls`; without a default \
                 certificate it refuses TLS"
            }
        };
        self.writer.tell(start, words.to_owned());
    }

    /// Where `auth_request` asks.
    pub(super) fn auth_locations(&mut self, controller: Controller, server: &Server<'_>) {
        if controller != Controller::IngressNginx {
            return;
        }
        let mut said: HashSet<usize> = HashSet::new();
        for (number, ingress, _) in &server.paths {
            let Some((_, url)) = self.entry(ingress, controller, "auth-url").cloned() else { continue };
            if !said.insert(*number) {
                continue;
            }
            let head = format!(
                "    location = {} {{\n        internal;\n        proxy_pass_request_body off;\n        \
                 proxy_set_header Content-Length \"\";\n        proxy_pass ",
                auth_location(*number)
            );
            self.writer.given(&(url.at.start..url.at.start), &head);
            self.writer.word(&url);
            self.writer.given(&(url.at.end..url.at.end), ";\n    }\n");
        }
    }

    /// At the server of NGINX Inc's controller: `nginx.ingress.tmpl` sends to https unless an annotation says otherwise.
    pub(super) fn server_redirect(&mut self, server: &Server<'_>, anchor: &Range<usize>) {
        let is_off = |ingress: &Ingress| {
            ["nginx.org/ssl-redirect", "ingress.kubernetes.io/ssl-redirect"]
                .iter()
                .filter_map(|name| ingress.annotations.get(name))
                .any(|(_, value)| truth(&value.value) != Some(true))
        };
        if server.is_tls && !server.paths.iter().any(|(_, ingress, _)| is_off(ingress)) {
            let text =
                "    if ($scheme = http) {\n        return 301 https://$host:443$request_uri;\n    }\n";
            self.writer.given(anchor, text);
        }
    }

    /// In Lua (`rootfs/etc/nginx/lua/lua_ingress.lua`, `redirect_to_https`): where there is a certificate, unless an
    /// annotation says otherwise.
    fn redirect(&mut self, ingress: &Ingress, is_tls: bool, anchor: &Range<usize>) {
        let controller = Controller::IngressNginx;
        let is = |name: &str| self.value(ingress, controller, name).and_then(truth);
        let is_written = |name: &str| self.entry(ingress, controller, name).is_some();
        let is_forced = is("force-ssl-redirect") == Some(true);
        if is_tls && (is_forced || !is_written("ssl-redirect") || is("ssl-redirect") == Some(true)) {
            let text = "        if ($scheme = http) {\n            return 308 https://$host$request_uri;\n        }\n";
            self.writer.given(anchor, text);
        } else if is_forced {
            // The scheme may be that of a load balancer's header.
            self.may_answer(anchor, "308 https://$host$request_uri");
        }
    }

    /// A line for each of a list, if all of it can be read; else anybody may be refused.
    fn addresses(&mut self, directive: &str, list: &Scalar) -> bool {
        let all: Vec<&str> = list.value.split(',').map(str::trim).collect();
        if is_filled_in(self.around.text, list) || !all.iter().all(|address| is_address(address)) {
            self.may_answer(&list.at, "403");
            return false;
        }
        for address in all {
            self.writer.given(&list.at, &format!("        {directive} {address};\n"));
        }
        true
    }

    /// What may answer, nobody knows when.
    pub(super) fn may_answer(&mut self, because: &Range<usize>, answer: &str) {
        self.writer.given(because, "        if (");
        self.writer.unknown(because);
        self.writer.given(because, &format!(") {{\n            return {answer};\n        }}\n"));
    }
}

fn auth_location(number: usize) -> String {
    format!("/_external-auth-{number}")
}

//! The nginx configuration that a controller writes for the `Ingress` objects of a text, as far as WebSockets depend on it.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use granit_parser::ScalarStyle;
use nginx_syntax::Span;

use super::around::Around;
use super::controller::{Controller, Reads, truth};
use super::rendered::{Block, Ignored, Rendered, Target};
use super::resource::{ControllerSettings, Host, Ingress, Path, is_filled_in};
use super::words::{is_meant, is_name, is_time_directive, modified, needs_quotes};
use super::writer::{Kept, Writer, span};
use crate::view::View;
use crate::yaml::nodes::Scalar;
use crate::yaml::snippet;

/// A text of a controller gets no longer, but for the block that is being written.
const LARGEST_TEXT: u32 = 8 << 20;

/// The paths of one host, of all objects of one controller that name it.
pub(super) struct Server<'i> {
    pub(super) name: Option<&'i Scalar>,
    pub(super) paths: Vec<(usize, &'i Ingress, &'i Path)>,
    pub(super) is_tls: bool,
}

/// The text for the objects of one controller.
pub(super) fn ingresses(around: &Around<'_>, controller: Controller, all: &[&Ingress]) -> View {
    let mut this = Render { around, writer: Writer::new(around.text), blocks: Vec::new(), is_cut: false };
    let first = all.iter().flat_map(|ingress| &ingress.hosts).flat_map(|host| &host.paths).next();
    let top = first.map_or(0..0, |path| path.anchor.clone());
    // `nginx.tmpl`: with connections to the back ends that are kept, which is the default, no `close`.
    let map = "map $http_upgrade $connection_upgrade {\n    default upgrade;\n    '' '';\n}\n";
    this.writer.given(&top, map);
    let servers = servers(all);
    for server in &servers {
        this.server(controller, server);
    }
    if servers.iter().all(|server| server.name.is_some()) {
        this.default_server(controller, &top);
    }
    let Render { writer, blocks, is_cut, .. } = this;
    let is_cut = is_cut || around.is_partial;
    let (mut view, Kept { slots, snippets, ignored, refused }) = writer.finish();
    let targets = all.iter().map(|ingress| Target::of(around.text, controller, &ingress.annotations));
    let targets = targets.collect();
    view.rendered = Some(
        Rendered {
            controller,
            is_cut,
            is_settings: false,
            targets,
            blocks,
            slots,
            snippets,
            ignored,
            refused,
        }
        .into(),
    );
    view
}

/// The text for the settings of a controller: what holds for every `Ingress` that says nothing else.
pub(super) fn settings(around: &Around<'_>, settings: &ControllerSettings) -> View {
    let mut writer = Writer::new(around.text);
    let name = settings.name.as_ref().map_or(0..0, |name| name.at.clone());
    let line = |writer: &mut Writer<'_>, key: &str, directive: &str, indent: &str| {
        let Some((key, value)) = settings.data.get(key) else { return };
        let is_time = Reads::Time.takes(&value.value);
        if !is_time && !is_filled_in(writer.text, value) {
            return;
        }
        writer.given(&(key.at.start..value.at.start), &format!("{indent}{directive} "));
        writer.word(value);
        writer.given(&(value.at.end..value.at.end), ";\n");
    };
    line(&mut writer, "worker-shutdown-timeout", "worker_shutdown_timeout", "");
    writer.given(&name, "events {}\nhttp {\n");
    for (key, directive) in [
        ("proxy-connect-timeout", "proxy_connect_timeout"),
        ("proxy-read-timeout", "proxy_read_timeout"),
        ("proxy-send-timeout", "proxy_send_timeout"),
    ] {
        line(&mut writer, key, directive, "    ");
    }
    if settings.data.is_open {
        writer.gap(&name);
    }
    writer.given(&name, "}\n");
    let (mut view, Kept { slots, snippets, ignored, refused }) = writer.finish();
    let controller = Controller::IngressNginx;
    let rendered = Rendered {
        controller,
        is_cut: false,
        is_settings: true,
        targets: Vec::new(),
        blocks: Vec::new(),
        slots,
        snippets,
        ignored,
        refused,
    };
    view.rendered = Some(rendered.into());
    view
}

/// Why a controller keeps what it had: nginx refuses what it would write for this value.
fn refused(controller: Controller, value: &str, reads: Reads) -> String {
    let name = controller.name();
    let unit = reads.unit();
    format!(
        "{name} writes `{value}{unit}`, which nginx refuses: until this is changed, no edit of any Ingress takes effect"
    )
}

/// The paths by host; of two alike the first counts.
fn servers<'i>(all: &[&'i Ingress]) -> Vec<Server<'i>> {
    fn value(scalar: Option<&Scalar>) -> Option<&str> {
        scalar.map(|scalar| scalar.value.as_str()).filter(|value| !value.is_empty())
    }
    let mut servers: Vec<Server<'_>> = Vec::new();
    let mut by_host: HashMap<Option<&str>, usize> = HashMap::new();
    let mut known: HashSet<(usize, Option<&str>, Option<&str>)> = HashSet::new();
    for (number, ingress) in all.iter().enumerate() {
        let tls: HashSet<Option<&str>> = ingress.tls.iter().map(Option::as_deref).collect();
        for Host { name, paths } in &ingress.hosts {
            let key = value(name.as_ref());
            let index = *by_host.entry(key).or_insert(servers.len());
            if index == servers.len() {
                let name = name.as_ref().filter(|_| key.is_some());
                servers.push(Server { name, paths: Vec::new(), is_tls: false });
            }
            let Some(server) = servers.get_mut(index) else { continue };
            server.is_tls |= tls.contains(&None) || tls.contains(&key);
            for path in paths {
                if known.insert((index, value(path.path.as_ref()), value(path.kind.as_ref()))) {
                    server.paths.push((number, *ingress, path));
                }
            }
        }
    }
    // `sort.SliceStable` of the controllers: the longest path first.
    for server in &mut servers {
        let length = |path: &Path| path.path.as_ref().map_or(1, |path| path.value.len());
        server.paths.sort_by_key(|(.., path)| std::cmp::Reverse(length(path)));
    }
    servers.retain(|server| !server.paths.is_empty());
    servers
}

pub(super) struct Render<'r, 't> {
    pub(super) around: &'r Around<'t>,
    pub(super) writer: Writer<'t>,
    blocks: Vec<Block>,
    is_cut: bool,
}

impl Render<'_, '_> {
    fn server(&mut self, controller: Controller, server: &Server<'_>) {
        let first = server.paths.first().map_or(0..0, |(.., path)| path.anchor.clone());
        let anchor = server.name.map_or(first, |name| name.at.clone());
        self.writer.given(&anchor, "server {\n    listen 80;\n");
        self.tls(controller, server, &anchor);
        self.writer.given(&anchor, "    server_name ");
        match server.name {
            Some(name) => self.writer.word(name),
            None => self.writer.given(&anchor, "_"),
        }
        let end = anchor.end..anchor.end;
        self.writer.given(&end, ";\n");
        if controller == Controller::NginxInc {
            self.server_redirect(server, &end);
        }
        let mut said: HashSet<usize> = HashSet::new();
        for (number, ingress, _) in &server.paths {
            if !said.insert(*number) || self.is_full() {
                continue;
            }
            let name = match controller {
                Controller::IngressNginx => "server-snippet",
                Controller::NginxInc => "server-snippets",
                Controller::VirtualServer => continue,
            };
            self.snippet(ingress, controller, name);
        }
        // `enforceRegexModifier`: one of them makes all of the host regular expressions.
        let is_regex = controller == Controller::IngressNginx
            && server.paths.iter().any(|(_, ingress, path)| {
                let rewrites = self
                    .value(ingress, controller, "rewrite-target")
                    .is_some_and(|target| path.path.as_ref().is_none_or(|path| path.value != target));
                let uses = self.value(ingress, controller, "use-regex").and_then(truth);
                rewrites || uses == Some(true)
            });
        for (number, ingress, path) in &server.paths {
            if !self.is_full() {
                self.location(controller, *number, ingress, path, (is_regex, server.is_tls));
            }
        }
        self.auth_locations(controller, server);
        self.writer.given(&end, "}\n");
    }

    /// Whether no more is written: each path has the snippets of its object again.
    fn is_full(&mut self) -> bool {
        self.is_cut |= self.writer.end() > LARGEST_TEXT;
        self.is_cut
    }

    fn location(
        &mut self,
        controller: Controller,
        number: usize,
        ingress: &Ingress,
        path: &Path,
        (is_regex, is_tls): (bool, bool),
    ) {
        let anchor = path.anchor.clone();
        let comments = self.around.comments(path);
        let text = self.around.text;
        let is_ours = |comment: &Range<usize>| {
            let comment = text.get(comment.clone()).unwrap_or_default();
            memchr::memmem::find(comment, b"nginx-ws-lint:").is_some()
        };
        // A comment of ours is about the whole block where it stands on its first line.
        let ours = comments.iter().find(|comment| is_ours(comment)).cloned();
        for comment in comments.iter().filter(|comment| Some(*comment) != ours.as_ref()) {
            self.writer.given(&(comment.start..comment.start), "    ");
            self.writer.copy(comment);
            self.writer.given(&(comment.end..comment.end), "\n");
        }
        for words in self.around.words(ingress) {
            self.writer.given(&(words.start..words.start), "    # ");
            self.writer.copy(&words);
            self.writer.given(&(words.end..words.end), "\n");
        }
        let start = self.writer.end();
        let case = self.value(ingress, controller, "path-regex");
        let kind = path.kind.as_ref().map_or("", |kind| kind.value.as_str());
        let modifier = match (controller, case) {
            (Controller::IngressNginx, _) if is_regex => "~* \"^",
            (Controller::NginxInc, Some("case_insensitive")) => "~* \"^",
            (Controller::NginxInc, Some("case_sensitive")) => "~ \"^",
            (Controller::NginxInc, Some("exact")) => "= \"",
            _ if kind == "Exact" => "= \"",
            (Controller::VirtualServer, _) => "",
            _ if path.path.as_ref().is_some_and(|path| needs_quotes(&path.value)) => "\"",
            _ => "",
        };
        self.writer.given(&(path.start.min(anchor.start)..anchor.start), &format!("    location {modifier}"));
        match &path.path {
            // `~ ^/x` and `=/x` are paths of a `VirtualServer`.
            Some(path) if controller == Controller::VirtualServer && !path.value.starts_with('/') => {
                self.writer.given(&path.at, &modified(&path.value));
            }
            Some(path) if !path.value.is_empty() && modifier.is_empty() => self.writer.word(path),
            Some(path) if !path.value.is_empty() => self.writer.quoted(path),
            _ => self.writer.given(&anchor, "/"),
        }
        let quote = if modifier.is_empty() { "" } else { "\"" };
        self.writer.given(&(anchor.end..anchor.end), &format!("{quote} {{"));
        if let Some(comment) = &ours {
            self.writer.given(&(comment.start..comment.start), " ");
            self.writer.copy(comment);
        }
        self.writer.given(&anchor, "\n");
        if ingress.annotations.is_open {
            self.writer.gap(&anchor);
        }
        match controller {
            Controller::IngressNginx => self.of_ingress_nginx(number, ingress, path, is_tls),
            Controller::NginxInc => self.of_nginx_inc(number, ingress, path),
            Controller::VirtualServer => self.of_virtual_server(number, ingress, path),
        }
        self.writer.given(&anchor, "    }\n");
        let declared = self.declared(ingress, path);
        let service = path.service.as_ref().map(|service| service.value.clone());
        self.blocks.push(Block {
            span: Span::new(start, self.writer.end()),
            target: number,
            service,
            declared: declared.map(|at| span(&at)),
            is_sticky: self.is_sticky(ingress, controller),
        });
    }

    /// Whether annotations keep a client at its pod.
    fn is_sticky(&self, ingress: &Ingress, controller: Controller) -> bool {
        let has = |name: &str| self.entry(ingress, controller, name).is_some();
        let method = || self.entry(ingress, controller, "lb-method").map(|(_, method)| method.value.as_str());
        match controller {
            Controller::IngressNginx => has("affinity") || has("upstream-hash-by") || has("service-upstream"),
            Controller::NginxInc => {
                has("sticky-cookie-services")
                    || has("use-cluster-ip")
                    || ingress.annotations.get("nginx.com/sticky-cookie-services").is_some()
                    || method().is_some_and(|method| method.contains("hash"))
            }
            // `sessionCookie` is a mapping, which is not read.
            Controller::VirtualServer => true,
        }
    }

    /// Where the author says that a path's service has WebSockets: `nginx.org/websocket-services`, which people write
    /// for the other controller too.
    fn declared(&self, ingress: &Ingress, path: &Path) -> Option<Range<usize>> {
        let service = path.service.as_ref()?;
        let (_, list) = ingress.annotations.get("nginx.org/websocket-services")?;
        is_meant(&list.value, &service.value).then(|| list.at.clone())
    }

    /// `rootfs/etc/nginx/template/nginx.tmpl`.
    fn of_ingress_nginx(&mut self, number: usize, ingress: &Ingress, path: &Path, is_tls: bool) {
        let controller = Controller::IngressNginx;
        let anchor = path.anchor.clone();
        self.answers(number, ingress, is_tls, &anchor);
        self.header(ingress, &anchor, number, ("upstream-vhost", "Host", "$http_host"));
        self.writer.given(&anchor, "        proxy_set_header Upgrade $http_upgrade;\n");
        self.header(
            ingress,
            &anchor,
            number,
            ("connection-proxy-header", "Connection", "$connection_upgrade"),
        );
        self.writer.given(
            &anchor,
            "        proxy_set_header X-Real-IP $remote_addr;\n        proxy_set_header X-Forwarded-For $remote_addr;\n        \
             proxy_set_header X-Forwarded-Host $http_host;\n        proxy_set_header X-Forwarded-Port $server_port;\n        \
             proxy_set_header X-Forwarded-Proto $scheme;\n",
        );
        self.knobs(controller, number, ingress, &anchor);
        self.snippet(ingress, controller, "configuration-snippet");
        for (name, code) in [("permanent-redirect", "301"), ("temporal-redirect", "302")] {
            if let Some(entry) = self.entry(ingress, controller, name).cloned() {
                self.writer
                    .line_of(&entry, &format!("return {code}"), number, |writer| writer.word(&entry.1));
            }
        }
        let target = self.entry(ingress, controller, "rewrite-target").cloned();
        let own = path.path.as_ref().map_or("/", |path| path.value.as_str());
        if let Some(entry) = target.filter(|(_, target)| target.value != own && !target.value.is_empty()) {
            let pattern = format!("rewrite \"(?i){}\"", own.replace('"', "\\\""));
            self.writer.line_of(&entry, &pattern, number, |writer| {
                writer.word(&entry.1);
                writer.given(&(entry.1.at.end..entry.1.at.end), " break");
            });
        }
        let protocol =
            self.value(ingress, controller, "backend-protocol").unwrap_or("HTTP").to_ascii_uppercase();
        let pass = match protocol.as_str() {
            "AUTO_HTTP" => "proxy_pass $scheme://",
            "HTTPS" => "proxy_pass https://",
            "GRPC" => "grpc_pass grpc://",
            "GRPCS" => "grpc_pass grpcs://",
            "FCGI" => "fastcgi_pass ",
            _ => "proxy_pass http://",
        };
        self.pass(path, pass, "");
    }

    /// `internal/configs/version2/nginx.virtualserver.tmpl`: each location can upgrade.
    fn of_virtual_server(&mut self, number: usize, ingress: &Ingress, path: &Path) {
        let controller = Controller::VirtualServer;
        let anchor = path.anchor.clone();
        if path.is_elsewhere {
            return self.writer.gap(&anchor);
        }
        if path.has_policies {
            self.may_answer(&anchor, "403");
        }
        self.writer.given(
            &anchor,
            "        proxy_http_version 1.1;\n        proxy_set_header Upgrade $http_upgrade;\n        \
             proxy_set_header Connection $connection_upgrade;\n        proxy_set_header Host $host;\n        \
             proxy_set_header X-Real-IP $remote_addr;\n        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n        \
             proxy_set_header X-Forwarded-Host $host;\n        proxy_set_header X-Forwarded-Port $server_port;\n        \
             proxy_set_header X-Forwarded-Proto $scheme;\n",
        );
        self.knobs(controller, number, ingress, &anchor);
        let is_tls = self.value(ingress, controller, "tls").and_then(truth) == Some(true);
        let pass = match (self.value(ingress, controller, "type"), is_tls) {
            (Some("grpc"), true) => "grpc_pass grpcs://",
            (Some("grpc"), false) => "grpc_pass grpc://",
            (_, true) => "proxy_pass https://",
            (_, false) => "proxy_pass http://",
        };
        self.pass(path, pass, "");
    }

    /// A header of the request to the back end whose value an annotation replaces.
    fn header(
        &mut self,
        ingress: &Ingress,
        anchor: &Range<usize>,
        number: usize,
        (annotation, field, given): (&str, &str, &str),
    ) {
        match self.entry(ingress, Controller::IngressNginx, annotation).cloned() {
            Some(entry) if !entry.1.value.is_empty() && !entry.1.value.contains(['"', ';', '{', '\n']) => {
                let directive = format!("proxy_set_header {field}");
                self.writer.line_of(&entry, &directive, number, |writer| {
                    writer.given(&(entry.1.at.start..entry.1.at.start), "\"");
                    writer.quoted(&entry.1);
                    writer.given(&(entry.1.at.end..entry.1.at.end), "\"");
                });
            }
            _ => self.writer.given(anchor, &format!("        proxy_set_header {field} {given};\n")),
        }
    }

    pub(super) fn knobs(
        &mut self,
        controller: Controller,
        number: usize,
        ingress: &Ingress,
        anchor: &Range<usize>,
    ) {
        for knob in controller.knobs() {
            let own = self.entry(ingress, controller, knob.annotation).cloned();
            match own {
                Some(entry) if is_filled_in(self.around.text, &entry.1) => {
                    self.writer.line_of(&entry, knob.directive, number, |writer| {
                        writer.word(&entry.1);
                        writer.given(&(entry.1.at.end..entry.1.at.end), knob.reads.unit());
                    });
                    continue;
                }
                Some(entry) if knob.reads.takes(&entry.1.value) => {
                    self.comments_of(&entry);
                    let written = knob.reads.printed(&entry.1.value);
                    let start = self.writer.end();
                    self.writer.line_of(&entry, knob.directive, number, |writer| {
                        match &written {
                            Some(written) => writer.given(&entry.1.at, written),
                            None => writer.word(&entry.1),
                        }
                        writer.given(&(entry.1.at.end..entry.1.at.end), knob.reads.unit());
                    });
                    if knob.reads.is_refused(&entry.1.value) {
                        self.writer.refused(start, refused(controller, &entry.1.value, knob.reads));
                    }
                    continue;
                }
                Some(entry) => {
                    let wants = knob.reads.wants();
                    let why = format!(
                        "{} ignores `{}`: it wants {wants}",
                        controller.name(),
                        crate::ingress::shown(&entry.1.value)
                    );
                    self.ignored(knob.directive, number, &entry, why);
                }
                None => {
                    let other = controller.other();
                    let entry = other.and_then(|other| self.entry(ingress, other, knob.annotation));
                    if let (Some(other), Some(entry)) = (other, entry.cloned()) {
                        let why = format!(
                            "{} ignores this annotation: it is one of {}",
                            controller.name(),
                            other.name()
                        );
                        self.ignored(knob.directive, number, &entry, why);
                    }
                }
            }
            // A snippet with the same directive makes it a duplicate, whatever its value is.
            let default = if self.is_in_snippet(ingress, controller, knob.directive) {
                Some(knob.given.unwrap_or("60s"))
            } else {
                knob.given
            };
            if let Some(value) = default {
                self.writer.line(anchor, knob.directive, value, number);
            }
        }
    }

    /// An annotation that the controller does not use, as a comment.
    pub(super) fn ignored(
        &mut self,
        directive: &str,
        resource: usize,
        (key, value): &(Scalar, Scalar),
        why: String,
    ) {
        let all = key.at.start..value.at.end;
        if self.around.text.get(all.clone()).is_none_or(|written| written.contains(&b'\n')) {
            return;
        }
        self.writer.given(&(all.start..all.start), "        # ");
        let start = self.writer.end();
        self.writer.copy(&all);
        let at = Span::new(start, self.writer.end());
        self.writer.given(&(all.end..all.end), "\n");
        let directive = directive.to_owned();
        self.writer.ignored.push(Ignored { at, directive, resource, why });
    }

    fn is_in_snippet(&self, ingress: &Ingress, controller: Controller, directive: &str) -> bool {
        let name = match controller {
            Controller::IngressNginx => "configuration-snippet",
            Controller::NginxInc => "location-snippets",
            Controller::VirtualServer => return false,
        };
        let Some((_, snippet)) = self.entry(ingress, controller, name) else { return false };
        is_time_directive(directive)
            && snippet.value.lines().any(|line| line.split_whitespace().next() == Some(directive))
    }

    /// The lines of a snippet; what a template fills in there is not known.
    pub(super) fn snippet(&mut self, ingress: &Ingress, controller: Controller, name: &str) {
        let Some((_, value)) = self.entry(ingress, controller, name).cloned() else { return };
        // `${NAME}` is a placeholder in the text as it is in any file of nginx.
        let written = self.around.text.get(value.at.clone()).unwrap_or_default();
        if memchr::memmem::find(written, b"{{").is_some() {
            return self.writer.gap(&value.at);
        }
        match snippet(self.around.text, self.around.masked, &value) {
            Some(view) => self.writer.snippet(&value, &view),
            None if matches!(value.style, ScalarStyle::Plain | ScalarStyle::SingleQuoted) => {
                self.writer.given(&value.at, &format!("{}\n", value.value));
            }
            None => self.writer.gap(&value.at),
        }
    }

    /// Where the request goes. All of it is shown at the path.
    pub(super) fn pass(&mut self, path: &Path, pass: &str, uri: &str) {
        let anchor = path.anchor.clone();
        self.writer.given(&anchor, &format!("        {pass}"));
        let at_anchor = |scalar: &Scalar| Scalar { at: anchor.clone(), ..scalar.clone() };
        let text = self.around.text;
        let name = |scalar: Option<&Scalar>, otherwise: &str, writer: &mut Writer<'_>| match scalar {
            Some(scalar) if is_filled_in(text, scalar) => writer.word(scalar),
            Some(scalar) if is_name(&scalar.value) => writer.given(&at_anchor(scalar).at, &scalar.value),
            _ => writer.given(&anchor, otherwise),
        };
        name(path.service.as_ref(), "upstream-default-backend", &mut self.writer);
        // A port that has a name is one of the service's, whose number another object says.
        let port = path
            .port
            .as_ref()
            .filter(|port| is_filled_in(text, port) || port.value.bytes().all(|byte| byte.is_ascii_digit()));
        if let Some(port) = port.filter(|port| !port.value.is_empty()) {
            self.writer.given(&anchor, ":");
            name(Some(port), "80", &mut self.writer);
        }
        self.writer.given(&anchor, &format!("{uri};\n"));
    }

    pub(super) fn entry<'i>(
        &self,
        ingress: &'i Ingress,
        controller: Controller,
        name: &str,
    ) -> Option<&'i (Scalar, Scalar)> {
        ingress.annotations.get(&format!("{}{name}", controller.prefix()))
    }

    /// The value of an annotation, where it is written out.
    pub(super) fn value<'i>(
        &self,
        ingress: &'i Ingress,
        controller: Controller,
        name: &str,
    ) -> Option<&'i str> {
        let (_, value) = self.entry(ingress, controller, name)?;
        (!is_filled_in(self.around.text, value)).then_some(value.value.as_str())
    }

    fn comments_of(&mut self, (key, value): &(Scalar, Scalar)) {
        for comment in self.around.at_entry(key, value) {
            self.writer.given(&(comment.start..comment.start), "        ");
            self.writer.copy(&comment);
            self.writer.given(&(comment.end..comment.end), "\n");
        }
    }
}

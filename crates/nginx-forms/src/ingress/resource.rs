//! The objects of Kubernetes in a YAML text that an ingress controller reads.

use std::ops::Range;

use granit_parser::ScalarStyle;

use super::controller::{Controller, PREFIX_OF_INGRESS_NGINX, PREFIX_OF_NGINX_INC};
use crate::yaml::nodes::{Document, Mapping, Node, Parsed, Scalar};

/// Classes whose names are those of other controllers.
const OTHER_CLASSES: &[&str] = &[
    "alb",
    "apisix",
    "azure",
    "caddy",
    "cilium",
    "contour",
    "emissary",
    "gce",
    "haproxy",
    "higress",
    "istio",
    "kong",
    "ngrok",
    "openshift",
    "pomerium",
    "skipper",
    "tailscale",
    "traefik",
    "voyager",
];

/// What annotations or the data of a `ConfigMap` say.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pub(super) entries: Vec<(Scalar, Scalar)>,
    /// Whether a template adds others.
    pub(super) is_open: bool,
    /// Where one more goes; `None` where that is not certain.
    pub(super) insertion: Option<Insertion>,
}

/// Where lines are added to a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Insertion {
    pub(super) at: usize,
    /// What the first line needs before it, if the mapping is not there yet.
    pub(super) head: String,
    pub(super) indent: String,
    pub(super) line_end: &'static str,
}

/// A path of an `Ingress`.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// Where it is shown: its path, or what it leads to.
    pub(super) anchor: Range<usize>,
    /// Where the item starts.
    pub(super) start: usize,
    pub(super) path: Option<Scalar>,
    pub(super) kind: Option<Scalar>,
    pub(super) service: Option<Scalar>,
    pub(super) port: Option<Scalar>,
    /// Whether it leads to no single upstream: what answers there is not read.
    pub(super) is_elsewhere: bool,
    /// Whether policies of a `VirtualServer` may refuse the request.
    pub(super) has_policies: bool,
}

/// The paths of a host.
#[derive(Debug, Clone)]
pub(super) struct Host {
    pub(super) name: Option<Scalar>,
    pub(super) paths: Vec<Path>,
}

/// An object of kind `Ingress`.
#[derive(Debug, Clone)]
pub(super) struct Ingress {
    pub(super) controller: Controller,
    pub(super) name: Option<Scalar>,
    /// Which instance of the controller reads it, where that is said.
    pub(super) class: Option<String>,
    pub(super) annotations: Settings,
    pub(super) hosts: Vec<Host>,
    /// The hosts that have a certificate; `None` in it for all.
    pub(super) tls: Vec<Option<String>>,
}

impl Settings {
    /// The last entry of a name.
    pub(super) fn get(&self, name: &str) -> Option<&(Scalar, Scalar)> {
        self.entries.iter().rfind(|(key, _)| key.value == name)
    }

    /// The values of a mapping of `object`; `around` is the text that the mapping stands in, up to what follows it.
    fn of(text: &[u8], object: &Node, key: &str, around: &Document, root: &Node) -> Self {
        let Some(mapping) = object.mapping() else { return Self::default() };
        let Some((name, value)) = mapping.entries.iter().rfind(|(name, _)| name.value == key) else {
            let insertion = missing(text, mapping, key);
            let end =
                next_key(object, root, mapping.entries.first().map_or(0, |(key, _)| key.at.start), around);
            let start = mapping.entries.first().map_or(end, |(key, _)| key.at.start);
            return Self { entries: Vec::new(), is_open: has_mark_alone(text, start..end, &[]), insertion };
        };
        let end = next_key(object, root, name.at.start, around);
        let entries: Vec<(Scalar, Scalar)> = value
            .mapping()
            .into_iter()
            .flat_map(|mapping| &mapping.entries)
            .filter_map(|(key, value)| Some((key.clone(), value.scalar()?.clone())))
            .collect();
        let known: Vec<Range<usize>> =
            entries.iter().flat_map(|(key, value)| [key.at.clone(), value.at.clone()]).collect();
        // An alias, and what is merged in, stand elsewhere.
        let is_merged = |(key, _): &(Scalar, Node)| key.value == "<<";
        let is_elsewhere = match value.mapping() {
            Some(mapping) => mapping.entries.iter().any(is_merged),
            None => value.scalar().is_none(),
        };
        let is_open = is_elsewhere || has_mark_alone(text, name.at.end..end, &known);
        let first = value.mapping().filter(|mapping| !mapping.is_flow);
        let first = first.and_then(|mapping| mapping.entries.first());
        let insertion = first.and_then(|(key, _)| {
            let line = line_start(text, key.at.start);
            let indent = blank(text.get(line..key.at.start)?)?;
            Some(Insertion { at: line, head: String::new(), indent, line_end: line_end(text) })
        });
        Self { entries, is_open, insertion }
    }

    /// The fields of an upstream of a `VirtualServer`.
    fn of_upstream(text: &[u8], upstream: &Node, document: &Document) -> Self {
        let Some(mapping) = upstream.mapping() else { return Self::default() };
        let scalars =
            mapping.entries.iter().filter_map(|(key, value)| Some((key.clone(), value.scalar()?.clone())));
        let mut entries: Vec<(Scalar, Scalar)> = scalars.collect();
        // `tls: {enable: true}`
        let tls = mapping.entries.iter().find(|(key, _)| key.value == "tls");
        if let Some((key, enable)) = tls.and_then(|(key, tls)| Some((key, tls.get("enable")?.scalar()?))) {
            entries.push((key.clone(), enable.clone()));
        }
        let known: Vec<Range<usize>> =
            entries.iter().flat_map(|(key, value)| [key.at.clone(), value.at.clone()]).collect();
        let start = upstream.start().unwrap_or_default();
        let end = known.iter().map(|at| at.end).max().unwrap_or(start).min(document.at.end.max(start));
        let is_open = has_mark_alone(text, start..end, &known);
        let insertion =
            mapping.entries.iter().find(|(key, _)| key.value == "port").and_then(|(key, port)| {
                let port = port.scalar().filter(|_| !mapping.is_flow)?;
                let line = text.get(line_start(text, key.at.start)..key.at.start)?;
                let is_deep = line.iter().all(|byte| matches!(byte, b' ' | b'-'));
                let indent = " ".repeat(line.len());
                let behind = end_of_line(text, port.at.end).filter(|_| is_deep)?;
                Some(Insertion { at: behind, head: String::new(), indent, line_end: line_end(text) })
            });
        Self { entries, is_open, insertion }
    }
}

/// The start of the line behind an offset; `None` where anything but a comment follows on its own.
fn end_of_line(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let behind = memchr::memchr(b'\n', rest)? + 1;
    let line = rest.get(..behind)?.trim_ascii();
    (line.is_empty() || line.starts_with(b"#")).then_some(at + behind)
}

/// Where a mapping that is not there yet goes: behind the line of `name`.
fn missing(text: &[u8], mapping: &Mapping, key: &str) -> Option<Insertion> {
    let (name, value) = mapping.entries.iter().find(|(name, _)| name.value == "name")?;
    let value = value.scalar().filter(|_| !mapping.is_flow)?;
    let outer = blank(text.get(line_start(text, name.at.start)..name.at.start)?)?;
    let at = end_of_line(text, value.at.end)?;
    let line_end = line_end(text);
    let indent = format!("{outer}  ");
    Some(Insertion { at, head: format!("{outer}{key}:{line_end}"), indent, line_end })
}

/// The first key behind `from`, of the object or of the document; the end of the document where there is none.
fn next_key(object: &Node, root: &Node, from: usize, document: &Document) -> usize {
    let keys = |node: &Node| -> Vec<usize> {
        let entries = node.mapping().into_iter().flat_map(|mapping| &mapping.entries);
        entries.map(|(key, _)| key.at.start).filter(|start| *start > from).collect()
    };
    keys(object).into_iter().chain(keys(root)).min().unwrap_or(document.at.end)
}

/// Whether a mark of a template stands in a stretch, outside of these scalars.
fn has_mark_alone(text: &[u8], stretch: Range<usize>, known: &[Range<usize>]) -> bool {
    let body = text.get(stretch.clone()).unwrap_or_default();
    memchr::memmem::find_iter(body, b"{{").any(|at| {
        let at = stretch.start + at;
        !known.iter().any(|scalar| scalar.contains(&at))
    })
}

fn line_start(text: &[u8], at: usize) -> usize {
    text.get(..at).and_then(|before| before.iter().rposition(|byte| *byte == b'\n')).map_or(0, |end| end + 1)
}

/// A stretch of nothing but blanks.
fn blank(bytes: &[u8]) -> Option<String> {
    bytes.iter().all(|byte| *byte == b' ').then(|| " ".repeat(bytes.len()))
}

fn line_end(text: &[u8]) -> &'static str {
    let first = memchr::memchr(b'\n', text).unwrap_or(0);
    if first > 0 && text.get(first - 1) == Some(&b'\r') { "\r\n" } else { "\n" }
}

/// Whether a template fills in a scalar, or a part of it.
pub(super) fn is_filled_in(text: &[u8], scalar: &Scalar) -> bool {
    let written = text.get(scalar.at.clone()).unwrap_or_default();
    memchr::memmem::find(written, b"{{").is_some() || memchr::memmem::find(written, b"${").is_some()
}

/// The value of a scalar that is written out.
fn known<'n>(text: &[u8], node: Option<&'n Node>) -> Option<&'n str> {
    let scalar = node?.scalar().filter(|scalar| !is_filled_in(text, scalar))?;
    Some(&scalar.value)
}

/// The objects of a text, those of lists too.
fn objects(parsed: &Parsed) -> impl Iterator<Item = (&Document, &Node)> {
    parsed.documents.iter().flat_map(|document| {
        let items = document.root.get("items").map(Node::items).unwrap_or_default();
        std::iter::once(&document.root).chain(items).map(move |object| (document, object))
    })
}

/// All that a text has of a kind.
fn of_kind<'p>(
    text: &'p [u8],
    parsed: &'p Parsed,
    kind: &'static str,
) -> impl Iterator<Item = (&'p Document, &'p Node)> {
    objects(parsed).filter(move |(_, object)| known(text, object.get("kind")) == Some(kind))
}

/// The `Ingress` objects that a controller of nginx reads.
pub(super) fn ingresses(text: &[u8], parsed: &Parsed) -> Vec<Ingress> {
    let classes: Vec<(&str, Option<Controller>)> = of_kind(text, parsed, "IngressClass")
        .filter_map(|(_, class)| {
            let name = known(text, class.at(&["metadata", "name"]))?;
            let controller = known(text, class.at(&["spec", "controller"]))?;
            Some((name, Controller::of_class(controller)))
        })
        .collect();
    of_kind(text, parsed, "Ingress")
        .filter_map(|(document, object)| ingress(text, document, object, &classes))
        .collect()
}

fn ingress(
    text: &[u8],
    document: &Document,
    object: &Node,
    classes: &[(&str, Option<Controller>)],
) -> Option<Ingress> {
    let metadata = object.get("metadata")?;
    let annotations = Settings::of(text, metadata, "annotations", document, object);
    let spec = object.get("spec")?;
    let controller = controller(text, spec, &annotations, classes)?;
    // It has its annotations of the main one: those of its own are ignored ("Canary", annotations of ingress-nginx).
    let is_canary =
        annotations.get("nginx.ingress.kubernetes.io/canary").is_some_and(|(_, on)| on.value == "true");
    if is_canary && controller == Controller::IngressNginx {
        return None;
    }
    let class = class(spec, &annotations).filter(|class| !is_filled_in(text, class));
    let class = class.map(|class| class.value.clone());
    let mut hosts: Vec<Host> = Vec::new();
    for rule in spec.get("rules").map(Node::items).unwrap_or_default() {
        let items = rule.at(&["http", "paths"]).map(Node::items).unwrap_or_default();
        let name = rule.get("host").and_then(Node::scalar).cloned();
        hosts.push(Host { name, paths: items.iter().filter_map(path).collect() });
    }
    let default = spec.get("defaultBackend").or_else(|| spec.get("backend"));
    if let Some(path) = default.and_then(|backend| to_back_end(None, None, backend, backend.start()?)) {
        hosts.push(Host { name: None, paths: vec![path] });
    }
    let tls = spec.get("tls").map(Node::items).unwrap_or_default();
    let tls = tls
        .iter()
        .flat_map(|entry| match entry.get("hosts").map(Node::items) {
            Some(hosts) if !hosts.is_empty() => {
                hosts.iter().filter_map(|host| Some(Some(host.scalar()?.value.clone()))).collect()
            }
            _ => vec![None],
        })
        .collect();
    let name = metadata.get("name").and_then(Node::scalar).cloned();
    Some(Ingress { controller, name, class, annotations, hosts, tls })
}

fn path(item: &Node) -> Option<Path> {
    let path = item.get("path").and_then(Node::scalar).cloned();
    let kind = item.get("pathType").and_then(Node::scalar).cloned();
    to_back_end(path, kind, item.get("backend")?, item.start()?)
}

fn to_back_end(path: Option<Scalar>, kind: Option<Scalar>, backend: &Node, start: usize) -> Option<Path> {
    let scalar = |keys: &[&str]| backend.at(keys).and_then(Node::scalar).cloned();
    // `serviceName` and `servicePort` were the names until Kubernetes 1.22.
    let service = scalar(&["service", "name"]).or_else(|| scalar(&["serviceName"]));
    let port = scalar(&["service", "port", "number"])
        .or_else(|| scalar(&["service", "port", "name"]))
        .or_else(|| scalar(&["servicePort"]));
    let anchor = path.as_ref().or(service.as_ref())?.at.clone();
    Some(Path { anchor, start, path, kind, service, port, is_elsewhere: false, has_policies: false })
}

/// The name of the upstream that a route leads to, if it is one for all requests.
fn led_to(route: &Node) -> Option<&String> {
    let decides = ["splits", "matches", "route"].iter().any(|key| route.get(key).is_some());
    let pass = route.at(&["action", "pass"]).or_else(|| route.at(&["action", "proxy", "upstream"]))?;
    pass.scalar().map(|pass| &pass.value).filter(|_| !decides)
}

/// The objects of NGINX Inc's controller that say where requests go, each upstream of them as an object of its own: it has
/// the fields, and its routes are the paths.
pub(super) fn virtual_servers(text: &[u8], parsed: &Parsed) -> Vec<Ingress> {
    let routed = [("VirtualServer", "routes"), ("VirtualServerRoute", "subroutes")];
    let mut all = Vec::new();
    for (kind, key) in routed {
        for (document, object) in of_kind(text, parsed, kind) {
            let is_own =
                known(text, object.get("apiVersion")).is_some_and(|api| api.starts_with("k8s.nginx.org/"));
            let Some(spec) = object.get("spec").filter(|_| is_own) else { continue };
            let upstreams = spec.get("upstreams").map(Node::items).unwrap_or_default();
            let routes = spec.get(key).map(Node::items).unwrap_or_default();
            let is_tls = spec.get("tls").is_some();
            let scalar = |node: &Node, key: &str| node.get(key).and_then(Node::scalar).cloned();
            let has_policies = |node: &Node| node.get("policies").is_some();
            let path = |route: &Node, upstream: Option<&Node>| {
                let path = scalar(route, "path")?;
                Some(Path {
                    anchor: path.at.clone(),
                    start: route.start()?,
                    path: Some(path),
                    kind: None,
                    service: upstream.and_then(|upstream| scalar(upstream, "service")),
                    port: upstream.and_then(|upstream| scalar(upstream, "port")),
                    is_elsewhere: upstream.is_none(),
                    has_policies: has_policies(spec) || has_policies(route),
                })
            };
            let mut add = |annotations: Settings, paths: Vec<Path>| {
                all.push(Ingress {
                    class: None,
                    controller: Controller::VirtualServer,
                    name: object.at(&["metadata", "name"]).and_then(Node::scalar).cloned(),
                    annotations,
                    hosts: vec![Host { name: scalar(spec, "host"), paths }],
                    tls: if is_tls { vec![None] } else { Vec::new() },
                });
            };
            for upstream in upstreams {
                let Some(name) = upstream.get("name").and_then(Node::scalar) else { continue };
                let leads_here = |route: &&Node| led_to(route) == Some(&name.value);
                let paths = routes.iter().filter(leads_here).filter_map(|route| path(route, Some(upstream)));
                add(Settings::of_upstream(text, upstream, document), paths.collect());
            }
            // `return`, `redirect`, `splits`, `matches`, and routes of another object.
            let names: Vec<&str> = upstreams
                .iter()
                .filter_map(|upstream| Some(upstream.get("name")?.scalar()?.value.as_str()))
                .collect();
            let leads_elsewhere =
                |route: &&Node| led_to(route).is_none_or(|name| !names.contains(&name.as_str()));
            let others: Vec<Path> =
                routes.iter().filter(leads_elsewhere).filter_map(|route| path(route, None)).collect();
            if !others.is_empty() {
                add(Settings::default(), others);
            }
        }
    }
    all
}

/// The class that an `Ingress` names.
fn class<'n>(spec: &'n Node, annotations: &'n Settings) -> Option<&'n Scalar> {
    let annotated = || annotations.get("kubernetes.io/ingress.class").map(|(_, value)| value);
    spec.get("ingressClassName").and_then(Node::scalar).or_else(annotated)
}

/// Which controller reads an `Ingress`; `None` for others, and where nothing says it.
fn controller(
    text: &[u8],
    spec: &Node,
    annotations: &Settings,
    classes: &[(&str, Option<Controller>)],
) -> Option<Controller> {
    let has = |prefix: &str| annotations.entries.iter().any(|(key, _)| key.value.starts_with(prefix));
    let (has_community, has_inc) =
        (has(PREFIX_OF_INGRESS_NGINX), has(PREFIX_OF_NGINX_INC) || has("nginx.com/"));
    let by_annotations = match (has_community, has_inc) {
        (true, _) => Some(Controller::IngressNginx),
        (false, true) => Some(Controller::NginxInc),
        (false, false) => None,
    };
    let Some(class) = class(spec, annotations).filter(|class| !is_filled_in(text, class)) else {
        return by_annotations;
    };
    let class = class.value.as_str();
    if let Some((_, controller)) = classes.iter().find(|(name, _)| *name == class) {
        return *controller;
    }
    let lower = class.to_ascii_lowercase();
    if lower.contains("nginx") {
        return by_annotations.or(Some(Controller::IngressNginx));
    }
    let is_other = lower.split(|character: char| !character.is_ascii_alphanumeric());
    if is_other.into_iter().any(|word| OTHER_CLASSES.contains(&word)) {
        return None;
    }
    by_annotations
}

/// The settings of a controller: a `ConfigMap` whose name says so and whose keys are a controller's.
#[derive(Debug, Clone)]
pub(super) struct ControllerSettings {
    pub(super) name: Option<Scalar>,
    pub(super) data: Settings,
}

/// Keys that only the `ConfigMap` of a controller has.
const KEYS_OF_CONTROLLERS: &[&str] = &[
    "proxy-connect-timeout",
    "proxy-read-timeout",
    "proxy-send-timeout",
    "worker-shutdown-timeout",
    "upstream-keepalive-connections",
    "use-forwarded-headers",
    "allow-snippet-annotations",
    "annotations-risk-level",
    "proxy-body-size",
    "client-max-body-size",
    "server-tokens",
    "use-proxy-protocol",
];

/// The `ConfigMap`s of controllers.
pub(super) fn settings(text: &[u8], parsed: &Parsed) -> Vec<ControllerSettings> {
    of_kind(text, parsed, "ConfigMap")
        .filter_map(|(document, object)| {
            let name = object.at(&["metadata", "name"]).and_then(Node::scalar);
            let says = |text: &str| text.contains("nginx") || text.contains("ingress");
            let label = object.at(&["metadata", "labels", "app.kubernetes.io/name"]).and_then(Node::scalar);
            if ![name, label].into_iter().flatten().any(|scalar| says(&scalar.value)) {
                return None;
            }
            let data = Settings::of(text, object, "data", document, object);
            let is_it = data.entries.iter().any(|(key, _)| KEYS_OF_CONTROLLERS.contains(&key.value.as_str()));
            is_it.then(|| ControllerSettings { name: name.cloned(), data })
        })
        .collect()
}

/// The stretch of a scalar whose bytes are its value; `None` where escapes, folds or a block stand between.
pub(super) fn inner(text: &[u8], scalar: &Scalar) -> Option<Range<usize>> {
    let at = match scalar.style {
        ScalarStyle::Plain => scalar.at.clone(),
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
            scalar.at.start.checked_add(1)?..scalar.at.end.checked_sub(1)?
        }
        _ => return None,
    };
    (text.get(at.clone())? == scalar.value.as_bytes()).then_some(at)
}

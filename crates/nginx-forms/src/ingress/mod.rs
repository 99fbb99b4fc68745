//! `Ingress` objects of Kubernetes as the nginx configuration that their controller writes for them.
//!
//! The text is made here; each stretch of it leads to the annotation, the path or the host that says it. So all that is
//! known of nginx holds for it: which location serves a path, what is in effect there, what a handshake comes to. Edits
//! become edits of annotations.

mod answers;
mod around;
mod controller;
mod nginx_inc;
mod render;
mod rendered;
mod resource;
mod words;
mod writer;

use std::ops::Range;
use std::sync::Arc;

use crate::form::Found;
use crate::yaml::nodes::Parsed;

pub use controller::Controller;
pub use rendered::{Ignored, Rendered};

/// What a text has for controllers, and which stretches of it are not to be read as texts of their own.
#[derive(Default)]
pub(crate) struct Ingresses {
    pub(crate) found: Vec<Found>,
    pub(crate) snippets: Vec<Range<usize>>,
}

/// Whether a text may hold anything for a controller: it is looked at before it is parsed.
pub(crate) fn may_have(text: &[u8]) -> bool {
    let has = |word: &[u8]| memchr::memmem::find(text, word).is_some();
    has(b"kind:")
        && (has(b"Ingress")
            || has(b"VirtualServer")
            || (has(b"ConfigMap") && (has(b"nginx") || has(b"ingress"))))
}

/// Whether a part of a text gives an annotation for a controller of nginx.
pub(crate) fn has_annotation(part: &[u8]) -> bool {
    [&b"nginx.ingress.kubernetes.io/"[..], b"nginx.org/", b"nginx.com/"].into_iter().any(|prefix| {
        memchr::memmem::find_iter(part, prefix)
            .any(|at| part.get(at + prefix.len()).is_some_and(u8::is_ascii_lowercase))
    })
}

/// What annotations of a controller of nginx a text has that are judged nowhere: those of a canary, of a patch, and of an
/// object in HCL.
pub(crate) fn unread(text: &[u8], is_hcl: bool) -> Option<&'static str> {
    let has = |word: &[u8]| memchr::memmem::find(text, word).is_some();
    if is_hcl {
        return crate::hcl::unread_ingress(text);
    }
    if !has_annotation(text) {
        return None;
    }
    if has(b"nginx.ingress.kubernetes.io/canary: \"true\"") {
        return Some("a canary Ingress has the settings of its main Ingress, which is not in this file");
    }
    let is_patch =
        has(b"kind: Ingress") && (has(b"patch:") || has(b"patches") || has(b"patchesStrategicMerge"));
    is_patch.then_some("a patch of an Ingress is a part of one, and the rest is not in this file")
}

/// Whether a text has objects for an nginx in a cluster that are not read: by the groups of their versions.
pub(crate) fn has_other_routes(text: &[u8]) -> bool {
    let starts = |line: &&[u8], group: &[u8]| {
        let value = line.trim_ascii_start().strip_prefix(b"apiVersion:").map(<[u8]>::trim_ascii_start);
        value.is_some_and(|value| value.strip_prefix(b"\"").unwrap_or(value).starts_with(group))
    };
    memchr::memmem::find(text, b"nginx.org/").is_some()
        && text
            .split(|byte| *byte == b'\n')
            .any(|line| starts(&line, b"gateway.nginx.org/") || line.trim_ascii() == b"kind: TransportServer")
}

/// The texts that controllers write for the objects of a text.
pub(crate) fn ingresses(text: &[u8], masked: &str, parsed: &Parsed) -> Ingresses {
    let around = around::Around { text, masked, notes: &parsed.comments, is_partial: !parsed.is_whole };
    let mut all = resource::ingresses(text, parsed);
    all.extend(resource::virtual_servers(text, parsed));
    let mut found = Vec::new();
    let mut snippets = Vec::new();
    // Each class is of an instance of its own, with servers of its own; what names none is read by the first.
    let mut instances: Vec<(Controller, Option<&str>)> = Vec::new();
    for controller in [Controller::IngressNginx, Controller::NginxInc, Controller::VirtualServer] {
        let own = all.iter().filter(|ingress| ingress.controller == controller);
        let first = instances.len();
        for class in own.filter_map(|ingress| ingress.class.as_deref()) {
            if !instances.contains(&(controller, Some(class))) {
                instances.push((controller, Some(class)));
            }
        }
        if instances.len() == first {
            instances.push((controller, None));
        }
    }
    for (number, (controller, class)) in instances.iter().copied().enumerate() {
        let is_first = instances.iter().position(|(other, _)| *other == controller) == Some(number);
        let is_own = |ingress: &&resource::Ingress| {
            ingress.controller == controller
                && (ingress.class.as_deref() == class || is_first && ingress.class.is_none())
        };
        let own: Vec<&resource::Ingress> = all.iter().filter(is_own).collect();
        if own.iter().all(|ingress| ingress.hosts.iter().all(|host| host.paths.is_empty())) {
            continue;
        }
        for (_, value) in own.iter().flat_map(|ingress| &ingress.annotations.entries) {
            if value.value.contains('\n') {
                snippets.push(value.at.clone());
            }
        }
        // What a template makes a name of is no name.
        let is_written = |name: &&crate::yaml::nodes::Scalar| !resource::is_filled_in(text, name);
        let first = own.first().and_then(|ingress| ingress.name.as_ref()).filter(is_written);
        let first = first.map(|name| name.value.as_str());
        let is_one = own.iter().all(|one| one.name.as_ref().map(|name| name.value.as_str()) == first);
        let name = first.filter(|_| is_one).unwrap_or("ingress");
        let view = render::ingresses(&around, controller, &own);
        let folder =
            if controller == Controller::VirtualServer { "virtual-server" } else { controller.name() };
        let folder = match class.filter(|_| !is_first) {
            Some(class) => format!("{folder}-{class}"),
            None => folder.to_owned(),
        };
        found.push(rendered(name, &folder, view));
    }
    for settings in resource::settings(text, parsed) {
        let name = settings.name.as_ref().filter(|name| !resource::is_filled_in(text, name));
        let name = name.map_or("controller", |name| name.value.as_str());
        let view = render::settings(&around, &settings);
        found.push(rendered(name, "settings", view));
    }
    Ingresses { found, snippets }
}

fn rendered(name: &str, folder: &str, view: crate::view::View) -> Found {
    // A name of Kubernetes, or what a template makes one of.
    let name: String =
        name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let folder: String =
        folder.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let path = format!("/etc/{folder}/{name}.conf");
    Found {
        name,
        path,
        is_path_known: true,
        view: Arc::new(view),
        is_in_cluster: true,
        is_cut: false,
        dump: 0,
        other_ways: Vec::new(),
        unsure: None,
        config_key: None,
    }
}

/// A value as a label shows it.
pub(crate) fn shown(value: &str) -> String {
    const MOST: usize = 40;
    let line = value.lines().next().unwrap_or_default();
    let mut shown: String = line.chars().filter(|letter| !letter.is_control()).take(MOST).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    shown
}

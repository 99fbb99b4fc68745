//! The forms of host files, and the texts that they hold.

use std::sync::Arc;

use crate::chart::{self, Chart};
use crate::mounts::ConfigKey;
use crate::view::View;
use crate::{dump, heredoc, ingress, markup, omnibus, yaml};

/// What a host file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// What `nginx -T` prints, with other lines around it or without.
    Dump,
    /// A build file of an image.
    Dockerfile,
    /// A script of a shell.
    Shell,
    /// HCL.
    Terraform,
    /// YAML, or a template that makes it.
    Yaml,
    /// The settings of `GitLab`'s omnibus package.
    Omnibus,
    /// Markdown, reStructuredText or `AsciiDoc`.
    Markup,
    /// Named templates of Go, and nothing else.
    Named,
}

/// A text that a host file holds, and that may be nginx's.
#[derive(Debug, Clone)]
pub struct Found {
    /// What it is called inside the host; not always the only one of that name.
    pub name: String,
    /// Where nginx finds it: an absolute path.
    pub path: String,
    /// Whether the path is said by the host; else it is made of the name.
    pub is_path_known: bool,
    /// The text.
    pub view: Arc<View>,
    /// Whether it is of a cluster of Kubernetes, where the names of services are stable.
    pub is_in_cluster: bool,
    /// Whether the host breaks off, so that others of its texts are missing.
    pub is_cut: bool,
    /// Which dump of its host it is of, from 0: each is of a machine of its own.
    pub dump: usize,
    /// What the text is on the other ways through the branches of its host.
    pub other_ways: Vec<Arc<View>>,
    /// Why it is not judged: what nginx reads is not certain.
    pub unsure: Option<&'static str>,
    /// The key of a `ConfigMap` that it is, if its file does not say where that is mounted.
    pub config_key: Option<ConfigKey>,
}

impl Found {
    /// One that has a path.
    pub(crate) fn at(path: &str, view: View) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        Self {
            name,
            path: path.to_owned(),
            is_path_known: true,
            view: Arc::new(view),
            is_in_cluster: false,
            is_cut: false,
            dump: 0,
            other_ways: Vec::new(),
            unsure: None,
            config_key: None,
        }
    }

    /// The name of the file that nginx finds it in.
    pub(crate) fn name_of_file(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// One that has a name alone.
    pub(crate) fn named(name: &str, view: View) -> Self {
        let base = name.rsplit('/').next().unwrap_or(name);
        let path = match base {
            "nginx.conf" => "/etc/nginx/nginx.conf".to_owned(),
            _ => format!("/etc/nginx/conf.d/{base}"),
        };
        Self {
            name: name.to_owned(),
            path,
            is_path_known: false,
            view: Arc::new(view),
            is_in_cluster: false,
            is_cut: false,
            dump: 0,
            other_ways: Vec::new(),
            unsure: None,
            config_key: None,
        }
    }
}

/// The texts that a host file holds, in order. Which of them are nginx's is for the caller to find out.
pub fn views(form: Form, text: &[u8]) -> Vec<Found> {
    views_in(form, text, &Chart::default())
}

/// The same of a file that lies in a chart.
pub fn views_in(form: Form, text: &[u8], chart: &Chart) -> Vec<Found> {
    let filled = match form {
        Form::Yaml => chart.filled(text),
        Form::Named => chart.filled_apart(text),
        _ => None,
    };
    let Some(filled) = filled.map(Arc::new) else { return read(form, text) };
    let mut all = read(form, filled.bytes());
    for found in &mut all {
        for view in std::iter::once(&mut found.view).chain(&mut found.other_ways) {
            *view = Arc::new(View::clone(view).inside(&filled));
        }
    }
    all
}

fn read(form: Form, text: &[u8]) -> Vec<Found> {
    match form {
        Form::Dump => dump::files(text),
        Form::Dockerfile | Form::Shell | Form::Terraform => heredoc::heredocs(form, text, None, false),
        Form::Yaml => yaml::scalars(text, false),
        Form::Omnibus => omnibus::settings(text, None),
        Form::Markup => markup::blocks(text),
        Form::Named => chart::texts(text),
    }
}

/// Whether a text of YAML, or a heredoc of a script, has objects that a controller of nginx reads. It is asked of every file
/// that has no line of nginx.
pub fn has_ingress(form: Form, text: &[u8]) -> bool {
    ingress::may_have(text) && read(form, text).iter().any(|found| found.view.rendered().is_some())
}

/// Whether a text of YAML says by other objects where an nginx in a cluster passes requests: NGINX Gateway Fabric, or a
/// `TransportServer`.
pub fn has_other_routes(text: &[u8]) -> bool {
    ingress::has_other_routes(text)
}

/// Why annotations for a controller of nginx in a text are not judged; `None` where it has none that are not.
pub fn unread_annotations(text: &[u8], is_hcl: bool) -> Option<&'static str> {
    ingress::unread(text, is_hcl)
}

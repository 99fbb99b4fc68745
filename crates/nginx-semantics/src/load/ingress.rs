//! The texts that ingress controllers write for objects of Kubernetes: each is judged by itself, below the settings of its
//! controller where these are in the tree.

use std::path::Path;

use super::{Candidate, add_fragment, ancestors};
use crate::configuration::{Builder, Layout};
use crate::files::{Files, folder_of};
use crate::include::Scope;
use crate::sources::{SourceFile, Sources};

/// One layout for each text. No other file of the tree is a part of it, and two texts for one host are of two clusters as
/// likely as of one.
pub(super) fn layouts(
    files: &dyn Files,
    scope: &Scope,
    sources: &mut Sources,
    rendered: &[&Candidate],
) -> Vec<Layout> {
    let (settings, objects): (Vec<&Candidate>, Vec<&Candidate>) = rendered.iter().copied().partition(|one| {
        let file = sources.get(one.file).and_then(SourceFile::hosted);
        file.and_then(|hosted| hosted.view().rendered()).is_some_and(nginx_forms::Rendered::is_settings)
    });
    let mut layouts = Vec::with_capacity(objects.len());
    for object in objects {
        let mut layout = Layout::default();
        if let Some(settings) = nearest(&settings, object) {
            let mut builder = Builder::new(files, scope, sources);
            builder.root(settings.file, &settings.path);
            layout = builder.layout;
        }
        let folders = ancestors(&object.path, &object.argument);
        add_fragment(files, scope, sources, &mut layout, object, folders);
        layouts.push(layout);
    }
    layouts
}

/// The settings that are meant: the only ones of the tree, else those of the nearest folder around.
fn nearest<'c>(settings: &[&'c Candidate], object: &Candidate) -> Option<&'c Candidate> {
    let own: Vec<&Candidate> =
        settings.iter().copied().filter(|one| one.argument == object.argument).collect();
    if let [only] = own.as_slice() {
        return Some(only);
    }
    let folder = host_folder(&object.path);
    let around = own.into_iter().filter(|one| folder.starts_with(host_folder(&one.path)));
    let depth = |one: &&Candidate| host_folder(&one.path).components().count();
    let around: Vec<&Candidate> = around.collect();
    let most = around.iter().map(depth).max()?;
    let mut nearest = around.iter().copied().filter(|one| depth(one) == most);
    let first = nearest.next()?;
    nearest.next().is_none().then_some(first)
}

/// The folder of the file on disk that holds a text.
fn host_folder(path: &Path) -> std::path::PathBuf {
    crate::mounted::mount_of(path).map_or_else(|| folder_of(path), |(mount, _)| folder_of(mount))
}

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

/// The settings that lie nearest: those of a folder above hold for all below it, and where several are as near, it cannot
/// be said which are meant.
fn nearest<'c>(settings: &[&'c Candidate], object: &Candidate) -> Option<&'c Candidate> {
    let own = settings.iter().copied().filter(|one| one.argument == object.argument);
    let depth = |one: &Candidate| common(&host_folder(&one.path), &host_folder(&object.path));
    let most = own.clone().map(depth).max()?;
    let mut nearest = own.filter(|one| depth(one) == most);
    let first = nearest.next()?;
    nearest.next().is_none().then_some(first)
}

/// The folder of the file on disk that holds a text.
fn host_folder(path: &Path) -> std::path::PathBuf {
    crate::mounted::mount_of(path).map_or_else(|| folder_of(path), |(mount, _)| folder_of(mount))
}

/// How many folders two paths have in common.
fn common(one: &Path, other: &Path) -> usize {
    one.components().zip(other.components()).take_while(|(one, other)| one == other).count()
}

//! Files that hold nginx text in another form: which texts of them are judged.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nginx_forms::{Form, Found};
use nginx_syntax::{FileId, Source, Span};

use super::SkipReason;
use super::structure;
use super::words::{self, Measure};
use crate::files::{Files, ReadError, normalize};
use crate::include::Scope;
use crate::mounted::folder_of_host;
use crate::naming::{OtherKind, by_name, stem_of_template};
use crate::sources::{SourceFile, Sources};
use crate::views::Hosted;

/// A host file is no larger.
const LARGEST: usize = 4 << 20;

/// As many texts of one host file may be for the same path.
const MOST_OF_ONE_PATH: usize = 100;

/// What lines of nginx a host file has besides those that are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeftOut {
    /// Some that stand in no text that was found.
    Lines,
    /// A text of which it is not certain what nginx reads: why.
    Unsure(&'static str),
}

/// A text of a host file that is nginx's.
pub(super) struct Held {
    /// As nginx would open it, were the host a folder.
    pub(super) path: PathBuf,
    pub(super) file: FileId,
}

/// The form of a file that is not judged as it stands, by why it is not.
pub(super) fn form_of(path: &Path, reason: &SkipReason, scope: &Scope) -> Option<Form> {
    let of_kind = |kind| match kind {
        OtherKind::Dockerfile => Some(Form::Dockerfile),
        OtherKind::Shell => Some(Form::Shell),
        OtherKind::Terraform => Some(Form::Terraform),
        OtherKind::Yaml => Some(Form::Yaml),
        OtherKind::Markup if scope.docs => Some(Form::Markup),
        _ => None,
    };
    match reason {
        SkipReason::OtherKind(_) if path.file_name().is_some_and(|name| name == "gitlab.rb") => {
            Some(Form::Omnibus)
        }
        SkipReason::OtherKind(kind) => of_kind(*kind),
        // `cm.yaml.j2`
        SkipReason::TemplateByName => {
            stem_of_template(path).and_then(|stem| by_name(Path::new(stem))).and_then(of_kind)
        }
        SkipReason::Dump if scope.docs && by_name(path) == Some(OtherKind::Markup) => Some(Form::Markup),
        SkipReason::Dump => Some(Form::Dump),
        // Elastic Beanstalk reads YAML under this name.
        SkipReason::OtherName | SkipReason::Mixed if is_of_beanstalk(path) => Some(Form::Yaml),
        _ => None,
    }
}

/// The form of a template whose name tells nothing of it, by its first lines.
pub(super) fn form_by_text(text: &[u8]) -> Option<Form> {
    let bytes = text.get(..LOOKED_AT).unwrap_or(text);
    if bytes.starts_with(b"#!") && bytes.split(|byte| *byte == b'\n').next()?.ends_with(b"sh") {
        return Some(Form::Shell);
    }
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let is_object = lines.clone().any(|line| line.starts_with(b"apiVersion:"))
        && lines.clone().any(|line| line.starts_with(b"kind:"));
    let is_cloud_config = lines.next().is_some_and(|line| line.starts_with(b"#cloud-config"));
    (is_object || is_cloud_config).then_some(Form::Yaml)
}

/// As much of a file tells its form.
pub(super) const LOOKED_AT: usize = 4 << 10;

fn is_of_beanstalk(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "config")
        && path.parent().and_then(Path::file_name).is_some_and(|folder| folder == ".ebextensions")
}

/// Finds the texts of nginx in a host file, and keeps them as files. Whether it has other lines of nginx too comes with
/// them.
///
/// # Errors
/// When the host cannot be read.
pub(super) fn mount(
    files: &dyn Files,
    scope: &Scope,
    sources: &mut Sources,
    (path, identity): (&Path, &Path),
    form: Form,
) -> Result<(Vec<Held>, Option<LeftOut>), ReadError> {
    let is_held =
        |file: FileId, sources: &Sources| Some(Held { path: sources.get(file)?.path.clone(), file });
    if let Some(known) = sources.held(identity) {
        let known = known.to_vec();
        let left_out = sources.left_out(identity);
        return Ok((known.into_iter().filter_map(|file| is_held(file, sources)).collect(), left_out));
    }
    let bytes = files.read(identity)?;
    if bytes.len() > LARGEST {
        return Ok((Vec::new(), Some(LeftOut::Lines)));
    }
    let shown = scope.shown(path);
    let source = Source::new(shown.clone(), bytes).map_err(|_| ReadError::TooLarge(u64::from(u32::MAX)))?;
    let source = Arc::new(source);
    // What lies behind a hidden name is shown if it reads as nginx, as other files are.
    let may_be_shown = scope.is_given(identity) || scope.is_hidden_inside(identity);
    let mut held = Vec::new();
    // What is no text of nginx that was found.
    let mut rest = source.bytes().to_vec();
    let mut unsure_of = None;
    let chart = sources.containers().chart(path);
    let of_form = |form| {
        let all = nginx_forms::views_in(form, source.bytes(), &chart).into_iter().enumerate();
        all.map(move |(index, found)| (form, index, found))
    };
    // A page may show a dump too.
    let shown_dump = (form == Form::Markup && nginx_forms::is_dump(source.bytes())).then_some(Form::Dump);
    let all: Vec<(Form, usize, Found)> = shown_dump.into_iter().chain([form]).flat_map(of_form).collect();
    for (form, index, found) in all {
        let is_dump = form == Form::Dump;
        if shown_dump.is_some() && !is_dump && nginx_forms::is_dump(found.view.bytes()) {
            continue;
        }
        let Found {
            name,
            path: mut at,
            mut is_path_known,
            view,
            is_in_cluster,
            is_cut,
            dump,
            other_ways,
            unsure,
            config_key,
        } = found;
        let mounted = config_key.and_then(|key| sources.containers().mounted(path, &key));
        if let Some(mounted) = mounted {
            (at, is_path_known) = (mounted, true);
        }
        if let Some(reason) = unsure {
            let on_host = view.on_host(Span::new(0, u32::try_from(view.bytes().len()).unwrap_or(u32::MAX)));
            rest.get_mut(on_host.range()).unwrap_or_default().fill(b'\n');
            unsure_of = unsure_of
                .or_else(|| (is_dump || words::holds(view.bytes(), Measure::Lines)).then_some(reason));
            continue;
        }
        // Folded, so that `/../x` stays in the folder that stands for the host.
        let at = normalize(Path::new(&at));
        let Ok(below) = at.strip_prefix("/") else { continue };
        let inside = if is_path_known { below } else { Path::new("") };
        let place = |host: &Path, number: usize| folder_of_host(host, number, is_dump && !is_cut).join(below);
        // Several texts of one file may be for the same path: of two pods.
        let number =
            (dump..MOST_OF_ONE_PATH).find(|number| sources.known(&place(identity, *number)).is_none());
        let Some(number) = number else { continue };
        let (own, identity_of_view) = (place(path, number), place(identity, number));
        let hosted = Hosted::new((path, source.clone()), view, name.as_str(), (form, index)).in_chart(&chart);
        let host = scope.hosts.get(identity).filter(|_| is_dump);
        let hosted = hosted.of_machine(host.map(String::as_str)).in_cluster(is_in_cluster);
        let shown = format!("{}#{name}", host.unwrap_or(&shown));
        let others = hosted.on_other_ways(other_ways);
        let other = |hosted| SourceFile::of_view(own.clone(), &shown, hosted, may_be_shown);
        let others = others.map(other).collect::<Result<Vec<SourceFile>, ReadError>>()?;
        let file = SourceFile::of_view(own, &shown, hosted, may_be_shown)?;
        let is_rendered = file.is_rendered();
        let is_it = is_dump || is_rendered || structure::is_nginx(&file, inside, scope.ignores_comments);
        if file.tree.is_empty() && !is_dump || !is_it {
            continue;
        }
        let all = file.hosted().map(|hosted| match is_rendered {
            true => hosted.view().extent(),
            false => hosted.on_disk(Span::new(0, u32::MAX)),
        });
        let all = all.unwrap_or_default();
        rest.get_mut(all.range()).unwrap_or_default().fill(b'\n');
        let file = sources.mount(identity, &identity_of_view, file, others)?;
        held.extend(is_held(file, sources));
    }
    if form == Form::Terraform {
        unsure_of = unsure_of.or_else(|| nginx_forms::unread_annotations(&rest, true));
    }
    let is_cut = |one: &Held| {
        let hosted = sources.get(one.file).and_then(SourceFile::hosted);
        hosted.and_then(|hosted| hosted.view().rendered()).is_some_and(nginx_forms::Rendered::is_cut)
    };
    let has_other_lines = || {
        !held.is_empty()
            && form != Form::Dump
            && (words::holds(&rest, Measure::Lines) || held.iter().any(is_cut))
    };
    let left_out = unsure_of.map(LeftOut::Unsure).or_else(|| has_other_lines().then_some(LeftOut::Lines));
    if let Some(what) = left_out {
        sources.note_left_out(identity, what);
    }
    Ok((held, left_out))
}

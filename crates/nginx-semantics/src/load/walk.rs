//! The files that the arguments name, and those that walking a folder finds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hashbrown::HashSet;

use super::hosts::{self, Held, LeftOut, form_of};
use super::look::{Looker, Looking};
use super::{Candidate, SkipReason, classify, structure};
use nginx_forms::Form;
use nginx_syntax::FileId;

use crate::exclude::PathPattern;
use crate::files::{Files, Met, MetKind, ReadError, folder_of, is_below};
use crate::include::Scope;
use crate::naming::{
    OtherKind, by_first_line, by_name, is_configuration, is_near_configuration, is_part_by_name,
    is_passed_over, is_set_aside, is_template_by_name, stem_of_template,
};
use crate::parallel::in_parallel;
use crate::sources::{SourceFile, Sources};

/// All that the arguments lead to.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// What may be judged, sorted by path.
    pub(super) candidates: Vec<Candidate>,
    /// Every file, once by its path.
    pub(super) files: Vec<WalkedFile>,
    /// The folders that were given.
    pub(super) folders: Vec<PathBuf>,
    /// The folders below them that are not looked into.
    pub(super) passed_over: Vec<PathBuf>,
    /// The files that were left out, and the numbers of the patterns that did it.
    pub(super) excluded: Vec<PathBuf>,
    pub(super) excludes_used: BTreeSet<usize>,
    /// The candidates that no link enables.
    pub(super) not_enabled: BTreeSet<PathBuf>,
}

/// A file that the arguments lead to.
#[derive(Debug)]
pub(super) struct WalkedFile {
    pub(super) path: PathBuf,
    pub(super) identity: Option<PathBuf>,
    /// Why it is not judged; `None` for what may be, and for what holds nothing of nginx.
    pub(super) reason: Option<SkipReason>,
    pub(super) is_named: bool,
    pub(super) is_by_name: bool,
    /// Whether its name is one of nginx's, or of a part, with something around it or without, or its folder is nginx's.
    pub(super) is_near: bool,
}

/// Goes through the arguments.
pub(super) fn walk(files: &dyn Files, arguments: &[PathBuf], scope: &Scope, sources: &mut Sources) -> Walked {
    let mut walk = Walk {
        files,
        scope,
        sources,
        seen: BTreeMap::new(),
        said: HashSet::new(),
        walked: Walked::default(),
        looker: Looker::default(),
        unfinished: Vec::new(),
    };
    // Named files first, so that one that is walked too counts as named.
    let (folders, named): (Vec<&PathBuf>, Vec<&PathBuf>) =
        arguments.iter().partition(|path| files.is_folder(path));
    for path in &named {
        walk.sources.containers_mut().read(files, path, &|identity| scope.is_given(identity));
    }
    walk.sources.containers_mut().settle();
    for path in named {
        let folder = folders.iter().find(|folder| is_below(path, folder));
        let argument = folder.map_or_else(|| folder_of(path), |folder| (*folder).clone());
        let identity = files.identity(path);
        let opened = walk.sources.open_identity(files, scope, path, identity.as_deref());
        walk.add(path, identity.as_deref(), &argument, opened, None, true);
    }
    for folder in folders {
        walk.folder(folder);
    }
    walk.finish();
    let mut walked = walk.walked;
    walked.candidates.sort_by(|a, b| a.path.cmp(&b.path));
    walked
}

/// What is known while the arguments are gone through.
struct Walk<'a> {
    files: &'a dyn Files,
    scope: &'a Scope,
    sources: &'a mut Sources,
    /// Each file that was read under a name of nginx's, with why it is not judged.
    seen: BTreeMap<FileId, Option<SkipReason>>,
    /// The paths that were put among the files.
    said: HashSet<PathBuf>,
    walked: Walked,
    /// Looks into files whose names are not nginx's.
    looker: Looker,
    /// The large ones of them, of which the first part told nothing.
    unfinished: Vec<(PathBuf, Option<PathBuf>, Looking)>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path) {
        // Once it is resolved, for a link that is swapped later must not lead elsewhere.
        let Some(identity) = self.files.identity(folder).filter(|identity| self.scope.is_given(identity))
        else {
            let identity = self.files.identity(folder);
            return self.put(folder, identity, Some(SkipReason::Outside), true);
        };
        self.walked.folders.push(folder.to_owned());
        // A file is known by the path that nginx opens: the link in `sites-enabled`, not what it leads to.
        let (mut links, mut by_name, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for Met { path, kind } in self.files.walk(&identity) {
            if let Some(number) = self.excluding(&identity.join(&path), &identity) {
                self.walked.excludes_used.insert(number);
                if kind != MetKind::PassedOver {
                    let path = folder.join(path);
                    self.walked.excluded.push(path.strip_prefix(".").map(Path::to_owned).unwrap_or(path));
                }
                continue;
            }
            let is_aside = is_set_aside(&path);
            let path = folder.join(path);
            let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
            match kind {
                MetKind::PassedOver => self.walked.passed_over.push(path),
                MetKind::File if is_configuration(&path) && !is_aside => {
                    let identity = self.files.identity(&path);
                    let is_link = self.is_link(&path, identity.as_deref());
                    if is_link { links.push((path, identity)) } else { by_name.push((path, identity)) }
                }
                MetKind::File => others.push(path),
                MetKind::LinkedFolder => self.linked_folder(&path),
                MetKind::BrokenLink => {
                    let is_missed = is_configuration(&path) || is_near_configuration(&path);
                    let identity = self.files.identity(&path);
                    self.put(&path, identity, is_missed.then_some(SkipReason::BrokenLink), false);
                }
                MetKind::Special => {
                    let reason = SkipReason::Unreadable(ReadError::NotRegular);
                    let is_missed = is_configuration(&path) || is_near_configuration(&path);
                    let identity = self.files.identity(&path);
                    self.put(&path, identity, is_missed.then_some(reason), false);
                }
            }
        }
        // Before any template is read that they tell of.
        for path in &others {
            let scope = self.scope;
            self.sources.containers_mut().read(self.files, path, &|identity| scope.is_given(identity));
        }
        self.sources.containers_mut().settle();
        let first = self.walked.candidates.len();
        let mut doubtful = Vec::new();
        links.append(&mut by_name);
        let opened = self.sources.open_all(self.files, self.scope, &links);
        let reasons = self.reasons(folder, &links, &opened);
        for (((path, identity), opened), reason) in links.into_iter().zip(opened).zip(reasons) {
            let file = self.add(&path, identity.as_deref(), folder, opened, reason, false);
            doubtful.extend(file.map(|file| (path, identity, file)));
        }
        let found = self.walked.candidates.get(first..).unwrap_or_default();
        let mut with_nginx: Vec<PathBuf> = Vec::new();
        for one in found {
            let folder = one.path.parent().unwrap_or(Path::new(""));
            // One folder's files stand together.
            if with_nginx.last().is_none_or(|last| last != folder) {
                with_nginx.push(folder.to_owned());
            }
        }
        let with_nginx: HashSet<PathBuf> = with_nginx.into_iter().collect();
        let is_beside = |path: &Path| path.parent().is_some_and(|folder| with_nginx.contains(folder));
        for (path, identity, file) in doubtful {
            self.add_doubtful(&path, identity, folder, file, is_beside(&path));
        }
        for path in others {
            let identity = self.files.identity(&path);
            match self.look(&path, identity.as_deref(), folder, is_beside(&path)) {
                Looking::Done(Some(reason)) => {
                    if let Some(reason) = self.host(&path, identity.as_deref(), folder, reason, false) {
                        self.put(&path, identity, Some(reason), false);
                    }
                }
                Looking::Done(None) => self.put(&path, identity, None, false),
                unfinished => self.unfinished.push((path, identity, unfinished)),
            }
        }
    }

    /// The number of the first pattern that leaves a path out. Who names a folder that is left out means it.
    fn excluding(&self, path: &Path, named: &Path) -> Option<usize> {
        let excludes = |pattern: &PathPattern| pattern.matches(path) && !pattern.matches(named);
        self.scope.excludes.iter().position(excludes)
    }

    /// Looks at the rest of large files, once all that is small was looked at.
    fn finish(&mut self) {
        for (path, identity, looking) in std::mem::take(&mut self.unfinished) {
            let reason = self.looker.finish(self.files, looking);
            if let Some(identity) = &identity {
                self.sources.keep_look(identity.clone(), reason.clone());
            }
            self.put(&path, identity, reason, false);
        }
    }

    /// Adds what does not read as nginx by itself, if what lies beside it does and it may be.
    fn add_doubtful(
        &mut self,
        path: &Path,
        identity: Option<PathBuf>,
        argument: &Path,
        file: FileId,
        is_beside: bool,
    ) {
        let is_it = is_beside && self.sources.get(file).is_some_and(structure::is_nginx_beside_others);
        if is_it {
            let (path, argument) = (path.to_owned(), argument.to_owned());
            self.walked.candidates.push(Candidate { file, path, argument, is_named: false });
            self.seen.insert(file, None);
        }
        self.put(path, identity, self.seen.get(&file).cloned().flatten(), false);
    }

    /// Why each of these files is not judged, worked out in several threads; `None` for those that were seen before, or
    /// could not be opened.
    fn reasons(
        &self,
        argument: &Path,
        paths: &[(PathBuf, Option<PathBuf>)],
        opened: &[Result<FileId, ReadError>],
    ) -> Vec<Option<Option<SkipReason>>> {
        let mut new = HashSet::new();
        let mut is_new = |file: &FileId| !self.seen.contains_key(file) && new.insert(*file);
        let files: Vec<(&Path, Option<FileId>)> = paths
            .iter()
            .zip(opened)
            .map(|((path, _), file)| (path.as_path(), file.as_ref().ok().copied().filter(&mut is_new)))
            .collect();
        let (sources, ignores_comments) = (&*self.sources, self.scope.ignores_comments);
        in_parallel(&files, |(path, file)| {
            let path = from_argument(path, argument);
            let source = sources.get((*file)?)?;
            Some(classify::reason_to_skip(source, path, false, ignores_comments))
        })
    }

    /// Adds a file with a name of nginx's, or one that was named. What reads as nginx only if others beside it do is
    /// given back. `reason`: why it is not judged, if that is known.
    fn add(
        &mut self,
        path: &Path,
        identity: Option<&Path>,
        argument: &Path,
        opened: Result<FileId, ReadError>,
        reason: Option<Option<SkipReason>>,
        is_named: bool,
    ) -> Option<FileId> {
        let put = |walk: &mut Self, reason| walk.put(path, identity.map(Path::to_owned), reason, is_named);
        let file = match opened {
            Ok(file) => file,
            Err(error) => {
                let reason = match error {
                    ReadError::Outside | ReadError::VersionControl | ReadError::Hidden => SkipReason::Outside,
                    error => SkipReason::Unreadable(error),
                };
                put(self, Some(reason));
                return None;
            }
        };
        if let Some(reason) = self.seen.get(&file) {
            let reason = reason.clone();
            put(self, reason);
            return None;
        }
        let source = self.sources.get(file)?;
        let reason = reason.unwrap_or_else(|| {
            let ignores_comments = self.scope.ignores_comments;
            let other = is_named.then(|| other_kind(path, source, ignores_comments)).flatten();
            other.or_else(|| {
                let path = from_argument(path, argument);
                classify::reason_to_skip(source, path, is_named, ignores_comments)
            })
        });
        let reason = match reason {
            Some(reason) => match self.host(path, identity, argument, reason, is_named) {
                Some(reason) => Some(reason),
                None => return None,
            },
            None => {
                let (path, argument) = (path.to_owned(), argument.to_owned());
                self.walked.candidates.push(Candidate { file, path, argument, is_named });
                None
            }
        };
        let is_doubtful = !is_named && reason == Some(SkipReason::NotNginx);
        self.seen.insert(file, reason.clone());
        if is_doubtful {
            return Some(file);
        }
        put(self, reason);
        None
    }

    /// Takes the texts of nginx in a file that is not judged as it stands, or the file itself as a template. Gives the
    /// reason back where there are none.
    fn host(
        &mut self,
        path: &Path,
        identity: Option<&Path>,
        argument: &Path,
        reason: SkipReason,
        is_named: bool,
    ) -> Option<SkipReason> {
        let Some(host) = identity else { return Some(reason) };
        let is_named_templates =
            reason == SkipReason::TemplateByName && self.sources.containers().holds_named_texts(path);
        let form = match is_named_templates {
            true => Some(Form::Named),
            false => form_of(path, &reason, self.scope),
        };
        let Some(form) = form else {
            if reason != SkipReason::TemplateByName {
                let is_unknown =
                    matches!(reason, SkipReason::Mixed | SkipReason::OtherName | SkipReason::NotNginx);
                let is_cloud = is_unknown
                    && self
                        .files
                        .part(host, 0, hosts::LOOKED_AT)
                        .is_ok_and(|text| text.starts_with(b"#cloud-config"));
                let is_it = is_cloud && self.has_texts((path, host), argument, Form::Yaml, &reason, is_named);
                return (!is_it).then_some(reason);
            }
            // `configmap.tpl`, `user_data.sh.tpl`: what its marks stand in says what it is.
            let text = self.files.part(host, 0, hosts::LOOKED_AT).unwrap_or_default();
            return match hosts::form_by_text(&text) {
                Some(form) if self.has_texts((path, host), argument, form, &reason, is_named) => None,
                _ => self.template(path, host, argument, is_named),
            };
        };
        if self.has_texts((path, host), argument, form, &reason, is_named) { None } else { Some(reason) }
    }

    /// Takes the texts of nginx in a file of another form, and whether there are any.
    fn has_texts(
        &mut self,
        (path, host): (&Path, &Path),
        argument: &Path,
        form: Form,
        reason: &SkipReason,
        is_named: bool,
    ) -> bool {
        let held = hosts::mount(self.files, self.scope, self.sources, (path, host), form);
        let (held, left_out) = held.unwrap_or_default();
        let unsure = match left_out {
            Some(LeftOut::Unsure(why)) => Some(SkipReason::Unsure(why)),
            _ => None,
        };
        if held.is_empty() && unsure.is_none() {
            return false;
        }
        for Held { path, file } in held {
            self.seen.insert(file, None);
            self.walked.candidates.push(Candidate { file, path, argument: argument.to_owned(), is_named });
        }
        // Some of its lines of nginx may stand elsewhere in it.
        let rest = || match (reason, form) {
            // A page that shows a dump has other lines.
            (SkipReason::Dump, Form::Markup) => SkipReason::OtherKind(OtherKind::Markup),
            _ => reason.clone(),
        };
        let reason = unsure.or_else(|| left_out.map(|_| rest()));
        self.put(path, Some(host.to_owned()), reason, is_named);
        true
    }

    /// Takes a file with the name of a template, if it reads as nginx without its marks.
    fn template(
        &mut self,
        path: &Path,
        identity: &Path,
        argument: &Path,
        is_named: bool,
    ) -> Option<SkipReason> {
        let not_judged = Some(SkipReason::TemplateByName);
        let Ok(file) = self.sources.open_identity(self.files, self.scope, path, Some(identity)) else {
            return not_judged;
        };
        let is_it = self.sources.get(file).is_some_and(|source| {
            let inside = from_argument(path, argument);
            classify::reason_to_skip(source, inside, is_named, self.scope.ignores_comments).is_none()
        });
        if !is_it {
            return not_judged;
        }
        let known = self.seen.insert(file, None);
        if known.is_none() {
            let (path, argument) = (path.to_owned(), argument.to_owned());
            self.walked.candidates.push(Candidate { file, path, argument, is_named });
        }
        self.put(path, Some(identity.to_owned()), None, is_named);
        None
    }

    /// Why a file whose name is not nginx's is not judged, as far as its first part tells.
    fn look(&mut self, path: &Path, identity: Option<&Path>, argument: &Path, is_beside: bool) -> Looking {
        let Some(identity) = identity else { return Looking::Done(None) };
        if let Some(known) = self.sources.looked_at(identity) {
            return Looking::Done(known.clone());
        }
        if !self.scope.is_below_given(identity) {
            return Looking::Done(Some(SkipReason::Outside));
        }
        let looking = self.looker.start(self.files, identity, path, from_argument(path, argument), is_beside);
        if let Looking::Done(reason) = &looking {
            self.sources.keep_look(identity.to_owned(), reason.clone());
        }
        looking
    }

    /// A link to a folder is not followed. What it leads to is walked where it lies, or is not looked into, or lies
    /// outside.
    fn linked_folder(&mut self, path: &Path) {
        let target = self.files.identity(path);
        let reason = match target.as_deref().and_then(|target| self.scope.rest_below_given(target)) {
            Some(rest) if rest.iter().any(is_passed_over) => Some(SkipReason::LinkIntoPassedOver),
            Some(_) => None,
            None => Some(SkipReason::LinkedFolder),
        };
        self.put(path, target, reason, false);
    }

    /// Whether the file itself is a link; the folders on its way may be.
    fn is_link(&self, path: &Path, identity: Option<&Path>) -> bool {
        let folder = self.files.identity(&folder_of(path));
        let own = folder.zip(path.file_name()).map(|(folder, name)| folder.join(name));
        identity != own.as_deref()
    }

    fn put(&mut self, path: &Path, identity: Option<PathBuf>, reason: Option<SkipReason>, is_named: bool) {
        if !self.said.insert(path.to_owned()) {
            return;
        }
        let is_by_name = is_named || is_configuration(path);
        let mut rests = self.walked.folders.iter().filter_map(|folder| path.strip_prefix(folder).ok());
        let is_near = is_by_name
            || is_near_configuration(path)
            || is_part_by_name(path)
            || structure::is_nginxs(rests.next().unwrap_or(path));
        self.walked.files.push(WalkedFile {
            path: path.to_owned(),
            identity,
            reason,
            is_named,
            is_by_name,
            is_near,
        });
    }
}

/// Why a named file is not read as nginx's whatever it holds.
fn other_kind(path: &Path, file: &SourceFile, ignores_comments: bool) -> Option<SkipReason> {
    if is_configuration(path) {
        return None;
    }
    let of_text =
        || by_first_line(file.bytes()).filter(|_| !structure::is_nginx(file, path, ignores_comments));
    // A template of another kind is one of its own: `cm.yaml.j2`.
    let is_template = || {
        stem_of_template(path).is_some_and(|stem| by_name(Path::new(stem)).is_some())
            || is_template_by_name(path) && hosts::form_by_text(file.bytes()).is_some()
    };
    let kind = by_name(path).or_else(of_text).map(SkipReason::OtherKind);
    kind.or_else(|| is_template().then_some(SkipReason::TemplateByName))
}

/// What a path says of a file is said by its parts from the folder that was given on: what lies above it is not part of
/// the tree.
fn from_argument<'p>(path: &'p Path, argument: &Path) -> &'p Path {
    let above = argument.parent().unwrap_or(Path::new(""));
    path.strip_prefix(above).unwrap_or(path)
}

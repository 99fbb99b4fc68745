//! Which files an `include` means, looked for as nginx does and, in a tree that is not installed, where they most
//! likely are (`core/ngx_conf_file.c:ngx_conf_include`, `os/unix/ngx_files.c:ngx_open_glob`).

mod beside;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern};

use crate::distribution::shipped;
use crate::exclude::PathPattern;
use crate::files::{Files, ReadError, folder_of, normalize};
use crate::mounted::mount_of;
use crate::naming::{
    becomes, is_open_to_includes, is_out_of_version_control, is_version_control, stem_of_template,
};
use crate::slashes::{below_root, bytes, slashed, written};

/// `--path-map FROM=TO`: what nginx would open as FROM, or below it, is TO here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathMap {
    /// As the configuration writes it: a file or a folder.
    pub from: String,
    /// The file or folder that stands for it.
    pub to: PathBuf,
    /// The folder, links resolved, that it must not lead out of, nor into a `.git` below it; `None`: it may lead
    /// anywhere. Settings of the judged tree are as hostile as the tree, and so are the links of it that trusted
    /// settings lead through.
    pub within: Option<PathBuf>,
}

impl PathMap {
    /// A map that may lead anywhere.
    pub fn new(from: impl Into<String>, to: impl Into<PathBuf>) -> Self {
        Self { from: from.into(), to: to.into(), within: None }
    }

    /// Whether the file of this identity lies where the map leads, and nowhere that it must not lead to. Both are asked
    /// of the identity that is opened, so a link that is swapped meanwhile gains nothing.
    fn leads_to(&self, files: &dyn Files, identity: &Path) -> bool {
        self.within.as_deref().is_none_or(|within| is_inside(identity, within))
            && files.identity(&self.to).is_some_and(|to| is_openly_below(identity, &to))
    }
}

/// What may be read.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The folders given on the command line (for a file, its folder), absolute, links resolved.
    pub given: Vec<PathBuf>,
    /// Files that the command line names and that may be read wherever they lie: their identities. A named link that
    /// leads out of its repository is not among them.
    pub named: Vec<PathBuf>,
    /// The working directory, absolute.
    pub working_folder: PathBuf,
    /// In the order of the command line.
    pub path_maps: Vec<PathMap>,
    /// Whether absolute includes may be read from this machine wherever they point.
    pub host_includes: bool,
    /// Files that are main files whatever they hold: their identities.
    pub roots: Vec<PathBuf>,
    /// The folder that stands for the one of the installed main file, absolute: relative includes of roots are looked for
    /// there first.
    pub prefix: Option<PathBuf>,
    /// Whether comments for this program are passed over: whoever wrote the tree wrote them too, and what they change is
    /// counted.
    pub ignores_comments: bool,
    /// Whether blocks of nginx in pages of documentation are judged.
    pub docs: bool,
    /// What walking folders leaves out. What a judged file includes is read all the same, as nginx does.
    pub excludes: Vec<PathPattern>,
    /// The names of the machines that dumps are of, by the identities of the dumps.
    pub hosts: BTreeMap<PathBuf, String>,
}

impl Scope {
    /// Whether a path with its links resolved lies inside the given folders.
    pub fn is_given(&self, identity: &Path) -> bool {
        self.given.iter().any(|folder| is_openly_below(identity, folder))
    }

    /// Whether a path with its links resolved lies below the given folders, in what belongs to version control or
    /// behind hidden names too: such files may be looked into, and nothing of them is shown.
    pub(crate) fn is_below_given(&self, identity: &Path) -> bool {
        self.rest_below_given(identity).is_some()
    }

    /// The rest of such a path, from the given folder that is nearest to it.
    pub(crate) fn rest_below_given<'p>(&self, identity: &'p Path) -> Option<&'p Path> {
        let rests = self.given.iter().filter_map(|folder| identity.strip_prefix(folder).ok());
        rests.min_by_key(|rest| rest.as_os_str().len())
    }

    /// Whether the path of an include may be opened and its folder be listed: what may be read, and what is hidden inside
    /// the given folders, which [`crate::Sources`] keeps only if it reads as nginx configuration.
    pub(crate) fn may_be_tried(&self, files: &dyn Files, identity: &Path) -> bool {
        self.is_hidden_inside(identity) || self.may_be_read(files, identity)
    }

    /// Whether a path with its links resolved lies inside the given folders and out of version control.
    pub(crate) fn is_hidden_inside(&self, identity: &Path) -> bool {
        let is_inside = |folder: &PathBuf| identity.strip_prefix(folder).is_ok_and(is_out_of_version_control);
        self.given.iter().any(is_inside)
    }

    /// Why a path with its links resolved must not be opened.
    pub(crate) fn reason_to_withhold(&self, identity: &Path) -> ReadError {
        if self.is_below_given(identity) { ReadError::VersionControl } else { ReadError::Outside }
    }

    /// Whether a path goes through the given folders, wherever links lead it from there.
    fn goes_through_given(&self, files: &dyn Files, path: &Path) -> bool {
        let path = self.absolute(path);
        let mut folders = path.ancestors().skip(1).filter_map(|folder| files.identity(folder));
        folders.any(|folder| self.is_below_given(&folder))
    }

    /// Whether the file of this identity may be read without being named: it lies inside the given folders, or where
    /// a path map leads.
    pub(crate) fn may_be_read(&self, files: &dyn Files, identity: &Path) -> bool {
        self.host_includes || self.is_offered(files, identity)
    }

    /// The same for what is no include: `--host-includes` says nothing about it.
    fn is_offered(&self, files: &dyn Files, identity: &Path) -> bool {
        self.is_given(identity) || self.path_maps.iter().any(|map| map.leads_to(files, identity))
    }

    pub(crate) fn absolute(&self, path: &Path) -> PathBuf {
        normalize(&self.working_folder.join(path))
    }

    /// The path as people see it: relative to the working directory where it lies below.
    pub fn shown(&self, path: &Path) -> String {
        let path = normalize(path);
        let below = path.strip_prefix(&self.working_folder).ok().filter(|rest| !rest.as_os_str().is_empty());
        slashed(below.unwrap_or(&path)).into_owned()
    }
}

/// Whether the path of a settings file or a map, links resolved, stays inside its folder and out of repositories' own
/// files.
pub fn is_inside(identity: &Path, folder: &Path) -> bool {
    identity
        .strip_prefix(folder)
        .is_ok_and(|rest| rest.components().all(|part| !is_version_control(part.as_os_str())))
}

/// Whether a configuration may name the file: see [`is_open_to_includes`].
fn is_openly_below(path: &Path, folder: &Path) -> bool {
    path.strip_prefix(folder).is_ok_and(is_open_to_includes)
}

/// From where relative includes are looked for.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    /// The folders to try, in order; for a root just the one of the main file (nginx's `conf_prefix`).
    pub(crate) folders: Vec<PathBuf>,
    /// Whether it is a root: what is missing from its own tree is an error then.
    pub(crate) is_root: bool,
}

/// What became of an include.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Resolved {
    /// These files, in nginx's order.
    Files(Vec<PathBuf>),
    /// A pattern that matches nothing in a folder that is there: nginx accepts that.
    MatchesNothing,
    /// There in the tree under this path, which must not be read: a link leads out, or it belongs to version control.
    Withheld(PathBuf, ReadError),
    /// Not in the tree, but a file that every distribution ships.
    Shipped(&'static str),
    /// Not in the tree.
    NotGiven {
        is_pattern: bool,
        /// Whether the target lies inside the root's own tree, so that it should be there.
        is_inside: bool,
    },
}

/// Linux opens no path of so many bytes (`PATH_MAX`).
const LONGEST_PATH: usize = 4096;

/// The bytes that make nginx call glob(3).
fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

pub(crate) fn resolve(files: &dyn Files, scope: &Scope, base: &Base, argument: &str) -> Resolved {
    // A device, which is read nowhere, but what it holds is known.
    if normalize(written(argument)) == Path::new("/dev/null") {
        return Resolved::MatchesNothing;
    }
    let is_pattern = is_pattern(argument);
    let mut is_folder_there = false;
    let mut is_outside = false;
    let mut withheld = None;
    for candidate in candidates(scope, base, argument) {
        let there = if is_pattern { literal_part(&candidate) } else { candidate.clone() };
        let Some(identity) = files.identity(&there) else { continue };
        if !scope.may_be_tried(files, &identity) {
            is_outside = true;
            if withheld.is_none() && scope.goes_through_given(files, &there) {
                withheld = Some((candidate, scope.reason_to_withhold(&identity)));
            }
        } else if !is_pattern {
            return Resolved::Files(vec![candidate]);
        } else {
            let found = expand(files, scope, &candidate);
            if !found.is_empty() {
                return Resolved::Files(found);
            }
            is_folder_there |= files.is_folder(&there);
        }
    }
    if !is_folder_there {
        let found = beside::found(files, scope, base, argument);
        if !found.is_empty() {
            return Resolved::Files(found);
        }
    }
    let templates = templates(files, scope, base, argument);
    if !templates.is_empty() {
        return Resolved::Files(templates);
    }
    // What nginx printed has every file that it reads.
    let is_of_dump =
        base.folders.first().and_then(|folder| mount_of(folder)).is_some_and(|(_, has_all)| has_all);
    if is_folder_there || (is_of_dump && is_pattern) {
        return Resolved::MatchesNothing;
    }
    if let Some(text) = shipped(argument) {
        return match own_of_tree(files, scope, base, argument) {
            Some(own) => Resolved::Files(vec![own]),
            None => Resolved::Shipped(text),
        };
    }
    if let Some((path, reason)) = withheld {
        return Resolved::Withheld(path, reason);
    }
    let is_inside = base.is_root
        && !is_outside
        && !is_made_at_start(files, scope, base, argument)
        && base.folders.iter().any(|folder| {
            let folder = scope.absolute(folder);
            normalize(&folder.join(written(argument))).starts_with(&folder)
        });
    Resolved::NotGiven { is_pattern, is_inside }
}

/// The file of the tree that an image or an installer puts in the place of one that distributions ship:
/// `proxy_params.conf` for `proxy_params`.
fn own_of_tree(files: &dyn Files, scope: &Scope, base: &Base, argument: &str) -> Option<PathBuf> {
    let name = Path::new(argument).file_name()?.to_str().filter(|name| !name.contains('.'))?;
    let beside = |candidate: PathBuf| candidate.with_file_name(format!("{name}.conf"));
    candidates(scope, base, argument).into_iter().map(beside).find(|own| {
        let identity = files.identity(own);
        identity.is_some_and(|identity| scope.is_given(&identity)) && !files.is_folder(own)
    })
}

/// In as many places are the templates of one include looked for, the likeliest ones.
const MOST_PLACES_OF_TEMPLATES: usize = 16;

/// The templates that the files of an include are made of, where they are not there themselves: `nginx.conf.j2` beside
/// its place, or in a folder `templates` there or beside that, as the official image has them.
fn templates(files: &dyn Files, scope: &Scope, base: &Base, argument: &str) -> Vec<PathBuf> {
    let Some(name) = Path::new(argument).file_name().and_then(|name| name.to_str()) else {
        return Vec::new();
    };
    let Ok(pattern) = Pattern::new(&as_crate_syntax(name)) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = Vec::new();
    let all = candidates(scope, base, argument);
    for candidate in all.iter().rev().take(MOST_PLACES_OF_TEMPLATES) {
        let folder = folder_of(candidate);
        if is_pattern(&folder.to_string_lossy()) {
            continue;
        }
        for folder in [folder.clone(), folder.join("templates"), folder_of(&folder).join("templates")] {
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
    }
    for folder in folders {
        let identity = files.identity(&folder).filter(|identity| scope.is_given(identity));
        let Some(identity) = identity.filter(|_| files.is_folder(&folder)) else { continue };
        let names = files.names(&identity);
        let is_made = |one: &&OsString| {
            let one = Path::new(one);
            let stem = stem_of_template(one).and_then(|stem| stem.to_str());
            becomes(one, name.as_ref()) || stem.is_some_and(|stem| pattern.matches_with(stem, as_glob()))
        };
        let mut found: Vec<PathBuf> = names.iter().filter(is_made).map(|name| folder.join(name)).collect();
        found.sort();
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// Whether a template lies where what starts nginx makes the included file of it: beside its place, or in a folder
/// `templates` there or beside that.
fn is_made_at_start(files: &dyn Files, scope: &Scope, base: &Base, argument: &str) -> bool {
    let Some(name) = Path::new(argument).file_name() else { return false };
    let beside = |folder: &PathBuf| {
        let folder = folder_of(&normalize(&folder.join(written(argument))));
        [folder.clone(), folder.join("templates"), folder_of(&folder).join("templates")]
    };
    base.folders.iter().flat_map(beside).any(|folder| {
        let identity = files.identity(&folder).filter(|identity| scope.may_be_read(files, identity));
        identity.is_some_and(|folder| files.names(&folder).iter().any(|one| becomes(Path::new(one), name)))
    })
}

/// The file that another directive than `include` names, where it lies inside what was given: its identity, and whether
/// it is the one that nginx opens, as far as the tree tells. A path of the installed machine is looked for below the
/// root's folder as an include is, but a name alone is no sign that two files are one.
pub(crate) fn named_file(
    files: &dyn Files,
    scope: &Scope,
    base: &Base,
    argument: &str,
) -> Option<(PathBuf, bool)> {
    let is_there = |path: &PathBuf| {
        let identity = files.identity(path)?;
        (scope.is_offered(files, &identity) && !files.is_folder(path)).then_some(identity)
    };
    let path = written(argument);
    let full = |folder: &PathBuf| folder.join(path);
    let in_folders = |rest: &Path| base.folders.iter().map(|folder| folder.join(rest)).collect::<Vec<_>>();
    let mut sure = mapped(scope, argument);
    let mut likely = Vec::new();
    if path.has_root() {
        let folded = normalize(path);
        // nginx's own folder, and the tree that stands for it.
        let own = folded.strip_prefix("/etc/nginx").ok().filter(|_| base.is_root);
        sure.extend(own.map(in_folders).unwrap_or_default());
        sure.push(folded.clone());
        // A name alone is no sign.
        let tails = tails(&folded, 1).take_while(|tail| tail.components().nth(1).is_some());
        likely = tails.flat_map(in_folders).collect();
    } else {
        sure.extend(base.folders.iter().flat_map(|folder| mapped(scope, &slashed(&full(folder)))));
        let relative = base.folders.iter().map(full);
        if base.is_root { sure.extend(relative) } else { likely.extend(relative) }
    }
    let found = sure.iter().find_map(is_there).map(|identity| (identity, true));
    found.or_else(|| likely.iter().find_map(is_there).map(|identity| (identity, false)))
}

/// The paths to try, in order.
fn candidates(scope: &Scope, base: &Base, argument: &str) -> Vec<PathBuf> {
    let path = written(argument);
    let full = |folder: &PathBuf| folder.join(path);
    let mut candidates = mapped(scope, argument);
    if !path.has_root() {
        candidates.extend(base.folders.iter().flat_map(|folder| mapped(scope, &slashed(&full(folder)))));
        candidates.extend(base.folders.iter().map(full));
        return candidates;
    }
    // Folded, so that `/x/../../y` does not leave the folders.
    let folded = normalize(path);
    // A file that holds others is a machine of its own.
    let mount = base.folders.first().and_then(|folder| mount_of(folder));
    if let Some((mount, _)) = mount {
        candidates.extend(folded.strip_prefix("/").ok().map(|rest| mount.join(rest)));
    }
    // A pattern needs a folder of its own: `/srv/sites/*.conf` must not match the root's own folder.
    let shortest = if is_pattern(argument) { 2 } else { 1 };
    for folder in &base.folders {
        candidates.extend(tails(&folded, shortest).map(|tail| folder.join(tail)));
    }
    candidates.push(path.to_owned());
    candidates
}

/// What is left of an absolute path that is folded without its first folders, the longest rest first, down to so many
/// parts. Rests that no system opens are left out: together they would be as long as the square of the path.
fn tails(folded: &Path, shortest: usize) -> impl Iterator<Item = &Path> {
    let mut parts = below_root(folded).components();
    let count = parts.clone().count().saturating_sub(shortest) + 1;
    let tails = (0..count).map(move |_| {
        let tail = parts.as_path();
        parts.next();
        tail
    });
    tails.filter(|tail| tail.as_os_str().len() < LONGEST_PATH)
}

fn mapped(scope: &Scope, argument: &str) -> Vec<PathBuf> {
    let map = |map: &PathMap| {
        let from = map.from.trim_end_matches('/');
        let rest = argument.strip_prefix(from)?;
        match rest.strip_prefix('/') {
            Some(below) => Some(map.to.join(below)),
            None => rest.is_empty().then(|| map.to.clone()),
        }
    };
    scope.path_maps.iter().filter_map(map).collect()
}

/// The folder before the first component with a pattern.
fn literal_part(pattern: &Path) -> PathBuf {
    let is_literal = |part: &Component<'_>| !is_pattern(&part.as_os_str().to_string_lossy());
    normalize(&pattern.components().take_while(is_literal).collect::<PathBuf>())
}

/// glob(3) with no flags: `*`, `?`, `[…]` and backslash within a component, no leading dot, sorted by bytes.
///
/// Folders that may not be read are not listed but stand for what they may hold, and links to files that may not be read
/// are matched: opening either says what it is.
fn expand(files: &dyn Files, scope: &Scope, pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    let mut unlisted: Vec<PathBuf> = Vec::new();
    for part in pattern.components() {
        let text = part.as_os_str().to_string_lossy();
        if !is_pattern(&text) {
            // In a pattern the backslash escapes in every component.
            let literal = text.replace('\\', "");
            found.iter_mut().for_each(|path| path.push(&literal));
            continue;
        }
        let Ok(pattern) = Pattern::new(&as_crate_syntax(&text)) else { return Vec::new() };
        let options = as_glob();
        let mut matching = Vec::new();
        for folder in found {
            let place = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
            match files.identity(place) {
                Some(identity) if scope.may_be_tried(files, &identity) => {
                    let names = files.names(&identity);
                    let names =
                        names.iter().filter(|name| pattern.matches_with(&name.to_string_lossy(), options));
                    matching.extend(names.map(|name| folder.join(name)));
                }
                Some(_) if files.is_folder(place) => unlisted.push(folder),
                _ => {}
            }
        }
        found = matching;
    }
    // glob(3) looks for what a literal end names, but returns a link to nowhere that a pattern matched.
    let ends_in_pattern = pattern.file_name().is_some_and(|last| is_pattern(&last.to_string_lossy()));
    found.retain(|path| ends_in_pattern || files.identity(path).is_some());
    found.append(&mut unlisted);
    found.sort_by(|a, b| bytes(a).cmp(&bytes(b)));
    found
}

/// `*` matches no leading dot.
fn as_glob() -> MatchOptions {
    MatchOptions { require_literal_leading_dot: true, ..MatchOptions::new() }
}

/// The crate writes an escape as a class of one, and gives `**` a meaning that glob(3) does not.
fn as_crate_syntax(component: &str) -> String {
    let mut written = String::with_capacity(component.len());
    let mut characters = component.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => written.extend(characters.next().map(|next| format!("[{next}]"))),
            '*' if written.ends_with('*') => {}
            '^' if written.ends_with('[') => written.push('!'),
            _ => written.push(character),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::MemoryFiles;

    fn tree() -> (MemoryFiles, Scope, Base) {
        let mut files = MemoryFiles::new();
        for path in [
            "nginx.conf",
            "conf.d/b.conf",
            "conf.d/a.conf",
            "conf.d/B.conf",
            "conf.d/.c.conf",
            "conf.d/x.txt",
        ] {
            files.insert(format!("/srv/repo/nginx/{path}"), "");
        }
        files.insert("/etc/hostname", "");
        let root = PathBuf::from("/srv/repo/nginx");
        let scope = Scope { given: vec![root.clone()], working_folder: root.clone(), ..Scope::default() };
        (files, scope, Base { folders: vec![root], is_root: true })
    }

    fn names(resolved: Resolved) -> Vec<String> {
        let Resolved::Files(paths) = resolved else { return vec![format!("{resolved:?}")] };
        paths.iter().map(|path| path.to_string_lossy().replace("/srv/repo/nginx/", "")).collect()
    }

    #[test]
    fn patterns_match_as_glob_3_sorted_by_bytes() {
        let (files, scope, base) = tree();
        let found = |argument| names(resolve(&files, &scope, &base, argument));
        assert_eq!(found("conf.d/*.conf"), ["conf.d/B.conf", "conf.d/a.conf", "conf.d/b.conf"]);
        assert_eq!(found("conf.d/[^a].conf"), ["conf.d/B.conf", "conf.d/b.conf"]);
        assert_eq!(found("conf.d/**.txt"), ["conf.d/x.txt"]);
        assert_eq!(found("conf?d/\\a.conf"), ["conf.d/a.conf"]);
        assert_eq!(found("conf.d/none-*"), ["MatchesNothing"]);
        assert_eq!(found("sites/*"), ["NotGiven { is_pattern: true, is_inside: true }"]);
        assert_eq!(found("conf.d/{a,b}.conf"), ["NotGiven { is_pattern: false, is_inside: true }"]);
    }

    #[test]
    fn absolute_includes_are_looked_for_below_the_root() {
        let (files, scope, base) = tree();
        let found = |argument| names(resolve(&files, &scope, &base, argument));
        assert_eq!(found("/etc/nginx/conf.d/a.conf"), ["conf.d/a.conf"]);
        assert_eq!(found("/etc/nginx/conf.d/*.txt"), ["conf.d/x.txt"]);
        assert_eq!(found("/etc/nginx/mime.types"), ["Shipped(\"\")"]);
        assert_eq!(found("/etc/nginx/*.conf"), ["NotGiven { is_pattern: true, is_inside: false }"]);
        assert_eq!(found("/etc/hostname"), ["NotGiven { is_pattern: false, is_inside: false }"]);
        let host = Scope { host_includes: true, ..scope.clone() };
        assert_eq!(names(resolve(&files, &host, &base, "/etc/hostname")), ["/etc/hostname"]);
    }

    #[test]
    fn a_long_path_is_looked_for_in_no_more_places_than_can_be_opened() {
        let (files, scope, base) = tree();
        let ends = |end: &str| format!("{}/{end}", format!("/{}", "a".repeat(200)).repeat(20_000));
        let found = |argument: &str| names(resolve(&files, &scope, &base, argument));
        assert_eq!(found(&ends("conf.d/a.conf")), ["conf.d/a.conf"]);
        assert_eq!(found(&ends("conf.d/*.txt")), ["conf.d/x.txt"]);
        assert_eq!(found(&ends("gone")), ["NotGiven { is_pattern: false, is_inside: false }"]);
        let named = |argument: &str| named_file(&files, &scope, &base, argument);
        assert_eq!(named(&ends("conf.d/a.conf")).map(|(_, is_sure)| is_sure), Some(false));
        assert_eq!(named(&ends("nginx.conf")), None, "a name alone");
        assert_eq!(named("/nginx.conf"), None);
    }

    #[test]
    fn path_maps_come_first() {
        let (files, mut scope, base) = tree();
        scope.path_maps = vec![
            PathMap::new("/config/x.conf", "/etc/hostname"),
            PathMap::new("sites/", "/srv/repo/nginx/conf.d"),
        ];
        assert_eq!(names(resolve(&files, &scope, &base, "/config/x.conf")), ["/etc/hostname"]);
        assert_eq!(names(resolve(&files, &scope, &base, "sites/a.conf")), ["conf.d/a.conf"]);
    }

    #[test]
    fn a_map_of_the_tree_does_not_leave_its_folder() {
        let (mut files, mut scope, base) = tree();
        files.insert("/srv/repo/nginx/.git/config", "");
        files.insert("/srv/repo/other/x.conf", "");
        files.link("/srv/repo/nginx/link", "/etc");
        let mut found = |to: &str, within: Option<&str>| {
            scope.path_maps = vec![PathMap { within: within.map(PathBuf::from), ..PathMap::new("/m", to) }];
            scope.given = vec!["/srv/repo/nginx/conf.d".into()];
            names(resolve(&files, &scope, &base, "/m"))
        };
        let given = "NotGiven { is_pattern: false, is_inside: false }";
        for to in ["/etc/hostname", "/srv/repo/nginx/link/hostname", "/srv/repo/nginx/.git/config"] {
            assert_ne!(found(to, None), [given], "{to}");
            assert_eq!(found(to, Some("/srv/repo/nginx")), [given], "{to}");
        }
        assert_eq!(found("/srv/repo/nginx/nginx.conf", Some("/srv/repo/nginx")), ["nginx.conf"]);
        assert_eq!(found("/srv/repo/other/x.conf", Some("/srv/repo")), ["/srv/repo/other/x.conf"]);
    }

    #[test]
    fn a_relative_include_does_not_leave_the_given_folders() {
        let (files, scope, base) = tree();
        let escaped = resolve(&files, &scope, &base, "../../../etc/hostname");
        assert_eq!(escaped, Resolved::NotGiven { is_pattern: false, is_inside: false });
    }
}

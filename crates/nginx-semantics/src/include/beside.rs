//! Includes of texts of YAML that lead to other files of their folder.

use std::path::{Path, PathBuf};

use super::{Base, Scope, expand, is_pattern, literal_part};
use crate::files::{Files, folder_of, normalize};
use crate::mounted::{folder_of_host, mount_of};
use crate::slashes::written;

/// As many files of one folder may be one machine.
const MOST_BESIDE: usize = 64;

/// What an include of a text of YAML finds in other files of its folder: a tree for a cluster has its `ConfigMaps` one by
/// one. One that has a main file of its own is of another machine.
pub(super) fn found(files: &dyn Files, scope: &Scope, base: &Base, argument: &str) -> Vec<PathBuf> {
    let is_yaml = |path: &Path| path.extension().is_some_and(|end| end == "yaml" || end == "yml");
    let folded = normalize(written(argument));
    let mount = base.folders.first().and_then(|folder| mount_of(folder)).filter(|(_, is_dump)| !is_dump);
    let (Some((mount, _)), Ok(rest)) = (mount, folded.strip_prefix("/")) else { return Vec::new() };
    let own = mount.file_name().and_then(|name| name.to_str()).map(|name| name.trim_end_matches('#'));
    let Some(own) = own.filter(|own| is_yaml(Path::new(own))) else { return Vec::new() };
    let folder = folder_of(mount);
    let Some(identity) = files.identity(&folder) else { return Vec::new() };
    let mut names = files.names(&identity);
    names.retain(|name| is_yaml(Path::new(name)) && name != own);
    names.sort();
    let mut found = Vec::new();
    for name in names.into_iter().take(MOST_BESIDE) {
        let mount = folder_of_host(&folder.join(name), 0, false);
        let is_there =
            |path: &Path| files.identity(path).is_some_and(|identity| scope.may_be_tried(files, &identity));
        if is_there(&mount.join("etc/nginx/nginx.conf")) {
            continue;
        }
        let path = mount.join(rest);
        if is_pattern(argument) {
            if is_there(&literal_part(&path)) {
                found.extend(expand(files, scope, &path));
            }
        } else if is_there(&path) {
            found.push(path);
        }
    }
    found
}

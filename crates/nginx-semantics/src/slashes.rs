//! Paths as nginx writes them, on a system that writes them differently. Windows has drives, takes `/` and `\` between
//! names, and writes `\`; nginx, URIs and reports have `/` everywhere. On any other system each path here is itself.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

/// The text of a path with `/` between names, as it is shown and compared with nginx's own words.
pub fn slashed(path: &Path) -> Cow<'_, str> {
    let text = path.to_string_lossy();
    if cfg!(windows) && text.contains('\\') { Cow::Owned(text.replace('\\', "/")) } else { text }
}

/// The bytes of the same, by which glob(3) sorts.
pub(crate) fn bytes(path: &Path) -> Cow<'_, [u8]> {
    if cfg!(windows) {
        return Cow::Owned(slashed(path).into_owned().into_bytes());
    }
    Cow::Borrowed(path.as_os_str().as_encoded_bytes())
}

/// A path of a configuration. For Windows two slashes at its start name another machine, and asking for such a file sends
/// the password of the user there; for nginx they are one.
pub(crate) fn written(text: &str) -> &Path {
    let is_slash = |character: char| matches!(character, '/' | '\\');
    let rest = text.trim_start_matches(is_slash);
    let slashes = text.len() - rest.len();
    if cfg!(windows) && slashes > 1 {
        return Path::new(text.get(slashes - 1..).unwrap_or(rest));
    }
    Path::new(text)
}

/// Where an absolute path starts: `/`, or a drive.
pub fn root_of(path: &Path) -> PathBuf {
    let root: PathBuf = path.components().take_while(is_root).collect();
    if root.as_os_str().is_empty() { PathBuf::from("/") } else { root }
}

/// The names of a path behind where it starts.
pub(crate) fn below_root(path: &Path) -> &Path {
    let mut parts = path.components();
    while parts.clone().next().as_ref().is_some_and(is_root) {
        parts.next();
    }
    parts.as_path()
}

fn is_root(part: &Component<'_>) -> bool {
    matches!(part, Component::Prefix(_) | Component::RootDir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_a_start_and_names() {
        for (path, root, rest) in
            [("/etc/nginx", "/", "etc/nginx"), ("/", "/", ""), ("conf.d/a.conf", "/", "conf.d/a.conf")]
        {
            assert_eq!(root_of(Path::new(path)), Path::new(root), "{path}");
            assert_eq!(below_root(Path::new(path)), Path::new(rest), "{path}");
        }
    }

    #[cfg(not(windows))]
    #[test]
    fn a_path_is_itself_where_the_system_has_slashes() {
        for path in ["a\\b/c", "//server/share/x", "C:/nginx/conf"] {
            assert_eq!(slashed(Path::new(path)), path);
            assert_eq!(bytes(Path::new(path)), path.as_bytes());
            assert_eq!(written(path).as_os_str(), path);
        }
    }

    #[cfg(windows)]
    #[test]
    fn windows_has_drives_and_other_machines() {
        assert_eq!(slashed(Path::new("C:\\nginx\\conf.d/a.conf")), "C:/nginx/conf.d/a.conf");
        assert_eq!(bytes(Path::new("a\\b")), b"a/b".as_slice());
        assert_eq!(root_of(Path::new("C:\\nginx")), Path::new("C:\\"));
        assert_eq!(below_root(Path::new("C:/nginx/conf")), Path::new("nginx/conf"));
        for path in ["//server/share/x", "\\\\server\\share\\x", "\\\\?\\UNC\\server\\share"] {
            assert!(!matches!(written(path).components().next(), Some(Component::Prefix(_))), "{path}");
        }
    }
}

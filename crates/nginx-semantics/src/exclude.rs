//! Files and folders that a walk leaves out because somebody says so.

use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};
use thiserror::Error;

/// A pattern of paths below a folder: `vendor`, `**/*.bak`, `sites/*/legacy.conf`. What it matches is meant with all that lies
/// below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    base: PathBuf,
    pattern: Pattern,
}

/// A pattern that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}; write it as `vendor`, `*.bak` or `sites/**/old.conf`")]
pub struct BadPattern(&'static str);

/// `*` stands for a part of a name, as in a shell; `**` alone for any number of folders.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

impl PathPattern {
    /// Below `base`, which is absolute. A slash at the end, and `./` before, mean nothing.
    ///
    /// # Errors
    /// A pattern that is empty, absolute, leads up, or cannot be read.
    pub fn new(base: &Path, text: &str) -> Result<Self, BadPattern> {
        let text = text.trim_end_matches('/');
        let text = text.strip_prefix("./").unwrap_or(text);
        if text.is_empty() {
            return Err(BadPattern("this pattern matches nothing"));
        }
        if text.starts_with('/') || text.split('/').any(|part| part == "..") {
            return Err(BadPattern("a pattern is of paths below the folder of its file"));
        }
        let pattern = Pattern::new(text).map_err(|error| BadPattern(error.msg))?;
        Ok(Self { base: base.to_owned(), pattern })
    }

    /// Whether it means an absolute path, or a folder around it.
    pub fn matches(&self, path: &Path) -> bool {
        let Ok(rest) = path.strip_prefix(&self.base) else { return false };
        let parts = rest.ancestors().filter(|part| !part.as_os_str().is_empty());
        parts.into_iter().any(|part| self.pattern.matches_path_with(part, OPTIONS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pattern_means() {
        for (pattern, path, is_meant) in [
            ("vendor", "/repo/vendor/nginx/a.conf", true),
            ("vendor/", "/repo/vendor", true),
            ("./vendor", "/repo/vendor/a.conf", true),
            ("vendor", "/repo/src/vendor/a.conf", false),
            ("**/vendor", "/repo/src/vendor/a.conf", true),
            ("**/vendor", "/repo/vendor/a.conf", true),
            ("vendor", "/repo/vendors/a.conf", false),
            ("*.bak", "/repo/a.bak", true),
            ("*.bak", "/repo/sub/a.bak", false),
            ("**/*.bak", "/repo/sub/a.bak", true),
            ("sites/*/old.conf", "/repo/sites/a/old.conf", true),
            ("sites/*/old.conf", "/repo/sites/a/b/old.conf", false),
            ("*", "/elsewhere/a.conf", false),
            (".hidden", "/repo/.hidden/a.conf", true),
        ] {
            let pattern_read = PathPattern::new(Path::new("/repo"), pattern).unwrap();
            assert_eq!(pattern_read.matches(Path::new(path)), is_meant, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_no_pattern() {
        for text in ["", "/", "/etc/nginx", "../other", "a/../../b", "a**b", "["] {
            assert!(PathPattern::new(Path::new("/repo"), text).is_err(), "{text}");
        }
    }
}

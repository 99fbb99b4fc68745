//! Versions of nginx and ranges of them.
//!
//! A configuration does not say which nginx will read it, so rules ask about a range: what every release of
//! the range does, and what only some of them do.

use std::fmt;
use std::str::FromStr;

/// A release of nginx, ordered by age.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct NginxVersion {
    /// The first number: 1 since 2011.
    pub major: u16,
    /// The branch: even for stable, odd for mainline.
    pub minor: u16,
    /// The release within the branch; [`NginxVersion::ANY_PATCH`] stands for any of them.
    pub patch: u16,
}

impl NginxVersion {
    /// A patch number above every real one: as an upper bound it stands for "any release of the branch".
    pub const ANY_PATCH: u16 = 99;

    /// The release `major.minor.patch`.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }
}

impl fmt::Display for NginxVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.", self.major, self.minor)?;
        if self.patch == Self::ANY_PATCH { f.write_str("x") } else { write!(f, "{}", self.patch) }
    }
}

/// Why a text is not a version.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("`{text}` is not an nginx version: write it like 1.22.1, 1.22 or nginx/1.22.1")]
pub struct ParseVersionError {
    /// The text as it was given.
    pub text: String,
}

impl ParseVersionError {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned() }
    }
}

/// Reads `1.22`, `1.22.1`, `nginx/1.22.1` and the line that `nginx -v` prints, so that its output can be
/// pasted. A missing patch number is 0.
impl FromStr for NginxVersion {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (version, _) = parse_numbers(text).ok_or_else(|| ParseVersionError::new(text))?;
        Ok(version)
    }
}

/// The version in `text`, and whether its patch number was written.
fn parse_numbers(text: &str) -> Option<(NginxVersion, bool)> {
    let rest = text.trim();
    let rest = rest.strip_prefix("nginx version:").unwrap_or(rest).trim_start();
    let rest = rest.strip_prefix("nginx/").unwrap_or(rest);
    // `nginx -v` appends the distribution: `nginx/1.24.0 (Ubuntu)`.
    let numbers = match rest.split_once(' ') {
        Some((numbers, note)) if note.starts_with('(') => numbers,
        Some(_) => return None,
        None => rest,
    };
    let mut parts = numbers.split('.');
    let major = parse_number(parts.next()?)?;
    let minor = parse_number(parts.next()?)?;
    let patch = match parts.next() {
        Some(part) => Some(parse_number(part)?),
        None => None,
    };
    if parts.next().is_some() {
        return None;
    }
    Some((NginxVersion::new(major, minor, patch.unwrap_or(0)), patch.is_some()))
}

/// Like `str::parse`, without the leading `+` that it takes.
fn parse_number(text: &str) -> Option<u16> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Versions from `min` to `max`, both included.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct VersionRange {
    /// The oldest release.
    pub min: NginxVersion,
    /// The newest release.
    pub max: NginxVersion,
}

impl VersionRange {
    /// What distributions ship today: 1.18 (Debian 11, Ubuntu 22.04) up to the current stable branch, 1.30.
    /// The patch number 99 stands for any patch release of that branch.
    pub const DISTRIBUTIONS: Self =
        Self { min: NginxVersion::new(1, 18, 0), max: NginxVersion::new(1, 30, NginxVersion::ANY_PATCH) };

    /// One release.
    #[must_use]
    pub const fn exactly(version: NginxVersion) -> Self {
        Self { min: version, max: version }
    }

    /// Whether `version` lies in the range.
    #[must_use]
    pub fn contains(&self, version: NginxVersion) -> bool {
        self.min <= version && version <= self.max
    }

    /// Whether every release of the range is `version` or newer: what came with `version` is certainly there.
    #[must_use]
    pub fn all_since(&self, version: NginxVersion) -> bool {
        self.min >= version
    }

    /// Whether some release of the range is `version` or newer: what came with `version` may be there.
    #[must_use]
    pub fn any_since(&self, version: NginxVersion) -> bool {
        self.max >= version
    }
}

/// `1.22.1` is that release, `1.22` any release of the branch, `1.18-1.30` everything from one to the other.
impl FromStr for VersionRange {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseVersionError::new(text);
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (min, _) = parse_numbers(first).ok_or_else(error)?;
        let (mut max, has_patch) = parse_numbers(last).ok_or_else(error)?;
        if !has_patch {
            max.patch = NginxVersion::ANY_PATCH;
        }
        if min > max {
            return Err(error());
        }
        Ok(Self { min, max })
    }
}

/// Whole branches are written short (`1.18 to 1.30`), everything else in full (`1.18.0 to 1.30.6`).
impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { min, max } = self;
        if min == max {
            return write!(f, "{min}");
        }
        if min.patch == 0 && max.patch == NginxVersion::ANY_PATCH {
            write!(f, "{}.{}", min.major, min.minor)?;
            if (min.major, min.minor) != (max.major, max.minor) {
                write!(f, " to {}.{}", max.major, max.minor)?;
            }
            return Ok(());
        }
        write!(f, "{min} to {max}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> NginxVersion {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_read_in_the_forms_people_paste() {
        let expected = NginxVersion::new(1, 22, 1);
        for text in
            ["1.22.1", "nginx/1.22.1", " 1.22.1\n", "nginx version: nginx/1.22.1", "nginx/1.22.1 (Ubuntu)"]
        {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        assert_eq!(version("1.22"), NginxVersion::new(1, 22, 0));
    }

    #[test]
    fn other_texts_are_refused_with_the_text_in_the_message() {
        let texts =
            ["", "1", "1.", "1..2", ".1.2", "1.22.1.4", "v1.22", "1.+2", "1.22.x", "1.22.70000", "1.22 2"];
        for text in texts {
            let error = text.parse::<NginxVersion>().unwrap_err();
            assert!(error.to_string().starts_with(&format!("`{text}` is not an nginx version")), "{error}");
        }
    }

    #[test]
    fn versions_are_ordered_by_number_not_by_text() {
        assert!(version("1.9.15") < version("1.10.0"));
        assert!(version("1.29.7") < version("1.29.10"));
        assert!(version("0.8.55") < version("1.0.0"));
        assert_eq!(version("1.29.7").to_string(), "1.29.7");
    }

    #[test]
    fn distributions_include_every_patch_of_the_newest_branch() {
        let range = VersionRange::DISTRIBUTIONS;
        assert_eq!(range.to_string(), "1.18 to 1.30");
        assert!(range.contains(version("1.18.0")) && range.contains(version("1.30.6")));
        assert!(!range.contains(version("1.17.10")) && !range.contains(version("1.31.0")));
        assert!(range.all_since(version("1.1.4")) && !range.all_since(version("1.25.1")));
        assert!(range.any_since(version("1.25.1")) && !range.any_since(version("1.31.0")));
    }

    #[test]
    fn ranges_are_read_and_written() {
        for (text, shown) in [
            ("1.22.1", "1.22.1"),
            ("1.22", "1.22"),
            ("1.18-1.30", "1.18 to 1.30"),
            ("1.18.0-1.30.6", "1.18.0 to 1.30.6"),
            ("1.18.1-1.30", "1.18.1 to 1.30.x"),
        ] {
            assert_eq!(text.parse::<VersionRange>().unwrap().to_string(), shown);
        }
        assert!("1.30-1.18".parse::<VersionRange>().is_err());
        assert!("1.18-".parse::<VersionRange>().is_err());
    }
}

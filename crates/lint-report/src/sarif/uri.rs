//! Paths as SARIF names them.

use lint_finding::{FileId, Outcome};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::types::ArtifactLocation;

/// What relative paths are relative to.
pub(super) const ROOT: &str = "%SRCROOT%";

/// A file of an outcome, whatever bytes its name has.
pub(super) fn artifact_of(outcome: &Outcome, file: FileId) -> ArtifactLocation {
    let path = outcome.path(file);
    match outcome.file(file).and_then(|file| file.raw_path.as_deref()) {
        Some(raw) => artifact(&with_bytes(path, raw)),
        None => artifact(path.as_bytes()),
    }
}

/// A path with the bytes of the parts at its end that are the same on disk: what it starts from may have another name.
fn with_bytes(path: &str, raw: &[u8]) -> Vec<u8> {
    let mut raw = raw.rsplit(|byte| *byte == b'/').fuse();
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.rsplit('/') {
        let same = raw.next().filter(|raw| String::from_utf8_lossy(raw) == part);
        parts.push(same.unwrap_or(part.as_bytes()));
    }
    parts.reverse();
    parts.join(&b'/')
}

/// A file: relative to the root, or absolute.
pub(super) fn artifact(path: &[u8]) -> ArtifactLocation {
    let encoded = percent_encode(path, ESCAPED);
    let uri = match path {
        [b'/', ..] => format!("file://{encoded}"),
        // RFC 8089 appendix E.2: a drive is the first name of the path.
        [drive, b':', rest @ ..]
            if cfg!(windows) && rest.first() == Some(&b'/') && drive.is_ascii_alphabetic() =>
        {
            format!("file:///{}:{}", char::from(*drive), percent_encode(rest, ESCAPED))
        }
        _ => return ArtifactLocation { uri: encoded.to_string(), uri_base_id: Some(ROOT) },
    };
    ArtifactLocation { uri, uri_base_id: None }
}

/// What stands for itself in a relative reference (RFC 3986 section 4.2): a colon in its first segment would end a scheme.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b'@');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_references() {
        let uri = |path: &str| artifact(path.as_bytes()).uri;
        assert_eq!(uri("a b/ü.conf"), "a%20b/%C3%BC.conf");
        assert_eq!(uri("a:b/%.conf#?"), "a%3Ab/%25.conf%23%3F");
        assert_eq!(uri("/etc/nginx/nginx.conf"), "file:///etc/nginx/nginx.conf");
        assert_eq!(artifact(b"/etc").uri_base_id, None);
        assert_eq!(artifact(b"etc").uri_base_id, Some(ROOT));
    }

    #[test]
    fn names_keep_their_bytes() {
        let uri = |path: &str, raw: &[u8]| artifact(&with_bytes(path, raw)).uri;
        assert_eq!(uri("sites/\u{fffd}t\u{fffd}.conf", b"/srv/sites/\xe9t\xe9.conf"), "sites/%E9t%E9.conf");
        assert_eq!(uri("a/\u{fffd}/x.conf", b"/b/a/\xff/x.conf"), "a/%FF/x.conf");
        // Under another name nothing tells which byte it was.
        assert_eq!(uri("renamed", b"/b/\xff"), "renamed");
    }
}

//! Paths as SARIF names them.

use std::fmt::Write;

use super::types::ArtifactLocation;

/// What relative paths are relative to.
pub(super) const ROOT: &str = "%SRCROOT%";

/// A file: relative to the root, or absolute.
pub(super) fn artifact(path: &str) -> ArtifactLocation {
    if path.starts_with('/') {
        ArtifactLocation { uri: format!("file://{}", encoded(path)), uri_base_id: None }
    } else {
        ArtifactLocation { uri: encoded(path), uri_base_id: Some(ROOT) }
    }
}

/// A path as a relative reference (RFC 3986 section 4.2): a colon in its first segment would end a scheme.
fn encoded(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=@".contains(&byte);
        if is_plain {
            uri.push(char::from(byte));
        } else {
            _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_references() {
        let uri = |path: &str| artifact(path).uri;
        assert_eq!(uri("a b/ü.conf"), "a%20b/%C3%BC.conf");
        assert_eq!(uri("a:b/%.conf#?"), "a%3Ab/%25.conf%23%3F");
        assert_eq!(uri("/etc/nginx/nginx.conf"), "file:///etc/nginx/nginx.conf");
        assert_eq!(artifact("/etc").uri_base_id, None);
        assert_eq!(artifact("etc").uri_base_id, Some(ROOT));
    }
}

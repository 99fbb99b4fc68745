//! What HCL says of a text that one of its resources holds, and of an `Ingress` in it.

use crate::ingress::has_annotation;

/// The name of a file that a heredoc is the value of: `"site.conf" = <<EOT`. `None` for names of arguments, such as
/// `content`.
pub(crate) fn key(command: &[u8]) -> Option<&str> {
    let before = command.get(..memchr::memmem::find(command, b"<<")?)?.trim_ascii();
    let key = before.strip_suffix(b"=").or_else(|| before.strip_suffix(b":"))?.trim_ascii();
    let key = key.strip_prefix(b"\"").and_then(|key| key.strip_suffix(b"\"")).unwrap_or(key);
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let is_file = key.contains(&b'.') && key.iter().all(is_of_name);
    std::str::from_utf8(key).ok().filter(|_| is_file)
}

/// Whether the resource around an offset is one of Kubernetes.
pub(crate) fn is_in_cluster(text: &[u8], at: u32) -> bool {
    const HEAD: &[u8] = b"resource \"";
    let before = text.get(..at as usize).unwrap_or_default();
    let starts_line = |at: &usize| at.checked_sub(1).is_none_or(|last| before.get(last) == Some(&b'\n'));
    let last = memchr::memmem::rfind_iter(before, HEAD).find(starts_line);
    let kind = last.and_then(|last| before.get(last + HEAD.len()..));
    kind.is_some_and(|kind| kind.starts_with(b"kubernetes_"))
}

/// Why an `Ingress` in a text of HCL is not judged; `None` where it has none for a controller of nginx.
pub(crate) fn unread_ingress(text: &[u8]) -> Option<&'static str> {
    let has = |word: &[u8]| memchr::memmem::find(text, word).is_some();
    let is_ingress = has(b"\"kubernetes_ingress")
        || has(b"\"kubernetes_manifest\"") && text.split(|byte| *byte == b'\n').any(is_kind);
    (is_ingress && (has_annotation(text) || text.split(|byte| *byte == b'\n').any(has_class)))
        .then_some("an Ingress in HCL is not read")
}

/// `kind = "Ingress"`
fn is_kind(line: &[u8]) -> bool {
    value(line, b"kind") == Some(b"\"Ingress\"")
}

/// `ingress_class_name = "nginx"`, `"kubernetes.io/ingress.class" = "nginx"`
fn has_class(line: &[u8]) -> bool {
    let value = [&b"ingress_class_name"[..], b"ingressClassName", b"kubernetes.io/ingress.class"]
        .into_iter()
        .find_map(|name| value(line, name));
    value.is_some_and(|value| memchr::memmem::find(value, b"nginx").is_some())
}

/// The value of an argument, or of a key, on its line.
fn value<'l>(line: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"\"").unwrap_or(line).strip_prefix(name)?;
    let line = line.strip_prefix(b"\"").unwrap_or(line).trim_ascii_start();
    Some(line.strip_prefix(b"=").or_else(|| line.strip_prefix(b":"))?.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::{is_in_cluster, key, unread_ingress};

    #[test]
    fn names_of_files() {
        for (line, name) in [
            ("    \"site.conf\" = <<-EOT\n", Some("site.conf")),
            ("  nginx.conf = <<EOT\n", Some("nginx.conf")),
            ("  content = <<EOT\n", None),
            ("  \"${var.name}.conf\" = <<EOT\n", None),
            ("<<EOT\n", None),
        ] {
            assert_eq!(key(line.as_bytes()), name, "{line}");
        }
    }

    #[test]
    fn resources_of_kubernetes() {
        let text = b"resource \"kubernetes_config_map\" \"a\" {\n  data = <<EOT\n}\nresource \"local_file\" \"b\" {\n  content = <<EOT\n";
        assert!(is_in_cluster(text, 50) && !is_in_cluster(text, 100));
        assert!(!is_in_cluster(b"locals {\n", 5));
    }

    #[test]
    fn an_ingress_for_nginx_is_known() {
        for (text, is_it) in [
            ("resource \"kubernetes_ingress_v1\" \"a\" {\n ingress_class_name = \"nginx\"\n}", true),
            (
                "resource \"kubernetes_ingress\" \"a\" {\n annotations = {\n \"kubernetes.io/ingress.class\" = \"nginx\"\n",
                true,
            ),
            (
                "resource \"kubernetes_ingress_v1\" \"a\" {\n \"nginx.ingress.kubernetes.io/proxy-read-timeout\" = 1",
                true,
            ),
            (
                "resource \"kubernetes_manifest\" \"a\" {\n kind = \"Ingress\"\n ingressClassName = \"nginx\"\n",
                true,
            ),
            (
                "resource \"kubernetes_manifest\" \"a\" {\n kind = \"Service\"\n ingressClassName = \"nginx\"\n",
                false,
            ),
            ("resource \"kubernetes_ingress_v1\" \"a\" {\n ingress_class_name = \"traefik\"\n}", false),
            ("resource \"kubernetes_ingress_v1\" \"a\" {\n ingress_class_name = var.class\n}", false),
        ] {
            assert_eq!(unread_ingress(text.as_bytes()).is_some(), is_it, "{text}");
        }
    }
}

//! nginx's read buffer, which limits words and comments.

/// `NGX_CONF_BUFFER` (`core/ngx_conf_file.c`), in bytes.
pub(crate) const BUFFER: usize = 4096;

/// Whether nginx gives up on the word or comment that starts at `start`.
///
/// The buffer holds the bytes from `start` on. nginx has to read the byte at `release` before it lets go of them; where
/// that is more than a buffer away it gives up, unless the file ends first, which it reports instead. Offsets and
/// `length` (of the file) in bytes.
pub(crate) fn too_long(start: usize, release: usize, length: usize) -> bool {
    release >= start + BUFFER && length > start + BUFFER
}

#[cfg(test)]
mod tests {
    use crate::{NoVocabulary, parse};

    /// Lengths at the limit, as measured on nginx 1.22.1 and 1.30.
    #[test]
    fn limits_are_those_of_nginx() {
        let accepted = |text: String| parse(text.as_bytes(), &NoVocabulary).errors().is_empty();
        let bare = |n: usize, end: &str| format!("env {}{end}\n", "a".repeat(n));
        let quoted = |n: usize, end: &str| format!("env \"{}\"{end}\n", "a".repeat(n));
        let comment = |n: usize, end: &str| format!("#{}{end}", "a".repeat(n - 1));
        assert!(accepted(bare(4094, " ;")));
        assert!(accepted(bare(4095, ";")));
        assert!(!accepted(bare(4095, " ;")));
        assert!(!accepted(bare(4096, ";")));
        assert!(accepted(quoted(4094, ";")));
        assert!(!accepted(quoted(4095, ";")));
        assert!(accepted(comment(4095, "\nuser a;\n")));
        assert!(!accepted(comment(4096, "\nuser a;\n")));
        assert!(accepted(comment(4096, "")));
    }
}

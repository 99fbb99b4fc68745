//! The variables that nginx's own modules define.

use std::cmp::Ordering;
use std::sync::LazyLock;

use super::table::data_lines;

pub(super) const HTTP: &str = include_str!("variables.txt");

/// Whether `$name` is a variable of nginx's http modules, such as `host` or `http_upgrade`: one that no
/// `set`, `map` or other module has to define. nginx compares variable names without regard to case.
#[must_use]
pub fn is_builtin_variable(name: &[u8]) -> bool {
    static VARIABLES: LazyLock<Variables> = LazyLock::new(|| Variables::read(HTTP));
    VARIABLES.contains(name)
}

struct Variables {
    /// Sorted.
    exact: Vec<&'static str>,
    /// Without the `*`.
    prefixes: Vec<&'static str>,
}

impl Variables {
    fn read(text: &'static str) -> Self {
        let (mut exact, mut prefixes) = (Vec::new(), Vec::new());
        for line in data_lines(text) {
            match line.strip_suffix('*') {
                Some(prefix) => prefixes.push(prefix),
                None => exact.push(line),
            }
        }
        Self { exact, prefixes }
    }

    fn contains(&self, name: &[u8]) -> bool {
        let has_prefix = |prefix: &&str| {
            name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
        };
        self.exact.binary_search_by(|entry| compare(entry, name)).is_ok()
            || self.prefixes.iter().any(has_prefix)
    }
}

/// Compares an entry, which is in lower case, with a name, which may not be.
fn compare(entry: &str, name: &[u8]) -> Ordering {
    entry.bytes().cmp(name.iter().map(u8::to_ascii_lowercase))
}

//! The variables that nginx's own modules define.

use std::hash::BuildHasherDefault;
use std::sync::LazyLock;

use hashbrown::HashSet;

use super::table::{NameHasher, data_lines};
use crate::variables::lower;

pub(super) const HTTP: &str = include_str!("variables.txt");

/// Whether `$name` is a variable of nginx's http modules, such as `host` or `http_upgrade`: one that no
/// `set`, `map` or other module has to define. nginx compares variable names without regard to case.
#[must_use]
pub fn is_builtin_variable(name: &[u8]) -> bool {
    static VARIABLES: LazyLock<Variables> = LazyLock::new(|| Variables::read(HTTP));
    VARIABLES.contains(name)
}

struct Variables {
    exact: HashSet<&'static [u8], BuildHasherDefault<NameHasher>>,
    /// Without the `*`.
    prefixes: Vec<&'static [u8]>,
}

impl Variables {
    fn read(text: &'static str) -> Self {
        let (mut exact, mut prefixes) = (HashSet::default(), Vec::new());
        for line in data_lines(text) {
            match line.strip_suffix('*') {
                Some(prefix) => prefixes.push(prefix.as_bytes()),
                None => _ = exact.insert(line.as_bytes()),
            }
        }
        Self { exact, prefixes }
    }

    fn contains(&self, name: &[u8]) -> bool {
        let name = lower(name);
        self.exact.contains(&*name) || self.prefixes.iter().any(|prefix| name.starts_with(prefix))
    }
}

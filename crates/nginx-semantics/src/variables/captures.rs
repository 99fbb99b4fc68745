//! Which variables run a regex when they are read: what it captures takes the place of what `$1` stood for.
//!
//! The regex of a map runs when its variable is first read, without groups too
//! (`http/ngx_http_variables.c:ngx_http_regex_exec`).

use hashbrown::{HashMap, HashSet};

use super::definitions::{Definition, Variables};
use super::script::{Part, lower, parts};
use crate::configuration::{Configuration, ContextId};
use crate::placeholder;

impl<'s> Variables<'s> {
    /// Whether reading the variables of a text may run a regex or a program, in doubt too: that of a map that one of them
    /// is of, or of another map that this one reads.
    pub fn may_run_regex(&self, configuration: Configuration<'s>, text: &[u8]) -> bool {
        let running = self.running.get_or_init(|| self.find_running(configuration));
        parts(text).into_iter().any(|part| match part {
            Part::Variable(name) => running.contains(&*lower(name)),
            Part::Literal(_) | Part::Capture(_) | Part::Invalid => false,
        })
    }

    /// The variables that do: those that a map with a regex or a program is behind, and those of the maps that read them.
    fn find_running(&self, configuration: Configuration<'s>) -> HashSet<Vec<u8>> {
        let mut readers: HashMap<Vec<u8>, Vec<&[u8]>> = HashMap::new();
        let mut open: Vec<&[u8]> = Vec::new();
        for (name, definitions) in self.all() {
            let runs = definitions.iter().any(|definition| match definition {
                Definition::Map(map) => {
                    for read in read_by(configuration, *map) {
                        readers.entry(read).or_default().push(name);
                    }
                    has_regex_or_unseen(configuration, *map)
                }
                // Reading what was set runs nothing, and neither does reading what was captured.
                Definition::Set(..) | Definition::Capture(_) => false,
                Definition::Opaque(_) => true,
            });
            if runs {
                open.push(name);
            }
        }
        let mut running = HashSet::new();
        while let Some(name) = open.pop() {
            if running.insert(name.to_vec()) {
                open.extend(readers.get(name).into_iter().flatten());
            }
        }
        running
    }

    /// Whether a text reads what a regex captured: `$1`, or the name of a group.
    pub(crate) fn reads_capture(&self, text: &[u8]) -> bool {
        parts(text).into_iter().any(|part| match part {
            Part::Capture(_) => true,
            Part::Variable(name) => {
                let variable = self.variable(&lower(name));
                // A map may, by its values.
                variable.is_some_and(|it| it.has_capture || it.has_opaque || !it.maps.is_empty())
            }
            Part::Literal(_) | Part::Invalid => false,
        })
    }
}

/// Whether a map has keys that are regexes, or may have.
pub fn has_regex_or_unseen(configuration: Configuration<'_>, map: ContextId) -> bool {
    let is_regex = |key: &[u8]| key.starts_with(b"~") || placeholder::is_unknown(key);
    configuration.context(map).unseen().next().is_some()
        || configuration.directives(map).any(|entry| is_regex(&entry.name_bytes()))
}

/// The variables that a map reads.
fn read_by(configuration: Configuration<'_>, map: ContextId) -> Vec<Vec<u8>> {
    let source = configuration.opener(map).and_then(|opener| opener.argument(0));
    let values = configuration.directives(map).filter_map(|entry| entry.argument(0));
    source.into_iter().chain(values).flat_map(|text| names_in(&text)).collect()
}

fn names_in(text: &[u8]) -> Vec<Vec<u8>> {
    let names = parts(text).into_iter().filter_map(|part| match part {
        Part::Variable(name) => Some(name.to_ascii_lowercase()),
        Part::Literal(_) | Part::Capture(_) | Part::Invalid => None,
    });
    names.collect()
}

//! What a script says of its variables.

use std::collections::BTreeMap;

use crate::script::Script;

/// What variables of a script stand for.
pub(crate) struct Variables(BTreeMap<String, Vec<(u32, Option<String>)>>);

impl Variables {
    pub(crate) fn of(text: &[u8], script: &Script) -> Self {
        let mut all: BTreeMap<String, Vec<(u32, Option<String>)>> = BTreeMap::new();
        for statement in &script.statements {
            let Ok(own) = std::str::from_utf8(statement.span.of(text)) else { continue };
            let words = own.split_ascii_whitespace();
            let words = words.skip_while(|word| {
                matches!(*word, "export" | "local" | "readonly" | "declare" | "ENV" | "ARG")
                    || word.starts_with('-')
            });
            for word in words {
                let Some((name, value)) = word.split_once('=') else { break };
                if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                    break;
                }
                let value = value.trim_matches(|byte| matches!(byte, '"' | '\''));
                let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte);
                let value = value.bytes().all(is_plain).then(|| value.to_owned());
                all.entry(name.to_owned()).or_default().push((statement.span.start, value));
            }
        }
        Self(all)
    }

    /// A name with the values of variables that are set once.
    pub(crate) fn resolved(&self, target: &str) -> String {
        let mut resolved = target.to_owned();
        for (name, values) in &self.0 {
            let [(_, Some(value))] = values.as_slice() else { continue };
            resolved = resolved.replace(&format!("${{{name}}}"), value);
            let dollar = format!("${name}");
            while let Some(at) = resolved.find(&dollar) {
                let behind = resolved.as_bytes().get(at + dollar.len());
                if behind.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
                    break;
                }
                resolved.replace_range(at..at + dollar.len(), value);
            }
        }
        resolved
    }

    /// Whether a name stands for something else from one place to another.
    pub(crate) fn changes(&self, target: &str, from: u32, to: u32) -> bool {
        let is_set =
            |values: &Vec<(u32, Option<String>)>| values.iter().any(|(at, _)| (from..to).contains(at));
        target.contains('$')
            && self.0.iter().any(|(name, values)| {
                (target.contains(&format!("${name}")) || target.contains(&format!("${{{name}")))
                    && is_set(values)
            })
    }
}

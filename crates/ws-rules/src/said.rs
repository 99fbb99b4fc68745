//! What was said so far: a line in effect in tens of thousands of locations is blamed in each, and one finding is left of it.

use std::sync::RwLock;

use hashbrown::HashMap;
use lint_finding::{Finding, Place, Severity};

/// The lines that rules blamed for endpoints, each with the highest severity.
#[derive(Debug, Default)]
pub struct Said(RwLock<HashMap<(&'static str, Place), Severity>>);

impl Said {
    /// Notes a finding that was taken in.
    pub fn add(&self, finding: &Finding) {
        if !is_merged(finding) {
            return;
        }
        let Ok(mut said) = self.0.write() else { return };
        let severity = said.entry((finding.rule.name, finding.primary.place)).or_insert(finding.severity);
        *severity = finding.severity.max(*severity);
    }

    /// Whether another one that was taken in speaks for a finding.
    pub(crate) fn has(&self, finding: &Finding) -> bool {
        let said = self.0.read();
        let said = said.as_ref().ok().filter(|_| is_merged(finding));
        let severity = said.and_then(|said| said.get(&(finding.rule.name, finding.primary.place)));
        severity.is_some_and(|severity| *severity >= finding.severity)
    }
}

/// Whether findings like it of one place are one, and settings make the severity of all of them the same.
fn is_merged(finding: &Finding) -> bool {
    finding.endpoint.is_some() && !finding.is_refusal()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use lint_finding::{Finding, Severity};
    use nginx_semantics::{Configuration, MemoryFiles, Scope, load};
    use ws_model::{Hints, Model};

    use super::Said;
    use crate::{RULES, visit};

    #[test]
    fn what_is_said_again_has_all_that_is_merged() {
        let mut files = MemoryFiles::new();
        let location = |path| {
            format!("location {path} {{ proxy_pass http://a; proxy_set_header Upgrade $http_upgrade; }}")
        };
        let locations = ["/ws/", "/socket.io/"].map(location).concat();
        let text = format!("events {{}} http {{ access_log off; server {{ listen 80; {locations} }} }}");
        files.insert("/t/nginx.conf", text.as_str());
        let folder = PathBuf::from("/t");
        let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
        let loaded = load(&files, &[folder.join("nginx.conf")], &scope);
        let model = Model::new(Configuration::new(&loaded.sources, &loaded.layouts[0]), &Hints::default());
        let found = |said: Option<&Arc<Said>>| {
            let mut found: Vec<Finding> = Vec::new();
            visit(RULES, &model, said, &|_, _, more| more, &mut |more| found.extend(more));
            found
        };
        let of = |findings: &[Finding], change: fn(&Finding) -> Finding| {
            let said = Said::default();
            findings.iter().for_each(|finding| said.add(&change(finding)));
            found(Some(&Arc::new(said)))
        };
        let first = found(None);
        let logs_off = first.iter().filter(|finding| finding.rule.name == "access-log-off");
        assert_eq!(logs_off.count(), 2);
        let again = of(&first, Finding::clone);
        assert_eq!(first.len(), again.len());
        for (one, other) in first.iter().zip(&again) {
            if one.rule.name == "access-log-off" {
                assert_ne!(one.fingerprint, other.fingerprint, "made in full");
            }
            let other = Finding {
                labels: one.labels.clone(),
                verify: one.verify,
                fingerprint: one.fingerprint,
                fingerprint_v2: one.fingerprint_v2,
                ..other.clone()
            };
            assert_eq!(*one, other);
        }
        // A milder one does not speak for it.
        let after_milder = of(&first, |one| Finding { severity: Severity::Pedantic, ..one.clone() });
        let is_worse = |(one, _): &(&Finding, &Finding)| one.severity > Severity::Pedantic;
        assert!(first.iter().zip(&after_milder).filter(is_worse).all(|(one, other)| one == other));
    }
}

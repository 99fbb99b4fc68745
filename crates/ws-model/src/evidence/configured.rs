//! The configuration itself handles an upgrade.

use std::borrow::Cow;

use nginx_semantics::DirectiveName;

use super::{Evidence, EvidenceKind, Subject, is_given};
use crate::handshake::is_upgrade_line;

pub(super) fn collect(subject: &Subject<'_, '_>, evidence: &mut Vec<Evidence>) {
    if let Some(handshake) = subject.handshake {
        let lines = handshake.upgrade.lines.iter().chain(&handshake.connection.lines);
        for line in lines.filter(|line| is_upgrade_line(line) && !is_given(&line.directive)) {
            // The names of nearly all.
            let text = match &*line.name {
                "Upgrade" => Cow::Borrowed("`Upgrade` is set for an upgrade"),
                "Connection" => Cow::Borrowed("`Connection` is set for an upgrade"),
                name => Cow::Owned(format!("`{name}` is set for an upgrade")),
            };
            evidence.push(Evidence::new(EvidenceKind::Configured, text, Some(line.directive.at())));
        }
    }
    let is_upgrade_test = |condition: &nginx_semantics::Directive<'_>| {
        condition
            .arguments()
            .any(|word| word.to_ascii_lowercase().windows(12).any(|part| part == b"http_upgrade"))
    };
    let inside = subject.configuration.named(subject.context, DirectiveName::IF);
    let own =
        subject.configuration.opener(subject.context).filter(|opener| opener.name() == DirectiveName::IF);
    for condition in own.into_iter().chain(inside).filter(is_upgrade_test) {
        evidence.push(Evidence::new(
            EvidenceKind::Configured,
            "`if` tests `$http_upgrade`",
            Some(condition.at()),
        ));
    }
    for bypass in subject.configuration.named(subject.context, DirectiveName::PROXY_CACHE_BYPASS) {
        if is_upgrade_test(&bypass) {
            let text = "`proxy_cache_bypass` looks at `$http_upgrade`";
            let own = Evidence::new(EvidenceKind::Name, text, Some(bypass.at()));
            evidence.push(Evidence { is_indirect: true, is_copied: true, ..own });
        }
    }
}

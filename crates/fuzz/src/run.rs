//! A whole run over several files ends, and every format of it can be read.

use lint_finding::Outcome;
use lint_report::{Style, ToolInfo};

use crate::tree::Tree;

/// The narrowest drawing without colours: nothing but text, and all that wraps does.
pub(crate) const STYLE: Style =
    Style { color: false, unicode: false, width: 60, folds: false, verbose: true, summary: true };

pub(crate) const TOOL: ToolInfo<'_> = ToolInfo { name: "nginx-ws-lint", version: "0", commit: None };

pub(crate) fn check(input: &[u8]) {
    let tree = Tree::new(input);
    let outcome = lint_engine::lint(&tree.files, &tree.arguments, &tree.scope, &tree.settings);
    spans_lie_in_files(&outcome);
    let written = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        write(&mut out);
        is_harmless(&out);
    };
    written(&|out| _ = lint_report::human(&outcome, &STYLE, out));
    written(&|out| _ = lint_report::concise(&outcome, out));
    written(&|out| _ = lint_report::json(&outcome, &TOOL, out));
    let table = lint_engine::endpoints(&tree.files, &tree.arguments, &tree.scope, &tree.settings);
    written(&|out| _ = lint_report::endpoints(&table, &STYLE, out));
    written(&|out| _ = lint_report::endpoints_markdown(&table, out));
    written(&|out| _ = lint_report::endpoints_csv(&table, out));
    written(&|out| _ = lint_report::endpoints_json(&table, &TOOL, out));
}

/// Every place lies in its file, so that editors can go there.
fn spans_lie_in_files(outcome: &Outcome) {
    let places = outcome.findings.iter().flat_map(|finding| {
        let labels = finding.labels.iter().map(|label| label.place);
        labels.chain(std::iter::once(finding.primary.place))
    });
    for place in places {
        let file = outcome.file(place.file);
        let length = file.map(|file| file.source.bytes().len());
        assert!(length.is_some_and(|length| place.span.end as usize <= length), "{place:?} lies in no file");
    }
}

/// No control byte of a configuration reaches a terminal, no command reaches a CI system, and everything is UTF-8.
pub(crate) fn is_harmless(out: &[u8]) {
    let Ok(text) = std::str::from_utf8(out) else { panic!("output that is not UTF-8") };
    let control = text.chars().find(|c| c.is_control() && *c != '\n' && *c != '\r');
    assert_eq!(control, None, "a control character gets through");
    for line in text.split(['\n', '\r']) {
        let marks = ["##[", "##vso[", "##teamcity["];
        assert!(!marks.iter().any(|mark| line.contains(mark)), "a command gets through: {line}");
        let is_command = line.trim_start().strip_prefix("::").is_some_and(|rest| rest.contains("::"));
        assert!(!is_command, "a command gets through: {line}");
    }
}

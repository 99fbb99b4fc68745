//! `always-false-upgrade-test`: `if ($http_upgrade='websocket')`, without spaces around the operator.
//!
//! The condition's first word is the variable's name, up to its end (`http/modules/ngx_http_rewrite_module.c:
//! ngx_http_rewrite_if_condition`), and every name that begins with `http_` is a variable
//! (`http/ngx_http_variables.c:ngx_http_get_variable_index`): nginx accepts it, for a field that no client sends.

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{ContextKind, Directive, condition_words};
use nginx_syntax::lossy;

use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct AlwaysFalseUpgradeTest;

const META: RuleMeta = RuleMeta {
    name: "always-false-upgrade-test",
    group: Group::Handshake,
    severity: Severity::Warning,
    summary: "a test of `$http_upgrade` without spaces around its operator is never true",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Failure,
    docs: include_str!("../../pages/always-false-upgrade-test.md"),
};

/// Operators, the longer ones first.
const OPERATORS: [&str; 6] = ["!~*", "!~", "!=", "~*", "~", "="];

impl Rule for AlwaysFalseUpgradeTest {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let configuration = cx.configuration();
        let kinds = [ContextKind::If, ContextKind::ServerIf];
        let tests = kinds.into_iter().flat_map(|kind| configuration.of_kind(kind));
        for condition in tests.filter_map(|context| configuration.opener(context)) {
            let Some(Glued { variable, operator, rest }) = Glued::of(&condition) else { continue };
            let is_refusal = operator.starts_with('!');
            let message = "this test is never true: without spaces around the operator, nginx reads all of it as a variable name";
            let shown = if condition.may_be_shown() {
                format!(
                    "nginx looks for the variable `{variable}{operator}{rest}`, a header field that no client sends"
                )
            } else {
                String::new()
            };
            // A guard that never fires lets handshakes through.
            let severity = if is_refusal { Severity::Info } else { Severity::Warning };
            let rest = rest.trim_matches(['"', '\'']);
            let text = match operator {
                "=" if rest.eq_ignore_ascii_case("websocket") => format!("if (${variable} ~* ^websocket$)"),
                "!=" if rest.eq_ignore_ascii_case("websocket") => {
                    format!("if (${variable} !~* ^websocket$)")
                }
                _ => format!("if (${variable} {operator} \"{rest}\")"),
            };
            let written = if condition.may_be_shown() {
                format!("`{text}`")
            } else {
                "spaces around the operator".to_owned()
            };
            let edits = Edits::new().replace(&condition, &text);
            let finding = FindingBuilder::new(&META, &condition, message).primary(shown).at_most(severity);
            // What is inside would begin to take requests that something else answers now.
            let finding = finding.fix(format!("write {written}"), Applicability::Unsafe, edits);
            out.push(finding.help(format!("write {written}")));
        }
    }
}

/// A condition of one word that was meant to be three.
struct Glued {
    /// Without `$`.
    variable: String,
    operator: &'static str,
    rest: String,
}

impl Glued {
    /// One of a field that makes a handshake; any other says nothing of WebSockets.
    fn of(condition: &Directive<'_>) -> Option<Self> {
        let words = condition_words(condition);
        let [word] = words.as_slice() else { return None };
        let word = lossy(word).into_owned();
        let word = word.strip_prefix('$')?;
        let end = word.find(|character: char| !character.is_ascii_alphanumeric() && character != '_')?;
        let (variable, test) = word.split_at_checked(end)?;
        let operator = OPERATORS.into_iter().find(|operator| test.starts_with(operator))?;
        let name = variable.to_ascii_lowercase();
        let is_handshake = matches!(name.as_str(), "http_upgrade" | "http_connection")
            || name.starts_with("http_sec_websocket_");
        let rest = test.strip_prefix(operator)?.to_owned();
        is_handshake.then(|| Self { variable: variable.to_owned(), operator, rest })
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::{Applicability, Severity};

    use crate::testing::{fixed, found, help};

    /// What the rule says of a condition.
    fn says(condition: &str) -> Vec<(Severity, String)> {
        let text = format!("location / {{ if {condition} {{ set $a 1; }} root /srv/www; }}");
        let findings = found(&text);
        let own = findings.iter().filter(|finding| finding.rule.name == "always-false-upgrade-test");
        own.map(|finding| (finding.severity, help(finding).to_owned())).collect()
    }

    #[test]
    fn glued_operators() {
        for (condition, severity, remedy) in [
            ("($http_upgrade='websocket')", Severity::Warning, "write `if ($http_upgrade ~* ^websocket$)`"),
            ("($http_upgrade=websocket)", Severity::Warning, "write `if ($http_upgrade ~* ^websocket$)`"),
            ("( $http_upgrade=websocket )", Severity::Warning, "write `if ($http_upgrade ~* ^websocket$)`"),
            ("($HTTP_Upgrade~*web)", Severity::Warning, "write `if ($HTTP_Upgrade ~* \"web\")`"),
            ("($http_connection~Upgrade)", Severity::Warning, "write `if ($http_connection ~ \"Upgrade\")`"),
            ("($http_upgrade!='websocket')", Severity::Info, "write `if ($http_upgrade !~* ^websocket$)`"),
        ] {
            assert_eq!(says(condition), [(severity, remedy.to_owned())], "{condition}");
        }
    }

    #[test]
    fn in_a_server_too() {
        crate::testing::check(
            r#"
server {
    if ($http_upgrade='websocket') {
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: this test is never true: without spaces around the operator, nginx reads all of it as a variable name
        set $a 1;
    }
}
"#,
        );
    }

    #[test]
    fn silent_where_it_is_a_test_or_another_field() {
        for condition in [
            "($http_upgrade ~* websocket)",
            "($http_upgrade)",
            "($http_upgrade = websocket)",
            "($http_host='a')",
            "($scheme='http')",
            "(-f $request_filename)",
        ] {
            assert_eq!(says(condition), [], "{condition}");
        }
    }

    #[test]
    fn the_condition_becomes_three_words() {
        for (before, after) in [
            ("($http_upgrade='websocket')", "($http_upgrade ~* ^websocket$)"),
            ("($http_upgrade!=websocket)", "($http_upgrade !~* ^websocket$)"),
            ("( $http_connection~Upgrade )", "($http_connection ~ \"Upgrade\")"),
        ] {
            let text = |condition: &str| {
                format!("server {{\r\n\tif  {condition} {{ # c\r\n\t\tset $a 1;\r\n\t}}\r\n}}\r\n")
            };
            let after = text(after).replace("if  ", "if ");
            assert_eq!(fixed(Applicability::Unsafe, "always-false-upgrade-test", &text(before)), after);
        }
    }
}

//! `include-not-found`: an include of a file that is not there.
//!
//! A plain name must exist; a pattern may match nothing (`core/ngx_conf_file.c:ngx_conf_include`).

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::IncludeFailure;

use crate::excerpt::is_excerpt;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct IncludeNotFound;

const META: RuleMeta = RuleMeta {
    name: "include-not-found",
    group: Group::Configuration,
    severity: Severity::Error,
    summary: "an included file is not there, and nginx refuses to start",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/include-not-found.md"),
};

impl Rule for IncludeNotFound {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        for problem in cx.configuration().problems() {
            let message = match problem.failure {
                IncludeFailure::NotFound { is_inside: true } => {
                    "nginx refuses to start: the included file is not there (2: No such file or directory)"
                }
                IncludeFailure::IsFolder => {
                    "nginx refuses to start: an include of a folder (21: Is a directory)"
                }
                _ => continue,
            };
            let include = cx.configuration().directive(problem.at);
            if include.file().is_some_and(is_excerpt) {
                continue;
            }
            out.push(FindingBuilder::argument(&META, &include, 0, message).help(format!(
                "relative names start at the folder of the main file, whichever file they are in; if `{}` is elsewhere in this tree, use --path-map",
                problem.target
            )));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, help};

    #[test]
    fn a_relative_name_starts_at_the_main_file() {
        let findings = check(
            r#"
events {}
http {
    include sites/a.conf;
}
    #- sites/a.conf
    include b.conf;
           #^^^^^^ error: nginx refuses to start: the included file is not there (2: No such file or directory)
    #- sites/b.conf
    proxy_buffering off;
"#,
        );
        assert!(help(&findings[0]).contains("`b.conf`"), "{}", help(&findings[0]));
    }

    #[test]
    fn a_folder() {
        check(
            r#"
events {}
http {
    include conf.d;
           #^^^^^^ error: nginx refuses to start: an include of a folder (21: Is a directory)
}
    #- conf.d/a.conf
    proxy_buffering off;
"#,
        );
    }

    #[test]
    fn silent_for_patterns_and_for_what_lies_elsewhere() {
        check(
            r#"
events {}
http {
    include conf.d/*.conf;
    include /opt/elsewhere/a.conf;
    include mime.types;
}
"#,
        );
    }
}

//! `include-cycle`: a file that includes itself, directly or through others.
//!
//! nginx has no check and no limit: it reads on until it runs out of file descriptors, or of stack
//! (`core/ngx_conf_file.c:ngx_conf_include`). Without descriptors a plain name is an error; a pattern matches nothing
//! then, so that nginx goes on with a file that it has read hundreds of times.

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::IncludeFailure;

use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct IncludeCycle;

const META: RuleMeta = RuleMeta {
    name: "include-cycle",
    group: Group::Configuration,
    severity: Severity::Error,
    summary: "a file includes itself, and nginx reads it until it runs out of file descriptors or crashes",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/include-cycle.md"),
};

impl Rule for IncludeCycle {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let cycles =
            cx.configuration().problems().iter().filter(|problem| problem.failure == IncludeFailure::Cycle);
        for problem in cycles {
            let include = cx.configuration().directive(problem.at);
            let message = format!(
                "this includes `{}` while it is being read: nginx reads it again and again until it runs out of file descriptors or crashes",
                problem.target
            );
            out.push(
                FindingBuilder::argument(&META, &include, 0, message)
                    .help("change the include so that it does not match its own file"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn a_pattern_that_matches_its_own_file() {
        check(
            r#"
events {}
http {
    include conf.d/*.conf;
}
    #- conf.d/all.conf
    include conf.d/*.conf;
           #^^^^^^^^^^^^^ error: this includes `conf.d/all.conf` while it is being read: nginx reads it again and again until it runs out of file descriptors or crashes
"#,
        );
    }

    #[test]
    fn through_another_file() {
        check(
            r#"
events {}
http {
    include a.conf;
}
    #- a.conf
    include b.conf;
    #- b.conf
    include a.conf;
           #^^^^^^ error: this includes `a.conf` while it is being read: nginx reads…
"#,
        );
    }

    #[test]
    fn twice_is_no_cycle() {
        check("events {}\nhttp {\n include a.conf;\n include a.conf;\n}\n#- a.conf\nadd_header X-A 1;\n");
    }
}

//! `balancing-order`: lines of an `upstream` block that nginx refuses or drops because of their order.
//!
//! Methods, `sticky` and, before 1.29.7, `keepalive` all set the block's one `init_upstream`, and a method that comes
//! later replaces what was set (`load balancing method redefined`). `server` is checked against the method that was read
//! before it (`http/ngx_http_upstream.c:ngx_http_upstream_server`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{Balancing, ContextKind, Directive, defaults};

use crate::edit::copied;
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct BalancingOrder;

const META: RuleMeta = RuleMeta {
    name: "balancing-order",
    group: Group::Balancing,
    severity: Severity::Error,
    summary: "nginx rejects or ignores a line of an `upstream` block because of the order of its lines",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/balancing-order.md"),
};

impl Rule for BalancingOrder {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let used = cx.model.named_blocks();
        for upstream in cx.configuration().of_kind(ContextKind::Upstream) {
            let Some(balancing) = cx.model.balancing(upstream) else { continue };
            // What other modules and other files do is not known.
            if balancing.may_differ {
                continue;
            }
            refused(balancing, out);
            if used.contains(&upstream) {
                dropped_sticky(balancing, out);
                dropped_method(balancing, out);
                dropped_keepalive(cx, balancing, out);
            }
        }
    }
}

/// `backup` behind a method that has no use for it.
fn refused(balancing: &Balancing<'_>, out: &mut Findings) {
    for peer in &balancing.peers {
        let mut before =
            balancing.methods.iter().filter(|(_, line)| balancing.is_before(line, &peer.directive));
        let wraps = balancing.sticky.iter().any(|line| balancing.is_before(line, &peer.directive));
        let Some((_, line)) = before.next_back().filter(|(method, _)| method.refuses_backup() && !wraps)
        else {
            continue;
        };
        let Some(at) = peer.directive.arguments().position(|word| *word == *b"backup") else { continue };
        let message = "nginx refuses to start: balancing method does not support parameter \"backup\"";
        out.push(
            FindingBuilder::argument(&META, &peer.directive, at, message)
                .because(line, "this method uses all servers")
                .help("remove `backup`, or use `least_conn;` instead of this method"),
        );
    }
}

/// `sticky` before a method.
fn dropped_sticky(balancing: &Balancing<'_>, out: &mut Findings) {
    let Some((sticky, (_, method))) =
        balancing.sticky.last().and_then(|sticky| Some((sticky, balancing.method_behind(sticky)?)))
    else {
        return;
    };
    let message = format!(
        "nginx ignores this `sticky` because `{}` comes after it: clients do not stay on one server",
        method.text_line()
    );
    out.push(
        FindingBuilder::new(&META, sticky, message)
            .at_most(Severity::Warning)
            .because(&method, "this replaces it")
            .help(format!("move `{};` above `sticky`, so that both work", method.text_line()))
            .fix("move the method above `sticky`", Applicability::Unsafe, moved_above(&method, sticky)),
    );
}

/// A method before another one.
fn dropped_method(balancing: &Balancing<'_>, out: &mut Findings) {
    let [.., (method, line), (last, by)] = balancing.methods.as_slice() else { return };
    let is_loss = method.is_sticky() && !last.is_sticky() && balancing.sticky.is_empty();
    let and = if is_loss { ": clients do not stay on one server" } else { "" };
    let message =
        format!("nginx ignores this `{}` because `{}` comes after it{and}", line.text_line(), by.text_line());
    out.push(
        FindingBuilder::new(&META, line, message)
            .at_most(if is_loss { Severity::Warning } else { Severity::Info })
            .because(by, "this replaces it")
            .help("leave only one of them"),
    );
}

/// `keepalive` before a method, of a version in which the order counts.
fn dropped_keepalive(cx: &Context<'_, '_>, balancing: &Balancing<'_>, out: &mut Findings) {
    if cx.versions().all_since(defaults::KEEPALIVE_IN_ANY_ORDER) {
        return;
    }
    let Some(keepalive) = balancing.keepalive else { return };
    let Some((_, method)) = balancing.method_behind(&keepalive) else { return };
    let before =
        if cx.versions().any_since(defaults::KEEPALIVE_IN_ANY_ORDER) { " before 1.29.7" } else { "" };
    let message = format!(
        "nginx{before} ignores this `keepalive` because `{}` comes after it: each ordinary request opens a connection",
        method.text_line()
    );
    out.push(
        FindingBuilder::new(&META, &keepalive, message)
            .at_most(Severity::Info)
            .because(&method, "this replaces it")
            .help(format!("write `keepalive` below `{};`", method.text_line()))
            .fix(
                "move the method above `keepalive`",
                Applicability::Unsafe,
                moved_above(&method, &keepalive),
            ),
    );
}

/// A method in a place above another line of its block.
fn moved_above(method: &Directive<'_>, line: &Directive<'_>) -> Edits {
    // Not out of a file that other blocks may include.
    let is_beside = method.reference.file == line.reference.file;
    match copied(method, line.reference.file).filter(|_| is_beside) {
        Some(text) => Edits::new().remove(method).before(line, &[text]),
        None => Edits::impossible(),
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use super::META;
    use crate::testing::{Options, check, check_with, fixed_with};

    /// An upstream that a complete location uses.
    fn with(lines: &str) -> String {
        format!(
            "    upstream app {{\n{lines}\n}}\nserver {{\n location /ws/ {{\n proxy_pass http://app;\n proxy_http_version 1.1;\n proxy_set_header Upgrade $http_upgrade;\n proxy_set_header Connection upgrade;\n proxy_read_timeout 3600s;\n}}\n}}\n"
        )
    }

    #[test]
    fn backup_behind_a_method_that_refuses_it() {
        for method in ["ip_hash", "hash $remote_addr", "random two"] {
            let text = format!(
                "{method}; server 10.0.0.1:80;
    server 10.0.0.2:80 backup;
                      #^^^^^^ error: nginx refuses to start: balancing method does not support parameter \"backup\""
            );
            check(&with(&text));
        }
        for lines in [
            "server 10.0.0.1:80; server 10.0.0.2:80 backup; ip_hash;",
            "least_conn; server 10.0.0.1:80; server 10.0.0.2:80 backup;",
        ] {
            check(&with(lines));
        }
    }

    #[test]
    fn a_method_behind_sticky_replaces_it() {
        check(&with(
            "    sticky cookie route;
   #^^^^^^^^^^^^^^^^^^^ warning: nginx ignores this `sticky` because `least_conn` comes after it: clients do not stay on one server
    least_conn; server 10.0.0.1:80; server 10.0.0.2:80;",
        ));
        check(&with("least_conn; sticky cookie route; server 10.0.0.1:80; server 10.0.0.2:80;"));
    }

    #[test]
    fn of_two_methods_the_last_one_counts() {
        check(&with(
            "    ip_hash;
   #^^^^^^^ warning: nginx ignores this `ip_hash` because `least_conn` comes after it: clients do not stay on one server
    least_conn; server 10.0.0.1:80; server 10.0.0.2:80;",
        ));
        check(&with(
            "    least_conn;
   #^^^^^^^^^^ info: nginx ignores this `least_conn` because `hash $remote_addr` comes after it
    hash $remote_addr; server 10.0.0.1:80; server 10.0.0.2:80;",
        ));
    }

    #[test]
    fn keepalive_comes_last_in_old_versions() {
        let text = with(
            "    keepalive 8;
   #^^^^^^^^^^^ info: nginx ignores this `keepalive` because `least_conn` comes after it: each ordinary request opens a connection
    least_conn; server 10.0.0.1:80;",
        );
        check_with(Options::version("1.28"), &text);
        check(&text.replace("nginx ignores", "nginx before 1.29.7 ignores"));
        check_with(Options::version("1.30"), &with("keepalive 8; least_conn; server 10.0.0.1:80;"));
        check(&with("least_conn; server 10.0.0.1:80; keepalive 8;"));
    }

    #[test]
    fn the_method_goes_above_what_it_drops() {
        for line in ["keepalive 8;", "sticky cookie route;"] {
            let servers = "server 10.0.0.1:80;\n server 10.0.0.2:80;";
            let before = with(&format!(" {servers}\n {line}\n hash $remote_addr  consistent;"));
            let after = with(&format!(" {servers}\n hash $remote_addr consistent;\n {line}"));
            let options = Options::version("1.28");
            assert_eq!(fixed_with(options, Applicability::Unsafe, META.name, &before), after);
        }
    }

    #[test]
    fn silent_about_what_other_modules_do() {
        check(&with("keepalive 8; ip_hash; fair; server 10.0.0.1:80; server 10.0.0.2:80 backup;"));
    }
}

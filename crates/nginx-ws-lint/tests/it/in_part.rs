//! Files of which some texts are judged and others are not, and what HCL holds.

use crate::run::Tree;

const SITE: &str = "server {\n    listen 80;\n    location /ws/ {\n        proxy_pass http://chat:3000;\n        proxy_http_version 1.1;\n        proxy_read_timeout 1h;\n        proxy_set_header Upgrade $http_upgrade;\n        proxy_set_header Connection upgrade;\n    }\n}\n";

/// Nobody is told that a file was judged and that it was not.
#[test]
fn a_file_that_is_judged_in_part_is_called_so() {
    let page = format!("# Setup\n\n```nginx\n{SITE}```\n\n```\n{SITE}```\n");
    let tree = Tree::new(&[("README.md", page.as_str())]);
    let run = tree.run(&["--docs", "--show-files", "--fail-on", "never", "."]);
    for said in [
        "not-judged  README.md: page of documentation with other lines of nginx, which are not linted",
        "judged      README.md#line-4",
        "1 file judged, 1 WebSocket endpoint",
        "1 file has other lines of nginx, which were not judged: 1 page of documentation; --show-files lists it",
    ] {
        assert!(run.shown().contains(said), "{said}\n{}", run.shown());
    }
    let run = tree.run(&["--show-files", "--fail-on", "never", "."]);
    assert!(run.shown().contains("1 file looks like nginx and was not judged: 1 page"), "{}", run.shown());
}

/// An `Ingress` in HCL is said to be passed over, also beside a text that is judged; a text of a `ConfigMap` has its key's
/// name and lies in a cluster.
#[test]
fn an_ingress_in_hcl_is_said_beside_texts_that_are_judged() {
    let map = format!(
        "resource \"kubernetes_config_map\" \"a\" {{\n  data = {{\n    \"site.conf\" = <<-EOT\n{SITE}EOT\n  }}\n}}\n"
    );
    let ingress =
        "resource \"kubernetes_ingress_v1\" \"a\" {\n  spec {\n    ingress_class_name = \"nginx\"\n  }\n}\n";
    let both = format!("{map}{ingress}");
    for (text, is_judged, is_said) in
        [(map.as_str(), true, false), (ingress, false, true), (both.as_str(), true, true)]
    {
        let tree = Tree::new(&[("main.tf", text)]);
        let run = tree.run(&["--show-files", "--fail-on", "never", "."]);
        assert_eq!(run.shown().contains("judged      main.tf#site.conf"), is_judged, "{}", run.shown());
        assert_eq!(run.shown().contains("an Ingress in HCL is not read"), is_said, "{}", run.shown());
        assert!(!run.shown().contains("stale-upstream-address"), "{}", run.shown());
    }
    let elsewhere = map.replace("kubernetes_config_map", "local_file");
    let tree = Tree::new(&[("main.tf", elsewhere.as_str())]);
    let run = tree.run(&["--fail-on", "never", "."]);
    assert!(run.shown().contains("stale-upstream-address"), "{}", run.shown());
}

/// Marks with `#` are none of nginx's comments where a statement would have no end.
#[test]
fn marks_that_begin_with_a_hash_are_filled_in() {
    let text = SITE.replace("listen 80;", "listen #{PORT}#;\n    #{lines}#").replace("1h", "#{{ timeout }}#");
    for (name, is_read) in [("site.conf.template", true), ("site.conf.j2", true)] {
        let tree = Tree::new(&[(name, text.as_str())]);
        let run = tree.run(&["--fail-on", "never", "."]);
        let shown = run.shown();
        assert_eq!(
            !shown.contains("syntax-error") && shown.contains("1 WebSocket endpoint"),
            is_read,
            "{shown}"
        );
        assert!(!shown.contains("short-read-timeout"), "{shown}");
    }
}

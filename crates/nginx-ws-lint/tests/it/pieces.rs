//! Texts that scripts, logs and templates hold in other ways than a file: in pieces, behind filters and banners, with marks of
//! their own.

use std::fs;

use serde_json::Value;

use crate::run::Tree;

fn findings(tree: &Tree, arguments: &[&str]) -> Vec<(String, String, u64)> {
    let run = tree.run(&[arguments, &["--isolated", "--format", "json"]].concat());
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let all = report.get("findings").and_then(Value::as_array).cloned().unwrap();
    let of = |one: &Value, pointer: &str| one.pointer(pointer).cloned().unwrap_or_default();
    all.iter()
        .filter(|one| of(one, "/severity") != "info")
        .map(|one| {
            let text = |pointer: &str| of(one, pointer).as_str().unwrap_or_default().to_owned();
            let line = of(one, "/range/start/line").as_u64().unwrap_or_default();
            (text("/file"), text("/rule"), line)
        })
        .collect()
}

/// What is right comes out of pieces, filters and commands as it is: no finding is an artefact.
#[test]
fn what_comes_out_right_is_right() {
    let location = "  location /ws {\n    proxy_pass http://127.0.0.1:3000;\n    proxy_http_version 1.1;\n    proxy_set_header Upgrade \\$http_upgrade;\n";
    let rest = "    proxy_set_header Connection \"upgrade\";\n    proxy_read_timeout 1h;\n  }\n}\n";
    let plain = format!("server {{\n  listen 80;\n{}{rest}", location.replace("\\$", "$"));
    let pieces = format!(
        "F=/etc/nginx/conf.d/a.conf\ncat > $F <<EOF\nserver {{\n  listen 80;\nEOF\ncat >> $F <<EOF\n{location}EOF\ncat >> $F <<'EOF'\n{rest}EOF\n"
    );
    let filter = format!("cat <<'EOF' | sed 's/%%/$/g' | tee /a.conf\n{}EOF\n", plain.replace('$', "%%"));
    let indented: String = plain.replace('$', "$$").lines().map(|line| format!("      {line}\n")).collect();
    let command = format!(
        "services:\n  web:\n    image: nginx\n    command: |\n      /bin/sh -c \"cat > /x.conf <<'EOF'\n{}      EOF\n      nginx\"\n",
        indented.replace("\"upgrade\"", "upgrade")
    );
    let jinja = format!(
        "#jinja2: variable_start_string:'[[', variable_end_string:']]'\n{}",
        plain.replace("80;", "[[ port ]];")
    );
    let delimiters = plain
        .replace("80;", "(( port ));")
        .replace("  location", "  ((% if x %))\n  server_name a;\n  ((% endif %))\n  location");
    for (name, text) in [
        ("a.sh", pieces),
        ("b.sh", filter),
        (
            "c.sh",
            format!(
                ". ./env\ncat > /a.conf <<EOF\n{}EOF\n",
                plain.replace("listen", "root $document_root; listen").replace("$h", "\\$h")
            ),
        ),
        ("compose.yaml", command),
        ("a.conf.j2", jinja),
        ("b.conf.j2", delimiters),
    ] {
        let tree = Tree::new(&[(name, &text)]);
        assert_eq!(findings(&tree, &[name]), [], "{text}");
    }
}

/// A fix goes into the piece that it is of, and nothing comes before the line that Ansible reads.
#[test]
fn fixes_stay_in_their_pieces() {
    let script = "cat > /etc/nginx/conf.d/a.conf <<EOF\nserver {\n  listen 80;\nEOF\ncat >> /etc/nginx/conf.d/a.conf <<EOF\n  location /ws {\n    proxy_pass http://127.0.0.1:3000;\n    proxy_http_version 1.1;\n    proxy_set_header Upgrade \\$http_upgrade;\nEOF\ncat >> /etc/nginx/conf.d/a.conf <<'EOF'\n    proxy_read_timeout 1h;\n  }\n}\nEOF\n";
    let template = "#jinja2: lstrip_blocks: True\nserver {\n  listen 80;\n  server_name {{ name }};\n  location /ws {\n    proxy_pass http://127.0.0.1:3000;\n    proxy_http_version 1.1;\n    proxy_set_header Upgrade $http_upgrade;\n    proxy_read_timeout 1h;\n  }\n}\n";
    let dashed = "f() {\n\tcat > /a.conf <<-EOF\n\t\tserver {\n\t\t\tlisten 80;\n\t\t\tlocation /ws {\n\t\t\t\tproxy_pass http://127.0.0.1:3000;\n\t\t\t\tproxy_http_version 1.1;\n\t\t\t\tproxy_set_header Upgrade \\$http_upgrade;\n\t\t\t\tproxy_read_timeout 1h;\n\t\t\t}\n\t\t}\n\tEOF\n}\n";
    for (name, text) in [("a.sh", script), ("b.sh", dashed), ("a.conf.j2", template)] {
        let tree = Tree::new(&[(name, text)]);
        let rules: Vec<String> = findings(&tree, &[name]).into_iter().map(|(_, rule, _)| rule).collect();
        assert_eq!(rules, ["missing-connection-header"], "{text}");
        tree.run(&["--isolated", "--fix", name]);
        let fixed = fs::read_to_string(tree.path(name)).expect("the file");
        assert_eq!(findings(&tree, &[name]), [], "{fixed}");
        assert_eq!(fixed.starts_with("#jinja2"), text.starts_with("#jinja2"), "{fixed}");
        // No line is lost, and none is indented in another way.
        for line in text.lines() {
            assert!(fixed.lines().any(|other| other == line), "{line}\n{fixed}");
        }
        if name == "b.sh" {
            assert!(
                fixed.lines().any(|line| line.starts_with("\t\t\t\tproxy_set_header Connection")),
                "{fixed}"
            );
        }
    }
}

/// What is not certain is no finding, and is said.
#[test]
fn what_is_not_certain_is_said() {
    let server = "server {\n  listen 80;\n  location /ws { proxy_pass http://a; }\n";
    for (name, text, why) in [
        ("a.sh", format!("cat > $1 <<EOF\n{server}EOF\ncat parts >> $1\n"), "in pieces"),
        ("b.sh", format!("sed 's/^#//' > /a.conf <<EOF\n{server}}}\nEOF\n"), "another command changes"),
    ] {
        let tree = Tree::new(&[(name, &text)]);
        assert_eq!(findings(&tree, &[name]), [], "{text}");
        let run = tree.run(&["--isolated", name]);
        let said = run.stdout + &run.stderr;
        assert!(run.code == Some(2) && said.contains(why), "{said}");
    }
}

/// The second machine of a log is judged as the first is, whatever stands between them.
#[test]
fn each_machine_of_a_log_is_judged() {
    let dump = |header: &str| {
        format!(
            "# configuration file /etc/nginx/nginx.conf:\nevents {{}}\nhttp {{\n  include conf.d/*.conf;\n}}\n# configuration file /etc/nginx/conf.d/a.conf:\nserver {{\n  listen 80;\n  location /ws {{\n    proxy_pass http://127.0.0.1:3000;\n    proxy_http_version 1.1;\n    proxy_set_header Upgrade $http_upgrade;\n{header}    proxy_read_timeout 1h;\n  }}\n}}\n\n"
        )
    };
    let good = dump("    proxy_set_header Connection upgrade;\n");
    for banner in
        ["== web2 ==\n", "web2 | CHANGED | rc=0 >>\n", "==> web2.txt <==\n", "--- web2 ---\n", "web2\n"]
    {
        let text = format!("{banner}{good}{banner}{}", dump(""));
        let tree = Tree::new(&[("all.txt", &text)]);
        let line = text.rfind("$http_upgrade").map(|at| text[..at].lines().count() as u64);
        let all: Vec<(String, Option<u64>)> =
            findings(&tree, &["all.txt"]).into_iter().map(|(_, rule, line)| (rule, Some(line))).collect();
        assert_eq!(all, [("missing-connection-header".to_owned(), line)], "{text}");
    }
    let numbered: String =
        dump("").lines().enumerate().map(|(at, line)| format!("{:6}\t{line}\n", at + 1)).collect();
    let tree = Tree::new(&[("all.txt", &numbered)]);
    for path in [".", "all.txt"] {
        assert_eq!(findings(&tree, &[path]).len(), 1, "{numbered}");
    }
}

/// A dump on a page is one more text of it.
#[test]
fn a_page_with_a_dump_is_read_with_docs() {
    let page = "# Fix\n```nginx\nserver { listen 80; location /ws { proxy_pass http://a; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_read_timeout 1h; } }\n```\n```\n# configuration file /etc/nginx/nginx.conf:\nevents {}\nhttp { server { listen 80; location /ok { return 200; } } }\n```\nDone.\n";
    let tree = Tree::new(&[("a.md", page)]);
    let all: Vec<(String, u64)> =
        findings(&tree, &["--docs", "."]).into_iter().map(|(_, rule, line)| (rule, line)).collect();
    assert_eq!(all, [("missing-connection-header".to_owned(), 3)]);
    let run = tree.run(&["--isolated", "--docs", "."]);
    assert!(!run.stderr.contains("breaks off"), "{}", run.stderr);
}

/// What a file is, its name or its first line says.
#[test]
fn files_of_ruby_and_cloud_init_are_told_apart() {
    let ruby = "Vagrant.configure(\"2\") do |config|\n  config.vm.provision \"shell\", inline: <<-SHELL\n    server { listen 80; location /ws { proxy_pass http://a; } }\n  SHELL\nend\n";
    let tree = Tree::new(&[("Vagrantfile", ruby)]);
    assert_eq!(findings(&tree, &["Vagrantfile"]), []);
    let cloud = "#cloud-config\nwrite_files:\n- path: /etc/nginx/conf.d/a.conf\n  content: |\n    server {\n      listen 80;\n      location /ws {\n        proxy_pass http://127.0.0.1:3000;\n        proxy_http_version 1.1;\n        proxy_set_header Upgrade $http_upgrade;\n        proxy_read_timeout 1h;\n      }\n    }\n";
    let tree = Tree::new(&[("user-data.txt", cloud)]);
    let all = findings(&tree, &["user-data.txt"]);
    assert_eq!(
        all.iter().map(|(_, rule, line)| (rule.as_str(), *line)).collect::<Vec<_>>(),
        [("missing-connection-header", 10)]
    );
}

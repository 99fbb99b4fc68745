//! What is said of templates with branches, and of texts that break off.

use serde_json::Value;

use crate::run::Tree;

const UPGRADE: &str = "proxy_http_version 1.1;\n proxy_set_header Upgrade $http_upgrade;\n";

fn output(tree: &Tree, arguments: &[&str]) -> Value {
    let run = tree.run(&[&["--format", "json", "--fail-on", "never"], arguments].concat());
    serde_json::from_str(&run.stdout).unwrap()
}

fn findings(tree: &Tree, arguments: &[&str]) -> Vec<Value> {
    output(tree, arguments).get("findings").and_then(Value::as_array).cloned().unwrap()
}

/// Whether two conditions ever hold together, no template tells, wherever their lines stand.
#[test]
fn what_holds_on_some_ways_alone_is_no_error() {
    for lines in [
        "{% if a %}client_max_body_size 1m;{% endif %}\n{% if b %}client_max_body_size 2m;{% endif %}",
        "{% if a %}client_max_body_size 1m;{% endif %}{% if b %} client_max_body_size 2m;{% endif %}",
        "{% if a %}location /x/ { root /a; }{% endif %} {% if b %}location /x/ { root /b; }{% endif %}",
        "listen 81;\nlisten {% if a %}443{% endif %}{% if not a %}81{% endif %};",
    ] {
        let text = format!("server {{\nlisten 80;\n{lines}\nlocation / {{ root /srv; }}\n}}\n");
        let tree = Tree::new(&[("a.conf.j2", text.as_str())]);
        let found = findings(&tree, &["."]);
        let refusals: Vec<&Value> = found
            .iter()
            .filter(|one| one["message"].as_str().unwrap().contains("refuses to start"))
            .collect();
        assert_eq!(refusals.len(), 1, "{text}: {found:#?}");
        assert_eq!(refusals[0]["severity"], "info", "{text}");
        let label = refusals[0]["label"].as_str().unwrap();
        assert!(label.contains("in the template"), "{text}: {label}");
    }
}

/// Of many conditions one is taken not to hold at a time, so that few of their combinations are seen: which ones a refusal
/// of two lines takes cannot be told, and nobody could look whether they ever hold together.
#[test]
fn two_lines_of_some_of_many_ways_are_not_refused() {
    let many: String =
        (0..20).map(|number| format!("{{% if c{number} %}}\n# {number}\n{{% endif %}}\n")).collect();
    let text = format!(
        "server {{\nlisten 80;\n{many}{{% if not off %}}\nclient_max_body_size 1m;\n{{% endif %}}\n{{% if plain %}}\nroot /a;\n{{% else %}}\nclient_max_body_size 2m;\n{{% endif %}}\nlocation / {{ index a; }}\n}}\n"
    );
    let severities = |text: &str| -> Vec<String> {
        let tree = Tree::new(&[("a.conf.j2", text)]);
        let found = findings(&tree, &["."]);
        found.iter().map(|one| one.get("severity").and_then(Value::as_str).unwrap().to_owned()).collect()
    };
    assert_eq!(severities(&text), [""; 0]);
    // What stands in no branch is as certain as ever.
    let certain = text.replace("listen 80;\n", "listen 80;\nlisten 80;\n");
    assert!(severities(&certain).contains(&"error".to_owned()));
}

#[test]
fn branches_that_exclude_each_other_are_not_put_together() {
    for (name, one, two) in [
        ("a.conf.j2", "{% if mode == 'a' %}", "{% if mode != 'a' %}"),
        ("a.conf.j2", "{% if x in xs %}", "{% if x not in xs %}"),
        ("a.conf.tmpl", "{{ if eq .Mode \"a\" }}", "{{ if ne .Mode \"a\" }}"),
        ("a.conf.erb", "<% if @mode == 'a' -%>", "<% if @mode != 'a' -%>"),
    ] {
        let end = if name.ends_with("j2") {
            "{% endif %}"
        } else if name.ends_with("erb") {
            "<% end -%>"
        } else {
            "{{ end }}"
        };
        let text = format!(
            "server {{\nlisten 80;\n{one}\nclient_max_body_size 1m;\n{end}\n{two}\nclient_max_body_size 2m;\n{end}\n}}\n"
        );
        let tree = Tree::new(&[(name, text.as_str())]);
        assert_eq!(findings(&tree, &["."]), [] as [Value; 0], "{text}");
    }
}

/// What a template includes on one way is no file by itself on another, and a line of it is in effect once.
#[test]
fn what_one_way_includes_is_judged_where_it_is_included() {
    let lines = "location /ws/ {\n proxy_pass http://127.0.0.1:1;\n}\n";
    let server = format!(
        "server {{\n listen 80;\n{UPGRADE} proxy_set_header Connection upgrade;\n proxy_read_timeout 1h;\n {{% if a %}}\n {{% include \"x.j2\" %}}\n {{% else %}}\n {{% include \"y.j2\" %}}\n {{% endif %}}\n}}\n"
    );
    let tree = Tree::new(&[("site.conf.j2", server.as_str()), ("x.j2", lines), ("y.j2", lines)]);
    let run = tree.run(&["--show-files", "--fail-on", "never", "."]);
    for name in ["x.j2", "y.j2"] {
        assert!(run.stdout.contains(&format!("included    {name}\n")), "{}", run.shown());
    }
    assert!(run.stdout.contains("3 files judged, 2 WebSocket endpoints"), "{}", run.shown());
    // By themselves they would have no `Upgrade`.
    let found = findings(&tree, &["."]);
    assert!(found.iter().all(|one| one["rule"] != "missing-upgrade-header"), "{found:#?}");
    // It has ways of its own there, each of which is judged.
    let slow = lines.replace(
        "}",
        " {% if slow %}\n proxy_read_timeout 1s;\n {% else %}\n proxy_read_timeout 2s;\n {% endif %}\n}",
    );
    let tree =
        Tree::new(&[("site.conf.j2", server.as_str()), ("x.j2", slow.as_str()), ("y.j2", slow.as_str())]);
    let run = tree.run(&["--show-files", "--format", "concise", "--fail-on", "never", "."]);
    for name in ["x.j2", "y.j2"] {
        assert!(
            run.stdout.contains(&format!("included    {name}\n"))
                || run.stderr.contains(&format!("included    {name}\n")),
            "{}",
            run.shown()
        );
        for line in [4, 6] {
            assert!(run.stdout.contains(&format!("{name}:{line}:")), "{name}:{line} {}", run.shown());
        }
    }
    let flawed = server.replace(" proxy_set_header Connection upgrade;\n", "");
    let flawed = flawed.replace("listen 80;", "listen 80;\n {% if b %}\n listen 81;\n {% endif %}");
    let tree = Tree::new(&[("site.conf.j2", flawed.as_str()), ("x.j2", lines), ("y.j2", lines)]);
    let found = findings(&tree, &["."]);
    let said: Vec<&str> = found.iter().filter_map(|one| one["help"].as_str()).collect();
    assert!(!said.is_empty() && said.iter().all(|help| !help.contains("in effect in 4 places")), "{said:#?}");
}

#[test]
fn a_remedy_is_written_as_its_file_needs_it() {
    let site = format!(
        "server {{\n listen 80;\n location /socket.io/ {{\n proxy_pass http://127.0.0.1:1;\n proxy_read_timeout 1h;\n {UPGRADE} }}\n}}\n"
    );
    let compose = site.replace('$', "$$").replace('\n', "\n      ");
    let compose =
        format!("services:\n  web:\n    image: nginx\nconfigs:\n  site:\n    content: |\n      {compose}\n");
    let shell = format!("cat > /etc/nginx/conf.d/x.conf <<EOF\n{}EOF\n", site.replace('$', "\\$"));
    for (name, text, dollar) in [
        ("compose.yaml", compose.as_str(), "$$"),
        ("install.sh", shell.as_str(), "\\$"),
        ("site.conf", site.as_str(), "$"),
    ] {
        let tree = Tree::new(&[(name, text)]);
        let found = findings(&tree, &["."]);
        let finding = found.iter().find(|one| one["rule"] == "missing-connection-header").unwrap();
        let help = finding["help"].as_str().unwrap();
        let line = format!("    proxy_set_header Connection {dollar}connection_upgrade;\n");
        assert!(help.contains(&line), "{name}: {help}");
        assert!(help.contains("and in `http`:"), "{name}: {help}");
        // The command is typed elsewhere, as it is.
        let verify = finding["verify"].as_str().unwrap();
        assert!(verify.starts_with("curl -i") && help.contains(verify), "{name}: {verify}");
    }
    // A mark in the help does not move what follows it.
    let template = site.replace("listen 80;", "listen 80;\n server_name {{ host }};");
    let tree = Tree::new(&[("site.conf.j2", template.as_str())]);
    let found = findings(&tree, &["."]);
    let finding = found.iter().find(|one| one["rule"] == "missing-connection-header").unwrap();
    assert!(finding["verify"].as_str().unwrap().starts_with("curl -i"), "{finding:#?}");
}

const MAIN: &str = "# configuration file /etc/nginx/nginx.conf:\nevents {}\nhttp {\n    include /etc/nginx/conf.d/*.conf;\n    include /etc/nginx/last.conf;\n}\n\n# configuration file /etc/nginx/conf.d/a.conf:\n";

#[test]
fn where_a_dump_breaks_off_nothing_is_known() {
    let server = format!(
        "server {{\n listen 80;\n location /socket.io/ {{\n proxy_pass http://127.0.0.1:1;\n {UPGRADE}"
    );
    for end in
        ["", " proxy_set_hea", " proxy_set_header Connection", " proxy_set_header Connection \"up", " # x"]
    {
        let text = format!("{MAIN}{server}{end}");
        let tree = Tree::new(&[("dump.txt", text.as_str())]);
        let output = output(&tree, &["."]);
        let found = output["findings"].as_array().unwrap();
        assert!(found.iter().all(|one| one["severity"] == "info"), "{end:?}: {found:#?}");
        let notices = output["notices"].as_array().unwrap();
        let breaks_off = |notice: &Value| notice["message"].as_str().unwrap().contains("breaks off here");
        assert!(notices.iter().any(breaks_off), "{end:?}: {notices:#?}");
        assert_eq!(output["summary"]["endpoints"], 1, "{end:?}");
    }
    let whole = format!("{MAIN}{server} }}\n}}\n");
    let tree = Tree::new(&[("dump.txt", whole.as_str())]);
    let found = findings(&tree, &["."]);
    assert!(found.iter().any(|one| one["rule"] == "missing-connection-header"), "{found:#?}");
}

/// nginx prints no configuration that it refuses.
#[test]
fn nothing_of_a_dump_is_refused() {
    let text = format!("{MAIN}server {{\n listen 80;\n listen 80;\n}}\n");
    let tree = Tree::new(&[("dump.txt", text.as_str())]);
    let found = findings(&tree, &["."]);
    assert!(found.iter().all(|one| !one["message"].as_str().unwrap().contains("refuses")), "{found:#?}");
    // Debian's nginx writes its messages as into a log.
    for before in ["nginx: [emerg] ", "2026/12/01 09:35:56 [emerg] 29561#29561: "] {
        let failed = format!(
            "{before}unknown directive \"foo\" in /etc/nginx/conf.d/a.conf:3\nnginx: configuration file /etc/nginx/nginx.conf test failed\n"
        );
        let run = Tree::new(&[]).run_with(&["-"], failed.as_bytes());
        assert_eq!(run.code, Some(2), "{}", run.shown());
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(said.contains("[emerg] unknown directive"), "{}", run.shown());
        assert!(!said.contains("syntax-error"), "{}", run.shown());
    }
    // One file, with what nginx says before it.
    let one = "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n# configuration file /etc/nginx/nginx.conf:\nevents {}\nhttp { server { listen 80; } }\n";
    let run = Tree::new(&[]).run_with(&["-"], one.as_bytes());
    assert_eq!(run.code, Some(0), "{}", run.shown());
}

/// A site with an endpoint that has all lines but for its timeout.
fn site(timeout: &str) -> String {
    format!(
        "server {{\n listen 80;\n location /socket.io/ {{\n proxy_pass http://127.0.0.1:1;\n proxy_set_header Connection upgrade;\n {UPGRADE} {timeout}\n }}\n}}\n"
    )
}

#[test]
fn a_word_of_a_branch_says_of_which() {
    let text = site("proxy_read_timeout {% if long %}1h{% else %}30s{% endif %};");
    let tree = Tree::new(&[("a.conf.j2", text.as_str())]);
    let found = findings(&tree, &["."]);
    let labels: Vec<&Value> =
        found.iter().filter(|one| one["rule"] == "short-read-timeout").map(|one| &one["label"]).collect();
    assert_eq!(labels, ["where `long` does not hold in the template"], "{found:#?}");
}

/// What counts lines of the whole is told once, however many of them each way has.
#[test]
fn one_line_is_told_once_for_all_ways() {
    let text = format!(
        "upstream a {{\n server a.test;\n state /a;\n {{% if q %}}queue 1;{{% endif %}}\n {{% if n %}}ntlm;{{% endif %}}\n}}\n{}",
        site("proxy_read_timeout 1h;").replace("127.0.0.1:1", "a")
    );
    let tree = Tree::new(&[("a.conf.j2", text.as_str())]);
    let found = findings(&tree, &["."]);
    let lines: Vec<&Value> = found
        .iter()
        .filter(|one| one["rule"] == "commercial-directive")
        .map(|one| &one["range"]["start"]["line"])
        .collect();
    assert_eq!(lines, [3], "{found:#?}");
}

/// In which block the body of a macro comes out, its calls say.
#[test]
fn the_body_of_a_macro_stands_in_no_wrong_block() {
    let main = "events {}\nhttp {\n include conf.d/*.conf;\n}\n";
    let text = "{% macro place(path) %}\nlocation {{ path }} {\n return 204;\n}\n{% endmacro %}\nserver {\n listen 80;\n {{ place('/a') }}\n}\n";
    let tree = Tree::new(&[("nginx.conf.j2", main), ("conf.d/a.conf.j2", text)]);
    assert_eq!(findings(&tree, &["."]), [] as [Value; 0]);
    // What is in the body is judged as ever.
    let text = text.replace("return 204;", "return 204 a b;");
    let tree = Tree::new(&[("nginx.conf.j2", main), ("conf.d/a.conf.j2", text.as_str())]);
    let found = findings(&tree, &["."]);
    assert!(found.len() == 1 && found[0]["range"]["start"]["line"] == 3, "{found:#?}");
}

/// Ansible's filter makes comments of whatever it gets; else lines are unknown that a placeholder stands for.
#[test]
fn what_becomes_a_comment_sets_nothing() {
    for (line, is_known) in [
        ("{{ ansible_managed | comment }}", true),
        ("{{ ansible_managed|comment() }}", true),
        ("{{ ansible_managed }}", false),
        ("{{ comment }}", false),
    ] {
        let text = format!("{line}\n{}", site(""));
        let tree = Tree::new(&[("a.conf.j2", text.as_str())]);
        let notices = output(&tree, &["."])["notices"].to_string();
        assert_eq!(!notices.contains("fills in lines"), is_known, "{line}: {notices}");
    }
}

/// What people read has the marks of their file.
#[test]
fn notices_have_the_marks_of_the_template() {
    let text = "events {}\nhttp {\n {% for file in files %}\n include {{ file.path }};\n {% endfor %}\n}\n";
    let notices = output(&Tree::new(&[("nginx.conf.j2", text)]), &["."])["notices"].to_string();
    assert!(notices.contains("`{{ file.path }}` was not given") && !notices.contains("LOOP"), "{notices}");
}

#[test]
fn a_missing_semicolon_is_told_once() {
    let text = "events {}\nhttp {\n client_header_timeout 120s\n client_body_timeout 120s;\n}\n";
    let found = findings(&Tree::new(&[("nginx.conf", text)]), &["."]);
    let rules: Vec<&Value> = found.iter().map(|one| &one["rule"]).collect();
    assert_eq!(rules, ["syntax-error"], "{found:#?}");
}

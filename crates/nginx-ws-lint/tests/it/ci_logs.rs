//! Nothing in a configuration commands the CI system that prints what is said of it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use crate::run::{Run, Tree};

/// What CI systems do with a line of a log, by their own source.
mod runner {
    /// The lines as `StreamReader.ReadLine` makes them (`actions/runner` `Runner.Sdk/ProcessInvoker.cs`).
    fn lines(text: &str) -> impl Iterator<Item = &str> {
        text.split(['\n', '\r'])
    }

    /// What remains of a line where `IndexOf(string)` and `StartsWith(string)` look: they compare by the rules of a language,
    /// as the runner sets `InvariantGlobalization` to false (`Common.props`), and ICU gives these characters no weight.
    fn weighed(line: &str) -> String {
        let is_seen = |c: char| match c {
            c if c.is_whitespace() => true,
            '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e0fff}' => false,
            c => !c.is_control(),
        };
        line.chars().filter(|c| is_seen(*c)).collect()
    }

    /// The name of a command: the first word of what stands between its marks. That it has to be registered is left out, as
    /// `stop-commands` registers whatever it is given.
    fn name(head: &str) -> Option<&str> {
        head.split(' ').next().filter(|name| !name.is_empty())
    }

    /// `Runner.Common/ActionCommand.cs`, `TryParseV2`.
    fn github(line: &str) -> bool {
        let rest = line.trim_start().strip_prefix("::");
        rest.and_then(|rest| rest.find("::").and_then(|end| name(&rest[..end]))).is_some()
    }

    /// `ActionCommand.TryParse`, and `Command.TryParse` of `microsoft/azure-pipelines-agent`
    /// (`Microsoft.VisualStudio.Services.Agent/Command.cs`), which wants `area.event` as the name. TeamCity's service
    /// messages are alike.
    fn bracketed(line: &str) -> bool {
        ["##[", "##vso[", "##teamcity["].iter().any(|prefix| {
            let head = line.find(prefix).map(|at| &line[at + prefix.len()..]);
            head.and_then(|head| head.find(']').and_then(|end| name(&head[..end]))).is_some()
        })
    }

    /// `lib/gitlab/ci/ansi2json/converter.rb` of GitLab: `section_start:TIME:NAME`, then CR and ESC `[0K`.
    fn gitlab(text: &str) -> bool {
        ["section_start:", "section_end:"].iter().any(|mark| {
            text.split(mark).skip(1).any(|rest| {
                let line = rest.split('\n').next().unwrap();
                line.contains("\r\u{1b}[0K")
            })
        })
    }

    /// The first line that some CI system would obey.
    pub(super) fn obeys(text: &str) -> Option<String> {
        if gitlab(text) {
            return Some("a section of GitLab".to_owned());
        }
        lines(text).map(weighed).find(|line| github(line) || bracketed(line))
    }
}

/// Commands, plain and in the disguises that a runner sees through.
const COMMANDS: [&str; 11] = [
    "::error::pwned",
    "  ::stop-commands::token",
    "\u{3000}::add-mask::a",
    "\u{200b}::warning file=a::b",
    "\r::set-output name=a::b",
    "##[error]pwned",
    "a##[add-matcher]b",
    "#\u{ad}#[warning]pwned",
    "#\u{1}#[debug]pwned",
    "##vso[task.complete result=Succeeded]",
    "##teamcity[buildStop comment='a']",
];

#[test]
fn the_runners_of_this_test_obey_commands() {
    for command in COMMANDS {
        assert!(runner::obeys(command).is_some(), "{command:?}");
    }
    assert!(runner::obeys("section_start:1:a[collapsed=true]\r\u{1b}[0Ka").is_some());
    for text in ["listen [::]:80;", "allow ::1;", "a ::error::b", "## [a]", r"#\x23[error]"] {
        assert_eq!(runner::obeys(text), None);
    }
}

#[track_caller]
fn commands_nothing(run: &Run, arguments: &[&str]) {
    for text in [&run.stdout, &run.stderr] {
        assert_eq!(runner::obeys(text), None, "{arguments:?}\n{text}");
    }
}

/// A tree in which every name that some output shows is a command, and several findings are about each.
fn hostile() -> Tree {
    let mut main = "events {}\nhttp {\n".to_owned();
    let mut settings = String::new();
    for (index, command) in COMMANDS.iter().enumerate() {
        // What ends a quoted word does not stand in them, but for the apostrophe of the last one.
        main.push_str(&format!(
            "    upstream \"{command}\" {{ server 127.0.0.1:900{digit}; server \"{command}:80\"; }}
    log_format \"{command}\" '{plain}';
    server {{
        listen 80{index};
        server_name \"{command}\" s{index}.example;
        # {command} websocket
        location \"/{command}/ws\" {{
            proxy_pass ws://\"{command}\";
            proxy_set_header \"{command}\" \"{command}\";
            add_header X \"
{command}
\";
        }}
        location /ws/{index} {{
            # {command}
            proxy_pass ws://127.0.0.1:9000;
            proxy_set_header Upgrade \"{command}\"; # {command}
        }}
        location /denied/ws{index} {{ # nginx-ws-lint: not-websocket {command}
            proxy_pass ws://127.0.0.1:9000;
        }}
        %%GLOBALS{index}%%
        \"{command}\" on;
        include \"missing/{command}.conf\";
        return 301 \"{command}\" \"{command}\";
    }}
",
            digit = index % 10,
            plain = command.replace('\'', ""),
        ));
        let key: String = command.chars().flat_map(char::escape_unicode).collect();
        let key = key.replace("\\u{", "\\U").replace('}', "");
        let key: String = key.split("\\U").skip(1).map(|code| format!("\\U{code:0>8}")).collect();
        settings.push_str(&format!("\"{key}\" = \"{key}\"\n"));
    }
    main.push_str("    include conf.d/*.conf;\n}\n");
    let file = "location /ws { proxy_pass ws://127.0.0.1:9000; }\n";
    let mut files: Vec<(String, String)> = vec![("nginx.conf".to_owned(), main)];
    for command in COMMANDS {
        files.push((format!("conf.d/{command}.conf"), format!("server {{ # {command}\n{file}}}\n")));
        files.push((format!("{command}/{command}.conf"), file.to_owned()));
    }
    let layer = "[[layers]]\nname = \"##[error]a\"\n[rules]\n\"::error::a\" = \"##[error]\"\n";
    files.push((".nginx-ws-lint.toml".to_owned(), format!("{settings}{layer}")));
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Tree::new(&files)
}

#[test]
fn no_format_of_a_hostile_tree_commands_anything() {
    let tree = hostile();
    let runs: [&[&str]; 26] = [
        &["."],
        &[".", "-v", "--color", "always"],
        &[".", "-q", "--assume-websocket"],
        &[".", "--format", "concise"],
        &[".", "--format", "json"],
        &[".", "--format", "jsonl"],
        &[".", "--format", "sarif"],
        &[".", "--format", "gitlab"],
        &[".", "--format", "junit"],
        &[".", "--format", "checkstyle"],
        &[".", "--format", "rdjson"],
        &[".", "--format", "markdown"],
        &[".", "--format", "narrated"],
        &[".", "--report", "concise", "--report", "sarif"],
        &["--diff", "."],
        &["--diff", "--unsafe-fixes", "."],
        &["endpoints", "."],
        &["endpoints", "-v", "."],
        &["endpoints", "--format", "json", "."],
        &["endpoints", "--format", "markdown", "."],
        &["endpoints", "--format", "csv", "."],
        &["trace", "ws://s0.example:800/ws/0", "."],
        &[
            "trace",
            "ws://s5.example:805/ws/5?::error::=##[error]",
            ".",
            "-H",
            "X: ##[error]",
            "--color=always",
        ],
        &["trace", "ws://::error::a/ws", "."],
        &["trace", "ws://s1.example:801/::error::/ws", "nginx.conf", "--format", "json"],
        &["--fix", "--unsafe-fixes", "."],
    ];
    let mut shown = 0;
    for columns in ["40", "200"] {
        let tree =
            if columns == "40" { hostile().env("COLUMNS", "40") } else { hostile().env("COLUMNS", "200") };
        for arguments in runs {
            let run = tree.run(arguments);
            commands_nothing(&run, arguments);
            shown += usize::from(run.stdout.contains("pwned"));
        }
    }
    assert!(shown > 12, "commands are shown, in {shown} outputs");
    let denied = tree.run(&["-q", "."]).stderr;
    assert!(denied.contains("endpoints denied by comments"), "{denied}");
    assert!(tree.run(&["."]).stdout.contains("a template fills in lines for `%%GLOBALS0%%`"));
    // Readable all the same, and the same value for programs.
    let human = tree.run(&["nginx.conf"]).stdout;
    assert!(human.contains(r"#\x23[error]pwned") && human.contains(r"#\x23vso[task.complete"), "{human}");
    let json = tree.run(&["nginx.conf", "--format", "json"]).stdout;
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let names = serde_json::to_string(&value["endpoints"]).unwrap();
    assert!(names.contains("##[error]pwned"), "{names}");
}

#[test]
fn no_word_of_the_command_line_commands_anything() {
    let tree = Tree::new(&[("nginx.conf", "events {}\nhttp {}\n")]);
    for command in COMMANDS {
        let option = format!("--{command}");
        let map = format!("{command}=");
        let field = format!("{command}:x");
        let url = format!("ws://a/{command}");
        let missing = format!("missing/{command}");
        let runs: [&[&str]; 22] = [
            &[command],
            &[&missing, "--format", "concise"],
            &[&missing, "--format", "json"],
            &[&option],
            &["--select", command],
            &["--config", command, "."],
            &["--path-map", &map],
            &["--path-map", &field],
            &["--ws-path", command],
            &["--nginx-version", command],
            &["--format", command],
            &["--fail-on", command],
            &["--color", command],
            &["--stdin-filename", command, "-"],
            &["-o", &missing, "."],
            &["explain", command],
            &["rules", command],
            &["endpoints", command],
            &["trace", command],
            &["trace", &url, "."],
            &["trace", "ws://a/", "--via-listen", command],
            &["trace", "ws://a/", "-H", command],
        ];
        for arguments in runs {
            let run = tree.run(arguments);
            commands_nothing(&run, arguments);
        }
    }
}

/// Names of links that a stranger made, where a report was to go.
#[test]
fn no_link_that_is_refused_commands_anything() {
    for command in COMMANDS {
        let tree = Tree::new(&[("repo/.git/HEAD", ""), ("repo/nginx.conf", "events {}\nhttp {\n}\n")]);
        symlink(command, tree.path("repo/report")).unwrap();
        symlink("../elsewhere", tree.path("repo").join(command)).unwrap();
        let named = format!("repo/{command}/x");
        for arguments in [&["repo", "-o", "repo/report"], &["repo", "-o", named.as_str()]] {
            let run = tree.run(arguments);
            assert_eq!(run.code, Some(2), "{}", run.shown());
            assert!(run.stderr.contains("is a link of the tree"), "{}", run.shown());
            commands_nothing(&run, arguments);
        }
    }
}

/// The one whose fix changes a line and nothing else.
const RULE: &str = "--select=websocket-scheme-in-proxy-pass";

/// A fix beside a line that a runner would obey, and one far from it.
fn beside_a_command() -> String {
    let location = |path: &str, text: &str| {
        format!(
            "        location {path} {{
            {text}
            proxy_pass ws://127.0.0.1:9000;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_read_timeout 1h;
        }}



"
        )
    };
    let server = "    server {\n        listen 80;\n        server_name example.com;\n";
    let locations = [
        location("/ws/", "add_header X \"\n::error::pwned\n\";"),
        location("/socket/", "# nothing"),
        location("/cable/", "# ##[error]pwned"),
    ];
    format!("events {{}}\nhttp {{\n{server}{}    }}\n}}\n", locations.concat())
}

#[test]
fn a_hunk_that_holds_a_command_is_withheld_unless_it_goes_to_a_file() {
    let text = beside_a_command();
    let tree = Tree::new(&[("nginx.conf", &text), ("copy.conf", &text)]);
    let arguments = ["--diff", "-q", RULE, "nginx.conf"];
    let run = tree.run(&arguments);
    commands_nothing(&run, &arguments);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert_eq!(
        run.stderr,
        "warning[hunk-withheld]: this patch is incomplete: the hunks at lines 7, 31 hold what a CI system or a \
         terminal takes for a command; `--output FILE` writes all of it (nginx.conf)\n"
    );
    // What is shown is a patch, as far as it goes.
    assert!(run.stdout.contains("@@ -19,7 +19,7 @@"), "{}", run.stdout);
    apply(&tree, run.stdout.as_bytes());
    let fixed = fs::read_to_string(tree.path("nginx.conf")).unwrap();
    assert_eq!(fixed.matches("proxy_pass http://").count(), 1, "{fixed}");

    fs::write(tree.path("nginx.conf"), &text).unwrap();
    let run = tree.run(&["--diff", "-q", RULE, "nginx.conf", "-o", "all.patch"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(1), "", ""));
    apply(&tree, &fs::read(tree.path("all.patch")).unwrap());
    let fixed = fs::read_to_string(tree.path("nginx.conf")).unwrap();
    assert_eq!(fixed, text.replace("ws://", "http://"));
}

/// Applies a diff with `patch`.
fn apply(tree: &Tree, diff: &[u8]) {
    let mut patch = Command::new("patch");
    patch.args(["-p0", "--binary"]).current_dir(tree.path(".")).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut patch = patch.spawn().unwrap();
    patch.stdin.take().unwrap().write_all(diff).unwrap();
    assert!(patch.wait().unwrap().success(), "{}", String::from_utf8_lossy(diff));
}

/// A patch in a pipe ends on a terminal too.
#[test]
fn a_hunk_that_commands_a_terminal_is_withheld_unless_it_goes_to_a_file() {
    for hidden in [
        "\u{1b}[2J",
        "\u{1b}]8;;http://a\u{1b}\\",
        "a\rb",
        "\u{9b}2J",
        "\u{8}",
        "\u{7f}",
        "\u{202e}",
        "\u{2066}",
    ] {
        let text =
            beside_a_command().replace("# nothing", &format!("# {hidden} a")).replace("::error", "error");
        let text = text.replace("##[", "[");
        let tree = Tree::new(&[("nginx.conf", &text)]);
        let run = tree.run(&["--diff", "-q", RULE, "nginx.conf"]);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(
            run.stderr.contains("the hunk at line 19 holds what a CI system or a terminal"),
            "{}",
            run.stderr
        );
        assert!(run.stdout.contains("@@ -7,7 +7,7 @@") && !run.stdout.contains(hidden), "{}", run.stdout);
        let run = tree.run(&["--diff", "-q", RULE, "nginx.conf", "-o", "all.patch"]);
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(1), "", ""));
        apply(&tree, &fs::read(tree.path("all.patch")).unwrap());
        let fixed = fs::read_to_string(tree.path("nginx.conf")).unwrap();
        assert_eq!(fixed, text.replace("ws://", "http://"), "{hidden:?}");
    }
}

//! What the fuzzer starts from: the examples of the rules' pages, which reach every rule.

use std::collections::BTreeSet;

use ws_rules::RULES;

use crate::Target;

const HEAD: &str =
    "events {}\nhttp {\n    map $http_upgrade $connection_upgrade { default upgrade; '' close; }\n";

const SETTINGS: &str = r#"nginx-version = "1.22-1.26"
roots = ["nginx.conf"]
prefix = "etc"
path-map = { "/etc/nginx" = "." }
websocket-paths = ["/live"]
not-websocket = ["/static"]
heartbeat = "25s"
min-read-timeout = "1m"
expected-connections = 1000

[[layers]]
name = "cloudflare"
websocket = true
idle-timeout = "100s"

[rules]
lifetime = "warning"
short-read-timeout = "off"
"#;

/// What CI systems obey, in the words of a configuration that each output shows somewhere.
const COMMANDS: &str = "events {}
http {
    server {
        listen 80;
        server_name ::error::a ##[error]b;
        # ##vso[task.complete] websocket
        location /##teamcity[x]/ws { proxy_pass http://::add-mask::c; proxy_set_header ::warning::d ##[group]; }
        include ::notice::/*.conf ##[e].conf;
    }
}
# file: ::error::.conf
# file: ##[e].conf
location /ws { proxy_pass http://a; proxy_set_header Upgrade $http_upgrade; }
";

/// Inputs to start from, in the target's own form.
pub fn seeds(target: Target) -> Vec<Vec<u8>> {
    let blocks = || RULES.iter().flat_map(|rule| nginx_blocks(rule.meta().docs));
    let trees = || blocks().map(|block| tree(&block)).chain(std::iter::once(COMMANDS.to_owned()));
    let texts: Vec<String> = match target {
        Target::Parse => blocks().collect(),
        Target::Run | Target::Fix => trees().collect(),
        Target::Trace => {
            trees().map(|tree| format!("ws://example.com/ws/\tOrigin: https://a\n{tree}")).collect()
        }
        Target::Settings => std::iter::once(SETTINGS.to_owned()).chain(lines_of(SETTINGS)).collect(),
    };
    texts.into_iter().map(String::into_bytes).collect()
}

/// The words of the seeds, as libFuzzer reads a dictionary: a mutation may put one in.
pub fn dictionary(target: Target) -> String {
    let mut words: BTreeSet<Vec<u8>> = BTreeSet::new();
    for seed in seeds(target) {
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || b";{}\"'".contains(byte);
        let found = seed.split(is_end).filter(|word| (2..40).contains(&word.len()));
        words.extend(found.map(<[u8]>::to_vec));
    }
    // Everything that starts a file, or stands for one of the program's own comments.
    words.extend([&b"\n# file: "[..], b"# nginx-ws-lint: "].map(<[u8]>::to_vec));
    words.iter().map(|word| format!("\"{}\"\n", quoted(word))).collect()
}

/// Bytes that are more than letters and digits as `\xAB`.
fn quoted(word: &[u8]) -> String {
    let byte = |&byte: &u8| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("\\x{byte:02X}"),
    };
    word.iter().map(byte).collect()
}

/// A block of a page as a main file, with the files that follow it.
fn tree(block: &str) -> String {
    let (first, rest) = match block.find("# file: ") {
        Some(at) => block.split_at(at),
        None => (block, ""),
    };
    if first.contains("events") || first.contains("http {") {
        return block.to_owned();
    }
    format!("{HEAD}{first}}}\n{rest}")
}

/// What stands in fences of nginx.
fn nginx_blocks(page: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in page.lines() {
        match &mut open {
            Some(_) if line.starts_with("```") => blocks.extend(open.take()),
            Some(block) => {
                block.push_str(line);
                block.push('\n');
            }
            None if line.starts_with("```nginx") => open = Some(String::new()),
            None => {}
        }
    }
    blocks
}

/// Each key alone, for the fuzzer to put together anew.
fn lines_of(settings: &str) -> impl Iterator<Item = String> {
    settings.lines().filter(|line| line.contains('=')).map(|line| format!("{line}\n"))
}

//! One placeholder of a template engine makes one word unknown: what depends on it is not said, all else is.

use lint_engine::Which;

use crate::snippet::{Snippet, listed};

/// A location that is ready for production, with these lines besides.
fn location(lines: &str) -> String {
    format!(
        "map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}\n\
         server {{\nlisten 80;\nserver_name a.test;\nlocation /ws/ {{\nproxy_pass http://127.0.0.1:9;\n{lines}\n}}\n}}\n"
    )
}

const UPGRADE: &str = "proxy_set_header Upgrade $http_upgrade;";
const CONNECTION: &str = "proxy_set_header Connection $connection_upgrade;";
const VERSION: &str = "proxy_http_version 1.1;";
const TIME: &str = "proxy_read_timeout 1h;";

fn lines(lines: &[&str]) -> String {
    location(&lines.join("\n"))
}

fn of(http: &str) -> Snippet {
    Snippet::of_page("", http)
}

/// What is blamed with a value that is wrong is not with one that nobody knows.
#[test]
fn what_depends_on_the_word_is_not_said() {
    let socket = "location /ws/ { proxy_pass http://127.0.0.1:9; proxy_http_version 1.1; \
                  proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; \
                  proxy_read_timeout 1h; }";
    // `@` stands for the word.
    let table: [(String, &str, &[&str]); 10] = [
        (
            lines(&[UPGRADE, CONNECTION, VERSION, "proxy_read_timeout @;"]),
            "5s",
            &["\"{{ t }}\"", "<%= t %>", "@@T@@", "${T}", "'{% if a %}1s{% endif %}'"],
        ),
        (lines(&["proxy_set_header Upgrade @;", CONNECTION, VERSION, TIME]), "h2c", &["\"{{ u }}\"", "${U}"]),
        (
            lines(&["proxy_set_header @ $http_upgrade;", CONNECTION, VERSION, TIME]),
            "X-Upgrade",
            &["'{{ name }}'"],
        ),
        (
            lines(&[UPGRADE, "proxy_set_header Connection @;", VERSION, TIME]),
            "close",
            &["\"{{ c }}\"", "<%= c %>"],
        ),
        (lines(&[UPGRADE, CONNECTION, "proxy_http_version @;", TIME]), "1.0", &["\"{{ v }}\"", "@@V@@"]),
        (lines(&[UPGRADE, CONNECTION, VERSION, TIME, "proxy_hide_header @ b;"]), "a", &["<%= names %>"]),
        (lines(&[UPGRADE, CONNECTION, VERSION, TIME, "return @;"]), "404", &["\"{{ code }}\"", "${CODE}"]),
        (
            lines(&[UPGRADE, CONNECTION, VERSION, TIME, "include @;"]),
            "none.conf",
            &["\"{{ file }}.conf\"", "${FILE}"],
        ),
        (
            format!("server {{ listen 80; server_name @; }} server {{ listen 80; server_name @; {socket} }}"),
            "a.test",
            &["\"{{ host }}\"", "<%= host %>", "@@HOST@@"],
        ),
        (
            format!("map $http_upgrade $c {{ default @; }} server {{ listen 80; {socket} }}")
                .replace("Connection upgrade", "Connection $c"),
            "close",
            &["\"{{ c }}\"", "<%= c %>"],
        ),
    ];
    for (text, wrong, words) in table {
        let blamed = of(&text.replace('@', wrong)).blamed();
        assert!(!blamed.is_empty(), "nothing is wrong with {wrong}:\n{text}");
        for word in words {
            let text = text.replace('@', "\u{1}").replace('\u{1}', word);
            let outcome = of(&text).run();
            assert!(of(&text).blamed().is_empty(), "{text}\n{}", listed(&outcome.findings));
            assert_eq!(outcome.summary.endpoints, 1, "{text}");
        }
    }
}

/// The rest of the file is judged as if the word were any other.
#[test]
fn all_else_is_said() {
    for line in [
        "add_header X \"{{ x }}\";",
        "add_header X @@SHA@@;",
        "add_header X <%= x %>;",
        "add_header X <%;",
        "add_header X '{% x %}';",
        "# {{ x }} {% if %} <% @@X@@",
        "root \"/srv/${X}\";",
    ] {
        let text = lines(&[UPGRADE, line, VERSION, TIME]);
        assert_eq!(of(&text).blamed(), ["missing-connection-header"], "{text}");
        let (fixed, _) = of(&text).fixed(Which::Safe);
        assert!(fixed.blamed().is_empty(), "{text}");
        assert!(fixed.files.iter().any(|(_, text)| text.contains(line)), "{line} is kept");
    }
}

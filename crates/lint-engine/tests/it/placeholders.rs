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

/// An endpoint that is ready for production, `at` a location.
fn socket(at: &str) -> String {
    format!(
        "location {at} {{ proxy_pass http://127.0.0.1:9; proxy_http_version 1.1; proxy_read_timeout 1h; \
         proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }}"
    )
}

/// A server of port 80 with these lines before a socket at `/ws/`.
fn server(lines: &str) -> String {
    format!("server {{ listen 80; server_name a.test; {lines} {} }}", socket("/ws/"))
}

/// A server with one fault, [`NEIGHBOUR`], which stands in the same file.
fn neighbour() -> String {
    let at = "listen 8080; server_name b.test; location /chat";
    format!("server {{ {at} {{ proxy_pass http://127.0.0.1:9; {UPGRADE} {VERSION} {TIME} }} }}\n")
}

const NEIGHBOUR: &str = "missing-connection-header";

/// A text in which `WORD` stands for the word, a value with which something is blamed, and placeholders with which nothing
/// is.
type Row = (String, &'static str, &'static [&'static str]);

fn header_rows() -> Vec<Row> {
    vec![
        (
            lines(&[UPGRADE, CONNECTION, VERSION, "proxy_read_timeout WORD;"]),
            "5s",
            &["\"{{ t }}\"", "<%= t %>", "@@T@@", "${T}", "'{% if a %}1s{% endif %}'"],
        ),
        (
            lines(&["proxy_set_header Upgrade WORD;", CONNECTION, VERSION, TIME]),
            "h2c",
            &["\"{{ u }}\"", "${U}"],
        ),
        (
            lines(&[UPGRADE, "proxy_set_header Connection WORD;", VERSION, TIME]),
            "close",
            &["\"{{ c }}\"", "<%= c %>"],
        ),
        (lines(&[UPGRADE, CONNECTION, "proxy_http_version WORD;", TIME]), "1.0", &["\"{{ v }}\"", "@@V@@"]),
        (lines(&[UPGRADE, CONNECTION, VERSION, TIME, "proxy_hide_header WORD b;"]), "a", &["<%= names %>"]),
        (server("set $u WORD;").replace("$http_upgrade", "$u"), "h2c", &["\"{{ u }}\"", "${U}", "@@U@@"]),
        (
            format!("map $http_upgrade $c {{ default WORD; }} {}", server(""))
                .replace("Connection upgrade", "Connection $c"),
            "close",
            &["\"{{ c }}\"", "<%= c %>"],
        ),
    ]
}

fn block_rows() -> Vec<Row> {
    let named = "server_name a.test; return 404;";
    vec![
        (
            format!("server {{ listen 80; server_name WORD; return 404; }} {}", server("")),
            "a.test",
            &["\"{{ host }}\"", "<%= host %>", "@@HOST@@", "a.${DOMAIN}"],
        ),
        (
            format!("server {{ listen WORD; {named} }} {}", server("")),
            "80",
            &["\"{{ port }}\"", "${PORT}", "127.0.0.1:<%= port %>", "@@PORT@@"],
        ),
        (
            server("ssl_certificate a.pem; ssl_certificate_key a.key;")
                .replace("listen 80", "listen 443 WORD"),
            "reuseport",
            &["\"{{ ssl }}\"", "<%= ssl %>", "@@SSL@@", "${SSL}"],
        ),
        (server("").replace("listen 80", "listen 80 WORD"), "http2", &["\"{{ protocol }}\"", "@@PROTOCOL@@"]),
        (
            server("location ~ WORD { return 404; }"),
            "^/ws",
            &["\"^/{{ path }}\"", "^/${PATH}", "<%= regex %>", "@@REGEX@@"],
        ),
        (
            server("location WORD { return 404; }"),
            "/ws/",
            &["\"/{{ path }}/\"", "/${PATH}/", "<%= path %>", "/@@PATH@@/"],
        ),
        (
            server("location WORD /ws { return 404; }"),
            "~",
            &["\"{{ modifier }}\"", "<%= modifier %>", "@@MODIFIER@@"],
        ),
        (
            format!("upstream u {{ server WORD; }} {}", server("")).replace("127.0.0.1:9", "u"),
            "127.0.0.1:443",
            &["\"127.0.0.1:{{ port }}\"", "<%= peer %>", "a:${PORT}", "@@PEER@@"],
        ),
        (
            format!("upstream u {{ ip_hash; server a:1 WORD; server b:1; }} {}", server(""))
                .replace("127.0.0.1:9", "u"),
            "backup",
            &["\"{{ role }}\"", "<%= role %>", "${ROLE}", "@@ROLE@@"],
        ),
        (
            server("").replace("http://127.0.0.1:9", "WORD"),
            "http://127.0.0.1:443",
            &["\"http://{{ back_end }}\"", "http://a:${PORT}", "<%= back_end %>", "@@SCHEME@@://a"],
        ),
    ]
}

fn request_rows() -> Vec<Row> {
    vec![
        (
            server("if ($http_upgrade != WORD) { return 400; }"),
            "WebSocket",
            &["\"{{ name }}\"", "<%= name %>", "${NAME}", "@@NAME@@"],
        ),
        (
            server("if ($request_method = WORD) { return 405; }"),
            "GET",
            &["\"{{ method }}\"", "<%= method %>", "${METHOD}", "@@METHOD@@"],
        ),
        (server("if (WORD = GET) { return 405; }"), "$request_method", &["<%= variable %>", "${VARIABLE}"]),
        (
            server("rewrite WORD /gone redirect;"),
            "^/ws/",
            &["\"^/{{ path }}\"", "<%= regex %>", "^/${PATH}", "@@REGEX@@"],
        ),
        (
            server("rewrite ^/ws/ WORD;"),
            "http://c.test/",
            &["\"{{ url }}\"", "<%= url %>", "${URL}", "@@SCHEME@@://c.test/"],
        ),
        (
            server("rewrite ^/ws/ /ws/x WORD;"),
            "redirect",
            &["\"{{ flag }}\"", "<%= flag %>", "${FLAG}", "@@FLAG@@"],
        ),
        (
            server("error_page 404 WORD; location /old { root /x; }").replace("/ws/", "@ws"),
            "@ws",
            &["\"{{ uri }}\"", "<%= uri %>", "${URI}", "@@URI@@"],
        ),
        (
            server("error_page 404 WORD @ws; location /old { root /x; }")
                .replace("location /ws/", "location @ws"),
            "410",
            &["\"{{ status }}\"", "<%= status %>", "${STATUS}", "@@STATUS@@"],
        ),
        (
            server("error_page 404 =WORD @ws; location /old { root /x; }")
                .replace("location /ws/", "location @ws"),
            "200",
            &["${STATUS}", "<%= status %>", "@@STATUS@@"],
        ),
        (lines(&[UPGRADE, CONNECTION, VERSION, TIME, "return WORD;"]), "404", &["\"{{ code }}\"", "${CODE}"]),
        (
            lines(&[UPGRADE, CONNECTION, VERSION, TIME, "include WORD;"]),
            "none.conf",
            &["\"{{ file }}.conf\"", "${FILE}"],
        ),
    ]
}

/// A word with its `@@NAME@@` in all the ways in which templates mark names.
fn spelt_otherwise(word: &str) -> Vec<String> {
    let Some((before, name, after)) = word.split_once("@@").and_then(|(before, rest)| {
        let (name, after) = rest.split_once("@@")?;
        Some((before, name, after))
    }) else {
        return vec![word.to_owned()];
    };
    let small = name.to_lowercase();
    let all = [
        format!("@@{name}@@"),
        format!("@@{small}@@"),
        format!("%%{name}%%"),
        format!("%%{small}%%"),
        format!("##{name}##"),
        format!("__{name}__"),
    ];
    all.iter().map(|name| format!("{before}{name}{after}")).collect()
}

/// What is blamed with a value that is wrong is not with one that nobody knows, and all else in the file is.
#[test]
fn what_depends_on_the_word_is_not_said() {
    let mut wrong_ones = Vec::new();
    for (text, wrong, words) in [header_rows(), block_rows(), request_rows()].concat() {
        let text = text + "\n" + &neighbour();
        let blamed = of(&text.replace("WORD", wrong)).blamed();
        if blamed.len() < 2 || !blamed.contains(&NEIGHBOUR) {
            wrong_ones.push(format!("only {blamed:?} is blamed with {wrong}:\n{text}"));
        }
        for word in words.iter().flat_map(|word| spelt_otherwise(word)) {
            let text = text.replace("WORD", &word);
            let outcome = of(&text).run();
            if of(&text).blamed() != [NEIGHBOUR] || outcome.summary.endpoints != 2 {
                wrong_ones.push(format!(
                    "{text}{} endpoints\n{}",
                    outcome.summary.endpoints,
                    listed(&outcome.findings)
                ));
            }
        }
    }
    assert!(wrong_ones.is_empty(), "{}", wrong_ones.join("\n"));
}

/// A path that the user names is not said to be served elsewhere where a placeholder may serve it.
#[test]
fn a_location_that_may_be_the_one_is_not_said_to_be() {
    let text = |word: &str| server(&format!("location = {word} {{ return 404; }}"));
    let blamed = |word| Snippet::of_page("ws-path=/ws/chat", &text(word)).blamed();
    assert_eq!(blamed("/ws/chat"), ["handshake-intercepted"]);
    for word in ["\"/ws/{{ room }}\"", "/ws/${ROOM}", "<%= path %>", "@@PATH@@"] {
        assert_eq!(blamed(word), Vec::<&str>::new(), "{word}");
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
        "# {{",
        "# <%",
        "add_header X \"{{ {% <% @@X@@ [[ x ]]\";",
        "add_header X '<% {{ {%';",
        "add_header X \"{{\"; add_header Y '{%';",
        "add_header X 'a'; # @@X@@ <%= x",
        "if ($arg_x = \"{{\") { set $x '%>'; }",
        "root \"/srv/${X}\";",
    ] {
        let text = lines(&[UPGRADE, line, VERSION, TIME]);
        assert_eq!(of(&text).blamed(), ["missing-connection-header"], "{text}");
        let (fixed, _) = of(&text).fixed(Which::Safe);
        assert!(fixed.blamed().is_empty(), "{text}");
        assert!(fixed.files.iter().any(|(_, text)| text.contains(line)), "{line} is kept");
    }
}

/// A field with a name that nobody knows may be the one that is missing, so no fix adds that; it is said all the same, as
/// nginx sends the name as it stands.
#[test]
fn a_name_that_is_unknown_hides_no_other_field() {
    for name in ["__X__", "a%%X%%b", "$(X)", "@@X@@", "x##X##", "'{{ x }}'", "<%= x %>", "${X}", "\"__X__\""]
    {
        for value in ["''", "$http_upgrade", "upgrade", "@@V@@"] {
            let unnamed = format!("proxy_set_header {name} {value};");
            for (all, blamed) in [
                (lines(&[&unnamed, UPGRADE, VERSION, TIME]), "missing-connection-header"),
                (lines(&[UPGRADE, &unnamed, VERSION, TIME]), "missing-connection-header"),
                (lines(&[&unnamed, CONNECTION, VERSION, TIME]), "missing-upgrade-header"),
            ] {
                assert_eq!(of(&all).blamed(), [blamed], "{all}");
                let (fixed, _) = of(&all).fixed(Which::Safe);
                assert!(fixed.files.iter().any(|(_, text)| text.contains(&all)), "{all}");
            }
            let complete = lines(&[&unnamed, UPGRADE, CONNECTION, VERSION, TIME]);
            assert_eq!(of(&complete).blamed(), Vec::<&str>::new(), "{complete}");
        }
    }
}

/// Whoever writes a line that may set anything silences what is said around it, so such lines are counted.
#[test]
fn lines_that_stand_for_others_are_counted() {
    for (line, unknown) in [
        ("", 0),
        ("%%X%%\n", 1),
        ("%%X%%\n%%Y%%\n%%Y%%;", 3),
        ("include /elsewhere/a.conf;", 1),
        ("include ${DIR}/a.conf; include ${DIR}/a.conf;", 2),
        ("proxy_set_header X @@X@@;", 0),
        ("include /dev/null;", 0),
        ("include \"/dev//null\"; include /dev/./null;", 0),
    ] {
        let outcome = of(&lines(&[UPGRADE, VERSION, TIME, line])).run();
        assert_eq!(outcome.summary.unknown_lines, unknown, "{line}");
        assert!(!outcome.is_incomplete(), "{line}");
    }
}

/// nginx reads nothing there, and that is known.
#[test]
fn an_include_of_the_null_device_hides_nothing() {
    for around in ["include /dev/null;", "include /dev/null; include '/dev/null';"] {
        for text in [
            lines(&[UPGRADE, around, VERSION, TIME]),
            lines(&[UPGRADE, VERSION, TIME]).replace("listen 80;", &format!("listen 80; {around}")),
            lines(&[UPGRADE, VERSION, TIME]).replace("server {", &format!("{around}\nserver {{")),
        ] {
            assert_eq!(of(&text).blamed(), ["missing-connection-header"], "{text}");
            let (fixed, _) = of(&text).fixed(Which::Safe);
            assert!(fixed.blamed().is_empty(), "{text}");
        }
    }
}

/// A line that is one placeholder stands for lines that nobody knows: no syntax error, and all around is judged. With
/// `WORD` gone, something is blamed that such a line may cure.
#[test]
fn a_line_of_its_own_is_like_an_include_that_was_not_given() {
    let complete = lines(&[UPGRADE, CONNECTION, VERSION, TIME]);
    for (text, blamed) in [
        (complete.replace("server {", "WORD\nserver {"), vec![]),
        (complete.replace("listen 80;", "listen 80;\nWORD"), vec![]),
        (complete.replace("location /ws/", "WORD\nlocation /ws/"), vec![]),
        (lines(&[UPGRADE, CONNECTION, VERSION, "WORD"]), vec!["short-read-timeout"]),
        (lines(&["WORD", UPGRADE, VERSION, TIME]), vec!["missing-connection-header"]),
        (lines(&[UPGRADE, VERSION, "WORD", TIME]), vec!["missing-connection-header"]),
        (
            complete.replace("default upgrade;", "default keep-alive;\nWORD\n"),
            vec!["wrong-connection-header"],
        ),
        (format!("upstream u {{ server a:1;\n WORD\n }} {complete}").replace("127.0.0.1:9;", "u;"), vec![]),
    ] {
        let with = |line: &str| of(&(text.replace("WORD", line) + "\n" + &neighbour()));
        let others: Vec<&str> = [blamed, vec![NEIGHBOUR]].concat();
        let plain = with("").blamed();
        assert!(others.iter().all(|rule| plain.contains(rule)), "{plain:?} {text}");
        for line in ["%%GLOBALS%%", "@@INCLUDES@@", "@@includes@@", "__LINES__", "%%X%% # why", "%%X%%;"] {
            let outcome = with(line).run();
            let said = (with(line).blamed(), outcome.summary.endpoints);
            assert_eq!(said, (vec![NEIGHBOUR], 2), "{line} {text}");
            let is_said =
                |notice: &&lint_finding::Notice| notice.message.contains("a template fills in lines");
            assert_eq!(outcome.notices.iter().filter(is_said).count(), 1, "{line} {text}");
            assert!(!outcome.is_incomplete());
            let (fixed, _) = with(line).fixed(Which::All);
            assert!(fixed.files.iter().any(|(_, text)| text.contains(line)), "{line} is kept");
        }
    }
}

/// What stands in place of a directive with words behind it, or of a block, is a line that nobody knows.
#[test]
fn a_directive_that_nobody_knows_is_a_line_that_is_filled_in() {
    for line in ["@@NAME@@ on;", "%%NAME%% on;", "@@NAME@@ { }", "%%NAME%% x { listen 80; }"] {
        let outcome = of(&format!("{line}\n{}", neighbour())).run();
        assert!(!outcome.is_incomplete(), "{line}");
        assert_eq!(outcome.summary.unknown_lines, 1, "{line}");
        let blamed: Vec<&str> = outcome.findings.iter().map(|finding| finding.rule.name).collect();
        assert!(
            !blamed.contains(&"unknown-directive") && !blamed.contains(&"syntax-error"),
            "{line} {blamed:?}"
        );
    }
}

/// A peer whose address or parameters are not known may be none, or many.
#[test]
fn peers_that_are_filled_in_are_not_counted() {
    for (peers, is_blamed) in [
        ("server a:1; server b:1;", true),
        ("server @@S1@@ @@P@@; server b:1;", false),
        ("server a:1 %%P%%; server b:1;", false),
        ("server a:1; server b:1 @@p@@;", false),
        ("server a:1; server b:1; server c:1 @@P@@;", true),
    ] {
        let socket = socket("/socket.io/").replace("127.0.0.1:9", "u");
        let text = format!("upstream u {{ {peers} }} server {{ listen 80; server_name a.test; {socket} }}");
        let blamed = of(&text).blamed();
        assert_eq!(blamed.contains(&"upstream-without-stickiness"), is_blamed, "{peers} {blamed:?}");
    }
}

/// What is filled in lies elsewhere, where the files that it includes may be.
#[test]
fn a_file_with_lines_to_fill_in_may_find_its_includes_elsewhere() {
    for (line, is_blamed) in [("", true), ("%%GLOBALS%%", false)] {
        let text = server(&format!("\n{line}\ninclude none.conf;"));
        assert_eq!(of(&text).blamed().contains(&"include-not-found"), is_blamed, "{line}");
    }
}

/// No file is called `$DIR`, and nginx has no variables in an include.
#[test]
fn an_include_that_is_filled_in_may_lie_anywhere() {
    for (path, is_blamed) in [
        ("conf.d/a.conf", true),
        ("conf@d/a.conf", true),
        ("50%/a.conf", true),
        ("${core.includes}/a.conf", false),
        ("${DIR:-conf.d}/a.conf", false),
        ("$DIR/a.conf", false),
        ("%DIR%/a.conf", false),
        ("%(dir)s/a.conf", false),
        ("<DIR>/a.conf", false),
        ("@DIR@/a.conf", false),
    ] {
        let text = format!("events {{}}\nhttp {{\n    include {path};\n}}\n");
        assert_eq!(of(&text).blamed().contains(&"include-not-found"), is_blamed, "{path}");
    }
}

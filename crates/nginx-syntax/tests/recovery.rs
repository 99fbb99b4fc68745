//! What is said of broken files, and what is understood of them all the same.
//!
//! The lines are those that nginx 1.30.6 prints (`nginx -t`), unless a row says otherwise.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use nginx_syntax::{NameNumber, NodeId, Source, Tree, Vocabulary, parse};

/// Knows a few directives as nginx's catalogue does.
struct Few;

/// The names, from number 1 on, the most words and whether there is a block.
const KNOWN: [(&[u8], Option<usize>, bool); 10] = [
    (b"root", Some(2), false),
    (b"index", None, false),
    (b"listen", None, false),
    (b"server_name", None, false),
    (b"proxy_pass", Some(2), false),
    (b"proxy_read_timeout", Some(2), false),
    (b"proxy_set_header", Some(3), false),
    (b"events", None, true),
    (b"http", None, true),
    (b"location", Some(3), true),
];

impl Vocabulary for Few {
    fn number(&self, name: &[u8]) -> NameNumber {
        let at = KNOWN.iter().position(|(known, ..)| *known == name);
        NameNumber(at.and_then(|at| u16::try_from(at + 1).ok()).unwrap_or_default())
    }

    fn most_words(&self, name: NameNumber) -> Option<usize> {
        KNOWN.get(usize::from(name.0).checked_sub(1)?).and_then(|(_, most, _)| *most)
    }

    fn takes_block(&self, name: NameNumber) -> Option<bool> {
        KNOWN.get(usize::from(name.0).checked_sub(1)?).map(|(.., block)| *block)
    }
}

/// Each error as `LINE MESSAGE`, its hints as ` + HINT @LINE`.
fn errors(text: &[u8]) -> Vec<String> {
    let source = Source::new("x", text.to_vec()).unwrap();
    let tree = parse(text, &Few);
    let shown = |error: &nginx_syntax::SyntaxError| {
        let hints: String = error
            .hints
            .iter()
            .map(|(span, hint)| format!(" + {hint:?} @{}", source.line(span.start)))
            .collect();
        format!("{} {}{hints}", source.line(error.at.start), error.kind)
    };
    tree.errors().iter().map(shown).collect()
}

/// The names of the directives as a nest of brackets, arguments left out.
fn outline(text: &[u8]) -> String {
    fn inside(tree: &Tree, text: &[u8], parent: NodeId) -> String {
        let one = |id| {
            let words: Vec<_> =
                tree.words(id).map(|word| String::from_utf8_lossy(word.of(text)).into_owned()).collect();
            let body =
                if tree.is_block(id) { format!("{{{}}}", inside(tree, text, id)) } else { String::new() };
            format!("{}{body}", words.join(" "))
        };
        tree.children(parent).map(one).collect::<Vec<_>>().join("; ")
    }
    inside(&parse(text, &Few), text, NodeId::FILE)
}

/// The start of a main file; what follows is on line 5.
const START: &str = "events {}\nhttp {\n  server {\n    listen 127.0.0.1:18190;\n";
/// The end of it.
const END: &str = "  }\n}\n";

fn check(table: &[(&str, &[&str])]) {
    for (body, expected) in table {
        let text = format!("{START}{body}{END}");
        assert_eq!(errors(text.as_bytes()), *expected, "{body}");
    }
}

#[test]
fn a_missing_semicolon() {
    check(&[
        ("    location / {\n      root /x\n    }\n", &["7 unexpected \"}\" + MissingSemicolon @6"]),
        ("    location / { root /x }\n", &["5 unexpected \"}\" + MissingSemicolon @5"]),
        (
            "    root /x\n    index y;\n",
            &["6 invalid number of arguments in \"root\" directive + MissingSemicolon @5"],
        ),
        (
            "    root /x # why\n    # because\n    index y;\n",
            &["7 invalid number of arguments in \"root\" directive + MissingSemicolon @6"],
        ),
        (
            "    location / {\n      proxy_pass http://127.0.0.1:1\n      proxy_read_timeout 5s;\n    }\n",
            &["7 invalid number of arguments in \"proxy_pass\" directive + MissingSemicolon @6"],
        ),
        // Before a block nginx looks at the block first.
        (
            "    server_name a\n    location / {\n    }\n",
            &["6 directive \"server_name\" is not terminated by \";\" + MissingSemicolon @5"],
        ),
        (
            "    root /x\n    location / {\n    }\n",
            &["6 directive \"root\" is not terminated by \";\" + MissingSemicolon @5"],
        ),
        // nginx sees no syntax error where the number of words is free.
        ("    server_name a\n      b;\n", &[]),
    ]);
    let text = format!(
        "{START}    server_name a\n    location / {{\n      root /x\n      index y\n    }}\n    root /z;\n{END}"
    );
    assert_eq!(
        outline(text.as_bytes()),
        "events{}; http{server{listen 127.0.0.1:18190; server_name a; location /{root /x index y}; root /z}}"
    );
    let text = format!("{START}    root /x\n    location / {{\n    }}\n    root /z\n    index y;\n{END}");
    assert_eq!(
        outline(text.as_bytes()),
        "events{}; http{server{listen 127.0.0.1:18190; root /x; location /{}; root /z; index y}}"
    );
}

#[test]
fn a_missing_brace_of_a_location() {
    // nginx, which knows that one location is not inside the other, stops at line 7; the lexer stops at the end.
    let text = format!(
        "{START}    location /a {{\n      root /a;\n    location /b {{\n      root /b;\n    }}\n    location /c {{\n    }}\n{END}"
    );
    assert_eq!(errors(text.as_bytes()), ["14 unexpected end of file, expecting \"}\" + MissingClose @6"]);
    assert_eq!(
        outline(text.as_bytes()),
        "events{}; http{server{listen 127.0.0.1:18190; location /a{root /a}; location /b{root /b}; location /c{}}}"
    );
}

#[test]
fn a_missing_brace_of_a_server() {
    let text = b"http {\n  server {\n    root /x;\n  server {\n    root /y;\n  }\n}\n";
    assert_eq!(errors(text), ["8 unexpected end of file, expecting \"}\" + MissingClose @3"]);
    assert_eq!(outline(text), "http{server{root /x}; server{root /y}}");
}

#[test]
fn a_missing_brace_where_nothing_is_indented() {
    assert_eq!(errors(b"http {\nserver {\n"), ["3 unexpected end of file, expecting \"}\" + NeverClosed @2"]);
    assert_eq!(errors(b"http {\nserver {"), ["2 unexpected end of file, expecting \"}\" + NeverClosed @2"]);
    assert_eq!(
        errors(b"http {\nserver {\nroot x;\n}\n"),
        ["5 unexpected end of file, expecting \"}\" + NeverClosed @1"]
    );
}

#[test]
fn a_brace_too_many() {
    let text = format!("{START}    location / {{\n    }}\n    }}\n{END}");
    assert_eq!(errors(text.as_bytes()), ["9 unexpected \"}\""]);
    assert_eq!(outline(text.as_bytes()), "events{}; http{server{listen 127.0.0.1:18190; location /{}}}");
    assert_eq!(errors(b"}\nroot x;\n"), ["1 unexpected \"}\""]);
    assert_eq!(outline(b"}\nroot x;\n"), "root x");
}

#[test]
fn an_unclosed_quote() {
    check(&[
        (
            "    add_header A \"b;\n    root /x;\n",
            &["9 unexpected end of file, expecting \";\" or \"}\" + UnclosedQuote @5"],
        ),
        (
            "    add_header A \"b;\n    add_header B \"c\";\n    root /x;\n",
            &["6 unexpected \"c\" + UnclosedQuote @5"],
        ),
        (
            "    location ~ \"^/a {\n      root /x;\n    }\n    root /y;\n",
            &["11 unexpected end of file, expecting \";\" or \"}\" + UnclosedQuote @5"],
        ),
        ("    return 200 'it's ok';\n", &["5 unexpected \"s\""]),
    ]);
    let text = format!("{START}    add_header A \"b;\n    add_header B \"c\";\n    root /x;\n{END}");
    assert_eq!(
        outline(text.as_bytes()),
        "events{}; http{server{listen 127.0.0.1:18190; add_header A \"b; add_header B \"c\"; root /x}}"
    );
    let far = format!("{START}    add_header A \"b;\n    root /x;\n{END}{}", "# xxxxxxxxx\n".repeat(500));
    assert_eq!(
        errors(far.as_bytes()),
        ["5 too long parameter, probably missing terminating \"\"\" character + UnclosedQuote @5"]
    );
    // An apostrophe inside a word is no quote.
    check(&[("    return 200 it's;\n", &[])]);
}

#[test]
fn a_byte_behind_a_quote() {
    check(&[
        ("    add_header A \"b\"c;\n", &["5 unexpected \"c\""]),
        ("    add_header A \"b\"'c';\n", &["5 unexpected \"\\'\""]),
        ("    add_header A \"b\"#c\n;\n", &["5 unexpected \"#\""]),
        ("    location / { add_header A \"b\"}\n", &["5 unexpected \"}\" + MissingSemicolon @5"]),
        ("    if ($a = \"b\") { return 200 \"c\"; }\n", &[]),
    ]);
}

#[test]
fn words_missing() {
    check(&[("    root /x;;\n", &["5 unexpected \";\""]), ("    {\n    }\n", &["5 unexpected \"{\""])]);
    assert_eq!(errors(b"events {};\nhttp {}\n"), ["1 unexpected \";\""]);
}

#[test]
fn the_end_of_the_file_in_a_directive() {
    assert_eq!(
        errors(b"events {}\nuser nobody\n"),
        ["3 unexpected end of file, expecting \";\" or \"}\" + MissingSemicolon @2"]
    );
    assert_eq!(
        errors(b"events {}\nuser nobody"),
        ["2 unexpected end of file, expecting \";\" or \"}\" + MissingSemicolon @2"]
    );
}

#[test]
fn a_byte_order_mark() {
    const SAID: &str =
        "unknown directive \"\\xef\\xbb\\xbf...\": the file starts with a byte order mark + StartsHere @1";
    for (text, line) in [
        ("\u{feff}events {}\nhttp {}\n", 1),
        // The mark and what follows it are a word, and nginx complains where the directive ends.
        ("\u{feff}# a comment\n# more\nuser\n  nobody;\nevents {}\n", 4),
        ("\u{feff}\nuser nobody;\nevents {}\n", 2),
    ] {
        assert_eq!(errors(text.as_bytes()), [format!("{line} {SAID}")]);
    }
    assert_eq!(outline("\u{feff}events {}\nuser a;".as_bytes()), "events{}; user a");
    // In the middle of a file it is a byte like any other.
    assert_eq!(errors("a b;\n\u{feff}c;".as_bytes()), [""; 0]);
}

#[test]
fn odd_bytes() {
    let latin = b"# \xe9\xe8\nhttp {\n  server_name caf\xe9;\n  root /x\n}\n";
    assert_eq!(errors(latin), ["5 unexpected \"}\" + MissingSemicolon @4"]);
    let end = ["8 unexpected end of file, expecting \";\" or \"}\" + MissingSemicolon @8"];
    assert_eq!(errors(format!("{START}    root /x;\n{END}\0").as_bytes()), end);
    assert_eq!(errors(b"a \0;\nb\0c d;\n"), [""; 0]);
}

#[test]
fn line_ends() {
    let text = format!("{START}    root /x\n{END}");
    assert_eq!(errors(text.replace('\n', "\r\n").as_bytes()), ["6 unexpected \"}\" + MissingSemicolon @5"]);
    // nginx counts LF alone.
    assert_eq!(errors(text.replace('\n', "\r").as_bytes()), ["1 unexpected \"}\" + MissingSemicolon @1"]);
    // A comment goes on to the LF.
    assert_eq!(errors(b"# x\revents {}\nhttp {}}\n"), ["2 unexpected \"}\""]);
}

#[test]
fn lua() {
    let text = b"http {\n  content_by_lua_block {\n    local a = { \"}\" } -- don't }\n  }\n  root /x\n}\n";
    assert_eq!(errors(text), ["6 unexpected \"}\" + MissingSemicolon @5"]);
    assert_eq!(outline(text), "http{content_by_lua_block{}; root /x}");
    // OpenResty's message, at the block.
    let open = b"http {\n  content_by_lua_block {\n    if a { b\n  }\nroot /x;\n";
    assert_eq!(errors(open), ["2 Lua code block missing the closing \"}\" + NeverClosed @2"]);
    assert_eq!(
        errors(b"http {\n  content_by_lua '\n  local a = {\n';\n}\n"),
        [""; 0],
        "a quoted body is a word"
    );
}

#[test]
fn too_long() {
    check(&[
        (
            &format!("    add_header A {};\n", "b".repeat(4096)),
            &["5 too long parameter \"bbbbbbbbbb...\" started"],
        ),
        (
            &format!("\n    #{}\n    root /x;\n", "b".repeat(4200)),
            &["6 too long parameter \"#bbbbbbbbb...\" started"],
        ),
        (
            &format!("    add_header A\n \"{}\";\n", "b\n".repeat(2200)),
            &["6 too long parameter, probably missing terminating \"\"\" character"],
        ),
    ]);
}

#[test]
fn nothing_takes_quadratic_time() {
    let start = std::time::Instant::now();
    for text in [
        "root /x\n".repeat(200_000),
        "a { root /x; ".repeat(200_000),
        "a {\n root /x;\n".repeat(100_000),
        "x 'a\n".repeat(100_001),
        "x \"a\\".repeat(100_000),
        "content_by_lua_block { [[ ".repeat(50_000),
        "# x\n".repeat(500_000),
        "a\n".repeat(500_000),
        "}".repeat(500_000),
    ] {
        assert!(parse(text.as_bytes(), &Few).errors().len() <= 101);
    }
    assert!(start.elapsed().as_secs() < 40, "{:?}", start.elapsed());
}

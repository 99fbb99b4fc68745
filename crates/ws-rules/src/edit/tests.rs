//! What edits make of a text.

use lint_finding::Edit;
use nginx_semantics::{Configuration, Directive, MemoryFiles, Scope, load};

use super::{Edits, copied, word};

/// The text after the edits of its directives of a name, by order.
fn edited(text: &str, make: impl Fn(Edits, &dyn Fn(&str, usize) -> Directive<'static>) -> Edits) -> String {
    let edits = edits_of(text, make).expect("edits");
    applied(text, &edits)
}

fn edits_of(
    text: &str,
    make: impl Fn(Edits, &dyn Fn(&str, usize) -> Directive<'static>) -> Edits,
) -> Option<Vec<Edit>> {
    let mut files = MemoryFiles::new();
    files.insert("/t/nginx.conf", text);
    files.insert("/elsewhere/secret.conf", "proxy_set_header X-Secret 1;\n");
    let scope = Scope {
        given: vec!["/t".into()],
        working_folder: "/t".into(),
        host_includes: true,
        ..Scope::default()
    };
    let loaded = Box::leak(Box::new(load(&files, &["/t/nginx.conf".into()], &scope)));
    let configuration = Configuration::new(&loaded.sources, &loaded.layouts[0]);
    let find = |name: &str, index: usize| {
        let all = configuration.contexts().flat_map(|(id, _)| configuration.directives(id));
        let mut named = all.filter(|directive| directive.name_bytes().as_ref() == name.as_bytes());
        named.nth(index).expect("a directive of that name")
    };
    make(Edits::new(), &find).finish()
}

fn applied(text: &str, edits: &[Edit]) -> String {
    let mut new = text.as_bytes().to_vec();
    for edit in edits.iter().rev() {
        new.splice(edit.place.span.range(), edit.replacement.iter().copied());
    }
    String::from_utf8(new).unwrap()
}

const LINES: [&str; 2] = ["a 1;", "b 2;"];

/// Before, and after; `@` is the name of the directive that lines are added to.
type Table = [(&'static str, &'static str)];

#[test]
fn lines_are_added_behind_a_directive() {
    let table: &Table = &[
        ("http {\n    root x;\n}\n", "http {\n    root x;\n    a 1;\n    b 2;\n}\n"),
        ("http {\n\troot x;\n}\n", "http {\n\troot x;\n\ta 1;\n\tb 2;\n}\n"),
        ("http {\r\n  root x;\r\n}\r\n", "http {\r\n  root x;\r\n  a 1;\r\n  b 2;\r\n}\r\n"),
        ("http { root x; }\n", "http { root x; a 1; b 2; }\n"),
        ("http { root x;}\n", "http { root x; a 1; b 2;}\n"),
        ("http {\n  root x; # why\n}\n", "http {\n  root x; # why\n  a 1;\n  b 2;\n}\n"),
        ("http {\n  index y; root x;\n}\n", "http {\n  index y; root x;\n  a 1;\n  b 2;\n}\n"),
        ("http { root x; # why\n  index y;\n}\n", "http { root x; # why\n  a 1;\n  b 2;\n  index y;\n}\n"),
        ("http { root x;\n}\n", "http { root x;\n    a 1;\n    b 2;\n}\n"),
        ("http {\n  root\n    x;\n}\n", "http {\n  root\n    x;\n  a 1;\n  b 2;\n}\n"),
        ("http {\n  root x;\n  # end\n}\n", "http {\n  root x;\n  a 1;\n  b 2;\n  # end\n}\n"),
        ("root x;", "root x;\na 1;\nb 2;"),
        ("index y;\r\nroot x;", "index y;\r\nroot x;\r\na 1;\r\nb 2;"),
        ("root x; # end", "root x; # end\na 1;\nb 2;"),
    ];
    for (before, after) in table {
        assert_eq!(edited(before, |edits, find| edits.after(&find("root", 0), &LINES)), *after);
    }
}

#[test]
fn lines_are_added_before_a_directive() {
    let table: &Table = &[
        ("http {\n    root x;\n}\n", "http {\n    a 1;\n    b 2;\n    root x;\n}\n"),
        ("http {\r\n\troot x;\r\n}\r\n", "http {\r\n\ta 1;\r\n\tb 2;\r\n\troot x;\r\n}\r\n"),
        ("http { root x; }\n", "http { a 1; b 2; root x; }\n"),
        ("http {\n  # of x\n  root x;\n}\n", "http {\n  a 1;\n  b 2;\n  # of x\n  root x;\n}\n"),
        ("http {\n  # all\n\n  root x;\n}\n", "http {\n  # all\n\n  a 1;\n  b 2;\n  root x;\n}\n"),
        ("# first\nroot x;", "a 1;\nb 2;\n# first\nroot x;"),
        ("\u{feff}root x;", "\u{feff}a 1;\nb 2;\nroot x;"),
    ];
    for (before, after) in table {
        assert_eq!(edited(before, |edits, find| edits.before(&find("root", 0), &LINES)), *after);
    }
}

#[test]
fn lines_are_added_to_a_block() {
    // Before, with the lines at its start, at its end.
    let table = [
        ("http {\n  x 1;\n}\n", "http {\n  a 1;\n  b 2;\n  x 1;\n}\n", "http {\n  x 1;\n  a 1;\n  b 2;\n}\n"),
        ("http { x 1; }\n", "http { a 1; b 2; x 1; }\n", "http { x 1; a 1; b 2; }\n"),
        ("http {x 1;}\n", "http { a 1; b 2; x 1;}\n", "http {x 1; a 1; b 2;}\n"),
        ("http {}\n", "http { a 1; b 2; }\n", "http { a 1; b 2; }\n"),
        ("http { }\n", "http { a 1; b 2; }\n", "http { a 1; b 2; }\n"),
        ("http {\n}\n", "http {\n    a 1;\n    b 2;\n}\n", "http {\n    a 1;\n    b 2;\n}\n"),
        (
            "http { # all\r\n\t# more\r\n}\r\n",
            "http { # all\r\n    a 1;\r\n    b 2;\r\n\t# more\r\n}\r\n",
            "http { # all\r\n\t# more\r\n    a 1;\r\n    b 2;\r\n}\r\n",
        ),
        (
            "http\n{\n  y { z 1; }\n}",
            "http\n{\n  a 1;\n  b 2;\n  y { z 1; }\n}",
            "http\n{\n  y { z 1; }\n  a 1;\n  b 2;\n}",
        ),
    ];
    for (before, start, end) in table {
        assert_eq!(edited(before, |edits, find| edits.at_start(&find("http", 0), &LINES)), start);
        assert_eq!(edited(before, |edits, find| edits.at_end(&find("http", 0), &LINES)), end);
    }
}

#[test]
fn blocks_are_indented_as_the_author_does() {
    let block = ["map $a $b {", "\tdefault 1;", "}"];
    let table: &Table = &[
        (
            "http {\n  server {\n    listen 80;\n  }\n}\n",
            "http {\n  map $a $b {\n    default 1;\n  }\n\n  server {\n    listen 80;\n  }\n}\n",
        ),
        (
            "http {\r\n\tserver {\r\n\t\tlisten 80;\r\n\t}\r\n}\r\n",
            "http {\r\n\tmap $a $b {\r\n\t\tdefault 1;\r\n\t}\r\n\r\n\tserver {\r\n\t\tlisten 80;\r\n\t}\r\n}\r\n",
        ),
        ("http { server { listen 80; } }\n", "http { map $a $b { default 1; } server { listen 80; } }\n"),
        ("server { listen 80; }\n", "map $a $b {\n    default 1;\n}\n\nserver { listen 80; }\n"),
        (
            "# one\nserver {\n  listen 80;\n}\n",
            "map $a $b {\n  default 1;\n}\n\n# one\nserver {\n  listen 80;\n}\n",
        ),
    ];
    for (before, after) in table {
        assert_eq!(edited(before, |edits, find| edits.block_before(&find("server", 0), &block)), *after);
    }
}

#[test]
fn a_directive_is_removed_with_its_line() {
    let table: &Table = &[
        ("http {\n  root x;\n  index y;\n}\n", "http {\n  index y;\n}\n"),
        ("http {\r\n  root x;\r\n  index y;\r\n}\r\n", "http {\r\n  index y;\r\n}\r\n"),
        ("http { root x; index y; }\n", "http { index y; }\n"),
        ("http { index y; root x; }\n", "http { index y; }\n"),
        ("http {\n  index y; root x;\n}\n", "http {\n  index y;\n}\n"),
        ("http {\n  root x; # why\n}\n", "http {\n  # why\n}\n"),
        ("http {\n  root x {\n    y 1;\n  }\n}\n", "http {\n}\n"),
        ("index y;\r\nroot x;", "index y;"),
        ("root x;", ""),
        ("\u{feff}root x;\nindex y;\n", "\u{feff}index y;\n"),
    ];
    for (before, after) in table {
        assert_eq!(edited(before, |edits, find| edits.remove(&find("root", 0))), *after, "{before}");
    }
}

#[test]
fn words_are_replaced_and_added() {
    let text = "http {\n  proxy_set_header  Connection   \"close\" ; # c\n  location /a {}\n}\n";
    let line = |new: &str| text.replace("proxy_set_header  Connection   \"close\"", new);
    let header = "proxy_set_header";
    let made = |make: &dyn Fn(Edits, &Directive<'_>) -> Edits| {
        edited(text, |edits, find| make(edits, &find(header, 0)))
    };
    assert_eq!(
        made(&|edits, it| edits.argument(it, 1, "")),
        line("proxy_set_header  Connection   \"\""),
        "quotes stay"
    );
    assert_eq!(made(&|edits, it| edits.argument(it, 0, "Upgrade")), text.replace("Connection", "Upgrade"));
    assert_eq!(made(&|edits, it| edits.replace(it, "a b")), line("a b"));
    assert_eq!(made(&|edits, it| edits.name(it, "a")), text.replace("proxy_set_header", "a"));
    assert_eq!(
        made(&|edits, it| edits.insert_argument(it, 1, "x y")),
        line("proxy_set_header  Connection   \"x y\" \"close\"")
    );
    assert_eq!(
        edited(text, |edits, find| edits.insert_argument(&find("location", 0), 1, "b")),
        text.replace("/a", "/a b")
    );
    assert_eq!(
        edited(text, |edits, find| edits.replace(&find("location", 0), "location = /a")),
        text.replace("location", "location =")
    );
}

#[test]
fn several_edits_are_in_order_and_one_for_each_place() {
    let text = "http {\n  root x;\n  index y;\n}\n";
    let make = |edits: Edits, find: &dyn Fn(&str, usize) -> Directive<'static>| {
        let (root, index) = (find("root", 0), find("index", 0));
        edits.after(&index, &["a 1;"]).after(&root, &["b 2;"]).remove(&index).after(&root, &["c 3;"])
    };
    let edits = edits_of(text, make).unwrap();
    assert_eq!(edits.len(), 3);
    assert_eq!(applied(text, &edits), "http {\n  root x;\n  b 2;\n  c 3;\n  a 1;\n}\n");
    let twice = |edits: Edits, find: &dyn Fn(&str, usize) -> Directive<'static>| {
        edits.replace(&find("root", 0), "a").argument(&find("root", 0), 0, "y")
    };
    assert_eq!(edits_of(text, twice), None, "they overlap");
}

#[test]
fn what_may_not_be_shown_is_not_edited_and_takes_the_others_with_it() {
    let text = "http {\n  root x;\n  include /elsewhere/secret.conf;\n}\n";
    let make = |edits: Edits, find: &dyn Fn(&str, usize) -> Directive<'static>| {
        let secret = find("proxy_set_header", 0);
        assert_eq!(copied(&secret, secret.reference.file), None);
        edits.remove(&find("root", 0)).argument(&secret, 1, "2")
    };
    assert_eq!(edits_of(text, make), None);
    assert_eq!(edits_of(text, |edits, _| edits), None, "no edit is no fix");
    let mark = "http {\n  gzip\n   on;\n  proxy_set_header 'X-A' \"a  b\" ;\n}\n";
    edits_of(mark, |edits, find| {
        let file = find("gzip", 0).reference.file;
        assert_eq!(
            copied(&find("proxy_set_header", 0), file).as_deref(),
            Some("proxy_set_header 'X-A' \"a  b\";")
        );
        assert_eq!(copied(&find("gzip", 0), file).as_deref(), Some("gzip on;"));
        assert_eq!(word(&find("gzip", 0), ""), "''");
        edits
    });
}

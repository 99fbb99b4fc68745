//! `snippet`.

use crate::run::Tree;

fn snippet(arguments: &[&str]) -> String {
    let run = Tree::new(&[]).run(&[&["snippet"], arguments].concat());
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    run.stdout
}

#[test]
fn as_little_as_there_is_to_say() {
    insta::assert_snapshot!(snippet(&[]));
}

#[test]
fn for_an_application_behind_a_proxy() {
    insta::assert_snapshot!(snippet(&[
        "--for",
        "socket-io",
        "--behind",
        "cloudflare",
        "--nginx-version",
        "1.30",
        "--server-name",
        "chat.example.com",
        "/socket.io/",
        "10.0.0.11:3000",
        "10.0.0.12:3000",
    ]));
}

#[test]
fn words_become_one_word_of_nginx_or_are_refused() {
    let tree = Tree::new(&[]);
    for (arguments, said) in [
        (&["ws"][..], "a path begins with `/`"),
        (&["/ws/;deny all"], "this is not the path of a URL"),
        (&["/ws/", "a:1;"], "write HOST:PORT or unix:/PATH"),
        (&["/ws/", "http://a:1"], "write HOST:PORT or unix:/PATH"),
        (&["/ws/", "::1"], "in brackets"),
        (&["/ws/", "::1:8080"], "in brackets"),
        (&["/ws/", "a:99999"], "a port from 1 to 65535"),
        (&["/ws/", "a:0"], "a port from 1 to 65535"),
        (&["/ws/", "[::1]:x"], "a port from 1 to 65535"),
        (&["/a%20b/"], "write the decoded path"),
        (&["/../ws/"], "no request comes to this path"),
        (&["//ws/"], "no request comes to this path"),
        (&["--nginx-version", "1.2.9"], "passes no WebSockets on"),
        (&["--server-name", "a b"], "write a host name"),
        (&["--for", "socket-oi"], "did you mean `socket-io`?"),
        (&["--behind", "cloudflair"], "did you mean `cloudflare`?"),
    ] {
        let run = tree.run(&[&["snippet"], arguments].concat());
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(run.stderr.contains(said), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn addresses_that_nginx_takes_are_taken() {
    for address in ["a", "a:1", "10.0.0.1", "10.0.0.1:65535", "[::1]", "[::1]:8080", "unix:/run/a.sock"] {
        assert!(snippet(&["/ws/", address]).contains(&format!("server {address}")), "{address}");
    }
}

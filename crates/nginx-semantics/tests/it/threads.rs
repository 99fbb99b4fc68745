//! Many files are read in several threads; what comes out is the same whatever their number.

#![expect(clippy::use_debug, reason = "everything is compared, and nobody reads it")]

use std::fmt::Write as _;

use nginx_semantics::{Configuration, Loaded, MemoryFiles, Scope, load};

use crate::common::{TREE, scope};

/// Sites, links to some of them, and files of every other kind, more than are worth a thread.
fn tree() -> MemoryFiles {
    let mut files = MemoryFiles::new();
    let mut put = |path: String, text: &str| files.insert(format!("{TREE}/{path}"), text);
    put(
        "nginx.conf".to_owned(),
        "events {} http { include sites-enabled/*; include inc/*.conf; include gone.conf; }",
    );
    for number in 0..700 {
        let name = format!("site{}", number * 7919 % 1000);
        let text = format!("server {{ server_name {name}; location / {{ proxy_pass http://{name}; }} }}");
        put(format!("sites-available/{name}"), &text);
        match number % 7 {
            0 => put(format!("inc/{name}.conf"), "gzip on;"),
            1 => put(format!("inc/{name}.conf"), "{% if x %}\ngzip on;\n{% endif %}\n"),
            2 => put(format!("conf.d/{name}.conf"), "[section]\nkey = value\n"),
            3 => put(format!("inc/.{name}.conf"), "gzip on;"),
            4 => put(format!("conf.d/{name}.conf"), "server { listen 80;\0 }"),
            5 => put(format!("conf.d/{name}.conf"), ""),
            _ => put(format!("alone/{name}.conf"), "location / { proxy_pass http://a; }"),
        }
    }
    for number in 0..400 {
        let name = format!("site{}", number * 7919 % 1000);
        files.link(format!("{TREE}/sites-enabled/{name}"), format!("../sites-available/{name}"));
    }
    files.insert("/etc/secret.conf", "server { }");
    files.link(format!("{TREE}/sites-enabled/out"), "/etc/secret.conf");
    files.link(format!("{TREE}/sites-enabled/gone"), "nothing");
    files
}

/// Everything that may differ.
fn shown(loaded: &Loaded) -> String {
    let mut all = String::new();
    for (id, file) in loaded.sources.iter() {
        writeln!(all, "{id:?} {} {:?} {}", file.source.path(), file.path, file.tree.len()).unwrap();
    }
    for layout in &loaded.layouts {
        let configuration = Configuration::new(&loaded.sources, layout);
        for (id, context) in configuration.contexts() {
            let lines: Vec<_> = configuration.directives(id).map(|line| line.text_line()).collect();
            writeln!(all, "{:?} {lines:?} {:?}", context.kind, configuration.references(id)).unwrap();
        }
        writeln!(all, "{:?} {:?}", configuration.problems(), configuration.fragments()).unwrap();
    }
    writeln!(all, "{:?} {:?} {:?}", loaded.skipped, loaded.files, loaded.judged).unwrap();
    all
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let files = tree();
    let argument = [TREE.into()];
    let main = [format!("{TREE}/nginx.conf").into()];
    let in_threads = |threads: usize, arguments: &[_], scope: &Scope| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| shown(&load(&files, arguments, scope)))
    };
    for arguments in [&argument, &main] {
        let one = in_threads(1, arguments, &scope());
        assert!(one.lines().count() > 400);
        for threads in [2, 3, 8] {
            assert_eq!(in_threads(threads, arguments, &scope()), one);
        }
    }
}

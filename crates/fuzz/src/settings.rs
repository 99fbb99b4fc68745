//! A settings file is read whatever it holds, and what is wrong has its place.

use std::path::Path;

use lint_engine::{FILE_NAME, SettingsFile};

use crate::tree::{FOLDER, Tree};

pub(crate) fn check(input: &[u8]) {
    let path = Path::new(FOLDER).join(FILE_NAME);
    let Ok(file) = SettingsFile::parse(&path, FILE_NAME, input.to_owned()) else { return };
    for problem in &file.problems {
        let (start, end) = (problem.span.start as usize, problem.span.end as usize);
        assert!(start <= end && end <= input.len(), "{problem:?} lies outside");
        assert!(!problem.message.is_empty(), "a problem has words");
    }
    assert!(file.problems.is_sorted_by_key(|problem| problem.span), "problems are in order");
    // The same file beside a configuration: what it says of versions, layers, paths and rules is put to use.
    let mut tree = Tree::new(CONFIGURATION);
    tree.files.insert(path, input);
    let outcome = lint_engine::lint(&tree.files, &tree.arguments, &tree.scope, &tree.settings);
    let mut out = Vec::new();
    let done = lint_report::human(&outcome, &crate::run::STYLE, &mut out);
    assert!(done.is_ok(), "a report can be written");
    crate::run::is_harmless(&out);
}

/// Something about which every kind of setting has a say.
const CONFIGURATION: &[u8] = b"events {}
http {
    upstream app { server 127.0.0.1:9000; server 127.0.0.1:9001; }
    server {
        listen 80;
        location /socket.io/ { proxy_pass http://app; proxy_read_timeout 20s; }
        location /live { proxy_pass http://app; proxy_set_header Upgrade $http_upgrade; }
        include /etc/nginx/conf.d/*.conf;
    }
}
# file: conf.d/a.conf
location /chat { proxy_pass http://app; }
";

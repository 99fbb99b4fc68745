//! Links that lead out of what was given: their text is never read.

use std::path::{Path, PathBuf};

use nginx_semantics::{
    ContextKind, Loaded, MemoryFiles, PathMap, ReadError, Scope, SkipReason, load, normalize,
};

use crate::common::{TREE, files, only, scope};

const SECRET: &str = "http { server { return 200 secret; } }";

fn path(path: &str) -> PathBuf {
    PathBuf::from(TREE).join(path)
}

/// A tree with links to a secret outside, to a folder of secrets, and to a hidden file inside.
fn tree(main: &str) -> MemoryFiles {
    let mut memory = files(&[("nginx.conf", main), ("conf.d/a.conf", "worker_processes 1;")]);
    for secret in ["/secrets/x.conf", "/repo/nginx/.git/x.conf"] {
        memory.insert(secret, SECRET);
    }
    memory.link(path("secret.conf"), "/secrets/x.conf");
    memory.link(path("conf.d/secret.conf"), "../../../secrets/x.conf");
    memory.link(path("conf.d/hidden.conf"), "../.git/x.conf");
    memory.link(path("conf.d/b.conf"), "a.conf");
    memory.link(path("folder"), "/secrets");
    memory.link(path("mime.types"), "/secrets/x.conf");
    memory
}

fn load_main(memory: &MemoryFiles, scope: &Scope) -> Loaded {
    load(memory, &[path("nginx.conf")], scope)
}

#[test]
fn an_include_does_not_read_through_a_link() {
    let (outside, closed) = (ReadError::Outside, ReadError::VersionControl);
    let table = [
        ("secret.conf", "secret.conf", &outside),
        ("./conf.d/../secret.conf", "./conf.d/../secret.conf", &outside),
        ("folder/x.conf", "folder/x.conf", &outside),
        ("conf.d/hidden.conf", "conf.d/hidden.conf", &closed),
        (".git/x.conf", ".git/x.conf", &closed),
        // Where a tail of an absolute path leads, and the path itself.
        ("/etc/nginx/secret.conf", "secret.conf", &outside),
        ("/repo/nginx/secret.conf", "secret.conf", &outside),
        ("conf.d/[as]*.conf", "conf.d/secret.conf", &outside),
        ("*/secret.conf", "conf.d/secret.conf", &outside),
        ("folder/*.conf", "folder/*.conf", &outside),
        ("/etc/folder/*.conf", "folder/*.conf", &outside),
        ("fold*/x.conf", "folder/x.conf", &outside),
        // The folder is not even listed.
        ("fold*/*.conf", "folder", &outside),
    ];
    for (include, target, reason) in table {
        let memory = tree(&format!("events {{}} include {include};"));
        let loaded = load_main(&memory, &scope());
        let configuration = only(&loaded);
        assert_eq!(configuration.of_kind(ContextKind::Server).count(), 0, "{include}");
        assert!(loaded.sources.iter().all(|(_, file)| file.may_be_shown), "{include}");
        let problems: Vec<String> = configuration
            .problems()
            .iter()
            .map(|problem| format!("{} {:?}", problem.target, problem.failure))
            .collect();
        assert_eq!(
            problems,
            [format!("{} Unreadable({reason:?})", normalize(Path::new(target)).display())],
            "{include}"
        );
        let gaps: Vec<bool> = configuration
            .contexts()
            .flat_map(|(_, context)| &context.gaps)
            .map(|gap| gap.is_pattern)
            .collect();
        assert_eq!(gaps, [false], "{include}");
    }
}

#[test]
fn what_is_shipped_is_known_whatever_it_links_to() {
    let loaded = load_main(&tree("events {} http { include mime.types; }"), &scope());
    assert_eq!(only(&loaded).problems().len(), 0);
}

/// Debian's links to the modules that are installed lead out of `/etc/nginx`.
#[test]
fn links_to_the_modules_of_packages_are_known() {
    let module = "/usr/share/nginx/modules-available/mod-http-x.conf";
    for (target, problems) in [(module, 0), ("/usr/share/nginx/other/mod-http-x.conf", 1)] {
        let mut memory = tree("events {} include modules-enabled/*.conf;");
        memory.insert(target, "load_module modules/x.so;");
        memory.link(path("modules-enabled/50-mod-http-x.conf"), target);
        assert_eq!(only(&load_main(&memory, &scope())).problems().len(), problems, "{target}");
    }
}

#[test]
fn links_inside_and_those_the_user_allows_are_read() {
    let memory = tree("events {} include conf.d/b.conf; include secret.conf;");
    let outside = Scope { host_includes: true, ..scope() };
    let map = PathMap::new("unrelated", "/secrets");
    let mapped = Scope { path_maps: vec![map], ..scope() };
    for (scope, servers) in [(scope(), 0), (outside, 1), (mapped, 1)] {
        let loaded = load_main(&memory, &scope);
        let configuration = only(&loaded);
        assert_eq!(configuration.of_kind(ContextKind::Server).count(), servers);
        let shown: Vec<bool> = loaded.sources.iter().map(|(_, file)| file.may_be_shown).collect();
        assert_eq!(shown, [true, true, false][..2 + servers]);
    }
}

#[test]
fn walking_does_not_read_through_a_link() {
    let memory = tree("events {}");
    let loaded = load(&memory, &[TREE.into()], &scope());
    let skipped: Vec<_> =
        loaded.skipped.iter().map(|skipped| (skipped.path.as_str(), &skipped.reason)).collect();
    let expected = [
        ("conf.d/hidden.conf", &SkipReason::Outside),
        ("conf.d/secret.conf", &SkipReason::Outside),
        ("folder", &SkipReason::LinkedFolder),
        ("mime.types", &SkipReason::Outside),
        ("secret.conf", &SkipReason::Outside),
    ];
    assert_eq!(skipped, expected);
    assert_eq!(loaded.passed_over, [".git"]);
    assert!(loaded.sources.iter().all(|(_, file)| file.may_be_shown));
}

#[test]
fn a_link_that_is_named_is_read_and_not_shown() {
    let memory = tree("events {}");
    for arguments in [vec![path("secret.conf")], vec![TREE.into(), path("secret.conf")]] {
        let scope = Scope { named: vec!["/secrets/x.conf".into()], ..scope() };
        let loaded = load(&memory, &arguments, &scope);
        let named = loaded.sources.iter().find(|(_, file)| file.path == path("secret.conf"));
        let (id, file) = named.expect("it was read");
        assert!(!file.may_be_shown);
        assert!(loaded.judged.contains(&id));
    }
}

/// One that leads out of its repository is not among those that may be read.
#[test]
fn a_named_link_that_may_not_be_read_is_said() {
    let memory = tree("events {}");
    for argument in [path("secret.conf"), path("folder")] {
        let loaded = load(&memory, std::slice::from_ref(&argument), &scope());
        let skipped: Vec<_> =
            loaded.skipped.iter().map(|skipped| (&skipped.reason, skipped.is_named)).collect();
        assert_eq!(skipped, [(&SkipReason::Outside, true)], "{}", argument.display());
        assert_eq!(loaded.sources.iter().count(), 0);
    }
}

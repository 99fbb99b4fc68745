//! Which file an `ssl_certificate` means, and which files are never opened for it.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use nginx_semantics::{
    ContextKind, DirectiveName, Files, MemoryFiles, Owner, PathMap, ReadError, Scope, load,
};

use crate::common::{TREE, files, only, scope};

/// A SEQUENCE with an INTEGER.
const ONE: &str = "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n";

/// Files that remember what was read of them.
struct Watched {
    files: MemoryFiles,
    read: Mutex<Vec<PathBuf>>,
}

impl Files for Watched {
    fn read_owned(&self, path: &Path) -> Result<(Vec<u8>, Owner), ReadError> {
        self.read.lock().unwrap().push(path.to_owned());
        self.files.read_owned(path)
    }

    fn link_target(&self, path: &Path) -> Option<PathBuf> {
        self.files.link_target(path)
    }

    fn owner(&self, path: &Path) -> Option<Owner> {
        self.files.owner(path)
    }

    fn identity(&self, path: &Path) -> Option<PathBuf> {
        self.files.identity(path)
    }

    fn names(&self, folder: &Path) -> Vec<std::ffi::OsString> {
        self.files.names(folder)
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.files.is_folder(path)
    }

    fn walk(&self, folder: &Path) -> Vec<nginx_semantics::Met> {
        self.files.walk(folder)
    }
}

/// What is known of the certificate that these lines name, and the files that were read besides the main file.
fn named(lines: &str, scope: &Scope) -> (Option<bool>, Vec<String>) {
    let text = format!("events {{}} http {{ server {{ {lines} }} }}");
    let mut memory = files(&[("nginx.conf", &text), ("tls/a.pem", ONE), ("a.pem", ONE), (".git/a.pem", ONE)]);
    for path in ["/etc/ssl/own/outside.pem", "/etc/ssl/tls/a.pem", "/repo/outside.pem"] {
        memory.insert(path, ONE);
    }
    memory.link(format!("{TREE}/link.pem"), "/repo/outside.pem");
    memory.link(format!("{TREE}/key.pem"), "tls/a.pem");
    let watched = Watched { files: memory, read: Mutex::default() };
    let loaded = load(&watched, &[PathBuf::from(TREE).join("nginx.conf")], scope);
    let configuration = only(&loaded);
    let server = configuration.of_kind(ContextKind::Server).next().unwrap();
    let mut certificates = configuration.named(server, DirectiveName::SSL_CERTIFICATE);
    let file = certificates.next().and_then(|line| configuration.certificate_file(&line));
    let read = watched.read.lock().unwrap();
    let read = read.iter().skip(1).map(|path| path.display().to_string()).collect();
    (file.map(|file| file.is_sure), read)
}

#[test]
fn certificates_are_read_inside_what_was_given() {
    let hosted = Scope { host_includes: true, ..scope() };
    for line in [
        "ssl_certificate ../outside.pem;",
        "ssl_certificate /repo/outside.pem;",
        "ssl_certificate /etc/ssl/own/outside.pem;",
        "ssl_certificate link.pem;",
        "ssl_certificate .git/a.pem;",
        "ssl_certificate tls;",
        "ssl_certificate $name.pem;",
        "ssl_certificate /etc/ssl/a.pem;",
        // A key, by the same name or another.
        "ssl_certificate a.pem; ssl_certificate_key ./a.pem;",
        "ssl_certificate tls/a.pem; ssl_certificate_key key.pem;",
    ] {
        for scope in [scope(), hosted.clone()] {
            assert_eq!(named(line, &scope), (None, Vec::new()), "{line}");
        }
    }
}

#[test]
fn the_file_is_looked_for_as_nginx_does() {
    for (line, is_sure, path) in [
        ("ssl_certificate tls/a.pem;", true, "tls/a.pem"),
        ("ssl_certificate '/etc/nginx/a.pem'; ssl_certificate_key tls/a.pem;", true, "a.pem"),
        ("ssl_certificate /etc/letsencrypt/tls/a.pem;", false, "tls/a.pem"),
        ("ssl_certificate tls/a.pem; ssl_certificate ./tls/a.pem;", true, "tls/a.pem"),
    ] {
        let (sure, mut read) = named(line, &scope());
        read.dedup();
        assert_eq!((sure, read), (Some(is_sure), vec![format!("{TREE}/{path}")]), "{line}");
    }
    let map = PathMap::new("/etc/letsencrypt", "/etc/ssl");
    let mapped = Scope { path_maps: vec![map], ..scope() };
    let expected = (Some(true), vec!["/etc/ssl/tls/a.pem".to_owned()]);
    assert_eq!(named("ssl_certificate /etc/letsencrypt/tls/a.pem;", &mapped), expected);
}

//! Makes a configuration run on this machine, by edits on its own lossless tree.
//!
//! Listens go to free ports of 127.0.0.1, addresses of upstreams to back ends of the harness, certificates, logs and
//! other paths into a folder, times are divided by a factor. Everything else stays byte for byte, and what is added
//! stands on lines that exist, so that nginx's messages name the lines of the original.

mod file;
mod place;

use std::net::IpAddr;
use std::path::Path;

use nginx_semantics::time;
use nginx_syntax::{LeafKind, NodeId, Span};

use self::file::{Edits, File, Names, after_open, apply, is_repeated, listen_key};
pub(crate) use self::place::LOG as WHERE_LOG;
use self::place::Marks;
pub use self::place::Place;
use super::Error;

/// What the rewriting asks for while it goes.
pub trait Surroundings {
    /// The port of 127.0.0.1 that stands for an address of an upstream.
    ///
    /// # Errors
    /// When there is none.
    fn backend(&mut self, address: &str) -> Result<u16, Error>;

    /// A free port for nginx to listen on.
    ///
    /// # Errors
    /// When there is none.
    fn listen(&mut self) -> Result<u16, Error>;
}

/// Where nginx listens instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// The address, or only the port, that the configuration has; `80` where it has none.
    pub original: String,
    /// The port of 127.0.0.1.
    pub port: u16,
    /// Whether it is an `ssl` one.
    pub is_tls: bool,
}

impl Listen {
    /// Whether a `listen` so written is this one.
    pub(crate) fn is_called(&self, wanted: &str) -> bool {
        listen_key(&self.original) == listen_key(wanted)
    }

    /// A text with the port of the configuration where it has this one, alone or behind a colon.
    pub(crate) fn with_original_port(&self, text: &str) -> String {
        let last = self.original.rsplit(':').next().unwrap_or_default();
        let original = if last.bytes().all(|byte| byte.is_ascii_digit()) { last } else { "80" };
        let port = self.port.to_string();
        if text == port {
            return original.to_owned();
        }
        // nginx does not write the port of the scheme into the URLs that it makes (`ngx_http_header_filter`).
        let is_left_out = text.contains("://") && original == if self.is_tls { "443" } else { "80" };
        let instead = if is_left_out { String::new() } else { format!(":{original}") };
        text.replace(&format!(":{port}"), &instead)
    }
}

/// A configuration that runs here.
#[derive(Debug, Clone, Default)]
pub struct Rewritten {
    /// Relative path and bytes, the main file first.
    pub files: Vec<(String, Vec<u8>)>,
    /// In the order in which they stand in the files.
    pub listens: Vec<Listen>,
    /// The blocks that say when they end a request, in the order of the numbers in their log.
    pub places: Vec<Place>,
}

/// Directives of the main level and paths that the harness sets itself.
const DROPPED: [&str; 15] = [
    "pid",
    "user",
    "daemon",
    "master_process",
    "error_log",
    "load_module",
    "lock_file",
    "worker_processes",
    "worker_rlimit_nofile",
    "worker_cpu_affinity",
    "client_body_temp_path",
    "proxy_temp_path",
    "fastcgi_temp_path",
    "uwsgi_temp_path",
    "scgi_temp_path",
];

/// Directives whose first argument is the address of an upstream behind a scheme.
const WITH_SCHEME: [&str; 2] = ["proxy_pass", "grpc_pass"];
/// And without one.
const WITHOUT_SCHEME: [&str; 5] = ["fastcgi_pass", "uwsgi_pass", "scgi_pass", "memcached_pass", "server"];

/// Times that nginx keeps in seconds: they cannot be made shorter than one.
const IN_SECONDS: [&str; 1] = ["ssl_session_timeout"];

/// Rewrites files, the main one first; `folder` is where they will lie, with `cert.pem` and `key.pem` beside them,
/// which stand for certificates unless these are given with a key.
///
/// # Errors
/// When a port is wanted and there is none.
pub fn rewrite(
    files: &[(String, String)],
    folder: &Path,
    scale: u32,
    surroundings: &mut dyn Surroundings,
) -> Result<Rewritten, Error> {
    rewrite_with(files, folder, scale, false, surroundings)
}

/// The same; `is_marked` lets each block that can end a request write that down.
pub(crate) fn rewrite_with(
    files: &[(String, String)],
    folder: &Path,
    scale: u32,
    is_marked: bool,
    surroundings: &mut dyn Surroundings,
) -> Result<Rewritten, Error> {
    let parsed: Vec<File<'_>> = files.iter().map(|(path, text)| File::new(path, text.as_bytes())).collect();
    let mut names = Names::default();
    for file in &parsed {
        names.collect(file);
    }
    let folder = folder.display().to_string();
    let marks = is_marked.then(|| Marks::new(&parsed));
    let places = marks.as_ref().map(Marks::places).unwrap_or_default();
    let mut run = Run { folder, scale, surroundings, names, files: &parsed, marks, listens: Vec::new() };
    let mut rewritten = Rewritten::default();
    for (index, file) in parsed.iter().enumerate() {
        let edits = run.file(file, index)?;
        rewritten.files.push((file.path.to_owned(), apply(file.text, edits)));
    }
    rewritten.listens = run.listens;
    rewritten.places = places;
    Ok(rewritten)
}

struct Run<'r> {
    folder: String,
    scale: u32,
    surroundings: &'r mut dyn Surroundings,
    names: Names,
    files: &'r [File<'r>],
    marks: Option<Marks<'r>>,
    listens: Vec<Listen>,
}

impl Run<'_> {
    fn file(&mut self, file: &File<'_>, index: usize) -> Result<Edits, Error> {
        let mut edits = Edits::new();
        if index == 0 {
            let at = file.tree.leaves().next().filter(|leaf| leaf.kind == LeafKind::ByteOrderMark);
            let at = at.map_or(0, |leaf| leaf.span.end);
            edits.push((Span::at(at), self.main_level(file)));
        }
        for id in file.tree.nodes() {
            if let Some(marks) = &self.marks {
                if marks.is_silencing((index, id)) {
                    edits.push((file.tree.span(id), String::new()));
                    continue;
                }
                if let Some(logs) = marks.logs((index, id), &self.folder) {
                    edits.extend(after_open(file, id).map(|at| (at, logs)));
                }
            }
            if file.is(id, "http") && file.tree.is_block(id) {
                edits.extend(after_open(file, id).map(|at| (at, self.http_level(file, id))));
            } else if file.is(id, "server") && file.tree.is_block(id) {
                self.server(file, id, &mut edits)?;
            } else if !file.tree.is_block(id) {
                self.directive(file, id, &mut edits)?;
            }
        }
        Ok(edits)
    }

    fn main_level(&self, file: &File<'_>) -> String {
        let folder = &self.folder;
        let events = file.tree.children(NodeId::FILE).any(|id| file.is(id, "events"));
        let events = if events { "" } else { "events {} " };
        format!("pid {folder}/nginx.pid; error_log {folder}/error.log info; {events}")
    }

    fn http_level(&self, file: &File<'_>, http: NodeId) -> String {
        let folder = &self.folder;
        let log = file.tree.children(http).any(|id| file.is(id, "access_log"));
        let log = if log { String::new() } else { format!(" access_log {folder}/access.log;") };
        let temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temp: String = temp.map(|name| format!(" {name}_temp_path {folder}/temp_{name};")).concat();
        let formats = self.marks.as_ref().map(Marks::formats).unwrap_or_default();
        format!("{formats}{log}{temp}")
    }

    /// Without a `listen`, nginx takes port 80 or 8000, whoever runs it.
    fn server(&mut self, file: &File<'_>, server: NodeId, edits: &mut Edits) -> Result<(), Error> {
        let children: Vec<NodeId> = file.tree.children(server).collect();
        let includes = children.iter().filter(|&&id| file.is(id, "include"));
        let has_listen = children.iter().any(|&id| file.is(id, "listen"))
            || includes.filter_map(|&id| file.argument(id, 0)).any(|(_, name)| self.includes_listen(&name));
        if !has_listen && let Some(at) = after_open(file, server) {
            let port = self.listen("80", false)?;
            edits.push((at, format!(" listen 127.0.0.1:{port};")));
        }
        Ok(())
    }

    fn includes_listen(&self, name: &str) -> bool {
        let pattern = glob::Pattern::new(name).ok();
        let is_meant = |file: &&File<'_>| pattern.as_ref().is_some_and(|pattern| pattern.matches(file.path));
        self.files.iter().filter(is_meant).any(File::has_listen)
    }

    fn directive(&mut self, file: &File<'_>, id: NodeId, edits: &mut Edits) -> Result<(), Error> {
        let name = file.name(id);
        let name = String::from_utf8_lossy(&name).into_owned();
        let Some((span, word)) = file.argument(id, 0) else { return Ok(()) };
        let parent = file.tree.parent(id);
        if file.is(parent, "map") && name != "include" {
            // A row: its first word is no directive's name.
            let variable = file.argument(parent, 1).map(|(_, variable)| variable).unwrap_or_default();
            if self.names.variables.contains(&variable)
                && let Some(text) = self.value(&word)?
            {
                edits.push((span, text));
            }
            return Ok(());
        }
        let folder = &self.folder;
        let mut put = |text: String| edits.push((span, text));
        match name.as_str() {
            dropped if DROPPED.contains(&dropped) => edits.push((file.tree.span(id), String::new())),
            "listen" => {
                if is_repeated(file, id, &word) {
                    edits.push((file.tree.span(id), String::new()));
                } else {
                    let has = |wanted: &str| {
                        (1..).map_while(|index| file.argument(id, index)).any(|(_, one)| one == wanted)
                    };
                    // A socket of UDP is none that a client of the harness gets to.
                    let port = if has("quic") {
                        self.surroundings.listen()?
                    } else {
                        self.listen(&word, has("ssl"))?
                    };
                    put(format!("127.0.0.1:{port}"));
                    let only = (1..).map_while(|index| file.argument(id, index));
                    edits.extend(
                        only.filter(|(_, one)| one.starts_with("ipv6only="))
                            .map(|(at, _)| (at, String::new())),
                    );
                }
            }
            "ssl_certificate" | "ssl_certificate_key" if self.is_given(&word) && self.has_key() => {}
            "ssl_certificate"
            | "ssl_trusted_certificate"
            | "ssl_client_certificate"
            | "proxy_ssl_trusted_certificate"
            | "proxy_ssl_certificate" => put(format!("{folder}/cert.pem")),
            "ssl_certificate_key" | "proxy_ssl_certificate_key" => put(format!("{folder}/key.pem")),
            "access_log" if word != "off" && !word.starts_with("syslog:") => {
                put(format!("{folder}/access.log"));
            }
            "proxy_cache_path" => put(format!("{folder}/cache")),
            "include" => {
                if let Some(rest) = word.strip_prefix("/etc/nginx/") {
                    put(format!("{folder}/{rest}"));
                }
            }
            pass if WITH_SCHEME.contains(&pass) => {
                if let Some(text) = self.pass(&word)? {
                    put(text);
                }
            }
            pass if WITHOUT_SCHEME.contains(&pass) => {
                if let Some(text) = self.address(&word)? {
                    put(text);
                }
            }
            "set" if self.names.variables.contains(&word) => {
                if let Some((span, value)) = file.argument(id, 1)
                    && let Some(text) = self.value(&value)?
                {
                    edits.push((span, text));
                }
            }
            timeout if timeout.ends_with("_timeout") && !IN_SECONDS.contains(&timeout) => {
                if let Some(ms) = time::parse_ms(word.as_bytes()).filter(|ms| *ms > 0 && self.scale > 1) {
                    put(format!("{}ms", (ms / u64::from(self.scale)).max(1)));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn is_given(&self, path: &str) -> bool {
        self.files.iter().any(|file| file.path == path)
    }

    /// Whether a key is among the files: without one, certificates that are given cannot be used.
    fn has_key(&self) -> bool {
        let is_key = |file: &File<'_>| file.text.starts_with(b"-----BEGIN PRIVATE KEY-----");
        self.files.iter().any(is_key)
    }

    fn listen(&mut self, original: &str, is_tls: bool) -> Result<u16, Error> {
        let key = listen_key(original);
        if let Some(listen) = self.listens.iter_mut().find(|listen| listen_key(&listen.original) == key) {
            listen.is_tls |= is_tls;
            return Ok(listen.port);
        }
        let port = self.surroundings.listen()?;
        self.listens.push(Listen { original: original.to_owned(), port, is_tls });
        Ok(port)
    }

    /// `scheme://address/uri`; schemes that nginx does not know stay as they are.
    fn pass(&mut self, word: &str) -> Result<Option<String>, Error> {
        let Some((scheme @ ("http" | "https" | "grpc" | "grpcs"), rest)) = word.split_once("://") else {
            return Ok(None);
        };
        let end = match rest.strip_prefix("unix:") {
            Some(path) => path.find(':').map_or(rest.len(), |at| at + "unix:".len()),
            None => rest.find(['/', '?']).unwrap_or(rest.len()),
        };
        let (address, uri) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let uri = uri.strip_prefix(':').unwrap_or(uri);
        // nginx refuses the name of an `upstream` with a port.
        if address.rsplit_once(':').is_some_and(|(name, _)| self.names.all.contains(name)) {
            return Ok(None);
        }
        let address = self.address(address)?;
        Ok(address.map(|address| format!("\"{scheme}://{address}{uri}\"")))
    }

    /// What a variable gets that stands in the address of a `*_pass`: a URL, or an address. Without a resolver nginx
    /// answers 502 where a name comes out of a variable, so names stay then.
    fn value(&mut self, word: &str) -> Result<Option<String>, Error> {
        let (scheme, address) = match word.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest.split('/').next().unwrap_or_default()),
            None => (None, word),
        };
        let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
        let is_ip = host.parse::<IpAddr>().is_ok();
        let is_address = port.parse::<u16>().is_ok() || port.is_empty() && (is_ip || scheme.is_some());
        if !is_address || !(is_ip || self.names.has_resolver) {
            return Ok(None);
        }
        match scheme {
            Some(_) => self.pass(word),
            None => self.address(address),
        }
    }

    fn address(&mut self, address: &str) -> Result<Option<String>, Error> {
        if self.names.all.contains(address) || address.contains('$') {
            return Ok(None);
        }
        Ok(Some(format!("127.0.0.1:{}", self.surroundings.backend(address)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(u16);

    impl Surroundings for Counting {
        fn backend(&mut self, address: &str) -> Result<u16, Error> {
            Ok(9000 + u16::try_from(address.len()).unwrap())
        }

        fn listen(&mut self) -> Result<u16, Error> {
            self.0 += 1;
            Ok(self.0)
        }
    }

    /// The main file without what is put at the start of levels, and the listens.
    fn rewritten(text: &str) -> (String, Vec<String>) {
        let files = [("nginx.conf".to_owned(), format!("events {{}}\n{text}"))];
        let done = rewrite(&files, Path::new("/d"), 10, &mut Counting(8000)).unwrap();
        let text = String::from_utf8(done.files[0].1.clone()).unwrap();
        let (_, text) = text.split_once('\n').unwrap();
        (text.to_owned(), done.listens.into_iter().map(|listen| listen.original).collect())
    }

    #[test]
    fn addresses_go_to_the_harness_and_lines_stay() {
        let (text, listens) = rewritten(
            "upstream a { server b:1 weight=2; }\nserver { listen 80; listen [::]:80; # two\n\
             location / { proxy_pass http://a/x; }\nlocation /t { proxy_pass https://host/y$uri; } }\n\
             server { proxy_read_timeout 1h; keepalive_timeout 75s 60s; access_log off; }",
        );
        assert_eq!(
            text,
            "upstream a { server 127.0.0.1:9003 weight=2; }\nserver { listen 127.0.0.1:8001;  # two\n\
             location / { proxy_pass http://a/x; }\nlocation /t { proxy_pass \"https://127.0.0.1:9004/y$uri\"; } }\n\
             server { listen 127.0.0.1:8001; proxy_read_timeout 360000ms; keepalive_timeout 7500ms 60s; access_log off; }"
        );
        assert_eq!(listens, ["80"]);
    }

    #[test]
    fn addresses_in_variables_go_to_the_harness() {
        let text = "map $uri $pool { default 10.0.0.1:80; /x named; server 10.0.0.2; }\n\
            server { listen 80; set $url http://10.0.0.3/y; set $name b:1; set $other 10.0.0.1:80;\n\
            location / { proxy_pass https://$pool; }\nlocation /a { proxy_pass $url; }\n\
            location /b { proxy_pass http://$name; } }";
        let done = rewritten(text).0;
        assert!(
            done.starts_with(
                "map $uri $pool { default 127.0.0.1:9011; /x named; server 127.0.0.1:9008; }\n\
             server { listen 127.0.0.1:8001; set $url \"http://127.0.0.1:9008/y\"; set $name b:1; \
             set $other 10.0.0.1:80;"
            ),
            "{done}"
        );
        assert!(rewritten(&format!("resolver 10.0.0.9;\n{text}")).0.contains("set $name 127.0.0.1:9003;"));
    }

    #[test]
    fn what_nginx_would_refuse_stays() {
        for text in [
            "server { listen 80; location / { proxy_pass ws://a:1; } }",
            "server { listen 80; root x }",
            "upstream a { } server { listen 80; location / { proxy_pass http://a:1; } }",
        ] {
            assert_eq!(rewritten(text).0, text.replace("listen 80", "listen 127.0.0.1:8001"));
        }
    }
}

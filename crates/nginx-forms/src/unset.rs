//! Variables of nginx that a shell or compose takes for its own: nobody sets one of these names there, so nothing is left
//! of it in what nginx reads.

use std::collections::BTreeSet;

/// Names that no script has for itself.
const ONLY_OF_NGINX: [&[u8]; 24] = [
    b"http_upgrade",
    b"http_connection",
    b"http_origin",
    b"http_user_agent",
    b"http_referer",
    b"http_cookie",
    b"http_authorization",
    b"http_x_forwarded_for",
    b"http_x_forwarded_proto",
    b"http_x_forwarded_host",
    b"http_x_real_ip",
    b"http_sec_websocket_key",
    b"http_sec_websocket_protocol",
    b"http_sec_websocket_version",
    b"http_sec_websocket_extensions",
    b"http_cf_connecting_ip",
    b"connection_upgrade",
    b"proxy_add_x_forwarded_for",
    b"remote_addr",
    b"binary_remote_addr",
    b"remote_user",
    b"request_uri",
    b"is_args",
    b"document_root",
];

/// Names that a script may have too: they are nginx's beside one of those.
const ALSO_OF_SCRIPTS: [&[u8]; 14] = [
    b"host",
    b"http_host",
    b"scheme",
    b"uri",
    b"args",
    b"query_string",
    b"server_name",
    b"server_port",
    b"server_protocol",
    b"request_method",
    b"fastcgi_script_name",
    b"document_uri",
    b"proxy_host",
    b"upstream_addr",
];

/// The variables of nginx of which nothing is left.
#[derive(Debug, Default)]
pub(crate) struct Unset(BTreeSet<&'static [u8]>);

impl Unset {
    /// Those that `text` has, which a shell or compose fills in; `host`: all that could set one. A name that stands there
    /// without `$` may be set.
    pub(crate) fn of(host: &[u8], text: &[u8]) -> Self {
        if sources_others(host) {
            return Self::default();
        }
        let is_unset = |name: &&&'static [u8]| is_bare(text, name) && !is_named(host, name);
        let mut all: BTreeSet<&'static [u8]> = ONLY_OF_NGINX.iter().filter(is_unset).copied().collect();
        // Where others of nginx are written as they have to be, these are meant for nginx too.
        if !all.is_empty() || ONLY_OF_NGINX.iter().any(|name| is_escaped(text, name)) {
            all.extend(ALSO_OF_SCRIPTS.iter().filter(is_unset));
        }
        Self(all)
    }

    /// Whether nothing is left of a variable.
    pub(crate) fn has(&self, name: &[u8]) -> bool {
        self.0.contains(name)
    }
}

/// Whether a script takes variables from another file, or makes them of a text: `. FILE`, `source FILE`, `eval`. Files of
/// the system have none of these names.
fn sources_others(host: &[u8]) -> bool {
    const OF_SYSTEM: [&[u8]; 9] = [
        b"/etc/os-release",
        b"/etc/lsb-release",
        b"/etc/profile",
        b"/etc/bashrc",
        b".bashrc",
        b".profile",
        b"nvm.sh",
        b"functions",
        b"/bin/activate",
    ];
    let is_it = |command: &[u8]| {
        let command = command.trim_ascii_start();
        let command = ["then ", "do ", "else ", "{ ", "RUN "].iter().fold(command, |command, word| {
            command.strip_prefix(word.as_bytes()).unwrap_or(command).trim_ascii_start()
        });
        let mut words = command.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        match (words.next(), words.next()) {
            (Some(b"." | b"source"), Some(file)) => {
                let file: Vec<u8> = file.iter().copied().filter(|byte| !b"\"';)".contains(byte)).collect();
                let is_file = file.iter().any(u8::is_ascii_alphanumeric);
                is_file && !OF_SYSTEM.iter().any(|own| file.ends_with(own))
            }
            (Some(b"eval"), Some(text)) => !text.starts_with(b"\"$(ssh-agent"),
            _ => false,
        }
    };
    let has = |word: &[u8]| memchr::memmem::find(host, word).is_some();
    (has(b". ") || has(b"source ") || has(b"eval "))
        && host.split(|byte| *byte == b'\n').any(|line| {
            !line.trim_ascii_start().starts_with(b"#") && line.split(|byte| b";&|".contains(byte)).any(is_it)
        })
}

/// The bytes around each place where a name stands as a word: those before it.
fn places<'t>(text: &'t [u8], name: &'t [u8]) -> impl Iterator<Item = &'t [u8]> {
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    memchr::memmem::find_iter(text, name).filter_map(move |at| {
        let before = text.get(..at)?;
        let behind = text.get(at + name.len());
        let is_word = !before.last().is_some_and(is_of_word) && !behind.is_some_and(is_of_word);
        is_word.then_some(before)
    })
}

/// Whether it is written as `$name` or `${name}` that is filled in: without a backslash or another `$`.
fn is_bare(text: &[u8], name: &[u8]) -> bool {
    places(text, name).any(|before| {
        let dollar = before.strip_suffix(b"{").unwrap_or(before);
        dollar.strip_suffix(b"$").is_some_and(|before| !before.ends_with(b"\\") && !before.ends_with(b"$"))
    })
}

/// Whether it is written so that nginx gets it: `\$name`, `$$name`.
fn is_escaped(text: &[u8], name: &[u8]) -> bool {
    places(text, name).any(|before| before.ends_with(b"\\$") || before.ends_with(b"$$"))
}

/// Whether it stands anywhere without `$`.
fn is_named(text: &[u8], name: &[u8]) -> bool {
    places(text, name).any(|before| !before.ends_with(b"$") && !before.ends_with(b"${"))
}

#[cfg(test)]
mod tests {
    use super::Unset;

    #[test]
    fn names_that_nobody_sets_are_unset() {
        let of = |host: &str, name: &str| Unset::of(host.as_bytes(), host.as_bytes()).has(name.as_bytes());
        assert!(of("Upgrade $http_upgrade;", "http_upgrade") && of("${http_upgrade}", "http_upgrade"));
        assert!(of("$http_upgrade $host", "host"));
        assert!(of("\\$http_upgrade $host", "host") && of("$$http_upgrade $host", "host"));
        assert!(of(". /etc/os-release\n# source it\n. . $http_upgrade", "http_upgrade"));
        for (host, name) in [
            ("\\$http_upgrade", "http_upgrade"),
            ("$$http_upgrade", "http_upgrade"),
            ("http_upgrade=x\n$http_upgrade", "http_upgrade"),
            ("for host in a; do echo $http_upgrade $host", "host"),
            ("host=a\n\\$http_upgrade $host", "host"),
            // A script's own, as far as can be told.
            ("$host", "host"),
            ("$http_upgrade_x", "http_upgrade"),
            ("$http_proxy $http_upgrade", "http_proxy"),
            // The other file may set it.
            (". /etc/app.env\n$document_root", "document_root"),
            ("if x; then source \"$F\"; fi\n$http_upgrade", "http_upgrade"),
            ("eval \"$(cat env)\"\n$http_upgrade", "http_upgrade"),
        ] {
            assert!(!of(host, name), "{host}");
        }
    }
}

//! Files that every distribution puts beside nginx, for trees that include them without holding them.
//!
//! A repository's `nginx.conf` says `include mime.types;` and leaves the file to the package. What such a file does is
//! public, so it need not make the values around it unknown. A name is no more than that: the file may be another one,
//! and no fix relies on it.

use std::path::Path;

use crate::ContextKind;

/// A shipped file.
struct Shipped {
    /// The end of the path by which it is included, from a `/` on.
    tail: &'static str,
    /// The part of its text that a WebSocket can notice.
    text: &'static str,
}

/// Each row's source is the package that ships it.
const SHIPPED: &[Shipped] = &[
    // nginx, conf/ in the source tree: only a `types` block, `fastcgi_param` and its kin, `charset_map`.
    Shipped { tail: "/mime.types", text: "" },
    Shipped { tail: "/fastcgi_params", text: "" },
    Shipped { tail: "/fastcgi.conf", text: "" },
    Shipped { tail: "/uwsgi_params", text: "" },
    Shipped { tail: "/scgi_params", text: "" },
    Shipped { tail: "/koi-utf", text: "" },
    Shipped { tail: "/koi-win", text: "" },
    Shipped { tail: "/win-utf", text: "" },
    // Debian and Ubuntu, package nginx-common: debian/conf/proxy_params.
    Shipped {
        tail: "/proxy_params",
        text: "proxy_set_header Host $http_host;\n\
               proxy_set_header X-Real-IP $remote_addr;\n\
               proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n\
               proxy_set_header X-Forwarded-Proto $scheme;\n",
    },
    // Debian and Ubuntu, package nginx-common: debian/conf/snippets/.
    Shipped { tail: "/snippets/snakeoil.conf", text: "" },
    Shipped {
        tail: "/snippets/fastcgi-php.conf",
        text: "fastcgi_split_path_info ^(.+?\\.php)(/.*)$;\ntry_files $fastcgi_script_name =404;\n",
    },
    // certbot, certbot-nginx/src/certbot_nginx/_internal/tls_configs/: ssl_* directives only.
    Shipped { tail: "/options-ssl-nginx.conf", text: "" },
];

/// The text that stands for an include of `path` that is not in the tree.
pub(crate) fn shipped(path: &str) -> Option<&'static str> {
    let with_slash = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    SHIPPED.iter().find(|file| with_slash.ends_with(file.tail)).map(|file| file.text)
}

/// The text that stands for a file of a package that a link leads to. Debian and Ubuntu, packages libnginx-mod-*: links in
/// `modules-enabled` lead out of `/etc/nginx` to files with one `load_module` line.
pub(crate) fn shipped_by_package(identity: &Path) -> Option<&'static str> {
    let is_module = identity.parent() == Some(Path::new("/usr/share/nginx/modules-available"))
        && identity.extension().is_some_and(|extension| extension == "conf");
    is_module.then_some("")
}

/// Whether a file is part of nginx itself in such a way that fixes need not doubt it: the `types` block of `http`, which
/// any main file of nginx includes there, as an installed one does with its own.
pub(crate) fn is_nginxs_own(name: &Path, place: ContextKind) -> bool {
    place == ContextKind::Http && name.file_name().is_some_and(|name| name == "mime.types")
}

#[cfg(test)]
mod tests {
    use super::shipped;

    #[test]
    fn known_by_the_end_of_the_path() {
        assert_eq!(shipped("mime.types"), Some(""));
        assert_eq!(shipped("/usr/local/nginx/conf/mime.types"), Some(""));
        assert!(shipped("/etc/nginx/proxy_params").is_some_and(|text| text.contains("Host")));
        assert_eq!(shipped("/etc/nginx/my_proxy_params"), None);
        assert_eq!(shipped("/etc/letsencrypt/options-ssl-nginx.conf"), Some(""));
    }
}

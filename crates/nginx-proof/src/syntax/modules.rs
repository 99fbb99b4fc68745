//! Which modules an nginx has, by what `-V` says.

use std::collections::BTreeSet;
use std::process::Command;

use nginx_semantics::VersionRange;
use nginx_semantics::catalogue;
use nginx_semantics::dispatch::{Build, Modules};

use super::message::Class;
use super::verdict::Bench;
use crate::{Binary, Error};

/// Those that `auto/options` leaves out unless asked; all others are there unless refused.
const ON_REQUEST: [&str; 27] = [
    "google_perftools",
    "http_addition",
    "http_auth_request",
    "http_dav",
    "http_degradation",
    "http_flv",
    "http_geoip",
    "http_gunzip",
    "http_gzip_static",
    "http_image_filter",
    "http_mp4",
    "http_perl",
    "http_random_index",
    "http_realip",
    "http_secure_link",
    "http_slice",
    "http_ssl",
    "http_stub_status",
    "http_sub",
    "http_v2",
    "http_v3",
    "http_xslt",
    "mail_ssl",
    "stream_geoip",
    "stream_realip",
    "stream_ssl",
    "stream_ssl_preread",
];
/// Methods of other systems to wait for connections.
const OF_OTHER_SYSTEMS: [&str; 5] = ["devpoll", "eventport", "iocp", "kqueue", "rtsig"];

/// Directives that distributions brought to older releases. Debian's nginx 1.22.1 and 1.26.3 take `max_headers` since a
/// security update of 2026; nginx has it since 1.29.8. A binary is asked which of them it knows.
const BACKPORTED: [&str; 1] = ["max_headers"];

/// What the binary takes.
///
/// # Errors
/// When it does not run.
pub(crate) fn build(binary: &Binary) -> Result<Build, Error> {
    let run = |error| Error::Run { program: binary.path.clone(), error };
    let output = Command::new(&binary.path).arg("-V").output().map_err(run)?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let options: BTreeSet<&str> = text.split_whitespace().collect();
    let modules = catalogue::directives().iter().map(|directive| directive.module);
    let built = modules.filter(|module| is_built(module, &options)).collect();
    let mut build =
        Build { modules: Modules::Exactly(built), ..Build::any(VersionRange::exactly(binary.version)) };
    let mut bench = Bench::new()?;
    for name in BACKPORTED {
        let is_known = catalogue::lookup(name.as_bytes()).rows().iter().any(|row| build.has(row));
        let files = [("nginx.conf".to_owned(), format!("{name};").into_bytes())];
        let verdict = bench.test(binary, &files)?;
        let class = verdict.message.map(|message| message.class());
        if !is_known && class.is_some_and(|class| class != Class::Unknown) {
            build.backported.insert(name);
        }
    }
    Ok(build)
}

/// Whether a module is linked in; one that is built to be loaded is not.
fn is_built(module: &str, options: &BTreeSet<&str>) -> bool {
    let name = module.trim_start_matches("ngx_").trim_end_matches("_module");
    let short = name.trim_end_matches("_filter");
    let with = |name: &str| options.contains(format!("--with-{name}_module").as_str());
    let without = |name: &str| options.contains(format!("--without-{name}_module").as_str());
    let has = |option: &str| options.contains(option);
    // `mail` and `stream` themselves, and all below.
    for part in ["mail", "stream"] {
        if short.split('_').next() == Some(part) && !has(&format!("--with-{part}")) {
            return false;
        }
    }
    match short {
        "thread_pool" => has("--with-threads"),
        "openssl" | "openssl_cache" => {
            ["http", "mail", "stream"].iter().any(|part| with(&format!("{part}_ssl")))
        }
        "quic_bpf" => with("http_v3"),
        "regex" => !has("--without-pcre"),
        other if OF_OTHER_SYSTEMS.contains(&other) => false,
        _ if ON_REQUEST.contains(&short) => with(short),
        _ if ON_REQUEST.contains(&name) => with(name),
        _ => !without(short),
    }
}

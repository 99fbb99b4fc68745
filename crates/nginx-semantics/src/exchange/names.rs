//! What the regex of a `server_name` has captured of the host
//! (`http/ngx_http_request.c:ngx_http_find_virtual_server`).

use nginx_syntax::lossy;

use super::way::Follower;
use crate::catalogue::DirectiveName as N;
use crate::mistakes::{Mistake, makes};
use crate::server::Comparison;

impl Follower<'_, '_> {
    /// Keeps what the name that took the host has captured: the first regex of the server that matches, unless a name
    /// that is none comes first. What it captures of a host that only stands for others is not known.
    pub(super) fn capture_host(&mut self) {
        let configuration = self.all.configuration;
        if !configuration.capturing().contains(&self.server) || makes(Mistake::NamesCaptureNothing) {
            return;
        }
        let Some(host) = self.request.host() else { return };
        let is_told = self.all.premises.is_host_told;
        let words = configuration.named(self.server, N::SERVER_NAME).flat_map(|line| line.arguments());
        let words: Vec<String> = words.map(|word| lossy(&word).into_owned()).collect();
        let is_plain = |name: &String| !name.starts_with('~') && Comparison::of(name, &host).is_some();
        if is_told && words.iter().any(is_plain) {
            return;
        }
        let patterns: Vec<_> = words
            .iter()
            .filter_map(|name| {
                let regex = name.strip_prefix('~')?;
                // ngx_http_core_server_name: the host is in lower case.
                let is_caseless = regex.bytes().any(|byte| byte.is_ascii_uppercase());
                Some(configuration.pattern(regex.as_bytes(), is_caseless))
            })
            .collect();
        for pattern in patterns.iter().filter(|_| is_told) {
            match pattern.as_ref().map(|pattern| self.gathered.matches(pattern, host.as_bytes())) {
                Some(Some(true)) => return,
                Some(Some(false)) => {}
                Some(None) | None => {
                    patterns.iter().flatten().for_each(|pattern| self.gathered.may_match(pattern));
                    return;
                }
            }
        }
        if !is_told {
            patterns.iter().flatten().for_each(|pattern| self.gathered.may_match(pattern));
        }
    }
}

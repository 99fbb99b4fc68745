//! The client's address as a proxy in front of nginx tells it (`http/modules/ngx_http_realip_module.c`).

use core::net::{IpAddr, SocketAddr};

use nginx_syntax::lossy;

use super::access::address_matches;
use super::way::Follower;
use crate::catalogue::DirectiveName as N;
use crate::effective::{Effective, effective};

/// The field that is read where `real_ip_header` names none.
const FIELD: &str = "X-Real-IP";

/// The field that may name several addresses in several lines.
const LIST: &str = "X-Forwarded-For";

impl Follower<'_, '_> {
    /// `ngx_http_realip_handler`: it runs before the lines of the server, and again before what may refuse. Once it has
    /// found another address, it looks no more.
    pub(super) fn find_client(&mut self) {
        if self.is_client_told {
            return;
        }
        let Effective::Set(declared) = effective(self.all.configuration, self.context, N::SET_REAL_IP_FROM)
        else {
            return;
        };
        let trusted: Vec<String> = declared
            .directives
            .iter()
            .filter_map(|line| Some(lossy(&line.argument(0)?).into_owned()))
            .collect();
        let field = self.in_effect(N::REAL_IP_HEADER).first().and_then(|line| line.argument(0));
        let field = field.map_or_else(|| FIELD.into(), |field| lossy(&field).into_owned());
        if field.eq_ignore_ascii_case("proxy_protocol") {
            self.client = None;
            return;
        }
        let all = self.request.headers.iter().enumerate();
        let is_it =
            |index: &usize, name: &str| name.eq_ignore_ascii_case(&field) && !self.ignored.contains(index);
        let lines = all.filter(|(index, (name, _))| is_it(index, name));
        let mut lines: Vec<&[u8]> = lines.map(|(_, (_, value))| value.as_slice()).collect();
        if !field.eq_ignore_ascii_case(LIST) {
            lines.truncate(1);
        }
        let is_recursive = self.flag(N::REAL_IP_RECURSIVE, false);
        // ngx_http_get_forwarded_addr: from the last one on, as long as who told it is trusted.
        let words = lines.iter().flat_map(|line| line.split(|byte| matches!(byte, b' ' | b',')));
        let told: Vec<&[u8]> = words.filter(|word| !word.is_empty()).collect();
        let mut client = self.client;
        for word in told.into_iter().rev().take(if is_recursive { usize::MAX } else { 1 }) {
            match is_trusted(client, &trusted) {
                Some(true) => {}
                Some(false) => break,
                None => {
                    client = None;
                    break;
                }
            }
            let Some(address) = address(word) else { break };
            client = Some(address);
        }
        self.is_client_told = client != self.client;
        self.client = client;
    }
}

/// Whether `set_real_ip_from` lines name an address; `None` where that is not known.
fn is_trusted(client: Option<IpAddr>, trusted: &[String]) -> Option<bool> {
    let answers: Vec<Option<bool>> = trusted.iter().map(|word| address_matches(word, client)).collect();
    if answers.contains(&Some(true)) {
        return Some(true);
    }
    if answers.contains(&None) { None } else { Some(false) }
}

/// An address with or without a port (`core/ngx_inet.c:ngx_parse_addr_port`).
fn address(word: &[u8]) -> Option<IpAddr> {
    let word = std::str::from_utf8(word).ok()?;
    let bare = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')).unwrap_or(word);
    bare.parse().ok().or_else(|| word.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

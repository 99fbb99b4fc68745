//! The URL that nginx makes of a path in `Location` (`http/ngx_http_header_filter_module.c:ngx_http_header_filter`).

use super::Answer;
use super::client::HOSTNAME;
use super::way::Follower;
use crate::catalogue::DirectiveName as N;
use crate::variables::{Bytes, Value};

impl<'s> Follower<'_, 's> {
    /// An answer with scheme, host and port before the path that it redirects to: of the connection, not of what a proxy
    /// in front has told.
    pub(super) fn with_url(&mut self, answer: Answer<'s>) -> Answer<'s> {
        let Some(location) = &answer.location else { return answer };
        let is_path = |location: &[u8]| location.first() == Some(&b'/');
        self.context = answer.context;
        // Where the port is not known, the path stands for the rest of the URL.
        let Some(local) = self.request.local.filter(|_| location.possibly(is_path)) else { return answer };
        if !self.flag(N::ABSOLUTE_REDIRECT, true) {
            return answer;
        }
        let scheme = if self.request.is_tls { "https" } else { "http" };
        let host = match self.request.host() {
            _ if self.flag(N::SERVER_NAME_IN_REDIRECT, false) => {
                Some(self.server_name.to_string()).filter(|name| name != HOSTNAME)
            }
            Some(host) => Some(host),
            None => Some(local.ip()).filter(|ip| !ip.is_unspecified()).map(|ip| match ip.is_ipv6() {
                true => format!("[{ip}]"),
                false => ip.to_string(),
            }),
        };
        let Some(host) = host else { return Answer { location: Some(Value::NotEmpty), ..answer } };
        let default = if self.request.is_tls { 443 } else { 80 };
        let is_shown = local.port() != default && self.flag(N::PORT_IN_REDIRECT, true);
        let port = if is_shown { format!(":{}", local.port()) } else { String::new() };
        let start = format!("{scheme}://{host}{port}").into_bytes();
        let with_start = |location: &Bytes| match is_path(location) {
            true => Value::known([start.as_slice(), location].concat()),
            false => Value::known(location),
        };
        let all = location.alternatives().into_iter().flatten().map(with_start).reduce(Value::or);
        Answer { location: all.or(answer.location), ..answer }
    }
}

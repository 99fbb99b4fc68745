//! What is taken for granted of what no configuration says.

use super::{Exchanges, UpstreamRequest};

/// What a back end answers to a request: the status, where that can be told.
pub type BackEnd = for<'e, 's> fn(&Exchanges<'e, 's>, &UpstreamRequest<'s>) -> Option<u16>;

/// What is taken for granted where requests are followed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Premises {
    /// Whether files and directories may be there, so that each is a question; else none is there.
    pub has_files: bool,
    /// Whether the host of the requests is the client's own; else it stands for any that leads to the server.
    pub is_host_told: bool,
    /// Whether the client may send fields, cookies and arguments besides those of the request: what the request has none
    /// of is not known then, and else not there.
    pub may_send_more: bool,
    /// Whether the client is a browser, so that it also sends `User-Agent` and its like, with values that are not known.
    pub is_browser: bool,
    /// Whether `limit_req` and `limit_conn` may refuse a request, so that each is a question; else none does.
    pub may_be_limited: bool,
    /// What back ends answer, for those answers that nginx replaces; else it replaces none.
    pub back_end: Option<BackEnd>,
    /// Whether that goes for subrequests too: what answers them need not be a back end of WebSockets.
    pub answers_subrequests: bool,
    /// Whether back ends speak HTTP/1 alone: what they answer to HTTP/2 is no frame, which makes a 502 of nginx's own.
    pub has_no_http2: bool,
}

impl Premises {
    /// Whether `$host` is not known.
    pub(super) fn is_host_open(&self) -> bool {
        self.may_send_more && !self.is_host_told
    }
}

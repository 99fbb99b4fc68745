//! What nginx does with a WebSocket handshake and with an idle connection.
//!
//! [`Model`] finds the endpoints of a configuration, each with its [`Evidence`], the [`Handshake`] that the upstream would
//! receive and the [`IdleLimit`] that ends a silent connection. Knows nothing of rules and output.

pub mod applications;
mod arrival;
mod browser;
mod candidates;
mod captures;
mod certificate;
pub mod chain;
mod dead_peer;
mod endpoint;
mod evidence;
mod facts;
mod failure;
mod fallback;
mod handed_over;
mod handshake;
mod idle;
pub mod layers;
mod limits;
mod listening;
mod logs;
mod lookup;
mod misplaced;
mod model;
mod named;
mod origin;
mod paths;
mod process;
mod prospect;
mod reading;
mod sent;
mod sharing;
mod site;
mod sockets;
mod source;
mod standing;
mod stream;
mod subrequests;
mod summary;
mod url;
mod walk;
mod ways;
mod words;

pub use arrival::{Admission, Arrival, Asked, barred, is_open, local_address, open_sockets, sockets_for};
pub use browser::{
    AnyOrdinaryRequest, Browser, HandshakeRequest, ORDINARY_CONNECTIONS, OrdinaryRequest, has_token,
    is_carried,
};
pub use candidates::{Earlier, KeptCandidates};
pub use certificate::{Certificate, ChainFault, Moment, ServedCertificates};
pub use endpoint::Endpoint;
pub use evidence::{Doubt, Evidence, EvidenceKind, LinesFrom, says_websocket};
pub use failure::Failure;
pub use fallback::Unframed;
pub use handshake::{Handshake, HandshakeFacts, Header, HttpVersion, Line, Lost};
pub use idle::IdleLimit;
pub use limits::{Limit, Most};
pub use listening::Listening;
pub use logs::{AccessLogs, Fields, LogFormat, fields_of, logs_info};
pub use lookup::{NameService, StartupName};
pub use model::{Hints, Model};
pub use origin::OriginDifference;
pub use paths::LostPath;
pub use process::number;
pub use prospect::{Answerer, Otherwise, Prospect, Verdict, location_words};
pub use reading::{Fault, Reading, hidden_answer, is_foreign_origin, offers_subprotocols, read};
pub use sent::SentLines;
pub use sharing::Need;
pub use site::Site;
pub use sockets::{OpenSocket, is_plain};
pub use source::Source;
pub use standing::Standing;
pub use stream::StreamEndpoint;
pub use subrequests::{Carried, CarriedBy};
pub use url::{Url, UrlError};
pub use walk::{Probe, Walks, handshake_request, is_settled};
pub use ways::{Blame, Refusal, is_partial, password};

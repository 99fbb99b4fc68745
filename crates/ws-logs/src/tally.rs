//! The WebSockets of one endpoint, of a server, or of all, counted.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hashbrown::HashMap;
use lint_finding::{PeerTraffic, Traffic};

use crate::lifetimes::Ages;
use crate::record::{Record, failed};
use crate::series::Series;

/// So many peers are told apart.
const MOST_PEERS: usize = 200;
/// The longest name of a peer that is kept, in bytes.
const LONGEST_PEER: usize = 200;

#[derive(Debug, Clone, Copy, Default)]
struct Peer {
    handshakes: u64,
    succeeded: u64,
    failed_over: u64,
}

/// What is counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) handshakes: u64,
    pub(crate) succeeded: u64,
    refusals: BTreeMap<u16, u64>,
    /// Those of them that a back end answered with a status that back ends refuse HTTP/1.0 with.
    pub(crate) refused_by_peers: u64,
    pub(crate) ages: Ages,
    /// The ages of those that nginx's timer ended, as the error log says.
    pub(crate) timed_out: Ages,
    bytes_sent: Option<u64>,
    bytes_received: Option<u64>,
    pub(crate) series: Series,
    peers: HashMap<Vec<u8>, Peer>,
    other_peers: Peer,
}

impl Tally {
    /// A handshake, and for one that succeeded the end of its WebSocket.
    pub(crate) fn add(&mut self, record: &Record<'_>, timed_out: bool) {
        let succeeded = record.status == 101;
        self.handshakes += 1;
        self.succeeded += u64::from(succeeded);
        if !succeeded {
            *self.refusals.entry(record.status).or_default() += 1;
            let is_of_version = matches!(record.status, 400 | 426 | 501 | 505);
            self.refused_by_peers += u64::from(is_of_version && record.peer_status == Some(record.status));
        }
        self.peer(record, succeeded);
        let age = record.duration.filter(|_| succeeded);
        if let Some(age) = age {
            self.ages.add(age);
            if timed_out {
                self.timed_out.add(age);
            }
        }
        if succeeded {
            let add = |all: &mut Option<u64>, more: Option<u64>| {
                if let Some(more) = more {
                    *all = Some(all.unwrap_or(0).saturating_add(more));
                }
            };
            add(&mut self.bytes_sent, record.bytes_sent);
            add(&mut self.bytes_received, record.bytes_received);
        }
        let Some(ended) = record.when.map(|when| when.seconds) else { return };
        let age = age.and_then(|age| i64::try_from(age).ok()).unwrap_or(0);
        let started = ended.saturating_sub(age / 1_000);
        self.series.handshake(started, !succeeded);
        if succeeded {
            self.series.disconnect(ended);
            if age > 0 {
                // A line has whole seconds: on average it is written in the middle of one.
                let ended = ended.saturating_mul(1_000).saturating_add(500);
                self.series.open(ended.saturating_sub(age), ended);
            }
        }
    }

    /// Keeps the age of one that was added for the search for steps, which costs memory.
    pub(crate) fn refine(&mut self, record: &Record<'_>) {
        if let (101, Some(age)) = (record.status, record.duration) {
            self.ages.refine(age);
        }
    }

    fn peer(&mut self, record: &Record<'_>, succeeded: bool) {
        let Some(address) = record.peer else { return };
        let peer = self.peer_of(address);
        peer.handshakes += 1;
        peer.succeeded += u64::from(succeeded);
        for address in record.peers.into_iter().flat_map(failed) {
            self.peer_of(address).failed_over += 1;
        }
    }

    fn peer_of(&mut self, address: &[u8]) -> &mut Peer {
        let address = address.get(..LONGEST_PEER).unwrap_or(address);
        if self.peers.len() >= MOST_PEERS && !self.peers.contains_key(address) {
            return &mut self.other_peers;
        }
        self.peers.entry_ref(address).or_default()
    }

    /// What is told of them.
    pub(crate) fn told(&self) -> Traffic {
        let mut refusals: Vec<(u16, u64)> =
            self.refusals.iter().map(|(status, count)| (*status, *count)).collect();
        refusals.sort_by_key(|(status, count)| (Reverse(*count), *status));
        let mut peers: Vec<PeerTraffic> = self
            .peers
            .iter()
            .map(|(address, peer)| told_peer(String::from_utf8_lossy(address).into_owned(), *peer))
            .collect();
        peers.sort_by(|one, other| {
            other.handshakes.cmp(&one.handshakes).then_with(|| one.address.cmp(&other.address))
        });
        if self.other_peers.handshakes + self.other_peers.failed_over > 0 {
            peers.push(told_peer(String::new(), self.other_peers));
        }
        let moments = self.series.moments();
        let lifetimes = self.ages.told();
        let peak = moments.iter().map(|moment| moment.open).fold(0.0, f64::max);
        #[expect(clippy::cast_precision_loss, reason = "a count of a minute")]
        let most_disconnects = self.series.most_disconnects() as f64;
        Traffic {
            handshakes: self.handshakes,
            succeeded: self.succeeded,
            refusals,
            peak_open: lifetimes.is_some().then_some(peak),
            lifetimes,
            bytes_sent: self.bytes_sent,
            bytes_received: self.bytes_received,
            step_s: u64::try_from(self.series.width()).unwrap_or(60),
            moments,
            most_disconnects,
            peers,
        }
    }
}

fn told_peer(address: String, peer: Peer) -> PeerTraffic {
    let Peer { handshakes, succeeded, failed_over } = peer;
    PeerTraffic { address, handshakes, succeeded, failed_over }
}

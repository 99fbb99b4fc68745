//! What is told in the end: steps tied to limits, refusals to peers and reloads.

use std::cmp::Reverse;

use lint_finding::{
    Cliff, CliffCause, LayerGuess, LogEndpoint, LogReport, LogServer, Observation, PeerTraffic, Traffic,
};

use crate::book::{AfterReload, Book};
use crate::certificates::{Refusals, file_of};
use crate::lifetimes::Step;
use crate::places::{IdleLimit, Key, LayerLimit, Location};
use crate::storms::storms;
use crate::tally::Tally;

/// Fewer refusals tell nothing.
const FEWEST_REFUSED: u64 = 5;
/// Fewer handshakes tell nothing of what is usual.
const FEWEST_OTHERS: u64 = 10;
/// How many times as many clients refuse a certificate when it was changed.
const RISE: u64 = 5;

/// Whether connections that end at an age are ended by a limit. No timer fires early, but ages are kept to three digits; a
/// handshake and what is sent first come before the silence, which takes a moment.
#[must_use]
pub fn is_by(limit: u64, at: u64) -> bool {
    let early = (limit / 1_000).max(100);
    let late = (limit / 50).clamp(250, 2_000);
    at + early >= limit && at <= limit + late
}

impl Book<'_> {
    /// What the logs say so far. The files of places, and what nginx's status page says, are for the caller to add.
    #[must_use]
    pub fn report(&self) -> LogReport {
        let counted = &self.counted;
        let offset = counted.offset.unwrap_or(0);
        let layers = self.resolver.layers();
        let has_configuration = self.resolver.is_there();
        let mut all: Vec<(&Key, &Tally)> = counted.endpoints.iter().collect();
        all.sort_by_key(|(key, tally)| (Reverse(tally.handshakes), (*key).clone()));
        let tells_timeouts = counted.messages.tells_timeouts;
        let mut observations = Vec::new();
        let mut endpoints = Vec::new();
        for (key, tally) in all {
            let location = match key {
                Key::Location(number) => self.resolver.location(*number),
                Key::Path(..) | Key::Others => None,
            };
            let idle = location.as_ref().and_then(|location| location.idle.as_ref());
            let cliff = |step: Step| {
                let timed_out = tells_timeouts.then(|| tally.timed_out.between(step.span.0, step.span.1));
                // An idle timeout counts from the last traffic, which may be long after the handshake.
                let is_nginxs = timed_out.is_some_and(|number| number * 2 > step.count);
                Cliff {
                    at_ms: step.at,
                    within_ms: step.within,
                    count: step.count,
                    of: tally.ages.count(),
                    timed_out,
                    cause: cause(step, idle, is_nginxs, &layers, has_configuration && location.is_some()),
                }
            };
            let cliffs = tally.ages.steps().into_iter().map(cliff).collect();
            let traffic = tally.told();
            of_endpoint(endpoints.len(), tally, &traffic, location.as_ref(), &mut observations);
            endpoints.push(endpoint(key, location, traffic, cliffs));
        }
        let mut servers: Vec<LogServer> = counted
            .servers
            .iter()
            .map(|(server, tally)| LogServer { server: server.clone(), traffic: tally.told() })
            .collect();
        servers.sort_by(|one, other| {
            let busiest = other.traffic.handshakes.cmp(&one.traffic.handshakes);
            busiest.then_with(|| one.server.cmp(&other.server))
        });
        let total = counted.total.told();
        observations.extend(storms(&total, counted.span));
        self.after_reloads(&total, i64::from(offset), &mut observations);
        self.certificates(i64::from(offset), &mut observations);
        LogReport {
            inputs: self.inputs(),
            requests: counted.requests,
            unplaced: counted.unplaced,
            knows_upgrade: counted.knows_upgrade,
            has_access: self.has_access(),
            has_configuration,
            utc_offset_s: offset,
            span: counted.span,
            total,
            servers,
            endpoints,
            symptoms: counted.messages.told(i64::from(offset)),
            unexplained: counted.messages.unexplained,
            reloads: counted.messages.reloads.iter().map(|clock| clock - i64::from(offset)).collect(),
            observations,
            heat: counted.heat.told(),
            ..LogReport::default()
        }
    }

    /// Certificates that clients refuse since a reload, or since they expired; and reloads that failed.
    fn certificates(&self, offset: i64, out: &mut Vec<Observation>) {
        let messages = &self.counted.messages;
        let mut failed: Vec<_> = messages.certificates.failed.iter().collect();
        failed.sort_by_key(|failed| failed.at);
        for failed in failed {
            let place = file_of(&failed.text).and_then(|file| self.resolver.certificate_of(file));
            out.push(Observation::ReloadFailed { at: failed.at - offset, text: failed.text.clone(), place });
        }
        for (listen, epochs) in messages.certificates.refused(&messages.reloads) {
            let of = |epoch: usize| epochs.get(&epoch);
            let all = |epoch: usize| of(epoch).map_or(0, Refusals::all);
            // Before and after a reload; some clients refuse any certificate.
            let is_rise = |epoch: usize| match epoch.checked_sub(1) {
                Some(before) => all(epoch) >= FEWEST_REFUSED && all(epoch) > RISE * all(before),
                None => false,
            };
            let mut told = None;
            for &epoch in epochs.keys() {
                let is_expired = of(epoch).is_some_and(|refusals| refusals.expired() >= FEWEST_REFUSED);
                if told.is_some_and(|until| epoch <= until) || !is_rise(epoch) && !is_expired {
                    continue;
                }
                let Some(mut refusals) = of(epoch).copied() else { continue };
                // As long as they do not become much fewer.
                let mut until = epoch;
                while let Some(next) = of(until + 1).filter(|next| next.all() * RISE > all(until)) {
                    refusals = refusals.and(next);
                    until += 1;
                }
                told = Some(until);
                let reload = |index: usize| messages.reloads.get(index).map(|at| at - offset);
                out.push(Observation::CertificateRefused {
                    listen: listen.to_owned(),
                    reload: epoch.checked_sub(1).filter(|_| is_rise(epoch)).and_then(reload),
                    span: (refusals.first - offset, refusals.last - offset),
                    mended: reload(until),
                    alerts: refusals.alerts(),
                    places: self.resolver.certificates_at(listen),
                });
            }
        }
    }

    fn after_reloads(&self, total: &Traffic, offset: i64, out: &mut Vec<Observation>) {
        let refused_of_all = total.handshakes - total.succeeded;
        let mut all: Vec<_> = self.counted.after_reloads.iter().collect();
        all.sort_by_key(|(at, _)| **at);
        let sum = |of: fn(&AfterReload) -> u64| self.counted.after_reloads.values().map(of).sum::<u64>();
        let others = total.handshakes.saturating_sub(sum(|after| after.handshakes));
        let refused_of_others = refused_of_all.saturating_sub(sum(|after| after.refused));
        for (at, after) in all {
            // Three times the share of those that were not behind a reload, where there were enough of them.
            if after.refused >= FEWEST_REFUSED
                && others >= FEWEST_OTHERS
                && after.refused * others > 3 * refused_of_others * after.handshakes
            {
                let (refused, of) = (after.refused, after.handshakes);
                out.push(Observation::RefusedAfterReload { at: at - offset, refused, of });
            }
        }
    }
}

fn endpoint(key: &Key, location: Option<Location>, traffic: Traffic, cliffs: Vec<Cliff>) -> LogEndpoint {
    let refused = |status: u16| traffic.refusals.iter().any(|(one, _)| *one == status);
    match (key, location) {
        (_, Some(location)) => LogEndpoint {
            server: location.server,
            location: location.location,
            place: Some(location.place),
            idle_timeout: location.idle_timeout,
            causes: location.causes.into_iter().filter(|cause| refused(cause.status)).collect(),
            refusing: location.refusing.into_iter().filter(|line| refused(line.status)).collect(),
            traffic,
            cliffs,
        },
        (key, None) => {
            let (server, location) = match key {
                Key::Path(host, path) => (host.clone(), path.clone()),
                Key::Location(_) | Key::Others => (String::new(), "(others)".to_owned()),
            };
            let (place, idle_timeout, causes, refusing) = (None, None, Vec::new(), Vec::new());
            LogEndpoint { server, location, place, idle_timeout, causes, refusing, traffic, cliffs }
        }
    }
}

/// What ends connections at a step; `is_nginxs`: the error log says of most of them that nginx timed out.
fn cause(
    step: Step,
    idle: Option<&IdleLimit>,
    is_nginxs: bool,
    layers: &[LayerLimit],
    is_configured: bool,
) -> CliffCause {
    let is_it = |limit: u64| is_by(limit, step.at) || limit.abs_diff(step.at) <= step.unsure;
    let is_idle = |limit: u64| is_it(limit) || is_nginxs && limit <= step.at;
    if let Some(idle) = idle.filter(|idle| is_idle(idle.milliseconds)) {
        return CliffCause::Limit {
            directive: idle.directive,
            milliseconds: idle.milliseconds,
            place: idle.place,
            is_default: idle.is_default,
        };
    }
    let mut guesses: Vec<LayerGuess> = layers
        .iter()
        .filter(|layer| is_it(layer.milliseconds))
        .map(|layer| LayerGuess { name: layer.name.clone(), is_declared: layer.is_declared })
        .collect();
    guesses.sort_by_key(|guess| !guess.is_declared);
    guesses.dedup();
    if is_configured { CliffCause::Layers(guesses) } else { CliffCause::NoConfiguration(guesses) }
}

/// What is observed of one endpoint.
fn of_endpoint(
    index: usize,
    tally: &Tally,
    traffic: &Traffic,
    location: Option<&Location>,
    out: &mut Vec<Observation>,
) {
    let sum = |peers: &mut dyn Iterator<Item = (u64, u64)>| {
        peers.fold((0, 0), |(refused, all), (more, of)| (refused + more, all + of))
    };
    for (number, peer) in traffic.peers.iter().enumerate().filter(|(_, peer)| !peer.address.is_empty()) {
        // What failed there and went to the next peer failed there all the same.
        let tried = |peer: &PeerTraffic| peer.handshakes + peer.failed_over;
        let refused = tried(peer) - peer.succeeded;
        let others = traffic.peers.iter().enumerate().filter(|(other, _)| *other != number);
        let mut others = others.map(|(_, other)| (tried(other) - other.succeeded, tried(other)));
        let (others_refused, others_all) = sum(&mut others);
        // More than half of its own, and five times the share of the others.
        if refused >= FEWEST_REFUSED
            && refused * 2 > tried(peer)
            && others_all > 0
            && refused * others_all > 5 * others_refused * tried(peer)
        {
            out.push(Observation::RefusingPeer {
                endpoint: index,
                address: peer.address.clone(),
                refused,
                of: tried(peer),
                others_refused,
                others_of: others_all,
            });
        }
    }
    let old = location.and_then(|location| location.http10);
    if let Some(place) = old.filter(|_| tally.refused_by_peers >= FEWEST_REFUSED) {
        out.push(Observation::OldHttpVersion { endpoint: index, refused: tally.refused_by_peers, place });
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::{CliffCause, Place};
    use nginx_semantics::FileId;

    use super::{IdleLimit, Step, cause, is_by};

    /// The silence begins with the last traffic: what the error log says of the connections decides.
    #[test]
    fn what_nginx_timed_out_is_by_its_limit() {
        let place = Place { file: FileId(0), span: Default::default() };
        let idle =
            IdleLimit { directive: "proxy_read_timeout", milliseconds: 10_000, place, is_default: false };
        let step = |at| Step { at, within: 100, count: 60, span: (at - 100, at + 100), unsure: 0 };
        let is_limit = |at, is_nginxs| {
            matches!(cause(step(at), Some(&idle), is_nginxs, &[], true), CliffCause::Limit { .. })
        };
        assert!(is_limit(10_040, false) && is_limit(13_000, true) && is_limit(45_000, true));
        assert!(!is_limit(13_000, false) && !is_limit(9_000, true));
    }

    #[test]
    fn a_limit_ends_what_is_a_little_older() {
        for (limit, at, expected) in [
            (60_000, 60_000, true),
            (60_000, 60_900, true),
            (60_000, 59_960, true),
            (60_000, 59_750, false),
            (60_000, 55_000, false),
            (60_000, 62_000, false),
            (2_000, 2_030, true),
            (2_000, 3_334, false),
            (100_000, 100_400, true),
            (100_000, 99_600, false),
            (3_600_000, 3_599_400, true),
            (3_600_000, 3_585_000, false),
            (3_600_000, 3_610_000, false),
        ] {
            assert_eq!(is_by(limit, at), expected, "{limit} {at}");
        }
    }
}

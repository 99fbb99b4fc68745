//! What error logs say of certificates: clients that refuse one, and reloads that fail.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use crate::messages::Message;

/// So many addresses that nginx listens on are told apart.
const MOST_LISTENS: usize = 100;
/// So many failed reloads are kept.
const MOST_FAILED: usize = 20;
/// What is kept of a message, in bytes.
const LONGEST: usize = 300;
/// So many steps of time are kept, of all addresses together.
const MOST_STEPS: usize = 8_192;
/// Seconds between the beginning of a reload and the message that it failed.
const LASTS: i64 = 10;

/// The alerts by which clients refuse a certificate (RFC 8446 section 6.2).
const ALERTS: [(u8, &str); 6] = [
    (42, "bad certificate"),
    (43, "unsupported certificate"),
    (44, "certificate revoked"),
    (45, "certificate expired"),
    (46, "certificate unknown"),
    (48, "unknown ca"),
];

/// Refusals of some time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusals {
    pub(crate) first: i64,
    pub(crate) last: i64,
    counts: [u64; ALERTS.len()],
}

impl Refusals {
    /// All of them.
    pub(crate) fn all(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Those that say that the certificate has expired.
    pub(crate) fn expired(&self) -> u64 {
        ALERTS.iter().zip(self.counts).filter(|((number, _), _)| *number == 45).map(|(_, count)| count).sum()
    }

    /// With others that followed.
    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.counts.iter_mut().zip(other.counts).for_each(|(count, more)| *count += more);
        self
    }

    /// What clients said, the most frequent first.
    pub(crate) fn alerts(&self) -> Vec<(&'static str, u64)> {
        let mut all: Vec<(&'static str, u64)> = ALERTS
            .iter()
            .zip(self.counts)
            .map(|((_, name), count)| (*name, count))
            .filter(|(_, count)| *count > 0)
            .collect();
        all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        all
    }
}

/// A reload that failed.
#[derive(Debug, Clone)]
pub(crate) struct FailedReload {
    pub(crate) at: i64,
    pub(crate) text: String,
}

/// What is kept of all that.
#[derive(Debug)]
pub(crate) struct Certificates {
    /// By address that nginx listens on, then by step of time: logs are read in any order.
    refused: HashMap<String, BTreeMap<i64, Refusals>>,
    /// Seconds of a step.
    width: i64,
    /// How many there are, of all addresses.
    steps: usize,
    /// In the order of their lines.
    pub(crate) failed: Vec<FailedReload>,
}

impl Default for Certificates {
    fn default() -> Self {
        Self { refused: HashMap::new(), width: 1, steps: 0, failed: Vec::new() }
    }
}

impl Certificates {
    /// A message; `reloads` are those so far.
    pub(crate) fn add(&mut self, message: &Message<'_>, reloads: &mut Vec<i64>) {
        if message.is_emerg && message.client.is_none() {
            self.fail(message, reloads);
        } else if let (Some(alert), Some(listen)) = (alert(message.text), message.server) {
            if self.refused.len() < MOST_LISTENS || self.refused.contains_key(listen) {
                self.refuse(listen, message.seconds, alert);
            }
        }
    }

    fn refuse(&mut self, listen: &str, at: i64, alert: usize) {
        let steps = self.refused.entry_ref(listen).or_default();
        let before = steps.len();
        let none = Refusals { first: at, last: at, counts: [0; ALERTS.len()] };
        let step = steps.entry(at.div_euclid(self.width)).or_insert(none);
        step.first = step.first.min(at);
        step.last = step.last.max(at);
        if let Some(count) = step.counts.get_mut(alert) {
            *count += 1;
        }
        self.steps += steps.len() - before;
        while self.steps > MOST_STEPS {
            self.widen();
        }
    }

    /// Makes one step of two.
    fn widen(&mut self) {
        self.width *= 2;
        self.steps = 0;
        for steps in self.refused.values_mut() {
            let mut wide: BTreeMap<i64, Refusals> = BTreeMap::new();
            for refusals in std::mem::take(steps).into_values() {
                let key = refusals.first.div_euclid(self.width);
                wide.entry(key).and_modify(|known| *known = known.and(&refusals)).or_insert(refusals);
            }
            self.steps += wide.len();
            *steps = wide;
        }
    }

    /// By address, in order: the refusals by how many reloads were before them. Those in the second of a reload may be
    /// of the old workers or of the new ones, and count with the side that has more.
    pub(crate) fn refused(&self, reloads: &[i64]) -> Vec<(&str, BTreeMap<usize, Refusals>)> {
        let add = |epochs: &mut BTreeMap<usize, Refusals>, epoch: usize, refusals: &Refusals| {
            epochs.entry(epoch).and_modify(|known| *known = known.and(refusals)).or_insert(*refusals);
        };
        let mut all: Vec<(&str, BTreeMap<usize, Refusals>)> = Vec::new();
        for (listen, steps) in &self.refused {
            let mut epochs: BTreeMap<usize, Refusals> = BTreeMap::new();
            let mut open = Vec::new();
            for refusals in steps.values() {
                let before = reloads.partition_point(|reload| *reload < refusals.first);
                let after = reloads.partition_point(|reload| *reload <= refusals.last);
                match before == after {
                    true => add(&mut epochs, after, refusals),
                    false => open.push((before, after, refusals)),
                }
            }
            for (before, after, refusals) in open {
                let of = |epoch: usize| epochs.get(&epoch).map_or(0, Refusals::all);
                let epoch = if of(before) > of(after) { before } else { after };
                add(&mut epochs, epoch, refusals);
            }
            all.push((listen, epochs));
        }
        all.sort_by_key(|(listen, _)| *listen);
        all
    }

    /// A message of level `emerg` right after a reload began: it has not taken place.
    fn fail(&mut self, message: &Message<'_>, reloads: &mut Vec<i64>) {
        let at = message.seconds;
        let begun = reloads.iter().rposition(|reload| *reload <= at && at - *reload <= LASTS);
        let Some(begun) = begun else { return };
        reloads.remove(begun);
        if self.failed.len() < MOST_FAILED {
            let text = message.text.chars().take(LONGEST).collect();
            self.failed.push(FailedReload { at, text });
        }
    }
}

/// The place of the alert by which a client refuses the certificate; those of back ends are none of them.
fn alert(text: &str) -> Option<usize> {
    let (before, rest) = text.split_once("SSL alert number ")?;
    let number: u8 = rest.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()?;
    let is_of_client = before.starts_with("SSL_") && !rest.contains("upstream");
    ALERTS.iter().position(|(known, _)| *known == number).filter(|_| is_of_client)
}

/// The file that a message says cannot be loaded.
pub(crate) fn file_of(text: &str) -> Option<&str> {
    let is_of_certificate = text.contains("certificate") || text.starts_with("SSL_CTX_use_PrivateKey");
    let (_, rest) = text.split_once('"').filter(|_| is_of_certificate)?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(lines: &[&str]) -> (Certificates, Vec<i64>) {
        let (mut certificates, mut reloads) = (Certificates::default(), Vec::new());
        for line in lines {
            let message = Message::of(line.as_bytes()).unwrap();
            if message.text == "reconfiguring" {
                reloads.push(message.seconds);
            }
            certificates.add(&message, &mut reloads);
        }
        (certificates, reloads)
    }

    #[test]
    fn alerts_are_counted_by_reload() {
        let (certificates, reloads) = fed(&[
            "2024/05/01 10:00:00 [info] 7#7: *5 SSL_do_handshake() failed (SSL: error:0A000418:SSL routines::tlsv1 alert unknown ca:SSL alert number 48) while SSL handshaking, client: 10.0.0.9, server: 0.0.0.0:443",
            "2024/05/01 10:01:00 [notice] 7#7: reconfiguring",
            "2024/05/01 10:01:01 [info] 7#7: *6 SSL_do_handshake() failed (SSL: error:0A000415:SSL routines::ssl/tls alert certificate expired:SSL alert number 45) while SSL handshaking, client: 10.0.0.9, server: 0.0.0.0:443",
            "2024/05/01 10:01:02 [error] 7#7: *7 SSL_do_handshake() failed (SSL: error:0A000415:SSL routines::alert:SSL alert number 45) while SSL handshaking to upstream, client: 10.0.0.9, server: a.test",
            "2024/05/01 10:01:03 [info] 7#7: *8 SSL_do_handshake() failed (SSL: error:0A00018C:SSL routines::version too low) while SSL handshaking, client: 10.0.0.9, server: 0.0.0.0:443",
        ]);
        let [("0.0.0.0:443", epochs)] = &certificates.refused(&reloads)[..] else { panic!("one") };
        let told: Vec<_> = epochs.iter().map(|(epoch, one)| (*epoch, one.alerts(), one.expired())).collect();
        assert_eq!(told, [(0, vec![("unknown ca", 1)], 0), (1, vec![("certificate expired", 1)], 1)]);
    }

    /// An old worker refuses some more in the second of the reload that mends the certificate, and a new one begins in that of
    /// the reload that breaks it.
    #[test]
    fn the_second_of_a_reload_counts_with_the_side_that_has_more() {
        let mut certificates = Certificates::default();
        let refused = [(100, 2), (101, 9), (102, 3), (200, 2)];
        for (at, times) in refused {
            (0..times).for_each(|_| certificates.refuse("a", at, 3));
        }
        let [(_, epochs)] = &certificates.refused(&[100, 102])[..] else { panic!("one") };
        let told: Vec<_> =
            epochs.iter().map(|(epoch, one)| (*epoch, one.all(), one.first, one.last)).collect();
        assert_eq!(told, [(1, 14, 100, 102), (2, 2, 200, 200)]);
    }

    #[test]
    fn memory_stays_the_same() {
        let mut certificates = Certificates::default();
        for minute in 0..200_000 {
            certificates.refuse("a", minute * 60, 0);
        }
        assert!(certificates.steps <= MOST_STEPS);
        let [(_, epochs)] = &certificates.refused(&[6_000_030])[..] else { panic!("one") };
        assert_eq!(epochs.values().map(Refusals::all).sum::<u64>(), 200_000);
        assert!(epochs[&0].all().abs_diff(100_000) < 100, "{epochs:?}");
    }

    #[test]
    fn a_reload_that_fails_is_none() {
        let (certificates, reloads) = fed(&[
            "2024/05/01 10:00:00 [notice] 7#7: reconfiguring",
            "2024/05/01 10:30:00 [notice] 7#7: reconfiguring",
            "2024/05/01 10:30:00 [emerg] 7#7: cannot load certificate \"/etc/ssl/a.pem\": BIO_new_file() failed (SSL: error:80000002:system library::No such file or directory)",
            "2024/05/01 11:00:00 [emerg] 7#7: *5 something, client: 10.0.0.9, server: a",
        ]);
        assert_eq!((reloads.len(), certificates.failed.len()), (1, 1));
        assert_eq!(file_of(&certificates.failed[0].text), Some("/etc/ssl/a.pem"));
        assert_eq!(file_of("unknown directive \"x\" in /etc/nginx/nginx.conf:3"), None);
    }
}

//! Runs every block of every rule's page on every nginx, and compares what happens with what page and linter say.

mod block;
mod claims;
mod document;
mod expected;
mod judge;
mod statements;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use lint_finding::RuleMeta;
use nginx_semantics::{NginxVersion, time};
use ws_rules::RULES;

use self::block::Block;
use self::claims::Claims;
use self::expected::{EXPECTED, Expected, NOT_OBSERVED};
use self::judge::judge;
use self::statements::{STATEMENTS, Statement};
use crate::{Binary, Browser, Error, Exchange, Manner, Probe, Setup, Stream, observe};

pub use block::Heading;
pub(crate) use block::blocks;
pub use document::{DOCUMENT, document, section};

/// Times of a block are divided by this, so that an hour is two minutes and a minute two seconds.
pub(crate) const SCALE: u32 = 30;

/// Nothing closes earlier than this where all is well; nginx's own default.
pub(crate) const MINIMUM: Duration = Duration::from_secs(60);

/// How much later than due a close may be seen.
pub(crate) const SLACK: Duration = Duration::from_millis(5000);

/// Most of a run is waiting.
const THREADS: usize = 24;

/// Ordinary requests, to see how many connections they take.
const ORDINARY: usize = 3;

/// What browsers keep of a cookie at least, in bytes (RFC 6265 section 6.1).
const LONG_COOKIE: usize = 4096;

/// What one nginx did with one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Whose page.
    pub rule: &'static str,
    /// Under which heading.
    pub heading: Heading,
    /// 1-based, under the heading.
    pub number: usize,
    /// The sentence, where there is no heading.
    pub quote: Option<&'static str>,
    /// Which nginx.
    pub version: NginxVersion,
    /// Whether the linter raises the rule for that version.
    pub is_raised: bool,
    /// What happened, in short and without anything that differs from run to run.
    pub seen: String,
    /// In what it differs from page and linter.
    pub faults: Vec<String>,
}

impl Proof {
    /// What is wrong, if anything is.
    pub fn complaint(&self) -> Option<String> {
        let Self { rule, heading, number, version, seen, .. } = self;
        let faults = self.faults.join(", ");
        (!faults.is_empty())
            .then(|| format!("{rule}, {} {number}, nginx {version}: {faults}\n    {seen}", heading.name()))
    }
}

/// One block on one nginx.
pub(crate) struct Case<'c> {
    pub(crate) rule: &'static RuleMeta,
    pub(crate) expected: &'static Expected,
    pub(crate) claims: Claims,
    pub(crate) block: Block,
    pub(crate) statement: Option<&'static Statement>,
    pub(crate) binary: &'c Binary,
}

impl Case<'_> {
    /// Why the block is tested with `-t` only.
    pub(crate) fn not_observed(&self) -> Option<&'static str> {
        let mut rows = NOT_OBSERVED.iter();
        let is_meant = |text: &str| self.block.files.iter().any(|(_, file)| file.contains(text));
        rows.find(|(rule, text, _)| *rule == self.rule.name && is_meant(text)).map(|(_, _, why)| *why)
    }

    /// What the block says for `proxy_read_timeout`.
    pub(crate) fn limit(&self) -> Option<Duration> {
        let texts = self.block.files.iter().map(|(_, text)| text);
        let word =
            texts.filter_map(|text| text.split_once("proxy_read_timeout")).map(|(_, rest)| rest).next()?;
        let word = word.split(';').next()?.trim();
        time::parse_ms(word.as_bytes()).map(Duration::from_millis)
    }

    /// A default cannot be scaled: it is waited for.
    pub(crate) fn scale(&self) -> u32 {
        if self.expected.manner == expected::Manner::Closed && self.limit().is_none() { 1 } else { SCALE }
    }

    fn run(&self) -> Result<Proof, Error> {
        let scale = self.scale();
        let stay = MINIMUM / scale + if scale == 1 { Duration::from_secs(5) } else { SLACK / 4 };
        let path = || self.block.path.clone();
        let handshake = |browser, stay| Probe::Handshake { path: path(), browser, stay };
        let mut probes = vec![handshake(Browser::Firefox, Duration::ZERO), handshake(Browser::Chrome, stay)];
        match self.expected.manner {
            expected::Manner::Ordinary => {
                probes.extend((0..ORDINARY).map(|_| Probe::Get { path: path() }));
            }
            // When the requests are answered, nginx has done with the tunnels before them.
            expected::Manner::Kept | expected::Manner::Unlogged => {
                probes.extend((0..ORDINARY).map(|_| Probe::Get { path: path() }));
            }
            expected::Manner::Streamed(framing) => {
                let exchange = Exchange::get(&path()).header("Accept-Encoding", "gzip");
                probes.push(Probe::Stream { exchange, stream: Stream::events(framing) });
            }
            expected::Manner::Spread => {
                let exchange = Exchange::get(&path());
                probes.push(Probe::Series { exchange, times: ORDINARY, keeps_cookies: true });
            }
            expected::Manner::Posts => {
                let post = Exchange::new("POST", &path()).header("Content-Length", "0");
                probes.push(Probe::Exchange(post));
            }
            expected::Manner::LongCookie => {
                let cookie = format!("a={}", "x".repeat(LONG_COOKIE - "a=".len()));
                let exchange = Exchange::handshake(&path(), Browser::Chrome).header("Cookie", &cookie);
                probes.push(Probe::Exchange(exchange));
            }
            expected::Manner::Stored => probes.insert(0, Probe::Get { path: path() }),
            expected::Manner::Limited => {
                let held = Probe::Held(Exchange::handshake(&path(), Browser::Firefox));
                probes = vec![held, handshake(Browser::Chrome, stay)];
            }
            _ => {}
        }
        if self.not_observed().is_some() {
            probes.clear();
        }
        let setup = Setup {
            files: self.block.files.clone(),
            scale,
            manner: match self.expected.manner {
                _ if self.statement.is_some() => self.statement.map_or(Manner::Strict, |said| said.manner),
                expected::Manner::LongAnswer => Manner::Cookie,
                _ => Manner::Strict,
            },
            ..Setup::default()
        };
        let observation = observe(self.binary, &setup, &probes)?;
        let raised = self.block.raised(self.rule, self.binary.version);
        let is_raised = raised.contains(&self.rule.name);
        let (seen, mut faults) = judge(self, &raised, &observation);
        if is_raised && self.block.heading == Heading::Fixed {
            faults.push("the linter still raises it".to_owned());
        }
        if let Some(statement) = self.statement {
            faults.clear();
            let expected = (statement.seen)(self.binary.version);
            if seen != expected {
                faults.push(format!("the page says in words: {expected}"));
            }
            if is_raised != statement.is_raised {
                faults.push(format!("the linter raises {raised:?}"));
            }
        }
        Ok(Proof {
            rule: self.rule.name,
            heading: self.block.heading,
            number: self.block.number,
            version: self.binary.version,
            quote: self.statement.map(|statement| statement.quote),
            is_raised,
            seen,
            faults,
        })
    }
}

/// A block of a page as a configuration that nginx starts with, or is to refuse.
#[derive(Debug, Clone)]
pub struct PageBlock {
    /// Whose page.
    pub rule: &'static str,
    /// Under which heading.
    pub heading: Heading,
    /// 1-based, under the heading.
    pub number: usize,
    /// Relative path and text, the main file first.
    pub files: Vec<(String, String)>,
    /// The path of its WebSocket.
    pub path: String,
    /// The back ends that it is about.
    pub manner: Manner,
}

/// The blocks of all pages that can be run.
pub fn page_blocks() -> Vec<PageBlock> {
    let mut all = Vec::new();
    for rule in RULES.iter().map(|rule| rule.meta()) {
        let Some(expected) = EXPECTED.iter().find(|expected| expected.rule == rule.name) else { continue };
        let is_seen = |block: &Block| {
            let is_meant = |text: &str| block.files.iter().any(|(_, file)| file.contains(text));
            expected.manner != expected::Manner::NotRun
                && !NOT_OBSERVED.iter().any(|(name, text, _)| *name == rule.name && is_meant(text))
        };
        all.extend(blocks(rule).into_iter().filter(is_seen).map(|block| PageBlock {
            rule: rule.name,
            heading: block.heading,
            number: block.number,
            files: block.files,
            path: block.path,
            manner: if expected.manner == expected::Manner::LongAnswer {
                Manner::Cookie
            } else {
                Manner::Strict
            },
        }));
    }
    all
}

/// Proves the pages of all rules; sorted by rule, block and version.
///
/// # Errors
/// The first block that could not be observed at all.
pub fn prove(binaries: &[Binary]) -> Result<Vec<Proof>, Error> {
    prove_those(binaries, EXPECTED)
}

/// Proves the page of one rule; sorted by block and version.
///
/// # Errors
/// If no rule has this name, if it has no row in `EXPECTED`, or the first block that could not be observed at all.
pub fn prove_rule(binaries: &[Binary], name: &str) -> Result<Vec<Proof>, Error> {
    if !RULES.iter().any(|rule| rule.meta().name == name) {
        return Err(Error::NoRule(name.to_owned()));
    }
    let at = EXPECTED.iter().position(|expected| expected.rule == name);
    let expected = at.and_then(|at| EXPECTED.get(at..=at));
    prove_those(binaries, expected.ok_or_else(|| Error::NotExpected(name.to_owned()))?)
}

fn prove_those(binaries: &[Binary], rows: &'static [Expected]) -> Result<Vec<Proof>, Error> {
    let mut cases = Vec::new();
    for rule in RULES.iter().map(|rule| rule.meta()) {
        let Some(expected) = rows.iter().find(|expected| expected.rule == rule.name) else { continue };
        let said = STATEMENTS.iter().filter(|statement| statement.rule == rule.name);
        let said = said.enumerate().map(|(index, statement)| {
            (Block::new(Heading::InWords, index + 1, "", statement.text), Some(statement))
        });
        for (block, statement) in blocks(rule).into_iter().map(|block| (block, None)).chain(said) {
            for binary in binaries {
                let is_example = block.heading == Heading::Example;
                let fixed = is_example.then(|| block.fixed(rule, binary.version)).flatten();
                let case =
                    |block| Case { rule, expected, claims: Claims::of(rule), block, statement, binary };
                cases.extend([Some(block.clone()), fixed].into_iter().flatten().map(case));
            }
        }
    }
    // Those that wait for a real minute start first.
    cases.sort_by_key(Case::scale);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(cases.len()));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let proof = case.run();
                    done.lock().unwrap_or_else(PoisonError::into_inner).push(proof);
                }
            });
        }
    });
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut proofs = done.into_iter().collect::<Result<Vec<Proof>, Error>>()?;
    proofs.sort_by_key(|proof| (proof.rule, proof.heading, proof.number, proof.version));
    Ok(proofs)
}

//! `--fix` on random configurations: nginx takes them as before, and whatever worked still does.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use lint_engine::{Settings, Which, fixed};
use lint_finding::Notice;
use nginx_proof::generate::{Case, Drawn, Request};
use nginx_proof::model::SEED;
use nginx_proof::{Binary, Error, Probe, Received, Running, Seen, Setup, found, number, say};
use nginx_semantics::{MemoryFiles, Scope, VersionRange};

/// So many configurations on each nginx.
const CASES: u64 = 200;

/// Most of a case is waiting for processes.
const THREADS: usize = 2;

type Tree = Vec<(String, String)>;

/// The files with their fixes, and what is said of them afterwards.
fn fix(files: &Tree, binary: &Binary, which: Which) -> (Tree, Vec<Notice>) {
    let folder = PathBuf::from("/case");
    let mut memory = MemoryFiles::new();
    for (path, text) in files {
        memory.insert(folder.join(path), text.as_str());
    }
    let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
    let settings = Settings { versions: Some(VersionRange::exactly(binary.version)), ..Settings::default() };
    let main = [folder.join("nginx.conf")];
    let fixed = fixed(&memory, &main, &scope, &settings, which, &|_, _| Ok(()));
    let mut files = files.clone();
    for (path, text) in &mut files {
        let path = folder.join(path.as_str());
        if let Some(changed) = fixed.texts.iter().find(|changed| changed.path == path) {
            *text = String::from_utf8(changed.new.bytes().to_vec()).unwrap();
        }
    }
    (files, fixed.outcome.notices)
}

/// What is asked: the requests of the case, and a handshake for each of their paths.
fn requests(case: &Case) -> Vec<Request> {
    let handshakes = case.requests.iter().map(|request| Request::handshake(&request.target));
    case.requests.iter().cloned().chain(handshakes).collect()
}

/// What nginx does with each request.
fn ask(binary: &Binary, files: &Tree, requests: &[Request]) -> Result<Vec<Seen>, Error> {
    let setup = Setup { files: files.clone(), is_tested: false, ..Setup::default() };
    let mut running = Running::start(binary, &setup)?;
    if !running.is_up() {
        return Err(Error::Refused { message: running.verdict().message.clone() });
    }
    Ok(requests.iter().map(|request| running.probe(&Probe::Exchange(request.exchange()))).collect())
}

/// What a plain request that reaches an upstream may expect to stay: the answer, and what is asked of whom, be it in
/// another version of HTTP, or with its own method where a `proxy_method` for a WebSocket's path goes.
fn way(seen: &Seen) -> (Option<u16>, Vec<(&str, &str)>) {
    let asked = seen.received.iter().map(|received| {
        let line = &received.head.line;
        (received.backend.as_str(), line.split(' ').nth(1).unwrap_or_default())
    });
    (seen.status, asked.collect())
}

/// The lines that set `Connection`, one by one.
fn connection_lines(files: &Tree) -> BTreeSet<String> {
    let lines = files.iter().flat_map(|(_, text)| text.lines());
    let lines = lines.map(|line| line.trim().to_ascii_lowercase());
    lines.filter(|line| line.starts_with("proxy_set_header connection ")).collect()
}

/// Whether a strict back end refuses an ordinary request for a `Connection: upgrade` that the author wrote: a location
/// that gets back all that it lost gets that too, as the author's other locations have it. A fix adds no fixed value.
fn is_of_author(before: &Tree, after: &Tree, seen: &Seen) -> bool {
    let known = connection_lines(before);
    let is_asked = seen.received.iter().any(|received| received.head.has_token("Connection", "upgrade"));
    seen.status == Some(400)
        && is_asked
        && connection_lines(after).iter().all(|line| known.contains(line) || line.contains('$'))
}

/// Whether a strict back end refuses a handshake for a `Host` of the author's that is empty, such as `$2` without a second
/// group: lost lines come back with it by the unsafe fixes alone.
fn lacks_host(which: Which, seen: &Seen) -> bool {
    let is_without = |received: &Received| received.head.all("Host").next().is_none();
    which == Which::All && seen.status == Some(400) && seen.received.iter().any(is_without)
}

/// What came of one case.
#[derive(Debug, Default)]
struct Count {
    changed: u64,
    /// Handshakes that failed and work now.
    mended: u64,
    faults: Vec<String>,
}

fn one(binary: &Binary, number: u64) -> Count {
    let case = Drawn::new(number_of_seed(), number).unwrap().case().known_to(binary.version);
    let mut count = Count::default();
    if case.hangs_on_others() {
        return count;
    }
    let requests = requests(&case);
    let mut before = None;
    for which in [Which::Safe, Which::All] {
        let (after, notices) = fix(&case.files, binary, which);
        if after == case.files {
            continue;
        }
        count.changed += u64::from(which == Which::Safe || count.changed == 0);
        let mut must = |holds: bool, fault: String| {
            if !holds {
                let files: String =
                    after.iter().map(|(path, text)| format!("# file: {path}\n{text}")).collect();
                count
                    .faults
                    .push(format!("case {number}, nginx {}, {which:?}: {fault}\n{files}", binary.version));
            }
        };
        let incomplete = notices.iter().find(|notice| notice.incomplete);
        must(incomplete.is_none(), format!("{incomplete:?}"));
        must(fix(&after, binary, which).0 == after, "a second time changes something".to_owned());
        let before = before.get_or_insert_with(|| ask(binary, &case.files, &requests).unwrap());
        let fixed = after.clone();
        let after = match ask(binary, &after, &requests) {
            Ok(after) => after,
            Err(error) => {
                must(false, error.to_string());
                continue;
            }
        };
        for ((before, after), request) in before.iter().zip(&after).zip(&requests) {
            let target = &request.target;
            let is_handshake = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("upgrade"));
            if before.status == Some(101) {
                let is_kept = after.status == Some(101) || lacks_host(which, after);
                must(is_kept, format!("the handshake for {target} fails: {after:?}"));
            } else if is_handshake {
                count.mended += u64::from(after.status == Some(101));
            } else if which == Which::Safe && !before.received.is_empty() && before.status < Some(400) {
                let is_same = way(before) == way(after) || is_of_author(&case.files, &fixed, after);
                must(is_same, format!("{} {target}: {before:?} becomes {after:?}", request.method));
            }
        }
    }
    count
}

fn number_of_seed() -> u64 {
    number("NGINX_PROOF_SEED").unwrap_or(SEED)
}

#[test]
fn fixes_of_random_configurations_break_nothing() {
    let cases = number("NGINX_PROOF_CASES").unwrap_or(CASES);
    for binary in &found().unwrap() {
        let next = AtomicU64::new(0);
        let all = Mutex::new(Count::default());
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= cases {
                            break;
                        }
                        let one = one(binary, number);
                        let mut all = all.lock().unwrap();
                        all.changed += one.changed;
                        all.mended += one.mended;
                        all.faults.extend(one.faults);
                    }
                });
            }
        });
        let Count { changed, mended, faults } = all.into_inner().unwrap();
        say(&format!(
            "nginx {}: {changed} of {cases} changed, {mended} handshakes more, {} faults",
            binary.version,
            faults.len()
        ));
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        assert!(changed * 10 > cases, "nearly none has a fix");
    }
}

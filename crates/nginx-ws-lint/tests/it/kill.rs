//! `--fix` killed at any moment: each file is the old one or the new one.
//!
//! `NGINX_WS_LINT_KILLS=100 NGINX_WS_LINT_FILES=1000 cargo test --release -p nginx-ws-lint --test it kill -- --nocapture`
//! kills it 100 times over 1,000 files and prints where each kill hit; without the two it is ten times over 40.

#![expect(
    clippy::print_stdout,
    clippy::use_debug,
    reason = "the log of the kills is what the test is run for"
)]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::run::Tree;

const MAIN: &str = "events {}\nhttp {\n    include sites/*.conf;\n}\n";

/// Longer than what the system writes at once, so that half of it could be seen.
fn site(number: usize) -> String {
    let filler = "    # what makes it long\n".repeat(800);
    format!(
        "server {{\n    listen 80;\n    server_name s{number}.example;\n{filler}    location /ws/ {{\n        proxy_pass ws://127.0.0.1:9000;\n        proxy_http_version 1.1;\n        proxy_set_header Host $http_host;\n        proxy_set_header Upgrade $http_upgrade;\n        proxy_set_header Connection upgrade;\n        proxy_read_timeout 1h;\n    }}\n}}\n"
    )
}

/// Where a kill hit, as far as the files tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// No file is new.
    Judging,
    /// A new text lies beside its file and is not whole yet.
    Writing,
    /// It is whole, and not in its place yet.
    Syncing,
    /// Between two files.
    Between,
    /// All files are new.
    Done,
}

struct Sites {
    tree: Tree,
    count: usize,
}

impl Sites {
    fn new(count: usize) -> Self {
        let mut files = vec![("nginx.conf".to_owned(), MAIN.to_owned())];
        files.extend((0..count).map(|number| (format!("sites/{number:04}.conf"), site(number))));
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        Self { tree: Tree::new(&files), count }
    }

    fn path(&self, number: usize) -> PathBuf {
        self.tree.path(&format!("sites/{number:04}.conf"))
    }

    fn is_new(&self, number: usize) -> bool {
        let length = |text: &str| text.len() as u64;
        fs::metadata(self.path(number)).unwrap().len() != length(&site(number))
    }

    fn leftovers(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.tree.path("sites")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(".nginx-ws-lint-"))
            .collect()
    }

    fn start(&self) -> Child {
        let mut command = self.tree.command(&["--fix", "."]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Starts it, waits until a file is new and a little longer, and kills it.
    fn killed(&self, after_file: Option<usize>, then: Duration, kill: impl Fn(&mut Child)) -> i32 {
        let mut child = self.start();
        let start = Instant::now();
        while after_file.is_some_and(|number| !self.is_new(number)) && child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < Duration::from_secs(120), "it hangs");
            thread::sleep(Duration::from_micros(50));
        }
        let until = Instant::now() + then;
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        kill(&mut child);
        child.wait().unwrap().into_raw()
    }

    /// Each file is whole; says where the kill hit.
    fn phase(&self) -> Phase {
        let mut new = 0;
        for number in 0..self.count {
            let text = fs::read_to_string(self.path(number)).unwrap();
            let old = site(number);
            if text != old {
                assert!(text == old.replace("ws://", "http://"), "file {number} is neither old nor new");
                new += 1;
            }
        }
        let leftovers = self.leftovers();
        assert!(leftovers.len() <= 1, "{leftovers:?}");
        match leftovers.first() {
            Some(path) if fs::metadata(path).unwrap().len() <= site(0).len() as u64 => Phase::Writing,
            Some(_) => Phase::Syncing,
            None if new == 0 => Phase::Judging,
            None if new == self.count => Phase::Done,
            None => Phase::Between,
        }
    }

    /// As it was before.
    fn restore(&self) {
        for number in (0..self.count).filter(|&number| self.is_new(number)) {
            fs::write(self.path(number), site(number)).unwrap();
        }
        for path in self.leftovers() {
            fs::remove_file(path).unwrap();
        }
    }
}

fn kill_many(count: usize, kills: usize) -> BTreeMap<Phase, usize> {
    let sites = Sites::new(count);
    let mut phases = BTreeMap::new();
    for kill in 0..kills {
        // One in ten while it judges, the others all over the files.
        let after_file = (kill % 10 != 0).then_some(kill * (count - 1) / kills);
        let then = Duration::from_micros(137 * (kill as u64 * 7 % 23));
        sites.killed(after_file, then, |child| child.kill().unwrap());
        let phase = sites.phase();
        println!("kill {kill:3} after file {after_file:?} and {then:?}: {phase:?}");
        *phases.entry(phase).or_default() += 1;
        if kill % 10 == 9 {
            // The next run takes what was left away, says so, and does the rest.
            let has_left = !sites.leftovers().is_empty();
            let run = sites.tree.run(&["--fix", "."]);
            assert_eq!(run.code, Some(0), "{}", run.stderr);
            assert_eq!(run.stdout.contains("[leftover]"), has_left);
            assert_eq!(sites.phase(), Phase::Done);
        }
        sites.restore();
    }
    phases
}

fn number(variable: &str) -> Option<usize> {
    Some(env::var(variable).ok()?.parse().unwrap())
}

#[test]
fn a_killed_run_leaves_whole_files() {
    let kills = number("NGINX_WS_LINT_KILLS").unwrap_or(10);
    let phases = kill_many(number("NGINX_WS_LINT_FILES").unwrap_or(40), kills);
    println!("{phases:?}");
    assert_eq!(phases.values().sum::<usize>(), kills);
    let inside = [Phase::Writing, Phase::Syncing].iter().filter_map(|phase| phases.get(phase)).sum::<usize>();
    // Ten may all hit elsewhere; of a hundred no fewer than 30 have to hit inside of a write.
    assert!(kills < 100 || inside >= 30, "{phases:?}");
}

/// Of a signal that it can hear, nothing is left behind, and it dies of it like everybody.
#[test]
fn a_run_that_is_asked_to_end_leaves_nothing_behind() {
    let sites = Sites::new(60);
    for (index, (name, number)) in
        [("TERM", 15), ("INT", 2), ("HUP", 1), ("TERM", 15)].into_iter().enumerate()
    {
        let status = sites.killed(Some(5 * index), Duration::from_micros(310 * index as u64), |child| {
            let id = child.id().to_string();
            assert!(Command::new("/bin/kill").args([&format!("-{name}"), &id]).status().unwrap().success());
        });
        assert!(sites.leftovers().is_empty());
        // It may have been done by then.
        if sites.phase() != Phase::Done {
            assert_eq!(status & 0x7f, number, "{name}");
        }
        sites.restore();
    }
}

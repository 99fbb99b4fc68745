//! How long judging a tree again takes after an edit of one file, compared with a run.
//!
//! `cargo run --release -p lint-engine --example edits -- FOLDER FILE [LINE]` reads the folder into memory, writes the line
//! before the first `proxy_pass` of the file and removes it again, and prints the shortest of seven times of each.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lint_engine::{Session, Settings};
use nginx_semantics::{MemoryFiles, Scope};

const TIMES: usize = 7;

fn read(folder: &Path, files: &mut MemoryFiles) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, files)?;
        } else {
            files.insert(&path, std::fs::read(&path)?);
        }
    }
    Ok(())
}

fn shortest(mut run: impl FnMut()) -> Duration {
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..TIMES).map(time).min().unwrap_or_default()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(folder), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err("usage: edits FOLDER FILE [LINE]".into());
    };
    let line = arguments.next().unwrap_or_else(|| "proxy_read_timeout 7s;".into());
    let folder = PathBuf::from(folder);
    let mut files = MemoryFiles::new();
    read(&folder, &mut files)?;
    let path = folder.join(file);
    let text = String::from_utf8(std::fs::read(&path)?)?;
    let (before, after) = text.split_once("proxy_pass").ok_or("the file has no proxy_pass")?;
    let edited = format!("{before}{} proxy_pass{after}", line.to_string_lossy());
    let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
    let settings = Settings::default();
    let arguments = [folder];
    let run = shortest(|| drop(lint_engine::lint(&files, &arguments, &scope, &settings)));
    let mut session = Session::new(&files, &arguments, &scope, &settings);
    let mut is_edited = false;
    let mut is_done = true;
    let edit = shortest(|| {
        is_edited = !is_edited;
        let text = if is_edited { &edited } else { &text };
        is_done &= session.edit(&path, text.clone().into_bytes()).is_ok();
    });
    if !is_done {
        return Err("the file could not be edited".into());
    }
    let (run, edit) = (run.as_secs_f64() * 1000.0, edit.as_secs_f64() * 1000.0);
    writeln!(std::io::stdout(), "run {run:.0} ms, edit {edit:.1} ms, 1/{:.1}", run / edit)?;
    Ok(())
}

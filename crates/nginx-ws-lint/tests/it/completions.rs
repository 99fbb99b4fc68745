//! `completions`: what shells make of it.

use std::path::Path;
use std::process::Command;

use crate::run::Tree;

/// What bash offers for the last of some words.
fn offered(tree: &Tree, words: &[&str]) -> Vec<String> {
    let script = "source ./bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
        \"$(complete -p nginx-ws-lint | sed 's/.* -F \\([^ ]*\\) .*/\\1/')\" nginx-ws-lint \"${@: -1}\" \"${@: -2:1}\"; \
        printf '%s\\n' \"${COMPREPLY[@]}\"";
    let mut command = Command::new("bash");
    command.args(["-c", script, "bash", "nginx-ws-lint"]).args(words).current_dir(tree.path("."));
    let output = command.output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    let tree = Tree::new(&[]);
    assert_eq!(tree.run(&["completions", "bash", "-o", "bash"]).code, Some(0));
    assert_eq!(offered(&tree, &["ex"]), ["explain"]);
    assert_eq!(offered(&tree, &["--format", "js"]), ["json", "jsonl"]);
    assert_eq!(offered(&tree, &["baseline", "c"]), ["create"]);
    assert_eq!(offered(&tree, &["baseline", "create", "--path-"]), ["--path-map"]);
    assert_eq!(offered(&tree, &["probe", "--as", ""]), ["chrome", "firefox"]);
    for command in ["completions", "config", "endpoints", "explain", "graph", "logs", "man", "probe", "rules"]
    {
        assert!(offered(&tree, &[command, "--h"]).contains(&"--help".to_owned()), "{command}");
    }
}

/// Runs what is installed: a script that a shell cannot read is worse than none.
#[test]
fn shells_can_read_their_scripts() {
    let tree = Tree::new(&[]);
    let mut read = 0;
    for shell in ["bash", "fish", "zsh"] {
        let script = tree.run(&["completions", shell]).stdout;
        assert!(script.contains("baseline") && script.contains("nginx-ws-lint"), "{shell}");
        std::fs::write(tree.path(shell), script).unwrap();
        let mut command = Command::new(shell);
        command.arg("-n").arg(Path::new(shell)).current_dir(tree.path("."));
        // Only bash is needed to work on this repository.
        let Ok(output) = command.output() else { continue };
        assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
        read += 1;
    }
    assert!(read > 0);
}

/// Where the first word may be a path or a command, the generators of zsh and fish need help.
#[test]
fn the_first_word_is_a_path_or_a_command() {
    let tree = Tree::new(&[]);
    let zsh = tree.run(&["completions", "zsh"]).stdout;
    assert!(zsh.contains("\":: :{_nginx-ws-lint_commands; _files}\""));
    assert!(!zsh.contains("'::paths -- ") && !zsh.contains("$line[2]"));
    let fish = tree.run(&["completions", "fish"]).stdout;
    let (_, begin) = fish.split_once("function __fish_nginx_ws_lint_needs_command").unwrap();
    let (begin, _) = begin.split_once("\nend").unwrap();
    assert!(begin.contains("or return 0\n") && !begin.contains("or return\n"), "{begin}");
}

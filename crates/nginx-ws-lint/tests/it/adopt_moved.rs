//! Baselines and changes since a commit at once, and folders that have another name or place.

use std::fs;

use serde_json::Value;

use crate::adopt::{MAIN, edit, findings, git, site, tree};
use crate::run::{Run, Tree};

fn committed(tree: &Tree) {
    git(tree, &["init", "-q"]);
    git(tree, &["add", "-A"]);
    git(tree, &["commit", "-qm", "x"]);
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap()
}

/// What nobody changed is in the baseline all the same: none of it is gone.
#[test]
fn a_baseline_is_whole_whatever_was_changed() {
    let tree = tree(3);
    committed(&tree);
    assert_eq!(tree.run(&["baseline", "create", "known.json", "deploy"]).code, Some(0));
    let both = |more: &[&str]| {
        tree.run(&[&["--baseline", "known.json", "--since", "HEAD"], more, &["deploy"]].concat())
    };
    let human = both(&[]);
    assert_eq!(human.code, Some(0), "{}", human.shown());
    assert!(!human.stdout.contains("gone"), "{}", human.shown());
    assert_eq!(json(&both(&["--format", "json"]))["baseline"]["absent"], Value::Array(Vec::new()));
    let sarif = json(&both(&["--format", "sarif"]));
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(!results.is_empty());
    assert!(results.iter().all(|result| result["baselineState"] == "unchanged"), "{}", sarif);
    // A defect that was changed and is in no baseline is told, and one that is gone is said to be.
    edit(&tree, "deploy/sites/s001.conf", "        proxy_set_header Connection $connection_upgrade;\n", "");
    let run = both(&["--format", "concise", "--select", "handshake"]);
    assert_eq!((run.code, findings(&run)), (Some(1), 1), "{}", run.shown());
    edit(&tree, "deploy/sites/s000.conf", "proxy_pass", "proxy_read_timeout 1h; proxy_pass");
    let absent = json(&both(&["--format", "json"]))["baseline"]["absent"].as_array().unwrap().len();
    assert_eq!(absent, 1);
}

/// Of two findings that are equal to a baseline, the one whose line was changed is the new one.
#[test]
fn the_new_one_of_equal_findings_is_the_changed_one() {
    let location = |path: &str| {
        format!(
            "    location {path} {{\n        proxy_pass http://127.0.0.1:9000;\n        proxy_http_version 1.1;\n        \
             proxy_set_header Upgrade $http_upgrade;\n        proxy_set_header Connection upgrade;\n    }}\n"
        )
    };
    for is_above in [true, false] {
        let conf = |locations: &str| {
            format!(
                "events {{}}\nworker_shutdown_timeout 1h;\nhttp {{\n  server {{\n    listen 80;\n{locations}  }}\n}}\n"
            )
        };
        let tree = Tree::new(&[("nginx.conf", &conf(&location("/a/ws")))]);
        committed(&tree);
        let select = ["--select", "short-read-timeout"];
        let made = tree.run(&[&["baseline", "create", "known.json"], &select[..], &["nginx.conf"]].concat());
        assert_eq!(made.code, Some(0), "{}", made.stderr);
        let (new, old) = (location("/b/ws"), location("/a/ws"));
        let both = if is_above { new + &old } else { old + &new };
        fs::write(tree.path("nginx.conf"), conf(&both)).unwrap();
        let told = [
            &select[..],
            &["--format", "concise", "--since", "HEAD", "--baseline", "known.json", "nginx.conf"],
        ];
        let run = tree.run(&told.concat());
        assert_eq!((run.code, findings(&run)), (Some(1), 1), "{is_above}: {}", run.shown());
    }
}

/// A folder with another name, or in another place, is compared with what it was.
#[test]
fn a_moved_folder_is_not_new() {
    let files = [
        ("one/nginx.conf", MAIN.to_owned()),
        ("one/sites/s000.conf", site(0)),
        ("one/sites/s001.conf", site(1)),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    // What is moved, by what an include is changed, and what is judged.
    type Edit = (&'static str, &'static str, &'static str);
    type Moves = &'static [(&'static str, &'static str)];
    let cases: [(Moves, Option<Edit>, &[&str]); 7] = [
        (&[("one", "two")], None, &["two", ".", "two/nginx.conf"]),
        (
            &[("one/sites", "one/vhosts")],
            Some(("one/nginx.conf", "sites/", "vhosts/")),
            &["one", ".", "one/nginx.conf"],
        ),
        (&[("one", "top/a/one")], None, &["top/a/one", "top", "."]),
        (&[("one/nginx.conf", "nginx.conf"), ("one/sites", "sites")], None, &[".", "nginx.conf"]),
        (&[("one/sites", "shared")], Some(("one/nginx.conf", "sites/", "../shared/")), &["."]),
        (&[("one/nginx.conf", "one/main.conf")], None, &["one", "one/main.conf"]),
        (&[("one/sites/s000.conf", "one/sites/a.conf"), ("one", "two")], None, &["two", "two/nginx.conf"]),
    ];
    for (moves, include, judged) in cases {
        let tree = Tree::new(&files);
        committed(&tree);
        for (from, to) in moves {
            if let Some(folder) = tree.path(to).parent() {
                fs::create_dir_all(folder).unwrap();
            }
            git(&tree, &["mv", from, to]);
        }
        if let Some((file, from, to)) = include {
            edit(&tree, file, from, to);
        }
        for path in judged {
            let all = tree.run(&["--format", "concise", path]);
            let run = tree.run(&["--format", "concise", "--since", "HEAD", path]);
            assert!(findings(&all) >= 3, "{moves:?} {path}: {}", all.shown());
            assert_eq!((run.code, findings(&run)), (Some(0), 0), "{moves:?} {path}: {}", run.shown());
        }
        // What was changed in it is told all the same.
        let found = [moves[0].1, "two", "top/a/one", "shared", "sites", "one/sites", "one/vhosts"];
        let found = found
            .iter()
            .flat_map(|folder| [format!("{folder}/s001.conf"), format!("{folder}/sites/s001.conf")]);
        let file = found.into_iter().find(|file| tree.path(file).is_file()).unwrap();
        edit(&tree, &file, "        proxy_set_header Connection $connection_upgrade;\n", "");
        let select = ["--select", "missing-connection-header"];
        let run =
            tree.run(&[&["--format", "concise", "--since", "HEAD"], &select[..], &[judged[0]]].concat());
        assert_eq!((run.code, findings(&run)), (Some(1), 1), "{moves:?}: {}", run.shown());
        assert!(run.stdout.contains("s001.conf"), "{}", run.shown());
    }
}

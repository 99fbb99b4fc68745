//! `explain` and `rules`.

use insta::assert_snapshot;

use crate::run::Tree;

/// The first rule in the list, if there is one yet.
fn first_rule(tree: &Tree) -> Option<String> {
    let table = tree.run(&["rules"]).stdout;
    table.lines().nth(1)?.split_whitespace().next().map(str::to_owned)
}

#[test]
fn every_line_of_the_table_has_its_columns() {
    let run = Tree::new(&[]).run(&["rules"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let mut lines = run.stdout.lines();
    let heading = lines.next().unwrap();
    let columns = ["NAME", "GROUP", "SEVERITY", "FIX", "SUMMARY"].map(|name| heading.find(name).unwrap());
    for line in lines {
        for column in columns {
            assert!(column == 0 || line[..column].ends_with("  "), "{line}");
            assert!(!line[column..].starts_with(' '), "{line}");
        }
    }
}

#[test]
fn the_list_for_programs_is_an_object() {
    let tree = Tree::new(&[]);
    let run = tree.run(&["rules", "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let list: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&list["schema"], &list["version"]), (&"urn:nginx-ws-lint:rules:v1".into(), &1.into()));
    let names =
        list["rules"].as_array().unwrap().iter().map(|rule| rule["name"].as_str().unwrap().to_owned());
    assert_eq!(names.clone().next(), first_rule(&tree));
    for name in names {
        let run = tree.run(&["explain", &name]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{name}");
        assert!(run.stdout.starts_with(&format!("{name}: group ")), "{name}");
    }
}

#[test]
fn what_is_no_rule_has_no_page() {
    let tree = Tree::new(&[]);
    assert_snapshot!("unknown_rule", tree.run(&["explain", "no-such-rule-anywhere"]).shown());
    assert_snapshot!("similar_rule", tree.run(&["explain", "handshak"]).shown());
    let run = tree.run(&["explain", "handshake"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.starts_with("error: `handshake` is a group, not a rule"), "{}", run.stderr);
}

#[test]
fn a_misspelt_rule_is_recognized() {
    let tree = Tree::new(&[]);
    let Some(name) = first_rule(&tree) else { return };
    let run = tree.run(&["explain", &name[1..]]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains(&format!("did you mean `{name}`?")), "{}", run.stderr);
}

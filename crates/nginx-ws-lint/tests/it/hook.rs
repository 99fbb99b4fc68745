//! .pre-commit-hooks.yaml: the hooks wake up for every kind of file that the program judges.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use crate::run::Tree;

const HOOKS: &str = include_str!("../../../../.pre-commit-hooks.yaml");

const SERVER: &str = "server {
    listen 80;
    server_name a.example;
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
    }
}
";

/// The pattern of all hooks.
fn pattern() -> Regex {
    let (_, rest) = HOOKS.split_once("files: &files '").unwrap();
    let (pattern, _) = rest.split_once('\'').unwrap();
    assert!(HOOKS.matches("  files: ").count() == HOOKS.matches("- id: ").count());
    assert_eq!(HOOKS.matches("files: *files").count() + 1, HOOKS.matches("- id: ").count());
    Regex::new(pattern).unwrap()
}

fn here_document(before: &str) -> String {
    format!("{before} <<EOF\n{SERVER}EOF\n")
}

/// One file of each kind of name that naming.rs and docs/forms.md know.
fn forms() -> Vec<(String, String)> {
    let indented: String = SERVER.lines().map(|line| format!("    {line}\n")).collect();
    let object = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  default.conf: |\n{indented}"
    );
    let mut files = Vec::new();
    let mut add = |names: &[&str], text: &str| {
        files.extend(names.iter().map(|name| ((*name).to_owned(), text.to_owned())));
    };
    add(&["a/x.conf", "b/x.nginx", "c/x.vhost", "d/nginx.conf.sample", "e/app.conf.erb"], SERVER);
    add(&["sites-enabled/app", "sites-available/app", "conf.d/x", "snippets/ws"], SERVER);
    add(&["y/x.yml", "y/x.yaml", "y/.ebextensions/x.config"], &object);
    let names = ["s/x.sh", "s/x.bash", "s/x.zsh", "s/x.ksh", "s/x.fish"];
    add(&names, &here_document("cat >/etc/nginx/conf.d/a.conf"));
    let names = ["d/Dockerfile", "d/Dockerfile.web", "d/Containerfile", "d/web.dockerfile"];
    add(&names, &here_document("FROM nginx\nRUN cat >/etc/nginx/conf.d/a.conf"));
    add(&["h/x.tf", "h/x.hcl", "h/x.nomad", "h/x.tfvars"], &here_document("text ="));
    add(
        &["r/gitlab.rb"],
        "nginx['custom_gitlab_server_config'] = \"location /ws/ { proxy_pass http://127.0.0.1:9000; }\"\n",
    );
    for ending in [
        "ctmpl", "ejs", "epp", "erb", "gotmpl", "hbs", "in", "j2", "jinja", "jinja2", "liquid", "mako",
        "mustache", "stpl", "template", "tftpl", "tmpl", "tpl", "twig",
    ] {
        files.push((format!("t/app.{ending}"), SERVER.to_owned()));
    }
    files.push(("m/nginx.conf".to_owned(), "events {}\nhttp {\n    include *.inc*;\n}\n".to_owned()));
    files.push(("m/a.inc".to_owned(), SERVER.to_owned()));
    files.push(("m/b.include".to_owned(), SERVER.replace("a.example", "b.example")));
    files
}

#[test]
fn every_form_wakes_the_hooks() {
    let pattern = pattern();
    let forms = forms();
    let texts: Vec<(&str, &str)> = forms.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let tree = Tree::new(&texts);
    let run = tree.run(&["--format", "json", "."]);
    let output: Value = serde_json::from_str(&run.stdout).unwrap();
    let files = output["files"].as_array().unwrap();
    let is_read = |file: &&Value| matches!(file["status"].as_str(), Some("judged" | "included"));
    let judged: BTreeSet<&str> = files
        .iter()
        .filter(is_read)
        .map(|file| file["path"].as_str().unwrap().split('#').next().unwrap())
        .collect();
    // The list is of files that the program judges, all of them.
    let given: BTreeSet<&str> = forms.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(judged, given);
    for name in given {
        assert!(pattern.is_match(name), "{name}");
    }
}

#[test]
fn other_files_do_not() {
    let pattern = pattern();
    for name in [
        "README.md",
        "src/main.rs",
        "package.json",
        "docs/logo.svg",
        "conf/app.ini",
        "Makefile",
        ".gitignore",
    ] {
        assert!(!pattern.is_match(name), "{name}");
    }
}

#[test]
fn settings_wake_them_too() {
    assert!(pattern().is_match(".nginx-ws-lint.toml"));
}

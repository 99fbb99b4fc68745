//! What compose files and Dockerfiles tell: images, the number of containers, and the environment of envsubst.

use serde_json::Value;

use crate::run::Tree;

fn json(tree: &Tree) -> Value {
    let run = tree.run(&["--format", "json", "--fail-on", "never", "."]);
    serde_json::from_str(&run.stdout).unwrap()
}

/// A site that proxies to a host, with complete lines for an upgrade.
fn site(path: &str, host: &str) -> String {
    format!(
        "server {{
    listen 80;
    location {path} {{
        proxy_pass http://{host};
        proxy_http_version 1.1;
        proxy_read_timeout 1h;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
        proxy_set_header Host $host;
    }}
}}
"
    )
}

fn of_rule<'v>(outcome: &'v Value, rule: &str) -> Vec<&'v Value> {
    let all = outcome.get("findings").and_then(Value::as_array).unwrap();
    all.iter().filter(|finding| finding.get("rule").is_some_and(|name| name == rule)).collect()
}

fn evidence(outcome: &Value) -> String {
    outcome.pointer("/endpoints/0/evidence").unwrap().to_string()
}

#[test]
fn the_image_of_a_service_names_the_application() {
    let text = site("/", "board:3000");
    let compose = |image: &str| format!("services:\n  board:\n    image: {image}\n");
    for (image, is_named) in
        [("grafana/grafana:11", true), ("docker.io/grafana/grafana", true), ("own/thing", false)]
    {
        let compose = compose(image);
        let tree = Tree::new(&[("nginx/site.conf", text.as_str()), ("docker-compose.yml", compose.as_str())]);
        let said = evidence(&json(&tree));
        assert_eq!(
            said.contains("whose image `grafana/grafana` is called after Grafana"),
            is_named,
            "{image}: {said}"
        );
    }
    // Two files that differ say nothing.
    let (one, other) = (compose("grafana/grafana"), compose("own/thing"));
    let tree = Tree::new(&[
        ("nginx/site.conf", text.as_str()),
        ("compose.yaml", one.as_str()),
        ("compose.dev.yaml", other.as_str()),
    ]);
    assert!(!evidence(&json(&tree)).contains("image"));
}

#[test]
fn several_containers_of_a_service_are_peers() {
    let rule = "upstream-without-stickiness";
    let compose = |count: &str| {
        format!("services:\n  chat:\n    image: own/chat\n    deploy:\n      replicas: {count}\n")
    };
    for (count, is_said) in [("3", true), ("1", false), ("${N}", false)] {
        let (text, compose) = (site("/socket.io/", "chat:3000"), compose(count));
        let tree = Tree::new(&[("site.conf", text.as_str()), ("compose.yaml", compose.as_str())]);
        let outcome = json(&tree);
        let found = of_rule(&outcome, rule);
        assert_eq!(found.len(), usize::from(is_said), "{count}: {outcome:#}");
        if is_said {
            assert!(
                found[0]["message"].as_str().unwrap().starts_with("`chat` is 3 containers"),
                "{found:#?}"
            );
        }
    }
    let upstream =
        |more: &str| format!("upstream app {{ {more} server chat:3000; }}\n{}", site("/socket.io/", "app"));
    for (more, is_said) in [("", true), ("ip_hash;", false)] {
        let (text, compose) = (upstream(more), compose("3"));
        let tree = Tree::new(&[("site.conf", text.as_str()), ("compose.yaml", compose.as_str())]);
        assert_eq!(of_rule(&json(&tree), rule).len(), usize::from(is_said), "{more}");
    }
}

/// A short timeout is one where the environment says so; where two environments differ, the finding says in which.
#[test]
fn the_environment_fills_in_what_envsubst_would() {
    let rule = "short-read-timeout";
    let text = site("/ws/", "chat:3000").replace("1h", "${TIMEOUT}");
    let compose = |environment: &str| {
        format!(
            "services:\n  web:\n    image: nginx\n    volumes:\n      - ./templates:/etc/nginx/templates:ro\n    environment:\n{environment}"
        )
    };
    let template = "templates/site.conf.template";
    let tree = |others: &[(&str, &str)]| {
        let mut files = vec![(template, text.as_str())];
        files.extend(others);
        Tree::new(&files)
    };
    assert!(of_rule(&json(&tree(&[])), rule).is_empty(), "nobody knows the value");
    let short = compose("      TIMEOUT: 30s\n");
    let long = compose("      - TIMEOUT=1h\n");
    let outcome = json(&tree(&[("compose.yaml", short.as_str())]));
    let found = of_rule(&outcome, rule);
    assert_eq!((found.len(), &found[0]["file"]), (1, &Value::from(template)), "{outcome:#}");
    assert!(found[0]["message"].as_str().unwrap().contains("after 30s"), "{found:#?}");
    // What is filled in is not edited.
    assert!(found[0]["fix"].is_null(), "{found:#?}");
    assert!(of_rule(&json(&tree(&[("compose.yaml", long.as_str())])), rule).is_empty());
    let outcome = json(&tree(&[("compose.dev.yaml", short.as_str()), ("compose.yaml", long.as_str())]));
    let found = of_rule(&outcome, rule);
    assert_eq!(found.len(), 1, "{outcome:#}");
    assert_eq!(found[0]["label"], "where `TIMEOUT=30s` holds in the template");
    // A service that does not mount it says nothing of it.
    let elsewhere = short.replace("./templates", "./other");
    assert!(of_rule(&json(&tree(&[("compose.yaml", elsewhere.as_str())])), rule).is_empty());
    let dockerfile = "FROM nginx:alpine\nENV TIMEOUT=30s\nCOPY templates /etc/nginx/templates\n";
    assert_eq!(of_rule(&json(&tree(&[("Dockerfile", dockerfile)])), rule).len(), 1);
    let named = long.replace("    environment:\n      - TIMEOUT=1h\n", "    env_file: web.env\n");
    let outcome = json(&tree(&[("compose.yaml", named.as_str()), ("web.env", "TIMEOUT=30s\n")]));
    assert_eq!(of_rule(&outcome, rule).len(), 1, "{outcome:#}");
}

/// A secret is neither shown nor used.
#[test]
fn secrets_stay_unknown() {
    let text = site("/ws/", "chat:3000").replace("1h", "${API_KEY}");
    let compose = "services:\n  web:\n    image: nginx\n    volumes: ['./templates:/etc/nginx/templates']\n    environment:\n      API_KEY: 30s\n";
    let tree = Tree::new(&[("templates/site.conf.template", text.as_str()), ("compose.yaml", compose)]);
    let outcome = json(&tree);
    assert!(of_rule(&outcome, "short-read-timeout").is_empty(), "{outcome:#}");
}

/// What compose merges over another file counts, whatever the other one says.
#[test]
fn a_second_file_of_compose_is_merged_over_the_first() {
    let rule = "short-read-timeout";
    let text = site("/ws/", "chat:3000").replace("1h", "${TIMEOUT}");
    let template = ("templates/site.conf.template", text.as_str());
    let base = "services:\n  web:\n    image: nginx\n    volumes: ['./templates:/etc/nginx/templates:ro']\n    environment: {TIMEOUT: 1h}\n";
    let over = |value: &str| format!("services:\n  web:\n    environment:\n      TIMEOUT: {value}\n");
    for (names, value, is_short) in [
        (("compose.yaml", "compose.override.yaml"), "30s", true),
        (("docker-compose.yml", "docker-compose.override.yml"), "30s", true),
        (("compose.yaml", "docker-compose.override.yml"), "30s", true),
        // compose merges this one over nothing by itself, and nginx is not mounted there.
        (("compose.yaml", "compose.prod.yaml"), "30s", false),
        // What compose fills in is not known.
        (("compose.yaml", "compose.override.yaml"), "${TIMEOUT}", false),
    ] {
        let over = over(value);
        let tree = Tree::new(&[template, (names.0, base), (names.1, over.as_str())]);
        let outcome = json(&tree);
        assert_eq!(of_rule(&outcome, rule).len(), usize::from(is_short), "{names:?} {value}: {outcome:#}");
    }
    // Of what one value alone counts, there are no two ways.
    let short = base.replace("1h", "30s");
    let long = over("1h");
    let tree =
        Tree::new(&[template, ("compose.yaml", short.as_str()), ("compose.override.yaml", long.as_str())]);
    assert!(of_rule(&json(&tree), rule).is_empty());
    // The image and the number of containers are those of the second file.
    let chat = site("/socket.io/", "chat:3000");
    let base = "services:\n  chat: {image: own/chat, deploy: {replicas: 1}}\n";
    let over = "services:\n  chat: {deploy: {replicas: 3}}\n";
    let tree =
        Tree::new(&[("site.conf", chat.as_str()), ("compose.yaml", base), ("compose.override.yaml", over)]);
    assert_eq!(of_rule(&json(&tree), "upstream-without-stickiness").len(), 1);
}

/// Of several files of an environment the last one counts, and what `environment` leaves to compose is in none of them.
#[test]
fn the_last_file_of_an_environment_counts() {
    let rule = "short-read-timeout";
    let text = site("/ws/", "chat:3000").replace("1h", "${TIMEOUT}");
    let compose = |more: &str| {
        format!(
            "services:\n  web:\n    image: nginx\n    volumes: ['./templates:/etc/nginx/templates']\n    env_file: [one.env, two.env]\n{more}"
        )
    };
    for (more, is_short) in [
        ("", true),
        ("    environment: ['TIMEOUT=${T}']\n", false),
        ("    environment: {TIMEOUT: }\n", false),
    ] {
        let compose = compose(more);
        let tree = Tree::new(&[
            ("templates/site.conf.template", text.as_str()),
            ("compose.yaml", compose.as_str()),
            ("one.env", "TIMEOUT=1h\n"),
            ("two.env", "TIMEOUT=30s\n"),
        ]);
        assert_eq!(of_rule(&json(&tree), rule).len(), usize::from(is_short), "{more}");
    }
}

/// A compose file that is named tells what it tells in its folder.
#[test]
fn files_that_are_named_tell_what_they_tell_in_a_folder() {
    let text = site("/ws/", "chat:3000").replace("1h", "${TIMEOUT}");
    let compose = "services:\n  web:\n    image: nginx\n    volumes: ['./templates:/etc/nginx/templates:ro']\n    environment: {TIMEOUT: 30s}\n";
    let tree = Tree::new(&[("templates/site.conf.template", text.as_str()), ("compose.yaml", compose)]);
    let run =
        tree.run(&["--format", "json", "--fail-on", "never", "templates/site.conf.template", "compose.yaml"]);
    let outcome: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(of_rule(&outcome, "short-read-timeout").len(), 1, "{outcome:#}");
}

/// envsubst has no default values: nginx reads them as they are written, if it is certain that envsubst fills them in.
#[test]
fn what_envsubst_leaves_alone_is_said() {
    let text = site("/ws/", "${HOST:-chat}:3000")
        .replace("listen 80;", "listen ${PORT:-80};\n    server_name $${NAME};");
    let template = "templates/site.conf.template";
    let compose =
        "services:\n  web:\n    image: nginx\n    volumes:\n      - ./templates:/etc/nginx/templates:ro\n";
    let dockerfile = "FROM nginx\nCOPY templates/ /etc/nginx/templates/\n";
    let refused = |others: &[(&str, &str)]| {
        let mut files = vec![(template, text.as_str())];
        files.extend(others);
        let tree = Tree::new(&files);
        let run = tree.run(&["--fail-on", "never", "."]);
        let port = "envsubst leaves `${PORT:-80}` as it is: it replaces names, and knows no default values";
        assert!(run.stdout.contains(port) || run.stderr.contains(port), "{}", run.shown());
        let name = "envsubst has no escape: `$$` before `NAME` becomes a `$` and the value of `NAME`";
        assert!(run.stdout.contains(name) || run.stderr.contains(name), "{}", run.shown());
        let outcome = json(&tree);
        let found = of_rule(&outcome, "directive-not-allowed-here");
        let lines = found.iter().map(|finding| finding["range"]["start"]["line"].as_u64().unwrap());
        lines.collect::<Vec<u64>>()
    };
    assert!(refused(&[]).is_empty(), "another program may fill it in");
    for other in [("compose.yaml", compose), ("Dockerfile", dockerfile)] {
        assert_eq!(refused(&[other]), [2, 5], "{other:?}");
    }
    // Other engines have marks of their own.
    let jinja = text.replace("location", "# {{ a }}\n    location");
    let tree = Tree::new(&[(template, jinja.as_str()), ("compose.yaml", compose)]);
    assert!(of_rule(&json(&tree), "directive-not-allowed-here").is_empty());
}

/// A `ConfigMap` lies where a pod in another file mounts it.
#[test]
fn a_pod_in_another_file_mounts_a_config_map() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: NAME\n  namespace: a\ndata:\n  main: |\n    events {}\n    http {\n        proxy_read_timeout 1h;\n        include /etc/nginx/conf.d/*.conf;\n    }\n  site: |\n    server {\n        location /ws/ {\n            proxy_pass http://chat:3000;\n            proxy_http_version 1.1;\n            proxy_set_header Upgrade $http_upgrade;\n            proxy_set_header Connection upgrade;\n        }\n    }\n";
    let pod = "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: web, namespace: SPACE}\nspec:\n  template:\n    spec:\n      containers:\n        - image: nginx\n          volumeMounts:\n            - {name: c, mountPath: /etc/nginx/nginx.conf, subPath: main}\n            - {name: c, mountPath: /etc/nginx/conf.d/site.conf, subPath: site}\n      volumes:\n        - name: c\n          configMap:\n            name: NAME\n";
    let is_included = |name: &str, (path, pods): (&str, &str)| {
        let (map, pod) = (map.replace("NAME", name), pods.to_owned());
        let tree = Tree::new(&[("app/map.yaml", map.as_str()), (path, pod.as_str())]);
        let run = tree.run(&["--show-files", "--fail-on", "never", "."]);
        run.stdout.contains("included    app/map.yaml#site: of app/map.yaml#main")
    };
    let pod = |name: &str, space: &str| pod.replace("NAME", name).replace("SPACE", space);
    assert!(is_included("web", ("app/pod.yaml", &pod("web", "a"))));
    assert!(is_included("web", ("pods/pod.yaml", &pod("web", "a"))));
    assert!(!is_included("web", ("app/pod.yaml", &pod("other", "a"))));
    assert!(!is_included("web", ("app/pod.yaml", &pod("web", "b"))));
    // What a template makes a name of is the same in both.
    let name = "{{ .Release.Name }}-nginx";
    assert!(is_included(name, ("app/pod.yaml", &pod(name, "a"))));
}

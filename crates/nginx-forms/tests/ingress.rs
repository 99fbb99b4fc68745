//! What a controller writes for `Ingress` objects, and where each part of it comes from.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::string_slice,
    reason = "helpers of tests may fail like tests"
)]

use nginx_forms::{Form, View, views};
use nginx_syntax::Span;
use proptest::prelude::*;

/// The texts that controllers write for a YAML text.
fn rendered(yaml: &str) -> Vec<std::sync::Arc<View>> {
    let found = views(Form::Yaml, yaml.as_bytes());
    found.into_iter().map(|found| found.view).filter(|view| view.rendered().is_some()).collect()
}

fn text(view: &View) -> String {
    String::from_utf8(view.bytes().to_vec()).unwrap()
}

/// An `Ingress` of a class with these annotations and paths, each with its service.
fn ingress(class: &str, annotations: &[&str], paths: &[(&str, &str)]) -> String {
    let annotations: String = annotations.iter().map(|line| format!("    {line}\n")).collect();
    let head = if annotations.is_empty() { "" } else { "  annotations:\n" };
    let paths: String = paths
        .iter()
        .map(|(path, service)| {
            format!(
                "          - path: {path}\n            pathType: Prefix\n            backend:\n              service:\n                name: {service}\n                port:\n                  number: 80\n"
            )
        })
        .collect();
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: app\n{head}{annotations}spec:\n  ingressClassName: {class}\n  rules:\n    - host: app.test\n      http:\n        paths:\n{paths}"
    )
}

/// The lines of the block of the first location.
fn location(yaml: &str) -> Vec<String> {
    let view = rendered(yaml).pop().expect("a text");
    let text = text(&view);
    let block = text.split("    location ").nth(1).expect("a location");
    block.lines().map(|line| line.trim().to_owned()).take_while(|line| line != "}").collect()
}

#[test]
fn what_a_controller_writes_by_itself() {
    let lines = location(&ingress("nginx", &[], &[("/ws", "chat")]));
    for line in [
        "/ws {",
        "proxy_set_header Upgrade $http_upgrade;",
        "proxy_set_header Connection $connection_upgrade;",
        "proxy_http_version 1.1;",
        "proxy_buffering off;",
        "proxy_pass http://chat:80;",
    ] {
        assert!(lines.iter().any(|one| one == line), "{line}: {lines:#?}");
    }
    assert!(!lines.iter().any(|line| line.starts_with("proxy_read_timeout")), "the default of nginx");
    let lines = location(&ingress("nginx", &["nginx.org/keepalive: \"16\""], &[("/ws", "chat")]));
    assert!(!lines.iter().any(|line| line.contains("Upgrade")), "{lines:#?}");
    assert!(lines.iter().any(|line| line == "proxy_set_header Connection \"\";"), "{lines:#?}");
}

/// Each annotation, and the line that comes of it; `None` where the controller ignores it.
#[test]
fn what_annotations_become() {
    let community = |name: &str| format!("nginx.ingress.kubernetes.io/{name}");
    let inc = |name: &str| format!("nginx.org/{name}");
    for (annotation, line) in [
        (community("proxy-read-timeout: \"3600\""), Some("proxy_read_timeout 3600s;")),
        (community("proxy-read-timeout: 3600"), Some("proxy_read_timeout 3600s;")),
        (community("proxy-read-timeout: '3600s'"), None),
        (community("proxy-read-timeout: 1h"), None),
        (inc("proxy-read-timeout: 1h"), Some("proxy_read_timeout 1h;")),
        (inc("proxy-read-timeout: soon"), None),
        (community("proxy-http-version: '1.0'"), Some("proxy_http_version 1.0;")),
        (community("proxy-http-version: '2'"), Some("proxy_http_version 1.1;")),
        (community("proxy-buffering: \"on\""), Some("proxy_buffering on;")),
        (inc("proxy-buffering: \"False\""), Some("proxy_buffering off;")),
        (
            community("connection-proxy-header: keep-alive"),
            Some("proxy_set_header Connection \"keep-alive\";"),
        ),
        (community("upstream-vhost: a.test"), Some("proxy_set_header Host \"a.test\";")),
        (community("backend-protocol: GRPC"), Some("grpc_pass grpc://chat:80;")),
        (community("backend-protocol: https"), Some("proxy_pass https://chat:80;")),
        (inc("ssl-services: chat"), Some("proxy_pass https://chat:80;")),
        (inc("websocket-services: a,chat"), Some("proxy_set_header Upgrade $http_upgrade;")),
        // A blank is a part of the name.
        (inc("websocket-services: a, chat"), None),
        (inc("websocket-services: chatty"), None),
        (inc("rewrites: serviceName=chat rewrite=/x/"), Some("proxy_pass http://chat:80/x/;")),
        (community("rewrite-target: /"), Some("rewrite \"(?i)/ws\" / break;")),
        (community("permanent-redirect: https://b.test"), Some("return 301 https://b.test;")),
    ] {
        let lines = location(&ingress("nginx", &[&annotation], &[("/ws", "chat")]));
        let name = line.unwrap_or("proxy_set_header Upgrade").split(' ').next().unwrap().to_owned();
        match line {
            Some(line) => assert!(lines.iter().any(|one| one == line), "{annotation}: {lines:#?}"),
            None if annotation.contains("timeout") => {
                assert!(
                    !lines.iter().any(|one| one.starts_with("proxy_read_timeout")),
                    "{annotation}: {lines:#?}"
                );
            }
            None => assert!(
                !lines.iter().any(|one| one.starts_with(&name) && one.contains("Upgrade")),
                "{lines:#?}"
            ),
        }
    }
}

/// Whose controller an object is.
#[test]
fn classes_and_annotations_tell_the_controller() {
    let of = |class: &str, annotation: &str| {
        let annotations: Vec<&str> = Some(annotation).filter(|one| !one.is_empty()).into_iter().collect();
        let all = rendered(&ingress(class, &annotations, &[("/", "a")]));
        all.first().map(|view| view.rendered().unwrap().controller().name())
    };
    let community = "nginx.ingress.kubernetes.io/proxy-body-size: 1m";
    for (class, annotation, name) in [
        ("nginx", "", Some("ingress-nginx")),
        ("nginx", "nginx.org/lb-method: ip_hash", Some("NGINX Ingress Controller")),
        ("nginx-internal", community, Some("ingress-nginx")),
        ("internal", community, Some("ingress-nginx")),
        ("internal", "", None),
        ("traefik", community, None),
        ("alb", "", None),
        ("{{ .Values.class }}", community, Some("ingress-nginx")),
        ("{{ .Values.class }}", "", None),
    ] {
        assert_eq!(of(class, annotation), name, "{class} {annotation}");
    }
    let class = "---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata:\n  name: nginx\nspec:\n  controller: nginx.org/ingress-controller\n";
    let both = format!("{}{class}", ingress("nginx", &[], &[("/", "a")]));
    assert_eq!(rendered(&both)[0].rendered().unwrap().controller().name(), "NGINX Ingress Controller");
}

/// One that has a rewrite makes regular expressions of all paths of the host, the longest first.
#[test]
fn paths_of_one_host_are_one_server() {
    let annotation = "nginx.ingress.kubernetes.io/rewrite-target: /$2";
    let one = ingress("nginx", &[annotation], &[("/ws(/|$)(.*)", "ws")]);
    let other = ingress("nginx", &[], &[("/", "web"), ("/apis/long/path", "api")]);
    let all = rendered(&format!("{one}---\n{other}"));
    assert_eq!(all.len(), 1);
    let text = text(&all[0]);
    // Besides the one for hosts that no object names.
    assert_eq!(text.matches("server {").count(), 2, "{text}");
    let names: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("location ")).collect();
    assert_eq!(names, ["~* \"^/apis/long/path\" {", "~* \"^/ws(/|$)(.*)\" {", "~* \"^/\" {"]);
}

#[test]
fn what_a_template_fills_in_is_not_known() {
    let yaml = ingress(
        "nginx",
        &["nginx.ingress.kubernetes.io/proxy-read-timeout: {{ .Values.timeout | quote }}"],
        &[("{{ .Values.path }}", "chat")],
    );
    let view = rendered(&yaml).pop().unwrap();
    assert!(text(&view).contains("proxy_read_timeout ${ingress_"), "{}", text(&view));
    let open =
        ingress("nginx", &["a: b", "{{- toYaml .Values.annotations | nindent 4 }}"], &[("/ws", "chat")]);
    let view = rendered(&open).pop().unwrap();
    assert_eq!(view.gaps().len(), 1, "{}", text(&view));
}

/// What nginx would read as more than a value is no value.
#[test]
fn no_value_becomes_lines() {
    for hostile in ["'/a; return 200 x; #'", "\"/a\\n}\"", "'/a {'", "'/a\"'"] {
        let yaml = ingress(
            "nginx",
            &[&format!("nginx.ingress.kubernetes.io/rewrite-target: {hostile}")],
            &[(hostile, "chat")],
        );
        let text = text(&rendered(&yaml).pop().unwrap());
        assert!(!text.lines().any(|line| line.trim().starts_with("return 200")), "{text}");
        let count = |end: &str| text.lines().filter(|line| line.trim().ends_with(end)).count();
        assert_eq!(count("{"), count("}"), "{text}");
    }
}

/// The edit of a value, as the whole YAML text.
fn edited(yaml: &str, find: &str, replacement: &str) -> Option<String> {
    let view = rendered(yaml).pop().unwrap();
    let bytes = text(&view);
    let span = match find {
        "" => {
            // Behind the last line of the first location.
            let block = bytes.find("        proxy_pass").or_else(|| bytes.find("        grpc_pass")).unwrap();
            let end = block + bytes[block..].find(';').unwrap() + 1;
            Span::at(u32::try_from(end).unwrap())
        }
        find => {
            let start = bytes.find(find).unwrap() + find.len();
            let end = start + bytes[start..].find(';').unwrap();
            Span::new(u32::try_from(start).unwrap(), u32::try_from(end).unwrap())
        }
    };
    let (span, text) = view.edit(span, replacement.as_bytes()).ok()?;
    let mut edited = yaml.to_owned();
    edited.replace_range(span.start as usize..span.end as usize, std::str::from_utf8(&text).unwrap());
    Some(edited)
}

#[test]
fn edits_are_edits_of_annotations() {
    let line = "nginx.ingress.kubernetes.io/proxy-read-timeout: \"60\"";
    let with = |annotations: &[&str]| ingress("nginx", annotations, &[("/ws", "chat")]);
    let after = edited(&with(&[line]), "proxy_read_timeout ", "3600s").unwrap();
    assert_eq!(after, with(&["nginx.ingress.kubernetes.io/proxy-read-timeout: \"3600\""]));
    // A plain number is no string, and Kubernetes wants one.
    let plain = "nginx.ingress.kubernetes.io/proxy-read-timeout: 60";
    let after = edited(&with(&[plain]), "proxy_read_timeout ", "1h").unwrap();
    assert_eq!(after, with(&["nginx.ingress.kubernetes.io/proxy-read-timeout: \"3600\""]));
    let more = "\n        proxy_read_timeout 3600s;";
    let new = "nginx.ingress.kubernetes.io/proxy-read-timeout: \"3600\"";
    assert_eq!(edited(&with(&["a: b"]), "", more).unwrap(), with(&[new, "a: b"]));
    assert_eq!(edited(&with(&[]), "", more).unwrap(), with(&[new]));
    // One that the controller ignores is written anew.
    let ignored = "nginx.ingress.kubernetes.io/proxy-read-timeout: '3600s'";
    let fixed = "nginx.ingress.kubernetes.io/proxy-read-timeout: '3600'";
    assert_eq!(edited(&with(&[ignored]), "", more).unwrap(), with(&[fixed]));
    // NGINX Inc's controller takes units, and names services.
    let inc = "nginx.org/lb-method: ip_hash";
    let upgrade = "\n        proxy_http_version 1.1;\n        proxy_set_header Upgrade $http_upgrade;\n        proxy_set_header Connection $connection_upgrade;";
    let after = edited(&with(&[inc]), "", upgrade).unwrap();
    assert_eq!(after, with(&["nginx.org/websocket-services: \"chat\"", inc]));
    let after = edited(&with(&["nginx.org/websocket-services: \"a\""]), "", upgrade).unwrap();
    assert_eq!(after, with(&["nginx.org/websocket-services: \"a,chat\""]));
    // What no annotation says, and where it is not certain.
    for (annotations, text) in [
        (&["a: b"][..], "\n proxy_socket_keepalive on;"),
        (&["a: b"], "\n proxy_read_timeout 1h; evil \"x\";"),
        (&["{{- toYaml .x | nindent 4 }}"], more),
    ] {
        assert_eq!(edited(&with(annotations), "", text), None, "{text}");
    }
    let flow = with(&[]).replace("  name: app\n", "  name: app\n  annotations: {a: b}\n");
    assert_eq!(edited(&flow, "", more), None);
}

#[test]
fn snippets_are_edited_where_they_stand() {
    let yaml = with_snippet(
        "    nginx.ingress.kubernetes.io/configuration-snippet: |\n      proxy_socket_keepalive on;\n      gzip off;\n",
    );
    let after = edited(&yaml, "proxy_socket_keepalive ", "off").unwrap();
    assert_eq!(after, yaml.replace("keepalive on", "keepalive off"));
    let view = rendered(&yaml).pop().unwrap();
    let at = text(&view).find("gzip").unwrap();
    let (_, text) = view.edit(Span::at(u32::try_from(at).unwrap()), b"access_log off;\n").unwrap();
    assert_eq!(text, b"access_log off;\n      ");
    // It is no text of its own beside.
    assert_eq!(views(Form::Yaml, yaml.as_bytes()).len(), 1);
}

fn with_snippet(snippet: &str) -> String {
    let yaml = ingress("nginx", &["a: b"], &[("/ws", "chat")]);
    yaml.replace("    a: b\n", &format!("    a: b\n{snippet}"))
}

#[test]
fn the_settings_of_a_controller_are_a_main_file() {
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ingress-nginx-controller\ndata:\n  proxy-read-timeout: \"90\"\n  worker-shutdown-timeout: 10s\n  use-gzip: \"true\"\n";
    let view = rendered(yaml).pop().unwrap();
    assert!(view.rendered().unwrap().is_settings());
    let text = text(&view);
    assert!(text.contains("http {\n    proxy_read_timeout 90;\n}"), "{text}");
    assert!(text.starts_with("worker_shutdown_timeout 10s;"), "{text}");
    assert!(rendered(&yaml.replace("ingress-nginx-controller", "app")).is_empty());
}

/// Each path has the snippets of its object again: the text does not grow without end, and says that it is cut.
#[test]
fn many_paths_with_a_long_snippet_end() {
    let names: Vec<String> = (0..4_000).map(|number| format!("/path/{number}")).collect();
    let paths: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "chat")).collect();
    let yaml = ingress("nginx", &["a: b"], &paths);
    let whole = rendered(&yaml).pop().unwrap();
    assert!(!whole.rendered().unwrap().is_cut());
    let snippet = format!(
        "    nginx.ingress.kubernetes.io/configuration-snippet: |\n{}",
        "      proxy_socket_keepalive on;\n".repeat(400)
    );
    let yaml = yaml.replace("    a: b\n", &format!("    a: b\n{snippet}"));
    let cut = rendered(&yaml).pop().unwrap();
    assert!(cut.rendered().unwrap().is_cut());
    assert!(cut.bytes().len() < 9 << 20, "{}", cut.bytes().len());
}

proptest! {
    /// Whatever stands in the annotations and paths: each place of the text leads into the file, and each edit that is
    /// made leaves all else as it is.
    #[test]
    fn every_place_is_one_of_the_file(
        value in "[ -~]{0,20}",
        path in "/[a-z(){}|$.*/]{0,12}",
        name in prop::sample::select(vec!["proxy-read-timeout", "rewrite-target", "configuration-snippet", "use-regex", "server-snippet"]),
        cut in 0_usize..600,
    ) {
        let quoted = value.replace('\'', "''");
        let whole = ingress("nginx", &[&format!("nginx.ingress.kubernetes.io/{name}: '{quoted}'")], &[(&format!("'{path}'"), "chat")]);
        let cut = whole.get(..cut).unwrap_or(&whole);
        for yaml in [whole.as_str(), cut] {
            for view in rendered(yaml) {
                let length = u32::try_from(view.bytes().len()).unwrap();
                for start in 0..length {
                    let on_host = view.on_host(Span::new(start, (start + 7).min(length)));
                    prop_assert!(on_host.start <= on_host.end && on_host.end as usize <= yaml.len());
                    prop_assert!(yaml.is_char_boundary(on_host.start as usize));
                    if let Ok((span, _)) = view.edit(Span::at(start), b"\n    proxy_read_timeout 1h;") {
                        prop_assert!(span.end as usize <= yaml.len());
                    }
                }
            }
        }
    }
}

const VIRTUAL_SERVER: &str = "apiVersion: k8s.nginx.org/v1
kind: VirtualServer
metadata:
  name: cafe
spec:
  host: cafe.test
  upstreams:
  - name: tea
    service: tea-svc
    port: 80
  - name: chat
    service: chat-svc
    port: 80
    read-timeout: 90s
  routes:
  - path: /tea
    action:
      pass: tea
  - path: ~ ^/ws
    action:
      pass: chat
  - path: =/live
    action:
      pass: chat
";

#[test]
fn the_upstreams_of_a_virtual_server() {
    let view = rendered(VIRTUAL_SERVER).pop().unwrap();
    let text = text(&view);
    for line in [
        "location /tea {",
        "location ~ \"^/ws\" {",
        "location = \"/live\" {",
        "proxy_pass http://chat-svc:80;",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(text.matches("proxy_read_timeout 90s;").count(), 2, "{text}");
    assert_eq!(text.matches("server {").count(), 2, "{text}");
    let after = edited(VIRTUAL_SERVER, "proxy_read_timeout ", "3600s").unwrap();
    assert_eq!(after, VIRTUAL_SERVER.replace("90s", "\"3600s\""));
    let line = VIRTUAL_SERVER.replace("    read-timeout: 90s\n", "");
    let after = edited(&line, "", "\n proxy_read_timeout 3600s;").unwrap();
    assert_eq!(after, VIRTUAL_SERVER.replace("90s", "\"3600s\""));
}

/// What stands behind the place where YAML cannot be read any more is not passed over in silence.
#[test]
fn objects_that_were_not_read_are_said_to_be_missing() {
    let one = ingress("nginx", &["a: b"], &[("/ws", "chat")]);
    assert!(!rendered(&one).pop().unwrap().rendered().unwrap().is_cut());
    let broken = format!("{one}---\n\tkind: [Ingress\n");
    assert!(rendered(&broken).pop().unwrap().rendered().unwrap().is_cut());
    let many = format!("{}---\n{}", one, "- a\n".repeat(400_000));
    assert!(rendered(&many).pop().unwrap().rendered().unwrap().is_cut());
}

fn object(name: &str, class: &str, annotation: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\n  annotations:\n    {annotation}\nspec:\n  ingressClassName: {class}\n  rules:\n  - host: a.test\n    http: {{paths: [{{path: /ws, backend: {{service: {{name: chat, port: {{number: 80}}}}}}}}]}}\n---\n"
    )
}

/// A canary has no settings of its own, and each class has servers of its own.
#[test]
fn canaries_and_classes() {
    let long = "nginx.ingress.kubernetes.io/proxy-read-timeout: \"3600\"";
    let short = "nginx.ingress.kubernetes.io/proxy-read-timeout: \"30\"";
    let canary = "nginx.ingress.kubernetes.io/canary: \"true\"";
    let texts = |host: &str| -> Vec<String> {
        let all = views(Form::Yaml, host.as_bytes()).into_iter();
        all.map(|one| String::from_utf8_lossy(one.view.bytes()).into_owned()).collect()
    };
    assert!(texts(&object("a", "nginx", canary)).is_empty());
    assert!(nginx_forms::unread_annotations(object("a", "nginx", canary).as_bytes(), false).is_some());
    let both = texts(&(object("a", "nginx", long) + &object("b", "nginx", canary)));
    assert_eq!((both.len(), both[0].matches("location /ws").count()), (1, 1), "{both:?}");
    let classes = texts(&(object("a", "nginx", long) + &object("b", "internal-nginx", short)));
    assert!(classes.len() == 2 && classes[0].contains("3600s") && classes[1].contains("30s"), "{classes:?}");
    let one = texts(&(object("a", "nginx", long) + &object("b", "nginx", long)));
    assert_eq!(one.len(), 1, "{one:?}");
    for (text, is_hcl, is_said) in [
        (
            "patches:\n- patch: |\n    kind: Ingress\n    metadata:\n      annotations:\n        nginx.ingress.kubernetes.io/proxy-read-timeout: \"1s\"\n",
            false,
            true,
        ),
        (
            "resource \"kubernetes_ingress_v1\" \"a\" {\n  \"nginx.ingress.kubernetes.io/proxy-read-timeout\" = 1\n}\n",
            true,
            true,
        ),
        (
            "ingress:\n  annotations:\n    nginx.ingress.kubernetes.io/proxy-read-timeout: \"1s\"\n",
            false,
            false,
        ),
    ] {
        assert_eq!(nginx_forms::unread_annotations(text.as_bytes(), is_hcl).is_some(), is_said, "{text}");
    }
}

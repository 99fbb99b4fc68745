//! What `snippet` prints answers 101 on a real nginx.

use lint_engine::{Application, Wanted, applications};
use nginx_proof::{Browser, Exchange, Manner, Probe, Running, Setup, found};
use nginx_semantics::VersionRange;

const MAIN: &str = "worker_shutdown_timeout 1h;\nevents {}\nhttp {\n    include ws.conf;\n}\n";

fn wanted(application: Option<&'static Application>, versions: VersionRange, servers: &[&str]) -> Wanted {
    Wanted {
        path: None,
        servers: servers.iter().map(|&server| server.to_owned()).collect(),
        is_tls: false,
        name: "chat.example.com".to_owned(),
        versions,
        application,
        layers: Vec::new(),
    }
}

#[test]
fn it_answers_101() {
    // One of each kind: no session, a session, polling beside, a check of the origin.
    let ids = ["socket-io", "jupyter", "home-assistant", "grafana"];
    let known = ids.iter().filter_map(|id| applications::all().iter().find(|one| one.id == *id));
    let all: Vec<Option<&'static Application>> = known.map(Some).chain([None]).collect();
    assert!(all.len() >= 4, "{all:?}");
    for binary in found().unwrap() {
        let own = VersionRange::exactly(binary.version);
        for application in &all {
            for versions in [own, VersionRange::DISTRIBUTIONS] {
                for servers in [&["app:9000"][..], &["app:9000", "app:9001"]] {
                    let wanted = wanted(*application, versions, servers);
                    let text = wanted.text().unwrap();
                    let setup = Setup {
                        files: vec![
                            ("nginx.conf".to_owned(), MAIN.to_owned()),
                            ("ws.conf".to_owned(), text.clone()),
                        ],
                        scale: 60,
                        manner: Manner::Strict,
                        ..Setup::default()
                    };
                    let mut running = Running::start(&binary, &setup).unwrap();
                    assert!(running.is_up(), "nginx {}: {:?}\n{text}", binary.version, running.verdict());
                    for browser in [Browser::Chrome, Browser::Firefox] {
                        let exchange = Exchange::handshake(&wanted.path(), browser);
                        let seen = running.probe(&Probe::Exchange(exchange));
                        assert_eq!(seen.status, Some(101), "nginx {}: {seen:?}\n{text}", binary.version);
                    }
                }
            }
        }
    }
}

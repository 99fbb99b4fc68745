//! The endpoints of one server are the same, whether those of the others are looked for or not.

use nginx_semantics::{Configuration, ContextId, ContextKind, load};
use ws_model::{Endpoint, Hints, Model};
use ws_rules::RULES;

use crate::docs::blocks;
use crate::snippet::{Snippet, root};

fn of_server(model: &Model<'_>, server: ContextId) -> Vec<String> {
    let all = model.endpoints.iter().chain(&model.unsupported).chain(&model.unproxied);
    let is_own = |endpoint: &&Endpoint<'_>| {
        model.configuration.enclosing(endpoint.context, ContextKind::Server) == Some(server)
    };
    let shown = |endpoint: &Endpoint<'_>| {
        format!("{} {:?} {:?}", endpoint.location_text(), endpoint.standing, endpoint.evidence)
    };
    all.filter(is_own).map(shown).collect()
}

/// How many endpoints were compared.
fn compared(snippet: &Snippet) -> usize {
    let (files, arguments, scope) = snippet.given();
    let loaded = load(&files, &arguments, &scope);
    let mut count = 0;
    for layout in &loaded.layouts {
        let configuration = Configuration::new(&loaded.sources, layout);
        let all = Model::new(configuration, &Hints::default());
        for server in configuration.of_kind(ContextKind::Server) {
            let mut one = Model::without_endpoints(configuration, &Hints::default());
            one.find_endpoints_of([server].into());
            let (expected, found) = (of_server(&all, server), of_server(&one, server));
            assert_eq!(found, expected, "{:?}", snippet.files);
            let is_own = |endpoint: &Endpoint<'_>| one.is_looked_at(endpoint.context);
            assert!(one.endpoints.iter().all(is_own), "{:?}", snippet.files);
            count += expected.len();
        }
    }
    count
}

#[test]
fn of_the_examples_of_all_rules() {
    let pages = RULES.iter().map(|rule| rule.meta().docs);
    let count: usize =
        pages.flat_map(blocks).map(|block| compared(&Snippet::of_page(block.info, &block.text))).sum();
    assert!(count > 200, "{count}");
}

/// Whom lines of an outer level are for shows in all locations below it.
#[test]
fn of_a_server_that_drops_the_lines_of_an_outer_level() {
    let http = |other: &str| {
        let lines = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";
        let dropping = "server { listen 80; location / { proxy_pass http://127.0.0.1:1; proxy_set_header Host $host; } }";
        Snippet::bare(root(&format!("{lines}\n{dropping}\nserver {{ listen 81; {other} }}"), ""))
    };
    let has_lines_in_effect = "location / { proxy_pass http://127.0.0.1:2; }";
    let drops_them_too = "location / { proxy_pass http://127.0.0.1:1; proxy_set_header Host $host; }";
    assert_eq!(compared(&http("location / { return 404; }")), 1);
    assert_eq!(compared(&http(drops_them_too)), 2);
    assert_eq!(compared(&http(has_lines_in_effect)), 1);
}

//! Tests of the table and of what is made of it.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_row_is_read_and_they_are_sorted() {
    assert_eq!(all().len(), table::data_lines().count());
    assert!(all().len() >= 25);
    assert!(all().windows(2).all(|pair| pair[0].id < pair[1].id));
    let names: Vec<&str> =
        all().iter().flat_map(|preset| preset.also.iter().chain([&preset.id])).copied().collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "a name has two presets");
}

#[test]
fn each_row_says_where_and_when_it_is_from() {
    for preset in all() {
        assert!(!preset.sources.is_empty(), "{}", preset.id);
        for source in preset.sources {
            let is_file = source
                .split_once(':')
                .is_some_and(|(repository, file)| repository.contains('/') && !file.is_empty());
            assert!(source.starts_with("https://") || is_file, "{}: {source}", preset.id);
        }
        let numbers: Vec<u32> = preset.as_of.split('-').map(|part| part.parse().unwrap()).collect();
        assert!((2020..2100).contains(&numbers[0]) && numbers.len() <= 3, "{}", preset.id);
    }
}

#[test]
fn rows_agree_with_themselves() {
    for preset in all() {
        let has_limit = preset.lifetime_s.is_some() || matches!(preset.idle, IdlePreset::Seconds(_));
        assert!(
            !has_limit || preset.is_fixed || preset.raise.is_some(),
            "{}: where is it raised?",
            preset.id
        );
        assert!(!preset.is_fixed || preset.raise.is_none(), "{}", preset.id);
        assert!(
            preset.sure == Sure::Low || preset.passes == Passes::Yes || preset.how.is_some(),
            "{}",
            preset.id
        );
        assert!(!has_limit || preset.sure > Sure::Low, "{}: rules would not use the number", preset.id);
    }
}

fn layer(name: &str) -> Layer {
    Layer { name: name.to_owned(), ..Layer::default() }
}

fn said(name: &str, seconds: u64) -> Layer {
    Layer { idle_timeout_ms: Some(seconds * 1_000), ..layer(name) }
}

#[test]
fn what_the_user_says_counts_more() {
    let limit =
        |layer: Layer| layer.limit().map(|limit| (limit.milliseconds, limit.is_lifetime, limit.is_preset));
    assert_eq!(limit(layer("aws-alb")), Some((60_000, false, true)));
    assert_eq!(limit(layer("alb")), Some((60_000, false, true)));
    assert_eq!(limit(said("aws-alb", 4000)), Some((4_000_000, false, false)));
    assert_eq!(limit(layer("gcp-classic")), Some((30_000, true, true)));
    assert_eq!(limit(said("gcp-classic", 3600)), Some((3_600_000, true, false)));
    assert_eq!(limit(said("azure-front-door", 86_400)), Some((14_400_000, true, true)));
    assert_eq!(limit(said("our own", 50)), Some((50_000, false, false)));
    assert_eq!(limit(layer("caddy")), None);
    assert_eq!(limit(layer("our own")), None);
}

#[test]
fn what_is_not_known_is_asked() {
    use Question::{IdleTimeout, Unknown, WebSocket};
    assert_eq!(layer("our own").questions(), [Unknown]);
    assert_eq!(said("our own", 50).questions(), []);
    assert_eq!(Layer { websocket: Some(false), ..layer("our own") }.questions(), []);
    assert_eq!(Layer { websocket: Some(true), ..layer("our own") }.questions(), [Unknown]);
    assert_eq!(layer("akamai").questions(), [WebSocket, IdleTimeout]);
    assert_eq!(layer("vercel").questions(), [WebSocket]);
    assert_eq!(Layer { websocket: Some(true), ..layer("vercel") }.questions(), [IdleTimeout]);
    assert_eq!(layer("haproxy").questions(), [IdleTimeout]);
    assert_eq!(said("haproxy", 3600).questions(), []);
    for id in ["aws-alb", "caddy", "cloudflare", "gcp-classic", "envoy", "aws-api-gateway-websocket"] {
        assert_eq!(layer(id).questions(), [], "{id}");
    }
}

/// No row that is weakly known gives a rule anything to say.
#[test]
fn weak_rows_only_ask() {
    for preset in all().iter().filter(|preset| preset.sure == Sure::Low) {
        let layer = layer(preset.id);
        assert_eq!((layer.limit(), layer.sure_preset()), (None, None));
        assert!(!layer.questions().is_empty(), "{}", preset.id);
    }
}

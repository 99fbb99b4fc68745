//! Lines that do not suit their block, or what stands beside them in it.

use nginx_syntax::lossy;

use super::{Conflict, Cure, Reported, http_of};
use crate::catalogue::DirectiveName as N;
use crate::compiled::{COMPILED_LATE, is_compiled};
use crate::configuration::{Configuration, ContextKind, Directive};
use crate::dispatch::values::refused_text;
use crate::location::{LocationName, Modifier};
use crate::variables::has_variables;

pub(super) fn find<'s>(configuration: Configuration<'s>, all: &mut Vec<Conflict<'s>>) {
    folders(configuration, all);
    if configuration.has_any(N::SPLIT_CLIENTS) {
        shares(configuration, all);
    }
    redirects(configuration, all);
    switched_off(configuration, all);
    scripts(configuration, all);
}

/// `root` and `alias` (`http/ngx_http_core_module.c:ngx_http_core_root`).
fn folders<'s>(configuration: Configuration<'s>, all: &mut Vec<Conflict<'s>>) {
    if !configuration.has_any(N::ALIAS) {
        return;
    }
    for block in configuration.of_kind(ContextKind::Location) {
        let Some(alias) = configuration.named(block, N::ALIAS).next() else { continue };
        let mut add = |line, message: String, other, cure| {
            all.push(Conflict { line, block, message, other, reported: Reported::Here, cure });
        };
        if let Some(root) = configuration.named(block, N::ROOT).next() {
            let is_either =
                |line: &Directive<'_>| [root.reference, alias.reference].contains(&line.reference);
            let first = configuration.directives(block).find(is_either).unwrap_or(root);
            let second = if first.reference == root.reference { alias } else { root };
            let (one, other) = (second.name().as_str(), first.name().as_str());
            let message =
                format!("\"{one}\" directive is duplicate, \"{other}\" directive was specified earlier");
            add(second, message, Some(first), Cure::DropOne);
        }
        let name = configuration.opener(block).and_then(|opener| LocationName::of(&opener));
        if name.is_some_and(|name| name.modifier == Modifier::Named) {
            let message = "the \"alias\" directive cannot be used inside the named location".to_owned();
            add(alias, message, None, Cure::NoAlias);
        }
    }
}

/// `http/modules/ngx_http_split_clients_module.c:ngx_conf_split_clients_block`: hundredths of a percent.
fn shares<'s>(configuration: Configuration<'s>, all: &mut Vec<Conflict<'s>>) {
    for block in configuration.of_kind(ContextKind::SplitClients) {
        if http_of(configuration, block).is_none() {
            continue;
        }
        let mut sum = 0_u32;
        for line in configuration.directives(block) {
            let word = line.name_bytes();
            let share = word.strip_suffix(b"%").and_then(hundredths);
            sum = match share {
                Some(share) => sum.saturating_add(share),
                None if word.as_ref() == b"*" => 10_000,
                None => break,
            };
            if sum > 10_000 {
                all.push(Conflict {
                    line,
                    block,
                    message: "percent total is greater than 100%".to_owned(),
                    other: None,
                    reported: Reported::AtEndOf(block),
                    cure: Cure::LessShares,
                });
                break;
            }
        }
    }
}

fn hundredths(text: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: u32 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction: u32 = match fraction.len() {
        0 => 0,
        1 => fraction.parse::<u32>().ok()? * 10,
        2 => fraction.parse().ok()?,
        _ => return None,
    };
    whole.checked_mul(100)?.checked_add(fraction)
}

/// `proxy_redirect default` (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_redirect`).
fn redirects<'s>(configuration: Configuration<'s>, all: &mut Vec<Conflict<'s>>) {
    if !configuration.has_any(N::PROXY_REDIRECT) {
        return;
    }
    for (block, context) in configuration.contexts() {
        if context.kind.has_entries() || http_of(configuration, block).is_none() {
            continue;
        }
        if context.unseen().next().is_some() || configuration.named(block, N::PROXY_REDIRECT).next().is_none()
        {
            continue;
        }
        let mut before = None;
        for line in configuration.directives(block) {
            if line.name() == N::PROXY_PASS {
                before = Some(line);
            }
            let is_default = line.name() == N::PROXY_REDIRECT
                && line.argument(0).is_some_and(|word| word.as_ref() == b"default");
            if !is_default || line.argument(1).is_some() {
                continue;
            }
            let mut add = |message: &str, other, cure| {
                let message = message.to_owned();
                all.push(Conflict { line, block, message, other, reported: Reported::Here, cure });
            };
            match before {
                None => add(
                    "\"proxy_redirect default\" should be placed after the \"proxy_pass\" directive",
                    None,
                    Cure::BelowPass,
                ),
                Some(pass) if pass.argument(0).is_some_and(|target| has_variables(&target)) => add(
                    "\"proxy_redirect default\" cannot be used with \"proxy_pass\" directive with variables",
                    Some(pass),
                    Cure::NoDefault,
                ),
                Some(_) => {}
            }
        }
    }
}

/// Lists that are empty with `off`, beside which nothing may stand in the level: `mirror off`, `proxy_redirect off`
/// (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_redirect`).
fn switched_off<'s>(configuration: Configuration<'s>, all: &mut Vec<Conflict<'s>>) {
    const LISTS: [N; 5] =
        [N::MIRROR, N::PROXY_REDIRECT, N::PROXY_COOKIE_DOMAIN, N::PROXY_COOKIE_PATH, N::PROXY_COOKIE_FLAGS];
    let is_off = |line: &Directive<'_>| {
        line.argument(0).is_some_and(|word| word.as_ref() == b"off") && line.argument(1).is_none()
    };
    for name in LISTS.into_iter().filter(|&name| configuration.has_any(name)) {
        for (block, context) in configuration.contexts() {
            if context.kind.has_entries() || http_of(configuration, block).is_none() {
                continue;
            }
            let mut lines = configuration.named(block, name);
            let Some(first) = lines.next() else { continue };
            let starts_off = is_off(&first);
            for line in lines {
                if starts_off || is_off(&line) {
                    let message = format!("\"{}\" directive is duplicate", name.as_str());
                    let (other, reported, cure) = (Some(first), Reported::Here, Cure::DropOne);
                    all.push(Conflict { line, block, message, other, reported, cure });
                    break;
                }
            }
        }
    }
}

/// The `$` of a text that no letter or digit follows, each with the name in brackets behind it and one byte more.
fn dollars(text: &[u8]) -> Vec<u8> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut odd = Vec::new();
    for dollar in memchr::memchr_iter(b'$', text) {
        let rest = text.get(dollar + 1..).unwrap_or_default();
        if rest.first().is_none_or(is_name) {
            continue;
        }
        let bracket = usize::from(rest.first() == Some(&b'{'));
        let name = rest.iter().skip(bracket).take_while(|byte| is_name(byte)).count();
        let end = (bracket + name + 1).min(rest.len());
        odd.push(b'$');
        odd.extend_from_slice(rest.get(..end).unwrap_or_default());
    }
    odd
}

/// Text that nginx compiles when it merges levels: what no level inherits it never looks at.
fn scripts<'s>(configuration: Configuration<'s>, all: &mut Vec<Conflict<'s>>) {
    // Nearly no tree has a line to look at, and there are many lines.
    let is_odd = |file| {
        let file = configuration.sources.get(file);
        file.is_some_and(|file| file.has_odd_dollar(|| refused_text(&dollars(file.bytes()), 0).is_some()))
    };
    if !configuration.files().into_iter().any(is_odd) {
        return;
    }
    for (name, word) in COMPILED_LATE {
        if !configuration.has_any(name) {
            continue;
        }
        for (block, context) in configuration.contexts() {
            if context.kind.has_entries() {
                continue;
            }
            for line in configuration.named(block, name) {
                let Some(text) = line.argument(word).filter(|text| has_variables(text)) else { continue };
                let Some(refused) = refused_text(&text, word + 1).filter(|_| !line.has_unknown()) else {
                    continue;
                };
                let Some(http) = http_of(configuration, block) else { continue };
                if is_compiled(configuration, block, name) {
                    all.push(Conflict {
                        line,
                        block,
                        message: lossy(&refused.message).into_owned(),
                        other: None,
                        reported: Reported::AtEndOf(http),
                        cure: Cure::Script,
                    });
                }
            }
        }
    }
}

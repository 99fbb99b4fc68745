//! What holds of every view, whatever it was made of.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail like tests")]

use std::sync::Arc;

use nginx_forms::{Escape, View, ViewBuilder, WrittenAs};
use nginx_syntax::Span;
use proptest::prelude::*;

const ESCAPES: &[Escape] = &[Escape { plain: b"$", written: b"$$" }];

/// How a stretch of the host becomes one of the view.
#[derive(Debug, Clone)]
enum Stretch {
    Copied(Vec<u8>),
    /// `$$` for `$`
    Escaped,
    Replaced(Vec<u8>, Vec<u8>),
    /// The start of a line that the view leaves out.
    Indent,
}

fn stretch() -> impl Strategy<Value = Stretch> {
    let text =
        || proptest::collection::vec(prop_oneof![Just(b'a'), Just(b' '), Just(b';'), Just(b'{')], 1..6);
    prop_oneof![
        4 => text().prop_map(Stretch::Copied),
        1 => Just(Stretch::Escaped),
        1 => (text(), prop_oneof![Just(Vec::new()), text()]).prop_map(|(host, view)| Stretch::Replaced(host, view)),
        2 => Just(Stretch::Indent),
    ]
}

fn span(start: usize, end: usize) -> Span {
    Span::new(u32::try_from(start).unwrap(), u32::try_from(end).unwrap())
}

/// A host, and the view of it.
fn host_and_view(stretches: &[Stretch], outer: Option<(&[u8], Arc<View>)>) -> (Vec<u8>, View) {
    let mut host = Vec::new();
    let mut steps = Vec::new();
    let mut add = |text: &[u8]| {
        let start = host.len();
        host.extend_from_slice(text);
        span(start, host.len())
    };
    for stretch in stretches {
        match stretch {
            Stretch::Copied(text) => steps.push((add(text), None, false)),
            Stretch::Escaped => steps.push((add(b"$$"), Some(b"$".to_vec()), true)),
            Stretch::Replaced(text, view) => steps.push((add(text), Some(view.clone()), false)),
            Stretch::Indent => {
                steps.push((add(b"\n"), None, false));
                // Left out of the view.
                add(b"  ");
            }
        }
    }
    // A view of a view has the text of that for its host.
    let text = outer.as_ref().map_or(host.clone(), |(text, _)| text.to_vec());
    let mut builder = ViewBuilder::new(&text);
    for (at, plain, is_escape) in steps {
        match plain {
            None => builder.copy(at),
            Some(plain) if is_escape => builder.unescape(at, &plain),
            Some(plain) => builder.replace(at, &plain),
        }
    }
    let written_as = WrittenAs { indent: b"  ".to_vec(), escapes: ESCAPES };
    (host, builder.finish(outer.map(|(_, view)| view), written_as))
}

/// The view of a host after an edit, made as the first one was.
fn again(stretches: &[u8]) -> Vec<u8> {
    let mut view = Vec::new();
    let mut rest = stretches;
    while let Some(first) = rest.first() {
        let (length, plain): (usize, &[u8]) = match rest {
            [b'$', b'$', ..] => (2, b"$"),
            [b'\n', b' ', b' ', ..] => (3, b"\n"),
            _ => (1, std::slice::from_ref(first)),
        };
        view.extend_from_slice(plain);
        rest = &rest[length..];
    }
    view
}

fn applied(text: &[u8], span: Span, replacement: &[u8]) -> Vec<u8> {
    [&text[..span.start as usize], replacement, &text[span.end as usize..]].concat()
}

proptest! {
    #[test]
    fn offsets_are_monotone(stretches in proptest::collection::vec(stretch(), 0..12)) {
        let (host, view) = host_and_view(&stretches, None);
        let length = u32::try_from(view.bytes().len()).unwrap();
        let mut last = Span::default();
        for at in 0..length {
            let one = view.on_host(Span::new(at, at + 1));
            prop_assert!(one.start <= one.end && one.end as usize <= host.len());
            prop_assert!(last.start <= one.start && last.end <= one.end, "{last:?} {one:?}");
            last = one;
            let whole = view.on_host(Span::new(0, at + 1));
            prop_assert_eq!(whole.end, one.end);
        }
    }

    #[test]
    fn what_is_copied_is_the_same_on_the_host(stretches in proptest::collection::vec(stretch(), 0..12)) {
        let (host, view) = host_and_view(&stretches, None);
        for at in 0..view.bytes().len() {
            let one = span(at, at + 1);
            if view.edit(one, b"x").is_ok() {
                let on_host = view.on_host(one);
                let written = &host[on_host.range()];
                let plain = &view.bytes()[at..=at];
                prop_assert!(written == plain || (written == b"$$" && plain == b"$"));
                prop_assert_eq!(view.from_host(on_host), Some(one));
            }
        }
    }

    #[test]
    fn an_edit_through_a_view_is_the_edit_of_the_host(
        stretches in proptest::collection::vec(stretch().prop_filter("host forms only", |one| !matches!(one, Stretch::Replaced(..))), 1..12),
        from in 0_usize..40,
        length in 0_usize..6,
        replacement in prop_oneof![Just(&b""[..]), Just(&b"x $y;"[..]), Just(&b"\na b;"[..]), Just(&b"a b;\n"[..]), Just(&b"\n\na\n"[..])],
    ) {
        let (host, view) = host_and_view(&stretches, None);
        let from = from.min(view.bytes().len());
        let edit = span(from, (from + length).min(view.bytes().len()));
        let (on_host, text) = view.edit(edit, replacement).unwrap();
        let new = again(&applied(&host, on_host, &text));
        // Blank lines have no indent, and whether one begins behind the last line nobody can tell.
        let trim = |text: &[u8]| String::from_utf8_lossy(text).lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned();
        prop_assert_eq!(trim(&new), trim(&applied(view.bytes(), edit, replacement)));
    }

    #[test]
    fn what_is_not_copied_is_not_touched(
        stretches in proptest::collection::vec(stretch(), 1..12),
        from in 0_usize..40,
        length in 0_usize..6,
    ) {
        let (host, view) = host_and_view(&stretches, None);
        let from = from.min(view.bytes().len());
        let edit = span(from, (from + length).min(view.bytes().len()));
        let Ok((on_host, _)) = view.edit(edit, b"x") else { return Ok(()) };
        let mut at = 0;
        for stretch in &stretches {
            let (length, is_replaced) = match stretch {
                Stretch::Copied(text) => (text.len(), false),
                Stretch::Escaped => (2, false),
                Stretch::Replaced(text, _) => (text.len(), true),
                Stretch::Indent => (3, false),
            };
            let stretch = span(at, at + length);
            at += length;
            let is_touched = on_host.start < stretch.end && stretch.start < on_host.end;
            let is_inside = on_host.is_empty() && stretch.start < on_host.start && on_host.start < stretch.end;
            prop_assert!(!is_replaced || !(is_touched || is_inside), "{on_host:?} {stretch:?}");
        }
        prop_assert!(on_host.end as usize <= host.len());
    }

    /// A view of a view is edited as the host is.
    #[test]
    fn nested_views_are_one(
        stretches in proptest::collection::vec(stretch().prop_filter("host forms only", |one| !matches!(one, Stretch::Replaced(..))), 1..12),
        from in 0_usize..40,
        replacement in prop_oneof![Just(&b"x $y;"[..]), Just(&b"\na b;"[..])],
    ) {
        let (host, outer) = host_and_view(&stretches, None);
        let text = outer.bytes().to_vec();
        let mut builder = ViewBuilder::new(&text);
        builder.copy(span(0, text.len()));
        let inner = builder.finish(Some(Arc::new(outer.clone())), WrittenAs::default());
        let at = span(from.min(text.len()), from.min(text.len()));
        prop_assert_eq!(inner.edit(at, replacement), outer.edit(at, replacement));
        for at in 0..text.len() {
            let one = span(at, at + 1);
            prop_assert_eq!(inner.on_host(one), outer.on_host(one));
            prop_assert_eq!(inner.from_host(outer.on_host(one)), outer.from_host(outer.on_host(one)));
        }
        prop_assert!(host.len() >= text.len());
    }
}

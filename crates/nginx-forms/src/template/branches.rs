//! The ways through the branches of a text that another reader parses then: marks that put something out stay as they are.

use std::collections::{BTreeMap, BTreeSet};

use super::choices::{Assignment, MOST_ALTERNATIVES, MOST_WORK, assignments};
use super::meaning::Meaning;
use super::scan::{Token, tokens};
use super::tree::{ArmId, Holds, Tree};
use crate::build::ViewBuilder;
use crate::view::{View, WrittenAs};

/// The ways through the branches that have an `else`, or in which `decides` finds what makes a difference, each without
/// its statements; others are taken to hold. Empty where there is no such branch.
pub(crate) fn branches(text: &[u8], decides: impl Fn(&[u8]) -> bool) -> Vec<View> {
    let tokens = tokens(text);
    let mut tree = Tree::of(&tokens);
    let deciding: BTreeSet<ArmId> = tokens
        .iter()
        .zip(&tree.of_tokens)
        .filter(|(token, _)| token.meaning == Meaning::Text && decides(token.span.of(text)))
        .filter_map(|(_, arm)| *arm)
        .collect();
    let has_else = tokens.iter().any(|token| matches!(token.meaning, Meaning::Else | Meaning::ElseIf(_)));
    if deciding.is_empty() && !has_else {
        return Vec::new();
    }
    for arm in &mut tree.arms {
        // What is called elsewhere is read where it is called.
        if arm.holds == Holds::IfCalled {
            arm.holds = Holds::Never;
        }
    }
    take_to_hold_what_has_no_else(&mut tree, &deciding);
    let (mut ways, _) = assignments(&tree, text.len());
    ways.truncate((MOST_WORK / text.len().max(1)).clamp(2, MOST_ALTERNATIVES));
    let mut views: Vec<View> = Vec::new();
    for way in ways {
        let view = view(text, &tokens, &tree, &way);
        match views.iter_mut().find(|known| known.bytes() == view.bytes()) {
            None => views.push(view),
            Some(known) => known.join(&view),
        }
    }
    views
}

fn take_to_hold_what_has_no_else(tree: &mut Tree, deciding: &BTreeSet<ArmId>) {
    let mut first: Vec<ArmId> = Vec::with_capacity(tree.arms.len());
    let mut lengths: BTreeMap<ArmId, usize> = BTreeMap::new();
    for (number, arm) in tree.arms.iter().enumerate() {
        let of_before = arm.before.and_then(|before| first.get(before).copied());
        let of_all = of_before.unwrap_or(number);
        first.push(of_all);
        *lengths.entry(of_all).or_default() += 1;
    }
    for ((number, arm), first) in tree.arms.iter_mut().enumerate().zip(&first) {
        let is_only = lengths.get(first) == Some(&1) && !deciding.contains(&number);
        if is_only && matches!(arm.holds, Holds::If(_)) {
            arm.holds = Holds::Always;
        }
    }
}

fn view(text: &[u8], tokens: &[Token], tree: &Tree, way: &Assignment) -> View {
    let active = way.active(tree);
    let mut builder = ViewBuilder::new(text);
    for (token, arm) in tokens.iter().zip(&tree.of_tokens) {
        let is_active = arm.is_none_or(|arm| active.get(arm).copied().unwrap_or_default());
        match token.meaning {
            Meaning::Text | Meaning::Output(_) | Meaning::Include(_) if is_active => builder.copy(token.span),
            _ => builder.replace(token.span, b""),
        }
    }
    let mut view = builder.finish(None, WrittenAs::default());
    view.premises = way.premises(tree);
    view
}

#[cfg(test)]
mod tests {
    use super::branches;
    use crate::view::View;

    #[test]
    fn each_arm_is_on_one_way() {
        let text = b"a\n{{- if .x }}\nb {{ .y }}\n{{- else }}\nc\n{{- end }}\n{{ if .z }}d{{ end }}\n{{ define \"e\" }}f{{ end }}";
        let views = branches(text, |_| false);
        let all: Vec<String> =
            views.iter().map(|view| String::from_utf8(view.bytes().to_vec()).unwrap()).collect();
        assert_eq!(all, ["a\n\nb {{ .y }}\n\nd\n", "a\n\nc\n\nd\n"]);
        assert_eq!(views[1].premises(), [(".x".to_owned(), false)]);
        assert!(
            branches(b"{{ if .x }}a{{ end }}", |_| false).is_empty() && branches(b"a", |_| true).is_empty()
        );
        let views = branches(b"{{ if .x }}a{{ end }}{{ if .y }}b{{ end }}", |text| text == b"b");
        assert_eq!(views.iter().map(View::bytes).collect::<Vec<_>>(), [&b"ab"[..], b"a"]);
    }
}

//! The ways through the branches of a text that another reader parses then: marks that put something out stay as they are.

use std::collections::BTreeMap;

use super::choices::{Assignment, MOST_ALTERNATIVES, MOST_WORK, assignments};
use super::meaning::Meaning;
use super::scan::{Token, tokens};
use super::tree::{ArmId, Holds, Tree};
use crate::build::ViewBuilder;
use crate::view::{View, WrittenAs};

/// The ways through the branches that have an `else`, each without its statements; what has none is taken to hold. Empty
/// where no branch has one.
pub(crate) fn branches(text: &[u8]) -> Vec<View> {
    let tokens = tokens(text);
    if !tokens.iter().any(|token| matches!(token.meaning, Meaning::Else | Meaning::ElseIf(_))) {
        return Vec::new();
    }
    let mut tree = Tree::of(&tokens);
    for arm in &mut tree.arms {
        // What is called elsewhere is read where it is called.
        if arm.holds == Holds::IfCalled {
            arm.holds = Holds::Never;
        }
    }
    take_to_hold_what_has_no_else(&mut tree);
    let (mut ways, _) = assignments(&tree, text.len());
    ways.truncate((MOST_WORK / text.len().max(1)).clamp(2, MOST_ALTERNATIVES));
    let mut views: Vec<View> = Vec::new();
    for way in ways {
        let view = view(text, &tokens, &tree, &way);
        if !views.iter().any(|known| known.bytes() == view.bytes()) {
            views.push(view);
        }
    }
    views
}

fn take_to_hold_what_has_no_else(tree: &mut Tree) {
    let mut first: Vec<ArmId> = Vec::with_capacity(tree.arms.len());
    let mut lengths: BTreeMap<ArmId, usize> = BTreeMap::new();
    for (number, arm) in tree.arms.iter().enumerate() {
        let of_before = arm.before.and_then(|before| first.get(before).copied());
        let of_all = of_before.unwrap_or(number);
        first.push(of_all);
        *lengths.entry(of_all).or_default() += 1;
    }
    for (arm, first) in tree.arms.iter_mut().zip(&first) {
        let is_only = lengths.get(first) == Some(&1);
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

    #[test]
    fn each_arm_is_on_one_way() {
        let text = b"a\n{{- if .x }}\nb {{ .y }}\n{{- else }}\nc\n{{- end }}\n{{ if .z }}d{{ end }}\n{{ define \"e\" }}f{{ end }}";
        let views = branches(text);
        let all: Vec<String> =
            views.iter().map(|view| String::from_utf8(view.bytes().to_vec()).unwrap()).collect();
        assert_eq!(all, ["a\n\nb {{ .y }}\n\nd\n", "a\n\nc\n\nd\n"]);
        assert_eq!(views[1].premises(), [(".x".to_owned(), false)]);
        assert!(branches(b"{{ if .x }}a{{ end }}").is_empty() && branches(b"a").is_empty());
    }
}

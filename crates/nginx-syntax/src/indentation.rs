//! Where a missing `}` most likely belongs, by the way the author indented.

use crate::Span;
use crate::tree::{NodeId, Tree};

/// The offset at which some block most likely was to end, in a tree whose file ends inside a block.
///
/// Either a directive in it stands no deeper than the block's own line although an earlier one does, or its closing
/// brace stands further left than its line. The first such place in the file is the one; `None` where the indentation
/// tells nothing.
pub(crate) fn missing_close(tree: &Tree, text: &[u8]) -> Option<u32> {
    tree.nodes().filter_map(|id| close_of(tree, text, id)).min()
}

fn close_of(tree: &Tree, text: &[u8], block: NodeId) -> Option<u32> {
    let own = indentation(text, tree.name_span(block))?;
    let mut end_of_previous = None;
    for child in tree.children(block) {
        let deeper = indentation(text, tree.name_span(child)).is_some_and(|indentation| indentation > own);
        match (end_of_previous, deeper) {
            (_, true) => end_of_previous = Some(tree.span(child).end),
            (Some(end), false) => return indentation(text, tree.name_span(child)).map(|_| end),
            (None, false) => return None,
        }
    }
    let close = tree.close(block)?;
    let too_far_left = indentation(text, close).is_some_and(|indentation| indentation < own);
    end_of_previous.filter(|_| too_far_left)
}

/// The number of blanks before `word`, when nothing else is on its line before it.
fn indentation(text: &[u8], word: Span) -> Option<usize> {
    let before = text.get(..word.start as usize)?;
    let blanks = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let ahead = before.len().checked_sub(blanks + 1).and_then(|at| before.get(at));
    matches!(ahead, None | Some(b'\n')).then_some(blanks)
}

//! Other bytes of a file that was read, where they change so little that nothing else has to be read again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use nginx_syntax::{FileId, NodeId};

use super::Loaded;
use super::classify::{fault_of_encoding, reason_to_skip};
use crate::catalogue::DirectiveName;
use crate::configuration::LinesEdit;
use crate::files::ReadError;
use crate::include::Scope;
use crate::naming::by_first_line;
use crate::sources::{SourceFile, Sources};
use crate::views::Text;

/// Other bytes of files that were read.
#[derive(Debug)]
pub enum Reloaded {
    /// All that was read, with them.
    Same(Loaded),
    /// They may change what is judged or included: the files, to be read with [`super::load_with`].
    Other(Sources),
}

impl Loaded {
    /// The same with other bytes of some files. Where these differ in a run of lines of `names` in a `location`, or in
    /// blanks, no other file is looked at: nothing is judged, included or passed over for such lines.
    ///
    /// # Errors
    /// When a file gets larger than is read.
    pub fn with(
        &self,
        changed: &BTreeMap<FileId, Text>,
        names: &[DirectiveName],
        scope: &Scope,
    ) -> Result<Reloaded, ReadError> {
        let sources = self.sources.with(changed)?;
        let edits: Option<Vec<LinesEdit>> = changed
            .keys()
            .map(|file| {
                let (old, new) = (self.sources.get(*file)?, sources.get(*file)?);
                let is_judged = self.judged.contains(file) && !old.is_builtin;
                (is_judged && is_taken_alike(old, new, scope.ignores_comments)).then_some(())?;
                lines_edit(*file, old, new, names)
            })
            .collect();
        let layouts = edits.and_then(|edits| {
            let mut layouts = self.layouts.clone();
            for layout in &mut layouts {
                for edit in edits.iter().filter(|edit| edit.moves()) {
                    *layout = Arc::new(layout.with_lines(edit)?);
                }
            }
            Some(layouts)
        });
        let Some(layouts) = layouts else { return Ok(Reloaded::Other(sources)) };
        let Some(sources) = sources.with_copies_of(&self.sources) else {
            return Ok(Reloaded::Other(self.sources.with(changed)?));
        };
        Ok(Reloaded::Same(Self {
            sources,
            layouts,
            skipped: self.skipped.clone(),
            files: self.files.clone(),
            passed_over: self.passed_over.clone(),
            excluded: self.excluded.clone(),
            excludes_used: self.excludes_used.clone(),
            judged: self.judged.clone(),
        }))
    }
}

/// Whether two versions of a file are both nginx's to the end, and say the same beside their lines.
fn is_taken_alike(old: &SourceFile, new: &SourceFile, ignores_comments: bool) -> bool {
    let is_plain = |file: &SourceFile| {
        file.tree.errors().is_empty()
            && !file.has_unknown()
            && !file.has_filled_in()
            && file.template_mark().is_none()
            && file.hosted().is_none()
            && fault_of_encoding(file).is_none()
            && by_first_line(file.bytes()).is_none()
            && [false, true]
                .into_iter()
                .all(|is_named| reason_to_skip(file, Path::new(""), is_named, ignores_comments).is_none())
    };
    let comments = |file: &'_ SourceFile| {
        file.tree.comments().map(|comment| comment.of(file.bytes()).to_vec()).collect::<Vec<_>>()
    };
    is_plain(old) && is_plain(new) && comments(old) == comments(new)
}

/// The run of lines in which two versions of a file differ; `None` where they differ in more than that.
fn lines_edit(
    file: FileId,
    old: &SourceFile,
    new: &SourceFile,
    names: &[DirectiveName],
) -> Option<LinesEdit> {
    let (before, after): (Vec<NodeId>, Vec<NodeId>) =
        (old.tree.nodes().collect(), new.tree.nodes().collect());
    let is_same = |one: NodeId, other: NodeId| {
        old.name(one) == new.name(other)
            && old.tree.is_block(one) == new.tree.is_block(other)
            && old.tree.terminator(one).is_some() == new.tree.terminator(other).is_some()
            && old.words(one).map(|word| old.value(word)).eq(new.words(other).map(|word| new.value(word)))
    };
    let head = before.iter().zip(&after).take_while(|(one, other)| {
        is_same(**one, **other) && old.tree.parent(**one) == new.tree.parent(**other)
    });
    let head = head.count();
    let (old_rest, new_rest) = (before.get(head..)?, after.get(head..)?);
    // How far the directives behind the run move.
    let by = i32::try_from(after.len()).ok()?.checked_sub(i32::try_from(before.len()).ok()?)?;
    let first = old_rest.first().copied();
    let moved = |node: NodeId| if Some(node) >= first { node.moved(by) } else { node };
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(one, other)| {
        is_same(**one, **other) && moved(old.tree.parent(**one)) == new.tree.parent(**other)
    });
    let tail = tail.count();
    let removed = old_rest.get(..old_rest.len().checked_sub(tail)?)?;
    let added = new_rest.get(..new_rest.len().checked_sub(tail)?)?;
    let run = [(old, removed), (new, added)];
    let mut blocks = run.iter().flat_map(|(file, lines)| lines.iter().map(|line| file.tree.parent(*line)));
    let block = blocks.next().unwrap_or(NodeId::FILE);
    let is_plain = |(file, lines): &(&SourceFile, &[NodeId])| {
        let is_line = |line: &NodeId| {
            names.contains(&file.name(*line))
                && !file.tree.is_block(*line)
                && file.tree.terminator(*line).is_some()
        };
        lines.iter().all(is_line)
    };
    let is_location = (removed.is_empty() && added.is_empty())
        || (old.name(block) == DirectiveName::LOCATION && old.tree.is_block(block));
    let is_run = is_location && blocks.all(|other| other == block) && run.iter().all(is_plain);
    let names = |file: &SourceFile, lines: &[NodeId]| lines.iter().map(|line| file.name(*line)).collect();
    is_run.then(|| LinesEdit {
        file,
        block,
        at: NodeId::FILE.moved(i32::try_from(head).unwrap_or(i32::MAX).saturating_add(1)),
        removed: names(old, removed),
        added: names(new, added),
    })
}

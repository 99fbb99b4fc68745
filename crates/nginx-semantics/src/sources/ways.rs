//! The ways through the branches of templates: which of them is read now.

use std::collections::BTreeMap;

use nginx_syntax::FileId;

use super::{SourceFile, Sources};

impl Sources {
    /// All ways through the branches of a template, itself among them; nothing else for other files.
    pub fn ways(&self, id: FileId) -> impl Iterator<Item = FileId> {
        // The ways of one template stand behind each other.
        let before = self.alternatives.range(..=id).next_back();
        let own = before.filter(|(base, others)| **base == id || others.contains(&id));
        let base = own.map_or(id, |(base, _)| *base);
        std::iter::once(base).chain(own.into_iter().flat_map(|(_, others)| others.iter().copied()))
    }

    /// Chooses which way through the branches of templates is read from here on; 0 is the first of each.
    pub(crate) fn choose(&mut self, choice: usize) {
        self.choice = choice;
        self.forced.clear();
    }

    /// Chooses another way for some templates than the one that is chosen for all.
    pub(crate) fn force(&mut self, forced: BTreeMap<FileId, FileId>) {
        self.forced = forced;
    }

    /// The templates with more than one way through their branches, by their first ways.
    pub(crate) fn branching(&self) -> impl Iterator<Item = FileId> {
        self.alternatives.keys().copied()
    }

    /// The way through a template's branches that is chosen; other files are themselves.
    pub(crate) fn chosen(&self, id: FileId) -> FileId {
        if let Some(forced) = self.forced.get(&id) {
            return *forced;
        }
        if self.choice == 0 {
            return id;
        }
        let Some(others) = self.alternatives.get(&id) else { return id };
        match self.choice % (others.len() + 1) {
            0 => id,
            number => others.get(number - 1).copied().unwrap_or(id),
        }
    }

    /// The same where a file is included: the body of a macro comes out where that is called, and is judged by itself.
    pub(super) fn included(&self, id: FileId) -> FileId {
        let chosen = self.chosen(id);
        if !self.is_called(chosen) {
            return chosen;
        }
        self.ways(id).find(|way| !self.is_called(*way)).unwrap_or(chosen)
    }

    /// Whether a file is the body of a macro or of a named template.
    pub(crate) fn is_called(&self, id: FileId) -> bool {
        self.get(id).and_then(SourceFile::hosted).is_some_and(|hosted| hosted.view().is_called())
    }

    /// As many ways are there through the branches of the template that has most.
    pub(crate) fn most_choices(&self) -> usize {
        self.alternatives.values().map(|others| others.len() + 1).max().unwrap_or(1)
    }

    /// Whether the way that is chosen is another one than before for this file.
    pub(crate) fn is_new_choice(&self, id: FileId) -> bool {
        self.get(id).and_then(SourceFile::hosted).is_some_and(|hosted| hosted.alternative() == self.choice)
    }
}

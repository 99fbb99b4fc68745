//! On which ways through the branches of what a file includes, or is included by, something of it holds.

use std::collections::{BTreeMap, BTreeSet};

use lint_finding::FileId;
use nginx_semantics::{Configuration, Hosted, Loaded, Sources};

use super::OnDisk;
use super::conditions::{Premise, cases, common};

/// The configurations of a run that differ in the branches of templates.
pub(crate) struct Included<'a> {
    sources: &'a Sources,
    /// By file: the configurations that have it.
    parts: BTreeMap<FileId, Vec<usize>>,
    /// By configuration: its main file or first fragment, which those that belong together share, and the ways through
    /// branches that it has.
    kin: Vec<(Option<FileId>, Vec<FileId>)>,
}

impl<'a> OnDisk<'a> {
    /// `None` where no template has branches.
    pub(crate) fn included(&self, loaded: &'a Loaded) -> Option<Included<'a>> {
        if self.first.is_empty() {
            return None;
        }
        let mut this = Included { sources: self.sources, parts: BTreeMap::new(), kin: Vec::new() };
        for (number, layout) in loaded.layouts.iter().enumerate() {
            let configuration = Configuration::new(self.sources, layout);
            let files = configuration.files();
            for file in &files {
                this.parts.entry(*file).or_default().push(number);
            }
            let first = configuration.root().or_else(|| Some(configuration.fragments().first()?.file));
            let kin = first.and_then(|file| self.sources.ways(file).next());
            let has_ways = |file: &FileId| self.sources.ways(*file).nth(1).is_some();
            this.kin.push((kin, files.into_iter().filter(has_ways).collect()));
        }
        Some(this)
    }
}

impl<'a> Included<'a> {
    /// Where something holds that these configurations say of a file that has no branches itself; `None` where all say it
    /// that have the file.
    pub(crate) fn only_where(&self, file: FileId, said: &[usize]) -> Option<String> {
        let kin = |number: usize| self.kin.get(number).map(|(kin, _)| *kin);
        let all = self.parts.get(&file)?;
        let first = kin(*said.first()?)?;
        let alike = |number: &&usize| first.is_some() && kin(**number) == Some(first);
        let (with, without): (Vec<usize>, Vec<usize>) =
            all.iter().filter(alike).partition(|number| said.contains(number));
        // On its own ways, what is told of these says it.
        if with.is_empty() || without.is_empty() || self.sources.ways(file).nth(1).is_some() {
            return None;
        }
        let hosts: BTreeSet<(&str, Option<&str>)> =
            with.iter().chain(&without).flat_map(|number| self.ways(*number)).map(text).collect();
        let [(host, _)] = *hosts.into_iter().collect::<Vec<_>>() else {
            return Some("on some ways through the branches of the templates".to_owned());
        };
        let sets = |numbers: &[usize]| -> Vec<Vec<Premise<'a>>> {
            let sets = numbers.iter().flat_map(|number| self.ways(*number));
            let sets = sets.flat_map(|one| one.view().premise_sets());
            sets.map(|set| set.iter().map(|(text, holds)| (text.as_str(), *holds)).collect()).collect()
        };
        let (with_sets, without_sets) = (sets(&with), sets(&without));
        let told = cases(&with_sets, &without_sets).or_else(|| common(&with_sets, &without_sets));
        Some(match told {
            Some(cases) => format!("where {cases} in {host}"),
            None => format!(
                "on {} of {} ways through the branches of {host}",
                with.len(),
                with.len() + without.len()
            ),
        })
    }

    /// The ways through branches that a configuration has.
    fn ways(&self, number: usize) -> impl Iterator<Item = &'a Hosted> {
        let ways = self.kin.get(number).map(|(_, ways)| ways.as_slice()).unwrap_or_default();
        ways.iter().filter_map(|file| self.sources.get(*file)?.hosted())
    }
}

/// A text by its file and what it is called there.
fn text(hosted: &Hosted) -> (&str, Option<&str>) {
    (hosted.source().path(), hosted.name())
}

//! Which file includes which.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use lint_finding::{FileId, Graph, GraphEdge, GraphNode, GraphPart, NodeKind, Outcome, Place, Severity};
use nginx_semantics::{
    Configuration, Directive, DirectiveRef, GapReason, IncludeFailure, Loaded, SourceFile,
};
use nginx_syntax::Span;

use super::choice::count;
use super::marks::{Mark, in_order};
use super::parts::Parts;
use crate::on_disk::OnDisk;

/// Why a line leads to no file that is read.
const ITSELF: &str = "includes itself";

/// What a line leads to that is no file.
struct Missing {
    include: DirectiveRef,
    target: String,
    why: &'static str,
}

/// The files of a part, before they are drawn.
struct Tree<'s> {
    number: usize,
    configuration: Configuration<'s>,
    /// What no file includes.
    tops: Vec<FileId>,
    included: Vec<(Directive<'s>, FileId)>,
    missing: Vec<Missing>,
    /// By file: what was found in it.
    marks: HashMap<FileId, Mark>,
}

/// Draws them.
pub(super) fn graph(
    loaded: &Loaded,
    parts: &Parts<'_>,
    on_disk: Option<&OnDisk<'_>>,
    outcome: &Outcome,
    most: usize,
) -> Graph {
    let title = |title: &String| GraphPart { title: title.clone(), findings: Vec::new() };
    let mut graph =
        Graph { parts: parts.0.iter().map(|part| title(&part.title)).collect(), ..Graph::default() };
    let mut left = 0;
    for (number, part) in parts.0.iter().enumerate() {
        let tree = Tree::of(loaded, number, part.configuration, on_disk, outcome);
        left += tree.draw(loaded, most, &mut graph);
    }
    if let Some(count) = count(left, "file") {
        graph.notes.push(format!("left out: {count}; --most N draws more than {most} nodes"));
    }
    graph
}

impl<'s> Tree<'s> {
    fn of(
        loaded: &Loaded,
        number: usize,
        configuration: Configuration<'s>,
        on_disk: Option<&OnDisk<'_>>,
        outcome: &Outcome,
    ) -> Self {
        let fragments = configuration.fragments().iter().map(|fragment| fragment.file);
        let tops: Vec<FileId> = configuration.root().into_iter().chain(fragments).collect();
        let mut missing: Vec<Missing> = Vec::new();
        for problem in configuration.problems() {
            if let Some(why) = why(&problem.failure) {
                missing.push(Missing { include: problem.at, target: problem.target.clone(), why });
            }
        }
        for (_, context) in configuration.contexts() {
            let not_given = |reason| reason == GapReason::NotGiven;
            for gap in context.gaps.iter().filter(|gap| gap.is_pattern && not_given(gap.reason)) {
                let target = configuration.directive(gap.include).arguments_text();
                missing.push(Missing { include: gap.include, target, why: "nothing of it was given" });
            }
        }
        let mut seen = BTreeSet::new();
        missing.retain(|one| seen.insert((one.include.file, one.include.node, one.target.clone())));
        // What includes itself leads nowhere.
        let names_itself = |include: &Directive<'_>, file: FileId| {
            let path = loaded.sources.get(file).map(|file| file.source.path());
            missing.iter().any(|one| {
                one.why == ITSELF && one.include == include.reference && Some(one.target.as_str()) == path
            })
        };
        let mut included = configuration.inclusions();
        included.retain(|(include, file)| !names_itself(include, *file));
        let files = configuration.files();
        let marks = marks(loaded, &files, on_disk, outcome);
        Self { number, configuration, tops, included, missing, marks }
    }

    /// Adds nodes and edges, and says how many files there was no room for.
    fn draw(&self, loaded: &Loaded, most: usize, graph: &mut Graph) -> usize {
        let chosen = self.chosen(most);
        let mut numbers: HashMap<FileId, usize> = HashMap::new();
        for file in &chosen {
            numbers.insert(*file, graph.nodes.len());
            let name = loaded.sources.get(*file).map(|file| file.source.path().to_owned());
            let node = self.node(name.unwrap_or_default(), self.lines(*file));
            let findings = in_order(self.marks.get(file));
            graph.nodes.push(GraphNode { findings, ..node });
        }
        let mut lines: BTreeMap<(usize, usize), BTreeSet<u32>> = BTreeMap::new();
        // By the line of the include.
        let mut rest: BTreeMap<(usize, u32), (usize, DirectiveRef)> = BTreeMap::new();
        let mut left: BTreeSet<FileId> = BTreeSet::new();
        for (include, file) in &self.included {
            let Some(from) = numbers.get(&include.reference.file).copied() else {
                left.insert(*file);
                continue;
            };
            match numbers.get(file) {
                Some(to) => lines.entry((from, *to)).or_default().extend(self.line(include.reference)),
                None => {
                    left.insert(*file);
                    let at = (from, self.configuration.at(include.reference).span.start);
                    rest.entry(at).or_insert((0, include.reference)).0 += 1;
                }
            }
        }
        for ((from, to), lines) in lines {
            graph.edges.push(edge(from, to, lines));
        }
        for ((from, _), (count, include)) in rest {
            let title =
                if count == 1 { "… 1 more file".to_owned() } else { format!("… {count} more files") };
            let node = self.node(title, Vec::new());
            graph.edges.push(edge(from, graph.nodes.len(), self.line(include)));
            graph.nodes.push(GraphNode { is_vague: true, ..node });
        }
        let mut known: HashMap<(&str, &str), usize> = HashMap::new();
        for Missing { include, target, why } in self.missing.iter().take(most) {
            let Some(from) = numbers.get(&include.file).copied() else { continue };
            let may_be_shown = self.configuration.directive(*include).may_be_shown();
            let title = if may_be_shown { target.as_str() } else { "(not shown)" };
            let to = *known.entry((title, why)).or_insert_with(|| {
                let node = self.node(title.to_owned(), vec![(*why).to_owned()]);
                graph.nodes.push(GraphNode { is_vague: true, ..node });
                graph.nodes.len() - 1
            });
            graph.edges.push(edge(from, to, self.line(*include)));
        }
        left.len()
    }

    /// The files that there is room for, the worst ones with all that lead to them first.
    fn chosen(&self, most: usize) -> Vec<FileId> {
        let mut by: HashMap<FileId, FileId> = HashMap::new();
        let mut order: Vec<FileId> = self.tops.clone();
        let mut next: HashMap<FileId, Vec<FileId>> = HashMap::new();
        for (include, file) in &self.included {
            next.entry(include.reference.file).or_default().push(*file);
        }
        let mut waiting: VecDeque<FileId> = self.tops.iter().copied().collect();
        let mut seen: BTreeSet<FileId> = self.tops.iter().copied().collect();
        while let Some(file) = waiting.pop_front() {
            for inner in next.get(&file).into_iter().flatten().filter(|inner| seen.insert(**inner)) {
                by.insert(*inner, file);
                order.push(*inner);
                waiting.push_back(*inner);
            }
        }
        let worst = |file: &FileId| {
            let first = self.marks.get(file).and_then(|mark| mark.first());
            first.map(|(Reverse(severity), _)| *severity).filter(|severity| *severity >= Severity::Warning)
        };
        let mut by_rank = order.clone();
        by_rank.sort_by_key(|file| Reverse(worst(file)));
        let mut chosen = BTreeSet::new();
        for file in by_rank {
            let way: Vec<FileId> = std::iter::successors(Some(file), |file| by.get(file).copied()).collect();
            let new = way.iter().filter(|file| !chosen.contains(*file)).count();
            if chosen.len() + new <= most {
                chosen.extend(way);
            }
        }
        order.retain(|file| chosen.contains(file));
        order
    }

    fn node(&self, title: String, lines: Vec<String>) -> GraphNode {
        GraphNode::new(NodeKind::File, self.number, title, lines)
    }

    /// What is to be said about a file besides its name.
    fn lines(&self, file: FileId) -> Vec<String> {
        let is_fragment = self.tops.contains(&file) && self.configuration.root() != Some(file);
        is_fragment.then(|| "no main file includes it".to_owned()).into_iter().collect()
    }

    /// The line of an include in its file.
    fn line(&self, include: DirectiveRef) -> Option<u32> {
        let directive = self.configuration.directive(include);
        let file = directive.file()?;
        let start = directive.at().span;
        Some(match file.hosted() {
            Some(hosted) if !hosted.is_dump() => hosted.source().line(hosted.on_disk(start).start),
            _ => file.source.line(start.start),
        })
    }
}

/// An edge with the lines that make it, the first of many.
fn edge(from: usize, to: usize, lines: impl IntoIterator<Item = u32>) -> GraphEdge {
    let lines: Vec<String> = lines.into_iter().map(|line| line.to_string()).collect();
    let label = match lines.as_slice() {
        [] => None,
        [line] => Some(format!("line {line}")),
        [first, second, third, _, _, ..] => {
            Some(format!("lines {first}, {second}, {third}, … {} more", lines.len() - 3))
        }
        _ => Some(format!("lines {}", lines.join(", "))),
    };
    GraphEdge { from, to, label, is_link: false }
}

/// Why there is no file; `None` if that is said elsewhere.
fn why(failure: &IncludeFailure) -> Option<&'static str> {
    Some(match failure {
        IncludeFailure::NotFound { is_inside: true } => "no such file",
        IncludeFailure::NotFound { is_inside: false } => "not given",
        IncludeFailure::FilledIn => "filled in by a template",
        IncludeFailure::IsFolder => "a folder",
        IncludeFailure::Cycle => ITSELF,
        IncludeFailure::Unreadable(_) => "cannot be read",
        IncludeFailure::TooLarge | IncludeFailure::TooManyAddresses | IncludeFailure::TooDeep => return None,
    })
}

/// What was found in each file, by the line to blame.
fn marks(
    loaded: &Loaded,
    files: &BTreeSet<FileId>,
    on_disk: Option<&OnDisk<'_>>,
    outcome: &Outcome,
) -> HashMap<FileId, Mark> {
    let whole = |id: FileId, file: &SourceFile| {
        let end = u32::try_from(file.bytes().len()).unwrap_or(u32::MAX);
        let place = Place { file: id, span: Span::new(0, end) };
        on_disk.map_or(place, |on_disk| on_disk.place(place))
    };
    // Several files may be parts of one on disk.
    let mut spans: BTreeMap<(FileId, u32), (u32, FileId)> = BTreeMap::new();
    for id in files {
        let Some(file) =
            loaded.sources.get(*id).filter(|file| file.hosted().is_none_or(|one| one.alternative() == 0))
        else {
            continue;
        };
        let place = whole(*id, file);
        spans.insert((place.file, place.span.start), (place.span.end, *id));
    }
    let mut marks: HashMap<FileId, Mark> = HashMap::new();
    for finding in &outcome.findings {
        let Place { file, span } = finding.primary.place;
        let around = spans.range(..=(file, span.start)).next_back();
        if let Some(((of, _), (end, id))) = around {
            if *of == file && span.start <= *end {
                marks.entry(*id).or_default().insert((Reverse(finding.severity), finding.rule.name));
            }
        }
    }
    marks
}

//! A layout in which a few lines of a location are others.

use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;
use nginx_syntax::{FileId, NodeId};

use super::{ContextKind, DirectiveRef, Layout, NOWHERE, Part, position};
use crate::catalogue::DirectiveName;
use crate::upstream::PassModule;

/// A run of plain lines of a location, next to each other, that takes the place of another run.
#[derive(Debug)]
pub(crate) struct LinesEdit {
    pub(crate) file: FileId,
    /// The location.
    pub(crate) block: NodeId,
    /// Where the run starts.
    pub(crate) at: NodeId,
    /// The names of the lines that were there.
    pub(crate) removed: Vec<DirectiveName>,
    /// Those of the lines that are there now.
    pub(crate) added: Vec<DirectiveName>,
}

/// A location into which the lines are read: its number, and the old places of its lines and of the run.
struct Instance {
    context: usize,
    part: Part,
    run: Part,
}

impl LinesEdit {
    /// Whether tables that point to lines have to change.
    pub(crate) fn moves(&self) -> bool {
        self.removed != self.added
    }

    fn by(&self) -> i32 {
        let length = |names: &[DirectiveName]| i32::try_from(names.len()).unwrap_or(i32::MAX);
        length(&self.added).saturating_sub(length(&self.removed))
    }

    /// A line that is not in the run.
    fn moved(&self, line: DirectiveRef) -> DirectiveRef {
        let is_behind = line.file == self.file && line.node >= self.at;
        if is_behind { DirectiveRef { node: line.node.moved(self.by()), ..line } } else { line }
    }
}

impl Layout {
    /// The same after an edit; `None` where all has to be placed anew.
    pub(crate) fn with_lines(&self, edit: &LinesEdit) -> Option<Self> {
        let instances = self.instances(edit)?;
        let by = edit.by();
        let shifted = |place: u32, count: usize| {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            u32::try_from(i64::from(place) + i64::from(by) * count).unwrap_or(u32::MAX)
        };
        // Where a line is afterwards that is not in the run.
        let place =
            |place: u32| shifted(place, instances.partition_point(|instance| instance.run.end <= place));
        let mut directives = Vec::with_capacity(self.directives.len());
        let mut by_name = Vec::with_capacity(self.by_name.len());
        let mut from = 0;
        let copy = |from: u32, to: u32, directives: &mut Vec<_>, by_name: &mut Vec<_>| {
            let part = Part { start: from, end: to };
            directives.extend(part.of(&self.directives).iter().map(|line| edit.moved(*line)));
            by_name.extend(part.of(&self.by_name).iter().map(|(name, old)| (*name, place(*old))));
        };
        let mut passes = Vec::new();
        for Instance { context, part, run } in &instances {
            copy(from, part.start, &mut directives, &mut by_name);
            let start = directives.len();
            let own = |from, to| Part { start: from, end: to }.of(&self.directives).iter();
            directives.extend(own(part.start, run.start).map(|line| edit.moved(*line)));
            let opener = self.contexts.get(*context)?.opener?;
            let added = (0..edit.added.len()).map(|index| edit.at.moved(i32::try_from(index).unwrap_or(0)));
            directives.extend(added.map(|node| DirectiveRef { node, ..opener }));
            directives.extend(own(run.end, part.end).map(|line| edit.moved(*line)));
            // The names of the others are those of before.
            let mut names: Vec<(DirectiveName, u32)> = Vec::with_capacity(directives.len() - start);
            let is_in_run = |old: u32| (run.start..run.end).contains(&old);
            let others = part.of(&self.by_name).iter().filter(|(_, old)| !is_in_run(*old));
            names.extend(others.map(|(name, old)| (*name, place(*old))));
            let first = shifted(run.start, instances.partition_point(|other| other.part.end <= part.start));
            names.extend(edit.added.iter().copied().zip(first..));
            names.sort_unstable();
            let pass = names.iter().filter(|(name, _)| PassModule::of(*name).is_some());
            passes.push((*context, pass.map(|(_, place)| *place).max()));
            by_name.extend(names);
            from = part.end;
        }
        copy(from, position(self.directives.len()), &mut directives, &mut by_name);

        let mut contexts = self.contexts.clone();
        for (index, context) in contexts.iter_mut().enumerate() {
            let Part { start, end } = context.directives;
            let before = instances.partition_point(|instance| instance.part.end <= start);
            let is_own = instances.get(before).is_some_and(|instance| instance.context == index);
            context.directives =
                Part { start: shifted(start, before), end: shifted(end, before + usize::from(is_own)) };
            context.opener = context.opener.map(|opener| edit.moved(opener));
            context.pass = if context.pass == NOWHERE { context.pass } else { place(context.pass) };
            for gaps in [&mut context.gaps, &mut context.believed] {
                gaps.iter_mut().for_each(|gap| gap.include = edit.moved(gap.include));
            }
        }
        for (context, pass) in passes {
            contexts.get_mut(context)?.pass = pass.unwrap_or(NOWHERE);
        }
        let mut chains = self.chains.clone();
        chains.iter_mut().for_each(|link| link.include = edit.moved(link.include));
        let mut problems = self.problems.clone();
        problems.iter_mut().for_each(|problem| problem.at = edit.moved(problem.at));
        let certificates = self.certificates.iter();
        let certificates = certificates.map(|(line, file)| (edit.moved(*line), file.clone())).collect();
        let mut present = self.present.clone();
        for name in edit.removed.iter().chain(&edit.added) {
            let levels = contexts.iter().filter(|context| !context.kind.has_entries());
            let mut lines = levels.flat_map(|context| context.directives.of(&by_name));
            *present.get_mut(name.index())? = lines.any(|(other, _)| other == name);
        }
        Some(Self {
            root: self.root,
            contexts,
            fragments: self.fragments.clone(),
            problems,
            reached: self.reached.clone(),
            chains,
            included: self.included.clone(),
            limits: self.limits.clone(),
            certificates,
            directives,
            by_name,
            children: self.children.clone(),
            present,
            by_kind: self.by_kind.clone(),
            upstream_names: self.upstream_names.clone(),
            upstreams: self.upstreams.clone(),
            // Of use while files are placed.
            failures: HashMap::new(),
            // Worked out when it is asked for.
            patterns: Arc::clone(&self.patterns),
            literals: OnceLock::new(),
            including: OnceLock::new(),
            capturing: OnceLock::new(),
            down: OnceLock::new(),
        })
    }

    /// The locations into which the lines are read, in the order of their lines.
    fn instances(&self, edit: &LinesEdit) -> Option<Vec<Instance>> {
        let mut instances = Vec::new();
        for (index, context) in self.contexts.iter().enumerate() {
            let Some(opener) = context.opener else { continue };
            if (opener.file, opener.node) != (edit.file, edit.block) {
                continue;
            }
            let part = context.directives;
            // Of an empty block nobody can tell where it is among the others.
            if context.kind != ContextKind::Location || part.start == part.end {
                return None;
            }
            // The line of the block itself, or the include in it, that a line comes from; they come in its order.
            let own = |line: &DirectiveRef| {
                let mut line = *line;
                while line.chain != opener.chain {
                    line = self.chains.get(line.chain.0 as usize)?.include;
                }
                Some(line.node)
            };
            let lines = part.of(&self.directives);
            let count = lines.iter().take_while(|line| own(line).is_some_and(|node| node < edit.at)).count();
            let start = part.start + position(count);
            let run = Part { start, end: start + position(edit.removed.len()) };
            let is_run = |(line, index): (&DirectiveRef, i32)| {
                line.chain == opener.chain && line.node == edit.at.moved(index)
            };
            let is_whole = run.of(&self.directives).len() == edit.removed.len()
                && run.end <= part.end
                && run.of(&self.directives).iter().zip(0..).all(is_run);
            if !is_whole {
                return None;
            }
            instances.push(Instance { context: index, part, run });
        }
        instances.sort_unstable_by_key(|instance| instance.part.start);
        Some(instances)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use crate::catalogue::DirectiveName;
    use crate::configuration::Layout;
    use crate::files::MemoryFiles;
    use crate::include::Scope;
    use crate::load::{Loaded, Reloaded, load};

    const NAMES: [DirectiveName; 2] = [DirectiveName::PROXY_SET_HEADER, DirectiveName::PROXY_READ_TIMEOUT];

    /// The first ones have these names.
    const LINES: [&str; 8] = [
        "proxy_read_timeout 60s;",
        "proxy_read_timeout 1h;",
        "proxy_set_header Host $host;",
        "proxy_set_header Upgrade $http_upgrade;",
        "include one.inc;",
        "include two.inc;",
        "proxy_pass http://127.0.0.1:9000;",
        "location /inner/ { proxy_read_timeout 5s; include gone.inc; }",
    ];
    const LOCAL: usize = 4;

    fn site(locations: &[Vec<usize>]) -> String {
        let mut text = String::from("server {\nlisten 80;\n");
        for (number, lines) in locations.iter().enumerate() {
            let lines: Vec<&str> = lines.iter().map(|line| LINES[*line]).collect();
            text += &format!("location /{number}/ {{\n{}\n}}\n", lines.join("\n"));
        }
        text + "}\n"
    }

    fn read(one: &[Vec<usize>], two: &[Vec<usize>]) -> Loaded {
        let mut files = MemoryFiles::new();
        files.insert(
            "/t/nginx.conf",
            "events {} http { map $a $b { proxy_read_timeout x; } include conf.d/*.conf; }",
        );
        files.insert("/t/one.inc", "proxy_buffering off;\ninclude two.inc;\n");
        files.insert("/t/two.inc", "proxy_set_header Host $host;\nproxy_buffering off;\n");
        // It is read twice, and so are the includes in it.
        files.insert("/t/conf.d/all.conf", "include conf.d/one.conf;\ninclude conf.d/one.conf;\n");
        files.insert("/t/conf.d/one.conf", site(one));
        files.insert("/t/conf.d/two.conf", site(two));
        load(&files, &["/t".into()], &scope())
    }

    fn scope() -> Scope {
        Scope { given: vec!["/t".into()], working_folder: "/t".into(), ..Scope::default() }
    }

    /// All tables that are worked out when a layout is made.
    fn tables(layout: &Layout) -> String {
        let Layout { contexts, directives, by_name, children, present, by_kind, chains, problems, .. } =
            layout;
        let present = present.iter().enumerate().filter(|(_, is_present)| **is_present);
        let present: Vec<usize> = present.map(|(number, _)| number).collect();
        let mut lines = vec![
            format!("{problems:?}"),
            format!("{chains:?}"),
            format!("{children:?}"),
            format!("{by_kind:?}"),
            format!("{present:?}"),
        ];
        lines.extend(contexts.iter().map(|context| format!("{context:?}")));
        lines.extend(directives.iter().zip(by_name).map(|both| format!("{both:?}")));
        lines.join("\n")
    }

    /// Whether an edit of one file needed no other to be read; what it makes is compared with what reading all makes.
    fn is_kept(before: &[Vec<Vec<usize>>; 2], after: &[Vec<Vec<usize>>; 2]) -> bool {
        let [old, anew] = [before, after].map(|sites| read(&sites[0], &sites[1]));
        let new_bytes = |path: &std::path::Path| {
            anew.sources.iter().find(|(_, file)| file.path == path).map(|(_, file)| file.bytes().to_vec())
        };
        let files = old.sources.iter().filter(|(_, file)| !file.is_builtin);
        let texts = files.filter_map(|(id, file)| Some((id, new_bytes(&file.path)?)));
        let texts: BTreeMap<_, _> = texts
            .filter(|(id, bytes)| old.sources.get(*id).unwrap().bytes() != bytes)
            .map(|(id, bytes)| (id, bytes.into()))
            .collect();
        let Reloaded::Same(edited) = old.with(&texts, &NAMES, &scope()).unwrap() else { return false };
        assert_eq!(edited.layouts.len(), anew.layouts.len());
        for (edited, anew) in edited.layouts.iter().zip(&anew.layouts) {
            for (edited, anew) in tables(edited).lines().zip(tables(anew).lines()) {
                assert_eq!(edited, anew);
            }
            assert_eq!(tables(edited).len(), tables(anew).len());
        }
        assert_eq!((&edited.files, &edited.judged), (&anew.files, &anew.judged));
        true
    }

    fn sites() -> impl Strategy<Value = [Vec<Vec<usize>>; 2]> {
        let site = || prop::collection::vec(prop::collection::vec(0..LINES.len(), 0..7), 1..4);
        [site(), site()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn an_edited_layout_is_one_that_is_made_anew(
            before in sites(),
            which in (0..2_usize, 0..3_usize, 0..7_usize, 0..3_usize),
            lines in prop::collection::vec(0..LINES.len(), 0..3),
        ) {
            let (site, location, from, count) = which;
            let mut after = before.clone();
            let locations = &mut after[site];
            let location = location % locations.len();
            let old = &mut locations[location];
            let is_empty = old.is_empty();
            let from = from.min(old.len());
            let to = (from + count).min(old.len());
            let is_plain = old[from..to].iter().chain(&lines).all(|line| *line < LOCAL);
            old.splice(from..to, lines);
            let is_kept = is_kept(&before, &after);
            prop_assert!(is_kept || !is_plain || is_empty || before == after);
        }
    }
}

//! All that a run says of one version of the files, kept so that a later version is judged anew only where it differs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use lint_finding::{Finding, NoticeCode, Outcome, RuleMeta, Severity};
use nginx_semantics::{
    Configuration, ContextId, ContextKind, FileId, Files, Layout, Loaded, Reloaded, Scope, Sources, Text,
    load_with,
};
use ws_model::{CarriedBy, Earlier, KeptCandidates, Model};
use ws_rules::{Context, Findings, Piece, Rule, Stop, visit_some};

use super::kept::{AtStop, Known, LOCAL, OfServer, Outlook, Said, differ_locally, edited_servers};
use super::units::{UnitKey, Units};
use crate::chains::Chains;
use crate::gather::{Gathered, Met, Shared};
use crate::plan::Plan;
use crate::settings::{Settings, SettingsFiles, Told};
use crate::{absolute, finish, hints, notices, of_layout, with_file};

/// What stays the same while files are edited.
pub(crate) struct Given<'a> {
    pub(crate) files: &'a dyn Files,
    pub(crate) arguments: &'a [PathBuf],
    pub(crate) scope: &'a Scope,
    pub(crate) settings: &'a Settings,
    pub(crate) found: &'a SettingsFiles<'a>,
    /// Whether fixes are checked by what is said.
    pub(crate) is_fixing: bool,
    /// All of them: an edit must not cause what the user did not select either.
    pub(crate) rules: &'a [&'static dyn Rule],
}

impl Given<'_> {
    /// The rules to run: pedantic ones speak only to those who ask for them.
    fn rules(&self, settings: &Settings) -> Vec<&'static dyn Rule> {
        let rules = self.rules.iter().copied();
        rules.filter(|rule| is_spoken(settings, rule.meta())).collect()
    }
}

fn is_spoken(settings: &Settings, rule: &RuleMeta) -> bool {
    rule.severity > Severity::Pedantic || settings.selects_anywhere(rule)
}

/// What is said of one layout.
pub(crate) struct Part {
    root: Option<FileId>,
    fragments: Vec<FileId>,
    files: BTreeSet<FileId>,
    /// Those of them that are ways through the branches of templates.
    ways: Vec<FileId>,
    settings: Settings,
    /// Of the configuration first, and then of one server after the other.
    servers: Vec<Arc<OfServer>>,
    /// What was found of single locations.
    candidates: KeptCandidates,
    outlook: Outlook,
    /// All but the findings and endpoints.
    rest: Gathered,
    pub(crate) locations: Locations,
}

/// Those of some files that are ways through the branches of templates.
fn ways(sources: &Sources, files: &BTreeSet<FileId>) -> Vec<FileId> {
    files.iter().copied().filter(|file| sources.ways(*file).nth(1).is_some()).collect()
}

/// What is told of locations before and after fixes; nothing where no fix is to be checked.
#[derive(Default)]
pub(crate) struct Locations {
    pub(crate) units: Units,
    /// What requests carry of an upgrade, by location.
    pub(crate) carried: BTreeMap<UnitKey, CarriedBy>,
    /// The locations that a subrequest may ask for, in doubt too.
    pub(crate) asked: BTreeSet<UnitKey>,
}

impl Locations {
    fn new(model: &Model<'_>) -> Self {
        let units = Units::new(model.configuration);
        let mut carried: BTreeMap<UnitKey, CarriedBy> = BTreeMap::new();
        for (context, one) in model.carried() {
            if let Some(unit) = units.of(context) {
                let all = carried.entry(unit).or_default();
                *all = all.or(one);
            }
        }
        let passes = model.passes.iter().map(|(context, _)| *context);
        let asked = passes.filter(|context| model.may_be_asked(*context));
        let asked = asked.filter_map(|context| units.of(context)).collect();
        Self { units, carried, asked }
    }
}

impl Part {
    /// Judges a layout; of an older version of it, what still holds is kept.
    fn new(given: &Given<'_>, loaded: &Loaded, layout: &Layout, older: Option<&Older<'_>>) -> Self {
        let settings = of_layout(loaded, layout, given.settings, given.found);
        let configuration = Configuration::new(&loaded.sources, layout);
        let is_known = |older: &&Older<'_>| {
            older.part.outlook.is_whole && differ_locally(older.configuration, configuration, older.changed)
        };
        let older = older.filter(is_known);
        let edited = older.map(|older| edited_servers(older.configuration, configuration, older.changed));
        let is_same = |location: ContextId| {
            let server = configuration.enclosing(location, ContextKind::Server);
            let edited = edited.as_ref();
            server.zip(edited).is_some_and(|(server, edited)| !edited.contains(&server))
        };
        let changed = older.map(|older| older.changed);
        let is_edited = |file: FileId| changed.is_some_and(|changed| changed.contains(&file));
        let earlier = older.map(|older| Earlier {
            candidates: &older.part.candidates,
            is_same: &is_same,
            is_edited: &is_edited,
        });
        let (model, candidates) = Model::again(configuration, &hints(&settings), earlier.as_ref());
        let outlook = Outlook::new(&model);
        let older = older.zip(edited.as_ref()).filter(|(older, _)| older.part.outlook == outlook);
        let known = older
            .map(|(older, edited)| Known::of(&older.part.servers, &model, edited, older.changed))
            .unwrap_or_default();
        let mut rest = Gathered::default();
        notices::of_includes(configuration, &mut rest);
        notices::of_paths(&model, &mut rest);
        rest.model(&model);
        let new = rest.new_endpoints(&model);
        let servers = visited(&given.rules(&settings), &model, &new, &known);
        if !known.is_empty() {
            if model.variables.cut().is_some() {
                return Self::new(given, loaded, layout, None);
            }
            #[cfg(debug_assertions)]
            {
                let anew = visited(&given.rules(&settings), &model, &new, &Known::default());
                for (kept, anew) in servers.iter().zip(&anew) {
                    assert!(kept.is_same(anew), "kept: {kept:#?}, anew: {anew:#?}");
                }
                assert_eq!(servers.len(), anew.len(), "servers");
            }
        }
        // An endpoint is told where it is met.
        rest.forget_places();
        notices::of_ways(&model, &mut rest);
        let locations = if given.is_fixing { Locations::new(&model) } else { Locations::default() };
        Self {
            root: configuration.root(),
            fragments: configuration.fragments().iter().map(|fragment| fragment.file).collect(),
            ways: ways(&loaded.sources, &configuration.files()),
            files: configuration.files(),
            servers,
            candidates,
            outlook,
            settings,
            rest,
            locations,
        }
    }

    fn stops(&self) -> impl Iterator<Item = &AtStop> {
        self.servers.iter().flat_map(|server| &server.stops)
    }

    /// What rules said.
    fn said(&self) -> impl Iterator<Item = &Said> {
        self.stops().flat_map(|stop| &stop.said)
    }

    /// What it keeps when files are edited: its root, or else its first fragment, and which ways through the branches of
    /// templates it has.
    pub(crate) fn name(&self) -> (Option<FileId>, Option<FileId>, &[FileId]) {
        (self.root, self.fragments.first().copied().filter(|_| self.root.is_none()), &self.ways)
    }

    /// Whether it says the same of another layout, whose files are the same unless they are among `changed`.
    fn holds_for(&self, configuration: Configuration<'_>, changed: &BTreeSet<FileId>) -> bool {
        self.root == configuration.root()
            && self
                .fragments
                .iter()
                .copied()
                .eq(configuration.fragments().iter().map(|fragment| fragment.file))
            && self.files.is_disjoint(changed)
            && self.files == configuration.files()
    }
}

/// An older version of a part, and the files that differ.
struct Older<'a> {
    part: &'a Part,
    configuration: Configuration<'a>,
    changed: &'a BTreeSet<FileId>,
}

/// Visits a model, but for the servers that are known. Of endpoints in one place those of `new` are told.
fn visited<'s>(
    rules: &[&dyn Rule],
    model: &Model<'s>,
    new: &BTreeSet<ContextId>,
    known: &Known,
) -> Vec<Arc<OfServer>> {
    #[expect(clippy::large_enum_variant, reason = "nearly all are stops")]
    enum Kept {
        Stop(Option<ContextId>, AtStop),
        Server(Arc<OfServer>),
    }
    let at = |cx: &Context<'_, 's>, stop: Stop<'_, 's>, found: Vec<Finding>| {
        let context = stop.context();
        let server = context.and_then(|context| model.configuration.enclosing(context, ContextKind::Server));
        let said: Vec<Said> = found.into_iter().map(|finding| Said { context, finding }).collect();
        let Stop::Endpoint(endpoint) = stop else {
            return Kept::Stop(server, AtStop { said, met: None, outlet: None });
        };
        let met = Met::new(cx, endpoint, new.contains(&endpoint.context));
        let outlet = cx.model.outlet(cx.walks, endpoint, None);
        Kept::Stop(server, AtStop { said, met: Some(met), outlet })
    };
    let of_piece =
        |piece: &Piece<'_, 's>| known.of_piece(model, piece).map(|server| vec![Kept::Server(server)]);
    let mut servers = Vec::new();
    let mut shared = Shared::default();
    // The server where stops were made last.
    let mut open: Option<(Option<ContextId>, Vec<AtStop>)> = None;
    let close = |open: &mut Option<(Option<ContextId>, Vec<AtStop>)>, servers: &mut Vec<Arc<OfServer>>| {
        if let Some((server, stops)) = open.take() {
            servers.push(Arc::new(OfServer::new(model, server, stops)));
        }
    };
    visit_some(rules, model, None, &of_piece, &at, &mut |kept| match kept {
        Kept::Server(server) => {
            close(&mut open, &mut servers);
            servers.push(server);
        }
        Kept::Stop(server, stop) => {
            if open.as_ref().is_some_and(|(other, _)| *other != server) {
                close(&mut open, &mut servers);
            }
            let stop = AtStop { met: stop.met.map(|met| met.sharing(&mut shared)), ..stop };
            open.get_or_insert_with(|| (server, Vec::new())).1.push(stop);
        }
    });
    close(&mut open, &mut servers);
    servers
}

/// What all rules say of the parts that pass on to each other.
fn chained(given: &Given<'_>, loaded: &Loaded, parts: &[Rc<Part>]) -> Vec<(usize, Said)> {
    let arguments = absolute(given.arguments, given.scope);
    let mut chains = Chains::new(loaded);
    for (number, part) in parts.iter().enumerate() {
        let outlets = part.stops().filter_map(|stop| stop.outlet.clone()).collect();
        chains.add(loaded, number, outlets, &part.settings, &arguments);
    }
    let linked = chains.findings(loaded, |settings| given.rules(settings), hints);
    let said = linked.into_iter().flat_map(|linked| {
        let (number, context) = (linked.number, Some(linked.context));
        linked.findings.into_iter().map(move |finding| (number, Said { context, finding }))
    });
    said.collect()
}

/// One version of the files, and all that is said of it.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) loaded: Loaded,
    pub(crate) parts: Vec<Rc<Part>>,
    /// What is said of nginxes in a row, by the part that passes on.
    chained: Vec<(usize, Said)>,
    by_file: BTreeMap<FileId, Rc<Vec<Finding>>>,
    /// With the findings of all rules.
    pub(crate) all: Outcome,
    /// With those of the rules that the user selects, where they are not all.
    selected: Option<Outcome>,
}

impl State {
    /// The files as they are.
    pub(crate) fn first(given: &Given<'_>) -> Self {
        let loaded = load_with(Sources::default(), given.files, given.arguments, given.scope);
        Self::new(given, loaded, None, &BTreeSet::new())
    }

    /// The files with these edits; `None` where one gets too large.
    pub(crate) fn after(&self, given: &Given<'_>, plan: &Plan) -> Option<Self> {
        let mut texts = self.loaded.sources.texts_after(&plan.hosted(&self.loaded.sources)).ok()?;
        for file in plan.files() {
            let old = self.loaded.sources.get(file)?;
            if old.hosted().is_none() {
                texts.insert(file, plan.applied(file, old.bytes()).into());
            }
        }
        self.with(given, &texts)
    }

    /// The files with other texts; `None` where one is too large.
    pub(crate) fn with(&self, given: &Given<'_>, texts: &BTreeMap<FileId, Text>) -> Option<Self> {
        let loaded = match self.loaded.with(texts, &LOCAL, given.scope).ok()? {
            Reloaded::Same(loaded) => loaded,
            Reloaded::Other(sources) => load_with(sources, given.files, given.arguments, given.scope),
        };
        Some(Self::new(given, loaded, Some(self), &texts.keys().copied().collect()))
    }

    /// What rules said of places, with the part that it is about.
    pub(crate) fn said(&self) -> impl Iterator<Item = (usize, &Said)> {
        let of_parts = self.parts.iter().enumerate();
        let of_parts = of_parts.flat_map(|(number, part)| part.said().map(move |said| (number, said)));
        of_parts.chain(self.chained.iter().map(|(number, said)| (*number, said)))
    }

    /// The configuration of a part.
    pub(crate) fn configuration(&self, part: usize) -> Option<Configuration<'_>> {
        let layout = self.loaded.layouts.get(part)?;
        Some(Configuration::new(&self.loaded.sources, layout))
    }

    /// Whether a budget was used up, so that there is more than was judged.
    pub(crate) fn is_cut(&self) -> bool {
        let notices = &self.all.notices;
        notices.iter().any(|notice| notice.code == NoticeCode::TooLarge && notice.incomplete)
    }

    /// What the user is told.
    pub(crate) fn outcome(&self) -> &Outcome {
        self.selected.as_ref().unwrap_or(&self.all)
    }

    fn new(given: &Given<'_>, loaded: Loaded, before: Option<&Self>, changed: &BTreeSet<FileId>) -> Self {
        let mut known_parts: BTreeMap<Option<FileId>, Vec<&Rc<Part>>> = BTreeMap::new();
        for part in before.iter().flat_map(|before| &before.parts) {
            known_parts.entry(part.root).or_default().push(part);
        }
        let part = |layout: &Arc<Layout>| {
            let configuration = Configuration::new(&loaded.sources, layout);
            let mut known = known_parts.get(&configuration.root()).into_iter().flatten().copied();
            if let Some(known) = known.clone().find(|part| part.holds_for(configuration, changed)) {
                return Rc::clone(known);
            }
            let older = known.find(|part| part.holds_for(configuration, &BTreeSet::new()));
            let older = older.and_then(|part| {
                let before = before?;
                let number = before.parts.iter().position(|other| Rc::ptr_eq(other, part))?;
                Some(Older { part, configuration: before.configuration(number)?, changed })
            });
            Rc::new(Part::new(given, &loaded, layout, older.as_ref()))
        };
        let parts: Vec<Rc<Part>> = loaded.layouts.iter().map(part).collect();
        let mut by_file = BTreeMap::new();
        let judged =
            loaded.sources.iter().filter(|(id, file)| loaded.judged.contains(id) && !file.is_builtin);
        for (id, file) in judged {
            let known = before.and_then(|before| before.by_file.get(&id)).filter(|_| !changed.contains(&id));
            let said = known.map_or_else(
                || {
                    let mut findings = Findings::default();
                    let settings = with_file(given.settings, given.found, &file.path);
                    given.rules(&settings).iter().for_each(|rule| rule.file(id, file, &mut findings));
                    Rc::new(findings.into_vec())
                },
                Rc::clone,
            );
            by_file.insert(id, said);
        }
        let chained = chained(given, &loaded, &parts);
        let mut this = Self { loaded, parts, chained, by_file, all: Outcome::default(), selected: None };
        this.all = this.gathered(given, false);
        let selects_all = |settings: &Settings| {
            let is_told = |rule: &RuleMeta| settings.selects(rule) || !is_spoken(settings, rule);
            settings.overrides.is_empty() && given.rules.iter().all(|rule| is_told(rule.meta()))
        };
        if !this.parts.iter().all(|part| selects_all(&part.settings)) || !selects_all(given.settings) {
            this.selected = Some(this.gathered(given, true));
        }
        this
    }

    /// The outcome, of all rules or of those that are selected.
    fn gathered(&self, given: &Given<'_>, is_selected: bool) -> Outcome {
        let loaded = &self.loaded;
        let mut gathered = Gathered::default();
        let of = |said: &mut dyn Iterator<Item = &Finding>, told: &Told<'_>| -> Vec<Finding> {
            said.filter(|finding| !is_selected || told.selects(finding)).cloned().collect()
        };
        notices::of_skipped(loaded, &mut gathered);
        notices::of_controllers(loaded, &mut gathered);
        notices::of_templates(loaded, &mut gathered);
        for (number, part) in self.parts.iter().enumerate() {
            let told = Told::new(&part.settings, &loaded.sources, given.found);
            let findings = of(&mut part.said().map(|said| &said.finding), &told);
            gathered.of_part(number, loaded, findings, &told);
            gathered.add(&part.rest);
            part.stops().filter_map(|stop| stop.met.as_ref()).for_each(|met| gathered.kept_endpoint(met));
        }
        for (number, said) in &self.chained {
            let Some(part) = self.parts.get(*number) else { continue };
            let told = Told::new(&part.settings, &loaded.sources, given.found);
            gathered.findings(of(&mut std::iter::once(&said.finding), &told), &told);
        }
        for (id, said) in self.by_file.iter().filter(|(_, said)| !said.is_empty()) {
            let Some(file) = loaded.sources.get(*id) else { continue };
            let settings = with_file(given.settings, given.found, &file.path);
            let told = Told::new(&settings, &loaded.sources, given.found);
            gathered.findings(of(&mut said.iter(), &told), &told);
        }
        gathered.unserved_paths(&given.settings.websocket_paths);
        finish(loaded, gathered, self.by_file.len(), given.settings, given.found, given.scope)
    }
}

#[cfg(test)]
mod tests;

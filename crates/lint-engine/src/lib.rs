//! Chooses rules, runs them over roots and fragments, gathers the outcome.
//!
//! No terminal and no disk: files come through [`nginx_semantics::Files`], and what is to be said goes out as an
//! [`lint_finding::Outcome`].

mod add_ignores;
mod baseline;
mod chains;
mod endpoints;
mod fix;
mod gather;
mod graph;
mod logged;
mod notices;
mod on_disk;
mod plan;
mod probed;
mod reports;
mod rows;
mod session;
mod settings;
mod silenced;
mod since;
mod snippet;
mod suppress;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lint_finding::{File, Finding, Group, Outcome, Place, RuleMeta, Severity};
use nginx_semantics::{
    Configuration, Files, Hosted, Layout, Loaded, PathMap, Scope, SourceFile, load, normalize,
};
use ws_model::{Hints, Model};
use ws_rules::{Context, Findings, RULES, Rule, Said, Stop, visit};

use crate::chains::Chains;
use crate::gather::Gathered;
use crate::on_disk::OnDisk;
use crate::settings::{SettingsFiles, Told};
use crate::suppress::{Suppressions, Used};

pub use add_ignores::{Ignored, add_ignores};
pub use baseline::{apply_baseline, baseline};
pub use endpoints::endpoints;
pub use fix::{Changed, Fixed, MayEdit, Which, fixed};
pub use graph::{GraphOf, graph};
pub use logged::{Configured, NotConfigured, logs};
pub use probed::{Probed, probed, probed_alone};
pub use session::{EditError, Session};
#[cfg(feature = "schema")]
pub use settings::settings_schema;
pub use settings::{
    Config, FILE_NAME, FileSettings, InFiles, KEYS, Level, Override, ProblemKind, Selector, SetPath,
    SetPattern, Settings, SettingsFile, SettingsProblem, UnknownRule, find_rule, settings_of, similar,
};
pub use since::{ChangedLines, only_changed};
pub use snippet::Wanted;
pub use suppress::is_reason;
pub use trace::{Query, Url, UrlError, trace};
pub use ws_model::applications::{self, Application};
pub use ws_model::layers::{self, Layer, Preset};

/// Judges what the arguments mean.
pub fn lint(files: &dyn Files, arguments: &[PathBuf], scope: &Scope, settings: &Settings) -> Outcome {
    let found = SettingsFiles::new(files, scope, &settings.config);
    let given = (arguments, scope);
    let (arguments, scope) = as_set(files, arguments, scope, &found);
    let mut clock = Clock::default();
    let loaded = load(files, &arguments, &scope);
    clock.stage("read");
    let task = Task { loaded: &loaded, settings, found: &found, scope: &scope, arguments: &arguments };
    let judged = |task: &Task<'_>| judge(task, &mut ());
    let mut outcome = judged(&task);
    clock.stage("judged");
    silenced::account(&mut outcome, &task, given, |arguments, scope| load(files, arguments, scope), judged);
    if let Some(on_disk) = OnDisk::of(&loaded) {
        on_disk.outcome(&mut outcome);
    }
    clock.stage("counted what is hidden");
    outcome.timings = clock.stages;
    outcome
}

/// Judges what the arguments mean while somebody looks on, and hands over what was judged: the outcome has the places of files
/// on disk, and counts what settings and comments hide.
fn judged<O: Onlooker, T>(
    files: &dyn Files,
    arguments: &[PathBuf],
    scope: &Scope,
    settings: &Settings,
    mut onlooker: O,
    work: impl FnOnce(&Task<'_>, Outcome, Option<OnDisk<'_>>, O) -> T,
) -> T {
    let found = SettingsFiles::new(files, scope, &settings.config);
    let given = (arguments, scope);
    let (arguments, scope) = as_set(files, arguments, scope, &found);
    let loaded = load(files, &arguments, &scope);
    let task = Task { loaded: &loaded, settings, found: &found, scope: &scope, arguments: &arguments };
    let mut outcome = judge(&task, &mut onlooker);
    let reload = |arguments: &[PathBuf], scope: &Scope| load(files, arguments, scope);
    silenced::account(&mut outcome, &task, given, reload, |task| judge(task, &mut ()));
    let on_disk = OnDisk::of(&loaded);
    if let Some(on_disk) = &on_disk {
        on_disk.outcome(&mut outcome);
    }
    work(&task, outcome, on_disk, onlooker)
}

/// The proxies in front that the settings files of all main files name.
fn layers_of(task: &Task<'_>) -> Vec<Layer> {
    let Task { loaded, settings, found, .. } = task;
    let mut layers: Vec<Layer> = Vec::new();
    for layout in &loaded.layouts {
        for layer in of_layout(loaded, layout, settings, found).layers {
            if !layers.contains(&layer) {
                layers.push(layer);
            }
        }
    }
    layers
}

/// How long stages take.
struct Clock {
    last: Instant,
    stages: Vec<(&'static str, Duration)>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { last: Instant::now(), stages: Vec::new() }
    }
}

impl Clock {
    /// The end of a stage.
    fn stage(&mut self, name: &'static str) {
        let now = Instant::now();
        self.stages.push((name, now.duration_since(self.last)));
        self.last = now;
    }
}

/// What is judged, by which settings.
#[derive(Clone, Copy)]
struct Task<'a> {
    loaded: &'a Loaded,
    settings: &'a Settings,
    found: &'a SettingsFiles<'a>,
    /// With what the settings files say, as the arguments.
    scope: &'a Scope,
    arguments: &'a [PathBuf],
}

/// The arguments with the `roots` of settings files below them, and the scope with their `prefix` and `path-map`.
fn as_set(
    files: &dyn Files,
    arguments: &[PathBuf],
    scope: &Scope,
    found: &SettingsFiles<'_>,
) -> (Vec<PathBuf>, Scope) {
    let mut all = arguments.to_vec();
    let mut scope = scope.clone();
    for argument in arguments {
        let Some(file) = found.of(argument) else { continue };
        let resolved = |path: &Path| {
            let path = normalize(&scope.working_folder.join(path));
            files.identity(&path).unwrap_or(path)
        };
        let folder = resolved(argument);
        let roots: Vec<PathBuf> =
            file.settings.roots.iter().map(|root| resolved(&file.resolve(root))).collect();
        let map = |from: &str, to: &SetPath| {
            let to = normalize(&scope.working_folder.join(file.resolve(to)));
            Some(PathMap { from: from.to_owned(), within: Some(found.confinement(&file, &to)?), to })
        };
        let maps = file.settings.path_maps.iter();
        let mut maps: Vec<PathMap> = maps.filter_map(|(from, to)| map(from, to)).collect();
        let prefix = file.settings.prefix.as_ref().and_then(|prefix| map("/etc/nginx", prefix));
        maps.extend(prefix.clone());
        for root in roots {
            // As nginx would open it: below the path that was given.
            let below = root.strip_prefix(&folder).ok().filter(|_| files.is_folder(argument));
            let below = below.map(|rest| argument.join(rest)).filter(|path| files.identity(path).is_some());
            all.extend(below.filter(|path| !all.contains(path)));
            scope.roots.push(root);
        }
        for map in maps {
            if !scope.path_maps.contains(&map) {
                scope.path_maps.push(map);
            }
        }
        for pattern in file.compiled(&file.settings.excludes) {
            if !scope.excludes.contains(&pattern) {
                scope.excludes.push(pattern);
            }
        }
        scope.prefix = scope.prefix.or(prefix.map(|map| map.to));
    }
    (all, scope)
}

/// Who looks on while a run judges.
trait Onlooker: Send {
    /// A finding as a rule made it; one that was made of the same line before may have no fingerprints, and need not say
    /// why it is about an endpoint.
    fn finding(&mut self, _finding: &Finding) {}

    /// A model that all rules have seen.
    fn model(&mut self, _model: &Model<'_>) {}
}

/// Nobody.
impl Onlooker for () {}

/// Judges what was loaded.
fn judge(task: &Task<'_>, onlooker: &mut dyn Onlooker) -> Outcome {
    let &Task { loaded, settings, found, scope, arguments } = task;
    let mut gathered = Gathered::default();
    notices::of_skipped(loaded, &mut gathered);
    notices::of_controllers(loaded, &mut gathered);
    notices::of_templates(loaded, &mut gathered);
    let arguments = absolute(arguments, scope);
    let mut chains = Chains::new(loaded);
    let said = Arc::new(Said::default());
    for (number, layout) in loaded.layouts.iter().enumerate() {
        let settings = of_layout(loaded, layout, settings, found);
        let configuration = Configuration::new(&loaded.sources, layout);
        let model = Model::new(configuration, &hints(&settings));
        notices::of_includes(configuration, &mut gathered);
        notices::of_paths(&model, &mut gathered);
        let mut outlets = Vec::new();
        let told = Told::new(&settings, &loaded.sources, found);
        let (new, doors) = (gathered.new_endpoints(&model), chains.doors());
        let at = |cx: &Context<'_, '_>, stop: Stop<'_, '_>, found: Vec<Finding>| {
            // `trace` relies on it.
            debug_assert!(found.iter().all(|finding| stop.is_of(finding)), "{found:?}");
            let Stop::Endpoint(endpoint) = stop else { return (found, None, None) };
            let met = gather::Met::new(cx, endpoint, new.contains(&endpoint.context));
            (found, Some(met), cx.model.outlet(cx.walks, endpoint, Some(doors)))
        };
        visit(&rules(&settings), &model, Some(&said), &at, &mut |(mut found, met, outlet)| {
            found.retain(|finding| told.selects(finding));
            found.iter().for_each(|finding| onlooker.finding(finding));
            found.iter().for_each(|finding| said.add(finding));
            gathered.of_part(number, loaded, found, &told);
            gathered.endpoint(met);
            outlets.extend(outlet);
        });
        onlooker.model(&model);
        gathered.model(&model);
        chains.add(loaded, number, outlets, &settings, &arguments);
        notices::of_ways(&model, &mut gathered);
    }
    for mut linked in chains.findings(loaded, rules, hints) {
        let told = Told::new(linked.settings, &loaded.sources, found);
        linked.findings.retain(|finding| told.selects(finding));
        gathered.findings(linked.findings, &told);
    }
    let judged = loaded.sources.iter().filter(|(id, file)| loaded.judged.contains(id) && !file.is_builtin);
    let judged: Vec<_> = judged.map(|(id, file)| (id, file, found.of(&file.path))).collect();
    // Most files have the settings of those beside them.
    let of = |file: &Option<Rc<SettingsFile>>| file.as_ref().map(Rc::as_ptr);
    for some in judged.chunk_by(|(.., one), (.., other)| of(one) == of(other)) {
        let own = some.first().and_then(|(.., own)| own.as_ref());
        let settings = own.map_or_else(|| settings.clone(), |own| settings.with(own));
        let (rules, told) = (rules(&settings), Told::new(&settings, &loaded.sources, found));
        for (id, file, _) in some {
            let mut findings = Findings::default();
            rules.iter().for_each(|rule| rule.file(*id, file, &mut findings));
            let mut findings = findings.into_vec();
            findings.retain(|finding| told.selects(finding));
            gathered.findings(findings, &told);
        }
    }
    gathered.unserved_paths(&settings.websocket_paths);
    let judged: BTreeSet<_> = judged.iter().filter_map(|(id, ..)| loaded.sources.ways(*id).next()).collect();
    let judged = judged.len();
    finish(loaded, gathered, judged, settings, found, scope)
}

fn absolute(arguments: &[PathBuf], scope: &Scope) -> Vec<PathBuf> {
    arguments.iter().map(|argument| normalize(&scope.working_folder.join(argument))).collect()
}

/// The outcome, with what settings and comments suppress left out.
fn finish(
    loaded: &Loaded,
    gathered: Gathered,
    judged: usize,
    settings: &Settings,
    found: &SettingsFiles<'_>,
    scope: &Scope,
) -> Outcome {
    // What the command line says of versions, and files that were not given, may be the reason why a rule is silent.
    let may_know = settings.versions.is_none() && !gathered.has_unknown_lines();
    let ran = |file: &SourceFile, rule: &RuleMeta| {
        let settings = with_file(settings, found, &file.path);
        may_know
            && settings.selects_in(rule, &found.on_disk(file))
            && (rule.group != Group::Layers || !settings.layers.is_empty())
    };
    let mut finishing = Finishing { loaded, settings, found, scope, unused: BTreeMap::new() };
    for file in found.read_files() {
        let problems = settings::unused(&file, found, loaded, scope, &gathered);
        finishing.unused.insert(file.path.clone(), problems);
    }
    finish_with(&finishing, gathered, judged, ran)
}

/// What an outcome is made of besides what was gathered.
struct Finishing<'a> {
    loaded: &'a Loaded,
    settings: &'a Settings,
    found: &'a SettingsFiles<'a>,
    scope: &'a Scope,
    /// What is said in vain, by the paths of settings files.
    unused: BTreeMap<PathBuf, Vec<SettingsProblem>>,
}

/// The same where `ran` says which rules have seen all of a file.
fn finish_with(
    finishing: &Finishing<'_>,
    mut gathered: Gathered,
    judged: usize,
    ran: impl Fn(&SourceFile, &RuleMeta) -> bool,
) -> Outcome {
    let &Finishing { loaded, settings, found, scope, ref unused } = finishing;
    let suppressions = if scope.ignores_comments || settings.no_ignores {
        Suppressions::default()
    } else {
        Suppressions::of(loaded, settings.now)
    };
    for notice in &suppressions.notices {
        gathered.notice(notice.clone());
    }
    let mut files: Vec<File> = loaded
        .sources
        .iter()
        .map(|(_, file)| {
            let path = file.hosted().map_or(file.path.as_path(), Hosted::path);
            let is_text = path.to_str().is_some();
            let raw_path = (!is_text).then(|| path.as_os_str().as_encoded_bytes().into());
            File { source: file.source.clone(), may_be_shown: file.may_be_shown, view: None, raw_path }
        })
        .collect();
    files.extend(suppressions.host_files.iter().cloned());
    notices::of_settings(found, unused, scope, &mut files, &mut gathered);
    let on_disk = OnDisk::of(loaded);
    if let Some(on_disk) = &on_disk {
        gathered.counted_on_disk(on_disk, loaded);
    }
    let place = |place: Place| on_disk.as_ref().map_or(place, |on_disk| on_disk.place(place));
    let in_vain = |used: &Used, out: &mut Findings| suppressions.unused(used, loaded, ran, place, out);
    let mut outcome = gathered.finish(files, judged, &suppressions, in_vain);
    reports::add(loaded, &mut outcome);
    outcome
}

fn rules(settings: &Settings) -> Vec<&'static dyn Rule> {
    let is_asked = |rule: &RuleMeta| {
        // What nginx refuses is said although its group is off.
        settings.selects_anywhere(rule) || rule.severity == Severity::Error && settings.selects_refusals(rule)
    };
    RULES.iter().copied().filter(|rule| is_asked(rule.meta())).collect()
}

fn hints(settings: &Settings) -> Hints {
    let named = settings.websocket_paths.iter().chain(&settings.set_websocket_paths);
    let (paths, urls): (Vec<&String>, Vec<&String>) = named.partition(|path| path.starts_with('/'));
    Hints {
        versions: settings.versions,
        websocket_paths: paths.into_iter().cloned().collect(),
        websocket_urls: urls.into_iter().filter_map(|url| Url::parse(url).ok()).collect(),
        insisted_paths: settings.websocket_paths.clone(),
        not_websocket: settings.not_websocket.clone(),
        ignores_comments: settings.ignores_comments,
        assume_websocket: settings.assume_websocket,
        heartbeat_ms: settings.heartbeat_ms,
        min_read_timeout_ms: settings.min_read_timeout_ms,
        expected_connections: settings.expected_connections,
        layers: settings.layers.clone(),
        now: settings.now,
    }
}

/// The settings for a layout: those of its root, or of its first fragment.
fn of_layout(loaded: &Loaded, layout: &Layout, settings: &Settings, found: &SettingsFiles<'_>) -> Settings {
    let configuration = Configuration::new(&loaded.sources, layout);
    let first = configuration.fragments().first().map(|fragment| fragment.file);
    let path = configuration.root().or(first).and_then(|file| loaded.sources.get(file));
    path.map_or_else(|| settings.clone(), |file| with_file(settings, found, &file.path))
}

fn with_file(settings: &Settings, found: &SettingsFiles<'_>, path: &Path) -> Settings {
    found.of(path).map_or_else(|| settings.clone(), |file| settings.with(&file))
}

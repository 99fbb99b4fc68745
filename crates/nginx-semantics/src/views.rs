//! Files whose text is held by a file of another form: views, and the way back from them to the disk.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nginx_forms::chart::Chart;
use nginx_forms::template::{self, Manner};
use nginx_forms::{Form, Refusal, View, environment};
use nginx_syntax::{FileId, Source, Span};

use crate::containers::{Containers, Values};
use crate::naming::is_template_by_name;
use crate::sources::{SourceFile, Sources};

/// Where the text of a file comes from.
#[derive(Debug, Clone)]
pub struct Hosted {
    /// The file on disk.
    source: Arc<Source>,
    /// The path under which it is opened.
    path: PathBuf,
    view: Arc<View>,
    /// What the text is called inside the host; `None` where it is all of it.
    name: Option<Arc<str>>,
    /// The machine that a dump is of.
    machine: Option<Arc<str>>,
    /// Whether it is of a cluster of Kubernetes.
    is_in_cluster: bool,
    /// Which way through its branches it is; 0 is the first.
    alternative: usize,
    /// The form of the host, and which of the texts in it this is; `None` where all of it is a template.
    form: Option<(Form, usize)>,
    /// Whether marks of a template were taken for placeholders.
    is_template: bool,
    /// Whether envsubst fills it in for certain.
    is_of_envsubst: bool,
    /// The environments in which envsubst may fill it in.
    environments: Arc<[Values]>,
    /// What other files tell of the templates that it calls, and of values.
    chart: Arc<Chart>,
}

/// Another text of a file.
#[derive(Debug, Clone)]
pub enum Text {
    /// Of a file that nginx reads as it is.
    Plain(Vec<u8>),
    /// Of one that another file holds, with that file as it is then.
    Hosted(Box<Hosted>),
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Plain(bytes)
    }
}

/// Why a text could not be edited in the file that holds it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditRefusal {
    /// The view refuses it.
    #[error(transparent)]
    View(#[from] Refusal),
    /// What comes out of the edited file is another text.
    #[error("what is read out of the edited file would be another text")]
    OtherText,
}

impl Hosted {
    /// A text that a file of some form holds.
    pub(crate) fn new(
        (path, source): (&Path, Arc<Source>),
        view: Arc<View>,
        name: &str,
        (form, number): (Form, usize),
    ) -> Self {
        Self {
            source,
            path: path.to_owned(),
            view,
            name: Some(name.into()),
            machine: None,
            is_in_cluster: false,
            alternative: 0,
            form: Some((form, number)),
            is_template: false,
            is_of_envsubst: false,
            environments: Arc::default(),
            chart: Arc::default(),
        }
    }

    /// The same in a chart.
    pub(crate) fn in_chart(self, chart: &Arc<Chart>) -> Self {
        Self { chart: Arc::clone(chart), ..self }
    }

    /// What it is on other ways through the branches of its host.
    pub(crate) fn on_other_ways(&self, views: Vec<Arc<View>>) -> impl Iterator<Item = Self> + use<> {
        let this = self.clone();
        let way = move |(number, view)| Self { view, alternative: number + 1, ..this.clone() };
        views.into_iter().enumerate().map(way)
    }

    /// The same of a machine with a name.
    pub(crate) fn of_machine(self, name: Option<&str>) -> Self {
        Self { machine: name.map(Into::into), ..self }
    }

    /// The same of a cluster.
    pub(crate) fn in_cluster(self, is_in_cluster: bool) -> Self {
        Self { is_in_cluster, ..self }
    }

    /// Whether it is of a cluster of Kubernetes, where the names of services are stable.
    pub fn is_in_cluster(&self) -> bool {
        self.is_in_cluster
    }

    /// The name of the machine that a dump is of, if that was given.
    pub fn machine(&self) -> Option<&str> {
        self.machine.as_deref()
    }

    /// Whether the file on disk is a page of documentation.
    pub fn is_documentation(&self) -> bool {
        matches!(self.form, Some((Form::Markup, _)))
    }

    /// Whether two texts are of one file on disk.
    fn is_beside(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source) || self.source.path() == other.source.path()
    }

    /// Whether two texts are ways through the branches of one.
    pub fn is_alternative_of(&self, other: &Self) -> bool {
        self.is_beside(other) && self.form.map(|(_, number)| number) == other.form.map(|(_, number)| number)
    }

    /// The file on disk.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Whether a template's engine is gettext's envsubst for certain.
    pub fn is_of_envsubst(&self) -> bool {
        self.is_of_envsubst
    }

    /// Whether all of the file on disk is a template of this text.
    pub fn is_whole_template(&self) -> bool {
        self.is_template && self.form.is_none()
    }

    /// The text, with its map.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// What the text is called inside the host: `default.conf` of a `ConfigMap`. `None` where it is all of the file.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Which way through its branches it is; 0 is the first.
    pub fn alternative(&self) -> usize {
        self.alternative
    }

    /// Whether the text has what stands at a place of the file on disk, or the value that an environment has for it.
    pub fn has(&self, on_disk: Span) -> bool {
        let is_filled =
            || !self.environments.is_empty() && self.view.from_host(Span::at(on_disk.start)).is_some();
        self.view.from_host(on_disk).is_some() || is_filled()
    }

    /// The path under which the file on disk is opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file on disk is what `nginx -T` prints.
    pub fn is_dump(&self) -> bool {
        matches!(self.form, Some((Form::Dump, _)))
    }

    /// An edit of the text as one of the file on disk: what is replaced there, and by what.
    ///
    /// # Errors
    /// [`Refusal`], where a byte that it touches or stands between is no copied one.
    pub fn edit(&self, span: Span, replacement: &[u8]) -> Result<(Span, Vec<u8>), Refusal> {
        self.view.edit(span, replacement)
    }

    /// Where a span of the text stands in the file on disk.
    pub fn on_disk(&self, span: Span) -> Span {
        self.view.on_host(span)
    }
}

/// An edit of a text that another file holds.
#[derive(Debug, Clone)]
pub struct HostedEdit<'e> {
    /// The text.
    pub file: FileId,
    /// What is replaced in it.
    pub span: Span,
    /// By what.
    pub replacement: &'e [u8],
}

/// Adds lines `key: value` to others: one that is there is not written again, for YAML takes a key once in a mapping.
fn add_keys(known: &mut Vec<u8>, more: &[u8]) -> Result<(), EditRefusal> {
    let key = |line: &[u8]| line.trim_ascii().splitn(2, |byte| *byte == b'"').next().map(<[u8]>::to_vec);
    for line in more.split_inclusive(|byte| *byte == b'\n') {
        let mut there = known.split_inclusive(|byte| *byte == b'\n');
        match there.find(|other| key(other) == key(line)) {
            None => known.extend_from_slice(line),
            Some(other) if other == line => {}
            // With another value: one of them waits until the other is written.
            Some(_) => return Err(EditRefusal::OtherText),
        }
    }
    Ok(())
}

impl Sources {
    /// All texts of the files on disk that these edits change, as they are read out of the edited files.
    ///
    /// # Errors
    /// Where the edit of a text is none of its host, or leads to another text than it says.
    pub fn texts_after(&self, edits: &[HostedEdit<'_>]) -> Result<BTreeMap<FileId, Text>, EditRefusal> {
        let mut texts = BTreeMap::new();
        let mut hosts: Vec<(&Hosted, BTreeMap<Span, Vec<u8>>)> = Vec::new();
        let mut expected: BTreeMap<FileId, Vec<(Span, &[u8])>> = BTreeMap::new();
        for edit in edits {
            let Some(hosted) = self.get(edit.file).and_then(SourceFile::hosted) else { continue };
            expected.entry(edit.file).or_default().push((edit.span, edit.replacement));
            let (span, text) = hosted.view.edit(edit.span, edit.replacement)?;
            let is_rendered = hosted.view.rendered().is_some();
            let own = match hosts.iter_mut().position(|(host, _)| host.is_beside(hosted)) {
                Some(index) => hosts.get_mut(index),
                None => {
                    hosts.push((hosted, BTreeMap::new()));
                    hosts.last_mut()
                }
            };
            let Some((_, own)) = own else { continue };
            // Several ways through the branches come to the same line, and several paths to the same annotations.
            match own.entry(span) {
                Entry::Vacant(free) => {
                    free.insert(text);
                }
                Entry::Occupied(known) if *known.get() == text => {}
                Entry::Occupied(mut known) if is_rendered && span.is_empty() => {
                    add_keys(known.get_mut(), &text)?;
                }
                Entry::Occupied(_) => return Err(EditRefusal::OtherText),
            }
        }
        for (host, edits) in hosts {
            let edits = edits.iter().map(|(span, text)| (*span, text.as_slice()));
            let bytes = applied(host.source.bytes(), edits).ok_or(EditRefusal::OtherText)?;
            let source = Source::new(host.source.path(), bytes).map_err(|_| EditRefusal::OtherText)?;
            let source = Arc::new(source);
            let own = self.iter().filter_map(|(id, file)| Some((id, file, file.hosted()?)));
            let own: Vec<_> = own.filter(|(_, _, hosted)| hosted.is_beside(host)).collect();
            for (id, file, hosted) in own {
                let new = hosted.again(&source, file).ok_or(EditRefusal::OtherText)?;
                // An annotation is of all paths of its object: what the edited file makes of it is judged as it is.
                let is_written = hosted.view.rendered().is_none();
                if let Some(edits) = expected.get(&id).filter(|_| is_written) {
                    let edits = edits.iter().map(|(span, text)| (*span, *text));
                    if applied(file.bytes(), edits).is_none_or(|expected| expected != new.view.bytes()) {
                        return Err(EditRefusal::OtherText);
                    }
                }
                texts.insert(id, Text::Hosted(Box::new(new)));
            }
        }
        Ok(texts)
    }
}

impl Sources {
    /// The texts that a file on disk holds, by the path that was opened, read out of it with other bytes; empty for a file
    /// that nginx reads as it is.
    ///
    /// # Errors
    /// When it has other texts, or other branches, than it had.
    pub fn texts_of_host(&self, path: &Path, bytes: &[u8]) -> Result<BTreeMap<FileId, Text>, EditRefusal> {
        let own = self.iter().filter_map(|(id, file)| Some((id, file, file.hosted()?)));
        let own: Vec<_> = own.filter(|(_, _, hosted)| hosted.path == path).collect();
        let Some((_, _, first)) = own.first() else { return Ok(BTreeMap::new()) };
        let source = Source::new(first.source.path(), bytes.to_vec()).map_err(|_| EditRefusal::OtherText)?;
        let source = Arc::new(source);
        let (is_template, ways) = (first.form.is_none(), own.len());
        if is_template {
            let manner =
                own.first().map(|(_, file, own)| manner(file, own.is_of_envsubst)).unwrap_or_default();
            let environments = &first.environments;
            if ways_of(bytes, None, manner, environments, &first.chart).len() != ways {
                return Err(EditRefusal::OtherText);
            }
        }
        let new = |(id, file, hosted): &(FileId, &SourceFile, &Hosted)| {
            let hosted = hosted.again(&source, file).ok_or(EditRefusal::OtherText)?;
            Ok((*id, Text::Hosted(Box::new(hosted))))
        };
        own.iter().map(new).collect()
    }
}

/// A text with edits in order; `None` where they overlap.
fn applied<'e>(text: &[u8], edits: impl Iterator<Item = (Span, &'e [u8])>) -> Option<Vec<u8>> {
    let mut new = Vec::with_capacity(text.len());
    let mut at = 0;
    for (span, replacement) in edits {
        new.extend_from_slice(text.get(at..span.start as usize)?);
        new.extend_from_slice(replacement);
        at = span.end as usize;
    }
    new.extend_from_slice(text.get(at..)?);
    Some(new)
}

impl Hosted {
    /// The same text, read out of its file with other bytes.
    fn again(&self, source: &Arc<Source>, file: &SourceFile) -> Option<Self> {
        let found = match self.form {
            Some((form, number)) => {
                Some(nginx_forms::views_in(form, source.bytes(), &self.chart).into_iter().nth(number)?)
            }
            None => None,
        };
        if !self.is_template {
            let found = found?;
            // Two ways that come to the same now are one.
            let ways = std::iter::once(found.view).chain(found.other_ways).take(self.alternative + 1);
            let view = ways.last()?;
            return Some(Self { source: source.clone(), view, ..self.clone() });
        }
        let outer = found.map(|found| found.view);
        let text = outer.as_ref().map_or(source.bytes(), |outer| outer.bytes());
        let manner = manner(file, self.is_of_envsubst);
        let views = ways_of(text, outer.as_ref(), manner, &self.environments, &self.chart);
        let view = views.into_iter().nth(self.alternative)?;
        Some(Self { source: source.clone(), view: Arc::new(view), ..self.clone() })
    }
}

/// The ways through the branches of a template; for envsubst also those of each environment that it may be filled in by.
fn ways_of(
    text: &[u8],
    outer: Option<&Arc<View>>,
    manner: Manner,
    environments: &[Values],
    chart: &Chart,
) -> Vec<View> {
    // In a text that another file holds it is filled in already.
    let filled = if outer.is_none() { chart.filled(text).map(Arc::new) } else { None };
    let views = match &filled {
        Some(filled) => template::alternatives(filled.bytes(), Some(filled), manner).views,
        None => template::alternatives(text, outer, manner).views,
    };
    // Engines with marks of their own have variables of their own.
    if environments.is_empty() || has_other_marks(text) {
        return views;
    }
    let mut filled: Vec<View> = Vec::new();
    for view in views {
        let view = Arc::new(view);
        for values in environments {
            let one = environment::filled(&view, values, environments.len() == 1);
            let one = one.unwrap_or_else(|| View::clone(&view));
            if filled.len() < template::MOST_ALTERNATIVES
                && !filled.iter().any(|known| known.bytes() == one.bytes())
            {
                filled.push(one);
            }
        }
    }
    filled
}

/// What the name of a template tells, and what fills it in.
fn manner(file: &SourceFile, is_of_envsubst: bool) -> Manner {
    Manner { is_by_name: is_template_by_name(&file.path), is_of_envsubst }
}

/// Whether a text has marks of an engine that is not envsubst.
fn has_other_marks(text: &[u8]) -> bool {
    [&b"{{"[..], b"{%", b"<%"].into_iter().any(|mark| memchr::memmem::find(text, mark).is_some())
}

/// The ways through the branches of a file, if it is a template that nginx would not read as it stands: nobody can have
/// another text judged by writing a mark into a file that works. Empty for any other file.
pub(crate) fn of_template(file: &SourceFile, containers: &Containers) -> Vec<SourceFile> {
    let is_by_name = is_template_by_name(&file.path);
    let is_marked = file.template_mark().is_some() || is_by_name;
    if !is_marked || template::is_beyond_reading(file.bytes()) {
        return Vec::new();
    }
    let outer = file.hosted();
    let environments = match outer {
        None if is_by_name && !containers.is_empty() => containers.environments(&file.path),
        _ => Arc::default(),
    };
    let chart = match outer {
        Some(outer) => Arc::clone(&outer.chart),
        None => containers.chart(&file.path),
    };
    let is_of_envsubst = outer.is_none()
        && is_by_name
        && containers.is_for_envsubst(&file.path)
        && !has_other_marks(file.bytes());
    let manner = manner(file, is_of_envsubst);
    let views = ways_of(file.bytes(), outer.map(|outer| &outer.view), manner, &environments, &chart);
    let hosted = |(alternative, view): (usize, View)| {
        let hosted = Hosted {
            source: file.on_disk().clone(),
            path: outer.map_or(&file.path, |outer| &outer.path).clone(),
            view: Arc::new(view),
            name: outer.and_then(|outer| outer.name.clone()),
            machine: outer.and_then(|outer| outer.machine.clone()),
            is_in_cluster: outer.is_some_and(|outer| outer.is_in_cluster),
            alternative,
            form: outer.and_then(|outer| outer.form),
            is_template: true,
            is_of_envsubst,
            environments: Arc::clone(&environments),
            chart: Arc::clone(&chart),
        };
        SourceFile::of_view(file.path.clone(), file.source.path(), hosted, file.may_be_shown).ok()
    };
    let files: Option<Vec<SourceFile>> = views.into_iter().enumerate().map(hosted).collect();
    // What is still no text of nginx is a template of another kind.
    files.filter(|files| files.iter().all(|file| file.template_mark().is_none())).unwrap_or_default()
}

//! What a reader should know that is no defect: what was not read, and why.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lint_finding::{File, FileId, Notice, NoticeCode, Place};
use nginx_semantics::budgets::{
    ADDRESSES, COPIES, COPIES_OF_WRITTEN, DECLARED, DECLARED_OF_WRITTEN, DECLARED_PATH, LINES_OF_WAYS,
    LINES_OF_WRITTEN, LISTENS, LISTENS_AND_NAMES, WAYS,
};
use nginx_semantics::{
    Configuration, Controller, CutReason, Directive, DirectiveName, DirectiveRef, Hosted, IncludeFailure,
    IncludeProblem, Loaded, Misread, ReadError, Scope, SkipReason, Skipped, SourceFile, misreads,
};

use nginx_syntax::{LeafKind, Span, lossy};
use ws_model::Model;

use crate::gather::Gathered;
use crate::reports;
use crate::settings::{ProblemKind, SettingsFiles, SettingsProblem};

/// Files that are not judged. Those that were walked, and are of another kind by their names, are in the list of files
/// alone.
pub(crate) fn of_skipped(loaded: &Loaded, gathered: &mut Gathered) {
    let mut is_incomplete = false;
    for Skipped { path, reason, is_named, is_by_name, is_near } in &loaded.skipped {
        let code = match reason {
            SkipReason::Template(_) | SkipReason::TemplateByName => NoticeCode::Template,
            SkipReason::NotNginx | SkipReason::Binary | SkipReason::Mixed => NoticeCode::NotNginx,
            SkipReason::Empty => NoticeCode::EmptyFile,
            SkipReason::NotEnabled => NoticeCode::NotEnabled,
            SkipReason::OtherKind(_)
            | SkipReason::OtherName
            | SkipReason::Encoded(_)
            | SkipReason::Stored(_)
            | SkipReason::Packed
            | SkipReason::Routes
            | SkipReason::Unsure(_)
            | SkipReason::Dump
            | SkipReason::FailedTest(_)
            // It was read.
            | SkipReason::Budget => NoticeCode::NotJudged,
            SkipReason::Outside
            | SkipReason::LinkedFolder
            | SkipReason::LinkIntoPassedOver
            | SkipReason::BrokenLink
            | SkipReason::Unreadable(_)
            | SkipReason::NothingFound => NoticeCode::UnreadableFile,
        };
        let incomplete = match reason {
            // It was read, and there is nothing to judge.
            SkipReason::Empty => false,
            SkipReason::Unreadable(ReadError::NotRegular | ReadError::NotFound) => *is_named,
            SkipReason::Unreadable(_) => *is_near,
            _ => *is_named,
        };
        is_incomplete |= incomplete;
        if incomplete || *is_by_name {
            let message = reports::not_judged(reason).text;
            gathered.notice(Notice { code, message, place: None, path: Some(path.clone()), incomplete });
        }
    }
    if loaded.judged.is_empty() && !is_incomplete {
        let mut sources = loaded.sources.iter().map(|(_, file)| file.source.bytes()).peekable();
        let is_empty = sources.peek().is_some() && sources.all(|bytes| bytes.trim_ascii().is_empty());
        let message = if is_empty { "nothing was judged: the input is empty" } else { "nothing was judged" };
        let message = message.to_owned();
        let code = NoticeCode::NothingJudged;
        gathered.notice(Notice { code, message, place: None, path: None, incomplete: true });
    }
}

/// That a controller is kept no longer, once for all that it reads.
pub(crate) fn of_controllers(loaded: &Loaded, gathered: &mut Gathered) {
    let judged = loaded.sources.iter().filter(|(id, _)| loaded.judged.contains(id));
    let mut rendered = judged.filter_map(|(_, file)| file.hosted()?.view().rendered());
    if rendered.any(|one| one.controller() == Controller::IngressNginx && !one.is_settings()) {
        // https://kubernetes.io/blog/2025/11/11/ingress-nginx-retirement/
        let message =
            "ingress-nginx is retired: it has had no releases and no security fixes since March 2026";
        let code = NoticeCode::IngressController;
        gathered.notice(Notice { code, message: message.into(), place: None, path: None, incomplete: false });
    }
}

/// What envsubst does not make of templates what their authors meant.
pub(crate) fn of_templates(loaded: &Loaded, gathered: &mut Gathered) {
    for (id, file) in loaded.sources.iter().filter(|(id, _)| loaded.judged.contains(id)) {
        let Some(hosted) = file.hosted().filter(|hosted| hosted.is_whole_template()) else { continue };
        let is_named = hosted.path().extension().is_some_and(|extension| extension == "template");
        if !is_named && !hosted.is_of_envsubst() {
            continue;
        }
        let text = hosted.source().bytes();
        for (span, what) in misreads(text) {
            let (Some(start), Some(last)) =
                (hosted.view().of_host(span.start), hosted.view().of_host(span.end.saturating_sub(1)))
            else {
                continue;
            };
            let is_comment = file.tree.leaf_at(start).is_some_and(|leaf| leaf.kind == LeafKind::Comment);
            if is_comment {
                continue;
            }
            let written = span.of(text).to_vec();
            let span = Span::new(start, last + 1);
            let written = lossy(&written);
            let message = match what {
                Misread::LeftAlone => {
                    format!(
                        "envsubst leaves `{written}` as it is: it replaces names, and knows no default values"
                    )
                }
                Misread::NotEscaped => {
                    let name = written.trim_matches(['$', '{', '}']);
                    format!(
                        "envsubst has no escape: `$$` before `{name}` becomes a `$` and the value of `{name}`"
                    )
                }
            };
            let place = Some(Place { file: id, span });
            let code = NoticeCode::Template;
            gathered.notice(Notice { code, message, place, path: None, incomplete: false });
        }
    }
}

/// Includes whose files were not given or could not be read.
pub(crate) fn of_includes(configuration: Configuration<'_>, gathered: &mut Gathered) {
    for problem in configuration.problems() {
        let target = &problem.target;
        let (code, message, incomplete) = match &problem.failure {
            IncludeFailure::NotFound { is_inside: false } => {
                let message = format!(
                    "`{target}` was not given: what it may set is taken as unknown; give it with --path-map, or read this machine's with --host-includes"
                );
                (NoticeCode::IncludeNotGiven, message, false)
            }
            IncludeFailure::FilledIn if is_of_dump(configuration, problem.at) => {
                let message = "the dump breaks off here: what would follow is taken as unknown".to_owned();
                (NoticeCode::IncludeNotGiven, message, false)
            }
            IncludeFailure::FilledIn if is_rendered(configuration, problem) => {
                let message = "annotations that are not written here may change what the controller does for this path: \
                               what they may set is taken as unknown";
                (NoticeCode::Template, message.to_owned(), false)
            }
            IncludeFailure::FilledIn => {
                let message = format!(
                    "a template fills in lines for `{target}`: what they may set is taken as unknown"
                );
                (NoticeCode::Template, message, false)
            }
            IncludeFailure::Unreadable(error @ ReadError::Template(_)) => {
                (NoticeCode::Template, format!("`{target}` is not linted: {error}"), true)
            }
            IncludeFailure::Unreadable(error) => {
                (NoticeCode::UnreadableFile, format!("`{target}` cannot be read: {error}"), true)
            }
            IncludeFailure::TooLarge => (
                NoticeCode::TooLarge,
                format!(
                    "includes repeat what is written too often: from here on each file is judged once, and its copies \
                     are not (at most {COPIES} in all, or {COPIES_OF_WRITTEN} times what is written)"
                ),
                true,
            ),
            IncludeFailure::TooManyAddresses => (
                NoticeCode::TooLarge,
                format!(
                    "this server has too many addresses: from here on its `listen` and `server_name` lines are not \
                     judged (at most {LISTENS} addresses, and {LISTENS_AND_NAMES} pairs of an address and a name)"
                ),
                true,
            ),
            IncludeFailure::TooDeep => (
                NoticeCode::TooLarge,
                "blocks are nested deeper than is judged; the inner ones are left out".to_owned(),
                true,
            ),
            // A rule speaks about these.
            IncludeFailure::NotFound { is_inside: true }
            | IncludeFailure::IsFolder
            | IncludeFailure::Cycle => continue,
        };
        let place = place(configuration, problem.at);
        if matches!(problem.failure, IncludeFailure::NotFound { .. } | IncludeFailure::FilledIn) {
            gathered.unknown_lines(place);
        }
        gathered.notice(Notice { code, message, place: Some(place), path: None, incomplete });
    }
    for (_, context) in configuration.contexts() {
        for gap in context.gaps.iter().filter(|gap| gap.is_pattern) {
            let include = configuration.directive(gap.include);
            let message = format!("`{}` matches no file that was given", include.arguments_text());
            let place = Some(place(configuration, gap.include));
            gathered.notice(Notice {
                code: NoticeCode::IncludeNotGiven,
                message,
                place,
                path: None,
                incomplete: false,
            });
        }
    }
}

/// Whether a line stands in what `nginx -T` printed.
fn is_of_dump(configuration: Configuration<'_>, at: DirectiveRef) -> bool {
    let hosted = configuration.sources.get(at.file).and_then(|file| file.hosted());
    hosted.is_some_and(Hosted::is_dump)
}

/// Whether the lines are of a location that an ingress controller writes.
fn is_rendered(configuration: Configuration<'_>, problem: &IncludeProblem) -> bool {
    let hosted = configuration.directive(problem.at).file().and_then(SourceFile::hosted);
    hosted.is_some_and(|hosted| hosted.view().rendered().is_some())
}

/// What was not followed to its end; to be asked once all rules have asked their questions.
pub(crate) fn of_ways(model: &Model<'_>, gathered: &mut Gathered) {
    let Some(cut) = model.variables.cut() else { return };
    let message = match cut.why {
        CutReason::Ways => format!(
            "a request may take more than {WAYS} ways from here: the others are not followed, and nothing is said that \
             depends on them"
        ),
        CutReason::Lines => format!(
            "requests run through too many lines on all their ways (at most {LINES_OF_WAYS}, or {LINES_OF_WRITTEN} times \
             what is written): from here on some are followed on one way alone, and nothing is said that depends on the \
             others"
        ),
        CutReason::Declared => format!(
            "too many paths are declared for this many servers and rewrite lines (at most {DECLARED}, or \
             {DECLARED_OF_WRITTEN} times what is written, where a path counts {DECLARED_PATH} in each server): from this \
             server on some are not looked for"
        ),
    };
    gathered.notice(Notice {
        code: NoticeCode::TooLarge,
        message,
        place: Some(place(model.configuration, cut.line)),
        path: None,
        incomplete: true,
    });
}

/// The addresses at which a request was not followed, `line` being the first of them. Where a server had too many
/// addresses already, that notice says this too: one fault, one notice.
pub(crate) fn of_addresses(
    configuration: Configuration<'_>,
    line: &Directive<'_>,
    count: usize,
    gathered: &mut Gathered,
) {
    let mut problems = configuration.problems().iter();
    if let Some(cut) = problems.find(|problem| problem.failure == IncludeFailure::TooManyAddresses) {
        let more =
            format!("; the request is followed at the first {ADDRESSES} addresses, --via-listen names one");
        gathered.say_more(NoticeCode::TooLarge, place(configuration, cut.at), &more);
        return;
    }
    gathered.notice(Notice {
        code: NoticeCode::TooLarge,
        message: format!(
            "the request may come to {count} addresses: it is followed at the first {ADDRESSES}, and not from this one \
             on; --via-listen names one"
        ),
        place: Some(line.visible().at()),
        path: None,
        incomplete: true,
    });
}

/// Paths of `--ws-path` of which nothing can be said.
pub(crate) fn of_paths(model: &Model<'_>, gathered: &mut Gathered) {
    for (path, line) in &model.unclear_paths {
        let why = match line.name() {
            DirectiveName::LOCATION => "the regex is not evaluated",
            DirectiveName::INCLUDE => "the file was not given",
            _ => "what this line does is not known",
        };
        gathered.notice(Notice {
            code: NoticeCode::CommandLine,
            message: format!("whether `{path}` is served here cannot be said: {why}"),
            place: Some(line.visible().at()),
            path: None,
            incomplete: false,
        });
    }
}

fn place(configuration: Configuration<'_>, reference: DirectiveRef) -> Place {
    configuration.at(configuration.visible(reference))
}

/// What is wrong in settings files; they join the files of the outcome, so that the places can be shown.
pub(crate) fn of_settings(
    found: &SettingsFiles<'_>,
    unused: &BTreeMap<PathBuf, Vec<SettingsProblem>>,
    scope: &Scope,
    files: &mut Vec<File>,
    gathered: &mut Gathered,
) {
    for file in found.read_files() {
        let mut problems: Vec<&SettingsProblem> =
            file.problems.iter().chain(unused.get(&file.path).into_iter().flatten()).collect();
        if problems.is_empty() {
            continue;
        }
        problems.sort_by_key(|problem| problem.span);
        let id = FileId(u32::try_from(files.len()).unwrap_or(u32::MAX));
        files.push(File { source: file.source.clone(), may_be_shown: true, view: None, raw_path: None });
        for problem in problems {
            gathered.notice(Notice {
                code: match problem.kind {
                    ProblemKind::TooLarge => NoticeCode::TooLarge,
                    ProblemKind::Wrong | ProblemKind::Question | ProblemKind::Unused => NoticeCode::Settings,
                },
                message: problem.message.clone(),
                place: Some(Place { file: id, span: problem.span }),
                path: None,
                incomplete: matches!(problem.kind, ProblemKind::Wrong | ProblemKind::TooLarge),
            });
        }
    }
    for path in found.passed_over() {
        gathered.notice(Notice {
            code: NoticeCode::Settings,
            message: "these settings are not used: outside a repository only those in a given folder are; name them with --config"
                .to_owned(),
            place: None,
            path: Some(scope.shown(&path)),
            incomplete: false,
        });
    }
    for (path, error) in found.unreadable() {
        gathered.notice(Notice {
            code: NoticeCode::Settings,
            message: format!("these settings cannot be read: {error}"),
            place: None,
            path: Some(scope.shown(&path)),
            incomplete: true,
        });
    }
}

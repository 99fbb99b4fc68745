//! What became of each file, in words.

use lint_finding::{FileReport, FileStatus, NotJudged, Outcome};
use nginx_semantics::{Belonging, FileStatus as Status, Loaded, SkipReason};

/// Adds it to an outcome, with the counts.
pub(crate) fn add(loaded: &Loaded, outcome: &mut Outcome) {
    outcome.reports = loaded.files.iter().map(report).collect();
    say_parts(&mut outcome.reports);
    outcome.passed_over.clone_from(&loaded.passed_over);
    outcome.excluded.clone_from(&loaded.excluded);
    outcome.summary.excluded = loaded.excluded.len();
    let count = |status| outcome.reports.iter().filter(|report| report.status == status).count();
    outcome.summary.not_judged = count(FileStatus::NotJudged);
    outcome.summary.not_nginx = count(FileStatus::NotNginx);
    outcome.summary.passed_over = loaded.passed_over.len();
}

/// Says of a file that only some of its texts are judged.
fn say_parts(reports: &mut [FileReport]) {
    let has_judged_text = |report: &FileReport| {
        // They are in the order of their paths.
        let texts = format!("{}#", report.path);
        let first = reports.partition_point(|other| other.path < texts);
        let mut own = reports.get(first..).unwrap_or_default().iter();
        own.by_ref()
            .take_while(|other| other.path.starts_with(&texts))
            .any(|other| matches!(other.status, FileStatus::Judged | FileStatus::Included))
    };
    let in_part: Vec<bool> = reports
        .iter()
        .map(|report| report.status == FileStatus::NotJudged && has_judged_text(report))
        .collect();
    for (report, _) in reports.iter_mut().zip(in_part).filter(|(_, in_part)| *in_part) {
        report.is_in_part = true;
        let reason = report.reason.as_mut();
        if let Some(reason) = reason.filter(|reason| reason.holds_nginx && reason.code != NOT_CERTAIN) {
            reason.text = format!("{} with other lines of nginx, which are not linted", reason.noun.0);
        }
    }
}

/// The reason of a file that says itself what of it is not judged.
const NOT_CERTAIN: &str = "not-certain";

fn report(file: &nginx_semantics::FileReport) -> FileReport {
    let nginx_semantics::FileReport { path, status, part } = file;
    let Belonging { of, adopted_by, block } = part.clone();
    let (status, reason) = match status {
        Status::Judged => (FileStatus::Judged, None),
        Status::Included => (FileStatus::Included, None),
        Status::NoConfiguration => (FileStatus::NotNginx, None),
        Status::NotJudged(reason) => (FileStatus::NotJudged, Some(not_judged(reason))),
    };
    FileReport { path: path.to_owned(), status, reason, is_in_part: false, part_of: of, adopted_by, block }
}

/// Why a file is not judged, for programs and for people.
pub(crate) fn not_judged(reason: &SkipReason) -> NotJudged {
    let (code, noun, text) = match reason {
        SkipReason::Template(placeholder) => (
            "template",
            ("template", "templates"),
            format!("template, not linted: it has `{placeholder}`"),
        ),
        SkipReason::TemplateByName => (
            "template",
            ("template", "templates"),
            "a template by its name, not linted; lint what it renders to".to_owned(),
        ),
        SkipReason::OtherKind(kind) => (
            kind.name(),
            kind.nouns(),
            format!("{} with lines of nginx, which are not linted", kind.nouns().0),
        ),
        SkipReason::OtherName => (
            "other-name",
            ("file under another name", "files under another name"),
            "has lines of nginx and a name that folders are not searched for, not linted; name it to have it judged"
                .to_owned(),
        ),
        SkipReason::Mixed => (
            "mixed",
            ("file of something else", "files of something else"),
            "has lines of nginx and does not read as nginx configuration, not linted".to_owned(),
        ),
        SkipReason::Dump => (
            "dump",
            ("dump of `nginx -T`", "dumps of `nginx -T`"),
            "is what `nginx -T` prints, several files as one, not linted; lint the files themselves".to_owned(),
        ),
        SkipReason::FailedTest(message) => (
            "failed-test",
            ("test that failed", "tests that failed"),
            format!("has no configuration: nginx refuses it, so `nginx -T` prints none of it: {message}"),
        ),
        SkipReason::NotNginx => (
            "not-nginx",
            ("file of something else", "files of something else"),
            "does not read as nginx configuration, not linted".to_owned(),
        ),
        SkipReason::Binary => {
            ("binary", ("binary file", "binary files"), "is not a text file, not linted".to_owned())
        }
        SkipReason::Encoded(encoding) => (
            "encoding",
            ("file in an encoding that nginx does not read", "files in encodings that nginx does not read"),
            format!("is {encoding} with lines of nginx, which nginx does not read; save it as UTF-8"),
        ),
        SkipReason::Stored(what) => (
            "stored-elsewhere",
            ("file without its text", "files without their text"),
            format!("is {what}: its text is not here, not linted"),
        ),
        SkipReason::Packed => (
            "packed",
            ("packed file", "packed files"),
            "is packed and names nginx, not linted; lint what it holds".to_owned(),
        ),
        SkipReason::Routes => (
            "kubernetes-routes",
            ("file with routes of a gateway", "files with routes of a gateway"),
            "has routes of NGINX Gateway Fabric or a TransportServer, which are not judged".to_owned(),
        ),
        SkipReason::Unsure(why) => (
            NOT_CERTAIN,
            ("file whose text of nginx is not certain", "files whose text of nginx is not certain"),
            format!("holds text of nginx that is not judged: {why}"),
        ),
        SkipReason::Empty => ("empty", ("empty file", "empty files"), "holds no directive".to_owned()),
        SkipReason::NotEnabled => (
            "not-enabled",
            ("site that is not enabled", "sites that are not enabled"),
            "no link in sites-enabled leads to it, not linted; name it to have it judged".to_owned(),
        ),
        SkipReason::Outside => (
            "outside",
            ("link that leads out", "links that lead out"),
            "is not read: a link leads out of the repository or the given folders; --host-includes allows that"
                .to_owned(),
        ),
        SkipReason::LinkedFolder => (
            "linked-folder",
            ("link to a folder elsewhere", "links to folders elsewhere"),
            "is a link to a folder outside of the given ones, not followed; name that folder".to_owned(),
        ),
        SkipReason::LinkIntoPassedOver => (
            "link-into-passed-over",
            ("link to a folder passed over", "links to folders passed over"),
            "is a link to a folder that is not looked into; name that folder".to_owned(),
        ),
        SkipReason::BrokenLink => {
            ("broken-link", ("broken link", "broken links"), "is a link to nothing".to_owned())
        }
        SkipReason::Unreadable(error) => {
            ("unreadable", ("unreadable", "unreadable"), format!("cannot be read: {error}"))
        }
        SkipReason::Budget => (
            "not-looked-into",
            ("not looked into", "not looked into"),
            "was not looked into to its end, because so much was before; name its folder alone".to_owned(),
        ),
        SkipReason::NothingFound => (
            "nothing-judged",
            ("folder without configuration", "folders without configuration"),
            "nothing in it was judged".to_owned(),
        ),
    };
    let holds_nginx = matches!(
        reason,
        SkipReason::Template(_)
            | SkipReason::TemplateByName
            | SkipReason::OtherKind(_)
            | SkipReason::OtherName
            | SkipReason::Mixed
            | SkipReason::Encoded(_)
            | SkipReason::Dump
            | SkipReason::FailedTest(_)
            | SkipReason::Routes
            | SkipReason::Unsure(_)
            | SkipReason::NotEnabled
    );
    NotJudged { code, noun, text, holds_nginx }
}

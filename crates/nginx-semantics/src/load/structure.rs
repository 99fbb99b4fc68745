//! Whether a file is nginx configuration, by its structure.
//!
//! Many programs write `name value;` and `name { … }`, and share words with nginx: `user`, `if`, `set`, `return`,
//! `index`, `include`. So no first word is a proof. What proves it is a block of nginx with nginx's directives in it,
//! wherever it stands, or directives that nothing else has; a path that says so makes do with less.

use std::path::Path;

use nginx_syntax::{BYTE_ORDER_MARK, LeafKind, NodeId};

use crate::catalogue::{Directive, DirectiveName, is_builtin_variable};
use crate::naming::by_first_line;
use crate::sources::SourceFile;

/// As many statements are looked at: nginx's structure shows long before, and the rest of a large file costs nothing.
const MOST_STATEMENTS: usize = 4_096;

/// Names that configurations of other programs begin lines with too.
const SHARED: [&str; 18] = [
    "allow", "break", "daemon", "default", "deny", "env", "if", "include", "index", "key", "pid", "return",
    "root", "server", "set", "timeout", "user", "zone",
];

/// What a merge that failed leaves in any file.
const MERGE: [&[u8]; 4] = [b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||"];

/// The block of the media types.
const TYPES: &str = "types";

/// What the path of a file says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum PathSays {
    /// Nothing.
    Nothing,
    /// Folders that nginx's trees have, and those of other programs.
    Maybe,
    /// That it belongs to nginx.
    Nginx,
}

/// Whether a walked file reads as nginx configuration; `path` is its path from the folder that was given, that folder's
/// name included. A comment that says so counts, unless comments are passed over.
pub(crate) fn is_nginx(file: &SourceFile, path: &Path, ignores_comments: bool) -> bool {
    match first_line(file.bytes()) {
        FirstLine::OtherReader => return false,
        // nginx takes it as a comment. What it puts around lines of nginx, such as `cat <<EOF`, is no directive.
        FirstLine::Interpreter => return is_all_nginx(file),
        FirstLine::Ours => {}
    }
    let mut comments = file.tree.comments().filter(|_| !ignores_comments);
    if comments.any(|comment| is_our_comment(comment.of(file.bytes()))) {
        return true;
    }
    let top = Statements::of(file, NodeId::FILE);
    match structure(file) {
        // What begins in another language only quotes nginx.
        Structure::Filled => !top.begins_foreign && top.foreign <= top.well_shaped + top.blocks,
        Structure::Empty => top.foreign == 0,
        Structure::Types => top.well_shaped == top.all,
        Structure::Foreign => false,
        Structure::None => top.are_directives(path_says(path)),
    }
}

/// Whether a file that lies beside others of nginx is one: each statement is one of nginx's, whoever else has its name.
pub(super) fn is_nginx_beside_others(file: &SourceFile) -> bool {
    first_line(file.bytes()) == FirstLine::Ours && is_all_nginx(file)
}

/// Whether nothing but statements of nginx stands on the top level.
fn is_all_nginx(file: &SourceFile) -> bool {
    let top = Statements::of(file, NodeId::FILE);
    top.all > 0 && top.well_shaped == top.all && file.tree.errors().is_empty()
}

/// Whether even a file that was named is no configuration: it begins in another language.
pub(super) fn is_foreign_from_start(file: &SourceFile) -> bool {
    let first = file.tree.children(NodeId::FILE).next();
    first.is_some_and(|node| !is_structural(file, node) && is_of_another_language(file, node))
}

/// Whether even a file that was named is no configuration: it has no block of nginx with anything of nginx in it, and at no
/// depth a statement with a name that only nginx has, or most statements are of another language. Hooks name whatever has changed and ends in `.conf`.
/// One or two lines are rather a try.
pub(super) fn has_nothing_of_nginx(file: &SourceFile) -> bool {
    let is_nginxs = |node: NodeId| {
        let name = file.name(node);
        name != DirectiveName::UNKNOWN
            && !SHARED.contains(&name.as_str())
            && !is_of_another_language(file, node)
    };
    let lines = file.bytes().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let is_long = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#")).nth(2).is_some();
    if !is_long || is_all_nginx(file) {
        return false;
    }
    if matches!(structure(file), Structure::Empty | Structure::Filled) {
        return false;
    }
    let top = Statements::of(file, NodeId::FILE);
    top.foreign * 2 > top.all || !file.tree.nodes().take(MOST_STATEMENTS).any(is_nginxs)
}

/// Who reads a file, by its first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FirstLine {
    /// Nginx, as far as the line says.
    Ours,
    /// The program that the line names, and nginx all the same.
    Interpreter,
    /// A program that the line is no comment for.
    OtherReader,
}

fn first_line(text: &[u8]) -> FirstLine {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).trim_ascii_start();
    if text.starts_with(b"<?") || text.starts_with(b"<!") {
        FirstLine::OtherReader
    } else if by_first_line(text).is_some() {
        FirstLine::Interpreter
    } else {
        FirstLine::Ours
    }
}

/// A comment that sets the context is written for this program.
fn is_our_comment(comment: &[u8]) -> bool {
    comment.trim_ascii_start().strip_prefix(b"#").is_some_and(|rest| {
        rest.trim_ascii_start()
            .strip_prefix(b"nginx-ws-lint:")
            .is_some_and(|rest| rest.trim_ascii().starts_with(b"context "))
    })
}

/// Whether a path says that the file belongs to nginx.
pub(super) fn is_nginxs(path: &Path) -> bool {
    path_says(path) == PathSays::Nginx
}

fn path_says(path: &Path) -> PathSays {
    let says = |part: &std::ffi::OsStr| {
        let part = part.to_string_lossy().to_ascii_lowercase();
        let is_nginx = ["nginx", "openresty", "tengine"].iter().any(|name| part.contains(name))
            || part.starts_with("sites-")
            || part.ends_with(".vhost");
        match part.as_str() {
            _ if is_nginx => PathSays::Nginx,
            "conf.d" | "snippets" | "vhosts" | "vhost.d" => PathSays::Maybe,
            _ => PathSays::Nothing,
        }
    };
    path.iter().map(says).max().unwrap_or(PathSays::Nothing)
}

/// What blocks of nginx there are, by what stands in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Structure {
    None,
    /// Their heads, with something else in them.
    Foreign,
    /// Some that nothing stands in, such as `events {}`.
    Empty,
    /// Media types.
    Types,
    /// One with directives of nginx in it.
    Filled,
}

/// The best of all blocks, at any depth: `evnts {` and a missing brace put the others somewhere else.
fn structure(file: &SourceFile) -> Structure {
    let blocks = file.tree.nodes().take(MOST_STATEMENTS).filter(|&node| is_structural(file, node));
    let of_block = |block| {
        let inside = Statements::of(file, block);
        let is_alone = || inside.known == 0 && inside.foreign == 0;
        match inside.all {
            0 => Structure::Empty,
            // Blocks in it are judged by what they hold: HOCON has `http { server { … } }` too.
            all if all == inside.heads => Structure::None,
            // OpenBSD's httpd and relayd have them beside words of their own.
            _ if file.name(block).as_str() == TYPES => Structure::Types,
            // Directives of other modules are no evidence against it, and where the head is nginx's alone enough.
            _ if inside.known > inside.foreign => Structure::Filled,
            _ if is_alone()
                && matches!(file.name(block), DirectiveName::LOCATION | DirectiveName::SERVER) =>
            {
                Structure::Filled
            }
            _ => Structure::Foreign,
        }
    };
    let mut best = Structure::None;
    for block in blocks {
        best = best.max(of_block(block));
        if best == Structure::Filled {
            break;
        }
    }
    best
}

/// Whether the head of a block has the name and the form that only nginx gives it.
fn is_structural(file: &SourceFile, node: NodeId) -> bool {
    use DirectiveName as N;
    if !file.tree.is_block(node) || !stands_plainly(file, node) {
        return false;
    }
    let arguments: Vec<&[u8]> = file.tree.words(node).skip(1).map(|word| word.of(file.bytes())).collect();
    let is_variable = |word: &[u8]| word.starts_with(b"$");
    match (file.name(node), arguments.as_slice()) {
        (N::HTTP | N::EVENTS | N::STREAM | N::MAIL | N::SERVER, [])
        | (N::UPSTREAM, [_])
        | (N::LOCATION, [b"=" | b"~" | b"~*" | b"^~", _]) => true,
        (name, []) => name.as_str() == TYPES,
        (N::LOCATION, [path]) => path.starts_with(b"/") || path.starts_with(b"@") || path.starts_with(b"="),
        (N::MAP | N::GEO, [_, variable]) | (N::GEO, [variable]) => is_variable(variable),
        (N::IF, [first, .., last]) => first.starts_with(b"($") && last.ends_with(b")"),
        (N::IF, [only]) => only.starts_with(b"($") && only.ends_with(b")"),
        _ => false,
    }
}

/// Whether the blocks around a node are of nginx, or at least one word each, as a misspelt one is: what stands in the
/// text of a script has the script around it.
fn stands_plainly(file: &SourceFile, node: NodeId) -> bool {
    let around = std::iter::successors(Some(file.tree.parent(node)), |&node| {
        (node != NodeId::FILE).then(|| file.tree.parent(node))
    });
    around.take(8).filter(|&node| node != NodeId::FILE).all(|node| {
        file.name(node) != DirectiveName::UNKNOWN
            || file.tree.words(node).all(|word| {
                word.of(file.bytes()).iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            }) && file.tree.words(node).count() <= 2
    })
}

/// The statements of one block, counted.
#[derive(Debug, Default)]
struct Statements {
    all: usize,
    /// Those with a name that nginx knows, and no form of another language; blocks of nginx excepted.
    known: usize,
    /// Blocks of nginx.
    heads: usize,
    /// Those of them that are ended and filled as nginx wants them.
    well_shaped: usize,
    /// Those of them whose names other programs do not have.
    own: usize,
    /// Those of them with a name or a variable that only nginx has.
    distinctive: usize,
    /// Blocks with a name that nginx does not know: of a module, or misspelt.
    blocks: usize,
    /// `key = value`, `[section]`, `<Block>`, or what has no end.
    foreign: usize,
    /// Whether the first one is.
    begins_foreign: bool,
}

impl Statements {
    fn of(file: &SourceFile, block: NodeId) -> Self {
        let mut counted = Self::default();
        let name = file.name(block);
        let has_entries = matches!(name, DirectiveName::MAP | DirectiveName::GEO) || name.as_str() == TYPES;
        // What a template fills in may be anything.
        let is_known = |node: &NodeId| file.hosted().is_none() || !file.is_filled_in(*node);
        for node in file.tree.children(block).take(MOST_STATEMENTS).filter(is_known) {
            counted.all += 1;
            let name = file.name(node);
            let is_head = is_structural(file, node);
            counted.heads += usize::from(is_head);
            if !is_head && is_foreign(file, node) {
                counted.foreign += 1;
                counted.begins_foreign |= counted.all == 1;
                continue;
            }
            // Without its end, a name that others have too is no evidence.
            let is_known = name != DirectiveName::UNKNOWN
                && (file.tree.terminator(node).is_some() || !SHARED.contains(&name.as_str()));
            counted.known += usize::from(!is_head && (has_entries || is_known));
            if has_entries || is_well_shaped(file, node) {
                counted.well_shaped += 1;
                let text = name.as_str();
                let has_variable = has_variable(file, node);
                counted.own += usize::from(has_variable || !SHARED.contains(&text));
                counted.distinctive += usize::from(has_variable || text.contains('_'));
            } else if file.tree.is_block(node) {
                counted.blocks += 1;
            }
        }
        counted
    }

    /// Whether they are nginx's without any block to prove it.
    fn are_directives(&self, path: PathSays) -> bool {
        let proof = match path {
            PathSays::Nothing => self.distinctive,
            PathSays::Maybe => self.own,
            PathSays::Nginx => self.well_shaped,
        };
        proof > 0
            && !self.begins_foreign
            && self.foreign * 2 <= self.well_shaped
            && self.well_shaped * 2 >= self.all
    }
}

/// Whether a statement has the form of another language, or no end.
fn is_foreign(file: &SourceFile, node: NodeId) -> bool {
    let has_no_end = || file.tree.terminator(node).is_none();
    let name = file.tree.name_span(node).of(file.bytes());
    // nginx would say so too, but a known name shows what was meant, unless it takes in the lines that follow.
    let is_meant = || takes_words(file, node) || is_left_out(name) || MERGE.contains(&name);
    is_of_another_language(file, node) || (has_no_end() && !is_meant())
}

/// Whether a statement has the form of another language: `key = value`, `[section]`, `$ command`, `---`.
fn is_of_another_language(file: &SourceFile, node: NodeId) -> bool {
    let mut words = file.tree.words(node).map(|word| word.of(file.bytes()));
    let name = words.next().unwrap_or_default();
    let second = words.next();
    let is_assigned =
        matches!(second, Some(b"=" | b":" | b":=" | b"=>" | b"+=" | b"==" | b"=~")) || name.ends_with(b"=");
    if MERGE.contains(&name) {
        return false;
    }
    name.starts_with(b"[")
        || name.starts_with(b"<")
        || name.starts_with(b"=")
        || name.starts_with(b"---")
        || is_prompt(name)
        || name.ends_with(b":")
        || (is_assigned && !is_assigned_by_mistake(file, node))
        // OpenBSD's httpd and relayd.
        || (file.name(node) == DirectiveName::LISTEN && second == Some(b"on"))
}

/// `worker_processes = 4;`: a directive that only nginx has, ended as nginx wants it.
fn is_assigned_by_mistake(file: &SourceFile, node: NodeId) -> bool {
    let last = file.tree.words(node).last();
    let end = file.tree.terminator(node).filter(|_| !file.tree.is_block(node));
    file.name(node).as_str().contains('_') && last.zip(end).is_some_and(|(last, end)| last.end == end.start)
}

/// `$`, `>>>`, `root@host:~#`: what a shell prints before a command.
fn is_prompt(name: &[u8]) -> bool {
    matches!(name, b"$" | b"%" | b">>>")
        || (name.contains(&b'@') && (name.ends_with(b"$") || name.ends_with(b"#")))
}

/// `...`, `. . .`, `…`: an excerpt.
fn is_left_out(name: &[u8]) -> bool {
    name == b"." || name.starts_with(b"...") || name.starts_with("\u{2026}".as_bytes())
}

/// Whether an argument holds a variable of a request with a name of nginx's own, such as `$request_uri`.
fn has_variable(file: &SourceFile, node: NodeId) -> bool {
    let of_word = |word: &[u8]| {
        memchr::memchr_iter(b'$', word).any(|at| {
            let name = word.get(at + 1..).unwrap_or_default();
            let length =
                name.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
            let name = name.get(..length).unwrap_or_default();
            name.contains(&b'_') && is_builtin_variable(name)
        })
    };
    file.tree.words(node).skip(1).any(|word| of_word(word.of(file.bytes())))
}

/// Whether nginx knows the name with such an end and so many words.
fn is_well_shaped(file: &SourceFile, node: NodeId) -> bool {
    let leaf = file.tree.leaf_at(file.tree.name_span(node).start);
    if leaf.is_none_or(|leaf| leaf.kind != LeafKind::Word) {
        return false;
    }
    file.tree.terminator(node).is_some() && takes_words(file, node)
}

/// Whether nginx knows the name, as a block or a line as it is one, with so many words.
fn takes_words(file: &SourceFile, node: NodeId) -> bool {
    let is_block = file.tree.is_block(node);
    let arguments = file.tree.words(node).count().saturating_sub(1);
    let takes = |row: &Directive| {
        row.block == is_block
            && usize::from(row.min_args) <= arguments
            && row.max_args.is_none_or(|most| arguments <= usize::from(most))
    };
    file.name(node).rows().iter().any(takes)
}

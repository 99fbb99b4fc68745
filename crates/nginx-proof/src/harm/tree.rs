//! Configurations as structure that can be cut and put together, and as text with one directive a line.

use nginx_semantics::NginxVocabulary;
use nginx_syntax::{NodeId, Tree as Syntax, parse, unquote};

/// What the line of a file's path starts with.
const FILE: &str = "# file: ";
/// And ends with if only nginx has the file.
const NOT_GIVEN: &str = " (not given to the linter)";

/// A directive, with its comments before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// Whole lines, each with its `#`.
    pub(super) comments: Vec<String>,
    /// The words as written, the name first.
    pub(super) words: Vec<String>,
    /// What stands in its braces; `None` if it has none.
    pub(super) body: Option<Vec<Self>>,
}

impl Item {
    /// From words as they are written.
    pub(super) fn line(text: &str) -> Self {
        let words = text.split_whitespace().map(str::to_owned).collect();
        Self { comments: Vec::new(), words, body: None }
    }

    /// The same with a block.
    pub(super) fn block(text: &str, body: Vec<Self>) -> Self {
        Self { body: Some(body), ..Self::line(text) }
    }

    /// All directives of a text; what does not parse is left out.
    pub(super) fn all(text: &str) -> Vec<Self> {
        let tree = parse(text.as_bytes(), &NginxVocabulary);
        below(&tree, NodeId::FILE, text, 0)
    }

    pub(super) fn name(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// A word without its quotes; 0 is the first behind the name.
    pub(super) fn argument(&self, index: usize) -> Option<String> {
        let word = self.words.get(index + 1)?;
        Some(String::from_utf8_lossy(&unquote(word.as_bytes())).into_owned())
    }

    /// The arguments without their quotes.
    pub(super) fn arguments(&self) -> impl Iterator<Item = String> {
        (0..).map_while(|index| self.argument(index))
    }

    /// The directives in its braces.
    pub(super) fn children(&self) -> &[Self] {
        self.body.as_deref().unwrap_or_default()
    }

    /// Whether it is a block of that name.
    pub(super) fn is_block(&self, name: &str) -> bool {
        self.body.is_some() && self.name() == name
    }

    fn write(&self, depth: usize, lines: &mut Vec<String>) {
        let indent = "    ".repeat(depth);
        lines.extend(self.comments.iter().map(|comment| format!("{indent}{comment}")));
        let head = self.words.join(" ");
        match &self.body {
            None => lines.push(format!("{indent}{head};")),
            Some(body) => {
                lines.push(format!("{indent}{head} {{"));
                body.iter().for_each(|item| item.write(depth + 1, lines));
                lines.push(format!("{indent}}}"));
            }
        }
    }
}

/// No configuration that is spliced is nested deeper.
const MOST_DEPTH: usize = 12;

fn below(tree: &Syntax, parent: NodeId, text: &str, depth: usize) -> Vec<Item> {
    let word = |span: nginx_syntax::Span| String::from_utf8_lossy(span.of(text.as_bytes())).into_owned();
    let item = |id: NodeId| Item {
        comments: tree.comments_before(id).map(word).collect(),
        words: tree.words(id).map(word).collect(),
        body: tree.is_block(id).then(|| below(tree, id, text, depth + 1)),
    };
    // A word over several lines would move those behind it.
    let is_plain = |id: &NodeId| depth < MOST_DEPTH && tree.words(*id).all(|span| !word(span).contains('\n'));
    tree.children(parent).filter(is_plain).filter(|&id| tree.words(id).next().is_some()).map(item).collect()
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// Below the folder of the main file.
    pub(super) path: String,
    pub(super) items: Vec<Item>,
    /// Whether the linter is given it too.
    pub(super) is_given: bool,
}

/// A configuration: the main file first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    pub(super) files: Vec<File>,
}

/// Where a directive is: the number of its file, then its number among its siblings on each level.
pub(super) type At = (usize, Vec<usize>);

impl Tree {
    /// From texts by their paths, the main file first; the linter is given all of them.
    pub fn new(files: &[(String, String)]) -> Self {
        let file = |(path, text): &(String, String)| File {
            path: path.clone(),
            items: Item::all(text),
            is_given: true,
        };
        Self { files: files.iter().map(file).collect() }
    }

    /// Reads what [`Tree::text`] writes; the main file comes first and is `nginx.conf`.
    pub fn read(text: &str) -> Self {
        let mut files = vec![("nginx.conf".to_owned(), String::new())];
        let mut unseen = Vec::new();
        for line in text.lines() {
            if let Some(path) = line.strip_prefix(FILE) {
                let seen = path.strip_suffix(NOT_GIVEN);
                unseen.extend(seen.map(str::to_owned));
                files.push((seen.unwrap_or(path).to_owned(), String::new()));
            } else if let Some((_, text)) = files.last_mut() {
                text.push_str(line);
                text.push('\n');
            }
        }
        let mut tree = Self::new(&files);
        for file in &mut tree.files {
            file.is_given = !unseen.contains(&file.path);
        }
        tree
    }

    /// All texts by their paths.
    pub fn texts(&self) -> Vec<(String, String)> {
        self.files.iter().map(|file| (file.path.clone(), text(&file.items))).collect()
    }

    /// Whether the linter is given a file.
    pub fn is_given(&self, path: &str) -> bool {
        self.files.iter().any(|file| file.path == path && file.is_given)
    }

    /// One text of all files.
    pub fn text(&self) -> String {
        let mut all = String::new();
        for (index, (file, (path, text))) in self.files.iter().zip(self.texts()).enumerate() {
            if index > 0 {
                let more = if file.is_given { "" } else { NOT_GIVEN };
                all.push_str(&format!("{FILE}{path}{more}\n"));
            }
            all.push_str(&text);
        }
        all
    }

    /// All directives, outer ones before inner ones.
    pub(super) fn all(&self) -> Vec<At> {
        let mut all = Vec::new();
        for (number, file) in self.files.iter().enumerate() {
            walk(&file.items, &mut Vec::new(), &mut |path| all.push((number, path.to_vec())));
        }
        all
    }

    pub(super) fn item(&self, at: &At) -> Option<&Item> {
        let (last, outer) = at.1.split_last()?;
        let mut items: &[Item] = &self.files.get(at.0)?.items;
        for &index in outer {
            items = items.get(index)?.children();
        }
        items.get(*last)
    }

    /// The directives beside one, itself among them.
    pub(super) fn siblings(&mut self, at: &At) -> Option<&mut Vec<Item>> {
        let (_, outer) = at.1.split_last()?;
        let mut items = &mut self.files.get_mut(at.0)?.items;
        for &index in outer {
            items = items.get_mut(index)?.body.as_mut()?;
        }
        Some(items)
    }

    /// The directives in a block.
    pub(super) fn body(&mut self, at: &At) -> Option<&mut Vec<Item>> {
        let index = *at.1.last()?;
        self.siblings(at)?.get_mut(index)?.body.as_mut()
    }

    /// Takes a directive out.
    pub(super) fn remove(&mut self, at: &At) -> Option<Item> {
        let index = *at.1.last()?;
        let siblings = self.siblings(at)?;
        (index < siblings.len()).then(|| siblings.remove(index))
    }

    /// The directive whose head stands on a line, from 1.
    pub(super) fn on_line(&self, path: &str, line: usize) -> Option<At> {
        let number = self.files.iter().position(|file| file.path == path)?;
        let mut at = 0;
        let mut found = None;
        lines(&self.files.get(number)?.items, &mut Vec::new(), &mut at, &mut |path, on| {
            if on == line {
                found = Some((number, path.to_vec()));
            }
        });
        found
    }

    /// All blocks of a name.
    pub(super) fn blocks(&self, name: &str) -> Vec<At> {
        let mut all = self.all();
        all.retain(|at| self.item(at).is_some_and(|item| item.is_block(name)));
        all
    }
}

/// Directives as text.
pub(super) fn text(items: &[Item]) -> String {
    let mut lines = Vec::new();
    items.iter().for_each(|item| item.write(0, &mut lines));
    lines.push(String::new());
    lines.join("\n")
}

fn walk(items: &[Item], path: &mut Vec<usize>, look: &mut dyn FnMut(&[usize])) {
    for (index, item) in items.iter().enumerate() {
        path.push(index);
        look(path);
        walk(item.children(), path, look);
        path.pop();
    }
}

/// Each directive with the line of its head, as [`text`] writes them.
fn lines(items: &[Item], path: &mut Vec<usize>, at: &mut usize, look: &mut dyn FnMut(&[usize], usize)) {
    for (index, item) in items.iter().enumerate() {
        path.push(index);
        *at += item.comments.len() + 1;
        look(path, *at);
        if item.body.is_some() {
            lines(item.children(), path, at, look);
            *at += 1;
        }
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_as_it_is_written() {
        let written = "events {\n}\nhttp {\n    # a\n    server {\n        listen 80;\n    }\n}\n";
        let tree = Tree::new(&[("nginx.conf".to_owned(), written.to_owned())]);
        assert_eq!(tree.text(), written);
        let listen = tree.on_line("nginx.conf", 6).unwrap();
        assert_eq!(tree.item(&listen).unwrap().words, ["listen", "80"]);
        let server = tree.on_line("nginx.conf", 5).unwrap();
        assert!(tree.item(&server).unwrap().is_block("server"));
        assert_eq!(tree.on_line("nginx.conf", 7), None);
    }

    #[test]
    fn files_that_only_nginx_has_are_told() {
        let written = "a;\n# file: b.conf\nc;\n# file: d.conf (not given to the linter)\ne;\n";
        let tree = Tree::read(written);
        assert_eq!(tree.text(), written);
        assert!(tree.is_given("b.conf") && !tree.is_given("d.conf"));
    }

    #[test]
    fn a_directive_can_be_taken_out() {
        let mut tree = Tree::new(&[("a".to_owned(), "b { c; d 'x y'; }\ne;".to_owned())]);
        let all = tree.all();
        assert_eq!(all.len(), 4);
        assert_eq!(tree.remove(&all[2]).unwrap().argument(0).unwrap(), "x y");
        assert_eq!(tree.text(), "b {\n    c;\n}\ne;\n");
    }
}

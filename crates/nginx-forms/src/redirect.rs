//! Where a shell writes what a command prints, and what changes it on the way.

/// Where a text goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    /// As the script writes it, quotes apart.
    pub(crate) target: String,
    /// `>>`, `tee -a`.
    pub(crate) is_append: bool,
}

/// What is done to a text on its way, or in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filter {
    /// These are replaced; `None` is any byte.
    Replaces(Vec<Vec<Option<u8>>>),
    /// Nobody can tell what comes out.
    Unknown,
}

/// What stands between commands that follow each other.
const BETWEEN: [&[u8]; 3] = [b";", b"&&", b"||"];

pub(crate) fn first_command(text: &[u8]) -> &[u8] {
    let ends = BETWEEN.iter().filter_map(|end| memchr::memmem::find(text, end));
    text.get(..ends.min().unwrap_or(text.len())).unwrap_or_default()
}

pub(crate) fn last_command(text: &[u8]) -> &[u8] {
    let starts = BETWEEN.iter().filter_map(|end| Some(memchr::memmem::rfind(text, end)? + end.len()));
    text.get(starts.max().unwrap_or_default()..).unwrap_or_default()
}

/// `COPY <<EOF FILE`, `COPY <<A <<B FOLDER/`.
pub(crate) fn destination(behind: &[u8]) -> Option<Output> {
    let mut words = std::str::from_utf8(behind).ok()?.split_ascii_whitespace();
    let target = words.rfind(|word| !word.starts_with("<<")).map(plain)?.to_owned();
    Some(Output { target, is_append: false })
}

/// `> FILE`, `tee FILE`; `before` and `behind` what stands in a command for itself.
pub(crate) fn output(before: &[u8], behind: &[u8]) -> Option<Output> {
    for part in [first_command(behind), last_command(before)] {
        let text = std::str::from_utf8(part).ok()?;
        let mut words = text.split_ascii_whitespace();
        while let Some(word) = words.next() {
            let mut is_append = word.contains(">>");
            let name = match word {
                ">" | ">>" | ">|" => words.find(|word| !word.starts_with('-')),
                "tee" => words.find(|word| {
                    is_append |= matches!(*word, "-a" | "--append" | "-ai" | "-ia");
                    !word.starts_with('-')
                }),
                _ => word
                    .trim_start_matches(|byte: char| byte.is_ascii_digit())
                    .strip_prefix('>')
                    .map(|rest| rest.trim_start_matches(['>', '|']))
                    .filter(|name| !name.is_empty()),
            };
            if let Some(name) = name.filter(|name| *name != "/dev/null" && !name.starts_with('&')) {
                return Some(Output { target: plain(name).to_owned(), is_append });
            }
        }
    }
    None
}

fn plain(word: &str) -> &str {
    let word = word.trim_matches(|byte| matches!(byte, '"' | '\'' | ';' | ')'));
    // `cat > FILE; }`
    if word.contains('{') { word } else { word.trim_end_matches('}') }
}

/// Programs that print something else than they read.
const FILTERS: [&[u8]; 35] = [
    b"sed",
    b"gsed",
    b"tr",
    b"awk",
    b"gawk",
    b"mawk",
    b"perl",
    b"envsubst",
    b"m4",
    b"cpp",
    b"gomplate",
    b"jinja2",
    b"j2",
    b"j2cli",
    b"mustache",
    b"mo",
    b"python",
    b"python3",
    b"ruby",
    b"php",
    b"node",
    b"cut",
    b"grep",
    b"egrep",
    b"head",
    b"tail",
    b"base64",
    b"openssl",
    b"gunzip",
    b"envtpl",
    b"esh",
    b"erb",
    b"sort",
    b"uniq",
    b"rev",
];

/// What a pipe does to the text that it is given; `None` where it passes it on as it is.
pub(crate) fn filter(pipe: &[u8]) -> Option<Filter> {
    let mut all: Option<Filter> = None;
    for command in commands(pipe) {
        let Some(found) = of_command(command) else { continue };
        all = Some(match (all, found) {
            (None, found) => found,
            (Some(Filter::Replaces(mut known)), Filter::Replaces(more)) => {
                known.extend(more);
                Filter::Replaces(known)
            }
            _ => Filter::Unknown,
        });
    }
    all
}

/// Whether a command may change a file that it names.
pub(crate) fn may_change(statement: &[u8]) -> bool {
    program(statement).is_some_and(|name| {
        let name = name.as_slice();
        FILTERS.contains(&name) || matches!(name, b"ed" | b"ex" | b"patch" | b"augtool" | b"rpl" | b"replace")
    })
}

/// What a command does to a file that it names: `sed -i`, and what prints a changed copy.
pub(crate) fn change(statement: &[u8], target: &str) -> Option<Filter> {
    memchr::memmem::find(statement, target.as_bytes())?;
    let is_in_place = words(statement).iter().any(|(word, _)| {
        word.starts_with(b"--in-place")
            || word.starts_with(b"-") && !word.starts_with(b"--") && word.contains(&b'i')
    });
    let prints = memchr::memchr(b'>', statement).is_some() || memchr::memchr(b'|', statement).is_some();
    let name = program(statement).unwrap_or_default();
    match name.as_slice() {
        b"ed" | b"ex" | b"patch" | b"augtool" | b"rpl" | b"replace" => Some(Filter::Unknown),
        // It only looks.
        b"grep" | b"egrep" | b"head" | b"tail" | b"openssl" => None,
        b"sed" | b"gsed" | b"perl" | b"awk" | b"gawk" if !is_in_place && !prints => None,
        _ if output(b"", statement).is_some_and(|output| output.target == target) && !is_in_place => None,
        _ => filter(statement),
    }
}

/// What a command is called, without the folder of its program.
pub(crate) fn program(command: &[u8]) -> Option<Vec<u8>> {
    let is_before = |word: &[u8]| {
        let name = word.split(|byte| *byte == b'=').next().unwrap_or_default();
        let is_assignment = name.len() < word.len()
            && !name.is_empty()
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        is_assignment
            || word.starts_with(b"-")
            || matches!(
                word,
                b"sudo"
                    | b"doas"
                    | b"exec"
                    | b"command"
                    | b"env"
                    | b"then"
                    | b"do"
                    | b"else"
                    | b"{"
                    | b"("
                    | b"!"
                    | b"RUN"
            )
    };
    let (word, _) = words(command).into_iter().find(|(word, _)| !is_before(word))?;
    Some(word.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_vec())
}

/// The commands of a pipe.
fn commands(pipe: &[u8]) -> Vec<&[u8]> {
    let (mut quote, mut is_escaped) = (None, false);
    pipe.split(|byte| {
        if std::mem::take(&mut is_escaped) {
            return false;
        }
        match (quote, *byte) {
            (Some(open), byte) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None | Some(b'"'), b'\\') => is_escaped = true,
            (None, b'|') => return true,
            _ => {}
        }
        false
    })
    .collect()
}

fn of_command(command: &[u8]) -> Option<Filter> {
    let name = program(command)?;
    if !FILTERS.contains(&name.as_slice()) {
        return None;
    }
    match name.as_slice() {
        b"sed" | b"gsed" => Some(replaced(command).map_or(Filter::Unknown, Filter::Replaces)),
        _ => Some(Filter::Unknown),
    }
}

/// The words of a command, quotes apart, each with whether a shell fills in what stands in it.
fn words(command: &[u8]) -> Vec<(Vec<u8>, bool)> {
    let mut all = Vec::new();
    let (mut word, mut is_word, mut is_filled) = (Vec::new(), false, false);
    let mut quote = None;
    let mut bytes = command.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (None, b'"' | b'\'') => (quote, is_word) = (Some(byte), true),
            (None | Some(b'"'), b'\\') => match bytes.next() {
                Some(b'\n') | None => {}
                Some(next) => {
                    if quote.is_some() && !b"\\\"$`".contains(&next) {
                        word.push(b'\\');
                    }
                    word.push(next);
                    is_word = true;
                }
            },
            (None, _) if byte.is_ascii_whitespace() => {
                if std::mem::take(&mut is_word) {
                    all.push((std::mem::take(&mut word), std::mem::take(&mut is_filled)));
                }
            }
            _ => {
                is_filled |= quote != Some(b'\'') && (byte == b'$' || byte == b'`');
                word.push(byte);
                is_word = true;
            }
        }
    }
    if is_word {
        all.push((word, is_filled));
    }
    all
}

/// What the `s` commands of `sed` replace; `None` where that is no plain text, or another command is there.
fn replaced(command: &[u8]) -> Option<Vec<Vec<Option<u8>>>> {
    let mut words = words(command).into_iter();
    words.find(|(word, _)| word.ends_with(b"sed"))?;
    let (mut expressions, mut first) = (Vec::new(), None);
    while let Some((word, is_filled)) = words.next() {
        match word.as_slice() {
            b"-e" | b"--expression" => expressions.push(words.next()?),
            b"-f" | b"--file" | b"-n" | b"-E" | b"-r" | b"-z" | b"-s" => return None,
            _ if word.starts_with(b"--expression=") => {
                expressions.push((word.get(13..)?.to_vec(), is_filled));
            }
            _ if word.starts_with(b"-i") || word.starts_with(b"--in-place") => {}
            _ if word.starts_with(b"-") => return None,
            _ if word.starts_with(b"<") || word.starts_with(b">") => {}
            _ if first.is_none() => first = Some((word, is_filled)),
            _ => {}
        }
    }
    if expressions.is_empty() {
        expressions.extend(first);
    }
    let mut all = Vec::new();
    for (expression, is_filled) in expressions {
        let mut rest = expression.as_slice();
        loop {
            rest = rest.trim_ascii_start();
            if let Some(behind) = rest.strip_prefix(b";") {
                rest = behind;
                continue;
            }
            if rest.is_empty() {
                break;
            }
            let (delimiter, body) = rest.strip_prefix(b"s")?.split_first()?;
            let (pattern, body) = until(body, *delimiter)?;
            let (_, body) = until(body, *delimiter)?;
            if is_filled && memchr::memchr(b'$', pattern).is_some() {
                return None;
            }
            all.push(literal(pattern, *delimiter)?);
            let flags = body.iter().take_while(|byte| b"gp0123456789".contains(byte)).count();
            rest = body.get(flags..)?;
            if !matches!(rest.trim_ascii_start().first(), None | Some(b';')) {
                return None;
            }
        }
    }
    (!all.is_empty()).then_some(all)
}

/// What stands before a byte that has no backslash, and what is behind it.
fn until(text: &[u8], end: u8) -> Option<(&[u8], &[u8])> {
    let mut is_escaped = false;
    let at = text.iter().position(|byte| {
        let was_escaped = std::mem::take(&mut is_escaped);
        is_escaped = *byte == b'\\' && !was_escaped;
        *byte == end && !was_escaped
    })?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The bytes that a pattern stands for; `None` where it has more in it than plain bytes and `.`.
fn literal(pattern: &[u8], delimiter: u8) -> Option<Vec<Option<u8>>> {
    let mut all = Vec::new();
    let mut bytes = pattern.iter().copied();
    while let Some(byte) = bytes.next() {
        all.push(match byte {
            b'\\' => match bytes.next()? {
                escaped if escaped == delimiter || b".$*[]^\\/".contains(&escaped) => Some(escaped),
                _ => return None,
            },
            b'*' | b'[' | b'^' | b'\n' => return None,
            b'.' => None,
            byte => Some(byte),
        });
    }
    let ends_in_anchor = pattern.ends_with(b"$") && !pattern.ends_with(b"\\$");
    (!all.is_empty() && !ends_in_anchor && all.iter().any(Option::is_some)).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::{Filter, change, filter, output};

    #[test]
    fn what_a_filter_replaces() {
        let of = |pipe: &str| match filter(pipe.as_bytes()) {
            Some(Filter::Replaces(all)) => {
                let text = |one: Vec<Option<u8>>| {
                    one.into_iter().map(|byte| char::from(byte.unwrap_or(b'.'))).collect::<String>()
                };
                all.into_iter().map(text).collect::<Vec<_>>().join(" ")
            }
            Some(Filter::Unknown) => "?".to_owned(),
            None => String::new(),
        };
        for (pipe, replaced) in [
            ("cat <<EOF | sudo tee x", ""),
            ("cat <<EOF | sed 's/%%/$/g' | tee f", "%%"),
            ("sed -e 's/DOLLAR/$/g' -e \"s|@A@|$A|\"", "DOLLAR @A@"),
            ("sed 's/a.b/c/; s,x\\.y,z,g'", "a.b x.y"),
            ("sed 's/^#ws#//'", "?"),
            ("sed \"s/$A/b/\"", "?"),
            ("sed -E 's/(a)/b/'", "?"),
            ("sed '/a/d'", "?"),
            ("tr '@' '$'", "?"),
            ("FOO=1 sudo /usr/bin/envsubst", "?"),
            ("kubectl apply -f -", ""),
        ] {
            assert_eq!(of(pipe), replaced, "{pipe}");
        }
        for (statement, is_change) in [
            ("sed -i 's/a/b/' /x.conf", true),
            ("sudo perl -pi -e 's/a/b/' /x.conf", true),
            ("sed 's/a/b/' /x.conf > /y.conf", true),
            ("sed -n p /x.conf", false),
            ("grep -q a /x.conf | tee y", false),
            ("nginx -t -c /x.conf", false),
            ("sed -i 's/a/b/' /y.conf", false),
        ] {
            assert_eq!(change(statement.as_bytes(), "/x.conf").is_some(), is_change, "{statement}");
        }
    }

    #[test]
    fn where_a_command_writes() {
        for (command, target, is_append) in [
            ("cat > a", "a", false),
            ("cat >>a", "a", true),
            ("cat | sudo tee -a \"/x/$a\" >/dev/null", "/x/$a", true),
            ("x 2>&1 > a", "a", false),
        ] {
            let found = output(b"", command.as_bytes()).expect(command);
            assert_eq!((found.target.as_str(), found.is_append), (target, is_append), "{command}");
        }
    }
}

//! Conditions of branches, taken apart as far as all engines write them alike.
//!
//! Jinja, Twig, Ruby and JavaScript write `a and not b`, `x == "y"` and `x not in y`; Go and Handlebars put the operator
//! first: `and a (not b)`, `ne x "y"`. Two ways to write one condition, or its opposite, are one atom.

use std::collections::BTreeMap;

/// The number of an atom.
pub(super) type AtomId = usize;

/// Groups that lie deeper are not taken apart.
const DEEPEST: usize = 8;

/// A condition without `and`, `or` and `not`.
#[derive(Debug)]
struct Atom {
    /// As the template has it first.
    shown: Vec<u8>,
    /// Whether that is the opposite: `x != 1`.
    is_shown_negated: bool,
    subject: SubjectId,
    asks: Asks,
}

/// The number of what conditions are about.
type SubjectId = usize;

/// What an atom asks of its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// Whether it is anything.
    Truth,
    IsDefined,
    /// Whether it is a fixed value.
    IsValue {
        /// A text that has something in it.
        is_text: bool,
    },
}

/// The atoms of a template, each once.
#[derive(Debug, Default)]
pub(super) struct Atoms {
    all: Vec<Atom>,
    /// By what is the same for all ways to write one.
    by_key: BTreeMap<Vec<u8>, AtomId>,
    subjects: BTreeMap<Vec<u8>, SubjectId>,
}

/// Which atoms hold, and what follows from that.
#[derive(Debug)]
pub(super) struct Known<'a> {
    atoms: &'a Atoms,
    of_atoms: Vec<Option<bool>>,
    of_subjects: Vec<OfSubject>,
}

#[derive(Debug, Clone, Copy, Default)]
struct OfSubject {
    /// The value that it is, and whether that is a text.
    value: Option<(AtomId, bool)>,
    truth: Option<bool>,
    is_defined: Option<bool>,
}

impl<'a> Known<'a> {
    pub(super) fn new(atoms: &'a Atoms, known: &[(AtomId, bool)]) -> Self {
        let mut this = Self {
            atoms,
            of_atoms: vec![None; atoms.all.len()],
            of_subjects: vec![OfSubject::default(); atoms.subjects.len()],
        };
        known.iter().for_each(|&(atom, holds)| this.set(atom, holds));
        this
    }

    pub(super) fn set(&mut self, atom: AtomId, holds: bool) {
        let Some(Atom { subject, asks, .. }) = self.atoms.all.get(atom) else { return };
        if let Some(of_atom) = self.of_atoms.get_mut(atom) {
            *of_atom = Some(holds);
        }
        let Some(subject) = self.of_subjects.get_mut(*subject) else { return };
        match asks {
            Asks::Truth => subject.truth = Some(holds),
            Asks::IsDefined => subject.is_defined = Some(holds),
            Asks::IsValue { is_text } if holds => subject.value = Some((atom, *is_text)),
            Asks::IsValue { .. } => {}
        }
    }

    /// Whether an atom holds; `None` where nothing says so.
    pub(super) fn get(&self, atom: AtomId) -> Option<bool> {
        if let Some(holds) = self.of_atoms.get(atom).copied().flatten() {
            return Some(holds);
        }
        let Atom { subject, asks, .. } = self.atoms.all.get(atom)?;
        let subject = self.of_subjects.get(*subject)?;
        match asks {
            // What is one value is no other; what is nothing is no text.
            Asks::IsValue { is_text } => {
                let is_none = subject.is_defined == Some(false) || (*is_text && subject.truth == Some(false));
                (subject.value.is_some() || is_none).then_some(false)
            }
            Asks::Truth if subject.value.is_some_and(|(_, is_text)| is_text) => Some(true),
            Asks::Truth => subject.is_defined.filter(|is_defined| !is_defined),
            Asks::IsDefined if subject.value.is_some() => Some(true),
            Asks::IsDefined => subject.truth.filter(|truth| *truth),
        }
    }
}

/// A condition over atoms, operands before their operators.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Formula(Vec<Op>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Atom(AtomId),
    Known(bool),
    Not,
    And,
    Or,
}

impl Formula {
    pub(super) fn negated(mut self) -> Self {
        self.0.push(Op::Not);
        self
    }

    fn joined(all: Vec<Self>, by: Op) -> Self {
        let mut ops = Vec::new();
        for (number, one) in all.into_iter().enumerate() {
            ops.extend(one.0);
            if number > 0 {
                ops.push(by);
            }
        }
        Self(ops)
    }

    /// The atoms that it asks for.
    pub(super) fn atoms(&self) -> impl Iterator<Item = AtomId> {
        self.0.iter().filter_map(|op| match op {
            Op::Atom(atom) => Some(*atom),
            _ => None,
        })
    }

    /// What an atom must be so that it holds, as far as one alone decides that.
    pub(super) fn wants(&self, atom: AtomId, known: &Known<'_>) -> bool {
        let with = |other: AtomId| if other == atom { Some(true) } else { known.get(other) };
        self.holds(with) != Ok(false)
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// The first atom that decides and of which `of` knows nothing.
    pub(super) fn holds(&self, of: impl Fn(AtomId) -> Option<bool>) -> Result<bool, AtomId> {
        let mut stack: Vec<Result<bool, AtomId>> = Vec::new();
        for op in &self.0 {
            let value = match op {
                Op::Atom(atom) => of(*atom).ok_or(*atom),
                Op::Known(holds) => Ok(*holds),
                Op::Not => stack.pop().unwrap_or(Ok(true)).map(|holds| !holds),
                Op::And | Op::Or => {
                    let (second, first) = (stack.pop(), stack.pop());
                    let (Some(first), Some(second)) = (first, second) else { continue };
                    // What decides alone: one that does not hold, or one that does.
                    let decides = *op == Op::Or;
                    match (first, second) {
                        (Ok(one), Ok(other)) => Ok(if decides { one || other } else { one && other }),
                        (Ok(one), Err(_)) | (Err(_), Ok(one)) if one == decides => Ok(decides),
                        (Err(open), _) | (_, Err(open)) => Err(open),
                    }
                }
            };
            stack.push(value);
        }
        stack.pop().unwrap_or(Ok(true))
    }
}

impl Atoms {
    /// An atom that holds or does not, in words of the template.
    pub(super) fn premise(&self, atom: AtomId, holds: bool) -> Option<(String, bool)> {
        let atom = self.all.get(atom)?;
        Some((String::from_utf8_lossy(&atom.shown).into_owned(), holds != atom.is_shown_negated))
    }

    /// A condition as it is written.
    pub(super) fn formula(&mut self, text: &[u8]) -> Formula {
        match tokens(text) {
            Some(tokens) => self.group(text, &tokens, 0),
            None => self.atom(text.to_vec(), text, false, None),
        }
    }

    /// The condition of `when VALUE` for what its `case` looks at.
    pub(super) fn when(&mut self, subject: &[u8], value: &[u8]) -> Formula {
        if subject.is_empty() {
            return self.formula(value);
        }
        let (Some(subjects), Some(values)) = (tokens(subject), tokens(value)) else {
            let text = [subject, b" == ", value].concat();
            return self.atom(text.clone(), &text, false, None);
        };
        let separates = |token: &Token<'_>| matches!(token.kind, Kind::Other(b',')) || token.is_word(b"or");
        let one = |of: &[Token<'_>]| {
            let text = [subject, b" == ", shown(of, value)].concat();
            self.compared(&subjects, of, &text, false)
        };
        Formula::joined(split(&values, separates).into_iter().map(one).collect(), Op::Or)
    }

    /// `compared`: what with which fixed value.
    fn atom(
        &mut self,
        key: Vec<u8>,
        shown: &[u8],
        is_shown_negated: bool,
        compared: Option<(Vec<u8>, Vec<u8>)>,
    ) -> Formula {
        let next = self.all.len();
        let atom = *self.by_key.entry(key.clone()).or_insert(next);
        if atom == next {
            let (subject, asks) = match compared {
                Some((subject, value)) => {
                    let is_text = value.starts_with(b"\"") && !NOTHING.contains(&value.as_slice());
                    (subject, Asks::IsValue { is_text })
                }
                None => match key.strip_suffix(b" is defined") {
                    Some(subject) => (subject.to_vec(), Asks::IsDefined),
                    None => (key, Asks::Truth),
                },
            };
            let number = self.subjects.len();
            let subject = *self.subjects.entry(subject).or_insert(number);
            self.all.push(Atom { shown: shown.to_vec(), is_shown_negated, subject, asks });
        }
        let formula = Formula(vec![Op::Atom(atom)]);
        if is_shown_negated { formula.negated() } else { formula }
    }

    fn group(&mut self, text: &[u8], tokens: &[Token<'_>], depth: usize) -> Formula {
        if depth > DEEPEST {
            return self.opaque(text, tokens);
        }
        let mut all = |groups: Vec<&[Token<'_>]>, by: Op| {
            Formula::joined(groups.into_iter().map(|one| self.group(text, one, depth + 1)).collect(), by)
        };
        if let Some(inner) = in_parentheses(tokens) {
            return self.group(text, inner, depth + 1);
        }
        // `x if y else z`, `a ? b : c`
        let is_choice = |token: &Token<'_>| {
            token.is_word(b"if") || token.is_word(b"else") || matches!(token.kind, Kind::Other(b'?'))
        };
        if tokens.iter().any(is_choice) {
            return self.opaque(text, tokens);
        }
        if let Some((first, rest)) = tokens.split_first() {
            let operands = operands(rest);
            match first.kind {
                Kind::Word(b"and") => return all(operands, Op::And),
                Kind::Word(b"or") => return all(operands, Op::Or),
                _ => {}
            }
        }
        for (words, by) in [([&b"or"[..], b"||"], Op::Or), ([&b"and"[..], b"&&"], Op::And)] {
            let parts = split(tokens, |token| token.is_word(words[0]) || token.is_sign(words[1]));
            if parts.len() > 1 {
                return all(parts, by);
            }
        }
        match tokens {
            [first, rest @ ..] if first.is_word(b"not") && !rest.is_empty() => {
                self.group(text, rest, depth + 1).negated()
            }
            // It belongs to what stands next to it alone.
            [first, rest @ ..] if first.is_sign(b"!") && operands(rest).len() == 1 => {
                self.group(text, rest, depth + 1).negated()
            }
            [one] if matches!(one.kind, Kind::Word(b"true" | b"True" | b"1")) => {
                Formula(vec![Op::Known(true)])
            }
            [one] if matches!(one.kind, Kind::Word(b"false" | b"False" | b"nil" | b"0")) => {
                Formula(vec![Op::Known(false)])
            }
            [first, rest @ ..] if first.is_word(b"eq") || first.is_word(b"ne") => {
                let operands = operands(rest);
                let (Some((subject, values)), shown) = (operands.split_first(), shown(tokens, text)) else {
                    return self.opaque(text, tokens);
                };
                let is_negated = first.is_word(b"ne");
                match values {
                    [] => self.opaque(text, tokens),
                    [value] => self.compared(subject, value, shown, is_negated),
                    _ => {
                        let one = |value: &&[Token<'_>]| {
                            let shown =
                                [b"eq ", self::shown(subject, text), b" ", self::shown(value, text)].concat();
                            self.compared(subject, value, &shown, false)
                        };
                        let any = Formula::joined(values.iter().map(one).collect(), Op::Or);
                        if is_negated { any.negated() } else { any }
                    }
                }
            }
            _ => self.comparison(text, tokens),
        }
    }

    /// `x == y`, or a condition of one word.
    fn comparison(&mut self, text: &[u8], tokens: &[Token<'_>]) -> Formula {
        let mut depth = 0_i32;
        let at = tokens.iter().position(|token| {
            depth += token.depth();
            depth == 0
                && (matches!(token.kind, Kind::Sign(sign) if sign != b"!")
                    || token.is_word(b"in")
                    || token.is_word(b"is"))
        });
        let Some((left, [sign, right @ ..])) = at.and_then(|at| tokens.split_at_checked(at)) else {
            return self.opaque(text, tokens);
        };
        let shown = shown(tokens, text);
        let joined = |left: &[Token<'_>], sign: &[u8], right: &[Token<'_>]| {
            [&key(left), b" ".as_slice(), sign, b" ", &key(right)].concat()
        };
        match (sign.kind, left, right) {
            (Kind::Sign(b"==" | b"==="), ..) => self.compared(left, right, shown, false),
            (Kind::Sign(b"!=" | b"!==" | b"~="), ..) => self.compared(left, right, shown, true),
            (Kind::Sign(b"!~"), ..) => self.atom(joined(left, b"=~", right), shown, true, None),
            (Kind::Sign(b"<"), ..) => self.atom(joined(left, b">=", right), shown, true, None),
            (Kind::Sign(b"<="), ..) => self.atom(joined(left, b">", right), shown, true, None),
            (Kind::Word(b"in"), [left @ .., not], _) if not.is_word(b"not") => {
                self.atom(joined(left, b"in", right), shown, true, None)
            }
            (Kind::Word(b"is"), _, [not, right @ ..]) if not.is_word(b"not") => {
                self.atom(joined(left, b"is", right), shown, true, None)
            }
            _ => self.opaque(text, tokens),
        }
    }

    fn compared(
        &mut self,
        left: &[Token<'_>],
        right: &[Token<'_>],
        shown: &[u8],
        is_negated: bool,
    ) -> Formula {
        let (left, right) = if is_fixed(left) && !is_fixed(right) { (right, left) } else { (left, right) };
        let (subject, value) = (key(left), key(right));
        let text = [subject.as_slice(), b" == ", &value].concat();
        self.atom(text, shown, is_negated, is_fixed(right).then_some((subject, value)))
    }

    fn opaque(&mut self, text: &[u8], tokens: &[Token<'_>]) -> Formula {
        self.atom(key(tokens), shown(tokens, text), false, None)
    }
}

/// Texts that some engines take for nothing.
const NOTHING: [&[u8]; 2] = [b"\"\"", b"\"0\""];

/// A word or a sign of a condition.
#[derive(Debug, Clone, Copy)]
struct Token<'t> {
    kind: Kind<'t>,
    start: usize,
    end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind<'t> {
    Word(&'t [u8]),
    /// What stands between quotes.
    Text(&'t [u8]),
    /// An operator.
    Sign(&'t [u8]),
    Open(u8),
    Close,
    Other(u8),
}

impl Token<'_> {
    fn is_word(&self, word: &[u8]) -> bool {
        matches!(self.kind, Kind::Word(it) if it == word)
    }

    fn is_sign(&self, sign: &[u8]) -> bool {
        matches!(self.kind, Kind::Sign(it) if it == sign)
    }

    /// How much deeper what follows lies.
    fn depth(&self) -> i32 {
        i32::from(matches!(self.kind, Kind::Open(_))) - i32::from(self.kind == Kind::Close)
    }
}

/// Operators, longer ones first.
const SIGNS: [&[u8]; 15] =
    [b"===", b"!==", b"==", b"!=", b"~=", b"=~", b"!~", b">=", b"<=", b"&&", b"||", b"!", b"<", b">", b"="];

/// `None` where a quote or a parenthesis has no end.
fn tokens(text: &[u8]) -> Option<Vec<Token<'_>>> {
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.$@".contains(byte) || !byte.is_ascii();
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut depth = 0_i32;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = *rest.first()?;
        if first.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let (length, kind) = if matches!(first, b'"' | b'\'' | b'`') {
            let end = end_of_text(rest, first)?;
            (end + 1, Kind::Text(rest.get(1..end)?))
        } else if is_of_word(&first) {
            let mut length = rest.iter().take_while(|byte| is_of_word(byte)).count();
            // `empty?` of Ruby.
            let is_question = rest.get(length) == Some(&b'?') && rest.get(length + 1) != Some(&b' ');
            length += usize::from(is_question);
            (length, Kind::Word(rest.get(..length)?))
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(sign)) {
            (sign.len(), Kind::Sign(sign))
        } else {
            let kind = match first {
                b'(' | b'[' | b'{' => Kind::Open(first),
                b')' | b']' | b'}' => Kind::Close,
                other => Kind::Other(other),
            };
            (1, kind)
        };
        let token = Token { kind, start: at, end: at + length };
        depth += token.depth();
        if depth < 0 {
            return None;
        }
        tokens.push(token);
        at += length;
    }
    (depth == 0).then_some(tokens)
}

/// Where the closing quote is.
fn end_of_text(rest: &[u8], quote: u8) -> Option<usize> {
    let mut is_escaped = true;
    rest.iter().position(|byte| {
        let is_end = !is_escaped && *byte == quote;
        is_escaped = !is_escaped && *byte == b'\\';
        is_end
    })
}

/// As all engines could write it: the same for the same words, whatever blanks and quotes are used.
fn key(tokens: &[Token<'_>]) -> Vec<u8> {
    let mut key: Vec<u8> = Vec::new();
    for token in tokens {
        if !key.is_empty() {
            key.push(b' ');
        }
        match token.kind {
            Kind::Word(text) | Kind::Sign(text) => key.extend_from_slice(text),
            Kind::Text(text) => {
                key.push(b'"');
                key.extend_from_slice(text);
                key.push(b'"');
            }
            Kind::Open(byte) | Kind::Other(byte) => key.push(byte),
            Kind::Close => key.push(b')'),
        }
    }
    key
}

fn shown<'t>(tokens: &[Token<'_>], text: &'t [u8]) -> &'t [u8] {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return b"" };
    text.get(first.start..last.end).unwrap_or_default()
}

fn is_fixed(tokens: &[Token<'_>]) -> bool {
    match tokens {
        [Token { kind: Kind::Text(_), .. }] => true,
        [Token { kind: Kind::Word(word), .. }] => word.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// What the first parenthesis and the last one enclose, if they are a pair.
fn in_parentheses<'t, 'k>(tokens: &'k [Token<'t>]) -> Option<&'k [Token<'t>]> {
    let [Token { kind: Kind::Open(b'('), .. }, inner @ .., Token { kind: Kind::Close, .. }] = tokens else {
        return None;
    };
    let mut depth = 0_i32;
    let stays_inside = inner.iter().all(|token| {
        depth += token.depth();
        depth >= 0
    });
    (stays_inside && !inner.is_empty()).then_some(inner)
}

/// The parts between separators, which lie in no group.
fn split<'t, 'k>(tokens: &'k [Token<'t>], separates: impl Fn(&Token<'t>) -> bool) -> Vec<&'k [Token<'t>]> {
    let mut depth = 0_i32;
    let is_separator = |token: &Token<'t>| {
        depth += token.depth();
        depth == 0 && separates(token)
    };
    tokens.split(is_separator).collect()
}

/// Operands one behind the other, as Go writes them: words, texts and groups.
fn operands<'t, 'k>(tokens: &'k [Token<'t>]) -> Vec<&'k [Token<'t>]> {
    let mut operands = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (at, token) in tokens.iter().enumerate() {
        depth += token.depth();
        // `items[0]` and `f(x)` are one.
        let goes_on = tokens.get(at + 1).is_some_and(|next| {
            next.start == token.end && matches!(next.kind, Kind::Open(_) | Kind::Word(_) | Kind::Other(_))
        });
        if depth == 0 && !goes_on {
            operands.extend(tokens.get(start..=at));
            start = at + 1;
        }
    }
    operands.extend(tokens.get(start..).filter(|rest| !rest.is_empty()));
    operands
}

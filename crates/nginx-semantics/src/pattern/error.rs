//! Patterns that PCRE surely refuses: a scan that gives up at whatever is not plain.

/// Why PCRE2 refuses a pattern, in its words; `None` where it does not, or that is not certain.
pub fn certain_error(pattern: &[u8]) -> Option<&'static str> {
    match Scan::new(pattern).run() {
        Err(Stop::Error(error)) => Some(error),
        Ok(_) | Err(Stop::Unknown) => None,
    }
}

/// How many groups capture, where that is certain.
pub fn count_captures(pattern: &[u8]) -> Option<usize> {
    Scan::new(pattern).run().ok()
}

/// Why the scan ends.
enum Stop {
    Error(&'static str),
    /// Something whose meaning depends on what is not looked at.
    Unknown,
}

struct Scan<'p> {
    rest: &'p [u8],
    open: usize,
    captures: usize,
    names: Vec<&'p [u8]>,
    /// The greatest number of a group that is referred to.
    referred: usize,
    /// Whether a quantifier may follow.
    is_repeatable: bool,
}

impl<'p> Scan<'p> {
    fn new(pattern: &'p [u8]) -> Self {
        Self { rest: pattern, open: 0, captures: 0, names: Vec::new(), referred: 0, is_repeatable: false }
    }

    fn run(mut self) -> Result<usize, Stop> {
        while let Some((&byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            match byte {
                b'\\' => self.escape()?,
                b'[' => self.class()?,
                b'(' => self.group()?,
                b')' => {
                    let open = self.open.checked_sub(1);
                    self.open = open.ok_or(Stop::Error("unmatched closing parenthesis"))?;
                    self.is_repeatable = true;
                }
                b'|' => self.is_repeatable = false,
                b'*' | b'+' | b'?' => {
                    if !self.is_repeatable {
                        return Err(Stop::Error("quantifier does not follow a repeatable item"));
                    }
                    self.quantified();
                }
                b'{' => self.counted()?,
                b'^' | b'$' => self.assertion()?,
                _ => self.is_repeatable = true,
            }
        }
        if self.open > 0 {
            return Err(Stop::Error("missing closing parenthesis"));
        }
        match self.referred > self.captures {
            true => Err(Stop::Error("reference to non-existent subpattern")),
            false => Ok(self.captures),
        }
    }

    /// Behind a quantifier: `?` or `+` changes it, and no other follows.
    fn quantified(&mut self) {
        if let [b'?' | b'+', rest @ ..] = self.rest {
            self.rest = rest;
        }
        self.is_repeatable = false;
    }

    /// Behind what has no width: releases differ in whether it may be repeated.
    fn assertion(&mut self) -> Result<(), Stop> {
        self.is_repeatable = true;
        if matches!(self.rest, [b'*' | b'+' | b'?' | b'{', ..]) { Err(Stop::Unknown) } else { Ok(()) }
    }

    fn counted(&mut self) -> Result<(), Stop> {
        // Newer releases take blanks.
        let is_of_counts = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b',' | b' ' | b'\t');
        let length = self.rest.iter().take_while(|byte| is_of_counts(byte)).count();
        let counts = self.rest.get(..length).unwrap_or_default();
        if self.rest.get(length) == Some(&b'}') && counts.iter().any(|byte| matches!(byte, b' ' | b'\t')) {
            return Err(Stop::Unknown);
        }
        let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let first = digits(self.rest);
        let (least, tail) = self.rest.split_at(first);
        let (most, tail) = match tail {
            [b',', tail @ ..] => {
                let second = digits(tail);
                (Some(tail.get(..second).unwrap_or_default()), tail.get(second..).unwrap_or_default())
            }
            tail => (None, tail),
        };
        let [b'}', tail @ ..] = tail else {
            self.is_repeatable = true;
            return Ok(());
        };
        // `{,3}` is text to some releases.
        if first == 0 {
            return Err(Stop::Unknown);
        }
        let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<u32>().ok();
        let least = number(least).ok_or(Stop::Unknown)?;
        let most = match most {
            Some([]) | None => None,
            Some(most) => Some(number(most).ok_or(Stop::Unknown)?),
        };
        if least > 65_535 || most.is_some_and(|most| most > 65_535) {
            return Err(Stop::Error("number too big in {} quantifier"));
        }
        if most.is_some_and(|most| most < least) {
            return Err(Stop::Error("numbers out of order in {} quantifier"));
        }
        if !self.is_repeatable {
            return Err(Stop::Error("quantifier does not follow a repeatable item"));
        }
        self.rest = tail;
        self.quantified();
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Stop> {
        let Some((&byte, rest)) = self.rest.split_first() else {
            return Err(Stop::Error("\\ at end of pattern"));
        };
        match byte {
            // Of letters and digits only these are plain.
            b'd' | b'D' | b'w' | b'W' | b's' | b'S' | b'b' | b'B' | b'n' | b'r' | b't' | b'f' | b'A'
            | b'z' | b'Z' => {}
            b'c' if rest.is_empty() => return Err(Stop::Error("\\c at end of pattern")),
            b'F' | b'L' | b'l' | b'U' | b'u' => {
                return Err(Stop::Error("PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u"));
            }
            // One digit is the number of a group, and more may be octal.
            b'1'..=b'9' if !rest.first().is_some_and(u8::is_ascii_digit) => {
                self.referred = self.referred.max(usize::from(byte - b'0'));
            }
            byte if byte.is_ascii_alphanumeric() => return Err(Stop::Unknown),
            _ => {}
        }
        self.rest = rest;
        self.is_repeatable = true;
        if matches!(byte, b'b' | b'B' | b'A' | b'z' | b'Z') { self.assertion() } else { Ok(()) }
    }

    fn class(&mut self) -> Result<(), Stop> {
        let missing = Stop::Error("missing terminating ] for character class");
        // `[[:<:]]` is an assertion, and `[:alpha:]` alone no class.
        if matches!(self.rest, [b'[', b':', b'<' | b'>', ..] | [b':' | b'.' | b'=', ..]) {
            return Err(Stop::Unknown);
        }
        if let [b'^', rest @ ..] = self.rest {
            self.rest = rest;
        }
        // A bracket at the start is a member.
        let (mut before, mut is_class) = (None, false);
        if let [b']', rest @ ..] = self.rest {
            self.rest = rest;
            before = Some(b']');
        }
        loop {
            let Some((&byte, rest)) = self.rest.split_first() else { return Err(missing) };
            self.rest = rest;
            match (byte, rest) {
                (b']', _) => {
                    self.is_repeatable = true;
                    return Ok(());
                }
                (b'\\', []) => return Err(Stop::Error("\\ at end of pattern")),
                (b'\\', [letter, rest @ ..]) => {
                    if letter.is_ascii_alphanumeric() && !b"dDwWsSnrtf".contains(letter) {
                        return Err(Stop::Unknown);
                    }
                    self.rest = rest;
                    before = None;
                    is_class = true;
                }
                (b'[', [b':', rest @ ..]) => {
                    self.rest = posix(rest)?;
                    before = None;
                    is_class = true;
                }
                (b'[', [b'.' | b'=', ..]) => return Err(Stop::Unknown),
                // What a hyphen is beside a class differs.
                (b'-', [last, ..])
                    if *last != b']' && (is_class || before.is_some() && b"[\\".contains(last)) =>
                {
                    return Err(Stop::Unknown);
                }
                (b'-', [last, rest @ ..]) if *last != b']' && before.is_some() => {
                    if before.is_some_and(|first| *last < first) {
                        return Err(Stop::Error("range out of order in character class"));
                    }
                    self.rest = rest;
                    before = None;
                }
                (byte, _) => {
                    before = Some(byte);
                    is_class = false;
                }
            }
        }
    }

    fn group(&mut self) -> Result<(), Stop> {
        match self.rest {
            [b'*', ..] => return Err(Stop::Unknown),
            [b'?', rest @ ..] => {
                self.rest = rest;
                return self.special();
            }
            _ => self.captures += 1,
        }
        self.enter();
        Ok(())
    }

    fn enter(&mut self) {
        self.open += 1;
        self.is_repeatable = false;
    }

    /// Behind `(?`.
    fn special(&mut self) -> Result<(), Stop> {
        match self.rest {
            [b':' | b'=' | b'!' | b'>', rest @ ..]
            | [b'<', b'=' | b'!', rest @ ..]
            | [b'i', b':', rest @ ..] => {
                self.rest = rest;
                self.enter();
                Ok(())
            }
            [b'P', b'<', rest @ ..] | [b'<', rest @ ..] => self.named(rest),
            // `(?i)` and `(?i:`.
            [b'i', b')', rest @ ..] => {
                self.rest = rest;
                self.assertion()
            }
            _ => Err(Stop::Unknown),
        }
    }

    fn named(&mut self, rest: &'p [u8]) -> Result<(), Stop> {
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let length = rest.iter().take_while(|byte| is_name(byte)).count();
        let name = rest.get(..length).unwrap_or_default();
        match (name.first(), rest.get(length)) {
            (None, Some(b'>')) => return Err(Stop::Error("subpattern name expected")),
            (None, _) => return Err(Stop::Unknown),
            (Some(first), _) if first.is_ascii_digit() => {
                return Err(Stop::Error("subpattern name must start with a non-digit"));
            }
            (_, Some(b'>')) if length <= 32 => {}
            _ if length > 32 => return Err(Stop::Unknown),
            _ => return Err(Stop::Error("syntax error in subpattern name (missing terminator?)")),
        }
        if self.names.contains(&name) {
            return Err(Stop::Error("two named subpatterns have the same name (PCRE2_DUPNAMES not set)"));
        }
        self.names.push(name);
        self.captures += 1;
        self.rest = rest.get(length + 1..).unwrap_or_default();
        self.enter();
        Ok(())
    }
}

/// The POSIX classes of PCRE.
const CLASSES: [&[u8]; 14] = [
    b"alpha", b"lower", b"upper", b"alnum", b"ascii", b"blank", b"cntrl", b"digit", b"graph", b"print",
    b"punct", b"space", b"word", b"xdigit",
];

/// What follows `[:name:]` in a class; `rest` is what follows `[:`.
fn posix(rest: &[u8]) -> Result<&[u8], Stop> {
    let name = rest.strip_prefix(b"^").unwrap_or(rest);
    let length = name.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (name, tail) = name.split_at_checked(length).ok_or(Stop::Unknown)?;
    let Some(tail) = tail.strip_prefix(b":]") else { return Err(Stop::Unknown) };
    if CLASSES.contains(&name) { Ok(tail) } else { Err(Stop::Error("unknown POSIX class name")) }
}

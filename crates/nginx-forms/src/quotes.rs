//! Which quotes a place in a script of a shell stands in.

/// Scripts nest no deeper; what is deeper is not told apart.
const DEEPEST: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    /// `'…'`: nothing in it is filled in.
    Single,
    /// `"…"`, and whether it began in the command that is being read.
    Double { is_of_command: bool },
    /// `(…)` and `$(…)`: quotes begin anew in it.
    Parentheses,
    /// `` `…` ``, as well.
    Backticks,
}

/// The quotes of a script, byte by byte. Texts of heredocs are not given to it.
#[derive(Debug, Default)]
pub(crate) struct Quotes {
    around: Vec<Around>,
    is_escaped: bool,
    is_comment: bool,
    last: u8,
}

impl Quotes {
    /// The next command begins.
    pub(crate) fn begin(&mut self) {
        (self.is_comment, self.last) = (false, b'\n');
        for around in &mut self.around {
            if let Around::Double { is_of_command } = around {
                *is_of_command = false;
            }
        }
    }

    /// Whether the place is in a string whose `$` and `\` this shell reads before another one does; `is_of_command`,
    /// whether the string began in the same command. `None` where it is in no such string.
    pub(crate) fn double(&self) -> Option<bool> {
        match self.around.last() {
            Some(Around::Double { is_of_command }) => Some(*is_of_command),
            _ => None,
        }
    }

    pub(crate) fn take(&mut self, text: &[u8]) {
        for byte in text {
            self.byte(*byte);
            self.last = *byte;
        }
    }

    fn byte(&mut self, byte: u8) {
        if self.is_comment {
            self.is_comment = byte != b'\n';
            return;
        }
        let around = self.around.last().copied();
        if std::mem::take(&mut self.is_escaped) {
            return;
        }
        match (around, byte) {
            (Some(Around::Single), b'\'')
            | (Some(Around::Double { .. }), b'"')
            | (Some(Around::Backticks), b'`')
            | (Some(Around::Parentheses), b')') => drop(self.around.pop()),
            (Some(Around::Single), _) => {}
            (_, b'\\') => self.is_escaped = true,
            (_, b'`') => self.open(Around::Backticks),
            (Some(Around::Double { .. }), b'(') if self.last == b'$' => self.open(Around::Parentheses),
            (Some(Around::Double { .. }), _) => {}
            (_, b'"') => self.open(Around::Double { is_of_command: true }),
            (_, b'\'') => self.open(Around::Single),
            (_, b'(') => self.open(Around::Parentheses),
            (_, b'#') if self.last.is_ascii_whitespace() || b";(&|".contains(&self.last) => {
                self.is_comment = true;
            }
            _ => {}
        }
    }

    fn open(&mut self, around: Around) {
        if self.around.len() < DEEPEST {
            self.around.push(around);
        }
    }
}

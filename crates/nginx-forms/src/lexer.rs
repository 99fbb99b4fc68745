//! Where nginx's lexer stands in a view that is being made (`core/ngx_conf_file.c:ngx_conf_read_token`).

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// A statement may begin.
    Start,
    /// Between the words of a statement.
    Between,
    Word,
    Quoted(u8),
    Comment {
        /// Whether a statement is open around it.
        is_inside: bool,
    },
    /// The block of a directive such as `content_by_lua_block`.
    Lua {
        depth: u32,
        quote: Option<u8>,
        is_comment: bool,
    },
}

/// How long the name of a directive is at most that is told apart.
const LONGEST_NAME: usize = 64;

/// Follows nginx's lexer, byte by byte.
#[derive(Debug, Clone)]
pub(crate) struct Lexer {
    pub(crate) at: At,
    is_escaped: bool,
    /// The first word of the statement that is open, as far as it was seen.
    name: Vec<u8>,
    is_name_done: bool,
    last: u8,
    /// How many blocks are open; below 0 where more were closed than opened.
    pub(crate) depth: i64,
}

impl Lexer {
    pub(crate) fn new() -> Self {
        Self { at: At::Start, is_escaped: false, name: Vec::new(), is_name_done: false, last: 0, depth: 0 }
    }

    /// Whether a statement may begin that stands in no block.
    pub(crate) fn is_outside(&self) -> bool {
        self.at == At::Start && self.depth <= 0
    }

    /// Whether the next byte is taken as it is.
    pub(crate) fn is_escaped(&self) -> bool {
        self.is_escaped
    }

    pub(crate) fn take_all(&mut self, text: &[u8]) {
        text.iter().for_each(|byte| self.take(*byte));
    }

    pub(crate) fn take(&mut self, byte: u8) {
        let last = std::mem::replace(&mut self.last, byte);
        if std::mem::take(&mut self.is_escaped) {
            return;
        }
        let was = self.at;
        self.at = match (was, byte) {
            (At::Lua { .. }, _) => self.lua(was, last, byte),
            (At::Comment { is_inside: false }, b'\n') => At::Start,
            (At::Comment { is_inside: true }, b'\n') => At::Between,
            (At::Comment { is_inside }, _) => At::Comment { is_inside },
            (At::Quoted(quote), b'\\') => {
                self.is_escaped = true;
                At::Quoted(quote)
            }
            (_, b'\\') => {
                self.is_escaped = true;
                At::Word
            }
            (At::Quoted(quote), byte) if byte == quote => At::Between,
            (At::Quoted(quote), _) => At::Quoted(quote),
            (_, b'{') if self.name.ends_with(b"_by_lua_block") => {
                At::Lua { depth: 1, quote: None, is_comment: false }
            }
            // `${name}` is a part of a word, and so is a brace that closes in one.
            (At::Word, b'{') if last == b'$' => At::Word,
            (At::Word, b'}') => At::Word,
            (_, b';' | b'{' | b'}') => {
                self.depth += i64::from(byte == b'{') - i64::from(byte == b'}');
                At::Start
            }
            (At::Start, b'#') => At::Comment { is_inside: false },
            (At::Between, b'#') => At::Comment { is_inside: true },
            (At::Start, byte) if byte.is_ascii_whitespace() => At::Start,
            (At::Between | At::Word, byte) if byte.is_ascii_whitespace() => At::Between,
            (At::Start | At::Between, b'"' | b'\'') => At::Quoted(byte),
            _ => At::Word,
        };
        match self.at {
            At::Start => {
                self.name.clear();
                self.is_name_done = false;
            }
            At::Word if !self.is_name_done && self.name.len() < LONGEST_NAME => self.name.push(byte),
            _ => self.is_name_done = true,
        }
    }

    fn lua(&mut self, was: At, last: u8, byte: u8) -> At {
        let At::Lua { depth, quote, is_comment } = was else { return was };
        match (quote, byte) {
            _ if is_comment => At::Lua { depth, quote, is_comment: byte != b'\n' },
            (Some(_), b'\\') => {
                self.is_escaped = true;
                was
            }
            // No text in quotes goes over lines.
            (Some(open), _) if byte == open || byte == b'\n' => At::Lua { depth, quote: None, is_comment },
            (None, b'"' | b'\'') => At::Lua { depth, quote: Some(byte), is_comment },
            (None, b'-') if last == b'-' => At::Lua { depth, quote, is_comment: true },
            (None, b'{') => At::Lua { depth: depth + 1, quote, is_comment },
            (None, b'}') if depth == 1 => At::Start,
            (None, b'}') => At::Lua { depth: depth - 1, quote, is_comment },
            _ => was,
        }
    }
}

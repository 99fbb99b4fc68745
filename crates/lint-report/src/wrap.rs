//! Breaks text into lines at spaces.

use unicode_width::UnicodeWidthStr;

/// How a line of code begins: it is kept as it is.
const INDENTED: &str = "    ";

/// Lines of at most `columns`, except where one piece is longer. Text between backticks is code to copy and stays
/// in one piece.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    if text.starts_with(INDENTED) {
        return vec![text.to_owned()];
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    for piece in pieces(text) {
        if line.is_empty() {
            line.push_str(piece);
        } else if line.width() + 1 + piece.width() <= columns {
            line.push(' ');
            line.push_str(piece);
        } else {
            lines.push(std::mem::replace(&mut line, piece.to_owned()));
        }
    }
    lines.push(line);
    lines
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.split(move |c| {
        in_code ^= c == '`';
        c == ' ' && !in_code
    })
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn code_stays_in_one_piece() {
        assert_eq!(wrap("say `a b c` to it", 8), ["say", "`a b c`", "to it"]);
    }

    #[test]
    fn an_indented_line_is_code() {
        assert_eq!(wrap("    a  b c d", 8), ["    a  b c d"]);
    }

    #[test]
    fn nothing_is_one_empty_line() {
        assert_eq!(wrap("", 8), [""]);
    }
}

//! Text for XML.

use crate::escape;

/// Text without the characters that XML 1.0 cannot hold (section 2.2) or a terminal would obey; line by line, because line
/// breaks stay.
pub(crate) fn xml_text(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(escape).collect();
    lines.join("\n").replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

/// The same for an attribute, in which readers make a blank of a line break (section 3.3.3): it is written as `\n`.
pub(crate) fn xml_attribute(text: &str) -> String {
    escape(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

//! What the words of objects are to nginx.

/// A path with its modifier as nginx has it; what would be more than one word is not known.
pub(super) fn modified(path: &str) -> String {
    let modifier: String =
        path.chars().take_while(|letter| matches!(letter, '~' | '*' | '=' | '^')).collect();
    let modifier = if modifier.starts_with("~*") {
        "~*"
    } else if modifier.starts_with('~') {
        "~"
    } else {
        "="
    };
    let rest = path.strip_prefix(modifier).unwrap_or_default().trim();
    let is_word = !rest.is_empty() && !rest.contains(|letter: char| letter == '"' || letter.is_control());
    if is_word && !rest.ends_with('\\') {
        format!("{modifier} \"{rest}\"")
    } else {
        "${ingress_path}".to_owned()
    }
}

/// Those that both controllers write for every location.
pub(super) fn is_time_directive(directive: &str) -> bool {
    directive.ends_with("_timeout")
}

/// What is longer is no list that a person keeps: each path looks through it.
const LONGEST_LIST: usize = 16 << 10;

/// Whether a list of services has one: `a,b`. Blanks are parts of names.
pub(super) fn is_listed(list: &str, service: &str) -> bool {
    !service.is_empty() && list.len() <= LONGEST_LIST && list.split(',').any(|one| one == service)
}

/// The same for what the author means: `a, b`.
pub(super) fn is_meant(list: &str, service: &str) -> bool {
    !service.is_empty() && list.len() <= LONGEST_LIST && list.split(',').any(|one| one.trim() == service)
}

pub(super) fn needs_quotes(path: &str) -> bool {
    path.contains(|character: char| character.is_whitespace() || "{};\"'\\$#~=^@".contains(character))
}

/// A name of Kubernetes, or a number.
pub(super) fn is_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

//! Lines of elsewhere, for a location that needs them too: by the `include` that brings them, where the tree has one and
//! it brings nothing else to the location, else each as it is written.

use std::iter::successors;

use nginx_semantics::catalogue::{self, Contexts};
use nginx_semantics::{
    Configuration, ContextId, Declared, Directive, DirectiveName, Effective, FileId, effective, time,
};

use crate::edit::copied;

/// A time-out of so many milliseconds is short to no rule.
const LONG_MS: u64 = 3_600_000;

/// So many places are searched for an include: in a server of thousands of locations each of them may be searched for each.
const MOST_PLACES: usize = 32;

/// How a location gets lines of elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Repeated<'s> {
    /// To be written in it.
    pub(crate) lines: Vec<String>,
    /// Lines of its own that an include in `lines` says in the same words.
    pub(crate) superseded: Vec<Directive<'s>>,
    /// Those of elsewhere that are written as they are, not by an include.
    pub(crate) copied: Vec<Directive<'s>>,
}

/// A location that is to get lines.
pub(crate) struct Receiver<'s> {
    pub(crate) configuration: Configuration<'s>,
    pub(crate) location: ContextId,
    pub(crate) pass: Directive<'s>,
    /// The `proxy_set_header` lines in it, one of an included file too.
    pub(crate) own: Vec<Directive<'s>>,
    /// What can be taken out of it: what is written in its own block.
    pub(crate) removable: Vec<Directive<'s>>,
    /// Fields that get another value by the same remedy.
    pub(crate) set: Vec<&'static str>,
    /// Whether the same remedy sets `proxy_http_version`.
    pub(crate) sets_version: bool,
}

impl<'s> Receiver<'s> {
    /// The lines as they are to be written, in their order; `None` where one may not be shown.
    pub(crate) fn repeat(&self, lines: &[Directive<'s>]) -> Option<Repeated<'s>> {
        let mut repeated = Repeated::default();
        let mut brought: Vec<Directive<'s>> = Vec::new();
        let places = self.places();
        for line in lines {
            if brought.iter().any(|other| is_same(other, line)) {
                continue;
            }
            let Some((include, headers)) = self.shared(&places, line, lines) else {
                repeated.lines.push(copied(line, self.file())?);
                repeated.copied.push(*line);
                continue;
            };
            let is_brought = |own: &&Directive<'s>| headers.iter().any(|header| is_same(header, own));
            repeated.superseded.extend(self.own.iter().filter(is_brought));
            repeated.lines.push(include);
            brought.extend(headers);
        }
        Some(repeated)
    }

    /// The file that gets the lines.
    fn file(&self) -> FileId {
        let opener = self.configuration.opener(self.location);
        opener.map_or(self.pass.reference.file, |opener| opener.reference.file)
    }

    /// The outer levels, and the other locations of the same block and file, that get `proxy_set_header` by an include.
    fn places(&self) -> Vec<ContextId> {
        let configuration = self.configuration;
        let Some(parent) = configuration.context(self.location).parent else { return Vec::new() };
        let including = configuration.including_headers();
        let file = configuration.opener(self.location).map(|opener| opener.reference.file);
        let siblings = including.blocks(parent, file).iter().copied().filter(|one| *one != self.location);
        let outer = configuration.levels(parent).filter(|level| including.has(*level));
        outer.chain(siblings).take(MOST_PLACES).collect()
    }

    /// The include that brings a line to one of the places, with the `proxy_set_header` lines that it brings.
    fn shared(
        &self,
        places: &[ContextId],
        line: &Directive<'s>,
        lines: &[Directive<'s>],
    ) -> Option<(String, Vec<Directive<'s>>)> {
        let configuration = self.configuration;
        let mut includes = places.iter().flat_map(|&place| {
            let headers = configuration.named(place, DirectiveName::PROXY_SET_HEADER);
            let same = headers.filter(|header| is_same(header, line));
            same.flat_map(move |header| includes_in(configuration, place, &header))
                .map(move |include| (place, include))
        });
        includes.find_map(|(place, include)| {
            let headers = self.brought(place, &include, lines)?;
            Some((copied(&include, self.file())?, headers))
        })
    }

    /// The `proxy_set_header` lines that an include brings to a level; `None` where the location gets anything else by it.
    fn brought(
        &self,
        place: ContextId,
        include: &Directive<'s>,
        lines: &[Directive<'s>],
    ) -> Option<Vec<Directive<'s>>> {
        let configuration = self.configuration;
        let is_by_it = |line: &Directive<'s>| chain(line).any(|other| other.reference == include.reference);
        let is_unknown = configuration.context(place).unseen().any(|gap| {
            let gap = configuration.directive(gap.include);
            gap.reference == include.reference || is_by_it(&gap)
        });
        let all: Vec<_> = configuration.directives(place).filter(is_by_it).collect();
        let (headers, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|line| line.name() == DirectiveName::PROXY_SET_HEADER);
        let is_wanted = headers.iter().all(|header| self.is_wanted(header, lines));
        let changes_nothing = others.iter().all(|other| self.is_in_effect(other, &others));
        (!is_unknown && is_wanted && changes_nothing).then_some(headers)
    }

    /// Whether the location is to get a line, or has it already in a place from which it can be taken.
    fn is_wanted(&self, header: &Directive<'s>, lines: &[Directive<'s>]) -> bool {
        let is_field =
            |name: &str| header.argument(0).is_some_and(|field| field.eq_ignore_ascii_case(name.as_bytes()));
        let can_go = |own: &Directive<'s>| {
            is_same(own, header) && self.removable.iter().any(|line| line.reference == own.reference)
        };
        let mut own = self.own.iter().filter(|own| is_same_field(own, header)).peekable();
        let is_there = own.peek().is_some();
        !self.set.iter().any(|name| is_field(name))
            && own.all(can_go)
            && (is_there || lines.iter().any(|line| is_same(line, header)))
    }

    /// Whether the location inherits just what a directive of the include says, so that it may say it too: what `http`,
    /// servers and locations take alike is inherited from the nearest level that has any of it (`merge_loc_conf` of
    /// nginx's modules).
    fn is_in_effect(&self, other: &Directive<'s>, others: &[Directive<'s>]) -> bool {
        const LEVELS: [Contexts; 3] = [Contexts::HTTP, Contexts::HTTP_SERVER, Contexts::HTTP_LOCATION];
        let name = other.name();
        let is_merged = |row: &&catalogue::Directive| {
            !row.block && LEVELS.into_iter().all(|level| row.contexts.contains(level))
        };
        // nginx refuses a `root` beside an `alias`, a `proxy_redirect default` before the `proxy_pass`, and a `proxy_store`
        // beside a `proxy_cache`.
        let is_of_neighbours =
            matches!(name.as_str(), "root" | "proxy_redirect" | "proxy_store" | "proxy_cache")
                && other.argument(0).is_none_or(|word| word.as_ref() != b"off");
        // Another remedy would give the location a line of its own, and nginx refuses the second.
        let is_mended = match name {
            DirectiveName::PROXY_HTTP_VERSION => {
                self.sets_version || other.argument(0).is_none_or(|word| word.as_ref() != b"1.1")
            }
            DirectiveName::PROXY_READ_TIMEOUT | DirectiveName::PROXY_SEND_TIMEOUT => {
                other.argument(0).and_then(|word| time::parse_ms(&word)).is_none_or(|ms| ms < LONG_MS)
            }
            _ => false,
        };
        let is_inherited = name.rows().iter().any(|row| is_merged(&row)) && !is_of_neighbours && !is_mended;
        let is_in_effect = || match effective(self.configuration, self.location, name) {
            Effective::Set(Declared { level, directives, .. }) => {
                let brought: Vec<_> = others.iter().filter(|other| other.name() == name).collect();
                level != self.location
                    && directives.len() == brought.len()
                    && directives
                        .iter()
                        .zip(brought)
                        .all(|(one, other)| one.arguments().eq(other.arguments()))
            }
            Effective::Default { .. } | Effective::Unknown(_) => false,
        };
        is_inherited && is_in_effect()
    }
}

/// The includes that brought a directive in, innermost first.
fn chain<'s>(line: &Directive<'s>) -> impl Iterator<Item = Directive<'s>> + use<'s> {
    successors(line.included_by(), Directive::included_by)
}

/// Those of them that stand in the block of the level, outermost first.
fn includes_in<'s>(
    configuration: Configuration<'s>,
    level: ContextId,
    line: &Directive<'s>,
) -> Vec<Directive<'s>> {
    let around = configuration.opener(level).and_then(|opener| opener.included_by());
    let is_around =
        |include: &Directive<'s>| around.is_some_and(|around| around.reference == include.reference);
    let mut includes: Vec<_> = chain(line).take_while(|include| !is_around(include)).collect();
    includes.reverse();
    includes
}

fn is_same_field(one: &Directive<'_>, other: &Directive<'_>) -> bool {
    let field = |line: &Directive<'_>| line.argument(0).map(|name| name.to_ascii_lowercase());
    field(one) == field(other)
}

/// Whether two `proxy_set_header` lines say the same.
fn is_same(one: &Directive<'_>, other: &Directive<'_>) -> bool {
    is_same_field(one, other) && one.arguments().skip(1).eq(other.arguments().skip(1))
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::fixed;

    const SNIPPET: &str = "#- snippets/websocket.conf\nproxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\n\
                           proxy_set_header Connection $http_connection;\nproxy_set_header Host $host;\nproxy_read_timeout 1h;\n";
    const LINES: &str = "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; proxy_set_header Host $host;";

    /// A server with these lines, and a location that has these and a pass.
    fn server(outer: &str, location: &str) -> String {
        format!("server {{\n{outer}  location /ws/ {{\n    proxy_pass http://a;\n{location}  }}\n}}\n")
    }

    /// `LINES` as they are written in a location.
    fn own_lines() -> String {
        LINES.split_inclusive(';').map(|line| format!("    {}\n", line.trim())).collect()
    }

    #[track_caller]
    fn assert_fixed(before: &str, after: &str, files: &str) {
        assert_fixed_as(Applicability::Unsafe, before, after, files);
    }

    #[track_caller]
    fn assert_fixed_as(applicability: Applicability, before: &str, after: &str, files: &str) {
        let rule = "upgrade-headers-not-inherited";
        let fixed = fixed(applicability, rule, &format!("{before}{files}"));
        assert_eq!(fixed, format!("{after}{files}"));
    }

    const INCLUDE: &str = "  include snippets/websocket.conf;\n";
    const OWN: &str = "    proxy_set_header X-A 1;\n";

    /// Named again it is safe only where the location has all that it brings; else just the handshake's lines are.
    #[test]
    fn an_include_that_brings_more_than_the_handshake_is_not_safe() {
        let rule = "upgrade-headers-not-inherited";
        let text = |snippet: &str, more: &str| server(INCLUDE, &format!("{OWN}{more}")) + snippet;
        let lines = "    proxy_set_header Upgrade $http_upgrade;\n    proxy_set_header Connection $http_connection;\n";
        assert_eq!(fixed(Applicability::Safe, rule, &text(SNIPPET, "")), text(SNIPPET, lines));
        let bare = SNIPPET.replace("proxy_set_header Host $host;\n", "");
        let include = "    include snippets/websocket.conf;\n";
        assert_eq!(fixed(Applicability::Safe, rule, &text(&bare, "")), text(&bare, include));
    }

    #[test]
    fn the_include_of_the_outer_level_is_named_again() {
        let after = format!("{OWN}    include snippets/websocket.conf;\n");
        assert_fixed(&server(INCLUDE, OWN), &server(INCLUDE, &after), SNIPPET);
    }

    #[test]
    fn lines_beside_the_include_are_repeated() {
        let outer = format!("{INCLUDE}  proxy_set_header X-B 2;\n");
        let after = format!("{OWN}    include snippets/websocket.conf;\n    proxy_set_header X-B 2;\n");
        assert_fixed(&server(&outer, OWN), &server(&outer, &after), SNIPPET);
    }

    #[test]
    fn a_line_that_the_include_says_in_the_same_words_goes() {
        let own = "    proxy_set_header host $host;\n";
        let after = server(INCLUDE, &INCLUDE.replace("  i", "    i"));
        assert_fixed_as(Applicability::Safe, &server(INCLUDE, own), &after, SNIPPET);
    }

    #[test]
    fn an_include_that_another_location_has_is_shared() {
        let other =
            "  location /api/ {\n    include snippets/websocket.conf;\n    proxy_pass http://a;\n  }\n";
        let outer = format!("  proxy_http_version 1.1;\n  proxy_read_timeout 1h;\n  {LINES}\n{other}");
        let after = format!("{OWN}    include snippets/websocket.conf;\n");
        assert_fixed(&server(&outer, OWN), &server(&outer, &after), SNIPPET);
        // The time-out of the include is not this location's.
        let outer = outer.replace("1h", "2h");
        assert_fixed(&server(&outer, OWN), &server(&outer, &format!("{OWN}{}", own_lines())), SNIPPET);
    }

    #[test]
    fn the_outermost_include_that_fits_is_named() {
        let inner = "#- snippets/headers.conf\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $http_connection;\n";
        let after = |file: &str| server(INCLUDE, &format!("{OWN}    include {file};\n"));
        for (more, named) in [
            ("proxy_read_timeout 1h;\n", "snippets/websocket.conf"),
            ("rewrite ^/old /new;\n", "snippets/headers.conf"),
        ] {
            let outer =
                "#- snippets/websocket.conf\nproxy_http_version 1.1;\ninclude snippets/headers.conf;\n";
            assert_fixed_as(
                Applicability::Safe,
                &server(INCLUDE, OWN),
                &after(named),
                &format!("{outer}{more}{inner}"),
            );
        }
    }

    #[test]
    fn repeated_line_by_line_where_the_include_brings_more() {
        for (own, more) in [
            // A field that the location has with another value.
            ("    proxy_set_header X-Real-IP $http_x;\n", "proxy_set_header X-Real-IP $remote_addr;\n"),
            // Twice in one block, and what nginx does not inherit, or not here.
            ("    proxy_read_timeout 5h;\n    proxy_set_header X-A 1;\n", ""),
            (OWN, "rewrite ^/old /new;\n"),
            (OWN, "proxy_redirect default;\n"),
            (OWN, "proxy_store on;\n"),
            (OWN, "location = /health { return 204; }\n"),
            // Something that was not given.
            (OWN, "include more/*.conf;\n"),
        ] {
            let after = format!("{own}{}", own_lines());
            assert_fixed(&server(INCLUDE, own), &server(INCLUDE, &after), &format!("{SNIPPET}{more}"));
        }
    }

    #[test]
    fn repeated_line_by_line_where_another_fix_adds_a_line() {
        for (good, short) in
            [("proxy_read_timeout 1h", "proxy_read_timeout 60s"), ("_version 1.1", "_version 1.0")]
        {
            let snippet = SNIPPET.replace(good, short);
            let after = format!("{OWN}{}", own_lines());
            assert_fixed(&server(INCLUDE, OWN), &server(INCLUDE, &after), &snippet);
        }
    }

    #[test]
    fn an_include_is_not_named_for_what_the_same_fix_sets() {
        let other =
            "  location /api/ {\n    include snippets/websocket.conf;\n    proxy_pass http://a;\n  }\n";
        let outer = format!("  proxy_read_timeout 1h;\n  {LINES}\n{other}");
        let after = format!("    proxy_http_version 1.1;\n{OWN}{}", own_lines());
        assert_fixed(&server(&outer, OWN), &server(&outer, &after), SNIPPET);
    }
}

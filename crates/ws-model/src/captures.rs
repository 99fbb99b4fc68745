//! What a regex captured, and what would take its place.
//!
//! A request has one place for what `$1` to `$9` are of. The regex of a map writes there when its variable is first read,
//! without groups too (`http/ngx_http_variables.c:ngx_http_regex_exec`), be it while nginx builds a request for the
//! upstream, between measuring a value with `$1` and writing it.

use nginx_semantics::pattern::group_names;
use nginx_semantics::{ContextId, ContextKind, DirectiveName, Part, has_regex_or_unseen, parts};

use crate::model::Model;

impl Model<'_> {
    /// Whether reading the variables of a text may run a regex or a program, in doubt too: that of a map that one of them
    /// is of, or of another map that this one reads.
    pub fn may_run_regex(&self, text: &[u8]) -> bool {
        self.variables.may_run_regex(self.configuration, text)
    }

    /// Whether a map has keys that are regexes, or may have.
    pub fn has_regex_or_unseen(&self, map: ContextId) -> bool {
        has_regex_or_unseen(self.configuration, map)
    }

    /// Whether a line reads what a regex captured that is not its own, or may, in doubt too: `$1`, or the name of a group
    /// in a map's regex. A `rewrite` reads what it matched itself.
    pub fn reads_captures(&self) -> bool {
        *self.captures_read.get_or_init(|| {
            let configuration = self.configuration;
            configuration.contexts().any(|(id, context)| {
                let is_map = context.kind == ContextKind::Map;
                let mut lines =
                    configuration.directives(id).filter(|line| line.name() != DirectiveName::REWRITE);
                lines.any(|line| {
                    let names_group = || {
                        let key = line.name_bytes();
                        key.starts_with(b"~") && !group_names(&key).is_empty()
                    };
                    is_map && names_group() || line.arguments().any(|word| has_capture(&word))
                })
            })
        })
    }
}

fn has_capture(text: &[u8]) -> bool {
    text.contains(&b'$') && parts(text).iter().any(|part| matches!(part, Part::Capture(_)))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use nginx_semantics::{Configuration, MemoryFiles, Scope, load};

    use super::*;
    use crate::model::Hints;

    /// What is found in the text of an `http` block.
    fn with_model<T>(http: &str, found: impl FnOnce(&Model<'_>) -> T) -> T {
        let mut files = MemoryFiles::new();
        let text = format!("events {{}}\nhttp {{\n{http}\n}}\n");
        files.insert(PathBuf::from("/t/nginx.conf"), text.as_str());
        let scope = Scope { given: vec!["/t".into()], working_folder: "/t".into(), ..Scope::default() };
        let loaded = load(&files, &["/t/nginx.conf".into()], &scope);
        let layout = loaded.layouts.first().unwrap();
        found(&Model::new(Configuration::new(&loaded.sources, layout), &Hints::default()))
    }

    #[test]
    fn the_regex_of_a_map_runs_when_its_variable_is_read() {
        for (http, text, is_so) in [
            ("", "$http_upgrade", false),
            ("map $http_upgrade $a { default upgrade; '' close; }", "$a", false),
            ("map $http_upgrade $a { default upgrade; '' close; }", "x${A}", false),
            ("map $http_upgrade $a { \\~x upgrade; '' close; }", "$a", false),
            ("map $http_upgrade $a { ~*websocket upgrade; '' close; }", "$a", true),
            ("map $http_upgrade $a { \"~*^(.*)$\" upgrade; '' close; }", "$A", true),
            ("map $http_upgrade $a { include /not/given; '' close; }", "$a", true),
            // By the source, or by a value.
            ("map $http_upgrade $b { ~x y; } map $b $a { y upgrade; }", "$a", true),
            ("map $http_upgrade $b { ~x y; } map $http_upgrade $a { y $b; }", "$a", true),
            ("map $b $a { y upgrade; } map $a $b { y upgrade; }", "$a", false),
            ("perl_set $p 'sub { 1 }'; map $p $a { y upgrade; }", "$a", true),
            ("server { set $s x; }", "$s", false),
        ] {
            assert_eq!(
                with_model(http, |model| model.may_run_regex(text.as_bytes())),
                is_so,
                "{http}: {text}"
            );
        }
    }

    #[test]
    fn captures_are_read_by_number_and_by_name() {
        for (http, is_so) in [
            ("server { location ~ ^/(.*)$ { proxy_pass http://a; } }", false),
            ("server { rewrite ^/(.*)$ /x/$1; }", false),
            ("server { location ~ ^/(.*)$ { proxy_pass http://a/$1; } }", true),
            ("server { location ~ ^/(.*)$ { proxy_pass http://a; proxy_set_header X a$1; } }", true),
            ("map $http_upgrade $a { ~*(?<kind>web) upgrade; }", true),
            ("map $http_upgrade $a { ~*(web) upgrade; }", false),
            ("map $http_upgrade $a { ~*(web) $1; }", true),
        ] {
            with_model(http, |model| assert_eq!(model.reads_captures(), is_so, "{http}"));
        }
    }
}

//! No text, whatever marks and forms are broken in it, stops the search for views, and every view leads back to it.

#![expect(clippy::indexing_slicing, reason = "helpers of tests may fail like tests")]

use nginx_forms::template::{Manner, alternatives};
use nginx_forms::{Form, View, views};
use nginx_syntax::Span;
use proptest::prelude::*;

const PIECES: &[&str] = &[
    "{{ ",
    " }}",
    "{% if a %}",
    "{% else %}",
    "{% endif %}",
    "{% for x in y %}",
    "{% endfor %}",
    "{#",
    "#}",
    "<% if x -%>",
    "<%= y %>",
    "<% end %>",
    "<% } else { %>",
    "<%-",
    "[[ if .x ]]",
    "[[ end ]]",
    "${NAME}",
    "${a.b}",
    "$X",
    "@@A@@",
    "%b%",
    "{C}",
    "> if x then\n",
    "> end\n",
    "{{#if z}}",
    "{{/if}}",
    "{{^q}}",
    "@if (x)\n",
    "@endif\n",
    "{% raw %}",
    "{% endraw %}",
    "{% include 'a.conf' %}",
    "server {",
    "listen 80;",
    "}",
    "\"",
    "'",
    "\\",
    "#",
    "\n",
    " ",
    "\r\n",
    "content_by_lua_block {",
    "a: |\n",
    "  ",
    "- b: >-\n",
    "kind: ConfigMap\n",
    "data:\n",
    "cat > x <<EOF\n",
    "EOF\n",
    "<<'E'\n",
    "E\n",
    "\\$",
    "$${",
    "```nginx\n",
    "```\n",
    "# configuration file /etc/nginx/nginx.conf:\n",
    "\u{e9}",
    "\0",
    "&x ",
    "*x",
    "!!str ",
    "? ",
    "[",
    "{",
    "]",
];

fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        20 => (0..PIECES.len()).prop_map(|at| PIECES[at].as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 1..4),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Every byte of a view stands somewhere in its host, in order.
fn leads_back(view: &View, host: &[u8]) -> Result<(), TestCaseError> {
    let mut last = 0;
    for at in 0..view.bytes().len() {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        let span = view.on_host(Span::new(at, at + 1));
        prop_assert!(last <= span.start && span.end as usize <= host.len(), "{span:?}");
        last = span.start;
        if let Ok((edited, _)) = view.edit(Span::new(at, at + 1), b"x") {
            prop_assert!(edited.start <= edited.end && edited.end as usize <= host.len(), "{edited:?}");
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_a_template(text in text(), is_by_name in any::<bool>()) {
        let all = alternatives(&text, None, Manner { is_by_name, ..Manner::default() });
        prop_assert!(!all.views.is_empty());
        for view in &all.views {
            leads_back(view, &text)?;
        }
    }

    #[test]
    fn any_text_is_a_host(text in text()) {
        for form in [Form::Dump, Form::Dockerfile, Form::Shell, Form::Terraform, Form::Yaml, Form::Markup, Form::Omnibus] {
            for found in views(form, &text) {
                leads_back(&found.view, &text)?;
                prop_assert!(found.path.starts_with('/'));
                // A template in it leads back to the file too.
                for view in alternatives(found.view.bytes(), Some(&found.view), Manner::default()).views {
                    leads_back(&view, &text)?;
                }
            }
        }
    }
}

/// What looks like the head of a heredoc, of a file or of a block a hundred thousand times over ends in its time.
#[test]
fn many_heads_cost_no_more_than_their_length() {
    let many = 100_000;
    for text in [
        "<<a ".repeat(many),
        "cat <<a\n".repeat(many),
        "cat <<a \\\n".repeat(many),
        format!("{}{}", "cat <<a\n".repeat(many), "a\n".repeat(many)),
        "# configuration file /a:\n{\n".repeat(many),
        "```nginx\n[source,nginx]\n".repeat(many),
        "{% highlight nginx %}\n".repeat(many),
    ] {
        for form in [Form::Dump, Form::Dockerfile, Form::Shell, Form::Terraform, Form::Markup] {
            assert!(views(form, text.as_bytes()).len() <= 2 * many);
        }
    }
    let conditions: String = (0..2_000)
        .map(|number| format!("{{% if a{number} == 'b' and (c or not d) %}}\nx;\n{{% endif %}}\n"))
        .collect();
    assert!(alternatives(conditions.as_bytes(), None, Manner::default()).is_cut);
}

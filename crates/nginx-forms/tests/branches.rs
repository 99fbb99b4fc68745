//! Which branches of a template come out together.

use nginx_forms::template::{Manner, alternatives};

/// For each way through a template with the lines `one;` and `two;`, whether they come out.
fn ways(template: &str) -> Vec<(bool, bool)> {
    let made = alternatives(template.as_bytes(), None, Manner::default());
    let has = |text: &str, line: &str| text.lines().any(|it| it.trim() == line);
    let mut ways: Vec<(bool, bool)> = made
        .views
        .iter()
        .map(|view| String::from_utf8_lossy(view.bytes()).into_owned())
        .map(|text| (has(&text, "one;"), has(&text, "two;")))
        .collect();
    ways.sort_unstable();
    ways.dedup();
    ways
}

fn jinja(one: &str, two: &str) -> String {
    format!("{{% if {one} %}}\none;\n{{% endif %}}\n{{% if {two} %}}\ntwo;\n{{% endif %}}\n")
}

fn go(one: &str, two: &str) -> String {
    format!("{{{{ if {one} }}}}\none;\n{{{{ end }}}}\n{{{{ if {two} }}}}\ntwo;\n{{{{ end }}}}\n")
}

fn erb(one: &str, two: &str) -> String {
    format!("<% if {one} -%>\none;\n<% end -%>\n<% if {two} -%>\ntwo;\n<% end -%>\n")
}

#[test]
fn a_condition_and_its_opposite_exclude_each_other_and_one_of_them_holds() {
    let opposites = [
        jinja("x == 'a'", "x != 'a'"),
        jinja("x == \"a\"", "x!='a'"),
        jinja("x in xs", "x not in xs"),
        jinja("x in xs", "not x in xs"),
        jinja("not (x in xs)", "(x in xs)"),
        jinja("x is defined", "x is not defined"),
        jinja("n < 3", "n >= 3"),
        jinja("n <= 3", "n > 3"),
        jinja("a and b", "not (a and b)"),
        jinja("a and b", "not a or not b"),
        jinja("a or (b and c)", "not a and (not b or not c)"),
        jinja("x | default(false)", "not x|default(false)"),
        jinja("x in ['a', 'b']", "x not in [\"a\", \"b\"]"),
        go("eq .Mode \"a\"", "ne .Mode \"a\""),
        go("eq .Mode `a`", "not (eq .Mode \"a\")"),
        go("and .A .B", "not (and .A .B)"),
        go("or .A (eq .B \"x\")", "and (not .A) (ne .B \"x\")"),
        go("(.A)", "not .A"),
        go("eq .A \"x\" \"y\"", "and (ne .A \"x\") (ne .A \"y\")"),
        go("hasKey .A \"x\"", "not (hasKey .A \"x\")"),
        erb("@x == 'a'", "@x != 'a'"),
        erb("!@x", "@x"),
        erb("@x =~ /a/", "@x !~ /a/"),
        erb("!(@a && @b)", "@a && @b"),
        erb("@x.nil?", "!@x.nil?"),
    ];
    for template in opposites {
        assert_eq!(ways(&template), [(false, true), (true, false)], "{template}");
    }
}

#[test]
fn what_says_more_than_another_holds_only_with_it() {
    let implied = [
        jinja("x == 'a'", "x"),
        jinja("x == 'a'", "x is defined"),
        jinja("x", "x is defined"),
        jinja("a and b", "a"),
        go("eq .A \"x\"", ".A"),
        go("and .A .B", ".A"),
    ];
    for template in implied {
        assert_eq!(ways(&template), [(false, false), (false, true), (true, true)], "{template}");
    }
}

#[test]
fn values_of_one_thing_exclude_each_other() {
    let excluding = [
        jinja("x == 'a'", "x == 'b'"),
        jinja("'a' == x", "x == \"b\""),
        jinja("x == 'a'", "not x"),
        jinja("x == 'a'", "x is not defined"),
        go("eq .A \"x\"", "eq .A \"y\""),
        go("eq .A 1", "eq .A 2"),
        erb("@x == 'a'", "@x == 'b'"),
    ];
    for template in excluding {
        assert_eq!(ways(&template), [(false, false), (false, true), (true, false)], "{template}");
    }
    let case = "<% case @x -%>\n<% when 'a', 'c' -%>\none;\n<% when 'b' -%>\ntwo;\n<% end -%>\n";
    assert_eq!(ways(case), [(false, false), (false, true), (true, false)]);
    let both = format!("{case}{}", erb("@x == 'c'", "@x == 'b'"));
    assert_eq!(ways(&both), [(false, false), (false, true), (true, false)]);
}

#[test]
fn what_is_independent_comes_out_in_every_way() {
    let independent = [
        jinja("a", "b"),
        jinja("x == 'a'", "y != 'a'"),
        jinja("x == y", "x == z"),
        jinja("x", "x == ''"),
        jinja("x != 'a'", "x != 'b'"),
        jinja("a if b else c", "a"),
        jinja("!a == b", "a == b"),
        go("eq .A .B", "eq .A .C"),
        erb("@x =~ /a or b/", "@x =~ /b/"),
        erb("f(@a, 'x y')", "@a"),
    ];
    for template in independent {
        let ways = ways(&template);
        assert!(ways.contains(&(true, true)) && ways.contains(&(true, false)), "{template}: {ways:?}");
        assert!(ways.contains(&(false, true)), "{template}: {ways:?}");
    }
}

#[test]
fn where_ways_are_too_many_opposites_still_exclude_each_other() {
    let many: String =
        (0..20).map(|number| format!("{{% if c{number} %}}\nx{number};\n{{% endif %}}\n")).collect();
    for (one, two) in [("x != 'a'", "x == 'a'"), ("x == 'a'", "x != 'a'"), ("x not in xs", "x in xs")] {
        let template = format!("{many}{}", jinja(one, two));
        let made = alternatives(template.as_bytes(), None, Manner::default());
        assert!(made.is_cut);
        assert_eq!(ways(&template), [(false, true), (true, false)], "{template}");
    }
}

/// Ruby lets a `case` begin in the mark of its first `when`.
#[test]
fn the_first_branch_of_a_case_may_stand_beside_it() {
    for head in ["<% case @m when 'a' %>", "<% case @m\n  when 'a' -%>", "<% case @m %>\n<% when 'a' %>"] {
        let template = format!("{head}\none;\n<% when 'b' %>\ntwo;\n<% end %>\n");
        assert_eq!(ways(&template), [(false, false), (false, true), (true, false)], "{template}");
    }
    assert_eq!(ways("<% x = case y when 'a' then 1 end %>\none;\ntwo;\n"), [(true, true)]);
    assert_eq!(ways("<% case y\nwhen 'a' then x = 1\nend %>\none;\ntwo;\n"), [(true, true)]);
}

/// `$${x}` of Terraform is `${x}`, and never what nginx would refuse.
#[test]
fn escaped_variables_of_terraform_are_values() {
    let made = alternatives(b"%{ if tls ~}\na $${x}${y.z};\n%{ endif ~}\nb;\n", None, Manner::default());
    let all: Vec<String> =
        made.views.iter().map(|view| String::from_utf8_lossy(view.bytes()).into_owned()).collect();
    assert_eq!(all, ["\na ${X}${Y_Z};\n\nb;\n", "\nb;\n"]);
}

/// Ansible reads the first line alone, so nothing comes before it, and it may say what the marks are.
#[test]
fn marks_may_be_others() {
    let by_name = Manner { is_by_name: true, ..Manner::default() };
    for (template, expected) in [
        ("#jinja2: lstrip_blocks: True\na {{ x }};\n", &["a ${X};\n"][..]),
        (
            "#jinja2: variable_start_string:'[[', variable_end_string: \"]]\"\na [[ x ]] {};\n",
            &["a ${X} {};\n"],
        ),
        (
            "#jinja2: variable_start_string: '[%', variable_end_string: '%]'\n{% if y %}a [% x %];{% endif %}\n",
            &["a ${X};\n", "\n"],
        ),
        ("((% if y %))\na (( x ));\n((% endif %))\n", &["\na ${X};\n\n", "\n"]),
        ("a (( x )) ~ \"((b|c)d)\";\n", &["a ${X} ~ \"((b|c)d)\";\n"]),
        ("[% if y %]a [[ x ]];[% endif %]\n", &["a ${X};\n", "\n"]),
    ] {
        let all = alternatives(template.as_bytes(), None, by_name);
        let texts: Vec<String> =
            all.views.iter().map(|view| String::from_utf8_lossy(view.bytes()).into_owned()).collect();
        assert_eq!(texts, expected, "{template}");
        let header = template.find('\n').filter(|_| template.starts_with("#jinja2")).map_or(0, |end| end + 1);
        if header > 0 && !template.contains("{% if") {
            let (at, _) = all.views[0].edit(nginx_syntax::Span::at(0), b"b;\n").expect("an edit");
            assert_eq!(at.start as usize, header, "{template}");
        }
    }
    // Groups of a pattern are none.
    let pattern = "location ~ ((a|b)c)|(( )) {\n}\n";
    assert_eq!(alternatives(pattern.as_bytes(), None, by_name).views[0].bytes(), pattern.as_bytes());
}

//! Which texts host files hold, and where these are.

use nginx_forms::{Form, views};

/// The path and the text of each.
fn texts(form: Form, host: &str) -> Vec<(String, String)> {
    let found = views(form, host.as_bytes()).into_iter();
    found.map(|one| (one.path, String::from_utf8_lossy(one.view.bytes()).into_owned())).collect()
}

fn expected(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn each_heredoc_of_a_command_has_its_own_text_and_its_own_file() {
    let two = "cat > /a.conf <<'A'; cat <<-B > /b.conf && echo\none;\nA\n\ttwo;\n\tB\ncat >/c.conf <<EOF\nthree;\nEOF\n";
    let all = expected(&[("/a.conf", "one;\n"), ("/b.conf", "two;\n"), ("/c.conf", "three;\n")]);
    assert_eq!(texts(Form::Shell, two), all);
    let copied = "FROM nginx\nCOPY --chmod=644 <<a.conf <<\"b.conf\" /etc/nginx/conf.d/\none;\na.conf\ntwo;\nb.conf\nCOPY <<EOF /c.conf\nthree;\nEOF\n";
    let all = expected(&[
        ("/etc/nginx/conf.d/a.conf", "one;\n"),
        ("/etc/nginx/conf.d/b.conf", "two;\n"),
        ("/c.conf", "three;\n"),
    ]);
    assert_eq!(texts(Form::Dockerfile, copied), all);
}

#[test]
fn a_command_may_go_on_in_the_next_line() {
    let script = "RUN cat > /a.conf <<'EOF' && \\\n    nginx -t\none;\nEOF\n";
    assert_eq!(texts(Form::Dockerfile, script), expected(&[("/a.conf", "one;\n")]));
    let behind = "cat <<'EOF' \\\n  | sudo tee -a /a.conf > /dev/null\none;\nEOF\n";
    assert_eq!(texts(Form::Shell, behind), expected(&[("/a.conf", "one;\n")]));
}

#[test]
fn heredocs_stand_in_heredocs() {
    let quoted = "ssh host <<'OUTER'\ncat > /a.conf <<'INNER'\none $x;\nINNER\ncat > /b.conf <<EOF\ntwo \\$x;\nEOF\nOUTER\n";
    let all = expected(&[("/a.conf", "one $x;\n"), ("/b.conf", "two $x;\n")]);
    assert_eq!(texts(Form::Shell, quoted), all);
    // The outer one is filled in, so each `$` of the inner one is written for it.
    let filled = "cat > /run.sh <<EOF\ncat > /a.conf <<'INNER'\none \\$x ${y};\nINNER\nEOF\n";
    assert_eq!(texts(Form::Shell, filled), expected(&[("/a.conf", "one $x ${Y};\n")]));
    let run = "RUN <<RUN\ncat > /a.conf <<EOF\none;\nEOF\nRUN\n";
    assert_eq!(texts(Form::Dockerfile, run), expected(&[("/a.conf", "one;\n")]));
}

#[test]
fn what_is_no_heredoc_ends_none() {
    for other in ["x = a << b\n", "echo \"<<EOF\"\n", "grep x <<<EOF\n", "# cat <<EOF\n", "echo $((1<<n))\n"]
    {
        let script = format!("{other}cat > /a.conf <<'END'\none;\nEND\n");
        assert_eq!(texts(Form::Shell, &script), expected(&[("/a.conf", "one;\n")]), "{other}");
    }
}

#[test]
fn a_line_like_the_head_of_a_file_is_one_where_nginx_could_have_printed_it() {
    let head = |path: &str| format!("# configuration file {path}:\n");
    let inside = format!(
        "{}http {{\n    {}    x \"\n{}\";\n{}}}\n{}y;\n",
        head("/n.conf"),
        head("/old.conf"),
        head("/text.conf"),
        head("/comment.conf"),
        head("/o.conf"),
    );
    let found = texts(Form::Dump, &inside);
    let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/n.conf", "/o.conf"], "{found:?}");
    assert!(found[0].1.contains("/old.conf") && found[0].1.contains("/text.conf"), "{found:?}");
    // What is cut off has no end.
    let cut =
        format!("{}http {{\n{}server {{\n}}\n{}y;\n", head("/n.conf"), head("/a.conf"), head("/o.conf"));
    let paths: Vec<String> = texts(Form::Dump, &cut).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["/n.conf", "/a.conf", "/o.conf"]);
    // Texts of Lua are not followed, so that they hide no file.
    let lua = format!(
        "{}http {{ init_by_lua_block {{ x = [[ }} {{ {{ ]] y = [[ don't ]] }} }}\n{}y {{ }}\n",
        head("/n.conf"),
        head("/o.conf")
    );
    assert_eq!(texts(Form::Dump, &lua).len(), 2, "{:?}", texts(Form::Dump, &lua));
    // `${x}` is no block.
    let braces = format!("{}set $a http://${{b}}:1;\n{}y;\n", head("/n.conf"), head("/o.conf"));
    assert_eq!(texts(Form::Dump, &braces).len(), 2);
}

/// What stands between the dumps of two machines is none of their files.
#[test]
fn banners_stand_between_dumps() {
    let dump = |port: u32| {
        format!(
            "# configuration file /etc/nginx/nginx.conf:\nevents {{}}\nhttp {{\n}}\n# configuration file /etc/nginx/a.conf:\nlisten {port};\n\n"
        )
    };
    for banner in [
        "== web2 ==\n",
        "web2 | CHANGED | rc=0 >>\n",
        "===== web2.example.com =====\n",
        "==> web2.txt <==\n",
        "--- web2 ---\n",
        "### web2\n",
        "web2:\n",
        "$ ssh web2 nginx -T\n",
        "web2\n",
        "Don't mind\n",
        "",
        "== web2 ==\nnginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n",
    ] {
        let text = format!("{banner}{}{banner}{}", dump(1), dump(2));
        let all: Vec<(usize, String)> = views(Form::Dump, text.as_bytes())
            .into_iter()
            .map(|one| (one.dump, String::from_utf8_lossy(one.view.bytes()).trim().to_owned()))
            .collect();
        let own = |number, port: u32| {
            let comment = if number == 0 && banner.starts_with('#') { "\n\n### web2" } else { "" };
            [(number, "events {}\nhttp {\n}".to_owned()), (number, format!("listen {port};{comment}"))]
        };
        assert_eq!(all, [own(0, 1), own(1, 2)].concat(), "{text}");
        assert!(views(Form::Dump, text.as_bytes()).iter().all(|one| !one.is_cut), "{text}");
    }
    // Words before a file of the same machine are no other machine.
    let thread = dump(1).replace("}\n# conf", "}\nHere's the site:\n# conf");
    let all = views(Form::Dump, thread.as_bytes());
    assert_eq!((all.len(), all[1].dump, all[0].view.bytes()), (2, 0, &b"events {}\nhttp {\n}"[..]));
}

#[test]
fn lines_of_a_dump_may_have_numbers_and_times() {
    let file =
        "# configuration file /n.conf:\nevents {}\n\nhttp {\n  x;\n}\n# configuration file /o.conf:\ny;\n";
    let each = |by: &dyn Fn(usize) -> String| -> String {
        file.lines().enumerate().map(|(at, line)| format!("{}{line}\n", by(at))).collect()
    };
    let expected = expected(&[("/n.conf", "events {}\n\nhttp {\n  x;\n}\n"), ("/o.conf", "y;\n")]);
    for by in [
        &(|at: usize| format!("{:6}\t", at + 5)) as &dyn Fn(usize) -> String,
        &|at| format!("{}:", at + 5),
        &|at| format!("{:4} ", at + 5),
        &|at| format!("2026-01-01T00:00:{:02}.123Z ", at + 5),
        &|at| format!("12:34:{at:02} web1 nginx[12]: "),
    ] {
        assert_eq!(texts(Form::Dump, &each(by)), expected, "{}", each(by));
    }
    let other = each(&|at| format!("{}> ", "x".repeat(at + 1)));
    assert!(views(Form::Dump, other.as_bytes()).iter().all(|one| one.unsure.is_some()), "{other}");
}

#[test]
fn a_dump_ends_where_what_a_page_shows_ends() {
    let page = "```\n# configuration file /n.conf:\nevents {}\n```\nThen reload; it works.\n";
    let all = views(Form::Dump, page.as_bytes());
    assert_eq!((all.len(), all[0].view.bytes(), all[0].is_cut), (1, &b"events {}\n"[..], false));
}

#[test]
fn all_blocks_of_a_page_are_found() {
    let markdown = "```nginx\none;\n```\n\n```sh\nx\n```\n\n~~~ nginx\ntwo;\n~~~\n\n- a\n\n  ```{.nginx}\n  three;\n  ```\n\n> ```nginx\n> four {\n> }\n> ```\n\n````nginx\n# ```\nfive;\n````\n\n{% highlight nginx %}\nsix;\n{% endhighlight %}\n\n{{< highlight nginx \"hl_lines=1\" >}}\nseven;\n{{< /highlight >}}\n\n```nginx\neight;\n";
    let rst = ".. code-block:: nginx\n\n   one;\n\n.. code-block:: sh\n\n   x\n\n.. code-block:: nginx\n   :linenos:\n   :caption: A\n\n   two;\n\n   three;\n\nText\n";
    let adoc = "[source,nginx]\n----\none;\n----\n\n[source, sh]\n----\nx\n----\n\n[source%linenums,nginx]\n.Title\n----\ntwo;\n----\n\n[,nginx]\n....\nthree;\n....\n\n[source,nginx]\nfour;\n\n[source,nginx]\n--\nfive;\n--\n\n```nginx\nsix;\n```\n";
    for (page, all) in [
        (
            markdown,
            &[
                "one;\n",
                "two;\n",
                "three;\n",
                "four {\n}\n",
                "# ```\nfive;\n",
                "six;\n",
                "seven;\n",
                "eight;\n",
            ][..],
        ),
        (rst, &["one;\n", "two;\n\nthree;\n"]),
        (adoc, &["one;\n", "two;\n", "three;\n", "four;\n", "five;\n", "six;\n"]),
    ] {
        let found = texts(Form::Markup, page);
        let found: Vec<&str> = found.iter().map(|(_, text)| text.trim()).collect();
        let all: Vec<&str> = all.iter().map(|text| text.trim()).collect();
        assert_eq!(found, all, "{page}");
    }
}

#[test]
fn compose_splits_a_command_without_a_shell() {
    let script = |open: &str, mark: &str, name: &str, close: &str| {
        format!(
            "services:\n  a:\n    image: nginx\n    command: |\n      /bin/sh -c {open}cat > /x.conf <<{mark}\n      Upgrade {name};\n      EOF\n      nginx{close}\n"
        )
    };
    for (host, text) in [
        (script("\"", "'EOF'", "$$http_upgrade", "\""), "Upgrade $http_upgrade;\n"),
        (script("\"", "'EOF'", "\\\"$$http_upgrade\\\"", "\""), "Upgrade \"$http_upgrade\";\n"),
        (script("\"", "EOF", "\\\\$$http_upgrade", "\""), "Upgrade $http_upgrade;\n"),
        (script("'", "\"EOF\"", "$$http_upgrade", "'"), "Upgrade $http_upgrade;\n"),
        (script("\"", "EOF", "$$http_upgrade", "\""), "Upgrade ;\n"),
    ] {
        assert_eq!(texts(Form::Yaml, &host), expected(&[("/x.conf", text)]), "{host}");
    }
}

#[test]
fn a_quoted_text_may_have_one_line() {
    let host =
        "services:\n  web: {image: nginx}\nconfigs:\n  a.conf:\n    content: \"server { listen 80; }\"\n";
    assert_eq!(texts(Form::Yaml, host)[0].1, "server { listen 80; }");
}

#[test]
fn compose_doubles_what_nginx_has_once() {
    let content = "    content: |\n      proxy_set_header Upgrade $$http_upgrade;\n";
    let text = "proxy_set_header Upgrade $http_upgrade;\n";
    let services = "services:\n  web:\n    image: nginx\n";
    let configs = format!("configs:\n  a.conf:\n{content}");
    for host in [configs.clone(), format!("{services}{configs}"), format!("{configs}{services}")] {
        let found = texts(Form::Yaml, &host);
        assert_eq!(found[0].1, text, "{host}");
    }
    let extension = format!("x-site: &site |\n  proxy_set_header Upgrade $$http_upgrade;\n{services}");
    assert_eq!(texts(Form::Yaml, &extension)[0].1, text);
    // Elsewhere it is what it says.
    let other = configs.replace("configs:", "files:");
    assert!(texts(Form::Yaml, &other)[0].1.contains("$$"));
    let own = configs.replace("$$", "$");
    assert!(
        texts(Form::Yaml, &own)[0].1.contains("Upgrade $http_upgrade"),
        "nobody says that it is compose's"
    );
}

/// One shell reads a string before the other reads the heredoc in it.
#[test]
fn heredocs_in_strings_are_read_by_two_shells() {
    let body = r#"a \\\$http_upgrade \"x\" \$Y $Z;"#;
    let decoded = r#"a $http_upgrade "x" ${Y} ${Z};"#;
    let quoted = r#"a \$http_upgrade ${Y};"#;
    for (script, expected) in [
        (format!("bash -c \"cat > o.conf <<EOV\n{body}\nEOV\"\n"), decoded),
        (format!("ssh host \"\n  cat > o.conf <<EOV\n{body}\nEOV\n\"\n"), decoded),
        (format!("# don't\nsh -c \"cat > o.conf <<'EOV'\n{quoted}\nEOV\"\n"), "a $http_upgrade ${Y};"),
        (format!("sh -c \"cat > o.conf <<\\\"EOV\\\"\n{quoted}\nEOV\"\n"), "a $http_upgrade ${Y};"),
        // In a substitution quotes begin anew, and so they do behind a string.
        ("x=\"$(cat <<EOV\na \\$b;\nEOV\n)\"\n".to_owned(), "a $b;"),
        ("echo \"a\nb\"; cat > \"o.conf\" <<EOV\na \\$b;\nEOV\n".to_owned(), "a $b;"),
        ("sh -c 'cat > o.conf <<EOV\na \\$b;\nEOV'\n".to_owned(), "a $b;"),
        // What is no string: an inch sign, say.
        ("RUN echo 5\" && cat\ncat <<EOV\na \\$b \"c\";\nEOV\n".to_owned(), "a $b \"c\";"),
    ] {
        let found = views(Form::Shell, script.as_bytes());
        let [one] = found.as_slice() else { panic!("{script}: {found:?}") };
        assert_eq!(String::from_utf8_lossy(one.view.bytes()).trim_end(), expected, "{script}");
    }
}

/// What is written into such a text comes out of both shells as it was meant.
#[test]
fn edits_of_heredocs_in_strings_are_escaped_twice() {
    let script = "bash -c \"cat > o.conf <<EOV\na;\nEOV\"\n";
    let found = views(Form::Shell, script.as_bytes());
    let (at, text) = found[0].view.edit(nginx_syntax::Span::at(0), b"b $c \"\";\n").unwrap();
    let edited =
        [&script[..at.start as usize], std::str::from_utf8(&text).unwrap(), &script[at.end as usize..]];
    let edited = edited.concat();
    assert_eq!(edited, "bash -c \"cat > o.conf <<EOV\nb \\\\\\$c \\\"\\\";\na;\nEOV\"\n");
    let again = views(Form::Shell, edited.as_bytes());
    assert_eq!(again[0].view.bytes(), b"b $c \"\";\na;\n");
}

/// Terraform's directives are branches, in heredocs as in templates of their own.
#[test]
fn directives_of_terraform_are_branches() {
    for (on, off) in [("%{ if var.tls ~}\n b;\n%{ endif ~}", ""), ("  %{ if x } b;%{ endif }", "  ")] {
        let text = format!("locals {{\n  c = <<EOT\na {{\n{on}\n d ${{x}} $${{y}} %%{{z}};\n}}\nEOT\n}}\n");
        let found = views(Form::Terraform, text.as_bytes());
        let [one] = found.as_slice() else { panic!("{found:?}") };
        let ways = std::iter::once(&one.view).chain(&one.other_ways);
        let ways: Vec<String> = ways.map(|way| String::from_utf8_lossy(way.bytes()).into_owned()).collect();
        assert_eq!(ways.len(), 2, "{ways:?}");
        assert!(ways[0].contains(" b;") && !ways[1].contains(" b;"), "{ways:?} {off}");
        assert!(ways.iter().all(|way| way.contains("d ${X} ${y} %{z};") && !way.contains("if")), "{ways:?}");
        assert_eq!(one.view.premises().len(), 1);
    }
}

/// A workflow fills in before a shell reads, so no quotes keep it from that.
#[test]
fn expressions_of_workflows_are_placeholders() {
    for quote in ["'", ""] {
        let dollar = if quote.is_empty() { "\\$" } else { "$" };
        let text = format!(
            "steps:\n  - run: |\n      cat > /a.conf <<{quote}EOF{quote}\n      a ${{{{ secrets.HOST }}}}:${{{{env.PORT}}}} {dollar}x;\n      EOF\n"
        );
        assert_eq!(
            texts(Form::Yaml, &text),
            expected(&[("/a.conf", "a ${SECRETS_HOST}:${ENV_PORT} $x;\n")]),
            "{text}"
        );
    }
}

#[test]
fn callouts_of_a_page_are_no_part_of_its_blocks() {
    let page =
        "[source,nginx]\n----\na; # <1>\nb x; <2>\nc; <.> <3>\nd \"<4>\";\ne \\d<5>\n;\n----\n<1> first\n";
    let found = views(Form::Markup, page.as_bytes());
    assert_eq!(String::from_utf8_lossy(found[0].view.bytes()), "a; #\nb x;\nc;\nd \"<4>\";\ne \\d<5>\n;\n");
    // Markdown has none.
    let found = views(Form::Markup, b"```nginx\nb x; <2>\n```\n");
    assert_eq!(String::from_utf8_lossy(found[0].view.bytes()), "b x; <2>\n");
}

/// Lines that a template puts out with less indent are not of the block scalar before them.
#[test]
fn what_is_put_out_with_less_indent_ends_a_block() {
    let own = "server {\n  a;\n}\n";
    for (behind, is_of_it) in [
        ("{{ (.Files.Glob \"conf/*\").AsConfig | indent 2 }}", false),
        ("  {{ .Files.Get \"x.conf\" }}", false),
        ("{{- with .Values.extra }}\n{{ toYaml . | indent 2 }}\n{{- end }}", false),
        ("{{- toYaml .Values.extra | nindent 2 }}", false),
        ("{{ .Values.more | indent 4 }}", true),
        ("{{- .Values.more | nindent 4 }}", true),
        ("    {{ .Values.more }}", true),
        ("{{ .Values.more | indent 2 }}\n    b;", true),
    ] {
        let text = format!("data:\n  a.conf: |\n    server {{\n      a;\n    }}\n{behind}\n");
        let found = views(Form::Yaml, text.as_bytes());
        let [one] = found.as_slice() else { panic!("{text}: {found:?}") };
        let shown = String::from_utf8_lossy(one.view.bytes());
        assert_eq!(shown != own, is_of_it, "{text}{shown}");
        assert!(shown.starts_with(own.trim_end()), "{shown}");
    }
}

/// A log may hold the dumps of several machines.
#[test]
fn each_dump_of_a_text_is_of_its_own() {
    let dump = |texts: &[(&str, &str)]| -> String {
        texts.iter().map(|(path, text)| format!("# configuration file {path}:\n{text}\n\n")).collect()
    };
    let one = dump(&[("/n.conf", "a;"), ("/b.conf", "b;")]);
    let two = dump(&[("/n.conf", "a;"), ("/c.conf", "c;")]);
    let of = |text: &str| -> Vec<(usize, String)> {
        views(Form::Dump, text.as_bytes()).into_iter().map(|file| (file.dump, file.path)).collect()
    };
    let file = |dump: usize, path: &str| (dump, path.to_owned());
    let both = [file(0, "/n.conf"), file(0, "/b.conf"), file(1, "/n.conf"), file(1, "/c.conf")];
    assert_eq!(of(&format!("{one}{two}")), both);
    // What was printed again is the same machine.
    assert_eq!(of(&format!("{one}root@web:~# nginx -T\n{one}")), both[..2]);
    assert_eq!(of(&format!("{one}{two}{one}")), both);
}

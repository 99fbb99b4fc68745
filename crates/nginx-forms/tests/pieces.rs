//! Files that scripts write in pieces, and what changes them on the way.

use nginx_forms::{Form, Found, views};

fn found(script: &str) -> Vec<Found> {
    views(Form::Shell, script.as_bytes())
}

fn text(found: &Found) -> String {
    String::from_utf8_lossy(found.view.bytes()).into_owned()
}

/// The path and the text of each that is judged.
fn texts(script: &str) -> Vec<(String, String)> {
    let judged = found(script).into_iter().filter(|found| found.unsure.is_none());
    judged.map(|found| (found.path.clone(), text(&found))).collect()
}

const PIECES: [&str; 3] = ["server {\n", "  location / {\n    x $a;\n", "    y;\n  }\n}\n"];

#[test]
fn the_pieces_of_one_file_are_one_text() {
    let whole = PIECES.concat();
    let (one, two, three) = (PIECES[0], PIECES[1].replace('$', "\\$"), PIECES[2]);
    for script in [
        format!(
            "cat > /a.conf <<EOF\n{one}EOF\ncat >> /a.conf <<EOF\n{two}EOF\ncat >> /a.conf <<'EOF'\n{three}EOF\n"
        ),
        format!(
            "cat <<EOF | sudo tee /a.conf\n{one}EOF\ncat <<EOF | tee -a /a.conf >/dev/null\n{two}EOF\ntee -a \"/a.conf\" <<'EOF'\n{three}EOF\n"
        ),
        format!(
            "F=/a.conf\ncat > $F <<EOF\n{one}EOF\ncat >> \"${{F}}\" <<EOF\n{two}EOF\ncat >> /a.conf <<'EOF'\n{three}EOF\n"
        ),
        format!(
            "{{\ncat <<EOF\n{one}EOF\nmkdir x\ncat <<EOF\n{two}EOF\ncat <<EOF\n{three}EOF\n}} > /a.conf\n"
        ),
        format!("(cat <<EOF\n{one}EOF\ncat <<EOF\n{two}EOF\ncat <<EOF\n{three}EOF\n) | sudo tee /a.conf\n"),
        format!(
            "write() {{\n  cat > /a.conf <<EOF\n{one}EOF\n  cat >> /a.conf <<EOF\n{two}EOF\n  cat >> /a.conf <<EOF\n{three}EOF\n}}\nwrite\n"
        ),
        format!(
            "cat > /a.conf <<EOF\n{one}EOF\nfor x in a b; do\ncat >> /a.conf <<EOF\n{two}    y;\n  }}\nEOF\ndone\necho \"}}\" >> /a.conf\n"
        ),
        format!(
            "cat > /a.conf <<EOF\n{one}EOF\ncat >> /a.conf <<EOF\n{two}EOF\necho '    y;' >> /a.conf\necho \"  }}\" | tee -a /a.conf\necho }} >>/a.conf\n"
        ),
    ] {
        assert_eq!(texts(&script), [("/a.conf".to_owned(), whole.clone())], "{script}");
    }
}

#[test]
fn pieces_of_other_files_stay_apart() {
    let script = "for F in a b; do :; done\nF=/a.conf\ncat > $F <<EOF\na;\nEOF\nF=/b.conf\ncat >> $F <<EOF\nb;\nEOF\ncat > /c.conf <<EOF\nc;\nEOF\ncat > /c.conf <<EOF\nd;\nEOF\n";
    let all: Vec<String> = texts(script).into_iter().map(|(_, text)| text).collect();
    assert_eq!(all, ["a;\n", "b;\n", "c;\n", "d;\n"]);
}

#[test]
fn branches_of_a_script_are_ways() {
    let script = "cat > /a.conf <<EOF\nserver {\nEOF\nif [ \"$TLS\" ]; then\n  cat >> /a.conf <<EOF\n  tls;\nEOF\nelse\n  cat >> /a.conf <<EOF\n  p;\nEOF\nfi\necho '}' >> /a.conf\n";
    let all = found(script);
    let [one] = all.as_slice() else { panic!("{all:?}") };
    let texts: Vec<String> = std::iter::once(&one.view)
        .chain(&one.other_ways)
        .map(|view| String::from_utf8_lossy(view.bytes()).into_owned())
        .collect();
    assert_eq!(texts, ["server {\n  tls;\n}\n", "server {\n  p;\n}\n"]);
    assert_eq!(one.view.premises(), [("[ \"$TLS\" ]".to_owned(), true)]);
    // The same question has the same answer.
    let twice = "cat > /a <<EOF\na;\nEOF\nif x; then\ncat >> /a <<EOF\nb {\nEOF\nfi\nif x; then\ncat >> /a <<EOF\n}\nEOF\nfi\n";
    assert_eq!(texts_of(twice), ["a;\nb {\n}\n", "a;\n"]);
    let case = "cat > /a <<EOF\na {\nEOF\ncase $m in\n  one|two) cat >> /a <<EOF\nb;\nEOF\n  ;;\n  *)\n  cat >> /a <<EOF\nlong;\nEOF\n  ;;\nesac\ncat >> /a <<EOF\n}\nEOF\n";
    assert_eq!(texts_of(case), ["a {\nlong;\n}\n", "a {\nb;\n}\n", "a {\n}\n"]);
}

fn texts_of(script: &str) -> Vec<String> {
    let all = found(script);
    let ways = all.iter().flat_map(|one| std::iter::once(&one.view).chain(&one.other_ways));
    ways.map(|view| String::from_utf8_lossy(view.bytes()).into_owned()).collect()
}

/// What cannot be put together for sure is judged where it stands alone, and said where it does not.
#[test]
fn pieces_that_are_not_certain_are_said() {
    for script in [
        // Which of them runs first?
        "a() { cat > /x <<EOF\nserver {\nEOF\n}\nb() { cat >> /x <<EOF\n}\nEOF\n}\n",
        // Nobody knows what is behind it.
        "cat <<EOF\nserver {\nEOF\ncat <<EOF\n}\nEOF\n",
        "cat >> \"$1\" <<EOF\n  }\nEOF\n",
        "cat > /x <<EOF\nserver {\nEOF\ncat rest >> /x\n",
        // Another program writes it.
        "sed 's/^#//' > /x <<EOF\nserver { }\nEOF\n",
        "tr '@' '$' <<EOF > /x\nserver { }\nEOF\n",
        "cat > /x <<EOF\nserver { }\nEOF\nsed -i '/a/d' /x\n",
        "X=/x\ncat > $X <<EOF\nserver { }\nEOF\nperl -pi -e 's/a/b/' $X\n",
    ] {
        let all = found(script);
        assert!(!all.is_empty() && all.iter().all(|one| one.unsure.is_some()), "{script}\n{all:?}");
    }
    for script in [
        "a() { cat > /x <<EOF\na;\nEOF\n}\nb() { cat >> /x <<EOF\nb;\nEOF\n}\n",
        // nginx refuses it, whoever else writes.
        "cat > /x <<EOF\nserver {\nEOF\n",
        "cat > /x <<EOF\na;\nEOF\ngrep -q a /x && sed -n p /x\n",
    ] {
        let all = found(script);
        assert!(!all.is_empty() && all.iter().all(|one| one.unsure.is_none()), "{script}\n{all:?}");
    }
}

#[test]
fn what_a_filter_replaces_is_unknown() {
    for (script, expected) in [
        ("cat <<'EOF' | sed 's/%%/$/g' | sudo tee /x\na %%b;\nEOF\n", "a ${X__}b;\n"),
        (
            "sed -e \"s/@PORT@/$P/; s/@A@/b/\" > /x <<'EOF'\na @PORT@ @A@ $c;\nEOF\n",
            "a ${X_PORT_} ${X_A_} $c;\n",
        ),
        ("cat > /x <<'EOF'\na %U%;\nEOF\nsed -i 's/%U%/$u/' /x\n", "a ${X_U_};\n"),
    ] {
        assert_eq!(texts(script), [("/x".to_owned(), expected.to_owned())], "{script}");
    }
}

#[test]
fn backticks_are_filled_in() {
    let script = "cat > /x <<EOF\na `hostname -f` \\`b\\`;\n`cat more`\nEOF\n";
    assert_eq!(texts(script)[0].1, "a ${HOSTNAME__F} `b`;\n${CAT_MORE}\n");
}

/// An edit is one of the piece that it is in, written as that is.
#[test]
fn pieces_are_edited_where_they_stand() {
    let script = "cat > /x <<EOF\na {\nEOF\ncat >> /x <<'EOF'\nb;\nEOF\necho \"}\" >> /x\n";
    let all = found(script);
    let [one] = all.as_slice() else { panic!("{all:?}") };
    let edited = |span: (u32, u32), by: &str| {
        let (host, by) = one.view.edit(nginx_syntax::Span::new(span.0, span.1), by.as_bytes()).ok()?;
        let mut new = script.as_bytes().to_vec();
        new.splice(host.range(), by);
        String::from_utf8(new).ok()
    };
    let with = |from: &str, to: &str| Some(script.replacen(from, to, 1));
    assert_eq!(edited((3, 3), "\n  $c;"), with("a {\n", "a {\n  \\$c;\n"));
    assert_eq!(edited((4, 4), "$c;\n"), with("b;\n", "$c;\nb;\n"));
    assert_eq!(edited((4, 7), ""), with("b;\n", ""));
    assert_eq!(edited((7, 7), "$c;\n"), with("echo \"}", "echo \"\\$c;\n}"));
    // It would take the commands between them away.
    assert_eq!(edited((0, 7), ""), None);
}

#[test]
fn tabs_that_a_shell_drops_stay_those_of_their_lines() {
    let script = "cat > /x <<-EOF\n\t\ta {\n\t\t\tb;\n\t\tc;\n\t\t}\n\tEOF\n";
    let all = found(script);
    let view = &all[0].view;
    assert_eq!(view.bytes(), b"a {\nb;\nc;\n}\n");
    let edited = |span: (u32, u32), by: &str| {
        let (host, by) = view.edit(nginx_syntax::Span::new(span.0, span.1), by.as_bytes()).expect("an edit");
        let mut new = script.as_bytes().to_vec();
        new.splice(host.range(), by);
        String::from_utf8(new).expect("text")
    };
    let with = |from: &str, to: &str| script.replacen(from, to, 1);
    assert_eq!(edited((7, 10), ""), with("\t\tc;\n", ""));
    assert_eq!(edited((4, 7), ""), with("\t\t\tb;\n", ""));
    assert_eq!(edited((4, 4), "n;\n"), with("\t\t\tb;\n", "\t\t\tn;\n\t\t\tb;\n"));
    assert_eq!(edited((6, 6), "\nn;"), with("b;\n", "b;\n\t\t\tn;\n"));
    assert_eq!(edited((0, 0), "m;\n"), with("\t\ta {", "\t\tm;\n\t\ta {"));
    assert_eq!(edited((4, 6), "n;"), with("b;", "n;"));
}

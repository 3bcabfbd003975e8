//! The demo as a user runs it: the program, real workers, a folder with every kind of trouble in it.
//!
//! Needs what `cargo xtask demo` installs: `.venv` and the npm packages.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n not much of a picture";

/// Documents that link to each other, and files that are no documents.
fn a_folder(at: &Path) {
    let files: [(&str, &[u8]); 10] = [
        ("README.md", b"# Bread at home\n\n[Baking](guide/baking.md#the-oven), [Sailing](sail.md), [gone](gone.md).\n\nFlour, water, salt: knead the dough.\n"),
        ("guide/baking.md", b"# Baking\n\n## The oven\n\nBake the dough in a hot oven. ![a loaf](img/a%20loaf.png) [home](../README.md)\n\n```rust\nfn main() {}\n```\n"),
        ("guide/img/a loaf.png", PIXEL),
        ("sail.md", b"Hoist the sail, mind the wind, hold the tiller.\n"),
        ("draft.md", b"---\ntitle: [unclosed\n---\n# Draft of a dough\n"),
        ("empty.md", b""),
        ("notes/latin1.md", b"# Caf\xe9\n"),
        ("notes/more & <b>.md", b"# More on dough & <b>bread</b>\n\n<script>alert(1)</script> The dough rises.\n"),
        (".gitignore", b"hidden/\n"),
        ("hidden/secret.md", b"# Secret\n"),
    ];
    for (path, content) in files {
        let file = at.join(path);
        fs::create_dir_all(file.parent().expect("inside the folder")).expect("folder");
        fs::write(file, content).expect("file");
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere.md", at.join("broken.md")).expect("link");
}

fn demo(folder: &Path, out: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_site"))
        .arg(folder)
        .arg("--out")
        .arg(out)
        .args(more)
        .output()
        .expect("the demo runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn read(out: &Path, path: &str) -> String {
    fs::read_to_string(out.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn is_complete(out: &Path) {
    let index = read(out, "index.html");
    for title in [
        "Bread at home",
        "Baking",
        "sail",
        "draft.md",
        "empty",
        "More on dough &#38; bread",
    ] {
        assert!(index.contains(title), "the index lacks {title}: {index}");
    }
    assert!(
        index.contains("<svg") && index.contains("<title>Baking</title>"),
        "the map is there and names its dots"
    );
    assert!(index.contains("notes/latin1.md") && !index.contains("Secret"));

    let home = read(out, "pages/README.html");
    assert!(
        home.contains(r#"href="guide/baking.html#the-oven""#),
        "links between documents are links between pages"
    );
    assert!(
        home.contains(r#"href="../pages/guide/baking.html""#),
        "baking is related to bread, and in the navigation"
    );
    assert!(home.contains(">flour<"), "flour is a keyword: {home}");

    let baking = read(out, "pages/guide/baking.html");
    assert!(baking.contains("--shiki-dark") && baking.contains(r#"href="../../style.css""#));
    assert_eq!(
        fs::read(out.join("pages/guide/img/a loaf.png")).expect("the image was copied"),
        PIXEL
    );

    assert!(
        read(out, "pages/draft.html").contains("title: [unclosed"),
        "a document that cannot be rendered is shown as text"
    );
    let odd = read(out, "pages/notes/more & <b>.html");
    assert!(odd.contains("The dough rises") && !odd.contains("alert(1)"));
}

#[test]
fn a_folder_becomes_a_site_and_troubles_are_named() {
    let work = tempfile::tempdir().expect("a folder to work in");
    let (folder, out) = (work.path().join("docs"), work.path().join("site"));
    a_folder(&folder);
    let output = demo(&folder, &out, &[]);
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    is_complete(&out);
    for line in [
        "notes/latin1.md: it is not UTF-8 (byte 5, line 1)",
        "README.md: gone.md",
        "draft.md: ",
        "6 pages, 1 other file",
    ] {
        assert!(said.contains(line), "{line:?} is not in: {said}");
    }
    #[cfg(unix)]
    assert!(said.contains("broken.md: "), "{said}");
    assert!(!said.contains("killed"), "{said}");

    // Once more into the same place: it is ours, and what has gone from the folder goes from the site.
    fs::remove_file(folder.join("sail.md")).expect("removed");
    assert!(demo(&folder, &out, &[]).status.success());
    assert!(!out.join("pages/sail.html").exists());
}

#[test]
fn a_worker_killed_in_the_middle_costs_nothing() {
    let work = tempfile::tempdir().expect("a folder to work in");
    let (folder, out) = (work.path().join("docs"), work.path().join("site"));
    a_folder(&folder);
    let output = demo(&folder, &out, &["--kill"]);
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("killed the Python worker"), "{said}");
    is_complete(&out);
}

#[test]
fn what_cannot_be_done_is_said_in_a_sentence() {
    let work = tempfile::tempdir().expect("a folder to work in");
    let (empty, out) = (work.path().join("empty"), work.path().join("site"));
    fs::create_dir(&empty).expect("folder");
    fs::write(empty.join("latin1.md"), b"\xe9").expect("file");

    let output = demo(&empty, &out, &[]);
    assert!(!output.status.success());
    assert!(
        said(&output).contains("holds no Markdown") && said(&output).contains("latin1.md"),
        "{}",
        said(&output)
    );

    let output = demo(&work.path().join("nowhere"), &out, &[]);
    assert!(!output.status.success());
    assert!(
        said(&output).contains("cannot open the folder"),
        "{}",
        said(&output)
    );

    let output = demo(work.path(), &empty, &[]);
    assert!(!output.status.success());
    assert!(
        said(&output).contains("holds no site of ours"),
        "{}",
        said(&output)
    );
}

//! The command line as a person meets it: what is printed, what is on the disk afterwards, how it exits.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const ECHO: &str = r#"procwire = 1

[module]
name = "echo"
version = "1.0.0"

## Says it again.
[method.say]
args = { text = "string" }
returns = "string"
"#;

const SHOUT: &str = "\n[method.shout]\nargs = { text = \"string\" }\nreturns = \"string\"\n";

/// A folder with files, to run in.
struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder"));
        // a project of its own, wherever temporary folders are
        fs::create_dir(folder.path().join(".git")).expect("made");
        for (path, text) in files {
            folder.write(path, text);
        }
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let place = self.path().join(path);
        fs::create_dir_all(place.parent().expect("below the folder")).expect("made");
        fs::write(place, text).expect("written");
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_in(".", arguments)
    }

    fn run_in(&self, folder: &str, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_procwire-gen"))
            .args(arguments)
            .current_dir(self.path().join(folder))
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .output()
            .expect("the program starts")
    }

    /// Everything a run says, as one text.
    fn told(&self, arguments: &[&str]) -> String {
        told(arguments, &self.run(arguments))
    }
}

fn told(arguments: &[&str], output: &Output) -> String {
    let mut text = format!("$ procwire-gen {}\n", arguments.join(" "));
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    if !output.stdout.is_empty() {
        text.push_str("── standard output ──\n");
        text.push_str(&String::from_utf8_lossy(&output.stdout));
    }
    text.push_str(&format!("── exit {}\n", code(output)));
    // help ends its blank lines with blanks
    text.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

macro_rules! snapshot {
    ($name:literal, $text:expr) => {
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!($name, $text);
        });
    };
}

#[test]
fn help_says_what_a_person_needs() {
    let folder = Folder::new(&[]);
    snapshot!("help", folder.told(&["--help"]));
    snapshot!("help_short", folder.told(&["-h"]));
    snapshot!("help_new", folder.told(&["new", "--help"]));
}

#[test]
fn wrong_use_exits_with_one() {
    let folder = Folder::new(&[
        ("echo.toml", ECHO),
        ("types.toml", "procwire = 1\n[struct.A]\nx = \"u8\"\n"),
    ]);
    let all: String = [
        &[][..],
        &["echo.toml"],
        &["echo.toml", "--lang", "perl", "--out", "x"],
        &[
            "echo.toml",
            "--lang",
            "rust",
            "--lang",
            "python",
            "--lang",
            "typescript",
            "--out",
            "a",
            "--out",
            "b",
        ],
        &["--lang", "rust"],
        &["none.toml", "--lang", "rust", "--out", "x"],
        &["echo.json", "--lang", "rust", "--out", "x"],
        &["types.toml", "--lang", "python", "--out", "x"],
        &["explain", "P9999"],
        &["--frobnicate"],
    ]
    .into_iter()
    .map(|arguments| folder.told(arguments))
    .collect();
    assert_eq!(all.matches("── exit 1\n").count(), 10, "{all}");
    snapshot!("wrong_use", all);
    assert!(!folder.path().join("x").exists(), "nothing was written");
}

#[test]
fn a_schema_with_errors_exits_with_two_and_writes_nothing() {
    let folder = Folder::new(&[("schema/echo.toml", &ECHO.replace("\"string\"", "\"strin\""))]);
    let arguments = |format| {
        [
            "schema/echo.toml",
            "-l",
            "rust",
            "-o",
            "out",
            "--format",
            format,
        ]
    };
    let all: String = ["text", "json", "github"]
        .into_iter()
        .map(|format| folder.told(&arguments(format)))
        .collect();
    assert_eq!(all.matches("── exit 2\n").count(), 3);
    snapshot!("schema_errors", all);
    assert!(!folder.path().join("out").exists());
}

#[test]
fn colours_come_when_asked_for() {
    let folder = Folder::new(&[("echo.toml", "procwire = 2\n")]);
    let plain = folder.told(&["echo.toml", "-l", "rust", "-o", "out"]);
    let coloured = folder.told(&["echo.toml", "-l", "rust", "-o", "out", "--color", "always"]);
    assert!(
        !plain.contains('\x1b') && coloured.contains('\x1b'),
        "{plain}{coloured}"
    );
}

#[test]
fn a_second_run_touches_nothing() {
    let folder = Folder::new(&[("echo.toml", ECHO)]);
    let arguments = ["echo.toml", "-l", "rust", "-o", "out/below"];
    let first = folder.told(&arguments);
    let file = folder.path().join("out/below/echo.rs");
    let long_ago =
        std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::options()
        .write(true)
        .open(&file)
        .and_then(|file| file.set_modified(long_ago))
        .expect("a time can be set");
    let second = folder.told(&arguments);
    snapshot!("generate_twice", first + &second);
    let modified = fs::metadata(&file)
        .and_then(|data| data.modified())
        .expect("a time");
    assert_eq!(modified, long_ago, "an unchanged file keeps its time");
    assert!(folder.read("out/below/echo.rs").starts_with(
        "// @generated by procwire-gen 0.1.0 from echo.toml (echo 1.0.0, fingerprint "
    ));
}

#[test]
fn check_writes_nothing_and_shows_what_is_out_of_date() {
    let folder = Folder::new(&[("echo.toml", ECHO)]);
    let arguments = ["echo.toml", "-l", "rust", "-o", "out", "--check"];
    let absent = folder.run(&arguments);
    assert_eq!(code(&absent), 3);
    assert!(!folder.path().join("out").exists());
    assert!(
        String::from_utf8_lossy(&absent.stderr)
            .starts_with("--- /dev/null\n+++ out/echo.rs (generated now)\n")
    );

    assert_eq!(code(&folder.run(&arguments[..5])), 0);
    let fresh = folder.told(&arguments);
    let generated = folder.read("out/echo.rs");
    folder.write(
        "out/echo.rs",
        &generated.replace("Says it again.", "Says it once."),
    );
    let stale = folder.run(&arguments);
    let stale_text = String::from_utf8_lossy(&stale.stderr);
    assert!(
        stale_text.contains("--- out/echo.rs\n+++ out/echo.rs (generated now)\n"),
        "{stale_text}"
    );
    assert!(stale_text.contains("Says it once.\n") && stale_text.contains("Says it again.\n"));
    assert_eq!(code(&stale), 3);

    folder.write("out/echo.rs", &generated.replace('\n', "\r\n"));
    let line_ends = folder.told(&arguments);
    folder.write("out/old.rs", &generated);
    folder.write("out/echo.rs", &generated);
    let gone = folder.run(&arguments);
    assert!(String::from_utf8_lossy(&gone.stderr).contains("--- out/old.rs\n+++ /dev/null\n"));
    assert_eq!(code(&gone), 3);
    assert!(
        folder.path().join("out/old.rs").exists(),
        "a check removes nothing"
    );
    snapshot!("check", fresh + &line_ends);
}

#[test]
fn stale_files_of_the_same_schema_are_removed_and_no_others() {
    let folder = Folder::new(&[
        ("echo.toml", ECHO),
        ("other.toml", &ECHO.replace("\"echo\"", "\"other\"")),
    ]);
    folder.run(&["echo.toml", "-l", "rust", "-o", "out"]);
    folder.run(&["other.toml", "-l", "rust", "-o", "out"]);
    folder.write("out/mine.rs", "// mine\n");
    folder.write("echo.toml", &ECHO.replace("\"echo\"", "\"renamed\""));
    snapshot!(
        "stale_removed",
        folder.told(&["echo.toml", "-l", "rust", "-o", "out"])
    );
    let mut left: Vec<String> = fs::read_dir(folder.path().join("out"))
        .expect("there")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    left.sort();
    assert_eq!(left, ["mine.rs", "other.rs", "renamed.rs"]);
}

#[test]
fn what_stands_in_the_way_is_named_and_left_alone() {
    let folder = Folder::new(&[
        ("echo.toml", ECHO),
        ("new/echo.toml", ECHO),
        ("old/echo.toml", ECHO),
    ]);
    folder.write("out/echo.rs", "fn mine() {}\n");
    let mine = folder.told(&["echo.toml", "-l", "rust", "-o", "out"]);
    assert_eq!(folder.read("out/echo.rs"), "fn mine() {}\n");

    folder.run(&["old/echo.toml", "-l", "rust", "-o", "theirs"]);
    let before = folder.read("theirs/echo.rs");
    let theirs = folder.told(&["new/echo.toml", "-l", "rust", "-o", "theirs"]);
    assert_eq!(folder.read("theirs/echo.rs"), before);

    folder.write("file", "");
    let inside_a_file = folder.run(&["echo.toml", "-l", "rust", "-o", "file"]);
    assert_eq!(code(&inside_a_file), 1);
    snapshot!("in_the_way", mine + &theirs);
}

#[test]
fn procwire_toml_is_found_from_below_and_does_everything() {
    let targets = "[[target]]\nschema = \"schema/echo.toml\"\nlang = [\"rust\", \"python\"]\nout = \"made\"\n\n\
                   [[target]]\nschema = \"schema/other.toml\"\nlang = \"rust\"\nout = \"made\"\n";
    let folder = Folder::new(&[
        ("procwire.toml", targets),
        ("schema/echo.toml", ECHO),
        ("schema/other.toml", &ECHO.replace("\"echo\"", "\"other\"")),
        ("src/below/x.txt", ""),
    ]);
    let output = folder.run_in("src/below", &[]);
    assert_eq!(code(&output), 0, "{}", told(&[], &output));
    for path in ["made/echo.rs", "made/other.rs"] {
        assert!(folder.read(path).contains(" from schema/"), "{path}");
    }
    assert_eq!(code(&folder.run(&["--check"])), 0);
    folder.write("schema/echo.toml", &format!("{ECHO}{SHOUT}"));
    assert_eq!(code(&folder.run_in("schema", &["--check"])), 3);

    folder.write(
        "procwire.toml",
        "[[target]]\nschema = \"x.toml\"\nlang = \"ruby\"\noutput = \"y\"\n",
    );
    snapshot!("procwire_toml_wrong", folder.told(&[]));
}

#[test]
fn a_worker_is_written_once_and_told_of_the_handlers_it_lacks() {
    let folder = Folder::new(&[("echo.toml", ECHO)]);
    let arguments = ["echo.toml", "-l", "typescript", "-o", "worker"];
    let first = folder.told(&arguments);
    let mine = folder
        .read("worker/worker.ts")
        .replace("async say", "/* mine */ async say");
    folder.write("worker/worker.ts", &mine);
    let second = folder.told(&arguments);
    folder.write("echo.toml", &format!("{ECHO}{SHOUT}"));
    let third = folder.told(&arguments);
    assert_eq!(
        folder.read("worker/worker.ts"),
        mine,
        "a user's file is never touched"
    );
    snapshot!("yours", first + &second + &third);

    // pasted as printed, nothing is missing any more
    let (_, handler) = third
        .split_once("Ready to paste:\n\n")
        .expect("a handler is printed");
    let (handler, _) = handler.split_once("\n── exit").expect("and then nothing");
    let at = mine.rfind("}").expect("the object ends");
    folder.write(
        "worker/worker.ts",
        &format!("{}{handler}{}", &mine[..at], &mine[at..]),
    );
    let fourth = folder.told(&arguments);
    assert!(!fourth.contains("missing"), "{fourth}");

    fs::remove_file(folder.path().join("worker/worker.ts")).expect("removed");
    assert_eq!(
        code(&folder.run(&[&arguments[..], &["--check"]].concat())),
        0,
        "whether it is there is the user's"
    );
}

#[test]
fn two_targets_that_make_one_file_are_refused() {
    let target = |schema: &str| {
        format!("[[target]]\nschema = \"{schema}\"\nlang = \"rust\"\nout = \"made\"\n")
    };
    let folder = Folder::new(&[
        ("procwire.toml", &(target("a.toml") + &target("b.toml"))),
        ("a.toml", ECHO),
        ("b.toml", ECHO),
    ]);
    snapshot!("made_twice", folder.told(&[]));
}

#[test]
fn json_tells_every_file_and_every_finding_in_a_line_of_its_own() {
    let folder = Folder::new(&[(
        "echo.toml",
        &format!("{ECHO}\n[struct.Unused]\nx = \"u8\"\n"),
    )]);
    let output = folder.run(&["echo.toml", "-l", "rust", "-o", "out", "--format", "json"]);
    let lines: Vec<serde_json::Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    assert!(
        lines.iter().any(|line| line["kind"] == "file"
            && line["action"] == "created"
            && line["path"] == "out/echo.rs"),
        "{lines:?}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line["kind"] == "diagnostic" && line["code"] == "P0501"),
        "{lines:?}"
    );
    assert!(output.stderr.is_empty());
    let again = folder.run(&[
        "echo.toml",
        "-l",
        "rust",
        "-o",
        "out",
        "--format",
        "json",
        "--check",
    ]);
    let text = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(
        text.contains(
            r#"{"action":"fresh","kind":"file","ownership":"generated","path":"out/echo.rs"}"#
        ),
        "{text}"
    );
}

#[test]
fn codes_are_explained() {
    let folder = Folder::new(&[]);
    snapshot!("explain", folder.told(&["explain", "p0207"]));
    let all = folder.run(&["explain"]);
    let text = String::from_utf8_lossy(&all.stdout).into_owned();
    assert!(
        text.lines().count() > 40 && text.contains("P0207  a method does not say how it answers")
    );
}

#[test]
fn every_shell_gets_its_completions() {
    let folder = Folder::new(&[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = folder.run(&["completions", shell]);
        assert_eq!(code(&output), 0);
        let script = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            script.contains("procwire-gen") && script.contains("explain"),
            "{shell}"
        );
    }
}

#[test]
fn no_snapshot_is_left_behind() {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli.rs"))
        .expect("this file");
    let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    for entry in fs::read_dir(snapshots).expect("snapshots").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let stem = name
            .strip_suffix(".snap")
            .unwrap_or_else(|| panic!("{name}: accept it or remove it"));
        assert!(
            source.contains(&format!("\"{stem}\",")),
            "no test uses tests/snapshots/{name}"
        );
    }
}

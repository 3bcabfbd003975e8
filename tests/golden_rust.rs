//! The Rust files of the golden cases, judged by the compiler that matters.

macro_rules! cases {
    ($($case:ident / $module:ident,)*) => {
        $(
            mod $case {
                // As users do who keep generated files beside their own.
                include!(concat!("../procwire-gen/tests/golden/", stringify!($case), "/expected/rust/", stringify!($module), ".rs"));
            }
        )*

        const CASES: &[(&str, &str)] = &[$((stringify!($case), stringify!($module)),)*];
    };
}

cases! {
    a_rust_trait_is_a_schema_too / pdf,
    deprecated_things_say_what_to_use_instead / attic,
    docs_cannot_break_out_of_their_comments / prose,
    each_way_to_answer / answers,
    events_and_no_method / ticker,
    every_keyword_is_a_name_somewhere / keywords,
    every_type_default_and_constraint / everything,
    imported_types_carry_the_alias_of_their_file / maps,
    methods_named_like_what_a_stub_has / stub,
    open_and_closed_choices / choices,
    payloads_that_are_not_maps_of_arguments / payloads,
    types_named_like_what_generated_code_uses / names,
    types_that_contain_themselves / trees,
}

#[test]
fn every_golden_case_is_compiled_here() {
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("procwire-gen/tests/golden");
    let mut found = Vec::new();
    for case in std::fs::read_dir(golden)
        .expect("there are golden cases")
        .flatten()
    {
        let files = std::fs::read_dir(case.path().join("expected/rust"));
        for file in files.into_iter().flatten().flatten() {
            let module = file.path().with_extension("");
            let module = module
                .file_name()
                .expect("a file has a name")
                .to_string_lossy()
                .into_owned();
            found.push((case.file_name().to_string_lossy().into_owned(), module));
        }
    }
    found.sort();
    let listed: Vec<(String, String)> = CASES
        .iter()
        .map(|(case, module)| ((*case).to_owned(), (*module).to_owned()))
        .collect();
    assert_eq!(found, listed, "list every golden Rust file in `cases!`");
}

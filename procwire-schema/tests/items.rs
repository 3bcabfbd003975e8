//! One item at a time, as the macros see it: an open world.

use proc_macro2::TokenStream;
use procwire_schema::model::{Answer, Args, DeclKind, Keep, Timeout, Type, Value};
use procwire_schema::{Code, ItemReading, read_trait, read_type};

fn tokens(text: &str) -> TokenStream {
    text.parse().expect("Rust tokens")
}

fn a_trait(attr: &str, item: &str) -> ItemReading {
    read_trait(&tokens(attr), &syn::parse_str(item).expect("a trait"))
}

fn a_type(item: &str) -> ItemReading {
    read_type(&syn::parse_str(item).expect("a type"))
}

fn codes(reading: &ItemReading) -> Vec<Code> {
    reading.diagnostics.iter().map(|one| one.code).collect()
}

#[test]
fn a_trait_names_types_it_cannot_see() {
    let reading = a_trait(
        "version = \"1.0.0\", timeout = \"30s\"",
        r#"
        /// Opens files.
        pub trait Pdf {
            /// Opens one.
            async fn open(&self, path: String, page: geo::Page, again: crate::model::Page, dpi: Option<Box<Page>>) -> Result<Document, PdfError>;
            fn blocks(&self) -> procwire::Answers<Vec<Block>, PdfError>;
            async fn store(&self, #[payload] data: bytes::Bytes) -> Ack<Receipt>;
            async fn poke(&self, #[default(ImageFormat::Png)] format: ImageFormat) -> Oneway;
            async fn r#match(&self) -> Result<Option<u8>, Never>;
            #[event] #[keep(latest)]
            fn progress(done: u32);
        }
        "#,
    );
    assert_eq!(codes(&reading), []);
    let schema = reading.schema.as_ref().expect("a schema");
    let module = schema.module().expect("a module");
    assert_eq!(
        (module.name.text.as_str(), module.docs.as_slice()),
        ("pdf", ["Opens files.".to_owned()].as_slice())
    );
    let names: Vec<String> = schema
        .decls()
        .iter()
        .map(|(_, entry)| entry.name.to_string())
        .collect();
    assert_eq!(
        names,
        [
            "geo.Page",
            "crate::model.Page",
            "Page",
            "PdfError",
            "Document",
            "Block",
            "Receipt",
            "ImageFormat"
        ]
    );
    assert!(schema.decls().iter().all(|(_, entry)| entry.decl.is_none()));
    let (second, _) = schema.decls().iter().nth(1).expect("a name");
    let path = reading.path(second).expect("its path");
    assert_eq!(quote::quote!(#path).to_string(), "crate :: model :: Page");

    let methods = &module.methods;
    assert!(matches!(methods[0].answer, Some(Answer::Returns(_))) && methods[0].throws.is_some());
    assert!(matches!(methods[0].timeout, Some(Timeout::After(limit)) if limit.as_secs() == 30));
    assert!(
        matches!(&methods[1].answer, Some(Answer::Streams(ty)) if matches!(ty.ty, Type::List(_)))
    );
    assert!(matches!(&methods[2].args, Args::Payload(ty) if ty.ty == Type::Bytes));
    assert!(
        matches!(&methods[2].answer, Some(Answer::Acks(Some(_)))) && methods[2].throws.is_none()
    );
    let Args::Fields(fields) = &methods[3].args else {
        panic!("fields")
    };
    assert_eq!(
        fields[0].default.as_ref().map(|default| &default.value),
        Some(&Value::Variant("png".to_owned()))
    );
    assert_eq!(
        (methods[4].name.text.as_str(), methods[4].throws),
        ("match", None)
    );
    assert_eq!(module.events[0].keep, Keep::Latest);
}

#[test]
fn a_type_is_the_first_declared() {
    let reading = a_type(
        "/// A page.\npub struct Page { #[range(1..=9)] index: u32, #[default({})] labels: HashMap<String, Label>, r#type: Option<Box<Page>> }",
    );
    assert_eq!(codes(&reading), []);
    let schema = reading.schema.expect("a schema");
    let (_, entry, decl) = schema.declared().next().expect("a declaration");
    assert_eq!(entry.name.to_string(), "Page");
    let shape = schema.local_shape(decl);
    assert_eq!(
        shape.text,
        "struct(index:u32,labels?:{string:$0},type?:$1?)"
    );
    let refs: Vec<String> = shape
        .refs
        .iter()
        .map(|index| schema.decls().entry(*index).name.to_string())
        .collect();
    assert_eq!(refs, ["Label", "Page"]);
}

#[test]
fn bare_variants_make_an_enum_and_braces_a_union() {
    let kind = |item: &str| {
        let schema = a_type(item).schema.expect("a schema");
        let (_, _, decl) = schema.declared().next().expect("a declaration");
        decl.kind.clone()
    };
    let DeclKind::Enum(choice) = kind("enum E { HighDpi, Low, #[unknown] Unknown(String) }") else {
        panic!("an enum")
    };
    assert!(choice.open && choice.values[0].name.text == "high_dpi" && choice.values.len() == 2);
    assert!(
        matches!(kind("enum E { A {}, B {} }"), DeclKind::Union(union) if !union.open && union.variants.len() == 2)
    );
    assert!(
        matches!(kind("enum E { A, B(Body), #[unknown] Unknown(Value) }"), DeclKind::Union(union) if union.open)
    );
    assert!(
        matches!(kind("enum E { A, B, #[unknown] Unknown(procwire::Value) }"), DeclKind::Union(union) if union.open)
    );
    assert!(matches!(kind("struct Id(String);"), DeclKind::Newtype(_)));
    assert!(matches!(
        kind("#[table] struct Rows { a: Vec<u8> }"),
        DeclKind::Table(_)
    ));
}

#[test]
fn all_errors_come_at_once_on_the_tokens_that_have_them() {
    let reading = a_trait(
        "version = \"one\"",
        r#"
        pub trait Pdf {
            fn open(&self, size: usize) -> String;
            async fn close(&self);
            async fn class(&self, dpi: &str) -> String;
        }
        "#,
    );
    assert!(reading.schema.is_none());
    assert_eq!(
        codes(&reading),
        [
            Code::RustType,
            Code::RustAsync,
            Code::RustReturn,
            Code::RustType,
            Code::Keyword,
            Code::Version
        ]
    );
    for one in reading.diagnostics.iter() {
        assert!(
            reading.spans.tokens(one.span()).is_some(),
            "{one} has no token"
        );
    }
    let errors = reading.compile_errors().to_string();
    assert_eq!(
        errors.matches("compile_error").count(),
        5,
        "warnings are not errors: {errors}"
    );
    assert!(
        errors.contains("its size differs between machines") && errors.contains("[P0405]"),
        "{errors}"
    );
    syn::parse2::<syn::File>(reading.compile_errors()).expect("items");
}

#[test]
fn a_broken_trait_still_tells_the_rest() {
    let reading = a_trait(
        "vresion = 1",
        "trait A<T> { const B: u8; fn c(); #[event] #[event] fn d(&self) -> u8; }",
    );
    let codes = codes(&reading);
    for code in [
        Code::UnknownKey,
        Code::MissingKey,
        Code::RustGenerics,
        Code::RustItem,
        Code::RustReceiver,
        Code::RustReturn,
        Code::RustAttribute,
    ] {
        assert!(codes.contains(&code), "{code} in {codes:?}");
    }
}

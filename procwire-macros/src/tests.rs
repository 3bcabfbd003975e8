//! The same module through every door gives the same tokens.

use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{DeriveInput, Item, ItemTrait, TraitItem};

use crate::{derive, module};

const TOML: &str = include_str!("../tests/same/pdf.toml");
const RUST: &str = include_str!("../tests/same/pdf.rs");

/// Tokens as text, with built-in types by their last name only and without the commas that end lists.
fn text(tokens: &TokenStream) -> String {
    let mut text = tokens.to_string();
    for path in [
        ":: core :: option :: Option",
        ":: core :: result :: Result",
        ":: core :: time :: Duration",
        ":: procwire :: __private :: Ack",
        ":: procwire :: __private :: Answers",
        ":: procwire :: __private :: Bytes",
        ":: procwire :: __private :: Decimal",
        ":: procwire :: __private :: Oneway",
        ":: procwire :: __private :: Uuid",
        ":: procwire :: __private :: Value",
        ":: std :: boxed :: Box",
        ":: std :: collections :: BTreeMap",
        ":: std :: string :: String",
        ":: std :: time :: SystemTime",
        ":: std :: vec :: Vec",
    ] {
        let last = path.rsplit(' ').next().unwrap_or_default();
        text = text.replace(path, last);
    }
    // `Int` is an `i64` that is told apart in the model.
    let text = text.replace(" Int ", " i64 ");
    text.replace(",)", ")")
        .replace(", )", ")")
        .replace(" ,)", ")")
        .replace(" )", ")")
}

fn from_toml() -> TokenStream {
    let reading = procwire_schema::read_text("pdf.toml", TOML);
    let schema = reading
        .schema
        .unwrap_or_else(|| panic!("{:?}", reading.diagnostics));
    procwire_gen::rust::tokens(&schema).expect("it can be emitted")
}

fn items() -> Vec<Item> {
    syn::parse_file(RUST).expect("it is Rust").items
}

fn without_errors((tokens, errors): (TokenStream, TokenStream)) -> TokenStream {
    assert!(errors.is_empty(), "{errors}");
    tokens
}

#[test]
fn the_derive_gives_what_the_schema_gives() {
    let whole = text(&from_toml());
    let mut count = 0;
    for item in items() {
        let item = match item {
            Item::Struct(item) => item.into_token_stream(),
            Item::Enum(item) => item.into_token_stream(),
            _ => continue,
        };
        let name = syn::parse2::<DeriveInput>(item.clone())
            .expect("a type")
            .ident;
        let derived = text(&without_errors(derive::expand(item)));
        assert!(
            whole.contains(&derived),
            "{name}:\n{derived}\n\nis not in\n\n{whole}"
        );
        count += 1;
    }
    assert_eq!(count, 8);
}

#[test]
fn the_trait_gives_what_the_schema_gives() {
    let whole = from_toml();
    let item = items()
        .into_iter()
        .find_map(|item| match item {
            Item::Trait(item) => Some(item),
            _ => None,
        })
        .expect("there is a trait");
    let (attr, item) = split(item);
    let expanded = without_errors(module::expand(attr, item));
    let (seen, part) = first_trait(expanded);
    let (generated, generated_part) = first_trait(whole);
    same(&text(&part), &text(&generated_part));
    same(&signatures(seen), &signatures(generated));
}

/// Equal, or the first place where they are not.
#[track_caller]
fn same(left: &str, right: &str) {
    let at = left
        .bytes()
        .zip(right.bytes())
        .take_while(|(left, right)| left == right)
        .count();
    let from = |text: &str| {
        text.chars()
            .skip(at.saturating_sub(120))
            .take(300)
            .collect::<String>()
    };
    assert!(left == right, "{}\n\nis not\n\n{}", from(left), from(right));
}

/// The macro's arguments, and the trait without the macro's attribute.
fn split(mut item: ItemTrait) -> (TokenStream, TokenStream) {
    let attribute = item.attrs.remove(
        item.attrs
            .iter()
            .position(|attribute| {
                attribute
                    .path()
                    .segments
                    .last()
                    .is_some_and(|last| last.ident == "module")
            })
            .expect("the attribute"),
    );
    let attr = attribute
        .meta
        .require_list()
        .expect("arguments")
        .tokens
        .clone();
    (attr, item.into_token_stream())
}

/// The first trait of some items, and everything after it.
fn first_trait(tokens: TokenStream) -> (ItemTrait, TokenStream) {
    let file: syn::File = syn::parse2(tokens).expect("items");
    let mut items = file
        .items
        .into_iter()
        .skip_while(|item| !matches!(item, Item::Trait(_)));
    let Some(Item::Trait(item)) = items.next() else {
        panic!("no trait");
    };
    (item, items.map(ToTokens::into_token_stream).collect())
}

/// The trait without its attributes.
fn signatures(mut item: ItemTrait) -> String {
    item.attrs.clear();
    for item in &mut item.items {
        if let TraitItem::Fn(function) = item {
            function.attrs.clear();
        }
    }
    text(&item.into_token_stream())
}

#[test]
fn generated_code_names_the_runtime_and_the_standard_library_only() {
    fn judge(tokens: TokenStream) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, tree) in trees.iter().enumerate() {
            match tree {
                TokenTree::Group(group) => judge(group.stream()),
                TokenTree::Ident(word) if is_colons(&trees[..at]) => {
                    let before = trees.get(at.wrapping_sub(3));
                    let leads = !matches!(before, Some(TokenTree::Ident(word)) if !is_keyword(word))
                        && !matches!(before, Some(TokenTree::Punct(sign)) if sign.as_char() == '>');
                    if leads {
                        let word = word.to_string();
                        assert!(
                            ["core", "std", "procwire"].contains(&word.as_str()),
                            "::{word}"
                        );
                        if word == "procwire" {
                            assert_eq!(trees[at + 3].to_string(), "__private");
                        }
                    }
                }
                TokenTree::Ident(word) => {
                    let word = word.to_string();
                    assert!(
                        !["core", "std", "procwire", "tokio", "serde"].contains(&word.as_str()),
                        "{word}"
                    );
                }
                _ => {}
            }
        }
    }
    fn is_colons(before: &[TokenTree]) -> bool {
        let is_colon = |tree: Option<&TokenTree>| matches!(tree, Some(TokenTree::Punct(sign)) if sign.as_char() == ':');
        is_colon(before.last())
            && is_colon(before.len().checked_sub(2).and_then(|at| before.get(at)))
    }
    fn is_keyword(word: &proc_macro2::Ident) -> bool {
        [
            "for", "in", "as", "impl", "dyn", "return", "match", "if", "use", "mut", "else",
        ]
        .contains(&word.to_string().as_str())
    }
    judge(from_toml());
}

#[test]
fn the_example_is_the_same_module_both_ways() {
    let toml = procwire_schema::read_text("pdf.toml", TOML);
    let rust = procwire_schema::read_with(Path::new("pdf.rs"), &|_| Ok(RUST.as_bytes().to_vec()));
    let print = |reading: procwire_schema::Reading| {
        reading
            .schema
            .map(|schema| schema.fingerprint().to_owned())
            .unwrap_or_else(|| panic!("{:?}", reading.diagnostics))
    };
    assert_eq!(print(toml), print(rust));
}

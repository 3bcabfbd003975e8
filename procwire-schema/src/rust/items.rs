//! Finding the items that matter in a Rust file, before `syn` sees any of it.
//!
//! A file is cut into its items token by token; only traits under `#[module]`, types under `#[derive(Type)]`, and
//! modules are parsed. The rest of the file may use any syntax, and no depth of it can exhaust the stack.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// An item that matters.
pub(crate) enum Item {
    /// A trait under `#[procwire::module(…)]`, whole.
    Trait(TokenStream),
    /// A type under `#[derive(procwire::Type)]`, whole.
    Type(TokenStream),
    /// A type without that derive.
    Plain(proc_macro2::Ident),
    /// `type Name = …;`
    Alias(proc_macro2::Ident),
    /// `mod name;` or `mod name { … }`, with its `#[path = "…"]`.
    Module {
        name: String,
        path: Option<String>,
        body: Option<TokenStream>,
    },
}

/// The items of a file or of a module's body.
pub(crate) fn split(tokens: TokenStream) -> Vec<Item> {
    let mut out = Vec::new();
    let mut item = Vec::new();
    for token in tokens {
        item.push(token);
        if is_whole(&item) {
            out.extend(judge(std::mem::take(&mut item)));
        }
    }
    out
}

/// Deeper, or longer without a pause, than anything a person writes: such an item is not parsed. Signs and keywords
/// that nest what follows them weigh more, because `syn` follows each with a call of its own.
pub(crate) fn is_too_deep(tokens: &TokenStream) -> bool {
    const DEPTH: usize = 48;
    const RUN: usize = 4_000;
    const NESTING: usize = 20;
    fn walk(tokens: TokenStream, depth: usize) -> bool {
        let (mut angles, mut run) = (0usize, 0usize);
        for token in tokens {
            run += match &token {
                TokenTree::Group(group) => {
                    if depth + 1 > DEPTH || walk(group.stream(), depth + 1) {
                        return true;
                    }
                    1
                }
                TokenTree::Punct(sign) => match sign.as_char() {
                    ',' | ';' => {
                        run = 0;
                        0
                    }
                    '#' => 0,
                    '<' => {
                        angles += 1;
                        1
                    }
                    '>' => {
                        angles = angles.saturating_sub(1);
                        1
                    }
                    ':' => 1,
                    _ => NESTING,
                },
                TokenTree::Ident(word) if is_nesting(&word.to_string()) => NESTING,
                TokenTree::Ident(_) | TokenTree::Literal(_) => 1,
            };
            if angles > DEPTH || run > RUN {
                return true;
            }
        }
        false
    }
    walk(tokens.clone(), 0)
}

fn is_nesting(word: &str) -> bool {
    matches!(
        word,
        "if" | "else"
            | "return"
            | "break"
            | "yield"
            | "as"
            | "move"
            | "async"
            | "unsafe"
            | "const"
            | "match"
            | "while"
            | "for"
            | "loop"
            | "let"
            | "in"
            | "fn"
            | "impl"
            | "dyn"
            | "mut"
            | "ref"
            | "raw"
            | "box"
            | "static"
    )
}

/// Items that end in `;` although braces may stand in the middle.
const TO_SEMICOLON: &[&str] = &["use", "static", "type", "const"];

fn is_whole(item: &[TokenTree]) -> bool {
    match item.last() {
        Some(TokenTree::Punct(sign)) if sign.as_char() == ';' => true,
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let words = words(item);
            let function = words.iter().any(|word| word == "fn");
            function
                || !words
                    .first()
                    .is_some_and(|word| TO_SEMICOLON.contains(&word.as_str()))
        }
        // `#![…]` is an item of its own.
        Some(TokenTree::Group(group))
            if group.delimiter() == Delimiter::Bracket && item.len() == 3 =>
        {
            matches!((&item[0], &item[1]), (TokenTree::Punct(a), TokenTree::Punct(b)) if a.as_char() == '#' && b.as_char() == '!')
        }
        _ => false,
    }
}

/// The words in front of an item's name, without attributes and visibility.
fn words(item: &[TokenTree]) -> Vec<String> {
    let mut out = Vec::new();
    let mut skip_group = false;
    for token in item {
        match token {
            TokenTree::Punct(sign) if sign.as_char() == '#' => skip_group = true,
            TokenTree::Group(_) if skip_group => skip_group = false,
            TokenTree::Group(group)
                if group.delimiter() == Delimiter::Parenthesis && out.is_empty() => {}
            TokenTree::Ident(word) if *word == "pub" && out.is_empty() => {}
            TokenTree::Ident(word) => out.push(word.to_string()),
            TokenTree::Literal(_) => {}
            _ => break,
        }
        if out.len() == 4 {
            break;
        }
    }
    out
}

fn judge(item: Vec<TokenTree>) -> Option<Item> {
    let words = words(&item);
    let keyword = words
        .iter()
        .find(|word| !matches!(word.as_str(), "unsafe" | "auto" | "extern"))?
        .clone();
    let attributes = attributes(&item);
    if attributes.iter().any(|attribute| is_test_only(attribute)) {
        return None;
    }
    match keyword.as_str() {
        "trait" => attributes
            .iter()
            .any(|attribute| heads(attribute, "module"))
            .then(|| Item::Trait(item.into_iter().collect())),
        "struct" | "enum" => {
            if attributes.iter().any(|attribute| derives_type(attribute)) {
                return Some(Item::Type(item.into_iter().collect()));
            }
            name_after(&item, &keyword).map(Item::Plain)
        }
        "type" => name_after(&item, "type").map(Item::Alias),
        "mod" => {
            let name = name_after(&item, "mod")?.to_string();
            let body = match item.last() {
                Some(TokenTree::Group(group)) => Some(group.stream()),
                _ => None,
            };
            let path = attributes.iter().find_map(|attribute| path_of(attribute));
            Some(Item::Module {
                name: name.strip_prefix("r#").unwrap_or(&name).to_owned(),
                path,
                body,
            })
        }
        _ => None,
    }
}

/// The name of a struct or an enum.
pub(crate) fn type_name(tokens: &TokenStream) -> Option<String> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let name = name_after(&tokens, "struct").or_else(|| name_after(&tokens, "enum"))?;
    Some(name.to_string())
}

fn name_after(item: &[TokenTree], keyword: &str) -> Option<proc_macro2::Ident> {
    item.windows(2).find_map(|pair| match pair {
        [TokenTree::Ident(word), TokenTree::Ident(name)] if *word == keyword => Some(name.clone()),
        _ => None,
    })
}

/// What stands in each `#[…]` of an item.
fn attributes(item: &[TokenTree]) -> Vec<Vec<TokenTree>> {
    item.windows(2)
        .filter_map(|pair| match pair {
            [TokenTree::Punct(sign), TokenTree::Group(group)]
                if sign.as_char() == '#' && group.delimiter() == Delimiter::Bracket =>
            {
                Some(group.stream().into_iter().collect())
            }
            _ => None,
        })
        .collect()
}

/// Whether the attribute's path is `name` or `procwire::name`.
pub(crate) fn heads(attribute: &[TokenTree], name: &str) -> bool {
    let path: Vec<String> = attribute
        .iter()
        .take_while(|token| !matches!(token, TokenTree::Group(_)))
        .map(ToString::to_string)
        .collect();
    let path = path.join("");
    path == name || path == format!("procwire::{name}") || path == format!("::procwire::{name}")
}

fn derives_type(attribute: &[TokenTree]) -> bool {
    let [TokenTree::Ident(word), TokenTree::Group(list)] = attribute else {
        return false;
    };
    if *word != "derive" {
        return false;
    }
    let list: Vec<TokenTree> = list.stream().into_iter().collect();
    list.split(|token| matches!(token, TokenTree::Punct(sign) if sign.as_char() == ','))
        .any(|path| heads(path, "Type"))
}

/// `#[cfg(test)]`
fn is_test_only(attribute: &[TokenTree]) -> bool {
    matches!(attribute, [TokenTree::Ident(word), TokenTree::Group(list)] if *word == "cfg" && list.stream().to_string() == "test")
}

/// `#[path = "…"]`
fn path_of(attribute: &[TokenTree]) -> Option<String> {
    match attribute {
        [
            TokenTree::Ident(word),
            TokenTree::Punct(_),
            TokenTree::Literal(text),
        ] if *word == "path" => syn::parse_str::<syn::LitStr>(&text.to_string())
            .ok()
            .map(|text| text.value()),
        _ => None,
    }
}

//! Rust types as types of the contract, told by the last segment of their path.

use syn::{Expr, GenericArgument, Lit, PathArguments};

use crate::diagnostic::suggest::closest;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{DeclIndex, Decls, Type, TypeExpr, TypeName};
use crate::rust::spans::Spans;

/// Deep enough for any type a person writes.
const DEPTH: usize = 32;

/// What a reader of one item needs: the names so far, the places, the findings.
pub(crate) struct Scope<'a> {
    pub(crate) decls: &'a mut Decls,
    pub(crate) spans: &'a Spans,
    pub(crate) found: &'a mut Diagnostics,
    /// What the schema calls the type behind a path.
    pub(crate) resolve: &'a dyn Fn(&syn::Path) -> TypeName,
    /// The path that first mentioned each declared type, with the user's own tokens.
    pub(crate) paths: Vec<(DeclIndex, syn::Path)>,
}

impl Scope<'_> {
    /// Reports something about some syntax.
    pub(crate) fn fault(
        &mut self,
        code: Code,
        message: impl Into<String>,
        at: &impl quote::ToTokens,
        label: impl Into<String>,
    ) {
        let span = self.spans.of(at);
        self.found
            .push(Diagnostic::new(code, message).at(span, label));
    }

    /// The type of the contract; reports why there is none.
    pub(crate) fn ty(&mut self, written: &syn::Type) -> Option<TypeExpr> {
        let span = self.spans.of(written);
        match self.shape(written, 0) {
            Ok(ty) => Some(TypeExpr { ty, span }),
            Err(fault) => {
                self.found.push(*fault);
                None
            }
        }
    }

    fn shape(&mut self, written: &syn::Type, depth: usize) -> Result<Type, Box<Diagnostic>> {
        if depth > DEPTH {
            return Err(self.refuse(written, "it is nested too deeply"));
        }
        match written {
            syn::Type::Paren(inner) => self.shape(&inner.elem, depth + 1),
            syn::Type::Group(inner) => self.shape(&inner.elem, depth + 1),
            syn::Type::Array(array) => {
                let len = self.array_len(&array.len)?;
                Ok(Type::Array(
                    Box::new(self.shape(&array.elem, depth + 1)?),
                    len,
                ))
            }
            syn::Type::Tuple(tuple) => {
                if !(2..=12).contains(&tuple.elems.len()) {
                    let label = match tuple.elems.len() {
                        0 => "`()` is no value on the wire",
                        _ => "a tuple has 2 to 12 elements",
                    };
                    let message = format!("a tuple of {}", tuple.elems.len());
                    return Err(Box::new(
                        Diagnostic::new(Code::TupleSize, message).at(self.spans.of(written), label),
                    ));
                }
                let items = tuple.elems.iter().map(|item| self.shape(item, depth + 1));
                items.collect::<Result<_, _>>().map(Type::Tuple)
            }
            syn::Type::Path(path) if path.qself.is_none() => self.path(&path.path, depth),
            syn::Type::Reference(_) => Err(self.refuse(
                written,
                "values are owned on both sides: write `String`, `Vec<T>` or `Bytes`",
            )),
            syn::Type::ImplTrait(_) | syn::Type::TraitObject(_) => Err(Box::new(
                Diagnostic::new(Code::RustGenerics, "a trait is not a type on the wire").at(
                    self.spans.of(written),
                    "name a type that every worker can know",
                ),
            )),
            _ => Err(self.refuse(written, "not a type that can be sent")),
        }
    }

    fn path(&mut self, path: &syn::Path, depth: usize) -> Result<Type, Box<Diagnostic>> {
        let Some(last) = path.segments.last() else {
            return Err(self.refuse(path, "not a type that can be sent"));
        };
        let ident = plain(&last.ident);
        let args = self.args(&last.arguments)?;
        let exactly = |wanted: usize| {
            if args.len() == wanted {
                return Ok(());
            }
            let label = format!(
                "`{ident}` takes {wanted} type{}",
                if wanted == 1 { "" } else { "s" }
            );
            Err(Box::new(
                Diagnostic::new(
                    Code::RustType,
                    format!("`{ident}` with {} types", args.len()),
                )
                .at(self.spans.of(path), label),
            ))
        };
        let down = depth + 1;
        match ident.as_str() {
            "Option" => {
                exactly(1)?;
                match self.shape(args[0], down)? {
                    Type::Optional(_) => Err(Box::new(
                        Diagnostic::new(Code::Optional, "an optional of an optional").at(
                            self.spans.of(path),
                            "absent and nil are alike on the wire: one `Option` says it all",
                        ),
                    )),
                    inner => Ok(Type::Optional(Box::new(inner))),
                }
            }
            "Vec" => {
                exactly(1)?;
                Ok(Type::List(Box::new(self.shape(args[0], down)?)))
            }
            "BTreeMap" | "HashMap" => {
                exactly(2)?;
                let key = Box::new(self.shape(args[0], down)?);
                Ok(Type::Map(key, Box::new(self.shape(args[1], down)?)))
            }
            "Box" => {
                exactly(1)?;
                self.shape(args[0], down)
            }
            name => {
                if let Some(ty) = built_in(name) {
                    exactly(0)?;
                    return Ok(ty);
                }
                if let Some(hint) = habit(name) {
                    return Err(self.refuse(path, hint));
                }
                if !args.is_empty() {
                    return Err(Box::new(
                        Diagnostic::new(Code::RustGenerics, format!("`{name}` is generic"))
                            .at(self.spans.of(path), "types of the contract have no parameters: write a type of its own for each use"),
                    ));
                }
                if let Some(meant) = near_miss(name) {
                    return Err(self.refuse(path, &format!("did you mean `{meant}`?")));
                }
                let name = (self.resolve)(path);
                let index = self.decls.refer(&name, self.spans.of(path));
                if !self.paths.iter().any(|(known, _)| *known == index) {
                    self.paths.push((index, path.clone()));
                }
                Ok(Type::Ref(index))
            }
        }
    }

    fn args<'t>(
        &self,
        arguments: &'t PathArguments,
    ) -> Result<Vec<&'t syn::Type>, Box<Diagnostic>> {
        let generics = |at: &dyn quote::ToTokens, label: &str| {
            let mut tokens = proc_macro2::TokenStream::new();
            at.to_tokens(&mut tokens);
            Box::new(
                Diagnostic::new(Code::RustGenerics, "only types can stand here")
                    .at(self.spans.of(&tokens), label),
            )
        };
        match arguments {
            PathArguments::None => Ok(Vec::new()),
            PathArguments::Parenthesized(arguments) => {
                Err(generics(arguments, "functions cannot be sent"))
            }
            PathArguments::AngleBracketed(arguments) => arguments
                .args
                .iter()
                .map(|argument| match argument {
                    GenericArgument::Type(ty) => Ok(ty),
                    other => Err(generics(
                        other,
                        "no lifetimes, constants or bounds: workers in other languages have none",
                    )),
                })
                .collect(),
        }
    }

    fn array_len(&self, len: &Expr) -> Result<u32, Box<Diagnostic>> {
        let number = match len {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(number) => number.base10_parse::<u32>().ok(),
                _ => None,
            },
            _ => None,
        };
        number.filter(|number| *number > 0).ok_or_else(|| {
            Box::new(
                Diagnostic::new(Code::ArrayLength, "the length of an array").at(
                    self.spans.of(len),
                    "a number from 1 to 4294967295, written as a literal",
                ),
            )
        })
    }

    fn refuse(&self, at: &impl quote::ToTokens, label: &str) -> Box<Diagnostic> {
        let text = at.to_token_stream().to_string().replace(' ', "");
        Box::new(
            Diagnostic::new(Code::RustType, format!("`{text}` has no place on the wire"))
                .at(self.spans.of(at), label),
        )
    }
}

/// `r#type` as `type`.
pub(crate) fn plain(ident: &syn::Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").unwrap_or(&text).to_owned()
}

/// Rust's name of a built-in type.
pub(crate) fn built_in(ident: &str) -> Option<Type> {
    NAMES
        .iter()
        .find(|(name, _)| *name == ident)
        .map(|(_, ty)| ty.clone())
}

const NAMES: &[(&str, Type)] = &[
    ("bool", Type::Bool),
    ("Int", Type::Int),
    ("i8", Type::I8),
    ("i16", Type::I16),
    ("i32", Type::I32),
    ("i64", Type::I64),
    ("u8", Type::U8),
    ("u16", Type::U16),
    ("u32", Type::U32),
    ("u64", Type::U64),
    ("f32", Type::F32),
    ("f64", Type::F64),
    ("String", Type::String),
    ("Bytes", Type::Bytes),
    ("SystemTime", Type::Timestamp),
    ("Duration", Type::Duration),
    ("Decimal", Type::Decimal),
    ("Uuid", Type::Uuid),
    ("Value", Type::Json),
];

/// What to write instead of types that people reach for.
fn habit(ident: &str) -> Option<&'static str> {
    Some(match ident {
        "usize" => "its size differs between machines: write `u64` or `u32`",
        "isize" => "its size differs between machines: write `i64` or `Int`",
        "i128" | "u128" => "the wire's whole numbers have 64 bits: write `i64`, `u64` or `Decimal`",
        "str" | "Cow" => "values are owned on both sides: write `String`",
        "char" => "write `String` with `#[len(1)]`",
        "PathBuf" | "Path" | "OsString" => "paths are text on the wire: write `String`",
        "HashSet" | "BTreeSet" | "VecDeque" => {
            "lists are the only sequences on the wire: write `Vec<T>`"
        }
        "Rc" | "Arc" | "RefCell" | "Mutex" => "values are sent, not shared: write the type itself",
        "DateTime" | "OffsetDateTime" | "NaiveDateTime" | "Timestamp" | "Instant" => {
            "write `SystemTime`"
        }
        "BytesMut" => "write `Bytes`",
        "Result" => "a result stands only as the whole return type of a method",
        "Answers" | "Ack" | "Oneway" => {
            "it says how a method answers and stands only as its return type"
        }
        "Self" => "write the type's name",
        _ => return None,
    })
}

/// A built-in type that was nearly written. A type of the user may be called anything, so only small letters count.
fn near_miss(ident: &str) -> Option<&'static str> {
    let small = ident.starts_with(|c: char| c.is_ascii_lowercase());
    small
        .then(|| closest(ident, NAMES.iter().map(|(name, _)| *name)))
        .flatten()
}

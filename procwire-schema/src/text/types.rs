//! The grammar of types: `u32`, `geo.Rect`, `T?`, `[T]`, `[T; N]`, `{K: V}`, `(A, B)`.
//!
//! Text to [`Type`]. Names are interned as they come; whether they are declared is the checker's question.

use std::collections::HashMap;
use std::ops::Range;

use crate::diagnostic::suggest::closest;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{DeclIndex, Decls, Type, TypeExpr, TypeName};
use crate::text::tree::{Kind, Node};

/// Deep enough for any type a person writes, shallow enough for any stack.
const DEPTH: usize = 32;

/// What the names of one file stand for.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    /// Every name of the schema.
    pub(crate) decls: &'a mut Decls,
    /// The alias that the whole schema knows this file by; none for the schema itself.
    pub(crate) own: Option<String>,
    /// Aliases written in this file, and the ones the whole schema knows those files by.
    pub(crate) aliases: HashMap<String, String>,
    /// Aliases that were used.
    pub(crate) used: Vec<String>,
    /// Types that are declared, in a way that could not be read; that is reported, and their uses are not.
    pub(crate) broken: Vec<DeclIndex>,
}

/// Reads a type from a string; says what is wrong with it otherwise.
pub(crate) fn read(
    node: &Node,
    names: &mut Names<'_>,
    found: &mut Diagnostics,
) -> Option<TypeExpr> {
    let Kind::String { text, .. } = &node.kind else {
        found.push(
            Diagnostic::new(
                Code::WrongValue,
                format!("expected a type, found {}", node.describe()),
            )
            .at(
                node.span,
                "a type is a string: \"u32\", \"[Document]\", \"string?\"",
            ),
        );
        return None;
    };
    let mut parser = Parser {
        text,
        at: 0,
        node,
        names,
    };
    let parsed = parser.ty(0).and_then(|ty| {
        parser.blank();
        if parser.at < text.len() {
            let rest = &text[parser.at..];
            return Err(parser.fault(parser.at..text.len(), format!("`{rest}` is left over")));
        }
        Ok(ty)
    });
    match parsed {
        Ok(ty) => Some(TypeExpr {
            ty,
            span: node.inside(0, text.len()),
        }),
        Err(fault) => {
            found.push(fault);
            None
        }
    }
}

struct Parser<'a, 'n> {
    text: &'a str,
    at: usize,
    node: &'a Node,
    names: &'a mut Names<'n>,
}

impl Parser<'_, '_> {
    fn ty(&mut self, depth: usize) -> Result<Type, Diagnostic> {
        if depth > DEPTH {
            return Err(self.fault(
                self.at..self.text.len(),
                "it is nested too deeply".to_owned(),
            ));
        }
        self.blank();
        let start = self.at;
        let mut ty = match self.peek() {
            Some('[') => self.list(depth)?,
            Some('{') => self.map(depth)?,
            Some('(') => self.tuple(depth)?,
            Some(c) if c.is_alphabetic() || c == '_' => self.name()?,
            Some(c) => {
                return Err(self.fault(
                    start..start + c.len_utf8(),
                    format!("`{c}` does not start a type"),
                ));
            }
            None if self.text.trim().is_empty() => {
                return Err(self.fault(0..self.text.len(), "it is empty".to_owned()));
            }
            None => return Err(self.fault(0..self.text.len(), "it ends too early".to_owned())),
        };
        loop {
            self.blank();
            if !self.eat('?') {
                return Ok(ty);
            }
            if matches!(ty, Type::Optional(_)) {
                return Err(
                    Diagnostic::new(Code::Optional, "an optional of an optional").at(
                        self.node.inside(start, self.at),
                        "absent and nil are alike on the wire: one `?` says it all",
                    ),
                );
            }
            ty = Type::Optional(Box::new(ty));
        }
    }

    fn list(&mut self, depth: usize) -> Result<Type, Diagnostic> {
        self.eat('[');
        let item = Box::new(self.ty(depth + 1)?);
        self.blank();
        if self.eat(']') {
            return Ok(Type::List(item));
        }
        if !self.eat(';') {
            return Err(self.expected("`]` or `; N]`"));
        }
        self.blank();
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit() || c == '_') {
            self.at += 1;
        }
        let digits = self.text[start..self.at].replace('_', "");
        if digits.is_empty() {
            return Err(self.expected("a number of elements"));
        }
        let len = match digits.parse::<u32>() {
            Ok(len) if len > 0 => len,
            _ => {
                return Err(Diagnostic::new(
                    Code::ArrayLength,
                    format!("array length {digits} is out of bounds"),
                )
                .at(
                    self.node.inside(start, self.at),
                    "from 1 to 4294967295; for any number of elements write `[T]`",
                ));
            }
        };
        self.blank();
        if !self.eat(']') {
            return Err(self.expected("`]`"));
        }
        Ok(Type::Array(item, len))
    }

    fn map(&mut self, depth: usize) -> Result<Type, Diagnostic> {
        self.eat('{');
        let key = Box::new(self.ty(depth + 1)?);
        self.blank();
        if !self.eat(':') {
            return Err(self.expected("`:` and the type of the values"));
        }
        let value = Box::new(self.ty(depth + 1)?);
        self.blank();
        if !self.eat('}') {
            return Err(self.expected("`}`"));
        }
        Ok(Type::Map(key, value))
    }

    fn tuple(&mut self, depth: usize) -> Result<Type, Diagnostic> {
        let start = self.at;
        self.eat('(');
        let mut items = Vec::new();
        loop {
            self.blank();
            if self.eat(')') {
                break;
            }
            items.push(self.ty(depth + 1)?);
            self.blank();
            if self.eat(',') {
                continue;
            }
            if self.eat(')') {
                break;
            }
            return Err(self.expected("`,` or `)`"));
        }
        if !(2..=12).contains(&items.len()) {
            return Err(
                Diagnostic::new(Code::TupleSize, format!("a tuple of {}", items.len())).at(
                    self.node.inside(start, self.at),
                    "a tuple has 2 to 12 elements",
                ),
            );
        }
        Ok(Type::Tuple(items))
    }

    fn name(&mut self) -> Result<Type, Diagnostic> {
        let start = self.at;
        let first = self.word();
        let (alias, ident, ident_at) = if self.eat('.') {
            let at = self.at;
            (Some(first), self.word(), at)
        } else {
            (None, first, start)
        };
        let whole = start..self.at;
        if ident.is_empty() {
            return Err(self.fault(whole, "the name after `.` is missing".to_owned()));
        }
        if alias.is_none()
            && let Some((_, ty)) = Type::BUILT_IN.iter().find(|(name, _)| *name == ident)
        {
            return Ok(ty.clone());
        }
        let alias = match alias {
            None => self.names.own.clone(),
            Some(alias) => {
                let Some(canonical) = self.names.aliases.get(&alias) else {
                    let label = closest(&alias, self.names.aliases.keys().map(String::as_str)).map_or_else(
                        || format!("nothing is imported as `{alias}`: add `{alias} = \"….toml\"` under [import]"),
                        |known| format!("did you mean `{known}`?"),
                    );
                    return Err(Diagnostic::new(
                        Code::UnknownType,
                        format!("unknown import `{alias}`"),
                    )
                    .at(self.node.inside(start, start + alias.len()), label));
                };
                self.names.used.push(alias);
                Some(canonical.clone())
            }
        };
        let span = self.node.inside(ident_at, self.at);
        Ok(Type::Ref(
            self.names.decls.refer(&TypeName { alias, ident }, span),
        ))
    }

    fn word(&mut self) -> String {
        let start = self.at;
        while let Some(c) = self.peek().filter(|c| c.is_alphanumeric() || *c == '_') {
            self.at += c.len_utf8();
        }
        self.text[start..self.at].to_owned()
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn eat(&mut self, c: char) -> bool {
        let eaten = self.peek() == Some(c);
        if eaten {
            self.at += c.len_utf8();
        }
        eaten
    }

    fn blank(&mut self) {
        while let Some(c) = self.peek().filter(|c| c.is_whitespace()) {
            self.at += c.len_utf8();
        }
    }

    fn expected(&self, what: &str) -> Diagnostic {
        let end = self.peek().map_or(self.at, |c| self.at + c.len_utf8());
        let found = self
            .peek()
            .map_or_else(|| "the end".to_owned(), |c| format!("`{c}`"));
        self.fault(
            self.at.min(end)..end,
            format!("expected {what}, found {found}"),
        )
    }

    fn fault(&self, place: Range<usize>, label: String) -> Diagnostic {
        Diagnostic::new(
            Code::TypeSyntax,
            format!("the type `{}` cannot be read", self.text),
        )
        .at(self.node.inside(place.start, place.end), label)
    }
}

//! The helper attributes: `#[default(..)]`, `#[range(..)]`, `#[timeout("..")]`, docs, …
//!
//! Each reader takes what it knows out of a list of attributes and leaves the user's other ones alone.

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, ExprUnary, Lit, Meta, RangeLimits, Token, UnOp};

use crate::diagnostic::Code;
use crate::model::name::snake;
use crate::model::{Bound, Constraints, Default, Range, Value, literal};
use crate::rust::types::{Scope, plain};

/// Every helper attribute that may stand on a method, an event, a parameter, a field or a variant. The macros take
/// them off before rustc sees them.
pub const HELPERS: &[&str] = &[
    "cancellable",
    "codec",
    "default",
    "event",
    "idempotent",
    "keep",
    "len",
    "pattern",
    "payload",
    "range",
    "spawn",
    "table",
    "timeout",
    "unknown",
];

/// Attributes of one item, by name.
#[derive(Clone, Copy)]
pub(crate) struct Attributes<'a> {
    list: &'a [Attribute],
}

impl<'a> Attributes<'a> {
    pub(crate) fn of(list: &'a [Attribute]) -> Self {
        Self { list }
    }

    /// Reports helper attributes that have no business on this kind of item.
    pub(crate) fn judge(self, what: &str, allowed: &[&str], scope: &mut Scope<'_>) {
        for attribute in self.list {
            let Some(name) = attribute.path().get_ident().map(ToString::to_string) else {
                continue;
            };
            // A whole type or module may come and go with a feature; a part of it would be another contract.
            if name == "cfg" && !matches!(what, "a type" | "a module") {
                scope.fault(
                    Code::RustAttribute,
                    format!("#[{name}] on {what}"),
                    attribute,
                    "a contract is the same in every build: remove this",
                );
            }
            if HELPERS.contains(&name.as_str()) && !allowed.contains(&name.as_str()) {
                let known = allowed
                    .iter()
                    .map(|name| format!("#[{name}]"))
                    .collect::<Vec<_>>()
                    .join(", ");
                scope.fault(
                    Code::RustAttribute,
                    format!("#[{name}] has no place on {what}"),
                    attribute,
                    format!("known here: {known}"),
                );
            }
        }
        for name in allowed {
            let mut same = self
                .list
                .iter()
                .filter(|attribute| attribute.path().is_ident(name));
            if let (Some(_), Some(second)) = (same.next(), same.next()) {
                scope.fault(
                    Code::RustAttribute,
                    format!("#[{name}] stands here twice"),
                    second,
                    "one of them is too many",
                );
            }
        }
    }

    pub(crate) fn get(self, name: &str) -> Option<&'a Attribute> {
        self.list
            .iter()
            .find(|attribute| attribute.path().is_ident(name))
    }

    /// `#[name]`, without arguments.
    pub(crate) fn flag(self, name: &str, scope: &mut Scope<'_>) -> bool {
        let Some(attribute) = self.get(name) else {
            return false;
        };
        if !matches!(attribute.meta, Meta::Path(_)) {
            scope.fault(
                Code::RustAttribute,
                format!("#[{name}] takes no arguments"),
                attribute,
                format!("write #[{name}]"),
            );
        }
        true
    }

    /// The one expression in `#[name(expression)]`.
    pub(crate) fn expression(
        self,
        name: &str,
        example: &str,
        scope: &mut Scope<'_>,
    ) -> Option<Expr> {
        let attribute = self.get(name)?;
        let parsed = match &attribute.meta {
            Meta::List(list) => list.parse_args::<Expr>().ok(),
            _ => None,
        };
        if parsed.is_none() {
            scope.fault(
                Code::RustAttribute,
                format!("#[{name}] takes one argument"),
                attribute,
                format!("write for example #[{name}({example})]"),
            );
        }
        parsed
    }

    /// `#[name("text")]`, understood by `read`; its complaint gets `code`.
    pub(crate) fn spelled<T>(
        self,
        name: &str,
        example: &str,
        code: Code,
        read: impl FnOnce(&str) -> Result<T, String>,
        scope: &mut Scope<'_>,
    ) -> Option<T> {
        let expression = self.expression(name, example, scope)?;
        spelled(
            &expression,
            &format!("#[{name}] takes a string, like {example}"),
            code,
            read,
            scope,
        )
    }

    /// `///` lines.
    pub(crate) fn docs(self) -> Vec<String> {
        let texts = self
            .list
            .iter()
            .filter_map(|attribute| match &attribute.meta {
                Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                    Expr::Lit(ExprLit {
                        lit: Lit::Str(text),
                        ..
                    }) => Some(text.value()),
                    _ => None,
                },
                _ => None,
            });
        texts
            .flat_map(|text| {
                let lines: Vec<String> = if text.contains('\n') {
                    block(&text)
                } else {
                    vec![text.strip_prefix(' ').unwrap_or(&text).to_owned()]
                };
                lines
            })
            .collect()
    }

    /// Rust's own `#[deprecated = "…"]` or `#[deprecated(note = "…")]`.
    pub(crate) fn deprecated(self, scope: &mut Scope<'_>) -> Option<String> {
        let attribute = self.get("deprecated")?;
        let note = match &attribute.meta {
            Meta::Path(_) => None,
            Meta::NameValue(pair) => text_of(&pair.value),
            Meta::List(list) => list
                .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                .ok()
                .and_then(|metas| {
                    metas.iter().find_map(|meta| match meta {
                        Meta::NameValue(pair) if pair.path.is_ident("note") => text_of(&pair.value),
                        _ => None,
                    })
                }),
        };
        if note.as_ref().is_none_or(|note| note.trim().is_empty()) {
            scope.fault(
                Code::Deprecated,
                "`deprecated` needs a reason",
                attribute,
                "say what to use instead: #[deprecated = \"use … instead\"]",
            );
            return None;
        }
        note
    }

    pub(crate) fn constraints(self, scope: &mut Scope<'_>) -> Constraints {
        let range = self
            .expression("range", "1..=10", scope)
            .and_then(|expression| self.range(&expression, scope));
        let len = self
            .expression("len", "1..=500", scope)
            .and_then(|expression| {
                let span = scope.spans.of(&expression);
                let parsed = match (&expression, text_of(&expression)) {
                    (Expr::Range(_), _) => {
                        range_of(&expression, span).and_then(|range| literal::len_of(&range))
                    }
                    (_, Some(text)) => literal::len(&text, span),
                    _ => match value(&expression) {
                        Some(Value::Int(number)) => literal::len(&number.to_string(), span),
                        _ => Err("write for example 1..=500".to_owned()),
                    },
                };
                parsed
                    .map_err(|label| {
                        scope.fault(Code::LenSyntax, "#[len] cannot be read", &expression, label)
                    })
                    .ok()
            });
        let pattern = self
            .expression("pattern", "\"^[a-z]+$\"", scope)
            .and_then(|expression| {
                let text = text_of(&expression);
                if text.is_none() {
                    scope.fault(
                        Code::RustAttribute,
                        "#[pattern] takes a string",
                        &expression,
                        "write for example #[pattern(\"^[a-z]+$\")]",
                    );
                }
                Some((text?, scope.spans.of(&expression)))
            });
        Constraints {
            range,
            len,
            pattern,
        }
    }

    fn range(self, expression: &Expr, scope: &mut Scope<'_>) -> Option<Range> {
        let span = scope.spans.of(expression);
        let parsed = match text_of(expression) {
            Some(text) => literal::range(&text, span),
            None => range_of(expression, span),
        };
        parsed
            .map_err(|label| {
                scope.fault(
                    Code::RangeSyntax,
                    "#[range] cannot be read",
                    expression,
                    label,
                )
            })
            .ok()
    }

    pub(crate) fn default(self, scope: &mut Scope<'_>) -> Option<Default> {
        let expression = self.expression("default", "150", scope)?;
        let Some(value) = value(&expression) else {
            scope.fault(
                Code::RustAttribute,
                "#[default] takes a literal",
                &expression,
                "a number, a string, true, false, `Enum::Value`, `[…]`, `[(key, value)]`, or `{}` for an empty map",
            );
            return None;
        };
        Some(Default {
            value,
            span: scope.spans.of(&expression),
        })
    }
}

/// `/** … */`: the stars and the indentation are not part of the text.
fn block(text: &str) -> Vec<String> {
    let lines = text.trim().lines();
    lines
        .map(|line| {
            let line = line.trim();
            line.strip_prefix('*')
                .map_or(line, str::trim_start)
                .to_owned()
        })
        .collect()
}

/// The string in a literal.
pub(crate) fn text_of(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

/// A string that `read` understands; its complaint gets `code`.
pub(crate) fn spelled<T>(
    expression: &Expr,
    expected: &str,
    code: Code,
    read: impl FnOnce(&str) -> Result<T, String>,
    scope: &mut Scope<'_>,
) -> Option<T> {
    let Some(text) = text_of(expression) else {
        scope.fault(Code::RustAttribute, expected, expression, "not a string");
        return None;
    };
    read(&text)
        .map_err(|label| {
            scope.fault(
                code,
                format!("\"{text}\": {}", code.title()),
                expression,
                label,
            )
        })
        .ok()
}

/// A literal value; `Enum::Value` is a variant. None for every other expression.
pub(crate) fn value(expression: &Expr) -> Option<Value> {
    Some(match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Value::String(text.value()),
            Lit::Bool(truth) => Value::Bool(truth.value),
            Lit::Int(number) => Value::Int(number.base10_parse().ok()?),
            Lit::Float(number) => Value::Float(number.base10_parse().ok()?),
            _ => return None,
        },
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => match value(expr)? {
            Value::Int(number) => Value::Int(number.checked_neg()?),
            Value::Float(number) => Value::Float(-number),
            _ => return None,
        },
        Expr::Array(array) => Value::List(array.elems.iter().map(value).collect::<Option<_>>()?),
        Expr::Tuple(tuple) => Value::List(tuple.elems.iter().map(value).collect::<Option<_>>()?),
        Expr::Block(block) if block.block.stmts.is_empty() => Value::Map(Vec::new()),
        Expr::Paren(inner) => value(&inner.expr)?,
        Expr::Group(inner) => value(&inner.expr)?,
        Expr::Path(path) if path.qself.is_none() => {
            let last = path.path.segments.last()?;
            match plain(&last.ident).as_str() {
                "None" => Value::Nil,
                ident if path.path.segments.len() > 1 => Value::Variant(snake(ident)),
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn range_of(expression: &Expr, span: crate::span::Span) -> Result<Range, String> {
    let Expr::Range(range) = expression else {
        return Err("write for example 1..=10".to_owned());
    };
    let bound = |end: &Option<Box<Expr>>| match end.as_deref().map(value) {
        None => Ok(None),
        Some(Some(Value::Int(number))) => Ok(Some(Bound::Int(number))),
        Some(Some(Value::Float(number))) if number.is_finite() => Ok(Some(Bound::Float(number))),
        Some(_) => Err("its ends are numbers, written as literals".to_owned()),
    };
    literal::range_ends(Range {
        min: bound(&range.start)?,
        max: bound(&range.end)?,
        inclusive: matches!(range.limits, RangeLimits::Closed(_)),
        span,
    })
}

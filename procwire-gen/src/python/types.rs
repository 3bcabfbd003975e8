//! Declared types, argument and event classes, ready to be printed.

use procwire_schema::Schema;
use procwire_schema::model::{DeclIndex, DeclKind, Enum, Field, Record, Type, Union, VariantBody};

use super::imports::Imports;
use super::literal::{is_built_on_classes, literal};
use super::naming::{Naming, error_field, field as field_name};
use super::prose::{docstring, quoted};
use super::reach::Reach;
use super::spell::Speller;

/// One thing at the top level of the file.
#[derive(Debug)]
pub(super) enum Item {
    /// A choice of strings.
    Choice {
        docs: String,
        name: String,
        base: &'static str,
        values: Vec<ValueView>,
    },
    /// A newtype, and its private twin that carries the constraints.
    NewType {
        docs: String,
        name: String,
        base: String,
        checked: Option<String>,
    },
    /// Another name for a type.
    Alias {
        docs: String,
        name: String,
        of: String,
    },
    /// An open union that is read: the type checker sees a union, the codec a type that can read unknown variants.
    OpenUnion {
        docs: String,
        name: String,
        of: String,
        variants: String,
    },
    /// A class: struct, variant, arguments, payload, or error.
    Class {
        decorator: Option<String>,
        docs: String,
        name: String,
        bases: String,
        constants: Vec<String>,
        fields: Vec<FieldView>,
    },
}

/// A value of a choice.
#[derive(Debug)]
pub(super) struct ValueView {
    pub(super) docs: String,
    pub(super) name: String,
    pub(super) wire: String,
}

/// A field of a class.
#[derive(Debug)]
pub(super) struct FieldView {
    pub(super) docs: String,
    pub(super) name: String,
    pub(super) ty: String,
    pub(super) default: Option<String>,
}

/// What a class is for, which decides how its defaults are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The worker only reads it.
    Read,
    /// The worker writes it: what is absent is left out, and what has a default is sent.
    Written,
    /// It is raised.
    Raised,
}

/// Makes items of one schema.
#[derive(Debug)]
pub(super) struct Types<'a> {
    pub(super) schema: &'a Schema,
    pub(super) naming: &'a Naming,
    pub(super) imports: &'a Imports,
    pub(super) reach: Reach,
}

impl<'a> Types<'a> {
    /// A speller outside of any class.
    pub(super) fn speller(&self) -> Speller<'a> {
        Speller::new(self.schema.decls(), self.naming, self.imports)
    }

    /// Every declared type, each below what it needs when the file is loaded.
    pub(super) fn declared(&self) -> Vec<Item> {
        let speller = self.speller();
        let mut choices = Vec::new();
        let mut early = Vec::new();
        let mut classes = Vec::new();
        let mut unions = Vec::new();
        let mut late = Vec::new();
        for (index, _, decl) in self.schema.declared() {
            match &decl.kind {
                DeclKind::Enum(one) => choices.push(self.choice(index, &decl.docs, one)),
                DeclKind::Newtype(one) => {
                    let list = if is_built_on_classes(&speller, &one.ty.ty) {
                        &mut late
                    } else {
                        &mut early
                    };
                    list.push(index);
                }
                DeclKind::Struct(one) => classes.push(self.record(index, &decl.docs, one)),
                DeclKind::Union(one) => {
                    if self.reach.is_data(index) {
                        self.variants(index, one, &mut classes);
                        unions.push(self.union(index, &decl.docs, one));
                    }
                }
                DeclKind::Table(_) => {}
            }
        }
        let newtypes = |list: Vec<DeclIndex>| -> Vec<Item> {
            self.in_order(&list)
                .into_iter()
                .filter_map(|index| self.newtype(index))
                .collect()
        };
        let mut items = choices;
        items.extend(newtypes(early));
        items.extend(self.bases_first(classes));
        items.extend(unions);
        items.extend(newtypes(late));
        items
    }

    /// A class of fields that is not declared: arguments, or an event's payload.
    pub(super) fn inline(&self, name: &str, fields: &[Field], purpose: Purpose) -> Item {
        let mut bases = "_pw.Struct".to_owned();
        if purpose == Purpose::Read {
            bases.push_str(", frozen=True, kw_only=True");
        }
        self.class(name, "", fields, bases, purpose)
    }

    fn record(&self, index: DeclIndex, docs: &[String], record: &Record) -> Item {
        let docs = docstring(docs, None, "    ");
        let purpose = self.purpose(index);
        let name = self.naming.ty(index);
        self.class(
            name,
            &docs,
            &record.fields,
            "_pw.Struct".to_owned(),
            purpose,
        )
    }

    fn variants(&self, index: DeclIndex, union: &Union, into: &mut Vec<Item>) {
        let purpose = self.purpose(index);
        for (at, variant) in union.variants.iter().enumerate() {
            let tag = format!("tag_field=\"type\", tag={}", quoted(&variant.name.text));
            let docs = docstring(&variant.docs, None, "    ");
            let name = self.naming.value(index, at);
            into.push(match &variant.body {
                VariantBody::Fields(fields) => {
                    self.class(name, &docs, fields, format!("_pw.Struct, {tag}"), purpose)
                }
                VariantBody::Struct(body) => Item::Class {
                    decorator: None,
                    docs,
                    name: name.to_owned(),
                    bases: format!("{}, {tag}", self.speller().plain(&body.ty)),
                    constants: Vec::new(),
                    fields: Vec::new(),
                },
            });
        }
    }

    fn class(
        &self,
        name: &str,
        docs: &str,
        fields: &[Field],
        mut bases: String,
        purpose: Purpose,
    ) -> Item {
        if purpose == Purpose::Written && fields.iter().any(is_plain_optional) {
            bases.push_str(", omit_defaults=True");
        }
        if let Some(renamed) = renames(fields, field_name) {
            bases.push_str(&format!(", rename={renamed}"));
        }
        Item::Class {
            decorator: None,
            docs: docs.to_owned(),
            name: name.to_owned(),
            bases,
            constants: Vec::new(),
            fields: self.fields(fields, purpose),
        }
    }

    /// Required ones first: Python wants it so, and one that is added later, which is optional, moves no other.
    pub(super) fn fields(&self, fields: &[Field], purpose: Purpose) -> Vec<FieldView> {
        let name = if purpose == Purpose::Raised {
            error_field
        } else {
            field_name
        };
        let speller = self
            .speller()
            .inside(fields.iter().map(|field| name(&field.name.text)));
        let omits = purpose == Purpose::Written && fields.iter().any(is_plain_optional);
        let (required, rest): (Vec<&Field>, Vec<&Field>) =
            fields.iter().partition(|field| !field.may_be_absent());
        required
            .into_iter()
            .chain(rest)
            .map(|field| FieldView {
                docs: docstring(&field.docs, field.deprecated.as_deref(), "    "),
                name: name(&field.name.text),
                ty: speller.checked(&field.ty.ty, &field.constraints),
                default: self.default(&speller, field, purpose, omits),
            })
            .collect()
    }

    fn default(
        &self,
        speller: &Speller<'_>,
        field: &Field,
        purpose: Purpose,
        omits: bool,
    ) -> Option<String> {
        let Some(default) = &field.default else {
            return field.may_be_absent().then(|| "None".to_owned());
        };
        let literal = literal(speller, &default.value, &field.ty.ty);
        let text = literal.text;
        let is_container =
            text.starts_with(['[', '{']) || text.ends_with("])") || text.ends_with("})");
        Some(if purpose == Purpose::Raised {
            if is_container || literal.is_late {
                let field = self.imports.from("_dc", "field");
                format!("{field}(default_factory=lambda: {text})")
            } else {
                text
            }
        } else if literal.is_late {
            format!("_pw.default_of(lambda: {text})")
        } else if literal.is_mutable || omits {
            format!("_pw.default({text})")
        } else {
            text
        })
    }

    fn choice(&self, index: DeclIndex, docs: &[String], choice: &Enum) -> Item {
        Item::Choice {
            docs: docstring(docs, None, "    "),
            name: self.naming.ty(index).to_owned(),
            base: if choice.open {
                "_pw.OpenEnum"
            } else {
                "_pw.StrEnum"
            },
            values: choice
                .values
                .iter()
                .map(|value| ValueView {
                    docs: docstring(&value.docs, None, "    "),
                    name: value.name.screaming(),
                    wire: quoted(&value.name.text),
                })
                .collect(),
        }
    }

    fn newtype(&self, index: DeclIndex) -> Option<Item> {
        let decl = self.schema.decls().get(index)?;
        let DeclKind::Newtype(newtype) = &decl.kind else {
            return None;
        };
        let speller = self.speller();
        let docs = docstring(&decl.docs, None, "");
        let name = self.naming.ty(index).to_owned();
        Some(match speller.class(&newtype.ty.ty) {
            Some(class) => {
                self.imports.from("_t", "NewType");
                let checked = speller.newtype_meta(index).map(|meta| {
                    format!("{}[{name}, {meta}]", self.imports.from("_t", "Annotated"))
                });
                Item::NewType {
                    docs,
                    name,
                    base: class,
                    checked,
                }
            }
            None => {
                self.imports.from("_t", "TypeAlias");
                Item::Alias {
                    docs,
                    name,
                    of: speller.checked(&newtype.ty.ty, &newtype.constraints),
                }
            }
        })
    }

    fn union(&self, index: DeclIndex, docs: &[String], union: &Union) -> Item {
        self.imports.from("_t", "TypeAlias");
        let docs = docstring(docs, None, "");
        let name = self.naming.ty(index).to_owned();
        let variants: Vec<&str> = (0..union.variants.len())
            .map(|at| self.naming.value(index, at))
            .collect();
        let of = variants.join(" | ");
        if union.open && self.reach.is_read(index) {
            return Item::OpenUnion {
                docs,
                name,
                of,
                variants: variants.join(", "),
            };
        }
        Item::Alias { docs, name, of }
    }

    fn purpose(&self, index: DeclIndex) -> Purpose {
        if self.reach.is_sent(index) {
            Purpose::Written
        } else {
            Purpose::Read
        }
    }

    /// Newtypes, those that others are built on first.
    fn in_order(&self, list: &[DeclIndex]) -> Vec<DeclIndex> {
        let mut order = Vec::new();
        for &index in list {
            self.visit(index, list, &mut order);
        }
        order
    }

    fn visit(&self, index: DeclIndex, list: &[DeclIndex], order: &mut Vec<DeclIndex>) {
        if order.contains(&index) || !list.contains(&index) {
            return;
        }
        if let Some(DeclKind::Newtype(newtype)) =
            self.schema.decls().get(index).map(|decl| &decl.kind)
        {
            newtype
                .ty
                .ty
                .each_ref(&mut |held| self.visit(held, list, order));
        }
        order.push(index);
    }

    /// Variants that carry a declared struct derive from it, wherever it is declared.
    fn bases_first(&self, classes: Vec<Item>) -> Vec<Item> {
        let (structs, heirs): (Vec<Item>, Vec<Item>) = classes.into_iter().partition(
            |item| matches!(item, Item::Class { bases, .. } if bases.starts_with("_pw.Struct")),
        );
        structs.into_iter().chain(heirs).collect()
    }
}

/// `T?` without a default: what is left out when it is None.
fn is_plain_optional(field: &Field) -> bool {
    field.default.is_none() && matches!(field.ty.ty, Type::Optional(_))
}

/// Attribute to wire name, for fields that need another name in Python.
pub(super) fn renames(fields: &[Field], name: fn(&str) -> String) -> Option<String> {
    let pairs: Vec<String> = fields
        .iter()
        .filter_map(|field| {
            let python = name(&field.name.text);
            (python != field.name.text)
                .then(|| format!("{}: {}", quoted(&python), quoted(&field.name.text)))
        })
        .collect();
    (!pairs.is_empty()).then(|| format!("{{{}}}", pairs.join(", ")))
}

//! The declared types: what a user sees of each, and the functions that read and write it.

use procwire_schema::model::{Constraints, Decl, DeclIndex, DeclKind, Field, Record, Union};

use super::{Arm, CodecView, FieldView, Maker, TypeView, VariantView, Written};
use crate::typescript::literal;
use crate::typescript::naming;
use crate::typescript::prose::{jsdoc, key, quoted};
use crate::typescript::reach::{Way, variant_fields};
use crate::typescript::spell::{Speller, unwrapped};

impl Maker<'_> {
    pub(super) fn declared(
        &self,
        index: DeclIndex,
        decl: &Decl,
        types: &mut Vec<TypeView>,
        codecs: &mut Vec<CodecView>,
    ) {
        let reach = self.speller.reach;
        let both = [Way::Read, Way::Sent];
        let ways = both.into_iter().filter(|way| reach.goes(index, *way));
        match &decl.kind {
            DeclKind::Newtype(newtype) => {
                let docs = with_constraints(&decl.docs, &newtype.constraints);
                for way in self.forms(index) {
                    types.push(TypeView::Brand {
                        docs: jsdoc(&docs, None, ""),
                        name: self.speller.named(index, way).to_owned(),
                        base: self.speller.ty(&newtype.ty.ty, way),
                        of: self.speller.naming.of_type(index).to_owned(),
                    });
                }
                for way in ways {
                    let body = self.steps.constrained(
                        &newtype.ty.ty,
                        &newtype.constraints,
                        way,
                        "value",
                        "at",
                    );
                    codecs.push(self.value(index, way, body, true));
                }
            }
            DeclKind::Enum(it) => {
                let mut values: Vec<String> = it
                    .values
                    .iter()
                    .map(|value| quoted(&value.name.text))
                    .collect();
                let mut docs = decl.docs.clone();
                for value in it.values.iter().filter(|value| !value.docs.is_empty()) {
                    docs.push(String::new());
                    docs.push(format!(
                        "- `{}`: {}",
                        value.name.text,
                        value.docs.join(" ").trim()
                    ));
                }
                let name = self.speller.naming.of_type(index).to_owned();
                let listed = values.clone();
                if it.open {
                    values.push("(string & {})".to_owned());
                }
                types.push(TypeView::Alias {
                    docs: jsdoc(&docs, None, ""),
                    name: name.clone(),
                    of: values.join(" | "),
                });
                for way in ways {
                    codecs.push(if it.open {
                        self.value(index, way, "pw.string(value, at)".to_owned(), false)
                    } else {
                        CodecView::Choice {
                            name: self.speller.naming.of_codec(index, way),
                            ty: name.clone(),
                            set: self.steps.choice(&name, &listed),
                        }
                    });
                }
            }
            DeclKind::Struct(record) => {
                for way in self.forms(index) {
                    types.push(self.interface(
                        &decl.docs,
                        self.speller.named(index, way),
                        &record.fields,
                        way,
                    ));
                }
                codecs.extend(ways.map(|way| self.structure(index, record, way)));
            }
            DeclKind::Union(union) => {
                if reach.is_data(index)
                    || !naming::thrown(self.speller.schema.module()).contains(&index)
                {
                    types.extend(
                        self.forms(index)
                            .into_iter()
                            .map(|way| self.union(index, decl, union, way)),
                    );
                }
                codecs.extend(ways.map(|way| self.union_codec(index, union, way)));
            }
            DeclKind::Table(_) => {}
        }
    }

    /// The forms of a type: one, or one for each way.
    fn forms(&self, index: DeclIndex) -> Vec<Way> {
        let reach = self.speller.reach;
        if reach.is_split(index) {
            vec![Way::Read, Way::Sent]
        } else if reach.goes(index, Way::Sent) && !reach.goes(index, Way::Read) {
            vec![Way::Sent]
        } else {
            vec![Way::Read]
        }
    }

    fn value(&self, index: DeclIndex, way: Way, body: String, brand: bool) -> CodecView {
        let name = self.speller.naming.of_codec(index, way);
        let ty = self.speller.named(index, way).to_owned();
        match way {
            Way::Read if brand => CodecView::Value {
                name,
                body: format!("pw.brand<{ty}>({body})"),
                ty,
            },
            Way::Read => CodecView::Value { name, ty, body },
            Way::Sent => CodecView::Value {
                name,
                ty: "unknown".to_owned(),
                body,
            },
        }
    }

    pub(super) fn interface(
        &self,
        docs: &[String],
        name: &str,
        fields: &[Field],
        way: Way,
    ) -> TypeView {
        TypeView::Interface {
            docs: jsdoc(docs, None, ""),
            name: name.to_owned(),
            fields: self.fields(fields, way, "  "),
        }
    }

    pub(super) fn fields(&self, fields: &[Field], way: Way, indent: &str) -> Vec<FieldView> {
        fields
            .iter()
            .map(|field| {
                let mut docs = with_constraints(&field.docs, &field.constraints);
                if let (Way::Sent, Some(default)) = (way, &field.default) {
                    docs.push(format!(
                        "Default: `{}`.",
                        literal::expression(&self.speller, &field.ty.ty, &default.value)
                    ));
                }
                FieldView {
                    docs: jsdoc(&docs, field.deprecated.as_deref(), indent),
                    name: field.name.camel(),
                    optional: way == Way::Sent && field.may_be_absent(),
                    ty: self.speller.field(field, way),
                }
            })
            .collect()
    }

    fn union(&self, index: DeclIndex, decl: &Decl, union: &Union, way: Way) -> TypeView {
        let decls = self.speller.schema.decls();
        TypeView::Union {
            docs: jsdoc(&decl.docs, None, ""),
            name: self.speller.named(index, way).to_owned(),
            variants: union
                .variants
                .iter()
                .map(|variant| VariantView {
                    docs: jsdoc(&variant.docs, None, "  "),
                    tag: quoted(&variant.name.text),
                    fields: self.fields(variant_fields(decls, &variant.body), way, "      "),
                })
                .collect(),
            open: union.open && self.speller.reach.goes(index, Way::Read),
        }
    }

    fn structure(&self, index: DeclIndex, record: &Record, way: Way) -> CodecView {
        let name = self.speller.naming.of_codec(index, way);
        match way {
            Way::Read => CodecView::ReadStruct {
                name,
                ty: self.speller.named(index, way).to_owned(),
                members: self.read(&record.fields),
            },
            Way::Sent => CodecView::WriteStruct {
                name,
                body: self.write(&record.fields),
            },
        }
    }

    fn union_codec(&self, index: DeclIndex, union: &Union, way: Way) -> CodecView {
        let decls = self.speller.schema.decls();
        let name = self.speller.naming.of_codec(index, way);
        let tags: Vec<String> = union
            .variants
            .iter()
            .map(|variant| quoted(&variant.name.text))
            .collect();
        let known = tags.join(", ");
        let variants = union.variants.iter().zip(tags);
        let open = union.open && self.speller.reach.goes(index, Way::Read);
        match way {
            Way::Read => CodecView::ReadUnion {
                name,
                ty: self.speller.named(index, way).to_owned(),
                arms: variants
                    .map(|(variant, tag)| Arm {
                        tag,
                        body: self.read(variant_fields(decls, &variant.body)),
                    })
                    .collect(),
                known,
                open,
            },
            Way::Sent => CodecView::WriteUnion {
                name,
                arms: variants
                    .map(|(variant, tag)| Arm {
                        tag,
                        body: self.write(variant_fields(decls, &variant.body)),
                    })
                    .collect(),
                known,
                open,
            },
        }
    }

    /// What a reader gives for each field, by the handler's name for it.
    pub(super) fn read(&self, fields: &[Field]) -> Vec<(String, String)> {
        fields
            .iter()
            .map(|field| {
                let name = &field.name.text;
                let (value, at) = (member(name), format!("pw.sub(at, {})", quoted(name)));
                let (ty, constraints) = (&field.ty.ty, &field.constraints);
                let given = self
                    .steps
                    .constrained(ty, constraints, Way::Read, &value, &at);
                let expression = match &field.default {
                    None => given,
                    Some(default) => {
                        let default = literal::expression(&self.speller, ty, &default.value);
                        format!("{value} === undefined ? {default} : {given}")
                    }
                };
                (key(&field.name.camel()), expression)
            })
            .collect()
    }

    /// What a writer sends. An optional field that is `null` is left out, unless its absence means its default.
    pub(super) fn write(&self, fields: &[Field]) -> Written {
        let mut written = Written {
            always: Vec::new(),
            sometimes: Vec::new(),
        };
        for field in fields {
            let name = field.name.camel();
            let (value, at) = (member(&name), format!("pw.sub(at, {})", quoted(&name)));
            let wire = &field.name.text;
            let constraints = &field.constraints;
            let ty = match &field.default {
                None => unwrapped(&field.ty.ty),
                Some(_) => &field.ty.ty,
            };
            let sent = self
                .steps
                .constrained(ty, constraints, Way::Sent, &value, &at);
            if !field.may_be_absent() {
                written.always.push((key(wire), sent));
            } else {
                let given = if field.default.is_some() {
                    format!("{value} !== undefined")
                } else {
                    format!("!pw.absent({value})")
                };
                written.sometimes.push((given, quoted(wire), sent));
            }
        }
        written
    }
}

/// How a member of an object is read: by itself, or only if it is the object's own.
fn member(name: &str) -> String {
    if naming::is_inherited(name) {
        format!("pw.own(o, {})", quoted(name))
    } else {
        format!("o[{}]", quoted(name))
    }
}

fn with_constraints(docs: &[String], constraints: &Constraints) -> Vec<String> {
    let said = Speller::constraints(constraints);
    let mut all = docs.to_vec();
    if !all.is_empty() && !said.is_empty() {
        all.push(String::new());
    }
    all.extend(said);
    all
}

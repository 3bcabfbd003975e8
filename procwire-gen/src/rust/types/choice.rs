//! `impl Type` for what is one of several: enums, which are strings, and unions, which are maps with a tag.

use proc_macro2::{Ident, Literal, TokenStream};
use procwire_schema::model::{Constraints, Enum, Union, Variant, VariantBody};
use quote::{format_ident, quote};

use super::check;
use super::codec::{count, implement, puts, read_fields};
use crate::rust::lints::allow;
use crate::rust::spell::{Speller, ident, p, plain};
use crate::rust::view::{FieldView, Variants};

pub(super) fn choice(
    name: &Ident,
    choice: &Enum,
    names: &Variants,
    shape: &TokenStream,
) -> TokenStream {
    let p = p();
    let title = plain(name);
    let wires: Vec<&String> = choice.values.iter().map(|value| &value.name.text).collect();
    let places: Vec<Literal> = (0..wires.len()).map(Literal::usize_unsuffixed).collect();
    let (variants, unknown) = (names.known(), names.unknown());
    let write_unknown = choice.open.then(|| quote!(Self::#unknown(text) => text,));
    let read_unknown = if choice.open {
        quote!(::core::result::Result::Err(text) => ::core::result::Result::Ok(Self::#unknown(text)))
    } else {
        quote!(::core::result::Result::Err(text) => {
            ::core::result::Result::Err(#p::unknown_tag(#title, &text, VALUES))
        })
    };
    // A place beyond the list cannot come: `read_tag` only gives places in it.
    let beyond = quote! {
        ::core::result::Result::Ok(_) => ::core::result::Result::Err(#p::unknown_tag(#title, "", VALUES))
    };
    implement(
        name,
        shape,
        &quote! {
            let text: &str = match self {
                #(Self::#variants => #wires,)*
                #write_unknown
            };
            #p::write_tag(text, serializer)
        },
        &quote! {
            const VALUES: &[&str] = &[#(#wires),*];
            match #p::read_tag(deserializer, VALUES)? {
                #(::core::result::Result::Ok(#places) => ::core::result::Result::Ok(Self::#variants),)*
                #beyond,
                #read_unknown,
            }
        },
        &TokenStream::new(),
        &TokenStream::new(),
    )
}

pub(super) fn union(
    at: Speller<'_>,
    name: &Ident,
    union: &Union,
    names: &Variants,
    shape: &TokenStream,
) -> TokenStream {
    let p = p();
    let title = plain(name);
    let tags: Vec<&String> = union.variants.iter().map(|one| &one.name.text).collect();
    let (mut writes, mut reads, mut checks) = (Vec::new(), Vec::new(), Vec::new());
    for (place, (variant, ident)) in union.variants.iter().zip(names.known()).enumerate() {
        let arms = variant_arms(at, variant, ident);
        let (place, read) = (Literal::usize_unsuffixed(place), arms.read);
        writes.push(arms.write);
        reads.push(quote!(#place => { #read }));
        checks.extend(arms.check);
    }
    let unknown = union.open.then(|| {
        let unknown = names.unknown();
        writes.push(quote!(Self::#unknown(whole) => #p::Type::write(whole, serializer)));
        quote! {
            fn unknown(whole: #p::RawValue) -> ::core::option::Option<Self> {
                ::core::option::Option::Some(Self::#unknown(whole))
            }
        }
    });
    let check = if checks.is_empty() {
        TokenStream::new()
    } else {
        quote! {
            match self {
                #(#checks,)*
                _ => {}
            }
        }
    };
    let implement = implement(
        name,
        shape,
        &quote!(match self { #(#writes,)* }),
        &quote!(#p::read_union(deserializer)),
        &check,
        &sentence(union, names),
    );
    let allow = allow();
    quote! {
        #allow
        impl #p::Union for #name {
            const NAME: &'static str = #title;
            const TAGS: &'static [&'static str] = &[#(#tags),*];

            fn read_variant<'de, A: #p::MapAccess<'de>>(
                tag: usize,
                mut map: A,
            ) -> ::core::result::Result<Self, A::Error> {
                match tag {
                    #(#reads)*
                    _ => ::core::result::Result::Err(#p::unknown_tag(#title, "", Self::TAGS)),
                }
            }

            #unknown
        }

        #implement
    }
}

/// What an error says of itself where its type says nothing.
fn sentence(union: &Union, names: &Variants) -> TokenStream {
    let p = p();
    let arms = union
        .variants
        .iter()
        .zip(names.known())
        .map(|(variant, ident)| {
            let words = variant.name.text.replace('_', " ");
            match &variant.body {
                VariantBody::Fields(fields) if fields.is_empty() => {
                    quote!(Self::#ident {} => ::std::string::String::from(#words))
                }
                VariantBody::Fields(fields) => {
                    let members = fields.iter().map(|field| self::ident(&field.name.text));
                    let bound: Vec<Ident> = (0..fields.len())
                        .map(|place| format_ident!("field_{place}"))
                        .collect();
                    let shown: Vec<String> = fields
                        .iter()
                        .map(|field| format!("{}: {{:?}}", field.name.text))
                        .collect();
                    let format = format!("{words} ({})", shown.join(", "));
                    quote! {
                        Self::#ident { #(#members: #bound,)* } => {
                            ::std::format!(#format, #(#p::Show(#bound).show()),*)
                        }
                    }
                }
                VariantBody::Struct(_) => {
                    let format = format!("{words} ({{:?}})");
                    quote!(Self::#ident(value) => ::std::format!(#format, #p::Show(value).show()))
                }
            }
        });
    let unknown = union.open.then(|| {
        let unknown = names.unknown();
        quote!(Self::#unknown(whole) => ::std::format!("an error this program does not know: {whole:?}"))
    });
    let arms = arms.chain(unknown);
    quote! {
        fn sentence(&self) -> ::std::string::String {
            use #p::{ExplainNothing as _, ShowNothing as _};
            match #p::Explain(self).explain() {
                ::core::option::Option::Some(text) => text,
                ::core::option::Option::None => match self { #(#arms,)* },
            }
        }
    }
}

struct Arms {
    write: TokenStream,
    read: TokenStream,
    check: Option<TokenStream>,
}

fn variant_arms(at: Speller<'_>, variant: &Variant, ident: &Ident) -> Arms {
    let p = p();
    let tag = &variant.name.text;
    let fields = match &variant.body {
        VariantBody::Struct(ty) => {
            let check = check::value(at, &ty.ty, &Constraints::default(), &quote!(value));
            return Arms {
                write: quote!(Self::#ident(value) => #p::write_tagged(#tag, value, serializer)),
                read: quote!(#p::Record::read_fields(map).map(Self::#ident)),
                check: (!check.is_empty()).then(|| quote!(Self::#ident(value) => { #check })),
            };
        }
        VariantBody::Fields(fields) => FieldView::all(fields, at),
    };
    let members: Vec<&Ident> = fields.iter().map(|field| &field.ident).collect();
    let bound: Vec<TokenStream> = (0..fields.len())
        .map(|place| {
            let local = format_ident!("field_{place}");
            quote!(#local)
        })
        .collect();
    let read = read_fields(&fields, &quote!(Self::#ident));
    let (count, puts) = (count(&fields, &bound), puts(&fields, &bound));
    let check = check::fields(at, &fields, &bound);
    // With braces even if there are no fields: they fit `Rule` as well as `Rule {}`.
    let pattern = quote!(Self::#ident { #(#members: #bound,)* });
    let unused = (!bound.is_empty()).then(|| quote!(let _ = (#(#bound,)*);));
    Arms {
        write: quote! {
            #pattern => {
                let mut writer = #p::start_tagged(#tag, #count, serializer)?;
                let map = &mut writer;
                #puts
                #p::SerializeMap::end(writer)
            }
        },
        read,
        check: (!check.is_empty()).then(|| quote!(#pattern => { #unused #check })),
    }
}

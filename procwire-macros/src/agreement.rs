//! `assert_schema!(PdfClient, "schema/pdf.toml")`: what the file says, for the runtime to compare.

use proc_macro2::TokenStream;
use procwire_schema::Schema;
use procwire_schema::model::fingerprint::{event_text, method_text};
use quote::{ToTokens as _, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Error, LitStr, Token};

use crate::include::{Included, read};

struct Input {
    client: syn::Path,
    path: LitStr,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let client = input.parse()?;
        input.parse::<Token![,]>()?;
        let path = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        Ok(Self { client, path })
    }
}

/// The assertion as a statement, and what is wrong with the file.
pub(crate) fn expand(input: TokenStream) -> (TokenStream, TokenStream) {
    let Input { client, path } = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => {
            let error = Error::new(
                error.span(),
                "expected a stub and the path of a schema: assert_schema!(PdfClient, \"schema/pdf.toml\")",
            );
            return (TokenStream::new(), error.to_compile_error());
        }
    };
    let Included {
        tracked, result, ..
    } = read(&path);
    let schema = match result {
        Ok(schema) => schema,
        Err(errors) => return (quote!({ #tracked }), errors),
    };
    let Some(expected) = expected(&schema, &path.value()) else {
        let error = Error::new(
            path.span(),
            "this file declares types only: there is no module to compare with",
        );
        return (quote!({ #tracked }), error.to_compile_error());
    };
    let name = client.to_token_stream().to_string().replace(' ', "");
    let assertion = quote!({
        #tracked
        ::procwire::__private::assert_agreement(
            #name,
            <#client as ::procwire::__private::Client>::CONTRACT,
            &#expected,
        );
    });
    (assertion, TokenStream::new())
}

fn expected(schema: &Schema, source: &str) -> Option<TokenStream> {
    let module = schema.module()?;
    let (name, version) = (&module.name.text, &module.version.0);
    let methods = module.methods.iter().map(|method| {
        let (name, text) = (&method.name.text, method_text(schema.decls(), method));
        quote!((#name, #text))
    });
    let events = module.events.iter().map(|event| {
        let (name, text) = (&event.name.text, event_text(schema.decls(), event));
        quote!((#name, #text))
    });
    Some(quote! {
        ::procwire::__private::Expected {
            source: #source,
            name: #name,
            version: #version,
            methods: &[#(#methods),*],
            events: &[#(#events),*],
        }
    })
}

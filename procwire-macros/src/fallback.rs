//! What stands in for an implementation that could not be made, so that one error does not become twenty.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

/// `impl Type` for a type that was refused. It is never run: the error that made it necessary ends the build.
pub(crate) fn type_part(item: &DeriveInput) -> TokenStream {
    let name = &item.ident;
    let (impl_generics, ty_generics, where_clause) = item.generics.split_for_impl();
    if !item.generics.params.is_empty() {
        // `Type` asks for `'static`, which nobody knows of the parameters.
        return TokenStream::new();
    }
    quote! {
        #[allow(warnings, clippy::all, reason = "generated")]
        impl #impl_generics ::procwire::__private::Type for #name #ty_generics #where_clause {
            const SHAPE: &'static ::procwire::__private::Shape = &::procwire::__private::Shape::builtin("refused");

            fn write<S: ::procwire::__private::Serializer>(
                &self,
                _: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                ::core::unimplemented!()
            }

            fn read<'de, D: ::procwire::__private::Deserializer<'de>>(
                _: D,
            ) -> ::core::result::Result<Self, D::Error> {
                ::core::unimplemented!()
            }
        }
    }
}

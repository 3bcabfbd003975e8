//! `include_schema!("schema/pdf.toml")`: reads the file, checks it, writes everything it says.
//!
//! Knows paths and how files are tracked; knows nothing of what a schema says.

use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use procwire_schema::{Schema, Sources};
use quote::quote;
use syn::{Error, LitStr};

use crate::report;

/// The items of a schema file, and what is wrong with it.
pub(crate) fn expand(input: TokenStream) -> (TokenStream, TokenStream) {
    let path: LitStr = match syn::parse2(input) {
        Ok(path) => path,
        Err(error) => {
            let error = Error::new(
                error.span(),
                "expected the path of a schema, from the folder of Cargo.toml: include_schema!(\"schema/pdf.toml\")",
            );
            return (TokenStream::new(), error.to_compile_error());
        }
    };
    items(&path, &folder())
}

fn items(path: &LitStr, folder: &Path) -> (TokenStream, TokenStream) {
    let Included {
        tracked,
        sources,
        result,
    } = read_in(path, folder);
    let items = result.and_then(|schema| {
        procwire_gen::rust::tokens(&schema)
            .map_err(|found| report::at_call(found.iter(), &sources, path.span()))
    });
    match items {
        Ok(items) => (quote!(#items #tracked), TokenStream::new()),
        Err(errors) => (tracked, errors),
    }
}

/// A schema file that was read for a macro.
pub(crate) struct Included {
    /// What makes the compiler look at every file that was read.
    pub(crate) tracked: TokenStream,
    /// The texts, to show with what is wrong.
    pub(crate) sources: Sources,
    /// The schema, or its errors.
    pub(crate) result: Result<Schema, TokenStream>,
}

/// Reads a schema file; `path` is relative to the folder of the user's `Cargo.toml`.
pub(crate) fn read(path: &LitStr) -> Included {
    read_in(path, &folder())
}

fn folder() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from)
}

fn read_in(path: &LitStr, folder: &Path) -> Included {
    let written = path.value();
    let reading = procwire_schema::read_with(Path::new(&written), &|file| {
        std::fs::read(folder.join(file))
    });
    let tracked = reading
        .sources
        .iter()
        .filter_map(|source| source.path.as_deref())
        .map(track)
        .collect();
    let errors = || report::at_call(reading.diagnostics.iter(), &reading.sources, path.span());
    Included {
        tracked,
        result: reading.schema.ok_or_else(errors),
        sources: reading.sources,
    }
}

/// Makes the compiler look at the file, so that a change in it builds the crate anew.
fn track(file: &Path) -> TokenStream {
    let file = file.to_string_lossy();
    if Path::new(&*file).is_absolute() {
        quote!(
            const _: &[u8] = ::core::include_bytes!(#file);
        )
    } else {
        let tail = format!("/{file}");
        quote!(
            const _: &[u8] =
                ::core::include_bytes!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), #tail));
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn include(text: &str) -> (String, String) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("pdf.toml"), text).expect("written");
        let path = LitStr::new("pdf.toml", proc_macro2::Span::call_site());
        let (items, errors) = items(&path, folder.path());
        (items.to_string(), errors.to_string())
    }

    #[test]
    fn the_file_is_tracked_by_its_path_below_the_package() {
        let (items, errors) = include("procwire = 1\n[struct.Point]\nx = \"f32\"\n");
        assert_eq!(errors, "");
        assert!(items.contains("pub struct Point"), "{items}");
        assert!(
            items.contains("env ! (\"CARGO_MANIFEST_DIR\") , \"/pdf.toml\""),
            "{items}"
        );
    }

    #[test]
    fn errors_show_the_files_own_line_and_the_file_is_tracked_all_the_same() {
        let (items, errors) = include("procwire = 1\n[struct.Point]\nx = \"f23\"\ny = \"f46\"\n");
        assert!(errors.contains("pdf.toml:3:"), "{errors}");
        assert!(errors.contains("pdf.toml:4:"), "{errors}");
        assert!(errors.contains("did you mean `f32`?"), "{errors}");
        assert_eq!(errors.matches("compile_error").count(), 2);
        assert!(items.contains("include_bytes"), "{items}");
    }

    #[test]
    fn what_cannot_be_emitted_yet_is_an_error() {
        let (_, errors) = include(
            "procwire = 1\n[module]\nname = \"t\"\nversion = \"1.0.0\"\n[table.Rows]\nx = \"f32\"\n[method.all]\nreturns = \"Rows\"\n",
        );
        assert!(
            errors.contains("P0209") && errors.contains("pdf.toml:5:"),
            "{errors}"
        );
    }
}

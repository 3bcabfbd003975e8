//! The parent's side of a module: its stub, the calls, the streams of events, and the scripted worker for tests.

mod call;
mod client;
mod events;
mod script;

use proc_macro2::TokenStream;
use quote::quote;

use super::view::ModuleView;

/// Everything the parent uses.
pub(crate) fn parent(view: &ModuleView<'_>) -> TokenStream {
    let client = client::client(view);
    let calls = call::calls(view);
    let events = events::events(view);
    let script = script::script(view);
    quote!(#client #calls #events #script)
}

//! The module that the storm runs against; both of its ends are made from one schema.

#![allow(missing_docs, reason = "every item is said in schemas/chaos.toml")]

procwire::include_schema!("../../schemas/chaos.toml");

//! Reads any bytes as a schema and looks at everything that comes of it. Shared by the property tests and the fuzz
//! targets: whatever panics here is a fault of the crate.

use std::path::Path;

use procwire_schema::diagnostic::render::{self, Color};
use procwire_schema::diagnostic::{github, json};
use procwire_schema::{Span, read_with};

/// `name` ends in `.toml` or `.rs`. Whatever else the bytes ask for (imports, modules) is the same bytes again.
pub(crate) fn exercise(name: &str, bytes: &[u8]) {
    // The texts of earlier runs would pile up in this thread otherwise.
    proc_macro2::extra::invalidate_current_thread_spans();
    let reading = read_with(Path::new(name), &|path: &Path| {
        // A file that leads to itself under other names must end all the same.
        if path.as_os_str().len() < 24 {
            Ok(bytes.to_vec())
        } else {
            Err(std::io::Error::new(
                std::io::ErrorKind::NotFound,
                "no further",
            ))
        }
    });
    assert_eq!(
        reading.schema.is_none(),
        reading.diagnostics.has_errors(),
        "a schema exactly where there are no errors"
    );
    for one in reading.diagnostics.iter() {
        for label in &one.labels {
            let span = label.span;
            assert!(
                span == Span::NONE || reading.sources.locate(span).is_some(),
                "{one}: {span:?} lies in no file"
            );
        }
    }
    let drawn = render::all(&reading.diagnostics, &reading.sources, Color::Always);
    assert_eq!(drawn.is_empty(), reading.diagnostics.is_empty());
    let _ = json::lines(&reading.diagnostics, &reading.sources);
    let _ = github::lines(&reading.diagnostics, &reading.sources);
    let Some(schema) = reading.schema else { return };
    assert_eq!(schema.fingerprint().len(), 16);
    for (index, _, decl) in schema.declared() {
        let shape = schema.local_shape(decl);
        assert!(!shape.text.is_empty());
        let _ = schema.is_boxed(index, index);
    }
    if let Some(module) = schema.module() {
        for method in &module.methods {
            assert!(
                method.answer.is_some(),
                "a checked method says how it answers"
            );
            let _ = (
                schema.method_fingerprint(method),
                schema.args_codec(method),
                schema.answer_codec(method),
            );
        }
        for event in &module.events {
            let _ = (schema.event_fingerprint(event), schema.event_codec(event));
        }
    }
}

//! What of a call is seen from outside: its `tracing` span, and its meters. Nothing of it is made unless someone looks.

use super::error::CallError;
use super::handle::Module;
use super::request::Request;
use crate::connection::Outcome;
use crate::metrics::{Ending, Stopwatch};

/// One call as it is seen, from when it is first polled.
#[derive(Default)]
pub(super) struct Observed {
    begun: Option<Begun>,
}

struct Begun {
    stopwatch: Stopwatch,
    /// Boxed, since most calls have none.
    span: Option<Box<tracing::Span>>,
}

impl Observed {
    /// The call is polled for the first time, or again.
    pub(super) fn begin(&mut self, module: &Module, method: usize) {
        if self.begun.is_some() {
            return;
        }
        let span = tracing::enabled!(tracing::Level::DEBUG).then(|| {
            let contract = module.contract();
            Box::new(tracing::debug_span!(
                "call",
                module = contract.name,
                method = contract.methods[method].name,
                attempts = tracing::field::Empty,
                outcome = tracing::field::Empty,
            ))
        });
        self.begun = Some(Begun {
            stopwatch: module.meters().begun(),
            span,
        });
    }

    /// It resolved, or was dropped, after it had been sent again so often. Only the first end counts.
    fn end(&mut self, module: &Module, method: usize, ending: Ending, resent: usize) {
        if let Some(begun) = self.begun.take() {
            if let Some(span) = &begun.span {
                span.record("attempts", resent + 1);
                span.record("outcome", ending.as_str());
            }
            module
                .meters()
                .ended(method, ending, resent, begun.stopwatch);
        }
    }
}

impl Request {
    /// The caller gets this.
    pub(super) fn resolved<T, E>(
        &mut self,
        result: Result<T, CallError<E>>,
    ) -> Result<T, CallError<E>> {
        self.seen(match &result {
            Ok(_) => Ending::Ok,
            Err(error) => match error.outcome() {
                Outcome::NotSent => Ending::NotSent,
                Outcome::NotStarted => Ending::NotStarted,
                Outcome::MaybeExecuted => Ending::MaybeExecuted,
                Outcome::Executed => Ending::Executed,
            },
        });
        result
    }

    /// The caller got everything there was.
    pub(super) fn ended(&mut self) {
        self.seen(Ending::Ok);
    }

    pub(super) fn seen(&mut self, ending: Ending) {
        let (method, resent) = (self.parcel.method, self.past.len());
        self.observed.end(&self.module, method, ending, resent);
    }
}

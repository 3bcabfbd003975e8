//! What a parent and a worker of ours can use beyond the plain protocol, and how they agree on it.
//!
//! The parent offers in `PROCWIRE_FEATURES`, the worker answers in `$init` with the names it will use. Who knows nothing of
//! this sees nothing of it: an empty offer and an empty answer are the plain protocol.

use std::fmt::Write as _;

/// Features, as offered or as agreed on. None of them by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// The worker says when a handler is about to run.
    pub started: bool,
    /// Streams have a window of so many bytes.
    pub credit: Option<u32>,
    /// Requests may be preceded by their context.
    pub context: bool,
    /// Control lines carry the nonce of their process.
    pub tagged: bool,
    /// The data channel is a descriptor that the worker was born with.
    pub inherited: bool,
    /// The worker may send its log over the control plane.
    pub log: bool,
}

impl Features {
    /// Everything this runtime understands.
    #[must_use]
    pub const fn all() -> Self {
        Self {
            started: true,
            credit: Some(WINDOW),
            context: true,
            tagged: true,
            inherited: true,
            log: true,
        }
    }

    /// The value of `PROCWIRE_FEATURES` that offers these.
    #[must_use]
    pub fn offer(&self) -> String {
        let mut offer = String::new();
        for name in self.names() {
            let comma = if offer.is_empty() { "" } else { "," };
            let _ = write!(offer, "{comma}{name}"); // writing to a string cannot fail
            if let (CREDIT, Some(window)) = (name, self.credit) {
                let _ = write!(offer, "={window}");
            }
        }
        offer
    }

    /// Reads an offer. What is unknown or makes no sense is left out.
    #[must_use]
    pub fn parse(offer: &str) -> Self {
        let mut features = Self::default();
        for token in offer.split(',') {
            let token = token.trim();
            let (name, value) = token.split_once('=').unwrap_or((token, ""));
            let window = value.parse().ok().filter(|window| *window > 0);
            features.set(name, window);
        }
        features
    }

    /// What of this offer a worker accepted by naming it. A worker cannot add to an offer.
    #[must_use]
    pub fn accepted<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut answer = Self::default();
        for name in names {
            answer.set(name, self.credit);
        }
        self.and(&answer)
    }

    /// What is in both; the window is this one's.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self {
            started: self.started && other.started,
            credit: self.credit.filter(|_| other.credit.is_some()),
            context: self.context && other.context,
            tagged: self.tagged && other.tagged,
            inherited: self.inherited && other.inherited,
            log: self.log && other.log,
        }
    }

    /// The names, as a worker answers them.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        let all = [
            (self.started, "started"),
            (self.credit.is_some(), CREDIT),
            (self.context, "context"),
            (self.tagged, "tagged"),
            (self.inherited, "inherited"),
            (self.log, "log"),
        ];
        let named = all.into_iter().filter(|(on, _)| *on);
        named.map(|(_, name)| name).collect()
    }

    fn set(&mut self, name: &str, window: Option<u32>) {
        match name {
            "started" => self.started = true,
            CREDIT => self.credit = window,
            "context" => self.context = true,
            "tagged" => self.tagged = true,
            "inherited" => self.inherited = true,
            "log" => self.log = true,
            _ => {} // of a later version
        }
    }
}

const CREDIT: &str = "credit";
/// Bytes of a stream that may be under way.
const WINDOW: u32 = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_read_as_it_was_meant() {
        let all = Features::all();
        assert_eq!(
            all.offer(),
            "started,credit=262144,context,tagged,inherited,log"
        );
        assert_eq!(Features::parse(&all.offer()), all);
        assert_eq!(Features::default().offer(), "");
        assert_eq!(Features::parse(""), Features::default());
    }

    #[test]
    fn what_is_unknown_or_makes_no_sense_is_left_out() {
        for nothing in [
            "",
            ",,",
            "credit",
            "credit=0",
            "credit=-1",
            "credit=x",
            "teleport=1",
            "STARTED",
        ] {
            assert_eq!(Features::parse(nothing), Features::default(), "{nothing}");
        }
        let some = Features::parse(" log , teleport, credit=9 ");
        assert_eq!(
            (some.log, some.credit, some.started),
            (true, Some(9), false)
        );
    }

    #[test]
    fn an_answer_can_only_take_from_the_offer() {
        let offer = Features::parse("started,credit=9");
        assert_eq!(offer.accepted(["started", "log", "x"]).names(), ["started"]);
        assert_eq!(offer.accepted(["credit"]).credit, Some(9));
        assert_eq!(offer.accepted([]), Features::default());
        assert_eq!(
            Features::default().accepted(["credit", "tagged"]),
            Features::default()
        );
    }
}

//! Calls that wait for a worker, in order: those that were sent before go first. When a worker comes, they are sent from here,
//! before any call that is made then, and whether or not their futures are polled.
//!
//! Pure but for the sending: it wakes nobody itself and knows no time but what it is told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Instant;

use super::parcel::{Handed, Parcel};
use crate::connection::{Connection, SendRefused};

/// The calls that wait.
#[derive(Debug, Default)]
pub(super) struct Lobby {
    guests: BTreeMap<Place, Guest>,
    /// Those that wait and were never sent, and their bytes.
    calls: usize,
    bytes: usize,
}

/// Where a call stands in the order: ahead when it was sent before, then by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) fresh: bool,
    pub(super) number: u64,
}

#[derive(Debug)]
struct Guest {
    parcel: Parcel,
    stage: Stage,
    waker: Option<Waker>,
}

#[derive(Debug)]
enum Stage {
    Waits,
    Sent(Handed),
    /// Something changed: its owner decides what to do.
    Called,
}

impl Lobby {
    /// Takes a call in; leaves it where it is, and says no, when so many wait already.
    pub(super) fn enter(
        &mut self,
        place: Place,
        parcel: &mut Parcel,
        (calls, bytes): (usize, usize),
    ) -> bool {
        if place.fresh {
            let size = parcel.size();
            if self.calls >= calls || self.bytes.saturating_add(size) > bytes {
                return false;
            }
            self.calls += 1;
            self.bytes += size;
        }
        let guest = Guest {
            parcel: std::mem::take(parcel),
            stage: Stage::Waits,
            waker: None,
        };
        self.guests.insert(place, guest);
        true
    }

    /// Whether it still waits; it is woken once it does not.
    pub(super) fn waits(&mut self, place: Place, context: &Context<'_>) -> bool {
        let Some(guest) = self.guests.get_mut(&place) else {
            return false;
        };
        let waits = matches!(guest.stage, Stage::Waits);
        if waits {
            guest.waker = Some(context.waker().clone());
        }
        waits
    }

    /// Takes a call out, with what it was sent as, if it was.
    pub(super) fn leave(&mut self, place: Place) -> Option<(Parcel, Option<Handed>)> {
        let guest = self.guests.remove(&place)?;
        if place.fresh && !matches!(guest.stage, Stage::Sent(_) | Stage::Called) {
            self.discount(&guest.parcel);
        }
        let handed = match guest.stage {
            Stage::Sent(handed) => Some(handed),
            Stage::Waits | Stage::Called => None,
        };
        Some((guest.parcel, handed))
    }

    /// A worker serves: sends all in order. Where it has no room for more, the owners of the rest wait for that.
    pub(super) fn serve(
        &mut self,
        connection: &Arc<Connection>,
        now: Instant,
        wake: &mut Vec<Waker>,
    ) {
        let mut full = false;
        let (mut calls, mut bytes) = (self.calls, self.bytes);
        for (place, guest) in &mut self.guests {
            if !matches!(guest.stage, Stage::Waits) {
                continue;
            }
            let size = guest.parcel.size();
            guest.stage = if full || guest.parcel.is_due(now) {
                Stage::Called
            } else {
                match guest.parcel.send(connection) {
                    Ok(handed) => Stage::Sent(handed),
                    Err(SendRefused::Full) => {
                        full = true;
                        Stage::Called
                    }
                    Err(SendRefused::Down(_)) => break, // gone again: the next one
                }
            };
            if place.fresh {
                calls = calls.saturating_sub(1);
                bytes = bytes.saturating_sub(size);
            }
            wake.extend(guest.waker.take());
        }
        (self.calls, self.bytes) = (calls, bytes);
    }

    /// No worker will come: everyone hears of it.
    pub(super) fn dismiss(&mut self, wake: &mut Vec<Waker>) {
        for guest in self.guests.values_mut() {
            if matches!(guest.stage, Stage::Waits) {
                guest.stage = Stage::Called;
                wake.extend(guest.waker.take());
            }
        }
        (self.calls, self.bytes) = (0, 0);
    }

    fn discount(&mut self, parcel: &Parcel) {
        self.calls = self.calls.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(parcel.size());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(size: usize) -> Parcel {
        Parcel {
            frame: vec![0; size],
            ..Parcel::default()
        }
    }

    const fn fresh(number: u64) -> Place {
        Place {
            fresh: true,
            number,
        }
    }

    #[test]
    fn as_many_wait_as_are_allowed_and_no_more() {
        let mut lobby = Lobby::default();
        for number in 0..1024 {
            assert!(lobby.enter(fresh(number), &mut parcel(10), (1024, 16 << 20)));
        }
        assert!(!lobby.enter(fresh(1024), &mut parcel(10), (1024, 16 << 20)));
        lobby.leave(fresh(3));
        assert!(lobby.enter(fresh(1025), &mut parcel(10), (1024, 16 << 20)));
        assert!(!lobby.enter(fresh(1026), &mut parcel(10), (1024, 16 << 20)));
        lobby.dismiss(&mut Vec::new());
        assert!(lobby.enter(fresh(1027), &mut parcel(10), (1024, 16 << 20)));
        assert_eq!((lobby.calls, lobby.bytes), (1, 10));
    }

    #[test]
    fn their_bytes_are_bounded_too() {
        let mut lobby = Lobby::default();
        assert!(lobby.enter(fresh(1), &mut parcel(60), (1024, 100)));
        assert!(!lobby.enter(fresh(2), &mut parcel(41), (1024, 100)));
        assert!(lobby.enter(fresh(3), &mut parcel(40), (1024, 100)));
        lobby.leave(fresh(1));
        assert_eq!((lobby.calls, lobby.bytes), (1, 40));
    }

    #[test]
    fn a_call_that_was_admitted_before_is_not_refused_and_goes_first() {
        let mut lobby = Lobby::default();
        assert!(lobby.enter(fresh(1), &mut parcel(1), (1, 1)));
        let again = Place {
            fresh: false,
            number: 9,
        };
        assert!(lobby.enter(again, &mut parcel(1), (1, 1)));
        assert_eq!(
            lobby.guests.keys().copied().collect::<Vec<_>>(),
            [again, fresh(1)]
        );
        assert_eq!(lobby.calls, 1);
    }
}

//! When a frame that was begun takes too long. Pure.

use std::time::{Duration, Instant};

/// The frame that is being received, if one is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stall {
    frame: Option<Begun>,
}

#[derive(Clone, Copy, Debug)]
struct Begun {
    at: Instant,
    /// When its latest bytes came.
    latest: Instant,
    /// Bytes since it began.
    bytes: u64,
}

impl Stall {
    /// Bytes came, and no frame is left half received.
    pub(super) const fn whole(&mut self) {
        self.frame = None;
    }

    /// Bytes came, and with them `begun` or the rest of a frame.
    pub(super) fn half(&mut self, begun: bool, bytes: usize, now: Instant) {
        match &mut self.frame {
            Some(frame) if !begun => {
                frame.latest = now;
                frame.bytes += bytes as u64;
            }
            frame => {
                *frame = Some(Begun {
                    at: now,
                    latest: now,
                    bytes: 0,
                });
            }
        }
    }

    /// When the patience ends: silence may last ten seconds, and from then on the whole frame must come at 1 KiB/s at least.
    pub(super) fn due(&self) -> Option<Instant> {
        let frame = self.frame?;
        let earned = Duration::from_secs(frame.bytes / PACE);
        Some((frame.at + earned).min(frame.latest) + PATIENCE)
    }

    /// Nobody waits for the frame: the patience begins anew.
    pub(super) fn forgive(&mut self, now: Instant) {
        self.half(true, 0, now);
    }
}

const PATIENCE: Duration = Duration::from_secs(10);
const PACE: u64 = 1 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d06_silence_in_a_frame_may_last_ten_seconds() {
        let (mut stall, start) = (Stall::default(), Instant::now());
        assert_eq!(stall.due(), None);
        stall.half(true, 5, start);
        assert_eq!(stall.due(), Some(start + PATIENCE));
        stall.whole();
        assert_eq!(stall.due(), None);
    }

    #[test]
    fn d07_a_trickle_does_not_last_and_a_steady_flow_does() {
        let (mut trickle, mut steady) = (Stall::default(), Stall::default());
        let start = Instant::now();
        trickle.half(true, 11, start);
        steady.half(true, 11, start);
        for second in 1..100 {
            let now = start + Duration::from_secs(second);
            trickle.half(false, 1, now);
            steady.half(false, 1024, now);
            assert_eq!(trickle.due(), Some(start + PATIENCE));
            assert_eq!(steady.due(), Some(now + PATIENCE));
        }
        // What came in one burst does not buy silence.
        steady.half(false, 1 << 30, start + Duration::from_secs(100));
        assert_eq!(
            steady.due(),
            Some(start + Duration::from_secs(100) + PATIENCE)
        );
    }
}

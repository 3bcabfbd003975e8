//! How much of a stream a worker may send before its reader has taken some of it. Pure.
//!
//! Every item costs its payload and [`ITEM_COST`]. The worker may send while it has anything left, so that the last item may be
//! larger than that: `left` falls below zero by less than one item. At all times
//! `left + what waits + what the reader holds + taken = size`.

/// The account of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    size: u32,
    left: i64,
    /// Taken by the reader, and not granted again so far.
    taken: u64,
}

impl Window {
    pub(super) const fn new(size: u32) -> Self {
        Self {
            size,
            left: size as i64,
            taken: 0,
        }
    }

    pub(super) const fn size(&self) -> u32 {
        self.size
    }

    /// Most bytes that a reader is lent at once: while it is at them the worker has the other half to go on with.
    pub(super) const fn half(&self) -> usize {
        self.size as usize / 2
    }

    /// An item came; false when the worker was not allowed to send it.
    pub(super) const fn spend(&mut self, cost: usize) -> bool {
        if self.left <= 0 {
            return false;
        }
        self.left -= cost as i64;
        true
    }

    /// The reader is done with so much.
    pub(super) const fn take(&mut self, cost: usize) {
        self.taken += cost as u64;
    }

    /// What the worker is to be told that it may send in addition: worth a frame only from half a window on.
    pub(super) fn grant(&mut self) -> Option<u32> {
        if self.taken == 0 || self.taken < u64::from(self.size / 2) {
            return None;
        }
        let grant = u32::try_from(self.taken).unwrap_or(u32::MAX);
        self.taken -= u64::from(grant);
        self.left += i64::from(grant);
        Some(grant)
    }

    #[cfg(test)]
    pub(super) const fn balance(&self) -> (i64, u64) {
        (self.left, self.taken)
    }
}

/// What an item costs beside its bytes.
pub(super) const ITEM_COST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_may_go_below_zero_once_and_a_grant_is_all_that_was_taken() {
        let mut window = Window::new(1000);
        assert!(window.spend(999) && window.spend(5000));
        assert!(!window.spend(1), "nothing is left");
        window.take(499);
        assert_eq!(window.grant(), None, "less than half a window");
        window.take(5500);
        assert_eq!(window.grant(), Some(5999));
        assert_eq!((window.balance(), window.grant()), ((1000, 0), None));
        assert!(window.spend(1));
    }

    #[test]
    fn more_than_one_frame_can_grant_is_granted_by_two() {
        let mut window = Window::new(1);
        assert!(window.spend(5 << 30));
        window.take(5 << 30);
        assert_eq!(window.grant(), Some(u32::MAX));
        assert_eq!(window.grant(), Some((1 << 30) + 1));
        assert_eq!(window.balance(), (1, 0));
    }
}

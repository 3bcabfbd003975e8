//! The only source of chance on the parent's side that decides anything: the system's, or in a simulation the seed's.
//!
//! What must not be guessed (tokens, nonces, names) does not come from here.

/// Any number.
pub(crate) fn dice() -> u32 {
    #[cfg(test)]
    if let Some(dice) = seeded::dice() {
        return dice;
    }
    let mut bytes = [0; 4];
    // Without randomness the middle will do.
    getrandom::fill(&mut bytes).map_or(u32::MAX / 2, |()| u32::from_le_bytes(bytes))
}

#[cfg(test)]
pub(crate) mod seeded {
    use std::cell::Cell;

    thread_local! {
        static STATE: Cell<Option<u64>> = const { Cell::new(None) };
    }

    /// From here on all chance of this thread follows from `seed`; from the system again with none.
    pub(crate) fn by(seed: Option<u64>) {
        STATE.set(seed);
    }

    pub(super) fn dice() -> Option<u32> {
        let (state, dice) = next(STATE.get()?);
        STATE.set(Some(state));
        Some((dice >> 32) as u32)
    }

    /// The state after `state`, and a number (splitmix64).
    pub(crate) const fn next(state: u64) -> (u64, u64) {
        let state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let one = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let two = (one ^ (one >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (state, two ^ (two >> 31))
    }
}

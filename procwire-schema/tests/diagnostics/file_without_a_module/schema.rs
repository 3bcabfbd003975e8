pub trait NotMarked {}

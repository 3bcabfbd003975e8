//! The catalogue of faults, row by row: each is played by a real process that does exactly what its test says, and each test
//! asserts what the caller is told. `docs/faults.md` lists the rows; a test here holds that list against the tests.

#[path = "support/pdf.rs"]
mod pdf;

#[path = "faults/leaks.rs"]
mod leaks;
#[path = "faults/puppet.rs"]
mod puppet;
#[path = "faults/stage.rs"]
mod stage;
#[path = "faults/told.rs"]
mod told;

#[path = "faults/a_worker_death.rs"]
mod a_worker_death;
#[path = "faults/b_parent_death.rs"]
mod b_parent_death;
#[path = "faults/c_control.rs"]
mod c_control;
#[path = "faults/d_framing.rs"]
mod d_framing;
#[path = "faults/e_correlation.rs"]
mod e_correlation;
#[path = "faults/scripted.rs"]
mod scripted;

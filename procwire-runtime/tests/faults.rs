//! The catalogue of faults, row by row: each is played by a real process that does exactly what its test says, and each test
//! asserts what the caller is told. `docs/faults.md` lists the rows; a test here holds that list against the tests.

#![allow(clippy::print_stderr, reason = "what was measured is worth a line")]

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
#[path = "faults/catalogue.rs"]
mod catalogue;
#[path = "faults/d_framing.rs"]
mod d_framing;
#[path = "faults/e_correlation.rs"]
mod e_correlation;
#[path = "faults/f_codec.rs"]
mod f_codec;
#[path = "faults/g_streams.rs"]
mod g_streams;
#[path = "faults/h_cancellation.rs"]
mod h_cancellation;
#[path = "faults/i_supervision.rs"]
mod i_supervision;
#[path = "faults/j_shutdown.rs"]
mod j_shutdown;
#[path = "faults/k_system.rs"]
mod k_system;
#[path = "faults/l_security.rs"]
mod l_security;
#[path = "faults/m_time.rs"]
mod m_time;
#[path = "faults/n_callbacks.rs"]
mod n_callbacks;
#[path = "faults/negotiated.rs"]
mod negotiated;
#[path = "faults/p21_defects.rs"]
mod p21_defects;
#[path = "faults/scripted.rs"]
mod scripted;
#[path = "faults/tb_weaknesses.rs"]
mod tb_weaknesses;

//! The worker's descriptors 0 and 1, set aside before a handler can run.
//!
//! The control plane lives on two private descriptors that no child process inherits. Descriptor 1 is what 2 is, so that
//! whatever prints, in Rust, in C or in a child process, writes to the log; descriptor 0 is empty. Knows no message.
//! Sibling in spirit: `workers/python/src/procwire/stdio.py`.

use std::fs::File;
use std::io;

use rustix::io::fcntl_dupfd_cloexec;
use rustix::stdio::{dup2_stdin, dup2_stdout, stderr, stdin, stdout};

/// The two ends of the control plane.
#[derive(Debug)]
pub(super) struct Control {
    /// What the parent writes.
    pub(super) reads: File,
    /// What the parent reads.
    pub(super) writes: File,
}

/// Takes descriptors 0 and 1 away from everyone else.
///
/// # Errors
/// No descriptors are left.
pub(super) fn set_aside() -> io::Result<Control> {
    let reads = File::from(fcntl_dupfd_cloexec(stdin(), FIRST_FREE)?);
    let writes = File::from(fcntl_dupfd_cloexec(stdout(), FIRST_FREE)?);
    dup2_stdin(File::open("/dev/null")?)?;
    dup2_stdout(stderr())?;
    Ok(Control { reads, writes })
}

/// The lowest descriptor that is not one of the standard three.
const FIRST_FREE: i32 = 3;

//! A data channel that a child process is born with: no path, nobody else who could connect.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use super::unix::Duplex;

/// The child's end, which becomes its descriptor [`NUMBER`](Inherited::NUMBER).
#[derive(Debug)]
pub struct Inherited {
    socket: OwnedFd,
    inode: u64,
}

impl Inherited {
    /// The descriptor that the child finds it at.
    pub const NUMBER: i32 = 3;

    /// Both ends of a fresh channel: this process's, and the child's.
    ///
    /// # Errors
    /// No descriptors are left.
    pub fn pair() -> io::Result<(Duplex, Self)> {
        let (near, far) = UnixStream::pair()?;
        // Above the number that it gets in the child, so that it is not in its own way there.
        let socket = rustix::io::fcntl_dupfd_cloexec(far.as_fd(), Self::NUMBER + 1)?;
        let inode = rustix::fs::fstat(&socket)?.st_ino;
        Ok((Duplex::from_std(near)?, Self { socket, inode }))
    }

    /// How the child is told: the number, and how it can tell that the launcher in between has left it open.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{}:{}", Self::NUMBER, self.inode)
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> &OwnedFd {
        &self.socket
    }
}

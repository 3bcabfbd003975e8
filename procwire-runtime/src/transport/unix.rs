//! Unix sockets.

use std::io;
use std::path::Path;

#[cfg(not(test))]
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};

use super::address::Address;

/// The half that is read.
#[cfg(not(test))]
pub type ReadHalf = OwnedReadHalf;
/// The half that is written.
#[cfg(not(test))]
pub type WriteHalf = OwnedWriteHalf;
#[cfg(not(test))]
type Stream = UnixStream;
// Simulations have streams without descriptors.
#[cfg(test)]
use super::memory::Stream;
#[cfg(test)]
pub use super::memory::{ReadHalf, WriteHalf};

/// A connected stream.
#[derive(Debug)]
pub struct Duplex(Stream);

impl Duplex {
    #[cfg(not(test))]
    const fn of(stream: UnixStream) -> Self {
        Self(stream)
    }

    #[cfg(test)]
    const fn of(stream: UnixStream) -> Self {
        Self(Stream::Unix(stream))
    }

    /// One end of a stream without descriptors.
    #[cfg(test)]
    pub(crate) const fn in_memory(end: super::memory::End) -> Self {
        Self(Stream::Memory(end))
    }

    /// Connects to a path, once.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn connect(path: &Path) -> io::Result<Self> {
        UnixStream::connect(path).await.map(Self::of)
    }

    /// Two ends of one stream, in this process.
    ///
    /// # Errors
    /// No descriptors are left.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (near, far) = UnixStream::pair()?;
        Ok((Self::of(near), Self::of(far)))
    }

    /// Takes a connected socket over.
    ///
    /// # Errors
    /// There is no tokio runtime with I/O here.
    pub fn from_std(socket: std::os::unix::net::UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        UnixStream::from_std(socket).map(Self::of)
    }

    /// The user who runs the other end.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn peer_uid(&self) -> io::Result<u32> {
        self.0.peer_cred().map(|peer| peer.uid())
    }

    /// Asks for buffers of this size in the kernel, both ways. It may give more, or less.
    ///
    /// # Errors
    /// The system refuses.
    pub fn set_buffers(&self, bytes: usize) -> io::Result<()> {
        rustix::net::sockopt::set_socket_send_buffer_size(&self.0, bytes)?;
        rustix::net::sockopt::set_socket_recv_buffer_size(&self.0, bytes)?;
        Ok(())
    }

    /// Its two halves. Dropping the one that writes tells the other end.
    #[must_use]
    pub fn split(self) -> (ReadHalf, WriteHalf) {
        self.0.into_split()
    }
}

/// Tells the other end that nothing more will come, while this half stays as it is.
pub fn hang_up(half: &WriteHalf) {
    #[cfg(test)]
    if let WriteHalf::Memory(inlet) = half {
        return inlet.close();
    }
    // An error means that the other end is gone, and needs not be told.
    let _ = rustix::net::shutdown(half.as_ref(), rustix::net::Shutdown::Write);
}

/// A socket that waits for connections.
#[derive(Debug)]
pub struct Listener(UnixListener);

impl Listener {
    /// Binds a path, for this user only.
    ///
    /// # Errors
    /// The directory is missing or not writable.
    pub fn bind(address: &Address) -> io::Result<Self> {
        let _ = std::fs::remove_file(address.path());
        // The mode of a socket file comes from the umask alone. It is the whole process's, but this is before user code.
        let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
        let bound = UnixListener::bind(address.path());
        rustix::process::umask(before);
        bound.map(Self)
    }

    /// The next connection.
    ///
    /// # Errors
    /// The system has no descriptors left, or the connection was gone at once.
    pub async fn accept(&self) -> io::Result<Duplex> {
        self.0.accept().await.map(|(stream, _)| Duplex::of(stream))
    }
}

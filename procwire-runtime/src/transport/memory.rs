//! Streams without descriptors, for simulations: bounded like a socket, and they come in pieces as the seed has it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use crate::chance::dice;

/// A stream: a socket, or none.
#[derive(Debug)]
pub(super) enum Stream {
    Unix(UnixStream),
    Memory(End),
}

/// The half that is read.
#[derive(Debug)]
pub enum ReadHalf {
    /// Of a socket.
    Unix(OwnedReadHalf),
    /// Of none.
    Memory(Outlet),
}

/// The half that is written.
#[derive(Debug)]
pub enum WriteHalf {
    /// Of a socket.
    Unix(OwnedWriteHalf),
    /// Of none.
    Memory(Inlet),
}

/// One end of a stream without descriptors.
#[derive(Debug)]
pub(crate) struct End {
    read: Outlet,
    write: Inlet,
}

/// Where bytes go in. Dropping it ends the stream.
#[derive(Debug)]
pub struct Inlet(Arc<Mutex<Pipe>>);

/// Where bytes come out. Once it is dropped nothing can be written.
#[derive(Debug)]
pub struct Outlet(Arc<Mutex<Pipe>>);

#[derive(Debug)]
struct Pipe {
    bytes: VecDeque<u8>,
    capacity: usize,
    /// Nothing more will be written.
    ended: bool,
    /// Nobody will read.
    deaf: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// Both ends of a stream; each way it holds so many bytes.
pub(crate) fn stream(capacity: usize) -> (End, End) {
    let ((a_in, a_out), (b_in, b_out)) = (pipe(capacity), pipe(capacity));
    let (near, far) = ((a_in, b_out), (b_in, a_out));
    let end = |(write, read)| End { read, write };
    (end(near), end(far))
}

fn pipe(capacity: usize) -> (Inlet, Outlet) {
    let pipe = Arc::new(Mutex::new(Pipe {
        bytes: VecDeque::new(),
        capacity,
        ended: false,
        deaf: false,
        reader: None,
        writer: None,
    }));
    (Inlet(pipe.clone()), Outlet(pipe))
}

impl End {
    pub(crate) fn halves(self) -> (ReadHalf, WriteHalf) {
        (ReadHalf::Memory(self.read), WriteHalf::Memory(self.write))
    }
}

impl Stream {
    pub(super) fn peer_cred(&self) -> io::Result<tokio::net::unix::UCred> {
        match self {
            Self::Unix(stream) => stream.peer_cred(),
            Self::Memory(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    pub(super) fn into_split(self) -> (ReadHalf, WriteHalf) {
        match self {
            Self::Unix(stream) => {
                let (read, write) = stream.into_split();
                (ReadHalf::Unix(read), WriteHalf::Unix(write))
            }
            Self::Memory(end) => end.halves(),
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Unix(stream) => stream.as_fd(),
            Self::Memory(_) => panic!("a simulated stream has no descriptor"),
        }
    }
}

impl AsRef<UnixStream> for WriteHalf {
    fn as_ref(&self) -> &UnixStream {
        match self {
            Self::Unix(half) => half.as_ref(),
            Self::Memory(_) => panic!("a simulated stream has no descriptor"),
        }
    }
}

impl Inlet {
    fn put(&self, bytes: &[u8]) -> io::Result<usize> {
        let pipe = &mut *lock(&self.0);
        if pipe.deaf || pipe.ended {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let room = pipe.capacity.saturating_sub(pipe.bytes.len());
        if room == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let taken = room.min(bytes.len());
        pipe.bytes.extend(&bytes[..taken]);
        pipe.reader.take().into_iter().for_each(Waker::wake);
        Ok(taken)
    }

    /// Nothing more will come.
    pub(super) fn close(&self) {
        let pipe = &mut *lock(&self.0);
        pipe.ended = true;
        pipe.reader.take().into_iter().for_each(Waker::wake);
    }

    fn poll_room(&self, context: &Context<'_>) -> Poll<()> {
        let pipe = &mut *lock(&self.0);
        if pipe.deaf || pipe.ended || pipe.bytes.len() < pipe.capacity {
            return Poll::Ready(());
        }
        pipe.writer = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        self.close();
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        let pipe = &mut *lock(&self.0);
        pipe.deaf = true;
        pipe.writer.take().into_iter().for_each(Waker::wake);
    }
}

impl WriteHalf {
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(half) => half.try_write(bytes),
            Self::Memory(inlet) => inlet.put(bytes),
        }
    }

    pub(crate) fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Unix(half) => half.try_write_vectored(slices),
            Self::Memory(inlet) => {
                let mut taken = 0;
                for slice in slices.iter().filter(|slice| !slice.is_empty()) {
                    match inlet.put(slice) {
                        Ok(part) => taken += part,
                        Err(_) if taken > 0 => break,
                        Err(error) => return Err(error),
                    }
                }
                Ok(taken)
            }
        }
    }

    pub(crate) async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Unix(half) => half.writable().await,
            Self::Memory(inlet) => poll_fn(|context| inlet.poll_room(context).map(Ok)).await,
        }
    }
}

impl AsyncRead for ReadHalf {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let outlet = match self.get_mut() {
            Self::Unix(half) => return Pin::new(half).poll_read(context, buffer),
            Self::Memory(outlet) => outlet,
        };
        let pipe = &mut *lock(&outlet.0);
        if pipe.bytes.is_empty() {
            if pipe.ended {
                return Poll::Ready(Ok(()));
            }
            pipe.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let mut most = pipe.bytes.len().min(buffer.remaining());
        if dice().is_multiple_of(3) {
            most = most.min(1 + dice() as usize % 40);
        }
        for byte in pipe.bytes.drain(..most) {
            buffer.put_slice(&[byte]);
        }
        pipe.writer.take().into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for WriteHalf {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Unix(half) => Pin::new(half).poll_write(context, bytes),
            Self::Memory(inlet) => inlet.poll_room(context).map(|()| inlet.put(bytes)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(half) => Pin::new(half).poll_flush(context),
            Self::Memory(_) => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(half) => Pin::new(half).poll_shutdown(context),
            Self::Memory(inlet) => {
                inlet.close();
                Poll::Ready(Ok(()))
            }
        }
    }
}

fn lock(pipe: &Mutex<Pipe>) -> MutexGuard<'_, Pipe> {
    pipe.lock().unwrap_or_else(PoisonError::into_inner)
}

//! What the parent gave this process at its birth: variables, and possibly a connected socket.
//!
//! Taken once, before user code runs, so that neither is inherited by what the worker starts. The only place of the worker
//! that needs `unsafe`: both the environment and a descriptor by its number belong to the whole process.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::control::{Features, Nonce};

/// Takes what the parent gave this process, so that nothing it starts inherits the variables. To be called first in `main`,
/// before there is a runtime or any other thread: the environment belongs to all of them, and later it is left as it is.
///
/// [`serve`](super::serve) works without this too. What is then inherited is worth nothing to who reads it: the socket is
/// gone and the token used up once the parent has connected, the descriptor is closed in children, and the control plane
/// lives on descriptors that they do not have.
///
/// ```no_run
/// fn main() -> std::io::Result<()> {
///     procwire_runtime::worker::prepare();
///     let runtime = tokio::runtime::Runtime::new()?;
///     runtime.block_on(async { /* serve */ });
///     Ok(())
/// }
/// ```
pub fn prepare() {
    born().get_or_insert_with(Birth::take);
}

/// What was given.
#[derive(Debug)]
pub(super) struct Birth {
    /// A parent started this process.
    pub(super) has_parent: bool,
    /// What the parent understands.
    pub(super) offer: Features,
    /// What marks its control lines.
    pub(super) nonce: Option<Nonce>,
    /// What whoever connects must show.
    pub(super) token: Option<OsString>,
    /// Where to listen.
    pub(super) folder: Option<OsString>,
    /// The data channel itself.
    pub(super) channel: Option<UnixStream>,
}

impl Birth {
    /// What [`prepare`] took, or what is still there. Empty the second time.
    pub(super) fn take_once() -> Self {
        born().take().unwrap_or_else(Self::take)
    }

    fn take() -> Self {
        let text = |name| env::var(name).unwrap_or_default();
        let offer = Features::parse(&text(FEATURES));
        let channel = offer.inherited.then(|| inherited(&text(FD))).flatten();
        let birth = Self {
            has_parent: env::var_os(MODULE_NAME).is_some(),
            offer,
            nonce: Nonce::parse(&text(NONCE)),
            token: env::var_os(TOKEN),
            folder: env::var_os(FOLDER).filter(|folder| !folder.is_empty()),
            channel,
        };
        forget();
        birth
    }

    /// What this worker will use of the offer.
    pub(super) fn features(&self) -> Features {
        let able = Features {
            tagged: self.nonce.is_some(),
            inherited: self.channel.is_some(),
            ..Features::all()
        };
        self.offer.and(&able)
    }
}

/// The socket that `descriptor:inode` names, if it is really here: a launcher may have closed it, and something else may
/// be open in its place.
fn inherited(named: &str) -> Option<UnixStream> {
    let (descriptor, inode) = named.split_once(':')?;
    let (descriptor, inode) = (descriptor.parse::<i32>().ok()?, inode.parse::<u64>().ok()?);
    let there = fs::metadata(format!("/proc/self/fd/{descriptor}")).ok()?;
    if descriptor < FIRST || !there.file_type().is_socket() || there.ino() != inode {
        return None;
    }
    #[expect(
        unsafe_code,
        reason = "the parent opened this descriptor for us and told its number; that it is the very socket was just looked \
                  up, nothing else in this process knows of it, and it is taken once"
    )]
    let socket = unsafe { OwnedFd::from_raw_fd(descriptor) };
    // What the worker starts must not hold the channel open.
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC).ok()?;
    Some(socket.into())
}

fn born() -> MutexGuard<'static, Option<Birth>> {
    BORN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the variables out of the environment, unless there is another thread, which may be reading them without Rust's
/// lock, from C.
fn forget() {
    if !is_alone() {
        return;
    }
    for (name, _) in env::vars_os() {
        if name.as_bytes().starts_with(PREFIX) {
            #[expect(
                unsafe_code,
                reason = "this is the only thread, so nobody reads the environment meanwhile"
            )]
            unsafe {
                env::remove_var(name);
            }
        }
    }
}

/// Whether this is the only thread of the process, as far as the system tells.
fn is_alone() -> bool {
    let threads = fs::read_dir("/proc/self/task").map(Iterator::count);
    matches!(threads, io::Result::Ok(1))
}

/// What was taken before anyone served.
static BORN: Mutex<Option<Birth>> = Mutex::new(None);

const MODULE_NAME: &str = "PROCWIRE_MODULE_NAME";
const FEATURES: &str = "PROCWIRE_FEATURES";
const NONCE: &str = "PROCWIRE_NONCE";
const TOKEN: &str = "PROCWIRE_TOKEN";
const FOLDER: &str = "PROCWIRE_DIR";
const FD: &str = "PROCWIRE_FD";
const PREFIX: &[u8] = b"PROCWIRE_";
/// The lowest descriptor that is not one of the standard three.
const FIRST: i32 = 3;

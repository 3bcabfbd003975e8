//! Which of those who connect is the parent.
//!
//! Without a token the first one is. With one it is the first that shows the token, whatever strangers do meanwhile.
//! Knows frames only as far as AUTH.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::task::JoinSet;

use crate::ids::{AUTH, HEADER_SIZE};
use crate::transport::{Listener, ReadHalf, WriteHalf};
use crate::wire::Header;

/// What came of waiting for the parent.
#[derive(Debug)]
pub(super) enum Adopted {
    /// It is there.
    Parent((ReadHalf, WriteHalf)),
    /// Others have shown so many wrong tokens that this worker is better replaced by one with a new token.
    Attacked,
}

/// Waits for the parent. Those that have not proved to be it are dropped.
///
/// # Errors
/// The system accepts no connections any more.
pub(super) async fn adopt(listener: &Listener, token: Option<&[u8]>) -> io::Result<Adopted> {
    let Some(token) = token else {
        return accept(listener).await.map(Adopted::Parent);
    };
    let mut wrong = 0;
    let token: Arc<[u8]> = token.into();
    let mut candidates = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(proved) = candidates.join_next() => {
                match proved {
                    Ok(Proof::Parent(parent)) => return Ok(Adopted::Parent(parent)),
                    Ok(Proof::Wrong) => wrong += 1,
                    Ok(Proof::None) | Err(_) => {}
                }
                if wrong == MAX_WRONG {
                    return Ok(Adopted::Attacked);
                }
            }
            connected = accept(listener), if candidates.len() < MAX_CANDIDATES => {
                candidates.spawn(prove(connected?, Arc::clone(&token)));
            }
        }
    }
}

async fn accept(listener: &Listener) -> io::Result<(ReadHalf, WriteHalf)> {
    loop {
        match listener.accept().await {
            Ok(duplex) => return Ok(duplex.split()),
            // It went away before its turn came.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => return Err(error),
        }
    }
}

/// What a connection has shown.
enum Proof {
    Parent((ReadHalf, WriteHalf)),
    /// A token, and not ours.
    Wrong,
    /// Nothing in time, or something else.
    None,
}

/// Whether the first frame of a connection shows the token, in time. Not a byte more than that frame is read.
async fn prove((mut read, write): (ReadHalf, WriteHalf), token: Arc<[u8]>) -> Proof {
    let shown = async {
        let mut header = [0; HEADER_SIZE];
        read.read_exact(&mut header).await.ok()?;
        let limit = u32::try_from(token.len()).ok()?;
        let header = Header::parse(header, limit).ok()?;
        if header.method != AUTH {
            return None;
        }
        if header.length != limit {
            return Some(false);
        }
        let mut payload = vec![0; token.len()];
        read.read_exact(&mut payload).await.ok()?;
        Some(is_equal(&payload, &token))
    };
    match tokio::time::timeout(AUTH_TIME, shown).await {
        Ok(Some(true)) => Proof::Parent((read, write)),
        Ok(Some(false)) => Proof::Wrong,
        Ok(None) | Err(_) => Proof::None,
    }
}

/// Compares in a time that tells nothing about where the two differ.
fn is_equal(shown: &[u8], token: &[u8]) -> bool {
    let differences = shown
        .iter()
        .zip(token)
        .fold(0, |found, (a, b)| found | (a ^ b));
    shown.len() == token.len() && std::hint::black_box(differences) == 0
}

/// How long a connection may take to show the token.
const AUTH_TIME: Duration = Duration::from_secs(1);
/// How many are looked at at the same time; more wait in the socket's own queue.
const MAX_CANDIDATES: usize = 16;
/// So many wrong tokens are no accident.
const MAX_WRONG: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_equal_or_not() {
        assert!(is_equal(b"", b"") && is_equal(b"abc", b"abc"));
        assert!(!is_equal(b"abc", b"abd") && !is_equal(b"abc", b"ab") && !is_equal(b"", b"a"));
    }
}

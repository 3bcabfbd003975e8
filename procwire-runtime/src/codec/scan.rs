//! Looks a MessagePack payload over before anything is made of it: that it is one value, whole, and no bomb.
//!
//! A reader recurses into what it is told to read, and makes room for it. This does neither: it goes through the bytes
//! once, holds one number for each level, and refuses what is nested too deeply, has too many elements, or claims more
//! than came. Knows no types; whether text is text is for who reads it.

use std::fmt;

/// Why a payload is not to be read, and at which byte that shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where, from the start of the payload.
    pub offset: usize,
    /// Why.
    pub fault: Fault,
}

/// What is wrong with a payload as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It ends inside of the value, or claims elements or bytes that are not there.
    Truncated,
    /// Lists and maps inside of each other, more than [`MAX_DEPTH`].
    TooDeep,
    /// More than [`MAX_ELEMENTS`].
    TooManyElements,
    /// The one byte that means nothing.
    Reserved,
    /// An extension that nobody here reads, or one of another length than it has.
    Extension(i8),
    /// Something follows the value.
    Trailing,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault {
            Fault::Truncated => f.write_str("the payload ends before its value does"),
            Fault::TooDeep => write!(f, "more than {MAX_DEPTH} levels"),
            Fault::TooManyElements => write!(f, "more than {MAX_ELEMENTS} elements"),
            Fault::Reserved => f.write_str("0xc1 begins no value"),
            Fault::Extension(code) => write!(f, "extension {code} of this length is unknown"),
            Fault::Trailing => f.write_str("bytes follow the value"),
        }?;
        write!(f, " (at byte {})", self.offset)
    }
}

impl std::error::Error for Refused {}

/// Looks over a whole payload, which is to be exactly one value.
///
/// # Errors
/// It is not, or reading it would take more stack or memory than any message needs.
pub fn scan(payload: &[u8]) -> Result<(), Refused> {
    // What is still to come, level by level; of the level we are at, in `left`.
    let mut above = [0_u32; MAX_DEPTH];
    let (mut depth, mut left) = (0, 1_u32);
    let (mut elements, mut at) = (0_u32, 0_usize);
    loop {
        let Some(&marker) = payload.get(at) else {
            return refuse(payload.len(), Fault::Truncated);
        };
        let begins = at;
        at += 1;
        let children = match marker {
            0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => 0,
            0xa0..=0xbf => {
                at += usize::from(marker & 0x1f);
                0
            }
            0x80..=0x8f => u64::from(marker & 0x0f) * 2,
            0x90..=0x9f => u64::from(marker & 0x0f),
            0xcc | 0xd0 => {
                at += 1;
                0
            }
            0xcd | 0xd1 => {
                at += 2;
                0
            }
            0xca | 0xce | 0xd2 => {
                at += 4;
                0
            }
            0xcb | 0xcf | 0xd3 => {
                at += 8;
                0
            }
            0xc4 | 0xd9 => {
                at = body::<1>(payload, at)?;
                0
            }
            0xc5 | 0xda => {
                at = body::<2>(payload, at)?;
                0
            }
            0xc6 | 0xdb => {
                at = body::<4>(payload, at)?;
                0
            }
            0xdc | 0xde => {
                let count = length::<2>(payload, at)? as u64;
                at += 2;
                count << (marker == 0xde) as u32
            }
            0xdd | 0xdf => {
                let count = length::<4>(payload, at)? as u64;
                at += 4;
                count << (marker == 0xdf) as u32
            }
            0xc7..=0xc9 | 0xd4..=0xd8 => {
                at = extension(payload, begins)?;
                0
            }
            0xc1 => return refuse(begins, Fault::Reserved),
        };
        left -= 1;
        if children > 0 {
            // Each takes a byte at least, so that more of them than bytes are a lie.
            let bytes = payload.len().saturating_sub(at) as u64;
            match u32::try_from(children) {
                Ok(children) if children <= MAX_ELEMENTS - elements => elements += children,
                _ if children > bytes => return refuse(begins, Fault::Truncated),
                _ => return refuse(begins, Fault::TooManyElements),
            }
            if children > bytes {
                return refuse(begins, Fault::Truncated);
            }
        }
        if is_container(marker) {
            let Some(level) = above.get_mut(depth) else {
                return refuse(begins, Fault::TooDeep);
            };
            *level = left;
            depth += 1;
            left = children as u32; // it is within the cap
        }
        while left == 0 {
            if depth == 0 {
                return match at.cmp(&payload.len()) {
                    std::cmp::Ordering::Equal => Ok(()),
                    std::cmp::Ordering::Less => refuse(at, Fault::Trailing),
                    std::cmp::Ordering::Greater => refuse(payload.len(), Fault::Truncated),
                };
            }
            depth -= 1;
            left = above[depth];
        }
    }
}

const fn is_container(marker: u8) -> bool {
    matches!(marker, 0x80..=0x9f | 0xdc..=0xdf)
}

/// The big-endian number of `N` bytes at `at`.
#[inline]
fn length<const N: usize>(payload: &[u8], at: usize) -> Result<usize, Refused> {
    let Some(bytes) = payload.get(at..).and_then(|rest| rest.first_chunk::<N>()) else {
        return Err(Refused {
            offset: payload.len(),
            fault: Fault::Truncated,
        });
    };
    Ok(bytes
        .iter()
        .fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

/// Where the bytes end whose number stands at `at`.
#[inline]
fn body<const N: usize>(payload: &[u8], at: usize) -> Result<usize, Refused> {
    let (length, begins) = (length::<N>(payload, at)?, at + N);
    if length > payload.len() - begins {
        return refuse(payload.len(), Fault::Truncated);
    }
    Ok(begins + length)
}

/// Where the extension that begins at `begins` ends, when it is one that some type reads.
#[cold]
fn extension(payload: &[u8], begins: usize) -> Result<usize, Refused> {
    let at = begins + 1;
    let (size, header) = match payload[begins] {
        0xc7 => (length::<1>(payload, at)?, 1),
        0xc8 => (length::<2>(payload, at)?, 2),
        0xc9 => (length::<4>(payload, at)?, 4),
        fixed => (1 << (fixed - 0xd4), 0),
    };
    let Some(&code) = payload.get(at + header) else {
        return refuse(payload.len(), Fault::Truncated);
    };
    let code = code.cast_signed();
    match (code, size) {
        (TIMESTAMP, 4 | 8 | 12) | (NPM_DATE, 8) | (NPM_BUFFER, _) => {}
        _ => return refuse(begins, Fault::Extension(code)),
    }
    let data = at + header + 1;
    if size > payload.len() - data {
        return refuse(payload.len(), Fault::Truncated);
    }
    Ok(data + size)
}

const fn refuse<T>(offset: usize, fault: Fault) -> Result<T, Refused> {
    Err(Refused { offset, fault })
}

/// Levels of lists and maps inside of each other: deep enough for real data, shallow enough for the smallest stack.
pub const MAX_DEPTH: usize = 64;
/// Elements of lists, keys and values of maps in one payload. A byte on the wire may be forty in memory.
pub const MAX_ELEMENTS: u32 = 1_000_000;

const TIMESTAMP: i8 = -1;
/// What `@msgpack/msgpack` with the npm codecs writes for a Node Buffer, and in old ones for a Date.
const NPM_BUFFER: i8 = 1;
const NPM_DATE: i8 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault(payload: &[u8]) -> Option<Fault> {
        scan(payload).err().map(|refused| refused.fault)
    }

    /// `levels` lists inside of each other, the innermost of them empty.
    fn nested(levels: usize) -> Vec<u8> {
        let mut payload = vec![0x91; levels - 1];
        payload.push(0x90);
        payload
    }

    #[test]
    fn sixty_four_levels_and_no_more() {
        assert_eq!(fault(&nested(64)), None);
        let mut with_a_leaf = nested(64);
        with_a_leaf[63] = 0x91;
        with_a_leaf.push(0xc0);
        assert_eq!(fault(&with_a_leaf), None);
        for levels in [65, 1025, 1_000_000] {
            let refused = scan(&nested(levels)).unwrap_err();
            assert_eq!((refused.offset, refused.fault), (64, Fault::TooDeep));
        }
        // Beside each other they are no levels.
        let mut wide = vec![0xdc, 0x27, 0x10];
        wide.extend_from_slice(&[0x90; 10_000]);
        assert_eq!(fault(&wide), None);
    }

    #[test]
    fn a_million_elements_and_no_more() {
        let list = |count: u32| {
            let mut payload = vec![0xdd];
            payload.extend_from_slice(&count.to_be_bytes());
            payload.resize(payload.len() + count as usize, 0xc0);
            payload
        };
        assert_eq!(fault(&list(1_000_000)), None);
        assert_eq!(fault(&list(1_000_001)), Some(Fault::TooManyElements));
        // Keys and values count, and so do those of every level.
        let map = |entries: u32| {
            let mut payload = vec![0x91, 0xdf];
            payload.extend_from_slice(&entries.to_be_bytes());
            payload.resize(payload.len() + 2 * entries as usize, 0x01);
            payload
        };
        assert_eq!(fault(&map(499_999)), None);
        assert_eq!(fault(&map(500_000)), Some(Fault::TooManyElements));
    }

    #[test]
    fn what_claims_more_than_came_is_refused_at_once() {
        for marker in [0xdd, 0xdf, 0xc6, 0xdb, 0xc9] {
            let bomb = [&[marker, 0xff, 0xff, 0xff, 0xff][..], &[0x01; 64]].concat();
            assert_eq!(fault(&bomb), Some(Fault::Truncated), "{marker:#x}");
        }
        for whole in [
            &b"\xce\0\0\0\x01"[..],
            b"\xa3abc",
            b"\x82\x01\x02\x03\x04",
            b"\xd6\xff\0\0\0\x01",
            b"\xc7\x0c\xff\0\0\0\0\0\0\0\0\0\0\0\0",
            b"\xda\0\x02ab",
            b"\xcb\0\0\0\0\0\0\0\0",
        ] {
            assert_eq!(fault(whole), None, "{whole:x?}");
            for end in 0..whole.len() {
                assert_eq!(
                    fault(&whole[..end]),
                    Some(Fault::Truncated),
                    "{whole:x?} {end}"
                );
            }
            let longer = [whole, b"\xc0"].concat();
            assert_eq!(
                scan(&longer),
                Err(Refused {
                    offset: whole.len(),
                    fault: Fault::Trailing
                })
            );
        }
    }

    #[test]
    fn only_extensions_that_someone_reads() {
        for known in [
            &b"\xd6\xff\0\0\0\x01"[..],
            b"\xd7\xff\0\0\0\0\0\0\0\x01",
            b"\xc7\0\x01",
            b"\xd5\x01ab",
            b"\xd7\x02\0\0\0\0\0\0\0\0",
        ] {
            assert_eq!(fault(known), None, "{known:x?}");
        }
        assert_eq!(fault(b"\xd4\x07a"), Some(Fault::Extension(7)));
        assert_eq!(fault(b"\xd5\xffab"), Some(Fault::Extension(-1)));
        assert_eq!(fault(b"\xd5\x02ab"), Some(Fault::Extension(2)));
        assert_eq!(fault(b"\x92\x01\xc1"), Some(Fault::Reserved));
    }

    proptest! {
        /// What is written is let through, up to its last byte.
        #[test]
        fn what_is_written_is_let_through(value in any_value()) {
            let mut payload = Vec::new();
            rmpv::encode::write_value(&mut payload, &value).unwrap();
            prop_assert_eq!(scan(&payload), Ok(()));
            for end in 0..payload.len() {
                prop_assert_eq!(fault(&payload[..end]), Some(Fault::Truncated));
            }
        }

        /// Whatever is let through is one value that a reader can take, and what is not, is none or is beyond a bound.
        #[test]
        fn a_reader_agrees(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut rest = &payload[..];
            let read = rmpv::decode::read_value(&mut rest);
            match fault(&payload) {
                None => prop_assert!(read.is_ok() && rest.is_empty()),
                Some(Fault::Trailing) => prop_assert!(read.is_ok() && !rest.is_empty()),
                Some(Fault::Truncated) => prop_assert!(read.is_err()),
                Some(_) => {}
            }
        }
    }

    fn any_value() -> impl Strategy<Value = rmpv::Value> {
        let leaf = prop_oneof![
            Just(rmpv::Value::Nil),
            any::<bool>().prop_map(rmpv::Value::from),
            any::<i64>().prop_map(rmpv::Value::from),
            any::<u64>().prop_map(rmpv::Value::from),
            any::<f32>().prop_map(rmpv::Value::F32),
            any::<f64>().prop_map(rmpv::Value::F64),
            ".{0,40}".prop_map(rmpv::Value::from),
            proptest::collection::vec(any::<u8>(), 0..300).prop_map(rmpv::Value::Binary),
            proptest::collection::vec(any::<u8>(), 0..300)
                .prop_map(|bytes| rmpv::Value::Ext(1, bytes)),
        ];
        leaf.prop_recursive(5, 40, 20, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..20).prop_map(rmpv::Value::Array),
                proptest::collection::vec((inner.clone(), inner), 0..20).prop_map(rmpv::Value::Map),
            ]
        })
    }
}

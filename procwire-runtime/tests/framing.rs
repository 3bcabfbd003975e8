//! Frames survive every way of cutting a byte stream, and no bytes make the readers panic.

use procwire_runtime::__private::{RawValue, Value};
use procwire_runtime::codec::error::ErrorPayload;
use procwire_runtime::codec::msgpack;
use procwire_runtime::control::{Lines, Message};
use procwire_runtime::wire::{Decoder, Flags, Frame, Header};
use proptest::prelude::*;

fn frames() -> impl Strategy<Value = Vec<(Header, Vec<u8>)>> {
    // Around both sides of the size from which a payload gets a buffer of its own.
    let size = prop_oneof![4 => 0..200_usize, 1 => (48 << 10) - 20..(48 << 10) + 20_usize, 1 => 60_000..200_000_usize];
    let frame = (1..=u16::MAX, 0..=0x3F_u8, any::<u32>(), size, any::<u8>()).prop_map(
        |(method, flags, request, size, fill)| {
            let payload: Vec<u8> = (0..size).map(|i| (i as u8).wrapping_add(fill)).collect();
            let flags = Flags::from_byte(flags).expect("no reserved flag");
            (
                Header {
                    method,
                    flags,
                    request,
                    length: size as u32,
                },
                payload,
            )
        },
    );
    proptest::collection::vec(frame, 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_gives_the_same_frames(frames in frames(), cuts in proptest::collection::vec(1..70_000_usize, 1..40)) {
        let bytes: Vec<u8> = frames.iter().flat_map(|(header, payload)| [&header.to_bytes()[..], payload].concat()).collect();
        let (mut decoder, mut out, mut rest, mut cuts) = (Decoder::new(u32::MAX), Vec::new(), &bytes[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(*cuts.next().expect("a cycle")));
            decoder.feed(piece, |frame| out.push(frame)).expect("valid");
            rest = after;
        }
        prop_assert!(!decoder.is_mid_frame());
        let expected: Vec<Frame> = frames.into_iter().map(|(header, payload)| Frame { header, payload: payload.into() }).collect();
        prop_assert_eq!(out, expected);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut decoder = Decoder::new(10_000);
        let mut count = 0;
        let _ = decoder.feed(&bytes, |_| count += 1);
        prop_assert!(count <= bytes.len() / 11);
        let _ = msgpack::decode::<RawValue>(&bytes);
        let _ = msgpack::decode::<Value>(&bytes);
        let _ = msgpack::decode::<Vec<Option<std::time::SystemTime>>>(&bytes);
        let _ = ErrorPayload::read(&bytes);
        let _ = Message::parse(&bytes);
        Lines::new(16).feed(&bytes, |_, line| assert!(line.bytes.len() <= 16));
    }

    #[test]
    fn whatever_is_read_is_written_back_and_read_alike(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(value) = msgpack::decode::<RawValue>(&bytes) {
            let mut again = Vec::new();
            msgpack::encode(&value, &mut again).expect("what was read can be written");
            let once_more = msgpack::decode::<RawValue>(&again).expect("what was written can be read");
            prop_assert_eq!(format!("{value:?}"), format!("{once_more:?}")); // NaN equals itself here
        }
    }

    #[test]
    fn lines_do_not_depend_on_the_cut(text in "[a{}\r\n]{0,60}", cut in 1..10_usize) {
        let collect = |piece: usize| {
            let (mut lines, mut out) = (Lines::new(8), Vec::new());
            for piece in text.as_bytes().chunks(piece) {
                lines.feed(piece, |_, line| out.push(line));
            }
            (out, lines.finish())
        };
        prop_assert_eq!(collect(cut), collect(1000));
    }
}

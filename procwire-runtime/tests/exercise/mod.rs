//! What must hold for any bytes whatsoever. The fuzz targets look for bytes for which it does not; a test tries those that
//! were found interesting.

#![allow(dead_code, reason = "each fuzz target is about one of these")]

use procwire_runtime::__private::{RawValue, Value};
use procwire_runtime::codec::error::ErrorPayload;
use procwire_runtime::codec::{Fault, msgpack, scan as look_over};
use procwire_runtime::control::{Features, Line, Lines, Message, Nonce, ParentMessage};
use procwire_runtime::wire::{Decoder, Frame, Header, WireError};

/// The frames are the same however the bytes are cut, hold what was sent, and end at the same violation.
pub(crate) fn frames(bytes: &[u8]) {
    let cut = |piece: usize| -> (Vec<Frame>, Option<WireError>) {
        let (mut decoder, mut frames) = (Decoder::new(MAX_PAYLOAD), Vec::new());
        for piece in bytes.chunks(piece) {
            if let Err(violation) = decoder.feed(piece, |frame| frames.push(frame)) {
                return (frames, Some(violation));
            }
        }
        (frames, None)
    };
    let (whole, violation) = cut(bytes.len().max(1));
    for piece in [1, 2, 7, 11, 12] {
        assert_eq!(
            cut(piece),
            (whole.clone(), violation),
            "in pieces of {piece}"
        );
    }
    let mut sent = Vec::new();
    for Frame { header, payload } in &whole {
        assert_eq!(Header::parse(header.to_bytes(), MAX_PAYLOAD), Ok(*header));
        assert_eq!(header.length as usize, payload.len());
        sent.extend_from_slice(&header.to_bytes());
        sent.extend_from_slice(payload);
    }
    assert!(bytes.starts_with(&sent));
}

/// Lines are the same however the bytes are cut, none is longer than the cap, and each can be read.
pub(crate) fn control(bytes: &[u8]) {
    let cut = |piece: usize| -> Vec<Line> {
        let (mut lines, mut all) = (Lines::new(MAX_LINE), Vec::new());
        bytes
            .chunks(piece)
            .for_each(|piece| lines.feed(piece, |_, line| all.push(line)));
        all.extend(lines.finish());
        all
    };
    let lines = cut(bytes.len().max(1));
    assert!([1, 3].into_iter().all(|piece| cut(piece) == lines));
    let nonce = Nonce::new([7; 16]);
    for line in &lines {
        assert!(line.bytes.len() <= MAX_LINE);
        let (plain, tagged) = (
            Message::parse(&line.bytes),
            Message::parse_tagged(&line.bytes, &nonce),
        );
        assert!(tagged == Message::Noise || tagged == plain);
        let plain = ParentMessage::parse(&line.bytes);
        let tagged = ParentMessage::parse_tagged(&line.bytes, &nonce);
        assert!(tagged == ParentMessage::Noise || tagged == plain);
        let _ = Features::parse(&String::from_utf8_lossy(&line.bytes));
    }
}

/// An announcement is read or refused with the name of a field, and accepts no more than was offered.
pub(crate) fn init(bytes: &[u8]) {
    let mut line = br#"{"jsonrpc":"2.0","method":"$init","params":"#.to_vec();
    line.extend_from_slice(bytes);
    line.push(b'}');
    let Message::Init(init) = Message::parse(&line) else {
        return;
    };
    match *init {
        Ok(init) => {
            let offer = Features::parse("started,credit=9");
            let agreed = init.accepted(&offer);
            assert_eq!(agreed.and(&offer), agreed);
        }
        Err(refused) => assert!(!refused.field.is_empty()),
    }
}

/// What is let through is one whole value, which any reader can take; what is called truncated or followed by something
/// is that for a reader of another make too.
pub(crate) fn scan(bytes: &[u8]) {
    let mut rest = bytes;
    let scanned = scan_of(bytes);
    // Its own bound keeps the other reader from what is refused as too deep.
    let read = rmpv::decode::read_value_with_max_depth(&mut rest, 200);
    match scanned {
        None => assert!(read.is_ok() && rest.is_empty(), "{read:?}"),
        Some(Fault::Trailing) => assert!(read.is_ok() && !rest.is_empty(), "{read:?}"),
        Some(Fault::Truncated) => assert!(read.is_err(), "{read:?}"),
        Some(_) => {}
    }
    let raw = msgpack::decode::<RawValue>(bytes);
    let json = msgpack::decode::<Value>(bytes);
    if scanned.is_some() {
        assert!(raw.is_err() && json.is_err());
    } else {
        assert!(raw.is_ok(), "{raw:?}");
    }
    let _ = ErrorPayload::read(bytes);
}

fn scan_of(bytes: &[u8]) -> Option<Fault> {
    look_over(bytes).err().map(|refused| {
        assert!(refused.offset <= bytes.len());
        refused.fault
    })
}

const MAX_PAYLOAD: u32 = 1 << 20;
const MAX_LINE: usize = 1 << 10;

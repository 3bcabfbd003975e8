//! The golden bytes of the published packages: headers, frames, what is accepted, and reading what other writers write.

use bytes::Bytes;
use procwire_runtime::__private::{RawValue, Value};
use procwire_runtime::codec::error::{ErrorKind, ErrorPayload};
use procwire_runtime::codec::msgpack;
use procwire_runtime::control::Message;
use procwire_runtime::ids::{ABORT, ABSOLUTE_MAX_PAYLOAD, AUTH, DEFAULT_MAX_PAYLOAD, HEADER_SIZE};
use procwire_runtime::wire::{Decoder, Flags, Frame, Header, WireError};
use serde_json::Value as Json;

fn vectors() -> Json {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/vectors/procwire-vectors.json"
    );
    let text = std::fs::read_to_string(path).expect("the vectors are part of the repository");
    serde_json::from_str(&text).expect("the vectors are JSON")
}

fn hex(value: &Json) -> Vec<u8> {
    let text = value.as_str().expect("hex is text");
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex"))
        .collect()
}

fn number(value: &Json) -> u32 {
    let number = match value {
        Json::String(text) => u32::from_str_radix(text.trim_start_matches("0x"), 16).ok(),
        other => other.as_u64().and_then(|number| u32::try_from(number).ok()),
    };
    number.expect("a number")
}

fn header(vector: &Json, length: u32) -> Header {
    Header {
        method: u16::try_from(number(&vector["methodId"])).expect("16 bits"),
        flags: Flags::from_byte(u8::try_from(number(&vector["flags"])).expect("8 bits"))
            .expect("no reserved flag"),
        request: number(&vector["requestId"]),
        length,
    }
}

fn decode(bytes: &[u8], piece: usize, limit: u32) -> Result<Vec<Frame>, WireError> {
    let (mut decoder, mut frames) = (Decoder::new(limit), Vec::new());
    for piece in bytes.chunks(piece) {
        decoder.feed(piece, |frame| frames.push(frame))?;
    }
    Ok(frames)
}

#[test]
fn constants() {
    let constants = &vectors()["constants"];
    assert_eq!(constants["HEADER_SIZE"], HEADER_SIZE);
    assert_eq!(constants["DEFAULT_MAX_PAYLOAD_SIZE"], DEFAULT_MAX_PAYLOAD);
    assert_eq!(constants["ABSOLUTE_MAX_PAYLOAD_SIZE"], ABSOLUTE_MAX_PAYLOAD);
    assert_eq!(
        (&constants["ABORT_METHOD_ID"], &constants["AUTH_METHOD_ID"]),
        (&Json::from(ABORT), &Json::from(AUTH))
    );
}

#[test]
fn headers_are_the_same_bytes_both_ways() {
    for vector in vectors()["headers"].as_array().expect("a list") {
        let (bytes, expected) = (
            hex(&vector["hex"]),
            header(vector, number(&vector["payloadLength"])),
        );
        assert_eq!(expected.to_bytes()[..], bytes[..], "{vector}");
        let bytes: [u8; HEADER_SIZE] = bytes.try_into().expect("eleven bytes");
        assert_eq!(Header::parse(bytes, u32::MAX), Ok(expected), "{vector}");
    }
}

#[test]
fn frames_come_out_whole_however_they_are_cut() {
    for vector in vectors()["frames"].as_array().expect("a list") {
        let bytes = hex(&vector["hex"]);
        let length = number(&vector["payloadLength"]);
        let expected = Frame {
            header: header(vector, length),
            payload: Bytes::copy_from_slice(&bytes[HEADER_SIZE..]),
        };
        for piece in 1..=bytes.len() {
            assert_eq!(
                decode(&bytes, piece, DEFAULT_MAX_PAYLOAD),
                Ok(vec![expected.clone()]),
                "{vector} in pieces of {piece}"
            );
        }
    }
}

#[test]
fn what_npm_refuses_is_refused_and_what_it_accepts_is_accepted() {
    for vector in vectors()["frame_validation"].as_array().expect("a list") {
        let bytes = hex(&vector["hex"]);
        let limit = vector["maxPayloadSize"]
            .as_u64()
            .map_or(DEFAULT_MAX_PAYLOAD, |limit| limit as u32);
        let decoded = decode(&bytes, 3, limit);
        assert_eq!(
            decoded.is_ok(),
            vector["accepted"].as_bool().expect("a verdict"),
            "{vector}: {decoded:?}"
        );
        if let (Ok(frames), Some(count)) = (decoded, vector["frames"].as_u64()) {
            assert_eq!(frames.len() as u64, count, "{vector}");
        }
    }
}

/// What the vectors' notation says, in our terms; none where a value has no equal (ill-formed text, repeated filler).
fn expected(value: &Json) -> Option<RawValue> {
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    Some(match value["type"].as_str()? {
        "nil" => RawValue::Nil,
        "bool" => RawValue::Bool(value["value"].as_bool()?),
        "int" => {
            let digits = text("value")?;
            digits
                .parse()
                .map(RawValue::Unsigned)
                .or_else(|_| digits.parse().map(RawValue::Signed))
                .ok()?
        }
        "float" => RawValue::F64(f64::from_bits(
            u64::from_str_radix(&text("bits")?, 16).ok()?,
        )),
        "str" => match value["count"].as_u64() {
            Some(count) => RawValue::Text(text("repeat")?.repeat(count as usize)),
            None => RawValue::Text(text("value")?),
        },
        "bin" => RawValue::Binary(hex(&value["hex"])),
        "buffer" => RawValue::Extension(1, hex(&value["hex"])),
        "ext" => RawValue::Extension(
            i8::try_from(value["code"].as_i64()?).ok()?,
            hex(&value["hex"]),
        ),
        "array" => RawValue::List(
            value["items"]
                .as_array()?
                .iter()
                .map(expected)
                .collect::<Option<_>>()?,
        ),
        "map" => {
            let entries = value["entries"].as_array()?;
            RawValue::Map(
                entries
                    .iter()
                    .map(|entry| Some((expected(&entry[0])?, expected(&entry[1])?)))
                    .collect::<Option<_>>()?,
            )
        }
        _ => return None,
    })
}

#[test]
fn what_npm_writes_is_read_and_written_back_alike() {
    let (mut compared, mut rewritten) = (0, 0);
    for vector in vectors()["msgpack_encode"].as_array().expect("a list") {
        if !vector["hex"].is_string() {
            continue; // refused by npm, or too long to be written out
        }
        let bytes = hex(&vector["hex"]);
        let read =
            msgpack::decode::<RawValue>(&bytes).unwrap_or_else(|error| panic!("{vector}: {error}"));
        if vector["value"]["type"] == "utf16" {
            // Text that is none: kept as bytes where anything may come, refused where text must.
            assert!(matches!(read, RawValue::Binary(_)), "{vector}: {read:?}");
            assert!(msgpack::decode::<String>(&bytes).is_err(), "{vector}");
            continue;
        }
        if let Some(expected) = expected(&vector["value"]) {
            // What was a float without a fraction is an integer on the wire.
            let same = match (&read, &expected) {
                (RawValue::Unsigned(read), RawValue::F64(expected)) => *read as f64 == *expected,
                (RawValue::Signed(read), RawValue::F64(expected)) => *read as f64 == *expected,
                (RawValue::F64(read), RawValue::F64(expected)) => {
                    read == expected || read.is_nan() && expected.is_nan()
                }
                (RawValue::F64(read), RawValue::Unsigned(expected)) => *read == *expected as f64,
                (RawValue::F64(read), RawValue::Signed(expected)) => *read == *expected as f64,
                (read, expected) => read == expected,
            };
            assert!(same, "{vector}: {read:?}");
            compared += 1;
        }
        let mut again = Vec::new();
        msgpack::encode(&read, &mut again).expect("what was read can be written");
        assert_eq!(again, bytes, "{vector}");
        rewritten += 1;
    }
    assert!(compared > 60 && rewritten > 80, "{compared} {rewritten}");
}

#[test]
fn our_verdict_on_odd_payloads_is_the_documented_one() {
    for vector in vectors()["msgpack_decode"].as_array().expect("a list") {
        let bytes = hex(&vector["hex"]);
        let read = msgpack::decode::<RawValue>(&bytes);
        let name = vector["name"].as_str().expect("a name");
        match (vector.get("error").is_some(), name) {
            // Stricter than npm: text must be text.
            (false, "invalid UTF-8") => {
                assert!(msgpack::decode::<String>(&bytes).is_err(), "{name}")
            }
            // Stricter than npm: an extension that no type of a schema reads is nobody's.
            (false, "unknown ext 5") => assert!(read.is_err(), "{name}"),
            (false, _) => assert!(read.is_ok(), "{name}: {read:?}"),
            // More lenient than npm, harmless: keys that JavaScript objects cannot have.
            (true, _) if name.contains("key") => {}
            (true, _) => assert!(read.is_err(), "{name}: {read:?}"),
        }
    }
}

#[test]
fn typed_readers_take_what_other_writers_mean() {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};
    let at = |digits: &str| msgpack::decode::<SystemTime>(&hex(&Json::from(digits)));
    assert_eq!(at("d6ff00000001"), Ok(UNIX_EPOCH + Duration::from_secs(1)));
    assert_eq!(
        at("d702408f400000000000"),
        Ok(UNIX_EPOCH + Duration::from_secs(1)),
        "the old npm form"
    );
    let bytes = |digits: &str| msgpack::decode::<Bytes>(&hex(&Json::from(digits)));
    assert_eq!(bytes("c40201ff").as_deref(), Ok(&[1, 255][..]));
    assert_eq!(
        bytes("d50101ff").as_deref(),
        Ok(&[1, 255][..]),
        "a Node buffer"
    );
    assert_eq!(
        bytes("c70001").as_deref(),
        Ok(&[][..]),
        "an empty Node buffer"
    );
    assert!(bytes("d50201ff").is_err(), "an extension of another kind");
    assert_eq!(
        msgpack::decode::<u64>(&hex(&Json::from("cb4340000000000000"))),
        Ok(1 << 53),
        "2^53 comes as a float"
    );
    assert_eq!(
        msgpack::decode::<f32>(&[1]),
        Ok(1.0),
        "1.0 comes as an integer"
    );
    assert_eq!(msgpack::decode::<Option<u8>>(&[0xc0]), Ok(None));
    let error = msgpack::decode::<u8>(&hex(&Json::from("cd0100")))
        .unwrap_err()
        .to_string();
    assert!(error.contains("256") && error.contains("u8"), "{error}");
    assert!(
        msgpack::decode::<u8>(&hex(&Json::from("cb3ff8000000000000"))).is_err(),
        "1.5 is no integer"
    );
    assert!(msgpack::decode::<u8>(&[1, 1]).is_err(), "something follows");
    assert!(
        msgpack::decode::<Value>(&vec![0x91; 5000]).is_err(),
        "too deep, and no stack was lost on it"
    );
}

#[test]
fn error_payloads_of_any_peer_become_words() {
    let read = |value: &[u8]| ErrorPayload::read(value);
    assert_eq!(read(b"\xa4boom").message, "boom");
    assert_eq!(read(b"\x81\xa7message\xa4boom").message, "boom");
    assert_eq!(read(b"\xc0").message, "null");
    assert_eq!(read(b"\x07").message, "7");
    assert!(read(b"").message.contains("cannot be read"));
    assert!(read(b"\xc1").message.contains("cannot be read"));
    let ours = ErrorPayload {
        field: Some("$.dpi".into()),
        ..ErrorPayload::new(ErrorKind::Invalid, "too small")
    };
    let mut bytes = Vec::new();
    ours.write_plain(&mut bytes);
    assert_eq!(read(&bytes), ours);
}

#[test]
fn recorded_control_lines_are_understood() {
    let mut seen = 0;
    visit(&vectors()["live"], &mut |text| {
        for line in text
            .lines()
            .filter(|line| line.starts_with('{') && line.contains("\"$init\""))
        {
            let Message::Init(init) = Message::parse(line.as_bytes()) else {
                panic!("{line}")
            };
            let init = init.expect("usable");
            assert!(!init.pipe.is_empty());
            seen += 1;
        }
    });
    assert!(seen > 0, "the recordings hold an $init");
}

fn visit(value: &Json, each: &mut impl FnMut(&str)) {
    match value {
        Json::String(text) => each(text),
        Json::Array(items) => items.iter().for_each(|item| visit(item, each)),
        Json::Object(entries) => entries.values().for_each(|entry| visit(entry, each)),
        _ => {}
    }
}

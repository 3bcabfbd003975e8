//! Every flag byte, under both sets of rules.

use super::*;
use crate::wire::WireError;

fn features() -> Features {
    Features::all()
}

fn header(method: u16, flags: u8, request: u32, length: u32) -> Result<Header, WireError> {
    let header = [
        &method.to_be_bytes()[..],
        &[flags],
        &request.to_be_bytes(),
        &length.to_be_bytes(),
    ]
    .concat();
    Header::parse(header.try_into().unwrap(), 1 << 20)
}

/// `D10`: 256 flag bytes, with and without a request id.
#[test]
fn d10_every_flag_byte_is_known_or_a_violation() {
    let strict = Rules::new(&features());
    for byte in 0..=u8::MAX {
        let header = |request| header(7, byte, request, 0);
        if byte & 0xC0 != 0 {
            let reserved = Err(WireError::ReservedFlags { flags: byte });
            assert_eq!(header(5), reserved, "d02 {byte:#04x}");
            continue;
        }
        let flags = Flags::from_byte(byte).unwrap();
        let (correlated, uncorrelated) = (header(5).unwrap(), header(0).unwrap());
        let expected = match byte {
            0x03 => Ok(Kind::Value),
            0x23 => Ok(Kind::Ack),
            0x07 => Ok(Kind::Error),
            0x0B => Ok(Kind::Item),
            0x1B => Ok(Kind::End),
            0x0F | 0x1F => Ok(Kind::StreamError),
            _ if byte & 1 == 0 => Err(Violation::Direction { flags }),
            _ => Err(Violation::Flags { flags, request: 5 }),
        };
        assert_eq!(strict.kind(&correlated), expected, "{byte:#04x}");
        let expected = match (byte, expected) {
            (0x01, _) => Ok(Kind::Event),
            (_, Ok(_)) => Err(Violation::Uncorrelated { flags }), // e04
            (_, Err(Violation::Flags { flags, .. })) => Err(Violation::Flags { flags, request: 0 }),
            (_, other) => other,
        };
        assert_eq!(strict.kind(&uncorrelated), expected, "{byte:#04x}");
        // Published peers are taken as published parents take them: nothing is a violation.
        let plain = Rules::new(&Features::default());
        let (stream, response) = (byte & 8 != 0, byte & 2 != 0);
        let kind = plain.kind(&correlated).unwrap();
        assert_eq!(kind == Kind::Nothing, !stream && !response, "{byte:#04x}");
        assert_ne!(kind, Kind::Event);
        let kind = plain.kind(&uncorrelated).unwrap();
        assert_eq!(
            kind == Kind::Event,
            byte & 1 != 0 && !response,
            "{byte:#04x}"
        );
    }
}

#[test]
fn d03_method_0_is_no_frame() {
    assert_eq!(header(0, 0x03, 5, 0), Err(WireError::MethodZero));
}

#[test]
fn d04_too_much_is_refused_by_its_header() {
    let limit = 1 << 20;
    let refused = Err(WireError::TooLong {
        length: limit + 1,
        limit,
    });
    assert_eq!(header(7, 0x03, 5, limit + 1), refused);
    assert!(header(7, 0x03, 5, limit).is_ok());
}

#[test]
fn d05_frames_without_payload_have_none() {
    let strict = Rules::new(&features());
    let is_payload = |header: Header| {
        let length = header.length;
        let violation = Violation::Payload {
            flags: header.flags,
            length,
        };
        strict.kind(&header) == Err(violation)
    };
    assert!(is_payload(header(7, 0x1B, 5, 1).unwrap()));
    assert!(is_payload(header(STARTED, 0x01, 5, 1).unwrap()));
    assert!(!is_payload(header(7, 0x23, 5, 1).unwrap()));
}

#[test]
fn reserved_methods_are_reserved_only_where_they_were_agreed_on() {
    let strict = Rules::new(&features());
    for method in [ABORT, AUTH, STARTED, CREDIT, CONTEXT] {
        for (flags, request) in [(0x03, 5), (0x0B, 5), (0x01, 0)] {
            let header = header(method, flags, request, 0).unwrap();
            let started = method == STARTED && flags == 0x01;
            let expected = match started {
                true => Violation::Uncorrelated {
                    flags: header.flags,
                },
                false => Violation::Reserved {
                    method,
                    flags: header.flags,
                },
            };
            assert_eq!(strict.kind(&header), Err(expected));
        }
    }
    let started = header(STARTED, 0x01, 5, 0).unwrap();
    assert_eq!(strict.kind(&started), Ok(Kind::Started));
    let log = Rules::new(&Features {
        log: true,
        ..Features::default()
    });
    for method in [STARTED, CREDIT, CONTEXT] {
        let event = header(method, 0x01, 0, 0).unwrap();
        assert_eq!(log.kind(&event), Ok(Kind::Event), "an id like any other");
    }
}

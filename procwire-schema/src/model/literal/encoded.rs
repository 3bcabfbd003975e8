//! Values whose wire form is not text and whose literal is: instants, decimals, UUIDs, bytes.

/// An instant as seconds since 1970 and nanoseconds, from RFC 3339: `2026-08-01T12:00:00Z`, `2026-08-01 12:00:00.5+02:00`.
pub fn timestamp(text: &str) -> Result<(i64, u32), String> {
    parse_timestamp(text.as_bytes())
        .ok_or_else(|| format!("`{text}` is not an instant like \"2026-08-01T12:00:00Z\""))
}

fn parse_timestamp(text: &[u8]) -> Option<(i64, u32)> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.iter().all(u8::is_ascii_digit).then(|| {
            digits
                .iter()
                .fold(0i64, |sum, digit| sum * 10 + i64::from(digit - b'0'))
        })
    };
    let sign = |at: usize, allowed: &[u8]| text.get(at).filter(|c| allowed.contains(c)).copied();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    for (at, allowed) in [
        (4, b"-".as_slice()),
        (7, b"-"),
        (10, b"Tt "),
        (13, b":"),
        (16, b":"),
    ] {
        sign(at, allowed)?;
    }
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if day == 0 || day > days || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut at = 19;
    let mut nanos = 0u32;
    if text.get(at) == Some(&b'.') {
        let digits = text[at + 1..]
            .iter()
            .take_while(|c| c.is_ascii_digit())
            .count();
        if digits == 0 || digits > 9 {
            return None;
        }
        nanos =
            u32::try_from(number(at + 1, at + 1 + digits)?).ok()? * 10u32.pow(9 - digits as u32);
        at += digits + 1;
    }
    let offset = match text.get(at)? {
        b'Z' | b'z' if text.len() == at + 1 => 0,
        zone @ (b'+' | b'-') if text.len() == at + 6 => {
            sign(at + 3, b":")?;
            let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = hours * 3_600 + minutes * 60;
            if *zone == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    // Days since 1970 in the proleptic Gregorian calendar, with the year beginning in March.
    let (shifted, months) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted - era * 400;
    let day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * months + 2) / 5 + day - 1;
    let since_1970 = era * 146_097 + day_of_era - 719_468;
    let seconds = since_1970 * 86_400 + hour * 3_600 + minute * 60 + second - offset;
    // The years 1 to 9999, which are those that every language has.
    (-62_135_596_800..=253_402_300_799)
        .contains(&seconds)
        .then_some((seconds, nanos))
}

/// `-12.50`: an exact decimal number.
pub fn decimal(text: &str) -> Result<(), String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
    if all_digits(whole) && all_digits(fraction) {
        Ok(())
    } else {
        Err(format!("`{text}` is not a decimal number like \"12.50\""))
    }
}

/// `67e55044-10b1-426f-9247-bb680e5fe0c8` as its 16 bytes.
pub fn uuid(text: &str) -> Result<[u8; 16], String> {
    let fail = || format!("`{text}` is not a UUID like \"67e55044-10b1-426f-9247-bb680e5fe0c8\"");
    let bytes = text.as_bytes();
    if bytes.len() != 36 || [8, 13, 18, 23].iter().any(|&at| bytes[at] != b'-') {
        return Err(fail());
    }
    let digits: Vec<u8> = bytes
        .iter()
        .enumerate()
        .filter(|(at, _)| ![8, 13, 18, 23].contains(at))
        .filter_map(|(_, &c)| (c as char).to_digit(16).map(|digit| digit as u8))
        .collect();
    let mut out = [0; 16];
    if digits.len() != 32 {
        return Err(fail());
    }
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    Ok(out)
}

/// Bytes written in base64 with padding.
pub fn base64(text: &str) -> Result<Vec<u8>, String> {
    let fail = || "bytes are written in base64, as in \"aGVsbG8=\"".to_owned();
    let body = text.trim_end_matches('=');
    let padding = text.len() - body.len();
    if !text.len().is_multiple_of(4) || padding > 2 {
        return Err(fail());
    }
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut bits) = (0u32, 0);
    for c in body.bytes() {
        let six = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return Err(fail()),
        };
        held = held << 6 | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    if held == 0 { Ok(out) } else { Err(fail()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_ids() {
        assert_eq!(timestamp("1970-01-01T00:00:00Z"), Ok((0, 0)));
        assert_eq!(
            timestamp("2026-08-01T12:00:00.5+02:00"),
            Ok((1_785_578_400, 500_000_000))
        );
        assert_eq!(timestamp("1969-12-31T23:59:59Z"), Ok((-1, 0)));
        for bad in [
            "2026-08-01",
            "2026-02-30T00:00:00Z",
            "2026-08-01T12:00:00",
            "x",
            "2026-08-01T12:00:00é",
            "0000-12-31T00:00:00Z",
            "0001-01-01T00:00:00+01:00",
        ] {
            assert!(timestamp(bad).is_err(), "{bad}");
        }
        assert!(uuid("67e55044-10b1-426f-9247-bb680e5fe0c8").is_ok());
        assert!(uuid("67e5504410b1426f9247bb680e5fe0c8").is_err());
        assert_eq!(base64("aGVsbG8="), Ok(b"hello".to_vec()));
        assert!(base64("aGVsbG8").is_err() && base64("a===").is_err());
        assert!(decimal("-12.50").is_ok() && decimal("1e5").is_err() && decimal(".5").is_err());
    }
}

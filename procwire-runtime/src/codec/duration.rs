//! `duration`: a length of time, never negative, as the ISO 8601 text that msgspec writes (`PT0.012S`, `P2DT5.000003S`).

use std::fmt;
use std::time::Duration;

use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};

use super::types::Type;
use crate::contract::Shape;

impl Type for Duration {
    const SHAPE: &'static Shape = &Shape::builtin("duration");

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Iso(*self))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

/// A duration as ISO 8601 text: days, then seconds with as many decimals as needed.
struct Iso(Duration);

impl fmt::Display for Iso {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, seconds) = (self.0.as_secs() / DAY, self.0.as_secs() % DAY);
        f.write_str("P")?;
        if days > 0 {
            write!(f, "{days}D")?;
        }
        if days == 0 || seconds > 0 || self.0.subsec_nanos() > 0 {
            write!(f, "T{seconds}")?;
            if self.0.subsec_nanos() > 0 {
                let digits = format!("{:09}", self.0.subsec_nanos());
                write!(f, ".{}", digits.trim_end_matches('0'))?;
            }
            f.write_str("S")?;
        }
        Ok(())
    }
}

/// Reads `P[nW][nD][T[nH][nM][n[.n]S]]` with at least one part. Years and months have no fixed length and are refused.
fn parse(text: &str) -> Option<Duration> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let mut rest = text.strip_prefix(['P', 'p'])?;
    let (mut total, mut in_time, mut last_rank, mut parts) = (Duration::ZERO, false, 0, 0);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(['T', 't']) {
            if in_time || after.is_empty() {
                return None;
            }
            (in_time, rest) = (true, after);
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')?;
        let (number, unit) = (
            &rest[..end],
            rest[end..].chars().next()?.to_ascii_uppercase(),
        );
        let (rank, seconds) = match (in_time, unit) {
            (false, 'W') => (1, 7 * DAY),
            (false, 'D') => (2, DAY),
            (true, 'H') => (3, 3600),
            (true, 'M') => (4, 60),
            (true, 'S') => (5, 1),
            _ => return None,
        };
        if rank <= last_rank {
            return None;
        }
        last_rank = rank;
        parts += 1;
        total = total.checked_add(scaled(number, seconds)?)?;
        rest = &rest[end + 1..];
    }
    (parts > 0).then_some(total)
}

/// `number` (digits, perhaps with a fraction) times `seconds`; digits below a nanosecond are cut.
fn scaled(number: &str, seconds: u64) -> Option<Duration> {
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(seconds)?;
    let nanos = fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(9)
        .fold(0_u64, |nanos, digit| nanos * 10 + u64::from(digit - b'0'));
    Duration::from_secs(whole).checked_add(Duration::from_nanos(nanos.checked_mul(seconds)?))
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("duration: ISO 8601 text such as \"PT1.5S\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
        if text.starts_with('-') && parse(&text[1..]).is_some_and(|length| length.is_zero()) {
            return Ok(Duration::ZERO);
        }
        if text.starts_with('-') {
            return Err(E::custom(format_args!(
                "{text:?}: a duration is never negative"
            )));
        }
        parse(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

const DAY: u64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_one_msgspec_writes() {
        for (text, duration) in [
            ("PT0S", Duration::ZERO),
            ("PT0.012S", Duration::from_millis(12)),
            ("P2DT5.000003S", Duration::new(2 * DAY + 5, 3_000)),
            ("P1D", Duration::from_secs(DAY)),
            ("PT86399.999999999S", Duration::new(DAY - 1, 999_999_999)),
            ("P213503982334601DT25215.999999999S", Duration::MAX),
        ] {
            assert_eq!(Iso(duration).to_string(), text);
            assert_eq!(parse(text), Some(duration), "{text}");
        }
    }

    #[test]
    fn other_writers_forms_are_read() {
        assert_eq!(parse("PT1H30M"), Some(Duration::from_secs(5400)));
        assert_eq!(parse("P1W"), Some(Duration::from_secs(7 * DAY)));
        assert_eq!(parse("pt0,5s"), Some(Duration::from_millis(500)));
        assert_eq!(parse("P0.5D"), Some(Duration::from_secs(DAY / 2)));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "P",
            "PT",
            "P1DT",
            "1S",
            "PT1",
            "PT1S1S",
            "PT1M1H",
            "P1Y",
            "P1M",
            "PT.5S",
            "PT5.S",
            "PT1é",
            "P99999999999999999D",
            "PTT1S",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

//! Spellings of values that stand in strings: durations, sizes, ranges, lengths, instants, ids.
//!
//! Pure functions from text to value, shared by both front ends, the checker and the emitters. An `Err` is half a
//! sentence saying what is wrong with the text.

use std::time::Duration;

use super::field::{Bound, Len, Range};
use super::module::Timeout;
use crate::span::Span;

mod encoded;

pub use encoded::{base64, decimal, timestamp, uuid};

/// `"250ms"`, `"10s"`, `"2m"`, `"1.5s"`. `Err` says what is wrong with the text.
///
/// ```
/// use std::time::Duration;
///
/// use procwire_schema::model::literal::duration;
///
/// assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
/// assert!(duration("10").is_err());
/// ```
pub fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let unit_at = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'))
        .ok_or_else(|| {
            format!(
                "`{text}` has no unit: write for example \"{}s\"",
                if text.is_empty() { "10" } else { text }
            )
        })?;
    let (number, unit) = text.split_at(unit_at);
    let nanos_per_unit: u64 = match unit.trim() {
        "ns" => 1,
        "us" | "µs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" | "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        other => {
            return Err(format!(
                "`{other}` is not a unit of time: use us, ms, s, m, h or d"
            ));
        }
    };
    let nanos = scaled(number, nanos_per_unit).ok_or_else(|| {
        format!("`{text}` is not a number with a unit, like \"30s\" or \"250ms\"")
    })?;
    Ok(Duration::from_nanos(nanos))
}

/// A duration, or `"none"`.
pub fn timeout(text: &str) -> Result<Timeout, String> {
    if text.trim() == "none" {
        return Ok(Timeout::Never);
    }
    match duration(text)? {
        Duration::ZERO => {
            Err("no call is that fast: for no limit at all write \"none\"".to_owned())
        }
        limit => Ok(Timeout::After(limit)),
    }
}

/// `"200ms..10s"`.
pub fn backoff(text: &str) -> Result<(Duration, Duration), String> {
    let (first, greatest) = text
        .split_once("..")
        .ok_or_else(|| "a backoff is a first and a greatest delay: \"200ms..10s\"".to_owned())?;
    Ok((
        duration(first)?,
        duration(greatest.trim_start_matches('='))?,
    ))
}

/// `"256 MiB"`, `"64KiB"`, `"500 kB"`, `"4096"`: bytes.
pub fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let unit_at = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let bytes_per_unit: u64 = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        other => {
            return Err(format!(
                "`{other}` is not a unit of size: use B, KiB, MiB, GiB, kB, MB or GB"
            ));
        }
    };
    scaled(number, bytes_per_unit)
        .ok_or_else(|| format!("`{text}` is not a number with a unit, like \"256 MiB\""))
}

/// `1.5` times a unit, exactly; digits below the unit's smallest part are refused.
fn scaled(number: &str, unit: u64) -> Option<u64> {
    let number = number.replace('_', "");
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    if whole.is_empty() || (number.contains('.') && fraction.is_empty()) || fraction.len() > 18 {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let mut rest = 0u128;
    if !fraction.is_empty() {
        let digits = u128::from(fraction.parse::<u64>().ok()?);
        let scale = 10u128.pow(fraction.len() as u32);
        let product = digits * u128::from(unit);
        if !product.is_multiple_of(scale) {
            return None;
        }
        rest = product / scale;
    }
    whole.checked_add(u64::try_from(rest).ok()?)
}

/// `"36..=1200"`, `"1.."`, `"..=5"`, `"0.0..1.0"`.
pub fn range(text: &str, span: Span) -> Result<Range, String> {
    let (min, max) = text.split_once("..").ok_or_else(|| {
        format!(
            "`{}` has no `..`: write for example \"1..=10\"",
            text.trim()
        )
    })?;
    let (inclusive, max) = match max.strip_prefix('=') {
        Some(max) => (true, max),
        None => (false, max),
    };
    let range = Range {
        min: bound(min)?,
        max: bound(max)?,
        inclusive,
        span,
    };
    range_ends(range)
}

/// What holds for a range however it was written.
pub fn range_ends(range: Range) -> Result<Range, String> {
    match range {
        Range {
            min: None,
            max: None,
            ..
        } => Err("it has neither a least nor a greatest value".to_owned()),
        Range {
            max: None,
            inclusive: true,
            ..
        } => Err("`..=` needs a greatest value".to_owned()),
        range => Ok(range),
    }
}

fn bound(text: &str) -> Result<Option<Bound>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let plain = text.replace('_', "");
    let digits = plain.trim_start_matches(['-', '+']);
    if !digits.starts_with(|c: char| c.is_ascii_digit())
        || !plain.ends_with(|c: char| c.is_ascii_digit())
    {
        return Err(format!("`{text}` is not a number"));
    }
    if let Ok(number) = plain.parse::<i128>() {
        return Ok(Some(Bound::Int(number)));
    }
    match plain.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Some(Bound::Float(number))),
        _ => Err(format!("`{text}` is not a number")),
    }
}

/// `"1..=500"`, `"1.."`, `"..=10"`, `"32"`.
pub fn len(text: &str, span: Span) -> Result<Len, String> {
    let exact = text.trim().parse::<u64>();
    if let Ok(exact) = exact {
        return Ok(Len {
            min: exact,
            max: Some(exact),
            span,
        });
    }
    len_of(&range(text, span)?)
}

/// A range as a length: whole numbers from 0 on, both ends included.
pub fn len_of(range: &Range) -> Result<Len, String> {
    let whole = |bound: Option<Bound>| match bound {
        None => Ok(None),
        Some(Bound::Int(number)) => u64::try_from(number)
            .map(Some)
            .map_err(|_| format!("`{number}` is not a size")),
        Some(Bound::Float(number)) => Err(format!("`{number}` is not a whole number")),
    };
    let min = whole(range.min)?.unwrap_or(0);
    let max = match whole(range.max)? {
        Some(0) if !range.inclusive => {
            return Err("it ends before 0, so nothing fits it".to_owned());
        }
        Some(max) if !range.inclusive => Some(max - 1),
        max => max,
    };
    Ok(Len {
        min,
        max,
        span: range.span,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for bad in [
            "",
            "10",
            "s",
            "10 parsecs",
            "-1s",
            "1..s",
            "99999999999999999999s",
            "0.3ns",
        ] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert_eq!(size("256 MiB"), Ok(256 << 20));
        assert_eq!(size("4096"), Ok(4096));
        assert_eq!(size("1.5KiB"), Ok(1536));
        for bad in ["", "MiB", "1 mib", "99999999999 GiB"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ranges_and_lengths() {
        let at = Span::NONE;
        let two = range("36..=1200", at).expect("a range");
        assert_eq!(
            (two.min, two.max, two.inclusive),
            (Some(Bound::Int(36)), Some(Bound::Int(1200)), true)
        );
        assert_eq!(
            range("-1.5..", at).map(|range| range.min),
            Ok(Some(Bound::Float(-1.5)))
        );
        for bad in ["5", "..", "..=", "1..=x", "a..b", "nan..1.0", "1...5"] {
            assert!(range(bad, at).is_err(), "{bad}");
        }
        assert_eq!(
            len("1..=500", at).map(|len| (len.min, len.max)),
            Ok((1, Some(500)))
        );
        assert_eq!(
            len("1..5", at).map(|len| (len.min, len.max)),
            Ok((1, Some(4)))
        );
        assert_eq!(
            len("32", at).map(|len| (len.min, len.max)),
            Ok((32, Some(32)))
        );
        for bad in ["-1..", "0..0", "1.5..", "x"] {
            assert!(len(bad, at).is_err(), "{bad}");
        }
    }
}

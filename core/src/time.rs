//! Times as text.

/// The UNIX milliseconds of an RFC 3339 text; fractions of a millisecond are cut. `None` for what
/// is no such text, or before 1970.
pub(crate) fn parse_rfc3339(text: &str) -> Option<u64> {
    let mut rest = text.as_bytes();
    let year = number(&mut rest, 4)?;
    literal(&mut rest, b"-")?;
    let month = number(&mut rest, 2)?;
    literal(&mut rest, b"-")?;
    let day = number(&mut rest, 2)?;
    literal(&mut rest, b"Tt ")?;
    let hour = number(&mut rest, 2)?;
    literal(&mut rest, b":")?;
    let minute = number(&mut rest, 2)?;
    literal(&mut rest, b":")?;
    let second = number(&mut rest, 2)?;
    let mut millis = 0;
    if literal(&mut rest, b".").is_some() {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (fraction, after) = rest.split_at_checked(digits).filter(|_| digits > 0)?;
        for n in 0..3 {
            millis = millis * 10 + i64::from(fraction.get(n).map_or(0, |digit| digit - b'0'));
        }
        rest = after;
    }
    let offset = match literal(&mut rest, b"Zz+-")? {
        sign @ (b'+' | b'-') => {
            let hours = number(&mut rest, 2)?;
            literal(&mut rest, b":")?;
            let minutes = number(&mut rest, 2)?;
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = hours * 60 + minutes;
            if sign == b'-' { -offset } else { offset }
        }
        _ => 0,
    };
    // A leap second is allowed and counts as the second after it.
    let is_time = hour < 24 && minute < 60 && second <= 60;
    if !rest.is_empty() || !is_time || day < 1 || day > days_in_month(year, month)? {
        return None;
    }
    let minutes = (days_since_1970(year, month, day) * 24 + hour) * 60 + minute - offset;
    u64::try_from((minutes * 60 + second) * 1000 + millis).ok()
}

/// Exactly `count` digits.
fn number(rest: &mut &[u8], count: usize) -> Option<i64> {
    let (digits, after) = rest.split_at_checked(count)?;
    *rest = after;
    digits.iter().try_fold(0, |value, digit| {
        digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0'))
    })
}

/// One byte out of `any`.
fn literal(rest: &mut &[u8], any: &[u8]) -> Option<u8> {
    let (&first, after) = rest.split_first()?;
    any.contains(&first).then(|| {
        *rest = after;
        first
    })
}

fn days_in_month(year: i64, month: i64) -> Option<i64> {
    Some(match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    })
}

/// Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let leap_days = year / 4 - year / 100 + year / 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + leap_days + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::parse_rfc3339;

    #[test]
    fn times_of_rfc_3339_are_milliseconds() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2023-09-13T01:18:10Z", Some(1_694_567_890_000)),
            ("2023-09-13t01:18:10.12z", Some(1_694_567_890_120)),
            ("2023-09-13 03:18:10.9999999+02:00", Some(1_694_567_890_999)),
            ("2023-09-12T19:48:10-05:30", Some(1_694_567_890_000)),
            ("2024-02-29T00:00:00Z", Some(1_709_164_800_000)),
            ("2016-12-31T23:59:60Z", Some(1_483_228_800_000)),
            ("9999-12-31T23:59:59.999Z", Some(253_402_300_799_999)),
            ("1970-01-01T00:59:59+01:00", None),
            ("1969-12-31T23:59:59Z", None),
            ("2023-02-29T00:00:00Z", None),
            ("2023-13-01T00:00:00Z", None),
            ("2023-00-01T00:00:00Z", None),
            ("2023-09-13T24:00:00Z", None),
            ("2023-09-13T01:18:10", None),
            ("2023-09-13T01:18:10.Z", None),
            ("2023-09-13T01:18Z", None),
            ("2023-09-13T01:18:10Zx", None),
            ("", None),
        ] {
            assert_eq!(parse_rfc3339(text), millis, "{text}");
        }
    }
}

//! What people type into forms, read.

use crate::domain::{Tags, tags};

/// Reads a number of days, or of weeks or years as in `6w` and `7y` (of 365 days, as AWS counts them); nothing means for ever.
pub fn parse_days(text: &str) -> Result<Option<i64>, String> {
    let text = text.trim();
    if matches!(text, "" | "-1") {
        return Ok(None);
    }
    let (number, unit) = match text.char_indices().last() {
        Some((at, 'd')) => (&text[..at], 1),
        Some((at, 'w')) => (&text[..at], 7),
        Some((at, 'y')) => (&text[..at], 365),
        _ => (text, 1),
    };
    let days = number.trim().parse::<i64>().ok().and_then(|number| number.checked_mul(unit));
    days.map(Some).ok_or_else(|| "a number of days, or 6w, or 7y, or nothing".to_owned())
}

/// Reads a window: `90`, `90m`, `8h`, `7d`.
pub fn parse_minutes(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let (number, unit) = match text.char_indices().last() {
        Some((at, 'm')) => (&text[..at], 1),
        Some((at, 'h')) => (&text[..at], 60),
        Some((at, 'd')) => (&text[..at], 1_440),
        _ => (text, 1),
    };
    let number = number.trim().parse::<i64>().ok().and_then(|number| number.checked_mul(unit));
    number.ok_or_else(|| "minutes, or 8h, or 7d".to_owned())
}

/// Reads `env=prod team=web`.
pub fn parse_tags(text: &str) -> Result<Tags, String> {
    let pairs = text.split([' ', ',']).filter(|pair| !pair.is_empty());
    pairs.map(|pair| tags::parse_pair(pair).map_err(|invalid| invalid.message)).collect()
}

/// Reads tags and checks them as those of `member`, AWS's name of the request's map of tags.
pub fn read_tags(member: &str, text: &str) -> Result<Tags, String> {
    let parsed = parse_tags(text)?;
    tags::validate(member, &parsed).map_err(|invalid| invalid.message)?;
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_people_write_them() {
        assert_eq!(
            ["35", "10d", "6w", "7y", "", "-1"].map(parse_days),
            [Ok(Some(35)), Ok(Some(10)), Ok(Some(42)), Ok(Some(2555)), Ok(None), Ok(None)]
        );
        for wrong in ["y", "soon", "7 years", "99999999999999999y"] {
            assert!(parse_days(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn windows_are_read_as_people_write_them() {
        assert_eq!(["90", "90m", "8h", " 7d "].map(parse_minutes), [Ok(90), Ok(90), Ok(480), Ok(10_080)]);
        assert!(
            parse_minutes("soon").is_err()
                && parse_minutes("").is_err()
                && parse_minutes("99999999999999999d").is_err()
        );
    }
}

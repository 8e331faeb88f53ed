//! A clock that is wrong: services take no request whose signature was made minutes ago, or minutes from now.

use crate::domain::Time;
use chrono::{DateTime, NaiveDateTime, Utc};

/// How signatures write a moment.
const SIGNED: &str = "%Y%m%dT%H%M%SZ";

/// How far this machine's clock is off, in words; none where a request was not refused for that. `code` and `told` are the service's
/// own, `date` is the answer's `Date` header.
pub(crate) fn in_words(code: &str, told: Option<&str>, date: Option<&str>) -> Option<String> {
    let told = told.unwrap_or_default();
    let by_words = ["Signature expired", "Signature not yet current"].iter().any(|words| told.contains(words));
    if !by_words && !matches!(code, "RequestTimeTooSkewed" | "RequestInTheFuture" | "RequestExpired") {
        return None;
    }
    let seconds = by_message(told).or_else(|| by_date(date?, Utc::now()));
    let off = match seconds {
        Some(seconds) => {
            let minutes = (seconds.abs() + 30) / 60;
            let of = if minutes == 1 { "minute" } else { "minutes" };
            format!("{minutes} {of} {} the service's", if seconds > 0 { "behind" } else { "ahead of" })
        }
        None => "too far from the service's".to_owned(),
    };
    let said = if told.is_empty() { String::new() } else { format!(" ({told})") };
    Some(format!("this machine's clock is {off}: it must be set right{said}"))
}

/// How many seconds the service is ahead, by what it says: when the request was signed, the limit, and its own time.
fn by_message(told: &str) -> Option<i64> {
    let mut moments = told.split(|c: char| !c.is_ascii_alphanumeric()).filter_map(moment);
    let signed = moments.next()?;
    let own = moments.nth(1)?;
    Some((own - signed).num_seconds())
}

fn moment(text: &str) -> Option<Time> {
    NaiveDateTime::parse_from_str(text, SIGNED).ok().map(|moment| moment.and_utc())
}

/// The same by when it answered.
fn by_date(date: &str, now: Time) -> Option<i64> {
    Some((DateTime::parse_from_rfc2822(date).ok()?.to_utc() - now).num_seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_told_by_its_minutes_and_its_direction() {
        let late =
            "Signature expired: 20261127T234000Z is now earlier than 20261127T234500Z (20261127T235000Z - 5 min.)";
        let said = in_words("InvalidSignatureException", Some(late), None).unwrap();
        assert!(
            said.starts_with("this machine's clock is 10 minutes behind the service's: it must be set right"),
            "{said}"
        );
        assert!(said.ends_with(&format!("({late})")), "{said}");
        let early = "Signature not yet current: 20261128T000000Z is still later than 20261127T235500Z (20261127T235000Z + 5 min.)";
        let said = in_words("SignatureDoesNotMatch", Some(early), None).unwrap();
        assert!(said.contains("10 minutes ahead of the service's"), "{said}");
    }

    #[test]
    fn a_service_that_only_refuses_is_measured_by_the_time_of_its_answer() {
        let date = (Utc::now() + chrono::Duration::minutes(61)).to_rfc2822();
        let said = in_words("RequestTimeTooSkewed", None, Some(&date)).unwrap();
        assert!(said.starts_with("this machine's clock is 61 minutes behind"), "{said}");
        let said = in_words("RequestExpired", Some("Request has expired."), Some("yesterday")).unwrap();
        assert_eq!(
            said,
            "this machine's clock is too far from the service's: it must be set right (Request has expired.)"
        );
    }

    #[test]
    fn other_refusals_of_a_signature_say_nothing_of_clocks() {
        for (code, told) in [
            ("InvalidSignatureException", Some("The request signature we calculated does not match")),
            ("ExpiredTokenException", Some("The security token included in the request is expired")),
            ("", None),
        ] {
            assert_eq!(in_words(code, told, Some("Fri, 27 Nov 2026 23:50:00 +0000")), None, "{code}");
        }
    }
}

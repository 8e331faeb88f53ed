//! The plan editor's presets, each of which is a cron expression.

use crate::domain::Invalid;
use std::fmt;

/// How often a rule runs, as a person picks it. [`Self::expression`] and [`Self::from_expression`] are inverse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frequency {
    /// Every hour, at this minute.
    Hourly {
        /// 0 to 59.
        minute: u8,
    },
    /// Every twelve hours from this time on; as in AWS, a start after 11:59 runs once a day.
    Every12Hours {
        /// 0 to 23.
        hour: u8,
        /// 0 to 59.
        minute: u8,
    },
    /// Every day.
    Daily {
        /// 0 to 23.
        hour: u8,
        /// 0 to 59.
        minute: u8,
    },
    /// One day a week.
    Weekly {
        /// The day.
        weekday: Weekday,
        /// 0 to 23.
        hour: u8,
        /// 0 to 59.
        minute: u8,
    },
    /// One day a month.
    Monthly {
        /// The day; a month that is too short is skipped.
        day: MonthDay,
        /// 0 to 23.
        hour: u8,
        /// 0 to 59.
        minute: u8,
    },
    /// Any other expression, as text.
    Cron(String),
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weekday {
    /// Sunday, AWS's first.
    Sunday,
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
}

/// A day of the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MonthDay {
    /// 1 to 31.
    On(u8),
    /// The last one, whichever it is.
    Last,
}

impl Weekday {
    /// All seven, from Sunday on.
    pub const ALL: [Self; 7] =
        [Self::Sunday, Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday, Self::Saturday];

    /// The three letters of cron.
    pub fn short(self) -> &'static str {
        ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"][self as usize]
    }

    /// The word.
    pub fn name(self) -> &'static str {
        ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"][self as usize]
    }

    /// Reads three letters, a word, or AWS's number (1 is Sunday).
    fn parse(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse::<usize>() {
            return Self::ALL.get(number.checked_sub(1)?).copied();
        }
        Self::ALL
            .into_iter()
            .find(|day| day.short().eq_ignore_ascii_case(text) || day.name().eq_ignore_ascii_case(text))
    }
}

impl std::str::FromStr for Weekday {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text).ok_or_else(|| Invalid::value("Weekday", "must be a day of the week, such as MON"))
    }
}

impl std::str::FromStr for MonthDay {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.eq_ignore_ascii_case("L") || text.eq_ignore_ascii_case("last") {
            return Ok(Self::Last);
        }
        number(text, 1..=31).map(Self::On).ok_or_else(|| Invalid::value("Day", "must be 1 to 31, or last"))
    }
}

impl fmt::Display for MonthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On(day) => write!(f, "{day}"),
            Self::Last => f.pad("L"),
        }
    }
}

impl Frequency {
    /// The preset's name, as a list of choices shows it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hourly { .. } => "Hourly",
            Self::Every12Hours { .. } => "Every 12 hours",
            Self::Daily { .. } => "Daily",
            Self::Weekly { .. } => "Weekly",
            Self::Monthly { .. } => "Monthly",
            Self::Cron(_) => "Cron",
        }
    }

    /// One of each preset, with the times that AWS's default has.
    pub fn presets() -> [Self; 6] {
        [
            Self::Hourly { minute: 0 },
            Self::Every12Hours { hour: 5, minute: 0 },
            Self::Daily { hour: 5, minute: 0 },
            Self::Weekly { weekday: Weekday::Sunday, hour: 5, minute: 0 },
            Self::Monthly { day: MonthDay::On(1), hour: 5, minute: 0 },
            Self::Cron(crate::domain::schedule::DEFAULT_EXPRESSION.to_owned()),
        ]
    }

    /// The cron expression; whether it is valid is [`crate::domain::schedule::Schedule::parse`]'s to say.
    pub fn expression(&self) -> String {
        match self {
            Self::Hourly { minute } => format!("cron({minute} * ? * * *)"),
            Self::Every12Hours { hour, minute } => format!("cron({minute} {hour}/12 ? * * *)"),
            Self::Daily { hour, minute } => format!("cron({minute} {hour} ? * * *)"),
            Self::Weekly { weekday, hour, minute } => format!("cron({minute} {hour} ? * {} *)", weekday.short()),
            Self::Monthly { day, hour, minute } => format!("cron({minute} {hour} {day} * ? *)"),
            Self::Cron(text) => text.clone(),
        }
    }

    /// The preset that says the same as an expression, or [`Self::Cron`].
    pub fn from_expression(expression: &str) -> Self {
        Self::preset_of(expression).unwrap_or_else(|| Self::Cron(expression.to_owned()))
    }

    fn preset_of(expression: &str) -> Option<Self> {
        let inner = expression.strip_prefix("cron(")?.strip_suffix(')')?;
        let fields: Vec<&str> = inner.split_ascii_whitespace().collect();
        let [minute, hour, day, "*", weekday, "*"] = fields[..] else { return None };
        let minute = number(minute, 0..=59)?;
        let every_day = matches!((day, weekday), ("?", "*") | ("*", "?"));
        if every_day && hour == "*" {
            return Some(Self::Hourly { minute });
        }
        if every_day && let Some(first) = hour.strip_suffix("/12") {
            return Some(Self::Every12Hours { hour: number(first, 0..=23)?, minute });
        }
        let hour = number(hour, 0..=23)?;
        match (day, weekday) {
            _ if every_day => Some(Self::Daily { hour, minute }),
            ("?", weekday) => Some(Self::Weekly { weekday: Weekday::parse(weekday)?, hour, minute }),
            (day, "?") => Some(Self::Monthly { day: day.parse().ok()?, hour, minute }),
            _ => None,
        }
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hourly { minute } => write!(f, "every hour at :{minute:02}"),
            Self::Every12Hours { hour, minute } => write!(f, "every 12 hours from {hour:02}:{minute:02}"),
            Self::Daily { hour, minute } => write!(f, "every day at {hour:02}:{minute:02}"),
            Self::Weekly { weekday, hour, minute } => {
                write!(f, "every {} at {hour:02}:{minute:02}", weekday.name())
            }
            Self::Monthly { day: MonthDay::On(day), hour, minute } => {
                write!(f, "every month on day {day} at {hour:02}:{minute:02}")
            }
            Self::Monthly { day: MonthDay::Last, hour, minute } => {
                write!(f, "every month on the last day at {hour:02}:{minute:02}")
            }
            Self::Cron(text) => f.pad(text),
        }
    }
}

fn number(text: &str, range: std::ops::RangeInclusive<u8>) -> Option<u8> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|value| digits && range.contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schedule::{DEFAULT_EXPRESSION, Schedule};
    use proptest::prelude::*;

    #[test]
    fn every_preset_is_a_valid_schedule() {
        for preset in Frequency::presets() {
            assert!(Schedule::parse(&preset.expression(), "Etc/UTC").is_ok(), "{preset:?}");
        }
    }

    #[test]
    fn the_default_reads_as_daily_at_five() {
        assert_eq!(Frequency::from_expression(DEFAULT_EXPRESSION), Frequency::Daily { hour: 5, minute: 0 });
    }

    #[test]
    fn both_spellings_of_every_day_and_of_weekdays_are_read() {
        assert_eq!(Frequency::from_expression("cron(15 * * * ? *)"), Frequency::Hourly { minute: 15 });
        let sunday = Frequency::Weekly { weekday: Weekday::Sunday, hour: 1, minute: 2 };
        for text in ["cron(2 1 ? * 1 *)", "cron(2 1 ? * SUN *)", "cron(2 1 ? * sun *)"] {
            assert_eq!(Frequency::from_expression(text), sunday, "{text}");
        }
    }

    #[test]
    fn what_is_no_preset_stays_cron() {
        for text in ["cron(0 5 ? * MON-FRI *)", "cron(0 5 15W * ? *)", "cron(0 5 ? 6 * *)", "cron(0 0/6 ? * * *)", "x"]
        {
            assert_eq!(Frequency::from_expression(text), Frequency::Cron(text.to_owned()));
        }
    }

    fn presets() -> impl Strategy<Value = Frequency> {
        let time = (0..24u8, 0..60u8);
        prop_oneof![
            (0..60u8).prop_map(|minute| Frequency::Hourly { minute }),
            time.clone().prop_map(|(hour, minute)| Frequency::Every12Hours { hour, minute }),
            time.clone().prop_map(|(hour, minute)| Frequency::Daily { hour, minute }),
            (0..7usize, time.clone()).prop_map(|(day, (hour, minute))| Frequency::Weekly {
                weekday: Weekday::ALL[day],
                hour,
                minute
            }),
            (1..=32u8, time).prop_map(|(day, (hour, minute))| Frequency::Monthly {
                day: if day == 32 { MonthDay::Last } else { MonthDay::On(day) },
                hour,
                minute
            }),
        ]
    }

    proptest! {
        #[test]
        fn an_expression_reads_back_as_its_preset(preset in presets()) {
            prop_assert_eq!(Frequency::from_expression(&preset.expression()), preset.clone());
            prop_assert!(Schedule::parse(&preset.expression(), "Etc/UTC").is_ok());
        }
    }
}

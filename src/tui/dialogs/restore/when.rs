//! Which second a continuous recovery point is restored to: chosen on its line of time.

use super::timeline::Timeline;
use crate::domain::Time;
use crate::tui::moment;
use crate::tui::widgets::edit::Edit;
use chrono::{Duration, TimeZone as _};
use chrono_tz::Tz;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen {
    /// The last second that there is, whichever that is when the restore begins.
    Latest,
    /// This one, however the line grows.
    At(Time),
}

/// How far a key moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day of the calendar: the same time of the day, also where a day has 23 or 25 hours.
    Day,
}

/// What became of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It did something here.
    Here,
    /// What is chosen is to be taken.
    Done,
    /// It is to be left as it was.
    Left,
    /// It is not known here.
    Unknown,
}

/// The choice of a second.
#[derive(Debug)]
pub struct When {
    zone: Tz,
    timeline: Timeline,
    chosen: Chosen,
    step: Step,
    /// The time that is being typed.
    typed: Option<Edit>,
    /// What is wrong with what was asked for last.
    said: Option<String>,
    /// The moment that was chosen last, and since when by this machine's clock: only one that is stayed at is looked into.
    stays: (Time, Time),
}

/// How long a moment is stayed at before it is looked into.
const REST: Duration = Duration::milliseconds(400);

impl Step {
    /// All, the finest first.
    pub const ALL: [Self; 4] = [Self::Second, Self::Minute, Self::Hour, Self::Day];

    /// Its name, which begins with its key.
    pub fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// How much of the line is looked at while moving by it; all of it by days.
    pub fn looks_at(self) -> Option<Duration> {
        match self {
            Self::Second => Some(Duration::minutes(5)),
            Self::Minute => Some(Duration::hours(4)),
            Self::Hour => Some(Duration::days(4)),
            Self::Day => None,
        }
    }

    fn next(self, coarser: bool) -> Self {
        let at = Self::ALL.iter().position(|step| *step == self).unwrap_or(0);
        let to = if coarser { at + 1 } else { at.saturating_sub(1) };
        Self::ALL.get(to).copied().unwrap_or(self)
    }

    /// A moment so much later, or earlier.
    fn from(self, at: Time, later: bool, zone: Tz) -> Time {
        let sign = if later { 1 } else { -1 };
        match self {
            Self::Second => at + Duration::seconds(sign),
            Self::Minute => at + Duration::minutes(sign),
            Self::Hour => at + Duration::hours(sign),
            Self::Day => {
                let local = at.with_timezone(&zone).naive_local() + Duration::days(sign);
                let same = zone.from_local_datetime(&local).earliest();
                same.map_or(at + Duration::days(sign), |same| same.to_utc())
            }
        }
    }
}

impl When {
    /// The latest second of a line.
    pub fn new(timeline: Timeline, zone: Tz, wall: Time) -> Self {
        let stays = (timeline.own.to, wall);
        Self { zone, timeline, chosen: Chosen::Latest, step: Step::Hour, typed: None, said: None, stays }
    }

    /// A key was taken, at this time of this machine's clock: if it moved, a new rest begins.
    pub fn moved(&mut self, wall: Time) {
        if self.stays.0 != self.at() {
            self.stays = (self.at(), wall);
        }
    }

    /// The moment that is looked into, once it was stayed at for long enough. The latest one is as it was when it was gone to.
    pub fn looked_into(&self, wall: Time) -> Option<Time> {
        let (at, since) = self.stays;
        // A clock that was put back makes nobody wait.
        (self.timeline.own.holds(at) && (wall >= since + REST || wall < since)).then_some(at)
    }

    /// When a moment will have been stayed at for long enough that is not yet.
    pub fn rests_at(&self, wall: Time) -> Option<Time> {
        let rested = self.stays.1 + REST;
        (wall < rested && wall >= self.stays.1).then_some(rested)
    }

    /// Takes a newer line in. What was chosen stays chosen.
    pub fn sync(&mut self, timeline: Timeline) {
        self.timeline = timeline;
    }

    /// The line.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The zone in which moments are told.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// What is chosen.
    pub fn chosen(&self) -> Chosen {
        self.chosen
    }

    /// The chosen second, as far as the line is known.
    pub fn at(&self) -> Time {
        match self.chosen {
            Chosen::Latest => self.timeline.own.to,
            Chosen::At(at) => at,
        }
    }

    /// How far a key moves now.
    pub fn step(&self) -> Step {
        self.step
    }

    /// The time that is being typed.
    pub fn typed(&self) -> Option<&Edit> {
        self.typed.as_ref()
    }

    /// Why what is chosen cannot be taken: it is not on the line any more, or another time is typed and was not gone to.
    pub fn refusal(&self) -> Option<String> {
        let typed = self.typed.as_ref().filter(|edit| !edit.text().is_empty());
        let waits =
            typed.map(|edit| format!("{} is typed and not chosen: enter goes there, esc takes it back", edit.text()));
        waits.or_else(|| self.refused(self.at()))
    }

    /// What is wrong: with what was asked for last, or with what is chosen since the line is shorter now.
    pub fn wrong(&self) -> Option<String> {
        self.said.clone().or_else(|| self.refused(self.at()))
    }

    /// Why a moment cannot be restored.
    fn refused(&self, at: Time) -> Option<String> {
        let own = self.timeline.own;
        if own.holds(at) {
            return None;
        }
        let (from, to) = (moment::shown(own.from, self.zone), moment::shown(own.to, self.zone));
        let asked = moment::shown(at, self.zone);
        Some(match self.timeline.elsewhere(at) {
            Some(other) => format!("{asked} is in another recovery point, {}: restore that one", other.point_id()),
            None => format!("must lie within {from} to {to}; it is {asked}"),
        })
    }

    /// What is chosen, in words.
    pub fn told(&self) -> String {
        match self.chosen {
            Chosen::Latest => format!("the latest second, now {}", moment::shown(self.timeline.own.to, self.zone)),
            Chosen::At(at) => moment::exact(at, self.zone),
        }
    }

    /// Goes to a moment, or says why not.
    fn go(&mut self, at: Time) {
        self.said = self.refused(at);
        if self.said.is_none() {
            self.chosen = Chosen::At(at);
        }
    }

    fn walk(&mut self, later: bool) {
        let to = self.step.from(self.at(), later, self.zone);
        let own = self.timeline.own;
        self.chosen = Chosen::At(own.clamp(to));
        let end = if later { "the latest second there is: G follows it" } else { "the earliest second there is" };
        self.said = (!own.holds(to)).then(|| format!("that is {end}"));
    }

    fn go_to_base(&mut self, later: bool) {
        let at = self.at();
        let found = if later {
            self.timeline.stops().find(|base| *base > at)
        } else {
            self.timeline.stops().filter(|base| *base < at).last()
        };
        match found {
            Some(base) => self.go(base),
            None => self.said = Some(format!("there is no base {} it", if later { "after" } else { "before" })),
        }
    }

    /// Takes a pasted time.
    pub fn paste(&mut self, pasted: &str) {
        self.typed.get_or_insert_default().paste(pasted);
        self.said = None;
    }

    /// Takes a key.
    pub fn handle(&mut self, key: KeyEvent) -> Taken {
        if self.typed.is_some() {
            return self.type_key(key);
        }
        if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
            return Taken::Unknown;
        }
        match key.code {
            KeyCode::Esc => return Taken::Left,
            KeyCode::Enter => {
                self.said = None;
                return if self.wrong().is_none() { Taken::Done } else { Taken::Here };
            }
            KeyCode::Left => self.walk(false),
            KeyCode::Right => self.walk(true),
            KeyCode::Up => self.step = self.step.next(true),
            KeyCode::Down => self.step = self.step.next(false),
            KeyCode::Home | KeyCode::Char('g') => self.go(self.timeline.own.from),
            KeyCode::End | KeyCode::Char('G') => (self.chosen, self.said) = (Chosen::Latest, None),
            KeyCode::PageUp | KeyCode::Char('[') => self.go_to_base(false),
            KeyCode::PageDown | KeyCode::Char(']') => self.go_to_base(true),
            KeyCode::Char('t' | '/') => self.typed = Some(Edit::default()),
            KeyCode::Char(digit) if digit.is_ascii_digit() => self.typed = Some(Edit::new(&digit.to_string())),
            KeyCode::Char(letter) => match Step::ALL.into_iter().find(|step| step.name().starts_with(letter)) {
                Some(step) => self.step = step,
                None => return Taken::Unknown,
            },
            _ => return Taken::Unknown,
        }
        Taken::Here
    }

    fn type_key(&mut self, key: KeyEvent) -> Taken {
        let near = self.at();
        match (key.code, &mut self.typed) {
            (KeyCode::Esc, typed) => (*typed, self.said) = (None, None),
            (KeyCode::Backspace, Some(edit)) if edit.text().is_empty() => (self.typed, self.said) = (None, None),
            (KeyCode::Enter, Some(edit)) => match moment::parse(edit.text(), self.zone, near) {
                Ok(at) => {
                    self.go(at);
                    self.typed = self.typed.take().filter(|_| self.said.is_some());
                }
                Err(said) => self.said = Some(said),
            },
            (_, Some(edit)) => {
                let edited = edit.handle(key);
                self.said = if edited { None } else { self.refusal() };
            }
            (_, None) => return Taken::Unknown,
        }
        Taken::Here
    }
}

#[cfg(test)]
mod tests {
    use super::super::timeline::Window;
    use super::*;
    use chrono_tz::Europe::Berlin;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    /// From before the clocks go back in Berlin to some days after.
    fn when() -> When {
        let own = Window { from: at("2026-10-20T10:00:00Z"), to: at("2026-10-28T10:00:00Z") };
        let bases = vec![at("2026-10-20T09:59:59.5Z"), at("2026-10-24T10:00:00Z")];
        When::new(Timeline { own, bases, others: Vec::new(), jobs: Vec::new() }, Berlin, at("2026-10-28T10:00:00Z"))
    }

    fn press(when: &mut When, keys: &[KeyCode]) {
        for key in keys {
            when.handle(KeyEvent::new(*key, KeyModifiers::NONE));
        }
    }

    #[test]
    fn a_key_moves_by_the_step_that_a_letter_chose() {
        let mut when = when();
        press(&mut when, &[KeyCode::Char('m'), KeyCode::Left, KeyCode::Left, KeyCode::Char('s'), KeyCode::Right]);
        assert_eq!(when.chosen(), Chosen::At(at("2026-10-28T09:58:01Z")));
        press(&mut when, &[KeyCode::Up, KeyCode::Up, KeyCode::Left]);
        assert_eq!(when.chosen(), Chosen::At(at("2026-10-28T08:58:01Z")));
    }

    #[test]
    fn a_day_is_one_of_the_calendar_also_where_it_has_25_hours() {
        let mut when = when();
        when.go(at("2026-10-25T10:00:00Z"));
        press(&mut when, &[KeyCode::Char('d'), KeyCode::Left]);
        // 11:00 CET, and the day before 11:00 CEST.
        assert_eq!(when.chosen(), Chosen::At(at("2026-10-24T09:00:00Z")));
    }

    #[test]
    fn the_latest_moves_and_what_is_chosen_does_not() {
        let mut when = when();
        let mut longer = when.timeline().clone();
        longer.own.to += Duration::seconds(30);
        when.sync(longer.clone());
        assert_eq!((when.chosen(), when.at()), (Chosen::Latest, longer.own.to));
        press(&mut when, &[KeyCode::Char('s'), KeyCode::Left]);
        let chosen = when.at();
        longer.own.to += Duration::seconds(30);
        when.sync(longer.clone());
        assert_eq!(when.at(), chosen);
        press(&mut when, &[KeyCode::Char('G')]);
        assert_eq!(when.at(), longer.own.to);
    }

    #[test]
    fn keys_go_to_the_ends_and_to_the_bases_and_not_beyond() {
        let mut when = when();
        press(&mut when, &[KeyCode::Char('[')]);
        assert_eq!(when.at(), at("2026-10-24T10:00:00Z"));
        press(&mut when, &[KeyCode::Char('[')]);
        assert_eq!(when.at(), at("2026-10-20T10:00:00Z"));
        press(&mut when, &[KeyCode::Char('[')]);
        assert_eq!(when.wrong().unwrap(), "there is no base before it");
        press(&mut when, &[KeyCode::Left]);
        assert!(when.wrong().unwrap().contains("the earliest second"), "{:?}", when.wrong());
        press(&mut when, &[KeyCode::Char(']'), KeyCode::Home]);
        assert_eq!((when.at(), when.wrong()), (when.timeline().own.from, None));
    }

    #[test]
    fn what_lies_elsewhere_is_refused_with_where_it_is() {
        let mut when = when();
        when.go(at("2026-10-19T10:00:00Z"));
        assert!(
            when.wrong().unwrap().starts_with("must lie within 2026-10-20 12:00:00 CEST to 2026-10-28 11:00:00 CET")
        );
        let other = Window { from: at("2026-10-19T00:00:00Z"), to: at("2026-10-19T12:00:00Z") };
        when.timeline.others.push((other, "arn:aws:backup:r:1:recovery-point:before".parse().unwrap()));
        when.go(at("2026-10-19T10:00:00Z"));
        assert!(when.wrong().unwrap().contains("in another recovery point"));
        assert_eq!(when.chosen(), Chosen::Latest);
    }

    #[test]
    fn a_typed_time_that_is_wrong_stays_to_be_mended() {
        let mut when = when();
        press(&mut when, &[KeyCode::Char('0'), KeyCode::Char('x'), KeyCode::Enter]);
        assert!(when.wrong().is_some() && when.typed().is_some_and(|edit| edit.text() == "0x"));
        press(&mut when, &[KeyCode::Backspace]);
        when.paste("3:00");
        press(&mut when, &[KeyCode::Enter]);
        assert_eq!((when.chosen(), when.typed().is_none()), (Chosen::At(at("2026-10-28T02:00:00Z")), true));
    }

    #[test]
    fn what_is_too_old_meanwhile_is_not_taken() {
        let mut when = when();
        press(&mut when, &[KeyCode::Home]);
        let mut trimmed = when.timeline().clone();
        trimmed.own.from += Duration::days(1);
        when.sync(trimmed);
        assert!(when.wrong().unwrap().starts_with("must lie within"));
        assert_eq!(when.handle(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)), Taken::Here);
    }

    #[test]
    fn a_moment_is_looked_into_once_it_was_stayed_at() {
        let mut when = when();
        let wall = at("2026-10-28T10:00:00Z");
        let (short, long) = (wall + Duration::milliseconds(399), wall + Duration::milliseconds(400));
        assert_eq!((when.looked_into(short), when.rests_at(short)), (None, Some(long)));
        assert_eq!((when.looked_into(long), when.rests_at(long)), (Some(when.timeline().own.to), None));
        press(&mut when, &[KeyCode::Char('h'), KeyCode::Left]);
        when.moved(long);
        assert_eq!((when.looked_into(long), when.rests_at(long)), (None, Some(long + REST)));
        // A key that moves nothing lets it rest on.
        press(&mut when, &[KeyCode::Char('m')]);
        when.moved(long + REST / 2);
        assert_eq!(when.looked_into(long + REST), Some(at("2026-10-28T09:00:00Z")));
        // The latest second is looked into as it was when it was gone to, however far it moves on.
        press(&mut when, &[KeyCode::Char('G')]);
        when.moved(long + REST);
        let mut longer = when.timeline().clone();
        longer.own.to += Duration::seconds(30);
        when.sync(longer);
        when.moved(long + REST + REST);
        let rested = when.looked_into(long + REST + REST + REST);
        assert_eq!(rested, Some(when.timeline().own.to));
    }
}

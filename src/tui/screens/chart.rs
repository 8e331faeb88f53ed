//! The last day's jobs, hour by hour.

use crate::domain::Time;
use crate::domain::job::{BackupJob, JobState};
use crate::tui::paint::{Painter, segment};
use crate::tui::theme::Role;
use chrono::Duration;
use ratatui::layout::Rect;

/// How many hours the chart looks back.
pub const HOURS: usize = 24;

/// What happened in one hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hour {
    /// Jobs that completed without issues.
    pub good: usize,
    /// Jobs that completed with issues, or are partial or aborted.
    pub warning: usize,
    /// Jobs that failed or expired.
    pub bad: usize,
    /// Jobs that have not ended.
    pub open: usize,
}

impl Hour {
    /// All jobs of the hour.
    pub fn all(self) -> usize {
        self.good + self.warning + self.bad + self.open
    }
}

/// The last day, the oldest hour first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day(pub [Hour; HOURS]);

impl Default for Day {
    fn default() -> Self {
        Self([Hour::default(); HOURS])
    }
}

impl Day {
    /// Counts the jobs that were created in the last day before `now`.
    pub fn of<'a>(jobs: impl Iterator<Item = &'a BackupJob>, now: Time) -> Self {
        let mut day = Self::default();
        for job in jobs {
            let ago = (now - job.created).max(Duration::zero()).num_hours() as usize;
            if ago >= HOURS {
                continue;
            }
            let hour = &mut day.0[HOURS - 1 - ago];
            match job.state {
                JobState::Completed if job.completed_with_issues() => hour.warning += 1,
                JobState::Completed => hour.good += 1,
                JobState::Failed | JobState::Expired => hour.bad += 1,
                JobState::Partial | JobState::Aborted | JobState::Aborting => hour.warning += 1,
                _ => hour.open += 1,
            }
        }
        day
    }

    /// The whole day in one.
    pub fn total(&self) -> Hour {
        self.0.iter().fold(Hour::default(), |sum, hour| Hour {
            good: sum.good + hour.good,
            warning: sum.warning + hour.warning,
            bad: sum.bad + hour.bad,
            open: sum.open + hour.open,
        })
    }

    /// The counts in words and signs.
    pub fn view_counts(&self, area: Rect, painter: &mut Painter<'_>) {
        let (total, glyphs) = (self.total(), painter.glyphs);
        let quiet = |number: usize, role| if number == 0 { Role::Dim } else { role };
        let line = vec![
            segment(format!("{} {} ok", glyphs.good, total.good), quiet(total.good, Role::Good)),
            segment("  ", Role::Text),
            segment(format!("{} {} failed or expired", glyphs.bad, total.bad), quiet(total.bad, Role::Bad)),
            segment("  ", Role::Text),
            segment(format!("{} {} with issues", glyphs.warning, total.warning), quiet(total.warning, Role::Warning)),
            segment("  ", Role::Text),
            segment(format!("{} {} open", glyphs.running, total.open), quiet(total.open, Role::Running)),
        ];
        painter.line(area.x, area.y, area.width, &line);
    }

    /// The bars: one or two columns an hour, the worst thing in an hour gives its colour, and a sign below where it is bad.
    pub fn view_bars(&self, area: Rect, painter: &mut Painter<'_>) {
        let highest = self.0.iter().map(|hour| hour.all()).max().unwrap_or(0).max(1);
        let each = (area.width / HOURS as u16).clamp(1, 4);
        let rows = usize::from(area.height.saturating_sub(1));
        for (nth, hour) in self.0.iter().enumerate() {
            let x = area.x + nth as u16 * each;
            let wide = each.saturating_sub(u16::from(each > 2)).max(1);
            let role = match hour {
                Hour { bad: 1.., .. } => Role::Bad,
                Hour { warning: 1.., .. } => Role::Warning,
                Hour { open: 1.., .. } => Role::Running,
                _ => Role::Good,
            };
            let eighths = (hour.all() * rows * 8).div_ceil(highest);
            for row in 0..rows {
                let level = eighths.saturating_sub((rows - 1 - row) * 8).min(8);
                let sign = painter.glyphs.levels[level].repeat(usize::from(wide));
                painter.put(x, area.y + row as u16, wide, &sign, role);
            }
            let mark = match hour {
                Hour { bad: 1.., .. } => painter.glyphs.bad,
                Hour { warning: 1.., .. } => painter.glyphs.warning,
                _ if hour.all() == 0 => painter.glyphs.none,
                _ => " ",
            };
            let role = if hour.all() == 0 { Role::Dim } else { role };
            painter.put(x, area.y + rows as u16, wide, mark, role);
        }
    }
}

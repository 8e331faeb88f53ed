//! How far several changes have come: how many went well, and why the others did not.

use crate::client::text::listed;
use crate::tui::course::Course;
use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::dialogs::scrolled::Scrolled;
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::world::World;
use crossterm::event::KeyCode;
use ratatui::layout::Rect;

/// So many of those that failed for one reason are named.
const NAMED: usize = 8;

/// The view of how far they have come.
#[derive(Debug, Default)]
pub struct CourseView {
    scrolled: Scrolled,
}

/// How many are where.
fn counts(course: &Course) -> String {
    let mut counts = vec![format!("{} of {} went well", course.done(), course.all())];
    if course.failed() > 0 {
        counts.push(format!("{} failed", course.failed()));
    }
    if course.under_way() > 0 {
        counts.push(format!("{} under way", course.under_way()));
    }
    if course.is_stopped() && course.waiting() > 0 {
        let sent = if course.is_over() { "were not sent" } else { "are not sent" };
        counts.push(format!("{} {sent}", course.waiting()));
    }
    counts.join(", ")
}

/// Why some failed, and what that leaves.
fn lines(course: &Course, width: usize) -> Vec<(String, Role)> {
    let mut lines = Vec::new();
    let mut put = |text: &str, role: Role| {
        lines.extend(text::wrap(&text::harmless(text), width).into_iter().map(|line| (line, role)));
    };
    for reason in course.reasons() {
        put(&format!("{}: {}", reason.names.len(), reason.why), Role::Bad);
        put(&listed(&reason.names, NAMED), Role::Dim);
    }
    match (course.is_over(), course.failed() + course.waiting()) {
        (false, _) if course.is_stopped() => put("No further one is sent; what is under way ends.", Role::Warning),
        (false, _) | (true, 0) => {}
        (true, _) => put("What did not go well is still marked: r tries it again.", Role::Text),
    }
    lines
}

impl Modal for CourseView {
    fn title(&self, world: &World) -> String {
        world.course.as_ref().map_or_else(String::new, |course| course.title.clone())
    }
    fn handle(&mut self, input: Input, world: &mut World) -> Vec<Act> {
        let Input::Key(key) = input else { return Vec::new() };
        let Some(course) = &world.course else { return vec![Act::Close] };
        match key.code {
            KeyCode::Esc if course.is_over() || course.is_stopped() || course.waiting() == 0 => {
                return vec![Act::LeaveCourse];
            }
            KeyCode::Esc => return vec![Act::StopCourse],
            KeyCode::Enter if course.is_over() => return vec![Act::LeaveCourse],
            KeyCode::Char('r') if course.is_over() => {
                // It stays below until that is said yes to.
                let again = course.again().map(|proposal| Act::ProposeAll(Box::new(proposal)));
                return again.into_iter().collect();
            }
            code => _ = self.scrolled.handle(code),
        }
        Vec::new()
    }
    fn size(&self, world: &World) -> (u16, u16) {
        let lines = world.course.as_ref().map_or(0, |course| lines(course, 80).len());
        (84, (lines.min(30) + 4) as u16)
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let Some(course) = &world.course else { return };
        let ended = course.done() + course.failed();
        let role = if course.failed() > 0 { Role::Warning } else { Role::Good };
        painter.bar(area.x, area.y, area.width, ended as f64 / course.all().max(1) as f64, role);
        painter.put(area.x, area.y + 1, area.width, &counts(course), Role::Strong);
        let body = Rect::new(area.x, area.y + 3, area.width, area.height.saturating_sub(3));
        let lines = lines(course, usize::from(area.width.saturating_sub(1)));
        self.scrolled.view(&lines, body, painter);
    }
    fn hints(&self, world: &World) -> Segments<'static> {
        let course = world.course.as_ref();
        let over = course.is_none_or(Course::is_over);
        let mut hints = vec![segment("esc", Role::Key)];
        let closes = if over {
            " close  "
        } else if course.is_some_and(|course| course.is_stopped() || course.waiting() == 0) {
            " leave it to its end  "
        } else {
            " stop: no further one is sent  "
        };
        hints.push(segment(closes, Role::Dim));
        if over && course.is_some_and(|course| course.failed() + course.waiting() > 0) {
            hints.extend([segment("r", Role::Key), segment(" try again what did not go well", Role::Dim)]);
        }
        hints
    }
}

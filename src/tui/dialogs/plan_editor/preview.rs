//! What a plan would do: its next runs and what it would protect, as it is typed.

use crate::client::{Answer, Key, Query};
use crate::domain::Scope;
use crate::domain::plan::PlanDocument;
use crate::domain::plan_runs::PlanRuns;
use crate::domain::selection::{Candidate, SelectionDocument};
use crate::domain::selection_rules::select_all;
use crate::tui::fmt;
use crate::tui::paint::{Painter, segment};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::world::World;
use ratatui::layout::Rect;

/// How many of the next runs are shown.
const RUNS: usize = 10;

/// The next runs, and what is matched; made anew whenever something was typed or came.
#[derive(Debug, Default)]
pub struct Preview {
    runs: Vec<Next>,
    /// Why there are no runs to show.
    problem: Option<String>,
    /// How many resources match, of how many; none when that is not known.
    matched: Option<(usize, usize)>,
    names: Vec<String>,
}

/// One of the next runs.
#[derive(Debug)]
struct Next {
    /// In the rule's own time zone.
    local: String,
    rule: String,
    /// The rule that runs instead, where windows overlap.
    displaced_by: Option<String>,
}

impl Preview {
    /// Works it out.
    pub fn new(document: &PlanDocument, selections: &[SelectionDocument], scope: &Scope, world: &World) -> Self {
        let mut preview = Self::default();
        match PlanRuns::new(document, None) {
            Ok(runs) => preview.runs = runs.all_after(world.now()).take(RUNS).map(|run| next(document, run)).collect(),
            Err(invalid) => preview.problem = Some(invalid.message),
        }
        preview.find(selections, scope, world);
        preview
    }

    fn find(&mut self, selections: &[SelectionDocument], scope: &Scope, world: &World) {
        let Some(resources) = world.store.resources(scope) else { return };
        let settings = world.store.slot(&Key::scoped(scope.clone(), Query::RegionSettings));
        let opted_in = |resource_type: &crate::domain::ResourceType| match &settings.answer {
            Some(Answer::RegionSettings(settings)) => settings.get(resource_type.as_str()).copied().unwrap_or(true),
            _ => true,
        };
        let mut taken = vec![false; resources.len()];
        for selection in selections {
            let candidates =
                resources.iter().map(|r| Candidate { arn: &r.arn, resource_type: &r.resource_type, tags: &r.tags });
            for found in select_all(selection, candidates, opted_in) {
                if let Some(place) = resources.iter().position(|resource| resource.arn == *found.arn) {
                    taken[place] = true;
                }
            }
        }
        let matched = resources.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(resource, _)| resource);
        self.names = matched
            .map(|resource| match resource.name.as_ref().known() {
                Some(name) => format!("{} {name}", resource.resource_type),
                None => format!("{} {}", resource.resource_type, resource.arn.last_part()),
            })
            .collect();
        self.matched = Some((self.names.len(), resources.len()));
    }

    /// One line for small screens.
    pub fn summary(&self) -> String {
        let runs = match (&self.problem, self.runs.first()) {
            (Some(problem), _) => problem.clone(),
            (None, Some(next)) => format!("next run {}", next.local),
            (None, None) => "no run ahead".to_owned(),
        };
        format!("{runs}; {}", self.matches())
    }

    fn matches(&self) -> String {
        match self.matched {
            Some((matched, all)) => format!("matches {matched} of {}", text::count(all, "resource", "resources")),
            None => "which resources match is not known yet".to_owned(),
        }
    }

    /// Draws all of it, one thing below the other.
    pub fn view(&self, area: Rect, painter: &mut Painter<'_>) {
        let mut y = area.y;
        let heading = |painter: &mut Painter<'_>, y: u16, title: String| {
            painter.rule(Rect::new(area.x, y, area.width, 1), &vec![segment(title, Role::Title)], &Vec::new());
        };
        heading(painter, y, "next ten runs".to_owned());
        y += 1;
        let rest = |y: u16| Rect::new(area.x, y, area.width, area.bottom().saturating_sub(y));
        if let Some(problem) = &self.problem {
            y += painter.paragraph(rest(y), problem, Role::Bad);
        } else if self.runs.is_empty() {
            y += painter.paragraph(rest(y), "It never runs again: its years are over.", Role::Warning);
        }
        for run in &self.runs {
            if y + 1 >= area.bottom() {
                return;
            }
            let (role, tail) = match &run.displaced_by {
                None => (Role::Text, run.rule.clone()),
                Some(winner) => (Role::Disabled, format!("{}: {winner} runs instead", run.rule)),
            };
            let used = painter.put(area.x, y, area.width, &run.local, role);
            painter.put(area.x + used + 2, y, area.width.saturating_sub(used + 2), &tail, Role::Dim);
            y += 1;
        }
        y += 1;
        if y + 1 >= area.bottom() {
            return;
        }
        heading(painter, y, self.matches());
        y += 1;
        for name in self.names.iter().take(usize::from(area.bottom().saturating_sub(y))) {
            painter.put(area.x, y, area.width, name, Role::Text);
            y += 1;
        }
        if self.matched.is_some_and(|(matched, _)| matched == 0) {
            painter.paragraph(rest(y), "Nothing is protected until something matches.", Role::Warning);
        }
    }
}

fn next(document: &PlanDocument, run: crate::domain::plan_runs::Run) -> Next {
    let name = |rule: usize| document.rules.get(rule).map(|rule| rule.rule_name.clone()).unwrap_or_default();
    let schedule = document.rules.get(run.rule).and_then(|rule| rule.schedule().ok());
    let local = match schedule {
        Some(schedule) => run.at.with_timezone(&schedule.time_zone()).format("%a %Y-%m-%d %H:%M %Z").to_string(),
        None => fmt::exact(run.at),
    };
    Next { local, rule: name(run.rule), displaced_by: run.displaced_by.map(|winner| name(winner.rule)) }
}

//! The chosen cell of the grid in words.

use super::Row;
use super::sight::{Seen, Sight, Why};
use crate::client::{Key, Offer, Query};
use crate::domain::job::BackupJob;
use crate::domain::{Account, Region, Scope};
use crate::tui::command::Command;
use crate::tui::fmt;
use crate::tui::fmt::resource_name;
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::screens::details::Detail;
use crate::tui::screens::pane;
use crate::tui::screens::sheets::Sheet;
use crate::tui::text::count;
use crate::tui::theme::Role;
use crate::tui::world::World;
use ratatui::layout::Rect;

/// The chosen cell: what is seen of it, or why nothing is.
pub(super) fn view_chosen(
    row: &Row,
    region: &Region,
    sight: &Sight,
    world: &World,
    area: Rect,
    painter: &mut Painter<'_>,
) {
    let title = pane::title(&name(row, region), row.account.id.as_str(), world);
    let hint = vec![segment(world.keymap.told(Command::NextTab), Role::Key), segment(" next region", Role::Dim)];
    painter.rule(Rect::new(area.x, area.y, area.width, 1), &title, &hint);
    let inner = Rect::new(area.x + 2, area.y + 1, area.width.saturating_sub(3), area.height - 1);
    let lines = match sight {
        Sight::Waiting => vec![vec![segment("It has not answered yet.", Role::Dim)]],
        Sight::Blind(why) => {
            let (what, advice) = blind(why, &row.account, region, world);
            let used = painter.paragraph(inner, &what, Role::Warning);
            let rest = Rect::new(inner.x, inner.y + used, inner.width, inner.height.saturating_sub(used));
            painter.paragraph(rest, &advice, Role::Dim);
            return;
        }
        Sight::Seen(seen) => told(seen, row, region, world),
    };
    for (nth, line) in lines.iter().take(usize::from(inner.height)).enumerate() {
        painter.line(inner.x, inner.y + nth as u16, inner.width, line);
    }
}

fn name(row: &Row, region: &Region) -> String {
    let unit = if row.unit.is_empty() { String::new() } else { format!("{}/", row.unit) };
    format!("{unit}{} in {region}", row.account.name)
}

/// The chosen cell beside the grid: the same in full.
pub(super) fn sheet(row: &Row, region: &Region, sight: &Sight, world: &World) -> Sheet {
    let mut facts = vec![Detail::new("Account id", row.account.id.to_string())];
    facts.push(Detail::heading("What is seen"));
    match sight {
        Sight::Waiting => facts.push(Detail::paragraph("It has not answered yet.", Role::Dim)),
        Sight::Blind(why) => {
            let (what, advice) = blind(why, &row.account, region, world);
            facts.push(Detail::paragraph(what, Role::Warning));
            facts.push(Detail::paragraph(advice, Role::Dim));
        }
        Sight::Seen(seen) => {
            let line = |line: Segments<'static>| {
                let role = line.first().map_or(Role::Text, |(_, role)| *role);
                let text: String = line.iter().map(|(text, _)| text.as_ref()).collect();
                Detail::paragraph(text.trim_start(), role)
            };
            facts.extend(told(seen, row, region, world).into_iter().map(line));
            facts.extend(lag(&Scope::new(row.account.id.clone(), region.clone()), world));
        }
    }
    let name = name(row, region);
    Sheet { kind: "Account", name, keys: Vec::new(), facts: Some(facts), absent: &[] }
}

/// Why a cell is blind, and what can be done about it.
pub(super) fn blind(why: &Why, account: &Account, region: &Region, world: &World) -> (String, String) {
    match why {
        Why::NoRole => (
            format!("No role is named with which to enter {}.", account.name),
            "Name one that its account lets you assume as member_role of the context in the config file.".to_owned(),
        ),
        Why::NotAsked => (
            format!("{region} is not asked of {}.", account.name),
            "The regions that are asked are those of --region, or regions of the context in the config file."
                .to_owned(),
        ),
        Why::Fault(fault) => {
            let advice = match fault.offer() {
                Offer::Retry => world.keymap.fill("It is asked again by itself; {refresh} asks now."),
                Offer::LogIn(command) => {
                    world.keymap.fill("Sign in, and it goes on by itself; {refresh} asks at once: ") + &command
                }
                Offer::Nothing => String::new(),
            };
            (format!("{}: {}", fault.label(), fault.message), advice)
        }
    }
}

/// Whose newest backup is the oldest: how far behind its backups an account is.
fn lag(scope: &Scope, world: &World) -> Option<Detail> {
    let protected = world.store.protected(scope).into_iter().flat_map(|all| all.iter());
    let (at, arn) = protected.filter_map(|one| Some((one.last_backup_time?, &one.arn))).min()?;
    let (name, age) = (world.resource_name(scope, arn), fmt::coarse(world.now() - at));
    Some(Detail::paragraph(format!("No newest backup is older than that of {name}: {age}."), Role::Text))
}

fn told(seen: &Seen, row: &Row, region: &Region, world: &World) -> Vec<Segments<'static>> {
    let scope = Scope::new(row.account.id.clone(), region.clone());
    let mut lines = vec![health(seen, world)];
    let last = |job: &BackupJob| {
        let name = resource_name(job.resource_name.as_ref(), &job.resource_arn);
        let why = job.status_message.clone().map(|why| format!(": {why}")).unwrap_or_default();
        format!("  {name} {} {}{why}", job.state.as_str().to_lowercase(), fmt::relative(world.now(), job.created))
    };
    lines.extend(seen.troubles.first().map(|job| vec![segment(last(job), Role::Text)]));
    lines.push(vec![match (&seen.unprotected, seen.protected) {
        (Some(open), Some(0)) if open.is_empty() => segment("Nothing that can be protected is known here.", Role::Dim),
        (Some(open), Some(1)) if open.is_empty() => segment("The only resource is protected.", Role::Text),
        (Some(open), Some(number)) if open.is_empty() => {
            segment(format!("All {} are protected.", count(number, "resource", "resources")), Role::Text)
        }
        (Some(open), Some(_)) => {
            segment(format!("{} resources are protected; not: {}", seen.coverage(), open.join(", ")), Role::Warning)
        }
        (None, Some(number)) => segment(
            format!("{} protected; what else there is, is not known.", count(number, "resource is", "resources are")),
            Role::Dim,
        ),
        (_, None) => segment("What is protected is not known here.", Role::Dim),
    }]);
    lines.push(vec![match &seen.policies {
        None => segment("Which plans there are is not known here.", Role::Dim),
        Some(plans) if plans.is_empty() => segment("No backup policy of the organization is in force.", Role::Dim),
        Some(plans) => {
            let number = count(plans.len(), "policy-made plan is", "policy-made plans are");
            segment(format!("{number} in force: {}", plans.join(", ")), Role::Text)
        }
    }]);
    if let Some(fault) = &seen.fault {
        let age = world.store.slot(&Key::scoped(scope, Query::BackupJobs)).at;
        let age = age.map(|at| format!(" (told {} ago)", fmt::coarse(world.wall - at))).unwrap_or_default();
        lines.insert(0, vec![segment(format!("{} {fault}{age}", world.glyphs.warning), Role::Warning)]);
    }
    lines
}

fn health(seen: &Seen, world: &World) -> Segments<'static> {
    let (sign, role) = seen.health.sign(world);
    let said = match (seen.tried, seen.troubles.len()) {
        (0, _) => "no backup has ended yet".to_owned(),
        (tried, 0) => format!("the last backup of {} is good", count(tried, "resource", "resources")),
        (tried, bad) => format!("{bad} of {} did not complete the last time", count(tried, "resource", "resources")),
    };
    let mut line = vec![segment(format!("{sign} {said}"), role)];
    if seen.running > 0 {
        let running = count(seen.running, "job is", "jobs are");
        line.push(segment(format!("; {running} under way"), Role::Running));
    }
    line
}

//! Problems, as the overview and the list of findings show them: what a person on call must see first.

use crate::client::attributes::Scoped;
use crate::client::mutes::Mute;
use crate::client::survey;
use crate::client::wall::Wall;
use crate::domain::finding::{Facts, Failing, Finding, FindingKind, Severity, Subject, findings};
use crate::domain::job::{BackupJob, JobState, RestoreJob};
use crate::domain::names::JobId;
use crate::domain::value::Unit;
use crate::domain::{Scope, Time};
use crate::tui::paint::{Painter, segment};
use crate::tui::route::{Route, Tab};
use crate::tui::screens::details::Detail;
use crate::tui::screens::sheets::Sheet;
use crate::tui::screens::{pane, status};
use crate::tui::table::{Cell, Column, Record, by_text};
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::{dialog, fmt, moment, subject};
use ratatui::layout::Rect;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// One problem.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Tells it from the others.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// Whether a later run made it good.
    pub recovered: bool,
    /// One word: `FAILED`.
    pub what: &'static str,
    /// What it is about.
    pub name: String,
    /// Why, as far as known.
    pub detail: String,
    /// What that means, in plain words.
    pub meaning: Option<&'static str>,
    /// What tells it from others, however often it is found again.
    pub key: String,
    /// Why nobody wants to be reminded of it, and until when.
    pub mute: Option<Mute>,
    /// By what rule it was found.
    pub rule: &'static str,
    /// When.
    pub at: Time,
    /// Since when it fails, where it failed before and never went well between.
    pub since: Time,
    /// Where it lives.
    pub scope: Scope,
    /// What opens.
    pub route: Route,
}

static COLUMNS: &[Column<Problem>] = &[
    Column::<Problem>::new("WHAT", 13, 24, look).sorted(|a, b| b.severity.cmp(&a.severity)),
    Column::<Problem>::new("WHEN", 11, 12, |problem, world| Cell::plain(fmt::relative(world.now(), problem.at)))
        .measured(Unit::Moment, |problem, _| problem.at.into())
        .right()
        .sorted(|a, b| b.at.cmp(&a.at))
        .priority(1),
    Column::<Problem>::new("OF", 14, 24, |problem, _| Cell::new(problem.name.clone(), Role::Accent))
        .sorted(|a, b| by_text(&a.name, &b.name)),
    Column::account(10, 18).by_account().priority(3),
    Column::region(12, 14).priority(4),
    Column::<Problem>::new("WHY", 20, 30, |problem, _| Cell::plain(problem.detail.clone())).grows().priority(2),
];

/// What kind of problem it is, and how bad.
fn look(problem: &Problem, world: &World) -> Cell {
    let (sign, role) = match problem.severity {
        _ if problem.mute.is_some() => (world.glyphs.none, Role::Dim),
        _ if problem.recovered => (world.glyphs.good, Role::Dim),
        Severity::Critical => (world.glyphs.bad, Role::Bad),
        Severity::Warning => (world.glyphs.warning, Role::Warning),
        Severity::Notice => (world.glyphs.none, Role::Text),
    };
    let recovered = match &problem.mute {
        Some(_) => ", muted",
        None if problem.recovered => ", ok since",
        None => "",
    };
    Cell::new(format!("{sign} {}{recovered}", problem.what), role)
}

impl Scoped for Problem {
    fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl Record for Problem {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn words(&self, words: &mut String) {
        for word in [self.what, &self.name, &self.detail, self.scope.account.as_str(), self.scope.region.as_str()] {
            words.push_str(word);
            words.push(' ');
        }
    }
    fn is_problem(&self) -> bool {
        !self.recovered && self.mute.is_none() && self.severity != Severity::Notice
    }
}

/// What needs a look now: of all problems those that are open, and those that passed within a day.
pub fn of_now(world: &World) -> Vec<Problem> {
    let now = world.now();
    problems(None, world, |finding| is_now(finding, now) && world.mutes.of(&finding.key(), world.wall).is_none())
}

/// Of these those that speak: something is to be done about them, and nobody muted them.
pub fn speaking(world: &World) -> Vec<Finding> {
    let now = world.now();
    let mut found = findings(&facts(None, world));
    let speaks = |finding: &Finding| finding.is_open() && world.mutes.of(&finding.key(), world.wall).is_none();
    found.retain(|finding| is_now(finding, now) && speaks(finding));
    found
}

fn is_now(finding: &Finding, now: Time) -> bool {
    match finding.kind {
        // A tile tells how many there are.
        FindingKind::Unprotected | FindingKind::NeverProven => false,
        _ if finding.is_state() => finding.severity != Severity::Notice,
        _ => finding.is_current(now),
    }
}

/// All problems of the scopes that are shown: the open ones first, the worst first, the newest first.
pub fn of(wall: &Wall, world: &World) -> Vec<Problem> {
    problems(Some(wall), world, |_| true)
}

/// The problems of the findings that are `wanted`: of the others, of which a year has many, nothing is looked up or written.
/// Without a wall nothing is told of resources that no plan selects or no test proved.
fn problems(wall: Option<&Wall>, world: &World, wanted: impl Fn(&Finding) -> bool) -> Vec<Problem> {
    let facts = facts(wall, world);
    let jobs = Jobs::of(&facts);
    findings(&facts).into_iter().filter(wanted).map(|finding| problem(finding, &jobs, world)).collect()
}

/// The jobs that a finding may be about, by their ids.
struct Jobs<'a> {
    backups: HashMap<&'a JobId, &'a BackupJob>,
    restores: HashMap<&'a JobId, &'a RestoreJob>,
    failing: Failing<'a>,
}

impl<'a> Jobs<'a> {
    fn of(facts: &Facts<'a>) -> Self {
        // Nearly all jobs completed, and of those there is no finding.
        let whole = |job: &BackupJob| job.state == JobState::Completed && !job.completed_with_issues();
        let backups = facts.backup_jobs.iter().filter(|job| !whole(job));
        let restores = facts.restore_jobs.iter().filter(|job| job.state != JobState::Completed);
        Self {
            backups: backups.map(|job| (&job.id, *job)).collect(),
            restores: restores.map(|job| (&job.id, *job)).collect(),
            failing: Failing::of(&facts.backup_jobs),
        }
    }

    /// Since when that fails of which a finding tells.
    fn since(&self, finding: &Finding) -> Time {
        let job = match &finding.subject {
            Subject::BackupJob(id) if !finding.recovered => self.backups.get(id),
            _ => None,
        };
        job.and_then(|job| self.failing.since(job)).unwrap_or(finding.at).min(finding.at)
    }
}

fn facts<'a>(wall: Option<&'a Wall>, world: &'a World) -> Facts<'a> {
    let engine = world.scopes.first().zip(world.store.engine_problems());
    survey::facts(world, &world.shown, world.now(), wall, engine)
}

fn problem(finding: Finding, jobs: &Jobs<'_>, world: &World) -> Problem {
    let (is_state, key, since) = (finding.is_state(), finding.key(), jobs.since(&finding));
    let scope = finding.scope.clone();
    let (id, route) = match finding.subject {
        Subject::BackupJob(id) => (id.to_string(), Route::BackupJob(scope, id)),
        Subject::RestoreJob(id) => (id.to_string(), Route::RestoreJob(scope, id)),
        Subject::CopyJob(id) => (id.to_string(), Route::CopyJob(scope, id)),
        Subject::Plan(id) => (format!("{id} {}", finding.title), Route::Plan(scope, id)),
        Subject::RecoveryPoint { vault, arn } => (arn.to_string(), Route::Point(scope, vault.into(), arn)),
        Subject::Vault(name) => (name.clone(), Route::Vault(scope, name.into())),
        Subject::Resource(arn) => (arn.to_string(), Route::Resource(scope, arn)),
        Subject::Type(resource_type) => (resource_type.to_string(), Route::Tab(Tab::Resources)),
        Subject::Engine(code) => (code, Route::Tab(Tab::Overview)),
    };
    let meaning = match (&route, finding.kind) {
        (Route::BackupJob(_, id), _) => jobs.backups.get(id).and_then(|job| {
            let message = job.status_message.as_deref();
            status::meaning(&job.state, job.initiated.is_some(), job.message_category.as_deref(), message)
        }),
        (Route::RestoreJob(_, id), _) => {
            let job = jobs.restores.get(id);
            job.and_then(|job| status::meaning(&job.state, true, None, job.status_message.as_deref()))
        }
        (_, kind) => meaning_of(kind),
    };
    let restored = match &route {
        Route::RestoreJob(scope, id) => {
            let source = jobs.restores.get(id).and_then(|job| job.source_resource_arn.as_ref());
            source.map(|arn| world.resource_name(scope, arn))
        }
        _ => None,
    };
    let (_, name) = finding.title.split_once(": ").unwrap_or(("", &finding.title));
    Problem {
        // What is so now, whenever it began, is the same thing when it is told again.
        id: if is_state { format!("{id} {}", finding.title) } else { format!("{id} {}", finding.at.timestamp()) },
        severity: finding.severity,
        recovered: finding.recovered,
        what: word(finding.kind, &route),
        name: restored.unwrap_or_else(|| name.to_owned()),
        meaning,
        rule: finding.kind.rule(),
        mute: world.mutes.of(&key, world.wall).cloned(),
        key,
        detail: if finding.detail.is_empty() { finding.title.clone() } else { finding.detail },
        at: finding.at,
        since,
        scope: finding.scope,
        route,
    }
}

/// What is told of a problem when somebody asks what it is.
pub fn rule(problem: &Problem, world: &World) -> dialog::Rule {
    dialog::Rule {
        title: format!("{} {}", problem.what, problem.name),
        rule: problem.rule,
        detail: problem.detail.clone(),
        remedy: problem.meaning.unwrap_or(
            "Its message says why: enter opens it with its timeline. `b` leads to what can be restored, and `a` backs the resource up \
             again once the cause is gone.",
        ),
        subject: subject(problem, world),
    }
}

/// What a kind of finding means and what to do about it, where its message does not say.
fn meaning_of(kind: FindingKind) -> Option<&'static str> {
    Some(match kind {
        FindingKind::MissingRun => {
            "The plan was due and no job tells of it: AWS Backup reports nothing then. Look at the plan's role, at the \
             selection, and whether the type is opted in."
        }
        FindingKind::KeyUnusable => {
            "`vaultdeck key list` tells the keys, `vaultdeck key cancel-deletion` and `vaultdeck key enable` give one back. On AWS \
             the same is done in KMS."
        }
        FindingKind::Engine => "`vaultdeck status` tells the same, and its exit code does too.",
        FindingKind::ObjectiveMissed => {
            "What changed since then would be lost. Look at its last jobs (enter), and back it up now (`a`) once the cause is gone."
        }
        FindingKind::DamagedRecoveryPoint => {
            "What is damaged is named in the point (enter); the rest of it can be restored. Restore from another point (`b`), and back \
             the resource up again: what is there still is stored anew."
        }
        FindingKind::StuckRecoveryPoint => {
            "It is kept, and costs, until it is deleted: look whether the role that made it is still there and may delete, then delete \
             it (`a`). What is PARTIAL restores what it has."
        }
        FindingKind::CopyLags => {
            "A copy that is made a day late protects from nothing until then. Its failures are findings of their own: look at the \
             destination's access policy, its lock and its key, and whether copies between accounts are on."
        }
        FindingKind::OptedOut => {
            "Opt the region in to the type: `aws backup update-region-settings --resource-type-opt-in-preference TYPE=true`."
        }
        FindingKind::Unprotected => "Add it to a plan's selection (3), or give it the tag that a plan selects by.",
        FindingKind::ContinuousStopped => {
            "What it holds can be restored, and no later second. Back the resource up again under its continuous rule to go on."
        }
        FindingKind::LockCoolingOff => "`a` on the vault takes the lock off or changes it, as long as it cools off.",
        FindingKind::KeptForEver => {
            "Give later backups a lifecycle: the rules that make these have none. What is there stays as long as the vault."
        }
        FindingKind::UnusualChange => {
            "Data that is encrypted or deleted by somebody looks so, and so does a migration. Look at what changed, and restore \
             from a point before it if nobody knows why."
        }
        FindingKind::NeverProven => {
            "A backup is as good as its restore: `a` on one of its recovery points tests one, `vaultdeck restore test POINT` too."
        }
        FindingKind::WindowAtRisk => {
            "A job that misses its window is EXPIRED, and nothing of it is kept. Widen the window of its rule (3), or see what \
             it waits for."
        }
        _ => return None,
    })
}

/// One word for the eye.
fn word(kind: FindingKind, route: &Route) -> &'static str {
    match (kind, route) {
        (FindingKind::Failed, Route::RestoreJob(..)) => "RESTORE FAILED",
        (FindingKind::Failed, Route::CopyJob(..)) => "COPY FAILED",
        (FindingKind::Failed, _) => "FAILED",
        (FindingKind::Expired, _) => "EXPIRED",
        (FindingKind::MissingRun, _) => "MISSING RUN",
        (FindingKind::RoleUnusable, _) => "NO ROLE",
        (FindingKind::ObjectiveMissed, _) => "TOO OLD",
        (FindingKind::WindowAtRisk, _) => "AT RISK",
        (FindingKind::CompletedWithIssues, _) => "ISSUES",
        (FindingKind::DamagedRecoveryPoint, _) => "DAMAGED",
        (FindingKind::KeyUnusable, _) => "NO KEY",
        (FindingKind::StuckRecoveryPoint, _) => "STUCK",
        (FindingKind::ContinuousStopped, _) => "NOT CONTINUOUS",
        (FindingKind::CopyLags, _) => "COPY LAGS",
        (FindingKind::OptedOut, _) => "OPTED OUT",
        (FindingKind::Unprotected, _) => "NO PLAN",
        (FindingKind::LockCoolingOff, _) => "COOLING OFF",
        (FindingKind::KeptForEver, _) => "FOR EVER",
        (FindingKind::UnusualChange, _) => "UNUSUAL",
        (FindingKind::NeverProven, _) => "UNPROVEN",
        (FindingKind::Stopped, _) => "STOPPED",
        (FindingKind::Engine, _) => "ENGINE",
    }
}

/// What the actions are about when a problem is selected.
pub fn subject(problem: &Problem, world: &World) -> subject::Subject {
    use subject::{Part, Subject};
    let store = &world.store;
    match &problem.route {
        Route::BackupJob(scope, id) => {
            store.find_backup_job(scope, id).map_or(Subject::Nothing, |job| Subject::BackupJob(Arc::clone(job)))
        }
        Route::RestoreJob(scope, id) => {
            store.find_restore_job(scope, id).map_or(Subject::Nothing, |job| Subject::RestoreJob(Arc::clone(job)))
        }
        Route::CopyJob(scope, id) => {
            let jobs = store.copy_jobs(scope);
            let job = jobs.and_then(|jobs| jobs.iter().find(|job| job.id == *id));
            job.map_or(Subject::Nothing, |job| Subject::CopyJob(Arc::clone(job)))
        }
        Route::Plan(scope, id) => store.plan(scope, id).map_or(Subject::Nothing, |detail| {
            let name = detail.plan.document.backup_plan_name.clone();
            Subject::Plan(scope.clone(), id.clone(), name, detail.plan.arn.clone())
        }),
        Route::Point(scope, _, arn) => {
            let point = store.find_point(scope, arn);
            point.map_or(Subject::Nothing, |point| Subject::Point(Arc::clone(point), Part::Whole))
        }
        Route::Vault(scope, named) => {
            let vault = store.find_vault(scope, named);
            vault.map_or(Subject::Nothing, |vault| Subject::Vault(Arc::clone(vault)))
        }
        Route::Resource(scope, arn) => Subject::Resource(scope.clone(), arn.clone()),
        _ => Subject::Nothing,
    }
}

/// Until when it is muted, and why.
fn muted(mute: &Mute, world: &World) -> String {
    let until =
        mute.until.map_or_else(|| "for good".to_owned(), |until| format!("until {}", moment::shown(until, world.zone)));
    format!("{until}, by {}: {}", mute.who, mute.note)
}

/// A problem in full: what was said, and what it means.
pub fn view_detail(problem: &Problem, world: &World, area: Rect, painter: &mut Painter<'_>) {
    let head = Rect::new(area.x, area.y, area.width, 1);
    let place = world.scope_name(&problem.scope);
    painter.rule(head, &pane::title(&problem.name, &place, world), &vec![segment("enter opens it", Role::Dim)]);
    let mut y = area.y + 1;
    let rest = |y: u16| Rect::new(area.x + 2, y, area.width.saturating_sub(3), area.bottom().saturating_sub(y));
    y += painter.paragraph(rest(y), &problem.detail, Role::Text);
    if let Some(meaning) = problem.meaning {
        y += painter.paragraph(rest(y), meaning, Role::Dim);
    }
    painter.paragraph(rest(y), problem.rule, Role::Dim);
}

/// A problem, and below it what it is about.
pub fn sheet(problem: &Problem, about: Option<Sheet>, world: &World) -> Sheet {
    let mut facts = vec![
        Detail::cell("What", look(problem, world)),
        Detail::new("When", format!("{} ({})", fmt::exact(problem.at), fmt::relative(world.now(), problem.at))),
    ];
    // A job says itself why it ended so, and what that means.
    let told = about.as_ref().is_some_and(|about| about.facts.is_some());
    if !told || !matches!(problem.route, Route::BackupJob(..) | Route::RestoreJob(..)) {
        facts.push(Detail::new("Why", problem.detail.clone()));
        facts.extend(problem.meaning.map(|meaning| Detail::cell("What it means", Cell::new(meaning, Role::Strong))));
        facts.push(Detail::new("Account, region", world.scope_name(&problem.scope)));
    }
    facts.push(Detail::new("Rule", problem.rule));
    facts.extend(problem.mute.as_ref().map(|mute| Detail::new("Muted", muted(mute, world))));
    let mut keys = Vec::new();
    if let Some(about) = about {
        keys = about.keys;
        facts.extend(about.facts.into_iter().flat_map(|told| std::iter::once(Detail::heading(about.kind)).chain(told)));
    }
    Sheet { kind: "Finding", name: problem.name.clone(), keys, facts: Some(facts), absent: &[] }
}

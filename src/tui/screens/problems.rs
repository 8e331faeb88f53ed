//! Problems, as the overview and the list of findings show them: what a person on call must see first.

use crate::client::attributes::Scoped;
use crate::domain::finding::{Facts, Finding, FindingKind, Severity, Subject, findings};
use crate::domain::job::{BackupJob, JobState, RestoreJob};
use crate::domain::names::JobId;
use crate::domain::{Scope, Time};
use crate::tui::paint::{Painter, segment};
use crate::tui::route::{Route, Tab};
use crate::tui::screens::details::Detail;
use crate::tui::screens::sheets::Sheet;
use crate::tui::screens::{pane, status};
use crate::tui::subject;
use crate::tui::table::{Cell, Column, Record, by_text};
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::{fmt, keys};
use chrono::Duration;
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
    /// When.
    pub at: Time,
    /// Where it lives.
    pub scope: Scope,
    /// What opens.
    pub route: Route,
}

static COLUMNS: &[Column<Problem>] = &[
    Column::<Problem>::new("WHAT", 13, 24, look).sorted(|a, b| b.severity.cmp(&a.severity)),
    Column::<Problem>::new("WHEN", 11, 12, |problem, world| Cell::plain(fmt::relative(world.now(), problem.at)))
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
        _ if problem.recovered => (world.glyphs.good, Role::Dim),
        Severity::Critical => (world.glyphs.bad, Role::Bad),
        Severity::Warning => (world.glyphs.warning, Role::Warning),
        Severity::Notice => (world.glyphs.none, Role::Text),
    };
    let recovered = if problem.recovered { ", ok since" } else { "" };
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
        !self.recovered && self.severity != Severity::Notice
    }
}

/// Problems stay in view this long when nothing made them good.
const OPEN: Duration = Duration::days(7);
/// Problems that a later run made good, and what someone stopped, stay this long.
const PASSED: Duration = Duration::hours(24);
/// Missing runs are looked for this far back.
const MISSING: Duration = Duration::days(3);

/// What needs a look now: of all problems those that are open, and those that passed within a day.
pub fn of_now(world: &World) -> Vec<Problem> {
    problems(world, |finding| is_now(finding, world.now()))
}

fn is_now(finding: &Finding, now: Time) -> bool {
    let passed = finding.recovered || finding.severity == Severity::Notice;
    is_state(&finding.subject) || now - finding.at <= if passed { PASSED } else { OPEN }
}

/// All problems of the scopes that are shown: the open ones first, the worst first, the newest first.
pub fn of(world: &World) -> Vec<Problem> {
    problems(world, |_| true)
}

/// The problems of the findings that are `wanted`: of the others, of which a year has many, nothing is looked up or written.
fn problems(world: &World, wanted: impl Fn(&Finding) -> bool) -> Vec<Problem> {
    let facts = facts(world);
    let jobs = Jobs::of(&facts);
    findings(&facts).into_iter().filter(wanted).map(|finding| problem(finding, &jobs, world)).collect()
}

/// The jobs that a finding may be about, by their ids.
struct Jobs<'a> {
    backups: HashMap<&'a JobId, &'a BackupJob>,
    restores: HashMap<&'a JobId, &'a RestoreJob>,
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
        }
    }
}

fn facts(world: &World) -> Facts<'_> {
    let now = world.now();
    let store = &world.store;
    let mut facts = Facts { now, since: now - MISSING, ..Facts::default() };
    if let (Some(problems), Some(home)) = (store.engine_problems(), world.scopes.first()) {
        facts.engine = Some((home, problems));
    }
    for scope in &world.shown {
        let Some(jobs) = store.backup_jobs(scope) else { continue };
        facts.backup_jobs.extend(jobs.iter().map(AsRef::as_ref));
        facts
            .restore_jobs
            .extend(store.restore_jobs(scope).into_iter().flat_map(|jobs| jobs.iter()).map(AsRef::as_ref));
        for summary in store.plans(scope).into_iter().flat_map(|plans| plans.iter()) {
            if let Some(detail) = store.plan(scope, &summary.id)
                && let Ok(selections) = &detail.selections
            {
                facts.plans.push((&detail.plan, selections.as_slice()));
            }
        }
    }
    for scope in &world.shown {
        // Points are listed vault by vault, so only those are known whose list was asked for.
        for vault in store.vaults(scope).into_iter().flat_map(|vaults| vaults.iter()) {
            let points = store.points(scope, &vault.named());
            facts.vault_keys.extend(keys::of(vault, world).map(|key| (vault.as_ref(), key.as_ref())));
            facts.recovery_points.extend(points.into_iter().flat_map(|points| points.iter()).map(AsRef::as_ref));
        }
        let protected = store.protected(scope);
        facts.protected.extend(protected.into_iter().flat_map(|all| all.iter()).map(AsRef::as_ref));
    }
    facts
}

fn problem(finding: Finding, jobs: &Jobs<'_>, world: &World) -> Problem {
    let is_state = is_state(&finding.subject);
    let scope = finding.scope.clone();
    let (id, route) = match finding.subject {
        Subject::BackupJob(id) => (id.to_string(), Route::BackupJob(scope, id)),
        Subject::RestoreJob(id) => (id.to_string(), Route::RestoreJob(scope, id)),
        Subject::Plan(id) => (format!("{id} {}", finding.title), Route::Plan(scope, id)),
        Subject::RecoveryPoint { vault, arn } => (arn.to_string(), Route::Point(scope, vault.into(), arn)),
        Subject::Vault(name) => (name.clone(), Route::Vault(scope, name.into())),
        Subject::Resource(arn) => (arn.to_string(), Route::Resource(scope, arn)),
        Subject::Engine(code) => (code, Route::Tab(Tab::Overview)),
    };
    let restore = matches!(route, Route::RestoreJob(..));
    let meaning = match (&route, finding.kind) {
        (Route::BackupJob(_, id), _) => jobs.backups.get(id).and_then(|job| {
            let message = job.status_message.as_deref();
            status::meaning(&job.state, job.initiated.is_some(), job.message_category.as_deref(), message)
        }),
        (Route::RestoreJob(_, id), _) => {
            let job = jobs.restores.get(id);
            job.and_then(|job| status::meaning(&job.state, true, None, job.status_message.as_deref()))
        }
        (_, FindingKind::MissingRun) => Some(
            "The plan was due and no job tells of it: AWS Backup reports nothing then. Look at the plan's role, at the \
             selection, and whether the type is opted in.",
        ),
        (_, FindingKind::KeyUnusable) => Some(
            "`vaultdeck key list` tells the keys, `vaultdeck key cancel-deletion` and `vaultdeck key enable` give one back. On AWS \
             the same is done in KMS.",
        ),
        (_, FindingKind::Engine) => Some("`vaultdeck status` tells the same, and its exit code does too."),
        _ => None,
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
        what: word(finding.kind, restore),
        name: restored.unwrap_or_else(|| name.to_owned()),
        meaning,
        detail: if finding.detail.is_empty() { finding.title.clone() } else { finding.detail },
        at: finding.at,
        scope: finding.scope,
        route,
    }
}

/// Whether a finding is a state of what it is about, a point's, a vault's or the engine's, and no event that passes.
fn is_state(subject: &Subject) -> bool {
    matches!(subject, Subject::RecoveryPoint { .. } | Subject::Vault(_) | Subject::Engine(_))
}

/// One word for the eye.
fn word(kind: FindingKind, restore: bool) -> &'static str {
    match kind {
        FindingKind::Failed if restore => "RESTORE FAILED",
        FindingKind::Failed => "FAILED",
        FindingKind::Expired => "EXPIRED",
        FindingKind::MissingRun => "MISSING RUN",
        FindingKind::ObjectiveMissed => "TOO OLD",
        FindingKind::CompletedWithIssues => "ISSUES",
        FindingKind::DamagedRecoveryPoint => "DAMAGED",
        FindingKind::KeyUnusable => "NO KEY",
        FindingKind::StuckRecoveryPoint => "STUCK",
        FindingKind::Stopped => "STOPPED",
        FindingKind::Engine => "ENGINE",
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

/// A problem in full: what was said, and what it means.
pub fn view_detail(problem: &Problem, world: &World, area: Rect, painter: &mut Painter<'_>) {
    let head = Rect::new(area.x, area.y, area.width, 1);
    let place = world.scope_name(&problem.scope);
    painter.rule(head, &pane::title(&problem.name, &place, world), &vec![segment("enter opens it", Role::Dim)]);
    let mut y = area.y + 1;
    let rest = |y: u16| Rect::new(area.x + 2, y, area.width.saturating_sub(3), area.bottom().saturating_sub(y));
    y += painter.paragraph(rest(y), &problem.detail, Role::Text);
    if let Some(meaning) = problem.meaning {
        painter.paragraph(rest(y), meaning, Role::Dim);
    }
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
    let mut keys = Vec::new();
    if let Some(about) = about {
        keys = about.keys;
        facts.extend(about.facts.into_iter().flat_map(|told| std::iter::once(Detail::heading(about.kind)).chain(told)));
    }
    Sheet { kind: "Finding", name: problem.name.clone(), keys, facts: Some(facts), absent: &[] }
}

use super::*;
use crate::client::history::Past;
use crate::client::query::{self, PlanDetail, SelectableResource};
use crate::client::{Fault, FaultKind, Rows};
use crate::domain::job::{JobState, RestoreJob, Validation};
use crate::domain::plan::{Plan, PlanDocument, Rule};
use crate::domain::recovery_point::Creator;
use crate::domain::selection::{Selection, SelectionDocument};
use crate::domain::types::efs::FACTS;
use crate::domain::vault::VaultType;
use crate::domain::{Arn, Known, Tags};
use chrono::Duration;

mod cost;

pub(super) fn scope() -> Scope {
    Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap())
}

fn arn(resource: u64) -> Arn {
    Arn::file_system(&scope(), &format!("fs-{resource:017x}"))
}

pub(super) fn now() -> Time {
    "2026-11-23T03:00:00Z".parse().unwrap()
}

/// 01:00 of a day, so many days before today.
pub(super) fn night(ago: i64) -> Time {
    now() - Duration::hours(2) - Duration::days(ago)
}

pub(super) fn day(ago: i64) -> NaiveDate {
    day_of(night(ago), Tz::UTC)
}

pub(super) fn job(number: u64, resource: u64, state: JobState, created: Time) -> Arc<BackupJob> {
    let scope = scope();
    let ended = state.is_final();
    Arc::new(BackupJob {
        id: format!("aaaaaaaa-0000-4000-8000-{number:012}").parse().unwrap(),
        vault_name: "vault".to_owned(),
        vault_arn: Arn::vault(&scope, &"vault".parse().unwrap()),
        vault_type: VaultType::Standard,
        recovery_point_arn: None,
        lifecycle: None,
        encryption_key_arn: None,
        resource_arn: arn(resource),
        resource_name: Some(format!("r{resource}")),
        resource_type: FACTS.resource_type(),
        created,
        initiated: Some(created),
        completed: ended.then(|| created + Duration::minutes(number as i64 + 1)),
        expected_completion: None,
        start_by: None,
        state,
        status_message: None,
        message_category: None,
        percent_done: None,
        size_bytes: None,
        bytes_transferred: None,
        iam_role_arn: None,
        created_by: Some(Arc::new(Creator {
            backup_plan_id: "plan".to_owned(),
            backup_plan_arn: Arn::plan(&scope, "plan").to_string(),
            backup_plan_name: "nightly".to_owned(),
            backup_plan_version: "v1".to_owned(),
            backup_rule_id: "rule".to_owned(),
            backup_rule_name: "every-night".to_owned(),
            backup_rule_cron: String::new(),
            backup_rule_timezone: String::new(),
        })),
        backup_options: BTreeMap::new(),
        is_parent: false,
        parent_job_id: None,
        scope,
    })
}

fn plan() -> Arc<PlanDetail> {
    let scope = scope();
    let rule = Rule {
        rule_name: "every-night".to_owned(),
        target_backup_vault_name: "vault".to_owned(),
        schedule_expression: Some("cron(0 1 ? * * *)".to_owned()),
        start_window_minutes: Some(60),
        completion_window_minutes: Some(120),
        ..Rule::default()
    };
    let document =
        PlanDocument { backup_plan_name: "nightly".to_owned(), rules: vec![rule], ..PlanDocument::default() };
    let selection = Selection {
        id: "s".parse().unwrap(),
        plan_id: "plan".parse().unwrap(),
        document: SelectionDocument { resources: vec!["*".to_owned()], ..SelectionDocument::default() },
        created: Some(night(40)),
        creator_request_id: None,
    };
    Arc::new(PlanDetail {
        plan: Plan {
            id: "plan".parse().unwrap(),
            arn: Arn::plan(&scope, "plan"),
            scope,
            version_id: "v1".to_owned(),
            document,
            creator_request_id: None,
            created: Some(night(40)),
            deleted: None,
            last_execution: None,
        },
        selections: Ok(vec![selection]),
        next_runs: Vec::new(),
    })
}

fn resources(numbers: std::ops::Range<u64>) -> Rows<SelectableResource> {
    query::rows(numbers.map(|number| SelectableResource {
        arn: arn(number),
        resource_type: FACTS.resource_type(),
        tags: Tags::new(),
        name: Known::Known(format!("r{number}")),
        path: Known::Unknown,
    }))
}

fn since(before: Work, after: Work) -> Work {
    Work { jobs: after.jobs - before.jobs, past: after.past - before.past, rows: after.rows - before.rows }
}

struct Told {
    jobs: Rows<BackupJob>,
    plan: Arc<PlanDetail>,
    resources: Rows<SelectableResource>,
    wall: Wall,
}

impl Told {
    fn new(jobs: Vec<Arc<BackupJob>>, resources: Rows<SelectableResource>) -> Self {
        Self { jobs: jobs.into(), plan: plan(), resources, wall: Wall::default() }
    }

    /// Lets the wall see it all; what that cost.
    fn look(&mut self, now: Time) -> Work {
        self.look_at(&[&self.plan.clone()], now)
    }

    /// The same with these plans.
    fn look_at(&mut self, plans: &[&Arc<PlanDetail>], now: Time) -> Work {
        let before = self.wall.work();
        let seen = Seen {
            jobs: Some(&self.jobs),
            plans: plans.to_vec(),
            plans_known: true,
            resources: Some(&self.resources),
            whole: true,
            ..Seen::default()
        };
        self.wall.update(&scope(), &seen, now);
        since(before, self.wall.work())
    }

    fn worst(&self, resource: u64, ago: i64) -> DayState {
        let row = self.wall.row(&Owner::Resource(scope(), arn(resource))).unwrap();
        row.days.get(&day(ago)).map(|counts| counts.worst()).unwrap_or_default()
    }
}

#[test]
fn each_day_has_the_worst_of_it_and_a_run_without_a_job_is_missing() {
    let issues = BackupJob {
        message_category: Some("AccessDenied".to_owned()),
        ..job(3, 1, JobState::Completed, night(2)).as_ref().clone()
    };
    let jobs = vec![
        job(1, 1, JobState::Completed, night(0)),
        job(2, 1, JobState::Failed, night(0) + Duration::minutes(5)),
        // Nothing of yesterday.
        Arc::new(issues),
        job(4, 1, JobState::Expired, night(3)),
        job(5, 1, JobState::Completed, night(4)),
    ];
    let mut told = Told::new(jobs, resources(1..2));
    told.look(now());
    let states: Vec<DayState> = (0..6).map(|ago| told.worst(1, ago)).collect();
    use DayState::{Expired, Failed, Good, Issues, Missing, NoneDue};
    assert_eq!(states, [Failed, Missing, Issues, Expired, Good, NoneDue]);
    let (jobs, missed) = told.wall.told(&Owner::Resource(scope(), arn(1)), day(1));
    assert_eq!((jobs.len(), missed[0].rule.as_str(), missed[0].at), (0, "nightly / every-night", night(1)));
    assert_eq!(told.wall.told(&Owner::Resource(scope(), arn(1)), day(0)).0.len(), 2);
    let counts = told.wall.counts(now());
    assert_eq!((counts.failed, counts.expired, counts.missing), (1, 0, 0));
}

#[test]
fn before_its_first_job_nothing_is_missing_of_a_resource() {
    let mut told = Told::new(vec![job(1, 1, JobState::Completed, night(2))], resources(1..3));
    told.look(now());
    assert_eq!((told.worst(1, 3), told.worst(1, 1)), (DayState::NoneDue, DayState::Missing));
    assert_eq!(told.worst(2, 1), DayState::NoneDue);
}

#[test]
fn what_is_not_there_any_more_misses_nothing() {
    let mut told = Told::new(vec![job(1, 1, JobState::Completed, night(5))], resources(2..3));
    told.look(now());
    assert_eq!(told.worst(1, 1), DayState::NoneDue);
    let row = told.wall.row(&Owner::Resource(scope(), arn(1))).unwrap();
    assert_eq!(row.standing, Standing::NoPlan);
}

#[test]
fn the_tiles_count_who_is_protected_late_and_never() {
    let jobs = vec![job(1, 1, JobState::Completed, night(0)), job(2, 2, JobState::Completed, night(3))];
    let mut told = Told::new(jobs, resources(1..4));
    told.look(now());
    let standing = |number| told.wall.row(&Owner::Resource(scope(), arn(number))).unwrap().standing;
    assert_eq!(standing(1), Standing::Within);
    // The run of tonight had until 03:00.
    assert_eq!(standing(2), Standing::Late(night(0)));
    assert_eq!(standing(3), Standing::Never(night(0)));
    let counts = told.wall.counts(now());
    assert_eq!((counts.resources, counts.protected, counts.missing), (3, 1, 1));
    assert_eq!(told.wall.lines(Turn::Resources, Only::Unprotected, now()).len(), 2);
    assert_eq!(told.wall.lines(Turn::Resources, Only::Missing, now()).len(), 1);
}

#[test]
fn a_run_that_falls_due_is_missing_when_its_time_is_over_though_no_list_changed() {
    let mut told = Told::new(vec![job(1, 1, JobState::Completed, night(0))], resources(1..2));
    told.look(now());
    let tomorrow = night(-1);
    assert_eq!(told.look(tomorrow + Duration::minutes(10)).jobs, 0);
    assert_eq!(told.worst(1, -1), DayState::NoneDue);
    told.look(tomorrow + Duration::minutes(16));
    assert_eq!(told.worst(1, -1), DayState::Missing);
}

#[test]
fn the_worst_come_first_and_accounts_and_plans_sum_up() {
    let jobs = vec![
        job(1, 1, JobState::Completed, night(0)),
        job(2, 2, JobState::Failed, night(0)),
        job(3, 3, JobState::Expired, night(0)),
        job(5, 2, JobState::Completed, night(1)),
        job(4, 4, JobState::Failed, night(0)),
        job(6, 4, JobState::Failed, night(1)),
    ];
    let mut told = Told::new(jobs, resources(1..5));
    told.look(now());
    let names = |turn| {
        let lines = told.wall.lines(turn, Only::All, now());
        lines.into_iter().map(|line| line.name.unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(names(Turn::Resources), ["r4", "r2", "r3", "r1"]);
    assert_eq!(names(Turn::Plans), ["nightly"]);
    let account = told.wall.lines(Turn::Accounts, Only::All, now()).remove(0);
    assert_eq!((account.days[&day(0)].of(DayState::Failed), account.days[&day(0)].jobs()), (2, 4));
}

#[test]
fn restore_tests_prove_and_where_they_are_not_known_nothing_is_said() {
    let mut told = Told::new(vec![job(1, 1, JobState::Completed, night(0))], resources(1..2));
    told.look(now());
    assert_eq!((told.wall.counts(now()).tested, told.wall.counts(now()).proven), (0, 0));
    let test = RestoreJob {
        id: "cccccccc-0000-4000-8000-000000000001".parse().unwrap(),
        scope: scope(),
        recovery_point_arn: None,
        recovery_point_created: None,
        source_resource_arn: Some(arn(1)),
        vault_arn: None,
        created: now(),
        completed: Some(now()),
        state: JobState::Completed,
        status_message: None,
        percent_done: None,
        size_bytes: None,
        iam_role_arn: None,
        expected_minutes: None,
        created_resource_arn: None,
        resource_type: None,
        validation: Some(Validation {
            status: Validation::SUCCESSFUL.to_owned(),
            message: None,
            deletion: None,
            deletion_message: None,
        }),
    };
    let restores = query::rows([test]);
    told.wall.update(&scope(), &Seen { restores: Some(&restores), plans: vec![&told.plan], ..Seen::default() }, now());
    assert_eq!((told.wall.counts(now()).tested, told.wall.counts(now()).proven), (1, 1));
}

#[test]
fn the_median_of_the_newest_jobs_tells_how_long_one_takes() {
    let jobs = (0..20).map(|nth| job(nth, 1, JobState::Completed, night(nth as i64))).collect();
    let mut told = Told::new(jobs, resources(1..2));
    told.look(now());
    let row = told.wall.row(&Owner::Resource(scope(), arn(1))).unwrap();
    assert_eq!(row.usual(), Some(Duration::minutes(8)), "of 1 to 14 minutes");
}

#[test]
fn where_selections_cannot_be_read_nothing_is_said_to_be_protected() {
    let mut told = Told::new(vec![job(1, 1, JobState::Completed, night(0))], resources(1..2));
    let denied = Err(Fault::new(FaultKind::Denied, "not allowed to list the selections"));
    told.plan = Arc::new(PlanDetail { selections: denied, ..plan().as_ref().clone() });
    told.look(now());
    let row = told.wall.row(&Owner::Resource(scope(), arn(1))).unwrap();
    assert_eq!(row.standing, Standing::Unknown, "no run is known that it was promised");
    assert_eq!(told.wall.counts(now()).protected, 0);
}

/// A plan of another name that takes one resource only, at 02:00.
fn other_plan(resource: u64) -> Arc<PlanDetail> {
    let mut detail = plan().as_ref().clone();
    detail.plan.id = "other".parse().unwrap();
    detail.plan.document.rules[0].schedule_expression = Some("cron(0 2 ? * * *)".to_owned());
    detail.selections.as_mut().unwrap()[0].document.resources = vec![arn(resource).to_string()];
    Arc::new(detail)
}

#[test]
fn a_plan_costs_the_resources_that_it_has_to_do_with() {
    let jobs = (0..50).map(|nth| job(nth, nth, JobState::Completed, night(0))).collect();
    let mut told = Told::new(jobs, resources(0..50));
    let (all, one) = (plan(), other_plan(7));
    told.look_at(&[&all, &one], now());
    // An answer in which only a run went by.
    let mut ran = one.as_ref().clone();
    ran.plan.last_execution = Some(now());
    assert_eq!(told.look_at(&[&all, &Arc::new(ran.clone())], now()).rows, 0);
    ran.plan.version_id = "v2".to_owned();
    assert_eq!(told.look_at(&[&all, &Arc::new(ran.clone())], now()).rows, 1, "a new version");
    ran.selections.as_mut().unwrap()[0].document.resources = vec![arn(8).to_string()];
    let moved = Arc::new(ran);
    assert_eq!(told.look_at(&[&all, &moved], now()).rows, 2, "what it took and what it takes");
    // Time goes by: the run of the one plan at 01:00 is over 15 minutes later, that of the other, at 02:00, an hour after that.
    assert_eq!(told.look_at(&[&all, &moved], night(-1) + Duration::minutes(16)).rows, 50);
    assert_eq!(told.look_at(&[&all, &moved], night(-1) + Duration::minutes(76)).rows, 1, "the other's run is over");
    assert_eq!(told.look_at(&[&all], night(-1) + Duration::minutes(77)).rows, 1, "it is gone");
}

#[test]
fn what_was_taken_out_and_put_back_misses_nothing_of_the_time_between() {
    let mut told = Told::new(vec![job(1, 1, JobState::Completed, night(9))], resources(1..2));
    let mut detail = plan().as_ref().clone();
    let selections = detail.selections.as_mut().unwrap();
    let mut back = selections[0].clone();
    selections[0].document.resources = vec![arn(2).to_string()];
    back.created = Some(night(2) + Duration::hours(5));
    selections.push(back);
    told.plan = Arc::new(detail);
    told.look(now());
    let states: Vec<DayState> = (0..10).map(|ago| told.worst(1, ago)).collect();
    use DayState::{Good, Missing, NoneDue};
    assert_eq!(states[..3], [Missing, Missing, NoneDue]);
    assert_eq!(states[3..], [[NoneDue; 6].as_slice(), &[Good]].concat());
}

#[test]
fn before_the_resources_are_listed_nobody_says_that_no_plan_selects_one() {
    let mut detail = plan().as_ref().clone();
    detail.selections.as_mut().unwrap()[0].document.resources = vec![arn(9).to_string()];
    let told = Told::new(vec![job(1, 1, JobState::Completed, night(60))], resources(0..0));
    let plan = Arc::new(detail);
    for whole in [true, false] {
        let seen = |resources| Seen {
            jobs: Some(&told.jobs),
            plans: vec![&plan],
            plans_known: true,
            resources,
            whole,
            ..Seen::default()
        };
        let mut wall = Wall::default();
        let mut standing = |seen: &Seen<'_>| {
            wall.update(&scope(), seen, now());
            wall.row(&Owner::Resource(scope(), arn(1))).unwrap().standing
        };
        assert_eq!(standing(&seen(None)), Standing::Unknown);
        assert_eq!(standing(&seen(Some(&told.resources))), Standing::NoPlan);
    }
}

#[test]
fn what_failed_within_a_day_counts_though_it_was_made_before() {
    let late = |number, ended| {
        let mut job = job(number, number, JobState::Failed, now() - Duration::hours(30)).as_ref().clone();
        job.completed = Some(now() - Duration::hours(ended));
        Arc::new(job)
    };
    let mut told = Told::new(vec![late(1, 2), late(2, 26)], resources(1..3));
    told.look(now());
    assert_eq!(told.wall.counts(now()).failed, 1);
    told.jobs = vec![late(2, 26)].into();
    told.look(now());
    assert_eq!(told.wall.counts(now()).failed, 0, "what left the list is not counted");
}

#[test]
fn what_seemed_to_be_missing_is_not_when_nothing_was_known_of_that_time() {
    let mut told = Told::new(vec![job(1, 1, JobState::Completed, night(0))], resources(1..2));
    told.look(now());
    told.look(now() + Duration::hours(24));
    assert_eq!(told.worst(1, -1), DayState::Missing);
    told.look(now());
    assert_eq!(told.worst(1, -1), DayState::NoneDue);
}

/// What this machine remembers, each job of it seen since so many days.
fn past(jobs: Vec<Arc<BackupJob>>, whole_days: i64) -> Past {
    Past { whole_since: Some(now() - Duration::days(whole_days)), jobs: jobs.into() }
}

fn look_with_past(told: &mut Told, past: &Past, now: Time) -> Work {
    let before = told.wall.work();
    let plan = Arc::clone(&told.plan);
    let seen = Seen {
        jobs: Some(&told.jobs),
        past: Some(past),
        plans: vec![&plan],
        plans_known: true,
        resources: Some(&told.resources),
        ..Seen::default()
    };
    told.wall.update(&scope(), &seen, now);
    since(before, told.wall.work())
}

#[test]
fn days_go_on_where_the_list_of_jobs_ends_and_count_once() {
    let listed = (0..30).map(|ago| job(ago as u64, 1, JobState::Completed, night(ago))).collect();
    let mut told = Told::new(listed, resources(1..2));
    // Two are of the time that the service lists, where what it tells is all that counts.
    let past = past([10, 29, 30, 31, 33].map(|ago| job(100 + ago as u64, 1, JobState::Failed, night(ago))).into(), 60);
    assert_eq!(look_with_past(&mut told, &past, now()).jobs, 33);
    let states: Vec<DayState> = [10, 29, 30, 31, 32, 33, 34].map(|ago| told.worst(1, ago)).to_vec();
    use DayState::{Failed, Good, Missing, NoneDue};
    assert_eq!(states, [Good, Good, Failed, Failed, Missing, Failed, NoneDue]);
    let (jobs, _) = told.wall.told(&Owner::Resource(scope(), arn(1)), day(31));
    assert_eq!(jobs.len(), 1, "and the day tells its jobs");
    assert_eq!(look_with_past(&mut told, &past, now()), Work::default(), "the same again costs nothing");
    // A day later the oldest job leaves the list, and what is remembered of it takes its place.
    told.jobs = told.jobs[..29].into();
    assert_eq!(look_with_past(&mut told, &past, now() + Duration::days(1)).jobs, 2);
    assert_eq!(told.worst(1, 29), Failed);
}

#[test]
fn where_not_each_job_was_seen_nothing_is_missing() {
    let mut told = Told::new(vec![job(1, 1, JobState::Completed, night(1))], resources(1..2));
    let past = past(vec![job(2, 1, JobState::Completed, night(36)), job(3, 1, JobState::Completed, night(39))], 33);
    look_with_past(&mut told, &past, now());
    let missing = |ago| told.worst(1, ago) == DayState::Missing;
    assert_eq!([31, 32, 33, 35, 37].map(missing), [true, true, false, false, false]);
}

#[test]
fn what_only_this_machine_remembers_is_no_row_and_no_backup() {
    let mut told = Told::new(Vec::new(), resources(1..2));
    let past = past(vec![job(1, 1, JobState::Completed, night(40)), job(2, 2, JobState::Completed, night(40))], 60);
    look_with_past(&mut told, &past, now());
    let rows: Vec<_> = told.wall.rows().map(|row| row.arn.clone()).collect();
    assert_eq!(rows, [arn(1)], "the second is not there any more");
    assert_eq!(told.wall.counts(now()).resources, 1);
    let row = told.wall.row(&Owner::Resource(scope(), arn(1))).unwrap();
    assert_eq!(row.newest, None, "nobody says that its recovery point is still there");
    assert_eq!(row.usual(), Some(Duration::minutes(2)), "but how long one takes is known");
    // It comes back.
    told.resources = resources(1..3);
    look_with_past(&mut told, &past, now());
    assert_eq!(told.wall.rows().count(), 2);
    assert_eq!(told.worst(2, 40), DayState::Good);
}

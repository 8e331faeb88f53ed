use super::*;
use crate::client::{Fault, FaultKind, Rows};
use crate::client::query::{self, PlanDetail, SelectableResource};
use crate::domain::job::{JobState, RestoreJob, Validation};
use crate::domain::plan::{Plan, PlanDocument, Rule};
use crate::domain::recovery_point::Creator;
use crate::domain::selection::{Selection, SelectionDocument};
use crate::domain::types::efs::FACTS;
use crate::domain::vault::VaultType;
use crate::domain::{Arn, Known, Tags};
use chrono::Duration;

fn scope() -> Scope {
    Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap())
}

fn arn(resource: u64) -> Arn {
    Arn::file_system(&scope(), &format!("fs-{resource:017x}"))
}

fn now() -> Time {
    "2026-11-23T03:00:00Z".parse().unwrap()
}

/// 01:00 of a day, so many days before today.
fn night(ago: i64) -> Time {
    now() - Duration::hours(2) - Duration::days(ago)
}

fn day(ago: i64) -> NaiveDate {
    day_of(night(ago), Tz::UTC)
}

fn job(number: u64, resource: u64, state: JobState, created: Time) -> Arc<BackupJob> {
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
        created_by: Some(Creator {
            backup_plan_id: "plan".to_owned(),
            backup_plan_arn: Arn::plan(&scope, "plan").to_string(),
            backup_plan_name: "nightly".to_owned(),
            backup_plan_version: "v1".to_owned(),
            backup_rule_id: "rule".to_owned(),
            backup_rule_name: "every-night".to_owned(),
            backup_rule_cron: String::new(),
            backup_rule_timezone: String::new(),
        }),
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
        let before = self.wall.work();
        let seen = Seen {
            jobs: Some(&self.jobs),
            plans: vec![&self.plan],
            plans_known: true,
            resources: Some(&self.resources),
            whole: true,
            ..Seen::default()
        };
        self.wall.update(&scope(), &seen, now);
        let after = self.wall.work();
        Work { jobs: after.jobs - before.jobs, rows: after.rows - before.rows }
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
fn a_refresh_costs_what_changed_and_not_what_is_there() {
    let (resources_there, days) = (500, 60);
    let mut jobs: Vec<Arc<BackupJob>> = Vec::new();
    for ago in 0..days {
        jobs.extend((0..resources_there).map(|nth| job(ago * 1000 + nth, nth, JobState::Completed, night(ago as i64))));
    }
    let mut told = Told::new(jobs.clone(), resources(0..resources_there));
    assert_eq!(told.look(now()), Work { jobs: 30_000, rows: 500 });
    told.jobs = jobs.clone().into();
    assert_eq!(told.look(now()), Work::default(), "the same jobs in another list");
    // One job goes on, a new one comes, the oldest leaves the list.
    jobs[7] = job(7, 7, JobState::Failed, night(0));
    jobs.insert(0, job(99_999, 3, JobState::Running, now()));
    jobs.pop();
    told.jobs = jobs.into();
    assert_eq!(told.look(now()), Work { jobs: 4, rows: 3 });
    assert_eq!((told.worst(7, 0), told.worst(499, 59)), (DayState::Failed, DayState::NoneDue));
    assert_eq!(told.wall.open().count(), 1);
    assert_eq!(told.wall.counts(now()).failed, 1);
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

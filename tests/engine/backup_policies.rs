//! Backup policies of the organization: who sets them, what holds where, and the plans that they make.

use crate::bench::{Bench, assert_completed};
use crate::harness::{Harness, MANAGEMENT, MEMBER, caller, management, member, plan, selection, walk, whole};
use chrono::Duration;
use serde_json::{Value, json};
use vaultdeck::domain::air_gap::RetentionBounds;
use vaultdeck::domain::backup_policy::{Policy, PolicyType, TargetId};
use vaultdeck::domain::extension::{AddAccount, AddResource, PutPolicy};
use vaultdeck::domain::job::{BackupJob, JobState};
use vaultdeck::domain::plan::PlanSummary;
use vaultdeck::domain::types::Location;
use vaultdeck::domain::{Arn, ParentId, Tags};
use vaultdeck::engine::{BackupJobFilter, Caller, Engine, ErrorKind, NewPolicy, NewVault, PolicyChange, Result};

/// A daily plan of two regions for what has the tag `backup=daily`.
fn nightly() -> Value {
    json!({ "plans": { "Nightly": {
        "regions": { "@@assign": ["us-east-1", "eu-west-1"] },
        "rules": { "Daily": {
            "schedule_expression": { "@@assign": "cron(0 5 ? * * *)" },
            "target_backup_vault_name": { "@@assign": "Default" },
            "lifecycle": { "delete_after_days": { "@@assign": "35" } },
        } },
        "selections": { "tags": { "Tagged": {
            "iam_role_arn": { "@@assign": "arn:aws:iam::$account:role/service-role/AWSBackupDefaultServiceRole" },
            "tag_key": { "@@assign": "backup" },
            "tag_value": { "@@assign": ["daily"] },
        } } },
        "backup_plan_tags": { "owner": { "tag_key": { "@@assign": "Owner" }, "tag_value": { "@@assign": "org" } } },
    } } })
}

fn new_policy(name: &str, content: &Value) -> NewPolicy {
    NewPolicy {
        kind: PolicyType::Backup,
        name: name.to_owned(),
        description: String::new(),
        content: content.to_string(),
    }
}

fn target(text: &str) -> TargetId {
    text.parse().unwrap()
}

fn root(engine: &Engine) -> TargetId {
    TargetId::Parent(ParentId::Root(engine.tree().unwrap().root))
}

fn enable(engine: &Engine) {
    let root = engine.tree().unwrap().root;
    engine.enable_policy_type((&management()).into(), &root, &PolicyType::Backup).unwrap();
}

/// A policy that is attached.
fn attached(engine: &Engine, name: &str, content: &Value, target: &TargetId) -> Policy {
    let by = management();
    let policy = engine.create_policy((&by).into(), new_policy(name, content)).unwrap();
    engine.attach_policy((&by).into(), &policy.id, target).unwrap();
    policy
}

fn plans(engine: &Engine, account: &str, region: &str) -> Vec<PlanSummary> {
    walk(10, |page| engine.list_plans(&caller(account, region), false, page))
}

fn exception<T: std::fmt::Debug>(result: Result<T>) -> (&'static str, String) {
    let error = result.unwrap_err();
    match error.kind() {
        ErrorKind::Organizations(exception) => (exception.name(), error.to_string()),
        ErrorKind::AccessDenied => ("AccessDeniedException", error.to_string()),
        ErrorKind::InvalidRequest => ("InvalidRequestException", error.to_string()),
        other => panic!("{other:?}: {error}"),
    }
}

#[test]
fn a_policy_makes_its_plan_in_every_account_below_and_in_each_of_its_regions() {
    let harness = Harness::with_member();
    let engine = &harness.engine;
    enable(engine);
    attached(engine, "nightly", &nightly(), &root(engine));
    for (account, region) in
        [(MANAGEMENT, "us-east-1"), (MANAGEMENT, "eu-west-1"), (MEMBER, "us-east-1"), (MEMBER, "eu-west-1")]
    {
        let who = caller(account, region);
        let made = plans(engine, account, region);
        assert_eq!(made.len(), 1, "{account}/{region}");
        assert!(made[0].id.as_str().starts_with("orgs/"), "{}", made[0].id);
        assert_eq!(made[0].arn.as_str(), format!("arn:aws:backup:{region}:{account}:backup-plan:{}", made[0].id));
        let plan = engine.get_plan(&who, &made[0].id, None).unwrap();
        assert_eq!(plan.document.backup_plan_name, "Nightly");
        let rule = &plan.document.rules[0];
        assert_eq!((rule.rule_name.as_str(), rule.target_backup_vault_name.as_str()), ("daily", "Default"));
        assert_eq!((rule.start_window_minutes, rule.rule_id.as_ref().unwrap().len()), (Some(480), 36));
        let selections = walk(10, |page| engine.list_selections(&who, &plan.id, page));
        let chosen = engine.get_selection(&who, &plan.id, &selections[0].id).unwrap().document;
        assert_eq!(chosen.iam_role_arn, Arn::default_role(&who.account).as_str());
        assert_eq!(chosen.list_of_tags[0].condition_value, "daily");
        let tags: Vec<_> = walk(10, |page| engine.list_tags(&who, &plan.arn, page));
        assert_eq!(tags, [("Owner".to_owned(), "org".to_owned())]);
    }
    assert_eq!(plans(engine, MEMBER, "eu-central-1"), []);
}

#[test]
fn nobody_in_the_account_changes_a_plan_that_a_policy_makes() {
    let harness = Harness::with_member();
    let engine = &harness.engine;
    enable(engine);
    attached(engine, "nightly", &nightly(), &root(engine));
    for (who, account) in [(member(), MEMBER), (management(), MANAGEMENT)] {
        let id = plans(engine, account, "us-east-1").remove(0).id;
        let before = engine.get_plan(&who, &id, None).unwrap();
        let selections = walk(10, |page| engine.list_selections(&who, &id, page));
        let expected = format!(
            "Backup plan {id} is managed by a backup policy of the organization: it cannot be changed or deleted in this account"
        );
        let refused = ("InvalidRequestException", expected);
        assert_eq!(exception(engine.update_plan(&who, &id, plan("mine", &["daily"]))), refused);
        assert_eq!(exception(engine.delete_selection(&who, &id, &selections[0].id)), refused);
        assert_eq!(exception(engine.create_selection(&who, &id, selection("more"), None)), refused);
        assert_eq!(exception(engine.delete_plan(&who, &id)), refused);
        let tags = Tags::from([("mine".to_owned(), "yes".to_owned())]);
        assert_eq!(engine.tag_resource(&who, &before.arn, tags).unwrap_err().kind(), ErrorKind::InvalidRequest);
        assert_eq!(walk(10, |page| engine.list_tags(&who, &before.arn, page)).len(), 1);
        assert_eq!(engine.get_plan(&who, &id, None).unwrap(), before);
        assert_eq!(walk(10, |page| engine.list_selections(&who, &id, page)), selections);
    }
    // What an account has of its own is not in its way.
    let own = engine.create_plan(&member(), plan("Nightly", &["daily"]), Tags::new(), None).unwrap();
    engine.delete_plan(&member(), &own.id).unwrap();
    assert_eq!(plans(engine, MEMBER, "us-east-1").len(), 1);
}

#[test]
fn the_plans_follow_what_is_changed_attached_and_detached() {
    let harness = Harness::with_member();
    let engine = &harness.engine;
    let by = management();
    enable(engine);
    let policy = attached(engine, "nightly", &nightly(), &root(engine));
    let first = plans(engine, MEMBER, "us-east-1").remove(0);
    let rule_of =
        |version: Option<&str>| engine.get_plan(&member(), &first.id, version).unwrap().document.rules.remove(0);

    // Another document: a new version of the same plan, and a region more.
    let mut changed = nightly();
    changed["plans"]["Nightly"]["rules"]["Daily"]["target_backup_vault_name"]["@@assign"] = json!("Other");
    changed["plans"]["Nightly"]["regions"]["@@assign"] = json!(["us-east-1", "eu-central-1"]);
    let change = PolicyChange { content: Some(changed.to_string()), ..PolicyChange::default() };
    engine.update_policy((&by).into(), &policy.id, change).unwrap();
    let second = plans(engine, MEMBER, "us-east-1").remove(0);
    assert_eq!(second.id, first.id);
    assert_ne!(second.version_id, first.version_id);
    assert_eq!(rule_of(None).target_backup_vault_name, "Other");
    assert_eq!(rule_of(None).rule_id, rule_of(Some(&first.version_id)).rule_id);
    assert_eq!((plans(engine, MEMBER, "eu-west-1"), plans(engine, MEMBER, "eu-central-1").len()), (Vec::new(), 1));

    // A child that changes one setting of one account.
    let child = json!({ "plans": { "nightly": { "rules": { "DAILY": {
        "lifecycle": { "delete_after_days": { "@@assign": "7" } },
    } } } } });
    let child = attached(engine, "short", &child, &target(MEMBER));
    assert_eq!(rule_of(None).lifecycle.unwrap().delete_after_days, Some(7));
    let of_management = plans(engine, MANAGEMENT, "us-east-1").remove(0);
    let kept = engine.get_plan(&by, &of_management.id, None).unwrap().document.rules.remove(0).lifecycle;
    assert_eq!(kept.unwrap().delete_after_days, Some(35));

    // A change that says nothing new makes no version.
    let version = plans(engine, MEMBER, "us-east-1").remove(0).version_id;
    let named = PolicyChange { name: Some("renamed".to_owned()), ..PolicyChange::default() };
    assert_eq!(engine.update_policy((&by).into(), &policy.id, named).unwrap().name, "renamed");
    assert_eq!(plans(engine, MEMBER, "us-east-1").remove(0).version_id, version);

    engine.detach_policy((&by).into(), &child.id, &target(MEMBER)).unwrap();
    assert_eq!(rule_of(None).lifecycle.unwrap().delete_after_days, Some(35));
    engine.detach_policy((&by).into(), &policy.id, &root(engine)).unwrap();
    assert_eq!(plans(engine, MEMBER, "us-east-1"), []);
    assert!(engine.get_plan(&member(), &first.id, None).is_err());
    let deleted = walk(10, |page| engine.list_plans(&member(), true, page));
    assert!(deleted.iter().any(|plan| plan.id == first.id && plan.deleted.is_some()));
    // What comes again is another plan, with its own id.
    engine.attach_policy((&by).into(), &policy.id, &root(engine)).unwrap();
    assert_ne!(plans(engine, MEMBER, "us-east-1").remove(0).id, first.id);
}

#[test]
fn what_holds_in_an_account_goes_with_where_it_lies() {
    let harness = Harness::with_member();
    let engine = &harness.engine;
    let by = management();
    enable(engine);
    let root_id = ParentId::Root(engine.tree().unwrap().root);
    let unit = engine.create_unit((&by).into(), &root_id, "Workloads").unwrap();
    let unit_id = ParentId::Unit(unit.id.clone());
    attached(engine, "nightly", &nightly(), &TargetId::Parent(unit_id.clone()));
    assert_eq!(plans(engine, MEMBER, "us-east-1"), []);
    assert_eq!(exception(engine.effective_policy(&member(), None)).0, "EffectivePolicyNotFoundException");

    let member_id = MEMBER.parse().unwrap();
    engine.move_account((&by).into(), &member_id, &root_id, &unit_id).unwrap();
    assert_eq!(plans(engine, MEMBER, "us-east-1").len(), 1);
    assert_eq!(plans(engine, MANAGEMENT, "us-east-1"), []);
    let holds = engine.effective_policy(&member(), None).unwrap();
    let content: Value = serde_json::from_str(&holds.content).unwrap();
    assert_eq!(content["plans"]["Nightly"]["regions"], json!(["us-east-1", "eu-west-1"]));
    assert_eq!(engine.effective_policy(&by, Some(&member_id)).unwrap(), holds);

    engine.move_account((&by).into(), &member_id, &unit_id, &root_id).unwrap();
    assert_eq!(plans(engine, MEMBER, "us-east-1"), []);
    // A unit that is gone has nothing attached, should its id ever come again.
    engine.delete_unit((&by).into(), &unit.id).unwrap();
    let policy = engine.policies(&by, &PolicyType::Backup, &whole()).unwrap().items.remove(0);
    assert_eq!(engine.targets_of(&by, &policy.id, &whole()).unwrap().items, []);
    engine.delete_policy((&by).into(), &policy.id).unwrap();
}

#[test]
fn an_account_that_joins_has_the_plans_of_the_root_at_once() {
    let harness = Harness::new();
    let engine = &harness.engine;
    enable(engine);
    attached(engine, "nightly", &nightly(), &root(engine));
    let request = AddAccount { account_id: Some(MEMBER.to_owned()), name: "late".to_owned(), email: None };
    engine.add_account(request).unwrap();
    assert_eq!(plans(engine, MEMBER, "us-east-1").len(), 1);
}

#[test]
fn only_the_management_account_sets_policies_and_delegated_administrators_read_them() {
    let harness = Harness::with_member();
    let engine = &harness.engine;
    enable(engine);
    let policy = attached(engine, "nightly", &nightly(), &root(engine));
    let (who, root_id) = (member(), engine.tree().unwrap().root);
    let denied = |result: Result<()>| assert_eq!(exception(result).0, "AccessDeniedException");
    let writes = || {
        denied(engine.create_policy((&who).into(), new_policy("mine", &nightly())).map(drop));
        denied(engine.update_policy((&who).into(), &policy.id, PolicyChange::default()).map(drop));
        denied(engine.delete_policy((&who).into(), &policy.id));
        denied(engine.attach_policy((&who).into(), &policy.id, &target(MEMBER)));
        denied(engine.detach_policy((&who).into(), &policy.id, &root(engine)));
        denied(engine.enable_policy_type((&who).into(), &root_id, &PolicyType::Backup));
        denied(engine.disable_policy_type((&who).into(), &root_id, &PolicyType::Backup));
    };
    let reads = || {
        [
            engine.policy(&who, &policy.id).is_ok(),
            engine.policies(&who, &PolicyType::Backup, &whole()).is_ok(),
            engine.policies_of(&who, &root(engine), &PolicyType::Backup, &whole()).is_ok(),
            engine.targets_of(&who, &policy.id, &whole()).is_ok(),
            engine.effective_policy(&who, Some(&MANAGEMENT.parse().unwrap())).is_ok(),
            engine.effective_policy_errors(&who, &MANAGEMENT.parse().unwrap(), &whole()).is_ok(),
        ]
    };
    writes();
    assert_eq!(reads(), [false; 6]);
    assert!(engine.effective_policy(&who, None).is_ok());
    engine.register_delegated_administrator((&management()).into(), &MEMBER.parse().unwrap()).unwrap();
    writes();
    assert_eq!(reads(), [true; 6]);
    assert_eq!(plans(engine, MEMBER, "us-east-1").len(), 1, "nothing was changed");
}

#[test]
fn what_cannot_be_is_refused_with_the_exception_of_organizations_and_changes_nothing() {
    let harness = Harness::with_member();
    let engine = &harness.engine;
    let (by, tree) = (management(), engine.tree().unwrap());
    let create = |new: NewPolicy| engine.create_policy((&by).into(), new);
    let policy = create(new_policy("nightly", &nightly())).unwrap();
    let attach = |target: &TargetId| engine.attach_policy((&by).into(), &policy.id, target);
    let root = root(engine);

    assert_eq!(exception(attach(&root)).0, "PolicyTypeNotEnabledException");
    let disable = |kind: &PolicyType| engine.disable_policy_type((&by).into(), &tree.root, kind);
    assert_eq!(exception(disable(&PolicyType::Backup)).0, "PolicyTypeNotEnabledException");
    let scp: PolicyType = "SERVICE_CONTROL_POLICY".parse().unwrap();
    let enable_kind = |kind: &PolicyType| engine.enable_policy_type((&by).into(), &tree.root, kind);
    assert_eq!(exception(enable_kind(&scp)).0, "PolicyTypeNotAvailableForOrganizationException");
    assert_eq!(
        exception(engine.enable_policy_type((&by).into(), &"r-zzzz".parse().unwrap(), &PolicyType::Backup)).0,
        "RootNotFoundException"
    );
    enable(engine);
    assert_eq!(exception(enable_kind(&PolicyType::Backup)).0, "PolicyTypeAlreadyEnabledException");

    assert_eq!(
        exception(create(NewPolicy { kind: scp.clone(), ..new_policy("scp", &nightly()) })).0,
        "PolicyTypeNotAvailableForOrganizationException"
    );
    assert_eq!(exception(create(new_policy("nightly", &nightly()))).0, "DuplicatePolicyException");
    let mut wrong = nightly();
    wrong["plans"]["Nightly"]["rules"]["Daily"]["schedule"] = json!({ "@@assign": "x" });
    let (name, message) = exception(create(new_policy("wrong", &wrong)));
    assert_eq!(name, "MalformedPolicyDocumentException");
    assert!(message.starts_with("Invalid plans.Nightly.rules.Daily.schedule: it is not known"), "{message}");
    let mut indexed = nightly();
    let types = json!({ "resource_types": { "@@assign": ["EBS"] } });
    indexed["plans"]["Nightly"]["rules"]["Daily"]["index_actions"] = types;
    let (name, message) = exception(create(new_policy("wrong", &indexed)));
    assert_eq!(name, "MalformedPolicyDocumentException");
    assert!(message.ends_with("rules.Daily.index_actions is not supported by this engine yet"), "{message}");
    let long = format!("{}{}", nightly(), " ".repeat(10_000));
    let (name, message) = exception(create(NewPolicy { content: long, ..new_policy("long", &nightly()) }));
    assert_eq!(name, "ConstraintViolationException");
    assert!(message.starts_with("Content: a backup policy has at most 10000 characters"), "{message}");

    assert_eq!(exception(attach(&target("ou-zzzz-11111111"))).0, "TargetNotFoundException");
    assert_eq!(exception(attach(&target("999999999999"))).0, "TargetNotFoundException");
    let detach = |target: &TargetId| engine.detach_policy((&by).into(), &policy.id, target);
    assert_eq!(exception(detach(&root)).0, "PolicyNotAttachedException");
    attach(&root).unwrap();
    assert_eq!(exception(attach(&root)).0, "DuplicatePolicyAttachmentException");
    assert_eq!(exception(engine.delete_policy((&by).into(), &policy.id)).0, "PolicyInUseException");
    let unknown = "p-abcdefgh".parse().unwrap();
    assert_eq!(exception(engine.delete_policy((&by).into(), &unknown)).0, "PolicyNotFoundException");
    assert_eq!(exception(engine.policy(&by, &unknown)).0, "PolicyNotFoundException");

    // A change that is refused leaves the document and the plans as they were.
    let before = plans(engine, MEMBER, "us-east-1");
    let change = PolicyChange { content: Some(wrong.to_string()), ..PolicyChange::default() };
    assert_eq!(exception(engine.update_policy((&by).into(), &policy.id, change)).0, "MalformedPolicyDocumentException");
    assert_eq!(engine.policy(&by, &policy.id).unwrap().content, nightly().to_string());
    assert_eq!(plans(engine, MEMBER, "us-east-1"), before);

    for number in 1..10 {
        attached(engine, &format!("more-{number}"), &nightly(), &root);
    }
    let one_more = create(new_policy("one-more", &nightly())).unwrap();
    let (name, _) = exception(engine.attach_policy((&by).into(), &one_more.id, &root));
    assert_eq!(name, "ConstraintViolationException");

    disable(&PolicyType::Backup).unwrap();
    assert_eq!(plans(engine, MEMBER, "us-east-1"), []);
    enable(engine);
    assert_eq!(plans(engine, MEMBER, "us-east-1"), [], "what was detached stays so");
}

#[test]
fn a_plan_that_lacks_something_is_not_made_and_it_is_told_why() {
    let harness = Harness::with_member();
    let engine = &harness.engine;
    enable(engine);
    let mut content = nightly();
    content["plans"]["Lacking"] = json!({ "regions": { "@@assign": ["us-east-1"] } });
    content["plans"]["Nightly"]["regions"]["@@append"] = json!(["moon-north-1"]);
    let policy = attached(engine, "nightly", &content, &target(MEMBER));
    let made = plans(engine, MEMBER, "us-east-1");
    assert_eq!(made.iter().map(|plan| plan.name.as_str()).collect::<Vec<_>>(), ["Nightly"]);
    let errors = walk(1, |page| engine.effective_policy_errors(&management(), &MEMBER.parse().unwrap(), page));
    let told: Vec<_> =
        errors.iter().map(|(error, _)| (error.code, error.path.as_str(), error.message.as_str())).collect();
    assert_eq!(
        told,
        [
            ("KEY_REQUIRED", "/plans/Lacking", "'rules' is missing"),
            ("KEY_REQUIRED", "/plans/Lacking", "'selections' is missing"),
            ("INVALID_VALUE", "/plans/Nightly/regions", "there is no region 'moon-north-1'"),
        ]
    );
    assert!(errors.iter().all(|(_, policies)| *policies == [policy.id.clone()]));
    let wrong = engine.accounts_with_errors(&management(), &whole()).unwrap().items;
    assert_eq!(wrong.iter().map(|id| id.as_str()).collect::<Vec<_>>(), [MEMBER]);

    // Once there is such a region, the plan is there.
    assert_eq!(plans(engine, MEMBER, "moon-north-1"), []);
    engine.set_own_regions(["moon-north-1".parse().unwrap()]);
    assert_eq!(plans(engine, MEMBER, "moon-north-1").len(), 1);
}

#[test]
fn the_owner_of_the_directory_puts_attaches_and_reads_policies_by_their_names() {
    let harness = Harness::with_member();
    let engine = &harness.engine;
    let put = |content: &Value| {
        let description = None;
        engine.put_policy(PutPolicy { name: "nightly".to_owned(), description, content: content.to_string() }).unwrap()
    };
    let first = put(&nightly()).policy;
    assert_eq!(first.targets, []);
    // Backup policies are enabled where they are not.
    let attached = engine.attach_policy_named("nightly", "root").unwrap();
    assert_eq!((attached.policy.targets[0].name.as_str(), attached.problems.len()), ("Root", 0));
    let mut lacking = nightly();
    lacking["plans"]["Nightly"]["rules"] = json!({});
    let put = put(&lacking);
    assert_eq!((put.policy.policy_id, put.problems.len()), (first.policy_id.clone(), 2));
    assert_eq!(put.problems[0].error_message, "'rules' is missing");
    let view = engine.effective_policy_view(&MEMBER.parse().unwrap()).unwrap();
    assert_eq!((view.plans.len(), view.problems.len()), (0, 1));
    engine.detach_policy_named(&first.policy_id, "root").unwrap();
    engine.delete_policy_named("nightly").unwrap();
    assert_eq!(engine.policy_views().unwrap().policies, []);
}

fn member_jobs(bench: &Bench, who: &Caller) -> Vec<BackupJob> {
    let mut jobs = walk(100, |page| bench.engine().list_backup_jobs(who, &BackupJobFilter::default(), page));
    jobs.reverse();
    jobs
}

/// A member with a folder that is to be backed up daily.
fn with_member(bench: &Bench) -> Arn {
    let engine = bench.engine();
    let request = AddAccount { account_id: Some(MEMBER.to_owned()), name: "member".to_owned(), email: None };
    engine.add_account(request).unwrap();
    let path = bench.path("projects");
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("file"), "content").unwrap();
    let added = engine.add_resource(AddResource {
        resource_type: "EFS".to_owned(),
        name: "projects".to_owned(),
        location: Location::at_path(path.to_str().unwrap()),
        secret: None,
        tags: [("backup".to_owned(), "daily".to_owned())].into(),
        account_id: Some(MEMBER.to_owned()),
        region: None,
    });
    added.unwrap().resource_arn.parse().unwrap()
}

#[test]
fn a_plan_of_a_policy_runs_on_schedule_and_its_points_outlive_it() {
    let mut bench = Bench::simulated();
    let resource = with_member(&bench);
    let who = member();
    enable(bench.engine());
    let policy = attached(bench.engine(), "nightly", &nightly(), &target(MEMBER));
    bench.advance(Duration::days(2));
    // A restart in between changes nothing.
    let before = plans(bench.engine(), MEMBER, "us-east-1");
    bench.restart();
    assert_eq!(plans(bench.engine(), MEMBER, "us-east-1"), before);
    bench.advance(Duration::days(1));
    let jobs = member_jobs(&bench, &who);
    assert_eq!(jobs.len(), 3);
    for job in &jobs {
        assert_completed(job);
        assert_eq!(job.resource_arn, resource);
        let creator = job.created_by.as_ref().unwrap();
        assert_eq!(
            (creator.backup_plan_id.as_str(), creator.backup_rule_name.as_str()),
            (before[0].id.as_str(), "daily")
        );
    }
    bench.engine().detach_policy((&management()).into(), &policy.id, &target(MEMBER)).unwrap();
    bench.advance(Duration::days(2));
    assert_eq!(member_jobs(&bench, &who).len(), 3);
    assert_eq!(bench.engine().describe_vault(&who, "Default").unwrap().recovery_points, 3);
}

#[test]
fn a_role_or_a_vault_that_is_missing_fails_the_jobs_with_that_reason() {
    let bench = Bench::simulated();
    with_member(&bench);
    enable(bench.engine());
    let mut content = nightly();
    content["plans"]["Nightly"]["selections"]["tags"]["Tagged"]["iam_role_arn"] =
        json!({ "@@assign": "arn:aws:iam::$account:role/Nobody" });
    let policy = attached(bench.engine(), "nightly", &content, &target(MEMBER));
    bench.advance(Duration::days(1));
    content = nightly();
    content["plans"]["Nightly"]["rules"]["Daily"]["target_backup_vault_name"] = json!({ "@@assign": "Nowhere" });
    let change = PolicyChange { content: Some(content.to_string()), ..PolicyChange::default() };
    bench.engine().update_policy((&management()).into(), &policy.id, change).unwrap();
    bench.advance(Duration::days(1));
    let jobs = member_jobs(&bench, &member());
    let told: Vec<_> = jobs.iter().map(|job| (&job.state, job.status_message.as_deref().unwrap())).collect();
    assert_eq!(
        told,
        [
            (&JobState::Failed, "IAM Role arn:aws:iam::210987654321:role/Nobody cannot be assumed by AWS Backup"),
            (
                &JobState::Failed,
                "Backup job failed because backup vault arn:aws:backup:us-east-1:210987654321:backup-vault:Nowhere does \
                 not exist."
            ),
        ]
    );
}

#[test]
fn a_plan_of_a_policy_writes_into_the_air_gapped_vault_that_it_names_and_into_no_other_kind() {
    let bench = Bench::simulated();
    let (resource, who) = (with_member(&bench), member());
    let bounds = RetentionBounds { min_days: 7, max_days: 90 };
    bench.engine().create_air_gapped_vault(&who, &"safe".parse().unwrap(), bounds, &NewVault::default()).unwrap();
    enable(bench.engine());
    let into = |name: &str| {
        let mut content = nightly();
        let vault = format!("arn:aws:backup:$region:$account:backup-vault:{name}");
        content["plans"]["Nightly"]["rules"]["Daily"]["target_logically_air_gapped_backup_vault_arn"] =
            json!({ "@@assign": vault });
        content
    };
    let policy = attached(bench.engine(), "nightly", &into("safe"), &target(MEMBER));
    bench.advance(Duration::days(1));
    let change = PolicyChange { content: Some(into("Default").to_string()), ..PolicyChange::default() };
    bench.engine().update_policy((&management()).into(), &policy.id, change).unwrap();
    bench.advance(Duration::days(1));
    let jobs = member_jobs(&bench, &who);
    assert_completed(&jobs[0]);
    assert_eq!((&jobs[0].resource_arn, jobs[0].vault_name.as_str()), (&resource, "safe"));
    assert_eq!(jobs[1].state, JobState::Failed);
    let message = jobs[1].status_message.as_deref().unwrap();
    assert!(message.contains("is not a logically air-gapped backup vault"), "{message}");
    let points = |name| bench.engine().describe_vault(&who, name).unwrap().recovery_points;
    assert_eq!((points("safe"), points("Default")), (1, 0));
}

#[test]
fn a_plan_of_a_policy_obeys_the_opt_in_of_the_management_account() {
    let bench = Bench::simulated();
    with_member(&bench);
    enable(bench.engine());
    attached(bench.engine(), "nightly", &nightly(), &target(MEMBER));
    let opt = |who: &Caller, enabled: bool| {
        let wanted = [("EFS".to_owned(), enabled)].into();
        bench.engine().update_region_settings(who, wanted, [].into()).unwrap();
    };
    opt(&member(), false);
    bench.advance(Duration::days(1));
    assert_eq!(member_jobs(&bench, &member()).len(), 1, "its own opt-in does not count");
    opt(&member(), true);
    opt(&management(), false);
    bench.advance(Duration::days(1));
    assert_eq!(member_jobs(&bench, &member()).len(), 1);
}

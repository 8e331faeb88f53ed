//! Who is in the sample organization, what they have, and how they protect it.

use super::files::Content;
use super::{Result, policies};
use crate::domain::account::MEMBER_ROLE;
use crate::domain::air_gap::RetentionBounds;
use crate::domain::copies::CROSS_ACCOUNT_SETTING;
use crate::domain::extension::{AddAccount, AddResource, AddRole};
use crate::domain::plan::{CopyAction, PlanDocument, Rule};
use crate::domain::policy::Template;
use crate::domain::selection::{SelectionDocument, TagCondition};
use crate::domain::types::fsx::FsxKind;
use crate::domain::types::location::Part;
use crate::domain::types::{Location, efs, fsx};
use crate::domain::vault_lock::{LockRequest, MIN_COOLING_OFF_DAYS};
use crate::domain::{AccountId, Arn, Lifecycle, ParentId, Region, Tags, VaultName};
use crate::engine::authorize::Principal;
use crate::engine::sharing::NewShare;
use crate::engine::{Caller, Engine, Error as EngineError, FIRST_ACCOUNT, FIRST_REGION, NewVault, RestoreRoots};
use std::collections::BTreeMap;
use std::path::Path;

pub(super) const PRODUCTION: &str = "111122223333";
pub(super) const STAGING: &str = "222233334444";
pub(super) const DEVELOPMENT: &str = "333344445555";
pub(super) const DATA: &str = "444455556666";
pub(super) const MEDIA: &str = "555566667777";

const FRANKFURT: &str = "eu-central-1";

/// The units, and what each lies in; empty for the root.
const UNITS: [(&str, &str); 4] = [("Workloads", ""), ("Live", "Workloads"), ("Test", "Workloads"), ("Data", "")];

/// The members beside the management account, and the unit of each.
const MEMBERS: [(&str, &str, &str); 5] = [
    (PRODUCTION, "production", "Live"),
    (STAGING, "staging", "Test"),
    (DEVELOPMENT, "development", "Test"),
    (DATA, "data-platform", "Data"),
    (MEDIA, "media-archive", "Data"),
];

/// A sample folder that is registered as a file system: of EFS, or of FSx where it has a kind.
pub(super) struct Sample {
    pub(super) account: &'static str,
    pub(super) region: &'static str,
    pub(super) name: &'static str,
    pub(super) content: Content,
    kind: Option<FsxKind>,
    tags: &'static [(&'static str, &'static str)],
}

const fn sample(
    account: &'static str,
    name: &'static str,
    content: Content,
    tags: &'static [(&'static str, &'static str)],
) -> Sample {
    Sample { account, region: FIRST_REGION, name, content, kind: None, tags }
}

/// The one whose folder is lost.
pub(super) const LOST: &str = "legacy-reports";
/// The one whose nights become too short.
pub(super) const GROWING: &str = "camera-masters";
/// The one in which somebody hides a file.
pub(super) const PRIVATE: &str = "home-directories";
/// The one of which some recovery points are under a legal hold.
pub(super) const UPLOADS: &str = "customer-uploads";
/// The one of which something is restored.
pub(super) const RESTORED: &str = "projects";

/// The vault whose lock nobody can take off any more.
pub(super) const LOCKED: &str = "production-monthly";
/// The vault behind the air gap.
pub(super) const AIR_GAPPED: &str = "production-air-gapped";
/// The vault whose lock cools off.
pub(super) const COOLING_OFF: &str = "warehouse";

/// What the accounts have.
pub(super) const SAMPLES: [Sample; 11] = [
    sample(PRODUCTION, RESTORED, Content::Texts(120), &[("env", "prod"), ("team", "web"), ("backup", "daily")]),
    sample(PRODUCTION, UPLOADS, Content::Media(6), &[("env", "prod"), ("backup", "daily")]),
    sample(PRODUCTION, PRIVATE, Content::Texts(80), &[("env", "prod"), ("backup", "daily")]),
    Sample {
        region: FRANKFURT,
        ..sample(PRODUCTION, "projects-eu", Content::Texts(60), &[("env", "prod"), ("backup", "daily")])
    },
    sample(STAGING, "staging-web", Content::Texts(40), &[("env", "staging"), ("backup", "weekly")]),
    sample(DEVELOPMENT, "dev-homes", Content::Texts(60), &[("env", "dev"), ("backup", "daily")]),
    sample(DEVELOPMENT, "build-cache", Content::Media(4), &[("env", "dev")]),
    sample(DATA, "warehouse-exports", Content::Tables(12), &[("env", "prod"), ("backup", "twice-a-day")]),
    Sample {
        kind: Some(FsxKind::Lustre),
        ..sample(DATA, "models", Content::Media(8), &[("env", "prod"), ("backup", "daily")])
    },
    sample(DATA, LOST, Content::Tables(3), &[("env", "prod"), ("backup", "daily")]),
    sample(MEDIA, GROWING, Content::Media(6), &[("env", "prod"), ("backup", "nightly")]),
];

/// A plan with its one selection, by tag.
struct SamplePlan {
    account: &'static str,
    region: &'static str,
    name: &'static str,
    tag: &'static str,
    /// The role; the account's default one when absent.
    role: Option<&'static str>,
    rules: &'static [SampleRule],
}

struct SampleRule {
    name: &'static str,
    vault: &'static str,
    cron: &'static str,
    zone: &'static str,
    days: i64,
    /// After how many days they move to cold storage, if they do.
    cold: Option<i64>,
    /// Start and completion windows in minutes; AWS's when absent.
    windows: Option<(i64, i64)>,
    /// What its recovery points are copied into.
    copy: Option<Elsewhere>,
}

/// A vault of another region or account.
#[derive(Clone, Copy)]
struct Elsewhere {
    account: &'static str,
    region: &'static str,
    vault: &'static str,
}

/// In another region of the same account.
const ABROAD: Elsewhere = Elsewhere { account: PRODUCTION, region: FRANKFURT, vault: "monthly-abroad" };
/// In another account, whose policy lets the organization's copies in.
const OFFSITE: Elsewhere = Elsewhere { account: MEDIA, region: FRANKFURT, vault: "offsite" };
/// In another account, which lets nobody's copies in: these fail, and say so.
const SHUT: Elsewhere = Elsewhere { account: PRODUCTION, region: FIRST_REGION, vault: "production-monthly" };

const fn rule(name: &'static str, vault: &'static str, cron: &'static str, days: i64) -> SampleRule {
    SampleRule { name, vault, cron, zone: "Etc/UTC", days, cold: None, windows: None, copy: None }
}

/// The role that is taken away from staging.
pub(super) const REMOVED_ROLE: &str = "staging-backup";

const PLANS: [SamplePlan; 7] = [
    SamplePlan {
        account: PRODUCTION,
        region: FIRST_REGION,
        name: "production",
        tag: "daily",
        role: None,
        rules: &[
            SampleRule { windows: Some((60, 1440)), ..rule("daily", "production-daily", "cron(0 5 ? * * *)", 14) },
            SampleRule {
                windows: Some((60, 1440)),
                cold: Some(1),
                copy: Some(ABROAD),
                ..rule("monthly", "production-monthly", "cron(0 8 1 * ? *)", 365)
            },
        ],
    },
    SamplePlan {
        account: PRODUCTION,
        region: FRANKFURT,
        name: "production-eu",
        tag: "daily",
        role: None,
        rules: &[SampleRule {
            zone: "Europe/Berlin",
            copy: Some(OFFSITE),
            ..rule("daily", "production-daily", "cron(30 2 ? * * *)", 14)
        }],
    },
    SamplePlan {
        account: STAGING,
        region: FIRST_REGION,
        name: "staging-weekly",
        tag: "weekly",
        role: Some(REMOVED_ROLE),
        rules: &[SampleRule {
            windows: Some((60, 1440)),
            copy: Some(SHUT),
            ..rule("twice-a-week", "Default", "cron(0 3 ? * WED,SUN *)", 30)
        }],
    },
    SamplePlan {
        account: DEVELOPMENT,
        region: FIRST_REGION,
        name: "development",
        tag: "daily",
        role: None,
        rules: &[rule("daily", "Default", "cron(0 1 ? * MON-FRI *)", 7)],
    },
    SamplePlan {
        account: DATA,
        region: FIRST_REGION,
        name: "warehouse",
        tag: "twice-a-day",
        role: None,
        rules: &[rule("every-12-hours", "warehouse", "cron(0 0/12 ? * * *)", 5)],
    },
    SamplePlan {
        account: DATA,
        region: FIRST_REGION,
        name: "data-daily",
        tag: "daily",
        role: None,
        rules: &[rule("daily", "warehouse", "cron(0 4 ? * * *)", 10)],
    },
    SamplePlan {
        account: MEDIA,
        region: FIRST_REGION,
        name: "media-nightly",
        tag: "nightly",
        role: None,
        rules: &[SampleRule { windows: Some((60, 120)), ..rule("nightly", "media", "cron(0 2 ? * * *)", 21) }],
    },
];

/// Somebody in an account and region.
pub(super) fn caller(account: &str, region: &str) -> Result<Caller> {
    let account: AccountId = account.parse().map_err(EngineError::from)?;
    let region: Region = region.parse().map_err(EngineError::from)?;
    let user_arn: Arn = format!("arn:aws:iam::{account}:root").parse().map_err(EngineError::from)?;
    Ok(Caller { account, region, user_arn, user_id: None, restore_roots: RestoreRoots::Any })
}

/// Where a sample's files lie.
pub(super) fn folder_of(files: &Path, sample: &Sample) -> std::path::PathBuf {
    files.join(sample.account).join(sample.name)
}

fn found_accounts(engine: &Engine) -> Result<()> {
    let root = ParentId::Root(engine.tree()?.root);
    let mut units: BTreeMap<&str, ParentId> = BTreeMap::new();
    for (name, parent) in UNITS {
        let parent = units.get(parent).unwrap_or(&root);
        let unit = engine.create_unit(Principal::Owner, parent, name)?;
        units.insert(name, ParentId::Unit(unit.id));
    }
    for (id, name, unit) in MEMBERS {
        let request = AddAccount { account_id: Some(id.to_owned()), name: name.to_owned(), email: None };
        engine.add_account(request)?;
        engine.put_account(&id.parse().map_err(EngineError::from)?, units.get(unit).unwrap_or(&root))?;
    }
    // Who looks after the data sees how the backups of all accounts go.
    engine.register_delegated_administrator(Principal::Owner, &DATA.parse().map_err(EngineError::from)?)?;
    Ok(())
}

/// Founds the accounts, registers the folders, makes vaults, plans and selections.
pub(super) fn found(engine: &Engine, files: &Path) -> Result<()> {
    found_accounts(engine)?;
    for sample in &SAMPLES {
        engine.add_resource(AddResource {
            resource_type: if sample.kind.is_some() { fsx::FACTS.name } else { efs::FACTS.name }.to_owned(),
            name: sample.name.to_owned(),
            location: Location::at_path(folder_of(files, sample).to_string_lossy())
                .with(Part::Kind, sample.kind.map(FsxKind::as_str)),
            secret: None,
            tags: tags(sample.tags),
            account_id: Some(sample.account.to_owned()),
            region: Some(sample.region.to_owned()),
        })?;
    }
    for plan in &PLANS {
        make_plan(engine, plan)?;
    }
    policies::set(engine)?;
    let_copies_go(engine)?;
    let media = caller(MEDIA, FIRST_REGION)?;
    // Only who enters the account by this role deletes anything there.
    let role = Arn::role(&media.account, MEMBER_ROLE).to_string();
    engine.put_vault_access_policy(&media, "media", &Template::BreakGlass { role }.text())?;
    let production = caller(PRODUCTION, FIRST_REGION)?;
    engine.put_vault_lock(&production, LOCKED, &lock(30))?;
    put_behind_an_air_gap(engine)?;
    let topic = format!("arn:aws:sns:{FIRST_REGION}:{MEDIA}:backups");
    let told = ["BACKUP_JOB_FAILED", "BACKUP_JOB_EXPIRED", "COPY_JOB_FAILED"].map(str::to_owned);
    engine.put_vault_notifications(&media, "media", &topic, &told)?;
    let organization = caller(FIRST_ACCOUNT, FIRST_REGION)?;
    engine.create_vault(&organization, &name("organization-records")?, vault_of("management"))?;
    Ok(())
}

/// A vault that nobody can delete from, which another account restores from should the one that owns it be lost.
fn put_behind_an_air_gap(engine: &Engine) -> Result<()> {
    let owner = caller(PRODUCTION, FIRST_REGION)?;
    let bounds = RetentionBounds { min_days: 7, max_days: 365 };
    let vault = engine.create_air_gapped_vault(&owner, &name(AIR_GAPPED)?, bounds, &vault_of("air-gap"))?;
    let share = NewShare {
        name: "recovery".to_owned(),
        vaults: vec![vault.arn],
        principals: vec![DATA.to_owned()],
        client_token: None,
    };
    engine.create_resource_share(&owner, &share)?;
    Ok(())
}

/// Where the copies go: the organization lets them leave their accounts, and one vault lets them in.
fn let_copies_go(engine: &Engine) -> Result<()> {
    let setting = (CROSS_ACCOUNT_SETTING.to_owned(), "true".to_owned());
    engine.update_global_settings(&caller(FIRST_ACCOUNT, FIRST_REGION)?, &[setting].into())?;
    for place in [ABROAD, OFFSITE] {
        let owner = caller(place.account, place.region)?;
        engine.create_vault(&owner, &name(place.vault)?, vault_of("copies"))?;
    }
    let organization = engine.organization()?.id;
    let policy = Template::CopiesFromOrganization { organization }.text();
    engine.put_vault_access_policy(&caller(OFFSITE.account, OFFSITE.region)?, OFFSITE.vault, &policy)?;
    Ok(())
}

fn make_plan(engine: &Engine, plan: &SamplePlan) -> Result<()> {
    let caller = caller(plan.account, plan.region)?;
    for rule in plan.rules.iter().filter(|rule| rule.vault != "Default") {
        match engine.create_vault(&caller, &name(rule.vault)?, vault_of(plan.name)) {
            Err(EngineError::Service { kind: crate::engine::ErrorKind::AlreadyExists { .. }, .. }) | Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let role = plan.role.map_or_else(|| Arn::default_role(&caller.account), |path| Arn::role(&caller.account, path));
    if plan.role.is_some() {
        engine.add_role(AddRole { role_arn: role.to_string() })?;
    }
    let document = PlanDocument {
        backup_plan_name: plan.name.to_owned(),
        rules: plan.rules.iter().map(SampleRule::document).collect::<Result<_>>()?,
        advanced_backup_settings: Vec::new(),
    };
    let made = engine.create_plan(&caller, document, Tags::new(), None)?;
    let by_tag = TagCondition {
        condition_type: "STRINGEQUALS".to_owned(),
        condition_key: "backup".to_owned(),
        condition_value: plan.tag.to_owned(),
    };
    let selection = SelectionDocument {
        selection_name: format!("tagged-{}", plan.tag),
        iam_role_arn: role.to_string(),
        list_of_tags: vec![by_tag],
        ..SelectionDocument::default()
    };
    engine.create_selection(&caller, &made.id, selection, None)?;
    Ok(())
}

impl SampleRule {
    fn document(&self) -> Result<Rule> {
        let copies = self.copy.iter().map(Elsewhere::action).collect::<Result<_>>()?;
        Ok(Rule {
            rule_name: self.name.to_owned(),
            target_backup_vault_name: self.vault.to_owned(),
            schedule_expression: Some(self.cron.to_owned()),
            schedule_expression_timezone: Some(self.zone.to_owned()),
            start_window_minutes: self.windows.map(|(start, _)| start),
            completion_window_minutes: self.windows.map(|(_, completion)| completion),
            lifecycle: Some(Lifecycle {
                move_to_cold_storage_after_days: self.cold,
                ..Lifecycle::delete_after(self.days)
            }),
            copy_actions: copies,
            ..Rule::default()
        })
    }
}

impl Elsewhere {
    fn action(&self) -> Result<CopyAction> {
        let owner = caller(self.account, self.region)?;
        let vault = Arn::vault(&owner.scope(), &name(self.vault)?);
        Ok(CopyAction { destination_backup_vault_arn: vault.to_string(), lifecycle: None })
    }
}

fn name(text: &str) -> Result<VaultName> {
    Ok(text.parse::<VaultName>().map_err(EngineError::from)?)
}

/// A lock in compliance mode that can be changed as long as a lock must be at least.
pub(super) fn lock(min_days: i64) -> LockRequest {
    LockRequest {
        min_retention_days: Some(min_days),
        max_retention_days: None,
        changeable_for_days: Some(MIN_COOLING_OFF_DAYS),
    }
}

fn vault_of(owner: &str) -> NewVault {
    NewVault { tags: tags(&[("owner", owner)]), encryption_key_arn: None, creator_request_id: None }
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

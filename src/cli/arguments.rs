//! What can be written on the command line.

mod account;
mod backup_policy;
mod catalog;
mod copy;
mod delete;
mod explore;
mod findings;
mod history;
mod hold;
mod key;
mod metrics;
mod policy;
mod report;
mod vault;

pub(super) use account::{AccountCommand, UnitCommand};
pub(super) use backup_policy::BackupPolicyCommand;
pub(super) use catalog::CatalogCommand;
pub(super) use copy::{CopyCommand, CopyOptions};
pub(super) use delete::{DeleteCommand, DeleteOptions, DisassociateOptions};
pub(super) use explore::{DecodeOptions, DiffOptions, FindOptions};
pub(super) use findings::{FindingsOptions, Kinds};
pub(super) use history::{ClearOptions, HistoryCommand};
pub(super) use hold::{CancelOptions, CreateOptions, HoldCommand, PlaceOptions, ShowOptions};
pub(super) use key::{AddOptions, KeyCommand, KeyOptions, MoveOptions, RootCommand, RootKind, RootOptions};
pub(super) use metrics::MetricsOptions;
pub(super) use policy::PolicyCommand;
pub(super) use report::{ReportFormat, ReportOptions, ReportSpan};
pub(super) use vault::VaultCommand;

pub(super) use super::format::{PlainFormat, RowOptions};
use super::location::LocationOptions;
pub(super) use super::place::{ContextOptions, ScopeOptions, WithinOptions};
use crate::domain::{Arn, Region, tags};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// The terminal dashboard for AWS Backup, and an AWS Backup you can run yourself.
///
/// Without a subcommand it opens the dashboard.
#[derive(Debug, Parser)]
#[command(name = "vaultdeck", version, max_term_width = 100)]
pub(super) struct Arguments {
    /// The engine's data directory [default: vaultdeck in the XDG data folder]
    #[arg(long, global = true, env = "VAULTDECK_DATA_DIR", value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,

    /// A file with the passphrase of the engine's key ring, where it has one
    #[arg(long, global = true, env = "VAULTDECK_PASSPHRASE_FILE", value_name = "FILE")]
    pub(super) passphrase_file: Option<PathBuf>,

    #[command(flatten)]
    pub(super) dashboard: DashboardOptions,

    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Open the dashboard (also the default)
    Dashboard(DashboardOptions),
    /// Run the engine for other programs
    Serve(ServeOptions),
    /// Open the dashboard on a sample organization with real data
    Demo(DemoOptions),
    /// Register what can be protected
    #[command(subcommand)]
    Resource(ResourceCommand),
    /// Accounts of the engine's organization
    #[command(subcommand)]
    Account(AccountCommand),
    /// Roles that the engine can assume
    #[command(subcommand)]
    Role(RoleCommand),
    /// Print an access key of the engine for other tools
    Credentials(CredentialsOptions),
    /// Copy the engine's catalog, or put a copy back
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Care for a vault of the engine
    #[command(subcommand)]
    Vault(VaultCommand),
    /// List vaults
    Vaults(ListOptions),
    /// List backup plans
    Plans(ListOptions),
    /// List backup, restore and copy jobs, the newest first
    Jobs(JobsOptions),
    /// List recovery points, the newest first
    Points(PointsOptions),
    /// Look at one recovery point
    #[command(subcommand)]
    Point(PointCommand),
    /// List the accounts of the organization
    Accounts(ListOptions),
    /// Keep recovery points from being deleted, whoever tries, until they are released
    #[command(subcommand)]
    Hold(Box<HoldCommand>),
    /// The KMS keys under which vaults are made
    #[command(subcommand)]
    Key(Box<KeyCommand>),
    /// Delete a vault, a recovery point or a plan; says first what that blocks or strands, and asks
    #[command(subcommand)]
    Delete(Box<DeleteCommand>),
    /// Take a nested recovery point out of the composite one that it is nested in; it stays, by itself
    Disassociate(Box<DisassociateOptions>),
    /// Back a resource up now
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Copy a recovery point into another vault
    #[command(subcommand)]
    Copy(CopyCommand),
    /// Restore a recovery point
    #[command(subcommand)]
    Restore(RestoreCommand),
    /// Find a file, by a glob of its name or path, in all recovery points of a resource or a vault (engine only)
    Find(FindOptions),
    /// Have AWS STS decode an encoded authorization failure message: who may not do what on what, and by which kind of deny
    Decode(DecodeOptions),
    /// List what somebody should look at, the worst first: failed, expired and missing backups, copies that lag, and more
    Findings(FindingsOptions),
    /// The jobs that dashboards saw on AWS, kept on this machine for longer than AWS lists them
    #[command(subcommand)]
    History(HistoryCommand),
    /// Print numbers for a monitor, as OpenMetrics text: jobs, ages, sizes, findings
    Metrics(MetricsOptions),
    /// Tell what became of a day or a week: what ran, failed, is missing, was found, restored and will be deleted; times are UTC
    Report(ReportOptions),
    /// List who changed what: from this machine, and on an engine by whomever else; the newest first
    Activity(ListOptions),
    /// Print what changed its state, as EventBridge tells it: jobs, recovery points, plans, vaults, settings
    Events(super::events::EventsOptions),
    /// Tell whether an engine does what it is there for; exit code 1 if not, 3 with warnings, 4 if none answers
    Status(StatusOptions),
    /// The engine's clock
    #[command(subcommand)]
    Clock(ClockCommand),
    /// Print a completion script for a shell
    Completions(CompletionsOptions),
}

#[derive(Debug, Args)]
pub(super) struct StatusOptions {
    #[command(flatten)]
    pub(super) place: ContextOptions,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = PlainFormat::Text)]
    pub(super) output: PlainFormat,
}

#[derive(Debug, Subcommand)]
pub(super) enum ClockCommand {
    /// Say that the system's clock is right, so that a jump of it counts at once
    Confirm,
}

#[derive(Debug, Clone, Default, Args)]
pub(super) struct DashboardOptions {
    #[command(flatten)]
    pub(super) place: ContextOptions,
    /// The regions to look at, with commas between them
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    pub(super) region: Vec<Region>,
    /// Allow changes on AWS
    #[arg(long)]
    pub(super) write: bool,
    #[arg(long, value_name = "NAME", help = super::themes::help())]
    pub(super) theme: Option<String>,
    /// Draw with ASCII signs only, whatever the locale says
    #[arg(long)]
    pub(super) ascii: bool,
}

#[derive(Debug, Args)]
pub(super) struct ServeOptions {
    /// Where to listen; port 0 picks a free one. Only loopback: reach it through an SSH tunnel
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9860")]
    pub(super) listen: SocketAddr,
    /// Whose time plans and lifecycles follow; `simulated` moves only by POST /_clock
    #[arg(long, value_enum, default_value_t = Clock::System)]
    pub(super) clock: Clock,
    /// A folder below which restores that come over TCP may write; may be given more than once
    #[arg(long = "restore-root", value_name = "DIR")]
    pub(super) restore_roots: Vec<PathBuf>,
    /// Where monitors read numbers, at /metrics, as OpenMetrics text; a port alone is one of 127.0.0.1. Without a signature: whoever
    /// reaches it reads names of accounts, vaults and resources, but no secrets
    #[arg(long, value_name = "ADDRESS", value_parser = metrics::address)]
    pub(super) metrics: Option<SocketAddr>,
    /// A URL to which each new finding is POSTed as JSON, once; one that does not take it is tried again
    #[arg(long, value_name = "URL")]
    pub(super) on_finding_webhook: Option<String>,
    /// A program by its absolute path, which is run for each new finding with it as JSON on its standard input
    #[arg(long, value_name = "PROGRAM")]
    pub(super) on_finding_command: Option<String>,
    /// How many bytes a job moves in a second of simulated time; without it, all at once
    #[arg(long, value_name = "BYTES", hide = true)]
    pub(super) simulated_rate: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Clock {
    /// The machine's clock
    System,
    /// A clock that is told what time it is
    Simulated,
}

#[derive(Debug, Args)]
pub(super) struct DemoOptions {
    /// Make the sample organization anew
    #[arg(long)]
    pub(super) reset: bool,
    /// Make it and stop, without the dashboard
    #[arg(long)]
    pub(super) no_dashboard: bool,
    /// Leave out the database that the demo has where PostgreSQL is installed
    #[arg(long)]
    pub(super) without_database: bool,
    #[arg(long, value_name = "NAME", help = super::themes::help())]
    pub(super) theme: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum ResourceCommand {
    /// Register a resource, or replace tags and secret of the same one; prints its ARN
    Add {
        /// Its type, such as EFS (a directory tree)
        #[arg(value_name = "TYPE")]
        resource_type: String,
        /// Its name, unique per account, region and type
        name: String,
        #[command(flatten)]
        location: Box<LocationOptions>,
        /// A file with the secret that its service asks for; - for standard input
        #[arg(long, value_name = "FILE")]
        secret_file: Option<PathBuf>,
        /// A tag, may be given more than once
        #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tags::parse_pair)]
        tags: Vec<(String, String)>,
        /// Only to check it and to tell what its service says; nothing is registered
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        scope: ScopeOptions,
        /// How to print the ARN, or what its service says
        #[arg(long, value_enum, default_value_t)]
        output: PlainFormat,
    },
    /// List the registered resources
    List {
        #[command(flatten)]
        within: WithinOptions,
        #[command(flatten)]
        rows: RowOptions,
    },
    /// Forget a resource; its data and its recovery points stay
    Remove {
        /// Its ARN
        arn: Arn,
        /// Also where its service is gone for good, and could not be told that it need not keep its log any more
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum RoleCommand {
    /// Let the engine assume a role
    Add {
        /// arn:aws:iam::ACCOUNT:role/NAME
        arn: Arn,
    },
    /// List the roles that the engine can assume
    List {
        #[command(flatten)]
        rows: RowOptions,
    },
    /// No longer let the engine assume a role
    Remove {
        /// Its ARN
        arn: Arn,
    },
}

#[derive(Debug, Args)]
pub(super) struct CredentialsOptions {
    #[command(flatten)]
    pub(super) scope: ScopeOptions,
    /// How to print them
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: CredentialsFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum CredentialsFormat {
    /// Lines for `eval` in a shell
    #[default]
    Env,
    /// One JSON object
    Json,
}

#[derive(Debug, Args)]
pub(super) struct ListOptions {
    #[command(flatten)]
    pub(super) place: ContextOptions,
    #[command(flatten)]
    pub(super) within: WithinOptions,
    #[command(flatten)]
    pub(super) rows: RowOptions,
}

#[derive(Debug, Args)]
pub(super) struct JobsOptions {
    #[command(flatten)]
    pub(super) list: ListOptions,
    /// Only jobs of this kind
    #[arg(long, value_enum)]
    pub(super) kind: Option<Kind>,
    /// Only jobs in this state, such as FAILED
    #[arg(long)]
    pub(super) state: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Backup jobs
    Backup,
    /// Restore jobs
    Restore,
    /// Copy jobs
    Copy,
}

#[derive(Debug, Args)]
pub(super) struct PointsOptions {
    #[command(flatten)]
    pub(super) list: ListOptions,
    /// Only those in this vault
    #[arg(long, value_name = "NAME")]
    pub(super) vault: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum BackupCommand {
    /// Back a resource up and follow the job
    Start(BackupOptions),
}

#[derive(Debug, Args)]
pub(super) struct BackupOptions {
    /// The resource's ARN, or its name on an engine
    pub(super) resource: String,
    /// The vault
    #[arg(long, value_name = "NAME")]
    pub(super) vault: String,
    /// The logically air-gapped vault that takes its place
    #[arg(long, value_name = "NAME")]
    pub(super) air_gapped_vault: Option<String>,
    /// The role that the job runs under [default: the account's AWSBackupDefaultServiceRole]
    #[arg(long, value_name = "ARN")]
    pub(super) role: Option<Arn>,
    /// Delete the recovery point after this many days [default: never]
    #[arg(long, value_name = "DAYS")]
    pub(super) delete_after: Option<i64>,
    /// A tag of the recovery point, may be given more than once
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tags::parse_pair)]
    pub(super) tags: Vec<(String, String)>,
    /// An option of the resource's type, such as BackupACLs=enabled of S3; may be given more than once
    #[arg(long = "option", value_name = "NAME=VALUE", value_parser = tags::parse_pair)]
    pub(super) options: Vec<(String, String)>,
    #[command(flatten)]
    pub(super) scope: ScopeOptions,
    #[command(flatten)]
    pub(super) order: OrderOptions,
}

#[derive(Debug, Subcommand)]
pub(super) enum RestoreCommand {
    /// Restore a recovery point and follow the job
    Start(RestoreOptions),
    /// Prove that a recovery point can be restored: restore it into a scratch place, compare, and take it away; exit code 1 if not
    Test(RestoreTestOptions),
}

#[derive(Debug, Args)]
pub(super) struct RestoreTestOptions {
    /// The recovery point's ARN, or the part behind its last colon
    pub(super) point: String,
    /// Restore to this moment, such as 2026-11-23T05:00:00Z, of a continuous recovery point [default: the latest one]
    #[arg(long, value_name = "TIME")]
    pub(super) time: Option<String>,
    /// The role that the job runs under [default: the account's AWSBackupDefaultServiceRole]
    #[arg(long, value_name = "ARN")]
    pub(super) role: Option<Arn>,
    #[command(flatten)]
    pub(super) scope: ScopeOptions,
    #[command(flatten)]
    pub(super) order: OrderOptions,
}

#[derive(Debug, Subcommand)]
pub(super) enum PointCommand {
    /// Print what is known of a recovery point: on an engine also when it was last proven
    Show(PointOptions),
    /// Print what is different in a recovery point from another one of the same resource (engine only)
    Diff(DiffOptions),
}

#[derive(Debug, Args)]
pub(super) struct PointOptions {
    /// The recovery point's ARN, or the part behind its last colon
    pub(super) point: String,
    #[command(flatten)]
    pub(super) scope: ScopeOptions,
    #[command(flatten)]
    pub(super) place: ContextOptions,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: PlainFormat,
}

#[derive(Debug, Args)]
pub(super) struct RestoreOptions {
    /// The recovery point's ARN, or the part behind its last colon
    pub(super) point: String,
    /// Restore into this folder, empty or absent (engine only) [default: below the data directory], or into a new bucket of
    /// this name
    #[arg(long, value_name = "PLACE", conflicts_with = "into_source")]
    pub(super) to: Option<PathBuf>,
    /// Restore into the source: into a folder of its own, or into the bucket, whose objects stay as they are
    #[arg(long)]
    pub(super) into_source: bool,
    /// Only this file or folder, from the resource's root, or this object or prefix (with a slash at its end); may be given
    /// more than once
    #[arg(long = "item", value_name = "PATH")]
    pub(super) items: Vec<String>,
    /// Restore to this moment, such as 2026-11-23T05:00:00Z, of a continuous recovery point [default: the latest one]
    #[arg(long, value_name = "TIME")]
    pub(super) time: Option<String>,
    /// A key of the restore's metadata, may be given more than once; StackParameters=@FILE takes its value from a file
    #[arg(long = "metadata", value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub(super) metadata: Vec<(String, String)>,
    /// The role that the job runs under [default: the account's AWSBackupDefaultServiceRole]
    #[arg(long, value_name = "ARN")]
    pub(super) role: Option<Arn>,
    /// Give the restored resource the tags of the source
    #[arg(long)]
    pub(super) copy_source_tags: bool,
    #[command(flatten)]
    pub(super) scope: ScopeOptions,
    #[command(flatten)]
    pub(super) order: OrderOptions,
}

/// What backups, copies and restores have in common.
#[derive(Debug, Args)]
pub(super) struct OrderOptions {
    #[command(flatten)]
    pub(super) place: ContextOptions,
    /// Allow the change on AWS
    #[arg(long)]
    pub(super) write: bool,
    /// Print the job's id and do not wait for it; not where the engine would end with this command
    #[arg(long)]
    pub(super) no_wait: bool,
    /// How to print the job at its end
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: PlainFormat,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsOptions {
    /// The shell
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("{text:?} must be KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

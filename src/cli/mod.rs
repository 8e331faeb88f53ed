//! One file per subcommand; composes all the rest.
//!
//! A subcommand reaches the engine of its data directory by `host`: through the socket of the process that runs it, or,
//! where none does, in this process. Either way the same requests go through the same router.

mod account;
mod activity;
mod alert;
mod arguments;
mod backup;
mod backup_policy;
mod catalog;
mod change_options;
mod completions;
mod context;
mod copy;
mod credentials;
mod dashboard;
mod decode;
mod delete;
mod demo;
mod disassociate;
mod events;
mod failure;
mod find;
mod findings;
mod follow;
mod format;
mod history;
mod hold;
mod host;
mod keeper;
mod key;
mod link;
mod lists;
mod location;
mod logs;
mod metrics;
mod muted;
mod notifications;
mod output;
mod place;
mod point;
mod problem;
mod progress;
mod repair;
mod report;
mod resource;
mod restore;
mod role;
mod rows;
mod scrape;
mod secret;
mod serve;
mod sieve;
mod status;
mod terminal;
mod themes;
mod under_way;
mod vault;
mod vault_options;
mod watch;

use crate::config::{Config, Places};
use crate::domain::Region;
use arguments::{Arguments, Command};
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches};
use failure::{Exit, Failure};
use keeper::CommandLine;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What every subcommand is given.
#[derive(Clone)]
struct Session {
    /// The engine's data directory.
    data_dir: PathBuf,
    /// Whether the user named it, or the default is meant.
    data_dir_named: bool,
    /// What the config file says.
    config: Config,
    /// The regions beyond AWS's that the config file names.
    own_regions: Vec<Region>,
    /// Where the config file puts the cold storage of regions.
    cold: BTreeMap<Region, PathBuf>,
    /// What the root of the key ring asks of whoever starts an engine.
    keeper: CommandLine,
    /// The user's folders.
    places: Places,
}

/// Parses the command line, does what it says, and tells how it ended.
pub fn run() -> ExitCode {
    let parsed = Arguments::command()
        .try_get_matches()
        .and_then(|matches| Arguments::from_arg_matches(&matches).map(|arguments| (matches, arguments)));
    let (matches, arguments) = match parsed {
        Ok(parsed) => parsed,
        Err(told) => return output::parsed(&told).map_or_else(|failure| output::tell(&failure), ExitCode::from),
    };
    if matches.subcommand_name().is_some()
        && let Some(id) = ["endpoint_url", "profile", "region", "context", "write", "theme"]
            .into_iter()
            .find(|id| matches.value_source(id) == Some(ValueSource::CommandLine))
    {
        let option = id.replace('_', "-");
        let message = format!("--{option} before a subcommand has no effect; write it behind the subcommand's name");
        return output::tell(&Failure::usage(message));
    }
    match begin(arguments) {
        Ok(exit) => exit.code(),
        Err(failure) => output::tell(&failure),
    }
}

fn begin(arguments: Arguments) -> Result<Exit, Failure> {
    let command = arguments.command.unwrap_or(Command::Dashboard(arguments.dashboard));
    if let Command::Completions(shell) = &command {
        return completions::run(shell);
    }
    let places = Places::of_user().map_err(Failure::failed)?;
    let config = Config::load(&places.config_file).map_err(|e| Failure::usage(e.to_string()))?;
    let named = arguments.data_dir.is_some();
    let data_dir = absolute(&arguments.data_dir.unwrap_or_else(|| places.data_dir.clone()))?;
    let own_regions = own_regions(&config, &places)?;
    let cold = cold_storage(&config, &places)?;
    let keeper = CommandLine::of(&config.keys, arguments.passphrase_file)?;
    let session = Session { data_dir, data_dir_named: named, config, own_regions, cold, keeper, places };
    let _logs = logs::start(&command, &session.places.state_dir);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::failed(format!("the runtime did not start: {e}")))?;
    let ended = runtime.block_on(dispatch(command, &session));
    // Blocking threads that still wait for a file must not hold the process.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    ended
}

fn own_regions(config: &Config, places: &Places) -> Result<Vec<Region>, Failure> {
    config.regions.iter().map(|name| region(name, places)).collect()
}

fn cold_storage(config: &Config, places: &Places) -> Result<BTreeMap<Region, PathBuf>, Failure> {
    config.cold.iter().map(|(name, folder)| Ok((region(name, places)?, folder.clone()))).collect()
}

fn region(name: &str, places: &Places) -> Result<Region, Failure> {
    let file = places.config_file.display();
    name.parse().map_err(|e| Failure::usage(format!("{file}: [regions.{name}]: {e}")))
}

async fn dispatch(command: Command, session: &Session) -> Result<Exit, Failure> {
    match command {
        Command::Dashboard(options) => dashboard::run(session, &options).await,
        Command::Serve(options) => serve::run(session, &options).await,
        Command::Demo(options) => demo::run(session, &options).await,
        Command::Resource(command) => resource::run(session, command).await,
        Command::Account(command) => account::run(session, command).await,
        Command::Role(command) => role::run(session, command).await,
        Command::Credentials(options) => credentials::run(session, options).await,
        Command::Catalog(command) => catalog::run(session, &command),
        Command::Vault(command) => vault::run(session, command).await,
        Command::Vaults(options) => lists::vaults(session, &options).await,
        Command::Plans(options) => lists::plans(session, &options).await,
        Command::Jobs(options) => lists::jobs(session, &options).await,
        Command::Points(options) => lists::points(session, &options).await,
        Command::Accounts(options) => lists::accounts(session, &options).await,
        Command::Hold(command) => Box::pin(hold::run(session, *command)).await,
        Command::Key(command) => Box::pin(key::run(session, *command)).await,
        Command::Delete(command) => Box::pin(delete::run(session, *command)).await,
        Command::Disassociate(options) => Box::pin(disassociate::run(session, &options)).await,
        Command::Backup(command) => Box::pin(backup::run(session, command)).await,
        Command::Copy(command) => Box::pin(copy::run(session, command)).await,
        Command::Point(command) => Box::pin(point::run(session, command)).await,
        Command::Restore(command) => Box::pin(restore::run(session, command)).await,
        Command::Find(options) => find::run(session, &options).await,
        Command::Decode(options) => decode::run(session, &options).await,
        Command::Findings(options) => findings::run(session, &options).await,
        Command::History(command) => history::run(session, &command),
        Command::Metrics(options) => metrics::run(session, &options).await,
        Command::Report(options) => report::run(session, &options).await,
        Command::Activity(options) => activity::run(session, &options).await,
        Command::Events(options) => events::run(session, &options).await,
        Command::Status(options) => status::run(session, &options).await,
        Command::Clock(command) => status::clock(session, command).await,
        Command::Completions(shell) => completions::run(&shell),
    }
}

/// A path as another process would need it.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))
}
